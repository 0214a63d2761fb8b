//! Reloading a real server: by request, by signal and by itself, under load; and starting with what
//! was kept.

use super::serve::{Client, Server, vouch};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

const CLIENTS: usize = 3;
const RELOADS: usize = 20;

fn rule(action: &str) -> String {
    format!(
        "[group]\nowner = \"tests\"\n\n[[rule]]\nid = \"{action}\"\naction = \"{action}\"\n\
         reason = \"TEST\"\ntext = \"A test.\"\nwhen = \"amount_eur > 1\"\n"
    )
}

fn write(rules: &Path, text: &str) {
    let new = rules.with_extension("new");
    fs::write(&new, text).unwrap();
    fs::rename(new, rules.join("own.toml")).unwrap();
}

fn score(client: &mut Client, id: &str) -> Value {
    let body = json!({
        "transaction_id": id, "type": "purchase", "event_time": "2020-11-20T10:00:00Z",
        "amount": {"value": "49.00", "currency": "EUR"},
    });
    let (status, answer) = client.ask("POST", "/v1/score", &body.to_string()).unwrap();
    assert_eq!(status, 200, "{answer}");
    answer
}

#[test]
fn a_reload_drops_no_request_and_a_broken_rule_file_stops_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (rules, data) = (dir.path().join("rules"), dir.path().join("data"));
    fs::create_dir(&rules).unwrap();
    write(&rules, &rule("review"));
    let config = format!("[rules]\ndir = {:?}\n", rules.display().to_string());
    let server = Server::start(&data, &config);
    let (done, scored) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let (server, done, scored) = (&server, &done, &scored);
                scope.spawn(move || {
                    let mut connection = server.connect();
                    for n in 0.. {
                        if done.load(Ordering::Relaxed) {
                            break;
                        }
                        let answer = score(&mut connection, &format!("tx-{client}-{n}"));
                        let rule = answer["rules"][0]["id"].as_str().unwrap();
                        let action = if rule == "block" { "decline" } else { "review" };
                        assert_eq!(answer["action"], action, "{answer}");
                        scored.fetch_add(1, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        for n in 0..RELOADS {
            write(&rules, &rule(if n % 2 == 0 { "block" } else { "review" }));
            let (status, reload) = server.ask("POST", "/v1/reload", "");
            assert_eq!((status, &reload["parts"][0]["outcome"]), (200, &json!("replaced")));
            let before = scored.load(Ordering::Relaxed);
            while scored.load(Ordering::Relaxed) == before {
                std::thread::yield_now();
            }
        }
        done.store(true, Ordering::Relaxed);
        for client in clients {
            client.join().unwrap();
        }
    });

    // Broken, and told by a signal: the log has the place, the metrics and `degraded` the part.
    write(&rules, &rule("review").replace("reason =", "raeson ="));
    server.signal("HUP");
    server.wait_for_metric("vouch_part_refused{part=\"rules\"} 1");
    let (_, readiness) = server.ask("GET", "/readyz", "");
    assert_eq!(readiness["degraded"], json!(["rules.refused"]), "{readiness}");
    let (_, reload) = server.ask("POST", "/v1/reload", "");
    let faults = reload["parts"][0]["faults"].as_array().unwrap();
    let fault = faults.iter().find(|fault| fault["line"] == 7).unwrap();
    assert_eq!((&fault["line"], &fault["column"]), (&json!(7), &json!(1)), "{reload}");
    let log = fs::read_to_string(data.with_extension("log")).unwrap();
    let told = log.lines().find(|line| line.contains("own.toml:7:1")).unwrap();
    assert!(told.contains("^^^^^^") && told.contains("ERROR"), "{told}");
    let before = score(&mut server.connect(), "before");
    assert_eq!(before["rules"][0]["id"], "review");

    let list = |kind| {
        let arguments = ["ledger", "list", "--kind", "admin", "--type", kind, "--json"];
        let output = vouch(&arguments, &data).output().unwrap();
        String::from_utf8(output.stdout).unwrap().lines().count()
    };
    assert!(list("reload") > 0, "what was replaced is in the ledger");

    // Nor does it stop a start.
    drop(server);
    let server = Server::start(&data, &config);
    let after = score(&mut server.connect(), "after");
    assert_eq!(after["versions"], before["versions"]);
    assert_eq!(after["degraded"][0], "rules.refused", "{after}");
}

#[test]
fn a_changed_file_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let rules = dir.path().join("rules");
    fs::create_dir(&rules).unwrap();
    write(&rules, &rule("review"));
    let config =
        format!("[rules]\ndir = {:?}\n[reload]\npoll_s = 1\n", rules.display().to_string());
    let server = Server::start(&dir.path().join("data"), &config);
    let replaced = "vouch_part_loads_total{part=\"rules\",outcome=\"replaced\"}";
    server.wait_for_metric(&format!("{replaced} 1"));
    write(&rules, &rule("block"));
    server.wait_for_metric(&format!("{replaced} 2"));
    assert_eq!(score(&mut server.connect(), "tx-1")["action"], "decline");
}
