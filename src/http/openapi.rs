//! `GET /openapi.json`: the contract, generated from the types the handlers use.

use super::answer::{KeptDecision, ScoreAnswer};
use super::error::ErrorBody;
use super::events::{BatchReceipt, EventReceipt, MAX_BATCH};
use super::ops::{Liveness, Readiness};
use crate::domain::{Event, Transaction};
use axum::response::{IntoResponse, Response};
use std::sync::OnceLock;
use utoipa::openapi::schema::{ArrayBuilder, OneOfBuilder};
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{OpenApi, PartialSchema, ToSchema};

/// Serves the document.
pub(super) async fn document() -> Response {
    static DOCUMENT: OnceLock<utoipa::openapi::OpenApi> = OnceLock::new();
    axum::Json(DOCUMENT.get_or_init(Contract::openapi)).into_response()
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Vouch",
        description = "Fraud scoring and chargeback evidence for sellers of digital goods.",
        license(name = "Apache-2.0 OR MIT")
    ),
    paths(score, events, decision, health, ready, metrics, openapi),
    components(schemas(
        Transaction, Event, ScoreAnswer<'static>, KeptDecision<'static>, EventReceipt,
        BatchReceipt, ErrorBody, Readiness, Liveness
    ))
)]
pub(super) struct Contract;

#[utoipa::path(
    post, path = "/v1/score", tag = "scoring",
    summary = "Score one transaction",
    params(
        ("x-deadline-ms" = Option<u32>, Header, minimum = 1, maximum = 60000,
            description = "Answer within so many milliseconds"),
        ("x-request-id" = Option<String>, Header, description = "Returned and logged"),
    ),
    request_body = Transaction,
    responses(
        (status = 200, description = "The decision", body = ScoreAnswer<'static>),
        (status = 400, description = "Not JSON, not UTF-8, or a bad header", body = ErrorBody),
        (status = 408, description = "The body took too long", body = ErrorBody),
        (status = 409, description = "The id is known with other content", body = ErrorBody),
        (status = 413, description = "The body is too large", body = ErrorBody),
        (status = 422, description = "A member is wrong, or carries a card number", body = ErrorBody),
        (status = 503, description = "Too busy, or the record can't be kept", body = ErrorBody),
    )
)]
#[expect(dead_code, reason = "carries the contract of a route")]
fn score() {}

#[utoipa::path(
    post, path = "/v1/events", tag = "events",
    summary = "Record one event, or an array of at most 1,000",
    params(
        ("x-deadline-ms" = Option<u32>, Header, minimum = 1, maximum = 60000,
            description = "Answer within so many milliseconds"),
        ("x-request-id" = Option<String>, Header, description = "Returned and logged"),
    ),
    request_body = EventsBody,
    responses(
        (status = 200, description = "The receipt, or one for each event", body = EventsAnswer),
        (status = 400, description = "Not JSON, not UTF-8, or a bad header", body = ErrorBody),
        (status = 408, description = "The body took too long", body = ErrorBody),
        (status = 409, description = "The id is known with other content", body = ErrorBody),
        (status = 413, description = "The body is too large", body = ErrorBody),
        (status = 422, description = "A member is wrong or missing", body = ErrorBody),
        (status = 503, description = "Too busy, or the event can't be kept", body = ErrorBody),
    )
)]
#[expect(dead_code, reason = "carries the contract of a route")]
fn events() {}

/// One event or a batch.
struct EventsBody;

impl PartialSchema for EventsBody {
    fn schema() -> RefOr<Schema> {
        let event = Ref::from_schema_name("Event");
        let batch = ArrayBuilder::new().items(event.clone()).max_items(Some(MAX_BATCH));
        OneOfBuilder::new().item(event).item(batch).into()
    }
}
impl ToSchema for EventsBody {}

/// One receipt or those of a batch.
struct EventsAnswer;

impl PartialSchema for EventsAnswer {
    fn schema() -> RefOr<Schema> {
        let names = ["EventReceipt", "BatchReceipt"];
        let either = names.into_iter().fold(OneOfBuilder::new(), |either, name| {
            either.item(Ref::from_schema_name(name))
        });
        either.into()
    }
}
impl ToSchema for EventsAnswer {}

#[utoipa::path(
    get, path = "/v1/decisions/{id}", tag = "scoring",
    summary = "A decision by its id or its transaction's",
    params(("id" = String, Path, description = "`d-…` or a transaction id")),
    responses(
        (status = 200, description = "The decision as it was answered", body = KeptDecision<'static>),
        (status = 400, description = "The id is not UTF-8", body = ErrorBody),
        (status = 404, description = "No decision has this id", body = ErrorBody),
        (status = 503, description = "Too busy", body = ErrorBody),
    )
)]
#[expect(dead_code, reason = "carries the contract of a route")]
fn decision() {}

#[utoipa::path(
    get, path = "/healthz", tag = "operations", summary = "The process runs",
    responses((status = 200, description = "It does", body = Liveness),
        (status = 503, description = "Too busy", body = ErrorBody))
)]
#[expect(dead_code, reason = "carries the contract of a route")]
fn health() {}

#[utoipa::path(
    get, path = "/readyz", tag = "operations", summary = "Scores are taken and kept",
    responses(
        (status = 200, description = "Ready", body = Readiness),
        (status = 503, description = "Not now", body = Readiness),
    )
)]
#[expect(dead_code, reason = "carries the contract of a route")]
fn ready() {}

#[utoipa::path(
    get, path = "/metrics", tag = "operations", summary = "Metrics in OpenMetrics text",
    responses((status = 200, description = "The page", body = String,
            content_type = "application/openmetrics-text"),
        (status = 503, description = "Too busy", body = ErrorBody))
)]
#[expect(dead_code, reason = "carries the contract of a route")]
fn metrics() {}

#[utoipa::path(
    get, path = "/openapi.json", tag = "operations", summary = "This document",
    responses((status = 200, description = "OpenAPI 3.1"),
        (status = 503, description = "Too busy", body = ErrorBody))
)]
#[expect(dead_code, reason = "carries the contract of a route")]
fn openapi() {}
