//! Who is tied to an account, for a person who asks: the links rebuilt from the ledger, with the
//! accounts' own names where those can still be read.
//!
//! History knows accounts by keyed hashes only. A name is read from the sealed part of an entry the
//! account was seen in; once the person is erased it is the hash that is shown, and the tie with it.

use super::error::{EngineError, StoredError};
use super::identity::account_key;
use super::outcomes::noun;
use super::query::{read_decision, read_event};
use super::stored::{self, Recovered};
use crate::domain::{AccountId, TenantId, Timestamp};
use crate::ledger::{EntryKind, IndexKey, MasterKey, Position, Reader, StoredEntry};
use crate::velocity::links::Step;
use crate::velocity::{
    EntityKey, EntityKeys, Limits, LinkGraph, Links, LinksView, Party, SaleOutcomes, Sales,
    sales::Delay,
};
use std::collections::{HashMap, HashSet, VecDeque};
use std::path::Path;

/// One tenant's accounts and their ties. Reads beside a server or without.
pub struct People {
    reader: Reader,
    hasher: IndexKey,
    tenant: TenantId,
    links: LinkGraph,
    sales: SaleOutcomes,
    /// The entries each account was last seen in, oldest first: the person of one may be erased while
    /// another can be read, or an entry names its account by its sale alone.
    seen: HashMap<EntityKey, VecDeque<Position>>,
    /// Beyond so many accounts, those that are tied to nothing any more are forgotten.
    most_seen: usize,
}

/// Most entries kept of an account.
const MAX_SEEN: usize = 8;

/// What is known around one account.
#[derive(Debug, Clone, PartialEq)]
pub struct Surroundings {
    /// Whether the ledger knows the account.
    pub known: bool,
    /// Good purchases of the account that are settled.
    pub settled: u32,
    /// Whether these make a clean history.
    pub is_clean: bool,
    /// Other accounts within two hops, in the order they were reached.
    pub accounts: Vec<Neighbour>,
    /// Weighed disputes, warnings and trials, as features have them.
    pub view: LinksView,
}

/// An account tied to another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Neighbour {
    /// Its name; its keyed hash where the person was erased.
    pub account: String,
    /// How it is tied: ``shares a device with `acc-9`, which shares a card with `acc-4` ``.
    pub path: String,
}

impl People {
    /// Reads the whole ledger. Cost: one pass; nothing is decided again.
    ///
    /// # Errors
    /// No ledger there, no master key, or an entry that can't be read.
    pub fn open(
        data_dir: &Path,
        master: Option<MasterKey>,
        tenant: TenantId,
        limits: Limits,
    ) -> Result<Self, EngineError> {
        let reader = Reader::open(data_dir, master)?;
        let hasher = reader.hasher().cloned().ok_or(EngineError::NoMasterKey)?;
        let (links, sales) = (LinkGraph::new(limits), SaleOutcomes::new(limits));
        let entries = reader.scan(None)?;
        // At most half as many accounts have ties.
        let (seen, most_seen) = (HashMap::new(), limits.max_keys / 8);
        let mut people = Self { reader, hasher, tenant, links, sales, seen, most_seen };
        for entry in entries {
            let entry = entry?;
            if entry.tenant == people.tenant && entry.kind != EntryKind::Admin {
                people
                    .take(&entry)
                    .map_err(|source| EngineError::Stored { sequence: entry.sequence, source })?;
            }
        }
        Ok(people)
    }

    fn take(&mut self, entry: &StoredEntry) -> Result<(), StoredError> {
        let recovered: Recovered = stored::read(&entry.open)?;
        for occurrence in recovered.occurrence.iter().chain(&recovered.occurrences) {
            self.links.record(occurrence);
            self.sales.record(occurrence);
            self.see(occurrence.keys.account, entry.position);
        }
        self.see(recovered.keys.account, entry.position);
        Ok(())
    }

    fn see(&mut self, account: Option<EntityKey>, position: Position) {
        let Some(account) = account else { return };
        let seen = self.seen.entry(account).or_default();
        if seen.back() != Some(&position) {
            if seen.len() == MAX_SEEN {
                seen.pop_front();
            }
            seen.push_back(position);
        }
        if self.seen.len() > self.most_seen {
            let mut tied = HashSet::new();
            self.links.for_each_node(&mut |party, key, _| {
                tied.extend((party == Party::Account).then_some(key));
            });
            self.seen.retain(|key, _| tied.contains(key));
        }
    }

    /// What is known around an account at a moment.
    ///
    /// # Errors
    /// An entry that can't be read.
    pub fn around(&self, account: &AccountId, at: Timestamp) -> Result<Surroundings, EngineError> {
        let key = account_key(&self.hasher, &self.tenant, account);
        let keys = EntityKeys { account: Some(key), ..EntityKeys::default() };
        let view = self.links.view(&keys, at).unwrap_or_default();
        let sales = self.sales.view(Party::Account, key, at, Delay::default());
        let mut accounts = Vec::new();
        for linked in &view.accounts {
            let steps = linked.between.iter().chain([&linked.last]);
            let steps = steps.map(|step| self.step(*step)).collect::<Result<Vec<_>, _>>()?;
            let path = steps.join(", which ");
            accounts.push(Neighbour { account: self.name(linked.last.account)?, path });
        }
        Ok(Surroundings {
            known: self.seen.contains_key(&key),
            settled: sales.settled(),
            is_clean: sales.is_clean(),
            accounts,
            view,
        })
    }

    fn step(&self, step: Step) -> Result<String, EngineError> {
        Ok(format!("shares a {} with `{}`", noun(step.by), self.name(step.account)?))
    }

    /// The account's own name, or its hash.
    fn name(&self, key: EntityKey) -> Result<String, EngineError> {
        for position in self.seen.get(&key).into_iter().flatten().rev() {
            let entry = self.reader.read(*position)?;
            let account = if entry.kind == EntryKind::Decision {
                let transaction = read_decision(&entry)?.transaction;
                transaction.and_then(|transaction| transaction.account?.id)
            } else {
                read_event(&entry)?.and_then(|event| event.account_id)
            };
            let is_its = |id: &AccountId| account_key(&self.hasher, &self.tenant, id) == key;
            if let Some(account) = account.filter(is_its) {
                return Ok(account.to_string());
            }
        }
        Ok(key.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::Policy;
    use crate::domain::{Event, Transaction};
    use crate::engine::{Engine, ScoreRequest, Snapshot};
    use crate::ledger::{LedgerConfig, SubjectHash};
    use crate::reference::Reference;
    use crate::rules::RuleSet;
    use serde_json::{Value, json};
    use std::sync::Arc;

    const LIMITS: Limits = Limits { max_keys: 10_000, seed: 7 };

    fn open(dir: &Path) -> Engine {
        let rules = RuleSet::from_sources(&[]).unwrap();
        let tables = Arc::new(Reference::bundled().unwrap());
        let snapshot = Snapshot::new(tables, rules, None, Policy::default());
        Engine::open(snapshot, LedgerConfig::new(dir), LIMITS, &mut |_| ()).unwrap()
    }

    fn begin(engine: &Engine, transaction: Value) -> crate::features::Record {
        let transaction: Transaction = serde_json::from_value(transaction).unwrap();
        let tenant = TenantId::default_tenant();
        let request = ScoreRequest { tenant, transaction, warnings: vec![], received_at: None };
        let begun = engine.begin(request).unwrap();
        engine.settle_blocking(begun.settling.unwrap()).unwrap();
        *begun.record.unwrap()
    }

    fn used(id: &str, kind: &str, account: &str, card: &str, device: &str) -> Value {
        json!({"transaction_id": id, "type": kind, "event_time": "2026-11-20T10:15:00Z",
            "account": {"id": account}, "card": {"fingerprint": card},
            "device": {"device_id": device}})
    }

    fn subject(engine: &Engine, account: &str) -> SubjectHash {
        let hasher = engine.ledger().unwrap().hasher();
        SubjectHash(hasher.hash(&TenantId::default_tenant(), "subject.account", account.as_bytes()))
    }

    #[test]
    fn accounts_without_ties_are_forgotten_when_they_are_many() {
        let dir = tempfile::tempdir().unwrap();
        let engine = open(dir.path());
        for n in 0..60 {
            begin(&engine, used(&format!("t-{n}"), "purchase", &format!("a-{n}"), "c", "d"));
        }
        let few = Limits { max_keys: 160, seed: 7 };
        let people = People::open(dir.path(), None, TenantId::default_tenant(), few).unwrap();
        assert!(people.seen.len() <= 20, "{}", people.seen.len());
    }

    #[test]
    fn a_path_names_accounts_and_outlives_them() {
        let dir = tempfile::tempdir().unwrap();
        let engine = open(dir.path());
        begin(&engine, used("t-1", "purchase", "acc-9", "c-1", "d-1"));
        begin(&engine, used("t-2", "trial_start", "acc-4", "c-1", "d-2"));
        begin(&engine, used("t-3", "purchase", "acc-1", "c-3", "d-1"));
        let event: Event = serde_json::from_value(json!({"event_id": "e-1", "type":
            "dispute.created", "event_time": "2026-11-21T00:00:00Z", "transaction_id": "t-2"}))
        .unwrap();
        let begun = engine.record_event(&TenantId::default_tenant(), &event, None).unwrap();
        engine.settle_blocking(begun.settling.unwrap()).unwrap();
        let around = || {
            let at = "2026-11-22T00:00:00Z".parse().unwrap();
            let tenant = TenantId::default_tenant();
            let people = People::open(dir.path(), None, tenant, LIMITS).unwrap();
            people.around(&AccountId::new("acc-1").unwrap(), at).unwrap()
        };
        let paths = |around: &Surroundings| -> Vec<String> {
            around.accounts.iter().map(|neighbour| neighbour.path.clone()).collect()
        };
        let found = around();
        assert_eq!(
            paths(&found),
            [
                "shares a device with `acc-9`",
                "shares a device with `acc-9`, which shares a card with `acc-4`",
            ]
        );
        assert_eq!((found.known, found.view.trials, found.is_clean), (true, 1, false));
        assert_eq!(found.view.disputes, Some(1.0));

        engine.ledger().unwrap().erase(&[subject(&engine, "acc-4")].into()).unwrap();
        drop(engine);
        let again = around();
        assert_eq!(again.view, found.view);
        assert!(!format!("{again:?}").contains("acc-4"), "{again:?}");
        // Whoever comes back under the name has one again.
        let engine = open(dir.path());
        begin(&engine, used("t-5", "purchase", "acc-4", "c-4", "d-4"));
        drop(engine);
        assert_eq!(paths(&around()), paths(&found));
        // The trial of the erased account stays used, by whoever holds its card.
        let engine = open(dir.path());
        let record = begin(&engine, used("t-4", "trial_start", "acc-5", "c-1", "d-9"));
        let fields = serde_json::to_value(&record).unwrap();
        assert_eq!(
            (&fields["trial.used"], &fields["trial.used_by"]),
            (&json!(true), &json!("card"))
        );
    }
}
