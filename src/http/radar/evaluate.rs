//! One payment through the one chain.

use super::super::access::Caller;
use super::super::blocking::apart;
use super::super::body;
use super::super::error::Failure;
use super::super::keep::{Unkept, kept, settle};
use super::super::state::AppState;
use super::refusal::Refusal;
use super::request::Sent;
use super::{IDEMPOTENCY, MAX_BODY, form, object};
use crate::config::OnSlowDisk;
use crate::domain::{TenantId, Timestamp, TransactionId};
use crate::engine::{Begun, EngineError, ScoreRequest};
use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use std::time::Duration;
use tokio::time::Instant;

/// Says that a request was answered before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
const FORM: &str = "application/x-www-form-urlencoded";

/// Evaluates a payment.
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
    let bytes = body::read_as(FORM, headers, body, (MAX_BODY, until)).await?;
    let sent = Sent::read(form::read(&bytes)?, key(headers)?)?;
    let now = crate::clock::now();
    let scoring = state.clone();
    let work = move || {
        let begun = begin(&scoring, &tenant, &sent, now);
        begun.map(|done| (done, sent))
    };
    let ((begun, time), sent) = apart(work).await??;
    let answer = begun.answer.ok_or_else(Failure::internal)?;
    if begun.repeated {
        state.metrics.repeated.inc();
    } else {
        state.metrics.decided(&answer.0, begun.undecided, &begun.timing);
    }
    let answers = state.ledger.on_slow_disk_score == OnSlowDisk::AnswerPending;
    match kept(begun.keeping, until).await {
        Err(Unkept::Late | Unkept::Refused) if answers => state.metrics.lacked("ledger"),
        Err(unkept) => return Err(Failure::from(unkept).into()),
        Ok(_) => {}
    }
    let mut response = axum::Json(object::of(&sent.form, &answer.0, time)).into_response();
    if begun.repeated {
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    Ok(response)
}

/// The request's own key. One given twice is none: which counts would be anybody's guess.
fn key(headers: &HeaderMap) -> Result<Option<&str>, Refusal> {
    let mut all = headers.get_all(IDEMPOTENCY).iter();
    let (Some(first), second) = (all.next(), all.next()) else { return Ok(None) };
    let fits = |key: &&str| (1..=255).contains(&key.len()) && second.is_none();
    let key = first.to_str().ok().filter(fits);
    let message = "`Idempotency-Key` is one text of 1 to 255 characters";
    key.map(Some).ok_or_else(|| Refusal::invalid("invalid_idempotency_key", message))
}

/// Begins a transaction; beside it the time it has.
fn begin(
    state: &AppState,
    tenant: &TenantId,
    sent: &Sent,
    now: Timestamp,
) -> Result<(Begun, Timestamp), Refusal> {
    let at = |time: Timestamp| -> Result<_, Refusal> {
        let (transaction, warnings) =
            sent.transaction(time).map_err(|error| sent.unread(&error))?;
        let tenant = tenant.clone();
        let request = ScoreRequest { tenant, transaction, warnings, received_at: Some(now) };
        Ok(state.engine.begin(request))
    };
    let (begun, time) = match at(now)? {
        // A form says no time: the same one is a retry of what was scored then.
        Err(EngineError::Conflict { id, .. }) => {
            let time = time_of(state, tenant, &id)?.unwrap_or(now);
            (at(time)?, time)
        }
        begun => (begun, now),
    };
    let mut begun = begun.map_err(|error| sent.refused(error.into()))?;
    settle(state, &mut begun);
    Ok((begun, time))
}

/// The time of a transaction that was scored.
fn time_of(state: &AppState, tenant: &TenantId, id: &str) -> Result<Option<Timestamp>, Failure> {
    let Ok(id) = TransactionId::new(id) else { return Ok(None) };
    Ok(state.engine.scored(tenant, &id)?.map(|scored| scored.event_time))
}
