//! One act of a person, and its entry in the ledger.
//!
//! Who, when and what kind of act lie open, as what an audit asks first; values and notes lie sealed
//! under a key of their own, not the buyer's: a card that was stolen stays blocked when its owner is
//! erased, and an erasure of the value's own key is possible all the same.

use super::damaged;
use crate::domain::{TenantId, Timestamp};
use crate::engine::error::EngineError;
use crate::engine::identity::KeyMaker;
use crate::engine::stored::FORMAT;
use crate::ledger::{EntryKind, NewEntry, Personal, StoredEntry, SubjectHash, Summary};
use crate::velocity::EntityKey;
use serde::{Deserialize, Serialize};

/// Longest name of who acts, in characters.
pub const MAX_WHO: usize = 64;

/// Who acts: a name for the audit, as the caller says, and the access key it came by where there are any.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Who(String);

impl Who {
    /// A name of 1 to [`MAX_WHO`] characters without control characters.
    pub fn new(name: &str) -> Option<Self> {
        let good =
            (1..=MAX_WHO).contains(&name.chars().count()) && !name.contains(char::is_control);
        good.then(|| Self(name.to_owned()))
    }

    /// The same person, by an access key: what a caller says is not all the audit has.
    #[must_use]
    pub fn by_key(self, key: &str) -> Self {
        Self(format!("{} (key {key})", self.0))
    }

    /// Part of the server or of the machine: a signal, a route, a file.
    pub fn service(name: &str) -> Self {
        Self(name.chars().filter(|c| !c.is_control()).take(MAX_WHO).collect())
    }

    /// The server itself.
    pub fn timer() -> Self {
        Self("timer".to_owned())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a person did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub enum Act {
    /// Put a value on a list.
    ListAdd {
        /// The list.
        list: String,
        /// The value as written.
        value: String,
        /// Until then; for ever without.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires: Option<Timestamp>,
        /// Why.
        #[serde(default)]
        note: String,
    },
    /// Took a value off a list.
    ListRemove {
        /// The list.
        list: String,
        /// The value as written.
        value: String,
    },
    /// Put a rule to sleep for a buyer, or with no rule every block.
    Snooze {
        /// The rule.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rule: Option<String>,
        /// Keyed hashes of what the buyer is known by, each with its entity's name.
        keys: Vec<(String, EntityKey)>,
        /// Until then.
        until: Timestamp,
        /// Why.
        #[serde(default)]
        note: String,
    },
    /// Ended such a sleep.
    Wake {
        /// The rule.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rule: Option<String>,
        /// As they were put to sleep by.
        keys: Vec<(String, EntityKey)>,
    },
}

impl Act {
    /// The list it is about.
    pub fn list(&self) -> Option<&str> {
        match self {
            Self::ListAdd { list, .. } | Self::ListRemove { list, .. } => Some(list),
            Self::Snooze { .. } | Self::Wake { .. } => None,
        }
    }

    /// The words of every act, as entries of the ledger have them for their type.
    pub const WORDS: [&'static str; 5] =
        ["list.add", "list.remove", "rule.snooze", "appeal.grant", "rule.wake"];

    fn word(&self) -> &'static str {
        match self {
            Self::ListAdd { .. } => "list.add",
            Self::ListRemove { .. } => "list.remove",
            Self::Snooze { rule: Some(_), .. } => "rule.snooze",
            Self::Snooze { rule: None, .. } => "appeal.grant",
            Self::Wake { .. } => "rule.wake",
        }
    }
}

/// The open part.
#[derive(Serialize, Deserialize)]
struct OpenAct {
    format: u32,
    summary: Summary,
    by: Who,
    /// The list or the rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    about: Option<String>,
}

/// The entry of an act.
pub(super) fn entry(
    act: &Act,
    tenant: &TenantId,
    who: &Who,
    now: Timestamp,
    keys: &dyn KeyMaker,
) -> NewEntry {
    let about = match act {
        Act::ListAdd { list, .. } | Act::ListRemove { list, .. } => Some(list.clone()),
        Act::Snooze { rule, .. } | Act::Wake { rule, .. } => rule.clone(),
    };
    let summary = Summary { entry_type: Some(act.word().to_owned()), ..Summary::default() };
    let open = OpenAct { format: FORMAT, summary, by: who.clone(), about };
    let personal = serde_json::to_string(act).unwrap_or_default();
    NewEntry {
        tenant: tenant.clone(),
        kind: EntryKind::Admin,
        id: format!("{}-{}", act.word(), now.millis()),
        event_time: now,
        received_at: now,
        subject: Some(SubjectHash(keys.hash(tenant, "subject.act", &personal))),
        open: serde_json::to_vec(&open).unwrap_or_default(),
        personal: personal.into_bytes(),
        lookups: Vec::new(),
    }
}

/// Reads an act; `None` for an entry of another kind, or one whose key was destroyed.
pub(super) fn read(stored: &StoredEntry) -> Result<Option<Act>, EngineError> {
    match stored.personal()? {
        Personal::Readable(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|source| {
            EngineError::Stored { sequence: stored.sequence, source: damaged(source) }
        }),
        Personal::Erased | Personal::None => Ok(None),
    }
}
