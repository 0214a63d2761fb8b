//! `POST /minfraud/v2.0/{score,insights,factors}`: one transaction through the one chain.
//!
//! The format has no idempotency key. A body is a retry when its `event.transaction_id` is known with equal
//! values, or, without one, when an equal body came within the last minutes: the stored decision is
//! answered and no counter moves. Other values under a known id are a second scoring of it (a client asks
//! again once it knows more), kept under an id of its own and bound to the first by its order.

use super::super::access::Caller;
use super::super::blocking::apart;
use super::super::body;
use super::super::error::Failure;
use super::super::evaluate::{self, Decided};
use super::super::once::told;
use super::super::state::AppState;
use super::MAX_BODY;
use super::answer::{self, Depth};
use super::refusal::Refusal;
use super::request::{self, Sent};
use crate::domain::{TenantId, Timestamp, TransactionId};
use crate::engine::{Begun, EngineError, Keeping, decision_name};
use crate::features::Record;
use crate::input::read_event;
use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

type Asked = (State<AppState>, Extension<Caller>, HeaderMap, Body);

/// Risk and disposition.
pub(super) async fn score(
    state: State<AppState>,
    caller: Extension<Caller>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    answered((state, caller, headers, body), Depth::Score).await
}

/// The same with what is known of address, card and mailbox.
pub(super) async fn insights(
    state: State<AppState>,
    caller: Extension<Caller>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    answered((state, caller, headers, body), Depth::Insights).await
}

/// The same with what moved the score.
pub(super) async fn factors(
    state: State<AppState>,
    caller: Extension<Caller>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    answered((state, caller, headers, body), Depth::Factors).await
}

async fn answered(asked: Asked, depth: Depth) -> Response {
    match answer(asked, depth).await {
        Ok(response) => response,
        Err(refusal) => refusal.into_response(),
    }
}

async fn answer(
    (State(state), Extension(caller), headers, body): Asked,
    depth: Depth,
) -> Result<Response, Refusal> {
    let until = Instant::now() + Duration::from_millis(state.server.default_deadline_ms);
    let bytes = body::read(&headers, body, MAX_BODY, until).await?;
    let now = crate::clock::now();
    let mut sent = request::read(&bytes, now)?;
    let scoring = state.clone();
    let work = move || scored(&scoring, &caller.tenant, &mut sent, now).map(|done| (done, sent));
    let (Done { begun, record, issuer }, sent) = apart(work).await??;
    let Decided { answer, stages, .. } = evaluate::decided(&state, begun, issuer, until).await?;
    let snapshot = state.engine.snapshot();
    let record = record.unwrap_or_default();
    let body = answer::body(depth, &answer.0, (&snapshot, &record), sent.inputs.remarks);
    let kind = [(axum::http::header::CONTENT_TYPE, depth.kind())];
    Ok((Extension(stages), kind, body.to_string()).into_response())
}

struct Done {
    begun: Begun,
    record: Option<Record>,
    /// Of what the issuer said, where the body tells it.
    issuer: Option<Keeping>,
}

fn scored(
    state: &AppState,
    tenant: &TenantId,
    sent: &mut Sent,
    now: Timestamp,
) -> Result<Done, Refusal> {
    let ids = sent.ids(now);
    let is_known =
        |id: &&String| TransactionId::new(id).is_ok_and(|id| state.engine.is_known(tenant, &id));
    let id = ids.iter().find(is_known).or(ids.first()).cloned().unwrap_or_default();
    let (mut begun, time) = match begin(state, tenant, sent, (&id, now))? {
        Err(EngineError::Conflict { .. }) => {
            let id = sent.id_by_content(&id);
            begin(state, tenant, sent, (&id, now))?
        }
        begun => begun,
    }?;
    let answer = begun.answer.clone().ok_or_else(Failure::internal)?;
    let record = match begun.record.take() {
        Some(record) => Some(*record),
        None => {
            state.engine.scored(tenant, &answer.0.transaction_id)?.and_then(|scored| scored.record)
        }
    };
    let id = &answer.0.transaction_id;
    let issuer =
        sent.authorized.as_ref().map(|said| authorization(state, tenant, said, (id, time)));
    Ok(Done { begun, record, issuer: issuer.transpose()? })
}

/// Begins a transaction under an id; beside it the time it has.
fn begin(
    state: &AppState,
    tenant: &TenantId,
    sent: &mut Sent,
    (id, now): (&str, Timestamp),
) -> Result<Result<(Begun, Timestamp), EngineError>, Refusal> {
    let times = (sent.time, now);
    evaluate::begin(state, tenant, times, |time| sent.transaction(id, time))
}

/// Records what the issuer had said before the client asked: card testing shows in declines. A repeat may
/// bring it too, as it is no part of the transaction. What can't be kept is told by the keeping: a decision
/// that may be answered pending is answered all the same.
fn authorization(
    state: &AppState,
    tenant: &TenantId,
    (approved, decline_code): &(bool, Option<String>),
    (id, time): (&TransactionId, Timestamp),
) -> Result<Keeping, Refusal> {
    let outcome = if *approved { "approved" } else { "declined" };
    let told = |data: Value| {
        let event = json!({
            "event_id": format!("mf-auth-{outcome}-{}", decision_name(tenant, id.as_str())),
            "type": "auth.result", "event_time": time, "transaction_id": id, "data": data,
        });
        let (event, _) = read_event(event.to_string().as_bytes()).map_err(Failure::from)?;
        match told(state, tenant, &event, crate::clock::now()) {
            Err(EngineError::NotKept(error)) => Ok(Keeping::Refused(error)),
            keeping => keeping.map_err(Failure::from),
        }
    };
    let coded = decline_code.as_ref().map(|code| json!({"outcome": outcome, "decline_code": code}));
    // A code that can't be taken, as one that is a card number, costs no answer.
    let keeping = coded.and_then(|data| told(data).ok());
    keeping.map_or_else(|| Ok(told(json!({ "outcome": outcome }))?), Ok)
}
