//! Signatures as Standard Webhooks 1.0.0 has them: HMAC-SHA256 of `id.timestamp.body`, in base64 after `v1,`.
//!
//! Two secrets sign at once while one takes the place of the other.

use crate::domain::Timestamp;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

const PREFIX: &str = "whsec_";
/// Bytes of a secret, as the standard has it.
const BYTES: std::ops::RangeInclusive<usize> = 24..=64;
/// Most secrets at once.
const MOST: usize = 2;

/// The secrets of an endpoint.
pub(super) struct Secrets(Vec<Zeroizing<Vec<u8>>>);

impl Secrets {
    /// One a line; `None` for what is no secret.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let secrets: Option<Vec<_>> = lines.map(secret).collect();
        secrets.filter(|secrets| (1..=MOST).contains(&secrets.len())).map(Self)
    }

    /// The header's value.
    pub(super) fn sign(&self, id: &str, now: Timestamp, body: &[u8]) -> String {
        let signed = self.0.iter().filter_map(|secret| {
            let mut mac = Hmac::<Sha256>::new_from_slice(secret).ok()?;
            mac.update(format!("{id}.{}.", seconds(now)).as_bytes());
            mac.update(body);
            let code = BASE64_STANDARD.encode(mac.finalize().into_bytes());
            Some(format!("v1,{code}"))
        });
        signed.collect::<Vec<_>>().join(" ")
    }
}

/// The time in the header: seconds since 1970.
pub(super) fn seconds(now: Timestamp) -> i64 {
    now.millis().div_euclid(1_000)
}

fn secret(line: &str) -> Option<Zeroizing<Vec<u8>>> {
    let bytes = Zeroizing::new(BASE64_STANDARD.decode(line.strip_prefix(PREFIX)?).ok()?);
    BYTES.contains(&bytes.len()).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_as_the_standard_does() {
        // The example of the standard's own libraries.
        let one = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let now = Timestamp::from_millis(1_614_265_330_000);
        let sign = |text: &str| {
            let secrets = Secrets::parse(text).unwrap();
            secrets.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", now, br#"{"test": 2432232314}"#)
        };
        let wanted = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(sign(one), wanted);
        let two = sign(&format!("{one}\nwhsec_{}\n", BASE64_STANDARD.encode([7; 32])));
        assert!(two.starts_with(&format!("{wanted} v1,")), "{two}");
        let long = format!("whsec_{}", BASE64_STANDARD.encode([7; 65]));
        for bad in [
            "",
            "secret",
            "whsec_",
            "whsec_c2hvcnQ=",
            "whsec_!!",
            &long,
            &format!("{one}\n{one}\n{one}"),
        ] {
            assert!(Secrets::parse(bad).is_none(), "{bad}");
        }
    }
}
