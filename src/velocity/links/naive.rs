//! A recount from everything that was seen: the definition the fast form is tested against. It knows
//! no order of a walk, so it does not know [`MAX_NODES`](super::MAX_NODES) either.

use super::{HALVING_MS, HORIZON_MS, Linked, Links, LinksView, MAX_ACCOUNTS, MAX_TIES, MAX_TOLD};
use crate::domain::{SECOND_MS, Timestamp};
use crate::velocity::{EntityKey, EntityKeys, Occurrence, Party, Signal, Told};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

/// The slow [`Links`]. Never forgets; grows without bound. It tells who is met, not on which path.
#[derive(Debug, Default)]
pub struct Recount {
    seen: Mutex<Vec<Occurrence>>,
}

type Node = (Party, EntityKey);

/// The second something was last seen in, by what it is.
type Latest<K> = BTreeMap<K, i64>;

impl Recount {
    /// Accounts within two hops, and the rest of the view without its list of accounts.
    pub fn met(
        &self,
        keys: &EntityKeys,
        at: Timestamp,
    ) -> Option<(BTreeSet<EntityKey>, LinksView)> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let graph = Graph { seen: &seen, second: at.millis() / SECOND_MS };
        let own: Vec<Node> = Party::TYING.iter().filter_map(|p| Some((*p, p.key(keys)?))).collect();
        if own.is_empty() && keys.account.is_none() {
            return None;
        }
        let mut sources: BTreeSet<Node> =
            keys.account.map(|key| (Party::Account, key)).into_iter().collect();
        let mut shared: BTreeSet<Node> = own.iter().copied().collect();
        let mut met = BTreeSet::new();
        for hop in 0..2 {
            if hop == 0 {
                shared
                    .extend(keys.account.into_iter().flat_map(|account| graph.shared_by(account)));
            } else {
                shared.extend(met.clone().into_iter().flat_map(|account| graph.shared_by(account)));
            }
            let open: Vec<Node> =
                shared.iter().copied().filter(|node| !graph.is_hub(*node)).collect();
            sources.extend(open.iter().copied());
            met.extend(open.iter().flat_map(|node| graph.accounts_of(*node).unwrap_or_default()));
            met.retain(|account| Some(*account) != keys.account);
        }
        sources.extend(met.iter().map(|account| (Party::Account, *account)));

        let told = |what: Told| {
            let mut sales: Latest<EntityKey> = BTreeMap::new();
            for (sale, second) in sources.iter().flat_map(|node| graph.told(*node, what)) {
                let latest = sales.entry(sale).or_insert(second);
                *latest = (*latest).max(second);
            }
            sales
        };
        let halvings = |second: i64| {
            let times = (graph.second - second).max(0) * SECOND_MS / HALVING_MS;
            i32::try_from(times).ok().filter(|times| *times < 8)
        };
        let weight = |what: Told| -> Option<f64> {
            let times: Vec<i32> = told(what).into_values().filter_map(halvings).collect();
            let of_hubs = own.iter().filter(|node| graph.is_hub(**node));
            let is_unheard = of_hubs
                .flat_map(|node| graph.told(*node, what))
                .any(|(_, second)| halvings(second).is_some());
            let is_known = !times.is_empty() || !is_unheard;
            is_known.then(|| times.into_iter().map(|times| 0.5_f64.powi(times)).sum())
        };
        let trials_with = |party: Party| {
            let node = Some((party, party.key(keys)?)).filter(|node| !graph.is_hub(*node))?;
            u32::try_from(graph.told(node, Told::Trial).len()).ok()
        };
        let hubs = own.iter().filter(|node| graph.is_hub(**node)).count();
        let view = LinksView {
            accounts: Vec::new(),
            hubs: u32::try_from(hubs).unwrap_or(0),
            disputes: weight(Told::Disputed),
            warnings: weight(Told::Warned),
            trials: u32::try_from(told(Told::Trial).len()).unwrap_or(0),
            tried_with: LinksView::TRIED_WITH.map(trials_with),
        };
        Some((met, view))
    }
}

impl Links for Recount {
    fn view(&self, keys: &EntityKeys, at: Timestamp) -> Option<LinksView> {
        let (_, view) = self.met(keys, at)?;
        Some(LinksView { accounts: Vec::<Linked>::new(), ..view })
    }

    fn record(&self, occurrence: &Occurrence) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).push(*occurrence);
    }
}

struct Graph<'s> {
    seen: &'s [Occurrence],
    second: i64,
}

impl Graph<'_> {
    /// The latest `most` of what `found` finds.
    fn latest<K: Ord + Copy>(
        &self,
        found: impl Fn(&Occurrence) -> Vec<K>,
        most: usize,
    ) -> Vec<(K, i64)> {
        let mut all: Latest<K> = BTreeMap::new();
        for one in self.seen {
            for what in found(one) {
                let second = one.at.millis() / SECOND_MS;
                let latest = all.entry(what).or_insert(second);
                *latest = (*latest).max(second);
            }
        }
        let mut all: Vec<(K, i64)> = all.into_iter().collect();
        all.sort_by_key(|(what, second)| (*second, *what));
        all.split_off(all.len().saturating_sub(most))
    }

    fn holding<K>(&self, ties: Vec<(K, i64)>) -> Vec<K> {
        let holds = |second: i64| (self.second - second).max(0) <= HORIZON_MS / SECOND_MS;
        ties.into_iter().filter(|(_, second)| holds(*second)).map(|(what, _)| what).collect()
    }

    fn shared_by(&self, account: EntityKey) -> Vec<Node> {
        let latest = |party: Party, attested: bool| {
            let found = |one: &Occurrence| match one.keys.account {
                Some(key) if key == account && ties(one.signal) => {
                    let key =
                        party.key(&one.keys).filter(|_| vouches(one.signal, party) == attested);
                    key.map(|key| (party, key)).into_iter().collect()
                }
                _ => Vec::new(),
            };
            self.holding(self.latest(found, MAX_TIES))
        };
        let kinds = Party::TYING.into_iter().flat_map(|party| [(party, true), (party, false)]);
        kinds.flat_map(|(party, attested)| latest(party, attested)).collect()
    }

    /// Those that were vouched for, or the others; one more than tie, so that a crowd is told.
    fn seen_with(&self, (party, key): Node, attested: bool) -> Vec<EntityKey> {
        let is_meant = |one: &Occurrence| {
            party.key(&one.keys) == Some(key)
                && ties(one.signal)
                && vouches(one.signal, party) == attested
        };
        let found =
            |one: &Occurrence| one.keys.account.filter(|_| is_meant(one)).into_iter().collect();
        self.holding(self.latest(found, MAX_ACCOUNTS + 1))
    }

    /// `None` of a hub.
    fn accounts_of(&self, node: Node) -> Option<Vec<EntityKey>> {
        let (paid, others) = (self.seen_with(node, true), self.seen_with(node, false));
        let is_crowd = |accounts: &[EntityKey]| accounts.len() > MAX_ACCOUNTS;
        if is_crowd(&paid) || (paid.is_empty() && is_crowd(&others)) {
            return None;
        }
        Some(if is_crowd(&others) { paid } else { [paid, others].concat() })
    }

    fn is_hub(&self, node: Node) -> bool {
        self.accounts_of(node).is_none()
    }

    /// Sales of a node of which `what` was told, and when last.
    fn told(&self, (party, key): Node, what: Told) -> Vec<(EntityKey, i64)> {
        let found = |one: &Occurrence| {
            let sale = one.sale.filter(|sale| sale.told == what);
            let own = party.key(&one.keys) == Some(key);
            sale.filter(|_| own).map(|sale| sale.key(&one.keys)).into_iter().collect()
        };
        self.latest(found, MAX_TOLD)
    }
}

/// Of all that ties: an issuer of all that paid, a licence key of itself.
fn vouches(signal: Signal, party: Party) -> bool {
    signal == Signal::Approved || (signal == Signal::Activation && party == Party::Licence)
}

fn ties(signal: Signal) -> bool {
    use Signal as S;
    [S::Attempt, S::Approved, S::Trial, S::SignUp, S::Login, S::Activation].contains(&signal)
}
