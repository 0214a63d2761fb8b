//! `POST /v1/reload`, and what every reload is followed by: log lines and metrics.

use super::access::Caller;
use super::error::{Failure, with_causes};
use super::state::AppState;
use crate::domain::{TenantId, Versions};
use crate::engine::{Audit, Changed, Engine, PartOutcome, PartReport, Reload, Who};
use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// Reads everything again and takes what is good into use. Answers 200 also when parts were refused:
/// the reload has run, and the old parts go on.
pub(super) async fn reload(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
) -> Response {
    let who = Who::service("POST /v1/reload");
    let who = caller.key.map_or(who.clone(), |key| who.by_key(&key.to_string()));
    match state.reload(who).await {
        Some(done) => axum::Json(done).into_response(),
        None => Failure::internal().into_response(&caller.request),
    }
}

impl AppState {
    /// Reloads now, logs and counts. `None` if reading ended in a panic; the old snapshot goes on.
    pub async fn reload(&self, who: Who) -> Option<Reload> {
        let (reloader, tls, engine) =
            (self.reloader.clone(), self.tls.clone(), self.engine.clone());
        let _turn = self.reload_turn.lock().await;
        let reload = move || {
            let before = engine.snapshot().versions.clone();
            let mut done = reloader.map_or_else(|| unchanged(&engine), |r| r.reload());
            done.parts.extend(tls.map(|tls| tls.reload(crate::clock::now())));
            audit(&engine, &who, &before, &done);
            done
        };
        let done = tokio::task::spawn_blocking(reload).await.ok();
        if let Some(done) = &done {
            self.loaded(done);
        } else {
            tracing::error!("a reload panicked; everything goes on as it was");
        }
        done
    }

    /// Reloads if files have changed.
    pub async fn poll(&self) {
        let (reloader, tls, engine) =
            (self.reloader.clone(), self.tls.clone(), self.engine.clone());
        let _turn = self.reload_turn.lock().await;
        let poll = move || {
            let before = engine.snapshot().versions.clone();
            let done = reloader.and_then(|reloader| reloader.poll());
            let part = tls.and_then(|tls| tls.poll(crate::clock::now()));
            let mut done = done.or_else(|| part.is_some().then(|| unchanged(&engine)))?;
            done.parts.extend(part);
            audit(&engine, &Who::service("poll"), &before, &done);
            Some(done)
        };
        if let Ok(done) = tokio::task::spawn_blocking(poll).await {
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

/// A reload of nothing.
fn unchanged(engine: &Engine) -> Reload {
    Reload { parts: Vec::new(), versions: engine.snapshot().versions.clone() }
}

/// Writes what was replaced into the ledger. What can't be written is said in the log: a broken rule is not
/// kept in use because the disk is full.
fn audit(engine: &Engine, who: &Who, before: &Versions, done: &Reload) {
    let replaced: Vec<_> = done
        .parts
        .iter()
        .filter(|part| part.outcome == PartOutcome::Replaced)
        .map(|part| part.part.as_str())
        .collect();
    if replaced.is_empty() {
        return;
    }
    let detail = json!({ "parts": replaced, "before": before, "after": done.versions });
    let audit = Audit { changed: Changed::Reloaded, about: None, detail };
    let tenant = TenantId::default_tenant();
    if let Err(error) = engine.audit(&tenant, who, &audit, crate::clock::now()) {
        tracing::error!(error = with_causes(&error), "a reload is not in the audit");
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
