//! What became of an entity's sales: how many of them turned out to be fraud, were warned of,
//! disputed, refunded, won or lost, by the time of the *sale*, as known at the moment.
//!
//! A label comes weeks after its sale. A share of fraud over the last days would therefore be a share
//! of what could not be known yet, and falls just when fraud begins. So a window ends a
//! [`Delay`] before the reading: of `[t - delay - span, t - delay)` it takes the sales, and of those
//! what had been told by `t`.
//!
//! - **A sale is what was settled**, or what something bad was told of: an attempt is none, nor is a
//!   card put on file.
//! - **Each sale counts once**, whatever is told of it, how often and by whom: a warning, its label
//!   and the lost case are one fraud. A later label overrules an earlier one. Payments for one invoice
//!   by the same parties are one sale, made when the first of them was that anything was told of.
//! - **Whole hours.** A window takes whole hours that ended by `t - delay`.
//! - **Reading time**: the later of the asked one and the newest that was told of that entity, as in
//!   the windows beside ([`velocity`](super)); nothing known later is ever held back by the store, so
//!   who needs only what was known then tells things in order of event time.
//! - **The order of telling leaves no trace**, but after an eviction.
//! - **A sale given up is not good for ever, nor twice.** What is told of one that may have been given up
//!   (it is no younger than the newest that was) is told of a good one: something bad counts, and takes a
//!   good sale from each party that has a sale of that hour; that it was settled, won or is cleared adds
//!   none to it. So a clean history may be missed, and is never claimed for what can no longer be known.
//! - **Bounded**: an entity keeps hours of at most [`KEPT_H`], of what is older only how many sales
//!   were good. One without any label keeps the hours of its sales and nothing else.
//!
//! [`naive`] is the executable form of these rules.

pub mod naive;

mod fate;
mod hours;
mod store;
#[cfg(test)]
mod tests;

pub use fate::{Fate, Sale, Told};
pub use hours::Hours;
pub use store::SaleOutcomes;

use super::{EntityKey, Occurrence, Party, Window};
use crate::domain::Timestamp;

/// How long an hour of sales is kept: the longest delay and the longest window.
pub const KEPT_H: u32 = (Delay::MAX_DAYS + 90) * 24;

/// How old a sale must be before it is a settled one: most disputes have come by then.
pub const SETTLED_AFTER_H: u32 = 60 * 24;

/// Settled sales that make a clean history.
pub const CLEAN_SALES: u32 = 3;

/// How long before the reading its windows end, in whole days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delay(u32);

impl Delay {
    /// The longest delay, in days.
    pub const MAX_DAYS: u32 = 30;

    /// A delay in days, at most [`Delay::MAX_DAYS`].
    pub fn days(days: u32) -> Self {
        Self(days.min(Self::MAX_DAYS))
    }

    const fn hours(self) -> u32 {
        self.0 * 24
    }
}

impl Default for Delay {
    /// A week: early warnings and most complaints have come by then.
    fn default() -> Self {
        Self(7)
    }
}

/// What a sale is counted as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// It was made: settled, or something bad was told of it.
    Sold,
    /// It was paid, and nothing bad was told of it.
    Good,
    /// A stolen instrument or a takeover, by its latest label; without one, by an early warning.
    Fraud,
    /// The issuer or processor warned of it.
    Warning,
    /// It was disputed.
    Dispute,
    /// The buyer abused a sale of their own, by its latest label.
    Misuse,
    /// The buyer was unhappy with it, by its latest label.
    Service,
    /// Money went back.
    Refund,
    /// A case about it was won.
    Won,
    /// A case about it was lost or not contested.
    Lost,
}

impl Outcome {
    /// How many there are.
    pub const COUNT: usize = 10;

    /// Every outcome.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Sold,
        Self::Good,
        Self::Fraud,
        Self::Warning,
        Self::Dispute,
        Self::Misuse,
        Self::Service,
        Self::Refund,
        Self::Won,
        Self::Lost,
    ];

    /// The name in fields and documents.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sold => "sale",
            Self::Good => "good",
            Self::Fraud => "fraud",
            Self::Warning => "warning",
            Self::Dispute => "dispute",
            Self::Misuse => "misuse",
            Self::Service => "service",
            Self::Refund => "refund",
            Self::Won => "won",
            Self::Lost => "lost",
        }
    }
}

/// The windows of a reading, shortest first.
pub const SALE_WINDOWS: [Window; 4] = [Window::D1, Window::D7, Window::D30, Window::D90];

/// The sales of one party as known at one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SalesView {
    /// By outcome, then by window of [`SALE_WINDOWS`].
    counts: [[u32; SALE_WINDOWS.len()]; Outcome::COUNT],
    settled: u32,
}

impl SalesView {
    /// Sales within `window` that are counted as `outcome`; 0 of a window that is none of
    /// [`SALE_WINDOWS`]. Unit: sales.
    pub fn count(&self, outcome: Outcome, window: Window) -> u32 {
        let place = SALE_WINDOWS.iter().position(|own| *own == window);
        let row = self.counts.get(outcome as usize);
        row.zip(place).and_then(|(row, place)| row.get(place)).copied().unwrap_or(0)
    }

    /// Share of the sales within `window` that are counted as `outcome`, 0..=1; `None` without sales.
    /// A party given up between its sale and the outcome has outcomes without sales: 1 then.
    pub fn share(&self, outcome: Outcome, window: Window) -> Option<f64> {
        let sold = self.count(Outcome::Sold, window);
        (sold > 0).then(|| (f64::from(self.count(outcome, window)) / f64::from(sold)).min(1.0))
    }

    /// Good sales at least [`SETTLED_AFTER_H`] old at the reading, however old. No delay applies.
    pub fn settled(&self) -> u32 {
        self.settled
    }

    /// Whether there are [`CLEAN_SALES`] settled ones.
    pub fn is_clean(&self) -> bool {
        self.settled >= CLEAN_SALES
    }
}

/// What became of sales, wherever it is kept.
pub trait Sales: Send + Sync {
    /// The sales of one of [`Party::SOLD_TO`] as known at `at`, in windows that end `delay` before. A
    /// party never seen has none.
    fn view(&self, party: Party, key: EntityKey, at: Timestamp, delay: Delay) -> SalesView;

    /// Takes note of what `occurrence` tells of its sale; nothing when it names none.
    fn record(&self, occurrence: &Occurrence);
}

/// Whole hours since 1970.
fn hour(at: Timestamp) -> u32 {
    u32::try_from(at.millis() / crate::domain::HOUR_MS).unwrap_or(u32::MAX)
}

/// When an hour since 1970 began.
fn start_of(hour: u32) -> Timestamp {
    Timestamp::from_millis(i64::from(hour) * crate::domain::HOUR_MS)
}
