//! `vouch ledger` as people use it: questions, a customer's history, taking it elsewhere.

use crate::serve::vouch;
use serde_json::{Value, json};
use std::path::Path;

/// What two customers did: `acc-7` buys, subscribes, uses, is refunded and disputes; `acc-8` shares a
/// device with them and buys from another seller.
fn lines() -> Vec<Value> {
    let at = |day: u32, hour: u32| format!("2026-03-{day:02}T{hour:02}:00:00Z");
    let buy = |id: &str, time: String, account: &str, card: &str, seller: &str| {
        json!({
            "transaction_id": id, "type": "purchase", "event_time": time, "order_id": format!("o-{id}"),
            "seller_id": seller, "amount": {"value": "49.00", "currency": "EUR"},
            "account": {"id": account, "email": format!("{account}+shop@example.com")},
            "card": {"fingerprint": card, "bin": "457173"},
            "device": {"ip": "81.2.69.142", "device_id": "d-1"},
            "items": [{"sku": "game-1", "quantity": 1}],
        })
    };
    let mut key = buy("tx-1", at(1, 9), "acc-7", "fp-a", "s-1");
    key["fulfilment"] = json!({"method": "licence_key", "licence_key": "KEY-1"});
    let mut renewal = buy("tx-2", at(4, 9), "acc-7", "fp-b", "s-2");
    renewal["type"] = json!("renewal");
    renewal["subscription"] = json!({"id": "sub-1", "plan": "pro", "renewal_number": 1});
    vec![
        key,
        json!({"event_id": "e-1", "type": "auth.result", "event_time": at(1, 10),
            "transaction_id": "tx-1", "data": {"outcome": "approved"}}),
        json!({"event_id": "e-2", "type": "licence.activated", "event_time": at(2, 9),
            "licence_key": "KEY-1", "account_id": "acc-7", "device_id": "d-1"}),
        renewal,
        buy("tx-3", at(5, 9), "acc-8", "fp-c", "s-1"),
        json!({"event_id": "e-3", "type": "dispute.created", "event_time": at(20, 9),
            "transaction_id": "tx-1", "dispute_id": "dp-1",
            "data": {"network_reason_code": "10.4", "reason": "fraudulent",
                "amount": {"value": "49.00", "currency": "EUR"}}}),
        // Told late: it lies behind the dispute in the ledger and before it in the history.
        json!({"event_id": "e-4", "type": "refund", "event_time": at(6, 9), "transaction_id": "tx-2",
            "data": {"amount": {"value": "49.00", "currency": "EUR"}}}),
    ]
}

/// Scores and records lines into a data directory.
pub(crate) fn keep(data_dir: &Path, lines: &[Value]) {
    let file = data_dir.with_extension("jsonl");
    let text: Vec<String> = lines.iter().map(Value::to_string).collect();
    std::fs::write(&file, text.join("\n")).unwrap();
    let (code, _, said) = run(&["score", file.to_str().unwrap(), "--json"], data_dir);
    assert_eq!(code, 0, "{said}");
}

/// Exit code, standard output and standard error of a command.
pub(crate) fn run(args: &[&str], data_dir: &Path) -> (i32, String, String) {
    let done = vouch(args, data_dir).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (done.status.code().unwrap(), text(done.stdout), text(done.stderr))
}

/// The ids a `ledger list` finds, the latest first.
fn listed(data_dir: &Path, args: &[&str]) -> Vec<String> {
    let args = [&["ledger", "list", "--json"], args].concat();
    let (code, out, said) = run(&args, data_dir);
    assert_eq!(code, 0, "{said}");
    let id = |line: &str| serde_json::from_str::<Value>(line).unwrap()["id"].clone();
    out.lines().map(|line| id(line).as_str().unwrap().to_owned()).collect()
}

#[test]
fn entries_are_found_by_whom_they_are_about() {
    let dir = tempfile::tempdir().unwrap();
    let data_dir = dir.path().join("data");
    keep(&data_dir, &lines());
    for (args, ids) in [
        (&["--account", "acc-7"][..], &["tx-2", "e-2", "tx-1"][..]),
        (&["--email", "ACC-7@example.com"], &["tx-2", "tx-1"]),
        (&["--card", "fp-a"], &["tx-1"]),
        (&["--card", "fp-a", "--related"], &["e-3", "e-1", "tx-1"]),
        (&["--device", "d-1"], &["tx-3", "tx-2", "e-2", "tx-1"]),
        (&["--device", "d-1", "--account", "acc-8"], &["tx-3"]),
        (&["--ip", "::ffff:81.2.69.142", "--seller", "s-1"], &["tx-3", "tx-1"]),
        (&["--licence", "KEY-1"], &["e-2", "tx-1"]),
        (&["--subscription", "sub-1"], &["tx-2"]),
        (&["--seller", "s-1"], &["tx-3", "tx-1"]),
        (&["--seller", "s-1", "--related", "--kind", "dispute"], &["e-3"]),
        (&["--order", "o-tx-3"], &["tx-3"]),
        (&["--type", "refund"], &["e-4"]),
        (&["--from", "2026-03-04", "--to", "2026-03-06"], &["tx-3", "tx-2"]),
        (&["--account", "acc-9"], &[]),
        (&["--account", "acc-7", "--tenant", "other"], &[]),
    ] {
        assert_eq!(listed(&data_dir, args), ids, "{args:?}");
    }
}

/// An empty table would say that there is nothing of the kind.
#[test]
fn what_is_asked_for_by_a_wrong_word_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let data_dir = dir.path().join("data");
    keep(&data_dir, &lines());
    for (args, why) in [
        (&["--action", "aprove"][..], "approve"),
        (&["--type", "purchse"], "purchase"),
        (&["--ip", "81.2.69"], "invalid IP address"),
        (&["--email", "j.doe"], "not an e-mail address"),
        (&["--account", ""], "--account"),
        (&["--transaction", ""], "--transaction"),
        (&["--from", "2026-03-06", "--to", "2026-03-04"], "nothing lies between them"),
        (&["--related"], "related to whom?"),
        (&["--limit", "0"], "--limit"),
    ] {
        let (code, out, said) = run(&[&["ledger", "list"], args].concat(), &data_dir);
        assert_eq!((code, out.as_str()), (2, ""), "{args:?}: {said}");
        assert!(said.contains(why), "{args:?}: {said}");
    }
    let customer = ["ledger", "timeline", "--account", "acc-7"];
    for (args, expected, why) in [
        (&["--limit", "0"][..], 2, "--limit"),
        (&["--after", "999"], 2, "there is no entry 999"),
        (&["--from", "2026-03-06", "--to", "2026-03-04"], 2, "nothing lies between them"),
        (&["--from", "2027-01-01"], 0, "nothing of theirs is in that range"),
        (&["--after", "6"], 0, "nothing of theirs is in that range"),
    ] {
        let (code, out, said) = run(&[&customer, args].concat(), &data_dir);
        assert_eq!((code, out.as_str()), (expected, ""), "{args:?}: {said}");
        assert!(said.contains(why), "{args:?}: {said}");
    }
}

#[test]
fn pages_join_without_a_gap_while_entries_arrive() {
    let dir = tempfile::tempdir().unwrap();
    let data_dir = dir.path().join("data");
    keep(&data_dir, &lines());
    let (mut seen, mut after) = (vec![], None::<String>);
    loop {
        let mut args = vec!["ledger", "list", "--json", "--limit", "2"];
        args.extend(after.iter().flat_map(|after| ["--after", after.as_str()]));
        let (_, out, said) = run(&args, &data_dir);
        let rows: Vec<Value> =
            out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let Some(last) = rows.last() else { break };
        assert_eq!(said.contains(&format!("more: --after {}", last["sequence"])), rows.len() == 2);
        if after.is_none() {
            keep(
                &data_dir,
                &[json!({"event_id": "later", "type": "session.login",
                "event_time": "2026-03-03T09:00:00Z", "account_id": "acc-7"})],
            );
        }
        after = Some(last["sequence"].to_string());
        seen.extend(rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()));
    }
    assert_eq!(seen, ["e-4", "e-3", "tx-3", "tx-2", "e-2", "e-1", "tx-1"]);
}

#[test]
fn a_customers_history_is_told_in_one_order() {
    let dir = tempfile::tempdir().unwrap();
    let data_dir = dir.path().join("data");
    keep(&data_dir, &lines());
    let (code, table, _) = run(&["ledger", "timeline", "--account", "acc-7"], &data_dir);
    assert_eq!(code, 0);
    expect_test::expect![[r"
        time                  what          type               amount     outcome   transaction  detail      number
        2026-03-01T09:00:00Z  one_off       purchase           49.00 EUR  approve   tx-1         game-1      1
        2026-03-01T10:00:00Z  payment       auth.result        -          approved  tx-1         -           2
        2026-03-02T09:00:00Z  usage         licence.activated  -          -         -            KEY-1       3
        2026-03-04T09:00:00Z  subscription  renewal            49.00 EUR  approve   tx-2         pro         4
        2026-03-06T09:00:00Z  refund        refund             49.00 EUR  -         tx-2         -           7
        2026-03-20T09:00:00Z  dispute       dispute.created    49.00 EUR  -         tx-1         fraudulent  6
    "]]
    .assert_eq(&table);
    let page =
        ["ledger", "timeline", "--account", "acc-7", "--json", "--limit", "2", "--after", "4"];
    let (_, out, said) = run(&page, &data_dir);
    let what: Vec<Value> = out
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["what"].clone())
        .collect();
    assert_eq!(what, ["refund", "dispute"]);
    assert_eq!(said, "more: --after 6\n");
    let (code, out, said) = run(&["ledger", "timeline", "--account", "acc-9"], &data_dir);
    assert_eq!((code, out.as_str(), said.as_str()), (1, "", "nothing is known of them\n"));
    let (code, _, said) = run(&["ledger", "timeline"], &data_dir);
    assert_eq!(code, 2);
    assert!(said.contains("give --account"), "{said}");
}

#[test]
fn a_persons_data_are_given_out_and_erased_also_under_another_master_key() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    keep(&data, &lines());
    let person = || {
        let (code, out, said) = run(&["ledger", "person", "--account", "acc-7"], &data);
        assert_eq!(code, 0, "{said}");
        let mut told: Value = serde_json::from_str(&out).unwrap();
        told.as_object_mut().unwrap().remove("made_at");
        told
    };
    let before = person();
    let count = |told: &Value, list: &str| told[list].as_array().unwrap().len();
    let counts = ["transactions", "events", "dispute_events"].map(|list| count(&before, list));
    assert_eq!(counts, [2, 3, 1], "{before}");
    assert!(!before.to_string().contains("acc-8"), "{before}");
    assert_eq!(run(&["ledger", "person", "--account", "nobody"], &data).0, 1);
    let file = dir.path().join("acc-7.json");
    let out = ["ledger", "person", "--account", "acc-7", "--out", file.to_str().unwrap()];
    assert_eq!((run(&out, &data).0, run(&out, &data).0), (0, 2), "never over a file");

    let key = || std::fs::read_to_string(data.join("master.key")).unwrap();
    let old = key();
    let (code, out, said) = run(&["ledger", "rekey"], &data);
    assert_eq!((code, out.contains("keys wrapped")), (0, true), "{said}");
    assert_ne!(key(), old);
    assert_eq!(run(&["ledger", "verify"], &data).0, 0);
    assert_eq!(person(), before);

    let (code, _, said) = run(&["ledger", "expire"], &data);
    assert_eq!((code, said.contains("retention.personal_days")), (2, true), "{said}");
    let dry = ["ledger", "expire", "--days", "30", "--dry-run", "--json"];
    let (code, out, said) = run(&dry, &data);
    let told: Value = serde_json::from_str(&out).unwrap();
    let all = ["erased", "held", "disputed", "disputable"].map(|name| told[name].as_u64().unwrap());
    assert!(code == 0 && all.iter().sum::<u64>() <= 2, "{told} {said}");
    assert_eq!(person(), before, "nobody was erased");

    let (code, out, said) = run(&["ledger", "erase", "--account", "acc-7"], &data);
    assert_eq!((code, out.starts_with("erased: ")), (0, true), "{out} {said}");
    let gone = person();
    assert_eq!((count(&gone, "transactions"), &gone["erased"]), (0, &json!(6)), "{gone}");
    assert_eq!(run(&["ledger", "verify"], &data).0, 0);
}
