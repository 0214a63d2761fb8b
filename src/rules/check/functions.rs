//! The functions of the language that stand before their arguments (`has`, `default`, `money`,
//! `timestamp`, `cidr`, `list`), and the tests of a text.

use super::constant::{Constant, currency};
use super::never::never;
use super::{Checker, Side};
use crate::domain::Amount;
use crate::features::Kind;
use crate::lists::ListKind;
use crate::rules::error::nearest;
use crate::rules::expr::{Expr, FieldRef, Listed, Network, Operand, TextTest};
use crate::rules::parser::{Form, Node};
use crate::rules::pattern::{MAX_PATTERN, Pattern, PatternError};
use crate::rules::problem::Problem;
use crate::rules::{Derived, Measure};

const FUNCTIONS: [&str; 12] = [
    "has",
    "default",
    "money",
    "timestamp",
    "cidr",
    "list",
    "size",
    "count",
    "sum",
    "distinct",
    "max",
    "age",
];

impl Checker<'_> {
    /// A function that gives a value.
    pub(super) fn call(&mut self, name: &str, arguments: &[Node], node: &Node) -> Option<Side> {
        match name {
            "default" => self.default(arguments, node),
            "money" => self.money(arguments, node).map(|m| Side::Constant(Constant::Money(m))),
            "timestamp" => self.timestamp(arguments, node),
            "cidr" => self.report(Problem::NetworkOutsideIn, node),
            "list" => self.report(Problem::NamedListOutsideIn, node),
            "size" => {
                let [argument] = self.arguments(arguments, "size(text)", node)?;
                self.text_value(argument, Derived::Size)
            }
            "avg" => self.average(arguments, node),
            _ if Measure::ALL.iter().any(|measure| measure.name() == name) => {
                let (field, kind) = self.aggregate(name, arguments, node)?;
                Some(Side::Typed(Operand::Field(field), kind))
            }
            _ => self.unknown_function(name, arguments, node),
        }
    }

    fn unknown_function<T>(&mut self, name: &str, arguments: &[Node], node: &Node) -> Option<T> {
        let test = TextTest::ALL.into_iter().find(|test| test.name() == name);
        if test.is_some() || name == "matches" {
            let want = written(test);
            return self.report(Problem::Arguments { name: name.to_owned(), want }, node);
        }
        let (given, near) = (name.to_owned(), nearest(name, FUNCTIONS));
        let negated_has = matches!(name, "is_missing" | "isMissing" | "missing" | "is_null");
        let near = if negated_has && arguments.len() == 1 { Some("!has".to_owned()) } else { near };
        self.report(Problem::UnknownFunction { name: given, near, all: FUNCTIONS.to_vec() }, node)
    }

    pub(super) fn arguments<'n, const N: usize>(
        &mut self,
        arguments: &'n [Node],
        want: &'static str,
        node: &Node,
    ) -> Option<&'n [Node; N]> {
        if let Ok(arguments) = arguments.try_into() {
            return Some(arguments);
        }
        let name = want.rsplit_once('(').map_or(want, |(head, _)| head);
        let name = name.rsplit('.').next().unwrap_or(name).to_owned();
        self.report(Problem::Arguments { name, want }, node)
    }

    pub(super) fn has(&mut self, arguments: &[Node], node: &Node) -> Option<Expr> {
        self.terms += 1;
        let [argument] = self.arguments(arguments, "has(field)", node)?;
        self.field_argument("has", argument).map(|(field, _)| Expr::Has(field))
    }

    fn field_argument(
        &mut self,
        name: &'static str,
        node: &Node,
    ) -> Option<(FieldRef, Option<Kind>)> {
        match &node.form {
            Form::Name(parts) => self.field(parts, node),
            Form::Call(call, arguments)
                if Measure::ALL.iter().any(|measure| measure.name() == call) =>
            {
                self.aggregate(call, arguments, node).map(|(field, kind)| (field, Some(kind)))
            }
            Form::Broken => None,
            _ => self.report(Problem::NeedsField { name }, node),
        }
    }

    fn default(&mut self, arguments: &[Node], node: &Node) -> Option<Side> {
        let [field_node, value_node] = self.arguments(arguments, "default(field, value)", node)?;
        let field = self.field_argument("default", field_node);
        let value = self.side(value_node)?;
        let Side::Constant(constant) = value else {
            let place = "the value of `default`";
            return self.report(Problem::NeedsConstant { place }, value_node);
        };
        let (field, kind) = field?;
        let Some(kind) = kind else {
            return Some(Side::Custom(Operand::Default(field, constant.into_literal())));
        };
        let literal = self.coerced(constant, value_node, (kind, field_node), true)?;
        Some(Side::Typed(Operand::Default(field, literal), kind))
    }

    pub(super) fn text_argument<'n>(
        &mut self,
        place: &'static str,
        node: &'n Node,
    ) -> Option<&'n str> {
        match &node.form {
            Form::Text(text) => Some(text),
            Form::Broken => None,
            _ => self.report(Problem::NeedsConstant { place }, node),
        }
    }

    fn money(&mut self, arguments: &[Node], node: &Node) -> Option<Amount> {
        let want = "money(\"100.00\", \"EUR\")";
        let [value_node, currency_node] = self.arguments(arguments, want, node)?;
        let value = match &value_node.form {
            Form::Number(digits) => Some(digits.as_str()),
            _ => self.text_argument("the amount of `money`", value_node),
        };
        let code = self.text_argument("the currency of `money`", currency_node)?;
        let currency = match currency(code) {
            Ok(currency) => currency,
            Err(problem) => return self.report(problem, currency_node),
        };
        match Amount::parse(value?, currency) {
            Ok(amount) => Some(amount),
            Err(error) => {
                self.report(Problem::BadAmount { message: error.to_string() }, value_node)
            }
        }
    }

    fn timestamp(&mut self, arguments: &[Node], node: &Node) -> Option<Side> {
        let [argument] = self.arguments(arguments, "timestamp(\"2026-11-20T10:15:00Z\")", node)?;
        match self.text_argument("the time of `timestamp`", argument)?.parse() {
            Ok(time) => Some(Side::Constant(Constant::Time(time))),
            Err(error) => {
                let message = format!("{error}");
                self.report(Problem::BadTime { message }, argument)
            }
        }
    }

    /// `address in cidr("10.0.0.0/8")`; `nodes` are the two sides of `in`.
    pub(super) fn in_network(
        &mut self,
        side: Option<Side>,
        arguments: &[Node],
        nodes: (&Node, &Node),
    ) -> Option<Expr> {
        let [argument] = self.arguments(arguments, "cidr(\"10.0.0.0/8\")", nodes.1)?;
        let text = self.text_argument("the network of `cidr`", argument)?;
        let Some(network) = Network::parse(text) else {
            let given = text.to_owned();
            return self.report(Problem::BadNetwork { given }, argument);
        };
        match side? {
            Side::Typed(operand, Kind::Ip) | Side::Custom(operand) => {
                Some(Expr::InNetwork(operand, network))
            }
            other => {
                let problem = Problem::Mismatch {
                    left: self.source(nodes.0),
                    left_kind: other.kind_name(),
                    right: self.source(nodes.1),
                    right_kind: "network",
                    fix: None,
                };
                self.report(problem, nodes.0)
            }
        }
    }

    /// `card.bin in list("blocked")`; `nodes` are the two sides of `in`. Whether there is such a list
    /// is asked once the set is read, where lists are known.
    pub(super) fn in_list(
        &mut self,
        side: Option<Side>,
        arguments: &[Node],
        nodes: (&Node, &Node),
    ) -> Option<Expr> {
        let [argument] = self.arguments(arguments, "list(\"name\")", nodes.1)?;
        let name = self.text_argument("the name of a list", argument)?;
        let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
        if name.is_empty() || name.len() > 64 || !name.chars().all(inner) {
            return self.report(Problem::BadListName { given: name.to_owned() }, argument);
        }
        match side? {
            Side::Typed(Operand::Field(FieldRef::Catalogue(field)), kind) => {
                if ListKind::of_field(field).is_none() {
                    let given = self.source(nodes.0);
                    return self.report(Problem::NeverListed { given, kind: kind.name() }, nodes.0);
                }
                Some(Expr::InList(Box::new(Listed::new(FieldRef::Catalogue(field), name))))
            }
            Side::Custom(Operand::Field(field)) => {
                Some(Expr::InList(Box::new(Listed::new(field, name))))
            }
            other => {
                let (given, kind) = (self.source(nodes.0), other.kind_name());
                self.report(Problem::NeverListed { given, kind }, nodes.0)
            }
        }
    }

    /// `x.contains("a")` and its like; `of` are what is tested and the test's name.
    pub(super) fn text_test(
        &mut self,
        of: (&Node, &str),
        arguments: &[Node],
        node: &Node,
    ) -> Option<Expr> {
        self.terms += 1;
        let (target, name) = of;
        let test = TextTest::ALL.into_iter().find(|test| test.name() == name);
        if test.is_none() && name != "matches" {
            return self.unknown_test(name, node);
        }
        let side = self.side(target);
        let [argument] = self.arguments(arguments, written(test), node)?;
        let pattern = self.text_argument("what a text is searched for", argument)?;
        if pattern.is_empty() {
            return self.report(Problem::EmptyPattern, argument);
        }
        let operand = self.text_operand(side?, target)?;
        let Some(test) = test else {
            return self.matches(operand, (target, pattern), argument);
        };
        if let Some(problem) = never(&operand, pattern, Some(test)) {
            return self.report(problem, argument);
        }
        Some(Expr::Text(test, operand, pattern.into()))
    }

    fn unknown_test<T>(&mut self, name: &str, node: &Node) -> Option<T> {
        let mut all: Vec<_> = TextTest::ALL.iter().map(|test| test.name()).collect();
        all.push("matches");
        let near = super::values::meant(name).or_else(|| {
            let values = super::values::NAMES.iter().copied();
            nearest(name, all.iter().copied().chain(values))
        });
        self.report(Problem::UnknownTest { name: name.to_owned(), near, all }, node)
    }

    /// A value that is a text, or a member of `custom` that may be one.
    pub(super) fn text_operand(&mut self, side: Side, node: &Node) -> Option<Operand> {
        match side {
            Side::Typed(operand, Kind::Text | Kind::Word(_)) | Side::Custom(operand) => {
                Some(operand)
            }
            Side::Constant(Constant::Text(text)) => {
                Some(Operand::Literal(Constant::Text(text).into_literal()))
            }
            other => {
                let (given, kind) = (self.source(node), other.kind_name());
                self.report(Problem::NotText { given, kind }, node)
            }
        }
    }

    fn matches(
        &mut self,
        operand: Operand,
        (target, pattern): (&Node, &str),
        argument: &Node,
    ) -> Option<Expr> {
        self.patterns += 1;
        if operand.is_lower() {
            return self.report(Problem::PatternOfLower { given: self.source(target) }, target);
        }
        match Pattern::new(pattern) {
            Ok(pattern) => Some(Expr::Matches(operand, pattern)),
            Err(PatternError::TooLarge) => {
                self.report(Problem::PatternTooLarge { limit: MAX_PATTERN }, argument)
            }
            Err(PatternError::Syntax(message)) => {
                self.report(Problem::BadPattern { message }, argument)
            }
        }
    }
}

/// How a test is written; `matches` where there is none.
fn written(test: Option<TextTest>) -> &'static str {
    match test {
        Some(TextTest::StartsWith) => "x.startsWith(\"a\")",
        Some(TextTest::EndsWith) => "x.endsWith(\"a\")",
        Some(TextTest::Contains) => "x.contains(\"a\")",
        None => "x.matches(\"^a+$\")",
    }
}
