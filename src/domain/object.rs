//! A JSON object, and nothing else.
//!
//! A derived struct also accepts an array of its fields in order, so `"account": []` would read as
//! an empty account. Members that are objects are read through here instead, and an array in their
//! place is a wrong type like any other.

use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess};
use serde::{Deserialize, Deserializer};
use std::fmt;
use std::marker::PhantomData;

/// Reads as `T` from an object only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> de::Visitor<'de> for Visitor<T> {
            type Value = T;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map))
            }
        }
        deserializer.deserialize_map(Visitor(PhantomData)).map(Self)
    }
}

/// Reads an optional member that is an object; null is absence.
pub(super) fn object<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Ok(Option::<Object<T>>::deserialize(deserializer)?.map(|Object(value)| value))
}

/// Reads a member that is an object; null is an empty one.
pub(super) fn object_or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    object(deserializer).map(Option::unwrap_or_default)
}

#[cfg(test)]
mod tests {
    use crate::domain::{Event, Transaction};

    fn transaction(member: &str) -> Result<Transaction, String> {
        let json = format!(
            r#"{{"transaction_id":"t","type":"login","event_time":"2026-11-20T10:15:00Z",{member}}}"#
        );
        serde_json::from_str(&json).map_err(|e| e.to_string())
    }

    #[test]
    fn an_array_is_no_object() {
        for member in [
            r#""account":[]"#,
            r#""account":["acc-7"]"#,
            r#""card":{"three_ds":["05"]}"#,
            r#""payment":["card"]"#,
            r#""device":[]"#,
            r#""billing":[]"#,
            r#""items":[["sku"]]"#,
            r#""subscription":[]"#,
            r#""fulfilment":[]"#,
            r#""terms":[]"#,
            r#""amount":["49.00","EUR"]"#,
        ] {
            let error = transaction(member).unwrap_err();
            assert!(error.starts_with("invalid type: sequence, expected an"), "{member}: {error}");
        }
        assert_eq!(transaction(r#""account":null"#).unwrap().account, None);
        assert_eq!(transaction(r#""items":[{"sku":"a"}]"#).unwrap().items.len(), 1);
    }

    #[test]
    fn the_data_of_an_event_is_an_object_or_absent() {
        let event = |data: &str| {
            let json = format!(
                r#"{{"event_id":"e","type":"capture","event_time":"2026-11-20T10:15:00Z","data":{data}}}"#
            );
            serde_json::from_str::<Event>(&json)
        };
        assert!(event("null").unwrap().data.is_empty());
        assert!(event("{}").unwrap().data.is_empty());
        assert!(event("[]").is_err());
        assert!(event(r#"{"consent":[]}"#).is_err());
    }
}
