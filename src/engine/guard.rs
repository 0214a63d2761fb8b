//! No card number enters.
//!
//! A number in `card.*`, in any other text or in an amount refuses the transaction or event: storing
//! it would put the merchant and us in scope of card-data rules. In `custom` it is masked and warned
//! of, since a buyer must not be lost to a merchant's field. Identifiers (mailboxes among them),
//! phone numbers, hashes and user agents are not looked at: a good buyer is never refused for an
//! order number.
//!
//! Every struct is taken apart member by member, so that a new member does not compile before it was
//! decided whether it is looked at.

use super::error::EngineError;
use crate::domain::{
    Account, Amount, Billing, Card, CardFingerprint, Checkout, Consent, Contact, Custom,
    CustomValue, Device, Event, EventData, ExhibitNote, Item, Loose, Notice, Payment, Personal,
    Subscription, Terms, Text, ThreeDs, Transaction, Usage, Warning,
};
use crate::input::push_open_step;
use crate::reference::{BinTable, Reference, pan};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// Refuses a transaction that carries a card number; masks one in `custom`.
///
/// # Errors
/// [`EngineError::CardNumber`] with the place; the number itself is in no message.
pub(super) fn transaction(
    tx: &mut Transaction,
    reference: &Reference,
) -> Result<Vec<Warning>, EngineError> {
    let guard = Guard(reference.bins());
    guard.transaction(tx)?;
    Ok(tx.custom.as_mut().map(|custom| guard.mask(custom)).unwrap_or_default())
}

/// Refuses an event that carries a card number.
///
/// # Errors
/// [`EngineError::CardNumber`] with the place.
pub(super) fn event(event: &Event, reference: &Reference) -> Result<(), EngineError> {
    Guard(reference.bins()).event(event)
}

/// Masks card numbers in the places warnings point at: a member's name is the sender's text too.
pub(super) fn mask_pointers(warnings: &mut [Warning], reference: &Reference) {
    for warning in warnings {
        if let Some(masked) = pan::mask(&warning.pointer, reference.bins()) {
            warning.pointer = masked;
        }
    }
}

/// Masks card numbers in a processor's message, which is kept as it came otherwise.
pub(super) fn mask_message(raw: Box<str>, reference: &Reference) -> Box<str> {
    pan::mask(&raw, reference.bins()).map_or(raw, Into::into)
}

type Seen = Result<(), EngineError>;

struct Guard<'a>(Option<&'a BinTable>);

impl Guard<'_> {
    fn see(&self, pointer: &str, value: &impl Visible) -> Seen {
        if value.shows_card_number(self.0) {
            return Err(EngineError::CardNumber { pointer: pointer.to_owned() });
        }
        Ok(())
    }

    fn transaction(&self, tx: &Transaction) -> Seen {
        let Transaction {
            transaction_id: _,
            kind: _,
            event_time: _,
            order_id: _,
            seller_id: _,
            merchant_account: _,
            descriptor,
            amount,
            account,
            card,
            payment,
            device,
            billing,
            price_region,
            items,
            subscription,
            fulfilment: _,
            terms,
            custom: _,
        } = tx;
        self.see("/descriptor", descriptor)?;
        self.see("/amount/value", amount)?;
        self.see("/price_region", price_region)?;
        account.iter().try_for_each(|account| self.account(account))?;
        card.iter().try_for_each(|card| self.card(card))?;
        payment.iter().try_for_each(|payment| self.payment(payment))?;
        device.iter().try_for_each(|device| self.device(device))?;
        billing.iter().try_for_each(|billing| self.billing(billing))?;
        subscription.iter().try_for_each(|subscription| self.subscription(subscription))?;
        terms.iter().try_for_each(|Terms { version, accepted_at: _ }| {
            self.see("/terms/version", version)
        })?;
        items.iter().enumerate().try_for_each(|(place, item)| self.item(place, item))
    }

    fn account(&self, account: &Account) -> Seen {
        let Account { id: _, created_at: _, email: _, name, phone: _ } = account;
        self.see("/account/name", name)
    }

    fn card(&self, card: &Card) -> Seen {
        let Card { fingerprint, bin, last4, network_token, avs_result, cvv_result, three_ds } =
            card;
        self.see("/card/fingerprint", fingerprint)?;
        self.see("/card/bin", bin)?;
        self.see("/card/last4", last4)?;
        self.see("/card/network_token", network_token)?;
        self.see("/card/avs_result", avs_result)?;
        self.see("/card/cvv_result", cvv_result)?;
        three_ds.iter().try_for_each(|three_ds| self.three_ds("/card/three_ds", three_ds))
    }

    fn three_ds(&self, at: &str, three_ds: &ThreeDs) -> Seen {
        let ThreeDs {
            eci,
            version,
            liability_shift: _,
            ds_transaction_id,
            cryptogram,
            sca_exemption,
        } = three_ds;
        self.see("/eci", eci)
            .and_then(|()| self.see("/version", version))
            .and_then(|()| self.see("/ds_transaction_id", ds_transaction_id))
            .and_then(|()| self.see("/cryptogram", cryptogram))
            .and_then(|()| self.see("/sca_exemption", sca_exemption))
            .map_err(|error| under(at, error))
    }

    fn payment(&self, payment: &Payment) -> Seen {
        let Payment {
            method: _,
            processor,
            processor_reference: _,
            attempt: _,
            invoice_id: _,
            initiator: _,
            attested_payer: _,
        } = payment;
        self.see("/payment/processor", processor)
    }

    fn device(&self, device: &Device) -> Seen {
        let Device { ip, user_agent: _, device_id: _, accept_language, timezone } = device;
        self.see("/device/ip", ip)?;
        self.see("/device/accept_language", accept_language)?;
        self.see("/device/timezone", timezone)
    }

    fn billing(&self, billing: &Billing) -> Seen {
        let Billing { country, region, city, line1, postal_code } = billing;
        self.see("/billing/country", country)?;
        self.see("/billing/region", region)?;
        self.see("/billing/city", city)?;
        self.see("/billing/line1", line1)?;
        self.see("/billing/postal_code", postal_code)
    }

    fn subscription(&self, subscription: &Subscription) -> Seen {
        let Subscription { id: _, plan, interval, trial: _, trial_end: _, renewal_number: _ } =
            subscription;
        self.see("/subscription/plan", plan)?;
        self.see("/subscription/interval", interval)
    }

    fn item(&self, place: usize, item: &Item) -> Seen {
        let Item { sku: _, category, quantity: _, unit_price } = item;
        self.see("/category", category)
            .and_then(|()| self.see("/unit_price", unit_price))
            .map_err(|error| under(&format!("/items/{place}"), error))
    }

    fn event(&self, event: &Event) -> Seen {
        let Event {
            event_id: _,
            kind: _,
            event_time: _,
            transaction_id: _,
            order_id: _,
            invoice_id: _,
            account_id: _,
            subscription_id: _,
            licence_key: _,
            dispute_id: _,
            actor: _,
            ip,
            device_id: _,
            user_agent: _,
            data,
        } = event;
        self.see("/ip", ip)?;
        self.data(data).map_err(|error| under("/data", error))
    }

    fn data(&self, data: &EventData) -> Seen {
        let EventData {
            outcome: _,
            decline_code,
            avs_result,
            cvv_result,
            three_ds,
            amount,
            arn: _,
            challenge: _,
            label: _,
            network,
            network_reason_code,
            reason,
            status,
            consent,
            checkout,
            usage,
            notice,
            contact,
            sharing: _,
            exhibit,
        } = data;
        self.see("/decline_code", decline_code)?;
        self.see("/avs_result", avs_result)?;
        self.see("/cvv_result", cvv_result)?;
        three_ds.iter().try_for_each(|three_ds| self.three_ds("/three_ds", three_ds))?;
        self.see("/amount/value", amount)?;
        self.see("/network", network)?;
        self.see("/network_reason_code", network_reason_code)?;
        self.see("/reason", reason)?;
        self.see("/status", status)?;
        consent.iter().try_for_each(|consent| self.consent(consent))?;
        checkout.iter().try_for_each(|checkout| self.checkout(checkout))?;
        usage.iter().try_for_each(|usage| self.usage(usage))?;
        notice.iter().try_for_each(|notice| self.notice(notice))?;
        exhibit.iter().try_for_each(|ExhibitNote { kind: _, title, sha256: _ }| {
            self.see("/exhibit/title", title)
        })?;
        contact.iter().try_for_each(|contact| self.contact(contact))
    }

    fn consent(&self, consent: &Consent) -> Seen {
        let Consent { document, version, sha256: _, shown_as, locale } = consent;
        self.see("/consent/document", document)?;
        self.see("/consent/version", version)?;
        self.see("/consent/shown_as", shown_as)?;
        self.see("/consent/locale", locale)
    }

    fn checkout(&self, checkout: &Checkout) -> Seen {
        let Checkout { price, tax, plan, trial_end: _, first_charge_at: _, descriptor } = checkout;
        self.see("/checkout/price/value", price)?;
        self.see("/checkout/tax/value", tax)?;
        self.see("/checkout/plan", plan)?;
        self.see("/checkout/descriptor", descriptor)
    }

    fn usage(&self, usage: &Usage) -> Seen {
        let Usage {
            what,
            version,
            quantity,
            bytes,
            complete: _,
            method,
            second_factor: _,
            host: _,
            session: _,
            holder: _,
        } = usage;
        self.see("/usage/what", what)?;
        self.see("/usage/version", version)?;
        self.see("/usage/quantity", quantity)?;
        self.see("/usage/bytes", bytes)?;
        self.see("/usage/method", method)
    }

    fn notice(&self, notice: &Notice) -> Seen {
        let Notice { kind, message_id: _, delivery_status, opened: _ } = notice;
        self.see("/notice/kind", kind)?;
        self.see("/notice/delivery_status", delivery_status)
    }

    fn contact(&self, contact: &Contact) -> Seen {
        let Contact { ticket, direction, text, channel, topic } = contact;
        self.see("/contact/ticket", ticket)?;
        self.see("/contact/direction", direction)?;
        self.see("/contact/text", text)?;
        self.see("/contact/channel", channel)?;
        self.see("/contact/topic", topic)
    }

    /// Masks names and values; two names that are one afterwards keep the later value.
    fn mask(&self, custom: &mut Custom) -> Vec<Warning> {
        let mut warnings = Vec::new();
        let mut members = BTreeMap::new();
        for (name, value) in std::mem::take(&mut custom.0) {
            let hidden_name = masked(name.as_str(), self.0);
            let hidden_value = self.masked_value(&value);
            let is_hidden = hidden_name.is_some() || hidden_value.is_some();
            let (name, value) = (hidden_name.unwrap_or(name), hidden_value.unwrap_or(value));
            if is_hidden {
                let mut pointer = "/custom".to_owned();
                push_open_step(&mut pointer, name.as_str());
                warnings.push(Warning {
                    code: "card_number_masked".to_owned(),
                    message: "a card number was masked; do not send card numbers".to_owned(),
                    pointer,
                });
            }
            members.insert(name, value);
        }
        custom.0 = members;
        warnings
    }

    fn masked_value(&self, value: &CustomValue) -> Option<CustomValue> {
        let number = match value {
            CustomValue::Text(text) => return masked(text.as_str(), self.0).map(CustomValue::Text),
            CustomValue::Int(number) => number.to_string(),
            CustomValue::Float(number) => format!("{number:.0}"),
            CustomValue::Bool(_) | CustomValue::Null(()) => return None,
        };
        masked(&number, self.0).map(CustomValue::Text)
    }
}

/// The text with its card numbers masked; `None` where it holds none.
fn masked<const MAX: usize>(text: &str, bins: Option<&BinTable>) -> Option<Text<MAX>> {
    // A mask takes the place of digits one by one, so what fitted before fits now.
    pan::mask(text, bins).and_then(|masked| Text::new(&masked).ok())
}

/// The same about a member of the object at `at`.
fn under(at: &str, error: EngineError) -> EngineError {
    match error {
        EngineError::CardNumber { pointer } => {
            EngineError::CardNumber { pointer: format!("{at}{pointer}") }
        }
        other => other,
    }
}

/// What a person, or a hasty integration, may put a card number into.
trait Visible {
    fn shows_card_number(&self, bins: Option<&BinTable>) -> bool;
}

impl Visible for str {
    fn shows_card_number(&self, bins: Option<&BinTable>) -> bool {
        pan::find(self, bins).is_some()
    }
}

impl<T: Visible> Visible for Option<T> {
    fn shows_card_number(&self, bins: Option<&BinTable>) -> bool {
        self.as_ref().is_some_and(|value| value.shows_card_number(bins))
    }
}

impl<const MAX: usize> Visible for Text<MAX> {
    fn shows_card_number(&self, bins: Option<&BinTable>) -> bool {
        self.as_str().shows_card_number(bins)
    }
}

impl<const MAX: usize> Visible for Personal<MAX> {
    fn shows_card_number(&self, bins: Option<&BinTable>) -> bool {
        self.as_str().shows_card_number(bins)
    }
}

impl Visible for CardFingerprint {
    fn shows_card_number(&self, bins: Option<&BinTable>) -> bool {
        self.as_str().shows_card_number(bins)
    }
}

/// What could be read is no card number any more.
impl<T> Visible for Loose<T> {
    fn shows_card_number(&self, bins: Option<&BinTable>) -> bool {
        matches!(self, Self::Invalid(text) if text.shows_card_number(bins))
    }
}

/// Shorter card numbers are within the range of an amount.
impl Visible for Decimal {
    fn shows_card_number(&self, bins: Option<&BinTable>) -> bool {
        *self >= Decimal::from(SHORTEST) && self.trunc().to_string().shows_card_number(bins)
    }
}

impl Visible for Amount {
    fn shows_card_number(&self, bins: Option<&BinTable>) -> bool {
        self.value().shows_card_number(bins)
    }
}

impl Visible for u64 {
    fn shows_card_number(&self, bins: Option<&BinTable>) -> bool {
        *self >= SHORTEST && self.to_string().shows_card_number(bins)
    }
}

/// The least number of 13 digits: below it a number needs no look.
const SHORTEST: u64 = 1_000_000_000_000;

#[cfg(test)]
mod tests;
