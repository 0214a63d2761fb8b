//! What a training run says about itself, for a terminal and as JSON.
//!
//! The test column is the one to quote. The training column stands beside it so that a model that only
//! remembers shows, and `notes` names everything a reader would otherwise have to ask.

use super::TrainConfig;
use super::dataset::Dataset;
use super::encode::Dropped;
use super::metrics::{Bin, Metrics, Scored, bins, count, metrics};
use super::split::{Known, Split, Windows};
use crate::domain::{Calibration, DAY_MS};
use crate::model::Model;
use serde::Serialize;
use std::fmt;

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
    /// The test rows in ten parts of equal size, riskiest first.
    pub test_deciles: Vec<Bin>,
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
}

/// What a calibrator was fitted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CalibratedOn {
    /// The last fifth of the training window, which the coefficients never saw.
    LaterRows,
    /// The rows the coefficients were fitted on, for want of frauds.
    TrainingRows,
    /// Nothing: the margins did not rank, and are taken as they are.
    Nothing,
}

impl Report {
    pub(super) fn new(model: &Model, split: &Split, training: Metrics, test: &[Scored]) -> Self {
        let mut test_deciles = bins(test, 10);
        test_deciles.reverse();
        Self {
            model: model.artefact().name.clone(),
            sha256: model.digest().to_owned(),
            label: model.artefact().label.clone(),
            calibration: model.calibration(),
            windows: split.windows,
            rows: RowCounts::of(split),
            calibrated_on: CalibratedOn::LaterRows,
            features: model.artefact().scorer.features(),
            dropped: vec![],
            notes: vec![],
            training,
            test: metrics(test),
            test_deciles,
        }
    }
}

impl RowCounts {
    fn of(split: &Split) -> Self {
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
        }
    }
}

/// Everything a reader should know before believing the numbers.
pub(super) fn notes(
    report: &Report,
    data: &Dataset,
    config: &TrainConfig,
    (split, gradient): (&Split, f64),
) -> Vec<String> {
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
    match report.calibrated_on {
        CalibratedOn::LaterRows => {}
        CalibratedOn::TrainingRows => notes.push(
            "the last fifth of the training window has too few frauds to calibrate on: the \
             calibrator saw the rows the coefficients were fitted on"
                .to_owned(),
        ),
        CalibratedOn::Nothing => notes.push(
            "the model does not rank the calibration rows better than chance: its probabilities are \
             not calibrated; do not use it"
                .to_owned(),
        ),
    }
    if report.test.positives < FEW_FRAUDS {
        notes.push(format!(
            "the test has {} frauds only: differences of some points are chance",
            report.test.positives
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
    if data.infinite() > 0 {
        notes.push(format!("{} infinite values count as missing", data.infinite()));
    }
    if gradient > LARGE_GRADIENT {
        notes.push(format!("the optimiser stopped early, at a mean gradient of {gradient:.1e}"));
    }
    notes
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { windows, rows, training, test, .. } = self;
        writeln!(f, "{}: logistic regression, {} features", self.model, self.features)?;
        writeln!(f, "probability of {}", self.label)?;
        writeln!(f, "calibrated on {} labels, sha256 {}\n", self.calibration, self.sha256)?;

        writeln!(f, "{:<10} {:<25} {:<25} {:>9} {:>7}", "window", "from", "to", "rows", "frauds")?;
        let fit_to = if rows.calibrated > 0 { windows.calibrate_from } else { windows.train_to };
        let calibrated = (rows.calibrated, rows.calibrated_positives);
        for (name, from, to, (rows, frauds)) in [
            ("fit", windows.train_from, fit_to, (rows.fitted, training.positives)),
            ("calibrate", windows.calibrate_from, windows.train_to, calibrated),
            ("test", windows.test_from, windows.test_to, (rows.tested, test.positives)),
        ] {
            if rows > 0 {
                let (from, to) = (from.to_string(), to.to_string());
                writeln!(f, "{name:<10} {from:<25} {to:<25} {rows:>9} {frauds:>7}")?;
            }
        }
        let unknown = rows.unknown_in_training + rows.unknown_in_test;
        writeln!(f, "left out: {} in no window, {unknown} of unknown outcome", rows.outside)?;
        writeln!(f, "labels known at {} were used in training\n", windows.labels_known_at)?;

        measures(f, training, test)?;
        writeln!(f)?;
        deciles(f, &self.test_deciles, test.positives)?;
        for why in Dropped::REASONS {
            let dropped = self.dropped.iter().filter(|dropped| dropped.why == why);
            let names: Vec<_> = dropped.map(|dropped| dropped.name).collect();
            if !names.is_empty() {
                writeln!(f, "\n{why} in training, so not used: {}", names.join(", "))?;
            }
        }
        self.notes.iter().try_for_each(|note| writeln!(f, "\nnote: {note}"))
    }
}

fn measures(f: &mut fmt::Formatter<'_>, training: &Metrics, test: &Metrics) -> fmt::Result {
    writeln!(f, "{:<22} {:>9} {:>9}", "measure", "training", "test")?;
    for (name, get) in MEASURES {
        let show = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.4}"));
        writeln!(f, "{name:<22} {:>9} {:>9}", show(get(training)), show(get(test)))?;
    }
    Ok(())
}

type Measure = fn(&Metrics) -> Option<f64>;

/// Every measure with its name, in the order of the table.
const MEASURES: [(&str, Measure); 7] = [
    ("base rate", |m| m.base_rate),
    ("ROC-AUC", |m| m.roc_auc),
    ("PR-AUC", |m| m.pr_auc),
    ("recall at 1 % FPR", |m| m.recall_at_1pct_fpr),
    ("ECE (10 equal bins)", |m| m.ece),
    ("Brier", |m| m.brier),
    ("log loss", |m| m.log_loss),
];

fn deciles(f: &mut fmt::Formatter<'_>, bins: &[Bin], positives: usize) -> fmt::Result {
    writeln!(f, "test rows, riskiest first")?;
    writeln!(
        f,
        "{:>4} {:>17} {:>9} {:>7} {:>9} {:>9} {:>8}",
        "part", "probability", "rows", "frauds", "expected", "observed", "caught"
    )?;
    let mut caught = 0;
    for (part, bin) in (1..).zip(bins) {
        caught += bin.positives;
        writeln!(
            f,
            "{part:>4} {:>7.2}%-{:>7.2}% {:>9} {:>7} {:>8.2}% {:>8.2}% {:>7.1}%",
            100.0 * bin.lowest,
            100.0 * bin.highest,
            bin.rows,
            bin.positives,
            100.0 * bin.mean_probability,
            100.0 * bin.fraud_rate,
            100.0 * count(caught) / count(positives.max(1)),
        )?;
    }
    Ok(())
}
