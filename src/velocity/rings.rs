//! Slots of one signal: a ring for each window.

use super::bytes::{Bytes, Stored, put_number};
use super::view::Tally;
use super::window::{SLOTS, Tick, Window};

/// What a slot holds: arithmetic is modular, so that a part can be taken out of a total again.
pub(super) trait Slot: Copy + Default {
    /// Both together.
    fn plus(self, part: Self) -> Self;
    /// This total without one of its parts.
    fn minus(self, part: Self) -> Self;
}

impl Slot for u32 {
    fn plus(self, part: Self) -> Self {
        self.wrapping_add(part)
    }

    fn minus(self, part: Self) -> Self {
        self.wrapping_sub(part)
    }
}

impl Slot for Tally {
    fn plus(self, part: Self) -> Self {
        Self::plus(self, part)
    }

    fn minus(self, part: Self) -> Self {
        Self::minus(self, part)
    }
}

/// A ring for each window.
#[derive(Debug)]
pub(super) struct Rings<T> {
    newest: Tick,
    /// INVARIANT: the ring of window `w` has its head at `newest.slot(w)`.
    rings: [Ring<T>; Window::COUNT],
}

impl<T: Slot> Rings<T> {
    /// Empty rings that end at `newest`.
    pub(super) fn new(newest: Tick) -> Self {
        Self { newest, rings: Default::default() }
    }

    /// Counts one event. A late one goes into its own slot, of the windows that still hold that
    /// slot; it never moves a ring. A newer one forgets the slots it makes too old.
    pub(super) fn add(&mut self, tick: Tick, one: T) {
        for (window, ring) in Window::ALL.into_iter().zip(&mut self.rings) {
            let (head, slot) = (self.newest.slot(window), tick.slot(window));
            ring.advance(head, slot);
            if slot + SLOTS > head {
                ring.total = ring.total.plus(one);
                let kept = at(&mut ring.slots, slot);
                *kept = kept.plus(one);
            }
        }
        self.newest = self.newest.max(tick);
    }

    /// The total of each window read at `now`, which is no earlier than the newest event.
    pub(super) fn totals(&self, now: Tick) -> [T; Window::COUNT] {
        let mut totals = [T::default(); Window::COUNT];
        for ((window, ring), total) in Window::ALL.into_iter().zip(&self.rings).zip(&mut totals) {
            *total = ring.read(self.newest.slot(window), now.slot(window));
        }
        totals
    }

    /// The total of `window` read at `now`, without the slots up to `last`.
    pub(super) fn total_after(&self, window: Window, now: Tick, last: u32) -> T {
        let (head, now) = (self.newest.slot(window), now.slot(window));
        let first = (last + 1).max((now + 1).saturating_sub(SLOTS));
        let Some(ring) = self.rings.get(window as usize) else { return T::default() };
        let kept = (first..=head).filter_map(|slot| ring.slots.get((slot % SLOTS) as usize));
        kept.fold(T::default(), |total, slot| total.plus(*slot))
    }
}

/// The newest [`SLOTS`] slots of one window, each at its number modulo [`SLOTS`].
#[derive(Debug, Default)]
struct Ring<T> {
    /// INVARIANT: the sum of the slots, so that a reading touches only those that are passed.
    total: T,
    slots: [T; SLOTS as usize],
}

impl<T: Slot> Ring<T> {
    /// Moves the head forward from `head` to `slot`; nothing when that is no later.
    fn advance(&mut self, head: u32, slot: u32) {
        self.total = self.read(head, slot);
        for passed in passed(head, slot) {
            *at(&mut self.slots, passed) = T::default();
        }
    }

    /// The total if the head, now at `head`, were at `slot`.
    fn read(&self, head: u32, slot: u32) -> T {
        if slot >= head + SLOTS {
            return T::default();
        }
        let old = passed(head, slot).filter_map(|passed| self.slots.get((passed % SLOTS) as usize));
        old.fold(self.total, |total, part| total.minus(*part))
    }
}

/// Slots between two heads. Each stands where one stood that is now too old.
fn passed(head: u32, slot: u32) -> impl Iterator<Item = u32> {
    (head + 1..=slot).take(SLOTS as usize)
}

/// The place of slot number `slot`.
#[expect(clippy::indexing_slicing, reason = "a remainder of the array's length")]
fn at<T>(slots: &mut [T; SLOTS as usize], slot: u32) -> &mut T {
    &mut slots[(slot % SLOTS) as usize]
}

/// The largest amount of each slot of the longest window.
#[derive(Debug)]
pub(super) struct Largest {
    newest: Tick,
    slots: [Option<u64>; SLOTS as usize],
}

impl Largest {
    /// Nothing yet, ending at `newest`.
    pub(super) fn new(newest: Tick) -> Self {
        Self { newest, slots: Default::default() }
    }

    /// Takes note of an amount.
    pub(super) fn add(&mut self, tick: Tick, amount: u64) {
        let (head, slot) = (self.newest.slot(Window::D90), tick.slot(Window::D90));
        for passed in passed(head, slot) {
            *at(&mut self.slots, passed) = None;
        }
        if slot + SLOTS > head {
            let kept = at(&mut self.slots, slot);
            *kept = (*kept).max(Some(amount));
        }
        self.newest = self.newest.max(tick);
    }

    /// The largest amount read at `now`.
    pub(super) fn read(&self, now: Tick) -> Option<u64> {
        let (head, now) = (self.newest.slot(Window::D90), now.slot(Window::D90));
        let first = (now + 1).saturating_sub(SLOTS).max((head + 1).saturating_sub(SLOTS));
        let kept = (first..=head).filter_map(|slot| self.slots.get((slot % SLOTS) as usize));
        kept.copied().max().flatten()
    }
}

/// Which slots hold something, a bit each, and those.
fn put_slots<T>(
    out: &mut Vec<u8>,
    slots: &[T; SLOTS as usize],
    is_empty: impl Fn(&T) -> bool,
    put: impl Fn(&T, &mut Vec<u8>),
) {
    let taken = slots.iter().rev().fold(0_u32, |bits, slot| bits << 1 | u32::from(!is_empty(slot)));
    put_number(out, taken);
    slots.iter().filter(|slot| !is_empty(slot)).for_each(|slot| put(slot, out));
}

fn take_slots<T: Default>(
    bytes: &mut Bytes<'_>,
    take: impl Fn(&mut Bytes<'_>) -> Option<T>,
) -> Option<[T; SLOTS as usize]> {
    let taken: u32 = bytes.number()?;
    let mut slots: [T; SLOTS as usize] = Default::default();
    for (bit, slot) in slots.iter_mut().enumerate() {
        if taken >> bit & 1 == 1 {
            *slot = take(bytes)?;
        }
    }
    Some(slots)
}

impl Stored for u32 {
    fn put(&self, out: &mut Vec<u8>) {
        put_number(out, *self);
    }

    fn take(bytes: &mut Bytes<'_>) -> Option<Self> {
        bytes.number()
    }
}

impl Stored for Tally {
    fn put(&self, out: &mut Vec<u8>) {
        put_number(out, self.count);
        put_number(out, self.unpriced);
        put_number(out, self.sum.cast_unsigned());
    }

    fn take(bytes: &mut Bytes<'_>) -> Option<Self> {
        let (count, unpriced, sum) = (bytes.number()?, bytes.number()?, bytes.number::<u64>()?);
        Some(Self { count, unpriced, sum: sum.cast_signed() })
    }
}

impl<T: Slot + Stored + PartialEq> Stored for Rings<T> {
    fn put(&self, out: &mut Vec<u8>) {
        self.newest.put(out);
        for ring in &self.rings {
            put_slots(out, &ring.slots, |slot| *slot == T::default(), T::put);
        }
    }

    fn take(bytes: &mut Bytes<'_>) -> Option<Self> {
        let mut rings = Self::new(Tick::take(bytes)?);
        for ring in &mut rings.rings {
            ring.slots = take_slots(bytes, T::take)?;
            ring.total = ring.slots.iter().fold(T::default(), |total, slot| total.plus(*slot));
        }
        Some(rings)
    }
}

impl Stored for Largest {
    fn put(&self, out: &mut Vec<u8>) {
        self.newest.put(out);
        let put = |slot: &Option<u64>, out: &mut Vec<u8>| put_number(out, slot.unwrap_or_default());
        put_slots(out, &self.slots, Option::is_none, put);
    }

    fn take(bytes: &mut Bytes<'_>) -> Option<Self> {
        let newest = Tick::take(bytes)?;
        let slots = take_slots(bytes, |bytes| bytes.number().map(Some))?;
        Some(Self { newest, slots })
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

    /// A late event once made the distance to the head wrap around, which cleared the ring.
    #[test]
    fn a_late_event_clears_nothing() {
        let mut rings = Rings::<u32>::new(tick(NOON));
        rings.add(tick(NOON), 1);
        rings.add(tick(NOON - 2 * DAY_MS), 1);
        rings.add(tick(NOON - 100 * DAY_MS), 1);
        assert_eq!(rings.totals(tick(NOON)), [1, 1, 1, 2, 2, 2]);
    }

    #[test]
    fn slots_are_forgotten_as_time_passes() {
        let mut rings = Rings::<u32>::new(tick(NOON));
        rings.add(tick(NOON), 1);
        assert_eq!(rings.totals(tick(NOON + DAY_MS)), [0, 0, 0, 1, 1, 1]);
        rings.add(tick(NOON + DAY_MS), 1);
        assert_eq!(rings.totals(tick(NOON + DAY_MS)), [1, 1, 1, 2, 2, 2]);
        rings.add(tick(NOON + 300 * DAY_MS), 1);
        assert_eq!(rings.totals(tick(NOON + 300 * DAY_MS)), [1; 6]);
        assert_eq!(rings.totals(tick(NOON + 900 * DAY_MS)), [0; 6]);
    }

    #[test]
    fn a_part_of_a_window_is_read_by_slots() {
        let mut rings = Rings::<u32>::new(tick(NOON));
        for day in [0, 10, 20] {
            rings.add(tick(NOON - day * DAY_MS), 1);
        }
        let after = |days: i64, last: i64| {
            let last = tick(NOON - last * DAY_MS).slot(Window::D30);
            rings.total_after(Window::D30, tick(NOON + days * DAY_MS), last)
        };
        assert_eq!([after(0, 99), after(0, 15), after(0, 5), after(0, 0)], [3, 2, 1, 0]);
        assert_eq!([after(15, 99), after(25, 99), after(40, 99)], [2, 1, 0]);
    }

    #[test]
    fn the_largest_amount_leaves_with_its_slot() {
        let mut largest = Largest::new(tick(NOON));
        assert_eq!(largest.read(tick(NOON)), None);
        for (day, amount) in [(0, 5), (-20, 9), (-200, 99), (-20, 7)] {
            largest.add(tick(NOON + day * DAY_MS), amount);
        }
        for (day, expected) in [(0, Some(9)), (60, Some(9)), (80, Some(5)), (100, None)] {
            assert_eq!(largest.read(tick(NOON + day * DAY_MS)), expected, "day {day}");
        }
        largest.add(tick(NOON + 80 * DAY_MS), 1);
        assert_eq!(largest.read(tick(NOON + 80 * DAY_MS)), Some(5));
    }
}
