//! `GET /v1/worklist`: what to fight, accept or refund, and where the monitoring ratios end.
//!
//! Valued from the ledger's files, away from the threads that serve checkouts: once at a time for a tenant, and
//! given again for a minute, so that who asks by the second, or hangs up and asks again, makes no more work.

use super::access::Caller;
use super::blocking::apart;
use super::error::{Code, Failure};
use super::query::Asked;
use super::state::AppState;
use crate::clock;
use crate::disputes::worklist::{Worklist, worklist};
use crate::domain::{TenantId, Timestamp};
use axum::Extension;
use axum::extract::State;
use axum::http::Uri;
use axum::response::{IntoResponse, Response};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::OwnedMutexGuard;

/// Most items of an answer, and those without a number.
const MOST: usize = 1_000;
const USUAL: usize = 50;
/// How long a worklist is given again.
const KEPT_MS: i64 = 60_000;

/// The last worklist of each tenant. A tenant's lock is held while its list is valued; others wait for it there and
/// not in a thread each.
#[derive(Default)]
pub(super) struct Worklists(Mutex<BTreeMap<TenantId, Arc<Turn>>>);

/// What one tenant's requests wait for.
pub(super) type Turn = tokio::sync::Mutex<Option<Valued>>;

/// A worklist and when it was ready.
pub(super) struct Valued {
    list: Worklist,
    at: Timestamp,
}

impl Worklists {
    /// A tenant's.
    pub(super) fn of(&self, tenant: &TenantId) -> Arc<Turn> {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        turns.entry(tenant.clone()).or_default().clone()
    }

    /// Values a tenant's anew when it is asked for next.
    pub(super) fn forget(&self, tenant: &TenantId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(tenant);
    }

    /// The same for every tenant.
    pub(super) fn forget_all(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl Valued {
    /// A clock that was set back makes it old.
    fn is_fresh(&self, now: Timestamp) -> bool {
        (0..KEPT_MS).contains(&now.millis_since(self.at))
    }
}

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
        Ok(limit) => {
            // Moved into the work: who hangs up lets nobody in beside it.
            let turn = state.worklists.of(&caller.tenant).lock_owned().await;
            apart(move || valued(&state, caller.tenant, limit, turn)).await.and_then(|done| done)
        }
        Err(failure) => Err(failure),
    };
    match done {
        Ok(list) => axum::Json(list).into_response(),
        Err(failure) => failure.into_response(&request),
    }
}

fn valued(
    state: &AppState,
    tenant: TenantId,
    limit: usize,
    mut kept: OwnedMutexGuard<Option<Valued>>,
) -> Result<Worklist, Failure> {
    let none = || Failure::new(Code::NotFound, "this server keeps no disputes");
    let now = clock::now();
    if let Some(valued) = kept.as_ref().filter(|valued| valued.is_fresh(now)) {
        return Ok(valued.list.first(limit));
    }
    let cases = state.cases.as_ref().ok_or_else(none)?.open(tenant, now)?;
    let snapshot = state.engine.snapshot();
    let convert = |value, from, to| snapshot.convert(value, from, to, now);
    let list = worklist(&cases, &state.dispute_terms, &convert, MOST, now)?;
    let shown = list.first(limit);
    *kept = Some(Valued { list, at: clock::now() });
    Ok(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_old_is_too_old() {
        let list = Worklist { items: vec![], rest: 0, monitoring: vec![], notes: vec![] };
        let valued = Valued { list, at: Timestamp::from_millis(1_000_000) };
        let fresh = |after: i64| valued.is_fresh(Timestamp::from_millis(1_000_000 + after));
        assert_eq!([-1, 0, 59_999, 60_000].map(fresh), [false, true, true, false]);
    }
}
