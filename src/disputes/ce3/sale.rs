//! A payment as the rules of Compelling Evidence 3.0 see it.

use super::element::{
    Address, Element, Elements, is_public, is_recognisable, plain_ip, same_email, same_network,
};
use super::report::{Bar, Bars};
use crate::disputes::OtherSale;
use crate::disputes::rulebook::Day;
use crate::domain::{
    DeviceId, Event, EventKind, FulfilmentMethod, Initiator, LabelClass, Loose, Outcome, Personal,
    Text, Timestamp, Transaction, TransactionKind,
};
use rust_decimal::Decimal;
use serde::Serialize;
use std::net::IpAddr;

/// Fewest characters of a device id.
const DEVICE_ID_CHARS: usize = 15;
/// Fewest characters of a device fingerprint.
const FINGERPRINT_CHARS: usize = 20;

/// What Stripe asks of the disputed sale besides its description.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Goods {
    /// Keys, files, credits, items.
    Merchandise,
    /// Seats and interfaces.
    Services,
}

/// A payment. What is absent is missing; text is as recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sale<'a> {
    /// The transaction.
    pub id: &'a str,
    /// The day it was processed, UTC: of the capture where one is recorded.
    pub day: Day,
    /// The processor's reference of the payment.
    pub charge: Option<&'a str>,
    /// The card, as its keyed hash.
    pub card: Option<&'a str>,
    /// The network token that stood for the card.
    pub token: Option<&'a str>,
    /// The merchant's account at the processor.
    pub merchant: Option<&'a str>,
    /// Who processed it.
    pub acquirer: Option<&'a str>,
    /// The buyer's address.
    pub ip: Option<IpAddr>,
    /// A device number.
    pub device_id: Option<&'a str>,
    /// A device fingerprint.
    pub device_fingerprint: Option<&'a str>,
    /// The buyer's account.
    pub account_id: Option<&'a str>,
    /// The buyer's e-mail address.
    pub email: Option<&'a str>,
    /// Where it was delivered; sellers of digital goods usually have none.
    pub address: Option<Address<'a>>,
    /// Whether what was sold is recorded in words.
    pub described: bool,
    /// What kind of good.
    pub goods: Option<Goods>,
    /// Charged by the merchant on an agreement: address and device are those of an earlier checkout.
    pub merchant_initiated: bool,
    /// An original credit transaction, which has no least age.
    pub original_credit: bool,
    /// What speaks against it whatever it is compared with.
    pub bars: Bars,
}

impl<'a> Sale<'a> {
    /// A recorded payment with its own events.
    pub fn of(other: &'a OtherSale) -> Self {
        Self::read(&other.transaction, &other.events, |_| true)
    }

    /// A recorded payment and its account's events, of which only those naming it count.
    pub fn recorded(sale: &'a Transaction, events: &'a [Event]) -> Self {
        let id = Some(&sale.transaction_id);
        Self::read(sale, events, |event| event.transaction_id.as_ref() == id)
    }

    fn read(sale: &'a Transaction, events: &'a [Event], is_its: impl Fn(&Event) -> bool) -> Self {
        let (captured, bars) = history(sale, events, is_its);
        let payment = sale.payment.as_ref();
        let device = sale.device.as_ref();
        let account = sale.account.as_ref();
        let card = sale.card.as_ref();
        let device_name = device.and_then(|device| device.device_id.as_ref()).map(DeviceId::as_str);
        // One field holds either; a fingerprint is longer than most device numbers are.
        let is_fingerprint = has_chars(device_name, FINGERPRINT_CHARS);
        Self {
            id: sale.transaction_id.as_str(),
            day: Day::of(captured.unwrap_or(sale.event_time)),
            charge: payment.and_then(|p| p.processor_reference.as_ref()).map(Text::as_str),
            card: card.and_then(|card| card.fingerprint.as_ref()).map(|card| card.as_str()),
            token: card.and_then(|card| card.network_token.as_ref()).map(Text::as_str),
            merchant: sale.merchant_account.as_ref().map(|merchant| merchant.as_str()),
            acquirer: payment.and_then(|payment| payment.processor.as_ref()).map(Text::as_str),
            ip: device.and_then(|device| device.ip.as_ref()).and_then(Loose::valid).copied(),
            device_id: device_name.filter(|_| !is_fingerprint),
            device_fingerprint: device_name.filter(|_| is_fingerprint),
            account_id: account.and_then(|account| account.id.as_ref()).map(|id| id.as_str()),
            email: account.and_then(|account| account.email.as_ref()).map(Personal::as_str),
            address: None,
            described: is_described(sale),
            goods: goods(sale),
            merchant_initiated: payment.and_then(|payment| payment.initiator)
                == Some(Initiator::Merchant)
                || sale.kind == TransactionKind::Renewal,
            original_credit: false,
            bars,
        }
    }

    /// Elements that are recorded.
    pub fn recorded_elements(&self) -> Elements {
        self.where_some(|_| true)
    }

    /// Elements whose value counts; of those that are `equal` to another sale's, of which `valid` count, as
    /// they do there.
    pub(super) fn counting_beside(&self, equal: Elements, valid: Elements) -> Elements {
        let own = self.where_some(|element| !equal.has(element) && self.is_valid(element));
        valid.and(equal).or(own)
    }

    /// Elements whose value counts.
    pub(in crate::disputes) fn valid_elements(&self) -> Elements {
        self.where_some(|element| self.is_valid(element))
    }

    fn is_valid(&self, element: Element) -> bool {
        match element {
            Element::Ip => self.ip.is_some_and(is_public),
            Element::DeviceId => has_chars(self.device_id, DEVICE_ID_CHARS),
            Element::DeviceFingerprint => has_chars(self.device_fingerprint, FINGERPRINT_CHARS),
            Element::AccountId => self.account_id.is_some_and(is_recognisable),
            Element::Address => self.address.is_some_and(|address| address.is_complete()),
            Element::Email => self.email.is_some_and(|email| email.contains('@')),
        }
    }

    fn where_some(&self, holds: impl Fn(Element) -> bool) -> Elements {
        let mut set = Elements::default();
        for (element, present) in [
            (Element::Ip, self.ip.is_some()),
            (Element::DeviceId, self.device_id.is_some()),
            (Element::DeviceFingerprint, self.device_fingerprint.is_some()),
            (Element::AccountId, self.account_id.is_some()),
            (Element::Address, self.address.is_some()),
            (Element::Email, self.email.is_some()),
        ] {
            if present && holds(element) {
                set.insert(element);
            }
        }
        set
    }

    /// Elements of equal value; what is absent on either side is not.
    pub(in crate::disputes) fn equal_elements(&self, other: &Self) -> Elements {
        let mut set = Elements::default();
        let texts = [
            (Element::DeviceId, self.device_id, other.device_id),
            (Element::DeviceFingerprint, self.device_fingerprint, other.device_fingerprint),
            (Element::AccountId, self.account_id, other.account_id),
        ];
        for (element, one, other) in texts {
            if one.is_some() && one == other {
                set.insert(element);
            }
        }
        let ips = self.ip.zip(other.ip);
        if ips.is_some_and(|(one, other)| plain_ip(one) == plain_ip(other)) {
            set.insert(Element::Ip);
        }
        if self.email.zip(other.email).is_some_and(|(one, other)| same_email(one, other)) {
            set.insert(Element::Email);
        }
        if self.address.zip(other.address).is_some_and(|(one, other)| one.is_same(&other)) {
            set.insert(Element::Address);
        }
        set
    }

    /// Different addresses of one IPv6 network.
    pub(super) fn is_in_network_of(&self, other: &Self) -> bool {
        self.ip.zip(other.ip).is_some_and(|(one, other)| same_network(one, other))
    }
}

/// An earlier sale, of which no more is read than is asked for.
///
/// A long history lies in more memory than a processor keeps near: what an evaluation costs is how much
/// of it is touched.
pub(super) trait Earlier<'a>: Copy {
    /// [`Sale::id`].
    fn id(self) -> &'a str;
    /// [`Sale::day`].
    fn day(self) -> Day;
    /// [`Sale::original_credit`].
    fn original_credit(self) -> bool;
    /// All of it.
    fn sale(self) -> Sale<'a>;
}

impl<'a> Earlier<'a> for &'a OtherSale {
    fn id(self) -> &'a str {
        self.transaction.transaction_id.as_str()
    }

    fn day(self) -> Day {
        let captured = self.events.iter().find(|event| event.kind == EventKind::Capture);
        Day::of(captured.map_or(self.transaction.event_time, |event| event.event_time))
    }

    fn original_credit(self) -> bool {
        false
    }

    fn sale(self) -> Sale<'a> {
        Sale::of(self)
    }
}

impl<'a> Earlier<'a> for &Sale<'a> {
    fn id(self) -> &'a str {
        self.id
    }

    fn day(self) -> Day {
        self.day
    }

    fn original_credit(self) -> bool {
        self.original_credit
    }

    fn sale(self) -> Sale<'a> {
        *self
    }
}

fn has_chars(text: Option<&str>, least: usize) -> bool {
    text.is_some_and(|text| {
        text.len() >= least && (text.is_ascii() || text.chars().count() >= least)
    })
}

fn is_described(sale: &Transaction) -> bool {
    let item = sale.items.iter().any(|item| item.sku.is_some() || item.category.is_some());
    item || sale.subscription.as_ref().is_some_and(|agreement| agreement.plan.is_some())
}

fn goods(sale: &Transaction) -> Option<Goods> {
    use FulfilmentMethod as F;
    match sale.fulfilment.as_ref()?.method? {
        F::SaasSeat | F::ApiAccess => Some(Goods::Services),
        F::LicenceKey | F::Download | F::Credits | F::GameItem | F::GiftCode => {
            Some(Goods::Merchandise)
        }
        F::None => None,
    }
}

/// When a payment was captured, and what speaks against it whatever it is compared with. For safety an
/// inquiry counts as a dispute, and what the merchant labels fraud or refunds for fraud counts as reported.
fn history(
    sale: &Transaction,
    events: &[Event],
    is_its: impl Fn(&Event) -> bool,
) -> (Option<Timestamp>, Bars) {
    use EventKind as K;
    let mut bars = Bars::default();
    let (mut captured, mut paid, mut declined) = (None, false, false);
    for event in events {
        let told = match event.kind {
            K::Capture => None,
            K::AuthResult => match event.data.outcome {
                Some(Outcome::Approved | Outcome::Declined) => None,
                _ => continue,
            },
            K::DisputeCreated
            | K::DisputeUpdated
            | K::DisputeFundsWithdrawn
            | K::DisputeFundsReinstated
            | K::DisputeClosed => Some(Bar::Disputed),
            K::FraudWarning => Some(Bar::FraudReported),
            K::Label if event.data.label.is_some_and(LabelClass::is_fraud) => {
                Some(Bar::FraudReported)
            }
            K::Refund if is_for_fraud(event) => Some(Bar::FraudReported),
            _ => continue,
        };
        // Last: the names lie elsewhere in memory, and most events are of no such kind.
        if !is_its(event) {
            continue;
        }
        match (told, event.kind) {
            (Some(bar), _) => bars.insert(bar),
            (None, K::Capture) => {
                paid = true;
                captured = captured.or(Some(event.event_time));
            }
            (None, _) => {
                let is_approved = event.data.outcome == Some(Outcome::Approved);
                paid |= is_approved;
                declined |= !is_approved;
            }
        }
    }
    if !paid {
        bars.insert(if declined { Bar::NotPaid } else { Bar::PaymentUnknown });
    }
    if !sale.kind.is_payment() || sale.kind == TransactionKind::CardSetup {
        bars.insert(Bar::Validation);
    }
    if sale.amount.is_none_or(|amount| amount.value() <= Decimal::ZERO) {
        bars.insert(Bar::NothingCharged);
    }
    (captured, bars)
}

fn is_for_fraud(refund: &Event) -> bool {
    let reason = refund.data.reason.as_ref().map(Text::as_str).unwrap_or_default();
    reason.to_ascii_lowercase().contains("fraud")
}
