//! The artefact: what `models/NAME/model.json` holds.
//!
//! One JSON document that a person can read. `sha256` is the digest of the document's own bytes with
//! the 64 digits of `sha256` itself read as zeros: any changed byte is found, one rename replaces the
//! whole model, and `sed` and `sha256sum` can check it. It is also the model's name in decisions.
//! Rejected: a digest in a second file (two files cannot be replaced at once); the digest of a
//! re-serialised document (depends on the order of members for ever); the training library's own
//! format (its minor releases change it).

use super::ModelError;
use super::calibrator::Calibrator;
use super::forest::Forest;
use crate::domain::{Calibration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The first format: what a regression with a straight calibrator needs, and still written for one.
pub const FORMAT: u32 = 1;
/// The newest format read: adds curved calibrators and how trees were grown.
pub const NEWEST_FORMAT: u32 = 2;
/// The artefact's file in a model's directory.
pub const FILE: &str = "model.json";
/// Largest artefact in bytes.
pub const MAX_BYTES: usize = 64 << 20;

const NO_DIGEST: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// One trained model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Artefact {
    /// See [`FORMAT`].
    pub format: u32,
    /// Digest of the document, lower-case hexadecimal; see the module's text.
    pub sha256: String,
    /// The model's name, that of its directory.
    pub name: String,
    /// What the probability is a probability of, in one sentence.
    pub label: String,
    /// Whose labels it was calibrated on; `none` for an imported forest alone.
    pub calibration: Calibration,
    /// From the scorer's log-odds to calibrated ones.
    pub calibrator: Calibrator,
    /// From features to margin.
    pub scorer: Scorer,
    /// What it was trained on.
    pub training: Training,
}

/// The function from features to margin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scorer {
    /// A sum of one term per feature.
    Logistic(Logistic),
    /// A sum of leaves, one per tree.
    Forest(Forest),
}

impl Scorer {
    /// How many features it reads.
    pub fn features(&self) -> usize {
        match self {
            Self::Logistic(logistic) => logistic.numbers.len() + logistic.words.len(),
            Self::Forest(forest) => forest.features.len(),
        }
    }
}

/// Margin = `intercept` + the term of every feature, numbers first, in the listed order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Logistic {
    /// Margin of a transaction whose terms are all zero.
    pub intercept: f64,
    /// Features read as numbers; booleans are 0 and 1.
    pub numbers: Vec<Number>,
    /// Features read as one of several words.
    pub words: Vec<Word>,
}

/// A numeric feature: term = `coefficient` × (clip(transform(x)) − `mean`) / `scale`. A missing x,
/// NaN and the infinities among them, counts as `imputed` and adds `missing_coefficient`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Number {
    /// The catalogue's name.
    pub name: String,
    /// Applied first.
    pub transform: Transform,
    /// Smallest and largest transformed value seen in training: the model never extrapolates.
    pub clip: [f64; 2],
    /// Stands for a missing value, transformed.
    pub imputed: f64,
    /// Mean of the transformed value; 0 for booleans.
    pub mean: f64,
    /// Standard deviation of the transformed value, > 0; 1 for booleans.
    pub scale: f64,
    /// Margin per scaled unit.
    pub coefficient: f64,
    /// Margin added when the value is missing; 0 when training never saw it missing.
    pub missing_coefficient: f64,
    /// The term's mean over the training rows: what contributions are measured from.
    pub background: f64,
}

/// A feature of words: the term is the coefficient of the word, or of `other`, or of missing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Word {
    /// The catalogue's name.
    pub name: String,
    /// The words with a coefficient of their own.
    pub levels: Vec<Level>,
    /// Margin of any other word; 0 when training saw none.
    pub other_coefficient: f64,
    /// Margin when the word is missing; 0 when training never saw it missing.
    pub missing_coefficient: f64,
    /// The term's mean over the training rows: what contributions are measured from.
    pub background: f64,
}

/// One word's margin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Level {
    /// The word.
    pub word: String,
    /// Its margin.
    pub coefficient: f64,
}

/// Brings a number onto a scale a linear model can use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transform {
    /// The number as it is.
    Identity,
    /// sign(x) · ln(1 + |x|), for counts, amounts and ages.
    SignedLog,
}

impl Transform {
    /// The transformed number; finite for a finite one.
    pub fn apply(self, x: f64) -> f64 {
        match self {
            Self::Identity => x,
            Self::SignedLog => x.abs().ln_1p().copysign(x),
        }
    }
}

/// What a model was trained on: enough to say where it came from and to train it again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Training {
    /// Rows the coefficients were fitted on.
    pub rows: usize,
    /// Frauds among them.
    pub positives: usize,
    /// Start of the training window.
    pub from: Timestamp,
    /// End of the training window, exclusive.
    pub to: Timestamp,
    /// Only labels that had arrived by then were used.
    pub labels_known_at: Timestamp,
    /// Rows the calibrator was fitted on.
    pub calibration_rows: usize,
    /// Frauds among them.
    pub calibration_positives: usize,
    /// L2 penalty on the coefficients of scaled features, beside the summed log loss.
    pub l2: f64,
    /// Seed of the run; logistic regression draws nothing from it.
    pub seed: u64,
    /// How trees were grown; `None` for a regression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub growth: Option<Growth>,
    /// Digest of the values, times and labels of every row given, training and test; of the file for
    /// an imported model.
    pub data_sha256: String,
    /// Program and version that trained it.
    pub trained_with: String,
}

impl Training {
    /// What is known of a model trained elsewhere: by what, and the digest of its file. The rest is
    /// zero.
    pub fn elsewhere(trained_with: String, file: &[u8]) -> Self {
        let epoch = Timestamp::from_millis(0);
        Self {
            rows: 0,
            positives: 0,
            from: epoch,
            to: epoch,
            labels_known_at: epoch,
            calibration_rows: 0,
            calibration_positives: 0,
            l2: 0.0,
            seed: 0,
            growth: None,
            data_sha256: hex(&Sha256::digest(file)),
            trained_with,
        }
    }

    /// True for [`Training::elsewhere`].
    pub fn is_elsewhere(&self) -> bool {
        self.rows == 0
    }
}

/// How the trees of a forest were grown.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Growth {
    /// Trees kept.
    pub trees: usize,
    /// Most questions on the way to a leaf.
    pub depth: usize,
    /// Share of each tree's correction that is taken, 0..=1; 1 for trees grown side by side.
    pub rate: f64,
    /// Most thresholds tried a feature; 0 for every one.
    pub bins: u16,
    /// Least weight of rows a leaf stands for.
    pub leaf: f64,
    /// True where rows were weighted by their amount.
    pub by_amount: bool,
}

/// What is read before anything else, so that a newer format is refused by name.
#[derive(Deserialize)]
struct Header {
    format: u32,
    sha256: String,
}

impl Artefact {
    /// Reads a document and checks its format, checksum and shape; the numbers are checked when the
    /// scorer is built.
    ///
    /// # Errors
    /// Too large, not JSON, cut short, of an unknown format, changed, or of another shape.
    pub fn read(bytes: &[u8]) -> Result<Self, ModelError> {
        if bytes.len() > MAX_BYTES {
            return Err(ModelError::TooLarge { bytes: bytes.len(), limit: MAX_BYTES });
        }
        let header: Header = parse(bytes)?;
        if !(FORMAT..=NEWEST_FORMAT).contains(&header.format) {
            return Err(ModelError::Format { found: header.format, known: NEWEST_FORMAT });
        }
        let computed = digest(bytes, &header.sha256);
        if computed != header.sha256 {
            return Err(ModelError::Checksum { stated: header.sha256, computed });
        }
        parse(bytes)
    }

    /// Writes the document with its digest, which is set here. Equal artefacts give equal bytes.
    ///
    /// # Errors
    /// Never for an artefact whose numbers are finite.
    pub fn seal(&mut self) -> Result<Vec<u8>, serde_json::Error> {
        NO_DIGEST.clone_into(&mut self.sha256);
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        self.sha256 = hex(&Sha256::digest(&text));
        Ok(text.replacen(NO_DIGEST, &self.sha256, 1).into_bytes())
    }
}

fn parse<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, ModelError> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let document = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let pointer = error.path().to_string();
        let source = error.into_inner();
        if source.is_data() { ModelError::Shape { pointer, source } } else { not_json(source) }
    })?;
    json.end().map_err(not_json)?;
    Ok(document)
}

fn not_json(source: serde_json::Error) -> ModelError {
    ModelError::NotJson {
        line: source.line(),
        column: source.column(),
        truncated: source.is_eof(),
        source,
    }
}

/// Digest of `bytes` with the first occurrence of `stated` read as zeros.
fn digest(bytes: &[u8], stated: &str) -> String {
    let mut sum = Sha256::new();
    let place = bytes.windows(NO_DIGEST.len()).position(|window| window == stated.as_bytes());
    match place.and_then(|at| bytes.split_at_checked(at)) {
        Some((before, rest)) => {
            sum.update(before);
            sum.update(NO_DIGEST);
            sum.update(rest.get(NO_DIGEST.len()..).unwrap_or_default());
        }
        None => sum.update(bytes),
    }
    hex(&sum.finalize())
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // INVARIANT: writing to a string never fails.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
