//! The answer to a score: the decision, and how it was kept and how long it took.

use crate::domain::{Decision, Durability, Warning};
use crate::engine::Timing;
use serde::Serialize;

/// A decision as it is answered.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct ScoreAnswer<'a> {
    /// The decision; its members stand beside the others.
    #[serde(flatten)]
    pub(super) decision: &'a Decision,
    /// How far this answer is kept.
    pub(super) durability: Durability,
    /// True when the id was known: the stored decision, nothing moved.
    pub(super) repeated: bool,
    /// Where the time went, in microseconds; zero for a repeat.
    pub(super) timing_us: TimingUs,
}

/// Microseconds per stage.
#[derive(Debug, Clone, Copy, Serialize, utoipa::ToSchema)]
pub(super) struct TimingUs {
    /// Request fields and tables.
    enrich: u64,
    /// History.
    velocity: u64,
    /// Model, rules and costs.
    decide: u64,
    /// All of it, without the disk and the wire.
    total: u64,
}

impl From<Timing> for TimingUs {
    fn from(timing: Timing) -> Self {
        let Timing { enrich, velocity, decide, total } = timing;
        Self { enrich, velocity, decide, total }
    }
}

/// The decision with what is said of this one answer: warnings about its arrival, and the ledger
/// where it was too slow.
pub(super) fn complete(decision: &Decision, arrival: &[Warning], slow_ledger: bool) -> Decision {
    let mut decision = decision.clone();
    decision.warnings.extend_from_slice(arrival);
    if slow_ledger {
        decision.degraded.push("ledger".to_owned());
    }
    decision
}

/// A kept decision as `GET /v1/decisions/{id}` shows it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct KeptDecision<'a> {
    /// The decision; its members stand beside the others.
    #[serde(flatten)]
    pub(super) decision: &'a Decision,
    /// How far it is kept.
    pub(super) durability: Durability,
}
