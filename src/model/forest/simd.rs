//! The matching engine's kernel for AVX2, the only file with `unsafe` in it.
//!
//! Two things need it: calling a function compiled for AVX2, sound because a [`Token`] exists only
//! where the processor was asked for AVX2; and reading a vector from an array, sound because the array
//! is as long as the vector and an unaligned load is used.
#![expect(unsafe_code, reason = "vector loads and calls after detection, see above")]

use super::columns::{Columns, ROWS, Scratch};
use super::matching::Matched;
use super::quantise::Quantiser;

/// Proof that this processor has AVX2.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token(());

#[cfg(not(target_arch = "x86_64"))]
#[expect(clippy::unused_self, reason = "a token is a proof, not a value")]
impl Token {
    /// Never: there is no such processor.
    pub(super) fn detect() -> Option<Self> {
        None
    }

    /// Adds up the leaves a quantised row ends in.
    pub(super) fn sum(self, _: &Matched, _: &[u8]) -> i64 {
        0
    }

    /// As [`Columns::add`].
    pub(super) fn add(self, columns: &Columns, scratch: &mut Scratch, sums: &mut [i64; ROWS]) {
        columns.add(scratch, sums);
    }

    /// As [`Quantiser::quantise`].
    pub(super) fn quantise<const N: usize>(
        self,
        quantiser: &Quantiser,
        rows: [&[f64]; N],
        out: &mut [[u8; N]],
    ) {
        quantiser.quantise(rows, out);
    }
}

#[cfg(target_arch = "x86_64")]
#[expect(clippy::unused_self, reason = "a token is a proof, not a value")]
impl Token {
    /// Asks the processor.
    pub(super) fn detect() -> Option<Self> {
        let has_all = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("bmi1");
        has_all.then_some(Self(()))
    }

    /// Adds up the leaves a quantised row ends in.
    pub(super) fn sum(self, matched: &Matched, row: &[u8]) -> i64 {
        // SAFETY: `self` proves that the features are there.
        unsafe {
            match matched.groups {
                0 | 1 => avx2::sum::<1>(matched, row),
                2 => avx2::sum::<2>(matched, row),
                4 => avx2::sum::<4>(matched, row),
                8 => avx2::sum::<8>(matched, row),
                _ => avx2::sum::<16>(matched, row),
            }
        }
    }

    /// As [`Columns::add`], 32 rows to a vector.
    pub(super) fn add(self, columns: &Columns, scratch: &mut Scratch, sums: &mut [i64; ROWS]) {
        // SAFETY: `self` proves that the features are there.
        unsafe { avx2::add(columns, scratch, sums) }
    }

    /// As [`Quantiser::quantise`], with four thresholds compared at once.
    pub(super) fn quantise<const N: usize>(
        self,
        quantiser: &Quantiser,
        rows: [&[f64]; N],
        out: &mut [[u8; N]],
    ) {
        // SAFETY: `self` proves that the features are there.
        unsafe { avx2::quantise(quantiser, rows, out) }
    }
}

#[cfg(target_arch = "x86_64")]
#[expect(clippy::indexing_slicing, reason = "constant indices within arrays of constant length")]
mod avx2 {
    use super::super::matching::{
        Class, FLIP, FOUR_LEAVES, HALF_LEAVES, Matched, ONE_LEAVES, Pair, TWO_LEAVES,
    };
    use super::{Columns, Quantiser, ROWS, Scratch};
    use std::arch::x86_64::{
        __m128i, __m256i, _mm_loadu_si128, _mm256_add_epi8, _mm256_and_si256, _mm256_blendv_epi8,
        _mm256_broadcastsi128_si256, _mm256_cmpeq_epi16, _mm256_cmpgt_epi8, _mm256_loadu_si256,
        _mm256_movemask_epi8, _mm256_packs_epi16, _mm256_set1_epi8, _mm256_set1_epi32,
        _mm256_setr_epi8, _mm256_shuffle_epi8, _mm256_sub_epi8, _mm256_xor_si256,
    };

    #[target_feature(enable = "avx2,bmi1")]
    pub(super) fn quantise<const N: usize>(
        quantiser: &Quantiser,
        rows: [&[f64]; N],
        out: &mut [[u8; N]],
    ) {
        quantiser.quantise(rows, out);
    }

    #[target_feature(enable = "avx2,bmi1")]
    pub(super) fn add(columns: &Columns, scratch: &mut Scratch, sums: &mut [i64; ROWS]) {
        columns.add(scratch, sums);
    }

    #[target_feature(enable = "avx2,bmi1")]
    pub(super) fn sum<const G: usize>(matched: &Matched, row: &[u8]) -> i64 {
        let row = &load_row::<G>(row);
        let mut sum = 0;
        let halves = matched.half.leaves.as_chunks::<{ 2 * HALF_LEAVES }>().0;
        for (pair, leaves) in matched.half.pairs.iter().zip(halves) {
            let paths = paths(pair, row);
            // A bit above each half stands for the leaf without a path.
            sum += leaves[low(paths & 0xffff | 0x1_0000)];
            sum += leaves[HALF_LEAVES + low(paths >> 16 | 0x1_0000)];
        }
        let ones = matched.one.leaves.as_chunks::<ONE_LEAVES>().0;
        for (pair, leaves) in matched.one.pairs.iter().zip(ones) {
            sum += leaves[low(paths(pair, row))];
        }
        let twos = matched.two.leaves.as_chunks::<TWO_LEAVES>().0;
        for (pairs, leaves) in matched.two.pairs.as_chunks::<2>().0.iter().zip(twos) {
            let both = u64::from(paths(&pairs[0], row)) | u64::from(paths(&pairs[1], row)) << 32;
            sum += leaves[both.trailing_zeros() as usize];
        }
        sum + many::<3, G>(&matched.three, row) + many::<4, G>(&matched.four, row)
    }

    #[inline]
    #[target_feature(enable = "avx2,bmi1")]
    fn many<const P: usize, const G: usize>(class: &Class, row: &[__m256i; G]) -> i64 {
        let mut sum = 0;
        let leaves = class.leaves.as_chunks::<FOUR_LEAVES>().0;
        for (pairs, leaves) in class.pairs.as_chunks::<P>().0.iter().zip(leaves) {
            let mut all = 0_u128;
            for (place, pair) in pairs.iter().enumerate() {
                all |= u128::from(paths(pair, row)) << (32 * place);
            }
            sum += leaves[all.trailing_zeros() as usize];
        }
        sum
    }

    /// The lowest bit that is set, 32 for none.
    #[inline]
    fn low(bits: u32) -> usize {
        bits.trailing_zeros() as usize
    }

    /// Which of the pair's paths the row takes, the first stage in the low half.
    #[inline]
    #[target_feature(enable = "avx2,bmi1")]
    fn paths<const G: usize>(pair: &Pair, row: &[__m256i; G]) -> u32 {
        let bytes = _mm256_sub_epi8(bytes(row, load(&pair.slot)), load(&pair.turn));
        let answers = _mm256_cmpgt_epi8(bytes, load(&pair.code));
        // Each answer is a bit now; each half of the vector gets its stage's sixteen, eight times.
        let answers = _mm256_shuffle_epi8(
            _mm256_set1_epi32(_mm256_movemask_epi8(answers)),
            _mm256_setr_epi8(
                0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, //
                2, 3, 2, 3, 2, 3, 2, 3, 2, 3, 2, 3, 2, 3, 2, 3,
            ),
        );
        let (mask, value) = (load_words(&pair.mask), load_words(&pair.value));
        let first = _mm256_cmpeq_epi16(_mm256_and_si256(answers, mask[0]), value[0]);
        let rest = _mm256_cmpeq_epi16(_mm256_and_si256(answers, mask[1]), value[1]);
        _mm256_movemask_epi8(_mm256_packs_epi16(first, rest)).cast_unsigned()
    }

    /// The row's bytes of 32 slots: from each group of sixteen by the low four bits, then between
    /// groups by the bits above.
    #[inline]
    #[target_feature(enable = "avx2,bmi1")]
    fn bytes<const G: usize>(row: &[__m256i; G], slots: __m256i) -> __m256i {
        let within = if G > 8 { _mm256_and_si256(slots, _mm256_set1_epi8(0x7f)) } else { slots };
        let mut found = *row;
        for group in &mut found {
            *group = _mm256_shuffle_epi8(*group, within);
        }
        // Bits 7, 6, 5 and 4 of every slot brought to the top of its byte.
        let b7 = slots;
        let b6 = _mm256_add_epi8(b7, b7);
        let b5 = _mm256_add_epi8(b6, b6);
        let b4 = _mm256_add_epi8(b5, b5);
        let mut left = G;
        for bit in [b4, b5, b6, b7] {
            left /= 2;
            for at in 0..left {
                found[at] = _mm256_blendv_epi8(found[2 * at], found[2 * at + 1], bit);
            }
        }
        found[0]
    }

    #[inline]
    #[target_feature(enable = "avx2,bmi1")]
    fn load_row<const G: usize>(row: &[u8]) -> [__m256i; G] {
        let flip = _mm256_set1_epi8(FLIP.cast_signed());
        let groups = row.as_chunks::<16>().0;
        std::array::from_fn(|group| {
            let bytes = groups.get(group).unwrap_or(&[0; 16]);
            // SAFETY: sixteen bytes are read from an array of sixteen.
            let bytes: __m128i = unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) };
            _mm256_xor_si256(_mm256_broadcastsi128_si256(bytes), flip)
        })
    }

    #[inline]
    #[target_feature(enable = "avx2,bmi1")]
    fn load(bytes: &[u8; 32]) -> __m256i {
        // SAFETY: 32 bytes are read from an array of 32.
        unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
    }

    #[inline]
    #[target_feature(enable = "avx2,bmi1")]
    fn load_words(words: &[u16; 32]) -> [__m256i; 2] {
        let start = words.as_ptr();
        // SAFETY: 64 bytes are read from an array of 64.
        unsafe { [_mm256_loadu_si256(start.cast()), _mm256_loadu_si256(start.add(16).cast())] }
    }
}
