//! A dispute as a script, a spreadsheet or another processor's adapter tells it.
//!
//! A report has no identifier of its own: it is named after what it says, so the same report twice is one
//! and none can contradict another of its name. Rejected: an `event_id` of the sender's, which scripts make
//! up anew at each run.

use super::store::bind_to_sale;
use super::{DisputeStore, Intake, SaleKeys, Taken, reasons, sha256_hex, take_in};
use crate::domain::{
    Amount, Dispute, DisputeId, DisputeReason, DisputeStage, DisputeStatus, Event, EventData,
    EventId, EventKind, OrderId, Text, Timestamp, TransactionId,
};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

/// How the names of reports begin.
const REPORT: &str = "dispute-report";

/// Where a dispute stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DisputeReport {
    /// The processor's identifier; one per tenant, whoever the processor is.
    pub id: DisputeId,
    /// The processor, e.g. `adyen`. Never `stripe`, whose own messages are taken instead.
    #[serde(deserialize_with = "other_than_stripe")]
    pub processor: Text<64>,
    /// The card network, e.g. `visa`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<Text<32>>,
    /// The network's code, as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network_reason_code: Option<Text<64>>,
    /// What is claimed, where network and code do not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<DisputeReason>,
    /// How far it has gone: `chargeback` without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<DisputeStage>,
    /// Where it stands: `needs_response` without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<DisputeStatus>,
    /// The processor's own status word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processor_status: Option<Text<64>>,
    /// The disputed amount.
    pub amount: Amount,
    /// The sale, as it was scored. Best of the three ways to name it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transaction_id: Option<TransactionId>,
    /// The processor's reference of the payment, as `payment.processor_reference` of the sale.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment_reference: Option<Text<128>>,
    /// The order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_id: Option<OrderId>,
    /// When it was opened.
    #[schema(value_type = String, format = DateTime)]
    pub opened_at: Timestamp,
    /// When evidence is due, as the processor says; with its zone, for it is an instant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub evidence_due_by: Option<Timestamp>,
    /// When all this was true: of two reports the later one stands. Without it the time of arrival.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub updated_at: Option<Timestamp>,
}

impl DisputeReport {
    /// The report in the words every processor's message is translated into.
    fn intake(&self, received_at: Timestamp) -> Intake {
        let raw = serde_json::to_string(self).unwrap_or_default(); // always serialises
        let event_id = named(REPORT, &raw);
        let status = self.status.unwrap_or(DisputeStatus::NeedsResponse);
        let lower = |text: &Text<32>| Text::new(&text.as_str().to_ascii_lowercase()).ok();
        let network: Option<Text<32>> = self.network.as_ref().and_then(lower);
        let row = network.as_ref().zip(self.network_reason_code.as_ref());
        let row = row.and_then(|(n, c)| reasons::find(n.as_str(), c.as_str(), self.opened_at));
        let at = self.updated_at.unwrap_or(received_at);
        let own_word = || {
            Text::new(status.word()).unwrap_or_else(|_| unreachable!("a word of ours is a text"))
        };
        let processor_status = self.processor_status.clone().unwrap_or_else(own_word);
        let due_source = self.evidence_due_by.and_then(|_| Text::new("evidence_due_by").ok());
        let dispute = Dispute {
            id: self.id.clone(),
            processor: self.processor.clone(),
            network,
            network_reason_code: self.network_reason_code.clone(),
            reason: reasons::canonical(row, self.reason),
            stage: self.stage.unwrap_or(DisputeStage::Chargeback),
            status,
            processor_status,
            amount: self.amount,
            payment_reference: self.payment_reference.clone(),
            transaction_id: self.transaction_id.clone(),
            opened_at: self.opened_at,
            evidence_due_by: self.evidence_due_by,
            evidence_due_source: due_source,
            updated_at: at,
            updated_by: event_id.clone(),
        };
        let is_over = !matches!(
            status,
            DisputeStatus::NeedsResponse | DisputeStatus::UnderReview | DisputeStatus::Unknown
        );
        let kind = if is_over { EventKind::DisputeClosed } else { EventKind::DisputeUpdated };
        let status = Some(dispute.processor_status.clone());
        let mut event = self.event(&dispute, event_id, kind, at);
        event.data.status = status;
        let sale = self.keys();
        Intake { dispute: Some(dispute), event, sale, dated: true, raw: raw.into() }
    }

    /// That it was opened: one event whichever report comes first, so that a dispute counts once.
    fn opening(&self, report: &Intake) -> Option<Event> {
        let dispute = report.dispute.as_ref()?;
        let id = named("dispute-opened", self.id.as_str());
        let event = self.event(dispute, id, EventKind::DisputeCreated, self.opened_at);
        let Event { transaction_id, order_id, account_id, .. } = report.event.clone();
        Some(Event { transaction_id, order_id, account_id, ..event })
    }

    fn event(&self, dispute: &Dispute, id: EventId, kind: EventKind, at: Timestamp) -> Event {
        Event {
            event_id: id,
            kind,
            event_time: at,
            transaction_id: self.transaction_id.clone(),
            order_id: self.order_id.clone(),
            invoice_id: None,
            account_id: None,
            subscription_id: None,
            licence_key: None,
            dispute_id: Some(self.id.clone()),
            actor: None,
            ip: None,
            device_id: None,
            user_agent: None,
            data: EventData {
                amount: Some(self.amount),
                network: dispute.network.clone(),
                network_reason_code: self.network_reason_code.clone(),
                ..EventData::default()
            },
        }
    }

    /// What identifies the sale.
    pub fn keys(&self) -> SaleKeys {
        SaleKeys {
            transaction_id: self.transaction_id.clone(),
            payment_references: self.payment_reference.iter().cloned().collect(),
            order_id: self.order_id.clone(),
        }
    }
}

/// Evidence goes by Stripe's word alone: whoever may report a dispute must not thereby be able to answer any
/// of the account's.
fn other_than_stripe<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Text<64>, D::Error> {
    let name = Text::<64>::deserialize(deserializer)?;
    if name.as_str().trim().eq_ignore_ascii_case("stripe") {
        return Err(D::Error::custom(
            "disputes of `stripe` come by its webhook (`POST /v1/webhooks/stripe`) or `vouch dispute intake`",
        ));
    }
    Ok(name)
}

/// Whether a report came this way: anybody with a key for disputes may have written it.
pub fn is_neutral(report: &Dispute) -> bool {
    report.updated_by.as_str().starts_with(REPORT)
}

/// An identifier made of a digest.
fn named(what: &str, content: &str) -> EventId {
    let id = format!("{what}-{}", sha256_hex(content.as_bytes()));
    EventId::new(&id).unwrap_or_else(|_| unreachable!("a digest is an identifier"))
}

/// Takes a report in, as [`take_in`] a processor's message.
///
/// # Errors
/// The record could not be read or written.
pub fn take_in_report<S: DisputeStore>(
    store: &mut S,
    report: &DisputeReport,
    received_at: Timestamp,
) -> Result<Taken, S::Error> {
    let mut intake = report.intake(received_at);
    bind_to_sale(store, &mut intake)?;
    if let Some(opening) = report.opening(&intake) {
        store.record_event(&opening)?;
    }
    take_in(store, intake, received_at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disputes::memory::Memory;
    use serde_json::json;

    fn report(more: serde_json::Value) -> DisputeReport {
        let mut report = json!({"id": "pp-1", "processor": "adyen", "network": "VISA",
            "network_reason_code": "13.1", "amount": {"value": "49.00", "currency": "EUR"},
            "transaction_id": "tx-1001", "opened_at": "2026-12-01T09:00:00Z"});
        let serde_json::Value::Object(more) = more else { panic!("no object") };
        report.as_object_mut().unwrap().extend(more);
        serde_json::from_value(report).unwrap()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_report_is_a_dispute_and_the_same_report_is_none_more() {
        let mut memory = Memory::with("licence");
        let before = memory.events.len();
        let due = json!({"evidence_due_by": "2026-12-20T23:59:59+01:00"});
        for repeated in [false, true] {
            let now = at("2026-12-02T00:00:00Z");
            let taken = take_in_report(&mut memory, &report(due.clone()), now).unwrap();
            assert_eq!((taken.new, taken.sale_found), (!repeated, true));
            let dispute = taken.dispute.unwrap();
            assert_eq!(dispute.reason, DisputeReason::NotReceived);
            assert_eq!(dispute.network.unwrap().as_str(), "visa");
            assert_eq!(dispute.evidence_due_by, Some(at("2026-12-20T22:59:59Z")));
            assert_eq!(dispute.updated_at, now);
        }
        let opened: Vec<_> =
            memory.events[before..].iter().map(|event| (event.kind, event.event_time)).collect();
        assert_eq!(opened, [(EventKind::DisputeCreated, at("2026-12-01T09:00:00Z"))]);
    }

    #[test]
    fn stripe_speaks_for_itself() {
        for name in ["stripe", " Stripe"] {
            let given = json!({"id": "dp_1", "processor": name, "opened_at": "2026-12-01T09:00:00Z",
                "amount": {"value": "49.00", "currency": "EUR"}});
            let said = serde_json::from_value::<DisputeReport>(given).unwrap_err().to_string();
            assert!(said.contains("/v1/webhooks/stripe"), "{said}");
        }
        let report = report(json!({})).intake(at("2026-12-02T00:00:00Z"));
        assert!(is_neutral(&report.dispute.unwrap()));
        let signed = crate::disputes::memory::message("visa_10_4_created");
        assert!(!is_neutral(&signed.dispute.unwrap()));
    }

    #[test]
    fn reports_in_any_order_end_the_same() {
        let open = report(json!({"updated_at": "2026-12-02T00:00:00Z"}));
        let lost = report(json!({"updated_at": "2026-12-30T00:00:00Z", "status": "lost",
            "processor_status": "Lost", "evidence_due_by": null}));
        let mut ends = Vec::new();
        for order in [[&open, &lost], [&lost, &open]] {
            let mut memory = Memory::with("licence");
            for report in order {
                take_in_report(&mut memory, report, at("2027-01-01T00:00:00Z")).unwrap();
            }
            let opened = |event: &&Event| event.kind == EventKind::DisputeCreated;
            assert_eq!(memory.events.iter().filter(opened).count(), 1);
            ends.push((memory.disputes().unwrap(), memory.labels()));
        }
        assert_eq!(ends[0], ends[1]);
        assert_eq!(ends[0].0[0].status, DisputeStatus::Lost);
        let label = (crate::domain::LabelClass::ServiceDispute, "2026-12-30T00:00:00Z".to_owned());
        assert_eq!(ends[0].1, [label]);
    }
}
