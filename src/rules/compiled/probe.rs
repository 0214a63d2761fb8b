//! Answers to all leaves of one field at once.
//!
//! Every leaf has a bit, and the bits of one field stand together in a word (in several, where more is
//! asked of it than a word holds): a field's value sets those that hold and marks all of them as known; a
//! missing value leaves them unknown, but for those that say what is then (`has`, `default`). That is
//! three-valued logic at no cost.

use super::leaf::Question;
use crate::domain::{Country, Currency, Timestamp};
use crate::features::{FieldId, Kind, Record, Value};
use crate::rules::{Literal, Number, Truth};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use std::cmp::Ordering;
use std::net::IpAddr;

/// The constant inside a literal of one type.
macro_rules! variant {
    ($literal:expr, $variant:ident) => {
        match $literal {
            Literal::$variant(value) => Some(value.clone()),
            _ => None,
        }
    };
}

/// What is known of each of a number of leaves, a bit each, and of the literals made of them.
///
/// A literal is a leaf or its negation: those of all leaves stand before those of all negations. After
/// them comes one that always holds ([`always`]).
#[derive(Debug, Default)]
pub(super) struct Bits {
    truths: Vec<u64>,
    known: Vec<u64>,
    /// Literals that are true or unknown.
    possible: Vec<u64>,
    /// Literals that are true.
    certain: Vec<u64>,
}

/// The place of a literal, where there are so many words of leaves.
pub(super) fn literal(leaf: usize, negated: bool, words: usize) -> usize {
    if negated { leaf.saturating_add(64 * words) } else { leaf }
}

/// The place of the literal that always holds.
pub(super) fn always(words: usize) -> usize {
    2 * 64 * words
}

impl Bits {
    /// All unknown.
    pub(super) fn reset(&mut self, words: usize) {
        for bits in [&mut self.truths, &mut self.known] {
            bits.clear();
            bits.resize(words, 0);
        }
    }

    /// Answers leaves of one word.
    pub(super) fn answer(&mut self, word: usize, truths: u64, known: u64) {
        if let (Some(to_truths), Some(to_known)) =
            (self.truths.get_mut(word), self.known.get_mut(word))
        {
            *to_truths |= truths;
            *to_known |= known;
        }
    }

    /// Answers one leaf.
    pub(super) fn answer_one(&mut self, bit: u32, truth: Truth) {
        let (word, bit) = (bit as usize / 64, bit % 64);
        let truths = u64::from(truth == Truth::True) << bit;
        self.answer(word, truths, u64::from(truth != Truth::Unknown) << bit);
    }

    /// Every leaf is answered: what literals come to.
    pub(super) fn finish(&mut self) {
        let Self { truths, known, possible, certain } = self;
        let leaves = || truths.iter().zip(&*known);
        possible.clear();
        possible.extend(leaves().map(|(truths, known)| truths | !known));
        possible.extend(truths.iter().map(|truths| !truths));
        certain.clear();
        certain.extend(&*truths);
        certain.extend(leaves().map(|(truths, known)| known & !truths));
        possible.push(u64::MAX);
        certain.push(u64::MAX);
    }

    /// The literals of a word that are true or unknown.
    pub(super) fn possible(&self, word: usize) -> u64 {
        self.possible.get(word).copied().unwrap_or(0)
    }

    /// Whether a literal is true or unknown.
    pub(super) fn may_hold(&self, literal: u32) -> bool {
        self.possible(literal as usize / 64) >> (literal % 64) & 1 == 1
    }

    /// Whether a literal is true.
    pub(super) fn holds(&self, literal: u32) -> bool {
        let word = self.certain.get(literal as usize / 64);
        word.is_some_and(|word| word >> (literal % 64) & 1 == 1)
    }
}

/// The lowest `count` bits of a word.
fn ones(count: usize) -> u64 {
    let beyond = u32::try_from(count).ok().and_then(|count| 64_u32.checked_sub(count));
    u64::MAX.checked_shr(beyond.unwrap_or(0)).unwrap_or(0)
}

/// Leaves of one field, no more than [`Probe::WIDEST`]; their bits stand in one word.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Probe {
    field: FieldId,
    word: usize,
    /// All bits: those known where the value is.
    all: u64,
    /// Those that hold of any value: the bit of `has(field)`.
    has: u64,
    /// Those that hold, and those that are known, where there is no value.
    missing: (u64, u64),
    test: Test,
}

/// What the value is held against.
#[derive(Debug, Clone, PartialEq)]
enum Test {
    /// Only whether it is known.
    Nothing,
    Bool(Choices<bool>),
    Int(Ladder<i64>, Choices<i64>),
    Decimal(Ladder<(Decimal, bool)>, Choices<Decimal>),
    Float(Ladder<f64>, Choices<f64>),
    Time(Ladder<Timestamp>, Choices<Timestamp>),
    Text(Words),
    Country(Choices<Country>),
    Currency(Choices<Currency>),
    Ip(Choices<IpAddr>),
}

/// Limits in ascending order: a value is above the first few. Their bits stand in this order.
///
/// Where a type has a next value, a limit is one to be at or above: `n > 2` is `n >= 3`. Decimals have
/// none; theirs say whether they are strict, and `>=` stands before `>` at the same one.
#[derive(Debug, Clone, PartialEq)]
struct Ladder<T> {
    limits: Vec<T>,
    /// Place in the word of the first bit.
    first: u32,
}

impl<T> Ladder<T> {
    /// The bits of the limits a value is above, where `is_above` says so of each.
    fn above(&self, is_above: impl Fn(&T) -> bool) -> u64 {
        match self.limits.as_slice() {
            [] => 0,
            limits => ones(limits.partition_point(is_above)) << self.first,
        }
    }
}

/// Texts, found by one number each that says their length and how they begin.
#[derive(Debug, Clone, PartialEq)]
struct Words {
    /// Ascending.
    keys: Vec<u64>,
    /// In the order of their keys, then of themselves.
    choices: Choices<Box<str>>,
}

impl Words {
    /// Texts up to this length are known by their key alone.
    const WHOLE: usize = 7;

    fn new(choices: Choices<Box<str>>) -> Self {
        Self { keys: choices.0.iter().map(|(text, _)| Self::key(text)).collect(), choices }
    }

    fn key(text: &str) -> u64 {
        let bytes = text.as_bytes();
        let short = || {
            let read = bytes.iter().fold(0, |key, byte| key << 8 | u64::from(*byte));
            read << (8 * (Self::WHOLE - bytes.len()))
        };
        let start = bytes.first_chunk().map_or_else(short, |long| u64::from_be_bytes(*long) >> 8);
        let length = u8::try_from(bytes.len()).unwrap_or(u8::MAX);
        u64::from(length) << (8 * Self::WHOLE) | start
    }

    fn order(a: &str, b: &str) -> Ordering {
        Self::key(a).cmp(&Self::key(b)).then_with(|| a.cmp(b))
    }

    fn find(&self, text: &str) -> u64 {
        let key = Self::key(text);
        let first = self.keys.partition_point(|other| *other < key);
        if self.keys.get(first) != Some(&key) {
            return 0;
        }
        if text.len() <= Self::WHOLE {
            return self.choices.0.get(first).map_or(0, |(_, bits)| *bits);
        }
        self.choices.find(|choice| Self::order(choice, text))
    }
}

/// Values in ascending order, each with the bits of the leaves that name it.
#[derive(Debug, Clone, PartialEq)]
struct Choices<T>(Vec<(T, u64)>);

impl<T> Choices<T> {
    fn find(&self, order: impl Fn(&T) -> Ordering) -> u64 {
        if self.0.is_empty() {
            return 0;
        }
        let found = self.0.binary_search_by(|(choice, _)| order(choice));
        found.ok().and_then(|at| self.0.get(at)).map_or(0, |(_, bits)| *bits)
    }
}

/// One leaf of a field, by its place in the list of all leaves.
pub(super) struct Asked<'e> {
    pub(super) leaf: usize,
    pub(super) question: Question<'e>,
    /// What it comes to where the field has no value.
    pub(super) missing: Truth,
}

impl Probe {
    /// Most leaves of one probe; a field of which more is asked has several.
    pub(super) const WIDEST: usize = 64;

    /// The probe of leaves of one field. `bits` is given the bit of each, from `next` on: all in the
    /// word of that one.
    pub(super) fn new(field: FieldId, asked: &[Asked<'_>], next: usize, bits: &mut [u32]) -> Self {
        let mut plan = Plan { asked, next, bits };
        let test = plan.test(field.field().kind);
        let has = asked.iter().find(|one| one.question == Question::Has);
        let has = has.map_or(0, |one| 1 << plan.take(one.leaf));
        let mut missing = (0, 0);
        for Asked { leaf, missing: truth, .. } in asked {
            let bit = bits.get(*leaf).map_or(0, |bit| 1 << (bit % 64));
            missing.0 |= if *truth == Truth::True { bit } else { 0 };
            missing.1 |= if *truth == Truth::Unknown { 0 } else { bit };
        }
        Self { field, word: next / 64, all: ones(asked.len()) << (next % 64), has, missing, test }
    }

    /// Answers its leaves.
    pub(super) fn answer(&self, record: &Record, bits: &mut Bits) {
        let value = record.get(self.field);
        if value.is_missing() {
            bits.answer(self.word, self.missing.0, self.missing.1);
        } else {
            bits.answer(self.word, self.has | self.test.ask(value), self.all);
        }
    }
}

impl Test {
    /// The bits of the leaves that hold of a value.
    fn ask(&self, value: &Value) -> u64 {
        match (self, value) {
            (Self::Bool(named), Value::Bool(x)) => named.find(|c| c.cmp(x)),
            (Self::Int(limits, named), Value::Int(x)) => {
                limits.above(|limit| x >= limit) | named.find(|c| c.cmp(x))
            }
            (Self::Decimal(limits, named), Value::Decimal(x)) => {
                let is_above = |(limit, strict): &(Decimal, bool)| {
                    if *strict { x > limit } else { x >= limit }
                };
                limits.above(is_above) | named.find(|c| c.cmp(x))
            }
            (Self::Float(limits, named), Value::Float(x)) => {
                let named = named.find(|c| c.partial_cmp(x).unwrap_or(Ordering::Less));
                limits.above(|limit| x >= limit) | named
            }
            (Self::Time(limits, named), Value::Time(x)) => {
                limits.above(|limit| x >= limit) | named.find(|c| c.cmp(x))
            }
            (Self::Text(named), Value::Text(x)) => named.find(x),
            (Self::Country(named), Value::Country(x)) => named.find(|c| c.cmp(x)),
            (Self::Currency(named), Value::Currency(x)) => named.find(|c| c.cmp(x)),
            (Self::Ip(named), Value::Ip(x)) => {
                let x = x.to_canonical();
                named.find(|c| c.cmp(&x))
            }
            _ => 0,
        }
    }
}

/// Gives bits to the leaves of one field while its test is made.
struct Plan<'a, 'e> {
    asked: &'a [Asked<'e>],
    /// The next bit of all.
    next: usize,
    bits: &'a mut [u32],
}

impl Plan<'_, '_> {
    fn test(&mut self, kind: Kind) -> Test {
        match kind {
            Kind::Bool => Test::Bool(self.choices(|c| variant!(c, Bool), Ord::cmp)),
            Kind::Int => Test::Int(
                self.ladder(|c, strict| step(&number(c)?.exact, strict)),
                self.choices(|c| whole(&number(c)?.exact), Ord::cmp),
            ),
            Kind::Decimal => Test::Decimal(
                self.ladder(|c, strict| Some((number(c)?.exact, strict))),
                self.choices(|c| Some(number(c)?.exact), Ord::cmp),
            ),
            Kind::Float => Test::Float(
                self.ladder(|c, strict| {
                    let limit = number(c)?.float;
                    Some(if strict { limit.next_up() } else { limit })
                }),
                self.choices(
                    |c| Some(number(c)?.float),
                    |a, b| a.partial_cmp(b).unwrap_or(Ordering::Less),
                ),
            ),
            Kind::Time => Test::Time(
                self.ladder(|c, strict| {
                    let limit = variant!(c, Time)?.millis();
                    Some(Timestamp::from_millis(limit.saturating_add(i64::from(strict))))
                }),
                self.choices(|c| variant!(c, Time), Ord::cmp),
            ),
            Kind::Text | Kind::Word(_) => Test::Text(Words::new(
                self.choices(|c| variant!(c, Text), |a, b| Words::order(a, b)),
            )),
            Kind::Country => Test::Country(self.choices(|c| variant!(c, Country), Ord::cmp)),
            Kind::Currency => Test::Currency(self.choices(|c| variant!(c, Currency), Ord::cmp)),
            Kind::Ip => {
                Test::Ip(self.choices(|c| variant!(c, Ip).map(|ip| ip.to_canonical()), Ord::cmp))
            }
            Kind::Money => Test::Nothing,
        }
    }

    /// The next bit for a leaf, as its place in the word.
    fn take(&mut self, leaf: usize) -> u32 {
        let bit = self.next;
        self.next += 1;
        if let Some(slot) = self.bits.get_mut(leaf) {
            *slot = place(bit);
        }
        place(bit % 64)
    }

    fn ladder<T: PartialOrd>(&mut self, limit: impl Fn(&Literal, bool) -> Option<T>) -> Ladder<T> {
        let mut steps: Vec<(T, usize)> = Vec::new();
        for Asked { leaf, question, .. } in self.asked {
            if let Question::Above { limit: constant, strict } = question {
                steps.extend(limit(constant, *strict).map(|step| (step, *leaf)));
            }
        }
        steps.sort_by(|a, b| a.0.partial_cmp(&b.0).unwrap_or(Ordering::Equal));
        let first = place(self.next % 64);
        let limits = steps.into_iter().map(|(step, leaf)| {
            self.take(leaf);
            step
        });
        Ladder { limits: limits.collect(), first }
    }

    fn choices<T>(
        &mut self,
        choice: impl Fn(&Literal) -> Option<T>,
        order: impl Fn(&T, &T) -> Ordering,
    ) -> Choices<T> {
        let mut named: Vec<(T, u32)> = Vec::new();
        let asked = self.asked;
        for Asked { leaf, question, .. } in asked {
            if let Question::OneOf(list) = question {
                let bit = self.take(*leaf);
                named.extend(list.iter().filter_map(&choice).map(|choice| (choice, bit)));
            }
        }
        named.sort_by(|a, b| order(&a.0, &b.0).then(a.1.cmp(&b.1)));
        let mut choices: Vec<(T, u64)> = Vec::new();
        for (choice, bit) in named {
            match choices.last_mut() {
                Some((last, bits)) if order(last, &choice).is_eq() => *bits |= 1 << bit,
                _ => choices.push((choice, 1 << bit)),
            }
        }
        Choices(choices)
    }
}

fn place(bit: usize) -> u32 {
    u32::try_from(bit).unwrap_or(u32::MAX)
}

fn number(constant: &Literal) -> Option<&Number> {
    if let Literal::Number(number) = constant { Some(number) } else { None }
}

/// The whole number that is equal to `x`, if any.
fn whole(x: &Decimal) -> Option<i64> {
    x.is_integer().then(|| x.to_i64()).flatten()
}

/// The least whole number above `x`, or at it unless `strict`: `n > 2.5` and `n > 2` are `n >= 3`.
fn step(x: &Decimal, strict: bool) -> Option<i64> {
    if strict { x.floor().to_i64()?.checked_add(1) } else { x.ceil().to_i64() }
}
