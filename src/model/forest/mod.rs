//! A forest: what every tree model becomes here, whoever trained it.
//!
//! [`Forest`] is the whole model in memory and in the artefact: features by name, trees, base score
//! and link. [`Forest::margin`] walks it plainly and is the oracle; [`Engine`] scores it fast. Both add
//! leaf values as whole numbers of one unit, a power of two chosen so that no sum can overflow: the
//! sum does not depend on its order, so every engine, batch size and processor gives equal bits. The
//! unit is below 2⁻⁵² of the largest possible margin, finer than the rounding of a sum of doubles.

mod columns;
mod engine;
mod error;
mod matching;
mod packed;
mod probe;
mod quantise;
mod shap;
mod simd;
mod stages;
#[cfg(test)]
mod tests;
mod tree;

pub use engine::{Engine, Kernel};
pub use error::ForestError;
pub use probe::rows as probe_rows;
pub(crate) use tree::Grown;
pub use tree::{Leaf, Missing, Node, Question, Test, Tree};

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The most a forest may have; past it a file is refused.
#[derive(Debug, Clone, Copy)]
pub struct Limits;

impl Limits {
    /// Features.
    pub const FEATURES: usize = 4096;
    /// Trees.
    pub const TREES: usize = 20_000;
    /// Nodes of one tree.
    pub const NODES: usize = 65_535;
    /// Nodes of all trees together.
    pub const ALL_NODES: usize = 4_000_000;
    /// Questions on the way to a leaf.
    pub const DEPTH: usize = 512;
    /// Numbers of a category set, over all sets of a forest.
    pub const CATEGORIES: usize = 4_000_000;
    /// Largest leaf value and base score, either sign.
    pub const LEAF: f64 = 1e9;
}

/// Trees whose leaf values add up to a margin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Forest {
    /// What the columns of a row are.
    pub features: Vec<Feature>,
    /// How a row's numbers are read.
    pub input: Input,
    /// Margin of an empty forest.
    pub base: f64,
    /// From margin to probability.
    pub link: Link,
    /// The trees.
    pub trees: Vec<Tree>,
}

/// One column of a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Feature {
    /// Its name in the source, or in the catalogue.
    pub name: String,
    /// The words whose positions the trees know as categories; empty for numbers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<String>,
}

/// How the source library reads a row's numbers: what makes its splits and ours agree on any float.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Input {
    /// As they are; a category is the whole part.
    F64,
    /// Rounded to single precision; a category is the whole part of a number that is not negative.
    F32,
    /// As [`Input::F64`], but numbers within 1e-35 (in single precision) of zero are zero: LightGBM.
    F64Snapped,
}

/// LightGBM's `kZeroThreshold`, the single-precision number nearest to 1e-35.
const SNAP: f64 = 1e-35_f32 as f64;

impl Input {
    /// The number the source library would compare.
    pub fn read(self, x: f64) -> f64 {
        match self {
            Self::F64 => x,
            #[expect(clippy::cast_possible_truncation, reason = "the source rounds so too")]
            Self::F32 => f64::from(x as f32),
            Self::F64Snapped => {
                if x.abs() <= SNAP {
                    0.0
                } else {
                    x
                }
            }
        }
    }

    /// The category a number, as [`Input::read`] gives it, stands for; `None` for none.
    pub fn category(self, x: f64) -> Option<u32> {
        let least = if self == Self::F32 { x >= 0.0 } else { x > -1.0 };
        // NaN fails the first comparison, and what is out of range was never in a set.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in range")]
        (least && x < f64::from(1_u32 << 31)).then(|| x.max(0.0) as u32)
    }
}

/// From margin to probability.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Link {
    /// `1 / (1 + e^-(slope · margin))`.
    Logistic {
        /// Log-odds per unit of margin, > 0.
        slope: f64,
    },
    /// The margin is the probability itself, clamped to 0..=1.
    Probability,
}

/// Probabilities closer to 0 or 1 than this have no finite log-odds worth the name.
const LEAST_PROBABILITY: f64 = 1e-9;

impl Link {
    /// The probability a margin means, 0..=1.
    pub fn probability(self, margin: f64) -> f64 {
        match self {
            Self::Logistic { slope } => crate::model::sigmoid(slope * margin),
            Self::Probability => margin.clamp(0.0, 1.0),
        }
    }

    /// The log-odds a margin means; finite.
    pub fn log_odds(self, margin: f64) -> f64 {
        match self {
            Self::Logistic { slope } => slope * margin,
            Self::Probability => {
                let p = margin.clamp(LEAST_PROBABILITY, 1.0 - LEAST_PROBABILITY);
                p.ln() - (-p).ln_1p()
            }
        }
    }
}

impl Forest {
    /// Checks everything an engine relies on.
    ///
    /// # Errors
    /// See [`ForestError`]: past a limit, a number that is no number, a feature that is not there.
    pub fn check(&self) -> Result<(), ForestError> {
        self.check_features()?;
        let too_many = |what, count, most| Err(ForestError::TooMany { what, count, most });
        if self.trees.len() > Limits::TREES {
            return too_many("trees", self.trees.len(), Limits::TREES);
        }
        let nodes = self.trees.iter().map(|tree| tree.nodes().len()).sum();
        if nodes > Limits::ALL_NODES {
            return too_many("nodes", nodes, Limits::ALL_NODES);
        }
        let bounded = |x: f64| x.abs() <= Limits::LEAF;
        if !bounded(self.base) {
            return Err(ForestError::Number { place: "base score".into(), value: self.base });
        }
        if let Link::Logistic { slope } = self.link
            && !(1e-9..=1e9).contains(&slope)
        {
            return Err(ForestError::Number { place: "slope of the link".into(), value: slope });
        }
        let mut categories = 0;
        for (number, tree) in self.trees.iter().enumerate() {
            if let Some(leaf) = tree.leaves().find(|leaf| !bounded(leaf.value)) {
                let place = format!("a leaf of tree {number}");
                return Err(ForestError::Number { place, value: leaf.value });
            }
            for question in tree.questions() {
                categories += self.check_question(question, number)?;
            }
        }
        if categories > Limits::CATEGORIES {
            return too_many("category numbers", categories, Limits::CATEGORIES);
        }
        Ok(())
    }

    fn check_features(&self) -> Result<(), ForestError> {
        let (count, most) = (self.features.len(), Limits::FEATURES);
        if count > most {
            return Err(ForestError::TooMany { what: "features", count, most });
        }
        let mut seen = BTreeSet::new();
        for feature in &self.features {
            if !seen.insert(&feature.name) {
                return Err(ForestError::FeatureTwice { name: feature.name.clone() });
            }
            let mut words = BTreeSet::new();
            if let Some(word) = feature.words.iter().find(|word| !words.insert(*word)) {
                let (name, word) = (feature.name.clone(), word.clone());
                return Err(ForestError::WordTwice { name, word });
            }
        }
        Ok(())
    }

    /// The number of categories the question lists.
    fn check_question(&self, question: &Question, tree: usize) -> Result<usize, ForestError> {
        let Question { feature, test, missing } = question;
        if usize::try_from(*feature).map_or(true, |feature| feature >= self.features.len()) {
            let (feature, features) = (*feature, self.features.len());
            return Err(ForestError::NoFeature { tree, feature, features });
        }
        match test {
            Test::AtMost(threshold) if threshold.is_nan() => {
                let place = format!("a threshold of tree {tree}");
                Err(ForestError::Number { place, value: *threshold })
            }
            Test::AtMost(_) => Ok(0),
            Test::In(set) if !set.is_sorted_by(|a, b| a < b) => {
                Err(ForestError::Categories { tree, what: "not in ascending order" })
            }
            Test::In(_) if !matches!(missing, Missing::Left | Missing::Right) => {
                Err(ForestError::Categories { tree, what: "asked with zero as missing" })
            }
            Test::In(set) => Ok(set.len()),
        }
    }

    /// The margin of one row, by the plain walk: the oracle of every engine, and as slow as it looks.
    ///
    /// `row` holds one number a feature; NaN is missing, and so is what a short row lacks.
    pub fn margin(&self, row: &[f64]) -> f64 {
        let units = Units::of(self);
        let leaves =
            self.trees.iter().map(|tree| match tree.nodes().get(tree.leaf_of(self.input, row)) {
                Some(Node::Leaf(leaf)) => units.count(leaf.value),
                _ => 0,
            });
        units.sum(units.count(self.base) + leaves.sum::<i64>())
    }
}

/// The unit in which a forest's leaf values are added.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Units {
    per_one: f64,
    one: f64,
}

impl Units {
    /// Binary digits of the largest possible sum; the rest of an `i64` is room for rounding.
    const DIGITS: i32 = 61;

    fn of(forest: &Forest) -> Self {
        let largest = |tree: &Tree| tree.leaves().map(|leaf| leaf.value.abs()).fold(0.0, f64::max);
        let total = forest.base.abs() + forest.trees.iter().map(largest).sum::<f64>();
        let mut digits = 0;
        // Powers of two are exact, so the count is the same everywhere.
        while digits < Self::DIGITS && 2_f64.powi(digits) <= total {
            digits += 1;
        }
        let exponent = Self::DIGITS - digits;
        Self { per_one: 2_f64.powi(exponent), one: 2_f64.powi(-exponent) }
    }

    /// A leaf value in units, rounded.
    #[expect(clippy::cast_possible_truncation, reason = "below 2^61 by construction")]
    fn count(self, value: f64) -> i64 {
        (value * self.per_one).round() as i64
    }

    /// A sum of units as a number.
    #[expect(clippy::cast_precision_loss, reason = "the one rounding of a score")]
    fn sum(self, units: i64) -> f64 {
        units as f64 * self.one
    }
}
