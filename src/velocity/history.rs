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
//! Rejected: rings from the first event, fifty times the memory of a typical entity.

use super::busy::Busy;
use super::bytes::{Bytes, Stored};
use super::life::Life;
use super::packed::Packed;
use super::quiet::Quiet;
use super::shard::Kept;
use super::view::EntityView;
use super::window::{Reach, Tick};
use super::{Entity, Occurrence};
use crate::domain::Timestamp;

/// Everything kept of one entity.
#[derive(Debug)]
pub(super) enum History {
    Quiet(Packed),
    Busy(Box<Busy>),
}

const _: () = assert!(size_of::<History>() == 16);

impl History {
    /// The history of the entity of kind `of` that `occurrence` is the first of.
    pub(super) fn new(of: Entity, occurrence: &Occurrence) -> Self {
        let mut list = Quiet::beginning(occurrence);
        list.record(of, occurrence);
        Self::Quiet(list.packed())
    }

    /// Counts one occurrence of the entity of kind `of`, whenever it happened.
    pub(super) fn record(&mut self, of: Entity, occurrence: &Occurrence) {
        match self {
            Self::Busy(busy) => busy.record(of, occurrence),
            Self::Quiet(packed) => {
                let mut list = Quiet::unpacked(packed);
                *self = if list.has_room_for(occurrence) {
                    list.record(of, occurrence);
                    Self::Quiet(list.packed())
                } else {
                    let mut busy = list.promoted();
                    busy.record(of, occurrence);
                    Self::Busy(busy)
                }
            }
        }
    }

    /// The entity as read at `at`, or at its newest occurrence where that is later.
    pub(super) fn view(&self, at: Timestamp) -> EntityView {
        let Life { first, newest, .. } = self.life();
        let reach = Reach::at(Tick::of(at.max(newest)));
        let mut view = EntityView {
            first_seen: Some(first),
            last_seen: Some(newest),
            ..EntityView::default()
        };
        match self {
            Self::Quiet(packed) => packed.count_into(&mut view, &reach),
            Self::Busy(busy) => busy.count_into(&mut view, &reach),
        }
        view
    }
}

impl Kept for History {
    fn life(&self) -> Life {
        match self {
            Self::Quiet(packed) => packed.life(),
            Self::Busy(busy) => busy.life,
        }
    }

    fn heap_bytes(&self) -> usize {
        match self {
            Self::Quiet(packed) => packed.heap_bytes(),
            Self::Busy(busy) => busy.heap_bytes(),
        }
    }

    /// Whether the entity has rings.
    fn is_busy(&self) -> bool {
        matches!(self, Self::Busy(_))
    }
}

impl Stored for History {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(u8::from(self.is_busy()));
        match self {
            Self::Quiet(packed) => packed.put(out),
            Self::Busy(busy) => busy.put(out),
        }
    }

    fn take(bytes: &mut Bytes<'_>) -> Option<Self> {
        match bytes.array()? {
            [0] => Packed::take(bytes).map(Self::Quiet),
            [1] => Busy::take(bytes).map(|busy| Self::Busy(Box::new(busy))),
            _ => None,
        }
    }
}
