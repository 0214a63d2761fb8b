//! From what is written to what it means: names become field ids, constants get their field's type.
//!
//! Every mistake is reported, not only the first; what is accepted can't fail at run time. Types
//! are strict because a rule that looks right and never fires protects nobody: a misspelt field, a
//! country that does not exist or a number compared with text is refused here, with what was
//! probably meant.

mod constant;
mod functions;
mod history;
mod never;
mod values;

use super::expr::{Comparison, Expr, FieldRef, Literal, Operand};
use super::parser::{Form, Node, Relation, parse};
use super::problem::Problem;
use super::{MAX_PATTERNS, MAX_TERMS, error::nearest};
use crate::domain::Country;
use crate::features::{FIELDS, FieldId, Kind};
use constant::{Constant, coerce};
use std::ops::Range;

/// A problem and its bytes in the condition.
pub(super) type Found = (Problem, Range<usize>);

/// Parses and checks a condition.
///
/// # Errors
/// Everything wrong with it, with byte ranges in `text`.
pub(super) fn check(text: &str) -> Result<Expr, Vec<Found>> {
    let (node, problems) = parse(text);
    let mut checker = Checker { text, problems, terms: 0, patterns: 0 };
    let expr = checker.condition(&node);
    if checker.patterns > MAX_PATTERNS {
        checker.problems.push((Problem::TooManyPatterns { limit: MAX_PATTERNS }, 0..text.len()));
    }
    if checker.terms > MAX_TERMS {
        checker.problems.push((Problem::TooManyTerms { limit: MAX_TERMS }, 0..text.len()));
    }
    match expr {
        Some(expr) if checker.problems.is_empty() => Ok(expr),
        _ => Err(checker.problems),
    }
}

struct Checker<'t> {
    text: &'t str,
    problems: Vec<Found>,
    terms: usize,
    patterns: usize,
}

/// One side of a comparison before the other side is known.
enum Side {
    /// A field or a default, of a type.
    Typed(Operand, Kind),
    /// A member of `custom`: whatever the other side is.
    Custom(Operand),
    /// A constant that takes the other side's type.
    Constant(Constant),
}

impl Side {
    fn kind_name(&self) -> &'static str {
        match self {
            Self::Typed(_, kind) => kind.name(),
            Self::Custom(_) => "custom value",
            Self::Constant(constant) => constant.name(),
        }
    }

    /// The value, a constant by its own type.
    fn into_operand(self) -> Operand {
        match self {
            Self::Typed(operand, _) | Self::Custom(operand) => operand,
            Self::Constant(constant) => Operand::Literal(constant.into_literal()),
        }
    }
}

impl Checker<'_> {
    fn source(&self, node: &Node) -> String {
        let text = self.text.get(node.span.clone()).unwrap_or("");
        text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(80).collect()
    }

    fn report<T>(&mut self, problem: Problem, node: &Node) -> Option<T> {
        self.problems.push((problem, node.span.clone()));
        None
    }

    fn condition(&mut self, node: &Node) -> Option<Expr> {
        match &node.form {
            Form::Broken => None,
            Form::Boolean(value) => Some(Expr::Constant(*value)),
            Form::Not(inner) => self.negated(inner),
            Form::And(parts) => self.joined(parts, Expr::And),
            Form::Or(parts) => self.joined(parts, Expr::Or),
            Form::Relation(Relation::In, left, right) => self.membership(left, right),
            Form::Relation(Relation::Compare(op), left, right) => {
                self.comparison(*op, left, right, node)
            }
            Form::Call(name, arguments) if name == "has" => self.has(arguments, node),
            Form::Method(target, name, arguments) if !values::is_value(name) => {
                self.text_test((target, name), arguments, node)
            }
            _ => self.holds(node),
        }
    }

    /// A boolean field (or default) as a condition of its own.
    fn holds(&mut self, node: &Node) -> Option<Expr> {
        self.terms += 1;
        match self.side(node)? {
            Side::Typed(operand, Kind::Bool) | Side::Custom(operand) => Some(Expr::Holds(operand)),
            other => {
                let (given, kind) = (self.source(node), other.kind_name());
                self.report(Problem::NotACondition { given, kind }, node)
            }
        }
    }

    fn negated(&mut self, inner: &Node) -> Option<Expr> {
        if let Form::Name(_) | Form::Number(_) | Form::Text(_) | Form::List(_) = inner.form {
            self.terms += 1;
            return match self.side(inner)? {
                Side::Typed(operand, Kind::Bool) | Side::Custom(operand) => {
                    Some(Expr::Not(Box::new(Expr::Holds(operand))))
                }
                other => {
                    let (given, kind) = (self.source(inner), other.kind_name());
                    self.report(Problem::NotABoolean { given, kind }, inner)
                }
            };
        }
        Some(Expr::Not(Box::new(self.condition(inner)?)))
    }

    /// Checks every part even when one is wrong; parts of the same kind become one level.
    fn joined(&mut self, parts: &[Node], wrap: fn(Vec<Expr>) -> Expr) -> Option<Expr> {
        let checked: Vec<_> = parts.iter().map(|part| self.condition(part)).collect();
        let is_and = matches!(wrap(Vec::new()), Expr::And(_));
        let mut flat = Vec::with_capacity(checked.len());
        for part in checked {
            match part? {
                Expr::And(inner) if is_and => flat.extend(inner),
                Expr::Or(inner) if !is_and => flat.extend(inner),
                other => flat.push(other),
            }
        }
        Some(wrap(flat))
    }

    /// A value to compare. Conditions are refused: what they compare to is never what was meant.
    fn side(&mut self, node: &Node) -> Option<Side> {
        match &node.form {
            Form::Broken => None,
            Form::Name(parts) => self.field(parts, node).map(|(field, kind)| match kind {
                Some(kind) => Side::Typed(Operand::Field(field), kind),
                None => Side::Custom(Operand::Field(field)),
            }),
            Form::Number(digits) => {
                let number = super::expr::Number::parse(digits);
                match number {
                    Some(number) => Some(Side::Constant(Constant::Number(number))),
                    None => self.report(Problem::BadNumber { given: digits.clone() }, node),
                }
            }
            Form::Text(text) => Some(Side::Constant(Constant::Text(text.as_str().into()))),
            Form::Boolean(value) => Some(Side::Constant(Constant::Boolean(*value))),
            Form::Call(name, arguments) if name != "has" => self.call(name, arguments, node),
            Form::Method(target, name, arguments) if values::is_value(name) => {
                self.computed((target, name), arguments, node)
            }
            Form::List(_) => self.report(Problem::ListOutsideIn, node),
            _ => {
                let given = self.source(node);
                self.report(Problem::NotAValue { given }, node)
            }
        }
    }

    /// A field and its type; `None` for the type of a member of `custom`.
    fn field(&mut self, parts: &[String], node: &Node) -> Option<(FieldRef, Option<Kind>)> {
        if parts.first().is_some_and(|first| first == "custom") {
            return match parts {
                [_, name] if !name.is_empty() => {
                    Some((FieldRef::Custom(name.as_str().into()), None))
                }
                _ => self.report(Problem::BadCustom { given: self.source(node) }, node),
            };
        }
        let name = parts.join(".");
        let Some(id) = FieldId::by_name(&name) else {
            let near =
                unquoted(&name).or_else(|| nearest(&name, FIELDS.iter().map(|field| field.name)));
            return self.report(Problem::UnknownField { name, near }, node);
        };
        Some((FieldRef::Catalogue(id), Some(id.field().kind)))
    }

    fn comparison(
        &mut self,
        op: Comparison,
        left_node: &Node,
        right_node: &Node,
        whole: &Node,
    ) -> Option<Expr> {
        self.terms += 1;
        let (left, right) = (left_node, right_node);
        if let Form::Relation(..) = left.form
            && !self.source(left).starts_with('(')
        {
            self.condition(left);
            return self.report(Problem::Chain, whole);
        }
        if let Some(fix) = self.boolean_fix(op, left, right) {
            let given = self.source(whole);
            self.side(if matches!(left.form, Form::Boolean(_)) { right } else { left });
            return self.report(Problem::ComparedWithBoolean { given, fix }, whole);
        }
        let (left_side, right_side) = (self.side(left), self.side(right));
        let (left_side, right_side) = (left_side?, right_side?);
        let unordered = [(&left_side, left), (&right_side, right)]
            .into_iter()
            .find(|(side, _)| op.needs_order() && !has_order(side))
            .map(|(side, node)| (node, side.kind_name()));
        let (left, right) = self.unify((left_side, left), (right_side, right), op, whole)?;
        if let Some((node, kind)) = unordered {
            return self.report(Problem::NoOrder { given: self.source(node), kind }, node);
        }
        self.reachable(&left, &right, right_node)?;
        self.reachable(&right, &left, left_node)?;
        Some(Expr::Compare(op, left, right))
    }

    /// What to write for a comparison with `true` or `false`.
    fn boolean_fix(&self, op: Comparison, left: &Node, right: &Node) -> Option<String> {
        let (value, other) = match (&left.form, &right.form) {
            (_, Form::Boolean(value)) => (*value, left),
            (Form::Boolean(value), _) => (*value, right),
            _ => return None,
        };
        let positive = match op {
            Comparison::Equal => value,
            Comparison::NotEqual => !value,
            _ => return None,
        };
        let other = self.source(other);
        let simple = !other.contains(' ') || other.starts_with('(');
        Some(match (positive, simple) {
            (true, _) => other,
            (false, true) => format!("!{other}"),
            (false, false) => format!("!({other})"),
        })
    }

    /// Gives both sides one type.
    fn unify(
        &mut self,
        (left, left_node): (Side, &Node),
        (right, right_node): (Side, &Node),
        op: Comparison,
        whole: &Node,
    ) -> Option<(Operand, Operand)> {
        let exact = !op.needs_order();
        let (left_kind, right_kind) = (left.kind_name(), right.kind_name());
        let literal = |constant: Constant| Operand::Literal(constant.into_literal());
        let pair = match (left, right) {
            (Side::Typed(a, kind), Side::Constant(b)) => {
                let b = self.coerced(b, right_node, (kind, left_node), exact)?;
                return Some((a, Operand::Literal(b)));
            }
            (Side::Constant(a), Side::Typed(b, kind)) => {
                let a = self.coerced(a, left_node, (kind, right_node), exact)?;
                return Some((Operand::Literal(a), b));
            }
            (Side::Typed(a, one), Side::Typed(b, other)) => {
                comparable(one, other).then_some((a, b))
            }
            (Side::Constant(a), Side::Constant(b)) => {
                (a.name() == b.name()).then(|| (literal(a), literal(b)))
            }
            (Side::Custom(a), Side::Constant(b)) => Some((a, literal(b))),
            (Side::Constant(a), Side::Custom(b)) => Some((literal(a), b)),
            (Side::Custom(a), Side::Typed(b, _) | Side::Custom(b))
            | (Side::Typed(a, _), Side::Custom(b)) => Some((a, b)),
        };
        if pair.is_none() {
            let (left, right) = (self.source(left_node), self.source(right_node));
            let problem = Problem::Mismatch { left, left_kind, right, right_kind, fix: None };
            return self.report(problem, whole);
        }
        pair
    }

    /// A constant in the type of the field (or default) at `to`, or a problem at the constant.
    fn coerced(
        &mut self,
        constant: Constant,
        node: &Node,
        to: (Kind, &Node),
        exact: bool,
    ) -> Option<Literal> {
        let (field, given) = (self.source(to.1), self.source(node));
        match coerce(constant, to.0, exact, (&field, &given)) {
            Ok(literal) => Some(literal),
            Err(problem) => self.report(problem, node),
        }
    }

    fn membership(&mut self, left: &Node, right: &Node) -> Option<Expr> {
        self.terms += 1;
        let side = self.side(left);
        let values = match &right.form {
            Form::List(values) => values,
            Form::Call(name, arguments) if name == "cidr" => {
                return self.in_network(side, arguments, (left, right));
            }
            Form::Call(name, arguments) if name == "list" => {
                return self.in_list(side, arguments, (left, right));
            }
            Form::Broken => return None,
            _ => {
                let given = self.source(right);
                return self.report(Problem::NeedsList { given }, right);
            }
        };
        if values.is_empty() {
            return self.report(Problem::EmptyList, right);
        }
        let list: Vec<_> =
            values.iter().map(|value| self.member(side.as_ref(), value, left)).collect();
        let list: Vec<Literal> = list.into_iter().collect::<Option<_>>()?;
        let first = list.first().map(std::mem::discriminant);
        if list.iter().any(|literal| Some(std::mem::discriminant(literal)) != first) {
            return self.report(Problem::MixedList, right);
        }
        let operand = side?.into_operand();
        for (literal, node) in list.iter().zip(values) {
            self.reachable(&operand, &Operand::Literal(literal.clone()), node)?;
        }
        Some(Expr::In(operand, list))
    }

    /// One value of a list, of the type of what is looked for.
    fn member(&mut self, side: Option<&Side>, node: &Node, left: &Node) -> Option<Literal> {
        let Side::Constant(constant) = self.side(node)? else {
            return self.report(Problem::NeedsConstant { place: "a value in a list" }, node);
        };
        match side? {
            Side::Typed(_, kind) => self.coerced(constant, node, (*kind, left), true),
            Side::Custom(_) | Side::Constant(_) => Some(constant.into_literal()),
        }
    }
}

/// A word or a country code that lacks its quotes, in quotes.
fn unquoted(name: &str) -> Option<String> {
    let is_word = |field: &crate::features::Field| match field.kind {
        Kind::Word(words) => words.contains(&name),
        _ => false,
    };
    let is_country = name.parse::<Country>().is_ok_and(|country| country.code() == name);
    (is_country || FIELDS.iter().any(is_word)).then(|| format!("\"{name}\""))
}

fn comparable(one: Kind, other: Kind) -> bool {
    use Kind::{Decimal, Float, Int, Text, Word};
    match (one, other) {
        (Int | Decimal | Float, Int | Decimal | Float)
        | (Text, Text | Word(_))
        | (Word(_), Text) => true,
        (Word(a), Word(b)) => a.iter().any(|word| b.contains(word)),
        (a, b) => a == b,
    }
}

fn has_order(side: &Side) -> bool {
    match side {
        Side::Typed(_, kind) => {
            matches!(kind, Kind::Int | Kind::Decimal | Kind::Float | Kind::Money | Kind::Time)
        }
        Side::Custom(_) => true,
        Side::Constant(constant) => {
            matches!(constant, Constant::Number(_) | Constant::Money(_) | Constant::Time(_))
        }
    }
}
