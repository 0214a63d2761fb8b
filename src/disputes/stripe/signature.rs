//! Whether a message was sent by Stripe, and for whom: the `Stripe-Signature` header.
//!
//! Shape: `t=SECONDS,v1=HEX[,v1=HEX…]`; `v1` is HMAC-SHA256 over `SECONDS.BODY` under the endpoint's
//! secret, and any of several may match while a secret is being rotated. Other schemes are ignored:
//! `v0` is for tests and may be forged. Source: docs.stripe.com/webhooks, official SDK 23.1.0.
//!
//! The SDK refuses old times only; a time far ahead is refused here too, for it would make a recorded
//! message good for as long as its sender likes. Digests are compared in constant time.

use crate::domain::{TenantId, Timestamp};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::fmt;
use zeroize::Zeroizing;

/// How far a signature's time may be from ours, in seconds, either way.
pub const TOLERANCE_S: i64 = 300;
/// Fewest characters of a secret.
const LEAST_CHARS: usize = 16;
/// Most secrets of one server: each is tried on each message.
const MOST_SECRETS: usize = 1_000;

/// Why a message is not taken for Stripe's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The header is not of the documented shape.
    #[error("the header `Stripe-Signature` is not `t=SECONDS,v1=HEX`")]
    Malformed,
    /// Its time is too far from ours.
    #[error(
        "its time is {seconds} seconds from this server's clock; at most {TOLERANCE_S} are taken"
    )]
    OutOfTime {
        /// How far, either way.
        seconds: u64,
    },
    /// No digest is of one of our secrets.
    #[error("no signature in the header `Stripe-Signature` matches")]
    NoMatch,
}

/// Why a file of secrets can't be used. Quotes no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretsError {
    /// A line is not `SECRET` or `TENANT SECRET`.
    #[error(
        "line {line}: a secret of at least {LEAST_CHARS} characters, after the tenant's name where it is not `default`"
    )]
    Line {
        /// Its number, from 1.
        line: usize,
    },
    /// Two tenants with one secret: whose message it is could not be told.
    #[error("line {line}: this secret is another tenant's already")]
    Shared {
        /// Its number, from 1.
        line: usize,
    },
    /// Nothing but comments.
    #[error("there is no secret")]
    Empty,
    /// Too many.
    #[error("at most {MOST_SECRETS} secrets are taken")]
    TooMany,
}

/// The secrets of every tenant's endpoints.
pub struct WebhookSecrets(Vec<(TenantId, Zeroizing<String>)>);

impl fmt::Debug for WebhookSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WebhookSecrets({})", self.0.len())
    }
}

impl WebhookSecrets {
    /// Reads one secret a line, `whsec_…` or `TENANT whsec_…`; empty lines and `#` comments are
    /// skipped. Several of one tenant are all good, so that one can be rotated without a gap.
    ///
    /// # Errors
    /// Names the first line that is wrong.
    pub fn parse(text: &str) -> Result<Self, SecretsError> {
        let mut secrets: Vec<(TenantId, Zeroizing<String>)> = Vec::new();
        for (line, words) in (1..).zip(text.lines().map(str::trim)) {
            if words.is_empty() || words.starts_with('#') {
                continue;
            }
            let mut words = words.split_whitespace();
            let (tenant, secret) = match (words.next(), words.next(), words.next()) {
                (Some(secret), None, None) => (Some(TenantId::default_tenant()), secret),
                (Some(tenant), Some(secret), None) => (TenantId::new(tenant).ok(), secret),
                _ => (None, ""),
            };
            let Some(tenant) = tenant.filter(|_| secret.len() >= LEAST_CHARS) else {
                return Err(SecretsError::Line { line });
            };
            if secrets.iter().any(|(other, known)| known.as_str() == secret && *other != tenant) {
                return Err(SecretsError::Shared { line });
            }
            secrets.push((tenant, Zeroizing::new(secret.to_owned())));
        }
        match secrets.len() {
            0 => Err(SecretsError::Empty),
            1..=MOST_SECRETS => Ok(Self(secrets)),
            _ => Err(SecretsError::TooMany),
        }
    }

    /// Whose secrets these are.
    pub fn tenants(&self) -> impl Iterator<Item = &TenantId> {
        self.0.iter().map(|(tenant, _)| tenant)
    }

    /// Whose message a body is, by its header. Every secret is tried, whichever matches.
    ///
    /// # Errors
    /// The header is malformed, out of time, or of no secret known here.
    pub fn tenant_of(
        &self,
        header: &str,
        body: &[u8],
        now: Timestamp,
    ) -> Result<&TenantId, SignatureError> {
        let signed = Signed::read(header)?.in_time(now)?;
        let mut found = None;
        for (tenant, secret) in &self.0 {
            if signed.is_by(secret.as_bytes(), body) && found.is_none() {
                found = Some(tenant);
            }
        }
        found.ok_or(SignatureError::NoMatch)
    }
}

/// Whether a header could be of some secret: of the shape, in time, with a digest. Costs no reading of a
/// body, so that who sends anything is refused before one is waited for.
///
/// # Errors
/// The header is malformed or out of time.
pub fn may_be_good(header: &str, now: Timestamp) -> Result<(), SignatureError> {
    let signed = Signed::read(header)?.in_time(now)?;
    if signed.digests.is_empty() { Err(SignatureError::Malformed) } else { Ok(()) }
}

/// The header, read.
struct Signed<'h> {
    at: i64,
    /// As written: it is part of what is signed.
    at_text: &'h str,
    digests: Vec<[u8; 32]>,
}

impl<'h> Signed<'h> {
    fn read(header: &'h str) -> Result<Self, SignatureError> {
        let mut time = None;
        let mut digests = Vec::new();
        for (name, value) in header.split(',').filter_map(|part| part.trim().split_once('=')) {
            match name {
                "t" if time.is_some() => return Err(SignatureError::Malformed),
                "t" => time = Some(value),
                "v1" => digests.extend(unhex(value)),
                _ => {}
            }
        }
        let at_text = time.ok_or(SignatureError::Malformed)?;
        let at = at_text.parse().map_err(|_| SignatureError::Malformed)?;
        Ok(Self { at, at_text, digests })
    }

    fn in_time(self, now: Timestamp) -> Result<Self, SignatureError> {
        let seconds = now.millis().div_euclid(1_000).abs_diff(self.at);
        let is_near = seconds <= TOLERANCE_S.unsigned_abs();
        if is_near { Ok(self) } else { Err(SignatureError::OutOfTime { seconds }) }
    }

    fn is_by(&self, secret: &[u8], body: &[u8]) -> bool {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else { return false };
        mac.update(self.at_text.as_bytes());
        mac.update(b".");
        mac.update(body);
        // All are compared, in constant time each.
        let matches = |digest: &&[u8; 32]| mac.clone().verify_slice(*digest).is_ok();
        self.digests.iter().filter(matches).count() > 0
    }
}

/// The header Stripe would send: for tests and for tools that stand in for it.
pub fn header(secret: &str, body: &[u8], at: Timestamp) -> String {
    let seconds = at.millis().div_euclid(1_000).to_string();
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        return String::new(); // a key of any length is one
    };
    mac.update(seconds.as_bytes());
    mac.update(b".");
    mac.update(body);
    let digest = mac.finalize().into_bytes();
    format!("t={seconds},v1={}", super::super::hex(&digest))
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().as_chunks::<2>().0) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"object":"event"}"#;
    const ONE: &str = "whsec_one_one_one";
    const TWO: &str = "whsec_two_two_two";

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000 + 999)
    }

    fn secrets() -> WebhookSecrets {
        WebhookSecrets::parse(&format!("# rotated in June\n{ONE}\n\nshop-2 {TWO}\n")).unwrap()
    }

    #[test]
    fn what_can_be_nobodys_is_told_from_its_header() {
        let (good, digest) = (header("of-somebody-else", BODY, at(1_000)), "ab".repeat(32));
        assert_eq!(may_be_good(&good, at(1_300)), Ok(()));
        assert_eq!(may_be_good(&good, at(1_301)), Err(SignatureError::OutOfTime { seconds: 301 }));
        for bad in ["", "t=1000", "t=1000,v1=", "t=1000,v1=00", "t=,v1=00", &format!("v1={digest}")]
        {
            assert_eq!(may_be_good(bad, at(1_000)), Err(SignatureError::Malformed), "{bad}");
        }
        assert!(may_be_good(&format!("t=1000,v0={digest}"), at(1_000)).is_err());
    }

    #[test]
    fn a_known_answer_of_another_implementation() {
        // `printf '1700000000.{"object":"event"}' | openssl dgst -sha256 -hmac whsec_one_one_one`
        let known = "c67215c9765476f2827a5e063b69caff6c02da039973edb73178d980ca805ea4";
        assert_eq!(header(ONE, BODY, at(1_700_000_000)), format!("t=1700000000,v1={known}"));
    }

    #[test]
    fn the_secret_tells_the_tenant() {
        let now = at(1_700_000_000);
        for (secret, tenant) in [(ONE, "default"), (TWO, "shop-2")] {
            let header = header(secret, BODY, now);
            let secrets = secrets();
            assert_eq!(secrets.tenant_of(&header, BODY, now).unwrap().as_str(), tenant);
        }
    }

    #[test]
    fn five_minutes_either_way_and_no_more() {
        let header = header(ONE, BODY, at(1_700_000_000));
        for (now, is_good) in [(-301, false), (-300, true), (0, true), (300, true), (301, false)] {
            let secrets = secrets();
            let found = secrets.tenant_of(&header, BODY, at(1_700_000_000 + now));
            assert_eq!(found.is_ok(), is_good, "{now}: {found:?}");
        }
    }

    #[test]
    fn several_digests_one_of_them_ours() {
        let now = at(1_700_000_000);
        let good = header(ONE, BODY, now);
        let digest = good.split_once(",v1=").unwrap().1.to_owned();
        let other = "0".repeat(64);
        let upper = digest.to_ascii_uppercase();
        let mut flipped = digest.clone();
        flipped.replace_range(63..64, if digest.ends_with('0') { "1" } else { "0" });
        for (header, expected) in [
            (format!("t=1700000000,v1={other},v1={digest}"), Ok(())),
            (format!("t=1700000000, v1={digest} , v0={other}"), Ok(())),
            (format!("t=1700000000,v1={upper}"), Ok(())),
            (format!("v1={digest},t=1700000000"), Ok(())),
            (format!("t=1700000000,v0={digest}"), Err(SignatureError::NoMatch)),
            (format!("t=1700000000,v1={flipped}"), Err(SignatureError::NoMatch)),
            (format!("t=1700000000,v1={}", &digest[..62]), Err(SignatureError::NoMatch)),
            (format!("t=1700000001,v1={digest}"), Err(SignatureError::NoMatch)),
            ("t=1700000000".to_owned(), Err(SignatureError::NoMatch)),
            (format!("v1={digest}"), Err(SignatureError::Malformed)),
            (format!("t=now,v1={digest}"), Err(SignatureError::Malformed)),
            (format!("t=1700000000,t=1700000000,v1={digest}"), Err(SignatureError::Malformed)),
            (String::new(), Err(SignatureError::Malformed)),
        ] {
            let secrets = secrets();
            assert_eq!(secrets.tenant_of(&header, BODY, now).map(|_| ()), expected, "{header}");
        }
        let secrets = secrets();
        assert_eq!(secrets.tenant_of(&good, b"{}", now), Err(SignatureError::NoMatch));
    }

    #[test]
    fn secrets_are_read_or_refused_without_being_told() {
        for (text, expected) in [
            ("", "there is no secret"),
            ("# none", "there is no secret"),
            ("short", "line 1: a secret of at least 16 characters"),
            ("whsec_one_one_one\na b c", "line 2"),
            (
                "whsec_one_one_one\nshop whsec_one_one_one",
                "line 2: this secret is another tenant's",
            ),
        ] {
            let error = WebhookSecrets::parse(text).unwrap_err().to_string();
            assert!(error.starts_with(expected) && !error.contains("one_one"), "{error}");
        }
        assert_eq!(format!("{:?}", secrets()), "WebhookSecrets(2)");
        assert!(WebhookSecrets::parse(&format!("{ONE}\n{ONE}")).is_ok(), "twice is once");
    }
}
