//! `POST /v1/score`.

use super::access;
use super::answer::{ScoreAnswer, complete};
use super::body;
use super::error::{Code, Failure};
use super::state::{AppState, RequestId};
use crate::config::OnSlowDisk;
use crate::domain::Durability;
use crate::engine::{Begun, Keeping, Landing, ScoreRequest};
use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use std::time::Duration;
use tokio::sync::watch;

/// Longest deadline a client may set, in milliseconds.
const MAX_DEADLINE_MS: u64 = 60_000;

/// Scores one transaction.
pub(super) async fn score(
    State(state): State<AppState>,
    Extension(request_id): Extension<RequestId>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    match answer(&state, &headers, body).await {
        Ok(response) => response,
        Err(failure) => failure.into_response(&request_id),
    }
}

async fn answer(state: &AppState, headers: &HeaderMap, body: Body) -> Result<Response, Failure> {
    let deadline = deadline(headers, state.server.default_deadline_ms)?;
    let until = tokio::time::Instant::now() + deadline;
    let bytes = body::read(headers, body, state.server.max_body_bytes).await?;
    let (transaction, warnings) = crate::input::read_transaction(&bytes)?;
    let mut begun = state.engine.begin(ScoreRequest {
        tenant: access::tenant(),
        transaction,
        warnings,
        received_at: Some(crate::clock::now()),
    })?;
    settle(state, &mut begun);
    let kept = kept(begun.keeping, until, state.ledger.on_slow_disk_score).await?;
    let Some(answer) = begun.answer else {
        return Err(Failure::new(Code::Internal, "internal error; the log has the details"));
    };
    if begun.repeated {
        state.metrics.repeated.inc();
    } else {
        state.metrics.decided(&answer.0, &begun.timing);
    }
    let slow = kept == Durability::Pending;
    if slow {
        state.metrics.lacked("ledger");
    }
    let decision = complete(&answer.0, &answer.1, slow);
    let body = ScoreAnswer {
        decision: &decision,
        durability: kept,
        repeated: begun.repeated,
        timing_us: begun.timing.into(),
    };
    Ok(axum::Json(body).into_response())
}

/// Runs the writing in a task of its own: it ends even if nobody waits any more.
pub(super) fn settle(state: &AppState, begun: &mut Begun) {
    if let Some(settling) = begun.settling.take() {
        let engine = state.engine.clone();
        state.settling.spawn(async move { engine.settle(settling).await });
    }
}

/// Waits until the entry is kept or the deadline has come.
pub(super) async fn kept(
    keeping: Keeping,
    until: tokio::time::Instant,
    on_slow_disk: OnSlowDisk,
) -> Result<Durability, Failure> {
    let mut landed = match keeping {
        Keeping::Done(durability) => return Ok(durability),
        Keeping::Flying(landed) => landed,
    };
    match tokio::time::timeout_at(until, landing(&mut landed)).await {
        Ok(Landing::Kept(durability)) => Ok(durability),
        Ok(Landing::Pending | Landing::Failed) => {
            Err(Failure::new(Code::NotKept, "the ledger can't keep this now"))
        }
        Err(_) => match on_slow_disk {
            OnSlowDisk::AnswerPending => Ok(Durability::Pending),
            OnSlowDisk::Unavailable => {
                Err(Failure::new(Code::NotKept, "the ledger did not answer within the deadline"))
            }
        },
    }
}

async fn landing(landed: &mut watch::Receiver<Landing>) -> Landing {
    match landed.wait_for(|landing| *landing != Landing::Pending).await {
        Ok(landing) => *landing,
        Err(_) => Landing::Failed,
    }
}

/// The deadline the client asks for, in whole milliseconds from 1 to 60,000.
pub(super) fn deadline(headers: &HeaderMap, default_ms: u64) -> Result<Duration, Failure> {
    let Some(value) = headers.get("x-deadline-ms") else {
        return Ok(Duration::from_millis(default_ms));
    };
    let given = value.to_str().ok().filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
    let ms = given.and_then(|text| text.parse::<u64>().ok());
    match ms.filter(|ms| (1..=MAX_DEADLINE_MS).contains(ms)) {
        Some(ms) => Ok(Duration::from_millis(ms)),
        None => Err(Failure::new(
            Code::InvalidHeader,
            "`X-Deadline-Ms` must be a whole number from 1 to 60000",
        )),
    }
}
