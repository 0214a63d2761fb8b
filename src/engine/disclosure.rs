//! Everything the ledger holds of a person, as one document that can be handed to them.
//!
//! What is shown is what [`Engine::erase`] would erase: both ask [`Search::of`]. What people put on lists
//! is none of it: it lies sealed for itself and is about a value, not an account.
//!
//! Law asks for it: GDPR article 15 (access) and 20 (portability).

use super::audit::Changed;
use super::belongings::{Search, Source};
use super::desk::Who;
use super::error::EngineError;
use super::holds::{Hold, holds, person};
use super::query::{StoredDecision, read_decision, read_sealed_event};
use super::service::Engine;
use crate::disputes::merge;
use crate::domain::{
    AccountId, Action, Decision, Dispute, DisputeId, Event, EventKind, TenantId, Timestamp,
    Transaction,
};
use crate::features::Record;
use crate::ledger::{EntryKind, Personal, Reader, StoredEntry, SubjectHash};
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// What a reader of the document should know.
const ABOUT: &str = "Everything this system holds of the account that can be read: purchases and \
    other requests as they came, what was decided on each and why, what happened afterwards, \
    disputes and the messages of payment processors about them, reviews by a person, and what a \
    purchase turned out to be. `facts` is what was worked out from a request and from earlier ones; \
    `erased` counts records of the account whose personal part was destroyed.";

/// Everything held of an account.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Disclosure {
    /// What this is, in words.
    about: &'static str,
    /// The account.
    account: String,
    /// When this was written.
    #[schema(value_type = String, format = DateTime)]
    made_at: Timestamp,
    /// Why the data may not be erased, where a hold forbids it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    hold: Option<HoldTold>,
    /// Purchases, sign-ups, logins and other requests that were decided on.
    transactions: Vec<TransactionTold>,
    /// What happened, disputes, reviews and labels aside.
    events: Vec<EventTold>,
    /// Disputes as they stand.
    disputes: Vec<Dispute>,
    /// What was reported and done about disputes, with processors' messages as they came.
    dispute_events: Vec<EventTold>,
    /// What people decided on requests that waited for them.
    reviews: Vec<EventTold>,
    /// What requests turned out to be.
    labels: Vec<EventTold>,
    /// Records of the account that can no longer be read.
    erased: u64,
}

/// A hold, as the person is told of it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct HoldTold {
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    reason: String,
}

/// A request and what was decided on it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct TransactionTold {
    /// The record's number.
    sequence: u64,
    #[schema(value_type = String, format = DateTime)]
    received_at: Timestamp,
    /// What was decided, in words.
    in_words: String,
    /// The request as it came.
    transaction: Transaction,
    /// The decision as it was answered.
    #[schema(value_type = Object)]
    decision: Decision,
    /// What it rests on.
    #[schema(value_type = Object)]
    facts: Record,
}

/// Something that happened.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct EventTold {
    /// The record's number.
    sequence: u64,
    #[schema(value_type = String, format = DateTime)]
    received_at: Timestamp,
    event: Event,
    /// A processor's message it was read from, or a file of the seller's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    message: Option<Box<str>>,
}

/// Whose data, and for when.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Whose buyer.
    pub tenant: &'a TenantId,
    /// The buyer's account.
    pub account: &'a AccountId,
    /// When it is asked.
    pub now: Timestamp,
    /// Most records of theirs that are taken into the document.
    pub most: usize,
    /// Most bytes of what is sealed in them.
    pub most_bytes: usize,
}

/// Everything held of an account, beside whoever writes the ledger; `None` where nothing ever was.
/// `progress` is told the number of each entry read. Cost: some passes over the ledger.
///
/// # Errors
/// More records than may be; no master key; a ledger that is damaged or can't be read.
pub fn disclose(
    reader: &Reader,
    asked: &Asked<'_>,
    progress: &mut dyn FnMut(u64),
) -> Result<Option<Disclosure>, EngineError> {
    let keys = reader.hasher().ok_or(EngineError::NoMasterKey)?;
    told(&mut Source { reader, keys, progress }, asked)
}

impl Engine {
    /// As [`disclose`], from the ledger this engine writes, and writes into it who was given them.
    ///
    /// # Errors
    /// As [`disclose`]; the ledger takes nothing now.
    pub fn disclose(
        &self,
        asked: &Asked<'_>,
        who: &Who,
    ) -> Result<Option<Disclosure>, EngineError> {
        let ledger = self.ledger().ok_or(EngineError::ReadOnly)?;
        let (reader, keys) = (ledger.reader(), ledger.hasher());
        let mut source = Source { reader, keys, progress: &mut |_| () };
        let disclosure = told(&mut source, asked)?;
        if disclosure.is_some() {
            let whose = (asked.tenant, asked.account);
            self.note(Changed::Disclosed, whose, (who, asked.now), Value::Null)?;
        }
        Ok(disclosure)
    }
}

fn told<'a>(source: &mut Source<'a>, asked: &Asked<'a>) -> Result<Option<Disclosure>, EngineError> {
    let subjects = Search::of(source, asked.tenant, asked.account)?.subjects;
    let name = person(source.keys, asked.tenant, asked.account).to_string();
    let held = holds(source.reader.scan(None)?, asked.tenant)?
        .into_iter()
        .find(|hold| hold.person == name);
    let mut disclosure = Disclosure::new(asked, held);
    let (mut disputes, mut found, mut bytes) = (BTreeMap::new(), 0, 0);
    for entry in source.reader.scan(None)? {
        let entry = entry?;
        (source.progress)(entry.sequence);
        if entry.tenant == *asked.tenant && is_theirs(&entry, &subjects) {
            found += 1;
            bytes += disclosure.add(&entry, &mut disputes)?;
            if found > asked.most || bytes > asked.most_bytes {
                let (most, mib) = (asked.most, asked.most_bytes >> 20);
                let what = format!("more than {most} records or {mib} MiB");
                let why = format!("{what}; `vouch ledger person` writes all of them");
                return Err(EngineError::Unfit { pointer: "", why });
            }
        }
    }
    disclosure.disputes = disputes.into_values().collect();
    Ok((found > 0).then_some(disclosure))
}

fn is_theirs(entry: &StoredEntry, subjects: &BTreeSet<SubjectHash>) -> bool {
    let subject = entry.subject.filter(|_| entry.kind != EntryKind::Admin);
    subject.is_some_and(|subject| subjects.contains(&subject))
}

impl Disclosure {
    fn new(asked: &Asked<'_>, hold: Option<Hold>) -> Self {
        Self {
            about: ABOUT,
            account: asked.account.to_string(),
            made_at: asked.now,
            hold: hold.map(|Hold { since, reason, .. }| HoldTold { since, reason }),
            transactions: Vec::new(),
            events: Vec::new(),
            disputes: Vec::new(),
            dispute_events: Vec::new(),
            reviews: Vec::new(),
            labels: Vec::new(),
            erased: 0,
        }
    }

    /// Takes an entry in; returns how many bytes are sealed in it.
    fn add(
        &mut self,
        entry: &StoredEntry,
        disputes: &mut BTreeMap<DisputeId, Dispute>,
    ) -> Result<usize, EngineError> {
        let (sequence, received_at) = (entry.sequence, entry.received_at);
        let bytes = match entry.personal()? {
            Personal::Readable(personal) => personal.len(),
            Personal::None => 0,
            Personal::Erased => {
                self.erased += 1;
                return Ok(0);
            }
        };
        if entry.kind == EntryKind::Decision {
            let StoredDecision { decision, transaction, record: facts, .. } = read_decision(entry)?;
            let Some(transaction) = transaction else { return Ok(bytes) };
            let in_words = in_words(&decision);
            self.transactions.push(TransactionTold {
                sequence,
                received_at,
                in_words,
                transaction,
                decision,
                facts,
            });
            return Ok(bytes);
        }
        let Some(sealed) = read_sealed_event(entry)? else { return Ok(bytes) };
        let event = sealed.event;
        let report = sealed.report;
        if let Some(dispute) = report.as_ref().and_then(|report| report.dispute.clone()) {
            let id = dispute.id.clone();
            let state = merge(disputes.remove(&id), dispute);
            disputes.insert(id, state);
        }
        let message = report.map(|report| report.raw);
        let list = match (entry.kind, event.kind) {
            (EntryKind::Dispute, _) => &mut self.dispute_events,
            (EntryKind::Label, _) => &mut self.labels,
            (_, EventKind::ReviewResolved) => &mut self.reviews,
            (_, kind) if kind.is_of_the_desk() => &mut self.dispute_events,
            _ => &mut self.events,
        };
        list.push(EventTold { sequence, received_at, event, message });
        Ok(bytes)
    }
}

/// A decision in words that need no knowledge of this system.
fn in_words(decision: &Decision) -> String {
    let mut words = match decision.action {
        Action::Approve => "It was accepted.",
        Action::Challenge => "A further proof was asked for before it was accepted.",
        Action::Review => "It was put before a person to decide.",
        Action::Decline => "It was refused.",
    }
    .to_owned();
    if let Some(score) = decision.risk_score {
        let _ = write!(
            words,
            " The chance that somebody else's card or account was used was estimated at {score} %."
        );
    }
    let reasons: Vec<&str> = decision.reasons.iter().map(|reason| reason.text.as_str()).collect();
    if !reasons.is_empty() {
        words.push_str(" What counted: ");
        words.push_str(&reasons.join(" "));
    }
    words
}
