//! From a condition to its region: every test of a field, or of a whole number computed from one, and
//! a constant becomes a set of its states, every other test a key of its own.
//!
//! What a test says of a missing field is asked of the evaluator itself, so `default` and `has` need
//! no rule here. A form this module does not know is an undivided test, which is always right and
//! only finds less: a new function of the language needs nothing here.

use super::line::{Line, Point, Scale};
use super::region::{Budget, Cell, Key, Region, TooMuch};
use super::set::{
    FALSE, Part, Purse, Set, TRUE, Token, Type, Values, any_state, can_be_missing, everything,
    states, types,
};
use crate::features::{Kind, Record, Value};
use crate::rules::compiled::canonical;
use crate::rules::{Comparison, Derived, Expr, FieldRef, Literal, Operand, Truth};
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};

/// What a key stands for.
#[derive(Debug, Clone)]
pub(super) enum Subject {
    Field(FieldRef),
    /// A whole number computed from another value.
    Computed(Operand),
    /// A test that can't be divided.
    Test(Expr),
}

/// The keys of a rule set.
#[derive(Debug, Default)]
pub(super) struct Space {
    subjects: Vec<Subject>,
    everything: Vec<Set>,
    fields: BTreeMap<FieldRef, Key>,
    computed: BTreeMap<String, Key>,
    tests: BTreeMap<String, Key>,
}

/// Parts of which something is true, and of which it is false.
type Pair = (Vec<Part>, Vec<Part>);

/// Where a test is true and where it is false, as sets of one field's states.
struct Halves {
    holds: Set,
    fails: Set,
}

impl Space {
    pub(super) fn everything(&self, key: Key) -> Option<&Set> {
        self.everything.get(usize::try_from(key).ok()?)
    }

    pub(super) fn subject(&self, key: Key) -> Option<&Subject> {
        self.subjects.get(usize::try_from(key).ok()?)
    }

    /// True of a test a witness has to settle by trying values.
    pub(super) fn is_tried(&self, key: Key) -> bool {
        !matches!(self.subject(key), Some(Subject::Field(_)))
    }

    /// The key of a field, where a condition reads it.
    pub(super) fn key_of(&self, field: &FieldRef) -> Option<Key> {
        self.fields.get(field).copied()
    }

    fn add(&mut self, subject: Subject, everything: Set) -> Key {
        self.subjects.push(subject);
        self.everything.push(everything);
        // INVARIANT: a set has at most 5,000 rules of 256 tests.
        Key::try_from(self.subjects.len() - 1).unwrap_or(Key::MAX)
    }

    fn field(&mut self, field: &FieldRef) -> Key {
        if let Some(key) = self.fields.get(field) {
            return *key;
        }
        let key = self.add(Subject::Field(field.clone()), everything(field));
        self.fields.insert(field.clone(), key);
        key
    }

    fn computed(&mut self, value: &Operand, how: &Derived) -> Key {
        let name = value.to_string();
        if let Some(key) = self.computed.get(&name) {
            return *key;
        }
        let line = match how {
            Derived::Clock(part, _) => {
                let (least, most) = part.range();
                super::line::between(least, most)
            }
            _ => super::line::from_zero(),
        };
        let missing = match value.field() {
            Some(FieldRef::Catalogue(id)) => plain_field(value).is_some() && can_be_missing(*id),
            Some(FieldRef::Custom(_)) => true,
            None => false,
        };
        let key = self
            .add(Subject::Computed(value.clone()), Set { missing, parts: vec![Part::Line(line)] });
        self.computed.insert(name, key);
        key
    }

    /// The states in which the condition is true, or with `wanted` false, in which it is false.
    pub(super) fn region(
        &mut self,
        condition: &Expr,
        wanted: bool,
        budget: &mut Budget,
    ) -> Result<Region, TooMuch> {
        match condition {
            Expr::Constant(value) if *value == wanted => Ok(Region::everything()),
            Expr::Constant(_) => Ok(Region::nothing()),
            Expr::Not(inner) => self.region(inner, !wanted, budget),
            Expr::And(parts) if wanted => self.product(parts, wanted, budget),
            Expr::Or(parts) if !wanted => self.product(parts, wanted, budget),
            Expr::And(parts) | Expr::Or(parts) => {
                let mut all = Region::nothing();
                for part in parts {
                    let one = self.region(part, wanted, budget)?;
                    all = all.or(one, self, budget)?;
                }
                Ok(all)
            }
            leaf => self.leaf(leaf, wanted, budget),
        }
    }

    /// The states in which every field the region limits is known. A test is decided in them where
    /// every value of its fields can be compared: money of two currencies can't, and a member of
    /// `custom` may hold any type.
    pub(super) fn known(&self, region: &Region) -> Region {
        let keys = region.cells().iter().flat_map(Cell::sets).map(|(key, _)| key);
        let keys: BTreeSet<Key> = keys.collect();
        let known = keys.into_iter().filter_map(|key| {
            let all = self.everything(key)?;
            let set = match self.subject(key)? {
                Subject::Computed(value)
                    if !matches!(value.field(), Some(FieldRef::Catalogue(_))) =>
                {
                    return None;
                }
                Subject::Field(_) | Subject::Computed(_) => Set { missing: false, ..all.clone() },
                Subject::Test(leaf) if always_decided(leaf) => states(TRUE | FALSE),
                Subject::Test(_) => return None,
            };
            Some((key, set))
        });
        Region::of(Cell::of(known))
    }

    /// Parts of one cell first: they make the rest smaller before it multiplies.
    fn product(
        &mut self,
        parts: &[Expr],
        wanted: bool,
        budget: &mut Budget,
    ) -> Result<Region, TooMuch> {
        let regions = parts.iter().map(|part| self.region(part, wanted, budget));
        let mut regions = regions.collect::<Result<Vec<_>, _>>()?;
        regions.sort_by_key(|region| region.cells().len());
        let mut all = Region::everything();
        for region in regions {
            all = all.and(&region, self, budget)?;
        }
        Ok(all)
    }

    fn leaf(&mut self, leaf: &Expr, wanted: bool, budget: &mut Budget) -> Result<Region, TooMuch> {
        let listed = if let Expr::In(_, list) = leaf { list.len() } else { 0 };
        // Halves of a list are joined, at ten depths for the longest.
        budget.spend(8 + 32 * listed)?;
        let (leaf, negated) = canonical(leaf);
        let wanted = wanted != negated;
        let fields = leaf.fields();
        let mut fields = fields.iter();
        let cell = match (fields.next(), fields.next()) {
            (None, _) => {
                let holds = Truth::from(wanted) == leaf.eval(&Record::default());
                return Ok(if holds { Region::everything() } else { Region::nothing() });
            }
            (Some(field), None) => match halves(field, &leaf) {
                Some(halves) => {
                    let key = self.field(field);
                    self.limited(key, halves, wanted, &[])
                }
                None => match number(&leaf) {
                    Some((value, how, halves)) => {
                        let key = self.computed(value, how);
                        self.limited(key, halves, wanted, &plainly_read(&leaf))
                    }
                    None => self.undivided(&leaf, wanted),
                },
            },
            _ => self.undivided(&leaf, wanted),
        };
        let mut region = Region::nothing();
        region.add(cell, self, budget)?;
        Ok(region)
    }

    /// A test as a key of its own; where it is decided, the fields it reads plainly are known.
    fn undivided(&mut self, leaf: &Expr, wanted: bool) -> Cell {
        let name = leaf.to_string();
        let key = match self.tests.get(&name) {
            Some(key) => *key,
            None => self.add(Subject::Test(leaf.clone()), any_state()),
        };
        self.tests.insert(name, key);
        let mut sets = vec![(key, states(if wanted { TRUE } else { FALSE }))];
        self.add_known(&plainly_read(leaf), &mut sets);
        Cell::of(sets)
    }

    /// One half of a test of the key's states, and the fields it needs.
    fn limited(&mut self, key: Key, halves: Halves, wanted: bool, needs: &[&FieldRef]) -> Cell {
        let set = if wanted { halves.holds } else { halves.fails };
        // Every state named is no limit, and a state no record has is none.
        let mut sets = match self.everything(key) {
            Some(all) if all.without(&set).is_empty() => Vec::new(),
            Some(all) => vec![(key, set.and(all))],
            None => vec![(key, set)],
        };
        if !sets.is_empty() {
            self.add_known(needs, &mut sets);
        }
        Cell::of(sets)
    }

    /// The fields are known, where they need not be.
    fn add_known(&mut self, fields: &[&FieldRef], sets: &mut Vec<(Key, Set)>) {
        for field in fields {
            let key = self.field(field);
            let known = self.everything(key).cloned().map(|all| Set { missing: false, ..all });
            let limits = self.everything(key).is_some_and(|all| all.missing);
            sets.extend(known.filter(|_| limits).map(|known| (key, known)));
        }
        sets.sort_by_key(|(key, _)| *key);
        sets.dedup_by_key(|(key, _)| *key);
    }
}

/// Fields whose absence makes the test unknown.
fn plainly_read(leaf: &Expr) -> Vec<&FieldRef> {
    let operands = match leaf {
        Expr::Compare(_, left, right) => vec![left, right],
        Expr::Holds(one)
        | Expr::In(one, _)
        | Expr::InNetwork(one, _)
        | Expr::Text(_, one, _)
        | Expr::Matches(one, _) => vec![one],
        _ => Vec::new(),
    };
    operands.into_iter().filter_map(plain_field).collect()
}

/// True where the test is decided whenever its fields are known.
fn always_decided(leaf: &Expr) -> bool {
    let comparable = |field: &FieldRef| matches!(field, FieldRef::Catalogue(id) if id.field().kind != Kind::Money);
    !matches!(leaf, Expr::InList(_)) && leaf.fields().iter().all(comparable)
}

/// The field without which the value is missing: read as it is, or computed from.
pub(super) fn plain_field(operand: &Operand) -> Option<&FieldRef> {
    match operand {
        Operand::Field(field) => Some(field),
        Operand::Derived(_, of) => plain_field(of),
        Operand::Default(..) | Operand::Literal(_) => None,
    }
}

/// True of a field as it is, or with a constant in its place: what is computed from one has other
/// values than the field.
fn direct(operand: &Operand) -> bool {
    matches!(operand, Operand::Field(_) | Operand::Default(..))
}

/// Where a test of this one field is true and where it is false; `None` where that is not one set of
/// its states.
fn halves(field: &FieldRef, leaf: &Expr) -> Option<Halves> {
    let parts = |all: bool| types(field).iter().map(|kind| kind.part(all)).collect();
    let when_missing = leaf.eval(&Record::default());
    let (holds, fails) = match leaf {
        Expr::Has(_) => (parts(true), parts(false)),
        Expr::Holds(operand) if direct(operand) => {
            compared(field, &Literal::Bool(true), Comparison::Equal)?
        }
        Expr::Compare(op, operand, Operand::Literal(literal)) if direct(operand) => {
            compared(field, literal, *op)?
        }
        Expr::In(operand, list) if direct(operand) => {
            any_of(list, &|literal| compared(field, literal, Comparison::Equal))?
        }
        Expr::Text(..) => words(field, leaf)?,
        _ => return None,
    };
    Some(Halves {
        holds: Set { missing: when_missing == Truth::True, parts: holds },
        fails: Set { missing: when_missing == Truth::False, parts: fails },
    })
}

/// A test of a computed whole number and constants, with where it is true and where it is false.
fn number(leaf: &Expr) -> Option<(&Operand, &Derived, Halves)> {
    let (value, list, op) = match leaf {
        Expr::Compare(op, value, Operand::Literal(literal)) => {
            (value, std::slice::from_ref(literal), *op)
        }
        Expr::In(value, list) => (value, list.as_slice(), Comparison::Equal),
        _ => return None,
    };
    let Operand::Derived(how @ (Derived::Clock(..) | Derived::Size), _) = value else {
        return None;
    };
    let (holds, fails) = any_of(list, &|literal| {
        let holds = known(vec![part(Type::Line(Scale::Whole), literal, op)?]);
        let fails = known(vec![Part::Line(Line::new(true))]).without(&holds);
        Some((holds.parts, fails.parts))
    })?;
    Some((value, how, Halves { holds: known(holds), fails: known(fails) }))
}

fn known(parts: Vec<Part>) -> Set {
    Set { missing: false, parts }
}

/// The parts of which any test of the list is true, and of which each is false. By halves, as one
/// after the other takes the square of a long list's length.
fn any_of(list: &[Literal], one: &dyn Fn(&Literal) -> Option<Pair>) -> Option<Pair> {
    if let [literal] = list {
        return one(literal);
    }
    let (first, second) = list.split_at_checked(list.len() / 2).filter(|(a, _)| !a.is_empty())?;
    let ((holds, fails), (others, other_fails)) = (any_of(first, one)?, any_of(second, one)?);
    let holds = known(holds).or(&known(others));
    let fails = known(fails).and(&known(other_fails));
    Some((holds.parts, fails.parts))
}

/// The parts of which a comparison with the constant is true, and of which it is false.
fn compared(field: &FieldRef, literal: &Literal, op: Comparison) -> Option<(Vec<Part>, Vec<Part>)> {
    let opposite = match op {
        Comparison::Equal => Comparison::NotEqual,
        Comparison::NotEqual => Comparison::Equal,
        Comparison::Less => Comparison::GreaterOrEqual,
        Comparison::LessOrEqual => Comparison::Greater,
        Comparison::Greater => Comparison::LessOrEqual,
        Comparison::GreaterOrEqual => Comparison::Less,
    };
    let is_custom = matches!(field, FieldRef::Custom(_));
    // A text of `custom` may be read as a time or an address; texts have no such sets.
    let plain = matches!(literal, Literal::Bool(_) | Literal::Number(_) | Literal::Text(_));
    if is_custom && !plain {
        return None;
    }
    let (mut holds, mut fails) = (Vec::new(), Vec::new());
    for kind in types(field) {
        match (part(kind, literal, op), part(kind, literal, opposite)) {
            (Some(one), Some(other)) => {
                holds.push(one);
                fails.push(other);
            }
            // A value of another type than the constant: unknown.
            _ if is_custom => {
                holds.push(kind.part(false));
                fails.push(kind.part(false));
            }
            _ => return None,
        }
    }
    Some((holds, fails))
}

/// The values of a type of which a comparison is true; `None` where the constant is of another type.
fn part(kind: Type, literal: &Literal, op: Comparison) -> Option<Part> {
    let line = |point, scale| Some(Part::Line(Line::compared(op, point, scale)));
    let token = match (kind, literal) {
        (Type::Line(scale), Literal::Number(number)) => return line(scale.point(*number), scale),
        (Type::Time, Literal::Time(time)) => {
            return line(Point::Exact(Decimal::from(time.millis())), Scale::Whole);
        }
        (Type::Money, Literal::Money(amount)) => {
            let line = Line::compared(op, Point::Exact(amount.value()), Scale::Exact);
            let named = BTreeMap::from([(amount.currency(), line)]);
            return Some(Part::Purse(Purse { named, others: false }));
        }
        (Type::Bool, Literal::Bool(value)) => Token::Bool(*value),
        (Type::Text | Type::Word(_), Literal::Text(text)) => Token::Text(text.clone()),
        (Type::Country, Literal::Country(country)) => Token::Country(*country),
        (Type::Currency, Literal::Currency(currency)) => Token::Currency(*currency),
        (Type::Ip, Literal::Ip(address)) => Token::Ip(address.to_canonical()),
        _ => return None,
    };
    let except = match op {
        Comparison::Equal => false,
        Comparison::NotEqual => true,
        _ => return None,
    };
    match kind.part(except) {
        Part::Values(values) => Some(Part::Values(Values { listed: [token].into(), ..values })),
        _ => None,
    }
}

/// A test of a text over a field of few words: each word is tried.
fn words(field: &FieldRef, leaf: &Expr) -> Option<(Vec<Part>, Vec<Part>)> {
    let FieldRef::Catalogue(id) = field else { return None };
    let [Type::Word(words)] = types(field)[..] else { return None };
    let kind = Type::Word(words);
    let (Part::Values(mut holds), Part::Values(mut fails)) = (kind.part(false), kind.part(false))
    else {
        return None;
    };
    for word in words {
        let mut record = Record::default();
        record.set(*id, Value::text(word));
        let into = match leaf.eval(&record) {
            Truth::True => &mut holds.listed,
            Truth::False => &mut fails.listed,
            Truth::Unknown => return None,
        };
        into.insert(Token::Text((*word).into()));
    }
    Some((vec![Part::Values(holds)], vec![Part::Values(fails)]))
}
