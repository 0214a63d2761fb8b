//! Attacks, as campaigns: somebody prepares, acts for hours or weeks, and stops.
//!
//! Campaigns begin at random, at a rate in proportion to the honest traffic, so that a small world
//! has as large a share of fraud as a large one. Thieves learn: over the first year their tools
//! drift from Tor and rented servers to residential proxies in the cardholder's country, from one
//! device for everything to one per card, from bursts to drizzle; whom the shop stops learns faster.
//!
//! Theft (`testers`, `crew`, `takeover`) uses what belongs to others. Abuse (`farm`, `resale`,
//! `sharing`, `misuse`) uses one's own name and card against the shop's terms; `burn` does both.

mod burn;
mod crew;
mod farm;
mod misuse;
mod resale;
mod sharing;
mod takeover;
mod testers;
#[cfg(test)]
mod tests;

use super::cast::Role;
use super::people::{AGENTS, DeviceHeld, Route, Seat};
use super::places::{Atlas, Place};
use super::stage::Stage;
use crate::domain::{DAY_MS, LabelClass, Timestamp};
use std::str::FromStr;

pub(super) use burn::Burn;
pub(super) use crew::Crew;
pub(super) use farm::Farm;
pub(super) use misuse::Misuse;
pub(super) use resale::Resale;
pub(super) use sharing::SharedAccount;
pub(super) use takeover::Takeover;
pub(super) use testers::Testers;

/// A kind of campaign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Campaign {
    /// Many card numbers in a row, to learn which still work.
    CardTesting,
    /// Stolen cards turned into goods that can be sold on.
    StolenCards,
    /// Accounts of others, with what is on file there.
    Takeover,
    /// Accounts by the dozen for free trials, with a few cards.
    TrialFarming,
    /// Accounts by the dozen for a first-order coupon.
    PromoAbuse,
    /// Keys bought where they are cheap and sold on.
    KeyResale,
    /// One paid account used by strangers.
    AccountSharing,
    /// Metered use that nobody will pay for.
    CreditBurn,
    /// Goods used and sent back, again and again.
    RefundAbuse,
    /// Own purchases disputed, again and again.
    FriendlyFraud,
}

impl Campaign {
    /// Every kind, with its name and how many begin per million accounts and day.
    pub const ALL: [(Self, &'static str, u32); 10] = [
        (Self::CardTesting, "card_testing", 24),
        (Self::StolenCards, "stolen_cards", 158),
        (Self::Takeover, "takeover", 70),
        (Self::TrialFarming, "trial_farming", 12),
        (Self::PromoAbuse, "promo_abuse", 12),
        (Self::KeyResale, "key_resale", 14),
        (Self::AccountSharing, "account_sharing", 14),
        (Self::CreditBurn, "credit_burn", 16),
        (Self::RefundAbuse, "refund_abuse", 30),
        (Self::FriendlyFraud, "friendly_fraud", 30),
    ];

    fn bit(self) -> u16 {
        1 << (self as u16)
    }

    /// Its actor, at its first wake.
    fn role(self, stage: &mut Stage) -> Role {
        match self {
            Self::CardTesting => Role::Testers(Box::new(Testers::new(stage))),
            Self::StolenCards => Role::Crew(Box::new(Crew::new(stage))),
            Self::Takeover => Role::Takeover(Box::new(Takeover::new(stage))),
            Self::TrialFarming => Role::Farm(Box::new(Farm::new(stage, farm::Prize::Trial))),
            Self::PromoAbuse => Role::Farm(Box::new(Farm::new(stage, farm::Prize::Coupon))),
            Self::KeyResale => Role::Resale(Box::new(Resale::new(stage))),
            Self::AccountSharing => Role::Shared(Box::new(SharedAccount::new(stage))),
            Self::CreditBurn => Role::Burn(Box::new(Burn::new(stage))),
            Self::RefundAbuse => Role::Misuse(Box::new(Misuse::new(stage, misuse::Way::Refund))),
            Self::FriendlyFraud => Role::Misuse(Box::new(Misuse::new(stage, misuse::Way::Dispute))),
        }
    }
}

/// Which kinds of campaigns a world has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Campaigns(u16);

impl Campaigns {
    /// None: everybody is honest.
    pub const NONE: Self = Self(0);
    /// All kinds.
    pub const ALL: Self = Self(u16::MAX);

    /// These, and another kind.
    #[must_use]
    pub fn with(self, campaign: Campaign) -> Self {
        Self(self.0 | campaign.bit())
    }

    /// Whether a kind is among them.
    pub fn has(self, campaign: Campaign) -> bool {
        self.0 & campaign.bit() != 0
    }
}

/// A text that names no campaigns.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is no kind of attack; take `all`, `none`, or some of {known}, with commas")]
pub struct UnknownCampaign {
    given: String,
    known: String,
}

impl FromStr for Campaigns {
    type Err = UnknownCampaign;

    fn from_str(text: &str) -> Result<Self, UnknownCampaign> {
        match text {
            "all" => return Ok(Self::ALL),
            "none" => return Ok(Self::NONE),
            _ => {}
        }
        text.split(',').try_fold(Self::NONE, |chosen, word| {
            let found = Campaign::ALL.iter().find(|(_, name, _)| *name == word.trim());
            found.map(|(campaign, ..)| chosen.with(*campaign)).ok_or_else(|| UnknownCampaign {
                given: word.trim().to_owned(),
                known: Campaign::ALL.map(|(_, name, _)| name).join(", "),
            })
        })
    }
}

/// Starts campaigns.
pub(super) struct Underworld {
    /// Number of the next campaign.
    pub(super) next: u64,
    /// Nothing begins at the first wake, which is the world's first millisecond.
    pub(super) awake: bool,
}

impl Underworld {
    /// Starts a campaign, and says when the next one begins; `None` where there are no campaigns.
    pub(super) fn act(&mut self, stage: &mut Stage) -> Option<Timestamp> {
        let config = stage.world.config;
        let weights = Campaign::ALL.map(|(campaign, _, rate)| {
            (if config.attacks.has(campaign) { rate * config.attack_percent } else { 0 }, campaign)
        });
        let per_hundred_million: u32 = weights.iter().map(|(weight, _)| *weight).sum();
        if per_hundred_million == 0 {
            return None;
        }
        if std::mem::replace(&mut self.awake, true) {
            let campaign = stage.dice.of_weights(&weights);
            let role = campaign.role(stage);
            stage.enter(self.next, stage.now, role);
            self.next += 1;
        }
        let accounts = i64::from(config.accounts.max(1));
        let gap = DAY_MS * 100_000_000 / (accounts * i64::from(per_hundred_million));
        Some(stage.now.plus_millis(stage.dice.exponential(gap).max(1)))
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
        means: route.means(),
        zone: stage.dice.pick(zone.zones).0,
        languages: languages.languages,
    }
}

/// Where somebody sits who hides nothing but comes by this route.
fn open_seat(stage: &mut Stage, device: DeviceHeld, home: &'static Place, route: Route) -> Seat {
    Seat {
        device,
        address: route.address(&mut stage.dice),
        means: route.means(),
        zone: stage.dice.pick(home.zones).0,
        languages: home.languages,
    }
}

/// A device nobody has seen.
fn new_device(stage: &mut Stage) -> DeviceHeld {
    let serial = stage.mark();
    DeviceHeld::new(&mut stage.dice, serial, AGENTS)
}

/// Somebody in any country, on a line of their own.
fn stranger(stage: &mut Stage) -> Seat {
    let place = Atlas::get().home_country(&mut stage.dice);
    let device = new_device(stage);
    open_seat(stage, device, place, Route::Line(place))
}

/// Where what was stolen is used: by whoever bought it from the thief, anywhere.
fn fence(stage: &mut Stage, thief: Seat) -> Seat {
    if stage.dice.chance(3_500) { thief } else { stranger(stage) }
}

/// Analysts find abuse in so many of 10,000 campaigns, this long after it began.
fn found(stage: &mut Stage, share: u32) -> Option<Timestamp> {
    let wait = stage.dice.between(10 * DAY_MS, 50 * DAY_MS);
    stage.dice.chance(share).then(|| stage.now.plus_millis(wait))
}

/// What abuse of one's own card is called.
const ABUSE: LabelClass = LabelClass::FirstPartyMisuse;
