//! Places for bodies whose sender is not known before they end: anybody may begin one and never end it.
//!
//! INVARIANT: they take at most half of the requests under way, read and waiting together; checkouts have
//! the rest. One address has at most half of the places to read in, so that another's message is read whatever
//! that one sends. Rejected: to let all of them wait, as a flood of them would then shut checkouts out instead.

use super::peers::{Peer, Peers, Seat};
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
    peers: Peers,
}

/// A place, free again when dropped.
#[derive(Debug)]
pub(super) struct Place<'p> {
    _seat: Option<Seat>,
    _held: SemaphorePermit<'p>,
}

impl Places {
    /// Those of a server with so many requests at once.
    pub(super) fn of(max_in_flight: usize) -> Self {
        let places = (max_in_flight / 4).clamp(1, MOST);
        let peers = Peers::new((places / 2).max(1));
        Self { reading: Semaphore::new(places), waiting: Semaphore::new(places), peers }
    }

    /// A place for an address, at once or within a second; `None` where it has all it may have, too many wait,
    /// or none is free by then.
    pub(super) async fn take(&self, peer: Option<Peer>) -> Option<Place<'_>> {
        let seat = match peer {
            Some(Peer(address)) => Some(self.peers.seat(address)?),
            None => None,
        };
        let held = if let Ok(held) = self.reading.try_acquire() {
            held
        } else {
            let _turn = self.waiting.try_acquire().ok()?;
            timeout(PATIENCE, self.reading.acquire()).await.ok()?.ok()?
        };
        Some(Place { _seat: seat, _held: held })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_comes_too_late_waits_and_few_do() {
        let places = Places::of(8);
        let first = places.take(None).await.unwrap();
        let second = places.take(None).await.unwrap();
        let leaving = async {
            drop((first, second));
        };
        // Polled in this order: two wait, the next is one too many, and then there are places.
        let (third, fourth, fifth, ()) =
            tokio::join!(places.take(None), places.take(None), places.take(None), leaving);
        assert_eq!((third.is_some(), fourth.is_some(), fifth.is_some()), (true, true, false));
    }

    #[tokio::test]
    async fn one_address_never_has_all() {
        let places = Places::of(16);
        let [one, other] =
            ["192.0.2.1", "192.0.2.2"].map(|address| Some(Peer(address.parse().unwrap())));
        let _first = places.take(one).await.unwrap();
        let second = places.take(one).await.unwrap();
        assert!(places.take(one).await.is_none());
        assert!(places.take(other).await.is_some());
        drop(second);
        assert!(places.take(one).await.is_some());
    }
}
