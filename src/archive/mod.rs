//! History as Parquet files: out of a ledger for whoever analyses or trains, and into a fresh one.
//!
//! ```text
//! DIR/_export.json                               what this is and how many rows it has
//! DIR/_artefacts/…                               rules, models and costs the decisions name
//! DIR/kind=decision/month=2026-11/part-0.parquet
//! ```
//!
//! The month is that of the event time, in UTC; within a file rows are in the order of the ledger. A
//! decision has a column for each field of the catalogue under the name rules and models use, and the
//! whole of it as JSON beside that; money and decimals are binary floats in the columns and exact in
//! the JSON. Personal values are in an export only when asked for, and only such an export can be taken
//! into a ledger again. A directory appears whole or not at all.
//!
//! Rejected: the `arrow` crate (forty more crates for a loop over columns), and one wide table of all
//! kinds (decisions have hundreds of columns that mean nothing for an event).

mod columns;
mod error;
mod export;
mod import;
pub mod records;
mod writer;

pub use error::ArchiveError;
pub use export::{Export, Manifest, export};
pub use import::{Imported, import};

/// The form this version writes and reads.
const FORMAT: u32 = 1;
/// File that says what an export is; tools that read Parquet directories skip names that begin so.
const MANIFEST: &str = "_export.json";
/// Directory of rules, models and costs in an export.
const ARTEFACTS: &str = "_artefacts";
