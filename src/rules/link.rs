//! What a set asks of lists, and whether the lists there can answer.
//!
//! The answers are put into the record before rules are evaluated; rules themselves know a list by its
//! name only, so lists change without a rule being compiled again.

use super::error::{Diagnostic, Diagnostics, nearest};
use super::expr::{FieldRef, Listed};
use super::problem::Problem;
use super::rule::Rule;
use super::set::RuleSet;
use crate::domain::{RuleMode, Timestamp};
use crate::features::Record;
use crate::lists::{ListKind, Lists};
use std::collections::BTreeMap;
use std::ops::Range;

/// The questions of a set, each once.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Questions(Vec<Listed>);

impl Questions {
    pub(super) fn of(rules: &[Rule]) -> Self {
        let asked = rules.iter().filter(|rule| rule.mode != RuleMode::Off);
        let mut questions: Vec<_> = asked.flat_map(|rule| rule.when.lists()).cloned().collect();
        questions.sort();
        questions.dedup();
        Self(questions)
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Listed> {
        self.0.iter()
    }

    /// Puts the answers into a record. Cost: a look-up each.
    pub fn answer(&self, lists: &Lists, now: Timestamp, record: &mut Record) {
        for listed in &self.0 {
            let answer = lists.answer(&listed.list, listed.field.value(record), now);
            record.set_listed(listed.question(), answer);
        }
    }

    /// As what the lists are used that say no type themselves: by the first field, in order of names.
    pub fn kinds(&self) -> BTreeMap<&str, ListKind> {
        let mut kinds = BTreeMap::new();
        for listed in &self.0 {
            kinds.entry(&*listed.list).or_insert(kind_of(&listed.field));
        }
        kinds
    }
}

fn kind_of(field: &FieldRef) -> ListKind {
    match field {
        FieldRef::Catalogue(id) => ListKind::of_field(*id).unwrap_or(ListKind::Text),
        FieldRef::Custom(_) => ListKind::Text,
    }
}

impl RuleSet {
    /// Whether every list a rule names is there, and holds what is looked for in it.
    ///
    /// # Errors
    /// Each question that can have no answer, with the list probably meant.
    pub fn check_lists(&self, lists: &Lists) -> Result<(), Diagnostics> {
        let mut found = Vec::new();
        for rule in self.rules().iter().filter(|rule| rule.mode != RuleMode::Off) {
            for listed in rule.when.lists() {
                if let Some(problem) = problem(listed, lists) {
                    let source = &rule.place.source;
                    found.push(Diagnostic::new(problem, source, place(rule, &listed.list)));
                }
            }
        }
        if found.is_empty() { Ok(()) } else { Err(Diagnostics::new(found)) }
    }
}

fn problem(listed: &Listed, lists: &Lists) -> Option<Problem> {
    let name = listed.list.to_string();
    let Some(list) = lists.get(&name) else {
        let near = nearest(&name, lists.iter().map(|(name, _)| name));
        return Some(Problem::UnknownList { name, near });
    };
    let takes = match &listed.field {
        FieldRef::Catalogue(field) => list.kind().takes(*field),
        FieldRef::Custom(_) => true,
    };
    let field = listed.field.to_string();
    (!takes).then(|| Problem::ListOfOther { field, name, holds: list.kind().word() })
}

/// Where the rule writes the list's name; its id where that can't be told.
fn place(rule: &Rule, list: &str) -> Range<usize> {
    let from = rule.place.span.start;
    let text = rule.place.source.text().get(from..).unwrap_or_default();
    let quoted = [format!("\"{list}\""), format!("'{list}'")];
    let found = quoted.iter().filter_map(|quoted| Some((text.find(quoted)?, quoted.len()))).min();
    found.map_or(rule.place.span.clone(), |(at, len)| from + at..from + at + len)
}
