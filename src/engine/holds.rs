//! Erasing a person, and what forbids it: a legal hold, or a dispute that is still open.
//!
//! A person is an account of a tenant; erasing destroys the key their fields are sealed under, so every
//! record stays, the chain and its roots still verify, and what the fields said is gone. A hold is an
//! entry of the chain like any other change: who, when and why can't be taken back. The entry has the
//! person's keyed hash, not the name, so that it can outlive the erasure; the reason is kept in clear.
//!
//! Law asks for both: GDPR article 17 (erasure) and its 17(3)(e), where data are needed for legal claims.

use super::audit::{Audit, Changed};
use super::belongings::{Search, Source};
use super::cases::{Told, merged};
use super::desk::Who;
use super::error::EngineError;
use super::identity::KeyMaker;
use super::service::Engine;
use crate::domain::{AccountId, Dispute, DisputeId, DisputeStatus, TenantId, Timestamp};
use crate::ledger::{
    EntryKind, IndexKey, LedgerError, LookupField, Reader, Retired, Scan, StoredEntry, SubjectHash,
};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

/// How long an entry under way may take to be committed.
const PATIENCE: Duration = Duration::from_secs(30);
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

/// A dispute that waits for an answer or its outcome, and is about anything that was found: its records
/// are needed. Cost: two passes over the ledger, reading entries of disputes alone.
///
/// # Errors
/// The ledger is damaged or can't be read.
fn open_dispute(reader: &Reader, found: &Search<'_>) -> Result<Option<DisputeId>, EngineError> {
    let name_of = |entry: &StoredEntry| {
        let name = entry.lookups.iter().find(|(field, _)| *field == LookupField::Dispute);
        name.map(|(_, name)| (entry.tenant.clone(), *name))
    };
    let mut told = BTreeMap::new();
    for entry in reader.scan(None)?.only(EntryKind::Dispute) {
        let entry = entry?;
        if found.concerns(&entry) {
            told.extend(name_of(&entry).map(|name| (name, Told::default())));
        }
    }
    for entry in reader.scan(None)?.only(EntryKind::Dispute) {
        let entry = entry?;
        let told = name_of(&entry).and_then(|name| told.get_mut(&name));
        told.map_or(Ok(()), |told| told.add(&entry))?;
    }
    let disputes = told.into_values().flat_map(|told| merged(told.standing()).into_values());
    // The first by name: the order of hashes is another in every ledger.
    Ok(disputes.filter(is_open).map(|dispute| dispute.id).min())
}

/// Whether a dispute waits for an answer or its outcome.
pub(super) fn is_open(dispute: &Dispute) -> bool {
    use DisputeStatus as D;
    matches!(dispute.status, D::NeedsResponse | D::UnderReview | D::Unknown)
}

impl Engine {
    /// Forbids erasing a person until it is released; a second hold takes the place of the first.
    /// Returns the entry's number. Waits for an erasure that is at its last look: it sees the hold, or it
    /// was before it.
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
        let _alone = self.erasing();
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
    /// sealed for a sale or a message of theirs. Returns how many keys there were. `progress` is told the
    /// number of each entry read. Cost: some passes over the ledger and one over the key file.
    ///
    /// # Errors
    /// A hold forbids it, or a dispute that is open about anything of it, also one that came while it was
    /// looked for; there is no ledger, or it can't be written now.
    pub fn erase(
        &self,
        (tenant, account): (&TenantId, &AccountId),
        who: &Who,
        now: Timestamp,
        progress: &mut dyn FnMut(u64),
    ) -> Result<u64, EngineError> {
        let ledger = self.ledger().ok_or(EngineError::ReadOnly)?;
        let end = ledger.last().map(|last| last.position);
        let held = |hold: Hold| {
            let Hold { reason, by, since, .. } = hold;
            let date = since.date_text();
            EngineError::Held { account: account.to_string(), date, by, reason }
        };
        let disputed = |dispute| EngineError::Disputed { account: account.to_string(), dispute };
        self.hold_of(tenant, account)?.map_or(Ok(()), |hold| Err(held(hold)))?;
        let mut source = Source { reader: ledger.reader(), keys: ledger.hasher(), progress };
        let found = Search::of(&mut source, tenant, account)?;
        open_dispute(ledger.reader(), &found)?.map_or(Ok(()), |id| Err(disputed(id)))?;

        let _alone = self.erasing();
        let retired = self.retire(found.subjects.clone())?;
        let (mut orders, mut is_told) = (BTreeMap::new(), false);
        for entry in ledger.scan(end)? {
            let entry = entry?;
            if entry.tenant == *tenant && entry.kind == EntryKind::Admin {
                note(&mut orders, &entry);
            }
            is_told |= entry.kind == EntryKind::Dispute && found.concerns(&entry);
        }
        let name = person(ledger.hasher(), tenant, account).to_string();
        orders.remove(&name).map_or(Ok(()), |hold| Err(held(hold)))?;
        if is_told {
            open_dispute(ledger.reader(), &found)?.map_or(Ok(()), |id| Err(disputed(id)))?;
        }
        // First the entry: an erasure nobody knows of would read as lost keys of an accident.
        self.note(Changed::Erased, (tenant, account), (who, now), Value::Null)?;
        Ok(ledger.bury(&retired)?)
    }

    /// Held from the last look before keys are destroyed until they are, and while a hold is written.
    pub(super) fn erasing(&self) -> MutexGuard<'_, ()> {
        self.erasing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the keys of subjects anew, and waits for what was sealed under those they had: a look at the
    /// ledger from now on misses none of it.
    pub(super) fn retire(&self, subjects: BTreeSet<SubjectHash>) -> Result<Retired, EngineError> {
        let ledger = self.ledger().ok_or(EngineError::ReadOnly)?;
        // Nobody holds an old key for an entry that is not in the queue yet, and the queue is waited for.
        let (retired, accepted) = {
            let _alone = self.histories.gate.alone();
            (ledger.retire(subjects), ledger.accepted())
        };
        if accepted.is_some_and(|last| ledger.await_committed(last, PATIENCE)) {
            return Ok(retired);
        }
        Err(EngineError::Ledger(LedgerError::Busy { waiting: 1 }))
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
    use crate::disputes::take_in_report;
    use crate::domain::{Event, Transaction};
    use crate::engine::{Cases, ScoreRequest, Snapshot};
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
        buy_as(engine, id, &json!({"id": account, "name": "Jane"}));
    }

    fn buy_as(engine: &Engine, id: &str, account: &Value) {
        let transaction: Transaction = serde_json::from_value(json!({
            "transaction_id": id, "type": "purchase", "event_time": "2026-11-20T10:15:00Z",
            "account": account, "card": {"fingerprint": "fp-1"}}))
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

    /// An event of `acc-7` that names a sale.
    fn name(engine: &Engine, id: &str, sale: &str) {
        let event: Event = serde_json::from_value(json!({"event_id": id, "type": "session.login",
            "event_time": "2026-11-20T10:16:00Z", "account_id": "acc-7", "transaction_id": sale}))
        .unwrap();
        let begun = engine.record_event(&TenantId::default_tenant(), &event, None).unwrap();
        engine.settle_blocking(begun.settling.unwrap()).unwrap();
    }

    fn dispute(engine: &Engine, dir: &Path, sale: &str, status: &str, at: &str) {
        let report = serde_json::from_value(json!({"id": "dp-1", "processor": "adyen",
            "amount": {"value": "49.00", "currency": "EUR"}, "transaction_id": sale,
            "status": status, "opened_at": "2026-11-20T12:00:00Z", "updated_at": at}))
        .unwrap();
        let at = at.parse().unwrap();
        let cases = Cases::open(dir, None, TenantId::default_tenant(), at).unwrap();
        take_in_report(&mut cases.writing_through(engine), &report, at).unwrap();
    }

    fn readable(engine: &Engine) -> Vec<String> {
        let entries = engine.ledger().unwrap().scan(None).unwrap().map(Result::unwrap);
        let sales = entries.filter(|entry| entry.kind == EntryKind::Decision);
        let sales = sales.filter(|sale| matches!(sale.personal().unwrap(), Personal::Readable(_)));
        sales.map(|sale| sale.id).collect()
    }

    #[test]
    fn a_guests_dispute_forbids_erasing_whoever_the_sale_belongs_to() {
        let dir = tempfile::tempdir().unwrap();
        let engine = open(dir.path());
        buy_as(&engine, "tx-1", &json!({"id": "acc-7", "email": "jane@x.example"}));
        buy_as(&engine, "g-1", &json!({"email": "jane@x.example"}));
        name(&engine, "e-1", "g-1");
        dispute(&engine, dir.path(), "g-1", "needs_response", "2026-11-21T10:00:00Z");
        let (tenant, who) = (TenantId::default_tenant(), Who::new("dpo").unwrap());
        let jane = AccountId::new("acc-7").unwrap();
        let now = "2026-11-25T10:00:00Z".parse().unwrap();
        let erase = || engine.erase((&tenant, &jane), &who, now, &mut |_| ());
        assert!(matches!(erase(), Err(EngineError::Disputed { .. })));
        assert_eq!(readable(&engine), ["tx-1", "g-1"]);
        dispute(&engine, dir.path(), "g-1", "won", "2026-11-22T10:00:00Z");
        assert_eq!(erase().unwrap(), 2);
        assert_eq!(readable(&engine), [""; 0]);
    }

    #[test]
    fn a_guest_of_another_mailbox_or_of_the_same_card_is_somebody_else() {
        let dir = tempfile::tempdir().unwrap();
        let engine = open(dir.path());
        buy(&engine, "tx-1", "acc-7");
        buy_as(&engine, "gift", &json!({"email": "giver@x.example"}));
        buy_as(&engine, "g-1", &json!({}));
        buy_as(&engine, "g-2", &json!({}));
        name(&engine, "e-1", "gift");
        name(&engine, "e-2", "g-1");
        let (tenant, who) = (TenantId::default_tenant(), Who::new("dpo").unwrap());
        let jane = AccountId::new("acc-7").unwrap();
        let now = "2026-11-25T10:00:00Z".parse().unwrap();
        engine.erase((&tenant, &jane), &who, now, &mut |_| ()).unwrap();
        assert_eq!(readable(&engine), ["gift", "g-1", "g-2"]);
    }

    #[test]
    fn a_hold_and_a_dispute_that_come_while_it_looks_forbid_it() {
        let dir = tempfile::tempdir().unwrap();
        let engine = open(dir.path());
        buy(&engine, "tx-1", "acc-7");
        let (tenant, who) = (TenantId::default_tenant(), Who::new("dpo").unwrap());
        let jane = AccountId::new("acc-7").unwrap();
        let (jane, now) = ((&tenant, &jane), "2026-11-25T10:00:00Z".parse().unwrap());
        let mut orders = 0;
        let mut hold = |_| {
            orders += 1;
            if orders == 1 {
                engine.hold(jane, &who, "matter 17", now).unwrap();
            }
        };
        let refused = engine.erase(jane, &who, now, &mut hold);
        assert!(matches!(refused, Err(EngineError::Held { .. })));
        engine.release(jane, &who, now).unwrap();
        let mut told = 0;
        let mut tell = |_| {
            told += 1;
            if told == 1 {
                dispute(&engine, dir.path(), "tx-1", "needs_response", "2026-11-21T10:00:00Z");
            }
        };
        let refused = engine.erase(jane, &who, now, &mut tell);
        assert!(matches!(refused, Err(EngineError::Disputed { .. })));
        assert_eq!(readable(&engine), ["tx-1"]);
    }
}
