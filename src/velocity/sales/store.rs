//! The in-memory [`Sales`]: what is told of each sale, and the hours of each party.

use super::fate::Change;
use super::{Delay, Fate, Hours, Sale, Sales, SalesView, hour, start_of};
use crate::domain::Timestamp;
use crate::velocity::life::Tenant;
use crate::velocity::shelf::Shelf;
use crate::velocity::{EntityKey, Limits, Occurrence, Parts, Party, Stats};
use std::sync::{Mutex, PoisonError};

/// Parts of [`Limits::max_keys`]: one sale and one party for each four histories. Most histories are
/// of addresses, pairs, invoices and of those who never bought.
const PART: usize = 4;

/// Locks that keep what is told of one sale from being counted twice at once.
const GATES: usize = 64;

/// Bounded by [`Limits`]: sales and parties together half of its keys. A sale takes about 50 bytes, a
/// party of one sale about 75, the busiest of all (every hour of 120 days, every outcome) 230 KB.
#[derive(Debug)]
pub struct SaleOutcomes {
    fates: Shelf<Fate, 1>,
    hours: Shelf<Hours, { Party::COUNT }>,
    gates: Box<[Mutex<()>]>,
}

impl SaleOutcomes {
    /// Nothing told yet.
    pub fn new(limits: Limits) -> Self {
        let parts: usize = Party::ALL.into_iter().map(share).sum();
        let whole = limits.max_keys / PART;
        let bounds = Party::ALL.map(|party| whole.saturating_mul(share(party)) / parts);
        Self {
            fates: Shelf::new([whole], limits.seed),
            hours: Shelf::new(bounds, limits.seed),
            gates: (0..GATES).map(|_| Mutex::new(())).collect(),
        }
    }

    /// Sales held.
    pub fn held_sales(&self) -> Stats {
        self.fates.stats()
    }

    /// Parties held.
    pub fn held_parties(&self) -> Stats {
        self.hours.stats()
    }

    /// Shows every sale, in the order of the ids within a shard.
    pub fn for_each_sale(&self, visit: &mut dyn FnMut(EntityKey, &Fate)) {
        self.fates.walk(&mut |_, id, fate| visit(id, fate));
    }

    /// Shows every party, kind by kind, in the order of the keys within a shard.
    pub fn for_each_party(&self, visit: &mut dyn FnMut(Party, EntityKey, &Hours)) {
        self.hours.walk(&mut |kind, key, hours| {
            if let Some(party) = Party::ALL.get(kind) {
                visit(*party, key, hours);
            }
        });
    }

    /// Notes what is told of a sale.
    fn tell(&self, id: EntityKey, sale: &Sale, occurrence: &Occurrence) -> Change {
        let mut shard = self.fates.shard(0, id);
        shard.see(occurrence.at);
        let place = shard.place(id);
        let known = place.and_then(|place| shard.at(place)).copied();
        let may_be_forgotten = shard.may_have_forgotten(start_of(hour(sale.at)));
        let about = (sale, &occurrence.keys);
        let (fate, change) = Fate::told(about, occurrence.at, known, may_be_forgotten);
        match place {
            Some(place) => {
                shard.change(place, |kept| *kept = fate);
            }
            None => shard.insert(id, fate),
        }
        change
    }
}

/// Parts of all parties kept that are of this kind.
const fn share(party: Party) -> usize {
    match party {
        Party::Account | Party::Card | Party::Email | Party::Device => 8,
        Party::Bin | Party::Sku | Party::Seller => 1,
        Party::Phone | Party::Licence => 0,
    }
}

impl Sales for SaleOutcomes {
    fn view(&self, party: Party, key: EntityKey, at: Timestamp, delay: Delay) -> SalesView {
        let read = self.hours.read(party as usize, key, |hours| hours.view(at, delay));
        read.unwrap_or_default()
    }

    fn record(&self, occurrence: &Occurrence) {
        self.record_in(occurrence, &|_| true);
    }
}

/// The parts of the sales, then those of the parties. A sale that holds an occurrence was copied before
/// its parties, so they hold it too, and it is passed over. Where the sale lacks it, what the sale
/// becomes is worked out again: of the occurrences told of one sale, all that a party holds come before
/// all that it lacks, and the changes of the latter add up to the same in any order.
impl Parts for SaleOutcomes {
    fn parts(&self) -> usize {
        self.fates.parts() + self.hours.parts()
    }

    fn copy(&self, part: usize, locked: &mut dyn FnMut(), out: &mut Vec<u8>) {
        match part.checked_sub(self.fates.parts()) {
            None => self.fates.copy(part, locked, out),
            Some(part) => self.hours.copy(part, locked, out),
        }
    }

    fn take_up(&self, part: usize, bytes: &[u8]) -> Option<()> {
        match part.checked_sub(self.fates.parts()) {
            None => self.fates.take_up(part, bytes),
            Some(part) => self.hours.take_up(part, bytes),
        }
    }

    fn record_in(&self, occurrence: &Occurrence, lacks: &dyn Fn(usize) -> bool) {
        let Some(sale) = occurrence.sale.filter(|sale| sale.told.is_of_sale()) else { return };
        let id = sale.key(&occurrence.keys);
        let gate = self.gates.get(usize::try_from(id.0).unwrap_or(0) % GATES);
        let _only = gate.map(|gate| gate.lock().unwrap_or_else(PoisonError::into_inner));
        if !lacks(self.fates.part_of(0, id)) {
            return;
        }
        let change = self.tell(id, &sale, occurrence);
        let (at, tenant) = (occurrence.at, Tenant::of(occurrence.keys.tenant));
        for party in Party::SOLD_TO {
            if let Some(key) = party.key(&occurrence.keys)
                && lacks(self.fates.parts() + self.hours.part_of(party as usize, key))
            {
                let note = |hours: &mut Hours| hours.note(at, tenant, &change);
                self.hours.change(party as usize, (key, at), note);
            }
        }
    }
}
