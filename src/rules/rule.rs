//! One rule, read and checked.

use super::error::Place;
use super::eval::Truth;
use super::expr::Expr;
use crate::domain::{ChallengeKind, RuleAction, RuleMode, Timestamp};
use crate::features::Record;
use serde::Serialize;
use serde::ser::SerializeMap;

/// What a rule does where it matches.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Effect {
    /// See [`RuleAction::HardBlock`].
    HardBlock,
    /// See [`RuleAction::Allow`].
    Allow,
    /// See [`RuleAction::Block`].
    Block,
    /// See [`RuleAction::Review`].
    Review,
    /// See [`RuleAction::Challenge`]: by this kind.
    Challenge(ChallengeKind),
    /// See [`RuleAction::Adjust`]: by this much, finite, not 0, within ±[`super::MAX_ADJUST`].
    Adjust(f64),
    /// See [`RuleAction::Tag`].
    Tag,
}

impl Effect {
    /// The action without its value.
    pub fn action(self) -> RuleAction {
        match self {
            Self::HardBlock => RuleAction::HardBlock,
            Self::Allow => RuleAction::Allow,
            Self::Block => RuleAction::Block,
            Self::Review => RuleAction::Review,
            Self::Challenge(_) => RuleAction::Challenge,
            Self::Adjust(_) => RuleAction::Adjust,
            Self::Tag => RuleAction::Tag,
        }
    }
}

/// A rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Names it in decisions; unique in the set.
    pub id: String,
    /// What it does.
    pub effect: Effect,
    /// Whether it acts.
    pub mode: RuleMode,
    /// Within one action the higher comes first.
    pub priority: i64,
    /// The stable reason code of the answer.
    pub reason: String,
    /// One sentence for the analyst who reads the decision.
    pub text: String,
    /// From this instant on it no longer acts.
    pub expires: Option<Timestamp>,
    /// The condition.
    pub when: Expr,
    /// What its author wrote about it.
    pub notes: Notes,
    /// The tests beside it.
    pub tests: Vec<Case>,
    /// Where its id stands.
    pub place: Place,
}

/// What a rule's author wrote about it: all optional, none of it acts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Notes {
    /// What it flags.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub what: Option<String>,
    /// Why that is a sign of fraud, and why the numbers are what they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// A case it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub example: Option<String>,
    /// Good buyers it is known to catch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub known_false_positives: Option<String>,
    /// Where to read more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub references: Option<String>,
    /// Who answers for the group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
}

/// A test beside a rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// Its name.
    pub name: String,
    /// The facts; every other field is missing.
    pub given: Record,
    /// What the condition must come to.
    pub expect: Truth,
    /// Where it stands.
    pub place: Place,
}

impl Rule {
    /// True from the rule's expiry on.
    pub fn expired(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|expires| now >= expires)
    }
}

impl Serialize for Rule {
    /// What the rule means: everything that bears on a decision, in one spelling, and the notes.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &self.id)?;
        map.serialize_entry("action", &self.effect.action())?;
        match self.effect {
            Effect::Challenge(kind) => map.serialize_entry("challenge", &kind)?,
            Effect::Adjust(by) => map.serialize_entry("adjust", &by)?,
            _ => {}
        }
        map.serialize_entry("mode", &self.mode)?;
        map.serialize_entry("priority", &self.priority)?;
        map.serialize_entry("reason", &self.reason)?;
        map.serialize_entry("text", &self.text)?;
        map.serialize_entry("expires", &self.expires)?;
        map.serialize_entry("when", &self.when.to_string())?;
        let fields: Vec<_> = self.when.fields().iter().map(ToString::to_string).collect();
        map.serialize_entry("fields", &fields)?;
        map.serialize_entry("notes", &self.notes)?;
        map.serialize_entry("tests", &self.tests.len())?;
        map.serialize_entry("place", &self.place.to_string())?;
        map.end()
    }
}
