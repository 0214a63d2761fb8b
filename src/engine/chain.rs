//! The one chain from a filled record to a decision: model, rules, costs.
//!
//! Pure: the same snapshot and record give the same decision, which is what replay relies on. The
//! request is not looked at any more; everything the decision rests on is in the record.

use super::entry;
use super::query::is_payment;
use super::snapshot::Snapshot;
use super::standing::{Standing, spares};
use crate::decision::{PassThrough, Sale, ScoreOutcome, Verdict, decide, delivery};
use crate::domain::{
    Action, Calibration, ChallengeKind, Decision, DecisionId, Defensibility, FulfilmentMethod,
    PaymentMethod, Reason, RuleAction, Shadowed, Spared, TenantId, Timestamp, TransactionId,
    Versions, Warning,
};
use crate::features::{FieldId, Record, Value, fields as f};
use crate::model::{Contribution, Model, Score};
use crate::rules::Scratch;
use rust_decimal::prelude::ToPrimitive;

/// Most reasons taken from the model.
const MODEL_REASONS: usize = 5;
/// Contributions closer to zero than this are not worth a reader's time, in log-odds.
const WORTH_NAMING: f64 = 0.05;

/// Whose decision it is and what came with it.
pub(super) struct Occasion<'a> {
    pub(super) tenant: &'a TenantId,
    pub(super) transaction_id: &'a TransactionId,
    /// Event time: rules expire by it, so that a replay sees the same rules.
    pub(super) now: Timestamp,
    pub(super) warnings: Vec<Warning>,
    pub(super) degraded: Vec<String>,
    /// What it is made with, as the answer names it.
    pub(super) versions: Versions,
}

/// Memory kept from one decision to the next.
#[derive(Default)]
pub(super) struct Memory {
    rules: Scratch,
    shares: Vec<Contribution>,
}

/// Scores the record, evaluates every rule and decides. Sets the record's `model.*` fields. Beside
/// the decision: the rules that a missing fact would have decided.
pub(super) fn run<'s>(
    snapshot: &'s Snapshot,
    record: &mut Record,
    occasion: Occasion<'_>,
    memory: &mut Memory,
) -> (Decision, Vec<&'s str>) {
    memory.shares.clear();
    let model = snapshot.model_for(record);
    let score = model.map(|model| {
        let score = model.explain(record, &mut memory.shares);
        scored(model, score, record)
    });
    let outcome = snapshot.rules.evaluate_with(record, occasion.now, &mut memory.rules);
    let mut standing = Standing::of(&outcome.hits, record);
    let sale = Sale { is_spared: spares(&snapshot.policy, record).is_some(), ..sale(record) };
    let mut verdict =
        decide(&snapshot.policy, score.as_ref().map(|(_, s)| *s), &standing.matched(), &sale);
    let spared = verdict.spared.then(|| standing.spare(&snapshot.policy, record)).flatten();
    let passed = if passes(snapshot, record, &occasion, &verdict) {
        let_through(snapshot, &mut standing, &mut verdict, &sale)
    } else {
        None
    };
    let decision = Decision {
        decision_id: decision_id(occasion.tenant, occasion.transaction_id),
        transaction_id: occasion.transaction_id.clone(),
        action: verdict.action,
        delivery: verdict.delivery,
        challenge: verdict.challenge,
        credit_limit: verdict.credit_limit,
        risk_score: score.as_ref().and_then(|(score, _)| score.risk_score.to_f64()),
        fraud_probability: score.as_ref().map(|(score, _)| score.fraud_probability),
        calibration: score.as_ref().map_or(Calibration::None, |(_, s)| s.calibration),
        reasons: reasons(&standing, &memory.shares),
        rules: standing.brief(),
        spared: spared.or(passed),
        customer_text: standing.customer_text(verdict.action),
        costs: verdict.costs,
        defensibility: defensibility(record),
        warnings: occasion.warnings,
        degraded: occasion.degraded,
        versions: Versions {
            model: model.map(|model| model.digest().to_owned()).unwrap_or_default(),
            ..occasion.versions
        },
        shadow: None,
    };
    (decision, outcome.unknown)
}

/// Whether a decline is drawn to pass: a payment's alone, by the policy and the transaction's id.
fn passes(
    snapshot: &Snapshot,
    record: &Record,
    occasion: &Occasion<'_>,
    verdict: &Verdict,
) -> bool {
    let drawn =
        |pass: PassThrough| pass.takes(occasion.tenant.as_str(), occasion.transaction_id.as_str());
    verdict.action == Action::Decline
        && is_payment(record)
        && snapshot.policy.pass_through.is_some_and(drawn)
}

/// Turns a decline into an approval to learn from, unless a hard block stands.
fn let_through(
    snapshot: &Snapshot,
    standing: &mut Standing<'_>,
    verdict: &mut Verdict,
    sale: &Sale,
) -> Option<Spared> {
    let spared = standing.let_through(snapshot.policy.pass_through?.one_in)?;
    verdict.action = Action::Approve;
    verdict.delivery = delivery(Action::Approve, sale.fulfilment);
    Some(spared)
}

/// Puts a score into the record's `model.*` fields, where rules read it.
fn scored(model: &Model, score: Score, record: &mut Record) -> (Score, ScoreOutcome) {
    record.set(f::MODEL_FRAUD_PROBABILITY, Value::float(score.fraud_probability));
    record.set(f::MODEL_RISK_SCORE, score.risk_score);
    let (fraud_probability, calibration) = (score.fraud_probability, model.calibration());
    (score, ScoreOutcome { fraud_probability, calibration })
}

/// What the shadow model says of a record that was decided on, and the action that the same rules and
/// costs would have taken with its score. The record is left as it was.
pub(super) fn shadow(snapshot: &Snapshot, record: &mut Record, now: Timestamp) -> Option<Shadowed> {
    let model = snapshot.shadow.as_deref()?;
    let fields = [f::MODEL_FRAUD_PROBABILITY, f::MODEL_RISK_SCORE];
    let decided = fields.map(|field| record.get(field).clone());
    for field in fields {
        record.set(field, Value::Missing);
    }
    let (score, outcome) = scored(model, model.score(record), record);
    let hits = snapshot.rules.evaluate(record, now).hits;
    let sale = Sale { is_spared: spares(&snapshot.policy, record).is_some(), ..sale(record) };
    let matched = Standing::of(&hits, record).matched();
    let action = decide(&snapshot.policy, Some(outcome), &matched, &sale).action;
    for (field, value) in fields.into_iter().zip(decided) {
        record.set(field, value);
    }
    Some(Shadowed {
        action,
        risk_score: score.risk_score.to_f64().unwrap_or(f64::NAN),
        fraud_probability: score.fraud_probability,
    })
}

/// A decision's name: a pure function of tenant and transaction, so that a retry gets the same.
pub(super) fn decision_id(tenant: &TenantId, transaction_id: &TransactionId) -> DecisionId {
    let name = format!("d-{}", entry::hex(&entry::transaction_hash(tenant, transaction_id)));
    DecisionId::new(&name).unwrap_or_else(|_| unreachable!("34 ASCII letters are an id"))
}

/// The name of the decision on a stored transaction id; empty for what is no id.
pub fn decision_name(tenant: &TenantId, transaction_id: &str) -> String {
    TransactionId::new(transaction_id)
        .map_or_else(|_| String::new(), |id| decision_id(tenant, &id).as_str().to_owned())
}

/// The facts of the sale, read from the record.
pub(super) fn sale(record: &Record) -> Sale {
    let method = word(record, f::PAYMENT_METHOD).and_then(PaymentMethod::from_word);
    let has_card = !record.get(f::CARD_FINGERPRINT).is_missing();
    let method = method.or(has_card.then_some(PaymentMethod::Card));
    let can_ask = ChallengeKind::ALL.iter().map(|kind| match kind {
        ChallengeKind::EmailOtp => !record.get(f::ACCOUNT_EMAIL).is_missing(),
        ChallengeKind::SmsOtp => !record.get(f::ACCOUNT_PHONE).is_missing(),
        ChallengeKind::ThreeDs => method.is_some_and(PaymentMethod::has_three_ds),
        ChallengeKind::AppOtp | ChallengeKind::Document => true,
    });
    let mut asked = [false; ChallengeKind::ALL.len()];
    for (slot, can) in asked.iter_mut().zip(can_ask) {
        *slot = can;
    }
    Sale {
        amount: match record.get(f::AMOUNT) {
            Value::Money(amount) => Some(*amount),
            _ => None,
        },
        euro_rate: Some(record.numeric(f::EUR_RATE)).filter(|rate| rate.is_finite()),
        right: method.and_then(PaymentMethod::dispute_right),
        liability_shifted: record.get(f::CARD_THREE_DS_LIABILITY_SHIFT) == &Value::Bool(true),
        fulfilment: word(record, f::FULFILMENT_METHOD).and_then(FulfilmentMethod::from_word),
        can_ask: asked,
        is_spared: false,
    }
}

fn word(record: &Record, field: FieldId) -> Option<&str> {
    match record.get(field) {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

/// Rules that act first, in rule-set order, then what moved the score most.
fn reasons(standing: &Standing<'_>, shares: &[Contribution]) -> Vec<Reason> {
    let acting = standing.reported().map(|hit| Reason {
        code: hit.reason.to_owned(),
        text: hit.text.to_owned(),
        contribution: (hit.action == RuleAction::Adjust).then_some(hit.adjust),
    });
    let heaviest = shares.iter().filter(|part| part.log_odds.abs() >= WORTH_NAMING);
    let moved = heaviest.take(MODEL_REASONS).map(|part| Reason {
        code: part.group.code.to_owned(),
        text: part.text().to_owned(),
        contribution: Some(part.log_odds),
    });
    acting.chain(moved).collect()
}

/// The facts an evidence packet for a digital good is built from, and the members that carry them.
const EVIDENCE: &[(FieldId, &str)] = &[
    (f::ACCOUNT_ID, "account.id"),
    (f::ACCOUNT_EMAIL, "account.email"),
    (f::ACCOUNT_NAME, "account.name"),
    (f::DEVICE_IP, "device.ip"),
    (f::DEVICE_DEVICE_ID, "device.device_id"),
    (f::DEVICE_USER_AGENT, "device.user_agent"),
    (f::BILLING_POSTAL_CODE, "billing.postal_code"),
    (f::TERMS_ACCEPTED_AT, "terms.accepted_at"),
    (f::DESCRIPTOR, "descriptor"),
    (f::ORDER_ID, "order_id"),
];

fn defensibility(record: &Record) -> Defensibility {
    let missing: Vec<String> = EVIDENCE
        .iter()
        .filter(|(field, _)| record.get(*field).is_missing())
        .map(|(_, member)| (*member).to_owned())
        .collect();
    let present = EVIDENCE.len() - missing.len();
    let completeness_bp = u16::try_from(present * 10_000 / EVIDENCE.len()).unwrap_or(u16::MAX);
    Defensibility { completeness_bp, missing }
}
