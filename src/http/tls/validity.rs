//! From when to when a certificate is good.
//!
//! The one thing asked of a certificate here that `rustls` does not say. Read from its DER in the order of
//! RFC 5280, section 4.1; every length is looked up, nothing is allocated. Rejected: a crate that reads
//! all of a certificate, which brings a dozen others for two dates.

use crate::domain::Timestamp;

const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// The first and the last moment of a certificate in DER; `None` where they can't be read.
pub(super) fn validity(certificate: &[u8]) -> Option<(Timestamp, Timestamp)> {
    let (certificate, _) = inside(certificate, SEQUENCE)?;
    let (body, _) = inside(certificate, SEQUENCE)?;
    let (tag, _, behind) = element(body)?;
    // Absent in the first version.
    let mut rest = if tag == VERSION { behind } else { body };
    // Serial number, signature algorithm, issuer.
    for _ in 0..3 {
        (_, _, rest) = element(rest)?;
    }
    let (period, _) = inside(rest, SEQUENCE)?;
    let (first, rest) = time(period)?;
    let (last, _) = time(rest)?;
    Some((first, last))
}

/// A time and what is behind it. UTC, to the second: RFC 5280, sections 4.1.2.5.1 and 4.1.2.5.2.
fn time(der: &[u8]) -> Option<(Timestamp, &[u8])> {
    let (tag, text, rest) = element(der)?;
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let (century, short) = match (tag, text.len()) {
        (UTC_TIME, 12) if text < "50" => ("20", text),
        (UTC_TIME, 12) => ("19", text),
        (GENERALIZED_TIME, 14) => text.split_at_checked(2)?,
        _ => return None,
    };
    let part = |at: usize| short.get(at..at + 2);
    let [year, month, day] = [part(0)?, part(2)?, part(4)?];
    let [hour, minute, second] = [part(6)?, part(8)?, part(10)?];
    let text = format!("{century}{year}-{month}-{day}T{hour}:{minute}:{second}Z");
    // RFC 5280's word for "no end" is past the last time there is; all such ends are read as our own last one.
    let text = if text.starts_with("9999-12-31") { "9998-12-31T23:59:59Z" } else { &text };
    let instant: jiff::Timestamp = text.parse().ok()?;
    Some((Timestamp::from_millis(instant.as_millisecond()), rest))
}

/// What is in an element of this tag, and what is behind it.
fn inside(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, inside, rest) = element(der)?;
    (found == tag).then_some((inside, rest))
}

/// An element's tag, what is in it, and what is behind it.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&[tag, first], rest) = der.split_first_chunk()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    let (inside, rest) = rest.split_at_checked(length)?;
    Some((tag, inside, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn made(first: (i32, u8, u8), last: (i32, u8, u8)) -> Vec<u8> {
        let mut params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(first.0, first.1, first.2);
        params.not_after = rcgen::date_time_ymd(last.0, last.1, last.2);
        let key = rcgen::KeyPair::generate().unwrap();
        params.self_signed(&key).unwrap().der().to_vec()
    }

    #[test]
    fn reads_both_forms_of_a_time() {
        for (first, last, expected) in [
            ((1975, 1, 1), (2049, 12, 31), ("1975-01-01T00:00:00Z", "2049-12-31T00:00:00Z")),
            ((2026, 2, 28), (2050, 1, 1), ("2026-02-28T00:00:00Z", "2050-01-01T00:00:00Z")),
            ((2026, 2, 28), (4096, 1, 1), ("2026-02-28T00:00:00Z", "2200-01-01T00:00:00Z")),
            ((2026, 2, 28), (9999, 12, 31), ("2026-02-28T00:00:00Z", "2200-01-01T00:00:00Z")),
        ] {
            let (from, to) = validity(&made(first, last)).unwrap();
            assert_eq!((&*from.to_string(), &*to.to_string()), expected);
        }
    }

    #[test]
    fn what_is_cut_or_flipped_is_never_trouble() {
        let good = made((2026, 1, 1), (2027, 1, 1));
        for at in 0..good.len() {
            let _ = validity(&good[..at]);
            for bit in 0..8 {
                let mut flipped = good.clone();
                flipped[at] ^= 1 << bit;
                let _ = validity(&flipped);
            }
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_no_trouble(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = validity(&bytes);
        }
    }
}
