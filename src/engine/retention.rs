//! Retention: personal values are destroyed when their time is over.
//!
//! Whoever something is sealed for (an account, a guest's mailbox or card, a sale nobody else is known of) is
//! erased once the newest entry sealed for them is older than the period. Kept beyond it is what law or a
//! claim needs: whoever a legal hold is on, whatever belongs to an open dispute, and payments that can still
//! be disputed, with all that is sealed for the same person. What is sealed for no person that is known may
//! be a payment's evidence and is kept as long as one.
//!
//! INVARIANT: what comes while a run is looking is not erased by it: its keys are made anew before the last look.
//!
//! Cost: two passes over the ledger, and five or six more each where somebody is held and where a dispute is
//! open; memory for a million persons at once; more of them, more passes.

use super::audit::{Audit, Changed};
use super::belongings::{Search, Seeds, Source, transaction_of};
use super::cases::CaseSource;
use super::desk::Who;
use super::entry::{orphan_subject, unhex};
use super::error::EngineError;
use super::holds::{self, is_open};
use super::service::Engine;
use crate::disputes::deadline::LONGEST_WINDOW_DAYS;
use crate::disputes::{self, DisputeStore};
use crate::domain::{Action, DAY_MS, TenantId, Timestamp, TransactionKind};
use crate::ledger::{
    EntryKind, IndexKey, LedgerError, LookupField, LookupHash, Position, Reader, StoredEntry,
    SubjectHash, Summary,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// Most persons looked at in one pass.
const MOST_AT_ONCE: u64 = 1 << 20;

/// When personal values are destroyed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Days after the newest entry of a person.
    pub personal_days: u32,
    /// From when on they are counted back.
    pub now: Timestamp,
}

/// What became, or would become, of those whose time is over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Expired {
    /// Erased.
    pub erased: u64,
    /// Kept under a legal hold.
    pub held: u64,
    /// Kept for an open dispute.
    pub disputed: u64,
    /// Kept for payments that can still be disputed.
    pub disputable: u64,
}

/// Where somebody stands; the greatest of all their entries counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Standing {
    Due,
    Disputable,
    Disputed,
    Held,
    Fresh,
}

/// What would be erased now, beside whoever writes the ledger; nothing is.
///
/// # Errors
/// No master key; a ledger or an index that can't be read.
pub fn expiring(
    reader: &Reader,
    source: &CaseSource,
    rule: Retention,
    progress: &mut dyn FnMut(u64),
) -> Result<Expired, EngineError> {
    let keys = reader.hasher().ok_or(EngineError::NoMasterKey)?;
    let mut expired = Expired::default();
    let run = Run::new(reader, keys, (rule, None));
    run.each_part(source, progress, &mut |found| {
        let due = found.values().flat_map(BTreeMap::values);
        due.for_each(|standing| expired.count(*standing));
        Ok(())
    })?;
    Ok(expired)
}

impl Engine {
    /// Erases everybody whose time is over, and writes into the ledger for each tenant how many.
    ///
    /// # Errors
    /// The ledger can't be read, or takes nothing now; what was erased until then stays so.
    pub fn expire(
        &self,
        source: &CaseSource,
        rule: Retention,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Expired, EngineError> {
        let ledger = self.ledger().ok_or(EngineError::ReadOnly)?;
        let end = ledger.last().map(|last| last.position);
        let run = Run::new(ledger.reader(), ledger.hasher(), (rule, end));
        let mut expired = Expired::default();
        run.each_part(source, progress, &mut |found| {
            for (tenant, found) in found {
                let (due, others): (Vec<_>, Vec<_>) =
                    found.iter().partition(|(_, standing)| **standing == Standing::Due);
                for (_, standing) in others {
                    expired.count(*standing);
                }
                let due = due.into_iter().map(|(subject, _)| *subject).collect();
                expired.erased += self.bury(tenant, due, &run)?;
            }
            Ok(())
        })?;
        Ok(expired)
    }

    /// Erases those of a tenant who did not come back meanwhile, and were put under no hold and into no
    /// dispute; returns how many.
    fn bury(
        &self,
        tenant: &TenantId,
        due: BTreeSet<SubjectHash>,
        run: &Run<'_>,
    ) -> Result<u64, EngineError> {
        let ledger = self.ledger().ok_or(EngineError::ReadOnly)?;
        if due.is_empty() {
            return Ok(0);
        }
        let _alone = self.erasing();
        let mut retired = self.retire(due)?;
        let (mut held, mut seeds) = (BTreeMap::new(), Seeds::default());
        for entry in ledger.scan(run.end)?.filter(|entry| is_of(entry, tenant)) {
            let entry = entry?;
            if run.is_fresh(&entry) {
                entry.subject.into_iter().for_each(|subject| retired.spare(subject));
            }
            match entry.kind {
                EntryKind::Admin => holds::note(&mut held, &entry),
                EntryKind::Dispute => seeds.add(&entry),
                _ => {}
            }
        }
        seeds.subjects.extend(held.keys().filter_map(|person| unhex(person)).map(SubjectHash));
        if !seeds.is_empty() {
            let (reader, keys) = (ledger.reader(), ledger.hasher());
            let mut source = Source { reader, keys, progress: &mut |_| () };
            let found = Search::around(&mut source, Some(tenant), seeds)?;
            found.subjects.into_iter().for_each(|subject| retired.spare(subject));
        }
        let detail = json!({"personal_days": run.rule.personal_days, "persons": retired.count()});
        let audit = Audit { changed: Changed::Expired, about: None, detail };
        self.audit(tenant, &Who::service("retention"), &audit, run.rule.now)?;
        ledger.bury(&retired)?;
        Ok(retired.count())
    }
}

impl Expired {
    fn count(&mut self, standing: Standing) {
        let number = match standing {
            Standing::Due => &mut self.erased,
            Standing::Disputable => &mut self.disputable,
            Standing::Disputed => &mut self.disputed,
            Standing::Held => &mut self.held,
            Standing::Fresh => return,
        };
        *number += 1;
    }
}

/// Everybody of a part of all persons, by tenant.
type Found = BTreeMap<TenantId, BTreeMap<SubjectHash, Standing>>;

/// One look at a ledger.
struct Run<'l> {
    reader: &'l Reader,
    keys: &'l IndexKey,
    rule: Retention,
    /// Entries that came later are fresh.
    cutoff: Timestamp,
    /// Payments of later can be disputed.
    window: Timestamp,
    /// The last entry before the look began.
    end: Option<Position>,
}

/// Why what is past its time is kept.
#[derive(Default)]
struct Kept {
    subjects: BTreeMap<SubjectHash, Standing>,
    sales: BTreeMap<TenantId, BTreeMap<String, Standing>>,
    links: BTreeMap<(LookupField, LookupHash), Standing>,
}

impl Kept {
    fn seeds(&self, why: Standing) -> Seeds {
        let is_so = |standing: &Standing| *standing == why;
        let of = |sales: &BTreeMap<String, Standing>| {
            let sales = sales.iter().filter(|(_, standing)| is_so(standing));
            sales.map(|(sale, _)| sale.clone()).collect::<BTreeSet<_>>()
        };
        let sales = self.sales.iter().map(|(tenant, sales)| (tenant.clone(), of(sales)));
        let subjects = self.subjects.iter().filter(|(_, standing)| is_so(standing));
        let links = self.links.iter().filter(|(_, standing)| is_so(standing));
        Seeds {
            subjects: subjects.map(|(subject, _)| *subject).collect(),
            sales: sales.filter(|(_, sales)| !sales.is_empty()).collect(),
            links: links.map(|(link, _)| *link).collect(),
        }
    }
}

fn is_of(entry: &Result<StoredEntry, LedgerError>, tenant: &TenantId) -> bool {
    entry.as_ref().map_or(true, |entry| entry.tenant == *tenant)
}

impl<'l> Run<'l> {
    fn new(
        reader: &'l Reader,
        keys: &'l IndexKey,
        (rule, end): (Retention, Option<Position>),
    ) -> Self {
        let before = |days: i64| rule.now.plus_millis(-days.saturating_mul(DAY_MS));
        let (cutoff, window) = (before(rule.personal_days.into()), before(LONGEST_WINDOW_DAYS));
        Self { reader, keys, rule, cutoff, window, end }
    }

    fn is_fresh(&self, entry: &StoredEntry) -> bool {
        entry.received_at >= self.cutoff
    }

    /// Calls `each` with everybody who has something readable, part by part; those of fresh entries are
    /// told as such.
    fn each_part(
        &self,
        source: &CaseSource,
        progress: &mut dyn FnMut(u64),
        each: &mut dyn FnMut(&Found) -> Result<(), EngineError>,
    ) -> Result<(), EngineError> {
        let mut kept = self.orders(progress)?;
        self.open_disputes(&mut kept, source)?;
        self.around(&mut kept, progress)?;
        let parts = self.reader.most_subjects()? / MOST_AT_ONCE + 1;
        for part in 0..parts {
            let mut found = self.part((part, parts), &kept, progress)?;
            let late =
                found.values().flatten().filter(|(_, standing)| **standing < Standing::Fresh);
            let late = late.map(|(subject, _)| *subject).collect();
            let readable = self.reader.readable(&late)?;
            for persons in found.values_mut() {
                persons.retain(|subject, _| readable.contains(subject));
            }
            each(&found)?;
        }
        Ok(())
    }

    /// First: the tenants, and who is held.
    fn orders(&self, progress: &mut dyn FnMut(u64)) -> Result<Kept, EngineError> {
        let (mut kept, mut held) = (Kept::default(), BTreeMap::new());
        for entry in self.reader.scan(None)? {
            let entry = entry?;
            progress(entry.sequence);
            if entry.kind == EntryKind::Admin {
                // A person's hash is of one tenant alone.
                holds::note(&mut held, &entry);
            }
            kept.sales.entry(entry.tenant).or_default();
        }
        let persons = held.keys().filter_map(|person| unhex(person));
        kept.subjects = persons.map(|person| (SubjectHash(person), Standing::Held)).collect();
        Ok(kept)
    }

    /// Then: open disputes and their sales.
    fn open_disputes(&self, kept: &mut Kept, source: &CaseSource) -> Result<(), EngineError> {
        let Kept { sales, links, .. } = kept;
        for (tenant, sales) in sales {
            let cases = source.open(tenant.clone(), self.rule.now)?;
            for dispute in cases.disputes()?.iter().filter(|dispute| is_open(dispute)) {
                let field = LookupField::Dispute;
                let name = self.keys.lookup(tenant, field, dispute.id.as_str());
                links.insert((field, name), Standing::Disputed);
                if let Some(sale) = disputes::sale_of(&cases, dispute)? {
                    sales.insert(sale.transaction_id.to_string(), Standing::Disputed);
                }
            }
        }
        Ok(())
    }

    /// Then: what else belongs to a sale of an open dispute, and to who is held.
    fn around(&self, kept: &mut Kept, progress: &mut dyn FnMut(u64)) -> Result<(), EngineError> {
        let reasons = [Standing::Disputed, Standing::Held].map(|why| (why, kept.seeds(why)));
        for (why, seeds) in reasons {
            if seeds.is_empty() {
                continue;
            }
            let mut source =
                Source { reader: self.reader, keys: self.keys, progress: &mut *progress };
            let found = Search::around(&mut source, None, seeds)?;
            kept.subjects.extend(found.subjects.into_iter().map(|subject| (subject, why)));
            kept.links.extend(found.links.into_iter().map(|link| (link, why)));
            for (tenant, sales) in found.sales {
                let sales = sales.into_iter().map(|sale| (sale, why));
                kept.sales.entry(tenant).or_default().extend(sales);
            }
        }
        Ok(())
    }

    /// Last: everybody of a part, with the greatest standing any entry of theirs gives.
    fn part(
        &self,
        (part, parts): (u64, u64),
        kept: &Kept,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Found, EngineError> {
        let mut found = Found::new();
        for entry in self.reader.scan(None)? {
            let entry = entry?;
            progress(entry.sequence);
            let Some(subject) = entry.subject.filter(|_| entry.kind != EntryKind::Admin) else {
                continue;
            };
            let [first, second, ..] = subject.0;
            if u64::from(u16::from_be_bytes([first, second])) % parts != part {
                continue;
            }
            let standing = self.standing(&entry, subject, kept);
            let persons = found.entry(entry.tenant).or_default();
            let so_far = persons.entry(subject).or_insert(standing);
            *so_far = standing.max(*so_far);
        }
        Ok(found)
    }

    fn standing(&self, entry: &StoredEntry, subject: SubjectHash, kept: &Kept) -> Standing {
        if self.is_fresh(entry) {
            return Standing::Fresh;
        }
        let sales = kept.sales.get(&entry.tenant).filter(|sales| !sales.is_empty());
        let of_sale = sales.and_then(|sales| sales.get(&transaction_of(entry)?));
        let of_links = entry.lookups.iter().filter_map(|link| kept.links.get(link)).max();
        let known = kept.subjects.get(&subject).max(of_sale).max(of_links).copied();
        if known.is_none() && self.may_be_disputed(entry, subject) {
            return Standing::Disputable;
        }
        known.unwrap_or(Standing::Due)
    }

    /// A payment of the last months, and what may be about one.
    fn may_be_disputed(&self, entry: &StoredEntry, subject: SubjectHash) -> bool {
        if entry.kind == EntryKind::Decision {
            return entry.event_time >= self.window && is_payment(entry);
        }
        let is_orphan = |id: &str| orphan_subject(self.keys, &entry.tenant, id) == subject;
        entry.received_at >= self.window
            && (is_orphan(&entry.id) || transaction_of(entry).is_some_and(|id| is_orphan(&id)))
    }
}

/// Whether money may have moved; so it reads where that is not known.
fn is_payment(decision: &StoredEntry) -> bool {
    #[derive(Deserialize)]
    struct Open {
        summary: Summary,
    }
    let Ok(Open { summary }) = serde_json::from_slice(&decision.open) else { return true };
    let kind = summary.entry_type.as_deref().and_then(TransactionKind::from_word);
    let declined = summary.action.as_deref() == Some(Action::Decline.word());
    kind.is_none_or(TransactionKind::is_payment) && !declined
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::Policy;
    use crate::disputes::take_in_report;
    use crate::domain::{AccountId, Event, Transaction};
    use crate::engine::{Cases, ScoreRequest, Snapshot};
    use crate::ledger::{LedgerConfig, Personal, verify};
    use crate::reference::Reference;
    use crate::rules::RuleSet;
    use crate::velocity::Limits;
    use serde_json::Value;
    use std::cell::Cell;
    use std::path::Path;
    use std::sync::Arc;

    const LONG_AGO: &str = "2025-01-10T10:00:00Z";
    const IN_WINDOW: &str = "2025-08-10T10:00:00Z";
    const LATELY: &str = "2026-10-10T10:00:00Z";

    fn now() -> Timestamp {
        "2026-11-20T10:00:00Z".parse().unwrap()
    }

    fn open(dir: &Path) -> Engine {
        let rules = RuleSet::from_sources(&[]).unwrap();
        let tables = Arc::new(Reference::bundled().unwrap());
        let snapshot = Snapshot::new(tables, rules, None, Policy::default());
        let limits = Limits { max_keys: 10_000, seed: 7 };
        Engine::open(snapshot, LedgerConfig::new(dir), limits, &mut |_| ()).unwrap()
    }

    fn scored(engine: &Engine, id: &str, kind: &str, at: &str) {
        let buyer = json!({"id": format!("of-{id}"), "name": "Jane"});
        scored_of(engine, (id, kind, at), &buyer);
    }

    fn scored_of(engine: &Engine, (id, kind, at): (&str, &str, &str), account: &Value) {
        let transaction: Transaction = serde_json::from_value(json!({
            "transaction_id": id, "type": kind, "event_time": at, "order_id": format!("o-{id}"),
            "account": account,
            "fulfilment": {"method": "licence_key", "licence_key": format!("L-{id}")}}))
        .unwrap();
        let (tenant, received_at) = (TenantId::default_tenant(), Some(transaction.event_time));
        let request = ScoreRequest { tenant, transaction, warnings: vec![], received_at };
        let begun = engine.begin(request).unwrap();
        engine.settle_blocking(begun.settling.unwrap()).unwrap();
    }

    fn told(engine: &Engine, id: &str, at: &str, members: &Value) {
        let mut event = json!({"event_id": id, "type": "licence.activated", "event_time": at});
        event.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        let event: Event = serde_json::from_value(event).unwrap();
        let received_at = Some(event.event_time);
        let begun = engine.record_event(&TenantId::default_tenant(), &event, received_at).unwrap();
        engine.settle_blocking(begun.settling.unwrap()).unwrap();
    }

    fn readable(engine: &Engine) -> Vec<String> {
        let entries = engine.ledger().unwrap().scan(None).unwrap().map(Result::unwrap);
        let sealed = |entry: &StoredEntry| {
            entry.kind != EntryKind::Admin
                && matches!(entry.personal().unwrap(), Personal::Readable(_))
        };
        entries.filter(sealed).map(|entry| entry.id).collect()
    }

    #[test]
    fn whose_time_is_over_is_erased_and_whoever_is_needed_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let engine = open(dir.path());
        let tenant = TenantId::default_tenant();
        for (id, kind, at) in [("login", "login", LONG_AGO), ("later-login", "login", IN_WINDOW)] {
            scored(&engine, id, kind, at);
        }
        scored(&engine, "later-sale", "purchase", IN_WINDOW);
        for id in ["sale", "active", "held", "disputed", "erased"] {
            scored(&engine, id, "purchase", LONG_AGO);
        }
        told(&engine, "e-active", LATELY, &json!({"account_id": "of-active"}));
        told(&engine, "e-stranger", LONG_AGO, &json!({"licence_key": "L-nobody"}));
        told(&engine, "e-later", IN_WINDOW, &json!({"licence_key": "L-nobody-2"}));
        told(&engine, "e-disputed", LONG_AGO, &json!({"licence_key": "L-disputed"}));
        told(&engine, "e-held", LONG_AGO, &json!({"licence_key": "L-held"}));
        let who = Who::service("legal");
        let account = |id: &str| AccountId::new(id).unwrap();
        engine.hold((&tenant, &account("of-held")), &who, "matter 17", now()).unwrap();
        engine.erase((&tenant, &account("of-erased")), &who, now(), &mut |_| ()).unwrap();
        let report = serde_json::from_value(json!({"id": "dp-1", "processor": "adyen",
            "amount": {"value": "49.00", "currency": "EUR"}, "transaction_id": "disputed",
            "opened_at": LONG_AGO}))
        .unwrap();
        let then = LONG_AGO.parse().unwrap();
        let cases = Cases::open(dir.path(), None, tenant, then).unwrap();
        take_in_report(&mut cases.writing_through(&engine), &report, then).unwrap();

        let rule = Retention { personal_days: 365, now: now() };
        let source = CaseSource::new(dir.path(), None);
        let expected = Expired { erased: 4, held: 2, disputed: 2, disputable: 2 };
        let reader = Reader::open(dir.path(), None).unwrap();
        let before = readable(&engine);
        let (last, visits) = (engine.ledger().unwrap().last().unwrap().sequence, Cell::new(0));
        let mut count = |sequence| visits.set(visits.get() + u32::from(sequence == last));
        assert_eq!(expiring(&reader, &source, rule, &mut count).unwrap(), expected);
        assert_eq!(readable(&engine), before, "a look changes nothing");

        // At the end of the last pass somebody comes back, whose time is over by what was read.
        let passes = visits.replace(0);
        let mut back = |sequence| {
            if sequence == last {
                visits.set(visits.get() + 1);
                if visits.get() == passes {
                    told(&engine, "back", LATELY, &json!({"account_id": "of-sale"}));
                }
            }
        };
        let expired = engine.expire(&source, rule, &mut back).unwrap();
        assert_eq!((visits.get(), expired), (passes, Expired { erased: 3, ..expected }));
        let gone = ["login", "later-login", "e-stranger"];
        let mut kept: Vec<String> = before;
        kept.retain(|id| !gone.contains(&id.as_str()));
        kept.push("back".to_owned());
        assert_eq!(readable(&engine), kept);
        let again = engine.expire(&source, rule, &mut |_| ()).unwrap();
        assert_eq!(again, Expired { erased: 0, ..expected });
        let next_year = Retention { now: "2028-05-01T00:00:00Z".parse().unwrap(), ..rule };
        engine.expire(&source, next_year, &mut |_| ()).unwrap();
        let mut left = readable(&engine);
        left.retain(|id| !id.starts_with("dispute-"));
        assert_eq!(left, ["held", "disputed", "e-disputed", "e-held"]);
        drop(engine);
        let report = verify(dir.path(), None, &mut |_, _| {}).unwrap();
        assert_eq!(report.finding, None);
        let runs = |entry: &StoredEntry| entry.id.starts_with("person.expire");
        let entries = reader.scan(None).unwrap().map(Result::unwrap).filter(runs);
        let told: Vec<Value> = entries.map(|e| serde_json::from_slice(&e.open).unwrap()).collect();
        assert_eq!((told.len(), &told[0]["detail"]["personal_days"]), (2, &json!(365)));
        assert_eq!(told[0]["detail"]["persons"], json!(3));
    }

    #[test]
    fn a_hold_keeps_what_belongs_to_the_person_by_their_events_alone() {
        let dir = tempfile::tempdir().unwrap();
        let engine = open(dir.path());
        scored(&engine, "held", "purchase", LONG_AGO);
        scored_of(&engine, ("guest", "purchase", LONG_AGO), &json!({"email": "jane@x.example"}));
        scored(&engine, "other", "purchase", LONG_AGO);
        let issued = json!({"transaction_id": "held", "licence_key": "L-9"});
        told(&engine, "e-issued", LONG_AGO, &issued);
        told(&engine, "e-used", LONG_AGO, &json!({"licence_key": "L-9"}));
        let guest = json!({"account_id": "of-held", "transaction_id": "guest"});
        told(&engine, "e-guest", LONG_AGO, &guest);
        let (tenant, account) = (TenantId::default_tenant(), AccountId::new("of-held").unwrap());
        let (held, who) = ((&tenant, &account), Who::service("legal"));
        engine.hold(held, &who, "matter 17", now()).unwrap();
        let source = CaseSource::new(dir.path(), None);
        let rule = Retention { personal_days: 365, now: now() };
        let expired = engine.expire(&source, rule, &mut |_| ()).unwrap();
        assert_eq!(expired, Expired { erased: 1, held: 3, ..Expired::default() });
        assert_eq!(readable(&engine), ["held", "guest", "e-issued", "e-used", "e-guest"]);
        engine.release(held, &who, now()).unwrap();
        let expired = engine.expire(&source, rule, &mut |_| ()).unwrap();
        assert_eq!(expired, Expired { erased: 3, ..Expired::default() });
        assert_eq!(readable(&engine), [""; 0]);
    }

    #[test]
    fn a_hold_that_comes_while_a_run_looks_is_kept_to() {
        let dir = tempfile::tempdir().unwrap();
        let engine = open(dir.path());
        scored(&engine, "held", "purchase", LONG_AGO);
        scored(&engine, "other", "purchase", LONG_AGO);
        told(&engine, "e-held", LONG_AGO, &json!({"licence_key": "L-held"}));
        let (tenant, account) = (TenantId::default_tenant(), AccountId::new("of-held").unwrap());
        let (last, visits) = (engine.ledger().unwrap().last().unwrap().sequence, Cell::new(0));
        let mut order = |sequence| {
            visits.set(visits.get() + u32::from(sequence == last));
            if visits.get() == 2 {
                visits.set(3);
                let who = Who::service("legal");
                engine.hold((&tenant, &account), &who, "matter 17", now()).unwrap();
            }
        };
        let source = CaseSource::new(dir.path(), None);
        let rule = Retention { personal_days: 365, now: now() };
        let expired = engine.expire(&source, rule, &mut order).unwrap();
        assert_eq!((visits.get(), expired.erased), (3, 1));
        assert_eq!(readable(&engine), ["held", "e-held"]);
    }
}
