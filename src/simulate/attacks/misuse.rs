//! People who take their own money back: by asking for it, or by their bank.
//!
//! To a checkout they look like good customers, because they are who they say they are and pay with
//! their own card; only their history tells. What they buy they use.

use super::super::checkout::{Attempt, Instrument};
use super::super::delivery::{User, deliver, session};
use super::super::fate;
use super::super::goods;
use super::super::issuer::Holder;
use super::super::people::{CardHeld, DeviceHeld, Identity, Mailbox, Route};
use super::super::places::{Atlas, Place};
use super::super::stage::{Paid, Stage};
use super::crew::account_of;
use super::{ABUSE, new_device, open_seat};
use crate::domain::{
    DAY_MS, HOUR_MS, MINUTE_MS, PaymentMethod, SECOND_MS, Timestamp, TransactionKind,
};
use std::sync::Arc;

/// How the money is taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Refund,
    Dispute,
}

/// Somebody who does it again and again.
pub(crate) struct Misuse {
    way: Way,
    left: u32,
    /// Sales taken back so far.
    taken_back: u32,
    /// Mean time between purchases.
    pace: i64,
    home: &'static Place,
    identity: Option<Arc<Identity>>,
    instrument: Instrument,
    device: DeviceHeld,
}

pub(super) const MAILBOXES: &[(u32, Mailbox)] =
    &[(86, Mailbox::Free), (6, Mailbox::Random), (6, Mailbox::Company), (2, Mailbox::Relay)];
/// Refunds a shop grants before it says no.
const GRANTED: u32 = 4;

impl Misuse {
    pub(super) fn new(stage: &mut Stage, way: Way) -> Self {
        let home = Atlas::get().home_country(&mut stage.dice);
        let serial = stage.mark();
        let card = Some(CardHeld::issued(&mut stage.dice, home, serial));
        let sales = stage.dice.exponential(4).min(40);
        Self {
            way,
            left: 3 + u32::try_from(sales).unwrap_or(0),
            taken_back: 0,
            pace: stage.dice.between(DAY_MS, 9 * DAY_MS),
            home,
            identity: None,
            instrument: Instrument { method: PaymentMethod::Card, card },
            device: new_device(stage),
        }
    }

    /// Buys once.
    pub(crate) fn act(&mut self, stage: &mut Stage) -> Option<Timestamp> {
        let mobile = self.device.agent.mobile && stage.dice.chance(4_500);
        let route = if mobile { Route::Mobile(self.home) } else { Route::Line(self.home) };
        let seat = open_seat(stage, self.device, self.home, route);
        let identity = if let Some(known) = self.identity.take() {
            session(stage, known.account, seat, stage.now.plus_millis(SECOND_MS), false);
            known
        } else {
            let new = account_of(stage, self.home, MAILBOXES);
            stage.request(stage.now, &Attempt::visit(TransactionKind::SignUp, &new, seat));
            new
        };
        let good = goods::resold(&mut stage.dice);
        let mut sale = Attempt::sale(&identity, good, self.home, self.instrument.clone(), seat);
        sale.order = Some(stage.mark());
        self.identity = Some(identity);
        let at = stage.now.plus_millis(MINUTE_MS + stage.dice.exponential(9 * MINUTE_MS));
        let (answer, paid) = stage.pay(at, &sale, Holder::Owner);
        if answer.approved() {
            deliver(stage, &paid, User { seat, patience: 60 });
            if stage.dice.chance(7_500) {
                self.take_back(stage, &paid);
            }
        }
        self.left -= 1;
        let gap = HOUR_MS + stage.dice.exponential(self.pace);
        (self.left > 0).then(|| stage.now.plus_millis(gap))
    }

    fn take_back(&mut self, stage: &mut Stage, paid: &Paid) {
        self.taken_back += 1;
        match self.way {
            Way::Dispute => fate::misused(stage, paid),
            Way::Refund if self.taken_back <= GRANTED => fate::returned(stage, paid),
            Way::Refund => {
                let at = paid.at.plus_millis(stage.dice.between(2 * HOUR_MS, 13 * DAY_MS));
                fate::message(stage, paid, at, "It does not work. I want my money back.");
            }
        }
        // from the third on somebody notices
        if self.way == Way::Refund && self.taken_back > 2 && stage.dice.chance(6_000) {
            let at = paid.at.plus_millis(stage.dice.between(8 * DAY_MS, 40 * DAY_MS));
            fate::understood(stage, paid, at, ABUSE);
        }
    }
}
