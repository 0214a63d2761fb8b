//! Score and explain one record with a model of every number and word of the catalogue but our own
//! actions, the widest model the trainer can make.

use criterion::Criterion;
use std::hint::black_box;
use vouch::domain::{Calibration, Timestamp};
use vouch::features::{FIELDS, Field, Kind, Origin, Record, Value};
use vouch::model::{
    Artefact, Calibrator, FORMAT, Level, Logistic, Model, Number, Platt, Scorer, Training,
    Transform, Word,
};

pub(crate) fn bench(c: &mut Criterion) {
    let bytes = artefact().seal().expect("finite numbers");
    let model = Model::from_bytes(&bytes).expect("a sound model");
    let record = record();
    let mut group = c.benchmark_group("model");
    group.bench_function("score", |b| b.iter(|| model.score(black_box(&record))));
    let mut parts = vec![];
    group.bench_function("contributions", |b| {
        b.iter(|| model.contributions(black_box(&record), &mut parts));
    });
    group.bench_function("load", |b| b.iter(|| Model::from_bytes(black_box(&bytes))));
    group.finish();
}

/// Every second field known, as in a request with half its members.
fn record() -> Record {
    let mut record = Record::default();
    for field in FIELDS.iter().step_by(2) {
        let value = match field.kind {
            Kind::Bool => Value::Bool(true),
            Kind::Int => Value::Int(17),
            Kind::Decimal => Value::Decimal(4900.into()),
            Kind::Float => Value::Float(123.25),
            Kind::Word(words) => words.last().map_or(Value::Missing, |word| Value::text(word)),
            _ => Value::Missing,
        };
        record.set(field.id, value);
    }
    record
}

fn artefact() -> Artefact {
    let fields = || FIELDS.iter().filter(|field| field.origin != Origin::Own);
    let numbers = fields().filter(|field| field.kind.is_numeric()).map(number).collect();
    let words = fields().filter_map(word).collect();
    let at = Timestamp::from_millis;
    Artefact {
        format: FORMAT,
        sha256: String::new(),
        name: "bench".to_owned(),
        label: "nothing".to_owned(),
        calibration: Calibration::Synthetic,
        calibrator: Calibrator::Platt(Platt { slope: 1.1, intercept: -0.2 }),
        scorer: Scorer::Logistic(Logistic { intercept: -4.0, numbers, words }),
        training: Training {
            rows: 0,
            positives: 0,
            from: at(0),
            to: at(0),
            labels_known_at: at(0),
            calibration_rows: 0,
            calibration_positives: 0,
            l2: 1.0,
            seed: 0,
            growth: None,
            data_sha256: String::new(),
            trained_with: String::new(),
        },
    }
}

fn number(field: &Field) -> Number {
    let plain = field.kind == Kind::Bool;
    Number {
        name: field.name.to_owned(),
        transform: if plain { Transform::Identity } else { Transform::SignedLog },
        clip: [0.0, 9.0],
        imputed: 1.5,
        mean: 1.5,
        scale: 0.75,
        coefficient: 0.125,
        missing_coefficient: 0.0625,
        background: 0.01,
    }
}

fn word(field: &Field) -> Option<Word> {
    let Kind::Word(words) = field.kind else { return None };
    let level = |word: &&str| Level { word: (*word).to_owned(), coefficient: 0.25 };
    Some(Word {
        name: field.name.to_owned(),
        levels: words.iter().map(level).collect(),
        other_coefficient: 0.0,
        missing_coefficient: -0.125,
        background: 0.02,
    })
}
