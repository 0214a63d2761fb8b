//! One payment through the one chain.

use super::super::access::Caller;
use super::super::answer::KeptDecision;
use super::super::blocking::apart;
use super::super::body;
use super::super::evaluate;
use super::super::state::AppState;
use super::refusal::Refusal;
use super::request::Sent;
use super::{IDEMPOTENCY, MAX_BODY, form, object};
use crate::domain::TenantId;
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
    let scoring = state.clone();
    let now = crate::clock::now();
    let work = move || {
        let read = |time| sent.transaction(time).map_err(|error| sent.unread(&error));
        let begun = evaluate::begin(&scoring, &tenant, (None, now), read)?;
        Ok((begun.map_err(|error| sent.refused(error.into()))?, sent))
    };
    let done: Result<_, Refusal> = apart(work).await?;
    let ((begun, time), sent) = done?;
    let decided = evaluate::decided(state, begun, None, until).await?;
    let told = KeptDecision { decision: &decided.complete(), durability: decided.durability };
    let object = object::of(&sent.form, &told, time);
    let mut response = (Extension(decided.stages), axum::Json(object)).into_response();
    if decided.repeated {
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
