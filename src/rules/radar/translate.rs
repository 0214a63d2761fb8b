//! A Radar condition as one of ours, with everything that is not quite the same.

use super::attributes::{Attribute, Attributes, Counted, Kind};
use super::parser::{Condition, Name, Value};
use crate::domain::RuleMode;
use crate::features::{FieldId, Stage};
use crate::rules::aggregate::{Aggregate, minutes};
use crate::rules::check::check;
use crate::rules::problem::Problem;
use crate::rules::{Expr, FieldRef};

/// What a condition came to. With `refused` it is no rule.
pub(super) struct Translated {
    pub when: String,
    pub mode: RuleMode,
    pub refused: Vec<String>,
    pub notes: Vec<String>,
}

/// Translates a condition. All that has no counterpart is told at once.
pub(super) fn translate(condition: &Condition, attributes: &Attributes) -> Translated {
    let mut work = Work::new(attributes);
    let text = work.condition(condition);
    let mut when = "false".to_owned();
    if work.refused.is_empty() && work.off.is_empty() {
        match check(&text) {
            Ok(expr) => {
                work.note_late_fields(&expr);
                for listed in expr.lists() {
                    work.off.push(format!(
                        "list `{0}` has to be made first, as a file `{0}.txt`",
                        listed.list
                    ));
                }
                when = expr.to_string();
            }
            Err(found) => found.into_iter().for_each(|(problem, _)| work.not_accepted(&problem)),
        }
    }
    let mode = match (work.off.is_empty(), work.wider) {
        (false, _) => RuleMode::Off,
        (true, true) => RuleMode::Shadow,
        (true, false) => RuleMode::Live,
    };
    let off = work.off.into_iter().map(|reason| format!("off: {reason}"));
    let mut notes: Vec<String> = off.collect();
    for note in work.notes {
        if !notes.contains(&note) {
            notes.push(note);
        }
    }
    Translated { when, mode, refused: work.refused, notes }
}

struct Work<'a> {
    attributes: &'a Attributes,
    notes: Vec<String>,
    refused: Vec<String>,
    /// Why the rule can't act here.
    off: Vec<String>,
    /// True once a window was taken that is wider than Radar's.
    wider: bool,
}

/// What a name is here.
enum Meaning<'a> {
    /// A value of ours, how Radar compares it, and whether it does so in any case.
    Value { text: String, kind: Option<Kind>, any_case: bool },
    /// A boolean.
    Flag(&'a str),
    /// A word, by its values.
    Word(&'a Attribute),
    /// Told already.
    Unknown,
}

/// A condition that stands where something was told already.
const NOTHING: &str = "false";

impl<'a> Work<'a> {
    fn new(attributes: &'a Attributes) -> Self {
        Self { attributes, notes: vec![], refused: vec![], off: vec![], wider: false }
    }

    fn refuse(&mut self, reason: String) -> String {
        self.refused.push(reason);
        NOTHING.to_owned()
    }

    fn condition(&mut self, condition: &Condition) -> String {
        match condition {
            Condition::And(parts) => self.joined(parts, " && "),
            Condition::Or(parts) => self.joined(parts, " || "),
            Condition::Not(inner) => match &**inner {
                Condition::Missing(name) => self.known(name),
                inner => format!("!({})", self.condition(inner)),
            },
            Condition::Flag(name) => self.flag(name),
            Condition::Missing(name) => format!("!{}", self.known(name)),
            Condition::Compare(name, operator, value) => self.compare(name, operator, value),
            Condition::In(name, values) => self.one_of(name, values),
            Condition::InList(name, list) => match self.meaning(name) {
                Meaning::Value { text, .. } => format!("{text} in list({})", quoted(list)),
                Meaning::Unknown => NOTHING.to_owned(),
                _ => self.refuse(format!("{name} is no value that a list holds")),
            },
            Condition::Includes(name, part) => self.includes(name, part),
            Condition::Like(name, pattern) => self.like(name, pattern),
        }
    }

    fn joined(&mut self, parts: &[Condition], operator: &str) -> String {
        let parts: Vec<String> = parts.iter().map(|part| self.condition(part)).collect();
        format!("({})", parts.join(operator))
    }

    fn one_of(&mut self, name: &Name, values: &[Value]) -> String {
        if let ([_, _, ..], Meaning::Value { text, kind, any_case }) = (values, self.meaning(name))
        {
            let right = |value| self.right(name, (kind, any_case), value);
            return match values.iter().map(right).collect::<Option<Vec<_>>>() {
                Some(list) => format!("{} in [{}]", lowered(&text, any_case), list.join(", ")),
                None => NOTHING.to_owned(),
            };
        }
        let any: Vec<_> = values.iter().map(|value| self.compare(name, "=", value)).collect();
        format!("({})", any.join(" || "))
    }

    fn meaning(&mut self, name: &Name) -> Meaning<'a> {
        let word = match name {
            Name::Meta(key) => return self.metadata(key),
            Name::Attribute(word) => word,
        };
        if let Some(counted) = self.attributes.counted(word) {
            return self.counted(name, &counted);
        }
        let Some(attribute) = self.attributes.get(word) else {
            if let Some(why) = Attributes::lacking(word) {
                self.off.push(format!("{name}: {why}"));
                return Meaning::Unknown;
            }
            let near = self.attributes.near(word);
            let near = near.map(|near| format!("; did you mean `:{near}:`?")).unwrap_or_default();
            self.refused
                .push(format!("{name} is no attribute of Radar's that is listed here{near}"));
            return Meaning::Unknown;
        };
        let note = attribute.note.clone().unwrap_or_default();
        match (&attribute.field, &attribute.when) {
            (None, None) if attribute.values.is_empty() => {
                self.off.push(format!("{name}: {note}"));
                return Meaning::Unknown;
            }
            _ if note.is_empty() => {}
            _ => self.notes.push(format!("{name}: {note}")),
        }
        match (&attribute.field, &attribute.when) {
            (Some(field), _) => Meaning::Value {
                text: field.clone(),
                kind: attribute.kind,
                any_case: attribute.any_case,
            },
            (None, Some(when)) => Meaning::Flag(when),
            (None, None) => Meaning::Word(attribute),
        }
    }

    fn metadata(&mut self, key: &str) -> Meaning<'a> {
        if key.is_empty() || key.contains('`') {
            self.refused.push(format!("`::{key}::` is no name of metadata"));
            return Meaning::Unknown;
        }
        self.notes.push(format!(
            "`::{key}::` is read from the transaction's `custom` member `{key}`: send it there"
        ));
        Meaning::Value { text: format!("custom.`{key}`"), kind: None, any_case: false }
    }

    /// A count over time: as it is kept, or over the next wider window, which is only tried out.
    fn counted(&mut self, name: &Name, counted: &Counted<'_>) -> Meaning<'a> {
        let asked = minutes(counted.window).unwrap_or(0);
        let like = |kept: &&Aggregate| {
            (kept.of.as_str(), kept.entity, kept.filter.as_str())
                == (counted.of, counted.entity, counted.filter)
                && kept.measure.name() == if counted.of.is_empty() { "count" } else { "distinct" }
        };
        let wide_enough =
            Aggregate::all().iter().filter(like).filter(|kept| kept.minutes() >= asked);
        let Some(kept) = wide_enough.min_by_key(|kept| kept.minutes()) else {
            let windows: Vec<_> =
                Aggregate::all().iter().filter(like).map(ToString::to_string).collect();
            let instead = match windows.as_slice() {
                [] => "nothing of the kind is kept".to_owned(),
                some => format!("kept are {}", some.join(", ")),
            };
            self.off.push(format!("history keeps no {} for {name}; {instead}", counted.window));
            return Meaning::Unknown;
        };
        if counted.filter == "blocked" {
            self.notes.push(format!(
                "{name} is `{kept}`: what rules here declined, whichever rule it was"
            ));
        }
        if kept.minutes() == asked {
            let without = match counted.filter {
                "blocked" => "without repeats",
                _ => "without blocks of ours and repeats",
            };
            self.notes.push(format!("{name} is `{kept}`: whole slots of its window, {without}"));
        } else {
            self.wider = true;
            self.notes.push(format!(
                "{name} is kept only as `{kept}`, a wider window: in shadow until its limit is chosen anew"
            ));
        }
        let text = kept.field.field().name.to_owned();
        Meaning::Value { text, kind: Some(Kind::Number), any_case: false }
    }

    fn flag(&mut self, name: &Name) -> String {
        match self.meaning(name) {
            Meaning::Flag(when) => format!("({when})"),
            Meaning::Unknown => NOTHING.to_owned(),
            Meaning::Value { .. } | Meaning::Word(_) => {
                self.refuse(format!("{name} is no boolean: compare it, as in `{name} = 'x'`"))
            }
        }
    }

    /// Whether a value is known.
    fn known(&mut self, name: &Name) -> String {
        match self.meaning(name) {
            Meaning::Value { text, .. } => format!("has({text})"),
            Meaning::Unknown => NOTHING.to_owned(),
            Meaning::Flag(_) | Meaning::Word(_) => {
                self.off.push(format!("whether {name} is missing can't be asked here"));
                NOTHING.to_owned()
            }
        }
    }

    fn compare(&mut self, name: &Name, operator: &str, value: &Value) -> String {
        match self.meaning(name) {
            Meaning::Unknown => {
                if let Value::Name(other) = value {
                    self.meaning(other);
                }
                NOTHING.to_owned()
            }
            Meaning::Flag(when) => self.compare_flag(name, when, operator, value),
            Meaning::Word(attribute) => self.compare_word(name, attribute, operator, value),
            Meaning::Value { text, kind, any_case } => {
                self.compare_value(name, (&text, kind, any_case), operator, value)
            }
        }
    }

    fn compare_flag(&mut self, name: &Name, when: &str, operator: &str, value: &Value) -> String {
        match (operator, value) {
            ("=" | "!=", Value::Boolean(yes)) => {
                self.notes.push(format!("{name} stands by itself: `= true` is left out"));
                let holds = (operator == "=") == *yes;
                if holds { format!("({when})") } else { format!("!({when})") }
            }
            _ => self.refuse(format!("{name} is a boolean: write {name} or `not` {name}")),
        }
    }

    fn compare_word(
        &mut self,
        name: &Name,
        attribute: &Attribute,
        operator: &str,
        value: &Value,
    ) -> String {
        if operator != "=" && operator != "!=" {
            let reason = format!(
                "{name} is a word, which has no order: `{operator}` says nothing; use `=`, `!=` or `IN`"
            );
            return self.refuse(reason);
        }
        let Value::Text(word) = value else {
            return self.refuse(format!("{name} is a word: compare it with a text, like `'x'`"));
        };
        let Some(when) = attribute.values.get(&word.to_ascii_lowercase()) else {
            let known: Vec<_> = attribute.values.keys().map(|word| format!("`{word}`")).collect();
            return self.refuse(format!("{name} is never `'{word}'`, it is {}", known.join(", ")));
        };
        if operator == "=" { format!("({when})") } else { format!("!({when})") }
    }

    fn compare_value(
        &mut self,
        name: &Name,
        (text, kind, any_case): (&str, Option<Kind>, bool),
        operator: &str,
        value: &Value,
    ) -> String {
        let ordered = operator != "=" && operator != "!=";
        let ours = if operator == "=" { "==" } else { operator };
        if let (true, Some(kind)) = (ordered, kind.filter(|kind| *kind != Kind::Number)) {
            let kind = kind.name();
            return self.refuse(format!(
                "{name} is {kind}, which has no order: `{operator}` says nothing"
            ));
        }
        match self.right(name, (kind, any_case), value) {
            Some(right) => format!("{} {ours} {right}", lowered(text, any_case)),
            None => NOTHING.to_owned(),
        }
    }

    /// What a value is compared with; `None` where that was told to be wrong.
    fn right(
        &mut self,
        name: &Name,
        (kind, any_case): (Option<Kind>, bool),
        value: &Value,
    ) -> Option<String> {
        let given = match (value, kind) {
            (Value::Name(other), _) => match self.meaning(other) {
                Meaning::Value { text, .. } => return Some(lowered(&text, any_case)),
                Meaning::Unknown => return None,
                _ => {
                    self.refuse(format!("{name} and {other} never compare"));
                    return None;
                }
            },
            (Value::Number(digits), None) => {
                self.notes.push(format!(
                    "{name} is compared with a number, for which Radar reads its text as one: send the member as a number, a text never matches here"
                ));
                return Some(digits.clone());
            }
            (Value::Number(digits), Some(Kind::Number)) => return Some(digits.clone()),
            (Value::Text(word), Some(Kind::Country)) => {
                return Some(quoted(&word.to_ascii_uppercase()));
            }
            (Value::Text(word), Some(Kind::Text | Kind::Ip) | None) => {
                let word = if any_case { word.to_ascii_lowercase() } else { word.clone() };
                return Some(quoted(&word));
            }
            (Value::Boolean(yes), None) => return Some(quoted(&yes.to_string())),
            (Value::Text(word), Some(Kind::Number)) => format!("'{word}'"),
            (Value::Number(word), _) => word.clone(),
            (Value::Boolean(yes), _) => yes.to_string(),
        };
        let kind = kind.map_or("a value", Kind::name);
        self.refuse(format!("{name} is {kind}, it never compares with `{given}`"));
        None
    }

    fn includes(&mut self, name: &Name, part: &str) -> String {
        match self.meaning(name) {
            Meaning::Value { text, kind: Some(Kind::Ip), .. } => match network(part) {
                Some(network) => {
                    self.notes.push(format!(
                        "{name} INCLUDES '{part}' is read as the network {network}: Radar finds the digits anywhere in the address"
                    ));
                    format!("{text} in cidr(\"{network}\")")
                }
                None => self.refuse(format!("`'{part}'` is not how an address begins")),
            },
            Meaning::Value { text, kind: Some(Kind::Text) | None, any_case } => {
                let part = if any_case { part.to_ascii_lowercase() } else { part.to_owned() };
                format!("{}.contains({})", lowered(&text, any_case), quoted(&part))
            }
            Meaning::Unknown => NOTHING.to_owned(),
            _ => self.refuse(format!("{name} is no text, and only a text includes another")),
        }
    }

    /// `'a%b'`: what it begins with, what it ends with, and that the two do not overlap.
    fn like(&mut self, name: &Name, pattern: &str) -> String {
        let (text, any_case) = match self.meaning(name) {
            Meaning::Value { text, kind: Some(Kind::Text) | None, any_case } => (text, any_case),
            Meaning::Unknown => return NOTHING.to_owned(),
            _ => return self.refuse(format!("{name} is no text, and only a text is like another")),
        };
        let pattern = if any_case { pattern.to_ascii_lowercase() } else { pattern.to_owned() };
        let value = lowered(&text, any_case);
        let parts: Vec<&str> = pattern.split('%').collect();
        let test = |method: &str, part: &str| format!("{value}.{method}({})", quoted(part));
        match parts.as_slice() {
            [whole] => format!("{value} == {}", quoted(whole)),
            ["", ""] => format!("has({text})"),
            [start, ""] => test("startsWith", start),
            ["", end] => test("endsWith", end),
            [start, end] => {
                let least = start.chars().count() + end.chars().count();
                let (start, end) = (test("startsWith", start), test("endsWith", end));
                format!("({start} && {end} && size({text}) >= {least})")
            }
            ["", middle, ""] => test("contains", middle),
            parts => {
                let inner: Vec<String> = parts.iter().map(|part| regex::escape(part)).collect();
                let flag = if any_case { "(?i)" } else { "" };
                format!("{text}.matches({})", quoted(&format!("{flag}^{}$", inner.join(".*"))))
            }
        }
    }

    /// Says which fields are known only after the issuer has answered.
    fn note_late_fields(&mut self, expr: &Expr) {
        for field in expr.fields() {
            let FieldRef::Catalogue(id) = field else { continue };
            if FieldId::field(id).stage == Stage::After {
                self.notes.push(format!(
                    "`{}` is known only once the issuer has answered; in a score asked for before, the rule does not match",
                    id.field().name
                ));
            }
        }
    }

    /// What our checker says of the translation.
    fn not_accepted(&mut self, problem: &Problem) {
        let help = problem.help().map(|help| format!("; {help}")).unwrap_or_default();
        self.refused.push(format!("{}{help}", problem.message()));
    }
}

fn lowered(text: &str, any_case: bool) -> String {
    if any_case { format!("{text}.lowerAscii()") } else { text.to_owned() }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The network of all addresses that begin with one to three numbers: `192.168` is `192.168.0.0/16`.
fn network(part: &str) -> Option<String> {
    let numbers: Vec<u8> =
        part.trim_end_matches('.').split('.').map(|n| n.parse().ok()).collect::<Option<_>>()?;
    let known = numbers.len();
    let mut all = numbers;
    all.resize(4, 0);
    let [a, b, c, d] = <[u8; 4]>::try_from(all).ok()?;
    (1..=4).contains(&known).then(|| format!("{a}.{b}.{c}.{d}/{}", known * 8))
}
