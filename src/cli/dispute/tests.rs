//! `vouch dispute` on a record in memory.

use super::*;
use crate::disputes::memory::{Memory, data};
use clap::Parser;
use expect_test::expect;

fn at(time: &str) -> Timestamp {
    time.parse().unwrap()
}

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    dispute: DisputeArgs,
}

/// Runs a command line; stdout and stderr, or the error.
fn shell(memory: &mut Memory, line: &[&str]) -> Result<(String, String), String> {
    let line = ["dispute"].iter().chain(line).chain(&["--data-dir", "unused"]);
    let args = Cli::try_parse_from(line).map_err(|error| error.to_string())?.dispute;
    assert_eq!(args.command.place().unwrap().tenant.as_str(), "default");
    let (mut out, mut notes) = (Vec::new(), Vec::new());
    let now = at("2027-02-01T00:00:00Z");
    run(&args.command, memory, now, &mut out, &mut notes).map_err(|error| format!("{error:#}"))?;
    Ok((String::from_utf8(out).unwrap(), String::from_utf8(notes).unwrap()))
}

#[test]
fn the_command_line_takes_in_lists_shows_and_answers() {
    let mut memory = Memory::with("licence");
    let file = |name: &str| data(&format!("stripe/{name}.json")).into_os_string().into_string();
    let created = file("visa_10_4_created").unwrap();
    let (out, notes) = shell(&mut memory, &["intake", &created]).unwrap();
    expect![[r"
        dp_3visa104  2026-12-01  visa 10.4  fraud  needs_response  49.00 EUR  due 2026-12-15T23:59:59Z  past due  transaction tx-1001
    "]].assert_eq(&out);
    assert_eq!(notes, "");
    let (_, notes) = shell(&mut memory, &["intake", &created]).unwrap();
    assert_eq!(notes, "already taken in; nothing was added\n");
    let (out, _) = shell(&mut memory, &["intake", &file("early_fraud_warning").unwrap()]).unwrap();
    expect![[r"
        fraud.warning  transaction tx-1001
        label stolen_instrument
    "]]
    .assert_eq(&out);
    let (_, notes) = shell(&mut memory, &["intake", &file("visa_13_2_created").unwrap()]).unwrap();
    expect![[r"
        warning: no transaction is recorded for ch_5renewal, o-renewal-12
    "]]
    .assert_eq(&notes);

    let (out, _) = shell(&mut memory, &["list"]).unwrap();
    expect![[r"
        dp_3visa104  2026-12-01  visa 10.4  fraud  needs_response  49.00 EUR  due 2026-12-15T23:59:59Z  past due  transaction tx-1001
        dp_5visa132  2026-11-18  visa 13.2  subscription_cancelled  needs_response  19.90 USD  due 2026-12-04T23:59:59Z  past due  transaction -
    "]].assert_eq(&out);
    let (out, _) = shell(&mut memory, &["show", "dp_3visa104"]).unwrap();
    expect![[r"
        dispute           dp_3visa104
        processor         stripe
        network and code  visa 10.4
        title             Other fraud, card-absent environment
        reason            fraud
        stage             chargeback
        status            needs_response (needs_response)
        amount            49.00 EUR
        opened            2026-12-01T09:00:00Z
        evidence due by   2026-12-15T23:59:59Z (evidence_details.due_by)
        payment           ch_3licence
        transaction       tx-1001
        last report       2026-12-01T09:00:02Z (evt_3visa104a)
    "]]
    .assert_eq(&out);
    let (out, _) = shell(&mut memory, &["show", "dp_3visa104", "--json"]).unwrap();
    let shown: Dispute = serde_json::from_str(&out).unwrap();
    assert_eq!(shown, memory.disputes().unwrap()[0]);

    let (out, _) = shell(&mut memory, &["ce3", "dp_3visa104"]).unwrap();
    assert!(out.contains("not_qualified") && out.contains("other sales       0"), "{out}");
    let (out, _) = shell(&mut memory, &["ce3", "dp_3visa104", "--json"]).unwrap();
    assert!(out.contains("\"verdict\": \"not_qualified\""), "{out}");
    let (out, _) = shell(&mut memory, &["ce3", "dp_5visa132"]).unwrap();
    assert_eq!(out, "not applicable: Compelling Evidence 3.0 answers Visa 10.4 only\n");

    let (out, notes) = shell(&mut memory, &["packet", "dp_3visa104"]).unwrap();
    assert!(out.starts_with("ANSWER TO A DISPUTE\n"));
    assert_eq!(notes, "");
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("packet.txt");
    let to_file = ["packet", "dp_3visa104", "--out", path.to_str().unwrap()];
    assert_eq!(shell(&mut memory, &to_file).unwrap().0, "");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), out);
}

#[test]
fn the_command_line_refuses_clearly() {
    let mut memory = Memory::default();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("message.json");
    std::fs::write(&path, r#"{"object":"charge"}"#).unwrap();
    let path = path.to_str().unwrap();
    for (line, expected) in [
        (vec!["intake", path], "no dispute, dispute event or early fraud warning"),
        (vec!["intake", "/nowhere"], "`/nowhere`"),
        (vec!["show", "dp_none"], "no dispute `dp_none` is recorded"),
        (vec!["packet", "dp_none"], "no dispute `dp_none` is recorded"),
        (vec!["show", ""], "must not be empty"),
    ] {
        let error = shell(&mut memory, &line).unwrap_err();
        assert!(error.contains(expected), "{line:?}: {error}");
    }
}
