//! `GET /v1/worklist`: what to fight, accept or refund, and where the monitoring ratios end.
//!
//! Valued anew at each request, from the ledger's files and away from the threads that serve checkouts.

use super::access::Caller;
use super::blocking::apart;
use super::error::{Code, Failure};
use super::query::Asked;
use super::state::AppState;
use crate::clock;
use crate::disputes::worklist::{Worklist, worklist};
use axum::Extension;
use axum::extract::State;
use axum::http::Uri;
use axum::response::{IntoResponse, Response};

/// Most items of an answer, and those without a number.
const MOST: usize = 1_000;
const USUAL: usize = 50;

/// Gives the worklist.
pub(super) async fn list(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
) -> Response {
    let request = caller.request.clone();
    let limit =
        Asked::of(&uri, &["limit"]).and_then(|asked| asked.number("limit", 1..=MOST, USUAL));
    let done = match limit {
        Ok(limit) => apart(move || valued(&state, caller, limit)).await.and_then(|done| done),
        Err(failure) => Err(failure),
    };
    match done {
        Ok(list) => axum::Json(list).into_response(),
        Err(failure) => failure.into_response(&request),
    }
}

fn valued(state: &AppState, caller: Caller, limit: usize) -> Result<Worklist, Failure> {
    let none = || Failure::new(Code::NotFound, "this server keeps no disputes");
    let now = clock::now();
    let cases = state.cases.as_ref().ok_or_else(none)?.open(caller.tenant, now)?;
    let snapshot = state.engine.snapshot();
    let convert = |value, from, to| snapshot.convert(value, from, to, now);
    Ok(worklist(&cases, &state.dispute_terms, &convert, limit, now)?)
}
