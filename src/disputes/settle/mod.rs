//! What settles a dispute before any evidence is weighed: facts that make it invalid, and who bears the loss by
//! 3-D Secure or First-Party Trust.
//!
//! Pure and dated: a case and a day in, the answers out, each with the records it rests on and, where the record
//! does not tell, what would. The rules are data (`data/disputes/invalid.toml`, `liability.toml`); here is what
//! their conditions mean. No answer is surer than its row: each carries source and mark, and a row that nobody
//! looked up is never more than unknown.
//!
//! Rejected: an answer of yes or no. Most merchants record half of what these rules ask, and a fact that is not
//! recorded has not failed to happen.

mod condition;
mod liability;
mod trust;

use super::packet::CaseFile;
use super::packet::facts::Facts;
use super::packet::sale::SaleFact;
use super::recording::{Recording, recording};
use super::rulebook::{Confidence, Day, InvalidFact, Provenance, Rulebook};
use crate::domain::{Event, Text, Transaction};
use condition::{Bench, Truth};
use serde::Serialize;

/// Whether a fact holds on what is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Every condition does.
    Holds,
    /// One condition does not.
    DoesNot,
    /// The record does not tell.
    Unknown,
}

/// Whether the issuer is expected to bear the loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Likelihood {
    /// By what is recorded.
    Likely,
    /// By what is recorded it is not.
    Unlikely,
    /// The record, or whoever told the rule, does not tell.
    Unknown,
}

/// A record an answer rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Record {
    /// `transaction` or `event`.
    pub kind: &'static str,
    /// Its identifier.
    pub id: String,
}

/// A fact that makes a dispute invalid, held against a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Finding {
    /// The rule, e.g. `V104-4`.
    pub id: &'static str,
    /// The fact in one clause.
    pub text: &'static str,
    /// Whether it holds.
    pub answer: Answer,
    /// What the answer rests on.
    pub records: Vec<Record>,
    /// What would decide it; of what is unknown.
    #[schema(value_type = Vec<Recording>)]
    pub missing: Vec<&'static Recording>,
    /// What to find out where nothing recorded can decide it; of what is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ask: Option<&'static str>,
    /// Where the rule was read: an id of `data/disputes/sources.toml`.
    pub source: &'static str,
    /// How far to trust it: `primary`, `paraphrase`, `secondary`, …
    #[schema(value_type = String)]
    pub confidence: Confidence,
}

impl Finding {
    /// Whether it ends the dispute: it holds, and its rule was read in the network's text, in an account of that
    /// text, or in several sources that agree.
    pub fn ends_it(&self) -> bool {
        ends_it(self.answer, self.confidence)
    }
}

/// Who is expected to bear the loss, by one rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Outlook {
    /// Whether it is the issuer.
    pub issuer_bears: Likelihood,
    /// Why, in sentences.
    pub reasons: Vec<String>,
    /// What the answer rests on.
    pub records: Vec<Record>,
    /// What would decide it; of what is unknown.
    #[schema(value_type = Vec<Recording>)]
    pub missing: Vec<&'static Recording>,
    /// Where the rule was read; absent where there is no rule for what is recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<&'static str>,
    /// How far to trust it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confidence: Option<&'static str>,
}

/// What settles a case, or may.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Settled {
    /// Every fact that would make a dispute of this code invalid, in the order of the rules.
    pub invalid: Vec<Finding>,
    /// Liability after 3-D Secure; of claims of fraud.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub three_ds: Option<Outlook>,
    /// Mastercard's First-Party Trust; of the codes it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_party_trust: Option<Outlook>,
}

impl Settled {
    /// The facts that end the dispute.
    pub fn ending(&self) -> impl Iterator<Item = &Finding> {
        self.invalid.iter().filter(|finding| finding.ends_it())
    }
}

/// What settles a case by the rules of a day: that of the dispute, where nothing else is asked.
pub fn settled(case: &CaseFile, on: Day) -> Settled {
    let facts = Facts::new(case);
    Settled {
        invalid: judged(case, &facts, on).into_iter().map(|one| one.finding(case)).collect(),
        three_ds: liability::outlook(case, &facts, on),
        first_party_trust: trust::outlook(case, on),
    }
}

/// What settles a case by the rules of the day it was opened.
pub fn settled_when_opened(case: &CaseFile) -> Settled {
    settled(case, Day::of(case.dispute.opened_at))
}

/// A rule held against a case, its records at hand.
pub(super) struct Judged<'a> {
    pub(super) rule: &'static InvalidFact,
    pub(super) answer: Answer,
    pub(super) bases: Vec<Basis<'a>>,
    missing: Vec<&'static str>,
}

/// A record an answer rests on, as packets show it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Basis<'a> {
    /// What the disputed sale itself records.
    Sale(SaleFact),
    Event(&'a Event),
    /// Another sale.
    Other(&'a Transaction),
}

impl Basis<'_> {
    fn record(&self, case: &CaseFile) -> Option<Record> {
        let sale = |sale: &Transaction| Record {
            kind: "transaction",
            id: sale.transaction_id.to_string(),
        };
        Some(match self {
            Self::Sale(_) => sale(case.transaction.as_ref()?),
            Self::Other(other) => sale(other),
            Self::Event(event) => Record { kind: "event", id: event.event_id.to_string() },
        })
    }
}

impl Judged<'_> {
    fn finding(&self, case: &CaseFile) -> Finding {
        let Provenance { source, confidence } = &self.rule.provenance;
        let is_unknown = self.answer == Answer::Unknown;
        Finding {
            id: &self.rule.id,
            text: &self.rule.text,
            answer: self.answer,
            records: records(case, &self.bases),
            missing: self.missing.iter().filter_map(|name| recording(name)).collect(),
            ask: is_unknown.then_some(self.rule.ask.as_str()),
            source,
            confidence: *confidence,
        }
    }

    /// See [`Finding::ends_it`].
    pub(super) fn ends_it(&self) -> bool {
        ends_it(self.answer, self.rule.provenance.confidence)
    }
}

/// A rule from one source that gives no account of the network's text, from common knowledge or in dispute is no
/// more than a hint. An account (`paraphrase`) may err: packets tell such a rule as the seller's understanding.
fn ends_it(answer: Answer, confidence: Confidence) -> bool {
    answer == Answer::Holds && confidence <= Confidence::Secondary
}

/// Each once, in order.
fn records(case: &CaseFile, bases: &[Basis<'_>]) -> Vec<Record> {
    let mut records: Vec<Record> = Vec::new();
    for record in bases.iter().filter_map(|basis| basis.record(case)) {
        if !records.contains(&record) {
            records.push(record);
        }
    }
    records
}

/// Every rule for the case's code on a day.
pub(super) fn judged<'a>(case: &'a CaseFile, facts: &Facts<'a>, on: Day) -> Vec<Judged<'a>> {
    let dispute = &case.dispute;
    let network = dispute.network.as_ref().map_or("", Text::as_str);
    let code = dispute.network_reason_code.as_ref().map_or("", Text::as_str);
    let bench = facts.sale.map(|sale| Bench { case, facts, sale });
    let rules = Rulebook::bundled().invalid_facts(network, code, on);
    rules.map(|rule| judge(rule, bench.as_ref())).collect()
}

/// All conditions hold, or one does not, or it is not known.
fn judge<'a>(rule: &'static InvalidFact, bench: Option<&Bench<'a, '_>>) -> Judged<'a> {
    let (mut bases, mut missing) = (Vec::new(), Vec::new());
    let Some(bench) = bench else {
        return Judged { rule, answer: Answer::Unknown, bases, missing: vec!["sale"] };
    };
    for condition in &rule.when {
        match bench.truth(condition) {
            Truth::Yes(on) => bases.extend(on),
            Truth::No(on) => {
                return Judged { rule, answer: Answer::DoesNot, bases: on, missing: Vec::new() };
            }
            Truth::Unknown(lacks) => missing.extend(lacks),
        }
    }
    // A rule without a condition would hold of everything; the data has none, and a test says so.
    let is_known = missing.is_empty() && !rule.when.is_empty();
    let answer = if is_known { Answer::Holds } else { Answer::Unknown };
    missing.dedup();
    Judged { rule, answer, bases, missing }
}

/// What a row of this mark may say at most: common knowledge nobody looked up says nothing sure.
fn at_most(answer: Likelihood, confidence: Confidence) -> Likelihood {
    if confidence == Confidence::General { Likelihood::Unknown } else { answer }
}

#[cfg(test)]
mod tests;
