//! Features of the request and the tables, by transactions written out by hand.

use super::*;
use crate::features::FieldId;
use crate::reference::ReferenceFiles;
use serde_json::{Value as Json, json};
use std::sync::OnceLock;

fn tables() -> &'static Reference {
    static TABLES: OnceLock<Reference> = OnceLock::new();
    TABLES.get_or_init(|| Reference::bundled().unwrap())
}

/// The record of a purchase with these members.
fn record_of(members: &Json, reference: &Reference) -> Record {
    let mut request = json!({
        "transaction_id": "tx-1", "type": "purchase", "event_time": "2026-07-18T02:15:00Z",
    });
    for (name, value) in members.as_object().unwrap() {
        request[name] = value.clone();
    }
    let tx: Transaction = serde_json::from_value(request).unwrap();
    let mut record = Record::default();
    super::super::request::copy(&tx, &mut record);
    enrich(&tx, reference, &mut record);
    record
}

/// Fields by name, `-` for missing.
fn show(record: &Record, names: &[&str]) -> String {
    let field = |name: &&str| FieldId::by_name(name).unwrap_or_else(|| panic!("{name}"));
    let shown = |value: &Value| match serde_json::to_value(value).unwrap() {
        Json::Null => "-".to_owned(),
        Json::String(text) => text,
        other => other.to_string(),
    };
    names.iter().map(|name| shown(record.get(field(name)))).collect::<Vec<_>>().join(" ")
}

fn check(members: &Json, names: &[&str], expected: &str) {
    assert_eq!(show(&record_of(members, tables()), names), expected, "{members}");
}

const AT_HOME: &str = r#"{
    "amount": {"value": "49.00", "currency": "GBP"},
    "account": {"email": "jane.doe+shop@example.co.uk", "name": "Jane Doe", "phone": "+44 20 7183 8750"},
    "device": {"ip": "81.2.69.142", "accept_language": "en-GB,en;q=0.9", "timezone": "Europe/London",
        "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"},
    "billing": {"country": "GB"}, "price_region": "GB"}"#;

#[test]
fn a_buyer_at_home_agrees_with_everything() {
    let home: Json = serde_json::from_str(AT_HOME).unwrap();
    let mismatches: Vec<&str> = crate::features::FIELDS
        .iter()
        .map(|field| field.name)
        .filter(|name| {
            name.ends_with("_mismatch") && !name.contains("bin") && *name != "price_region_mismatch"
        })
        .collect();
    assert!(mismatches.len() >= 11);
    let record = record_of(&home, tables());
    for name in mismatches {
        assert_eq!(show(&record, &[name]), "false", "{name}");
    }
    check(&home, &["ip_timezone_gap_h", "countries_known", "countries_distinct"], "0.0 5 1");
    // Two o'clock in UTC is three on a Saturday in London's summer.
    check(&home, &["local_hour", "local_weekday", "local_weekend", "local_night"], "3 6 true true");
    check(&home, &["language.primary", "language.country", "phone.country"], "en GB GB");
    check(&home, &["timezone.country", "timezone.placeless"], "GB false");
    check(
        &home,
        &["agent.class", "agent.os", "agent.browser", "agent.version"],
        "browser linux firefox 145",
    );
    check(&home, &["agent.mobile", "agent.automated"], "false false");
}

#[test]
fn a_stranger_disagrees() {
    let far = json!({
        "amount": {"value": "49.00", "currency": "EUR"},
        "account": {"phone": "+84 24 1234 5678"},
        "device": {"ip": "81.2.69.142", "accept_language": "vi-VN,vi;q=0.9", "timezone": "Asia/Ho_Chi_Minh"},
        "billing": {"country": "US"}, "price_region": "IN"
    });
    check(
        &far,
        &["ip.country_reliable", "ip_currency_mismatch", "billing_currency_mismatch"],
        "true true true",
    );
    check(&far, &["ip_price_region_mismatch", "billing_price_region_mismatch"], "true true");
    check(&far, &["ip_timezone_mismatch", "billing_timezone_mismatch"], "true true");
    check(&far, &["ip_timezone_gap_h", "billing_timezone_gap_h"], "6.0 11.0"); // New York's is the nearest
    check(&far, &["ip_language_mismatch", "billing_language_mismatch"], "true true");
    check(&far, &["ip_phone_mismatch", "billing_phone_mismatch"], "true true");
    check(&far, &["countries_known", "countries_distinct"], "5 4");
    check(&far, &["local_hour", "local_weekday"], "9 6");
}

#[test]
fn an_unreliable_country_is_not_compared() {
    for ip in ["8.8.8.8", "104.16.0.1", "172.225.0.1", "185.220.101.1"] {
        let mut tx: Json = serde_json::from_str(AT_HOME).unwrap();
        tx["device"]["ip"] = ip.into();
        check(&tx, &["ip.country_reliable"], "false");
        let names = ["ip_currency_mismatch", "ip_price_region_mismatch", "ip_timezone_mismatch"];
        check(&tx, &names, "- - -");
        check(&tx, &["ip_timezone_gap_h", "ip_language_mismatch", "ip_phone_mismatch"], "- - -");
        check(&tx, &["ip_billing_mismatch", "billing_timezone_mismatch"], "true false");
        check(&tx, &["countries_known", "countries_distinct"], "4 1");
    }
    check(&json!({"device": {"ip": "104.16.0.1"}}), &["ip.cdn", "ip.provider"], "true Cloudflare");
    check(
        &json!({"device": {"ip": "172.225.0.1"}}),
        &["ip.relay", "ip.vpn", "ip.hosting"],
        "true false false",
    );
    check(
        &json!({"device": {"ip": "10.0.0.1"}}),
        &["ip.country_reliable", "ip.cdn", "ip.city_known"],
        "- - -",
    );
}

#[test]
fn an_english_browser_says_nothing_abroad() {
    let tx = |language: &str| json!({"device": {"accept_language": language}, "billing": {"country": "DE"}});
    check(&tx("en-US,en"), &["billing_language_mismatch"], "-");
    check(&tx("en-US,de;q=0.5"), &["billing_language_mismatch"], "false");
    check(&tx("en-DE"), &["billing_language_mismatch"], "false");
    check(&tx("en-US,fr;q=0.5"), &["billing_language_mismatch"], "true");
    check(&tx(""), &["billing_language_mismatch", "language.primary"], "- -");
}

#[test]
fn without_tables_or_members_all_is_missing() {
    let home: Json = serde_json::from_str(AT_HOME).unwrap();
    let record = record_of(&home, &Reference::empty());
    for name in [
        "ip.country_reliable",
        "ip_timezone_mismatch",
        "billing_currency_mismatch",
        "phone.country",
        "timezone.country",
        "billing_language_mismatch",
        "local_hour",
        "amount_per_unit_eur",
        "email.class",
    ] {
        assert_eq!(show(&record, &[name]), "-", "{name}");
    }
    let bare = record_of(&json!({}), tables());
    let known: Vec<_> = bare.known().map(|(name, _)| name.into_owned()).collect();
    assert_eq!(known, ["type", "event_time", "hour_utc", "countries_known"]);
}

#[test]
fn clocks_without_a_zone_are_the_addresss() {
    let at = |ip: &str| json!({"device": {"ip": ip}});
    check(&at("81.2.69.142"), &["local_hour", "timezone.country"], "3 -"); // one offset in Britain
    check(&at("24.48.0.1"), &["local_hour"], "-"); // six in Canada
    check(&at("8.8.8.8"), &["local_hour"], "-"); // a data centre's
    check(
        &json!({"device": {"timezone": "Etc/UTC"}}),
        &["local_hour", "timezone.placeless", "timezone.country"],
        "2 true -",
    );
    check(
        &json!({"device": {"timezone": "Mars/Olympus"}}),
        &["local_hour", "timezone.placeless"],
        "- -",
    );
}

#[test]
fn mailboxes() {
    let names = ["email.local_length", "email.digit_share", "email.plus_tag", "email.looks_random"];
    let tx = |email: &str| json!({"account": {"email": email, "name": "Jane Doe"}});
    check(&tx("jane.doe+a1@example.com"), &names, "11 0.09090909090909091 true false");
    check(&tx("x9k2m7q4@example.com"), &names, "8 0.5 false true");
    check(&tx("no address"), &names, "- - - -");
    check(&tx("jane.doe@example.com"), &["email.name_similarity"], "1.0");
    check(&json!({"account": {"email": "jane@example.com"}}), &["email.name_similarity"], "-");
}

#[test]
fn orders() {
    let tx = json!({
        "amount": {"value": "90.00", "currency": "EUR"},
        "items": [{"sku": "a", "quantity": 2, "unit_price": "30.00"}, {"sku": "b", "unit_price": "40"},
            {"sku": "a", "quantity": 0, "unit_price": "30.00"}],
        "terms": {"accepted_at": "2026-07-18T02:14:30Z"}
    });
    check(&tx, &["item_count", "items.distinct_skus", "items.max_price_eur"], "3 2 40");
    check(&tx, &["amount_per_unit_eur", "amount_round", "discount_share"], "30.00 true 0.1");
    check(&tx, &["terms.age_s"], "30.0");
    let round =
        |value: &str, currency: &str| json!({"amount": {"value": value, "currency": currency}});
    check(
        &round("0", "EUR"),
        &["amount_round", "discount_share", "amount_per_unit_eur"],
        "false - -",
    );
    check(&round("49.99", "EUR"), &["amount_round"], "false");
    check(&round("5000", "JPY"), &["amount_round"], "true");
    check(&round("500", "JPY"), &["amount_round"], "false");
    let unpriced = json!({"amount": {"value": "9", "currency": "EUR"}, "items": [{"quantity": 3}]});
    check(&unpriced, &["discount_share", "items.max_price_eur", "items.distinct_skus"], "- - -");
}

#[test]
fn cards_payments_and_agreements() {
    let tx = json!({
        "card": {"bin": "45717360", "avs_result": "Z", "cvv_result": "M", "three_ds": {"eci": "06"}},
        "payment": {"attempt": 2, "initiator": "merchant"},
        "subscription": {"interval": "month", "trial": true, "trial_end": "2026-07-18T14:15:00Z", "renewal_number": 0}
    });
    check(
        &tx,
        &["bin.length", "bin.business", "card.avs_match", "card.cvv_match"],
        "8 false partial match",
    );
    check(&tx, &["card.three_ds_outcome", "payment.dispute_days"], "attempted 120");
    let unnamed = json!({"card": {"avs_result": "W"}});
    check(&unnamed, &["card.avs_match"], "-");
    check(&tx, &["payment.retry", "payment.merchant_initiated"], "true true");
    check(
        &tx,
        &["subscription.in_trial", "subscription.renewal", "subscription.interval_days"],
        "true false 30",
    );
    check(&tx, &["subscription.trial_left_h"], "12.0");
    let unsaid = json!({"subscription": {"interval": "month"}});
    check(&unsaid, &["subscription.in_trial"], "-");
    check(&json!({"subscription": {"trial": false}}), &["subscription.in_trial"], "false");
    let pushed = json!({"payment": {"method": "ideal"}, "type": "renewal"});
    check(&pushed, &["payment.dispute_days", "subscription.renewal", "payment.retry"], "0 true -");
    check(&json!({"payment": {"method": "bacs_debit"}}), &["payment.dispute_days"], "-");
}

#[test]
fn a_merchants_file_adds_its_facts() {
    let mut file = maxminddb_writer::Database::default();
    file.metadata.ip_version = maxminddb_writer::metadata::IpVersion::V6;
    file.metadata.binary_format_major_version = 2;
    let record = json!({
        "traits": {"user_type": "residential", "is_public_proxy": true},
        "city": {"names": {"en": "London"}},
        "location": {"latitude": 51.5, "longitude": -0.1},
        "anonymizer": {"confidence": 87},
    });
    let data = file.insert_value(record).unwrap();
    let network: maxminddb_writer::paths::IpAddrWithMask = "::5102:4500/120".parse().unwrap();
    file.insert_node(network, data);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("own.mmdb");
    std::fs::write(&path, file.write_to(Vec::new()).unwrap()).unwrap();
    let (reference, refused) =
        Reference::load(&ReferenceFiles { files: vec![path], ..ReferenceFiles::default() });
    assert!(refused.is_empty(), "{refused:?}");
    let record = record_of(&json!({"device": {"ip": "81.2.69.142"}}), &reference);
    let names = ["ip.proxy", "ip.user_type", "ip.anonymizer_confidence", "ip.city_known"];
    assert_eq!(show(&record, &names), "true residential 87 true");
    assert_eq!(show(&record, &["ip.country_reliable"]), "false");
}
