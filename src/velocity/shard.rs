//! A part of what is kept of one kind, by key, and who is given up when it is full.
//!
//! A flood of invented cards and mailboxes must not push out the history of buyers, good or bad, their
//! sales and ties, nor those of another tenant. So, of whatever is [kept](Kept):
//!
//! - **Settled entities are kept apart.** An entity is established once somebody who risks money or
//!   evidence vouched for it (the issuer approved, a renewal was paid, a key activated, a refund or
//!   dispute came) and it is at least a [day](SETTLING_MS) old. Found by a draw, it moves to the
//!   settled part, at most seven eighths of the shard, from which nothing new can push it: newcomers
//!   give way to newcomers. Only established entities contend for settled places, the latest seen win.
//! - **A tenant that has more than its share gives first.** The share is the capacity divided by the
//!   tenants in the shard; what is not used by others may be taken, until it is needed.
//! - **The draw is seeded by a secret**, as are the shards, so nobody outside can aim an eviction. Of
//!   [a few](CANDIDATES) drawn, the one not seen for longest goes, in constant time.
//!
//! Rejected: an exact least-recently-used list (two pointers a key, a write on every read, and a flood
//! empties it); sweeps (seen as stalls of the whole shard); a fixed quota a tenant (wasted by the small,
//! too little for the large).

use super::EntityKey;
use super::bytes::{Bytes, Stored, put_len};
use super::life::{Life, Tenant};
use super::shelf::{GOLDEN, Mixer, mix};
use crate::domain::{DAY_MS, Timestamp};
use hashbrown::HashTable;
use std::collections::BTreeMap;
use std::hash::BuildHasher;

/// Residents drawn for each eviction.
const CANDIDATES: usize = 8;

/// Most draws of one eviction, where the first are settled or of a tenant within its share.
const MAX_DRAWS: usize = 64;

/// How long ago the first occurrence of an established entity is.
const SETTLING_MS: i64 = DAY_MS;

/// One of so many parts of a shard is never settled.
const OPEN_PART: usize = 8;

/// What is kept of a key.
pub(super) trait Kept: Stored {
    /// Whose it is and since when, as of what it was last changed with.
    fn life(&self) -> Life;

    /// Bytes allocated beside the value itself.
    fn heap_bytes(&self) -> usize;

    /// Whether it is one of the few that take many times what the others do.
    fn is_busy(&self) -> bool {
        false
    }
}

/// See the module's description.
#[derive(Debug)]
pub(super) struct Shard<T> {
    /// Place of each entity in `entries`, which can be drawn from at random where a map can't. By
    /// place alone, four bytes a bucket, since the key is kept there.
    places: HashTable<u32>,
    entries: Vec<Entry<T>>,
    /// How many of the entries, the first, are settled.
    settled: usize,
    capacity: usize,
    tenants: BTreeMap<Tenant, usize>,
    hasher: Mixer,
    /// State of the draw.
    draw: u64,
    /// The newest event time.
    newest: Timestamp,
    pub(super) busy: usize,
    pub(super) evictions: u64,
    /// The newest time of whom was given up.
    forgotten: Option<Timestamp>,
    /// Bytes allocated by the values.
    heap: usize,
}

#[derive(Debug)]
struct Entry<T> {
    key: EntityKey,
    value: T,
}

/// Who goes first: the lowest. Those of a tenant above its share, then those not seen for longest.
type Rank = (bool, Timestamp);

impl<T: Kept> Shard<T> {
    pub(super) fn new(capacity: usize, hasher: Mixer, draw: u64) -> Self {
        Self {
            places: HashTable::new(),
            entries: Vec::new(),
            settled: 0,
            capacity,
            tenants: BTreeMap::new(),
            hasher,
            draw,
            newest: Timestamp::from_millis(0),
            busy: 0,
            evictions: 0,
            forgotten: None,
            heap: 0,
        }
    }

    pub(super) fn get(&self, key: EntityKey) -> Option<&T> {
        self.at(self.place(key)?)
    }

    /// What is at a place.
    pub(super) fn at(&self, place: usize) -> Option<&T> {
        self.entries.get(place).map(|entry| &entry.value)
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Bytes allocated, without the allocator's own overhead.
    pub(super) fn bytes(&self) -> usize {
        self.places.allocation_size() + self.entries.capacity() * size_of::<Entry<T>>() + self.heap
    }

    /// Whether something last seen at `at` may have been here and been given up.
    pub(super) fn may_have_forgotten(&self, at: Timestamp) -> bool {
        self.forgotten.is_some_and(|newest| at <= newest)
    }

    /// Takes note of the time: who is established depends on it.
    pub(super) fn see(&mut self, at: Timestamp) {
        self.newest = self.newest.max(at);
    }

    /// Changes what is at a place.
    pub(super) fn change<R>(
        &mut self,
        place: usize,
        change: impl FnOnce(&mut T) -> R,
    ) -> Option<R> {
        let value = &mut self.entries.get_mut(place)?.value;
        let (heap, busy) = (value.heap_bytes(), value.is_busy());
        let result = change(value);
        self.heap = self.heap - heap + value.heap_bytes();
        self.busy += usize::from(value.is_busy() && !busy);
        Some(result)
    }

    /// Everything, in the order of the keys.
    pub(super) fn walk(&self, visit: &mut dyn FnMut(EntityKey, &T)) {
        let mut order: Vec<&Entry<T>> = self.entries.iter().collect();
        order.sort_unstable_by_key(|entry| entry.key);
        for entry in order {
            visit(entry.key, &entry.value);
        }
    }

    /// Adds the bytes of all, the settled first, and of what decides who is given up next.
    pub(super) fn put(&self, out: &mut Vec<u8>) {
        out.reserve(self.heap + self.entries.len() * 16);
        out.extend(self.forgotten.map_or(i64::MIN, Timestamp::millis).to_le_bytes());
        out.extend(self.newest.millis().to_le_bytes());
        out.extend(self.draw.to_le_bytes());
        put_len(out, self.settled);
        put_len(out, self.entries.len());
        for Entry { key, value } in &self.entries {
            out.extend(key.0.to_le_bytes());
            value.put(out);
        }
    }

    /// Takes up in this empty shard what [`Shard::put`] wrote of one of the same capacity.
    pub(super) fn take_up(&mut self, bytes: &mut Bytes<'_>) -> Option<()> {
        let forgotten = i64::from_le_bytes(bytes.array()?);
        self.forgotten = (forgotten != i64::MIN).then_some(Timestamp::from_millis(forgotten));
        self.newest = Timestamp::from_millis(i64::from_le_bytes(bytes.array()?));
        self.draw = u64::from_le_bytes(bytes.array()?);
        let settled: usize = bytes.number()?;
        let len = bytes.len().filter(|len| (settled..=self.capacity).contains(len))?;
        self.entries.reserve_exact(len);
        for _ in 0..len {
            let key = EntityKey(u64::from_le_bytes(bytes.array()?));
            let value = T::take(bytes)?;
            self.insert(key, value);
        }
        self.settled = settled;
        bytes.is_empty().then_some(())
    }

    /// Where a key is, until something is inserted.
    pub(super) fn place(&self, key: EntityKey) -> Option<usize> {
        let is_here = |place: &u32| self.entries.get(*place as usize).is_some_and(|e| e.key == key);
        self.places.find(self.hasher.hash_one(key), is_here).map(|place| *place as usize)
    }

    /// Keeps the value of a key that is not here; it may take the place of another.
    pub(super) fn insert(&mut self, key: EntityKey, value: T) {
        if self.entries.len() >= self.capacity {
            self.give_up();
        }
        if self.entries.len() == self.entries.capacity() {
            // By an eighth: doubling would leave a quarter of the memory unused on average.
            self.entries.reserve_exact(16 + self.entries.len() / 8);
        }
        let hash = self.hasher.hash_one(key);
        self.heap += value.heap_bytes();
        self.busy += usize::from(value.is_busy());
        *self.tenants.entry(value.life().tenant).or_default() += 1;
        let place = number(self.entries.len());
        self.entries.push(Entry { key, value });
        let (entries, hasher) = (&self.entries, self.hasher);
        let hash_of = |place: &u32| hash_at(entries, hasher, *place as usize);
        self.places.insert_unique(hash, place, hash_of);
    }

    /// Gives up one entity, by the rules of the module.
    fn give_up(&mut self) {
        let mut first: Option<(Rank, EntityKey)> = None;
        for drawn in 0..MAX_DRAWS {
            let enough = drawn >= CANDIDATES;
            if enough && first.is_some_and(|((within_share, _), _)| !within_share) {
                break;
            }
            let place = self.drawn(self.settled, self.entries.len());
            let Some(Entry { key, value }) = self.entries.get(place) else { continue };
            let (key, life) = (*key, value.life());
            if self.is_established(&life) && self.settle(place, &life) {
                first = first.filter(|(_, known)| *known != key);
                continue;
            }
            let candidate = (self.rank(&life), key);
            first = Some(first.map_or(candidate, |first| first.min(candidate)));
        }
        let any = self.drawn(self.settled, self.entries.len());
        let place = first.and_then(|(_, key)| self.place(key)).unwrap_or(any);
        // Where all that are open are within their share, the settled of a tenant above it give way.
        let within_share = first.is_none_or(|((within_share, _), _)| within_share);
        let below_all_within = (true, Timestamp::from_millis(0));
        let over = within_share.then(|| self.lowest_settled(below_all_within)).flatten();
        match over {
            Some(settled) => {
                self.settled -= 1;
                self.swap(settled, self.settled);
                self.remove(self.settled);
            }
            None => self.remove(place),
        }
        self.evictions += 1;
    }

    fn is_established(&self, life: &Life) -> bool {
        life.attested && self.newest.millis_since(life.first) >= SETTLING_MS
    }

    fn rank(&self, life: &Life) -> Rank {
        let kept = self.tenants.get(&life.tenant).copied().unwrap_or_default();
        (kept.saturating_mul(self.tenants.len()) < self.capacity, life.newest)
    }

    /// Moves an established entity to the settled ones; `false` where none of them gives way.
    fn settle(&mut self, place: usize, life: &Life) -> bool {
        if self.settled < self.capacity - (self.capacity / OPEN_PART).max(1) {
            self.swap(place, self.settled);
            self.settled += 1;
            return true;
        }
        let lower = self.lowest_settled(self.rank(life));
        if let Some(settled) = lower {
            self.swap(place, settled);
        }
        lower.is_some()
    }

    /// Of a few settled ones drawn the lowest, if it is below `rank`.
    fn lowest_settled(&mut self, rank: Rank) -> Option<usize> {
        let settled = self.settled;
        let drawn: [usize; CANDIDATES] = std::array::from_fn(|_| self.drawn(0, settled));
        let settled = drawn.into_iter().filter(|place| *place < settled);
        let ranked = settled
            .filter_map(|place| Some((self.rank(&self.entries.get(place)?.value.life()), place)));
        ranked.min().filter(|(lowest, _)| *lowest < rank).map(|(_, place)| place)
    }

    /// A place from `first` on and before `end`.
    fn drawn(&mut self, first: usize, end: usize) -> usize {
        self.draw = self.draw.wrapping_add(GOLDEN);
        first + (mix(self.draw) >> 32) as usize % end.saturating_sub(first).max(1)
    }

    fn swap(&mut self, one: usize, other: usize) {
        if one != other && one.max(other) < self.entries.len() {
            let (hash, other_hash) = (self.hash_at(one), self.hash_at(other));
            self.point(hash, one, NOWHERE); // or both would stand at `other` for a moment
            self.point(other_hash, other, one);
            self.point(hash, NOWHERE, other);
            self.entries.swap(one, other);
        }
    }

    fn point(&mut self, hash: u64, from: usize, to: usize) {
        let is_its = |place: &u32| *place == number(from);
        self.places.find_mut(hash, is_its).into_iter().for_each(|place| *place = number(to));
    }

    fn hash_at(&self, place: usize) -> u64 {
        hash_at(&self.entries, self.hasher, place)
    }

    /// Removes an entity that is not settled.
    fn remove(&mut self, place: usize) {
        let last = self.entries.len().saturating_sub(1);
        self.swap(place, last);
        let is_last = |known: &u32| *known as usize == last;
        if let Ok(found) = self.places.find_entry(self.hash_at(last), is_last) {
            found.remove();
        }
        let Some(gone) = self.entries.pop() else { return };
        let Life { tenant, newest, .. } = gone.value.life();
        self.forgotten = self.forgotten.max(Some(newest));
        if let Some(kept) = self.tenants.get_mut(&tenant) {
            *kept -= 1;
            if *kept == 0 {
                self.tenants.remove(&tenant);
            }
        }
        self.heap -= gone.value.heap_bytes();
        self.busy -= usize::from(gone.value.is_busy());
    }
}

/// Where nothing stands: places end before it.
const NOWHERE: usize = u32::MAX as usize;

/// A place as the table keeps it.
fn number(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

fn hash_at<T>(entries: &[Entry<T>], hasher: Mixer, place: usize) -> u64 {
    entries.get(place).map_or(0, |entry| hasher.hash_one(entry.key))
}
