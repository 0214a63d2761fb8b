//! The transaction: one thing to be scored before it happens.

use super::object::object;
use super::words::words;
use super::{
    AccountId, Amount, Card, Country, DeviceId, LicenceId, Loose, MerchantAccount, Object, OrderId,
    Payment, Personal, SellerId, SubscriptionId, Text, Timestamp, TransactionId,
};
use serde::de::{self, MapAccess};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

/// Most items of one transaction.
pub const MAX_ITEMS: usize = 200;
/// Most members of `custom`.
pub const MAX_CUSTOM: usize = 64;

words! {
    /// What is being scored.
    TransactionKind {
        /// A one-off sale, or the first payment of a subscription.
        Purchase = "purchase",
        /// A new account.
        SignUp = "sign_up",
        /// A session begins.
        Login = "login",
        /// A card is put on file without a sale.
        CardSetup = "card_setup",
        /// A free or reduced trial begins.
        TrialStart = "trial_start",
        /// A recurring charge.
        Renewal = "renewal",
        /// A change to another plan.
        PlanChange = "plan_change",
        /// Credit is bought for later use.
        TopUp = "top_up",
        /// A seller changes where its money goes.
        PayoutChange = "payout_change",
    }
}

impl TransactionKind {
    /// True where a payment is attempted, so that it counts as an attempt of the card.
    pub fn is_payment(self) -> bool {
        matches!(
            self,
            Self::Purchase | Self::CardSetup | Self::Renewal | Self::PlanChange | Self::TopUp
        )
    }
}

/// One transaction: one attempt, scored once. Only `transaction_id`, `type` and `event_time` are
/// required; whatever is absent is missing, never zero.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Transaction {
    /// The attempt's identifier; the same id with the same content gets the stored answer.
    pub transaction_id: TransactionId,
    /// What is being scored.
    #[serde(rename = "type")]
    pub kind: TransactionKind,
    /// When it happened, by the merchant's clock.
    #[schema(value_type = String, format = DateTime)]
    pub event_time: Timestamp,
    /// Binds the attempts of one order together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_id: Option<OrderId>,
    /// The seller a merchant of record sells for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seller_id: Option<SellerId>,
    /// The merchant's account at the processor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merchant_account: Option<MerchantAccount>,
    /// The text on the buyer's statement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub descriptor: Option<Text<64>>,
    /// The price charged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Amount>,
    /// The buyer's account.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "object")]
    pub account: Option<Account>,
    /// The card.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "object")]
    pub card: Option<Card>,
    /// The payment attempt.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "object")]
    pub payment: Option<Payment>,
    /// Where the request came from.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "object")]
    pub device: Option<Device>,
    /// The billing address.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "object")]
    pub billing: Option<Billing>,
    /// The country whose price list was used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 64)]
    pub price_region: Option<Loose<Country>>,
    /// What is bought; at most 200.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "read_items")]
    #[schema(max_items = 200)]
    pub items: Vec<Item>,
    /// The recurring agreement.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "object")]
    pub subscription: Option<Subscription>,
    /// How the good reaches the buyer.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "object")]
    pub fulfilment: Option<Fulfilment>,
    /// The terms the buyer accepted.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "object")]
    pub terms: Option<Terms>,
    /// The merchant's own fields: at most 64 of booleans, numbers and short texts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom: Option<Custom>,
}

/// The buyer's account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct Account {
    /// Its identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<AccountId>,
    /// When it was opened.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub created_at: Option<Timestamp>,
    /// The e-mail address as typed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<Personal<320>>,
    /// The holder's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Personal<256>>,
    /// The holder's phone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<Personal<64>>,
}

/// Where the request came from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct Device {
    /// The client's address, IPv4 or IPv6.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 64)]
    pub ip: Option<Loose<IpAddr>>,
    /// The browser's or app's own name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<Personal<1024>>,
    /// The merchant's device identifier or fingerprint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_id: Option<DeviceId>,
    /// The language preference, e.g. `en-GB`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accept_language: Option<Text<256>>,
    /// The IANA time zone, e.g. `Europe/London`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timezone: Option<Text<64>>,
}

/// The billing address, as far as scoring and evidence use it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct Billing {
    /// Country.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 64)]
    pub country: Option<Loose<Country>>,
    /// State, province or region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<Text<64>>,
    /// City.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<Personal<128>>,
    /// Street and number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line1: Option<Personal<256>>,
    /// Postal code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<Personal<32>>,
}

/// One thing bought.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct Item {
    /// The merchant's article.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sku: Option<Text<128>>,
    /// What kind of article.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<Text<64>>,
    /// How many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity: Option<u32>,
    /// Price of one, in the transaction's currency, as a decimal string.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, pattern = r"^-?[0-9]{1,16}(\.[0-9]{1,8})?$")]
    pub unit_price: Option<rust_decimal::Decimal>,
}

/// The recurring agreement.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct Subscription {
    /// Its identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<SubscriptionId>,
    /// The plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<Text<64>>,
    /// How often it renews, e.g. `year`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<Text<32>>,
    /// True while it is a trial.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trial: Option<bool>,
    /// When the trial ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub trial_end: Option<Timestamp>,
    /// 0 for the first payment, 1 for the first renewal, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub renewal_number: Option<u32>,
}

words! {
    /// How the good reaches the buyer; decides whether delivery can be undone.
    FulfilmentMethod {
        /// A seat or subscription on a hosted service: can be revoked at any time.
        SaasSeat = "saas_seat",
        /// A licence key the buyer keeps.
        LicenceKey = "licence_key",
        /// A file the buyer downloads.
        Download = "download",
        /// Credit spent on a service: what is spent is gone.
        Credits = "credits",
        /// An item or currency inside a game.
        GameItem = "game_item",
        /// A gift code somebody else may redeem.
        GiftCode = "gift_code",
        /// Access to an interface by key, billed by use.
        ApiAccess = "api_access",
        /// Nothing is delivered (a login, a card set-up).
        None = "none",
    }
}

impl FulfilmentMethod {
    /// True when access can be taken back after delivery.
    pub fn can_be_revoked(self) -> bool {
        matches!(self, Self::SaasSeat | Self::ApiAccess | Self::None)
    }
}

/// How the good reaches the buyer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct Fulfilment {
    /// How.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<FulfilmentMethod>,
    /// The licence key, or a stable reference to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub licence_key: Option<LicenceId>,
}

/// The terms the buyer accepted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct Terms {
    /// Their version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<Text<64>>,
    /// When they were accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub accepted_at: Option<Timestamp>,
}

/// One of the merchant's own values.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum CustomValue {
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// A text of at most 256 bytes.
    Text(Text<256>),
    /// Given as null: missing.
    Null(()),
}

/// What is said of any other value.
const NO_CUSTOM_VALUE: &str = "must be true, false, a number within 64 bits or a text of at most 256 \
                               bytes without control characters";

// By hand: the derived one tries each variant in turn and words an error for every one that does not fit,
// which was a seventh of the time to read a table of numbers.
impl<'de> Deserialize<'de> for CustomValue {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CustomValueVisitor)
    }
}

struct CustomValueVisitor;

impl<'de> de::Visitor<'de> for CustomValueVisitor {
    type Value = CustomValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NO_CUSTOM_VALUE)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<CustomValue, E> {
        Ok(CustomValue::Bool(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<CustomValue, E> {
        Ok(CustomValue::Int(value))
    }

    #[expect(clippy::cast_precision_loss, reason = "beyond 63 bits a number is a float")]
    fn visit_u64<E: de::Error>(self, value: u64) -> Result<CustomValue, E> {
        Ok(i64::try_from(value).map_or(CustomValue::Float(value as f64), CustomValue::Int))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<CustomValue, E> {
        Ok(CustomValue::Float(value))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<CustomValue, E> {
        Text::new(value).map(CustomValue::Text).map_err(|_| E::custom(NO_CUSTOM_VALUE))
    }

    fn visit_unit<E: de::Error>(self) -> Result<CustomValue, E> {
        Ok(CustomValue::Null(()))
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut seq: A) -> Result<CustomValue, A::Error> {
        // Read as values, so that the reader's limit of depth holds.
        while seq.next_element::<CustomValue>()?.is_some() {}
        Err(de::Error::custom(NO_CUSTOM_VALUE))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<CustomValue, A::Error> {
        while map.next_entry::<de::IgnoredAny, CustomValue>()?.is_some() {}
        Err(de::Error::custom(NO_CUSTOM_VALUE))
    }
}

impl utoipa::PartialSchema for CustomValue {
    // The derived `oneOf` would refuse every whole number, which is an integer and a number.
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
        let types = vec![Type::Boolean, Type::Number, Type::String, Type::Null];
        ObjectBuilder::new().schema_type(SchemaType::Array(types)).max_length(Some(256)).into()
    }
}
impl utoipa::ToSchema for CustomValue {}

/// The merchant's own fields.
#[derive(Debug, Clone, Default, PartialEq, Serialize, utoipa::ToSchema)]
#[serde(transparent)]
pub struct Custom(pub BTreeMap<Text<64>, CustomValue>);

impl<'de> Deserialize<'de> for Custom {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(CustomVisitor)
    }
}

/// Reads member by member: a name given twice would otherwise silently lose one value, and a
/// thousand members would be kept before they are refused.
struct CustomVisitor;

impl<'de> de::Visitor<'de> for CustomVisitor {
    type Value = Custom;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Custom, A::Error> {
        let mut members = BTreeMap::new();
        while let Some(name) = map.next_key::<Text<64>>()? {
            if members.contains_key(&name) {
                return Err(de::Error::custom(format_args!("duplicate field `{}`", name.as_str())));
            }
            if members.len() == MAX_CUSTOM {
                return Err(de::Error::custom("has more than 64 members"));
            }
            members.insert(name, map.next_value()?);
        }
        Ok(Custom(members))
    }
}

fn read_items<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<Item>, D::Error> {
    let items = Option::<Vec<Object<Item>>>::deserialize(deserializer)?.unwrap_or_default();
    if items.len() > MAX_ITEMS {
        return Err(serde::de::Error::custom("has more than 200 items"));
    }
    Ok(items.into_iter().map(|Object(item)| item).collect())
}

impl Transaction {
    /// A transaction with nothing but what is required.
    pub fn bare(
        transaction_id: TransactionId,
        kind: TransactionKind,
        event_time: Timestamp,
    ) -> Self {
        Self {
            transaction_id,
            kind,
            event_time,
            order_id: None,
            seller_id: None,
            merchant_account: None,
            descriptor: None,
            amount: None,
            account: None,
            card: None,
            payment: None,
            device: None,
            billing: None,
            price_region: None,
            items: Vec::new(),
            subscription: None,
            fulfilment: None,
            terms: None,
            custom: None,
        }
    }

    /// Places of values that could not be read and count as missing, as JSON pointers.
    pub fn unreadable(&self) -> Vec<&'static str> {
        fn bad<T>(value: Option<&Loose<T>>) -> bool {
            value.is_some_and(|value| value.valid().is_none())
        }
        let card = self.card.as_ref();
        let device = self.device.as_ref();
        let billing = self.billing.as_ref();
        [
            ("/card/bin", bad(card.and_then(|c| c.bin.as_ref()))),
            ("/device/ip", bad(device.and_then(|d| d.ip.as_ref()))),
            ("/billing/country", bad(billing.and_then(|b| b.country.as_ref()))),
            ("/price_region", bad(self.price_region.as_ref())),
        ]
        .into_iter()
        .filter_map(|(pointer, is_bad)| is_bad.then_some(pointer))
        .collect()
    }
}
