//! What every handler shares, and the id of a request.

use super::error::with_causes;
use super::metrics::Metrics;
use super::tls::Tls;
use super::unsigned::Places;
use super::worklist::Worklists;
use crate::access::Gate;
use crate::config::{LedgerSettings, ReviewConfig, Secret, ServerConfig, StripeConfig};
use crate::domain::{DisputeTerms, Timestamp};
use crate::engine::{CaseSource, Engine, EngineError, Expired, Reloader, Retention};
use crate::telemetry::{Counts, Tracer};
use crate::webhook::{DeadLetters, Endpoint, Standing};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio_util::task::TaskTracker;

/// A receiver of webhooks, how it stands, and what it never took.
pub struct Teller {
    /// The receiver.
    pub endpoint: Arc<Endpoint>,
    /// How it stands.
    pub standing: Arc<Standing>,
    /// What was given up.
    pub letters: DeadLetters,
}

/// What every handler shares. Cheap to clone.
#[derive(Clone)]
pub struct AppState {
    pub(super) engine: Arc<Engine>,
    pub(super) server: Arc<ServerConfig>,
    pub(super) ledger: Arc<LedgerSettings>,
    pub(super) metrics: Arc<Metrics>,
    /// How long reviews wait.
    pub(super) review: ReviewConfig,
    /// Requests and writings under way; a shutdown waits for them.
    pub(super) work: TaskTracker,
    /// Who may ask for what.
    pub(super) gate: Arc<Gate>,
    /// Absent where nothing can be read again.
    pub(super) reloader: Option<Arc<Reloader>>,
    /// Where disputes are read; without it there are none.
    pub(super) cases: Option<Arc<CaseSource>>,
    /// Where the secrets of Stripe's webhooks are; without it there are none.
    pub(super) stripe_secrets: Option<Arc<Secret>>,
    /// How Stripe is asked.
    pub(super) stripe: Arc<StripeConfig>,
    /// What answering disputes costs.
    pub(super) dispute_terms: Arc<DisputeTerms>,
    /// The last worklist of each tenant.
    pub(super) worklists: Arc<Worklists>,
    /// One reload at a time; others wait here and not in a thread each.
    pub(super) reload_turn: Arc<tokio::sync::Mutex<()>>,
    /// Who is told what happened.
    pub(super) tellers: Arc<Vec<Teller>>,
    /// What connections are taken in with; absent: plain HTTP.
    pub(super) tls: Option<Arc<Tls>>,
    /// Makes spans of requests; absent where none are sent.
    pub(super) tracer: Option<Arc<Tracer>>,
    /// How sending them goes.
    pub(super) told: Option<Counts>,
    /// Places for bodies whose sender is not known before they end.
    pub(super) unsigned: Arc<Places>,
    /// A merchant's file built more days ago is warned of; 0 for never.
    pub(super) stale_days: u32,
    requests: Arc<AtomicU64>,
    started: u64,
}

impl AppState {
    /// State over an engine.
    pub fn new(engine: Arc<Engine>, server: ServerConfig, ledger: LedgerSettings) -> Self {
        let started = u64::try_from(crate::clock::now().millis()).unwrap_or_default();
        let unsigned = Arc::new(Places::of(server.max_in_flight));
        Self {
            engine,
            server: Arc::new(server),
            ledger: Arc::new(ledger),
            metrics: Arc::new(Metrics::new()),
            review: ReviewConfig::default(),
            work: TaskTracker::new(),
            gate: Arc::default(),
            reloader: None,
            cases: None,
            stripe_secrets: None,
            stripe: Arc::default(),
            dispute_terms: Arc::default(),
            worklists: Arc::default(),
            reload_turn: Arc::default(),
            tellers: Arc::default(),
            tls: None,
            tracer: None,
            told: None,
            unsigned,
            stale_days: 0,
            requests: Arc::new(AtomicU64::new(0)),
            started,
        }
    }

    /// The same, able to reload; merchant's files over `stale_days` old are warned of.
    #[must_use]
    pub fn reloading(self, reloader: Arc<Reloader>, stale_days: u32) -> Self {
        Self { reloader: Some(reloader), stale_days, ..self }
    }

    /// The same, with access keys.
    #[must_use]
    pub fn guarded(self, gate: Arc<Gate>) -> Self {
        Self { gate, ..self }
    }

    /// The same, over TLS.
    #[must_use]
    pub fn over(self, tls: Option<Tls>) -> Self {
        Self { tls: tls.map(Arc::new), ..self }
    }

    /// The same, able to answer disputes.
    #[must_use]
    pub fn answering(self, cases: CaseSource) -> Self {
        Self { cases: Some(Arc::new(cases)), ..self }
    }

    /// The same, taking what Stripe sends under these secrets, and sending to it.
    #[must_use]
    pub fn hearing_stripe(self, secrets: Option<Secret>, stripe: StripeConfig) -> Self {
        Self { stripe_secrets: secrets.map(Arc::new), stripe: Arc::new(stripe), ..self }
    }

    /// The same, able to say how those who are told what happened stand.
    #[must_use]
    pub fn telling(self, tellers: Vec<Teller>) -> Self {
        Self { tellers: Arc::new(tellers), ..self }
    }

    /// The same, with a span of each request.
    #[must_use]
    pub fn tracing(self, tracer: Tracer, told: Counts) -> Self {
        Self { tracer: Some(Arc::new(tracer)), told: Some(told), ..self }
    }

    /// The page of `/metrics`.
    pub fn metrics_page(&self) -> String {
        self.metrics.page(self)
    }

    /// The same, with disputes valued under these terms.
    #[must_use]
    pub fn weighing(self, terms: DisputeTerms) -> Self {
        Self { dispute_terms: Arc::new(terms), ..self }
    }

    /// The same, where reviews do not wait for ever.
    #[must_use]
    pub fn reviewing(self, review: ReviewConfig) -> Self {
        Self { review, ..self }
    }

    /// Ends the reviews that waited too long by `now`.
    pub async fn end_overdue_reviews(&self, now: Timestamp) {
        let Some(after_ms) = self.review.timeout_ms() else { return };
        let (engine, outcome) = (self.engine.clone(), self.review.timeout_action.outcome());
        let work = move || engine.end_overdue_reviews((after_ms, outcome), now);
        match tokio::task::spawn_blocking(work).await {
            Ok(Ok(0)) => {}
            Ok(Ok(ended)) => tracing::info!(ended, "reviews ended without a person"),
            Ok(Err(error)) => tracing::warn!(%error, "reviews that are due could not be ended"),
            Err(_) => tracing::error!("ending overdue reviews panicked"),
        }
    }

    /// Erases everybody whose time is over.
    pub async fn expire(&self, rule: Retention) {
        let state = self.clone();
        let work = move || {
            let Some(source) = &state.cases else { return Ok(None) };
            let expired = state.engine.expire(source, rule, &mut |_| ())?;
            // What was valued a moment ago may still tell of them.
            state.worklists.forget_all();
            Ok::<_, EngineError>(Some(expired))
        };
        match tokio::task::spawn_blocking(work).await {
            Ok(Ok(None)) => {}
            Ok(Ok(Some(expired))) => {
                let Expired { erased, held, disputed, disputable } = expired;
                let days = rule.personal_days;
                tracing::info!(erased, held, disputed, disputable, days, "retention was looked at");
            }
            Ok(Err(error)) => {
                let error = with_causes(&error);
                tracing::error!(error, "those whose time is over could not be erased");
            }
            Err(_) => tracing::error!("erasing those whose time is over panicked"),
        }
    }

    /// The next id of our own: start time and number, unique across restarts.
    pub(super) fn next_id(&self) -> RequestId {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        RequestId(format!("{:x}-{number:x}", self.started).into())
    }
}

/// The id of a request: the client's, where it sent a usable one, or ours.
#[derive(Debug, Clone)]
pub(super) struct RequestId(Arc<str>);

impl RequestId {
    /// Longest id taken from a client.
    const MAX: usize = 64;

    /// A client's id, if it is 1..=64 visible ASCII characters. It is logged, so an access key is none.
    pub(super) fn from_client(text: &str) -> Option<Self> {
        let usable = (1..=Self::MAX).contains(&text.len())
            && !text.contains("vouch_")
            && text.bytes().all(|byte| byte.is_ascii_graphic());
        usable.then(|| Self(text.into()))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}
