//! What buyers do with what they have: they spend balances, call interfaces, change plans, and hand
//! out keys; families use one account together.

use super::Buyer;
use crate::domain::{
    Actor, DAY_MS, EventKind, FulfilmentMethod, HOUR_MS, MINUTE_MS, PaymentMethod, SECOND_MS,
    Sharing, Text, Timestamp, TransactionKind, Usage,
};
use crate::simulate::checkout::{Agreement, Attempt, Instrument, free, part};
use crate::simulate::delivery::{User, deliver, licence, sat, session};
use crate::simulate::goods::{self, Billing, Good};
use crate::simulate::naming::Mark;
use crate::simulate::people::{AGENTS, DeviceHeld, Seat};
use crate::simulate::stage::{Paid, Stage};

/// Share of visits of an owner of a plan that change it, of 10,000.
const CHANGES_PLAN: u32 = 150;
/// Machines a trader's keys are seen on, at most: the others are activated where no shop looks.
const MACHINES: u32 = 6;

impl Buyer {
    /// What is done at a visit before anything is bought.
    pub(super) fn use_what_is_there(&mut self, stage: &mut Stage, at: Timestamp, seat: Seat) {
        if self.balance >= 60 && stage.dice.chance(5_500) {
            self.spend_balance(stage, at, seat);
        }
        for place in 0..self.plans.len() {
            self.call_interface(stage, at, seat, place);
        }
        if !self.plans.is_empty() && stage.dice.chance(CHANGES_PLAN) {
            self.change_plan(stage, at, seat);
        }
        if self.shares_home && stage.dice.chance(500) {
            self.share_with_family(stage, at, seat);
        }
    }

    /// Buys small things from the balance; one in five is given away, which the shop has scored.
    fn spend_balance(&mut self, stage: &mut Stage, at: Timestamp, seat: Seat) {
        let mut at = at;
        for _ in 0..=stage.dice.below(3) {
            let good = goods::from_balance(&mut stage.dice);
            let Some(left) = self.balance.checked_sub(good.us_cents()) else { return };
            self.balance = left;
            self.consume(stage, at, seat, good);
            at = at.plus_millis(stage.dice.between(20 * SECOND_MS, 10 * MINUTE_MS));
        }
    }

    fn consume(&self, stage: &mut Stage, at: Timestamp, seat: Seat, good: &'static Good) {
        let (balance, place) = (PaymentMethod::StoreCredit, self.identity.place);
        let instrument = Instrument { method: balance, card: None };
        let mut sale = Attempt::sale(&self.identity, good, place, instrument, seat);
        sale.billing = None;
        let gift = stage.dice.chance(2_000);
        let mark = if gift { stage.request(at, &sale) } else { stage.mark() };
        let cost = sale.amount;
        let account = self.identity.account;
        stage.event(EventKind::EntitlementConsumed, at.plus_millis(900), |event, naming| {
            event.transaction_id = gift.then(|| naming.transaction(mark));
            event.account_id = naming.account(account);
            event.data.amount = cost;
            let what = Text::new(good.sku).ok();
            event.data.usage = Some(Usage { what, quantity: Some(1), ..Usage::default() });
            sat(event, Some(seat), naming);
        });
    }

    /// Calls the interface of a plan that has one. Where the calls are billed, they are owed.
    fn call_interface(&mut self, stage: &mut Stage, at: Timestamp, seat: Seat, place: usize) {
        let account = self.identity.account;
        let Some(plan) = self.plans.get_mut(place) else { return };
        if plan.good.fulfilment != FulfilmentMethod::ApiAccess {
            return;
        }
        let calls = 40 + u64::try_from(stage.dice.exponential(4_000)).unwrap_or(0);
        let metered = plan.good.billing == Billing::Metered;
        let cents = if metered { calls / 20 } else { 0 };
        plan.owed_cents += cents;
        let cost = if metered { goods::worth(cents, plan.store) } else { None };
        let (sku, agreement) = (plan.good.sku, plan.mark);
        let at = at.plus_millis(stage.dice.between(SECOND_MS, HOUR_MS));
        stage.event(EventKind::ApiUsage, at, |event, naming| {
            event.account_id = naming.account(account);
            event.subscription_id = naming.subscription(agreement);
            event.data.amount = cost;
            let what = Text::new(sku).ok();
            event.data.usage = Some(Usage { what, quantity: Some(calls), ..Usage::default() });
            sat(event, Some(seat), naming);
        });
    }

    /// Moves a plan up or down: up is charged at once, for the rest of the period; down costs nothing.
    fn change_plan(&mut self, stage: &mut Stage, at: Timestamp, seat: Seat) {
        let Some(plan) = self.plans.first() else { return };
        let Some(good) = goods::other_plan(&mut stage.dice, plan.good) else { return };
        let dearer = good.us_cents() > plan.good.us_cents();
        let paid_for = plan.good.us_cents() * 100 / good.us_cents().max(1);
        let seats = plan.seats();
        let instrument = plan.instrument.clone();
        let mut sale = Attempt::sale(&self.identity, good, plan.store, instrument, seat);
        sale.kind = TransactionKind::PlanChange;
        sale.order = Some(stage.mark());
        sale.agreement =
            Some(Agreement { mark: plan.mark, renewal: plan.renewals, trial_end: None });
        sale = sale.times(seats);
        let rest = u32::try_from(100_u64.saturating_sub(paid_for)).unwrap_or(0).max(1);
        sale.amount =
            sale.amount.and_then(|full| if dearer { part(full, rest) } else { free(full) });
        if let Some(paid) = self.check_out(stage, at, sale) {
            deliver(stage, &paid, User { seat, patience: 100 });
            self.regret(stage, &paid);
            if let Some(plan) = self.plans.first_mut() {
                plan.good = good;
            }
        }
    }

    /// A trader's keys go to colleagues or customers in the same country.
    pub(super) fn hand_out(&self, stage: &mut Stage, paid: &Paid, seat: Seat) {
        for number in 0..paid.attempt.quantity.min(MACHINES) {
            let serial = stage.mark();
            let device = DeviceHeld::new(&mut stage.dice, serial, AGENTS);
            let line = u64::from(number) << 32 | self.household;
            let address = self.identity.place.home_address(line, 0);
            let at = paid.at.plus_millis(HOUR_MS + stage.dice.exponential(9 * DAY_MS));
            let user = Seat { device, address, ..seat };
            licence(stage, paid, at, EventKind::LicenceActivated, Some(user));
        }
    }

    /// Somebody of the family uses the account too; shops that count sessions see two at once.
    fn share_with_family(&self, stage: &mut Stage, at: Timestamp, seat: Seat) {
        let [_, family] = self.devices;
        let at = at.plus_millis(stage.dice.between(MINUTE_MS, 20 * MINUTE_MS));
        session(stage, self.identity.account, Seat { device: family, ..seat }, at, false);
        if stage.dice.chance(2_500) {
            sharing(stage, self.identity.account, at.plus_millis(MINUTE_MS), (2, 2, false));
        }
    }
}

/// The shop's count of who uses an account: devices, sessions at once, and whether two were too far
/// apart.
pub(in crate::simulate) fn sharing(
    stage: &mut Stage,
    account: Mark,
    at: Timestamp,
    (devices, sessions, far): (u32, u32, bool),
) {
    stage.event(EventKind::SharingSignal, at, |event, naming| {
        event.account_id = naming.account(account);
        event.actor = Some(Actor::System);
        event.data.sharing = Some(Sharing {
            devices: Some(devices),
            concurrent_sessions: Some(sessions),
            impossible_travel: Some(far),
        });
    });
}
