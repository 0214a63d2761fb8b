//! A set of points of a number line, exactly: the places where membership changes.
//!
//! A place is just before or just after a point, so that open and closed ends need no cases of their
//! own. On a line of whole numbers every place is moved to before a whole number, so that `> 5` and
//! `>= 6` are the same set.

use crate::rules::{Comparison, Number};
use rust_decimal::Decimal;
use std::cmp::Ordering;

/// A point; all points of a line are of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Point {
    /// A whole number, a decimal, or an instant in milliseconds.
    Exact(Decimal),
    /// A binary float.
    Float(Binary),
}

/// A float that is not NaN, with one zero.
#[derive(Debug, Clone, Copy)]
pub(super) struct Binary(f64);

impl Binary {
    pub(super) fn get(self) -> f64 {
        self.0
    }
}

impl PartialEq for Binary {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Binary {}

impl PartialOrd for Binary {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Binary {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl Point {
    pub(super) fn float(value: f64) -> Self {
        // -0.0 + 0.0 is 0.0.
        Self::Float(Binary(value + 0.0))
    }
}

/// What stands on a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scale {
    /// Whole numbers.
    Whole,
    /// Decimals.
    Exact,
    /// Binary floats.
    Binary,
}

impl Scale {
    /// A number of a condition as a point of this line.
    pub(super) fn point(self, number: Number) -> Point {
        match self {
            Self::Whole | Self::Exact => Point::Exact(number.exact),
            Self::Binary => Point::float(number.float),
        }
    }
}

/// Just before a point, or just after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cut {
    pub(super) point: Point,
    pub(super) after: bool,
}

impl Cut {
    fn new(point: Point, after: bool, scale: Scale) -> Self {
        let Point::Exact(number) = point else { return Self { point, after } };
        if scale != Scale::Whole {
            return Self { point, after };
        }
        let first_above = match (after, number.fract().is_zero()) {
            (false, true) => Some(number),
            (_, false) => Some(number.ceil()),
            (true, true) => number.checked_add(Decimal::ONE),
        };
        // Beyond the largest decimal the place stays where it is: no whole number is near.
        first_above.map_or(Self { point, after }, |number| Self {
            point: Point::Exact(number),
            after: false,
        })
    }
}

/// A stretch of the line between two places; `None` is without end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) from: Option<Cut>,
    pub(super) to: Option<Cut>,
}

/// A set of points.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Line {
    /// Whether the least points belong to it.
    begins: bool,
    /// Where membership changes, ascending.
    cuts: Vec<Cut>,
}

impl Line {
    pub(super) fn new(all: bool) -> Self {
        Self { begins: all, cuts: Vec::new() }
    }

    /// The points of which a comparison with a constant is true.
    pub(super) fn compared(op: Comparison, point: Point, scale: Scale) -> Self {
        let before = Cut::new(point, false, scale);
        let after = Cut::new(point, true, scale);
        let both = || if before < after { vec![before, after] } else { Vec::new() };
        match op {
            Comparison::Equal => Self { begins: false, cuts: both() },
            Comparison::NotEqual => Self { begins: true, cuts: both() },
            Comparison::Less => Self { begins: true, cuts: vec![before] },
            Comparison::LessOrEqual => Self { begins: true, cuts: vec![after] },
            Comparison::Greater => Self { begins: false, cuts: vec![after] },
            Comparison::GreaterOrEqual => Self { begins: false, cuts: vec![before] },
        }
    }

    /// The points for which `op` holds of membership in this set and in `other`.
    pub(super) fn combine(&self, other: &Self, op: fn(bool, bool) -> bool) -> Self {
        let (mut left, mut right) = (self.begins, other.begins);
        let begins = op(left, right);
        let (mut inside, mut cuts) = (begins, Vec::new());
        let (mut mine, mut theirs) = (self.cuts.iter().peekable(), other.cuts.iter().peekable());
        loop {
            let next = match (mine.peek(), theirs.peek()) {
                (None, None) => break,
                (Some(cut), None) | (None, Some(cut)) => **cut,
                (Some(one), Some(other)) => **one.min(other),
            };
            left ^= mine.next_if(|cut| **cut == next).is_some();
            right ^= theirs.next_if(|cut| **cut == next).is_some();
            if op(left, right) != inside {
                inside = !inside;
                cuts.push(next);
            }
        }
        Self { begins, cuts }
    }

    pub(super) fn size(&self) -> usize {
        self.cuts.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        !self.begins && self.cuts.is_empty()
    }

    /// Its stretches, ascending.
    pub(super) fn stretches(&self) -> Vec<Stretch> {
        let mut stretches = Vec::new();
        let mut open = self.begins.then_some(None);
        for cut in &self.cuts {
            open = match open {
                Some(from) => {
                    stretches.push(Stretch { from, to: Some(*cut) });
                    None
                }
                None => Some(Some(*cut)),
            };
        }
        stretches.extend(open.map(|from| Stretch { from, to: None }));
        stretches
    }

    /// Some points of it, at its ends first.
    pub(super) fn samples(&self, scale: Scale) -> Vec<Point> {
        let mut samples = Vec::new();
        for Stretch { from, to } in self.stretches() {
            let inner = match (from, to) {
                (None, None) => vec![offset(zero(scale), 1)],
                (Some(from), None) => vec![from.point, offset(from.point, 1)],
                (None, Some(to)) => vec![offset(to.point, -1), to.point],
                (Some(from), Some(to)) => {
                    vec![from.point, offset(from.point, 1), middle(from.point, to.point), to.point]
                }
            };
            samples.extend(inner.into_iter().filter(|point| self.contains(*point)));
        }
        samples
    }

    pub(super) fn contains(&self, point: Point) -> bool {
        let here = Cut { point, after: false };
        let passed = self.cuts.iter().take_while(|cut| **cut <= here).count();
        self.begins ^ (passed % 2 == 1)
    }
}

fn zero(scale: Scale) -> Point {
    if scale == Scale::Binary { Point::float(0.0) } else { Point::Exact(Decimal::ZERO) }
}

fn offset(point: Point, by: i8) -> Point {
    match point {
        Point::Exact(number) => {
            Point::Exact(number.checked_add(Decimal::from(by)).unwrap_or(number))
        }
        Point::Float(number) => Point::float(number.get() + f64::from(by)),
    }
}

fn middle(from: Point, to: Point) -> Point {
    match (from, to) {
        (Point::Exact(a), Point::Exact(b)) => {
            Point::Exact(b.checked_sub(a).map_or(a, |width| a + width / Decimal::TWO))
        }
        (Point::Float(a), Point::Float(b)) => Point::float(f64::midpoint(a.get(), b.get())),
        _ => from,
    }
}

/// The distance between two places; `None` between floats.
pub(super) fn width(from: Cut, to: Cut) -> Option<Decimal> {
    match (from.point, to.point) {
        (Point::Exact(a), Point::Exact(b)) => b.checked_sub(a),
        (Point::Float(a), Point::Float(b)) => Decimal::from_f64_retain(b.get() - a.get()),
        _ => None,
    }
}

/// The whole numbers from 0 on.
pub(super) fn from_zero() -> Line {
    Line::compared(Comparison::GreaterOrEqual, Point::Exact(Decimal::ZERO), Scale::Whole)
}

/// The whole numbers from the least to the most.
pub(super) fn between(least: i64, most: i64) -> Line {
    let line = |op, end: i64| Line::compared(op, Point::Exact(end.into()), Scale::Whole);
    line(Comparison::GreaterOrEqual, least)
        .combine(&line(Comparison::LessOrEqual, most), |a, b| a && b)
}
