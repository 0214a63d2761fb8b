//! The networks' reason codes in one word each.
//!
//! Total: a code that is not in the table takes the meaning of the processor's own word, and an
//! unknown word is [`DisputeReason::General`], so a code a network adds tomorrow loses no case.
//! Rejected: the code alone as the key. 4863 means one thing at Mastercard and another at Discover.

use crate::domain::DisputeReason;

/// One reason code of a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReasonCode {
    /// The network, lower case.
    pub network: &'static str,
    /// The code as the network writes it.
    pub code: &'static str,
    /// The network's title, shortened.
    pub title: &'static str,
    /// The claim; `None` where one code stands for several and the processor's word decides.
    pub reason: Option<DisputeReason>,
}

/// Where the rows of [`REASON_CODES`] were read, and when.
pub const SOURCE: &str = "docs.stripe.com/disputes/categories and /disputes/reason-codes-defense-requirements, 2026-05-09";

const fn visa(code: &'static str, title: &'static str, reason: DisputeReason) -> ReasonCode {
    ReasonCode { network: "visa", code, title, reason: Some(reason) }
}

const fn mastercard(
    code: &'static str,
    title: &'static str,
    reason: Option<DisputeReason>,
) -> ReasonCode {
    ReasonCode { network: "mastercard", code, title, reason }
}

/// The codes seen most. Mastercard's 4841, 4855, 4860, 4863 and others are withdrawn as codes of
/// their own, but processors still send them.
pub const REASON_CODES: &[ReasonCode] = {
    use DisputeReason as R;
    &[
        visa("10.1", "EMV liability shift, counterfeit fraud", R::Fraud),
        visa("10.2", "EMV liability shift, non-counterfeit fraud", R::Fraud),
        visa("10.3", "Other fraud, card-present environment", R::Fraud),
        visa("10.4", "Other fraud, card-absent environment", R::Fraud),
        visa("10.5", "Visa Fraud Monitoring Program", R::Fraud),
        visa("11.1", "Card recovery bulletin", R::Processing),
        visa("11.2", "Declined authorization", R::Processing),
        visa("11.3", "No authorization", R::Processing),
        visa("12.1", "Late presentment", R::Processing),
        visa("12.2", "Incorrect transaction code", R::Processing),
        visa("12.3", "Incorrect currency", R::Processing),
        visa("12.4", "Incorrect account number", R::Processing),
        visa("12.5", "Incorrect amount", R::Processing),
        visa("12.6", "Duplicate processing or paid by other means", R::Duplicate),
        visa("12.6.1", "Duplicate processing", R::Duplicate),
        visa("12.6.2", "Paid by other means", R::Duplicate),
        visa("12.7", "Invalid data", R::Processing),
        visa("13.1", "Merchandise or services not received", R::NotReceived),
        visa("13.2", "Cancelled recurring transaction", R::SubscriptionCancelled),
        visa("13.3", "Not as described or defective merchandise or services", R::NotAsDescribed),
        visa("13.4", "Counterfeit merchandise", R::NotAsDescribed),
        visa("13.5", "Misrepresentation", R::NotAsDescribed),
        visa("13.6", "Credit not processed", R::CreditNotProcessed),
        visa("13.7", "Cancelled merchandise or services", R::CreditNotProcessed),
        visa("13.8", "Original credit transaction not accepted", R::General),
        visa("13.9", "Non-receipt of cash or load value", R::NotReceived),
        mastercard("4807", "Warning bulletin file", Some(R::Processing)),
        mastercard("4808", "Authorization-related chargeback", Some(R::Processing)),
        mastercard("4812", "Account number not on file", Some(R::Processing)),
        mastercard("4831", "Transaction amount differs", Some(R::Processing)),
        mastercard("4834", "Point-of-interaction error", None),
        mastercard("4837", "No cardholder authorization", Some(R::Fraud)),
        mastercard("4840", "Fraudulent processing of transactions", Some(R::Fraud)),
        mastercard("4841", "Cancelled recurring or digital goods", Some(R::SubscriptionCancelled)),
        mastercard("4842", "Late presentment", Some(R::Processing)),
        mastercard("4846", "Correct currency code not provided", Some(R::Processing)),
        mastercard("4849", "Questionable merchant activity", Some(R::Fraud)),
        mastercard("4853", "Cardholder dispute", None),
        mastercard("4854", "Cardholder dispute, not elsewhere classified", None),
        mastercard("4855", "Goods or services not provided", Some(R::NotReceived)),
        mastercard("4859", "Addendum, no-show or ATM dispute", None),
        mastercard("4860", "Credit not processed", Some(R::CreditNotProcessed)),
        mastercard("4863", "Cardholder does not recognize, potential fraud", Some(R::Unrecognized)),
        mastercard("4870", "Chip liability shift", Some(R::Fraud)),
        mastercard("4871", "Chip liability shift, lost or stolen card", Some(R::Fraud)),
    ]
};

/// The row of a network's code. Spaces around the code are ignored: some processors send them.
pub fn find(network: &str, code: &str) -> Option<&'static ReasonCode> {
    let code = code.trim();
    REASON_CODES.iter().find(|row| row.network == network && row.code == code)
}

/// What is claimed: by the network's code, else by the processor's word, else in general.
pub fn canonical(
    network: Option<&str>,
    code: Option<&str>,
    word: Option<DisputeReason>,
) -> DisputeReason {
    let row = network.zip(code).and_then(|(network, code)| find(network, code));
    row.and_then(|row| row.reason).or(word).unwrap_or(DisputeReason::General)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_code_once() {
        let keys: BTreeSet<_> = REASON_CODES.iter().map(|row| (row.network, row.code)).collect();
        assert_eq!(keys.len(), REASON_CODES.len());
        for row in REASON_CODES {
            assert_eq!(find(row.network, row.code), Some(row));
            assert!(row.title.len() <= 60, "{}", row.title);
        }
    }

    #[test]
    fn code_before_word_before_general() {
        use DisputeReason as R;
        for (network, code, word, expected) in [
            (Some("visa"), Some("10.4"), Some(R::General), R::Fraud),
            (Some("visa"), Some("13.1"), None, R::NotReceived),
            (Some("visa"), Some(" 13.2 "), None, R::SubscriptionCancelled),
            (Some("mastercard"), Some("4853"), Some(R::NotReceived), R::NotReceived),
            (Some("mastercard"), Some("4853"), None, R::General),
            (Some("mastercard"), Some("4863"), Some(R::Fraud), R::Unrecognized),
            (Some("discover"), Some("4863"), None, R::General),
            (Some("visa"), Some("99.9"), Some(R::Duplicate), R::Duplicate),
            (None, Some("10.4"), None, R::General),
            (None, None, Some(R::Fraud), R::Fraud),
        ] {
            assert_eq!(canonical(network, code, word), expected, "{network:?} {code:?} {word:?}");
        }
    }
}
