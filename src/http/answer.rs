//! The answer to a score: the decision, and how it was kept and how long it took.

use crate::domain::{Action, Decision, Durability, Warning};
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
    /// The same with the model on trial; absent without one.
    #[serde(skip_serializing_if = "is_zero")]
    #[schema(required = false)]
    shadow: u64,
    /// All of it, without the disk and the wire.
    total: u64,
}

impl From<Timing> for TimingUs {
    fn from(timing: Timing) -> Self {
        let Timing { enrich, velocity, decide, shadow, total } = timing;
        Self { enrich, velocity, decide, shadow, total }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(us: &u64) -> bool {
    *us == 0
}

/// The decision with what is said of this one answer: warnings about its arrival, and the ledger
/// where it was too slow.
pub(super) fn complete(decision: &Decision, arrival: &[Warning], slow_ledger: bool) -> Decision {
    let mut decision = decision.clone();
    if decision.customer_text.is_none() {
        decision.customer_text = customer_text(decision.action).map(str::to_owned);
    }
    decision.warnings.extend_from_slice(arrival);
    if slow_ledger {
        decision.degraded.push("ledger".to_owned());
    }
    decision
}

/// What a buyer may be shown where no rule says it: nothing of how fraud is found, and a way on.
fn customer_text(action: Action) -> Option<&'static str> {
    match action {
        Action::Approve => None,
        Action::Challenge => Some("Please confirm that it is you to complete your order."),
        Action::Review => Some("Thank you. We are checking your order and will write to you soon."),
        Action::Decline => Some(
            "We could not accept this payment. Please try another way to pay, or write to us and a person will look at it.",
        ),
    }
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
