//! The fields of a request, read off its own schema.
//!
//! Maps name fields, and the random requests of the tests fill them. Both take the list from the
//! schema that is published with the API. Rejected: a second list by hand, which would be one field
//! behind the first from the day a field is added.

use serde_json::Value;
use utoipa::ToSchema;

/// What a field holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A string; some are checked further (a currency, an address).
    Text,
    /// A string of decimal digits.
    Decimal,
    /// One of these words.
    Words(Vec<String>),
    /// An RFC 3339 time.
    Time,
    /// A whole number.
    Integer,
    /// True or false.
    Boolean,
    /// Members of any name with text, number or boolean values: the merchant's own fields.
    Open,
}

/// One field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field {
    /// Its name, e.g. `account.email`; `items.0.sku` for the first of a list; `custom.*`.
    pub(crate) name: String,
    /// What it holds.
    pub(crate) kind: Kind,
    /// Most bytes, where the schema says so.
    pub(crate) max: Option<u64>,
}

/// Every field of `T`, sorted by name.
pub(crate) fn fields<T: ToSchema>() -> Vec<Field> {
    let mut types = Vec::new();
    T::schemas(&mut types);
    let types: Vec<(String, Value)> = types
        .into_iter()
        .map(|(name, schema)| (name, serde_json::to_value(schema).unwrap_or_default()))
        .collect();
    let root = serde_json::to_value(T::schema()).unwrap_or_default();
    let mut fields = Vec::new();
    walk(&types, &root, "", &mut fields);
    fields.sort_by(|a, b| a.name.cmp(&b.name));
    fields
}

fn walk(types: &[(String, Value)], schema: &Value, name: &str, fields: &mut Vec<Field>) {
    let schema = resolve(types, schema);
    let under = |step: &str| if name.is_empty() { step.into() } else { format!("{name}.{step}") };
    if let Some(members) = schema.get("properties").and_then(Value::as_object) {
        for (member, inner) in members {
            walk(types, inner, &under(member), fields);
        }
        return;
    }
    if let Some(element) = schema.get("items") {
        return walk(types, element, &under("0"), fields);
    }
    let (name, kind) = if schema.get("additionalProperties").is_some() {
        (under("*"), Kind::Open)
    } else {
        (name.to_owned(), kind_of(schema))
    };
    let max = schema.get("maxLength").and_then(Value::as_u64);
    fields.push(Field { name, kind, max });
}

/// Follows references and takes the part of an optional field that is not null.
fn resolve<'a>(types: &'a [(String, Value)], schema: &'a Value) -> &'a Value {
    if let Some(choices) = schema.get("oneOf").and_then(Value::as_array) {
        let not_null = |choice: &&Value| choice.get("type").and_then(Value::as_str) != Some("null");
        return choices.iter().find(not_null).map_or(schema, |choice| resolve(types, choice));
    }
    let Some(name) = schema.get("$ref").and_then(Value::as_str) else { return schema };
    let name = name.rsplit('/').next().unwrap_or(name);
    types.iter().find(|(known, _)| known == name).map_or(schema, |(_, found)| resolve(types, found))
}

fn kind_of(schema: &Value) -> Kind {
    let is = |word: &str| match schema.get("type") {
        Some(Value::String(one)) => one == word,
        Some(Value::Array(several)) => several.iter().any(|one| one == word),
        _ => false,
    };
    let words = schema.get("enum").and_then(Value::as_array);
    if let Some(words) = words {
        return Kind::Words(words.iter().filter_map(Value::as_str).map(str::to_owned).collect());
    }
    let says = |key: &str| schema.get(key).and_then(Value::as_str);
    if is("integer") {
        Kind::Integer
    } else if is("boolean") {
        Kind::Boolean
    } else if says("format") == Some("date-time") {
        Kind::Time
    } else if says("pattern").is_some_and(|pattern| pattern.contains("[0-9]")) {
        Kind::Decimal
    } else {
        Kind::Text
    }
}

/// Sets the member of that name, as [`fields`] names it, in a body made for a test.
#[cfg(test)]
pub(crate) fn put(root: &mut serde_json::Value, name: &str, value: serde_json::Value) {
    let mut at = root;
    for step in name.split('.') {
        at = match step.parse::<usize>() {
            Ok(index) => {
                if !at.is_array() {
                    *at = serde_json::json!([{}]);
                }
                &mut at[index]
            }
            Err(_) => &mut at[step],
        };
    }
    *at = value;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Event, Transaction};

    #[test]
    fn the_fields_of_a_transaction_are_those_of_the_contract() {
        let fields = fields::<Transaction>();
        let kind = |name: &str| fields.iter().find(|f| f.name == name).map(|f| f.kind.clone());
        assert_eq!(kind("transaction_id"), Some(Kind::Text));
        assert_eq!(kind("event_time"), Some(Kind::Time));
        assert_eq!(kind("amount.value"), Some(Kind::Decimal));
        assert_eq!(kind("amount.currency"), Some(Kind::Text));
        assert_eq!(kind("account.created_at"), Some(Kind::Time));
        assert_eq!(kind("card.three_ds.liability_shift"), Some(Kind::Boolean));
        assert_eq!(kind("payment.attempt"), Some(Kind::Integer));
        assert_eq!(kind("device.ip"), Some(Kind::Text));
        assert_eq!(kind("items.0.quantity"), Some(Kind::Integer));
        assert_eq!(kind("items.0.unit_price"), Some(Kind::Decimal));
        assert_eq!(kind("custom.*"), Some(Kind::Open));
        let Some(Kind::Words(words)) = kind("type") else { panic!() };
        assert_eq!(words[0], "purchase");
        assert_eq!(fields.iter().filter(|f| f.kind == Kind::Open).count(), 1);
    }

    #[test]
    fn the_fields_of_an_event_reach_into_its_data() {
        let names: Vec<_> = fields::<Event>().into_iter().map(|f| f.name).collect();
        for name in [
            "event_id",
            "ip",
            "data.label",
            "data.usage.second_factor",
            "data.checkout.price.value",
        ] {
            assert!(names.iter().any(|known| known == name), "{name}");
        }
    }
}
