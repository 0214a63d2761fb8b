//! A body of the format as a transaction of ours.
//!
//! Values keep their meaning or are left out: a probable word is not made up, and what we have no field for
//! becomes a member of `custom`, which rules can read.

use super::super::once::hex;
use super::super::renamed::{decimal, price};
use super::inputs::{Inputs, pointer};
use super::refusal::Refusal;
use super::windows;
use crate::domain::{Timestamp, Transaction, Warning};
use crate::engine::MAX_AHEAD_MS;
use crate::input::{InputError, read_transaction};
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

/// Oldest `event.time` taken, in milliseconds.
const OLDEST_MS: i64 = 366 * 24 * 3_600_000;
/// What a second scoring keeps of its transaction's id, in bytes, so that its own is no longer than an id may be.
const LONGEST_STEM: usize = 90;
/// Two centuries: no account of anybody is older.
const OLDEST_ACCOUNT_DAYS: i64 = 73_000;
/// Most values left out before the body is given up.
const MOST_LEFT_OUT: usize = 32;
/// Most articles; our own limit is higher than a body of this format is long.
const MOST_ITEMS: usize = 200;
const GROUPS: [&str; 11] = [
    "account",
    "billing",
    "credit_card",
    "custom_inputs",
    "device",
    "email",
    "event",
    "order",
    "payment",
    "shipping",
    "shopping_cart",
];

/// A body that was read.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) inputs: Inputs,
    /// Members of a transaction of ours, without id and time.
    native: Map<String, Value>,
    /// `event.transaction_id`.
    transaction_id: Option<String>,
    /// Of the whole body.
    digest: [u8; 32],
    /// `event.time`, where one can be used.
    pub(super) time: Option<Timestamp>,
    age_days: Option<i64>,
    /// What the issuer said, and its word for no.
    pub(super) authorized: Option<(bool, Option<String>)>,
    /// How many of the remarks are of the reading here.
    read_remarks: usize,
}

/// Reads a body.
///
/// # Errors
/// It is not JSON, or no object.
pub(super) fn read(body: &[u8], now: Timestamp) -> Result<Sent, Refusal> {
    let inputs = Inputs::read(body)?;
    let digest = Sha256::digest(inputs.canonical()).into();
    let mut sent = Sent {
        inputs,
        native: Map::new(),
        transaction_id: None,
        digest,
        time: None,
        age_days: None,
        authorized: None,
        read_remarks: 0,
    };
    sent.event(now);
    sent.buyer();
    sent.card_and_payment();
    sent.device();
    sent.order();
    sent.items();
    sent.custom_inputs();
    sent.invoice();
    sent.inputs.leftovers(&GROUPS);
    sent.read_remarks = sent.inputs.remarks.len();
    Ok(sent)
}

impl Sent {
    /// The ids this body may have been scored under, the one for a first scoring first.
    pub(super) fn ids(&self, now: Timestamp) -> Vec<String> {
        if let Some(id) = &self.transaction_id {
            return vec![id.clone()];
        }
        windows(now).map(|window| format!("mf-{}-{window}", self.short())).into()
    }

    /// The id for a second scoring of one transaction with other values.
    pub(super) fn id_by_content(&self, id: &str) -> String {
        format!("{}~{}", stem(id), self.short())
    }

    fn short(&self) -> String {
        hex(self.digest.iter().take(12))
    }

    /// The transaction under an id at a time. What our own reader refuses is left out with a remark.
    ///
    /// # Errors
    /// Too much of it is refused.
    pub(super) fn transaction(
        &mut self,
        id: &str,
        time: Timestamp,
    ) -> Result<(Transaction, Vec<Warning>), Refusal> {
        // Those of a try before, under another id or at another time, are said again.
        self.inputs.remarks.truncate(self.read_remarks);
        let mut native = self.native.clone();
        native.insert("transaction_id".to_owned(), json!(id));
        native.insert("event_time".to_owned(), json!(time));
        if let Some(days) = self.age_days {
            let opened = time.plus_millis(-days * 24 * 3_600_000);
            put(&mut native, ["account", "created_at"], json!(opened));
        }
        let mut native = Value::Object(native);
        for _ in 0..MOST_LEFT_OUT {
            match read_transaction(native.to_string().as_bytes()) {
                Ok(read) => return Ok(read),
                Err(InputError::Invalid { pointer, .. }) if remove(&mut native, &pointer) => {
                    self.inputs.refuse(pointer);
                }
                Err(error) => return Err(Refusal::invalid("REQUEST_INVALID", error.to_string())),
            }
        }
        Err(Refusal::invalid("REQUEST_INVALID", "too many values that can't be used"))
    }

    fn put(&mut self, at: [&str; 2], value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            put(&mut self.native, at, value.into());
        }
    }

    fn custom(&mut self, name: &str, value: Option<impl Into<Value>>) {
        self.put(["custom", name], value);
    }

    fn event(&mut self, now: Timestamp) {
        let i = &mut self.inputs;
        self.transaction_id = i.any_text(("event", "transaction_id"), 128);
        let shop = i.any_text(("event", "shop_id"), 128);
        let word = i.word(("event", "type"), EVENTS.map(|(word, _)| word).as_slice());
        let party = i.word(("event", "party"), &["agent", "customer"]);
        let time = i.any_text(("event", "time"), 64);
        self.time = time.as_deref().and_then(|text| text.parse::<Timestamp>().ok()).filter(|at| {
            let ahead = at.millis_since(now);
            (-OLDEST_MS..=MAX_AHEAD_MS).contains(&ahead)
        });
        if time.is_some() && self.time.is_none() {
            i.refuse(pointer(("event", "time")));
        }
        let kind = EVENTS.iter().find(|(theirs, _)| Some(*theirs) == word);
        self.native.insert("type".to_owned(), json!(kind.map_or("purchase", |(_, ours)| ours)));
        let own = EVENTS.iter().any(|(theirs, ours)| Some(*theirs) == word && theirs == ours);
        self.custom("event_type", word.filter(|_| !own));
        self.custom("event_party", party);
        if let Some(id) = self.transaction_id.clone() {
            self.native.insert("order_id".to_owned(), json!(id));
        }
        if let Some(shop) = shop {
            self.native.insert("seller_id".to_owned(), json!(shop));
        }
    }

    fn buyer(&mut self) {
        let i = &mut self.inputs;
        let user = i.any_text(("account", "user_id"), 128);
        let username = i.text(("account", "username_md5"), 32, is_md5);
        let domain = i.any_text(("email", "domain"), 255).map(|name| name.to_ascii_lowercase());
        let email = i.text(("email", "address"), 320, |text| text.contains('@') || is_md5(text));
        let [first, last] = ["first_name", "last_name"].map(|n| i.any_text(("billing", n), 127));
        let code = i.any_text(("billing", "phone_country_code"), 4);
        let number = i.any_text(("billing", "phone_number"), 59);
        let [city, line1] = [("city", 128), ("address", 256)]
            .map(|(name, most)| i.any_text(("billing", name), most));
        let postal = i.any_text(("billing", "postal"), 32);
        let region = i.any_text(("billing", "region"), 64);
        let country = i.text(("billing", "country"), 2, is_country);
        if country.is_none() && (city.is_some() || postal.is_some()) {
            let warning = "The billing country is missing, so the address could not be placed.";
            i.remark("BILLING_COUNTRY_MISSING", warning, "/billing/country".to_owned());
        }
        for unused in ["address_2", "company"] {
            i.any_text(("billing", unused), 256);
        }
        let shipping = i.text(("shipping", "country"), 2, is_country);
        let speed = i.any_text(("shipping", "delivery_speed"), 32);
        for unused in ADDRESS {
            i.any_text(("shipping", unused), 256);
        }
        let name = [first, last].into_iter().flatten().collect::<Vec<_>>().join(" ");
        self.put(["account", "id"], user);
        self.put(["account", "email"], mailbox(email, domain));
        self.put(["account", "name"], Some(name).filter(|name| !name.is_empty()));
        self.put(["account", "phone"], phone(code, number));
        self.put(["billing", "city"], city);
        self.put(["billing", "line1"], line1);
        self.put(["billing", "postal_code"], postal);
        self.put(["billing", "region"], region);
        self.put(["billing", "country"], country);
        self.custom("username_md5", username);
        self.custom("shipping_country", shipping);
        self.custom("delivery_speed", speed);
    }

    fn card_and_payment(&mut self) {
        let i = &mut self.inputs;
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let letter = |text: &str| text.chars().all(char::is_alphanumeric);
        let bin = i.text(("credit_card", "issuer_id_number"), 8, |t| digits(t) && t.len() >= 6);
        let last = i.text(("credit_card", "last_digits"), 4, digits);
        let older = i.text(("credit_card", "last_4_digits"), 4, digits);
        let token = i.text(("credit_card", "token"), 128, |t| !digits(t));
        let avs = i.text(("credit_card", "avs_result"), 1, letter);
        let cvv = i.text(("credit_card", "cvv_result"), 1, letter);
        let secure = i.boolean(("credit_card", "was_3d_secure_successful"));
        let country = i.text(("credit_card", "country"), 2, is_country);
        let bank = i.any_text(("credit_card", "bank_name"), 255);
        for unused in ["bank_phone_country_code", "bank_phone_number"] {
            i.any_text(("credit_card", unused), 64);
        }
        let method = i.word(("payment", "method"), &METHODS);
        let processor = i.any_text(("payment", "processor"), 64);
        let authorized = i.boolean(("payment", "was_authorized"));
        let decline = i.any_text(("payment", "decline_code"), 64);
        let has_card = bin.is_some() || token.is_some();
        let method = method.or(has_card.then_some("card"));
        self.put(
            ["payment", "method"],
            method.and_then(|word| our_method(word, processor.as_deref())),
        );
        self.custom("payment_method", method.filter(|word| *word != "card"));
        self.put(["payment", "processor"], processor);
        self.put(["card", "bin"], bin);
        self.put(["card", "last4"], last.or(older).filter(|text| text.len() == 4));
        self.put(["card", "fingerprint"], token);
        self.put(["card", "avs_result"], avs);
        self.put(["card", "cvv_result"], cvv);
        self.custom("was_3d_secure_successful", secure);
        self.custom("card_country", country);
        self.custom("bank_name", bank);
        self.authorized = authorized.map(|yes| (yes, decline.filter(|_| !yes)));
    }

    fn device(&mut self) {
        let i = &mut self.inputs;
        let ip = i.any_text(("device", "ip_address"), 64);
        let good = ip.as_deref().and_then(|text| text.parse::<std::net::IpAddr>().ok());
        if ip.is_some() && good.is_none() {
            let warning = "The value is no network address.";
            i.remark("IP_ADDRESS_INVALID", warning, "/device/ip_address".to_owned());
        }
        let agent = i.any_text(("device", "user_agent"), 512);
        let language = i.any_text(("device", "accept_language"), 255);
        let tracking = i.any_text(("device", "tracking_token"), 255);
        let session = i.any_text(("device", "session_id"), 255);
        let age = i.decimal(("device", "session_age"), |age| age >= Decimal::ZERO);
        self.put(["device", "ip"], good.map(|ip| ip.to_string()));
        self.put(["device", "user_agent"], agent);
        self.put(["device", "accept_language"], language);
        // A token longer than an id of ours is one all the same.
        self.put(
            ["device", "device_id"],
            tracking.map(|token| token.chars().take(128).collect::<String>()),
        );
        self.custom("session_id", session);
        self.custom("session_age_s", age.and_then(|age| number(&age)));
    }

    fn order(&mut self) {
        let i = &mut self.inputs;
        let amount = i.decimal(("order", "amount"), |amount| amount >= Decimal::ZERO);
        let currency = i.text(("order", "currency"), 3, |text| {
            text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase())
        });
        if amount.is_some() && currency.is_none() {
            let warning = "An amount without its currency is not used.";
            i.remark("ORDER_CURRENCY_MISSING", warning, "/order/currency".to_owned());
        }
        let texts = ["affiliate_id", "subaffiliate_id", "discount_code", "referrer_uri"];
        let texts = texts.map(|name| (name, i.any_text(("order", name), 255)));
        let flags = ["is_gift", "has_gift_message"];
        let flags = flags.map(|name| (name, i.boolean(("order", name))));
        if let (Some(value), Some(currency)) = (amount, currency) {
            self.native.insert(
                "amount".to_owned(),
                json!({ "value": price(value), "currency": currency }),
            );
        }
        for (name, value) in texts {
            self.custom(name, value);
        }
        for (name, value) in flags {
            self.custom(name, value);
        }
    }

    fn items(&mut self) {
        let Some(cart) = self.inputs.take_group("shopping_cart") else { return };
        let Value::Array(cart) = cart else {
            return self.inputs.refuse("/shopping_cart".to_owned());
        };
        let mut items = Vec::new();
        for (place, item) in cart.into_iter().take(MOST_ITEMS).enumerate() {
            let Value::Object(members) = item else {
                self.inputs.refuse(format!("/shopping_cart/{place}"));
                continue;
            };
            let mut ours = Map::new();
            for (name, value) in members {
                let (our_name, read) = match name.as_str() {
                    "item_id" => ("sku", text_of(&value, 128)),
                    "category" => ("category", text_of(&value, 64)),
                    "price" => ("unit_price", decimal(&value).map(|value| json!(price(value)))),
                    "quantity" => ("quantity", whole(&value)),
                    _ => {
                        self.inputs
                            .unknown(format!("/shopping_cart/{place}{}", pointer(("", &name))));
                        continue;
                    }
                };
                match read {
                    Some(read) => drop(ours.insert(our_name.to_owned(), read)),
                    None => self.inputs.refuse(format!("/shopping_cart/{place}/{name}")),
                }
            }
            items.push(Value::Object(ours));
        }
        self.native.insert("items".to_owned(), Value::Array(items));
    }

    /// A payment without an invoice is of the one its id names: scored again with other values it is no other
    /// payment, and counts no second time.
    fn invoice(&mut self) {
        let is_payment = ["purchase", "renewal"].map(|word| Some(json!(word)));
        let named = self.native.get("payment").is_some_and(|p| p.get("invoice_id").is_some());
        if is_payment.contains(&self.native.get("type").cloned()) && !named {
            self.put(["payment", "invoice_id"], self.transaction_id.clone());
        }
    }

    /// The merchant's own inputs; some names are kept for what a seller of digital goods knows.
    fn custom_inputs(&mut self) {
        let Some(group) = self.inputs.take_group("custom_inputs") else { return };
        let Value::Object(members) = group else {
            return self.inputs.refuse("/custom_inputs".to_owned());
        };
        for (name, value) in members {
            let place = RESERVED.iter().find(|(theirs, ..)| *theirs == name);
            let read = match place {
                Some((_, _, Shape::Text)) => text_of(&value, 128),
                Some((_, _, Shape::Whole)) => whole(&value),
                Some((_, _, Shape::Flag)) => value.is_boolean().then(|| value.clone()),
                None => custom(&value),
            };
            let Some(read) = read else {
                self.inputs.refuse(pointer(("custom_inputs", &name)));
                continue;
            };
            match place {
                Some((_, ["account", "age_days"], _)) => {
                    self.age_days = read.as_i64().filter(|days| *days <= OLDEST_ACCOUNT_DAYS);
                }
                Some((_, ["", ours], _)) => drop(self.native.insert((*ours).to_owned(), read)),
                Some((_, at, _)) => self.put(*at, Some(read)),
                None => self.custom(&name, Some(read)),
            }
        }
        let is_trial = self.native.get("subscription").and_then(|s| s.get("trial"));
        if is_trial == Some(&json!(true)) && !self.native.contains_key("amount") {
            self.native.insert("type".to_owned(), json!("trial_start"));
        }
    }
}

/// Their events and what each is here.
const EVENTS: [(&str, &str); 12] = [
    ("account_creation", "sign_up"),
    ("account_login", "login"),
    ("credit_application", "purchase"),
    ("email_change", "login"),
    ("fund_transfer", "payout_change"),
    ("password_reset", "login"),
    ("payout_change", "payout_change"),
    ("purchase", "purchase"),
    ("recurring_purchase", "renewal"),
    ("referral", "sign_up"),
    ("sim_swap", "login"),
    ("survey", "sign_up"),
];

const METHODS: [&str; 10] = [
    "bank_debit",
    "bank_redirect",
    "bank_transfer",
    "buy_now_pay_later",
    "card",
    "crypto",
    "digital_wallet",
    "gift_card",
    "real_time_payment",
    "rewards",
];

/// Members of a shipping address that nothing here reads: no digital good is shipped.
const ADDRESS: [&str; 10] = [
    "address",
    "address_2",
    "city",
    "company",
    "first_name",
    "last_name",
    "phone_country_code",
    "phone_number",
    "postal",
    "region",
];

#[derive(Clone, Copy)]
enum Shape {
    Text,
    Whole,
    Flag,
}

/// Names of `custom_inputs` that are fields of ours.
const RESERVED: [(&str, [&str; 2], Shape); 11] = [
    ("account_age_days", ["account", "age_days"], Shape::Whole),
    ("delivery_mode", ["fulfilment", "method"], Shape::Text),
    ("device_fp", ["device", "device_id"], Shape::Text),
    ("invoice_id", ["payment", "invoice_id"], Shape::Text),
    ("license_key_hash", ["fulfilment", "licence_key"], Shape::Text),
    ("plan", ["subscription", "plan"], Shape::Text),
    ("price_region", ["", "price_region"], Shape::Text),
    ("renewal", ["subscription", "renewal_number"], Shape::Whole),
    ("retry_n", ["payment", "attempt"], Shape::Whole),
    ("terms_version", ["terms", "version"], Shape::Text),
    ("trial", ["subscription", "trial"], Shape::Flag),
];

/// True for two scorings of one transaction of the client's, whose ids [`Sent::id_by_content`] may have made.
pub(super) fn is_one(one: &str, other: &str) -> bool {
    stem(one) == stem(other)
}

fn stem(id: &str) -> &str {
    let made = id.rsplit_once('~').filter(|(_, digest)| {
        digest.len() == 24 && digest.bytes().all(|byte| byte.is_ascii_hexdigit())
    });
    let whole = made.map_or(id, |(stem, _)| stem);
    whole.get(..whole.floor_char_boundary(LONGEST_STEM)).unwrap_or(whole)
}

fn put(native: &mut Map<String, Value>, [group, name]: [&str; 2], value: Value) {
    let members = native.entry(group).or_insert_with(|| json!({}));
    if let Some(members) = members.as_object_mut() {
        members.insert(name.to_owned(), value);
    }
}

/// Removes what a pointer names, or else what it lies in.
fn remove(native: &mut Value, pointer: &str) -> bool {
    let Some((parent, name)) = pointer.rsplit_once('/') else { return false };
    let name = name.replace("~1", "/").replace("~0", "~");
    let members = native.pointer_mut(parent).and_then(Value::as_object_mut);
    members.is_some_and(|members| members.remove(&name).is_some())
        || (!parent.is_empty() && remove(native, parent))
}

fn is_md5(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn is_country(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// The address; a digest of one stands before its domain, so that the same digest is the same mailbox and the
/// domain still tells what kind it is.
fn mailbox(address: Option<String>, domain: Option<String>) -> Option<String> {
    match (address, domain) {
        (Some(digest), domain) if is_md5(&digest) => {
            let domain = domain.as_deref().unwrap_or("digest.invalid");
            Some(format!("{}@{domain}", digest.to_ascii_lowercase()))
        }
        (address, _) => address,
    }
}

fn phone(code: Option<String>, number: Option<String>) -> Option<String> {
    let number = number?;
    match code {
        Some(code) if !number.starts_with('+') => Some(format!("+{code} {number}")),
        _ => Some(number),
    }
}

/// Our word for how it is paid; none where theirs says less than ours would.
fn our_method(word: &str, processor: Option<&str>) -> Option<&'static str> {
    match (word, processor) {
        ("card", _) => Some("card"),
        ("bank_transfer", _) => Some("bank_transfer"),
        ("crypto", _) => Some("crypto"),
        ("gift_card", _) => Some("voucher"),
        ("rewards", _) => Some("store_credit"),
        ("digital_wallet", Some("apple_pay")) => Some("apple_pay"),
        ("digital_wallet", Some("google_pay")) => Some("google_pay"),
        ("digital_wallet", Some("amazon_payments")) => Some("amazon_pay"),
        ("digital_wallet", Some("paypal")) => Some("paypal"),
        ("buy_now_pay_later", Some("klarna")) => Some("klarna"),
        _ => None,
    }
}

fn text_of(value: &Value, most: usize) -> Option<Value> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let good = !text.is_empty() && text.len() <= most && !text.contains(char::is_control);
    good.then(|| json!(text))
}

fn whole(value: &Value) -> Option<Value> {
    let number = decimal(value)?;
    let whole =
        number.is_integer() && (0..=i64::from(u32::MAX)).contains(&i64::try_from(number).ok()?);
    whole.then(|| json!(i64::try_from(number).unwrap_or_default()))
}

fn number(value: &Decimal) -> Option<Value> {
    serde_json::from_str(&value.to_string()).ok()
}

fn custom(value: &Value) -> Option<Value> {
    match value {
        Value::Bool(_) | Value::Number(_) => Some(value.clone()),
        Value::String(text) => {
            (text.len() <= 256 && !text.contains(char::is_control)).then(|| value.clone())
        }
        _ => None,
    }
}
