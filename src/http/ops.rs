//! Routes for operators: liveness, readiness, metrics.

use super::state::AppState;
use crate::ledger::Ledger;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// Whether the server can do its work.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Readiness {
    /// True when scores and events are taken.
    ready: bool,
    /// What is in the way.
    reasons: Vec<String>,
    /// Parts that are missing, refused (`rules.refused`: an older one goes on) or stale
    /// (`reference.FILE.stale`), so that answers rest on less than they should.
    degraded: Vec<String>,
}

/// Whether the process runs.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Liveness {
    /// Always `ok`.
    status: &'static str,
}

/// `GET /healthz`: the process answers.
pub(super) async fn health() -> Response {
    axum::Json(Liveness { status: "ok" }).into_response()
}

/// `GET /readyz`: scores are taken and kept. The listener opens only once the ledger is read, so a
/// server that answers has caught up.
pub(super) async fn ready(State(state): State<AppState>) -> Response {
    let mut reasons = Vec::new();
    let mut degraded = state.engine.snapshot().degraded.clone();
    let now = crate::clock::now();
    let versions = state.engine.snapshot().reference.versions().to_vec();
    let stale = versions.into_iter().filter(|version| version.is_stale(now, state.stale_days));
    degraded.extend(stale.filter_map(|version| Some(format!("reference.{}.stale", version.file?))));
    if let Some(health) = state.engine.ledger().map(Ledger::health) {
        // Which file and why is in the log: it is no business of whoever asks.
        if health.fault.is_some() {
            reasons.push("the ledger takes no records".to_owned());
        }
        if health.index_fault.is_some() {
            degraded.push("ledger.index".to_owned());
        }
    }
    if state.tls.as_ref().is_some_and(|tls| tls.is_refused()) {
        degraded.push("tls.refused".to_owned());
    }
    let ready = reasons.is_empty();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, axum::Json(Readiness { ready, reasons, degraded })).into_response()
}

/// `GET /metrics`: the page for a scraper.
pub(super) async fn metrics(State(state): State<AppState>) -> Response {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], state.metrics.page(&state)).into_response()
}
