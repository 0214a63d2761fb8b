//! `checkouts` and `sales`: one order through the one chain.

use super::super::access::Caller;
use super::super::answer::KeptDecision;
use super::super::blocking::apart;
use super::super::state::AppState;
use super::super::{body, evaluate as chain};
use super::order::Order;
use super::refusal::Refusal;
use super::{MAX_BODY, answer};
use crate::domain::TenantId;
use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use std::time::Duration;
use tokio::time::Instant;

/// Evaluates an order, before the issuer is asked or behind it.
pub(super) async fn evaluate(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    match evaluated(&state, caller.tenant, &headers, body).await {
        Ok(response) => response,
        Err(refusal) => refusal.into_response(),
    }
}

async fn evaluated(
    state: &AppState,
    tenant: TenantId,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let until = Instant::now() + Duration::from_millis(state.server.default_deadline_ms);
    let order = Order::read(&body::read(headers, body, MAX_BODY, until).await?)?;
    let scoring = state.clone();
    let now = crate::clock::now();
    let work = move || {
        let read = |time| order.transaction(time).map_err(|error| order.unread(&error));
        let begun = chain::begin(&scoring, &tenant, (None, now), read)?;
        Ok((begun.map_err(|error| order.refused(error.into()))?, order))
    };
    let done: Result<_, Refusal> = apart(work).await?;
    let ((begun, time), order) = done?;
    let decided = chain::decided(state, begun, None, until).await?;
    let told = KeptDecision { decision: &decided.complete(), durability: decided.durability };
    let body = answer::of(&told, order.checkout(), time);
    Ok((Extension(decided.stages), axum::Json(body)).into_response())
}
