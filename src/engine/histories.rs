//! The three histories an engine keeps, fed by one stream of occurrences: windows of what entities
//! did, what became of sales, and who is tied to whom.

use super::checkpoint::Gate;
use super::service::Engine;
use crate::velocity::sales::Delay;
use crate::velocity::{
    Limits, LinkGraph, Links, Occurrence, SaleOutcomes, Sales, SlidingWindows, Velocity,
};

/// Everything counted so far.
#[derive(Debug)]
pub(super) struct Histories {
    pub(super) windows: SlidingWindows,
    pub(super) sales: SaleOutcomes,
    pub(super) links: LinkGraph,
    /// How long before a reading the windows of sales end. What is kept does not depend on it.
    pub(super) delay: Delay,
    /// What they were made with.
    pub(super) limits: Limits,
    /// Held while something is counted.
    pub(super) gate: Gate,
}

impl Histories {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            windows: SlidingWindows::new(limits),
            sales: SaleOutcomes::new(limits),
            links: LinkGraph::new(limits),
            delay: Delay::default(),
            limits,
            gate: Gate::default(),
        }
    }

    /// Counts one occurrence. Not idempotent: the caller records each once.
    pub(super) fn record(&self, occurrence: &Occurrence) {
        self.windows.record(occurrence);
        self.sales.record(occurrence);
        self.links.record(occurrence);
    }
}

impl Engine {
    /// The same engine, with another time that labels are given to come before a sale is judged; the
    /// default is a week. Nothing kept depends on it.
    #[must_use]
    pub fn with_label_delay(mut self, delay: Delay) -> Self {
        self.histories.delay = delay;
        self
    }

    /// The windows, for metrics.
    pub fn windows(&self) -> &SlidingWindows {
        &self.histories.windows
    }

    /// What became of sales, for metrics and snapshots.
    pub fn sales(&self) -> &SaleOutcomes {
        &self.histories.sales
    }

    /// Who is tied to whom, for metrics, snapshots and people's questions.
    pub fn links(&self) -> &LinkGraph {
        &self.histories.links
    }
}
