//! Rules: files of conditions, checked at load, evaluated on every record.
//!
//! ```text
//! file ─► lexer ─► parser ─► check ─► RuleSet ─► evaluate(record) ─► hits, unknown, expired
//! ```
//!
//! A set loads whole or not at all, with every mistake named at its place; what has loaded can't
//! fail. A missing fact is unknown, and a rule matches only on true. The language is a typed part of
//! CEL: no loops, no side effects, no arithmetic. `docs/rules.md` describes it.
//!
//! Rejected: the `cel` crate (no checker, so a misspelt field is found in production; doubles for
//! money), rule engines that run a general language (no bound on cost), stopping at the first match
//! (loses the list explanations need).

mod aggregate;
mod ast;
pub mod backtest;
mod builtin;
mod check;
mod compare;
mod compiled;
mod derived;
mod error;
mod eval;
mod explain;
mod expr;
mod file;
mod given;
mod layout;
mod lexer;
mod link;
pub mod lint;
mod parser;
mod pattern;
mod print;
mod problem;
mod radar;
mod rule;
mod set;
mod table;
#[cfg(test)]
mod tests;
mod toml_text;

pub use aggregate::{Aggregate, Measure};
pub use compare::{ChangeKind, Edit, RuleChange, compare};
pub use compiled::Scratch;
pub use derived::{ClockPart, Derived, Zone};
pub use error::{Diagnostic, Diagnostics, Place, Source};
pub use eval::Truth;
pub use explain::{Explanation, explain};
pub use expr::{Comparison, Expr, FieldRef, Listed, Literal, Network, Number, Operand, TextTest};
pub use given::{GivenError, record_from_flat, record_from_json, record_from_transaction};
pub use layout::lay_out;
pub use link::Questions;
pub use pattern::{MAX_PATTERN, MAX_PATTERNS, MAX_SET_PATTERNS, Pattern};
pub use radar::{MAX_RADAR_BYTES, RadarImport, RadarRule, RadarText, import_radar, to_radar};
pub use rule::{Allowed, Canary, CanaryBy, Case, Effect, Hit, Notes, Rule, Written};
pub use set::{CaseResult, Outcome, RuleSet};

/// Largest rule file, in bytes.
pub const MAX_FILE_BYTES: u64 = 1 << 20;
/// Most rule files of a directory.
pub const MAX_FILES: usize = 1_000;
/// Most rules of a set.
pub const MAX_RULES: usize = 5_000;
/// Longest condition, in bytes.
pub const MAX_CONDITION: usize = 16 << 10;
/// Deepest nesting of a condition.
pub const MAX_DEPTH: usize = 64;
/// Most comparisons and tests of a condition.
pub const MAX_TERMS: usize = 256;
/// Most values of a list in a condition.
pub const MAX_LIST: usize = 1_000;
/// Longest sentence of a rule's notes, in characters.
pub const MAX_TEXT: usize = 1_000;
/// Largest move of the log-odds by one rule: from 1 : 1 to 22,000 : 1.
pub const MAX_ADJUST: f64 = 10.0;

/// Most mistakes told at once.
pub const MAX_DIAGNOSTICS: usize = 200;

/// Parses and checks a condition by itself, as `rules eval` does.
///
/// # Errors
/// Everything wrong with it.
pub fn parse(name: &str, text: &str) -> Result<Expr, Diagnostics> {
    let source = Source::new(name, text);
    if text.len() > MAX_CONDITION {
        let problem = problem::Problem::BadText { key: "when", limit: MAX_CONDITION };
        return Err(Diagnostics::new(vec![Diagnostic::new(problem, &source, 0..0)]));
    }
    check::check(text).map_err(|problems| {
        let place = |(problem, span)| Diagnostic::new(problem, &source, span);
        Diagnostics::new(problems.into_iter().map(place).collect())
    })
}
