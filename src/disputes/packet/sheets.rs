//! Exhibits before they are printed: rows, each bound to one record.

use super::choose::choose;
use super::facts::Facts;
use super::prior;
use super::sale::{SaleFact, sale_rows};
use super::words::{checks_text, event_text};
use crate::domain::{Actor, Event, EventKind, Timestamp, Transaction};
use std::collections::BTreeSet;

/// Most rows of one exhibit. A log of 900 rows makes twenty pages, more than Mastercard takes.
pub(super) const MAX_ROWS: usize = 40;

/// One kind of exhibit. The letter is fixed, so that A is the receipt in every packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Receipt,
    Use,
    Terms,
    Communication,
    Refunds,
    Account,
    Prior,
    Reports,
}

impl Kind {
    pub(super) const ALL: [Self; 8] = [
        Self::Receipt,
        Self::Use,
        Self::Terms,
        Self::Communication,
        Self::Refunds,
        Self::Account,
        Self::Prior,
        Self::Reports,
    ];

    pub(super) fn letter(self) -> char {
        match self {
            Self::Receipt => 'A',
            Self::Use => 'B',
            Self::Terms => 'C',
            Self::Communication => 'D',
            Self::Refunds => 'E',
            Self::Account => 'F',
            Self::Prior => 'G',
            Self::Reports => 'H',
        }
    }

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Receipt => "Receipt and authorization",
            Self::Use => "Delivery and use",
            Self::Terms => "Terms and policies",
            Self::Communication => "Communication",
            Self::Refunds => "Refunds",
            Self::Account => "Device and account",
            Self::Prior => "Earlier undisputed purchases",
            Self::Reports => "Reports of the issuer",
        }
    }
}

/// The record a row shows.
#[derive(Clone, Copy)]
pub(super) enum Source<'a> {
    Sale(SaleFact),
    Event(&'a Event),
    /// Another sale.
    Prior(&'a Transaction),
}

/// One row.
pub(super) struct Row<'a> {
    pub(super) at: Timestamp,
    pub(super) text: String,
    pub(super) source: Source<'a>,
    /// Belongs on the timeline.
    pub(super) key: bool,
}

impl Row<'_> {
    /// Shows an event, not a fact of the sale.
    pub(super) fn is_event(&self) -> bool {
        matches!(self.source, Source::Event(_))
    }
}

/// One exhibit.
pub(super) struct Sheet<'a> {
    pub(super) kind: Kind,
    /// As shown: use after the dispute first, then by time.
    pub(super) rows: Vec<Row<'a>>,
    /// Every event the exhibit rests on, shown or not, by time.
    pub(super) log: Vec<&'a Event>,
    /// How many rows are use after the dispute.
    pub(super) late: usize,
}

/// The exhibits of the given kinds that have at least one row, of at most `most` each.
pub(super) fn sheets<'a>(
    facts: &Facts<'a>,
    kinds: &[Kind],
    checks: bool,
    most: usize,
) -> Vec<Sheet<'a>> {
    let all = Kind::ALL.into_iter().filter(|kind| kinds.contains(kind));
    let all = all.map(|kind| sheet(facts, kind, checks, most));
    all.filter(|sheet| !sheet.rows.is_empty()).collect()
}

/// The issuer's reports that an answer rests on, of whichever sale; `None` without any.
pub(super) fn reports<'a>(told: impl Iterator<Item = &'a Event>, most: usize) -> Option<Sheet<'a>> {
    let mut log: Vec<&Event> = told
        .filter(|event| event.kind == EventKind::FraudWarning || event.kind.reports_dispute())
        .collect();
    log.sort_by_key(|event| (event.event_time, &event.event_id));
    log.dedup_by_key(|event| &event.event_id);
    let shown = choose(&vec![0; log.len()], most).into_iter().filter_map(|at| log.get(at).copied());
    let row = |event: &'a Event| Row {
        at: event.event_time,
        text: row_text(event, false),
        source: Source::Event(event),
        key: true,
    };
    let rows: Vec<Row<'a>> = shown.map(row).collect();
    (!rows.is_empty()).then_some(Sheet { kind: Kind::Reports, rows, log, late: 0 })
}

fn sheet<'a>(facts: &Facts<'a>, kind: Kind, checks: bool, most: usize) -> Sheet<'a> {
    let log: Vec<&Event> = facts
        .events
        .iter()
        .copied()
        .filter(|event| is_of(facts, kind, checks, event) && event_text(event).is_some())
        .collect();
    let sale_rows = match (facts.sale, &facts.prior) {
        (Some(sale), Some(prior)) if kind == Kind::Prior => prior::rows(prior, sale, facts.dispute),
        (Some(sale), _) => sale_rows(sale, kind, checks),
        (None, _) => Vec::new(),
    };
    let classes = classes(facts, kind, &log);
    let room = most.saturating_sub(sale_rows.len());
    let shown = choose(&classes, room);
    let (mut late, mut rows) = (Vec::new(), sale_rows);
    for at in shown {
        let (Some(event), Some(class)) = (log.get(at), classes.get(at)) else { continue };
        let row = Row {
            at: event.event_time,
            text: row_text(event, checks),
            source: Source::Event(event),
            key: *class == 0 || kind == Kind::Communication,
        };
        let is_late = kind == Kind::Use && facts.is_late_use(event);
        if is_late { &mut late } else { &mut rows }.push(row);
    }
    // The last use after the dispute is what a reader looks for on the timeline.
    if let Some(last) = late.last_mut() {
        last.key = true;
    }
    rows.sort_by_key(|row| row.at); // stable: the sale before its events
    let late_count = late.len();
    late.append(&mut rows);
    Sheet { kind, rows: late, log, late: late_count }
}

/// Whether an event belongs to an exhibit.
fn is_of(facts: &Facts<'_>, kind: Kind, checks: bool, event: &Event) -> bool {
    use EventKind as K;
    match kind {
        Kind::Receipt => match event.kind {
            K::AuthResult | K::Capture | K::CheckoutCompleted => true,
            K::ChallengeResult => checks,
            _ => false,
        },
        Kind::Use => {
            let more = match event.kind {
                K::LicenceRevoked => true,
                K::DownloadStarted => event.actor != Some(Actor::Staff),
                _ => false,
            };
            facts.is_use(event) || facts.is_delivery(event) || (more && facts.since_sale(event))
        }
        Kind::Terms => {
            matches!(event.kind, K::TermsAccepted | K::PolicyShown | K::WithdrawalWaived)
        }
        Kind::Communication => matches!(
            event.kind,
            K::NoticeSent
                | K::SupportMessage
                | K::CancelRequested
                | K::CancelEffective
                | K::CancelPageViewed
        ),
        Kind::Refunds => matches!(event.kind, K::Refund | K::RefundOffered),
        Kind::Account => facts.is_prior_sight(event),
        Kind::Prior | Kind::Reports => false,
    }
}

/// What is shown first where not all fits. Use: the first event of each type before and after the
/// dispute; other use after it; the first use of each feature; use from the sale's device or address;
/// the rest. Communication: cancellations, the buyer's messages, the rest.
fn classes(facts: &Facts<'_>, kind: Kind, log: &[&Event]) -> Vec<u8> {
    let mut types = BTreeSet::new(); // of types seen, before and after the dispute
    let mut features = BTreeSet::new();
    let class = |event: &&Event| match kind {
        Kind::Use => {
            let feature = event.data.usage.as_ref().and_then(|usage| usage.what.clone());
            let new_feature = feature.is_some_and(|feature| features.insert(feature));
            let is_late = facts.is_late_use(event);
            match () {
                () if types.insert((is_late, event.kind)) => 0,
                () if is_late => 1,
                () if new_feature => 2,
                () if facts.same_device(event) || facts.same_ip(event) => 3,
                () => 4,
            }
        }
        Kind::Communication => match event.kind {
            EventKind::SupportMessage if Facts::from_buyer(event) == Some(true) => 1,
            EventKind::SupportMessage | EventKind::NoticeSent => 2,
            _ => 0,
        },
        Kind::Account => u8::from(!types.insert((false, event.kind))),
        Kind::Receipt | Kind::Terms | Kind::Refunds | Kind::Prior | Kind::Reports => 0,
    };
    log.iter().map(class).collect()
}

fn row_text(event: &Event, checks: bool) -> String {
    let text = event_text(event).unwrap_or_default();
    let data = &event.data;
    let results =
        checks_text(data.avs_result.as_ref(), data.cvv_result.as_ref(), data.three_ds.as_ref());
    match results {
        Some(results) if checks && event.kind == EventKind::AuthResult => {
            format!("{text}; {results}")
        }
        _ => text,
    }
}
