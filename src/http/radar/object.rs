//! A decision as the object of the format.

use super::super::answer::KeptDecision;
use crate::domain::{Action, ChallengeKind, Decision, Timestamp};
use serde_json::{Value, json};

/// Members of the request that are members of the object.
const ECHOED: [&str; 3] = ["client_device_metadata_details", "customer_details", "payment_details"];

/// The object, with what was sent in its place. `now` is when the payment was first evaluated, so that a retry gets
/// the same.
pub(super) fn of(form: &Value, told: &KeptDecision<'_>, now: Timestamp) -> Value {
    let decision = told.decision;
    let at = now.millis().div_euclid(1_000);
    let recommended = match (decision.action, decision.challenge) {
        (Action::Decline, _) => "block",
        (Action::Challenge, Some(ChallengeKind::ThreeDs)) => "request_three_d_secure",
        _ => "continue",
    };
    let mut object = json!({
        "id": decision.decision_id.as_str().replacen("d-", "peval_", 1),
        "object": "radar.payment_evaluation",
        "created_at": at,
        "livemode": true,
        "metadata": form.get("metadata").cloned().unwrap_or_else(|| json!({})),
        "events": [],
        "outcome": null,
        "recommended_action": recommended,
        "signals": { "fraudulent_payment": {
            "evaluated_at": at, "risk_level": level(decision), "score": decision.risk_score,
        }},
        "vouch": told,
    });
    if let Some(members) = object.as_object_mut() {
        for name in ECHOED {
            let sent = form.get(name).cloned().unwrap_or(Value::Null);
            members.insert(name.to_owned(), typed(name, sent));
        }
    }
    object
}

/// The level as the decision has it, for rules and costs weigh more than the score alone.
fn level(decision: &Decision) -> &'static str {
    match (decision.risk_score, decision.action) {
        (None, _) => "not_assessed",
        (_, Action::Approve) => "normal",
        (_, Action::Challenge | Action::Review) => "elevated",
        (_, Action::Decline) => "highest",
    }
}

/// In a form every value is a text; the amount is a number in the object.
fn typed(name: &str, mut sent: Value) -> Value {
    let amount = sent.get_mut("amount").filter(|_| name == "payment_details");
    if let Some(amount) = amount
        && let Some(number) = amount.as_str().and_then(|text| text.parse::<u64>().ok())
    {
        *amount = json!(number);
    }
    sent
}
