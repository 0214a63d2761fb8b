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

#[test]
fn a_plan_names_what_settles_what_is_missing_and_how_to_record_it() {
    let mut memory = Memory::with("licence");
    memory.events.retain(|event| event.kind == crate::domain::EventKind::LicenceIssued);
    let file = |name: &str| data(&format!("stripe/{name}.json")).into_os_string().into_string();
    shell(&mut memory, &["intake", &file("visa_13_1_created").unwrap()]).unwrap();
    let (out, notes) = shell(&mut memory, &["plan", "dp_4visa131"]).unwrap();
    assert_eq!(notes, "");
    expect![[r#"
        dispute           dp_4visa131
        code              visa 13.1, Merchandise or services not received: not_received
        evidence due by   2026-12-22T23:59:59Z (evidence_details.due_by), past due
        V131-1            unknown  the cardholder cancelled before the good was delivered (paraphrase)
                                   ask: `cancel.requested` that names the transaction, order or invoice, and the delivery (`licence.issued`)
                                   record cancel.requested, transaction_id, order_id, invoice_id or subscription_id (POST /v1/events): {"event_id":"e-13","type":"cancel.requested","event_time":"2026-11-22T20:01:00Z","transaction_id":"tx-1001","actor":"customer"}
        V131-2            unknown  the cardholder says it is fraud, or complains of quality: another condition (paraphrase)
                                   ask: the issuer's statement, as `data.reason` of a `dispute.updated`
                                   record dispute.updated, data.reason (POST /v1/events): {"event_id":"e-17","type":"dispute.updated","event_time":"2026-12-01T09:30:00Z","transaction_id":"tx-1001","dispute_id":"dp_3visa104","data":{"reason":"fraud"}}
        evidence          23 %
        + required 4  delivery (`licence.issued`, `licence.activated`, `download.completed`)
        - required 4  use after the purchase (`session.*`, `api.usage`, `entitlement.consumed`)
                      record session.action, data.usage.what (POST /v1/events): {"event_id":"e-7","type":"session.action","event_time":"2026-11-21T09:00:00Z","account_id":"acc-7","actor":"customer","data":{"usage":{"what":"export"}}}
        - strong   5  use after the dispute (`session.*`, `api.usage`, `entitlement.consumed`)
                      record session.action, event_time after the dispute (POST /v1/events): {"event_id":"e-8","type":"session.action","event_time":"2026-12-04T19:30:00Z","account_id":"acc-7","actor":"customer","data":{"usage":{"what":"export"}}}
        - strong   4  refunds (`refund`)
                      record refund, data.amount (POST /v1/events): {"event_id":"e-14","type":"refund","event_time":"2026-11-28T00:00:00Z","transaction_id":"tx-1001","data":{"amount":{"value":"49.00","currency":"EUR"}}}
        - strong   2  a support log (`support.message`)
                      record support.message, data.contact.direction (POST /v1/events): {"event_id":"e-11","type":"support.message","event_time":"2026-11-19T09:30:00Z","account_id":"acc-7","data":{"contact":{"ticket":"T-5","direction":"in"}}}
        - optional 1  the receipt sent (`notice.sent` of kind `receipt`)
                      record notice.sent, data.notice.kind (POST /v1/events): {"event_id":"e-9","type":"notice.sent","event_time":"2026-11-20T10:15:06Z","transaction_id":"tx-1001","data":{"notice":{"kind":"receipt","delivery_status":"delivered"}}}
        + optional 1  acceptance of the terms (`terms` or `terms.accepted`)
        recommendation    - (it can't be answered any more, or was)
    "#]].assert_eq(&out);
    let (out, _) = shell(&mut memory, &["plan", "dp_4visa131", "--json"]).unwrap();
    let plan: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(plan["settled"]["invalid"][0]["id"], "V131-1");
    let refused = shell(&mut memory, &["plan", "dp_none"]).unwrap_err();
    assert_eq!(refused, "no dispute `dp_none` is recorded");
}

#[test]
fn a_dispute_is_shown_with_what_settles_it() {
    let mut memory = Memory::with("licence");
    let created = data("stripe/visa_10_4_created.json").into_os_string().into_string().unwrap();
    shell(&mut memory, &["intake", &created]).unwrap();
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
        V104-1            unknown  the issuer confirmed the cardholder by 3-D Secure (ECI 05), with CAVV in the authorization (paraphrase) [transaction tx-1001]
        V104-2            no       3-D Secure was attempted (ECI 06) and answered by the issuer or Visa, with CAVV (paraphrase) [transaction tx-1001]
        V104-3            unknown  a token sale with TAVV, ECI 05 and an approved verification of the cardholder (paraphrase) [transaction tx-1001]
        V104-4            no       the security code did not match (N) and the issuer approved all the same (paraphrase) [event e-006]
        V104-5            no       the security code was sent, the issuer did not check it (U) and approved (paraphrase) [event e-006]
        V104-6            unknown  the issuer had reported fraud on this card before it approved this sale (paraphrase)
        V104-7            unknown  more than 35 disputes on the account in the 120 days before (paraphrase)
        V104-8            unknown  the issuer did not report the fraud to Visa first (paraphrase)
        V104-9            unknown  the fraud was reported as application fraud, merchant misrepresentation or manipulation of the cardholder (types 3, C, D) (paraphrase)
        V104-10           no       two earlier undisputed sales meet Compelling Evidence 3.0 (paraphrase) [transaction tx-1001]
        V104-11           no       the dispute was processed more than 120 days after the sale (paraphrase) [event e-007]
        3-D Secure        likely   the issuer bears it (primary): ECI 05: the issuer authenticated the cardholder [transaction tx-1001]
    "]]
    .assert_eq(&out);
    let (out, _) = shell(&mut memory, &["show", "dp_3visa104", "--json"]).unwrap();
    let shown: Dispute = serde_json::from_str(&out).unwrap();
    assert_eq!(shown, memory.disputes().unwrap()[0]);
}
