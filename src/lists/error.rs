//! What is wrong with a list, line by line.

use std::path::PathBuf;

/// Most faults of one list that are told.
pub const MAX_FAULTS: usize = 20;

/// One thing wrong with a list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct ListFault {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub message: String,
}

/// Why a list is not used.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// The file can't be read.
    #[error("can't read it")]
    Read(#[from] std::io::Error),
    /// Not UTF-8 text.
    #[error("it is not UTF-8 text")]
    NotUtf8,
    /// Too long.
    #[error("it has {bytes} bytes, the limit is {limit}")]
    TooLarge {
        /// Its length.
        bytes: u64,
        /// The longest that is read.
        limit: u64,
    },
    /// Wrong entries.
    #[error("{count} wrong entries", count = count)]
    Faults {
        /// How many there are.
        count: usize,
        /// The first [`MAX_FAULTS`] of them.
        first: Vec<ListFault>,
    },
    /// Two files of one name.
    #[error("there are two files of this name, `.txt` and `.csv`")]
    Twice,
    /// A name that no rule could write.
    #[error("`{0}` is no name of a list: 1 to 64 lower-case letters, digits, `-` and `_`")]
    Name(String),
    /// The file is gone.
    #[error("the file is gone, and rules name the list")]
    Gone,
}

/// A list that is not used, and why.
#[derive(Debug, thiserror::Error)]
#[error("list `{name}`: {error}")]
pub struct Refused {
    /// The list.
    pub name: String,
    /// Its file.
    pub path: PathBuf,
    /// Why.
    #[source]
    pub error: ListError,
}
