//! Who is alive: a seat for everybody who will act again, reused when they leave.

use super::attacks::{
    Burn, Crew, Farm, Misuse, Resale, SharedAccount, Takeover, Testers, Underworld,
};
use super::buyer::Buyer;
use super::crowd::Arrivals;
use super::dice::Dice;
use super::stage::Stage;
use crate::domain::Timestamp;

/// What an actor is.
pub(super) enum Role {
    Arrivals(Arrivals),
    Buyer(Box<Buyer>),
    Underworld(Underworld),
    Testers(Box<Testers>),
    Crew(Box<Crew>),
    Takeover(Box<Takeover>),
    Farm(Box<Farm>),
    Resale(Box<Resale>),
    Burn(Box<Burn>),
    Misuse(Box<Misuse>),
    Shared(Box<SharedAccount>),
}

impl Role {
    /// Acts, and says when to act again; `None` when gone for good.
    pub(super) fn act(&mut self, stage: &mut Stage) -> Option<Timestamp> {
        match self {
            Self::Arrivals(role) => Some(role.act(stage)),
            Self::Buyer(role) => role.act(stage),
            Self::Underworld(role) => role.act(stage),
            Self::Testers(role) => role.act(stage),
            Self::Crew(role) => role.act(stage),
            Self::Takeover(role) => role.act(stage),
            Self::Farm(role) => role.act(stage),
            Self::Resale(role) => role.act(stage),
            Self::Burn(role) => role.act(stage),
            Self::Misuse(role) => role.act(stage),
            Self::Shared(role) => role.act(stage),
        }
    }
}

/// An actor: its number, how often it woke, how many marks it gave out, and what it is.
pub(super) struct Member {
    pub(super) actor: u64,
    pub(super) wakes: u32,
    pub(super) marks: u32,
    pub(super) role: Role,
}

/// Everybody alive.
#[derive(Default)]
pub(super) struct Cast {
    seats: Vec<Option<Member>>,
    free: Vec<usize>,
}

impl Cast {
    /// Gives an actor a seat.
    pub(super) fn seat(&mut self, member: Member) -> usize {
        let seat = self.free.pop().unwrap_or_else(|| {
            self.seats.push(None);
            self.seats.len() - 1
        });
        self.put_back(seat, member);
        seat
    }

    /// Takes an actor out of its seat while it acts.
    pub(super) fn take(&mut self, seat: usize) -> Option<Member> {
        self.seats.get_mut(seat)?.take()
    }

    /// Puts an actor back.
    pub(super) fn put_back(&mut self, seat: usize, member: Member) {
        if let Some(place) = self.seats.get_mut(seat) {
            *place = Some(member);
        }
    }

    /// Frees the seat of an actor that is gone.
    pub(super) fn leave(&mut self, seat: usize) {
        self.free.push(seat);
    }

    /// A buyer at random; `None` when sixteen seats in a row hold none.
    pub(super) fn buyer(&self, dice: &mut Dice) -> Option<&Buyer> {
        let seats = u32::try_from(self.seats.len()).unwrap_or(u32::MAX);
        (0..16).find_map(|_| match self.seats.get(dice.below(seats) as usize)?.as_ref()?.role {
            Role::Buyer(ref buyer) => Some(&**buyer),
            _ => None,
        })
    }
}
