//! `[telemetry]`: where spans and metrics are sent.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The export of spans and metrics by OTLP over HTTP, in JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TelemetryConfig {
    /// The collector, as `http://127.0.0.1:4318`; absent: nothing is sent. Clear text (`http`) is taken for this
    /// machine only.
    pub endpoint: Option<String>,
    /// A file with the value of the header `Authorization`. Read at each message.
    pub authorization: Option<PathBuf>,
    /// A PEM file with the certificates of the authorities the collector's own is from, instead of those Mozilla
    /// trusts. Read at the start.
    pub authority: Option<PathBuf>,
    /// What this server is called there.
    pub service: String,
    /// Share of requests that are told of, in basis points; a caller's own trace says itself whether it is.
    pub share_bp: u16,
    /// Most spans waiting to be sent; more are dropped and counted.
    pub queue: usize,
    /// How often metrics are sent, in seconds.
    pub metrics_s: u32,
    /// How long an answer may take, in milliseconds.
    pub timeout_ms: u32,
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        Self {
            endpoint: None,
            authorization: None,
            authority: None,
            service: "vouch".to_owned(),
            share_bp: 10_000,
            queue: 4_096,
            metrics_s: 60,
            timeout_ms: 5_000,
        }
    }
}

impl TelemetryConfig {
    /// The setting that is outside its range, and the range.
    pub(super) fn wrong(&self) -> Option<(&'static str, &'static str)> {
        let checks = [
            ("telemetry.share_bp", "at most 10000", self.share_bp <= 10_000),
            ("telemetry.queue", "from 1 to 1000000", (1..=1_000_000).contains(&self.queue)),
            ("telemetry.metrics_s", "from 1 to 86400", (1..=86_400).contains(&self.metrics_s)),
            ("telemetry.timeout_ms", "from 1 to 60000", (1..=60_000).contains(&self.timeout_ms)),
        ];
        let wrong = checks.into_iter().find(|(_, _, good)| !good)?;
        Some((wrong.0, wrong.1))
    }
}
