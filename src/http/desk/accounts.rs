//! `/v1/accounts/{id}`: a person's data given out, kept from erasure, and erased.

use super::super::access::Caller;
use super::super::blocking::apart;
use super::super::error::{Code, Failure};
use super::super::query::Asked;
use super::super::state::AppState;
use super::{ActReceipt, Parts, answer, done, path, read, who};
use crate::clock;
use crate::domain::AccountId;
use crate::engine::{self, Disclosure};
use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use serde::{Deserialize, Serialize};

/// Most records of an answer; whoever has more is written by the command.
const MOST: usize = 10_000;
/// Most bytes of them: a record may carry a processor's message, or a file.
const MOST_BYTES: usize = 32 * 1024 * 1024;

/// A hold to put on a person.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub(in crate::http) struct HoldBody {
    /// Why: a matter or file number, not the person; it is kept in clear and for good.
    #[schema(min_length = 1, max_length = 256)]
    reason: String,
    /// Who orders it.
    #[serde(default)]
    #[schema(max_length = 64)]
    by: Option<String>,
}

/// Who orders something.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub(in crate::http) struct OrderBody {
    /// Their name.
    #[serde(default)]
    #[schema(max_length = 64)]
    by: Option<String>,
}

/// What an erasure destroyed.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::http) struct ErasureReceipt {
    /// Keys that personal values were sealed under; 0 where nothing was left to erase.
    keys: u64,
}

fn account(parts: Parts<String>) -> Result<AccountId, Failure> {
    let name = path(parts)?;
    AccountId::new(&name).map_err(|_| Failure::new(Code::NotFound, "there is nothing of this name"))
}

/// `GET /v1/accounts/{id}/export`
pub(in crate::http) async fn export(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    id: Parts<String>,
    uri: Uri,
) -> Response {
    let told = async {
        let (tenant, by) = who(Asked::of(&uri, &["by"])?.text("by"), &caller)?;
        let account = account(id)?;
        let given = done(&state, move |engine| {
            let (tenant, account, now) = (&tenant, &account, clock::now());
            let (most, most_bytes) = (MOST, MOST_BYTES);
            engine.disclose(&engine::Asked { tenant, account, now, most, most_bytes }, &by)
        });
        let unknown = || Failure::new(Code::NotFound, "nothing was ever recorded of this account");
        given.await?.ok_or_else(unknown)
    };
    answer::<Disclosure>(told.await, &caller.request)
}

/// `POST /v1/accounts/{id}/hold`
pub(in crate::http) async fn hold(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    id: Parts<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let held = async {
        let HoldBody { reason, by } = read(&state, &headers, body).await?;
        let ((tenant, by), account) = (who(by.as_deref(), &caller)?, account(id)?);
        let now = clock::now();
        let hold = move |engine: &std::sync::Arc<engine::Engine>| {
            engine.hold((&tenant, &account), &by, &reason, now)
        };
        done(&state, hold).await.map(|sequence| ActReceipt { sequence })
    };
    answer(held.await, &caller.request)
}

/// `POST /v1/accounts/{id}/release`
pub(in crate::http) async fn release(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    id: Parts<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let released = async {
        let OrderBody { by } = read(&state, &headers, body).await?;
        let ((tenant, by), account) = (who(by.as_deref(), &caller)?, account(id)?);
        let now = clock::now();
        done(&state, move |engine| engine.release((&tenant, &account), &by, now))
            .await
            .map(|sequence| ActReceipt { sequence })
    };
    answer(released.await, &caller.request)
}

/// `POST /v1/accounts/{id}/erase`
pub(in crate::http) async fn erase(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    id: Parts<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let erased = async {
        let OrderBody { by } = read(&state, &headers, body).await?;
        let ((tenant, by), account) = (who(by.as_deref(), &caller)?, account(id)?);
        let now = clock::now();
        apart(move || {
            let keys = state.engine.erase((&tenant, &account), &by, now, &mut |_| ())?;
            // What was valued a moment ago may still tell of them.
            state.worklists.forget(&tenant);
            Ok(ErasureReceipt { keys })
        })
        .await?
    };
    answer(erased.await, &caller.request)
}
