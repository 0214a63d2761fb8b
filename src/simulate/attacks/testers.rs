//! Card testing: many numbers in a row, to learn which of them still work.
//!
//! Most are declined. A campaign tries numbers of a few BINs with the cheapest goods or a card
//! set-up, changes its address and device after so many attempts or when the shop stops it (it then
//! slows down and comes with better tools), and is found by the merchant's analysts in nine of ten
//! cases: then every attempt the issuer answered gets its label, weeks later.

use super::super::checkout::{Attempt, Instrument};
use super::super::delivery::{User, deliver};
use super::super::fate;
use super::super::goods::{self, Good};
use super::super::issuer::Holder;
use super::super::people::{AGENTS, CardHeld, DeviceHeld, Identity, Mailbox, Route, SCRIPTS, Seat};
use super::super::places::{Atlas, Place};
use super::super::stage::{LESSONS, Stage};
use crate::domain::{
    Bin, DAY_MS, HOUR_MS, LabelClass, MINUTE_MS, PaymentMethod, SECOND_MS, Timestamp,
};
use std::sync::Arc;

/// A campaign.
pub(crate) struct Testers {
    left: u32,
    /// Mean time between two attempts.
    pace: i64,
    good: &'static Good,
    /// Puts the card on file without a sale.
    set_up: bool,
    bins: Vec<Bin>,
    place: &'static Place,
    base: &'static Place,
    /// Attempts from one address, device and account before it is changed.
    per_mask: u32,
    mask: Option<Mask>,
    /// What being stopped has taught.
    wits: u32,
    /// When analysts find it; `None` if never.
    found_at: Option<Timestamp>,
}

/// What the shop sees for a few attempts.
struct Mask {
    seat: Seat,
    identity: Arc<Identity>,
    left: u32,
}

const MAILBOXES: &[(u32, Mailbox)] =
    &[(45, Mailbox::Random), (30, Mailbox::Free), (18, Mailbox::Disposable), (7, Mailbox::Company)];

impl Testers {
    pub(super) fn new(stage: &mut Stage) -> Self {
        let place = Atlas::get().stolen_country(&mut stage.dice);
        let lesson = stage.lesson();
        let patience = 1 + lesson * 3 + stage.dice.below(1 + lesson * 4);
        let bins = 1 + stage.dice.below(3);
        let size = stage.dice.exponential(24).min(500);
        let masks = LESSONS + 2 - lesson;
        let found_after = stage.dice.between(7 * DAY_MS, 28 * DAY_MS);
        Self {
            left: 8 + u32::try_from(size).unwrap_or(0),
            pace: 5 * SECOND_MS * i64::from(patience),
            good: goods::probed(&mut stage.dice),
            set_up: stage.dice.chance(2_000),
            bins: (0..bins).filter_map(|_| place.bin(&mut stage.dice)).collect(),
            place,
            base: Atlas::get().home_country(&mut stage.dice),
            per_mask: 1 + stage.dice.below(masks),
            mask: None,
            wits: 0,
            found_at: stage.dice.chance(9_000).then(|| stage.now.plus_millis(found_after)),
        }
    }

    /// Tries one card.
    pub(crate) fn act(&mut self, stage: &mut Stage) -> Option<Timestamp> {
        stage.wits = self.wits;
        let (seat, identity, tries) = self.mask(stage);
        let serial = stage.mark();
        let bin = stage.dice.pick(&self.bins).clone();
        let card = Some(CardHeld { serial, bin });
        let instrument = Instrument { method: PaymentMethod::Card, card };
        let mut attempt = Attempt::sale(&identity, self.good, self.place, instrument, seat);
        attempt.order = Some(stage.mark());
        attempt.tries = tries;
        if self.set_up {
            attempt = attempt.set_up();
        }
        if stage.dice.chance(3_000) {
            attempt.billing = None;
        }
        let (answer, paid) = stage.pay(stage.now, &attempt, Holder::Tester);
        if answer.stopped {
            self.wits = (self.wits + 1).min(LESSONS);
            self.mask = None;
            self.pace = self.pace * 5 / 4;
        }
        if answer.approved() && !self.set_up {
            deliver(stage, &paid, User { seat, patience: 50 });
        }
        if answer.approved() && stage.dice.chance(4_000) {
            fate::stolen(stage, &paid, LabelClass::StolenInstrument);
        } else if let Some(found_at) = self.found_at.filter(|_| !answer.stopped) {
            let at = found_at.max(stage.now.plus_millis(7 * DAY_MS));
            let at = at.plus_millis(MINUTE_MS + stage.dice.between(0, HOUR_MS));
            fate::understood(stage, &paid, at, LabelClass::StolenInstrument);
        }
        self.left -= 1;
        let gap = SECOND_MS + stage.dice.exponential(self.pace);
        (self.left > 0).then(|| stage.now.plus_millis(gap))
    }

    /// The mask of this attempt, a new one after so many, and how often it was used before.
    fn mask(&mut self, stage: &mut Stage) -> (Seat, Arc<Identity>, u16) {
        let mask = match self.mask.take() {
            Some(mask) if mask.left > 0 => mask,
            _ => self.new_mask(stage),
        };
        let tries = u16::try_from(self.per_mask - mask.left).unwrap_or(u16::MAX);
        let shown = (mask.seat, Arc::clone(&mask.identity), tries);
        self.mask = Some(Mask { left: mask.left - 1, ..mask });
        shown
    }

    fn new_mask(&self, stage: &mut Stage) -> Mask {
        let routes = [
            (stage.learned(14, 3), Route::Tor),
            (stage.learned(34, 14), Route::Server(self.place)),
            (stage.learned(24, 16), Route::Vpn(self.place)),
            (stage.learned(8, 7), Route::Line(self.base)),
            (stage.learned(14, 46), Route::Line(self.place)),
            (stage.learned(6, 14), Route::Mobile(self.place)),
        ];
        let route = stage.dice.of_weights(&routes);
        let scripted = stage.learned(5_500, 2_000);
        let agents = if stage.dice.chance(scripted) { SCRIPTS } else { AGENTS };
        let serial = stage.mark();
        let device = DeviceHeld::new(&mut stage.dice, serial, agents);
        let address = route.address(&mut stage.dice);
        let disguised = if stage.dice.chance(6_000) { self.place } else { self.base };
        let zone = stage.dice.pick(disguised.zones).0;
        let means = route.means();
        let seat = Seat { device, address, means, zone, languages: disguised.languages };
        let mailbox = stage.dice.of_weights(MAILBOXES);
        let account = stage.mark();
        let opened = stage.now.plus_millis(-stage.dice.exponential(20 * MINUTE_MS));
        let identity = Identity::new(&mut stage.dice, self.place, mailbox, (account, opened));
        Mask { seat, identity: Arc::new(identity), left: self.per_mask }
    }
}
