//! The rows a model is trained on, kept as the numbers a model may see.
//!
//! A record is reduced to its model columns as it arrives: about 60 numbers instead of some kilobytes
//! of fields, so a year of sales fits in memory. Which fields are columns is decided here, once: known
//! before authorization, no identifier, no personal value, nothing the model itself wrote or we did ourselves. Countries
//! are left out: 250 words need more labels than a merchant has, and the mismatch features carry what
//! travels. `custom.*` is not in the catalogue and so no column either.

use crate::domain::{LabelClass, Timestamp};
use crate::features::{FIELDS, Field, FieldId, Kind, Origin, Record, Stage, Value, fields};
use sha2::{Digest, Sha256};

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
    values: Vec<f64>,
    times: Vec<Timestamp>,
    labels: Vec<Vec<Label>>,
    infinite: usize,
}

impl Default for Dataset {
    fn default() -> Self {
        Self {
            columns: FIELDS.iter().filter_map(Column::of).collect(),
            values: vec![],
            times: vec![],
            labels: vec![],
            infinite: 0,
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
        for column in &self.columns {
            let value = column.read(&row.record);
            self.infinite += usize::from(value.is_infinite());
            self.values.push(if value.is_finite() { value } else { f64::NAN });
        }
        self.times.push(row.event_time);
        self.labels.push(row.labels.clone());
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
        let width = self.columns.len();
        let mut row_of_value = (0..self.values.len()).map(|place| place / width);
        self.values.retain(|_| row_of_value.next().is_some_and(&keep));
        let mut rows = 0..self.times.len();
        self.times.retain(|_| rows.next().is_some_and(&keep));
        let mut rows = 0..self.labels.len();
        self.labels.retain(|_| rows.next().is_some_and(&keep));
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

    pub(super) fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// NaN when missing.
    pub(super) fn value(&self, row: usize, column: usize) -> f64 {
        self.values.get(row * self.columns.len() + column).copied().unwrap_or(f64::NAN)
    }

    /// The amount in euro; NaN when missing.
    pub(super) fn euros(&self, row: usize) -> f64 {
        let place = self.columns.iter().position(|column| column.field.id == fields::AMOUNT_EUR);
        place.map_or(f64::NAN, |place| self.value(row, place))
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
