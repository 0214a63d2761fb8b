//! `vouch doctor`: a line for each thing, exit codes, and that it finds what keeps a server from its work.

use super::serve::{Server, vouch};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// What it says of each check (the last where there are several), and its exit code.
fn looked(data_dir: &Path, arguments: &[&str]) -> (i32, Value) {
    let mut arguments = [&["doctor", "--json"], arguments].concat();
    if !arguments.contains(&"--listen") {
        arguments.extend(["--listen", "127.0.0.1:0"]);
    }
    let output = vouch(&arguments, data_dir).output().unwrap();
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut states = json!({});
    for check in said["checks"].as_array().unwrap() {
        assert!(check["state"] == "ok" || check["todo"].is_string(), "{check}");
        states[check["check"].as_str().unwrap()] = check["state"].clone();
    }
    assert!(said["state"].is_string(), "{said}");
    (output.status.code().unwrap(), states)
}

fn key(data_dir: &Path) {
    let made = vouch(&["key", "add", "--scope", "score"], data_dir).output().unwrap();
    assert!(made.status.success());
}

#[test]
fn a_first_start_and_a_running_server_are_well() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let (code, states) = looked(&data, &[]);
    assert_eq!((code, &states["data"], &states["ledger"]), (0, &json!("warn"), &json!("ok")));
    assert!(!data.exists(), "it only looks");

    fs::create_dir(&data).unwrap();
    fs::set_permissions(&data, fs::Permissions::from_mode(0o700)).unwrap();
    key(&data);
    let server = Server::start(&data, "");
    let sale =
        json!({"transaction_id": "tx-1", "type": "purchase", "event_time": "2020-11-20T10:00:00Z"});
    assert_eq!(server.ask("POST", "/v1/score", &sale.to_string()).0, 200);
    let (code, states) = looked(&data, &["--listen", server.address()]);
    for check in ["config", "data", "permissions", "ledger", "clock", "rules", "model", "port"] {
        assert_eq!(states[check], "ok", "{check}: {states}");
    }
    assert_eq!((code, &states["access"]), (0, &json!("ok")), "{states}");
    let output = vouch(&["doctor"], &data).output().unwrap();
    let page = String::from_utf8(output.stdout).unwrap();
    assert!(page.contains("ok    ledger") && page.contains(" records in "), "{page}");
    assert!(page.contains(&format!("in use by process {}", server.id())), "{page}");
}

#[test]
fn what_is_broken_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    Server::start(&data, "").stop();
    key(&data);
    let config = dir.path().join("vouch.toml");
    let with = |text: &str| -> (i32, Value) {
        fs::write(&config, text).unwrap();
        looked(&data, &["--config", config.to_str().unwrap()])
    };
    let (code, states) = with("[server]\nmax_bodi = 1");
    assert_eq!((code, &states["config"]), (1, &json!("fail")), "{states}");

    fs::create_dir(dir.path().join("rules")).unwrap();
    fs::write(dir.path().join("rules/a.toml"), "[[rule]]\nid = 1").unwrap();
    let (code, states) = with(&format!("[rules]\ndir = {:?}", dir.path().join("rules")));
    assert_eq!((code, &states["parts"]), (1, &json!("fail")), "{states}");

    let (code, states) = with("[stripe]\nwebhook_secrets = \"/nowhere\"");
    assert_eq!((code, &states["webhooks"]), (1, &json!("fail")), "{states}");

    let nowhere = "[server.tls]\ncertificate = \"/nowhere\"\nkey = \"/nowhere\"";
    assert_eq!(with(nowhere).1["tls"], "fail");

    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (code, states) = looked(&data, &["--listen", &address]);
    assert_eq!((code, &states["port"]), (1, &json!("fail")), "{states}");
    assert_eq!(looked(&data, &["--listen", "0.0.0.0:0"]).1["tls"], "warn", "clear text");

    let master = data.join("master.key");
    fs::set_permissions(&master, fs::Permissions::from_mode(0o644)).unwrap();
    let (code, states) = looked(&data, &[]);
    assert_eq!((code, &states["permissions"]), (1, &json!("fail")), "{states}");
    fs::set_permissions(&master, fs::Permissions::from_mode(0o600)).unwrap();

    fs::write(&master, format!("{}\n", "ab".repeat(32))).unwrap();
    let (code, states) = looked(&data, &[]);
    assert_eq!((code, &states["ledger"]), (1, &json!("fail")), "another's master key: {states}");
    fs::write(data.join("access.json"), "{").unwrap();
    assert_eq!(looked(&data, &[]).1["access"], "fail");
}
