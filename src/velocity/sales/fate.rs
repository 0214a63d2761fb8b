//! What is told of one sale, and what it is counted as.

use super::{Outcome, hour};
use crate::domain::Timestamp;
use crate::velocity::EntityKey;
use crate::velocity::bytes::{Bytes, Stored, put_number};
use crate::velocity::shelf::Kept;
use serde::{Deserialize, Serialize};

/// What is told of a sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// It was tried, and we did not refuse it.
    Tried,
    /// A trial began: no sale yet.
    Trial,
    /// The issuer approved it.
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

    const fn is_label(self) -> bool {
        matches!(self, Self::Fraud | Self::Misuse | Self::Service | Self::Good)
    }
}

/// What an occurrence says of a sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sale {
    /// The sale; tenants never share one.
    pub id: EntityKey,
    /// When it was made.
    pub at: Timestamp,
    /// What is told of it.
    pub told: Told,
}

/// Everything told of one sale: the same in whatever order it was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fate {
    /// The hour it was made, since 1970.
    hour: u32,
    /// Bits of [`Told`], labels left out.
    told: u16,
    /// The latest label and when it came, in seconds since 1970.
    label: Option<(u32, Told)>,
}

impl Fate {
    /// Adds what is told at `at`.
    pub(super) fn tell(&mut self, sale: &Sale, at: Timestamp) {
        self.hour = hour(sale.at);
        if sale.told.is_label() {
            let second = u32::try_from(at.millis() / crate::domain::SECOND_MS).unwrap_or(u32::MAX);
            self.label = self.label.max(Some((second, sale.told)));
        } else {
            self.told |= 1 << sale.told as u16;
        }
    }

    /// Whether it is counted as `outcome`.
    pub(super) fn is(&self, outcome: Outcome) -> bool {
        let told = |what: Told| self.told & (1 << what as u16) != 0;
        let label = self.label.map(|(_, label)| label);
        match outcome {
            Outcome::Sold => self.told != 0 || label.is_some(),
            Outcome::Good => {
                let bad = [Told::Refunded, Told::Warned, Told::Disputed, Told::Lost];
                told(Told::Settled)
                    && !bad.into_iter().any(told)
                    && label.is_none_or(|label| label == Told::Good)
            }
            Outcome::Fraud => label == Some(Told::Fraud) || label.is_none() && told(Told::Warned),
            Outcome::Warning => told(Told::Warned),
            Outcome::Dispute => told(Told::Disputed),
            Outcome::Misuse => label == Some(Told::Misuse),
            Outcome::Service => label == Some(Told::Service),
            Outcome::Refund => told(Told::Refunded),
            Outcome::Won => told(Told::Won),
            Outcome::Lost => told(Told::Lost),
        }
    }
}

impl Kept for Fate {
    fn touched(&self) -> u32 {
        self.hour
    }

    fn heap_bytes(&self) -> usize {
        0
    }
}

impl Stored for Fate {
    fn put(&self, out: &mut Vec<u8>) {
        put_number(out, self.hour);
        put_number(out, self.told);
        out.push(self.label.map_or(0, |(_, label)| 1 + label as u8));
        self.label.iter().for_each(|(second, _)| put_number(out, *second));
    }

    fn take(bytes: &mut Bytes<'_>) -> Option<Self> {
        let (hour, told) = (bytes.number()?, bytes.number()?);
        let [label] = bytes.array()?;
        let label = match label.checked_sub(1) {
            None => None,
            Some(label) => Some((*Told::ALL.get(usize::from(label))?, bytes.number()?)),
        };
        Some(Self { hour, told, label: label.map(|(label, second)| (second, label)) })
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
        Outcome::ALL.into_iter().filter(|outcome| fate(told).is(*outcome)).collect()
    }

    #[test]
    fn a_sale_is_counted_as_what_was_told_of_it() {
        use Outcome as O;
        use Told as T;
        for (told, expected) in [
            (&[][..], &[][..]),
            (&[(T::Tried, 0)], &[O::Sold]),
            (&[(T::Tried, 0), (T::Settled, 1)], &[O::Sold, O::Good]),
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
}
