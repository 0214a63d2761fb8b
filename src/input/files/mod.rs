//! Files of transactions and events: JSON lines, CSV, Parquet; one row at a time.
//!
//! Memory is bounded by the longest row (JSON, CSV) or by a page of each used column (Parquet), never
//! by the file. A header that does not fit is refused before the first row, so a wrong map costs no
//! gigabyte; a row that does not fit is an error with its place, and reading goes on.

mod csv_rows;
mod error;
mod jsonl;
mod parquet_rows;

pub use error::{FileError, Position, RowError, RowProblem};

use super::map::{Bound, Label, Map, Row, UnfitHeader};
use crate::domain::{Event, Transaction, Warning, in_shared_range, mask_card_numbers};
use csv_rows::CsvRows;
use jsonl::JsonLines;
use parquet_rows::ParquetRows;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

/// Longest line or row, in bytes.
pub const MAX_ROW: usize = 1 << 20;
/// Largest map, in bytes.
const MAX_MAP: u64 = 1 << 20;

/// What one row is.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// A transaction to be scored.
    Transaction {
        /// The transaction.
        transaction: Box<Transaction>,
        /// What it turned out to be, where the file says so.
        label: Option<Label>,
        /// What is odd about it.
        warnings: Vec<Warning>,
    },
    /// An event.
    Event {
        /// The event.
        event: Box<Event>,
        /// What is odd about it.
        warnings: Vec<Warning>,
    },
}

/// One readable row.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Where it is.
    pub position: Position,
    /// What it is.
    pub item: Item,
}

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line; one with an `event_id` is an event, any other a transaction.
    Jsonl,
    /// Comma-separated, with a header.
    Csv,
    /// Parquet.
    Parquet,
}

/// How far reading has come, in bytes of text or rows of Parquet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What is read.
    pub done: u64,
    /// What there is; `None` for a pipe.
    pub total: Option<u64>,
}

/// The rows of an open file, in order.
#[derive(Debug)]
pub struct Lines {
    source: Source,
    unused: Vec<String>,
    ended: bool,
}

#[derive(Debug)]
enum Source {
    Jsonl(JsonLines),
    Csv(Box<CsvRows>),
    Parquet(Box<ParquetRows>),
}

/// Opens a file. Its format is that of its extension (`jsonl`, `ndjson`, `json`, `csv`, `parquet`);
/// for any other the first bytes decide.
///
/// Without a map the columns of a table are named like fields: `amount.value`, `custom.campaign`.
///
/// # Errors
/// The file can not be read, or its header does not fit the map.
pub fn open(path: &Path, map: Option<&Map>) -> Result<Lines, FileError> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    let total = metadata.is_file().then_some(metadata.len());
    let mut text = BufReader::new(file);
    let start = text.fill_buf()?;
    refuse_encodings(start)?;
    let format = format(path, start);
    let (source, unused) = match (format, map) {
        (Format::Jsonl, Some(_)) => return Err(FileError::MapForJson),
        (Format::Jsonl, None) => (Source::Jsonl(JsonLines::new(text, total)), Vec::new()),
        (Format::Csv, map) => {
            let rows = CsvRows::new(text, total, map)?;
            let unused = rows.unused();
            (Source::Csv(Box::new(rows)), unused)
        }
        (Format::Parquet, map) => {
            let rows = ParquetRows::new(text.into_inner(), map)?;
            let unused = rows.unused();
            (Source::Parquet(Box::new(rows)), unused)
        }
    };
    Ok(Lines { source, unused, ended: false })
}

/// Reads a map from a file.
///
/// # Errors
/// The file can not be read or is no map.
pub fn read_map(path: &Path) -> Result<Map, FileError> {
    let mut text = String::new();
    File::open(path)?.take(MAX_MAP + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MAX_MAP {
        return Err(FileError::LargeMap { max: MAX_MAP });
    }
    Ok(Map::parse(&text)?)
}

fn refuse_encodings(start: &[u8]) -> Result<(), FileError> {
    for (magic, with) in [
        (&[0x1f, 0x8b][..], "gzip"),
        (&[0x28, 0xb5, 0x2f, 0xfd], "zstd"),
        (b"PK\x03\x04", "zip"),
        (b"BZh", "bzip2"),
        (b"\xfd7zXZ", "xz"),
    ] {
        if start.starts_with(magic) {
            return Err(FileError::Compressed { with });
        }
    }
    if start.starts_with(&[0xff, 0xfe]) || start.starts_with(&[0xfe, 0xff]) {
        return Err(FileError::Utf16);
    }
    Ok(())
}

fn format(path: &Path, start: &[u8]) -> Format {
    if start.starts_with(b"PAR1") {
        return Format::Parquet;
    }
    let extension = path.extension().and_then(|extension| extension.to_str());
    match extension.map(str::to_ascii_lowercase).as_deref() {
        Some("jsonl" | "ndjson" | "json") => Format::Jsonl,
        Some("csv") => Format::Csv,
        Some("parquet") => Format::Parquet,
        _ => {
            let text = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
            if text.trim_ascii_start().starts_with(b"{") { Format::Jsonl } else { Format::Csv }
        }
    }
}

/// Fits a header to a map, or to the names of the fields where there is none.
fn bind(header: &[String], line: Option<u64>, map: Option<&Map>) -> Result<Bound, FileError> {
    let bound = match map {
        Some(map) => map.bind(header),
        None => Bound::by_name(header),
    };
    let bound = bound.map_err(|UnfitHeader { table, missing }| FileError::MissingColumns {
        line,
        table,
        missing,
    })?;
    for at in bound.used() {
        let column = header.get(at).cloned().unwrap_or_default();
        if header.iter().filter(|other| **other == column).count() > 1 {
            return Err(FileError::ColumnTwice { column });
        }
    }
    Ok(bound)
}

/// A column's name as messages quote it. A table that lacks its header has data there.
fn column_name(name: &str) -> String {
    mask_card_numbers(name, &in_shared_range).unwrap_or_else(|| name.to_owned())
}

fn line_of(position: Position, row: Row) -> Line {
    let Row { transaction, label, warnings } = row;
    let transaction = Box::new(transaction);
    Line { position, item: Item::Transaction { transaction, label, warnings } }
}

impl Lines {
    /// How the file is written.
    pub fn format(&self) -> Format {
        match self.source {
            Source::Jsonl(_) => Format::Jsonl,
            Source::Csv(_) => Format::Csv,
            Source::Parquet(_) => Format::Parquet,
        }
    }

    /// Columns that the map, or the list of fields, does not know: nothing in them is read.
    pub fn unused_columns(&self) -> &[String] {
        &self.unused
    }

    /// How far reading has come.
    pub fn progress(&self) -> Progress {
        match &self.source {
            Source::Jsonl(lines) => lines.progress(),
            Source::Csv(rows) => rows.progress(),
            Source::Parquet(rows) => rows.progress(),
        }
    }
}

impl Iterator for Lines {
    type Item = Result<Line, RowError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let next = match &mut self.source {
            Source::Jsonl(lines) => lines.next(),
            Source::Csv(rows) => rows.next(),
            Source::Parquet(rows) => rows.next(),
        };
        self.ended = match &next {
            None => true,
            Some(Err(error)) => error.ends(),
            Some(Ok(_)) => false,
        };
        next
    }
}

#[cfg(test)]
mod tests;
