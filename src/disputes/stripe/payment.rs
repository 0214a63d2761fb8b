//! Stripe's messages about a payment, as events of ours.
//!
//! | Type | Becomes |
//! |---|---|
//! | `payment_intent.succeeded` | `capture` |
//! | `payment_intent.amount_capturable_updated` | `auth.result`, approved |
//! | `payment_intent.payment_failed` with a decline code | `auth.result`, declined |
//! | `charge.refunded` | `refund` of what was refunded this time |
//! | `review.closed` as approved or refunded for fraud | `review.resolved` |
//! | any other `payment_intent.*`, `review.*`, `radar.early_fraud_warning.*` | `processor.message` |
//!
//! A failure without a decline code is no word of the issuer: authentication failed, or a rule at Stripe
//! stopped it. A warning that is updated is the same warning: it was counted when it was created.

use super::super::IntakeError;
use super::super::intake::{Intake, SaleKeys};
use super::super::json::{Node, optional_text};
use super::fields::{money, sale_keys};
use super::{Envelope, bare_event, cut};
use crate::domain::{Actor, Event, EventData, EventId, EventKind, Outcome, Text};

/// Whether an event type is about a payment.
pub(super) fn is_about_one(word: &str) -> bool {
    let family = ["payment_intent.", "review.", "radar.early_fraud_warning."]
        .into_iter()
        .any(|family| word.starts_with(family));
    word == "charge.refunded" || family && word != "radar.early_fraud_warning.created"
}

/// Reads an event about a payment.
///
/// # Errors
/// What its kind says most with is missing or unreadable.
pub(super) fn read(root: &Node<'_>, word: &str, raw: &str) -> Result<Intake, IntakeError> {
    let data = root.need("data")?;
    let object = data.need("object")?;
    let sale = keys(&object)?;
    let (kind, said) = match word {
        "payment_intent.succeeded" => {
            let amount = Some(money(&object, "amount_received", 0)?);
            (EventKind::Capture, EventData { amount, ..EventData::default() })
        }
        "payment_intent.amount_capturable_updated" => {
            let amount = Some(money(&object, "amount_capturable", 0)?);
            let outcome = Some(Outcome::Approved);
            (EventKind::AuthResult, EventData { outcome, amount, ..EventData::default() })
        }
        "payment_intent.payment_failed" => failed(&object)?,
        "charge.refunded" => (EventKind::Refund, refunded(&data, &object)?),
        "review.closed" => reviewed(&object)?,
        _ => message(),
    };
    let envelope = Envelope {
        kind,
        event_id: root.need("id")?.keep(EventId::new)?,
        created: root.need("created")?.epoch_seconds()?,
    };
    // The type of a message is all it is known by.
    let status =
        if kind == EventKind::ProcessorMessage { Text::new(&cut(word)).ok() } else { None };
    let data = EventData { status, ..said };
    let actor = (kind == EventKind::ReviewResolved).then_some(Actor::Staff);
    let bare = bare_event(envelope.event_id, kind, envelope.created, &sale);
    let event = Event { actor, data, ..bare };
    Ok(Intake { dispute: None, event, sale, dated: true, raw: raw.into() })
}

/// The payment's own name comes first: of what a payment intent charged last, it is the one that stays.
fn keys(object: &Node<'_>) -> Result<SaleKeys, IntakeError> {
    let mut keys = sale_keys(object)?;
    if let Some("charge" | "payment_intent") = object.get("object")?.and_then(|n| n.str().ok()) {
        keys.payment_references.insert(0, object.need("id")?.keep(Text::new)?);
    }
    Ok(keys)
}

fn message() -> (EventKind, EventData) {
    (EventKind::ProcessorMessage, EventData::default())
}

fn failed(object: &Node<'_>) -> Result<(EventKind, EventData), IntakeError> {
    let Some(error) = object.get("last_payment_error")? else { return Ok(message()) };
    let decline_code = optional_text(&error, "decline_code")?;
    if decline_code.is_none() {
        return Ok(message());
    }
    let outcome = Some(Outcome::Declined);
    Ok((EventKind::AuthResult, EventData { outcome, decline_code, ..EventData::default() }))
}

/// A charge says what was refunded in all; what it was before is beside it.
fn refunded(data: &Node<'_>, charge: &Node<'_>) -> Result<EventData, IntakeError> {
    let before = match data.get("previous_attributes")? {
        Some(before) => before.get("amount_refunded")?.map(|n| n.integer()).transpose()?,
        None => None,
    };
    let amount = Some(money(charge, "amount_refunded", before.unwrap_or(0))?);
    Ok(EventData { amount, ..EventData::default() })
}

fn reviewed(review: &Node<'_>) -> Result<(EventKind, EventData), IntakeError> {
    let reason: Option<Text<256>> = match optional_text(review, "closed_reason")? {
        Some(reason) => Some(reason),
        None => optional_text(review, "reason")?,
    };
    let outcome = match reason.as_ref().map(Text::as_str) {
        Some("approved") => Outcome::Approved,
        Some("refunded_as_fraud") => Outcome::Declined,
        _ => {
            return Ok((EventKind::ProcessorMessage, EventData { reason, ..EventData::default() }));
        }
    };
    let outcome = Some(outcome);
    Ok((EventKind::ReviewResolved, EventData { outcome, reason, ..EventData::default() }))
}
