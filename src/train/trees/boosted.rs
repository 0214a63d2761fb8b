//! Boosted trees, grown by `forust-ml`.
//!
//! Chosen by measurement on the Handbook's payments: as good as `XGBoost` with thresholds as fine, in
//! plain Rust. Thresholds are many: 255 a feature, the usual number, blur the few large amounts where
//! fraud lies. The one seed draws nothing as long as rows and features are not sampled, and they are
//! not: equal rows give equal trees on any number of threads.

use super::columns::Columns;
use crate::model::Growth;
use crate::model::forest::{Forest, Grown, Input, Leaf, Link, Missing, Question, Test, Tree};
use crate::train::TrainConfig;
use crate::train::dataset::Dataset;
use crate::train::error::TrainError;
use crate::train::metrics::count;
use crate::train::split::{Known, once};
use forust_ml::constraints::{Constraint, ConstraintMap};
use forust_ml::metric::Metric;
use forust_ml::{GradientBooster, Matrix};
use std::str::FromStr;

/// How trees are boosted.
#[derive(Debug, Clone, PartialEq)]
pub struct Boosting {
    /// Most trees, ≥ 1; fewer where a later slice says so.
    pub trees: usize,
    /// Most questions on the way to a leaf, 1..=16.
    pub depth: usize,
    /// Share of each tree's correction that is taken, above 0 to 1.
    pub rate: f32,
    /// Most thresholds tried a feature, 2..=65,535.
    pub bins: u16,
    /// L2 penalty on leaf values, ≥ 0.
    pub l2: f32,
    /// Least Hessian weight of a leaf, ≥ 0.
    pub leaf: f32,
    /// Trees without improvement on the later slice after which growing stops, ≥ 1.
    pub patience: usize,
    /// Features along which the risk may only move one way, all else equal.
    pub monotone: Vec<(String, Direction)>,
    /// True to weight rows by their amount, so that large frauds count for more.
    pub by_amount: bool,
}

impl Default for Boosting {
    fn default() -> Self {
        Self {
            trees: 400,
            depth: 3,
            rate: 0.1,
            bins: 4096,
            l2: 1.0,
            leaf: 1.0,
            patience: 40,
            monotone: vec![],
            by_amount: false,
        }
    }
}

/// Which way the risk may move as a feature grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Never down.
    Rising,
    /// Never up.
    Falling,
}

impl FromStr for Direction {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "rising" => Ok(Self::Rising),
            "falling" => Ok(Self::Falling),
            _ => Err(format!("`{text}` is no direction; it is `rising` or `falling`")),
        }
    }
}

/// Grows a forest on `rows`; see [`super::Trees::grow`].
pub(super) fn grow(
    columns: &Columns,
    data: &Dataset,
    (rows, later): (&[Known], &[Known]),
    config: &TrainConfig,
    trees: usize,
) -> Result<(Forest, Growth), TrainError> {
    let booster = fitted(columns, data, (rows, later), config, trees)?;
    forest(columns, &booster, &config.boosting)
}

fn fitted(
    columns: &Columns,
    data: &Dataset,
    (rows, later): (&[Known], &[Known]),
    config: &TrainConfig,
    trees: usize,
) -> Result<GradientBooster, TrainError> {
    let boosting = &config.boosting;
    let mut booster = booster(columns, boosting, config.seed, trees)?;
    let sheet = Sheet::of(columns, data, rows, boosting.by_amount);
    let later = Sheet::of(columns, data, later, false);
    let watched = (later.rows > 0).then(|| {
        vec![(later.matrix(columns), later.outcomes.as_slice(), later.weights.as_slice())]
    });
    booster.early_stopping_rounds = watched.as_ref().map(|_| boosting.patience);
    booster
        .fit(&sheet.matrix(columns), &sheet.outcomes, &sheet.weights, watched)
        .map_err(|error| TrainError::Boost(error.to_string()))?;
    Ok(booster)
}

/// The trees up to the best, in our form.
fn forest(
    columns: &Columns,
    booster: &GradientBooster,
    boosting: &Boosting,
) -> Result<(Forest, Growth), TrainError> {
    let kept = booster.best_iteration.map_or(booster.trees.len(), |best| best + 1);
    let grown = booster.trees.iter().take(kept).map(tree).collect::<Result<Vec<_>, _>>();
    let grown = grown.map_err(|error| TrainError::Unsound(error.into()))?;
    let growth = Growth {
        trees: grown.len(),
        depth: boosting.depth,
        rate: shortest(boosting.rate),
        bins: boosting.bins,
        leaf: shortest(boosting.leaf),
        by_amount: boosting.by_amount,
    };
    let forest = Forest {
        features: columns.features(),
        input: Input::F64,
        base: booster.base_score,
        link: Link::Logistic { slope: 1.0 },
        trees: grown,
    };
    Ok((forest, growth))
}

/// The number a person would have written: 0.1 for the single nearest to it.
fn shortest(x: f32) -> f64 {
    x.to_string().parse().unwrap_or(f64::from(x))
}

fn booster(
    columns: &Columns,
    boosting: &Boosting,
    seed: u64,
    trees: usize,
) -> Result<GradientBooster, TrainError> {
    let mut monotone = ConstraintMap::new();
    for (name, direction) in &boosting.monotone {
        let known = crate::features::FieldId::by_name(name).is_some();
        let place = columns.place_of(name);
        if !known {
            return Err(TrainError::NoFeature { name: name.clone() });
        }
        // A feature that never varies can't break its constraint.
        let Some(place) = place else { continue };
        monotone.insert(
            place,
            match direction {
                Direction::Rising => Constraint::Positive,
                Direction::Falling => Constraint::Negative,
            },
        );
    }
    let mut booster = GradientBooster::default();
    booster.iterations = trees;
    booster.learning_rate = boosting.rate;
    booster.max_depth = boosting.depth;
    booster.nbins = boosting.bins;
    booster.l2 = boosting.l2;
    booster.min_leaf_weight = boosting.leaf;
    booster.seed = seed;
    booster.initialize_base_score = true;
    booster.evaluation_metric = Some(Metric::LogLoss);
    booster.monotone_constraints = (!monotone.is_empty()).then_some(monotone);
    Ok(booster)
}

/// Rows as the library takes them.
struct Sheet {
    rows: usize,
    cells: Vec<f64>,
    outcomes: Vec<f64>,
    weights: Vec<f64>,
}

impl Sheet {
    fn of(columns: &Columns, data: &Dataset, rows: &[Known], by_amount: bool) -> Self {
        let (rows, copies): (Vec<Known>, Vec<usize>) = once(rows).unzip();
        let weights = if by_amount { weights(data, &rows, &copies) } else { vec![1.0; rows.len()] };
        Self {
            rows: rows.len(),
            cells: columns.by_column(data, &rows),
            outcomes: rows.iter().map(|known| f64::from(u8::from(known.fraud))).collect(),
            weights: weights.iter().zip(&copies).map(|(weight, n)| weight * count(*n)).collect(),
        }
    }

    fn matrix(&self, columns: &Columns) -> Matrix<'_, f64> {
        Matrix::new(&self.cells, self.rows, columns.len())
    }
}

/// Amounts over the mean of all copies; a row without an amount has the mean.
fn weights(data: &Dataset, rows: &[Known], copies: &[usize]) -> Vec<f64> {
    let euros = |known: &Known| Some(data.euros(known.row).max(0.0)).filter(|e| e.is_finite());
    let (mut sum, mut all) = (0.0, 0);
    for (row, copies) in rows.iter().zip(copies) {
        if let Some(euros) = euros(row) {
            sum += euros * count(*copies);
            all += copies;
        }
    }
    let mean = sum / count(all.max(1));
    let weight = |row: &Known| euros(row).filter(|_| mean > 0.0).map_or(1.0, |e| e / mean);
    rows.iter().map(weight).collect()
}

/// One tree in our form: `x < t` goes left, missing where the library learned it does better.
fn tree(grown: &forust_ml::tree::Tree) -> Result<Tree, crate::model::forest::ForestError> {
    Tree::grow(grown.nodes.len(), 0_usize, |place| {
        let node = grown.nodes.get(place).ok_or(crate::model::forest::ForestError::CutShort)?;
        if node.is_leaf {
            let (value, cover) = (f64::from(node.weight_value), f64::from(node.hessian_sum));
            return Ok(Grown::Leaf(Leaf { value, cover }));
        }
        let question = Question {
            feature: u32::try_from(node.split_feature).unwrap_or(u32::MAX),
            test: Test::AtMost(node.split_value.next_down()),
            missing: Missing::nan_left(node.missing_node == node.left_child),
        };
        Ok(Grown::Split { question, left: node.left_child, right: node.right_child })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::trees::tests::{known, world};

    #[test]
    fn our_forest_answers_as_the_library_does() {
        let data = world(3_000, 1);
        let rows = known(&data);
        let (early, late) = rows.split_at(2_000);
        let columns = Columns::learn(&data, early);
        let config = TrainConfig::default();
        let booster = fitted(&columns, &data, (early, late), &config, 60).unwrap();
        let (forest, growth) = forest(&columns, &booster, &config.boosting).unwrap();
        assert_eq!(growth.trees, booster.best_iteration.unwrap() + 1);
        let cells = columns.by_column(&data, late);
        let theirs = booster.predict(&Matrix::new(&cells, late.len(), columns.len()), false);
        for (known, expected) in late.iter().zip(theirs) {
            let line: Vec<f64> = columns.line(&data, known.row).collect();
            let found = forest.margin(&line);
            assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
        }
    }

    #[test]
    fn weights_are_amounts_over_their_mean() {
        let data = world(200, 2);
        let rows = known(&data);
        let found = weights(&data, &rows, &vec![1; rows.len()]);
        assert!((found.iter().sum::<f64>() - 200.0).abs() < 1e-9);
        let ratio = data.euros(rows[1].row) / data.euros(rows[0].row);
        assert!((found[1] / found[0] - ratio).abs() < 1e-9);
    }
}
