//! Waiting for the ledger. What was decided is written whether or not anybody waits; a client waits
//! no longer than until its deadline.

use super::error::{Code, Failure, with_causes};
use super::state::AppState;
use crate::config::OnSlowDisk;
use crate::domain::Durability;
use crate::engine::{Begun, Keeping, Landing};
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

/// Why an entry does not count as kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unkept {
    /// The ledger has it and did not say by the deadline whether it is on disk.
    Late,
    /// The ledger did not take it.
    Refused,
}

impl From<Unkept> for Failure {
    fn from(unkept: Unkept) -> Self {
        let message = match unkept {
            Unkept::Late => "the ledger did not answer within the deadline",
            Unkept::Refused => "the ledger can't keep this now",
        };
        Self::new(Code::NotKept, message)
    }
}

/// Runs the writing in a task of its own: it ends even if nobody waits any more.
pub(super) fn settle(state: &AppState, begun: &mut Begun) {
    if let Some(settling) = begun.settling.take() {
        let engine = state.engine.clone();
        state.work.spawn(async move { engine.settle(settling).await });
    }
}

/// Waits until the entry is kept, or until the time is up.
pub(super) async fn kept(keeping: Keeping, until: Instant) -> Result<Durability, Unkept> {
    let mut landed = match keeping {
        Keeping::Done(durability) => return Ok(durability),
        Keeping::Refused(error) => {
            tracing::warn!(error = with_causes(&error), "the ledger took no record");
            return Err(Unkept::Refused);
        }
        Keeping::Flying(landed) => landed,
    };
    match timeout_at(until, landing(&mut landed)).await {
        Ok(Landing::Kept(durability)) => Ok(durability),
        Ok(Landing::Pending | Landing::Failed) => Err(Unkept::Refused),
        Err(_) => Err(Unkept::Late),
    }
}

/// The same for an event, whose answer may go out while it is still on its way, where the settings say so. One that
/// was refused is lost unless it is sent again, and never answered so.
pub(super) async fn kept_event(
    state: &AppState,
    keeping: Keeping,
    until: Instant,
) -> Result<Durability, Unkept> {
    let answers = state.ledger.on_slow_disk_event == OnSlowDisk::AnswerPending;
    match kept(keeping, until).await {
        Err(Unkept::Late) if answers => Ok(Durability::Pending),
        ended => ended,
    }
}

async fn landing(landed: &mut watch::Receiver<Landing>) -> Landing {
    match landed.wait_for(|landing| *landing != Landing::Pending).await {
        Ok(landing) => *landing,
        // Whoever writes it is gone.
        Err(_) => Landing::Failed,
    }
}
