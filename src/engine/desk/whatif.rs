//! Would this buyer be blocked now, and by what?
//!
//! The one chain without its end: nothing is counted, written or remembered.

use crate::clock::Stopwatch;
use crate::decision::PassThrough;
use crate::domain::{
    Action, Decision, HeldBack, RuleAction, RuleMode, TenantId, Timestamp, Transaction,
    TransactionId,
};
use crate::engine::error::EngineError;
use crate::engine::guard;
use crate::engine::service::{Engine, ScoreRequest};
use crate::engine::snapshot::Snapshot;
use crate::features::{Record, Value};
use serde::Serialize;

/// What would be decided now.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct WhatIf {
    /// The decision as it would be.
    pub decision: Decision,
    /// What stands in the buyer's way, or would if nothing held it back.
    pub obstacles: Vec<Obstacle>,
    /// Rules a missing fact would decide: they may block the real purchase.
    pub undecided: Vec<String>,
}

/// Something that stands in a buyer's way.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Obstacle {
    /// The rule; `score` where it is the score.
    pub rule: String,
    /// What it does.
    pub action: RuleAction,
    /// Its mode.
    pub mode: RuleMode,
    /// Whether it acts on this buyer now.
    pub acts: bool,
    /// What holds it back.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub held_back: Option<HeldBack>,
    /// Why, for the analyst.
    pub text: String,
    /// The lists the buyer is on that it asks about.
    pub lists: Vec<String>,
}

impl Engine {
    /// What would be decided of a transaction now.
    ///
    /// # Errors
    /// A card number where none may be.
    pub fn what_if(
        &self,
        tenant: &TenantId,
        mut transaction: Transaction,
    ) -> Result<WhatIf, EngineError> {
        let snapshot = self.snapshot();
        guard::transaction(&mut transaction, &snapshot.reference)?;
        if let Some(pass) = snapshot.policy.pass_through {
            let id = transaction.transaction_id;
            transaction.transaction_id = without_luck(pass, tenant, id);
        }
        let (tenant, warnings) = (tenant.clone(), Vec::new());
        let request = ScoreRequest { tenant, transaction, warnings, received_at: None };
        let (decided, _) = self.decide(&snapshot, &request, Stopwatch::start());
        let obstacles = obstacles(&snapshot, &decided.decision, &decided.record);
        Ok(WhatIf { decision: decided.decision, obstacles, undecided: decided.undecided })
    }

    /// The same of a transaction that was scored before, as if it came again at `now` under a new id;
    /// `None` for an unknown one and for one whose buyer was erased.
    ///
    /// # Errors
    /// The ledger can't be read.
    pub fn what_if_again(
        &self,
        tenant: &TenantId,
        id: &TransactionId,
        now: Timestamp,
    ) -> Result<Option<WhatIf>, EngineError> {
        let Some(transaction) = self.transaction_of(tenant, id)? else { return Ok(None) };
        self.what_if(tenant, at(transaction, now)).map(Some)
    }
}

/// A transaction as if it came at `now`, under an id nobody uses.
fn at(transaction: Transaction, now: Timestamp) -> Transaction {
    let id = TransactionId::new("what-if").unwrap_or(transaction.transaction_id);
    Transaction { transaction_id: id, event_time: now, ..transaction }
}

/// Another id for a question whose own would pass a decline by the luck of the draw.
fn without_luck(pass: PassThrough, tenant: &TenantId, id: TransactionId) -> TransactionId {
    let is_drawn = |id: &TransactionId| pass.takes(tenant.as_str(), id.as_str());
    let mut others = (0..100).filter_map(|n| TransactionId::new(&format!("what-if-{n}")).ok());
    if is_drawn(&id) { others.find(|other| !is_drawn(other)).unwrap_or(id) } else { id }
}

fn obstacles(snapshot: &Snapshot, decision: &Decision, record: &Record) -> Vec<Obstacle> {
    let is_against = |action: RuleAction| {
        use RuleAction::{Block, Challenge, HardBlock, Review};
        matches!(action, HardBlock | Block | Review | Challenge)
    };
    let mut found: Vec<Obstacle> = Vec::new();
    for hit in decision.rules.iter().filter(|hit| is_against(hit.action)) {
        let rule = snapshot.rules.rule(&hit.id);
        let asked = rule.map(|rule| rule.when.lists()).unwrap_or_default();
        let held =
            asked.iter().filter(|asked| record.listed(asked.question()) == &Value::Bool(true));
        let is_on = matches!(hit.mode, RuleMode::Live | RuleMode::Canary);
        found.push(Obstacle {
            rule: hit.id.clone(),
            action: hit.action,
            mode: hit.mode,
            acts: is_on && hit.held_back.is_none(),
            held_back: hit.held_back,
            text: rule.map(|rule| rule.text.clone()).unwrap_or_default(),
            lists: held.map(|asked| asked.list.to_string()).collect(),
        });
    }
    let by_score = decision.action != Action::Approve
        && !found.iter().any(|one| one.acts)
        && decision.spared.as_ref().is_none_or(|spared| spared.by == ["score"]);
    if by_score {
        found.push(Obstacle {
            rule: "score".to_owned(),
            action: match decision.action {
                Action::Challenge => RuleAction::Challenge,
                Action::Review => RuleAction::Review,
                Action::Approve | Action::Decline => RuleAction::Block,
            },
            mode: RuleMode::Live,
            acts: true,
            held_back: None,
            text: "The score asks for it; the costs in the decision say why.".to_owned(),
            lists: Vec::new(),
        });
    }
    found
}
