//! The part of an address behind `?`: a few names, each once.

use super::error::{Code, Failure};
use axum::http::Uri;
use std::collections::BTreeMap;

/// The values by name.
pub(super) struct Asked(BTreeMap<String, String>);

impl Asked {
    /// Reads what stands behind `?`.
    ///
    /// # Errors
    /// A name that is not one of `known`, one that comes twice, or what is not UTF-8.
    pub(super) fn of(uri: &Uri, known: &[&str]) -> Result<Self, Failure> {
        let mut asked = BTreeMap::new();
        for pair in uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let decoded = decoded(name).zip(decoded(value));
            let (name, value) = decoded.ok_or_else(|| wrong("the query is not UTF-8"))?;
            if !known.contains(&name.as_str()) {
                let known = known.join("`, `");
                return Err(wrong(format!("the query knows `{known}`, and nothing else")));
            }
            if asked.insert(name, value).is_some() {
                return Err(wrong("a name of the query comes twice"));
            }
        }
        Ok(Self(asked))
    }

    /// A value; `None` where it is not given.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// A number from `range`, or `default`.
    ///
    /// # Errors
    /// It is none, or outside.
    pub(super) fn number(
        &self,
        name: &str,
        range: std::ops::RangeInclusive<usize>,
        default: usize,
    ) -> Result<usize, Failure> {
        let Some(text) = self.text(name) else { return Ok(default) };
        let number = text.parse().ok().filter(|number| range.contains(number));
        number.ok_or_else(|| {
            let (least, most) = range.into_inner();
            wrong(format!("`{name}` is a whole number from {least} to {most}"))
        })
    }
}

fn wrong(message: impl Into<String>) -> Failure {
    Failure::new(Code::InvalidField, message)
}

/// Without percent signs and with spaces for plus signs; `None` for what is not UTF-8.
pub(super) fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = tail.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        let byte = hex.and_then(|pair| u8::from_str_radix(pair, 16).ok());
        rest = if let (b'%', Some(byte)) = (first, byte) {
            bytes.push(byte);
            tail.get(2..).unwrap_or_default()
        } else {
            bytes.push(if *first == b'+' { b' ' } else { *first });
            tail
        };
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_are_decoded() {
        let asked = |text: &str| {
            let uri: Uri = format!("/v1/x?{text}").parse().unwrap();
            Asked::of(&uri, &["a", "limit"]).map(|asked| {
                (asked.text("a").map(str::to_owned), asked.number("limit", 1..=9, 5).ok())
            })
        };
        assert_eq!(asked("").ok(), Some((None, Some(5))));
        assert_eq!(asked("a=%C3%A9+x%2F&limit=7").ok(), Some((Some("é x/".to_owned()), Some(7))));
        assert_eq!(asked("limit=10").ok(), Some((None, None)));
        assert_eq!(asked("a=%").ok(), Some((Some("%".to_owned()), Some(5))));
        for wrong in ["b=1", "a=1&a=2", "a=%FF"] {
            assert!(asked(wrong).is_err(), "{wrong}");
        }
    }
}
