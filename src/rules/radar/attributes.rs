//! What Radar's attributes are here: `data/radar.toml`, read once.

use crate::features::FieldId;
use crate::rules::aggregate::{Aggregate, Measure, minutes};
use crate::rules::error::nearest;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The table.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Attributes {
    attribute: BTreeMap<String, Attribute>,
    velocity: Velocity,
}

/// One attribute. With none of `field`, `when` and `values` it is known to have no counterpart.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Attribute {
    #[serde(rename = "type", default)]
    pub kind: Option<Kind>,
    #[serde(default)]
    pub field: Option<String>,
    #[serde(default)]
    pub when: Option<String>,
    #[serde(default)]
    pub values: BTreeMap<String, String>,
    /// Radar compares it without regard to case.
    #[serde(default)]
    pub any_case: bool,
    #[serde(default)]
    pub note: Option<String>,
}

/// How Radar compares an attribute's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    Number,
    Text,
    Country,
    Ip,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Number => "a number",
            Self::Text => "a text",
            Self::Country => "a country",
            Self::Ip => "an IP address",
        }
    }
}

/// The words of counting attributes' names.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Velocity {
    what: BTreeMap<String, String>,
    key: BTreeMap<String, String>,
    other: BTreeMap<String, String>,
    period: BTreeMap<String, String>,
}

/// A counting attribute, as the words of a call of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Counted<'a> {
    /// Distinct others; empty for a count of attempts.
    pub of: &'a str,
    pub entity: &'a str,
    pub window: &'a str,
    pub filter: &'a str,
}

impl Attributes {
    /// The table in the binary. A test reads it, so the empty one never shows.
    pub(super) fn known() -> &'static Self {
        static TABLE: LazyLock<Attributes> = LazyLock::new(|| {
            toml::from_str(include_str!("../../../data/radar.toml")).unwrap_or_default()
        });
        &TABLE
    }

    pub(super) fn get(&self, name: &str) -> Option<&Attribute> {
        self.attribute.get(name)
    }

    /// Every attribute by name.
    pub(super) fn all(&self) -> impl Iterator<Item = (&str, &Attribute)> {
        self.attribute.iter().map(|(name, attribute)| (name.as_str(), attribute))
    }

    /// Why an attribute that Radar has by a pattern has no counterpart; `None` for what is none of
    /// Radar's as far as this table knows.
    pub(super) fn lacking(name: &str) -> Option<&'static str> {
        let is_currency =
            |code: &str| code.len() == 3 && code.chars().all(|c| c.is_ascii_lowercase());
        if name.strip_prefix("amount_in_").is_some_and(is_currency) {
            Some("amounts are converted to euros and US dollars alone")
        } else if name.ends_with("_all_time") {
            Some("no count goes back for ever here")
        } else {
            None
        }
    }

    /// The attribute a misspelt one was probably meant to be.
    pub(super) fn near(&self, name: &str) -> Option<String> {
        nearest(name, self.attribute.keys().map(String::as_str))
    }

    /// Reads `declined_charges_per_card_number_daily` and `card_count_for_email_weekly`.
    pub(super) fn counted<'a>(&'a self, name: &str) -> Option<Counted<'a>> {
        let word =
            |words: &'a BTreeMap<String, String>, key: &str| words.get(key).map(String::as_str);
        let (rest, period) = name.rsplit_once('_')?;
        let window = word(&self.velocity.period, period)?;
        if let Some((what, key)) = rest.split_once("_charges_per_") {
            let (filter, entity) =
                (word(&self.velocity.what, what)?, word(&self.velocity.key, key)?);
            return Some(Counted { of: "", entity, window, filter });
        }
        let (other, key) = rest.split_once("_count_for_")?;
        let (of, entity) = (word(&self.velocity.other, other)?, word(&self.velocity.key, key)?);
        Some(Counted { of, entity, window, filter: "" })
    }

    /// The counting attribute that is a field of ours, if any is.
    pub(super) fn counting(&self, field: &str) -> Option<String> {
        let kept = Aggregate::of_field(FieldId::by_name(field)?.field())?;
        let name_of = |words: &BTreeMap<String, String>, ours: &str| {
            words.iter().find(|(_, word)| *word == ours).map(|(name, _)| name.clone())
        };
        let key = name_of(&self.velocity.key, kept.entity)?;
        let same_window =
            |(_, window): &(&String, &String)| minutes(window) == Some(kept.minutes());
        let (period, _) = self.velocity.period.iter().find(same_window)?;
        match kept.measure {
            Measure::Count => {
                let what = name_of(&self.velocity.what, &kept.filter)?;
                Some(format!("{what}_charges_per_{key}_{period}"))
            }
            Measure::Distinct => {
                let other = name_of(&self.velocity.other, &kept.of)?;
                Some(format!("{other}_count_for_{key}_{period}"))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::parse;

    #[test]
    fn every_counterpart_is_of_this_version() {
        let table: Attributes =
            toml::from_str(include_str!("../../../data/radar.toml")).expect("a good table");
        assert!(table.attribute.len() > 30);
        for (name, attribute) in table.all() {
            if let Some(field) = &attribute.field {
                assert!(FieldId::by_name(field).is_some(), "{name}: {field}");
                assert!(attribute.kind.is_some(), "{name} has no type");
            }
            for condition in attribute.when.iter().chain(attribute.values.values()) {
                parse(name, condition).unwrap_or_else(|error| panic!("{error}"));
            }
            let forms = usize::from(attribute.field.is_some())
                + usize::from(attribute.when.is_some())
                + usize::from(!attribute.values.is_empty());
            assert!(forms <= 1 && (forms == 1 || attribute.note.is_some()), "{name}");
        }
    }

    #[test]
    fn counting_names_are_read_word_by_word() {
        let counted = |name| Attributes::known().counted(name);
        let declined = Counted { of: "", entity: "card", window: "24h", filter: "declined" };
        assert_eq!(counted("declined_charges_per_card_number_daily"), Some(declined));
        let cards = Counted { of: "card", entity: "ip", window: "1h", filter: "" };
        assert_eq!(counted("card_count_for_ip_address_hourly"), Some(cards));
        for other in ["total_amount_per_card_number_daily", "card_country", "x_charges_per_y_daily"]
        {
            assert_eq!(counted(other), None);
        }
    }
}
