//! Places by address: one address leaves some to the others.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The address a connection comes from, beside each of its requests.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub(super) IpAddr);

/// How many places each address has.
#[derive(Debug, Clone)]
pub(super) struct Peers {
    most: usize,
    taken: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// A place of an address, free again when dropped.
#[derive(Debug)]
pub(super) struct Seat {
    peers: Peers,
    address: IpAddr,
}

impl Peers {
    /// At most so many for each.
    pub(super) fn new(most: usize) -> Self {
        Self { most, taken: Arc::default() }
    }

    /// `None` where the address has all it may have.
    pub(super) fn seat(&self, address: IpAddr) -> Option<Seat> {
        let address = address.to_canonical();
        let mut taken = self.taken();
        let count = taken.entry(address).or_default();
        (*count < self.most).then(|| {
            *count += 1;
            Seat { peers: self.clone(), address }
        })
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        // Whole between two statements, whoever panicked while holding it.
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if let Entry::Occupied(mut count) = self.peers.taken().entry(self.address) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_leaves_places_to_the_others() {
        let peers = Peers::new(2);
        let [one, mapped, other] =
            ["192.0.2.1", "::ffff:192.0.2.1", "192.0.2.2"].map(|ip| ip.parse().unwrap());
        let first = peers.seat(one).unwrap();
        let _second = peers.seat(mapped).unwrap();
        assert!(peers.seat(one).is_none());
        let other = peers.seat(other).unwrap();
        drop(first);
        assert!(peers.seat(one).is_some());
        drop(other);
        assert_eq!(peers.taken().len(), 1);
    }
}
