//! A stored decision, made again from its record and compared byte for byte.

use super::chain::{self, Memory, Occasion};
use super::query::StoredDecision;
use super::snapshot::Snapshot;
use crate::domain::{Decision, TenantId, TransactionId, Versions, Warning};
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

/// What of a stored decision, beside its record, goes into making it again.
#[derive(Debug, Deserialize)]
pub(super) struct Kept {
    pub(super) warnings: Vec<Warning>,
    pub(super) degraded: Vec<String>,
    pub(super) versions: Versions,
}

/// Decides again. The snapshot must be the one the decision names.
pub fn replay(stored: &StoredDecision, snapshot: &Snapshot) -> Replay {
    let Decision { transaction_id, warnings, degraded, versions, .. } = stored.decision.clone();
    if !are_of(&versions, snapshot) {
        return Replay::OtherVersions { wanted: Box::new(versions) };
    }
    if stored.erased {
        return Replay::Erased;
    }
    let kept = Kept { warnings, degraded, versions };
    let mut record = stored.record.clone();
    match decide_again(
        (&stored.tenant, &transaction_id, kept),
        &mut record,
        snapshot,
        &mut Memory::default(),
    ) {
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
    if pointers.is_empty() {
        // Only as bytes (-0.0 and 0.0): the whole does.
        pointers.push(String::new());
    }
    Replay::Different { decision: Box::new(decision), pointers }
}

/// The decision a snapshot makes of a stored record, under the versions that were kept: the tables are
/// not read again, their facts are in the record, under the digest stored. `None` for a record without a
/// time.
pub(super) fn decide_again(
    (tenant, transaction_id, kept): (&TenantId, &TransactionId, Kept),
    record: &mut Record,
    snapshot: &Snapshot,
    memory: &mut Memory,
) -> Option<Decision> {
    let Value::Time(now) = *record.get(f::EVENT_TIME) else { return None };
    record.set(f::MODEL_FRAUD_PROBABILITY, Value::Missing);
    record.set(f::MODEL_RISK_SCORE, Value::Missing);
    let occasion = Occasion {
        tenant,
        transaction_id,
        now,
        warnings: kept.warnings,
        degraded: kept.degraded,
        versions: kept.versions,
    };
    let mut decision = chain::run(snapshot, record, occasion, memory).0;
    decision.shadow = chain::shadow(snapshot, record, now);
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
