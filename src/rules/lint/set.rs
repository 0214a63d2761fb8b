//! A set of the states one field (or one undivided test) can be in: missing, or one of its values.
//!
//! Every operation is one sweep with an operator on membership, so union, intersection and
//! difference can't disagree with each other.

use super::line::{Line, Scale};
use crate::domain::{Country, Currency};
use crate::features::{FieldId, Kind};
use crate::rules::FieldRef;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// A value that is only equal or not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Token {
    Bool(bool),
    Text(Box<str>),
    Country(Country),
    Currency(Currency),
    /// In canonical form.
    Ip(IpAddr),
}

/// Values listed, or all values but those listed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Values {
    pub(super) listed: BTreeSet<Token>,
    pub(super) except: bool,
    /// How many values there are; `None` where they can't be counted.
    pub(super) of: Option<usize>,
}

impl Values {
    pub(super) fn contains(&self, token: &Token) -> bool {
        self.listed.contains(token) != self.except
    }

    fn combine(&self, other: &Self, op: fn(bool, bool) -> bool) -> Self {
        let except = op(self.except, other.except);
        let named = self.listed.iter().chain(&other.listed);
        let listed = named
            .filter(|token| op(self.contains(token), other.contains(token)) != except)
            .cloned()
            .collect();
        Self { listed, except, of: self.of }
    }

    fn is_empty(&self) -> bool {
        if self.except {
            self.of.is_some_and(|count| self.listed.len() >= count)
        } else {
            self.listed.is_empty()
        }
    }
}

/// A line for each currency named, and whether the money of all others belongs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Purse {
    pub(super) named: BTreeMap<Currency, Line>,
    pub(super) others: bool,
}

impl Purse {
    fn combine(&self, other: &Self, op: fn(bool, bool) -> bool) -> Self {
        let currencies: BTreeSet<_> = self.named.keys().chain(other.named.keys()).collect();
        let joined = |currency: &Currency| self.line(*currency).combine(&other.line(*currency), op);
        let named = currencies.into_iter().map(|currency| (*currency, joined(currency))).collect();
        Self { named, others: op(self.others, other.others) }
    }

    fn line(&self, currency: Currency) -> Line {
        self.named.get(&currency).cloned().unwrap_or_else(|| Line::new(self.others))
    }

    fn is_empty(&self) -> bool {
        !self.others && self.named.values().all(Line::is_empty)
    }
}

/// What an undivided test came to: true, false and unknown as bits 1, 2, 4.
pub(super) type States = u8;
pub(super) const TRUE: States = 1;
pub(super) const FALSE: States = 2;
const ANY_STATE: States = 7;

/// A set of values of one type.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Line(Line),
    Values(Values),
    Purse(Purse),
    States(States),
}

impl Part {
    fn combine(&self, other: &Self, op: fn(bool, bool) -> bool) -> Self {
        match (self, other) {
            (Self::Line(a), Self::Line(b)) => Self::Line(a.combine(b, op)),
            (Self::Values(a), Self::Values(b)) => Self::Values(a.combine(b, op)),
            (Self::Purse(a), Self::Purse(b)) => Self::Purse(a.combine(b, op)),
            (Self::States(a), Self::States(b)) => {
                let bit = |bit: u8| if op(a & bit != 0, b & bit != 0) { bit } else { 0 };
                Self::States(bit(1) | bit(2) | bit(4))
            }
            // INVARIANT: parts of one field are of one type each; see `types`.
            _ => self.clone(),
        }
    }

    fn size(&self) -> usize {
        match self {
            Self::Line(line) => line.size(),
            Self::Values(values) => values.listed.len(),
            Self::Purse(purse) => purse.named.values().map(|line| 1 + line.size()).sum(),
            Self::States(_) => 0,
        }
    }

    fn is_empty(&self) -> bool {
        match self {
            Self::Line(line) => line.is_empty(),
            Self::Values(values) => values.is_empty(),
            Self::Purse(purse) => purse.is_empty(),
            Self::States(states) => *states == 0,
        }
    }
}

/// A set of states of one field: whether missing is one, and a part for each type it can hold.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Set {
    pub(super) missing: bool,
    pub(super) parts: Vec<Part>,
}

impl Set {
    /// Steps one operation on it takes.
    pub(super) fn size(&self) -> usize {
        1 + self.parts.iter().map(Part::size).sum::<usize>()
    }

    pub(super) fn combine(&self, other: &Self, op: fn(bool, bool) -> bool) -> Self {
        #[cfg(test)]
        super::tests::count(self.size() + other.size());
        let parts = self.parts.iter().zip(&other.parts).map(|(a, b)| a.combine(b, op)).collect();
        Self { missing: op(self.missing, other.missing), parts }
    }

    pub(super) fn and(&self, other: &Self) -> Self {
        self.combine(other, |a, b| a && b)
    }

    pub(super) fn or(&self, other: &Self) -> Self {
        self.combine(other, |a, b| a || b)
    }

    pub(super) fn without(&self, other: &Self) -> Self {
        self.combine(other, |a, b| a && !b)
    }

    pub(super) fn is_empty(&self) -> bool {
        !self.missing && self.parts.iter().all(Part::is_empty)
    }
}

/// A type a field can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Line(Scale),
    /// Instants, as milliseconds on a line of whole numbers.
    Time,
    Money,
    Bool,
    Text,
    Word(&'static [&'static str]),
    Country,
    Currency,
    Ip,
}

/// The types a field can hold, in the order of its parts.
pub(super) fn types(field: &FieldRef) -> Vec<Type> {
    let FieldRef::Catalogue(id) = field else {
        return vec![Type::Line(Scale::Whole), Type::Line(Scale::Binary), Type::Text, Type::Bool];
    };
    vec![match id.field().kind {
        Kind::Bool => Type::Bool,
        Kind::Int => Type::Line(Scale::Whole),
        Kind::Decimal => Type::Line(Scale::Exact),
        Kind::Float => Type::Line(Scale::Binary),
        Kind::Money => Type::Money,
        Kind::Text => Type::Text,
        Kind::Word(words) => Type::Word(words),
        Kind::Country => Type::Country,
        Kind::Currency => Type::Currency,
        Kind::Ip => Type::Ip,
        Kind::Time => Type::Time,
    }]
}

impl Type {
    /// No value, or every value.
    pub(super) fn part(self, all: bool) -> Part {
        let values = |of| Part::Values(Values { listed: BTreeSet::new(), except: all, of });
        match self {
            Self::Line(_) | Self::Time => Part::Line(Line::new(all)),
            Self::Money => Part::Purse(Purse { named: BTreeMap::new(), others: all }),
            Self::Bool => values(Some(2)),
            Self::Text | Self::Ip => values(None),
            Self::Word(words) => values(Some(words.len())),
            Self::Country => values(Some(Country::all().count())),
            Self::Currency => values(Some(Currency::all().count())),
        }
    }
}

/// Every state a field can be in. What the catalogue says is never missing is not, and what is
/// counted over a window is not negative.
pub(super) fn everything(field: &FieldRef) -> Set {
    let mut set =
        Set { missing: true, parts: types(field).iter().map(|kind| kind.part(true)).collect() };
    if let FieldRef::Catalogue(id) = field {
        set.missing = can_be_missing(*id);
        if let (Kind::Int, false) = (id.field().kind, id.field().window.is_empty()) {
            set.parts = vec![Part::Line(super::line::from_zero())];
        }
    }
    set
}

/// True unless every transaction has the field.
pub(super) fn can_be_missing(field: FieldId) -> bool {
    field.field().missing != "never"
}

/// Every state of an undivided test.
pub(super) fn any_state() -> Set {
    states(ANY_STATE)
}

pub(super) fn states(states: States) -> Set {
    Set { missing: false, parts: vec![Part::States(states)] }
}
