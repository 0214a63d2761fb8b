//! The model: an artefact that scores a record, and says why.
//!
//! Loading does all checking, so scoring cannot fail: it takes no clock, lock, file or randomness and
//! gives equal bits for equal records. A missing value is missing to the model too: NaN, and to a
//! logistic model the infinities, take the feature's own missing term or way, never 0. Training is `train`'s work; nothing of
//! the training library is stored or linked into the path of a request.

mod artefact;
mod calibrator;
mod edges;
mod error;
pub mod forest;
pub mod import;
mod logistic;
mod reasons;
mod record;
mod show;
#[cfg(test)]
mod tests;

pub(crate) use artefact::hex;
pub use artefact::{
    Artefact, FILE, FORMAT, Growth, Level, Logistic, MAX_BYTES, NEWEST_FORMAT, Number, Scorer,
    Training, Transform, Word,
};
pub use calibrator::{Beta, Calibrator, Isotonic, Platt};
pub use edges::Edge;
pub use error::ModelError;
pub use reasons::{Contribution, REASON_GROUPS, ReasonGroup};

use crate::domain::Calibration;
use crate::features::Record;
use logistic::Terms;
use record::ForestTerms;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use std::path::Path;

/// A loaded model: cheap to share, never changed.
#[derive(Debug)]
pub struct Model {
    bytes: Box<[u8]>,
    artefact: Artefact,
    terms: Scoring,
}

/// What makes the log-odds.
#[derive(Debug)]
enum Scoring {
    Logistic(Terms),
    Forest(Box<ForestTerms>),
}

/// What a model says about one record.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// Calibrated log-odds of fraud; finite.
    pub log_odds: f64,
    /// `1 / (1 + e^-log_odds)`, 0..=1: the probability of the artefact's `label`.
    pub fraud_probability: f64,
    /// 100 × the probability, two decimals, 0.01..=99.99.
    pub risk_score: Decimal,
}

impl Score {
    fn of(log_odds: f64) -> Self {
        let fraud_probability = sigmoid(log_odds);
        Self { log_odds, fraud_probability, risk_score: risk_score(fraud_probability) }
    }
}

impl Model {
    /// Loads `path`, or `path/model.json` when it is a directory.
    ///
    /// # Errors
    /// See [`ModelError`]: nothing of a refused model is used.
    pub fn load(path: &Path) -> Result<Self, ModelError> {
        let file = if path.is_dir() { path.join(FILE) } else { path.to_owned() };
        let bytes =
            std::fs::read(&file).map_err(|source| ModelError::Unreadable { path: file, source })?;
        Self::from_bytes(&bytes)
    }

    /// The model the program comes with, trained on generated commerce.
    ///
    /// # Errors
    /// None in a released program: a test loads it.
    pub fn bundled() -> Result<Self, ModelError> {
        Self::from_bytes(include_bytes!("../../models/default/model.json"))
    }

    /// Loads an artefact's bytes.
    ///
    /// # Errors
    /// See [`ModelError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ModelError> {
        let artefact = Artefact::read(bytes)?;
        let terms = match &artefact.scorer {
            Scorer::Logistic(_) if artefact.calibration == Calibration::None => {
                return Err(ModelError::NotCalibrated);
            }
            Scorer::Logistic(logistic) => {
                let Calibrator::Platt(platt) = artefact.calibrator else {
                    return Err(ModelError::CurvedRegression);
                };
                Scoring::Logistic(Terms::build(logistic, platt)?)
            }
            Scorer::Forest(forest) => {
                Scoring::Forest(Box::new(ForestTerms::build(forest, artefact.calibrator.clone())?))
            }
        };
        Ok(Self { bytes: bytes.into(), artefact, terms })
    }

    /// Scores one record. Cost: one pass over the model's features, no allocation.
    pub fn score(&self, record: &Record) -> Score {
        let log_odds = match &self.terms {
            Scoring::Logistic(terms) => terms.log_odds(record),
            Scoring::Forest(terms) => terms.log_odds(record),
        };
        Score::of(log_odds)
    }

    /// The score and, in place of what `out` held, [`Model::contributions`]. Cost: of a logistic
    /// regression that of a score, not of two.
    pub fn explain(&self, record: &Record, out: &mut Vec<Contribution>) -> Score {
        match &self.terms {
            Scoring::Logistic(terms) => Score::of(terms.explain(record, out)),
            Scoring::Forest(_) => {
                self.contributions(record, out);
                self.score(record)
            }
        }
    }

    /// Replaces `out` by what each reason group adds to the log-odds, heaviest first; a group that
    /// adds nothing is left out. [`Model::base`] plus their sum is the score's `log_odds`, up to
    /// rounding. Cost: as a score; no allocation once `out` has room for every group.
    pub fn contributions(&self, record: &Record, out: &mut Vec<Contribution>) {
        match (&self.terms, &self.artefact.scorer) {
            (Scoring::Logistic(terms), _) => {
                terms.explain(record, out);
            }
            (Scoring::Forest(terms), Scorer::Forest(forest)) => {
                terms.contributions(forest, record, out);
            }
            (Scoring::Forest(_), Scorer::Logistic(_)) => out.clear(),
        }
    }

    /// [`Model::contributions`] by exact Shapley values: of a forest by `TreeSHAP`, of a regression its
    /// terms, which are that. False where they are path attributions after all, since the leaves of the
    /// forest do not say how many training rows they stand for. Cost: some thousand scores of a forest.
    pub fn exact_contributions(&self, record: &Record, out: &mut Vec<Contribution>) -> bool {
        let (Scoring::Forest(terms), Scorer::Forest(forest)) = (&self.terms, &self.artefact.scorer)
        else {
            self.contributions(record, out);
            return true;
        };
        let exact = terms.shapley(forest, record, out);
        if !exact {
            self.contributions(record, out);
        }
        exact
    }

    /// Its features with values worth trying on each.
    pub fn edges(&self) -> Vec<Edge> {
        edges::edges(&self.artefact)
    }

    /// Log-odds with a group of features at its baseline: in a regression its terms at their mean, in a
    /// forest what the trees expect of a row whose features of this group nobody knows. `part` is the
    /// group's contribution to the same record. Cost: of a forest one walk over every tree.
    pub fn without(&self, record: &Record, part: &Contribution) -> f64 {
        match (&self.terms, &self.artefact.scorer) {
            (Scoring::Forest(terms), Scorer::Forest(forest)) => {
                terms.without(forest, record, part.group)
            }
            _ => self.score(record).log_odds - part.log_odds,
        }
    }

    /// Log-odds of a transaction that is average in everything.
    pub fn base(&self) -> f64 {
        match &self.terms {
            Scoring::Logistic(terms) => terms.base(),
            Scoring::Forest(terms) => terms.base(),
        }
    }

    /// The digest that names this model in decisions, 64 hexadecimal digits.
    pub fn digest(&self) -> &str {
        &self.artefact.sha256
    }

    /// Whose labels it was calibrated on; [`Calibration::None`] for an imported forest alone.
    pub fn calibration(&self) -> Calibration {
        self.artefact.calibration
    }

    /// The names of the features it reads.
    pub fn features(&self) -> impl Iterator<Item = &str> {
        let (numbers, words, columns) = match &self.artefact.scorer {
            Scorer::Logistic(l) => (l.numbers.as_slice(), l.words.as_slice(), &[] as &[_]),
            Scorer::Forest(forest) => (&[] as &[_], &[] as &[_], forest.features.as_slice()),
        };
        let numbers = numbers.iter().map(|number| number.name.as_str());
        let words = words.iter().map(|word| word.name.as_str());
        numbers.chain(words).chain(columns.iter().map(|feature| feature.name.as_str()))
    }

    /// The artefact's bytes as they were loaded, for keeping.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Everything the file says.
    pub fn artefact(&self) -> &Artefact {
        &self.artefact
    }
}

/// `1 / (1 + e^-x)` without overflow on either side.
pub(crate) fn sigmoid(x: f64) -> f64 {
    if x >= 0.0 {
        1.0 / (1.0 + (-x).exp())
    } else {
        let e = x.exp();
        e / (1.0 + e)
    }
}

/// 100 × `probability` rounded to two decimals, clamped to 0.01..=99.99.
fn risk_score(probability: f64) -> Decimal {
    let hundredths = (probability * 10_000.0).round().clamp(1.0, 9_999.0);
    Decimal::new(hundredths.to_i64().unwrap_or(1), 2)
}
