//! Amounts, items and the recurring agreement.

use super::OLDEST_RATE_DAYS;
use crate::domain::{Currency, HOUR_MS, Transaction, TransactionKind};
use crate::features::{Record, Value, fields as f};
use crate::reference::Reference;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use std::collections::BTreeSet;

/// The amount in euro and dollar, alone and for each unit.
pub(super) fn amounts(tx: &Transaction, reference: &Reference, record: &mut Record) {
    let Some(amount) = tx.amount else { return };
    record.set(f::AMOUNT_ROUND, is_round(amount.value(), amount.currency()));
    let Some(rates) = reference.rates() else { return };
    let convert = |x, to| {
        let rate = rates.rate(amount.currency(), to, tx.event_time, OLDEST_RATE_DAYS);
        rate.and_then(|rate| rate.apply(x))
    };
    let euro = |x| convert(x, Currency::EUR).map(|x: Decimal| x.round_dp(2));
    record.set(f::AMOUNT_EUR, euro(amount.value()));
    record.set(f::AMOUNT_USD, convert(amount.value(), Currency::USD).map(|x| x.round_dp(2)));
    let rate = convert(Decimal::ONE, Currency::EUR).and_then(|rate| rate.to_f64());
    record.set(f::EUR_RATE, rate.map_or(Value::Missing, Value::float));
    let dearest = tx.items.iter().filter_map(|item| item.unit_price).max();
    record.set(f::ITEMS_MAX_PRICE_EUR, dearest.and_then(euro));
    let each = amount.value().checked_div(Decimal::from(units(tx)));
    record.set(f::AMOUNT_PER_UNIT_EUR, each.and_then(euro));
}

/// A multiple of ten units, or of a thousand where a currency has no minor units.
fn is_round(value: Decimal, currency: Currency) -> Option<bool> {
    let step = if currency.exponent()? == 0 { 1_000 } else { 10 };
    let rest = value.checked_rem(Decimal::from(step))?;
    Some(value > Decimal::ZERO && rest.is_zero())
}

/// Units over all items; an item without a quantity is one.
fn units(tx: &Transaction) -> i64 {
    tx.items.iter().map(|item| i64::from(item.quantity.unwrap_or(1))).sum()
}

/// What is bought.
pub(super) fn items(tx: &Transaction, record: &mut Record) {
    if tx.items.is_empty() {
        return;
    }
    record.set(f::ITEM_COUNT, units(tx));
    let named = tx.items.iter().filter_map(|item| item.sku.as_ref());
    let distinct = match tx.items.as_slice() {
        [one] => usize::from(one.sku.is_some()), // no set for the common case
        _ => named.map(|sku| sku.as_str()).collect::<BTreeSet<_>>().len(),
    };
    record.set(f::ITEMS_DISTINCT_SKUS, u32::try_from(distinct).ok().filter(|n| *n > 0));
    record.set(f::DISCOUNT_SHARE, discount(tx).map_or(Value::Missing, Value::float));
}

/// 1 less the amount over the sum of the items; `None` unless every item has a price.
fn discount(tx: &Transaction) -> Option<f64> {
    let line = |item: &crate::domain::Item| {
        item.unit_price?.checked_mul(Decimal::from(item.quantity.unwrap_or(1)))
    };
    let sum = tx.items.iter().try_fold(Decimal::ZERO, |sum, item| sum.checked_add(line(item)?))?;
    if sum <= Decimal::ZERO {
        return None;
    }
    Decimal::ONE.checked_sub(tx.amount?.value().checked_div(sum)?)?.to_f64()
}

/// Trials and renewals.
pub(super) fn agreement(tx: &Transaction, record: &mut Record) {
    let agreement = tx.subscription.as_ref();
    let starts = (tx.kind == TransactionKind::TrialStart).then_some(true);
    let stated = agreement.and_then(|agreement| agreement.trial);
    record.set(f::SUBSCRIPTION_IN_TRIAL, starts.or(stated));
    let number = agreement.and_then(|agreement| agreement.renewal_number);
    let renews = (tx.kind == TransactionKind::Renewal).then_some(true);
    record.set(f::SUBSCRIPTION_RENEWAL, renews.or(number.map(|number| number > 0)));
    let Some(agreement) = agreement else { return };
    let interval = agreement.interval.as_ref().and_then(|text| interval_days(text.as_str()));
    record.set(f::SUBSCRIPTION_INTERVAL_DAYS, interval);
    if let Some(end) = agreement.trial_end {
        let ms = end.millis_since(tx.event_time).to_f64().unwrap_or(f64::NAN);
        let hour = HOUR_MS.to_f64().unwrap_or(f64::NAN);
        record.set(f::SUBSCRIPTION_TRIAL_LEFT_H, Value::float(ms / hour));
    }
}

fn interval_days(word: &str) -> Option<i64> {
    Some(match word {
        "day" | "daily" => 1,
        "week" | "weekly" => 7,
        "month" | "monthly" => 30,
        "quarter" | "quarterly" => 91,
        "half_year" | "semiannual" => 182,
        "year" | "yearly" | "annual" => 365,
        _ => return None,
    })
}
