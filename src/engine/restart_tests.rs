//! A month of commerce reads the same from a file, over a ledger, and across a restart.

use super::{Engine, ScoreRequest, Snapshot};
use crate::decision::Policy;
use crate::domain::TenantId;
use crate::features::Record;
use crate::ledger::{AckPolicy, LedgerConfig};
use crate::reference::Reference;
use crate::rules::RuleSet;
use crate::simulate::{Campaigns, Config, Line, Simulation};
use crate::velocity::Limits;
use std::path::Path;
use std::sync::{Arc, LazyLock};

static TABLES: LazyLock<Arc<Reference>> = LazyLock::new(|| Arc::new(Reference::bundled().unwrap()));

fn snapshot() -> Snapshot {
    Snapshot::new(TABLES.clone(), RuleSet::builtin().unwrap(), None, Policy::default())
}

fn limits() -> Limits {
    Limits { max_keys: 100_000, seed: 7 }
}

fn on_disk(dir: &Path) -> Engine {
    let config = LedgerConfig { durability: AckPolicy::Async, ..LedgerConfig::new(dir) };
    Engine::open(snapshot(), config, limits(), &mut |_| ()).unwrap()
}

/// The lines through an engine; the answer is the record of each transaction.
fn records(engine: &Engine, lines: &[Line]) -> Vec<Record> {
    let tenant = TenantId::default_tenant();
    let mut records = Vec::new();
    let mut settling = Vec::new();
    for line in lines {
        let mut begun = match line {
            Line::Event(event) => engine.record_event(&tenant, event, None).unwrap(),
            Line::Transaction(transaction) => engine
                .begin(ScoreRequest {
                    tenant: tenant.clone(),
                    transaction: (**transaction).clone(),
                    warnings: Vec::new(),
                    received_at: None,
                })
                .unwrap(),
        };
        records.extend(begun.record.take().map(|record| *record));
        settling.extend(begun.settling);
    }
    for settling in settling {
        engine.settle_blocking(settling).unwrap();
    }
    records
}

fn previews(engine: &Engine, lines: &[Line]) -> Vec<Record> {
    let preview = |line: &Line| match line {
        Line::Event(_) => None,
        Line::Transaction(tx) => Some(engine.preview(&TenantId::default_tenant(), tx)),
    };
    lines.iter().filter_map(preview).collect()
}

/// All that is kept of sales and ties, without the keys and the tenant's, which are keyed otherwise in
/// a ledger.
fn outcomes(engine: &Engine) -> Vec<String> {
    let keyless = |text: String| {
        let (before, rest) = text.split_once("Tenant(").unwrap();
        format!("{before}{}", rest.split_once(')').unwrap().1)
    };
    let mut entries = Vec::new();
    engine.sales().for_each_sale(&mut |_, fate| entries.push(keyless(format!("{fate:?}"))));
    engine.sales().for_each_party(&mut |party, _, hours| {
        entries.push(keyless(format!("{party:?} {hours:?}")));
    });
    engine.links().for_each_node(&mut |party, _, ties| {
        let mut ties: Vec<_> = ties.as_slice().iter().map(|tie| (tie.to, tie.second)).collect();
        ties.sort_unstable();
        entries.push(format!("{party:?} {ties:?}"));
    });
    entries.sort_unstable();
    entries
}

#[test]
fn a_restart_in_the_middle_of_commerce_leaves_no_trace() {
    let start = "2026-01-01T00:00:00Z".parse().unwrap();
    let world = Config {
        seed: 3,
        start,
        days: 300,
        accounts: 12,
        attacks: Campaigns::ALL,
        attack_percent: 100,
    };
    let lines: Vec<Line> = Simulation::new(world).take(1_500).collect();
    let in_memory = Engine::in_memory(snapshot(), limits());
    let expected = records(&in_memory, &lines);
    assert!(expected.len() > 200, "{} transactions", expected.len());

    let dir = tempfile::tempdir().unwrap();
    let (before, after) = lines.split_at(900);
    let mut found = records(&on_disk(dir.path()), before);
    found.extend(records(&on_disk(dir.path()), after));
    for (number, (found, expected)) in found.iter().zip(&expected).enumerate() {
        assert_eq!(found, expected, "transaction {number}");
    }
    let engine = on_disk(dir.path());
    assert_eq!(previews(&engine, after), previews(&in_memory, after));
    let (restored, kept) = (engine.windows().stats(), in_memory.windows().stats());
    assert_eq!((restored.keys, restored.busy), (kept.keys, kept.busy));
    let (restored, kept) = (outcomes(&engine), outcomes(&in_memory));
    assert!(restored.len() > 500 && restored == kept, "{} and {}", restored.len(), kept.len());
}
