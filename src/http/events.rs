//! `POST /v1/events`: one event, or an array of them.

use super::access;
use super::body;
use super::error::{Code, ErrorDetail, Failure};
use super::score::{deadline, kept, settle};
use super::state::{AppState, RequestId};
use crate::domain::{Durability, Event};
use crate::engine::Keeping;
use crate::input::InputError;
use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::value::RawValue;

/// Most events of one request.
pub(super) const MAX_BATCH: usize = 1_000;

/// The receipt of one event.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct EventReceipt {
    /// The event's id; empty where it could not be read.
    event_id: String,
    /// How far it is kept; absent where it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    durability: Option<Durability>,
    /// True when the id was known: nothing moved.
    repeated: bool,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorDetail>,
}

/// The receipts of a batch, in the order of the events.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct BatchReceipt {
    /// How many were kept or known.
    accepted: usize,
    /// How many were refused; the others are kept all the same.
    refused: usize,
    /// One for each event.
    results: Vec<EventReceipt>,
}

/// What a request carried.
enum Given {
    One(Box<Event>),
    Batch(Vec<Result<Event, Failure>>),
}

/// Records one event or a batch.
pub(super) async fn events(
    State(state): State<AppState>,
    Extension(request_id): Extension<RequestId>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    match answer(&state, &request_id, &headers, body).await {
        Ok(response) => response,
        Err(failure) => failure.into_response(&request_id),
    }
}

async fn answer(
    state: &AppState,
    request_id: &RequestId,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let deadline = deadline(headers, state.server.default_deadline_ms)?;
    let until = tokio::time::Instant::now() + deadline;
    let bytes = body::read(headers, body, state.server.max_body_bytes).await?;
    match read(&bytes)? {
        Given::One(event) => {
            let receipt = one(state, &event, until).await?;
            Ok(axum::Json(receipt).into_response())
        }
        Given::Batch(events) => {
            Ok(axum::Json(batch(state, request_id, events, until).await).into_response())
        }
    }
}

fn read(bytes: &[u8]) -> Result<Given, Failure> {
    let is_array = bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
    if !is_array {
        let (event, _) = crate::input::read_event(bytes)?;
        return Ok(Given::One(Box::new(event)));
    }
    let items: Vec<&RawValue> = serde_json::from_slice(bytes).map_err(|error| {
        Failure::from(InputError::Syntax {
            line: error.line(),
            column: error.column(),
            message: "not an array of events".to_owned(),
        })
    })?;
    if items.len() > MAX_BATCH {
        let message = format!("a batch has at most {MAX_BATCH} events");
        return Err(Failure::new(Code::BatchTooLarge, message));
    }
    let read = |(place, item): (usize, &&RawValue)| {
        let event = crate::input::read_event(item.get().as_bytes()).map(|(event, _)| event);
        event.map_err(|error| {
            let mut failure = Failure::from(error);
            failure.pointer = format!("/{place}{}", failure.pointer);
            failure
        })
    };
    Ok(Given::Batch(items.iter().enumerate().map(read).collect()))
}

/// An event handed to the ledger.
fn begin(state: &AppState, event: &Event) -> Result<(Keeping, bool), Failure> {
    let received_at = Some(crate::clock::now());
    let mut begun = state.engine.record_event(&access::tenant(), event, received_at)?;
    settle(state, &mut begun);
    Ok((begun.keeping, begun.repeated))
}

async fn one(
    state: &AppState,
    event: &Event,
    until: tokio::time::Instant,
) -> Result<EventReceipt, Failure> {
    let (keeping, repeated) = begin(state, event)?;
    let durability = kept(keeping, until, state.ledger.on_slow_disk_event).await?;
    Ok(EventReceipt {
        event_id: event.event_id.as_str().to_owned(),
        durability: Some(durability),
        repeated,
        error: None,
    })
}

/// Hands all over first and waits then, so that one disk flush serves the whole batch.
async fn batch(
    state: &AppState,
    request_id: &RequestId,
    events: Vec<Result<Event, Failure>>,
    until: tokio::time::Instant,
) -> BatchReceipt {
    let mut begun = Vec::with_capacity(events.len());
    for (place, event) in events.into_iter().enumerate() {
        let id = event.as_ref().map_or_else(|_| String::new(), |e| e.event_id.to_string());
        let handed = event.and_then(|event| {
            begin(state, &event).map_err(|mut failure| {
                failure.pointer = format!("/{place}{}", failure.pointer);
                failure
            })
        });
        begun.push((id, handed));
    }
    let mut results = Vec::with_capacity(begun.len());
    for (event_id, handed) in begun {
        let ended = match handed {
            Ok((keeping, repeated)) => kept(keeping, until, state.ledger.on_slow_disk_event)
                .await
                .map(|durability| (durability, repeated)),
            Err(failure) => Err(failure),
        };
        results.push(match ended {
            Ok((durability, repeated)) => {
                EventReceipt { event_id, durability: Some(durability), repeated, error: None }
            }
            Err(failure) => EventReceipt {
                event_id,
                durability: None,
                repeated: false,
                error: Some(failure.detail(request_id)),
            },
        });
    }
    let refused = results.iter().filter(|receipt| receipt.error.is_some()).count();
    BatchReceipt { accepted: results.len() - refused, refused, results }
}
