//! What can go wrong with the file of keys.

use super::KeyId;
use std::path::PathBuf;

/// What can go wrong with the file of keys.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// The system gives no random numbers.
    #[error("the system gives no random numbers")]
    Entropy(#[from] getrandom::Error),
    /// The file can't be read or written.
    #[error("can't {doing} `{}`", path.display())]
    File {
        /// What was tried.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What happened.
        #[source]
        source: std::io::Error,
    },
    /// The file is no file of keys.
    #[error("`{}`: {message}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where and what.
        message: String,
    },
    /// Written by a newer version.
    #[error("`{}` has format {found}; this version reads {known}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The format known here.
        known: u32,
    },
    /// There is no such key.
    #[error("there is no key `{0}`")]
    Unknown(KeyId),
    /// More keys than a file may hold.
    #[error("there are {most} keys, as many as there may be; revoke those that are not used")]
    TooMany {
        /// The limit.
        most: usize,
    },
}
