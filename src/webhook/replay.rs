//! Sending again what was sent, or given up: in the order of the ledger, one after the other, under the same
//! ids. It moves no cursor, and ends at the first message that is not taken, so that nothing overtakes it.

use super::dead::DeadLetters;
use super::endpoint::Endpoint;
use super::error::WebhookError;
use super::message::messages;
use crate::clock;
use crate::domain::Timestamp;
use crate::ledger::Reader;
use serde::Serialize;
use std::path::Path;

/// Which messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Those of the entry of this number and all behind it.
    Sequence(u64),
    /// Those of entries that reached us then or later.
    Time(Timestamp),
    /// The dead letters.
    Dead,
}

/// What became of one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Replayed {
    /// Its id.
    pub id: String,
    /// What it is about.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The entry's number.
    pub sequence: u64,
    /// Why it was not taken; `None` where it was.
    pub failed: Option<String>,
}

/// Sends messages again and tells each. True where all were taken.
///
/// # Errors
/// The ledger, or the dead letters, can't be read or written.
pub async fn replay(
    endpoint: &Endpoint,
    (reader, data_dir): (&Reader, &Path),
    (from, to): (Which, Option<u64>),
    mut tell: impl FnMut(&Replayed),
) -> Result<bool, WebhookError> {
    let letters = DeadLetters::of(data_dir, &endpoint.name);
    let dead = letters.read()?;
    for entry in reader.scan(None)? {
        let entry = entry?;
        if to.is_some_and(|to| entry.sequence > to) {
            break;
        }
        let is_meant = match from {
            Which::Sequence(first) => entry.sequence >= first,
            Which::Time(first) => entry.received_at >= first,
            Which::Dead => dead.iter().any(|letter| letter.sequence == entry.sequence),
        };
        if !is_meant {
            continue;
        }
        for message in messages(&entry, &endpoint.tenant, &endpoint.kinds) {
            let is_dead = dead.iter().any(|letter| letter.id == message.id);
            if from == Which::Dead && !is_dead {
                continue;
            }
            let failed = endpoint.send(&message, clock::now()).await.err();
            let failed = failed.map(|untaken| untaken.why);
            if failed.is_none() && is_dead {
                letters.sent(&message.id, clock::now())?;
            }
            let (id, sequence) = (message.id, message.sequence);
            let replayed = Replayed { id, kind: message.kind.word(), sequence, failed };
            tell(&replayed);
            if replayed.failed.is_some() {
                return Ok(false);
            }
        }
    }
    Ok(true)
}
