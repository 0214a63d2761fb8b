//! Tests of `vouch score` with decisions made up.

use super::*;
use crate::domain::{
    Calibration, DecisionId, Defensibility, Delivery, Reason, RuleAction, RuleHit, RuleMode,
    Transaction, Versions, Warning,
};
use anyhow::bail;
use std::fs;

/// A decision that depends on nothing but the transaction.
fn decide(transaction: &Transaction, warnings: Vec<Warning>) -> Decision {
    let large = transaction.amount.is_some_and(|amount| amount.value() > 100.into());
    let score = transaction.amount.map(|_| if large { 87.5 } else { 0.01 });
    Decision {
        decision_id: DecisionId::new(&format!("d-{}", transaction.transaction_id)).unwrap(),
        transaction_id: transaction.transaction_id.clone(),
        action: if large { Action::Decline } else { Action::Approve },
        delivery: if large { Delivery::Hold } else { Delivery::Now },
        challenge: None,
        credit_limit: None,
        risk_score: score,
        fraud_probability: score.map(|score| score / 100.0),
        calibration: Calibration::Synthetic,
        reasons: vec![Reason {
            code: "many_cards".into(),
            text: "many cards, one device".into(),
            contribution: None,
        }],
        rules: vec![RuleHit {
            id: "r1".into(),
            action: RuleAction::Block,
            mode: RuleMode::Shadow,
            held_back: None,
        }],
        spared: None,
        customer_text: None,
        costs: None,
        defensibility: Defensibility::default(),
        warnings,
        degraded: Vec::new(),
        versions: Versions::default(),
        shadow: None,
    }
}

struct Case(tempfile::TempDir);

impl Case {
    /// Scores a file and returns the tally and what was listed.
    fn run(name: &str, text: &str, change: impl Fn(&mut ScoreArgs)) -> Result<(Tally, String)> {
        let case = Self(tempfile::tempdir().unwrap());
        let (file, out) = (case.0.path().join(name), case.0.path().join("out"));
        fs::write(&file, text).unwrap();
        let mut args = ScoreArgs {
            file,
            map: None,
            json: false,
            csv: false,
            out: Some(out.clone()),
            data_dir: None,
            config: ConfigArgs::default(),
        };
        change(&mut args);
        let tally = listed(&args, |item| match item {
            Some(Item::Transaction { transaction, .. }) if transaction.order_id.is_some() => {
                bail!("order refused")
            }
            Some(Item::Transaction { transaction, warnings, .. }) => {
                Ok(Some(decide(&transaction, warnings)))
            }
            Some(Item::Event { .. }) | None => Ok(None),
        })?;
        assert_eq!(fs::read_dir(case.0.path()).unwrap().count(), 2);
        Ok((tally, fs::read_to_string(&out)?))
    }
}

const FILE: &str = r#"{"transaction_id":"t-1","type":"purchase","event_time":"2026-11-20T10:15:00Z","amount":{"value":"49.00","currency":"EUR"}}
{"transaction_id":"t-1000","type":"purchase","event_time":"2026-11-20T10:15:00.5Z","amount":{"value":"1049.00","currency":"EUR"},"more":1}
{"transaction_id":"t-2"}
{"event_id":"e-1","type":"session.login","event_time":"2026-11-20T10:15:00Z"}
{"transaction_id":"t-3","type":"login","event_time":"2026-11-20T10:15:00Z"}
{"transaction_id":"t-4","type":"login","event_time":"2026-11-20T10:15:00Z","order_id":"o"}
"#;

#[test]
fn a_table_is_aligned_and_counts_everything() {
    let (tally, text) = Case::run("a.jsonl", FILE, |_| {}).unwrap();
    let expected = "\
transaction  time                            amount  action   delivery  score  reason
t-1          2026-11-20T10:15:00Z         49.00 EUR  approve  now        0.01  many cards, one device
t-1000       2026-11-20T10:15:00.5Z     1049.00 EUR  decline  hold      87.50  many cards, one device
t-3          2026-11-20T10:15:00Z                 -  approve  now           -  many cards, one device
";
    let wide = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(
        text.lines().map(wide).collect::<Vec<_>>(),
        expected.lines().map(wide).collect::<Vec<_>>()
    );
    let at = |line: &str, word: &str| line.find(word).unwrap();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(at(lines[1], "approve"), at(lines[2], "decline"));
    assert_eq!(at(lines[1], "EUR"), at(lines[2], "EUR"));
    assert_eq!(at(lines[1], "many"), at(lines[3], "many"));
    assert_eq!(
        tally.to_string(),
        "3 decisions: 2 approve, 1 decline; 1 event; 1 warning; 2 bad rows"
    );
}

#[test]
fn json_is_the_decision_as_it_is() {
    let (_, text) = Case::run("a.jsonl", FILE, |args| args.json = true).unwrap();
    let decisions: Vec<Decision> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let ids: Vec<_> = decisions.iter().map(|d| d.transaction_id.as_str()).collect();
    assert_eq!(ids, ["t-1", "t-1000", "t-3"]);
    assert_eq!(decisions[1].warnings[0].pointer, "/more");
}

#[test]
fn csv_is_one_row_a_decision() {
    let (_, text) = Case::run("a.jsonl", FILE, |args| args.csv = true).unwrap();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(
        lines[2],
        "t-1000,2026-11-20T10:15:00.5Z,1049.00,EUR,decline,hold,,87.5,0.875,synthetic,many_cards,r1,unknown_field,,d-t-1000"
    );
    assert_eq!(
        lines[3],
        "t-3,2026-11-20T10:15:00Z,,,approve,now,,,,synthetic,many_cards,r1,,,d-t-3"
    );
    let (_, empty) = Case::run("a.jsonl", "", |args| args.csv = true).unwrap();
    assert!(empty.starts_with("transaction_id,event_time,"));
}

#[test]
fn long_tables_are_not_held_back() {
    let line = |n: u32| {
        format!(
            "{{\"transaction_id\":\"t-{n}\",\"type\":\"login\",\"event_time\":\"2026-11-20T10:15:00Z\"}}\n"
        )
    };
    let (tally, text) =
        Case::run("a.jsonl", &(0..1000).map(line).collect::<String>(), |_| {}).unwrap();
    assert_eq!(tally.decisions[&Action::Approve], 1000);
    assert_eq!(text.lines().count(), 1001);
    assert!(text.lines().last().unwrap().starts_with("t-999 "));
}

#[test]
fn what_can_not_be_used_leaves_no_output() {
    let refusal = |name: &str, text: &str, change: &dyn Fn(&mut ScoreArgs)| {
        format!("{:#}", Case::run(name, text, change).unwrap_err())
    };
    assert!(refusal("a.csv", "id\n1\n", &|_| {}).contains("no column `transaction_id`"));
    assert!(
        refusal("a.jsonl", "", &|args| args.map = Some("/no/such/map".into()))
            .contains("map `/no/such/map`: ")
    );
    assert!(
        refusal("a.jsonl", "", &|args| args.out = Some(args.file.clone()))
            .contains("--out would replace")
    );
    assert!(
        refusal("a.jsonl", "", &|args| args.out = Some("/no/such/dir/x".into()))
            .contains("can't write beside")
    );
}
