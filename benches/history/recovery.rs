//! What a start costs: from a checkpoint and the entries behind it, and from the whole ledger.

use std::path::Path;
use vouch::clock::Stopwatch;
use vouch::decision::Policy;
use vouch::domain::TenantId;
use vouch::engine::{CHECKPOINT_FILE, Engine, ScoreRequest, Settling, Snapshot};
use vouch::ledger::{AckPolicy, LedgerConfig};
use vouch::reference::Reference;
use vouch::rules::RuleSet;
use vouch::simulate::{Campaigns, Config, Line, Simulation};
use vouch::velocity::Limits;

/// Entries whose writing is waited for together.
const TOGETHER: usize = 1_000;

/// Writes `tail` entries, a checkpoint, and `tail` entries more; then starts with it and without.
pub(crate) fn run(tail: usize) {
    let dir = tempfile::tempdir().expect("a directory");
    let accounts = u32::try_from(tail / 20).expect("a number of accounts").max(20);
    let world = Config {
        seed: 1,
        start: "2026-01-01T00:00:00Z".parse().expect("a time"),
        days: 300,
        accounts,
        attacks: Campaigns::ALL,
        attack_percent: 10,
    };
    let mut lines = Simulation::new(world);
    let engine = open(dir.path());
    let before = feed(&engine, lines.by_ref().take(tail));
    let clock = Stopwatch::start();
    let saved = engine.save_checkpoint().expect("a checkpoint").expect("entries");
    let written = clock.elapsed();
    let behind = feed(&engine, lines.by_ref().take(tail));
    println!("{before} entries, a checkpoint of {} MB in {written:.1?}", saved.bytes / 1_000_000);
    drop(engine);
    let timed = |what: &str| {
        let clock = Stopwatch::start();
        let engine = open(dir.path());
        println!("{what}: {:.1?}, {:?}", clock.elapsed(), engine.windows().stats());
        engine.start().and_then(|start| start.after)
    };
    assert_eq!(timed(&format!("checkpoint and {behind} entries")), Some(saved.after));
    std::fs::remove_file(dir.path().join(CHECKPOINT_FILE)).expect("a checkpoint");
    assert_eq!(timed(&format!("all {} entries", before + behind)), None);
}

fn open(dir: &Path) -> Engine {
    let tables = std::sync::Arc::new(Reference::bundled().expect("the bundled tables"));
    let rules = RuleSet::builtin().expect("the bundled rules");
    let snapshot = Snapshot::new(tables, rules, None, Policy::default());
    let config =
        LedgerConfig { durability: AckPolicy::Os, index_every: None, ..LedgerConfig::new(dir) };
    let limits = Limits { max_keys: 10_000_000, seed: 7 };
    Engine::open(snapshot, config, limits, &mut |_| ()).expect("a ledger")
}

fn feed(engine: &Engine, lines: impl Iterator<Item = Line>) -> usize {
    let tenant = TenantId::default_tenant();
    let mut waiting: Vec<Settling> = Vec::with_capacity(TOGETHER);
    let settle = |waiting: &mut Vec<Settling>| {
        for settling in waiting.drain(..) {
            engine.settle_blocking(settling).expect("a disk");
        }
    };
    let mut count = 0;
    for line in lines {
        let begun = match line {
            Line::Event(event) => engine.record_event(&tenant, &event, None),
            Line::Transaction(transaction) => engine.begin(ScoreRequest {
                tenant: tenant.clone(),
                transaction: *transaction,
                warnings: Vec::new(),
                received_at: None,
            }),
        };
        waiting.extend(begun.expect("good input").settling);
        if waiting.len() == TOGETHER {
            settle(&mut waiting);
        }
        count += 1;
    }
    settle(&mut waiting);
    count
}
