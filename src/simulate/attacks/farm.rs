//! Accounts by the dozen, for what a shop gives only once: a free trial, or a coupon for newcomers.
//!
//! A handful of cards stands behind all of them (four fingerprints behind some seventy accounts is
//! what sellers report), a few devices, and often one line. Trials are used hard and cancelled before
//! the first charge; what coupons bought is sold on. The cards are the farmer's own: no theft.

use super::super::checkout::{Agreement, Attempt, Instrument, WELCOME, free};
use super::super::delivery::{User, cancelled, deliver, session};
use super::super::fate;
use super::super::goods;
use super::super::issuer::Holder;
use super::super::people::{CardHeld, DeviceHeld, Identity, Mailbox, Route, Seat};
use super::super::places::{Atlas, Place};
use super::super::stage::{LESSONS, Paid, Stage};
use super::crew::account_of;
use super::{ABUSE, fence, found, new_device, open_seat};
use crate::domain::{DAY_MS, HOUR_MS, MINUTE_MS, PaymentMethod, Timestamp, TransactionKind};
use std::sync::Arc;

/// What the accounts are opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Prize {
    Trial,
    Coupon,
}

/// A farmer at work.
pub(crate) struct Farm {
    prize: Prize,
    left: u32,
    /// Mean time between accounts.
    pace: i64,
    base: &'static Place,
    cards: Vec<CardHeld>,
    devices: Vec<DeviceHeld>,
    wits: u32,
    found_at: Option<Timestamp>,
}

const MAILBOXES: &[(u32, Mailbox)] =
    &[(44, Mailbox::Free), (30, Mailbox::Random), (14, Mailbox::Relay), (12, Mailbox::Disposable)];

impl Farm {
    pub(super) fn new(stage: &mut Stage, prize: Prize) -> Self {
        let base = Atlas::get().home_country(&mut stage.dice);
        let cards = (0..2 + stage.dice.below(4)).map(|_| {
            let serial = stage.mark();
            CardHeld::issued(&mut stage.dice, base, serial)
        });
        let cards = cards.collect();
        let devices = (0..=stage.dice.below(3)).map(|_| new_device(stage)).collect();
        let size = stage.dice.exponential(11).min(120);
        Self {
            prize,
            left: 4 + u32::try_from(size).unwrap_or(0),
            pace: stage.dice.between(HOUR_MS, DAY_MS),
            base,
            cards,
            devices,
            wits: 0,
            found_at: found(stage, 6_500),
        }
    }

    /// Opens one account and takes the prize.
    pub(crate) fn act(&mut self, stage: &mut Stage) -> Option<Timestamp> {
        stage.wits = self.wits;
        let seat = self.seat(stage);
        let identity = account_of(stage, self.base, MAILBOXES);
        stage.request(stage.now, &Attempt::visit(TransactionKind::SignUp, &identity, seat));
        let at = stage.now.plus_millis(MINUTE_MS + stage.dice.exponential(6 * MINUTE_MS));
        let sale = self.order(stage, &identity, seat);
        let (answer, paid) = stage.pay(at, &sale, Holder::Owner);
        self.wits = (self.wits + u32::from(answer.stopped)).min(LESSONS);
        if answer.approved() {
            self.enjoy(stage, &paid, seat);
        }
        self.left -= 1;
        let gap = 10 * MINUTE_MS + stage.dice.exponential(self.pace);
        (self.left > 0).then(|| stage.now.plus_millis(gap))
    }

    fn seat(&self, stage: &mut Stage) -> Seat {
        let reuse = stage.learned(7_000, 2_500);
        let device = if stage.dice.chance(reuse) {
            *stage.dice.pick(&self.devices)
        } else {
            new_device(stage)
        };
        let routes = [
            (stage.learned(30, 45), Route::Line(self.base)),
            (stage.learned(25, 35), Route::Mobile(self.base)),
            (stage.learned(28, 12), Route::Vpn(self.base)),
            (stage.learned(12, 6), Route::Server(self.base)),
            (stage.learned(5, 2), Route::Tor),
        ];
        let route = stage.dice.of_weights(&routes);
        open_seat(stage, device, self.base, route)
    }

    fn order(&self, stage: &mut Stage, identity: &Arc<Identity>, seat: Seat) -> Attempt {
        let card = stage.dice.pick(&self.cards).clone();
        let instrument = Instrument { method: PaymentMethod::Card, card: Some(card) };
        let good = match self.prize {
            Prize::Trial => goods::on_trial(&mut stage.dice),
            Prize::Coupon => goods::resold(&mut stage.dice),
        };
        let mut sale = Attempt::sale(identity, good, self.base, instrument, seat);
        sale.order = Some(stage.mark());
        if self.prize == Prize::Coupon {
            return sale.reduced(WELCOME);
        }
        let ends = stage.now.plus_millis(good.trial_days * DAY_MS);
        sale.agreement = Some(Agreement { mark: stage.mark(), renewal: 0, trial_end: Some(ends) });
        sale.kind = TransactionKind::TrialStart;
        sale.amount = sale.amount.and_then(free);
        sale
    }

    fn enjoy(&self, stage: &mut Stage, paid: &Paid, seat: Seat) {
        let user = if self.prize == Prize::Coupon { fence(stage, seat) } else { seat };
        deliver(stage, paid, User { seat: user, patience: 60 });
        if let Some(ends) = paid.attempt.agreement.and_then(|agreement| agreement.trial_end) {
            for _ in 0..2 {
                let at = paid.at.plus_millis(stage.dice.exponential(3 * DAY_MS));
                session(stage, paid.attempt.buyer.account, seat, at, false);
            }
            let stops_at = ends.plus_millis(-stage.dice.between(HOUR_MS, 2 * DAY_MS));
            cancelled(stage, paid, stops_at, ends);
        }
        if let Some(at) = self.found_at {
            fate::understood(stage, paid, at, ABUSE);
        }
    }
}
