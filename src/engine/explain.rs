//! Why a decision was made, and what would have had to be otherwise.
//!
//! Beside the contributions that every answer has: how many times likelier each group of facts made fraud,
//! and for the facts that weigh most the nearest value with which the action would have been another. Each
//! such value was tried: the same model, rules and costs decided on the record with it.

use super::chain::Memory;
use super::replay::{Kept, decide_again};
use super::{Engine, EngineError, Snapshot, StoredDecision};
use crate::domain::{Action, Decision, TenantId};
use crate::features::{Record, Value, fields as f};
use crate::model::{Contribution, Edge, Model, sigmoid};
use serde::Serialize;

/// Most features whose changes are tried.
const TRIED: usize = 12;
/// Halvings of the way to the nearest value.
const HALVINGS: usize = 40;
/// Values of a feature tried in one direction before halving; a model may ask about thousands.
const MOST_VALUES: usize = 64;
/// Least effect of a feature worth trying, in log-odds.
const LEAST_EFFECT: f64 = 0.01;

/// Why a decision was made.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Explanation {
    /// The transaction.
    pub transaction_id: String,
    /// What was decided.
    pub action: Action,
    /// The model's fraud probability.
    pub fraud_probability: f64,
    /// That of a transaction average in everything.
    pub base_probability: f64,
    /// True where the groups' contributions are exact Shapley values; false where they follow the paths
    /// of a forest whose leaves do not say how many training rows they stand for.
    pub is_exact: bool,
    /// Groups of facts, the heaviest first.
    pub groups: Vec<GroupEffect>,
    /// Single facts that would have led to another action, in the order of their weight.
    pub counterfactuals: Vec<Counterfactual>,
    /// How many facts were tried.
    pub tried: usize,
}

/// What a group of facts does to the probability.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct GroupEffect {
    /// The group's stable code.
    pub code: &'static str,
    /// One sentence.
    pub text: &'static str,
    /// What it adds to the log-odds.
    pub contribution: f64,
    /// The probability with the group as it is on average.
    pub without: f64,
    /// The probability over that: above 1 where the group raises the risk.
    pub multiplier: f64,
}

/// A single change with which the action would have been another.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Counterfactual {
    /// The fact.
    pub feature: String,
    /// What it was; null where it was not known.
    #[schema(value_type = serde_json::Value)]
    pub was: Value,
    /// The nearest value that changes the action.
    #[schema(value_type = serde_json::Value)]
    pub would_be: Value,
    /// The action then.
    pub action: Action,
    /// The model's fraud probability then.
    pub fraud_probability: f64,
}

/// What can be said of a kept decision.
#[derive(Debug)]
pub enum Explained {
    /// Why it was made.
    Yes(Box<Explanation>),
    /// Nothing yet: it is still being written.
    NotYet,
    /// Nothing any more: the person was erased.
    Erased,
    /// Nothing: no model decided.
    NoModel,
}

impl Engine {
    /// Explains a decision of this tenant, by its own name or by its transaction's; `None` for an unknown
    /// one. Cost: the artefacts are loaded again, and up to three thousand decisions; may wait for the disk.
    ///
    /// # Errors
    /// The ledger, or what the decision was made with, can't be read.
    pub fn explained(&self, tenant: &TenantId, id: &str) -> Result<Option<Explained>, EngineError> {
        let Some((decision, ..)) = self.find_decision(tenant, id)? else { return Ok(None) };
        let Some(stored) = self.kept_decision(tenant, &decision.transaction_id)? else {
            return Ok(Some(Explained::NotYet));
        };
        if stored.erased {
            return Ok(Some(Explained::Erased));
        }
        let Some(artefacts) = &self.artefacts else { return Ok(Some(Explained::NotYet)) };
        let tables = self.snapshot().reference.clone();
        let snapshot = artefacts.snapshot(&stored.decision.versions, tables)?.for_trials();
        Ok(Some(match explain(&stored, &snapshot) {
            Some(explanation) => Explained::Yes(Box::new(explanation)),
            None => Explained::NoModel,
        }))
    }
}

/// Explains a decision; the snapshot must be the one it names. `None` once the person was erased, or where
/// no model decided.
pub fn explain(stored: &StoredDecision, snapshot: &Snapshot) -> Option<Explanation> {
    let model = snapshot.model.as_deref().filter(|_| !stored.erased)?;
    let mut record = stored.record.clone();
    record.set(f::MODEL_FRAUD_PROBABILITY, Value::Missing);
    record.set(f::MODEL_RISK_SCORE, Value::Missing);
    let probability = model.score(&record).fraud_probability;
    let mut heaviest = effects(model, &record);
    heaviest.truncate(TRIED);
    let trial = Trial { stored, snapshot, record: &record };
    let mut parts = Vec::new();
    let is_exact = model.exact_contributions(&record, &mut parts);
    let counterfactuals = heaviest.iter().filter_map(|edge| trial.nearest(edge)).collect();
    Some(Explanation {
        transaction_id: stored.decision.transaction_id.to_string(),
        action: stored.decision.action,
        fraud_probability: probability,
        base_probability: sigmoid(model.base()),
        is_exact,
        groups: groups(model, &record, probability, &parts),
        counterfactuals,
        tried: heaviest.len(),
    })
}

/// What each group of facts does to the score of a decision just made or read; none where the model that
/// decided is not of this snapshot any more.
pub fn group_effects(
    snapshot: &Snapshot,
    decision: &Decision,
    record: &Record,
) -> Vec<GroupEffect> {
    let mut record = record.clone();
    record.set(f::MODEL_FRAUD_PROBABILITY, Value::Missing);
    record.set(f::MODEL_RISK_SCORE, Value::Missing);
    let canary = snapshot.canary.as_ref().map(|canary| &canary.model);
    let named = [&decision.versions.model, &decision.versions.canary];
    let decided = |model: &&Model| {
        named.iter().any(|digest| *digest == model.digest())
            && decision.fraud_probability == Some(model.score(&record).fraud_probability)
    };
    let mut models = snapshot.model.iter().chain(canary).map(AsRef::as_ref);
    let Some(model) = models.find(decided) else { return Vec::new() };
    let mut parts = Vec::new();
    model.contributions(&record, &mut parts);
    groups(model, &record, model.score(&record).fraud_probability, &parts)
}

fn groups(
    model: &Model,
    record: &Record,
    probability: f64,
    parts: &[Contribution],
) -> Vec<GroupEffect> {
    let effect = |part: &Contribution| {
        let without = sigmoid(model.without(record, part));
        GroupEffect {
            code: part.group.code,
            text: part.text(),
            contribution: part.log_odds,
            without,
            multiplier: probability / without,
        }
    };
    parts.iter().map(effect).collect()
}

/// Features by what the score loses without them, the heaviest first.
fn effects(model: &Model, record: &Record) -> Vec<Edge> {
    let now = model.score(record).log_odds;
    let mut without = record.clone();
    let mut effects: Vec<(f64, Edge)> = model
        .edges()
        .into_iter()
        .map(|edge| {
            let value = edge.get(record).clone();
            edge.set(&mut without, Value::Missing);
            let effect = (now - model.score(&without).log_odds).abs();
            edge.set(&mut without, value);
            (effect, edge)
        })
        .filter(|(effect, _)| *effect >= LEAST_EFFECT)
        .collect();
    effects.sort_by(|a, b| b.0.total_cmp(&a.0));
    effects.into_iter().map(|(_, edge)| edge).collect()
}

/// At most [`MOST_VALUES`] of them, evenly, the first and the last among them.
fn few(values: impl Iterator<Item = f64>) -> impl Iterator<Item = f64> {
    let values: Vec<f64> = values.collect();
    let (last, step) = (values.len().saturating_sub(1), values.len().div_ceil(MOST_VALUES).max(1));
    let keep = move |(place, _): &(usize, f64)| place % step == 0 || *place == last;
    values.into_iter().enumerate().filter(keep).map(|(_, value)| value)
}

/// Decides again with one fact changed.
struct Trial<'s> {
    stored: &'s StoredDecision,
    snapshot: &'s Snapshot,
    record: &'s Record,
}

impl Trial<'_> {
    /// What would have been decided with another value; `None` where it would have been the same action.
    fn otherwise(&self, edge: &Edge, value: &Value) -> Option<Counterfactual> {
        let mut record = self.record.clone();
        edge.set(&mut record, value.clone());
        let StoredDecision { tenant, decision, .. } = self.stored;
        let Decision { transaction_id, action, warnings, degraded, versions, .. } =
            decision.clone();
        let of = (tenant, &transaction_id, Kept { warnings, degraded, versions });
        let decided = decide_again(of, &mut record, self.snapshot, &mut Memory::default())?;
        // A decline that passed by luck is explained as the decline it was.
        let lucky = self.stored.decision.spared.as_ref().filter(|spared| spared.one_in.is_some());
        let made = lucky.map_or(action, |spared| spared.would_be);
        (decided.action != made).then(|| Counterfactual {
            feature: edge.name.clone(),
            was: edge.get(self.record).clone(),
            would_be: value.clone(),
            action: decided.action,
            fraud_probability: decided.fraud_probability.unwrap_or(f64::NAN),
        })
    }

    /// The nearest value of a feature that changes the action: of numbers the nearest in either direction,
    /// of words the first in the model's order.
    fn nearest(&self, edge: &Edge) -> Option<Counterfactual> {
        if !edge.words.is_empty() {
            let was = edge.get(self.record);
            let values = edge.words.iter().map(|word| edge.word(word));
            return values
                .filter(|value| value != was)
                .find_map(|value| self.otherwise(edge, &value));
        }
        let now = edge.get(self.record).numeric();
        if now.is_nan() {
            let mut numbers = few(edge.numbers.iter().copied());
            return numbers.find_map(|x| self.otherwise(edge, &edge.number(x)));
        }
        let differs = |x: &f64| edge.number(*x) != *edge.get(self.record);
        let above = edge.numbers.iter().copied().filter(|x| *x > now).filter(differs);
        let below = edge.numbers.iter().rev().copied().filter(|x| *x < now).filter(differs);
        let crosses = |x: &f64| self.otherwise(edge, &edge.number(*x)).is_some();
        let ends = [few(above).find(crosses), few(below).find(crosses)];
        let near = ends.into_iter().flatten().map(|end| self.halved(edge, now, end));
        let near = near.min_by(|a, b| (a - now).abs().total_cmp(&(b - now).abs()))?;
        self.otherwise(edge, &edge.number(near))
    }

    /// The nearest crossing value between one that does not change the action and one that does.
    fn halved(&self, edge: &Edge, mut same: f64, mut other: f64) -> f64 {
        for _ in 0..HALVINGS {
            let middle = f64::midpoint(same, other);
            if self.otherwise(edge, &edge.number(middle)).is_some() {
                other = middle;
            } else {
                same = middle;
            }
        }
        other
    }
}
