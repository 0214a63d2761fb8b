//! What an actor can reach while it acts: the time, its dice, and the ways to be heard.

use super::agenda::{Agenda, Task};
use super::cast::{Cast, Role};
use super::checkout::{Attempt, answer_delay, blank};
use super::controls;
use super::delivery::{about, sat};
use super::dice::{Dice, mix};
use super::goods::Seller;
use super::issuer::{self, Answer, Holder};
use super::naming::{Mark, Naming};
use super::{Config, Line};
use crate::domain::{
    Actor, ChallengeKind, DAY_MS, Event, EventKind, MINUTE_MS, Outcome, Timestamp,
};

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
    /// Lessons the actor has learned from being stopped, beyond what all thieves have learned.
    pub(super) wits: u32,
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

    /// The seller that forgets to tell people when their trial ends, this quarter.
    pub(super) fn forgetful(&self) -> Seller {
        let quarter = self.now.millis_since(self.world.config.start) / (90 * DAY_MS);
        match mix(self.world.config.seed ^ u64::try_from(quarter).unwrap_or(0)) % 4 {
            0 => Seller::Tools,
            1 => Seller::Cloud,
            2 => Seller::Game,
            _ => Seller::Media,
        }
    }

    /// How much the actor has learned, as all thieves since the start and by itself, 0..=[`LESSONS`].
    pub(super) fn lesson(&self) -> u32 {
        let days = self.now.millis_since(self.world.config.start) / DAY_MS;
        let learned = u32::try_from(days / DAYS_PER_LESSON).unwrap_or(0);
        learned.saturating_add(self.wits).min(LESSONS)
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
        let at = at.max(self.now);
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

    /// Tries a payment: the transaction at `at`; the shop's controls at once, or the issuer's answer
    /// seconds later, or minutes later the word of a person who looked at it.
    pub(super) fn pay(
        &mut self,
        at: Timestamp,
        attempt: &Attempt,
        holder: Holder,
    ) -> (Answer, Paid) {
        let mark = self.request(at, attempt);
        let mut paid = Paid { attempt: attempt.clone(), mark, at, shifted: false };
        if controls::stops(&mut self.dice, attempt, at) {
            let at = at.plus_millis(self.dice.between(40, 400));
            self.event(EventKind::PaymentBlocked, at, |event, naming| {
                about(event, &paid, naming);
                event.actor = Some(Actor::System);
            });
            return (Answer { stopped: true, ..Answer::default() }, paid);
        }
        let mut answer = issuer::answer(&mut self.dice, attempt, holder);
        paid.at = at.plus_millis(answer_delay(&mut self.dice));
        paid.shifted = answer.three_ds == Some(true);
        if let Some(passed) = answer.three_ds {
            self.challenge(&paid, at.plus_millis(500), ChallengeKind::ThreeDs, passed);
        }
        self.event(EventKind::AuthResult, paid.at, |event, naming| {
            event.transaction_id = Some(naming.transaction(mark));
            event.account_id = naming.account(attempt.buyer.account);
            event.actor = Some(Actor::System);
            attempt.answered(event, naming, &answer);
        });
        if answer.approved() {
            answer.voided = self.look_at(&mut paid, holder) == Some(false);
        }
        (answer, paid)
    }

    /// A person at the shop looks at an approved sale, now and then.
    fn look_at(&mut self, paid: &mut Paid, holder: Holder) -> Option<bool> {
        let yes = controls::looked_at(&mut self.dice, &paid.attempt, holder, paid.at)?;
        paid.at = paid.at.plus_millis(self.dice.between(2 * MINUTE_MS, 40 * MINUTE_MS));
        self.event(EventKind::ReviewResolved, paid.at, |event, naming| {
            about(event, paid, naming);
            event.actor = Some(Actor::Staff);
            event.data.outcome = Some(if yes { Outcome::Approved } else { Outcome::Declined });
        });
        Some(yes)
    }

    /// The end of a challenge; three of four that are not passed are failed, the others left.
    pub(super) fn challenge(
        &mut self,
        paid: &Paid,
        at: Timestamp,
        kind: ChallengeKind,
        passed: bool,
    ) {
        let left = self.dice.chance(2_500);
        self.event(EventKind::ChallengeResult, at, |event, naming| {
            about(event, paid, naming);
            sat(event, paid.attempt.seat, naming);
            event.data.challenge = Some(kind);
            event.data.outcome = Some(match (passed, left) {
                (true, _) => Outcome::Passed,
                (false, true) => Outcome::Abandoned,
                (false, false) => Outcome::Failed,
            });
        });
    }
}
