//! Which of the rules that matched act on this buyer, and what holds the others back.
//!
//! A rule acts by its mode. What people did for a buyer (a snooze, a granted appeal) is in the record as
//! an answer of the list [`SNOOZED`], so a decision is made again from its record alone. A hard block is
//! never held back: it is for sanctions and cards known to be stolen.

use crate::decision::{Matched, Policy};
use crate::domain::{Action, HeldBack, RuleAction, Spared};
use crate::features::{Record, Value, fields as f};
use crate::rules::Hit;

/// The list that rules asleep for a buyer are on; no file can have its name.
const SNOOZED: &str = "snoozed rules";
/// What an appeal puts on it.
const EVERY_BLOCK: &str = "every block";

/// How long the account must have known the device before its clean history speaks for whoever uses it
/// now, in hours: as old as the youngest of the settled sales.
const DEVICE_KNOWN_H: f64 = 60.0 * 24.0;

/// The question whether a rule is asleep for the buyer of a record.
pub(super) fn snooze_question(rule: &str) -> String {
    format!("{rule} in list(\"{SNOOZED}\")")
}

/// The question whether an appeal of the buyer was granted.
pub(super) fn appeal_question() -> String {
    snooze_question(EVERY_BLOCK)
}

/// Whether the list of what people did says yes; the question is not even put together where no list
/// said anything.
fn is_noted(record: &Record, question: impl FnOnce() -> String) -> bool {
    record.has_listed() && record.listed(&question()) == &Value::Bool(true)
}

/// What speaks against a decline of this buyer.
pub(super) fn spares(policy: &Policy, record: &Record) -> Option<HeldBack> {
    if is_noted(record, appeal_question) {
        return Some(HeldBack::Appeal);
    }
    let is_clean = policy.guard_clean_history && has_clean_history(record);
    is_clean.then_some(HeldBack::CleanHistory)
}

/// Whether the card, or the account on a device it has long known, has at least three settled purchases
/// of which nothing bad is known. A typed address can be anyone's, and so can an account on a new
/// device.
fn has_clean_history(record: &Record) -> bool {
    let yes = |field| record.get(field) == &Value::Bool(true);
    let known_h = record.numeric(f::DEVICE_ON_ACCOUNT_FIRST_SEEN_H);
    yes(f::CARD_CLEAN_HISTORY) || (yes(f::ACCOUNT_CLEAN_HISTORY) && known_h >= DEVICE_KNOWN_H)
}

/// What people did that holds a rule back.
fn asleep(hit: &Hit<'_>, record: &Record, is_appealed: bool) -> Option<HeldBack> {
    if hit.action == RuleAction::HardBlock {
        None
    } else if is_noted(record, || snooze_question(hit.id)) {
        Some(HeldBack::Snoozed)
    } else {
        (is_appealed && is_against(hit)).then_some(HeldBack::Appeal)
    }
}

/// Whether a rule that matches acts on the buyer of a record.
pub(super) fn acts(hit: &Hit<'_>, record: &Record) -> bool {
    hit.may_act(record) && asleep(hit, record, is_noted(record, appeal_question)).is_none()
}

/// The rules that matched, each with what holds it back.
pub(super) struct Standing<'h> {
    hits: Vec<(Hit<'h>, bool, Option<HeldBack>)>,
}

impl<'h> Standing<'h> {
    pub(super) fn of(hits: &[Hit<'h>], record: &Record) -> Self {
        let is_appealed = is_noted(record, appeal_question);
        let stand = |hit: &Hit<'h>| {
            let may_act = hit.may_act(record);
            let held_back = asleep(hit, record, is_appealed);
            let outside = hit.canary.is_some() && !may_act;
            (
                *hit,
                may_act && held_back.is_none(),
                held_back.or(outside.then_some(HeldBack::Canary)),
            )
        };
        Self { hits: hits.iter().map(stand).collect() }
    }

    /// As the decision looks at them.
    pub(super) fn matched(&self) -> Vec<Matched> {
        let matched = |(hit, acts, _): &(Hit<'_>, bool, Option<HeldBack>)| Matched {
            action: hit.action,
            acts: *acts,
            guard: hit.guard,
            adjust: hit.adjust,
            challenge: hit.challenge,
        };
        self.hits.iter().map(matched).collect()
    }

    /// Takes note that a decline was softened: by whom it would have been, and what spared the buyer.
    pub(super) fn spare(&mut self, policy: &Policy, record: &Record) -> Option<Spared> {
        let guard = spares(policy, record)?;
        Some(self.hold_blocks_back(guard, None))
    }

    /// Takes note that a decline passes, of so many the one drawn; `None` where a hard block stands.
    pub(super) fn let_through(&mut self, one_in: u32) -> Option<Spared> {
        let is_hard =
            |(hit, acts, _): &(Hit<'_>, bool, _)| *acts && hit.action == RuleAction::HardBlock;
        if self.hits.iter().any(is_hard) {
            return None;
        }
        Some(self.hold_blocks_back(HeldBack::PassThrough, Some(one_in)))
    }

    fn hold_blocks_back(&mut self, guard: HeldBack, one_in: Option<u32>) -> Spared {
        let mut by = Vec::new();
        for (hit, acts, held_back) in &mut self.hits {
            if *acts && hit.action == RuleAction::Block {
                (*acts, *held_back) = (false, Some(guard));
                by.push(hit.id.to_owned());
            }
        }
        if by.is_empty() {
            by.push("score".to_owned());
        }
        Spared { would_be: Action::Decline, by, guard, one_in }
    }

    /// Rules that are a reason of the answer: those that acted, and those that would have declined a
    /// buyer who was spared.
    pub(super) fn reported(&self) -> impl Iterator<Item = &Hit<'h>> {
        let told = |held_back: Option<HeldBack>| {
            matches!(held_back, Some(HeldBack::CleanHistory | HeldBack::PassThrough))
        };
        let shown = self.hits.iter().filter(move |(_, acts, held_back)| *acts || told(*held_back));
        shown.map(|(hit, ..)| hit)
    }

    /// As an answer lists them.
    pub(super) fn brief(&self) -> Vec<crate::domain::RuleHit> {
        self.hits.iter().map(|(hit, _, held_back)| hit.brief(*held_back)).collect()
    }

    /// What the first acting rule of the deciding action lets the buyer be told.
    pub(super) fn customer_text(&self, action: Action) -> Option<String> {
        let decides = |hit: &Hit<'_>| match action {
            Action::Approve => false,
            Action::Challenge => hit.action == RuleAction::Challenge,
            Action::Review => hit.action == RuleAction::Review,
            Action::Decline => matches!(hit.action, RuleAction::HardBlock | RuleAction::Block),
        };
        let mut deciding = self.hits.iter().filter(|(hit, acts, _)| *acts && decides(hit));
        deciding.find_map(|(hit, ..)| hit.customer_text).map(str::to_owned)
    }
}

/// Whether a rule stands in a buyer's way.
fn is_against(hit: &Hit<'_>) -> bool {
    match hit.action {
        RuleAction::Block | RuleAction::Review | RuleAction::Challenge => true,
        RuleAction::Adjust => hit.adjust > 0.0,
        RuleAction::HardBlock | RuleAction::Allow | RuleAction::Tag => false,
    }
}
