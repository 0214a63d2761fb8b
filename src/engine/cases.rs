//! The ledger as disputes see it: sales, their events, and the reports of processors.
//!
//! Found through the index, read from the log. What was written since the index was brought up to
//! date is remembered here, so a message is seen by the question right after it.

mod told;

pub(super) use told::{Told, merged};

use super::entry;
use super::error::EngineError;
use super::known::Landing;
use super::query::{read_decision, read_event, read_open_event, read_sealed_event};
use super::service::{Begun, Engine};
use super::stored::Report;
use crate::disputes::exhibit::attach::{ExhibitStep, from_text};
use crate::disputes::worklist::{Month, Sales};
use crate::disputes::{
    AllDisputes, DisputeStore, Intake, Link, Notices, OtherSale, SaleKeys, Sending, is_neutral,
    is_same_card,
};
use crate::domain::{
    Decision, Dispute, DisputeId, DisputeStatus, Event, EventId, EventKind, Outcome, TenantId,
    Timestamp, Transaction, TransactionId,
};
use crate::ledger::{
    EntryKind, Index, IndexKey, LedgerError, LookupField, LookupHash, MAX_ROWS, MasterKey,
    Position, Query, Reader, Row, SigningKey, StoredEntry, Summary, refresh, unindexed,
};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tokio::sync::watch;
use told::reports;

/// Most pages of disputes' reports of one type: a million.
const DISPUTE_PAGES: usize = 100;
/// Most pages of notices of one type.
const NOTICE_PAGES: usize = 10;
/// Most entries read that the index does not have yet: those of some seconds.
const MAX_UNINDEXED: usize = 10_000;
/// After how many entries of ours the index is asked how far it got.
const LOOK_EVERY: usize = 32;

/// One tenant's ledger for the disputes module. Without an engine it can only be read.
pub struct Cases<'e> {
    reader: Reader,
    index: Index,
    hasher: IndexKey,
    tenant: TenantId,
    engine: Option<&'e Engine>,
    now: Timestamp,
    data_dir: PathBuf,
    /// What the index may not have yet.
    fresh: Vec<Position>,
}

/// Where a ledger lies that is asked for disputes again and again, beside whoever writes it.
#[derive(Debug, Clone)]
pub struct CaseSource {
    data_dir: PathBuf,
    master: Option<MasterKey>,
}

impl CaseSource {
    /// The ledger of a data directory; `master` where its key is kept elsewhere.
    pub fn new(data_dir: &Path, master: Option<MasterKey>) -> Self {
        Self { data_dir: data_dir.to_owned(), master }
    }

    /// Opens it for reading, as it is now.
    ///
    /// # Errors
    /// As [`Cases::open`].
    pub fn open(&self, tenant: TenantId, now: Timestamp) -> Result<Cases<'static>, EngineError> {
        Cases::open(&self.data_dir, self.master.clone(), tenant, now)
    }

    /// The key that signs manifests, made at first use.
    ///
    /// # Errors
    /// As [`SigningKey::open`].
    pub fn signing_key(&self) -> Result<SigningKey, LedgerError> {
        SigningKey::open(&self.data_dir)
    }
}

impl<'e> Cases<'e> {
    /// Brings the index up to date and opens the ledger for reading, beside a server or without.
    ///
    /// # Errors
    /// No ledger there, no master key, or an index that can't be made.
    pub fn open(
        data_dir: &Path,
        master: Option<MasterKey>,
        tenant: TenantId,
        now: Timestamp,
    ) -> Result<Self, EngineError> {
        refresh(data_dir)?;
        let reader = Reader::open(data_dir, master)?;
        // Beside a server the index lags, and what a message is about may have come just before it.
        let fresh = unindexed(&reader, data_dir, MAX_UNINDEXED)?;
        let hasher = reader.hasher().cloned().ok_or(EngineError::NoMasterKey)?;
        let index = Index::open(data_dir)?;
        Ok(Self {
            reader,
            index,
            hasher,
            tenant,
            engine: None,
            now,
            data_dir: data_dir.to_owned(),
            fresh,
        })
    }

    /// Makes it writable through an engine on the same directory.
    #[must_use]
    pub fn writing_through(mut self, engine: &'e Engine) -> Self {
        self.engine = Some(engine);
        self
    }

    /// Whose ledger it is.
    pub fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// Entries an index question finds, and those written since that `also` agrees to, in the
    /// order of the ledger.
    fn entries(
        &self,
        change: impl FnOnce(&mut Query),
        also: impl Fn(&StoredEntry) -> bool,
    ) -> Result<Vec<StoredEntry>, EngineError> {
        Ok(self.pages(1, change, also)?.0)
    }

    /// As [`Self::entries`], so many pages of them. False where more lies beyond, which is told in the log, too.
    fn pages(
        &self,
        most: usize,
        change: impl FnOnce(&mut Query),
        also: impl Fn(&StoredEntry) -> bool,
    ) -> Result<(Vec<StoredEntry>, bool), EngineError> {
        let mut query = Query::new(self.tenant.clone());
        query.limit = MAX_ROWS;
        change(&mut query);
        let (mut found, mut whole) = (BTreeMap::new(), true);
        for page in 1.. {
            let rows = self.index.list(&query)?;
            for row in &rows {
                found.insert(row.sequence, self.reader.read(row.position)?);
            }
            query.after = rows.last().map(|row| row.sequence);
            if u32::try_from(rows.len()).is_ok_and(|rows| rows < MAX_ROWS) {
                break;
            }
            if page == most {
                tracing::warn!(most, rows = MAX_ROWS, "older entries of a case are left out");
                whole = false;
                break;
            }
        }
        for position in &self.fresh {
            let entry = self.reader.read(*position)?;
            if also(&entry) {
                found.insert(entry.sequence, entry);
            }
        }
        Ok((found.into_values().collect(), whole))
    }

    fn by_lookup(&self, field: LookupField, value: &str) -> Result<Vec<StoredEntry>, EngineError> {
        let key = entry::lookup(&self.hasher, &self.tenant, field, value);
        let has = |entry: &StoredEntry| {
            entry.tenant == self.tenant && entry.lookups.contains(&(field, key))
        };
        self.entries(|query| query.lookups = vec![(field, key)], has)
    }

    /// The entries of a dispute but files, which nobody unseals for a status.
    fn of_dispute(&self, id: &DisputeId) -> Result<Vec<StoredEntry>, EngineError> {
        let mut entries = self.by_lookup(LookupField::Dispute, id.as_str())?;
        entries.retain(|entry| !is_file(entry));
        Ok(entries)
    }

    fn of_transaction(&self, id: &TransactionId) -> Result<Vec<StoredEntry>, EngineError> {
        let about = |entry: &StoredEntry| {
            entry.tenant == self.tenant && names(entry, id).unwrap_or_default()
        };
        self.entries(|query| query.transaction_id = Some(id.as_str().to_owned()), about)
    }

    fn sales(entries: &[StoredEntry]) -> Result<Vec<Transaction>, EngineError> {
        let decisions = entries.iter().filter(|entry| entry.kind == EntryKind::Decision);
        let stored = decisions.map(read_decision).collect::<Result<Vec<_>, _>>()?;
        Ok(stored.into_iter().filter_map(|stored| stored.transaction).collect())
    }

    /// The transactions scored under the order of one, it among them, in the order they came; none where it is
    /// not recorded, and it alone where it has no order.
    ///
    /// # Errors
    /// The ledger or its index can't be read.
    pub fn of_one_order(&self, id: &TransactionId) -> Result<Vec<TransactionId>, EngineError> {
        let is_sale = |entry: &StoredEntry| entry.kind == EntryKind::Decision;
        let own = self.of_transaction(id)?.into_iter();
        let Some(own) = own.filter(is_sale).find(|entry| entry.id == id.as_str()) else {
            return Ok(Vec::new());
        };
        let order = own.lookups.iter().find(|(field, _)| *field == LookupField::Order);
        let Some(order) = order.copied() else { return Ok(vec![id.clone()]) };
        let has =
            |entry: &StoredEntry| entry.tenant == self.tenant && entry.lookups.contains(&order);
        let entries = self.entries(|query| query.lookups = vec![order], has)?;
        let ids = entries.iter().filter(|entry| is_sale(entry));
        Ok(ids.filter_map(|entry| TransactionId::new(&entry.id).ok()).collect())
    }

    fn approved(&self, sale: &Transaction) -> Result<bool, EngineError> {
        for entry in self.of_transaction(&sale.transaction_id)? {
            let event = read_event(&entry)?;
            if event.is_some_and(|event| {
                event.kind == EventKind::AuthResult
                    && event.data.outcome == Some(Outcome::Approved)
                    && event.transaction_id.as_ref() == Some(&sale.transaction_id)
            }) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The entries that may be about a sale: its decision, its events, its account's and its order's.
    fn around(&self, sale: &Transaction) -> Result<BTreeMap<u64, StoredEntry>, EngineError> {
        let mut entries = self.of_transaction(&sale.transaction_id)?;
        let account = sale.account.as_ref().and_then(|account| account.id.as_ref());
        if let Some(account) = account {
            entries.extend(self.by_lookup(LookupField::Account, account.as_str())?);
        }
        if let Some(order) = &sale.order_id {
            entries.extend(self.by_lookup(LookupField::Order, order.as_str())?);
        }
        Ok(entries.into_iter().map(|entry| (entry.sequence, entry)).collect())
    }

    /// One page of an answer.
    pub(super) fn rows(&self, query: &Query) -> Result<Vec<Row>, EngineError> {
        Ok(self.index.list(query)?)
    }

    /// An entry the index knows.
    pub(super) fn entry(&self, position: Position) -> Result<StoredEntry, EngineError> {
        Ok(self.reader.read(position)?)
    }

    /// Whether an entry is an event of a type, of this tenant.
    fn is_of(&self, entry: &StoredEntry, kind: EventKind) -> bool {
        entry.tenant == self.tenant
            && entry.kind == entry::kind_of(kind)
            && entry_type(entry).is_some_and(|word| word == kind.word())
    }

    fn write(&mut self, event: &Event, report: Option<Report>) -> Result<bool, EngineError> {
        let engine = self.engine.ok_or(EngineError::ReadOnly)?;
        let begun = engine.record(&self.tenant, event, report, Some(self.now));
        if let Ok(Begun { repeated: true, .. }) | Err(EngineError::Conflict { .. }) = &begun
            && let Some(landed) = engine.landing_of(&self.tenant, &event.event_id)
        {
            // Its sender gives up once this is answered: it must be on disk, not on its way there.
            await_landing(landed)?;
            self.fresh = unindexed(&self.reader, &self.data_dir, MAX_UNINDEXED)?;
        }
        let begun = begun?;
        if let Some(settling) = begun.settling {
            self.fresh.push(engine.settle_blocking(settling)?.position);
            if self.fresh.len().is_multiple_of(LOOK_EVERY) {
                // By now most are in the index; each question reads the others one by one.
                self.fresh = unindexed(&self.reader, &self.data_dir, MAX_UNINDEXED)?;
            }
        }
        Ok(!begun.repeated)
    }
}

impl DisputeStore for Cases<'_> {
    type Error = EngineError;

    fn find_sale(&self, keys: &SaleKeys) -> Result<Option<Transaction>, EngineError> {
        if let Some(id) = &keys.transaction_id {
            let found = Self::sales(&self.of_transaction(id)?)?;
            if let Some(sale) = found.into_iter().find(|sale| sale.transaction_id == *id) {
                return Ok(Some(sale));
            }
        }
        for reference in &keys.payment_references {
            let field = LookupField::ProcessorReference;
            let entries = self.by_lookup(field, reference.as_str())?;
            if let Some(sale) = Self::sales(&entries)?.pop() {
                return Ok(Some(sale));
            }
        }
        let Some(order) = &keys.order_id else { return Ok(None) };
        let entries = self.by_lookup(LookupField::Order, order.as_str())?;
        let mut attempts = Self::sales(&entries)?;
        for place in (0..attempts.len()).rev() {
            if attempts.get(place).map(|sale| self.approved(sale)).transpose()? == Some(true) {
                return Ok(Some(attempts.swap_remove(place)));
            }
        }
        Ok(attempts.pop())
    }

    fn decision(&self, id: &TransactionId) -> Result<Option<Decision>, EngineError> {
        for entry in self.of_transaction(id)? {
            if entry.kind == EntryKind::Decision && entry.id == id.as_str() {
                return Ok(Some(read_decision(&entry)?.decision));
            }
        }
        Ok(None)
    }

    fn events(&self, sale: &Transaction) -> Result<Vec<Event>, EngineError> {
        let account = sale.account.as_ref().and_then(|account| account.id.as_ref());
        let mut events = Vec::new();
        for entry in self.around(sale)?.values().filter(|entry| !is_file(entry)) {
            events.extend(read_event(entry)?);
        }
        events.retain(|event| {
            event.transaction_id.as_ref() == Some(&sale.transaction_id)
                || account.is_some() && event.account_id.as_ref() == account
                || sale.order_id.is_some() && event.order_id == sale.order_id
        });
        events.sort_by(|a, b| (a.event_time, &a.event_id).cmp(&(b.event_time, &b.event_id)));
        Ok(events)
    }

    fn other_sales(&self, sale: &Transaction) -> Result<Vec<OtherSale>, EngineError> {
        let card = sale.card.as_ref().and_then(|card| card.fingerprint.as_ref());
        let account = sale.account.as_ref().and_then(|account| account.id.as_ref());
        let mut entries = Vec::new();
        if let Some(card) = card {
            entries.extend(self.by_lookup(LookupField::Card, card.as_str())?);
        }
        // A token joins a card to its replacement; such sales are found by their account.
        if let Some(account) = account {
            entries.extend(self.by_lookup(LookupField::Account, account.as_str())?);
        }
        let mut found = BTreeMap::new();
        for other in Self::sales(&entries)? {
            if other.transaction_id == sale.transaction_id || !is_same_card(sale, &other) {
                continue;
            }
            found.insert((other.event_time, other.transaction_id.clone()), other);
        }
        let mut others = Vec::new();
        for transaction in found.into_values() {
            let mut events = Vec::new();
            for entry in self.of_transaction(&transaction.transaction_id)? {
                events.extend(read_event(&entry)?);
            }
            events.retain(|e| e.transaction_id.as_ref() == Some(&transaction.transaction_id));
            events.sort_by(|a, b| (a.event_time, &a.event_id).cmp(&(b.event_time, &b.event_id)));
            others.push(OtherSale { transaction, events });
        }
        Ok(others)
    }

    fn links(&self, sale: &Transaction) -> Result<Vec<Link>, EngineError> {
        let link = |entry: StoredEntry| Link {
            is_sale: entry.kind == EntryKind::Decision,
            id: entry.id,
            sequence: entry.sequence,
            hash: entry.hash.to_string(),
        };
        Ok(self.around(sale)?.into_values().map(link).collect())
    }

    fn record_report(&mut self, report: &Intake) -> Result<bool, EngineError> {
        let kept = Report {
            dispute: report.dispute.clone(),
            sale: report.sale.clone(),
            raw: report.raw.clone(),
        };
        // The processor's id names the message: taken in again after its sale was found, the event
        // says more than the one kept, and is still the same message.
        match self.write(&report.event, Some(kept)) {
            Err(EngineError::Conflict { .. }) => Ok(false),
            written => written,
        }
    }

    fn record_event(&mut self, event: &Event) -> Result<bool, EngineError> {
        // Several messages may end one matter at different times; the first one's label stands.
        match self.write(event, None) {
            Err(EngineError::Conflict { .. }) => Ok(false),
            written => written,
        }
    }

    fn sendings(&self, id: &DisputeId) -> Result<Vec<Sending>, EngineError> {
        let mut found = Vec::new();
        for entry in self.of_dispute(id)? {
            // The open part: what was sent is sent, whoever is erased.
            let facts = read_open_event(&entry)?;
            let Some(facts) = facts.filter(|facts| facts.kind.is_of_evidence()) else { continue };
            let Ok(event_id) = EventId::new(&entry.id) else { continue };
            let report = read_sealed_event(&entry)?.and_then(|sealed| sealed.report);
            let form = report.map(|report| report.raw);
            found.push(Sending { kind: facts.kind, event_id, at: entry.event_time, form });
        }
        Ok(found)
    }

    fn exhibits(&self, id: &DisputeId) -> Result<Vec<ExhibitStep>, EngineError> {
        let mut found = Vec::new();
        for entry in self.by_lookup(LookupField::Dispute, id.as_str())? {
            let facts = read_open_event(&entry)?;
            let Some(facts) = facts.filter(|facts| facts.kind.is_of_exhibit()) else { continue };
            let Some(sealed) = read_sealed_event(&entry)? else { continue };
            // Without a report it was told as any event is, and is no step of the desk.
            let (Some(note), Some(report), Ok(event_id)) =
                (sealed.event.data.exhibit, sealed.report, EventId::new(&entry.id))
            else {
                continue;
            };
            let file = from_text(&report.raw);
            let (kind, at) = (facts.kind, entry.event_time);
            found.push(ExhibitStep { kind, event_id, at, note, file });
        }
        Ok(found)
    }

    fn dispute(&self, id: &DisputeId) -> Result<Option<Dispute>, EngineError> {
        let entries = self.of_dispute(id)?;
        Ok(merged(reports(&entries)?).remove(id))
    }

    fn sale_keys(&self, id: &DisputeId) -> Result<SaleKeys, EngineError> {
        let mut keys = SaleKeys::default();
        for entry in self.of_dispute(id)? {
            let report = read_sealed_event(&entry)?.and_then(|sealed| sealed.report);
            let of_it = |report: &Report| report.dispute.as_ref().is_some_and(|of| of.id == *id);
            if let Some(report) = report.filter(of_it) {
                keys.add(report.sale);
            }
        }
        Ok(keys)
    }

    fn is_told(&self, id: &DisputeId, processor: &str) -> Result<bool, EngineError> {
        let entries = self.of_dispute(id)?;
        Ok(reports(&entries)?.iter().any(|report| {
            report.id == *id && report.processor.as_str() == processor && !is_neutral(report)
        }))
    }

    fn is_contested(&self, id: &DisputeId) -> Result<bool, EngineError> {
        let entries = self.of_dispute(id)?;
        for entry in &entries {
            let facts = read_open_event(entry)?;
            if facts.is_some_and(|facts| facts.kind == EventKind::EvidenceSubmitted) {
                return Ok(true);
            }
        }
        let reviewed = |report: &Dispute| report.status == DisputeStatus::UnderReview;
        Ok(reports(&entries)?.iter().any(|report| report.id == *id && reviewed(report)))
    }

    fn notices(&self, since: Timestamp) -> Result<Notices, EngineError> {
        let (mut found, mut whole) = (Vec::new(), true);
        for kind in EventKind::ALL.iter().filter(|kind| kind.is_notice()) {
            let of_kind = |query: &mut Query| {
                query.kind = Some(entry::kind_of(*kind));
                query.entry_type = Some(kind.word().to_owned());
                query.since = Some(since);
            };
            let late = |entry: &StoredEntry| entry.event_time >= since && self.is_of(entry, *kind);
            let (entries, all) = self.pages(NOTICE_PAGES, of_kind, late)?;
            whole &= all;
            for entry in entries {
                found.extend(read_event(&entry)?.map(|event| (entry.sequence, event)));
            }
        }
        found.sort_by_key(|(sequence, _)| *sequence);
        Ok(Notices { events: found.into_iter().map(|(_, event)| event).collect(), whole })
    }

    fn card_sales(&self, month: Month) -> Result<Sales, EngineError> {
        self.sales_of(month)
    }

    fn all_disputes(&self) -> Result<AllDisputes, EngineError> {
        let mut told: BTreeMap<Option<LookupHash>, Told> = BTreeMap::new();
        // By type: alarms and fraud reports lie among them, and must not push reports off the last page.
        for kind in EventKind::ALL.iter().filter(|kind| kind.reports_dispute()) {
            let of_kind = |query: &mut Query| {
                query.kind = Some(EntryKind::Dispute);
                query.entry_type = Some(kind.word().to_owned());
            };
            let is_report = |entry: &StoredEntry| self.is_of(entry, *kind);
            for entry in self.pages(DISPUTE_PAGES, of_kind, is_report)?.0 {
                let name = entry.lookups.iter().find(|(field, _)| *field == LookupField::Dispute);
                told.entry(name.map(|(_, name)| *name)).or_default().add(&entry)?;
            }
        }
        let erased = |told: &Told| told.erased_at.is_some();
        let (mut disputes, mut gone) = (Vec::new(), 0);
        for (name, told) in told {
            let is_erased = name.is_some() && erased(&told);
            let found = merged(told.standing());
            gone += usize::from(is_erased && found.is_empty());
            disputes.extend(found.into_values());
        }
        disputes
            .sort_by(|a: &Dispute, b| b.opened_at.cmp(&a.opened_at).then_with(|| a.id.cmp(&b.id)));
        Ok(AllDisputes { disputes, erased: gone })
    }
}

/// Waits, on this thread, until somebody else's write has ended.
fn await_landing(mut landed: watch::Receiver<Landing>) -> Result<(), EngineError> {
    let not_kept = || EngineError::NotKept(LedgerError::Busy { waiting: 1 });
    let runtime = tokio::runtime::Builder::new_current_thread().build().map_err(|_| not_kept())?;
    let landing = runtime.block_on(async {
        // Whoever writes it may be gone.
        landed
            .wait_for(|landing| *landing != Landing::Pending)
            .await
            .map_or(Landing::Failed, |l| *l)
    });
    match landing {
        Landing::Kept(_) => Ok(()),
        Landing::Pending | Landing::Failed => Err(not_kept()),
    }
}

/// The part of an entry every kind has.
#[derive(Deserialize)]
struct Open {
    #[serde(default)]
    summary: Summary,
}

/// Whether an entry says that it is about a transaction.
fn names(entry: &StoredEntry, id: &TransactionId) -> serde_json::Result<bool> {
    let open: Open = serde_json::from_slice(&entry.open)?;
    Ok(open.summary.transaction_id.as_deref() == Some(id.as_str()))
}

/// Of which type an entry says that it is.
fn entry_type(entry: &StoredEntry) -> Option<String> {
    let open: Open = serde_json::from_slice(&entry.open).ok()?;
    open.summary.entry_type
}

/// Whether an entry holds a file of the merchant's own.
fn is_file(entry: &StoredEntry) -> bool {
    entry_type(entry).is_some_and(|word| word == EventKind::ExhibitAttached.word())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Durability;

    #[test]
    fn what_another_writes_counts_once_it_is_on_disk() {
        let (landing, landed) = watch::channel(Landing::Pending);
        let writer = std::thread::spawn(move || {
            landing.send_replace(Landing::Kept(Durability::Fsync));
            landing // a receiver of a dropped sender would see a failure as well
        });
        assert!(await_landing(landed).is_ok());
        let landing = writer.join().unwrap();
        landing.send_replace(Landing::Failed);
        assert!(matches!(await_landing(landing.subscribe()), Err(EngineError::NotKept(_))));
        let (landing, landed) = watch::channel(Landing::Pending);
        drop(landing);
        assert!(await_landing(landed).unwrap_err().transient());
    }
}
