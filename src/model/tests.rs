//! The scorer against its formula, and every way a document can be wrong.

use super::*;
use crate::domain::Timestamp;
use crate::features::{FieldId, Kind, Origin, Value, fields};
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

fn artefact(scorer: Logistic) -> Artefact {
    Artefact {
        format: FORMAT,
        sha256: String::new(),
        name: "sample".into(),
        label: "stolen instrument or account takeover within 120 days".into(),
        calibration: Calibration::Synthetic,
        calibrator: Calibrator::Platt(Platt { slope: 1.25, intercept: -0.5 }),
        scorer: Scorer::Logistic(scorer),
        training: Training {
            rows: 1000,
            positives: 10,
            from: Timestamp::from_millis(0),
            to: Timestamp::from_millis(1_000_000),
            labels_known_at: Timestamp::from_millis(2_000_000),
            calibration_rows: 250,
            calibration_positives: 25,
            l2: 1.0,
            seed: 7,
            growth: None,
            data_sha256: "ab".repeat(32),
            trained_with: "vouch 0.1.0".into(),
        },
    }
}

fn number(name: &str, coefficient: f64) -> Number {
    Number {
        name: name.into(),
        transform: Transform::SignedLog,
        clip: [0.0, 6.0],
        imputed: 2.0,
        mean: 2.0,
        scale: 0.5,
        coefficient,
        missing_coefficient: 0.75,
        background: 0.0,
    }
}

fn sample() -> Logistic {
    let tor = Number {
        transform: Transform::Identity,
        clip: [0.0, 1.0],
        imputed: 0.01,
        mean: 0.0,
        scale: 1.0,
        missing_coefficient: 0.0,
        background: 0.03,
        ..number("ip.tor", 3.0)
    };
    let level = |word: &str, coefficient| Level { word: word.into(), coefficient };
    let method = Word {
        name: "payment.method".into(),
        levels: vec![level("card", 0.25), level("paypal", -0.5)],
        other_coefficient: -0.125,
        missing_coefficient: 0.5,
        background: 0.2,
    };
    Logistic { intercept: -4.0, numbers: vec![number("amount_eur", 0.5), tor], words: vec![method] }
}

fn sealed(scorer: Logistic) -> Vec<u8> {
    artefact(scorer).seal().unwrap()
}

fn model(scorer: Logistic) -> Model {
    Model::from_bytes(&sealed(scorer)).unwrap()
}

fn record(amount: f64, tor: Option<bool>, method: &str) -> Record {
    let mut record = Record::default();
    record.set(fields::AMOUNT_EUR, Decimal::try_from(amount).unwrap());
    record.set(fields::IP_TOR, tor);
    record.set(fields::PAYMENT_METHOD, method);
    record
}

#[test]
fn a_score_worked_out_by_hand() {
    let model = model(sample());
    let amount = (49f64.ln_1p() - 2.0) / 0.5 * 0.5;
    let margin = -4.0 + amount + 3.0 + 0.25;
    let expected = 1.25 * margin - 0.5;
    let score = model.score(&record(49.0, Some(true), "card"));
    assert!((score.log_odds - expected).abs() < 1e-12, "{score:?}");
    let probability = 1.0 / (1.0 + (-expected).exp());
    assert!((score.fraud_probability - probability).abs() < 1e-15);
    assert_eq!(score.risk_score.to_string(), format!("{:.2}", probability * 100.0));
}

#[test]
fn missing_has_its_own_term() {
    let model = model(sample());
    let base = 1.25 * -4.0 - 0.5;
    let nothing = model.score(&Record::default()).log_odds;
    // amount: imputed at the mean, +0.75; Tor: imputed 0.01 × 3; method: +0.5.
    assert!((nothing - (base + 1.25 * (0.75 + 0.03 + 0.5))).abs() < 1e-12);
    let zeros = model.score(&record(0.0, Some(false), "card")).log_odds;
    assert!((nothing - zeros).abs() > 1.0, "missing is not zero");
    let other = model.score(&record(0.0, Some(false), "pix")).log_odds;
    assert!((other - (base + 1.25 * (-2.0 - 0.125))).abs() < 1e-12, "an unlisted word is `other`");
}

#[test]
fn the_risk_score_is_clamped_and_has_two_decimals() {
    for (log_odds, text) in [(-40.0, "0.01"), (0.0, "50.00"), (40.0, "99.99"), (-1.0, "26.89")] {
        assert_eq!(risk_score(sigmoid(log_odds)).to_string(), text);
    }
    assert_eq!((sigmoid(-800.0), sigmoid(800.0)), (0.0, 1.0));
}

#[test]
fn what_was_written_reads_back() {
    let bytes = sealed(sample());
    let model = Model::from_bytes(&bytes).unwrap();
    assert_eq!(model.digest().len(), 64);
    assert_eq!(model.calibration(), Calibration::Synthetic);
    let mut again = model.artefact().clone();
    assert_eq!(again.seal().unwrap(), bytes, "equal artefacts give equal bytes");
    let zeroed = String::from_utf8(bytes).unwrap().replace(model.digest(), &"0".repeat(64));
    assert_eq!(hex(&Sha256::digest(zeroed)), model.digest(), "the documented recipe");
}

#[test]
fn a_cut_or_changed_file_is_refused() {
    let bytes = sealed(sample());
    for end in 0..bytes.len() - 1 {
        let error = Model::from_bytes(&bytes[..end]).unwrap_err();
        assert!(matches!(error, ModelError::NotJson { .. }), "{end}: {error}");
    }
    let half = Model::from_bytes(&bytes[..bytes.len() / 2]).unwrap_err();
    assert!(half.to_string().contains("the file ends in the middle"), "{half}");
    for place in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[place] ^= 1;
        assert!(Model::from_bytes(&changed).is_err(), "byte {place}");
    }
}

type Change = fn(&mut Json);

/// Seals a document changed by `change`, so that only what it changed is wrong.
fn refused(change: impl FnOnce(&mut Json)) -> String {
    let mut document = serde_json::to_value(artefact(sample())).unwrap();
    document["sha256"] = json!("0".repeat(64));
    change(&mut document);
    let zeroed = serde_json::to_string(&document).unwrap();
    let digest = hex(&Sha256::digest(&zeroed));
    let text = zeroed.replacen(&"0".repeat(64), &digest, 1);
    Model::from_bytes(text.as_bytes()).map_or_else(|error| error.to_string(), |_| "fine".into())
}

#[test]
fn a_sound_document_with_one_fault_is_refused_by_name() {
    assert_eq!(refused(|_| ()), "fine");
    let logistic = |d: &mut Json| d["scorer"]["logistic"].take();
    let cases: [(Change, &str); 13] = [
        (
            |d| d["format"] = json!(3),
            "model format 3 is not known; this version reads formats up to 2",
        ),
        (|d| d["format"] = json!("1"), "`format`: invalid type"),
        (|d| d["calibrator"]["slope"] = json!(0.0), "`calibrator.slope` is 0, outside 1e-9 to 1e9"),
        (
            |d| d["calibrator"]["slope"] = json!(null),
            "`calibrator`: data did not match any variant",
        ),
        (|d| d["calibration"] = json!("none"), "not `none`"),
        (|d| d["colour"] = json!("red"), "unknown field `colour`"),
        (|d| d["scorer"] = json!({"oracle": {}}), "unknown variant `oracle`"),
        (
            |d| {
                d["scorer"]["logistic"]["numbers"][0]["name"] = json!("card_age");
                d["scorer"]["logistic"]["words"][0]["name"] = json!("colour");
            },
            "no field is called `card_age`, `colour`",
        ),
        (
            |d| d["scorer"]["logistic"]["numbers"][1]["name"] = json!("amount_eur"),
            "feature `amount_eur` comes twice",
        ),
        (
            |d| d["scorer"]["logistic"]["numbers"][1]["name"] = json!("ip.country"),
            "feature `ip.country` is used as a number, but the field is a country",
        ),
        (
            |d| d["scorer"]["logistic"]["numbers"][1]["name"] = json!("card_blocked_count_1d"),
            "`card_blocked_count_1d` counts our own blocks, and a model may not learn from its own",
        ),
        (
            |d| d["scorer"]["logistic"]["words"][0]["levels"][1]["word"] = json!("card"),
            "feature `payment.method` lists the word `card` twice",
        ),
        (
            |d| d["scorer"]["logistic"]["numbers"][0]["clip"] = json!([3.0, 2.0]),
            "`amount_eur.clip.1` is 2, outside 3e0 to 1e9",
        ),
    ];
    for (change, message) in cases {
        let error = refused(change);
        assert!(error.contains(message), "{error}\nlacks: {message}");
    }
    assert!(refused(|d| drop(logistic(d))).contains("scorer.logistic"));
}

#[test]
fn numbers_json_cannot_hold_are_refused() {
    let text = String::from_utf8(sealed(sample())).unwrap();
    let error = Model::from_bytes(text.replace("-4.0", "NaN").as_bytes()).unwrap_err();
    assert!(error.to_string().contains("this is not JSON"), "{error}");
    assert!(Model::from_bytes(text.replace("-4.0", "1e999").as_bytes()).is_err());
    for bad in [f64::NAN, f64::INFINITY, 1e10] {
        let mut scorer = sample();
        scorer.numbers[0].coefficient = bad;
        let error = Terms::build(&scorer, Platt { slope: 1.0, intercept: 0.0 }).unwrap_err();
        assert!(matches!(error, ModelError::OutOfRange { .. }), "{bad}");
    }
    assert!(matches!(Model::from_bytes(b""), Err(ModelError::NotJson { truncated: true, .. })));
    assert!(matches!(
        Model::from_bytes(&vec![b' '; MAX_BYTES + 1]),
        Err(ModelError::TooLarge { .. })
    ));
}

#[test]
fn a_missing_file_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let error = Model::load(directory.path()).unwrap_err();
    assert!(error.to_string().contains("model.json"), "{error}");
    std::fs::write(directory.path().join(FILE), sealed(sample())).unwrap();
    assert_eq!(Model::load(directory.path()).unwrap().artefact().name, "sample");
}

/// The formula of the artefact's documentation, straight from the JSON: nothing folded, nothing
/// shared with the fast scorer.
fn reference(document: &Json, record: &Record) -> f64 {
    let logistic = &document["scorer"]["logistic"];
    let mut margin = logistic["intercept"].as_f64().unwrap();
    for feature in logistic["numbers"].as_array().unwrap() {
        let get = |member: &str| feature[member].as_f64().unwrap();
        let field = FieldId::by_name(feature["name"].as_str().unwrap()).unwrap();
        let x = record.get(field).numeric();
        let known = !x.is_nan() && x.abs() != f64::INFINITY;
        let mut t = get("imputed");
        if known {
            let log = feature["transform"] == "signed_log";
            let transformed = if log { x.signum() * (1.0 + x.abs()).ln() } else { x };
            let (low, high) = (feature["clip"][0].as_f64(), feature["clip"][1].as_f64());
            t = transformed.max(low.unwrap()).min(high.unwrap());
        }
        margin += get("coefficient") * (t - get("mean")) / get("scale");
        margin += if known { 0.0 } else { get("missing_coefficient") };
    }
    for feature in logistic["words"].as_array().unwrap() {
        let name = feature["name"].as_str().unwrap();
        let value = serde_json::to_value(record).unwrap()[name].clone();
        let levels = feature["levels"].as_array().unwrap();
        margin += match levels.iter().find(|level| level["word"] == value) {
            Some(level) => level["coefficient"].as_f64().unwrap(),
            None if value.is_null() => feature["missing_coefficient"].as_f64().unwrap(),
            None => feature["other_coefficient"].as_f64().unwrap(),
        };
    }
    let calibrator = |member: &str| document["calibrator"][member].as_f64().unwrap();
    calibrator("slope") * margin + calibrator("intercept")
}

const NUMBERS: [FieldId; 5] = [
    fields::AMOUNT_EUR,
    fields::IP_TOR,
    fields::ACCOUNT_AGE_H,
    fields::IP_TX_COUNT_1H,
    fields::HOUR_UTC,
];

fn any_model() -> impl Strategy<Value = Logistic> {
    let c = || -5.0..5.0;
    let feature = (c(), c(), c(), 0.05..10.0, any::<bool>(), -3.0..1.0, 2.0..9.0);
    (c(), prop::collection::vec(feature, NUMBERS.len()), prop::array::uniform5(-5.0..5.0)).prop_map(
        |(intercept, features, w)| {
            let mut logistic = Logistic { intercept, ..sample() };
            logistic.numbers = NUMBERS
                .iter()
                .zip(features)
                .map(|(field, (coefficient, missing, mean, scale, log, low, high))| Number {
                    transform: if log { Transform::SignedLog } else { Transform::Identity },
                    clip: [low, high],
                    imputed: mean,
                    mean,
                    scale,
                    missing_coefficient: missing,
                    background: missing / 2.0,
                    ..number(field.field().name, coefficient)
                })
                .collect();
            let word = &mut logistic.words[0];
            [word.levels[0].coefficient, word.levels[1].coefficient] = [w[0], w[1]];
            [word.other_coefficient, word.missing_coefficient, word.background] =
                [w[2], w[3], w[4]];
            logistic
        },
    )
}

fn any_record() -> impl Strategy<Value = Record> {
    let float = prop_oneof![
        Just(f64::NAN),
        Just(f64::INFINITY),
        Just(f64::NEG_INFINITY),
        Just(-0.0),
        any::<f64>(),
        -100.0..1e6
    ];
    let method = prop::option::of(prop::sample::select(vec!["card", "paypal", "pix"]));
    let amount = prop::option::of(0..10_000_000i64);
    (amount, any::<Option<bool>>(), float, any::<Option<i64>>(), prop::option::of(0..24i64), method)
        .prop_map(|(cents, tor, age, count, hour, method)| {
            let mut record = Record::default();
            record.set(fields::AMOUNT_EUR, cents.map(|c| Decimal::new(c, 2)));
            record.set(fields::IP_TOR, tor);
            record.set(fields::ACCOUNT_AGE_H, Value::Float(age));
            record.set(fields::IP_TX_COUNT_1H, count);
            record.set(fields::HOUR_UTC, hour);
            record.set(fields::PAYMENT_METHOD, method);
            record
        })
}

proptest! {
    /// Fast and reference scorer differ by rounding alone: the fast one has the scaling folded in.
    #[test]
    fn the_fast_scorer_is_the_formula(scorer in any_model(), record in any_record()) {
        let document = serde_json::to_value(artefact(scorer.clone())).unwrap();
        let model = model(scorer);
        let score = model.score(&record);
        let expected = reference(&document, &record);
        prop_assert!(score.log_odds.is_finite());
        // Terms reach 1e4 here, so 1e-10 is about 1e-14 of the largest.
        prop_assert!((score.log_odds - expected).abs() <= 1e-10, "{} {expected}", score.log_odds);
        prop_assert_eq!(score.log_odds.to_bits(), model.score(&record).log_odds.to_bits());
    }

    #[test]
    fn contributions_and_base_sum_to_the_score(scorer in any_model(), record in any_record()) {
        let model = model(scorer);
        let mut parts = vec![];
        model.contributions(&record, &mut parts);
        let sum: f64 = parts.iter().map(|part| part.log_odds).sum();
        prop_assert!((model.base() + sum - model.score(&record).log_odds).abs() < 1e-8);
        prop_assert!(parts.is_sorted_by(|a, b| a.log_odds.abs() >= b.log_odds.abs()));
        let mut explained = vec![];
        prop_assert_eq!(model.explain(&record, &mut explained), model.score(&record));
        prop_assert_eq!(&explained, &parts);
        model.exact_contributions(&record, &mut explained);
        let sum: f64 = explained.iter().map(|part| part.log_odds).sum();
        prop_assert!((model.base() + sum - model.score(&record).log_odds).abs() < 1e-6);
        let codes: std::collections::BTreeSet<_> = parts.iter().map(|p| p.group.code).collect();
        prop_assert_eq!(codes.len(), parts.len());
    }

    #[test]
    fn reading_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(Model::from_bytes(&bytes).is_err());
    }
}

#[test]
fn every_numeric_kind_of_the_catalogue_can_be_a_feature() {
    for field in
        crate::features::FIELDS.iter().filter(|f| f.kind.is_numeric() && f.origin != Origin::Own)
    {
        let scorer =
            Logistic { intercept: 0.0, numbers: vec![number(field.name, 1.0)], words: vec![] };
        assert!(Terms::build(&scorer, Platt { slope: 1.0, intercept: 0.0 }).is_ok());
        assert!(!matches!(field.kind, Kind::Word(_)));
    }
}

#[test]
fn a_shops_own_members_are_features_like_any_other() {
    let level = |word: &str, coefficient| Level { word: word.into(), coefficient };
    let own = Word {
        name: "custom.campaign".into(),
        levels: vec![level("autumn", 1.0), level("true", 2.0), level("7", 3.0)],
        other_coefficient: -1.0,
        missing_coefficient: 0.5,
        background: 0.0,
    };
    let seats = Number { transform: Transform::Identity, ..number("custom.seats", 0.5) };
    let model = model(Logistic { intercept: 0.0, numbers: vec![seats], words: vec![own] });
    assert_eq!(model.features().collect::<Vec<_>>(), ["custom.seats", "custom.campaign"]);
    let margin = |campaign: Value, seats: Value| {
        let mut record = Record::default();
        record.set_custom("campaign", campaign);
        record.set_custom("seats", seats);
        let mut parts = vec![];
        model.contributions(&record, &mut parts);
        assert!(parts.iter().all(|part| part.group.code == "OWN_FACTS"), "{parts:?}");
        (model.score(&record).log_odds + 0.5) / 1.25
    };
    for (campaign, seats, expected) in [
        (Value::text("autumn"), Value::Int(3), 1.0 + 1.0),
        (Value::Bool(true), Value::Float(2.0), 2.0),
        (Value::Int(7), Value::Float(2.0), 3.0),
        (Value::text("spring"), Value::Int(2), -1.0),
        (Value::Missing, Value::text("many"), 0.5 + 0.75),
    ] {
        let found = margin(campaign.clone(), seats);
        assert!((found - expected).abs() < 1e-12, "{campaign:?}: {found} is not {expected}");
    }
}

#[test]
fn a_group_nobody_knows_is_expected_by_its_shares() {
    let feature = |name: &str| forest::Feature { name: name.into(), words: vec![] };
    let trees = vec![serde_json::from_value(json!("0<=0.5r 1<=50l =-1@60 =1@20 =2@20")).unwrap()];
    let forest = forest::Forest {
        features: vec![feature("ip.tor"), feature("amount_eur")],
        input: forest::Input::F64,
        base: 0.25,
        link: forest::Link::Logistic { slope: 1.0 },
        trees,
    };
    let scorer = Scorer::Forest(forest);
    let calibrator = Calibrator::Platt(Platt { slope: 1.0, intercept: 0.0 });
    let mut artefact = Artefact { scorer, calibrator, format: 2, ..artefact(sample()) };
    let model = Model::from_bytes(&artefact.seal().unwrap()).unwrap();
    let without = |tor: bool, code: &str| {
        let group = REASON_GROUPS.iter().find(|group| group.code == code).unwrap();
        model.without(&record(49.0, Some(tor), "card"), &Contribution { group, log_odds: 0.0 })
    };
    for (tor, code, expected) in [
        (true, "IP_NETWORK", 0.25 - 0.8 + 0.2 * 2.0),
        (true, "AMOUNT", 0.25 + 2.0),
        (false, "AMOUNT", 0.25 - 0.75 + 0.25),
        (false, "EMAIL", 0.25 - 1.0),
    ] {
        let found = without(tor, code);
        assert!((found - expected).abs() < 1e-12, "{tor} {code}: {found} is not {expected}");
    }
}
