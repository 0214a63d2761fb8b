//! Training: rows of known outcome in, a model with an honest report out.
//!
//! ```text
//! rows ─► Dataset ─► split by time ─► encode ─► fit ─► calibrate ─► artefact ─► evaluate ─► Report
//! ```
//!
//! Equal rows and settings give equal bytes: no clock, no randomness but seeded. The rows come from
//! the one pipeline that also serves checkout, made by whoever calls [`train`]. The test rows are seen
//! once, by the finished model.

mod calibrate;
mod calibration;
mod card;
mod cards;
mod dataset;
mod delay;
mod drift;
mod encode;
mod error;
mod fit;
mod gain;
pub(crate) mod html;
mod learner;
mod metrics;
mod paired;
mod refit;
mod report;
mod rows;
mod sample;
mod save;
mod slices;
mod split;
mod table;
#[cfg(test)]
mod tests;
mod thresholds;
mod trees;
mod tune;

pub use calibration::{ReliabilityBin, ScoreBin, distribution, reliability};
pub use cards::Intervals;
pub use dataset::{CustomFeature, CustomKind, Dataset, Label, LabelledRecord};
pub use delay::{KnownBy, LabelDelay, Recent, Week};
pub use drift::Drift;
pub use encode::Dropped;
pub use error::TrainError;
pub use gain::{FeatureGain, Gains};
pub use learner::ModelKind;
pub use metrics::{Bin, Metrics, Scored, bins, metrics};
pub use paired::{Compared, Drawing, Judged, Paired, PairedRow, paired};
pub use refit::DelayEffect;
pub use report::{CalibratedOn, Importance, Report, Rival, RowCounts};
pub use rows::{Rows, calls_bad};
pub use save::{CARD_FILE, METRICS_FILE, REPORT_FILE};
pub use slices::Slice;
pub use split::{LABEL, LABEL_WINDOW_MS, Windows};
pub use thresholds::{ErrorCost, ErrorCosts, ThresholdPoint, Thresholds};
pub use trees::{Boosting, Direction};
pub use tune::{Trial, tune};

use crate::domain::{Calibration, DAY_MS, Timestamp};
use crate::model::{
    Artefact, Calibrator, FORMAT, Growth, Logistic, Model, NEWEST_FORMAT, Platt, Scorer, Training,
};
use encode::Encoding;
use fit::Fit;
use learner::{Candidate, Fitted};
use report::Run;
use split::{Known, Split};

/// Frauds and others the later slice needs before a calibrator is fitted on it.
const LEAST_TO_CALIBRATE: usize = 20;

/// What to train on, and how.
#[expect(clippy::struct_excessive_bools, reason = "each is a choice of its own")]
#[derive(Debug, Clone, PartialEq)]
pub struct TrainConfig {
    /// The model's name.
    pub name: String,
    /// What is trained.
    pub kind: ModelKind,
    /// How trees are boosted.
    pub boosting: Boosting,
    /// True to test without the cards whose fraud was known by then: they would have been blocked.
    pub without_known_cards: bool,
    /// Whose labels these are: [`Calibration::Merchant`], or [`Calibration::Synthetic`] for generated
    /// commerce.
    pub calibration: Calibration,
    /// Start of training; the first row's time when not given.
    pub train_from: Option<Timestamp>,
    /// End of training, exclusive; one delay before the test when not given.
    pub train_to: Option<Timestamp>,
    /// Time between training and test, ≥ 0: how long the outcome of a sale takes to be known.
    pub delay_ms: i64,
    /// Age at which a sale nobody complained of counts as good; the delay when not given.
    pub maturity_ms: Option<i64>,
    /// True where a mature sale of which nothing was said is good, as in a ledger that gets every
    /// complaint; false for a table that labels some of its rows.
    pub silence_is_good: bool,
    /// Start of the test; one delay after training, or the last fifth of the time, when not given.
    pub test_from: Option<Timestamp>,
    /// End of the test, exclusive; after the last row when not given.
    pub test_to: Option<Timestamp>,
    /// What is drawn: the forest's samples and the intervals' cards. Logistic regression and boosted
    /// trees draw nothing.
    pub seed: u64,
    /// L2 penalty on scaled coefficients, ≥ 0, beside the summed log loss: 1 is a normal prior of
    /// standard deviation 1 on each coefficient.
    pub l2: f64,
    /// What errors cost, for the money of the report; the model does not depend on it.
    pub costs: ErrorCosts,
    /// True to train nothing beside the model: the report then has no challenger and no baseline.
    pub alone: bool,
    /// True to fit again without each of the best features, and with labels as they were and as they
    /// became: some twelve fits more.
    pub ablation: bool,
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            name: "model".to_owned(),
            kind: ModelKind::Logistic,
            boosting: Boosting::default(),
            without_known_cards: false,
            calibration: Calibration::Merchant,
            train_from: None,
            train_to: None,
            delay_ms: 7 * DAY_MS,
            maturity_ms: None,
            silence_is_good: true,
            test_from: None,
            test_to: None,
            seed: 0,
            l2: 1.0,
            costs: ErrorCosts::default(),
            alone: false,
            ablation: false,
        }
    }
}

impl TrainConfig {
    fn maturity_ms(&self) -> i64 {
        self.maturity_ms.unwrap_or(self.delay_ms)
    }
}

/// A finished model, loaded from its own bytes, with its report.
#[derive(Debug)]
pub struct Trained {
    /// The model, ready to score.
    pub model: Model,
    /// How it was trained and how good it is.
    pub report: Report,
}

/// Trains a model, and beside it those the report compares it with. Cost: some matrices of the fitted
/// rows, some hundred numbers each, and some hundred passes over them.
///
/// # Errors
/// See [`TrainError`]; each says what to change.
pub fn train(data: &Dataset, config: &TrainConfig) -> Result<Trained, TrainError> {
    let mut split = split::split(data, config)?;
    if !enough_to_calibrate(&split) {
        split.fit.append(&mut split.calibrate);
    }
    if config.without_known_cards {
        split.test = cards::without_known(data, &split.windows, &split.test);
    }
    let candidate = Candidate::of(config.kind, data, &split, config)?;
    let mut rivals = vec![];
    let kinds: &[ModelKind] = if config.alone { &[] } else { config.kind.rivals() };
    for kind in kinds {
        rivals.push(Candidate::of(*kind, data, &split, config)?);
    }
    let growth = candidate.fitted.growth();
    let plain = growth.is_none() && matches!(candidate.calibrator, Calibrator::Platt(_));
    let mut artefact = Artefact {
        format: if plain { FORMAT } else { NEWEST_FORMAT },
        sha256: String::new(),
        name: config.name.clone(),
        label: LABEL.to_owned(),
        calibration: config.calibration,
        calibrator: candidate.calibrator.clone(),
        training: facts(data, config, &split, growth),
        scorer: candidate.fitted.scorer(),
    };
    let model = Model::from_bytes(&artefact.seal()?)?;
    let (split, candidate, rivals) = (&split, &candidate, rivals.as_slice());
    let report = Report::of(&Run { data, config, split, candidate, rivals, model: &model })?;
    Ok(Trained { model, report })
}

/// A fitted and calibrated regression: the parts of an artefact and what evaluates them.
#[derive(Debug)]
struct Regression {
    encoding: Encoding,
    fit: Fit,
    logistic: Logistic,
    calibrator: Platt,
    calibrated_on: CalibratedOn,
}

impl Regression {
    /// Coefficients from the earlier rows, the calibrator from the later ones. Rejected: a second fit
    /// on all rows after calibrating, since the calibrator would then correct a model it never saw.
    fn of(data: &Dataset, split: &Split, config: &TrainConfig) -> Result<Self, TrainError> {
        let rows = split::undrawn(data, &split.fit);
        let encoding = Encoding::learn(data, &rows);
        if encoding.is_empty() {
            return Err(TrainError::NothingVaries);
        }
        let matrix = encoding.matrix(data, &rows);
        let fit = fit::logistic(&matrix, &outcomes(&rows), config.l2)?;
        let logistic = encoding.filled(&matrix, &fit);
        let (rows, calibrated_on) = if split.calibrate.is_empty() {
            (&split.fit, CalibratedOn::TrainingRows)
        } else {
            (&split.calibrate, CalibratedOn::LaterRows)
        };
        let margins = learner::each(rows, |row| fit.margin(encoding.line(data, row)));
        let (calibrator, calibrated_on) = match fit::platt(&margins, &outcomes(rows)) {
            Some(platt) => (platt, calibrated_on),
            None => (learner::undrawn_platt(data), CalibratedOn::Nothing),
        };
        Ok(Self { encoding, fit, logistic, calibrator, calibrated_on })
    }
}

impl Fitted for Regression {
    fn margin(&self, data: &Dataset, row: usize) -> f64 {
        self.fit.margin(self.encoding.line(data, row))
    }

    fn scorer(&self) -> Scorer {
        Scorer::Logistic(self.logistic.clone())
    }

    fn dropped(&self) -> &[Dropped] {
        &self.encoding.dropped
    }

    fn growth(&self) -> Option<Growth> {
        None
    }

    fn regression(&self) -> Option<&Regression> {
        Some(self)
    }

    fn importances(&self) -> Vec<(String, f64)> {
        vec![]
    }
}

fn outcomes(rows: &[Known]) -> Vec<bool> {
    rows.iter().map(|known| known.fraud).collect()
}

/// A calibrator needs some of both classes, and so does what is left to fit.
fn enough_to_calibrate(split: &Split) -> bool {
    // A row that counts many times is still one of which something is known.
    let both = |rows: &[Known], least: usize| {
        let (frauds, others): (Vec<_>, Vec<_>) =
            split::once(rows).partition(|(known, _)| known.fraud);
        frauds.len() >= least && others.len() >= least
    };
    both(&split.calibrate, LEAST_TO_CALIBRATE) && both(&split.fit, LEAST_TO_CALIBRATE)
}

fn facts(data: &Dataset, config: &TrainConfig, split: &Split, growth: Option<Growth>) -> Training {
    let frauds = |rows: &[Known]| rows.iter().filter(|known| known.fraud).count();
    Training {
        rows: split.fit.len(),
        positives: frauds(&split.fit),
        from: split.windows.train_from,
        to: split.windows.train_to,
        labels_known_at: split.windows.labels_known_at,
        calibration_rows: split.calibrate.len(),
        calibration_positives: frauds(&split.calibrate),
        l2: growth.map_or(config.l2, |_| f64::from(config.boosting.l2)),
        seed: config.seed,
        growth,
        data_sha256: data.digest(),
        trained_with: concat!("vouch ", env!("CARGO_PKG_VERSION")).to_owned(),
    }
}
