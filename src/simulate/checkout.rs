//! A payment attempt, and the lines it becomes: the transaction and the issuer's answer.

use super::dice::Dice;
use super::goods::Good;
use super::issuer::Answer;
use super::naming::{Mark, Naming};
use super::people::{CardHeld, Identity, Seat};
use super::places::Place;
use crate::domain::{
    Account, Amount, Billing, Card, Custom, CustomValue, Device, Event, EventData, EventKind,
    Fulfilment, FulfilmentMethod, Initiator, Item, Loose, MerchantAccount, Payment, PaymentMethod,
    Personal, SECOND_MS, SellerId, Subscription, Terms, Text, ThreeDs, Timestamp, Transaction,
    TransactionKind,
};
use rust_decimal::Decimal;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

/// What pays.
#[derive(Debug, Clone)]
pub(super) struct Instrument {
    pub(super) method: PaymentMethod,
    /// The card, where there is one underneath.
    pub(super) card: Option<CardHeld>,
}

/// The recurring agreement an attempt belongs to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Agreement {
    pub(super) mark: Mark,
    pub(super) renewal: u32,
    pub(super) trial_end: Option<Timestamp>,
}

/// A price reduction by a code.
#[derive(Debug, Clone, Copy)]
pub(super) struct Coupon {
    pub(super) code: &'static str,
    pub(super) percent: u32,
}

/// For somebody's first order; one a person.
pub(super) const WELCOME: Coupon = Coupon { code: "WELCOME20", percent: 20 };
/// For everybody.
pub(super) const SEASON: Coupon = Coupon { code: "SEASON10", percent: 10 };

/// One transaction to be: a payment, or a sign-up or login to be scored.
#[derive(Clone)]
pub(super) struct Attempt {
    pub(super) kind: TransactionKind,
    pub(super) buyer: Arc<Identity>,
    pub(super) good: Option<&'static Good>,
    pub(super) quantity: u32,
    pub(super) amount: Option<Amount>,
    pub(super) instrument: Option<Instrument>,
    /// Where the buyer sits; `None` when the merchant starts the payment.
    pub(super) seat: Option<Seat>,
    pub(super) order: Option<Mark>,
    pub(super) number: u16,
    /// Attempts the shop has seen fail just before, from the same device or account.
    pub(super) tries: u16,
    pub(super) agreement: Option<Agreement>,
    pub(super) invoice: Option<Mark>,
    /// The country typed as billing address; `None` when the shop did not ask.
    pub(super) billing: Option<&'static Place>,
    /// The country whose price list was shown.
    pub(super) store: &'static Place,
    pub(super) coupon: Option<Coupon>,
}

impl Attempt {
    /// A sign-up or a login: nothing is paid.
    pub(super) fn visit(kind: TransactionKind, buyer: &Arc<Identity>, seat: Seat) -> Self {
        Self {
            kind,
            buyer: Arc::clone(buyer),
            good: None,
            quantity: 0,
            amount: None,
            instrument: None,
            seat: Some(seat),
            order: None,
            number: 1,
            tries: 0,
            agreement: None,
            invoice: None,
            billing: None,
            store: buyer.place,
            coupon: None,
        }
    }

    /// A sale of a good at the store's price.
    pub(super) fn sale(
        buyer: &Arc<Identity>,
        good: &'static Good,
        store: &'static Place,
        instrument: Instrument,
        seat: Seat,
    ) -> Self {
        use super::goods::Billing as B;
        let kind = match good.billing {
            B::TopUp => TransactionKind::TopUp,
            _ => TransactionKind::Purchase,
        };
        Self {
            good: Some(good),
            quantity: 1,
            amount: good.price(store),
            instrument: Some(instrument),
            billing: Some(buyer.place),
            store,
            ..Self::visit(kind, buyer, seat)
        }
    }

    /// The same with a number of pieces.
    pub(super) fn times(mut self, quantity: u32) -> Self {
        let price = self.good.and_then(|good| good.price(self.store));
        self.quantity = quantity;
        self.amount = price.and_then(|price| {
            Amount::new(price.value() * Decimal::from(quantity), price.currency()).ok()
        });
        self
    }

    /// The same at a reduced price.
    pub(super) fn reduced(mut self, coupon: Coupon) -> Self {
        self.amount = self.amount.and_then(|amount| part(amount, 100 - coupon.percent));
        self.coupon = Some(coupon);
        self
    }

    /// The same without a sale: the card is only checked and kept.
    pub(super) fn set_up(mut self) -> Self {
        self.kind = TransactionKind::CardSetup;
        self.amount = self.amount.and_then(free);
        self
    }

    /// The network or scheme of the instrument, as disputes name it.
    pub(super) fn network(&self) -> Option<&'static str> {
        let instrument = self.instrument.as_ref()?;
        match (&instrument.card, instrument.method) {
            (Some(card), _) => Some(card.network()),
            (None, PaymentMethod::Paypal) => Some("paypal"),
            (None, PaymentMethod::Klarna) => Some("klarna"),
            (None, PaymentMethod::SepaDebit) => Some("sepa"),
            (None, PaymentMethod::Pix) => Some("pix"),
            _ => None,
        }
    }

    /// The transaction.
    pub(super) fn transaction(&self, naming: Naming, mark: Mark, at: Timestamp) -> Transaction {
        let mut line = Transaction::bare(naming.transaction(mark), self.kind, at);
        line.account = Some(Account {
            id: naming.account(self.buyer.account),
            created_at: Some(self.buyer.opened),
            email: Some(self.buyer.email.clone()),
            name: Some(self.buyer.name.clone()),
            phone: None,
        });
        line.device = self.seat.as_ref().map(|seat| device(naming, seat));
        line.merchant_account = MerchantAccount::new(region(self.store)).ok();
        if self.instrument.is_some() {
            self.add_payment(&mut line, naming, mark);
            self.add_good(&mut line, at);
        }
        line.subscription = self.agreement.map(|agreement| self.subscription(naming, agreement));
        line.custom = self.coupon.and_then(|coupon| {
            let code = CustomValue::Text(Text::new(coupon.code).ok()?);
            Some(Custom(BTreeMap::from([(Text::new("coupon").ok()?, code)])))
        });
        line
    }

    fn add_payment(&self, line: &mut Transaction, naming: Naming, mark: Mark) {
        let Some(instrument) = &self.instrument else { return };
        let paypal = instrument.method == PaymentMethod::Paypal;
        let wallet = matches!(
            instrument.method,
            PaymentMethod::ApplePay | PaymentMethod::GooglePay | PaymentMethod::Link
        );
        line.order_id = self.order.and_then(|order| naming.order(order));
        line.amount = self.amount;
        line.card = instrument.card.as_ref().map(|card| Card {
            fingerprint: naming.card(card.serial),
            bin: Some(Loose::Valid(card.bin.clone())),
            last4: Text::new(&card.last4()).ok(),
            network_token: wallet.then(|| naming.token(card.serial)).flatten(),
            ..Card::default()
        });
        line.payment = Some(Payment {
            method: Some(instrument.method),
            processor: Text::new(if paypal { "paypal" } else { "stripe" }).ok(),
            processor_reference: naming.charge(mark),
            attempt: Some(self.number),
            invoice_id: self.invoice.and_then(|invoice| naming.invoice(invoice)),
            initiator: Some(match self.seat {
                Some(_) => Initiator::Customer,
                None => Initiator::Merchant,
            }),
            attested_payer: paypal.then(|| Personal::new(self.buyer.email.as_str()).ok()).flatten(),
        });
        line.billing = self.billing.map(|place| Billing {
            country: Some(Loose::Valid(place.country)),
            postal_code: self.buyer.postal.clone(),
            ..Billing::default()
        });
        line.price_region = Some(Loose::Valid(self.store.country));
    }

    fn add_good(&self, line: &mut Transaction, at: Timestamp) {
        let Some(good) = self.good else { return };
        line.seller_id = SellerId::new(good.seller.id()).ok();
        line.descriptor = Text::new(good.seller.descriptor()).ok();
        line.items = vec![Item {
            sku: Text::new(good.sku).ok(),
            category: Text::new(good.category).ok(),
            quantity: Some(self.quantity),
            unit_price: good.price(self.store).map(Amount::value),
        }];
        let nothing = self.kind == TransactionKind::CardSetup;
        line.fulfilment = Some(Fulfilment {
            method: Some(if nothing { FulfilmentMethod::None } else { good.fulfilment }),
            licence_key: None,
        });
        line.terms = self.seat.is_some().then(|| Terms {
            version: Text::new("2025-11").ok(),
            accepted_at: Some(at.plus_millis(-20 * SECOND_MS)),
        });
    }

    fn subscription(&self, naming: Naming, agreement: Agreement) -> Subscription {
        Subscription {
            id: naming.subscription(agreement.mark),
            plan: self.good.and_then(|good| Text::new(good.sku).ok()),
            interval: self.good.and_then(|good| Text::new(good.billing.interval()).ok()),
            trial: Some(agreement.trial_end.is_some()),
            trial_end: agreement.trial_end,
            renewal_number: Some(agreement.renewal),
        }
    }

    /// The issuer's answer as an event of the transaction `mark`.
    pub(super) fn answered(&self, event: &mut Event, naming: Naming, answer: &Answer) {
        let visa = self.network() != Some("mastercard");
        let secure = |passed: bool| ThreeDs {
            eci: Text::new(match (visa, passed) {
                (true, true) => "05",
                (true, false) => "07",
                (false, true) => "02",
                (false, false) => "00",
            })
            .ok(),
            version: Text::new("2.2.0").ok(),
            liability_shift: Some(passed),
            ..ThreeDs::default()
        };
        event.order_id = self.order.and_then(|order| naming.order(order));
        event.invoice_id = self.invoice.and_then(|invoice| naming.invoice(invoice));
        event.data = EventData {
            outcome: Some(answer.outcome()),
            decline_code: answer.declined.and_then(|code| Text::new(code).ok()),
            avs_result: answer.avs.and_then(|letter| Text::new(letter).ok()),
            cvv_result: answer.cvv.and_then(|letter| Text::new(letter).ok()),
            three_ds: answer.three_ds.map(secure),
            ..EventData::default()
        };
    }
}

/// The device as a request carries it.
fn device(naming: Naming, seat: &Seat) -> Device {
    Device {
        ip: Some(Loose::Valid(IpAddr::V4(seat.address))),
        user_agent: Personal::new(seat.device.agent.text).ok(),
        device_id: naming.device(seat.device.serial),
        accept_language: Text::new(seat.languages).ok(),
        timezone: Text::new(seat.zone).ok(),
    }
}

/// The merchant's account at the processor that serves a store.
fn region(store: &Place) -> &'static str {
    match store.currency.code() {
        "EUR" | "GBP" | "PLN" | "SEK" | "CHF" => "eu-1",
        "USD" | "CAD" => "us-1",
        _ => "row-1",
    }
}

/// An event about nothing yet.
pub(super) fn blank(naming: Naming, mark: Mark, kind: EventKind, at: Timestamp) -> Event {
    Event {
        event_id: naming.event(mark),
        kind,
        event_time: at,
        transaction_id: None,
        order_id: None,
        invoice_id: None,
        account_id: None,
        subscription_id: None,
        licence_key: None,
        dispute_id: None,
        actor: None,
        ip: None,
        device_id: None,
        user_agent: None,
        data: EventData::default(),
    }
}

/// Nothing, in the currency of an amount.
pub(super) fn free(amount: Amount) -> Option<Amount> {
    let exponent = amount.currency().exponent()?;
    Amount::new(Decimal::new(0, u32::from(exponent)), amount.currency()).ok()
}

/// So many percent of an amount, rounded to the currency's minor unit.
pub(super) fn part(amount: Amount, percent: u32) -> Option<Amount> {
    let exponent = u32::from(amount.currency().exponent()?);
    let value = amount.value() * Decimal::new(i64::from(percent), 2);
    let mut value = value.round_dp(exponent);
    value.rescale(exponent);
    Amount::new(value, amount.currency()).ok()
}

/// Milliseconds an issuer takes to answer.
pub(super) fn answer_delay(dice: &mut Dice) -> i64 {
    dice.between(600, 4_500)
}
