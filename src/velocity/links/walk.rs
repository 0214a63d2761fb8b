//! The walk through the graph, from one transaction two hops far.
//!
//! Level by level: own side, what it shares, the accounts at the other ends, what those share, the
//! accounts at the ends of that. The latest ties come first, so a walk cut short has met the nearest
//! and youngest.

use super::ties::{Tie, To};
use super::{MAX_ACCOUNTS, MAX_NODES};
use crate::domain::Timestamp;
use crate::velocity::{EntityKey, EntityKeys, Party};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// One hop: what is shared, and with which account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// A card, mailbox, phone number, device or licence key.
    pub by: Party,
    /// The account at the other end.
    pub account: EntityKey,
}

/// An account within two hops, and how it was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Linked {
    /// The account between, of one two hops away.
    pub between: Option<Step>,
    /// The account itself.
    pub last: Step,
}

/// The people around one transaction.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LinksView {
    /// Other accounts within two hops, in the order they were reached.
    pub accounts: Vec<Linked>,
    /// What the transaction brings that too many share to tie anybody.
    pub hubs: u32,
    /// Weight of the disputed sales of all that was met, the transaction's own side included; each
    /// sale once, by its latest dispute. `None` where only a hub it brings was told of any: whose these
    /// were is not known.
    pub disputes: Option<f64>,
    /// The same of the sales that were warned of.
    pub warnings: Option<f64>,
    /// Trials begun by all that was met, the transaction's own side included.
    pub trials: u32,
    /// Trials begun before with the transaction's own card, mailbox, phone number and device, in the
    /// order of [`LinksView::TRIED_WITH`]; `None` where it has none, or one that too many share: whose
    /// trials these were is not known.
    pub tried_with: [Option<u32>; 4],
}

impl LinksView {
    /// Whose trials are told apart.
    pub const TRIED_WITH: [Party; 4] = [Party::Card, Party::Email, Party::Phone, Party::Device];
}

/// Reads the ties of a node into a list.
pub(super) type TiesOf<'g> = &'g dyn Fn(Party, EntityKey, &mut Vec<Tie>);

/// What is around `keys` at `at`; `None` where none of the keys is a node's.
pub(super) fn around(keys: &EntityKeys, at: Timestamp, ties_of: TiesOf<'_>) -> Option<LinksView> {
    let node = |party: Party| Some((party, party.key(keys)?));
    let mut shared: Vec<_> = Party::TYING.into_iter().filter_map(node).collect();
    if shared.is_empty() && keys.account.is_none() {
        return None;
    }
    let mut walk = Walk {
        ties_of,
        at,
        seen: BTreeSet::new(),
        met: keys.account.into_iter().collect(),
        told: BTreeMap::new(),
        unheard: BTreeSet::new(),
        ties: Vec::new(),
        view: LinksView::default(),
    };
    let own = shared.len();
    shared.extend(keys.account.into_iter().flat_map(|account| walk.shared_by(account)));
    for (place, (by, key)) in shared.into_iter().enumerate() {
        walk.follow(by, key, None, place < own);
    }
    for near in walk.view.accounts.clone() {
        for (by, key) in walk.shared_by(near.last.account) {
            walk.follow(by, key, Some(near.last), false);
        }
    }
    let far = walk.view.accounts.clone().into_iter().filter(|linked| linked.between.is_some());
    far.for_each(|linked| drop(walk.shared_by(linked.last.account)));
    Some(walk.weighed())
}

struct Walk<'g> {
    ties_of: TiesOf<'g>,
    at: Timestamp,
    /// Nodes looked at.
    seen: BTreeSet<(Party, EntityKey)>,
    /// Accounts met, the own one included.
    met: BTreeSet<EntityKey>,
    /// What was told of sales, each once with its latest time.
    told: BTreeMap<(To, EntityKey), Tie>,
    /// What a hub that the transaction brings was told of.
    unheard: BTreeSet<To>,
    /// Of the node looked at last, those that hold and what was told.
    ties: Vec<Tie>,
    view: LinksView,
}

impl Walk<'_> {
    /// Looks at a node, once; false when it was looked at, or enough have been.
    fn look(&mut self, party: Party, key: EntityKey) -> bool {
        if self.seen.len() >= MAX_NODES || !self.seen.insert((party, key)) {
            return false;
        }
        self.ties.clear();
        (self.ties_of)(party, key, &mut self.ties);
        let at = self.at;
        self.ties.retain(|tie| tie.to.party().is_none() || tie.holds(at));
        self.ties.sort_unstable_by_key(|tie| (Reverse(tie.second), tie.to, tie.key));
        true
    }

    /// Notes what was told of the sales of the node looked at last.
    fn hear(&mut self) {
        for tie in self.ties.iter().filter(|tie| tie.to.party().is_none()) {
            let known = self.told.entry((tie.to, tie.key)).or_insert(*tie);
            *known = (*known).max(*tie);
        }
    }

    /// What an account was seen with, the latest first.
    fn shared_by(&mut self, account: EntityKey) -> Vec<(Party, EntityKey)> {
        if !self.look(Party::Account, account) {
            return Vec::new();
        }
        self.hear();
        self.ties.iter().filter_map(|tie| Some((tie.to.party()?, tie.key))).collect()
    }

    /// Meets the accounts that share something, unless it is a hub. `own`: the transaction brings it.
    fn follow(&mut self, by: Party, key: EntityKey, between: Option<Step>, own: bool) {
        if !self.look(by, key) {
            return;
        }
        let Some(accounts) = self.tied() else {
            if own {
                self.view.hubs += 1;
                let weighs = |tie: &&Tie| tie.to.party().is_none() && tie.weight(self.at) > 0.0;
                self.unheard.extend(self.ties.iter().filter(weighs).map(|tie| tie.to));
            }
            return;
        };
        if own {
            self.note_trials(by);
        }
        self.hear();
        for account in accounts {
            if self.met.insert(account) {
                self.view.accounts.push(Linked { between, last: Step { by, account } });
            }
        }
    }

    /// The accounts tied by the node looked at last, the latest first; `None` of a hub. Accounts that
    /// paid with it make a hub; those that can be had for nothing only where none did, and beside such
    /// ones a crowd of them ties nobody and hides nothing.
    fn tied(&self) -> Option<Vec<EntityKey>> {
        let accounts = || self.ties.iter().filter(|tie| tie.to == To::Account);
        let attested = accounts().filter(|tie| tie.attested).count();
        let is_crowd = accounts().count() - attested > MAX_ACCOUNTS;
        if attested > MAX_ACCOUNTS || (is_crowd && attested == 0) {
            return None;
        }
        Some(accounts().filter(|tie| tie.attested || !is_crowd).map(|tie| tie.key).collect())
    }

    /// Counts the trials of the node looked at last, which the transaction brings.
    fn note_trials(&mut self, by: Party) {
        let place = LinksView::TRIED_WITH.iter().position(|party| *party == by);
        if let Some(count) = place.and_then(|place| self.view.tried_with.get_mut(place)) {
            let trials = self.ties.iter().filter(|tie| tie.to == To::Trial).count();
            *count = u32::try_from(trials).ok();
        }
    }

    fn weighed(self) -> LinksView {
        let told = |what: To| self.told.values().filter(move |tie| tie.to == what);
        let weight = |what: To| {
            let weight: f64 = told(what).map(|tie| tie.weight(self.at)).sum();
            (weight > 0.0 || !self.unheard.contains(&what)).then_some(weight)
        };
        let (disputes, warnings) = (weight(To::Dispute), weight(To::Warning));
        let trials = u32::try_from(told(To::Trial).count()).unwrap_or(u32::MAX);
        LinksView { disputes, warnings, trials, ..self.view }
    }
}
