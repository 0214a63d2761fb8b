//! Transactions that wait for a person.
//!
//! A resolution is an event like any other (`review.resolved`), under an id that is a function of the
//! transaction. So whoever resolves a review, a person, a retry or the timer, before a restart or behind
//! it: it is resolved once, and a second, different resolution is a conflict.

use super::Desk;
use super::act::Who;
use crate::domain::{
    Actor, Amount, Decision, Event, EventData, EventId, EventKind, LabelClass, Outcome, TenantId,
    Text, Timestamp, TransactionId,
};
use crate::engine::entry;
use crate::engine::error::EngineError;
use crate::engine::known::{IdHash, Known};
use crate::engine::query::read_event;
use crate::engine::service::Engine;
use crate::features::{Record, Value, fields as f};
use crate::ledger::Position;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Bytes of an event's reason.
const MAX_REASON: usize = 256;

/// A transaction that waits for a person.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Review {
    /// The transaction.
    pub transaction_id: String,
    /// Its decision.
    pub decision_id: String,
    /// When it reached us: the oldest waits longest.
    #[schema(value_type = String, format = DateTime)]
    pub received_at: Timestamp,
    /// The price.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub amount: Option<Amount>,
    /// The score.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub risk_score: Option<f64>,
    /// The rules that matched.
    pub rules: Vec<String>,
    /// The codes of the reasons.
    pub reasons: Vec<String>,
}

/// Which reviews are asked for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReviewFilter {
    /// Behind this one: the `next` of the page before.
    pub after: Option<String>,
    /// In which this rule matched.
    pub rule: Option<String>,
    /// With at least this score.
    pub min_risk: Option<f64>,
    /// Most of them.
    pub limit: usize,
}

/// How a review ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolution {
    /// [`Outcome::Approved`] or [`Outcome::Declined`].
    pub outcome: Outcome,
    /// What the transaction turned out to be, where that is known.
    pub label: Option<LabelClass>,
    /// Why.
    pub note: String,
    /// Who says so.
    pub by: Who,
}

/// A review that has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Resolved {
    /// The transaction.
    pub transaction_id: String,
    /// The event that says so.
    pub event_id: String,
    /// True when it had ended like this before: nothing moved.
    pub repeated: bool,
}

type Place = (Timestamp, String);

/// A review, and where its decision lies unless it was made since the start.
type Waiting = (Review, Option<Position>);

/// The queue, oldest first.
#[derive(Debug, Default)]
pub(super) struct Reviews {
    queue: BTreeMap<Place, Waiting>,
    places: BTreeMap<String, Timestamp>,
}

impl Review {
    pub(in crate::engine) fn of(
        decision: &Decision,
        record: &Record,
        received_at: Timestamp,
    ) -> Self {
        Self {
            transaction_id: decision.transaction_id.to_string(),
            decision_id: decision.decision_id.to_string(),
            received_at,
            amount: match record.get(f::AMOUNT) {
                Value::Money(amount) => Some(*amount),
                _ => None,
            },
            risk_score: decision.risk_score,
            rules: decision.rules.iter().map(|hit| hit.id.clone()).collect(),
            reasons: decision.reasons.iter().map(|reason| reason.code.clone()).collect(),
        }
    }

    /// What [`ReviewFilter::after`] takes to go on behind this one.
    pub fn cursor(&self) -> String {
        format!("{}:{}", self.received_at.millis(), self.transaction_id)
    }
}

impl ReviewFilter {
    fn place(&self) -> Option<Place> {
        Self::read_cursor(self.after.as_ref()?)
    }

    fn read_cursor(after: &str) -> Option<Place> {
        let (at, id) = after.split_once(':')?;
        Some((Timestamp::from_millis(at.parse().ok()?), id.to_owned()))
    }

    /// Whether a text is a [`Review::cursor`].
    pub fn is_cursor(after: &str) -> bool {
        Self::read_cursor(after).is_some()
    }

    fn takes(&self, review: &Review) -> bool {
        let scored = |least: f64| review.risk_score.is_some_and(|score| score >= least);
        self.rule.as_ref().is_none_or(|rule| review.rules.contains(rule))
            && self.min_risk.is_none_or(scored)
    }
}

impl Reviews {
    pub(super) fn open(&mut self, review: Review, position: Option<Position>) {
        let (id, at) = (review.transaction_id.clone(), review.received_at);
        self.close(&id);
        self.places.insert(id.clone(), at);
        self.queue.insert((at, id), (review, position));
    }

    pub(super) fn close(&mut self, transaction: &str) -> Option<Waiting> {
        let at = self.places.remove(transaction)?;
        self.queue.remove(&(at, transaction.to_owned()))
    }

    /// Shows each transaction, and where its decision lies unless it was made since the start.
    pub(super) fn standing(&self, mut visit: impl FnMut(&str, Option<Position>)) {
        self.queue.iter().for_each(|((_, id), (_, position))| visit(id, *position));
    }
}

/// What something under way did to the queue; taken back where its writing fails.
#[derive(Debug, Clone)]
pub(in crate::engine) struct Queued {
    desk: Arc<Desk>,
    tenant: TenantId,
    change: Change,
}

#[derive(Debug, Clone)]
enum Change {
    /// A decision put its transaction in.
    Opened(String),
    /// An event took out what waited, whose decision this is.
    Closed(IdHash, Box<Waiting>),
}

impl Queued {
    /// The decision without which this must not be taken back; `None` for that of the flight itself.
    pub(in crate::engine) fn decision(&self) -> Option<&IdHash> {
        match &self.change {
            Change::Opened(_) => None,
            Change::Closed(decision, _) => Some(decision),
        }
    }

    /// Takes it back; the id of the decision is locked.
    pub(in crate::engine) fn take_back(&self) {
        let mut state = self.desk.state();
        let reviews = state.reviews(&self.tenant);
        match &self.change {
            Change::Opened(transaction) => drop(reviews.close(transaction)),
            Change::Closed(_, waiting) => {
                let (review, position) = Waiting::clone(waiting);
                if !reviews.places.contains_key(&review.transaction_id) {
                    reviews.open(review, position);
                }
            }
        }
    }
}

impl Desk {
    /// Takes note that a decision waits for a person; its id is locked.
    pub(in crate::engine) fn open_review(
        self: &Arc<Self>,
        tenant: &TenantId,
        review: Review,
    ) -> Queued {
        let change = Change::Opened(review.transaction_id.clone());
        self.state().reviews(tenant).open(review, None);
        Queued { desk: self.clone(), tenant: tenant.clone(), change }
    }

    /// Takes note that a review has ended; `None` where none waits.
    pub(in crate::engine) fn close_review(
        self: &Arc<Self>,
        tenant: &TenantId,
        transaction: &TransactionId,
    ) -> Option<Queued> {
        let waiting = self.state().reviews(tenant).close(transaction.as_str())?;
        let decision = entry::transaction_hash(tenant, transaction);
        let change = Change::Closed(decision, Box::new(waiting));
        Some(Queued { desk: self.clone(), tenant: tenant.clone(), change })
    }
}

impl Engine {
    /// A tenant's reviews that wait, oldest first.
    pub fn reviews(&self, tenant: &TenantId, filter: &ReviewFilter) -> Vec<Review> {
        let state = self.desk.state();
        let from = filter.place();
        let behind = |place: &Place| from.as_ref().is_none_or(|from| place > from);
        let queue = state.reviews.get(tenant).into_iter().flat_map(|reviews| &reviews.queue);
        let queue = queue.filter(|(place, _)| behind(place));
        let fitting = queue.map(|(_, (review, _))| review).filter(|review| filter.takes(review));
        fitting.take(filter.limit).cloned().collect()
    }

    /// How many reviews of a tenant wait.
    pub fn waiting_reviews(&self, tenant: &TenantId) -> usize {
        self.desk.state().reviews.get(tenant).map_or(0, |reviews| reviews.queue.len())
    }

    /// Ends a review. Waits for the disk.
    ///
    /// # Errors
    /// No such transaction, one that was not sent to review, one that a person or the timer resolved
    /// otherwise, or a ledger that takes nothing now.
    pub fn resolve_review(
        &self,
        tenant: &TenantId,
        transaction: &TransactionId,
        resolution: &Resolution,
        now: Timestamp,
    ) -> Result<Resolved, EngineError> {
        let id = transaction.as_str();
        let Some((decision, ..)) = self.find_decision(tenant, id)? else {
            return Err(EngineError::NotThere { what: "transaction", name: id.to_owned() });
        };
        if decision.action != crate::domain::Action::Review {
            let why = format!("`{id}` was not sent to review: its action is `{}`", decision.action);
            return Err(EngineError::Unfit { pointer: "", why });
        }
        if resolution.outcome == Outcome::Approved
            && resolution.label.is_some_and(LabelClass::is_fraud)
        {
            let why = "what is approved is no fraud".to_owned();
            return Err(EngineError::Unfit { pointer: "/label", why });
        }
        self.check_note(&resolution.note)?;
        let event_id = Self::review_event(id);
        let resolved = |repeated| Resolved {
            transaction_id: id.to_owned(),
            event_id: event_id.clone(),
            repeated,
        };
        if let Some(before) = self.resolution_of(tenant, &event_id)? {
            let same = before.data.outcome == Some(resolution.outcome);
            if !same {
                return Err(EngineError::Conflict {
                    id: id.to_owned(),
                    pointer: Some("/resolution".to_owned()),
                });
            }
            self.label(tenant, transaction, (resolution.label, before.event_time))?;
            return Ok(resolved(true));
        }
        let event = event(&event_id, transaction, resolution, now)?;
        self.keep_event(tenant, &event, now)?;
        self.label(tenant, transaction, (resolution.label, now))?;
        Ok(resolved(false))
    }

    /// Ends every review, of any tenant, that waited as long as `after_ms` by `now`, and says how many.
    /// A review that somebody ends at the same moment is left to them.
    ///
    /// # Errors
    /// The ledger takes nothing now; the next call goes on.
    pub fn end_overdue_reviews(
        &self,
        (after_ms, outcome): (i64, Outcome),
        now: Timestamp,
    ) -> Result<usize, EngineError> {
        let state = self.desk.state();
        let is_due = |place: &&Place| place.0.plus_millis(after_ms) <= now;
        let due = |(tenant, reviews): (&TenantId, &Reviews)| {
            let places = reviews.queue.keys().take_while(is_due).cloned();
            places.map(|place| (tenant.clone(), place)).collect::<Vec<_>>()
        };
        let overdue: Vec<(TenantId, Place)> = state.reviews.iter().flat_map(due).collect();
        drop(state);
        let mut ended = 0;
        for (tenant, (received_at, id)) in overdue {
            let Ok(transaction) = TransactionId::new(&id) else { continue };
            let note = "nobody looked at it in time".to_owned();
            let resolution = Resolution { outcome, label: None, note, by: Who::timer() };
            // The time at which it was due, so that another start writes the same event.
            let due = received_at.plus_millis(after_ms);
            let event = event(&Self::review_event(&id), &transaction, &resolution, due)?;
            match self.keep_event(&tenant, &event, now) {
                Ok(()) => ended += 1,
                Err(EngineError::Conflict { .. }) => {
                    drop(self.desk.close_review(&tenant, &transaction));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(ended)
    }

    fn keep_event(
        &self,
        tenant: &TenantId,
        event: &Event,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let begun = self.record_event(tenant, event, Some(now))?;
        if let Some(settling) = begun.settling {
            self.settle_blocking(settling)?;
        }
        if let (EventKind::ReviewResolved, Some(id)) = (event.kind, &event.transaction_id) {
            drop(self.desk.close_review(tenant, id));
        }
        Ok(())
    }

    fn label(
        &self,
        tenant: &TenantId,
        transaction: &TransactionId,
        (label, at): (Option<LabelClass>, Timestamp),
    ) -> Result<(), EngineError> {
        let Some(label) = label else { return Ok(()) };
        let id = format!("{}-label", Self::review_event(transaction.as_str()));
        let data = EventData { label: Some(label), ..EventData::default() };
        let event = bare(EventKind::Label, &id, transaction, (at, data));
        self.keep_event(tenant, &event, at)
    }

    /// The event that resolved a review.
    pub(super) fn resolution_of(
        &self,
        tenant: &TenantId,
        event: &str,
    ) -> Result<Option<Event>, EngineError> {
        let Some(Known::Kept { position, .. }) = self.known.get(&entry::event_hash(tenant, event))
        else {
            return Ok(None);
        };
        let ledger = self.ledger.as_ref().ok_or(EngineError::ReadOnly)?;
        read_event(&ledger.read(position)?)
    }
}

fn event(
    id: &str,
    transaction: &TransactionId,
    resolution: &Resolution,
    at: Timestamp,
) -> Result<Event, EngineError> {
    let Resolution { outcome, note, by, .. } = resolution;
    let reason = format!("{}: {note}", by.as_str());
    let reason = Text::new(&reason).map_err(|_| EngineError::Unfit {
        pointer: "/note",
        why: format!("name and note are kept together and take at most {MAX_REASON} bytes"),
    })?;
    let data = EventData { outcome: Some(*outcome), reason: Some(reason), ..EventData::default() };
    let event = bare(EventKind::ReviewResolved, id, transaction, (at, data));
    let is_timer = *by == Who::timer();
    Ok(Event { actor: Some(if is_timer { Actor::System } else { Actor::Staff }), ..event })
}

fn bare(
    kind: EventKind,
    id: &str,
    transaction: &TransactionId,
    (event_time, data): (Timestamp, EventData),
) -> Event {
    Event {
        event_id: EventId::new(id).unwrap_or_else(|_| unreachable!("letters and digits are an id")),
        kind,
        event_time,
        transaction_id: Some(transaction.clone()),
        order_id: None,
        invoice_id: None,
        account_id: None,
        subscription_id: None,
        licence_key: None,
        dispute_id: None,
        actor: None,
        ip: None,
        device_id: None,
        user_agent: None,
        data,
    }
}
