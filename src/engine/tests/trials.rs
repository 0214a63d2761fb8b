//! Models on trial: a shadow moves nothing, a canary decides for its buyers alone, and both are made again
//! byte for byte; and what an explanation says holds when it is tried.

use super::*;
use crate::domain::{Calibration, Decision};
use crate::features::{Record, Value};
use crate::model::{Model, Scorer, sigmoid};
use crate::rules::{Canary, CanaryBy};

const BY_SCORE: &str = "[[rule]]\nid = \"high\"\naction = \"review\"\nreason = \"HIGH\"\n\
                        text = \"A high score.\"\nwhen = \"model.risk_score > 60\"\n";

/// The bundled model with this much more log-odds, as if trained on the merchant's labels.
fn model(more: f64) -> Arc<Model> {
    let mut artefact = Model::bundled().unwrap().artefact().clone();
    artefact.calibration = Calibration::Merchant;
    let Scorer::Logistic(logistic) = &mut artefact.scorer else { panic!("a regression") };
    logistic.intercept += more;
    Arc::new(Model::from_bytes(&artefact.seal().unwrap()).unwrap())
}

fn deciding(live: &Arc<Model>, policy: Policy) -> Snapshot {
    let rules = RuleSet::from_sources(&[Source::new("test.toml", BY_SCORE)]).unwrap();
    Snapshot::of(tables(), Arc::new(rules), Some(live.clone()), policy)
}

fn payments() -> impl Iterator<Item = Transaction> {
    (0..40).map(|n| {
        let mut json = serde_json::to_value(purchase(&format!("tx-{n}"), n)).unwrap();
        json["card"]["fingerprint"] = format!("fp_{n}").into();
        serde_json::from_value(json).unwrap()
    })
}

fn decided(snapshot: Snapshot) -> Vec<(Decision, Record)> {
    let engine = Engine::in_memory(snapshot, limits());
    let begin = |transaction| {
        let begun = engine.begin(request(transaction)).unwrap();
        (begun.answer.unwrap().0.clone(), *begun.record.unwrap())
    };
    payments().map(begin).collect()
}

#[test]
fn a_shadow_moves_nothing_and_says_what_it_would_have_done() {
    let (live, other) = (model(-2.0), model(6.0));
    let policy = Policy::default;
    let alone = decided(deciding(&live, policy()));
    let instead = decided(deciding(&other, policy()));
    let both = decided(deciding(&live, policy()).trying(Some(other.clone()), None));
    let mut moved = 0;
    for (((own, record), (would, _)), (found, kept)) in alone.iter().zip(&instead).zip(&both) {
        let shadow = found.shadow.as_ref().unwrap();
        assert_eq!(shadow.fraud_probability.to_bits(), would.fraud_probability.unwrap().to_bits());
        assert_eq!(Some(shadow.risk_score), would.risk_score);
        assert_eq!(found.versions.shadow, other.digest());
        assert_eq!(kept, record, "the record keeps the score that decided");
        let mut without = found.clone();
        (without.shadow, without.versions.shadow) = (None, String::new());
        assert_eq!(&without, own);
        moved += usize::from(shadow.action != found.action);
    }
    // What is counted of a decline may differ, so the actions are compared where nothing came before.
    assert_eq!(both[0].0.shadow.as_ref().unwrap().action, instead[0].0.action);
    assert!(moved > 0);
}

#[test]
fn a_canary_decides_for_its_share_and_for_no_one_else() {
    let (live, other) = (model(-2.0), model(1.0));
    let share = Canary { share_bp: 4_000, by: CanaryBy::Card };
    let canary = ModelCanary { model: other.clone(), share };
    let dir = tempfile::tempdir().unwrap();
    let snapshot =
        deciding(&live, Policy::default()).trying(Some(other.clone()), Some(canary.clone()));
    let engine =
        Engine::open(snapshot, LedgerConfig::new(dir.path()), limits(), &mut |_| ()).unwrap();
    let mut by_canary = 0;
    for transaction in payments() {
        let begun = engine.begin(request(transaction)).unwrap();
        let (decision, mut record) = (begun.answer.unwrap().0.clone(), *begun.record.unwrap());
        let takes = canary.takes(&record);
        by_canary += usize::from(takes);
        let model = if takes { &other } else { &live };
        assert_eq!(decision.versions.model, model.digest());
        assert_eq!(decision.versions.canary, other.digest());
        record.set(f::MODEL_FRAUD_PROBABILITY, Value::Missing);
        record.set(f::MODEL_RISK_SCORE, Value::Missing);
        assert_eq!(decision.fraud_probability, Some(model.score(&record).fraud_probability));
    }
    assert!((6..=26).contains(&by_canary), "{by_canary} of 40 at 40 %");
    drop(engine);
    let artefacts = Artefacts::new(dir.path());
    let reader = Reader::open(dir.path(), None).unwrap();
    for entry in reader.scan(None).unwrap() {
        let stored = read_decision(&entry.unwrap()).unwrap();
        let snapshot = artefacts.snapshot(&stored.decision.versions, tables()).unwrap();
        assert!(matches!(replay(&stored, &snapshot), Replay::Same(_)));
    }
}

#[test]
fn a_buyer_without_a_card_is_left_to_the_live_model() {
    let (live, other) = (model(0.0), model(1.0));
    let share = Canary { share_bp: 10_000, by: CanaryBy::Card };
    let canary = ModelCanary { model: other.clone(), share };
    let snapshot = deciding(&live, Policy::default()).trying(None, Some(canary));
    let engine = Engine::in_memory(snapshot, limits());
    let mut nameless = purchase("nameless", 0);
    nameless.card = None;
    assert_eq!(score(&engine, nameless).versions.model, live.digest());
    assert_eq!(score(&engine, purchase("named", 1)).versions.model, other.digest());
}

#[test]
fn every_change_an_explanation_names_changes_the_action() {
    let live = model(3.0);
    let (mut found, mut changes) = (0, 0);
    for (n, (decision, record)) in
        decided(deciding(&live, Policy::default())).into_iter().enumerate()
    {
        if n % 8 > 0 {
            continue;
        }
        let snapshot = deciding(&live, Policy::default());
        let (action, p) = (decision.action, decision.fraud_probability.unwrap());
        let stored = StoredDecision {
            sequence: 0,
            tenant: tenant(),
            decision,
            arrival: vec![],
            record: record.clone(),
            transaction: None,
            erased: false,
        };
        let told = explain(&stored, &snapshot).unwrap();
        assert_eq!((told.action, told.fraud_probability), (action, p));
        for group in &told.groups {
            let log_odds = (p / (1.0 - p)).ln();
            assert!((group.without - sigmoid(log_odds - group.contribution)).abs() < 1e-9);
            assert!((group.multiplier - p / group.without).abs() < 1e-9);
            assert_eq!(group.multiplier > 1.0, group.contribution > 0.0, "{group:?}");
        }
        for change in &told.counterfactuals {
            let edge = live.edges().into_iter().find(|edge| edge.name == change.feature).unwrap();
            assert_eq!(*edge.get(&record), change.was);
            let mut changed = record.clone();
            changed.set(f::MODEL_FRAUD_PROBABILITY, Value::Missing);
            changed.set(f::MODEL_RISK_SCORE, Value::Missing);
            edge.set(&mut changed, change.would_be.clone());
            let score = live.score(&changed).fraud_probability;
            assert_eq!(score.to_bits(), change.fraud_probability.to_bits(), "{change:?}");
            assert_ne!(change.action, action);
            changes += 1;
        }
        found += 1;
    }
    assert!(found > 3 && changes > 0, "{changes} changes in {found} explanations");
}
