//! Places for bodies whose sender is not known before they end: anybody may begin one and never end it.
//!
//! INVARIANT: they take at most half of the requests under way, read and waiting together; checkouts have
//! the rest. One address has at most half of the places to read in, and waits in turn for one of these, so that another's
//! message is read whatever that one sends. Rejected: to let all of them wait, as a flood of them would then shut checkouts out instead.

use super::peers::{Peer, Peers, Seat};
use std::time::Duration;
use tokio::sync::{Notify, Semaphore, SemaphorePermit};
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
    /// Half of either for one address.
    readers: Peers,
    waiters: Peers,
    freed: Notify,
}

/// A place, free again when dropped.
#[derive(Debug)]
pub(super) struct Place<'p> {
    _seat: Option<Seat>,
    _held: SemaphorePermit<'p>,
    /// Behind the others, as members are dropped in their order: who waits finds them free.
    _freed: Freed<'p>,
}

/// Wakes who waits, when dropped.
#[derive(Debug)]
struct Freed<'p>(&'p Notify);

impl Drop for Freed<'_> {
    fn drop(&mut self) {
        self.0.notify_waiters();
    }
}

impl Places {
    /// Those of a server with so many requests at once.
    pub(super) fn of(max_in_flight: usize) -> Self {
        let places = (max_in_flight / 4).clamp(1, MOST);
        let half = (places / 2).max(1);
        Self {
            reading: Semaphore::new(places),
            waiting: Semaphore::new(places),
            readers: Peers::new(half),
            waiters: Peers::new(half),
            freed: Notify::new(),
        }
    }

    /// A place for an address, at once or within a second; `None` where too many wait, of all or of that address, or
    /// none is free by then.
    pub(super) async fn take(&self, peer: Option<Peer>) -> Option<Place<'_>> {
        if let Some(place) = self.free(peer) {
            return Some(place);
        }
        let _turn = (self.waiting.try_acquire().ok()?, seat(&self.waiters, peer).ok()?);
        let free = async {
            loop {
                // Made before it is looked: what is freed in between counts.
                let freed = self.freed.notified();
                if let Some(place) = self.free(peer) {
                    return place;
                }
                freed.await;
            }
        };
        timeout(PATIENCE, free).await.ok()
    }

    fn free(&self, peer: Option<Peer>) -> Option<Place<'_>> {
        let seat = seat(&self.readers, peer).ok()?;
        let held = self.reading.try_acquire().ok()?;
        Some(Place { _seat: seat, _held: held, _freed: Freed(&self.freed) })
    }
}

/// All its seats are taken.
struct Full;

/// A seat of an address, where one is known.
fn seat(peers: &Peers, peer: Option<Peer>) -> Result<Option<Seat>, Full> {
    peer.map(|Peer(address)| peers.seat(address).ok_or(Full)).transpose()
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
        let elsewhere = async {
            assert!(places.take(other).await.is_some());
            drop(second);
        };
        // Polled in this order: two wait though places are free, the next is one too many, and a place goes round.
        let ended = |place: Option<Place<'_>>| place.is_some();
        let (third, fourth, fifth, ()) = tokio::join!(
            async { ended(places.take(one).await) },
            async { ended(places.take(one).await) },
            async { ended(places.take(one).await) },
            elsewhere
        );
        assert_eq!((third, fourth, fifth), (true, true, false));
    }
}
