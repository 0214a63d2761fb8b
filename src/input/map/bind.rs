//! A map meets a header: which column is where, what is missing, and then row by row.

use super::error::CellError;
use super::reading::{Reading, excerpt};
use super::{Assignment, Known, Label, LabelRule, Map, NEEDED, Origin, Table};
use super::{field_named, transaction_fields};
use crate::domain::{LabelClass, Timestamp, Transaction, Warning};
use crate::input::near::near;
use crate::input::place::{Place, read_assembled};
use crate::input::warnings::of_transaction;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A header without the columns a map needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::input) struct UnfitHeader {
    /// The table of the map that fits best; `None` without a map.
    pub(in crate::input) table: Option<String>,
    /// Columns not found, each with the names of the header that look like it.
    pub(in crate::input) missing: Vec<(String, Vec<String>)>,
}

/// A table of a map, with the position of each column in one file.
#[derive(Debug)]
pub(in crate::input) struct Bound {
    table: Table,
    columns: Vec<String>,
    /// Position of each assignment's column; `None` for constants and row numbers.
    positions: Vec<Option<usize>>,
    label: Option<usize>,
    known_at: Option<usize>,
}

/// What one row becomes.
#[derive(Debug)]
pub(in crate::input) struct Row {
    pub(in crate::input) transaction: Transaction,
    pub(in crate::input) label: Option<Label>,
    pub(in crate::input) warnings: Vec<Warning>,
}

/// Why a row is no transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::input) enum RowFault {
    /// A cell can not be read.
    Cell { column: String, cause: CellError },
    /// A cell that must not be empty is.
    Empty { column: String, field: String },
    /// Refused for a reason that is no single cell's.
    Whole { pointer: String, message: String },
}

/// The cells of a row by position: raw text, `None` where the row has none.
pub(in crate::input) type Cells<'a> = dyn Fn(usize) -> Option<&'a [u8]> + 'a;

impl Map {
    /// Finds the table that fits a header; of several the one that uses most of it.
    pub(in crate::input) fn bind(&self, header: &[String]) -> Result<Bound, UnfitHeader> {
        let fits = |table: &&Table| table.columns().all(|column| header.contains(column));
        if let Some(table) = self.tables.iter().filter(fits).max_by_key(|t| t.columns().count()) {
            return Ok(table.clone().bound_to(header));
        }
        let lacks = |table: &Table| -> Vec<String> {
            let mut lacking: Vec<String> = Vec::new();
            for column in table.columns() {
                if !header.contains(column) && !lacking.contains(column) {
                    lacking.push(column.clone());
                }
            }
            lacking
        };
        let best = self.tables.iter().min_by_key(|table| lacks(table).len());
        let missing = best.map(lacks).unwrap_or_default().into_iter();
        let near = |name: &str| near(name, header.iter().map(String::as_str));
        Err(UnfitHeader {
            table: best.map(|table| table.name.clone()),
            missing: missing.map(|name| (name.clone(), near(&name))).collect(),
        })
    }
}

impl Bound {
    /// For a file without a map: every column named like a field is that field; `label` and
    /// `label_known_at` are the label.
    pub(in crate::input) fn by_name(header: &[String]) -> Result<Self, UnfitHeader> {
        let fields = transaction_fields();
        let assignments: Vec<Assignment> = header
            .iter()
            .filter_map(|column| {
                field_named(&fields, column).map(|field| Assignment {
                    field: column.clone(),
                    place: Place::of(column),
                    kind: field.kind.clone(),
                    origin: Origin::Column(column.clone()),
                    reading: Reading::usual(&field.kind),
                    prefix: String::new(),
                    values: None,
                })
            })
            .collect();
        let has = |name: &str| header.iter().any(|column| column == name);
        let mut needed = NEEDED.to_vec();
        if has("amount.value") || has("amount.currency") {
            needed.extend(["amount.value", "amount.currency"]);
        }
        let near = |name: &str| near(name, header.iter().map(String::as_str));
        let missing: Vec<_> = needed
            .into_iter()
            .filter(|name| !has(name))
            .map(|name| (name.to_owned(), near(name)))
            .collect();
        if !missing.is_empty() {
            return Err(UnfitHeader { table: None, missing });
        }
        let known = Known::Column("label_known_at".into(), Reading::Rfc3339);
        let label = (has("label") && has("label_known_at")).then(|| LabelRule {
            column: "label".into(),
            values: LabelClass::ALL.iter().map(|c| (c.word().to_owned(), Some(*c))).collect(),
            known,
        });
        let name = String::new();
        let (missing, ignore) = (Vec::new(), Vec::new());
        let table = Table { name, missing, ignore, unordered: false, assignments, label };
        Ok(table.bound_to(header))
    }

    /// Columns of the file that are neither used nor known as ignored.
    pub(in crate::input) fn unused(&self) -> Vec<String> {
        let used: Vec<_> = self.table.columns().collect();
        let unused =
            |column: &&String| !used.contains(column) && !self.table.ignore.contains(column);
        self.columns.iter().filter(unused).cloned().collect()
    }

    /// Positions of the columns that are used, ascending.
    pub(in crate::input) fn used(&self) -> Vec<usize> {
        let used: Vec<_> = self.table.columns().collect();
        (0..self.columns.len())
            .filter(|at| self.columns.get(*at).is_some_and(|column| used.contains(&column)))
            .collect()
    }

    /// Says that a column holds binary floats: amounts are read from it as such.
    pub(in crate::input) fn holds_floats(&mut self, at: usize) {
        for (assignment, position) in self.table.assignments.iter_mut().zip(&self.positions) {
            if *position == Some(at) && Reading::Float.suits(&assignment.kind) {
                assignment.reading = Reading::Float;
            }
        }
    }

    /// Reads row `number` (from 1).
    pub(in crate::input) fn read(&self, number: u64, cells: &Cells<'_>) -> Result<Row, RowFault> {
        let mut document = json!({});
        for (assignment, position) in self.table.assignments.iter().zip(&self.positions) {
            let value = match (&assignment.origin, position) {
                (Origin::Constant(value), _) => Some(value.clone()),
                (Origin::Row, _) => Some(format!("{}{number}", assignment.prefix).into()),
                (Origin::Column(_), None) => None,
                (Origin::Column(column), Some(at)) => match self.text(*at, cells)? {
                    None if NEEDED.contains(&assignment.field.as_str()) => {
                        let field = assignment.field.clone();
                        return Err(RowFault::Empty { column: column.clone(), field });
                    }
                    None => None,
                    Some(text) => assignment.value(text).map_err(|cause| self.fault(*at, cause))?,
                },
            };
            if let Some(value) = value {
                assignment.place.put(&mut document, value);
            }
        }
        drop_amount_without_value(&mut document);
        let transaction = read_assembled(&document).map_err(|refusal| self.blame(refusal))?;
        let label = self.label(transaction.event_time, cells)?;
        let mut warnings = Vec::new();
        of_transaction(&transaction, &mut warnings);
        Ok(Row { transaction, label, warnings })
    }

    /// The text of a cell; `None` where it is empty or stands for a missing value.
    fn text<'a>(&self, at: usize, cells: &Cells<'a>) -> Result<Option<&'a str>, RowFault> {
        let Some(bytes) = cells(at) else { return Ok(None) };
        let text =
            std::str::from_utf8(bytes).map_err(|_| self.fault(at, CellError::NotUtf8))?.trim();
        let missing = text.is_empty() || self.table.missing.iter().any(|word| word == text);
        Ok((!missing).then_some(text))
    }

    fn label(&self, event_time: Timestamp, cells: &Cells<'_>) -> Result<Option<Label>, RowFault> {
        let (Some(rule), Some(at)) = (&self.table.label, self.label) else { return Ok(None) };
        let Some(text) = self.text(at, cells)? else { return Ok(None) };
        let class = match rule.values.get(text) {
            None => return Err(self.fault(at, CellError::Unlisted { given: excerpt(text) })),
            Some(None) => return Ok(None),
            Some(Some(class)) => *class,
        };
        let known_at = match (&rule.known, self.known_at) {
            (Known::Delay(delay), _) => event_time.plus_millis(*delay),
            (Known::Column(column, reading), at) => {
                let empty = || RowFault::Empty { column: column.clone(), field: "label".into() };
                let at = at.ok_or_else(empty)?;
                let text = self.text(at, cells)?.ok_or_else(empty)?;
                reading.time(text).map_err(|cause| self.fault(at, cause))?
            }
        };
        Ok(Some(Label { class, known_at }))
    }

    fn fault(&self, position: usize, cause: CellError) -> RowFault {
        RowFault::Cell { column: self.columns.get(position).cloned().unwrap_or_default(), cause }
    }

    /// The column a refused place was filled from.
    fn blame(&self, (pointer, message): (String, String)) -> RowFault {
        let assignments = self.table.assignments.iter();
        let column = assignments.filter(|a| a.place.pointer() == pointer).find_map(|a| {
            if let Origin::Column(column) = &a.origin { Some(column.clone()) } else { None }
        });
        match column {
            Some(column) => RowFault::Cell { column, cause: CellError::Refused { message } },
            None => RowFault::Whole { pointer, message },
        }
    }
}

/// A currency alone, often a constant, is no amount.
fn drop_amount_without_value(document: &mut Value) {
    if let Some(members) = document.as_object_mut()
        && members.get("amount").is_some_and(|amount| amount.get("value").is_none())
    {
        members.remove("amount");
    }
}

impl Assignment {
    fn value(&self, text: &str) -> Result<Option<Value>, CellError> {
        let Some(values) = &self.values else { return self.prefixed(text).map(Some) };
        match values.get(text) {
            Some(meant) if meant.is_empty() => Ok(None),
            Some(meant) => self.prefixed(meant).map(Some),
            None => Err(CellError::Unlisted { given: excerpt(text) }),
        }
    }

    fn prefixed(&self, text: &str) -> Result<Value, CellError> {
        if self.prefix.is_empty() {
            self.reading.read(text)
        } else {
            self.reading.read(&format!("{}{text}", self.prefix))
        }
    }
}

impl Table {
    /// The columns it reads, in the order of its fields, the label's last.
    fn columns(&self) -> impl Iterator<Item = &String> {
        let fields = self.assignments.iter().filter_map(|assignment| match &assignment.origin {
            Origin::Column(column) => Some(column),
            _ => None,
        });
        let label = self.label.iter().flat_map(|label| match &label.known {
            Known::Column(column, _) => vec![&label.column, column],
            Known::Delay(_) => vec![&label.column],
        });
        fields.chain(label)
    }

    fn bound_to(self, header: &[String]) -> Bound {
        let places: BTreeMap<&str, usize> =
            header.iter().enumerate().rev().map(|(at, column)| (column.as_str(), at)).collect();
        let position = |column: &str| places.get(column).copied();
        let positions = self
            .assignments
            .iter()
            .map(|assignment| match &assignment.origin {
                Origin::Column(column) => position(column),
                _ => None,
            })
            .collect();
        let label = self.label.as_ref().and_then(|label| position(&label.column));
        let known_at = self.label.as_ref().and_then(|label| match &label.known {
            Known::Column(column, _) => position(column),
            Known::Delay(_) => None,
        });
        Bound { columns: header.to_vec(), positions, label, known_at, table: self }
    }
}
