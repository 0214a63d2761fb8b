//! A dispute's answer: the packet as a file, and Compelling Evidence 3.0 over a long history.
//!
//! The reference case is a licence with a log of ninety uses; the bounds are 25 ms of one core and 100 kB
//! for its file, 50 µs for a thousand earlier sales.

use criterion::Criterion;
use serde::Deserialize;
use serde_json::json;
use std::hint::black_box;
use vouch::disputes::{CaseFile, Link, OtherSale, ce3, packet, stripe};
use vouch::domain::{Event, Transaction, TransactionId};
use vouch::ledger::SigningKey;

const CASE: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/cases/licence.json"));
const FRAUD: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/stripe/visa_10_4_created.json"));
const DAY_MS: i64 = 86_400_000;

pub(crate) fn bench(c: &mut Criterion) {
    let case = reference();
    let links: Vec<Link> = (1..)
        .zip(&case.events)
        .map(|(sequence, event)| Link {
            is_sale: false,
            id: event.event_id.to_string(),
            sequence,
            hash: "ab".repeat(32),
        })
        .collect();
    let key = SigningKey::from_bytes([7; 32]);
    let options = packet::PdfOptions::default();
    let made = packet::pdf(&case, &links, &key, options).expect("a packet");
    assert!(made.bytes.len() <= 100_000, "{} bytes", made.bytes.len());
    c.bench_function("disputes/packet_pdf_90_uses", |b| {
        b.iter(|| packet::pdf(black_box(&case), &links, &key, options));
    });
    c.bench_function("disputes/packet_text_90_uses", |b| {
        b.iter(|| packet::text(black_box(&case)));
    });

    let mut long = reference();
    let sale = long.transaction.clone().expect("a sale");
    long.other_sales = (0..1_000).map(|number| earlier(&sale, number)).collect();
    assert!(ce3::of_case(&long).expect("a 10.4").visa.pair().is_some());
    c.bench_function("disputes/ce3_1000_sales", |b| b.iter(|| ce3::of_case(black_box(&long))));
}

/// A case as it lies in a file.
#[derive(Deserialize)]
struct Kept {
    transaction: Transaction,
    events: Vec<Event>,
}

fn reference() -> CaseFile {
    let Kept { transaction: sale, mut events } = serde_json::from_str(CASE).expect("a case");
    events.extend((0..90).map(|number| {
        let at = sale.event_time.plus_millis(DAY_MS / 5 * (number + 1));
        serde_json::from_value(json!({
            "event_id": format!("u-{number:03}"), "type": "session.action", "event_time": at,
            "account_id": "acc-7", "actor": "customer", "ip": "81.2.69.142",
            "device_id": "d-51c0a8e2b7f94d10",
            "data": {"usage": {"what": format!("feature {}", number % 7), "quantity": number + 1}}
        }))
        .expect("an event")
    }));
    let dispute = stripe::read(FRAUD.as_bytes()).expect("a message").dispute.expect("a dispute");
    CaseFile {
        dispute,
        transaction: Some(sale),
        decision: None,
        events,
        other_sales: Vec::new(),
        files: Vec::new(),
    }
}

/// A sale a day further back, paid.
fn earlier(sale: &Transaction, number: i64) -> OtherSale {
    let mut transaction = sale.clone();
    transaction.transaction_id = TransactionId::new(&format!("tx-before-{number}")).expect("an id");
    transaction.event_time = sale.event_time.plus_millis(-DAY_MS * (number + 1));
    let capture = json!({"event_id": format!("c-{number}"), "type": "capture",
        "event_time": transaction.event_time, "transaction_id": transaction.transaction_id});
    let events = vec![serde_json::from_value(capture).expect("an event")];
    OtherSale { transaction, events }
}
