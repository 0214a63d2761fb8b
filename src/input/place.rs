//! Places of a request by name: `account.email`, `items.0.sku`, `custom.campaign`.

use super::json::{plain, pointer_to, push_step};
use crate::domain::{Object, Transaction};
use serde::Deserialize;
use serde_json::{Map, Value};

/// A place of a JSON document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place(Vec<Step>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Member(String),
    Element(usize),
}

impl Place {
    /// The place of a name. A number is a position of a list; what follows `custom.` is one member,
    /// points and digits included.
    pub(super) fn of(name: &str) -> Self {
        if let Some(own) = name.strip_prefix("custom.") {
            return Self(vec![Step::Member("custom".into()), Step::Member(own.into())]);
        }
        let step = |step: &str| match step.parse() {
            Ok(index) => Step::Element(index),
            Err(_) => Step::Member(step.into()),
        };
        Self(name.split('.').map(step).collect())
    }

    /// The place as a JSON pointer.
    pub(super) fn pointer(&self) -> String {
        let mut pointer = String::new();
        for step in &self.0 {
            match step {
                Step::Member(name) => push_step(&mut pointer, name),
                Step::Element(index) => push_step(&mut pointer, &index.to_string()),
            }
        }
        pointer
    }

    /// Puts `value` here, making the objects and lists on the way; what was here is replaced.
    pub(super) fn put(&self, root: &mut Value, value: Value) {
        let mut at = root;
        for step in &self.0 {
            at = match step {
                Step::Member(name) => member(at, name),
                Step::Element(index) => element(at, *index),
            };
        }
        *at = value;
    }
}

fn member<'a>(at: &'a mut Value, name: &str) -> &'a mut Value {
    if !at.is_object() {
        *at = Value::Object(Map::new());
    }
    &mut at[name]
}

fn element(at: &mut Value, index: usize) -> &mut Value {
    if !at.is_array() {
        *at = Value::Array(Vec::new());
    }
    if let Value::Array(list) = at
        && list.len() <= index
    {
        list.resize_with(index + 1, || Value::Object(Map::new()));
    }
    &mut at[index]
}

/// Reads an assembled document; an error is the pointer to the refused place and why.
pub(super) fn read_assembled(document: &Value) -> Result<Transaction, (String, String)> {
    Object::<Transaction>::deserialize(document).map(|Object(transaction)| transaction).map_err(
        |error| {
            let mut pointer =
                match serde_path_to_error::deserialize::<_, Object<Transaction>>(document) {
                    Ok(_) => String::new(),
                    Err(error) => pointer_to(error.path()),
                };
            let message = plain(&error.to_string(), &mut pointer);
            (pointer, message)
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn makes_what_is_on_the_way() {
        let mut root = json!({});
        for (name, value) in [
            ("a", 1),
            ("b.c.d", 2),
            ("b.e", 3),
            ("items.1.x", 4),
            ("custom.5", 5),
            ("custom.x.y", 6),
        ] {
            Place::of(name).put(&mut root, json!(value));
        }
        assert_eq!(
            root,
            json!({"a":1, "b":{"c":{"d":2},"e":3}, "items":[{},{"x":4}], "custom":{"5":5,"x.y":6}})
        );
        assert_eq!(Place::of("items.1.x").pointer(), "/items/1/x");
        assert_eq!(Place::of("custom.a/b").pointer(), "/custom/a~1b");
    }

    #[test]
    fn a_refusal_names_its_place() {
        let mut document =
            json!({"transaction_id":"t","type":"purchase","event_time":"2026-11-20T10:15:00Z"});
        assert!(read_assembled(&document).is_ok());
        Place::of("card.last4").put(&mut document, json!("12345"));
        let (pointer, message) = read_assembled(&document).unwrap_err();
        assert_eq!((pointer.as_str(), message.as_str()), ("/card/last4", "is longer than 4 bytes"));
    }
}
