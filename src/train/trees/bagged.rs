//! A probability forest: smartcore's regression forest on outcomes 0 and 1, of bounded depth.
//!
//! smartcore knows no missing values and shows its trees through serde alone. So a missing cell is read
//! as less than every value seen, which a tree that sends missing to the left repeats exactly; and the
//! trees are read back from their JSON within the same run, never from a file, so that another version's
//! layout can't matter.

use super::columns::Columns;
use crate::model::Growth;
use crate::model::forest::{
    Forest, ForestError, Grown, Input, Leaf, Link, Missing, Question, Test, Tree,
};
use crate::train::TrainConfig;
use crate::train::dataset::Dataset;
use crate::train::error::TrainError;
use crate::train::metrics::count;
use crate::train::split::Known;
use serde::Deserialize;
use smartcore::ensemble::random_forest_regressor::{
    RandomForestRegressor, RandomForestRegressorParameters,
};
use smartcore::linalg::basic::matrix::DenseMatrix;

/// Trees grown side by side.
const TREES: usize = 100;
/// Most questions on the way to a leaf: unbounded trees remember their rows.
const DEPTH: u16 = 14;
/// Rows a leaf stands for, at least.
const LEAF: usize = 2;

#[derive(Deserialize)]
struct Bag {
    forest_regressor: Option<Inner>,
}

#[derive(Deserialize)]
struct Inner {
    trees: Option<Vec<One>>,
}

#[derive(Deserialize)]
struct One {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    output: f64,
    split_feature: usize,
    split_value: Option<f64>,
    true_child: Option<usize>,
    false_child: Option<usize>,
}

/// Grows a forest on `rows`; see [`super::Trees::grow`].
pub(super) fn grow(
    columns: &Columns,
    data: &Dataset,
    rows: &[Known],
    config: &TrainConfig,
) -> Result<(Forest, Growth), TrainError> {
    let bag = fitted(&matrix(columns, data, rows)?, rows, config.seed)?;
    let forest = forest(columns, &bag, rows)?;
    let growth = Growth {
        trees: forest.trees.len(),
        depth: usize::from(DEPTH),
        rate: 1.0,
        bins: 0,
        leaf: count(LEAF),
        by_amount: false,
    };
    Ok((forest, growth))
}

type Cells = DenseMatrix<f64>;
type Fitted = RandomForestRegressor<f64, f64, Cells, Vec<f64>>;

/// The cells of `rows`, a missing one below every other of its column.
fn matrix(columns: &Columns, data: &Dataset, rows: &[Known]) -> Result<Cells, TrainError> {
    let mut cells = columns.by_column(data, rows);
    for column in cells.chunks_mut(rows.len().max(1)) {
        let least = column.iter().copied().filter(|x| !x.is_nan()).fold(f64::INFINITY, f64::min);
        let below = if least.is_finite() { least - 1.0 } else { 0.0 };
        column.iter_mut().filter(|x| x.is_nan()).for_each(|x| *x = below);
    }
    DenseMatrix::new(rows.len(), columns.len(), cells, true).map_err(TrainError::Fit)
}

fn outcomes(rows: &[Known]) -> Vec<f64> {
    rows.iter().map(|known| f64::from(u8::from(known.fraud))).collect()
}

fn fitted(matrix: &Cells, rows: &[Known], seed: u64) -> Result<Fitted, TrainError> {
    let parameters = RandomForestRegressorParameters::default()
        .with_n_trees(TREES)
        .with_max_depth(DEPTH)
        .with_min_samples_leaf(LEAF)
        .with_seed(seed);
    RandomForestRegressor::fit(matrix, &outcomes(rows), parameters).map_err(TrainError::Fit)
}

/// The mean of the trees and one tree's worth of the base rate, so that no probability is 0 or 1.
fn forest(columns: &Columns, bag: &Fitted, rows: &[Known]) -> Result<Forest, TrainError> {
    let bag: Bag = serde_json::from_slice(&serde_json::to_vec(bag)?)?;
    let grown = bag.forest_regressor.and_then(|inner| inner.trees).unwrap_or_default();
    let rate = outcomes(rows).iter().sum::<f64>() / count(rows.len());
    let parts = count(grown.len() + 1);
    let trees = grown.iter().map(|one| tree(one, parts)).collect::<Result<Vec<_>, _>>();
    Ok(Forest {
        features: columns.features(),
        input: Input::F64,
        base: rate / parts,
        link: Link::Probability,
        trees: trees.map_err(|error| TrainError::Unsound(error.into()))?,
    })
}

fn tree(one: &One, parts: f64) -> Result<Tree, ForestError> {
    Tree::grow(one.nodes.len(), 0_usize, |place| {
        let node = one.nodes.get(place).ok_or(ForestError::CutShort)?;
        let (Some(left), Some(right), Some(threshold)) =
            (node.true_child, node.false_child, node.split_value)
        else {
            return Ok(Grown::Leaf(Leaf { value: node.output / parts, cover: f64::NAN }));
        };
        let question = Question {
            feature: u32::try_from(node.split_feature).unwrap_or(u32::MAX),
            test: Test::AtMost(threshold),
            missing: Missing::Left,
        };
        Ok::<_, ForestError>(Grown::Split { question, left, right })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::trees::tests::{known, world};

    #[test]
    fn our_forest_answers_as_the_library_does() {
        let data = world(600, 3);
        let rows = known(&data);
        let columns = Columns::learn(&data, &rows);
        let matrix = matrix(&columns, &data, &rows).unwrap();
        let bag = fitted(&matrix, &rows, 4).unwrap();
        let forest = forest(&columns, &bag, &rows).unwrap();
        let theirs = bag.predict(&matrix).unwrap();
        let parts = count(forest.trees.len() + 1);
        for (known, expected) in rows.iter().zip(theirs) {
            let line: Vec<f64> = columns.line(&data, known.row).collect();
            let found = (forest.margin(&line) - forest.base) * parts / (parts - 1.0);
            assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
        }
    }
}
