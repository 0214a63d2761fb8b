//! Messages in any order, twice, and before their sale is known.

use super::super::memory::{Memory, message};
use super::*;

fn at(time: &str) -> Timestamp {
    time.parse().unwrap()
}

fn take(memory: &mut Memory, name: &str) -> Taken {
    take_in(memory, message(name), at("2027-02-01T00:00:00Z")).unwrap()
}

#[test]
fn a_case_ends_the_same_whatever_order_its_messages_take() {
    let messages =
        ["visa_10_4_created", "visa_10_4_funds_withdrawn", "visa_10_4_updated", "visa_10_4_won"];
    let mut ends = Vec::new();
    for turn in 0..messages.len() {
        let mut memory = Memory::with("licence");
        let mut order = messages;
        order.rotate_left(turn);
        for name in order.iter().chain(order.iter().rev()) {
            take(&mut memory, name);
        }
        assert_eq!(memory.reports.len(), messages.len(), "each message once");
        assert_eq!(
            memory.labels(),
            [(LabelClass::FirstPartyMisuse, "2027-01-20T08:30:00Z".to_owned())],
        );
        ends.push(memory.disputes().unwrap());
    }
    assert!(ends.windows(2).all(|pair| pair[0] == pair[1]));
    assert_eq!(ends[0][0].transaction_id.as_ref().unwrap().as_str(), "tx-1001");
}

#[test]
fn an_end_labels_the_sale_once() {
    let mut memory = Memory::with("licence");
    assert_eq!(take(&mut memory, "early_fraud_warning").label, Some(LabelClass::StolenInstrument));
    assert_eq!(take(&mut memory, "visa_13_1_created").label, None);
    assert_eq!(take(&mut memory, "visa_13_1_lost").label, Some(LabelClass::ServiceDispute));
    take(&mut memory, "visa_13_1_lost");
    take(&mut memory, "early_fraud_warning");
    assert_eq!(
        memory.labels(),
        [
            (LabelClass::StolenInstrument, "2026-11-25T16:00:00Z".to_owned()),
            (LabelClass::ServiceDispute, "2027-01-05T00:10:00Z".to_owned()),
        ]
    );
    let label = memory.events.last().unwrap();
    assert_eq!(label.transaction_id.as_ref().unwrap().as_str(), "tx-1001");
    assert_eq!(label.account_id.as_ref().unwrap().as_str(), "acc-7");
}

#[test]
fn a_dispute_of_an_unknown_sale_is_kept_and_found_later() {
    let mut memory = Memory::default();
    let taken = take(&mut memory, "visa_13_1_lost");
    assert_eq!((taken.new, taken.sale_found, taken.label), (true, false, None));
    memory.sales = Memory::with("licence").sales;
    let taken = take(&mut memory, "visa_13_1_lost");
    assert_eq!((taken.new, taken.sale_found), (false, true));
    assert_eq!(taken.label, Some(LabelClass::ServiceDispute));
    let case = case_file(&memory, &DisputeId::new("dp_4visa131").unwrap()).unwrap().unwrap();
    assert!(case.transaction.is_some());
}

#[test]
fn a_dispute_alone_counts_from_its_arrival() {
    let mut memory = Memory::default();
    take_in(&mut memory, message("mastercard_4853_object_lost"), at("2026-11-02T00:00:00Z"))
        .unwrap();
    // The open state arrives later, from an older file: what was seen last stands.
    let taken = take_in(&mut memory, message("mastercard_4853_object"), at("2026-11-03T00:00:00Z"));
    let dispute = taken.unwrap().dispute.unwrap();
    assert_eq!(dispute.updated_at, at("2026-11-03T00:00:00Z"));
    assert_eq!(dispute.processor_status.as_str(), "needs_response");
}

#[test]
fn a_sale_recorded_later_is_found_by_any_name_its_reports_had() {
    let name = |text: &str| crate::domain::Text::new(text).unwrap();
    let mut intake = message("visa_13_1_lost");
    intake.sale =
        SaleKeys { payment_references: vec![name("ch_x"), name("pi_x")], ..SaleKeys::default() };
    let dispute = intake.dispute.as_mut().unwrap();
    (dispute.transaction_id, dispute.payment_reference) = (None, Some(name("ch_x")));
    let id = dispute.id.clone();
    let mut memory = Memory::default();
    take_in(&mut memory, intake, at("2027-02-01T00:00:00Z")).unwrap();
    assert!(case_file(&memory, &id).unwrap().unwrap().transaction.is_none());
    memory.sales = Memory::with("licence").sales;
    memory.sales[0].payment.as_mut().unwrap().processor_reference = Some(name("pi_x"));
    assert!(case_file(&memory, &id).unwrap().unwrap().transaction.is_some());
}
