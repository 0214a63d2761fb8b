//! The rows a model is trained on, kept as the numbers a model may see.
//!
//! A record is reduced to its model columns as it arrives: some hundred numbers instead of kilobytes
//! of fields, so a year of sales fits in memory. A column is as long as its last known value: a field
//! the data never fills costs nothing. Which fields are columns is decided here, once: known before
//! authorization, no identifier, no personal value, nothing the model itself wrote or we did ourselves.
//! Of identifiers one is kept as a number that says nothing: which rows are one card's. Countries
//! are left out: 250 words need more labels than a merchant has, and the mismatch features carry what
//! travels. A member of `custom` is a column where it was declared, as a number or as one of the words the
//! rows hold: the catalogue knows nothing of it, and a name is no kind.

use crate::domain::{Country, LabelClass, Timestamp};
use crate::features::{FIELDS, Field, FieldId, Kind, Origin, Record, Stage, Value, fields};
use rust_decimal::prelude::ToPrimitive;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::collections::HashMap;

/// Numbers that are no quantity, or repeat another column.
const LEFT_OUT: &[FieldId] = &[
    fields::IP_ASN,                  // a name made of digits
    fields::AMOUNT_USD,              // `amount_eur` in another unit
    fields::EUR_RATE,                // a currency, told by its price
    fields::MODEL_FRAUD_PROBABILITY, // the answer of a model is no input of one
    fields::MODEL_RISK_SCORE,
];

/// A transaction as it was scored, and what became known of it.
///
/// The producer leaves out sales that never happened: one we declined has no outcome, and without a
/// label it would pass for a good one.
#[derive(Debug, Clone)]
pub struct LabelledRecord {
    /// The record of the one pipeline, as checkout saw it.
    pub record: Record,
    /// When the transaction happened.
    pub event_time: Timestamp,
    /// Everything that was said of it, in any order; empty when nothing was.
    pub labels: Vec<Label>,
}

/// What a transaction was said to be, and when that was known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Label {
    /// What it was said to be.
    pub class: LabelClass,
    /// When the label arrived; `None` when the source does not say, as in most files. It then counts
    /// as known one delay after the transaction.
    pub known_at: Option<Timestamp>,
}

/// Most different words of a declared column; further ones are missing.
const MAX_WORDS: usize = 10_000;

/// A member of `custom` that is to be a feature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomFeature {
    /// Its name, without `custom.`.
    pub name: String,
    /// How it is read.
    pub kind: CustomKind,
}

/// How a member of `custom` is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CustomKind {
    /// As a number; what is none is missing.
    Number,
    /// As one of several words, whatever they look like.
    Word,
}

impl std::str::FromStr for CustomFeature {
    type Err = String;

    /// `basket_age=number`, `campaign=word`.
    fn from_str(text: &str) -> Result<Self, String> {
        let (name, kind) = text.split_once('=').unwrap_or((text, ""));
        let kind = match kind {
            "number" => CustomKind::Number,
            "word" => CustomKind::Word,
            _ => return Err(format!("`{text}` does not end in `=number` or `=word`")),
        };
        let name = name.strip_prefix("custom.").unwrap_or(name);
        if name.is_empty() || name.len() > 64 {
            return Err(format!("`{name}` is no name of 1 to 64 letters"));
        }
        Ok(Self { name: name.to_owned(), kind })
    }
}

/// One model column.
#[derive(Debug, Clone)]
pub(super) struct Column {
    /// As the artefact names it.
    pub(super) name: Cow<'static, str>,
    source: Source,
    /// The words of a word column; its values are their places.
    pub(super) words: Option<Vec<Cow<'static, str>>>,
    /// Place of each word of a declared column.
    places: HashMap<String, usize>,
}

#[derive(Debug, Clone, Copy)]
enum Source {
    Field(&'static Field),
    /// By the name without the prefix.
    Custom,
}

/// Rows as model columns. Missing is NaN.
#[derive(Debug)]
pub struct Dataset {
    columns: Vec<Column>,
    /// By column; a row past a column's end is missing there.
    values: Vec<Vec<f64>>,
    times: Vec<Timestamp>,
    labels: Vec<Vec<Label>>,
    /// The billing country, else that of the address.
    countries: Vec<Option<Country>>,
    cards: Vec<u32>,
    /// How many declines each row stands for, itself one of them, ≥ 1.
    stands_for: Vec<u32>,
    /// Rows that were drawn from others like them; the rest are all here.
    drawn: Vec<bool>,
    /// Of how many a drawn row is one, ≥ 1.
    one_in: usize,
    /// Numbers of the cards, or accounts, that have a name; rows without one are nobody else's.
    card_of: HashMap<Box<str>, u32>,
    buyers: u32,
    infinite: usize,
    refused: usize,
}

impl Default for Dataset {
    fn default() -> Self {
        let columns: Vec<_> = FIELDS.iter().filter_map(Column::of).collect();
        Self {
            values: vec![vec![]; columns.len()],
            columns,
            times: vec![],
            labels: vec![],
            countries: vec![],
            cards: vec![],
            stands_for: vec![],
            drawn: vec![],
            one_in: 1,
            card_of: HashMap::new(),
            buyers: 0,
            infinite: 0,
            refused: 0,
        }
    }
}

impl Column {
    fn of(field: &'static Field) -> Option<Self> {
        let words = match field.kind {
            Kind::Word(words) => Some(words),
            kind if kind.is_numeric() => None,
            _ => return None,
        };
        let known_in_time = field.stage == Stage::Before;
        let allowed = !field.personal && field.origin != Origin::Own;
        let owned =
            |words: &[&'static str]| words.iter().map(|word| Cow::Borrowed(*word)).collect();
        (known_in_time && allowed && !LEFT_OUT.contains(&field.id)).then(|| Self {
            name: Cow::Borrowed(field.name),
            source: Source::Field(field),
            words: words.map(owned),
            places: HashMap::new(),
        })
    }

    fn declared(feature: &CustomFeature) -> Self {
        Self {
            name: Cow::Owned(format!("custom.{}", feature.name)),
            source: Source::Custom,
            words: (feature.kind == CustomKind::Word).then(Vec::new),
            places: HashMap::new(),
        }
    }

    fn is_of(&self, field: FieldId) -> bool {
        matches!(self.source, Source::Field(own) if own.id == field)
    }

    /// True for a field that is yes or no.
    pub(super) fn is_bool(&self) -> bool {
        matches!(self.source, Source::Field(field) if field.kind == Kind::Bool)
    }

    fn read(&mut self, record: &Record) -> f64 {
        let place = |place: usize| u32::try_from(place).map_or(f64::NAN, f64::from);
        let field = match self.source {
            Source::Field(field) => field.id,
            Source::Custom => {
                let value = record.custom(self.name.strip_prefix("custom.").unwrap_or_default());
                if self.words.is_none() {
                    return value.numeric();
                }
                return word(value).and_then(|word| self.place(word)).map_or(f64::NAN, place);
            }
        };
        match (&self.words, record.get(field)) {
            (Some(words), Value::Text(word)) => {
                words.iter().position(|known| **known == **word).map_or(f64::NAN, place)
            }
            _ => record.numeric(field),
        }
    }

    /// The place of a declared column's word, which may be new.
    fn place(&mut self, word: String) -> Option<usize> {
        if let Some(place) = self.places.get(&word) {
            return Some(*place);
        }
        let words = self.words.as_mut().filter(|words| words.len() < MAX_WORDS)?;
        words.push(Cow::Owned(word.clone()));
        self.places.insert(word, words.len() - 1);
        Some(words.len() - 1)
    }
}

/// A value as a word: a text, yes or no, or a number as it is written.
fn word(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.to_string()),
        Value::Bool(yes) => Some(yes.to_string()),
        Value::Int(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        _ => None,
    }
}

impl Dataset {
    /// No rows yet, with the merchant's own columns beside those of the catalogue.
    pub fn with_custom(features: &[CustomFeature]) -> Self {
        let mut data = Self::default();
        data.columns.extend(features.iter().map(Column::declared));
        data.values.resize(data.columns.len(), vec![]);
        data
    }

    /// True where a member of `custom` is a column.
    pub(super) fn reads_custom(&self) -> bool {
        self.columns.iter().any(|column| matches!(column.source, Source::Custom))
    }

    /// Adds one row. Infinite numbers are kept as missing and counted.
    pub fn push(&mut self, row: &LabelledRecord) {
        for (column, values) in self.columns.iter_mut().zip(&mut self.values) {
            let value = column.read(&row.record);
            self.infinite += usize::from(value.is_infinite());
            if value.is_finite() {
                values.resize(self.times.len(), f64::NAN);
                values.push(value);
            }
        }
        self.countries.push(country(&row.record));
        let card = self.card(&row.record);
        self.cards.push(card);
        self.stands_for.push(1);
        self.drawn.push(false);
        self.times.push(row.event_time);
        self.labels.push(row.labels.clone());
    }

    /// The number of the record's card, else of its account, else a new one: in the order they came.
    fn card(&mut self, record: &Record) -> u32 {
        let next = self.buyers;
        let name =
            [fields::CARD_FINGERPRINT, fields::ACCOUNT_ID].into_iter().find_map(
                |field| match record.get(field) {
                    Value::Text(text) => Some(format!("{}/{text}", field.field().name)),
                    _ => None,
                },
            );
        let card = name.map_or(next, |name| *self.card_of.entry(name.into()).or_insert(next));
        self.buyers = self.buyers.saturating_add(u32::from(card == next));
        card
    }

    /// Gives back the memory that only further rows would need.
    pub(super) fn no_more_rows(&mut self) {
        self.card_of = HashMap::new();
        self.values.iter_mut().for_each(Vec::shrink_to_fit);
        self.labels.shrink_to_fit();
        self.times.shrink_to_fit();
    }

    /// Adds what became known of a row later; a row that is not there is left alone.
    pub fn add_label(&mut self, row: usize, label: Label) {
        if let Some(labels) = self.labels.get_mut(row) {
            labels.push(label);
        }
    }

    /// Lets the newest row stand for so many declines, itself one of them.
    pub(super) fn let_stand_for(&mut self, sales: u32) {
        if let Some(own) = self.stands_for.last_mut() {
            *own = sales.max(1);
        }
    }

    /// Takes note of which rows were drawn, and of how many each is one.
    pub(super) fn drawn(&mut self, drawn: Vec<bool>, one_in: usize) {
        (self.drawn, self.one_in) = (drawn, one_in.max(1));
    }

    /// Of how many sales each that is not known to be bad is one: 1 where all are here.
    pub fn one_in(&self) -> usize {
        self.one_in
    }

    /// How many sales a row stands for: declines that did not pass, and sales that were not drawn.
    pub(super) fn stands_for(&self, row: usize) -> usize {
        let drawn = self.drawn.get(row).is_some_and(|drawn| *drawn);
        self.declines(row) * if drawn { self.one_in } else { 1 }
    }

    /// How many declines a row stands for; 1 but for one that was let through.
    pub(super) fn declines(&self, row: usize) -> usize {
        let declines = self.stands_for.get(row).copied().unwrap_or(1);
        usize::try_from(declines).unwrap_or(1)
    }

    /// Declines that were let through, and how many they stand for.
    pub fn passed(&self) -> (usize, usize) {
        let rows = (0..self.len()).filter(|row| self.declines(*row) > 1);
        rows.fold((0, 0), |(rows, all), row| (rows + 1, all + self.stands_for(row)))
    }

    /// True where something was said of the row.
    pub fn is_labelled(&self, row: usize) -> bool {
        !self.labels(row).is_empty()
    }

    /// Keeps the rows `keep` says yes to, in their order.
    pub fn retain(&mut self, keep: impl Fn(usize) -> bool) {
        for values in &mut self.values {
            only(values, &keep);
        }
        only(&mut self.times, &keep);
        only(&mut self.labels, &keep);
        only(&mut self.countries, &keep);
        only(&mut self.cards, &keep);
        only(&mut self.stands_for, &keep);
        only(&mut self.drawn, &keep);
    }

    /// Rows so far.
    pub fn len(&self) -> usize {
        self.times.len()
    }

    /// True before the first row.
    pub fn is_empty(&self) -> bool {
        self.times.is_empty()
    }

    /// Infinite values met; each counts as missing.
    pub fn infinite(&self) -> usize {
        self.infinite
    }

    /// Refused payments nobody labelled, which are no rows: what we stopped has no outcome.
    pub fn refused(&self) -> usize {
        self.refused
    }

    pub(super) fn note_refused(&mut self, refused: usize) {
        self.refused += refused;
    }

    pub(super) fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// NaN when missing.
    pub(super) fn value(&self, row: usize, column: usize) -> f64 {
        self.values.get(column).and_then(|values| values.get(row)).copied().unwrap_or(f64::NAN)
    }

    /// Which rows are one card's: equal numbers.
    pub(super) fn card_number(&self, row: usize) -> u32 {
        self.cards.get(row).copied().unwrap_or(u32::MAX)
    }

    /// The amount in euro; NaN when missing.
    pub(super) fn euros(&self, row: usize) -> f64 {
        self.number(fields::AMOUNT_EUR, row)
    }

    /// A field's number; NaN when missing, or where the field is no column.
    pub(super) fn number(&self, field: FieldId, row: usize) -> f64 {
        let place = self.columns.iter().position(|column| column.is_of(field));
        place.map_or(f64::NAN, |place| self.value(row, place))
    }

    /// A field's word; `None` when missing, or where the field is no column of words.
    pub(super) fn word(&self, field: FieldId, row: usize) -> Option<&str> {
        let column = self.columns.iter().find(|column| column.is_of(field))?;
        column.words.as_ref()?.get(self.number(field, row).to_usize()?).map(Cow::as_ref)
    }

    /// Code of the row's country.
    pub(super) fn country(&self, row: usize) -> Option<&str> {
        self.countries.get(row)?.as_ref().map(Country::code)
    }

    pub(super) fn time(&self, row: usize) -> Timestamp {
        self.times.get(row).copied().unwrap_or_default()
    }

    pub(super) fn labels(&self, row: usize) -> &[Label] {
        self.labels.get(row).map_or(&[], Vec::as_slice)
    }

    /// Row numbers in the order of event time; rows of one instant keep the order they came in.
    pub(super) fn by_time(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.len()).collect();
        order.sort_by_key(|&row| self.time(row));
        order
    }

    /// Digest of every value, time and label, bit for bit, in the order the rows came.
    pub fn digest(&self) -> String {
        let mut sum = Sha256::new();
        for column in &self.columns {
            sum.update(column.name.as_bytes());
            sum.update([0]);
            // The words of the catalogue stand in its version.
            for word in column.words.iter().flatten().filter(|_| !column.places.is_empty()) {
                sum.update(word.as_bytes());
                sum.update([0]);
            }
        }
        for row in 0..self.len() {
            sum.update(self.time(row).millis().to_le_bytes());
            for column in 0..self.columns.len() {
                sum.update(self.value(row, column).to_bits().to_le_bytes());
            }
            for label in self.labels(row) {
                sum.update(label.class.word());
                sum.update(label.known_at.map_or(-1, Timestamp::millis).to_le_bytes());
            }
            if self.stands_for(row) > 1 {
                sum.update(b"stands for");
                sum.update(self.stands_for(row).to_le_bytes());
            }
        }
        crate::model::hex(&sum.finalize())
    }
}

fn country(record: &Record) -> Option<Country> {
    [fields::BILLING_COUNTRY, fields::IP_COUNTRY].into_iter().find_map(|field| {
        match record.get(field) {
            Value::Country(country) => Some(*country),
            _ => None,
        }
    })
}

/// Keeps the items of the rows `keep` says yes to.
fn only<T>(items: &mut Vec<T>, keep: impl Fn(usize) -> bool) {
    let mut rows = 0..items.len();
    items.retain(|_| rows.next().is_some_and(&keep));
}

impl<'a> Extend<&'a LabelledRecord> for Dataset {
    fn extend<T: IntoIterator<Item = &'a LabelledRecord>>(&mut self, rows: T) {
        rows.into_iter().for_each(|row| self.push(row));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Vec<String> {
        Dataset::default().columns().iter().map(|column| column.name.to_string()).collect()
    }

    #[test]
    fn declared_columns_hold_what_the_shop_sends() {
        let declared = ["campaign=word", "custom.seats=number"].map(|text| text.parse().unwrap());
        let mut data = Dataset::with_custom(&declared);
        let own = data.columns().len() - 2;
        for (campaign, seats) in [
            (Value::text("autumn"), Value::Int(3)),
            (Value::Bool(true), Value::text("many")),
            (Value::Missing, Value::Float(f64::INFINITY)),
            (Value::text("autumn"), Value::Float(0.5)),
            (Value::Int(7), Value::Missing),
        ] {
            let mut record = Record::default();
            record.set_custom("campaign", campaign);
            record.set_custom("seats", seats);
            data.push(&LabelledRecord { record, event_time: Timestamp::default(), labels: vec![] });
        }
        let column = |at: usize| (0..5).map(|row| data.value(row, own + at)).collect::<Vec<_>>();
        let same = |found: Vec<f64>, wanted: [f64; 5]| {
            let alike = |(a, b): (&f64, &f64)| a.total_cmp(b).is_eq();
            assert!(found.iter().zip(&wanted).all(alike), "{found:?} is not {wanted:?}");
        };
        same(column(0), [0.0, 1.0, f64::NAN, 0.0, 2.0]);
        same(column(1), [3.0, f64::NAN, f64::NAN, 0.5, f64::NAN]);
        assert_eq!(data.columns()[own].words.as_deref().unwrap(), ["autumn", "true", "7"]);
        assert_eq!(data.columns()[own].name, "custom.campaign");
        assert!("campaign".parse::<CustomFeature>().is_err(), "a name is no kind");
        assert!("=word".parse::<CustomFeature>().is_err());
    }

    #[test]
    fn columns_are_known_in_time_and_name_nobody() {
        let names = names();
        for wanted in ["amount_eur", "ip_tx_count_1h", "payment.method", "ip.tor", "email.class"] {
            assert!(names.iter().any(|name| name == wanted), "{wanted}");
        }
        for field in FIELDS {
            let refused = field.stage == Stage::After
                || field.personal
                || field.name.starts_with("model.")
                || field.name == "ip.asn";
            let is_there = names.iter().any(|name| name == field.name);
            assert!(!(refused && is_there), "{}", field.name);
        }
    }

    #[test]
    fn missing_and_infinite_are_nan_and_never_zero() {
        let mut record = Record::default();
        record.set(fields::ACCOUNT_AGE_H, Value::Float(f64::INFINITY));
        record.set(fields::IP_TOR, false);
        record.set(fields::PAYMENT_METHOD, "card");
        let mut data = Dataset::default();
        data.push(&LabelledRecord { record, event_time: Timestamp::default(), labels: vec![] });
        let value = |name: &str| data.value(0, names().iter().position(|n| *n == name).unwrap());
        assert!(value("account.age_h").is_nan() && value("amount_eur").is_nan());
        assert_eq!((value("ip.tor"), value("payment.method")), (0.0, 0.0));
        assert_eq!(data.infinite(), 1);
    }
}
