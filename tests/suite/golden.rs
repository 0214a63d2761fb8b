//! The golden set: short streams whose features were worked out by hand.
//!
//! A file of `tests/data/golden/` is one history, a JSON object a line: what it is about, transactions
//! and events as they would be sent, and after a transaction what its record must hold. An expectation
//! is a field with its value and how that follows from the lines above and the public tables; `null` is
//! a missing value. No value here was copied from the program's output.

use rust_decimal::Decimal;
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use vouch::decision::Policy;
use vouch::domain::{Calibration, TenantId, Timestamp};
use vouch::engine::{Engine, ScoreRequest, Snapshot};
use vouch::features::{FIELDS, Origin, Record};
use vouch::input::{read_event, read_transaction};
use vouch::model::{
    Artefact, Calibrator, FORMAT, Logistic, Model, Number, Scorer, Training, Transform,
};
use vouch::reference::Reference;
use vouch::rules::{RuleSet, Source};
use vouch::velocity::Limits;

/// Derived fields no line expects a value of. May only shrink: a field that has one, or is gone, must
/// leave the list.
const NOT_YET: &[&str] = &[
    // A merchant's city file is needed for these.
    "account.travel_km",
    "account.travel_kmh",
    "account.impossible_travel",
    "card.travel_km",
    "card.travel_kmh",
    "card.impossible_travel",
    // Only a merchant's own file says these; `engine::enrich` tests them with one.
    "ip.proxy",
    "ip.user_type",
    "ip.anonymizer_confidence",
];

/// Relative distance up to which two floats are the same number, worked out in another order.
const NEAR: f64 = 1e-12;

fn files() -> Vec<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/golden");
    let mut files: Vec<_> = std::fs::read_dir(dir).unwrap().map(|f| f.unwrap().path()).collect();
    files.sort();
    files
}

/// A model of one feature, whose score is one exponential: log-odds −7, and 7 more for a token.
fn model() -> Model {
    let token = Number {
        name: "card.network_token".to_owned(),
        transform: Transform::Identity,
        clip: [0.0, 1.0],
        imputed: 0.0,
        mean: 0.0,
        scale: 1.0,
        coefficient: 7.0,
        missing_coefficient: 0.0,
        background: 0.0,
    };
    let at = Timestamp::from_millis(0);
    let mut artefact = Artefact {
        format: FORMAT,
        sha256: String::new(),
        name: "golden".to_owned(),
        label: "a test".to_owned(),
        calibration: Calibration::Synthetic,
        calibrator: Calibrator::IDENTITY,
        scorer: Scorer::Logistic(Logistic { intercept: -7.0, numbers: vec![token], words: vec![] }),
        training: Training {
            rows: 1,
            positives: 0,
            from: at,
            to: at,
            labels_known_at: at,
            calibration_rows: 0,
            calibration_positives: 0,
            l2: 0.0,
            seed: 0,
            growth: None,
            data_sha256: String::new(),
            trained_with: String::new(),
        },
    };
    Model::from_bytes(&artefact.seal().unwrap()).unwrap()
}

/// The one rule: what a line asks to be stopped.
const STOP: &str = r#"
[group]
owner = "tests"

[[rule]]
id = "stop"
action = "block"
reason = "STOP"
text = "The line says so."
when = "descriptor == \"STOP\""
"#;

/// Without our rules: none may stop a sale that the history then would not count.
fn engine() -> Engine {
    static TABLES: OnceLock<Arc<Reference>> = OnceLock::new();
    let tables = TABLES.get_or_init(|| Arc::new(Reference::bundled().unwrap())).clone();
    let rules = RuleSet::from_sources(&[Source::new("stop.toml", STOP)]).unwrap();
    let snapshot = Snapshot::new(tables, rules, Some(model()), Policy::default());
    Engine::in_memory(snapshot, Limits { max_keys: 1_000, seed: 3 })
}

/// One expectation with its place.
struct Expected {
    place: String,
    field: String,
    value: Value,
    found: Value,
}

impl Expected {
    fn is_met(&self) -> bool {
        match (&self.value, &self.found) {
            (Value::Number(a), Value::Number(b)) if a.is_f64() || b.is_f64() => {
                let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
                (a - b).abs() <= NEAR * a.abs().max(1.0)
            }
            // Decimals are equal with and without trailing zeros.
            (Value::String(a), Value::String(b)) => match (a.parse(), b.parse::<Decimal>()) {
                (Ok(a), Ok(b)) => b.eq(&a),
                _ => a == b,
            },
            (a, b) => a == b,
        }
    }
}

/// Plays a file and returns what it expects beside what was found.
fn play(path: &Path) -> Vec<Expected> {
    let (engine, tenant) = (engine(), TenantId::default_tenant());
    let mut last: Option<Record> = None;
    let mut all = vec![];
    for (number, line) in std::fs::read_to_string(path).unwrap().lines().enumerate() {
        let place = format!("{}:{}", path.file_name().unwrap().display(), number + 1);
        let json: Map<String, Value> = serde_json::from_str(line).unwrap();
        if let Some(expected) = json.get("expect") {
            let record = serde_json::to_value(last.as_ref().unwrap()).unwrap();
            for (field, pair) in expected.as_object().unwrap() {
                let [value, how] = pair.as_array().unwrap().as_slice() else {
                    panic!("{place}: `{field}` is not a value and how it was found");
                };
                assert!(!how.as_str().unwrap().is_empty(), "{place}: `{field}` says not how");
                assert!(FIELDS.iter().any(|f| f.name == field), "{place}: no field `{field}`");
                let found = record.get(field).cloned().unwrap_or_default();
                let (place, field) = (place.clone(), field.clone());
                all.push(Expected { place, field, value: value.clone(), found });
            }
        } else if json.contains_key("event_id") {
            let (event, warnings) = read_event(line.as_bytes()).unwrap();
            assert!(warnings.is_empty(), "{place}: {warnings:?}");
            engine.record_event(&tenant, &event, None).unwrap();
        } else if json.contains_key("transaction_id") {
            let (transaction, warnings) = read_transaction(line.as_bytes()).unwrap();
            assert!(warnings.is_empty(), "{place}: {warnings:?}");
            let tenant = tenant.clone();
            let request = ScoreRequest { tenant, transaction, warnings, received_at: None };
            last = engine.begin(request).unwrap().record.map(|record| *record);
        } else {
            assert!(json.contains_key("about"), "{place}: neither sent nor expected");
        }
    }
    all
}

#[test]
fn every_feature_is_what_was_worked_out_by_hand() {
    let all: Vec<_> = files().iter().flat_map(|file| play(file)).collect();
    let wrong: Vec<_> = all
        .iter()
        .filter(|expected| !expected.is_met())
        .map(|Expected { place, field, value, found }| {
            format!("{place}: `{field}` is {found}, by hand {value}")
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));

    let covered: BTreeSet<&str> =
        all.iter().filter(|e| !e.value.is_null()).map(|e| e.field.as_str()).collect();
    let derived = FIELDS.iter().filter(|field| field.origin != Origin::Request);
    let lacking: Vec<_> = derived.map(|f| f.name).filter(|name| !covered.contains(name)).collect();
    let new: Vec<_> = lacking.iter().filter(|name| !NOT_YET.contains(name)).collect();
    assert!(new.is_empty(), "add a line to tests/data/golden/ for {new:?}");
    let done: Vec<_> = NOT_YET.iter().filter(|name| !lacking.contains(name)).collect();
    assert!(done.is_empty(), "take these off NOT_YET: {done:?}");
}

#[test]
fn an_expectation_can_fail() {
    let expected = |value: &str, found: &str| Expected {
        place: String::new(),
        field: String::new(),
        value: serde_json::from_str(value).unwrap(),
        found: serde_json::from_str(found).unwrap(),
    };
    for (value, found, met) in [
        ("1", "1", true),
        ("1", "2", false),
        ("0.1", "0.10000000000000001", true),
        ("0.1", "0.1000001", false),
        ("null", "0", false),
        ("\"1.00\"", "\"1\"", true),
        ("\"1.00\"", "\"1.01\"", false),
        ("\"GB\"", "\"US\"", false),
    ] {
        assert_eq!(expected(value, found).is_met(), met, "{value} {found}");
    }
}
