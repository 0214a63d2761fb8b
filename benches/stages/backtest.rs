//! A hundred rules over a million past decisions: from the file of records, on one core.
//!
//! What is timed is all that `vouch rules backtest x.records --threads 1` does between the rules and the
//! report: reading the blocks, decoding the fields the rules read, evaluating and counting. Making the
//! records, an engine's pass over the simulated world, is not: it is done once and kept.

use criterion::{Criterion, Throughput};
use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs::File;
use std::hint::black_box;
use std::io::{BufReader, BufWriter};
use std::path::Path;
use std::sync::Arc;
use vouch::archive::records::{
    RecordsHeader, RecordsOf, RecordsReader, RecordsWriter, over_records,
};
use vouch::decision::Policy;
use vouch::domain::{TenantId, Timestamp};
use vouch::engine::past::{Aftermath, Hindsight, Maturity, PastSale, Run};
use vouch::engine::{Engine, ScoreRequest, Snapshot};
use vouch::model::Model;
use vouch::reference::Reference;
use vouch::rules::{FieldRef, RuleSet, Source};
use vouch::simulate::{Campaigns, Config, Line, Simulation};
use vouch::velocity::Limits;

const RULES: usize = 100;
const FILE: &str = "world.records";

/// The bundled rules, and the same with other limits until there are a hundred.
fn rules() -> RuleSet {
    let bundled = RuleSet::builtin().expect("a good fixture");
    let mut text = String::new();
    let mut count = 0;
    for step in 0_u64.. {
        for rule in bundled.rules() {
            let one = format!(
                "[[rule]]\nid = \"{}-{step}\"\naction = \"review\"\nreason = \"R\"\ntext = \"R.\"\n\
                 when = '''{}'''\n",
                rule.id,
                moved(&rule.when.to_string(), step)
            );
            if RuleSet::from_sources(&[Source::new("one", one.clone())]).is_ok() && count < RULES {
                let _ = writeln!(text, "{one}");
                count += 1;
            }
        }
        if count == RULES {
            break;
        }
    }
    RuleSet::from_sources(&[Source::new("hundred.toml", text)]).expect("a good fixture")
}

/// A condition with its whole limits moved by `step`.
fn moved(when: &str, step: u64) -> String {
    let words = when.split(' ').map(|word| {
        let digits = word.trim_end_matches(')');
        match digits.parse::<u64>() {
            Ok(limit) => format!("{}{}", limit + step, word.get(digits.len()..).unwrap_or("")),
            Err(_) => word.to_owned(),
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

fn world(rows: usize) -> impl Iterator<Item = Line> {
    let start = "2025-01-01T00:00:00Z".parse().expect("a good fixture");
    let accounts = u32::try_from(rows / 25).expect("a good fixture").max(50);
    let attacks = Campaigns::ALL;
    Simulation::new(Config { seed: 1, start, days: 1_000, accounts, attacks, attack_percent: 100 })
}

/// Writes the first rows of a simulated world as records; up to when it tells.
fn write(path: &Path, rows: usize) -> Timestamp {
    let mut aftermath = Aftermath::default();
    let (mut sales, mut last) = (0, Timestamp::default());
    // Labels of a few months after the last row, so that it has them.
    for line in world(rows) {
        last = line.time();
        sales += usize::from(matches!(line, Line::Transaction(_)));
        match &line {
            Line::Event(event) => aftermath.event(event),
            Line::Transaction(transaction) => aftermath.passes(transaction.event_time),
        }
        if sales > rows + rows / 5 {
            break;
        }
    }
    let snapshot = Snapshot::new(
        Arc::new(Reference::bundled().expect("a good fixture")),
        RuleSet::builtin().expect("a good fixture"),
        Some(Model::bundled().expect("a good fixture")),
        Policy::default(),
    );
    let engine = Engine::in_memory(snapshot, Limits { max_keys: 1_000_000, seed: 1 });
    let tenant = TenantId::default_tenant();
    let file = BufWriter::new(File::create(path).expect("room for a file"));
    let mut writer =
        RecordsWriter::new(file, &RecordsHeader::new(last, true)).expect("room for a file");
    let mut number = 0;
    for line in world(rows) {
        match line {
            Line::Event(event) => {
                let _ = engine.record_event(&tenant, &event, None);
            }
            Line::Transaction(transaction) => {
                let request = ScoreRequest {
                    tenant: tenant.clone(),
                    transaction: *transaction,
                    warnings: Vec::new(),
                    received_at: None,
                };
                let begun = engine.begin(request).expect("a good fixture");
                let (Some(record), Some(answer)) = (begun.record, begun.answer) else { continue };
                number += 1;
                let sale = PastSale::of(number, &answer.0, &record, &aftermath);
                writer.add(&sale, &record).expect("room for a file");
            }
        }
        if number == rows as u64 {
            break;
        }
    }
    writer.finish().expect("room for a file");
    last
}

pub(crate) fn bench(c: &mut Criterion) {
    let mut group = c.benchmark_group("backtest");
    group.sample_size(10);
    // A few rows where benches are only run as tests.
    let rows = if std::env::args().any(|word| word == "--bench") { 1_000_000 } else { 1_000 };
    group.throughput(Throughput::Elements(rows as u64));
    let rules = rules();
    let fields: BTreeSet<_> = Hindsight::FIELDS
        .iter()
        .copied()
        .chain(rules.fields().into_iter().filter_map(|field| match field {
            FieldRef::Catalogue(id) => Some(id),
            FieldRef::Custom(_) => None,
        }))
        .collect();
    let of = RecordsOf { fields, threads: 1, ..RecordsOf::default() };
    // Made when it is first asked for: other benches do not wait for it.
    let made = OnceCell::new();
    group.bench_function("100_rules", |b| {
        let (dir, until) = made.get_or_init(|| {
            let dir = tempfile::tempdir().expect("room for a file");
            let until = write(&dir.path().join(FILE), rows);
            (dir, until)
        });
        let maturity = Maturity { days: 90, until: *until, silence_is_good: true };
        let hindsight = Hindsight { policy: Policy::default(), maturity };
        b.iter(|| {
            let file = File::open(dir.path().join(FILE)).expect("the file just written");
            let reader = RecordsReader::open(BufReader::new(file)).expect("the file just written");
            let run = over_records(reader, &of, || Run::new(&rules, &hindsight, 10), &mut |_| ())
                .expect("the file just written");
            let report = run.backtest.report();
            assert_eq!(report.rows.all, rows as u64);
            black_box(report)
        });
    });
    group.finish();
}
