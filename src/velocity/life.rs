//! What is known of an entity beside what it did: whose it is, since when, and whether it is real.

use super::bytes::{Bytes, Stored};
use super::{EntityKey, Occurrence, Party, Signal};
use crate::domain::{DAY_MS, Timestamp};

/// By what the tenants of a store are told apart: a part of the keyed hash of their name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Tenant(pub(super) u16);

impl Tenant {
    pub(super) fn of(key: Option<EntityKey>) -> Self {
        let [low, high, ..] = key.map_or([0; 8], |key| key.0.to_le_bytes());
        Self(u16::from_le_bytes([low, high]))
    }
}

/// See the module's description.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Life {
    pub(super) first: Timestamp,
    pub(super) newest: Timestamp,
    pub(super) tenant: Tenant,
    /// Whether something was said of it that can't be had for nothing: see [`Signal::attests`].
    pub(super) attested: bool,
}

impl Life {
    /// Of the entity that `occurrence` is the first of.
    pub(super) fn beginning(occurrence: &Occurrence) -> Self {
        let tenant = Tenant::of(occurrence.keys.tenant);
        let attested = false;
        let mut life = Self { first: occurrence.at, newest: occurrence.at, tenant, attested };
        life.note(occurrence);
        life
    }

    /// Notes an occurrence, whenever it happened.
    pub(super) fn note(&mut self, occurrence: &Occurrence) {
        self.first = self.first.min(occurrence.at);
        self.newest = self.newest.max(occurrence.at);
        // Our own blocks attest nothing but themselves: who was blocked on another day too is worth more
        // than a crowd of cards that were made up for one.
        let is_blocked_again =
            occurrence.signal == Signal::Blocked && self.newest.millis_since(self.first) >= DAY_MS;
        self.attested |= occurrence.signal.attests() || is_blocked_again;
    }
}

impl Stored for Life {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend(self.first.millis().to_le_bytes());
        out.extend(self.newest.millis().to_le_bytes());
        out.extend(self.tenant.0.to_le_bytes());
        out.push(self.attested.into());
    }

    fn take(bytes: &mut Bytes<'_>) -> Option<Self> {
        let mut time = || bytes.array().map(i64::from_le_bytes).map(Timestamp::from_millis);
        let (first, newest) = (time()?, time()?);
        let tenant = Tenant(u16::from_le_bytes(bytes.array()?));
        let [attested] = bytes.array()?;
        Some(Self { first, newest, tenant, attested: attested == 1 })
    }
}

impl Signal {
    /// Whether somebody vouches for it who risks money or evidence: an issuer, a processor, a merchant
    /// who was paid. An attempt, a sign-up or a login can be made up by the thousand.
    pub(super) const fn attests(self) -> bool {
        matches!(
            self,
            Self::Approved
                | Self::Renewal
                | Self::Activation
                | Self::Refund
                | Self::Dispute
                | Self::Warning
        )
    }

    /// Whether that is said of the tie between an account and something of this kind, and of that thing.
    /// An activation is paid for by its licence alone: the machine it names can be made up.
    pub(super) const fn attests_to(self, party: Party) -> bool {
        let is_of_licence = matches!(party, Party::Account | Party::Licence);
        self.attests() && (is_of_licence || !matches!(self, Self::Activation))
    }
}
