//! Earlier purchases on the same card that nobody disputed: what Compelling Evidence 3.0 shows an issuer.

use super::points::{Draft, Point, point};
use super::sheets::{Kind, Row, Source};
use super::words::{Line, items_text};
use super::{CaseFile, sale::SaleFact};
use crate::disputes::ce3::{self, Element, Elements, Sale};
use crate::domain::{Dispute, Transaction};

/// Two earlier sales that meet the rule, and what all three share.
pub(super) struct Prior<'a> {
    pub(super) sales: [&'a Transaction; 2],
    shared: Elements,
    /// Some of it was copied from an earlier checkout: told to the merchant, not to the bank.
    pub(super) inherited: Elements,
}

/// The pair of a case, by Visa's text or else by Stripe's interface.
pub(super) fn prior(case: &CaseFile) -> Option<Prior<'_>> {
    let report = ce3::of_case(case).ok()?;
    let pair = report.visa.pair().or(report.stripe.pair())?;
    let sale_of = |id: &str| {
        let mut sales = case.other_sales.iter().map(|other| &other.transaction);
        sales.find(|sale| sale.transaction_id.as_str() == id)
    };
    let [later, earlier] = pair.transactions;
    let sales = [sale_of(earlier)?, sale_of(later)?];
    Some(Prior { sales, shared: pair.shared, inherited: pair.inherited })
}

/// The three purchases with the values they share, the earliest first.
pub(super) fn rows<'a>(
    prior: &Prior<'a>,
    disputed: &Transaction,
    dispute: &Dispute,
) -> Vec<Row<'a>> {
    let row = |sale: &Transaction, what: &str, source, key| {
        let days = dispute.opened_at.day() - sale.event_time.day();
        let line = Line::new(&format!("{what}: transaction {}", sale.transaction_id))
            .fact(", order ", sale.order_id.as_ref())
            .fact(", ", items_text(sale))
            .fact(", charged ", sale.amount)
            .say(&format!(", {days} days before the dispute"));
        let text = values(sale, prior.shared)
            .into_iter()
            .fold(line, |line, (name, value)| line.say("; ").say(name).add(" ", Some(&value)));
        Row { at: sale.event_time, text: text.text(), source, key }
    };
    let mut rows: Vec<Row<'a>> = prior
        .sales
        .iter()
        .map(|sale| row(sale, "Earlier purchase, not disputed", Source::Prior(sale), true))
        .collect();
    rows.push(row(disputed, "Disputed purchase", Source::Sale(SaleFact::Compared), false));
    rows
}

/// Two earlier purchases nobody disputed share what identifies the buyer.
pub(super) fn earlier_purchases(draft: &Draft<'_>) -> Option<Point> {
    let prior = draft.facts.prior.as_ref().filter(|prior| prior.inherited.is_empty())?;
    let [earlier, later] = prior.sales.map(|sale| sale.event_time.date_text());
    let sentence = format!(
        "Two earlier purchases on this card, of {earlier} and {later}, were not disputed and have \
         the same {} as this one",
        prior.shared
    );
    let is_prior = |source: &Source<'_>| matches!(source, Source::Prior(_));
    point(sentence, [draft.cite(Kind::Prior, is_prior)?])
}

fn values(sale: &Transaction, wanted: Elements) -> Vec<(&'static str, String)> {
    let sale = Sale::recorded(sale, &[]);
    let value = |element: Element| match element {
        Element::Ip => sale.ip.map(|ip| ip.to_string()),
        Element::DeviceId => sale.device_id.map(str::to_owned),
        Element::DeviceFingerprint => sale.device_fingerprint.map(str::to_owned),
        Element::AccountId => sale.account_id.map(str::to_owned),
        Element::Email => sale.email.map(str::to_owned),
        Element::Address => None, // not recorded for digital goods
    };
    wanted.iter().filter_map(|element| Some((element.name(), value(element)?))).collect()
}
