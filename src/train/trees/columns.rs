//! From the dataset's columns to what trees are grown on.
//!
//! A number is taken as it is and a missing one stays missing: trees ask about both. Words are put in
//! order of their fraud rate in training and read as their place in it, so that one threshold parts the
//! risky ones from the rest; for two classes no other subset of words parts better. A word too rare to
//! have a rate is missing, as one never seen will be.

use crate::model::forest::Feature;
use crate::train::dataset::Dataset;
use crate::train::encode::{ALWAYS_THE_SAME, Dropped, LEAST_ROWS_OF_A_WORD, NEVER_KNOWN};
use crate::train::metrics::count;
use crate::train::split::Known;
use rust_decimal::prelude::ToPrimitive;
use std::borrow::Cow;

/// The columns of a forest.
#[derive(Debug)]
pub(super) struct Columns {
    columns: Vec<Column>,
    /// Columns of the dataset that say nothing.
    pub(super) dropped: Vec<Dropped>,
}

#[derive(Debug)]
struct Column {
    feature: Feature,
    /// Column of the dataset.
    place: usize,
    /// The cell of each word's number; empty for numbers.
    cells: Vec<f64>,
}

impl Columns {
    /// Learns which columns vary in `rows`, and the order of words.
    pub(super) fn learn(data: &Dataset, rows: &[Known]) -> Self {
        let mut learned = Self { columns: vec![], dropped: vec![] };
        for (place, column) in data.columns().iter().enumerate() {
            let name = &column.name;
            let words = match &column.words {
                Some(words) => in_order_of_risk(words, data, place, rows),
                None => vec![],
            };
            let cells = match &column.words {
                Some(known) => known.iter().map(|word| cell(word, &words)).collect(),
                None => vec![],
            };
            let feature = Feature { name: name.to_string(), words };
            let column = Column { feature, place, cells };
            match column.varies(data, rows) {
                Ok(()) => learned.columns.push(column),
                Err(why) => learned.dropped.push(Dropped { name: name.clone(), why }),
            }
        }
        learned
    }

    /// True where there is nothing to grow on.
    pub(super) fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.columns.len()
    }

    /// The features of the forest.
    pub(super) fn features(&self) -> Vec<Feature> {
        self.columns.iter().map(|column| column.feature.clone()).collect()
    }

    /// Place of the feature of this name.
    pub(super) fn place_of(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.feature.name == name)
    }

    /// The cells of one row; NaN is missing.
    pub(super) fn line(&self, data: &Dataset, row: usize) -> impl Iterator<Item = f64> {
        self.columns.iter().map(move |column| column.read(data, row))
    }

    /// The cells of `rows`, column by column.
    pub(super) fn by_column(&self, data: &Dataset, rows: &[Known]) -> Vec<f64> {
        let cells = |column: &Column| -> Vec<f64> {
            rows.iter().map(|known| column.read(data, known.row)).collect()
        };
        self.columns.iter().flat_map(cells).collect()
    }
}

impl Column {
    fn read(&self, data: &Dataset, row: usize) -> f64 {
        let value = data.value(row, self.place);
        if self.cells.is_empty() {
            return value;
        }
        value.to_usize().and_then(|word| self.cells.get(word)).copied().unwrap_or(f64::NAN)
    }

    fn varies(&self, data: &Dataset, rows: &[Known]) -> Result<(), &'static str> {
        let mut values = rows.iter().map(|known| self.read(data, known.row));
        let first = values.next().unwrap_or(f64::NAN).to_bits();
        if values.any(|value| value.to_bits() != first) {
            return Ok(());
        }
        Err(if f64::from_bits(first).is_nan() { NEVER_KNOWN } else { ALWAYS_THE_SAME })
    }
}

fn cell(word: &str, ordered: &[String]) -> f64 {
    let place = ordered.iter().position(|known| known == word);
    place.and_then(|place| u32::try_from(place).ok()).map_or(f64::NAN, f64::from)
}

/// The words frequent enough, the least risky first; of one rate, in the field's own order.
fn in_order_of_risk(
    words: &[Cow<'static, str>],
    data: &Dataset,
    place: usize,
    rows: &[Known],
) -> Vec<String> {
    let mut seen = vec![(0_usize, 0_usize); words.len()];
    for known in rows {
        let word = data.value(known.row, place).to_usize();
        if let Some((rows, frauds)) = word.and_then(|word| seen.get_mut(word)) {
            *rows += 1;
            *frauds += usize::from(known.fraud);
        }
    }
    let mut rates: Vec<_> = words
        .iter()
        .zip(seen)
        .filter(|(_, (rows, _))| *rows >= LEAST_ROWS_OF_A_WORD)
        .map(|(word, (rows, frauds))| (count(frauds) / count(rows), word.to_string()))
        .collect();
    rates.sort_by(|a, b| a.0.total_cmp(&b.0));
    rates.into_iter().map(|(_, word)| word).collect()
}
