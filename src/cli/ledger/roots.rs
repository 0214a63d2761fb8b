//! `vouch ledger roots`: a signed root for every day that is over.

use super::{Place, columns, print};
use crate::clock;
use crate::ledger::{SignedRoot, roots, sign_roots};
use anyhow::{Context, Result};
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub(super) struct RootsArgs {
    #[command(flatten)]
    place: Place,
}

/// Signs what is due, then lists all.
pub(super) fn run(args: &RootsArgs) -> Result<ExitCode> {
    let data_dir = &args.place.data_dir;
    let fresh = sign_roots(data_dir, clock::now()).context("can't sign the roots")?;
    if !fresh.is_empty() {
        eprintln!("signed {} roots", fresh.len());
    }
    let roots = roots(data_dir)?;
    print(&if args.place.json { roots_json(&roots)? } else { roots_text(&roots) })?;
    Ok(ExitCode::SUCCESS)
}

/// One object a line.
fn roots_json(roots: &[SignedRoot]) -> Result<String> {
    let lines = roots.iter().map(|root| Ok(serde_json::to_string(root)? + "\n"));
    lines.collect()
}

fn roots_text(roots: &[SignedRoot]) -> String {
    let title = ["day", "records", "root", "signed by"].map(str::to_owned);
    let line = |root: &SignedRoot| {
        let records = format!("{}-{}", root.first, root.last);
        [root.day.clone(), records, root.root.clone(), root.signed.key.clone()]
    };
    columns(&[title].into_iter().chain(roots.iter().map(line)).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::super::tests::written;
    use super::*;

    #[test]
    fn roots_are_listed_for_people_and_programs() {
        let dir = written();
        let days_later = "2026-11-23T00:00:00Z".parse().unwrap();
        let fresh = sign_roots(dir.path(), days_later).unwrap();
        let text = roots_text(&fresh);
        assert!(text.starts_with("day         records  root"), "{text}");
        assert!(text.contains("\n2026-11-20  1-3      "), "{text}");
        let json = roots_json(&fresh).unwrap();
        assert_eq!(serde_json::from_str::<SignedRoot>(&json).unwrap(), fresh[0]);
    }
}
