//! The files in `deploy/`, held against the program they are for.

use super::serve::{Server, vouch};
use regex::Regex;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

fn text(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// Every name of a metric in a text.
fn named(text: &str) -> BTreeSet<String> {
    let name = Regex::new(r"\bvouch_[a-z_]+[a-z]").unwrap();
    name.find_iter(text).map(|found| found.as_str().to_owned()).collect()
}

#[test]
fn every_metric_that_is_asked_for_is_there() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&dir.path().join("data"), "");
    let page = server.metrics();
    let described: BTreeSet<(&str, &str)> = page
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE "))
        .filter_map(|line| line.split_once(' '))
        .collect();
    let mut there = BTreeSet::new();
    for (name, kind) in described {
        let endings: &[&str] = match kind {
            "counter" => &["_total"],
            "histogram" => &["_bucket", "_count", "_sum"],
            _ => &[""],
        };
        there.extend(endings.iter().map(|ending| format!("{name}{ending}")));
    }
    // A family without a label yet is on no page: its name is among those the server registers.
    let source = text("src/http/metrics.rs") + &text("src/http/dispute_metrics.rs");
    let is_registered = |name: &str| {
        let endings = ["_total", "_bucket", "_count", "_sum"];
        let name = name.trim_start_matches("vouch_");
        let bare = endings.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name);
        source.contains(&format!("\"{bare}\""))
    };
    let files =
        ["deploy/grafana.json", "deploy/alerts.yml", "docs/operations.md", "docs/access.md"];
    for file in files {
        let asked = named(&text(file));
        assert!(
            asked.iter().any(|name| there.contains(name)) || file == "docs/access.md",
            "{file}"
        );
        let unknown: Vec<_> =
            asked.iter().filter(|name| !there.contains(*name) && !is_registered(name)).collect();
        assert!(unknown.is_empty(), "{file}: {unknown:?} of {there:?}");
    }
    assert!(!is_registered("vouch_nothing_total"));
}

#[test]
fn the_dashboard_has_each_panel_once() {
    let board: Value = serde_json::from_str(&text("deploy/grafana.json")).unwrap();
    let panels = board["panels"].as_array().unwrap();
    let ids: BTreeSet<_> = panels.iter().map(|panel| panel["id"].as_u64().unwrap()).collect();
    assert_eq!(ids.len(), panels.len());
    let drawn = panels.iter().filter(|panel| panel["type"] != "row");
    assert!(drawn.clone().all(|panel| panel["targets"][0]["expr"].is_string()));
    assert!(drawn.count() > 20);
}

/// The commands of the unit and the image are ones the program knows.
#[test]
fn the_commands_are_the_programs() {
    let unit = text("deploy/vouch.service");
    let commands = unit.lines().filter_map(|line| line.split_once("=/usr/bin/vouch "));
    let commands: Vec<_> = commands
        .chain(unit.lines().filter_map(|line| line.split_once("=-/usr/bin/vouch ")))
        .map(|(_, rest)| rest.to_owned())
        .collect();
    assert_eq!(commands.len(), 2, "{commands:?}");
    let image = text("deploy/Dockerfile");
    let line = image.lines().find_map(|line| line.strip_prefix("CMD ")).unwrap();
    let words: Vec<String> = serde_json::from_str(line).unwrap();
    for command in commands.into_iter().chain([words.join(" ")]) {
        let mut arguments: Vec<&str> = command.split(' ').collect();
        let at = arguments.iter().position(|word| *word == "--data-dir").unwrap();
        drop(arguments.drain(at..at + 2));
        arguments.push("--help");
        let output = vouch(&arguments, Path::new("/nowhere")).output().unwrap();
        assert!(output.status.success(), "{command}: {output:?}");
    }
}
