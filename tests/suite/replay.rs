//! Decisions made again over a range: bit for bit, with other rules, and what can't be.

use crate::ledger::run;
use crate::pointintime::{feed, on_disk, world};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// A ledger of a month's first lines; how many of them are decisions.
fn filled(dir: &Path) -> (PathBuf, u64) {
    let data_dir = dir.join("data");
    let lines = world(5, 30, 60);
    let engine = on_disk(&data_dir);
    let seen = feed(&engine, &lines[..150]);
    (data_dir, seen.len() as u64)
}

fn replayed(data_dir: &Path, args: &[&str]) -> (i32, Value, String) {
    let (code, out, said) = run(&[&["replay", "--json"], args].concat(), data_dir);
    (code, serde_json::from_str(&out).unwrap_or_default(), said)
}

#[test]
fn every_decision_is_made_again_bit_for_bit() {
    let dir = tempfile::tempdir().unwrap();
    let (data_dir, decisions) = filled(dir.path());
    let (code, all, said) = replayed(&data_dir, &["--all"]);
    assert_eq!(code, 0, "{said}");
    assert_eq!((&all["decisions"], &all["same"]), (&decisions.into(), &decisions.into()));
    assert!(said.contains(" decisions/s, "), "{said}");
    let one = replayed(&data_dir, &["--all", "--threads", "1"]);
    assert_eq!(one.1, all, "whatever the number of threads");
    let part = |args| replayed(&data_dir, args).1["decisions"].as_u64().unwrap();
    let (before, after) =
        (part(&["--to", "2026-03-01T12:00:00Z"]), part(&["--from", "2026-03-01T12:00:00Z"]));
    assert!(before > 0 && after > 0);
    assert_eq!(before + after, decisions);
    for args in [
        &[][..],
        &["--all", "--from", "2026-03-01"],
        &["--all", "--threads", "100000"],
        &["--from", "2026-04-01", "--to", "2026-03-01"],
    ] {
        assert_eq!(replayed(&data_dir, args).0, 2, "{args:?}");
    }
}

#[test]
fn other_rules_say_what_would_have_been_decided() {
    let dir = tempfile::tempdir().unwrap();
    let (data_dir, decisions) = filled(dir.path());
    let rules = dir.path().join("rules.toml");
    let rule = |when: &str| {
        format!(
            "[group]\nowner = \"risk\"\n[[rule]]\nid = \"strict\"\nwhen = '{when}'\n\
             action = \"block\"\nreason = \"STRICT\"\ntext = \"Strict.\"\nwhat = \"a test\"\n\
             why = \"a test\"\nexample = \"a test\"\nknown_false_positives = \"all\"\n"
        )
    };
    fs::write(&rules, rule("type == \"purchase\"")).unwrap();
    let (code, would, said) =
        replayed(&data_dir, &["--all", "--with", rules.to_str().unwrap(), "--limit", "3"]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(would["decisions"], decisions);
    let changed = would["changed"].as_u64().unwrap();
    assert!(changed > 3 && would["same"].as_u64().unwrap() + changed == decisions, "{would}");
    assert_eq!(would["listed"].as_array().unwrap().len(), 3);
    let declined = would["actions"]
        .as_array()
        .unwrap()
        .iter()
        .find(|shift| shift["was"] == "approve" && shift["now"] == "decline")
        .unwrap();
    assert!(declined["decisions"].as_u64().unwrap() > 0);
    assert!(!declined["money"].as_object().unwrap().is_empty(), "{declined}");
    let (code, table, _) = run(&["replay", "--all", "--with", rules.to_str().unwrap()], &data_dir);
    assert_eq!(code, 0);
    assert!(table.contains("was      now      decisions  money"), "{table}");
    fs::write(&rules, rule("amont > 3")).unwrap();
    let (code, _, said) = replayed(&data_dir, &["--all", "--with", rules.to_str().unwrap()]);
    assert_eq!(code, 2);
    assert!(said.contains("the rules can not be used"), "{said}");
}

#[test]
fn what_is_gone_or_changed_is_a_finding() {
    let dir = tempfile::tempdir().unwrap();
    let (data_dir, decisions) = filled(dir.path());
    let artefacts =
        fs::read_dir(data_dir.join("artefacts")).unwrap().map(|file| file.unwrap().path());
    let rules =
        artefacts.into_iter().find(|path| path.to_string_lossy().contains("rules-")).unwrap();
    fs::remove_file(&rules).unwrap();
    let (code, all, _) = replayed(&data_dir, &["--all", "--limit", "1"]);
    assert_eq!(code, 1);
    assert_eq!((&all["unreadable"], &all["same"]), (&decisions.into(), &0.into()));
    let why = all["listed"][0]["differs"][0].as_str().unwrap();
    assert!(
        why.starts_with("what it was made with can't be loaded") && why.contains("rules-"),
        "{why}"
    );
}
