//! Compatible with the minFraud v2.0 request and response format: a checkout that has such a client points it
//! here and keeps its code.
//!
//! ```text
//! body ─ inputs (lenient, remarks) ─ request ─► domain::Transaction ─► the one chain ─► answer
//! report ─► label event                          admit: Basic, account id : access key
//! ```
//!
//! Nothing here decides: values are renamed, the chain is the native one, and what the answer says of an
//! address or a mailbox is read from the record the decision rests on.
//!
//! Rejected: quotas (`funds_remaining` and `queries_remaining` are sent because clients fail without them,
//! and never fall) and `subscores`, which their inventor gave up.

mod admit;
mod answer;
mod inputs;
mod insights;
mod reasons;
mod refusal;
mod report;
mod request;
mod score;

use super::state::AppState;
use crate::access::Scope;
use crate::domain::Timestamp;
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::post;

/// Longest body, in bytes, as the format has it.
const MAX_BODY: usize = 20_000;
/// What comes again without an id of its own is the same within a window of this length and the one before.
const RETRY_MS: i64 = 5 * 60_000;

/// The window of a moment and the one before.
fn windows(now: Timestamp) -> [i64; 2] {
    let window = now.millis() / RETRY_MS;
    [window, window - 1]
}

/// The routes' paths: score, insights, factors, report.
pub(super) const PATHS: [&str; 4] = [
    "/minfraud/v2.0/score",
    "/minfraud/v2.0/insights",
    "/minfraud/v2.0/factors",
    "/minfraud/v2.0/transactions/report",
];

/// The routes of the format.
pub(super) fn routes(state: &AppState) -> Router<AppState> {
    let admit = |scope| from_fn_with_state((state.clone(), scope), admit::admit);
    let [to_score, to_insights, to_factors, to_report] = PATHS;
    let scored = Router::new()
        .route(to_score, post(score::score))
        .route(to_insights, post(score::insights))
        .route(to_factors, post(score::factors))
        .route_layer(admit(Scope::Score));
    let reported =
        Router::new().route(to_report, post(report::report)).route_layer(admit(Scope::Events));
    scored.merge(reported)
}
