//! The scorer of a logistic regression: a fixed loop over terms.
//!
//! Built once from the artefact, with the calibrator and the scaling folded into each term, so that a
//! score costs one transform, one clip, one multiplication and two additions a feature. No lookup by
//! name, no allocation, always the same order: equal records give equal bits.

use super::ModelError;
use super::artefact::{Level, Logistic, Number, Transform, Word};
use super::calibrator::{Calibrator, Platt};
use super::reasons::{Contribution, REASON_GROUPS, group_of_name};
use super::record::{Source, place_of};
use crate::features::{FieldId, Kind, Origin, Record, Value};
use std::collections::BTreeSet;

/// Coefficients, offsets and clip bounds beyond this are a failed fit, not a model. With it and
/// [`SMALLEST_SCALE`] every sum stays finite, so no score is ever NaN.
const LARGEST: f64 = 1e9;
const SMALLEST_SCALE: f64 = 1e-9;

/// The terms of a model in calibrated log-odds.
#[derive(Debug)]
pub(super) struct Terms {
    intercept: f64,
    base: f64,
    numbers: Box<[NumberTerm]>,
    words: Box<[WordTerm]>,
}

#[derive(Debug)]
struct NumberTerm {
    source: Source,
    group: usize,
    transform: Transform,
    low: f64,
    high: f64,
    slope: f64,
    offset: f64,
    missing: f64,
    background: f64,
}

#[derive(Debug)]
struct WordTerm {
    source: Source,
    group: usize,
    levels: Box<[(Box<str>, f64)]>,
    other: f64,
    missing: f64,
    background: f64,
}

impl NumberTerm {
    fn log_odds(&self, record: &Record) -> f64 {
        let x = self.source.get(record).numeric();
        if x.is_finite() {
            self.transform.apply(x).clamp(self.low, self.high) * self.slope + self.offset
        } else {
            self.missing
        }
    }
}

impl WordTerm {
    fn log_odds(&self, record: &Record) -> f64 {
        let value = self.source.get(record);
        let is_known = matches!(value, Value::Text(_)) || matches!(self.source, Source::Custom(_));
        if value.is_missing() || !is_known {
            return self.missing;
        }
        let place = place_of(value, self.levels.iter().map(|(level, _)| level.as_ref()));
        place.and_then(|place| self.levels.get(place)).map_or(self.other, |(_, log_odds)| *log_odds)
    }
}

impl Terms {
    /// Checks every name and number of the artefact and folds the calibrator in.
    pub(super) fn build(model: &Logistic, calibrator: Platt) -> Result<Self, ModelError> {
        check_names(model)?;
        Calibrator::Platt(calibrator).check()?;
        in_range("intercept", model.intercept, -LARGEST)?;
        let slope = calibrator.slope;
        let numbers = model.numbers.iter().map(|number| number_term(number, slope));
        let numbers = numbers.collect::<Result<Box<[_]>, _>>()?;
        let words = model.words.iter().map(|word| word_term(word, slope));
        let words = words.collect::<Result<Box<[_]>, _>>()?;
        let intercept = slope * model.intercept + calibrator.intercept;
        let base = intercept
            + numbers.iter().map(|term| term.background).sum::<f64>()
            + words.iter().map(|term| term.background).sum::<f64>();
        Ok(Self { intercept, base, numbers, words })
    }

    /// Calibrated log-odds of one record; always finite.
    pub(super) fn log_odds(&self, record: &Record) -> f64 {
        let mut sum = self.intercept;
        for term in &self.numbers {
            sum += term.log_odds(record);
        }
        for term in &self.words {
            sum += term.log_odds(record);
        }
        sum
    }

    /// Log-odds of a record whose every term is the training rows' mean.
    pub(super) fn base(&self) -> f64 {
        self.base
    }

    /// [`Terms::log_odds`] and, in `out`, each group's share of what it is above the base, heaviest
    /// first.
    pub(super) fn explain(&self, record: &Record, out: &mut Vec<Contribution>) -> f64 {
        out.clear();
        out.extend(REASON_GROUPS.iter().map(|group| Contribution { group, log_odds: 0.0 }));
        let mut sum = self.intercept;
        let mut add = |group: usize, log_odds: f64, background: f64| {
            // In the order of `log_odds`, so to the same bits.
            sum += log_odds;
            if let Some(contribution) = out.get_mut(group) {
                contribution.log_odds += log_odds - background;
            }
        };
        for term in &self.numbers {
            add(term.group, term.log_odds(record), term.background);
        }
        for term in &self.words {
            add(term.group, term.log_odds(record), term.background);
        }
        out.retain(|contribution| contribution.log_odds != 0.0);
        out.sort_by(|a, b| b.log_odds.abs().total_cmp(&a.log_odds.abs()));
        sum
    }
}

fn number_term(number: &Number, calibration: f64) -> Result<NumberTerm, ModelError> {
    let Number { clip: [low, high], imputed, mean, scale, coefficient, .. } = *number;
    for (member, value, least) in [
        ("scale", scale, SMALLEST_SCALE),
        ("mean", mean, -LARGEST),
        ("imputed", imputed, -LARGEST),
        ("coefficient", coefficient, -LARGEST),
        ("missing_coefficient", number.missing_coefficient, -LARGEST),
        ("background", number.background, -LARGEST),
        ("clip.0", low, -LARGEST),
        ("clip.1", high, low),
    ] {
        in_range(&format!("{}.{member}", number.name), value, least)?;
    }
    let source = source_of(&number.name, "number", Kind::is_numeric)?;
    let slope = calibration * coefficient / scale;
    let offset = -slope * mean;
    Ok(NumberTerm {
        group: group_of_name(&number.name),
        source,
        transform: number.transform,
        low,
        high,
        slope,
        offset,
        missing: imputed * slope + offset + calibration * number.missing_coefficient,
        background: calibration * number.background,
    })
}

fn word_term(word: &Word, calibration: f64) -> Result<WordTerm, ModelError> {
    for (member, value) in [
        ("other_coefficient", word.other_coefficient),
        ("missing_coefficient", word.missing_coefficient),
        ("background", word.background),
    ] {
        in_range(&format!("{}.{member}", word.name), value, -LARGEST)?;
    }
    let mut seen = BTreeSet::new();
    for Level { word: level, coefficient } in &word.levels {
        in_range(&format!("{}.{level}", word.name), *coefficient, -LARGEST)?;
        if !seen.insert(level) {
            return Err(ModelError::DuplicateWord { name: word.name.clone(), word: level.clone() });
        }
    }
    let source = source_of(&word.name, "word", |kind| matches!(kind, Kind::Word(_)))?;
    let level = |l: &Level| (l.word.as_str().into(), calibration * l.coefficient);
    Ok(WordTerm {
        group: group_of_name(&word.name),
        source,
        levels: word.levels.iter().map(level).collect(),
        other: calibration * word.other_coefficient,
        missing: calibration * word.missing_coefficient,
        background: calibration * word.background,
    })
}

/// All unknown names at once, so that one message tells what the catalogue lacks.
fn check_names(model: &Logistic) -> Result<(), ModelError> {
    let names = || {
        let words = model.words.iter().map(|word| &word.name);
        model.numbers.iter().map(|number| &number.name).chain(words)
    };
    let is_bound = |name: &str| name.starts_with("custom.") || FieldId::by_name(name).is_some();
    let unknown: Vec<_> = names().filter(|name| !is_bound(name)).cloned().collect();
    if !unknown.is_empty() {
        return Err(ModelError::UnknownFeatures { names: unknown });
    }
    let mut seen = BTreeSet::new();
    match names().find(|name| !seen.insert(*name)) {
        Some(twice) => Err(ModelError::DuplicateFeature { name: twice.clone() }),
        None => Ok(()),
    }
}

fn source_of(name: &str, used: &'static str, fits: fn(Kind) -> bool) -> Result<Source, ModelError> {
    if let Some(name) = name.strip_prefix("custom.") {
        return Ok(Source::Custom(name.into()));
    }
    let field = FieldId::by_name(name)
        .ok_or_else(|| ModelError::UnknownFeatures { names: vec![name.to_owned()] })?;
    if field.field().origin == Origin::Own {
        return Err(ModelError::OwnAction { name: name.to_owned() });
    }
    let kind = field.field().kind;
    if fits(kind) {
        Ok(Source::Field(field))
    } else {
        Err(ModelError::WrongKind { name: name.to_owned(), used, kind: kind.name() })
    }
}

/// NaN fails too: it compares with nothing.
fn in_range(place: &str, value: f64, least: f64) -> Result<(), ModelError> {
    if (least..=LARGEST).contains(&value) {
        return Ok(());
    }
    Err(ModelError::OutOfRange { place: place.to_owned(), value, least, most: LARGEST })
}
