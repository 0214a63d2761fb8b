//! What two rules say beside each other: the same, one within the other, against each other.
//!
//! Only rules that act are compared. A rule is within another only if every field the other limits
//! is limited by it too, so a word of bits a rule, one for each limited key, rules out nearly all
//! pairs before any set is looked at.

use super::finding::Check;
use super::region::{Budget, Cell, Key, Region, TooMuch};
use super::set::Set;
use super::space::Space;
use super::witness::witness;
use super::{Findings, Progress};
use crate::domain::RuleAction;
use crate::rules::{Effect, Rule};

/// Most rules an `allow` is shown to let through.
const MAX_SHOWN: usize = 3;
/// Most overlaps of two rules for which a record is looked for.
const MAX_MEETINGS: usize = 8;

/// A rule that acts, and where.
pub(super) struct Acting<'r> {
    pub(super) rule: &'r Rule,
    pub(super) region: Region,
    bounds: Vec<(Key, Set)>,
    limited: u128,
    /// Steps of one look at its region.
    size: usize,
}

impl<'r> Acting<'r> {
    pub(super) fn new(rule: &'r Rule, region: Region, space: &Space) -> Self {
        let bounds = region.bounds(space);
        let limited = bounds.iter().fold(0, |bits, (key, _)| bits | 1 << (key % u128::BITS));
        let size = region.cells().iter().map(Cell::size).sum();
        Self { rule, region, bounds, limited, size }
    }

    /// True when every record of which this rule is true makes the other true.
    fn within(&self, other: &Self, space: &Space, budget: &mut Budget) -> Result<bool, TooMuch> {
        budget.spend(1)?;
        for (key, theirs) in &other.bounds {
            let place = self.bounds.binary_search_by_key(key, |(own, _)| *own).ok();
            let Some((_, mine)) = place.and_then(|place| self.bounds.get(place)) else {
                return Ok(false);
            };
            budget.spend(mine.size() + theirs.size())?;
            if mine != theirs && !mine.without(theirs).is_empty() {
                return Ok(false);
            }
        }
        self.region.within(&other.region, space, budget)
    }

    /// True when the rule acts at least as long as the other.
    fn outlasts(&self, other: &Self) -> bool {
        self.rule.expires.is_none_or(|end| other.rule.expires.is_some_and(|other| other <= end))
    }
}

fn decides(action: RuleAction) -> bool {
    action <= RuleAction::Challenge
}

/// Compares all rules that act, in the set's order. `Err` when the budget did not suffice.
pub(super) fn compare(
    acting: &[Acting<'_>],
    space: &Space,
    budget: &mut Budget,
    found: &mut Findings<'_>,
    progress: Progress<'_>,
) -> Result<(), TooMuch> {
    for (place, rule) in acting.iter().enumerate() {
        progress(place);
        for (other_place, other) in acting.iter().enumerate() {
            let limited = other.limited & !rule.limited == 0;
            if other_place == place || !limited || !comparable(rule.rule, other.rule) {
                continue;
            }
            // Among challenges of one action the first in the set's order says which is asked.
            let asks = matches!(rule.rule.effect, Effect::Challenge(_));
            let later = rule.rule.effect == other.rule.effect && place < other_place;
            if asks && later || !other.outlasts(rule) || !rule.within(other, space, budget)? {
                continue;
            }
            let equal = rule.rule.effect.action() == other.rule.effect.action()
                && other.within(rule, space, budget)?;
            if equal && rule.outlasts(other) && place < other_place {
                continue; // told at the later one
            }
            if tell_within(rule.rule, other.rule, equal, found) {
                break;
            }
        }
        against(rule, acting, space, budget, found)?;
        tie(rule, acting.get(..place).unwrap_or_default(), space, budget, found)?;
    }
    Ok(())
}

/// True where one rule within the other would mean something. A block without a guard declines whom
/// one with a guard spares. Rules of a canary act on other buyers each; none is compared.
fn comparable(rule: &Rule, other: &Rule) -> bool {
    let (mine, theirs) = (rule.effect.action(), other.effect.action());
    if mine == theirs {
        let as_guarded = mine != RuleAction::Block || rule.guard == other.guard;
        as_guarded && (matches!(rule.effect, Effect::Adjust(_)) || rule.effect == other.effect)
    } else {
        decides(mine) && theirs < mine
    }
}

fn tell_within(rule: &Rule, other: &Rule, equal: bool, found: &mut Findings<'_>) -> bool {
    let action = rule.effect.action();
    let (id, by) = (&rule.id, &other.id);
    let (check, message) = if action != other.effect.action() {
        let stronger = other.effect.action();
        let spared = if stronger == RuleAction::Block && other.guard {
            ", except for a buyer the guard spares"
        } else {
            ""
        };
        (
            Check::Unreachable,
            format!(
                "`{id}` only matches where `{by}` matches, and `{stronger}` comes before `{action}`{spared}"
            ),
        )
    } else if equal {
        let but = difference(rule, other);
        (Check::Duplicate, format!("`{id}` matches exactly what `{by}` matches{but}"))
    } else if decides(action) {
        let but = difference(rule, other);
        (
            Check::Subsumed,
            format!(
                "`{id}` decides nothing: `{by}` matches everything it matches, with the same effect{but}"
            ),
        )
    } else {
        return false;
    };
    found.add_with(check, (rule, other), message, None);
    true
}

/// In what rules of one effect still differ.
fn difference(rule: &Rule, other: &Rule) -> &'static str {
    if rule.effect != other.effect {
        return "";
    }
    let says = |rule: &Rule| (rule.reason.clone(), rule.customer_text.clone());
    match (says(rule) == says(other), rule.priority == other.priority) {
        (true, true) => "",
        (true, false) => "; only its priority differs",
        (false, true) => "; only the reason it gives differs",
        (false, false) => "; only the reason it gives and its priority differ",
    }
}

/// What an `allow` lets through.
fn against(
    allow: &Acting<'_>,
    acting: &[Acting<'_>],
    space: &Space,
    budget: &mut Budget,
    found: &mut Findings<'_>,
) -> Result<(), TooMuch> {
    if allow.rule.effect != Effect::Allow {
        return Ok(());
    }
    let opposites = [
        (Check::AllowsBlocked, &[RuleAction::Block] as &[RuleAction]),
        (Check::AllowsUnchecked, &[RuleAction::Review, RuleAction::Challenge]),
    ];
    for (check, actions) in opposites {
        let mut shown = 0;
        for other in acting.iter().filter(|other| actions.contains(&other.rule.effect.action())) {
            if shown == MAX_SHOWN {
                break;
            }
            if let Some(record) = meeting(allow, other, space, budget)? {
                let (id, action) = (&allow.rule.id, other.rule.effect.action());
                let by = &other.rule.id;
                let message = format!("`{id}` lets through what `{by}` would {}", verb(action));
                found.add_with(check, (allow.rule, other.rule), message, Some(record));
                shown += 1;
            }
        }
    }
    Ok(())
}

fn verb(action: RuleAction) -> &'static str {
    match action {
        RuleAction::Review => "have reviewed",
        RuleAction::Challenge => "challenge",
        _ => "refuse",
    }
}

/// A challenge of another kind, earlier in the set's order by its id alone.
fn tie(
    rule: &Acting<'_>,
    earlier: &[Acting<'_>],
    space: &Space,
    budget: &mut Budget,
    found: &mut Findings<'_>,
) -> Result<(), TooMuch> {
    let Effect::Challenge(_) = rule.rule.effect else { return Ok(()) };
    let ties = |other: &&Acting<'_>| {
        matches!(other.rule.effect, Effect::Challenge(_))
            && other.rule.effect != rule.rule.effect
            && other.rule.priority == rule.rule.priority
    };
    for other in earlier.iter().filter(ties) {
        if let Some(record) = meeting(rule, other, space, budget)? {
            let (id, by, priority) = (&rule.rule.id, &other.rule.id, rule.rule.priority);
            let message = format!(
                "`{id}` and `{by}` ask for different challenges, both at priority {priority}"
            );
            found.add_with(Check::Tie, (rule.rule, other.rule), message, Some(record));
            return Ok(());
        }
    }
    Ok(())
}

/// A record both rules match, shown by the evaluator.
fn meeting(
    one: &Acting<'_>,
    other: &Acting<'_>,
    space: &Space,
    budget: &mut Budget,
) -> Result<Option<crate::features::Record>, TooMuch> {
    let (mine, theirs) = (one.region.cells(), other.region.cells());
    budget.spend(theirs.len() * one.size + mine.len() * other.size + 1)?;
    for cell in one.region.meetings(&other.region).take(MAX_MEETINGS) {
        // Each test tries values, and each value the tests of its field.
        let tests = 1 + cell.sets().filter(|(key, _)| space.is_tried(*key)).count();
        budget.spend(100 * tests * tests)?;
        if let Some(record) = witness(&cell, space, [&one.rule.when, &other.rule.when]) {
            return Ok(Some(record));
        }
    }
    Ok(None)
}
