//! Stripe's messages as cases, and cases as packets.

use expect_test::{expect, expect_file};
use std::fmt::Write;
use std::path::PathBuf;
use vouch::disputes::{CaseFile, Intake, packet, stripe};
use vouch::domain::Text;

fn data(path: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data")).join(path)
}

fn read(name: &str) -> Intake {
    let message = std::fs::read(data(&format!("stripe/{name}.json"))).unwrap();
    stripe::read(&message).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn every_fixture_reads_as_it_should() {
    let mut names: Vec<String> = std::fs::read_dir(data("stripe"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let mut table = String::new();
    for name in names {
        let intake = read(name.trim_end_matches(".json"));
        let event = &intake.event;
        write!(table, "{name}: {} {} {}", event.kind, event.event_time, event.event_id).unwrap();
        if let Some(dispute) = &intake.dispute {
            write!(
                table,
                "\n  {} {} {} {} {} {} {} due {}",
                dispute.id,
                dispute.network.as_ref().map_or("-", Text::as_str),
                dispute.network_reason_code.as_ref().map_or("-", Text::as_str),
                dispute.reason,
                dispute.stage,
                dispute.status,
                dispute.amount,
                dispute.evidence_due_by.map_or("-".to_owned(), |due| due.to_string()),
            )
            .unwrap();
        }
        writeln!(table).unwrap();
    }
    expect![[r"
        early_fraud_warning.json: fraud.warning 2026-11-25T16:00:00Z evt_8warning
        mastercard_4853_object.json: dispute.updated 2026-10-02T03:04:05Z stripe-dispute-75227cd0d372e38459bf7b96b2690122718886dbf9529f98e4075100d9e0ab5d
          dp_6mc4853 mastercard 4853 not_as_described chargeback needs_response 500 JPY due 2026-10-20T23:59:59Z
        mastercard_4853_object_lost.json: dispute.closed 2026-10-02T03:04:05Z stripe-dispute-bc86a463f6dc119e10e9637abddca51127c16180e155a7a0f32012762b73fbb7
          dp_6mc4853 mastercard 4853 not_as_described chargeback lost 500 JPY due -
        paypal_created.json: dispute.created 2026-11-26T10:00:00Z evt_9paypal
          dp_9paypal paypal MERCHANDISE_OR_SERVICE_NOT_RECEIVED not_received chargeback needs_response 49.00 EUR due 2026-12-15T23:59:59Z
        visa_10_4_created.json: dispute.created 2026-12-01T09:00:02Z evt_3visa104a
          dp_3visa104 visa 10.4 fraud chargeback needs_response 49.00 EUR due 2026-12-15T23:59:59Z
        visa_10_4_funds_withdrawn.json: dispute.funds_withdrawn 2026-12-01T09:00:02Z evt_3visa104b
          dp_3visa104 visa 10.4 fraud chargeback needs_response 49.00 EUR due 2026-12-15T23:59:59Z
        visa_10_4_updated.json: dispute.updated 2026-12-10T12:00:00Z evt_3visa104c
          dp_3visa104 visa 10.4 fraud chargeback under_review 49.00 EUR due 2026-12-15T23:59:59Z
        visa_10_4_won.json: dispute.closed 2027-01-20T08:30:00Z evt_3visa104d
          dp_3visa104 visa 10.4 fraud chargeback won 49.00 EUR due -
        visa_13_1_created.json: dispute.created 2026-12-03T14:20:01Z evt_4visa131a
          dp_4visa131 visa 13.1 not_received chargeback needs_response 49.00 EUR due 2026-12-22T23:59:59Z
        visa_13_1_lost.json: dispute.closed 2027-01-05T00:10:00Z evt_4visa131b
          dp_4visa131 visa 13.1 not_received chargeback lost 49.00 EUR due -
        visa_13_2_created.json: dispute.created 2026-11-18T07:45:00Z evt_5visa132a
          dp_5visa132 visa 13.2 subscription_cancelled chargeback needs_response 19.90 USD due 2026-12-04T23:59:59Z
        visa_inquiry_unknown_words.json: dispute.updated 2026-09-10T00:00:00Z evt_7inquiry
          dp_7inquiry visa 30 general inquiry unknown 12.345 KWD due -
    "]].assert_eq(&table);
}

#[test]
fn packets_read_like_this() {
    for (message, case, expected) in [
        ("visa_10_4_created", "licence", expect_file!["../data/packets/visa_10_4.txt"]),
        ("visa_13_1_created", "licence", expect_file!["../data/packets/visa_13_1.txt"]),
        ("visa_13_2_created", "renewal", expect_file!["../data/packets/visa_13_2.txt"]),
    ] {
        let file = std::fs::read(data(&format!("cases/{case}.json"))).unwrap();
        let mut file: serde_json::Value = serde_json::from_slice(&file).unwrap();
        let case = CaseFile {
            dispute: read(message).dispute.unwrap(),
            transaction: serde_json::from_value(file["transaction"].take()).unwrap(),
            decision: None,
            events: serde_json::from_value(file["events"].take()).unwrap(),
            other_sales: Vec::new(),
            files: Vec::new(),
        };
        expected.assert_eq(&packet::text(&case).text);
    }
}
