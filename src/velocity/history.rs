//! The history of one entity.
//!
//! Most entities are seen a few times and never again, so a history begins as a short list of
//! single sightings and gets rings only when that list is full. Both forms take the same slots, so
//! a reading does not show which one it came from. The other entities seen together with this one
//! stay in the list in either form: each with the latest time, the most recent [`DISTINCT_CAP`] of
//! a kind.
//!
//! INVARIANT: a reading is made at no earlier than the newest occurrence. So the latest time of
//! another entity is enough to say which windows hold it, whatever was older than 90 days at the
//! newest occurrence may be dropped, and the order of recording leaves no trace.
//!
//! Rejected: rings from the first event (1.2 KB a key measured against 0.14 KB, most keys cold);
//! separate lists of events and others (24 bytes and one allocation more for every key).

use super::rings::Rings;
use super::view::EntityView;
use super::window::{Reach, Tick};
use super::{DISTINCT_CAP, Entity, EntityKey, Occurrence, Signal};
use crate::domain::Timestamp;

/// Events kept one by one before an entity gets rings.
pub(super) const MAX_SINGLE_EVENTS: usize = 32;

/// One event of a quiet entity, or another entity seen with it. Flat, so that it takes 16 bytes.
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

const _: () = assert!(size_of::<Sighting>() == 16, "memory per key");

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

/// Everything kept of one entity.
#[derive(Debug)]
pub(super) struct History {
    first: Timestamp,
    newest: Timestamp,
    /// Others seen together with this entity and, while there are no rings, single events.
    seen: Vec<Sighting>,
    rings: Option<Box<Rings>>,
}

impl History {
    /// The history of the entity of kind `of` that `occurrence` is the first of.
    pub(super) fn new(of: Entity, occurrence: &Occurrence) -> Self {
        let (first, newest) = (occurrence.at, occurrence.at);
        let seen = Vec::with_capacity(occurrence.keys.present().count());
        let mut history = Self { first, newest, seen, rings: None };
        history.record(of, occurrence);
        history
    }

    /// Counts one occurrence of the entity of kind `of`, whenever it happened.
    pub(super) fn record(&mut self, of: Entity, occurrence: &Occurrence) {
        self.first = self.first.min(occurrence.at);
        self.newest = self.newest.max(occurrence.at);
        let tick = Tick::of(occurrence.at);
        if self.reach().shortest(tick).is_none() {
            return;
        }
        for (entity, key) in occurrence.keys.present().filter(|(entity, _)| *entity != of) {
            self.record_other(tick, entity, key);
        }
        self.record_event(tick, occurrence.signal, occurrence.amount);
    }

    /// The entity as read at `at`, or at its newest occurrence where that is later.
    pub(super) fn view(&self, at: Timestamp) -> EntityView {
        let now = Tick::of(at.max(self.newest));
        let reach = Reach::at(now);
        let mut view = EntityView {
            first_seen: Some(self.first),
            last_seen: Some(self.newest),
            ..EntityView::default()
        };
        for sighting in &self.seen {
            if let Some(shortest) = reach.shortest(sighting.tick()) {
                count_from(&mut view, shortest, *sighting);
            }
        }
        if let Some(rings) = &self.rings {
            view.tallies = rings.totals(now);
        }
        view
    }

    /// Latest event time.
    pub(super) fn last_seen(&self) -> Timestamp {
        self.newest
    }

    /// Whether the entity has rings.
    pub(super) fn is_promoted(&self) -> bool {
        self.rings.is_some()
    }

    /// Bytes allocated beside this struct, the allocator's own overhead left out.
    pub(super) fn heap_bytes(&self) -> usize {
        self.seen.capacity() * size_of::<Sighting>()
            + self.rings.as_ref().map_or(0, |_| size_of::<Rings>())
    }

    fn record_other(&mut self, tick: Tick, entity: Entity, key: EntityKey) {
        let mut known = 0;
        let mut oldest: Option<(Tick, EntityKey, &mut Sighting)> = None;
        for sighting in &mut self.seen {
            let Sighting::Other { tick: seen, entity: kind, key: other } = *sighting else {
                continue;
            };
            if kind != entity {
                continue;
            }
            if other == key {
                *sighting = Sighting::Other { tick: seen.max(tick), entity, key };
                return;
            }
            known += 1;
            if oldest.as_ref().is_none_or(|(at, key, _)| (seen, other) < (*at, *key)) {
                oldest = Some((seen, other, sighting));
            }
        }
        let fresh = Sighting::Other { tick, entity, key };
        if known < DISTINCT_CAP {
            self.push(fresh);
        } else if let Some((at, other, place)) = oldest
            && (at, other) < (tick, key)
        {
            *place = fresh;
        }
    }

    fn record_event(&mut self, tick: Tick, signal: Signal, amount: Option<i64>) {
        if self.rings.is_none() {
            let events = self.seen.iter().filter(|sighting| sighting.as_event().is_some()).count();
            if events < MAX_SINGLE_EVENTS {
                self.push(Sighting::event(tick, signal, amount));
                return;
            }
        }
        let newest = Tick::of(self.newest);
        let seen = &mut self.seen;
        let rings = self.rings.get_or_insert_with(|| promoted(newest, seen));
        rings.add(tick, signal, amount);
    }

    /// Appends; what no window can hold any more goes before the list grows, and it grows by
    /// little, because most lists never grow again.
    fn push(&mut self, sighting: Sighting) {
        if self.seen.len() == self.seen.capacity() {
            let reach = self.reach();
            self.seen.retain(|sighting| reach.shortest(sighting.tick()).is_some());
            if self.seen.len() == self.seen.capacity() {
                self.seen.reserve_exact(1 + self.seen.len() / 8);
            }
        }
        self.seen.push(sighting);
    }

    fn reach(&self) -> Reach {
        Reach::at(Tick::of(self.newest))
    }
}

/// Rings with the single events of `seen`, which are taken out of it.
fn promoted(newest: Tick, seen: &mut Vec<Sighting>) -> Box<Rings> {
    let mut rings = Box::new(Rings::new(newest));
    for (tick, signal, amount) in seen.iter().filter_map(|sighting| sighting.as_event()) {
        rings.add(tick, signal, amount);
    }
    seen.retain(|sighting| sighting.as_event().is_none());
    seen.shrink_to_fit();
    rings
}

/// Counts a sighting in the window at `shortest` and every longer one.
fn count_from(view: &mut EntityView, shortest: usize, sighting: Sighting) {
    if let Some((_, signal, amount)) = sighting.as_event() {
        view.tallies.iter_mut().skip(shortest).for_each(|tally| tally.add(signal, amount));
    } else if let Sighting::Other { entity, .. } = sighting
        && let Some(windows) = view.distinct.get_mut(entity as usize)
    {
        windows.iter_mut().skip(shortest).for_each(|count| *count += 1);
    }
}
