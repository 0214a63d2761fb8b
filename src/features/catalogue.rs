//! The list of fields: one entry each, in a fixed order.
//!
//! An entry is never renamed or given another meaning; a new meaning is a new name. The order is the
//! order of the record's slots and of `docs/features.md`.

use super::value::Kind;

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Copied from the request; the name is the request's own.
    Request,
    /// Computed by us from the request, the tables and the history.
    Derived,
}

/// Whether a value is known when the score is asked for before the issuer has answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Known before authorization.
    Before,
    /// Known only after authorization; missing when scored before it.
    After,
}

/// One field of the record.
#[derive(Debug)]
pub struct Field {
    /// Its place in the record.
    pub id: FieldId,
    /// The name rules, models and the ledger use.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// Unit of a number; empty where there is none.
    pub unit: &'static str,
    /// Window of a count, sum or distinct, ending just before the transaction; empty otherwise.
    pub window: &'static str,
    /// When it is known.
    pub stage: Stage,
    /// Where it comes from.
    pub origin: Origin,
    /// True when the value can name a person: sealed in the ledger, gone after erasure.
    pub personal: bool,
    /// When the value is missing.
    pub missing: &'static str,
    /// What it says, in one sentence.
    pub doc: &'static str,
}

/// A field's place in the record. Made only by the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldId(u16);

impl FieldId {
    /// Finds a field by its name. Cost: a linear scan; for load time, not for a request.
    pub fn by_name(name: &str) -> Option<Self> {
        FIELDS.iter().find(|field| field.name == name).map(|field| field.id)
    }

    /// The field's entry.
    #[expect(clippy::indexing_slicing, reason = "ids are made from the table's own positions")]
    pub fn field(self) -> &'static Field {
        &FIELDS[usize::from(self.0)]
    }

    /// The slot's index in a record.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

const TYPES: &[&str] = crate::domain::TransactionKind::WORDS;
const METHODS: &[&str] = crate::domain::PaymentMethod::WORDS;
const INITIATORS: &[&str] = crate::domain::Initiator::WORDS;
const FULFILMENTS: &[&str] = crate::domain::FulfilmentMethod::WORDS;
const FUNDINGS: &[&str] = &["credit", "debit", "charge"];
const EMAIL_CLASSES: &[&str] = &["disposable", "relay", "free", "other"];

macro_rules! catalogue {
    ($($id:ident $name:literal $kind:expr, $stage:ident, $origin:ident, personal: $personal:literal,
       unit: $unit:literal, window: $window:literal, missing: $missing:literal, $doc:literal;)*) => {
        #[derive(Clone, Copy)]
        #[expect(non_camel_case_types, clippy::upper_case_acronyms, reason = "numbers the entries below")]
        enum Slot { $($id),* }

        /// Every field's id by its name in capitals.
        pub mod fields {
            use super::{FieldId, Slot};
            $(
                #[doc = $doc]
                pub const $id: FieldId = FieldId(Slot::$id as u16);
            )*
        }

        /// Every field, in the order of the record's slots.
        pub static FIELDS: &[Field] = &[$(Field {
            id: fields::$id, name: $name, kind: $kind, unit: $unit, window: $window,
            stage: Stage::$stage, origin: Origin::$origin, personal: $personal,
            missing: $missing, doc: $doc,
        }),*];
    };
}

catalogue! {
    TYPE "type" Kind::Word(TYPES), Before, Request, personal: false, unit: "", window: "",
        missing: "never",
        "What is being scored: a purchase, a login, a trial start, …";
    EVENT_TIME "event_time" Kind::Time, Before, Request, personal: false, unit: "", window: "",
        missing: "never",
        "When it happened, by the merchant's clock.";
    ORDER_ID "order_id" Kind::Text, Before, Request, personal: false, unit: "", window: "",
        missing: "not sent",
        "The order the attempt belongs to.";
    SELLER_ID "seller_id" Kind::Text, Before, Request, personal: false, unit: "", window: "",
        missing: "not sent",
        "The seller a merchant of record sells for.";
    MERCHANT_ACCOUNT "merchant_account" Kind::Text, Before, Request, personal: false, unit: "", window: "",
        missing: "not sent",
        "The merchant's account at the processor.";
    DESCRIPTOR "descriptor" Kind::Text, Before, Request, personal: false, unit: "", window: "",
        missing: "not sent",
        "The text on the buyer's statement.";
    AMOUNT "amount" Kind::Money, Before, Request, personal: false, unit: "", window: "",
        missing: "not sent",
        "The price in the currency it was charged in.";
    ACCOUNT_ID "account.id" Kind::Text, Before, Request, personal: false, unit: "", window: "",
        missing: "not sent",
        "The buyer's account.";
    ACCOUNT_CREATED_AT "account.created_at" Kind::Time, Before, Request, personal: false, unit: "", window: "",
        missing: "not sent",
        "When the account was opened.";
    ACCOUNT_EMAIL "account.email" Kind::Text, Before, Request, personal: true, unit: "", window: "",
        missing: "not sent",
        "The account's e-mail address as typed.";
    ACCOUNT_NAME "account.name" Kind::Text, Before, Request, personal: true, unit: "", window: "",
        missing: "not sent",
        "The account holder's name.";
    ACCOUNT_PHONE "account.phone" Kind::Text, Before, Request, personal: true, unit: "", window: "",
        missing: "not sent",
        "The account holder's phone number.";
    CARD_FINGERPRINT "card.fingerprint" Kind::Text, Before, Request, personal: true, unit: "", window: "",
        missing: "not sent",
        "The processor's keyed hash of the card number.";
    CARD_BIN "card.bin" Kind::Text, Before, Request, personal: false, unit: "", window: "",
        missing: "not sent",
        "First six to eight digits of the card number.";
    CARD_LAST4 "card.last4" Kind::Text, Before, Request, personal: true, unit: "", window: "",
        missing: "not sent",
        "Last four digits of the card number.";
    CARD_NETWORK_TOKEN "card.network_token" Kind::Bool, Before, Request, personal: false, unit: "", window: "",
        missing: "not sent",
        "True when a network token stands for the card number.";
    CARD_AVS_RESULT "card.avs_result" Kind::Text, After, Request, personal: false, unit: "", window: "",
        missing: "not sent",
        "The network's address-check letter, as sent.";
    CARD_CVV_RESULT "card.cvv_result" Kind::Text, After, Request, personal: false, unit: "", window: "",
        missing: "not sent",
        "The network's security-code letter, as sent.";
    CARD_THREE_DS_ECI "card.three_ds.eci" Kind::Text, After, Request, personal: false, unit: "", window: "",
        missing: "not sent",
        "The electronic commerce indicator of the 3-D Secure result.";
    CARD_THREE_DS_VERSION "card.three_ds.version" Kind::Text, After, Request, personal: false, unit: "", window: "",
        missing: "not sent",
        "The 3-D Secure version used.";
    CARD_THREE_DS_LIABILITY_SHIFT "card.three_ds.liability_shift" Kind::Bool, After, Request, personal: false, unit: "", window: "",
        missing: "not sent",
        "True when the processor reports that liability moved to the issuer.";
    PAYMENT_METHOD "payment.method" Kind::Word(METHODS), Before, Request, personal: false, unit: "", window: "",
        missing: "not sent",
        "How the buyer pays.";
    PAYMENT_PROCESSOR "payment.processor" Kind::Text, Before, Request, personal: false, unit: "", window: "",
        missing: "not sent",
        "Who processes the payment.";
    PAYMENT_ATTEMPT "payment.attempt" Kind::Int, Before, Request, personal: false, unit: "attempts", window: "",
        missing: "not sent",
        "Which attempt at this order or invoice it is, from 1.";
    PAYMENT_INVOICE_ID "payment.invoice_id" Kind::Text, Before, Request, personal: false, unit: "", window: "",
        missing: "not sent",
        "The invoice the attempt pays; retries share it.";
    PAYMENT_INITIATOR "payment.initiator" Kind::Word(INITIATORS), Before, Request, personal: false, unit: "", window: "",
        missing: "not sent",
        "Who started the payment: the customer or the merchant.";
    DEVICE_IP "device.ip" Kind::Ip, Before, Request, personal: true, unit: "", window: "",
        missing: "not sent",
        "The address the request came from.";
    DEVICE_USER_AGENT "device.user_agent" Kind::Text, Before, Request, personal: true, unit: "", window: "",
        missing: "not sent",
        "The browser's or app's own name.";
    DEVICE_DEVICE_ID "device.device_id" Kind::Text, Before, Request, personal: true, unit: "", window: "",
        missing: "not sent",
        "The merchant's device identifier.";
    DEVICE_ACCEPT_LANGUAGE "device.accept_language" Kind::Text, Before, Request, personal: false, unit: "", window: "",
        missing: "not sent",
        "The browser's language preference.";
    DEVICE_TIMEZONE "device.timezone" Kind::Text, Before, Request, personal: false, unit: "", window: "",
        missing: "not sent",
        "The device's IANA time zone.";
    BILLING_COUNTRY "billing.country" Kind::Country, Before, Request, personal: false, unit: "", window: "",
        missing: "not sent",
        "The billing address's country.";
    BILLING_POSTAL_CODE "billing.postal_code" Kind::Text, Before, Request, personal: true, unit: "", window: "",
        missing: "not sent",
        "The billing address's postal code.";
    PRICE_REGION "price_region" Kind::Country, Before, Request, personal: false, unit: "", window: "",
        missing: "not sent",
        "The country whose price list was used.";
    SUBSCRIPTION_PLAN "subscription.plan" Kind::Text, Before, Request, personal: false, unit: "", window: "",
        missing: "not sent",
        "The plan.";
    SUBSCRIPTION_INTERVAL "subscription.interval" Kind::Text, Before, Request, personal: false, unit: "", window: "",
        missing: "not sent",
        "How often it renews.";
    SUBSCRIPTION_TRIAL "subscription.trial" Kind::Bool, Before, Request, personal: false, unit: "", window: "",
        missing: "not sent",
        "True while the plan is a free or reduced trial.";
    SUBSCRIPTION_RENEWAL_NUMBER "subscription.renewal_number" Kind::Int, Before, Request, personal: false, unit: "renewals", window: "",
        missing: "not sent",
        "0 for the first payment, 1 for the first renewal, …";
    FULFILMENT_METHOD "fulfilment.method" Kind::Word(FULFILMENTS), Before, Request, personal: false, unit: "", window: "",
        missing: "not sent",
        "How the good reaches the buyer.";
    TERMS_VERSION "terms.version" Kind::Text, Before, Request, personal: false, unit: "", window: "",
        missing: "not sent",
        "The version of the terms accepted.";
    TERMS_ACCEPTED_AT "terms.accepted_at" Kind::Time, Before, Request, personal: false, unit: "", window: "",
        missing: "not sent",
        "When the terms were accepted.";
    AMOUNT_EUR "amount_eur" Kind::Decimal, Before, Derived, personal: false, unit: "EUR", window: "",
        missing: "no amount, or no rate for its currency",
        "The amount in euro at the last ECB rate on or before the event's day.";
    AMOUNT_USD "amount_usd" Kind::Decimal, Before, Derived, personal: false, unit: "USD", window: "",
        missing: "no amount, or no rate for its currency",
        "The amount in US dollars by the same table.";
    EUR_RATE "eur_rate" Kind::Float, Before, Derived, personal: false, unit: "EUR", window: "",
        missing: "no amount, or no rate for its currency",
        "Euro per unit of the amount's currency by the same table.";
    ITEM_COUNT "item_count" Kind::Int, Before, Derived, personal: false, unit: "units", window: "",
        missing: "no items",
        "Units bought, over all items.";
    HOUR_UTC "hour_utc" Kind::Int, Before, Derived, personal: false, unit: "h", window: "",
        missing: "never",
        "Hour of the event's day in UTC, 0–23.";
    ACCOUNT_AGE_H "account.age_h" Kind::Float, Before, Derived, personal: false, unit: "h", window: "",
        missing: "no account or no opening time",
        "Age of the account at the event; negative when it is said to open later.";
    IP_COUNTRY "ip.country" Kind::Country, Before, Derived, personal: false, unit: "", window: "",
        missing: "no address, a private one, or no entry",
        "Country of the address. Unreliable for hosting, CDN and anycast networks.";
    IP_ASN "ip.asn" Kind::Int, Before, Derived, personal: false, unit: "", window: "",
        missing: "no address, a private one, or no entry",
        "Autonomous system that announces the address.";
    IP_HOSTING "ip.hosting" Kind::Bool, Before, Derived, personal: false, unit: "", window: "",
        missing: "no address or no table",
        "True for a data centre, cloud or hosting network, where commercial VPN exits also live.";
    IP_TOR "ip.tor" Kind::Bool, Before, Derived, personal: false, unit: "", window: "",
        missing: "no address or no table",
        "True for a Tor exit.";
    IP_VPN "ip.vpn" Kind::Bool, Before, Derived, personal: false, unit: "", window: "",
        missing: "no address or no table",
        "True only when a source names the range as a VPN.";
    IP_RESERVED "ip.reserved" Kind::Bool, Before, Derived, personal: false, unit: "", window: "",
        missing: "no address",
        "True for private, loopback, documentation and other addresses that are not public.";
    BIN_COUNTRY "bin.country" Kind::Country, Before, Derived, personal: false, unit: "", window: "",
        missing: "no BIN or no entry",
        "Country of the issuer.";
    BIN_BRAND "bin.brand" Kind::Text, Before, Derived, personal: false, unit: "", window: "",
        missing: "no BIN or no entry",
        "Network of the BIN, lower case.";
    BIN_FUNDING "bin.funding" Kind::Word(FUNDINGS), Before, Derived, personal: false, unit: "", window: "",
        missing: "no BIN or no entry",
        "Credit, debit or charge card.";
    BIN_PREPAID "bin.prepaid" Kind::Bool, Before, Derived, personal: false, unit: "", window: "",
        missing: "no BIN or no entry",
        "True for prepaid, gift and reloadable products.";
    BIN_TEST "bin.test" Kind::Bool, Before, Derived, personal: false, unit: "", window: "",
        missing: "no BIN",
        "True for a BIN the networks publish for testing.";
    EMAIL_DOMAIN "email.domain" Kind::Text, Before, Derived, personal: false, unit: "", window: "",
        missing: "no address, or not one",
        "Registrable domain of the address, lower case.";
    EMAIL_CLASS "email.class" Kind::Word(EMAIL_CLASSES), Before, Derived, personal: false, unit: "", window: "",
        missing: "no address or no table",
        "What kind of mailbox the domain offers.";
    EMAIL_ROLE "email.role" Kind::Bool, Before, Derived, personal: false, unit: "", window: "",
        missing: "no address or no table",
        "True for a mailbox of a function (billing@, info@) rather than a person.";
    IP_BILLING_MISMATCH "ip_billing_mismatch" Kind::Bool, Before, Derived, personal: false, unit: "", window: "",
        missing: "either is missing",
        "The address's country differs from the billing country.";
    IP_BIN_MISMATCH "ip_bin_mismatch" Kind::Bool, Before, Derived, personal: false, unit: "", window: "",
        missing: "either is missing",
        "The address's country differs from the issuer's.";
    BIN_BILLING_MISMATCH "bin_billing_mismatch" Kind::Bool, Before, Derived, personal: false, unit: "", window: "",
        missing: "either is missing",
        "The issuer's country differs from the billing country.";
    PRICE_REGION_MISMATCH "price_region_mismatch" Kind::Bool, Before, Derived, personal: false, unit: "", window: "",
        missing: "either is missing",
        "The price list's country differs from the issuer's.";
    PAYMENT_DISPUTE_RIGHT "payment.dispute_right" Kind::Bool, Before, Derived, personal: false, unit: "", window: "",
        missing: "no method, or one we know nothing of",
        "True when the method lets the payer dispute the payment.";
    CARD_TX_COUNT_1H "card_tx_count_1h" Kind::Int, Before, Derived, personal: false, unit: "transactions", window: "1h",
        missing: "no card in the request",
        "Payment attempts of the card in the hour before this one, our own blocks and repeats excluded.";
    CARD_TX_COUNT_1D "card_tx_count_1d" Kind::Int, Before, Derived, personal: false, unit: "transactions", window: "1d",
        missing: "no card in the request",
        "Payment attempts of the card in the day before this one, our own blocks and repeats excluded.";
    CARD_DECLINED_COUNT_1D "card_declined_count_1d" Kind::Int, Before, Derived, personal: false, unit: "transactions", window: "1d",
        missing: "no card in the request",
        "Authorizations of the card the issuer declined in the day before, outages excluded.";
    CARD_AMOUNT_EUR_SUM_1D "card_amount_eur_sum_1d" Kind::Decimal, Before, Derived, personal: false, unit: "EUR", window: "1d",
        missing: "no card in the request",
        "Sum of the amounts tried with the card in the day before, those without a rate left out.";
    CARD_DISTINCT_EMAILS_7D "card_distinct_emails_7d" Kind::Int, Before, Derived, personal: false, unit: "emails", window: "7d",
        missing: "no card in the request",
        "Distinct emails seen with the card in the 7 days before; saturates at the cap.";
    CARD_DISTINCT_IPS_1D "card_distinct_ips_1d" Kind::Int, Before, Derived, personal: false, unit: "ips", window: "1d",
        missing: "no card in the request",
        "Distinct ips seen with the card in the day before; saturates at the cap.";
    EMAIL_TX_COUNT_1D "email_tx_count_1d" Kind::Int, Before, Derived, personal: false, unit: "transactions", window: "1d",
        missing: "no e-mail address in the request",
        "Payment attempts of the e-mail address in the day before this one, our own blocks and repeats excluded.";
    EMAIL_DISTINCT_CARDS_7D "email_distinct_cards_7d" Kind::Int, Before, Derived, personal: false, unit: "cards", window: "7d",
        missing: "no e-mail address in the request",
        "Distinct cards seen with the e-mail address in the 7 days before; saturates at the cap.";
    IP_TX_COUNT_1M "ip_tx_count_1m" Kind::Int, Before, Derived, personal: false, unit: "transactions", window: "1m",
        missing: "no IP address in the request",
        "Payment attempts of the IP address in the minute before this one, our own blocks and repeats excluded.";
    IP_TX_COUNT_1H "ip_tx_count_1h" Kind::Int, Before, Derived, personal: false, unit: "transactions", window: "1h",
        missing: "no IP address in the request",
        "Payment attempts of the IP address in the hour before this one, our own blocks and repeats excluded.";
    IP_DECLINED_COUNT_1H "ip_declined_count_1h" Kind::Int, Before, Derived, personal: false, unit: "transactions", window: "1h",
        missing: "no IP address in the request",
        "Authorizations of the IP address the issuer declined in the hour before, outages excluded.";
    IP_DISTINCT_CARDS_1H "ip_distinct_cards_1h" Kind::Int, Before, Derived, personal: false, unit: "cards", window: "1h",
        missing: "no IP address in the request",
        "Distinct cards seen with the IP address in the hour before; saturates at the cap.";
    IP_DISTINCT_CARDS_1D "ip_distinct_cards_1d" Kind::Int, Before, Derived, personal: false, unit: "cards", window: "1d",
        missing: "no IP address in the request",
        "Distinct cards seen with the IP address in the day before; saturates at the cap.";
    IP_DISTINCT_ACCOUNTS_1D "ip_distinct_accounts_1d" Kind::Int, Before, Derived, personal: false, unit: "accounts", window: "1d",
        missing: "no IP address in the request",
        "Distinct accounts seen with the IP address in the day before; saturates at the cap.";
    DEVICE_TX_COUNT_1H "device_tx_count_1h" Kind::Int, Before, Derived, personal: false, unit: "transactions", window: "1h",
        missing: "no device in the request",
        "Payment attempts of the device in the hour before this one, our own blocks and repeats excluded.";
    DEVICE_DECLINED_COUNT_1D "device_declined_count_1d" Kind::Int, Before, Derived, personal: false, unit: "transactions", window: "1d",
        missing: "no device in the request",
        "Authorizations of the device the issuer declined in the day before, outages excluded.";
    DEVICE_DISTINCT_CARDS_1D "device_distinct_cards_1d" Kind::Int, Before, Derived, personal: false, unit: "cards", window: "1d",
        missing: "no device in the request",
        "Distinct cards seen with the device in the day before; saturates at the cap.";
    DEVICE_DISTINCT_ACCOUNTS_30D "device_distinct_accounts_30d" Kind::Int, Before, Derived, personal: false, unit: "accounts", window: "30d",
        missing: "no device in the request",
        "Distinct accounts seen with the device in the 30 days before; saturates at the cap.";
    ACCOUNT_TX_COUNT_1H "account_tx_count_1h" Kind::Int, Before, Derived, personal: false, unit: "transactions", window: "1h",
        missing: "no account in the request",
        "Payment attempts of the account in the hour before this one, our own blocks and repeats excluded.";
    ACCOUNT_TX_COUNT_30D "account_tx_count_30d" Kind::Int, Before, Derived, personal: false, unit: "transactions", window: "30d",
        missing: "no account in the request",
        "Payment attempts of the account in the 30 days before this one, our own blocks and repeats excluded.";
    ACCOUNT_DECLINED_COUNT_1D "account_declined_count_1d" Kind::Int, Before, Derived, personal: false, unit: "transactions", window: "1d",
        missing: "no account in the request",
        "Authorizations of the account the issuer declined in the day before, outages excluded.";
    ACCOUNT_AMOUNT_EUR_SUM_30D "account_amount_eur_sum_30d" Kind::Decimal, Before, Derived, personal: false, unit: "EUR", window: "30d",
        missing: "no account in the request",
        "Sum of the amounts tried with the account in the 30 days before, those without a rate left out.";
    ACCOUNT_APPROVED_COUNT_90D "account_approved_count_90d" Kind::Int, Before, Derived, personal: false, unit: "transactions", window: "90d",
        missing: "no account in the request",
        "Authorizations of the account the issuer approved in the 90 days before.";
    ACCOUNT_DISTINCT_CARDS_7D "account_distinct_cards_7d" Kind::Int, Before, Derived, personal: false, unit: "cards", window: "7d",
        missing: "no account in the request",
        "Distinct cards seen with the account in the 7 days before; saturates at the cap.";
    ACCOUNT_DISTINCT_DEVICES_30D "account_distinct_devices_30d" Kind::Int, Before, Derived, personal: false, unit: "devices", window: "30d",
        missing: "no account in the request",
        "Distinct devices seen with the account in the 30 days before; saturates at the cap.";
    ACCOUNT_FIRST_SEEN_H "account.first_seen_h" Kind::Float, Before, Derived, personal: false, unit: "h", window: "",
        missing: "no account, or never seen",
        "Time since we first saw the account.";
    CARD_FIRST_SEEN_H "card.first_seen_h" Kind::Float, Before, Derived, personal: false, unit: "h", window: "",
        missing: "no card, or never seen",
        "Time since we first saw the card.";
    MODEL_FRAUD_PROBABILITY "model.fraud_probability" Kind::Float, Before, Derived, personal: false, unit: "", window: "",
        missing: "no model",
        "The calibrated probability that a theft or takeover label arrives within 120 days.";
    MODEL_RISK_SCORE "model.risk_score" Kind::Decimal, Before, Derived, personal: false, unit: "", window: "",
        missing: "no model",
        "100 × the fraud probability, 0.01–99.99, two decimals.";
}

/// The catalogue as the page `docs/features.md`.
pub fn markdown() -> String {
    let mut page = String::from(
        "# Features\n\nGenerated from the catalogue by `vouch features --markdown`; do not edit.\n\n\
         Stage *after*: known only once the issuer has answered; missing when scored before. \
         *Personal*: sealed in the ledger and gone after erasure. A window ends just before the \
         transaction, by event time. Any member of `custom` is a field too: `custom.<name>`.\n",
    );
    for (origin, title) in [(Origin::Request, "From the request"), (Origin::Derived, "Derived")] {
        page.push_str("\n## ");
        page.push_str(title);
        page.push_str(
            "\n\n| Field | Type | Unit | Window | Stage | Personal | Meaning | Missing when |\n",
        );
        page.push_str("|---|---|---|---|---|---|---|---|\n");
        for field in FIELDS.iter().filter(|field| field.origin == origin) {
            page.push_str(&row(field));
        }
    }
    page
}

fn row(field: &Field) -> String {
    let words = match field.kind {
        Kind::Word(words) => format!(": {}", words.join(", ")),
        _ => String::new(),
    };
    format!(
        "| `{}` | {}{words} | {} | {} | {} | {} | {} | {} |\n",
        field.name,
        field.kind.name(),
        field.unit,
        field.window,
        if field.stage == Stage::After { "after" } else { "" },
        if field.personal { "yes" } else { "" },
        field.doc,
        field.missing,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_unique_and_ids_are_positions() {
        let names: BTreeSet<_> = FIELDS.iter().map(|f| f.name).collect();
        assert_eq!(names.len(), FIELDS.len());
        for (place, field) in FIELDS.iter().enumerate() {
            assert_eq!(field.id.index(), place);
            assert_eq!(FieldId::by_name(field.name), Some(field.id));
            assert!(!field.missing.is_empty() && !field.doc.is_empty(), "{}", field.name);
        }
    }

    #[test]
    fn windows_end_the_name() {
        for field in FIELDS.iter().filter(|f| !f.window.is_empty()) {
            assert!(field.name.ends_with(&format!("_{}", field.window)), "{}", field.name);
        }
    }
}
