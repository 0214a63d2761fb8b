//! What `/metrics` says of disputes: messages heard, deadlines, evidence sent.

use super::metrics::Labels;
use crate::disputes::deadline::{ALARM_HOURS, Answer, deadline};
use crate::domain::{Dispute, Timestamp};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// The metrics of disputes.
pub(super) struct DisputeMetrics {
    webhooks: Family<Labels, Counter>,
    evidence: Family<Labels, Counter>,
    alarms: Family<Labels, Counter>,
    waiting: Family<Labels, Gauge>,
}

impl DisputeMetrics {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let mut counters = |name: &str, help: &str| {
            let family = Family::<Labels, Counter>::default();
            registry.register(name, help, family.clone());
            family
        };
        let webhooks =
            counters("webhooks", "Signed messages of processors, by what became of them");
        let evidence = counters("evidence", "Evidence handed to a processor, by what came of it");
        let alarms = counters("dispute_alarms", "Alarms of deadlines, by hours before");
        let waiting = Family::<Labels, Gauge>::default();
        let help = "Disputes that wait for evidence, by the last alarm";
        registry.register("disputes_waiting", help, waiting.clone());
        Self { webhooks, evidence, alarms, waiting }
    }

    /// Counts a processor's message whose signature is good.
    pub(super) fn heard(&self, processor: &'static str, outcome: &'static str) {
        let labels = vec![("processor", processor.to_owned()), ("outcome", outcome.to_owned())];
        self.webhooks.get_or_create(&labels).inc();
    }

    /// Counts evidence that was handed over or sent, or was to be.
    pub(super) fn evidence(&self, outcome: &'static str) {
        self.evidence.get_or_create(&vec![("outcome", outcome.to_owned())]).inc();
    }

    /// Counts an alarm.
    pub(super) fn alarm(&self, hours: i64) {
        self.alarms.get_or_create(&vec![("hours", hours.to_string())]).inc();
    }

    /// Tells how many disputes wait, by the last alarm that went off; `past_due` for those too late.
    pub(super) fn waiting(&self, disputes: &[Dispute], now: Timestamp) {
        self.waiting.clear();
        let all = ALARM_HOURS.map(|hours| hours.to_string());
        for alarm in all.into_iter().chain(["none".to_owned(), "past_due".to_owned()]) {
            self.waiting.get_or_create(&vec![("alarm", alarm)]).set(0); // that nothing waits is told, too
        }
        for dispute in disputes {
            let left = deadline(dispute, now);
            let alarm = match (left.answer, left.alarm_hours) {
                (Answer::NotWaiting | Answer::NotPossible, _) => continue,
                (Answer::PastDue, _) => "past_due".to_owned(),
                (_, Some(hours)) => hours.to_string(),
                (_, None) => "none".to_owned(),
            };
            self.waiting.get_or_create(&vec![("alarm", alarm)]).inc();
        }
    }
}
