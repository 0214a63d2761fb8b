//! Changes of the service itself, in the chain: access keys, what decisions are made with, holds and
//! erasures.
//!
//! What people do to a buyer is an act of the desk. These entries name no buyer, so all of them lies open
//! and outlives every erasure. They record what came into use, however it came there: a file changed by
//! hand is audited like one changed by a command.

use super::desk::Who;
use super::error::EngineError;
use super::service::Engine;
use super::stored::FORMAT;
use crate::domain::{TenantId, Timestamp};
use crate::ledger::{EntryKind, NewEntry, Summary};
use serde::Serialize;
use serde_json::Value;

/// What changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    /// A key that was not there before.
    KeyAdded,
    /// A key that takes the place of another.
    KeyRotated,
    /// Tenant, scopes, limits or end of a key.
    KeyChanged,
    /// A key that is gone.
    KeyRevoked,
    /// Rules, model, lists, tables or certificate while serving.
    Reloaded,
    /// The same from one start to the next.
    StartedWith,
    /// A person must not be erased.
    Held,
    /// A person may be erased again.
    Released,
    /// A person is erased.
    Erased,
    /// A person's data were given out.
    Disclosed,
    /// Persons were erased whose time was over.
    Expired,
    /// Another master key is about to take the place of the one in use.
    Rekeyed,
}

impl Changed {
    /// The words of all, as entries of the ledger have them for their type.
    pub const WORDS: [&'static str; 12] = [
        "key.add",
        "key.rotate",
        "key.change",
        "key.revoke",
        "reload",
        "start",
        "person.hold",
        "person.release",
        "person.erase",
        "person.export",
        "person.expire",
        "master.rekey",
    ];

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::KeyAdded => "key.add",
            Self::KeyRotated => "key.rotate",
            Self::KeyChanged => "key.change",
            Self::KeyRevoked => "key.revoke",
            Self::Reloaded => "reload",
            Self::StartedWith => "start",
            Self::Held => "person.hold",
            Self::Released => "person.release",
            Self::Erased => "person.erase",
            Self::Disclosed => "person.export",
            Self::Expired => "person.expire",
            Self::Rekeyed => "master.rekey",
        }
    }
}

/// One change.
#[derive(Debug, Clone)]
pub struct Audit {
    /// What changed.
    pub changed: Changed,
    /// The id of a key, or the keyed hash of a person.
    pub about: Option<String>,
    /// How it is now, and how it was; no secret, and nothing about a person.
    pub detail: Value,
}

#[derive(Serialize)]
struct OpenAudit<'a> {
    format: u32,
    summary: Summary,
    by: &'a Who,
    #[serde(skip_serializing_if = "Option::is_none")]
    about: Option<&'a str>,
    detail: &'a Value,
}

impl Engine {
    /// Writes a change into the chain and returns its number. Waits until it is on disk, whatever counts as
    /// kept otherwise: the caller notes elsewhere that it is told, and a power loss must not take it back.
    ///
    /// # Errors
    /// There is no ledger, or it takes nothing now.
    pub fn audit(
        &self,
        tenant: &TenantId,
        who: &Who,
        audit: &Audit,
        now: Timestamp,
    ) -> Result<u64, EngineError> {
        let ledger = self.ledger().ok_or(EngineError::ReadOnly)?;
        let (word, about) = (audit.changed.word(), audit.about.as_deref());
        let summary = Summary { entry_type: Some(word.to_owned()), ..Summary::default() };
        let open = OpenAudit { format: FORMAT, summary, by: who, about, detail: &audit.detail };
        let id = about.map_or_else(String::new, |about| format!("{about}-"));
        let new = NewEntry {
            tenant: tenant.clone(),
            kind: EntryKind::Admin,
            id: format!("{word}-{id}{}", now.millis()),
            event_time: now,
            received_at: now,
            subject: None,
            open: serde_json::to_vec(&open).unwrap_or_default(),
            personal: Vec::new(),
            lookups: Vec::new(),
        };
        // An entry like any other for those who copy: none is under way while they read its number.
        let counting = self.histories.gate.counting();
        let pending = ledger.append(&new).map_err(EngineError::NotKept)?;
        drop(counting);
        let ack = pending.wait_committed().map_err(EngineError::NotKept)?;
        if let Some(end) = ledger.last() {
            ledger.sync(end).map_err(|fault| EngineError::NotKept(fault.into()))?;
        }
        Ok(ack.sequence)
    }
}
