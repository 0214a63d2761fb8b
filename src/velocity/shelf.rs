//! A bounded place for states by key: each kind has its own shards and share of the bound.
//!
//! Kinds differ in what a new key costs: a flood of invented mailboxes can't push out what is known of
//! a card. Who is given up inside a full shard is told in [`shard`](super::shard). Windows, sales and
//! links all lie on such shelves.
//!
//! Rejected: a concurrent map crate (no faster where measured, and it gives no random resident).

use super::bytes::Bytes;
use super::shard::{Kept, Shard};
use super::{EntityKey, Stats};
use crate::domain::Timestamp;
use std::hash::{BuildHasher, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Shards of each kind, once its share is large enough to divide.
const SHARDS: usize = 64;

/// States by (kind, key), for `KINDS` kinds.
#[derive(Debug)]
pub(super) struct Shelf<T, const KINDS: usize> {
    /// By kind, then by hash.
    shards: [Box<[Mutex<Shard<T>>]>; KINDS],
    hasher: Mixer,
}

impl<T: Kept, const KINDS: usize> Shelf<T, KINDS> {
    /// An empty shelf with a bound for each kind; one key of each is always kept.
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

    /// The shard of a key, locked until it is dropped.
    #[expect(clippy::indexing_slicing, reason = "a kind below KINDS, a remainder of the length")]
    pub(super) fn shard(&self, kind: usize, key: EntityKey) -> MutexGuard<'_, Shard<T>> {
        lock(&self.shards[kind][self.number(kind, key)])
    }

    /// Reads the state of a key; `None` when there is none.
    pub(super) fn read<R>(
        &self,
        kind: usize,
        key: EntityKey,
        read: impl FnOnce(&T) -> R,
    ) -> Option<R> {
        self.shard(kind, key).get(key).map(read)
    }

    /// Shows every state: kind by kind, shard by shard, in the order of the keys within a shard.
    /// Locks each shard in turn.
    pub(super) fn walk(&self, visit: &mut dyn FnMut(usize, EntityKey, &T)) {
        for (kind, shards) in self.shards.iter().enumerate() {
            for shard in shards {
                lock(shard).walk(&mut |key, state| visit(kind, key, state));
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
            shard.put(out);
        }
    }

    /// As [`Parts::take_up`](super::Parts::take_up).
    pub(super) fn take_up(&self, part: usize, bytes: &[u8]) -> Option<()> {
        let shard = self.shards.iter().flatten().nth(part)?;
        lock(shard).take_up(&mut Bytes(bytes))
    }

    /// The part that holds a key.
    pub(super) fn part_of(&self, kind: usize, key: EntityKey) -> usize {
        let before: usize = self.shards.iter().take(kind).map(|shards| shards.len()).sum();
        before + self.number(kind, key)
    }

    /// Locks each shard in turn, for a moment.
    pub(super) fn stats(&self) -> Stats {
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

    /// Which of the shards of its kind a key is in.
    #[expect(clippy::indexing_slicing, reason = "a kind below KINDS")]
    fn number(&self, kind: usize, key: EntityKey) -> usize {
        // The map inside a shard uses the lowest bits and the highest seven.
        let hash = (self.hasher.hash_one(key) >> 32) & u64::from(u16::MAX);
        hash as usize % self.shards[kind].len()
    }
}

impl<T: Kept + Default, const KINDS: usize> Shelf<T, KINDS> {
    /// Changes the state of a key, a new one where there was none, by what happened at `at`.
    pub(super) fn change<R>(
        &self,
        kind: usize,
        (key, at): (EntityKey, Timestamp),
        change: impl FnOnce(&mut T) -> R,
    ) -> Option<R> {
        let mut shard = self.shard(kind, key);
        shard.see(at);
        if let Some(place) = shard.place(key) {
            return shard.change(place, change);
        }
        let mut state = T::default();
        let result = change(&mut state);
        shard.insert(key, state);
        Some(result)
    }
}

/// A panic elsewhere ends its request only; the states are whole between two statements.
fn lock<T>(shard: &Mutex<Shard<T>>) -> MutexGuard<'_, Shard<T>> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Hashes keys, which are keyed hashes already, by one mixing step with the seed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mixer {
    seed: u64,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::velocity::bytes::Stored;
    use crate::velocity::life::{Life, Tenant};

    #[derive(Debug, Clone, Default)]
    struct Seen(u32);

    impl Stored for Seen {
        fn put(&self, out: &mut Vec<u8>) {
            out.extend(self.0.to_le_bytes());
        }

        fn take(bytes: &mut Bytes<'_>) -> Option<Self> {
            bytes.array().map(u32::from_le_bytes).map(Self)
        }
    }

    impl Kept for Seen {
        fn life(&self) -> Life {
            let at = Timestamp::from_millis(self.0.into());
            Life { first: at, newest: at, tenant: Tenant::default(), attested: false }
        }

        fn heap_bytes(&self) -> usize {
            0
        }
    }

    fn see(shelf: &Shelf<Seen, 2>, kind: usize, key: u64, at: u32) {
        let when = Timestamp::from_millis(at.into());
        shelf.change(kind, (EntityKey(key), when), |state| state.0 = at);
    }

    #[test]
    fn the_bound_holds_for_each_kind_and_the_active_stay() {
        let shelf = Shelf::<Seen, 2>::new([50, 3], 7);
        for at in 0..5_000 {
            see(&shelf, 0, at.into(), at);
            see(&shelf, 0, 9_999, at);
            see(&shelf, 1, 1, at);
        }
        assert_eq!((shelf.stats().keys, shelf.stats().evictions), (51, 4_951));
        assert_eq!(shelf.read(0, EntityKey(9_999), |state| state.0), Some(4_999));
        assert_eq!(shelf.read(1, EntityKey(1), |state| state.0), Some(4_999));
        assert_eq!(shelf.read(1, EntityKey(2), |state| state.0), None);
    }

    #[test]
    fn a_walk_shows_each_key_once_and_a_shard_in_order() {
        let shelf = Shelf::<Seen, 2>::new([100_000, 1], 7);
        (0..10_000).for_each(|key| see(&shelf, 0, key, 1));
        let mut keys = Vec::new();
        shelf.walk(&mut |_, key, _| keys.push(key.0));
        assert!(keys.chunk_by(|one, next| one < next).count() <= SHARDS);
        keys.sort_unstable();
        assert!(keys.into_iter().eq(0..10_000));
    }

    #[test]
    fn what_was_given_up_is_remembered_by_its_time_across_a_copy() {
        let (shelf, back) = (Shelf::<Seen, 2>::new([4, 4], 7), Shelf::<Seen, 2>::new([4, 4], 7));
        (1..=9).for_each(|at| see(&shelf, 0, at.into(), at));
        for part in 0..shelf.parts() {
            let mut bytes = Vec::new();
            shelf.copy(part, &mut || (), &mut bytes);
            back.take_up(part, &bytes).unwrap();
        }
        for shelf in [&shelf, &back] {
            let shard = shelf.shard(0, EntityKey(0));
            let forgotten = |at| shard.may_have_forgotten(Timestamp::from_millis(at));
            assert!(forgotten(1) && !forgotten(9), "the newest was kept");
            drop(shard);
            let other = shelf.shard(1, EntityKey(0));
            assert!(!other.may_have_forgotten(Timestamp::from_millis(0)));
        }
    }
}
