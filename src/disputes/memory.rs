//! A record in memory, for tests.

use super::exhibit::attach::{ExhibitStep, from_text};
use super::worklist::{Month, Sales};
use super::{
    AllDisputes, DisputeStore, Intake, Link, Notices, OtherSale, SaleKeys, Sending, is_neutral,
    is_same_card, merge, stripe,
};
use crate::domain::{
    Decision, Dispute, DisputeId, DisputeStatus, Event, EventKind, LabelClass, Text, Timestamp,
    Transaction, TransactionId,
};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::path::PathBuf;

/// A file of `tests/data`.
pub(crate) fn data(path: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data")).join(path)
}

/// A message of `tests/data/stripe`.
pub(crate) fn message(name: &str) -> Intake {
    let message = std::fs::read(data(&format!("stripe/{name}.json"))).unwrap();
    stripe::read(&message).unwrap()
}

/// A record of one tenant. Keeps reports as they came and merges them on reading.
#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) sales: Vec<Transaction>,
    pub(crate) events: Vec<Event>,
    pub(crate) reports: Vec<Intake>,
    /// Disputes and sales of this month that went with erased buyers.
    pub(crate) erased: (usize, usize),
    /// As if there were more notices than are read.
    pub(crate) cut: bool,
}

impl Memory {
    /// The sale and events of a file of `tests/data/cases`.
    pub(crate) fn with(case: &str) -> Self {
        let file = std::fs::read(data(&format!("cases/{case}.json"))).unwrap();
        let file: serde_json::Value = serde_json::from_slice(&file).unwrap();
        Self {
            sales: vec![serde_json::from_value(file["transaction"].clone()).unwrap()],
            events: serde_json::from_value(file["events"].clone()).unwrap(),
            ..Self::default()
        }
    }

    /// Labels and their times, in the order recorded.
    pub(crate) fn labels(&self) -> Vec<(LabelClass, String)> {
        let labels = self.events.iter().filter(|event| event.kind == EventKind::Label);
        labels.map(|event| (event.data.label.unwrap(), event.event_time.to_string())).collect()
    }
}

impl DisputeStore for Memory {
    type Error = Infallible;

    fn find_sale(&self, keys: &SaleKeys) -> Result<Option<Transaction>, Infallible> {
        let reference = |sale: &Transaction| -> Option<Text<128>> {
            sale.payment.as_ref()?.processor_reference.clone()
        };
        let by = |wanted: &dyn Fn(&Transaction) -> bool| self.sales.iter().rfind(|s| wanted(s));
        let named = |sale: &Transaction| keys.transaction_id.as_ref() == Some(&sale.transaction_id);
        let paid = |sale: &Transaction| {
            reference(sale).is_some_and(|reference| keys.payment_references.contains(&reference))
        };
        let ordered =
            |sale: &Transaction| keys.order_id.is_some() && sale.order_id == keys.order_id;
        Ok(by(&named).or_else(|| by(&paid)).or_else(|| by(&ordered)).cloned())
    }

    fn decision(&self, _: &TransactionId) -> Result<Option<Decision>, Infallible> {
        Ok(None)
    }

    fn events(&self, _: &Transaction) -> Result<Vec<Event>, Infallible> {
        Ok(self.events.clone())
    }

    fn other_sales(&self, sale: &Transaction) -> Result<Vec<OtherSale>, Infallible> {
        let others = self.sales.iter().filter(|other| {
            other.transaction_id != sale.transaction_id && is_same_card(sale, other)
        });
        let mut found: Vec<OtherSale> = others
            .map(|other| {
                let id = Some(&other.transaction_id);
                let own = self.events.iter().filter(|e| e.transaction_id.as_ref() == id);
                OtherSale { transaction: other.clone(), events: own.cloned().collect() }
            })
            .collect();
        found.sort_by_key(|other| {
            (other.transaction.event_time, other.transaction.transaction_id.clone())
        });
        Ok(found)
    }

    fn links(&self, sale: &Transaction) -> Result<Vec<Link>, Infallible> {
        let ids = std::iter::once((true, sale.transaction_id.to_string()))
            .chain(self.events.iter().map(|event| (false, event.event_id.to_string())));
        let link = |((is_sale, id), sequence): ((bool, String), u64)| {
            let hash = super::sha256_hex(id.as_bytes());
            Link { is_sale, id, sequence, hash }
        };
        Ok(ids.zip(1..).map(link).collect())
    }

    fn record_report(&mut self, report: &Intake) -> Result<bool, Infallible> {
        let id = &report.event.event_id;
        let new = self.reports.iter().all(|known| known.event.event_id != *id);
        if new {
            self.reports.push(report.clone());
        }
        Ok(new)
    }

    fn record_event(&mut self, event: &Event) -> Result<bool, Infallible> {
        event.check().unwrap();
        let new = self.events.iter().all(|known| known.event_id != event.event_id);
        if new {
            self.events.push(event.clone());
        }
        Ok(new)
    }

    fn sendings(&self, id: &DisputeId) -> Result<Vec<Sending>, Infallible> {
        let of_it =
            |event: &Event| event.kind.is_of_evidence() && event.dispute_id.as_ref() == Some(id);
        let sent = self.reports.iter().filter(|report| of_it(&report.event));
        let sending = |report: &Intake| Sending {
            kind: report.event.kind,
            event_id: report.event.event_id.clone(),
            at: report.event.event_time,
            form: Some(report.raw.clone()),
        };
        Ok(sent.map(sending).collect())
    }

    fn exhibits(&self, id: &DisputeId) -> Result<Vec<ExhibitStep>, Infallible> {
        let of_it =
            |event: &Event| event.kind.is_of_exhibit() && event.dispute_id.as_ref() == Some(id);
        let steps = self.reports.iter().filter(|report| of_it(&report.event));
        let step = |report: &Intake| ExhibitStep {
            kind: report.event.kind,
            event_id: report.event.event_id.clone(),
            at: report.event.event_time,
            note: report.event.data.exhibit.clone().unwrap(),
            file: from_text(&report.raw),
        };
        Ok(steps.map(step).collect())
    }

    fn dispute(&self, id: &DisputeId) -> Result<Option<Dispute>, Infallible> {
        let reports = self.reports.iter().filter_map(|report| report.dispute.clone());
        Ok(reports
            .filter(|dispute| dispute.id == *id)
            .fold(None, |state, report| Some(merge(state, report))))
    }

    fn sale_keys(&self, id: &DisputeId) -> Result<SaleKeys, Infallible> {
        let mut keys = SaleKeys::default();
        let of_it = |report: &&Intake| report.dispute.as_ref().is_some_and(|of| of.id == *id);
        for report in self.reports.iter().filter(of_it) {
            keys.add(report.sale.clone());
        }
        Ok(keys)
    }

    fn is_told(&self, id: &DisputeId, processor: &str) -> Result<bool, Infallible> {
        let mut reports = self.reports.iter().filter_map(|report| report.dispute.as_ref());
        Ok(reports.any(|report| {
            report.id == *id && report.processor.as_str() == processor && !is_neutral(report)
        }))
    }

    fn is_contested(&self, id: &DisputeId) -> Result<bool, Infallible> {
        let of_it = |report: &&Intake| {
            report.event.kind == EventKind::EvidenceSubmitted
                && report.event.dispute_id.as_ref() == Some(id)
                || report.dispute.as_ref().is_some_and(|dispute| {
                    dispute.id == *id && dispute.status == DisputeStatus::UnderReview
                })
        };
        Ok(self.reports.iter().any(|report| of_it(&report)))
    }

    fn notices(&self, since: Timestamp) -> Result<Notices, Infallible> {
        let is_notice = |event: &&Event| event.kind.is_notice() && event.event_time >= since;
        let reported = self.reports.iter().map(|report| &report.event);
        let events = reported.chain(&self.events).filter(is_notice).cloned().collect();
        Ok(Notices { events, whole: !self.cut })
    }

    fn card_sales(&self, month: Month) -> Result<Sales, Infallible> {
        let mut sales = Sales { whole: true, erased: self.erased.1, ..Sales::default() };
        for sale in self.sales.iter().filter(|sale| month.contains(sale.event_time)) {
            sales.add(sale);
        }
        Ok(sales)
    }

    fn all_disputes(&self) -> Result<AllDisputes, Infallible> {
        let mut merged: BTreeMap<DisputeId, Dispute> = BTreeMap::new();
        for report in self.reports.iter().filter_map(|report| report.dispute.clone()) {
            let id = report.id.clone();
            let state = merge(merged.remove(&id), report);
            merged.insert(id, state);
        }
        let mut disputes: Vec<Dispute> = merged.into_values().collect();
        disputes.sort_by(|a, b| b.opened_at.cmp(&a.opened_at).then(a.id.cmp(&b.id)));
        Ok(AllDisputes { disputes, erased: self.erased.0 })
    }
}
