//! One paid account that strangers use: sessions in several countries at once, a licence on more
//! machines than it was sold for.
//!
//! The subscription is paid honestly, month by month. What gives it away is use: the shop counts
//! devices and sessions now and then, and in half of the cases ends it.

use super::super::buyer::habits::sharing;
use super::super::checkout::{Agreement, Attempt, Instrument};
use super::super::delivery::{User, cancelled, deliver, licence, notice, session};
use super::super::fate;
use super::super::goods;
use super::super::issuer::Holder;
use super::super::people::{CardHeld, Route, Seat};
use super::super::places::Atlas;
use super::super::stage::{Paid, Stage};
use super::crew::account_of;
use super::{ABUSE, misuse, new_device, open_seat, stranger};
use crate::domain::{
    DAY_MS, EventKind, FulfilmentMethod, HOUR_MS, MINUTE_MS, PaymentMethod, Timestamp,
    TransactionKind,
};

/// An account with many users.
pub(crate) struct SharedAccount {
    /// The owner first.
    users: Vec<Seat>,
    /// The latest payment; `None` before the first.
    paid: Option<Paid>,
    due: Timestamp,
    ends: Timestamp,
    /// When the shop has seen enough.
    found_at: Option<Timestamp>,
}

/// Mean time between two sessions.
const PACE: i64 = 14 * HOUR_MS;
const PERIOD: i64 = 30 * DAY_MS;

impl SharedAccount {
    pub(super) fn new(stage: &mut Stage) -> Self {
        let home = Atlas::get().home_country(&mut stage.dice);
        let device = new_device(stage);
        let owner = open_seat(stage, device, home, Route::Line(home));
        let mut users = vec![owner];
        for _ in 0..3 + stage.dice.below(6) {
            users.push(stranger(stage));
        }
        let lasts = 30 * DAY_MS + stage.dice.exponential(90 * DAY_MS);
        let found_after = stage.dice.between(20 * DAY_MS, 90 * DAY_MS);
        let found = stage.dice.chance(5_000);
        let mut account = Self {
            users,
            paid: None,
            due: stage.now.plus_millis(PERIOD),
            ends: stage.now.plus_millis(lasts),
            found_at: found.then(|| stage.now.plus_millis(found_after)),
        };
        account.subscribe(stage, owner, home);
        account
    }

    fn subscribe(&mut self, stage: &mut Stage, owner: Seat, home: &'static super::Place) {
        let identity = account_of(stage, home, misuse::MAILBOXES);
        stage.request(stage.now, &Attempt::visit(TransactionKind::SignUp, &identity, owner));
        let serial = stage.mark();
        let card = Some(CardHeld::issued(&mut stage.dice, home, serial));
        let instrument = Instrument { method: PaymentMethod::Card, card };
        let good = goods::on_trial(&mut stage.dice);
        let mut sale = Attempt::sale(&identity, good, home, instrument, owner);
        sale.order = Some(stage.mark());
        sale.agreement = Some(Agreement { mark: stage.mark(), renewal: 0, trial_end: None });
        let at = stage.now.plus_millis(MINUTE_MS + stage.dice.exponential(9 * MINUTE_MS));
        let (answer, paid) = stage.pay(at, &sale, Holder::Owner);
        if answer.approved() {
            deliver(stage, &paid, User { seat: owner, patience: 100 });
            if good.fulfilment == FulfilmentMethod::LicenceKey {
                for user in &self.users {
                    let at = paid.at.plus_millis(HOUR_MS + stage.dice.exponential(9 * DAY_MS));
                    licence(stage, &paid, at, EventKind::LicenceActivated, Some(*user));
                }
            }
            self.paid = Some(paid);
        }
    }

    /// Somebody uses the account.
    pub(crate) fn act(&mut self, stage: &mut Stage) -> Option<Timestamp> {
        let mut paid = self.paid.take()?;
        if self.found_at.is_some_and(|at| at <= stage.now) {
            end(stage, &paid);
            return None;
        }
        if stage.now >= self.ends {
            cancelled(stage, &paid, stage.now.plus_millis(HOUR_MS), self.due);
            return None;
        }
        if stage.now >= self.due {
            paid = renew(stage, &paid)?;
            self.due = self.due.plus_millis(PERIOD);
        }
        let account = paid.attempt.buyer.account;
        let user = *stage.dice.pick(&self.users);
        session(stage, account, user, stage.now, false);
        if stage.dice.chance(3_500) {
            let other = *stage.dice.pick(&self.users);
            let at = stage.now.plus_millis(stage.dice.between(MINUTE_MS, 20 * MINUTE_MS));
            session(stage, account, other, at, false);
        }
        if stage.dice.chance(400) {
            let devices = u32::try_from(self.users.len()).unwrap_or(u32::MAX);
            let at_once = 2 + stage.dice.below(devices.saturating_sub(1));
            sharing(stage, account, stage.now.plus_millis(HOUR_MS), (devices, at_once, true));
        }
        self.paid = Some(paid);
        Some(stage.now.plus_millis(10 * MINUTE_MS + stage.dice.exponential(PACE)))
    }
}

/// The next charge of the subscription; `None` when it fails and nobody cares.
fn renew(stage: &mut Stage, last: &Paid) -> Option<Paid> {
    let mut bill = last.attempt.clone();
    let invoice = stage.mark();
    bill.kind = TransactionKind::Renewal;
    bill.seat = None;
    bill.invoice = Some(invoice);
    bill.order = Some(invoice);
    bill.agreement =
        bill.agreement.map(|agreement| Agreement { renewal: agreement.renewal + 1, ..agreement });
    let (answer, paid) = stage.pay(stage.now, &bill, Holder::Owner);
    if !answer.approved() {
        return None;
    }
    notice(stage, &paid, paid.at.plus_millis(MINUTE_MS), "receipt");
    Some(paid)
}

/// The shop has counted enough strangers: the licence ends, and the last payment has a name.
fn end(stage: &mut Stage, paid: &Paid) {
    licence(stage, paid, stage.now, EventKind::LicenceRevoked, None);
    fate::understood(stage, paid, stage.now.plus_millis(HOUR_MS), ABUSE);
}
