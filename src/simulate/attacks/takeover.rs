//! Account takeover: an intruder logs in to an old account and buys with what is on file.
//!
//! The account, its e-mail address, its history and usually its card are the owner's; only the seat
//! is not, and the owner too has a new device or a journey now and then.

use super::super::buyer::Buyer;
use super::super::checkout::{Attempt, Instrument};
use super::super::delivery::{User, deliver, password_changed, refused_logins, session};
use super::super::fate;
use super::super::goods;
use super::super::issuer::Holder;
use super::super::people::{AGENTS, DeviceHeld, Identity, Seat};
use super::super::places::{Atlas, Place};
use super::super::stage::{LESSONS, Paid, Stage};
use super::crew::stolen;
use super::{fence, seat};
use crate::domain::{
    ChallengeKind, DAY_MS, HOUR_MS, LabelClass, MINUTE_MS, SECOND_MS, Timestamp, TransactionKind,
};
use std::sync::Arc;

/// A wave of takeovers by one group.
pub(crate) struct Takeover {
    victims: u32,
    /// Mean time between victims.
    pace: i64,
    base: &'static Place,
    device: DeviceHeld,
    /// What being stopped has taught.
    wits: u32,
}

/// What an intruder finds.
struct Loot {
    identity: Arc<Identity>,
    on_file: Instrument,
    /// The owner's own seat, when the owner's machine is what was taken over.
    owner: Option<Seat>,
}

/// Younger accounts are not worth taking.
const WORTH_AFTER_DAYS: i64 = 30;

impl Takeover {
    pub(super) fn new(stage: &mut Stage) -> Self {
        let victims = stage.dice.exponential(4).min(80);
        let serial = stage.mark();
        Self {
            victims: 2 + u32::try_from(victims).unwrap_or(0),
            pace: stage.dice.between(HOUR_MS, 14 * HOUR_MS),
            base: Atlas::get().home_country(&mut stage.dice),
            device: DeviceHeld::new(&mut stage.dice, serial, AGENTS),
            wits: 0,
        }
    }

    /// Robs one account.
    pub(crate) fn act(&mut self, stage: &mut Stage) -> Option<Timestamp> {
        stage.wits = self.wits;
        if let Some(loot) = find(stage) {
            self.rob(stage, &loot);
        }
        self.victims -= 1;
        let gap = 5 * MINUTE_MS + stage.dice.exponential(self.pace);
        (self.victims > 0).then(|| stage.now.plus_millis(gap))
    }

    fn rob(&mut self, stage: &mut Stage, loot: &Loot) {
        let identity = &loot.identity;
        let reuse = stage.learned(3_000, 1_200);
        let seat = if let Some(owner) = loot.owner {
            owner
        } else {
            let device = if stage.dice.chance(reuse) {
                self.device
            } else {
                let serial = stage.mark();
                DeviceHeld::new(&mut stage.dice, serial, AGENTS)
            };
            seat(stage, device, identity.place, self.base)
        };
        if stage.dice.chance(4_500) {
            let times = 1 + stage.dice.below(5);
            refused_logins(stage, identity.account, seat, stage.now, times);
        }
        let visit = Attempt::visit(TransactionKind::Login, identity, seat);
        let login = stage.request(stage.now, &visit);
        if loot.owner.is_none() && stage.dice.chance(3_000) {
            // the code goes to the owner's mailbox, which some intruders read
            let passed = stage.dice.chance(4_000);
            let asked = Paid { attempt: visit, mark: login, at: stage.now, shifted: false };
            let at = stage.now.plus_millis(30 * SECOND_MS);
            stage.challenge(&asked, at, ChallengeKind::EmailOtp, passed);
            if !passed {
                self.wits = (self.wits + 1).min(LESSONS);
                return;
            }
        }
        session(stage, identity.account, seat, stage.now.plus_millis(2 * SECOND_MS), false);
        if stage.dice.chance(3_000) {
            let changed_at = stage.now.plus_millis(stage.dice.between(10 * SECOND_MS, MINUTE_MS));
            password_changed(stage, identity.account, seat, changed_at);
        }
        let mut at = stage.now.plus_millis(MINUTE_MS + stage.dice.exponential(10 * MINUTE_MS));
        let mut taken = false;
        for _ in 0..4 {
            let instrument = if stage.dice.chance(7_800) {
                loot.on_file.clone()
            } else {
                stolen(stage, identity.place)
            };
            let good = goods::resold(&mut stage.dice);
            let mut sale = Attempt::sale(identity, good, identity.place, instrument, seat);
            sale.order = Some(stage.mark());
            let (answer, paid) = stage.pay(at, &sale, Holder::Intruder);
            if answer.approved() {
                taken = true;
                let user = fence(stage, seat);
                deliver(stage, &paid, User { seat: user, patience: 30 });
                fate::stolen(stage, &paid, LabelClass::AccountTakeover);
            }
            if answer.stopped {
                self.wits = (self.wits + 1).min(LESSONS);
            }
            if !stage.dice.chance(5_000) {
                break;
            }
            at = at.plus_millis(MINUTE_MS + stage.dice.exponential(12 * MINUTE_MS));
        }
        if taken && stage.dice.chance(7_000) {
            let wait = 8 * DAY_MS + stage.dice.exponential(12 * DAY_MS).min(80 * DAY_MS);
            fate::name(stage, login, stage.now.plus_millis(wait), LabelClass::AccountTakeover);
        }
    }
}

/// An account worth taking.
fn find(stage: &mut Stage) -> Option<Loot> {
    let victim: &Buyer = stage.cast.buyer(&mut stage.dice)?;
    let age = stage.now.millis_since(victim.identity.opened);
    if age < WORTH_AFTER_DAYS * DAY_MS {
        return None;
    }
    Some(Loot {
        identity: Arc::clone(&victim.identity),
        on_file: victim.on_file(),
        owner: stage.dice.chance(700).then(|| victim.at_home(stage.now)),
    })
}
