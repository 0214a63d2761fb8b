//! What is told of one sale, and what it is counted as.

use super::{Outcome, hour, start_of};
use crate::domain::{SECOND_MS, Timestamp};
use crate::velocity::bytes::{Bytes, Stored, put_number};
use crate::velocity::life::{Life, Tenant};
use crate::velocity::shard::Kept;
use crate::velocity::{EntityKey, EntityKeys, Party};
use serde::{Deserialize, Serialize};

/// What is told of a sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// It was tried, and we did not refuse it. Written by earlier versions: an attempt is no sale, and
    /// nothing is told by it.
    Tried,
    /// A trial began: no sale yet.
    Trial,
    /// The issuer approved it, or the money was captured.
    Settled,
    /// Money went back.
    Refunded,
    /// The issuer or processor warned of fraud.
    Warned,
    /// It was disputed.
    Disputed,
    /// A case about it was won.
    Won,
    /// A case about it was lost or not contested.
    Lost,
    /// Its label: a stolen instrument or a takeover.
    Fraud,
    /// Its label: abused by the buyer themselves.
    Misuse,
    /// Its label: a complaint about product, delivery or billing.
    Service,
    /// Its label: nothing against the buyer.
    Good,
}

impl Told {
    /// Every thing that can be told.
    pub const ALL: [Self; 12] = [
        Self::Tried,
        Self::Trial,
        Self::Settled,
        Self::Refunded,
        Self::Warned,
        Self::Disputed,
        Self::Won,
        Self::Lost,
        Self::Fraud,
        Self::Misuse,
        Self::Service,
        Self::Good,
    ];

    /// Whether it says what became of a sale.
    pub(super) const fn is_of_sale(self) -> bool {
        !matches!(self, Self::Tried | Self::Trial)
    }

    const fn is_label(self) -> bool {
        matches!(self, Self::Fraud | Self::Misuse | Self::Service | Self::Good)
    }
}

/// What an occurrence says of a sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sale {
    /// The payment; tenants never share one.
    pub id: EntityKey,
    /// When it was made.
    pub at: Timestamp,
    /// What is told of it.
    pub told: Told,
}

impl Sale {
    /// What the sale is known by: payments for one invoice by the same parties are one sale.
    pub(in crate::velocity) fn key(&self, keys: &EntityKeys) -> EntityKey {
        let Some(invoice) = keys.invoice else { return self.id };
        let parties = Party::SOLD_TO.into_iter().zip(1..);
        let named = parties.filter_map(|(party, number)| Some((party.key(keys)?, number)));
        named.fold(invoice, |sale, (key, number)| sale.with(EntityKey(number)).with(key))
    }
}

/// A set of outcomes, a bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Outcomes(u16);

const _: () = assert!(Outcome::COUNT <= 16);

impl Outcomes {
    pub(super) const fn of(outcome: Outcome) -> Self {
        Self(1 << outcome as u16)
    }

    /// Those that are none of `others`.
    pub(super) const fn without(self, others: Self) -> Self {
        Self(self.0 & !others.0)
    }

    pub(super) fn iter(self) -> impl Iterator<Item = Outcome> {
        Outcome::ALL.into_iter().filter(move |outcome| self.0 & Self::of(*outcome).0 != 0)
    }
}

impl FromIterator<Outcome> for Outcomes {
    fn from_iter<I: IntoIterator<Item = Outcome>>(outcomes: I) -> Self {
        Self(outcomes.into_iter().fold(0, |bits, outcome| bits | Self::of(outcome).0))
    }
}

/// Everything told of one sale: the same in whatever order it was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Fate {
    /// The hour it was made, since 1970: that of its first payment anything was told of.
    hour: u32,
    /// Bits of [`Told`], labels left out, and what is [assumed](ASSUMED).
    told: u16,
    tenant: Tenant,
    /// The latest label and when it came, in seconds since 1970.
    label: Option<(u32, Told)>,
}

impl Fate {
    /// A sale nothing is told of yet.
    pub(super) fn of(sale: &Sale, keys: &EntityKeys) -> Self {
        let tenant = Tenant::of(keys.tenant);
        Self { hour: hour(sale.at), tenant, ..Self::default() }
    }

    /// Adds what is told at `at`.
    pub(super) fn tell(&mut self, sale: &Sale, at: Timestamp) {
        self.hour = self.hour.min(hour(sale.at));
        if sale.told.is_label() {
            let second = u32::try_from(at.millis() / SECOND_MS).unwrap_or(u32::MAX);
            self.label = self.label.max(Some((second, sale.told)));
        } else {
            self.told |= 1 << sale.told as u16;
        }
        if !self.is(Outcome::Good) {
            self.told &= !GOOD_BEFORE;
        }
    }

    /// What it is counted as.
    pub(super) fn outcomes(&self) -> Outcomes {
        Outcome::ALL.into_iter().filter(|outcome| self.is(*outcome)).collect()
    }

    /// Whether it is counted as `outcome`.
    fn is(&self, outcome: Outcome) -> bool {
        use Told as T;
        let any = |bits: u16| self.told & bits != 0;
        let label = self.label.map(|(_, label)| label);
        let is_cleared = label.is_none_or(|label| label == T::Good);
        match outcome {
            Outcome::Sold => any(bits(&[T::Settled, T::Won]) | BAD | SOLD_BEFORE) || !is_cleared,
            Outcome::Good => any(bits(&[T::Settled]) | GOOD_BEFORE) && !any(BAD) && is_cleared,
            Outcome::Fraud => label == Some(T::Fraud) || label.is_none() && any(bits(&[T::Warned])),
            Outcome::Warning => any(bits(&[T::Warned])),
            Outcome::Dispute => any(bits(&[T::Disputed])),
            Outcome::Misuse => label == Some(T::Misuse),
            Outcome::Service => label == Some(T::Service),
            Outcome::Refund => any(bits(&[T::Refunded])),
            Outcome::Won => any(bits(&[T::Won])),
            Outcome::Lost => any(bits(&[T::Lost])),
        }
    }
}

/// What speaks against a sale, beside a label.
const BAD: u16 = bits(&[Told::Refunded, Told::Warned, Told::Disputed, Told::Lost]);

/// Of a sale that may have been given up: it was counted as made.
const SOLD_BEFORE: u16 = 1 << 14;
/// And it is counted as good still. Once something bad is told it is good only if it is told to be
/// settled: a label taken back gives nobody a good sale that was only assumed.
const GOOD_BEFORE: u16 = 1 << 15;
/// What is assumed of a sale that may have been given up.
const ASSUMED: u16 = SOLD_BEFORE | GOOD_BEFORE;
const _: () = assert!(Told::ALL.len() <= 14, "the bits above are none of `Told`");

const fn bits(told: &[Told]) -> u16 {
    let (mut bits, mut rest) = (0, told);
    while let [one, others @ ..] = rest {
        (bits, rest) = (bits | 1 << *one as u16, others);
    }
    bits
}

impl Kept for Fate {
    /// An issuer, a processor or the merchant vouches for whatever is told.
    fn life(&self) -> Life {
        let made = start_of(self.hour);
        Life { first: made, newest: made, tenant: self.tenant, attested: true }
    }

    fn heap_bytes(&self) -> usize {
        0
    }
}

impl Stored for Fate {
    fn put(&self, out: &mut Vec<u8>) {
        put_number(out, self.hour);
        put_number(out, self.told);
        put_number(out, self.tenant.0);
        out.push(self.label.map_or(0, |(_, label)| 1 + label as u8));
        self.label.iter().for_each(|(second, _)| put_number(out, *second));
    }

    fn take(bytes: &mut Bytes<'_>) -> Option<Self> {
        let (hour, told) = (bytes.number()?, bytes.number()?);
        let tenant = Tenant(bytes.number()?);
        let [label] = bytes.array()?;
        let label = match label.checked_sub(1) {
            None => None,
            Some(label) => Some((*Told::ALL.get(usize::from(label))?, bytes.number()?)),
        };
        Some(Self { hour, told, tenant, label: label.map(|(label, second)| (second, label)) })
    }
}

/// What a telling made of a sale: the hour it counts in and as what, before and after.
#[derive(Debug, Clone, Copy)]
pub(super) struct Change {
    pub(super) before: (u32, Outcomes),
    pub(super) after: (u32, Outcomes),
    /// Where the sale may have been given up: what it is by what is told now, for a party that has none
    /// of that hour. `before` is then what it was at best.
    pub(super) doubt: Option<Outcomes>,
}

impl Fate {
    /// What a telling makes of the sale, and how that changes what it counts as. `known`: what was told
    /// before. Where nothing is known, but the sale may have been given up, it was a good one: whatever
    /// is told, that adds none to who has a sale of that hour. Who has none has this one now, as a good
    /// one only if just this was told.
    pub(super) fn told(
        (sale, keys): (&Sale, &EntityKeys),
        at: Timestamp,
        known: Option<Self>,
        may_be_forgotten: bool,
    ) -> (Self, Change) {
        let is_doubtful = known.is_none() && may_be_forgotten;
        let mut fate = known.unwrap_or_else(|| Self::of(sale, keys));
        if is_doubtful {
            fate.told |= ASSUMED;
        }
        let before = (fate.hour, fate.outcomes());
        fate.tell(sale, at);
        let as_told = Self { told: fate.told & !GOOD_BEFORE, ..fate };
        let doubt = is_doubtful.then(|| as_told.outcomes());
        (fate, Change { before, after: (fate.hour, fate.outcomes()), doubt })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fate(told: &[(Told, i64)]) -> Fate {
        let mut fate = Fate::default();
        for (told, second) in told {
            let sale = Sale { id: EntityKey(1), at: Timestamp::from_millis(0), told: *told };
            fate.tell(&sale, Timestamp::from_millis(second * 1_000));
        }
        fate
    }

    fn outcomes(told: &[(Told, i64)]) -> Vec<Outcome> {
        fate(told).outcomes().iter().collect()
    }

    #[test]
    fn a_sale_is_counted_as_what_was_told_of_it() {
        use Outcome as O;
        use Told as T;
        for (told, expected) in [
            (&[][..], &[][..]),
            (&[(T::Settled, 1)], &[O::Sold, O::Good]),
            (&[(T::Good, 1)], &[]),
            (&[(T::Refunded, 1)], &[O::Sold, O::Refund]),
            (&[(T::Won, 1)], &[O::Sold, O::Won]),
            (&[(T::Service, 1)], &[O::Sold, O::Service]),
            (&[(T::Settled, 1), (T::Good, 9)], &[O::Sold, O::Good]),
            (&[(T::Settled, 1), (T::Refunded, 9)], &[O::Sold, O::Refund]),
            (&[(T::Settled, 1), (T::Warned, 9)], &[O::Sold, O::Fraud, O::Warning]),
            (&[(T::Warned, 8), (T::Fraud, 9)], &[O::Sold, O::Fraud, O::Warning]),
            (&[(T::Warned, 8), (T::Good, 9)], &[O::Sold, O::Warning]),
            (&[(T::Fraud, 8), (T::Misuse, 9)], &[O::Sold, O::Misuse]),
            (&[(T::Misuse, 9), (T::Fraud, 8)], &[O::Sold, O::Misuse]),
            (&[(T::Disputed, 3), (T::Won, 4)], &[O::Sold, O::Dispute, O::Won]),
            (
                &[(T::Disputed, 3), (T::Service, 4), (T::Lost, 4)],
                &[O::Sold, O::Dispute, O::Service, O::Lost],
            ),
        ] {
            assert_eq!(outcomes(told), expected, "{told:?}");
        }
    }

    #[test]
    fn payments_for_one_invoice_by_the_same_parties_are_one_sale() {
        let sale = |id| Sale { id: EntityKey(id), at: Timestamp::from_millis(0), told: Told::Lost };
        let by = |invoice: Option<u64>, card: Option<u64>, email: Option<u64>| EntityKeys {
            invoice: invoice.map(EntityKey),
            card: card.map(EntityKey),
            email: email.map(EntityKey),
            ..EntityKeys::default()
        };
        let key = |id, keys: EntityKeys| sale(id).key(&keys);
        assert_eq!(key(1, by(Some(7), Some(5), None)), key(2, by(Some(7), Some(5), None)));
        let others = [
            key(1, by(Some(7), Some(5), None)),
            key(1, by(Some(8), Some(5), None)),
            key(1, by(Some(7), Some(6), None)),
            key(1, by(Some(7), None, Some(5))),
            key(1, by(Some(7), Some(5), Some(0))),
            key(1, by(None, Some(5), None)),
            key(2, by(None, Some(5), None)),
        ];
        for (place, one) in others.iter().enumerate() {
            assert!(others.iter().skip(place + 1).all(|other| other != one), "{place}");
        }
    }
}
