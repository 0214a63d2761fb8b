//! What disputes need of the record, and the one path every message takes into it.

use super::exhibit::attach::{ExhibitStep, files};
use super::packet::{CaseFile, OtherSale};
use super::worklist::{Month, Sales};
use super::{Intake, SaleKeys, label_of, label_of_warning, sha256_hex};
use crate::domain::{
    Actor, Decision, Dispute, DisputeId, DisputeReason, DisputeStage, Event, EventData, EventId,
    EventKind, LabelClass, Timestamp, Transaction, TransactionId,
};

/// One tenant's record, as far as disputes need it.
pub trait DisputeStore {
    /// Why the record could not be read or written.
    type Error: std::error::Error + Send + Sync + 'static;

    /// The sale of the first key that names one: the transaction, then a payment reference, then the
    /// order (of its attempts the last approved one, else the last).
    ///
    /// # Errors
    /// The record could not be read.
    fn find_sale(&self, keys: &SaleKeys) -> Result<Option<Transaction>, Self::Error>;

    /// The decision on a transaction.
    ///
    /// # Errors
    /// The record could not be read.
    fn decision(&self, id: &TransactionId) -> Result<Option<Decision>, Self::Error>;

    /// Every event of a sale and of its account, sorted by time.
    ///
    /// # Errors
    /// The record could not be read.
    fn events(&self, sale: &Transaction) -> Result<Vec<Event>, Self::Error>;

    /// Every other sale paid by the same card, by its fingerprint or its network token, with the
    /// events that name it; sorted by time, then by identifier.
    ///
    /// # Errors
    /// The record could not be read.
    fn other_sales(&self, sale: &Transaction) -> Result<Vec<OtherSale>, Self::Error>;

    /// Where the records of a sale lie in the ledger: its decision and every event that may be about
    /// it, in the order of the ledger.
    ///
    /// # Errors
    /// The record could not be read.
    fn links(&self, sale: &Transaction) -> Result<Vec<Link>, Self::Error>;

    /// Keeps a report: its event, its dispute and the raw message, as one record. True when it is
    /// new, false when an event of this id is already there.
    ///
    /// # Errors
    /// The record could not be written.
    fn record_report(&mut self, report: &Intake) -> Result<bool, Self::Error>;

    /// Keeps an event of ours. True when it is new.
    ///
    /// # Errors
    /// The record could not be written.
    fn record_event(&mut self, event: &Event) -> Result<bool, Self::Error>;

    /// What was recorded of sending evidence for a dispute, `evidence.*`, in the order recorded.
    ///
    /// # Errors
    /// The record could not be read.
    fn sendings(&self, id: &DisputeId) -> Result<Vec<Sending>, Self::Error>;

    /// What was recorded of files of a dispute, `exhibit.*`, in the order recorded; none of an erased person.
    ///
    /// # Errors
    /// The record could not be read.
    fn exhibits(&self, id: &DisputeId) -> Result<Vec<ExhibitStep>, Self::Error>;

    /// A dispute: the [`super::merge`] of all its reports.
    ///
    /// # Errors
    /// The record could not be read.
    fn dispute(&self, id: &DisputeId) -> Result<Option<Dispute>, Self::Error>;

    /// What the reports of a dispute say of its sale, all together.
    ///
    /// # Errors
    /// The record could not be read.
    fn sale_keys(&self, id: &DisputeId) -> Result<SaleKeys, Self::Error>;

    /// Whether the processor itself told of a dispute, by a message that is signed or was taken in by hand;
    /// neutral reports alone are not its word.
    ///
    /// # Errors
    /// The record could not be read.
    fn is_told(&self, id: &DisputeId, processor: &str) -> Result<bool, Self::Error>;

    /// Whether a dispute was answered: evidence was sent, or the processor had it under review. Only then does its
    /// end say how good the evidence was.
    ///
    /// # Errors
    /// The record could not be read.
    fn is_contested(&self, id: &DisputeId) -> Result<bool, Self::Error>;

    /// Fraud reports, messages of support and refunds that happened since.
    ///
    /// # Errors
    /// The record could not be read.
    fn notices(&self, since: Timestamp) -> Result<Notices, Self::Error>;

    /// Card sales of a period that were paid, by network.
    ///
    /// # Errors
    /// The record could not be read.
    fn card_sales(&self, month: Month) -> Result<Sales, Self::Error>;

    /// Every dispute, latest opened first, then by identifier.
    ///
    /// # Errors
    /// The record could not be read.
    fn disputes(&self) -> Result<Vec<Dispute>, Self::Error> {
        Ok(self.all_disputes()?.disputes)
    }

    /// As [`Self::disputes`], and how many there were beside them.
    ///
    /// # Errors
    /// The record could not be read.
    fn all_disputes(&self) -> Result<AllDisputes, Self::Error>;
}

/// Every dispute that can be read, and the number of those that can't.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AllDisputes {
    /// Latest opened first, then by identifier.
    pub disputes: Vec<Dispute>,
    /// Disputes of which every report went with an erased buyer.
    pub erased: usize,
}

/// Fraud reports, messages of support and refunds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Notices {
    /// In the order of the ledger.
    pub events: Vec<Event>,
    /// False where there are more than are read.
    pub whole: bool,
}

/// Stands in the names of steps that answer an inquiry. Should it become a chargeback, those are not its answer.
pub const OF_INQUIRY: &str = "inquiry-";

impl Sending {
    /// Whether it is of a dispute in this stage: an inquiry and the chargeback after it are answered once each.
    pub fn is_of(&self, stage: DisputeStage) -> bool {
        self.event_id.as_str().contains(OF_INQUIRY) == (stage == DisputeStage::Inquiry)
    }
}

/// One step of sending evidence, as it was recorded. Outlives the erasure of the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sending {
    /// Which step.
    pub kind: EventKind,
    /// Its record.
    pub event_id: EventId,
    /// When.
    pub at: Timestamp,
    /// What was sent; `None` once the person was erased.
    pub form: Option<Box<str>>,
}

/// Where one record lies in the hash chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// True for a sale with its decision, false for an event.
    pub is_sale: bool,
    /// The transaction's or the event's identifier.
    pub id: String,
    /// Number of the record in the ledger, from 1.
    pub sequence: u64,
    /// Hash of the chain up to and with this record, in hex.
    pub hash: String,
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq)]
pub struct Taken {
    /// What it was recorded as.
    pub kind: EventKind,
    /// False when the message was already there.
    pub new: bool,
    /// Where the dispute stands now; `None` for an early fraud warning.
    pub dispute: Option<Dispute>,
    /// Whether the sale is recorded.
    pub sale_found: bool,
    /// The sale it is about: as recorded, else as the merchant told the processor.
    pub transaction_id: Option<TransactionId>,
    /// What the sale turned out to be, where the message ends the matter and the sale was found.
    pub label: Option<LabelClass>,
}

/// Takes a message in: finds the sale, keeps the report, and writes the label its end implies.
///
/// Idempotent: taking the same message in again repairs what a crash in between left out.
///
/// # Errors
/// The record could not be read or written.
pub fn take_in<S: DisputeStore>(
    store: &mut S,
    intake: Intake,
    received_at: Timestamp,
) -> Result<Taken, S::Error> {
    let mut report = intake.seen_at(received_at);
    let sale = bind_to_sale(store, &mut report)?;
    if report.event.check().is_err() {
        // An answer of an issuer or a capture of a sale nobody recorded: nothing to count it for.
        report.event.kind = EventKind::ProcessorMessage;
    }
    let new = store.record_report(&report)?;
    let dispute = match &report.dispute {
        Some(dispute) => store.dispute(&dispute.id)?,
        None => None,
    };
    let known = match &dispute {
        Some(dispute) => label_of(dispute, sale.as_ref()),
        None => label_of_warning(&report.event),
    };
    let label =
        known.zip(sale.as_ref()).and_then(|(label, sale)| label_event(label, sale, &report));
    if let Some(label) = &label {
        store.record_event(label)?;
    }
    Ok(Taken {
        kind: report.event.kind,
        new,
        dispute,
        sale_found: sale.is_some(),
        transaction_id: report.event.transaction_id,
        label: label.and_then(|event| event.data.label),
    })
}

/// Finds the sale a message is about, and writes its names into the message.
pub(super) fn bind_to_sale<S: DisputeStore>(
    store: &S,
    report: &mut Intake,
) -> Result<Option<Transaction>, S::Error> {
    let sale = store.find_sale(&report.sale)?;
    if let Some(sale) = &sale {
        bind(report, sale);
    }
    Ok(sale)
}

/// Whether two sales were paid by one card, as far as fingerprint or network token show it.
pub fn is_same_card(one: &Transaction, other: &Transaction) -> bool {
    fn equal<T: PartialEq>(one: Option<&T>, other: Option<&T>) -> bool {
        one.is_some() && one == other
    }
    one.card.as_ref().zip(other.card.as_ref()).is_some_and(|(one, other)| {
        equal(one.fingerprint.as_ref(), other.fingerprint.as_ref())
            || equal(one.network_token.as_ref(), other.network_token.as_ref())
    })
}

/// The sale of a dispute, by whichever name a report had for it; `None` where none is recorded.
///
/// # Errors
/// The record could not be read.
pub fn sale_of<S: DisputeStore>(
    store: &S,
    dispute: &Dispute,
) -> Result<Option<Transaction>, S::Error> {
    let mut keys = SaleKeys {
        transaction_id: dispute.transaction_id.clone(),
        payment_references: dispute.payment_reference.iter().cloned().collect(),
        order_id: None,
    };
    // A sale that is recorded after its dispute is found by what any of its reports said.
    keys.add(store.sale_keys(&dispute.id)?);
    store.find_sale(&keys)
}

/// All that a packet is written from but the merchant's own files; `None` for an unknown dispute.
///
/// # Errors
/// The record could not be read.
pub fn case_file<S: DisputeStore>(store: &S, id: &DisputeId) -> Result<Option<CaseFile>, S::Error> {
    let Some(dispute) = store.dispute(id)? else { return Ok(None) };
    let Some(sale) = sale_of(store, &dispute)? else {
        return Ok(Some(CaseFile {
            dispute,
            transaction: None,
            decision: None,
            events: Vec::new(),
            other_sales: Vec::new(),
            files: Vec::new(),
        }));
    };
    let other_sales = match dispute.reason {
        DisputeReason::Fraud | DisputeReason::Unrecognized => store.other_sales(&sale)?,
        _ => Vec::new(),
    };
    let mut events = store.events(&sale)?;
    // What we did about the dispute is no evidence in it: a packet sent twice is one packet.
    events.retain(|event| !event.kind.is_of_the_desk());
    Ok(Some(CaseFile {
        dispute,
        decision: store.decision(&sale.transaction_id)?,
        events,
        other_sales,
        files: Vec::new(),
        transaction: Some(sale),
    }))
}

/// The same with the merchant's own files, of which each may have megabytes.
///
/// # Errors
/// The record could not be read.
pub fn whole_case<S: DisputeStore>(
    store: &S,
    id: &DisputeId,
) -> Result<Option<CaseFile>, S::Error> {
    let Some(case) = case_file(store, id)? else { return Ok(None) };
    Ok(Some(CaseFile { files: files(store, id)?, ..case }))
}

/// Where everything a packet may show lies in the ledger.
///
/// # Errors
/// The record could not be read.
pub fn links<S: DisputeStore>(store: &S, case: &CaseFile) -> Result<Vec<Link>, S::Error> {
    let others = case.other_sales.iter().map(|other| &other.transaction);
    let mut links = Vec::new();
    for sale in case.transaction.iter().chain(others) {
        links.extend(store.links(sale)?);
    }
    links.sort_by(|a, b| (a.sequence, &a.id).cmp(&(b.sequence, &b.id)));
    links.dedup();
    Ok(links)
}

fn bind(report: &mut Intake, sale: &Transaction) {
    let id = Some(sale.transaction_id.clone());
    if let Some(dispute) = &mut report.dispute {
        dispute.transaction_id.clone_from(&id);
    }
    report.event.transaction_id = id;
    report.event.order_id.clone_from(&sale.order_id);
    report.event.account_id = sale.account.as_ref().and_then(|account| account.id.clone());
}

/// The label as an event. Its identifier is a function of sale, matter and class: a dispute that is
/// closed by three messages is one label, and several warnings of one sale are one.
fn label_event(
    (class, at): (LabelClass, Timestamp),
    sale: &Transaction,
    report: &Intake,
) -> Option<Event> {
    let matter = report.dispute.as_ref().map_or("early warning", |dispute| dispute.id.as_str());
    let digest = sha256_hex(format!("{}\n{matter}", sale.transaction_id).as_bytes());
    let event_id = EventId::new(&format!("label-{class}-{digest}")).ok()?; // always fits
    Some(Event {
        event_id,
        kind: EventKind::Label,
        event_time: at,
        actor: Some(Actor::System),
        user_agent: None,
        data: EventData { label: Some(class), ..EventData::default() },
        ..report.event.clone()
    })
}

#[cfg(test)]
mod tests;
