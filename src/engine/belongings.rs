//! What belongs to a person: under which subjects their values lie sealed.
//!
//! A person is an account of a tenant. Most of what is theirs is sealed for the account, but not all: a
//! processor's message that came before its sale was recorded, an activation that names a licence key and
//! nobody, or a guest's sale that an event of the account names later are sealed for whatever they did
//! name. Such entries are found by what they share with the account's own: a sale, an order, a payment, a
//! dispute, a licence key, a subscription. Never by card, address or device, which strangers share: a
//! guest's sale is theirs where its mailbox is one they gave with a sale of their own.
//!
//! The same search says what a legal hold or an open dispute keeps, begun from many persons or sales.
//!
//! INVARIANT: nothing sealed for another account belongs to this one, whatever it shares.
//!
//! Rejected: the index, which lags and has no names that lie sealed; an erasure must miss nothing. Rejected
//! too: sealing such entries anew once their sale comes, for the log is only appended to.

use super::entry::orphan_subject;
use super::error::EngineError;
use super::query::{read_decision, read_sealed_event};
use super::stored::{Report, SealedEvent};
use crate::domain::{AccountId, TenantId};
use crate::ledger::{
    EntryKind, IndexKey, LookupField, LookupHash, Reader, StoredEntry, SubjectHash, Summary,
};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// What ties an entry to a sale, or to another entry about it.
const LINKS: [LookupField; 5] = [
    LookupField::Order,
    LookupField::ProcessorReference,
    LookupField::Dispute,
    LookupField::Licence,
    LookupField::Subscription,
];

/// A ledger that is read from its beginning more than once.
pub(super) struct Source<'l> {
    pub(super) reader: &'l Reader,
    pub(super) keys: &'l IndexKey,
    /// Told the number of each entry that is read.
    pub(super) progress: &'l mut dyn FnMut(u64),
}

/// The transactions of each tenant, or what else it has by name.
type Names = BTreeMap<TenantId, BTreeSet<String>>;

fn has(names: &Names, tenant: &TenantId, name: &str) -> bool {
    names.get(tenant).is_some_and(|names| names.contains(name))
}

/// What a search begins from.
#[derive(Default)]
pub(super) struct Seeds {
    pub(super) subjects: BTreeSet<SubjectHash>,
    pub(super) sales: Names,
    pub(super) links: BTreeSet<(LookupField, LookupHash)>,
}

impl Seeds {
    /// Begins from whatever an entry is about, too.
    pub(super) fn add(&mut self, entry: &StoredEntry) {
        self.subjects.extend(entry.subject);
        self.links.extend(entry.lookups.iter().filter(|(field, _)| LINKS.contains(field)));
        if let Some(sale) = transaction_of(entry) {
            self.sales.entry(entry.tenant.clone()).or_default().insert(sale);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.subjects.is_empty() && self.sales.is_empty() && self.links.is_empty()
    }
}

/// What belongs together, found by one walk over the ledger after the other.
pub(super) struct Search<'s> {
    keys: &'s IndexKey,
    /// Whose entries are looked at; everybody's without.
    tenant: Option<&'s TenantId>,
    /// Whether any guest's sale that is named counts: to keep too much is better than too little, and to
    /// give out or destroy too much is not.
    any_guest: bool,
    accounts: BTreeSet<(LookupField, LookupHash)>,
    /// Mailboxes given with their own sales.
    mailboxes: BTreeSet<LookupHash>,
    /// Under which subjects their values lie sealed.
    pub(super) subjects: BTreeSet<SubjectHash>,
    /// Transactions of theirs.
    pub(super) sales: Names,
    /// Transactions that events of theirs name, whosever they are.
    mentioned: Names,
    pub(super) links: BTreeSet<(LookupField, LookupHash)>,
    /// How a processor's message quotes their payments and mailboxes; none once they were erased.
    quoted: Names,
}

impl<'s> Search<'s> {
    /// What belongs to an account. Cost: three passes over the ledger, and one more for each further step
    /// between a message and its sale.
    ///
    /// # Errors
    /// The ledger is damaged or can't be read.
    pub(super) fn of(
        source: &mut Source<'s>,
        tenant: &'s TenantId,
        account: &AccountId,
    ) -> Result<Self, EngineError> {
        let (keys, field) = (source.keys, LookupField::Account);
        let subjects = BTreeSet::from([super::holds::person(keys, tenant, account)]);
        let mut search = Self::new(keys, Some(tenant), Seeds { subjects, ..Seeds::default() });
        search.accounts.insert((field, keys.lookup(tenant, field, account.as_str())));
        search.run(source)?;
        Ok(search)
    }

    /// What must be kept with persons, sales and ties; of every tenant where none is given. Cost: as of
    /// [`Search::of`], and one pass more.
    ///
    /// # Errors
    /// The ledger is damaged or can't be read.
    pub(super) fn around(
        source: &mut Source<'s>,
        tenant: Option<&'s TenantId>,
        seeds: Seeds,
    ) -> Result<Self, EngineError> {
        let mut search = Self::new(source.keys, tenant, seeds);
        search.any_guest = true;
        search.pass(source, Self::buyers)?;
        search.run(source)?;
        Ok(search)
    }

    fn new(keys: &'s IndexKey, tenant: Option<&'s TenantId>, seeds: Seeds) -> Self {
        let Seeds { subjects, sales, links } = seeds;
        Self {
            keys,
            tenant,
            any_guest: false,
            accounts: BTreeSet::new(),
            mailboxes: BTreeSet::new(),
            subjects,
            sales,
            mentioned: Names::new(),
            links,
            quoted: Names::new(),
        }
    }

    fn run(&mut self, source: &mut Source<'_>) -> Result<(), EngineError> {
        self.pass(source, Self::own)?;
        self.pass(source, Self::mentioned)?;
        for (tenant, mut named) in std::mem::take(&mut self.mentioned) {
            self.sales.entry(tenant).or_default().append(&mut named);
        }
        loop {
            let before = self.size();
            self.pass(source, Self::linked)?;
            if self.size() == before {
                return Ok(());
            }
        }
    }

    fn size(&self) -> [usize; 3] {
        let sales = self.sales.values().map(BTreeSet::len).sum();
        [self.subjects.len(), sales, self.links.len()]
    }

    fn pass(
        &mut self,
        source: &mut Source<'_>,
        look: fn(&mut Self, &StoredEntry) -> Result<(), EngineError>,
    ) -> Result<(), EngineError> {
        for entry in source.reader.scan(None)? {
            let entry = entry?;
            (source.progress)(entry.sequence);
            let is_asked = self.tenant.is_none_or(|tenant| entry.tenant == *tenant);
            if is_asked && entry.kind != EntryKind::Admin {
                look(self, &entry)?;
            }
        }
        Ok(())
    }

    /// Whether an entry is theirs, or is another's and about something of theirs.
    pub(super) fn concerns(&self, entry: &StoredEntry) -> bool {
        entry.subject.is_some_and(|subject| self.subjects.contains(&subject))
            || transaction_of(entry).is_some_and(|id| has(&self.sales, &entry.tenant, &id))
            || entry.lookups.iter().any(|link| self.links.contains(link))
    }

    /// Before: who bought, where it begins from sales, and of which account somebody is.
    #[expect(clippy::unnecessary_wraps, reason = "a pass takes looks that may fail")]
    fn buyers(&mut self, entry: &StoredEntry) -> Result<(), EngineError> {
        let Some(subject) = entry.subject.filter(|_| entry.kind == EntryKind::Decision) else {
            return Ok(());
        };
        if self.subjects.contains(&subject) || has(&self.sales, &entry.tenant, &entry.id) {
            self.subjects.insert(subject);
            self.accounts.extend(account_of(entry));
        }
        Ok(())
    }

    /// First: what is sealed for the account, and what names it.
    fn own(&mut self, entry: &StoredEntry) -> Result<(), EngineError> {
        let sealed_for = entry.subject.is_some_and(|subject| self.subjects.contains(&subject));
        if sealed_for {
            self.take(entry);
            self.quote(entry)?;
            self.mailboxes.extend(mailbox_of(entry));
        }
        if entry.kind != EntryKind::Decision
            && (sealed_for || entry.lookups.iter().any(|name| self.accounts.contains(name)))
            && let Some(id) = transaction_of(entry)
        {
            self.mentioned.entry(entry.tenant.clone()).or_default().insert(id);
        }
        Ok(())
    }

    /// Then: sales that were named and have no account are theirs where the mailbox is, or nobody else is
    /// known of; those of another account, mailbox or card are not.
    fn mentioned(&mut self, entry: &StoredEntry) -> Result<(), EngineError> {
        if entry.kind != EntryKind::Decision || !has(&self.mentioned, &entry.tenant, &entry.id) {
            return Ok(());
        }
        let account = account_of(entry);
        let is_theirs = account.is_none() && self.is_their_guest(entry);
        if is_theirs {
            self.subjects.extend(entry.subject);
            self.take(entry);
            self.quote(entry)?;
        } else if account.is_none_or(|account| !self.accounts.contains(&account))
            && let Some(named) = self.mentioned.get_mut(&entry.tenant)
        {
            named.remove(&entry.id);
        }
        Ok(())
    }

    /// Whoever pays for a gift is another than who redeems it, and a card's other sales would come along.
    fn is_their_guest(&self, entry: &StoredEntry) -> bool {
        let is_known = mailbox_of(entry).is_some_and(|mailbox| self.mailboxes.contains(&mailbox));
        let is_nobodys = || entry.subject.is_some_and(|subject| self.is_orphan(entry, subject));
        self.any_guest || is_known || is_nobodys()
    }

    /// Last, until it finds nothing more: what is sealed for nobody known and shares a name with theirs.
    fn linked(&mut self, entry: &StoredEntry) -> Result<(), EngineError> {
        let Some(subject) = entry.subject else { return Ok(()) };
        if self.subjects.contains(&subject) {
            self.take(entry);
        } else if self.is_orphan(entry, subject) && self.is_linked(entry)? {
            self.subjects.insert(subject);
            self.take(entry);
        }
        Ok(())
    }

    fn is_orphan(&self, entry: &StoredEntry, subject: SubjectHash) -> bool {
        let of = |id: &str| orphan_subject(self.keys, &entry.tenant, id) == subject;
        of(&entry.id) || transaction_of(entry).is_some_and(|id| of(&id))
    }

    fn is_linked(&self, entry: &StoredEntry) -> Result<bool, EngineError> {
        if transaction_of(entry).is_some_and(|id| has(&self.sales, &entry.tenant, &id))
            || entry.lookups.iter().any(|link| self.links.contains(link))
        {
            return Ok(true);
        }
        // A message kept by a version that hashed no payment for the look-up says its names sealed only,
        // and one that could not be read says them as it came.
        let is_told =
            entry.lookups.iter().any(|(field, _)| *field == LookupField::ProcessorReference);
        if is_told || entry.kind == EntryKind::Decision {
            return Ok(false);
        }
        let Some(SealedEvent { report: Some(report), .. }) = read_sealed_event(entry)? else {
            return Ok(false);
        };
        Ok(self.is_about_theirs(&entry.tenant, &report))
    }

    fn is_about_theirs(&self, tenant: &TenantId, report: &Report) -> bool {
        let ties = |field: LookupField, name: &str| {
            self.links.contains(&(field, self.keys.lookup(tenant, field, name)))
        };
        let sale = &report.sale;
        sale.transaction_id.as_ref().is_some_and(|id| has(&self.sales, tenant, id.as_str()))
            || sale.order_id.as_ref().is_some_and(|id| ties(LookupField::Order, id.as_str()))
            || sale
                .payment_references
                .iter()
                .any(|name| ties(LookupField::ProcessorReference, name.as_str()))
            || self.quoted.get(tenant).into_iter().flatten().any(|name| report.raw.contains(name))
    }

    fn take(&mut self, entry: &StoredEntry) {
        if entry.kind == EntryKind::Decision {
            self.sales.entry(entry.tenant.clone()).or_default().insert(entry.id.clone());
        }
        self.links.extend(entry.lookups.iter().filter(|(field, _)| LINKS.contains(field)));
    }

    fn quote(&mut self, entry: &StoredEntry) -> Result<(), EngineError> {
        if entry.kind != EntryKind::Decision {
            return Ok(());
        }
        let Some(sale) = read_decision(entry)?.transaction else { return Ok(()) };
        let payment =
            sale.payment.as_ref().and_then(|payment| payment.processor_reference.as_ref());
        let mailbox = sale.account.as_ref().and_then(|account| account.email.as_ref());
        let names = [payment.map(|name| name.as_str()), mailbox.map(|mailbox| mailbox.as_str())];
        let names = names.into_iter().flatten().map(|name| format!("\"{name}\""));
        self.quoted.entry(entry.tenant.clone()).or_default().extend(names);
        Ok(())
    }
}

fn account_of(entry: &StoredEntry) -> Option<(LookupField, LookupHash)> {
    entry.lookups.iter().find(|(field, _)| *field == LookupField::Account).copied()
}

fn mailbox_of(entry: &StoredEntry) -> Option<LookupHash> {
    let mailbox = entry.lookups.iter().find(|(field, _)| *field == LookupField::Email);
    mailbox.map(|(_, mailbox)| *mailbox)
}

/// The transaction an entry says in the open that it is about; of a decision its own.
pub(super) fn transaction_of(entry: &StoredEntry) -> Option<String> {
    #[derive(Deserialize)]
    struct Open {
        summary: Summary,
    }
    if entry.kind == EntryKind::Decision {
        return Some(entry.id.clone());
    }
    let open: Open = serde_json::from_slice(&entry.open).ok()?;
    open.summary.transaction_id
}
