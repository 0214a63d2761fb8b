//! A recount from the list of everything that was recorded: the definition the fast form is
//! tested and measured against. It keeps every occurrence, and a reading looks at all of them.

use super::place::Sighted;
use super::view::{EntityView, OWED, Tally, Trace};
use super::window::{SLOTS, Tick, Window};
use super::{DISTINCT_CAP, Entity, EntityKey, Occurrence, Other, Signal, Velocity};
use crate::domain::Timestamp;
use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

/// The slow [`Velocity`]. Never forgets; grows without bound.
#[derive(Debug, Default)]
pub struct Recount {
    occurrences: Mutex<Vec<Occurrence>>,
}

impl Velocity for Recount {
    fn view(&self, entity: Entity, key: EntityKey, at: Timestamp) -> EntityView {
        let occurrences = self.occurrences.lock().unwrap_or_else(PoisonError::into_inner);
        let own: Vec<&Occurrence> = occurrences
            .iter()
            .filter(|one| one.touched().any(|who| who == (entity, key)))
            .collect();
        let last_seen = own.iter().map(|one| one.at).max();
        let now = last_seen.map_or(at, |last| last.max(at));
        let of = |signal| own.iter().copied().filter(move |one| one.signal == signal);
        let within = |signal, window| of(signal).filter(move |one| holds(window, now, one.at));
        let distinct = |other: Other, window| -> u32 {
            let held = own.iter().filter(|one| holds(window, now, one.at));
            let seen = held.flat_map(|one| one.others(entity)).filter(|(kind, _)| *kind == other);
            let keys: HashSet<EntityKey> = seen.map(|(_, key)| key).collect();
            u32::try_from(keys.len().min(DISTINCT_CAP)).unwrap_or(0)
        };
        let trace = |signal| {
            let ones = of(signal).map(|one| Trace::one(Tick::of(one.at)));
            ones.fold(Trace::default(), Trace::plus)
        };
        let paid = of(Signal::Approved).map(|one| slot(OWED, one.at)).max();
        let owed = within(Signal::Usage, OWED).filter(|one| Some(slot(OWED, one.at)) > paid);
        let places = own.iter().filter_map(|one| Some((one.at, one.place_of(entity)?)));
        EntityView {
            counts: signals(|signal| Window::ALL.map(|window| tally(within(signal, window)).count)),
            tallies: signals(|signal| Window::ALL.map(|window| tally(within(signal, window)))),
            largest: signals(|signal| largest(within(signal, Window::D90))),
            traces: signals(trace),
            distinct: Other::ALL.map(|other| Window::ALL.map(|window| distinct(other, window))),
            owed: tally(owed),
            place: places.map(|(at, place)| Sighted::new(Tick::of(at), place)).max(),
            first_seen: own.iter().map(|one| one.at).min(),
            last_seen,
        }
    }

    fn record(&self, occurrence: &Occurrence) {
        self.occurrences.lock().unwrap_or_else(PoisonError::into_inner).push(*occurrence);
    }
}

/// One value for each of the first `N` signals.
fn signals<T: Default + Copy, const N: usize>(value: impl Fn(Signal) -> T) -> [T; N] {
    let mut values = [T::default(); N];
    values.iter_mut().zip(Signal::ALL).for_each(|(slot, signal)| *slot = value(*signal));
    values
}

fn slot(window: Window, at: Timestamp) -> i64 {
    at.millis() / window.slot_ms()
}

/// Whether `window`, read at `now`, holds an event at `at`: the slot of `now` and those before it.
fn holds(window: Window, now: Timestamp, at: Timestamp) -> bool {
    slot(window, at) > slot(window, now) - i64::from(SLOTS) && at <= now
}

fn tally<'a>(occurrences: impl Iterator<Item = &'a Occurrence>) -> Tally {
    occurrences.map(|one| Tally::one(one.amount)).fold(Tally::default(), Tally::plus)
}

fn largest<'a>(occurrences: impl Iterator<Item = &'a Occurrence>) -> Option<i64> {
    let priced = occurrences.map(|one| Tally::one(one.amount)).filter(|one| one.unpriced == 0);
    priced.map(|one| one.sum).max()
}
