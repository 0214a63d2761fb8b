//! One record before a set: which rules match, what is decided, and what would be without one of them.
//!
//! The order of a set is the order of its tiers, so the first acting hit of a tier decides, and what is
//! left without it is the next one. A rule that adjusts matters only where no tier decides. Only a decline
//! of a buyer whom something spares is weighed as a whole, by the caller.

use super::{Consequences, Row};
use crate::domain::{Action, RuleAction, RuleMode, Timestamp};
use crate::features::Record;
use crate::rules::{Hit, RuleSet, Scratch};

/// A set with what a judgement needs of each rule at hand.
#[derive(Debug)]
pub struct Judge<'s> {
    set: &'s RuleSet,
    brief: Vec<Brief<'s>>,
    scratch: Scratch,
    found: Judgement,
}

/// A rule as far as a judgement cares.
#[derive(Debug, Clone, Copy)]
struct Brief<'s> {
    hit: Hit<'s>,
    tier: Option<Action>,
    expires: Option<Timestamp>,
}

/// What a set says of one record. Numbers are places in [`RuleSet::rules`], ascending.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Judgement {
    /// Rules that match and are not past their date.
    pub hits: Vec<usize>,
    /// Those of the hits that act on this buyer.
    pub acting: Vec<usize>,
    /// Rules a missing fact would decide, not past their date.
    pub unknown: Vec<usize>,
    /// The first acting hit that leaves one action.
    pub decider: Option<usize>,
    /// The action.
    pub action: Option<Action>,
}

/// The one action a rule of this kind leaves; `None` for those that leave all.
pub(super) fn tier(action: RuleAction) -> Option<Action> {
    match action {
        RuleAction::HardBlock | RuleAction::Block => Some(Action::Decline),
        RuleAction::Allow => Some(Action::Approve),
        RuleAction::Review => Some(Action::Review),
        RuleAction::Challenge => Some(Action::Challenge),
        RuleAction::Adjust | RuleAction::Tag => None,
    }
}

impl<'s> Judge<'s> {
    /// A judge by these rules.
    pub fn new(set: &'s RuleSet) -> Self {
        let brief = |rule: &'s crate::rules::Rule| {
            let hit = rule.hit();
            Brief { hit, tier: tier(hit.action), expires: rule.expires }
        };
        let brief = set.rules().iter().map(brief).collect();
        Self { set, brief, scratch: Scratch::default(), found: Judgement::default() }
    }

    /// The rules.
    pub fn set(&self) -> &'s RuleSet {
        self.set
    }

    /// What was found last.
    pub fn found(&self) -> &Judgement {
        &self.found
    }

    /// Judges a row. No allocation once the memory has grown.
    pub fn judge(&mut self, row: &Row<'_>) -> &Judgement {
        self.find(row.record, row.at);
        let Self { brief, found, .. } = self;
        let acts = |hit: &usize| brief.get(*hit).is_some_and(|rule| row.then.acts(&rule.hit));
        found.acting.clear();
        found.acting.extend(found.hits.iter().copied().filter(acts));
        let (decider, action) = ruling(brief, &found.acting.iter().copied(), row.then);
        (found.decider, found.action) = (decider, Some(action));
        found
    }

    fn find(&mut self, record: &Record, at: Timestamp) {
        let Self { set, brief, scratch, found } = self;
        let lasting =
            |rule: &usize| brief.get(*rule).and_then(|b| b.expires).is_none_or(|end| at < end);
        found.hits.clear();
        found.hits.extend(set.matching(record, scratch).filter(lasting));
        found.unknown.clear();
        found.unknown.extend(scratch.open().filter(lasting));
    }

    /// The action had this rule, which matches, been the other way round: a shadow one live, any other
    /// off.
    pub fn turned(&self, hit: usize, then: &dyn Consequences) -> Option<Action> {
        let rule = self.brief.get(hit)?;
        if rule.hit.mode == RuleMode::Shadow {
            self.with(hit, rule, then)
        } else {
            self.without(|other| other == hit, then)
        }
    }

    /// The action without the hits that `gone` names.
    pub(super) fn without(
        &self,
        gone: impl Fn(usize) -> bool,
        then: &dyn Consequences,
    ) -> Option<Action> {
        let Judgement { acting, decider, action, .. } = &self.found;
        let declines = decider.and_then(|decider| self.brief.get(decider)?.tier);
        // A decline of a spared buyer is weighed as a whole.
        let is_weighed = declines == Some(Action::Decline) && then.is_spared();
        let matters = |hit: &usize| match decider {
            Some(decider) => is_weighed || hit == decider,
            None => self.brief.get(*hit).is_some_and(|rule| rule.hit.adjust != 0.0),
        };
        if !acting.iter().any(|hit| gone(*hit) && matters(hit)) {
            return *action;
        }
        let left = acting.iter().copied().filter(|hit| !gone(*hit));
        Some(ruling(&self.brief, &left, then).1)
    }

    fn with(&self, hit: usize, rule: &Brief<'_>, then: &dyn Consequences) -> Option<Action> {
        let Judgement { acting, action, .. } = &self.found;
        let live = Hit { mode: RuleMode::Live, ..rule.hit };
        if (rule.tier.is_none() && rule.hit.adjust == 0.0) || !then.acts(&live) {
            return *action;
        }
        let before = acting.iter().copied().filter(|other| *other < hit);
        let after = acting.iter().copied().filter(|other| *other > hit);
        Some(ruling(&self.brief, &before.chain([hit]).chain(after), then).1)
    }
}

/// The rule that decides among those that act, and the action.
fn ruling(
    brief: &[Brief<'_>],
    acting: &(impl Iterator<Item = usize> + Clone),
    then: &dyn Consequences,
) -> (Option<usize>, Action) {
    let rules = || acting.clone().filter_map(|at| Some((at, brief.get(at)?)));
    let decider = rules().find_map(|(at, rule)| Some((at, rule.tier?)));
    let action = match decider {
        Some((_, Action::Decline)) if then.is_spared() => {
            then.decide(&mut rules().map(|(_, rule)| rule.hit))
        }
        Some((_, action)) => action,
        None => then.by_score(rules().map(|(_, rule)| rule.hit.adjust).sum()),
    };
    (decider.map(|(at, _)| at), action)
}
