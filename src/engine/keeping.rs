//! A decision on its way into the ledger.

use super::desk::Review;
use super::entry;
use super::known::{Flight, IdHash, Known, SaleRef, Sent, Settling};
use super::service::{Begun, Decided, Engine, Keeping, ScoreRequest, Timing};
use crate::domain::{Action, Durability, Warning};
use std::sync::Arc;

/// An id nobody used yet, locked until its decision is placed.
pub(super) struct Vacancy<'k> {
    pub(super) place: dashmap::VacantEntry<'k, IdHash, Known>,
    pub(super) id: IdHash,
    pub(super) content: [u8; 16],
}

impl Engine {
    /// Hands a decision to the ledger and counts it.
    pub(super) fn keep(
        &self,
        Vacancy { place, id, content }: Vacancy<'_>,
        request: ScoreRequest,
        decided: Decided,
        arrival: Vec<Warning>,
    ) -> Begun {
        let Decided { record, sale, decision, undecided, occurrences } = decided;
        let answer = Arc::new((decision, arrival));
        let mut counting = None;
        let (keeping, settling) = match &self.ledger {
            None => {
                place.insert(Known::Unkept { content, sale: Some(Box::new((&sale).into())) });
                (Keeping::Done(Durability::None), None)
            }
            Some(ledger) => {
                let new = entry::decision(&entry::DecisionParts {
                    keys_of: self.keys.as_ref(),
                    request: &request,
                    answer: &answer,
                    record: &record,
                    keys: sale.keys,
                    occurrences: &occurrences,
                    content: &content,
                });
                let sale = SaleRef { subject: new.subject, ..sale };
                counting = Some(self.histories.gate.counting());
                match ledger.append(&new) {
                    Ok(pending) => {
                        let review = (answer.0.action == Action::Review)
                            .then(|| Review::of(&answer.0, &record, new.received_at));
                        let queued =
                            review.map(|review| self.desk.open_review(&request.tenant, review));
                        let (answer, counted) =
                            (Some(answer.clone()), occurrences.first().copied());
                        let sent = Sent::Transaction(Box::new(request.transaction));
                        let flight =
                            |landed| Flight { content, sale, answer, sent, counted, landed };
                        let (flight, settling) =
                            Settling::new(&self.known, id, (pending, queued), flight);
                        place.insert(Known::Flying(flight.clone()));
                        (Keeping::Flying(flight.landed.clone()), Some(settling))
                    }
                    Err(error) => (Keeping::Refused(error), None),
                }
            }
        };
        if !matches!(keeping, Keeping::Refused(_)) {
            self.count(&occurrences, &id, &content);
        }
        drop(counting);
        Begun {
            answer: Some(answer),
            record: Some(Box::new(record)),
            undecided,
            warnings: Vec::new(),
            repeated: false,
            timing: Timing::default(),
            keeping,
            settling,
        }
    }
}
