//! What can be wrong with a table, a list of sources or a merchant's file, with the place.

use std::io;
use std::path::PathBuf;

/// Why a file of reference data was refused. The other tables go on.
#[derive(Debug, thiserror::Error)]
pub enum ReferenceError {
    /// The file can't be read; a retry may help.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A directory, a pipe or a device.
    #[error("{}: not a regular file", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// More bytes than a file of reference data has.
    #[error("{}: {bytes} bytes is more than {limit}", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// Written while it was read; a retry helps once the writing has ended.
    #[error("{}: changed while it was read; replace a file by rename", path.display())]
    ChangedWhileRead {
        /// The file.
        path: PathBuf,
    },
    /// The file does not begin as a table does.
    #[error("{file}: not a compiled table (byte 0)")]
    NotATable {
        /// Path, or `bundled NAME`.
        file: String,
    },
    /// A table of another format version.
    #[error("{file}: table format {found}, this build reads {supported} (byte 8)")]
    Version {
        /// Path, or `bundled NAME`.
        file: String,
        /// The version found.
        found: u8,
        /// The version this build reads.
        supported: u8,
    },
    /// Cut short, or changed since it was written.
    #[error("{file}: corrupt or cut short at byte {byte}")]
    Corrupt {
        /// Path, or `bundled NAME`.
        file: String,
        /// Offset in the file up to which it could be unpacked.
        byte: u64,
        /// What the decompressor said.
        source: io::Error,
    },
    /// Unpacks, but its content makes no sense: written by something else than `data compile`.
    #[error("{file}: {what} at byte {byte} of the unpacked table")]
    Malformed {
        /// Path, or `bundled NAME`.
        file: String,
        /// Offset in the unpacked content.
        byte: usize,
        /// What was found there.
        what: &'static str,
    },
    /// A good table under another table's name.
    #[error("{file}: holds the table `{found}`, expected `{expected}`")]
    WrongTable {
        /// Path, or `bundled NAME`.
        file: String,
        /// The table the file says it is.
        found: String,
        /// The table its name says.
        expected: &'static str,
    },
    /// A MaxMind-format file that can't be opened.
    #[error("{}: not a usable MaxMind-format file", path.display())]
    MaxMind {
        /// The file.
        path: PathBuf,
        /// What the reader said, with the offset where it knows one.
        source: maxminddb::MaxMindDbError,
    },
}
