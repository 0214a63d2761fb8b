//! A dispute in the words every processor's case is translated into.

use super::words::words;
use super::{Amount, DisputeId, EventId, Text, Timestamp, TransactionId};
use serde::{Deserialize, Serialize};

words! {
    /// How far a dispute has gone. Which stages exist depends on the network.
    DisputeStage {
        /// A question: no money moved.
        Inquiry = "inquiry",
        /// A chance to refund before the chargeback.
        Alert = "alert",
        /// Money moved.
        Chargeback = "chargeback",
        /// The issuer insists.
        PreArbitration = "pre_arbitration",
        /// The network decides.
        Arbitration = "arbitration",
    }
}

words! {
    /// Where a dispute stands.
    DisputeStatus {
        /// Waiting for our evidence.
        NeedsResponse = "needs_response",
        /// Our evidence is with the issuer.
        UnderReview = "under_review",
        /// Decided for us.
        Won = "won",
        /// Decided against us.
        Lost = "lost",
        /// We did not contest it.
        Accepted = "accepted",
        /// Resolved before it became a dispute.
        Prevented = "prevented",
        /// The cardholder or issuer took it back.
        Withdrawn = "withdrawn",
        /// A status this version does not know; the text as sent is kept.
        Unknown = "unknown",
    }
}

words! {
    /// What the cardholder claims, one word for every network's codes.
    DisputeReason {
        /// Not the cardholder's purchase, card not present.
        Fraud = "fraud",
        /// The cardholder does not recognise it.
        Unrecognized = "unrecognized",
        /// Paid, not delivered.
        NotReceived = "not_received",
        /// Not as described, or does not work.
        NotAsDescribed = "not_as_described",
        /// Charged after cancelling.
        SubscriptionCancelled = "subscription_cancelled",
        /// A promised refund did not come.
        CreditNotProcessed = "credit_not_processed",
        /// Charged twice, or paid by other means.
        Duplicate = "duplicate",
        /// An authorization or processing fault.
        Processing = "processing",
        /// Anything else.
        General = "general",
    }
}

words! {
    /// What the cardholder claims, as fine as the answer to it differs.
    DisputeCategory {
        /// Not the cardholder's purchase, card not present.
        FraudCnp = "fraud_cnp",
        /// Fraud of another kind: card present, a programme, an account taken over.
        FraudOther = "fraud_other",
        /// The cardholder does not recognise it.
        Unrecognized = "unrecognized",
        /// Paid, not delivered.
        NotReceived = "not_received",
        /// Not as described, or does not work.
        NotAsDescribed = "not_as_described",
        /// Terms of the sale misrepresented, a trial's price not clear.
        Misrepresentation = "misrepresentation",
        /// Charged after cancelling a recurring agreement.
        SubscriptionCancelled = "subscription_cancelled",
        /// Cancelled, and no refund.
        CancelledPurchase = "cancelled_purchase",
        /// A promised refund did not come.
        CreditNotProcessed = "credit_not_processed",
        /// Charged twice.
        Duplicate = "duplicate",
        /// Paid another way.
        PaidByOtherMeans = "paid_by_other_means",
        /// Amount, currency, date or account wrong.
        AmountOrProcessingError = "amount_or_processing_error",
        /// No authorization, or a declined one.
        AuthorizationError = "authorization_error",
        /// A breach of the network's rules, without a claim of the cardholder.
        Compliance = "compliance",
        /// A question, without a claim.
        Inquiry = "inquiry",
        /// Anything else.
        General = "general",
        /// A code this version does not know; the code as sent is kept.
        Unknown = "unknown",
    }
}

impl DisputeCategory {
    /// The claim in one of nine words; `None` where the code makes no claim and the processor's word
    /// decides.
    pub fn reason(self) -> Option<DisputeReason> {
        use DisputeReason as R;
        match self {
            Self::FraudCnp | Self::FraudOther => Some(R::Fraud),
            Self::Unrecognized => Some(R::Unrecognized),
            Self::NotReceived => Some(R::NotReceived),
            Self::NotAsDescribed | Self::Misrepresentation => Some(R::NotAsDescribed),
            Self::SubscriptionCancelled => Some(R::SubscriptionCancelled),
            Self::CancelledPurchase | Self::CreditNotProcessed => Some(R::CreditNotProcessed),
            Self::Duplicate | Self::PaidByOtherMeans => Some(R::Duplicate),
            Self::AmountOrProcessingError | Self::AuthorizationError => Some(R::Processing),
            Self::Compliance | Self::Inquiry | Self::General | Self::Unknown => None,
        }
    }
}

impl From<DisputeReason> for DisputeCategory {
    /// The category a processor's word stands for where no code says more.
    fn from(reason: DisputeReason) -> Self {
        use DisputeReason as R;
        match reason {
            R::Fraud => Self::FraudCnp,
            R::Unrecognized => Self::Unrecognized,
            R::NotReceived => Self::NotReceived,
            R::NotAsDescribed => Self::NotAsDescribed,
            R::SubscriptionCancelled => Self::SubscriptionCancelled,
            R::CreditNotProcessed => Self::CreditNotProcessed,
            R::Duplicate => Self::Duplicate,
            R::Processing => Self::AmountOrProcessingError,
            R::General => Self::General,
        }
    }
}

/// A dispute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Dispute {
    /// The processor's identifier.
    pub id: DisputeId,
    /// The processor, e.g. `stripe`.
    pub processor: Text<64>,
    /// The card network, lower case, where known.
    pub network: Option<Text<32>>,
    /// The network's code, as sent.
    pub network_reason_code: Option<Text<64>>,
    /// What is claimed.
    pub reason: DisputeReason,
    /// How far it has gone.
    pub stage: DisputeStage,
    /// Where it stands.
    pub status: DisputeStatus,
    /// The processor's own status word.
    pub processor_status: Text<64>,
    /// The disputed amount.
    pub amount: Amount,
    /// The processor's reference of the payment, e.g. a charge id.
    pub payment_reference: Option<Text<128>>,
    /// The transaction it is about, once found.
    pub transaction_id: Option<TransactionId>,
    /// When it was opened.
    #[schema(value_type = String, format = DateTime)]
    pub opened_at: Timestamp,
    /// When evidence is due, from the processor's own field.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub evidence_due_by: Option<Timestamp>,
    /// The name of that field; without a time where the field says that no answer is taken.
    pub evidence_due_source: Option<Text<64>>,
    /// When the processor said all this; of two reports the later one stands.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
    /// The event that said it.
    pub updated_by: EventId,
}
