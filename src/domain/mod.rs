//! Values: what a transaction, an event, a dispute and a decision are made of.
//!
//! No IO, no clock, no other module of ours. Every type checks itself on the way in, so the rest of
//! the program never meets an empty id, a negative price or a date that does not exist.

mod country;
mod currency;
mod currency_table;
mod ids;
mod text;
mod time;

pub use country::{Country, UnknownCountry};
pub use currency::{Currency, UnknownCurrency, Withdrawn};
pub use ids::{
    AccountId, CardFingerprint, DecisionId, DeviceId, DisputeId, EventId, InvoiceId, LicenceId,
    MAX_ID_LEN, MerchantAccount, OrderId, SellerId, SubscriptionId, TenantId, TransactionId,
};
pub use text::{Personal, Text, TextError};
pub use time::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, TimeError, Timestamp};
