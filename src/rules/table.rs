//! A TOML table with the places of its keys and values, read key by key.
//!
//! Rejected: `serde` derive; it stops at the first mistake and can't suggest a key.

use super::error::nearest;
use super::file::Reader;
use super::problem::Problem;
use serde_json::{Map, Value as Json};
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A table of the file: what it is called in messages, and where it stands.
pub(super) struct Table<'t, 'i> {
    pub name: &'static str,
    pub entries: &'t DeTable<'i>,
    pub span: Range<usize>,
}

/// A string of the file.
#[derive(Debug, Clone)]
pub(super) struct Text<'t> {
    pub value: &'t str,
    /// Its bytes in the file, quotes included.
    pub span: Range<usize>,
}

impl<'t, 'i> Table<'t, 'i> {
    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    /// A value and its place.
    pub(super) fn value(&self, key: &str) -> Option<(&'t DeValue<'i>, Range<usize>)> {
        self.entries.get(key).map(|value| (value.get_ref(), value.span()))
    }

    pub(super) fn value_span(&self, key: &str) -> Range<usize> {
        self.entries.get(key).map_or_else(|| self.span.clone(), Spanned::span)
    }

    pub(super) fn key_span(&self, key: &str) -> Range<usize> {
        self.entries.get_key_value(key).map_or_else(|| self.span.clone(), |(key, _)| key.span())
    }

    /// The place of a name whose dots may be nesting; the table's own where there is none.
    pub(super) fn deep_span(&self, name: &str) -> Range<usize> {
        for (key, value) in self.entries {
            let rest = name.strip_prefix(&**key.get_ref());
            match (rest, rest.and_then(|rest| rest.strip_prefix('.')), value.get_ref()) {
                (Some(""), ..) => return key.span().start..value.span().end,
                (_, Some(rest), DeValue::Table(table)) => {
                    return Table { name: self.name, entries: table, span: key.span() }
                        .deep_span(rest);
                }
                _ => {}
            }
        }
        self.span.clone()
    }

    /// Reports every key but these.
    pub(super) fn only(&self, reader: &mut Reader<'_>, known: &[&'static str]) {
        for (key, _) in self.entries {
            let name = key.get_ref();
            if !known.contains(&&**name) {
                let near = nearest(name, known.iter().copied());
                let (table, all) = (self.name, known.to_vec());
                let problem = Problem::UnknownKey { key: name.to_string(), table, near, all };
                reader.report(problem, key.span());
            }
        }
    }

    fn wrong(&self, reader: &mut Reader<'_>, key: &str, want: &'static str) {
        if let Some((value, span)) = self.value(key) {
            let (key, found) = (key.to_owned(), type_name(value));
            reader.report(Problem::WrongType { key, want, found }, span);
        }
    }

    pub(super) fn text(&self, reader: &mut Reader<'_>, key: &str) -> Option<Text<'t>> {
        if let Some((DeValue::String(value), span)) = self.value(key) {
            return Some(Text { value, span });
        }
        self.wrong(reader, key, "a text");
        None
    }

    pub(super) fn number(&self, reader: &mut Reader<'_>, key: &str) -> Option<f64> {
        match self.value(key)?.0 {
            DeValue::Float(number) => number.as_str().parse().ok(),
            DeValue::Integer(number) => number.to_string().parse().ok(),
            _ => {
                self.wrong(reader, key, "a number");
                None
            }
        }
    }

    pub(super) fn table(
        &self,
        reader: &mut Reader<'_>,
        key: &str,
        name: &'static str,
    ) -> Option<Table<'t, 'i>> {
        if let Some((DeValue::Table(entries), span)) = self.value(key) {
            return Some(Table { name, entries, span });
        }
        self.wrong(reader, key, "a table");
        None
    }

    /// The texts of an array; what is no text is reported.
    pub(super) fn texts(
        &self,
        reader: &mut Reader<'_>,
        key: &str,
        want: &'static str,
    ) -> Vec<Text<'t>> {
        let Some((DeValue::Array(array), _)) = self.value(key) else {
            self.wrong(reader, key, want);
            return Vec::new();
        };
        let mut texts = Vec::new();
        for item in array {
            match item.get_ref() {
                DeValue::String(value) => texts.push(Text { value, span: item.span() }),
                other => {
                    let (key, found) = (key.to_owned(), type_name(other));
                    reader.report(Problem::WrongType { key, want, found }, item.span());
                }
            }
        }
        texts
    }

    /// The tables of an array; what is no table is reported.
    pub(super) fn tables(
        &self,
        reader: &mut Reader<'_>,
        key: &str,
        name: &'static str,
    ) -> Vec<Table<'t, 'i>> {
        let Some((DeValue::Array(array), _)) = self.value(key) else {
            self.wrong(reader, key, "a list of tables");
            return Vec::new();
        };
        let mut tables = Vec::new();
        for item in array {
            match item.get_ref() {
                DeValue::Table(entries) => tables.push(Table { name, entries, span: item.span() }),
                other => {
                    let (key, found) = (key.to_owned(), type_name(other));
                    let problem = Problem::WrongType { key, want: "a list of tables", found };
                    reader.report(problem, item.span());
                }
            }
        }
        tables
    }
}

/// A value's type as a message names it.
pub(super) fn type_name(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// A table as JSON, so that facts are read by the one reader of records. A number too large for
/// JSON becomes text, which that reader refuses.
pub(super) fn to_json(table: &DeTable<'_>) -> Map<String, Json> {
    table.iter().map(|(key, value)| (key.get_ref().to_string(), json(value.get_ref()))).collect()
}

fn json(value: &DeValue<'_>) -> Json {
    match value {
        DeValue::String(text) => Json::from(&**text),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or_else(|_| Json::from(number.as_str()), Json::from),
        DeValue::Float(number) => number
            .as_str()
            .parse()
            .ok()
            .and_then(serde_json::Number::from_f64)
            .map_or_else(|| Json::from(number.as_str()), Json::Number),
        DeValue::Boolean(value) => Json::from(*value),
        DeValue::Datetime(time) => Json::from(time.to_string()),
        DeValue::Array(array) => array.iter().map(|item| json(item.get_ref())).collect(),
        DeValue::Table(table) => Json::Object(to_json(table)),
    }
}
