//! `POST /v1/score`.

use super::access::Caller;
use super::answer::ScoreAnswer;
use super::blocking::apart;
use super::error::Failure;
use super::evaluate::{Decided, decided};
use super::keep::settle;
use super::state::{AppState, RequestId};
use super::{body, deadline};
use crate::domain::TenantId;
use crate::engine::ScoreRequest;
use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};

/// Scores one transaction.
pub(super) async fn score(
    State(state): State<AppState>,
    Extension(request_id): Extension<RequestId>,
    Extension(Caller { tenant, .. }): Extension<Caller>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    match answer(&state, tenant, &headers, body).await {
        Ok(response) => response,
        Err(failure) => failure.into_response(&request_id),
    }
}

async fn answer(
    state: &AppState,
    tenant: TenantId,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let until = deadline::of(headers, state.server.default_deadline_ms)?;
    let bytes = body::read(headers, body, state.server.max_body_bytes, until).await?;
    let (transaction, warnings) = crate::input::read_transaction(&bytes)?;
    let received_at = Some(crate::clock::now());
    let request = ScoreRequest { tenant, transaction, warnings, received_at };
    let engine = state.engine.clone();
    let mut begun = if engine.is_known(&request.tenant, &request.transaction.transaction_id) {
        apart(move || engine.begin(request)).await?? // reads the stored answer
    } else {
        engine.begin(request)?
    };
    settle(state, &mut begun);
    let decided = decided(state, begun, None, until).await?;
    let decision = decided.complete();
    let Decided { durability, repeated, stages, .. } = decided;
    let body =
        ScoreAnswer { decision: &decision, durability, repeated, timing_us: stages.timing.into() };
    Ok((Extension(stages), axum::Json(body)).into_response())
}
