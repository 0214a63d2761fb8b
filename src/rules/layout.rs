//! A rule file in its one layout: each condition in its one spelling, blank lines and line ends tidy.
//!
//! Everything else stays byte for byte: comments, the order of keys, tests, texts of several lines. A
//! condition that holds a comment stays as it is, because the one spelling has no place for it.
//!
//! INVARIANT: the laid out file means what the file means. It is read back to see that; where it
//! does not, the file is left alone.
//!
//! Rejected: a TOML writer; it moves comments and quotes that people chose.

use super::error::{Diagnostics, Source};
use super::expr::Expr;
use super::lexer::lex;
use super::set::RuleSet;
use super::toml_text::TomlText;
use std::ops::Range;
use std::sync::Arc;
use toml::de::{DeTable, DeValue};

/// Longest line of a condition that is not broken, in characters.
const WIDTH: usize = 100;

/// A rule file in its one layout. Laying it out again changes nothing.
///
/// # Errors
/// The file does not load by itself.
pub fn lay_out(source: &Arc<Source>) -> Result<String, Diagnostics> {
    let before = RuleSet::from_sources(std::slice::from_ref(source))?;
    let text = tidy(&with_conditions(source.text()));
    let after = RuleSet::from_sources(&[Source::new(source.name(), text.as_str())]);
    let same = after.is_ok_and(|after| after.source_json() == before.source_json());
    Ok(if same { text } else { source.text().to_owned() })
}

/// The file with every condition in its one spelling.
fn with_conditions(text: &str) -> String {
    let (table, _) = DeTable::parse_recoverable(text);
    let mut places = Vec::new();
    if let Some(DeValue::Array(rules)) = table.get_ref().get("rule").map(|rules| rules.get_ref()) {
        for rule in rules {
            let DeValue::Table(rule) = rule.get_ref() else { continue };
            let Some(when) = rule.get("when") else { continue };
            if let DeValue::String(_) = when.get_ref() {
                places.push(when.span());
            }
        }
    }
    places.sort_by_key(|place| place.start);
    let (mut out, mut copied) = (String::with_capacity(text.len()), 0);
    for place in places {
        let Some(read) = TomlText::read(text, place.clone()) else { continue };
        let Some(written) = condition(&read.text) else { continue };
        out.push_str(text.get(copied..place.start).unwrap_or(""));
        out.push_str(&written);
        copied = place.end;
    }
    out.push_str(text.get(copied..).unwrap_or(""));
    out
}

/// A condition as a TOML string; `None` where it has to stay as it is.
fn condition(inner: &str) -> Option<String> {
    if has_comment(inner) {
        return None;
    }
    let expr = super::check::check(inner).ok()?;
    let line = expr.to_string();
    if line.contains("'''") || line.ends_with('\'') {
        return None;
    }
    if line.chars().count() + "when = ''".len() <= WIDTH && !line.contains('\'') {
        return Some(format!("'{line}'"));
    }
    let lines = match &expr {
        Expr::And(parts) => broken(parts, "&&"),
        Expr::Or(parts) => broken(parts, "||"),
        _ => line,
    };
    Some(format!("'''\n{lines}\n'''"))
}

fn broken(parts: &[Expr], operator: &str) -> String {
    let part = |part: &Expr| match part {
        Expr::And(_) | Expr::Or(_) => format!("({part})"),
        other => other.to_string(),
    };
    parts.iter().map(part).collect::<Vec<_>>().join(&format!("\n  {operator} "))
}

/// True where something that is no token stands between two tokens.
fn has_comment(condition: &str) -> bool {
    let (tokens, _) = lex(condition);
    let mut end = 0;
    tokens.iter().any(|token| {
        let between = condition.get(end..token.span.start).unwrap_or("");
        end = token.span.end;
        !between.trim().is_empty()
    })
}

/// Line ends and blank lines, outside texts of several lines.
fn tidy(text: &str) -> String {
    let (table, _) = DeTable::parse_recoverable(text);
    let mut texts = Vec::new();
    table
        .get_ref()
        .values()
        .for_each(|value| long_texts(value.get_ref(), value.span(), &mut texts));
    let inside = |at: usize| texts.iter().any(|text| text.start < at && at < text.end);
    let (mut out, mut at, mut last) = (String::with_capacity(text.len()), 0, "");
    for line in text.split_inclusive('\n') {
        let (start, end) = (at, at + line.len());
        at = end;
        if inside(start) || inside(end) {
            out.push_str(line);
            last = line;
            continue;
        }
        let (body, newline) = match line.strip_suffix("\r\n") {
            Some(body) => (body, "\r\n"),
            None => (line.strip_suffix('\n').unwrap_or(line), "\n"),
        };
        let body = body.trim_end_matches([' ', '\t']);
        let before_is_blank = last.trim().is_empty();
        if body.is_empty() && before_is_blank {
            continue;
        }
        if body.starts_with('[') && !before_is_blank && !last.starts_with('#') {
            out.push_str(newline);
        }
        out.push_str(body);
        out.push_str(newline);
        last = line;
    }
    while out.ends_with("\n\n") || out.ends_with("\n\r\n") {
        out.truncate(out.trim_end_matches(['\r', '\n']).len());
        out.push('\n');
    }
    out
}

/// The places of texts that go over several lines.
fn long_texts(value: &DeValue<'_>, span: Range<usize>, into: &mut Vec<Range<usize>>) {
    match value {
        DeValue::String(_) => into.push(span),
        DeValue::Array(array) => {
            array.iter().for_each(|item| long_texts(item.get_ref(), item.span(), into));
        }
        DeValue::Table(table) => {
            table.values().for_each(|item| long_texts(item.get_ref(), item.span(), into));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn laid_out(text: &str) -> String {
        lay_out(&Source::new("a.toml", text)).unwrap_or_else(|error| panic!("{error}"))
    }

    /// A file with everything that must stay, laid out.
    #[test]
    fn conditions_change_and_comments_stay() {
        let file = "\n\n# about the group  \n[group]\nowner = \"risk\"   # ours\n[[rule]]\nid = \"a\"   \n\n\n\
            action = \"tag\"\nreason = \"A\"\ntext = \"\"\"\nTwo lines,  \n\n\nkept.\"\"\"\n# why\n\
            when = \"count('card', '24h')>3  &&  (ip.tor)\" # of the condition\n\
            # the second\n[[rule]]\nid = \"b\"\naction = \"tag\"\nreason = \"B\"\ntext = \"B.\"\n\
            when = '''\nip.tor    // a hidden service\n  && ip.vpn\n'''\n\n\n";
        let want = "# about the group\n[group]\nowner = \"risk\"   # ours\n\n[[rule]]\nid = \"a\"\n\n\
            action = \"tag\"\nreason = \"A\"\ntext = \"\"\"\nTwo lines,  \n\n\nkept.\"\"\"\n# why\n\
            when = 'card_tx_count_1d > 3 && ip.tor' # of the condition\n\
            # the second\n[[rule]]\nid = \"b\"\naction = \"tag\"\nreason = \"B\"\ntext = \"B.\"\n\
            when = '''\nip.tor    // a hidden service\n  && ip.vpn\n'''\n";
        assert_eq!(laid_out(file), want);
        assert_eq!(laid_out(want), want);
    }

    #[test]
    fn a_long_condition_is_broken_at_its_operator() {
        let long = "email.domain.endsWith(\"example.com\") || custom.name == \"it's\" || (ip.tor && ip.vpn)";
        let file = |when: &str| {
            format!(
                "[[rule]]\nid = \"a\"\naction = \"tag\"\nreason = \"A\"\ntext = \"A.\"\nwhen = {when}\n"
            )
        };
        let want = file(
            "'''\nemail.domain.endsWith(\"example.com\")\n  || custom.name == \"it's\"\n  || (ip.tor && ip.vpn)\n'''",
        );
        assert_eq!(laid_out(&file(&format!("'''{long}'''"))), want);
        assert_eq!(laid_out(&want), want);
        let quotes = file("'''custom.a == \"'''' || \" && ip.tor'''").replace("''''", "'");
        assert_eq!(laid_out(&laid_out(&quotes)), laid_out(&quotes));
    }

    /// The bundled files mean the same laid out, and are then stable.
    #[test]
    fn laying_out_twice_is_laying_out_once() {
        for source in crate::rules::builtin::packs() {
            let once = lay_out(&source).unwrap();
            assert_eq!(laid_out(&once), once, "{}", source.name());
        }
    }

    #[test]
    fn a_file_that_does_not_load_is_refused() {
        assert!(lay_out(&Source::new("a.toml", "[[rule]]\nid = 3\n")).is_err());
    }
}
