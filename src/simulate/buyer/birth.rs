//! How honest buyers come to be: where they live, with whom, and what they carry.

use super::plans::Plan;
use super::{Buyer, Privacy};
use crate::domain::{DAY_MS, Timestamp};
use crate::simulate::dice::{Dice, mix};
use crate::simulate::goods::{self, TASTES};
use crate::simulate::naming::Mark;
use crate::simulate::people::{AGENTS, CardHeld, DeviceHeld, Identity, Mailbox};
use crate::simulate::places::Atlas;
use crate::simulate::stage::World;
use std::sync::Arc;

/// Wakes no actor reaches; their dice decide what was there before its first one.
const BEFORE_BIRTH: u32 = u32::MAX;
/// Households are numbered like actors, apart from them.
const FIRST_HOUSEHOLD: u64 = 1 << 38;
/// Share of pairs of neighbours who live together, in percent.
const TOGETHER: u64 = 18;

const MAILBOXES: &[(u32, Mailbox)] = &[
    (812, Mailbox::Free),
    (30, Mailbox::Random),
    (112, Mailbox::Company),
    (36, Mailbox::Relay),
    (10, Mailbox::Disposable),
];
const PRIVACY: &[(u32, Privacy)] = &[
    (888, Privacy::Open),
    (64, Privacy::Vpn),
    (30, Privacy::Relay),
    (14, Privacy::Hosted),
    (4, Privacy::Tor),
];
/// Mean days between visits.
const PACES: &[(u32, i64)] = &[(10, 3), (25, 6), (30, 10), (25, 18), (10, 35)];
/// Days a home keeps its address.
const LEASES: &[(u32, i64)] = &[(15, 1), (20, 14), (30, 60), (35, 400)];

impl Buyer {
    /// Marks a buyer is born with; counting goes on after them.
    pub(crate) const BORN_WITH: u32 = 8;

    /// Somebody who signs up at `at`: four of five buy once or twice and are not seen again.
    pub(crate) fn arriving(world: &World, actor: u64, at: Timestamp) -> Self {
        let mut dice = Dice::of(world.config.seed, actor, BEFORE_BIRTH);
        let mut buyer = Self::new(world, &mut dice, actor, at);
        let stays = if dice.chance(8_000) { 5 } else { 360 };
        buyer.leaves = at.plus_millis(DAY_MS / 2 + dice.exponential(stays * DAY_MS));
        buyer
    }

    /// Somebody who was there before the world began.
    pub(crate) fn settled(world: &World, actor: u64) -> Self {
        let start = world.config.start;
        let mut dice = Dice::of(world.config.seed, actor, BEFORE_BIRTH);
        let age = DAY_MS + dice.exponential(400 * DAY_MS);
        let mut buyer = Self::new(world, &mut dice, actor, start.plus_millis(-age));
        buyer.fresh = false;
        buyer.next_visit = start.plus_millis(dice.exponential(buyer.pace));
        buyer.leaves = start.plus_millis(dice.exponential(400 * DAY_MS));
        buyer.subscribed_before(&mut dice, actor, age, start);
        buyer
    }

    /// When a settled buyer acts first.
    pub(crate) fn first_wake(&self) -> Timestamp {
        self.plans.iter().map(|plan| plan.due).fold(self.next_visit, Timestamp::min)
    }

    fn new(world: &World, dice: &mut Dice, actor: u64, opened: Timestamp) -> Self {
        let seed = world.config.seed;
        let mark = |count| Mark::of(actor, count);
        let together = mix(seed ^ mix(actor >> 1)) % 100 < TOGETHER;
        let household = if together { FIRST_HOUSEHOLD + (actor >> 1) } else { actor };
        // decided by the household alone, so that all its members agree
        let mut shared = Dice::of(seed, household, BEFORE_BIRTH - 1);
        let place = Atlas::get().home_country(&mut shared);
        let lease_days = shared.of_weights(LEASES);
        let family_card = CardHeld::issued(&mut shared, place, Mark::of(household, 1));
        let family_device = DeviceHeld::new(&mut shared, Mark::of(household, 2), AGENTS);
        let mailbox = dice.of_weights(MAILBOXES);
        let own_card = CardHeld::issued(dice, place, mark(2));
        let own_device = DeviceHeld::new(dice, mark(4), AGENTS);
        let shares = together && dice.chance(4_500);
        let cards = if shares {
            [family_card, own_card]
        } else {
            [own_card, CardHeld::issued(dice, place, mark(3))]
        };
        let second = DeviceHeld::new(dice, mark(5), AGENTS);
        Self {
            identity: Arc::new(Identity::new(dice, place, mailbox, (mark(1), opened))),
            cards,
            devices: [own_device, if together { family_device } else { second }],
            method: dice.of_weights(place.methods),
            taste: dice.of_weights(TASTES),
            household: mix(seed ^ household),
            shares_home: together,
            lease_days,
            privacy: dice.of_weights(PRIVACY),
            pace: dice.of_weights(PACES) * DAY_MS,
            appetite: 1_200 + dice.below(4_200),
            careless: dice.chance(400),
            forgetful: dice.chance(700),
            trader: mailbox == Mailbox::Company && dice.chance(500),
            balance: 0,
            away: None,
            plans: Vec::new(),
            next_visit: opened,
            leaves: opened,
            fresh: true,
            new_card: false,
        }
    }

    /// Four in ten of the settled already have a subscription.
    fn subscribed_before(&mut self, dice: &mut Dice, actor: u64, age: i64, start: Timestamp) {
        let good = goods::wanted(dice, self.taste);
        let Some(days) = good.billing.days() else { return };
        let period = days * DAY_MS;
        let renewals = u32::try_from(dice.between(0, age / period)).unwrap_or(0);
        let due = start.plus_millis(dice.between(0, period));
        let running = (Mark::of(actor, 6), due, renewals);
        let plan = Plan::running(good, self.identity.place, self.instrument(true, false), running);
        self.plans.push(plan);
    }
}
