//! Why there is no model: a fact about the data or the configuration, and what to do about it.

use crate::domain::Timestamp;
use crate::model::ModelError;
use std::path::PathBuf;

/// Training that did not happen. Nothing was written, and a model already there is untouched.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// No rows at all.
    #[error("there are no rows to train on")]
    NoRows,
    /// Not one row has a label.
    #[error(
        "none of the {rows} rows has a label; map a label column, or import `label` and `dispute` \
         events first"
    )]
    NoLabels {
        /// Rows seen.
        rows: usize,
    },
    /// The windows do not follow one another.
    #[error("{earlier} ({earlier_time}) must be before {later} ({later_time}); {advice}")]
    WindowOrder {
        /// The boundary that must come first.
        earlier: &'static str,
        /// Its time.
        earlier_time: Timestamp,
        /// The boundary that must come after it.
        later: &'static str,
        /// Its time.
        later_time: Timestamp,
        /// What to change.
        advice: &'static str,
    },
    /// A window without rows of a known outcome, or with one outcome only.
    #[error(
        "the {window} window from {from} to {to} has {positives} frauds and {negatives} others \
         ({unknown} more are of unknown outcome); both are needed: move its dates, or shorten the \
         delay"
    )]
    OneClass {
        /// `training` or `test`.
        window: &'static str,
        /// Its start.
        from: Timestamp,
        /// Its end, exclusive.
        to: Timestamp,
        /// Frauds in it.
        positives: usize,
        /// Rows known not to be fraud.
        negatives: usize,
        /// Rows whose outcome is not known, or was not yet.
        unknown: usize,
    },
    /// Every feature has one value only.
    #[error("no feature varies in the training window; is the mapping right?")]
    NothingVaries,
    /// Settings can't be told apart on so few frauds.
    #[error(
        "the training window has too few frauds to tell settings apart; train without `--tune`, or on \
         a longer window"
    )]
    TooFewToTune,
    /// A constraint on a feature that does not exist.
    #[error("no feature is called `{name}`; `vouch features` lists them")]
    NoFeature {
        /// The name given.
        name: String,
    },
    /// The library that grows boosted trees refused the data or a setting.
    #[error("the trees could not be grown: {0}")]
    Boost(String),
    /// The optimiser refused the data.
    #[error("the model could not be fitted")]
    Fit(#[source] smartcore::error::Failed),
    /// The optimiser returned something that is no number.
    #[error("the regression ended in a coefficient that is not finite; raise the penalty")]
    NotFinite,
    /// A fitted model that its own loader refuses.
    #[error("the trained model is not sound")]
    Unsound(#[from] ModelError),
    /// A part that could not be written as JSON.
    #[error("cannot write JSON")]
    Json(#[from] serde_json::Error),
    /// A file that could not be written.
    #[error("cannot write `{}`", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}
