//! Fits the regression and its calibrator.
//!
//! smartcore minimises Σ log loss + `l2`/2 · Σ coefficient² by L-BFGS from zero, the intercept
//! unpenalised: the same optimum on every run, no randomness. It reports neither iterations nor
//! convergence, so the gradient at its answer is computed here and reported. The calibrator has two
//! coefficients and is fitted by Newton's method, exactly.

use super::error::TrainError;
use super::metrics::count;
use crate::model::{Platt, sigmoid};
use ndarray::Array2;
use smartcore::linear::logistic_regression::{LogisticRegression, LogisticRegressionParameters};

/// A fitted regression: one coefficient a column of the matrix.
#[derive(Debug)]
pub(super) struct Fit {
    pub(super) intercept: f64,
    pub(super) coefficients: Vec<f64>,
    /// Largest component of the mean gradient; near zero at the optimum.
    pub(super) gradient: f64,
}

impl Fit {
    /// The regression's answer to one row of cells, in uncalibrated log-odds.
    pub(super) fn margin(&self, row: impl IntoIterator<Item = f64>) -> f64 {
        row.into_iter().zip(&self.coefficients).fold(self.intercept, |sum, (x, c)| sum + x * c)
    }
}

/// Fits `matrix` to `outcomes` with penalty `l2` ≥ 0.
///
/// # Errors
/// What smartcore refuses, and a coefficient that is not finite.
pub(super) fn logistic(
    matrix: &Array2<f64>,
    outcomes: &[bool],
    l2: f64,
) -> Result<Fit, TrainError> {
    let classes: Vec<u32> = outcomes.iter().map(|fraud| u32::from(*fraud)).collect();
    let parameters = LogisticRegressionParameters::default().with_alpha(l2);
    let fitted = LogisticRegression::fit(matrix, &classes, parameters).map_err(TrainError::Fit)?;
    let coefficients: Vec<f64> = fitted.coefficients().iter().copied().collect();
    let intercept = fitted.intercept().iter().copied().next().unwrap_or(f64::NAN);
    if !intercept.is_finite() || coefficients.iter().any(|c| !c.is_finite()) {
        return Err(TrainError::NotFinite);
    }
    let mut fit = Fit { intercept, coefficients, gradient: 0.0 };
    fit.gradient = gradient(&fit, matrix, outcomes, l2);
    Ok(fit)
}

fn gradient(fit: &Fit, matrix: &Array2<f64>, outcomes: &[bool], l2: f64) -> f64 {
    let mut slopes: Vec<f64> = fit.coefficients.iter().map(|c| l2 * c).collect();
    let mut slope_of_intercept = 0.0;
    for (row, fraud) in matrix.rows().into_iter().zip(outcomes) {
        let error = sigmoid(fit.margin(row.iter().copied())) - f64::from(u8::from(*fraud));
        slope_of_intercept += error;
        slopes.iter_mut().zip(row).for_each(|(slope, x)| *slope += error * x);
    }
    let largest = slopes.iter().fold(f64::abs(slope_of_intercept), |m, s| m.max(s.abs()));
    largest / count(outcomes.len())
}

/// Platt's calibrator: the slope and intercept that make margins the log-odds of `outcomes`, fitted
/// to his smoothed targets. `None` when the margins do not rank: a slope that is not positive would
/// turn the order round.
pub(super) fn platt(margins: &[f64], outcomes: &[bool]) -> Option<Platt> {
    let positives = count(outcomes.iter().filter(|fraud| **fraud).count());
    let negatives = count(outcomes.len()) - positives;
    let high = (positives + 1.0) / (positives + 2.0);
    let low = 1.0 / (negatives + 2.0);
    let target = |fraud: &bool| if *fraud { high } else { low };
    let rows = margins.iter().zip(outcomes).map(|(margin, fraud)| (*margin, target(fraud)));
    let Line { slope, intercept, .. } = line(&rows)?;
    (slope > 1e-3).then_some(Platt { slope, intercept })
}

/// Log-odds as a straight line of one number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line {
    slope: f64,
    intercept: f64,
    /// Summed log loss.
    pub(super) loss: f64,
}

/// The best line through (number, target) pairs, targets in 0..=1, by Newton's method with the step
/// halved until the loss falls. Meant for numbers of moderate size. `None` when there is none.
pub(super) fn line(rows: &(impl Iterator<Item = (f64, f64)> + Clone)) -> Option<Line> {
    let loss = |a: f64, b: f64| -> f64 {
        let term = |(x, t): (f64, f64)| {
            let margin = a * x + b;
            (1.0 - t) * softplus(margin) + t * softplus(-margin)
        };
        rows.clone().map(term).sum()
    };
    let (mut a, mut b) = (0.0, 0.0);
    let mut best = loss(a, b);
    for _ in 0..50 {
        let (da, db) = newton_step(a, b, rows.clone());
        let mut step = 1.0;
        let mut next = loss(a - da, b - db);
        while next > best && step > 1e-9 {
            step /= 2.0;
            next = loss(a - step * da, b - step * db);
        }
        let gained = best - next;
        if !next.is_finite() || gained < 0.0 {
            break;
        }
        (a, b, best) = (a - step * da, b - step * db, next);
        if gained <= 1e-10 * best {
            break;
        }
    }
    let found = Line { slope: a, intercept: b, loss: best };
    (a.is_finite() && b.is_finite() && best.is_finite()).then_some(found)
}

/// Newton's step for `(a, b)`: the Hessian's inverse times the gradient.
fn newton_step(a: f64, b: f64, rows: impl Iterator<Item = (f64, f64)>) -> (f64, f64) {
    let (mut ga, mut gb, mut haa, mut hab, mut hbb) = (0.0, 0.0, 1e-12, 0.0, 1e-12);
    for (m, target) in rows {
        let p = sigmoid(a * m + b);
        let weight = p * (1.0 - p);
        ga += (p - target) * m;
        gb += p - target;
        haa += weight * m * m;
        hab += weight * m;
        hbb += weight;
    }
    let determinant = haa * hbb - hab * hab;
    if determinant > 1e-12 * haa * hbb {
        ((hbb * ga - hab * gb) / determinant, (haa * gb - hab * ga) / determinant)
    } else {
        (0.0, gb / hbb)
    }
}

/// ln(1 + e^x) without overflow.
fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::tests::uniform;
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;

    #[test]
    fn platt_recovers_a_known_distortion() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let margins: Vec<f64> = (0..20_000).map(|_| uniform(&mut rng) * 8.0 - 6.0).collect();
        let outcomes: Vec<bool> =
            margins.iter().map(|m| uniform(&mut rng) < sigmoid(0.5 * m - 1.0)).collect();
        let found = platt(&margins, &outcomes).unwrap();
        assert!((found.slope - 0.5).abs() < 0.05, "{found:?}");
        assert!((found.intercept + 1.0).abs() < 0.1, "{found:?}");
    }

    #[test]
    fn platt_never_turns_the_order_round() {
        let margins: Vec<f64> = (0..100).map(f64::from).collect();
        let falling: Vec<bool> = (0..100).map(|i| i < 50).collect();
        assert_eq!(platt(&margins, &falling), None);
        assert_eq!(platt(&[0.5; 4], &[true, false, true, false]), None, "nothing to rank");
    }

    #[test]
    fn a_rare_class_on_scaled_columns_is_fitted_to_the_optimum() {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let truth = [1.5, -0.75, 0.0];
        let matrix = Array2::from_shape_fn((12_000, 3), |_| uniform(&mut rng) * 4.0 - 2.0);
        let outcomes: Vec<bool> = matrix
            .rows()
            .into_iter()
            .map(|row| {
                let margin = row.iter().zip(truth).fold(-5.5, |sum, (x, c)| sum + x * c);
                uniform(&mut rng) < sigmoid(margin)
            })
            .collect();
        let frauds = outcomes.iter().filter(|fraud| **fraud).count();
        assert!((100..300).contains(&frauds), "{frauds} frauds");
        let fit = logistic(&matrix, &outcomes, 1.0).unwrap();
        assert!(fit.gradient < 1e-6, "{}", fit.gradient);
        assert!((fit.intercept + 5.5).abs() < 0.4, "{fit:?}");
        for (found, truth) in fit.coefficients.iter().zip(truth) {
            assert!((found - truth).abs() < 0.3, "{fit:?}");
        }
    }
}
