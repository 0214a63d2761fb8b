//! A quiet history as bytes.
//!
//! Ten million cards, mailboxes and devices were mostly seen once, so their history must take tens of
//! bytes: an exact allocation without a spare place, times as small differences, others by their mark.
//! It is unpacked to be changed and read as it lies.
//!
//! Form: tenant and whether attested, first time, span to the newest, then the sightings, traces first. A sighting is a tag
//! byte, its tick unless it is that of the one before, and its own numbers; all numbers are varints, a
//! difference between ticks zigzag. It is kept as it lies: a change of it raises
//! [`STATE_FORMAT`](super::bytes::STATE_FORMAT).
//!
//! Rejected: fixed records of 16 or 12 bytes (twice the memory), a compressor (slower than all the
//! rest of a reading).

use super::bytes::{Bytes, Stored, put_len};
use super::life::{Life, Tenant};
use super::place::{Place, Sighted};
use super::quiet::Sighting;
use super::view::{MAX_AMOUNT, Trace};
use super::window::Tick;
use super::{Mark, Other, Signal};
use crate::domain::Timestamp;

/// The tags: of each event from 0, then of each trace, of each other, and of the place.
const TRACES: usize = Signal::COUNT;
const OTHERS: usize = 2 * Signal::COUNT;
const PLACE: usize = OTHERS + Other::COUNT;

/// Set in a tag that is followed by a tick.
const MOVED: u8 = 0x80;

const _: () = assert!(PLACE < MOVED as usize);

/// See the module's description.
#[derive(Debug)]
pub(super) struct Packed(Box<[u8]>);

impl Packed {
    /// Packs a list.
    pub(super) fn new(life: &Life, list: &[Sighting]) -> Self {
        let mut writer = Writer { bytes: Vec::with_capacity(16 + 8 * list.len()), last: 0 };
        writer.number(i64::from(life.tenant.0) << 1 | i64::from(life.attested));
        writer.number(life.first.millis());
        writer.number(life.newest.millis_since(life.first));
        writer.last = Tick::of(life.newest).number();
        let is_trace = |sighting: &&Sighting| matches!(sighting, Sighting::Trace { .. });
        list.iter().filter(is_trace).for_each(|sighting| writer.sighting(sighting));
        list.iter().filter(|one| !is_trace(one)).for_each(|sighting| writer.sighting(sighting));
        Self(writer.bytes.into_boxed_slice())
    }

    /// Whose it is, and since when.
    pub(super) fn life(&self) -> Life {
        self.read().0
    }

    /// That and the sightings; traces come before all others.
    pub(super) fn read(&self) -> (Life, Sightings<'_>) {
        let mut rest = Sightings { bytes: &self.0, last: 0 };
        let mut number = || rest.number().unwrap_or_default();
        let (whose, first, span) = (number(), Timestamp::from_millis(number()), number());
        let newest = first.plus_millis(span);
        rest.last = Tick::of(newest).number();
        let tenant = Tenant(u16::try_from(whose >> 1).unwrap_or_default());
        (Life { first, newest, tenant, attested: whose & 1 == 1 }, rest)
    }

    /// Bytes allocated.
    pub(super) fn heap_bytes(&self) -> usize {
        self.0.len()
    }
}

impl Stored for Packed {
    fn put(&self, out: &mut Vec<u8>) {
        put_len(out, self.0.len());
        out.extend_from_slice(&self.0);
    }

    fn take(bytes: &mut Bytes<'_>) -> Option<Self> {
        let len = bytes.len()?;
        bytes.slice(len).map(|bytes| Self(bytes.into()))
    }
}

struct Writer {
    bytes: Vec<u8>,
    /// The tick last written.
    last: u32,
}

impl Writer {
    fn sighting(&mut self, sighting: &Sighting) {
        match *sighting {
            Sighting::Event { signal, tick, amount } => {
                self.tag(signal as usize, tick);
                if signal.is_priced() {
                    self.number(amount.map_or(0, |amount| amount.min(MAX_AMOUNT) + 1));
                }
            }
            Sighting::Trace { signal, trace } => {
                self.tag(TRACES + signal as usize, trace.last);
                self.number(trace.count.into());
                self.number((trace.last.number() - trace.first.number()).into());
            }
            Sighting::Other { other, tick, mark } => {
                self.tag(OTHERS + other as usize, tick);
                self.bytes.extend(mark.0.to_le_bytes());
            }
            Sighting::Place(sighted) => {
                self.tag(PLACE, sighted.tick());
                self.bytes.extend(sighted.place.to_bytes().as_flattened());
            }
        }
    }

    fn tag(&mut self, tag: usize, tick: Tick) {
        let moved = i64::from(tick.number()) - i64::from(self.last);
        let tag = u8::try_from(tag).unwrap_or(MOVED - 1);
        self.bytes.push(if moved == 0 { tag } else { tag | MOVED });
        if moved != 0 {
            self.number((moved << 1) ^ (moved >> 63));
        }
        self.last = tick.number();
    }

    /// A number that is not negative.
    fn number(&mut self, number: i64) {
        let mut rest = number.unsigned_abs();
        while rest > 0x7f {
            self.bytes.push((rest & 0x7f) as u8 | 0x80);
            rest >>= 7;
        }
        self.bytes.push((rest & 0x7f) as u8);
    }
}

/// Sightings as they lie.
#[derive(Clone)]
pub(super) struct Sightings<'a> {
    bytes: &'a [u8],
    last: u32,
}

impl Iterator for Sightings<'_> {
    type Item = Sighting;

    fn next(&mut self) -> Option<Sighting> {
        let [tag] = self.array()?;
        if tag & MOVED != 0 {
            let zigzag = self.number()?;
            let moved = (zigzag >> 1) ^ -(zigzag & 1);
            self.last = u32::try_from(i64::from(self.last) + moved).unwrap_or(u32::MAX);
        }
        let (tag, tick) = (usize::from(tag & !MOVED), Tick::from_number(self.last));
        if let Some(signal) = Signal::ALL.get(tag).copied() {
            let amount = if signal.is_priced() { self.number()? - 1 } else { -1 };
            return Some(Sighting::Event {
                signal,
                tick,
                amount: Some(amount).filter(|a| *a >= 0),
            });
        }
        if let Some(signal) = Signal::ALL.get(tag - TRACES).copied() {
            let (count, span) = (u32::try_from(self.number()?), u32::try_from(self.number()?));
            let first = Tick::from_number(self.last.saturating_sub(span.unwrap_or_default()));
            let trace = Trace { count: count.unwrap_or(u32::MAX), first, last: tick };
            return Some(Sighting::Trace { signal, trace });
        }
        if let Some(other) = Other::ALL.get(tag - OTHERS).copied() {
            let mark = Mark(u32::from_le_bytes(self.array()?));
            return Some(Sighting::Other { other, tick, mark });
        }
        let place = [self.array()?, self.array()?, self.array()?];
        Some(Sighting::Place(Sighted::new(tick, Place::from_bytes(place))))
    }
}

impl Sightings<'_> {
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.bytes.split_first_chunk::<N>()?;
        self.bytes = rest;
        Some(*array)
    }

    fn number(&mut self) -> Option<i64> {
        let mut number = 0;
        for shift in (0..63).step_by(7) {
            let [byte] = self.array()?;
            number |= i64::from(byte & 0x7f) << shift;
            if byte <= 0x7f {
                break;
            }
        }
        Some(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(life: &Life, list: &[Sighting]) -> usize {
        let packed = Packed::new(life, list);
        let (read, sightings) = packed.read();
        assert_eq!(read, *life);
        assert_eq!(sightings.collect::<Vec<_>>(), list);
        packed.heap_bytes()
    }

    #[test]
    fn what_is_packed_reads_back() {
        let at = Timestamp::from_millis;
        let tick = Tick::from_number;
        let life = |first, newest| Life {
            first: at(first),
            newest: at(newest),
            tenant: Tenant(u16::MAX),
            attested: first > 0,
        };
        round_trip(&life(0, 0), &[]);
        round_trip(&life(0, i64::MAX), &[]);
        let life = life(1_763_633_700_123, 1_763_633_799_999);
        round_trip(&life, &[]);
        let mut list = Vec::new();
        for (place, signal) in Signal::ALL.iter().copied().enumerate() {
            let first = tick(u32::try_from(place).unwrap());
            let count = [1, 127, 128, u32::MAX][place % 4];
            list.push(Sighting::Trace { signal, trace: Trace { count, first, last: tick(9_999) } });
        }
        for (place, signal) in Signal::ALL.iter().copied().enumerate() {
            let amount = [None, Some(0), Some(4_900), Some(MAX_AMOUNT)][place % 4];
            let amount = amount.filter(|_| signal.is_priced());
            let tick = tick([0, u32::MAX, 700_000_000, 700_000_000][place % 4]);
            list.push(Sighting::Event { signal, tick, amount });
        }
        for (place, other) in Other::ALL.into_iter().enumerate() {
            let mark = Mark([0, u32::MAX][place % 2]);
            list.push(Sighting::Other { other, tick: tick(5), mark });
        }
        let place = Place::new(-90.0, 180.0, u16::MAX).unwrap();
        list.push(Sighting::Place(Sighted::new(tick(u32::MAX), place)));
        round_trip(&life, &list);
    }

    /// What the memory of ten million keys rests on.
    #[test]
    fn a_first_purchase_takes_few_bytes() {
        let now = Timestamp::from_millis(1_763_633_700_123);
        let (tick, tenant) = (Tick::of(now), Tenant(u16::MAX));
        let bought = [
            Sighting::Event { signal: Signal::Attempt, tick, amount: Some(4_900) },
            Sighting::Other { other: Other::Email, tick, mark: Mark(1) },
            Sighting::Other { other: Other::Ip, tick, mark: Mark(1) },
        ];
        let life = Life { first: now, newest: now, tenant, attested: true };
        assert_eq!(round_trip(&life, &bought), 3 + 7 + 3 + 5 + 5);
    }
}
