//! Holds the rules of the source tree: which module may use which, how long a file may be, that
//! every file says what it is for, and that the generated pages are up to date.
#![expect(clippy::unwrap_used, reason = "a test that fails must say so at once")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Longest file, in lines outside its tests.
const MAX_LINES: usize = 600;
/// Generated tables may be longer.
const GENERATED: &[&str] = &["src/domain/currency_table.rs"];

/// Which modules a module may use; the order of the list is the order of the layers.
const EDGES: &[(&str, &[&str])] = &[
    ("clock", &["domain"]),
    ("domain", &[]),
    ("access", &["clock", "domain"]),
    ("reference", &["domain"]),
    ("features", &["domain"]),
    ("input", &["domain"]),
    ("velocity", &["domain", "features"]),
    ("lists", &["domain", "features"]),
    ("rules", &["domain", "features", "lists"]),
    ("model", &["domain", "features"]),
    ("decision", &["domain", "features", "reference", "velocity", "rules", "model"]),
    ("ledger", &["clock", "domain"]),
    ("disputes", &["domain", "ledger"]),
    ("config", &["domain", "decision", "rules"]),
    (
        "engine",
        &[
            "clock",
            "domain",
            "reference",
            "features",
            "input",
            "velocity",
            "lists",
            "rules",
            "model",
            "decision",
            "ledger",
            "disputes",
        ],
    ),
    ("processor", &["config", "domain", "disputes", "ledger"]),
    ("telemetry", &["clock", "config", "processor"]),
    ("webhook", &["clock", "config", "domain", "engine", "ledger", "processor"]),
    ("archive", &["domain", "features", "engine", "ledger"]),
    ("train", &["domain", "features", "model", "engine", "input", "ledger"]),
    ("simulate", &["domain", "features", "reference", "engine"]),
    (
        "http",
        &[
            "access",
            "clock",
            "config",
            "domain",
            "engine",
            "disputes",
            "ledger",
            "input",
            "features",
            "processor",
            "telemetry",
            "webhook",
        ],
    ),
    ("cli", &["*"]),
];

fn sources() -> Vec<(PathBuf, String)> {
    fn walk(dir: &Path, found: &mut Vec<PathBuf>) {
        let mut entries: Vec<_> =
            fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
        // What other packages below built is not ours.
        entries.retain(|path| !path.ends_with("target"));
        entries.sort();
        for path in entries {
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for dir in ["src", "tests", "benches"] {
        walk(&root.join(dir), &mut found);
    }
    found
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            (path.strip_prefix(root).unwrap().to_owned(), text)
        })
        .collect()
}

/// The lines outside `#[cfg(test)] mod tests { … }`, which closes a file by convention.
fn without_tests(text: &str) -> &str {
    text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or(text)
}

fn is_test(path: &Path) -> bool {
    let name = path.file_name().unwrap().to_string_lossy();
    name == "tests.rs" || name.ends_with("_tests.rs") || !path.starts_with("src")
}

/// The top-level module a file belongs to; `None` for the crate's roots and binaries.
fn module(path: &Path) -> Option<String> {
    let inside = path.strip_prefix("src").ok()?;
    let first = inside.components().next()?.as_os_str().to_string_lossy().into_owned();
    let name = first.trim_end_matches(".rs").to_owned();
    (name != "lib" && name != "main").then_some(name)
}

/// Every module named as `crate::name` outside tests and comments.
fn uses(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in without_tests(text).lines().enumerate() {
        let code = line.split("//").next().unwrap_or_default();
        for part in code.split("crate::").skip(1) {
            let inner = part.trim_start_matches('{');
            let name: String =
                inner.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
            if !name.is_empty() {
                found.push((number + 1, name));
            }
        }
    }
    found
}

#[test]
fn modules_use_only_what_the_design_allows() {
    let allowed: BTreeMap<&str, &[&str]> = EDGES.iter().copied().collect();
    let mut wrong = Vec::new();
    for (path, text) in sources().iter().filter(|(path, _)| !is_test(path)) {
        let Some(from) = module(path) else { continue };
        let Some(edges) = allowed.get(from.as_str()) else {
            wrong.push(format!("{}: module `{from}` has no row in EDGES", path.display()));
            continue;
        };
        for (line, to) in uses(text) {
            let known = allowed.contains_key(to.as_str());
            if known && to != from && !edges.contains(&"*") && !edges.contains(&to.as_str()) {
                wrong.push(format!("{}:{line}: `{from}` may not use `{to}`", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn only_http_knows_axum_and_only_cli_prints() {
    let mut wrong = Vec::new();
    for (path, text) in sources().iter().filter(|(path, _)| !is_test(path)) {
        let module = module(path).unwrap_or_default();
        let code = without_tests(text);
        if code.contains("axum::") && module != "http" {
            wrong.push(format!("{}: uses axum", path.display()));
        }
        if code.contains("anyhow::") && module != "cli" && !module.is_empty() {
            wrong.push(format!("{}: uses anyhow", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_are_short_and_say_what_they_are_for() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let name = path.to_string_lossy();
        if !text.starts_with("//!") {
            wrong.push(format!("{name}: does not open with `//!`"));
        }
        let lines = without_tests(&text).lines().count();
        if lines > MAX_LINES && !is_test(&path) && !GENERATED.contains(&&*name) {
            wrong.push(format!("{name}: {lines} lines, at most {MAX_LINES}"));
        }
        for word in ["utils", "helpers", "common", "manager"] {
            if path.file_stem().is_some_and(|stem| stem == word) {
                wrong.push(format!("{name}: `{word}` says nothing"));
            }
        }
        for word in ["todo!(", "unimplemented!(", "dbg!(", "#[ignore", "should_panic"] {
            if name != "tests/tidy.rs" && text.contains(word) {
                wrong.push(format!("{name}: `{word}`"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_features_page_is_the_catalogue() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/features.md");
    let page = fs::read_to_string(path).unwrap();
    let generated = vouch::features::markdown();
    assert!(page == generated, "run `cargo run -- features --markdown > docs/features.md`");
}

#[test]
fn the_check_can_fail() {
    let found = uses("use crate::engine::Engine;\n// crate::http\nuse crate::{ledger, rules};\n");
    assert_eq!(found, [(1, "engine".to_owned()), (3, "ledger".to_owned())]);
    assert_eq!(module(Path::new("src/http/error.rs")).unwrap(), "http");
    assert!(module(Path::new("src/main.rs")).is_none());
}

/// Whether an SPDX expression can be met with the allowed licences.
fn licence_is_allowed(expression: &str, allowed: &[String]) -> bool {
    fn either(tokens: &mut std::iter::Peekable<std::vec::IntoIter<String>>, ok: &[String]) -> bool {
        let mut met = both(tokens, ok);
        while tokens.next_if(|t| t == "OR").is_some() {
            met |= both(tokens, ok);
        }
        met
    }
    fn both(tokens: &mut std::iter::Peekable<std::vec::IntoIter<String>>, ok: &[String]) -> bool {
        let mut met = one(tokens, ok);
        while tokens.next_if(|t| t == "AND").is_some() {
            met &= one(tokens, ok);
        }
        met
    }
    fn one(tokens: &mut std::iter::Peekable<std::vec::IntoIter<String>>, ok: &[String]) -> bool {
        let Some(mut name) = tokens.next() else { return false };
        if name == "(" {
            let met = either(tokens, ok);
            return tokens.next_if(|t| t == ")").is_some() && met;
        }
        if tokens.next_if(|t| t == "WITH").is_some() {
            name = format!("{name} WITH {}", tokens.next().unwrap_or_default());
        }
        ok.contains(&name)
    }
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let tokens: Vec<String> = spaced.split_whitespace().map(str::to_owned).collect();
    let mut tokens = tokens.into_iter().peekable();
    either(&mut tokens, allowed) && tokens.peek().is_none()
}

#[test]
fn every_dependency_is_from_the_registry_under_an_allowed_licence() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let deny: toml::Table =
        toml::from_str(&fs::read_to_string(root.join("deny.toml")).unwrap()).unwrap();
    let allowed: Vec<String> = deny["licenses"]["allow"].clone().try_into().unwrap();
    let version = std::process::Command::new("rustc").arg("-vV").output().unwrap();
    let version = String::from_utf8(version.stdout).unwrap();
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let output = std::process::Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--offline"])
        .args(["--filter-platform", host])
        .current_dir(root)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut wrong = Vec::new();
    for package in metadata["packages"].as_array().unwrap() {
        let name = package["name"].as_str().unwrap();
        let clarified = package["license"].is_null().then(|| clarified(package, &deny)).flatten();
        let licence = package["license"].as_str().or(clarified).unwrap_or_default();
        let source = package["source"].as_str();
        if source.is_some_and(|source| !source.starts_with("registry+")) {
            wrong.push(format!("{name}: from {}", source.unwrap()));
        }
        if !licence_is_allowed(licence, &allowed) {
            wrong.push(format!("{name}: licence `{licence}`"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The licence that `clarify` reads in a package's own licence files, as long as they are what they
/// were when somebody read them.
fn clarified<'a>(package: &serde_json::Value, deny: &'a toml::Table) -> Option<&'a str> {
    let clarify = deny.get("licenses")?.get("clarify")?.as_array()?;
    let found = clarify.iter().find(|one| one["crate"].as_str() == package["name"].as_str())?;
    let directory = Path::new(package["manifest_path"].as_str()?).parent()?;
    for file in found["license-files"].as_array()? {
        let text = fs::read_to_string(directory.join(file["path"].as_str()?)).ok()?;
        let text = text.replace("\r\n", "\n");
        if i64::from(crc32(text.as_bytes())) != file["hash"].as_integer()? {
            return None;
        }
    }
    found["expression"].as_str()
}

/// The checksum of ISO 3309, as `cargo deny` takes it of licence files.
fn crc32(bytes: &[u8]) -> u32 {
    let shifted = |sum: u32| if sum & 1 == 1 { sum >> 1 ^ 0xedb8_8320 } else { sum >> 1 };
    let next = |sum: u32, byte: &u8| (0..8).fold(sum ^ u32::from(*byte), |sum, _| shifted(sum));
    !bytes.iter().fold(!0, next)
}

#[test]
fn a_clarified_licence_is_that_of_the_file_somebody_read() {
    assert_eq!(crc32(b"123456789"), 0xcbf4_3926, "the check value of the checksum");
    let directory = tempfile::tempdir().unwrap();
    let manifest = directory.path().join("Cargo.toml");
    fs::write(directory.path().join("LICENSE"), "123456789").unwrap();
    let package = |name: &str| serde_json::json!({ "name": name, "manifest_path": manifest });
    let rule = |hash: &str| {
        let files = format!("[{{ path = \"LICENSE\", hash = {hash} }}]");
        let text = format!(
            "[[licenses.clarify]]\ncrate = \"a\"\nexpression = \"MIT\"\nlicense-files = {files}"
        );
        toml::from_str::<toml::Table>(&text).unwrap()
    };
    assert_eq!(clarified(&package("a"), &rule("0xcbf43926")), Some("MIT"));
    assert_eq!(clarified(&package("a"), &rule("0xcbf43927")), None, "another text");
    assert_eq!(clarified(&package("b"), &rule("0xcbf43926")), None, "another package");
}

#[test]
fn the_licence_check_can_fail() {
    let allowed = ["MIT".to_owned(), "Unicode-3.0".to_owned()];
    for (expression, met) in [
        ("MIT", true),
        ("GPL-3.0", false),
        ("MIT/Apache-2.0", true),
        ("(GPL-2.0 OR MIT) AND Unicode-3.0", true),
        ("MIT AND GPL-3.0", false),
        ("", false),
    ] {
        assert_eq!(licence_is_allowed(expression, &allowed), met, "{expression}");
    }
}
