//! Rows of what the sale itself records: order, charge, checks, terms, account, device.

use super::sheets::{Kind, Row, Source};
use super::words::{Line, card_text, checks_text, items_text};
use crate::domain::{Initiator, Loose, Personal, Text, Transaction};

/// What of the sale itself a row shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::disputes) enum SaleFact {
    Order,
    Charge,
    Agreement,
    Checks,
    Terms,
    Account,
    Device,
    /// The sale beside earlier ones.
    Compared,
}

/// Rows of what the sale itself records.
pub(super) fn sale_rows<'a>(sale: &Transaction, kind: Kind, checks: bool) -> Vec<Row<'a>> {
    let row = |fact, at, text| Row { at, text, source: Source::Sale(fact), key: true };
    let at = sale.event_time;
    let mut rows = Vec::new();
    match kind {
        Kind::Receipt => {
            rows.push(row(SaleFact::Order, at, order_text(sale)));
            rows.extend(charge_text(sale).map(|text| row(SaleFact::Charge, at, text)));
            rows.extend(agreement_text(sale).map(|text| row(SaleFact::Agreement, at, text)));
            let card = sale.card.as_ref().filter(|_| checks);
            let results = card.and_then(|card| {
                let (avs, cvv) = (card.avs_result.as_ref(), card.cvv_result.as_ref());
                checks_text(avs, cvv, card.three_ds.as_ref())
            });
            rows.extend(
                results.map(|text| row(SaleFact::Checks, at, format!("At the sale: {text}"))),
            );
        }
        Kind::Terms => {
            let terms = sale.terms.as_ref().and_then(|terms| Some((terms, terms.accepted_at?)));
            rows.extend(terms.map(|(terms, accepted_at)| {
                let version = terms.version.as_ref().map(Text::as_str);
                let text = Line::new("Terms accepted").add(", version ", version).text();
                row(SaleFact::Terms, accepted_at, text)
            }));
        }
        Kind::Account => {
            let opened = sale.account.as_ref().and_then(|account| account.created_at);
            let account = account_text(sale);
            rows.extend(account.map(|text| row(SaleFact::Account, opened.unwrap_or(at), text)));
            let device = device_text(sale).map(|text| row(SaleFact::Device, at, text));
            rows.extend(device.map(|row| Row { key: false, ..row }));
        }
        Kind::Use | Kind::Communication | Kind::Refunds | Kind::Prior | Kind::Reports => {}
    }
    rows
}

fn order_text(sale: &Transaction) -> String {
    Line::new(&format!("Transaction {}", sale.transaction_id))
        .fact(", order ", sale.order_id.as_ref())
        .fact(": ", items_text(sale))
        .text()
}

fn charge_text(sale: &Transaction) -> Option<String> {
    let amount = sale.amount?;
    let line = Line::new(&format!("Charged {amount}"))
        .fact(" to card ", sale.card.as_ref().and_then(card_text))
        .add(", statement text ", sale.descriptor.as_ref().map(Text::as_str));
    let by_buyer = sale.payment.as_ref().and_then(|payment| payment.initiator);
    let line = line.note(by_buyer.map(|who| who == Initiator::Customer), ", started by the buyer");
    Some(line.text())
}

fn agreement_text(sale: &Transaction) -> Option<String> {
    let agreement = sale.subscription.as_ref()?;
    let line = Line::new("Recurring agreement")
        .fact(" ", agreement.id.as_ref())
        .add(", plan ", agreement.plan.as_ref().map(Text::as_str))
        .add(", renewed every ", agreement.interval.as_ref().map(Text::as_str))
        .fact(", renewal number ", agreement.renewal_number);
    Some(line.text())
}

fn account_text(sale: &Transaction) -> Option<String> {
    let account = sale.account.as_ref()?;
    let what = if account.created_at.is_some() { "Account opened" } else { "Account of the sale" };
    let line = Line::new(what)
        .fact(": ", account.id.as_ref())
        .add(", ", account.email.as_ref().map(Personal::as_str))
        .add(", ", account.name.as_ref().map(Personal::as_str));
    Some(line.text())
}

fn device_text(sale: &Transaction) -> Option<String> {
    let device = sale.device.as_ref()?;
    let line = Line::new("Bought from")
        .fact(" IP ", device.ip.as_ref().and_then(Loose::valid))
        .fact(", device ", device.device_id.as_ref())
        .add(", language ", device.accept_language.as_ref().map(Text::as_str))
        .add(", time zone ", device.timezone.as_ref().map(Text::as_str))
        .add(", ", device.user_agent.as_ref().map(Personal::as_str));
    Some(line.text())
}
