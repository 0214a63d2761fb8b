//! A total map from addresses to small values, as sorted range starts.
//!
//! IPv4 is keyed by its 32 bits, IPv6 by the upper 64: nobody assigns less than a /64, and half the
//! memory is half the cache misses. An index over the top 16 bits leaves a binary search of a few
//! steps; where a whole /16 has one value, as half of them do, it holds the answer itself. The few
//! /16 that have very many ranges, as all allocated IPv6 space does, have an index of their own over
//! the next 12 bits.
//!
//! INVARIANT: `starts` is strictly increasing and begins at 0, `values` is as long, the value 0 means
//! "nothing known", and two neighbours never have the same value.

use super::error::ReferenceError;
use super::table::{Columns, Writer};
use std::net::{IpAddr, Ipv6Addr};

const BUCKETS: usize = 1 << 16;

/// The upper bits of an address, as a range start.
pub(super) trait Key: Copy + Ord + Into<u64> + TryFrom<u64> {
    const BITS: u32;
}

impl Key for u32 {
    const BITS: u32 = 32;
}

impl Key for u64 {
    const BITS: u32 = 64;
}

/// The first `bits` bits, at most 28.
#[expect(clippy::cast_possible_truncation, reason = "28 bits are left")]
fn top<K: Key>(key: K, bits: u32) -> usize {
    (key.into() >> (K::BITS - bits)) as usize
}

/// The ranges of all keys that begin with the same bits.
#[derive(Clone, Copy)]
struct Bucket<V> {
    /// Position of the first start in it; of its fine index where `len` is [`DENSE`].
    from: u32,
    /// How many starts are in it.
    len: u16,
    /// The value where it begins, unless a start lies just there.
    before: V,
}

/// Marks a bucket with a fine index.
const DENSE: u16 = u16::MAX;
/// Most starts a bucket has without one.
const SPARSE: usize = 512;
/// Bits a fine index divides by.
const FINE_BITS: u32 = 12;

/// Sorted ranges with their index. See the module.
pub(super) struct Ranges<K, V> {
    index: Vec<Bucket<V>>,
    /// Buckets of the dense buckets, `1 << FINE_BITS` each.
    fine: Vec<Bucket<V>>,
    starts: Vec<K>,
    values: Vec<V>,
}

/// One row of a source: first and last key, value; 0 is no value.
pub(super) type Row<K> = (K, K, u32);

impl<K: Key, V: Copy + Default + PartialEq> Ranges<K, V> {
    /// The value at `key`.
    #[inline]
    pub(super) fn get(&self, key: K) -> V {
        let Some(mut bucket) = self.index.get(top(key, 16)) else { return V::default() };
        if bucket.len == DENSE {
            let at = bucket.from as usize + (top(key, 16 + FINE_BITS) & ((1 << FINE_BITS) - 1));
            let Some(fine) = self.fine.get(at) else { return V::default() };
            bucket = fine;
        }
        let from = bucket.from as usize;
        let within = self.starts.get(from..from + usize::from(bucket.len)).unwrap_or_default();
        match within.partition_point(|start| *start <= key).checked_sub(1) {
            Some(at) => self.values.get(from + at).copied().unwrap_or_default(),
            None => bucket.before,
        }
    }

    /// `None` where a /28 has more starts than a bucket can count.
    fn new(starts: Vec<K>, values: Vec<V>) -> Option<Self> {
        let mut ranges =
            Self { index: Vec::with_capacity(BUCKETS), fine: Vec::new(), starts, values };
        let mut from = 0;
        for number in 0..BUCKETS {
            let len = ranges.len_of(from, number, 16);
            let bucket = if len > SPARSE {
                ranges.divided(from, number)?
            } else {
                ranges.bucket(from, len)?
            };
            ranges.index.push(bucket);
            from += len;
        }
        Some(ranges)
    }

    /// A dense bucket with its fine index.
    fn divided(&mut self, mut from: usize, number: usize) -> Option<Bucket<V>> {
        let at = u32::try_from(self.fine.len()).ok()?;
        let dense = Bucket { from: at, len: DENSE, before: V::default() };
        for part in 0..1 << FINE_BITS {
            let len = self.len_of(from, number << FINE_BITS | part, 16 + FINE_BITS);
            self.fine.push(self.bucket(from, len)?);
            from += len;
        }
        Some(dense)
    }

    /// How many starts from the position `from` on have a first `bits` bits of at most `number`.
    fn len_of(&self, from: usize, number: usize, bits: u32) -> usize {
        let rest = self.starts.get(from..).unwrap_or_default();
        rest.iter().take_while(|start| top(**start, bits) <= number).count()
    }

    fn bucket(&self, from: usize, len: usize) -> Option<Bucket<V>> {
        let before = from.checked_sub(1).and_then(|at| self.values.get(at)).copied();
        Some(Bucket {
            from: u32::try_from(from).ok()?,
            len: u16::try_from(len).ok().filter(|len| *len != DENSE)?,
            before: before.unwrap_or_default(),
        })
    }

    /// Reads what [`write`] wrote. `value` judges a stored number.
    pub(super) fn read(
        columns: &mut Columns,
        width: u32,
        value: impl Fn(u32) -> Option<V>,
    ) -> Result<Self, ReferenceError> {
        let shifts = columns.bytes()?.to_vec();
        let mantissas = columns.numbers()?;
        let values = columns.planes(width)?;
        if shifts.len() != mantissas.len() || values.len() != shifts.len() + 1 {
            return Err(columns.malformed("range columns of unequal length before"));
        }
        let mut starts = Vec::with_capacity(values.len());
        let mut start = 0_u64;
        starts.push(K::try_from(0).map_err(|_| columns.malformed("no zero"))?);
        for (shift, mantissa) in shifts.into_iter().zip(mantissas) {
            let step = mantissa.checked_shl(shift.into()).filter(|step| step >> shift == mantissa);
            let next = step.filter(|step| *step > 0).and_then(|step| start.checked_add(step));
            let key = next.and_then(|next| K::try_from(next).ok());
            let (Some(next), Some(key)) = (next, key) else {
                return Err(columns.malformed("a range start out of order before"));
            };
            start = next;
            starts.push(key);
        }
        let values: Option<Vec<V>> = values.into_iter().map(value).collect();
        let values = values.ok_or_else(|| columns.malformed("an unknown range value before"))?;
        Self::new(starts, values)
            .ok_or_else(|| columns.malformed("too many ranges of one network before"))
    }
}

/// Writes the runs of [`flatten`]; values need `width` bytes.
pub(super) fn write<K: Key>(writer: &mut Writer, runs: &[(K, u32)], width: u32) {
    let mut shifts = Vec::with_capacity(runs.len());
    let mut mantissas = Vec::with_capacity(runs.len());
    for ((start, _), (next, _)) in runs.iter().zip(runs.iter().skip(1)) {
        let step = (*next).into() - (*start).into();
        let shift = step.trailing_zeros();
        shifts.push((shift & 0x3f) as u8);
        mantissas.push(step >> shift);
    }
    writer.bytes(&shifts);
    writer.numbers(&mantissas);
    let values: Vec<u32> = runs.iter().map(|run| run.1).collect();
    writer.planes(&values, width);
}

/// Turns rows in any order into runs that cover everything, gaps as 0, equal neighbours merged.
///
/// Where rows overlap, the one that starts later wins for as long as it lasts, then the earlier one
/// goes on: a more specific network inside a wider one. Of two rows with the same start the shorter
/// wins.
pub(super) fn flatten<K: Key>(mut rows: Vec<Row<K>>) -> Vec<(K, u32)> {
    rows.retain(|(first, last, _)| first <= last);
    rows.sort_by_key(|(first, last, value)| (*first, std::cmp::Reverse(*last), *value));
    let mut runs: Vec<(K, u32)> = Vec::with_capacity(rows.len() * 2);
    if let Ok(zero) = K::try_from(0) {
        runs.push((zero, 0));
    }
    let mut open: Vec<(K, u32)> = Vec::new(); // (last key, value), innermost at the end
    for (first, last, value) in rows {
        close(&mut runs, &mut open, Some(first));
        push(&mut runs, first, value);
        open.push((last, value));
    }
    close(&mut runs, &mut open, None);
    runs
}

/// Ends the open rows that end before `until` (all of them for `None`).
fn close<K: Key>(runs: &mut Vec<(K, u32)>, open: &mut Vec<(K, u32)>, until: Option<K>) {
    while let Some((last, _)) = open.pop_if(|row| until.is_none_or(|until| row.0 < until)) {
        let Some(next) = last.into().checked_add(1).and_then(|next| K::try_from(next).ok()) else {
            return open.clear(); // the address space ends here, and wider rows with it
        };
        // Wider rows that ended under a narrower one have nothing left to say.
        while open.pop_if(|row| row.0 < next).is_some() {}
        push(runs, next, open.last().map_or(0, |row| row.1));
    }
}

fn push<K: Key>(runs: &mut Vec<(K, u32)>, start: K, value: u32) {
    runs.pop_if(|last| last.0 == start);
    if runs.last().is_none_or(|last| last.1 != value) {
        runs.push((start, value));
    }
}

/// A map over both address families.
pub(super) struct IpRanges<V> {
    v4: Ranges<u32, V>,
    v6: Ranges<u64, V>,
}

impl<V: Copy + Default + PartialEq> IpRanges<V> {
    /// The value at `ip`; an IPv4-mapped address is looked up as IPv6 unless made canonical before.
    #[inline]
    pub(super) fn get(&self, ip: IpAddr) -> V {
        match ip {
            IpAddr::V4(ip) => self.v4.get(ip.to_bits()),
            IpAddr::V6(ip) => self.v6.get(upper(ip)),
        }
    }

    pub(super) fn read(
        columns: &mut Columns,
        width: u32,
        value: impl Fn(u32) -> Option<V>,
    ) -> Result<Self, ReferenceError> {
        let v4 = Ranges::read(columns, width, &value)?;
        let v6 = Ranges::read(columns, width, &value)?;
        Ok(Self { v4, v6 })
    }
}

/// The upper half of an IPv6 address.
pub(super) fn upper(ip: Ipv6Addr) -> u64 {
    (ip.to_bits() >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::super::table::Table;
    use super::*;
    use proptest::prelude::*;

    /// What `flatten` says in prose: the latest start wins, of equal starts the shorter.
    fn naive(rows: &[Row<u32>], key: u32) -> u32 {
        let covering = rows.iter().filter(|(first, last, _)| *first <= key && key <= *last);
        covering.max_by_key(|row| (row.0, std::cmp::Reverse(row.1), row.2)).map_or(0, |row| row.2)
    }

    fn ranges(runs: &[(u32, u32)]) -> Ranges<u32, u32> {
        Ranges::new(runs.iter().map(|run| run.0).collect(), runs.iter().map(|run| run.1).collect())
            .unwrap()
    }

    fn row() -> impl Strategy<Value = Row<u32>> {
        // Dense in a few buckets, so that rows overlap and share ends; sometimes at the far end.
        let key = prop_oneof![0_u32..200, 0xffff_ff00..=u32::MAX, any::<u32>()];
        (key, 0_u32..300, 1_u32..5)
            .prop_map(|(first, len, value)| (first, first.saturating_add(len), value))
    }

    proptest! {
        #[test]
        fn equals_a_naive_search(rows in prop::collection::vec(row(), 0..30)) {
            let runs = flatten(rows.clone());
            prop_assert!(runs.is_sorted_by(|a, b| a.0 < b.0 && a.1 != b.1));
            let ranges = ranges(&runs);
            let edges = rows.iter().flat_map(|(first, last, _)| {
                [first.saturating_sub(1), *first, *last, last.saturating_add(1)]
            });
            for key in edges.chain([0, 65_535, 65_536, u32::MAX]) {
                prop_assert_eq!(ranges.get(key), naive(&rows, key), "at {}", key);
            }
        }
    }

    #[test]
    fn a_dense_network_is_divided_and_reads_the_same() {
        let dense = (0..2_000_u32).map(|n| (0x2a00 << 48 | u64::from(n) << 32, n % 7 + 1));
        let runs: Vec<(u64, u32)> = std::iter::once((0, 9)).chain(dense).collect();
        let starts = runs.iter().map(|run| run.0).collect();
        let ranges = Ranges::new(starts, runs.iter().map(|run| run.1).collect()).unwrap();
        assert_eq!(ranges.fine.len(), 1 << FINE_BITS);
        for key in runs.iter().flat_map(|run| [run.0.saturating_sub(1), run.0, run.0 + 1]) {
            let expected = runs[runs.partition_point(|run| run.0 <= key) - 1].1;
            assert_eq!(ranges.get(key), expected, "at {key:x}");
        }
        assert_eq!(ranges.get(u64::MAX), runs.last().unwrap().1);
    }

    #[test]
    fn more_ranges_than_a_bucket_counts_are_refused() {
        let starts: Vec<u64> = (0..u64::from(u16::MAX) + 2).collect();
        let values = vec![1_u8; starts.len()];
        assert!(Ranges::new(starts, values).is_none());
    }

    #[test]
    fn the_wider_network_goes_on_after_the_narrower() {
        let runs = flatten(vec![(0_u32, 100, 1), (10, 50, 2), (20, 80, 3), (200, 200, 4)]);
        assert_eq!(runs, [(0, 1), (10, 2), (20, 3), (81, 1), (101, 0), (200, 4), (201, 0)]);
    }

    #[test]
    fn runs_come_back_from_a_file() {
        let runs = [(0, 0), (1, 7), (2, 0), (1 << 24, 255), (1 << 24 | 1 << 12, 3), (u32::MAX, 9)];
        let mut writer = Writer::new(Table::Country, 0);
        write(&mut writer, &runs, 1);
        let data = writer.finish().unwrap();
        let mut columns = Columns::open(Table::Country, "test", &data).unwrap();
        let read = Ranges::<u32, u8>::read(&mut columns, 1, |v| u8::try_from(v).ok()).unwrap();
        columns.done().unwrap();
        for (start, value) in runs {
            assert_eq!(u32::from(read.get(start)), value);
        }
        assert_eq!(read.get(u32::MAX - 1), 3);
        let mut columns = Columns::open(Table::Country, "test", &data).unwrap();
        assert!(Ranges::<u32, u8>::read(&mut columns, 1, |v| (v < 9).then_some(1)).is_err());
    }
}
