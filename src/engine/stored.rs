//! How decisions and events lie in the ledger.
//!
//! An entry has an open part, which names nobody and outlives an erasure, and a sealed part with
//! the transaction or event as it came; of where something happened the open part keeps a tenth of a
//! degree, no more than the name of a city. Both are JSON, so that a record can be read without us.

use super::error::StoredError;
use crate::domain::{
    Decision, Dispute, Event, LabelClass, Outcome, Transaction, TransactionKind, Warning,
};
use crate::features::Record;
use crate::ledger::Summary;
use crate::velocity::{EntityKeys, Occurrence};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// The format this version writes and the newest it reads.
pub(super) const FORMAT: u32 = 1;
/// How every part of this format begins: one that does so is read once, not twice.
const PRESENT: &[u8] = b"{\"format\":1,";
const _: () = assert!(FORMAT == 1, "PRESENT names it too");

/// The open part of a decision.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct OpenDecision {
    pub(super) format: u32,
    pub(super) summary: Summary,
    /// Keyed hash of the transaction as a value: tells a repeat from a conflict, even after an
    /// erasure.
    pub(super) digest: String,
    pub(super) keys: EntityKeys,
    /// What it counted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) occurrences: Vec<Occurrence>,
    pub(super) decision: Decision,
    pub(super) record: Record,
    /// Warnings about the arrival (a late event time), which a replay can't repeat.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) arrival: Vec<Warning>,
}

/// The sealed part of a decision.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SealedDecision {
    pub(super) transaction: Transaction,
    pub(super) record: Record,
}

/// The sealed part of a decision, as far as a replay needs it.
#[derive(Debug, Deserialize)]
pub(super) struct SealedRecord {
    pub(super) record: Record,
}

/// The open part of an event.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct OpenEvent {
    pub(super) format: u32,
    pub(super) summary: Summary,
    /// Keyed hash of the event as a value.
    pub(super) digest: String,
    /// What it counted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) occurrences: Vec<Occurrence>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) label: Option<LabelClass>,
    /// How it ended: training leaves out what the issuer refused, after an erasure too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) outcome: Option<Outcome>,
}

/// The sealed part of an event.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SealedEvent {
    pub(super) event: Event,
    /// A processor's message the event was read from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) report: Option<Report>,
}

/// A processor's message: the case as it shows it, and the message itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Report {
    pub(super) dispute: Option<Dispute>,
    pub(super) raw: Box<str>,
}

/// What recovery needs of either open part; everything else is skipped unread.
#[derive(Debug, Deserialize)]
pub(super) struct Recovered {
    pub(super) digest: String,
    #[serde(default)]
    pub(super) keys: EntityKeys,
    #[serde(default)]
    pub(super) occurrences: Vec<Occurrence>,
    /// Of an entry written when an entry could count one thing only.
    #[serde(default)]
    pub(super) occurrence: Option<Occurrence>,
    #[serde(default)]
    pub(super) record: RecoveredSale,
}

/// What a later event needs of the transaction it is about.
#[derive(Debug, Default, Deserialize)]
pub(super) struct RecoveredSale {
    #[serde(rename = "type")]
    pub(super) kind: Option<TransactionKind>,
    pub(super) amount_eur: Option<Decimal>,
}

/// Reads one part and refuses a newer format by name.
pub(super) fn read<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, StoredError> {
    #[derive(Deserialize)]
    struct Format {
        #[serde(default)]
        format: u32,
    }
    if bytes.starts_with(PRESENT) {
        return Ok(serde_json::from_slice(bytes)?);
    }
    let Format { format } = serde_json::from_slice(bytes)?;
    if format > FORMAT {
        return Err(StoredError::Format { found: format, known: FORMAT });
    }
    Ok(serde_json::from_slice(bytes)?)
}
