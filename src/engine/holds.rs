//! Erasing a person, and what forbids it: a legal hold, or a dispute that is still open.
//!
//! A person is an account of a tenant; erasing destroys the key their fields are sealed under, so every
//! record stays, the chain and its roots still verify, and what the fields said is gone. A hold is an
//! entry of the chain like any other change: who, when and why can't be taken back. The entry has the
//! person's keyed hash, not the name, so that it can outlive the erasure; the reason is kept in clear.
//!
//! Law asks for both: GDPR article 17 (erasure) and its 17(3)(e), where data are needed for legal claims.

use super::audit::{Audit, Changed};
use super::belongings::{Source, subjects_of};
use super::desk::Who;
use super::error::EngineError;
use super::identity::KeyMaker;
use super::service::Engine;
use crate::disputes::{self, DisputeStore};
use crate::domain::{AccountId, Dispute, DisputeId, DisputeStatus, TenantId, Timestamp};
use crate::ledger::{EntryKind, IndexKey, Scan, StoredEntry, SubjectHash};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Longest reason of a hold, in characters.
pub const MAX_REASON: usize = 256;

/// A hold that was not released.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hold {
    /// The person's keyed hash, 32 hexadecimal digits.
    pub person: String,
    /// Why.
    pub reason: String,
    /// Who ordered it.
    pub by: String,
    /// Since when.
    pub since: Timestamp,
    /// Its number in the ledger.
    pub sequence: u64,
}

/// The person of an account, as its records are sealed for.
pub fn person(hasher: &IndexKey, tenant: &TenantId, account: &AccountId) -> SubjectHash {
    SubjectHash(KeyMaker::hash(hasher, tenant, "subject.account", account.as_str()))
}

/// A tenant's holds, by person. Cost: one pass over the ledger.
///
/// # Errors
/// The ledger is damaged or can't be read.
pub fn holds(entries: Scan, tenant: &TenantId) -> Result<Vec<Hold>, EngineError> {
    let mut held = BTreeMap::new();
    for entry in entries.only(EntryKind::Admin) {
        let entry = entry?;
        if entry.tenant == *tenant {
            note(&mut held, &entry);
        }
    }
    Ok(held.into_values().collect())
}

/// Notes what an entry of the service itself says of holds, by person.
pub(super) fn note(held: &mut BTreeMap<String, Hold>, entry: &StoredEntry) {
    let Ok(open) = serde_json::from_slice::<Value>(&entry.open) else { return };
    let text = |place: &str| open.pointer(place).and_then(Value::as_str).unwrap_or_default();
    let (word, person) = (text("/summary/type"), text("/about").to_owned());
    if word == Changed::Held.word() {
        let (reason, by) = (text("/detail/reason").to_owned(), text("/by").to_owned());
        let (since, sequence) = (entry.received_at, entry.sequence);
        held.insert(person.clone(), Hold { person, reason, by, since, sequence });
    } else if word == Changed::Released.word() {
        held.remove(&person);
    }
}

/// A dispute of the person that waits for an answer or its outcome: their records are needed for it.
///
/// # Errors
/// The record could not be read.
fn open_dispute<S: DisputeStore>(
    store: &S,
    account: &AccountId,
) -> Result<Option<DisputeId>, S::Error> {
    for dispute in store.disputes()? {
        if !is_open(&dispute) {
            continue;
        }
        let sale = disputes::sale_of(store, &dispute)?;
        let whose = sale.and_then(|sale| sale.account?.id);
        if whose.as_ref() == Some(account) {
            return Ok(Some(dispute.id));
        }
    }
    Ok(None)
}

/// As [`open_dispute`], for who is about to erase them.
///
/// # Errors
/// Such a dispute is open; the record could not be read.
pub fn ensure_no_open_dispute(
    cases: &super::cases::Cases<'_>,
    account: &AccountId,
) -> Result<(), EngineError> {
    match open_dispute(cases, account)? {
        Some(dispute) => Err(EngineError::Disputed { account: account.to_string(), dispute }),
        None => Ok(()),
    }
}

/// Whether a dispute waits for an answer or its outcome.
pub(super) fn is_open(dispute: &Dispute) -> bool {
    use DisputeStatus as D;
    matches!(dispute.status, D::NeedsResponse | D::UnderReview | D::Unknown)
}

impl Engine {
    /// Forbids erasing a person until it is released; a second hold takes the place of the first.
    /// Returns the entry's number.
    ///
    /// # Errors
    /// The reason is empty or too long; there is no ledger, or it takes nothing now.
    pub fn hold(
        &self,
        (tenant, account): (&TenantId, &AccountId),
        who: &Who,
        reason: &str,
        now: Timestamp,
    ) -> Result<u64, EngineError> {
        let good = (1..=MAX_REASON).contains(&reason.trim().chars().count());
        if !good || reason.contains(char::is_control) {
            let why = format!("a reason has 1 to {MAX_REASON} characters");
            return Err(EngineError::Unfit { pointer: "/reason", why });
        }
        let detail = json!({"reason": reason.trim()});
        self.note(Changed::Held, (tenant, account), (who, now), detail)
    }

    /// Ends a person's hold. Returns the entry's number.
    ///
    /// # Errors
    /// There is none; there is no ledger, or it takes nothing now.
    pub fn release(
        &self,
        (tenant, account): (&TenantId, &AccountId),
        who: &Who,
        now: Timestamp,
    ) -> Result<u64, EngineError> {
        if self.hold_of(tenant, account)?.is_none() {
            return Err(EngineError::NotThere { what: "hold of", name: account.to_string() });
        }
        self.note(Changed::Released, (tenant, account), (who, now), Value::Null)
    }

    /// Erases a person: destroys the keys of everything that belongs to the account, also where it is
    /// sealed for a sale or a message of theirs. What is open in their disputes is the caller's to ask
    /// first, see [`ensure_no_open_dispute`]. Returns how many keys there were. `progress` is told the number of each
    /// entry read. Cost: some passes over the ledger and one over the key file.
    ///
    /// # Errors
    /// A hold forbids it; there is no ledger, or it can't be written now.
    pub fn erase(
        &self,
        (tenant, account): (&TenantId, &AccountId),
        who: &Who,
        now: Timestamp,
        progress: &mut dyn FnMut(u64),
    ) -> Result<u64, EngineError> {
        let ledger = self.ledger().ok_or(EngineError::ReadOnly)?;
        if let Some(hold) = self.hold_of(tenant, account)? {
            let Hold { reason, by, since, .. } = hold;
            let date = since.date_text();
            return Err(EngineError::Held { account: account.to_string(), date, by, reason });
        }
        let mut source = Source { reader: ledger.reader(), keys: ledger.hasher(), progress };
        let subjects = subjects_of(&mut source, tenant, account)?;
        // First the entry: an erasure nobody knows of would read as lost keys of an accident.
        self.note(Changed::Erased, (tenant, account), (who, now), Value::Null)?;
        Ok(ledger.erase(&subjects)?)
    }

    fn hold_of(&self, tenant: &TenantId, account: &AccountId) -> Result<Option<Hold>, EngineError> {
        let ledger = self.ledger().ok_or(EngineError::ReadOnly)?;
        let wanted = person(ledger.hasher(), tenant, account).to_string();
        let held = holds(ledger.scan(None)?, tenant)?;
        Ok(held.into_iter().find(|hold| hold.person == wanted))
    }

    pub(super) fn note(
        &self,
        changed: Changed,
        (tenant, account): (&TenantId, &AccountId),
        (who, now): (&Who, Timestamp),
        detail: Value,
    ) -> Result<u64, EngineError> {
        let ledger = self.ledger().ok_or(EngineError::ReadOnly)?;
        let about = Some(person(ledger.hasher(), tenant, account).to_string());
        self.audit(tenant, who, &Audit { changed, about, detail }, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::Policy;
    use crate::domain::Transaction;
    use crate::engine::{ScoreRequest, Snapshot};
    use crate::ledger::{LedgerConfig, Personal, sign_roots, verify};
    use crate::reference::Reference;
    use crate::rules::RuleSet;
    use crate::velocity::Limits;
    use std::path::Path;
    use std::sync::Arc;

    fn open(dir: &Path) -> Engine {
        let rules = RuleSet::from_sources(&[]).unwrap();
        let tables = Arc::new(Reference::bundled().unwrap());
        let snapshot = Snapshot::new(tables, rules, None, Policy::default());
        let limits = Limits { max_keys: 10_000, seed: 7 };
        Engine::open(snapshot, LedgerConfig::new(dir), limits, &mut |_| ()).unwrap()
    }

    fn buy(engine: &Engine, id: &str, account: &str) {
        let transaction: Transaction = serde_json::from_value(json!({
            "transaction_id": id, "type": "purchase", "event_time": "2026-11-20T10:15:00Z",
            "account": {"id": account, "name": "Jane"}}))
        .unwrap();
        let tenant = TenantId::default_tenant();
        let request = ScoreRequest { tenant, transaction, warnings: vec![], received_at: None };
        let begun = engine.begin(request).unwrap();
        engine.settle_blocking(begun.settling.unwrap()).unwrap();
    }

    #[test]
    fn a_hold_forbids_erasing_until_it_is_released_and_the_chain_keeps_all_three() {
        let dir = tempfile::tempdir().unwrap();
        let engine = open(dir.path());
        buy(&engine, "tx-1", "acc-7");
        buy(&engine, "tx-2", "acc-8");
        let (tenant, who) = (TenantId::default_tenant(), Who::new("legal").unwrap());
        let account = |id| AccountId::new(id).unwrap();
        let (jane, john) = (account("acc-7"), account("acc-8"));
        let (jane, john) = ((&tenant, &jane), (&tenant, &john));
        let now = "2026-11-21T10:00:00Z".parse().unwrap();
        assert!(matches!(engine.hold(jane, &who, " ", now), Err(EngineError::Unfit { .. })));
        engine.hold(jane, &who, "matter 17", now).unwrap();
        let all = || holds(engine.ledger().unwrap().scan(None).unwrap(), &tenant).unwrap();
        assert_eq!(all().len(), 1);
        assert_eq!((all()[0].reason.as_str(), all()[0].by.as_str()), ("matter 17", "legal"));
        let error = engine.erase(jane, &who, now, &mut |_| ()).unwrap_err().to_string();
        assert_eq!(
            error,
            "`acc-7` can't be erased: held since 2026-11-21 by `legal` (matter 17); release it first"
        );
        assert_eq!(engine.erase(john, &who, now, &mut |_| ()).unwrap(), 1);
        assert!(engine.release(john, &who, now).is_err(), "nothing to release");
        drop(engine);

        let engine = open(dir.path());
        assert!(engine.erase(jane, &who, now, &mut |_| ()).is_err(), "a restart releases nothing");
        engine.release(jane, &who, now).unwrap();
        sign_roots(dir.path(), "2027-01-01T00:00:00Z".parse().unwrap()).unwrap();
        assert_eq!(engine.erase(jane, &who, now, &mut |_| ()).unwrap(), 1);
        let ledger = engine.ledger().unwrap();
        let sales = ledger.scan(None).unwrap().only(EntryKind::Decision);
        assert!(sales.map(Result::unwrap).all(|sale| sale.personal().unwrap() == Personal::Erased));
        let words: Vec<String> = ledger
            .scan(None)
            .unwrap()
            .only(EntryKind::Admin)
            .map(|entry| entry.unwrap().id.split('-').next().unwrap().to_owned())
            .collect();
        assert_eq!(words, ["person.hold", "person.erase", "person.release", "person.erase"]);
        drop(engine);
        let report = verify(dir.path(), None, &mut |_, _| {}).unwrap();
        assert_eq!((report.finding, report.erased > 0, report.roots > 0), (None, true, true));
    }
}
