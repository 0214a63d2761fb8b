//! Why a file was not taken as an exhibit, with what to do about it.

use super::{MAX_BYTES, MAX_EXHIBITS, MAX_PAGES};
use crate::domain::DisputeId;

/// What to do with a file that can't be taken as it is.
const PRINT: &str = "open it, print it to a new PDF, and attach that";

/// A file was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExhibitError {
    /// Longer than any processor would take beside the rest.
    #[error(
        "the file is over {MAX_BYTES} bytes; attach only the pages that matter, scanned in gray at 150 dpi"
    )]
    TooLarge,
    /// Nothing in it.
    #[error("the file is empty")]
    Empty,
    /// Of a type that is not taken.
    #[error("the file is no PDF, PNG or JPEG; print it to a PDF, and attach that")]
    Foreign,
    /// Locked by a password or by rights.
    #[error("the file is encrypted; print it to a PDF without a password, and attach that")]
    Encrypted,
    /// Broken off, or not in the form its beginning says.
    #[error("the file is broken: {what}; {PRINT}")]
    Broken {
        /// What is wrong with it.
        what: &'static str,
    },
    /// No page.
    #[error("the file has no page")]
    NoPage,
    /// More pages than any processor takes.
    #[error("the file has over {MAX_PAGES} pages; attach only those that matter")]
    TooManyPages,
    /// It does something when it is opened, or holds what a reader of paper does not see.
    #[error("the file has {what}, which no bank takes; {PRINT}")]
    Active {
        /// What it has.
        what: &'static str,
    },
    /// Something lies over a page that would be lost with it.
    #[error(
        "page {page} has a form field, stamp or signature laid over it that would be lost; {PRINT}"
    )]
    Overlaid {
        /// From 1.
        page: usize,
    },
    /// Written in a way that is not read here.
    #[error("the file {what}; {PRINT}")]
    Unread {
        /// What it is or has.
        what: &'static str,
    },
    /// Takes more room once it is unpacked than a page can need.
    #[error("the file becomes too large when it is unpacked; {PRINT}")]
    Swollen,
    /// Costs more to read than its pages can need.
    #[error("the file is too complex to be read; {PRINT}")]
    TooComplex,
}

/// Why an exhibit was not attached or withdrawn.
#[derive(Debug, thiserror::Error)]
pub enum AttachError<E: std::error::Error + 'static> {
    /// No such case.
    #[error("no dispute `{0}` is recorded")]
    Unknown(DisputeId),
    /// The file can't be an exhibit.
    #[error(transparent)]
    File(#[from] ExhibitError),
    /// Nobody's sale: the file would be kept with nobody, and there is no packet to put it in.
    #[error(
        "the sale of the dispute is not recorded, so there is no packet to put a file in; record the sale first"
    )]
    NoSale,
    /// The title says nothing, or too much.
    #[error("the title has 1 to 120 characters, none of them a control character")]
    Title,
    /// The case has as many as a packet has letters for.
    #[error("the dispute has {MAX_EXHIBITS} exhibits; withdraw one first")]
    TooMany,
    /// Nothing by that number.
    #[error(
        "no exhibit of the dispute has a SHA-256 that begins with `{0}`; `vouch dispute exhibits` lists them"
    )]
    NotThere(String),
    /// The record.
    #[error(transparent)]
    Store(E),
}
