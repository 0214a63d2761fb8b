//! `POST /v1/events`: one event, or an array of them.

use super::access::Caller;
use super::blocking::apart;
use super::error::{Code, ErrorDetail, Failure};
use super::keep::{kept_event, settle};
use super::state::{AppState, RequestId};
use super::{body, deadline};
use crate::domain::{Durability, Event, TenantId, Warning};
use crate::engine::Keeping;
use crate::input::{read_array, read_event};
use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tokio::time::Instant;

/// Most events of one request.
pub(super) const MAX_BATCH: usize = 1_000;

/// The receipt of one event.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct EventReceipt {
    /// The event's id; empty where it could not be read.
    event_id: String,
    /// How far it is kept; absent where it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    durability: Option<Durability>,
    /// True when the id was known: nothing moved.
    repeated: bool,
    /// What was odd about its form; `transaction_unknown` where no transaction of its id is known: the
    /// event is kept, and counts only for the account, device or licence key it names itself.
    warnings: Vec<Warning>,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
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

/// Records one event or a batch.
pub(super) async fn events(
    State(state): State<AppState>,
    Extension(request_id): Extension<RequestId>,
    Extension(Caller { tenant, .. }): Extension<Caller>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    match answer(&state, tenant, (&request_id, &headers), body).await {
        Ok(response) => response,
        Err(failure) => failure.into_response(&request_id),
    }
}

async fn answer(
    state: &AppState,
    tenant: TenantId,
    (request_id, headers): (&RequestId, &HeaderMap),
    body: Body,
) -> Result<Response, Failure> {
    let until = deadline::of(headers, state.server.default_deadline_ms)?;
    let bytes = body::read(headers, body, state.server.max_body_bytes, until).await?;
    let taking = state.clone();
    // Each event looks up its transaction, and a batch is a thousand of them.
    match apart(move || take(&taking, &tenant, &bytes)).await?? {
        Taken::One(handed) => Ok(axum::Json(handed.receipt(state, until).await?).into_response()),
        Taken::Batch(handed) => {
            Ok(axum::Json(receipts(state, request_id, handed, until).await).into_response())
        }
    }
}

/// What a body held.
enum Taken {
    One(Handed),
    /// The id of each, as far as it could be read.
    Batch(Vec<(String, Result<Handed, Failure>)>),
}

/// Hands the events of a body over to the engine.
fn take(state: &AppState, tenant: &TenantId, bytes: &[u8]) -> Result<Taken, Failure> {
    let is_array = bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
    if !is_array {
        let (event, warnings) = read_event(bytes)?;
        return Handed::over(state, tenant, &event, warnings).map(Taken::One);
    }
    let elements = read_array(bytes)?;
    if elements.len() > MAX_BATCH {
        let message = format!("a batch has at most {MAX_BATCH} events");
        return Err(Failure::new(Code::BatchTooLarge, message));
    }
    // All are handed over before the first is waited for: one flush of the disk serves the batch.
    let mut handed = Vec::with_capacity(elements.len());
    for element in elements {
        handed.push(match read_event(element.get().as_bytes()) {
            Ok((event, warnings)) => {
                let id = event.event_id.as_str().to_owned();
                (id, Handed::over(state, tenant, &event, warnings))
            }
            Err(error) => (String::new(), Err(error.into())),
        });
    }
    Ok(Taken::Batch(handed))
}

/// An event on its way to the disk.
struct Handed {
    event_id: String,
    keeping: Keeping,
    repeated: bool,
    warnings: Vec<Warning>,
}

impl Handed {
    fn over(
        state: &AppState,
        tenant: &TenantId,
        event: &Event,
        mut warnings: Vec<Warning>,
    ) -> Result<Self, Failure> {
        let received_at = Some(crate::clock::now());
        let mut begun = state.engine.record_event(tenant, event, received_at)?;
        settle(state, &mut begun);
        warnings.append(&mut begun.warnings);
        Ok(Self {
            event_id: event.event_id.as_str().to_owned(),
            keeping: begun.keeping,
            repeated: begun.repeated,
            warnings,
        })
    }

    async fn receipt(self, state: &AppState, until: Instant) -> Result<EventReceipt, Failure> {
        let durability = kept_event(state, self.keeping, until).await?;
        Ok(EventReceipt {
            event_id: self.event_id,
            durability: Some(durability),
            repeated: self.repeated,
            warnings: self.warnings,
            error: None,
        })
    }
}

async fn receipts(
    state: &AppState,
    request_id: &RequestId,
    handed: Vec<(String, Result<Handed, Failure>)>,
    until: Instant,
) -> BatchReceipt {
    let mut results = Vec::with_capacity(handed.len());
    let mut refused = 0;
    for (place, (event_id, handed)) in handed.into_iter().enumerate() {
        let ended = match handed {
            Ok(handed) => handed.receipt(state, until).await,
            Err(failure) => Err(failure),
        };
        results.push(ended.unwrap_or_else(|failure| {
            refused += 1;
            EventReceipt {
                event_id,
                durability: None,
                repeated: false,
                warnings: Vec::new(),
                error: Some(failure.in_element(place).detail(request_id)),
            }
        }));
    }
    BatchReceipt { accepted: results.len() - refused, refused, results }
}
