//! Stripe's messages, well-formed, unknown and broken.

use super::*;
use crate::disputes::sha256_hex;
use crate::domain::DisputeStage;
use proptest::prelude::*;
use serde_json::json;

const CREATED: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/stripe/visa_10_4_created.json"));
const OBJECT: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/data/stripe/mastercard_4853_object.json"
));
const WARNED: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/data/stripe/early_fraud_warning.json"
));

fn minimal() -> Value {
    json!({"object": "dispute", "id": "dp_1", "amount": 100, "currency": "eur",
           "created": 1_700_000_000, "status": "needs_response"})
}

fn read_value(value: &Value) -> Result<Intake, IntakeError> {
    read(value.to_string().as_bytes())
}

/// The minimal dispute with one member replaced.
fn with(pointer: &str, value: Value) -> Value {
    let mut dispute = minimal();
    let mut place = &mut dispute;
    for key in pointer.trim_start_matches('/').split('/') {
        if !place.is_object() {
            *place = json!({});
        }
        place = place.as_object_mut().unwrap().entry(key).or_insert(Value::Null);
    }
    *place = value;
    dispute
}

#[test]
fn six_members_are_a_dispute() {
    let intake = read_value(&minimal()).unwrap();
    let dispute = intake.dispute.unwrap();
    assert_eq!(dispute.amount.to_string(), "1.00 EUR");
    assert_eq!(dispute.reason, DisputeReason::General);
    assert_eq!(dispute.evidence_due_by, None);
    assert_eq!(dispute.evidence_due_source, None);
    assert_eq!(dispute.payment_reference, None);
    assert_eq!(intake.event.kind, EventKind::DisputeUpdated);
    assert!(intake.event.check().is_ok());
}

#[test]
fn every_documented_status_and_any_other() {
    use DisputeStage as G;
    use DisputeStatus as S;
    for (word, case_type, stage, status) in [
        ("warning_needs_response", "inquiry", G::Inquiry, S::NeedsResponse),
        ("warning_under_review", "inquiry", G::Inquiry, S::UnderReview),
        ("warning_closed", "inquiry", G::Inquiry, S::Prevented),
        ("needs_response", "chargeback", G::Chargeback, S::NeedsResponse),
        ("needs_response", "compliance", G::Chargeback, S::NeedsResponse),
        ("needs_response", "block", G::Alert, S::NeedsResponse),
        ("needs_response", "a kind of tomorrow", G::Chargeback, S::NeedsResponse),
        ("under_review", "chargeback", G::Chargeback, S::UnderReview),
        ("appeal_needs_response", "chargeback", G::PreArbitration, S::NeedsResponse),
        ("appeal_under_review", "chargeback", G::PreArbitration, S::UnderReview),
        ("appeal_paused", "chargeback", G::PreArbitration, S::Unknown),
        ("warning_paused", "chargeback", G::Inquiry, S::Unknown),
        ("won", "chargeback", G::Chargeback, S::Won),
        ("lost", "chargeback", G::Chargeback, S::Lost),
        ("prevented", "resolution", G::Alert, S::Prevented),
        ("charge_refunded", "chargeback", G::Chargeback, S::Unknown),
        ("", "inquiry", G::Inquiry, S::Unknown),
    ] {
        let mut dispute = with("/payment_method_details/card/case_type", json!(case_type));
        dispute["payment_method_details"]["type"] = json!("card");
        dispute["status"] = json!(word);
        let dispute = read_value(&dispute).unwrap().dispute.unwrap();
        assert_eq!((dispute.stage, dispute.status), (stage, status), "{word} {case_type}");
        assert_eq!(dispute.processor_status.as_str(), word);
    }
}

#[test]
fn amounts_are_in_stripes_minor_units() {
    for (currency, minor, expected) in [
        ("usd", 4900, "49.00 USD"),
        ("EUR", 1, "0.01 EUR"),
        ("jpy", 500, "500 JPY"),
        ("mga", 500, "500 MGA"),
        ("kwd", 12345, "12.345 KWD"),
        ("isk", 500, "5.00 ISK"),
        ("ugx", 500, "5.00 UGX"),
        ("huf", 1045, "10.45 HUF"),
        ("twd", 80045, "800.45 TWD"),
        ("eur", 0, "0.00 EUR"),
    ] {
        let mut dispute = with("/currency", json!(currency));
        dispute["amount"] = json!(minor);
        let dispute = read_value(&dispute).unwrap().dispute.unwrap();
        assert_eq!(dispute.amount.to_string(), expected);
    }
}

#[test]
fn refusals_name_their_place() {
    let event = |kind: &str, object: Value| {
        json!({"object": "event", "id": "evt_1", "type": kind, "created": 1_700_000_000,
               "data": {"object": object}})
    };
    let mut broken = event("charge.dispute.created", minimal());
    broken["data"]["object"]["amount"] = json!("4900");
    for (message, expected) in [
        (json!([1]), "the message must be an object"),
        (json!({}), "`/object` is missing"),
        (json!({"object": 7}), "`/object` must be a string"),
        (json!({"object": "charge"}), "`charge` at `/object` is no dispute"),
        (json!({"object": "issuing.dispute"}), "`issuing.dispute` at `/object` is no dispute"),
        (event("plan.created", json!({})), "event type `plan.created` at `/type`"),
        (event("charge.dispute.created", json!({"object": "charge"})), "at `/data/object/object`"),
        (event("radar.early_fraud_warning.created", minimal()), "at `/data/object/object`"),
        (broken, "`/data/object/amount` must be a whole number"),
        (with("/amount", json!(10.5)), "`/amount` must be a whole number"),
        (with("/amount", json!(-1)), "`/amount`: `-0.01` is negative"),
        (with("/amount", json!(i64::MAX)), "largest amount"),
        (with("/currency", json!("usx")), "did you mean `USD`?"),
        (with("/currency", json!("xau")), "`/currency`: `XAU` has no minor unit"),
        (with("/created", json!(-5)), "`/created`: `-5` is no number of seconds"),
        (with("/created", json!(i64::MAX)), "is no number of seconds"),
        (with("/created", Value::Null), "`/created` is missing"),
        (with("/status", json!(null)), "`/status` is missing"),
        (with("/id", json!("")), "`/id` must not be empty"),
        (with("/id", json!("a\nb")), "`/id` has a control character"),
        (with("/charge", json!({"x": 1})), "`/charge/id` is missing"),
        (with("/evidence_details/due_by", json!("soon")), "`/evidence_details/due_by` must be"),
        (with("/metadata", json!("text")), "`/metadata` must be an object"),
    ] {
        let error = read_value(&message).unwrap_err().to_string();
        assert!(error.contains(expected), "{message}: {error}");
    }
    assert!(matches!(read(b"{\"object\":\"\xff\"}"), Err(IntakeError::NotUtf8 { at: 11 })));
    assert!(matches!(read(b"{\"object\":"), Err(IntakeError::NotJson(_))));
    let long = vec![b' '; MAX_MESSAGE_BYTES + 1];
    assert!(matches!(read(&long), Err(IntakeError::TooLong { .. })));
}

#[test]
fn a_deadline_of_zero_or_null_is_none() {
    for (due, source) in [(json!(0), Some("evidence_details.due_by")), (json!(null), None)] {
        let dispute = read_value(&with("/evidence_details/due_by", due)).unwrap().dispute.unwrap();
        assert_eq!(dispute.evidence_due_by, None);
        assert_eq!(dispute.evidence_due_source.as_ref().map(Text::as_str), source);
    }
    let due = with("/evidence_details/due_by", json!(1_723_679_999));
    let dispute = read_value(&due).unwrap().dispute.unwrap();
    assert_eq!(dispute.evidence_due_by.unwrap().to_string(), "2024-08-14T23:59:59Z");
    assert_eq!(dispute.evidence_due_source.unwrap().as_str(), "evidence_details.due_by");
}

#[test]
fn the_sale_is_named_by_whatever_was_sent() {
    let mut dispute =
        with("/charge", json!({"id": "ch_1", "metadata": {"transaction_id": "tx-9"}}));
    dispute["payment_intent"] = json!("pi_1");
    dispute["metadata"] = json!({"order_id": "o-1", "transaction_id": ""});
    let intake = read_value(&dispute).unwrap();
    let references: Vec<&str> = intake.sale.payment_references.iter().map(Text::as_str).collect();
    assert_eq!(references, ["ch_1", "pi_1"]);
    assert_eq!(intake.sale.transaction_id.unwrap().as_str(), "tx-9");
    assert_eq!(intake.sale.order_id.unwrap().as_str(), "o-1");
    assert_eq!(intake.dispute.unwrap().payment_reference.unwrap().as_str(), "ch_1");
}

#[test]
fn an_object_alone_is_one_event_and_dated_by_its_arrival() {
    let first = read(OBJECT.as_bytes()).unwrap();
    let reformatted: Value = serde_json::from_str(OBJECT).unwrap();
    let again = read_value(&reformatted).unwrap();
    assert_eq!(first.event, again.event);
    let mut other = reformatted;
    other["status"] = json!("lost");
    let other = read_value(&other).unwrap();
    assert_ne!(first.event.event_id, other.event.event_id);
    assert_eq!(other.event.kind, EventKind::DisputeClosed);
    let arrival: Timestamp = "2026-11-02T00:00:00Z".parse().unwrap();
    let seen = other.seen_at(arrival);
    assert_eq!(seen.event.event_time, arrival);
    assert_eq!(seen.dispute.unwrap().updated_at, arrival);
    // An event has its own time.
    let event = read(CREATED.as_bytes()).unwrap();
    assert_eq!(event.clone().seen_at(arrival), event);
}

#[test]
fn the_message_is_kept_as_it_came() {
    let intake = read(CREATED.as_bytes()).unwrap();
    assert_eq!(sha256_hex(intake.raw.as_bytes()), sha256_hex(CREATED.as_bytes()));
}

/// A message with bytes changed, removed and repeated.
fn arb_bytes() -> impl Strategy<Value = Vec<u8>> {
    let edits = prop::collection::vec((any::<prop::sample::Index>(), 0..3_u8, any::<u8>()), 1..8);
    (prop::sample::select(vec![CREATED, OBJECT, WARNED]), edits).prop_map(|(text, edits)| {
        let mut bytes = text.as_bytes().to_vec();
        for (at, edit, byte) in edits {
            let at = at.index(bytes.len());
            match edit {
                0 => bytes[at] = byte,
                1 => drop(bytes.drain(at..bytes.len().min(at + usize::from(byte)))),
                _ => bytes.insert(at, byte),
            }
            if bytes.is_empty() {
                bytes.push(b'{');
            }
        }
        bytes
    })
}

/// A message with some members replaced by values of any type.
fn arb_members() -> impl Strategy<Value = Vec<u8>> {
    let value = prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,300}".prop_map(Value::from),
        Just(json!({"id": 1, "object": "dispute"})),
        Just(json!([[], {}])),
    ];
    let edits = prop::collection::vec((any::<prop::sample::Index>(), value), 1..4);
    (prop::sample::select(vec![CREATED, OBJECT, WARNED]), edits).prop_map(|(text, edits)| {
        let mut message: Value = serde_json::from_str(text).unwrap();
        for (at, value) in edits {
            let mut places = Vec::new();
            pointers(&message, String::new(), &mut places);
            let pointer = &places[at.index(places.len())];
            *message.pointer_mut(pointer).unwrap() = value;
        }
        message.to_string().into_bytes()
    })
}

fn pointers(value: &Value, here: String, into: &mut Vec<String>) {
    for (key, member) in value.as_object().into_iter().flatten() {
        let key = key.replace('~', "~0").replace('/', "~1");
        pointers(member, format!("{here}/{key}"), into);
    }
    into.push(here);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop_oneof![arb_bytes(), arb_members()]) {
        match read(&bytes) {
            Ok(intake) => {
                prop_assert!(intake.event.check().is_ok());
                prop_assert_eq!(intake.raw.as_bytes(), &bytes[..]);
            }
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }
}
