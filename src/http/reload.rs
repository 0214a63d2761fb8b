//! `POST /v1/reload`, and what every reload is followed by: log lines and metrics.

use super::error::Failure;
use super::state::{AppState, RequestId};
use crate::engine::{PartOutcome, PartReport, Reload};
use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

/// Reads everything again and takes what is good into use. Answers 200 also when parts were refused:
/// the reload has run, and the old parts go on.
pub(super) async fn reload(
    State(state): State<AppState>,
    Extension(request_id): Extension<RequestId>,
) -> Response {
    match state.reload().await {
        Some(done) => axum::Json(done).into_response(),
        None => Failure::internal().into_response(&request_id),
    }
}

impl AppState {
    /// Reloads now, logs and counts. `None` if reading ended in a panic; the old snapshot goes on.
    pub async fn reload(&self) -> Option<Reload> {
        let Some(reloader) = self.reloader.clone() else {
            let versions = self.engine.snapshot().versions.clone();
            return Some(Reload { parts: Vec::new(), versions });
        };
        let _turn = self.reload_turn.lock().await;
        let done = tokio::task::spawn_blocking(move || reloader.reload()).await.ok();
        if let Some(done) = &done {
            self.loaded(done);
        } else {
            tracing::error!("a reload panicked; everything goes on as it was");
        }
        done
    }

    /// Reloads if files have changed.
    pub async fn poll(&self) {
        let Some(reloader) = self.reloader.clone() else { return };
        let _turn = self.reload_turn.lock().await;
        if let Ok(done) = tokio::task::spawn_blocking(move || reloader.poll()).await {
            if let Some(done) = &done {
                self.loaded(done);
            }
        } else {
            tracing::error!("a reload panicked; everything goes on as it was");
        }
    }

    /// Logs and counts what a start or a reload did.
    pub fn loaded(&self, done: &Reload) {
        for part in &done.parts {
            self.metrics.loaded(part);
            log(part);
        }
        let now = crate::clock::now();
        let reference = self.engine.snapshot().reference.clone();
        for source in reference.versions().iter().filter(|v| v.is_stale(now, self.stale_days)) {
            let (file, days) = (source.file.as_deref(), source.age_days(now));
            tracing::warn!(file, days, "a MaxMind-format file is stale");
        }
    }
}

fn log(part: &PartReport) {
    let name = part.part.as_str();
    match part.outcome {
        PartOutcome::Unchanged => {}
        PartOutcome::Replaced => tracing::info!(part = name, "taken into use"),
        PartOutcome::Refused => {
            for fault in &part.faults {
                tracing::error!(
                    part = name,
                    file = fault.file,
                    line = fault.line,
                    column = fault.column,
                    error = fault.message,
                    excerpt = fault.excerpt,
                    "refused; what was there before goes on"
                );
            }
        }
    }
}
