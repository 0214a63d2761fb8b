//! What can be wrong with a map, and with a cell read by it.

use crate::domain::excerpt;
use crate::input::near::did_you_mean;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

/// Why a file is no map. The author's fault; found before any row is read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {}", excerpt(&fault.to_string(), usize::MAX))]
pub struct MapError {
    /// Line of the map, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong there.
    pub fault: MapFault,
    /// That line of the map.
    pub text: String,
}

impl MapError {
    /// The message with file, line and caret, as faults of rules are shown.
    pub fn render(&self, path: &str) -> String {
        let rest = self.text.chars().skip(self.column - 1);
        let goes_on = |c: &char| !c.is_whitespace() && !"=,]}".contains(*c);
        let marked = rest.take_while(|c| goes_on(c)).map(char::len_utf8).sum::<usize>();
        let before = self.text.chars().take(self.column - 1).map(char::len_utf8).sum::<usize>();
        let caret = AnnotationKind::Primary.span(before..(before + marked).min(self.text.len()));
        let message = excerpt(&self.fault.to_string(), usize::MAX);
        let line = Snippet::source(&self.text).line_start(self.line).path(path).annotation(caret);
        let group = Group::with_title(Level::ERROR.primary_title(&message)).element(line);
        Renderer::plain().render(&[group])
    }
}

/// What is wrong with a map.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MapFault {
    /// Not TOML.
    #[error("not TOML: {message}")]
    Syntax {
        /// What the parser met.
        message: String,
    },
    /// A key the format does not have.
    #[error("`{key}` is not a key of {of}{}", did_you_mean(near))]
    UnknownKey {
        /// The key.
        key: String,
        /// Where it stands.
        of: &'static str,
        /// Keys that look like it.
        near: Vec<String>,
    },
    /// A key that must be there.
    #[error("{of} needs `{key}`")]
    MissingKey {
        /// The key.
        key: &'static str,
        /// Where it belongs.
        of: &'static str,
    },
    /// A value of another type.
    #[error("`{key}` must be {expected}")]
    WrongType {
        /// Its key.
        key: String,
        /// What it must be.
        expected: &'static str,
    },
    /// A field a transaction does not have.
    #[error("`{name}` is not a field of a transaction{}", did_you_mean(near))]
    UnknownField {
        /// The name.
        name: String,
        /// Fields that look like it.
        near: Vec<String>,
    },
    /// A field every transaction must have.
    #[error("no column or constant for `{field}`, which every transaction needs")]
    NeededField {
        /// The field.
        field: &'static str,
    },
    /// Half an amount.
    #[error("`amount.value` and `amount.currency` go together: `{field}` is missing")]
    HalfAmount {
        /// The missing half.
        field: &'static str,
    },
    /// A source without an origin, or with two.
    #[error("`{field}` needs exactly one of `column`, `constant` and `row`")]
    Origin {
        /// The field.
        field: String,
    },
    /// A word after `as` that is none.
    #[error(
        "`{given}` is no way to read a cell{}; it is one of {known} or a pattern like `%m/%d/%Y %H:%M`",
        did_you_mean(near)
    )]
    UnknownReading {
        /// The word.
        given: String,
        /// Words that look like it.
        near: Vec<String>,
        /// Every word.
        known: String,
    },
    /// A reading that does not give what the field holds.
    #[error("`{field}` can not be read as `{reading}`")]
    UnsuitedReading {
        /// The field.
        field: String,
        /// The reading.
        reading: String,
    },
    /// A constant the field can not hold.
    #[error("`{field}`: {cause}")]
    Constant {
        /// The field.
        field: String,
        /// Why not.
        cause: CellError,
    },
    /// A label that is none.
    #[error("`{given}` is no label{}; it is one of {known} or `none`", did_you_mean(near))]
    UnknownLabel {
        /// The word.
        given: String,
        /// Labels that look like it.
        near: Vec<String>,
        /// Every label.
        known: String,
    },
    /// A label that does not say when it was known, or says it twice.
    #[error(
        "a label needs exactly one of `known_at` and `delay`: what was not yet known must not be learnt from"
    )]
    LabelTime,
    /// A delay that is none.
    #[error("`{given}` is no delay; write it like `7d` or `12h`")]
    Delay {
        /// The text.
        given: String,
    },
}

/// Why the text of a cell is not what its field holds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CellError {
    /// Not UTF-8.
    #[error("is not UTF-8")]
    NotUtf8,
    /// No number, or one beyond 64 bits.
    #[error("`{given}` is not a number")]
    NoNumber {
        /// The start of the cell.
        given: String,
    },
    /// Neither true nor false.
    #[error("`{given}` is neither true nor false")]
    NoBoolean {
        /// The start of the cell.
        given: String,
    },
    /// No time of the expected form.
    #[error("`{given}` is not a time ({expected})")]
    NoTime {
        /// The start of the cell.
        given: String,
        /// The form.
        expected: String,
    },
    /// A time outside the supported range.
    #[error("`{given}` is outside 1970-01-01 to 2200-01-01")]
    TimeOutOfRange {
        /// The start of the cell.
        given: String,
    },
    /// No address as one number.
    #[error("`{given}` is not an IPv4 address as a decimal number")]
    NoDecimalIp {
        /// The start of the cell.
        given: String,
    },
    /// No country.
    #[error("`{given}` is not a country's name or code")]
    UnknownCountry {
        /// The start of the cell.
        given: String,
    },
    /// Not among the map's `values`.
    #[error("`{given}` is not among the map's `values`")]
    Unlisted {
        /// The start of the cell.
        given: String,
    },
    /// The field refuses it.
    #[error("{message}")]
    Refused {
        /// Why.
        message: String,
    },
}
