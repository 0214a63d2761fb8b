//! What one node of the graph is tied to, and what was told of its sales.

use super::{HALVING_MS, HALVINGS, HORIZON_MS, MAX_ACCOUNTS, MAX_TIES, MAX_TOLD};
use crate::domain::{SECOND_MS, Timestamp};
use crate::velocity::bytes::{Bytes, Stored, put_len, put_number};
use crate::velocity::life::{Life, Tenant};
use crate::velocity::shard::Kept;
use crate::velocity::{EntityKey, Occurrence, Party, Signal, Told};

/// The other end of a tie, or what was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum To {
    /// An account.
    Account,
    /// A card.
    Card,
    /// A mailbox.
    Email,
    /// A device.
    Device,
    /// A phone number.
    Phone,
    /// A licence key.
    Licence,
    /// A sale that was disputed.
    Dispute,
    /// A sale that was warned of.
    Warning,
    /// A trial that was begun.
    Trial,
}

impl To {
    /// Every kind, in order.
    const ALL: [Self; 9] = [
        Self::Account,
        Self::Card,
        Self::Email,
        Self::Device,
        Self::Phone,
        Self::Licence,
        Self::Dispute,
        Self::Warning,
        Self::Trial,
    ];

    /// The node's kind; `None` of a sale.
    pub const fn party(self) -> Option<Party> {
        match self {
            Self::Account => Some(Party::Account),
            Self::Card => Some(Party::Card),
            Self::Email => Some(Party::Email),
            Self::Phone => Some(Party::Phone),
            Self::Device => Some(Party::Device),
            Self::Licence => Some(Party::Licence),
            Self::Dispute | Self::Warning | Self::Trial => None,
        }
    }

    pub(super) const fn node(party: Party) -> Option<Self> {
        match party {
            Party::Account => Some(Self::Account),
            Party::Card => Some(Self::Card),
            Party::Email => Some(Self::Email),
            Party::Phone => Some(Self::Phone),
            Party::Device => Some(Self::Device),
            Party::Licence => Some(Self::Licence),
            Party::Bin | Party::Sku | Party::Seller => None,
        }
    }

    pub(super) const fn told(told: Told) -> Option<Self> {
        match told {
            Told::Disputed => Some(Self::Dispute),
            Told::Warned => Some(Self::Warning),
            Told::Trial => Some(Self::Trial),
            _ => None,
        }
    }

    /// How many are kept, attested and others each. One account more than tie: it tells a crowd.
    const fn bound(self) -> usize {
        match self {
            Self::Account => MAX_ACCOUNTS + 1,
            Self::Card | Self::Email | Self::Phone | Self::Device | Self::Licence => MAX_TIES,
            Self::Dispute | Self::Warning | Self::Trial => MAX_TOLD,
        }
    }
}

/// A tie and when it was last seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tie {
    /// What kind of other end.
    pub to: To,
    /// Its key, or the sale's id.
    pub key: EntityKey,
    /// Last seen, in seconds since 1970.
    pub second: u32,
    /// Whether somebody vouched for both being together, as of a paid sale; else false. What was attested
    /// and seen without that later is two ties, each with its own time.
    pub attested: bool,
}

impl Tie {
    pub(super) fn new(to: To, key: EntityKey, at: Timestamp) -> Self {
        let second = u32::try_from(at.millis() / SECOND_MS).unwrap_or(u32::MAX);
        Self { to, key, second, attested: false }
    }

    /// What is bounded together.
    const fn group(&self) -> (To, bool) {
        (self.to, self.attested)
    }

    /// Milliseconds since it was last seen; 0 where that is later than `at`.
    pub(super) fn age_ms(&self, at: Timestamp) -> i64 {
        (at.millis() - i64::from(self.second) * SECOND_MS).max(0)
    }

    /// Whether it still holds at `at`.
    pub(super) fn holds(&self, at: Timestamp) -> bool {
        self.age_ms(at) <= HORIZON_MS
    }

    /// What it weighs at `at`: 1, halved for each whole [`HALVING_MS`] of its age. A sum of such
    /// weights is exact, in whatever order it is made.
    pub(super) fn weight(&self, at: Timestamp) -> f64 {
        let halvings = self.age_ms(at) / HALVING_MS;
        if halvings >= HALVINGS { 0.0 } else { 1.0 / f64::from(1_u32 << halvings) }
    }
}

/// The latest ties of one node.
///
/// INVARIANT: sorted by other end, each once attested and once not, with the latest time. Of those
/// bounded together the latest are kept. A tie once given up was older than all those kept and can't come back but by a
/// later sighting, so the order of sightings leaves no trace.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ties {
    list: Vec<Tie>,
    /// First seen, in seconds since 1970.
    first: u32,
    tenant: Tenant,
    /// See [`Life`].
    attested: bool,
}

impl Ties {
    /// Every tie, sorted by other end.
    pub fn as_slice(&self) -> &[Tie] {
        &self.list
    }

    /// Adds a tie that `occurrence` showed to a node of this kind.
    pub(super) fn add(&mut self, tie: Tie, party: Party, occurrence: &Occurrence) {
        if self.list.is_empty() {
            (self.first, self.tenant) = (tie.second, Tenant::of(occurrence.keys.tenant));
        }
        self.first = self.first.min(tie.second);
        self.attested |= occurrence.signal.attests_to(party);
        let place = |tie: &Tie| (tie.to, tie.key, tie.attested);
        let same = |kept: &Tie| place(kept).cmp(&place(&tie));
        match self.list.binary_search_by(same) {
            Ok(place) => {
                if let Some(kept) = self.list.get_mut(place) {
                    kept.second = kept.second.max(tie.second);
                }
            }
            Err(place) => {
                if self.list.len() == self.list.capacity() {
                    self.list.reserve_exact(1 + self.list.len() / 2);
                }
                self.list.insert(place, tie);
                self.cut(tie.group());
            }
        }
    }

    /// Gives up the oldest of those bounded together when they are too many.
    fn cut(&mut self, group: (To, bool)) {
        let bounded = || self.list.iter().enumerate().filter(|(_, tie)| tie.group() == group);
        if bounded().count() > group.0.bound() {
            let oldest = bounded().min_by_key(|(_, tie)| (tie.second, tie.to, tie.key));
            if let Some((place, _)) = oldest {
                self.list.remove(place);
            }
        }
    }
}

impl Kept for Ties {
    fn life(&self) -> Life {
        let newest = self.list.iter().map(|tie| tie.second).max().unwrap_or(self.first);
        let at = |second: u32| Timestamp::from_millis(i64::from(second) * SECOND_MS);
        let Self { tenant, attested, .. } = *self;
        Life { first: at(self.first), newest: at(newest), tenant, attested }
    }

    fn heap_bytes(&self) -> usize {
        self.list.capacity() * size_of::<Tie>()
    }
}

/// The ties that `occurrence` adds, each with the node it is added to.
pub(super) fn added_by(
    occurrence: &Occurrence,
) -> impl Iterator<Item = (Party, EntityKey, Tie)> + '_ {
    use Signal as S;
    let (keys, at) = (&occurrence.keys, occurrence.at);
    let together = matches!(
        occurrence.signal,
        S::Attempt | S::Approved | S::Trial | S::SignUp | S::Login | S::Activation
    );
    let account = keys.account.filter(|_| together);
    let ties = Party::TYING.into_iter().filter_map(move |party| {
        let (account, key, to) = (account?, party.key(keys)?, To::node(party)?);
        let attested = occurrence.signal.attests_to(party);
        let tie = |to, key| Tie { attested, ..Tie::new(to, key, at) };
        Some([(Party::Account, account, tie(to, key)), (party, key, tie(To::Account, account))])
    });
    let told = occurrence.sale.and_then(|sale| Some((To::told(sale.told)?, sale.key(keys))));
    let told = told.map(|(to, sale)| Tie::new(to, sale, at));
    let touched = std::iter::once(Party::Account).chain(Party::TYING);
    let told = touched.filter_map(move |party| Some((party, party.key(keys)?, told?)));
    ties.flatten().chain(told)
}

impl Stored for Ties {
    fn put(&self, out: &mut Vec<u8>) {
        put_number(out, self.first);
        put_number(out, self.tenant.0);
        out.push(self.attested.into());
        put_len(out, self.list.len());
        for tie in &self.list {
            out.push(tie.to as u8 | u8::from(tie.attested) << 7);
            out.extend(tie.key.0.to_le_bytes());
            put_number(out, tie.second);
        }
    }

    fn take(bytes: &mut Bytes<'_>) -> Option<Self> {
        let (first, tenant) = (bytes.number()?, Tenant(bytes.number()?));
        let [attested] = bytes.array()?;
        let len = bytes.len()?;
        let tie = |_| {
            let [byte] = bytes.array()?;
            let (to, attested) = (*To::ALL.get(usize::from(byte & 0x7f))?, byte >> 7 == 1);
            let key = EntityKey(u64::from_le_bytes(bytes.array()?));
            Some(Tie { to, key, second: bytes.number()?, attested })
        };
        let list = (0..len).map(tie).collect::<Option<Vec<Tie>>>()?;
        Some(Self { list, first, tenant, attested: attested == 1 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::DAY_MS;
    use crate::velocity::EntityKeys;

    fn tie(to: To, key: u32, second: i64) -> Tie {
        Tie::new(to, EntityKey(key.into()), Timestamp::from_millis(second * SECOND_MS))
    }

    #[test]
    fn the_latest_ties_are_kept_in_any_order() {
        let mut all: Vec<Tie> =
            (0..40).map(|key| tie(To::Account, key, 1_000 + (7 * i64::from(key)) % 41)).collect();
        all.push(tie(To::Account, 3, 5_000));
        all.push(tie(To::Dispute, 3, 1));
        let at = Timestamp::from_millis(0);
        let fill = |order: &mut dyn Iterator<Item = &Tie>| {
            let mut ties = Ties::default();
            let seen = Occurrence::new(EntityKeys::default(), at, Signal::Login);
            order.for_each(|tie| ties.add(*tie, Party::Device, &seen));
            ties
        };
        let (one, other) = (fill(&mut all.iter()), fill(&mut all.iter().rev()));
        assert_eq!(one, other);
        assert_eq!(one.as_slice().len(), MAX_ACCOUNTS + 2);
        assert!(one.as_slice().contains(&tie(To::Account, 3, 5_000)));
    }

    #[test]
    fn a_weight_halves_and_ends() {
        let dispute = tie(To::Dispute, 1, 0);
        let weight = |days: i64| dispute.weight(Timestamp::from_millis(days * DAY_MS)) * 128.0;
        let weights = [0, 89, 90, 179, 180, 719, 720].map(weight);
        assert_eq!(
            weights.map(f64::to_bits),
            [128.0, 128.0, 64.0, 64.0, 32.0, 1.0, 0.0].map(f64::to_bits)
        );
        let at = |days: i64| Timestamp::from_millis(days * DAY_MS);
        assert!(dispute.holds(at(180)) && !dispute.holds(at(181)));
    }
}
