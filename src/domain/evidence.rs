//! What delivery and usage events say: the facts a dispute is won with.

use super::words::words;
use super::{Amount, Text, Timestamp};
use serde::{Deserialize, Serialize};

/// Agreement to terms, sight of a policy, or a waiver of the right of withdrawal.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct Consent {
    /// The document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document: Option<Text<128>>,
    /// Its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<Text<64>>,
    /// SHA-256 of its text, in hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Text<64>>,
    /// How it was shown, e.g. the checkbox's label or the page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shown_as: Option<Text<512>>,
    /// The language it was shown in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<Text<32>>,
}

/// What the checkout page said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct Checkout {
    /// The price shown, tax included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<Amount>,
    /// The tax in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax: Option<Amount>,
    /// The plan shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<Text<64>>,
    /// When the trial was said to end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub trial_end: Option<Timestamp>,
    /// When the first charge was said to come.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub first_charge_at: Option<Timestamp>,
    /// The statement text shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub descriptor: Option<Text<64>>,
}

/// Delivery or use of the good.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct Usage {
    /// The artefact, feature, item or interface used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub what: Option<Text<128>>,
    /// Its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<Text<64>>,
    /// How often or how much; 1 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity: Option<u64>,
    /// Bytes moved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// False when it broke off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub complete: Option<bool>,
    /// How the person proved who they are, e.g. `password`, `passkey`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<Text<64>>,
    /// True when a second factor was used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub second_factor: Option<bool>,
    /// Keyed hash of the machine's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<Text<128>>,
    /// The session: the same in its login, its actions and its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<Text<128>>,
    /// Keyed hash of the person who holds the seat.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holder: Option<Text<128>>,
}

/// A message the merchant sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct Notice {
    /// What it was: receipt, renewal reminder, trial end, price change, cancellation confirmed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<Text<64>>,
    /// The mail system's identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_id: Option<Text<256>>,
    /// What became of it, e.g. `delivered`, `bounced`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivery_status: Option<Text<32>>,
    /// True when it was seen to be opened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opened: Option<bool>,
}

/// A contact between buyer and merchant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct Contact {
    /// The ticket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket: Option<Text<128>>,
    /// `in` from the buyer, `out` to the buyer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direction: Option<Text<8>>,
    /// The relevant lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<super::Personal<4096>>,
    /// The channel, e.g. `email`, `account page`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<Text<64>>,
    /// What it is about: `refund` and `complaint` are ranked before they become disputes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topic: Option<Text<32>>,
}

/// Signs that an account is used by more than one person.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct Sharing {
    /// Devices in the period.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub devices: Option<u32>,
    /// Sessions open at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concurrent_sessions: Option<u32>,
    /// True when two places were too far apart for the time between them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub impossible_travel: Option<bool>,
}

words! {
    /// What a file of the merchant's own shows.
    ExhibitKind {
        /// An agreement, signed or accepted.
        Contract = "contract",
        /// Letters, mails or messages exchanged with the buyer.
        Communication = "communication",
        /// A picture of a page or a program.
        Screenshot = "screenshot",
        /// An invoice or receipt.
        Receipt = "receipt",
        /// Terms or a refund or cancellation policy, as shown.
        Policy = "policy",
        /// That the good was delivered or the service rendered.
        Delivery = "delivery",
        /// That money was paid back.
        Refund = "refund",
        /// What the buyer bought, described.
        Product = "product",
        /// Anything else.
        Other = "other",
    }
}

/// A file of the merchant's own in a dispute. Its bytes are no part of the event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ExhibitNote {
    /// What it shows.
    pub kind: ExhibitKind,
    /// What the merchant calls it; printed.
    pub title: Text<120>,
    /// SHA-256 of the file as it came, in hex.
    pub sha256: Text<64>,
}
