//! What every handler shares, and the id of a request.

use super::metrics::Metrics;
use crate::config::{LedgerSettings, ServerConfig};
use crate::engine::Engine;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio_util::task::TaskTracker;

/// What every handler shares. Cheap to clone.
#[derive(Clone)]
pub struct AppState {
    pub(super) engine: Arc<Engine>,
    pub(super) server: Arc<ServerConfig>,
    pub(super) ledger: Arc<LedgerSettings>,
    pub(super) metrics: Arc<Metrics>,
    /// Requests and writings under way; a shutdown waits for them.
    pub(super) work: TaskTracker,
    requests: Arc<AtomicU64>,
    started: u64,
}

impl AppState {
    /// State over an engine.
    pub fn new(engine: Arc<Engine>, server: ServerConfig, ledger: LedgerSettings) -> Self {
        let started = u64::try_from(crate::clock::now().millis()).unwrap_or_default();
        Self {
            engine,
            server: Arc::new(server),
            ledger: Arc::new(ledger),
            metrics: Arc::new(Metrics::new()),
            work: TaskTracker::new(),
            requests: Arc::new(AtomicU64::new(0)),
            started,
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

    /// A client's id, if it is 1..=64 visible ASCII characters.
    pub(super) fn from_client(text: &str) -> Option<Self> {
        let usable = (1..=Self::MAX).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_graphic());
        usable.then(|| Self(text.into()))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}
