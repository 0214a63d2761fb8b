//! Which rows train, which calibrate, which test, and what was known of each at the time.
//!
//! ```text
//! train_from        calibrate_from   train_to      test_from          test_to
//!     |---- fit -----------|-- calibrate --|--- delay ---|------ test ------|
//!                                                        ^ labels known so far
//! ```
//!
//! The model is judged as it would have been used: trained at `test_from` at the latest, on the labels
//! that had arrived by then, for the sales that followed. A random split is not offered: it lets a
//! model learn the campaign it is tested on.

use super::TrainConfig;
use super::dataset::{Dataset, Label};
use super::error::TrainError;
use crate::domain::{DAY_MS, Timestamp};
use serde::Serialize;

/// A label counts when it arrives within this time of the transaction: the networks' longest limit
/// for a fraud dispute, and so part of what the probability means.
pub const LABEL_WINDOW_MS: i64 = 120 * DAY_MS;

/// What a positive label is, in one sentence; stored in the artefact.
pub const LABEL: &str = "a stolen-instrument or account-takeover label within 120 days";

/// The windows of one run. Starts are inclusive, ends exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Windows {
    /// Start of training.
    pub train_from: Timestamp,
    /// Start of the calibration slice, the last fifth of the training window.
    pub calibrate_from: Timestamp,
    /// End of training.
    pub train_to: Timestamp,
    /// Labels that arrived later are not used in training.
    pub labels_known_at: Timestamp,
    /// Start of the test.
    pub test_from: Timestamp,
    /// End of the test.
    pub test_to: Timestamp,
}

/// A row of known outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) row: usize,
    pub(super) fraud: bool,
}

/// The rows of each window.
#[derive(Debug)]
pub(super) struct Split {
    pub(super) windows: Windows,
    pub(super) fit: Vec<Known>,
    pub(super) calibrate: Vec<Known>,
    pub(super) test: Vec<Known>,
    /// Training rows of which too little was known at `labels_known_at`.
    pub(super) unknown_train: usize,
    /// Test rows of which too little is known at the end of the data.
    pub(super) unknown_test: usize,
    /// Rows in no window, those of the delay among them.
    pub(super) outside: usize,
    /// Fraud labels that say when they arrived, and how many of them came after the maturity.
    pub(super) fraud_labels: (usize, usize),
}

/// Sorts the rows into windows.
///
/// # Errors
/// No rows, no labels, windows out of order, or a window without both outcomes.
pub(super) fn split(data: &Dataset, config: &TrainConfig) -> Result<Split, TrainError> {
    let order = data.by_time();
    let (Some(&first), Some(&last)) = (order.first(), order.last()) else {
        return Err(TrainError::NoRows);
    };
    if order.iter().all(|&row| data.labels(row).is_empty()) {
        return Err(TrainError::NoLabels { rows: order.len() });
    }
    let windows = windows(config, data.time(first), data.time(last))?;
    let mut split =
        Split { fraud_labels: late_labels(data, config.maturity_ms()), ..Split::empty(windows) };
    let in_training = (windows.labels_known_at, config.delay_ms);
    let in_test = (latest(data), 0);
    for row in order {
        let time = data.time(row);
        if (windows.train_from..windows.train_to).contains(&time) {
            match outcome(data, row, config, in_training) {
                None => split.unknown_train += data.stands_for(row),
                Some(fraud) if time < windows.calibrate_from => {
                    split.fit.extend(copies(data, row, fraud));
                }
                Some(fraud) => split.calibrate.extend(copies(data, row, fraud)),
            }
        } else if (windows.test_from..windows.test_to).contains(&time) {
            match outcome(data, row, config, in_test) {
                None => split.unknown_test += data.stands_for(row),
                Some(fraud) => split.test.extend(copies(data, row, fraud)),
            }
        } else {
            split.outside += data.stands_for(row);
        }
    }
    split.check()?;
    Ok(split)
}

/// Every sale up to the moment the training labels were taken, mature or not; nothing is tested.
pub(super) fn every_sale(
    data: &Dataset,
    windows: &Windows,
    is_fraud: impl Fn(usize) -> bool,
) -> Split {
    let (from, to) = (windows.train_from, windows.labels_known_at);
    let calibrate_from = four_fifths(from, to);
    let mut split = Split::empty(Windows { calibrate_from, train_to: to, ..*windows });
    for row in data.by_time() {
        let known = copies(data, row, is_fraud(row));
        let time = data.time(row);
        if (from..calibrate_from).contains(&time) {
            split.fit.extend(known);
        } else if (calibrate_from..to).contains(&time) {
            split.calibrate.extend(known);
        }
    }
    split
}

/// A row as often as it stands for a sale: whatever fits, calibrates or measures then speaks of the sales
/// that were declined or not drawn too, without knowing of weights.
fn copies(data: &Dataset, row: usize, fraud: bool) -> impl Iterator<Item = Known> {
    std::iter::repeat_n(Known { row, fraud }, data.stands_for(row))
}

/// Each row once, with how often it stands there: copies lie side by side.
pub(super) fn once(rows: &[Known]) -> impl Iterator<Item = (Known, usize)> {
    rows.chunk_by(|a, b| a.row == b.row).filter_map(|same| Some((*same.first()?, same.len())))
}

/// The rows as often as they stand for declines, and a drawn one no oftener: for a fit that knows no
/// weights, and whose calibrator puts back how rare fraud is.
pub(super) fn undrawn(data: &Dataset, rows: &[Known]) -> Vec<Known> {
    once(rows)
        .flat_map(|(known, copies)| {
            std::iter::repeat_n(known, data.declines(known.row).min(copies))
        })
        .collect()
}

impl Split {
    fn empty(windows: Windows) -> Self {
        Self {
            windows,
            fit: vec![],
            calibrate: vec![],
            test: vec![],
            unknown_train: 0,
            unknown_test: 0,
            outside: 0,
            fraud_labels: (0, 0),
        }
    }

    fn check(&self) -> Result<(), TrainError> {
        let windows = &self.windows;
        let training = self.fit.iter().chain(&self.calibrate).filter(|known| known.fraud).count();
        let test = self.test.iter().filter(|known| known.fraud).count();
        let all = self.fit.len() + self.calibrate.len();
        for (window, from, to, positives, rows, unknown) in [
            ("training", windows.train_from, windows.train_to, training, all, self.unknown_train),
            ("test", windows.test_from, windows.test_to, test, self.test.len(), self.unknown_test),
        ] {
            let negatives = rows - positives;
            if positives == 0 || negatives == 0 {
                let why = TrainError::OneClass { window, from, to, positives, negatives, unknown };
                return Err(why);
            }
        }
        Ok(())
    }
}

/// The windows: what is configured, and for the rest the last fifth of the time as the test, one
/// delay before it, and everything earlier for training.
fn windows(config: &TrainConfig, first: Timestamp, last: Timestamp) -> Result<Windows, TrainError> {
    let delay = config.delay_ms;
    let test_from = config
        .test_from
        .or(config.train_to.map(|to| to.plus_millis(delay)))
        .unwrap_or_else(|| four_fifths(first, last));
    let test_to = config.test_to.unwrap_or_else(|| last.plus_millis(1));
    let train_to = config.train_to.unwrap_or_else(|| test_from.plus_millis(-delay));
    let train_from = config.train_from.unwrap_or(first);
    for (earlier, earlier_time, later, later_time, advice) in [
        (
            "the start of training",
            train_from,
            "its end",
            train_to,
            "shorten the delay, or give the dates",
        ),
        (
            "the end of training",
            train_to.plus_millis(-1),
            "the start of the test",
            test_from,
            "a test on rows the model was trained on says nothing",
        ),
        ("the start of the test", test_from, "its end", test_to, "move the test dates"),
    ] {
        if earlier_time >= later_time {
            let advice =
                TrainError::WindowOrder { earlier, earlier_time, later, later_time, advice };
            return Err(advice);
        }
    }
    Ok(Windows {
        train_from,
        calibrate_from: four_fifths(train_from, train_to),
        train_to,
        labels_known_at: train_to.plus_millis(delay).min(test_from),
        test_from,
        test_to,
    })
}

/// Where the last fifth of a window begins.
fn four_fifths(from: Timestamp, to: Timestamp) -> Timestamp {
    from.plus_millis(to.millis_since(from) / 5 * 4)
}

/// The last moment the data speaks of.
pub(super) fn latest(data: &Dataset) -> Timestamp {
    let labels = (0..data.len()).flat_map(|row| data.labels(row)).filter_map(|l| l.known_at);
    (0..data.len()).map(|row| data.time(row)).chain(labels).max().unwrap_or_default()
}

/// Whether a row is fraud, as far as was known at `now`: the last label to have arrived decides. A
/// label without a time of arrival arrives `unstated_ms` after the transaction and is final.
///
/// Where silence means good, a row says nothing before it is mature, whatever was said of it: keeping
/// the young frauds alone would teach a fraud rate that never was.
fn outcome(
    data: &Dataset,
    row: usize,
    config: &TrainConfig,
    (now, unstated_ms): (Timestamp, i64),
) -> Option<bool> {
    let mature = now.millis_since(data.time(row)) >= config.maturity_ms();
    let counts = |label: &Label| !config.silence_is_good || mature || label.known_at.is_none();
    match last_label(data, row, (now, unstated_ms)) {
        Some(label) if counts(label) => Some(is_fraud(data, row, label)),
        None if config.silence_is_good && mature => Some(false),
        _ => None,
    }
}

/// True for a row that was called fraud at `now`, mature or not.
pub(super) fn known_as_fraud(data: &Dataset, row: usize, at: (Timestamp, i64)) -> bool {
    last_label(data, row, at).is_some_and(|label| is_fraud(data, row, label))
}

fn last_label(data: &Dataset, row: usize, (now, unstated_ms): (Timestamp, i64)) -> Option<&Label> {
    let time = data.time(row);
    let arrival = |label: &Label| label.known_at.unwrap_or(time.plus_millis(unstated_ms));
    let known = data.labels(row).iter().filter(|label| arrival(label) <= now);
    known.max_by_key(|label| arrival(label))
}

fn is_fraud(data: &Dataset, row: usize, label: &Label) -> bool {
    let in_time = |at: Timestamp| at.millis_since(data.time(row)) <= LABEL_WINDOW_MS;
    label.class.is_fraud() && label.known_at.is_none_or(in_time)
}

/// Fraud labels that say when they arrived, and how many of them came after the maturity.
fn late_labels(data: &Dataset, maturity_ms: i64) -> (usize, usize) {
    let delays = (0..data.len()).flat_map(|row| {
        let frauds = data.labels(row).iter().filter(|label| label.class.is_fraud());
        frauds.filter_map(move |label| Some(label.known_at?.millis_since(data.time(row))))
    });
    delays.fold((0, 0), |(all, late), delay| (all + 1, late + usize::from(delay > maturity_ms)))
}
