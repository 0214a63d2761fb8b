//! Facts from the request and the tables: where the address is, whose card it is, what kind of
//! mailbox, and whether they agree.
//!
//! No history here and nothing that depends on what was seen before; a pure function of transaction
//! and tables. One file for each kind of fact, called in order: what compares comes last.

mod agreement;
mod card;
mod locale;
mod mailbox;
mod order;

use super::history::hours;
use crate::domain::{
    Currency, DisputeRight, Initiator, Loose, Payment, PaymentMethod, SECOND_MS, Timestamp,
    Transaction,
};
use crate::features::{Record, Value, fields as f};
use crate::reference::{IpFacts, MAX_AGE_DAYS, Reference, agent};

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
    order::amounts(tx, reference, record);
    order::items(tx, record);
    order::agreement(tx, record);
    network(tx, reference, record);
    program(tx, record);
    card::issuer(tx, reference, record);
    card::results(tx, record);
    mailbox::facts(tx, reference, record);
    context(tx, record);
    let locale = locale::read(tx, reference, record);
    agreement::compare(reference, &locale, record);
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
    record.set(f::IP_CDN, facts.cdn);
    record.set(f::IP_RELAY, facts.relay);
    record.set(f::IP_BOT, facts.bot);
    record.set(f::IP_PROXY, facts.proxy);
    record.set(f::IP_USER_TYPE, facts.user_type);
    record.set(f::IP_ANONYMIZER_CONFIDENCE, facts.anonymizer_confidence.map(u32::from));
    record.set(f::IP_PROVIDER, facts.provider);
    if !facts.reserved {
        record.set(f::IP_CITY_KNOWN, facts.location.is_some());
    }
    record.set(f::IP_COUNTRY_RELIABLE, country_is_reliable(&facts));
}

/// Whether the country of an address is where its user is. The country of a data centre, an anycast
/// network or a relay is a guess in every source, and a VPN's is chosen; those flags carry the risk
/// themselves. Missing where no table could tell.
fn country_is_reliable(facts: &IpFacts<'_>) -> Option<bool> {
    let elsewhere =
        [facts.hosting, facts.cdn, facts.relay, facts.vpn, facts.tor, facts.bot, facts.proxy];
    if elsewhere.contains(&Some(true)) {
        return Some(false);
    }
    facts.hosting.and(facts.cdn).map(|_| true)
}

fn program(tx: &Transaction, record: &mut Record) {
    let Some(text) = tx.device.as_ref().and_then(|d| d.user_agent.as_ref()) else { return };
    let facts = agent(text.as_str());
    record.set(f::AGENT_CLASS, facts.class.name());
    record.set(f::AGENT_OS, facts.os);
    record.set(f::AGENT_BROWSER, facts.browser);
    record.set(f::AGENT_VERSION, facts.version);
    record.set(f::AGENT_MOBILE, facts.mobile);
    record.set(f::AGENT_AUTOMATED, facts.class.is_automated());
}

fn context(tx: &Transaction, record: &mut Record) {
    record.set(f::HOUR_UTC, tx.event_time.hour_utc());
    let created_at = tx.account.as_ref().and_then(|account| account.created_at);
    let age = |created: Timestamp| hours(tx.event_time, created);
    record.set(f::ACCOUNT_AGE_H, created_at.map_or(Value::Missing, age));
    let right = dispute_right(tx).map(|right| right != DisputeRight::None);
    record.set(f::PAYMENT_DISPUTE_RIGHT, right);
    record.set(f::PAYMENT_DISPUTE_DAYS, method(tx).and_then(PaymentMethod::dispute_days));
    if let Some(payment) = &tx.payment {
        record.set(f::PAYMENT_RETRY, payment.attempt.map(|attempt| attempt > 1));
        let merchant = payment.initiator.map(|who| who == Initiator::Merchant);
        record.set(f::PAYMENT_MERCHANT_INITIATED, merchant);
    }
    let accepted_at = tx.terms.as_ref().and_then(|terms| terms.accepted_at);
    let age = |accepted| seconds(tx.event_time, accepted);
    record.set(f::TERMS_AGE_S, accepted_at.map_or(Value::Missing, age));
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of some centuries fit 53 bits")]
fn seconds(later: Timestamp, earlier: Timestamp) -> Value {
    Value::float(later.millis_since(earlier) as f64 / SECOND_MS as f64)
}

/// The payer's right to reverse this payment.
pub(super) fn dispute_right(tx: &Transaction) -> Option<DisputeRight> {
    method(tx)?.dispute_right()
}

/// The method; a card without a stated one is a card.
fn method(tx: &Transaction) -> Option<PaymentMethod> {
    let stated = |payment: &Payment| payment.method;
    let method = tx.payment.as_ref().and_then(stated);
    method.or(tx.card.is_some().then_some(PaymentMethod::Card))
}

#[cfg(test)]
mod tests;
