//! The history of a quiet entity: a short list of single events, and of the other entities seen
//! with it, each once with its latest time.

use super::busy::Busy;
use super::view::EntityView;
use super::window::{Reach, Tick};
use super::{DISTINCT_CAP, Entity, EntityKey, Signal};

/// Most single events kept. At 32 a full list still takes less than rings do and is read as fast;
/// at 8 twice the memory went to rings, and no time was saved.
pub(super) const MAX_EVENTS: usize = 32;

// An other's latest time is that of an event in the list, so there are no more others of a kind
// than events, and the list needs no cap for them.
const _: () = assert!(MAX_EVENTS <= DISTINCT_CAP);

/// A list of sightings.
#[derive(Debug)]
pub(super) struct Quiet(Vec<Sighting>);

/// One event, or another entity. Flat, so that it takes 16 bytes.
#[derive(Debug, Clone, Copy)]
enum Sighting {
    /// An attempt and its amount, 0 or more.
    Attempt { tick: Tick, amount: i64 },
    /// An attempt without an amount.
    Unpriced { tick: Tick },
    /// See [`Signal::Declined`].
    Declined { tick: Tick },
    /// See [`Signal::Approved`].
    Approved { tick: Tick },
    /// Another entity and when it was last here.
    Other { tick: Tick, entity: Entity, key: EntityKey },
}

const _: () = assert!(size_of::<Sighting>() == 16);

impl Sighting {
    fn event(tick: Tick, signal: Signal, amount: Option<i64>) -> Self {
        match (signal, amount) {
            (Signal::Attempt, Some(amount)) if amount >= 0 => Self::Attempt { tick, amount },
            (Signal::Attempt, _) => Self::Unpriced { tick },
            (Signal::Declined, _) => Self::Declined { tick },
            (Signal::Approved, _) => Self::Approved { tick },
        }
    }

    fn as_event(self) -> Option<(Tick, Signal, Option<i64>)> {
        match self {
            Self::Attempt { tick, amount } => Some((tick, Signal::Attempt, Some(amount))),
            Self::Unpriced { tick } => Some((tick, Signal::Attempt, None)),
            Self::Declined { tick } => Some((tick, Signal::Declined, None)),
            Self::Approved { tick } => Some((tick, Signal::Approved, None)),
            Self::Other { .. } => None,
        }
    }

    fn tick(self) -> Tick {
        match self {
            Self::Attempt { tick, .. }
            | Self::Unpriced { tick }
            | Self::Declined { tick }
            | Self::Approved { tick }
            | Self::Other { tick, .. } => tick,
        }
    }
}

impl Quiet {
    /// An empty list with room for `sightings`.
    pub(super) fn with_room(sightings: usize) -> Self {
        Self(Vec::with_capacity(sightings))
    }

    /// Whether there is no room for one more event, even without those that `reach` leaves behind.
    pub(super) fn is_full(&mut self, reach: &Reach) -> bool {
        let events = |list: &[Sighting]| list.iter().filter(|s| s.as_event().is_some()).count();
        if events(&self.0) >= MAX_EVENTS {
            self.drop_expired(reach);
        }
        events(&self.0) >= MAX_EVENTS
    }

    /// Counts an event; the caller has asked [`is_full`](Self::is_full).
    pub(super) fn record_event(&mut self, reach: &Reach, tick: Tick, event: (Signal, Option<i64>)) {
        self.push(reach, Sighting::event(tick, event.0, event.1));
    }

    /// Notes that another entity was seen at `tick`.
    pub(super) fn record_other(&mut self, reach: &Reach, tick: Tick, other: (Entity, EntityKey)) {
        for sighting in &mut self.0 {
            if let Sighting::Other { tick: seen, entity, key } = sighting
                && (*entity, *key) == other
            {
                *seen = tick.max(*seen);
                return;
            }
        }
        self.push(reach, Sighting::Other { tick, entity: other.0, key: other.1 });
    }

    /// Adds everything within `reach` to the empty `view`.
    pub(super) fn count_into(&self, view: &mut EntityView, reach: &Reach) {
        for sighting in &self.0 {
            let Some(shortest) = reach.shortest(sighting.tick()) else { continue };
            if let Some((_, signal, amount)) = sighting.as_event() {
                view.tallies.iter_mut().skip(shortest).for_each(|tally| tally.add(signal, amount));
            } else if let Sighting::Other { entity, .. } = sighting
                && let Some(counts) = view.distinct.get_mut(*entity as usize)
            {
                counts.iter_mut().skip(shortest).for_each(|count| *count += 1);
            }
        }
    }

    /// The same as a busy history whose newest event is at `newest`.
    pub(super) fn promoted(&self, newest: Tick) -> Box<Busy> {
        let mut busy = Box::new(Busy::new(newest));
        for sighting in &self.0 {
            if let Sighting::Other { tick, entity, key } = *sighting {
                busy.record_other(tick, (entity, key));
            } else if let Some((tick, signal, amount)) = sighting.as_event() {
                busy.record_event(tick, (signal, amount));
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

    fn drop_expired(&mut self, reach: &Reach) {
        self.0.retain(|sighting| reach.shortest(sighting.tick()).is_some());
    }
}
