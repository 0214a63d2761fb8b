//! From columns of a dataset to the matrix of a linear model, and from its coefficients back to the
//! features of an artefact.
//!
//! Everything the encoding learns (scale, clip, levels) is learned from the rows that are fitted,
//! never from those that calibrate or test. A feature's cells and a scorer's term are the same
//! formula; a test holds them together.

use super::dataset::{Column, Dataset};
use super::fit::{self, Fit};
use super::metrics::count;
use super::split::Known;
use crate::model::{Level, Logistic, Number, Transform, Word};
use ndarray::Array2;
use rust_decimal::prelude::ToPrimitive;
use serde::Serialize;
use std::borrow::Cow;

/// A word needs this many fitted rows for a coefficient of its own.
pub(super) const LEAST_ROWS_OF_A_WORD: usize = 20;

/// Below this standard deviation a transformed number counts as constant.
const LEAST_SPREAD: f64 = 1e-6;

/// A column of the dataset that did not become a feature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Dropped {
    /// The field's name.
    pub name: Cow<'static, str>,
    /// One of [`Dropped::REASONS`].
    pub why: &'static str,
}

pub(super) const NEVER_KNOWN: &str = "never known";
pub(super) const ALWAYS_THE_SAME: &str = "always the same";

impl Dropped {
    /// Every reason, for a reader.
    pub const REASONS: [&'static str; 2] = [NEVER_KNOWN, ALWAYS_THE_SAME];
}

/// The features of a model whose coefficients are still zero, and the cells each row turns into.
#[derive(Debug)]
pub(super) struct Encoding {
    model: Logistic,
    pub(super) dropped: Vec<Dropped>,
    /// Dataset column of each number and of each word.
    number_columns: Vec<usize>,
    word_columns: Vec<WordColumn>,
    cells: Vec<Cell>,
}

/// One column of the matrix; indices into the model's numbers or words.
#[derive(Debug, Clone, Copy)]
enum Cell {
    Number(usize),
    NumberMissing(usize),
    Word(usize, Choice),
}

/// Which of a word feature's coefficients applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Choice {
    Level(usize),
    Other,
    Missing,
}

#[derive(Debug)]
struct WordColumn {
    /// Column of the dataset.
    place: usize,
    /// The choice of each word the field can hold.
    choices: Vec<Choice>,
}

impl WordColumn {
    fn choice(&self, data: &Dataset, row: usize) -> Choice {
        let word = data.value(row, self.place).to_usize();
        word.and_then(|word| self.choices.get(word)).copied().unwrap_or(Choice::Missing)
    }
}

impl Encoding {
    /// Learns scales and levels from `rows`.
    pub(super) fn learn(data: &Dataset, rows: &[Known]) -> Self {
        let model = Logistic { intercept: 0.0, numbers: vec![], words: vec![] };
        let (number_columns, word_columns) = (vec![], vec![]);
        let mut encoding =
            Self { model, dropped: vec![], number_columns, word_columns, cells: vec![] };
        for (place, column) in data.columns().iter().enumerate() {
            let values: Vec<_> =
                rows.iter().map(|known| (data.value(known.row, place), known.fraud)).collect();
            let learned = match &column.words {
                Some(words) => encoding.learn_word(column, (place, words), &values),
                None => encoding.learn_number(column, place, &values),
            };
            if let Err(why) = learned {
                encoding.dropped.push(Dropped { name: column.name.clone(), why });
            }
        }
        encoding
    }

    fn learn_number(
        &mut self,
        column: &Column,
        place: usize,
        values: &[(f64, bool)],
    ) -> Result<(), &'static str> {
        let known: Vec<_> = values.iter().copied().filter(|(x, _)| x.is_finite()).collect();
        if known.is_empty() {
            return Err(NEVER_KNOWN);
        }
        let boolean = column.is_bool();
        let transform = if boolean { Transform::Identity } else { best_transform(&known) };
        let moments = Moments::of(known.iter().map(|(x, _)| transform.apply(*x)));
        let varies = moments.spread > LEAST_SPREAD;
        let sometimes_missing = known.len() < values.len();
        if !varies && !sometimes_missing {
            return Err(ALWAYS_THE_SAME);
        }
        let index = self.model.numbers.len();
        self.cells.extend(varies.then_some(Cell::Number(index)));
        self.cells.extend(sometimes_missing.then_some(Cell::NumberMissing(index)));
        self.number_columns.push(place);
        let plain = boolean || !varies;
        self.model.numbers.push(Number {
            name: column.name.to_string(),
            transform,
            clip: [moments.low, moments.high],
            imputed: moments.mean,
            mean: if plain { 0.0 } else { moments.mean },
            scale: if plain { 1.0 } else { moments.spread },
            coefficient: 0.0,
            missing_coefficient: 0.0,
            background: 0.0,
        });
        Ok(())
    }

    fn learn_word(
        &mut self,
        column: &Column,
        (place, words): (usize, &[Cow<'static, str>]),
        values: &[(f64, bool)],
    ) -> Result<(), &'static str> {
        let mut rows_of = vec![0usize; words.len()];
        for word in values.iter().filter_map(|(code, _)| code.to_usize()) {
            if let Some(rows) = rows_of.get_mut(word) {
                *rows += 1;
            }
        }
        let missing = values.iter().filter(|(code, _)| code.is_nan()).count();
        if missing == values.len() {
            return Err(NEVER_KNOWN);
        }
        if missing == 0 && rows_of.iter().filter(|rows| **rows > 0).count() < 2 {
            return Err(ALWAYS_THE_SAME);
        }
        let index = self.model.words.len();
        let mut levels = vec![];
        let mut choices = vec![];
        for (word, rows) in words.iter().zip(&rows_of) {
            if *rows >= LEAST_ROWS_OF_A_WORD {
                choices.push(Choice::Level(levels.len()));
                levels.push(Level { word: word.to_string(), coefficient: 0.0 });
            } else {
                choices.push(Choice::Other);
            }
        }
        let rare = rows_of.iter().any(|rows| (1..LEAST_ROWS_OF_A_WORD).contains(rows));
        let mut seen: Vec<Choice> = (0..levels.len()).map(Choice::Level).collect();
        seen.extend(rare.then_some(Choice::Other));
        seen.extend((missing > 0).then_some(Choice::Missing));
        self.cells.extend(seen.into_iter().map(|choice| Cell::Word(index, choice)));
        self.word_columns.push(WordColumn { place, choices });
        self.model.words.push(Word {
            name: column.name.to_string(),
            levels,
            other_coefficient: 0.0,
            missing_coefficient: 0.0,
            background: 0.0,
        });
        Ok(())
    }

    /// Every feature with the places of its cells.
    pub(super) fn cells_by_feature(&self) -> Vec<(&str, Vec<usize>)> {
        let mut features: Vec<(&str, Vec<usize>)> = vec![];
        for (place, cell) in self.cells.iter().enumerate() {
            let name = match *cell {
                Cell::Number(i) | Cell::NumberMissing(i) => {
                    self.model.numbers.get(i).map(|number| &number.name)
                }
                Cell::Word(i, _) => self.model.words.get(i).map(|word| &word.name),
            };
            let Some(name) = name else { continue };
            match features.last_mut() {
                Some((last, cells)) if *last == name => cells.push(place),
                _ => features.push((name, vec![place])),
            }
        }
        features
    }

    /// True when there is nothing to fit.
    pub(super) fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// The matrix of `rows`, one column a cell.
    pub(super) fn matrix(&self, data: &Dataset, rows: &[Known]) -> Array2<f64> {
        let mut matrix = Array2::zeros((rows.len(), self.cells.len()));
        for (mut line, known) in matrix.rows_mut().into_iter().zip(rows) {
            line.iter_mut().zip(self.line(data, known.row)).for_each(|(slot, x)| *slot = x);
        }
        matrix
    }

    /// The cells of one row.
    pub(super) fn line(&self, data: &Dataset, row: usize) -> impl Iterator<Item = f64> {
        self.cells.iter().map(move |cell| self.read(*cell, data, row))
    }

    fn read(&self, cell: Cell, data: &Dataset, row: usize) -> f64 {
        let flag = |on: bool| f64::from(u8::from(on));
        let number =
            |i: usize| self.number_columns.get(i).map_or(f64::NAN, |c| data.value(row, *c));
        match cell {
            Cell::Number(i) => self.model.numbers.get(i).map_or(0.0, |f| scaled(f, number(i))),
            Cell::NumberMissing(i) => flag(number(i).is_nan()),
            Cell::Word(i, choice) => {
                let column = self.word_columns.get(i);
                flag(column.is_some_and(|column| column.choice(data, row) == choice))
            }
        }
    }

    /// The model with its coefficients, one a cell, and each feature's mean term over `matrix`.
    pub(super) fn filled(&self, matrix: &Array2<f64>, fit: &Fit) -> Logistic {
        let rows = count(matrix.nrows());
        let mut model = self.model.clone();
        model.intercept = fit.intercept;
        let columns = self.cells.iter().zip(matrix.columns()).zip(&fit.coefficients);
        for ((cell, column), coefficient) in columns {
            if let Some((slot, background)) = slot(&mut model, *cell) {
                *slot = *coefficient;
                *background += coefficient * column.sum() / rows;
            }
        }
        model
    }
}

/// Where a cell's coefficient goes, and the background of its feature.
fn slot(model: &mut Logistic, cell: Cell) -> Option<(&mut f64, &mut f64)> {
    match cell {
        Cell::Number(i) => {
            let number = model.numbers.get_mut(i)?;
            Some((&mut number.coefficient, &mut number.background))
        }
        Cell::NumberMissing(i) => {
            let number = model.numbers.get_mut(i)?;
            Some((&mut number.missing_coefficient, &mut number.background))
        }
        Cell::Word(i, choice) => {
            let word = model.words.get_mut(i)?;
            let coefficient = match choice {
                Choice::Level(level) => &mut word.levels.get_mut(level)?.coefficient,
                Choice::Other => &mut word.other_coefficient,
                Choice::Missing => &mut word.missing_coefficient,
            };
            Some((coefficient, &mut word.background))
        }
    }
}

/// A feature's scaled value, as its term in the artefact says.
fn scaled(feature: &Number, x: f64) -> f64 {
    let [low, high] = feature.clip;
    let t =
        if x.is_finite() { feature.transform.apply(x).clamp(low, high) } else { feature.imputed };
    (t - feature.mean) / feature.scale
}

/// The transform from which a model of this feature alone would predict better, the plain number when
/// both do alike.
///
/// Which one does depends on the data: attempts count in powers of ten, but an amount can be suspect
/// from a limit on, and then its logarithm hides what is plain.
fn best_transform(known: &[(f64, bool)]) -> Transform {
    let loss = |transform: Transform| {
        let Moments { mean, spread, .. } =
            Moments::of(known.iter().map(|(x, _)| transform.apply(*x)));
        let scaled = |x: f64| (transform.apply(x) - mean) / spread.max(LEAST_SPREAD);
        let rows = known.iter().map(|(x, fraud)| (scaled(*x), f64::from(u8::from(*fraud))));
        fit::line(&rows).map_or(f64::INFINITY, |line| line.loss)
    };
    if loss(Transform::SignedLog) < loss(Transform::Identity) * (1.0 - 1e-6) {
        Transform::SignedLog
    } else {
        Transform::Identity
    }
}

/// Range, mean and standard deviation of some numbers.
struct Moments {
    low: f64,
    high: f64,
    mean: f64,
    spread: f64,
}

impl Moments {
    fn of(values: impl Iterator<Item = f64> + Clone) -> Self {
        let n = count(values.clone().count());
        let mean = values.clone().sum::<f64>() / n;
        let spread = (values.clone().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
        let low = values.clone().fold(f64::INFINITY, f64::min);
        let high = values.fold(f64::NEG_INFINITY, f64::max);
        Self { low, high, mean, spread }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;
    use crate::features::{Record, fields};
    use crate::train::LabelledRecord;

    #[test]
    fn the_transform_is_the_one_that_predicts() {
        let numbers = || (0..2000).map(f64::from);
        let beyond_a_limit: Vec<_> = numbers().map(|x| (x, x > 1500.0)).collect();
        assert_eq!(best_transform(&beyond_a_limit), Transform::Identity);
        let powers = numbers().map(|x| (x / 100.0).exp()).zip(0..2000);
        let in_powers: Vec<_> = powers.map(|(x, i)| (x, i % 20 < i / 100)).collect();
        assert_eq!(best_transform(&in_powers), Transform::SignedLog);
        assert_eq!(best_transform(&[(1.0, true), (1.0, false)]), Transform::Identity);
    }

    #[test]
    fn a_rare_word_is_other_and_a_missing_one_is_missing() {
        let mut data = Dataset::default();
        for (method, times) in
            [(Some("card"), 30), (Some("paypal"), 25), (Some("pix"), 5), (None, 3)]
        {
            for _ in 0..times {
                let mut record = Record::default();
                record.set(fields::PAYMENT_METHOD, method);
                data.push(&LabelledRecord {
                    record,
                    event_time: Timestamp::default(),
                    labels: vec![],
                });
            }
        }
        let rows: Vec<_> = (0..data.len()).map(|row| Known { row, fraud: false }).collect();
        let encoding = Encoding::learn(&data, &rows);
        let [word] = encoding.model.words.as_slice() else { panic!("one word feature") };
        let levels: Vec<_> = word.levels.iter().map(|level| level.word.as_str()).collect();
        assert_eq!(levels, ["card", "paypal"]);
        let line = |row| encoding.line(&data, row).collect::<Vec<_>>();
        assert_eq!(line(0), [1.0, 0.0, 0.0, 0.0]);
        assert_eq!(line(30), [0.0, 1.0, 0.0, 0.0]);
        assert_eq!(line(55), [0.0, 0.0, 1.0, 0.0]);
        assert_eq!(line(60), [0.0, 0.0, 0.0, 1.0]);
    }
}
