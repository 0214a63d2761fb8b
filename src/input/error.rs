//! What can be wrong with a request body.
//!
//! Every variant is a fact about the input with its place. A value of a wrong type is not repeated,
//! since messages reach logs and it may be anything; a misspelt word, amount or time is, cut short.

use crate::domain::IncompleteEvent;

/// Deepest nesting of objects and arrays that is read.
pub const MAX_DEPTH: usize = 128;

/// Why bytes are no transaction or event. The sender's fault; a retry of the same bytes fails too.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InputError {
    /// Nothing but white space.
    #[error("the body is empty")]
    Empty,
    /// Not UTF-8.
    #[error("not UTF-8 at byte {at}")]
    NotUtf8 {
        /// Offset of the first byte that is not.
        at: usize,
    },
    /// Begins with U+FEFF, which JSON does not allow.
    #[error("starts with a byte order mark; send UTF-8 without one")]
    ByteOrderMark,
    /// Not JSON.
    #[error("not JSON: {message} at line {line}, column {column}")]
    Syntax {
        /// Line, from 1.
        line: usize,
        /// Column in bytes, from 1; 0 at a line's end.
        column: usize,
        /// What the parser met.
        message: String,
    },
    /// Objects or arrays within each other beyond [`MAX_DEPTH`].
    #[error("nested deeper than {MAX_DEPTH} levels at line {line}, column {column}")]
    TooDeep {
        /// Line, from 1.
        line: usize,
        /// Column in bytes, from 1.
        column: usize,
    },
    /// JSON, but a member is missing, given twice, of a wrong type or out of range.
    #[error("{}{message}", at(pointer))]
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
    #[error("{}{_0}", at(_0.pointer))]
    Incomplete(#[from] IncompleteEvent),
}

fn at(pointer: &str) -> String {
    if pointer.is_empty() { String::new() } else { format!("`{pointer}`: ") }
}

impl InputError {
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
