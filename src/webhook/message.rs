//! What a receiver is told of one entry of the ledger.
//!
//! Pure: the same entry gives the same messages with the same ids, so sending again is safe and a replay is
//! the past. Nothing about a person is in them but the merchant's own ids, and these are gone with an
//! erasure.
//!
//! Suspending is said of every sign of fraud and giving back of every end in the buyer's favour, whatever was
//! said before: who keeps entitlements knows how they stand.

use crate::domain::{DisputeStatus, Event, EventKind, LabelClass, Outcome, TenantId};
use crate::engine::{EventFacts, read_event, read_open_event};
use crate::ledger::StoredEntry;
use serde_json::{Map, Value, json};

/// What a message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// An event of the ledger, by its own type.
    Event(EventKind),
    /// What to do with a transaction is not what it was answered with.
    DecisionChanged,
    /// The buyer should lose what was delivered, for now.
    EntitlementSuspend,
    /// The buyer should have it again.
    EntitlementRestore,
}

/// The events told as such.
const TOLD: [EventKind; 11] = [
    EventKind::ReviewResolved,
    EventKind::FraudWarning,
    EventKind::DisputeCreated,
    EventKind::DisputeUpdated,
    EventKind::DisputeFundsWithdrawn,
    EventKind::DisputeFundsReinstated,
    EventKind::DisputeClosed,
    EventKind::DisputeAlarm,
    EventKind::EvidenceStaged,
    EventKind::EvidenceSubmitted,
    EventKind::EvidenceRefused,
];

impl Kind {
    /// Every kind.
    pub fn all() -> impl Iterator<Item = Self> {
        let derived = [Self::DecisionChanged, Self::EntitlementSuspend, Self::EntitlementRestore];
        TOLD.into_iter().map(Self::Event).chain(derived)
    }

    /// The word of the message's `type`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Event(kind) => kind.word(),
            Self::DecisionChanged => "decision.changed",
            Self::EntitlementSuspend => "entitlement.suspend",
            Self::EntitlementRestore => "entitlement.restore",
        }
    }

    /// The kind of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::all().find(|kind| kind.word() == word)
    }

    /// Tells the messages of one entry apart.
    fn number(self) -> u8 {
        match self {
            Self::Event(_) => 0,
            Self::DecisionChanged => 1,
            Self::EntitlementSuspend => 2,
            Self::EntitlementRestore => 3,
        }
    }
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The same whenever it is made: `msg_`, the entry's hash, and which of its messages.
    pub id: String,
    /// What it is about.
    pub kind: Kind,
    /// The entry's number.
    pub sequence: u64,
    /// Messages of one subject go out one after the other.
    pub subject: String,
    /// JSON.
    pub body: Vec<u8>,
}

/// The messages of an entry, of `tenant` and the kinds of `kinds`. An entry that can't be read gives none: it
/// is one of a newer version, or damaged, and others say so.
pub fn messages(entry: &StoredEntry, tenant: &TenantId, kinds: &[Kind]) -> Vec<Message> {
    if entry.tenant != *tenant {
        return Vec::new();
    }
    let Ok(Some(facts)) = read_open_event(entry) else { return Vec::new() };
    let wanted: Vec<_> = meant(&facts, None).into_iter().map(|(kind, _)| kind).collect();
    // Of a closed dispute only the sealed part says how it ended.
    let is_closed = facts.kind == EventKind::DisputeClosed;
    if !is_closed && !wanted.iter().any(|kind| kinds.contains(kind)) {
        return Vec::new();
    }
    let event = read_event(entry).ok().flatten();
    let meant = meant(&facts, event.as_ref()).into_iter();
    meant
        .filter(|(kind, _)| kinds.contains(kind))
        .map(|(kind, said)| message(entry, &facts, event.as_ref(), (kind, said)))
        .collect()
}

/// What an event means to a receiver, and what only that message says.
fn meant(facts: &EventFacts, event: Option<&Event>) -> Vec<(Kind, Map<String, Value>)> {
    use EventKind as E;
    let mut meant = Vec::new();
    if TOLD.contains(&facts.kind) {
        meant.push((Kind::Event(facts.kind), Map::new()));
    }
    let mut says = |kind, member: &str, value: &str| {
        meant.push((kind, Map::from_iter([(member.to_owned(), json!(value))])));
    };
    let mut entitle = |suspended: bool, why: &str| {
        let kind = if suspended { Kind::EntitlementSuspend } else { Kind::EntitlementRestore };
        says(kind, "because", why);
    };
    match (facts.kind, facts.outcome, facts.label) {
        (E::ReviewResolved, Some(Outcome::Approved), _) => {
            entitle(false, "review_approved");
            says(Kind::DecisionChanged, "action", "approve");
        }
        (E::ReviewResolved, Some(Outcome::Declined), _) => {
            entitle(true, "review_declined");
            says(Kind::DecisionChanged, "action", "decline");
        }
        (E::ChallengeResult, Some(Outcome::Passed), _) => {
            entitle(false, "challenge_passed");
            says(Kind::DecisionChanged, "action", "approve");
        }
        (E::ChallengeResult, Some(Outcome::Failed), _) => {
            entitle(true, "challenge_failed");
            says(Kind::DecisionChanged, "action", "decline");
        }
        (E::Label, _, Some(label)) if label.is_fraud() => entitle(true, "labelled_fraud"),
        (E::Label, _, Some(LabelClass::Legitimate)) => entitle(false, "labelled_legitimate"),
        (E::FraudWarning, ..) => entitle(true, "fraud_warning"),
        (E::DisputeCreated, ..) => entitle(true, "dispute_opened"),
        (E::DisputeClosed, ..) if event.is_some_and(is_won) => entitle(false, "dispute_won"),
        _ => {}
    }
    meant
}

/// Whether a dispute ended for the merchant: won, taken back, or an inquiry that became none.
fn is_won(event: &Event) -> bool {
    let word = event.data.status.as_ref().map(|status| status.as_str());
    let status = word.and_then(DisputeStatus::from_word);
    matches!(status, Some(DisputeStatus::Won | DisputeStatus::Withdrawn))
        || word == Some("warning_closed")
}

fn message(
    entry: &StoredEntry,
    facts: &EventFacts,
    event: Option<&Event>,
    (kind, said): (Kind, Map<String, Value>),
) -> Message {
    let mut data = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        value.and_then(|value| data.insert(name.to_owned(), value));
    };
    put("event_id", Some(json!(entry.id)));
    put("event_type", Some(json!(facts.kind.word())));
    put("transaction_id", facts.transaction_id.as_ref().map(|id| json!(id)));
    put("outcome", facts.outcome.map(|outcome| json!(outcome)));
    put("label", facts.label.map(|label| json!(label)));
    if let Some(event) = event {
        put("order_id", event.order_id.as_ref().map(|id| json!(id)));
        put("invoice_id", event.invoice_id.as_ref().map(|id| json!(id)));
        put("account_id", event.account_id.as_ref().map(|id| json!(id)));
        put("subscription_id", event.subscription_id.as_ref().map(|id| json!(id)));
        put("licence_key", event.licence_key.as_ref().map(|id| json!(id)));
        put("dispute_id", event.dispute_id.as_ref().map(|id| json!(id)));
        put("amount", event.data.amount.as_ref().map(|amount| json!(amount)));
        put("status", event.data.status.as_ref().map(|status| json!(status)));
        put("reason", event.data.reason.as_ref().map(|reason| json!(reason)));
        let code = event.data.network_reason_code.as_ref();
        put("network_reason_code", code.map(|code| json!(code)));
    }
    data.extend(said);
    let body = json!({
        "type": kind.word(), "timestamp": entry.event_time, "sequence": entry.sequence,
        "tenant": entry.tenant, "data": data,
    });
    let hash = entry.hash.to_string();
    let subject = entry.subject.map_or_else(|| entry.id.clone(), |subject| subject.to_string());
    Message {
        id: format!("msg_{}_{}", hash.get(..32).unwrap_or(&hash), kind.number()),
        kind,
        sequence: entry.sequence,
        subject,
        body: body.to_string().into_bytes(),
    }
}
