//! Rules asleep for a buyer.

use super::act::{Act, Who};
use crate::domain::{TenantId, Timestamp};
use crate::engine::error::EngineError;
use crate::engine::identity::entity_key;
use crate::engine::service::Engine;
use crate::engine::standing::{appeal_question, snooze_question};
use crate::features::Record;
use crate::ledger::Position;
use crate::lists::check_note;
use crate::reference::pan;
use crate::velocity::{Entity, EntityKey, EntityKeys};
use std::collections::BTreeMap;

/// Most sleeping rules of a server; those that ended do not count.
const MAX_SNOOZES: usize = 100_000;
/// The longest sleep: a block that nobody looks at for so long should not be a rule.
const MAX_DAYS: i64 = 365;

/// What tells buyers apart here: never an address, which strangers share.
const BUYER: [Entity; 4] = [Entity::Card, Entity::Email, Entity::Device, Entity::Account];

#[derive(Debug, Clone)]
struct Snooze {
    tenant: TenantId,
    until: Timestamp,
    position: Position,
}

/// By what a buyer is known by, whose hash is the tenant's own, then by rule; no rule for every block.
#[derive(Debug, Clone, Default)]
pub(super) struct Snoozes {
    asleep: BTreeMap<(String, EntityKey), BTreeMap<Option<String>, Snooze>>,
    /// Entries that ended sleeps begun by acts of which others still stand: whoever reads those again
    /// must read these too.
    wakes: Vec<Position>,
}

/// What a buyer is known by, as a person names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Buyer {
    /// Card, email, device or account.
    pub by: Entity,
    /// Its value.
    pub value: String,
}

impl Buyer {
    /// From the words of a request; `None` for what tells no buyer apart.
    pub fn new(by: &str, value: &str) -> Option<Self> {
        let by = BUYER.into_iter().find(|entity| entity.name() == by)?;
        let good = !value.is_empty() && value.len() <= 256;
        good.then(|| Self { by, value: value.to_owned() })
    }
}

/// A sleeping rule, for a person who asks.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct SnoozeView {
    /// The rule; absent for every block (a granted appeal).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub rule: Option<String>,
    /// By what the buyer is known: `card`, `email`, `device`, `account`.
    pub by: String,
    /// Keyed hash of the value.
    pub key: String,
    /// Until then.
    #[schema(value_type = String, format = DateTime)]
    pub until: Timestamp,
}

impl Snoozes {
    pub(super) fn count(&mut self, tenant: &TenantId, act: Act, position: Position) {
        match act {
            Act::Snooze { rule, keys, until, .. } => {
                for key in keys {
                    let asleep = self.asleep.entry(key).or_default();
                    let tenant = tenant.clone();
                    asleep.insert(rule.clone(), Snooze { tenant, until, position });
                }
            }
            Act::Wake { rule, keys } => {
                for key in keys {
                    if let Some(asleep) = self.asleep.get_mut(&key) {
                        asleep.remove(&rule);
                    }
                }
                self.asleep.retain(|_, asleep| !asleep.is_empty());
                self.wakes.push(position);
                let earliest = self.earliest();
                self.wakes.retain(|wake| earliest.is_some_and(|earliest| earliest < *wake));
            }
            Act::ListAdd { .. } | Act::ListRemove { .. } => {}
        }
    }

    /// Notes in a record which rules sleep for its buyer. Cost without any: nothing.
    pub(super) fn answer(&self, keys: &EntityKeys, now: Timestamp, record: &mut Record) {
        if self.asleep.is_empty() {
            return;
        }
        for (name, key) in known_by(keys) {
            for (rule, snooze) in self.asleep.get(&(name, key)).into_iter().flatten() {
                if now < snooze.until {
                    let question = rule.as_deref().map_or_else(appeal_question, snooze_question);
                    record.set_listed(&question, Some(true));
                }
            }
        }
    }

    pub(super) fn positions(&self) -> impl Iterator<Item = Position> {
        let asleep = self.asleep.values().flat_map(BTreeMap::values);
        asleep.map(|snooze| snooze.position).chain(self.wakes.iter().copied())
    }

    fn earliest(&self) -> Option<Position> {
        self.asleep.values().flat_map(BTreeMap::values).map(|snooze| snooze.position).min()
    }

    /// Everything a buyer is known by that the same act put to sleep as this.
    fn together(
        &self,
        key: &(String, EntityKey),
        rule: &Option<String>,
    ) -> Vec<(String, EntityKey)> {
        let position =
            |asleep: &BTreeMap<_, Snooze>| asleep.get(rule).map(|snooze| snooze.position);
        let Some(act) = self.asleep.get(key).and_then(position) else { return Vec::new() };
        let same = self.asleep.iter().filter(|(_, asleep)| position(asleep) == Some(act));
        same.map(|(key, _)| key.clone()).collect()
    }

    fn len(&self, now: Timestamp) -> usize {
        let all = self.asleep.values().flat_map(BTreeMap::values);
        all.filter(|snooze| now < snooze.until).count()
    }
}

/// What the buyer of a transaction is known by.
pub(super) fn known_by(keys: &EntityKeys) -> Vec<(String, EntityKey)> {
    let key = |entity: Entity| keys.get(entity).map(|key| (entity.name().to_owned(), key));
    BUYER.into_iter().filter_map(key).collect()
}

impl Engine {
    /// Puts a rule to sleep for a buyer until then, or with no rule every block; a hard block never
    /// sleeps. Written to the ledger first.
    ///
    /// # Errors
    /// No such rule, a time that is past or more than a year away, too many, or no ledger.
    pub fn snooze(
        &self,
        tenant: &TenantId,
        who: &Who,
        snooze: (Option<String>, &Buyer, Timestamp, String),
        now: Timestamp,
    ) -> Result<u64, EngineError> {
        let (rule, buyer, until, note) = snooze;
        if let Some(rule) = &rule
            && self.snapshot().rules.rule(rule).is_none()
        {
            return Err(EngineError::NotThere { what: "rule", name: rule.clone() });
        }
        let keys = vec![self.buyer_key(tenant, buyer)];
        self.put_to_sleep(tenant, who, Act::Snooze { rule, keys, until, note }, now)
    }

    pub(super) fn put_to_sleep(
        &self,
        tenant: &TenantId,
        who: &Who,
        act: Act,
        now: Timestamp,
    ) -> Result<u64, EngineError> {
        if let Act::Snooze { until, note, .. } = &act {
            self.check_note(note)?;
            let ahead = until.millis_since(now);
            if ahead <= 0 || ahead > MAX_DAYS * crate::domain::DAY_MS {
                return Err(EngineError::Unfit {
                    pointer: "/until",
                    why: format!("a sleep ends in the future, at most {MAX_DAYS} days from now"),
                });
            }
        }
        if self.desk.snoozes.load().len(now) >= MAX_SNOOZES {
            let why = format!("at most {MAX_SNOOZES} rules sleep at once");
            return Err(EngineError::Unfit { pointer: "", why });
        }
        self.act(tenant, who, act, now)
    }

    /// Ends such a sleep, with no rule a granted appeal, for all that the buyer was put to sleep by
    /// together. `false` where there is none; then nothing is written.
    ///
    /// # Errors
    /// No ledger, or it takes nothing now.
    pub fn wake(
        &self,
        tenant: &TenantId,
        who: &Who,
        (rule, buyer): (Option<String>, &Buyer),
        now: Timestamp,
    ) -> Result<bool, EngineError> {
        let key = self.buyer_key(tenant, buyer);
        let keys = self.desk.snoozes.load().together(&key, &rule);
        if keys.is_empty() {
            return Ok(false);
        }
        self.act(tenant, who, Act::Wake { rule, keys }, now).map(|_| true)
    }

    /// Whether a note of a person may be kept.
    pub(super) fn check_note(&self, note: &str) -> Result<(), EngineError> {
        let reference = self.snapshot().reference.clone();
        let shows_card = |text: &str| pan::find(text, reference.bins()).is_some();
        check_note(note, &shows_card).map_err(|why| EngineError::Unfit { pointer: "/note", why })
    }

    /// Every rule of a tenant asleep at `now`, in the order of buyers' keys; at most `most`.
    pub fn snoozes(&self, tenant: &TenantId, now: Timestamp, most: usize) -> Vec<SnoozeView> {
        let snoozes = self.desk.snoozes.load();
        let all = snoozes.asleep.iter().flat_map(|((by, key), asleep)| {
            let lasts = |snooze: &Snooze| now < snooze.until && snooze.tenant == *tenant;
            asleep.iter().filter(move |(_, snooze)| lasts(snooze)).map(move |(rule, snooze)| {
                let until = snooze.until;
                SnoozeView { rule: rule.clone(), by: by.clone(), key: key.to_string(), until }
            })
        });
        all.take(most).collect()
    }

    pub(super) fn buyer_key(&self, tenant: &TenantId, buyer: &Buyer) -> (String, EntityKey) {
        let key = entity_key(self.keys.as_ref(), tenant, buyer.by, &buyer.value);
        (buyer.by.name().to_owned(), key)
    }
}
