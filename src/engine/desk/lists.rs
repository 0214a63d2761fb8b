//! What people changed on lists.

use super::act::{Act, Who};
use crate::domain::{TenantId, Timestamp};
use crate::engine::error::EngineError;
use crate::engine::service::Engine;
use crate::engine::snapshot::{Snapshot, TenantLists};
use crate::ledger::Position;
use crate::lists::{Change, Changes, Entry, Lists, MAX_CHANGES, Named};
use crate::reference::pan;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The last change to each value of each list, and its entry.
#[derive(Debug, Default)]
pub(super) struct Standing(BTreeMap<String, BTreeMap<String, (Change, Position)>>);

/// A list, for a person who asks.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct ListView {
    /// Its name.
    pub name: String,
    /// What it holds: `text`, `account`, `email`, `domain`, `country`, `bin`, `ip`.
    pub kind: String,
    /// Entries of its file.
    pub in_file: usize,
    /// Values people put on it or took off it.
    pub changes: usize,
    /// Bytes of memory.
    pub bytes: usize,
    /// The rules that name it.
    pub rules: Vec<String>,
}

impl Standing {
    pub(super) fn count(&mut self, act: Act, position: Position) {
        let (list, value, change) = match act {
            Act::ListAdd { list, value, expires, note } => {
                (list, value, Change::Added { expires, note })
            }
            Act::ListRemove { list, value } => (list, value, Change::Removed),
            Act::Snooze { .. } | Act::Wake { .. } => return,
        };
        self.0.entry(list).or_default().insert(value, (change, position));
    }

    pub(super) fn positions(&self) -> impl Iterator<Item = Position> {
        self.0.values().flat_map(BTreeMap::values).map(|(_, position)| *position)
    }

    fn changes(&self, list: &str) -> Changes {
        let changes = self.0.get(list).into_iter().flatten();
        changes.map(|(value, (change, _))| (value.clone(), change.clone())).collect()
    }

    /// The same lists with every change that stands and no other; as they are where that is so.
    fn put_on(&self, lists: &Arc<Lists>) -> Arc<Lists> {
        let mut with = Arc::clone(lists);
        for (name, named) in lists.iter() {
            let changes = self.changes(name);
            if *named.changes() != changes {
                with = Arc::new(with.changed(name, changes));
            }
        }
        with
    }
}

impl super::Desk {
    /// The snapshot with what people of each tenant changed on its lists.
    pub(in crate::engine) fn put_on(&self, snapshot: Snapshot) -> Snapshot {
        let state = self.state();
        let of_files = Standing::default().put_on(&snapshot.lists);
        let of = |tenant| state.lists.get(tenant).map(|standing| standing.put_on(&snapshot.lists));
        let lists = of(&TenantId::default_tenant()).unwrap_or_else(|| Arc::clone(&of_files));
        let others = state.lists.iter().filter(|(tenant, _)| !tenant.is_default());
        let changed =
            others.map(|(tenant, standing)| (tenant.clone(), standing.put_on(&of_files))).collect();
        let tenants = TenantLists { of_files: Some(of_files), changed };
        Snapshot { tenants, ..snapshot.with_lists(lists) }
    }
}

impl Engine {
    /// Puts a value on a list, until then or for ever. Written to the ledger first.
    ///
    /// # Errors
    /// No such list, a value or a note that may not stand there, a time that is past, too many changes,
    /// or no ledger.
    pub fn list_add(
        &self,
        tenant: &TenantId,
        who: &Who,
        act: (String, Entry, String),
        now: Timestamp,
    ) -> Result<u64, EngineError> {
        let (list, Entry { value, expires }, note) = act;
        let lists = self.snapshot().lists_of(tenant).clone();
        let named = found(&lists, &list)?;
        self.check_value(named, &value, &note)?;
        let value = named.kind().canonical(&value);
        if expires.is_some_and(|expires| expires <= now) {
            let why = "an entry expires in the future".to_owned();
            return Err(EngineError::Unfit { pointer: "/expires", why });
        }
        if named.changes().len() >= MAX_CHANGES && !named.changes().contains_key(&value) {
            let why = format!("people change at most {MAX_CHANGES} values of a list; use its file");
            return Err(EngineError::Unfit { pointer: "", why });
        }
        self.act(tenant, who, Act::ListAdd { list, value, expires, note }, now)
    }

    /// Takes a value off a list; `false` where it is not on it, and nothing is written.
    ///
    /// # Errors
    /// No such list, or no ledger.
    pub fn list_remove(
        &self,
        tenant: &TenantId,
        who: &Who,
        (list, value): (String, String),
        now: Timestamp,
    ) -> Result<bool, EngineError> {
        let lists = self.snapshot().lists_of(tenant).clone();
        let named = found(&lists, &list)?;
        let Some((entry, _)) = named.find(&value, now) else { return Ok(false) };
        let mut values: Vec<_> = named.spellings(&value).map(str::to_owned).collect();
        let one = named.kind().canonical(&entry.value);
        if !values.contains(&one) {
            values.push(one);
        }
        for value in values {
            self.act(tenant, who, Act::ListRemove { list: list.clone(), value }, now)?;
        }
        Ok(true)
    }

    /// Every list, as a tenant has it.
    pub fn list_views(&self, tenant: &TenantId) -> Vec<ListView> {
        let snapshot = self.snapshot();
        let view = |(name, named): (&str, &Named)| ListView {
            name: name.to_owned(),
            kind: named.kind().word().to_owned(),
            in_file: named.in_file(),
            changes: named.changes().len(),
            bytes: named.bytes(),
            rules: naming(&snapshot.rules, name),
        };
        snapshot.lists_of(tenant).iter().map(view).collect()
    }

    fn check_value(&self, named: &Named, value: &str, note: &str) -> Result<(), EngineError> {
        let reference = self.snapshot().reference.clone();
        let shows_card = |text: &str| pan::find(text, reference.bins()).is_some();
        named.check(value, note, &shows_card).map_err(|why| EngineError::Unfit { pointer: "", why })
    }

    /// Takes a tenant's changes that stand into use.
    pub(in crate::engine) fn put_lists(&self, tenant: &TenantId) {
        let snapshot = self.snapshot();
        let old = snapshot.lists_of(tenant);
        let new = self.desk.state().lists.get(tenant).map(|standing| standing.put_on(old));
        if let Some(new) = new.filter(|new| !Arc::ptr_eq(new, old)) {
            self.put(snapshot.exchanging(tenant, new));
        }
    }
}

/// Ids of the rules that name a list.
fn naming(rules: &crate::rules::RuleSet, list: &str) -> Vec<String> {
    let names =
        |rule: &&crate::rules::Rule| rule.when.lists().iter().any(|asked| &*asked.list == list);
    rules.rules().iter().filter(names).map(|rule| rule.id.clone()).collect()
}

fn found<'l>(lists: &'l Lists, name: &str) -> Result<&'l Named, EngineError> {
    let not_there = || EngineError::NotThere { what: "list", name: name.to_owned() };
    lists.get(name).ok_or_else(not_there)
}
