//! The rows a model is trained on, kept as the numbers a model may see.
//!
//! A record is reduced to its model columns as it arrives: some hundred numbers instead of kilobytes
//! of fields, so a year of sales fits in memory. A column is as long as its last known value: a field
//! the data never fills costs nothing. Which fields are columns is decided here, once: known before
//! authorization, no identifier, no personal value, nothing the model itself wrote or we did ourselves.
//! Of identifiers one is kept as a number that says nothing: which rows are one card's. Countries
//! are left out: 250 words need more labels than a merchant has, and the mismatch features carry what
//! travels. `custom.*` is not in the catalogue and so no column either.

use crate::domain::{Country, LabelClass, Timestamp};
use crate::features::{FIELDS, Field, FieldId, Kind, Origin, Record, Stage, Value, fields};
use rust_decimal::prelude::ToPrimitive;
use sha2::{Digest, Sha256};
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

/// One model column.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    pub(super) field: &'static Field,
    /// The words of a word column; its values are their places.
    pub(super) words: Option<&'static [&'static str]>,
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
    card_of: HashMap<Box<str>, u32>,
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
            card_of: HashMap::new(),
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
        (known_in_time && allowed && !LEFT_OUT.contains(&field.id)).then_some(Self { field, words })
    }

    fn read(self, record: &Record) -> f64 {
        match (self.words, record.get(self.field.id)) {
            (Some(words), Value::Text(word)) => words
                .iter()
                .position(|known| **known == **word)
                .and_then(|place| u32::try_from(place).ok())
                .map_or(f64::NAN, f64::from),
            _ => record.numeric(self.field.id),
        }
    }
}

impl Dataset {
    /// Adds one row. Infinite numbers are kept as missing and counted.
    pub fn push(&mut self, row: &LabelledRecord) {
        for (column, values) in self.columns.iter().zip(&mut self.values) {
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
        self.times.push(row.event_time);
        self.labels.push(row.labels.clone());
    }

    /// The number of the record's card, else of its account, else a new one: in the order they came.
    fn card(&mut self, record: &Record) -> u32 {
        let next = u32::try_from(self.card_of.len()).unwrap_or(u32::MAX);
        let name = [fields::CARD_FINGERPRINT, fields::ACCOUNT_ID]
            .into_iter()
            .find_map(|field| match record.get(field) {
                Value::Text(text) => Some(format!("{}/{text}", field.field().name)),
                _ => None,
            })
            .unwrap_or_else(|| format!("row/{}", self.times.len()));
        *self.card_of.entry(name.into()).or_insert(next)
    }

    /// Adds what became known of a row later; a row that is not there is left alone.
    pub fn add_label(&mut self, row: usize, label: Label) {
        if let Some(labels) = self.labels.get_mut(row) {
            labels.push(label);
        }
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
        let place = self.columns.iter().position(|column| column.field.id == field);
        place.map_or(f64::NAN, |place| self.value(row, place))
    }

    /// A field's word; `None` when missing, or where the field is no column of words.
    pub(super) fn word(&self, field: FieldId, row: usize) -> Option<&'static str> {
        let column = self.columns.iter().find(|column| column.field.id == field)?;
        column.words?.get(self.number(field, row).to_usize()?).copied()
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
            sum.update(column.field.name);
            sum.update([0]);
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

    fn names() -> Vec<&'static str> {
        Dataset::default().columns().iter().map(|column| column.field.name).collect()
    }

    #[test]
    fn columns_are_known_in_time_and_name_nobody() {
        let names = names();
        for wanted in ["amount_eur", "ip_tx_count_1h", "payment.method", "ip.tor", "email.class"] {
            assert!(names.contains(&wanted), "{wanted}");
        }
        for field in FIELDS {
            let refused = field.stage == Stage::After
                || field.personal
                || field.name.starts_with("model.")
                || field.name == "ip.asn";
            assert!(!(refused && names.contains(&field.name)), "{}", field.name);
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
