//! Giving a buyer a way back.
//!
//! Unblocking one record is not unblocking a person: who was let in by hand through one list was mostly
//! still blocked by another. A granted appeal therefore holds back every block, review and challenge,
//! and every rule that raises the score, wherever the person is met again by card, mailbox, device or
//! account, until it ends. Only a hard block stays, and the answer names what does.

use super::act::{Act, Who};
use super::snoozes::{Buyer, known_by};
use super::whatif::{Obstacle, WhatIf};
use crate::domain::{Action, TenantId, Timestamp, Transaction, TransactionId};
use crate::engine::entry;
use crate::engine::error::EngineError;
use crate::engine::known::Known;
use crate::engine::service::Engine;
use crate::ledger::{EntryKind, LookupField, Query};
use crate::velocity::{Entity, EntityKey};
use serde::Serialize;

/// How many of a buyer's latest transactions tell what else they are known by.
const LATEST: u32 = 100;

/// Whose appeal it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AppealOf {
    /// The buyer of a transaction.
    Transaction(TransactionId),
    /// A buyer by one thing they are known by.
    Buyer(Buyer),
}

/// An appeal that is granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appeal {
    /// Whose.
    pub of: AppealOf,
    /// Until then.
    pub until: Timestamp,
    /// Why.
    pub note: String,
}

/// What granting an appeal did.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Granted {
    /// The entry that says so.
    pub sequence: u64,
    /// What the person is known by, how many of each: `{"account": 1, "card": 2}`.
    pub known_by: std::collections::BTreeMap<String, usize>,
    /// The action now, were the latest purchase made again; absent where it can't be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub action: Option<Action>,
    /// What would still stand in the way, and why.
    pub surviving: Vec<Obstacle>,
    /// False where not all of the person's purchases were looked at (they are many, the index is behind,
    /// or the latest can't be read): then something may still stand in the way that is not named.
    pub is_complete: bool,
}

impl Engine {
    /// Grants an appeal. Written to the ledger first; waits for the disk.
    ///
    /// # Errors
    /// Nobody of that name is known, a time that does not fit, or no ledger.
    pub fn grant(
        &self,
        tenant: &TenantId,
        who: &Who,
        appeal: Appeal,
        now: Timestamp,
    ) -> Result<Granted, EngineError> {
        let Appeal { of, until, note } = appeal;
        let Person { keys, latest, is_complete } = self.person(tenant, &of)?;
        let act = Act::Snooze { rule: None, keys: keys.clone(), until, note };
        let sequence = self.put_to_sleep(tenant, who, act, now)?;
        let mut known_by = std::collections::BTreeMap::new();
        for (entity, _) in keys {
            *known_by.entry(entity).or_default() += 1;
        }
        let again = match latest {
            Some(id) => self.what_if_again(tenant, &id, now)?,
            None => None,
        };
        let is_complete = is_complete && again.is_some();
        let (action, surviving) = match again {
            Some(WhatIf { decision, obstacles, .. }) => (Some(decision.action), obstacles),
            None => (None, Vec::new()),
        };
        let surviving = surviving.into_iter().filter(|obstacle| obstacle.acts).collect();
        Ok(Granted { sequence, known_by, action, surviving, is_complete })
    }

    /// What a person is known by, gathered from their transactions.
    fn person(&self, tenant: &TenantId, of: &AppealOf) -> Result<Person, EngineError> {
        match of {
            AppealOf::Transaction(id) => {
                let not_there =
                    || EngineError::NotThere { what: "transaction", name: id.to_string() };
                let sale = self.sale_of(tenant, id)?.ok_or_else(not_there)?;
                let mut person = Person {
                    keys: known_by(&sale.keys),
                    latest: Some(id.clone()),
                    is_complete: true,
                };
                let account = self.transaction_of(tenant, id)?.and_then(|tx| tx.account?.id);
                if let Some(account) = account {
                    let buyer = Buyer { by: Entity::Account, value: account.to_string() };
                    self.add_purchases(tenant, &buyer, &mut person)?;
                }
                if person.keys.is_empty() {
                    return Err(EngineError::Unfit {
                        pointer: "/transaction_id",
                        why: "the transaction names no card, mailbox, device or account".to_owned(),
                    });
                }
                Ok(person)
            }
            AppealOf::Buyer(buyer) => {
                let key = self.buyer_key(tenant, buyer);
                let mut person = Person { keys: vec![key], latest: None, is_complete: true };
                self.add_purchases(tenant, buyer, &mut person)?;
                if person.latest.is_none() && person.is_complete {
                    let name = buyer.value.clone();
                    return Err(EngineError::NotThere { what: buyer.by.name(), name });
                }
                Ok(person)
            }
        }
    }

    /// Adds what the buyer's latest transactions were made with. A card or mailbox of somebody else that
    /// a stranger used under this account would be let in too: that is for the person who grants to see.
    fn add_purchases(
        &self,
        tenant: &TenantId,
        buyer: &Buyer,
        person: &mut Person,
    ) -> Result<(), EngineError> {
        let field = match buyer.by {
            Entity::Card => LookupField::Card,
            Entity::Email => LookupField::Email,
            Entity::Device => LookupField::Device,
            _ => LookupField::Account,
        };
        let Some((ledger, index)) =
            self.ledger.as_ref().and_then(|ledger| Some((ledger, ledger.index()?)))
        else {
            person.is_complete = false;
            return Ok(());
        };
        let health = ledger.health();
        person.is_complete &= health.indexed == Some(health.sequence);
        let lookup = entry::lookup(ledger.hasher(), tenant, field, &buyer.value);
        let query = Query {
            kind: Some(EntryKind::Decision),
            lookups: vec![(field, lookup)],
            limit: LATEST,
            ..Query::new(tenant.clone())
        };
        let rows = index.list(&query)?;
        person.is_complete &= rows.len() < LATEST as usize;
        for row in rows {
            let keys = self.stored_sale(row.position)?.keys;
            for key in known_by(&keys) {
                if !person.keys.contains(&key) {
                    person.keys.push(key);
                }
            }
            if person.latest.is_none() {
                person.latest = TransactionId::new(&row.id).ok();
            }
        }
        Ok(())
    }

    /// A transaction as it came; `None` for an unknown one and for one whose buyer was erased.
    pub(super) fn transaction_of(
        &self,
        tenant: &TenantId,
        id: &TransactionId,
    ) -> Result<Option<Transaction>, EngineError> {
        match self.known.get(&entry::transaction_hash(tenant, id)) {
            Some(Known::Kept { position, .. }) => Ok(self.stored_decision(position)?.transaction),
            Some(Known::Flying(flight)) => Ok(flight.transaction().cloned()),
            Some(Known::Unkept { .. }) | None => Ok(None),
        }
    }
}

/// Whoever an appeal lets back in.
struct Person {
    keys: Vec<(String, EntityKey)>,
    latest: Option<TransactionId>,
    is_complete: bool,
}
