//! Values computed from another one: parts of a time, a text's length, a text in lower case.

use super::{Checker, Side, constant::Constant, never::never};
use crate::features::Kind;
use crate::rules::parser::Node;
use crate::rules::problem::Problem;
use crate::rules::{ClockPart, Derived, Literal, Operand, Zone};

/// The methods that give a value.
pub(super) const NAMES: [&str; 8] = [
    "getFullYear",
    "getMonth",
    "getDate",
    "getDayOfWeek",
    "getHours",
    "getMinutes",
    "size",
    "lowerAscii",
];

/// True for a method that gives a value, false for a test.
pub(super) fn is_value(name: &str) -> bool {
    NAMES.contains(&name)
}

/// The method meant by a word of another language.
pub(super) fn meant(name: &str) -> Option<String> {
    let method = match name.to_ascii_lowercase().as_str() {
        "hour" | "hours" | "gethour" | "hour_of_day" => "getHours",
        "minute" | "minutes" => "getMinutes",
        "weekday" | "day_of_week" | "dayofweek" | "getday" | "getweekday" => "getDayOfWeek",
        "day" | "date" | "getdayofmonth" | "day_of_month" => "getDate",
        "month" => "getMonth",
        "year" | "getyear" => "getFullYear",
        "len" | "length" => "size",
        "lower" | "tolower" | "lowercase" | "tolowercase" => "lowerAscii",
        "regex" | "match" | "like" | "regexmatch" => "matches",
        _ => return None,
    };
    Some(method.to_owned())
}

impl Checker<'_> {
    /// `event_time.getHours("UTC")` and its like; `of` are the value and the method's name.
    pub(super) fn computed(
        &mut self,
        of: (&Node, &str),
        arguments: &[Node],
        node: &Node,
    ) -> Option<Side> {
        let (target, name) = of;
        match (name, ClockPart::ALL.into_iter().find(|part| part.name() == name)) {
            (_, Some(part)) => self.clock(part, target, arguments, node),
            ("size", None) => {
                let [] = self.arguments(arguments, "size(text)", node)?;
                self.text_value(target, Derived::Size)
            }
            _ => {
                let [] = self.arguments(arguments, "x.lowerAscii()", node)?;
                self.text_value(target, Derived::LowerAscii)
            }
        }
    }

    /// A value computed from a text.
    pub(super) fn text_value(&mut self, target: &Node, how: Derived) -> Option<Side> {
        let side = self.side(target)?;
        let operand = self.text_operand(side, target)?;
        let kind = if how == Derived::Size { Kind::Int } else { Kind::Text };
        Some(Side::Typed(Operand::Derived(how, Box::new(operand)), kind))
    }

    fn clock(
        &mut self,
        part: ClockPart,
        target: &Node,
        arguments: &[Node],
        node: &Node,
    ) -> Option<Side> {
        let side = self.side(target);
        if arguments.is_empty() {
            let given = self.source(node).trim_end_matches("()").to_owned();
            return self.report(Problem::NoZone { given }, node);
        }
        let [argument] = self.arguments(arguments, "time.getHours(\"Europe/London\")", node)?;
        let name = self.text_argument("the time zone", argument)?;
        let zone = match Zone::by_name(name) {
            Ok(zone) => zone,
            Err(near) => {
                let given = name.to_owned();
                return self.report(Problem::UnknownZone { given, near }, argument);
            }
        };
        let operand = match side? {
            Side::Typed(operand, Kind::Time) | Side::Custom(operand) => operand,
            Side::Constant(Constant::Time(time)) => Operand::Literal(Literal::Time(time)),
            other => {
                let (given, kind) = (self.source(target), other.kind_name());
                return self.report(Problem::NotATime { given, kind }, target);
            }
        };
        let clock = Derived::Clock(part, zone);
        Some(Side::Typed(Operand::Derived(clock, Box::new(operand)), Kind::Int))
    }

    /// Refuses a constant that a computed value never reaches; `node` is the constant's.
    pub(super) fn reachable(
        &mut self,
        value: &Operand,
        constant: &Operand,
        node: &Node,
    ) -> Option<()> {
        match (value, constant) {
            (
                Operand::Derived(Derived::Clock(part, _), _),
                Operand::Literal(Literal::Number(number)),
            ) => {
                let (least, most) = part.range();
                if number.exact >= least.into() && number.exact <= most.into() {
                    return Some(());
                }
                let problem = Problem::OutsideRange {
                    given: value.to_string(),
                    number: self.source(node),
                    least,
                    most,
                    meaning: part.numbering(),
                };
                self.report(problem, node)
            }
            (value, Operand::Literal(Literal::Text(text))) => match never(value, text, None) {
                Some(problem) => self.report(problem, node),
                None => Some(()),
            },
            _ => Some(()),
        }
    }
}

impl Operand {
    /// True for a text in lower case.
    pub(super) fn is_lower(&self) -> bool {
        matches!(self, Self::Derived(Derived::LowerAscii, _))
    }
}
