//! All rules on one record at a time, by each engine, on the same records. Every engine's matches
//! are compared with the expected ones before anything is timed.

use criterion::{BenchmarkId, Criterion, Throughput};
use datalogic_rs::{Engine, ParsedData, bumpalo::Bump};
use std::hint::black_box;
use vouch::rules::Scratch;
use vouch_peers::{Row, Rules, Slots, cel_context, cel_matches, our_hits, ours, rows, rules};
use zen_expression::{compile_expression, variable::Variable};

fn bench(c: &mut Criterion, given: &Rules, rows: &[Row]) {
    let count = given.cel.len();
    let mut group = c.benchmark_group(format!("rules/{count}"));
    group.throughput(Throughput::Elements(rows.len() as u64));
    let slots = Slots::of(&rows[0]);
    let set = ours(&given.cel, &slots);
    let records: Vec<_> = rows.iter().map(|row| slots.record(row)).collect();
    let mut scratch = Scratch::default();
    for (record, expected) in records.iter().zip(&given.hits) {
        assert_eq!(&our_hits(&set, record, &mut scratch), expected);
    }
    group.bench_function(BenchmarkId::from_parameter("vouch"), |b| {
        b.iter(|| {
            records.iter().map(|r| set.matching(black_box(r), &mut scratch).count()).sum::<usize>()
        });
    });
    group.bench_function(BenchmarkId::from_parameter("vouch-tree"), |b| {
        let count = |r| {
            set.rules().iter().filter(|rule| rule.when.eval(r) == vouch::rules::Truth::True).count()
        };
        b.iter(|| records.iter().map(|r| count(black_box(r))).sum::<usize>());
    });

    let engine = Engine::new();
    let logic: Vec<_> =
        given.jsonlogic.iter().map(|rule| engine.compile(rule.as_str()).expect("a rule")).collect();
    let data: Vec<_> = rows
        .iter()
        .map(|row| {
            ParsedData::from_json(&serde_json::to_string(row).expect("a row")).expect("a row")
        })
        .collect();
    let mut arena = Bump::new();
    let mut datalogic = |row: &ParsedData| {
        arena.reset();
        let holds =
            |rule| engine.evaluate(rule, row, &arena).ok().and_then(|x| x.as_bool()) == Some(true);
        logic.iter().map(holds).collect::<Vec<bool>>()
    };
    check("datalogic-rs", data.iter().map(&mut datalogic), given);
    group.bench_function(BenchmarkId::from_parameter("datalogic-rs"), |b| {
        b.iter(|| data.iter().map(|row| datalogic(black_box(row)).len()).sum::<usize>());
    });

    let compiled: Vec<_> =
        given.zen.iter().map(|rule| compile_expression(rule).expect("a rule")).collect();
    let contexts: Vec<Variable> =
        rows.iter().map(|row| serde_json::Value::Object(row.clone()).into()).collect();
    let mut vm = zen_expression::vm::VM::new();
    let mut zen = |row: &Variable| {
        let mut holds = |rule: &zen_expression::Expression<
            zen_expression::expression::Standard,
        >| {
            rule.evaluate_with(row.clone(), &mut vm).ok().and_then(|x| x.as_bool()) == Some(true)
        };
        compiled.iter().map(&mut holds).collect::<Vec<bool>>()
    };
    check("zen-expression", contexts.iter().map(&mut zen), given);
    group.bench_function(BenchmarkId::from_parameter("zen-expression"), |b| {
        b.iter(|| contexts.iter().map(|row| zen(black_box(row)).len()).sum::<usize>());
    });

    let programs: Vec<_> =
        given.cel.iter().map(|rule| cel::Program::compile(rule).expect("a rule")).collect();
    let contexts: Vec<_> = rows.iter().map(cel_context).collect();
    let cel = |context: &cel::Context<'_, '_>| {
        programs.iter().map(|p| cel_matches(p, context)).collect::<Vec<bool>>()
    };
    check("cel", contexts.iter().map(cel), given);
    group.bench_function(BenchmarkId::from_parameter("cel"), |b| {
        b.iter(|| contexts.iter().map(|context| cel(black_box(context)).len()).sum::<usize>());
    });
    group.finish();
}

fn check(engine: &str, verdicts: impl Iterator<Item = Vec<bool>>, given: &Rules) {
    for (verdict, expected) in verdicts.zip(&given.hits) {
        let hits: Vec<_> = (0..verdict.len()).filter(|n| verdict[*n]).collect();
        assert_eq!(&hits, expected, "{engine}");
    }
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let rows = rows();
    for count in [100, 1_000] {
        bench(&mut criterion, &rules(count), &rows);
    }
    criterion.final_summary();
}
