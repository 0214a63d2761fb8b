//! Two sets beside each other: which rules came, went, and what of the others changed.
//!
//! Compared is what bears on a decision, in its one spelling: layout, comments and the order of a file
//! are no change. Rules are the same where their ids are.

use super::rule::Meaning;
use super::{Rule, RuleSet};
use serde::Serialize;
use std::collections::BTreeMap;

/// What of a rule changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Edit {
    /// The key, as a rule file spells it.
    pub key: &'static str,
    /// What it was; `None` where it was not set.
    pub was: Option<String>,
    /// What it is.
    pub now: Option<String>,
}

/// One rule that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleChange {
    /// The rule.
    pub id: String,
    /// What happened to it.
    #[serde(flatten)]
    pub kind: ChangeKind,
}

/// What happened to a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum ChangeKind {
    /// It is new: its keys.
    Added {
        /// Every key.
        edits: Vec<Edit>,
    },
    /// It is gone: its keys.
    Removed {
        /// Every key.
        edits: Vec<Edit>,
    },
    /// It is another.
    Changed {
        /// The keys that differ.
        edits: Vec<Edit>,
    },
}

impl RuleChange {
    /// The keys that differ.
    pub fn edits(&self) -> &[Edit] {
        match &self.kind {
            ChangeKind::Added { edits }
            | ChangeKind::Removed { edits }
            | ChangeKind::Changed { edits } => edits,
        }
    }
}

/// Every rule that differs, by id.
pub fn compare(old: &RuleSet, new: &RuleSet) -> Vec<RuleChange> {
    let mut rules: BTreeMap<&str, (Option<&Rule>, Option<&Rule>)> = BTreeMap::new();
    for rule in old.rules() {
        rules.entry(&rule.id).or_default().0 = Some(rule);
    }
    for rule in new.rules() {
        rules.entry(&rule.id).or_default().1 = Some(rule);
    }
    let changes = rules.into_iter().filter_map(|(id, (was, now))| {
        let edits = edits(was.map(Rule::meaning), now.map(Rule::meaning));
        let kind = match (was, now) {
            (None, _) => ChangeKind::Added { edits },
            (_, None) => ChangeKind::Removed { edits },
            _ if edits.is_empty() => return None,
            _ => ChangeKind::Changed { edits },
        };
        Some(RuleChange { id: id.to_owned(), kind })
    });
    changes.collect()
}

fn edits(was: Option<Meaning>, now: Option<Meaning>) -> Vec<Edit> {
    let keys = |meaning: Option<Meaning>| meaning.map(keys).unwrap_or_default();
    let (was, now) = (keys(was), keys(now));
    let names: std::collections::BTreeSet<_> = was.keys().chain(now.keys()).copied().collect();
    let edit = |key: &'static str| {
        let (was, now) = (was.get(key).cloned(), now.get(key).cloned());
        (was != now).then_some(Edit { key, was, now })
    };
    names.into_iter().filter_map(edit).collect()
}

/// A rule's keys but its id, as a file spells them. Taken apart whole, so that a new one can't be
/// forgotten.
fn keys(meaning: Meaning) -> BTreeMap<&'static str, String> {
    let Meaning {
        id: _,
        action,
        challenge,
        adjust,
        mode,
        canary,
        guard,
        customer_text,
        priority,
        reason,
        text,
        expires,
        when,
    } = meaning;
    let mut keys = BTreeMap::from([
        ("action", action.word().to_owned()),
        ("guard", guard.to_string()),
        ("mode", mode.word().to_owned()),
        ("priority", priority.to_string()),
        ("reason", reason),
        ("text", text),
        ("when", when),
    ]);
    keys.extend(challenge.map(|kind| ("challenge", kind.word().to_owned())));
    keys.extend(adjust.map(|by| ("adjust", by.to_string())));
    keys.extend(canary.map(|canary| ("canary", canary.to_string())));
    keys.extend(customer_text.map(|text| ("customer_text", text)));
    keys.extend(expires.map(|at| ("expires", at.to_string())));
    keys
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::Source;

    fn set(rules: &[(&str, &str, &str)]) -> RuleSet {
        let rule = |(id, when, more): &(&str, &str, &str)| {
            format!(
                "[[rule]]\nid = \"{id}\"\nreason = \"R\"\ntext = \"R.\"\n{more}\nwhen = '''{when}'''\n"
            )
        };
        let text: String = rules.iter().map(rule).collect();
        RuleSet::from_sources(&[Source::new("set.toml", text)]).unwrap()
    }

    #[test]
    fn what_bears_on_a_decision_is_compared_and_nothing_else() {
        let block = "action = \"block\"";
        let old = set(&[
            ("gone", "ip.tor", block),
            ("kept", "ip.tor && amount_eur > 5", block),
            ("tuned", "amount_eur > 100", "action = \"adjust\"\nadjust = 0.5\npriority = 3"),
        ]);
        let new = set(&[
            ("kept", "ip.tor // as ever\n  && (amount_eur > 5)", block),
            ("tuned", "amount_eur > 100.5", "action = \"review\"\nexpires = 2027-01-01"),
            ("fresh", "ip.hosting", "action = \"tag\"\nmode = \"shadow\""),
        ]);
        let told: Vec<String> = compare(&old, &new)
            .iter()
            .flat_map(|change| {
                let edit = |edit: &Edit| {
                    let side = |side: &Option<String>| side.clone().unwrap_or_default();
                    format!(
                        "{}.{}: {} -> {}",
                        change.id,
                        edit.key,
                        side(&edit.was),
                        side(&edit.now)
                    )
                };
                change.edits().iter().map(edit).collect::<Vec<_>>()
            })
            .filter(|line| line.starts_with("tuned") || line.contains("when"))
            .collect();
        assert_eq!(
            told,
            [
                "fresh.when:  -> ip.hosting",
                "gone.when: ip.tor -> ",
                "tuned.action: adjust -> review",
                "tuned.adjust: 0.5 -> ",
                "tuned.expires:  -> 2027-01-01T00:00:00Z",
                "tuned.priority: 3 -> 0",
                "tuned.when: amount_eur > 100 -> amount_eur > 100.5",
            ]
        );
        let kinds: Vec<_> = compare(&old, &new)
            .into_iter()
            .map(|change| serde_json::to_value(change).unwrap()["change"].to_string())
            .collect();
        assert_eq!(kinds, ["\"added\"", "\"removed\"", "\"changed\""]);
        assert_eq!(compare(&new, &new), []);
    }

    #[test]
    fn on_whom_a_rule_acts_and_what_the_buyer_reads_are_compared() {
        let with = |more: &str| set(&[("a", "ip.tor", &format!("action = \"block\"\n{more}"))]);
        let canary = |percent| {
            with(&format!("mode = \"canary\"\ncanary = {{ percent = {percent}, by = \"card\" }}"))
        };
        for (old, new, told) in [
            (with(""), with("guard = false"), ("guard", "true", "false")),
            (with(""), with("customer_text = \"Call us.\""), ("customer_text", "", "Call us.")),
            (
                canary("5"),
                canary("0.25"),
                ("canary", "5 % of buyers by card", "0.25 % of buyers by card"),
            ),
        ] {
            let changes = compare(&old, &new);
            let edits: Vec<_> = changes
                .iter()
                .flat_map(RuleChange::edits)
                .map(|Edit { key, was, now }| {
                    (*key, was.as_deref().unwrap_or(""), now.as_deref().unwrap_or(""))
                })
                .collect();
            assert_eq!(edits, [told]);
        }
    }
}
