//! What a processor's message is translated into, whoever the processor is.

use crate::domain::{Dispute, Event, OrderId, Text, Timestamp, TransactionId};
use serde::{Deserialize, Serialize};

/// Longest message read, in bytes. Stripe's own events stay below 256 KiB.
pub const MAX_MESSAGE_BYTES: usize = 1 << 20;

/// One message of a processor, in neutral words.
#[derive(Debug, Clone, PartialEq)]
pub struct Intake {
    /// The case as this message shows it; `None` for an early fraud warning, which is no dispute.
    pub dispute: Option<Dispute>,
    /// The message as an event of ours: `dispute.*` or `fraud.warning`.
    pub event: Event,
    /// What identifies the sale it is about.
    pub sale: SaleKeys,
    /// False where the message does not say when it was true: see [`Intake::seen_at`].
    pub dated: bool,
    /// The message itself, unchanged. Holds personal data of the cardholder.
    pub raw: Box<str>,
}

/// What identifies the disputed sale, best key first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SaleKeys {
    /// The merchant's transaction, where the merchant sent it to the processor as metadata.
    pub transaction_id: Option<TransactionId>,
    /// The processor's names of the payment (charge, payment intent), each a possible
    /// `payment.processor_reference` of the sale.
    pub payment_references: Vec<Text<128>>,
    /// The merchant's order, where the merchant sent it as metadata. Weakest: an order may have
    /// several attempts.
    pub order_id: Option<OrderId>,
}

impl SaleKeys {
    /// Adds what another report knows; what is known stays first.
    pub fn add(&mut self, other: Self) {
        self.transaction_id = self.transaction_id.take().or(other.transaction_id);
        self.order_id = self.order_id.take().or(other.order_id);
        for reference in other.payment_references {
            if !self.payment_references.contains(&reference) {
                self.payment_references.push(reference);
            }
        }
    }
}

impl Intake {
    /// Dates a message that carries no date of its own by its arrival; others stay as they are.
    ///
    /// A dispute read from a processor's interface and kept in a file shows how things stood when it
    /// was read, and nobody wrote that down. Its arrival is the nearest known moment. Rejected: its
    /// `created`, at which no closed dispute was closed yet.
    #[must_use]
    pub fn seen_at(mut self, received_at: Timestamp) -> Self {
        if !self.dated {
            self.event.event_time = received_at;
            if let Some(dispute) = &mut self.dispute {
                dispute.updated_at = received_at;
            }
        }
        self
    }
}
