//! Mastercard's First-Party Trust: whether earlier undisputed sales share one element of each kind.
//!
//! Every choice of elements is tried, no element twice; the choice that most sales share counts. Never a promise:
//! sources differ on the codes, one alone tells how many sales, and the issuer judges.

use super::{Basis, Likelihood, Outlook, at_most, records};
use crate::disputes::OtherSale;
use crate::disputes::ce3::{Element, Elements, Sale};
use crate::disputes::packet::CaseFile;
use crate::disputes::packet::sale::SaleFact;
use crate::disputes::recording::recording;
use crate::disputes::rulebook::{Day, Rulebook, TrustRule};
use crate::domain::Text;

/// Whether it is expected to move the loss; `None` for a code it is not for, or without the sale.
pub(super) fn outlook(case: &CaseFile, on: Day) -> Option<Outlook> {
    let dispute = &case.dispute;
    let network = dispute.network.as_ref().map_or("", Text::as_str);
    let code = dispute.network_reason_code.as_ref().map_or("", Text::as_str);
    let rule = Rulebook::bundled().trust(network, code, on)?;
    let sale = case.transaction.as_ref()?;
    let disputed = Sale::recorded(sale, &case.events);
    let aged: Vec<(&OtherSale, Elements)> = of_age(case, rule, &disputed);
    let wanted = usize::from(rule.prior_sales);
    let best = choices(rule).into_iter().map(|choice| {
        let sharing = aged.iter().filter(|(_, shared)| shared.has_all(choice));
        (sharing.count(), choice)
    });
    let best = best.max_by_key(|(count, _)| *count).filter(|(count, _)| *count >= wanted);
    let lacks = lacking(rule, &disputed);
    let has_card = disputed.card.is_some() || disputed.token.is_some();
    let (answer, reason, missing) = match best {
        Some((count, choice)) => {
            let reason = format!("{count} earlier undisputed sales have the same {choice}");
            (Likelihood::Likely, reason, Vec::new())
        }
        None if !has_card => {
            let reason = "no card is recorded by which earlier sales are found".to_owned();
            (Likelihood::Unknown, reason, vec!["card"])
        }
        None if !lacks.is_empty() => {
            let reason = "the sale records no element of a kind that is asked".to_owned();
            (Likelihood::Unknown, reason, lacks)
        }
        None => {
            let found = aged.len();
            let reason = format!(
                "of {found} earlier undisputed sales of the right age, {wanted} would have to share one element of each kind"
            );
            (Likelihood::Unlikely, reason, Vec::new())
        }
    };
    let mut bases = vec![Basis::Sale(SaleFact::Compared)];
    if let Some((_, choice)) = best {
        let sharing = aged.iter().filter(|(_, shared)| shared.has_all(choice)).take(wanted);
        bases.extend(sharing.map(|(other, _)| Basis::Other(&other.transaction)));
    }
    let confidence = rule.provenance.confidence;
    Some(Outlook {
        issuer_bears: at_most(answer, confidence),
        reasons: vec![reason, rule.text.clone()],
        records: records(case, &bases),
        missing: missing.into_iter().filter_map(recording).collect(),
        source: Some(&rule.provenance.source),
        confidence: Some(confidence.word()),
    })
}

/// Undisputed sales of the right age with what counts of what they share.
fn of_age<'a>(
    case: &'a CaseFile,
    rule: &TrustRule,
    disputed: &Sale<'_>,
) -> Vec<(&'a OtherSale, Elements)> {
    let opened = Day::of(case.dispute.opened_at);
    let ages = i64::from(rule.age_days_min)..=i64::from(rule.age_days_max);
    let valid = disputed.valid_elements();
    let others = case.other_sales.iter().map(|other| (other, Sale::of(other)));
    others
        .filter(|(_, sale)| sale.bars.is_empty() && ages.contains(&opened.days_since(sale.day)))
        .map(|(other, sale)| (other, disputed.equal_elements(&sale).and(valid)))
        .collect()
}

/// Every choice of one element of each kind, none twice.
fn choices(rule: &TrustRule) -> Vec<Elements> {
    rule.categories.iter().fold(vec![Elements::default()], |chosen, category| {
        let with = |set: &Elements| {
            let set = *set;
            let free = category.elements.iter().filter(move |element| !set.has(**element));
            free.map(move |element| set.or(Elements::of(&[*element]))).collect::<Vec<_>>()
        };
        chosen.iter().flat_map(with).collect()
    })
}

/// Names of what to record of the kinds of which the sale has nothing that counts.
fn lacking(rule: &TrustRule, disputed: &Sale<'_>) -> Vec<&'static str> {
    let valid = disputed.valid_elements();
    let name = |element: &Element| match element {
        Element::Ip => Some("ip"),
        Element::DeviceId | Element::DeviceFingerprint => Some("device"),
        Element::AccountId => Some("account"),
        Element::Email => Some("email"),
        Element::Address => None, // digital goods have none
    };
    let empty = rule
        .categories
        .iter()
        .filter(|category| !category.elements.iter().any(|element| valid.has(*element)));
    let mut names: Vec<&'static str> =
        empty.flat_map(|category| category.elements.iter().filter_map(name)).collect();
    names.sort_unstable();
    names.dedup();
    names
}
