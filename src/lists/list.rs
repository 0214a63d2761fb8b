//! One list in memory.

use super::kind::ListKind;
use super::network::{Block, Blocks};
use super::table::{Table, bin, order_texts};
use crate::domain::Timestamp;
use crate::features::Value;
use sha2::{Digest, Sha256};
use std::cmp::Ordering;

/// For ever.
const NEVER: i64 = i64::MAX;

/// A list: its values, and when those that expire do.
#[derive(Debug, Clone, PartialEq)]
pub struct List {
    kind: ListKind,
    table: Table,
    /// By the number of the entry, in milliseconds since 1970.
    expires: Box<[(u32, i64)]>,
    digest: [u8; 32],
}

/// One entry as a person reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The value.
    pub value: String,
    /// From this instant on it no longer counts.
    pub expires: Option<Timestamp>,
}

/// Values on their way into a list, in any order.
pub(super) enum Rows<'t> {
    Texts(ListKind, Vec<(&'t str, i64)>),
    Bins(Vec<(u32, i64)>),
    Blocks(Vec<(Block, i64)>),
}

impl<'t> Rows<'t> {
    pub(super) fn new(kind: ListKind) -> Self {
        match kind {
            ListKind::Bin => Self::Bins(Vec::new()),
            ListKind::Ip => Self::Blocks(Vec::new()),
            texts => Self::Texts(texts, Vec::new()),
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Texts(_, rows) => rows.len(),
            Self::Bins(rows) => rows.len(),
            Self::Blocks(rows) => rows.len(),
        }
    }

    /// Adds a value that was checked for this kind.
    pub(super) fn push(&mut self, value: &'t str, expires: Option<Timestamp>) {
        let expires = expires.map_or(NEVER, Timestamp::millis);
        match self {
            Self::Texts(_, rows) => rows.push((value, expires)),
            Self::Bins(rows) => rows.extend(bin(value).map(|key| (key, expires))),
            Self::Blocks(rows) => rows.extend(Block::parse(value).map(|key| (key, expires))),
        }
    }
}

impl List {
    /// Sorts the rows; of equal values the one that lasts longest stays. `source` is what the digest is
    /// of.
    pub(super) fn new(rows: Rows<'_>, source: &[u8]) -> Self {
        let digest = Sha256::digest(source).into();
        let (kind, table, expires) = match rows {
            Rows::Texts(kind, rows) => {
                let (keys, expires) = sorted(rows, |a, b| order_texts(kind.ignores_case(), a, b));
                (kind, Table::texts(kind, &keys), expires)
            }
            Rows::Bins(rows) => {
                let (keys, expires) = sorted(rows, Ord::cmp);
                (ListKind::Bin, Table::Bins(keys.into()), expires)
            }
            Rows::Blocks(rows) => {
                let (keys, expires) = sorted(rows, Ord::cmp);
                (ListKind::Ip, Table::Blocks(Blocks::new(&keys)), expires)
            }
        };
        Self { kind, table, expires, digest }
    }

    /// A list of nothing.
    pub(super) fn empty(kind: ListKind) -> Self {
        Self::new(Rows::new(kind), &[])
    }

    /// What it holds.
    pub fn kind(&self) -> ListKind {
        self.kind
    }

    /// How many entries, expired ones included.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// True for a list of nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of memory it takes.
    pub fn bytes(&self) -> usize {
        self.table.bytes() + size_of::<(u32, i64)>() * self.expires.len()
    }

    /// SHA-256 of what it was read from.
    pub fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// Whether a value is held at `now` by an entry that `counts`; `None` where the value is missing, or
    /// none of this kind. Cost: a few binary searches, no allocation.
    pub(super) fn holds(
        &self,
        value: &Value,
        now: Timestamp,
        counts: impl Fn(usize) -> bool,
    ) -> Option<bool> {
        let mut held = false;
        let mut found = |place| held |= counts(place) && self.lasts(place, now);
        let known = match value {
            Value::Text(text) => self.table.holding_text(text, &mut found),
            Value::Country(country) => self.table.holding_text(country.code(), &mut found),
            Value::Ip(address) => self.table.holding_address(*address, &mut found),
            _ => false,
        };
        known.then_some(held)
    }

    /// The number of an entry written like this.
    pub(super) fn place(&self, entry: &str) -> Option<usize> {
        self.table.place(entry)
    }

    /// The entry of a number.
    pub(super) fn entry(&self, place: usize) -> Option<Entry> {
        let expires = Some(self.expiry(place)).filter(|ms| *ms != NEVER);
        let value = self.table.get(place)?.into_owned();
        Some(Entry { value, expires: expires.map(Timestamp::from_millis) })
    }

    fn lasts(&self, place: usize, now: Timestamp) -> bool {
        now.millis() < self.expiry(place)
    }

    fn expiry(&self, place: usize) -> i64 {
        let key = |(entry, _): &(u32, i64)| *entry as usize;
        let at = self.expires.binary_search_by_key(&place, key).ok();
        at.and_then(|at| self.expires.get(at)).map_or(NEVER, |(_, at)| *at)
    }
}

/// Keys in ascending order, each once, and the ends of those that have one.
fn sorted<K>(
    mut rows: Vec<(K, i64)>,
    order: impl Fn(&K, &K) -> Ordering,
) -> (Vec<K>, Box<[(u32, i64)]>) {
    rows.sort_unstable_by(|a, b| order(&a.0, &b.0).then(b.1.cmp(&a.1)));
    rows.dedup_by(|later, first| order(&later.0, &first.0).is_eq());
    let number = |place: usize| u32::try_from(place).unwrap_or(u32::MAX);
    let ends = rows.iter().enumerate().filter(|(_, (_, expires))| *expires != NEVER);
    let ends = ends.map(|(place, (_, expires))| (number(place), *expires)).collect();
    (rows.into_iter().map(|(key, _)| key).collect(), ends)
}
