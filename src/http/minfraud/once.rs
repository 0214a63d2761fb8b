//! Events that the format's bodies tell: named by what they say, so that what is said again is the same.
//!
//! The time of such an event is that of its arrival, so one told again differs in it from the one that is
//! known. It is no other event for that: its sender waits for the writing of the first.

use super::super::keep::settle;
use super::super::state::AppState;
use crate::domain::{Event, TenantId, Timestamp};
use crate::engine::{EngineError, Keeping};

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
