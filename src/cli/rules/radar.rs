//! `vouch rules import-radar` and `vouch rules dump --radar`.

use super::{DONE, FINDING};
use crate::domain::RuleMode;
use crate::rules::{
    MAX_RADAR_BYTES, RadarImport, RadarText, RuleSet, Source, import_radar, to_radar,
};
use anyhow::{Context, Result, bail};
use std::fs;
use std::io::Write;
use std::path::Path;

/// Imports a file of Radar rules; the rule file goes to `to`, or to standard output. What differs is
/// told on standard error, or all of it as JSON on standard output.
pub(super) fn import(
    from: &Path,
    to: Option<&Path>,
    json: bool,
    out: &mut impl Write,
    err: &mut impl Write,
) -> Result<u8> {
    let shown = from.display();
    let size = fs::metadata(from).with_context(|| format!("cannot read `{shown}`"))?.len();
    if size > MAX_RADAR_BYTES as u64 {
        bail!("`{shown}` has {size} bytes, the limit is {MAX_RADAR_BYTES}");
    }
    let bytes = fs::read(from).with_context(|| format!("cannot read `{shown}`"))?;
    let import = import_radar(&String::from_utf8_lossy(&bytes));
    if import.rules.is_empty() {
        bail!(
            "`{shown}` has no rules; one begins with `Block if`, `Allow if`, `Review if` or `Request 3D Secure if`"
        );
    }
    if import.rules.iter().any(|rule| rule.id.is_some())
        && let Err(found) = RuleSet::from_sources(&[Source::new("the import", &*import.file)])
    {
        bail!("the import does not load:\n{found}");
    }
    match to {
        Some(to) => fs::write(to, &import.file)
            .with_context(|| format!("cannot write `{}`", to.display()))?,
        None if json => writeln!(out, "{:#}", serde_json::to_value(&import)?)?,
        None => out.write_all(import.file.as_bytes())?,
    }
    tell(&import, from, err)?;
    Ok(if import.has_refusals() { FINDING } else { DONE })
}

fn tell(import: &RadarImport, from: &Path, err: &mut impl Write) -> Result<()> {
    for rule in &import.rules {
        let place = format!("{}:{}", from.display(), rule.line);
        for reason in &rule.refused {
            writeln!(err, "{place}: refused: {reason}")?;
        }
        for warning in &rule.warnings {
            writeln!(err, "{place}: {}: {warning}", rule.id.as_deref().unwrap_or("warning"))?;
        }
    }
    let count = |mode| {
        let is = |rule: &&crate::rules::RadarRule| rule.id.is_some() && rule.mode == mode;
        import.rules.iter().filter(is).count()
    };
    let (live, shadow, off) =
        (count(RuleMode::Live), count(RuleMode::Shadow), count(RuleMode::Off));
    let refused = import.rules.len() - live - shadow - off;
    writeln!(err, "{live} live, {shadow} in shadow, {off} off, {refused} refused")?;
    Ok(())
}

/// Prints every rule in Radar's words, with a note where Radar's is not quite the same; one that Radar can't say stands as a comment with the reason.
pub(super) fn dump(rules: &RuleSet, out: &mut impl Write) -> Result<u8> {
    for rule in rules.rules() {
        match to_radar(rule) {
            Ok(RadarText { text, notes }) => {
                writeln!(out, "# {}", rule.id)?;
                notes.iter().try_for_each(|note| writeln!(out, "# note: {note}"))?;
                writeln!(out, "{text}\n")?;
            }
            Err(reason) => writeln!(out, "# {}: not printed: {reason}\n", rule.id)?,
        }
    }
    Ok(DONE)
}
