//! From a processor's message to a case, from a case to the packet that answers it, from its end to a
//! label.
//!
//! Pure but for [`DisputeStore`], which the engine implements. A case is never kept as a state of its
//! own: every report is recorded as it came and the state is their [`merge`], so messages may arrive
//! late, twice or at the same moment.

#![deny(clippy::float_arithmetic)]

pub mod alarm;
pub mod ce3;
pub mod deadline;
mod error;
pub mod exhibit;
mod intake;
mod json;
mod label;
#[cfg(test)]
pub(crate) mod memory;
mod merge;
mod neutral;
pub mod packet;
pub mod plan;
mod proof;
pub mod reasons;
mod recording;
pub mod rulebook;
pub mod settle;
mod store;
pub mod stripe;
pub mod worklist;

pub use error::{IntakeError, PacketError};
pub use intake::{Intake, MAX_MESSAGE_BYTES, SaleKeys};
pub use label::{label_of, label_of_warning};
pub use merge::merge;
pub use neutral::{DisputeReport, is_neutral, take_in_report};
pub use packet::{CaseFile, Exhibit, OtherSale, Packet};
pub use plan::{CasePlan, plan};
pub use proof::{Manifest, Misfit, NamedRecord, Proof};
pub use recording::{Recording, recording};
pub use settle::{Settled, settled};
pub use store::{
    AllDisputes, DisputeStore, Link, Notices, OF_INQUIRY, Sending, Taken, case_file, is_same_card,
    links, sale_of, take_in, whole_case,
};

use sha2::{Digest, Sha256};
use std::fmt::Write;

/// SHA-256 in lower-case hex.
fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Bytes in lower-case hex.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut hex, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
