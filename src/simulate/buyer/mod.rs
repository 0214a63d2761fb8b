//! An honest buyer: visits, buys, subscribes, travels, changes cards, leaves.
//!
//! Honest life looks suspicious now and then, on purpose: first purchases come minutes after
//! sign-up, declined payments are tried again with another card, people sit behind VPNs, in hotels
//! and behind addresses shared with strangers, families share devices and cards, cards are issued
//! abroad, companies buy keys by the dozen. What a model learns is to weigh these, not to find a mark
//! only thieves carry.

mod birth;
pub(super) mod habits;
mod plans;

use super::checkout::{Attempt, Instrument, SEASON, WELCOME};
use super::delivery::{User, consents, deliver, password_changed, refused_logins, session};
use super::fate;
use super::goods::{self, Billing, Good, Seller, Taste};
use super::issuer::Holder;
use super::people::{AGENTS, CardHeld, DeviceHeld, Identity, Means, Route, Seat};
use super::places::{Atlas, Place};
use super::stage::{Paid, Stage};
use crate::domain::{
    ChallengeKind, DAY_MS, HOUR_MS, MINUTE_MS, PaymentMethod, SECOND_MS, Timestamp, TransactionKind,
};
use plans::Plan;
use std::sync::Arc;

/// An honest buyer.
#[expect(clippy::struct_excessive_bools, reason = "traits of a person that go with no other")]
pub(super) struct Buyer {
    pub(super) identity: Arc<Identity>,
    /// Pays with one of these: the first as a rule.
    cards: [CardHeld; 2],
    devices: [DeviceHeld; 2],
    method: PaymentMethod,
    taste: Taste,
    /// Names the line the home hangs on; shared by those who live together.
    household: u64,
    /// Lives with somebody who has an account here too.
    shares_home: bool,
    /// Days after which the line gets another address.
    lease_days: i64,
    privacy: Privacy,
    /// Mean time between visits.
    pace: i64,
    /// Share of visits that end in a purchase, of 10,000.
    appetite: u32,
    /// Disputes what they bought themselves, now and then.
    careless: bool,
    /// Forgets that a trial becomes a subscription.
    forgetful: bool,
    /// Buys keys by the dozen, for a company or a shop.
    trader: bool,
    /// What is left of what was topped up, in US cents.
    balance: u64,
    /// Where they are travelling, and until when.
    away: Option<(&'static Place, Timestamp)>,
    plans: Vec<Plan>,
    next_visit: Timestamp,
    leaves: Timestamp,
    /// Has not signed up yet.
    fresh: bool,
    /// Has a new card the shop does not know.
    new_card: bool,
}

/// How somebody hides, for honest reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Privacy {
    Open,
    Vpn,
    /// The phone maker's relay.
    Relay,
    /// A company whose traffic leaves through a cloud.
    Hosted,
    Tor,
}

/// Hours of the day by weight, in local time: few at night, most in the evening.
const HOURS: &[(u32, i64)] = &[
    (8, 0),
    (5, 1),
    (3, 2),
    (2, 3),
    (2, 4),
    (3, 5),
    (7, 6),
    (13, 7),
    (19, 8),
    (24, 9),
    (26, 10),
    (26, 11),
    (26, 12),
    (25, 13),
    (25, 14),
    (26, 15),
    (27, 16),
    (28, 17),
    (30, 18),
    (34, 19),
    (36, 20),
    (33, 21),
    (25, 22),
    (15, 23),
];

impl Buyer {
    /// Acts, and says when to act again; `None` when gone for good.
    pub(super) fn act(&mut self, stage: &mut Stage) -> Option<Timestamp> {
        self.charge_due_plans(stage);
        if self.next_visit <= stage.now {
            if stage.now < self.leaves {
                self.visit(stage);
            }
            self.next_visit = self.later(stage);
        }
        let visit = (self.next_visit < self.leaves).then_some(self.next_visit);
        self.plans.iter().map(|plan| plan.due).chain(visit).min()
    }

    /// The time of the next visit: a random gap, moved to an hour people are awake.
    fn later(&self, stage: &mut Stage) -> Timestamp {
        let gap = stage.dice.exponential(self.pace).max(3 * HOUR_MS);
        let offset = self.identity.zone.1 * MINUTE_MS;
        let local_day = stage.now.plus_millis(gap + offset).day();
        let hour = stage.dice.of_weights(HOURS);
        let local = local_day * DAY_MS + hour * HOUR_MS + stage.dice.between(0, HOUR_MS - 1);
        let at = Timestamp::from_millis(local - offset);
        if at <= stage.now.plus_millis(HOUR_MS) { at.plus_millis(DAY_MS) } else { at }
    }

    fn visit(&mut self, stage: &mut Stage) {
        self.live(stage);
        let seat = self.seat(stage);
        let mut at = stage.now;
        let first = std::mem::take(&mut self.fresh);
        if first {
            stage.request(at, &Attempt::visit(TransactionKind::SignUp, &self.identity, seat));
        } else {
            self.log_in(stage, at, seat);
        }
        at = at.plus_millis(stage.dice.between(MINUTE_MS, 9 * MINUTE_MS));
        self.use_what_is_there(stage, at, seat);
        if std::mem::take(&mut self.new_card) || stage.dice.chance(150) {
            at = self.put_card_on_file(stage, at, seat);
        }
        let buys = if first { 8_200 } else { self.appetite };
        if !stage.dice.chance(buys) {
            return;
        }
        loop {
            let good = goods::wanted(&mut stage.dice, self.taste);
            at = self.buy(stage, at, seat, (good, first));
            // players buy again at once, others rarely
            let again = if good.seller == Seller::Game { 3_300 } else { 500 };
            if !stage.dice.chance(again) {
                return;
            }
            at = at.plus_millis(stage.dice.between(MINUTE_MS, 25 * MINUTE_MS));
        }
    }

    /// What changes between visits: a new card, a new device, a journey.
    fn live(&mut self, stage: &mut Stage) {
        if stage.dice.chance(60) {
            let serial = stage.mark();
            let renewed = stage.dice.chance(7_000);
            let [card, _] = &mut self.cards;
            if renewed {
                card.serial = serial; // the same account at the same bank
            } else {
                *card = CardHeld::issued(&mut stage.dice, self.identity.place, serial);
            }
            self.new_card = true;
        }
        // devices are lost on journeys more than at home
        if stage.dice.chance(if self.away.is_some() { 350 } else { 140 }) {
            let serial = stage.mark();
            self.devices[0] = DeviceHeld::new(&mut stage.dice, serial, AGENTS);
        }
        if self.away.is_some_and(|(_, until)| until <= stage.now) {
            self.away = None;
        }
        if self.away.is_none() && stage.dice.chance(280) {
            let days = 2 * DAY_MS + stage.dice.exponential(7 * DAY_MS);
            let place = Atlas::get().home_country(&mut stage.dice);
            self.away = Some((place, stage.now.plus_millis(days)));
        }
    }

    /// One login in four is scored, because the session had ended; every one is recorded. From an
    /// unusual place or device the shop asks for a code now and then.
    fn log_in(&self, stage: &mut Stage, at: Timestamp, seat: Seat) {
        if stage.dice.chance(400) {
            let times = 1 + u32::from(stage.dice.chance(3_000));
            refused_logins(stage, self.identity.account, seat, at, times);
        }
        if stage.dice.chance(2_500) {
            let login = Attempt::visit(TransactionKind::Login, &self.identity, seat);
            let mark = stage.request(at, &login);
            let usual = self.away.is_none() && seat.device.serial == self.devices[0].serial;
            if stage.dice.chance(if usual { 50 } else { 1_500 }) {
                let answered_at = at.plus_millis(stage.dice.between(8 * SECOND_MS, MINUTE_MS));
                let passed = stage.dice.chance(9_600);
                let asked = Paid { attempt: login, mark, at, shifted: false };
                stage.challenge(&asked, answered_at, ChallengeKind::EmailOtp, passed);
            }
        }
        let recorded_at = at.plus_millis(stage.dice.between(SECOND_MS, 5 * SECOND_MS));
        let second_factor = stage.dice.chance(1_800);
        session(stage, self.identity.account, seat, recorded_at, second_factor);
        if stage.dice.chance(60) {
            let changed_at = recorded_at.plus_millis(stage.dice.between(20 * SECOND_MS, HOUR_MS));
            password_changed(stage, self.identity.account, seat, changed_at);
        }
    }

    /// Checks a card without a sale, and keeps it for the plans.
    fn put_card_on_file(&mut self, stage: &mut Stage, at: Timestamp, seat: Seat) -> Timestamp {
        let good = match self.plans.first() {
            Some(plan) => plan.good,
            None => goods::wanted(&mut stage.dice, self.taste),
        };
        let [usual, _] = &self.cards;
        let card = Instrument { method: PaymentMethod::Card, card: Some(usual.clone()) };
        let sale = Attempt::sale(&self.identity, good, self.identity.place, card.clone(), seat);
        let mut set_up = sale.set_up();
        set_up.order = Some(stage.mark());
        if self.check_out(stage, at, set_up).is_some() {
            for plan in &mut self.plans {
                plan.instrument = card.clone();
            }
        }
        at.plus_millis(stage.dice.between(MINUTE_MS, 5 * MINUTE_MS))
    }

    /// Where the buyer sits now.
    fn seat(&self, stage: &mut Stage) -> Seat {
        let [main, other] = self.devices;
        let device = if stage.dice.chance(8_000) { main } else { other };
        let home = self.identity.place;
        let dice = &mut stage.dice;
        let away = self.away.map(|(place, _)| place);
        let hidden = dice.chance(7_000).then_some(self.privacy);
        let relay = || device.agent.relay && hidden == Some(Privacy::Relay);
        let means = match hidden {
            Some(Privacy::Vpn | Privacy::Hosted) => Means::Rented,
            Some(Privacy::Tor) => Means::Tor,
            _ => Means::Access,
        };
        let address = match hidden {
            Some(Privacy::Vpn) if dice.chance(6_000) => Route::Vpn(home).address(dice),
            Some(Privacy::Vpn) => Route::Vpn(Atlas::get().home_country(dice)).address(dice),
            Some(Privacy::Hosted) => Route::Server(home).address(dice),
            Some(Privacy::Tor) => Route::Tor.address(dice),
            _ => match (away, relay().then(|| Atlas::get().relay(dice, home.country)).flatten()) {
                (_, Some(relayed)) => relayed,
                (Some(place), None) if dice.chance(6_000) => Route::Line(place).address(dice),
                (None, None) if device.agent.mobile && dice.chance(4_500) => {
                    Route::Mobile(home).address(dice)
                }
                (Some(_), None) => Route::Mobile(home).address(dice),
                (None, None) => home.home_address(self.household, self.lease(stage.now)),
            },
        };
        let zone = match away {
            Some(place) if dice.chance(7_000) => dice.pick(place.zones).0,
            _ => self.identity.zone.0,
        };
        Seat { device, address, means, zone, languages: home.languages }
    }

    /// The number of the lease the home line has now.
    fn lease(&self, now: Timestamp) -> u64 {
        let shift = i64::try_from(self.household % 97).unwrap_or(0);
        u64::try_from((now.day() + shift) / self.lease_days).unwrap_or(0)
    }

    /// What pays: the usual method, a card where it must be charged again.
    fn instrument(&self, recurring: bool, spare: bool) -> Instrument {
        use PaymentMethod as M;
        let reusable = matches!(
            self.method,
            M::Card | M::ApplePay | M::GooglePay | M::Link | M::Paypal | M::SepaDebit
        );
        let method = if spare || (recurring && !reusable) { M::Card } else { self.method };
        let on_card = matches!(method, M::Card | M::ApplePay | M::GooglePay | M::Link);
        let [usual, other] = &self.cards;
        let card = if spare { other } else { usual };
        Instrument { method, card: on_card.then(|| card.clone()) }
    }

    /// Buys one good, or subscribes to it; says when it was over.
    fn buy(
        &mut self,
        stage: &mut Stage,
        at: Timestamp,
        seat: Seat,
        (good, first): (&'static Good, bool),
    ) -> Timestamp {
        let recurring = good.billing.days().is_some();
        if recurring && self.plans.iter().any(|plan| plan.good.seller == good.seller) {
            return at;
        }
        let store = if stage.dice.chance(80) {
            Atlas::get().home_country(&mut stage.dice) // looking for a cheaper country
        } else {
            self.identity.place
        };
        let mut sale =
            Attempt::sale(&self.identity, good, store, self.instrument(recurring, false), seat);
        if self.trader && good.seller == Seller::Keys {
            sale = sale.times(5 + stage.dice.below(20));
        } else if good.billing == Billing::Once && stage.dice.chance(700) {
            sale = sale.times(2 + stage.dice.below(4));
        }
        if stage.dice.chance(if first { 1_200 } else { 350 }) {
            sale = sale.reduced(if first { WELCOME } else { SEASON });
        }
        if stage.dice.chance(1_500) {
            sale.billing = None;
        }
        sale.order = Some(stage.mark());
        if recurring {
            return self.subscribe(stage, at, sale);
        }
        match self.check_out(stage, at, sale) {
            Some(paid) => {
                if first {
                    consents(stage, &paid);
                }
                deliver(stage, &paid, User { seat, patience: 100 });
                if self.trader && good.seller == Seller::Keys {
                    self.hand_out(stage, &paid, seat);
                }
                if good.billing == Billing::TopUp && good.seller == Seller::Game {
                    self.balance += good.us_cents();
                }
                self.regret(stage, &paid);
                paid.at
            }
            None => at.plus_millis(4 * MINUTE_MS),
        }
    }

    /// Tries to pay, up to four times, with another card when the first is refused; whom the shop
    /// itself stops may ask why.
    fn check_out(&self, stage: &mut Stage, at: Timestamp, mut sale: Attempt) -> Option<Paid> {
        let mut at = at;
        for number in 1..=4 {
            sale.number = number;
            sale.tries = number - 1;
            let (answer, paid) = stage.pay(at, &sale, Holder::Owner);
            if answer.approved() {
                return Some(paid);
            }
            if answer.stopped && stage.dice.chance(2_000) {
                let at = paid.at.plus_millis(stage.dice.between(MINUTE_MS, DAY_MS));
                fate::message(stage, &paid, at, "Your shop does not let me pay. Why?");
            }
            if answer.voided || !stage.dice.chance(6_800) {
                return None;
            }
            if !answer.unavailable && stage.dice.chance(5_000) {
                sale.instrument = Some(self.instrument(false, true));
            }
            at = at.plus_millis(stage.dice.between(15 * SECOND_MS, 4 * MINUTE_MS));
        }
        None
    }

    /// What an honest sale may come to: a refund, a complaint, a dispute of what was bought.
    fn regret(&self, stage: &mut Stage, paid: &Paid) {
        let forgotten = stage.now >= self.leaves && paid.attempt.seat.is_none();
        let unhappy = if forgotten { 90 } else { 12 };
        if self.careless && stage.dice.chance(800) {
            fate::misused(stage, paid);
        } else if stage.dice.chance(unhappy) {
            fate::unhappy(stage, paid);
        } else if stage.dice.chance(140) {
            fate::returned(stage, paid);
        }
    }
}

impl Buyer {
    /// What the account has on file.
    pub(super) fn on_file(&self) -> Instrument {
        self.instrument(true, false)
    }

    /// The main device on the home line.
    pub(super) fn at_home(&self, now: Timestamp) -> Seat {
        Seat {
            device: self.devices[0],
            address: self.identity.place.home_address(self.household, self.lease(now)),
            means: Means::Access,
            zone: self.identity.zone.0,
            languages: self.identity.place.languages,
        }
    }
}
