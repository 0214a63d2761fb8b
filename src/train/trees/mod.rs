//! Models of trees: what a forest is grown from, and how it becomes one of ours.
//!
//! The libraries grow trees and nothing else. Their trees are copied into a [`Forest`], which is what is
//! judged, stored and served; none of their formats or predictions leaves this directory.

mod bagged;
mod boosted;
mod columns;
#[cfg(test)]
pub(super) mod tests;

pub use boosted::{Boosting, Direction};

use super::dataset::Dataset;
use super::encode::Dropped;
use super::error::TrainError;
use super::learner::{Fitted, ModelKind};
use super::split::{Known, undrawn};
use super::{Regression, TrainConfig};
use crate::model::forest::{Engine, Forest, Tree};
use crate::model::{Growth, Scorer};
use columns::Columns;
use std::collections::BTreeMap;

/// A forest with the columns it reads.
#[derive(Debug)]
pub(super) struct Trees {
    columns: Columns,
    forest: Forest,
    engine: Engine,
    growth: Growth,
}

impl Trees {
    /// Grows a forest on `rows`. Boosting stops where `later` says that more trees do not help; without
    /// `later` it grows as many as `trees` says.
    ///
    /// # Errors
    /// Nothing varies, a constraint on no feature, or what the library refuses.
    pub(super) fn grow(
        data: &Dataset,
        (rows, later): (&[Known], &[Known]),
        config: &TrainConfig,
        trees: usize,
    ) -> Result<Self, TrainError> {
        let columns = Columns::learn(data, rows);
        if columns.is_empty() {
            return Err(TrainError::NothingVaries);
        }
        let (forest, growth) = match config.kind {
            ModelKind::Forest => bagged::grow(&columns, data, &undrawn(data, rows), config)?,
            _ => boosted::grow(&columns, data, (rows, later), config, trees)?,
        };
        let engine = Engine::new(&forest).map_err(|error| TrainError::Unsound(error.into()))?;
        Ok(Self { columns, forest, engine, growth })
    }

    /// Trees kept.
    pub(super) fn count(&self) -> usize {
        self.forest.trees.len()
    }
}

impl Fitted for Trees {
    fn margin(&self, data: &Dataset, row: usize) -> f64 {
        let cells: Vec<f64> = self.columns.line(data, row).collect();
        self.forest.link.log_odds(self.engine.margin(&cells))
    }

    fn scorer(&self) -> Scorer {
        Scorer::Forest(self.forest.clone())
    }

    fn dropped(&self) -> &[Dropped] {
        &self.columns.dropped
    }

    fn growth(&self) -> Option<Growth> {
        Some(self.growth)
    }

    fn regression(&self) -> Option<&Regression> {
        None
    }

    fn importances(&self) -> Vec<(String, f64)> {
        let mut asked: BTreeMap<u32, f64> = BTreeMap::new();
        for tree in &self.forest.trees {
            for question in Tree::questions(tree) {
                *asked.entry(question.feature).or_default() += 1.0;
            }
        }
        let all: f64 = asked.values().sum();
        let name = |place: u32| {
            let place = usize::try_from(place).ok()?;
            self.forest.features.get(place).map(|feature| feature.name.clone())
        };
        let mut shares: Vec<_> =
            asked.iter().filter_map(|(place, n)| Some((name(*place)?, n / all))).collect();
        shares.sort_by(|a, b| b.1.total_cmp(&a.1));
        shares
    }
}
