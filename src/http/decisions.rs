//! `GET /v1/decisions/{id}` and `GET /v1/decisions/{id}/explain`.

use super::access::Caller;
use super::answer::{KeptDecision, complete};
use super::blocking::apart;
use super::error::{Code, Failure};
use super::state::{AppState, RequestId};
use crate::engine::Explained;
use axum::Extension;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;

/// Explanations under way at most, of all callers.
static EXPLAINING: Semaphore = Semaphore::const_new(2);

/// Gives a decision back by its own id or its transaction's.
pub(super) async fn decision(
    State(state): State<AppState>,
    Extension(request_id): Extension<RequestId>,
    Extension(Caller { tenant, .. }): Extension<Caller>,
    id: Result<Path<String>, PathRejection>,
) -> Response {
    // An id that is not UTF-8 is nobody's.
    let found = match id {
        Ok(Path(id)) => apart(move || state.engine.find_decision(&tenant, &id)).await,
        Err(_) => Ok(Ok(None)),
    };
    match found.and_then(|found| found.map_err(Failure::from)) {
        Ok(Some((decision, arrival, durability))) => {
            let decision = complete(&decision, &arrival, false);
            axum::Json(KeptDecision { decision: &decision, durability }).into_response()
        }
        Ok(None) => {
            Failure::new(Code::NotFound, "no decision has this id").into_response(&request_id)
        }
        Err(failure) => failure.into_response(&request_id),
    }
}

/// Says why a decision was made, and what would have had to be otherwise.
pub(super) async fn explanation(
    State(state): State<AppState>,
    Extension(request_id): Extension<RequestId>,
    Extension(Caller { tenant, .. }): Extension<Caller>,
    id: Result<Path<String>, PathRejection>,
) -> Response {
    let found = match id {
        Ok(Path(id)) => {
            // One explanation costs as much as thousands of decisions.
            let Ok(place) = EXPLAINING.try_acquire() else {
                let busy = Failure::new(Code::Busy, "other decisions are being explained");
                return busy.into_response(&request_id);
            };
            apart(move || {
                let _until_done = place;
                state.engine.explained(&tenant, &id)
            })
            .await
        }
        Err(_) => Ok(Ok(None)),
    };
    let nothing = |code, why| Failure::new(code, why).into_response(&request_id);
    match found.and_then(|found| found.map_err(Failure::from)) {
        Ok(Some(Explained::Yes(explanation))) => axum::Json(explanation).into_response(),
        Ok(Some(Explained::NotYet)) => nothing(Code::Busy, "the decision is still being written"),
        Ok(Some(Explained::Erased)) => {
            nothing(Code::NothingToExplain, "the person was erased, and the facts with them")
        }
        Ok(Some(Explained::NoModel)) => nothing(Code::NothingToExplain, "no model decided"),
        Ok(None) => nothing(Code::NotFound, "no decision has this id"),
        Err(failure) => failure.into_response(&request_id),
    }
}
