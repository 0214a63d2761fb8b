//! What a training run says about itself. `metrics.json` is this, [`super::table`] prints it and
//! [`super::html`] draws it: the three never differ.
//!
//! The test measures are the ones to quote. Those of training stand beside them so that a model that
//! only remembers shows, and `notes` names everything a reader would otherwise have to ask.

use super::TrainConfig;
use super::calibration::{ReliabilityBin, ScoreBin, distribution, reliability};
use super::cards::{self, Intervals};
use super::dataset::Dataset;
use super::delay::{self, LabelDelay, Week};
use super::drift::{self, Drift};
use super::encode::Dropped;
use super::error::TrainError;
use super::gain::{self, Gains};
use super::learner::{self, Candidate, ModelKind};
use super::metrics::{Bin, Metrics, Scored, bins, metrics};
use super::refit::{self, DelayEffect};
use super::slices::{self, Slice};
use super::split::{Known, Split, Windows};
use super::thresholds::{self, Priced, Thresholds};
use crate::domain::{Calibration, DAY_MS};
use crate::model::Model;
use serde::Serialize;

/// Below this many frauds a test measures chance more than the model.
const FEW_FRAUDS: usize = 100;
/// Above this mean gradient the optimiser stopped before the optimum.
const LARGE_GRADIENT: f64 = 1e-4;

/// The report of one run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The model's name.
    pub model: String,
    /// The model's digest.
    pub sha256: String,
    /// What was trained.
    pub kind: ModelKind,
    /// The calibrator chosen: `Platt`, `beta` or `isotonic`.
    pub calibrator: &'static str,
    /// What the probability is a probability of.
    pub label: String,
    /// Whose labels it was trained on.
    pub calibration: Calibration,
    /// When training, calibration and test took place.
    pub windows: Windows,
    /// What became of every row given.
    pub rows: RowCounts,
    /// What the calibrator was fitted on.
    pub calibrated_on: CalibratedOn,
    /// Features the model reads.
    pub features: usize,
    /// Fields that could have been features.
    pub dropped: Vec<Dropped>,
    /// What a reader should know before believing the numbers.
    pub notes: Vec<String>,
    /// On the rows the coefficients were fitted on.
    pub training: Metrics,
    /// On the later rows nothing was fitted on.
    pub test: Metrics,
    /// The model and those trained beside it, the baseline last, on the same test rows.
    pub rivals: Vec<Rival>,
    /// The test rows in ten parts of equal size, riskiest first.
    pub test_deciles: Vec<Bin>,
    /// The test rows by probability, with the fraud rate that came.
    pub reliability: Vec<ReliabilityBin>,
    /// The test rows by probability and class.
    pub score_distribution: Vec<ScoreBin>,
    /// What declining from a probability on would have done to the test rows.
    pub thresholds: Thresholds,
    /// Every week of the data.
    pub weeks: Vec<Week>,
    /// How late labels came.
    pub label_delay: LabelDelay,
    /// What the delay does to a model that does not wait; `None` unless asked for.
    pub delay_effect: Option<DelayEffect>,
    /// What each feature is worth to the regression; `None` where the test has one class only.
    pub gains: Option<Gains>,
    /// The test rows by country, method, type and account, all at one threshold.
    pub slices: Vec<Slice>,
    /// How much the trees ask about each feature, most first; empty for a regression.
    pub importances: Vec<Importance>,
    /// How far each feature moved from the fitted rows to those of the test, most first.
    pub drift: Vec<Drift>,
}

/// A model on the test rows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rival {
    /// What it is.
    pub kind: ModelKind,
    /// Features it reads.
    pub features: usize,
    /// Its trees; `None` for a regression.
    pub trees: Option<usize>,
    /// Its calibrator.
    pub calibrator: &'static str,
    /// Its measures.
    pub test: Metrics,
    /// Share of cards with a fraud among the 100 riskiest of a day, mean over the days; a card that was
    /// found leaves the days after.
    pub card_precision_at_100: Option<f64>,
    /// 95 % intervals by drawing cards; `None` where the test has one class only.
    pub intervals: Option<Intervals>,
}

impl Rival {
    fn of(candidate: &Candidate, run: &Run<'_>) -> Self {
        let Run { data, split, config, .. } = *run;
        let scored = candidate.scored(data, &split.test);
        Self {
            kind: candidate.kind,
            features: candidate.fitted.scorer().features(),
            trees: candidate.fitted.growth().map(|growth| growth.trees),
            calibrator: candidate.calibrator.name(),
            test: metrics(&scored),
            card_precision_at_100: cards::precision(data, &split.test, &scored),
            intervals: cards::intervals(data, &split.test, &scored, config.seed),
        }
    }
}

/// How much the trees ask about a feature.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Importance {
    /// The field's name.
    pub name: String,
    /// Share of all questions, 0..=1.
    pub share: f64,
}

/// What became of the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct RowCounts {
    /// Rows given.
    pub given: usize,
    /// Fitted.
    pub fitted: usize,
    /// Used for the calibrator alone.
    pub calibrated: usize,
    /// Frauds among them.
    pub calibrated_positives: usize,
    /// Tested.
    pub tested: usize,
    /// In the training window, but of unknown outcome: too young, or nobody said.
    pub unknown_in_training: usize,
    /// In the test window, but of unknown outcome.
    pub unknown_in_test: usize,
    /// In no window.
    pub outside: usize,
    /// Not among those given: refused payments nobody labelled, which have no outcome.
    pub refused: usize,
    /// Declines that were let through; each counts here once, and elsewhere as often as it stands for
    /// one.
    pub passed: usize,
}

/// What a calibrator was fitted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CalibratedOn {
    /// The last fifth of the training window, which the coefficients never saw.
    LaterRows,
    /// The rows the coefficients were fitted on, for want of frauds.
    TrainingRows,
    /// Nothing, for want of frauds: the trees' own log-odds are taken as they are.
    AsGrown,
    /// Nothing: the margins did not rank, and are taken as they are.
    Nothing,
}

impl CalibratedOn {
    /// What to know of it; `None` where all is well.
    fn note(self) -> Option<&'static str> {
        match self {
            Self::LaterRows => None,
            Self::TrainingRows => Some(
                "the last fifth of the training window has too few frauds to calibrate on: the \
                 calibrator saw the rows the coefficients were fitted on",
            ),
            Self::AsGrown => Some(
                "the last fifth of the training window has too few frauds to calibrate on or to stop \
                 by: the trees' own log-odds are taken as they are",
            ),
            Self::Nothing => Some(
                "the model does not rank the calibration rows better than chance: its probabilities \
                 are not calibrated; do not use it",
            ),
        }
    }
}

/// A finished run, from which everything said of it follows.
pub(super) struct Run<'a> {
    pub(super) data: &'a Dataset,
    pub(super) config: &'a TrainConfig,
    pub(super) split: &'a Split,
    pub(super) candidate: &'a Candidate,
    pub(super) rivals: &'a [Candidate],
    pub(super) model: &'a Model,
}

impl Report {
    /// Judges the model on the training rows and, once, on the test rows.
    ///
    /// # Errors
    /// A model of fewer features, or of other labels, that can't be fitted.
    pub(super) fn of(run: &Run<'_>) -> Result<Self, TrainError> {
        let Run { data, config, split, candidate, rivals, model } = *run;
        let scored = candidate.scored(data, &split.test);
        let test = metrics(&scored);
        let mut test_deciles = bins(&scored, 10);
        test_deciles.reverse();
        let weeks = delay::weeks(data, &split.windows, config.delay_ms);
        let everyone = || std::iter::once(candidate).chain(rivals);
        let importance = |(name, share)| Importance { name, share };
        let effect = || refit::delay_effect(data, config, split);
        let mut report = Self {
            model: model.artefact().name.clone(),
            sha256: model.digest().to_owned(),
            kind: candidate.kind,
            calibrator: candidate.calibrator.name(),
            label: model.artefact().label.clone(),
            calibration: model.calibration(),
            windows: split.windows,
            rows: RowCounts::of(split, data),
            calibrated_on: candidate.calibrated_on,
            features: model.artefact().scorer.features(),
            dropped: candidate.fitted.dropped().to_vec(),
            notes: vec![],
            training: metrics(&candidate.scored(data, &split.fit)),
            test,
            rivals: everyone().map(|candidate| Rival::of(candidate, run)).collect(),
            test_deciles,
            reliability: reliability(&scored),
            score_distribution: distribution(&scored),
            thresholds: thresholds::sweep(&priced(data, &split.test, &scored), config.costs),
            label_delay: delay::label_delay(data, &weeks),
            weeks,
            delay_effect: config.ablation.then(effect).transpose()?,
            gains: match everyone().find_map(|one| Some((one, one.fitted.regression()?))) {
                Some((baseline, regression)) => {
                    let test = metrics(&baseline.scored(data, &split.test));
                    gain::gains(data, split, regression, config, &test)?
                }
                None => None,
            },
            slices: slices::slices(data, &split.test, &scored),
            importances: candidate.fitted.importances().into_iter().map(importance).collect(),
            drift: drift::drift(data, candidate.fitted.dropped(), (&split.fit, &split.test)),
        };
        report.notes = notes(&report, run);
        Ok(report)
    }
}

fn priced(data: &Dataset, rows: &[Known], scored: &[Scored]) -> Vec<Priced> {
    let rows = rows.iter().zip(scored);
    rows.map(|(known, scored)| Priced { scored: *scored, eur: data.euros(known.row) }).collect()
}

impl RowCounts {
    fn of(split: &Split, data: &Dataset) -> Self {
        let frauds = |rows: &[Known]| rows.iter().filter(|known| known.fraud).count();
        let used = split.fit.len() + split.calibrate.len() + split.test.len();
        let unused = split.unknown_train + split.unknown_test + split.outside;
        Self {
            given: used + unused,
            fitted: split.fit.len(),
            calibrated: split.calibrate.len(),
            calibrated_positives: frauds(&split.calibrate),
            tested: split.test.len(),
            unknown_in_training: split.unknown_train,
            unknown_in_test: split.unknown_test,
            outside: split.outside,
            refused: data.refused(),
            passed: data.passed().0,
        }
    }
}

/// Sales that are no rows, and those that stand for them.
fn who_is_missing(data: &Dataset) -> Vec<String> {
    let mut notes = vec![];
    if data.refused() > 0 {
        notes.push(format!(
            "{} payments were refused and nobody labelled them: nobody knows what they would have \
             become, so the model neither learned from them nor is judged on them, and says least of \
             sales like those",
            data.refused()
        ));
    }
    if data.one_in() > 1 {
        notes.push(format!(
            "of the sales that nobody called bad one in {0} was drawn and counts {0} times, in training \
             and in the measures; every other sale is here",
            data.one_in()
        ));
    }
    let (passed, stand_for) = data.passed();
    if passed > 0 {
        notes.push(format!(
            "{passed} payments passed that would have been declined; they stand for {stand_for} declines \
             and are repeated as often, in training and test: the model and its measures speak of \
             declined sales too, but not of those a hard block stops"
        ));
    }
    notes
}

/// Everything a reader should know before believing the numbers.
fn notes(report: &Report, run: &Run<'_>) -> Vec<String> {
    let Run { data, config, split, candidate, rivals, .. } = *run;
    let mut notes = vec![];
    if config.calibration == Calibration::Synthetic {
        notes.push(
            "trained on generated commerce: the measures say how well the model learned the \
             generator, not how it does on real buyers"
                .to_owned(),
        );
    }
    if config.test_from.is_none() && config.train_to.is_none() {
        let days = config.delay_ms / DAY_MS;
        notes.push(format!(
            "no dates were given: the last fifth of the time is the test, {days} days before it are \
             the delay, everything earlier is training"
        ));
    }
    notes.extend(report.calibrated_on.note().map(str::to_owned));
    let frauds = learner::distinct_frauds(&split.test);
    if frauds < FEW_FRAUDS {
        notes.push(format!(
            "the test has {frauds} frauds only: differences of some points are chance"
        ));
    }
    let (labels, late) = split.fraud_labels;
    if config.silence_is_good && late > 0 {
        notes.push(format!(
            "{late} of {labels} fraud labels arrive after the maturity of {} days: until they do, \
             those sales count as good; a longer maturity is more honest",
            config.maturity_ms() / DAY_MS
        ));
    }
    notes.extend(who_is_missing(data));
    if data.infinite() > 0 {
        notes.push(format!("{} infinite values count as missing", data.infinite()));
    }
    let regressions = std::iter::once(candidate).chain(rivals);
    let gradient = regressions
        .filter_map(|one| Some(one.fitted.regression()?.fit.gradient))
        .fold(0.0, f64::max);
    if gradient > LARGE_GRADIENT {
        notes.push(format!("the optimiser stopped early, at a mean gradient of {gradient:.1e}"));
    }
    if report.thresholds.without_amount > 0 {
        notes.push(format!(
            "{} test rows have no amount in euro: they count as 0 in sums of money",
            report.thresholds.without_amount
        ));
    }
    notes
}
