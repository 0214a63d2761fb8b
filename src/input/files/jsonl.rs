//! JSON lines: transactions and events as they are, mixed.

use super::error::{Position, RowError, RowProblem};
use super::{Item, Line, MAX_ROW, Progress};
use crate::input::json::{read_event, read_transaction};
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};

#[derive(Debug)]
pub(super) struct JsonLines {
    text: BufReader<File>,
    /// The last line read, without the memory of the longest one.
    line: Vec<u8>,
    number: u64,
    progress: Progress,
}

/// Told apart by this member alone; everything else is read once, by the right reader.
#[derive(Deserialize)]
struct Probe {
    event_id: Option<IgnoredAny>,
}

impl JsonLines {
    pub(super) fn new(text: BufReader<File>, total: Option<u64>) -> Self {
        Self { text, line: Vec::new(), number: 0, progress: Progress { done: 0, total } }
    }

    pub(super) fn progress(&self) -> Progress {
        self.progress
    }

    pub(super) fn next(&mut self) -> Option<Result<Line, RowError>> {
        loop {
            let read = self.read_line();
            let position = Position::Line(self.number);
            let error = |problem| Some(Err(RowError::new(position, problem)));
            match read {
                Err(cause) => return error(RowProblem::Read(cause)),
                Ok(0) => return None,
                Ok(length) if length > MAX_ROW => {
                    return error(RowProblem::TooLong { max: MAX_ROW });
                }
                Ok(_) => {}
            }
            let mut line = self.line.trim_ascii_end();
            if self.number == 1 {
                line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
            }
            if !line.trim_ascii_start().is_empty() {
                let item =
                    read_item(line).map_err(|e| RowError::new(position, RowProblem::Json(e)));
                return Some(item.map(|item| Line { position, item }));
            }
        }
    }

    /// Reads the next line; returns its length, of which at most [`MAX_ROW`] bytes are kept.
    fn read_line(&mut self) -> io::Result<usize> {
        self.line.clear();
        self.number += 1;
        let limit = MAX_ROW as u64 + 1;
        let mut length = (&mut self.text).take(limit).read_until(b'\n', &mut self.line)?;
        if length > MAX_ROW && self.line.last() != Some(&b'\n') {
            length += self.skip_line()?;
        }
        self.progress.done += length as u64;
        Ok(length)
    }

    /// Skips to the end of the line, however far that is.
    fn skip_line(&mut self) -> io::Result<usize> {
        let mut skipped = 0;
        loop {
            let buffer = self.text.fill_buf()?;
            if buffer.is_empty() {
                return Ok(skipped);
            }
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let length = end.map_or(buffer.len(), |at| at + 1);
            self.text.consume(length);
            skipped += length;
            if end.is_some() {
                return Ok(skipped);
            }
        }
    }
}

fn read_item(line: &[u8]) -> Result<Item, crate::input::InputError> {
    let name = b"\"event_id\"";
    let is_event = line.windows(name.len()).any(|part| part == name)
        && serde_json::from_slice::<Probe>(line).is_ok_and(|probe| probe.event_id.is_some());
    if is_event {
        let (event, warnings) = read_event(line)?;
        Ok(Item::Event { event: Box::new(event), warnings })
    } else {
        let (transaction, warnings) = read_transaction(line)?;
        Ok(Item::Transaction { transaction: Box::new(transaction), label: None, warnings })
    }
}
