//! Rows of a table by column name, for models whose features are not ours: CSV, JSON lines, Parquet.
//!
//! A cell is missing when it is empty or null or says NaN; else it is a number or a word. Columns no
//! feature is called after are not read.

use anyhow::{Context, Result, bail, ensure};
use parquet::errors::ParquetError;
use parquet::file::reader::SerializedFileReader;
use parquet::record::{Field, Row};
use serde_json::Value;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// Longest line or row, in bytes.
const MAX_ROW: usize = 1 << 20;

/// What a cell holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    /// Empty, null or NaN.
    Missing,
    Number(f64),
    Word(String),
}

impl Cell {
    fn read(text: &str) -> Self {
        let text = text.trim();
        if matches!(text, "" | "null" | "NULL" | "None" | "NA" | "N/A" | "<NA>") {
            return Self::Missing;
        }
        match text.parse::<f64>() {
            Ok(number) if number.is_nan() => Self::Missing,
            Ok(number) => Self::Number(number),
            Err(_) => Self::Word(text.to_owned()),
        }
    }
}

/// Calls `each` with every row's cells in the order of `names`, and with the row's number from 1.
///
/// A row that can't be read is given as an error; reading goes on where that is possible.
///
/// # Errors
/// The file can't be read, or lacks columns: all of them are listed.
pub(super) fn for_each(
    path: &Path,
    names: &[String],
    each: impl FnMut(u64, Result<&[Cell]>) -> Result<()>,
) -> Result<()> {
    let mut file = BufReader::new(File::open(path)?);
    let start = file.fill_buf()?;
    if start.starts_with(b"PAR1") {
        return parquet_rows(file.into_inner(), names, each);
    }
    let is_json = start.trim_ascii_start().starts_with(b"{");
    if is_json { json_rows(file, names, each) } else { csv_rows(file, names, each) }
}

/// The place of each name in a header.
fn places(names: &[String], header: &[String]) -> Result<Vec<usize>> {
    let place = |name: &String| header.iter().position(|column| column == name);
    let missing: Vec<_> = names.iter().filter(|name| place(name).is_none()).cloned().collect();
    ensure!(missing.is_empty(), "no column is called `{}`", missing.join("`, `"));
    Ok(names.iter().filter_map(place).collect())
}

fn csv_rows(
    file: BufReader<File>,
    names: &[String],
    mut each: impl FnMut(u64, Result<&[Cell]>) -> Result<()>,
) -> Result<()> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(file);
    let header: Vec<_> = reader
        .headers()
        .context("the header can't be read")?
        .iter()
        .map(|name| name.trim().trim_start_matches('\u{feff}').to_owned())
        .collect();
    let places = places(names, &header)?;
    let mut cells = vec![];
    for (number, record) in (1..).zip(reader.records()) {
        let record = match record {
            Ok(record) if record.len() == header.len() => record,
            Ok(record) => {
                let (found, expected) = (record.len(), header.len());
                each(number, Err(anyhow::anyhow!("{found} cells, {expected} columns")))?;
                continue;
            }
            Err(error) => {
                each(number, Err(error.into()))?;
                continue;
            }
        };
        cells.clear();
        cells.extend(places.iter().map(|at| Cell::read(record.get(*at).unwrap_or_default())));
        each(number, Ok(&cells))?;
    }
    Ok(())
}

fn json_rows(
    mut file: BufReader<File>,
    names: &[String],
    mut each: impl FnMut(u64, Result<&[Cell]>) -> Result<()>,
) -> Result<()> {
    let mut line = vec![];
    let mut seen = false;
    for number in 1.. {
        line.clear();
        let limit = u64::try_from(MAX_ROW)?;
        let read = std::io::Read::take(&mut file, limit).read_until(b'\n', &mut line)?;
        if read == 0 {
            break;
        }
        ensure!(read < MAX_ROW, "line {number} is longer than {MAX_ROW} bytes");
        let text = line.trim_ascii();
        if text.is_empty() {
            continue;
        }
        let object = match json_object(text) {
            Ok(object) => object,
            Err(error) => {
                each(number, Err(error))?;
                continue;
            }
        };
        if !seen {
            seen = true;
            let known = names.iter().any(|name| object.contains_key(name));
            ensure!(known || names.is_empty(), "no member is called `{}`", names.join("`, `"));
        }
        let cells: Result<Vec<_>> =
            names.iter().map(|name| json_cell(object.get(name), name)).collect();
        match cells {
            Ok(cells) => each(number, Ok(&cells))?,
            Err(error) => each(number, Err(error))?,
        }
    }
    Ok(())
}

/// An object; `NaN` and `Infinity`, which Python writes and JSON does not know, are read as text.
fn json_object(text: &[u8]) -> Result<serde_json::Map<String, Value>> {
    match serde_json::from_slice(text) {
        Ok(object) => Ok(object),
        Err(error) => {
            let quoted = quote_words(std::str::from_utf8(text).context("this is not text")?);
            serde_json::from_str(&quoted).map_err(|_| error.into())
        }
    }
}

/// Puts Python's words for what is no number in quotes, where they stand outside of strings.
fn quote_words(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 8);
    let mut rest = text;
    let (mut inside, mut escaped) = (false, false);
    while let Some(next) = rest.chars().next() {
        let word = ["NaN", "-Infinity", "Infinity"].into_iter().find(|word| rest.starts_with(word));
        if let (false, Some(word)) = (inside, word) {
            quoted.extend(["\"", word, "\""]);
            rest = rest.get(word.len()..).unwrap_or_default();
            continue;
        }
        inside ^= next == '"' && !escaped;
        escaped = next == '\\' && !escaped;
        quoted.push(next);
        rest = rest.get(next.len_utf8()..).unwrap_or_default();
    }
    quoted
}

fn json_cell(value: Option<&Value>, name: &str) -> Result<Cell> {
    Ok(match value {
        None | Some(Value::Null) => Cell::Missing,
        Some(Value::Bool(flag)) => Cell::Number(f64::from(u8::from(*flag))),
        Some(Value::Number(number)) => number.as_f64().map_or(Cell::Missing, Cell::Number),
        Some(Value::String(text)) => Cell::read(text),
        Some(Value::Array(_) | Value::Object(_)) => bail!("`{name}` is no number and no word"),
    })
}

fn parquet_rows(
    file: File,
    names: &[String],
    mut each: impl FnMut(u64, Result<&[Cell]>) -> Result<()>,
) -> Result<()> {
    // The library asserts on damaged files in places.
    let guarded = |read: &mut dyn FnMut() -> Result<Option<Row>>| {
        catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| bail!("the file is damaged"))
    };
    let opened = catch_unwind(AssertUnwindSafe(|| SerializedFileReader::new(file)));
    let reader = opened.unwrap_or_else(|_| Err(ParquetError::General("damaged".to_owned())))?;
    let mut rows = reader.into_iter();
    let mut number = 0;
    let mut order: Option<Vec<usize>> = None;
    while let Some(row) = guarded(&mut || Ok(rows.next().transpose()?))? {
        number += 1;
        if order.is_none() {
            let header: Vec<_> = row.get_column_iter().map(|(name, _)| name.clone()).collect();
            order = Some(places(names, &header)?);
        }
        let fields: Vec<_> = row.get_column_iter().map(|(_, field)| field).collect();
        let cells = order
            .iter()
            .flatten()
            .map(|at| fields.get(*at).map_or(Cell::Missing, |f| parquet_cell(f)));
        each(number, Ok(&cells.collect::<Vec<_>>()))?;
    }
    Ok(())
}

fn parquet_cell(field: &Field) -> Cell {
    match field {
        Field::Null => Cell::Missing,
        Field::Bool(flag) => Cell::Number(f64::from(u8::from(*flag))),
        Field::Float(number) if number.is_nan() => Cell::Missing,
        Field::Float(number) => Cell::Number(f64::from(*number)),
        Field::Double(number) if number.is_nan() => Cell::Missing,
        Field::Double(number) => Cell::Number(*number),
        Field::Str(text) => Cell::read(text),
        other => Cell::read(other.to_string().trim_end_matches('.')),
    }
}
