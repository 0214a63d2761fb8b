//! What runs on every payment takes no memory: rules of every leaf, the default model, a forest.
//!
//! Counted by an allocator that counts what this thread asks for, after one pass that may grow what is
//! kept from record to record.

use allocation_counter::measure;
use serde_json::{Map, Value, json};
use std::hint::black_box;
use vouch::features::Record;
use vouch::model::forest::{Engine, Kernel, probe_rows};
use vouch::model::{Model, import};
use vouch::rules::{RuleSet, Scratch, Source, record_from_flat};

/// At least one condition of every kind the language has.
const CONDITIONS: [&str; 14] = [
    "amount > money(\"10.00\", \"EUR\") && amount_eur <= 99.5",
    "ip.country == billing.country || ip.country in [\"DE\", \"NO\"]",
    "device.ip in cidr(\"10.0.0.0/8\")",
    "email.domain.startsWith(\"mail\") && email.domain.endsWith(\".com\")",
    "email.domain.contains(\"ai\") || !email.domain.matches(\"^[a-z]+[.](com|org)$\")",
    "descriptor.lowerAscii() == \"vouch\" && size(descriptor) > 3",
    "event_time.getHours(\"Europe/Berlin\") >= 22 || event_time.getDayOfWeek(\"UTC\") == 0",
    "event_time < timestamp(\"2026-11-22T10:00:00Z\")",
    "default(card_tx_count_1h, 0) < 3 && has(card_tx_count_1h)",
    "card_tx_count_1h > ip_distinct_cards_1d",
    "custom.label == \"a\" || custom.label.matches(\"^b\")",
    "card.bin in list(\"cards\") || !(email.domain in list(\"domains\"))",
    "account.age_h < 24.5 && !ip.tor",
    "type in [\"purchase\", \"top_up\"] && descriptor in [\"a\", \"b\", \"c\", \"Vouch\"]",
];

/// Records with everything these conditions read, each lacking some of it.
fn records() -> Vec<Record> {
    let whole = json!({
        "amount": {"value": "12.50", "currency": "EUR"}, "amount_eur": "12.5",
        "ip.country": "DE", "billing.country": "FR", "device.ip": "10.1.2.3",
        "email.domain": "mail.example.com", "descriptor": "Vouch", "event_time": "2026-11-21T22:30:00Z",
        "card_tx_count_1h": 2, "ip_distinct_cards_1d": 1, "custom.label": "b7", "card.bin": "457173",
        "card.bin in list(\"cards\")": true, "account.age_h": 3.5, "ip.tor": false, "type": "purchase",
    });
    let whole = whole.as_object().unwrap();
    let without = |name: Option<&String>| -> Map<String, Value> {
        whole
            .iter()
            .filter(|(key, _)| Some(*key) != name)
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect()
    };
    let rows = std::iter::once(without(None)).chain(whole.keys().map(|key| without(Some(key))));
    rows.map(|row| record_from_flat(&row).unwrap()).collect()
}

#[test]
fn what_takes_memory_is_counted() {
    assert_eq!(measure(|| drop(black_box(vec![1_u8]))).count_total, 1);
}

#[test]
fn rules_take_no_memory() {
    let rule = |(number, condition): (usize, &&str)| {
        format!(
            "[[rule]]\nid = \"r{number}\"\naction = \"tag\"\nreason = \"A\"\ntext = \"A.\"\nwhen = '''{condition}'''\n"
        )
    };
    let own: String = CONDITIONS.iter().enumerate().map(rule).collect();
    let own = RuleSet::from_sources(&[Source::new("own.toml", own)]).unwrap();
    let records = records();
    for (rules, name) in [(own, "own"), (RuleSet::builtin().unwrap(), "bundled")] {
        let mut scratch = Scratch::default();
        let mut pass = || -> usize {
            records.iter().map(|record| rules.matching(record, &mut scratch).count()).sum()
        };
        let matches = pass();
        assert!(name == "bundled" || matches > records.len(), "{matches}");
        let taken = measure(|| {
            black_box(pass());
        });
        assert_eq!(taken.count_total, 0, "{name}: {taken:?}");
    }
}

#[test]
fn a_score_and_its_reasons_take_no_memory() {
    let model = Model::bundled().unwrap();
    let (records, mut contributions) = (records(), vec![]);
    let mut pass = || {
        for record in &records {
            black_box(model.score(record));
            model.contributions(record, &mut contributions);
        }
    };
    pass();
    let taken = measure(pass);
    assert_eq!(taken.count_total, 0, "{taken:?}");
}

#[test]
fn a_forest_takes_no_memory() {
    let file = include_bytes!("../data/models/lightgbm.txt");
    let forest = import::read(file).unwrap().forest;
    let rows = probe_rows(&forest, 200, 1);
    for kernel in [Kernel::Packed, Kernel::Avx2] {
        let engine = Engine::with_kernel(&forest, kernel).unwrap();
        let pass = || rows.chunks(4).map(|row| engine.margin(row)).sum::<f64>();
        black_box(pass());
        let taken = measure(|| {
            black_box(pass());
        });
        assert_eq!(taken.count_total, 0, "{kernel:?}: {taken:?}");
    }
}
