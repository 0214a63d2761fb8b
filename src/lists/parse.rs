//! A list's file, line by line.
//!
//! ```text
//! # type: bin                       the header; without one the first rule that names the list says
//! 457173                            a value
//! 457174, 2027-01-01                until then
//! 457175, , reported by the issuer  with a note
//! ```
//!
//! `.txt` and `.csv` are read alike; a first line `value,expires,note` is passed over, and a value
//! with a comma stands between double quotes.

use super::ShowsCard;
use super::error::{ListError, ListFault, MAX_FAULTS};
use super::kind::ListKind;
use super::list::{List, Rows};
use crate::domain::{Timestamp, excerpt};

/// Largest file of a list, in bytes.
pub const MAX_FILE_BYTES: u64 = 1 << 30;
/// Most entries of a list.
pub const MAX_ENTRIES: usize = 20_000_000;
/// Longest value, in bytes.
pub const MAX_VALUE: usize = 256;
/// Longest note, in characters.
pub const MAX_NOTE: usize = 200;

/// How a file is read.
#[derive(Clone, Copy)]
pub struct Reading<'a> {
    /// The kind of a file that says none.
    pub hint: Option<ListKind>,
    /// Whether a text shows a card number.
    pub shows_card: ShowsCard<'a>,
}

/// Reads a list.
///
/// # Errors
/// Every wrong line, the first [`MAX_FAULTS`] with their message.
pub(super) fn read(text: &str, reading: Reading<'_>) -> Result<List, ListError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let stated = header(text);
    let mut faults = Faults::default();
    if let Some((line, Err(word))) = &stated {
        let words = ListKind::ALL.map(ListKind::word).join("`, `");
        faults.add(
            *line,
            format!("`{}` is no type of a list; it is one of `{words}`", excerpt(word, 20)),
        );
    }
    let kind = stated.and_then(|(_, kind)| kind.ok()).or(reading.hint).unwrap_or(ListKind::Text);
    let mut rows = Rows::new(kind);
    let mut is_first = true;
    for (line, text) in (1..).zip(text.lines()) {
        let text = text.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        if std::mem::take(&mut is_first) && is_column_names(text) {
            continue;
        }
        if rows.len() == MAX_ENTRIES {
            faults.add(line, format!("a list has at most {MAX_ENTRIES} entries"));
            break;
        }
        match entry(text, kind, reading.shows_card) {
            Ok((value, expires)) => rows.push(value, expires),
            Err(message) => faults.add(line, message),
        }
    }
    faults.none()?;
    Ok(List::new(rows, text.as_bytes()))
}

#[derive(Default)]
struct Faults {
    count: usize,
    first: Vec<ListFault>,
}

impl Faults {
    fn add(&mut self, line: usize, message: String) {
        self.count += 1;
        if self.first.len() < MAX_FAULTS {
            self.first.push(ListFault { line, message });
        }
    }

    fn none(self) -> Result<(), ListError> {
        let Self { count, first } = self;
        if count == 0 { Ok(()) } else { Err(ListError::Faults { count, first }) }
    }
}

/// The type a comment before the first entry states, and its line.
fn header(text: &str) -> Option<(usize, Result<ListKind, String>)> {
    let comments = (1..).zip(text.lines().map(str::trim));
    let mut before = comments.take_while(|(_, text)| text.is_empty() || text.starts_with('#'));
    before.find_map(|(line, text)| {
        let word = text.trim_start_matches('#').trim().strip_prefix("type:")?.trim();
        Some((line, ListKind::from_word(word).ok_or_else(|| word.to_owned())))
    })
}

fn is_column_names(text: &str) -> bool {
    let mut names = text.split(',').map(str::trim);
    names.next() == Some("value") && names.all(|name| matches!(name, "expires" | "note"))
}

/// One line's value and the end of its time.
fn entry<'t>(
    text: &'t str,
    kind: ListKind,
    shows_card: ShowsCard<'_>,
) -> Result<(&'t str, Option<Timestamp>), String> {
    let (value, rest) = if let Some(quoted) = text.strip_prefix('"') {
        let (value, rest) = quoted.split_once('"').ok_or("the quote is never closed")?;
        let rest = rest.trim_start();
        let rest = rest.strip_prefix(',').or(rest.is_empty().then_some(""));
        (value, rest.ok_or("a comma follows a quoted value")?)
    } else {
        let bare = text.split(" #").next().unwrap_or(text);
        bare.split_once(',').unwrap_or((bare, ""))
    };
    let (expires, note) = rest.split_once(',').unwrap_or((rest, ""));
    check_note(note.trim().trim_matches('"'), shows_card)?;
    let expires = read_expiry(expires.trim())?;
    let value = value.trim();
    check_value(value, kind, shows_card)?;
    Ok((value, expires))
}

/// A date, from 00:00 UTC on, or a time; nothing for ever.
pub(super) fn read_expiry(text: &str) -> Result<Option<Timestamp>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let time = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
    let wrong = || {
        format!(
            "`{}` is no time an entry can expire at: a date, `2027-03-01`, or a time with an offset",
            excerpt(text, 40)
        )
    };
    time.parse().map(Some).map_err(|_| wrong())
}

/// Whether a value may stand in a list of a kind. The message never quotes a card number.
pub(super) fn check_value(
    value: &str,
    kind: ListKind,
    shows_card: ShowsCard<'_>,
) -> Result<(), String> {
    if value.is_empty() || value.len() > MAX_VALUE || value.contains(char::is_control) {
        return Err(format!("a value has 1 to {MAX_VALUE} bytes and no control characters"));
    }
    if kind != ListKind::Account && shows_card(value) {
        return Err("a card number; list its BIN, or the processor's fingerprint".to_owned());
    }
    if value.starts_with("list(") || value.starts_with("@list") {
        return Err("a list holds values, it never names another list".to_owned());
    }
    match kind.fault(value) {
        Some(fault) => Err(format!("`{}` {fault}", excerpt(value, 60))),
        None => Ok(()),
    }
}

/// Whether a note may be kept.
///
/// # Errors
/// Why not, in one clause: too long, control characters, a card number.
pub fn check_note(note: &str, shows_card: ShowsCard<'_>) -> Result<(), String> {
    if note.chars().count() > MAX_NOTE || note.contains(char::is_control) {
        return Err(format!(
            "a note has at most {MAX_NOTE} characters, none of them control characters"
        ));
    }
    if shows_card(note) { Err("the note shows a card number".to_owned()) } else { Ok(()) }
}
