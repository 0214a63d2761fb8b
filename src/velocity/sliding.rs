//! The windows of every entity, in memory.

use super::history::History;
use super::shelf::Shelf;
use super::{Entity, EntityKey, EntityView, Occurrence, Parts, Velocity};
use crate::domain::Timestamp;

/// Bounds of [`SlidingWindows`], and of the stores beside it in proportion.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Most entities kept, a fixed share of each kind. A share is divided among shards, so that
    /// eviction can begin a few per cent before. An entity seen once or twice takes about 100
    /// bytes, a busy one mostly 3 to 6 KB. One that showed every signal and a thousand others of
    /// every kind would take 46 KB.
    pub max_keys: usize,
    /// Secret of this process: decides shards and evictions. What is read without an eviction does
    /// not depend on it.
    pub seed: u64,
}

/// What a store holds now, of all kinds together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// Keys: entities, sales, parties or nodes.
    pub keys: usize,
    /// Entities with rings.
    pub busy: usize,
    /// Keys given up since the start.
    pub evictions: u64,
    /// Bytes, without the allocator's own overhead.
    pub bytes: usize,
}

/// The in-memory [`Velocity`]. Bounded, evicting on insert: who is given up, no stranger can steer.
#[derive(Debug)]
pub struct SlidingWindows {
    histories: Shelf<History, { Entity::COUNT }>,
}

impl SlidingWindows {
    /// Empty histories within `limits`; one entity of each kind is always kept.
    pub fn new(limits: Limits) -> Self {
        let share = |kind: Entity| limits.max_keys.saturating_mul(kind.share()) / Entity::PARTS;
        Self { histories: Shelf::new(Entity::ALL.map(share), limits.seed) }
    }

    /// Locks each shard in turn, for a moment.
    pub fn stats(&self) -> Stats {
        self.histories.stats()
    }

    /// Every entity as read at its newest occurrence.
    #[cfg(test)]
    pub(crate) fn views(&self) -> std::collections::BTreeMap<(Entity, EntityKey), EntityView> {
        let mut views = std::collections::BTreeMap::new();
        self.histories.walk(&mut |kind, key, history| {
            let kind = Entity::ALL.get(kind).copied();
            let view = history.view(Timestamp::from_millis(0));
            views.extend(kind.map(|kind| ((kind, key), view)));
        });
        views
    }

    fn count(&self, (entity, key): (Entity, EntityKey), occurrence: &Occurrence) {
        let mut shard = self.histories.shard(entity as usize, key);
        shard.see(occurrence.at);
        match shard.place(key) {
            Some(place) => {
                shard.change(place, |history| history.record(entity, occurrence));
            }
            None => shard.insert(key, History::new(entity, occurrence)),
        }
    }
}

impl Parts for SlidingWindows {
    fn parts(&self) -> usize {
        self.histories.parts()
    }

    fn copy(&self, part: usize, locked: &mut dyn FnMut(), out: &mut Vec<u8>) {
        self.histories.copy(part, locked, out);
    }

    fn take_up(&self, part: usize, bytes: &[u8]) -> Option<()> {
        self.histories.take_up(part, bytes)
    }

    fn record_in(&self, occurrence: &Occurrence, lacks: &dyn Fn(usize) -> bool) {
        for (entity, key) in occurrence.touched() {
            if lacks(self.histories.part_of(entity as usize, key)) {
                self.count((entity, key), occurrence);
            }
        }
    }
}

impl Velocity for SlidingWindows {
    fn view(&self, entity: Entity, key: EntityKey, at: Timestamp) -> EntityView {
        let view = self.histories.read(entity as usize, key, |history| history.view(at));
        view.unwrap_or_default()
    }

    fn record(&self, occurrence: &Occurrence) {
        occurrence.touched().for_each(|of| self.count(of, occurrence));
    }
}
