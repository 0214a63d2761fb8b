//! `POST /v1/whatif`: would this buyer be blocked now, and by what?

use super::super::access::Caller;
use super::super::error::{Code, Failure};
use super::super::state::AppState;
use super::super::{body, deadline};
use super::{answer, done, parse};
use crate::domain::TransactionId;
use crate::engine::WhatIf;
use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Map, Value};

/// `POST /v1/whatif`. The body is a transaction in which id, type and time may be left out, or
/// `{"transaction_id": …}` alone for one that was scored before.
pub(in crate::http) async fn whatif(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let tenant = caller.tenant.clone();
    let told = async {
        let until = deadline::of(&headers, state.server.default_deadline_ms)?;
        let bytes = body::read(&headers, body, state.server.max_body_bytes, until).await?;
        let mut given: Map<String, Value> = parse(&bytes)?;
        let now = crate::clock::now();
        if let (1, Some(id)) = (given.len(), given.get("transaction_id")) {
            let id: TransactionId = parse(id.to_string().as_bytes())?;
            let found = done(&state, move |engine| engine.what_if_again(&tenant, &id, now));
            let nothing = "no such transaction, or its buyer was erased";
            return found.await?.ok_or_else(|| Failure::new(Code::NotFound, nothing));
        }
        for (name, value) in
            [("transaction_id", "what-if"), ("type", "purchase"), ("event_time", &now.to_string())]
        {
            given.entry(name).or_insert(value.into());
        }
        let whole = serde_json::to_vec(&given).unwrap_or_default();
        let (transaction, _) = crate::input::read_transaction(&whole)?;
        done(&state, move |engine| engine.what_if(&tenant, transaction)).await
    };
    answer::<WhatIf>(told.await, &caller.request)
}
