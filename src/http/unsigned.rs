//! Places for bodies whose sender is not known before they end: anybody may begin one and never end it.
//!
//! INVARIANT: they take at most half of the requests under way, read and waiting together; checkouts have
//! the rest. Rejected: to let all of them wait, as a flood of them would then shut checkouts out instead.

use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

/// Most bodies read at once, and a quarter of all requests.
const MOST: usize = 64;
/// How long one waits for a place: a place is free again within seconds, whoever has it.
const PATIENCE: Duration = Duration::from_secs(1);

/// The places, and as many to wait for one.
#[derive(Debug)]
pub(super) struct Places {
    reading: Semaphore,
    waiting: Semaphore,
}

impl Places {
    /// Those of a server with so many requests at once.
    pub(super) fn of(max_in_flight: usize) -> Self {
        let places = (max_in_flight / 4).clamp(1, MOST);
        Self { reading: Semaphore::new(places), waiting: Semaphore::new(places) }
    }

    /// A place, at once or within a second; `None` where too many wait or none is free by then.
    pub(super) async fn take(&self) -> Option<SemaphorePermit<'_>> {
        if let Ok(place) = self.reading.try_acquire() {
            return Some(place);
        }
        let _turn = self.waiting.try_acquire().ok()?;
        timeout(PATIENCE, self.reading.acquire()).await.ok()?.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_comes_too_late_waits_and_few_do() {
        let places = Places::of(8);
        let first = places.take().await.unwrap();
        let second = places.take().await.unwrap();
        let leaving = async {
            drop((first, second));
        };
        // Polled in this order: two wait, the next is one too many, and then there are places.
        let (third, fourth, fifth, ()) =
            tokio::join!(places.take(), places.take(), places.take(), leaving);
        assert_eq!((third.is_some(), fourth.is_some(), fifth.is_some()), (true, true, false));
    }
}
