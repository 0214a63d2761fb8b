//! What became of earlier sales of a transaction's parties, and of those tied to it, as features.

use super::histories::Histories;
use crate::domain::Timestamp;
use crate::features::{FieldId, Record, Value, fields as f};
use crate::velocity::sales::{Outcome, SALE_WINDOWS};
use crate::velocity::{EntityKeys, Links, LinksView, Party, Sales, SalesView, Window};

/// Fields of the count and the share of fraud, by window of [`SALE_WINDOWS`].
type Frauds = [(FieldId, FieldId); SALE_WINDOWS.len()];

/// What else is counted, in 90 days.
const OTHERS: [Outcome; 7] = [
    Outcome::Warning,
    Outcome::Dispute,
    Outcome::Misuse,
    Outcome::Service,
    Outcome::Refund,
    Outcome::Won,
    Outcome::Lost,
];

/// The fields of each party.
#[rustfmt::skip]
const FIELDS: [(Party, Frauds, [FieldId; OTHERS.len()]); Party::SOLD_TO.len()] = [
    (Party::Account, [
        (f::ACCOUNT_KNOWN_FRAUD_COUNT_1D, f::ACCOUNT_KNOWN_FRAUD_SHARE_1D),
        (f::ACCOUNT_KNOWN_FRAUD_COUNT_7D, f::ACCOUNT_KNOWN_FRAUD_SHARE_7D),
        (f::ACCOUNT_KNOWN_FRAUD_COUNT_30D, f::ACCOUNT_KNOWN_FRAUD_SHARE_30D),
        (f::ACCOUNT_KNOWN_FRAUD_COUNT_90D, f::ACCOUNT_KNOWN_FRAUD_SHARE_90D),
    ], [
        f::ACCOUNT_KNOWN_WARNING_COUNT_90D, f::ACCOUNT_KNOWN_DISPUTE_COUNT_90D, f::ACCOUNT_KNOWN_MISUSE_COUNT_90D, f::ACCOUNT_KNOWN_SERVICE_COUNT_90D,
        f::ACCOUNT_KNOWN_REFUND_COUNT_90D, f::ACCOUNT_KNOWN_WON_COUNT_90D, f::ACCOUNT_KNOWN_LOST_COUNT_90D,
    ]),
    (Party::Card, [
        (f::CARD_KNOWN_FRAUD_COUNT_1D, f::CARD_KNOWN_FRAUD_SHARE_1D),
        (f::CARD_KNOWN_FRAUD_COUNT_7D, f::CARD_KNOWN_FRAUD_SHARE_7D),
        (f::CARD_KNOWN_FRAUD_COUNT_30D, f::CARD_KNOWN_FRAUD_SHARE_30D),
        (f::CARD_KNOWN_FRAUD_COUNT_90D, f::CARD_KNOWN_FRAUD_SHARE_90D),
    ], [
        f::CARD_KNOWN_WARNING_COUNT_90D, f::CARD_KNOWN_DISPUTE_COUNT_90D, f::CARD_KNOWN_MISUSE_COUNT_90D, f::CARD_KNOWN_SERVICE_COUNT_90D,
        f::CARD_KNOWN_REFUND_COUNT_90D, f::CARD_KNOWN_WON_COUNT_90D, f::CARD_KNOWN_LOST_COUNT_90D,
    ]),
    (Party::Email, [
        (f::EMAIL_KNOWN_FRAUD_COUNT_1D, f::EMAIL_KNOWN_FRAUD_SHARE_1D),
        (f::EMAIL_KNOWN_FRAUD_COUNT_7D, f::EMAIL_KNOWN_FRAUD_SHARE_7D),
        (f::EMAIL_KNOWN_FRAUD_COUNT_30D, f::EMAIL_KNOWN_FRAUD_SHARE_30D),
        (f::EMAIL_KNOWN_FRAUD_COUNT_90D, f::EMAIL_KNOWN_FRAUD_SHARE_90D),
    ], [
        f::EMAIL_KNOWN_WARNING_COUNT_90D, f::EMAIL_KNOWN_DISPUTE_COUNT_90D, f::EMAIL_KNOWN_MISUSE_COUNT_90D, f::EMAIL_KNOWN_SERVICE_COUNT_90D,
        f::EMAIL_KNOWN_REFUND_COUNT_90D, f::EMAIL_KNOWN_WON_COUNT_90D, f::EMAIL_KNOWN_LOST_COUNT_90D,
    ]),
    (Party::Device, [
        (f::DEVICE_KNOWN_FRAUD_COUNT_1D, f::DEVICE_KNOWN_FRAUD_SHARE_1D),
        (f::DEVICE_KNOWN_FRAUD_COUNT_7D, f::DEVICE_KNOWN_FRAUD_SHARE_7D),
        (f::DEVICE_KNOWN_FRAUD_COUNT_30D, f::DEVICE_KNOWN_FRAUD_SHARE_30D),
        (f::DEVICE_KNOWN_FRAUD_COUNT_90D, f::DEVICE_KNOWN_FRAUD_SHARE_90D),
    ], [
        f::DEVICE_KNOWN_WARNING_COUNT_90D, f::DEVICE_KNOWN_DISPUTE_COUNT_90D, f::DEVICE_KNOWN_MISUSE_COUNT_90D, f::DEVICE_KNOWN_SERVICE_COUNT_90D,
        f::DEVICE_KNOWN_REFUND_COUNT_90D, f::DEVICE_KNOWN_WON_COUNT_90D, f::DEVICE_KNOWN_LOST_COUNT_90D,
    ]),
    (Party::Bin, [
        (f::BIN_KNOWN_FRAUD_COUNT_1D, f::BIN_KNOWN_FRAUD_SHARE_1D),
        (f::BIN_KNOWN_FRAUD_COUNT_7D, f::BIN_KNOWN_FRAUD_SHARE_7D),
        (f::BIN_KNOWN_FRAUD_COUNT_30D, f::BIN_KNOWN_FRAUD_SHARE_30D),
        (f::BIN_KNOWN_FRAUD_COUNT_90D, f::BIN_KNOWN_FRAUD_SHARE_90D),
    ], [
        f::BIN_KNOWN_WARNING_COUNT_90D, f::BIN_KNOWN_DISPUTE_COUNT_90D, f::BIN_KNOWN_MISUSE_COUNT_90D, f::BIN_KNOWN_SERVICE_COUNT_90D,
        f::BIN_KNOWN_REFUND_COUNT_90D, f::BIN_KNOWN_WON_COUNT_90D, f::BIN_KNOWN_LOST_COUNT_90D,
    ]),
    (Party::Sku, [
        (f::SKU_KNOWN_FRAUD_COUNT_1D, f::SKU_KNOWN_FRAUD_SHARE_1D),
        (f::SKU_KNOWN_FRAUD_COUNT_7D, f::SKU_KNOWN_FRAUD_SHARE_7D),
        (f::SKU_KNOWN_FRAUD_COUNT_30D, f::SKU_KNOWN_FRAUD_SHARE_30D),
        (f::SKU_KNOWN_FRAUD_COUNT_90D, f::SKU_KNOWN_FRAUD_SHARE_90D),
    ], [
        f::SKU_KNOWN_WARNING_COUNT_90D, f::SKU_KNOWN_DISPUTE_COUNT_90D, f::SKU_KNOWN_MISUSE_COUNT_90D, f::SKU_KNOWN_SERVICE_COUNT_90D,
        f::SKU_KNOWN_REFUND_COUNT_90D, f::SKU_KNOWN_WON_COUNT_90D, f::SKU_KNOWN_LOST_COUNT_90D,
    ]),
    (Party::Seller, [
        (f::SELLER_KNOWN_FRAUD_COUNT_1D, f::SELLER_KNOWN_FRAUD_SHARE_1D),
        (f::SELLER_KNOWN_FRAUD_COUNT_7D, f::SELLER_KNOWN_FRAUD_SHARE_7D),
        (f::SELLER_KNOWN_FRAUD_COUNT_30D, f::SELLER_KNOWN_FRAUD_SHARE_30D),
        (f::SELLER_KNOWN_FRAUD_COUNT_90D, f::SELLER_KNOWN_FRAUD_SHARE_90D),
    ], [
        f::SELLER_KNOWN_WARNING_COUNT_90D, f::SELLER_KNOWN_DISPUTE_COUNT_90D, f::SELLER_KNOWN_MISUSE_COUNT_90D, f::SELLER_KNOWN_SERVICE_COUNT_90D,
        f::SELLER_KNOWN_REFUND_COUNT_90D, f::SELLER_KNOWN_WON_COUNT_90D, f::SELLER_KNOWN_LOST_COUNT_90D,
    ]),
];

/// Reads both, before the transaction itself is recorded.
pub(super) fn read(past: &Histories, keys: &EntityKeys, at: Timestamp, record: &mut Record) {
    let sales_of = |party: Party| {
        let key = party.key(keys)?;
        Some(past.sales.view(party, key, at, past.delay))
    };
    for (party, frauds, others) in &FIELDS {
        let Some(view) = sales_of(*party) else { continue };
        counts(&view, frauds, others, record);
        match party {
            Party::Account => record.set(f::ACCOUNT_CLEAN_HISTORY, view.is_clean()),
            Party::Card => record.set(f::CARD_CLEAN_HISTORY, view.is_clean()),
            _ => {}
        }
    }
    let Some(view) = past.links.view(keys, at) else { return };
    let is_clean = |account| past.sales.view(Party::Account, account, at, past.delay).is_clean();
    let clean = view.accounts.iter().filter(|linked| is_clean(linked.last.account)).count();
    record.set(f::LINKS_CLEAN_ACCOUNTS, number(clean));
    links(&view, keys, record);
}

fn counts(view: &SalesView, frauds: &Frauds, others: &[FieldId], record: &mut Record) {
    for (window, (count, share)) in SALE_WINDOWS.into_iter().zip(frauds) {
        if let Some(fraud) = view.share(Outcome::Fraud, window) {
            record.set(*count, view.count(Outcome::Fraud, window));
            record.set(*share, Value::float(fraud));
        }
    }
    if view.count(Outcome::Sold, Window::D90) > 0 {
        for (outcome, field) in OTHERS.into_iter().zip(others) {
            record.set(*field, view.count(outcome, Window::D90));
        }
    }
}

fn weight(weight: Option<f64>) -> Value {
    weight.map_or(Value::Missing, Value::float)
}

fn links(view: &LinksView, keys: &EntityKeys, record: &mut Record) {
    record.set(f::LINKS_ACCOUNTS, number(view.accounts.len()));
    record.set(f::LINKS_HUBS, view.hubs);
    record.set(f::LINKS_DISPUTES, weight(view.disputes));
    record.set(f::LINKS_WARNINGS, weight(view.warnings));
    record.set(f::LINKS_TRIALS, view.trials);
    let known = || {
        let brought = |(party, _): &(Party, _)| party.key(keys).is_some();
        LinksView::TRIED_WITH.into_iter().zip(view.tried_with).filter(brought)
    };
    let used = known().find(|(_, trials)| trials.is_some_and(|trials| trials > 0));
    // Whose trials a hub saw is not known: with a dozen invented accounts nobody becomes new.
    let is_known = known().next().is_some() && known().all(|(_, trials)| trials.is_some());
    if used.is_some() || is_known {
        record.set(f::TRIAL_USED, used.is_some());
        record.set(f::TRIAL_USED_BY, used.map(|(party, _)| noun(party)));
    }
    let by_phone = known().find(|(party, _)| *party == Party::Phone);
    record.set(f::PHONE_TRIALS, by_phone.and_then(|(_, trials)| trials));
}

/// What a party is called where it is spoken of.
pub(super) fn noun(party: Party) -> &'static str {
    match party {
        Party::Email => "mailbox",
        other => other.name(),
    }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
