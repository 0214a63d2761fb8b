//! Records of past decisions in one file, so compact and so quick to read that rules can be tried over
//! a million of them in seconds.
//!
//! ```text
//! "VOUCHREC" version header          header: JSON, the fields by name, up to when it tells
//! length crc32c block …              up to 4,096 rows, by column
//! 0 rows                             the end: a file without it is not whole
//! ```
//!
//! A block holds what is needed of every row (id, time, what became of it) and then one column a field:
//! a bitmap of the rows that know it and their values one behind the other. A reader decodes the
//! columns its rules read and passes over the rest, and keeps one block and one record in memory
//! whatever the size of the file. Values are exact: decimals and money keep every digit, floats every
//! bit.
//!
//! The file is a cache made from a ledger or from transactions, not a store: another version is refused
//! by name and made again. It holds personal fields where rules read them, so it is as confidential as
//! the ledger's keys.
//!
//! Rejected: JSON (nine tenths of the time would be parsing), Parquet (its columns of an export are
//! binary floats, and its row reader decodes a value into a tree of its own first), rows one after
//! another (every field would be passed over byte by byte).

mod cell;
mod error;
mod over;
mod read;
#[cfg(test)]
mod tests;
mod write;

pub use error::RecordsError;
pub use over::{RecordsOf, over_records};
pub use read::{Block, RecordsReader, RowReader};
pub use write::RecordsWriter;

use crate::domain::Timestamp;
use serde::{Deserialize, Serialize};

/// The first bytes of a file.
pub const MAGIC: &[u8; 8] = b"VOUCHREC";
/// The form this version writes and reads.
const VERSION: u32 = 1;
/// Most rows of a block.
const BLOCK_ROWS: usize = 4_096;
/// Longest block or header, in bytes: what is longer is no file of ours.
const MAX_BLOCK: usize = 1 << 28;

/// What a file says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordsHeader {
    /// The latest time of anything told when it was made, in milliseconds since 1970.
    pub until_ms: i64,
    /// False where only labelled rows have an outcome.
    pub silence_is_good: bool,
    /// The fields by their number in the file.
    pub fields: Vec<String>,
}

impl RecordsHeader {
    /// Of a file with every field of the catalogue.
    pub fn new(until: Timestamp, silence_is_good: bool) -> Self {
        let fields = crate::features::FIELDS.iter().map(|field| field.name.to_owned()).collect();
        Self { until_ms: until.millis(), silence_is_good, fields }
    }

    /// The latest time of anything told when it was made.
    pub fn until(&self) -> Timestamp {
        Timestamp::from_millis(self.until_ms)
    }
}
