//! A stored decision, made again from its record and compared byte for byte.

use super::chain::{self, Occasion};
use super::query::StoredDecision;
use super::snapshot::Snapshot;
use crate::domain::{Decision, Versions};
use crate::features::{Value, fields as f};

/// What a replay found.
#[derive(Debug, Clone, PartialEq)]
pub enum Replay {
    /// The same decision, byte for byte.
    Same(Box<Decision>),
    /// Another decision: the members that differ, as JSON pointers.
    Different {
        /// The decision made now.
        decision: Box<Decision>,
        /// Where it differs.
        pointers: Vec<String>,
    },
    /// The record was erased: what is gone can't be read again.
    Erased,
    /// The snapshot is not the one the decision names.
    OtherVersions {
        /// What the decision was made with.
        wanted: Box<Versions>,
    },
}

/// Decides again. The snapshot must be the one the decision names.
pub fn replay(stored: &StoredDecision, snapshot: &Snapshot) -> Replay {
    let wanted = &stored.decision.versions;
    let same_versions = wanted.model == snapshot.versions.model
        && wanted.rules == snapshot.versions.rules
        && wanted.policy == snapshot.versions.policy;
    if !same_versions {
        return Replay::OtherVersions { wanted: Box::new(wanted.clone()) };
    }
    if stored.erased {
        return Replay::Erased;
    }
    let Some(decision) = decide_again(stored, snapshot, wanted) else { return Replay::Erased };
    let bytes = |decision: &Decision| serde_json::to_vec(decision).unwrap_or_default();
    if bytes(&stored.decision) == bytes(&decision) {
        return Replay::Same(Box::new(decision));
    }
    let json = |decision: &Decision| serde_json::to_value(decision).unwrap_or_default();
    let mut pointers = Vec::new();
    differences(&json(&stored.decision), &json(&decision), "", &mut pointers);
    Replay::Different { decision: Box::new(decision), pointers }
}

/// The decision a snapshot makes of a stored record, under the versions given; `None` for a record
/// without a time.
pub(super) fn decide_again(
    stored: &StoredDecision,
    snapshot: &Snapshot,
    versions: &Versions,
) -> Option<Decision> {
    let mut record = stored.record.clone();
    let Value::Time(now) = *record.get(f::EVENT_TIME) else { return None };
    record.set(f::MODEL_FRAUD_PROBABILITY, Value::Missing);
    record.set(f::MODEL_RISK_SCORE, Value::Missing);
    let occasion = Occasion {
        tenant: &stored.tenant,
        transaction_id: &stored.decision.transaction_id,
        now,
        warnings: stored.decision.warnings.clone(),
        degraded: stored.decision.degraded.clone(),
    };
    let (mut decision, _) = chain::run(snapshot, &mut record, occasion);
    // The tables are not read again: their facts are in the record, under the digest stored.
    decision.versions = versions.clone();
    Some(decision)
}

/// Collects the pointers of the leaves that differ.
fn differences(
    a: &serde_json::Value,
    b: &serde_json::Value,
    pointer: &str,
    found: &mut Vec<String>,
) {
    use serde_json::Value::{Array, Object};
    match (a, b) {
        (Object(a), Object(b)) => {
            let mut names: Vec<&String> = a.keys().chain(b.keys()).collect();
            names.sort();
            names.dedup();
            for name in names {
                let missing = serde_json::Value::Null;
                let (x, y) = (a.get(name).unwrap_or(&missing), b.get(name).unwrap_or(&missing));
                differences(x, y, &format!("{pointer}/{name}"), found);
            }
        }
        (Array(a), Array(b)) if a.len() == b.len() => {
            for (place, (x, y)) in a.iter().zip(b).enumerate() {
                differences(x, y, &format!("{pointer}/{place}"), found);
            }
        }
        _ if a == b => {}
        _ => found.push(pointer.to_owned()),
    }
}
