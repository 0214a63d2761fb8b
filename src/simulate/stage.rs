//! What an actor can reach while it acts: the time, its dice, and the ways to be heard.

use super::agenda::{Agenda, Task};
use super::cast::{Cast, Role};
use super::checkout::{Attempt, answer_delay, blank};
use super::dice::Dice;
use super::issuer::{self, Answer, Holder};
use super::naming::{Mark, Naming};
use super::{Config, Line};
use crate::domain::{Actor, DAY_MS, Event, EventKind, Timestamp};

/// What never changes during a run.
#[derive(Debug)]
pub(super) struct World {
    pub(super) config: Config,
    pub(super) naming: Naming,
}

/// Days after which thieves have learned one step more.
const DAYS_PER_LESSON: i64 = 40;
/// Steps there are to learn.
pub(super) const LESSONS: u32 = 8;

/// The stage of one wake of one actor.
pub(super) struct Stage<'a> {
    pub(super) now: Timestamp,
    pub(super) dice: Dice,
    pub(super) world: &'a World,
    pub(super) cast: &'a Cast,
    pub(super) agenda: &'a mut Agenda,
    pub(super) births: &'a mut Vec<Birth>,
    /// Number of the actor.
    pub(super) actor: u64,
    /// Marks the actor has given out.
    pub(super) marks: u32,
}

/// An actor about to enter.
pub(super) struct Birth {
    pub(super) at: Timestamp,
    pub(super) actor: u64,
    pub(super) role: Role,
}

/// A payment that went through: what its later life refers to.
#[derive(Clone)]
pub(super) struct Paid {
    pub(super) attempt: Attempt,
    pub(super) mark: Mark,
    pub(super) at: Timestamp,
    /// The issuer carries the loss of a fraud.
    pub(super) shifted: bool,
}

impl Stage<'_> {
    /// A number for something new.
    pub(super) fn mark(&mut self) -> Mark {
        self.marks += 1;
        Mark::of(self.actor, self.marks)
    }

    /// Lets a new actor in.
    pub(super) fn enter(&mut self, actor: u64, at: Timestamp, role: Role) {
        self.births.push(Birth { at, actor, role });
    }

    /// How much thieves have learned since the start, 0..=[`LESSONS`].
    pub(super) fn lesson(&self) -> u32 {
        let days = self.now.millis_since(self.world.config.start) / DAY_MS;
        u32::try_from(days / DAYS_PER_LESSON).unwrap_or(0).min(LESSONS)
    }

    /// A share of 10,000 on its way from what it was at the start to what it will be.
    pub(super) fn learned(&self, from: u32, to: u32) -> u32 {
        let lesson = self.lesson();
        (from * (LESSONS - lesson) + to * lesson) / LESSONS
    }

    /// Sends an event at its time, after `fill` has completed it.
    pub(super) fn event(
        &mut self,
        kind: EventKind,
        at: Timestamp,
        fill: impl FnOnce(&mut Event, Naming),
    ) {
        let mark = self.mark();
        let mut event = blank(self.world.naming, mark, kind, at);
        fill(&mut event, self.world.naming);
        self.agenda.enter(at, Task::Say(Line::Event(Box::new(event))));
    }

    /// Sends a sign-up or login to be scored.
    pub(super) fn request(&mut self, at: Timestamp, attempt: &Attempt) -> Mark {
        let mark = self.mark();
        let line = attempt.transaction(self.world.naming, mark, at);
        self.agenda.enter(at, Task::Say(Line::Transaction(Box::new(line))));
        mark
    }

    /// Tries a payment: the transaction at `at`, the issuer's answer seconds later.
    pub(super) fn pay(
        &mut self,
        at: Timestamp,
        attempt: &Attempt,
        holder: Holder,
    ) -> (Answer, Paid) {
        let mark = self.request(at, attempt);
        let answer = issuer::answer(&mut self.dice, attempt, holder);
        let answered_at = at.plus_millis(answer_delay(&mut self.dice));
        self.event(EventKind::AuthResult, answered_at, |event, naming| {
            event.transaction_id = Some(naming.transaction(mark));
            event.account_id = naming.account(attempt.buyer.account);
            event.actor = Some(Actor::System);
            attempt.answered(event, naming, &answer);
        });
        let shifted = answer.three_ds == Some(true);
        (answer, Paid { attempt: attempt.clone(), mark, at: answered_at, shifted })
    }
}
