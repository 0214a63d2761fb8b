//! The configuration: one TOML file, every key with its unit in its name, unknown keys refused.
//!
//! Everything has a default that works on a fresh machine. The environment may name one file and hold
//! secrets: `VOUCH_CONFIG`, `VOUCH_MASTER_KEY` (64 hexadecimal digits), `VOUCH_STRIPE_WEBHOOK_SECRETS`,
//! `VOUCH_STRIPE_SECRET_KEY`, `VOUCH_WEBHOOK_SECRET_NAME`.

mod master;
mod telemetry;
mod webhook;

pub use master::{master_key, read_key};
pub use telemetry::TelemetryConfig;
pub use webhook::WebhookConfig;

use crate::decision::{Policy, PolicyError};
use crate::domain::{DisputeTerms, Durability, Outcome};
use crate::rules::CanaryBy;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// All settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The HTTP server.
    pub server: ServerConfig,
    /// The ledger.
    pub ledger: LedgerSettings,
    /// Where rules come from.
    pub rules: RulesConfig,
    /// Where lists come from.
    pub lists: ListsConfig,
    /// Where the model comes from.
    pub model: ModelConfig,
    /// Where tables come from.
    pub reference: ReferenceConfig,
    /// When changed files are taken into use.
    pub reload: ReloadConfig,
    /// History kept in memory.
    pub velocity: VelocityConfig,
    /// History kept in a file, for the next start.
    pub checkpoint: CheckpointConfig,
    /// Reviews that nobody works.
    pub review: ReviewConfig,
    /// When personal values are destroyed.
    pub retention: RetentionConfig,
    /// Stripe, as the source of disputes.
    pub stripe: StripeConfig,
    /// What answering disputes costs.
    pub disputes: DisputeTerms,
    /// Costs and thresholds.
    pub policy: Policy,
    /// Where spans and metrics are sent.
    pub telemetry: TelemetryConfig,
    /// Who is told what happened.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub webhook: Vec<WebhookConfig>,
}

/// The HTTP server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServerConfig {
    /// Longest request body, in bytes.
    pub max_body_bytes: usize,
    /// Most requests worked on at once; more are answered 503.
    pub max_in_flight: usize,
    /// Deadline of a score without `X-Deadline-Ms`, in milliseconds.
    pub default_deadline_ms: u64,
    /// How long a shutdown waits for requests under way, in milliseconds.
    pub shutdown_grace_ms: u64,
    /// Most connections of one address at once; more are closed.
    pub max_connections_per_peer: usize,
    /// How long a connection may take to agree on TLS, in milliseconds.
    pub handshake_ms: u64,
    /// The certificate to serve TLS with; absent: plain HTTP.
    pub tls: Option<TlsConfig>,
}

/// TLS. Both files are PEM; they are read again at every reload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsConfig {
    /// The server's certificate, then those between it and its authority.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// What to do when the ledger can't keep a record in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnSlowDisk {
    /// Answer 503: what was answered is kept.
    Unavailable,
    /// Answer all the same, outside the promise: `durability` is `pending` where the record is still
    /// being written, `none` where the disk refused it.
    AnswerPending,
}

/// The ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LedgerSettings {
    /// When an answer counts as kept: `fsync`, `os` or `async`.
    pub durability: Durability,
    /// For scores.
    pub on_slow_disk_score: OnSlowDisk,
    /// For events.
    pub on_slow_disk_event: OnSlowDisk,
    /// Most records waiting to be written; more are refused.
    pub queue: usize,
    /// Size of a segment file, in MiB.
    pub segment_mib: u32,
}

/// When personal values are destroyed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct RetentionConfig {
    /// Days after the newest entry of a person; 0 for never, and the default: what is right is the merchant's
    /// to say. A legal hold, an open dispute, or a payment that can still be disputed keeps them longer.
    pub personal_days: u32,
}

/// Where rules come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct RulesConfig {
    /// A directory of `*.toml` groups; absent: the bundled packs.
    pub dir: Option<PathBuf>,
}

/// Where lists come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct ListsConfig {
    /// A directory of `*.txt` and `*.csv` files; absent: `lists` in the rules' directory.
    pub dir: Option<PathBuf>,
}

/// Where the model comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct ModelConfig {
    /// A model directory; absent: the bundled synthetic model.
    pub dir: Option<PathBuf>,
    /// True to run without any model, whatever was promoted with `vouch model`.
    pub off: bool,
    /// A model that scores beside the live one and moves nothing.
    pub shadow: Option<PathBuf>,
    /// A model that decides for a share of buyers.
    pub canary: Option<ModelCanaryConfig>,
}

/// A model on trial, and on whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelCanaryConfig {
    /// A model directory.
    pub dir: PathBuf,
    /// Share of buyers, in basis points.
    pub share_bp: u16,
    /// What tells buyers apart: `card`, `account`, `device`, `email` or `ip`.
    pub by: CanaryBy,
}

/// Where tables come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReferenceConfig {
    /// A directory of compiled tables; absent: the bundled ones.
    pub dir: Option<PathBuf>,
    /// MaxMind-format files that override them; of two that state a fact, the first wins.
    pub mmdb: Vec<PathBuf>,
    /// Where large MaxMind-format files are copied to, to be mapped; absent: the system's directory
    /// for temporary files.
    pub copy_dir: Option<PathBuf>,
    /// A MaxMind-format file built more days ago is warned of; 0 for never.
    pub stale_days: u32,
}

/// Taking changed rules, models and tables into use while serving.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct ReloadConfig {
    /// How often to look for changed files, in seconds; 0 for never. SIGHUP and `POST /v1/reload`
    /// reload at once.
    pub poll_s: u32,
}

/// History kept in memory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct VelocityConfig {
    /// Most entities with a history, a share for each kind; beyond, newcomers not seen for longest are
    /// given up first. Beside them a quarter as many sales, a quarter as many of those who bought or
    /// sold them, and an eighth as many links.
    pub max_keys: usize,
    /// How long labels are given to come: the windows of known fraud end so many days before the
    /// transaction; at most 30.
    pub label_delay_days: u32,
}

/// The file that a start goes on from, so that it reads the end of the ledger and not all of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CheckpointConfig {
    /// How often a server writes it, in seconds; 0 for never. With any other value one is written when
    /// the server ends in order, too.
    pub every_s: u32,
}

/// What becomes of a transaction that waits for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReviewConfig {
    /// After how many minutes a review ends without one; 0 for never.
    pub timeout_min: u32,
    /// How it ends then.
    pub timeout_action: ReviewAction,
}

/// Stripe, as the source of disputes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StripeConfig {
    /// A file with the secrets of webhook endpoints, one a line, after the tenant's name where it is not
    /// `default`; absent: the environment's `VOUCH_STRIPE_WEBHOOK_SECRETS`, in the same form. Read at each
    /// message, so that a changed secret counts at once.
    pub webhook_secrets: Option<PathBuf>,
    /// A file with the secret keys of the interface, one a line, after the tenant's name where it is not
    /// `default`; absent: the environment's `VOUCH_STRIPE_SECRET_KEY`, in the same form.
    pub secret_key: Option<PathBuf>,
    /// The interface. Clear text (`http`) is taken for this machine only.
    pub base_url: String,
    /// Where files are uploaded.
    pub files_url: String,
    /// How long one call may take, in milliseconds.
    pub timeout_ms: u32,
    /// How often a call is tried again that got no answer, 429 or 5xx.
    pub retries: u32,
    /// The wait before the first retry, in milliseconds; it doubles each time.
    pub backoff_ms: u32,
    /// Sending without a person.
    pub auto_submit: AutoSubmit,
}

/// Sending evidence without a person, so that no deadline passes unanswered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AutoSubmit {
    /// True to send at all.
    pub enabled: bool,
    /// How many hours before the deadline.
    pub hours_before: u32,
    /// Fewest answers to the claim the records must support; with fewer a person is told.
    pub least_answers: usize,
}

impl Default for AutoSubmit {
    /// Off: a submission is final.
    fn default() -> Self {
        Self { enabled: false, hours_before: 6, least_answers: 2 }
    }
}

/// Where a secret is kept. Its text is never part of a message.
#[derive(Debug, Clone)]
pub enum Secret {
    /// In this file.
    File(PathBuf),
    /// In the environment.
    Environment(Hidden),
}

/// A text whose `Debug` prints nothing; wiped when dropped.
#[derive(Clone)]
pub struct Hidden(zeroize::Zeroizing<String>);

impl std::fmt::Debug for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hidden")
    }
}

impl Secret {
    /// The file, else the variable of the environment, else nothing.
    fn of(file: Option<&PathBuf>, variable: &str) -> Option<Self> {
        let given = || environment(variable).map(|text| Self::Environment(Hidden(text.into())));
        file.map(|file| Self::File(file.clone())).or_else(given)
    }

    /// The text as it is now.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn read(&self) -> std::io::Result<zeroize::Zeroizing<String>> {
        match self {
            Self::File(path) => std::fs::read_to_string(path).map(Into::into),
            Self::Environment(hidden) => Ok(hidden.0.clone()),
        }
    }
}

impl Default for StripeConfig {
    fn default() -> Self {
        Self {
            webhook_secrets: None,
            secret_key: None,
            base_url: "https://api.stripe.com".to_owned(),
            files_url: "https://files.stripe.com".to_owned(),
            timeout_ms: 30_000,
            retries: 4,
            backoff_ms: 500,
            auto_submit: AutoSubmit::default(),
        }
    }
}

impl StripeConfig {
    /// Where the secret key of the interface is; `None` where nothing is set.
    pub fn secret_key(&self) -> Option<Secret> {
        Secret::of(self.secret_key.as_ref(), "VOUCH_STRIPE_SECRET_KEY")
    }

    /// Where the secrets of webhook endpoints are; `None` where nothing is set.
    pub fn webhook_secrets(&self) -> Option<Secret> {
        Secret::of(self.webhook_secrets.as_ref(), "VOUCH_STRIPE_WEBHOOK_SECRETS")
    }
}

/// How a review ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReviewAction {
    /// The transaction goes through.
    Approve,
    /// It is refused.
    Decline,
}

impl Default for ReviewConfig {
    /// Waits for ever: what is right depends on the good.
    fn default() -> Self {
        Self { timeout_min: 0, timeout_action: ReviewAction::Decline }
    }
}

impl ReviewConfig {
    /// How long a review waits, in milliseconds; `None` for ever.
    pub fn timeout_ms(&self) -> Option<i64> {
        (self.timeout_min > 0).then(|| i64::from(self.timeout_min) * 60_000)
    }
}

impl ReviewAction {
    /// The outcome of the event.
    pub fn outcome(self) -> Outcome {
        match self {
            Self::Approve => Outcome::Approved,
            Self::Decline => Outcome::Declined,
        }
    }
}

impl Default for CheckpointConfig {
    fn default() -> Self {
        Self { every_s: 900 }
    }
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            max_body_bytes: 1024 * 1024,
            max_in_flight: 1024,
            default_deadline_ms: 2_000,
            shutdown_grace_ms: 10_000,
            max_connections_per_peer: 2_048,
            handshake_ms: 5_000,
            tls: None,
        }
    }
}

impl Default for LedgerSettings {
    fn default() -> Self {
        Self {
            durability: Durability::Fsync,
            on_slow_disk_score: OnSlowDisk::AnswerPending,
            on_slow_disk_event: OnSlowDisk::Unavailable,
            queue: 16_384,
            segment_mib: 64,
        }
    }
}

impl Default for ReferenceConfig {
    fn default() -> Self {
        Self { dir: None, mmdb: Vec::new(), copy_dir: None, stale_days: 30 }
    }
}

impl Default for VelocityConfig {
    fn default() -> Self {
        Self { max_keys: 10_000_000, label_delay_days: 7 }
    }
}

/// Why the settings can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file can't be read.
    #[error("can't read `{path}`")]
    Read {
        /// The file.
        path: PathBuf,
        /// What happened.
        #[source]
        source: std::io::Error,
    },
    /// Not TOML, a wrong type or an unknown key.
    #[error("`{path}`: {message}")]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Where and what, as the TOML reader says it.
        message: String,
    },
    /// A number outside its range.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// A setting outside its range.
    #[error("`{key}` must be {range}")]
    Range {
        /// The setting's path.
        key: &'static str,
        /// What it may be.
        range: &'static str,
    },
    /// A key or secret where the name of its file belongs. It is not repeated.
    #[error("`{key}` must name a file, not hold the secret itself")]
    SecretInPlace {
        /// The setting's path.
        key: &'static str,
    },
    /// `VOUCH_MASTER_KEY` is not 64 hexadecimal digits.
    #[error("`VOUCH_MASTER_KEY` must be 64 hexadecimal digits")]
    MasterKey,
    /// A file that should hold a master key.
    #[error("`{path}` must hold 64 hexadecimal digits")]
    KeyFile {
        /// The file.
        path: PathBuf,
    },
}

impl Config {
    /// Reads the file named on the command line, else the one `VOUCH_CONFIG` names, else takes the
    /// defaults.
    ///
    /// # Errors
    /// The file can't be read or says something it may not.
    pub fn load(path: Option<&Path>) -> Result<Self, ConfigError> {
        match path.map(Path::to_owned).or_else(|| environment("VOUCH_CONFIG").map(PathBuf::from)) {
            Some(path) => {
                let text = std::fs::read_to_string(&path)
                    .map_err(|source| ConfigError::Read { path: path.clone(), source })?;
                Self::parse(&text, &path)
            }
            None => Ok(Self::default()),
        }
    }

    /// Reads and checks a configuration text; `path` is for messages.
    ///
    /// # Errors
    /// It says something it may not.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let config: Self = toml::from_str(text).map_err(|error| ConfigError::Syntax {
            path: path.to_owned(),
            // It quotes the line, whatever is in it.
            message: without_secrets(&error.to_string()),
        })?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), ConfigError> {
        self.policy.check()?;
        let stripe = &self.stripe;
        for (key, path) in [
            ("stripe.webhook_secrets", &stripe.webhook_secrets),
            ("stripe.secret_key", &stripe.secret_key),
            ("telemetry.authorization", &self.telemetry.authorization),
        ] {
            if path.as_ref().is_some_and(|path| is_secret(&path.to_string_lossy())) {
                return Err(ConfigError::SecretInPlace { key });
            }
        }
        let keeps = [Durability::Fsync, Durability::Os, Durability::Async];
        let checks = [
            ("server.max_body_bytes", "at least 1024", self.server.max_body_bytes >= 1024),
            ("server.max_in_flight", "at least 1", self.server.max_in_flight >= 1),
            ("server.default_deadline_ms", "at least 1", self.server.default_deadline_ms >= 1),
            ("server.max_connections_per_peer", "at least 1", {
                self.server.max_connections_per_peer >= 1
            }),
            ("server.handshake_ms", "from 100 to 60000", {
                (100..=60_000).contains(&self.server.handshake_ms)
            }),
            (
                "ledger.durability",
                "`fsync`, `os` or `async`",
                keeps.contains(&self.ledger.durability),
            ),
            ("ledger.queue", "at least 1", self.ledger.queue >= 1),
            (
                "model.canary.share_bp",
                "from 1 to 10000",
                self.model.canary.as_ref().is_none_or(|c| (1..=10_000).contains(&c.share_bp)),
            ),
            ("ledger.segment_mib", "from 8 to 1024", (8..=1024).contains(&self.ledger.segment_mib)),
            ("stripe.timeout_ms", "at least 1", self.stripe.timeout_ms >= 1),
            (
                "stripe.auto_submit.hours_before",
                "from 1 to 168",
                (1..=168).contains(&self.stripe.auto_submit.hours_before),
            ),
            (
                "stripe.auto_submit.least_answers",
                "at least 1",
                self.stripe.auto_submit.least_answers >= 1,
            ),
            ("stripe.retries", "at most 10", self.stripe.retries <= 10),
            ("disputes", "sums from 0, shares of 0 to 10000", self.disputes.is_possible()),
            ("velocity.max_keys", "at least 1000", self.velocity.max_keys >= 1000),
            ("velocity.label_delay_days", "at most 30", self.velocity.label_delay_days <= 30),
        ];
        let wrong = checks.into_iter().find(|(_, _, good)| !good);
        let wrong = wrong.map(|(key, range, _)| (key, range));
        let wrong = wrong.or_else(|| self.telemetry.wrong());
        match wrong.or_else(|| self.webhook.iter().find_map(WebhookConfig::wrong)) {
            Some((key, range)) => Err(ConfigError::Range { key, range }),
            None => Ok(()),
        }
    }

    /// The settings as the TOML file that would give them.
    pub fn to_toml(&self) -> String {
        toml::to_string_pretty(self).unwrap_or_default()
    }
}

/// How the secrets begin that end up in files of settings: Stripe's and our own.
const SECRET_WORDS: [&str; 5] = ["sk_", "rk_", "whsec_", "vouch_", "-----BEGIN"];

fn is_secret(text: &str) -> bool {
    SECRET_WORDS.iter().any(|word| text.trim_start().starts_with(word))
}

/// A text with every word that is a secret cut to its beginning.
fn without_secrets(text: &str) -> String {
    let mut told = String::with_capacity(text.len());
    for part in text.split_inclusive(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
        let word = part.trim_end_matches(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        // Shorter ones are names of settings.
        let long_run = word.len() >= 32 && word.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if (is_secret(word) && word.len() >= 12) || long_run {
            told.push('…');
            told.push_str(part.strip_prefix(word).unwrap_or_default());
        } else {
            told.push_str(part);
        }
    }
    told
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, String> {
        Config::parse(text, Path::new("vouch.toml")).map_err(|error| error.to_string())
    }

    #[test]
    fn the_defaults_read_back_as_themselves() {
        let text = Config::default().to_toml();
        assert_eq!(parse(&text).unwrap(), Config::default(), "{text}");
        assert_eq!(parse("").unwrap(), Config::default());
    }

    #[test]
    fn no_message_repeats_a_secret() {
        for text in [
            "[stripe]\nsecret_key = \"sk_live_abcdefghijklmnop\"",
            "[stripe]\nwebhook_secrets = \"whsec_abcdefghijklmnop\"",
            "[stripe]\napi_key = \"rk_live_abcdefghijklmnop\"",
            "[stripe]\nsecret_key = [\"sk_live_abcdefghijklmnop\"]",
            "[server]\nmaster_key = \"0123456789abcdef0123456789abcdefghijklmnop\"",
            "vouch_0123456789abcdef_abcdefghijklmnop",
        ] {
            let error = parse(text).unwrap_err();
            assert!(!error.contains("ghijklmnop"), "{error}");
        }
        let error = parse("[stripe]\nsecret_key = \"sk_live_abcdefghijklmnop\"").unwrap_err();
        assert!(error.starts_with("`stripe.secret_key` must name a file"), "{error}");
        let error = parse("[stripe]\nsecret_kay = 1").unwrap_err();
        assert!(error.contains("secret_kay") && error.contains("webhook_secrets"), "{error}");
    }

    #[test]
    fn says_what_is_wrong_and_where() {
        for (text, part) in [
            ("[server]\nmax_bodi_bytes = 1", "max_bodi_bytes"),
            ("[ledger]\ndurability = \"none\"", "ledger.durability"),
            ("[policy.costs]\nmargin = 1.5", "costs.margin"),
            ("[policy.costs_by_currency.EUX]\nmargin = 0.5", "costs_by_currency.EUX"),
            ("[velocity]\nlabel_delay_days = 31", "velocity.label_delay_days"),
            ("[policy.thresholds]\nreview = 50\ndecline = 40", "thresholds"),
            ("[model.canary]\ndir = \"m\"\nby = \"card\"\nshare_bp = 0", "model.canary.share_bp"),
            ("[model.canary]\ndir = \"m\"\nby = \"shoe\"\nshare_bp = 5", "shoe"),
            ("[[webhook]]\nname = \"a\"\nurl = \"https://x\"\nattempts = 0", "webhook.attempts"),
            ("[[webhook]]\nname = \"a\"", "url"),
            ("[server", "line 1"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
