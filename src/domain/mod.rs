//! Values: what a transaction, an event, a dispute and a decision are made of.
//!
//! No IO, no clock, no other module of ours. Every type checks itself on the way in, so the rest of
//! the program never meets an empty id, a negative price or a date that does not exist.

mod amount;
mod card;
mod card_number;
mod country;
mod currency;
mod currency_table;
mod decision;
mod dispute;
mod dispute_terms;
mod event;
mod evidence;
mod ids;
mod loose;
mod object;
mod payment;
mod text;
mod time;
mod transaction;
pub(crate) mod words;

pub use amount::{Amount, AmountError};
pub use card::{Bin, BinError, Card, ThreeDs};
pub(crate) use card_number::excerpt;
pub use card_number::{Issued, find_card_number, in_shared_range, mask_card_numbers};
pub use country::{Country, UnknownCountry};
pub use currency::{Currency, UnknownCurrency, Withdrawn};
pub use decision::{
    Action, Calibration, Costs, Decision, Defensibility, Delivery, Durability, HeldBack, Reason,
    RuleAction, RuleHit, RuleMode, Shadowed, Spared, Versions, Warning,
};
pub use dispute::{Dispute, DisputeCategory, DisputeReason, DisputeStage, DisputeStatus};
pub use dispute_terms::DisputeTerms;
pub use event::{
    Actor, ChallengeKind, Event, EventData, EventKind, IncompleteEvent, LabelClass, Outcome,
};
pub use evidence::{Checkout, Consent, Contact, ExhibitKind, ExhibitNote, Notice, Sharing, Usage};
pub use ids::{
    AccountId, CardFingerprint, DecisionId, DeviceId, DisputeId, EventId, InvoiceId, LicenceId,
    MAX_ID_LEN, MerchantAccount, OrderId, SellerId, SubscriptionId, TenantId, TransactionId,
};
pub use loose::{Loose, MAX_LOOSE_LEN};
pub use object::Object;
pub use payment::{DisputeRight, Initiator, Payment, PaymentMethod};
pub use text::{Personal, Text, TextError};
pub use time::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, TimeError, Timestamp};
pub use transaction::{
    Account, Billing, Custom, CustomValue, Device, Fulfilment, FulfilmentMethod, Item, MAX_CUSTOM,
    MAX_ITEMS, Subscription, Terms, Transaction, TransactionKind,
};
