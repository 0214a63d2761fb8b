//! A recount from the list of everything that was recorded: the definition the fast form is
//! tested and measured against. It keeps every occurrence, and a reading looks at all of them.

use super::view::{EntityView, Tally};
use super::window::{SLOTS, Window};
use super::{DISTINCT_CAP, Entity, EntityKey, Occurrence, Velocity};
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
            .filter(|occurrence| occurrence.keys.get(entity) == Some(key))
            .collect();
        let last_seen = own.iter().map(|occurrence| occurrence.at).max();
        let now = last_seen.map_or(at, |last| last.max(at));
        let within = |window| {
            own.iter().copied().filter(move |occurrence| holds(window, now, occurrence.at))
        };
        let distinct = |of: Entity, window| -> u32 {
            let others: HashSet<EntityKey> =
                within(window).filter_map(|occurrence| occurrence.keys.get(of)).collect();
            if of == entity {
                0
            } else {
                u32::try_from(others.len().min(DISTINCT_CAP)).unwrap_or(0)
            }
        };
        EntityView {
            tallies: Window::ALL.map(|window| tally(within(window))),
            distinct: Entity::ALL.map(|of| Window::ALL.map(|window| distinct(of, window))),
            first_seen: own.iter().map(|occurrence| occurrence.at).min(),
            last_seen,
        }
    }

    fn record(&self, occurrence: &Occurrence) {
        self.occurrences.lock().unwrap_or_else(PoisonError::into_inner).push(*occurrence);
    }
}

/// Whether `window`, read at `now`, holds an event at `at`: the slot of `now` and those before it.
fn holds(window: Window, now: Timestamp, at: Timestamp) -> bool {
    let slot = |time: Timestamp| time.millis() / window.slot_ms();
    slot(at) > slot(now) - i64::from(SLOTS) && at <= now
}

fn tally<'a>(occurrences: impl Iterator<Item = &'a Occurrence>) -> Tally {
    let mut tally = Tally::default();
    occurrences.for_each(|occurrence| tally.add(occurrence.signal, occurrence.amount));
    tally
}
