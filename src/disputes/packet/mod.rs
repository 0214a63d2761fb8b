//! The packet: one case as a document a stranger at a bank can judge in a minute.
//!
//! Page 1 is the letter: what was bought, what is claimed, three to five numbered answers and what we
//! ask. Then the timeline, the exhibits and a manifest of digests.
//!
//! Invariants: the same case gives the same bytes; every sentence of the answer names the rows it
//! stands on; nothing is printed that would not be shown to the cardholder (scores, rules, people who
//! work for the merchant, card numbers). What is missing is told to the merchant, not to the bank.
//!
//! [`text`] and [`pdf()`] are two renderings of one draft.

mod choose;
mod clean;
mod complete;
pub(in crate::disputes) mod facts;
mod files;
mod layout;
mod manifest;
mod needs;
mod pdf;
mod plan;
mod points;
mod prior;
mod profile;
mod render;
pub(in crate::disputes) mod sale;
mod settled;
mod sheets;
mod words;

pub use complete::{Completeness, ItemState, MissingItem, completeness, items};
pub(super) use pdf::is_printable;
pub use pdf::{Pdf, PdfOptions, pdf};
pub use profile::{Limits, Paper, Profile};

use super::exhibit::AttachedFile;
use super::sha256_hex;
use crate::domain::{Decision, Dispute, DisputeStatus, Event, EventId, EventKind, Transaction};
use plan::Plan;
use points::{Draft, Point};
use sheets::{MAX_ROWS, Sheet, Source};

/// Most numbered answers. A reviewer remembers the strongest, not the seventh.
const MAX_POINTS: usize = 5;
/// Fewer answers than this are worth a warning.
const USUAL_POINTS: usize = 3;

/// Everything a packet is written from.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseFile {
    /// The dispute as it stands.
    pub dispute: Dispute,
    /// The disputed sale; `None` when it was not found.
    pub transaction: Option<Transaction>,
    /// What was decided on it. Never printed: only what it found missing is told to the merchant.
    pub decision: Option<Decision>,
    /// Every event of the sale and its account, by time.
    pub events: Vec<Event>,
    /// Other sales on the same card or its token; only where the claim is fraud.
    pub other_sales: Vec<OtherSale>,
    /// Files the merchant added, in the order they were added.
    pub files: Vec<AttachedFile>,
}

/// Another sale on the card of a disputed one.
#[derive(Debug, Clone, PartialEq)]
pub struct OtherSale {
    /// The sale.
    pub transaction: Transaction,
    /// Its own events, by time.
    pub events: Vec<Event>,
}

/// A packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// The document: UTF-8, lines of at most 80 characters, a form feed after page 1.
    pub text: String,
    /// Its exhibits, in order.
    pub exhibits: Vec<Exhibit>,
    /// What the merchant should know before sending it, not part of the document.
    pub warnings: Vec<String>,
}

/// One exhibit of a packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exhibit {
    /// `A` receipt and authorization, `B` delivery and use, `C` terms and policies, `D`
    /// communication, `E` refunds, `F` device and account, `G` earlier undisputed purchases, `H`
    /// reports of the issuer.
    pub letter: char,
    /// Its title.
    pub title: &'static str,
    /// As printed, line ends included.
    pub text: String,
    /// SHA-256 of `text`, in hex.
    pub sha256: String,
    /// The events of the rows shown, in the order shown.
    pub event_ids: Vec<EventId>,
    /// Number of events the exhibit rests on, shown or not.
    pub log_events: usize,
    /// SHA-256 over those events, each as one line of JSON as it was recorded, by time.
    pub log_sha256: String,
}

/// Writes the packet of a case. Pure. Cost: O(events · log events).
pub fn text(case: &CaseFile) -> Packet {
    let plan = plan::plan(case.dispute.reason);
    let draft = Draft::of(case, plan, MAX_ROWS);
    let points = draft.points(plan);
    let mut exhibits: Vec<Exhibit> = draft.sheets.iter().map(|s| exhibit(&draft, s)).collect();
    let (files, unread) = files::files(case);
    exhibits.extend(files.into_iter().map(|file| file.exhibit));
    Packet {
        text: render::document(&draft, plan, &points, &exhibits),
        warnings: [warnings(case, &draft, plan, &points), unread].concat(),
        exhibits,
    }
}

/// The numbered answers of page 1, for a processor's text fields. Empty where the record answers nothing.
pub fn answers(case: &CaseFile) -> Vec<String> {
    let plan = plan::plan(case.dispute.reason);
    let points = Draft::of(case, plan, MAX_ROWS).points(plan);
    (1..).zip(&points).map(|(number, point)| format!("{number}. {point}")).collect()
}

/// What a sale sold, in words; `None` where nothing of it is named.
pub fn goods(sale: &Transaction) -> Option<String> {
    words::items_text(sale).map(|text| clean::clean(&text)).or_else(|| {
        let plan = sale.subscription.as_ref()?.plan.as_ref()?;
        Some(clean::clean(&format!("subscription {}", plan.as_str())))
    })
}

fn exhibit(draft: &Draft<'_>, sheet: &Sheet<'_>) -> Exhibit {
    let log: String = sheet
        .log
        .iter()
        .filter_map(|event| serde_json::to_string(event).ok()) // an event always serialises
        .flat_map(|line| [line, "\n".to_owned()])
        .collect();
    let log_sha256 = sha256_hex(log.as_bytes());
    let text = render::exhibit(draft, sheet, &log_sha256);
    Exhibit {
        letter: sheet.kind.letter(),
        title: sheet.kind.title(),
        sha256: sha256_hex(text.as_bytes()),
        event_ids: sheet
            .rows
            .iter()
            .filter_map(|row| match row.source {
                Source::Event(event) => Some(event.event_id.clone()),
                Source::Sale(_) | Source::Prior(_) => None,
            })
            .collect(),
        log_events: sheet.log.len(),
        log_sha256,
        text,
    }
}

/// What the merchant should know: what speaks against sending the packet, then what is missing.
fn warnings(case: &CaseFile, draft: &Draft<'_>, plan: &Plan, points: &[Point]) -> Vec<String> {
    let mut warnings = Vec::new();
    let dispute = &case.dispute;
    match dispute.status {
        DisputeStatus::NeedsResponse | DisputeStatus::Unknown => {}
        status => {
            warnings.push(format!("the dispute does not wait for evidence: it is `{status}`"));
        }
    }
    if dispute.evidence_due_by.is_none() && dispute.status == DisputeStatus::NeedsResponse {
        warnings.push("the processor names no deadline: it may take no answer".to_owned());
    }
    let Some(sale) = draft.facts.sale else {
        warnings.push("the sale was not found, so there is no evidence".to_owned());
        return warnings;
    };
    if points.len() < USUAL_POINTS {
        warnings.push(format!("the records support {} answers; three are usual", points.len()));
    }
    let cancelled =
        draft.facts.of(&[EventKind::CancelRequested, EventKind::CancelEffective]).next();
    if let Some(event) = cancelled.filter(|event| event.event_time < sale.event_time) {
        let at = words::utc(event.event_time);
        warnings.push(format!("a cancellation of {at} UTC came before the charge"));
    }
    let prior = draft.facts.prior.as_ref().filter(|prior| !prior.inherited.is_empty());
    warnings.extend(prior.map(|prior| {
        let inherited = prior.inherited;
        format!("earlier purchases are shown and not argued: their {inherited} was copied")
    }));
    let missing = plan.needs.iter().filter(|need| !(need.met)(&draft.facts));
    warnings.extend(missing.map(|need| format!("missing: {}", need.what)));
    warnings.extend(settled::untold(draft).map(|id| {
        format!("{id} holds and makes the dispute invalid, but none of its records is shown")
    }));
    let at_checkout = case.decision.iter().flat_map(|decision| &decision.defensibility.missing);
    warnings.extend(at_checkout.map(|fact| format!("not sent at checkout: {fact}")));
    warnings
}

#[cfg(test)]
mod tests;
