//! One transaction through the one chain, whatever format it came in: begun, counted, kept.

use super::answer::complete;
use super::error::Failure;
use super::keep::{Unkept, kept, settle};
use super::state::AppState;
use crate::clock::Stopwatch;
use crate::config::OnSlowDisk;
use crate::domain::{
    Decision, Durability, TenantId, Timestamp, Transaction, TransactionId, Warning,
};
use crate::engine::{Begun, EngineError, Keeping, ScoreRequest, Timing};
use std::sync::Arc;
use tokio::time::Instant;

/// Begins a transaction of a format whose body may say no time; beside it the time it has.
///
/// `read` makes the transaction of the body, at a time. Without one of its own (`said`) it is begun at `now`; and
/// where its id is known with other values, at the time it was scored: a body that says no time is the same at
/// any, so it is a retry where nothing else differs. May wait for the disk.
///
/// # Errors
/// The outer one is that of `read`; the inner one that of the engine.
pub(super) fn begin<E: From<EngineError>>(
    state: &AppState,
    tenant: &TenantId,
    (said, now): (Option<Timestamp>, Timestamp),
    mut read: impl FnMut(Timestamp) -> Result<(Transaction, Vec<Warning>), E>,
) -> Result<Result<(Begun, Timestamp), EngineError>, E> {
    let mut at = |time: Timestamp| -> Result<_, E> {
        let (transaction, warnings) = read(time)?;
        let tenant = tenant.clone();
        let request = ScoreRequest { tenant, transaction, warnings, received_at: Some(now) };
        Ok(state.engine.begin(request).map(|begun| (begun, time)))
    };
    let mut begun = at(said.unwrap_or(now))?;
    if said.is_none()
        && let Err(EngineError::Conflict { id, .. }) = &begun
        && let Ok(id) = TransactionId::new(id)
        && let Some(scored) = state.engine.scored(tenant, &id)?
    {
        begun = at(scored.event_time)?;
    }
    if let Ok((begun, _)) = &mut begun {
        settle(state, begun);
    }
    Ok(begun)
}

/// A decision that may be answered.
pub(super) struct Decided {
    /// The decision, and warnings about its arrival.
    pub(super) answer: Arc<(Decision, Vec<Warning>)>,
    pub(super) durability: Durability,
    /// True when the id was known.
    pub(super) repeated: bool,
    /// Goes with the response, for its span.
    pub(super) stages: Stages,
}

impl Decided {
    /// The decision with what is said of this one answer.
    pub(super) fn complete(&self) -> Decision {
        let slow_ledger = matches!(self.durability, Durability::Pending | Durability::None);
        complete(&self.answer.0, &self.answer.1, slow_ledger)
    }
}

/// Where the time of a decision went.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stages {
    pub(super) timing: Timing,
    /// Waiting until it was kept.
    keep_us: u64,
}

impl Stages {
    /// Each by its name, one behind another; none that took no time.
    pub(super) fn named(&self) -> Vec<(&'static str, u64)> {
        let Timing { enrich, velocity, decide, shadow, total: _ } = self.timing;
        let all = [
            ("enrich", enrich),
            ("velocity", velocity),
            ("decide", decide),
            ("shadow", shadow),
            ("keep", self.keep_us),
        ];
        all.into_iter().filter(|(_, us)| *us > 0).collect()
    }
}

/// Counts a transaction's decision, and waits until it is kept, and with it what else the request told; how far it
/// is kept where the ledger is slow and an answer goes out all the same.
///
/// # Errors
/// It was not kept by `until`, and no answer may go out without.
pub(super) async fn decided(
    state: &AppState,
    begun: Begun,
    told: Option<Keeping>,
    until: Instant,
) -> Result<Decided, Failure> {
    let answer = begun.answer.ok_or_else(Failure::internal)?;
    if begun.repeated {
        state.metrics.repeated.inc();
    } else {
        state.metrics.decided(&answer.0, begun.undecided, &begun.timing);
    }
    let clock = Stopwatch::start();
    let mut durability = kept(begun.keeping, until).await;
    if let Some(told) = told {
        durability = kept(told, until).await.and(durability);
    }
    let answers = state.ledger.on_slow_disk_score == OnSlowDisk::AnswerPending;
    let durability = match durability {
        Err(Unkept::Late) if answers => Durability::Pending,
        // Refused by a full or failed disk: answered all the same, and never kept.
        Err(Unkept::Refused) if answers => Durability::None,
        durability => durability?,
    };
    if matches!(durability, Durability::Pending | Durability::None) {
        state.metrics.lacked("ledger");
    }
    let stages = Stages { timing: begun.timing, keep_us: clock.elapsed_us() };
    Ok(Decided { answer, durability, repeated: begun.repeated, stages })
}
