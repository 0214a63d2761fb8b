//! The list of fields: one entry each, in a fixed order.
//!
//! An entry is never renamed or given another meaning; a new meaning is a new name. The order is the
//! order of the record's slots and of `docs/features.md`.

use super::value::Kind;
use std::collections::HashMap;
use std::sync::LazyLock;

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Copied from the request; the name is the request's own.
    Request,
    /// Computed by us from the request, the tables and the history.
    Derived,
    /// What we did ourselves: rules may read it, no model does.
    Own,
}

/// Whether a value is known when the score is asked for before the issuer has answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Known before authorization.
    Before,
    /// Known only after authorization; missing when scored before it.
    After,
}

/// One field of the record.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Its place in the record.
    pub id: FieldId,
    /// The name rules, models and the ledger use.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// Unit of a number; empty where there is none.
    pub unit: &'static str,
    /// Window of a count, sum or distinct, ending just before the transaction; empty otherwise.
    pub window: &'static str,
    /// When it is known.
    pub stage: Stage,
    /// Where it comes from.
    pub origin: Origin,
    /// True when the value can name a person: sealed in the ledger, gone after erasure.
    pub personal: bool,
    /// When the value is missing.
    pub missing: &'static str,
    /// What it says, in one sentence.
    pub doc: &'static str,
}

/// A field's place in the record. Made only by the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldId(u16);

impl FieldId {
    /// The field `offset` places after a group's `start`.
    const fn at(start: u16, offset: u16) -> Self {
        Self(start + offset)
    }

    /// Finds a field by its name. Cost: one hash.
    pub fn by_name(name: &str) -> Option<Self> {
        static BY_NAME: LazyLock<HashMap<&'static str, FieldId>> =
            LazyLock::new(|| FIELDS.iter().map(|field| (field.name, field.id)).collect());
        BY_NAME.get(name).copied()
    }

    /// The field's entry.
    #[expect(clippy::indexing_slicing, reason = "ids are made from the table's own positions")]
    pub fn field(self) -> &'static Field {
        &FIELDS[usize::from(self.0)]
    }

    /// True for what history keeps of the transaction's entities, our own actions included.
    pub fn is_history(self) -> bool {
        (facts::END..own::END).contains(&self.0)
    }

    /// The slot's index in a record.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

const TYPES: &[&str] = crate::domain::TransactionKind::WORDS;
const METHODS: &[&str] = crate::domain::PaymentMethod::WORDS;
const INITIATORS: &[&str] = crate::domain::Initiator::WORDS;
const FULFILMENTS: &[&str] = crate::domain::FulfilmentMethod::WORDS;
const FUNDINGS: &[&str] = &["credit", "debit", "charge"];
const RESULTS: &[&str] = &["approved", "declined"];
const DECLINES: &[&str] = &["other", "funds", "stolen", "data"];
const CHALLENGES: &[&str] = &["passed", "failed", "abandoned"];
const AGENT_CLASSES: &[&str] = &["bot", "headless", "library", "app", "browser", "other"];
const AGENT_SYSTEMS: &[&str] = &["windows", "macos", "linux", "chromeos", "android", "ios"];
const AGENT_BROWSERS: &[&str] =
    &["chrome", "edge", "firefox", "opera", "safari", "samsung", "yandex"];
const TRIED_WITH: &[&str] = &["card", "mailbox", "phone", "device"];
const CHECKS: &[&str] = &["match", "partial", "none", "unavailable"];
const THREE_DS: &[&str] = &["authenticated", "attempted", "none"];
const EMAIL_CLASSES: &[&str] = &["disposable", "disposable_wide", "relay", "free", "other"];

/// Declares a group of fields: their ids in `ids`, their entries in `GROUP`, numbered from `after`.
macro_rules! group {
    (after $start:expr;
     $($id:ident $name:literal $kind:expr, $stage:ident, $origin:ident, personal: $personal:literal,
       unit: $unit:literal, window: $window:literal, missing: $missing:literal, $doc:literal;)*) => {
        #[derive(Clone, Copy)]
        #[expect(non_camel_case_types, clippy::upper_case_acronyms, reason = "numbers the entries below")]
        enum Slot { $($id,)* AFTER }

        /// The group's ids.
        pub(super) mod ids {
            use super::{START, Slot};
            use crate::features::FieldId;
            $(
                #[doc = $doc]
                pub const $id: FieldId = FieldId::at(START, Slot::$id as u16);
            )*
        }

        const START: u16 = $start;

        /// The number of the first field after the group.
        pub(super) const END: u16 = START + Slot::AFTER as u16;

        /// The group's entries.
        pub(super) const GROUP: &[Field] = &[$(Field {
            id: ids::$id, name: $name, kind: $kind, unit: $unit, window: $window,
            stage: Stage::$stage, origin: Origin::$origin, personal: $personal,
            missing: $missing, doc: $doc,
        }),*];
    };
}

mod facts;
mod history;
mod outcomes;
mod own;
mod request;
mod score;

/// Every field's id by its name in capitals.
pub mod fields {
    pub use super::{
        facts::ids::*, history::ids::*, outcomes::ids::*, own::ids::*, request::ids::*,
        score::ids::*,
    };
}

/// The groups, in the order of their numbers.
const GROUPS: [&[Field]; 6] =
    [request::GROUP, facts::GROUP, history::GROUP, outcomes::GROUP, own::GROUP, score::GROUP];

/// Every field, in the order of the record's slots.
pub static FIELDS: &[Field] = &joined();

#[expect(clippy::indexing_slicing, reason = "a number outside the groups does not compile")]
#[expect(clippy::large_stack_arrays, reason = "runs in the compiler only")]
const fn joined() -> [Field; score::END as usize] {
    let mut fields = [GROUPS[0][0]; score::END as usize];
    let (mut group, mut filled) = (0, 0);
    while group < GROUPS.len() {
        let mut entry = 0;
        while entry < GROUPS[group].len() {
            fields[filled] = GROUPS[group][entry];
            (entry, filled) = (entry + 1, filled + 1);
        }
        group += 1;
    }
    fields
}

/// The catalogue as the page `docs/features.md`.
pub fn markdown() -> String {
    let mut page = String::from(
        "# Features\n\nGenerated from the catalogue by `vouch features --markdown`; do not edit.\n\n\
         Stage *after*: known only once the issuer has answered; missing when scored before. \
         *Personal*: sealed in the ledger and gone after erasure. A window ends just before the \
         transaction, by event time. Any member of `custom` is a field too: `custom.<name>`.\n",
    );
    for (origin, title) in [
        (Origin::Request, "From the request"),
        (Origin::Derived, "Derived"),
        (Origin::Own, "Our own actions, kept from every model"),
    ] {
        page.push_str("\n## ");
        page.push_str(title);
        page.push_str(
            "\n\n| Field | Type | Unit | Window | Stage | Personal | Meaning | Missing when |\n",
        );
        page.push_str("|---|---|---|---|---|---|---|---|\n");
        for field in FIELDS.iter().filter(|field| field.origin == origin) {
            page.push_str(&row(field));
        }
    }
    page
}

fn row(field: &Field) -> String {
    let words = match field.kind {
        Kind::Word(words) => format!(": {}", words.join(", ")),
        _ => String::new(),
    };
    format!(
        "| `{}` | {}{words} | {} | {} | {} | {} | {} | {} |\n",
        field.name,
        field.kind.name(),
        field.unit,
        field.window,
        if field.stage == Stage::After { "after" } else { "" },
        if field.personal { "yes" } else { "" },
        field.doc,
        field.missing,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_unique_and_ids_are_positions() {
        let names: BTreeSet<_> = FIELDS.iter().map(|f| f.name).collect();
        assert_eq!(names.len(), FIELDS.len());
        for (place, field) in FIELDS.iter().enumerate() {
            assert_eq!(field.id.index(), place);
            assert_eq!(FieldId::by_name(field.name), Some(field.id));
            assert!(!field.missing.is_empty() && !field.doc.is_empty(), "{}", field.name);
        }
    }

    #[test]
    fn windows_end_the_name() {
        for field in FIELDS.iter().filter(|f| !f.window.is_empty()) {
            assert!(field.name.ends_with(&format!("_{}", field.window)), "{}", field.name);
        }
    }
}
