//! Attacks, as campaigns: somebody prepares, acts for hours or weeks, and stops.
//!
//! Campaigns begin at random, at a rate in proportion to the honest traffic, so that a small world
//! has as large a share of fraud as a large one. Thieves learn: over the first year their tools
//! drift from Tor and rented servers to residential proxies in the cardholder's country, from one
//! device for everything to one per card, from bursts to drizzle.

mod crew;
mod takeover;
mod testers;

use super::cast::Role;
use super::people::{DeviceHeld, Route, Seat};
use super::places::{Atlas, Place};
use super::stage::Stage;
use crate::domain::{DAY_MS, Timestamp};
pub(super) use crew::Crew;
pub(super) use takeover::Takeover;
pub(super) use testers::Testers;

/// Campaigns that begin per million accounts and day, by kind.
const TESTERS: u32 = 24;
const CREWS: u32 = 110;
const TAKEOVERS: u32 = 62;

/// Starts campaigns.
pub(super) struct Underworld {
    /// Number of the next campaign.
    pub(super) next: u64,
    /// Nothing begins at the first wake, which is the world's first millisecond.
    pub(super) awake: bool,
}

impl Underworld {
    /// Starts a campaign, and says when the next one begins.
    pub(super) fn act(&mut self, stage: &mut Stage) -> Timestamp {
        if std::mem::replace(&mut self.awake, true) {
            let role = match stage.dice.below(TESTERS + CREWS + TAKEOVERS) {
                kind if kind < TESTERS => Role::Testers(Box::new(Testers::new(stage))),
                kind if kind < TESTERS + CREWS => Role::Crew(Box::new(Crew::new(stage))),
                _ => Role::Takeover(Box::new(Takeover::new(stage))),
            };
            stage.enter(self.next, stage.now, role);
            self.next += 1;
        }
        let per_million = i64::from(TESTERS + CREWS + TAKEOVERS);
        let accounts = i64::from(stage.world.config.accounts.max(1));
        let gap = DAY_MS * 1_000_000 / (accounts * per_million);
        stage.now.plus_millis(stage.dice.exponential(gap).max(1))
    }
}

/// How a thief comes to the shop: near the cardholder if the tools allow.
fn hideout(stage: &mut Stage, near: &'static Place, base: &'static Place) -> Route {
    let elsewhere = Atlas::get().home_country(&mut stage.dice);
    let routes = [
        (stage.learned(46, 60), Route::Line(near)),
        (stage.learned(6, 11), Route::Mobile(near)),
        (stage.learned(14, 10), Route::Vpn(near)),
        (stage.learned(8, 5), Route::Server(near)),
        (stage.learned(13, 8), Route::Line(base)),
        (stage.learned(8, 4), Route::Vpn(elsewhere)),
        (stage.learned(5, 2), Route::Tor),
    ];
    stage.dice.of_weights(&routes)
}

/// Where a thief sits for one job: the browser tells the cardholder's country, or forgets to.
fn seat(stage: &mut Stage, device: DeviceHeld, near: &'static Place, base: &'static Place) -> Seat {
    let route = hideout(stage, near, base);
    let disguise = stage.learned(5_000, 7_500);
    let zone = if stage.dice.chance(disguise) { near } else { base };
    let languages = if stage.dice.chance(disguise) { near } else { base };
    Seat {
        device,
        address: route.address(&mut stage.dice),
        zone: stage.dice.pick(zone.zones).0,
        languages: languages.languages,
    }
}

/// Where what was stolen is used: by whoever bought it from the thief, anywhere.
fn fence(stage: &mut Stage, thief: Seat) -> Seat {
    if stage.dice.chance(3_500) {
        return thief;
    }
    let place = Atlas::get().home_country(&mut stage.dice);
    let serial = stage.mark();
    let device = DeviceHeld::new(&mut stage.dice, serial, super::people::AGENTS);
    let address = Route::Line(place).address(&mut stage.dice);
    Seat {
        device,
        address,
        zone: place.zones.first().map_or("UTC", |zone| zone.0),
        languages: place.languages,
    }
}
