//! Every member of the request, one at a time, with a card number in it.

use super::*;
use crate::input::fields::{Kind, fields, put};
use crate::input::{read_event, read_transaction};
use serde_json::{Value, json};
use std::sync::OnceLock;

/// Published for testing; the second fits into an amount, the third too.
const NUMBERS: [&str; 3] = ["4111111111111111", "378282246310005", "4222222222222"];

/// Members that may hold any number: identifiers, mailboxes, phone numbers, hashes, user agents. A
/// new text of the request is looked at, or it is listed here.
const EXEMPT: &[&str] = &[
    "account.email",
    "account.id",
    "account.phone",
    "account_id",
    "data.arn",
    "data.consent.sha256",
    "data.exhibit.sha256",
    "data.notice.message_id",
    "data.usage.holder",
    "data.usage.host",
    "data.usage.session",
    "device.device_id",
    "device.user_agent",
    "device_id",
    "dispute_id",
    "event_id",
    "fulfilment.licence_key",
    "invoice_id",
    "items.0.sku",
    "licence_key",
    "merchant_account",
    "order_id",
    "payment.attested_payer",
    "payment.invoice_id",
    "payment.processor_reference",
    "seller_id",
    "subscription.id",
    "subscription_id",
    "transaction_id",
    "user_agent",
];

fn tables() -> &'static Reference {
    static TABLES: OnceLock<Reference> = OnceLock::new();
    TABLES.get_or_init(|| Reference::bundled().unwrap())
}

/// What becomes of a number in one member.
#[derive(Debug, PartialEq)]
enum Fate {
    /// Refused with the place, by the reader or by the guard.
    Refused(String),
    /// Let in as it came.
    Taken,
    /// Let in without the number.
    Masked,
}

fn fate(base: &Value, name: &str, kind: &Kind, number: &str, is_event: bool) -> Fate {
    let mut body = base.clone();
    let name = name.replace('*', "note");
    let value =
        if *kind == Kind::Integer { number.parse::<u64>().unwrap().into() } else { json!(number) };
    put(&mut body, &name, value);
    let bytes = body.to_string().into_bytes();
    let (guarded, kept) = if is_event {
        match read_event(&bytes) {
            Ok((read, _)) => (event(&read, tables()), serde_json::to_string(&read).unwrap()),
            Err(error) => return read_refusal(&error.to_string(), error.pointer(), number),
        }
    } else {
        match read_transaction(&bytes) {
            Ok((mut read, _)) => {
                let guarded = transaction(&mut read, tables()).map(|_| ());
                (guarded, serde_json::to_string(&read).unwrap())
            }
            Err(error) => return read_refusal(&error.to_string(), error.pointer(), number),
        }
    };
    match guarded {
        Err(EngineError::CardNumber { pointer }) => Fate::Refused(pointer),
        Err(other) => panic!("{name}: {other}"),
        Ok(()) if kept.contains(number) => Fate::Taken,
        Ok(()) => Fate::Masked,
    }
}

fn read_refusal(message: &str, pointer: &str, number: &str) -> Fate {
    assert!(!message.contains(number), "{message}");
    Fate::Refused(pointer.to_owned())
}

#[test]
fn every_member_is_looked_at_or_exempt_by_name() {
    let time = "2026-11-20T10:15:00Z";
    let money = json!({"value": "1.00", "currency": "EUR"});
    let sale =
        json!({"transaction_id": "t", "type": "purchase", "event_time": time, "amount": money});
    let happened = json!({
        "event_id": "e", "type": "refund", "event_time": time,
        "data": {"amount": money, "checkout": {"price": money, "tax": money},
            "exhibit": {"kind": "contract", "title": "t", "sha256": "0"}},
    });
    let of_sales = fields::<Transaction>().into_iter().map(|field| (&sale, false, field));
    let of_events = fields::<Event>().into_iter().map(|field| (&happened, true, field));
    let mut taken = Vec::new();
    for (base, is_event, field) in of_sales.chain(of_events) {
        for number in NUMBERS {
            match fate(base, &field.name, &field.kind, number, is_event) {
                Fate::Refused(pointer) => {
                    let expected = format!("/{}", field.name.replace('.', "/"));
                    assert_eq!(pointer, expected, "{number}");
                }
                Fate::Masked => assert_eq!(field.name, "custom.*"),
                Fate::Taken => taken.push(field.name.clone()),
            }
        }
    }
    taken.sort();
    taken.dedup();
    assert_eq!(taken, EXEMPT, "a text is neither looked at nor exempt, or exempt for nothing");
}

#[test]
fn custom_names_and_numbers_are_masked_too() {
    let body = json!({
        "transaction_id": "t", "type": "purchase", "event_time": "2026-11-20T10:15:00Z",
        "custom": {
            "4111111111111111": 1, "a": 4_111_111_111_111_111_i64, "b": 4_111_111_111_111_111.0,
            "c": "4111 1111 1111 1111", "d": "an order, 112-1234567-1234567", "e": 0.5,
        },
    });
    let (mut read, _) = read_transaction(body.to_string().as_bytes()).unwrap();
    let warnings = transaction(&mut read, tables()).unwrap();
    let pointers: Vec<_> = warnings.iter().map(|warning| warning.pointer.as_str()).collect();
    assert_eq!(pointers, ["/custom/411111******1111", "/custom/a", "/custom/b", "/custom/c"]);
    let kept = serde_json::to_value(read.custom).unwrap();
    let hidden = "411111******1111";
    assert_eq!(
        kept,
        json!({
            hidden: 1, "a": hidden, "b": hidden, "c": "4111 11** **** 1111",
            "d": "an order, 112-1234567-1234567", "e": 0.5,
        })
    );
}

/// The warning lies open in the ledger.
#[test]
fn no_warning_of_a_masked_number_holds_a_mailbox() {
    let body = json!({
        "transaction_id": "t", "type": "purchase", "event_time": "2026-11-20T10:15:00Z",
        "custom": {
            "jane@example.com 4111111111111111": 1, "jane@example.com": "4111111111111111",
            "a/b~c": "4111111111111111",
        },
    });
    let (mut read, _) = read_transaction(body.to_string().as_bytes()).unwrap();
    let warnings = transaction(&mut read, tables()).unwrap();
    let pointers: Vec<_> = warnings.iter().map(|warning| warning.pointer.as_str()).collect();
    assert_eq!(pointers, ["/custom/a~1b~0c", "/custom/…", "/custom/…"]);
}

#[test]
fn amounts_that_are_no_card_numbers_pass() {
    for value in ["0", "49.00", "378282246310006", "999999999999999.99"] {
        assert!(!value.parse::<Decimal>().unwrap().shows_card_number(tables().bins()), "{value}");
    }
    assert!("378282246310005.00".parse::<Decimal>().unwrap().shows_card_number(tables().bins()));
}
