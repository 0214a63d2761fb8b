//! Lint: what it finds, and that nothing false is said.

mod findings;
mod properties;
mod sets;

use super::{Finding, lint};
use crate::domain::Timestamp;
use crate::rules::{RuleSet, Source};

thread_local! {
    static STEPS: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

/// Counts the steps sets really take, beside those a budget is charged.
pub(super) fn count(steps: usize) {
    STEPS.set(STEPS.get() + u64::try_from(steps).unwrap());
}

pub(super) fn now() -> Timestamp {
    "2026-11-20T10:15:00Z".parse().unwrap()
}

pub(super) fn set(file: &str) -> RuleSet {
    RuleSet::from_sources(&[Source::new("a.toml", file)]).unwrap_or_else(|e| panic!("{e}"))
}

pub(super) fn found(rules: &RuleSet) -> Vec<Finding> {
    lint(rules, now(), &|_| {})
}

/// A rule with everything hygiene asks for but tests.
pub(super) fn rule(id: &str, action: &str, when: &str) -> String {
    format!(
        "[[rule]]\nid = \"{id}\"\naction = \"{action}\"\nreason = \"A\"\ntext = \"A.\"\nwhat = \"A.\"\n\
         known_false_positives = \"None.\"\nwhen = '''{when}'''\n"
    )
}
