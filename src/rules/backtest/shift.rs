//! Decisions that go from one action to another: how many, with what money, and which they are.

use super::{Costs, Fate, Row};
use crate::domain::{Action, Timestamp};
use serde::Serialize;
use std::collections::BTreeMap;

/// Most changed decisions listed one by one; all are counted.
pub const MAX_CHANGED: usize = 10_000;

/// Transitions over rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Shifts {
    sums: BTreeMap<(Action, Action), Sum>,
    changed: BTreeMap<u64, Changed>,
    most: usize,
}

#[derive(Debug, Clone, Default, PartialEq)]
struct Sum {
    decisions: u64,
    cents: i64,
    fates: [u64; Fate::ALL.len()],
    saved: i64,
}

/// Rows that go from one action to another, or stay.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Shift {
    /// The action before.
    pub was: Action,
    /// The action after.
    pub now: Action,
    /// How many.
    pub decisions: u64,
    /// Their prices, in cents of a euro.
    pub amount_cents: i64,
    /// How many by what became of them; fates without a row are left out.
    pub fates: BTreeMap<Fate, u64>,
    /// What the change saves by the costs of the policy, in cents of a euro; below 0: what it costs.
    pub saved_cents: i64,
}

/// A row whose action changes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Changed {
    /// The row's number: in a ledger the entry's.
    pub number: u64,
    /// The transaction.
    pub transaction_id: String,
    /// When it happened.
    pub event_time: Timestamp,
    /// The action before.
    pub was: Action,
    /// The action after.
    pub now: Action,
    /// The price, in cents of a euro.
    pub amount_cents: Option<i64>,
    /// What became of it.
    pub fate: Fate,
    /// Rules that matched before; empty where that is not known.
    pub rules_was: Vec<String>,
    /// Rules that match after.
    pub rules_now: Vec<String>,
}

impl Shifts {
    /// None yet; the first `most` that change will be listed, at most [`MAX_CHANGED`].
    pub fn listing(most: usize) -> Self {
        Self { sums: BTreeMap::new(), changed: BTreeMap::new(), most: most.min(MAX_CHANGED) }
    }

    /// Counts a row.
    pub fn add(&mut self, row: &Row<'_>, was: Action, now: Action, costs: Option<Costs>) {
        let sum = self.sums.entry((was, now)).or_default();
        sum.decisions += 1;
        sum.cents += row.cents.unwrap_or(0);
        if let Some(count) = sum.fates.get_mut(row.fate as usize) {
            *count += 1;
        }
        sum.saved += costs.map_or(0, |costs| costs.saved(was, now));
    }

    /// True where a row of this number would be listed.
    pub fn lists(&self, number: u64) -> bool {
        let full = self.changed.len() >= self.most;
        self.most > 0
            && (!full || self.changed.last_key_value().is_some_and(|(last, _)| number < *last))
    }

    /// Lists a changed row. Only the first are kept: what is beyond them is not listed in the end.
    pub fn list(&mut self, changed: Changed) {
        self.changed.insert(changed.number, changed);
        while self.changed.len() > self.most {
            self.changed.pop_last();
        }
    }

    /// Takes in the transitions of another part.
    pub fn merge(&mut self, other: Self) {
        for (shift, theirs) in other.sums {
            let mine = self.sums.entry(shift).or_default();
            mine.decisions += theirs.decisions;
            mine.cents += theirs.cents;
            mine.saved += theirs.saved;
            mine.fates.iter_mut().zip(theirs.fates).for_each(|(mine, theirs)| *mine += theirs);
        }
        other.changed.into_values().for_each(|changed| self.list(changed));
    }

    /// The transitions, mildest action first, those that stay among them.
    pub fn shifts(&self) -> Vec<Shift> {
        let shift = |((was, now), sum): (&(Action, Action), &Sum)| Shift {
            was: *was,
            now: *now,
            decisions: sum.decisions,
            amount_cents: sum.cents,
            fates: by_fate(&sum.fates),
            saved_cents: sum.saved,
        };
        self.sums.iter().map(shift).collect()
    }

    /// How many change.
    pub fn changes(&self) -> u64 {
        self.sums.iter().filter(|((was, now), _)| was != now).map(|(_, sum)| sum.decisions).sum()
    }

    /// The first that change, in their order.
    pub fn listed(&self) -> impl Iterator<Item = &Changed> {
        self.changed.values()
    }
}

/// Counts by fate without the zeros.
pub(super) fn by_fate(counts: &[u64; Fate::ALL.len()]) -> BTreeMap<Fate, u64> {
    Fate::ALL.into_iter().zip(*counts).filter(|(_, count)| *count > 0).collect()
}
