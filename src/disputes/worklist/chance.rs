//! A chance: what was estimated before, moved by the seller's own outcomes.
//!
//! A Beta prior of `strength` cases: mean `(a + hits) / (a + b + n)`, and the interval the true share lies in
//! nine times of ten. Shown with its sample size, so that nobody takes an estimate for a measurement.

#![expect(
    clippy::float_arithmetic,
    reason = "the interval is of a density; no money is counted here"
)]

use crate::disputes::rulebook::Provenance;
use serde::Serialize;

/// How fine the density is summed: basis points.
const STEPS: u32 = 10_000;
/// Mass below the interval, and above it.
const TAIL: f64 = 0.05;

/// A share, as far as it is known. All in basis points.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Chance {
    /// The best estimate.
    pub bp: u16,
    /// Nine times of ten it is at least this.
    pub low_bp: u16,
    /// Nine times of ten it is at most this.
    pub high_bp: u16,
    /// Own cases it rests on.
    pub cases: u32,
    /// Those of them that came true.
    pub hits: u32,
    /// The estimate before own cases.
    pub prior_bp: u16,
    /// How many own cases that estimate weighs as much as.
    pub prior_cases: u32,
    /// Where that estimate was read: an id of `data/disputes/sources.toml`.
    pub source: String,
    /// How far to trust it: `primary`, `secondary`, `single`, `general`, …
    pub confidence: &'static str,
}

/// Own outcomes of one cell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counted {
    /// How many ended.
    pub cases: u32,
    /// How many of them came true.
    pub hits: u32,
}

impl Counted {
    /// Counts one more.
    pub fn add(&mut self, hit: bool) {
        self.cases = self.cases.saturating_add(1);
        self.hits = self.hits.saturating_add(u32::from(hit));
    }
}

/// A prior moved by own outcomes. Cost: one pass over ten thousand steps.
pub fn chance(prior_bp: u16, strength: u32, counted: Counted, provenance: &Provenance) -> Chance {
    let prior = f64::from(prior_bp.min(10_000)) / 1e4;
    // Neither end is certain before anything was seen.
    let a = (prior * f64::from(strength)).max(0.01) + f64::from(counted.hits);
    let b = ((1.0 - prior) * f64::from(strength)).max(0.01)
        + f64::from(counted.cases.saturating_sub(counted.hits));
    let (low_bp, high_bp) = interval(a, b);
    Chance {
        bp: basis_points(a / (a + b) * f64::from(STEPS)),
        low_bp,
        high_bp,
        cases: counted.cases,
        hits: counted.hits,
        prior_bp,
        prior_cases: strength,
        source: provenance.source.clone(),
        confidence: provenance.confidence.word(),
    }
}

/// Where all but the tails of Beta(a, b) lies, in basis points.
fn interval(a: f64, b: f64) -> (u16, u16) {
    let density = |step: u32| {
        let x = (f64::from(step) + 0.5) / f64::from(STEPS);
        (a - 1.0) * x.ln() + (b - 1.0) * (1.0 - x).ln()
    };
    let top = (0..STEPS).map(density).fold(f64::NEG_INFINITY, f64::max);
    let weight = |step: u32| (density(step) - top).exp();
    let whole: f64 = (0..STEPS).map(weight).sum();
    let (mut below, mut low, mut high) = (0.0, 0, STEPS);
    for step in 0..STEPS {
        let next = below + weight(step) / whole;
        if below <= TAIL {
            low = step;
        }
        if next >= 1.0 - TAIL {
            high = step + 1;
            break;
        }
        below = next;
    }
    (basis_points(f64::from(low)), basis_points(f64::from(high)))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to the range of basis points before"
)]
fn basis_points(value: f64) -> u16 {
    value.round().clamp(0.0, 10_000.0) as u16
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disputes::rulebook::Confidence;
    use proptest::prelude::*;

    fn of(prior_bp: u16, strength: u32, cases: u32, hits: u32) -> Chance {
        let provenance = Provenance { source: "test".to_owned(), confidence: Confidence::General };
        chance(prior_bp, strength, Counted { cases, hits }, &provenance)
    }

    #[test]
    fn own_outcomes_move_the_estimate_as_the_formula_says() {
        // (a + wins) / (a + b + n) with a = 5, b = 15.
        for (cases, hits, bp) in [(0, 0, 2_500), (20, 20, 6_250), (20, 0, 1_250), (180, 90, 4_750)]
        {
            let chance = of(2_500, 20, cases, hits);
            assert_eq!((chance.bp, chance.cases, chance.hits), (bp, cases, hits));
        }
    }

    #[test]
    fn the_interval_is_that_of_the_distribution() {
        // Beta(1, 1) is even; Beta(5, 15) by tables: 0.1097 and 0.4191.
        let even = of(5_000, 2, 0, 0);
        assert!(even.low_bp.abs_diff(500) <= 1 && even.high_bp.abs_diff(9_500) <= 1, "{even:?}");
        let usual = of(2_500, 20, 0, 0);
        let expected = (1_097, 4_191);
        assert!(usual.low_bp.abs_diff(expected.0) <= 5, "{usual:?}");
        assert!(usual.high_bp.abs_diff(expected.1) <= 5, "{usual:?}");
    }

    #[test]
    fn more_cases_narrow_it() {
        let width = |cases| {
            let chance = of(5_000, 20, cases, cases / 2);
            chance.high_bp - chance.low_bp
        };
        let widths = [0, 20, 100, 1_000].map(width);
        assert!(widths.is_sorted_by(|a, b| a > b), "{widths:?}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn the_estimate_lies_in_its_interval(
            prior in 100_u16..9_900, strength in 4_u32..100, cases in 0_u32..400, share in 0_u32..=100,
        ) {
            let chance = of(prior, strength, cases, cases * share / 100);
            prop_assert!(chance.low_bp <= chance.bp && chance.bp <= chance.high_bp, "{chance:?}");
        }

        #[test]
        fn one_win_more_never_lowers_it(prior in 0_u16..=10_000, cases in 0_u32..200, share in 0_u32..=100) {
            let hits = cases * share / 100;
            prop_assert!(of(prior, 20, cases + 1, hits + 1).bp >= of(prior, 20, cases, hits).bp);
            prop_assert!(of(prior, 20, cases + 1, hits).bp <= of(prior, 20, cases, hits).bp);
        }
    }
}
