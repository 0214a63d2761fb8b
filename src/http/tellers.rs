//! `GET /v1/webhooks`: how the receivers of the caller's tenant stand, with what they never took.

use super::access::Caller;
use super::blocking::apart;
use super::error::{Failure, with_causes};
use super::state::{AppState, RequestId, Teller};
use crate::domain::{TenantId, Timestamp};
use crate::webhook::{Dead, Standing, WebhookError};
use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::sync::atomic::{AtomicU64, Ordering};

/// Most dead letters of one receiver shown, the newest.
const MOST_DEAD: usize = 100;

/// The receivers.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Receivers {
    /// One for each `[[webhook]]` of the tenant, as configured.
    webhooks: Vec<Receiver>,
}

/// A receiver. Counts are since the start of the server.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct Receiver {
    /// Its name.
    name: String,
    /// Scheme, host and port.
    address: String,
    /// What it is told.
    kinds: Vec<&'static str>,
    /// The entry of the ledger up to which everything is done.
    after: u64,
    /// Entries behind it.
    behind: u64,
    /// Messages read and not taken yet.
    pending: u64,
    /// Messages taken.
    delivered: u64,
    /// Tries that failed.
    failed: u64,
    /// Why the last try failed; absent since one was taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_failure: Option<String>,
    /// Messages given up and not sent since, the newest 100.
    dead: Vec<DeadLetter>,
}

/// A message that was given up.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct DeadLetter {
    /// The message's id.
    id: String,
    /// What it was about.
    #[serde(rename = "type")]
    kind: String,
    /// The entry's number in the ledger.
    sequence: u64,
    /// When it was given up.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// After how many tries.
    tries: u32,
    /// What happened last.
    last: String,
}

impl From<Dead> for DeadLetter {
    fn from(dead: Dead) -> Self {
        let Dead { id, kind, sequence, at, tries, last } = dead;
        Self { id, kind, sequence, at, tries, last }
    }
}

/// Answers it.
pub(super) async fn tellers(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Extension(request_id): Extension<RequestId>,
) -> Response {
    match apart(move || read(&state, &caller.tenant)).await {
        Ok(Ok(webhooks)) => axum::Json(Receivers { webhooks }).into_response(),
        Ok(Err(error)) => {
            tracing::error!(error = with_causes(&error), "dead letters can't be read");
            Failure::internal().into_response(&request_id)
        }
        Err(failure) => failure.into_response(&request_id),
    }
}

fn read(state: &AppState, tenant: &TenantId) -> Result<Vec<Receiver>, WebhookError> {
    let end = state.engine.ledger().map_or(0, |ledger| ledger.health().sequence);
    let own = state.tellers.iter().filter(|teller| teller.endpoint.tenant == *tenant);
    own.map(|teller| receiver(teller, end)).collect()
}

fn receiver(teller: &Teller, end: u64) -> Result<Receiver, WebhookError> {
    let Standing { pending, delivered, failed, after, .. } = &*teller.standing;
    let now = |count: &AtomicU64| count.load(Ordering::Relaxed);
    let mut dead = teller.letters.read()?;
    let dead = dead.split_off(dead.len().saturating_sub(MOST_DEAD));
    Ok(Receiver {
        name: teller.endpoint.name.clone(),
        address: teller.endpoint.shown(),
        kinds: teller.endpoint.kinds.iter().map(|kind| kind.word()).collect(),
        after: now(after),
        behind: end.saturating_sub(now(after)),
        pending: now(pending),
        delivered: now(delivered),
        failed: now(failed),
        last_failure: teller.standing.last_failure(),
        dead: dead.into_iter().map(DeadLetter::from).collect(),
    })
}
