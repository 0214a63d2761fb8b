//! Maps: how the columns of a foreign table become the fields of a transaction.
//!
//! A map is a TOML file; `data/maps/README.md` is its reference. It names a source for each field and
//! how its text is read, and nothing else: no expressions, no joins. What needs more is prepared
//! before, by a tool made for it. Everything that can be wrong with a map is found when it is
//! loaded, and everything that can be wrong between a map and a table when the header is read.

mod bind;
mod country;
mod error;
mod parse;
mod reading;

pub(super) use bind::{Bound, Row, RowFault, UnfitHeader};
pub use error::{CellError, MapError, MapFault};

use super::fields::{Field, Kind, fields};
use super::place::Place;
use crate::domain::{LabelClass, MAX_ITEMS, Timestamp, Transaction};
use reading::Reading;
use serde_json::Value;
use std::collections::BTreeMap;

/// A map: one or more tables, of which the one that fits a file's header is used.
#[derive(Debug, Clone)]
pub struct Map {
    tables: Vec<Table>,
}

impl Map {
    /// Reads the text of a map.
    ///
    /// # Errors
    /// The first thing wrong with it, with line, column and the name probably meant.
    pub fn parse(text: &str) -> Result<Self, MapError> {
        parse::map(text)
    }

    /// The names of its tables.
    pub fn tables(&self) -> impl Iterator<Item = &str> {
        self.tables.iter().map(|table| table.name.as_str())
    }

    /// True where rows stand in no order of time, by the map's own word: whoever builds a history from
    /// them must sort them first.
    pub fn is_unordered(&self) -> bool {
        self.tables.iter().any(|table| table.unordered)
    }
}

/// What a transaction turned out to be, and since when that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Label {
    /// What it turned out to be.
    pub class: LabelClass,
    /// When it became known: nothing before may learn from it.
    pub known_at: Timestamp,
}

#[derive(Debug, Clone)]
struct Table {
    name: String,
    /// Texts that stand for a missing value, beside an empty cell.
    missing: Vec<String>,
    /// Columns known and not used.
    ignore: Vec<String>,
    /// Rows stand in no order of time.
    unordered: bool,
    assignments: Vec<Assignment>,
    label: Option<LabelRule>,
}

/// One field and where it comes from.
#[derive(Debug, Clone)]
struct Assignment {
    field: String,
    place: Place,
    kind: Kind,
    origin: Origin,
    reading: Reading,
    prefix: String,
    /// What a cell's text stands for; a text not listed is an error.
    values: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Clone, PartialEq)]
enum Origin {
    Column(String),
    Constant(Value),
    /// The number of the row, from 1: an identifier for tables that have none.
    Row,
}

#[derive(Debug, Clone)]
struct LabelRule {
    column: String,
    values: BTreeMap<String, Option<LabelClass>>,
    known: Known,
}

#[derive(Debug, Clone)]
enum Known {
    /// So many milliseconds after the transaction.
    Delay(i64),
    /// At the time in a column.
    Column(String, Reading),
}

/// Fields every transaction must have.
const NEEDED: [&str; 3] = ["transaction_id", "type", "event_time"];

/// The field of a name: `items.N.…` for any position, `custom.…` for any name.
fn field_named<'a>(fields: &'a [Field], name: &str) -> Option<&'a Field> {
    if name.strip_prefix("custom.").is_some_and(|own| !own.is_empty() && own.len() <= 64) {
        return fields.iter().find(|field| field.kind == Kind::Open);
    }
    let general = match name.strip_prefix("items.").and_then(|rest| rest.split_once('.')) {
        Some((index, member)) if index.parse::<usize>().is_ok_and(|index| index < MAX_ITEMS) => {
            format!("items.0.{member}")
        }
        _ => name.to_owned(),
    };
    fields.iter().find(|field| field.name == general && field.kind != Kind::Open)
}

/// The fields a map may name.
fn transaction_fields() -> Vec<Field> {
    fields::<Transaction>()
}

#[cfg(test)]
mod tests;
