//! What is known of a transaction or an event that came before, for those to whom the same came in other
//! words.

use super::entry;
use super::error::EngineError;
use super::known::{Flight, Known};
use super::service::{Engine, Keeping};
use crate::domain::{Durability, TenantId, Timestamp, TransactionId};
use crate::features::Record;

/// A transaction that was scored before.
#[derive(Debug, Clone)]
pub struct Scored {
    /// Its time, as it came.
    pub event_time: Timestamp,
    /// What the decision rests on; `None` while it is being written.
    pub record: Option<Record>,
}

impl Engine {
    /// How a transaction was scored; `None` for an unknown one and for one whose buyer was erased. May wait for
    /// the disk.
    ///
    /// # Errors
    /// The ledger can't be read.
    pub fn scored(
        &self,
        tenant: &TenantId,
        id: &TransactionId,
    ) -> Result<Option<Scored>, EngineError> {
        match self.known.get(&entry::transaction_hash(tenant, id)) {
            Some(Known::Kept { position, .. }) => {
                let stored = self.stored_decision(position)?;
                let time = stored.transaction.map(|transaction| transaction.event_time);
                Ok(time.map(|event_time| Scored { event_time, record: Some(stored.record) }))
            }
            Some(Known::Flying(flight)) => {
                let transaction = Flight::transaction(&flight);
                Ok(transaction.map(|tx| Scored { event_time: tx.event_time, record: None }))
            }
            Some(Known::Unkept { .. }) | None => Ok(None),
        }
    }

    /// How far the event of this id is kept; `None` for an unknown one. Never waits.
    pub fn event_keeping(&self, tenant: &TenantId, id: &str) -> Option<Keeping> {
        Some(match self.known.get(&entry::event_hash(tenant, id))? {
            Known::Flying(flight) => Keeping::Flying(flight.landed.clone()),
            Known::Kept { .. } => Keeping::Done(self.durability),
            Known::Unkept { .. } => Keeping::Done(Durability::None),
        })
    }
}
