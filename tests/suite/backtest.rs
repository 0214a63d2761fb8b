//! Backtests over a simulated ledger: what was decided is found again, whatever the way the decisions
//! come, and another set of rules changes what it says it changes.

use crate::ledger::run;
use crate::pointintime::{feed, on_disk, world};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use vouch::decision::Policy;
use vouch::domain::{DAY_MS, TenantId, Timestamp};
use vouch::engine::past::{Hindsight, LedgerOf, Maturity, Run, over_ledger, read_aftermath};
use vouch::engine::{Appeal, AppealOf, Buyer, Engine, Snapshot, Who, read_decision};
use vouch::ledger::{AckPolicy, EntryKind, LedgerConfig, Reader};
use vouch::model::Model;
use vouch::rules::{RuleSet, Source};
use vouch::simulate::Line;
use vouch::velocity::Limits;

/// Rules that find something in a small world.
const RULES: &str = r#"[[rule]]
id = "often"
action = "review"
reason = "OFTEN"
text = "Bought before."
when = 'account_tx_count_30d >= 1 || card_tx_count_1d >= 1'

[[rule]]
id = "dear"
action = "block"
reason = "DEAR"
text = "A high price."
when = 'amount_eur > 60'

[[rule]]
id = "never"
action = "block"
reason = "NEVER"
text = "Never."
when = 'amount_eur > 9000000'
"#;

/// A ledger of a month's first lines, and the same lines as a file.
fn filled(dir: &Path) -> (PathBuf, PathBuf, u64) {
    let (data_dir, file) = (dir.join("data"), dir.join("world.jsonl"));
    let lines: Vec<Line> = world(5, 30, 60).into_iter().take(150).collect();
    let mut text = Vec::new();
    for line in &lines {
        line.append_to(&mut text).unwrap();
    }
    fs::write(&file, text).unwrap();
    let decisions = feed(&on_disk(&data_dir), &lines).len() as u64;
    (data_dir, file, decisions)
}

/// Exit code, page and what was said of a backtest.
fn tested(data_dir: &Path, args: &[&str]) -> (i32, Value, String) {
    let head = ["rules", "backtest", "--mature-days", "3", "--json", "-"];
    let (code, out, said) = run(&[&head, args].concat(), data_dir);
    (code, serde_json::from_str(&out).unwrap_or_default(), said)
}

#[test]
fn recorded_decisions_are_reproduced() {
    let dir = tempfile::tempdir().unwrap();
    let (data_dir, _, decisions) = filled(dir.path());
    let (code, page, said) = tested(&data_dir, &["--from-ledger"]);
    assert_eq!(code, 0, "{said}");
    let found = &page["reproduction"];
    assert_eq!((&found["compared"], &found["same"]), (&decisions.into(), &decisions.into()));
    assert_eq!((&found["different"], &page["rows"]["all"]), (&0.into(), &decisions.into()));
    let stays = |shift: &Value| shift["was"] == shift["now"];
    assert!(page["shifts"].as_array().unwrap().iter().all(stays), "{}", page["shifts"]);
    assert!(page["rules"].as_array().unwrap().iter().any(|rule| rule["hits"]["all"] != 0));
    let one = tested(&data_dir, &["--from-ledger", "--threads", "1"]).1;
    assert_eq!(one, tested(&data_dir, &["--from-ledger", "--threads", "3"]).1);

    // A rule on its last day acts by the time of the sale, not of the backtest.
    let part = |args: &[&str]| tested(&data_dir, &[&["--from-ledger"], args].concat()).1;
    let all = |page: &Value| page["rows"]["all"].as_u64().unwrap();
    let before = part(&["--to", "2026-03-01T12:00:00Z"]);
    let after = part(&["--from", "2026-03-01T12:00:00Z"]);
    assert!(all(&before) > 0 && all(&before) + all(&after) == decisions);
}

/// Rules of every kind, over each of which something holds its hand now and then.
const HELD_BACK: &str = r#"[[rule]]
id = "canary"
action = "block"
mode = "canary"
canary = { percent = 40, by = "account" }
reason = "CANARY"
text = "Tried out."
when = 'amount_eur > 25'

[[rule]]
id = "dear"
action = "block"
reason = "DEAR"
text = "A high price."
when = 'amount_eur > 45'

[[rule]]
id = "dearest"
action = "block"
guard = false
reason = "DEAREST"
text = "The highest price."
when = 'amount_eur > 500'

[[rule]]
id = "again"
action = "review"
reason = "AGAIN"
text = "Bought before."
when = 'account_tx_count_30d >= 2'

[[rule]]
id = "asked"
action = "challenge"
challenge = "email_otp"
reason = "ASKED"
text = "Anyone with a mailbox."
when = 'amount_eur > 15'

[[rule]]
id = "worse"
action = "adjust"
adjust = 0.7
reason = "WORSE"
text = "Worse."
when = 'amount_eur > 10'

[[rule]]
id = "tried"
action = "block"
mode = "shadow"
reason = "TRIED"
text = "Tried."
when = 'amount_eur > 5'
"#;

/// A purchase of a buyer whose earlier ones are settled by the last day, and the issuer's yes.
fn purchase(day: u32, cents: u32) -> [Line; 2] {
    let (at, id) = (noon(day), format!("loyal-{day}"));
    let tx = serde_json::json!({
        "transaction_id": id, "type": "purchase", "event_time": at,
        "amount": {"value": format!("{}.{:02}", cents / 100, cents % 100), "currency": "EUR"},
        "account": {"id": "loyal", "email": "loyal@example.com", "created_at": noon(0)},
        "card": {"fingerprint": "fp-loyal", "bin": "457173"}, "device": {"device_id": "d-loyal"},
        "payment": {"method": "card"},
    });
    let approved = serde_json::json!({
        "event_id": format!("{id}-yes"), "type": "auth.result", "transaction_id": id,
        "event_time": at, "data": {"outcome": "approved"},
    });
    let transaction = Line::Transaction(Box::new(serde_json::from_value(tx).unwrap()));
    [transaction, Line::Event(Box::new(serde_json::from_value(approved).unwrap()))]
}

/// Noon, so many days after the end of February.
fn noon(day: u32) -> String {
    let start: Timestamp = "2026-02-28T12:00:00Z".parse().unwrap();
    start.plus_millis(i64::from(day) * DAY_MS).to_string()
}

/// Each recorded action is found again, whoever was let through by a person, a share or their history.
#[test]
fn what_was_held_back_is_held_back_again() {
    let dir = tempfile::tempdir().unwrap();
    let rules = RuleSet::from_sources(&[Source::new("held.toml", HELD_BACK)]).unwrap();
    let base = crate::pointintime::snapshot();
    let model = Some(Model::bundled().unwrap());
    let snapshot = Snapshot::new(base.reference.clone(), rules, model, Policy::default());
    let config = LedgerConfig { durability: AckPolicy::Os, ..LedgerConfig::new(dir.path()) };
    let limits = Limits { max_keys: 100_000, seed: 2 };
    let engine = Engine::open(snapshot, config, limits, &mut |_| ()).unwrap();
    let (tenant, who) = (TenantId::default_tenant(), Who::new("ann").unwrap());
    let lines: Vec<Line> = world(5, 30, 60).into_iter().take(260).collect();
    let account = |line: &Line| match line {
        Line::Transaction(tx) => tx.account.as_ref()?.id.as_ref().map(ToString::to_string),
        Line::Event(_) => None,
    };
    let (first, second) = lines.split_at(90);
    feed(&engine, first);
    let now: Timestamp = "2026-03-02T00:00:00Z".parse().unwrap();
    let until = now.plus_millis(300 * DAY_MS);
    let accounts: std::collections::BTreeSet<String> = lines.iter().filter_map(account).collect();
    for (number, account) in accounts.iter().enumerate() {
        let buyer = Buyer::new("account", account).unwrap();
        match number % 4 {
            0 => drop(
                engine
                    .snooze(&tenant, &who, (Some("dear".into()), &buyer, until, String::new()), now)
                    .unwrap(),
            ),
            1 => drop(
                engine
                    .grant(
                        &tenant,
                        &who,
                        Appeal { of: AppealOf::Buyer(buyer), until, note: String::new() },
                        now,
                    )
                    .unwrap(),
            ),
            _ => {}
        }
    }
    feed(&engine, second);
    let loyal = [(1, 900), (2, 905), (33, 910), (100, 9_000), (101, 90_000)];
    let loyal = loyal.into_iter().flat_map(|(day, cents)| purchase(day, cents));
    feed(&engine, &loyal.collect::<Vec<_>>());
    let set = RuleSet::from_sources(&[Source::new("held.toml", HELD_BACK)]).unwrap();
    drop(engine);

    let reader = Reader::open(dir.path(), None).unwrap();
    let (mut seen, mut decisions) = (std::collections::BTreeMap::new(), 0);
    for entry in reader.scan(None).unwrap().map(Result::unwrap) {
        if entry.kind == EntryKind::Decision {
            decisions += 1;
            let decision = read_decision(&entry).unwrap().decision;
            for held_back in decision.rules.iter().filter_map(|rule| rule.held_back) {
                *seen.entry(held_back.to_string()).or_insert(0) += 1;
            }
            *seen.entry(decision.action.to_string()).or_insert(0) += 1;
        }
    }
    let kinds = [
        "appeal",
        "canary",
        "clean_history",
        "snoozed",
        "approve",
        "challenge",
        "review",
        "decline",
    ];
    assert!(kinds.iter().all(|kind| seen.contains_key(*kind)), "{seen:?}");
    let aftermath = read_aftermath(&reader, &tenant, &mut |_| ()).unwrap();
    let maturity = Maturity { days: 3, until: aftermath.until().unwrap(), silence_is_good: true };
    let hindsight = Hindsight { policy: Policy::default(), maturity };
    let of = LedgerOf { tenant, from: None, to: None, threads: 2 };
    let make = || Run::new(&set, &hindsight, 10);
    let (run, _) = over_ledger(&reader, &of, &aftermath, make, &mut |_| ()).unwrap();
    let found = run.reproduced.result();
    assert_eq!((found.compared, found.same), (decisions, decisions), "{:#?}", found.listed);
    assert_eq!((found.other_costs, found.other_rules), (0, 0));
}

#[test]
fn ledger_file_and_records_tell_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let (data_dir, file, decisions) = filled(dir.path());
    let rules = dir.path().join("mine.toml");
    fs::write(&rules, RULES).unwrap();
    let rules = rules.to_str().unwrap();
    let records = dir.path().join("x.records");
    let records = records.to_str().unwrap();
    let ledger = tested(&data_dir, &["--from-ledger", "--rules", rules]).1;
    assert_eq!(ledger["reproduction"]["other_rules"], decisions);
    let (code, from_file, said) = tested(&data_dir, &[file.to_str().unwrap(), "--rules", rules]);
    assert_eq!(code, 0, "{said}");
    for source in [&["--from-ledger"][..], &[file.to_str().unwrap()]] {
        let line = [&["rules", "records", "--out", records][..], source].concat();
        let (code, _, said) = run(&line, &data_dir);
        assert_eq!(code, 0, "{said}");
        assert!(said.contains(&format!("{decisions} records in ")), "{said}");
        for threads in ["1", "2"] {
            let page = tested(&data_dir, &[records, "--rules", rules, "--threads", threads]).1;
            for part in ["rows", "rules", "packs", "overlap", "weeks", "alarms", "actions"] {
                assert_eq!(page[part], ledger[part], "{part} of {source:?}");
                assert_eq!(from_file[part], ledger[part], "{part}");
            }
        }
    }
    let alarm = ledger["alarms"].as_array().unwrap().iter().find(|a| a["alarm"] == "never_true");
    assert_eq!(alarm.unwrap()["about"], "never");
    let html = dir.path().join("page.html");
    let line = ["rules", "backtest", records, "--rules", rules, "--html", html.to_str().unwrap()];
    let (code, table, _) = run(&line, &data_dir);
    assert_eq!(code, 0);
    assert!(
        table.contains("By pack") && table.lines().all(|l| l.chars().count() <= 100),
        "{table}"
    );
    assert!(fs::read_to_string(&html).unwrap().contains("<svg"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(records).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn a_difference_between_sets_is_told_with_its_decisions() {
    let dir = tempfile::tempdir().unwrap();
    let (data_dir, _, decisions) = filled(dir.path());
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (old, new) = (path("old.toml"), path("new.toml"));
    fs::write(&old, RULES).unwrap();
    fs::write(&new, RULES.replace("amount_eur > 60", "amount_eur > 20")).unwrap();
    let line = ["rules", "diff", &old, &new, "--from-ledger", "--json", "--limit", "2"];
    let (code, out, said) = run(&line, &data_dir);
    assert_eq!(code, 0, "{said}");
    let page: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(page["rules"].as_array().unwrap().len(), 1);
    let edit = &page["rules"][0]["edits"][0];
    assert_eq!((&page["rules"][0]["id"], &edit["key"]), (&"dear".into(), &"when".into()));
    let found = &page["decisions"];
    assert_eq!(found["rows"], decisions);
    let changed = found["changed"].as_u64().unwrap();
    assert!(changed > 2, "{found}");
    let moved = found["shifts"].as_array().unwrap().iter().filter(|s| s["was"] != s["now"]);
    assert_eq!(moved.map(|shift| shift["decisions"].as_u64().unwrap()).sum::<u64>(), changed);
    assert_eq!(found["listed"].as_array().unwrap().len(), 2);
    let hits = &found["hits"]["dear"];
    assert!(hits[1].as_u64() > hits[0].as_u64(), "{hits}");

    let (code, text, _) = run(&["rules", "diff", &old, &new, "--from-ledger"], &data_dir);
    assert_eq!(code, 0);
    assert!(text.starts_with("~ dear\n    - when: amount_eur > 60\n    + when: amount_eur > 20\n"));
    assert!(text.contains(&format!("{changed} of {decisions} decisions change")), "{text}");
    let (_, text, _) = run(&["rules", "diff", &old, &old], &data_dir);
    assert_eq!(text, "the rules are the same in all that bears on a decision\n");
}

#[test]
fn what_can_not_be_used_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let refused = |args: &[&str], part: &str| {
        let (code, out, said) = run(&[&["rules", "backtest"], args].concat(), dir.path());
        assert_eq!((code, out.as_str()), (2, ""), "{said}");
        assert!(said.contains(part), "{args:?}: {said}");
    };
    refused(&[], "give a FILE of records or transactions, or --from-ledger");
    refused(&["--from-ledger"], "no ledger in");
    refused(&[&path("none.jsonl")], "none.jsonl");
    fs::write(path("cut.records"), b"VOUCHREC\x01\0\0\0").unwrap();
    refused(&[&path("cut.records")], "is no file of records");
    fs::write(path("bad.toml"), RULES.replace("amount_eur > 60", "amont > 60")).unwrap();
    fs::write(path("a.jsonl"), "").unwrap();
    refused(&[&path("a.jsonl"), "--rules", &path("bad.toml")], "bad.toml:13");
    refused(&[&path("a.jsonl"), "--rules", &path("none.toml")], "does not exist");
}
