//! Bounded text, and text whose `Debug` prints nothing.
//!
//! Every string that enters has a maximum, so one request cannot grow a ledger record or an index
//! key without limit. Personal values (names, mail addresses, network addresses) additionally never
//! reach a log line by accident: their `Debug` prints a placeholder.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;

/// Why a text was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing in it.
    #[error("must not be empty")]
    Empty,
    /// Longer than the field allows, in bytes of UTF-8.
    #[error("is longer than {max} bytes")]
    TooLong {
        /// The field's maximum.
        max: usize,
    },
    /// A control character (U+0000..U+001F, U+007F..U+009F) at a byte offset.
    #[error("has a control character at byte {at}")]
    Control {
        /// Offset in bytes.
        at: usize,
    },
}

fn check(text: &str, max: usize) -> Result<(), TextError> {
    if text.len() > max {
        return Err(TextError::TooLong { max });
    }
    match text.char_indices().find(|(_, c)| c.is_control()) {
        Some((at, _)) => Err(TextError::Control { at }),
        None => Ok(()),
    }
}

macro_rules! bounded_text {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name<const MAX: usize>(Box<str>);

        impl<const MAX: usize> $name<MAX> {
            /// Checks and keeps `text`.
            ///
            /// # Errors
            /// Too long or with control characters; an empty text is kept.
            pub fn new(text: &str) -> Result<Self, TextError> {
                check(text, MAX)?;
                Ok(Self(text.into()))
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl<const MAX: usize> Serialize for $name<MAX> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de, const MAX: usize> Deserialize<'de> for $name<MAX> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                read_text(deserializer, |text| Self::new(text))
            }
        }

        impl<const MAX: usize> utoipa::PartialSchema for $name<MAX> {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                text_schema(0, MAX)
            }
        }
        impl<const MAX: usize> utoipa::ToSchema for $name<MAX> {
            // Each length is a schema of its own; by the default name all would be the last one.
            fn name() -> std::borrow::Cow<'static, str> {
                format!("{}{MAX}", stringify!($name)).into()
            }
        }
    };
}

bounded_text! {
    /// Text of at most `MAX` bytes without control characters; may be empty.
    Text
}
bounded_text! {
    /// Personal text of at most `MAX` bytes; `Debug` prints `[personal]`.
    Personal
}

impl<const MAX: usize> fmt::Debug for Text<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl<const MAX: usize> fmt::Debug for Personal<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[personal]")
    }
}

/// Reads a string and lets `keep` judge it.
pub(crate) fn read_text<'de, D, T>(
    deserializer: D,
    keep: impl Fn(&str) -> Result<T, TextError>,
) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
{
    struct Visitor<F>(F);
    impl<T, F: Fn(&str) -> Result<T, TextError>> de::Visitor<'_> for Visitor<F> {
        type Value = T;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string")
        }
        fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
            (self.0)(text).map_err(E::custom)
        }
    }
    deserializer.deserialize_str(Visitor(keep))
}

/// The schema of a string of `min..=max` characters.
pub(crate) fn text_schema(
    min: usize,
    max: usize,
) -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
    use utoipa::openapi::schema::{ObjectBuilder, Type};
    ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(if min == 0 { None } else { Some(min) })
        .max_length(Some(max))
        .into()
}

/// Checks an identifier: 1..=`max` bytes, no control characters.
pub(crate) fn check_id(text: &str, max: usize) -> Result<(), TextError> {
    if text.is_empty() {
        return Err(TextError::Empty);
    }
    check(text, max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_hold() {
        assert!(Text::<3>::new("abc").is_ok());
        assert_eq!(Text::<3>::new("abcd"), Err(TextError::TooLong { max: 3 }));
        assert_eq!(Text::<9>::new("a\nb"), Err(TextError::Control { at: 1 }));
        assert_eq!(check_id("", 9), Err(TextError::Empty));
    }

    #[test]
    fn every_length_is_a_schema_of_its_own() {
        use utoipa::ToSchema;
        assert_eq!(Text::<64>::name(), "Text64");
        assert_ne!(Text::<64>::name(), Text::<128>::name());
    }

    #[test]
    fn personal_text_is_not_printed() {
        let name = Personal::<99>::new("Jane Doe").unwrap();
        assert_eq!(format!("{name:?}"), "[personal]");
    }
}
