//! Seeded commerce: a stream of transactions and events of shops that do not exist.
//!
//! For training, demonstrations, load and tests without anybody's data. A run is a pure function of
//! its [`Config`]: the same seed gives the same bytes on every machine. It streams: memory holds who
//! is alive and what is on its way, not what has happened. `docs/simulator.md` states what every
//! behaviour is drawn from and what such data cannot tell.
//!
//! The shape is an agenda of actors: each wakes at its time, acts (its lines enter the agenda with
//! their own times) and says when it wakes again. A new behaviour is a new actor or a new step of
//! one. Rejected: generating per table and sorting (no streaming), and one process per event kind
//! (a person's purchases, renewals and journeys must know of each other).

mod agenda;
mod attacks;
mod buyer;
mod cast;
mod checkout;
mod controls;
mod crowd;
mod delivery;
mod dice;
mod fate;
mod goods;
mod integration;
mod issuer;
mod naming;
mod people;
mod places;
mod stage;
mod tally;
#[cfg(test)]
mod tests;

use crate::domain::{DAY_MS, Event, Timestamp, Transaction};
use agenda::{Agenda, Task};
use attacks::Underworld;
pub use attacks::{Campaign, Campaigns, UnknownCampaign};
use buyer::Buyer;
use cast::{Cast, Member, Role};
use crowd::Arrivals;
use dice::Dice;
use naming::Naming;
use serde::Serialize;
use stage::{Birth, Stage, World};
pub use tally::{Tally, WORLD_VERSION};

/// What a world is made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Config {
    /// Decides everything that is left to chance.
    pub seed: u64,
    /// Its first instant.
    pub start: Timestamp,
    /// Its length; nothing after it is told, so the labels of its last months are incomplete.
    pub days: u32,
    /// Accounts there are when it begins; about as many are alive at any time.
    pub accounts: u32,
    /// Who attacks. Honest lines are the same whoever does.
    pub attacks: Campaigns,
    /// How often campaigns begin, in percent of what `docs/simulator.md` states.
    pub attack_percent: u32,
}

/// One line of the stream. An object with an `event_id` is an event.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Line {
    /// Something to be scored.
    Transaction(Box<Transaction>),
    /// Something that happened after it.
    Event(Box<Event>),
}

impl Line {
    /// Appends the line as JSON, with its line feed.
    ///
    /// Into memory, not through a writer: a line is some eighty small pieces, and a writer's
    /// bookkeeping for each costs more than making them.
    ///
    /// # Errors
    /// None that a well-formed line can cause.
    pub fn append_to(&self, buffer: &mut Vec<u8>) -> Result<(), serde_json::Error> {
        serde_json::to_writer(&mut *buffer, self)?;
        buffer.push(b'\n');
        Ok(())
    }

    /// When it happened.
    pub fn time(&self) -> Timestamp {
        match self {
            Self::Transaction(transaction) => transaction.event_time,
            Self::Event(event) => event.event_time,
        }
    }
}

/// A running world: an iterator over its lines in time order.
pub struct Simulation {
    world: World,
    end: Timestamp,
    agenda: Agenda,
    cast: Cast,
    births: Vec<Birth>,
}

/// Actors are numbered: the two sources, then buyers, then (apart from households) campaigns.
const ARRIVALS: u64 = 0;
const UNDERWORLD: u64 = 1;
const FIRST_BUYER: u64 = 16;
const FIRST_CAMPAIGN: u64 = 1 << 39;

impl Simulation {
    /// A world at its beginning. Cost: a microsecond per account.
    pub fn new(config: Config) -> Self {
        let world = World { config, naming: Naming::new(config.seed) };
        let mut simulation = Self {
            end: config.start.plus_millis(i64::from(config.days) * DAY_MS),
            agenda: Agenda::default(),
            cast: Cast::default(),
            births: Vec::new(),
            world,
        };
        let settled = FIRST_BUYER..FIRST_BUYER + u64::from(config.accounts);
        let next = settled.end;
        for actor in settled {
            let buyer = Buyer::settled(&simulation.world, actor);
            let at = buyer.first_wake();
            simulation.enter(Birth { at, actor, role: Role::Buyer(Box::new(buyer)) });
        }
        let at = config.start;
        simulation.enter(Birth { at, actor: ARRIVALS, role: Role::Arrivals(Arrivals { next }) });
        if config.attacks != Campaigns::NONE {
            let underworld = Underworld { next: FIRST_CAMPAIGN, awake: false };
            let role = Role::Underworld(underworld);
            simulation.enter(Birth { at, actor: UNDERWORLD, role });
        }
        simulation
    }

    /// Actors alive and lines on their way: what memory is proportional to.
    pub fn pending(&self) -> usize {
        self.agenda.len()
    }

    fn enter(&mut self, birth: Birth) {
        let marks = match birth.role {
            Role::Buyer(_) => Buyer::BORN_WITH,
            _ => 0,
        };
        let member = Member { actor: birth.actor, wakes: 0, marks, role: birth.role };
        let seat = self.cast.seat(member);
        self.agenda.enter(birth.at, Task::Wake(seat));
    }

    fn wake(&mut self, seat: usize, now: Timestamp) {
        let Some(mut member) = self.cast.take(seat) else { return };
        let mut stage = Stage {
            now,
            dice: Dice::of(self.world.config.seed, member.actor, member.wakes),
            world: &self.world,
            cast: &self.cast,
            agenda: &mut self.agenda,
            births: &mut self.births,
            actor: member.actor,
            marks: member.marks,
            wits: 0,
        };
        let again = member.role.act(&mut stage);
        member.marks = stage.marks;
        member.wakes += 1;
        match again {
            Some(at) => {
                self.cast.put_back(seat, member);
                self.agenda.enter(at, Task::Wake(seat));
            }
            None => self.cast.leave(seat),
        }
        for birth in std::mem::take(&mut self.births) {
            self.enter(birth);
        }
    }
}

impl Iterator for Simulation {
    type Item = Line;

    fn next(&mut self) -> Option<Line> {
        loop {
            let (now, task) = self.agenda.take()?;
            if now >= self.end {
                return None;
            }
            match task {
                Task::Say(line) => {
                    if let Some(line) = integration::sent(self.world.config.seed, line) {
                        return Some(line);
                    }
                }
                Task::Wake(seat) => self.wake(seat, now),
            }
        }
    }
}
