//! From columns of a dataset to the matrix of a linear model, and from its coefficients back to the
//! features of an artefact.
//!
//! Everything the encoding learns (scale, clip, levels) is learned from the rows that are fitted,
//! never from those that calibrate or test. A feature's cells and a scorer's term are the same
//! formula; a test holds them together.

use super::dataset::{Column, Dataset};
use super::fit::Fit;
use super::metrics::count;
use super::split::Known;
use crate::features::{Kind, fields};
use crate::model::{Level, Logistic, Number, Transform, Word};
use ndarray::Array2;
use rust_decimal::prelude::ToPrimitive;
use serde::Serialize;

/// A word needs this many fitted rows for a coefficient of its own.
const LEAST_ROWS_OF_A_WORD: usize = 20;

/// Below this standard deviation a transformed number counts as constant.
const LEAST_SPREAD: f64 = 1e-6;

/// A column of the dataset that did not become a feature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Dropped {
    /// The field's name.
    pub name: &'static str,
    /// Why, for a reader.
    pub why: &'static str,
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
            let values: Vec<f64> = rows.iter().map(|known| data.value(known.row, place)).collect();
            let learned = match column.words {
                Some(words) => encoding.learn_word(column, (place, words), &values),
                None => encoding.learn_number(column, place, &values),
            };
            if let Err(why) = learned {
                encoding.dropped.push(Dropped { name: column.field.name, why });
            }
        }
        encoding
    }

    fn learn_number(
        &mut self,
        column: &Column,
        place: usize,
        values: &[f64],
    ) -> Result<(), &'static str> {
        let transform = transform_of(column);
        let known = values.iter().filter(|x| x.is_finite()).map(|x| transform.apply(*x));
        let known: Vec<f64> = known.collect();
        let missing = values.len() - known.len();
        let n = count(known.len());
        let Some(low) = known.iter().copied().reduce(f64::min) else { return Err("never known") };
        let high = known.iter().copied().fold(low, f64::max);
        let mean = known.iter().sum::<f64>() / n;
        let spread = (known.iter().map(|t| (t - mean).powi(2)).sum::<f64>() / n).sqrt();
        let varies = spread > LEAST_SPREAD;
        if !varies && missing == 0 {
            return Err("always the same");
        }
        let index = self.model.numbers.len();
        if varies {
            self.cells.push(Cell::Number(index));
        }
        if missing > 0 {
            self.cells.push(Cell::NumberMissing(index));
        }
        let boolean = column.field.kind == Kind::Bool || !varies;
        self.number_columns.push(place);
        self.model.numbers.push(Number {
            name: column.field.name.to_owned(),
            transform,
            clip: [low, high],
            imputed: mean,
            mean: if boolean { 0.0 } else { mean },
            scale: if boolean { 1.0 } else { spread },
            coefficient: 0.0,
            missing_coefficient: 0.0,
            background: 0.0,
        });
        Ok(())
    }

    fn learn_word(
        &mut self,
        column: &Column,
        (place, words): (usize, &'static [&'static str]),
        values: &[f64],
    ) -> Result<(), &'static str> {
        let mut rows_of = vec![0usize; words.len()];
        for word in values.iter().filter_map(ToPrimitive::to_usize) {
            if let Some(rows) = rows_of.get_mut(word) {
                *rows += 1;
            }
        }
        let missing = values.iter().filter(|x| x.is_nan()).count();
        if missing == values.len() {
            return Err("never known");
        }
        if missing == 0 && rows_of.iter().filter(|rows| **rows > 0).count() < 2 {
            return Err("always the same");
        }
        let index = self.model.words.len();
        let mut levels = vec![];
        let mut choices = vec![];
        for (word, rows) in words.iter().zip(&rows_of) {
            if *rows >= LEAST_ROWS_OF_A_WORD {
                choices.push(Choice::Level(levels.len()));
                levels.push(Level { word: (*word).to_owned(), coefficient: 0.0 });
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
            name: column.field.name.to_owned(),
            levels,
            other_coefficient: 0.0,
            missing_coefficient: 0.0,
            background: 0.0,
        });
        Ok(())
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

/// Counts, amounts and ages are spread over powers of ten; flags and the hour are not.
fn transform_of(column: &Column) -> Transform {
    if column.field.kind == Kind::Bool || column.field.id == fields::HOUR_UTC {
        Transform::Identity
    } else {
        Transform::SignedLog
    }
}
