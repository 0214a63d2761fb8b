//! `GET /v1/disputes/{id}/plan`: what settles a dispute, what evidence is there and what is missing, what to do.
//!
//! Its chance rests on all of the tenant's outcomes, as the worklist's does, so it waits for the same turn: who asks
//! for a hundred plans has one valued at a time.

use super::access::Caller;
use super::blocking::apart;
use super::error::{Code, Failure};
use super::state::AppState;
use crate::clock;
use crate::disputes::{CasePlan, plan as plan_of};
use crate::domain::{DisputeId, TenantId};
use axum::Extension;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};

/// Gives the plan.
pub(super) async fn plan(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    id: Result<Path<String>, PathRejection>,
) -> Response {
    let request = caller.request.clone();
    let id = id.ok().and_then(|Path(id)| DisputeId::new(&id).ok());
    let done = match id {
        Some(id) => {
            let turn = state.worklists.of(&caller.tenant).lock_owned().await;
            let work = move || {
                let planned = planned(&state, caller.tenant, &id);
                drop(turn);
                planned
            };
            apart(work).await.and_then(|done| done)
        }
        None => Err(unknown()),
    };
    match done {
        Ok(plan) => axum::Json(plan).into_response(),
        Err(failure) => failure.into_response(&request),
    }
}

fn planned(state: &AppState, tenant: TenantId, id: &DisputeId) -> Result<CasePlan, Failure> {
    let now = clock::now();
    let cases = state.cases.as_ref().ok_or_else(unknown)?.open(tenant, now)?;
    let snapshot = state.engine.snapshot();
    let convert = |value, from, to| snapshot.convert(value, from, to, now);
    plan_of(&cases, id, &state.dispute_terms, &convert, now)?.ok_or_else(unknown)
}

fn unknown() -> Failure {
    Failure::new(Code::NotFound, "no dispute has this id")
}
