//! `GET /v1/rules`: what each rule did since the start. A rule that shows on and never matched, or that
//! mostly could not be told, protects nobody.

use super::super::state::AppState;
use crate::domain::{RuleAction, RuleMode};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// Every rule of the set in use.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::http) struct RulesAnswer {
    /// Digest of the set.
    digest: String,
    /// Decisions since the start, each of which asked every rule that is not off.
    decisions: u64,
    rules: Vec<RuleView>,
}

/// One rule.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::http) struct RuleView {
    id: String,
    action: RuleAction,
    mode: RuleMode,
    /// True where it is past its date and so does nothing, whatever its mode says.
    expired: bool,
    /// Whether its blocks spare buyers with a clean history.
    guard: bool,
    /// Whom it is a question to: who answers for the group.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    owner: Option<String>,
    /// Decisions it matched since the start.
    matched: u64,
    /// Decisions in which a missing fact would have decided it.
    unknown: u64,
}

/// `GET /v1/rules`
pub(in crate::http) async fn rules(State(state): State<AppState>) -> Response {
    let rules = state.engine.snapshot().rules.clone();
    let now = crate::clock::now();
    let rules_of_set = rules.rules().iter().map(|rule| RuleView {
        id: rule.id.clone(),
        action: rule.effect.action(),
        mode: rule.mode,
        expired: rule.expired(now),
        guard: rule.guard,
        owner: rule.notes.owner.clone(),
        matched: state.metrics.matched(&rule.id, rule.mode),
        unknown: state.metrics.unknown(&rule.id),
    });
    let rules_of_set = rules_of_set.collect();
    axum::Json(RulesAnswer {
        digest: rules.digest().to_owned(),
        decisions: state.metrics.decided_in_all(),
        rules: rules_of_set,
    })
    .into_response()
}
