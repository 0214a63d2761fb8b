//! The rules the program comes with: the files of `rules/`, compiled in so that the binary runs
//! alone. A merchant's own directory replaces them all.

use super::error::Source;
use std::sync::Arc;

macro_rules! packs {
    ($($name:literal),* $(,)?) => {
        &[$((concat!("rules/", $name), include_str!(concat!("../../rules/", $name)))),*]
    };
}

const PACKS: &[(&str, &str)] = packs![
    "accounts.toml",
    "adjustments.toml",
    "card_testing.toml",
    "credits.toml",
    "promotions.toml",
    "refunds.toml",
    "renewals.toml",
    "resale.toml",
    "sharing.toml",
    "stolen_card.toml",
    "trials.toml",
];

/// The packs with their names.
pub(super) fn packs() -> Vec<Arc<Source>> {
    PACKS.iter().map(|(name, text)| Source::new(*name, *text)).collect()
}

#[cfg(test)]
mod tests {
    use super::PACKS;
    use std::collections::BTreeSet;

    /// A pack that lies in `rules/` and is not compiled in looks on and is off.
    #[test]
    fn every_file_of_the_directory_is_compiled_in() {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/rules");
        let files: BTreeSet<String> = std::fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
            .map(|path| format!("rules/{}", path.file_name().unwrap().display()))
            .collect();
        let compiled = PACKS.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(files, compiled);
    }
}
