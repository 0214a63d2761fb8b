//! A decision in the words of the format.

use super::inputs::Remark;
use super::{insights, reasons};
use crate::domain::{Action, Decision, Delivery, RuleMode, Warning};
use crate::engine::Snapshot;
use crate::features::Record;
use serde_json::{Map, Value, json};

/// What is left of a quota that does not exist; clients fail without the numbers, and some alarm at low ones.
const PLENTY: u32 = 1_000_000;
/// Risk without a model, as the middle of the format's range says nothing either way.
const UNSCORED: f64 = 50.0;

/// How much is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Depth {
    Score,
    Insights,
    Factors,
}

impl Depth {
    /// The media type.
    pub(super) fn kind(self) -> &'static str {
        match self {
            Self::Score => {
                "application/vnd.maxmind.com-minfraud-score+json; charset=UTF-8; version=2.0"
            }
            Self::Insights => {
                "application/vnd.maxmind.com-minfraud-insights+json; charset=UTF-8; version=2.0"
            }
            Self::Factors => {
                "application/vnd.maxmind.com-minfraud-factors+json; charset=UTF-8; version=2.0"
            }
        }
    }
}

/// The body of an answer. What is not known is left out.
pub(super) fn body(
    depth: Depth,
    decision: &Decision,
    (snapshot, record): (&Snapshot, &Record),
    mut remarks: Vec<Remark>,
) -> Value {
    remarks.extend(decision.warnings.iter().filter_map(remark));
    let risk = decision.risk_score.unwrap_or(UNSCORED).clamp(0.01, 99.0);
    let mut body = Map::new();
    let mut put = |name: &str, value: Value| drop(body.insert(name.to_owned(), value));
    put("id", json!(uuid(decision.decision_id.as_str())));
    put("risk_score", json!(risk));
    put("funds_remaining", json!(f64::from(PLENTY)));
    put("queries_remaining", json!(PLENTY));
    put("disposition", disposition(decision));
    if depth >= Depth::Insights {
        for (name, group) in insights::groups(record) {
            put(name, group);
        }
    }
    if depth == Depth::Factors {
        put("risk_score_reasons", json!(reasons::of(snapshot, decision, record)));
    }
    if !remarks.is_empty() {
        put("warnings", json!(remarks));
    }
    Value::Object(body)
}

/// The id of a decision as the format has it: `d-` and 32 digits, without the one and with dashes.
fn uuid(id: &str) -> String {
    let digits = id.trim_start_matches("d-");
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    let parts = [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)];
    parts.join("-")
}

/// The decision's id again, as it is looked up by.
pub(super) fn decision_id(uuid: &str) -> Option<String> {
    let digits: String = uuid.chars().filter(|c| *c != '-').collect();
    let good = digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    good.then(|| format!("d-{}", digits.to_ascii_lowercase()))
}

/// What to do. A challenge is a review to who knows no challenge, with its kind beside; a sale that goes through
/// while the good waits is `hold_delivery`, a word of ours.
fn disposition(decision: &Decision) -> Value {
    let action = match (decision.action, decision.delivery) {
        (Action::Approve, Delivery::Hold) => "hold_delivery",
        (Action::Approve, Delivery::Now | Delivery::Limited) => "accept",
        (Action::Challenge | Action::Review, _) => "manual_review",
        (Action::Decline, _) => "reject",
    };
    let acting = |mode| mode == RuleMode::Live;
    let rule = decision.rules.iter().find(|hit| acting(hit.mode) && hit.held_back.is_none());
    let reason = if rule.is_some() { "custom_rule" } else { "default" };
    let said = [
        ("action", Some(json!(action))),
        ("reason", Some(json!(reason))),
        ("rule_label", rule.map(|rule| json!(rule.id))),
        ("delivery", Some(json!(decision.delivery))),
        ("challenge", decision.challenge.map(|kind| json!(kind))),
        ("credit_limit", decision.credit_limit.as_ref().map(|limit| json!(limit))),
    ];
    said.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// A warning of ours in the words of the format; none for what is said of members the client never sent.
fn remark(warning: &Warning) -> Option<Remark> {
    let pointer = match warning.pointer.as_str() {
        "/device/ip" => "/device/ip_address",
        "/card/bin" => "/credit_card/issuer_id_number",
        "/amount/value" => "/order/amount",
        "/amount/currency" => "/order/currency",
        "/event_time" => "/event/time",
        other => other,
    };
    let code = match (warning.code.as_str(), pointer) {
        ("unreadable_value", "/billing/country") => "BILLING_COUNTRY_NOT_FOUND".to_owned(),
        ("unreadable_value", _) => "INPUT_INVALID".to_owned(),
        ("unknown_field", _) => return None,
        (other, _) => other.to_ascii_uppercase(),
    };
    let (warning, input_pointer) = (warning.message.clone(), pointer.to_owned());
    Some(Remark { code, warning, input_pointer })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_uuid_and_back() {
        let id = "d-95eb36ca2a3267662f480030ac9b5e37";
        assert_eq!(uuid(id), "95eb36ca-2a32-6766-2f48-0030ac9b5e37");
        assert_eq!(decision_id(&uuid(id)).as_deref(), Some(id));
        for text in ["", "95eb36ca", "95eb36ca-2a32-6766-2f48-0030ac9b5e3g"] {
            assert_eq!(decision_id(text), None, "{text}");
        }
    }
}
