//! An order as a transaction of ours.

use super::super::error::{Code, Failure};
use super::super::renamed::{Place, Renamed, decimal, leaves, price, source};
use super::refusal::Refusal;
use crate::domain::{Timestamp, Transaction, Warning};
use crate::input::{InputError, push_open_step, read_object};
use serde_json::{Map, Value, json};

const ORDER: &str = "/orderId";
const PRICE: &str = "/purchase/totalPrice";
const CURRENCY: &str = "/purchase/currency";
const CHANNEL: &str = "/purchase/orderChannel";
const PRODUCTS: &str = "/purchase/products";
const METHOD: &str = "/transactions/paymentMethod";
const DELIVERY: &str = "/decisionDelivery";
/// Lists of which one element is understood; an object instead is that element.
const LISTS: [&str; 2] = ["/transactions", "/purchase/shipments"];

/// Where a member goes.
const PLACES: &[Place] = &[
    (ORDER, ["", "transaction_id"]),
    ("/checkoutId", ["", "order_id"]),
    ("/purchase/confirmationEmail", ["account", "email"]),
    ("/userAccount/email", ["account", "email"]),
    ("/purchase/confirmationPhone", ["account", "phone"]),
    ("/userAccount/phone", ["account", "phone"]),
    ("/userAccount/username", ["account", "id"]),
    ("/userAccount/accountNumber", ["account", "id"]),
    ("/device/clientIpAddress", ["device", "ip"]),
    ("/device/sessionId", ["custom", "session_id"]),
    (CHANNEL, ["custom", "order_channel"]),
    ("/purchase/shipments/fulfillmentMethod", ["custom", "fulfillment_method"]),
    ("/purchase/shipments/destination/address/countryCode", ["custom", "shipping_country"]),
    ("/transactions/gateway", ["payment", "processor"]),
    ("/transactions/checkoutPaymentDetails/accountHolderName", ["account", "name"]),
    ("/transactions/checkoutPaymentDetails/cardBin", ["card", "bin"]),
    ("/transactions/checkoutPaymentDetails/cardLast4", ["card", "last4"]),
    ("/transactions/checkoutPaymentDetails/billingAddress/streetAddress", ["billing", "line1"]),
    ("/transactions/checkoutPaymentDetails/billingAddress/city", ["billing", "city"]),
    ("/transactions/checkoutPaymentDetails/billingAddress/postalCode", ["billing", "postal_code"]),
    ("/transactions/checkoutPaymentDetails/billingAddress/provinceCode", ["billing", "region"]),
    ("/transactions/checkoutPaymentDetails/billingAddress/countryCode", ["billing", "country"]),
];
/// Known, and of no use here: a digital good is in no parcel, nothing is insured, and amounts of the payment are
/// those of the order.
const UNUSED: [&str; 11] = [
    "/coverageRequests",
    "/purchase/createdAt",
    "/purchase/totalShippingCost",
    "/purchase/shipments",
    "/transactions/amount",
    "/transactions/currency",
    "/transactions/checkoutPaymentDetails/cardExpiryMonth",
    "/transactions/checkoutPaymentDetails/cardExpiryYear",
    "/transactions/checkoutPaymentDetails/billingAddress/unit",
    "/transactions/transactionId",
    "/transactions/gatewayStatusCode",
];
/// Members of a product, and what they are of an item: the first there is names the article.
const PRODUCT: [(&str, &str); 7] = [
    ("itemName", "sku"),
    ("itemId", "sku"),
    ("itemCategory", "category"),
    ("itemQuantity", "quantity"),
    ("itemPrice", "unit_price"),
    ("itemSubCategory", ""),
    ("itemIsDigital", ""),
];
/// Longest article and longest category, in bytes.
const LONGEST: [(&str, usize); 2] = [("sku", 128), ("category", 64)];

/// An order that was read.
#[derive(Debug)]
pub(super) struct Order {
    /// As it came, but for lists of one.
    body: Value,
    /// Those of [`LISTS`] that came as lists.
    listed: Vec<&'static str>,
    renamed: Renamed,
}

/// A body that is an object.
///
/// # Errors
/// It is not JSON, or something else.
pub(super) fn object(bytes: &[u8]) -> Result<Value, Refusal> {
    let (body, _) = read_object::<Map<String, Value>>(bytes).map_err(Failure::from)?;
    Ok(Value::Object(body))
}

/// A text that must be there.
///
/// # Errors
/// It is not.
pub(super) fn text<'b>(body: &'b Value, pointer: &str) -> Result<&'b str, Refusal> {
    let text = body.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty());
    text.ok_or_else(|| Refusal::invalid(pointer, "a text is required here"))
}

impl Order {
    /// Reads an order.
    ///
    /// # Errors
    /// Not JSON, without id, price or currency, more than one payment, or a word nobody knows.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Refusal> {
        let mut body = object(bytes)?;
        let mut listed = Vec::new();
        for list in LISTS {
            let Some(given) = body.pointer_mut(list) else { continue };
            let Some(elements) = given.as_array_mut() else { continue };
            if elements.len() > 1 {
                return Err(Refusal::invalid(list, "more than one is not understood here"));
            }
            *given = elements.pop().unwrap_or_default();
            listed.push(list);
        }
        let mut order = Self { body, listed, renamed: Renamed::default() };
        text(&order.body, ORDER)?;
        order.words()?;
        order.renamed.put(["", "type"], json!("purchase"));
        let amount = order.amount()?;
        order.renamed.put(["", "amount"], amount);
        order.renamed.take(&order.body, PLACES);
        order.items()?;
        let known = [ORDER, PRICE, CURRENCY, PRODUCTS, METHOD, DELIVERY];
        for leaf in leaves(&order.body) {
            let has_place = PLACES.iter().any(|(place, _)| *place == leaf.pointer);
            if !(has_place
                || leaf.value.is_null()
                || leaf.is_under(&known)
                || leaf.is_under(&UNUSED))
            {
                order.renamed.unknown(&leaf.pointer);
            }
        }
        Ok(order)
    }

    /// The id of the checkout, which binds attempts together.
    pub(super) fn checkout(&self) -> Option<&str> {
        self.body.pointer("/checkoutId").and_then(Value::as_str)
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

    /// What our reader says, about the member as it was sent.
    pub(super) fn unread(&self, error: &InputError) -> Refusal {
        let pointer = error.pointer().to_owned();
        self.refused(Failure { pointer, ..Failure::new(Code::InvalidField, error.summary()) })
    }

    /// A failure about a transaction, about the member as it was sent.
    pub(super) fn refused(&self, failure: Failure) -> Refusal {
        let pointer = self.named(&failure.pointer).unwrap_or_default();
        let refusal = match failure.code {
            Code::Conflict => {
                let message = "the order's id was used with other values";
                Refusal::from(Failure::new(Code::Conflict, message))
            }
            _ => Refusal::from(failure),
        };
        refusal.about(pointer)
    }

    /// The member that one of the transaction came from.
    fn named(&self, native: &str) -> Option<String> {
        if let Some(item) = native.strip_prefix("/items/") {
            let (place, name) = item.split_once('/')?;
            let (from, _) = PRODUCT.into_iter().rev().find(|(_, to)| *to == name)?;
            return Some(format!("{PRODUCTS}/{place}/{from}"));
        }
        let from = match native {
            "/amount" | "/amount/value" => PRICE,
            "/amount/currency" => CURRENCY,
            native => source(native, &self.body, PLACES)?,
        };
        let list = self.listed.iter().find_map(|list| Some((*list, from.strip_prefix(list)?)));
        Some(list.map_or(from.to_owned(), |(list, rest)| format!("{list}/0{rest}")))
    }

    /// Reads members that are one of some words.
    fn words(&mut self) -> Result<(), Refusal> {
        match self.body.pointer(DELIVERY).and_then(Value::as_str) {
            None | Some("SYNC") => {}
            Some(_) => {
                let message = "decisions are answered at once: `SYNC` is the only way";
                return Err(Refusal::invalid(DELIVERY, message));
            }
        }
        if self.body.pointer(CHANNEL).and_then(Value::as_str) == Some("MIT") {
            self.renamed.put(["payment", "initiator"], json!("merchant"));
        }
        match self.body.pointer(METHOD).and_then(Value::as_str) {
            Some("CREDIT_CARD" | "DEBIT_CARD" | "PREPAID_CARD") => {
                self.renamed.put(["payment", "method"], json!("card"));
            }
            // Methods we have no word for: unknown, as they are to who sent them.
            None | Some("OTHER" | "GIFT_CARD" | "SNAP_CARD") => {}
            Some(_) => return Err(Refusal::invalid(METHOD, "not a method of payment known here")),
        }
        Ok(())
    }

    fn amount(&self) -> Result<Value, Refusal> {
        let currency = self.body.pointer(CURRENCY).filter(|currency| !currency.is_null());
        let currency = currency.or_else(|| self.body.pointer("/transactions/currency"));
        let missing = |pointer| Refusal::invalid(pointer, "an order has a price and its currency");
        let currency = currency.ok_or_else(|| missing(CURRENCY))?;
        let value = self.body.pointer(PRICE).ok_or_else(|| missing(PRICE))?;
        let value = decimal(value).ok_or_else(|| Refusal::invalid(PRICE, "not a number"))?;
        Ok(json!({ "value": price(value), "currency": currency }))
    }

    fn items(&mut self) -> Result<(), Refusal> {
        let Some(products) = self.body.pointer(PRODUCTS) else { return Ok(()) };
        let products = products.as_array();
        let products = products.ok_or_else(|| Refusal::invalid(PRODUCTS, "not a list"))?;
        let mut items = Vec::new();
        for (place, product) in products.iter().enumerate() {
            let at = format!("{PRODUCTS}/{place}");
            let members = product.as_object();
            let members = members.ok_or_else(|| Refusal::invalid(at.as_str(), "not an object"))?;
            items.push(item(members, &at, &mut self.renamed)?);
        }
        self.renamed.put(["", "items"], json!(items));
        Ok(())
    }
}

/// A product as an item. What is longer than we keep is left out and said.
fn item(
    members: &Map<String, Value>,
    at: &str,
    renamed: &mut Renamed,
) -> Result<Map<String, Value>, Refusal> {
    let mut item = Map::new();
    for (name, to) in PRODUCT.into_iter().filter(|(_, to)| !to.is_empty()) {
        let Some(value) = members.get(name).filter(|value| !value.is_null()) else { continue };
        let pointer = format!("{at}/{name}");
        let most = LONGEST.into_iter().find(|(longest, _)| *longest == to).map(|(_, most)| most);
        match (value, most) {
            (Value::String(text), Some(most)) if text.len() > most => {
                let message = format!("longer than {most} bytes, and was not used");
                renamed.warn("unreadable_value", &message, &pointer);
                continue;
            }
            _ => {}
        }
        let value = match to {
            "unit_price" => match decimal(value) {
                Some(value) => json!(price(value)),
                None => return Err(Refusal::invalid(pointer, "not a number")),
            },
            _ => value.clone(),
        };
        item.insert(to.to_owned(), value);
    }
    for name in members.keys().filter(|name| !PRODUCT.iter().any(|(known, _)| known == name)) {
        let mut pointer = at.to_owned();
        push_open_step(&mut pointer, name);
        renamed.unknown(&pointer);
    }
    Ok(item)
}
