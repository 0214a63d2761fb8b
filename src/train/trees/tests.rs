//! Trees as models: what they learn, what they serve, and what may not change them.

use super::*;
use crate::domain::{DAY_MS, LabelClass, Timestamp};
use crate::features::{Record, Value, fields};
use crate::model::{Model, sigmoid};
use crate::train::tests::uniform;
use crate::train::{Label, LabelledRecord, ModelKind, train};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use rust_decimal::Decimal;

/// Fraud where attempts are many or the amount lies between 200 and 300, which no line can say; the
/// method and a missing age say something too. One sale in seven.
fn rows(n: u32, seed: u64) -> Vec<LabelledRecord> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..n)
        .map(|i| {
            let mut record = Record::default();
            let cents = rng.next_u32() % 50_000;
            let attempts = rng.next_u32() % 12;
            let method = ["card", "paypal", "pix"][usize::try_from(rng.next_u32() % 3).unwrap()];
            let age = (uniform(&mut rng) < 0.8).then(|| uniform(&mut rng) * 1000.0);
            record.set(fields::AMOUNT_EUR, Decimal::new(i64::from(cents) + 1, 2));
            record.set(fields::IP_TX_COUNT_1H, attempts);
            record.set(fields::PAYMENT_METHOD, method);
            record.set(fields::ACCOUNT_AGE_H, age.map_or(Value::Missing, Value::float));
            record.set(fields::CARD_FINGERPRINT, format!("card-{}", i % 97).as_str());
            let log_odds = -4.5
                + if attempts > 9 { 3.0 } else { 0.0 }
                + if (20_000..30_000).contains(&cents) { 3.5 } else { 0.0 }
                + if method == "pix" { 1.0 } else { 0.0 }
                + if age.is_none() { 1.0 } else { 0.0 };
            let fraud = uniform(&mut rng) < sigmoid(log_odds);
            let class = if fraud { LabelClass::StolenInstrument } else { LabelClass::Legitimate };
            let event_time = Timestamp::from_millis(i64::from(i) * 100 * DAY_MS / i64::from(n));
            LabelledRecord { record, event_time, labels: vec![Label { class, known_at: None }] }
        })
        .collect()
}

fn dataset(rows: &[LabelledRecord]) -> Dataset {
    let mut data = Dataset::default();
    data.extend(rows);
    data
}

pub(in crate::train) fn world(n: u32, seed: u64) -> Dataset {
    dataset(&rows(n, seed))
}

/// Every row with its outcome.
pub(super) fn known(data: &Dataset) -> Vec<Known> {
    let fraud = |row| data.labels(row).iter().any(|label| label.class.is_fraud());
    (0..data.len()).map(|row| Known { row, fraud: fraud(row) }).collect()
}

fn config(kind: ModelKind) -> TrainConfig {
    TrainConfig { kind, ..TrainConfig::default() }
}

#[test]
fn trees_find_what_no_line_can_say_and_serve_what_the_report_judged() {
    let rows = rows(4_000, 5);
    let trained = train(&dataset(&rows), &config(ModelKind::Boosted)).unwrap();
    let report = &trained.report;
    let [boosted, _, baseline] = report.rivals.as_slice() else { panic!("{report}") };
    assert_eq!((boosted.kind, baseline.kind), (ModelKind::Boosted, ModelKind::Logistic));
    let (better, worse) = (boosted.test.pr_auc.unwrap(), baseline.test.pr_auc.unwrap());
    assert!(better > worse + 0.1, "{report}");
    assert!(report.test.ece.unwrap() < 0.05, "{report}");
    assert_eq!(boosted.test, report.test);
    let named: Vec<&str> = report.importances.iter().map(|i| i.name.as_str()).collect();
    assert!(named[..2].contains(&"amount_eur"), "{named:?}");
    let windows = report.windows;
    let test = rows.iter().filter(|r| (windows.test_from..windows.test_to).contains(&r.event_time));
    let served: Vec<_> = test
        .map(|row| crate::train::Scored {
            probability: trained.model.score(&row.record).fraud_probability,
            fraud: row.labels[0].class.is_fraud(),
        })
        .collect();
    let served = crate::train::metrics(&served);
    assert!((served.log_loss.unwrap() - report.test.log_loss.unwrap()).abs() < 1e-12);
    assert_eq!(served.pr_auc, report.test.pr_auc);
}

#[test]
fn an_artefact_of_trees_explains_itself_and_loads_again() {
    let rows = rows(2_000, 6);
    let trained = train(&dataset(&rows), &config(ModelKind::Boosted)).unwrap();
    let again = Model::from_bytes(trained.model.bytes()).unwrap();
    let growth = again.artefact().training.growth.unwrap();
    assert!(growth.trees > 1 && growth.depth == 3, "{growth:?}");
    let mut shares = vec![];
    for row in &rows[..200] {
        let score = again.score(&row.record);
        assert_eq!(score, trained.model.score(&row.record));
        again.contributions(&row.record, &mut shares);
        let sum: f64 = shares.iter().map(|share| share.log_odds).sum();
        assert!((again.base() + sum - score.log_odds).abs() < 1e-9);
    }
    let codes: Vec<&str> = shares.iter().map(|share| share.group.code).collect();
    assert!(codes.contains(&"AMOUNT"), "{codes:?}");
}

#[test]
fn equal_seeds_give_equal_bytes() {
    let data = world(900, 7);
    for kind in [ModelKind::Boosted, ModelKind::Forest] {
        let config = TrainConfig { seed: 3, ..config(kind) };
        let first = train(&data, &config).unwrap();
        let again = train(&data, &config).unwrap();
        assert_eq!(first.model.bytes(), again.model.bytes(), "{kind:?}");
        assert_eq!(first.report, again.report, "{kind:?}");
    }
}

/// What happens between the end of training and the test, and after, may not reach the model.
#[test]
fn the_delay_and_the_test_teach_nothing() {
    let mut rows = rows(1_200, 8);
    let before = train(&dataset(&rows), &config(ModelKind::Boosted)).unwrap();
    for row in &mut rows {
        if row.event_time >= before.report.windows.train_to {
            for label in &mut row.labels {
                label.class = match label.class {
                    LabelClass::Legitimate => LabelClass::StolenInstrument,
                    _ => LabelClass::Legitimate,
                };
            }
        }
    }
    let after = train(&dataset(&rows), &config(ModelKind::Boosted)).unwrap();
    assert_eq!(before.model.artefact().scorer, after.model.artefact().scorer);
    assert_eq!(before.model.artefact().calibrator, after.model.artefact().calibrator);
    assert_ne!(before.report.test.roc_auc, after.report.test.roc_auc);
}

#[test]
fn a_monotone_feature_moves_the_risk_one_way() {
    let rows = rows(2_000, 9);
    let mut config = config(ModelKind::Boosted);
    config.boosting.monotone = vec![("amount_eur".into(), Direction::Falling)];
    let trained = train(&dataset(&rows), &config).unwrap();
    let mut record = rows[0].record.clone();
    let mut last = f64::INFINITY;
    for euros in 1..500 {
        record.set(fields::AMOUNT_EUR, Decimal::from(euros));
        let found = trained.model.score(&record).log_odds;
        assert!(found <= last + 1e-9, "{euros}: {found} after {last}");
        last = found;
    }
    config.boosting.monotone = vec![("amount_euro".into(), Direction::Rising)];
    let error = train(&dataset(&rows), &config).unwrap_err().to_string();
    assert_eq!(error, "no feature is called `amount_euro`; `vouch features` lists them");
}

#[test]
fn words_stand_in_the_order_of_their_risk() {
    let data = world(3_000, 10);
    let columns = Columns::learn(&data, &known(&data));
    let features = columns.features();
    let method = features.iter().find(|f| f.name == "payment.method").unwrap();
    assert_eq!(method.words.len(), 3);
    assert_eq!(method.words[2], "pix");
    assert!(columns.dropped.iter().any(|d| d.name == "ip.tor" && d.why == "never known"));
    assert!(columns.place_of("amount_eur").is_some() && columns.place_of("ip.tor").is_none());
}
