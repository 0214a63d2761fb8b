//! Values a checkout may get wrong without losing its answer.
//!
//! A country called `UK` or an address that is none must not cost the buyer a decision: the text is
//! kept, reads as missing, and the answer carries a warning that points at it. Money, times,
//! identifiers and the shape of the request are strict.

use super::Text;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::str::FromStr;

/// Longest text kept for a value that could not be read, in bytes.
pub const MAX_LOOSE_LEN: usize = 64;

/// A value, or the text that should have been one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Loose<T> {
    /// Read and checked.
    Valid(T),
    /// Not readable as `T`; counts as missing.
    Invalid(Text<MAX_LOOSE_LEN>),
}

impl<T> Loose<T> {
    /// The value, if it could be read.
    pub fn valid(&self) -> Option<&T> {
        match self {
            Self::Valid(value) => Some(value),
            Self::Invalid(_) => None,
        }
    }
}

impl<T: Serialize> Serialize for Loose<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Valid(value) => value.serialize(serializer),
            Self::Invalid(text) => text.serialize(serializer),
        }
    }
}

impl<'de, T: FromStr> Deserialize<'de> for Loose<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Text::<MAX_LOOSE_LEN>::deserialize(deserializer)?;
        Ok(text.as_str().trim().parse().map_or_else(|_| Self::Invalid(text), Self::Valid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Country;

    #[test]
    fn keeps_what_it_cannot_read() {
        let read = |json| serde_json::from_str::<Loose<Country>>(json);
        assert_eq!(read("\"gb\"").unwrap().valid().unwrap().code(), "GB");
        let uk = read("\"UK\"").unwrap();
        assert!(uk.valid().is_none());
        assert_eq!(serde_json::to_string(&uk).unwrap(), "\"UK\"");
        assert!(read("7").is_err());
    }
}
