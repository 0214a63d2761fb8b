//! Stripe's messages: events about disputes, early fraud warnings and payments, and the objects themselves.
//!
//! Shape: Stripe's API reference (objects "Dispute", "Early Fraud Warning" and "Event") and the
//! official SDK 23.1.0, API version 2026-09-30. What is new to us never costs a case: an unknown status keeps
//! its word, an unknown reason is general, unknown members are ignored. What money and deadlines hang
//! on is strict: identifier, amount, currency, status and times.

pub mod evidence;
mod fields;
mod payment;
pub mod signature;

pub use fields::exponent;

use super::intake::{Intake, MAX_MESSAGE_BYTES, SaleKeys};
use super::json::{Node, constant, optional_text};
use super::{IntakeError, reasons, sha256_hex};
use crate::domain::{
    Amount, Dispute, DisputeId, DisputeReason, DisputeStatus, Event, EventData, EventId, EventKind,
    Text, Timestamp, excerpt,
};
pub use fields::status_of;
use fields::{Method, amount, due_by, sale_keys, stage_and_status};
use serde_json::Value;

/// Event types read, and what they become.
const EVENT_TYPES: [(&str, EventKind); 6] = [
    ("charge.dispute.created", EventKind::DisputeCreated),
    ("charge.dispute.updated", EventKind::DisputeUpdated),
    ("charge.dispute.closed", EventKind::DisputeClosed),
    ("charge.dispute.funds_withdrawn", EventKind::DisputeFundsWithdrawn),
    ("charge.dispute.funds_reinstated", EventKind::DisputeFundsReinstated),
    ("radar.early_fraud_warning.created", EventKind::FraudWarning),
];

/// Stripe's words for a reason. `insufficient_funds` and its like say nothing against the sale.
const REASONS: [(&str, DisputeReason); 11] = [
    ("credit_not_processed", DisputeReason::CreditNotProcessed),
    ("debit_not_authorized", DisputeReason::Fraud),
    ("duplicate", DisputeReason::Duplicate),
    ("fraudulent", DisputeReason::Fraud),
    ("general", DisputeReason::General),
    ("incorrect_account_details", DisputeReason::Processing),
    ("product_not_received", DisputeReason::NotReceived),
    ("product_unacceptable", DisputeReason::NotAsDescribed),
    ("subscription_canceled", DisputeReason::SubscriptionCancelled),
    ("unrecognized", DisputeReason::Unrecognized),
    ("noncompliant", DisputeReason::General),
];

const DISPUTE: &str = "dispute";
const WARNING: &str = "radar.early_fraud_warning";

/// What tells the payment of a dispute from any other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disputed {
    /// How much of it is disputed.
    pub amount: Amount,
    /// Stripe's names of it: charge, payment intent.
    pub references: Vec<Text<128>>,
}

/// Reads the payment off a dispute object.
///
/// # Errors
/// Its amount, its currency or a name can't be read.
pub fn disputed(dispute: &Value) -> Result<Disputed, IntakeError> {
    let node = Node::root(dispute);
    Ok(Disputed { amount: amount(&node)?, references: sale_keys(&node)?.payment_references })
}

/// Reads an event about a dispute, an early fraud warning or a payment, or a dispute or warning alone.
///
/// An event keeps Stripe's identifier and time. An object alone has neither: its identifier is
/// derived from what it says, so the same file twice is one event, and it is undated
/// ([`Intake::seen_at`]).
///
/// # Errors
/// Too long, not JSON, another kind of object or event, or a member that money or time hangs on is
/// missing or unreadable. Each names its place.
pub fn read(message: &[u8]) -> Result<Intake, IntakeError> {
    if message.len() > MAX_MESSAGE_BYTES {
        return Err(IntakeError::TooLong { bytes: message.len(), max: MAX_MESSAGE_BYTES });
    }
    let raw = std::str::from_utf8(message)
        .map_err(|error| IntakeError::NotUtf8 { at: error.valid_up_to() })?;
    let value: Value = serde_json::from_str(raw)?;
    let root = Node::root(&value);
    match root.need("object")?.str()? {
        "event" => read_event(&root, raw),
        DISPUTE => read_dispute(&root, None, raw),
        WARNING => read_warning(&root, None, raw),
        given => Err(other_object(&root, given)),
    }
}

/// Takes a message that [`read`] refused as what it is, a message: nothing is counted, nothing is lost.
///
/// Only for messages whose sender is known by their signature. What can still be read of the envelope
/// names and dates it; else its digest and its arrival do. Bytes that are no text are replaced.
///
/// # Errors
/// None that can happen: a digest is an identifier.
pub fn keep(
    message: &[u8],
    refused: &IntakeError,
    received_at: Timestamp,
) -> Result<Intake, IntakeError> {
    let raw = String::from_utf8_lossy(message);
    let value: Value = serde_json::from_str(&raw).unwrap_or_default();
    let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default();
    let id = EventId::new(text("id")).ok().filter(|_| text("object") == "event");
    let created = value.get("created").and_then(Value::as_i64);
    let created = created.map(|s| Timestamp::from_millis(s.saturating_mul(1_000)));
    let sent_at = created.filter(|at| *at <= received_at && at.millis() > 0);
    let id = match id {
        Some(id) => id,
        None => EventId::new(&format!("stripe-message-{}", sha256_hex(message)))
            .map_err(|source| IntakeError::Text { pointer: String::new(), source })?,
    };
    let data = EventData {
        status: Text::new(&cut(text("type"))).ok().filter(|_| !text("type").is_empty()),
        reason: Text::new(&excerpt(&refused.to_string(), 200)).ok(),
        ..EventData::default()
    };
    let (sale, at) = (SaleKeys::default(), sent_at.unwrap_or(received_at));
    let event = Event { data, ..bare_event(id, EventKind::ProcessorMessage, at, &sale) };
    Ok(Intake { dispute: None, event, sale, dated: true, raw: raw.into() })
}

/// What an envelope says about its object.
struct Envelope {
    kind: EventKind,
    event_id: EventId,
    created: Timestamp,
}

fn read_event(root: &Node<'_>, raw: &str) -> Result<Intake, IntakeError> {
    let kind = root.need("type")?;
    let word = kind.str()?;
    if payment::is_about_one(word) {
        return payment::read(root, word, raw);
    }
    let Some((_, kind)) = EVENT_TYPES.into_iter().find(|(known, _)| *known == word) else {
        return Err(IntakeError::OtherEvent { pointer: kind.pointer(), given: cut(word) });
    };
    let envelope = Envelope {
        kind,
        event_id: root.need("id")?.keep(EventId::new)?,
        created: root.need("created")?.epoch_seconds()?,
    };
    let object = root.need("data")?.need("object")?;
    match (object.need("object")?.str()?, kind) {
        (WARNING, EventKind::FraudWarning) => read_warning(&object, Some(envelope), raw),
        (DISPUTE, kind) if kind != EventKind::FraudWarning => {
            read_dispute(&object, Some(envelope), raw)
        }
        (given, _) => Err(other_object(&object, given)),
    }
}

fn read_dispute(
    node: &Node<'_>,
    envelope: Option<Envelope>,
    raw: &str,
) -> Result<Intake, IntakeError> {
    let sale = sale_keys(node)?;
    let reason_word = optional_text::<256>(node, "reason")?;
    let mut dispute = dispute(node, &sale, reason_word.as_ref())?;
    let dated = envelope.is_some();
    let Envelope { kind, event_id, created } = match envelope {
        Some(envelope) => envelope,
        None => undated(&dispute, node)?,
    };
    dispute.updated_at = created;
    dispute.updated_by = event_id.clone();
    let data = EventData {
        amount: Some(dispute.amount),
        network: dispute.network.clone(),
        network_reason_code: dispute.network_reason_code.clone(),
        reason: reason_word,
        status: Some(dispute.processor_status.clone()),
        ..EventData::default()
    };
    let event = Event {
        dispute_id: Some(dispute.id.clone()),
        data,
        ..bare_event(event_id, kind, created, &sale)
    };
    Ok(Intake { dispute: Some(dispute), event, sale, dated, raw: raw.into() })
}

/// The case; who said it and when is filled in by the caller.
fn dispute(
    node: &Node<'_>,
    sale: &SaleKeys,
    reason_word: Option<&Text<256>>,
) -> Result<Dispute, IntakeError> {
    let id = node.need("id")?.keep(DisputeId::new)?;
    let status_word = node.need("status")?.keep(Text::<64>::new)?;
    let opened_at = node.need("created")?.epoch_seconds()?;
    let method = Method::read(node)?;
    let word = reason_word.and_then(|word| {
        REASONS.into_iter().find_map(|(known, reason)| (known == word.as_str()).then_some(reason))
    });
    let (stage, status) = stage_and_status(status_word.as_str(), method.case_type.as_ref());
    let (evidence_due_by, evidence_due_source) = due_by(node)?;
    let row = method.network.as_ref().zip(method.code.as_ref());
    let row = row.and_then(|(net, code)| reasons::find(net.as_str(), code.as_str(), opened_at));
    Ok(Dispute {
        processor: constant(node, "stripe")?,
        reason: reasons::canonical(row, word),
        network: method.network,
        network_reason_code: method.code,
        stage,
        status,
        processor_status: status_word,
        amount: amount(node)?,
        payment_reference: sale.payment_references.first().cloned(),
        transaction_id: sale.transaction_id.clone(),
        opened_at,
        evidence_due_by,
        evidence_due_source,
        updated_at: opened_at,
        updated_by: node.need("id")?.keep(EventId::new)?,
        id,
    })
}

/// What an object without an envelope is taken for: where a dispute stands, or that it has ended.
fn undated(dispute: &Dispute, node: &Node<'_>) -> Result<Envelope, IntakeError> {
    use DisputeStatus as S;
    let ended = matches!(dispute.status, S::Won | S::Lost | S::Accepted | S::Prevented);
    let kind = if ended { EventKind::DisputeClosed } else { EventKind::DisputeUpdated };
    let digest = sha256_hex(&serde_json::to_vec(dispute)?);
    let event_id = EventId::new(&format!("stripe-dispute-{digest}"))
        .map_err(|source| IntakeError::Text { pointer: node.pointer(), source })?;
    Ok(Envelope { kind, event_id, created: dispute.opened_at })
}

fn read_warning(
    node: &Node<'_>,
    envelope: Option<Envelope>,
    raw: &str,
) -> Result<Intake, IntakeError> {
    let sale = sale_keys(node)?;
    let dated = envelope.is_some();
    let Envelope { kind, event_id, created } = match envelope {
        Some(envelope) => envelope,
        None => Envelope {
            kind: EventKind::FraudWarning,
            event_id: node.need("id")?.keep(EventId::new)?,
            created: node.need("created")?.epoch_seconds()?,
        },
    };
    let data = EventData { reason: optional_text(node, "fraud_type")?, ..EventData::default() };
    let event = Event { data, ..bare_event(event_id, kind, created, &sale) };
    Ok(Intake { dispute: None, event, sale, dated, raw: raw.into() })
}

fn bare_event(id: EventId, kind: EventKind, time: Timestamp, sale: &SaleKeys) -> Event {
    Event {
        event_id: id,
        kind,
        event_time: time,
        transaction_id: sale.transaction_id.clone(),
        order_id: sale.order_id.clone(),
        invoice_id: None,
        account_id: None,
        subscription_id: None,
        licence_key: None,
        dispute_id: None,
        actor: None,
        ip: None,
        device_id: None,
        user_agent: None,
        data: EventData::default(),
    }
}

fn other_object(node: &Node<'_>, given: &str) -> IntakeError {
    IntakeError::OtherObject { pointer: format!("{}/object", node.pointer()), given: cut(given) }
}

fn cut(text: &str) -> String {
    excerpt(text, 64)
}

#[cfg(test)]
mod tests;
