//! Tells that a dispute's deadline is near: once each, however often it is looked at.
//!
//! An alarm is a record of the ledger, named after dispute, deadline and hours. So a restart repeats none, a
//! late start tells those it missed, and a deadline that was moved has alarms of its own.

use super::deadline::{Answer, alarms, deadline};
use super::{DisputeStore, Sending, sha256_hex};
use crate::domain::{
    Actor, Dispute, DisputeId, Event, EventData, EventId, EventKind, Text, Timestamp,
};

/// One alarm that went off now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarm {
    /// The dispute.
    pub dispute: Dispute,
    /// How many hours before the deadline it is for.
    pub hours: i64,
}

/// What one look at deadlines came to.
#[derive(Debug)]
pub struct Rung<E> {
    /// Alarms that went off, in the order of the disputes.
    pub alarms: Vec<Alarm>,
    /// Disputes whose alarms could not be recorded; the next look tries again.
    pub failed: Vec<(DisputeId, E)>,
}

/// Records the alarms that are due and were not told before. One dispute's trouble is no other's: each that is
/// due is told. Cost: one look-up a dispute that can still be answered and is due within three days.
pub fn ring<S: DisputeStore>(
    store: &mut S,
    disputes: &[Dispute],
    now: Timestamp,
) -> Rung<S::Error> {
    let mut rung = Rung { alarms: Vec::new(), failed: Vec::new() };
    for dispute in disputes.iter().filter(|d| deadline(d, now).answer == Answer::Open) {
        if let Err(error) = ring_one(store, dispute, now, &mut rung.alarms) {
            rung.failed.push((dispute.id.clone(), error));
        }
    }
    rung
}

fn ring_one<S: DisputeStore>(
    store: &mut S,
    dispute: &Dispute,
    now: Timestamp,
    rung: &mut Vec<Alarm>,
) -> Result<(), S::Error> {
    let due = alarms(dispute, Timestamp::from_millis(0), now);
    // What was sent waits for the processor's next message, not for a person.
    if due.is_empty() || is_answered(store, dispute)? {
        return Ok(());
    }
    for hours in due {
        if let Some(event) = event(dispute, hours)
            && store.record_event(&event)?
        {
            rung.push(Alarm { dispute: dispute.clone(), hours });
        }
    }
    Ok(())
}

/// Whether evidence was sent in the dispute's stage.
pub(super) fn is_answered<S: DisputeStore>(store: &S, dispute: &Dispute) -> Result<bool, S::Error> {
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
            let rung = ring(&mut memory, std::slice::from_ref(dispute), at(now));
            rung.alarms.iter().map(|alarm| alarm.hours).collect()
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
        assert!(rung.alarms.is_empty(), "it was sent; the processor's word is under way");
        let mut never = dispute.clone();
        never.evidence_due_by = None;
        assert_eq!(ring(&never, "2026-12-15T20:00:00Z"), [0; 0], "`due_by` of 0");
        assert_eq!(ring(&dispute, "2026-12-16T00:00:00Z"), [0; 0], "past due");
    }
    #[test]
    fn every_dispute_that_is_due_is_told_however_many_there_are() {
        let one = message("visa_10_4_created").dispute.unwrap();
        let many: Vec<Dispute> = (0..300)
            .map(|number| Dispute {
                id: DisputeId::new(&format!("dp_{number}")).unwrap(),
                ..one.clone()
            })
            .collect();
        let mut memory = Memory::default();
        let now = at("2026-12-15T20:00:00Z");
        let rung = super::ring(&mut memory, &many, now);
        assert_eq!((rung.alarms.len(), rung.failed.len()), (4 * many.len(), 0));
        let told: std::collections::BTreeSet<_> =
            rung.alarms.iter().map(|alarm| alarm.dispute.id.clone()).collect();
        assert_eq!(told.len(), many.len());
        assert!(super::ring(&mut memory, &many, now).alarms.is_empty(), "once each");
    }
}
