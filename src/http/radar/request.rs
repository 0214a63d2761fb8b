//! The form as a transaction of ours.
//!
//! Strict as the format is: a value that is none of its parameter's is refused by the parameter's name. A
//! parameter nobody knows is no mistake (libraries grow), but is said in the warnings.

use super::super::error::{Code, Failure};
use super::super::once::digest;
use super::super::renamed::{Place, Renamed, leaves, source};
use super::form;
use super::refusal::Refusal;
use crate::disputes::stripe;
use crate::domain::{Currency, Timestamp, Transaction, Warning};
use crate::input::InputError;
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

const AMOUNT: &str = "/payment_details/amount";
const CURRENCY: &str = "/payment_details/currency";
const TRANSACTION: &str = "/metadata/transaction_id";
const PRESENCE: &str = "/payment_details/money_movement_details/card/customer_presence";
const PAYMENT_TYPE: &str = "/payment_details/money_movement_details/card/payment_type";

/// Where a parameter goes.
const PLACES: &[Place] = &[
    ("/customer_details/customer", ["account", "id"]),
    ("/customer_details/customer_account", ["account", "id"]),
    ("/payment_details/payment_method_details/billing_details/email", ["account", "email"]),
    ("/customer_details/email", ["account", "email"]),
    ("/payment_details/payment_method_details/billing_details/name", ["account", "name"]),
    ("/customer_details/name", ["account", "name"]),
    ("/payment_details/payment_method_details/billing_details/phone", ["account", "phone"]),
    ("/customer_details/phone", ["account", "phone"]),
    ("/payment_details/payment_method_details/billing_details/address/city", ["billing", "city"]),
    (
        "/payment_details/payment_method_details/billing_details/address/country",
        ["billing", "country"],
    ),
    ("/payment_details/payment_method_details/billing_details/address/line1", ["billing", "line1"]),
    (
        "/payment_details/payment_method_details/billing_details/address/postal_code",
        ["billing", "postal_code"],
    ),
    (
        "/payment_details/payment_method_details/billing_details/address/state",
        ["billing", "region"],
    ),
    ("/payment_details/payment_method_details/payment_method", ["payment", "processor_reference"]),
    ("/payment_details/statement_descriptor", ["", "descriptor"]),
    ("/payment_details/description", ["custom", "description"]),
    ("/payment_details/shipping_details/address/country", ["custom", "shipping_country"]),
    ("/client_device_metadata_details/radar_session", ["custom", "radar_session"]),
    ("/metadata/order_id", ["", "order_id"]),
    ("/metadata/seller_id", ["", "seller_id"]),
    ("/metadata/merchant_account", ["", "merchant_account"]),
    ("/metadata/price_region", ["", "price_region"]),
    ("/metadata/ip", ["device", "ip"]),
    ("/metadata/user_agent", ["device", "user_agent"]),
    ("/metadata/accept_language", ["device", "accept_language"]),
    ("/metadata/timezone", ["device", "timezone"]),
    ("/metadata/device_id", ["device", "device_id"]),
    ("/metadata/account_created_at", ["account", "created_at"]),
    ("/metadata/card_fingerprint", ["card", "fingerprint"]),
    ("/metadata/card_bin", ["card", "bin"]),
    ("/metadata/card_last4", ["card", "last4"]),
    ("/metadata/invoice_id", ["payment", "invoice_id"]),
    ("/metadata/delivery_mode", ["fulfilment", "method"]),
    ("/metadata/licence_key", ["fulfilment", "licence_key"]),
    ("/metadata/plan", ["subscription", "plan"]),
];
/// Known, and of no use here: no digital good is shipped, and the answer is always whole.
const UNUSED: [&str; 4] = [
    "/expand",
    "/payment_details/shipping_details",
    "/payment_details/payment_method_details/billing_details/address/line2",
    "/payment_details/money_movement_details/money_movement_type",
];

/// A form that was read.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) form: Value,
    renamed: Renamed,
}

impl Sent {
    /// Reads a form; the id is `metadata[transaction_id]`, else the request's own key.
    ///
    /// # Errors
    /// No amount, no currency, or neither id nor key.
    pub(super) fn read(
        form: Map<String, Value>,
        idempotency: Option<&str>,
    ) -> Result<Self, Refusal> {
        let form = Value::Object(form);
        let text = |pointer: &str| form.pointer(pointer).and_then(Value::as_str);
        let id = match (text(TRANSACTION), idempotency) {
            (Some(id), _) => id.to_owned(),
            (None, Some(key)) => format!("peval-{}", digest(key.as_bytes())),
            (None, None) => {
                let message = "send `metadata[transaction_id]` or an `Idempotency-Key`";
                return Err(missing(TRANSACTION, message));
            }
        };
        let mut renamed = Renamed::default();
        renamed.put(["", "transaction_id"], json!(id));
        renamed.put(["", "type"], json!(kind(&text)));
        renamed.put(["", "amount"], amount(&text)?);
        renamed.put(["payment", "processor"], json!("stripe"));
        renamed.put(["payment", "method"], json!("card"));
        if let Some(presence) = text(PRESENCE) {
            let initiator = if presence == "off_session" { "merchant" } else { "customer" };
            renamed.put(["payment", "initiator"], json!(initiator));
        }
        renamed.take(&form, PLACES);
        let is_known = |pointer: &str| {
            [AMOUNT, CURRENCY, TRANSACTION, PRESENCE, PAYMENT_TYPE].contains(&pointer)
                || PLACES.iter().any(|(place, _)| *place == pointer)
        };
        for leaf in leaves(&form) {
            match leaf.pointer.strip_prefix("/metadata/") {
                _ if is_known(&leaf.pointer) || leaf.is_under(&UNUSED) => {}
                Some(step) if !step.contains('/') => {
                    renamed.custom(leaf.name, leaf.value, &leaf.pointer);
                }
                _ => renamed.unknown(&leaf.pointer),
            }
        }
        Ok(Self { form, renamed })
    }

    /// The transaction at a time.
    ///
    /// # Errors
    /// A value that is none of its member's.
    pub(super) fn transaction(
        &self,
        time: Timestamp,
    ) -> Result<(Transaction, Vec<Warning>), InputError> {
        self.renamed.transaction(time)
    }

    /// What our reader says, in the words of the form.
    pub(super) fn unread(&self, error: &InputError) -> Refusal {
        let pointer = error.pointer().to_owned();
        self.refused(Failure { pointer, ..Failure::new(Code::InvalidField, error.summary()) })
    }

    /// A failure about a transaction, in the words of the form.
    pub(super) fn refused(&self, failure: Failure) -> Refusal {
        let param = self.param(&failure.pointer);
        let failure = match failure.code {
            Code::Conflict => Failure::new(
                Code::Conflict,
                "the idempotency key, or `metadata[transaction_id]`, was used with other parameters",
            ),
            _ => failure,
        };
        let refusal = Refusal::from(failure);
        param.map_or(refusal.clone(), |param| refusal.about(param))
    }

    /// The parameter a member of the transaction came from.
    fn param(&self, pointer: &str) -> Option<String> {
        let from = match pointer {
            "" => return None,
            "/transaction_id" => TRANSACTION.to_owned(),
            "/amount/value" | "/amount" => AMOUNT.to_owned(),
            "/amount/currency" => CURRENCY.to_owned(),
            pointer => match source(pointer, &self.form, PLACES) {
                Some(from) => from.to_owned(),
                None => format!("/metadata/{}", pointer.strip_prefix("/custom/")?),
            },
        };
        Some(form::name(&from))
    }
}

fn kind<'f>(text: &impl Fn(&str) -> Option<&'f str>) -> &'static str {
    match (text(PAYMENT_TYPE), text(PRESENCE)) {
        (Some("setup_one_off" | "setup_recurring"), _) => "card_setup",
        (Some("recurring"), Some("off_session")) => "renewal",
        _ => "purchase",
    }
}

/// The price in whole units; it is sent in the smallest.
fn amount<'f>(text: &impl Fn(&str) -> Option<&'f str>) -> Result<Value, Refusal> {
    let code = text(CURRENCY).ok_or_else(|| missing(CURRENCY, "a payment has a currency"))?;
    let currency: Currency = code
        .to_ascii_uppercase()
        .parse()
        .map_err(|_| wrong(CURRENCY, "not a currency's code, as `eur`"))?;
    let exponent = stripe::exponent(currency);
    let exponent = exponent.ok_or_else(|| wrong(CURRENCY, "this currency has no minor unit"))?;
    let minor = text(AMOUNT).ok_or_else(|| missing(AMOUNT, "a payment has an amount"))?;
    let minor: u64 =
        minor.parse().map_err(|_| wrong(AMOUNT, "not a whole number of the smallest unit"))?;
    let value = Decimal::try_from_i128_with_scale(i128::from(minor), exponent);
    let value = value.map_err(|_| wrong(AMOUNT, "too large"))?;
    Ok(json!({ "value": value.to_string(), "currency": currency.code() }))
}

fn missing(pointer: &str, message: &str) -> Refusal {
    Refusal::invalid("parameter_missing", message).about(form::name(pointer))
}

fn wrong(pointer: &str, message: &str) -> Refusal {
    Refusal::invalid("invalid_field", message).about(form::name(pointer))
}

#[cfg(test)]
mod tests {
    use super::super::super::renamed::LONGEST_CUSTOM;
    use super::*;

    fn sent(form: &str) -> Result<Sent, Refusal> {
        Sent::read(form::read(form.as_bytes()).unwrap(), Some("key-1"))
    }

    #[test]
    fn amounts_are_whole_units_as_the_format_counts_each_currency() {
        for (minor, currency, value) in [
            ("100", "eur", "1.00"),
            ("100", "JPY", "100"),
            ("500", "isk", "5.00"),
            ("1000", "kwd", "1.000"),
        ] {
            let form =
                format!("payment_details[amount]={minor}&payment_details[currency]={currency}");
            let sent = sent(&form).unwrap();
            assert_eq!(sent.renamed.native["amount"]["value"], value, "{currency}");
        }
        for wrong in ["-1", "1.5", "", "99999999999999999999"] {
            let form = format!("payment_details[amount]={wrong}&payment_details[currency]=eur");
            assert!(sent(&form).is_err(), "{wrong}");
        }
    }

    #[test]
    fn no_warning_holds_what_a_person_may_be_known_by() {
        let long = "x".repeat(LONGEST_CUSTOM + 1);
        let form = format!(
            "payment_details[amount]=1&payment_details[currency]=eur&jane@example.com=1\
             &later[jane@example.com][b]=1&later[4111111111111111]=1&metadata[jane@example.com]={long}\
             &metadata[a/b]=c&metadata[4111 1111 1111 1111]={long}"
        );
        let sent = sent(&form).unwrap();
        let told: Vec<_> =
            sent.renamed.warnings.iter().map(|warning| warning.pointer.as_str()).collect();
        assert_eq!(told.len(), 5, "{told:?}");
        assert!(told.contains(&"/…") && told.contains(&"/later/…/b"), "{told:?}");
        for secret in ["jane", "411111111111", "4111 1111 1111"] {
            assert!(told.iter().all(|pointer| !pointer.contains(secret)), "{told:?}");
        }
        assert_eq!(sent.renamed.native["custom"], json!({"a/b": "c"}));
    }

    #[test]
    fn what_is_wrong_is_named_as_the_form_has_it() {
        let form = "payment_details[amount]=100&payment_details[currency]=eur&customer_details[email]=a@example.com\
                    &metadata[campaign]=autumn&later[thing]=1&metadata[card_last4]=12345\
                    &customer_details[name][first]=x&metadata[plan][a]=1";
        let sent = sent(form).unwrap();
        let error = sent.transaction("2026-01-01T00:00:00Z".parse().unwrap()).unwrap_err();
        assert_eq!(sent.param(error.pointer()).as_deref(), Some("metadata[card_last4]"));
        assert_eq!(sent.param("/account/email").as_deref(), Some("customer_details[email]"));
        assert_eq!(sent.param("/custom/campaign").as_deref(), Some("metadata[campaign]"));
        assert_eq!(sent.renamed.native["custom"], json!({"campaign": "autumn"}));
        let told: Vec<_> =
            sent.renamed.warnings.iter().map(|warning| warning.pointer.as_str()).collect();
        // A parameter that grew members is one nobody knows.
        assert_eq!(told, ["/customer_details/name/first", "/later/thing", "/metadata/plan/a"]);
    }
}
