//! Chance, the same on every machine: a seeded stream and whole-number sampling.
//!
//! Every wake of every actor has its own stream, named by (seed, actor, wake): what one actor draws
//! never depends on how often another one drew, so honest traffic stays the same line for line when
//! attacks are switched off. No floating point anywhere, hence no libm and no rounding that differs
//! between machines. Rejected: one stream for all (every change of one behaviour changes the whole
//! world), and table-driven quantiles (von Neumann's comparison method is exact and needs no table).

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// The stream of one wake of one actor.
pub(super) struct Dice(ChaCha8Rng);

impl Dice {
    /// The stream named by seed, actor and wake. Cost: one cipher block per 64 draws.
    pub(super) fn of(seed: u64, actor: u64, wake: u32) -> Self {
        let mut key = [0; 32];
        let words = [seed, actor, u64::from(wake), 0];
        for (bytes, word) in key.as_chunks_mut::<8>().0.iter_mut().zip(words) {
            *bytes = word.to_le_bytes();
        }
        Self(ChaCha8Rng::from_seed(key))
    }

    /// Any 64 bits.
    pub(super) fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number in 0..n, 0 when `n` is 0. Bias below n / 2^32.
    pub(super) fn below(&mut self, n: u32) -> u32 {
        let product = u64::from(self.0.next_u32()) * u64::from(n);
        u32::try_from(product >> 32).unwrap_or(0)
    }

    /// A number in `low..=high`; `low` when the range is empty.
    pub(super) fn between(&mut self, low: i64, high: i64) -> i64 {
        let width = u64::try_from(high.saturating_sub(low)).unwrap_or(0);
        let product = u128::from(self.0.next_u64()) * (u128::from(width) + 1);
        low.saturating_add(i64::try_from(product >> 64).unwrap_or(0))
    }

    /// True in `share` of 10,000 cases.
    pub(super) fn chance(&mut self, share: u32) -> bool {
        self.below(10_000) < share
    }

    /// One of the elements, all equally likely.
    #[expect(clippy::indexing_slicing, reason = "every list here is a non-empty constant")]
    pub(super) fn pick<'t, T>(&mut self, from: &'t [T]) -> &'t T {
        let at = self.below(u32::try_from(from.len()).unwrap_or(u32::MAX));
        &from[at as usize]
    }

    /// One of the elements by their weights; the last one when all weigh nothing.
    pub(super) fn weighted<'t, T>(
        &mut self,
        from: &'t [T],
        weight: impl Fn(&T) -> u32,
    ) -> Option<&'t T> {
        let mut left = self.below(from.iter().map(&weight).sum());
        for element in from {
            match left.checked_sub(weight(element)) {
                Some(rest) => left = rest,
                None => return Some(element),
            }
        }
        from.last()
    }

    /// The value of a list of (weight, value), by the weights.
    #[expect(clippy::indexing_slicing, reason = "every list here is a non-empty constant")]
    pub(super) fn of_weights<T: Copy>(&mut self, from: &[(u32, T)]) -> T {
        self.weighted(from, |(weight, _)| *weight).unwrap_or(&from[0]).1
    }

    /// An exponentially distributed number with this mean.
    ///
    /// Von Neumann's method (1951): the length of a falling run of uniform numbers is odd with
    /// probability e^-x given its first number x; each even run adds 1. Comparisons only.
    pub(super) fn exponential(&mut self, mean: i64) -> i64 {
        let mut whole: u64 = 0;
        let fraction = loop {
            let first = self.0.next_u32();
            let (mut last, mut falling) = (first, 1_u32);
            loop {
                let next = self.0.next_u32();
                if next >= last {
                    break;
                }
                last = next;
                falling += 1;
            }
            if falling % 2 == 1 {
                break first;
            }
            whole += 1;
        };
        let units = (i128::from(whole) << 32) + i128::from(fraction);
        i64::try_from((i128::from(mean) * units) >> 32).unwrap_or(i64::MAX)
    }
}

/// A bijection of 64 bits that looks random (the finalizer of `SplitMix64`): distinct numbers stay
/// distinct, neighbours end up far apart.
pub(super) fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_named_and_distinct() {
        let draw = |seed, actor, wake| Dice::of(seed, actor, wake).bits();
        assert_eq!(draw(1, 2, 3), draw(1, 2, 3));
        let all = [draw(1, 2, 3), draw(2, 2, 3), draw(1, 3, 3), draw(1, 2, 4)];
        let distinct: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
    }

    #[test]
    fn the_exponential_has_its_mean_and_quantiles() {
        let mut dice = Dice::of(7, 0, 0);
        let mut draws: Vec<i64> = (0..40_000).map(|_| dice.exponential(10_000)).collect();
        draws.sort_unstable();
        let mean: i64 = draws.iter().sum::<i64>() / 40_000;
        assert!((9_800..10_200).contains(&mean), "{mean}");
        let (median, p95) = (draws[20_000], draws[38_000]);
        assert!((6_700..7_160).contains(&median), "{median}: expected 6,931");
        assert!((29_000..30_900).contains(&p95), "{p95}: expected 29,957");
    }

    #[test]
    fn ranges_and_weights_hold() {
        let mut dice = Dice::of(9, 0, 0);
        let mut seen = [0; 3];
        for _ in 0..10_000 {
            assert!((-3..=4).contains(&dice.between(-3, 4)));
            seen[dice.of_weights(&[(1, 0_usize), (0, 1), (3, 2)])] += 1;
        }
        assert_eq!(seen[1], 0);
        assert!((7_300..7_700).contains(&seen[2]), "{seen:?}");
        assert_eq!(dice.below(0), 0);
        assert_eq!(dice.between(5, 5), 5);
    }
}
