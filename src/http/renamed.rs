//! A body of a strict format of others as a transaction of ours: a table says where each of its members goes.
//!
//! A value that is none of its member's is refused under the name it came by. A member nobody knows is no mistake
//! (clients grow), but is said in the warnings; these lie open in the ledger, so a name that may be a mailbox is cut.

use crate::domain::{Timestamp, Transaction, Warning};
use crate::input::{InputError, push_open_step, read_transaction};
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

/// Longest value of a field of the merchant's own, in bytes; theirs may be longer.
pub(super) const LONGEST_CUSTOM: usize = 256;
/// Most unknown members told.
const MOST_UNKNOWN: usize = 20;

/// A member by its JSON pointer, and where it goes: group (none for the root) and name.
pub(super) type Place = (&'static str, [&'static str; 2]);

/// What a body says, under our names.
#[derive(Debug, Default)]
pub(super) struct Renamed {
    pub(super) native: Map<String, Value>,
    pub(super) warnings: Vec<Warning>,
}

impl Renamed {
    /// Takes every member that has a place and is no object: what lies in one is told as unknown. Of two for one place the later in the table wins.
    pub(super) fn take(&mut self, body: &Value, places: &[Place]) {
        for (pointer, place) in places {
            match (body.pointer(pointer), place) {
                (None | Some(Value::Null | Value::Object(_)), _) => {}
                (Some(Value::String(empty)), _) if empty.is_empty() => {}
                (Some(value), ["custom", name]) => self.custom(name, value, pointer),
                (Some(value), place) => self.put(*place, value.clone()),
            }
        }
    }

    pub(super) fn put(&mut self, [group, name]: [&str; 2], value: Value) {
        if group.is_empty() {
            self.native.insert(name.to_owned(), value);
            return;
        }
        let members = self.native.entry(group).or_insert_with(|| json!({}));
        if let Some(members) = members.as_object_mut() {
            members.insert(name.to_owned(), value);
        }
    }

    /// One of the merchant's own; a longer one than is kept is left out and said.
    pub(super) fn custom(&mut self, name: &str, value: &Value, pointer: &str) {
        let text = value.as_str();
        if text.is_some_and(|text| text.len() > LONGEST_CUSTOM) {
            let message = "longer than 256 bytes, and was not used";
            self.warn("unreadable_value", message, pointer);
        } else if text != Some("") {
            self.put(["custom", name], value.clone());
        }
    }

    pub(super) fn unknown(&mut self, pointer: &str) {
        self.warn("unknown_field", "no parameter has this name", pointer);
    }

    pub(super) fn warn(&mut self, code: &str, message: &str, pointer: &str) {
        if self.warnings.len() < MOST_UNKNOWN {
            let (code, message) = (code.to_owned(), message.to_owned());
            self.warnings.push(Warning { code, message, pointer: pointer.to_owned() });
        }
    }

    /// The transaction at a time.
    ///
    /// # Errors
    /// A value that is none of its member's.
    pub(super) fn transaction(
        &self,
        time: Timestamp,
    ) -> Result<(Transaction, Vec<Warning>), InputError> {
        let mut native = self.native.clone();
        native.insert("event_time".to_owned(), json!(time));
        let (transaction, mut warnings) =
            read_transaction(Value::Object(native).to_string().as_bytes())?;
        warnings.extend(self.warnings.iter().cloned());
        Ok((transaction, warnings))
    }
}

/// The member of a body that a member of the transaction came from.
pub(super) fn source(native: &str, body: &Value, places: &[Place]) -> Option<&'static str> {
    let native = native.strip_prefix('/')?;
    let is_here = |(from, [group, name]): &&Place| {
        let goes_there = match native.split_once('/') {
            Some((first, rest)) => *group == first && *name == rest,
            None => group.is_empty() && *name == native,
        };
        goes_there && body.pointer(from).is_some()
    };
    places.iter().rev().find(is_here).map(|(from, _)| *from)
}

/// A value of a body that is no object.
pub(super) struct Leaf<'b> {
    /// As a warning may say it.
    pub(super) pointer: String,
    /// The last part of its name, as it was sent.
    pub(super) name: &'b str,
    pub(super) value: &'b Value,
}

impl Leaf<'_> {
    /// True at one of these, or below.
    pub(super) fn is_under(&self, known: &[&str]) -> bool {
        let under = |known: &&str| {
            let rest = self.pointer.strip_prefix(known);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        known.iter().any(under)
    }
}

/// Every value of a body that is no object.
pub(super) fn leaves(body: &Value) -> Vec<Leaf<'_>> {
    fn walk<'b>(value: &'b Value, (at, name): (String, &'b str), into: &mut Vec<Leaf<'b>>) {
        match value.as_object() {
            Some(members) => {
                for (name, value) in members {
                    let mut pointer = at.clone();
                    push_open_step(&mut pointer, name);
                    walk(value, (pointer, name), into);
                }
            }
            None => into.push(Leaf { pointer: at, name, value }),
        }
    }
    let mut found = Vec::new();
    walk(body, (String::new(), ""), &mut found);
    found
}

/// A number, or a text that is one.
pub(super) fn decimal(value: &Value) -> Option<Decimal> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let plain = text.parse().ok();
    plain.or_else(|| Decimal::from_scientific(&text).ok())
}

/// A price as we read it; a float of the client's may have digits nobody meant.
pub(super) fn price(value: Decimal) -> String {
    value.round_dp(8).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_found_by_the_place_it_went_to() {
        const PLACES: [Place; 5] = [
            ("/a/mail", ["account", "email"]),
            ("/b/mail", ["account", "email"]),
            ("/id", ["", "order_id"]),
            ("/note", ["custom", "note"]),
            ("/more", ["account", "phone"]),
        ];
        let body = json!({"a": {"mail": "x@example.com"}, "id": 7, "note": "n", "b": {"mail": null}, "more": {"than": 1}});
        let mut renamed = Renamed::default();
        renamed.take(&body, &PLACES);
        assert_eq!(
            Value::Object(renamed.native.clone()),
            json!({"account": {"email": "x@example.com"}, "order_id": 7, "custom": {"note": "n"}})
        );
        assert_eq!(source("/order_id", &body, &PLACES), Some("/id"));
        assert_eq!(source("/custom/note", &body, &PLACES), Some("/note"));
        assert_eq!(source("/custom/other", &body, &PLACES), None);
        assert_eq!(source("", &body, &PLACES), None);
        let only = json!({"a": {"mail": "x"}});
        assert_eq!(source("/account/email", &only, &PLACES), Some("/a/mail"));
    }

    #[test]
    fn a_price_is_what_was_written() {
        let read = |value: Value| decimal(&value).map(price);
        assert_eq!(read(json!(49.99)).as_deref(), Some("49.99"));
        assert_eq!(read(json!(0.1 + 0.2)).as_deref(), Some("0.30000000"));
        assert_eq!(read(json!("1e3")).as_deref(), Some("1000"));
        assert_eq!(read(json!(true)), None);
    }
}
