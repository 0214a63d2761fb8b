//! The card as a checkout may know it: never its number.

use super::object::object;
use super::{CardFingerprint, Loose, Text};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// First six to eight digits of a card number (BIN, also called IIN).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Bin(Box<str>);

/// A text that is no BIN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a BIN is the first 6 to 8 digits of the card number")]
pub struct BinError;

impl Bin {
    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Bin {
    type Err = BinError;

    fn from_str(text: &str) -> Result<Self, BinError> {
        let digits = text.bytes().all(|b| b.is_ascii_digit());
        if digits && (6..=8).contains(&text.len()) { Ok(Self(text.into())) } else { Err(BinError) }
    }
}

impl fmt::Display for Bin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is known of the card used.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct Card {
    /// The processor's keyed hash of the number; counts per card need it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<CardFingerprint>,
    /// First 6 to 8 digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 64)]
    pub bin: Option<Loose<Bin>>,
    /// Last four digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last4: Option<Text<4>>,
    /// A reference to the network token that stands for the number, if one does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network_token: Option<Text<128>>,
    /// The network's address-check letter, as sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub avs_result: Option<Text<16>>,
    /// The network's security-code letter, as sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cvv_result: Option<Text<16>>,
    /// The 3-D Secure result.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "object")]
    pub three_ds: Option<ThreeDs>,
}

/// A 3-D Secure result.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct ThreeDs {
    /// Electronic commerce indicator, e.g. `05`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eci: Option<Text<4>>,
    /// Protocol version, e.g. `2.2.0`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<Text<16>>,
    /// True when the processor reports that liability moved to the issuer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub liability_shift: Option<bool>,
    /// The directory server's transaction id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ds_transaction_id: Option<Text<64>>,
    /// The cryptogram the authorization carried: `cavv` (of the card), `tavv` (of a network token) or `none`. Not its
    /// value: any other word is taken and says nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cryptogram: Option<Text<64>>,
    /// The exemption from strong customer authentication that was used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sca_exemption: Option<Text<32>>,
}
