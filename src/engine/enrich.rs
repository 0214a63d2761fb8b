//! Facts from the tables: where the address is, whose card it is, what kind of mailbox.

use super::history::hours;
use crate::domain::{
    Country, Currency, DisputeRight, Loose, Payment, PaymentMethod, Timestamp, Transaction,
};
use crate::features::{Record, Value, fields as f};
use crate::reference::{EmailClass, Funding, MAX_AGE_DAYS, Reference};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

/// A rate this old still tells a small amount from a large one; nothing older is used.
pub(super) const OLDEST_RATE_DAYS: i64 = 400;

/// True when an amount was converted by a rate older than the table's own limit: worth naming in
/// the answer.
pub(super) fn rate_is_old(tx: &Transaction, reference: &Reference) -> bool {
    let (Some(amount), Some(rates)) = (tx.amount, reference.rates()) else { return false };
    [Currency::EUR, Currency::USD].into_iter().any(|to| {
        let rate = rates.rate(amount.currency(), to, tx.event_time, OLDEST_RATE_DAYS);
        amount.currency() != to && rate.is_some_and(|rate| rate.age_days > MAX_AGE_DAYS)
    })
}

/// Derives every feature that needs no history. What a missing table would say stays missing.
pub(super) fn enrich(tx: &Transaction, reference: &Reference, record: &mut Record) {
    amounts(tx, reference, record);
    network(tx, reference, record);
    issuer(tx, reference, record);
    mailbox(tx, reference, record);
    context(tx, record);
    mismatches(record);
}

fn amounts(tx: &Transaction, reference: &Reference, record: &mut Record) {
    if let (Some(amount), Some(rates)) = (tx.amount, reference.rates()) {
        let convert = |x, to| {
            let rate = rates.rate(amount.currency(), to, tx.event_time, OLDEST_RATE_DAYS);
            rate.and_then(|rate| rate.apply(x))
        };
        let (euro, dollar) = (Currency::EUR, Currency::USD);
        record.set(f::AMOUNT_EUR, convert(amount.value(), euro).map(|x| x.round_dp(2)));
        record.set(f::AMOUNT_USD, convert(amount.value(), dollar).map(|x| x.round_dp(2)));
        let rate = convert(Decimal::ONE, euro).and_then(|rate| rate.to_f64());
        record.set(f::EUR_RATE, rate.map_or(Value::Missing, Value::float));
    }
    if !tx.items.is_empty() {
        let units = tx.items.iter().map(|item| i64::from(item.quantity.unwrap_or(1))).sum::<i64>();
        record.set(f::ITEM_COUNT, units);
    }
}

fn network(tx: &Transaction, reference: &Reference, record: &mut Record) {
    let Some(ip) = tx.device.as_ref().and_then(|d| d.ip.as_ref()).and_then(Loose::valid) else {
        return;
    };
    let facts = reference.ip(*ip);
    record.set(f::IP_COUNTRY, facts.country);
    record.set(f::IP_ASN, facts.asn);
    record.set(f::IP_HOSTING, facts.hosting);
    record.set(f::IP_TOR, facts.tor);
    record.set(f::IP_VPN, facts.vpn);
    record.set(f::IP_RESERVED, facts.reserved);
}

fn issuer(tx: &Transaction, reference: &Reference, record: &mut Record) {
    let Some(bin) = tx.card.as_ref().and_then(|c| c.bin.as_ref()).and_then(Loose::valid) else {
        return;
    };
    let Some(facts) = reference.bin(bin.as_str()) else { return };
    record.set(f::BIN_COUNTRY, facts.country);
    record.set(f::BIN_BRAND, facts.brand);
    record.set(f::BIN_FUNDING, facts.funding.map(funding));
    record.set(f::BIN_PREPAID, facts.prepaid);
    record.set(f::BIN_TEST, facts.test);
}

fn funding(funding: Funding) -> &'static str {
    match funding {
        Funding::Credit => "credit",
        Funding::Debit => "debit",
        Funding::Charge => "charge",
    }
}

fn mailbox(tx: &Transaction, reference: &Reference, record: &mut Record) {
    let Some(email) = tx.account.as_ref().and_then(|a| a.email.as_ref()) else { return };
    let facts = reference.email(email.as_str());
    record.set(f::EMAIL_DOMAIN, facts.registrable.as_deref());
    record.set(f::EMAIL_CLASS, facts.class.map(EmailClass::name));
    record.set(f::EMAIL_ROLE, facts.role);
}

fn context(tx: &Transaction, record: &mut Record) {
    record.set(f::HOUR_UTC, tx.event_time.hour_utc());
    let created_at = tx.account.as_ref().and_then(|account| account.created_at);
    let age = |created: Timestamp| hours(tx.event_time, created);
    record.set(f::ACCOUNT_AGE_H, created_at.map_or(Value::Missing, age));
    let right = dispute_right(tx).map(|right| right != DisputeRight::None);
    record.set(f::PAYMENT_DISPUTE_RIGHT, right);
}

/// The payer's right to reverse this payment; a card without a stated method is a card.
pub(super) fn dispute_right(tx: &Transaction) -> Option<DisputeRight> {
    let stated = |payment: &Payment| payment.method;
    let method = tx.payment.as_ref().and_then(stated);
    method.or(tx.card.is_some().then_some(PaymentMethod::Card))?.dispute_right()
}

fn mismatches(record: &mut Record) {
    let country = |field| match record.get(field) {
        Value::Country(country) => Some(*country),
        _ => None,
    };
    let differ = |a: Option<Country>, b: Option<Country>| Some(a? != b?);
    let (ip, bin) = (country(f::IP_COUNTRY), country(f::BIN_COUNTRY));
    let (billing, region) = (country(f::BILLING_COUNTRY), country(f::PRICE_REGION));
    record.set(f::IP_BILLING_MISMATCH, differ(ip, billing));
    record.set(f::IP_BIN_MISMATCH, differ(ip, bin));
    record.set(f::BIN_BILLING_MISMATCH, differ(bin, billing));
    record.set(f::PRICE_REGION_MISMATCH, differ(region, bin));
}
