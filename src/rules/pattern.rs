//! Regular expressions of conditions, compiled once at load.
//!
//! The `regex` crate searches in time linear in the text whatever the pattern is: it has no
//! back-references and no look-around, as CEL's own RE2. What can still grow is the compiled pattern
//! (`(a{1000}){1000}` asks for a million states), so its size is limited; compiling stops there.
//! Rejected: a back-tracking engine; one bad pattern and one long text stop a checkout.

use regex::{Regex, RegexBuilder};
use std::sync::Arc;

/// Longest pattern, in bytes.
pub const MAX_PATTERN: usize = 500;
/// Most patterns of one condition.
pub const MAX_PATTERNS: usize = 8;
/// Most patterns of a set.
pub const MAX_SET_PATTERNS: usize = 1_000;
/// Largest compiled pattern, in bytes: a hundred characters of any alphabet fit.
const MAX_COMPILED: usize = 128 << 10;
/// Memory a search may keep between texts, in bytes; it is emptied, not grown, past it.
const MAX_CACHE: usize = 256 << 10;
/// Deepest nesting of groups.
const MAX_NESTING: u32 = 32;

/// A compiled pattern; clones share it and its memory. Two are equal when they are written the same.
#[derive(Debug, Clone)]
pub struct Pattern(Arc<Regex>);

/// Why a text is no pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PatternError {
    /// It is not written as one; what is wrong, in one clause.
    Syntax(String),
    /// Longer than [`MAX_PATTERN`], or too large once compiled.
    TooLarge,
}

impl Pattern {
    /// Compiles a pattern. Cost: bounded by the limits, under a millisecond as a rule.
    pub(super) fn new(text: &str) -> Result<Self, PatternError> {
        if text.len() > MAX_PATTERN {
            return Err(PatternError::TooLarge);
        }
        let compiled = RegexBuilder::new(text)
            .size_limit(MAX_COMPILED)
            .dfa_size_limit(MAX_CACHE)
            .nest_limit(MAX_NESTING)
            .build();
        compiled.map(|regex| Self(Arc::new(regex))).map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => PatternError::TooLarge,
            other => {
                let message = other.to_string();
                let last = message.lines().last().unwrap_or_default();
                PatternError::Syntax(last.trim_start_matches("error: ").to_owned())
            }
        })
    }

    /// The pattern as written.
    pub fn text(&self) -> &str {
        self.0.as_str()
    }

    /// True when it is found anywhere in the text. No allocation once a thread has searched.
    pub fn is_in(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_found_anywhere_unless_anchored() {
        let found = |pattern, text| Pattern::new(pattern).unwrap().is_in(text);
        assert!(found("b+", "abbc") && !found("^b", "abc") && found("(?i)^AB", "abc"));
        assert!(found(r"^[a-zöü0-9.+-]{1,64}@\w+(\.[a-z]{2,})+$", "jörg.müller@example.co.uk"));
        assert!(found("", ""));
    }

    /// Patterns that ask for millions of states end at the limit, not in memory.
    #[test]
    fn bombs_are_refused() {
        for bomb in ["(a{1000}){1000}", r"((\w{100}){100}){100}", r"\w{500}", "(?i)(.{99}){99}"] {
            assert_eq!(Pattern::new(bomb).unwrap_err(), PatternError::TooLarge, "{bomb}");
        }
        assert_eq!(Pattern::new(&"a".repeat(MAX_PATTERN + 1)), Err(PatternError::TooLarge));
        let nested = format!("{}a{}", "(".repeat(100), ")".repeat(100));
        for wrong in ["(", "a{2,1}", r"(a)\1", "(?=a)", "[z-a]", "*", &nested] {
            assert!(matches!(Pattern::new(wrong), Err(PatternError::Syntax(_))), "{wrong}");
        }
    }
}
