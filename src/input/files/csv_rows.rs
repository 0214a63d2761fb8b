//! CSV: rows of a table by a map, or by columns named like fields.

use super::error::{FileError, Position, RowError, RowProblem};
use super::{Line, MAX_ROW, Progress, bind, column_name, line_of};
use crate::input::map::{Bound, Map};
use csv::ByteRecord;
use std::fs::File;
use std::io::{self, BufReader, Read};

#[derive(Debug)]
pub(super) struct CsvRows {
    reader: csv::Reader<Limited>,
    bound: Bound,
    header: Vec<String>,
    record: ByteRecord,
    number: u64,
    total: Option<u64>,
}

/// A reader that gives no more than `left` bytes: without it a quote that is never closed would
/// gather the rest of the file into one row.
#[derive(Debug)]
struct Limited {
    text: BufReader<File>,
    left: usize,
    /// True when the file has ended, and not with a line feed.
    ended_in_line: bool,
    last: u8,
}

impl Read for Limited {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let most = buffer.len().min(self.left);
        let read = match buffer.get_mut(..most) {
            Some(buffer) => self.text.read(buffer)?,
            None => 0,
        };
        self.left -= read;
        match buffer.get(..read) {
            Some([.., last]) => self.last = *last,
            _ => self.ended_in_line = self.last != b'\n',
        }
        Ok(read)
    }
}

impl CsvRows {
    pub(super) fn new(
        text: BufReader<File>,
        total: Option<u64>,
        map: Option<&Map>,
    ) -> Result<Self, FileError> {
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            // A carriage return before it is white space at the end of the last cell. The default
            // counts a row of CRLF as beginning on the line before.
            .terminator(csv::Terminator::Any(b'\n'))
            .from_reader(Limited { text, left: MAX_ROW, ended_in_line: false, last: b'\n' });
        let mut record = ByteRecord::new();
        match read_record(&mut reader, &mut record) {
            Ok(true) => {}
            Ok(false) => return Err(FileError::NoHeader),
            Err(RowProblem::Read(error)) => return Err(FileError::Read(error)),
            Err(_) => return Err(FileError::BadHeader { what: "longer than a row may be" }),
        }
        let header = record
            .iter()
            .map(|name| std::str::from_utf8(name).map(|name| column_name(name.trim())))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| FileError::BadHeader { what: "not UTF-8" })?;
        if header.iter().any(|name| name.contains(char::is_control)) {
            return Err(FileError::BadHeader { what: "not a line of names ending in a line feed" });
        }
        let bound = bind(&header, Some(1), map)?;
        Ok(Self { reader, bound, header, record, number: 0, total })
    }

    pub(super) fn unused(&self) -> Vec<String> {
        self.bound.unused()
    }

    pub(super) fn progress(&self) -> Progress {
        Progress { done: self.reader.position().byte(), total: self.total }
    }

    pub(super) fn next(&mut self) -> Option<Result<Line, RowError>> {
        let before = Position::Line(self.reader.position().line());
        match self.read_row() {
            Ok(false) => return None,
            Err(problem) => return Some(Err(RowError::new(before, problem))),
            Ok(true) => self.number += 1,
        }
        let position = self.position();
        let error = |problem| Some(Err(RowError::new(position, problem)));
        let (found, expected) = (self.record.len(), self.header.len());
        if found != expected {
            let missing = self.header.iter().skip(found).take(5).cloned().collect();
            return error(RowProblem::Cells { found, expected, missing });
        }
        match self.bound.read(self.number, &|at| self.record.get(at)) {
            Ok(row) => Some(Ok(line_of(position, row))),
            Err(fault) => error(fault.into()),
        }
    }

    /// Reads the next row that is no blank line; false at the end.
    fn read_row(&mut self) -> Result<bool, RowProblem> {
        while read_record(&mut self.reader, &mut self.record)? {
            let blank = |cell: &[u8]| cell.trim_ascii().is_empty();
            if self.record.len() > 1 || self.header.len() == 1 || !self.record.iter().all(blank) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The lines of the row last read.
    fn position(&self) -> Position {
        // The reader stands behind the row's line feed, unless the file ended without one.
        let behind = u64::from(!self.reader.get_ref().ended_in_line);
        let last = self.reader.position().line().saturating_sub(behind);
        let within = self.record.iter().flatten().filter(|byte| **byte == b'\n').count() as u64;
        match within {
            0 => Position::Line(last),
            _ => Position::Lines(last.saturating_sub(within), last),
        }
    }
}

/// Reads one record, at most [`MAX_ROW`] bytes beyond what is already in the reader's buffer.
fn read_record(
    reader: &mut csv::Reader<Limited>,
    record: &mut ByteRecord,
) -> Result<bool, RowProblem> {
    reader.get_mut().left = MAX_ROW;
    reader.read_byte_record(record).map_err(|error| match error.into_kind() {
        csv::ErrorKind::Io(cause) if cause.kind() == io::ErrorKind::FileTooLarge => {
            RowProblem::OpenQuote { max: MAX_ROW }
        }
        csv::ErrorKind::Io(cause) => RowProblem::Read(cause),
        kind => RowProblem::Read(io::Error::other(format!("{kind:?}"))),
    })
}
