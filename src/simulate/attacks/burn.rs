//! Use that nobody will pay for: an interface billed by the month, called as fast as it answers.
//!
//! A wave of accounts, each with a card that passes a check without a charge: stolen, or prepaid and
//! empty. Hours later more is owed than an honest customer uses in a year; the invoice at the end of
//! the month is declined, and declined again.

use super::super::checkout::{Agreement, Attempt, Instrument};
use super::super::delivery::{User, cancelled, notice, used};
use super::super::fate;
use super::super::goods;
use super::super::issuer::Holder;
use super::super::people::{CardHeld, DeviceHeld, Mailbox, Seat};
use super::super::places::{Atlas, Place};
use super::super::stage::{LESSONS, Paid, Stage};
use super::crew::{account_of, stolen};
use super::{ABUSE, new_device, seat};
use crate::domain::{
    DAY_MS, EventKind, HOUR_MS, LabelClass, MINUTE_MS, PaymentMethod, Timestamp, TransactionKind,
    Usage,
};

/// A wave of accounts.
pub(crate) struct Burn {
    left: u32,
    /// Mean time between accounts.
    pace: i64,
    base: &'static Place,
    device: DeviceHeld,
    wits: u32,
}

const MAILBOXES: &[(u32, Mailbox)] = &[
    (55, Mailbox::Free),
    (25, Mailbox::Random),
    (10, Mailbox::Company),
    (10, Mailbox::Disposable),
];
/// Days after the month until an unpaid invoice is asked for again.
const AGAIN_DAYS: [i64; 2] = [0, 3];

impl Burn {
    pub(super) fn new(stage: &mut Stage) -> Self {
        let accounts = stage.dice.exponential(4).min(30);
        Self {
            left: 2 + u32::try_from(accounts).unwrap_or(0),
            pace: stage.dice.between(HOUR_MS, 18 * HOUR_MS),
            base: Atlas::get().home_country(&mut stage.dice),
            device: new_device(stage),
            wits: 0,
        }
    }

    /// Burns one account.
    pub(crate) fn act(&mut self, stage: &mut Stage) -> Option<Timestamp> {
        stage.wits = self.wits;
        let theft = stage.dice.chance(5_500);
        let near = if theft { Atlas::get().stolen_country(&mut stage.dice) } else { self.base };
        let reuse = stage.learned(5_000, 2_000);
        let device = if stage.dice.chance(reuse) { self.device } else { new_device(stage) };
        let seat = seat(stage, device, near, self.base);
        let instrument = if theft {
            stolen(stage, near)
        } else {
            let serial = stage.mark();
            let card = Some(CardHeld::issued(&mut stage.dice, near, serial));
            Instrument { method: PaymentMethod::Card, card }
        };
        let identity = account_of(stage, near, MAILBOXES);
        stage.request(stage.now, &Attempt::visit(TransactionKind::SignUp, &identity, seat));
        let good = goods::metered(&mut stage.dice);
        let mut sale = Attempt::sale(&identity, good, near, instrument, seat);
        sale.order = Some(stage.mark());
        sale.agreement = Some(Agreement { mark: stage.mark(), renewal: 0, trial_end: None });
        let at = stage.now.plus_millis(MINUTE_MS + stage.dice.exponential(8 * MINUTE_MS));
        let holder = if theft { Holder::Thief } else { Holder::Owner };
        let (answer, paid) = stage.pay(at, &sale, holder);
        self.wits = (self.wits + u32::from(answer.stopped)).min(LESSONS);
        if answer.approved() {
            burn(stage, &paid, seat, theft);
        }
        self.left -= 1;
        let gap = 10 * MINUTE_MS + stage.dice.exponential(self.pace);
        (self.left > 0).then(|| stage.now.plus_millis(gap))
    }
}

/// Calls the interface until somebody looks, and leaves the invoice.
fn burn(stage: &mut Stage, paid: &Paid, seat: Seat, theft: bool) {
    let mut owed = 0;
    let mut at = paid.at;
    for _ in 0..3 + stage.dice.below(9) {
        at = at.plus_millis(10 * MINUTE_MS + stage.dice.exponential(4 * HOUR_MS));
        let calls = 4_000 + u64::try_from(stage.dice.exponential(40_000)).unwrap_or(0);
        let cents = calls / 20;
        owed += cents;
        let usage = Usage { quantity: Some(calls), ..Usage::default() };
        let cost = goods::worth(cents, paid.attempt.store);
        let user = User { seat, patience: 30 };
        used(stage, paid, (EventKind::ApiUsage, at), user, (usage, cost));
    }
    let mut bill = paid.attempt.clone();
    let invoice = stage.mark();
    bill.kind = TransactionKind::Renewal;
    bill.seat = None;
    bill.invoice = Some(invoice);
    bill.order = Some(invoice);
    bill.amount = goods::worth(owed, paid.attempt.store);
    bill.agreement = bill.agreement.map(|agreement| Agreement { renewal: 1, ..agreement });
    let mut due = paid.at.plus_millis(30 * DAY_MS);
    for days in AGAIN_DAYS {
        due = due.plus_millis(days * DAY_MS);
        let (answer, billed) = stage.pay(due, &bill, Holder::Tester);
        if answer.approved() {
            if theft {
                fate::stolen(stage, &billed, LabelClass::StolenInstrument);
            }
            break;
        }
        notice(stage, &billed, billed.at.plus_millis(10 * MINUTE_MS), "payment_failed");
        bill.number += 1;
        if Some(&days) == AGAIN_DAYS.last() {
            cancelled(stage, &billed, billed.at.plus_millis(HOUR_MS), billed.at);
        }
    }
    if stage.dice.chance(8_000) {
        let at = due.plus_millis(stage.dice.between(HOUR_MS, 15 * DAY_MS));
        let class = if theft { LabelClass::StolenInstrument } else { ABUSE };
        fate::understood(stage, paid, at, class);
    }
}
