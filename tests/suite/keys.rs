//! Access keys by the program: made, used, replaced and taken away while the server runs.

use crate::serve::{Server, vouch};
use serde_json::Value;
use std::path::Path;

fn key(data_dir: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output = vouch(&[&["key"], arguments].concat(), data_dir).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().trim().to_owned();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn made(data_dir: &Path, scope: &str) -> String {
    let (code, key, said) = key(data_dir, &["add", "--scope", scope, "--label", "checkout"]);
    assert_eq!(code, 0, "{said}");
    key
}

/// Asks until the answer has this status.
fn wait_for(server: &Server, key: &str, status: u16) {
    let mut client = server.connect();
    let more = format!("authorization: Bearer {key}\r\n");
    for _ in 0..200_000 {
        if client.ask_with("GET", "/v1/rules", "", &more).unwrap().0 == status {
            return;
        }
    }
    panic!("never {status}");
}

#[test]
fn keys_open_and_close_a_running_server() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let first = made(&data, "rules");
    let command = vouch(&["serve", "--listen", "127.0.0.1:0"], &data);
    let server = Server::start_by(command, &data, "");
    assert_eq!(server.ask("GET", "/v1/rules", "").0, 401);
    assert_eq!(server.ask("GET", "/healthz", "").0, 200);
    wait_for(&server, &first, 200);
    let second = made(&data, "rules");
    wait_for(&server, &second, 200);
    let id = first.split('_').nth(1).unwrap();
    let (code, third, _) = key(&data, &["rotate", id, "--overlap-hours", "0"]);
    assert_eq!(code, 0);
    wait_for(&server, &third, 200);
    wait_for(&server, &first, 401);
    let second_id = second.split('_').nth(1).unwrap();
    assert_eq!(key(&data, &["revoke", second_id]).0, 0);
    wait_for(&server, &second, 401);
    let (code, _, said) = key(&data, &["revoke", second_id]);
    assert_eq!((code, said.contains("there is no key")), (2, true), "{said}");
    let (_, listed, _) = key(&data, &["list", "--json"]);
    let listed: Value = serde_json::from_str(&listed).unwrap();
    let keys = listed["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 2, "{listed}");
    assert!(keys.iter().any(|key| key["replaces"] == id && key["label"] == "checkout"), "{listed}");
    let audit = audit(&data, 5);
    server.stop();
    let log = std::fs::read_to_string(data.with_extension("log")).unwrap();
    for key in [&first, &second, &third] {
        let secret = key.rsplit('_').next().unwrap();
        assert!(!log.contains(secret) && !listed.to_string().contains(secret));
    }
    let id = |key: &str| key.split('_').nth(1).unwrap().to_owned();
    let told = |word: &str, key: &str| audit.contains(&(word.to_owned(), id(key)));
    assert!(told("key.add", &first) && told("key.add", &second), "{audit:?}");
    assert!(told("key.change", &first) && told("key.rotate", &third), "{audit:?}");
    assert!(told("key.revoke", &second), "{audit:?}");
    assert_eq!(audit.len(), 5, "each once: {audit:?}");
}

/// The audit as the ledger lists it, once it has so many entries: type and key, the latest first.
fn audit(data_dir: &Path, count: usize) -> Vec<(String, String)> {
    for _ in 0..1_000 {
        let output =
            vouch(&["ledger", "list", "--kind", "admin", "--json"], data_dir).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let rows: Vec<Value> = text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
        if rows.len() >= count {
            let word = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
            let about = |id: String| id.split('-').nth(1).unwrap().to_owned();
            return rows.iter().map(|r| (word(r, "type"), about(word(r, "id")))).collect();
        }
    }
    panic!("never {count} entries");
}

#[test]
fn without_a_key_nobody_else_is_served() {
    let dir = tempfile::tempdir().unwrap();
    let serve = |data: &Path, more: &[&str]| {
        let arguments = [&["serve", "--listen", "0.0.0.0:0"], more].concat();
        let mut command = vouch(&arguments, data);
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, said) = serve(&dir.path().join("none"), &[]);
    assert!(code == Some(2) && said.contains("vouch key add"), "{said}");
    let data = dir.path().join("some");
    made(&data, "score");
    let all_gone = dir.path().join("gone");
    let id = made(&all_gone, "score").split('_').nth(1).unwrap().to_owned();
    assert_eq!(key(&all_gone, &["revoke", &id]).0, 0);
    let command = vouch(&["serve", "--listen", "127.0.0.1:0"], &all_gone);
    let server = Server::start_by(command, &all_gone, "");
    assert_eq!(server.ask("GET", "/v1/rules", "").0, 401, "the last key taken away opens nothing");
    let (code, said) = serve(&data, &["--dev"]);
    assert!(code == Some(2) && said.contains("not a loopback address"), "{said}");
    std::fs::write(data.join("access.json"), "{").unwrap();
    let (code, said) = serve(&data, &[]);
    assert!(code == Some(2) && said.contains("access.json"), "{said}");
}
