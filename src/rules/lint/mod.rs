//! Lint: what a rule set says that its author probably did not mean.
//!
//! ```text
//! condition ─► region (cells of sets) ─► never, always, parts that change nothing
//!                                    └─► pairs: equal, within, against each other; gaps between bands
//! rule ─► date, tests, owner, notes, what it decides by
//! ```
//!
//! Nothing false is said. A rule is within another only if every record that makes the one true makes
//! the other true, and an overlap is told with a record on which both were evaluated. What would
//! take too long is said to be not analysed: at most 64 cells a condition, and so many
//! steps a condition and a set. Missing is a state like any other, so three truths need no special care:
//! "true" is a set of states, and so is "false".
//!
//! Rejected: a solver (a large dependency for intervals and small sets), sampling records (finds a
//! gap by luck, proves nothing).

mod bands;
mod condition;
mod finding;
mod hygiene;
mod line;
mod pairs;
mod region;
mod set;
mod space;
#[cfg(test)]
mod tests;
mod witness;

pub use finding::{Check, Finding, Severity, count, table};

use super::parser::{Form, Node, parse};
use super::table::Text;
use super::{Expr, Place, Rule, RuleSet, check};
use crate::domain::{RuleMode, Timestamp};
use crate::features::Record;
use pairs::Acting;
use region::Budget;
use space::Space;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// Most steps of one condition.
const CONDITION_STEPS: u64 = 500_000;
/// Most steps of all conditions together.
const CONDITIONS_STEPS: u64 = 50_000_000;
/// Most steps of comparing rules with each other.
const STEPS: u64 = 20_000_000;
/// Most findings of one check for one rule.
const MAX_FINDINGS: usize = 10;

/// Told how many rules are done, from 0; each rule is counted twice, by itself and beside others.
pub type Progress<'p> = &'p dyn Fn(usize);

/// Looks at every rule. `now` decides which are past their date. Findings are in the order of files
/// and places, without those a rule's `allow` names.
pub fn lint(rules: &RuleSet, now: Timestamp, progress: Progress<'_>) -> Vec<Finding> {
    let (mut conditions, mut comparisons) = (Budget::new(CONDITIONS_STEPS), Budget::new(STEPS));
    within(rules, now, progress, (&mut conditions, &mut comparisons))
}

/// With so many steps for conditions by themselves, and so many for comparing rules. A step is a look at
/// one limit or value of a set, so the budgets bound all work but that of one word a pair of rules.
fn within(
    rules: &RuleSet,
    now: Timestamp,
    progress: Progress<'_>,
    (conditions, budget): (&mut Budget, &mut Budget),
) -> Vec<Finding> {
    let mut list = Vec::new();
    let mut unseen = None;
    let mut found = Findings { list: &mut list };
    let (mut space, mut acting) = (Space::default(), Vec::new());
    for (place, rule) in rules.rules().iter().enumerate() {
        progress(place);
        let region = if let Some(mut own) = conditions.part(CONDITION_STEPS) {
            let region = condition::look(rule, &mut space, &mut own, &mut found);
            conditions.put_back(own);
            region
        } else {
            unseen = unseen.or(Some(rule));
            None
        };
        hygiene::look(rule, region.as_ref(), &space, now, &mut found);
        let acts = rule.mode == RuleMode::Live && !rule.expired(now);
        let region = region.filter(|region| acts && !region.is_empty());
        acting.extend(region.map(|region| Acting::new(rule, region, &space)));
    }
    let done = rules.rules().len();
    if let Some(rule) = unseen {
        let message = "the rules are too many and too large for each condition to be looked at";
        found.add(Check::NotAnalysed, rule, message.to_owned());
    }
    let compared =
        pairs::compare(&acting, &space, budget, &mut found, &|place| progress(done + place));
    if compared.and_then(|()| bands::look(&acting, &space, budget, &mut found)).is_err()
        && let Some(rule) = rules.rules().first()
    {
        let message = "the rules are too many or too alike to be compared with each other";
        found.add(Check::NotAnalysed, rule, message.to_owned());
    }
    allowed(rules, list)
}

/// Findings without those a rule allows, and what is wrong with what rules allow.
fn allowed(rules: &RuleSet, list: Vec<Finding>) -> Vec<Finding> {
    let mut kept = Vec::new();
    let mut used: BTreeSet<(&str, Check)> = BTreeSet::new();
    let by_id: BTreeMap<&str, &Rule> =
        rules.rules().iter().map(|rule| (rule.id.as_str(), rule)).collect();
    for finding in list {
        let rule = by_id.get(finding.rule.as_str());
        let codes = rule.map_or(&[][..], |rule| &rule.written.allow);
        match (rule, codes.iter().any(|allowed| allowed.code == finding.check.code())) {
            (Some(rule), true) => {
                used.insert((&rule.id, finding.check));
            }
            _ => kept.push(finding),
        }
    }
    for rule in rules.rules() {
        for allowed in &rule.written.allow {
            let code = &allowed.code;
            let (check, message) = match Check::by_code(code) {
                Some(check) if used.contains(&(rule.id.as_str(), check)) => continue,
                Some(_) => (
                    Check::UnneededAllowed,
                    format!("`{}` allows `{code}`, which is not found", rule.id),
                ),
                None => (
                    Check::UnknownAllowed,
                    format!("`{}` allows `{code}`, which is no code of lint", rule.id),
                ),
            };
            let place = allowed.place.clone();
            let rule = rule.id.clone();
            kept.push(Finding { check, rule, message, place, other: None, witness: None });
        }
    }
    kept.sort_by(|a, b| {
        let key = |f: &Finding| (f.place.span.start, f.place.span.end, f.check);
        a.place.source.name().cmp(b.place.source.name()).then_with(|| key(a).cmp(&key(b)))
    });
    kept
}

/// Where findings are put.
struct Findings<'l> {
    list: &'l mut Vec<Finding>,
}

impl Findings<'_> {
    /// A finding about the rule as a whole.
    fn add(&mut self, check: Check, rule: &Rule, message: String) {
        self.add_at(check, rule, rule.place.clone(), message);
    }

    fn add_at(&mut self, check: Check, rule: &Rule, place: Place, message: String) {
        let same = |finding: &&Finding| finding.check == check && finding.rule == rule.id;
        if self.list.iter().rev().take_while(|f| f.rule == rule.id).filter(same).count()
            < MAX_FINDINGS
        {
            let rule = rule.id.clone();
            self.list.push(Finding { check, rule, message, place, other: None, witness: None });
        }
    }

    /// A finding about two rules, perhaps with a record that shows it.
    fn add_with(
        &mut self,
        check: Check,
        (rule, other): (&Rule, &Rule),
        message: String,
        witness: Option<Record>,
    ) {
        let label = format!("`{}`", other.id);
        self.list.push(Finding {
            check,
            rule: rule.id.clone(),
            message,
            place: rule.place.clone(),
            other: Some((other.place.clone(), label)),
            witness,
        });
    }
}

/// Where a part of the rule's condition stands; `before` counts the parts equal to it that are
/// written before it. The whole condition's place where the part can't be told in the file, the
/// rule's where there is none.
fn at_part(rule: &Rule, part: &Expr, mut before: usize) -> Place {
    let Some(when) = &rule.written.when else { return rule.place.clone() };
    let text = Text { value: "", span: when.span.clone() };
    let (inner, Some(start)) = text.inner(when.source.text()) else { return when.clone() };
    let (node, _) = parse(inner);
    match place_of(&node, part, inner, &mut before) {
        Some(span) if rule.when != *part => {
            Place { source: when.source.clone(), span: start + span.start..start + span.end }
        }
        _ => when.clone(),
    }
}

fn place_of(node: &Node, part: &Expr, text: &str, before: &mut usize) -> Option<Range<usize>> {
    let here = text.get(node.span.clone())?;
    if check::check(here).is_ok_and(|here| here == *part) {
        if *before == 0 {
            return Some(node.span.clone());
        }
        *before -= 1;
        return None;
    }
    match &node.form {
        Form::Not(inner) => place_of(inner, part, text, before),
        Form::And(parts) | Form::Or(parts) => {
            parts.iter().find_map(|inner| place_of(inner, part, text, before))
        }
        _ => None,
    }
}

/// How many parts equal to `part`, itself a part of the condition, are written before it.
fn equal_before(condition: &Expr, part: &Expr) -> usize {
    let mut before = 0;
    reach(condition, part, &mut before);
    before
}

/// True once the part is reached.
fn reach(condition: &Expr, part: &Expr, before: &mut usize) -> bool {
    if std::ptr::eq(condition, part) {
        return true;
    }
    if condition == part {
        *before += 1;
        return false;
    }
    match condition {
        Expr::Not(inner) => reach(inner, part, before),
        Expr::And(parts) | Expr::Or(parts) => parts.iter().any(|one| reach(one, part, before)),
        _ => false,
    }
}
