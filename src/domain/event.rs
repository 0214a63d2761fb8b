//! What happens after a transaction: one envelope, one enumeration.
//!
//! The envelope says who, when and about which sale; `data` holds what only that type knows. Types
//! are added, never doubled; a type's fields are added, never given another meaning.

use super::evidence::{Checkout, Consent, Contact, ExhibitNote, Notice, Sharing, Usage};
use super::object::{object, object_or_default};
use super::words::words;
use super::{
    AccountId, Amount, DeviceId, DisputeId, EventId, InvoiceId, LicenceId, Loose, OrderId,
    Personal, SubscriptionId, Text, ThreeDs, Timestamp, TransactionId,
};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

words! {
    /// What happened.
    EventKind {
        /// The issuer's answer to an authorization.
        AuthResult = "auth.result",
        /// Another control than ours (the shop's own, the processor's) stopped the attempt before
        /// the issuer was asked: there is no answer, and nobody will ever learn what it was.
        PaymentBlocked = "payment.blocked",
        /// The money was captured.
        Capture = "capture",
        /// Money went back to the buyer.
        Refund = "refund",
        /// A challenge was passed, failed or abandoned.
        ChallengeResult = "challenge.result",
        /// A person decided a review.
        ReviewResolved = "review.resolved",
        /// Terms were accepted.
        TermsAccepted = "terms.accepted",
        /// A refund or cancellation policy was shown.
        PolicyShown = "policy.shown",
        /// The buyer waived the EU right of withdrawal.
        WithdrawalWaived = "withdrawal.waived",
        /// The checkout page was completed.
        CheckoutCompleted = "checkout.completed",
        /// A licence key was issued.
        LicenceIssued = "licence.issued",
        /// A licence key was activated on a machine.
        LicenceActivated = "licence.activated",
        /// A machine gave its activation of a licence key back.
        LicenceDeactivated = "licence.deactivated",
        /// A licence key was revoked.
        LicenceRevoked = "licence.revoked",
        /// A seat of a subscription was given to a person (`usage.holder`).
        SeatAssigned = "seat.assigned",
        /// A seat of a subscription was taken back from a person.
        SeatRemoved = "seat.removed",
        /// A download began.
        DownloadStarted = "download.started",
        /// A download ended.
        DownloadCompleted = "download.completed",
        /// Somebody logged in.
        SessionLogin = "session.login",
        /// A login was refused: the wrong password, or no second factor.
        LoginFailed = "session.login_failed",
        /// Somebody used a feature.
        SessionAction = "session.action",
        /// A session (`usage.session`) ended; one that never says so ends by itself.
        SessionEnded = "session.ended",
        /// An interface was called. Billed afterwards: its `amount` is owed until the next invoice.
        ApiUsage = "api.usage",
        /// Credit, an item or an entitlement was used up. Paid before: its `amount` leaves a balance.
        EntitlementConsumed = "entitlement.consumed",
        /// The account's password, e-mail address or second factor was changed (`usage.what`).
        AccountChanged = "account.changed",
        /// A receipt, reminder or confirmation was sent.
        NoticeSent = "notice.sent",
        /// A message to or from support.
        SupportMessage = "support.message",
        /// The buyer asked to cancel.
        CancelRequested = "cancel.requested",
        /// A cancellation took effect.
        CancelEffective = "cancel.effective",
        /// The cancellation page was opened.
        CancelPageViewed = "cancel.page_viewed",
        /// A refund was offered.
        RefundOffered = "refund.offered",
        /// Signs that an account is shared.
        SharingSignal = "sharing.signal",
        /// The issuer's fraud report (TC40, SAFE) or a processor's early warning: no dispute yet.
        FraudWarning = "fraud.warning",
        /// A dispute was opened.
        DisputeCreated = "dispute.created",
        /// A dispute changed.
        DisputeUpdated = "dispute.updated",
        /// The disputed money was taken.
        DisputeFundsWithdrawn = "dispute.funds_withdrawn",
        /// The disputed money came back.
        DisputeFundsReinstated = "dispute.funds_reinstated",
        /// A dispute ended.
        DisputeClosed = "dispute.closed",
        /// A dispute's deadline is near (`reason` says how near).
        DisputeAlarm = "dispute.alarm",
        /// Evidence was handed to the processor, not sent on.
        EvidenceStaged = "evidence.staged",
        /// Evidence is about to be sent, for good. Recorded before it is.
        EvidenceSubmitting = "evidence.submitting",
        /// Evidence was sent, for good.
        EvidenceSubmitted = "evidence.submitted",
        /// The processor did not take the evidence (`reason` is its answer).
        EvidenceRefused = "evidence.refused",
        /// A file of the merchant's own was added to a dispute (`exhibit`).
        ExhibitAttached = "exhibit.attached",
        /// Such a file was taken back (`exhibit`).
        ExhibitWithdrawn = "exhibit.withdrawn",
        /// A processor's message that says nothing we count; kept as it came.
        ProcessorMessage = "processor.message",
        /// What the transaction turned out to be.
        Label = "label",
    }
}

impl EventKind {
    /// True for what a disputes desk did or was told, which says nothing of the sale.
    pub fn is_of_the_desk(self) -> bool {
        use EventKind as K;
        matches!(self, K::DisputeAlarm | K::ProcessorMessage)
            || self.is_of_evidence()
            || self.is_of_exhibit()
    }

    /// True for what may say where a dispute stands.
    pub fn reports_dispute(self) -> bool {
        use EventKind as K;
        matches!(
            self,
            K::DisputeCreated
                | K::DisputeUpdated
                | K::DisputeFundsWithdrawn
                | K::DisputeFundsReinstated
                | K::DisputeClosed
                | K::EvidenceSubmitted
        )
    }

    /// True for what tells, before there is a dispute, that there may be one, or that the money went back.
    pub fn is_notice(self) -> bool {
        use EventKind as K;
        matches!(self, K::FraudWarning | K::SupportMessage | K::Refund)
    }

    /// True for files of the merchant's own: added to a dispute, or taken back.
    pub fn is_of_exhibit(self) -> bool {
        matches!(self, Self::ExhibitAttached | Self::ExhibitWithdrawn)
    }

    /// True for the steps of sending evidence to a processor.
    pub fn is_of_evidence(self) -> bool {
        use EventKind as K;
        matches!(
            self,
            K::EvidenceStaged | K::EvidenceSubmitting | K::EvidenceSubmitted | K::EvidenceRefused
        )
    }
}

words! {
    /// Who caused an event.
    Actor {
        /// The buyer.
        Customer = "customer",
        /// The merchant's software.
        System = "system",
        /// A person who works for the merchant.
        Staff = "staff",
    }
}

/// One event. Only `event_id`, `type` and `event_time` are required, and whatever `data` requires.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Event {
    /// Makes the event idempotent: a repeated id is acknowledged and moves nothing.
    pub event_id: EventId,
    /// What happened.
    #[serde(rename = "type")]
    pub kind: EventKind,
    /// When it happened, by the merchant's clock.
    #[schema(value_type = String, format = DateTime)]
    pub event_time: Timestamp,
    /// The transaction it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transaction_id: Option<TransactionId>,
    /// The order it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_id: Option<OrderId>,
    /// The invoice it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invoice_id: Option<InvoiceId>,
    /// The account it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_id: Option<AccountId>,
    /// The agreement it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscription_id: Option<SubscriptionId>,
    /// The licence key it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence_key: Option<LicenceId>,
    /// The dispute it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dispute_id: Option<DisputeId>,
    /// Who caused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<Actor>,
    /// The client's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 64)]
    pub ip: Option<Loose<IpAddr>>,
    /// The client's device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_id: Option<DeviceId>,
    /// The client's own name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<Personal<1024>>,
    /// What only this type knows.
    #[serde(
        default,
        skip_serializing_if = "EventData::is_empty",
        deserialize_with = "object_or_default"
    )]
    pub data: EventData,
}

/// What only one type of event knows: the union of all types' fields, each with the types that use
/// it. Rejected: one struct per type behind a tag: thirty shapes that share most of their fields,
/// and an unknown combination would lose evidence instead of keeping it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct EventData {
    /// `auth.result`, `challenge.result`, `review.resolved`: how it ended. Required there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// `auth.result`: the issuer's or processor's reason, e.g. `insufficient_funds`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decline_code: Option<Text<64>>,
    /// `auth.result`: the address-check letter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub avs_result: Option<Text<16>>,
    /// `auth.result`: the security-code letter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cvv_result: Option<Text<16>>,
    /// `auth.result`: the 3-D Secure result.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "object")]
    pub three_ds: Option<ThreeDs>,
    /// `capture`, `refund`, `refund.offered`, `dispute.*`, `fraud.warning`: the money. `api.usage`:
    /// what the calls cost, not yet billed. `entitlement.consumed`: what leaves a prepaid balance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<Amount>,
    /// `capture`, `refund`, `dispute.*`: the acquirer's reference number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arn: Option<Text<64>>,
    /// `challenge.result`: what was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub challenge: Option<ChallengeKind>,
    /// `label`: what the transaction turned out to be. Required there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<LabelClass>,
    /// `dispute.*`, `fraud.warning`: the network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<Text<32>>,
    /// `dispute.*`, `fraud.warning`: the network's reason code, as sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network_reason_code: Option<Text<64>>,
    /// `dispute.*`, `evidence.*`, `refund`, `cancel.requested`: the reason in the sender's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Text<256>>,
    /// `dispute.*`: the processor's status, as sent. `processor.message`: the message's type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Text<64>>,
    /// `terms.accepted`, `policy.shown`, `withdrawal.waived`.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "object")]
    pub consent: Option<Consent>,
    /// `checkout.completed`.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "object")]
    pub checkout: Option<Checkout>,
    /// `licence.*`, `seat.*`, `download.*`, `session.*`, `api.usage`, `entitlement.consumed`,
    /// `account.changed`.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "object")]
    pub usage: Option<Usage>,
    /// `notice.sent`.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "object")]
    pub notice: Option<Notice>,
    /// `support.message`, `cancel.*`.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "object")]
    pub contact: Option<Contact>,
    /// `sharing.signal`.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "object")]
    pub sharing: Option<Sharing>,
    /// `exhibit.*`. Required there.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "object")]
    pub exhibit: Option<ExhibitNote>,
}

impl EventData {
    /// True when nothing was sent.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

words! {
    /// How an authorization, a challenge or a review ended.
    Outcome {
        /// The issuer or the reviewer said yes.
        Approved = "approved",
        /// The issuer or the reviewer said no.
        Declined = "declined",
        /// Nobody answered: the processor or the issuer was not available. Counts as no evidence.
        Unavailable = "unavailable",
        /// The challenge was passed.
        Passed = "passed",
        /// The challenge was failed.
        Failed = "failed",
        /// The buyer left the challenge.
        Abandoned = "abandoned",
    }
}

words! {
    /// What a challenge asks for, weakest first.
    ChallengeKind {
        /// A code by e-mail.
        EmailOtp = "email_otp",
        /// A code by text message.
        SmsOtp = "sms_otp",
        /// A code from an authenticator app.
        AppOtp = "app_otp",
        /// 3-D Secure.
        ThreeDs = "three_ds",
        /// An identity document.
        Document = "document",
    }
}

words! {
    /// What a transaction turned out to be.
    LabelClass {
        /// Somebody else's card or account number was used.
        StolenInstrument = "stolen_instrument",
        /// Somebody else used the buyer's account.
        AccountTakeover = "account_takeover",
        /// The buyer disputed or abused a sale they made themselves.
        FirstPartyMisuse = "first_party_misuse",
        /// The buyer was unhappy with the product, delivery or billing.
        ServiceDispute = "service_dispute",
        /// We made a mistake.
        OurError = "our_error",
        /// Known good: settled, and the time for disputes has passed or a person said so.
        Legitimate = "legitimate",
    }
}

impl LabelClass {
    /// True for the classes the fraud probability is about: a stolen instrument or a takeover.
    pub fn is_fraud(self) -> bool {
        matches!(self, Self::StolenInstrument | Self::AccountTakeover)
    }
}

/// A type of event came without what it must say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an event of type `{kind}` needs {needs}")]
pub struct IncompleteEvent {
    /// The type.
    pub kind: EventKind,
    /// What is missing.
    pub needs: &'static str,
    /// Where it belongs.
    pub pointer: &'static str,
}

impl Event {
    /// Checks what a type requires beyond the envelope.
    ///
    /// # Errors
    /// Names the missing member.
    pub fn check(&self) -> Result<(), IncompleteEvent> {
        use EventKind as K;
        let kind = self.kind;
        let data = &self.data;
        let lacks = |needs, pointer| Err(IncompleteEvent { kind, needs, pointer });
        let one_of = |words: &[Outcome]| data.outcome.is_some_and(|o| words.contains(&o));
        match kind {
            K::AuthResult | K::ReviewResolved
                if !one_of(&[Outcome::Approved, Outcome::Declined, Outcome::Unavailable]) =>
            {
                lacks("an outcome: `approved`, `declined` or `unavailable`", "/data/outcome")
            }
            K::ChallengeResult
                if !one_of(&[Outcome::Passed, Outcome::Failed, Outcome::Abandoned]) =>
            {
                lacks("an outcome: `passed`, `failed` or `abandoned`", "/data/outcome")
            }
            K::Label if data.label.is_none() => lacks("a label", "/data/label"),
            K::ExhibitAttached | K::ExhibitWithdrawn if data.exhibit.is_none() => {
                lacks("the file it is about", "/data/exhibit")
            }
            K::Refund if data.amount.is_none() => lacks("an amount", "/data/amount"),
            K::AuthResult | K::PaymentBlocked | K::Label | K::Capture | K::ReviewResolved
                if self.transaction_id.is_none() =>
            {
                lacks("the transaction it is about", "/transaction_id")
            }
            _ => Ok(()),
        }
    }
}
