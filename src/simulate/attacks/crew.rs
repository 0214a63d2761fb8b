//! Stolen cards turned into goods that can be sold on: keys, gift codes, credit, game items.
//!
//! A crew works through bought card data for days or weeks, one card a job: an account (new,
//! opened days ahead, or bought and aged), a seat near the cardholder, one to four purchases. Declined attempts of a job
//! are labelled only when the job is understood later, so some theft looks like bad luck for ever.
//! What the shop itself stops is never labelled; the crew comes back with better tools and smaller
//! orders.

use super::super::checkout::{Attempt, Instrument};
use super::super::delivery::{User, deliver};
use super::super::fate;
use super::super::goods;
use super::super::issuer::Holder;
use super::super::people::{AGENTS, CardHeld, DeviceHeld, Identity, Mailbox, Seat};
use super::super::places::{Atlas, Place};
use super::super::stage::{LESSONS, Paid, Stage};
use super::{fence, seat};
use crate::domain::{
    DAY_MS, HOUR_MS, LabelClass, MINUTE_MS, PaymentMethod, SECOND_MS, Timestamp, TransactionKind,
};
use std::sync::Arc;

/// A crew at work.
pub(crate) struct Crew {
    jobs: u32,
    /// Mean time between jobs.
    pace: i64,
    base: &'static Place,
    /// Where most of its cards come from.
    source: &'static Place,
    devices: Vec<DeviceHeld>,
    /// Accounts opened ahead of their job.
    ready: Vec<Arc<Identity>>,
    /// What being stopped has taught: better tools, and smaller orders.
    wits: u32,
}

const MAILBOXES: &[(u32, Mailbox)] = &[
    (62, Mailbox::Free),
    (14, Mailbox::Random),
    (10, Mailbox::Company),
    (5, Mailbox::Relay),
    (9, Mailbox::Disposable),
];
const METHODS: &[(u32, PaymentMethod)] = &[
    (84, PaymentMethod::Card),
    (6, PaymentMethod::ApplePay),
    (4, PaymentMethod::GooglePay),
    (6, PaymentMethod::Paypal),
];

impl Crew {
    pub(super) fn new(stage: &mut Stage) -> Self {
        let count = 1 + stage.dice.below(4);
        let devices = (0..count)
            .map(|_| {
                let serial = stage.mark();
                DeviceHeld::new(&mut stage.dice, serial, AGENTS)
            })
            .collect();
        let jobs = stage.dice.exponential(4).min(60);
        Self {
            jobs: 2 + u32::try_from(jobs).unwrap_or(0),
            pace: stage.dice.between(HOUR_MS, 20 * HOUR_MS),
            base: Atlas::get().home_country(&mut stage.dice),
            source: Atlas::get().stolen_country(&mut stage.dice),
            devices,
            ready: Vec::new(),
            wits: 0,
        }
    }

    /// Does one job, and sometimes opens an account for a later one.
    pub(crate) fn act(&mut self, stage: &mut Stage) -> Option<Timestamp> {
        stage.wits = self.wits;
        if stage.dice.chance(3_500) {
            let near = self.source;
            let seat = self.seat(stage, near);
            let identity = open_account(stage, near, 0);
            stage.request(stage.now, &Attempt::visit(TransactionKind::SignUp, &identity, seat));
            self.ready.push(identity);
        } else {
            self.job(stage);
            self.jobs -= 1;
        }
        let gap = 5 * MINUTE_MS + stage.dice.exponential(self.pace);
        (self.jobs > 0).then(|| stage.now.plus_millis(gap))
    }

    fn job(&mut self, stage: &mut Stage) {
        if let Some(identity) = self.ready.pop() {
            let seat = self.seat(stage, identity.place);
            self.spend(stage, stage.now, &identity, seat);
            return;
        }
        let near = if stage.dice.chance(6_500) {
            self.source
        } else {
            Atlas::get().stolen_country(&mut stage.dice)
        };
        let seat = self.seat(stage, near);
        let bought = stage.dice.chance(4_500);
        let age = if bought { 5 * DAY_MS + stage.dice.exponential(50 * DAY_MS) } else { 0 };
        let identity = open_account(stage, near, age);
        if !bought {
            stage.request(stage.now, &Attempt::visit(TransactionKind::SignUp, &identity, seat));
        }
        let begins = stage.now.plus_millis(40 * SECOND_MS + stage.dice.exponential(9 * MINUTE_MS));
        self.spend(stage, begins, &identity, seat);
    }

    /// Buys with one stolen card until it is refused too often or enough is bought.
    fn spend(
        &mut self,
        stage: &mut Stage,
        begins: Timestamp,
        identity: &Arc<Identity>,
        seat: Seat,
    ) {
        let stopped = spend(stage, begins, identity, seat);
        self.wits = (self.wits + stopped).min(LESSONS);
    }

    fn seat(&self, stage: &mut Stage, near: &'static Place) -> Seat {
        let reuse = stage.learned(2_000, 700);
        let device = if stage.dice.chance(reuse) {
            *stage.dice.pick(&self.devices)
        } else {
            let serial = stage.mark();
            DeviceHeld::new(&mut stage.dice, serial, AGENTS)
        };
        seat(stage, device, near, self.base)
    }
}

/// An account in the name of a cardholder, opened so long ago.
pub(super) fn open_account(stage: &mut Stage, place: &'static Place, age: i64) -> Arc<Identity> {
    let account = stage.mark();
    let mailbox = stage.dice.of_weights(MAILBOXES);
    let opened = stage.now.plus_millis(-age);
    Arc::new(Identity::new(&mut stage.dice, place, mailbox, (account, opened)))
}

/// The purchases of one job; says how often the shop stopped it.
fn spend(stage: &mut Stage, begins: Timestamp, identity: &Arc<Identity>, seat: Seat) -> u32 {
    let mut stopped = 0;
    let mut at = begins;
    let mut instrument = stolen(stage, identity.place);
    let mut refused: Vec<Paid> = Vec::new();
    let mut first_taken = None;
    let mut order = stage.mark();
    for _ in 0..5 {
        let good = goods::resold(&mut stage.dice);
        // who was refused or stopped tries something smaller
        let careful = stopped > 0 || refused.len() > 1;
        let good = if careful { goods::probed(&mut stage.dice) } else { good };
        let mut sale = Attempt::sale(identity, good, identity.place, instrument.clone(), seat);
        sale = sale.times(1 + u32::from(stage.dice.chance(1_500)));
        sale.billing = billing(stage, identity.place);
        sale.order = Some(order);
        sale.number = u16::try_from(refused.len() + 1).unwrap_or(1);
        sale.tries = sale.number - 1;
        let (answer, paid) = stage.pay(at, &sale, Holder::Thief);
        if answer.approved() {
            let user = fence(stage, seat);
            deliver(stage, &paid, User { seat: user, patience: 30 });
            fate::stolen(stage, &paid, LabelClass::StolenInstrument);
            first_taken.get_or_insert(paid.at);
            order = stage.mark();
            if !stage.dice.chance(3_400) {
                break;
            }
            at = at.plus_millis(2 * MINUTE_MS + stage.dice.exponential(15 * MINUTE_MS));
        } else {
            stopped += u32::from(answer.stopped);
            refused.extend((!answer.stopped).then_some(paid));
            if !stage.dice.chance(6_000) {
                break;
            }
            if stage.dice.chance(4_500) {
                instrument = stolen(stage, identity.place);
            }
            at = at.plus_millis(20 * SECOND_MS + stage.dice.exponential(2 * MINUTE_MS));
        }
    }
    // the attempts around a theft are understood with it, in part
    if let Some(taken_at) = first_taken.filter(|_| stage.dice.chance(6_500)) {
        let wait = 8 * DAY_MS + stage.dice.exponential(15 * DAY_MS).min(80 * DAY_MS);
        for paid in refused {
            let at = taken_at.plus_millis(wait);
            fate::understood(stage, &paid, at, LabelClass::StolenInstrument);
        }
    }
    stopped
}

/// An account opened now, with a mailbox of this mix.
pub(super) fn account_of(
    stage: &mut Stage,
    place: &'static Place,
    mailboxes: &[(u32, Mailbox)],
) -> Arc<Identity> {
    let account = stage.mark();
    let mailbox = stage.dice.of_weights(mailboxes);
    Arc::new(Identity::new(&mut stage.dice, place, mailbox, (account, stage.now)))
}

/// The billing country a thief gives: the cardholder's as a rule, none where the shop lets it be.
fn billing(stage: &mut Stage, card: &'static Place) -> Option<&'static Place> {
    match stage.dice.below(100) {
        0..=17 => None,
        18..=22 => Some(Atlas::get().home_country(&mut stage.dice)),
        _ => Some(card),
    }
}

/// A stolen instrument of a place.
pub(super) fn stolen(stage: &mut Stage, place: &'static Place) -> Instrument {
    let method = stage.dice.of_weights(METHODS);
    let serial = stage.mark();
    let on_card = method != PaymentMethod::Paypal;
    let card = on_card.then(|| CardHeld::issued(&mut stage.dice, place, serial));
    Instrument { method, card }
}
