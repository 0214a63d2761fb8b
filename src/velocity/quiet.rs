//! The history of a quiet entity: a short list of single events, of the others seen with it, each
//! once with its latest time, and of what is kept of a signal once its events are gone.

use super::busy::Busy;
use super::place::Sighted;
use super::view::{EntityView, OWED, Tally, Trace};
use super::window::{Reach, Tick};
use super::{DISTINCT_CAP, EntityKey, Other, Signal};

/// Most single events kept. At 32 a full list still takes less than rings do and is read as fast;
/// at 8 twice the memory went to rings, and no time was saved.
pub(super) const MAX_EVENTS: usize = 32;

// An other's latest time is that of an event in the list, so there are no more others of a kind
// than events, and the list needs no cap for them.
const _: () = assert!(MAX_EVENTS <= DISTINCT_CAP);

/// A list of sightings.
///
/// INVARIANT: a signal has a [`Sighting::Trace`] unless its only occurrence ever is in the list: most
/// entities are seen once, and what is kept of them for ever then takes no room.
#[derive(Debug)]
pub(super) struct Quiet(Vec<Sighting>);

/// One event, another, or what is kept for ever. Flat, so that it takes 16 bytes.
#[derive(Debug, Clone, Copy)]
enum Sighting {
    /// An occurrence and its amount; negative where there is none.
    Event { signal: Signal, tick: Tick, amount: i64 },
    /// Another and when it was last here.
    Other { other: Other, tick: Tick, key: EntityKey },
    /// Every occurrence ever of a signal.
    Trace { signal: Signal, trace: Trace },
    /// The latest place.
    Place(Sighted),
}

const _: () = assert!(size_of::<Sighting>() == 16);

/// A set of signals, a bit each.
#[derive(Clone, Copy)]
struct Signals(u32);

const _: () = assert!(Signal::COUNT <= 32);

impl Signals {
    fn has(self, signal: Signal) -> bool {
        self.0 & (1 << signal as u32) != 0
    }
}

impl Quiet {
    /// An empty list with room for `sightings`.
    pub(super) fn with_room(sightings: usize) -> Self {
        Self(Vec::with_capacity(sightings))
    }

    /// Whether there is no room for one more event, even without those that `reach` leaves behind.
    pub(super) fn is_full(&mut self, reach: &Reach) -> bool {
        let is_event = |sighting: &&Sighting| matches!(sighting, Sighting::Event { .. });
        let events = |list: &[Sighting]| list.iter().filter(is_event).count();
        if events(&self.0) >= MAX_EVENTS {
            self.drop_expired(reach);
        }
        events(&self.0) >= MAX_EVENTS
    }

    /// Counts an event; the caller has asked [`is_full`](Self::is_full) if it is within `reach`.
    pub(super) fn record_event(
        &mut self,
        reach: &Reach,
        tick: Tick,
        signal: Signal,
        amount: Option<i64>,
    ) {
        let is_within = reach.shortest(tick).is_some();
        if self.0.len() == self.0.capacity() {
            self.drop_expired(reach); // now, or an event found below could become a trace meanwhile
        }
        let mut only = None;
        let mut traced = false;
        for sighting in &mut self.0 {
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
            self.push(reach, Sighting::Trace { signal, trace });
        }
        if is_within {
            let amount = amount.unwrap_or(-1);
            self.push(reach, Sighting::Event { signal, tick, amount });
        }
    }

    /// Notes that another was seen at `tick`.
    pub(super) fn record_other(&mut self, reach: &Reach, tick: Tick, other: (Other, EntityKey)) {
        for sighting in &mut self.0 {
            if let Sighting::Other { tick: seen, other: kind, key } = sighting
                && (*kind, *key) == other
            {
                *seen = tick.max(*seen);
                return;
            }
        }
        self.push(reach, Sighting::Other { tick, other: other.0, key: other.1 });
    }

    /// Notes a place; the latest is kept.
    pub(super) fn record_place(&mut self, reach: &Reach, sighted: Sighted) {
        for sighting in &mut self.0 {
            if let Sighting::Place(known) = sighting {
                *known = sighted.max(*known);
                return;
            }
        }
        self.push(reach, Sighting::Place(sighted));
    }

    /// Adds everything within `reach`, and what is kept for ever, to the empty `view`.
    pub(super) fn count_into(&self, view: &mut EntityView, reach: &Reach) {
        let traced = self.traced();
        for sighting in &self.0 {
            match *sighting {
                Sighting::Event { signal, tick, amount } => {
                    view.add(reach, tick, signal, Some(amount));
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
                Sighting::Trace { signal, trace } => view.add_trace(signal, trace),
                Sighting::Place(sighted) => view.place = Some(sighted),
            }
        }
        if view.count(Signal::Usage, OWED) > 0 {
            self.count_owed(view, reach);
        }
    }

    fn count_owed(&self, view: &mut EntityView, reach: &Reach) {
        let paid = view.paid_slot();
        for sighting in &self.0 {
            if let Sighting::Event { signal: Signal::Usage, tick, amount } = *sighting
                && reach.shortest(tick).is_some_and(|shortest| shortest <= OWED as usize)
                && tick.slot(OWED) > paid
            {
                view.owed = view.owed.plus(Tally::one(Some(amount)));
            }
        }
    }

    /// The same as a busy history.
    pub(super) fn promoted(&self) -> Box<Busy> {
        let mut busy = Box::<Busy>::default();
        let traced = self.traced();
        for sighting in &self.0 {
            match *sighting {
                Sighting::Event { signal, tick, amount } => {
                    busy.record_event(tick, signal, Some(amount));
                    if !traced.has(signal) {
                        busy.record_trace(signal, Trace::one(tick));
                    }
                }
                Sighting::Other { other, tick, key } => busy.record_other(tick, (other, key)),
                Sighting::Trace { signal, trace } => busy.record_trace(signal, trace),
                Sighting::Place(sighted) => busy.record_place(sighted),
            }
        }
        busy
    }

    /// Bytes allocated.
    pub(super) fn heap_bytes(&self) -> usize {
        self.0.capacity() * size_of::<Sighting>()
    }

    fn push(&mut self, reach: &Reach, sighting: Sighting) {
        if self.0.len() == self.0.capacity() {
            self.drop_expired(reach);
            // By little, because most lists never grow again.
            self.0.reserve_exact(1 + self.0.len() / 8);
        }
        self.0.push(sighting);
    }

    /// Signals with a trace of their own.
    fn traced(&self) -> Signals {
        let bit = |sighting: &Sighting| match sighting {
            Sighting::Trace { signal, .. } => 1 << *signal as u32,
            _ => 0,
        };
        Signals(self.0.iter().fold(0, |bits, sighting| bits | bit(sighting)))
    }

    fn drop_expired(&mut self, reach: &Reach) {
        let traced = self.traced();
        self.0.retain_mut(|sighting| match *sighting {
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
