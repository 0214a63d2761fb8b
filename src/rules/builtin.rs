//! The rules the program comes with: the files of `rules/`, compiled in so that the binary runs
//! alone. A merchant's own directory replaces them all.

use super::error::Source;
use std::sync::Arc;

macro_rules! packs {
    ($($name:literal),* $(,)?) => {
        &[$((concat!("rules/", $name), include_str!(concat!("../../rules/", $name)))),*]
    };
}

const PACKS: &[(&str, &str)] = packs!["card_testing.toml",];

/// The packs with their names.
pub(super) fn packs() -> Vec<Arc<Source>> {
    PACKS.iter().map(|(name, text)| Source::new(*name, *text)).collect()
}
