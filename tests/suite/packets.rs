//! Packets as files for `tests/read_packet`, which opens them with other people's programs.
//!
//! Written to `target/tmp/packets`: for each a list of texts that must be printed and of others that
//! must not.

use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use vouch::disputes::packet::{self, PdfOptions, Profile};
use vouch::disputes::{CaseFile, Link, Manifest, OtherSale, stripe};
use vouch::domain::{Event, Transaction, TransactionId};
use vouch::ledger::SigningKey;

const DAY_MS: i64 = 86_400_000;
const NEVER: &[&str] = &[
    "4242 4242 4242",
    "Anna",
    "Schmidt",
    "many_cards_one_device",
    "impersonation",
    "VS-PRO-7F3A",
    "risk",
    "score",
];

fn data(path: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data")).join(path)
}

fn case(file: &str, report: &str) -> CaseFile {
    let report = fs::read(data(&format!("stripe/{report}.json"))).unwrap();
    let file = fs::read(data(&format!("cases/{file}.json"))).unwrap();
    let mut file: Value = serde_json::from_slice(&file).unwrap();
    CaseFile {
        dispute: stripe::read(&report).unwrap().dispute.unwrap(),
        transaction: serde_json::from_value(file["transaction"].take()).unwrap(),
        decision: None,
        events: serde_json::from_value(file["events"].take()).unwrap(),
        other_sales: Vec::new(),
        files: Vec::new(),
    }
}

/// Ninety uses, two earlier purchases, a buyer with letters of three scripts and one of a fourth.
fn reference() -> CaseFile {
    let mut case = case("licence", "visa_10_4_created");
    let sale = case.transaction.as_mut().unwrap();
    sale.account.as_mut().unwrap().name =
        serde_json::from_value(json!("Zoë Ольга Ωμέγα 王")).unwrap();
    let sale: Transaction = sale.clone();
    case.events.extend((0..90).map(|number| -> Event {
        serde_json::from_value(json!({
            "event_id": format!("u-{number:03}"), "type": "session.action", "account_id": "acc-7",
            "event_time": sale.event_time.plus_millis(DAY_MS / 5 * (number + 1)),
            "actor": "customer", "ip": "81.2.69.142", "device_id": "d-51c0a8e2b7f94d10",
            "data": {"usage": {"what": format!("feature {}", number % 7)}}
        }))
        .unwrap()
    }));
    case.other_sales = [150, 200]
        .map(|days| {
            let mut transaction = sale.clone();
            transaction.transaction_id = TransactionId::new(&format!("tx-old-{days}")).unwrap();
            transaction.event_time = sale.event_time.plus_millis(-DAY_MS * days);
            let capture = json!({"event_id": format!("c-{days}"), "type": "capture",
                "event_time": transaction.event_time, "transaction_id": transaction.transaction_id});
            OtherSale { transaction, events: vec![serde_json::from_value(capture).unwrap()] }
        })
        .to_vec();
    case
}

fn write(dir: &Path, name: &str, case: &CaseFile, profile: Profile, says: &[&str]) {
    let events = case.events.iter().map(|event| (false, event.event_id.to_string()));
    let others = case.other_sales.iter().map(|other| &other.transaction);
    let sales = case.transaction.iter().chain(others);
    let ids = sales.map(|sale| (true, sale.transaction_id.to_string())).chain(events);
    let link = |((is_sale, id), sequence)| Link { is_sale, id, sequence, hash: "ab".repeat(32) };
    let links: Vec<Link> = ids.zip(1..).map(link).collect();
    let key = SigningKey::from_bytes([7; 32]);
    let options = PdfOptions { profile, paper: None };
    let made = packet::pdf(case, &links, &key, options).unwrap();
    let mut says: Vec<String> = says.iter().map(|text| (*text).to_owned()).collect();
    says.push(format!("Page {0} of {0}", made.pages));
    for (exhibit, page) in &made.exhibits {
        says.push(format!("Exhibit {}: {}", exhibit.letter, exhibit.title));
        says.push(exhibit.sha256.clone());
        assert!(*page <= made.pages);
        for id in &exhibit.event_ids {
            says.push(id.to_string());
        }
    }
    let wanted = json!({"pages": made.pages, "letter": profile.paper().word() == "letter",
        "says": says, "never": NEVER});
    fs::write(dir.join(format!("{name}.pdf")), &made.bytes).unwrap();
    fs::write(dir.join(format!("{name}.json")), wanted.to_string()).unwrap();
    let whole = made.signed_manifest();
    let manifest = Manifest::read(&whole).unwrap();
    assert_eq!(manifest.exhibits(), made.exhibits.len());
    assert_eq!(manifest.signed, made.signed);
    if !made.warnings.iter().any(|warning| warning.starts_with("shortened")) {
        assert_eq!(manifest.has_exhibits(&packet::text(case).text), Ok(()));
    }
    fs::write(dir.join(format!("{name}.manifest")), whole).unwrap();
}

#[test]
fn packets_are_written_for_other_readers() {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("packets");
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir).unwrap();
    let fraud = [
        "Answer to dispute dp_3visa104",
        "neither made nor authorized",
        "Two earlier purchases on this card",
        "Zoë Ольга Ωμέγα [U+738B]",
        "1 x pro-year (software)",
        "81.2.69.142",
        "DISPUTE OPENED",
        "SHA-256 of the full log",
        "Ed25519",
    ];
    write(&dir, "reference", &reference(), Profile::Strict, &fraud);
    write(&dir, "stripe_fraud", &case("licence", "visa_10_4_created"), Profile::Stripe, &[]);
    let lost = ["After the dispute was opened the records show 2 uses"];
    write(&dir, "not_received", &case("licence", "visa_13_1_created"), Profile::Discover, &lost);
    let ended = ["The first request to cancel on record", "terms of sale (version 2025-10)"];
    write(&dir, "cancelled", &case("renewal", "visa_13_2_created"), Profile::AmexOptblue, &ended);
}
