//! A recount from everything that was told: the definition the fast form is tested against.

use super::{Delay, Fate, Outcome, SALE_WINDOWS, SETTLED_AFTER_H, Sales, SalesView, hour};
use crate::domain::{HOUR_MS, Timestamp};
use crate::velocity::{EntityKey, Occurrence, Party, Sale, Told};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// The slow [`Sales`]. Never forgets; grows without bound.
#[derive(Debug, Default)]
pub struct Recount {
    told: Mutex<Vec<(Sale, Occurrence)>>,
}

impl Sales for Recount {
    fn view(&self, party: Party, key: EntityKey, at: Timestamp, delay: Delay) -> SalesView {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let own = |(_, one): &&(Sale, Occurrence)| party.key(&one.keys) == Some(key);
        let own: Vec<&(Sale, Occurrence)> = told.iter().filter(own).collect();
        let newest = own.iter().map(|(_, one)| hour(one.at)).max().unwrap_or(0);
        let now = newest.max(hour(at));

        let mut sales: BTreeMap<EntityKey, (u32, Fate)> = BTreeMap::new();
        for (sale, one) in own {
            let entry = sales.entry(sale.id).or_insert((hour(sale.at), Fate::default()));
            entry.1.tell(sale, one.at);
        }
        let mut view = SalesView::default();
        for (sold, fate) in sales.into_values() {
            // The hours of the sale that lie before the end of the window, counted from there.
            let age = (now.saturating_sub(delay.hours())).checked_sub(sold + 1);
            for (row, outcome) in view.counts.iter_mut().zip(Outcome::ALL) {
                for (count, window) in row.iter_mut().zip(SALE_WINDOWS) {
                    let within = age.is_some_and(|age| i64::from(age) < window.span_ms() / HOUR_MS);
                    *count += u32::from(within && fate.is(outcome));
                }
            }
            let settled = sold + SETTLED_AFTER_H < now && fate.is(Outcome::Good);
            view.settled += u32::from(settled);
        }
        view
    }

    fn record(&self, occurrence: &Occurrence) {
        let sale = occurrence.sale.filter(|sale| sale.told != Told::Trial);
        let told = sale.map(|sale| (sale, *occurrence));
        self.told.lock().unwrap_or_else(PoisonError::into_inner).extend(told);
    }
}
