//! What the reports of a dispute say together, and that those of an erased buyer end it.

use crate::disputes::merge;
use crate::domain::{Dispute, DisputeId, Timestamp};
use crate::engine::EngineError;
use crate::engine::query::{read_open_event, read_sealed_event};
use crate::ledger::StoredEntry;
use std::collections::BTreeMap;

/// What was reported of a dispute.
#[derive(Default)]
pub(in crate::engine) struct Told {
    reports: Vec<Dispute>,
    /// The latest time of a report that went with an erased buyer. Nothing is erased that an open dispute is
    /// about, so by then it had ended.
    pub(super) erased_at: Option<Timestamp>,
}

impl Told {
    pub(in crate::engine) fn add(&mut self, entry: &StoredEntry) -> Result<(), EngineError> {
        match read_sealed_event(entry)? {
            Some(sealed) => self.reports.extend(sealed.report.and_then(|report| report.dispute)),
            None if read_open_event(entry)?.is_some_and(|facts| facts.kind.reports_dispute()) => {
                self.erased_at = self.erased_at.max(Some(entry.event_time));
            }
            None => {}
        }
        Ok(())
    }

    /// The reports that count: a message of an ended dispute that comes late, or was sealed elsewhere, does
    /// not open it again.
    pub(in crate::engine) fn standing(self) -> Vec<Dispute> {
        let Self { mut reports, erased_at } = self;
        reports.retain(|report| erased_at.is_none_or(|ended| report.updated_at > ended));
        reports
    }
}

/// What processors reported in these entries of one dispute, as far as it counts.
pub(super) fn reports(entries: &[StoredEntry]) -> Result<Vec<Dispute>, EngineError> {
    let mut told = Told::default();
    entries.iter().try_for_each(|entry| told.add(entry))?;
    Ok(told.standing())
}

/// Every dispute as all its reports together show it.
pub(in crate::engine) fn merged(reports: Vec<Dispute>) -> BTreeMap<DisputeId, Dispute> {
    let mut disputes = BTreeMap::new();
    for report in reports {
        let id = report.id.clone();
        let state = merge(disputes.remove(&id), report);
        disputes.insert(id, state);
    }
    disputes
}
