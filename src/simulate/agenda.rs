//! What happens when: a queue ordered by time, and by order of entry within one millisecond.
//!
//! INVARIANT: nothing is entered before the time last taken out, so what comes out is in time order
//! and never has to be sorted. The queue holds one entry per living actor and the lines that are on
//! their way, nothing of the past.

use super::Line;
use crate::domain::Timestamp;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Something to do at its time.
#[derive(Debug)]
pub(super) enum Task {
    /// A line is due.
    Say(Line),
    /// The actor in this seat of the cast acts.
    Wake(usize),
}

/// The queue.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    heap: BinaryHeap<Reverse<Entry>>,
    entered: u64,
    now: Timestamp,
}

#[derive(Debug)]
struct Entry {
    at: Timestamp,
    order: u64,
    task: Task,
}

impl Agenda {
    /// Enters a task; a time already past means now.
    pub(super) fn enter(&mut self, at: Timestamp, task: Task) {
        let entry = Entry { at: at.max(self.now), order: self.entered, task };
        self.entered += 1;
        self.heap.push(Reverse(entry));
    }

    /// Takes the next task out.
    pub(super) fn take(&mut self) -> Option<(Timestamp, Task)> {
        let Reverse(entry) = self.heap.pop()?;
        self.now = entry.at;
        Some((entry.at, entry.task))
    }

    /// Tasks waiting.
    pub(super) fn len(&self) -> usize {
        self.heap.len()
    }
}

impl Entry {
    fn key(&self) -> (Timestamp, u64) {
        (self.at, self.order)
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_then_order_of_entry() {
        let mut agenda = Agenda::default();
        for (seat, at) in [(0, 50), (1, 20), (2, 50), (3, 10)] {
            agenda.enter(Timestamp::from_millis(at), Task::Wake(seat));
        }
        let mut seats = Vec::new();
        while let Some((_, Task::Wake(seat))) = agenda.take() {
            seats.push(seat);
        }
        assert_eq!(seats, [3, 1, 0, 2]);
        agenda.enter(Timestamp::from_millis(1), Task::Wake(9));
        assert_eq!(agenda.take().map(|(at, _)| at.millis()), Some(50), "never back in time");
    }
}
