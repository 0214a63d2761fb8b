//! A forest's columns from a record, and what each reason group adds to its margin.
//!
//! Columns are bound to fields by name when the model loads, so a score looks nothing up but `custom`
//! members. A word is read as its place in the feature's list; a word the list lacks is missing, which
//! is what the training libraries make of an unseen category.
//!
//! Contributions are path attributions: at each split the feature's group is given what the expected
//! margin changes by on the way taken. They add up to the score; they are not Shapley values.

use super::ModelError;
use super::calibrator::Calibrator;
use super::forest::{Engine, Feature, Forest, Leaf, Link, Node, Tree};
use super::reasons::{Contribution, REASON_GROUPS, ReasonGroup, group_of, group_of_name};
use crate::features::{FieldId, Kind, Origin, Record, Value};

/// A forest that reads records.
#[derive(Debug)]
pub(super) struct ForestTerms {
    engine: Engine,
    columns: Box<[Column]>,
    calibrator: Calibrator,
    link: Link,
    /// Expected margin of each node of each tree, over the training rows where the leaves say how many
    /// they stand for, else over the leaves.
    expected: Box<[Box<[f64]>]>,
    /// Margin expected of any row.
    base: f64,
}

#[derive(Debug)]
struct Column {
    source: Source,
    group: usize,
    words: Box<[Box<str>]>,
}

/// Where a feature is read from.
#[derive(Debug)]
pub(super) enum Source {
    Field(FieldId),
    /// A member of `custom`, by its name without the prefix.
    Custom(Box<str>),
}

impl Source {
    pub(super) fn get<'r>(&self, record: &'r Record) -> &'r Value {
        match self {
            Self::Field(field) => record.get(*field),
            Self::Custom(name) => record.custom(name),
        }
    }
}

/// Which of some words a value is; a number is a word that reads as it.
pub(super) fn place_of<'w>(value: &Value, words: impl Iterator<Item = &'w str>) -> Option<usize> {
    let mut words = words;
    let mut place = |word: &str| words.position(|known| known == word);
    match value {
        Value::Text(text) => place(text),
        Value::Country(country) => place(country.code()),
        Value::Currency(currency) => place(currency.code()),
        Value::Bool(true) => place("true"),
        Value::Bool(false) => place("false"),
        number => {
            let number = number.numeric();
            words.position(|word| word.parse::<f64>() == Ok(number))
        }
    }
}

/// Columns of most forests, and the row kept on the stack for them.
const FEW_COLUMNS: usize = 128;
const MOST_COLUMNS: usize = super::forest::Limits::FEATURES;

impl ForestTerms {
    /// Checks the forest, binds its columns and prepares its engine.
    pub(super) fn build(forest: &Forest, calibrator: Calibrator) -> Result<Self, ModelError> {
        calibrator.check()?;
        let engine = Engine::new(forest)?;
        let columns = columns(&forest.features)?;
        let expected: Box<[Box<[f64]>]> = forest.trees.iter().map(expected).collect();
        let roots = expected.iter().filter_map(|tree| tree.first());
        let base = forest.base + roots.sum::<f64>();
        Ok(Self { engine, columns, calibrator, link: forest.link, expected, base })
    }

    /// Calibrated log-odds of one record; finite.
    pub(super) fn log_odds(&self, record: &Record) -> f64 {
        self.with_row(record, |row| self.calibrated(self.engine.margin(row)))
    }

    /// Log-odds of the expected margin.
    pub(super) fn base(&self) -> f64 {
        self.calibrated(self.base)
    }

    fn calibrated(&self, margin: f64) -> f64 {
        self.calibrator.apply(self.link.log_odds(margin))
    }

    #[expect(clippy::large_stack_arrays, reason = "32 KiB, and no allocation per row")]
    fn with_row<T>(&self, record: &Record, then: impl FnOnce(&[f64]) -> T) -> T {
        if self.columns.len() <= FEW_COLUMNS {
            then(self.fill(record, &mut [f64::NAN; FEW_COLUMNS]))
        } else {
            then(self.fill(record, &mut [f64::NAN; MOST_COLUMNS]))
        }
    }

    fn fill<'r>(&self, record: &Record, row: &'r mut [f64]) -> &'r [f64] {
        for (cell, column) in row.iter_mut().zip(&self.columns) {
            *cell = column.read(record);
        }
        row.get(..self.columns.len()).unwrap_or_default()
    }

    /// Each group's share of `log_odds(record) - base`, heaviest first.
    pub(super) fn contributions(
        &self,
        forest: &Forest,
        record: &Record,
        out: &mut Vec<Contribution>,
    ) {
        every_group(out);
        let margin = self.with_row(record, |row| {
            for (tree, expected) in forest.trees.iter().zip(&self.expected) {
                self.attribute(forest, (tree, expected), row, out);
            }
            self.engine.margin(row)
        });
        self.in_log_odds((margin, self.base), out);
    }

    /// The same by exact Shapley values of the margin; false, and nothing in `out`, where the leaves do
    /// not say how many training rows they stand for.
    pub(super) fn shapley(
        &self,
        forest: &Forest,
        record: &Record,
        out: &mut Vec<Contribution>,
    ) -> bool {
        out.clear();
        let mut values = Vec::new();
        let found = self.with_row(record, |row| {
            Some((self.engine.margin(row), forest.shapley(row, &mut values)?))
        });
        // Leaves that stand for no rows are averaged over in another way there.
        let same = |(_, base): &(f64, f64)| (base - self.base).abs() <= 1e-9 * (1.0 + base.abs());
        let Some(margins) = found.filter(same) else { return false };
        every_group(out);
        for (column, value) in self.columns.iter().zip(values) {
            if let Some(contribution) = out.get_mut(column.group) {
                contribution.log_odds += value;
            }
        }
        self.in_log_odds(margins, out);
        true
    }

    /// Turns shares of a margin, which were counted from `base`, into log-odds, where all of them weigh
    /// the same; the heaviest first, without those that are nothing.
    fn in_log_odds(&self, (margin, base): (f64, f64), out: &mut Vec<Contribution>) {
        let span = margin - base;
        let factor = (self.calibrated(margin) - self.calibrated(base)) / span;
        let factor = if span == 0.0 { 0.0 } else { factor };
        for contribution in out.iter_mut() {
            contribution.log_odds *= factor;
        }
        out.retain(|contribution| contribution.log_odds != 0.0);
        out.sort_by(|a, b| b.log_odds.abs().total_cmp(&a.log_odds.abs()));
    }

    /// Calibrated log-odds expected where the group's features are not known: at their questions both
    /// ways are taken, each by its share of the training rows.
    pub(super) fn without(&self, forest: &Forest, record: &Record, group: &ReasonGroup) -> f64 {
        let group = REASON_GROUPS.iter().position(|one| one == group);
        let unknown = |feature: u32| {
            let place = usize::try_from(feature).unwrap_or(usize::MAX);
            self.columns.get(place).is_some_and(|column| Some(column.group) == group)
        };
        let margin = self.with_row(record, |row| {
            let trees = forest.trees.iter().map(|tree| expected_of(forest, tree, row, &unknown));
            forest.base + trees.sum::<f64>()
        });
        self.calibrated(margin)
    }

    fn attribute(
        &self,
        forest: &Forest,
        (tree, expected): (&Tree, &[f64]),
        row: &[f64],
        out: &mut [Contribution],
    ) {
        let expected_at = |node: usize| expected.get(node).copied().unwrap_or(0.0);
        let mut at = 0;
        while let Some((question, next)) = tree.step(forest.input, row, at) {
            let place = usize::try_from(question.feature).unwrap_or(usize::MAX);
            let group = self.columns.get(place).map(|column| column.group);
            if let Some(contribution) = group.and_then(|group| out.get_mut(group)) {
                contribution.log_odds += expected_at(next) - expected_at(at);
            }
            at = next;
        }
    }
}

/// Replaces what a list held by every group, at nothing.
fn every_group(out: &mut Vec<Contribution>) {
    out.clear();
    out.extend(REASON_GROUPS.iter().map(|group| Contribution { group, log_odds: 0.0 }));
}

impl Column {
    fn read(&self, record: &Record) -> f64 {
        let value = self.source.get(record);
        if self.words.is_empty() {
            return value.numeric();
        }
        let place = place_of(value, self.words.iter().map(AsRef::as_ref));
        place.and_then(|place| u32::try_from(place).ok()).map_or(f64::NAN, f64::from)
    }
}

/// Binds every column, or names all that have no field.
fn columns(features: &[Feature]) -> Result<Box<[Column]>, ModelError> {
    let is_custom = |name: &str| name.starts_with("custom.");
    let unknown: Vec<_> = features
        .iter()
        .map(|feature| &feature.name)
        .filter(|name| !is_custom(name) && FieldId::by_name(name).is_none())
        .cloned()
        .collect();
    if !unknown.is_empty() {
        return Err(ModelError::UnknownFeatures { names: unknown });
    }
    features.iter().map(column).collect()
}

fn column(feature: &Feature) -> Result<Column, ModelError> {
    let words: Box<[Box<str>]> = feature.words.iter().map(|word| word.as_str().into()).collect();
    if let Some(name) = feature.name.strip_prefix("custom.") {
        let group = group_of_name(&feature.name);
        return Ok(Column { source: Source::Custom(name.into()), group, words });
    }
    let field = FieldId::by_name(&feature.name)
        .ok_or_else(|| ModelError::UnknownFeatures { names: vec![feature.name.clone()] })?;
    if field.field().origin == Origin::Own {
        return Err(ModelError::OwnAction { name: feature.name.clone() });
    }
    let kind = field.field().kind;
    let of_words = matches!(kind, Kind::Word(_) | Kind::Text | Kind::Country | Kind::Currency);
    if !kind.is_numeric() && (words.is_empty() || !of_words) {
        let used = if words.is_empty() { "number" } else { "word" };
        let (name, kind) = (feature.name.clone(), kind.name());
        return Err(ModelError::WrongKind { name, used, kind });
    }
    Ok(Column { source: Source::Field(field), group: group_of(field), words })
}

/// The margin expected of a row of which some features are not known.
fn expected_of(forest: &Forest, tree: &Tree, row: &[f64], unknown: &dyn Fn(u32) -> bool) -> f64 {
    let sums = weighed(tree);
    let weight = |node: usize| sums.get(node).map_or(0.0, |(_, weight)| *weight);
    let (mut margin, mut open) = (0.0, vec![(0, 1.0)]);
    while let Some((node, share)) = open.pop() {
        match tree.nodes().get(node) {
            Some(Node::Split { question, right }) if unknown(question.feature) => {
                let right = usize::try_from(*right).unwrap_or(usize::MAX);
                let (to_left, to_right) = (weight(node + 1), weight(right));
                let both = to_left + to_right;
                open.push((node + 1, share * to_left / both));
                open.push((right, share * to_right / both));
            }
            Some(Node::Leaf(leaf)) => margin += share * leaf.value,
            _ => {
                let next = tree.step(forest.input, row, node);
                open.extend(next.map(|(_, next)| (next, share)));
            }
        }
    }
    margin
}

/// The expected margin of each node, in preorder.
fn expected(tree: &Tree) -> Box<[f64]> {
    weighed(tree).into_iter().map(|(value, _)| value).collect()
}

/// The expected margin of each node with its weight, in preorder.
fn weighed(tree: &Tree) -> Vec<(f64, f64)> {
    let all_known = tree.leaves().all(|leaf| leaf.cover.is_finite() && leaf.cover > 0.0);
    let mut sums = vec![(0.0, 0.0); tree.nodes().len()];
    for (place, node) in tree.nodes().iter().enumerate().rev() {
        let (value, weight) = match node {
            Node::Leaf(Leaf { value, cover }) => (*value, if all_known { *cover } else { 1.0 }),
            Node::Split { right, .. } => {
                let at = |place: usize| sums.get(place).copied().unwrap_or((0.0, 0.0));
                let (left, left_weight) = at(place + 1);
                let (right, right_weight) = at(usize::try_from(*right).unwrap_or(usize::MAX));
                let weight = left_weight + right_weight;
                ((left * left_weight + right * right_weight) / weight, weight)
            }
        };
        if let Some(sum) = sums.get_mut(place) {
            *sum = (value, weight);
        }
    }
    sums
}
