//! A JSON value that knows its place, so that every refusal names a pointer.
//!
//! Rejected: `serde` structs per processor. They would refuse or silently drop what a processor adds,
//! and their errors name a line of a minified body instead of a member.

use super::IntakeError;
use crate::domain::{Text, TextError, Timestamp};
use serde_json::Value;

/// A value and its JSON pointer.
pub(super) struct Node<'a> {
    value: &'a Value,
    pointer: String,
}

impl<'a> Node<'a> {
    /// The whole message.
    pub(super) fn root(value: &'a Value) -> Self {
        Self { value, pointer: String::new() }
    }

    /// The pointer.
    pub(super) fn pointer(&self) -> String {
        self.pointer.clone()
    }

    /// True for an object.
    pub(super) fn is_object(&self) -> bool {
        self.value.is_object()
    }

    /// A member; `None` when it is absent or null.
    ///
    /// # Errors
    /// This value is no object.
    pub(super) fn get(&self, key: &str) -> Result<Option<Self>, IntakeError> {
        let object = self.value.as_object().ok_or_else(|| self.wrong("an object"))?;
        Ok(object.get(key).filter(|value| !value.is_null()).map(|value| Self {
            value,
            pointer: format!("{}/{}", self.pointer, key.replace('~', "~0").replace('/', "~1")),
        }))
    }

    /// A member that must be there.
    ///
    /// # Errors
    /// This value is no object, or the member is absent or null.
    pub(super) fn need(&self, key: &str) -> Result<Self, IntakeError> {
        self.get(key)?
            .ok_or_else(|| IntakeError::Missing { pointer: format!("{}/{key}", self.pointer) })
    }

    /// The string.
    ///
    /// # Errors
    /// Not a string.
    pub(super) fn str(&self) -> Result<&'a str, IntakeError> {
        self.value.as_str().ok_or_else(|| self.wrong("a string"))
    }

    /// The string as a checked value of the domain.
    ///
    /// # Errors
    /// Not a string, or refused by `keep`.
    pub(super) fn keep<T>(
        &self,
        keep: impl FnOnce(&str) -> Result<T, TextError>,
    ) -> Result<T, IntakeError> {
        keep(self.str()?).map_err(|source| IntakeError::Text { pointer: self.pointer(), source })
    }

    /// The whole number.
    ///
    /// # Errors
    /// Not a number, with a fraction or exponent, or beyond 64 bits.
    pub(super) fn integer(&self) -> Result<i64, IntakeError> {
        self.value.as_i64().ok_or_else(|| self.wrong("a whole number"))
    }

    /// An instant in whole seconds since 1970.
    ///
    /// # Errors
    /// Not a whole number, or outside 1970 to 2200.
    pub(super) fn epoch_seconds(&self) -> Result<Timestamp, IntakeError> {
        let given = self.integer()?;
        let instant = Timestamp::from_millis(given.saturating_mul(1000));
        if instant.millis() == given.saturating_mul(1000) {
            Ok(instant)
        } else {
            Err(IntakeError::Time { pointer: self.pointer(), given })
        }
    }

    /// An error of this place.
    pub(super) fn wrong(&self, expected: &'static str) -> IntakeError {
        IntakeError::WrongType { pointer: self.pointer(), expected }
    }
}

/// An optional member as bounded text.
///
/// # Errors
/// `parent` is no object, the member is no string, or the text does not fit.
pub(super) fn optional_text<const MAX: usize>(
    parent: &Node<'_>,
    key: &str,
) -> Result<Option<Text<MAX>>, IntakeError> {
    parent.get(key)?.map(|node| node.keep(Text::new)).transpose()
}

/// A text of our own that stands for something at `node`.
///
/// # Errors
/// It does not fit.
pub(super) fn constant<const MAX: usize>(
    node: &Node<'_>,
    text: &str,
) -> Result<Text<MAX>, IntakeError> {
    Text::new(text).map_err(|source| IntakeError::Text { pointer: node.pointer(), source })
}
