//! What a network's reason code claims.
//!
//! Total: a code that is not in the rulebook takes the meaning of the processor's own word, and an
//! unknown word is [`DisputeReason::General`], so a code a network adds tomorrow loses no case.
//! Rejected: the code alone as the key. 4863 means one thing at Mastercard and another at Discover.

use super::rulebook::{Day, ReasonCode, Rulebook};
use crate::domain::{Dispute, DisputeCategory, DisputeReason, Text, Timestamp};

/// The row of a network's code at an instant.
pub fn find(network: &str, code: &str, at: Timestamp) -> Option<&'static ReasonCode> {
    Rulebook::bundled().code(network, code, Day::of(at))
}

/// The row of a dispute's code on the day it was opened.
pub fn of(dispute: &Dispute) -> Option<&'static ReasonCode> {
    let network = dispute.network.as_ref().map(Text::as_str)?;
    let code = dispute.network_reason_code.as_ref().map(Text::as_str)?;
    find(network, code, dispute.opened_at)
}

/// What is claimed: by the network's code, else by the processor's word, else in general.
pub fn canonical(row: Option<&ReasonCode>, word: Option<DisputeReason>) -> DisputeReason {
    let category = row.and_then(|row| row.category);
    category.and_then(DisputeCategory::reason).or(word).unwrap_or(DisputeReason::General)
}

/// The claim of a dispute, as fine as its code and the processor's word tell it.
///
/// A code the rulebook does not have, with no telling word, is [`DisputeCategory::Unknown`]: the code
/// as sent stays in the dispute.
pub fn category(dispute: &Dispute) -> DisputeCategory {
    let row = of(dispute);
    let claimed = row.and_then(|row| row.category);
    let unknown = row.is_none() && dispute.network_reason_code.is_some();
    match claimed {
        Some(category) => category,
        None if unknown && dispute.reason == DisputeReason::General => DisputeCategory::Unknown,
        None => dispute.reason.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disputes::memory;

    #[test]
    fn code_before_word_before_general() {
        use DisputeReason as R;
        let at = "2026-11-21T00:00:00Z".parse().unwrap();
        for (network, code, word, expected) in [
            ("visa", "10.4", Some(R::General), R::Fraud),
            ("visa", "13.1", None, R::NotReceived),
            ("visa", " 13.2 ", None, R::SubscriptionCancelled),
            ("visa", "13.5", None, R::NotAsDescribed),
            ("visa", "30", Some(R::Fraud), R::Fraud),
            ("mastercard", "4853", Some(R::NotReceived), R::NotReceived),
            ("mastercard", "4853", None, R::General),
            ("mastercard", "4863", Some(R::Fraud), R::Unrecognized),
            ("discover", "4863", None, R::Processing),
            ("amex", "C28", None, R::SubscriptionCancelled),
            ("paypal", "UNAUTHORISED", None, R::Fraud),
            ("visa", "99.9", Some(R::Duplicate), R::Duplicate),
            ("", "10.4", None, R::General),
            ("", "", Some(R::Fraud), R::Fraud),
        ] {
            let found = canonical(find(network, code, at), word);
            assert_eq!(found, expected, "{network} {code} {word:?}");
        }
    }

    #[test]
    fn an_unknown_code_is_said_to_be_unknown_and_kept() {
        use DisputeCategory as C;
        for (code, reason, expected) in [
            (Some("10.4"), DisputeReason::Fraud, C::FraudCnp),
            (Some("13.5"), DisputeReason::NotAsDescribed, C::Misrepresentation),
            (Some("99.9"), DisputeReason::Duplicate, C::Duplicate),
            (Some("99.9"), DisputeReason::General, C::Unknown),
            (None, DisputeReason::General, C::General),
            (None, DisputeReason::Processing, C::AmountOrProcessingError),
        ] {
            let mut dispute = memory::message("visa_10_4_created").dispute.unwrap();
            dispute.network_reason_code = code.map(|code| Text::new(code).unwrap());
            dispute.reason = reason;
            assert_eq!(category(&dispute), expected, "{code:?} {reason}");
            assert_eq!(dispute.network_reason_code.as_ref().map(Text::as_str), code);
        }
    }
}
