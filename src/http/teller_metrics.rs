//! Metrics of the receivers of webhooks, read from how each stands. The label is a name of the configuration.

use super::metrics::Labels;
use super::state::AppState;
use crate::ledger::Ledger;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use std::sync::atomic::{AtomicU64, Ordering};

/// The metrics, each by receiver. Gauges, as they are counted elsewhere.
pub(super) struct TellerMetrics {
    pending: Family<Labels, Gauge>,
    behind: Family<Labels, Gauge>,
    delivered: Family<Labels, Gauge>,
    failed: Family<Labels, Gauge>,
    dead: Family<Labels, Gauge>,
}

impl TellerMetrics {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let mut gauges = |name: &str, help: &str| {
            let family = Family::<Labels, Gauge>::default();
            registry.register(name, help, family.clone());
            family
        };
        Self {
            pending: gauges("webhook_pending", "Messages read and not taken yet, by receiver"),
            behind: gauges("webhook_behind", "Entries behind the last one done, by receiver"),
            delivered: gauges("webhook_delivered", "Messages taken since the start, by receiver"),
            failed: gauges("webhook_failed", "Tries that failed since the start, by receiver"),
            dead: gauges("webhook_dead", "Messages given up since the start, by receiver"),
        }
    }

    /// Takes them as they are now.
    pub(super) fn read(&self, state: &AppState) {
        let end = state.engine.ledger().map(Ledger::health).map_or(0, |health| health.sequence);
        for teller in state.tellers.iter() {
            let labels = vec![("webhook", teller.endpoint.name.clone())];
            let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
            let standing = &teller.standing;
            for (family, value) in [
                (&self.pending, count(&standing.pending)),
                (&self.behind, end.saturating_sub(count(&standing.after))),
                (&self.delivered, count(&standing.delivered)),
                (&self.failed, count(&standing.failed)),
                (&self.dead, count(&standing.dead)),
            ] {
                let value = i64::try_from(value).unwrap_or(i64::MAX);
                family.get_or_create(&labels).set(value);
            }
        }
    }
}
