//! Why an export or import could not be done.

use crate::engine::EngineError;
use crate::ledger::LedgerError;
use parquet::errors::ParquetError;
use std::io;
use std::path::{Path, PathBuf};

/// Why an export or import could not be done.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// There is something in the directory to be written.
    #[error("`{}` is there already and not empty", path.display())]
    NotEmpty {
        /// The directory.
        path: PathBuf,
    },
    /// A path such as `.` or `/`, beside which nothing can be written.
    #[error("`{}` does not name a new directory", path.display())]
    NoName {
        /// The path.
        path: PathBuf,
    },
    /// There is no export in the directory.
    #[error("`{}` is not an export: it has no readable `_export.json`", path.display())]
    NotAnExport {
        /// The directory.
        path: PathBuf,
    },
    /// An export of a newer version.
    #[error("`{}` has format {found}; this vouch reads up to {known}", path.display())]
    Format {
        /// The directory.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The newest read here.
        known: u32,
    },
    /// The export has no personal values, so its transactions can't be kept.
    #[error("`{}` was written without personal values; export again with `--personal`", path.display())]
    Impersonal {
        /// The directory.
        path: PathBuf,
    },
    /// The ledger to be filled has entries.
    #[error("an export is taken into an empty ledger; this one has {entries} entries")]
    NotFresh {
        /// How many.
        entries: u64,
    },
    /// A Parquet file can't be written or read.
    #[error("`{}`: {source}", path.display())]
    Parquet {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: ParquetError,
    },
    /// A row can't be understood.
    #[error("`{}`: row of entry {sequence}: {message}", path.display())]
    Row {
        /// The file.
        path: PathBuf,
        /// The entry's number in the ledger it came from; 0 where that is missing.
        sequence: u64,
        /// What is wrong.
        message: String,
    },
    /// Another number of rows than the export says.
    #[error("the export says {stated} entries, its files have {found}")]
    Incomplete {
        /// What `_export.json` says.
        stated: u64,
        /// What was read.
        found: u64,
    },
    /// A file or directory.
    #[error("`{}`: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What happened.
        #[source]
        source: io::Error,
    },
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The engine.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl ArchiveError {
    pub(super) fn file(path: &Path) -> impl Fn(io::Error) -> Self {
        move |source| Self::File { path: path.to_owned(), source }
    }

    pub(super) fn parquet(path: &Path) -> impl Fn(ParquetError) -> Self {
        move |source| Self::Parquet { path: path.to_owned(), source }
    }
}
