//! What lint says: a table of what it looks for, and a finding of one of them at its place.
//!
//! A code is stable: it never gets another meaning and is never used again. R3xx follows the codes of
//! mistakes (`R0xx` to `R2xx`), which keep a set from loading; a finding never does.

use crate::features::{Record, Value};
use crate::rules::Place;
use annotate_snippets::{AnnotationKind, Group, Level as Title, Renderer, Snippet};
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The rule does not do what it says.
    Error,
    /// Probably not meant.
    Warning,
    /// Worth knowing.
    Note,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        })
    }
}

macro_rules! checks {
    ($($name:ident $code:literal $severity:ident $finds:literal, $todo:literal;)*) => {
        /// What lint looks for.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Check { $(#[doc = $finds] $name),* }

        impl Check {
            /// Every check, by code.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Its stable code, e.g. `R301`.
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => $code),* }
            }

            /// How much it matters.
            pub fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity),* }
            }

            /// What it finds, in one clause.
            pub fn finds(self) -> &'static str {
                match self { $(Self::$name => $finds),* }
            }

            /// What to do about it.
            pub fn todo(self) -> &'static str {
                match self { $(Self::$name => $todo),* }
            }
        }
    };
}

checks! {
    NeverTrue "R301" Error "a condition no record can make true",
        "change the limits that exclude each other, or remove the rule";
    AlwaysTrue "R302" Error "a condition every record makes true",
        "say what the rule is about, or remove it";
    TrueWhereKnown "R303" Warning "a condition that is true whenever its fields are known",
        "write `has(field)` if that is meant, or change the limits";
    PartNeverTrue "R304" Warning "an alternative no record can make true",
        "change the limits that exclude each other, or remove the alternative";
    Redundant "R305" Warning "a part of a condition that changes nothing",
        "remove the part, or change it to what was meant";
    Duplicate "R306" Warning "two rules of one action with the same meaning",
        "keep one of them";
    Subsumed "R307" Warning "a rule that matches nothing another of the same effect does not match",
        "remove it, or make the other one narrower";
    Unreachable "R308" Warning "a rule that only matches where one of a stronger action matches",
        "remove it, or make the stronger one narrower";
    AllowsBlocked "R309" Warning "an `allow` that lets through what a `block` would refuse",
        "add the exception to one of them, or confirm it with `allow = [\"R309\"]`";
    AllowsUnchecked "R310" Note "an `allow` that lets through what would be reviewed or challenged",
        "make sure that is meant";
    Tie "R311" Note "two kinds of challenge on one transaction, at one priority",
        "give one of them a higher `priority`; at a tie the id decides";
    SilentNegation "R312" Warning "a negated test of a field that may be missing",
        "missing makes it unknown, so the rule does not match: write `default(field, value)` where it should, `has(field) && ..` where it should not";
    Gap "R313" Warning "a small gap between the ranges of two rules that are alike otherwise",
        "close the gap: let one range begin where the other ends";
    Expired "R314" Warning "a rule past its date",
        "remove it, or give it a new date";
    ExpiresSoon "R315" Note "a rule that expires within 14 days",
        "look whether it is still needed";
    NoTest "R316" Warning "a rule without a test",
        "add a case that matches and one that does not";
    NoMatchingTest "R317" Warning "a rule no test of which expects a match",
        "add a case it is for";
    NoOtherTest "R318" Warning "a rule every test of which expects a match",
        "add a case it must leave alone";
    NoOwner "R319" Warning "a rule nobody answers for",
        "write `owner` into the file's `[group]`";
    NoWhat "R320" Note "a rule that does not say what it flags",
        "write `what = \"..\"`";
    NoFalsePositives "R321" Note "a rule that does not say which good buyers it may catch",
        "write `known_false_positives = \"..\"`";
    AllowForever "R322" Warning "an `allow` without a date",
        "write `expires = 2027-03-01`: what was safe once need not stay so";
    AllowAnybody "R323" Warning "an `allow` that no identity or history limits",
        "add who it is for: an account, a card, a device, or the history of one";
    CountryAlone "R324" Warning "a decision by country alone",
        "add what makes it suspicious: where somebody lives is no sign of theft";
    AfterAuthorization "R325" Note "a rule that needs what only the issuer's answer brings",
        "it never matches before authorization; write `default(field, value)` if it should";
    OwnAction "R326" Warning "a rule that reads what we did ourselves",
        "read what issuers, buyers and disputes said: a block proves nothing about the buyer";
    TooManyAlternatives "R328" Note "a condition of more than 64 alternatives, which is evaluated slowly",
        "split it into several rules";
    NotAnalysed "R329" Note "a rule that was not compared, because that would take too long",
        "make the condition simpler; nothing is said about it";
    UnknownAllowed "R330" Error "an `allow` of a code lint does not have",
        "see `vouch rules lint --list`";
    UnneededAllowed "R331" Warning "an `allow` of what is not found",
        "remove the code";
    NewOrAbsent "R332" Warning "a default that takes what is not there for new",
        "write `has(card.fingerprint)`, or another field of what is meant, beside it";
}

impl Check {
    /// The check of a code.
    pub fn by_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|check| check.code() == code)
    }
}

/// The table of checks as it stands in `docs/rules.md`.
pub fn table() -> String {
    let mut page = String::from("| Code | Level | Finds | What to do |\n|---|---|---|---|\n");
    for check in Check::ALL {
        let (code, level) = (check.code(), check.severity());
        let cell = |text: &str| text.replace('|', "\\|");
        let _ = writeln!(
            page,
            "| {code} | {level} | {} | {} |",
            cell(check.finds()),
            cell(check.todo())
        );
    }
    page
}

/// Something found about a rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// What was looked for.
    pub check: Check,
    /// The rule's id.
    pub rule: String,
    /// What was found, in one sentence.
    pub message: String,
    /// Where.
    pub place: Place,
    /// The other rule's place, and what it is.
    pub other: Option<(Place, String)>,
    /// A record that shows it: both rules were evaluated on it.
    pub witness: Option<Record>,
}

impl Finding {
    /// The finding with file, line, caret, the record that shows it, and what to do.
    pub fn render(&self) -> String {
        let title = match self.check.severity() {
            Severity::Error => Title::ERROR,
            Severity::Warning => Title::WARNING,
            Severity::Note => Title::NOTE,
        };
        let mut group =
            Group::with_title(title.primary_title(&*self.message).id(self.check.code()));
        let Place { source, span } = &self.place;
        let mut snippet = Snippet::source(source.text())
            .path(source.name())
            .annotation(AnnotationKind::Primary.span(span.clone()));
        let mut elsewhere = None;
        if let Some((place, label)) = &self.other {
            let note = AnnotationKind::Context.span(place.span.clone()).label(&**label);
            if place.source == *source {
                snippet = snippet.annotation(note);
            } else {
                let other = Snippet::source(place.source.text()).path(place.source.name());
                elsewhere = Some(other.annotation(note));
            }
        }
        group = group.element(snippet).elements(elsewhere);
        let witness = self.witness.as_ref().map(witness_text);
        group = group.elements(witness.as_deref().map(|text| Title::NOTE.message(text)));
        group = group.element(Title::HELP.message(self.check.todo()));
        Renderer::plain().render(&[group])
    }
}

fn witness_text(record: &Record) -> String {
    let mut text = String::from("both match this record:");
    for (name, value) in record.known() {
        let _ = write!(text, "\n{name} = {}", shown(value));
    }
    text
}

fn shown(value: &Value) -> String {
    match value {
        Value::Money(amount) => amount.to_string(),
        value => serde_json::to_string(value).unwrap_or_default(),
    }
}

impl Serialize for Finding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Flat<'a> {
            code: &'static str,
            level: Severity,
            rule: &'a str,
            message: &'a str,
            help: &'static str,
            file: &'a str,
            line: usize,
            column: usize,
            end_line: usize,
            end_column: usize,
            #[serde(skip_serializing_if = "Option::is_none")]
            other: Option<String>,
            #[serde(skip_serializing_if = "Option::is_none")]
            witness: Option<&'a Record>,
        }
        let Place { source, span } = &self.place;
        let (line, column) = source.position(span.start);
        let (end_line, end_column) = source.position(span.end);
        Flat {
            code: self.check.code(),
            level: self.check.severity(),
            rule: &self.rule,
            message: &self.message,
            help: self.check.todo(),
            file: source.name(),
            line,
            column,
            end_line,
            end_column,
            other: self.other.as_ref().map(|(place, _)| place.to_string()),
            witness: self.witness.as_ref(),
        }
        .serialize(serializer)
    }
}

/// How many findings there are of each level.
pub fn count(findings: &[Finding]) -> BTreeMap<Severity, usize> {
    let mut counts = BTreeMap::new();
    for finding in findings {
        *counts.entry(finding.check.severity()).or_default() += 1;
    }
    counts
}
