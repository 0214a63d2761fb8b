//! A checked condition: every name resolved, every constant of the type it is compared with.
//!
//! Nothing in it can go wrong at run time, and all names are field ids, so that an evaluator (the
//! tree walk of [`super::eval`], or a compiler) needs no table and returns no error.

use super::derived::Derived;
use super::pattern::Pattern;
use crate::domain::{Amount, Country, Currency, Timestamp};
use crate::features::{FieldId, Record, Value};
use rust_decimal::Decimal;
use std::collections::BTreeSet;
use std::net::IpAddr;

/// A condition over one record.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// Always the same.
    Constant(bool),
    /// The other way round; unknown stays unknown.
    Not(Box<Expr>),
    /// All of two or more.
    And(Vec<Expr>),
    /// Any of two or more.
    Or(Vec<Expr>),
    /// A boolean field by itself.
    Holds(Operand),
    /// Whether a field is known: never unknown itself.
    Has(FieldRef),
    /// Two values compared.
    Compare(Comparison, Operand, Operand),
    /// A value in a list of constants of its type, which is never empty.
    In(Operand, Vec<Literal>),
    /// An address in a network.
    InNetwork(Operand, Network),
    /// A field's value on a named list: asked when the record is made, read from it here.
    InList(Box<Listed>),
    /// A part of a text; the pattern is never empty.
    Text(TextTest, Operand, Box<str>),
    /// A regular expression found in a text.
    Matches(Operand, Pattern),
}

/// A question about a list.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed {
    /// The field whose value is looked for.
    pub field: FieldRef,
    /// The list's name.
    pub list: Box<str>,
    /// The whole question in its one spelling: under it the record has the answer.
    question: Box<str>,
}

impl Listed {
    /// A question.
    pub fn new(field: FieldRef, list: &str) -> Self {
        let question = format!("{field} in list(\"{list}\")").into();
        Self { field, list: list.into(), question }
    }

    /// `card.bin in list("blocked")`.
    pub fn question(&self) -> &str {
        &self.question
    }
}

/// A field of the catalogue, or one of the merchant's own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum FieldRef {
    /// A slot of the record.
    Catalogue(FieldId),
    /// A member of `custom`, by its name without the prefix. Its type shows at run time; a value
    /// of another type than the condition needs counts as unknown.
    Custom(Box<str>),
}

impl FieldRef {
    /// The field's value.
    pub fn value<'r>(&self, record: &'r Record) -> &'r Value {
        match self {
            Self::Catalogue(id) => record.get(*id),
            Self::Custom(name) => record.custom(name),
        }
    }
}

/// One side of a comparison.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    /// A field; missing makes the comparison unknown.
    Field(FieldRef),
    /// A field with a constant in its place while it is missing.
    Default(FieldRef, Literal),
    /// A constant.
    Literal(Literal),
    /// A value computed from another; missing where that is.
    Derived(Derived, Box<Operand>),
}

/// A constant.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// See [`Value::Bool`].
    Bool(bool),
    /// Any number.
    Number(Number),
    /// A text or a word.
    Text(Box<str>),
    /// See [`Value::Country`].
    Country(Country),
    /// See [`Value::Currency`].
    Currency(Currency),
    /// See [`Value::Ip`].
    Ip(IpAddr),
    /// See [`Value::Time`].
    Time(Timestamp),
    /// See [`Value::Money`].
    Money(Amount),
}

/// A number as written: exact, and the binary float nearest to it for fields that are one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Number {
    /// The number, without trailing zeros.
    pub exact: Decimal,
    /// The nearest `f64`.
    pub float: f64,
}

impl Number {
    /// Reads digits with at most one point and a sign; `None` beyond 28 digits.
    pub fn parse(text: &str) -> Option<Self> {
        let exact = Decimal::from_str_exact(text).ok()?.normalize();
        Some(Self { exact, float: text.parse().ok()? })
    }
}

/// How two values compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl Comparison {
    /// Every comparison.
    pub const ALL: [Self; 6] = [
        Self::Equal,
        Self::NotEqual,
        Self::Less,
        Self::LessOrEqual,
        Self::Greater,
        Self::GreaterOrEqual,
    ];

    /// The operator.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }

    /// The comparison of an operator.
    pub fn from_symbol(symbol: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|comparison| comparison.symbol() == symbol)
    }

    /// The comparison with its sides exchanged.
    #[must_use]
    pub fn mirrored(self) -> Self {
        match self {
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::Greater => Self::Less,
            Self::GreaterOrEqual => Self::LessOrEqual,
            symmetric => symmetric,
        }
    }

    /// True for those that need an order: all but `==` and `!=`.
    pub fn needs_order(self) -> bool {
        !matches!(self, Self::Equal | Self::NotEqual)
    }
}

/// What is asked about a part of a text, byte for byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextTest {
    /// `startsWith`
    StartsWith,
    /// `endsWith`
    EndsWith,
    /// `contains`
    Contains,
}

impl TextTest {
    /// Every test.
    pub const ALL: [Self; 3] = [Self::StartsWith, Self::EndsWith, Self::Contains];

    /// Its name, as in CEL.
    pub fn name(self) -> &'static str {
        match self {
            Self::StartsWith => "startsWith",
            Self::EndsWith => "endsWith",
            Self::Contains => "contains",
        }
    }
}

/// A block of addresses: those whose first `prefix` bits are those of `first`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    first: IpAddr,
    prefix: u8,
}

impl Network {
    /// Reads `10.0.0.0/8` or `2001:db8::/32`; `::ffff:10.0.0.0/104` is the first of these. `None` for a
    /// prefix too long, or with bits set behind the prefix: `10.1.2.3/8` leaves open which of the two
    /// is meant.
    pub fn parse(text: &str) -> Option<Self> {
        let (first, prefix) = text.split_once('/')?;
        let network = Self { first: first.parse().ok()?, prefix: prefix.parse().ok()? };
        let width = if network.first.is_ipv4() { 32 } else { 128 };
        let plain = prefix == network.prefix.to_string() && network.prefix <= width;
        let whole = plain && network.masked(network.first) == bits(network.first);
        whole.then(|| network.canonical())
    }

    /// A network of IPv4 addresses written as IPv6 is the IPv4 network.
    fn canonical(self) -> Self {
        match (self.first.to_canonical(), self.prefix.checked_sub(96)) {
            (first @ IpAddr::V4(_), Some(prefix)) if self.first.is_ipv6() => Self { first, prefix },
            _ => self,
        }
    }

    /// True when the address lies in the block. An IPv4 address written as IPv6
    /// (`::ffff:192.0.2.1`) is the IPv4 address, which lies in no IPv6 network.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.first.is_ipv4() && self.masked(address) == bits(self.first)
    }

    fn masked(self, address: IpAddr) -> u128 {
        let mask = u128::MAX.checked_shl(128 - u32::from(self.prefix)).unwrap_or(0);
        bits(address) & mask
    }
}

/// The address's bits, IPv4 in the upper 32.
fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => u128::from(v4.to_bits()) << 96,
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

impl std::fmt::Display for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.first, self.prefix)
    }
}

impl Expr {
    /// Every field the condition reads.
    pub fn fields(&self) -> BTreeSet<FieldRef> {
        let mut fields = BTreeSet::new();
        self.collect(&mut fields);
        fields
    }

    /// How many regular expressions it has.
    pub fn patterns(&self) -> usize {
        match self {
            Self::Matches(..) => 1,
            Self::Not(inner) => inner.patterns(),
            Self::And(parts) | Self::Or(parts) => parts.iter().map(Self::patterns).sum(),
            _ => 0,
        }
    }

    /// Every question it asks about a list.
    pub fn lists(&self) -> Vec<&Listed> {
        match self {
            Self::InList(listed) => vec![listed],
            Self::Not(inner) => inner.lists(),
            Self::And(parts) | Self::Or(parts) => parts.iter().flat_map(Self::lists).collect(),
            _ => Vec::new(),
        }
    }

    fn collect(&self, into: &mut BTreeSet<FieldRef>) {
        match self {
            Self::Constant(_) => {}
            Self::Not(inner) => inner.collect(into),
            Self::And(all) | Self::Or(all) => all.iter().for_each(|part| part.collect(into)),
            Self::Has(field) => {
                into.insert(field.clone());
            }
            Self::Holds(x)
            | Self::In(x, _)
            | Self::InNetwork(x, _)
            | Self::Text(_, x, _)
            | Self::Matches(x, _) => {
                into.extend(x.field().cloned());
            }
            Self::InList(listed) => {
                into.insert(listed.field.clone());
            }
            Self::Compare(_, left, right) => {
                into.extend(left.field().cloned());
                into.extend(right.field().cloned());
            }
        }
    }
}

impl Operand {
    /// The field it reads, if it reads one.
    pub fn field(&self) -> Option<&FieldRef> {
        match self {
            Self::Field(field) | Self::Default(field, _) => Some(field),
            Self::Literal(_) => None,
            Self::Derived(_, of) => of.field(),
        }
    }
}
