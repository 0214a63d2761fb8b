//! Answers to all leaves of one field at once.
//!
//! Every leaf has a bit, and the bits of one field stand together: a field's value sets those that
//! hold and marks all of them as known; a missing value does neither. That is three-valued logic at
//! no cost.

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
/// A literal is a leaf or its negation: those of all leaves stand before those of all negations.
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

impl Bits {
    /// All unknown.
    pub(super) fn reset(&mut self, words: usize) {
        for bits in [&mut self.truths, &mut self.known] {
            bits.clear();
            bits.resize(words, 0);
        }
    }

    /// Answers one leaf.
    pub(super) fn answer(&mut self, bit: u32, truth: Truth) {
        set(&mut self.known, bit, truth != Truth::Unknown);
        set(&mut self.truths, bit, truth == Truth::True);
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

fn set(bits: &mut [u64], bit: u32, value: bool) {
    if let Some(word) = bits.get_mut(bit as usize / 64) {
        *word |= u64::from(value) << (bit % 64);
    }
}

/// Sets `count` bits from `first` on.
fn set_range(bits: &mut [u64], first: u32, count: usize) {
    let (mut at, end) = (first as usize, first as usize + count);
    while at < end {
        let (word, shift) = (at / 64, at % 64);
        let here = (64 - shift).min(end - at);
        let ones = u64::MAX >> (64 - here);
        if let Some(word) = bits.get_mut(word) {
            *word |= ones << shift;
        }
        at += here;
    }
}

/// The leaves of one field.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Probe {
    field: FieldId,
    /// The bit of `has(field)`, known whatever the value is.
    has: Option<u32>,
    /// First of the bits that are known when the field is, and how many there are.
    first: u32,
    count: usize,
    test: Test,
}

/// What the value is held against. Bits count from the probe's first.
#[derive(Debug, Clone, PartialEq)]
enum Test {
    /// Only whether it is known.
    Nothing,
    Bool(Choices<bool>),
    Int(Steps, Choices<i64>),
    Decimal(Ladder<Decimal>, Choices<Decimal>),
    Float(Ladder<f64>, Choices<f64>),
    Time(Ladder<Timestamp>, Choices<Timestamp>),
    Text(Words),
    Country(Choices<Country>),
    Currency(Choices<Currency>),
    Ip(Choices<IpAddr>),
}

/// Limits in ascending order, `>=` before `>` at the same one: a value is above the first few.
/// Their bits are the probe's first.
#[derive(Debug, Clone, PartialEq)]
struct Ladder<T>(Vec<(T, bool)>);

impl<T: PartialOrd> Ladder<T> {
    fn into_limits(self) -> Vec<T> {
        self.0.into_iter().map(|(limit, _)| limit).collect()
    }

    fn steps_below(&self, value: &T) -> usize {
        self.0
            .partition_point(|(limit, strict)| if *strict { value > limit } else { value >= limit })
    }
}

/// Whole numbers in ascending order that a value is at or above: `n > 2` is `n >= 3`.
#[derive(Debug, Clone, PartialEq)]
struct Steps(Vec<i64>);

impl Steps {
    /// A few steps are counted faster than searched.
    const FEW: usize = 16;

    fn below(&self, value: i64) -> usize {
        match self.0.len() {
            0..=Self::FEW => self.0.iter().map(|step| usize::from(value >= *step)).sum(),
            _ => self.0.partition_point(|step| value >= *step),
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
        let (bytes, mut key) = (text.as_bytes(), [0; 8]);
        let [length, start @ ..] = &mut key;
        *length = u8::try_from(bytes.len()).unwrap_or(u8::MAX);
        start.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        u64::from_be_bytes(key)
    }

    fn order(a: &str, b: &str) -> Ordering {
        Self::key(a).cmp(&Self::key(b)).then_with(|| a.cmp(b))
    }

    fn find(&self, text: &str) -> &[u32] {
        let key = Self::key(text);
        let first = self.keys.partition_point(|other| *other < key);
        if self.keys.get(first) != Some(&key) {
            return &[];
        }
        if text.len() <= Self::WHOLE {
            return self.choices.0.get(first).map_or(&[], |(_, bits)| bits);
        }
        self.choices.find(|choice| Self::order(choice, text))
    }
}

/// Values in ascending order, each with the bits of the leaves that name it.
#[derive(Debug, Clone, PartialEq)]
struct Choices<T>(Vec<(T, Vec<u32>)>);

impl<T> Choices<T> {
    fn find(&self, order: impl Fn(&T) -> Ordering) -> &[u32] {
        let found = self.0.binary_search_by(|(choice, _)| order(choice));
        found.ok().and_then(|at| self.0.get(at)).map_or(&[], |(_, bits)| bits)
    }
}

/// One leaf of a field, by its place in the list of all leaves.
pub(super) struct Asked<'e> {
    pub(super) leaf: usize,
    pub(super) question: Question<'e>,
}

impl Probe {
    /// The probe of one field. `bits` is given the bit of each leaf asked, from `next` on.
    pub(super) fn new(field: FieldId, asked: &[Asked<'_>], next: u32, bits: &mut [u32]) -> Self {
        let mut plan = Plan { asked, next, used: 0, bits };
        let test = plan.test(field.field().kind);
        let count = plan.used;
        let has = asked.iter().find(|one| one.question == Question::Has);
        let has = has.map(|one| plan.take(one.leaf) + next);
        Self { field, has, first: next, count, test }
    }

    /// Bits it answers.
    pub(super) fn width(&self) -> usize {
        self.count + usize::from(self.has.is_some())
    }

    /// Answers every leaf of the field.
    pub(super) fn answer(&self, record: &Record, bits: &mut Bits) {
        let value = record.get(self.field);
        if let Some(has) = self.has {
            bits.answer(has, (!value.is_missing()).into());
        }
        let (below, named) = self.test.ask(value);
        if value.is_missing() {
            return;
        }
        set_range(&mut bits.known, self.first, self.count);
        set_range(&mut bits.truths, self.first, below);
        for bit in named {
            set(&mut bits.truths, self.first + bit, true);
        }
    }
}

impl Test {
    /// How many limits the value is above, and which other leaves hold.
    fn ask(&self, value: &Value) -> (usize, &[u32]) {
        match (self, value) {
            (Self::Bool(named), Value::Bool(x)) => (0, named.find(|c| c.cmp(x))),
            (Self::Int(above, named), Value::Int(x)) => (above.below(*x), named.find(|c| c.cmp(x))),
            (Self::Decimal(above, named), Value::Decimal(x)) => {
                (above.steps_below(x), named.find(|c| c.cmp(x)))
            }
            (Self::Float(above, named), Value::Float(x)) => {
                (above.steps_below(x), named.find(|c| c.partial_cmp(x).unwrap_or(Ordering::Less)))
            }
            (Self::Time(above, named), Value::Time(x)) => {
                (above.steps_below(x), named.find(|c| c.cmp(x)))
            }
            (Self::Text(named), Value::Text(x)) => (0, named.find(x)),
            (Self::Country(named), Value::Country(x)) => (0, named.find(|c| c.cmp(x))),
            (Self::Currency(named), Value::Currency(x)) => (0, named.find(|c| c.cmp(x))),
            (Self::Ip(named), Value::Ip(x)) => {
                let x = x.to_canonical();
                (0, named.find(|c| c.cmp(&x)))
            }
            _ => (0, &[]),
        }
    }
}

/// Gives bits to the leaves of one field while its test is made.
struct Plan<'a, 'e> {
    asked: &'a [Asked<'e>],
    next: u32,
    used: usize,
    bits: &'a mut [u32],
}

impl Plan<'_, '_> {
    fn test(&mut self, kind: Kind) -> Test {
        match kind {
            Kind::Bool => Test::Bool(self.choices(|c| variant!(c, Bool), Ord::cmp)),
            Kind::Int => Test::Int(
                Steps(self.ladder(|c, strict| step(&number(c)?.exact, strict)).into_limits()),
                self.choices(|c| whole(&number(c)?.exact), Ord::cmp),
            ),
            Kind::Decimal => Test::Decimal(
                self.ladder(|c, strict| Some((number(c)?.exact, strict))),
                self.choices(|c| Some(number(c)?.exact), Ord::cmp),
            ),
            Kind::Float => Test::Float(
                self.ladder(|c, strict| Some((number(c)?.float, strict))),
                self.choices(
                    |c| Some(number(c)?.float),
                    |a, b| a.partial_cmp(b).unwrap_or(Ordering::Less),
                ),
            ),
            Kind::Time => Test::Time(
                self.ladder(|c, strict| Some((variant!(c, Time)?, strict))),
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

    /// The next bit, counted from the probe's first, for a leaf.
    fn take(&mut self, leaf: usize) -> u32 {
        let bit = u32::try_from(self.used).unwrap_or(u32::MAX);
        self.used += 1;
        if let Some(slot) = self.bits.get_mut(leaf) {
            *slot = self.next + bit;
        }
        bit
    }

    fn ladder<T: PartialOrd>(
        &mut self,
        limit: impl Fn(&Literal, bool) -> Option<(T, bool)>,
    ) -> Ladder<T> {
        let mut steps: Vec<((T, bool), usize)> = Vec::new();
        for Asked { leaf, question } in self.asked {
            if let Question::Above { limit: constant, strict } = question {
                steps.extend(limit(constant, *strict).map(|step| (step, *leaf)));
            }
        }
        steps.sort_by(|a, b| a.0.partial_cmp(&b.0).unwrap_or(Ordering::Equal));
        Ladder(
            steps
                .into_iter()
                .map(|(step, leaf)| {
                    self.take(leaf);
                    step
                })
                .collect(),
        )
    }

    fn choices<T>(
        &mut self,
        choice: impl Fn(&Literal) -> Option<T>,
        order: impl Fn(&T, &T) -> Ordering,
    ) -> Choices<T> {
        let mut named: Vec<(T, u32)> = Vec::new();
        let asked = self.asked;
        for Asked { leaf, question } in asked {
            if let Question::OneOf(list) = question {
                let bit = self.take(*leaf);
                named.extend(list.iter().filter_map(&choice).map(|choice| (choice, bit)));
            }
        }
        named.sort_by(|a, b| order(&a.0, &b.0).then(a.1.cmp(&b.1)));
        let mut choices: Vec<(T, Vec<u32>)> = Vec::new();
        for (choice, bit) in named {
            match choices.last_mut() {
                Some((last, bits)) if order(last, &choice).is_eq() => bits.push(bit),
                _ => choices.push((choice, vec![bit])),
            }
        }
        Choices(choices)
    }
}

fn number(constant: &Literal) -> Option<&Number> {
    if let Literal::Number(number) = constant { Some(number) } else { None }
}

/// The whole number that is equal to `x`, if any.
fn whole(x: &Decimal) -> Option<i64> {
    x.is_integer().then(|| x.to_i64()).flatten()
}

/// The least whole number above `x`, or at it unless `strict`: `n > 2.5` and `n > 2` are `n >= 3`.
fn step(x: &Decimal, strict: bool) -> Option<(i64, bool)> {
    let least = if strict { x.floor().to_i64()?.checked_add(1)? } else { x.ceil().to_i64()? };
    Some((least, false))
}
