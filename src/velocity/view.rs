//! What a reading returns: counts, sums and distinct others of one entity, by window.

use super::{Entity, Signal, Window};
use crate::domain::Timestamp;

/// What happened within one slot or window. Every field saturates at its type's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Tally {
    attempts: u32,
    declined: u32,
    approved: u32,
    /// Attempts without an amount.
    unpriced: u32,
    /// Known amounts of the attempts.
    sum: i64,
}

impl Tally {
    /// Counts one occurrence.
    pub(super) fn add(&mut self, signal: Signal, amount: Option<i64>) {
        let count = match signal {
            Signal::Attempt => &mut self.attempts,
            Signal::Declined => &mut self.declined,
            Signal::Approved => &mut self.approved,
        };
        *count = count.saturating_add(1);
        if signal == Signal::Attempt {
            match amount {
                Some(amount) if amount >= 0 => self.sum = self.sum.saturating_add(amount),
                _ => self.unpriced = self.unpriced.saturating_add(1),
            }
        }
    }

    /// Adds another slot to this one.
    pub(super) fn merge(&mut self, other: &Self) {
        self.attempts = self.attempts.saturating_add(other.attempts);
        self.declined = self.declined.saturating_add(other.declined);
        self.approved = self.approved.saturating_add(other.approved);
        self.unpriced = self.unpriced.saturating_add(other.unpriced);
        self.sum = self.sum.saturating_add(other.sum);
    }
}

/// One entity as read at one time. Every number is 0 when the entity was never seen, and then
/// [`first_seen`](Self::first_seen) is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EntityView {
    pub(super) tallies: [Tally; Window::COUNT],
    /// By entity, then by window.
    pub(super) distinct: [[u32; Window::COUNT]; Entity::COUNT],
    pub(super) first_seen: Option<Timestamp>,
    pub(super) last_seen: Option<Timestamp>,
}

impl EntityView {
    /// Occurrences of `signal` within `window`. Unit: occurrences, saturating.
    pub fn count(&self, signal: Signal, window: Window) -> u32 {
        let tally = self.tally(window);
        match signal {
            Signal::Attempt => tally.attempts,
            Signal::Declined => tally.declined,
            Signal::Approved => tally.approved,
        }
    }

    /// Sum of the known amounts attempted within `window`. Unit: hundredths of the base currency,
    /// 0 or more, saturating.
    ///
    /// Attempts without a convertible amount add nothing, so this is a lower bound unless
    /// [`sum_complete`](Self::sum_complete). Rejected: no sum at all once an amount is missing, by
    /// which one attempt in an unknown currency would hide a card's spending for 90 days.
    pub fn sum(&self, window: Window) -> i64 {
        self.tally(window).sum
    }

    /// Whether every attempt within `window` had an amount; true when there was none.
    pub fn sum_complete(&self, window: Window) -> bool {
        self.tally(window).unpriced == 0
    }

    /// Entities of the kind `of` that occurred together with this one within `window`, by any
    /// signal. Unit: entities, exact up to [`DISTINCT_CAP`](super::DISTINCT_CAP) and never more.
    /// Of the entity's own kind always 0.
    #[expect(clippy::indexing_slicing, reason = "both enumerations are below their COUNT")]
    pub fn distinct(&self, of: Entity, window: Window) -> u32 {
        self.distinct[of as usize][window as usize]
    }

    /// Earliest event time recorded, also of events older than every window. `None`: never seen.
    pub fn first_seen(&self) -> Option<Timestamp> {
        self.first_seen
    }

    /// Latest event time recorded. `None`: never seen.
    pub fn last_seen(&self) -> Option<Timestamp> {
        self.last_seen
    }

    #[expect(clippy::indexing_slicing, reason = "a window is below Window::COUNT")]
    fn tally(&self, window: Window) -> &Tally {
        &self.tallies[window as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tally_keeps_signals_apart_and_saturates() {
        let mut tally = Tally::default();
        tally.add(Signal::Attempt, Some(250));
        tally.add(Signal::Attempt, None);
        tally.add(Signal::Attempt, Some(-1));
        tally.add(Signal::Declined, Some(7));
        tally.add(Signal::Approved, None);
        let expected = Tally { attempts: 3, declined: 1, approved: 1, unpriced: 2, sum: 250 };
        assert_eq!(tally, expected);
        tally.add(Signal::Attempt, Some(i64::MAX));
        assert_eq!(tally.sum, i64::MAX);
        tally.merge(&tally.clone());
        assert_eq!((tally.attempts, tally.unpriced, tally.sum), (8, 4, i64::MAX));
        tally.attempts = u32::MAX;
        tally.add(Signal::Attempt, Some(0));
        assert_eq!(tally.attempts, u32::MAX);
    }

    #[test]
    fn an_unseen_entity_has_zero_counts_and_no_times() {
        let view = EntityView::default();
        for window in Window::ALL {
            assert_eq!((view.sum(window), view.sum_complete(window)), (0, true));
            assert!(Signal::ALL.iter().all(|signal| view.count(*signal, window) == 0));
            assert!(Entity::ALL.iter().all(|entity| view.distinct(*entity, window) == 0));
        }
        assert_eq!((view.first_seen(), view.last_seen()), (None, None));
    }
}
