//! What a reading returns: counts, sums and distinct others of one entity, by window.

use super::{Entity, Signal, Window};
use crate::domain::Timestamp;

/// Most that one attempt adds to a sum, in hundredths: ten billion of the base currency.
pub(super) const MAX_AMOUNT: i64 = 1_000_000_000_000;

/// What happened within one slot or window.
///
/// Arithmetic is modular, so that a slot can be taken out of a total again. It does not overflow in
/// practice: 2^32 events in 90 days are 550 a second by one entity, and a sum needs nine million
/// attempts of [`MAX_AMOUNT`].
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
        *count = count.wrapping_add(1);
        if signal == Signal::Attempt {
            match amount {
                Some(amount) if amount >= 0 => {
                    self.sum = self.sum.wrapping_add(amount.min(MAX_AMOUNT));
                }
                _ => self.unpriced = self.unpriced.wrapping_add(1),
            }
        }
    }

    /// This total without one of its parts.
    pub(super) fn minus(self, part: &Self) -> Self {
        Self {
            attempts: self.attempts.wrapping_sub(part.attempts),
            declined: self.declined.wrapping_sub(part.declined),
            approved: self.approved.wrapping_sub(part.approved),
            unpriced: self.unpriced.wrapping_sub(part.unpriced),
            sum: self.sum.wrapping_sub(part.sum),
        }
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
    /// Occurrences of `signal` within `window`. Unit: occurrences.
    pub fn count(&self, signal: Signal, window: Window) -> u32 {
        let tally = self.tally(window);
        match signal {
            Signal::Attempt => tally.attempts,
            Signal::Declined => tally.declined,
            Signal::Approved => tally.approved,
        }
    }

    /// Sum of the known amounts attempted within `window`. Unit: hundredths of the base currency,
    /// 0 or more; one attempt adds at most ten billion of the currency.
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
    fn a_tally_keeps_signals_apart_and_gives_back_what_it_took() {
        let mut tally = Tally::default();
        tally.add(Signal::Attempt, Some(250));
        tally.add(Signal::Attempt, None);
        tally.add(Signal::Attempt, Some(-1));
        tally.add(Signal::Declined, Some(7));
        tally.add(Signal::Approved, None);
        let expected = Tally { attempts: 3, declined: 1, approved: 1, unpriced: 2, sum: 250 };
        assert_eq!(tally, expected);
        tally.add(Signal::Attempt, Some(i64::MAX));
        assert_eq!(tally.sum, 250 + MAX_AMOUNT);
        let rest = tally.minus(&expected);
        assert_eq!(rest, Tally { attempts: 1, sum: MAX_AMOUNT, ..Tally::default() });
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
