//! A receiver as it is configured, checked before anything is sent.

use super::error::WebhookError;
use super::message::{Kind, Message};
use super::sign::{Secrets, seconds};
use super::window::Patience;
use crate::config::{Secret, WebhookConfig};
use crate::domain::{TenantId, Timestamp};
use crate::processor::{Address, Poster, Untaken};
use std::time::Duration;

/// A receiver.
pub struct Endpoint {
    /// Its name.
    pub name: String,
    /// Whose messages it gets.
    pub tenant: TenantId,
    /// Which.
    pub kinds: Vec<Kind>,
    pub(super) patience: Patience,
    pub(super) at_once: usize,
    address: Address,
    secret: Secret,
    poster: Poster,
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Endpoint").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Endpoint {
    /// The receivers of a configuration. All must be usable: one that is not stops the start, not a message.
    ///
    /// # Errors
    /// One can't be used, or two have one name.
    pub fn all(configured: &[WebhookConfig]) -> Result<Vec<Self>, WebhookError> {
        let mut endpoints: Vec<Self> = Vec::new();
        for config in configured {
            let endpoint = Self::of(config)?;
            if endpoints.iter().any(|other| other.name == endpoint.name) {
                let what = "another has this name";
                return Err(WebhookError::Name { name: endpoint.name, what });
            }
            endpoints.push(endpoint);
        }
        Ok(endpoints)
    }

    fn of(config: &WebhookConfig) -> Result<Self, WebhookError> {
        let name = config.name.clone();
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if !(1..=64).contains(&name.len()) || !name.bytes().all(plain) {
            let what = "a name has 1 to 64 of `a-z`, `0-9` and `-`";
            return Err(WebhookError::Name { name, what });
        }
        let tenant = TenantId::new(&config.tenant)
            .map_err(|_| WebhookError::Name { name: name.clone(), what: "this is no tenant" })?;
        let address = Address::parse(&config.url)
            .map_err(|source| WebhookError::Address { name: name.clone(), source })?;
        let timeout = Duration::from_millis(config.timeout_ms.into());
        let poster = Poster::new(timeout, config.authority.as_deref())
            .map_err(|source| WebhookError::Address { name: name.clone(), source })?;
        let variable = config.variable();
        let secret = config.secret();
        let secret =
            secret.ok_or_else(|| WebhookError::NoSecret { name: name.clone(), variable })?;
        let endpoint = Self {
            tenant,
            kinds: kinds(config)?,
            patience: Patience {
                attempts: config.attempts,
                backoff_ms: config.backoff_ms.into(),
                max_backoff_ms: i64::from(config.max_backoff_s) * 1_000,
                seed: config.seed,
            },
            at_once: config.at_once,
            address,
            secret,
            poster,
            name,
        };
        endpoint.secrets()?;
        Ok(endpoint)
    }

    /// Where it is, without the path, which may hold a token.
    pub fn shown(&self) -> String {
        self.address.shown()
    }

    fn secrets(&self) -> Result<Secrets, WebhookError> {
        let name = || self.name.clone();
        let text = self.secret.read();
        let text = text.map_err(|source| WebhookError::Unread { name: name(), source })?;
        Secrets::parse(&text).ok_or_else(|| WebhookError::Secret { name: name() })
    }

    /// Sends a message, once.
    pub(super) async fn send(&self, message: &Message, now: Timestamp) -> Result<(), Untaken> {
        let secrets = self.secrets();
        let secrets = secrets.map_err(|error| Untaken {
            why: error.to_string(),
            status: None,
            after_ms: None,
        })?;
        let headers = [
            ("webhook-id", message.id.clone()),
            ("webhook-timestamp", seconds(now).to_string()),
            ("webhook-signature", secrets.sign(&message.id, now, &message.body)),
        ];
        self.poster.post(&self.address, &headers, message.body.clone()).await
    }
}

fn kinds(config: &WebhookConfig) -> Result<Vec<Kind>, WebhookError> {
    if config.kinds.is_empty() {
        return Ok(Kind::all().collect());
    }
    let kind = |word: &String| {
        Kind::from_word(word).ok_or_else(|| {
            let known: Vec<_> = Kind::all().map(|kind| format!("`{}`", kind.word())).collect();
            let (name, kind) = (config.name.clone(), word.clone());
            WebhookError::Kind { name, kind, known: known.join(", ") }
        })
    };
    config.kinds.iter().map(kind).collect()
}
