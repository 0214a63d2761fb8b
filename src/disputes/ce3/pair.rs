//! Which two earlier sales are put forward.
//!
//! Preferred, in this order: a pair every reading of every profile takes; one that meets both
//! profiles; one that meets its own. Among these: more shared elements; address and device over one of
//! them; ages nearest to 200 days; identifiers in order.

use super::element::{Element, Elements};
use super::report::{Candidate, Pair};
use super::rules::{Profile, Version, short};
use std::cmp::Ordering;

/// Age a sale is best at: far from both ends of the window.
const BEST_AGE_DAYS: i64 = 200;
/// Number of sets of elements.
const SETS: usize = Elements::SETS as usize;

/// The best two sales of each set of shared elements.
struct Best<'c, 'a>([[Option<&'c Candidate<'a>>; 2]; SETS]);

impl<'c, 'a> Best<'c, 'a> {
    fn of(candidates: impl Iterator<Item = &'c Candidate<'a>>) -> Self {
        let mut best = Self([[None; 2]; SETS]);
        for candidate in candidates {
            let shared = candidate.compared.map_or(0, |compared| compared.shared.number());
            if let Some(two) = best.0.get_mut(usize::from(shared)) {
                keep(two, candidate);
            }
        }
        best
    }

    /// The best two sales that share at least `set`.
    fn two_with(&self, set: Elements) -> Option<[&'c Candidate<'a>; 2]> {
        let mut two = [None; 2];
        for (number, known) in (0..Elements::SETS).zip(&self.0) {
            if Elements::numbered(number).has_all(set) {
                for candidate in known.iter().flatten() {
                    keep(&mut two, candidate);
                }
            }
        }
        match two {
            [Some(one), Some(other)] => Some([one, other]),
            _ => None,
        }
    }
}

/// Keeps the better two of three.
fn keep<'c, 'a>(two: &mut [Option<&'c Candidate<'a>>; 2], candidate: &'c Candidate<'a>) {
    let [first, second] = two;
    let is_it = |known: &Candidate<'_>| {
        known.age_at_dispute_days == candidate.age_at_dispute_days
            && known.transaction_id == candidate.transaction_id
    };
    if [*first, *second].into_iter().flatten().any(is_it) {
        return; // one sale given twice is one sale
    }
    if first.is_none_or(|first| by_age(candidate, first).is_lt()) {
        *second = first.replace(candidate);
    } else if second.is_none_or(|second| by_age(candidate, second).is_lt()) {
        *second = Some(candidate);
    }
}

fn by_age(one: &Candidate<'_>, other: &Candidate<'_>) -> Ordering {
    let distance =
        |candidate: &Candidate<'_>| candidate.age_at_dispute_days.abs_diff(BEST_AGE_DAYS);
    (distance(one), one.transaction_id).cmp(&(distance(other), other.transaction_id))
}

/// A pair, and which of the sales given it is.
#[derive(Clone)]
pub(super) struct Chosen<'a> {
    pub(super) pair: Pair<'a>,
    pub(super) places: [usize; 2],
}

/// The pair of Visa's text and of Stripe's interface.
pub(super) fn choose<'a>(
    version: Version,
    candidates: &[Candidate<'a>],
) -> [Option<Chosen<'a>>; 2] {
    let is_free = |candidate: &&Candidate<'_>, profiles: &[Profile]| {
        profiles.iter().all(|profile| candidate.bars(*profile).is_empty())
    };
    let both = &Profile::ALL;
    let safe = Best::of(candidates.iter().filter(|c| c.is_safe && is_free(c, both)));
    let joint = find(version, both, &safe)
        .or_else(|| find(version, both, &Best::of(candidates.iter().filter(|c| is_free(c, both)))));
    Profile::ALL.map(|profile| {
        joint.clone().or_else(|| {
            let own = &[profile];
            find(version, own, &Best::of(candidates.iter().filter(|c| is_free(c, own))))
        })
    })
}

/// The best pair that meets the given profiles.
fn find<'a>(version: Version, profiles: &[Profile], best: &Best<'_, 'a>) -> Option<Chosen<'a>> {
    let meets = |set: Elements| profiles.iter().all(|p| short(*p, version, set) == 0);
    let mut sets: Vec<Elements> =
        (0..Elements::SETS).map(Elements::numbered).filter(|set| meets(*set)).collect();
    sets.sort_by_key(|set| {
        let device = set.has(Element::DeviceId) || set.has(Element::DeviceFingerprint);
        let both = set.has(Element::Ip) && device;
        (std::cmp::Reverse((set.len(), both)), set.number())
    });
    let (shared, two) = sets.into_iter().find_map(|set| Some((set, best.two_with(set)?)))?;
    let [mut one, mut other] = two;
    if (one.age_at_dispute_days, one.transaction_id)
        > (other.age_at_dispute_days, other.transaction_id)
    {
        std::mem::swap(&mut one, &mut other);
    }
    let inherited = |candidate: &Candidate<'_>| candidate.compared.map(|c| c.inherited);
    let inherited =
        [one, other].into_iter().filter_map(inherited).fold(Elements::default(), Elements::or);
    Some(Chosen {
        pair: Pair {
            transactions: [one.transaction_id, other.transaction_id],
            shared,
            inherited: inherited.and(shared),
            meets_both: profiles.len() > 1,
        },
        places: [one.place, other.place],
    })
}
