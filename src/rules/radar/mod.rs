//! Rules written for Stripe Radar: read once, written as a rule file of ours.
//!
//! ```text
//! text ─► statements ─► tokens ─► condition ─► our condition as text ─► checked as any other
//! ```
//!
//! Every rule ends in one of four ways, each with its notes: as it was; in shadow, where a window of
//! time is kept only wider; off with its text kept, where something has no counterpart here; refused,
//! where Radar itself would refuse it. What an attribute means here is data (`data/radar.toml`).
//!
//! Rejected: a second language at run time; two dialects with two meanings of a missing value.

mod attributes;
mod lexer;
mod parser;
mod print;
#[cfg(test)]
mod tests;
mod translate;

use super::{MAX_FILE_BYTES, MAX_RULES, RuleSet, Source};
use crate::domain::RuleMode;
use attributes::Attributes;
use serde::Serialize;
use std::fmt::Write as _;
use translate::{Translated, translate};

pub use print::{RadarText, to_radar};

/// Longest text that is read, in bytes.
pub const MAX_RADAR_BYTES: usize = 1 << 20;

/// What became of a text of Radar rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RadarImport {
    /// The rule file; without a rule where all were refused.
    pub file: String,
    /// Every statement, in order.
    pub rules: Vec<RadarRule>,
}

/// What became of one statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RadarRule {
    /// Its first line, from 1.
    pub line: usize,
    /// The statement on one line.
    pub text: String,
    /// The id of the rule it became; none where it was refused.
    pub id: Option<String>,
    /// Whether that rule acts.
    pub mode: RuleMode,
    /// Its condition.
    pub when: Option<String>,
    /// Why it was refused; with any, there is no rule.
    pub refused: Vec<String>,
    /// Where ours is not quite the same, and what was not written as Radar wants it.
    pub warnings: Vec<String>,
}

impl RadarImport {
    /// True where a statement was refused.
    pub fn has_refusals(&self) -> bool {
        self.rules.iter().any(|rule| !rule.refused.is_empty())
    }
}

/// What an action of Radar's is here, where the two differ.
fn action_note(action: &str) -> Option<&'static str> {
    if action.contains("challenge") {
        Some(
            "Radar asks for 3-D Secure beside whatever else it decides; here a challenge is one of the actions, and a block, an allow or a review by another rule comes before it",
        )
    } else if action.contains("review") {
        Some(
            "Radar lets a payment under review through; here it waits for a person, and so does the delivery",
        )
    } else {
        None
    }
}

/// A statement before it is read.
struct Statement {
    line: usize,
    text: String,
}

/// The words a statement begins with, and the action it takes.
const ACTIONS: &[(&str, &str, &str)] = &[
    ("request 3d secure", "action = \"challenge\"\nchallenge = \"three_ds\"", "REQUEST_3DS"),
    ("request 3ds", "action = \"challenge\"\nchallenge = \"three_ds\"", "REQUEST_3DS"),
    ("manual review", "action = \"review\"", "REVIEW"),
    ("review", "action = \"review\"", "REVIEW"),
    ("block", "action = \"block\"", "BLOCK"),
    ("allow", "action = \"allow\"", "ALLOW"),
];

/// Reads rules written for Radar, one statement after another. A statement begins with its action on
/// a line of its own and may go over several lines; `#` and `//` begin a comment.
pub fn import_radar(text: &str) -> RadarImport {
    let attributes = Attributes::known();
    let mut file = String::from(
        "# From rules written for Stripe Radar, by `vouch rules import-radar`. A note above a rule says where\n\
         # it differs: read it before the rule acts.\n\
         # A block spares buyers with a clean history, which Radar's does not; `guard = false` ends that.\n",
    );
    let (mut rules, mut imported) = (Vec::new(), 0);
    for statement in statements(text) {
        let mut rule = read(&statement, rules.len() + 1, attributes);
        let mut written = String::new();
        write_rule(&rule, &mut written);
        let faults = if rule.id.is_some() { faults(&written, (&file, imported)) } else { vec![] };
        if faults.is_empty() {
            imported += usize::from(rule.id.is_some());
        } else {
            rule =
                RadarRule { id: None, when: None, mode: RuleMode::Live, refused: faults, ..rule };
            written.clear();
            write_rule(&rule, &mut written);
        }
        file.push_str(&written);
        rules.push(rule);
    }
    RadarImport { file, rules }
}

/// Why a rule can't be loaded beside those before it: its own diagnostics, or a limit of files and sets.
fn faults(rule: &str, (before, imported): (&str, usize)) -> Vec<String> {
    if imported == MAX_RULES {
        return vec![format!("a set has at most {MAX_RULES} rules, and so many came before")];
    }
    let bytes = (before.len() + rule.len()) as u64;
    if bytes > MAX_FILE_BYTES {
        return vec![format!(
            "a rule file has at most {MAX_FILE_BYTES} bytes, with it it had {bytes}"
        )];
    }
    let Err(found) = RuleSet::from_sources(&[Source::new("the import", rule)]) else {
        return Vec::new();
    };
    let fault = |fault: &super::Diagnostic| {
        let help = fault.help().map(|help| format!("; {help}")).unwrap_or_default();
        format!("{}{help}", fault.message())
    };
    found.all().iter().map(fault).collect()
}

fn statements(text: &str) -> Vec<Statement> {
    let mut found: Vec<Statement> = Vec::new();
    let mut open = false;
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') || line.starts_with("//") {
            open &= !line.is_empty();
            continue;
        }
        match found.last_mut().filter(|_| open && action_of(line).is_none()) {
            Some(last) => {
                last.text.push(' ');
                last.text.push_str(line);
            }
            None => found.push(Statement { line: number + 1, text: line.to_owned() }),
        }
        open = true;
    }
    found
}

/// The action a line begins with: its words, what it is here, and its code.
fn action_of(line: &str) -> Option<&'static (&'static str, &'static str, &'static str)> {
    let lower = line.to_ascii_lowercase();
    ACTIONS.iter().find(|(words, ..)| {
        lower.strip_prefix(words).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    })
}

fn read(statement: &Statement, number: usize, attributes: &Attributes) -> RadarRule {
    let text = statement.text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut rule = RadarRule {
        line: statement.line,
        text,
        id: None,
        mode: RuleMode::Live,
        when: None,
        refused: Vec::new(),
        warnings: Vec::new(),
    };
    if rule.text.contains(char::REPLACEMENT_CHARACTER) {
        rule.refused.push("the text is not UTF-8".to_owned());
        return rule;
    }
    let Some((words, action, _)) = action_of(&rule.text) else {
        let wanted =
            "a rule begins with `Block if`, `Allow if`, `Review if` or `Request 3D Secure if`";
        rule.refused.push(wanted.to_owned());
        return rule;
    };
    rule.warnings.extend(action_note(action).map(str::to_owned));
    if matches!(*words, "manual review" | "request 3ds") {
        let meant = if *words == "manual review" { "Review if" } else { "Request 3D Secure if" };
        rule.warnings.push(format!("`{words}` is read as `{meant}`"));
    }
    let rest = rule.text.get(words.len()..).unwrap_or("").trim_start();
    let condition = match rest.get(..2) {
        Some(word) if word.eq_ignore_ascii_case("if") => rest.get(2..).unwrap_or(""),
        _ => {
            rule.refused.push(format!("`if` is missing after `{words}`"));
            return rule;
        }
    };
    let parsed = lexer::lex(condition).and_then(|(tokens, warnings)| {
        rule.warnings.extend(warnings);
        parser::parse(tokens)
    });
    match parsed {
        Err(reason) => rule.refused.push(reason),
        Ok((condition, warnings)) => {
            rule.warnings.extend(warnings);
            let Translated { when, mode, refused, notes } = translate(&condition, attributes);
            rule.warnings.extend(notes);
            rule.refused.extend(refused);
            if rule.refused.is_empty() {
                (rule.id, rule.mode, rule.when) =
                    (Some(format!("radar-{number}")), mode, Some(when));
            }
        }
    }
    rule
}

/// Adds the rule to the file; a refused one as a comment.
fn write_rule(rule: &RadarRule, file: &mut String) {
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let (Some(id), Some(when)) = (&rule.id, &rule.when) else {
        let _ = write!(file, "\n# Refused: {}\n", rule.text);
        rule.refused.iter().for_each(|reason| {
            let _ = writeln!(file, "#   {reason}");
        });
        return;
    };
    let Some((_, action, code)) = action_of(&rule.text) else { return };
    file.push('\n');
    for warning in &rule.warnings {
        let _ = writeln!(file, "# note: {warning}");
    }
    let kept: String = format!("Radar: {}", rule.text).chars().take(super::MAX_TEXT).collect();
    let _ = writeln!(file, "[[rule]]\nid = \"{id}\"\n{action}\nreason = \"RADAR_{code}\"");
    if rule.mode != RuleMode::Live {
        let _ = writeln!(file, "mode = \"{}\"", rule.mode);
    }
    let when = if when.contains('\'') { quoted(when) } else { format!("'{when}'") };
    let _ = writeln!(file, "text = {}\nwhen = {when}", quoted(&kept));
}
