//! What each feature is worth: alone, and missed.
//!
//! The gain of a model is how much less its log loss on the test is than that of the best constant,
//! the test's own fraud rate. A feature alone is a model of that feature, fitted and calibrated as the
//! whole one is; a feature left out is the whole model fitted again without it. Shares of features
//! alone do not add up to one, since features repeat each other: only the largest says something, that
//! the model is not one feature in disguise.

use super::dataset::Dataset;
use super::error::TrainError;
use super::fit::{self, Fit};
use super::learner::undrawn_platt;
use super::metrics::{Metrics, Scored, metrics};
use super::split::{Known, Split, once, undrawn};
use super::{Regression, TrainConfig, outcomes};
use crate::model::{Logistic, Platt, sigmoid};
use ndarray::{Array2, ArrayView1, Axis};
use serde::Serialize;

/// Features that are also left out, the best alone first: each is a whole fit.
const LEFT_OUT: usize = 10;

/// What the model and each of its features gain over the base rate, on the test rows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Gains {
    /// Log loss of the best constant probability.
    pub base_log_loss: f64,
    /// Base log loss − log loss of the model.
    pub model: f64,
    /// One entry a feature, the best alone first.
    pub features: Vec<FeatureGain>,
}

/// What one feature is worth.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FeatureGain {
    /// The field's name.
    pub name: String,
    /// Gain of a model of this feature alone; below 0 where it misleads.
    pub alone: f64,
    /// `alone` / gain of the model; `None` where the model gains nothing.
    pub share: Option<f64>,
    /// PR-AUC of a model of this feature alone.
    pub pr_auc_alone: f64,
    /// Gain lost when the model is fitted without it; `None` where that was not tried.
    pub left_out: Option<f64>,
    /// `left_out` / gain of the model; `None` as both.
    pub share_lost: Option<f64>,
    /// Largest coefficient: in log-odds a scale for numbers, of a word for words.
    pub coefficient: f64,
}

/// Rows as cells, with their outcomes.
struct Sheet {
    /// A line a row.
    cells: Array2<f64>,
    /// How often each line counts.
    copies: Vec<usize>,
    /// Of every copy.
    outcomes: Vec<bool>,
}

/// The three slices every trial goes through.
struct Bench {
    /// Of the rows fitted, and what became of them.
    cells: Array2<f64>,
    outcomes: Vec<bool>,
    /// Where there are none of their own, the rows fitted.
    calibrate: Sheet,
    test: Sheet,
    /// Where margins do not rank.
    uncalibrated: Platt,
    l2: f64,
}

/// Measures every feature alone and, where the configuration says so, the best ones left out. `None`
/// where the test has one class only. Cost: a small fit a feature, and a whole one for each left out.
///
/// # Errors
/// As [`fit::logistic`].
pub(super) fn gains(
    data: &Dataset,
    split: &Split,
    regression: &Regression,
    config: &TrainConfig,
    test: &Metrics,
) -> Result<Option<Gains>, TrainError> {
    let (Some(rate), Some(log_loss)) = (test.base_rate, test.log_loss) else { return Ok(None) };
    if rate <= 0.0 || rate >= 1.0 {
        return Ok(None);
    }
    let base_log_loss = -(rate * rate.ln() + (1.0 - rate) * (1.0 - rate).ln());
    let model = base_log_loss - log_loss;
    let bench = Bench::of(data, split, regression, config.l2);
    let of = |cells: &[usize]| -> Result<(f64, f64), TrainError> {
        let found = bench.judge(cells)?;
        Ok((base_log_loss - found.log_loss.unwrap_or(f64::NAN), found.pr_auc.unwrap_or(f64::NAN)))
    };
    let share = |gain: f64| (model > 0.0).then(|| gain / model);
    let features = regression.encoding.cells_by_feature();
    let mut gains = Vec::with_capacity(features.len());
    for (name, cells) in &features {
        let (alone, pr_auc_alone) = of(cells)?;
        gains.push(FeatureGain {
            name: (*name).to_owned(),
            alone,
            share: share(alone),
            pr_auc_alone,
            left_out: None,
            share_lost: None,
            coefficient: coefficient(&regression.logistic, name),
        });
    }
    gains.sort_by(|a, b| b.alone.total_cmp(&a.alone));
    for gain in gains.iter_mut().take(if config.ablation { LEFT_OUT } else { 0 }) {
        let others = features.iter().filter(|(name, _)| *name != gain.name);
        let cells: Vec<usize> = others.flat_map(|(_, cells)| cells.iter().copied()).collect();
        if !cells.is_empty() {
            let lost = model - of(&cells)?.0;
            (gain.left_out, gain.share_lost) = (Some(lost), share(lost));
        }
    }
    Ok(Some(Gains { base_log_loss, model, features: gains }))
}

/// The coefficient of a number, or the largest of a word's.
fn coefficient(model: &Logistic, name: &str) -> f64 {
    if let Some(number) = model.numbers.iter().find(|number| number.name == name) {
        return number.coefficient;
    }
    let levels = model.words.iter().filter(|word| word.name == name).flat_map(|word| &word.levels);
    let coefficients = levels.map(|level| level.coefficient);
    coefficients.max_by(|a, b| a.abs().total_cmp(&b.abs())).unwrap_or(0.0)
}

impl Bench {
    fn of(data: &Dataset, split: &Split, regression: &Regression, l2: f64) -> Self {
        let sheet = |rows: &[Known]| {
            let (once, copies): (Vec<Known>, Vec<usize>) = once(rows).unzip();
            let cells = regression.encoding.matrix(data, &once);
            Sheet { cells, copies, outcomes: outcomes(rows) }
        };
        let fit = undrawn(data, &split.fit);
        let calibrate = if split.calibrate.is_empty() { &split.fit } else { &split.calibrate };
        Self {
            cells: regression.encoding.matrix(data, &fit),
            outcomes: outcomes(&fit),
            calibrate: sheet(calibrate),
            test: sheet(&split.test),
            uncalibrated: undrawn_platt(data),
            l2,
        }
    }

    /// Fits, calibrates and judges a model of these cells.
    fn judge(&self, cells: &[usize]) -> Result<Metrics, TrainError> {
        let fit = fit::logistic(&self.cells.select(Axis(1), cells), &self.outcomes, self.l2)?;
        let platt = fit::platt(&self.calibrate.margins(&fit, cells), &self.calibrate.outcomes);
        let Platt { slope, intercept } = platt.unwrap_or(self.uncalibrated);
        let margins = self.test.margins(&fit, cells);
        let scored = margins.iter().zip(&self.test.outcomes).map(|(margin, fraud)| Scored {
            probability: sigmoid(slope * margin + intercept),
            fraud: *fraud,
        });
        Ok(metrics(&scored.collect::<Vec<_>>()))
    }
}

impl Sheet {
    /// The margin of every copy of every row.
    fn margins(&self, fit: &Fit, cells: &[usize]) -> Vec<f64> {
        let matrix = self.cells.select(Axis(1), cells);
        let rows = matrix.rows().into_iter().zip(&self.copies);
        let margin = |row: ArrayView1<f64>| fit.margin(row.iter().copied());
        rows.flat_map(|(row, copies)| std::iter::repeat_n(margin(row), *copies)).collect()
    }
}
