//! `vouch rules check`: everything for which a server would refuse the rules or a list beside them.

use super::{DONE, FINDING, UNUSABLE, not_there, status};
use crate::lists::{ListError, Lists, Loaded, Refused};
use crate::rules::{Diagnostic, Diagnostics, RuleSet};
use anyhow::{Result, bail};
use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};

/// What is wrong with a list, whatever it is; rules have codes of their own.
const LIST_CODE: &str = "L001";

/// What was found: of the rules as they are written, else of the lists they name and of their tests.
#[derive(Default)]
struct Found {
    rules: Vec<Diagnostics>,
    lists: Vec<Refused>,
}

/// Exit codes: 0 nothing is wrong, 1 something is, 2 a path is not there.
pub(super) fn check(
    paths: &[PathBuf],
    json: bool,
    out: &mut impl Write,
    err: &mut impl Write,
) -> Result<u8> {
    let missing = paths.iter().find(|path| !path.exists());
    if let (Some(missing), false) = (missing, json) {
        bail!(not_there(missing));
    }
    let mut found = Found::default();
    let loaded = if paths.is_empty() { RuleSet::builtin() } else { RuleSet::load(paths) };
    let rules = loaded.map_err(|wrong| found.rules.push(wrong)).ok();
    if let Some(rules) = &rules {
        let Loaded { lists, refused, .. } = read_lists(paths, rules);
        found.rules.extend(rules.check_lists(&lists).err());
        found.rules.extend(rules.failed_tests());
        found.lists = refused;
    }
    let is_good = found.rules.is_empty() && found.lists.is_empty();
    if json {
        writeln!(out, "{:#}", page(&found, rules.as_ref().filter(|_| is_good)))?;
    } else {
        let shown = rules.as_ref().filter(|_| found.rules.is_empty());
        shown.map_or(Ok(()), |rules| table(rules, out))?;
        tell(&found, err)?;
    }
    Ok(match missing {
        Some(_) => UNUSABLE,
        None if is_good => DONE,
        None => FINDING,
    })
}

/// The lists in `lists` of the rules' directory, as a server finds them there.
pub(super) fn read_lists(paths: &[PathBuf], rules: &RuleSet) -> Loaded {
    let dir = paths.iter().find_map(|path| {
        let beside = if path.is_dir() { path.clone() } else { path.parent()?.to_owned() };
        Some(beside.join("lists")).filter(|dir| dir.is_dir())
    });
    Lists::default().read(dir.as_deref(), &rules.list_questions().kinds(), &|_| false)
}

fn page(found: &Found, good: Option<&RuleSet>) -> Value {
    let mut diagnostics: Vec<Value> = Vec::new();
    for wrong in &found.rules {
        diagnostics.extend(wrong.all().iter().map(|one: &Diagnostic| json!(one)));
    }
    let mut left_out: usize = found.rules.iter().map(Diagnostics::left_out).sum();
    for refused in &found.lists {
        let faults = list_faults(refused);
        if let ListError::Faults { count, .. } = &refused.error {
            left_out += count.saturating_sub(faults.len());
        }
        diagnostics.extend(faults);
    }
    json!({
        "digest": good.map(RuleSet::digest), "diagnostics": diagnostics, "left_out": left_out,
    })
}

/// Every wrong line that is told, or the one reason, as rules' diagnostics look.
fn list_faults(refused: &Refused) -> Vec<Value> {
    let fault = |line: usize, message: String, help: Option<&str>| {
        json!({
            "code": LIST_CODE, "message": message, "help": help,
            "file": refused.path.display().to_string(),
            "line": line, "column": 1, "end_line": line, "end_column": 1,
        })
    };
    let whole = |help| vec![fault(1, refused.to_string(), help)];
    match &refused.error {
        ListError::Faults { first, .. } => {
            let help = "a line holds one value, which a comma and the day it expires may follow";
            first.iter().map(|one| fault(one.line, one.message.clone(), Some(help))).collect()
        }
        ListError::Read(cause) => {
            vec![fault(
                1,
                format!("{refused}: {cause}"),
                Some("the server has to be able to read it"),
            )]
        }
        ListError::NotUtf8 => whole(Some("save it as UTF-8")),
        ListError::TooLarge { .. } => whole(Some("divide it into several lists")),
        ListError::Twice => whole(Some("keep one of the two")),
        ListError::Name(_) => whole(Some("rename the file")),
        ListError::Gone => whole(Some("put it back, or take the rules out that name it")),
    }
}

/// The rules, and how many do anything today.
fn table(rules: &RuleSet, out: &mut impl Write) -> Result<()> {
    let width = rules.rules().iter().map(|rule| rule.id.len()).max().unwrap_or(0);
    for rule in rules.rules() {
        let (action, tests) = (rule.effect.action().word(), rule.tests.len());
        let (id, status, place) = (&rule.id, status(rule), &rule.place);
        writeln!(out, "{status:<8} {action:<10} {id:<width$}  {tests:>2} tests  {place}")?;
    }
    let count = |wanted| rules.rules().iter().filter(|rule| status(rule) == wanted).count();
    writeln!(
        out,
        "\n{} live, {} shadow, {} off, {} expired; digest {}",
        count("live"),
        count("shadow"),
        count("off"),
        count("expired"),
        rules.digest(),
    )?;
    Ok(())
}

fn tell(found: &Found, err: &mut impl Write) -> Result<()> {
    for wrong in &found.rules {
        super::complain(wrong, FINDING, err)?;
    }
    for Refused { path, error, name } in &found.lists {
        match error {
            ListError::Faults { first, .. } => {
                for one in first {
                    let (path, line): (&Path, usize) = (path, one.line);
                    writeln!(err, "{}:{line}: list `{name}`: {}", path.display(), one.message)?;
                }
            }
            _ => writeln!(err, "{}: list `{name}`: {error}", path.display())?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::tests::run;
    use super::*;

    const RULE: &str = "[[rule]]\nid = \"a\"\naction = \"block\"\nreason = \"A\"\ntext = \"A.\"\n";

    /// Files, how many diagnostics they have, and of one its file, line, column, code and whether help
    /// says what to do.
    #[test]
    fn json_has_every_failure_with_its_place() {
        let rule = |when: &str| format!("{RULE}when = '{when}'\n");
        let test =
            "tests = [{ name = \"t\", given = { \"ip.tor\" = true }, expect = \"no_match\" }]\n";
        let many = format!("{RULE}when = '''{}'''\n", "ip.tor ip.tor &&\n".repeat(300));
        let cases: &[(&str, String, (usize, usize, usize, &str, bool))] = &[
            ("toml", "[[rule]\n".to_owned(), (1, 1, 8, "R004", false)),
            ("no rules", String::new(), (1, 1, 1, "R018", true)),
            ("key", format!("{}whan = 1\n", rule("ip.tor")), (1, 7, 1, "R005", true)),
            ("field", rule("ip.tur"), (1, 6, 9, "R201", true)),
            ("syntax", rule("ip.tor &&"), (1, 6, 18, "R106", false)),
            ("list", rule("account.email in list(\"nowhere\")"), (1, 6, 31, "R250", true)),
            ("test", rule("ip.tor") + test, (1, 7, 19, "R260", true)),
        ];
        for (name, text, (count, line, column, code, helps)) in cases {
            let (result, out, err) = run(&["check", "--json", "a.toml"], &[("a.toml", text)]);
            assert_eq!((result, err.as_str()), (Ok(FINDING), ""), "{name}");
            let page: Value = serde_json::from_str(&out).unwrap();
            let all = page["diagnostics"].as_array().unwrap();
            assert_eq!((all.len(), &page["digest"]), (*count, &Value::Null), "{name}: {page:#}");
            let first = &all[0];
            let place = (&first["file"], &first["line"], &first["column"]);
            assert_eq!(
                place,
                (&json!("a.toml"), &json!(line), &json!(column)),
                "{name}: {first:#}"
            );
            assert_eq!(first["code"], *code, "{name}: {first:#}");
            assert!(all.iter().all(|one| one["message"].as_str().is_some_and(|m| !m.is_empty())));
            assert_eq!(first["help"].is_string(), *helps, "{name}: {first:#}");
            assert_eq!(page["left_out"], 0, "{name}");
        }
        let (_, out, _) = run(&["check", "--json", "a.toml"], &[("a.toml", &many)]);
        let page: Value = serde_json::from_str(&out).unwrap();
        let told = page["diagnostics"].as_array().unwrap().len() as u64;
        assert!(told + page["left_out"].as_u64().unwrap() > 300 && told < 300, "{told}");
        let (result, out, _) = run(&["check", "--json", "none.toml"], &[]);
        let page: Value = serde_json::from_str(&out).unwrap();
        assert_eq!((result, &page["diagnostics"][0]["code"]), (Ok(UNUSABLE), &json!("R001")));
    }

    #[test]
    fn a_broken_list_beside_the_rules_is_a_finding() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("lists")).unwrap();
        let rules = format!("{RULE}when = 'account.email in list(\"bad\")'\n");
        std::fs::write(dir.path().join("a.toml"), rules).unwrap();
        let list = dir.path().join("lists/bad.txt");
        std::fs::write(&list, "# type: email\na@example.com\nno address\n\nnor this\n").unwrap();
        let paths = [dir.path().to_owned()];
        let checked = |json| {
            let (mut out, mut err) = (Vec::new(), Vec::new());
            let code = check(&paths, json, &mut out, &mut err).unwrap();
            (code, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
        };
        let (code, out, err) = checked(true);
        assert_eq!((code, err.as_str()), (FINDING, ""));
        let page: Value = serde_json::from_str(&out).unwrap();
        let lines: Vec<_> = page["diagnostics"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| (one["line"].as_u64().unwrap(), one["code"].clone(), one["file"].clone()))
            .collect();
        let file = json!(list.display().to_string());
        assert_eq!(lines, [(3, json!(LIST_CODE), file.clone()), (5, json!(LIST_CODE), file)]);
        let (code, out, err) = checked(false);
        assert_eq!(code, FINDING);
        assert!(out.contains("1 live") && err.contains("bad.txt:3: list `bad`"), "{out}{err}");
        std::fs::write(&list, "# type: email\na@example.com\n").unwrap();
        assert_eq!(checked(true).0, DONE);
    }
}
