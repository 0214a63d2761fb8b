//! The history of a busy entity: a ring of slots per window, and the other entities seen with it
//! most recently.

use super::view::{EntityView, Tally};
use super::window::{Reach, SLOTS, Tick, Window};
use super::{DISTINCT_CAP, Entity, EntityKey, Signal};

/// Rings, and others by kind.
#[derive(Debug)]
pub(super) struct Busy {
    rings: Rings,
    others: [Others; Entity::COUNT],
}

impl Busy {
    /// An empty history that ends at `newest`.
    pub(super) fn new(newest: Tick) -> Self {
        Self { rings: Rings::new(newest), others: Default::default() }
    }

    /// Counts an event, whenever it happened.
    pub(super) fn record_event(&mut self, tick: Tick, event: (Signal, Option<i64>)) {
        self.rings.add(tick, event.0, event.1);
    }

    /// Notes that another entity was seen at `tick`.
    pub(super) fn record_other(&mut self, tick: Tick, other: (Entity, EntityKey)) {
        if let Some(others) = self.others.get_mut(other.0 as usize) {
            others.record(tick, other.1);
        }
    }

    /// Adds everything within `reach` to the empty `view`.
    pub(super) fn count_into(&self, view: &mut EntityView, reach: &Reach) {
        view.tallies = self.rings.totals(reach.now);
        for (counts, others) in view.distinct.iter_mut().zip(&self.others) {
            *counts = reach.count(&others.ticks);
        }
    }

    /// Bytes allocated, with this struct.
    pub(super) fn heap_bytes(&self) -> usize {
        size_of::<Self>() + self.others.iter().map(Others::heap_bytes).sum::<usize>()
    }
}

/// A ring for each window.
#[derive(Debug)]
struct Rings {
    newest: Tick,
    /// INVARIANT: the ring of window `w` has its head at `newest.slot(w)`.
    rings: [Ring; Window::COUNT],
}

impl Rings {
    fn new(newest: Tick) -> Self {
        Self { newest, rings: Default::default() }
    }

    /// Counts one event. A late one goes into its own slot, of the windows that still hold that
    /// slot; it never moves a ring. A newer one forgets the slots it makes too old.
    fn add(&mut self, tick: Tick, signal: Signal, amount: Option<i64>) {
        for (window, ring) in Window::ALL.into_iter().zip(&mut self.rings) {
            let (head, slot) = (self.newest.slot(window), tick.slot(window));
            ring.advance(head, slot);
            if slot + SLOTS > head {
                ring.total.add(signal, amount);
                at(&mut ring.slots, slot).add(signal, amount);
            }
        }
        self.newest = self.newest.max(tick);
    }

    /// The total of each window read at `now`, which is no earlier than the newest event.
    fn totals(&self, now: Tick) -> [Tally; Window::COUNT] {
        let mut totals = [Tally::default(); Window::COUNT];
        for ((window, ring), total) in Window::ALL.into_iter().zip(&self.rings).zip(&mut totals) {
            *total = ring.read(self.newest.slot(window), now.slot(window));
        }
        totals
    }
}

/// The newest [`SLOTS`] slots of one window, each at its number modulo [`SLOTS`].
#[derive(Debug, Default)]
struct Ring {
    /// INVARIANT: the sum of the slots, so that a reading touches only those that are passed.
    total: Tally,
    slots: [Tally; SLOTS as usize],
}

impl Ring {
    /// Moves the head forward from `head` to `slot`; nothing when that is no later.
    fn advance(&mut self, head: u32, slot: u32) {
        self.total = self.read(head, slot);
        for passed in passed(head, slot) {
            *at(&mut self.slots, passed) = Tally::default();
        }
    }

    /// The total if the head, now at `head`, were at `slot`.
    fn read(&self, head: u32, slot: u32) -> Tally {
        if slot >= head + SLOTS {
            return Tally::default();
        }
        let old = passed(head, slot).filter_map(|passed| self.slots.get((passed % SLOTS) as usize));
        old.fold(self.total, Tally::minus)
    }
}

/// Slots between two heads. Each stands where one stood that is now too old.
fn passed(head: u32, slot: u32) -> impl Iterator<Item = u32> {
    (head + 1..=slot).take(SLOTS as usize)
}

/// The place of slot number `slot`.
#[expect(clippy::indexing_slicing, reason = "a remainder of the array's length")]
fn at(slots: &mut [Tally; SLOTS as usize], slot: u32) -> &mut Tally {
    &mut slots[(slot % SLOTS) as usize]
}

/// The [`DISTINCT_CAP`] most recently seen others of one kind, each with its latest time.
///
/// One that was given up for a more recent one comes back only by an occurrence newer still, so the
/// set depends on what was recorded and not on the order.
#[derive(Debug, Default)]
struct Others {
    /// Beside the times and not among them, because a search reads the keys alone.
    keys: Vec<EntityKey>,
    ticks: Vec<Tick>,
}

impl Others {
    fn record(&mut self, tick: Tick, key: EntityKey) {
        if let Some(place) = self.keys.iter().position(|known| *known == key) {
            self.ticks.get_mut(place).into_iter().for_each(|seen| *seen = tick.max(*seen));
            // Most come back soon and together: found first the next time.
            self.keys.swap(0, place);
            self.ticks.swap(0, place);
        } else if self.keys.len() < DISTINCT_CAP {
            self.keys.push(key);
            self.ticks.push(tick);
        } else {
            let known = self.ticks.iter_mut().zip(&mut self.keys);
            let oldest = known.min_by_key(|(seen, known)| (**seen, **known));
            if let Some((seen, known)) = oldest
                && (*seen, *known) < (tick, key)
            {
                (*seen, *known) = (tick, key);
            }
        }
    }

    fn heap_bytes(&self) -> usize {
        self.keys.capacity() * size_of::<EntityKey>() + self.ticks.capacity() * size_of::<Tick>()
    }
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
