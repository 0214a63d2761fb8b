//! A backup taken under load, restored and served.

use crate::ledger::run;
use crate::serve::Server;
use serde_json::{Value, json};
use std::fs;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Answers waited for before the backup begins, and after it.
const ANSWERS: usize = 40;
const CLIENTS: usize = 3;

fn purchase(id: &str) -> String {
    json!({
        "transaction_id": id, "type": "purchase", "event_time": "2020-11-20T10:00:00Z",
        "amount": {"value": "49.00", "currency": "EUR"},
        "account": {"id": format!("acc-{}", id.len()), "email": "j.doe@example.com"},
        "card": {"fingerprint": format!("fp-{id}"), "bin": "457173"},
        "device": {"ip": "81.2.69.142"},
    })
    .to_string()
}

fn decision(mut answer: Value) -> Value {
    for own in ["timing_us", "repeated", "durability"] {
        answer.as_object_mut().unwrap().remove(own);
    }
    answer
}

#[test]
fn a_backup_under_load_is_restored_and_answers_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let (data_dir, copy, new) =
        (dir.path().join("data"), dir.path().join("copy"), dir.path().join("new"));
    let config = "[ledger]\nsegment_mib = 8\n";
    let server = Server::start(&data_dir, config);
    let (answered, over) = (AtomicUsize::new(0), AtomicBool::new(false));
    let wait_for = |count: usize| {
        while answered.load(Ordering::Relaxed) < count {
            std::thread::yield_now();
        }
    };
    let mut before = vec![];
    let manifest: Value = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let (server, answered, over) = (&server, &answered, &over);
                scope.spawn(move || {
                    let mut connection = server.connect();
                    let mut told = vec![];
                    while !over.load(Ordering::Relaxed) {
                        let id = format!("tx-{client}-{}", told.len());
                        let (status, answer) =
                            connection.ask("POST", "/v1/score", &purchase(&id)).unwrap();
                        assert_eq!(status, 200, "{answer}");
                        let place = answered.fetch_add(1, Ordering::Relaxed);
                        told.push((place, id, decision(answer)));
                    }
                    told
                })
            })
            .collect();
        wait_for(ANSWERS);
        // Whatever has a smaller place was acknowledged before the backup began.
        let begun = answered.load(Ordering::Relaxed);
        let (code, out, said) =
            run(&["ledger", "backup", copy.to_str().unwrap(), "--json"], &data_dir);
        assert_eq!(code, 0, "{said}");
        wait_for(answered.load(Ordering::Relaxed) + ANSWERS);
        over.store(true, Ordering::Relaxed);
        let told = clients.into_iter().flat_map(|client| client.join().unwrap());
        before.extend(told.filter(|(place, ..)| *place < begun));
        serde_json::from_str(&out).unwrap()
    });
    let records = manifest["records"].as_u64().unwrap();
    assert!(records >= before.len() as u64 && before.len() >= ANSWERS, "{manifest}");
    assert!(records < answered.load(Ordering::Relaxed) as u64, "writes went on during the backup");
    server.stop();

    let restored = ["ledger", "restore", copy.to_str().unwrap()];
    let (code, out, said) = run(&restored, &new);
    assert_eq!(code, 0, "{said}");
    assert!(
        out.starts_with(&format!("{records} records, ")) && out.contains(" s, indexed"),
        "{out}"
    );
    let (code, out, _) = run(&["ledger", "verify", "--json"], &new);
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &report["last_hash"]), (0, &manifest["last_hash"]), "{report}");
    let server = Server::start(&new, config);
    let mut client = server.connect();
    for (_, id, told) in &before {
        let (status, found) = client.ask("GET", &format!("/v1/decisions/{id}"), "").unwrap();
        assert_eq!((status, &decision(found)), (200, told), "{id}");
        let (_, again) = client.ask("POST", "/v1/score", &purchase(id)).unwrap();
        assert_eq!(again["repeated"], true, "{id}");
    }
    drop(client);
    server.stop();
    let (code, _, said) = run(&restored, &new);
    assert_eq!(code, 2);
    assert!(said.contains("is there already and not empty"), "{said}");
}

#[test]
fn a_backup_that_was_changed_is_not_restored() {
    let dir = tempfile::tempdir().unwrap();
    let (data_dir, copy) = (dir.path().join("data"), dir.path().join("copy"));
    let server = Server::start(&data_dir, "");
    assert_eq!(server.ask("POST", "/v1/score", &purchase("tx-1")).0, 200);
    server.stop();
    fs::create_dir_all(data_dir.join("webhooks")).unwrap();
    for name in ["shop.cursor", "shop.cursor.new", "shop.dead.jsonl"] {
        fs::write(data_dir.join("webhooks").join(name), name).unwrap();
    }
    let copied = ["ledger", "backup", copy.to_str().unwrap(), "--without-master-key"];
    let (code, _, said) = run(&copied, &data_dir);
    assert_eq!((code, said.contains("without the master key")), (0, true), "{said}");
    let manifest: Value =
        serde_json::from_slice(&fs::read(copy.join("backup.json")).unwrap()).unwrap();
    let names: Vec<&str> = manifest["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| file["path"].as_str().unwrap())
        .collect();
    assert!(names.contains(&"ledger/00000001.log") && names.contains(&"keys.log"), "{names:?}");
    assert!(!names.contains(&"master.key"));
    let told: Vec<_> = names.iter().filter(|name| name.starts_with("webhooks/")).collect();
    assert_eq!(told, [&"webhooks/shop.cursor", &"webhooks/shop.dead.jsonl"], "whole files alone");
    for name in names {
        let path = copy.join(name);
        let good = fs::read(&path).unwrap();
        let mut bad = good.clone();
        let middle = bad.len() / 2;
        bad[middle] ^= 1;
        fs::write(&path, bad).unwrap();
        let new = dir.path().join("new");
        let (code, _, said) = run(&["ledger", "restore", copy.to_str().unwrap()], &new);
        assert_eq!(code, 2, "{name}");
        assert!(said.contains("is not the file that was backed up"), "{name}: {said}");
        assert!(!new.exists(), "{name}");
        fs::write(&path, good).unwrap();
    }
    let newer = serde_json::to_string(&manifest).unwrap().replace("\"format\":1", "\"format\":2");
    fs::write(copy.join("backup.json"), newer).unwrap();
    let (code, _, said) =
        run(&["ledger", "restore", copy.to_str().unwrap()], &dir.path().join("new"));
    assert_eq!(code, 2);
    assert!(said.contains("has format version 2; this vouch reads version 1"), "{said}");
    let left = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(left.into_iter().all(|name| !name.to_string_lossy().contains("partial")));
}

#[test]
fn access_keys_are_in_a_backup_and_open_the_restored_server() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let server = Server::start(&at("data"), "");
    let (status, answer) = server.connect().ask("POST", "/v1/score", &purchase("tx-1")).unwrap();
    assert_eq!(status, 200, "{answer}");
    server.stop();
    let (code, key, said) = run(&["key", "add", "--scope", "score"], &at("data"));
    assert_eq!(code, 0, "{said}");
    let (code, _, said) = run(&["ledger", "backup", at("copy").to_str().unwrap()], &at("data"));
    assert_eq!(code, 0, "{said}");
    let kept = fs::read_to_string(at("copy").join("access.json")).unwrap();
    assert!(!kept.contains(key.trim()), "digests alone");
    let copy = at("copy");
    let restore = ["ledger", "restore", copy.to_str().unwrap()];
    let (code, _, said) = run(&restore, &at("new"));
    assert_eq!((code, said.contains("1 access keys")), (0, true), "{said}");
    assert_eq!(fs::read_to_string(at("new").join("access.json")).unwrap(), kept);

    fs::write(at("copy").join("access.json"), kept.replace("score", "admin")).unwrap();
    let (code, _, said) = run(&restore, &at("other"));
    assert_eq!((code, said.contains("access.json")), (2, true), "{said}");
    assert!(!at("other").exists());
}
