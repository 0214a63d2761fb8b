//! What moved the score, each with the factor it moved it by.
//!
//! The factor of a group of facts is the probability over what it would be were these facts as usual, as an
//! explanation of the decision has it.

use crate::domain::Decision;
use crate::engine::{Snapshot, group_effects};
use crate::features::Record;
use serde::Serialize;

/// Factors between these say nothing worth a reader's time, as the format has it.
const SMALL: std::ops::RangeInclusive<f64> = 0.66..=1.5;

/// A factor and its reason.
#[derive(Debug, Serialize)]
pub(super) struct Factor {
    multiplier: f64,
    reasons: [Why; 1],
}

#[derive(Debug, Serialize)]
struct Why {
    code: String,
    reason: String,
}

/// The factors, heaviest first; none where the model that decided is no longer in use.
pub(super) fn of(snapshot: &Snapshot, decision: &Decision, record: &Record) -> Vec<Factor> {
    let factors = group_effects(snapshot, decision, record).into_iter().map(|factor| Factor {
        multiplier: rounded(factor.multiplier),
        reasons: [Why { code: factor.code.to_owned(), reason: factor.text.to_owned() }],
    });
    factors.filter(|factor| !SMALL.contains(&factor.multiplier)).collect()
}

fn rounded(factor: f64) -> f64 {
    (factor * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::Policy;
    use crate::domain::{TenantId, Transaction};
    use crate::engine::{Engine, ScoreRequest};
    use crate::model::Model;
    use crate::reference::Reference;
    use crate::rules::RuleSet;
    use crate::velocity::Limits;
    use std::sync::Arc;

    #[test]
    fn factors_are_of_the_model_that_decided() {
        let tables = Arc::new(Reference::bundled().unwrap());
        let rules = || RuleSet::from_sources(&[]).unwrap();
        let with = |model| Snapshot::new(tables.clone(), rules(), model, Policy::default());
        let engine = Engine::in_memory(
            with(Some(Model::bundled().unwrap())),
            Limits { max_keys: 1_000, seed: 7 },
        );
        let transaction: Transaction = serde_json::from_value(serde_json::json!({
            "transaction_id": "tx-1", "type": "purchase", "event_time": "2020-11-20T10:00:00Z",
            "amount": {"value": "4900.00", "currency": "EUR"},
            "account": {"email": "x9f3k@mailinator.com"}, "billing": {"country": "GB"},
        }))
        .unwrap();
        let tenant = TenantId::default_tenant();
        let request = ScoreRequest { tenant, transaction, warnings: Vec::new(), received_at: None };
        let begun = engine.begin(request).unwrap();
        let (mut decision, record) = (begun.answer.unwrap().0.clone(), begun.record.unwrap());
        assert!(!of(&engine.snapshot(), &decision, &record).is_empty());
        assert!(of(&with(None), &decision, &record).is_empty());
        decision.versions.model = "another".to_owned();
        assert!(of(&engine.snapshot(), &decision, &record).is_empty());
    }
}
