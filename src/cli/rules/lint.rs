//! `vouch rules lint`: what a rule set says that its author probably did not mean.

use super::{DONE, FINDING, Loaded, UNUSABLE};
use crate::cli::progress;
use crate::clock;
use crate::rules::RuleSet;
use crate::rules::lint::{Check, Finding, Severity, count, lint};
use anyhow::Result;
use clap::Args;
use std::io::Write;

/// How findings are printed.
#[derive(Debug, Args)]
pub(super) struct LintArgs {
    #[command(flatten)]
    pub(super) rules: super::Paths,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Print what lint looks for, and stop
    #[arg(long)]
    pub(super) list: bool,
}

/// Prints the table of codes.
pub(super) fn list(args: &LintArgs, out: &mut impl Write) -> Result<u8> {
    if args.json {
        let row = |check: &Check| {
            serde_json::json!({"code": check.code(), "level": check.severity(),
                "finds": check.finds(), "help": check.todo()})
        };
        writeln!(out, "{:#}", Check::ALL.iter().map(row).collect::<serde_json::Value>())?;
        return Ok(DONE);
    }
    for check in Check::ALL {
        let (code, level) = (check.code(), check.severity().to_string());
        writeln!(out, "{code}  {level:<7}  {}\n               {}", check.finds(), check.todo())?;
    }
    Ok(DONE)
}

/// Prints the findings: 0 where there are none but notes, 1 otherwise, 2 where the set does not load.
pub(super) fn run(
    args: &LintArgs,
    loaded: &Loaded,
    out: &mut impl Write,
    err: &mut impl Write,
) -> Result<u8> {
    let rules = match loaded {
        Ok(rules) => rules,
        Err(found) => return super::complain(found, UNUSABLE, err),
    };
    let findings = look(rules);
    let counts = count(&findings);
    let counted = |severity| counts.get(&severity).copied().unwrap_or(0);
    let (errors, warnings) = (counted(Severity::Error), counted(Severity::Warning));
    let notes = counted(Severity::Note);
    if args.json {
        let page = serde_json::json!({"digest": rules.digest(), "rules": rules.rules().len(),
            "errors": errors, "warnings": warnings, "notes": notes, "findings": findings});
        writeln!(out, "{page:#}")?;
    } else {
        for finding in &findings {
            writeln!(out, "{}\n", finding.render())?;
        }
        let rules = rules.rules().len();
        writeln!(out, "{rules} rules: {errors} errors, {warnings} warnings, {notes} notes")?;
    }
    Ok(if errors + warnings == 0 { DONE } else { FINDING })
}

fn look(rules: &RuleSet) -> Vec<Finding> {
    let total = u64::try_from(rules.rules().len() * 2).unwrap_or(u64::MAX);
    let bar = progress::rows("looking at rules", total);
    let findings = lint(rules, clock::now(), &|done| {
        bar.set_position(u64::try_from(done).unwrap_or(u64::MAX));
    });
    bar.finish_and_clear();
    findings
}

#[cfg(test)]
mod tests {
    use crate::cli::rules::tests::run;
    use crate::cli::rules::{DONE, FINDING, UNUSABLE};

    const RULE: &str = r#"[group]
owner = "risk"

[[rule]]
id = "tor"
action = "review"
reason = "TOR"
text = "Through Tor."
what = "Orders through Tor."
known_false_positives = "Buyers who use it on principle."
when = 'ip.tor && amount_eur > 10'
tests = [
  { name = "tor", given = { "ip.tor" = true, amount_eur = "11" }, expect = "match" },
  { name = "small", given = { "ip.tor" = true, amount_eur = "9" }, expect = "no_match" },
]
"#;

    #[test]
    fn exit_codes_and_forms() {
        let (result, out, err) = run(&["lint", "a.toml"], &[("a.toml", RULE)]);
        assert_eq!((result, err.as_str()), (Ok(DONE), ""));
        assert_eq!(out, "1 rules: 0 errors, 0 warnings, 0 notes\n");

        let noted = RULE.replace("what = \"Orders through Tor.\"\n", "");
        let (result, out, _) = run(&["lint", "a.toml"], &[("a.toml", &noted)]);
        assert_eq!(result, Ok(DONE));
        assert!(out.starts_with("note[R320]") && out.contains("a.toml:5:6"), "{out}");

        let never = RULE.replace("> 10", "> 10 && amount_eur < 5");
        let (result, out, _) = run(&["lint", "--json", "a.toml"], &[("a.toml", &never)]);
        assert_eq!(result, Ok(FINDING));
        let page: serde_json::Value = serde_json::from_str(&out).unwrap();
        assert_eq!((&page["errors"], &page["warnings"]), (&1.into(), &0.into()));
        assert_eq!(page["findings"][0]["code"], "R301");
        assert_eq!(page["findings"][0]["rule"], "tor");

        let broken = RULE.replace("ip.tor &&", "ip.tur &&");
        let (result, out, err) = run(&["lint", "a.toml"], &[("a.toml", &broken)]);
        assert_eq!((result, out.as_str()), (Ok(UNUSABLE), ""));
        assert!(err.contains("R201"), "{err}");
        assert!(run(&["lint", "none.toml"], &[]).0.is_err());
    }

    #[test]
    fn the_list_needs_no_rules() {
        let (result, out, _) = run(&["lint", "--list"], &[]);
        assert_eq!(result, Ok(DONE));
        assert!(out.starts_with("R301  error    a condition no record can make true\n"), "{out}");
        let (_, out, _) = run(&["lint", "--list", "--json"], &[]);
        let page: serde_json::Value = serde_json::from_str(&out).unwrap();
        assert_eq!(page[0]["level"], "error");
    }
}
