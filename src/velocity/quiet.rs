//! The history of a quiet entity: a short list of single events, of the others seen with it, each
//! once with its latest time, and of what is kept of a signal once its events are gone. It lies
//! [packed](Packed); this is its unpacked form, and how it is read.

use super::busy::Busy;
use super::distinct::Cells;
use super::life::Life;
use super::packed::Packed;
use super::place::Sighted;
use super::view::{EntityView, OWED, Tally, Trace};
use super::window::{Reach, Tick};
use super::{DISTINCT_EXACT, Entity, Mark, Occurrence, Other, Signal};

/// Most single events kept. At 32 a full list still takes less than rings do and is read as fast;
/// at 8 twice the memory went to rings, and no time was saved.
pub(super) const MAX_EVENTS: usize = 32;

/// A list of sightings.
///
/// INVARIANT: a signal has a [`Sighting::Trace`] unless its only occurrence ever is in the list: most
/// entities are seen once, and what is kept of them for ever then takes no room.
#[derive(Debug)]
pub(super) struct Quiet {
    life: Life,
    list: Vec<Sighting>,
}

/// One event, another, or what is kept for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sighting {
    /// An occurrence and its amount, which only a priced signal has.
    Event { signal: Signal, tick: Tick, amount: Option<i64> },
    /// Another and when it was last here.
    Other { other: Other, tick: Tick, mark: Mark },
    /// Every occurrence ever of a signal.
    Trace { signal: Signal, trace: Trace },
    /// The latest place.
    Place(Sighted),
}

/// A set of signals, a bit each.
#[derive(Clone, Copy, Default)]
struct Signals(u64);

const _: () = assert!(Signal::COUNT <= 64);

impl Signals {
    fn has(self, signal: Signal) -> bool {
        self.0 & (1 << signal as u32) != 0
    }

    fn add(&mut self, signal: Signal) {
        self.0 |= 1 << signal as u32;
    }
}

impl Quiet {
    /// The empty list of the entity that `occurrence` is the first of.
    pub(super) fn beginning(occurrence: &Occurrence) -> Self {
        Self { life: Life::beginning(occurrence), list: Vec::with_capacity(8) }
    }

    /// The list as it was packed.
    pub(super) fn unpacked(packed: &Packed) -> Self {
        let (life, sightings) = packed.read();
        let mut list = Vec::with_capacity(2 * MAX_EVENTS);
        list.extend(sightings);
        Self { life, list }
    }

    /// The form that is kept.
    pub(super) fn packed(&self) -> Packed {
        Packed::new(&self.life, &self.list)
    }

    /// Whether `occurrence` may be recorded here; forgets what it leaves outside every window.
    pub(super) fn has_room_for(&mut self, occurrence: &Occurrence) -> bool {
        let reach = Reach::at(Tick::of(self.life.newest.max(occurrence.at)));
        self.drop_expired(&reach);
        let is_event = |sighting: &&Sighting| matches!(sighting, Sighting::Event { .. });
        self.list.iter().filter(is_event).count() < MAX_EVENTS
            || reach.shortest(Tick::of(occurrence.at)).is_none()
    }

    /// Counts one occurrence of the entity of kind `of`; the caller has asked for
    /// [room](Self::has_room_for) where the list is not empty.
    pub(super) fn record(&mut self, of: Entity, occurrence: &Occurrence) {
        self.life.note(occurrence);
        let tick = Tick::of(occurrence.at);
        let is_within = Reach::at(Tick::of(self.life.newest)).shortest(tick).is_some();
        if is_within {
            occurrence.others(of).for_each(|other| self.record_other(tick, other));
        }
        self.record_event(is_within, tick, occurrence.signal, occurrence.amount);
        if let Some(place) = occurrence.place_of(of) {
            self.record_place(Sighted::new(tick, place));
        }
    }

    fn record_event(&mut self, is_within: bool, tick: Tick, signal: Signal, amount: Option<i64>) {
        let mut only = None;
        let mut traced = false;
        for sighting in &mut self.list {
            match sighting {
                Sighting::Trace { signal: known, trace } if *known == signal => {
                    *trace = trace.plus(Trace::one(tick));
                    traced = true;
                }
                Sighting::Event { signal: known, tick, .. } if *known == signal => {
                    only = Some(*tick);
                }
                _ => {}
            }
        }
        let before = only.map_or(Trace::default(), Trace::one);
        if !traced && (only.is_some() || !is_within) {
            let trace = before.plus(Trace::one(tick));
            self.list.push(Sighting::Trace { signal, trace });
        }
        if is_within {
            let amount = amount.filter(|amount| signal.is_priced() && *amount >= 0);
            self.list.push(Sighting::Event { signal, tick, amount });
        }
    }

    fn record_other(&mut self, tick: Tick, (other, mark): (Other, Mark)) {
        for sighting in &mut self.list {
            if let Sighting::Other { tick: seen, other: kind, mark: known } = sighting
                && (*kind, *known) == (other, mark)
            {
                *seen = tick.max(*seen);
                return;
            }
        }
        self.list.push(Sighting::Other { tick, other, mark });
    }

    fn record_place(&mut self, sighted: Sighted) {
        for sighting in &mut self.list {
            if let Sighting::Place(known) = sighting {
                *known = sighted.max(*known);
                return;
            }
        }
        self.list.push(Sighting::Place(sighted));
    }

    /// The same as a busy history.
    pub(super) fn promoted(&self) -> Box<Busy> {
        let mut busy = Box::new(Busy::new(self.life));
        let traced = self.traced();
        for sighting in &self.list {
            match *sighting {
                Sighting::Event { signal, tick, amount } => {
                    busy.record_event(tick, signal, amount);
                    if !traced.has(signal) {
                        busy.record_trace(signal, Trace::one(tick));
                    }
                }
                Sighting::Other { other, tick, mark } => busy.record_other(tick, (other, mark)),
                Sighting::Trace { signal, trace } => busy.record_trace(signal, trace),
                Sighting::Place(sighted) => busy.record_place(sighted),
            }
        }
        busy
    }

    /// Signals with a trace of their own.
    fn traced(&self) -> Signals {
        let mut signals = Signals::default();
        for sighting in &self.list {
            if let Sighting::Trace { signal, .. } = sighting {
                signals.add(*signal);
            }
        }
        signals
    }

    fn drop_expired(&mut self, reach: &Reach) {
        let traced = self.traced();
        self.list.retain_mut(|sighting| match *sighting {
            Sighting::Event { signal, tick, .. } if reach.shortest(tick).is_none() => {
                // The only one ever: its trace takes its place.
                *sighting = Sighting::Trace { signal, trace: Trace::one(tick) };
                !traced.has(signal)
            }
            Sighting::Other { tick, .. } => reach.shortest(tick).is_some(),
            _ => true,
        });
    }
}

impl Packed {
    /// Adds everything within `reach`, and what is kept for ever, to the empty `view`.
    pub(super) fn count_into(&self, view: &mut EntityView, reach: &Reach) {
        let (_, sightings) = self.read();
        let mut traced = Signals::default();
        for sighting in sightings.clone() {
            match sighting {
                Sighting::Trace { signal, trace } => {
                    traced.add(signal);
                    view.add_trace(signal, trace);
                }
                Sighting::Event { signal, tick, amount } => {
                    view.add(reach, tick, signal, amount);
                    if !traced.has(signal) {
                        view.add_trace(signal, Trace::one(tick));
                    }
                }
                Sighting::Other { other, tick, .. } => {
                    if let Some(shortest) = reach.shortest(tick)
                        && let Some(counts) = view.distinct.get_mut(other as usize)
                    {
                        counts.iter_mut().skip(shortest).for_each(|count| *count += 1);
                    }
                }
                Sighting::Place(sighted) => view.place = Some(sighted),
            }
        }
        for (kind, counts) in Other::ALL.into_iter().zip(&mut view.distinct) {
            let [.., most] = *counts;
            if most > DISTINCT_EXACT {
                let others = sightings.clone().filter_map(|sighting| match sighting {
                    Sighting::Other { other, tick, mark } => {
                        (other == kind).then_some((mark, tick))
                    }
                    _ => None,
                });
                *counts = Cells::of(others).readings(*counts, reach);
            }
        }
        if view.count(Signal::Usage, OWED) > 0 {
            let paid = view.paid_slot();
            for sighting in sightings {
                if let Sighting::Event { signal: Signal::Usage, tick, amount } = sighting
                    && reach.shortest(tick).is_some_and(|shortest| shortest <= OWED as usize)
                    && tick.slot(OWED) > paid
                {
                    view.owed = view.owed.plus(Tally::one(amount));
                }
            }
        }
    }
}
