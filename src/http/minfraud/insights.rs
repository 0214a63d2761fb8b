//! What is known of address, card, mailbox, telephone and device, from the record a decision rests on.

use crate::features::{FieldId, Record, Value, fields as f};
use serde_json::{Map, Value as Json, json};

/// The groups with something in them.
pub(super) fn groups(record: &Record) -> Vec<(&'static str, Json)> {
    let groups = [
        ("ip_address", ip_address(record)),
        ("credit_card", credit_card(record)),
        ("email", email(record)),
        ("billing_address", billing_address(record)),
        ("billing_phone", billing_phone(record)),
        ("device", Json::Null),
    ];
    groups.into_iter().filter(|(_, group)| !group.is_null()).collect()
}

fn ip_address(record: &Record) -> Json {
    let traits = group([
        ("ip_address", text(record, f::DEVICE_IP)),
        ("autonomous_system_number", whole(record, f::IP_ASN)),
        ("is_hosting_provider", flag(record, f::IP_HOSTING)),
        ("is_anonymous_vpn", flag(record, f::IP_VPN)),
        ("is_tor_exit_node", flag(record, f::IP_TOR)),
        ("is_public_proxy", flag(record, f::IP_PROXY)),
        ("is_anonymous", anonymous(record)),
        ("user_type", text(record, f::IP_USER_TYPE)),
    ]);
    let country = text(record, f::IP_COUNTRY).map(|code| json!({ "iso_code": code }));
    group([("country", country), ("traits", Some(traits).filter(|traits| !traits.is_null()))])
}

/// True where one way of hiding is known; false only where every one is known not to be.
fn anonymous(record: &Record) -> Option<Json> {
    let ways = [f::IP_VPN, f::IP_TOR, f::IP_PROXY].map(|field| boolean(record, field));
    if ways.contains(&Some(true)) {
        return Some(json!(true));
    }
    ways.iter().all(|way| *way == Some(false)).then_some(json!(false))
}

fn credit_card(record: &Record) -> Json {
    let same = boolean(record, f::BIN_BILLING_MISMATCH).map(|differs| json!(!differs));
    group([
        ("brand", text(record, f::BIN_BRAND)),
        ("country", text(record, f::BIN_COUNTRY)),
        ("type", text(record, f::BIN_FUNDING)),
        ("is_prepaid", flag(record, f::BIN_PREPAID)),
        ("is_business", flag(record, f::BIN_BUSINESS)),
        ("is_issued_in_billing_address_country", same),
    ])
}

fn email(record: &Record) -> Json {
    let class = match record.get(f::EMAIL_CLASS) {
        Value::Text(word) => Some(word),
        _ => None,
    };
    let is = |words: &[&str]| class.map(|class| json!(words.contains(&&**class)));
    group([
        ("is_free", is(&["free"])),
        ("is_disposable", is(&["disposable", "disposable_wide"])),
        ("domain", text(record, f::EMAIL_DOMAIN).map(|_| json!({}))),
    ])
}

fn billing_address(record: &Record) -> Json {
    let here = boolean(record, f::IP_BILLING_MISMATCH).map(|differs| json!(!differs));
    group([("is_in_ip_country", here)])
}

fn billing_phone(record: &Record) -> Json {
    group([("country", text(record, f::PHONE_COUNTRY))])
}

/// An object of what is there; null where nothing is.
fn group<const N: usize>(members: [(&str, Option<Json>); N]) -> Json {
    let there: Map<String, Json> = members
        .into_iter()
        .filter_map(|(name, value)| value.map(|value| (name.to_owned(), value)))
        .collect();
    if there.is_empty() { Json::Null } else { Json::Object(there) }
}

fn text(record: &Record, field: FieldId) -> Option<Json> {
    match record.get(field) {
        Value::Text(text) => Some(json!(&**text)),
        Value::Country(country) => Some(json!(country.code())),
        Value::Ip(ip) => Some(json!(ip.to_string())),
        _ => None,
    }
}

fn whole(record: &Record, field: FieldId) -> Option<Json> {
    match record.get(field) {
        Value::Int(number) => Some(json!(number)),
        _ => None,
    }
}

fn boolean(record: &Record, field: FieldId) -> Option<bool> {
    match record.get(field) {
        Value::Bool(is) => Some(*is),
        _ => None,
    }
}

fn flag(record: &Record, field: FieldId) -> Option<Json> {
    boolean(record, field).map(|is| json!(is))
}
