//! JSON bytes → a transaction or an event, strictly and once.
//!
//! The first pass is plain `serde_json` and counts unknown members on the way. Only when it fails or
//! has counted some, the bytes are read again by a slower reader that knows where it is.
//! Rejected: reading into a generic value first (two allocations per member on every request, and
//! duplicate members vanish) and refusing unknown members (a client that sends one more field
//! must not lose its checkout).

use super::error::InputError;
use super::warnings::{Unknown, of_event, of_transaction};
use super::watch::Watch;
use crate::domain::{Event, Object, Transaction, Warning, in_shared_range, mask_card_numbers};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use serde_json::value::RawValue;
use std::cell::Cell;

/// Reads one transaction.
///
/// Unknown members, values that read as missing, amounts finer than the minor unit and withdrawn
/// currencies are warnings. The caller limits the length. Cost: one pass, O(bytes).
///
/// # Errors
/// Anything else that is wrong, with its place.
pub fn read_transaction(body: &[u8]) -> Result<(Transaction, Vec<Warning>), InputError> {
    let (transaction, mut warnings) = read::<Transaction>(body)?;
    of_transaction(&transaction, &mut warnings);
    Ok((transaction, warnings))
}

/// Reads one event, with what its type requires.
///
/// # Errors
/// As [`read_transaction`], and for an event without what its type must say.
pub fn read_event(body: &[u8]) -> Result<(Event, Vec<Warning>), InputError> {
    let (event, mut warnings) = read::<Event>(body)?;
    event.check()?;
    of_event(&event, &mut warnings);
    Ok((event, warnings))
}

/// Reads one object of any kind, with a warning for each member it has no place for.
///
/// # Errors
/// As [`read_transaction`].
pub fn read_object<T: DeserializeOwned>(body: &[u8]) -> Result<(T, Vec<Warning>), InputError> {
    read(body)
}

/// The elements of an array, each still to be read on its own. Cost: one pass, O(bytes).
///
/// # Errors
/// The body is not JSON, or is no array.
pub fn read_array(body: &[u8]) -> Result<Vec<&RawValue>, InputError> {
    serde_json::from_str(text(body)?).map_err(|error| InputError::Syntax {
        line: error.line(),
        column: error.column(),
        message: without_place(&error),
    })
}

/// The text of a body.
fn text(body: &[u8]) -> Result<&str, InputError> {
    let text = std::str::from_utf8(body)
        .map_err(|error| InputError::NotUtf8 { at: error.valid_up_to() })?;
    if text.starts_with('\u{feff}') {
        return Err(InputError::ByteOrderMark);
    }
    if text.trim_ascii().is_empty() {
        return Err(InputError::Empty);
    }
    Ok(text)
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<(T, Vec<Warning>), InputError> {
    let text = text(body)?;
    let ignored = Cell::new(0);
    let mut json = serde_json::Deserializer::from_str(text);
    let read = Object::<T>::deserialize(Watch::new(&mut json, &ignored))
        .and_then(|Object(value)| json.end().map(|()| value));
    match read {
        Ok(value) if ignored.get() == 0 => Ok((value, Vec::new())),
        Ok(value) => Ok((value, name_unknown::<T>(text))),
        Err(error) => Err(locate::<T>(text, &error)),
    }
}

/// Names the members that were left unread.
fn name_unknown<T: DeserializeOwned>(text: &str) -> Vec<Warning> {
    let mut unknown = Unknown::default();
    let mut json = serde_json::Deserializer::from_str(text);
    let read = serde_ignored::deserialize::<_, _, Object<T>>(&mut json, |path| unknown.note(&path));
    debug_assert!(read.is_ok(), "what was read once is read again");
    unknown.into_warnings()
}

/// Finds the member that made the first pass fail.
fn locate<T: DeserializeOwned>(text: &str, error: &serde_json::Error) -> InputError {
    let (line, column) = (error.line(), error.column());
    let message = without_place(error);
    if message == "recursion limit exceeded" {
        return InputError::TooDeep { line, column };
    }
    if error.classify() != Category::Data {
        return InputError::Syntax { line, column, message };
    }
    let mut json = serde_json::Deserializer::from_str(text);
    let mut pointer = match serde_path_to_error::deserialize::<_, Object<T>>(&mut json) {
        Ok(_) => String::new(),
        Err(error) => pointer_to(error.path()),
    };
    let message = plain(&message, &mut pointer);
    InputError::Invalid { pointer, line, column, message }
}

/// `serde_json` appends the place to its message; we report it beside.
fn without_place(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    message.strip_suffix(&place).unwrap_or(&message).to_owned()
}

/// The JSON pointer of a path.
pub(super) fn pointer_to(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => push_step(&mut pointer, &index.to_string()),
            Segment::Map { key } | Segment::Enum { variant: key } => push_step(&mut pointer, key),
            Segment::Unknown => {}
        }
    }
    pointer
}

/// Longest member name kept in a pointer, in characters.
const LONGEST_STEP: usize = 64;

/// Appends one step to a JSON pointer (RFC 6901), its name cut to [`LONGEST_STEP`]. A member's name
/// is the sender's text too: card numbers in it are masked.
pub(super) fn push_step(pointer: &mut String, name: &str) {
    pointer.push('/');
    let masked = mask_card_numbers(name, &in_shared_range);
    for c in masked.as_deref().unwrap_or(name).chars().take(LONGEST_STEP) {
        match c {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            c if c.is_control() => pointer.push('\u{fffd}'),
            c => pointer.push(c),
        }
    }
}

/// Appends one step to the JSON pointer of a warning, which lies open in the ledger: a mailbox in the place
/// of a name is cut, too.
pub fn push_open_step(pointer: &mut String, name: &str) {
    push_step(pointer, if name.contains('@') { "…" } else { name });
}

/// Says what is wrong in words of the request instead of words of the parser, without the value.
pub(super) fn plain(message: &str, pointer: &mut String) -> String {
    let name_in = |rest: &str| rest.strip_suffix('`').map(str::to_owned);
    if let Some(name) = message.strip_prefix("missing field `").and_then(name_in) {
        push_step(pointer, &name);
        return "is required".into();
    }
    if let Some(name) = message.strip_prefix("duplicate field `").and_then(name_in) {
        let mut step = String::new();
        push_step(&mut step, &name);
        if !pointer.ends_with(&step) {
            pointer.push_str(&step);
        }
        return "is given twice".into();
    }
    let invalid = |prefix| message.strip_prefix(prefix)?.rsplit_once(", expected ");
    if let Some((found, expected)) = invalid("invalid type: ") {
        format!("expected {}, found {}", expected_in_words(expected), kind(found, ""))
    } else if let Some((found, expected)) = invalid("invalid value: ") {
        format!("expected {}, found {}", expected_in_words(expected), kind(found, "other"))
    } else {
        message.to_owned()
    }
}

fn expected_in_words(expected: &str) -> &str {
    match expected {
        "u16" => "a whole number from 0 to 65535",
        "u32" => "a whole number from 0 to 4294967295",
        "u64" => "a whole number from 0 to 18446744073709551615",
        "a sequence" => "an array",
        "a boolean" => "true or false",
        "a Decimal type representing a fixed-point number" => "a decimal string like `\"49.00\"`",
        other => other,
    }
}

/// The kind of a value the parser describes as e.g. ``integer `5` ``: `a number` or, where the kind
/// is right and the value is not, `another number`.
fn kind(found: &str, other: &str) -> String {
    let word = match found.split([' ', '`', '"']).next().unwrap_or_default() {
        "null" | "unit" => return "null".into(),
        "integer" => "number",
        "floating" => "fraction",
        "string" => "string",
        "boolean" => "boolean",
        "map" => "object",
        "sequence" => "array",
        _ => "value",
    };
    let article = if word.starts_with(['a', 'o']) { "an" } else { "a" };
    if other.is_empty() { format!("{article} {word}") } else { format!("an{other} {word}") }
}

#[cfg(test)]
mod tests;
