//! One of our rules as Radar text, where Radar can say it.

use super::attributes::{Attribute, Attributes, Kind};
use super::lexer::{self, Token};
use crate::domain::{ChallengeKind, RuleMode};
use crate::rules::{Comparison, Derived, Effect, Expr, FieldRef, Literal, Operand, Rule, TextTest};

/// A rule in Radar's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RadarText {
    /// `Block if …`.
    pub text: String,
    /// Where Radar's is not quite the same.
    pub notes: Vec<String>,
}

/// The rule in Radar's words.
///
/// # Errors
/// Why Radar can't say it: the action, a field without an attribute, or a form it does not have.
pub fn to_radar(rule: &Rule) -> Result<RadarText, String> {
    let action = match rule.effect {
        Effect::HardBlock | Effect::Block => "Block",
        Effect::Allow => "Allow",
        Effect::Review => "Review",
        Effect::Challenge(ChallengeKind::ThreeDs) => "Request 3D Secure",
        Effect::Challenge(kind) => return Err(format!("Radar asks for no `{kind}`")),
        Effect::Adjust(_) | Effect::Tag => {
            return Err(format!("Radar has no action `{}`", rule.effect.action()));
        }
    };
    if rule.mode != RuleMode::Live {
        return Err(format!("it is not live but `{}`", rule.mode));
    }
    let printer = Printer { attributes: Attributes::known() };
    let condition = printer.condition(&rule.when)?;
    let notes = notes(rule, action, &condition);
    Ok(RadarText { text: format!("{action} if {condition}"), notes })
}

/// Where a printed rule is not quite the same: its action, and attributes that only come near.
fn notes(rule: &Rule, action: &str, condition: &str) -> Vec<String> {
    let mut notes: Vec<String> = Vec::new();
    if rule.effect == Effect::HardBlock {
        let note = "a hard_block here stands before every allow; Radar's Block yields to an Allow";
        notes.push(note.to_owned());
    } else if rule.effect == Effect::Block && rule.guard {
        let note = "a block here spares buyers with a clean history; Radar's Block does not";
        notes.push(note.to_owned());
    }
    let words = action.to_ascii_lowercase();
    let ours = super::action_of(&words).and_then(|(_, ours, _)| super::action_note(ours));
    notes.extend(ours.map(str::to_owned));
    let attributes = Attributes::known();
    let tokens = lexer::lex(condition).map(|(tokens, _)| tokens).unwrap_or_default();
    for token in tokens {
        let Token::Attribute(name) = token else { continue };
        let note = match attributes.get(&name) {
            Some(attribute) => attribute.note.clone(),
            None => attributes.counted(&name).map(|_| COUNTED.to_owned()),
        };
        let note = note.map(|note| format!("`:{name}:`: {note}"));
        notes.extend(note.filter(|note| !notes.contains(note)));
    }
    notes
}

/// How our counts differ from Radar's.
const COUNTED: &str = "ours counts whole slots of its window, without repeats; Radar's buckets reach up to an hour further back";

struct Printer<'a> {
    attributes: &'a Attributes,
}

type Printed = Result<String, String>;

impl Printer<'_> {
    fn condition(&self, expr: &Expr) -> Printed {
        if let Some(printed) = self.named(expr) {
            return Ok(printed);
        }
        match expr {
            Expr::And(parts) => self.joined(parts, " and "),
            Expr::Or(parts) => self.joined(parts, " or "),
            Expr::Not(inner) => match &**inner {
                Expr::Has(field) => Ok(format!("is_missing({})", self.field(field)?.0)),
                inner => Ok(format!("not ({})", self.condition(inner)?)),
            },
            Expr::Has(field) => Ok(format!("not is_missing({})", self.field(field)?.0)),
            Expr::Holds(Operand::Field(field)) => {
                Err(format!("Radar has no attribute for `{field}`"))
            }
            Expr::Compare(op, left, right) => self.compare(*op, left, right),
            Expr::In(operand, list) => {
                let (name, kind) = self.operand(operand)?;
                let values: Vec<String> =
                    list.iter().map(|literal| value(literal, kind)).collect::<Result<_, _>>()?;
                Ok(format!("{name} IN ({})", values.join(", ")))
            }
            Expr::Text(test, operand, pattern) => {
                let (name, _) = self.operand(operand)?;
                if pattern.contains(['%', '\'']) {
                    return Err(format!("Radar has no text `{pattern}`"));
                }
                Ok(match test {
                    TextTest::StartsWith => format!("{name} LIKE '{pattern}%'"),
                    TextTest::EndsWith => format!("{name} LIKE '%{pattern}'"),
                    TextTest::Contains => format!("{name} INCLUDES '{pattern}'"),
                })
            }
            other => Err(format!("Radar has no form for `{other}`")),
        }
    }

    /// Each part that joins others stands in brackets.
    fn joined(&self, parts: &[Expr], operator: &str) -> Printed {
        let part = |part: &Expr| match part {
            Expr::And(_) | Expr::Or(_) if self.named(part).is_none() => {
                Ok(format!("({})", self.condition(part)?))
            }
            other => self.condition(other),
        };
        Ok(parts.iter().map(part).collect::<Result<Vec<_>, _>>()?.join(operator))
    }

    /// A condition that is, word for word, what an attribute or one of its values means.
    fn named(&self, expr: &Expr) -> Option<String> {
        let same = |text: &String| crate::rules::parse("", text).is_ok_and(|known| known == *expr);
        self.attributes.all().find_map(|(name, attribute): (&str, &Attribute)| {
            if attribute.when.as_ref().is_some_and(same) {
                return Some(format!(":{name}:"));
            }
            let word = attribute.values.iter().find(|(_, when)| same(when));
            word.map(|(word, _)| format!(":{name}: = '{word}'"))
        })
    }

    fn compare(&self, op: Comparison, left: &Operand, right: &Operand) -> Printed {
        let (left, right, op) = match left {
            Operand::Literal(_) => (right, left, op.mirrored()),
            _ => (left, right, op),
        };
        let (name, kind) = self.operand(left)?;
        let symbol = if op == Comparison::Equal { "=" } else { op.symbol() };
        let right = match right {
            Operand::Literal(literal) => value(literal, kind)?,
            other => self.operand(other)?.0,
        };
        Ok(format!("{name} {symbol} {right}"))
    }

    fn operand(&self, operand: &Operand) -> Result<(String, Option<Kind>), String> {
        match operand {
            Operand::Field(field) => self.field(field),
            Operand::Derived(Derived::LowerAscii, of) => {
                let (name, kind) = self.operand(of)?;
                let known = self.attributes.get(name.trim_matches(':'));
                match known.filter(|attribute| attribute.any_case) {
                    Some(_) => Ok((name, kind)),
                    None => Err(format!("Radar compares {name} as it is written")),
                }
            }
            other => Err(format!("Radar has no form for `{other}`")),
        }
    }

    fn field(&self, field: &FieldRef) -> Result<(String, Option<Kind>), String> {
        let known = match field {
            FieldRef::Custom(name) if !name.contains("::") => {
                return Ok((format!("::{name}::"), None));
            }
            FieldRef::Custom(_) => None,
            FieldRef::Catalogue(id) => {
                let ours = id.field().name;
                let same = |attribute: &Attribute| attribute.field.as_deref() == Some(ours);
                let named = self.attributes.all().find(|(_, attribute)| same(attribute));
                named
                    .map(|(name, attribute)| (name.to_owned(), attribute.kind))
                    .or_else(|| self.attributes.counting(ours).map(|n| (n, Some(Kind::Number))))
            }
        };
        let (name, kind) = known.ok_or_else(|| format!("Radar has no attribute for `{field}`"))?;
        Ok((format!(":{name}:"), kind))
    }
}

fn value(literal: &Literal, kind: Option<Kind>) -> Printed {
    let text = match literal {
        Literal::Number(number) => return Ok(number.exact.to_string()),
        Literal::Text(text) => text.to_string(),
        Literal::Country(country) => country.code().to_owned(),
        Literal::Ip(address) => address.to_string(),
        Literal::Bool(_) | Literal::Currency(_) | Literal::Time(_) | Literal::Money(_) => {
            return Err(format!("Radar has no value `{literal}`"));
        }
    };
    if kind == Some(Kind::Number) || text.contains('\'') {
        return Err(format!("Radar has no value `{literal}`"));
    }
    Ok(format!("'{text}'"))
}
