//! A stored decision, made again from its record and compared byte for byte.

use super::chain::{self, Occasion};
use super::query::StoredDecision;
use super::snapshot::Snapshot;
use crate::domain::{Action, Decision, TenantId, TransactionId, Versions, Warning};
use crate::features::{Record, Value, fields as f};
use serde::Deserialize;

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

/// What of a stored decision goes into making it again.
#[derive(Debug, Deserialize)]
pub(super) struct Kept {
    pub(super) transaction_id: TransactionId,
    pub(super) action: Action,
    #[serde(default)]
    pub(super) risk_score: Option<f64>,
    pub(super) warnings: Vec<Warning>,
    pub(super) degraded: Vec<String>,
    pub(super) versions: Versions,
}

/// Decides again. The snapshot must be the one the decision names.
pub fn replay(stored: &StoredDecision, snapshot: &Snapshot) -> Replay {
    let Decision { transaction_id, action, risk_score, warnings, degraded, versions, .. } =
        stored.decision.clone();
    let kept = Kept { transaction_id, action, risk_score, warnings, degraded, versions };
    if !are_of(&kept.versions, snapshot) {
        return Replay::OtherVersions { wanted: Box::new(kept.versions) };
    }
    if stored.erased {
        return Replay::Erased;
    }
    let mut record = stored.record.clone();
    match decide_again(&stored.tenant, &kept, &mut record, (snapshot, &kept.versions)) {
        Some(decision) => compare(&stored.decision, decision),
        None => Replay::Erased,
    }
}

/// Whether a snapshot is what a decision was made with.
pub(super) fn are_of(wanted: &Versions, snapshot: &Snapshot) -> bool {
    wanted.model == snapshot.versions.model
        && wanted.rules == snapshot.versions.rules
        && wanted.policy == snapshot.versions.policy
        && wanted.shadow == snapshot.versions.shadow
}

/// Holds a decision against the one that is stored.
pub(super) fn compare(stored: &Decision, decision: Decision) -> Replay {
    let bytes = |decision: &Decision| serde_json::to_vec(decision).unwrap_or_default();
    if bytes(stored) == bytes(&decision) {
        return Replay::Same(Box::new(decision));
    }
    let json = |decision: &Decision| serde_json::to_value(decision).unwrap_or_default();
    let mut pointers = Vec::new();
    differences(&json(stored), &json(&decision), "", &mut pointers);
    Replay::Different { decision: Box::new(decision), pointers }
}

/// The decision a snapshot makes of a stored record, under the versions given; `None` for a record
/// without a time.
pub(super) fn decide_again(
    tenant: &TenantId,
    kept: &Kept,
    record: &mut Record,
    (snapshot, versions): (&Snapshot, &Versions),
) -> Option<Decision> {
    let Value::Time(now) = *record.get(f::EVENT_TIME) else { return None };
    record.set(f::MODEL_FRAUD_PROBABILITY, Value::Missing);
    record.set(f::MODEL_RISK_SCORE, Value::Missing);
    let occasion = Occasion {
        tenant,
        transaction_id: &kept.transaction_id,
        now,
        warnings: kept.warnings.clone(),
        degraded: kept.degraded.clone(),
    };
    let (mut decision, _) = chain::run(snapshot, record, occasion);
    decision.shadow = chain::shadow(snapshot, record, now);
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
