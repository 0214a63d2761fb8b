//! The history of one entity.
//!
//! Most entities are seen a few times and never again, so a history begins as a short list and
//! becomes rings of slots only when it has many events. Both forms take the same slots, so a
//! reading does not show which one it came from.
//!
//! INVARIANT: a reading is made at no earlier than the newest occurrence. So the latest time of
//! another entity is enough to say which windows hold it, whatever was older than 90 days at the
//! newest occurrence may be dropped, and the order of recording leaves no trace.
//!
//! Rejected: rings from the first event, twenty times the memory of a typical entity.

use super::busy::Busy;
use super::quiet::Quiet;
use super::view::EntityView;
use super::window::{Reach, Tick};
use super::{Entity, Occurrence};
use crate::domain::Timestamp;

/// Everything kept of one entity.
#[derive(Debug)]
pub(super) struct History {
    first: Timestamp,
    newest: Timestamp,
    form: Form,
}

#[derive(Debug)]
enum Form {
    Quiet(Quiet),
    Busy(Box<Busy>),
}

impl History {
    /// The history of the entity of kind `of` that `occurrence` is the first of.
    pub(super) fn new(of: Entity, occurrence: &Occurrence) -> Self {
        // One event, and every entity present but itself.
        let list = Quiet::with_room(occurrence.keys.present().count());
        let (first, newest) = (occurrence.at, occurrence.at);
        let mut history = Self { first, newest, form: Form::Quiet(list) };
        history.record(of, occurrence);
        history
    }

    /// Counts one occurrence of the entity of kind `of`, whenever it happened.
    pub(super) fn record(&mut self, of: Entity, occurrence: &Occurrence) {
        self.first = self.first.min(occurrence.at);
        self.newest = self.newest.max(occurrence.at);
        let (newest, tick) = (Tick::of(self.newest), Tick::of(occurrence.at));
        let reach = Reach::at(newest);
        if reach.shortest(tick).is_none() {
            return;
        }
        if let Form::Quiet(list) = &mut self.form
            && list.is_full(&reach)
        {
            self.form = Form::Busy(list.promoted(newest));
        }
        let others = occurrence.keys.present().filter(|(entity, _)| *entity != of);
        let event = (occurrence.signal, occurrence.amount);
        match &mut self.form {
            Form::Quiet(list) => {
                others.for_each(|other| list.record_other(&reach, tick, other));
                list.record_event(&reach, tick, event);
            }
            Form::Busy(busy) => {
                others.for_each(|other| busy.record_other(tick, other));
                busy.record_event(tick, event);
            }
        }
    }

    /// The entity as read at `at`, or at its newest occurrence where that is later.
    pub(super) fn view(&self, at: Timestamp) -> EntityView {
        let reach = Reach::at(Tick::of(at.max(self.newest)));
        let mut view = EntityView {
            first_seen: Some(self.first),
            last_seen: Some(self.newest),
            ..EntityView::default()
        };
        match &self.form {
            Form::Quiet(list) => list.count_into(&mut view, &reach),
            Form::Busy(busy) => busy.count_into(&mut view, &reach),
        }
        view
    }

    /// Latest event time.
    pub(super) fn last_seen(&self) -> Timestamp {
        self.newest
    }

    /// Whether the entity has rings.
    pub(super) fn is_busy(&self) -> bool {
        matches!(self.form, Form::Busy(_))
    }

    /// Bytes allocated beside this struct, the allocator's own overhead left out.
    pub(super) fn heap_bytes(&self) -> usize {
        match &self.form {
            Form::Quiet(list) => list.heap_bytes(),
            Form::Busy(busy) => busy.heap_bytes(),
        }
    }
}
