//! A condition as a typed tree in JSON, for tools that do not read the language.
//!
//! Every node has `op`; every value says its `type`. Numbers and amounts are texts, as everywhere:
//! JSON readers make floats of numbers.

use super::derived::Derived;
use super::expr::{Expr, FieldRef, Literal, Operand};
use serde::{Serialize, Serializer};
use serde_json::{Value as Json, json};

impl Serialize for Expr {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        tree(self).serialize(serializer)
    }
}

fn tree(expr: &Expr) -> Json {
    let all = |parts: &[Expr]| parts.iter().map(tree).collect::<Vec<_>>();
    match expr {
        Expr::Constant(value) => json!({"op": "constant", "value": value}),
        Expr::Not(inner) => json!({"op": "not", "of": [tree(inner)]}),
        Expr::And(parts) => json!({"op": "and", "of": all(parts)}),
        Expr::Or(parts) => json!({"op": "or", "of": all(parts)}),
        Expr::Holds(value) => json!({"op": "holds", "value": operand(value)}),
        Expr::Has(field) => json!({"op": "has", "field": field.to_string()}),
        Expr::Compare(op, left, right) => json!({
            "op": "compare", "test": op.symbol(), "left": operand(left), "right": operand(right),
        }),
        Expr::In(value, list) => json!({
            "op": "in", "value": operand(value), "list": list.iter().map(literal).collect::<Vec<_>>(),
        }),
        Expr::InNetwork(value, network) => json!({
            "op": "in_network", "value": operand(value), "network": network.to_string(),
        }),
        Expr::InList(listed) => json!({
            "op": "in_list", "field": listed.field.to_string(), "type": kind(&listed.field),
            "list": listed.list,
        }),
        Expr::Text(test, value, pattern) => json!({
            "op": "text", "test": test.name(), "value": operand(value), "pattern": pattern,
        }),
        Expr::Matches(value, pattern) => json!({
            "op": "text", "test": "matches", "value": operand(value), "pattern": pattern.text(),
        }),
    }
}

fn operand(value: &Operand) -> Json {
    match value {
        Operand::Field(field) => json!({"field": field.to_string(), "type": kind(field)}),
        Operand::Default(field, value) => json!({
            "field": field.to_string(), "type": kind(field), "default": literal(value),
        }),
        Operand::Literal(constant) => literal(constant),
        Operand::Derived(Derived::Clock(part, zone), of) => json!({
            "function": part.name(), "zone": zone.name(), "of": operand(of), "type": "whole number",
        }),
        Operand::Derived(Derived::Size, of) => json!({
            "function": "size", "of": operand(of), "type": "whole number",
        }),
        Operand::Derived(Derived::LowerAscii, of) => json!({
            "function": "lowerAscii", "of": operand(of), "type": "text",
        }),
    }
}

/// The type as `docs/features.md` names it.
fn kind(field: &FieldRef) -> &'static str {
    match field {
        FieldRef::Catalogue(id) => id.field().kind.name(),
        FieldRef::Custom(_) => "custom",
    }
}

fn literal(constant: &Literal) -> Json {
    match constant {
        Literal::Bool(value) => json!({"type": "boolean", "value": value}),
        Literal::Number(number) => json!({"type": "number", "value": number.exact.to_string()}),
        Literal::Text(text) => json!({"type": "text", "value": text}),
        Literal::Country(country) => json!({"type": "country", "value": country.code()}),
        Literal::Currency(currency) => json!({"type": "currency", "value": currency.code()}),
        Literal::Ip(address) => json!({"type": "IP address", "value": address}),
        Literal::Time(time) => json!({"type": "time", "value": time}),
        Literal::Money(amount) => json!({
            "type": "money", "value": amount.value().to_string(), "currency": amount.currency().code(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::parse;

    #[test]
    fn every_form_has_a_typed_node() {
        let condition = "!(amount_eur > 100.50 || billing.country in [\"DE\"]) && has(ip.country)
            && default(ip.tor, false) && device.ip in cidr(\"10.0.0.0/8\")
            && email.domain.lowerAscii().endsWith(\"x\") && custom.a.matches(\"^b\")
            && event_time.getHours(\"UTC\") >= 22 && size(descriptor) < 4
            && amount > money(\"1.50\", \"EUR\") && event_time > timestamp(\"2026-01-01T00:00:00Z\")";
        let tree = serde_json::to_value(parse("<test>", condition).unwrap()).unwrap();
        expect_test::expect_file!["./tests/ast.json"].assert_eq(&format!("{tree:#}\n"));
    }
}
