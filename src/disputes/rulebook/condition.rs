//! What a fact that ends a dispute is made of: a closed set of questions a record can answer.
//!
//! Numbers, letters and words stand in the data, their meaning in `disputes::settle`, which matches every
//! condition: one without an evaluator does not compile, one no rule uses fails a test. Rejected: an expression
//! language. Thirty questions written out are read faster than a language is learnt.

use serde::{Deserialize, Serialize};

/// One question. All of a rule's must be answered by yes for the rule to hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Condition {
    /// The electronic commerce indicator is one of these, two digits each.
    Eci(Vec<String>),
    /// The processor says that liability moved to the issuer.
    LiabilityMoved,
    /// The authorization carried the cryptogram of a card (CAVV).
    Cavv,
    /// The authorization carried the cryptogram of a network token (TAVV).
    Tavv,
    /// A network token stood for the card.
    PaidByToken,
    /// The result of the security code is one of these.
    SecurityCode(Words),
    /// The issuer approved the sale.
    Approved,
    /// The issuer reported fraud on the card before it approved the sale.
    FraudReportedBeforeSale(Excepted),
    /// More disputes than `count` on the card, in so many days before this one.
    DisputesOver {
        /// How many are not too many.
        count: u32,
        /// How far back.
        days: i64,
    },
    /// The issuer reported the fraud a day or more after it opened the dispute.
    FraudReportedLate,
    /// The issuer's report of the sale is of one of these types.
    FraudType(Types),
    /// Compelling Evidence 3.0 holds by Visa's text.
    CompellingEvidence,
    /// More days than this between the sale's processing and the dispute.
    OlderThan {
        /// How many are not too many.
        days: i64,
        /// So many more may come of the days that are recorded in their place.
        margin: i64,
    },
    /// The buyer cancelled before the good was delivered.
    CancelledBeforeDelivery,
    /// The first cancellation came on a later day than the sale.
    CancelledAfterSale,
    /// The claim as the issuer's statement words it.
    Claim(Words),
    /// The buyer started the payment.
    NotRecurring,
    /// The buyer neither wrote nor cancelled between sale and dispute.
    NoContact,
    /// The dispute came fewer days than this after the delivery.
    DeliveredWithin {
        /// How many are enough.
        days: i64,
    },
}

/// Words that answer yes, and words that answer no; any other tells nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// Yes.
    pub is: Vec<String>,
    /// No.
    pub other: Vec<String>,
}

/// Types of fraud reports that answer yes; any other answers no, but for what may be either.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Types {
    /// Yes.
    pub is: Vec<String>,
    /// May be either.
    pub unclear: Vec<String>,
}

/// Types of fraud reports that do not count, and such as may be one of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Excepted {
    /// Do not count.
    pub not: Vec<String>,
    /// May be one of those.
    pub unclear: Vec<String>,
}

/// A sentence of the packet that says a fact with its dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sentence {
    /// The cardholder was authenticated.
    Authenticated,
    /// Two earlier purchases share what identifies the buyer.
    EarlierPurchases,
    /// No cancellation came before the charge.
    NoCancellation,
    /// The buyer did not write.
    NoContact,
}
