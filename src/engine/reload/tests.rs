//! Parts that are good, broken, gone and back, on a real directory.

use super::*;
use crate::domain::{TenantId, Transaction};
use crate::engine::{By, Replay, ScoreRequest, Who, read_decision, replay};
use crate::ledger::LedgerConfig;
use crate::model::ModelError;
use crate::velocity::Limits;
use std::fs;
use std::io::ErrorKind;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

fn rules(action: &str, id: &str) -> String {
    format!(
        "[group]\nowner = \"tests\"\n\n[[rule]]\nid = \"{id}\"\naction = \"{action}\"\n\
         reason = \"TEST\"\ntext = \"A test.\"\nwhen = \"amount_eur > 1\"\n"
    )
}

const LIMITS: Limits = Limits { max_keys: 10_000, seed: 7 };

/// A rule directory, a model file and a table directory.
struct Files {
    dir: tempfile::TempDir,
}

impl Files {
    fn new() -> Self {
        let files = Self { dir: tempfile::tempdir().unwrap() };
        for name in ["rules", "tables", "data", "lists"] {
            fs::create_dir(files.path(name)).unwrap();
        }
        files.write("rules/a.toml", &rules("block", "first"));
        files.write("model.json", include_str!("../../../models/default/model.json"));
        files
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Replaces a file as operators are told to: by rename.
    fn write(&self, name: &str, content: &str) {
        fs::write(self.path("new"), content).unwrap();
        fs::rename(self.path("new"), self.path(name)).unwrap();
    }

    fn origins(&self) -> Origins {
        Origins {
            rules: Some(self.path("rules")),
            model: ModelOrigin::Path(self.path("model.json")),
            reference: ReferenceFiles {
                tables: Some(self.path("tables")),
                ..ReferenceFiles::default()
            },
            lists: Some(self.path("lists")),
            policy: Policy::default(),
            ..Origins::default()
        }
    }

    fn kept(&self) -> Artefacts {
        Artefacts::new(&self.path("data"))
    }

    fn engine(&self) -> Arc<Engine> {
        let (snapshot, _) = self.origins().load(Some(&self.kept())).unwrap();
        let config = LedgerConfig::new(&self.path("data"));
        let engine = Engine::open(snapshot, config, LIMITS, &mut |_| ()).unwrap();
        engine.mark_current().unwrap();
        Arc::new(engine)
    }

    fn reloader(&self, engine: &Arc<Engine>) -> Reloader {
        Reloader::new(engine.clone(), self.origins(), self.origins().stamps())
    }
}

fn purchase(id: &str) -> ScoreRequest {
    let transaction: Transaction = serde_json::from_value(serde_json::json!({
        "transaction_id": id, "type": "purchase", "event_time": "2026-11-20T10:00:00Z",
        "amount": {"value": "49.00", "currency": "EUR"}, "device": {"ip": "8.8.8.8"},
    }))
    .unwrap();
    let tenant = TenantId::default_tenant();
    ScoreRequest { tenant, transaction, warnings: Vec::new(), received_at: None }
}

fn outcomes(done: &Reload) -> Vec<(&str, PartOutcome)> {
    let told = done.parts.iter().filter(|part| part.outcome != PartOutcome::Unchanged);
    told.map(|part| (part.part.as_str(), part.outcome)).collect()
}

/// What no server should ever read is refused by name, in bounded time, and the old set goes on.
#[test]
fn a_file_of_100_mb_and_100_000_rules_are_refused_and_the_old_set_stays() {
    let files = Files::new();
    let engine = files.engine();
    let reloader = files.reloader(&engine);
    let first = engine.snapshot().versions.rules.clone();
    let refused = |what: &str, says: &str| {
        let done = reloader.reload();
        assert_eq!(outcomes(&done), [("rules", PartOutcome::Refused)], "{what}");
        let fault = &done.parts[0].faults[0];
        assert!(fault.message.contains(says), "{what}: {fault:?}");
        assert!(fault.file.as_ref().is_some_and(|file| file.contains("rules/b")), "{fault:?}");
        assert_eq!(engine.snapshot().versions.rules, first, "{what}");
        assert!(engine.snapshot().degraded.contains(&"rules.refused".to_owned()), "{what}");
        let begun = engine.begin(purchase(what)).unwrap();
        assert_eq!(begun.answer.unwrap().0.rules[0].id, "first", "{what}");
    };
    let large = fs::File::create(files.path("rules/b.toml")).unwrap();
    large.set_len(100 << 20).unwrap();
    refused("100-mb", "bytes, the limit is");
    fs::remove_file(files.path("rules/b.toml")).unwrap();
    for file in 0..20 {
        let rules: String = (0..5_000)
            .map(|rule| {
                rules("tag", &format!("r-{file}-{rule}"))
                    .replace("[group]\nowner = \"tests\"\n\n", "")
            })
            .collect();
        files.write(&format!("rules/b{file:02}.toml"), &rules);
    }
    refused("100-000-rules", "more than 5000 rules");
    for file in 0..20 {
        fs::remove_file(files.path(&format!("rules/b{file:02}.toml"))).unwrap();
    }
    reloader.reload();
    assert!(engine.snapshot().degraded.iter().all(|part| part != "rules.refused"));
}

#[test]
fn each_part_stands_on_its_own() {
    use PartOutcome::{Refused, Replaced};
    let files = Files::new();
    let engine = files.engine();
    let reloader = files.reloader(&engine);
    let first = engine.snapshot();
    assert_eq!(outcomes(&reloader.reload()), []);
    assert!(Arc::ptr_eq(&first, &engine.snapshot()), "nothing has changed");

    // Two broken parts and a good one.
    files.write("rules/a.toml", &rules("review", "second"));
    files.write("model.json", "{\"format\": 1, \"kind\"");
    files.write("tables/country.tab", "not a table");
    let done = reloader.reload();
    let expected = [("rules", Replaced), ("model", Refused), ("reference.country", Refused)];
    assert_eq!(outcomes(&done), expected);
    let fault = &done.parts[1].faults[0];
    assert!(
        fault.message.starts_with("line 1 column 20: the file ends in the middle"),
        "{fault:?}"
    );
    assert!(done.parts[1].faults[0].file.as_ref().unwrap().ends_with("model.json"));
    let table = &done.parts.iter().find(|p| p.part == "reference.country").unwrap().faults[0];
    assert!(table.message.ends_with("country.tab: not a compiled table (byte 0)"), "{table:?}");
    let second = engine.snapshot();
    assert_eq!(second.degraded, ["model.refused", "reference.country.refused"]);
    assert_ne!(second.versions.rules, first.versions.rules);
    assert_eq!(second.versions.model, first.versions.model);
    assert!(Arc::ptr_eq(&second.reference, &first.reference));

    // The good one breaks, a broken one is repaired.
    files.write("rules/a.toml", &rules("refuse", "third"));
    fs::remove_file(files.path("tables/country.tab")).unwrap();
    let done = reloader.reload();
    assert_eq!(outcomes(&done), [("rules", Refused), ("model", Refused)]);
    let fault = &done.parts[0].faults[0];
    assert!(fault.file.as_ref().unwrap().ends_with("a.toml"));
    assert_eq!((fault.line, fault.column), (Some(6), Some(10)), "{fault:?}");
    assert!(fault.excerpt.as_ref().unwrap().contains("^^^^"), "{fault:?}");
    let third = engine.snapshot();
    assert_eq!(third.versions.rules, second.versions.rules);
    assert_eq!(third.degraded, ["rules.refused", "model.refused"]);

    // All is well again.
    files.write("rules/a.toml", &rules("block", "first"));
    files.write("model.json", include_str!("../../../models/default/model.json"));
    assert_eq!(outcomes(&reloader.reload()), [("rules", Replaced)]);
    let last = engine.snapshot();
    assert_eq!((&last.versions, last.degraded.len()), (&first.versions, 0));
}

#[test]
fn a_table_comes_and_goes() {
    let files = Files::new();
    let engine = files.engine();
    let reloader = files.reloader(&engine);
    let bundled = engine.snapshot().versions.reference.clone();
    let ours = include_bytes!("../../../data/tables/email.tab");
    fs::write(files.path("tables/email.tab"), ours).unwrap();
    assert_eq!(outcomes(&reloader.reload()), [("reference.email", PartOutcome::Replaced)]);
    assert_eq!(engine.snapshot().versions.reference, bundled, "the same bytes, the same digest");
    // Cut in place while in use: what is in use was read whole.
    let table = fs::File::options().write(true).open(files.path("tables/email.tab")).unwrap();
    table.set_len(1000).unwrap();
    assert_eq!(outcomes(&reloader.reload()), [("reference.email", PartOutcome::Refused)]);
    assert!(engine.snapshot().reference.email("a@mailinator.com").class.is_some());
    assert_eq!(engine.snapshot().degraded, ["reference.email.refused"]);
    fs::remove_file(files.path("tables/email.tab")).unwrap();
    reloader.reload();
    assert!(engine.snapshot().degraded.is_empty());
}

#[test]
fn a_poll_waits_until_the_files_stand_still() {
    let files = Files::new();
    let engine = files.engine();
    let reloader = files.reloader(&engine);
    assert!(reloader.poll().is_none());
    files.write("rules/a.toml", &rules("review", "second"));
    assert!(reloader.poll().is_none(), "it may still be written");
    files.write("rules/b.toml", &rules("review", "third"));
    assert!(reloader.poll().is_none(), "it was");
    assert_eq!(outcomes(&reloader.poll().unwrap()), [("rules", PartOutcome::Replaced)]);
    assert_eq!(engine.snapshot().rules.rules().len(), 2);
    assert!(reloader.poll().is_none());
    files.write("rules/b.toml", "broken");
    assert!(reloader.poll().is_none());
    assert_eq!(outcomes(&reloader.poll().unwrap()), [("rules", PartOutcome::Refused)]);
    assert!(reloader.poll().is_none(), "a broken file is told once");
    fs::remove_file(files.path("rules/b.toml")).unwrap();
    assert!(reloader.poll().is_none());
    assert_eq!(outcomes(&reloader.poll().unwrap()), [("rules", PartOutcome::Replaced)]);
}

#[test]
fn a_change_during_the_start_is_noticed() {
    let files = Files::new();
    let before = files.origins().stamps();
    let engine = files.engine();
    files.write("rules/a.toml", &rules("review", "second"));
    let reloader = Reloader::new(engine, files.origins(), before);
    assert!(reloader.poll().is_none(), "it may still be written");
    assert_eq!(outcomes(&reloader.poll().unwrap()), [("rules", PartOutcome::Replaced)]);
}

#[test]
fn a_broken_file_stops_no_server_that_ran_before() {
    let files = Files::new();
    let broken = |name: &str| files.write(name, "broken");
    broken("rules/a.toml");
    let error = files.origins().load(Some(&files.kept())).err().unwrap().to_string();
    assert!(error.contains("rules/a.toml:1:7") && error.contains('^'), "nothing was kept: {error}");
    files.write("rules/a.toml", &rules("block", "first"));
    let good = files.engine().snapshot().versions.clone();

    broken("rules/a.toml");
    broken("model.json");
    let engine = files.engine();
    let snapshot = engine.snapshot();
    assert_eq!(snapshot.versions, good);
    assert_eq!(snapshot.degraded, ["rules.refused", "model.refused"]);
    let answer = engine.begin(purchase("tx-1")).unwrap().answer.unwrap();
    assert_eq!(answer.0.degraded[..2], ["rules.refused", "model.refused"]);
    assert_eq!(answer.0.rules[0].id, "first");

    // What was kept is damaged: now there is nothing to go on with.
    drop(engine);
    let kept = files.path("data/artefacts").join(format!("rules-{}", good.rules));
    fs::write(kept, "[]").unwrap();
    assert!(matches!(files.origins().load(Some(&files.kept())), Err(StartError::Rules(_))));
}

#[test]
fn rules_whose_tests_fail_are_not_used() {
    let files = Files::new();
    let engine = files.engine();
    let reloader = files.reloader(&engine);
    let first = engine.snapshot().versions.rules.clone();
    let tested = |expect| {
        let given = "{ \"amount_eur\" = 2 }";
        let case =
            format!("tests = [{{ name = \"two\", given = {given}, expect = \"{expect}\" }}]\n");
        rules("review", "second") + &case
    };
    files.write("rules/a.toml", &tested("no_match"));
    let done = reloader.reload();
    assert_eq!(outcomes(&done), [("rules", PartOutcome::Refused)]);
    assert!(format!("{done:?}").contains("must come to false, and comes to true"), "{done:?}");
    assert_eq!(engine.snapshot().versions.rules, first);
    files.write("rules/a.toml", &tested("match"));
    assert_eq!(outcomes(&reloader.reload()), [("rules", PartOutcome::Replaced)]);
    assert_ne!(engine.snapshot().versions.rules, first);
}

#[test]
fn a_start_falls_back_to_what_was_served() {
    let files = Files::new();
    let served = files.engine().snapshot().versions.clone();
    // A command on the same directory, without the server's configuration.
    let (bundled, _) = Origins::default().load(None).unwrap();
    let other = bundled.versions.clone();
    let config = LedgerConfig::new(&files.path("data"));
    drop(Engine::open(bundled, config, LIMITS, &mut |_| ()).unwrap());
    assert!(files.kept().rules(&other.rules).is_ok(), "kept for replays");
    assert_eq!(files.kept().current(), Some(served.clone()));

    files.write("rules/a.toml", "broken");
    let (snapshot, _) = files.origins().load(Some(&files.kept())).unwrap();
    assert_ne!(served.rules, other.rules);
    assert_eq!(snapshot.versions.rules, served.rules);
}

#[test]
fn what_can_not_be_kept_for_replays_is_not_used() {
    let files = Files::new();
    let engine = files.engine();
    let reloader = files.reloader(&engine);
    let before = engine.snapshot().versions.clone();
    files.write("rules/a.toml", &rules("review", "second"));
    fs::remove_dir_all(files.path("data/artefacts")).unwrap();
    fs::write(files.path("data/artefacts"), "in the way").unwrap();
    for _ in 0..2 {
        assert_eq!(outcomes(&reloader.reload()), [("rules", PartOutcome::Refused)]);
        assert_eq!(engine.snapshot().versions, before);
        assert_eq!(engine.snapshot().degraded, ["rules.refused"]);
    }
    assert!(reloader.poll().is_some(), "tried again, though no file has changed");
    fs::remove_file(files.path("data/artefacts")).unwrap();
    assert_eq!(outcomes(&reloader.poll().unwrap()), [("rules", PartOutcome::Replaced)]);
    assert!(engine.snapshot().degraded.is_empty());
    assert!(reloader.poll().is_none());
}

/// The system can't read the first byte of a process's memory, though it is a regular file.
#[test]
#[cfg(target_os = "linux")]
fn an_unreadable_rule_file_is_told_from_a_missing_one() {
    let files = Files::new();
    std::os::unix::fs::symlink("/proc/self/mem", files.path("rules/b.toml")).unwrap();
    assert!(rules_may_come(&files.origins().read_rules().unwrap_err()));
    fs::remove_file(files.path("rules/b.toml")).unwrap();
    std::os::unix::fs::symlink("nowhere", files.path("rules/b.toml")).unwrap();
    assert!(!rules_may_come(&files.origins().read_rules().unwrap_err()));
    files.write("rules/b.toml", "broken");
    assert!(!rules_may_come(&files.origins().read_rules().unwrap_err()));
}

#[test]
fn what_could_not_be_read_is_read_again() {
    let source = |kind| std::io::Error::from(kind);
    for (kind, expected) in [
        (ErrorKind::Other, true),
        (ErrorKind::Interrupted, true),
        (ErrorKind::NotFound, false),
        (ErrorKind::NotADirectory, false),
    ] {
        let path = || PathBuf::from("x");
        let model = ModelError::Unreadable { path: path(), source: source(kind) };
        assert_eq!(ModelPartError::from(model).may_come(), expected, "{kind}");
        let error = ReferenceError::Read { path: path(), source: source(kind) };
        assert_eq!(reference_may_come(&error), expected, "{kind}");
    }
    let stamps = Files::new().origins().stamps();
    let mut watch = Watch::new(stamps.clone());
    assert!(!watch.settled(stamps.clone()));
    watch = Watch::unread(stamps.clone());
    assert!(watch.settled(stamps.clone()) && watch.settled(stamps));
}

/// Requests never see half of a snapshot, none is lost, and every decision can be made again.
#[test]
fn two_hundred_swaps_under_load() {
    const SWAPS: usize = 200;
    const CLIENTS: usize = 3;
    let files = Files::new();
    let engine = files.engine();
    let reloader = files.reloader(&engine);
    let (done, scored) = (AtomicBool::new(false), AtomicUsize::new(0));
    let decisions: Vec<_> = std::thread::scope(|scope| {
        let score = |client: usize| {
            let mut decisions = Vec::new();
            for n in 0.. {
                if done.load(Ordering::Relaxed) {
                    break;
                }
                let begun = engine.begin(purchase(&format!("tx-{client}-{n}"))).unwrap();
                engine.settle_blocking(begun.settling.unwrap()).unwrap();
                decisions.push(begun.answer.unwrap().0.clone());
                scored.fetch_add(1, Ordering::Relaxed);
            }
            decisions
        };
        let clients: Vec<_> = (0..CLIENTS).map(|n| scope.spawn(move || score(n))).collect();
        for swap in 0..SWAPS {
            let (action, id) =
                if swap % 2 == 0 { ("review", "second") } else { ("block", "first") };
            files.write("rules/a.toml", &rules(action, id));
            let before = scored.load(Ordering::Relaxed);
            assert_eq!(outcomes(&reloader.reload()), [("rules", PartOutcome::Replaced)]);
            while scored.load(Ordering::Relaxed) == before {
                std::thread::yield_now();
            }
        }
        done.store(true, Ordering::Relaxed);
        clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
    });
    let mut seen = std::collections::BTreeMap::new();
    for decision in &decisions {
        let rule = &decision.rules[0];
        assert_eq!(rule.id == "second", decision.action.word() == "review", "{decision:?}");
        assert_eq!(*seen.entry(&decision.versions.rules).or_insert(&rule.id), &rule.id);
    }
    assert_eq!(seen.len(), 2);
    let tables = engine.snapshot().reference.clone();
    let entries = engine.ledger().unwrap().scan(None).unwrap();
    for entry in entries.step_by(29) {
        let stored = read_decision(&entry.unwrap()).unwrap();
        let snapshot = files.kept().snapshot(&stored.decision.versions, tables.clone()).unwrap();
        assert!(matches!(replay(&stored, &snapshot), Replay::Same(_)));
    }
}

fn asks(list: &str) -> String {
    rules("block", "first").replace("amount_eur > 1", &format!("device.ip in list('{list}')"))
}

#[test]
fn lists_change_without_their_rules() {
    use PartOutcome::{Refused, Replaced};
    let files = Files::new();
    files.write("lists/networks.txt", "9.9.9.9\n");
    files.write("rules/a.toml", &asks("networks"));
    let engine = files.engine();
    let reloader = files.reloader(&engine);
    let first = engine.snapshot();
    let score = |id: &str| {
        let begun = engine.begin(purchase(id)).unwrap();
        engine.settle_blocking(begun.settling.unwrap()).unwrap();
        begun.answer.unwrap().0.clone()
    };
    let before = score("tx-1");
    assert_eq!(before.rules, []);
    files.write("lists/networks.txt", "# the office\n8.8.8.0/24\n");
    assert_eq!(outcomes(&reloader.reload()), [("lists.networks", Replaced)]);
    assert!(Arc::ptr_eq(&first.rules, &engine.snapshot().rules), "rules stay compiled");
    let after = score("tx-2");
    assert_eq!(after.rules.len(), 1);
    assert_ne!(before.versions.lists, after.versions.lists);

    // A broken list, and one that is gone: the old ones go on.
    files.write("lists/networks.txt", "8.8.8.0/24\n8.8.8.8.8\n");
    let done = reloader.reload();
    assert_eq!(outcomes(&done), [("lists.networks", Refused)]);
    let part = done.refused().next().unwrap();
    assert_eq!((part.faults[0].line, part.faults.len()), (Some(2), 1));
    assert_eq!(score("tx-3").rules.len(), 1);
    assert!(score("tx-4").degraded.contains(&"lists.networks.refused".to_owned()));
    fs::remove_file(files.path("lists/networks.txt")).unwrap();
    assert_eq!(outcomes(&reloader.reload()), [("lists.networks", Refused)]);
    assert_eq!(score("tx-5").rules.len(), 1);

    // Rules that name no list there are refused, with the list probably meant.
    files.write("lists/networks.txt", "8.8.8.0/24\n");
    files.write("rules/a.toml", &asks("network"));
    let done = reloader.reload();
    let fault = &done.refused().next().unwrap().faults[0];
    assert_eq!((fault.message.as_str(), fault.line), ("there is no list `network`", Some(9)));
    assert!(fault.excerpt.as_ref().unwrap().contains("did you mean `networks`?"), "{fault:?}");

    // Every decision is made again from its record, whatever the list says today.
    let ledger = engine.ledger().unwrap();
    for entry in ledger.scan(None).unwrap() {
        let stored = read_decision(&entry.unwrap()).unwrap();
        let kept =
            files.kept().snapshot(&stored.decision.versions, engine.snapshot().reference.clone());
        assert!(matches!(replay(&stored, &kept.unwrap()), Replay::Same(_)), "{stored:?}");
    }
}

#[test]
fn a_damaged_live_model_stops_no_start_and_is_mended_when_it_comes_again() {
    let files = Files::new();
    let origins = Origins { model: ModelOrigin::Bundled, ..files.origins() };
    let origins = origins.with_registry(&files.path("data"));
    let registry = origins.registry.clone().unwrap();
    let at = "2026-11-20T10:00:00Z".parse().unwrap();
    let by = By { who: Who::service("test"), at, note: String::new() };
    let model = Model::bundled().unwrap();
    registry.add(&model, None, &by).unwrap();
    registry.promote(model.digest(), &by).unwrap();
    fs::write(Artefacts::dir(&files.path("data")).join(format!("model-{}", model.digest())), "{}")
        .unwrap();
    let (snapshot, reload) = origins.load(Some(&files.kept())).unwrap();
    assert_eq!(reload.refused().map(|part| part.part.as_str()).collect::<Vec<_>>(), ["model"]);
    assert!(snapshot.degraded.contains(&"model.refused".to_owned()));
    registry.load(model.digest()).unwrap_err();
    registry.add(&model, None, &by).unwrap();
    registry.load(model.digest()).unwrap();
}
