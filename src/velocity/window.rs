//! Windows and their slots.
//!
//! Every window is cut into [`SLOTS`] slots aligned to 1970-01-01, and a reading takes whole slots:
//! the one that holds the reading time and the `SLOTS - 1` before it. A window of span `s` thus
//! covers between `s * 23 / 24` and `s` before the reading time (24 h: 23 to 24 hours, 1 min: 57.5
//! to 60 s), and its oldest twenty-fourth drops out in one step. Rejected: exact windows, which
//! must keep every event of a busy address for 90 days.
//!
//! INVARIANT: the width of each slot is a whole number of ticks, the slot width of the shortest
//! window, so ticks lose nothing that any window can tell apart, and they fit 32 bits until 2200.
//!
//! INVARIANT: at any reading time a shorter window lies inside every longer one.

use super::bytes::{Bytes, Stored, put_number};
use crate::domain::{MINUTE_MS, Timestamp};

/// Slots of each window. A reading takes the slot of the reading time and the 23 before it, so it
/// covers between 23/24 of the span and all of it (24 h: 23 to 24 hours).
pub const SLOTS: u32 = 24;

/// Milliseconds of a tick: one slot of the shortest window.
const TICK_MS: i64 = MINUTE_MS / SLOTS as i64;

/// How far back a reading looks, in event time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Window {
    /// One minute.
    M1,
    /// One hour.
    H1,
    /// 24 hours.
    D1,
    /// 7 days of 24 hours.
    D7,
    /// 30 days of 24 hours.
    D30,
    /// 90 days of 24 hours.
    D90,
}

impl Window {
    /// How many windows there are.
    pub const COUNT: usize = 6;

    /// Every window, shortest first.
    pub const ALL: [Self; Self::COUNT] =
        [Self::M1, Self::H1, Self::D1, Self::D7, Self::D30, Self::D90];

    /// The name in fields and documents: `1m`, `1h`, `1d`, `7d`, `30d`, `90d`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::M1 => "1m",
            Self::H1 => "1h",
            Self::D1 => "1d",
            Self::D7 => "7d",
            Self::D30 => "30d",
            Self::D90 => "90d",
        }
    }

    /// The full span in milliseconds.
    pub const fn span_ms(self) -> i64 {
        self.minutes() as i64 * MINUTE_MS
    }

    /// Whether a reading at `now` holds what happened at `at`, which is no later.
    pub fn holds(self, now: Timestamp, at: Timestamp) -> bool {
        let slot = |time| Tick::of(time).slot(self);
        slot(now) - slot(at).min(slot(now)) < SLOTS
    }

    /// The width of one slot in milliseconds: the most a reading can fall short of the span.
    pub const fn slot_ms(self) -> i64 {
        self.span_ms() / SLOTS as i64
    }

    const fn minutes(self) -> u32 {
        match self {
            Self::M1 => 1,
            Self::H1 => 60,
            Self::D1 => 24 * 60,
            Self::D7 => 7 * 24 * 60,
            Self::D30 => 30 * 24 * 60,
            Self::D90 => 90 * 24 * 60,
        }
    }

    /// Ticks in one slot. A tick is a minute's slot, so this equals the span in minutes.
    const fn slot_ticks(self) -> u32 {
        self.minutes()
    }
}

/// An instant as coarse as any window can tell: [`TICK_MS`] since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Tick(u32);

impl Tick {
    /// The tick that holds `at`.
    pub(super) fn of(at: Timestamp) -> Self {
        Self(u32::try_from(at.millis() / TICK_MS).unwrap_or(u32::MAX))
    }

    /// When the tick began.
    pub(super) fn time(self) -> Timestamp {
        Timestamp::from_millis(i64::from(self.0) * TICK_MS)
    }

    /// Ticks since 1970.
    pub(super) const fn number(self) -> u32 {
        self.0
    }

    /// The tick of this number.
    pub(super) const fn from_number(number: u32) -> Self {
        Self(number)
    }

    /// The slot of `window` that holds this tick, counted from 1970.
    pub(super) const fn slot(self, window: Window) -> u32 {
        self.0 / window.slot_ticks()
    }
}

impl Stored for Tick {
    fn put(&self, out: &mut Vec<u8>) {
        put_number(out, self.0);
    }

    fn take(bytes: &mut Bytes<'_>) -> Option<Self> {
        bytes.number().map(Self)
    }
}

/// What each window covers at one reading time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reach {
    /// The reading time.
    pub(super) now: Tick,
    /// First tick of each window, in the order of [`Window::ALL`]; falling.
    starts: [Tick; Window::COUNT],
}

impl Reach {
    /// The windows read at `now`.
    pub(super) fn at(now: Tick) -> Self {
        let start =
            |window: Window| Tick(now.slot(window).saturating_sub(SLOTS - 1) * window.slot_ticks());
        Self { now, starts: Window::ALL.map(start) }
    }

    /// Position of the shortest window that covers `tick`; every longer one does too. `None` when
    /// the tick is older than all of them. A tick later than the reading time is covered: callers
    /// read at no earlier than their newest event.
    pub(super) fn shortest(&self, tick: Tick) -> Option<usize> {
        let too_short = self.starts.iter().filter(|start| **start > tick).count();
        (too_short < Window::COUNT).then_some(too_short)
    }

    /// How many of at most 2^32 ticks each window covers.
    pub(super) fn count(&self, ticks: &[Tick]) -> [u32; Window::COUNT] {
        self.starts.map(|start| since(start, ticks))
    }

    /// The same where tick 0 says that there is none.
    pub(super) fn occupied(&self, ticks: &[Tick]) -> [u32; Window::COUNT] {
        self.starts.map(|start| since(start.max(Tick(1)), ticks))
    }
}

fn since(start: Tick, ticks: &[Tick]) -> u32 {
    // Wrapping, because a check in every addition keeps this loop from being vectorised.
    ticks.iter().fold(0, |n: u32, tick| n.wrapping_add(u32::from(*tick >= start)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tick(ms: i64) -> Tick {
        Tick::of(Timestamp::from_millis(ms))
    }

    #[test]
    fn slots_are_whole_ticks_and_ticks_fit() {
        for window in Window::ALL {
            assert_eq!(window.slot_ms() % TICK_MS, 0, "{}", window.name());
            assert_eq!(window.slot_ms(), i64::from(window.slot_ticks()) * TICK_MS);
            assert_eq!(window.slot_ms() * i64::from(SLOTS), window.span_ms());
        }
        assert!(tick(i64::MAX).0 < u32::MAX); // the latest timestamp, not a clamp
    }

    #[test]
    fn a_window_covers_its_span_less_at_most_a_slot() {
        for window in Window::ALL {
            for now in [1_763_633_700_000, 1_763_633_702_499, 1_763_596_800_000, 1_763_596_799_999]
            {
                let covers = |age: i64| {
                    Reach::at(tick(now))
                        .shortest(tick(now - age))
                        .is_some_and(|shortest| shortest <= window as usize)
                };
                assert!(covers(window.span_ms() - window.slot_ms()), "{} {now}", window.name());
                assert!(!covers(window.span_ms()), "{} {now}", window.name());
            }
        }
    }

    #[test]
    fn shorter_windows_lie_inside_longer_ones_at_any_time() {
        for step in 0..20_000 {
            let reach = Reach::at(tick(1_763_633_700_000 + step * 7_919_001));
            assert!(reach.starts.is_sorted_by(|short, long| short > long));
        }
        assert!(Reach::at(tick(0)).starts.is_sorted_by(|short, long| short >= long));
    }

    #[test]
    fn counting_agrees_with_the_shortest_window_at_every_edge() {
        let reach = Reach::at(tick(1_763_633_700_000));
        for start in reach.starts {
            for edge in [Tick(start.0 - 1), start, Tick(start.0 + 1)] {
                let shortest = reach.shortest(edge).unwrap_or(Window::COUNT);
                let expected = [0, 1, 2, 3, 4, 5].map(|window| u32::from(window >= shortest));
                assert_eq!(reach.count(&[edge]), expected);
            }
        }
    }
}
