//! Reading a body leniently: what is odd becomes a remark and is left out, and no value costs an answer.
//!
//! Each value is taken out as it is read, so what is left at the end is what nobody knows. Numbers are taken
//! for texts and texts for numbers, as clients in languages without types send them.

use super::super::renamed::decimal;
use super::refusal::Refusal;
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::{Map, Value};

/// Most remarks; past it more of the same says nothing.
const MOST_REMARKS: usize = 50;
/// Longest name of an unknown member told back, in characters.
const LONGEST_NAME: usize = 64;

/// Something odd about a body, as the format has its warnings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Remark {
    pub(super) code: String,
    pub(super) warning: String,
    pub(super) input_pointer: String,
}

/// A body, group by group.
#[derive(Debug)]
pub(super) struct Inputs {
    root: Map<String, Value>,
    pub(super) remarks: Vec<Remark>,
}

impl Inputs {
    /// Reads a body.
    ///
    /// # Errors
    /// It is not JSON, or no object.
    pub(super) fn read(body: &[u8]) -> Result<Self, Refusal> {
        let value: Value = serde_json::from_slice(body)
            .map_err(|error| Refusal::invalid("JSON_INVALID", error.to_string()))?;
        match value {
            Value::Object(root) => Ok(Self { root, remarks: Vec::new() }),
            _ => Err(Refusal::invalid("REQUEST_INVALID", "the body is no object")),
        }
    }

    /// The members as one text that is the same for equal bodies.
    pub(super) fn canonical(&self) -> Vec<u8> {
        serde_json::to_vec(&self.root).unwrap_or_default()
    }

    /// Notes something.
    pub(super) fn remark(&mut self, code: &str, warning: &str, pointer: String) {
        if self.remarks.len() < MOST_REMARKS {
            let (code, warning) = (code.to_owned(), warning.to_owned());
            self.remarks.push(Remark { code, warning, input_pointer: pointer });
        }
    }

    pub(super) fn refuse(&mut self, pointer: String) {
        self.remark(
            "INPUT_INVALID",
            "The value is not one of this input, and was not used.",
            pointer,
        );
    }

    /// Takes a whole group out; an empty name takes a member of the body itself.
    pub(super) fn take_group(&mut self, group: &str) -> Option<Value> {
        self.root.remove(group).filter(|value| !value.is_null())
    }

    fn take(&mut self, (group, name): (&str, &str)) -> Option<Value> {
        let members = match group {
            "" => Some(&mut self.root),
            group => self.root.get_mut(group).and_then(Value::as_object_mut),
        };
        members?.remove(name).filter(|value| !value.is_null())
    }

    /// A text of at most `most` bytes that passes `fits`.
    pub(super) fn text(
        &mut self,
        at: (&str, &str),
        most: usize,
        fits: impl FnOnce(&str) -> bool,
    ) -> Option<String> {
        let text = match self.take(at)? {
            Value::String(text) => Some(text.trim().to_owned()),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(_) | Value::Null | Value::Array(_) | Value::Object(_) => None,
        };
        let good = |text: &String| text.len() <= most && !text.contains(char::is_control);
        match text {
            Some(text) if text.is_empty() => None,
            Some(text) if good(&text) && fits(&text) => Some(text),
            _ => {
                self.refuse(pointer(at));
                None
            }
        }
    }

    /// Any text of at most `most` bytes.
    pub(super) fn any_text(&mut self, at: (&str, &str), most: usize) -> Option<String> {
        self.text(at, most, |_| true)
    }

    /// One of some words.
    pub(super) fn word(
        &mut self,
        at: (&str, &str),
        words: &[&'static str],
    ) -> Option<&'static str> {
        let text = self.any_text(at, LONGEST_NAME)?;
        let found = words.iter().find(|word| **word == text).copied();
        if found.is_none() {
            self.refuse(pointer(at));
        }
        found
    }

    /// True or false, also as a text or as 1 and 0.
    pub(super) fn boolean(&mut self, at: (&str, &str)) -> Option<bool> {
        let read = match self.take(at)? {
            Value::Bool(is) => Some(is),
            Value::String(text) => match text.to_ascii_lowercase().as_str() {
                "true" | "1" => Some(true),
                "false" | "0" => Some(false),
                _ => None,
            },
            Value::Number(number) => match number.as_i64() {
                Some(1) => Some(true),
                Some(0) => Some(false),
                _ => None,
            },
            _ => None,
        };
        if read.is_none() {
            self.refuse(pointer(at));
        }
        read
    }

    /// A number that passes `fits`, exact as it was written.
    pub(super) fn decimal(
        &mut self,
        at: (&str, &str),
        fits: impl FnOnce(Decimal) -> bool,
    ) -> Option<Decimal> {
        let value = self.take(at)?;
        let read = decimal(&value).filter(|number| fits(*number));
        if read.is_none() {
            self.refuse(pointer(at));
        }
        read
    }

    /// Notes every member that nobody took.
    pub(super) fn leftovers(&mut self, groups: &[&str]) {
        for (name, value) in std::mem::take(&mut self.root) {
            match value {
                Value::Object(members) if groups.contains(&name.as_str()) => {
                    for inner in members.keys() {
                        self.unknown(pointer((&name, &cut(inner))));
                    }
                }
                Value::Null => {}
                _ if groups.contains(&name.as_str()) => self.refuse(pointer(("", &name))),
                _ => self.unknown(pointer(("", &cut(&name)))),
            }
        }
    }

    pub(super) fn unknown(&mut self, pointer: String) {
        self.remark("INPUT_UNKNOWN", "No input has this name.", pointer);
    }
}

fn cut(name: &str) -> String {
    name.chars().take(LONGEST_NAME).collect()
}

/// The JSON pointer of a member.
pub(super) fn pointer((group, name): (&str, &str)) -> String {
    let name = name.replace('~', "~0").replace('/', "~1");
    if group.is_empty() { format!("/{name}") } else { format!("/{group}/{name}") }
}
