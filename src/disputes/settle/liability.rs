//! Who bears fraud after 3-D Secure: by the indicator of the authorization and the processor's word.

use super::condition::Bench;
use super::{Likelihood, Outlook, at_most, records};
use crate::disputes::packet::CaseFile;
use crate::disputes::packet::facts::Facts;
use crate::disputes::reasons;
use crate::disputes::recording::recording;
use crate::disputes::rulebook::{Bearer, Contest, Day, Rulebook};
use crate::domain::{DisputeCategory, Text};

/// Whether the issuer bears it; `None` where the claim is not fraud, or of a code nobody reads an answer to or one
/// of card-present sales and programmes: for those 3-D Secure moves nothing.
///
/// Where the table and the processor disagree nobody can tell: exceptions of the networks (prepaid cards,
/// categories of merchants) are the processor's to know.
pub(super) fn outlook(case: &CaseFile, facts: &Facts<'_>, on: Day) -> Option<Outlook> {
    use DisputeCategory as C;
    let is_fraud =
        matches!(reasons::category(&case.dispute), C::FraudCnp | C::FraudOther | C::Unrecognized);
    let is_answered = reasons::of(&case.dispute).is_none_or(|row| row.contest == Contest::Usual);
    let bench = Bench { case, facts, sale: facts.sale.filter(|_| is_fraud && is_answered)? };
    let network = case.dispute.network.as_ref().map_or("", Text::as_str);
    let eci = bench.three_ds(|three_ds| three_ds.eci.as_ref().map(Text::as_str));
    let moved = bench.three_ds(|three_ds| three_ds.liability_shift);
    let rule = eci.and_then(|(eci, _)| Rulebook::bundled().eci(network, eci, on));
    let by_table = rule.map(|rule| {
        let answer = match rule.bearer {
            Bearer::Issuer => Likelihood::Likely,
            Bearer::Merchant => Likelihood::Unlikely,
        };
        at_most(answer, rule.provenance.confidence)
    });
    let by_processor =
        moved.map(|(moved, _)| if moved { Likelihood::Likely } else { Likelihood::Unlikely });
    let issuer_bears = match (by_table, by_processor) {
        (Some(one), Some(other)) if one != other => Likelihood::Unknown,
        (one, other) => other.or(one).unwrap_or(Likelihood::Unknown),
    };
    let mut reasons = Vec::new();
    if let Some((eci, _)) = eci {
        let meaning = rule.map_or("no row of the table", |rule| rule.text.as_str());
        reasons.push(format!("ECI {eci}: {meaning}"));
    }
    if let Some((moved, _)) = moved {
        let word = if moved { "moved to the issuer" } else { "stayed with the merchant" };
        reasons.push(format!("the processor reports that liability {word}"));
    }
    let mut missing = Vec::new();
    if issuer_bears == Likelihood::Unknown {
        let lacks = [("three_ds", eci.is_none()), ("liability_shift", moved.is_none())];
        missing.extend(lacks.into_iter().filter(|(_, lacks)| *lacks).map(|(name, _)| name));
    }
    let bases: Vec<_> = eci.map(|(_, on)| on).into_iter().chain(moved.map(|(_, on)| on)).collect();
    Some(Outlook {
        issuer_bears,
        reasons,
        records: records(case, &bases),
        missing: missing.into_iter().filter_map(recording).collect(),
        source: rule.map(|rule| rule.provenance.source.as_str()),
        confidence: rule.map(|rule| rule.provenance.confidence.word()),
    })
}
