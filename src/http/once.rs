//! Events that bodies of the formats of others tell: named by what they say, so that what is said again is the same.
//!
//! The time of such an event is that of its arrival, so one told again differs in it from the one that is
//! known. It is no other event for that: its sender waits for the writing of the first.

use super::keep::settle;
use super::state::AppState;
use crate::domain::{Event, TenantId, Timestamp};
use crate::engine::{EngineError, Keeping};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

/// Records an event, or finds the one of its id. Whoever told it waits for what comes back.
///
/// # Errors
/// As [`crate::engine::Engine::record_event`], but for other content under the id.
pub(super) fn told(
    state: &AppState,
    tenant: &TenantId,
    event: &Event,
    now: Timestamp,
) -> Result<Keeping, EngineError> {
    let record = || state.engine.record_event(tenant, event, Some(now));
    let begun = match record() {
        Err(EngineError::Conflict { .. }) => {
            if let Some(keeping) = state.engine.event_keeping(tenant, event.event_id.as_str()) {
                return Ok(keeping);
            }
            // The first failed just now, and its id is free again.
            record()
        }
        begun => begun,
    };
    let mut begun = begun?;
    settle(state, &mut begun);
    Ok(begun.keeping)
}

/// A name of some bytes: 32 hexadecimal digits, the first of their SHA-256.
pub(super) fn digest(bytes: &[u8]) -> String {
    hex(Sha256::digest(bytes).iter().take(16))
}

/// Hexadecimal digits of bytes.
pub(super) fn hex<'b>(bytes: impl Iterator<Item = &'b u8>) -> String {
    bytes.fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}"); // into a text it can't fail
        text
    })
}
