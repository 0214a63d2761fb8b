//! Keys bought where they are cheap and sold where they are dear.
//!
//! One trader with real cards and one account per market buys keys from the price list of a cheap
//! country, through a VPN there, and sells them to strangers everywhere, who activate them. Every
//! third trader takes the money back as well, by disputing what has been sold on. Beside them live
//! honest traders (`buyer`), who buy at home for their own country.

use super::super::checkout::{Attempt, Instrument};
use super::super::delivery::{User, deliver, licence};
use super::super::fate;
use super::super::goods;
use super::super::issuer::Holder;
use super::super::people::{CardHeld, DeviceHeld, Identity, Mailbox, Route};
use super::super::places::{Atlas, Place};
use super::super::stage::{LESSONS, Paid, Stage};
use super::crew::account_of;
use super::{ABUSE, found, new_device, open_seat, stranger};
use crate::domain::{
    DAY_MS, EventKind, HOUR_MS, MINUTE_MS, PaymentMethod, Timestamp, TransactionKind,
};
use std::sync::Arc;

/// A trader at work.
pub(crate) struct Resale {
    left: u32,
    /// Mean time between orders.
    pace: i64,
    home: &'static Place,
    /// The country whose prices are paid.
    market: &'static Place,
    identity: Option<Arc<Identity>>,
    cards: Vec<CardHeld>,
    device: DeviceHeld,
    /// Disputes what has been sold on.
    reverses: bool,
    wits: u32,
    found_at: Option<Timestamp>,
}

const MAILBOXES: &[(u32, Mailbox)] =
    &[(70, Mailbox::Free), (20, Mailbox::Random), (10, Mailbox::Company)];
/// Activations of one order that the shop sees.
const SEEN: u32 = 5;

impl Resale {
    pub(super) fn new(stage: &mut Stage) -> Self {
        let home = Atlas::get().home_country(&mut stage.dice);
        let cards = (0..=stage.dice.below(4)).map(|_| {
            let serial = stage.mark();
            CardHeld::issued(&mut stage.dice, home, serial)
        });
        let cards = cards.collect();
        let orders = stage.dice.exponential(8).min(60);
        Self {
            left: 3 + u32::try_from(orders).unwrap_or(0),
            pace: stage.dice.between(6 * HOUR_MS, 3 * DAY_MS),
            home,
            market: Atlas::get().cheap_country(&mut stage.dice),
            identity: None,
            cards,
            device: new_device(stage),
            reverses: stage.dice.chance(3_300),
            wits: 0,
            found_at: found(stage, 4_500),
        }
    }

    /// Places one order.
    pub(crate) fn act(&mut self, stage: &mut Stage) -> Option<Timestamp> {
        stage.wits = self.wits;
        let routes = [
            (stage.learned(60, 40), Route::Vpn(self.market)),
            (stage.learned(20, 10), Route::Server(self.market)),
            (stage.learned(10, 40), Route::Line(self.market)),
            (10, Route::Line(self.home)),
        ];
        let route = stage.dice.of_weights(&routes);
        let seat = open_seat(stage, self.device, self.home, route);
        let identity = match self.identity.take() {
            Some(known) => known,
            None => self.register(stage, seat),
        };
        let card = stage.dice.pick(&self.cards).clone();
        let instrument = Instrument { method: PaymentMethod::Card, card: Some(card) };
        let good = goods::keys(&mut stage.dice);
        let mut sale = Attempt::sale(&identity, good, self.market, instrument, seat);
        sale = sale.times(2 + stage.dice.below(9));
        sale.order = Some(stage.mark());
        let at = stage.now.plus_millis(MINUTE_MS + stage.dice.exponential(9 * MINUTE_MS));
        let (answer, paid) = stage.pay(at, &sale, Holder::Owner);
        if answer.stopped {
            // the next order comes from another account, by another way
            self.wits = (self.wits + 1).min(LESSONS);
        } else {
            self.identity = Some(identity);
        }
        if answer.approved() {
            self.sell_on(stage, &paid);
        }
        self.left -= 1;
        let gap = HOUR_MS + stage.dice.exponential(self.pace);
        (self.left > 0).then(|| stage.now.plus_millis(gap))
    }

    fn register(&self, stage: &mut Stage, seat: super::Seat) -> Arc<Identity> {
        let identity = account_of(stage, self.home, MAILBOXES);
        stage.request(stage.now, &Attempt::visit(TransactionKind::SignUp, &identity, seat));
        identity
    }

    fn sell_on(&self, stage: &mut Stage, paid: &Paid) {
        let buyer = stranger(stage);
        deliver(stage, paid, User { seat: buyer, patience: 80 });
        for _ in 1..paid.attempt.quantity.min(SEEN) {
            let user = stranger(stage);
            let at = paid.at.plus_millis(HOUR_MS + stage.dice.exponential(12 * DAY_MS));
            licence(stage, paid, at, EventKind::LicenceActivated, Some(user));
        }
        if self.reverses && stage.dice.chance(6_000) {
            fate::misused(stage, paid);
        } else if let Some(at) = self.found_at {
            fate::understood(stage, paid, at, ABUSE);
        }
    }
}
