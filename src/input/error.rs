//! What can be wrong with a request body.
//!
//! Every variant is a fact about the input with its place. A value of a wrong type is not repeated,
//! since messages reach logs and it may be anything; a misspelt word, amount or time is, cut short.

use crate::domain::IncompleteEvent;
use std::fmt;

/// Deepest nesting of objects and arrays that is read.
pub const MAX_DEPTH: usize = 128;

/// Why bytes are no transaction or event. The sender's fault; a retry of the same bytes fails too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InputError {
    /// Nothing but white space.
    Empty,
    /// Not UTF-8.
    NotUtf8 {
        /// Offset of the first byte that is not.
        at: usize,
    },
    /// Begins with U+FEFF, which JSON does not allow.
    ByteOrderMark,
    /// Not JSON.
    Syntax {
        /// Line, from 1.
        line: usize,
        /// Column in bytes, from 1; 0 at a line's end.
        column: usize,
        /// What the parser met.
        message: String,
    },
    /// Objects or arrays within each other beyond [`MAX_DEPTH`].
    TooDeep {
        /// Line, from 1.
        line: usize,
        /// Column in bytes, from 1.
        column: usize,
    },
    /// JSON, but a member is missing, given twice, of a wrong type or out of range.
    Invalid {
        /// The member as a JSON pointer; empty for the whole body.
        pointer: String,
        /// Line where the member ends, from 1.
        line: usize,
        /// Column in bytes where the member ends, from 1.
        column: usize,
        /// What is wrong, without the value itself.
        message: String,
    },
    /// An event without what its type must say.
    Incomplete(IncompleteEvent),
}

impl InputError {
    /// What is wrong and with which member, without line and column.
    pub fn summary(&self) -> String {
        match self {
            Self::Empty => "the body is empty".into(),
            Self::NotUtf8 { at } => format!("not UTF-8 at byte {at}"),
            Self::ByteOrderMark => "starts with a byte order mark; send UTF-8 without one".into(),
            Self::Syntax { message, .. } => format!("not JSON: {message}"),
            Self::TooDeep { .. } => format!("nested deeper than {MAX_DEPTH} levels"),
            Self::Invalid { pointer, message, .. } if pointer.is_empty() => message.clone(),
            Self::Invalid { pointer, message, .. } => format!("`{pointer}`: {message}"),
            Self::Incomplete(event) => format!("`{}`: {event}", event.pointer),
        }
    }

    /// The member the error is about, as a JSON pointer; empty for the body as a whole.
    pub fn pointer(&self) -> &str {
        match self {
            Self::Invalid { pointer, .. } => pointer,
            Self::Incomplete(event) => event.pointer,
            _ => "",
        }
    }

    /// Where it is: line and column in bytes, both from 1, where the parser knows them.
    pub fn position(&self) -> Option<(usize, usize)> {
        match *self {
            Self::Syntax { line, column, .. }
            | Self::TooDeep { line, column }
            | Self::Invalid { line, column, .. } => Some((line, column)),
            _ => None,
        }
    }
}

/// The summary; where no member can be named, with line and column.
impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.summary())?;
        match self.position() {
            Some((line, column)) if self.pointer().is_empty() => {
                write!(f, " at line {line}, column {column}")
            }
            _ => Ok(()),
        }
    }
}

impl std::error::Error for InputError {}

impl From<IncompleteEvent> for InputError {
    fn from(event: IncompleteEvent) -> Self {
        Self::Incomplete(event)
    }
}
