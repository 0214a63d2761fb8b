//! A decision in the words of the format.

use super::super::answer::KeptDecision;
use crate::domain::{Action, RuleMode, Timestamp};
use serde_json::{Value, json};

/// Best score of the format, which is of trust: the more, the better.
const MOST_TRUST: f64 = 1_000.0;
/// Digits of our id in theirs, a number that every client reads exactly.
const DIGITS: usize = 13;

/// The answer about an order; `at` is when it was first evaluated, so that a retry gets the same.
pub(super) fn of(told: &KeptDecision<'_>, checkout: Option<&str>, at: Timestamp) -> Value {
    let decision = told.decision;
    let action = match decision.action {
        Action::Approve => "ACCEPT",
        Action::Challenge => "CHALLENGE",
        Action::Review => "HOLD",
        Action::Decline => "REJECT",
    };
    let codes: Vec<&str> = decision.reasons.iter().map(|reason| reason.code.as_str()).collect();
    let acts = |mode| mode == RuleMode::Live;
    let rule = decision.rules.iter().find(|hit| acts(hit.mode) && hit.held_back.is_none());
    let mut answer = json!({
        "signifydId": number(decision.decision_id.as_str()),
        "orderId": decision.transaction_id,
        "decision": {
            "createdAt": at,
            "checkpointAction": action,
            "checkpointActionReason": (!codes.is_empty()).then(|| codes.join(", ")),
            "checkpointActionPolicy": rule.map(|rule| &rule.id),
            "score": decision.risk_score.map(trust),
        },
        "vouch": told,
    });
    if let (Some(checkout), Some(members)) = (checkout, answer.as_object_mut()) {
        members.insert("checkoutId".to_owned(), json!(checkout));
    }
    answer
}

/// Trust out of a thousand, of a risk out of a hundred; whole, as clients cut it.
fn trust(risk_score: f64) -> f64 {
    (MOST_TRUST - risk_score * MOST_TRUST / 100.0).round().clamp(0.0, MOST_TRUST)
}

/// The first digits of a decision's id as a number; it names nothing here, where orders are found by their own id.
fn number(decision_id: &str) -> u64 {
    let digits = decision_id.trim_start_matches("d-").get(..DIGITS).unwrap_or_default();
    u64::from_str_radix(digits, 16).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trust_falls_as_risk_rises() {
        for (risk, score) in [(0.01, 1000.0), (2.0, 980.0), (50.0, 500.0), (99.99, 0.0)] {
            assert!((trust(risk) - score).abs() < 1e-9, "{risk}");
        }
    }

    #[test]
    fn an_id_is_a_number_every_client_reads_exactly() {
        assert_eq!(number("d-95eb36ca2a3267662f480030ac9b5e37"), 0x0009_5eb3_6ca2_a326);
        assert!(number("d-ffffffffffffffffffffffffffffffff") < 1 << 53);
        assert_eq!(number("d-"), 0);
    }
}
