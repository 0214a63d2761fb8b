//! Parquet: rows of a table by a map; only the columns that are used are read.
//!
//! The library's row reader asserts on damaged files in places; such an assertion is caught here and
//! is an error like any other.

use super::error::{FileError, Position, RowError, RowProblem};
use super::{Line, Progress, bind, column_name, line_of};
use crate::domain::DAY_MS;
use crate::input::map::{Bound, Map};
use parquet::basic::{LogicalType, Repetition, TimeUnit, Type as PhysicalType};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use parquet::record::reader::RowIter;
use parquet::schema::types::Type;
use std::fmt;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

pub(super) struct ParquetRows {
    rows: RowIter<'static>,
    bound: Bound,
    columns: Vec<Column>,
    cells: Vec<Option<Vec<u8>>>,
    number: u64,
    total: u64,
}

/// A column that is read.
struct Column {
    /// Its position in the header.
    at: usize,
    /// True when its whole numbers are nanoseconds since 1970, which the row reader does not know.
    nanoseconds: bool,
}

impl ParquetRows {
    pub(super) fn new(file: File, map: Option<&Map>) -> Result<Self, FileError> {
        catch_unwind(AssertUnwindSafe(|| Self::open(file, map))).unwrap_or(Err(FileError::Damaged))
    }

    fn open(file: File, map: Option<&Map>) -> Result<Self, FileError> {
        let reader = SerializedFileReader::new(file)?;
        let metadata = reader.metadata().file_metadata();
        let total = u64::try_from(metadata.num_rows()).unwrap_or(0);
        let schema = metadata.schema();
        let header: Vec<_> =
            schema.get_fields().iter().map(|field| column_name(field.name())).collect();
        let mut bound = bind(&header, None, map)?;
        let mut used = bound.used();
        if used.is_empty() {
            used.push(0); // the row reader needs a column to count rows by
        }
        let mut fields = Vec::new();
        let mut columns = Vec::new();
        for at in used {
            let Some(field) = schema.get_fields().get(at) else { continue };
            let repeated = field.get_basic_info().repetition() == Repetition::REPEATED;
            if !field.is_primitive() || repeated {
                return Err(FileError::Nested { column: field.name().to_owned() });
            }
            if matches!(field.get_physical_type(), PhysicalType::FLOAT | PhysicalType::DOUBLE) {
                bound.holds_floats(at);
            }
            columns.push(Column { at, nanoseconds: is_nanoseconds(field) });
            fields.push(Arc::clone(field));
        }
        let projection = Type::group_type_builder(schema.name()).with_fields(fields).build()?;
        let rows = RowIter::from_file_into(Box::new(reader)).project(Some(projection))?;
        let cells = vec![None; header.len()];
        Ok(Self { rows, bound, columns, cells, number: 0, total })
    }

    pub(super) fn unused(&self) -> Vec<String> {
        self.bound.unused()
    }

    pub(super) fn progress(&self) -> Progress {
        Progress { done: self.number, total: Some(self.total) }
    }

    pub(super) fn next(&mut self) -> Option<Result<Line, RowError>> {
        let position = Position::Row(self.number + 1);
        let damaged = |message| Some(Err(RowError::new(position, RowProblem::Damaged { message })));
        match catch_unwind(AssertUnwindSafe(|| self.fill_cells())) {
            Err(_) => return damaged("the reader gave up".into()),
            Ok(Err(message)) => return damaged(message),
            Ok(Ok(false)) if self.number < self.total => {
                return damaged(format!("{} rows promised", self.total));
            }
            Ok(Ok(false)) => return None,
            Ok(Ok(true)) => self.number += 1,
        }
        let cell = |at: usize| self.cells.get(at)?.as_deref();
        match self.bound.read(self.number, &cell) {
            Ok(row) => Some(Ok(line_of(position, row))),
            Err(fault) => Some(Err(RowError::new(position, fault.into()))),
        }
    }
}

impl ParquetRows {
    /// Reads the next row into `cells`; false at the end.
    fn fill_cells(&mut self) -> Result<bool, String> {
        let Some(row) = self.rows.next() else { return Ok(false) };
        let row = row.map_err(|error| error.to_string())?;
        for (column, (_, field)) in self.columns.iter().zip(row.get_column_iter()) {
            if let Some(cell) = self.cells.get_mut(column.at) {
                *cell = text(field, column.nanoseconds);
            }
        }
        Ok(true)
    }
}

impl fmt::Debug for ParquetRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParquetRows").field("number", &self.number).finish_non_exhaustive()
    }
}

fn is_nanoseconds(field: &Type) -> bool {
    matches!(
        field.get_basic_info().logical_type_ref(),
        Some(LogicalType::Timestamp(time)) if time.unit == TimeUnit::NANOS
    )
}

/// The text of a value, as a CSV cell would have it; times as RFC 3339 in UTC. `None` for null and
/// for not-a-number, by which data frames mark a missing value.
fn text(field: &Field, nanoseconds: bool) -> Option<Vec<u8>> {
    let text = match field {
        Field::Null => return None,
        Field::Float16(number) if number.is_nan() => return None,
        Field::Float(number) if number.is_nan() => return None,
        Field::Double(number) if number.is_nan() => return None,
        Field::Float(number) => number.to_string(),
        Field::Double(number) => number.to_string(),
        Field::Str(text) => text.clone(),
        Field::Bytes(bytes) => return Some(bytes.data().to_vec()),
        Field::Long(count) if nanoseconds => time(count.div_euclid(1_000_000)),
        Field::TimestampMillis(count) => time(*count),
        Field::TimestampMicros(count) => time(count.div_euclid(1_000)),
        Field::Date(days) => time(i64::from(*days) * DAY_MS),
        // A decimal without a fraction is printed with a point and nothing behind it.
        other => other.to_string().trim_end_matches('.').to_owned(),
    };
    Some(text.into_bytes())
}

fn time(ms: i64) -> String {
    match jiff::Timestamp::from_millisecond(ms) {
        Ok(time) => time.to_string(),
        Err(_) => format!("{ms} ms since 1970"),
    }
}

#[cfg(test)]
mod tests;
