//! New customers: they arrive at random, as many as leave.

use super::buyer::Buyer;
use super::cast::Role;
use super::stage::Stage;
use crate::domain::{DAY_MS, Timestamp};

/// Sign-ups per thousand accounts and day. Four of five buy once or twice and go.
const SIGN_UPS_PER_THOUSAND: i64 = 14;

/// Lets new buyers in.
pub(super) struct Arrivals {
    /// Number of the next buyer.
    pub(super) next: u64,
}

impl Arrivals {
    /// Lets one in, and says when the next one comes.
    pub(super) fn act(&mut self, stage: &mut Stage) -> Timestamp {
        let buyer = Buyer::arriving(stage.world, self.next, stage.now);
        stage.enter(self.next, stage.now, Role::Buyer(Box::new(buyer)));
        self.next += 1;
        let accounts = i64::from(stage.world.config.accounts.max(1));
        let gap = DAY_MS * 1_000 / (accounts * SIGN_UPS_PER_THOUSAND);
        stage.now.plus_millis(stage.dice.exponential(gap).max(1))
    }
}
