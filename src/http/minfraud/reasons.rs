//! What moved the score, each with the factor it moved it by.
//!
//! The model is additive in log-odds, so the factor of a group of facts is exact: the probability over what
//! it would be were these facts as usual.

use crate::engine::Snapshot;
use crate::features::Record;
use serde::Serialize;

/// Factors between these say nothing worth a reader's time, as the format has it.
const SMALL: std::ops::RangeInclusive<f64> = 0.66..=1.5;

/// A factor and its reason.
#[derive(Debug, Serialize)]
pub(super) struct Factor {
    multiplier: f64,
    reasons: [Why; 1],
}

#[derive(Debug, Serialize)]
struct Why {
    code: String,
    reason: String,
}

/// The factors, heaviest first. By the model in use now: of a decision made with another they tell how this
/// one sees the same facts.
pub(super) fn of(snapshot: &Snapshot, record: &Record) -> Vec<Factor> {
    let Some(model) = &snapshot.model else { return Vec::new() };
    let mut parts = Vec::new();
    model.contributions(record, &mut parts);
    let log_odds = model.base() + parts.iter().map(|part| part.log_odds).sum::<f64>();
    let factors = parts.iter().map(|part| Factor {
        multiplier: rounded(multiplier(log_odds, part.log_odds)),
        reasons: [Why { code: part.group.code.to_owned(), reason: part.text().to_owned() }],
    });
    factors.filter(|factor| !SMALL.contains(&factor.multiplier)).collect()
}

/// The probability over that without a part.
fn multiplier(log_odds: f64, part: f64) -> f64 {
    let p = |log_odds: f64| 1.0 / (1.0 + (-log_odds).exp());
    p(log_odds) / p(log_odds - part)
}

fn rounded(factor: f64) -> f64 {
    (factor * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_factor_is_the_probability_over_that_without_the_part() {
        // From 10 % without to 50 % with.
        let part = 9.0_f64.ln();
        assert!((multiplier(0.0, part) - 5.0).abs() < 1e-12);
        assert!((multiplier(0.0, -part) - 0.5 / 0.9).abs() < 1e-12);
        assert!((multiplier(-3.0, 0.0) - 1.0).abs() < 1e-12);
    }
}
