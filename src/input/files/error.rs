//! What can be wrong with a file, and with one of its rows.

use crate::input::error::InputError;
use crate::input::map::{CellError, MapError, RowFault};
use crate::input::near::did_you_mean;
use std::fmt;
use std::io;

/// Why a file can not be read at all. Found before its first row.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It is not there, or may not be read.
    #[error(transparent)]
    Read(#[from] io::Error),
    /// Compressed.
    #[error("compressed with {with}; unpack it first")]
    Compressed {
        /// The format.
        with: &'static str,
    },
    /// UTF-16, as spreadsheets export it.
    #[error("encoded in UTF-16; save it as UTF-8")]
    Utf16,
    /// A table without a header.
    #[error("empty: a table starts with a line of column names")]
    NoHeader,
    /// A header that is not UTF-8 or longer than a row may be.
    #[error("the header is {what}")]
    BadHeader {
        /// What it is.
        what: &'static str,
    },
    /// A header without columns that are needed.
    #[error("{}", missing_columns(*line, table.as_deref(), missing))]
    MissingColumns {
        /// The header's line; `None` for a file without lines.
        line: Option<u64>,
        /// The table of the map that fits best; `None` without a map.
        table: Option<String>,
        /// The columns, each with those of the header that look like it.
        missing: Vec<(String, Vec<String>)>,
    },
    /// Two columns of one name, and the name is used.
    #[error("two columns are named `{column}`")]
    ColumnTwice {
        /// The name.
        column: String,
    },
    /// A column that holds more than one value a row.
    #[error("column `{column}` holds a list or a group")]
    Nested {
        /// The column.
        column: String,
    },
    /// A map given for a file of JSON lines.
    #[error(
        "a map is for CSV and Parquet; the lines of a JSON file are transactions and events as they are"
    )]
    MapForJson,
    /// The map itself.
    #[error(transparent)]
    Map(#[from] MapError),
    /// A map larger than any map.
    #[error("larger than {max} bytes: not a map")]
    LargeMap {
        /// The most a map may have.
        max: u64,
    },
    /// Not a Parquet file, or one of a kind that is not supported.
    #[error("not a readable Parquet file")]
    Parquet(#[from] parquet::errors::ParquetError),
    /// The Parquet reader gave up on a damaged file.
    #[error("damaged, or not a Parquet file")]
    Damaged,
}

fn missing_columns(
    line: Option<u64>,
    table: Option<&str>,
    missing: &[(String, Vec<String>)],
) -> String {
    let place = line.map(|line| format!("line {line}: "));
    let lines = missing
        .iter()
        .map(|(column, near)| format!("\n  no column `{column}`{}", did_you_mean(near)));
    let first = match table {
        Some(table) => format!("the header does not fit table `{table}` of the map:"),
        None => "the header does not name the fields of a transaction, and there is no map:".into(),
    };
    place.into_iter().chain([first]).chain(lines).collect()
}

/// Where in a file something is. Lines and rows count from 1; the header is line 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Position {
    /// A line of text.
    Line(u64),
    /// A row that begins on the first and ends on the second line.
    Lines(u64, u64),
    /// A row of a file without lines.
    Row(u64),
}

impl Position {
    /// The line or row it begins at.
    pub fn first(self) -> u64 {
        match self {
            Self::Line(number) | Self::Lines(number, _) | Self::Row(number) => number,
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(number) => write!(f, "line {number}"),
            Self::Lines(first, last) => write!(f, "lines {first} to {last}"),
            Self::Row(number) => write!(f, "row {number}"),
        }
    }
}

/// A row that is no transaction and no event. Reading goes on, but for [`RowError::ends`].
#[derive(Debug)]
pub struct RowError {
    /// Where it is.
    pub position: Position,
    /// What is wrong.
    pub problem: RowProblem,
}

/// What is wrong with a row.
#[derive(Debug)]
pub enum RowProblem {
    /// A JSON line.
    Json(InputError),
    /// More or fewer cells than columns.
    Cells {
        /// Cells of the row.
        found: usize,
        /// Columns of the header.
        expected: usize,
        /// The first columns without a cell, at most five.
        missing: Vec<String>,
    },
    /// A cell.
    Cell {
        /// Its column.
        column: String,
        /// What is wrong with it.
        cause: CellError,
    },
    /// A cell that must not be empty is.
    Empty {
        /// Its column.
        column: String,
        /// The field it fills.
        field: String,
    },
    /// A value that is refused and comes from no cell.
    Refused {
        /// Its place in the transaction as a JSON pointer.
        pointer: String,
        /// Why.
        message: String,
    },
    /// A line or row longer than a line or row may be.
    TooLong {
        /// The most it may have, in bytes.
        max: usize,
    },
    /// No end within the longest row, for a quote that is not closed or a line of any length. Nothing
    /// after it is read: what looks like the next row may stand within the quote.
    OpenQuote {
        /// The longest row, in bytes.
        max: usize,
    },
    /// A damaged Parquet file. Nothing after it is read.
    Damaged {
        /// What the reader met.
        message: String,
    },
    /// The disk. Nothing after it is read.
    Read(io::Error),
}

impl RowError {
    pub(super) fn new(position: Position, problem: RowProblem) -> Self {
        Self { position, problem }
    }

    /// True when the rest of the file can not be read.
    pub fn ends(&self) -> bool {
        use RowProblem as P;
        matches!(self.problem, P::OpenQuote { .. } | P::Damaged { .. } | P::Read(_))
    }
}

impl fmt::Display for RowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.position)?;
        if let RowProblem::Json(error) = &self.problem
            && let Some((_, column @ 1..)) = error.position()
        {
            write!(f, ", column {column}")?;
        }
        write!(f, ": {}", self.problem)
    }
}

impl std::error::Error for RowError {}

impl fmt::Display for RowProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(error) => f.write_str(&error.summary()),
            Self::Cells { found, expected, missing } => {
                write!(f, "has {found} cells, the header has {expected}")?;
                if missing.is_empty() {
                    Ok(())
                } else {
                    write!(f, ": no `{}`", missing.join("`, `"))
                }
            }
            Self::Cell { column, cause } => write!(f, "column `{column}`: {cause}"),
            Self::Empty { column, field } => {
                write!(f, "column `{column}` is empty, and `{field}` is required")
            }
            Self::Refused { pointer, message } => write!(f, "`{pointer}`: {message}"),
            Self::TooLong { max } => write!(f, "longer than {max} bytes"),
            Self::OpenQuote { max } => {
                write!(
                    f,
                    "no end within {max} bytes: a quote is not closed, or the line is too long; \
                     stopped here"
                )
            }
            Self::Damaged { message } => write!(f, "the file is damaged: {message}; stopped here"),
            Self::Read(error) => write!(f, "{error}; stopped here"),
        }
    }
}

impl From<RowFault> for RowProblem {
    fn from(fault: RowFault) -> Self {
        match fault {
            RowFault::Cell { column, cause } => Self::Cell { column, cause },
            RowFault::Empty { column, field } => Self::Empty { column, field },
            RowFault::Whole { pointer, message } => Self::Refused { pointer, message },
        }
    }
}
