//! Countries by their English names, as tables of other people write them.

use crate::domain::Country;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Code and names, one country a line; the file says how.
const NAMES: &str = include_str!("../../../data/maps/country-names.txt");

static BY_NAME: LazyLock<BTreeMap<String, Country>> = LazyLock::new(|| {
    let lines = NAMES.lines().filter(|line| !line.starts_with('#'));
    let named = lines.flat_map(|line| {
        let (code, names) = line.split_once(';').unwrap_or((line, ""));
        let country = code.parse::<Country>().ok();
        names.split(';').filter_map(move |name| Some((words(name), country?)))
    });
    named.collect()
});

/// The country of a code or an English name; `None` when it is not known.
pub(super) fn country_named(text: &str) -> Option<Country> {
    text.parse().ok().or_else(|| BY_NAME.get(&words(text)).copied())
}

/// The words of a name that tell it from others, run together.
fn words(name: &str) -> String {
    let lower = name.to_lowercase();
    let words = lower.split(|c: char| !c.is_alphanumeric());
    words.filter(|word| !matches!(*word, "the" | "of" | "and")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_country_has_a_name_and_no_name_two_countries() {
        let lines: Vec<_> = NAMES.lines().filter(|line| !line.starts_with('#')).collect();
        let codes: Vec<_> = lines.iter().map(|line| line.split(';').next().unwrap()).collect();
        let all: Vec<_> = Country::all().map(|country| country.code().to_owned()).collect();
        assert_eq!(codes, all);
        for line in lines {
            let (code, names) = line.split_once(';').unwrap();
            for name in names.split(';') {
                assert_eq!(
                    country_named(name).map(|c| c.to_string()).as_deref(),
                    Some(code),
                    "{name}"
                );
            }
        }
    }

    #[test]
    fn forms_of_one_name_are_the_same() {
        let code = |name| country_named(name).map(|country| country.to_string());
        for name in ["Iran (ISLAMIC Republic Of)", "iran, islamic republic of", "IR"] {
            assert_eq!(code(name).as_deref(), Some("IR"));
        }
        assert_eq!(code("Cote D'ivoire").as_deref(), Some("CI"));
        assert_eq!(code("Congo").as_deref(), Some("CG"));
        assert_eq!(code("European Union"), None);
        assert_eq!(code(""), None);
    }
}
