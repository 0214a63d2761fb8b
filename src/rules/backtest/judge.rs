//! One record before a set: which rules match, what is decided, and what would be without one of them.
//!
//! The order of a set is the order of its tiers, so the first live hit of a tier decides, and what is
//! left without it is the next one. A rule that adjusts matters only where no tier decides.

use super::{Consequences, Row};
use crate::domain::{Action, RuleAction, RuleMode, Timestamp};
use crate::features::Record;
use crate::rules::{RuleSet, Scratch};

/// A set with what a judgement needs of each rule at hand.
#[derive(Debug)]
pub struct Judge<'s> {
    set: &'s RuleSet,
    brief: Vec<Brief>,
    scratch: Scratch,
    found: Judgement,
}

/// A rule as far as a judgement cares.
#[derive(Debug, Clone, Copy)]
struct Brief {
    live: bool,
    tier: Option<Action>,
    adjust: f64,
    expires: Option<Timestamp>,
}

impl Brief {
    fn adjusts(&self) -> bool {
        self.live && self.adjust != 0.0
    }
}

/// What a set says of one record. Numbers are places in [`RuleSet::rules`], ascending.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Judgement {
    /// Rules that match and are not past their date.
    pub hits: Vec<usize>,
    /// Rules a missing fact would decide, not past their date.
    pub unknown: Vec<usize>,
    /// Sum of the adjustments of live hits, in log-odds.
    pub adjust: f64,
    /// The first live hit that leaves one action.
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
        let brief = |rule: &crate::rules::Rule| {
            let hit = rule.hit();
            Brief {
                live: rule.mode == RuleMode::Live,
                tier: tier(hit.action),
                adjust: hit.adjust,
                expires: rule.expires,
            }
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
        let live = || {
            let hits = found.hits.iter();
            hits.filter_map(|hit| Some((*hit, brief.get(*hit)?))).filter(|(_, rule)| rule.live)
        };
        let adjust = live().map(|(_, rule)| rule.adjust).sum();
        let decider = live().find_map(|(hit, rule)| Some((hit, rule.tier?)));
        found.adjust = adjust;
        found.decider = decider.map(|(hit, _)| hit);
        found.action =
            decider.map(|(_, action)| action).or_else(|| Some(row.then.by_score(adjust)));
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

    /// The action had this rule, which matches, been the other way round: a live one off, a shadow one
    /// live.
    pub fn turned(&self, hit: usize, then: &dyn Consequences) -> Option<Action> {
        let rule = self.brief.get(hit)?;
        if rule.live {
            self.without(|other| other == hit, then)
        } else {
            self.with(hit, *rule, then)
        }
    }

    /// The action without the live hits that `gone` names.
    pub(super) fn without(
        &self,
        gone: impl Fn(usize) -> bool,
        then: &dyn Consequences,
    ) -> Option<Action> {
        let Judgement { hits, decider, action, .. } = &self.found;
        let left = || {
            let kept = hits.iter().filter(|hit| !gone(**hit));
            kept.filter_map(|hit| self.brief.get(*hit)).filter(|rule| rule.live)
        };
        match decider {
            Some(decider) if !gone(*decider) => return *action,
            Some(_) => {
                if let Some(next) = left().find_map(|rule| rule.tier) {
                    return Some(next);
                }
            }
            None => {}
        }
        let adjusts = |hit: &usize| self.brief.get(*hit).is_some_and(Brief::adjusts);
        if decider.is_none() && !hits.iter().any(|hit| gone(*hit) && adjusts(hit)) {
            return *action;
        }
        Some(then.by_score(left().map(|rule| rule.adjust).sum()))
    }

    fn with(&self, hit: usize, rule: Brief, then: &dyn Consequences) -> Option<Action> {
        let Judgement { adjust, decider, action, .. } = &self.found;
        match (rule.tier, decider) {
            (Some(mine), Some(decider)) => {
                if hit < *decider {
                    Some(mine)
                } else {
                    *action
                }
            }
            (Some(mine), None) => Some(mine),
            (None, None) if rule.adjust != 0.0 => Some(then.by_score(adjust + rule.adjust)),
            (None, _) => *action,
        }
    }
}
