//! Handing evidence over, and sending it: once.
//!
//! ```text
//! stage    look ─► packet ─► upload ─► update, submit=false ─► `evidence.staged`
//! submit   look ─► packet ─► upload ─► `evidence.submitting` with the form ─► update, submit=true
//!                                        ─► `evidence.submitted`, or `evidence.refused`
//! ```
//!
//! INVARIANT: nothing is sent for good unless an intent with exactly this form is on disk before. A run that
//! finds an intent without an outcome (a crash, no answer) asks the processor what it has; only if nothing
//! was sent it sends the recorded form again, under the same idempotency key. So a lost answer, a `kill -9`
//! at any place and a second run beside the first never make two submissions. Only a refusal, which the
//! processor says in words, or a dispute that takes no answer any more closes an intent and lets a new one be
//! made. A failure (5xx) the processor keeps under its key for a day: if it says that nothing was sent, the same
//! form goes again under a new key, itself on disk before.
//!
//! An inquiry and the chargeback it may become are answered once each: steps are of a stage, by their names.
//!
//! Rejected: the packet of today for yesterday's intent. Under one key it would be another request, under a
//! new key a second submission.

use super::error::{ProcessorError, SendError};
use super::stripe::{Live, Stripe};
use crate::disputes::packet::{self, CaseFile, PdfOptions, Profile};
use crate::disputes::stripe::evidence::{CE3, Evidence};
use crate::disputes::stripe::{signature::TOLERANCE_S, status_of};
use crate::disputes::{self, DisputeStore, Intake, OF_INQUIRY, SaleKeys, Sending};
use crate::domain::{
    Actor, Dispute, DisputeId, DisputeStage, DisputeStatus, Event, EventData, EventId, EventKind,
    SECOND_MS, Text, Timestamp, excerpt,
};
use crate::ledger::SigningKey;
use sha2::{Digest, Sha256};

/// Most new keys of one run, and of one try in all: each stands for a failure of the processor.
const KEYS_OF_RUN: u32 = 2;
const KEYS_OF_TRY: u32 = 40;

/// How far evidence goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Handed over: a person can look at it in the dashboard and send it there.
    Stage,
    /// Sent to the bank, for good.
    Submit,
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// Handed over.
    Staged,
    /// Sent.
    Submitted,
    /// An earlier run had sent it; now that is on record.
    FoundSent,
}

/// Evidence that was handed over or sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// What was done.
    pub done: Done,
    /// The dispute's status at the processor after it.
    pub status: String,
    /// What the merchant should know.
    pub notes: Vec<String>,
}

/// Hands the evidence of a dispute over, or sends it. Blocks on the network and the disk.
///
/// # Errors
/// It must not or can't be sent; [`ProcessorError::Unanswered`] leaves it open whether it was, and the next
/// run finds out.
pub fn send<S: DisputeStore>(
    store: &mut S,
    id: &DisputeId,
    mode: Mode,
    (stripe, key): (&Stripe, &SigningKey),
    now: Timestamp,
) -> Result<Sent, SendError<S::Error>> {
    let case = disputes::whole_case(store, id).map_err(SendError::Store)?;
    let case = case.ok_or_else(|| SendError::Unknown(id.clone()))?;
    if case.dispute.processor.as_str() != "stripe" {
        return Err(SendError::OtherProcessor(case.dispute.processor));
    }
    if !store.is_told(id, "stripe").map_err(SendError::Store)? {
        return Err(SendError::Untold);
    }
    let live = stripe.dispute(id)?;
    if !is_same_payment(&case, &live) {
        return Err(SendError::OtherPayment);
    }
    let stage = live.stage();
    let steps = store.sendings(id).map_err(SendError::Store)?;
    let (before, other): (Vec<_>, Vec<_>) = steps.into_iter().partition(|step| step.is_of(stage));
    let is_submitted = |step: &&Sending| step.kind == EventKind::EvidenceSubmitted;
    if let Some(sent) = before.iter().find(is_submitted) {
        return Err(SendError::AlreadySent(Some(sent.at)));
    }
    let answered = other.iter().find(is_submitted).or(open_intent(&other)).is_some();
    let mut desk = Desk { store, case: &case, stripe, stage, answered, now };
    match open_intent(&before) {
        Some(open) if live.is_sent(answered) => return desk.found(open.event_id.as_str(), &live),
        Some(_) if mode == Mode::Stage => return Err(SendError::OpenTry),
        Some(open) => return desk.resume(open, &live),
        None if live.is_sent(answered) => {
            // In the dashboard. On record, so that nobody tries or is told again.
            let intent = desk.name("submitting", 0);
            desk.found(&intent, &live)?;
            return Err(SendError::AlreadySent(None));
        }
        None => {}
    }
    may_be_sent(&case, &live, now)?;
    let (evidence, notes) = desk.prepare(key, &live)?;
    match mode {
        Mode::Stage => desk.stage(&evidence, notes),
        Mode::Submit => {
            let attempt = before.iter().filter(|step| is_intent(step)).count() + 1;
            desk.submit(&evidence, attempt, notes)
        }
    }
}

/// Whether the processor's dispute is the recorded one: its amount, and a name of its payment.
fn is_same_payment(case: &CaseFile, live: &Live) -> bool {
    let payment = case.transaction.as_ref().and_then(|sale| sale.payment.as_ref());
    let of_sale = payment.and_then(|payment| payment.processor_reference.as_ref());
    let mut known = case.dispute.payment_reference.iter().chain(of_sale);
    live.disputed.as_ref().is_some_and(|disputed| {
        disputed.amount == case.dispute.amount
            && known.any(|reference| disputed.references.contains(reference))
    })
}

fn is_intent(step: &Sending) -> bool {
    step.kind == EventKind::EvidenceSubmitting
}

/// The last intent, where no refusal came after it.
fn open_intent(before: &[Sending]) -> Option<&Sending> {
    let last =
        before.iter().rev().find(|step| is_intent(step) || step.kind == EventKind::EvidenceRefused);
    last.filter(|step| is_intent(step))
}

/// Whether a first try may be made.
fn may_be_sent<E: std::error::Error>(
    case: &CaseFile,
    live: &Live,
    now: Timestamp,
) -> Result<(), SendError<E>> {
    if case.transaction.is_none() {
        return Err(SendError::NoSale);
    }
    is_taken(case, live, now)?;
    if packet::answers(case).is_empty() { Err(SendError::NoAnswer) } else { Ok(()) }
}

/// Whether the processor takes evidence now.
fn is_taken<E: std::error::Error>(
    case: &CaseFile,
    live: &Live,
    now: Timestamp,
) -> Result<(), SendError<E>> {
    if !live.waits() {
        let status = case.dispute.status;
        let known =
            if status == DisputeStatus::NeedsResponse { DisputeStatus::Unknown } else { status };
        return Err(SendError::NotWaiting(known));
    }
    match live.due_by {
        None => Err(SendError::PastDue(None)),
        Some(due) if due <= now => Err(SendError::PastDue(Some(due))),
        Some(_) if live.past_due => Err(SendError::PastDue(None)), // by the processor's clock
        Some(_) => Ok(()),
    }
}

struct Desk<'d, S> {
    store: &'d mut S,
    case: &'d CaseFile,
    stripe: &'d Stripe,
    /// What the dispute is now: an inquiry, or a chargeback.
    stage: DisputeStage,
    /// Whether it was answered in the other stage.
    answered: bool,
    now: Timestamp,
}

impl<S: DisputeStore> Desk<'_, S> {
    /// The answer, its packet uploaded.
    fn prepare(
        &self,
        key: &SigningKey,
        live: &Live,
    ) -> Result<(Evidence, Vec<String>), SendError<S::Error>> {
        let links = disputes::links(self.store, self.case).map_err(SendError::Store)?;
        let options = PdfOptions { profile: Profile::Stripe, paper: None };
        let pdf = packet::pdf(self.case, &links, key, options)?;
        let mut evidence = Evidence::of(self.case, live.eligible.iter().any(|word| word == CE3));
        let digest = hex(&Sha256::digest(&pdf.bytes));
        evidence.attach(&self.stripe.upload("packet.pdf", &pdf.bytes, &digest, self.now)?);
        let mut notes = pdf.warnings;
        notes.append(&mut evidence.notes);
        Ok((evidence, notes))
    }

    fn stage(
        &mut self,
        evidence: &Evidence,
        notes: Vec<String>,
    ) -> Result<Sent, SendError<S::Error>> {
        let form = evidence.form(false);
        let digest = digest_of(&form);
        let key = format!("vouch-stage-{}{digest}", self.word());
        let update = |key: &str| self.stripe.update(&self.case.dispute.id, &form, key);
        let live = match update(&key) {
            Err(ProcessorError::Failed { .. }) => update(&format!("{key}-{}", self.now.millis()))?,
            done => done?,
        };
        let name = format!(
            "evidence-staged-{}{}-{}",
            self.word(),
            self.now.millis(),
            digest.get(..32).unwrap_or(&digest)
        );
        self.record(EventKind::EvidenceStaged, &name, &form, None)?;
        Ok(Sent { done: Done::Staged, status: live.status, notes })
    }

    fn submit(
        &mut self,
        evidence: &Evidence,
        attempt: usize,
        notes: Vec<String>,
    ) -> Result<Sent, SendError<S::Error>> {
        let form = evidence.form(true);
        let name = self.name("submitting", attempt);
        // On disk before anything is sent; two runs can't both be first.
        if !self.record(EventKind::EvidenceSubmitting, &name, &form, None)? {
            return Err(SendError::UnderWay);
        }
        self.post(&name, &form, notes)
    }

    /// Goes on with a try whose outcome is not known.
    fn resume(&mut self, open: &Sending, live: &Live) -> Result<Sent, SendError<S::Error>> {
        let intent = open.event_id.as_str();
        if let Err(over) = is_taken(self.case, live, self.now) {
            let says = format!("not sent: {over}");
            self.refused(intent, &[], &says)?;
            return Err(over);
        }
        let form = open.form.as_ref().and_then(|form| serde_json::from_str(form).ok());
        let form: Vec<(String, String)> = form.ok_or(SendError::Erased)?;
        self.post(intent, &form, Vec::new())
    }

    /// Records that the processor has evidence already.
    fn found(&mut self, intent: &str, live: &Live) -> Result<Sent, SendError<S::Error>> {
        let status = live.status.clone();
        let says = format!("found sent: {status}");
        self.submitted(intent, &[], (&says, &status))?;
        Ok(Sent { done: Done::FoundSent, status, notes: Vec::new() })
    }

    /// Sends a form whose intent is on disk, and records what came of it.
    fn post(
        &mut self,
        intent: &str,
        form: &[(String, String)],
        notes: Vec<String>,
    ) -> Result<Sent, SendError<S::Error>> {
        let id = &self.case.dispute.id;
        let mut intent = intent.to_owned();
        let mut keys = 0;
        loop {
            match self.stripe.update(id, form, &format!("vouch-{intent}")) {
                Ok(live) => {
                    self.submitted(&intent, form, (&live.status, &live.status))?;
                    return Ok(Sent { done: Done::Submitted, status: live.status, notes });
                }
                Err(refused @ ProcessorError::Refused { .. }) => {
                    self.refused(&intent, form, &refused.to_string())?;
                    return Err(refused.into());
                }
                Err(failed @ ProcessorError::Failed { status: 500.., .. }) => {
                    let next = next_key(&intent).filter(|_| keys < KEYS_OF_RUN);
                    let live = self.stripe.dispute(id)?;
                    if live.is_sent(self.answered) {
                        return self.found(&intent, &live);
                    }
                    // Past due by now: the next run closes the try.
                    let is_open = is_taken::<S::Error>(self.case, &live, self.now).is_ok();
                    intent = next.filter(|_| is_open).ok_or(failed)?;
                    if !self.record(EventKind::EvidenceSubmitting, &intent, form, None)? {
                        return Err(SendError::UnderWay);
                    }
                    keys += 1;
                }
                Err(unknown) => return Err(unknown.into()),
            }
        }
    }

    /// The word of the stage in the names of steps.
    fn word(&self) -> &'static str {
        if self.stage == DisputeStage::Inquiry { OF_INQUIRY } else { "" }
    }

    /// The name of a step: of the dispute and the attempt, so that the same step is recorded once.
    fn name(&self, step: &str, attempt: usize) -> String {
        let dispute = hex(&Sha256::digest(self.case.dispute.id.as_str()));
        format!(
            "evidence-{step}-{}{attempt}-{}",
            self.word(),
            dispute.get(..32).unwrap_or(&dispute)
        )
    }

    /// Records that evidence was sent, and the status the processor answered with as a report of the dispute:
    /// from here on it waits for the bank, whenever the processor's own message comes.
    fn submitted(
        &mut self,
        intent: &str,
        form: &[(String, String)],
        (says, status): (&str, &str),
    ) -> Result<(), SendError<S::Error>> {
        let kind = EventKind::EvidenceSubmitted;
        let name = intent.replacen("submitting", "submitted", 1);
        let mut step = self.step(kind, &name, form, Some(says));
        step.dispute = self.as_answered(&step.event.event_id, status);
        self.store.record_report(&step).map(drop).map_err(SendError::Store)
    }

    fn refused(
        &mut self,
        intent: &str,
        form: &[(String, String)],
        says: &str,
    ) -> Result<(), SendError<S::Error>> {
        let name = intent.replacen("submitting", "refused", 1);
        self.record(EventKind::EvidenceRefused, &name, form, Some(says)).map(drop)
    }

    /// The dispute as the processor's answer shows it. Dated a little before our clock, by as much as webhooks may
    /// differ from it: what the processor says of a later moment always stands over it.
    fn as_answered(&self, by: &EventId, status: &str) -> Option<Dispute> {
        let known = &self.case.dispute;
        let at = self.now.plus_millis(-TOLERANCE_S * SECOND_MS).max(known.updated_at);
        Some(Dispute {
            status: status_of(status),
            processor_status: Text::new(status).ok()?,
            updated_at: at,
            updated_by: by.clone(),
            ..known.clone()
        })
    }

    /// True when the step is new.
    fn record(
        &mut self,
        kind: EventKind,
        name: &str,
        form: &[(String, String)],
        says: Option<&str>,
    ) -> Result<bool, SendError<S::Error>> {
        let step = self.step(kind, name, form, says);
        self.store.record_report(&step).map_err(SendError::Store)
    }

    fn step(
        &self,
        kind: EventKind,
        name: &str,
        form: &[(String, String)],
        says: Option<&str>,
    ) -> Intake {
        let dispute = &self.case.dispute;
        let sale = self.case.transaction.as_ref();
        let account = sale.and_then(|sale| sale.account.as_ref());
        let event = Event {
            event_id: EventId::new(name).unwrap_or_else(|_| unreachable!("letters and digits")),
            kind,
            event_time: self.now,
            transaction_id: sale.map(|sale| sale.transaction_id.clone()),
            order_id: sale.and_then(|sale| sale.order_id.clone()),
            invoice_id: None,
            account_id: account.and_then(|account| account.id.clone()),
            subscription_id: None,
            licence_key: None,
            dispute_id: Some(dispute.id.clone()),
            actor: Some(Actor::System),
            ip: None,
            device_id: None,
            user_agent: None,
            data: EventData {
                reason: says.and_then(|says| Text::new(&excerpt(says, 200)).ok()),
                ..EventData::default()
            },
        };
        let raw = serde_json::to_string(form).unwrap_or_default(); // texts always serialise
        let sale = SaleKeys::default();
        Intake { dispute: None, event, sale, dated: true, raw: raw.into() }
    }
}

/// The name of an intent that sends the same under a new key.
fn next_key(intent: &str) -> Option<String> {
    let (first, number) = match intent.rsplit_once("-r") {
        Some((first, number)) => (first, number.parse().ok()?),
        None => (intent, 1_u32),
    };
    (number < KEYS_OF_TRY).then(|| format!("{first}-r{}", number + 1))
}

fn digest_of(form: &[(String, String)]) -> String {
    hex(&Sha256::digest(serde_json::to_vec(form).unwrap_or_default()))
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
