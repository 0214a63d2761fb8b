//! What history keeps, as calls: `count("card", "1h")` is the field `card_tx_count_1h`.
//!
//! The catalogue's names are built to one plan (entity, what is counted, window), and this reads
//! the plan back, so that a new field of history is a call at once. History keeps exactly the
//! catalogue, whatever the rules ask for: a window that is not kept is refused at load, with what is
//! kept instead. Rejected: windows made on demand by rules; each would have to be filled from a
//! ledger before the rule means what it says.

use crate::features::{FIELDS, Field, FieldId, Kind};
use std::fmt;
use std::sync::LazyLock;

/// How attempts and others are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Measure {
    /// How many.
    Count,
    /// Their amounts in euro, added.
    Sum,
    /// How many different others.
    Distinct,
    /// The largest.
    Max,
    /// Hours since the first.
    Age,
}

impl Measure {
    /// Every measure.
    pub const ALL: [Self; 5] = [Self::Count, Self::Sum, Self::Distinct, Self::Max, Self::Age];

    /// Its function.
    pub fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Sum => "sum",
            Self::Distinct => "distinct",
            Self::Max => "max",
            Self::Age => "age",
        }
    }
}

/// One value that history keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aggregate {
    /// The field that holds it.
    pub field: FieldId,
    /// How it is put together.
    pub measure: Measure,
    /// What is added, told apart or compared: `amount_eur`, `card`, `sessions`; empty for others.
    pub of: String,
    /// Whose it is: `card`, `ip`, `card_on_account`, …
    pub entity: &'static str,
    /// The window as the catalogue writes it; empty for an age.
    pub window: &'static str,
    /// What is counted, `declined`, `blocked`, …; empty for every attempt.
    pub filter: String,
}

impl Aggregate {
    /// Every value that history keeps and a call can name, in the order of the catalogue.
    pub fn all() -> &'static [Self] {
        static ALL: LazyLock<Vec<Aggregate>> =
            LazyLock::new(|| FIELDS.iter().filter_map(Aggregate::of_field).collect());
        &ALL
    }

    /// The value a field holds; `None` for fields that are no such value (shares, last times, …).
    pub fn of_field(field: &'static Field) -> Option<Self> {
        let parts = |measure, of: &str, entity, filter: &str| Self {
            field: field.id,
            measure,
            of: of.to_owned(),
            entity,
            window: field.window,
            filter: filter.to_owned(),
        };
        if let Some(entity) = field.name.strip_suffix(".first_seen_h") {
            return Some(parts(Measure::Age, "", entity, ""));
        }
        let (entity, rest) = entity_of(field.name)?;
        let what = rest.strip_suffix(field.window)?.strip_suffix('_')?;
        if field.window.is_empty() {
            return None;
        }
        if let Some(others) = what.strip_prefix("distinct_") {
            return Some(parts(Measure::Distinct, &singular(others), entity, ""));
        }
        if let (Some(what), Kind::Decimal) = (what.strip_suffix("_eur_sum"), field.kind) {
            let filter = if what == "amount" { "" } else { what };
            return Some(parts(Measure::Sum, "amount_eur", entity, filter));
        }
        if field.kind != Kind::Int {
            return None;
        }
        if let Some(what) = what.strip_suffix("_max") {
            return Some(parts(Measure::Max, what, entity, ""));
        }
        let what = what.strip_suffix("_count")?;
        Some(parts(Measure::Count, "", entity, if what == "tx" { "" } else { what }))
    }

    /// The entity a field of history is about, by its name.
    pub fn entity_of_field(field: &'static Field) -> &'static str {
        let before_dot = field.name.split_once('.').map(|(entity, _)| entity);
        entity_of(field.name).map(|(entity, _)| entity).or(before_dot).unwrap_or("")
    }

    /// The window in minutes; 0 for an age.
    pub(super) fn minutes(&self) -> u64 {
        minutes(self.window).unwrap_or(0)
    }
}

impl fmt::Display for Aggregate {
    /// The call that names it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { measure, of, entity, window, filter, .. } = self;
        write!(f, "{}(", measure.name())?;
        let words = [of, *entity, *window, filter].into_iter().filter(|word| !word.is_empty());
        for (place, word) in words.enumerate() {
            write!(f, "{}\"{word}\"", if place == 0 { "" } else { ", " })?;
        }
        f.write_str(")")
    }
}

/// Minutes of a window as written: `10m`, `24h`, `7d`. `None` for anything else.
pub(super) fn minutes(window: &str) -> Option<u64> {
    let unit = match window.chars().last()? {
        'm' => 1,
        'h' => 60,
        'd' => 24 * 60,
        _ => return None,
    };
    let digits = window.get(..window.len() - 1)?;
    let number: u64 = digits.parse().ok().filter(|_| digits.bytes().all(|b| b.is_ascii_digit()))?;
    number.checked_mul(unit).filter(|minutes| *minutes > 0)
}

/// Entities in the catalogue's names. A pair stands before the entity it begins with.
pub(super) const ENTITIES: &[&str] = &[
    "card_on_account",
    "card_on_ip",
    "device_on_account",
    "account",
    "bin",
    "card",
    "device",
    "email",
    "invoice",
    "ip",
    "licence",
    "seller",
    "sku",
    "wallet",
];

/// The entity a name begins with, and the rest behind its underscore.
fn entity_of(name: &'static str) -> Option<(&'static str, &'static str)> {
    ENTITIES
        .iter()
        .find_map(|entity| Some((*entity, name.strip_prefix(entity)?.strip_prefix('_')?)))
}

fn singular(others: &str) -> String {
    match others.strip_suffix("ies") {
        Some(stem) => format!("{stem}y"),
        None => others.strip_suffix('s').unwrap_or(others).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_and_calls_are_one_to_one() {
        let calls: BTreeSet<String> = Aggregate::all().iter().map(ToString::to_string).collect();
        assert_eq!(calls.len(), Aggregate::all().len());
        for (name, call) in [
            ("card_tx_count_1h", "count(\"card\", \"1h\")"),
            ("card_declined_funds_count_1d", "count(\"card\", \"1d\", \"declined_funds\")"),
            ("card_blocked_count_30d", "count(\"card\", \"30d\", \"blocked\")"),
            ("card_amount_eur_sum_1d", "sum(\"amount_eur\", \"card\", \"1d\")"),
            ("account_micro_eur_sum_1d", "sum(\"amount_eur\", \"account\", \"1d\", \"micro\")"),
            ("ip_distinct_cards_1d", "distinct(\"card\", \"ip\", \"1d\")"),
            ("card_distinct_countries_30d", "distinct(\"country\", \"card\", \"30d\")"),
            ("account_sessions_max_90d", "max(\"sessions\", \"account\", \"90d\")"),
            ("card_on_ip_tx_count_1d", "count(\"card_on_ip\", \"1d\")"),
            ("card_on_account.first_seen_h", "age(\"card_on_account\")"),
        ] {
            let field = FieldId::by_name(name).unwrap().field();
            assert_eq!(Aggregate::of_field(field).unwrap().to_string(), call);
        }
    }

    /// Counts, sums, distincts and largest of the catalogue are all reached.
    #[test]
    fn every_count_of_the_catalogue_is_a_call() {
        for field in FIELDS.iter().filter(|field| !field.window.is_empty()) {
            let whole = matches!(field.kind, Kind::Int | Kind::Decimal);
            assert_eq!(Aggregate::of_field(field).is_some(), whole, "{}", field.name);
        }
    }

    #[test]
    fn a_window_has_a_number_and_a_unit() {
        let cases = [("10m", Some(10)), ("24h", Some(1440)), ("1d", Some(1440)), ("0h", None)];
        for (window, want) in cases {
            assert_eq!(minutes(window), want);
        }
        for wrong in
            ["", "h", "1", "1w", "-1h", "+1h", "1.5h", "1 h", "99999999999999999999d", "1é"]
        {
            assert_eq!(minutes(wrong), None, "{wrong}");
        }
    }
}
