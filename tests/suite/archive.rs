//! A ledger out to Parquet and into a fresh one: the same decisions, the same history, the same answers.

use crate::pointintime::{feed, kept, on_disk, world};
use parquet::file::reader::{FileReader, SerializedFileReader};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::Path;
use vouch::archive::{ArchiveError, Export, Imported, Manifest, export, import};
use vouch::domain::TenantId;
use vouch::engine::{Artefacts, Engine, Replay, ScoreRequest, read_decision, replay};
use vouch::ledger::{EntryKind, Reader};
use vouch::reference::Reference;
use vouch::simulate::Line;

/// Lines that go into the ledger, and those whose history is asked for.
const LINES: usize = 150;

fn everything(personal: bool) -> Export {
    Export { tenant: TenantId::default_tenant(), from: None, to: None, personal }
}

/// A ledger of the first lines of a month.
fn filled(dir: &Path) -> (Engine, Vec<Line>) {
    let lines = world(5, 30, 60);
    let engine = on_disk(dir);
    feed(&engine, &lines[..LINES]);
    (engine, lines)
}

fn write(data_dir: &Path, what: &Export, to: &Path) -> Manifest {
    let reader = Reader::open(data_dir, None).unwrap();
    export(data_dir, &reader, what, to, &mut |_| ()).unwrap()
}

/// The records that later lines would be scored by.
fn futures(engine: &Engine, lines: &[Line]) -> Vec<String> {
    let tenant = TenantId::default_tenant();
    let later = lines[LINES..].iter().filter_map(|line| match line {
        Line::Transaction(transaction) => Some(engine.preview(&tenant, transaction)),
        Line::Event(_) => None,
    });
    later.map(|record| serde_json::to_string(&record).unwrap()).take(100).collect()
}

#[test]
fn a_ledger_comes_back_from_its_export() {
    let dir = tempfile::tempdir().unwrap();
    let (old, new, out) = (dir.path().join("old"), dir.path().join("new"), dir.path().join("out"));
    let (engine, lines) = filled(&old);
    let manifest = write(&old, &everything(true), &out);
    assert_eq!(manifest.total(), LINES as u64);
    assert_eq!(Manifest::read(&out).unwrap(), manifest);

    let fresh = on_disk(&new);
    let done = import(&out, &fresh, &new, &mut |_, _| ()).unwrap();
    assert_eq!((done.decisions + done.events, done.erased, done.admin), (LINES as u64, 0, 0));
    assert_eq!(done.decisions, manifest.rows["decision"]);
    assert_eq!(futures(&engine, &lines), futures(&fresh, &lines), "history counts the same");
    assert_eq!(engine.known_ids(), fresh.known_ids());

    // The same request gets the answer of the ledger it was asked of first.
    let tenant = TenantId::default_tenant();
    for line in &lines[..LINES] {
        let Line::Transaction(transaction) = line else { continue };
        let ask = |engine: &Engine| {
            let (tenant, transaction) = (tenant.clone(), (**transaction).clone());
            let request = ScoreRequest { tenant, transaction, warnings: vec![], received_at: None };
            engine.begin(request).unwrap()
        };
        let (was, is) = (ask(&engine), ask(&fresh));
        assert!(is.repeated);
        assert_eq!(was.answer, is.answer);
    }
    drop((engine, fresh));
    assert_eq!(kept(&old), kept(&new));
    let tables = std::sync::Arc::new(Reference::bundled().unwrap());
    for entry in Reader::open(&new, None).unwrap().scan(None).unwrap().map(Result::unwrap).take(30)
    {
        if entry.kind == EntryKind::Decision {
            let stored = read_decision(&entry).unwrap();
            let artefacts = Artefacts::new(&new);
            let snapshot = artefacts.snapshot(&stored.decision.versions, tables.clone()).unwrap();
            assert!(matches!(replay(&stored, &snapshot), Replay::Same(_)), "{}", entry.id);
        }
    }
}

#[test]
fn an_erased_person_is_left_out_and_counted() {
    let dir = tempfile::tempdir().unwrap();
    let (old, new, out) = (dir.path().join("old"), dir.path().join("new"), dir.path().join("out"));
    let (engine, _) = filled(&old);
    let entries = || Reader::open(&old, None).unwrap().scan(None).unwrap().map(Result::unwrap);
    let subject = entries().find(|entry| entry.kind == EntryKind::Decision).unwrap().subject;
    let theirs = entries().filter(|entry| entry.subject == subject).count() as u64;
    engine.ledger().unwrap().erase(&[subject.unwrap()].into()).unwrap();
    drop(engine);
    write(&old, &everything(true), &out);
    let Imported { erased, decisions, events, .. } =
        import(&out, &on_disk(&new), &new, &mut |_, _| ()).unwrap();
    assert!(theirs > 0);
    assert_eq!((erased, decisions + events), (theirs, LINES as u64 - theirs));
}

/// Mailboxes, names, phones, addresses and user agents of a line.
fn personal(line: &Line) -> Vec<String> {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(ToOwned::to_owned);
    let line = serde_json::to_value(line).unwrap();
    let account = ["email", "name", "phone"].map(|name| text(line["account"].get(name)));
    let device = ["ip", "user_agent"].map(|name| text(line["device"].get(name)));
    let event = ["ip", "user_agent"].map(|name| text(line.get(name)));
    account.into_iter().chain(device).chain(event).flatten().collect()
}

#[test]
fn without_personal_values_nothing_personal_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let (old, new, out) = (dir.path().join("old"), dir.path().join("new"), dir.path().join("out"));
    let (engine, lines) = filled(&old);
    drop(engine);
    write(&old, &everything(false), &out);
    let personal: BTreeSet<String> = lines[..LINES].iter().flat_map(personal).collect();
    assert!(personal.len() > 50, "{}", personal.len());
    let (mut rows, mut named) = (0, 0);
    let files = parquet_files(&out);
    for file in &files {
        let reader = SerializedFileReader::new(File::open(file).unwrap()).unwrap();
        for row in reader.get_row_iter(None).unwrap() {
            rows += 1;
            let row = row.unwrap().to_string();
            named += personal.iter().filter(|value| row.contains(value.as_str())).count();
        }
    }
    assert_eq!((rows, named), (LINES, 0));
    assert!(files[0].to_string_lossy().contains("kind=decision/month=2026-03/part-0.parquet"));
    let error = import(&out, &on_disk(&new), &new, &mut |_, _| ()).unwrap_err();
    assert!(matches!(error, ArchiveError::Impersonal { .. }), "{error}");
}

fn parquet_files(dir: &Path) -> Vec<std::path::PathBuf> {
    let mut found = vec![];
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(parquet_files(&path));
        } else if path.extension().is_some_and(|end| end == "parquet") {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[test]
fn what_can_not_be_done_is_refused_by_name_and_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (old, out) = (dir.path().join("old"), dir.path().join("out"));
    let (engine, _) = filled(&old);
    let manifest = write(&old, &everything(true), &out);
    let reader = Reader::open(&old, None).unwrap();
    let error = export(&old, &reader, &everything(true), &out, &mut |_| ()).unwrap_err();
    assert!(matches!(error, ArchiveError::NotEmpty { .. }), "{error}");
    let error = import(&out, &engine, &old, &mut |_, _| ()).unwrap_err();
    assert!(matches!(error, ArchiveError::NotFresh { entries: 150 }), "{error}");

    let fresh = || on_disk(&tempfile::tempdir().unwrap().keep());
    let state = |change: &str, to: &str| {
        let json = serde_json::to_string(&manifest).unwrap().replace(change, to);
        fs::write(out.join("_export.json"), json).unwrap();
        import(&out, &fresh(), dir.path(), &mut |_, _| ()).unwrap_err().to_string()
    };
    let newer = state("\"format\":1", "\"format\":2");
    assert!(newer.ends_with("has format 2; this vouch reads up to 1"), "{newer}");
    let stated = format!("\"decision\":{}", manifest.rows["decision"]);
    let lacking = state(&stated, "\"decision\":999");
    assert!(lacking.starts_with("the export says "), "{lacking}");
    let damaged = parquet_files(&out)[0].clone();
    let bytes = fs::read(&damaged).unwrap();
    fs::write(&damaged, &bytes[..bytes.len() / 2]).unwrap();
    let cut = state("", "");
    assert!(cut.contains("part-0.parquet"), "{cut}");
    fs::remove_file(out.join("_export.json")).unwrap();
    assert!(matches!(Manifest::read(&out), Err(ArchiveError::NotAnExport { .. })));
    let left = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(left.into_iter().all(|name| !name.to_string_lossy().contains("partial")));
}
