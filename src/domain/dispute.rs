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
    /// The name of that field.
    pub evidence_due_source: Option<Text<64>>,
    /// When the processor said all this; of two reports the later one stands.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
    /// The event that said it.
    pub updated_by: EventId,
}
