//! Why a model artefact is refused.

use std::path::PathBuf;

/// A model that must not score. Whoever wrote the file is at fault; a retry does not help, except
/// after [`ModelError::Unreadable`].
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The file could not be read.
    #[error("cannot read `{}`", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// More bytes than any artefact has.
    #[error("{bytes} bytes is more than a model file may have, {limit}")]
    TooLarge {
        /// The file's size.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// Not JSON, or cut short.
    #[error("line {line} column {column}: {}", if *truncated { "the file ends in the middle" } else { "this is not JSON" })]
    NotJson {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// True when the input ended too early.
        truncated: bool,
        /// What the parser said.
        source: serde_json::Error,
    },
    /// JSON of another shape than an artefact.
    #[error("`{pointer}`: {source}")]
    Shape {
        /// Where, as a path of member names.
        pointer: String,
        /// What the parser said.
        source: serde_json::Error,
    },
    /// Written by another version of the format.
    #[error("model format {found} is not known; this version reads formats up to {known}")]
    Format {
        /// The file's format.
        found: u32,
        /// The newest format this version reads.
        known: u32,
    },
    /// The bytes are not the ones that were trained.
    #[error(
        "the checksum does not match: the file says `{stated}`, its bytes say `{computed}`; \
         it was changed or damaged after training"
    )]
    Checksum {
        /// The digest in the file.
        stated: String,
        /// The digest of the bytes.
        computed: String,
    },
    /// A feature that says what we did ourselves.
    #[error("`{name}` counts our own blocks, and a model may not learn from its own answers")]
    OwnAction {
        /// The feature's name.
        name: String,
    },
    /// Features this version's catalogue does not have.
    #[error("no field is called {}", quoted(names))]
    UnknownFeatures {
        /// Every unknown name, in the file's order.
        names: Vec<String>,
    },
    /// A feature that comes twice.
    #[error("feature `{name}` comes twice")]
    DuplicateFeature {
        /// Its name.
        name: String,
    },
    /// A feature used as something its field is not.
    #[error("feature `{name}` is used as a {used}, but the field is a {kind}")]
    WrongKind {
        /// Its name.
        name: String,
        /// How the model uses it.
        used: &'static str,
        /// What the catalogue says.
        kind: &'static str,
    },
    /// A word that comes twice in one feature.
    #[error("feature `{name}` lists the word `{word}` twice")]
    DuplicateWord {
        /// The feature.
        name: String,
        /// The word.
        word: String,
    },
    /// A number no sound model has: not finite, too large, or a scale that is not positive.
    #[error("`{place}` is {value}, outside {least:e} to {most:e}")]
    OutOfRange {
        /// Feature and member, e.g. `amount_eur.scale`.
        place: String,
        /// The number.
        value: f64,
        /// The least allowed.
        least: f64,
        /// The most allowed.
        most: f64,
    },
    /// Points of a calibrator that would turn an order round, or none.
    #[error("`calibrator.points` must be points in strictly ascending order")]
    CalibratorOrder,
    /// A regression with a curved calibrator, which can't be folded into its terms.
    #[error("a logistic regression has a calibrator of `slope` and `intercept`")]
    CurvedRegression,
    /// Trees that can't be used.
    #[error(transparent)]
    Forest(#[from] super::forest::ForestError),
    /// `calibration: none`: only a model trained elsewhere may be calibrated on nothing we know of.
    #[error("a model is calibrated on `synthetic` or `merchant` labels, not `none`")]
    NotCalibrated,
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
