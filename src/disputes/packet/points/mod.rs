//! The sentences of the answer. Each is a template bound to records: without its record there is no
//! sentence, and every sentence names the rows it stands on.
//!
//! Rejected: one text per reason with blanks to fill. A blank that stays empty is either a false
//! statement or a sentence nobody can check.

use super::clean::clean;
use super::facts::Facts;
use super::plan::Plan;
use super::sale::SaleFact;
use super::settled;
use super::sheets::{Kind, Sheet, Source, reports, sheets};
use super::words::{Line, utc};
use super::{CaseFile, MAX_POINTS};
use crate::disputes::rulebook::Day;
use crate::disputes::settle::{Basis, Judged, judged};
use crate::domain::{Event, EventKind, Text, Timestamp, Transaction};
use std::fmt;

mod checks;
mod contact;
mod usage;

pub(super) use super::prior::earlier_purchases;
pub(super) use checks::{
    address_matched, as_shown_at_checkout, authenticated, authorized, challenge_passed,
    code_matched,
};
pub(super) use contact::{answered, no_cancellation, no_contact, receipt_sent, renewal_notified};
pub(super) use usage::{
    delivered, seen_before, used_after_dispute, used_from_sale_device, used_since_sale,
};

/// A case with its exhibits, from which sentences are made.
pub(super) struct Draft<'a> {
    pub(super) facts: Facts<'a>,
    /// Facts that hold and end the dispute.
    pub(super) settled: Vec<Judged<'a>>,
    pub(super) sheets: Vec<Sheet<'a>>,
}

/// A sentence and the rows it stands on.
pub(super) struct Point {
    pub(super) sentence: String,
    pub(super) cites: Vec<Cite>,
}

/// Rows of one exhibit, numbered from 1.
pub(super) struct Cite {
    pub(super) kind: Kind,
    pub(super) rows: Vec<usize>,
    /// More of the same is in the log and not shown.
    pub(super) more: bool,
}

/// Makes a sentence where the records allow it.
pub(super) type Template = fn(&Draft<'_>) -> Option<Point>;

impl<'a> Draft<'a> {
    /// A case by its plan, at most `most` rows an exhibit.
    pub(super) fn of(case: &'a CaseFile, plan: &Plan, most: usize) -> Self {
        let facts = Facts::new(case);
        let mut settled = judged(case, &facts, Day::of(case.dispute.opened_at));
        settled.retain(Judged::ends_it);
        let mut sheets = sheets(&facts, plan.exhibits, plan.checks, most);
        let told = settled.iter().flat_map(|one| &one.bases).filter_map(|basis| match basis {
            Basis::Event(event) => Some(*event),
            Basis::Sale(_) | Basis::Other(_) => None,
        });
        sheets.extend(reports(told, most));
        Self { facts, settled, sheets }
    }

    /// The answer: what makes the dispute invalid, then the strongest sentences the records allow.
    pub(super) fn points(&self, plan: &Plan) -> Vec<Point> {
        let (mut points, said) = settled::points(self);
        let usual = plan.points.iter().filter_map(|template| template(self));
        points.extend(usual.filter(|point| !said.contains(&point.sentence)));
        points.truncate(MAX_POINTS);
        points
    }

    /// The rows of an exhibit whose record is wanted; `None` when there are none.
    pub(super) fn cite(&self, kind: Kind, wanted: impl Fn(&Source<'a>) -> bool) -> Option<Cite> {
        let sheet = self.sheets.iter().find(|sheet| sheet.kind == kind)?;
        let rows: Vec<usize> = (1..)
            .zip(&sheet.rows)
            .filter_map(|(number, row)| wanted(&row.source).then_some(number))
            .collect();
        let in_log = sheet.log.iter().filter(|event| wanted(&Source::Event(event))).count();
        let shown = sheet
            .rows
            .iter()
            .filter(|row| matches!(row.source, Source::Event(_)) && wanted(&row.source));
        let more = in_log > shown.count();
        (!rows.is_empty()).then_some(Cite { kind, rows, more })
    }

    /// The rows of an exhibit that show the wanted events.
    fn cite_events(&self, kind: Kind, wanted: impl Fn(&Event) -> bool) -> Option<Cite> {
        self.cite(kind, |source| matches!(source, Source::Event(event) if wanted(event)))
    }

    /// The row of an exhibit that shows one event.
    fn cite_event(&self, kind: Kind, event: &Event) -> Option<Cite> {
        self.cite_events(kind, |other| other.event_id == event.event_id)
    }

    /// The row of an exhibit that shows a fact of the sale.
    fn cite_sale(&self, kind: Kind, fact: SaleFact) -> Option<Cite> {
        self.cite(kind, |source| matches!(source, Source::Sale(other) if *other == fact))
    }

    /// The sale and its time.
    fn sale(&self) -> Option<&'a Transaction> {
        self.facts.sale
    }

    /// `before the dispute was opened`, or after it.
    fn side(&self, at: Timestamp) -> &'static str {
        if self.facts.before_dispute(at) {
            "before the dispute was opened"
        } else {
            "after the dispute was opened"
        }
    }
}

/// A sentence on what it stands on, rows of one exhibit together; `None` if that is nothing.
pub(super) fn point(sentence: String, cites: impl IntoIterator<Item = Cite>) -> Option<Point> {
    let mut merged: Vec<Cite> = Vec::new();
    for cite in cites {
        match merged.iter_mut().find(|other| other.kind == cite.kind) {
            Some(other) => {
                other.rows.extend(cite.rows);
                other.rows.sort_unstable();
                other.more |= cite.more;
            }
            None => merged.push(cite),
        }
    }
    (!merged.is_empty()).then_some(Point { sentence, cites: merged })
}

impl Cite {
    /// `Exhibit B, rows 1-3, 7, page 4`; at most three ranges, then `and further rows`.
    fn text(&self, page: Option<usize>) -> String {
        const MOST: usize = 3;
        let ranges: Vec<String> = self
            .rows
            .chunk_by(|one, next| one + 1 == *next)
            .filter_map(|run| match run {
                [] => None,
                [one] => Some(one.to_string()),
                [first, .., last] => Some(format!("{first}-{last}")),
            })
            .collect();
        let plural = if self.rows.len() == 1 { "row" } else { "rows" };
        let shown: Vec<&str> = ranges.iter().take(MOST).map(String::as_str).collect();
        let further = if ranges.len() > MOST { " and further rows" } else { "" };
        let log = if self.more { " and the full log" } else { "" };
        let page = page.map(|page| format!(", page {page}")).unwrap_or_default();
        let (letter, shown) = (self.kind.letter(), shown.join(", "));
        format!("Exhibit {letter}, {plural} {shown}{further}{log}{page}")
    }
}

impl Point {
    /// The sentence, then what it stands on and, where known, on which page.
    pub(super) fn text(&self, page_of: impl Fn(Kind) -> Option<usize>) -> String {
        let cites: Vec<String> =
            self.cites.iter().map(|cite| cite.text(page_of(cite.kind))).collect();
        format!("{} ({}).", self.sentence, cites.join("; "))
    }
}

impl fmt::Display for Point {
    /// The sentence, then what it stands on.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(|_| None))
    }
}

/// The money already went back.
pub(super) fn refunded(draft: &Draft<'_>) -> Option<Point> {
    let refund = |event: &Event| {
        let at = utc(event.event_time);
        let side = draft.side(event.event_time);
        Line::new("").fact("", event.data.amount).say(&format!(" on {at} UTC, {side}")).text()
    };
    let refunds: Vec<String> = draft.facts.of(&[EventKind::Refund]).map(refund).collect();
    let cite = draft.cite_events(Kind::Refunds, |event| event.kind == EventKind::Refund)?;
    point(format!("Money was refunded: {}", refunds.join("; ")), [cite])
}

/// A refund was offered.
pub(super) fn refund_offered(draft: &Draft<'_>) -> Option<Point> {
    let offer = draft.facts.of(&[EventKind::RefundOffered]).next()?;
    let (at, side) = (utc(offer.event_time), draft.side(offer.event_time));
    let line = Line::new("A refund")
        .fact(" of ", offer.data.amount)
        .say(&format!(" was offered on {at} UTC, {side}"));
    point(line.text(), draft.cite_event(Kind::Refunds, offer))
}

/// Terms were accepted at or before the sale.
pub(super) fn terms_accepted(draft: &Draft<'_>) -> Option<Point> {
    let sale = draft.sale()?;
    let stated = sale.terms.as_ref().filter(|terms| {
        terms.accepted_at.is_some_and(|accepted_at| accepted_at <= sale.event_time)
    });
    let (version, at, cite) = if let Some(terms) = stated {
        (terms.version.as_ref(), terms.accepted_at?, draft.cite_sale(Kind::Terms, SaleFact::Terms)?)
    } else {
        let event = latest_before_sale(draft, EventKind::TermsAccepted)?;
        let consent = event.data.consent.as_ref();
        let cite = draft.cite_event(Kind::Terms, event)?;
        (consent.and_then(|consent| consent.version.as_ref()), event.event_time, cite)
    };
    let version = named("version ", version.map(Text::as_str));
    let sentence =
        format!("The terms of sale{version} were accepted on {} UTC, before the purchase", utc(at));
    point(sentence, [cite])
}

/// A refund or cancellation policy was shown at or before the sale.
pub(super) fn policy_shown(draft: &Draft<'_>) -> Option<Point> {
    let event = latest_before_sale(draft, EventKind::PolicyShown)?;
    let document = event.data.consent.as_ref().and_then(|consent| consent.document.as_ref());
    let sentence = format!(
        "The refund or cancellation policy{} was shown on {} UTC, before the purchase",
        named("", document.map(Text::as_str)),
        utc(event.event_time)
    );
    point(sentence, draft.cite_event(Kind::Terms, event))
}

/// The right of withdrawal was waived.
pub(super) fn withdrawal_waived(draft: &Draft<'_>) -> Option<Point> {
    let event = draft.facts.of(&[EventKind::WithdrawalWaived]).next()?;
    let sentence = format!("The right of withdrawal was waived on {} UTC", utc(event.event_time));
    point(sentence, draft.cite_event(Kind::Terms, event))
}

/// The charge belongs to one order.
pub(super) fn own_order(draft: &Draft<'_>) -> Option<Point> {
    let sale = draft.sale()?;
    let order = sale.order_id.as_ref()?;
    let sentence =
        format!("The charge is for order {order}, placed on {} UTC", utc(sale.event_time));
    point(sentence, draft.cite_sale(Kind::Receipt, SaleFact::Order))
}

/// The account was opened a month or more before the sale.
pub(super) fn account_age(draft: &Draft<'_>) -> Option<Point> {
    const MONTH_DAYS: i64 = 30;
    let sale = draft.sale()?;
    let opened = sale.account.as_ref()?.created_at?;
    let days = sale.event_time.day() - opened.day();
    let sentence =
        format!("The account was opened on {} UTC, {days} days before the purchase", utc(opened));
    let cite = draft.cite_sale(Kind::Account, SaleFact::Account).filter(|_| days >= MONTH_DAYS);
    point(sentence, cite)
}

/// ` (version 2026-09)`, or nothing.
fn named(what: &str, name: Option<&str>) -> String {
    name.map(|name| format!(" ({what}{})", clean(name))).unwrap_or_default()
}

fn latest_before_sale<'a>(draft: &Draft<'a>, kind: EventKind) -> Option<&'a Event> {
    let sale = draft.sale()?;
    draft.facts.of(&[kind]).filter(|event| event.event_time <= sale.event_time).last()
}
