//! What waiting for labels is worth: the same model fitted on young sales, with the labels known then
//! and with those that came later.
//!
//! Both fits take every sale up to the moment of training, however young, and count silence as good.
//! They differ in the labels alone, so the difference between them on the same test is what the delay
//! costs whoever does not wait. The model itself waits, and stands beside them.

use super::dataset::Dataset;
use super::error::TrainError;
use super::learner::Candidate;
use super::metrics::{Metrics, metrics};
use super::split::{self, Split, Windows, known_as_fraud, latest};
use super::{TrainConfig, enough_to_calibrate};
use crate::domain::Timestamp;
use serde::Serialize;

/// The test's measures of two models of the same young sales.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct DelayEffect {
    /// Frauds among the rows fitted, as known when the training labels were taken.
    pub frauds_known_then: usize,
    /// Fitted on those.
    pub labels_known_then: Metrics,
    /// Frauds among the same rows, as known at the end of the data.
    pub frauds_known_later: usize,
    /// Fitted on those.
    pub labels_known_later: Metrics,
}

/// Fits twice and judges both on the test rows of `split`.
///
/// # Errors
/// As [`super::train`].
pub(super) fn delay_effect(
    data: &Dataset,
    config: &TrainConfig,
    split: &Split,
) -> Result<DelayEffect, TrainError> {
    let Windows { labels_known_at, .. } = split.windows;
    let at = |moment| of_all_sales(data, config, split, moment);
    let (frauds_known_then, labels_known_then) = at((labels_known_at, config.delay_ms))?;
    let (frauds_known_later, labels_known_later) = at((latest(data), 0))?;
    Ok(DelayEffect { frauds_known_then, labels_known_then, frauds_known_later, labels_known_later })
}

fn of_all_sales(
    data: &Dataset,
    config: &TrainConfig,
    judged: &Split,
    moment: (Timestamp, i64),
) -> Result<(usize, Metrics), TrainError> {
    let mut split =
        split::every_sale(data, &judged.windows, |row| known_as_fraud(data, row, moment));
    if !enough_to_calibrate(&split) {
        split.fit.append(&mut split.calibrate);
    }
    let candidate = Candidate::of(config.kind, data, &split, config)?;
    let frauds = split.fit.iter().chain(&split.calibrate).filter(|known| known.fraud).count();
    Ok((frauds, metrics(&candidate.scored(data, &judged.test))))
}
