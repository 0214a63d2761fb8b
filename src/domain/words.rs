//! Closed word lists: an enum, its words on the wire, and nothing else.
//!
//! Read by hand: the derived reader also takes `{"purchase": null}` for `"purchase"`, its error lists
//! thirty words where the one meant would do, and the derived schema lists the names of the variants.

use super::card_number::excerpt;
use serde::Deserializer;
use serde::de;
use std::fmt;

/// Declares an enum whose variants are words: serialised, parsed, listed and documented alike.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$vdoc])* $variant,)*
        }

        impl $name {
            /// Every word, in declaration order.
            pub const WORDS: &'static [&'static str] = &[$($word),*];
            /// Every variant, in declaration order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word on the wire.
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// The variant of a word; `None` for any other text.
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)* _ => None }
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.word())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let position = $crate::domain::words::read_word(d, Self::WORDS)?;
                Self::ALL.get(position).copied().ok_or_else(|| {
                    serde::de::Error::custom("a word without a variant")
                })
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                $crate::domain::words::word_schema(Self::WORDS)
            }
        }
        impl utoipa::ToSchema for $name {}

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.word())
            }
        }
    };
}
pub(crate) use words;

/// Reads a string that must be one of `words`; returns its position.
pub(crate) fn read_word<'de, D: Deserializer<'de>>(
    deserializer: D,
    words: &'static [&'static str],
) -> Result<usize, D::Error> {
    struct Visitor(&'static [&'static str]);
    impl de::Visitor<'_> for Visitor {
        type Value = usize;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string")
        }
        fn visit_str<E: de::Error>(self, text: &str) -> Result<usize, E> {
            let found = self.0.iter().position(|word| *word == text);
            found.ok_or_else(|| E::custom(UnknownWord { text, words: self.0 }))
        }
    }
    deserializer.deserialize_str(Visitor(words))
}

/// The schema of a string that is one of `words`.
pub(crate) fn word_schema(
    words: &'static [&'static str],
) -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
    use utoipa::openapi::schema::{ObjectBuilder, Type};
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words.iter().copied())).into()
}

/// Most words an error lists where none is close to what was given.
const LISTED: usize = 10;

/// What is wrong with a word, and the word probably meant.
struct UnknownWord<'a> {
    text: &'a str,
    words: &'static [&'static str],
}

impl fmt::Display for UnknownWord<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = excerpt(self.text, 40);
        write!(f, "`{text}` is not known here")?;
        let lower = text.to_ascii_lowercase().replace([' ', '-'], "_");
        let distance = |word: &&&str| strsim::osa_distance(word, &lower);
        if let Some(meant) = self.words.iter().min_by_key(distance).filter(|w| distance(w) <= 2) {
            return write!(f, "; did you mean `{meant}`?");
        }
        let listed: Vec<_> = self.words.iter().take(LISTED).copied().collect();
        let more = if self.words.len() > LISTED { ", …" } else { "" };
        write!(f, "; it is one of `{}`{more}", listed.join("`, `"))
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::{Action, TransactionKind};

    #[test]
    fn an_unknown_word_names_the_word_meant() {
        let read =
            |json: &str| serde_json::from_str::<TransactionKind>(json).map_err(|e| e.to_string());
        assert_eq!(read("\"sign_up\""), Ok(TransactionKind::SignUp));
        for (json, part) in [
            ("\"purchas\"", "`purchas` is not known here; did you mean `purchase`?"),
            ("\"Sign-Up\"", "did you mean `sign_up`?"),
            ("\"nonsense\"", "it is one of `purchase`, `sign_up`,"),
            ("{\"purchase\":null}", "expected a string"),
            ("7", "expected a string"),
        ] {
            let error = read(json).unwrap_err();
            assert!(error.contains(part), "{json}: {error}");
        }
    }

    #[test]
    fn the_schema_lists_the_words() {
        use utoipa::PartialSchema;
        let schema = serde_json::to_value(Action::schema()).unwrap();
        assert_eq!(
            schema["enum"],
            serde_json::json!(["approve", "challenge", "review", "decline"])
        );
    }

    #[test]
    fn words_are_map_keys_too() {
        let map: std::collections::BTreeMap<Action, u8> =
            serde_json::from_str(r#"{"approve":1}"#).unwrap();
        assert_eq!(serde_json::to_string(&map).unwrap(), r#"{"approve":1}"#);
    }
}
