//! The rows of a file, one after another: progress, errors with their place, the count of bad ones.

use super::progress;
use crate::input::Map;
use crate::input::files::{FileError, Format, Line, Lines, read_map};
use anyhow::{Result, bail};
use indicatif::ProgressBar;
use std::io;
use std::path::Path;

/// Most column names listed in a note.
const LISTED: usize = 10;

/// Calls `each` with every readable row and returns how many rows were bad.
///
/// A row that can't be read, and one that `each` refuses, is reported on standard error with its
/// place, and the next one follows. An input or output error in `each` ends the run: the disk will
/// not be better for the next row. `watched` shows a bar where standard error is a terminal.
pub(super) fn for_each(
    path: &Path,
    mut lines: Lines,
    watched: bool,
    mut each: impl FnMut(Line) -> Result<()>,
) -> Result<u64> {
    note_unused(path, &lines);
    let bar = bar(&lines, watched);
    let mut bad = 0;
    let mut report = |bar: &ProgressBar, problem: String| {
        bad += 1;
        bar.suspend(|| eprintln!("{}: {problem}", path.display()));
    };
    while let Some(line) = lines.next() {
        bar.set_position(lines.progress().done);
        match line {
            Err(error) => report(&bar, error.to_string()),
            Ok(line) => {
                let position = line.position;
                if let Err(error) = each(line) {
                    if is_of_the_disk(&error) {
                        bar.finish_and_clear();
                        return Err(error);
                    }
                    report(&bar, format!("{position}: {error:#}"));
                }
            }
        }
    }
    bar.finish_and_clear();
    Ok(bad)
}

fn is_of_the_disk(error: &anyhow::Error) -> bool {
    error.chain().any(<dyn std::error::Error>::is::<io::Error>)
}

fn bar(lines: &Lines, watched: bool) -> ProgressBar {
    match (watched, lines.progress().total, lines.format()) {
        (false, _, _) => ProgressBar::hidden(),
        (true, Some(total), Format::Parquet) => progress::rows("reading", total),
        (true, Some(total), _) => progress::bytes("reading", total),
        (true, None, _) => progress::counter("reading"),
    }
}

fn note_unused(path: &Path, lines: &Lines) {
    let unused = lines.unused_columns();
    if !unused.is_empty() {
        let names = unused.iter().take(LISTED).cloned().collect::<Vec<_>>().join("`, `");
        let more = if unused.len() > LISTED { ", …" } else { "" };
        eprintln!("{}: columns not read: `{names}`{more}", path.display());
    }
}

/// Reads the map of a command line, if it names one; its faults are shown with line and caret.
pub(super) fn map_at(path: Option<&Path>) -> Result<Option<Map>> {
    let Some(path) = path else { return Ok(None) };
    let name = path.display().to_string();
    match read_map(path) {
        Ok(map) => Ok(Some(map)),
        Err(FileError::Map(error)) => bail!("the map can not be used\n{}", error.render(&name)),
        Err(error) => Err(anyhow::Error::from(error).context(format!("map `{name}`"))),
    }
}

/// A number with its noun: `1 bad row`, `2 bad rows`.
pub(super) fn count(number: u64, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}
