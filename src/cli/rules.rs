//! `vouch rules`: check, test, try and explain rules before they act.

mod aggregates;
mod check;
mod fmt;
mod lint;
mod radar;

use crate::clock;
use crate::domain::RuleMode;
use crate::features::Record;
use crate::lists::Lists;
use crate::rules::{Diagnostics, Rule, RuleSet, Truth, explain, parse, record_from_json};
use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Check, test, try and explain rules.
#[derive(Debug, Args)]
pub(super) struct RulesArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check rule files: every mistake with its place and what was probably meant
    Check {
        #[command(flatten)]
        rules: Paths,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Run the tests beside the rules
    Test {
        #[command(flatten)]
        rules: Paths,
    },
    /// Evaluate one condition: prints `true`, `false` or `unknown`
    Eval {
        /// The condition, e.g. `ip.tor && amount_eur > 100`
        #[arg(long, value_name = "CONDITION")]
        expr: String,
        /// Facts as JSON: field: value, or a transaction; `-` reads standard input
        #[arg(long, value_name = "FILE")]
        given: PathBuf,
        /// Print each part with its values below the answer
        #[arg(long)]
        explain: bool,
    },
    /// Explain one rule for one record, part by part
    Explain {
        /// The rule's id
        id: String,
        /// Facts as JSON: field: value, or a transaction; `-` reads standard input
        #[arg(long, value_name = "FILE")]
        given: PathBuf,
        /// Rule files or directories; without any, the bundled rules
        #[arg(long = "rules", value_name = "PATH")]
        paths: Vec<PathBuf>,
    },
    /// Find what is probably not meant: rules that never match, add nothing, contradict each other
    Lint(lint::LintArgs),
    /// Would this buyer be blocked now, and by what? Exit 1 where something would
    Whatif(super::desk::WhatIfArgs),
    /// Put a rule to sleep for one buyer, or wake it
    Snooze(super::desk::SnoozeArgs),
    #[command(flatten)]
    Past(super::backtest::PastCommand),
    /// Print the rules in the order they are evaluated, each condition in its one spelling
    Dump {
        #[command(flatten)]
        rules: Paths,
        /// Print JSON for tools, each condition as a typed tree too
        #[arg(long)]
        json: bool,
        /// Print the text of Stripe Radar, where Radar can say it
        #[arg(long, conflicts_with = "json")]
        radar: bool,
    },
    /// List what the rules read of history, and what history costs in memory
    Aggregates {
        #[command(flatten)]
        rules: Paths,
        /// Keys (cards, mailboxes, addresses, …) to estimate the memory for
        #[arg(long, value_name = "N", default_value_t = 1_000_000)]
        keys: u64,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Write rule files in their one layout; prints the names of those that change
    Fmt {
        /// Rule files or directories
        #[arg(value_name = "PATH", default_value = "rules")]
        paths: Vec<PathBuf>,
        /// Write nothing; exit 1 if a file would change
        #[arg(long)]
        check: bool,
    },
    /// Read rules written for Stripe Radar, and print them as a rule file
    ImportRadar {
        /// The text of the rules, one after another
        file: PathBuf,
        /// Write the rule file here instead of printing it
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Print the file and what became of each rule as JSON
        #[arg(long, conflicts_with = "out")]
        json: bool,
    },
}

#[derive(Debug, Args)]
struct Paths {
    /// Rule files or directories; without any, the bundled rules
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
}

/// Runs the command. Exit codes: 0 done, 1 a rule or a test is wrong, 2 unusable input.
pub(super) fn run(args: &RulesArgs) -> Result<ExitCode> {
    match &args.command {
        Command::Whatif(args) => return super::desk::whatif(args),
        Command::Snooze(args) => return super::desk::snooze(args),
        _ => {}
    }
    let (mut out, mut err) = (std::io::stdout().lock(), std::io::stderr().lock());
    Ok(ExitCode::from(run_to(&args.command, &mut out, &mut err)?))
}

const DONE: u8 = 0;
const FINDING: u8 = 1;
const UNUSABLE: u8 = 2;

/// The exit code. Only what is no answer of a rule (a missing file, bad JSON) is an error.
fn run_to(command: &Command, out: &mut impl Write, err: &mut impl Write) -> Result<u8> {
    match command {
        Command::Check { rules, json } => check::check(&rules.paths, *json, out, err),
        Command::Lint(args) if args.list => lint::list(args, out),
        Command::Lint(args) => lint::run(args, &load(&args.rules.paths)?, out, err),
        Command::Test { rules } => test(&load(&rules.paths)?, out, err),
        Command::Eval { expr, given, explain: with_parts } => {
            let condition = match parse("--expr", expr) {
                Ok(condition) => condition,
                Err(found) => {
                    writeln!(err, "{found}")?;
                    return Ok(UNUSABLE);
                }
            };
            let record = read_given(given)?;
            writeln!(out, "{}", condition.eval(&record))?;
            if *with_parts {
                write!(out, "\n{}", explain(&condition, &record))?;
            }
            Ok(DONE)
        }
        Command::Whatif(_) | Command::Snooze(_) => bail!("this command needs a data directory"),
        Command::Explain { id, given, paths } => {
            let rules = match load(paths)? {
                Ok(rules) => rules,
                Err(found) => return complain(&found, UNUSABLE, err),
            };
            let Some(rule) = rules.rule(id) else {
                bail!("no rule is called `{id}`; `vouch rules check` lists them")
            };
            let record = read_given(given)?;
            writeln!(out, "{}: {}\n", rule.id, rule.text)?;
            write!(out, "{}", explain(&rule.when, &record))?;
            Ok(DONE)
        }
        Command::Past(command) => super::backtest::run(command),
        Command::Dump { rules, json, radar } => match load(&rules.paths)? {
            Err(found) => complain(&found, UNUSABLE, err),
            Ok(rules) if *radar => radar::dump(&rules, out),
            Ok(rules) => dump(&rules, *json, out),
        },
        Command::Aggregates { rules, keys, json } => {
            aggregates::aggregates(&load(&rules.paths)?, *keys, *json, out, err)
        }
        Command::Fmt { paths, check } => fmt::fmt(paths, *check, out, err),
        Command::ImportRadar { file, out: to, json } => {
            radar::import(file, to.as_deref(), *json, out, err)
        }
    }
}

fn dump(rules: &RuleSet, json: bool, out: &mut impl Write) -> Result<u8> {
    if json {
        serde_json::to_writer_pretty(&mut *out, rules.rules())?;
        writeln!(out)?;
        return Ok(DONE);
    }
    for rule in rules.rules() {
        writeln!(out, "{}  {}  {}", rule.id, rule.effect.action(), rule.mode)?;
        writeln!(out, "    {}", rule.when)?;
    }
    Ok(DONE)
}

type Loaded = std::result::Result<RuleSet, Diagnostics>;

/// A path that is not there is bad usage, what is wrong inside a file is a finding.
fn load(paths: &[PathBuf]) -> Result<Loaded> {
    if let Some(missing) = paths.iter().find(|path| !path.exists()) {
        bail!(not_there(missing));
    }
    let loaded = if paths.is_empty() { RuleSet::builtin() } else { RuleSet::load(paths) };
    Ok(loaded.and_then(|rules| rules.check_lists(&lists_beside(paths, &rules)).map(|()| rules)))
}

/// The lists beside the rules; one that can't be used is told on standard error.
fn lists_beside(paths: &[PathBuf], rules: &RuleSet) -> Lists {
    let loaded = check::read_lists(paths, rules);
    for refused in &loaded.refused {
        eprintln!("warning: {refused}");
    }
    loaded.lists
}

fn not_there(path: &Path) -> String {
    format!("`{}` does not exist", path.display())
}

fn complain(found: &Diagnostics, code: u8, err: &mut impl Write) -> Result<u8> {
    let count = found.all().len();
    let errors = if count == 1 { "error" } else { "errors" };
    writeln!(err, "{found}\n\n{count} {errors}: nothing of the set is used until it loads whole")?;
    Ok(code)
}

/// Whether the rule does anything today: a rule that looks on and is not is worse than none.
fn status(rule: &Rule) -> &'static str {
    match rule.mode {
        RuleMode::Off => "off",
        _ if rule.expired(clock::now()) => "expired",
        mode => mode.word(),
    }
}

fn test(loaded: &Loaded, out: &mut impl Write, err: &mut impl Write) -> Result<u8> {
    let rules = match loaded {
        Ok(rules) => rules,
        Err(found) => return complain(found, FINDING, err),
    };
    let results = rules.run_tests();
    let failed: Vec<_> = results.iter().filter(|result| !result.passed()).collect();
    for result in &failed {
        let (case, rule) = (result.case, result.rule);
        let (want, got) = (expectation(case.expect), expectation(result.got));
        writeln!(
            out,
            "{}: `{}` of rule `{}`: expected {want}, is {got}",
            case.place, case.name, rule.id
        )?;
        writeln!(out, "{}", explain(&rule.when, &case.given))?;
    }
    let untested = rules.rules().iter().filter(|rule| rule.tests.is_empty()).count();
    let passed = results.len() - failed.len();
    writeln!(out, "{passed} passed, {} failed, {untested} rules without a test", failed.len())?;
    Ok(if failed.is_empty() { DONE } else { FINDING })
}

/// A truth as a test beside a rule spells it.
fn expectation(truth: Truth) -> &'static str {
    match truth {
        Truth::True => "match",
        Truth::False => "no_match",
        Truth::Unknown => "unknown",
    }
}

fn read_given(path: &Path) -> Result<Record> {
    let mut text = String::new();
    if path == Path::new("-") {
        std::io::stdin().lock().read_to_string(&mut text)?;
    } else {
        text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read `{}`", path.display()))?;
    }
    let object = serde_json::from_str(&text)
        .with_context(|| format!("`{}` is no JSON object", path.display()))?;
    record_from_json(&object).with_context(|| format!("in `{}`", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;
    use std::fs;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        rules: RulesArgs,
    }

    /// Runs a command line; file names are in a directory that holds these files.
    pub(super) fn run(
        line: &[&str],
        files: &[(&str, &str)],
    ) -> (Result<u8, String>, String, String) {
        let directory = tempfile::tempdir().unwrap();
        let place = |name: &str| directory.path().join(name).to_string_lossy().into_owned();
        for (name, text) in files {
            fs::write(place(name), text).unwrap();
        }
        let named = |word: &&str| {
            if word.contains('.') && !word.contains(' ') { place(word) } else { (*word).to_owned() }
        };
        let line = std::iter::once("rules".to_owned()).chain(line.iter().map(named));
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let result = run_to(&Line::parse_from(line).rules.command, &mut out, &mut err);
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().replace(&place(""), "");
        (result.map_err(|e| format!("{e:#}")), text(out), text(err))
    }

    const GOOD: &str = r#"[[rule]]
id = "tor"
action = "review"
reason = "TOR"
text = "Through Tor."
when = 'ip.tor && amount_eur > 10'
tests = [{ name = "tor", given = { "ip.tor" = true, amount_eur = "11" }, expect = "match" }]
"#;

    #[test]
    fn eval_answers_in_the_first_word() {
        let eval = |expr: &str, given: &str| {
            run(&["eval", "--expr", expr, "--given", "given.json"], &[("given.json", given)])
        };
        let flat = r#"{"ip.tor": true, "amount_eur": "9.99"}"#;
        for (expr, want) in [
            ("ip.tor && amount_eur < 10", "true\n"),
            ("ip.tor && amount_eur > 10", "false\n"),
            ("ip.tor && ip.hosting", "unknown\n"),
        ] {
            assert_eq!(eval(expr, flat), (Ok(DONE), want.to_owned(), String::new()));
        }
        let request = r#"{"transaction_id": "t", "type": "purchase", "event_time": "2026-11-20T10:15:00Z",
            "amount": {"value": "49.00", "currency": "EUR"}, "fulfilment": {"method": "licence_key"}}"#;
        let expr = "amount > money('48', 'EUR') && fulfilment.method == 'licence_key'";
        assert_eq!(eval(expr, request).1, "true\n");
        let (result, out, err) = eval("ip.tur && true", flat);
        assert_eq!((result, out.as_str()), (Ok(UNUSABLE), ""));
        assert!(err.starts_with("error[R201]") && err.contains("did you mean `ip.tor`?"), "{err}");
        let error = eval("ip.tor || false", r#"{"ip.tur": true}"#).0.unwrap_err();
        assert!(error.contains("did you mean `ip.tor`?"), "{error}");
        assert!(eval("ip.tor || false", "[1]").0.unwrap_err().contains("no JSON object"));
    }

    #[test]
    fn check_shows_what_is_on_and_what_is_wrong() {
        let (result, out, err) = run(&["check", "a.toml"], &[("a.toml", GOOD)]);
        assert_eq!((result, err.as_str()), (Ok(DONE), ""));
        assert!(out.starts_with("live     review     tor   1 tests  a.toml:2:6\n"), "{out}");
        assert!(out.contains("1 live, 0 shadow, 0 off, 0 expired"), "{out}");

        let bad = GOOD.replace("ip.tor &&", "ip.tur &&").replace("'ip", "'has(x) || ip");
        let (result, out, err) = run(&["check", "a.toml"], &[("a.toml", &bad)]);
        assert_eq!((result, out.as_str()), (Ok(FINDING), ""));
        assert!(err.contains("a.toml:6:13") && err.contains("2 errors"), "{err}");

        let (result, out, _) = run(&["check", "--json", "a.toml"], &[("a.toml", &bad)]);
        assert_eq!(result, Ok(FINDING));
        let page: serde_json::Value = serde_json::from_str(&out).unwrap();
        assert_eq!(page["diagnostics"][1]["code"], "R201");
        assert_eq!(page["diagnostics"][1]["line"], 6);
        assert!(run(&["check", "none.toml"], &[]).0.unwrap_err().contains("does not exist"));
        assert_eq!(run(&["check"], &[]).0, Ok(DONE));
    }

    #[test]
    fn test_names_the_failing_case_and_its_parts() {
        assert_eq!(run(&["test"], &[]).0, Ok(DONE));
        let bad = GOOD.replace("\"match\"", "\"no_match\"");
        let (result, out, _) = run(&["test", "a.toml"], &[("a.toml", &bad)]);
        assert_eq!(result, Ok(FINDING));
        expect_test::expect![[r"
            a.toml:7:19: `tor` of rule `tor`: expected no_match, is match
            true     all of
            ├─ true     ip.tor    (ip.tor = true)
            └─ true     amount_eur > 10    (amount_eur = 11)

            0 passed, 1 failed, 0 rules without a test
        "]]
        .assert_eq(&out);
    }

    #[test]
    fn explain_and_dump_show_the_rule() {
        let files = [("a.toml", GOOD), ("given.json", r#"{"amount_eur": 12}"#)];
        let line = ["explain", "tor", "--rules", "a.toml", "--given", "given.json"];
        let (_, out, _) = run(&line, &files);
        expect_test::expect![[r"
            tor: Through Tor.

            unknown  all of
            ├─ unknown  ip.tor    (ip.tor is missing)
            └─ true     amount_eur > 10    (amount_eur = 12)
        "]]
        .assert_eq(&out);
        let line = ["explain", "nobody", "--rules", "a.toml", "--given", "given.json"];
        assert!(run(&line, &files).0.unwrap_err().contains("no rule is called `nobody`"));

        let (_, out, _) = run(&["dump", "--json", "a.toml"], &files);
        let page: serde_json::Value = serde_json::from_str(&out).unwrap();
        assert_eq!(page[0]["when"], "ip.tor && amount_eur > 10");
        assert_eq!(page[0]["fields"], serde_json::json!(["amount_eur", "ip.tor"]));
        assert_eq!(
            run(&["dump", "a.toml"], &files).1,
            "tor  review  live\n    ip.tor && amount_eur > 10\n"
        );
    }

    #[test]
    fn aggregates_name_the_readers_and_the_memory() {
        let file =
            GOOD.replace("ip.tor &&", "count(\"card\", \"24h\") > 3 && card.disputes > 0 &&");
        let line = ["aggregates", "a.toml", "--keys", "10000000"];
        let (result, out, _) = run(&line, &[("a.toml", &file)]);
        assert_eq!(result, Ok(DONE));
        assert!(out.starts_with("card_tx_count_1d  count(\"card\", \"1d\")"), "{out}");
        assert!(out.contains("2 fields of 1 entities") && out.contains("1190 MB"), "{out}");
        let (_, out, _) = run(&["aggregates", "--json", "a.toml"], &[("a.toml", &file)]);
        let page: serde_json::Value = serde_json::from_str(&out).unwrap();
        assert_eq!(page["aggregates"][0]["rules"], serde_json::json!(["tor"]));
        assert_eq!(page["aggregates"][1]["call"], serde_json::Value::Null);
        assert_eq!(page["memory"]["depends_on_rules"], false);
    }

    #[test]
    fn radar_rules_come_in_and_go_out() {
        let text = "Block if :amount_in_eur: > 100\nReview if :ip_country: = 'Canada'\n";
        let (result, out, err) = run(&["import-radar", "radar.txt"], &[("radar.txt", text)]);
        assert_eq!(result, Ok(FINDING));
        assert!(out.contains("when = 'amount_eur > 100'"), "{out}");
        assert!(
            err.contains("radar.txt:2: refused: ") && err.contains("1 live, 0 in shadow"),
            "{err}"
        );
        let (_, out, _) = run(&["dump", "--radar", "a.toml"], &[("a.toml", GOOD)]);
        assert_eq!(out, "# tor: not printed: Radar has no attribute for `ip.tor`\n\n");
        let nothing = run(&["import-radar", "radar.txt"], &[("radar.txt", "# none\n")]);
        assert!(nothing.0.unwrap_err().contains("has no rules"));
    }
}
