//! `[[webhook]]`: who is told what happened.

use super::Secret;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// One receiver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookConfig {
    /// Its name, of `a-z`, `0-9` and `-`: how far it has got is kept under it.
    pub name: String,
    /// Where messages go. Clear text (`http`) is taken for this machine only.
    pub url: String,
    /// Whose messages.
    #[serde(default = "default_tenant")]
    pub tenant: String,
    /// Which messages; empty: all.
    #[serde(default)]
    pub kinds: Vec<String>,
    /// A file with the secret they are signed with, `whsec_` and base64, one a line, two while one takes the
    /// place of the other; absent: the environment's `VOUCH_WEBHOOK_SECRET_` and the name in capitals, `-` as
    /// `_`. Read at each message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<PathBuf>,
    /// A PEM file with the certificates of the authorities its own is from, instead of those Mozilla trusts.
    /// Read at the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<PathBuf>,
    /// How long an answer may take, in milliseconds.
    #[serde(default = "default_timeout_ms")]
    pub timeout_ms: u32,
    /// Tries before a message is given up and lies among the dead letters.
    #[serde(default = "default_attempts")]
    pub attempts: u32,
    /// The wait before the second try, in milliseconds; it doubles each time, less up to a half.
    #[serde(default = "default_backoff_ms")]
    pub backoff_ms: u32,
    /// Longest wait between two tries, in seconds.
    #[serde(default = "default_max_backoff_s")]
    pub max_backoff_s: u32,
    /// Changes how much less than a whole wait each one is.
    #[serde(default)]
    pub seed: u64,
    /// Most messages under way together, each about another person.
    #[serde(default = "default_at_once")]
    pub at_once: usize,
}

fn default_tenant() -> String {
    "default".to_owned()
}

fn default_timeout_ms() -> u32 {
    10_000
}

fn default_attempts() -> u32 {
    20
}

fn default_backoff_ms() -> u32 {
    1_000
}

fn default_max_backoff_s() -> u32 {
    3_600
}

fn default_at_once() -> usize {
    4
}

impl WebhookConfig {
    /// The variable its secret may be in.
    pub fn variable(&self) -> String {
        let name = self.name.to_ascii_uppercase().replace('-', "_");
        format!("VOUCH_WEBHOOK_SECRET_{name}")
    }

    /// Where its secret is; `None` where nothing is set.
    pub fn secret(&self) -> Option<Secret> {
        Secret::of(self.secret.as_ref(), &self.variable())
    }

    /// The setting that is outside its range, and the range.
    pub(super) fn wrong(&self) -> Option<(&'static str, &'static str)> {
        let checks = [
            ("webhook.timeout_ms", "from 1 to 60000", (1..=60_000).contains(&self.timeout_ms)),
            ("webhook.attempts", "from 1 to 100", (1..=100).contains(&self.attempts)),
            ("webhook.backoff_ms", "at least 1", self.backoff_ms >= 1),
            ("webhook.max_backoff_s", "from 1 to 86400", {
                (1..=86_400).contains(&self.max_backoff_s)
            }),
            ("webhook.at_once", "from 1 to 64", (1..=64).contains(&self.at_once)),
        ];
        let wrong = checks.into_iter().find(|(_, _, good)| !good)?;
        Some((wrong.0, wrong.1))
    }
}
