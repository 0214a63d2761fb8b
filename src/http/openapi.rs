//! `GET /openapi.json`: the contract, generated from the types the handlers use.

use super::answer::{KeptDecision, ScoreAnswer};
use super::error::ErrorBody;
use super::events::{BatchReceipt, EventReceipt};
use super::ops::{Liveness, Readiness};
use crate::domain::{Event, Transaction};
use axum::response::{IntoResponse, Response};
use std::sync::OnceLock;
use utoipa::OpenApi;

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
