//! When two transactions are the same one: as values, not as bytes.
//!
//! `49.0` and `49.00`, `gb` and `GB`, a time with another offset or members in another order make no
//! difference. Equality is `PartialEq`; the digest and the pointer here agree with it, so a store
//! may keep 32 bytes instead of the transaction.

use super::json::push_step;
use crate::domain::{Amount, CustomValue, Event, Transaction};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// SHA-256 over the transaction's canonical JSON; equal transactions have equal digests.
///
/// Canonical: members in the order of their declaration, absent ones left out, decimals without
/// trailing zeros, `-0.0` as `0.0`, no white space. Stored with decisions, so the form never changes
/// for the members there are. Cost: one copy of the transaction and one pass.
pub fn canonical_digest(transaction: &Transaction) -> [u8; 32] {
    // Serialising our own types to memory has no way to fail; an empty text would still be a digest.
    let json = serde_json::to_vec(&canonical(transaction)).unwrap_or_default();
    Sha256::digest(json).into()
}

/// SHA-256 over an event's canonical JSON; see [`canonical_digest`].
pub fn event_digest(event: &Event) -> [u8; 32] {
    Sha256::digest(serde_json::to_vec(&canonical_event(event)).unwrap_or_default()).into()
}

/// An amount without trailing zeros.
fn normal(amount: Amount) -> Amount {
    Amount::new(amount.value().normalize(), amount.currency()).unwrap_or(amount)
}

/// The first member, by name, in which two transactions differ, as a JSON pointer; `None` when they
/// are the same.
pub fn first_difference(one: &Transaction, other: &Transaction) -> Option<String> {
    if one == other {
        return None;
    }
    Some(difference(&canonical(one), &canonical(other)))
}

/// The same for two events.
pub fn first_event_difference(one: &Event, other: &Event) -> Option<String> {
    if one == other {
        return None;
    }
    Some(difference(&canonical_event(one), &canonical_event(other)))
}

/// Where two values first differ; the whole of them (an empty pointer) where nothing is found.
fn difference(one: &impl Serialize, other: &impl Serialize) -> String {
    let mut pointer = String::new();
    let (one, other) = (serde_json::to_value(one), serde_json::to_value(other));
    differ(&one.unwrap_or_default(), &other.unwrap_or_default(), &mut pointer);
    pointer
}

/// A copy of an event in which equal values have one form.
fn canonical_event(event: &Event) -> Event {
    let mut copy = event.clone();
    copy.data.amount = copy.data.amount.map(normal);
    if let Some(checkout) = &mut copy.data.checkout {
        checkout.price = checkout.price.map(normal);
        checkout.tax = checkout.tax.map(normal);
    }
    copy
}

/// A copy in which equal values have one form.
fn canonical(transaction: &Transaction) -> Transaction {
    let mut copy = transaction.clone();
    copy.amount = copy.amount.map(normal);
    for item in &mut copy.items {
        item.unit_price = item.unit_price.map(|price| price.normalize());
    }
    for value in copy.custom.iter_mut().flat_map(|custom| custom.0.values_mut()) {
        if let CustomValue::Float(number) = value {
            *number += 0.0; // -0.0 + 0.0 is 0.0, everything else stays
        }
    }
    copy
}

/// Extends `pointer` to the first difference; false when there is none.
fn differ(one: &Value, other: &Value, pointer: &mut String) -> bool {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            let mut names: Vec<&String> = one.keys().chain(other.keys()).collect();
            names.sort_unstable();
            names.dedup();
            names.into_iter().any(|name| step(one.get(name), other.get(name), name, pointer))
        }
        (Value::Array(one), Value::Array(other)) => (0..one.len().max(other.len()))
            .any(|index| step(one.get(index), other.get(index), &index.to_string(), pointer)),
        _ => one != other,
    }
}

fn step(one: Option<&Value>, other: Option<&Value>, name: &str, pointer: &mut String) -> bool {
    let length = pointer.len();
    push_step(pointer, name);
    let found = match (one, other) {
        (Some(one), Some(other)) => differ(one, other, pointer),
        _ => true,
    };
    if !found {
        pointer.truncate(length);
    }
    found
}
#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::{arbitrary, read_event, read_transaction};
    use proptest::prelude::*;

    fn transaction(members: &str) -> Transaction {
        let text = format!(
            r#"{{"transaction_id":"t-1","type":"purchase","event_time":"2026-11-20T10:15:00Z",{members}}}"#
        );
        read_transaction(text.as_bytes()).unwrap().0
    }

    #[test]
    fn forms_of_one_value_are_the_same() {
        for (one, other) in [
            (
                r#""amount":{"value":"49.00","currency":"EUR"}"#,
                r#""amount":{"currency":"EUR","value":"49.0"}"#,
            ),
            (r#""items":[{"unit_price":"10.50"}]"#, r#""items":[{"unit_price":"10.5"}]"#),
            (r#""items":[{"unit_price":"-0.0"}]"#, r#""items":[{"unit_price":"0"}]"#),
            (r#""billing":{"country":"gb"}"#, r#""billing":{"country":"GB"}"#),
            (r#""custom":{"a":-0.0,"b":1}"#, r#""custom":{"b":1,"a":0.0}"#),
            (r#""order_id":null"#, r#""unknown":1"#),
            (
                r#""terms":{"accepted_at":"2026-11-20T10:15:00Z"}"#,
                r#""terms":{"accepted_at":"2026-11-20T11:15:00.000+01:00"}"#,
            ),
        ] {
            let (one, other) = (transaction(one), transaction(other));
            assert_eq!(one, other);
            assert_eq!(canonical_digest(&one), canonical_digest(&other));
            assert_eq!(first_difference(&one, &other), None);
        }
    }

    #[test]
    fn the_first_difference_is_named() {
        let base = r#""amount":{"value":"49.00","currency":"EUR"},"items":[{"sku":"a"}]"#;
        for (other, pointer) in [
            (
                r#""amount":{"value":"49.01","currency":"EUR"},"items":[{"sku":"a"}]"#,
                "/amount/value",
            ),
            (
                r#""amount":{"value":"49","currency":"USD"},"items":[{"sku":"b"}]"#,
                "/amount/currency",
            ),
            (r#""items":[{"sku":"a"}]"#, "/amount"),
            (r#""amount":{"value":"49","currency":"EUR"},"items":[{"sku":"b"}]"#, "/items/0/sku"),
            (r#""amount":{"value":"49","currency":"EUR"},"items":[{"sku":"a"},{}]"#, "/items/1"),
            (&format!(r#"{base},"custom":{{"a/b":1}}"#), "/custom"),
        ] {
            let (one, other) = (transaction(base), transaction(other));
            assert_eq!(first_difference(&one, &other).as_deref(), Some(pointer));
            assert_ne!(canonical_digest(&one), canonical_digest(&other));
        }
    }

    #[test]
    fn the_digest_never_changes() {
        let one = transaction(
            r#""order_id":"o-77","amount":{"value":"49.00","currency":"EUR"},"card":{"bin":"457173"},
               "items":[{"sku":"pro-year","unit_price":"49.00"}],"custom":{"campaign":"autumn","n":1.5}"#,
        );
        let number = |bytes: &[u8]| u128::from_be_bytes(bytes.try_into().unwrap());
        let digest = canonical_digest(&one);
        let (first, last) = digest.split_at(16);
        assert_eq!(number(first), 0x2826_f54f_8610_5a14_cd75_f758_9031_cc48);
        assert_eq!(number(last), 0xad66_1f7a_b032_6cb8_faf5_cc5e_2fa0_ad21);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_transaction_survives_its_json(transaction in arbitrary::transaction()) {
            let json = serde_json::to_vec(&transaction).unwrap();
            let (read, warnings) = read_transaction(&json).unwrap();
            prop_assert!(warnings.iter().all(|warning| warning.code != "unknown_field"));
            prop_assert_eq!(canonical_digest(&read), canonical_digest(&transaction));
            prop_assert_eq!(first_difference(&read, &transaction), None);
            prop_assert_eq!(read, transaction);
        }

        #[test]
        fn an_event_survives_its_json(event in arbitrary::event()) {
            let json = serde_json::to_vec(&event).unwrap();
            let (read, warnings) = read_event(&json).unwrap();
            prop_assert!(warnings.iter().all(|warning| warning.code != "unknown_field"));
            prop_assert_eq!(read, event);
        }

        #[test]
        fn difference_and_digest_agree_with_equality(
            one in arbitrary::transaction(),
            other in arbitrary::transaction(),
        ) {
            let equal = one == other;
            prop_assert_eq!(first_difference(&one, &other).is_none(), equal);
            prop_assert_eq!(canonical_digest(&one) == canonical_digest(&other), equal);
        }
    }
}
