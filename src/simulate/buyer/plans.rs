//! Subscriptions: trials, conversions, renewals, dunning, cancellation.
//!
//! A plan is charged by the merchant, without a device or an address. A declined renewal is tried
//! again after one, three and five days under the same invoice; whether a plan ends is decided at
//! the beginning of each period, so that reminders of cancelled plans are not sent.

use super::Buyer;
use crate::domain::{
    Actor, Contact, DAY_MS, EventKind, HOUR_MS, MINUTE_MS, Text, Timestamp, TransactionKind,
};
use crate::simulate::checkout::{Agreement, Attempt, Instrument, free};
use crate::simulate::delivery::{User, about, deliver, notice};
use crate::simulate::goods::{Billing, Good};
use crate::simulate::issuer::Holder;
use crate::simulate::naming::Mark;
use crate::simulate::places::Place;
use crate::simulate::stage::{Paid, Stage};

/// A running subscription.
pub(super) struct Plan {
    pub(super) good: &'static Good,
    pub(super) due: Timestamp,
    mark: Mark,
    store: &'static Place,
    pub(super) instrument: Instrument,
    /// Charges so far after the first.
    renewals: u32,
    /// The attempt the next charge is, and the invoice it pays.
    attempt: u16,
    invoice: Option<Mark>,
}

/// Days between the attempts of one invoice.
const DUNNING_DAYS: [i64; 3] = [1, 3, 5];

impl Plan {
    /// A plan in the middle of its life, for buyers who were there before the world began.
    pub(super) fn running(
        good: &'static Good,
        store: &'static Place,
        instrument: Instrument,
        (mark, due, renewals): (Mark, Timestamp, u32),
    ) -> Self {
        Self { good, due, mark, store, instrument, renewals, attempt: 1, invoice: None }
    }

    fn period(&self) -> i64 {
        self.good.billing.days().unwrap_or(30) * DAY_MS
    }
}

impl Buyer {
    /// Starts a subscription, with its trial where there is one; says when it was over.
    pub(super) fn subscribe(
        &mut self,
        stage: &mut Stage,
        at: Timestamp,
        mut sale: Attempt,
    ) -> Timestamp {
        let (Some(good), Some(instrument), Some(seat)) =
            (sale.good, sale.instrument.clone(), sale.seat)
        else {
            return at;
        };
        let trial = good.trial_days > 0 && stage.dice.chance(6_500);
        let trial_end = trial.then(|| at.plus_millis(good.trial_days * DAY_MS));
        let mark = stage.mark();
        sale.agreement = Some(Agreement { mark, renewal: 0, trial_end });
        if trial {
            sale.kind = TransactionKind::TrialStart;
            sale.amount = sale.amount.and_then(free);
        }
        let Some(paid) = self.check_out(stage, at, sale) else {
            return at.plus_millis(4 * MINUTE_MS);
        };
        deliver(stage, &paid, User { seat, patience: 100 });
        if !trial {
            self.regret(stage, &paid);
        }
        let store = paid.attempt.store;
        let mut plan = Plan::running(good, store, instrument, (mark, paid.at, 0));
        plan.due = trial_end.unwrap_or_else(|| paid.at.plus_millis(plan.period()));
        // opt-out trials: somewhat less than half convert
        let stays = if trial { 4_500 } else { self.stay(stage.now, good) };
        self.keep(stage, plan, &paid, stays);
        paid.at
    }

    /// Share of periods, of 10,000, after which a plan goes on; whoever has left finds out soon.
    fn stay(&self, now: Timestamp, good: &Good) -> u32 {
        match good.billing {
            _ if now >= self.leaves => 6_000,
            Billing::Yearly => 7_800,
            _ => 9_350,
        }
    }

    /// Keeps a plan for another period, or lets it be cancelled within it.
    fn keep(&mut self, stage: &mut Stage, plan: Plan, paid: &Paid, stays: u32) {
        let left = plan.due.millis_since(stage.now);
        if !stage.dice.chance(stays) {
            let at = stage.now.plus_millis(HOUR_MS + stage.dice.between(0, left.max(HOUR_MS)));
            cancelled(stage, paid, at, plan.due);
            return;
        }
        let trial = paid.attempt.kind == TransactionKind::TrialStart;
        if trial || plan.good.billing == Billing::Yearly {
            let (days, kind) = if trial { (3, "trial_ending") } else { (7, "renewal_reminder") };
            notice(stage, paid, plan.due.plus_millis(-days * DAY_MS), kind);
        }
        self.plans.push(plan);
    }

    /// Charges every plan that is due.
    pub(super) fn charge_due_plans(&mut self, stage: &mut Stage) {
        let plans = std::mem::take(&mut self.plans);
        let (due, rest): (Vec<_>, _) = plans.into_iter().partition(|plan| plan.due <= stage.now);
        self.plans = rest;
        for plan in due {
            self.charge(stage, plan);
        }
    }

    fn charge(&mut self, stage: &mut Stage, mut plan: Plan) {
        let invoice = *plan.invoice.get_or_insert_with(|| stage.mark());
        let mut sale = Attempt {
            kind: TransactionKind::Renewal,
            buyer: self.identity.clone(),
            good: Some(plan.good),
            quantity: 1,
            amount: plan.good.price(plan.store),
            instrument: Some(plan.instrument.clone()),
            seat: None,
            order: Some(invoice),
            number: plan.attempt,
            agreement: None,
            invoice: Some(invoice),
            billing: Some(self.identity.place),
            store: plan.store,
        };
        let renewal = plan.renewals + 1;
        sale.agreement = Some(Agreement { mark: plan.mark, renewal, trial_end: None });
        let (answer, paid) = stage.pay(stage.now, &sale, Holder::Owner);
        if answer.approved() {
            plan.renewals = renewal;
            plan.attempt = 1;
            plan.invoice = None;
            plan.due = stage.now.plus_millis(plan.period());
            notice(stage, &paid, paid.at.plus_millis(MINUTE_MS), "receipt");
            self.regret(stage, &paid);
            let stays = self.stay(stage.now, plan.good);
            self.keep(stage, plan, &paid, stays);
            return;
        }
        let Some(days) = DUNNING_DAYS.get(usize::from(plan.attempt) - 1) else {
            cancelled(stage, &paid, paid.at.plus_millis(HOUR_MS), paid.at);
            return;
        };
        notice(stage, &paid, paid.at.plus_millis(10 * MINUTE_MS), "payment_failed");
        plan.due = stage.now.plus_millis(days * DAY_MS);
        plan.attempt += 1;
        if stage.dice.chance(3_000) {
            plan.instrument = self.instrument(true, true); // the buyer puts another card on file
        }
        self.plans.push(plan);
    }
}

/// A cancellation asked for at `at`, effective when the paid period ends.
fn cancelled(stage: &mut Stage, paid: &Paid, at: Timestamp, effective: Timestamp) {
    stage.event(EventKind::CancelRequested, at, |event, naming| {
        about(event, paid, naming);
        event.actor = Some(Actor::Customer);
        event.data.contact = Some(Contact {
            direction: Text::new("in").ok(),
            channel: Text::new("account page").ok(),
            ..Contact::default()
        });
    });
    stage.event(EventKind::CancelEffective, effective.max(at), |event, naming| {
        about(event, paid, naming);
        event.actor = Some(Actor::System);
    });
}
