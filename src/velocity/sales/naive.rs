//! A recount from everything that was told: the definition the fast form is tested against.

use super::{Delay, Outcome, SALE_WINDOWS, SETTLED_AFTER_H, Sales, SalesView, hour};
use crate::domain::{HOUR_MS, SECOND_MS, Timestamp};
use crate::velocity::{EntityKey, EntityKeys, Occurrence, Party, Sale, Told};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// The slow [`Sales`]. Never forgets; grows without bound.
#[derive(Debug, Default)]
pub struct Recount {
    told: Mutex<Vec<(Sale, Occurrence)>>,
}

/// What makes two tellings of one sale.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Identity {
    /// The payment, where it has no invoice.
    Payment(EntityKey),
    /// The invoice and all who were party to it.
    Invoice(EntityKey, Vec<Option<EntityKey>>),
}

fn identity(sale: &Sale, keys: &EntityKeys) -> Identity {
    let parties = || Party::SOLD_TO.iter().map(|party| party.key(keys)).collect();
    let invoice = keys.invoice.map(|invoice| Identity::Invoice(invoice, parties()));
    invoice.unwrap_or(Identity::Payment(sale.id))
}

impl Sales for Recount {
    fn view(&self, party: Party, key: EntityKey, at: Timestamp, delay: Delay) -> SalesView {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let own = |(_, one): &&(Sale, Occurrence)| party.key(&one.keys) == Some(key);
        let own: Vec<&(Sale, Occurrence)> = told.iter().filter(own).collect();
        let newest = own.iter().map(|(_, one)| hour(one.at)).max().unwrap_or(0);
        let now = newest.max(hour(at));

        let mut sales: BTreeMap<Identity, Vec<&(Sale, Occurrence)>> = BTreeMap::new();
        for one in own {
            sales.entry(identity(&one.0, &one.1.keys)).or_default().push(one);
        }
        let mut view = SalesView::default();
        for tellings in sales.into_values() {
            let sold = tellings.iter().map(|(sale, _)| hour(sale.at)).min().unwrap_or(0);
            // The hours of the sale that lie before the end of the window, counted from there.
            let age = (now.saturating_sub(delay.hours())).checked_sub(sold + 1);
            for (row, outcome) in view.counts.iter_mut().zip(Outcome::ALL) {
                for (count, window) in row.iter_mut().zip(SALE_WINDOWS) {
                    let within = age.is_some_and(|age| i64::from(age) < window.span_ms() / HOUR_MS);
                    *count += u32::from(within && became(&tellings, outcome));
                }
            }
            let settled = sold + SETTLED_AFTER_H < now && became(&tellings, Outcome::Good);
            view.settled += u32::from(settled);
        }
        view
    }

    fn record(&self, occurrence: &Occurrence) {
        let speaks = |sale: &Sale| ![Told::Tried, Told::Trial].contains(&sale.told);
        let told = occurrence.sale.filter(speaks).map(|sale| (sale, *occurrence));
        self.told.lock().unwrap_or_else(PoisonError::into_inner).extend(told);
    }
}

/// Whether the tellings of one sale make it an `outcome`.
fn became(tellings: &[&(Sale, Occurrence)], outcome: Outcome) -> bool {
    let was_told = |what: &[Told]| tellings.iter().any(|(sale, _)| what.contains(&sale.told));
    let labels = [Told::Fraud, Told::Misuse, Told::Service, Told::Good];
    // The latest one; of two in one second the milder.
    let labels = tellings.iter().filter(|(sale, _)| labels.contains(&sale.told));
    let label = labels
        .max_by_key(|(sale, one)| (one.at.millis() / SECOND_MS, sale.told))
        .map(|(sale, _)| sale.told);
    let something_bad = was_told(&[Told::Refunded, Told::Warned, Told::Disputed, Told::Lost])
        || label.is_some_and(|label| label != Told::Good);
    match outcome {
        Outcome::Sold => something_bad || was_told(&[Told::Settled, Told::Won]),
        Outcome::Good => was_told(&[Told::Settled]) && !something_bad,
        Outcome::Fraud if label.is_none() => was_told(&[Told::Warned]),
        Outcome::Fraud => label == Some(Told::Fraud),
        Outcome::Warning => was_told(&[Told::Warned]),
        Outcome::Dispute => was_told(&[Told::Disputed]),
        Outcome::Misuse => label == Some(Told::Misuse),
        Outcome::Service => label == Some(Told::Service),
        Outcome::Refund => was_told(&[Told::Refunded]),
        Outcome::Won => was_told(&[Told::Won]),
        Outcome::Lost => was_told(&[Told::Lost]),
    }
}
