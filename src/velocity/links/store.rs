//! The in-memory [`Links`].

use super::ties::{Tie, Ties, added_by};
use super::walk::around;
use super::{Links, LinksView};
use crate::domain::Timestamp;
use crate::velocity::shelf::Shelf;
use crate::velocity::{EntityKey, EntityKeys, Limits, Occurrence, Parts, Party, Stats};

/// Parts of [`Limits::max_keys`]: one node for each eight histories.
const PART: usize = 8;

/// Bounded by [`Limits`]: an eighth of its keys. A card of one account takes about 80 bytes, an account
/// with four such about 130, and 200 once it paid with them; the most tied node 1,700.
#[derive(Debug)]
pub struct LinkGraph {
    nodes: Shelf<Ties, { Party::COUNT }>,
}

impl LinkGraph {
    /// No ties yet.
    pub fn new(limits: Limits) -> Self {
        let parts: usize = Party::ALL.into_iter().map(share).sum();
        let whole = limits.max_keys / PART;
        let bounds = Party::ALL.map(|party| whole.saturating_mul(share(party)) / parts);
        Self { nodes: Shelf::new(bounds, limits.seed) }
    }

    /// Nodes held.
    pub fn held(&self) -> Stats {
        self.nodes.stats()
    }

    /// Shows every node, kind by kind, in the order of the keys within a shard.
    pub fn for_each_node(&self, visit: &mut dyn FnMut(Party, EntityKey, &Ties)) {
        self.nodes.walk(&mut |kind, key, ties| {
            if let Some(party) = Party::ALL.get(kind) {
                visit(*party, key, ties);
            }
        });
    }

    fn add(&self, (party, key, tie): (Party, EntityKey, Tie), occurrence: &Occurrence) {
        let seen = (key, occurrence.at);
        self.nodes.change(party as usize, seen, |ties| ties.add(tie, party, occurrence));
    }
}

/// Parts of all nodes kept that are of this kind.
const fn share(party: Party) -> usize {
    match party {
        Party::Account | Party::Card | Party::Email | Party::Device => 4,
        Party::Phone | Party::Licence => 2,
        Party::Bin | Party::Sku | Party::Seller => 0,
    }
}

impl Links for LinkGraph {
    fn view(&self, keys: &EntityKeys, at: Timestamp) -> Option<LinksView> {
        around(keys, at, &|party, key, ties| {
            self.nodes.read(party as usize, key, |kept| ties.extend_from_slice(kept.as_slice()));
        })
    }

    fn record(&self, occurrence: &Occurrence) {
        added_by(occurrence).for_each(|added| self.add(added, occurrence));
    }
}

impl Parts for LinkGraph {
    fn parts(&self) -> usize {
        self.nodes.parts()
    }

    fn copy(&self, part: usize, locked: &mut dyn FnMut(), out: &mut Vec<u8>) {
        self.nodes.copy(part, locked, out);
    }

    fn take_up(&self, part: usize, bytes: &[u8]) -> Option<()> {
        self.nodes.take_up(part, bytes)
    }

    fn record_in(&self, occurrence: &Occurrence, lacks: &dyn Fn(usize) -> bool) {
        for added in added_by(occurrence) {
            let (party, key, _) = added;
            if lacks(self.nodes.part_of(party as usize, key)) {
                self.add(added, occurrence);
            }
        }
    }
}
