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
    let aged = of_age(case, rule, &disputed);
    let wanted = usize::from(rule.prior_sales);
    let best = choices(rule).into_iter().map(|choice| {
        let sharing = aged.iter().filter(|earlier| earlier.shared.has_all(choice));
        (sharing.count(), choice)
    });
    let best = best.max_by_key(|(count, _)| *count).filter(|(count, _)| *count >= wanted);
    let lacks = lacking(rule, &disputed);
    let lacks_before = lacking_before(rule, &aged);
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
        None if !lacks_before.is_empty() => {
            let reason = "earlier undisputed sales record too little to be compared".to_owned();
            (Likelihood::Unknown, reason, lacks_before)
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
        let sharing = aged.iter().filter(|earlier| earlier.shared.has_all(choice)).take(wanted);
        bases.extend(sharing.map(|earlier| Basis::Other(&earlier.sale.transaction)));
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

/// An undisputed sale of the right age.
struct Earlier<'a> {
    sale: &'a OtherSale,
    /// What counts of what it shares with the disputed one.
    shared: Elements,
    /// What counts at the disputed one and is not recorded here. A device has one name of two kinds.
    missing: Elements,
}

fn of_age<'a>(case: &'a CaseFile, rule: &TrustRule, disputed: &Sale<'_>) -> Vec<Earlier<'a>> {
    let opened = Day::of(case.dispute.opened_at);
    let ages = i64::from(rule.age_days_min)..=i64::from(rule.age_days_max);
    let valid = disputed.valid_elements();
    let others = case.other_sales.iter().map(|other| (other, Sale::of(other)));
    others
        .filter(|(_, sale)| sale.bars.is_empty() && ages.contains(&opened.days_since(sale.day)))
        .map(|(other, sale)| {
            let recorded = sale.recorded_elements();
            let told = if recorded.and(DEVICE).is_empty() { recorded } else { recorded.or(DEVICE) };
            let shared = disputed.equal_elements(&sale).and(valid);
            Earlier { sale: other, shared, missing: valid.minus(told) }
        })
        .collect()
}

const DEVICE: Elements = Elements::of(&[Element::DeviceId, Element::DeviceFingerprint]);

/// Names of what earlier sales do not record, where with it enough of them could share a choice.
fn lacking_before(rule: &TrustRule, aged: &[Earlier<'_>]) -> Vec<&'static str> {
    let open = choices(rule).into_iter().flat_map(|choice| {
        let could = aged.iter().filter(|one| one.shared.or(one.missing).has_all(choice));
        let missing: Vec<Elements> = could.map(|one| choice.and(one.missing)).collect();
        let is_enough = missing.len() >= usize::from(rule.prior_sales);
        missing.into_iter().filter(move |_| is_enough)
    });
    let open = open.fold(Elements::default(), Elements::or);
    named(Element::ALL.iter().filter(|element| open.has(**element)))
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
    let empty = rule
        .categories
        .iter()
        .filter(|category| !category.elements.iter().any(|element| valid.has(*element)));
    named(empty.flat_map(|category| &category.elements))
}

/// By what names they are recorded, each once.
fn named<'e>(elements: impl Iterator<Item = &'e Element>) -> Vec<&'static str> {
    let name = |element: &Element| match element {
        Element::Ip => Some("ip"),
        Element::DeviceId | Element::DeviceFingerprint => Some("device"),
        Element::AccountId => Some("account"),
        Element::Email => Some("email"),
        Element::Address => None, // digital goods have none
    };
    let mut names: Vec<&'static str> = elements.filter_map(name).collect();
    names.sort_unstable();
    names.dedup();
    names
}
