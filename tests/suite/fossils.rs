//! Ledgers of earlier versions: readable for ever, or refused by name.

use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use vouch::decision::Policy;
use vouch::domain::TenantId;
use vouch::engine::{
    CHECKPOINT_FILE, Engine, EngineError, ScoreRequest, Snapshot, StoredError, Unusable, lookup,
    read_decision, read_told_event, readable,
};
use vouch::input::read_transaction;
use vouch::ledger::{
    EntryKind, Index, Ledger, LedgerConfig, LedgerError, LookupField, MasterKey, Personal, Query,
    Reader, StoredEntry, refresh, verify,
};
use vouch::reference::Reference;
use vouch::rules::RuleSet;
use vouch::velocity::Limits;

/// Every format version there was.
const VERSIONS: [&str; 2] = ["v1", "v2"];

/// Directories of checkpoints of earlier forms, and of the present one.
const OLD_CHECKPOINTS: [&str; 5] = ["1", "2", "3", "4", "5"];
const PRESENT_CHECKPOINT: &str = "6";

fn master() -> MasterKey {
    MasterKey::from_bytes([0x2a; 32])
}

fn config(dir: &Path) -> LedgerConfig {
    LedgerConfig { master_key: Some(master()), index_every: None, ..LedgerConfig::new(dir) }
}

/// A copy of a fixture, to be opened and changed.
fn copied(version: &str) -> tempfile::TempDir {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/ledger").join(version);
    let to = tempfile::tempdir().unwrap();
    fs::create_dir(to.path().join("ledger")).unwrap();
    for name in ["ledger/00000001.log", "keys.log", "expected.jsonl"] {
        fs::copy(from.join(name), to.path().join(name)).unwrap();
    }
    to
}

fn expected(dir: &Path) -> Vec<Value> {
    let text = fs::read_to_string(dir.join("expected.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn entries(dir: &Path) -> Vec<StoredEntry> {
    let reader = Reader::open(dir, Some(master())).unwrap();
    reader.scan(None).unwrap().collect::<Result<_, _>>().unwrap()
}

/// An entry as `vouch ledger show --json` gave it.
fn shown(entry: &StoredEntry) -> Value {
    let personal = match entry.personal().unwrap() {
        Personal::Readable(bytes) => readable(&bytes),
        Personal::None | Personal::Erased => Value::Null,
    };
    let found_by = |(field, hash): &(LookupField, _)| json!({"field": field.word(), "hash": format!("{hash}")});
    json!({
        "sequence": entry.sequence, "position": entry.position, "hash": entry.hash.to_string(),
        "tenant": entry.tenant, "kind": entry.kind.word(), "id": entry.id,
        "event_time": entry.event_time, "received_at": entry.received_at,
        "subject": entry.subject.map(|subject| subject.to_string()),
        "lookups": entry.lookups.iter().map(found_by).collect::<Vec<_>>(),
        "open": readable(&entry.open), "personal": personal, "personal_state": "readable",
    })
}

fn engine(dir: &Path) -> Result<Engine, EngineError> {
    let tables = Arc::new(Reference::bundled().unwrap());
    let snapshot = Snapshot::new(tables, RuleSet::builtin().unwrap(), None, Policy::default());
    Engine::open(snapshot, config(dir), Limits { max_keys: 1000, seed: 1 }, &mut |_| ())
}

#[test]
fn every_version_is_read_to_the_last_byte() {
    for version in VERSIONS {
        let dir = copied(version);
        let expected = expected(dir.path());
        let report = verify(dir.path(), Some(master()), &mut |_, _| {}).unwrap();
        assert_eq!((report.records, report.finding), (expected.len() as u64, None), "{version}");
        let entries = entries(dir.path());
        assert_eq!(entries.len(), expected.len());
        for (entry, expected) in entries.iter().zip(&expected) {
            assert_eq!(&shown(entry), expected, "{version} {}", entry.id);
            // What the bytes mean is known, too.
            if entry.kind == EntryKind::Decision {
                let stored = read_decision(entry).unwrap();
                assert_eq!(json!(stored.decision), expected["open"]["decision"], "{}", entry.id);
                assert_eq!(json!(stored.transaction), expected["personal"]["transaction"]);
                let mut record = expected["open"]["record"].clone();
                let sealed = expected["personal"]["record"].as_object().unwrap().clone();
                record.as_object_mut().unwrap().extend(sealed);
                assert_eq!(json!(stored.record), record, "{}", entry.id);
            } else {
                let told = read_told_event(entry).unwrap().unwrap();
                assert_eq!(json!(told.event()), expected["personal"]["event"], "{}", entry.id);
            }
        }
    }
}

#[test]
fn every_version_is_served_and_gone_on_with() {
    for version in VERSIONS {
        let dir = copied(version);
        let expected = expected(dir.path());
        let engine = engine(dir.path()).unwrap();
        let tenant = TenantId::default_tenant();
        let ask = |transaction: &Value| {
            let (transaction, _) = read_transaction(transaction.to_string().as_bytes()).unwrap();
            let tenant = tenant.clone();
            let request = ScoreRequest { tenant, transaction, warnings: vec![], received_at: None };
            engine.begin(request).unwrap()
        };
        for entry in expected.iter().filter(|entry| entry["kind"] == "decision") {
            let begun = ask(&entry["personal"]["transaction"]);
            assert!(begun.repeated);
            assert_eq!(json!(begun.answer.unwrap().0), entry["open"]["decision"]);
        }
        // The buyer's history is there: an approved purchase, made again today.
        let mut again = expected[0]["personal"]["transaction"].clone();
        again["transaction_id"] = json!("tx-new");
        let begun = ask(&again);
        let record = json!(begun.record.unwrap());
        assert_eq!(record["account_approved_count_90d"], json!(1), "{record}");
        engine.settle_blocking(begun.settling.unwrap()).unwrap();
        drop(engine);
        refresh(dir.path()).unwrap();
        let index = Index::open(dir.path()).unwrap();
        let reader = Reader::open(dir.path(), Some(master())).unwrap();
        let by = |field, value| {
            let hash = lookup(reader.hasher().unwrap(), &tenant, field, value);
            let lookups = vec![(field, hash)];
            let rows = index.list(&Query { lookups, ..Query::new(tenant.clone()) }).unwrap();
            rows.into_iter().map(|row| row.id).collect::<Vec<_>>()
        };
        assert_eq!(by(LookupField::Account, "acc-7"), ["tx-new", "e-2", "tx-1"], "{version}");
        assert_eq!(by(LookupField::Card, "fp-a"), ["tx-new", "tx-1"], "{version}");
    }
}

fn refusal(dir: &Path) -> LedgerError {
    Ledger::open(config(dir), &mut |_| {}).err().unwrap()
}

#[test]
fn unknown_versions_are_refused_by_name() {
    // Magic and version stand first in a segment, behind the checksum in the key file.
    for (file, magic, known) in [("ledger/00000001.log", 0, 1), ("keys.log", 4, 2)] {
        let dir = copied("v1");
        let path: PathBuf = dir.path().join(file);
        let mut bytes = fs::read(&path).unwrap();
        let next = known + 1;
        bytes[magic + 8] = next;
        fs::write(&path, &bytes).unwrap();
        let error = refusal(dir.path());
        let named = matches!(&error, LedgerError::Version { path: at, found, .. } if *at == path && *found == u32::from(next));
        assert!(named, "{file}: {error}");
        let said = format!("has format version {next}; this vouch reads version {known}");
        assert!(error.to_string().ends_with(&said), "{error}");
        bytes[magic] = b'X';
        fs::write(&path, &bytes).unwrap();
        assert!(matches!(refusal(dir.path()), LedgerError::Foreign { .. }), "{file}");
        assert_eq!(fs::read(&path).unwrap(), bytes, "what is refused is not touched");
    }
}

#[test]
fn an_entry_of_a_newer_form_is_refused_by_name() {
    let dir = copied("v1");
    let ledger = Ledger::open(config(dir.path()), &mut |_| {}).unwrap();
    let entry = entries(dir.path()).remove(0);
    let open = String::from_utf8(entry.open).unwrap().replace("\"format\":1", "\"format\":3");
    let newer = vouch::ledger::NewEntry {
        tenant: entry.tenant,
        kind: entry.kind,
        id: "tx-newer".to_owned(),
        event_time: entry.event_time,
        received_at: entry.received_at,
        subject: entry.subject,
        open: open.into_bytes(),
        personal: vec![],
        lookups: vec![],
    };
    ledger.append(&newer).unwrap().wait().unwrap();
    drop(ledger);
    let error = engine(dir.path()).unwrap_err();
    let named = matches!(
        error,
        EngineError::Stored { sequence: 9, source: StoredError::Format { found: 3, known: 2 } }
    );
    assert!(named, "{error}");
}

/// A copy of the ledger of the checkpoints, without one.
fn checkpointed() -> tempfile::TempDir {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/checkpoint");
    let to = tempfile::tempdir().unwrap();
    fs::create_dir(to.path().join("ledger")).unwrap();
    for name in ["ledger/00000001.log", "keys.log"] {
        fs::copy(from.join(name), to.path().join(name)).unwrap();
    }
    to
}

/// What an engine knows of the buyers of that ledger, sales and ties included.
fn known(engine: &Engine, dir: &Path) -> Vec<String> {
    let mut known = Vec::new();
    for entry in entries(dir) {
        if entry.kind == EntryKind::Decision {
            let transaction = read_decision(&entry).unwrap().transaction.unwrap();
            for later in ["2026-03-05T00:00:00Z", "2026-05-01T00:00:00Z"] {
                let mut asked = transaction.clone();
                asked.event_time = later.parse().unwrap();
                let record = engine.preview(&TenantId::default_tenant(), &asked);
                known.push(json!(record).to_string());
            }
        }
    }
    let mut kept = Vec::new();
    engine.sales().for_each_sale(&mut |id, fate| kept.push(format!("{id} {fate:?}")));
    engine.sales().for_each_party(&mut |party, key, sales| {
        kept.push(format!("{party:?} {key} {sales:?}"));
    });
    engine.links().for_each_node(&mut |party, key, ties| {
        kept.push(format!("{party:?} {key} {ties:?}"));
    });
    kept.sort_unstable();
    known.extend(kept);
    known
}

/// The engine on that ledger and a checkpoint, and why the checkpoint was not used.
fn started(checkpoint: Option<&[u8]>) -> (Engine, tempfile::TempDir) {
    let dir = checkpointed();
    if let Some(bytes) = checkpoint {
        fs::write(dir.path().join(CHECKPOINT_FILE), bytes).unwrap();
    }
    (engine(dir.path()).unwrap(), dir)
}

/// Every form of a checkpoint is loaded or refused by name, and so is what no version wrote; the state
/// is the same in each case.
#[test]
fn a_checkpoint_of_any_form_is_loaded_or_refused_by_name() {
    let (whole, dir) = started(None);
    let (expected, stats) = (known(&whole, dir.path()), whole.windows().stats());
    assert!(expected.len() > 40 && stats.busy > 0, "{} {stats:?}", expected.len());
    let path = |form: &str| {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/checkpoint");
        fixtures.join(form).join(CHECKPOINT_FILE)
    };
    let check = |bytes: &[u8], is_it: &dyn Fn(Option<&Unusable>) -> bool, what: &str| {
        let (found, dir) = started(Some(bytes));
        let start = found.start().unwrap();
        assert!(is_it(start.unusable.as_ref()), "{what}: {start:?}");
        assert_eq!(start.after.is_some(), start.unusable.is_none(), "{what}");
        assert!(known(&found, dir.path()) == expected, "{what}: another state");
        let found = found.windows().stats();
        assert_eq!((found.keys, found.busy), (stats.keys, stats.busy), "{what}");
    };
    let is_old = |why: Option<&Unusable>| {
        matches!(why, Some(Unusable::Format { found: 1, known: 2 } | Unusable::Shape))
    };
    for form in OLD_CHECKPOINTS {
        check(&fs::read(path(form)).unwrap(), &is_old, &format!("form {form}"));
    }
    let present = fs::read(path(PRESENT_CHECKPOINT)).unwrap_or_default();
    let (tried, tried_in) = started(Some(&present));
    if tried.start().unwrap().after.is_none() {
        whole.save_checkpoint().unwrap();
        let new = dir.keep().join(CHECKPOINT_FILE);
        panic!("{:?}, see its README; a new one: {}", tried.start(), new.display());
    }
    drop((tried, tried_in));
    check(&present, &|why| why.is_none(), "the present form");

    let with = |at: usize, byte: u8| {
        let mut bytes = present.clone();
        bytes[at] = byte;
        bytes
    };
    let middle = present.len() / 2;
    let damaged = |why: Option<&Unusable>| matches!(why, Some(Unusable::Damaged { .. }));
    check(&with(middle, !present[middle]), &damaged, "another byte");
    check(&present[..middle], &damaged, "half of it");
    let other =
        |why: Option<&Unusable>| matches!(why, Some(Unusable::Format { found: 9, known: 2 }));
    check(&with(8, 9), &other, "another version of the file");
    check(&with(0, b'X'), &|why| matches!(why, Some(Unusable::Foreign)), "no checkpoint");
}
