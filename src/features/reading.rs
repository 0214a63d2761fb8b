//! A record straight from its JSON text, without a tree of values in between: a replay reads millions.
//!
//! Reads what [`Record::from_json`] reads and refuses what it refuses; a property test holds them
//! together.

use super::catalogue::{Field, FieldId};
use super::record::{Record, RecordError, is_list_question};
use super::value::{Kind, Value};
use crate::domain::{Amount, excerpt};
use rust_decimal::prelude::ToPrimitive;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;

impl<'de> Deserialize<'de> for Record {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(OfRecord)
    }
}

struct OfRecord;

impl<'de> Visitor<'de> for OfRecord {
    type Value = Record;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of fields")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Record, A::Error> {
        let mut record = Record::default();
        while let Some(name) = map.next_key_seed(OfName)? {
            match name {
                Name::Field(field) => {
                    record.set(field, map.next_value_seed(OfField(field.field()))?);
                }
                Name::Custom(name) => record.set_custom(&name, map.next_value_seed(OfCustom)?),
                Name::Listed(question) => record.set_listed(&question, map.next_value()?),
            }
        }
        Ok(record)
    }
}

enum Name {
    Field(FieldId),
    Custom(Box<str>),
    Listed(Box<str>),
}

struct OfName;

impl<'de> DeserializeSeed<'de> for OfName {
    type Value = Name;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Name, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for OfName {
    type Value = Name;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a field")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<Name, E> {
        if let Some(custom) = name.strip_prefix("custom.") {
            return Ok(Name::Custom(custom.into()));
        }
        if is_list_question(name) {
            return Ok(Name::Listed(name.into()));
        }
        let unknown = || E::custom(RecordError::UnknownField { field: name.to_owned() });
        FieldId::by_name(name).map(Name::Field).ok_or_else(unknown)
    }
}

/// The value of a field of the catalogue.
struct OfField(&'static Field);

impl OfField {
    fn wrong<E: de::Error>(&self, given: impl fmt::Display) -> E {
        E::custom(RecordError::WrongType {
            field: self.0.name.to_owned(),
            kind: self.0.kind.name(),
            given: excerpt(&given.to_string(), 60),
        })
    }
}

impl<'de> DeserializeSeed<'de> for OfField {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for OfField {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.kind.name())
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Missing)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Value, E> {
        if self.0.kind == Kind::Bool { Ok(Value::Bool(value)) } else { Err(self.wrong(value)) }
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Value, E> {
        match self.0.kind {
            Kind::Int => Ok(Value::Int(value)),
            Kind::Decimal => Ok(Value::Decimal(value.into())),
            Kind::Float => value.to_f64().map(Value::Float).ok_or_else(|| self.wrong(value)),
            _ => Err(self.wrong(value)),
        }
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Value, E> {
        match (i64::try_from(value), self.0.kind) {
            (Ok(value), _) => self.visit_i64(value),
            (_, Kind::Decimal) => Ok(Value::Decimal(value.into())),
            (_, Kind::Float) => value.to_f64().map(Value::Float).ok_or_else(|| self.wrong(value)),
            _ => Err(self.wrong(value)),
        }
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        let decimal = || serde_json::Number::from_f64(value)?.to_string().parse().ok();
        match self.0.kind {
            Kind::Float => Ok(Value::Float(value)),
            Kind::Decimal => decimal().map(Value::Decimal).ok_or_else(|| self.wrong(value)),
            _ => Err(self.wrong(value)),
        }
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Value, E> {
        let value = match self.0.kind {
            Kind::Decimal => text.parse().ok().map(Value::Decimal),
            Kind::Text | Kind::Word(_) => Some(Value::text(text)),
            Kind::Country => text.parse().ok().map(Value::Country),
            Kind::Currency => text.parse().ok().map(Value::Currency),
            Kind::Ip => text.parse().ok().map(Value::Ip),
            Kind::Time => text.parse().ok().map(Value::Time),
            Kind::Bool | Kind::Int | Kind::Float | Kind::Money => None,
        };
        value.filter(|value| value.fits(self.0.kind)).ok_or_else(|| self.wrong(text))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Value, A::Error> {
        if self.0.kind != Kind::Money {
            return Err(self.wrong("an object"));
        }
        Amount::deserialize(MapAccessDeserializer::new(map)).map(Value::Money)
    }
}

/// A member of `custom`; see [`custom_value`](super::custom_value).
struct OfCustom;

impl<'de> DeserializeSeed<'de> for OfCustom {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for OfCustom {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Missing)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Int(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Value, E> {
        let float = || value.to_f64().map(Value::float).unwrap_or_default();
        Ok(i64::try_from(value).map_or_else(|_| float(), Value::Int))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        Ok(Value::float(value))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::text(text))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Value::Missing)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Value::Missing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::FIELDS;
    use proptest::prelude::*;
    use serde_json::{Map, Value as Json, json};

    /// JSON that suits some fields and not others.
    fn values() -> Vec<Json> {
        vec![
            Json::Null,
            json!(true),
            json!(-3),
            json!(7),
            json!(u64::MAX),
            json!(0.1),
            json!(1e300),
            json!("text"),
            json!("purchase"),
            json!("card"),
            json!("approved"),
            json!("GB"),
            json!("EUR"),
            json!("81.2.69.142"),
            json!("2026-11-20T10:15:00Z"),
            json!("12.50"),
            json!({"value": "49.00", "currency": "EUR"}),
            json!({"value": "x"}),
            json!([1, [2], {"a": 3}]),
        ]
    }

    #[test]
    fn every_value_in_every_field_reads_as_from_a_tree() {
        let names = FIELDS.iter().map(|field| field.name);
        for name in names.chain(["custom.x", "nobody's"]) {
            for value in values() {
                let tree = Map::from_iter([(name.to_owned(), value.clone())]);
                let text = serde_json::to_string(&tree).unwrap();
                let read = serde_json::from_str::<Record>(&text).ok();
                assert_eq!(read, Record::from_json(&tree).ok(), "{text}");
            }
        }
    }

    proptest! {
        #[test]
        fn a_record_comes_back_bit_for_bit(
            picks in prop::collection::vec((0..FIELDS.len(), 0..19_usize), 0..40),
            float in any::<f64>(),
        ) {
            let values = values();
            let mut record = Record::default();
            for (field, pick) in picks {
                let field = FIELDS[field].id;
                if let Ok(value) = crate::features::read_value(field, &values[pick]) {
                    record.set(field, value);
                }
            }
            record.set_custom("f", Value::float(float));
            let text = serde_json::to_string(&record).unwrap();
            let again: Record = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(serde_json::to_string(&again).unwrap(), text);
            prop_assert_eq!(again, record);
        }
    }
}
