//! Subscriptions: trials, conversions, renewals, dunning, cancellation.
//!
//! A plan is charged by the merchant, without a device or an address. A declined renewal is tried
//! again after one, three and five days under the same invoice; whether a plan ends is decided at
//! the beginning of each period, so that reminders of cancelled plans are not sent.

use super::Buyer;
use crate::domain::{DAY_MS, FulfilmentMethod, HOUR_MS, MINUTE_MS, Timestamp, TransactionKind};
use crate::simulate::checkout::{Agreement, Attempt, Instrument, free};
use crate::simulate::delivery::{User, cancelled, consents, deliver, notice, seat_moves};
use crate::simulate::fate;
use crate::simulate::goods::{self, Billing, Good};
use crate::simulate::issuer::Holder;
use crate::simulate::naming::Mark;
use crate::simulate::people::Mailbox;
use crate::simulate::places::Place;
use crate::simulate::stage::{Paid, Stage};

/// A running subscription.
pub(super) struct Plan {
    pub(super) good: &'static Good,
    pub(super) due: Timestamp,
    pub(super) mark: Mark,
    pub(super) store: &'static Place,
    pub(super) instrument: Instrument,
    /// Charges so far after the first.
    pub(super) renewals: u32,
    /// People beside the owner who have a seat.
    holders: Vec<Mark>,
    /// Used and not yet billed, in US cents.
    pub(super) owed_cents: u64,
    /// The owner thinks it is still a trial.
    unexpected: bool,
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
        Self {
            good,
            due,
            mark,
            store,
            instrument,
            renewals,
            holders: Vec::new(),
            owed_cents: 0,
            unexpected: false,
            attempt: 1,
            invoice: None,
        }
    }

    /// Seats that are paid for, the owner's among them.
    pub(super) fn seats(&self) -> u32 {
        1 + u32::try_from(self.holders.len()).unwrap_or(0)
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
        let holders = self.team(stage, good);
        sale = sale.times(1 + u32::try_from(holders.len()).unwrap_or(0));
        if let Some(coupon) = sale.coupon {
            sale = sale.reduced(coupon);
        }
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
        consents(stage, &paid);
        deliver(stage, &paid, User { seat, patience: 100 });
        for holder in &holders {
            let at = paid.at.plus_millis(MINUTE_MS + stage.dice.exponential(2 * DAY_MS));
            seat_moves(stage, &paid, at, *holder, true);
        }
        if !trial {
            self.regret(stage, &paid);
        }
        let store = paid.attempt.store;
        let mut plan = Plan::running(good, store, instrument, (mark, paid.at, 0));
        plan.holders = holders;
        plan.unexpected = trial && self.forgetful;
        plan.due = trial_end.unwrap_or_else(|| paid.at.plus_millis(plan.period()));
        // opt-out trials: somewhat less than half convert, and all that are forgotten
        let stays = match trial {
            true if plan.unexpected => 10_000,
            true => 4_500,
            false => self.stay(stage.now, good),
        };
        self.keep(stage, plan, &paid, stays);
        paid.at
    }

    /// Who gets a seat of a team service beside the owner: colleagues, in a company.
    fn team(&self, stage: &mut Stage, good: &Good) -> Vec<Mark> {
        let team = good.fulfilment == FulfilmentMethod::SaasSeat
            && self.identity.mailbox == Mailbox::Company;
        let size = if team { stage.dice.exponential(4).min(30) } else { 0 };
        (0..size).map(|_| stage.mark()).collect()
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
        let forgotten = trial && plan.good.seller == stage.forgetful();
        if !forgotten && (trial || plan.good.billing == Billing::Yearly) {
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
        let metered = plan.good.billing == Billing::Metered;
        if metered && plan.owed_cents == 0 {
            if stage.now < self.leaves {
                plan.due = stage.now.plus_millis(plan.period());
                self.plans.push(plan);
            }
            return;
        }
        let (sale, renewal) = self.invoice(stage, &mut plan);
        let (answer, paid) = stage.pay(stage.now, &sale, Holder::Owner);
        if answer.approved() {
            plan.renewals = renewal;
            plan.owed_cents = 0;
            plan.attempt = 1;
            plan.invoice = None;
            plan.due = stage.now.plus_millis(plan.period());
            notice(stage, &paid, paid.at.plus_millis(MINUTE_MS), "receipt");
            if std::mem::take(&mut plan.unexpected) {
                let told = plan.good.seller != stage.forgetful();
                fate::unexpected(stage, &paid, told);
                cancelled(stage, &paid, paid.at.plus_millis(35 * DAY_MS).min(plan.due), plan.due);
                return;
            }
            self.regret(stage, &paid);
            move_seats(stage, &mut plan, &paid);
            let stays = self.stay(stage.now, plan.good);
            self.keep(stage, plan, &paid, stays);
            return;
        }
        self.dun(stage, plan, &paid);
    }

    /// Asks again some days after a charge failed, or gives the plan up.
    fn dun(&mut self, stage: &mut Stage, mut plan: Plan, paid: &Paid) {
        let Some(days) = DUNNING_DAYS.get(usize::from(plan.attempt) - 1) else {
            cancelled(stage, paid, paid.at.plus_millis(HOUR_MS), paid.at);
            return;
        };
        notice(stage, paid, paid.at.plus_millis(10 * MINUTE_MS), "payment_failed");
        plan.due = stage.now.plus_millis(days * DAY_MS);
        plan.attempt += 1;
        if stage.dice.chance(3_000) {
            plan.instrument = self.instrument(true, true); // the buyer puts another card on file
        }
        self.plans.push(plan);
    }

    /// The charge that is due, and its number.
    fn invoice(&self, stage: &mut Stage, plan: &mut Plan) -> (Attempt, u32) {
        let invoice = *plan.invoice.get_or_insert_with(|| stage.mark());
        let mut sale = Attempt {
            kind: TransactionKind::Renewal,
            buyer: self.identity.clone(),
            good: Some(plan.good),
            quantity: plan.seats(),
            amount: None,
            instrument: Some(plan.instrument.clone()),
            seat: None,
            order: Some(invoice),
            number: plan.attempt,
            tries: 0,
            agreement: None,
            invoice: Some(invoice),
            billing: Some(self.identity.place),
            store: plan.store,
            coupon: None,
        };
        sale = match plan.good.billing {
            Billing::Metered => {
                Attempt { amount: goods::worth(plan.owed_cents, plan.store), ..sale }
            }
            _ => sale.times(plan.seats()),
        };
        let renewal = plan.renewals + 1;
        sale.agreement = Some(Agreement { mark: plan.mark, renewal, trial_end: None });
        (sale, renewal)
    }
}

/// Teams grow and shrink: a seat more or less from one period to the next.
fn move_seats(stage: &mut Stage, plan: &mut Plan, paid: &Paid) {
    if plan.holders.is_empty() || !stage.dice.chance(3_000) {
        return;
    }
    let at = paid.at.plus_millis(HOUR_MS + stage.dice.exponential(8 * DAY_MS));
    if stage.dice.chance(5_500) {
        let holder = stage.mark();
        plan.holders.push(holder);
        seat_moves(stage, paid, at, holder, true);
    } else if let Some(holder) = plan.holders.pop() {
        seat_moves(stage, paid, at, holder, false);
    }
}
