//! The plan of one case: what settles it, what evidence matters and is there, how to start recording the rest, how
//! long there is, and what to do.
//!
//! For the merchant alone; nothing of it is printed for a bank. Rejected: a plan that lists what to write. What
//! can be written follows from the records, and the packet writes it.

use super::deadline::{Deadline, deadline};
use super::packet::{self, Completeness};
use super::recording::{Recording, recording};
use super::rulebook::Level;
use super::settle::{Settled, settled_when_opened};
use super::worklist::{Chance, Choice, Convert, WorkItem, valued};
use super::{DisputeStore, case_file, reasons};
use crate::domain::{Dispute, DisputeCategory, DisputeId, DisputeTerms, Timestamp};
use rust_decimal::Decimal;
use serde::Serialize;

/// The plan of a case.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct CasePlan {
    /// Where the dispute stands.
    pub dispute: Dispute,
    /// The code's title, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<&'static str>,
    /// The claim.
    pub category: DisputeCategory,
    /// The time left, by the processor's field.
    pub deadline: Deadline,
    /// What settles it before evidence is weighed.
    pub settled: Settled,
    /// How complete the evidence is, in basis points.
    pub completeness_bp: u16,
    /// The evidence that matters, required first, then by weight.
    pub exhibits: Vec<PlannedItem>,
    /// What to do; absent where the dispute can't be answered any more, or was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recommendation: Option<Recommendation>,
}

/// An item of evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct PlannedItem {
    /// Its name.
    pub name: &'static str,
    /// `required`, `strong` or `optional`.
    #[schema(value_type = String)]
    pub level: Level,
    /// What it counts towards completeness.
    pub weight: u16,
    /// Whether it is on record.
    pub present: bool,
    /// What it is.
    pub what: &'static str,
    /// How to start recording it; of what is not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Recording>)]
    pub how: Option<&'static Recording>,
}

/// What to do, and what it rests on.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Recommendation {
    /// What to do.
    pub advice: super::worklist::Advice,
    /// True where fighting costs more than it brings, and is advised to keep the chances honest.
    pub explores: bool,
    /// The choices, best first.
    pub choices: Vec<Choice>,
    /// The chance to win, with its source and how far to trust it; absent where nobody reads an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub win: Option<Chance>,
    /// The least share of wins that stay at which fighting pays.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub break_even: Option<Decimal>,
    /// True where fees and work are left out for want of an exchange rate.
    pub unpriced: bool,
}

impl From<WorkItem> for Recommendation {
    fn from(item: WorkItem) -> Self {
        let WorkItem { advice, explores, choices, win, break_even, unpriced, .. } = item;
        Self { advice, explores, choices, win, break_even, unpriced }
    }
}

/// The plan of a case; `None` for an unknown dispute.
///
/// Cost: that of a worklist's past, as the chance moves with the seller's own outcomes.
///
/// # Errors
/// The record could not be read.
pub fn plan<S: DisputeStore>(
    store: &S,
    id: &DisputeId,
    terms: &DisputeTerms,
    convert: Convert<'_>,
    now: Timestamp,
) -> Result<Option<CasePlan>, S::Error> {
    let Some(case) = case_file(store, id)? else { return Ok(None) };
    let items = packet::items(&case);
    let exhibits = items.iter().map(|item| PlannedItem {
        name: item.name,
        level: item.level,
        weight: item.weight,
        present: item.present,
        what: item.record,
        how: recording(item.name).filter(|_| !item.present),
    });
    Ok(Some(CasePlan {
        title: reasons::of(&case.dispute).map(|row| row.title.as_str()),
        category: reasons::category(&case.dispute),
        deadline: deadline(&case.dispute, now),
        settled: settled_when_opened(&case),
        completeness_bp: Completeness::of(&items).bp,
        exhibits: exhibits.collect(),
        recommendation: valued(store, &case.dispute, terms, convert, now)?
            .map(Recommendation::from),
        dispute: case.dispute,
    }))
}

#[cfg(test)]
mod tests;
