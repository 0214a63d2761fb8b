//! The life of a model from the command line and in a running server: shadow, canary, promotion, rollback,
//! and what every decision names of it.

use crate::ledger::run;
use crate::pointintime::{feed, on_disk, world};
use crate::serve::{Client, Server};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use vouch::model::{Model, Scorer};

/// A model like the bundled one, of another opinion, in a directory of its own.
fn other(dir: &Path, name: &str, intercept: f64) -> (PathBuf, String) {
    let mut artefact = Model::bundled().unwrap().artefact().clone();
    name.clone_into(&mut artefact.name);
    let Scorer::Logistic(logistic) = &mut artefact.scorer else { panic!("a regression") };
    logistic.intercept += intercept;
    let bytes = artefact.seal().unwrap();
    let place = dir.join(name);
    fs::create_dir_all(&place).unwrap();
    fs::write(place.join("model.json"), bytes).unwrap();
    (place, artefact.sha256)
}

fn json(args: &[&str], data_dir: &Path) -> Value {
    let (code, out, said) = run(&[args, &["--json"]].concat(), data_dir);
    assert_eq!(code, 0, "{args:?}: {said}");
    serde_json::from_str(&out).unwrap()
}

fn score(client: &mut Client, id: &str, card: &str) -> Value {
    let body = json!({
        "transaction_id": id, "type": "purchase", "event_time": "2026-11-20T10:00:00Z",
        "amount": {"value": "49.00", "currency": "EUR"}, "card": {"fingerprint": card},
    });
    let (status, answer) = client.ask("POST", "/v1/score", &body.to_string()).unwrap();
    assert_eq!(status, 200, "{answer}");
    answer
}

fn reload(server: &Server) -> Value {
    let (status, done) = server.ask("POST", "/v1/reload", "");
    assert_eq!(status, 200);
    done
}

/// Puts a model into shadow: it says more than the live one, which goes on deciding.
fn shadowed(server: &Server, data: &Path, (place, sha): (&str, &str), bundled: &Value) {
    json(&["model", "shadow", place], data);
    let told = reload(server);
    let part = told["parts"].as_array().unwrap().iter().find(|p| p["part"] == "model.shadow");
    assert_eq!(part.unwrap()["outcome"], "replaced", "{told}");
    let shadowed = score(&mut server.connect(), "shadowed", "card-2");
    assert_eq!(shadowed["versions"]["shadow"], *sha);
    assert_eq!(shadowed["versions"]["model"], bundled["versions"]["model"]);
    let (own, shadow) = (&shadowed["risk_score"], &shadowed["shadow"]["risk_score"]);
    assert!(shadow.as_f64().unwrap() > own.as_f64().unwrap(), "{shadowed}");
}

/// Has a model decide for a share of cards: for each of them always, for no other ever.
fn shared(server: &Server, data: &Path, (place, sha): (&str, &str)) {
    json(&["model", "canary", place, "--percent", "30"], data);
    reload(server);
    let mut client = server.connect();
    let decided: Vec<bool> = (0..60)
        .map(|n| {
            let answer = score(&mut client, &format!("canary-{n}"), &format!("card-{n}"));
            assert_eq!(answer["versions"]["canary"], *sha);
            answer["versions"]["model"] == *sha
        })
        .collect();
    let share = decided.iter().filter(|by_canary| **by_canary).count();
    assert!((6..=32).contains(&share), "{share} of 60 at 30 %");
    for (n, by_canary) in decided.iter().enumerate() {
        let again = score(&mut client, &format!("again-{n}"), &format!("card-{n}"));
        assert_eq!(again["versions"]["model"] == *sha, *by_canary, "the same side");
    }
}

#[test]
fn a_model_is_tried_promoted_and_taken_back_under_load() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let (spring, spring_sha) = other(dir.path(), "spring", 2.0);
    let (autumn, autumn_sha) = other(dir.path(), "autumn", -1.0);
    let (spring, autumn) = (spring.to_str().unwrap(), autumn.to_str().unwrap());
    let server = Server::start(&data, "");
    let (done, scored) = (AtomicBool::new(false), AtomicUsize::new(0));
    let wait = || {
        let before = scored.load(Ordering::Relaxed);
        while scored.load(Ordering::Relaxed) < before + 20 {
            std::thread::yield_now();
        }
    };
    let mut client = server.connect();
    let bundled = score(&mut client, "first", "card-1");
    assert!(bundled.get("shadow").is_none() && bundled["versions"].get("shadow").is_none());
    std::thread::scope(|scope| {
        let load = scope.spawn(|| {
            let mut client = server.connect();
            for n in 0.. {
                if done.load(Ordering::Relaxed) {
                    return;
                }
                score(&mut client, &format!("load-{n}"), &format!("card-{}", n % 97));
                scored.fetch_add(1, Ordering::Relaxed);
            }
        });
        shadowed(&server, &data, (spring, spring_sha.as_str()), &bundled);
        wait();
        shared(&server, &data, (autumn, autumn_sha.as_str()));
        wait();
        let standing = json(&["model", "promote", "spring", "--by", "anna"], &data);
        assert_eq!((&standing["live"], &standing["shadow"]), (&json!(spring_sha), &Value::Null));
        json(&["model", "canary"], &data);
        reload(&server);
        wait();
        let promoted = score(&mut client, "promoted", "card-3");
        assert_eq!(promoted["versions"]["model"], *spring_sha);
        assert!(promoted.get("shadow").is_none() && promoted["versions"].get("canary").is_none());

        json(&["model", "promote", "autumn"], &data);
        json(&["model", "rollback", "--by", "ben", "--note", "too mild"], &data);
        reload(&server);
        assert_eq!(score(&mut client, "rolled", "card-4")["versions"]["model"], *spring_sha);
        json(&["model", "rollback"], &data);
        reload(&server);
        wait();
        let back = score(&mut client, "back", "card-5");
        assert_eq!(back["versions"], bundled["versions"]);
        done.store(true, Ordering::Relaxed);
        load.join().unwrap();
    });
    assert!(server.metrics().contains("vouch_shadow_decisions_total{action="));
    server.stop();

    let list = json(&["model", "list", "--models-dir", dir.path().to_str().unwrap()], &data);
    assert_eq!(list["models"].as_array().unwrap().len(), 2, "none twice: {list}");
    let changes = list["changes"].as_array().unwrap();
    let rolled = changes.iter().find(|change| change["who"] == "ben").unwrap();
    assert_eq!((&rolled["act"], &rolled["note"]), (&json!("rollback"), &json!("too mild")));
    let checked = json(&["model", "verify"], &data);
    assert!(checked.as_array().unwrap().iter().all(|one| one["findings"] == json!([])));
    let all = json(&["replay", "--all"], &data);
    assert!(all["decisions"].as_u64().unwrap() > 200);
    assert_eq!((&all["changed"], &all["unreadable"]), (&json!(0), &json!(0)), "{all}");
    assert_eq!(all["same"], all["decisions"]);
}

#[test]
fn what_is_promoted_outlives_a_start_and_damage_stops_none() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let (place, sha) = other(dir.path(), "spring", 1.0);
    json(&["model", "promote", place.to_str().unwrap()], &data);
    let server = Server::start(&data, "");
    let live =
        |server: &Server| score(&mut server.connect(), "tx", "card")["versions"]["model"].clone();
    assert_eq!(live(&server), *sha);
    server.stop();
    let artefact = data.join("artefacts").join(format!("model-{sha}"));
    let whole = fs::read(&artefact).unwrap();
    let journal = data.join("models").join("journal.jsonl");
    let text = fs::read_to_string(&journal).unwrap();
    fs::write(&journal, text.replacen("operator", "somebody", 1)).unwrap();
    let (code, _, said) = run(&["model", "list"], &data);
    assert!(code == 2 && said.contains("line 2: the line before it was changed"), "{said}");
    // The model served last is still whole, so the server goes on with it, and says so.
    let server = Server::start(&data, "");
    let answer = score(&mut server.connect(), "tx-2", "card");
    assert_eq!(answer["versions"]["model"], *sha);
    assert!(answer["degraded"].as_array().unwrap().contains(&json!("model.refused")), "{answer}");
    server.stop();
    fs::write(&journal, text).unwrap();
    fs::write(&artefact, &whole[..whole.len() / 2]).unwrap();
    let (code, out, _) = run(&["model", "verify"], &data);
    assert!(code == 1 && out.contains("the file ends in the middle"), "{out}");
}

#[test]
fn two_models_are_held_against_each_other_over_the_ledger() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let lines = world(7, 60, 120);
    feed(&on_disk(&data), &lines);
    let (same, _) = other(dir.path(), "same", 0.0);
    let mut artefact = Model::bundled().unwrap().artefact().clone();
    "blind".clone_into(&mut artefact.name);
    let Scorer::Logistic(logistic) = &mut artefact.scorer else { panic!("a regression") };
    for number in &mut logistic.numbers {
        number.coefficient *= -1.0;
    }
    let blind = dir.path().join("blind");
    fs::create_dir(&blind).unwrap();
    fs::write(blind.join("model.json"), artefact.seal().unwrap()).unwrap();
    let (same, blind) = (same.to_str().unwrap(), blind.to_str().unwrap());
    let head = ["model", "compare", "--mature-days", "5", "--draws", "200"];
    let found = json(&[&head[..], &[same, blind]].concat(), &data);
    let measure = |found: &Value, name: &str| {
        let measures = found["compared"]["measures"].as_array().unwrap();
        measures.iter().find(|measure| measure["measure"] == name).unwrap().clone()
    };
    let roc = measure(&found, "roc_auc");
    assert!(roc["difference"].as_f64().unwrap() < 0.0, "{found}");
    assert!(found["sales"]["fraud"].as_u64().unwrap() > 0, "{found}");
    let one = json(&[&head[..], &[same, blind, "--threads", "1"]].concat(), &data);
    assert_eq!(one, found, "whatever the number of threads");
    let alike = json(&[&head[..], &["models/default", same]].concat(), &data);
    assert_eq!(measure(&alike, "pr_auc")["p_value"], 1.0, "{alike}");
    let (code, table, said) = run(&[&head[..], &[same, blind]].concat(), &data);
    assert!(code == 0 && table.contains("95 % interval"), "{said}");
    let (code, _, said) = run(&[&head[..], &[same]].concat(), &data);
    assert!(code == 2 && said.contains("no model `canary`"), "{said}");
}

const MAP: &str = "[[table]]\nname = \"sales\"\n[table.fields]\ntransaction_id = \"no\"\n\
    type = { constant = \"purchase\" }\nevent_time = { column = \"day\", as = \"%Y-%m-%d %H:%M\" }\n\
    amount.value = \"sum\"\namount.currency = { constant = \"EUR\" }\naccount.id = \"buyer\"\n\
    custom.campaign = \"utm\"\ncustom.seats = { column = \"seats\", as = \"number\" }\n\
    [table.label]\ncolumn = \"bad\"\ndelay = \"1d\"\n\
    values = { 1 = \"stolen_instrument\", 0 = \"legitimate\" }\n";

/// Sales of three months whose frauds come by one campaign; what is not known is empty.
fn sales() -> String {
    let mut text = "no,day,sum,buyer,utm,seats,bad\n".to_owned();
    for n in 0..1800_u32 {
        let utm = ["search", "affiliate", "", "news"][n as usize % 4];
        let draw = n.wrapping_mul(2_654_435_761) >> 16 & 0xff;
        let bad = u32::from(draw < if utm == "affiliate" { 120 } else { 6 });
        let seats = if n % 7 == 0 { String::new() } else { (n % 5).to_string() };
        let (month, day) = (1 + n / 600, 1 + n % 600 / 22);
        let (hour, minute) = (n % 22, n % 60);
        writeln!(
            text,
            "s-{n},2026-{month:02}-{day:02} {hour:02}:{minute:02},{}.00,b-{n},{utm},{seats},{bad}",
            20 + n % 9
        )
        .unwrap();
    }
    text
}

#[test]
fn a_shops_own_columns_are_features_in_training_and_at_checkout() {
    let dir = tempfile::tempdir().unwrap();
    let (file, map) = (dir.path().join("sales.csv"), dir.path().join("map.toml"));
    fs::write(&file, sales()).unwrap();
    fs::write(&map, MAP).unwrap();
    for kind in ["boosted", "logistic"] {
        let data = dir.path().join(kind);
        let out = dir.path().join(format!("own-{kind}"));
        let own = [
            "--custom",
            "campaign=word",
            "--custom",
            "seats=number",
            "--model",
            kind,
            "--trees",
            "30",
        ];
        let files = [file.to_str().unwrap(), "--map", map.to_str().unwrap()];
        let places = ["--out", out.to_str().unwrap(), "--delay", "1d"];
        let (code, _, said) = run(&[&["train"], &files[..], &places, &own].concat(), &data);
        assert!(code <= 1 && out.join("model.json").is_file(), "{kind}: {said}");
        let text = fs::read_to_string(out.join("model.json")).unwrap();
        assert!(text.contains("custom.campaign"), "{kind}");
        json(&["model", "promote", out.to_str().unwrap()], &data);
        assert_eq!(json(&["model", "verify"], &data)[0]["findings"], json!([]));
        let server = Server::start(&data, "");
        let mut client = server.connect();
        let mut asked = |id: &str, custom: Value| {
            let body = json!({
                "transaction_id": id, "type": "purchase", "event_time": "2026-11-20T10:00:00Z",
                "amount": {"value": "24.00", "currency": "EUR"}, "custom": custom,
            });
            let (status, answer) = client.ask("POST", "/v1/score", &body.to_string()).unwrap();
            assert_eq!(status, 200, "{answer}");
            answer
        };
        let p = |answer: &Value| answer["fraud_probability"].as_f64().unwrap();
        let bad = asked("bad", json!({"campaign": "affiliate", "seats": 2}));
        let good = asked("good", json!({"campaign": "search", "seats": 2}));
        let nothing = asked("nothing", json!({}));
        let unseen = asked("unseen", json!({"seats": "two"}));
        assert!(p(&bad) > 4.0 * p(&good), "{kind}: {bad} {good}");
        assert!(p(&nothing) < p(&bad) && p(&nothing) > 0.0, "{kind}: {nothing}");
        assert_eq!(p(&unseen).to_bits(), p(&nothing).to_bits(), "what is no number is missing");
        assert_eq!(bad["reasons"][0]["code"], "OWN_FACTS", "{bad}");
        server.stop();
        let explained = json(&["model", "explain", "bad"], &data);
        assert_eq!(explained["groups"][0]["code"], "OWN_FACTS", "{explained}");
        assert!(explained["groups"][0]["multiplier"].as_f64().unwrap() > 1.0);
    }
}
