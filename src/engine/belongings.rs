//! What belongs to a person: under which subjects their values lie sealed.
//!
//! A person is an account of a tenant. Most of what is theirs is sealed for the account, but not all: a
//! processor's message that came before its sale was recorded, an activation that names a licence key and
//! nobody, or a guest's sale that an event of the account names later are sealed for whatever they did
//! name. Such entries are found by what they share with the account's own: a sale, an order, a payment, a
//! dispute, a licence key, a subscription. Never by card, address or device, which strangers share.
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
use std::collections::BTreeSet;

/// What ties an entry to a sale, or to another entry about it.
pub(super) const LINKS: [LookupField; 5] = [
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

/// The subjects under which an account's values lie sealed, the account's own among them. Cost: three
/// passes over the ledger, and one more for each further step between a message and its sale.
///
/// # Errors
/// The ledger is damaged or can't be read.
pub(super) fn subjects_of(
    source: &mut Source<'_>,
    tenant: &TenantId,
    account: &AccountId,
) -> Result<BTreeSet<SubjectHash>, EngineError> {
    let mut search = Search::of(source.keys, tenant, account);
    search.pass(source, Search::own)?;
    search.pass(source, Search::mentioned)?;
    search.sales.append(&mut search.mentioned);
    loop {
        let before = search.size();
        search.pass(source, Search::linked)?;
        if search.size() == before {
            return Ok(search.subjects);
        }
    }
}

struct Search<'s> {
    keys: &'s IndexKey,
    tenant: &'s TenantId,
    account: (LookupField, LookupHash),
    subjects: BTreeSet<SubjectHash>,
    /// Transactions of theirs.
    sales: BTreeSet<String>,
    /// Transactions that events of theirs name, whosever they are.
    mentioned: BTreeSet<String>,
    links: BTreeSet<(LookupField, LookupHash)>,
    /// How a processor's message quotes their payments and mailboxes; none once they were erased.
    quoted: BTreeSet<String>,
}

impl<'s> Search<'s> {
    fn of(keys: &'s IndexKey, tenant: &'s TenantId, account: &AccountId) -> Self {
        let field = LookupField::Account;
        Self {
            keys,
            tenant,
            account: (field, keys.lookup(tenant, field, account.as_str())),
            subjects: BTreeSet::from([super::holds::person(keys, tenant, account)]),
            sales: BTreeSet::new(),
            mentioned: BTreeSet::new(),
            links: BTreeSet::new(),
            quoted: BTreeSet::new(),
        }
    }

    fn size(&self) -> [usize; 3] {
        [self.subjects.len(), self.sales.len(), self.links.len()]
    }

    fn pass(
        &mut self,
        source: &mut Source<'_>,
        look: fn(&mut Self, &StoredEntry) -> Result<(), EngineError>,
    ) -> Result<(), EngineError> {
        for entry in source.reader.scan(None)? {
            let entry = entry?;
            (source.progress)(entry.sequence);
            if entry.tenant == *self.tenant && entry.kind != EntryKind::Admin {
                look(self, &entry)?;
            }
        }
        Ok(())
    }

    /// First: what is sealed for the account, and what names it.
    fn own(&mut self, entry: &StoredEntry) -> Result<(), EngineError> {
        let sealed_for = entry.subject.is_some_and(|subject| self.subjects.contains(&subject));
        if sealed_for {
            self.take(entry);
            self.quote(entry)?;
        }
        if entry.kind != EntryKind::Decision
            && (sealed_for || entry.lookups.contains(&self.account))
        {
            self.mentioned.extend(transaction_of(entry));
        }
        Ok(())
    }

    /// Then: sales that were named and have no account are theirs, and those of another account are not.
    fn mentioned(&mut self, entry: &StoredEntry) -> Result<(), EngineError> {
        if entry.kind != EntryKind::Decision || !self.mentioned.contains(&entry.id) {
            return Ok(());
        }
        let account = entry.lookups.iter().find(|(field, _)| *field == LookupField::Account);
        if account.is_none() {
            self.subjects.extend(entry.subject);
            self.take(entry);
            self.quote(entry)?;
        } else if account != Some(&self.account) {
            self.mentioned.remove(&entry.id);
        }
        Ok(())
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
        let of = |id: &str| orphan_subject(self.keys, self.tenant, id) == subject;
        of(&entry.id) || transaction_of(entry).is_some_and(|id| of(&id))
    }

    fn is_linked(&self, entry: &StoredEntry) -> Result<bool, EngineError> {
        if transaction_of(entry).is_some_and(|id| self.sales.contains(&id))
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
        Ok(self.is_about_theirs(&report))
    }

    fn is_about_theirs(&self, report: &Report) -> bool {
        let has = |field: LookupField, name: &str| {
            self.links.contains(&(field, self.keys.lookup(self.tenant, field, name)))
        };
        let sale = &report.sale;
        sale.transaction_id.as_ref().is_some_and(|id| self.sales.contains(id.as_str()))
            || sale.order_id.as_ref().is_some_and(|id| has(LookupField::Order, id.as_str()))
            || sale
                .payment_references
                .iter()
                .any(|name| has(LookupField::ProcessorReference, name.as_str()))
            || self.quoted.iter().any(|quoted| report.raw.contains(quoted))
    }

    fn take(&mut self, entry: &StoredEntry) {
        if entry.kind == EntryKind::Decision {
            self.sales.insert(entry.id.clone());
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
        self.quoted.extend(names.into_iter().flatten().map(|name| format!("\"{name}\"")));
        Ok(())
    }
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
