//! What can go wrong with a ledger, each with its place.

use super::bytes::hex;
use super::entry::{MAX_ENTRY_ID_BYTES, MAX_LOOKUPS, MAX_RECORD_BYTES, Position};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Why the ledger could not do as asked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LedgerError {
    /// More appends wait than the queue holds. A retry helps.
    #[error("the ledger is busy: {waiting} entries are waiting")]
    Busy {
        /// How many.
        waiting: usize,
    },
    /// The disk does not take records at the moment; nothing of this entry is kept. A retry helps
    /// once the disk works.
    #[error("the ledger takes no entries: {0}")]
    Unavailable(#[source] Arc<StorageFault>),
    /// The ledger was closed.
    #[error("the ledger is closed")]
    Closed,
    /// The entry is longer than [`MAX_RECORD_BYTES`].
    #[error("the entry has {bytes} bytes; at most {MAX_RECORD_BYTES} are kept")]
    TooLarge {
        /// Its size on disk.
        bytes: usize,
    },
    /// The id is empty or longer than [`MAX_ENTRY_ID_BYTES`].
    #[error("an entry's id has 1 to {MAX_ENTRY_ID_BYTES} bytes, not {bytes}")]
    BadId {
        /// Its length.
        bytes: usize,
    },
    /// More look-up hashes than [`MAX_LOOKUPS`].
    #[error("the entry has {count} look-up values; at most {MAX_LOOKUPS} are kept")]
    TooManyLookups {
        /// How many were given.
        count: usize,
    },
    /// Personal fields without the person they belong to could never be erased.
    #[error("the entry has personal fields but no subject")]
    NoSubject,
    /// Another process writes this ledger.
    #[error("`{}` is in use by another process{}", path.display(), pid.map(|p| format!(" ({p})")).unwrap_or_default())]
    Locked {
        /// The lock file.
        path: PathBuf,
        /// The process that holds it, where it left its number.
        pid: Option<u32>,
    },
    /// There is no ledger here.
    #[error("there is no ledger in `{}`", path.display())]
    Absent {
        /// The data directory.
        path: PathBuf,
    },
    /// There is something in the directory to be written.
    #[error("`{}` is there already and not empty", path.display())]
    NotEmpty {
        /// The directory.
        path: PathBuf,
    },
    /// A file operation failed.
    #[error(transparent)]
    Storage(Arc<StorageFault>),
    /// A file of the ledger's name that is none of ours.
    #[error("`{}` is not {expected}", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it should be.
        expected: &'static str,
    },
    /// A file of a format this version does not know.
    #[error("`{}` has format version {found}; this vouch reads version {known}", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// The version it states.
        found: u32,
        /// The version known here.
        known: u32,
    },
    /// The log was altered or damaged before its end.
    #[error("{0}")]
    Damaged(Damage),
    /// No record begins at this position, or it is not committed.
    #[error("no record at {0}")]
    NotFound(Position),
    /// There are records but the key that opens them is gone.
    #[error("`{}` is missing; without it the personal fields can't be read", path.display())]
    MasterKeyMissing {
        /// Where it should be.
        path: PathBuf,
    },
    /// The master key file is not 64 hexadecimal digits.
    #[error("`{}` is not a master key: 64 hexadecimal digits", path.display())]
    MasterKeyMalformed {
        /// The file.
        path: PathBuf,
    },
    /// The signing key file is not 64 hexadecimal digits.
    #[error("`{}` is not a signing key: 64 hexadecimal digits", path.display())]
    SigningKeyMalformed {
        /// The file.
        path: PathBuf,
    },
    /// A line of the roots is no root.
    #[error("`{}` line {line} is not a signed root", path.display())]
    RootMalformed {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// The subject keys were wrapped by another master key.
    #[error("`{}` belongs to another master key", path.display())]
    MasterKeyWrong {
        /// The file of wrapped keys.
        path: PathBuf,
    },
    /// The master key is given from outside; so must be the one that takes its place.
    #[error("the master key is kept elsewhere: give the new one, too")]
    NoNewMasterKey,
    /// The master key that should take the place of another is the same.
    #[error("the new master key is the old one")]
    SameMasterKey,
    /// The key of a record is gone or does not fit, and the person was not erased.
    #[error("the personal fields of record {sequence} can't be opened: their key is lost")]
    KeyLost {
        /// The record.
        sequence: u64,
    },
    /// The operating system gave no random numbers.
    #[error("no random numbers for a key")]
    Entropy(#[source] getrandom::Error),
    /// The index failed; it can be deleted, and is then rebuilt from the log.
    #[error("index `{}`: {source}", path.display())]
    Index {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        #[source]
        source: Arc<rusqlite::Error>,
    },
}

impl LedgerError {
    /// Whether the same call can succeed later without a hand.
    pub fn transient(&self) -> bool {
        matches!(self, Self::Busy { .. } | Self::Unavailable(_))
    }

    pub(super) fn index(path: &Path, source: rusqlite::Error) -> Self {
        Self::Index { path: path.to_owned(), source: Arc::new(source) }
    }
}

impl From<StorageFault> for LedgerError {
    fn from(fault: StorageFault) -> Self {
        Self::Storage(Arc::new(fault))
    }
}

/// A file operation that failed.
#[derive(Debug, thiserror::Error)]
#[error("can't {action} `{}`: {source}", path.display())]
pub struct StorageFault {
    /// What was attempted: `write`, `sync`, …
    pub action: &'static str,
    /// On which file.
    pub path: PathBuf,
    /// What the operating system said.
    #[source]
    pub source: io::Error,
}

impl StorageFault {
    pub(crate) fn new(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self { action, path: path.to_owned(), source }
    }
}

/// The first place where the log is not what was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Damage {
    /// The record concerned; 0 where only the segment is known.
    pub sequence: u64,
    /// Where it begins, or should.
    pub position: Position,
    /// What is wrong with it.
    pub kind: DamageKind,
}

/// What is wrong with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DamageKind {
    /// Its checksum does not fit, and it is not the end of the log.
    Checksum,
    /// Its content is not what the next record was chained to, though the checksum fits.
    Altered,
    /// Another record stands in its place.
    Displaced {
        /// The one that does.
        found: u64,
    },
    /// The header of its segment is not readable.
    Header,
    /// Its checksum fits but its fields can't be read.
    Fields,
    /// Its personal fields have no key, and the person was not erased.
    KeyLost,
    /// The index knows the record; the log ends before it, or has another in its place.
    Indexed,
    /// The root of the records from it to `last` is of these records, and signed by another key than
    /// `signing.key` and those in `signing.retired`.
    SignedBy {
        /// The last record of the root.
        last: u64,
        /// The public half of that key.
        key: [u8; 32],
    },
    /// The records from it to `last` are not those their root was signed over, though the chain fits.
    Rooted {
        /// The last record of the root.
        last: u64,
    },
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sequence, position, kind } = self;
        match kind {
            DamageKind::Checksum => write!(f, "record {sequence} is damaged (checksum)"),
            DamageKind::Altered => write!(f, "record {sequence} was altered (hash chain)"),
            DamageKind::Displaced { found } => {
                write!(f, "record {sequence} was removed or moved: record {found} is in its place")
            }
            DamageKind::Header => write!(f, "the header of a segment is damaged"),
            DamageKind::Fields => write!(f, "the fields of record {sequence} can't be read"),
            DamageKind::KeyLost => write!(f, "the key of record {sequence} is lost"),
            DamageKind::Indexed => {
                write!(f, "record {sequence} was removed or altered: the index knows another one")
            }
            DamageKind::SignedBy { last, key } => write!(
                f,
                "records {sequence} to {last} are those of their signed root, but another key signed it, \
                 {key}; if that was your key before `signing.key` was replaced or left out of a backup, \
                 add it as a line to `signing.retired`, else somebody signed the roots anew",
                key = hex(key)
            ),
            DamageKind::Rooted { last } => {
                write!(f, "records {sequence} to {last} are not those of their signed root")
            }
        }?;
        write!(f, ", {position}")
    }
}
