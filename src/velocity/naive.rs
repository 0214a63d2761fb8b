//! A recount from the list of everything that was recorded: the definition the fast form is
//! tested and measured against. It keeps every occurrence, and a reading looks at all of them.

use super::distinct;
use super::place::Sighted;
use super::view::{EntityView, OWED, Tally, Trace};
use super::window::{SLOTS, Tick, Window};
use super::{Entity, EntityKey, Mark, Occurrence, Other, Signal, Velocity};
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
            .filter(|one| entity.counts(one.signal) && one.keys.get(entity) == Some(key))
            .collect();
        let last_seen = own.iter().map(|one| one.at).max();
        let now = last_seen.map_or(at, |last| last.max(at));
        let mut view = EntityView {
            first_seen: own.iter().map(|one| one.at).min(),
            last_seen,
            ..EntityView::default()
        };
        for one in &own {
            count(&mut view, one, |window| holds(window, now, one.at));
            let sighted = one.place_of(entity).map(|place| Sighted::new(Tick::of(one.at), place));
            view.place = view.place.max(sighted);
        }
        for (other, counts) in Other::ALL.into_iter().zip(&mut view.distinct) {
            let seen = |one: &&Occurrence| {
                let at = one.at;
                one.others(entity).find(|(kind, _)| *kind == other).map(|(_, mark)| (mark, at))
            };
            let seen: Vec<(Mark, Timestamp)> = own.iter().filter_map(seen).collect();
            *counts = Window::ALL.map(|window| {
                let held = seen.iter().filter(|(_, at)| holds(window, now, *at));
                let marks: HashSet<Mark> = held.map(|(mark, _)| *mark).collect();
                let cells: HashSet<usize> =
                    marks.iter().map(|mark| distinct::cell(*mark)).collect();
                let count = |len: usize| u32::try_from(len).unwrap_or(u32::MAX);
                distinct::reading(count(marks.len()), count(cells.len()))
            });
        }
        let paid = own.iter().filter(|one| one.signal == Signal::Approved);
        let paid = paid.map(|one| slot(OWED, one.at)).max();
        let later =
            |one: &&&Occurrence| holds(OWED, now, one.at) && Some(slot(OWED, one.at)) > paid;
        let usage = own.iter().filter(|one| one.signal == Signal::Usage).filter(later);
        view.owed = usage.map(|one| Tally::one(one.amount)).fold(Tally::default(), Tally::plus);
        view
    }

    fn record(&self, occurrence: &Occurrence) {
        self.occurrences.lock().unwrap_or_else(PoisonError::into_inner).push(*occurrence);
    }
}

/// Counts one occurrence in the windows that hold it, and for ever.
fn count(view: &mut EntityView, one: &Occurrence, holds: impl Fn(Window) -> bool) {
    let (place, tally) = (one.signal as usize, Tally::one(one.amount));
    view.add_trace(one.signal, Trace::one(Tick::of(one.at)));
    for window in Window::ALL.into_iter().filter(|window| holds(*window)) {
        if let Some(count) = view.counts.get_mut(place).and_then(|row| row.get_mut(window as usize))
        {
            *count += 1;
        }
        let totals = view.tallies.get_mut(place).and_then(|row| row.get_mut(window as usize));
        if let Some(total) = totals {
            *total = total.plus(tally);
        }
    }
    if let Some(largest) = view.largest.get_mut(place)
        && tally.unpriced == 0
        && holds(Window::D90)
    {
        *largest = (*largest).max(Some(tally.sum));
    }
}

fn slot(window: Window, at: Timestamp) -> i64 {
    at.millis() / window.slot_ms()
}

/// Whether `window`, read at `now`, holds an event at `at`: the slot of `now` and those before it.
fn holds(window: Window, now: Timestamp, at: Timestamp) -> bool {
    slot(window, at) > slot(window, now) - i64::from(SLOTS) && at <= now
}
