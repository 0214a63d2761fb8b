//! The columns of each kind of entry, and an entry as a row of them.

use super::error::ArchiveError;
use crate::domain::Timestamp;
use crate::engine::{
    ToldEvent, read_decision, read_open_decision, read_open_event, read_told_event,
};
use crate::features::{FIELDS, Field, Kind, Record, Value};
use crate::ledger::{EntryKind, StoredEntry};
use parquet::basic::{LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::errors::ParquetError;
use parquet::schema::types::{Type, TypePtr};
use rust_decimal::prelude::ToPrimitive;
use serde::Serialize;
use std::sync::Arc;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    Bool,
    Whole,
    Number,
    Text,
    /// Milliseconds since 1970, UTC.
    Time,
}

/// A value of a row; every column may lack it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    Missing,
    Bool(bool),
    Whole(i64),
    Number(f64),
    Text(Box<str>),
}

impl Cell {
    fn text(text: &str) -> Self {
        Self::Text(text.into())
    }

    fn of<T>(value: Option<T>, cell: impl FnOnce(T) -> Self) -> Self {
        value.map_or(Self::Missing, cell)
    }

    fn json(value: &impl Serialize) -> Self {
        serde_json::to_string(value).map_or(Self::Missing, |json| Self::Text(json.into()))
    }

    fn time(time: Timestamp) -> Self {
        Self::Whole(time.millis())
    }
}

/// The columns of every entry.
pub(super) const ENVELOPE: &[(&str, Holds)] = &[
    ("ledger.sequence", Holds::Whole),
    ("ledger.id", Holds::Text),
    ("ledger.event_time", Holds::Time),
    ("ledger.received_at", Holds::Time),
];
/// What stands first in a decision's row behind the envelope; the catalogue follows.
pub(super) const DECISION: &[(&str, Holds)] = &[
    ("decision.json", Holds::Text),
    ("decision.arrival", Holds::Text),
    ("decision.record", Holds::Text),
    ("decision.transaction", Holds::Text),
    ("decision.erased", Holds::Bool),
    ("decision.action", Holds::Text),
    ("decision.delivery", Holds::Text),
    ("decision.risk_score", Holds::Number),
    ("decision.fraud_probability", Holds::Number),
];
/// The same of an event, a step of a dispute and a label.
pub(super) const EVENT: &[(&str, Holds)] = &[
    ("event.json", Holds::Text),
    ("event.report", Holds::Text),
    ("event.type", Holds::Text),
    ("event.transaction_id", Holds::Text),
    ("event.label", Holds::Text),
    ("event.outcome", Holds::Text),
];
const ADMIN: &[(&str, Holds)] = &[("admin.json", Holds::Text)];

/// The columns of a kind of entry.
pub(super) fn columns(kind: EntryKind) -> Vec<(String, Holds)> {
    let fixed = match kind {
        EntryKind::Decision => DECISION,
        EntryKind::Admin => ADMIN,
        EntryKind::Event | EntryKind::Dispute | EntryKind::Label => EVENT,
    };
    let fixed = ENVELOPE.iter().chain(fixed).map(|(name, holds)| ((*name).to_owned(), *holds));
    if kind != EntryKind::Decision {
        return fixed.collect();
    }
    let fields = FIELDS.iter().flat_map(|field| of_field(field).into_iter().flatten());
    fixed.chain(fields).collect()
}

/// The column of a field; money has a second one.
fn of_field(field: &Field) -> [Option<(String, Holds)>; 2] {
    let holds = match field.kind {
        Kind::Bool => Holds::Bool,
        Kind::Int => Holds::Whole,
        Kind::Decimal | Kind::Float | Kind::Money => Holds::Number,
        Kind::Text | Kind::Word(_) | Kind::Country | Kind::Currency | Kind::Ip => Holds::Text,
        Kind::Time => Holds::Time,
    };
    let second =
        (field.kind == Kind::Money).then(|| (format!("{}.currency", field.name), Holds::Text));
    [Some((field.name.to_owned(), holds)), second]
}

/// The schema of a kind's files.
pub(super) fn schema(columns: &[(String, Holds)]) -> Result<TypePtr, ParquetError> {
    let fields = columns.iter().map(|(name, holds)| {
        let (physical, logical) = match holds {
            Holds::Bool => (Physical::BOOLEAN, None),
            Holds::Whole => (Physical::INT64, None),
            Holds::Number => (Physical::DOUBLE, None),
            Holds::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
            Holds::Time => (Physical::INT64, Some(LogicalType::timestamp(true, TimeUnit::MILLIS))),
        };
        Type::primitive_type_builder(name, physical)
            .with_repetition(Repetition::OPTIONAL)
            .with_logical_type(logical)
            .build()
            .map(Arc::new)
    });
    let fields = fields.collect::<Result<Vec<_>, _>>()?;
    Type::group_type_builder("entry").with_fields(fields).build().map(Arc::new)
}

/// An entry as a row of its kind's columns; with `personal` its sealed part is unsealed.
pub(super) fn row(entry: &StoredEntry, personal: bool) -> Result<Vec<Cell>, ArchiveError> {
    let mut row = vec![
        Cell::Whole(i64::try_from(entry.sequence).unwrap_or(i64::MAX)),
        Cell::text(&entry.id),
        Cell::time(entry.event_time),
        Cell::time(entry.received_at),
    ];
    match entry.kind {
        EntryKind::Decision => decision(entry, personal, &mut row)?,
        EntryKind::Admin => row.push(Cell::text(&String::from_utf8_lossy(&entry.open))),
        EntryKind::Event | EntryKind::Dispute | EntryKind::Label => {
            event(entry, personal, &mut row)?;
        }
    }
    Ok(row)
}

fn decision(entry: &StoredEntry, personal: bool, row: &mut Vec<Cell>) -> Result<(), ArchiveError> {
    let (decision, record, more) = if personal {
        let stored = read_decision(entry)?;
        let transaction = Cell::of(stored.transaction.as_ref(), Cell::json);
        let more = [Cell::json(&stored.arrival), Cell::json(&stored.record), transaction];
        (stored.decision, stored.record, (more, Cell::Bool(stored.erased)))
    } else {
        let (decision, record) = read_open_decision(entry)?;
        let more = [Cell::Missing, Cell::json(&record), Cell::Missing];
        (decision, record, (more, Cell::Missing))
    };
    row.push(Cell::json(&decision));
    row.extend(more.0);
    row.push(more.1);
    row.push(Cell::text(decision.action.word()));
    row.push(Cell::text(decision.delivery.word()));
    row.push(Cell::of(decision.risk_score, Cell::Number));
    row.push(Cell::of(decision.fraud_probability, Cell::Number));
    fields(&record, row);
    Ok(())
}

/// Every field of the catalogue.
fn fields(record: &Record, row: &mut Vec<Cell>) {
    for field in FIELDS {
        let value = record.get(field.id);
        row.push(match value {
            Value::Missing => Cell::Missing,
            Value::Bool(value) => Cell::Bool(*value),
            Value::Int(value) => Cell::Whole(*value),
            Value::Decimal(value) => Cell::of(value.to_f64(), Cell::Number),
            Value::Float(value) => Cell::Number(*value),
            Value::Money(amount) => Cell::of(amount.value().to_f64(), Cell::Number),
            Value::Text(text) => Cell::text(text),
            Value::Country(country) => Cell::text(country.code()),
            Value::Currency(currency) => Cell::text(currency.code()),
            Value::Ip(ip) => Cell::text(&ip.to_string()),
            Value::Time(time) => Cell::time(*time),
        });
        if field.kind == Kind::Money {
            row.push(match value {
                Value::Money(amount) => Cell::text(amount.currency().code()),
                _ => Cell::Missing,
            });
        }
    }
}

fn event(entry: &StoredEntry, personal: bool, row: &mut Vec<Cell>) -> Result<(), ArchiveError> {
    let told = if personal { read_told_event(entry)? } else { None };
    let facts = read_open_event(entry)?;
    let facts = facts.as_ref();
    row.push(Cell::of(told.as_ref().map(ToldEvent::event), Cell::json));
    row.push(Cell::of(told.as_ref().and_then(ToldEvent::report_json), |json| Cell::text(&json)));
    row.push(Cell::of(facts, |facts| Cell::text(facts.kind.word())));
    let transaction = facts.and_then(|facts| facts.transaction_id.as_ref());
    row.push(Cell::of(transaction, |id| Cell::text(id.as_str())));
    row.push(Cell::of(facts.and_then(|facts| facts.label), |label| Cell::text(label.word())));
    row.push(Cell::of(facts.and_then(|facts| facts.outcome), |end| Cell::text(end.word())));
    Ok(())
}
