//! The text of a map → a [`Map`], or the first thing wrong with it.
//!
//! Read by hand over the spanned document, so that every error has a line, a column and the name
//! that was probably meant.

use super::error::{CellError, MapError, MapFault};
use super::reading::{Reading, WORDS};
use super::{Assignment, Known, LabelRule, Map, NEEDED, Origin, Table};
use super::{field_named, transaction_fields};
use crate::domain::{DAY_MS, HOUR_MS, LabelClass, MINUTE_MS, in_shared_range, mask_card_numbers};
use crate::input::fields::{Field, Kind};
use crate::input::near::near;
use crate::input::place::{Place, read_assembled};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

type Node<'a> = Spanned<DeValue<'a>>;
/// A fault and its byte offset in the text.
type Fault = (usize, MapFault);

pub(super) fn map(text: &str) -> Result<Map, MapError> {
    let document = DeTable::parse(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        place(text, (at, MapFault::Syntax { message: error.message().to_owned() }))
    })?;
    tables(document.get_ref()).map_err(|fault| place(text, fault))
}

fn place(text: &str, (at, fault): Fault) -> MapError {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    let given = text.lines().nth(line - 1).unwrap_or_default();
    let text = mask_card_numbers(given, &in_shared_range).unwrap_or_else(|| given.to_owned());
    MapError { line, column, fault, text }
}

/// The members of one table of the document; those nobody asks for are unknown.
struct Members<'a> {
    of: &'static str,
    at: usize,
    table: &'a DeTable<'a>,
    known: Vec<&'static str>,
}

impl<'a> Members<'a> {
    fn new(of: &'static str, at: usize, table: &'a DeTable<'a>) -> Self {
        Self { of, at, table, known: Vec::new() }
    }

    fn get(&mut self, key: &'static str) -> Option<&'a Node<'a>> {
        self.known.push(key);
        self.table.iter().find(|(name, _)| name.get_ref() == key).map(|(_, node)| node)
    }

    fn need(&mut self, key: &'static str) -> Result<&'a Node<'a>, Fault> {
        let missing = (self.at, MapFault::MissingKey { key, of: self.of });
        self.get(key).ok_or(missing)
    }

    /// Refuses the first member nobody asked for.
    fn finish(self) -> Result<(), Fault> {
        let unknown = self.table.keys().filter(|key| !self.known.contains(&key.get_ref().as_ref()));
        match unknown.min_by_key(|key| key.span().start) {
            None => Ok(()),
            Some(key) => Err((
                key.span().start,
                MapFault::UnknownKey {
                    key: key.get_ref().to_string(),
                    of: self.of,
                    near: near(key.get_ref(), self.known),
                },
            )),
        }
    }
}

fn wrong_type(key: &str, node: &Node<'_>, expected: &'static str) -> Fault {
    (node.span().start, MapFault::WrongType { key: key.to_owned(), expected })
}

fn text<'a>(key: &str, node: &'a Node<'_>) -> Result<&'a str, Fault> {
    match node.get_ref() {
        DeValue::String(text) => Ok(text),
        _ => Err(wrong_type(key, node, "a text")),
    }
}

fn truth(key: &str, node: &Node<'_>) -> Result<bool, Fault> {
    match node.get_ref() {
        DeValue::Boolean(truth) => Ok(*truth),
        _ => Err(wrong_type(key, node, "true or false")),
    }
}

fn table<'a>(key: &str, node: &'a Node<'a>) -> Result<&'a DeTable<'a>, Fault> {
    match node.get_ref() {
        DeValue::Table(table) => Ok(table),
        _ => Err(wrong_type(key, node, "a table")),
    }
}

fn texts(key: &str, node: Option<&Node<'_>>) -> Result<Vec<String>, Fault> {
    let Some(node) = node else { return Ok(Vec::new()) };
    let DeValue::Array(list) = node.get_ref() else {
        return Err(wrong_type(key, node, "a list of texts"));
    };
    list.iter().map(|node| text(key, node).map(str::to_owned)).collect()
}

/// The members of a table whose keys are cells' texts.
fn cells<'a>(key: &str, node: &'a Node<'a>) -> Result<Vec<(String, usize, &'a str)>, Fault> {
    let members = table(key, node)?.iter();
    members
        .map(|(cell, node)| Ok((cell.get_ref().to_string(), node.span().start, text(key, node)?)))
        .collect()
}

fn tables(document: &DeTable<'_>) -> Result<Map, Fault> {
    let fields = transaction_fields();
    let mut members = Members::new("a map", 0, document);
    let node = members.need("table")?;
    let DeValue::Array(list) = node.get_ref() else {
        return Err(wrong_type("table", node, "a list: write `[[table]]`"));
    };
    let tables = list.iter().map(|node| one_table(&fields, node)).collect::<Result<_, _>>()?;
    members.finish()?;
    Ok(Map { tables })
}

fn one_table<'a>(fields: &[Field], node: &'a Node<'a>) -> Result<Table, Fault> {
    let at = node.span().start;
    let mut members = Members::new("a table", at, table("table", node)?);
    let name = text("name", members.need("name")?)?.to_owned();
    let missing = texts("missing", members.get("missing"))?;
    let ignore = texts("ignore", members.get("ignore"))?;
    let unordered = members.get("unordered").map(|node| truth("unordered", node)).transpose()?;
    let sources = members.need("fields")?;
    let assignments = assignments(fields, sources)?;
    check_together(&assignments, sources.span().start)?;
    let label = members.get("label").map(label_rule).transpose()?;
    members.finish()?;
    let unordered = unordered.unwrap_or(false);
    Ok(Table { name, missing, ignore, unordered, assignments, label })
}

/// Every field that is given a source. `account.id = …`, `[table.fields.account]` and
/// `"account.id" = …` are the same.
fn assignments<'a>(fields: &[Field], node: &'a Node<'a>) -> Result<Vec<Assignment>, Fault> {
    let mut sources = Vec::new();
    flatten("", table("fields", node)?, &mut sources);
    sources.sort_by_key(|(_, at, _)| *at);
    let mut assignments: Vec<Assignment> = Vec::new();
    for (name, at, node) in sources {
        let Some(field) = field_named(fields, &name) else {
            let near = near(&name, fields.iter().map(|field| field.name.as_str()));
            return Err((at, MapFault::UnknownField { name, near }));
        };
        if assignments.iter().any(|assignment| assignment.field == name) {
            return Err((at, MapFault::Origin { field: name }));
        }
        assignments.push(assignment(field, &name, at, node)?);
    }
    Ok(assignments)
}

fn flatten<'a>(prefix: &str, table: &'a DeTable<'a>, out: &mut Vec<(String, usize, &'a Node<'a>)>) {
    for (key, node) in table {
        let key_text = key.get_ref();
        let name =
            if prefix.is_empty() { key_text.to_string() } else { format!("{prefix}.{key_text}") };
        match node.get_ref() {
            DeValue::Table(inner) if is_group(inner) => flatten(&name, inner, out),
            _ => out.push((name, key.span().start, node)),
        }
    }
}

/// A group of fields holds tables and column names by field; a source holds an origin.
fn is_group(table: &DeTable<'_>) -> bool {
    let has = |key: &str| {
        table.iter().any(|(name, node)| {
            name.get_ref() == key && !matches!(node.get_ref(), DeValue::Table(_))
        })
    };
    !table.is_empty() && !["column", "constant", "row", "as", "prefix"].into_iter().any(has)
}

fn assignment<'a>(
    field: &Field,
    name: &str,
    at: usize,
    node: &'a Node<'a>,
) -> Result<Assignment, Fault> {
    let assignment = |origin, reading, prefix: &str, values| Assignment {
        field: name.to_owned(),
        place: Place::of(name),
        kind: field.kind.clone(),
        origin,
        reading,
        prefix: prefix.to_owned(),
        values,
    };
    let usual = Reading::usual(&field.kind);
    let source = match node.get_ref() {
        DeValue::String(column) => {
            return Ok(assignment(Origin::Column(column.to_string()), usual, "", None));
        }
        DeValue::Table(source) => source,
        _ => {
            return Err(wrong_type(name, node, "a column's name or a table like `{ column = … }`"));
        }
    };
    let mut members = Members::new("a field's source", at, source);
    let column = members.get("column").map(|node| text("column", node)).transpose()?;
    let constant = members.get("constant");
    let row = members.get("row").is_some();
    let reading = members.get("as").map(|node| reading(name, field, node)).transpose()?;
    let prefix = members.get("prefix").map(|node| text("prefix", node)).transpose()?;
    let values = members.get("values").map(|node| cells("values", node)).transpose()?;
    members.finish()?;
    let values = values
        .map(|cells| cells.into_iter().map(|(cell, _, value)| (cell, value.to_owned())).collect());
    let origin = match (column, constant, row) {
        (Some(column), None, false) => Origin::Column(column.to_owned()),
        (None, Some(node), false) => {
            Origin::Constant(constant_value(name, field, reading.as_ref(), node)?)
        }
        (None, None, true) => Origin::Row,
        _ => return Err((at, MapFault::Origin { field: name.to_owned() })),
    };
    Ok(assignment(origin, reading.unwrap_or(usual), prefix.unwrap_or_default(), values))
}

fn reading(name: &str, field: &Field, node: &Node<'_>) -> Result<Reading, Fault> {
    let given = text("as", node)?;
    let at = node.span().start;
    let Some(reading) = Reading::from_word(given) else {
        let fault = MapFault::UnknownReading {
            given: given.to_owned(),
            near: near(given, WORDS),
            known: format!("`{}`", WORDS.join("`, `")),
        };
        return Err((at, fault));
    };
    if reading.suits(&field.kind) {
        Ok(reading)
    } else {
        let (field, reading) = (name.to_owned(), reading.to_string());
        Err((at, MapFault::UnsuitedReading { field, reading }))
    }
}

/// A constant is read like a cell, once.
fn constant_value(
    name: &str,
    field: &Field,
    reading: Option<&Reading>,
    node: &Node<'_>,
) -> Result<Value, Fault> {
    let open = field.kind == Kind::Open;
    let usual = || Reading::usual(&field.kind);
    let (text, usual) = match node.get_ref() {
        DeValue::String(text) => (text.to_string(), usual()),
        DeValue::Integer(number) => {
            (number.as_str().to_owned(), if open { Reading::Number } else { usual() })
        }
        DeValue::Float(number) => {
            (number.as_str().to_owned(), if open { Reading::Number } else { usual() })
        }
        DeValue::Boolean(value) => {
            (value.to_string(), if open { Reading::Boolean } else { usual() })
        }
        _ => return Err(wrong_type("constant", node, "a text, a number, true or false")),
    };
    let refused = |cause| MapFault::Constant { field: name.to_owned(), cause };
    let at = node.span().start;
    let value = reading.unwrap_or(&usual).read(&text).map_err(|cause| (at, refused(cause)))?;
    try_constant(name, &value).map_err(|message| (at, refused(CellError::Refused { message })))?;
    Ok(value)
}

/// Tries a constant in a transaction that has nothing else.
fn try_constant(name: &str, value: &Value) -> Result<(), String> {
    let mut document =
        json!({"transaction_id": "t", "type": "purchase", "event_time": "1970-01-01T00:00:00Z"});
    if name.starts_with("amount.") {
        Place::of("amount").put(&mut document, json!({"value": "0", "currency": "EUR"}));
    }
    Place::of(name).put(&mut document, value.clone());
    match read_assembled(&document) {
        Err((_, message)) => Err(message),
        Ok(transaction) if transaction.unreadable().is_empty() => Ok(()),
        Ok(_) => Err("is not readable".into()),
    }
}

/// Checks what must be there, and what must be there together.
fn check_together(assignments: &[Assignment], at: usize) -> Result<(), Fault> {
    let has = |field: &str| assignments.iter().any(|assignment| assignment.field == field);
    if let Some(field) = NEEDED.into_iter().find(|field| !has(field)) {
        return Err((at, MapFault::NeededField { field }));
    }
    for (half, other) in [("amount.value", "amount.currency"), ("amount.currency", "amount.value")]
    {
        if has(half) && !has(other) {
            return Err((at, MapFault::HalfAmount { field: other }));
        }
    }
    Ok(())
}

fn label_rule<'a>(node: &'a Node<'a>) -> Result<LabelRule, Fault> {
    let at = node.span().start;
    let mut members = Members::new("a label", at, table("label", node)?);
    let column = text("column", members.need("column")?)?.to_owned();
    let values = cells("values", members.need("values")?)?;
    let delay = members.get("delay");
    let known_at = members.get("known_at");
    members.finish()?;
    let known = match (delay, known_at) {
        (Some(node), None) => Known::Delay(duration(node)?),
        (None, Some(node)) => known_column(node)?,
        _ => return Err((at, MapFault::LabelTime)),
    };
    let mut classes = BTreeMap::new();
    for (cell, at, word) in values {
        classes.insert(cell, class(at, word)?);
    }
    Ok(LabelRule { column, values: classes, known })
}

fn class(at: usize, word: &str) -> Result<Option<LabelClass>, Fault> {
    match LabelClass::from_word(word) {
        Some(class) => Ok(Some(class)),
        None if word == "none" => Ok(None),
        None => Err((
            at,
            MapFault::UnknownLabel {
                given: word.to_owned(),
                near: near(word, LabelClass::WORDS.iter().copied()),
                known: format!("`{}`", LabelClass::WORDS.join("`, `")),
            },
        )),
    }
}

fn duration(node: &Node<'_>) -> Result<i64, Fault> {
    let given = text("delay", node)?;
    let parsed = given.char_indices().next_back().and_then(|(at, unit)| {
        let unit = match unit {
            'd' => DAY_MS,
            'h' => HOUR_MS,
            'm' => MINUTE_MS,
            _ => return None,
        };
        given.get(..at)?.parse::<u32>().ok().map(|count| i64::from(count) * unit)
    });
    parsed.ok_or_else(|| (node.span().start, MapFault::Delay { given: given.to_owned() }))
}

fn known_column<'a>(node: &'a Node<'a>) -> Result<Known, Fault> {
    if let DeValue::String(column) = node.get_ref() {
        return Ok(Known::Column(column.to_string(), Reading::Rfc3339));
    }
    let mut members = Members::new("`known_at`", node.span().start, table("known_at", node)?);
    let column = text("column", members.need("column")?)?.to_owned();
    let time = Field { name: "known_at".into(), kind: Kind::Time, max: None };
    let reading = members.get("as").map(|node| reading("known_at", &time, node)).transpose()?;
    members.finish()?;
    Ok(Known::Column(column, reading.unwrap_or(Reading::Rfc3339)))
}
