//! A record from a hand-written JSON object: the tests beside a rule, `rules eval`, `rules explain`.
//!
//! Two shapes, read alike: flat (`{"ip.country": "DE", "card_tx_count_1h": 4}`, where fields may also
//! be nested by their dots), and a transaction as `POST /v1/score` takes it. A transaction gives the
//! request's own fields; what is computed from tables and history stays missing unless it is
//! written beside them, because computing it takes an engine.

use super::check::check;
use super::error::nearest;
use super::expr::Expr;
use super::problem::Problem;
use crate::domain::{Transaction, excerpt};
use crate::features::{FIELDS, FieldId, Kind, Record, custom_value, is_list_question, read_value};
use serde_json::{Map, Value as Json};

/// Why an object is no record.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum GivenError {
    /// A name that is no field.
    #[error("no field is called `{name}`{}", near.as_ref().map(|n| format!("; did you mean `{n}`?")).unwrap_or_default())]
    UnknownField {
        /// The name.
        name: String,
        /// The field probably meant.
        near: Option<String>,
    },
    /// A value not of its field's type.
    #[error("{message}")]
    WrongType {
        /// The field.
        name: String,
        /// What its type is, and what was given.
        message: String,
    },
    /// It says it is a transaction, and is not.
    #[error("not a transaction: {message}")]
    NotATransaction {
        /// What the reader of transactions says.
        message: String,
    },
}

impl GivenError {
    /// The name the error is about, if it is about one.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::UnknownField { name, .. } | Self::WrongType { name, .. } => name,
            Self::NotATransaction { .. } => "",
        }
    }
}

impl From<GivenError> for Problem {
    fn from(error: GivenError) -> Self {
        match error {
            GivenError::UnknownField { name, near } => Self::GivenUnknownField { name, near },
            GivenError::WrongType { message, .. } | GivenError::NotATransaction { message } => {
                Self::GivenWrongType { message }
            }
        }
    }
}

/// Reads either shape: an object with a `transaction_id` is a transaction, any other is flat.
///
/// # Errors
/// See [`record_from_transaction`] and [`record_from_flat`].
pub fn record_from_json(object: &Map<String, Json>) -> Result<Record, GivenError> {
    if object.contains_key("transaction_id") {
        record_from_transaction(object)
    } else {
        record_from_flat(object)
    }
}

/// Reads field: value. `null` and `"missing"` are missing, and so is every field not named.
///
/// # Errors
/// A name that is no field, or a value not of its field's type.
pub fn record_from_flat(object: &Map<String, Json>) -> Result<Record, GivenError> {
    let mut record = Record::default();
    fill(&mut record, "", object, true)?;
    Ok(record)
}

/// Reads the fields of a transaction, and derived fields written beside them. Members that are no
/// fields (`items`, `terms.url`) are passed over, and a country or an address that is none is
/// missing, as when scoring.
///
/// # Errors
/// The object is no transaction.
pub fn record_from_transaction(object: &Map<String, Json>) -> Result<Record, GivenError> {
    let transaction: Transaction = serde_json::from_value(Json::Object(object.clone()))
        .map_err(|error| GivenError::NotATransaction { message: error.to_string() })?;
    let mut object = object.clone();
    for pointer in transaction.unreadable() {
        forget(&mut object, pointer);
    }
    if let Some(Json::Object(card)) = object.get_mut("card") {
        // The record says whether there is one, not which.
        let stands_for_the_number = card.get("network_token").is_some_and(Json::is_string);
        card.insert("network_token".to_owned(), Json::Bool(stands_for_the_number));
    }
    let mut record = Record::default();
    fill(&mut record, "", &object, false)?;
    Ok(record)
}

/// Makes the value at a JSON pointer null.
fn forget(object: &mut Map<String, Json>, pointer: &str) {
    let (first, rest) = match pointer.trim_start_matches('/').split_once('/') {
        Some((first, rest)) => (first, format!("/{rest}")),
        None => (pointer.trim_start_matches('/'), String::new()),
    };
    if let Some(value) = object.get_mut(first).and_then(|value| value.pointer_mut(&rest)) {
        *value = Json::Null;
    }
}

/// Sets every field found in the object; `path` is the name so far, with its dot.
fn fill(
    record: &mut Record,
    path: &str,
    object: &Map<String, Json>,
    strict: bool,
) -> Result<(), GivenError> {
    for (key, json) in object {
        let name = format!("{path}{key}");
        let known = |json: &Json| !json.is_null() && json.as_str() != Some("missing");
        if let Some(custom) = name.strip_prefix("custom.") {
            if known(json) {
                record.set_custom(custom, custom_value(json));
            }
        } else if is_list_question(&name) {
            let question = list_question(&name)?;
            record.set_listed(&question, json.as_bool().filter(|_| known(json)));
        } else if let Some(field) = FieldId::by_name(&name) {
            if known(json) {
                record.set(field, read(field, json)?);
            }
        } else if let Json::Object(inner) = json {
            fill(record, &format!("{name}."), inner, strict)?;
        } else if strict {
            let near = nearest(&name, FIELDS.iter().map(|field| field.name));
            return Err(GivenError::UnknownField { name: excerpt(&name, 80), near });
        }
    }
    Ok(())
}

/// The one spelling of a question about a list.
fn list_question(name: &str) -> Result<String, GivenError> {
    match check(name) {
        Ok(Expr::InList(listed)) => Ok(listed.question().to_owned()),
        _ => Err(GivenError::WrongType {
            name: excerpt(name, 80),
            message: format!("`{}` is no question about a list", excerpt(name, 80)),
        }),
    }
}

fn read(field: FieldId, json: &Json) -> Result<crate::features::Value, GivenError> {
    read_value(field, json).map_err(|error| {
        let example = match field.field().kind {
            Kind::Money => "; money is a table of `value`, a text, and `currency`".to_owned(),
            Kind::Word(words) => format!("; it is one of {}", words.join(", ")),
            Kind::Time => "; write `2026-11-20T10:15:00Z`".to_owned(),
            _ => String::new(),
        };
        let name = field.field().name.to_owned();
        GivenError::WrongType { name, message: format!("{error}{example}") }
    })
}
