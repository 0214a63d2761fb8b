//! The history of one entity.
//!
//! Most entities are seen a few times and never again, so a history begins as a short list and
//! becomes rings of slots only when it has many events. Both forms take the same slots, so a
//! reading does not show which one it came from.
//!
//! INVARIANT: a reading is made at no earlier than the newest occurrence. So the latest time of
//! another entity is enough to say which windows hold it, whatever was older than 90 days at the
//! newest occurrence may be dropped from the windows, and the order of recording leaves no trace.
//! What is kept for ever (how often, first, last, the latest place) depends on no window.
//!
//! Rejected: rings from the first event, twenty times the memory of a typical entity.

use super::busy::Busy;
use super::place::Sighted;
use super::quiet::Quiet;
use super::view::{EntityView, Trace};
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
        let others = occurrence.others(of).count();
        let places = usize::from(occurrence.place_of(of).is_some());
        let list = Quiet::with_room(1 + others + places);
        let (first, newest) = (occurrence.at, occurrence.at);
        let mut history = Self { first, newest, form: Form::Quiet(list) };
        history.record(of, occurrence);
        history
    }

    /// Counts one occurrence of the entity of kind `of`, whenever it happened.
    pub(super) fn record(&mut self, of: Entity, occurrence: &Occurrence) {
        self.first = self.first.min(occurrence.at);
        self.newest = self.newest.max(occurrence.at);
        let tick = Tick::of(occurrence.at);
        let reach = Reach::at(Tick::of(self.newest));
        let is_within = reach.shortest(tick).is_some();
        if let Form::Quiet(list) = &mut self.form
            && is_within
            && list.is_full(&reach)
        {
            self.form = Form::Busy(list.promoted());
        }
        let others = occurrence.others(of).filter(|_| is_within);
        let sighted = occurrence.place_of(of).map(|place| Sighted::new(tick, place));
        let (signal, amount) = (occurrence.signal, occurrence.amount);
        match &mut self.form {
            Form::Quiet(list) => {
                others.for_each(|other| list.record_other(&reach, tick, other));
                list.record_event(&reach, tick, signal, amount);
                if let Some(sighted) = sighted {
                    list.record_place(&reach, sighted);
                }
            }
            Form::Busy(busy) => {
                others.for_each(|other| busy.record_other(tick, other));
                busy.record_trace(signal, Trace::one(tick));
                if is_within {
                    busy.record_event(tick, signal, amount);
                }
                if let Some(sighted) = sighted {
                    busy.record_place(sighted);
                }
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
