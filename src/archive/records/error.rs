//! Why a file of records can't be used.

use std::io;

/// Why a file of records can't be read or written.
#[derive(Debug, thiserror::Error)]
pub enum RecordsError {
    /// The file can't be read or written.
    #[error("can't be read or written")]
    Io(#[from] io::Error),
    /// The first bytes are not those of a file of records.
    #[error("is no file of records")]
    Foreign,
    /// Another version of the form.
    #[error(
        "is of version {found}, this program reads {wanted}; make it again with `vouch rules records`"
    )]
    Version {
        /// The file's.
        found: u32,
        /// This program's.
        wanted: u32,
    },
    /// The header is no header.
    #[error("has a header that can't be read")]
    Header,
    /// It ends before its end.
    #[error("ends in block {block}: it is not whole")]
    Cut {
        /// The block, from 1.
        block: u64,
    },
    /// A block's bytes are not what was written.
    #[error("is damaged in block {block}")]
    Damaged {
        /// The block, from 1.
        block: u64,
    },
    /// The rows do not add up.
    #[error("says it has {told} rows and has {found}")]
    Rows {
        /// What the end says.
        told: u64,
        /// What was read.
        found: u64,
    },
}
