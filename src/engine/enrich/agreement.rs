//! Whether the places a transaction names agree.
//!
//! A country of the address counts only where it is reliable: for a data centre, a CDN or a relay the
//! comparison is missing and those flags speak for themselves. The two oldest comparisons, with the
//! billing country and the issuer's, keep their first meaning and compare whatever the table says.

use super::locale::Locale;
use crate::domain::Country;
use crate::features::{FieldId, Record, Value, fields as f};
use crate::reference::Reference;

/// A country of the record.
pub(super) fn country(record: &Record, field: FieldId) -> Option<Country> {
    match record.get(field) {
        Value::Country(country) => Some(*country),
        _ => None,
    }
}

/// The countries named, and the address's only where it is reliable.
struct Named {
    ip: Option<Country>,
    bin: Option<Country>,
    billing: Option<Country>,
    region: Option<Country>,
    phone: Option<Country>,
}

/// Compares what the steps before have found.
pub(super) fn compare(reference: &Reference, locale: &Locale<'_>, record: &mut Record) {
    let any_ip = country(record, f::IP_COUNTRY);
    let reliable = record.get(f::IP_COUNTRY_RELIABLE) == &Value::Bool(true);
    let named = Named {
        ip: any_ip.filter(|_| reliable),
        bin: country(record, f::BIN_COUNTRY),
        billing: country(record, f::BILLING_COUNTRY),
        region: country(record, f::PRICE_REGION),
        phone: country(record, f::PHONE_COUNTRY),
    };
    let differ = |a: Option<Country>, b: Option<Country>| Some(a? != b?);
    record.set(f::IP_BILLING_MISMATCH, differ(any_ip, named.billing));
    record.set(f::IP_BIN_MISMATCH, differ(any_ip, named.bin));
    record.set(f::BIN_BILLING_MISMATCH, differ(named.bin, named.billing));
    record.set(f::PRICE_REGION_MISMATCH, differ(named.region, named.bin));
    record.set(f::IP_PRICE_REGION_MISMATCH, differ(named.ip, named.region));
    record.set(f::BILLING_PRICE_REGION_MISMATCH, differ(named.billing, named.region));
    record.set(f::IP_PHONE_MISMATCH, differ(named.ip, named.phone));
    record.set(f::BILLING_PHONE_MISMATCH, differ(named.billing, named.phone));
    record.set(f::BIN_PHONE_MISMATCH, differ(named.bin, named.phone));
    currencies(reference, &named, record);
    device(locale, &named, record);
    count(locale, &named, record);
}

/// The amount's currency against those of the countries.
fn currencies(reference: &Reference, named: &Named, record: &mut Record) {
    let currency = match record.get(f::AMOUNT) {
        Value::Money(amount) => Some(amount.currency()),
        _ => None,
    };
    let foreign = |country: Option<Country>| {
        let facts = reference.places()?.country(country?)?;
        (!facts.currencies.is_empty()).then_some(!facts.uses(currency?))
    };
    record.set(f::IP_CURRENCY_MISMATCH, foreign(named.ip));
    record.set(f::BILLING_CURRENCY_MISMATCH, foreign(named.billing));
    record.set(f::BIN_CURRENCY_MISMATCH, foreign(named.bin));
}

/// The device's zone and languages against the countries.
fn device(locale: &Locale<'_>, named: &Named, record: &mut Record) {
    let outside = |country: Option<Country>| {
        let countries = locale.zone?.countries();
        (!countries.is_empty()).then_some(!countries.contains(&country?))
    };
    record.set(f::IP_TIMEZONE_MISMATCH, outside(named.ip));
    record.set(f::BILLING_TIMEZONE_MISMATCH, outside(named.billing));
    let gap = |country: Option<Country>| {
        let here = locale.offset_min?;
        let offsets = locale.places?.offsets_min(country?, locale.event_time);
        let minutes = offsets.map(|there| (there - here).unsigned_abs()).min()?;
        Some(f64::from(u32::try_from(minutes).ok()?) / 60.0)
    };
    record.set(f::IP_TIMEZONE_GAP_H, gap(named.ip).map_or(Value::Missing, Value::float));
    record.set(f::BILLING_TIMEZONE_GAP_H, gap(named.billing).map_or(Value::Missing, Value::float));
    let strange = |country: Option<Country>| locale.speaks(country?).map(|speaks| !speaks);
    record.set(f::IP_LANGUAGE_MISMATCH, strange(named.ip));
    record.set(f::BILLING_LANGUAGE_MISMATCH, strange(named.billing));
}

/// How many signals name a country, and how many countries they name.
fn count(locale: &Locale<'_>, named: &Named, record: &mut Record) {
    let mut countries = [named.ip, named.bin, named.billing, named.region, named.phone, None];
    let zone = locale.zone.map_or(&[][..], |zone| zone.countries());
    let agrees = countries.iter().flatten().find(|country| zone.contains(country)).copied();
    if let Some(slot) = countries.last_mut() {
        *slot = agrees.or_else(|| zone.first().copied());
    }
    let known = countries.iter().flatten().count();
    let first_time = |(at, country): (usize, &Country)| {
        !countries.iter().flatten().take(at).any(|before| before == country)
    };
    let distinct = countries.iter().flatten().enumerate().filter(|pair| first_time(*pair)).count();
    record.set(f::COUNTRIES_KNOWN, u32::try_from(known).ok());
    let distinct = u32::try_from(distinct).ok().filter(|_| known >= 2);
    record.set(f::COUNTRIES_DISTINCT, distinct);
}
