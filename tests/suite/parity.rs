//! One history, three ways in: over HTTP, from a file, and again by replay. The decisions are equal.

use crate::serve::Server;
use serde_json::Value;
use std::path::Path;
use std::process::Command;

fn vouch(arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_vouch")).args(arguments).output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

/// A small world: its lines, in order.
fn world(dir: &Path) -> (String, Vec<Value>) {
    let path = dir.join("world.jsonl").display().to_string();
    let made = vouch(&["simulate", "--seed", "11", "--events", "600", "--out", &path]);
    assert_eq!(made.0, Some(0));
    let text = std::fs::read_to_string(&path).unwrap();
    (path, text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

/// The decision alone: without what is said of this one answer.
fn decision(mut answer: Value) -> Value {
    let members = answer.as_object_mut().unwrap();
    // The words for the buyer are those of the answer over HTTP, where no rule has its own.
    for member in ["customer_text", "durability", "repeated", "timing_us"] {
        members.remove(member);
    }
    let warnings = members.get_mut("warnings").unwrap().as_array_mut().unwrap();
    warnings.retain(|warning| warning["code"] != "event_time_late");
    answer
}

#[test]
fn http_file_and_replay_agree() {
    let dir = tempfile::tempdir().unwrap();
    let (path, lines) = world(dir.path());
    let data_dir = dir.path().join("data");

    let server = Server::start(&data_dir, "");
    let mut client = server.connect();
    let mut over_http = Vec::new();
    for line in &lines {
        let body = line.to_string();
        let is_event = line.get("event_id").is_some();
        let path = if is_event { "/v1/events" } else { "/v1/score" };
        let (status, answer) = client.ask("POST", path, &body).unwrap();
        assert_eq!(status, 200, "{answer}");
        if !is_event {
            over_http.push(decision(answer));
        }
    }
    drop((client, server));
    assert!(over_http.len() > 50, "{} transactions", over_http.len());

    let (code, listed) = vouch(&["score", &path, "--json"]);
    assert_eq!(code, Some(0));
    let from_file: Vec<Value> =
        listed.lines().map(|line| decision(serde_json::from_str(line).unwrap())).collect();
    assert_eq!(from_file.len(), over_http.len());
    for (file, http) in from_file.iter().zip(&over_http) {
        assert_eq!(file, http);
    }

    let data_dir = data_dir.display().to_string();
    for http in over_http.iter().step_by(10) {
        let id = http["decision_id"].as_str().unwrap();
        let (code, text) = vouch(&["replay", "--decision", id, "--data-dir", &data_dir, "--json"]);
        let replayed: Value = serde_json::from_str(&text).unwrap();
        assert_eq!((code, replayed["outcome"].as_str()), (Some(0), Some("same")), "{text}");
        assert_eq!(decision(replayed["stored"].clone()), *http);
    }
    assert_eq!(vouch(&["ledger", "verify", "--data-dir", &data_dir]).0, Some(0));
}
