//! A real disk without room: a small tmpfs that only the server sees, filled and emptied again.
//!
//! Mounting needs root or user namespaces. `cargo test` alone says so and goes on where neither is to be
//! had; `tests/run` sets `VOUCH_SMALL_DISK`, and then it must work. A disk that turns read-only can't be
//! made so (the kernel refuses while files are open for writing); that fault is injected under the ledger
//! (`src/ledger/tests/faults.rs`, `src/http/tests/broken.rs`), as are failing syncs and a slow disk.

use crate::ledger::run;
use crate::serve::Server;
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use vouch::clock::Stopwatch;

/// Size of the disk: two segments of 8 MiB, keys, index, and some room to fill.
const DISK: &str = "size=40m";

/// A command in a mount namespace of its own, with a small disk at a directory.
fn on_small_disk(at: &Path) -> Command {
    let mut command = Command::new("unshare");
    let mount = format!("mount -t tmpfs -o {DISK} tmpfs \"$0\" && exec \"$@\"");
    command.args(["-Urm", "sh", "-c", &mount]).arg(at);
    command
}

/// Whether there can be a small disk; it must where `tests/run` says so.
fn possible(at: &Path) -> bool {
    let done = on_small_disk(at).arg("true").output();
    let possible = done.as_ref().is_ok_and(|done| done.status.success());
    #[expect(clippy::disallowed_methods, reason = "set by tests/run, which checks for it")]
    let must = std::env::var("VOUCH_SMALL_DISK").is_ok();
    assert!(possible || !must, "no small disk can be mounted: {done:?}");
    possible
}

/// A purchase of some 50 KB on disk.
fn purchase(id: &str) -> String {
    let filler: serde_json::Map<String, Value> =
        (0..60).map(|n| (format!("c{n}"), json!("x".repeat(256)))).collect();
    let items: Vec<Value> = (0..200)
        .map(|n| json!({"sku": format!("{}-{n}", "x".repeat(50)), "quantity": 1}))
        .collect();
    json!({
        "transaction_id": id, "type": "purchase", "event_time": "2020-11-20T10:00:00Z",
        "amount": {"value": "49.00", "currency": "EUR"}, "account": {"id": "acc-7"},
        "items": items, "custom": filler,
    })
    .to_string()
}

/// Writes until there is no room left.
fn fill(path: &Path) {
    let mut file = File::create(path).unwrap();
    let block = vec![1_u8; 4096];
    while file.write_all(&block).is_ok() {}
}

/// Asks until `done`; the asking itself is the wait.
fn until(what: &str, mut done: impl FnMut() -> bool) {
    let waited = Stopwatch::start();
    while !done() {
        assert!(waited.elapsed().as_secs() < 60, "{what}");
    }
}

#[expect(clippy::print_stderr, reason = "nothing is skipped silently")]
#[test]
fn a_full_disk_is_answered_by_policy_and_recovered_from() {
    let dir = tempfile::tempdir().unwrap();
    let data_dir = dir.path().join("data");
    fs::create_dir(&data_dir).unwrap();
    if !possible(&data_dir) {
        eprintln!("not tested: a small disk needs root or user namespaces (unshare -Urm)");
        return;
    }
    let mut command = on_small_disk(&data_dir);
    command.arg(env!("CARGO_BIN_EXE_vouch"));
    command.args(["serve", "--dev", "--listen", "127.0.0.1:0", "--data-dir"]).arg(&data_dir);
    command.env_remove("VOUCH_CONFIG");
    let config = "[ledger]\nsegment_mib = 8\non_slow_disk_score = \"unavailable\"\n";
    let server = Server::start_by(command, &data_dir, config);
    // The same directory as the server sees it.
    let seen = PathBuf::from(format!("/proc/{}/root{}", server.id(), data_dir.display()));
    assert!(seen.join("ledger").is_dir() && !data_dir.join("ledger").exists());

    let mut client = server.connect();
    let mut ask = |id: &str| client.ask("POST", "/v1/score", &purchase(id)).unwrap();
    let (status, answer) = ask("tx-0");
    assert_eq!(status, 200, "{answer}");
    fill(&seen.join("filler"));
    let (mut acknowledged, mut refused) = (1, None);
    for n in 1..1000 {
        let id = format!("tx-{n}");
        match ask(&id) {
            (200, answer) => {
                assert_eq!(answer["durability"], "fsync");
                acknowledged += 1;
            }
            (503, answer) => {
                assert_eq!(answer["error"]["code"], "not_kept");
                refused = Some(id);
                break;
            }
            other => panic!("{other:?}"),
        }
    }
    let refused = refused.expect("a full disk takes no records");
    assert!(server.metrics().lines().any(|line| line == "vouch_ledger_failed 1"));
    let (status, ready) = server.ask("GET", "/readyz", "");
    assert_eq!((status, &ready["reasons"]), (503, &json!(["the ledger takes no records"])));
    let (status, again) = ask("tx-0");
    assert_eq!((status, &again["repeated"]), (200, &json!(true)), "what is kept is answered");
    let verified = |dir: &Path| -> Value {
        let (code, out, said) = run(&["ledger", "verify", "--json"], dir);
        assert_eq!(code, 0, "{said}");
        serde_json::from_str(&out).unwrap()
    };
    assert_eq!(verified(&seen)["records"], acknowledged, "nothing half, nothing lost");

    fs::remove_file(seen.join("filler")).unwrap();
    until("ready again", || server.ask("GET", "/readyz", "").0 == 200);
    assert!(server.metrics().lines().any(|line| line == "vouch_ledger_failed 0"));
    let (status, answer) = ask(&refused);
    assert_eq!((status, &answer["repeated"]), (200, &json!(false)));
    assert_eq!(verified(&seen)["records"], acknowledged + 1);

    // The copy outlives the disk and answers as it did.
    let (copy, new) = (dir.path().join("copy"), dir.path().join("new"));
    let (code, _, said) = run(&["ledger", "backup", copy.to_str().unwrap()], &seen);
    assert_eq!(code, 0, "{said}");
    drop(server);
    assert_eq!(run(&["ledger", "restore", copy.to_str().unwrap()], &new).0, 0);
    let server = Server::start(&new, "");
    for n in 0..acknowledged {
        assert_eq!(server.ask("GET", &format!("/v1/decisions/tx-{n}"), "").0, 200, "tx-{n}");
    }
}
