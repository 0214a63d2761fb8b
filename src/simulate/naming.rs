//! Identifiers: each a pure function of the seed, the kind of thing and a number.
//!
//! The number is counted per actor, and the function is one-to-one for each kind, so identifiers
//! never collide and say nothing about who they belong to: a model can't learn from them. They start
//! with letters next to their digits, so none can be taken for a card number.

use super::dice::mix;
use crate::domain::{
    AccountId, CardFingerprint, DeviceId, DisputeId, EventId, InvoiceId, LicenceId, OrderId,
    SubscriptionId, Text, TextError, TransactionId,
};

/// A number no other line, order, account or card of this world has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Mark(u64);

/// Marks one actor can give out.
const MARKS_PER_ACTOR: u64 = 1 << 24;

impl Mark {
    /// The `count`-th mark of an actor.
    pub(super) fn of(actor: u64, count: u32) -> Self {
        Self(actor.wrapping_mul(MARKS_PER_ACTOR).wrapping_add(u64::from(count)))
    }

    /// The mark as a random-looking number, for things derived from it.
    pub(super) fn hash(self) -> u64 {
        mix(self.0 ^ 0x5eed)
    }
}

/// Names for one seed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Naming {
    key: u64,
}

/// First symbol: letters only.
const HEAD: &[u8; 16] = b"abcdefghjkmnpqrs";
/// The others: no vowels that spell words, nothing easily misread.
const BODY: &[u8; 32] = b"bcdfghjkmnpqrstvwxyz0123456789ae";
/// 4 bits, then 12 times 5.
const CODE_LEN: usize = 13;

impl Naming {
    pub(super) fn new(seed: u64) -> Self {
        Self { key: mix(seed) }
    }

    pub(super) fn transaction(self, mark: Mark) -> TransactionId {
        valid(self.name("tx-", 1, mark, TransactionId::new))
    }

    pub(super) fn event(self, mark: Mark) -> EventId {
        valid(self.name("ev-", 2, mark, EventId::new))
    }

    pub(super) fn order(self, mark: Mark) -> Option<OrderId> {
        self.name("ord-", 3, mark, OrderId::new).ok()
    }

    pub(super) fn invoice(self, mark: Mark) -> Option<InvoiceId> {
        self.name("in-", 4, mark, InvoiceId::new).ok()
    }

    pub(super) fn account(self, mark: Mark) -> Option<AccountId> {
        self.name("acc-", 5, mark, AccountId::new).ok()
    }

    pub(super) fn card(self, mark: Mark) -> Option<CardFingerprint> {
        self.name("fp_", 6, mark, CardFingerprint::new).ok()
    }

    pub(super) fn device(self, mark: Mark) -> Option<DeviceId> {
        self.name("device-", 7, mark, DeviceId::new).ok()
    }

    pub(super) fn subscription(self, mark: Mark) -> Option<SubscriptionId> {
        self.name("sub-", 8, mark, SubscriptionId::new).ok()
    }

    pub(super) fn licence(self, mark: Mark) -> Option<LicenceId> {
        self.name("lic-", 9, mark, LicenceId::new).ok()
    }

    pub(super) fn dispute(self, mark: Mark) -> Option<DisputeId> {
        self.name("dp_", 10, mark, DisputeId::new).ok()
    }

    /// The processor's name of the payment.
    pub(super) fn charge(self, mark: Mark) -> Option<Text<128>> {
        self.name("ch_", 11, mark, Text::new).ok()
    }

    /// The token that stands for a card in a wallet.
    pub(super) fn token(self, mark: Mark) -> Option<Text<128>> {
        self.name("tok_", 12, mark, Text::new).ok()
    }

    /// The machine a licence is activated on.
    pub(super) fn host(self, mark: Mark) -> Option<Text<128>> {
        self.name("host-", 13, mark, Text::new).ok()
    }

    /// A session.
    pub(super) fn session(self, mark: Mark) -> Option<Text<128>> {
        self.name("ses-", 16, mark, Text::new).ok()
    }

    /// A person who holds a seat.
    pub(super) fn holder(self, mark: Mark) -> Option<Text<128>> {
        self.name("usr-", 17, mark, Text::new).ok()
    }

    /// A support ticket.
    pub(super) fn ticket(self, mark: Mark) -> Option<Text<128>> {
        self.name("case-", 18, mark, Text::new).ok()
    }

    /// The mail system's identifier of a notice.
    pub(super) fn message(self, mark: Mark) -> Option<Text<256>> {
        self.name("msg-", 14, mark, Text::new).ok()
    }

    /// The acquirer's reference number. A real one has 23 digits; ours has letters, see above.
    pub(super) fn acquirer_reference(self, mark: Mark) -> Option<Text<64>> {
        self.name("arn-", 15, mark, Text::new).ok()
    }

    fn name<T>(
        self,
        prefix: &str,
        kind: u64,
        mark: Mark,
        make: impl Fn(&str) -> Result<T, TextError>,
    ) -> Result<T, TextError> {
        let mut text = String::with_capacity(24);
        text.push_str(prefix);
        code(mix(mark.0 ^ self.key.wrapping_mul(2 * kind + 1)), &mut text);
        make(&text)
    }
}

/// Appends 64 bits as 13 symbols.
#[expect(clippy::indexing_slicing, reason = "4 and 5 bits index 16 and 32 symbols")]
fn code(bits: u64, text: &mut String) {
    let low = |value: u64, mask: u64| usize::try_from(value & mask).unwrap_or(0);
    text.push(char::from(HEAD[low(bits >> 60, 15)]));
    for place in (0..CODE_LEN - 1).rev() {
        text.push(char::from(BODY[low(bits >> (5 * place), 31)]));
    }
}

#[expect(clippy::expect_used, reason = "a prefix and 13 symbols: never empty, long or unprintable")]
fn valid<T>(made: Result<T, TextError>) -> T {
    made.expect("a prefix and a code are a valid identifier")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_distinct_and_repeatable() {
        let naming = Naming::new(5);
        let mut seen = BTreeSet::new();
        for actor in 0..100 {
            for count in 0..100 {
                assert!(seen.insert(naming.transaction(Mark::of(actor, count))));
            }
        }
        let mark = Mark::of(3, 4);
        assert_eq!(naming.transaction(mark), Naming::new(5).transaction(mark));
        assert_ne!(naming.transaction(mark), Naming::new(6).transaction(mark));
        let device = naming.device(mark).unwrap();
        assert_eq!(device.as_str().len(), 20, "as long as network evidence asks for");
    }
}
