//! Files a merchant adds to a case: a signed contract, a letter, a picture of a page.
//!
//! A file is kept as it came, in the sealed part of a record of the ledger: so it is acknowledged when it
//! is on disk, chained, in backups, and gone with the person it is about. Before it is taken it is read
//! to its last page and written anew, as pages and nothing else, and only that goes into packets: no script,
//! no link, nothing another reader would see and this one not.
//!
//! Rejected: files beside the ledger. Each would need its own seal, its own place in backups and its own
//! check, and a crash between two files. And pages put into a packet as they came: the reader that copies
//! them follows a tree of pages in circles until the process ends.

pub mod attach;
mod budget;
mod error;
mod file;
mod jpeg;
mod pages;
mod png;
mod sheet;
mod token;
mod unpack;
mod written;

#[cfg(test)]
mod tests;

pub use error::{AttachError, ExhibitError};

use super::sha256_hex;
use crate::domain::{EventId, ExhibitKind, Timestamp};

/// Longest file. As text in a record it becomes a third longer, and a record is at most 4 MiB.
pub const MAX_BYTES: usize = 2_000_000;
/// Most pages of a file: no processor takes more in all.
pub const MAX_PAGES: usize = 49;
/// Most files of a case: the letters I to Z.
pub const MAX_EXHIBITS: usize = 18;

/// Pages ready to be put into a packet.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pages {
    /// A PDF file of these pages and nothing else.
    pub(crate) flat: Vec<u8>,
    /// Width and height of each as it is looked at, in thousandths of a point.
    pub(crate) sizes: Vec<(i32, i32)>,
}

/// A file of a case.
#[derive(Debug, Clone, PartialEq)]
pub struct AttachedFile {
    /// The record it was attached by.
    pub event_id: EventId,
    /// What it shows.
    pub kind: ExhibitKind,
    /// What the merchant calls it.
    pub title: String,
    /// SHA-256 of the file as it came, in hex.
    pub sha256: String,
    /// When it was attached.
    pub attached_at: Timestamp,
    /// The file as it came.
    pub bytes: Vec<u8>,
}

/// The type of a file, by how it begins. PDF files may have a line before their first.
fn pages_of(bytes: &[u8]) -> Result<Pages, ExhibitError> {
    let head = bytes.get(..1024).unwrap_or(bytes);
    if bytes.is_empty() {
        Err(ExhibitError::Empty)
    } else if bytes.len() > MAX_BYTES {
        Err(ExhibitError::TooLarge)
    } else if bytes.starts_with(png::SIGNATURE) {
        png::png(bytes)
    } else if bytes.starts_with(&[0xff, 0xd8, 0xff]) {
        jpeg::jpeg(bytes)
    } else if head.windows(5).any(|word| word == b"%PDF-") {
        pages::pdf(bytes)
    } else {
        Err(ExhibitError::Foreign)
    }
}

/// Reads a file as far as a packet needs it. Pure. Cost: some milliseconds a megabyte.
///
/// # Errors
/// It can't be an exhibit; why, and what to do.
pub fn count_pages(bytes: &[u8]) -> Result<usize, ExhibitError> {
    Ok(pages_of(bytes)?.sizes.len())
}

impl AttachedFile {
    pub(crate) fn pages(&self) -> Result<Pages, ExhibitError> {
        pages_of(&self.bytes)
    }

    /// Whether the file is the one it was recorded as.
    pub fn is_whole(&self) -> bool {
        sha256_hex(&self.bytes) == self.sha256
    }
}
