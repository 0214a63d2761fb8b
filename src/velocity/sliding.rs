//! Histories in memory: sharded, bounded, evicting on insert.
//!
//! Each kind of entity has its own shards and share of the bound, because kinds differ in what a
//! new one costs: a flood of invented mailboxes can't push out the history of a card. A full shard
//! gives up the entity not seen for longest among a few drawn at random, in constant time. The draw
//! is seeded by a secret, so nobody outside can aim an eviction; who was active lately stays.
//!
//! Rejected: an exact least-recently-used list (two pointers a key, and a write on every read);
//! sweeps (seen as stalls of the whole shard); a concurrent map crate (no faster where measured,
//! and it gives no random resident).

use super::history::History;
use super::{Entity, EntityKey, EntityView, Occurrence, Velocity};
use crate::domain::Timestamp;
use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Shards of each kind, once its share is large enough to divide.
const SHARDS: usize = 64;

/// Residents drawn for each eviction.
const CANDIDATES: usize = 8;

/// Bounds of [`SlidingWindows`].
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Most entities kept, a fixed share of each kind. A share is divided among shards, so that
    /// eviction can begin a few per cent before. An entity seen once or twice takes about 200
    /// bytes (a pair, invoice, article or licence key half of that), a busy one mostly 6 to 8 KB.
    /// One that showed every signal and 64 others of every kind would take 42 KB.
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
        let parts: usize = Entity::ALL.iter().map(|kind| kind.share()).sum();
        let shards = Entity::ALL.map(|kind| {
            let share = limits.max_keys.saturating_mul(kind.share()) / parts;
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
            total.keys += shard.entries.len();
            total.busy += shard.busy;
            total.evictions += shard.evictions;
            total.bytes += shard.bytes();
        }
        total
    }

    #[expect(clippy::indexing_slicing, reason = "a kind below COUNT, a remainder of the length")]
    fn shard(&self, entity: Entity, key: EntityKey) -> MutexGuard<'_, Shard> {
        let shards = &self.shards[entity as usize];
        // The map inside a shard uses the lowest bits and the highest seven.
        let hash = (self.hasher.hash_one(key) >> 32) & u64::from(u16::MAX);
        lock(&shards[hash as usize % shards.len()])
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

/// A part of the entities of one kind.
#[derive(Debug)]
struct Shard {
    /// Place of each entity in `entries`, which can be drawn from at random where a map can't.
    places: HashMap<EntityKey, u32, Mixer>,
    entries: Vec<Entry>,
    capacity: usize,
    /// State of the draw.
    draw: u64,
    busy: usize,
    evictions: u64,
    /// Bytes allocated by the histories.
    heap: usize,
}

#[derive(Debug)]
struct Entry {
    key: EntityKey,
    history: History,
}

impl Shard {
    fn new(capacity: usize, hasher: Mixer, draw: u64) -> Self {
        Self {
            places: HashMap::with_hasher(hasher),
            entries: Vec::new(),
            capacity,
            draw,
            busy: 0,
            evictions: 0,
            heap: 0,
        }
    }

    fn get(&self, key: EntityKey) -> Option<&History> {
        let place = *self.places.get(&key)?;
        self.entries.get(place as usize).map(|entry| &entry.history)
    }

    fn record(&mut self, entity: Entity, key: EntityKey, occurrence: &Occurrence) {
        let place = self.places.get(&key).map(|place| *place as usize);
        let Some(entry) = place.and_then(|place| self.entries.get_mut(place)) else {
            self.insert(Entry { key, history: History::new(entity, occurrence) });
            return;
        };
        let (heap, busy) = (entry.history.heap_bytes(), entry.history.is_busy());
        entry.history.record(entity, occurrence);
        self.heap = self.heap - heap + entry.history.heap_bytes();
        self.busy += usize::from(entry.history.is_busy() && !busy);
    }

    fn insert(&mut self, entry: Entry) {
        let key = entry.key;
        self.heap += entry.history.heap_bytes();
        let place = if self.entries.len() < self.capacity {
            self.append(entry)
        } else {
            self.evict_for(entry)
        };
        self.places.insert(key, u32::try_from(place).unwrap_or(u32::MAX));
    }

    fn append(&mut self, entry: Entry) -> usize {
        if self.entries.len() == self.entries.capacity() {
            // By an eighth: doubling would leave a quarter of the memory unused on average.
            self.entries.reserve_exact(16 + self.entries.len() / 8);
        }
        self.entries.push(entry);
        self.entries.len() - 1
    }

    /// Puts `entry` in the place of the resident not seen for longest among a few drawn.
    #[expect(
        clippy::indexing_slicing,
        reason = "a full shard is not empty, and draws are below it"
    )]
    fn evict_for(&mut self, entry: Entry) -> usize {
        let candidates: [usize; CANDIDATES] = std::array::from_fn(|_| {
            self.draw = self.draw.wrapping_add(GOLDEN);
            (mix(self.draw) >> 32) as usize % self.entries.len()
        });
        let idlest = candidates.into_iter().min_by_key(|at| self.entries[*at].history.last_seen());
        let place = idlest.unwrap_or_default();
        let gone = std::mem::replace(&mut self.entries[place], entry);
        self.places.remove(&gone.key);
        self.heap -= gone.history.heap_bytes();
        self.busy -= usize::from(gone.history.is_busy());
        self.evictions += 1;
        place
    }

    fn bytes(&self) -> usize {
        // A map keeps one eighth of its buckets free, and a control byte beside each.
        let buckets = self.places.capacity() * 8 / 7;
        buckets * (size_of::<(EntityKey, u32)>() + 1)
            + self.entries.capacity() * size_of::<Entry>()
            + self.heap
    }
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
