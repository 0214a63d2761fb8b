//! Which rows stay when more come than there is room for.
//!
//! Bad sales are few and teach most: all of them stay. Of the others one in so many is drawn by a hash of
//! its id, and twice as few whenever the room is full again; each then stands for those like it. So what
//! stays depends on the ids alone: the same rows give the same sample, whatever the machine.
//!
//! A sale may be told bad long after its row came. Whoever fills the rows reads the later words first, see
//! [`Rows::is_full`](super::Rows::is_full). Rejected: to spill rows to disk, since the trees are grown on a
//! matrix in memory, and a hundred good sales to a bad one teach as much as a thousand.

use super::dataset::Label;
use crate::domain::{LabelClass, TransactionId};
use sha2::{Digest, Sha256};
use std::collections::HashSet;

/// What is drawn of a row that stays whatever happens; no other draws it.
const STAYS: u64 = 0;
/// The fewest rows there is room for.
const LEAST_ROOM: usize = 1000;

/// The rows that have stayed so far.
#[derive(Debug)]
pub(super) struct Sample {
    room: usize,
    one_in: u64,
    /// One a row.
    draws: Vec<u64>,
    /// Sales that a later word calls bad; `None` until somebody has looked.
    told: Option<HashSet<TransactionId>>,
}

impl Sample {
    /// No rows yet, and room for so many: at least a thousand.
    pub(super) fn of(room: usize) -> Self {
        Self { room: room.max(LEAST_ROOM), one_in: 1, draws: vec![], told: None }
    }

    /// True where the next row has no room and nobody has said yet which must stay.
    pub(super) fn is_full(&self) -> bool {
        self.told.is_none() && self.draws.len() >= self.room
    }

    /// Of how many sales one is drawn.
    pub(super) fn one_in(&self) -> u64 {
        self.one_in
    }

    /// Which rows were drawn, by row.
    pub(super) fn drawn(&self) -> Vec<bool> {
        self.draws.iter().map(|draw| self.one_in > 1 && *draw != STAYS).collect()
    }

    /// Whether a new row stays; if so, it is the next.
    pub(super) fn takes(&mut self, id: &TransactionId, labels: &[Label]) -> bool {
        let is_told = self.told.as_ref().is_some_and(|told| told.contains(id));
        let draw = if is_told || is_bad(labels) { STAYS } else { draw(id) };
        let stays = draw.is_multiple_of(self.one_in);
        if stays {
            self.draws.push(draw);
        }
        stays
    }

    /// Says which sales a later word calls bad, so that rows can go from now on.
    pub(super) fn tell(&mut self, told: HashSet<TransactionId>) {
        self.told = Some(told);
    }

    /// Lets the row of a told sale stay, which came before it was told.
    pub(super) fn stay(&mut self, row: usize) {
        if let Some(draw) = self.draws.get_mut(row) {
            *draw = STAYS;
        }
    }

    /// Makes room when it is full: which of the rows stay, in their order.
    pub(super) fn thin(&mut self) -> Option<Vec<bool>> {
        if self.told.is_none() || self.draws.len() < self.room {
            return None;
        }
        self.one_in *= 2;
        let keep: Vec<bool> =
            self.draws.iter().map(|draw| draw.is_multiple_of(self.one_in)).collect();
        let one_in = self.one_in;
        self.draws.retain(|draw| draw.is_multiple_of(one_in));
        // Where nearly all rows are bad there is no more to draw from: more room, or it would be
        // looked for at every row.
        self.room = self.room.max(self.draws.len().saturating_mul(3) / 2);
        Some(keep)
    }
}

/// True where a label says more than that all was well.
fn is_bad(labels: &[Label]) -> bool {
    labels.iter().any(|label| label.class != LabelClass::Legitimate)
}

/// A number of an id, the same everywhere, never [`STAYS`].
fn draw(id: &TransactionId) -> u64 {
    let hash = Sha256::new().chain_update(b"sample\0").chain_update(id.as_str()).finalize();
    hash.iter().take(8).fold(0, |number: u64, byte| number << 8 | u64::from(*byte)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: usize) -> TransactionId {
        TransactionId::new(&format!("tx-{number}")).unwrap()
    }

    fn bad() -> Label {
        Label { class: LabelClass::StolenInstrument, known_at: None }
    }

    /// The numbers that stay of so many, every hundredth bad.
    fn kept(all: usize, room: usize) -> (Vec<usize>, Sample) {
        let mut sample = Sample::of(room);
        sample.tell(HashSet::new());
        let mut rows = vec![];
        for number in 0..all {
            let labels = if number % 100 == 0 { vec![bad()] } else { vec![] };
            if sample.takes(&id(number), &labels) {
                rows.push(number);
            }
            if let Some(keep) = sample.thin() {
                let mut keep = keep.into_iter();
                rows.retain(|_| keep.next().unwrap());
            }
        }
        (rows, sample)
    }

    #[test]
    fn the_bad_all_stay_and_the_rest_are_a_fair_share() {
        let (rows, sample) = kept(50_000, 4_000);
        let (bad, good): (Vec<usize>, Vec<usize>) = rows.iter().partition(|n| *n % 100 == 0);
        assert_eq!(bad.len(), 500);
        assert!(rows.len() < 4_000, "{}", rows.len());
        let expected = 49_500 / usize::try_from(sample.one_in()).unwrap();
        assert!(sample.one_in() >= 16 && good.len().abs_diff(expected) < 200, "{}", good.len());
        assert_eq!(sample.drawn().iter().filter(|drawn| !**drawn).count(), 500);
        let late = good.iter().filter(|n| **n >= 25_000).count();
        assert!(late.abs_diff(good.len() / 2) < 150, "early rows are as likely as late ones");
    }

    #[test]
    fn with_room_all_stay_and_without_a_word_none_go() {
        let (rows, sample) = kept(3_000, 4_000);
        assert_eq!((rows.len(), sample.one_in()), (3_000, 1));
        assert!(sample.drawn().iter().all(|drawn| !drawn));
        let mut unheard = Sample::of(1_000);
        assert!((0..2_000).all(|number| unheard.takes(&id(number), &[])));
        assert!(unheard.is_full() && unheard.thin().is_none());
    }

    #[test]
    fn where_all_are_bad_room_is_made_instead() {
        let mut sample = Sample::of(1_000);
        sample.tell(HashSet::new());
        let mut thinned = 0;
        for number in 0..20_000 {
            assert!(sample.takes(&id(number), &[bad()]));
            thinned += usize::from(sample.thin().is_some());
        }
        assert!(thinned < 12, "{thinned}");
    }
}
