//! Where something happened, as coarse as a city.

use super::bytes::{Bytes, Stored};
use super::window::Tick;
use crate::domain::Timestamp;
use serde::{Deserialize, Serialize};

/// Mean radius of the Earth, km (IUGG).
const EARTH_KM: f64 = 6_371.0;

/// A place to a tenth of a degree, about eleven kilometres, kept in hundredths: it lies in the open
/// part of the ledger and outlives the erasure of a person, so it must say no more than a city.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    latitude: i16,
    longitude: i16,
    radius_km: u16,
}

impl Place {
    /// A place by degrees north and east, right to `radius_km`. `None` outside the globe.
    pub fn new(latitude: f64, longitude: f64, radius_km: u16) -> Option<Self> {
        let inside = latitude.abs() <= 90.0 && longitude.abs() <= 180.0;
        inside.then(|| Self {
            latitude: hundredths(latitude),
            longitude: hundredths(longitude),
            radius_km,
        })
    }

    /// Great-circle distance in km: the haversine formula on a sphere, right to half a per cent.
    pub fn km_to(self, other: Self) -> f64 {
        let radians = |hundredths: i16| (f64::from(hundredths) / 100.0).to_radians();
        let (a, b) = (radians(self.latitude), radians(other.latitude));
        let half = |x: f64| (x / 2.0).sin().powi(2);
        let across = a.cos() * b.cos() * half(radians(self.longitude) - radians(other.longitude));
        2.0 * EARTH_KM * (half(a - b) + across).sqrt().min(1.0).asin()
    }

    /// Its bytes, as [`Place::from_bytes`] takes them.
    pub(super) fn to_bytes(self) -> [[u8; 2]; 3] {
        let Self { latitude, longitude, radius_km } = self;
        [latitude.to_le_bytes(), longitude.to_le_bytes(), radius_km.to_le_bytes()]
    }

    /// The place of these bytes.
    pub(super) fn from_bytes([latitude, longitude, radius_km]: [[u8; 2]; 3]) -> Self {
        Self {
            latitude: i16::from_le_bytes(latitude),
            longitude: i16::from_le_bytes(longitude),
            radius_km: u16::from_le_bytes(radius_km),
        }
    }

    /// How far from the place the truth may lie, km.
    pub fn radius_km(self) -> u16 {
        self.radius_km
    }
}

#[expect(clippy::cast_possible_truncation, reason = "at most 18,000 either way")]
fn hundredths(degrees: f64) -> i16 {
    (degrees * 10.0).round() as i16 * 10
}

/// A place and when somebody was there; ordered by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sighted {
    tick: Tick,
    /// Where.
    pub place: Place,
}

impl Sighted {
    pub(super) fn new(tick: Tick, place: Place) -> Self {
        Self { tick, place }
    }

    pub(super) fn tick(self) -> Tick {
        self.tick
    }

    /// When, to 2.5 seconds.
    pub fn at(self) -> Timestamp {
        self.tick.time()
    }
}

impl Stored for Sighted {
    fn put(&self, out: &mut Vec<u8>) {
        self.tick.put(out);
        out.extend(self.place.to_bytes().as_flattened());
    }

    fn take(bytes: &mut Bytes<'_>) -> Option<Self> {
        let tick = Tick::take(bytes)?;
        let place = [bytes.array()?, bytes.array()?, bytes.array()?];
        Some(Self::new(tick, Place::from_bytes(place)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_of_the_atlas() {
        let place = |latitude, longitude| Place::new(latitude, longitude, 0).unwrap();
        let (london, new_york) = (place(51.51, -0.13), place(40.71, -74.01));
        for (from, to, km) in [
            (london, new_york, 5_570.0),
            (new_york, london, 5_570.0),
            (london, place(48.86, 2.35), 344.0),
            (place(-41.29, 174.78), place(-33.87, 151.21), 2_224.0), // Wellington, Sydney
            (place(0.0, 179.9), place(0.0, -179.9), 22.24),
            (place(90.0, 0.0), place(-90.0, 0.0), 20_015.0),
            (london, london, 0.0),
        ] {
            // half a per cent, and half a tenth of a degree at either end
            assert!((from.km_to(to) - km).abs() <= km * 0.005 + 11.2, "{}", from.km_to(to));
        }
        assert!(Place::new(90.1, 0.0, 0).is_none() && Place::new(f64::NAN, 0.0, 0).is_none());
    }
}
