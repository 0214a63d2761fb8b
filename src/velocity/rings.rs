//! One ring of slots per window, for entities too busy to keep event by event.

use super::Signal;
use super::view::Tally;
use super::window::{SLOTS, Tick, Window};

/// The newest [`SLOTS`] slots of each window. A slot stands at its number modulo [`SLOTS`].
#[derive(Debug)]
pub(super) struct Rings {
    newest: Tick,
    /// INVARIANT: of window `w`, exactly the slots after `newest.slot(w) - SLOTS` up to
    /// `newest.slot(w)`; every other one is forgotten.
    slots: [[Tally; SLOTS as usize]; Window::COUNT],
}

impl Rings {
    /// Empty rings that end at `newest`.
    pub(super) fn new(newest: Tick) -> Self {
        Self { newest, slots: [[Tally::default(); SLOTS as usize]; Window::COUNT] }
    }

    /// Counts one occurrence. A late one goes into its own slot, of the windows that still hold
    /// that slot; it never moves a ring. A newer one forgets the slots it makes too old.
    pub(super) fn add(&mut self, tick: Tick, signal: Signal, amount: Option<i64>) {
        for (window, ring) in Window::ALL.into_iter().zip(&mut self.slots) {
            let (head, slot) = (self.newest.slot(window), tick.slot(window));
            for passed in (head + 1..=slot).take(ring.len()) {
                *at(ring, passed) = Tally::default();
            }
            if slot + SLOTS > head {
                at(ring, slot).add(signal, amount);
            }
        }
        self.newest = self.newest.max(tick);
    }

    /// The total of each window read at `now`, which is no earlier than the newest occurrence.
    pub(super) fn totals(&self, now: Tick) -> [Tally; Window::COUNT] {
        let mut totals = [Tally::default(); Window::COUNT];
        for ((window, ring), total) in Window::ALL.into_iter().zip(&self.slots).zip(&mut totals) {
            let oldest = (now.slot(window) + 1).saturating_sub(SLOTS);
            // Fewer than SLOTS when time passed since the newest occurrence, none when long ago.
            let wanted = (self.newest.slot(window) + 1).saturating_sub(oldest);
            let from_oldest = ring.iter().cycle().skip((oldest % SLOTS) as usize);
            from_oldest.take(wanted as usize).for_each(|slot| total.merge(slot));
        }
        totals
    }
}

/// The place of slot number `slot`.
#[expect(clippy::indexing_slicing, reason = "a remainder of the array's length")]
fn at(ring: &mut [Tally; SLOTS as usize], slot: u32) -> &mut Tally {
    &mut ring[(slot % SLOTS) as usize]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{DAY_MS, Timestamp};

    const NOON: i64 = 1_763_640_000_000;

    fn tick(ms: i64) -> Tick {
        Tick::of(Timestamp::from_millis(ms))
    }

    fn attempts(ages: &[i64]) -> Tally {
        let mut tally = Tally::default();
        for _ in ages {
            tally.add(Signal::Attempt, Some(1));
        }
        tally
    }

    /// A late event once made the distance to the head wrap around, which cleared the ring.
    #[test]
    fn a_late_event_clears_nothing() {
        let mut rings = Rings::new(tick(NOON));
        rings.add(tick(NOON), Signal::Attempt, Some(1));
        rings.add(tick(NOON - 2 * DAY_MS), Signal::Attempt, Some(1));
        rings.add(tick(NOON - 100 * DAY_MS), Signal::Attempt, Some(1));
        let (one, two) = (attempts(&[0]), attempts(&[0, 2]));
        assert_eq!(rings.totals(tick(NOON)), [one, one, one, two, two, two]);
    }

    #[test]
    fn slots_are_forgotten_as_time_passes() {
        let mut rings = Rings::new(tick(NOON));
        rings.add(tick(NOON), Signal::Attempt, Some(1));
        let (none, one, two) = (attempts(&[]), attempts(&[0]), attempts(&[0, 0]));
        assert_eq!(rings.totals(tick(NOON + DAY_MS)), [none, none, none, one, one, one]);
        rings.add(tick(NOON + DAY_MS), Signal::Attempt, Some(1));
        assert_eq!(rings.totals(tick(NOON + DAY_MS)), [one, one, one, two, two, two]);
        rings.add(tick(NOON + 300 * DAY_MS), Signal::Attempt, Some(1));
        assert_eq!(rings.totals(tick(NOON + 300 * DAY_MS)), [one; 6]);
        assert_eq!(rings.totals(tick(NOON + 900 * DAY_MS)), [none; 6]);
    }
}
