//! A bounded place for small states by key: sharded, evicting on insert.
//!
//! As [`SlidingWindows`](super::SlidingWindows) does it, for states of any type: each kind has its
//! own shards and share of the bound, and a full shard gives up the idlest of a few drawn by a
//! seeded secret.

use super::EntityKey;
use super::bytes::{Bytes, Stored, put_len};
use super::sliding::{GOLDEN, Mixer, mix};
use std::collections::HashMap;
use std::hash::BuildHasher;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Shards of each kind, once its share is large enough to divide.
const SHARDS: usize = 64;

/// Residents drawn for each eviction.
const CANDIDATES: usize = 8;

/// What a shelf keeps of a key.
pub(super) trait Kept: Default + Clone + Stored {
    /// The larger, the later it was touched.
    fn touched(&self) -> u32;

    /// Bytes allocated beside the value itself.
    fn heap_bytes(&self) -> usize;
}

/// Entries, evictions and bytes of a store, without the allocator's own overhead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Held {
    /// Entries.
    pub keys: usize,
    /// Entries given up since the start.
    pub evictions: u64,
    /// Bytes.
    pub bytes: usize,
}

/// States by (kind, key), for `KINDS` kinds.
#[derive(Debug)]
pub(super) struct Shelf<T, const KINDS: usize> {
    shards: [Box<[Mutex<Shard<T>>]>; KINDS],
    hasher: Mixer,
}

impl<T: Kept, const KINDS: usize> Shelf<T, KINDS> {
    /// An empty shelf with a bound for each kind; one entry of each is always kept.
    pub(super) fn new(bounds: [usize; KINDS], seed: u64) -> Self {
        let hasher = Mixer { seed };
        let mut kind = 0_usize;
        let shards = bounds.map(|bound| {
            kind += 1;
            let shards = if bound < SHARDS * SHARDS { 1 } else { SHARDS };
            let capacity = (bound / shards).clamp(1, u32::MAX as usize);
            let draw = |number: usize| hasher.hash_one((kind, number));
            (0..shards).map(|n| Mutex::new(Shard::new(capacity, hasher, draw(n)))).collect()
        });
        Self { shards, hasher }
    }

    /// Reads the state of a key; `None` when there is none.
    pub(super) fn read<R>(
        &self,
        kind: usize,
        key: EntityKey,
        read: impl FnOnce(&T) -> R,
    ) -> Option<R> {
        let shard = self.shard(kind, key)?;
        let place = *shard.places.get(&key)?;
        shard.entries.get(place as usize).map(|(_, state)| read(state))
    }

    /// Changes the state of a key, a new one where there was none.
    pub(super) fn change<R>(
        &self,
        kind: usize,
        key: EntityKey,
        change: impl FnOnce(&mut T) -> R,
    ) -> Option<R> {
        let mut shard = self.shard(kind, key)?;
        Some(shard.change(key, change))
    }

    /// Shows every entry: kind by kind, shard by shard, in the order of the keys within a shard.
    /// Locks each shard in turn.
    pub(super) fn walk(&self, visit: &mut dyn FnMut(usize, EntityKey, &T)) {
        for (kind, shards) in self.shards.iter().enumerate() {
            for shard in shards {
                let shard = lock(shard);
                let mut order: Vec<&(EntityKey, T)> = shard.entries.iter().collect();
                order.sort_unstable_by_key(|(key, _)| *key);
                for (key, state) in order {
                    visit(kind, *key, state);
                }
            }
        }
    }

    /// How many shards there are of all kinds.
    pub(super) fn parts(&self) -> usize {
        self.shards.iter().map(|shards| shards.len()).sum()
    }

    /// As [`Parts::copy`](super::Parts::copy).
    pub(super) fn copy(&self, part: usize, locked: &mut dyn FnMut(), out: &mut Vec<u8>) {
        if let Some(shard) = self.shards.iter().flatten().nth(part) {
            let shard = lock(shard);
            locked();
            put_len(out, shard.entries.len());
            for (key, state) in &shard.entries {
                out.extend(key.0.to_le_bytes());
                state.put(out);
            }
        }
    }

    /// As [`Parts::take_up`](super::Parts::take_up).
    pub(super) fn take_up(&self, part: usize, bytes: &[u8]) -> Option<()> {
        let mut shard = lock(self.shards.iter().flatten().nth(part)?);
        let mut bytes = Bytes(bytes);
        let len = bytes.len().filter(|len| *len <= shard.capacity)?;
        shard.entries.reserve_exact(len);
        for _ in 0..len {
            let key = EntityKey(u64::from_le_bytes(bytes.array()?));
            let state = T::take(&mut bytes)?;
            shard.change(key, |kept| *kept = state);
        }
        bytes.is_empty().then_some(())
    }

    /// The part that holds a key.
    pub(super) fn part_of(&self, kind: usize, key: EntityKey) -> usize {
        let before: usize = self.shards.iter().take(kind).map(|shards| shards.len()).sum();
        before + self.shards.get(kind).map_or(0, |shards| self.number(shards.len(), key))
    }

    /// Locks each shard in turn.
    pub(super) fn held(&self) -> Held {
        let mut held = Held::default();
        for shard in self.shards.iter().flatten() {
            let shard = lock(shard);
            held.keys += shard.entries.len();
            held.evictions += shard.evictions;
            held.bytes += shard.bytes();
        }
        held
    }

    fn shard(&self, kind: usize, key: EntityKey) -> Option<MutexGuard<'_, Shard<T>>> {
        let shards = self.shards.get(kind)?;
        shards.get(self.number(shards.len(), key)).map(lock)
    }

    /// Which of so many shards a key is in.
    fn number(&self, shards: usize, key: EntityKey) -> usize {
        // The map inside a shard uses the lowest bits and the highest seven.
        let hash = (self.hasher.hash_one(key) >> 32) & u64::from(u16::MAX);
        usize::try_from(hash).unwrap_or(0) % shards.max(1)
    }
}

/// A panic elsewhere ends its request only; the states are whole between two statements.
fn lock<T>(shard: &Mutex<Shard<T>>) -> MutexGuard<'_, Shard<T>> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Debug)]
struct Shard<T> {
    /// Place of each key in `entries`, which can be drawn from at random where a map can't.
    places: HashMap<EntityKey, u32, Mixer>,
    entries: Vec<(EntityKey, T)>,
    capacity: usize,
    /// State of the draw.
    draw: u64,
    evictions: u64,
    /// Bytes allocated by the states.
    heap: usize,
}

impl<T: Kept> Shard<T> {
    fn new(capacity: usize, hasher: Mixer, draw: u64) -> Self {
        let places = HashMap::with_hasher(hasher);
        Self { places, entries: Vec::new(), capacity, draw, evictions: 0, heap: 0 }
    }

    fn change<R>(&mut self, key: EntityKey, change: impl FnOnce(&mut T) -> R) -> R {
        let place = self.places.get(&key).map(|place| *place as usize);
        if let Some((_, state)) = place.and_then(|place| self.entries.get_mut(place)) {
            let before = state.heap_bytes();
            let result = change(state);
            self.heap = self.heap - before + state.heap_bytes();
            return result;
        }
        let mut state = T::default();
        let result = change(&mut state);
        self.heap += state.heap_bytes();
        let place = self.insert((key, state));
        self.places.insert(key, u32::try_from(place).unwrap_or(u32::MAX));
        result
    }

    fn insert(&mut self, entry: (EntityKey, T)) -> usize {
        if self.entries.len() < self.capacity {
            if self.entries.len() == self.entries.capacity() {
                // By an eighth: doubling would leave a quarter of the memory unused on average.
                self.entries.reserve_exact(16 + self.entries.len() / 8);
            }
            self.entries.push(entry);
            return self.entries.len() - 1;
        }
        let candidates: [usize; CANDIDATES] = std::array::from_fn(|_| {
            self.draw = self.draw.wrapping_add(GOLDEN);
            usize::try_from(mix(self.draw) >> 32).unwrap_or(0) % self.entries.len().max(1)
        });
        let touched = |place: &usize| self.entries.get(*place).map(|(_, state)| state.touched());
        let place = candidates.into_iter().min_by_key(touched).unwrap_or_default();
        if let Some(resident) = self.entries.get_mut(place) {
            let (gone, state) = std::mem::replace(resident, entry);
            self.places.remove(&gone);
            self.heap -= state.heap_bytes();
            self.evictions += 1;
        }
        place
    }

    fn bytes(&self) -> usize {
        // A map keeps one eighth of its buckets free, and a control byte beside each.
        let buckets = self.places.capacity() * 8 / 7;
        buckets * (size_of::<(EntityKey, u32)>() + 1)
            + self.entries.capacity() * size_of::<(EntityKey, T)>()
            + self.heap
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, Default)]
    struct Seen(u32);

    impl Stored for Seen {
        fn put(&self, out: &mut Vec<u8>) {
            self.0.put(out);
        }

        fn take(bytes: &mut Bytes<'_>) -> Option<Self> {
            u32::take(bytes).map(Self)
        }
    }

    impl Kept for Seen {
        fn touched(&self) -> u32 {
            self.0
        }

        fn heap_bytes(&self) -> usize {
            0
        }
    }

    #[test]
    fn the_bound_holds_for_each_kind_and_the_active_stay() {
        let shelf = Shelf::<Seen, 2>::new([50, 3], 7);
        for key in 0..5_000 {
            shelf.change(0, EntityKey(key), |state| state.0 = u32::try_from(key).unwrap());
            shelf.change(0, EntityKey(9_999), |state| state.0 = u32::try_from(key).unwrap());
            shelf.change(1, EntityKey(1), |state| state.0 += 1);
        }
        assert_eq!((shelf.held().keys, shelf.held().evictions), (51, 4_951));
        assert_eq!(shelf.read(0, EntityKey(9_999), |state| state.0), Some(4_999));
        assert_eq!(shelf.read(1, EntityKey(1), |state| state.0), Some(5_000));
        assert_eq!(shelf.read(1, EntityKey(2), |state| state.0), None);
    }

    #[test]
    fn a_walk_shows_each_entry_once_and_a_shard_in_order() {
        let shelf = Shelf::<Seen, 1>::new([100_000], 7);
        for key in 0..10_000 {
            shelf.change(0, EntityKey(key), |state| state.0 = 1);
        }
        let mut keys = Vec::new();
        shelf.walk(&mut |_, key, _| keys.push(key.0));
        assert!(keys.chunk_by(|one, next| one < next).count() <= SHARDS);
        keys.sort_unstable();
        assert!(keys.into_iter().eq(0..10_000));
    }
}
