//! What to do next: which disputes to fight, which to accept, and what to refund before it becomes one.
//!
//! Every open dispute, fraud report, request for a refund and complaint is valued (`value`) at a chance that
//! starts from a sourced estimate and moves with the seller's own outcomes (`chance`), and ranked: what is
//! due within three days first, then by what the better choice gains over the worse.
//!
//! Invariants: a chance to win is of a dispute, and no path leads from here to what is decided about a sale;
//! nothing is done here, only advised; every limit is told (`rest`, `notes`).
//!
//! Rejected: learning from disputes that were accepted. They ended without anybody reading the evidence.

mod calendar;
mod chance;
mod item;
mod past;
mod ratio;
mod value;

pub use calendar::Month;
pub use chance::{Chance, Counted, chance};
pub use item::{Advice, Choice, WorkItem, WorkKind};
pub use ratio::{Sales, Seen, Standing, standings};
pub use value::Stakes;

use super::alarm::is_answered;
use super::deadline::{Answer, deadline};
use super::rulebook::Price;
use super::{AllDisputes, DisputeStore};
use crate::domain::{Currency, DAY_MS, Dispute, DisputeTerms, Timestamp, Transaction};
use item::Desk;
use past::Past;
use rust_decimal::Decimal;
use serde::Serialize;

/// Most open things valued at once; of more, those due first.
const MAX_VALUED: usize = 2_000;
/// How long a notice is worth a look, in days; older ones rarely become disputes.
const NOTICE_DAYS: i64 = 90;

/// How money is changed: amount, from, to; `None` without a rate.
pub type Convert<'c> = &'c dyn Fn(Decimal, Currency, Currency) -> Option<Decimal>;

/// What to do, and where the merchant stands.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Worklist {
    /// What to do, most pressing first.
    pub items: Vec<WorkItem>,
    /// How many more there are than are shown.
    pub rest: usize,
    /// Monitoring ratios.
    pub monitoring: Vec<Standing>,
    /// What the numbers do not cover.
    pub notes: Vec<String>,
}

impl Worklist {
    /// The same with its first `limit` items; the others are counted.
    #[must_use]
    pub fn first(&self, limit: usize) -> Self {
        Self {
            items: self.items.iter().take(limit).cloned().collect(),
            rest: self.rest + self.items.len().saturating_sub(limit),
            monitoring: self.monitoring.clone(),
            notes: self.notes.clone(),
        }
    }
}

/// Values and ranks everything open; at most `limit` items are given.
///
/// Cost: every dispute is read, the evidence of each open one and of the last 500 that were fought, the notices
/// of half a year and the sales of two months.
///
/// # Errors
/// The record could not be read.
pub fn worklist<S: DisputeStore>(
    store: &S,
    terms: &DisputeTerms,
    convert: Convert<'_>,
    limit: usize,
    now: Timestamp,
) -> Result<Worklist, S::Error> {
    let Read { disputes, erased, past, this_month, month_before, monitoring } =
        Read::of(store, terms, now)?;
    let mut notes = past.notes();
    if !this_month.whole || !month_before.whole {
        notes.push("more sales than are read: ratios are too high".to_owned());
    }
    let erased_sales = this_month.erased + month_before.erased;
    if erased + erased_sales > 0 {
        notes.push(format!(
            "of erased buyers {erased} disputes, and {erased_sales} sales of the two months, are in no ratio"
        ));
    }
    let mut open = Vec::new();
    for dispute in &disputes {
        if is_open(dispute, now) && !is_answered(store, dispute)? {
            open.push(dispute);
        }
    }
    open.sort_by_key(|dispute| deadline(dispute, now).urgency());
    let notices = past.open_notices(&disputes, now.plus_millis(-NOTICE_DAYS * DAY_MS));
    let found = open.len() + notices.len();
    let desk = Desk { store, past: &past, terms, convert, monitoring: &monitoring, now };
    let mut items = Vec::new();
    for dispute in open.into_iter().take(MAX_VALUED) {
        items.push(desk.dispute(dispute)?);
    }
    for notice in notices.into_iter().take(MAX_VALUED - items.len()) {
        items.extend(desk.notice(notice)?);
    }
    if found > MAX_VALUED {
        notes.push(format!("{found} are open; the {MAX_VALUED} that are due first were valued"));
    }
    items.sort_by(|a, b| a.rank().cmp(&b.rank()));
    let known = items.len() + found.saturating_sub(MAX_VALUED);
    items.truncate(limit);
    Ok(Worklist { rest: known - items.len(), items, monitoring, notes })
}

/// One dispute, valued as the worklist does; `None` where it can't be answered any more, or was.
///
/// # Errors
/// The record could not be read.
pub fn valued<S: DisputeStore>(
    store: &S,
    dispute: &Dispute,
    terms: &DisputeTerms,
    convert: Convert<'_>,
    now: Timestamp,
) -> Result<Option<WorkItem>, S::Error> {
    if !is_open(dispute, now) || is_answered(store, dispute)? {
        return Ok(None);
    }
    let Read { past, monitoring, .. } = Read::of(store, terms, now)?;
    let desk = Desk { store, past: &past, terms, convert, monitoring: &monitoring, now };
    desk.dispute(dispute).map(Some)
}

/// What is read before anything is valued.
struct Read {
    disputes: Vec<Dispute>,
    erased: usize,
    past: Past,
    this_month: Sales,
    month_before: Sales,
    monitoring: Vec<Standing>,
}

impl Read {
    fn of<S: DisputeStore>(
        store: &S,
        terms: &DisputeTerms,
        now: Timestamp,
    ) -> Result<Self, S::Error> {
        let AllDisputes { disputes, erased } = store.all_disputes()?;
        let past = Past::read(store, &disputes, now)?;
        let month = Month::of(now);
        let this_month = store.card_sales(month)?;
        let month_before = store.card_sales(month.before())?;
        let warnings = past.warnings();
        let seen = Seen {
            disputes: &disputes,
            warnings: &warnings,
            this_month: &this_month,
            month_before: &month_before,
        };
        let price = terms.item_price.map(|value| Price { value, currency: terms.currency });
        let monitoring = standings(&seen, price, now);
        Ok(Self { disputes, erased, past, this_month, month_before, monitoring })
    }
}

/// Whether a dispute can still be answered.
fn is_open(dispute: &Dispute, now: Timestamp) -> bool {
    matches!(deadline(dispute, now).answer, Answer::Open | Answer::NotStated)
}

/// The network of a sale's card, by the first digits of its number; `None` for any but Visa and Mastercard.
///
/// Source: the networks' published ranges: 4; 51-55 and 2221-2720.
pub fn network_of(sale: &Transaction) -> Option<&'static str> {
    let bin = sale.card.as_ref()?.bin.as_ref()?.valid()?;
    let first: u32 = bin.as_str().get(..4)?.parse().ok()?;
    match first {
        4_000..=4_999 => Some("visa"),
        5_100..=5_599 | 2_221..=2_720 => Some("mastercard"),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
