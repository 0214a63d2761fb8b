//! The record: everything known about one transaction, in fixed slots.
//!
//! Model and rules read nothing else. The same record is scored, explained, written to the ledger
//! and read back by replay and training, so what training sees is what checkout saw.
//!
//! On disk a record is a JSON object from field name to value with missing fields left out; a name
//! this version does not know is an error, never dropped silently.

use super::catalogue::{FIELDS, FieldId};
use super::value::{Kind, Value};
use rust_decimal::Decimal;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;

use crate::domain::{MAX_CUSTOM, excerpt};

/// One transaction's fields and derived features.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    slots: Box<[Value]>,
    custom: BTreeMap<Box<str>, Value>,
    /// Whether a field's value was on a list, by the question as a rule writes it.
    listed: BTreeMap<Box<str>, Value>,
}

/// Why a stored record could not be read back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// A field's value is not of the field's type.
    #[error("field `{field}` is a {kind}, not `{given}`")]
    WrongType {
        /// The field's name.
        field: String,
        /// The type's name.
        kind: &'static str,
        /// The stored JSON, cut to 60 characters.
        given: String,
    },
    /// A field this version does not have.
    #[error("no field is called `{field}`")]
    UnknownField {
        /// The name in the record.
        field: String,
    },
}

impl Default for Record {
    fn default() -> Self {
        Self {
            slots: vec![Value::Missing; FIELDS.len()].into(),
            custom: BTreeMap::new(),
            listed: BTreeMap::new(),
        }
    }
}

impl Record {
    /// Makes every field missing again, so that memory serves for many records.
    pub fn clear(&mut self) {
        // Most are missing already, and to look is less than to write.
        for slot in self.slots.iter_mut().filter(|slot| !slot.is_missing()) {
            *slot = Value::Missing;
        }
        self.custom.clear();
        self.listed.clear();
    }

    /// A field's value. Cost: one index.
    pub fn get(&self, field: FieldId) -> &Value {
        self.slots.get(field.index()).unwrap_or(&Value::Missing)
    }

    /// Sets a field. A value of another type than the field's is kept out and reads as missing.
    pub fn set(&mut self, field: FieldId, value: impl Into<Value>) {
        let value = value.into();
        debug_assert!(value.fits(field.field().kind), "{}: {value:?}", field.field().name);
        if let Some(slot) = self.slots.get_mut(field.index()) {
            *slot = if value.fits(field.field().kind) { value } else { Value::Missing };
        }
    }

    /// Sets a text field; one that already holds this text is left as it is, without an allocation.
    pub fn set_text(&mut self, field: FieldId, text: &str) {
        if !matches!(self.get(field), Value::Text(held) if **held == *text) {
            self.set(field, Value::text(text));
        }
    }

    /// A field as a model reads it; missing and text are NaN.
    pub fn numeric(&self, field: FieldId) -> f64 {
        self.get(field).numeric()
    }

    /// A member of `custom` by its name without the prefix; missing when absent.
    pub fn custom(&self, name: &str) -> &Value {
        self.custom.get(name).unwrap_or(&Value::Missing)
    }

    /// Sets a member of `custom`; beyond [`MAX_CUSTOM`] members new names are not kept.
    pub fn set_custom(&mut self, name: &str, value: Value) {
        if self.custom.len() < MAX_CUSTOM || self.custom.contains_key(name) {
            self.custom.insert(name.into(), value);
        }
    }

    /// Forgets the members of `custom`.
    pub fn clear_custom(&mut self) {
        self.custom.clear();
    }

    /// Sets a field to a value that fits it.
    pub(super) fn put_value(&mut self, field: FieldId, value: Value) {
        if let Some(slot) = self.slots.get_mut(field.index()) {
            *slot = value;
        }
    }

    /// The members of `custom` by name.
    pub fn custom_values(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.custom.iter().map(|(name, value)| (&**name, value))
    }

    /// What lists said, by the question.
    pub(super) fn answers(&self) -> impl Iterator<Item = (&str, bool)> {
        self.listed.iter().map(|(question, answer)| (&**question, answer == &Value::Bool(true)))
    }

    /// What a list said when the record was made, by the question as a rule writes it:
    /// `card.bin in list("blocked")`. Missing where nobody asked or nobody could say.
    pub fn listed(&self, question: &str) -> &Value {
        self.listed.get(question).unwrap_or(&Value::Missing)
    }

    /// True where a list was asked, or a rule sleeps for the buyer.
    pub fn has_listed(&self) -> bool {
        !self.listed.is_empty()
    }

    /// Notes what a list says; `None` where nobody can say. Lists are no secret of a person's, but
    /// their answers are kept beside the decision, since tomorrow the list is another.
    pub fn set_listed(&mut self, question: &str, is_held: Option<bool>) {
        match is_held {
            Some(is_held) => self.listed.insert(question.into(), Value::Bool(is_held)),
            None => self.listed.remove(question),
        };
    }

    /// Every known value with its name, catalogue order first, then `custom.*` by name, then what lists
    /// said.
    pub fn known(&self) -> impl Iterator<Item = (std::borrow::Cow<'static, str>, &Value)> {
        let fields = FIELDS.iter().zip(&self.slots).map(|(f, v)| (f.name.into(), v));
        let custom = self.custom.iter().map(|(name, v)| (format!("custom.{name}").into(), v));
        let listed = self.listed.iter().map(|(name, v)| (name.to_string().into(), v));
        fields.chain(custom).chain(listed).filter(|(_, v)| !v.is_missing())
    }

    /// Two records from one: the part that names no person, and the personal part.
    pub fn split_personal(&self) -> (Self, Self) {
        let (mut open, mut personal) = (self.clone(), Self::default());
        for field in FIELDS.iter().filter(|f| f.personal) {
            if let Some(slot) = open.slots.get_mut(field.id.index()) {
                personal.set(field.id, std::mem::take(slot));
            }
        }
        personal.custom = std::mem::take(&mut open.custom);
        (open, personal)
    }

    /// Adds the values of `other` where this record has none: the inverse of
    /// [`Record::split_personal`].
    pub fn merge(&mut self, other: Self) {
        for (slot, value) in self.slots.iter_mut().zip(other.slots) {
            if slot.is_missing() {
                *slot = value;
            }
        }
        self.custom.extend(other.custom);
        self.listed.extend(other.listed);
    }

    /// Reads the JSON form back.
    ///
    /// # Errors
    /// A field of the wrong type or a name this version does not know.
    pub fn from_json(
        object: &serde_json::Map<String, serde_json::Value>,
    ) -> Result<Self, RecordError> {
        let mut record = Self::default();
        for (name, json) in object {
            if let Some(custom) = name.strip_prefix("custom.") {
                record.set_custom(custom, custom_value(json));
                continue;
            }
            if is_list_question(name) {
                record.set_listed(name, read_answer(name, json)?);
                continue;
            }
            let field = FieldId::by_name(name)
                .ok_or_else(|| RecordError::UnknownField { field: name.clone() })?;
            record.set(field, read_value(field, json)?);
        }
        Ok(record)
    }
}

fn read_answer(question: &str, json: &serde_json::Value) -> Result<Option<bool>, RecordError> {
    match json {
        serde_json::Value::Null => Ok(None),
        serde_json::Value::Bool(is_held) => Ok(Some(*is_held)),
        other => Err(RecordError::WrongType {
            field: question.to_owned(),
            kind: Kind::Bool.name(),
            given: excerpt(&other.to_string(), 60),
        }),
    }
}

/// Whether a name asks about a list; no field's name has a space in it.
pub fn is_list_question(name: &str) -> bool {
    name.contains(" in list(")
}

/// A member of `custom` as a value: booleans, whole numbers, other numbers as binary floats (as every
/// JSON client reads them), text; anything else is missing.
pub fn custom_value(json: &serde_json::Value) -> Value {
    match json {
        serde_json::Value::Bool(b) => Value::Bool(*b),
        serde_json::Value::Number(n) => {
            n.as_i64().map(Value::Int).or_else(|| n.as_f64().map(Value::float)).unwrap_or_default()
        }
        serde_json::Value::String(s) => Value::text(s),
        _ => Value::Missing,
    }
}

/// Reads one field's JSON form.
///
/// # Errors
/// The JSON is not of the field's type.
pub fn read_value(field: FieldId, json: &serde_json::Value) -> Result<Value, RecordError> {
    let kind = field.field().kind;
    let wrong = || RecordError::WrongType {
        field: field.field().name.to_owned(),
        kind: kind.name(),
        given: excerpt(&json.to_string(), 60),
    };
    let text = || json.as_str().ok_or_else(wrong);
    let value = match kind {
        _ if json.is_null() => Value::Missing,
        Kind::Bool => Value::Bool(json.as_bool().ok_or_else(wrong)?),
        Kind::Int => Value::Int(json.as_i64().ok_or_else(wrong)?),
        Kind::Decimal => Value::Decimal(decimal(json).ok_or_else(wrong)?),
        Kind::Float => Value::Float(json.as_f64().ok_or_else(wrong)?),
        Kind::Money => Value::Money(
            serde::Deserialize::deserialize(json).map_err(|_: serde_json::Error| wrong())?,
        ),
        Kind::Text | Kind::Word(_) => Value::text(text()?),
        Kind::Country => Value::Country(text()?.parse().map_err(|_| wrong())?),
        Kind::Currency => Value::Currency(text()?.parse().map_err(|_| wrong())?),
        Kind::Ip => Value::Ip(text()?.parse().map_err(|_| wrong())?),
        Kind::Time => Value::Time(text()?.parse().map_err(|_| wrong())?),
    };
    if value.fits(kind) { Ok(value) } else { Err(wrong()) }
}

fn decimal(json: &serde_json::Value) -> Option<Decimal> {
    match json {
        serde_json::Value::String(s) => s.parse().ok(),
        serde_json::Value::Number(n) => n.to_string().parse().ok(),
        _ => None,
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Missing => serializer.serialize_none(),
            Self::Bool(b) => serializer.serialize_bool(*b),
            Self::Int(i) => serializer.serialize_i64(*i),
            Self::Decimal(d) => serializer.collect_str(d),
            Self::Float(x) => serializer.serialize_f64(*x),
            Self::Money(amount) => amount.serialize(serializer),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Country(country) => country.serialize(serializer),
            Self::Currency(currency) => currency.serialize(serializer),
            Self::Ip(ip) => serializer.collect_str(ip),
            Self::Time(time) => time.serialize(serializer),
        }
    }
}

impl Serialize for Record {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in self.known() {
            map.serialize_entry(&name, value)?;
        }
        map.end()
    }
}
