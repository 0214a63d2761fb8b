//! Attempts of a shop whose buyers mostly come once.

use vouch::domain::{SECOND_MS, Timestamp};
use vouch::velocity::{EntityKey, EntityKeys, Occurrence, Signal};

/// Three of five attempts are by a new buyer with a card, mailbox, account, address and device of
/// their own; the others by one who was there, half of them by a sixteenth of all. One in four of
/// these comes from a new address.
pub(crate) struct Stream {
    state: u64,
    at: Timestamp,
    buyers: u64,
    addresses: u64,
}

impl Stream {
    /// The same on every run.
    pub(crate) fn new() -> Self {
        let at = Timestamp::from_millis(1_763_633_700_000);
        Self { state: 1, at, buyers: 0, addresses: 1 << 40 }
    }

    /// An attempt and the issuer's answer; one in eight is a refusal.
    pub(crate) fn next_sale(&mut self) -> [Occurrence; 2] {
        self.at = self.at.plus_millis(SECOND_MS);
        let is_new = self.buyers == 0 || self.drawn(5) < 3;
        let buyer = if is_new { self.buyers } else { self.skewed() };
        self.buyers += u64::from(is_new);
        let moved = !is_new && self.drawn(4) == 0;
        self.addresses += u64::from(moved);
        let key = |kind: u64, number: u64| Some(EntityKey(mix(number * 16 + kind)));
        let keys = EntityKeys {
            card: key(0, buyer),
            email: key(1, buyer),
            ip: key(2, if moved { self.addresses } else { buyer }),
            device: key(3, buyer),
            account: key(4, buyer),
            bin: key(5, buyer % 2_000),
            seller: key(6, buyer % 50),
            country: key(7, buyer % 60),
            ..EntityKeys::default()
        };
        let signal = if self.drawn(8) == 0 { Signal::Declined } else { Signal::Approved };
        let attempt = Occurrence {
            sale: None,
            keys,
            at: self.at,
            signal: Signal::Attempt,
            amount: Some(4_900),
            place: None,
        };
        [attempt, Occurrence { signal, amount: None, ..attempt }]
    }

    /// A number below `end`.
    fn drawn(&mut self, end: u64) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        (mix(self.state) >> 32) % end
    }

    /// One of the buyers so far.
    fn skewed(&mut self) -> u64 {
        let share = self.drawn(1 << 24);
        let squared = (share * share) >> 24;
        (((squared * squared) >> 24) * self.buyers) >> 24
    }
}

/// Output function of `SplitMix64`.
fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}
