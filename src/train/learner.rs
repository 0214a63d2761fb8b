//! A candidate: whatever was fitted, with the calibrator that makes its answer a probability.
//!
//! Three kinds of model compete on the same rows. Boosted trees are what most merchants want, a
//! probability forest is the challenger that now and then is better, and logistic regression is the
//! baseline: what trees do not gain over it is not worth their size.
//!
//! Trees are grown twice. First on the earlier rows, with the later ones to say when to stop and to
//! calibrate on; then as many on all of them, because the last days know most of what is going on. The
//! calibrator is that of the first forest, which had not seen its rows. A regression keeps the fit its
//! calibrator saw: with so few coefficients a fifth more rows changes little.

use super::calibrate;
use super::dataset::Dataset;
use super::encode::Dropped;
use super::error::TrainError;
use super::metrics::{Scored, count};
use super::report::CalibratedOn;
use super::split::{Known, Split, once};
use super::trees::Trees;
use super::{Regression, TrainConfig, outcomes};
use crate::model::{Calibrator, Growth, Platt, Scorer, sigmoid};
use serde::Serialize;
use std::fmt;
use std::str::FromStr;

/// Trees grown where there is nothing to stop them by.
const TREES_UNWATCHED: usize = 100;

/// The kinds of model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelKind {
    /// Trees, each correcting those before it.
    Boosted,
    /// Trees side by side, each on its own sample.
    Forest,
    /// One coefficient a feature.
    Logistic,
}

impl ModelKind {
    /// Its name in a sentence.
    pub fn name(self) -> &'static str {
        match self {
            Self::Boosted => "boosted trees",
            Self::Forest => "probability forest",
            Self::Logistic => "logistic regression",
        }
    }

    /// What is trained beside it for the report, the baseline last. A regression stands alone.
    pub(super) fn rivals(self) -> &'static [Self] {
        match self {
            Self::Boosted => &[Self::Forest, Self::Logistic],
            Self::Forest => &[Self::Boosted, Self::Logistic],
            Self::Logistic => &[],
        }
    }
}

impl FromStr for ModelKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "boosted" => Ok(Self::Boosted),
            "forest" => Ok(Self::Forest),
            "logistic" => Ok(Self::Logistic),
            _ => Err(format!("`{text}` is no kind; it is `boosted`, `forest` or `logistic`")),
        }
    }
}

/// What a fit ends in.
pub(super) trait Fitted: fmt::Debug {
    /// Uncalibrated log-odds of a row.
    fn margin(&self, data: &Dataset, row: usize) -> f64;
    /// The part of the artefact that scores.
    fn scorer(&self) -> Scorer;
    /// Columns that did not become features.
    fn dropped(&self) -> &[Dropped];
    /// How its trees were grown.
    fn growth(&self) -> Option<Growth>;
    /// The regression, if it is one.
    fn regression(&self) -> Option<&Regression>;
    /// Share of the trees' questions about each feature, heaviest first.
    fn importances(&self) -> Vec<(String, f64)>;
}

/// A fitted and calibrated model.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) kind: ModelKind,
    pub(super) fitted: Box<dyn Fitted>,
    pub(super) calibrator: Calibrator,
    pub(super) calibrated_on: CalibratedOn,
}

impl Candidate {
    /// Fits and calibrates a model of this kind.
    ///
    /// # Errors
    /// Nothing varies, or what a library refuses.
    pub(super) fn of(
        kind: ModelKind,
        data: &Dataset,
        split: &Split,
        config: &TrainConfig,
    ) -> Result<Self, TrainError> {
        if kind == ModelKind::Logistic {
            let regression = Regression::of(data, split, config)?;
            let (calibrator, calibrated_on) =
                (Calibrator::Platt(regression.calibrator), regression.calibrated_on);
            return Ok(Self { kind, fitted: Box::new(regression), calibrator, calibrated_on });
        }
        let config = &TrainConfig { kind, ..config.clone() };
        let most = config.boosting.trees;
        if split.calibrate.is_empty() {
            let fitted = Trees::grow(data, (&split.fit, &[]), config, most.min(TREES_UNWATCHED))?;
            let (calibrator, calibrated_on) = (as_grown(kind, data), CalibratedOn::AsGrown);
            return Ok(Self { kind, fitted: Box::new(fitted), calibrator, calibrated_on });
        }
        let first = Trees::grow(data, (&split.fit, &split.calibrate), config, most)?;
        let margins = each(&split.calibrate, |row| first.margin(data, row));
        let (calibrator, calibrated_on) = match calibrate::choose(
            &margins,
            &outcomes(&split.calibrate),
            distinct_frauds(&split.calibrate),
        ) {
            Some(calibrator) => (calibrator, CalibratedOn::LaterRows),
            None => (as_grown(kind, data), CalibratedOn::Nothing),
        };
        let all: Vec<Known> = split.fit.iter().chain(&split.calibrate).copied().collect();
        let fitted = Trees::grow(data, (&all, &[]), config, first.count())?;
        Ok(Self { kind, fitted: Box::new(fitted), calibrator, calibrated_on })
    }

    /// The answers to some rows.
    pub(super) fn scored(&self, data: &Dataset, rows: &[Known]) -> Vec<Scored> {
        let margins = each(rows, |row| self.fitted.margin(data, row));
        let probability = |margin: f64| sigmoid(self.calibrator.apply(margin));
        let scored = |(margin, known): (f64, &Known)| Scored {
            probability: probability(margin),
            fraud: known.fraud,
        };
        margins.into_iter().zip(rows).map(scored).collect()
    }
}

/// Rows of fraud, each once however many it stands for.
pub(super) fn distinct_frauds(rows: &[Known]) -> usize {
    once(rows).filter(|(known, _)| known.fraud).count()
}

/// What is asked of each row, once for all its copies.
pub(super) fn each(rows: &[Known], ask: impl Fn(usize) -> f64) -> Vec<f64> {
    once(rows).flat_map(|(known, copies)| std::iter::repeat_n(ask(known.row), copies)).collect()
}

/// No calibrator, but for a fit that knew no weights: fraud was as much rarer as rows were drawn.
fn as_grown(kind: ModelKind, data: &Dataset) -> Calibrator {
    if kind == ModelKind::Forest && data.one_in() > 1 {
        return Calibrator::Platt(undrawn_platt(data));
    }
    Calibrator::IDENTITY
}

/// What puts right the odds of a fit that knew no weights, and nothing else.
pub(super) fn undrawn_platt(data: &Dataset) -> Platt {
    Platt { slope: 1.0, intercept: -count(data.one_in()).ln() }
}
