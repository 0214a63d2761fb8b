//! What rules would have done to records of the past, and what that was worth.
//!
//! ```text
//! rows (record, fate, consequences) ─► Judge: hits, decision, decision without each ─► Backtest ─► Report
//! ```
//!
//! A row is a record as it was when it was decided on, with what became of the sale. Where rows come
//! from, what the score alone would decide and what an action costs is the caller's business; this
//! module evaluates and counts. Memory is that of the counts: by rule, by pair of rules, by week, and
//! [`MAX_BUYERS`] buyers a rule; never by row. Counts are whole numbers and sets, so parts counted
//! apart and merged give the same report whatever their number.
//!
//! Rejected: evaluating the set again without each rule (a hundred times the work; the tiers say what
//! is left when one hit is taken away), keeping a bitmap of every row for later questions (a bit per
//! rule and row is memory by row), floats for money (a sum would depend on the order).

mod alarm;
mod count;
mod distinct;
mod judge;
mod page;
mod report;
mod shift;
#[cfg(test)]
mod tests;

pub use alarm::{Alarm, AlarmKind};
pub use count::Backtest;
pub use distinct::{Buyers, MAX_BUYERS};
pub use judge::{Judge, Judgement};
pub use report::{
    Interval, Marginal, PackReport, Report, RuleReport, Sums, WeekReport, WeekRule, wilson,
};
pub use shift::{Changed, MAX_CHANGED, Shift, Shifts};

use crate::domain::{Action, Timestamp};
use crate::features::Record;
use crate::rules::Hit;
use serde::Serialize;

/// Share of rows on which a rule is unknown from which that is an alarm.
pub const MOSTLY_UNKNOWN: f64 = 0.4;
/// Most rules of a set whose pairs are counted: a million pairs.
pub const MAX_PAIRED: usize = 1_000;
/// Most weeks told apart: ten years. Rows of further weeks count everywhere else.
pub const MAX_WEEKS: usize = 520;

/// What is known of a row's sale when the backtest is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// Said to be a stolen instrument or a takeover.
    Fraud,
    /// Said to be good, or old enough that a complaint would have come.
    Good,
    /// Said to be something else: misuse by the buyer, a service dispute, our error. Neither caught
    /// fraud nor an insulted buyer.
    Disputed,
    /// Too young to judge; nothing bad is known yet.
    Immature,
    /// Too young to judge by, and already said to be fraud. Counted apart: frauds are told sooner than
    /// good sales prove good, so that young rows flatter every rule.
    ImmatureFraud,
    /// We declined it ourselves and nothing is said of it: a block destroys its own evidence.
    Blocked,
    /// Another control or the issuer refused it, and nothing is said of it.
    Refused,
    /// Nothing is said of it and silence proves nothing: not a payment, or a table that labels some of
    /// its rows.
    Unlabelled,
}

impl Fate {
    /// Every fate, in order.
    pub const ALL: [Self; 8] = [
        Self::Fraud,
        Self::Good,
        Self::Disputed,
        Self::Immature,
        Self::ImmatureFraud,
        Self::Blocked,
        Self::Refused,
        Self::Unlabelled,
    ];
}

/// One row: a record and what became of it.
#[derive(Clone, Copy)]
pub struct Row<'r> {
    /// Its number among all rows; names it where rows are listed, and orders them.
    pub number: u64,
    /// The transaction's id.
    pub id: &'r str,
    /// The record as it was decided on.
    pub record: &'r Record,
    /// Event time: rules expire by it.
    pub at: Timestamp,
    /// What became of it.
    pub fate: Fate,
    /// The buyer, as a hash; `None` where nothing names one.
    pub buyer: Option<u64>,
    /// The price in cents of a euro; `None` without a rate or a price.
    pub cents: Option<i64>,
    /// The action recorded, or decided with the rules it was scored with.
    pub was: Action,
    /// What follows from actions.
    pub then: &'r dyn Consequences,
}

/// What follows from an action on one row; asked only where it matters.
pub trait Consequences {
    /// Whether a rule that matches acts on this buyer: by its mode, a canary's share, and what people
    /// put to sleep.
    fn acts(&self, hit: &Hit<'_>) -> bool;

    /// Whether something speaks against a decline of this buyer.
    fn is_spared(&self) -> bool;

    /// The action that these acting rules, the score and whatever spares the buyer leave.
    fn decide(&self, acting: &mut dyn Iterator<Item = Hit<'_>>) -> Action;

    /// The action where no rule leaves only one, with the log-odds of rules that adjust; a spared buyer's
    /// is softened.
    fn by_score(&self, adjust: f64) -> Action;

    /// What each action costs on a sale known to be fraud, or known to be good; `None` without a rate.
    fn costs(&self, is_fraud: bool) -> Option<Costs>;
}

/// What each action costs on one sale once it is known what the sale was, in cents of a euro, in the
/// order of [`Action::ALL`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Costs(pub [i64; 4]);

impl Costs {
    /// What is saved by `instead` in place of `action`; below 0 where it costs more.
    pub fn saved(self, action: Action, instead: Action) -> i64 {
        let of = |action: Action| self.0.get(action as usize).copied().unwrap_or(0);
        of(action) - of(instead)
    }
}

impl Row<'_> {
    /// What each action costs; `None` for a fate that says neither fraud nor good.
    pub fn costs(&self) -> Option<Costs> {
        match self.fate {
            Fate::Fraud => self.then.costs(true),
            Fate::Good => self.then.costs(false),
            _ => None,
        }
    }
}
