//! From a row of numbers to one byte a *slot*: all a forest can ask of the row, asked once.
//!
//! A numeric feature's slot holds one more than how many of its thresholds lie below the value, 1 to 255:
//! `x <= t` exactly when the count is at most the threshold's place, whatever `x` is. Beyond 254 thresholds
//! a feature has several slots, one per page of 254. A missing value is 0, less than any; a question that
//! sends it right takes one from the byte first, which makes of 0 the greatest. A category set is a slot
//! of its own: 255 where the value is outside the set and 0 inside. So every question is `slot - turn >
//! code`, right when true, and missing values, zeros and categories cost an engine nothing.
//!
//! Slots are numbered by use, the most asked for first: what an engine with room for 256 can't hold is
//! what few trees need.

use super::{Forest, Input, Missing, Question, Test};
use std::collections::BTreeMap;

/// Thresholds of a page.
const PAGE: usize = 254;
/// Thresholds compared at once.
const CHUNK: usize = 16;

type Chunk = [f64; CHUNK];

/// Most slots of a forest.
pub(super) const MAX_SLOTS: usize = 1 << 16;

/// A question in terms of slots: right when the slot's byte less `turn`, which wraps, is greater than
/// `code`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) slot: u16,
    pub(super) code: u8,
    /// 1 where a missing value goes right, else 0.
    pub(super) turn: u8,
}

/// Turns rows into bytes.
#[derive(Debug)]
pub(super) struct Quantiser {
    input: Input,
    slots: usize,
    pages: Box<[Page]>,
    chunks: Box<[Chunk]>,
    writes: Box<[Write]>,
    tables: Box<[Table]>,
}

/// Up to 254 thresholds of one feature.
#[derive(Debug)]
struct Page {
    feature: u32,
    /// First chunk: the last threshold of each chunk that follows, or the only one.
    start: u32,
    single: bool,
    /// End of the page's part of `writes`; it begins where the page before ends.
    writes_end: u32,
}

#[derive(Debug, Clone, Copy)]
struct Write {
    slot: u16,
    missing: u8,
    zero_is_missing: bool,
}

/// The category sets of one feature.
#[derive(Debug)]
struct Table {
    feature: u32,
    /// Every category that is in a set, ascending. Any other, and none, are in no set.
    categories: Box<[u32]>,
    slots: Box<[u16]>,
    /// One row of bytes, one a slot, for each category; then for any other; then for a missing value.
    bytes: Box<[u8]>,
}

/// The slot of each kind of question.
#[derive(Debug)]
pub(super) struct Slots {
    numbers: BTreeMap<(u32, usize, Missing), u16>,
    sets: BTreeMap<(u32, Box<[u32]>, Missing), u16>,
    thresholds: BTreeMap<u32, Vec<f64>>,
}

impl Slots {
    /// What a question of the forest is in terms of slots.
    pub(super) fn asked(&self, question: &Question) -> Option<Asked> {
        let Question { feature, test, missing } = question;
        match test {
            Test::AtMost(threshold) => {
                let place = place_of(self.thresholds.get(feature)?, *threshold);
                let slot = *self.numbers.get(&(*feature, place / PAGE, counted(*missing)))?;
                let place = u8::try_from(place % PAGE).ok()?;
                Some(match missing {
                    Missing::Right | Missing::ZeroRight => Asked { slot, code: place, turn: 1 },
                    _ => Asked { slot, code: place + 1, turn: 0 },
                })
            }
            Test::In(set) => {
                let slot = *self.sets.get(&(*feature, set.clone(), *missing))?;
                Some(Asked { slot, code: 0, turn: 0 })
            }
        }
    }
}

/// What a slot depends on of what is missing: not which way that goes.
fn counted(missing: Missing) -> Missing {
    match missing {
        Missing::Left | Missing::Right => Missing::Left,
        Missing::ZeroLeft | Missing::ZeroRight => Missing::ZeroLeft,
        Missing::AsZero => Missing::AsZero,
    }
}

/// How many thresholds lie below `threshold`.
fn place_of(thresholds: &[f64], threshold: f64) -> usize {
    thresholds.partition_point(|t| *t < threshold)
}

/// `None` when the forest needs more than [`MAX_SLOTS`] slots.
pub(super) fn plan(forest: &Forest) -> Option<(Quantiser, Slots)> {
    let slots = number_slots(forest)?;
    let mut quantiser = Quantiser {
        input: forest.input,
        slots: slots.numbers.len() + slots.sets.len(),
        pages: Box::default(),
        chunks: Box::default(),
        writes: Box::default(),
        tables: tables(&slots.sets),
    };
    let (mut pages, mut chunks, mut writes) = (vec![], vec![], vec![]);
    let mut keys = slots.numbers.iter().peekable();
    while let Some(&(&(feature, page, _), _)) = keys.peek() {
        let thresholds = slots.thresholds.get(&feature)?.chunks(PAGE).nth(page)?;
        let start = u32::try_from(chunks.len()).ok()?;
        while let Some((&(_, _, missing), &slot)) =
            keys.next_if(|(key, _)| (key.0, key.1) == (feature, page))
        {
            let code = match missing {
                Missing::AsZero => u8::try_from(1 + place_of(thresholds, 0.0)).ok()?,
                _ => 0,
            };
            writes.push(Write { slot, missing: code, zero_is_missing: missing.takes_zero() });
        }
        let single = thresholds.len() <= CHUNK;
        if !single {
            chunks.push(padded(
                &thresholds.iter().copied().skip(CHUNK - 1).step_by(CHUNK).collect::<Vec<_>>(),
            ));
        }
        chunks.extend(thresholds.chunks(CHUNK).map(padded));
        // A pivot for every chunk that is full: behind the last such one there must be a chunk.
        if thresholds.len().is_multiple_of(CHUNK) {
            chunks.push(padded(&[]));
        }
        let writes_end = u32::try_from(writes.len()).ok()?;
        pages.push(Page { feature, start, single, writes_end });
    }
    (quantiser.pages, quantiser.chunks) = (pages.into(), chunks.into());
    quantiser.writes = writes.into();
    Some((quantiser, slots))
}

fn padded(thresholds: &[f64]) -> Chunk {
    let mut chunk = [f64::INFINITY; CHUNK];
    chunk.iter_mut().zip(thresholds).for_each(|(slot, t)| *slot = *t);
    chunk
}

/// Numbers the slots by use. Ties go by feature, so the numbering is the same everywhere.
fn number_slots(forest: &Forest) -> Option<Slots> {
    let mut thresholds: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
    for question in forest.trees.iter().flat_map(super::Tree::questions) {
        if let Test::AtMost(threshold) = question.test {
            // Adding zero makes one zero of the two.
            thresholds.entry(question.feature).or_default().push(threshold + 0.0);
        }
    }
    for thresholds in thresholds.values_mut() {
        thresholds.sort_by(f64::total_cmp);
        thresholds.dedup();
    }
    let mut numbers: BTreeMap<(u32, usize, Missing), u32> = BTreeMap::new();
    let mut sets: BTreeMap<(u32, Box<[u32]>, Missing), u32> = BTreeMap::new();
    for Question { feature, test, missing } in forest.trees.iter().flat_map(super::Tree::questions)
    {
        let uses = match test {
            Test::AtMost(threshold) => {
                let place = place_of(thresholds.get(feature)?, *threshold);
                numbers.entry((*feature, place / PAGE, counted(*missing))).or_default()
            }
            Test::In(set) => sets.entry((*feature, set.clone(), *missing)).or_default(),
        };
        *uses += 1;
    }
    let mut by_use: Vec<&mut u32> = numbers.values_mut().chain(sets.values_mut()).collect();
    if by_use.len() > MAX_SLOTS {
        return None;
    }
    by_use.sort_by(|a, b| b.cmp(a));
    // The count of uses has done its work; the number takes its place.
    by_use.into_iter().zip(0..).for_each(|(uses, number)| *uses = number);
    let narrow = |n: u32| u16::try_from(n).ok();
    let numbers = numbers.into_iter().map(|(k, n)| Some((k, narrow(n)?))).collect::<Option<_>>()?;
    let sets = sets.into_iter().map(|(k, n)| Some((k, narrow(n)?))).collect::<Option<_>>()?;
    Some(Slots { numbers, sets, thresholds })
}

/// A category set with what a missing value is to it, and its slot.
type Set<'a> = (&'a [u32], Missing, u16);

fn tables(sets: &BTreeMap<(u32, Box<[u32]>, Missing), u16>) -> Box<[Table]> {
    let mut features: BTreeMap<u32, Vec<Set>> = BTreeMap::new();
    for ((feature, set, missing), slot) in sets {
        features.entry(*feature).or_default().push((set, *missing, *slot));
    }
    let table = |(feature, sets): (u32, Vec<Set>)| {
        let mut categories: Vec<u32> =
            sets.iter().flat_map(|(set, ..)| set.iter().copied()).collect();
        categories.sort_unstable();
        categories.dedup();
        let outside = |inside: bool| if inside { 0 } else { u8::MAX };
        let mut bytes = Vec::with_capacity((categories.len() + 2) * sets.len());
        for category in &categories {
            bytes.extend(sets.iter().map(|(set, ..)| outside(set.binary_search(category).is_ok())));
        }
        bytes.extend(sets.iter().map(|_| outside(false)));
        bytes.extend(sets.iter().map(|(_, missing, _)| outside(*missing == Missing::Left)));
        let slots = sets.iter().map(|(.., slot)| *slot).collect();
        Table { feature, categories: categories.into(), slots, bytes: bytes.into() }
    };
    features.into_iter().map(table).collect()
}

impl Quantiser {
    /// Slots of a row.
    pub(super) fn slots(&self) -> usize {
        self.slots
    }

    /// Writes the bytes of rows, by slot, a feature after the other. Bytes of slots the forest does not
    /// have stay as they are.
    #[inline]
    pub(super) fn quantise<const N: usize>(&self, rows: [&[f64]; N], out: &mut [[u8; N]]) {
        let mut begin = 0;
        for page in &self.pages {
            let end = usize::try_from(page.writes_end).unwrap_or(usize::MAX);
            let writes = self.writes.get(begin..end).unwrap_or_default();
            for (at, row) in rows.into_iter().enumerate() {
                let x = self.value(row, page.feature);
                let code = self.code(page, x);
                for write in writes {
                    let missing = x.is_nan() || (write.zero_is_missing && x == 0.0);
                    put(out, write.slot, at, if missing { write.missing } else { code });
                }
            }
            begin = end;
        }
        for table in &self.tables {
            for (at, row) in rows.into_iter().enumerate() {
                let bytes = table.line(self.input, self.value(row, table.feature));
                for (slot, byte) in table.slots.iter().zip(bytes) {
                    put(out, *slot, at, *byte);
                }
            }
        }
    }

    /// NaN for what a short row lacks.
    #[inline]
    fn value(&self, row: &[f64], feature: u32) -> f64 {
        let x = usize::try_from(feature).ok().and_then(|feature| row.get(feature));
        self.input.read(x.copied().unwrap_or(f64::NAN))
    }

    /// One more than how many thresholds of the page lie below `x`, as if a NaN were below them all.
    #[inline]
    fn code(&self, page: &Page, x: f64) -> u8 {
        let start = usize::try_from(page.start).unwrap_or(usize::MAX);
        let chunk = |at: usize| self.chunks.get(at).map_or(0, |chunk| below(chunk, x));
        if page.single {
            return chunk(start).wrapping_add(1);
        }
        let full = chunk(start);
        // INVARIANT: at most 15 full chunks and 14 thresholds behind them: 254.
        full.wrapping_mul(16).wrapping_add(chunk(start + 1 + usize::from(full))).wrapping_add(1)
    }
}

impl Table {
    /// The bytes of a value, one a slot.
    fn line(&self, input: Input, x: f64) -> &[u8] {
        let categories = self.categories.len();
        let line = if x.is_nan() {
            categories + 1
        } else {
            let place = input.category(x).and_then(|c| self.categories.binary_search(&c).ok());
            place.unwrap_or(categories)
        };
        self.bytes.chunks_exact(self.slots.len().max(1)).nth(line).unwrap_or_default()
    }
}

#[inline]
fn put<const N: usize>(out: &mut [[u8; N]], slot: u16, row: usize, byte: u8) {
    if let Some(place) = out.get_mut(usize::from(slot)).and_then(|column| column.get_mut(row)) {
        *place = byte;
    }
}

#[inline]
fn below(chunk: &Chunk, x: f64) -> u8 {
    // Counting in the width of the numbers lets one vector instruction do several.
    let count: u64 = chunk.iter().map(|t| u64::from(x > *t)).sum();
    u8::try_from(count).unwrap_or(u8::MAX)
}
