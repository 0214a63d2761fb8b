//! Routes for people: lists, rules asleep, reviews, appeals, what would be decided, and a person's data.

pub(super) mod accounts;
pub(super) mod appeals;
pub(super) mod lists;
pub(super) mod reviews;
pub(super) mod rules;
pub(super) mod snoozes;
pub(super) mod whatif;

use super::access::Caller;
use super::blocking::apart;
use super::error::{Code, Failure};
use super::state::{AppState, RequestId};
use super::{body, deadline};
use crate::domain::{TenantId, Timestamp, excerpt};
use crate::engine::{Engine, EngineError, Who};
use axum::body::Body;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The parts of a path, or that nothing is there.
pub(super) type Parts<T> = Result<Path<T>, PathRejection>;

fn path<T>(parts: Parts<T>) -> Result<T, Failure> {
    // What is not UTF-8 is nobody's name.
    parts
        .map(|Path(parts)| parts)
        .map_err(|_| Failure::new(Code::NotFound, "there is nothing of this name"))
}

/// Reads a JSON body.
async fn read<T: DeserializeOwned>(
    state: &AppState,
    headers: &HeaderMap,
    body: Body,
) -> Result<T, Failure> {
    let until = deadline::of(headers, state.server.default_deadline_ms)?;
    let bytes = body::read(headers, body, state.server.max_body_bytes, until).await?;
    parse(&bytes)
}

/// A body as what it should be. Messages quote no card number.
fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(bytes).map_err(|error| {
        let code = if error.is_data() { Code::InvalidField } else { Code::MalformedBody };
        Failure::new(code, excerpt(&error.to_string(), 300))
    })
}

/// Runs what waits for the disk on a thread of its own.
async fn done<T: Send + 'static>(
    state: &AppState,
    work: impl FnOnce(&Arc<Engine>) -> Result<T, EngineError> + Send + 'static,
) -> Result<T, Failure> {
    let engine = state.engine.clone();
    apart(move || work(&engine)).await?.map_err(Failure::from)
}

fn answer<T: Serialize>(answer: Result<T, Failure>, id: &RequestId) -> Response {
    match answer {
        Ok(answer) => axum::Json(answer).into_response(),
        Err(failure) => failure.into_response(id),
    }
}

/// For which tenant somebody acts and who: by the name they give, and the key they came by.
fn who(given: Option<&str>, caller: &Caller) -> Result<(TenantId, Who), Failure> {
    let name = given.unwrap_or("operator");
    let who = Who::new(name).map(|who| match caller.key {
        Some(key) => who.by_key(&key.to_string()),
        None => who,
    });
    who.map(|who| (caller.tenant.clone(), who)).ok_or_else(|| {
        let message = format!("a name of 1 to {} characters", crate::engine::MAX_WHO);
        field("/by", message)
    })
}

fn field(pointer: &str, message: impl Into<String>) -> Failure {
    Failure { pointer: pointer.to_owned(), ..Failure::new(Code::InvalidField, message) }
}

/// The end of something: a time, or so many hours from now.
#[derive(Debug, Clone, Copy, Default, Deserialize, utoipa::ToSchema)]
pub(in crate::http) struct End {
    /// Until then.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    /// Or for so many hours from now, at most ten years.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 87600)]
    hours: Option<u32>,
}

impl End {
    /// Neither is no end; both are one too many.
    fn at(self, now: Timestamp) -> Result<Option<Timestamp>, Failure> {
        const MOST: u32 = 87_600;
        match (self.until, self.hours) {
            (Some(_), Some(_)) => Err(field("/hours", "give `until` or `hours`, not both")),
            (Some(until), None) => Ok(Some(until)),
            (None, Some(hours)) if (1..=MOST).contains(&hours) => {
                Ok(Some(now.plus_millis(i64::from(hours) * crate::domain::HOUR_MS)))
            }
            (None, Some(_)) => Err(field("/hours", format!("a whole number from 1 to {MOST}"))),
            (None, None) => Ok(None),
        }
    }
}

/// That something was written.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::http) struct ActReceipt {
    /// The entry of the ledger that says so.
    sequence: u64,
}

/// That something was undone.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::http) struct UndoReceipt {
    /// True; what was not there is 404.
    undone: bool,
}

fn undone(found: bool, what: &str) -> Result<UndoReceipt, Failure> {
    if found { Ok(UndoReceipt { undone: true }) } else { Err(Failure::new(Code::NotFound, what)) }
}
