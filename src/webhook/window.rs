//! Which message goes out next: pure, and given the time.
//!
//! A window of the ledger's messages, in its order. One goes out when its time has come and none of the same
//! subject lies before it. One that fails waits, twice as long each time, within a limit and less a share
//! that its own id gives, so that receivers that come back are not asked by all at once and a test sees the
//! same waits as production.

use super::message::Message;
use crate::domain::Timestamp;
use crate::ledger::Place;
use sha2::{Digest, Sha256};
use std::collections::{BTreeSet, VecDeque};

/// Most messages kept because one before them is not done: a receiver that refuses one of them for hours
/// still gets the others.
const MOST_BEHIND: usize = 8_192;

/// How often, and how far apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Patience {
    /// Tries before a message is given up.
    pub(super) attempts: u32,
    /// Before the second try.
    pub(super) backoff_ms: i64,
    /// Longest between two.
    pub(super) max_backoff_ms: i64,
    /// Changes the waits of all messages.
    pub(super) seed: u64,
}

impl Patience {
    /// How long to wait after so many tries of a message.
    fn wait_ms(&self, id: &str, tries: u32) -> i64 {
        let doubled = 1_i64.checked_shl(tries.saturating_sub(1).min(40)).unwrap_or(i64::MAX);
        let whole = self.backoff_ms.saturating_mul(doubled).min(self.max_backoff_ms).max(1);
        let digest = Sha256::digest(format!("{}\n{id}\n{tries}", self.seed));
        let (head, _) = digest.split_first_chunk::<4>().unwrap_or((&[0; 4], &[]));
        // Less up to half of it.
        let share = i64::from(u32::from_le_bytes(*head)) * (whole / 2) / i64::from(u32::MAX);
        whole - share
    }
}

/// A message that is not done.
#[derive(Debug)]
struct Waiting {
    message: Message,
    /// Everything up to here was read before its entry; `None` at the ledger's begin.
    before: Option<Place>,
    tries: u32,
    not_before: i64,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Ready,
    Flying,
    Done,
}

/// What became of a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Tried {
    /// It waits for its next try.
    Later,
    /// It was the last.
    GivenUp {
        /// How many there were.
        tries: u32,
    },
}

/// The messages under way.
#[derive(Debug)]
pub(super) struct Window {
    patience: Patience,
    most: usize,
    waiting: VecDeque<Waiting>,
    read: Option<Place>,
}

impl Window {
    pub(super) fn new(patience: Patience, most: usize, read: Option<Place>) -> Self {
        Self { patience, most, waiting: VecDeque::new(), read }
    }

    /// True where more entries may be read.
    pub(super) fn has_room(&self) -> bool {
        self.room() > 0
    }

    /// How many more messages may be read.
    pub(super) fn room(&self) -> usize {
        let behind = MOST_BEHIND.saturating_sub(self.waiting.len());
        self.most.saturating_sub(self.pending()).min(behind)
    }

    /// The last entry read.
    pub(super) fn read(&self) -> Option<Place> {
        self.read
    }

    /// Takes an entry with what it says.
    pub(super) fn take(&mut self, place: Place, messages: Vec<Message>) {
        let before = self.read;
        self.waiting.extend(messages.into_iter().map(|message| Waiting {
            message,
            before,
            tries: 0,
            not_before: 0,
            state: State::Ready,
        }));
        self.read = Some(place);
    }

    /// The next message to send, which is then under way; `None` where all must wait.
    pub(super) fn next(&mut self, now: Timestamp) -> Option<Message> {
        let mut earlier = BTreeSet::new();
        let found = self.waiting.iter_mut().find(|waiting| {
            let is_first =
                waiting.state == State::Done || earlier.insert(waiting.message.subject.clone());
            is_first && waiting.state == State::Ready && waiting.not_before <= now.millis()
        })?;
        found.state = State::Flying;
        Some(found.message.clone())
    }

    /// A message was taken, or is written down as dead.
    pub(super) fn done(&mut self, id: &str) {
        if let Some(waiting) = self.find(id) {
            waiting.state = State::Done;
            waiting.message.body = Vec::new();
        }
        while self.waiting.front().is_some_and(|first| first.state == State::Done) {
            self.waiting.pop_front();
        }
    }

    /// A message was not taken; `after_ms` is what the receiver asks for.
    pub(super) fn failed(&mut self, id: &str, now: Timestamp, after_ms: Option<i64>) -> Tried {
        let patience = self.patience;
        let Some(waiting) = self.find(id) else { return Tried::Later };
        waiting.tries = waiting.tries.saturating_add(1);
        if waiting.tries >= patience.attempts {
            return Tried::GivenUp { tries: waiting.tries };
        }
        let own = patience.wait_ms(id, waiting.tries);
        let asked = after_ms.unwrap_or(0).min(patience.max_backoff_ms);
        waiting.not_before = now.millis().saturating_add(own.max(asked));
        waiting.state = State::Ready;
        Tried::Later
    }

    /// A message that could be given up nowhere is tried again.
    pub(super) fn again(&mut self, id: &str, now: Timestamp) {
        let wait = self.patience.max_backoff_ms;
        if let Some(waiting) = self.find(id) {
            waiting.not_before = now.millis().saturating_add(wait);
            waiting.state = State::Ready;
        }
    }

    /// Behind which entry to begin again.
    pub(super) fn after(&self) -> Option<Place> {
        self.waiting.front().map_or(self.read, |first| first.before)
    }

    /// Behind which entry to begin again, and which messages behind it are done.
    pub(super) fn cursor(&self) -> (Option<Place>, Vec<String>) {
        let done = self.waiting.iter().filter(|waiting| waiting.state == State::Done);
        (self.after(), done.map(|waiting| waiting.message.id.clone()).collect())
    }

    /// A message was tried so often before the start.
    pub(super) fn tried_before(&mut self, id: &str, tries: u32) {
        if let Some(waiting) = self.find(id) {
            waiting.tries = tries;
        }
    }

    /// Which messages were tried and not taken, and how often.
    pub(super) fn tried(&self) -> impl Iterator<Item = (String, u32)> {
        let open = |waiting: &&Waiting| waiting.state != State::Done && waiting.tries > 0;
        let open = self.waiting.iter().filter(open);
        open.map(|waiting| (waiting.message.id.clone(), waiting.tries))
    }

    /// How many are not done.
    pub(super) fn pending(&self) -> usize {
        self.waiting.iter().filter(|waiting| waiting.state != State::Done).count()
    }

    fn find(&mut self, id: &str) -> Option<&mut Waiting> {
        self.waiting.iter_mut().find(|waiting| waiting.message.id == id)
    }
}

#[cfg(test)]
mod tests;
