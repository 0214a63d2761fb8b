//! Random transactions and events for property tests: any field of the schema, present or not.
//!
//! Built as JSON and read like a request, so a schema that promises what the reader refuses fails
//! here first.

use super::fields::{Field, Kind, fields};
use super::place::Place;
use crate::domain::{Currency, Event, Timestamp, Transaction};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

/// Any transaction.
pub(crate) fn transaction() -> impl Strategy<Value = Transaction> {
    let mut list = fields::<Transaction>();
    let items: Vec<_> = list.iter().filter(|f| f.name.starts_with("items.0.")).cloned().collect();
    for index in ["items.1.", "items.2."] {
        list.extend(
            items.iter().map(|field| Field {
                name: field.name.replace("items.0.", index),
                ..field.clone()
            }),
        );
    }
    let required = ["transaction_id", "type", "event_time"];
    json_of(list, &required).prop_map(|value| {
        serde_json::from_value(value.clone()).unwrap_or_else(|e| panic!("{e}: {value}"))
    })
}

/// Any event that says what its type needs.
pub(crate) fn event() -> impl Strategy<Value = Event> {
    let required = [
        "event_id",
        "type",
        "event_time",
        "transaction_id",
        "data.amount.value",
        "data.exhibit.kind",
        "data.exhibit.title",
        "data.exhibit.sha256",
    ];
    json_of(fields::<Event>(), &required).prop_map(|mut value| {
        let outcome = if value["type"] == "challenge.result" { "passed" } else { "approved" };
        value["data"]["outcome"] = json!(outcome);
        value["data"]["label"] = json!("legitimate");
        let event: Event =
            serde_json::from_value(value.clone()).unwrap_or_else(|e| panic!("{e}: {value}"));
        event.check().unwrap();
        event
    })
}

fn json_of(fields: Vec<Field>, required: &[&str]) -> impl Strategy<Value = Value> + use<> {
    let members: Vec<BoxedStrategy<Option<Value>>> = fields
        .iter()
        .map(|field| {
            let value = value_of(field);
            if required.contains(&field.name.as_str()) {
                value.prop_map(Some).boxed()
            } else {
                prop::option::weighted(0.4, value).boxed()
            }
        })
        .collect();
    (members, any::<bool>()).prop_map(move |(members, empty_account)| {
        let mut json = json!({});
        for (field, value) in fields.iter().zip(members) {
            if let Some(value) = value {
                Place::of(field.name.trim_end_matches(".*")).put(&mut json, value);
            }
        }
        complete_amounts(&mut json);
        if empty_account && json.get("account").is_none() && json.get("event_id").is_none() {
            json["account"] = json!({});
        }
        json
    })
}

/// Half an amount is none: gives it its other half.
fn complete_amounts(json: &mut Value) {
    match json {
        Value::Object(members) => {
            if members.contains_key("value") && !members.contains_key("currency") {
                members.insert("currency".into(), json!("EUR"));
            } else if members.contains_key("currency") && !members.contains_key("value") {
                members.insert("value".into(), json!("0"));
            }
            members.values_mut().for_each(complete_amounts);
        }
        Value::Array(elements) => elements.iter_mut().for_each(complete_amounts),
        _ => {}
    }
}

fn value_of(field: &Field) -> BoxedStrategy<Value> {
    match &field.kind {
        Kind::Words(words) => select(words.clone()).prop_map(Value::from).boxed(),
        Kind::Time => (0i64..7_258_118_400_000)
            .prop_map(|ms| json!(Timestamp::from_millis(ms).to_string()))
            .boxed(),
        Kind::Integer => (1u16..).prop_map(Value::from).boxed(),
        Kind::Boolean => any::<bool>().prop_map(Value::from).boxed(),
        Kind::Open => prop::collection::btree_map("[a-z_/~ ]{0,8}", custom(), 0..4)
            .prop_map(|members| json!(members))
            .boxed(),
        Kind::Text if field.name.ends_with("currency") => {
            let codes: Vec<_> = Currency::all().map(|currency| json!(currency)).collect();
            select(codes).boxed()
        }
        Kind::Decimal => decimal().boxed(),
        Kind::Text => text(field.max.unwrap_or(64)),
    }
}

/// Amounts from nothing to the largest, with and without trailing zeros.
fn decimal() -> impl Strategy<Value = Value> {
    let whole = prop_oneof![0u64..1_000, 0u64..1_000_000_000_000_000];
    (whole, prop::option::of("[0-9]{1,8}")).prop_map(|(whole, fraction)| match fraction {
        Some(fraction) => json!(format!("{whole}.{fraction}")),
        None => json!(whole.to_string()),
    })
}

fn custom() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_filter("JSON has no NaN", |n| n.is_finite()).prop_map(Value::from),
        "\\PC{0,20}".prop_map(Value::from),
    ]
}

/// Texts that mean something to some field, and texts that mean nothing to any.
fn text(max: u64) -> BoxedStrategy<Value> {
    let max = usize::try_from(max).unwrap();
    let meant = ["GB", "us", "81.2.69.142", "2001:db8::1", "457173", "::ffff:10.0.0.1", "Y", "05"];
    let meant = meant.into_iter().filter(|text| text.len() <= max).collect::<Vec<_>>();
    let any_text = "\\PC{1,12}".prop_filter_map("too long", move |text: String| {
        let mut end = max.min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        (end > 0).then(|| text[..end].to_owned())
    });
    prop_oneof![select(meant).prop_map(str::to_owned), any_text].prop_map(Value::from).boxed()
}
