//! The keys in memory: whether a request may pass, and whose it is.
//!
//! A look-up by the key's public id, one SHA-256 of its secret, a comparison in constant time, then the
//! key's own limits. Nothing is allocated and no lock is held across requests but the few instructions
//! of one key's bucket: a key that floods waits for itself alone.
//!
//! INVARIANT: an unknown key, a wrong secret and a key that is over are told apart by nobody outside.

use super::{AccessFile, Key, KeyId, Limits, Scope, Token};
use crate::clock::Stopwatch;
use crate::domain::{TenantId, Timestamp};
use arc_swap::ArcSwap;
use ctutils::CtEq;
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Why a request may not pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denied {
    /// It carries no key of ours.
    Unknown,
    /// Its key is for something else.
    Scope(Scope),
    /// More requests than its key may make; after so many milliseconds there is room for one.
    TooFast {
        /// At least 1.
        after_ms: u64,
    },
    /// As many requests of its key are under way as may be.
    TooMany,
}

impl Denied {
    /// After how many seconds the same may be asked again; `None` where asking again does not help.
    pub fn retry_after_s(&self) -> Option<u64> {
        match self {
            Self::Unknown | Self::Scope(_) => None,
            Self::TooFast { after_ms } => Some(after_ms.div_ceil(1_000)),
            Self::TooMany => Some(1),
        }
    }
}

/// A request that may pass. Dropping it ends the request for its key's limit of those under way.
#[derive(Debug)]
pub struct Admitted {
    door: Arc<Door>,
}

impl Admitted {
    /// Whose request it is.
    pub fn tenant(&self) -> &TenantId {
        &self.door.key.tenant
    }

    /// The key it came by.
    pub fn key(&self) -> KeyId {
        self.door.key.id
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.door.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

/// One key and what goes through it.
#[derive(Debug)]
struct Door {
    key: Key,
    under_way: Arc<AtomicU32>,
    bucket: Arc<Mutex<Bucket>>,
    /// Milliseconds since 1970; [`NEVER`] before the first use.
    used: Arc<AtomicI64>,
}

const NEVER: i64 = i64::MIN;

/// A token bucket in millionths of a request. Time is the stopwatch's: a wall clock that jumps opens
/// nothing.
#[derive(Debug)]
struct Bucket {
    micro: u64,
    at_us: u64,
}

const ONE: u64 = 1_000_000;

impl Bucket {
    /// Takes one request out; else after how many milliseconds there will be one.
    fn take(&mut self, limits: &Limits, now_us: u64) -> Result<(), u64> {
        let Some(per_second) = limits.per_second.map(u64::from) else { return Ok(()) };
        let most = u64::from(limits.burst.unwrap_or(0)).max(per_second).saturating_mul(ONE);
        // A millionth of a request for each microsecond and request a second.
        let earned = now_us.saturating_sub(self.at_us).saturating_mul(per_second);
        self.micro = self.micro.saturating_add(earned).min(most);
        self.at_us = self.at_us.max(now_us);
        match self.micro.checked_sub(ONE) {
            Some(left) => {
                self.micro = left;
                Ok(())
            }
            None => Err((ONE - self.micro).div_ceil(per_second.max(1)).div_ceil(1_000).max(1)),
        }
    }
}

/// The keys a server lets in by.
#[derive(Debug)]
pub struct Gate {
    doors: ArcSwap<HashMap<KeyId, Arc<Door>>>,
    since: Stopwatch,
    /// Once there was a key there is no way back: the last one taken away lets nobody in.
    needs_key: AtomicBool,
}

impl Default for Gate {
    /// Without keys: lets all in.
    fn default() -> Self {
        let (doors, since) = (ArcSwap::default(), Stopwatch::start());
        Self { doors, since, needs_key: AtomicBool::new(false) }
    }
}

impl Gate {
    /// Over the keys of a file.
    pub fn new(file: &AccessFile) -> Self {
        let gate = Self::default();
        gate.replace(file);
        gate
    }

    /// Whether no key is needed: there never was one.
    pub fn lets_all_in(&self) -> bool {
        !self.needs_key.load(Ordering::Acquire)
    }

    /// Takes other keys into use. What a key that stays has used up stays used up.
    pub fn replace(&self, file: &AccessFile) {
        if file.needs_key() {
            self.needs_key.store(true, Ordering::Release);
        }
        let old = self.doors.load();
        let door = |key: &Key| {
            let before = old.get(&key.id);
            let door = Door {
                key: key.clone(),
                under_way: before.map(|door| door.under_way.clone()).unwrap_or_default(),
                bucket: before.map_or_else(
                    || Arc::new(Mutex::new(Bucket { micro: u64::MAX, at_us: 0 })),
                    |door| door.bucket.clone(),
                ),
                used: before
                    .map_or_else(|| Arc::new(AtomicI64::new(NEVER)), |door| door.used.clone()),
            };
            (key.id, Arc::new(door))
        };
        self.doors.store(Arc::new(file.keys().map(door).collect()));
    }

    /// Whether a request that carries this key may do this now.
    ///
    /// # Errors
    /// See [`Denied`]. Cost: a look-up, one SHA-256, one comparison.
    pub fn admit(&self, key: &str, scope: Scope, now: Timestamp) -> Result<Admitted, Denied> {
        let token = Token::read(key).ok_or(Denied::Unknown)?;
        let digest = token.digest();
        let doors = self.doors.load();
        let door = doors.get(&token.id()).ok_or(Denied::Unknown)?;
        if !door.key.digest().ct_eq(&digest).to_bool() || door.key.is_over(now) {
            return Err(Denied::Unknown);
        }
        if !door.key.scopes.contains(&scope) {
            return Err(Denied::Scope(scope));
        }
        door.used.fetch_max(now.millis(), Ordering::Relaxed);
        let limits = door.key.limits;
        let before = door.under_way.fetch_add(1, Ordering::Relaxed);
        let admitted = Admitted { door: door.clone() };
        if limits.at_once.is_some_and(|most| before >= most) {
            return Err(Denied::TooMany);
        }
        let mut bucket = door.bucket.lock().unwrap_or_else(PoisonError::into_inner);
        match bucket.take(&limits, self.since.elapsed_us()) {
            Ok(()) => Ok(admitted),
            Err(after_ms) => Err(Denied::TooFast { after_ms }),
        }
    }

    /// When each key was last used since the start.
    pub fn used(&self) -> BTreeMap<KeyId, Timestamp> {
        let doors = self.doors.load();
        let used = |door: &Arc<Door>| door.used.load(Ordering::Relaxed);
        let used = doors.values().map(|door| (door.key.id, used(door)));
        used.filter(|(_, at)| *at != NEVER)
            .map(|(id, at)| (id, Timestamp::from_millis(at)))
            .collect()
    }

    /// The tenants that have keys, in order, each once.
    pub fn tenants(&self) -> Vec<TenantId> {
        let doors = self.doors.load();
        let mut tenants: Vec<_> = doors.values().map(|door| door.key.tenant.clone()).collect();
        tenants.sort();
        tenants.dedup();
        tenants
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    /// A gate of one key that may score.
    fn gate(change: impl FnOnce(&mut Key)) -> (Gate, Token, AccessFile) {
        let token = Token::new().unwrap();
        let mut key = Key::of(&token, TenantId::default_tenant(), [Scope::Score].into(), at(0));
        change(&mut key);
        let mut file = AccessFile::default();
        file.add(key).unwrap();
        (Gate::new(&file), token, file)
    }

    fn denied(gate: &Gate, key: &str, scope: Scope, now: i64) -> Option<Denied> {
        gate.admit(key, scope, at(now)).err()
    }

    #[test]
    fn a_key_opens_what_it_is_for_until_it_is_over_or_revoked() {
        let (gate, token, _) = gate(|key| key.expires_at = Some(at(1_000)));
        let (key, other) = (token.reveal(), Token::new().unwrap().reveal());
        assert_eq!(denied(&gate, &key, Scope::Score, 999), None);
        assert_eq!(denied(&gate, &key, Scope::Score, 1_000), Some(Denied::Unknown));
        assert_eq!(denied(&gate, &key, Scope::Admin, 0), Some(Denied::Scope(Scope::Admin)));
        let (right, wrong) = (key.rsplit_once('_').unwrap(), other.rsplit_once('_').unwrap());
        let mixed = format!("{}_{}", right.0, wrong.1);
        for key in ["", "secret", &other, &mixed, &key[..80]] {
            assert_eq!(denied(&gate, key, Scope::Score, 0), Some(Denied::Unknown), "{key}");
        }
        assert_eq!(gate.used(), [(token.id(), at(999))].into());
        gate.replace(&AccessFile::default());
        assert_eq!(denied(&gate, &key, Scope::Score, 0), Some(Denied::Unknown));
        assert!(!gate.lets_all_in() && Gate::default().lets_all_in());
    }

    #[test]
    fn as_many_as_may_be_are_under_way() {
        let (gate, token, file) = gate(|key| key.limits.at_once = Some(2));
        let key = token.reveal();
        let first = gate.admit(&key, Scope::Score, at(0)).unwrap();
        let _second = gate.admit(&key, Scope::Score, at(0)).unwrap();
        assert_eq!(denied(&gate, &key, Scope::Score, 0), Some(Denied::TooMany));
        gate.replace(&file);
        assert_eq!(denied(&gate, &key, Scope::Score, 0), Some(Denied::TooMany), "still under way");
        drop(first);
        assert_eq!(denied(&gate, &key, Scope::Score, 0), None);
    }

    #[test]
    fn a_bucket_gives_its_rate_and_no_more() {
        let limits = Limits { per_second: Some(10), burst: Some(20), at_once: None };
        let mut bucket = Bucket { micro: u64::MAX, at_us: 0 };
        let mut taken = |from: u64, to: u64| {
            (from..to).step_by(1_000).filter(|us| bucket.take(&limits, *us).is_ok()).count()
        };
        assert_eq!(taken(0, 1_000), 1, "one try");
        assert_eq!(taken(1_000, 2_000_000), 19 + 19);
        assert_eq!(taken(2_000_000, 12_000_000), 100);
        let mut empty = Bucket { micro: 0, at_us: 5_000 };
        assert_eq!(empty.take(&limits, 5_000), Err(100));
        assert_eq!(empty.take(&limits, 4_000), Err(100), "a clock that goes back gives nothing");
        assert_eq!(empty.take(&limits, 104_999), Err(1));
        assert_eq!(empty.take(&limits, 105_000), Ok(()));
        assert_eq!(empty.take(&Limits::default(), 105_000), Ok(()), "no limit");
    }
}
