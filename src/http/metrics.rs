//! Counters and histograms for `/metrics`. Labels come from closed lists or the rule set, never from
//! a request, so their number is bounded.

use super::dispute_metrics::DisputeMetrics;
use super::state::AppState;
use super::teller_metrics::TellerMetrics;
use crate::domain::{Action, DAY_MS, Decision, RuleMode};
use crate::engine::{PartOutcome, PartReport, Timing};
use crate::ledger::Ledger;
use crate::telemetry::Counts;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use std::sync::atomic::Ordering;

pub(super) type Labels = Vec<(&'static str, String)>;

/// Every metric of the server.
pub(super) struct Metrics {
    registry: Registry,
    pub(super) panics: Counter,
    pub(super) handshakes_failed: Counter,
    pub(super) in_flight: Gauge,
    pub(super) refused: Counter,
    pub(super) repeated: Counter,
    requests: Family<Labels, Counter>,
    degraded: Family<Labels, Counter>,
    latency: Family<Labels, Histogram, fn() -> Histogram>,
    stages: Family<Labels, Histogram, fn() -> Histogram>,
    decisions: Family<Labels, Counter>,
    shadowed: Family<Labels, Counter>,
    rule_hits: Family<Labels, Counter>,
    rules_undecided: Family<Labels, Counter>,
    not_admitted: Family<Labels, Counter>,
    pub(super) disputes: DisputeMetrics,
    tellers: TellerMetrics,
    telemetry: Family<Labels, Gauge>,
    loads: Family<Labels, Counter>,
    part_refused: Family<Labels, Gauge>,
    days_left: Family<Labels, Gauge>,
    reference_age: Family<Labels, Gauge>,
    reference_stale: Family<Labels, Gauge>,
    velocity_keys: Gauge,
    velocity_evictions: Gauge,
    known_ids: Gauge,
    reviews_waiting: Gauge,
    ledger_records: Gauge,
    ledger_queue: Gauge,
    ledger_failed: Gauge,
    ledger_stalled: Gauge,
    index_lag: Gauge,
}

/// From one microsecond to about four seconds.
fn latency_buckets() -> Histogram {
    Histogram::new(exponential_buckets(1e-6, 2.0, 23))
}

impl Metrics {
    pub(super) fn new() -> Self {
        let mut registry = Registry::with_prefix("vouch");
        let latency = Family::new_with_constructor(latency_buckets as fn() -> Histogram);
        let stages = Family::new_with_constructor(latency_buckets as fn() -> Histogram);
        registry.register("request_seconds", "Time to answer, by route", latency.clone());
        registry.register("stage_seconds", "Time per stage of a score", stages.clone());
        let family = |registry: &mut Registry, name: &str, help: &str| {
            let family = Family::<Labels, Counter>::default();
            registry.register(name, help, family.clone());
            family
        };
        let counter = |registry: &mut Registry, name: &str, help: &str| {
            let counter = Counter::default();
            registry.register(name, help, counter.clone());
            counter
        };
        let gauge = |registry: &mut Registry, name: &str, help: &str| {
            let gauge = Gauge::default();
            registry.register(name, help, gauge.clone());
            gauge
        };
        let r = &mut registry;
        let mut gauges = |name: &str, help: &str| {
            let family = Family::<Labels, Gauge>::default();
            r.register(name, help, family.clone());
            family
        };
        let part_refused = gauges("part_refused", "1 for each part whose newest file was refused");
        let days_left = gauges("part_days_left", "Days until a part in use is over, by part");
        let telemetry =
            gauges("telemetry", "Spans sent and dropped and messages failed since the start");
        let reference_age = gauges("reference_age_days", "Days since data was built, by source");
        let reference_stale = gauges("reference_stale", "1 for a merchant's file that is too old");
        Self {
            disputes: DisputeMetrics::new(r),
            tellers: TellerMetrics::new(r),
            telemetry,
            part_refused,
            days_left,
            reference_age,
            reference_stale,
            not_admitted: family(r, "not_admitted", "Requests refused at the door, by error"),
            loads: family(r, "part_loads", "Parts read at start and by reloads, by outcome"),
            requests: family(r, "requests", "Requests by route and status"),
            degraded: family(r, "degraded", "Answers that lacked a part, by part"),
            decisions: family(r, "decisions", "Decisions by action"),
            shadowed: family(r, "shadow_decisions", "Decisions by action and by the shadow's"),
            rule_hits: family(r, "rule_hits", "Rules that matched, by rule and mode"),
            rules_undecided: family(r, "rules_undecided", "Rules that a missing fact would decide"),
            handshakes_failed: counter(r, "tls_handshakes_failed", "Connections lost at TLS"),
            panics: counter(r, "panics", "Requests ended by a panic"),
            refused: counter(r, "refused", "Requests refused because too many were under way"),
            repeated: counter(r, "repeated", "Requests answered from a stored decision"),
            in_flight: gauge(r, "in_flight", "Requests under way"),
            velocity_keys: gauge(r, "velocity_keys", "Entities with a history"),
            velocity_evictions: gauge(r, "velocity_evictions", "Entities given up since start"),
            known_ids: gauge(r, "known_ids", "Transaction and event ids known"),
            reviews_waiting: gauge(r, "reviews_waiting", "Reviews that wait for a person"),
            ledger_records: gauge(r, "ledger_records", "Records on disk"),
            ledger_queue: gauge(r, "ledger_queue", "Records waiting for the disk"),
            ledger_failed: gauge(r, "ledger_failed", "1 while the ledger takes no records"),
            ledger_stalled: gauge(r, "ledger_stalled_ms", "Age of the write under way; 0: none"),
            index_lag: gauge(r, "index_lag", "Records the SQLite index is behind"),
            latency,
            stages,
            registry,
        }
    }

    /// Counts a request refused for its key.
    pub(super) fn not_admitted(&self, code: &'static str) {
        self.not_admitted.get_or_create(&vec![("error", code.to_owned())]).inc();
    }

    /// Counts an answered request.
    pub(super) fn answered(&self, route: &str, status: u16, seconds: f64) {
        let route = ("route", route.to_owned());
        self.requests.get_or_create(&vec![route.clone(), ("status", status.to_string())]).inc();
        self.latency.get_or_create(&vec![route]).observe(seconds);
    }

    /// Counts a new decision.
    pub(super) fn decided(&self, decision: &Decision, undecided: Vec<String>, timing: &Timing) {
        let action = ("action", decision.action.word().to_owned());
        self.decisions.get_or_create(&vec![action]).inc();
        for hit in &decision.rules {
            let labels = vec![("rule", hit.id.clone()), ("mode", hit.mode.word().to_owned())];
            self.rule_hits.get_or_create(&labels).inc();
        }
        for rule in undecided {
            self.rules_undecided.get_or_create(&vec![("rule", rule)]).inc();
        }
        for part in &decision.degraded {
            self.lacked(part);
        }
        let mut stages = vec![
            ("enrich", timing.enrich),
            ("velocity", timing.velocity),
            ("decide", timing.decide),
        ];
        if let Some(shadow) = &decision.shadow {
            let by = |action: Action| action.word().to_owned();
            let labels = vec![("action", by(decision.action)), ("shadow", by(shadow.action))];
            self.shadowed.get_or_create(&labels).inc();
            stages.push(("shadow", timing.shadow));
        }
        for (stage, us) in stages {
            let labels = vec![("stage", stage.to_owned())];
            self.stages.get_or_create(&labels).observe(seconds(us));
        }
    }

    /// Decisions in which a rule matched since the start.
    pub(super) fn matched(&self, rule: &str, mode: RuleMode) -> u64 {
        let labels = vec![("rule", rule.to_owned()), ("mode", mode.word().to_owned())];
        self.rule_hits.get_or_create(&labels).get()
    }

    /// Decisions in which a missing fact would have decided a rule since the start.
    pub(super) fn unknown(&self, rule: &str) -> u64 {
        self.rules_undecided.get_or_create(&vec![("rule", rule.to_owned())]).get()
    }

    /// New decisions since the start.
    pub(super) fn decided_in_all(&self) -> u64 {
        let of = |action: &Action| {
            self.decisions.get_or_create(&vec![("action", action.word().to_owned())]).get()
        };
        Action::ALL.iter().map(of).sum()
    }

    /// Counts a part that was read.
    pub(super) fn loaded(&self, part: &PartReport) {
        let outcome = match part.outcome {
            PartOutcome::Unchanged => "unchanged",
            PartOutcome::Replaced => "replaced",
            PartOutcome::Refused => "refused",
        };
        let labels = vec![("part", part.part.clone()), ("outcome", outcome.to_owned())];
        self.loads.get_or_create(&labels).inc();
    }

    /// What is in use: refused parts, and the age of each source.
    fn sources(&self, state: &AppState) {
        let snapshot = state.engine.snapshot();
        let now = crate::clock::now();
        for family in [&self.part_refused, &self.reference_age, &self.reference_stale] {
            family.clear();
        }
        for part in snapshot.degraded.iter().filter_map(|part| part.strip_suffix(".refused")) {
            self.part_refused.get_or_create(&vec![("part", part.to_owned())]).set(1);
        }
        if let Some(tls) = &state.tls {
            let tls_part = vec![("part", "tls".to_owned())];
            let refused = i64::from(tls.is_refused());
            self.part_refused.get_or_create(&tls_part).set(refused);
            let left = tls.end().millis_since(now).div_euclid(DAY_MS);
            self.days_left.get_or_create(&tls_part).set(left);
        }
        for version in snapshot.reference.versions() {
            let name = version.file.as_ref().unwrap_or(&version.name).clone();
            let age = i64::try_from(version.age_days(now)).unwrap_or(i64::MAX);
            self.reference_age.get_or_create(&vec![("source", name.clone())]).set(age);
            let stale = i64::from(version.is_stale(now, state.stale_days));
            if version.file.is_some() {
                self.reference_stale.get_or_create(&vec![("source", name)]).set(stale);
            }
        }
    }

    /// How the sending of spans and metrics goes, where they are sent.
    fn telemetry(&self, state: &AppState) {
        let Some(Counts { sent, dropped, failed }) = &state.told else { return };
        for (outcome, count) in [("sent", sent), ("dropped", dropped), ("failed", failed)] {
            let count = i64::try_from(count.load(Ordering::Relaxed)).unwrap_or(i64::MAX);
            self.telemetry.get_or_create(&vec![("outcome", outcome.to_owned())]).set(count);
        }
    }

    /// Counts an answer that lacked a part.
    pub(super) fn lacked(&self, part: &str) {
        self.degraded.get_or_create(&vec![("part", part.to_owned())]).inc();
    }

    /// The page for a scraper.
    pub(super) fn page(&self, state: &AppState) -> String {
        let engine = &state.engine;
        self.sources(state);
        self.tellers.read(state);
        self.telemetry(state);
        let whole = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        let stats = engine.windows().stats();
        self.velocity_keys.set(whole(stats.keys as u64));
        self.velocity_evictions.set(whole(stats.evictions));
        self.known_ids.set(whole(engine.known_ids() as u64));
        self.reviews_waiting
            .set(whole(engine.waiting_reviews(&crate::domain::TenantId::default_tenant()) as u64));
        if let Some(health) = engine.ledger().map(Ledger::health) {
            self.ledger_records.set(whole(health.sequence));
            self.ledger_queue.set(whole(health.queued as u64));
            self.ledger_failed.set(i64::from(health.fault.is_some()));
            let stalled = i64::try_from(health.stalled.as_millis()).unwrap_or(i64::MAX);
            self.ledger_stalled.set(stalled);
            let lag = health.indexed.map_or(0, |indexed| health.sequence.saturating_sub(indexed));
            self.index_lag.set(whole(lag));
        }
        let mut page = String::new();
        match encode(&mut page, &self.registry) {
            Ok(()) => page,
            Err(_) => String::new(),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "microseconds of one request")]
fn seconds(us: u64) -> f64 {
    us as f64 / 1e6
}
