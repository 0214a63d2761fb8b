//! What checkout saw is what training sees, and the future leaves no trace in either.
//!
//! A record is compared as the JSON it is stored as: floats are written so that they read back to the
//! same bits, so equal text is equal bits.

use crate::serve::Server;
use proptest::prelude::*;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use vouch::decision::Policy;
use vouch::domain::{EventKind, TenantId};
use vouch::engine::{Engine, ScoreRequest, Snapshot, read_decision};
use vouch::ledger::{AckPolicy, EntryKind, LedgerConfig, Reader};
use vouch::model::Model;
use vouch::reference::Reference;
use vouch::rules::RuleSet;
use vouch::simulate::{Campaigns, Config, Line, Simulation};
use vouch::train::Rows;
use vouch::velocity::Limits;

/// Lines of the streams that are cut and shuffled.
const LINES: usize = 400;
/// Of those, how many go through a ledger.
const SEALED: usize = 150;

/// A record as it is stored, and the bits of its score.
pub(crate) type Seen = BTreeMap<String, (String, Option<u64>)>;

pub(crate) fn snapshot() -> Snapshot {
    static TABLES: OnceLock<Arc<Reference>> = OnceLock::new();
    let tables = TABLES.get_or_init(|| Arc::new(Reference::bundled().unwrap())).clone();
    let model = Some(Model::bundled().unwrap());
    Snapshot::new(tables, RuleSet::builtin().unwrap(), model, Policy::default())
}

fn in_memory() -> Engine {
    Engine::in_memory(snapshot(), Limits { max_keys: 100_000, seed: 1 })
}

/// An engine on a ledger; its windows place their keys otherwise than those of [`in_memory`].
pub(crate) fn on_disk(dir: &Path) -> Engine {
    let small = LedgerConfig { segment_bytes: 4 << 20, ..LedgerConfig::new(dir) };
    let config = LedgerConfig { durability: AckPolicy::Os, ..small };
    Engine::open(snapshot(), config, Limits { max_keys: 100_000, seed: 2 }, &mut |_| ()).unwrap()
}

pub(crate) fn world(seed: u64, days: u32, accounts: u32) -> Vec<Line> {
    let start = "2026-03-01T00:00:00Z".parse().unwrap();
    let attacks = Campaigns::ALL;
    let config = Config { seed, start, days, accounts, attacks, attack_percent: 100 };
    Simulation::new(config).collect()
}

/// A month in which some labels have come already; in most they come later.
fn labelled_month() -> Vec<Line> {
    let label = |line: &Line| matches!(line, Line::Event(event) if event.kind == EventKind::Label);
    let labels = |lines: &Vec<Line>| lines.iter().filter(|line| label(line)).count();
    (1..100).map(|seed| world(seed, 30, 30)).find(|lines| labels(lines) > 2).unwrap()
}

/// Feeds lines as a server would take them and returns the records as they were scored.
pub(crate) fn feed(engine: &Engine, lines: &[Line]) -> Seen {
    let tenant = TenantId::default_tenant();
    let (mut seen, mut writing) = (Seen::new(), vec![]);
    for line in lines {
        let begun = match line {
            Line::Transaction(transaction) => {
                let transaction = (**transaction).clone();
                let request = ScoreRequest {
                    tenant: tenant.clone(),
                    transaction,
                    warnings: vec![],
                    received_at: None,
                };
                engine.begin(request).unwrap()
            }
            Line::Event(event) => engine.record_event(&tenant, event, None).unwrap(),
        };
        if let (Some(record), Some(answer)) = (&begun.record, &begun.answer) {
            let probability = answer.0.fraud_probability.map(f64::to_bits);
            let id = answer.0.transaction_id.to_string();
            seen.insert(id, (serde_json::to_string(record).unwrap(), probability));
        }
        writing.extend(begun.settling);
    }
    for settling in writing {
        engine.settle_blocking(settling).unwrap();
    }
    seen
}

/// The records of a ledger, made whole from their open and sealed parts.
pub(crate) fn kept(dir: &Path) -> Seen {
    let reader = Reader::open(dir, None).unwrap();
    let entries = reader.scan(None).unwrap().map(Result::unwrap);
    entries
        .filter(|entry| entry.kind == EntryKind::Decision)
        .map(|entry| {
            let stored = read_decision(&entry).unwrap();
            let record = serde_json::to_string(&stored.record).unwrap();
            (entry.id, (record, stored.decision.fraud_probability.map(f64::to_bits)))
        })
        .collect()
}

/// The stream whose future is deleted, with the records of the whole of it.
fn whole() -> &'static (Vec<Line>, Seen) {
    static WHOLE: OnceLock<(Vec<Line>, Seen)> = OnceLock::new();
    WHOLE.get_or_init(|| {
        let lines: Vec<Line> = world(5, 30, 60).into_iter().take(LINES).collect();
        let seen = feed(&in_memory(), &lines);
        assert!(seen.len() > 60, "{} transactions", seen.len());
        (lines, seen)
    })
}

/// Holds every record of `found` against the one of the whole stream.
fn assert_as_in_the_whole(found: &Seen) -> Result<(), TestCaseError> {
    for (id, record) in found {
        prop_assert_eq!(Some(record), whole().1.get(id), "{}", id);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10, ..ProptestConfig::default() })]

    #[test]
    fn nothing_changes_when_the_future_is_deleted(cut in 1..LINES) {
        let found = feed(&in_memory(), &whole().0[..cut]);
        let sales = |line: &&Line| matches!(line, Line::Transaction(_));
        prop_assert_eq!(found.len(), whole().0[..cut].iter().filter(sales).count());
        assert_as_in_the_whole(&found)?;
    }

}

proptest! {
    // Each case seals and unseals its lines, which is slow without optimisation.
    #![proptest_config(ProptestConfig { cases: 3, ..ProptestConfig::default() })]

    #[test]
    fn another_future_changes_nothing_before_it(cut in 1..SEALED, order in any::<u64>()) {
        let (before, after) = whole().0[..SEALED].split_at(cut);
        let mut later = after.to_vec();
        // A permutation drawn from `order`: each line is put somewhere else.
        for place in (1..later.len()).rev() {
            let other = order.wrapping_mul(place as u64 | 1).rotate_left(17) % (place as u64 + 1);
            later.swap(place, usize::try_from(other).unwrap());
        }
        let dir = tempfile::tempdir().unwrap();
        let engine = on_disk(dir.path());
        feed(&engine, before);
        let first = kept(dir.path());
        feed(&engine, &later);
        drop(engine);
        let all = kept(dir.path());
        for (id, record) in &first {
            prop_assert_eq!(all.get(id), Some(record), "{} was written again", id);
        }
        assert_as_in_the_whole(&first)?;
    }
}

#[test]
fn the_check_sees_a_record_that_knows_more() {
    let (lines, seen) = whole();
    let backwards: Vec<Line> = lines.iter().rev().cloned().collect();
    let found = feed(&in_memory(), &backwards);
    let others = found.iter().filter(|(id, record)| seen.get(*id) != Some(*record)).count();
    assert!(others > 20, "{others} records differ when the future comes first");
}

/// The file as training reads it, the ledger of the same month, and what training reads of that: equal
/// values, times and labels to the bit.
#[test]
fn training_from_the_file_and_from_the_ledger_see_the_same() {
    let lines = labelled_month();
    let dir = tempfile::tempdir().unwrap();
    let engine = on_disk(dir.path());
    let served = feed(&engine, &lines);
    drop(engine);
    assert_eq!(kept(dir.path()), served);

    let (engine, mut from_file) = (in_memory(), Rows::default());
    for line in &lines {
        match line {
            Line::Transaction(transaction) => {
                from_file.transaction(&engine, (**transaction).clone(), vec![], None).unwrap();
            }
            Line::Event(event) => from_file.event(&engine, event).unwrap(),
        }
    }
    let mut from_ledger = Rows::default();
    for entry in Reader::open(dir.path(), None).unwrap().scan(None).unwrap() {
        from_ledger.entry(&entry.unwrap()).unwrap();
    }
    let (file, ledger) = (from_file.finish(), from_ledger.finish());
    let labelled = (0..file.len()).filter(|row| file.is_labelled(*row)).count();
    assert!(file.len() > 50 && labelled > 0, "{} rows, {labelled} labelled", file.len());
    assert_eq!((file.len(), file.refused()), (ledger.len(), ledger.refused()));
    assert_eq!(file.digest(), ledger.digest());

    let model = Model::bundled().unwrap();
    for entry in Reader::open(dir.path(), None).unwrap().scan(None).unwrap() {
        let entry = entry.unwrap();
        if entry.kind == EntryKind::Decision {
            let stored = read_decision(&entry).unwrap();
            let again = model.score(&stored.record).fraud_probability.to_bits();
            assert_eq!(Some(again), served[&entry.id].1, "{}", entry.id);
        }
    }
}

/// A file in the wrong order trains on nothing that knew its future.
#[test]
fn payments_told_after_later_ones_are_no_rows() {
    let lines = world(5, 30, 60);
    let rows = |lines: &mut dyn Iterator<Item = &Line>| {
        let (engine, mut rows) = (in_memory(), Rows::default());
        for line in lines {
            if let Line::Transaction(transaction) = line {
                rows.transaction(&engine, (**transaction).clone(), vec![], None).unwrap();
            }
        }
        (rows.late(), rows.finish().len())
    };
    let (late, in_order) = rows(&mut lines.iter());
    assert_eq!(late, 0);
    let (late, backwards) = rows(&mut lines.iter().rev());
    assert!(late > 20 && late + backwards == in_order, "{late} late, {backwards} of {in_order}");
}

/// The same month over HTTP: the server's ledger holds the records the file gives.
#[test]
fn a_month_over_http_is_the_month_of_the_file() {
    let lines = world(7, 30, 30);
    let dir = tempfile::tempdir().unwrap();
    let data_dir = dir.path().join("data");
    let server = Server::start(&data_dir, "[ledger]\ndurability = \"os\"\n");
    let mut client = server.connect();
    let mut scores = BTreeMap::new();
    for line in &lines {
        let path = if matches!(line, Line::Event(_)) { "/v1/events" } else { "/v1/score" };
        let body = serde_json::to_string(line).unwrap();
        let (status, answer) = client.ask("POST", path, &body).unwrap();
        assert_eq!(status, 200, "{answer}");
        if let (Line::Transaction(transaction), Value::Number(probability)) =
            (line, &answer["fraud_probability"])
        {
            scores.insert(transaction.transaction_id.to_string(), probability.as_f64().unwrap());
        }
    }
    drop((client, server));

    let from_file = feed(&in_memory(), &lines);
    let served = kept(&data_dir);
    assert!(served.len() > 50, "{} transactions", served.len());
    assert_eq!(served, from_file);
    for (id, (_, probability)) in &from_file {
        assert_eq!(scores.get(id).map(|p| p.to_bits()), *probability, "{id}");
    }
}
