//! Sending, in a task of its own.

use super::metrics;
use super::span::{Span, Tracer, text};
use crate::clock::now_ns;
use crate::config::TelemetryConfig;
use crate::processor::{Address, Poster, ProcessorError, Untaken};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use zeroize::Zeroizing;

/// Most spans of one message; a request has one and one for each stage.
const MOST: usize = 512;
/// How often the queue is emptied.
const EVERY: Duration = Duration::from_millis(200);
/// The wait after a first failure; it doubles.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_mins(1);
/// The longest a collector may ask to be left alone.
const LONGEST_ASKED: Duration = Duration::from_hours(1);
/// Tries of one message before it is dropped.
const TRIES: u32 = 5;
/// How long the last messages may take when the server ends.
const LAST: Duration = Duration::from_secs(2);

/// How sending goes, since the start.
#[derive(Debug, Clone, Default)]
pub struct Counts {
    /// Requests whose span was taken.
    pub sent: Arc<AtomicU64>,
    /// Requests whose span was dropped: the queue was full, or the collector failed for too long.
    pub dropped: Arc<AtomicU64>,
    /// Messages the collector did not take.
    pub failed: Arc<AtomicU64>,
}

/// Sends what the tracer of the same configuration makes.
pub struct Exporter {
    spans: mpsc::Receiver<Span>,
    batch: Vec<Span>,
    tries: u32,
    wait: Duration,
    not_before: Instant,
    /// Whether the last message of metrics was taken; what a collector thinks of spans is another matter.
    metrics_taken: bool,
    to_traces: Address,
    to_metrics: Address,
    poster: Poster,
    authorization: Option<PathBuf>,
    resource: Value,
    metrics_every: Duration,
    since_ns: u64,
    counts: Counts,
}

/// What makes spans, what sends them, and how that goes; `None` where nothing is to be sent.
///
/// # Errors
/// The collector's address or its authority can't be used.
pub fn exporter(
    config: &TelemetryConfig,
) -> Result<Option<(Tracer, Exporter, Counts)>, ProcessorError> {
    let Some(endpoint) = &config.endpoint else { return Ok(None) };
    let base = endpoint.trim_end_matches('/');
    let to = |path: &str| Address::parse(&format!("{base}{path}"));
    let timeout = Duration::from_millis(config.timeout_ms.into());
    let counts = Counts::default();
    let (queue, spans) = mpsc::channel(config.queue);
    let tracer = Tracer { queue, dropped: counts.dropped.clone(), share_bp: config.share_bp };
    let exporter = Exporter {
        spans,
        batch: Vec::new(),
        tries: 0,
        wait: FIRST_WAIT,
        not_before: Instant::now(),
        metrics_taken: true,
        to_traces: to("/v1/traces")?,
        to_metrics: to("/v1/metrics")?,
        poster: Poster::new(timeout, config.authority.as_deref())?,
        authorization: config.authorization.clone(),
        resource: json!({ "attributes": [
            text("service.name", &config.service),
            text("service.version", env!("CARGO_PKG_VERSION")),
        ]}),
        metrics_every: Duration::from_secs(config.metrics_s.into()),
        since_ns: now_ns(),
        counts: counts.clone(),
    };
    Ok(Some((tracer, exporter, counts)))
}

impl Exporter {
    /// Sends until `stop`, then once more; `page` is that of `/metrics`.
    pub async fn run(mut self, page: impl Fn() -> String, mut stop: watch::Receiver<bool>) {
        let mut spans = interval(EVERY);
        let mut metrics = interval(self.metrics_every);
        for ticks in [&mut spans, &mut metrics] {
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        }
        let sending = async {
            loop {
                tokio::select! {
                    _ = spans.tick() => self.send_spans().await,
                    _ = metrics.tick() => self.send_metrics(&page()).await,
                }
            }
        };
        // Also while a collector hangs: what was on its way is sent once more.
        tokio::select! {
            () = sending => {}
            _ = stop.changed() => {}
        }
        self.not_before = Instant::now();
        let last = async {
            self.send_spans().await;
            self.send_metrics(&page()).await;
        };
        let _ = timeout(LAST, last).await;
    }

    async fn send_spans(&mut self) {
        // No more than a full queue: metrics and the end get their turn while spans come as fast as they go.
        for _ in 0..self.spans.max_capacity().div_ceil(MOST) {
            if Instant::now() < self.not_before {
                return;
            }
            while self.batch.len() < MOST
                && let Ok(span) = self.spans.try_recv()
            {
                self.batch.push(span);
            }
            if self.batch.is_empty() {
                return;
            }
            let spans: Vec<Value> = self.batch.iter().flat_map(Span::json).collect();
            let body = json!({ "resourceSpans": [
                { "resource": self.resource, "scopeSpans": [{ "scope": scope(), "spans": spans }] },
            ]});
            let count = u64::try_from(self.batch.len()).unwrap_or(u64::MAX);
            let Err(untaken) = self.post(&self.to_traces, &body).await else {
                self.counts.sent.fetch_add(count, Ordering::Relaxed);
                (self.tries, self.wait) = (0, FIRST_WAIT);
                self.batch.clear();
                continue;
            };
            self.failed(&self.to_traces, &untaken, self.wait == FIRST_WAIT);
            self.tries += 1;
            self.not_before = Instant::now() + self.wait.max(asked(&untaken));
            self.wait = (self.wait * 2).min(LONGEST_WAIT);
            if self.tries >= TRIES || !may_be_tried_again(&untaken) {
                self.counts.dropped.fetch_add(count, Ordering::Relaxed);
                self.tries = 0;
                self.batch.clear();
            }
        }
    }

    /// Sends what metrics say now. What a collector did not take is said again by the next.
    async fn send_metrics(&mut self, page: &str) {
        let metrics = metrics::read(page, (self.since_ns, now_ns()));
        let body = json!({ "resourceMetrics": [
            { "resource": self.resource, "scopeMetrics": [{ "scope": scope(), "metrics": metrics }] },
        ]});
        let sent = self.post(&self.to_metrics, &body).await;
        if let Err(untaken) = &sent {
            self.failed(&self.to_metrics, untaken, self.metrics_taken);
        }
        self.metrics_taken = sent.is_ok();
    }

    async fn post(&self, to: &Address, body: &Value) -> Result<(), Untaken> {
        let headers: Vec<_> = match &self.authorization {
            Some(path) => match std::fs::read_to_string(path).map(Zeroizing::new) {
                Ok(text) => vec![("authorization", text.trim().to_owned())],
                Err(error) => {
                    return Err(Untaken { why: error.to_string(), status: None, after_ms: None });
                }
            },
            None => Vec::new(),
        };
        self.poster.post(to, &headers, body.to_string().into_bytes()).await
    }

    /// Counts a failure, and logs the first of a row.
    fn failed(&self, to: &Address, Untaken { why, .. }: &Untaken, is_first: bool) {
        self.counts.failed.fetch_add(1, Ordering::Relaxed);
        if is_first {
            tracing::warn!(why, collector = to.shown(), "telemetry is not taken");
        }
    }
}

/// True where nothing was answered, or one of the statuses after which the protocol has a message sent again.
/// Source: OTLP 1.9.0, section "Retryable response codes".
fn may_be_tried_again(untaken: &Untaken) -> bool {
    untaken.status.is_none_or(|status| [429, 502, 503, 504].contains(&status))
}

/// How long the collector asks to wait.
fn asked(untaken: &Untaken) -> Duration {
    let ms = untaken.after_ms.and_then(|ms| u64::try_from(ms).ok());
    Duration::from_millis(ms.unwrap_or_default()).min(LONGEST_ASKED)
}

fn scope() -> Value {
    json!({ "name": "vouch", "version": env!("CARGO_PKG_VERSION") })
}
