//! An entry as one line of a customer's history: what it was, how it ended, what it was about.

use super::error::EngineError;
use super::query::{kind_of, read_decision, read_event, read_open_event};
use crate::domain::{Amount, Event, EventKind, Timestamp, Transaction, TransactionKind, excerpt};
use crate::features::{Value, fields as f};
use crate::ledger::{EntryKind, Personal, StoredEntry};
use serde::Serialize;

/// Longest detail, in characters.
const LONGEST_DETAIL: usize = 80;

/// What a moment of a customer's history is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// A payment that is no subscription's.
    OneOff,
    /// A trial, a payment for a subscription, or its end.
    Subscription,
    /// What the issuer, the shop or a reviewer said of a payment.
    Payment,
    /// What was delivered is used.
    Usage,
    /// Sign-ups, logins and changes of the account.
    Account,
    /// What was agreed to and what was said.
    Contact,
    /// Money that went back.
    Refund,
    /// A dispute, or the issuer's warning of one.
    Dispute,
    /// What a sale turned out to be.
    Label,
}

impl What {
    /// The word in a listing.
    pub fn word(self) -> &'static str {
        match self {
            Self::OneOff => "one_off",
            Self::Subscription => "subscription",
            Self::Payment => "payment",
            Self::Usage => "usage",
            Self::Account => "account",
            Self::Contact => "contact",
            Self::Refund => "refund",
            Self::Dispute => "dispute",
            Self::Label => "label",
        }
    }
}

/// One line of a customer's history.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Moment {
    /// When it happened.
    pub event_time: Timestamp,
    /// What it is.
    pub what: What,
    /// Type of the transaction or the event.
    #[serde(rename = "type")]
    pub entry_type: String,
    /// Its price, or the money that moved.
    pub amount: Option<Amount>,
    /// Our action on a transaction; how an event ended.
    pub outcome: Option<String>,
    /// 0.01 ..= 99.99, of a transaction.
    pub risk_score: Option<f64>,
    /// The transaction concerned.
    pub transaction_id: Option<String>,
    /// The transaction's or event's own id.
    pub id: String,
    /// Plan, article, reason, feature: whatever says most; none once the person was erased.
    pub detail: Option<String>,
    /// True when the person was erased.
    pub erased: bool,
    /// The entry's number in the ledger.
    pub sequence: u64,
}

/// Reads an entry as a moment. Cost: one unsealing.
///
/// # Errors
/// The key file can't be read, or the entry is none of this version's.
pub fn moment(stored: &StoredEntry) -> Result<Moment, EngineError> {
    if stored.kind == EntryKind::Decision { of_decision(stored) } else { of_event(stored) }
}

fn of_decision(stored: &StoredEntry) -> Result<Moment, EngineError> {
    let whole = read_decision(stored)?;
    let (decision, record) = (whole.decision, whole.record);
    let kind = kind_of(&record);
    let subscribed = !record.get(f::SUBSCRIPTION_PLAN).is_missing();
    Ok(Moment {
        event_time: stored.event_time,
        what: kind.map_or(What::OneOff, |kind| of_kind(kind, subscribed)),
        entry_type: kind.map_or_else(String::new, |kind| kind.word().to_owned()),
        amount: match record.get(f::AMOUNT) {
            Value::Money(amount) => Some(*amount),
            _ => None,
        },
        outcome: Some(decision.action.word().to_owned()),
        risk_score: decision.risk_score,
        transaction_id: Some(stored.id.clone()),
        id: stored.id.clone(),
        detail: whole.transaction.as_ref().and_then(bought),
        erased: whole.erased,
        sequence: stored.sequence,
    })
}

fn of_kind(kind: TransactionKind, subscribed: bool) -> What {
    use TransactionKind as K;
    match kind {
        K::Purchase if subscribed => What::Subscription,
        K::Purchase | K::TopUp => What::OneOff,
        K::TrialStart | K::Renewal | K::PlanChange => What::Subscription,
        K::SignUp | K::Login | K::CardSetup | K::PayoutChange => What::Account,
    }
}

/// What was bought: the plan, else the articles.
fn bought(tx: &Transaction) -> Option<String> {
    let plan = tx.subscription.as_ref().and_then(|plan| plan.plan.as_ref());
    let articles = tx.items.iter().filter_map(|item| item.sku.as_ref().map(|sku| sku.as_str()));
    let text = match plan {
        Some(plan) => plan.as_str().to_owned(),
        None => articles.collect::<Vec<_>>().join(", "),
    };
    (!text.is_empty()).then(|| excerpt(&text, LONGEST_DETAIL))
}

fn of_event(stored: &StoredEntry) -> Result<Moment, EngineError> {
    let open = read_open_event(stored)?;
    let event = read_event(stored)?;
    let erased = event.is_none() && matches!(stored.personal()?, Personal::Erased);
    let outcome = open.as_ref().and_then(|facts| {
        let label = facts.label.map(|label| label.word());
        label.or(facts.outcome.map(|outcome| outcome.word())).map(str::to_owned)
    });
    let status = event.as_ref().and_then(|event| event.data.status.as_ref());
    Ok(Moment {
        event_time: stored.event_time,
        what: open.as_ref().map_or(What::Usage, |facts| of_event_kind(facts.kind)),
        entry_type: open.as_ref().map_or_else(String::new, |facts| facts.kind.word().to_owned()),
        amount: event.as_ref().and_then(|event| event.data.amount),
        outcome: outcome.or_else(|| status.map(|status| status.as_str().to_owned())),
        risk_score: None,
        transaction_id: open.and_then(|facts| Some(facts.transaction_id?.as_str().to_owned())),
        id: stored.id.clone(),
        detail: event.as_ref().and_then(said),
        erased,
        sequence: stored.sequence,
    })
}

fn of_event_kind(kind: EventKind) -> What {
    use EventKind as K;
    match kind {
        K::AuthResult
        | K::PaymentBlocked
        | K::Capture
        | K::ChallengeResult
        | K::ReviewResolved
        | K::ProcessorMessage => What::Payment,
        K::Refund => What::Refund,
        K::CancelRequested | K::CancelEffective | K::CancelPageViewed => What::Subscription,
        K::FraudWarning
        | K::DisputeCreated
        | K::DisputeUpdated
        | K::DisputeFundsWithdrawn
        | K::DisputeFundsReinstated
        | K::DisputeClosed
        | K::DisputeAlarm
        | K::EvidenceStaged
        | K::EvidenceSubmitting
        | K::EvidenceSubmitted
        | K::EvidenceRefused
        | K::ExhibitAttached
        | K::ExhibitWithdrawn => What::Dispute,
        K::Label => What::Label,
        K::AccountChanged | K::LoginFailed => What::Account,
        K::TermsAccepted
        | K::PolicyShown
        | K::WithdrawalWaived
        | K::CheckoutCompleted
        | K::NoticeSent
        | K::SupportMessage
        | K::RefundOffered => What::Contact,
        _ => What::Usage,
    }
}

/// What an event says most with.
fn said(event: &Event) -> Option<String> {
    let data = &event.data;
    let usage = data.usage.as_ref().and_then(|usage| Some(usage.what.as_ref()?.as_str()));
    let notice = data.notice.as_ref().and_then(|notice| Some(notice.kind.as_ref()?.as_str()));
    let consent =
        data.consent.as_ref().and_then(|consent| Some(consent.document.as_ref()?.as_str()));
    let text = [
        data.reason.as_ref().map(|reason| reason.as_str()),
        data.network_reason_code.as_ref().map(|code| code.as_str()),
        data.decline_code.as_ref().map(|code| code.as_str()),
        data.challenge.map(|challenge| challenge.word()),
        usage,
        notice,
        consent,
        event.licence_key.as_ref().map(|key| key.as_str()),
    ];
    text.into_iter().flatten().next().map(|text| excerpt(text, LONGEST_DETAIL))
}
