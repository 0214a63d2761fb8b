//! Identifiers the merchant gives us. One type each, so a seller can't be passed for an account.

use super::text::{TextError, check_id, read_text, text_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// Longest identifier, in bytes of UTF-8.
pub const MAX_ID_LEN: usize = 128;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Box<str>);

        impl $name {
            /// Checks and keeps an identifier of 1..=128 bytes without control characters.
            ///
            /// # Errors
            /// Empty, too long or with control characters.
            pub fn new(text: &str) -> Result<Self, TextError> {
                check_id(text, MAX_ID_LEN)?;
                Ok(Self(text.into()))
            }

            /// The identifier as given.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                read_text(deserializer, |text| Self::new(text))
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                text_schema(1, MAX_ID_LEN)
            }
        }
        impl utoipa::ToSchema for $name {}
    )*};
}

ids! {
    /// The tenant a request belongs to; part of every key. Set by access control, never by a body.
    TenantId;
    /// One payment attempt (or login, sign-up, …) scored by us.
    TransactionId;
    /// One thing that happened after a transaction; makes the event idempotent.
    EventId;
    /// Binds the attempts of one order together.
    OrderId;
    /// Binds the retries of one invoice together: they count as one attempt.
    InvoiceId;
    /// The seller a merchant of record sells for.
    SellerId;
    /// The merchant's account at the processor; monitoring ratios are kept per account.
    MerchantAccount;
    /// The buyer's account with the merchant.
    AccountId;
    /// The merchant's device identifier or fingerprint: weak evidence, never identity.
    DeviceId;
    /// Keyed hash of the card number, from the processor. The number itself never enters.
    CardFingerprint;
    /// One recurring agreement.
    SubscriptionId;
    /// A licence key or a stable reference to it.
    LicenceId;
    /// A dispute as the processor names it.
    DisputeId;
    /// One decision of ours; a pure function of tenant and transaction id.
    DecisionId;
}

impl TenantId {
    /// The tenant of a server that was not told of any other.
    pub fn default_tenant() -> Self {
        Self("default".into())
    }

    /// True for [`TenantId::default_tenant`].
    pub fn is_default(&self) -> bool {
        self.as_str() == "default"
    }
}
