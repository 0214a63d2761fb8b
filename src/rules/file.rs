//! A rule file (one group of rules, TOML) to checked rules.
//!
//! ```toml
//! [group]
//! owner = "risk"
//!
//! [[rule]]
//! id = "tor-licence-key"
//! what = "A licence key bought through Tor by an account with no history."
//! action = "review"        # hard_block allow block review challenge adjust tag
//! reason = "TOR"
//! text = "The order came through Tor and the account has no approved payment."
//! when = 'ip.tor && fulfilment.method == "licence_key" && default(account_approved_count_90d, 0) == 0'
//! tests = [{ name = "first order", given = { "ip.tor" = true, "fulfilment.method" = "licence_key" }, expect = "match" }]
//! ```
//!
//! TOML because a literal string keeps its bytes, so that an error points into the condition, and
//! because YAML reads the country `NO` as false. Notes are keys (`what`, `why`, `example`,
//! `known_false_positives`, `references`) rather than comments: a key can't be misspelt unnoticed,
//! and `dump` shows it.

use super::check::check;
use super::error::{Diagnostic, Place, Source};
use super::eval::Truth;
use super::expr::Expr;
use super::given::record_from_flat;
use super::problem::Problem;
use super::rule::{Allowed, Canary, CanaryBy, Case, Effect, Notes, Rule, Written};
use super::table::{Table, Text, to_json};
use super::toml_text::TomlText;
use super::{MAX_ADJUST, MAX_CONDITION, MAX_TEXT};
use crate::domain::{ChallengeKind, RuleAction, RuleMode, Timestamp};
use std::ops::Range;
use std::sync::Arc;
use toml::de::{DeTable, DeValue};

const FILE_KEYS: &[&str] = &["group", "rule"];
const GROUP_KEYS: &[&str] = &["owner"];
const RULE_KEYS: &[&str] = &[
    "id",
    "action",
    "mode",
    "canary",
    "guard",
    "customer_text",
    "priority",
    "reason",
    "text",
    "expires",
    "challenge",
    "adjust",
    "when",
    "tests",
    "what",
    "why",
    "example",
    "known_false_positives",
    "references",
    "allow",
];
const CANARY_KEYS: &[&str] = &["percent", "by"];
const CASE_KEYS: &[&str] = &["name", "given", "expect"];

/// Reads and checks a file. Rules with anything wrong are left out and reported in `found`.
pub(super) fn read(source: &Arc<Source>, found: &mut Vec<Diagnostic>) -> Vec<Rule> {
    let (table, errors) = DeTable::parse_recoverable(source.text());
    let mut reader = Reader { source, found };
    for error in &errors {
        let span = error.span().unwrap_or(0..0);
        reader.report(Problem::Toml { message: error.message().to_owned() }, span);
    }
    if !errors.is_empty() {
        return Vec::new();
    }
    reader.file(table.get_ref())
}

pub(super) struct Reader<'a> {
    source: &'a Arc<Source>,
    found: &'a mut Vec<Diagnostic>,
}

impl Reader<'_> {
    pub(super) fn report(&mut self, problem: Problem, span: Range<usize>) {
        self.found.push(Diagnostic::new(problem, self.source, span));
    }

    fn place(&self, span: Range<usize>) -> Place {
        Place { source: Arc::clone(self.source), span }
    }

    fn file(&mut self, table: &DeTable<'_>) -> Vec<Rule> {
        let file = Table { name: "a rule file", entries: table, span: 0..0 };
        file.only(self, FILE_KEYS);
        let owner = file.table(self, "group", "the table `[group]`").and_then(|group| {
            group.only(self, GROUP_KEYS);
            group.text(self, "owner").map(|owner| owner.value.to_owned())
        });
        let before = self.found.len();
        let rules = file.tables(self, "rule", "a rule");
        if rules.is_empty() && self.found.len() == before {
            let place = format!("`{}`", self.source.name());
            self.report(Problem::NoRules { place }, 0..0);
        }
        rules.iter().filter_map(|rule| self.rule(rule, owner.clone())).collect()
    }

    /// Everything is read before anything is given up, so that all mistakes show at once.
    fn rule(&mut self, table: &Table<'_, '_>, owner: Option<String>) -> Option<Rule> {
        let before = self.found.len();
        table.only(self, RULE_KEYS);
        let id = self.required(table, "id", "\"card-burst\"");
        let id = id.filter(|id| self.unless(is_id(id.value), id, |given| Problem::BadId { given }));
        let reason = self.required(table, "reason", "\"CARD_TESTING\"");
        let reason = reason.filter(|reason| {
            self.unless(is_reason(reason.value), reason, |given| Problem::BadReason { given })
        });
        let text = self.sentence(table, "text");
        if text.is_none() && !table.has("text") {
            let example = "\"One sentence for the analyst.\"";
            self.missing(table, "text", example);
        }
        let effect = self.effect(table);
        let mode = self.choice(table, "mode", RuleMode::WORDS, RuleMode::from_word);
        let canary = self.canary(table, mode);
        let guard = self.guard(table);
        let customer_text = self.sentence(table, "customer_text");
        let when = self.condition(table);
        let expires = self.expires(table);
        let priority = self.priority(table);
        let notes = self.notes(table, owner);
        let tests = table.tables(self, "tests", "a test");
        let tests: Vec<_> = tests.iter().filter_map(|case| self.case(case)).collect();
        let written = self.written(table);
        let (id, when) = (id?, when?);
        if self.found.len() > before {
            return None;
        }
        Some(Rule {
            id: id.value.to_owned(),
            effect: effect?,
            mode: mode.unwrap_or(RuleMode::Live),
            canary,
            guard,
            customer_text,
            priority,
            reason: reason?.value.to_owned(),
            text: text?,
            expires,
            when,
            notes,
            tests,
            place: self.place(id.span),
            written,
        })
    }

    fn written(&mut self, table: &Table<'_, '_>) -> Written {
        let when = table.has("when").then(|| self.place(table.value_span("when")));
        let codes = table.texts(self, "allow", "a list of codes");
        let allowed =
            |code: Text<'_>| Allowed { code: code.value.to_owned(), place: self.place(code.span) };
        Written { when, allow: codes.into_iter().map(allowed).collect() }
    }

    fn unless(&mut self, good: bool, text: &Text<'_>, problem: fn(String) -> Problem) -> bool {
        if !good {
            let given = text.value.chars().take(80).collect();
            self.report(problem(given), text.span.clone());
        }
        good
    }

    fn missing(&mut self, table: &Table<'_, '_>, key: &'static str, example: &'static str) {
        let problem = Problem::MissingKey { key, table: table.name, example };
        self.report(problem, table.span.clone());
    }

    fn required<'t>(
        &mut self,
        table: &Table<'t, '_>,
        key: &'static str,
        example: &'static str,
    ) -> Option<Text<'t>> {
        if !table.has(key) {
            self.missing(table, key, example);
        }
        table.text(self, key)
    }

    /// A text of 1 to [`MAX_TEXT`] characters.
    fn sentence(&mut self, table: &Table<'_, '_>, key: &'static str) -> Option<String> {
        let text = table.text(self, key)?;
        let trimmed = text.value.trim();
        if trimmed.is_empty() || trimmed.chars().count() > MAX_TEXT {
            self.report(Problem::BadText { key, limit: MAX_TEXT }, text.span);
            return None;
        }
        Some(trimmed.to_owned())
    }

    fn choice<T>(
        &mut self,
        table: &Table<'_, '_>,
        key: &'static str,
        words: &'static [&'static str],
        read: fn(&str) -> Option<T>,
    ) -> Option<T> {
        let text = table.text(self, key)?;
        let value = read(text.value);
        if value.is_none() {
            let problem = Problem::UnknownChoice {
                key: key.to_owned(),
                given: text.value.to_owned(),
                near: super::error::nearest(text.value, words.iter().copied()),
                all: words.to_vec(),
            };
            self.report(problem, text.span);
        }
        value
    }

    /// The action with its value, and no value of another action.
    fn effect(&mut self, table: &Table<'_, '_>) -> Option<Effect> {
        if !table.has("action") {
            self.missing(table, "action", "\"review\"");
        }
        let action = self.choice(table, "action", RuleAction::WORDS, RuleAction::from_word);
        let kind = self.choice(table, "challenge", ChallengeKind::WORDS, ChallengeKind::from_word);
        let by = table.number(self, "adjust");
        let action = action?;
        for (key, needed) in [("challenge", RuleAction::Challenge), ("adjust", RuleAction::Adjust)]
        {
            if table.has(key) && action != needed {
                let problem = Problem::NotForAction { key, action: action.word() };
                self.report(problem, table.key_span(key));
            } else if !table.has(key) && action == needed {
                let example = if key == "adjust" { "0.7" } else { "\"three_ds\"" };
                self.report(Problem::NeededForAction { key, example }, table.key_span("action"));
            }
        }
        match action {
            RuleAction::HardBlock => Some(Effect::HardBlock),
            RuleAction::Allow => Some(Effect::Allow),
            RuleAction::Block => Some(Effect::Block),
            RuleAction::Review => Some(Effect::Review),
            RuleAction::Challenge => kind.map(Effect::Challenge),
            RuleAction::Tag => Some(Effect::Tag),
            RuleAction::Adjust => {
                let effect = Effect::adjust(by?);
                if effect.is_none() {
                    let problem = Problem::AdjustRange { limit: MAX_ADJUST };
                    self.report(problem, table.value_span("adjust"));
                }
                effect
            }
        }
    }

    /// `canary = { percent = 5, by = "card" }`, which `mode = "canary"` needs and no other mode takes.
    fn canary(&mut self, table: &Table<'_, '_>, mode: Option<RuleMode>) -> Option<Canary> {
        let is_canary = mode == Some(RuleMode::Canary);
        if is_canary != table.has("canary") {
            let place = if is_canary { table.key_span("mode") } else { table.key_span("canary") };
            self.report(Problem::CanaryMode { is_canary }, place);
        }
        let given = table.table(self, "canary", "the share of a canary")?;
        given.only(self, CANARY_KEYS);
        let percent = given.number(self, "percent");
        let share_bp = percent.and_then(|percent| {
            let share = (percent * 100.0).round();
            (1..=10_000_u16).find(|bp| f64::from(*bp).total_cmp(&share).is_eq())
        });
        if share_bp.is_none() {
            self.report(Problem::CanaryShare, given.value_span("percent"));
        }
        if !given.has("by") {
            self.missing(&given, "by", "\"card\"");
        }
        let by = self.choice(&given, "by", CanaryBy::WORDS, CanaryBy::from_word)?;
        Some(Canary { share_bp: share_bp?, by })
    }

    /// True unless the rule says `guard = false`.
    fn guard(&mut self, table: &Table<'_, '_>) -> bool {
        let Some((value, span)) = table.value("guard") else { return true };
        match value {
            DeValue::Boolean(guard) => return *guard,
            other => {
                let found = super::table::type_name(other);
                let (key, want) = ("guard".to_owned(), "a boolean");
                self.report(Problem::WrongType { key, want, found }, span);
            }
        }
        true
    }

    /// The condition, with every problem moved to its place in the file.
    fn condition(&mut self, table: &Table<'_, '_>) -> Option<Expr> {
        let text = self.required(table, "when", "'ip.tor'")?;
        let source = Arc::clone(self.source);
        let read = TomlText::read(source.text(), text.span.clone());
        let read = read.filter(|read| read.stands_for(text.value));
        let inner = read.as_ref().map_or(text.value, |read| &read.text);
        if inner.len() > MAX_CONDITION {
            let problem = Problem::BadText { key: "when", limit: MAX_CONDITION };
            self.report(problem, text.span);
            return None;
        }
        match check(inner) {
            Ok(expr) => Some(expr),
            Err(problems) => {
                for (problem, span) in problems {
                    let span =
                        read.as_ref().map_or_else(|| text.span.clone(), |read| read.place(span));
                    self.report(problem, span);
                }
                None
            }
        }
    }

    fn expires(&mut self, table: &Table<'_, '_>) -> Option<Timestamp> {
        let (value, span) = table.value("expires")?;
        let given = match value {
            DeValue::Datetime(time) => time.to_string(),
            DeValue::String(text) => text.to_string(),
            other => {
                let problem = Problem::WrongType {
                    key: "expires".to_owned(),
                    want: "a date",
                    found: super::table::type_name(other),
                };
                self.report(problem, span);
                return None;
            }
        };
        let instant = if given.len() == 10 { format!("{given}T00:00:00Z") } else { given.clone() };
        let time = instant.parse().ok();
        if time.is_none() {
            self.report(Problem::BadExpiry { given }, span);
        }
        time
    }

    fn priority(&mut self, table: &Table<'_, '_>) -> i64 {
        const LIMIT: i64 = 1_000_000;
        let Some((value, span)) = table.value("priority") else { return 0 };
        let number = match value {
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix()).ok(),
            _ => None,
        };
        let number = number.filter(|number| (-LIMIT..=LIMIT).contains(number));
        if number.is_none() {
            self.report(Problem::PriorityRange { limit: LIMIT }, span);
        }
        number.unwrap_or(0)
    }

    fn notes(&mut self, table: &Table<'_, '_>, owner: Option<String>) -> Notes {
        Notes {
            what: self.sentence(table, "what"),
            why: self.sentence(table, "why"),
            example: self.sentence(table, "example"),
            known_false_positives: self.sentence(table, "known_false_positives"),
            references: self.sentence(table, "references"),
            owner,
        }
    }

    fn case(&mut self, table: &Table<'_, '_>) -> Option<Case> {
        table.only(self, CASE_KEYS);
        let name = self.required(table, "name", "\"sixth try\"");
        let expect = self.required(table, "expect", "\"match\"").and_then(|_| {
            self.choice(table, "expect", &["match", "no_match", "unknown"], |word| match word {
                "match" => Some(Truth::True),
                "no_match" => Some(Truth::False),
                "unknown" => Some(Truth::Unknown),
                _ => None,
            })
        });
        if !table.has("given") {
            self.missing(table, "given", "{ \"ip.tor\" = true }");
        }
        let given = table.table(self, "given", "the facts of a test")?;
        let given = match record_from_flat(&to_json(given.entries)) {
            Ok(record) => record,
            Err(error) => {
                let span = given.deep_span(error.name());
                self.report(error.into(), span);
                return None;
            }
        };
        let name = name?;
        let place = self.place(name.span);
        Some(Case { name: name.value.to_owned(), given, expect: expect?, place })
    }
}

fn is_id(id: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    id.len() <= 64 && id.chars().all(inner) && !id.is_empty() && !id.starts_with(['-', '_'])
}

fn is_reason(reason: &str) -> bool {
    let inner = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    reason.len() <= 64
        && reason.chars().all(inner)
        && reason.starts_with(|c: char| c.is_ascii_uppercase())
}
