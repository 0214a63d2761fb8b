//! Histories in memory: sharded, bounded, evicting on insert.
//!
//! Each kind of entity has its own shards and share of the bound, because kinds differ in what a
//! new one costs: a flood of invented mailboxes can't push out the history of a card. Who is given up
//! inside a full shard is told in [`shard`](super::shard).
//!
//! Rejected: a concurrent map crate (no faster where measured, and it gives no random resident).

use super::bytes::Bytes;
use super::shard::Shard;
use super::{Entity, EntityKey, EntityView, Occurrence, Parts, Velocity};
use crate::domain::Timestamp;
use std::hash::{BuildHasher, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Shards of each kind, once its share is large enough to divide.
const SHARDS: usize = 64;

/// Bounds of [`SlidingWindows`].
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

/// What is held now, of all kinds together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// Entities.
    pub keys: usize,
    /// Entities with rings.
    pub busy: usize,
    /// Entities given up since the start.
    pub evictions: u64,
    /// Bytes, without the allocator's own overhead.
    pub bytes: usize,
}

/// The in-memory [`Velocity`].
#[derive(Debug)]
pub struct SlidingWindows {
    /// By kind, then by hash.
    shards: [Box<[Mutex<Shard>]>; Entity::COUNT],
    hasher: Mixer,
}

impl SlidingWindows {
    /// Empty histories within `limits`; one entity of each kind is always kept.
    pub fn new(limits: Limits) -> Self {
        let hasher = Mixer { seed: limits.seed };
        let shards = Entity::ALL.map(|kind| {
            let share = limits.max_keys.saturating_mul(kind.share()) / Entity::PARTS;
            let shards = if share < SHARDS * SHARDS { 1 } else { SHARDS };
            let capacity = (share / shards).clamp(1, u32::MAX as usize);
            let draw = |number: usize| hasher.hash_one((kind as usize, number));
            (0..shards).map(|n| Mutex::new(Shard::new(capacity, hasher, draw(n)))).collect()
        });
        Self { shards, hasher }
    }

    /// Locks each shard in turn, for a moment.
    pub fn stats(&self) -> Stats {
        let mut total = Stats::default();
        for shard in self.shards.iter().flatten() {
            let shard = lock(shard);
            total.keys += shard.len();
            total.busy += shard.busy;
            total.evictions += shard.evictions;
            total.bytes += shard.bytes();
        }
        total
    }

    #[expect(clippy::indexing_slicing, reason = "a kind below COUNT, a remainder of the length")]
    fn shard(&self, entity: Entity, key: EntityKey) -> MutexGuard<'_, Shard> {
        lock(&self.shards[entity as usize][self.number(entity, key)])
    }

    /// Which of the shards of its kind an entity is in.
    #[expect(clippy::indexing_slicing, reason = "a kind below COUNT")]
    fn number(&self, entity: Entity, key: EntityKey) -> usize {
        // The map inside a shard uses the lowest bits and the highest seven.
        let hash = (self.hasher.hash_one(key) >> 32) & u64::from(u16::MAX);
        hash as usize % self.shards[entity as usize].len()
    }

    /// Every entity as read at its newest occurrence.
    #[cfg(test)]
    pub(crate) fn views(&self) -> std::collections::BTreeMap<(Entity, EntityKey), EntityView> {
        let mut views = std::collections::BTreeMap::new();
        for (kind, shard) in self.all() {
            lock(shard).for_each(&mut |key, history| {
                views.insert((kind, key), history.view(Timestamp::from_millis(0)));
            });
        }
        views
    }

    /// Every shard with its kind, in the order of the parts.
    fn all(&self) -> impl Iterator<Item = (Entity, &Mutex<Shard>)> {
        let kinds = Entity::ALL.into_iter().zip(&self.shards);
        kinds.flat_map(|(kind, shards)| shards.iter().map(move |shard| (kind, shard)))
    }
}

impl Parts for SlidingWindows {
    fn parts(&self) -> usize {
        self.all().count()
    }

    fn copy(&self, part: usize, locked: &mut dyn FnMut(), out: &mut Vec<u8>) {
        if let Some((_, shard)) = self.all().nth(part) {
            let shard = lock(shard);
            locked();
            shard.put(out);
        }
    }

    fn take_up(&self, part: usize, bytes: &[u8]) -> Option<()> {
        let (_, shard) = self.all().nth(part)?;
        lock(shard).take_up(&mut Bytes(bytes))
    }

    fn record_in(&self, occurrence: &Occurrence, lacks: &dyn Fn(usize) -> bool) {
        for (entity, key) in occurrence.touched() {
            let before: usize = self.shards.iter().take(entity as usize).map(|s| s.len()).sum();
            if lacks(before + self.number(entity, key)) {
                self.shard(entity, key).record(entity, key, occurrence);
            }
        }
    }
}

impl Velocity for SlidingWindows {
    fn view(&self, entity: Entity, key: EntityKey, at: Timestamp) -> EntityView {
        let shard = self.shard(entity, key);
        shard.get(key).map_or_else(EntityView::default, |history| history.view(at))
    }

    fn record(&self, occurrence: &Occurrence) {
        for (entity, key) in occurrence.touched() {
            self.shard(entity, key).record(entity, key, occurrence);
        }
    }
}

/// A panic elsewhere ends its request only; the histories are whole between two statements.
fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Hashes keys, which are keyed hashes already, by one mixing step with the seed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mixer {
    pub(super) seed: u64,
}

impl BuildHasher for Mixer {
    type Hasher = Mixing;

    fn build_hasher(&self) -> Mixing {
        Mixing(self.seed)
    }
}

#[derive(Debug)]
pub(super) struct Mixing(u64);

impl Hasher for Mixing {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = mix(self.0 ^ value);
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }
}

/// Increment of `SplitMix64`.
pub(super) const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// Output function of `SplitMix64` (Steele, Lea, Flood 2014): every bit depends on every bit.
pub(super) fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}
