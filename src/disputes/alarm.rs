//! Tells that a dispute's deadline is near: once each, however often it is looked at.
//!
//! An alarm is a record of the ledger, named after dispute, deadline and hours. So a restart repeats none, a
//! late start tells those it missed, and a deadline that was moved has alarms of its own.

use super::deadline::{Answer, alarms, deadline};
use super::{DisputeStore, Sending, sha256_hex};
use crate::domain::{Actor, Dispute, Event, EventData, EventId, EventKind, Text, Timestamp};

/// One alarm that went off now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarm {
    /// The dispute.
    pub dispute: Dispute,
    /// How many hours before the deadline it is for.
    pub hours: i64,
}

/// Records the alarms that are due and were not told before. Cost: one look-up a dispute that can still be
/// answered.
///
/// # Errors
/// The record could not be written.
pub fn ring<S: DisputeStore>(
    store: &mut S,
    disputes: &[Dispute],
    now: Timestamp,
) -> Result<Vec<Alarm>, S::Error> {
    let mut rung = Vec::new();
    for dispute in disputes.iter().filter(|d| deadline(d, now).answer == Answer::Open) {
        let due = alarms(dispute, Timestamp::from_millis(0), now);
        // What was sent waits for the processor's next message, not for a person.
        if due.is_empty() || is_answered(store, dispute)? {
            continue;
        }
        for hours in due {
            if let Some(event) = event(dispute, hours)
                && store.record_event(&event)?
            {
                rung.push(Alarm { dispute: dispute.clone(), hours });
            }
        }
    }
    Ok(rung)
}

/// Whether evidence was sent in the dispute's stage.
fn is_answered<S: DisputeStore>(store: &S, dispute: &Dispute) -> Result<bool, S::Error> {
    let steps = store.sendings(&dispute.id)?;
    let is_sent =
        |step: &Sending| step.kind == EventKind::EvidenceSubmitted && step.is_of(dispute.stage);
    Ok(steps.iter().any(is_sent))
}

/// The record: the same whenever it is made.
fn event(dispute: &Dispute, hours: i64) -> Option<Event> {
    let due = dispute.evidence_due_by?;
    let name = sha256_hex(format!("{}\n{}\n{hours}", dispute.id, due.millis()).as_bytes());
    Some(Event {
        event_id: EventId::new(&format!("dispute-alarm-{name}")).ok()?, // always fits
        kind: EventKind::DisputeAlarm,
        event_time: due.plus_millis(-hours * crate::domain::HOUR_MS),
        transaction_id: dispute.transaction_id.clone(),
        order_id: None,
        invoice_id: None,
        account_id: None,
        subscription_id: None,
        licence_key: None,
        dispute_id: Some(dispute.id.clone()),
        actor: Some(Actor::System),
        ip: None,
        device_id: None,
        user_agent: None,
        data: EventData {
            reason: Text::new(&format!("{hours} hours before {due}")).ok(),
            ..EventData::default()
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disputes::memory::{Memory, message};
    use crate::domain::DisputeStatus;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn each_is_told_once_also_after_a_restart_and_a_late_start() {
        let dispute = message("visa_10_4_created").dispute.unwrap(); // due 2026-12-15T23:59:59Z
        let mut memory = Memory::default();
        let mut ring = |dispute: &Dispute, now| -> Vec<i64> {
            let rung = ring(&mut memory, std::slice::from_ref(dispute), at(now)).unwrap();
            rung.iter().map(|alarm| alarm.hours).collect()
        };
        assert_eq!(ring(&dispute, "2026-12-05T00:00:00Z"), [0; 0]);
        assert_eq!(ring(&dispute, "2026-12-13T00:00:00Z"), [72]);
        assert_eq!(ring(&dispute, "2026-12-13T00:01:00Z"), [0; 0]);
        assert_eq!(ring(&dispute, "2026-12-15T12:00:00Z"), [48, 24], "what was missed");
        let mut moved = dispute.clone();
        moved.evidence_due_by = Some(at("2026-12-16T12:00:00Z"));
        assert_eq!(ring(&moved, "2026-12-15T12:00:00Z"), [72, 48, 24], "another deadline");
        let mut answered = dispute.clone();
        answered.status = DisputeStatus::UnderReview;
        assert_eq!(ring(&answered, "2026-12-15T20:00:00Z"), [0; 0]);
        let mut sent = message("visa_10_4_created");
        sent.dispute = None;
        sent.event.kind = EventKind::EvidenceSubmitted;
        sent.event.event_id = EventId::new("evidence-submitted-1-x").unwrap();
        let mut after = Memory::default();
        after.record_report(&sent).unwrap();
        let rung =
            super::ring(&mut after, std::slice::from_ref(&dispute), at("2026-12-13T00:00:00Z"));
        assert!(rung.unwrap().is_empty(), "it was sent; the processor's word is under way");
        let mut never = dispute.clone();
        never.evidence_due_by = None;
        assert_eq!(ring(&never, "2026-12-15T20:00:00Z"), [0; 0], "`due_by` of 0");
        assert_eq!(ring(&dispute, "2026-12-16T00:00:00Z"), [0; 0], "past due");
    }
}
