//! The README's commands, run as they stand against the real binary: it can't tell what is not so.
//!
//! Only the address and `cargo run --release --` are replaced. Needs `sh`, `curl`, `openssl` and `python3`,
//! as the README does.

use crate::serve::{Server, vouch};
use serde_json::Value;
use std::path::Path;
use std::process::Command;

const README: &str = include_str!("../../README.md");

/// The fenced blocks below a heading, each with its language.
fn blocks(heading: &str) -> Vec<(&'static str, &'static str)> {
    let start = README.find(&format!("\n## {heading}\n")).unwrap() + 4;
    let section = README[start..].split("\n## ").next().unwrap();
    let fenced = section.split("\n```").skip(1).step_by(2);
    fenced.map(|block| block.split_once('\n').unwrap()).collect()
}

/// The blocks of a shell and those that show what it prints.
fn commands_and_output(heading: &str) -> (Vec<&'static str>, Vec<&'static str>) {
    let (commands, output): (Vec<_>, Vec<_>) =
        blocks(heading).into_iter().partition(|(language, _)| *language == "sh");
    let text = |blocks: Vec<(_, &'static str)>| blocks.into_iter().map(|(_, text)| text).collect();
    (text(commands), text(output))
}

/// Runs a block in `dir` and gives what it printed.
fn sh(block: &str, address: &str, dir: &Path) -> String {
    let vouch = env!("CARGO_BIN_EXE_vouch");
    let script = block.replace("127.0.0.1:8080", address).replace("cargo run --release --", vouch);
    let done = Command::new("sh").args(["-c", &script]).current_dir(dir).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success() || !out.is_empty(), "{script}\n{out}{err}");
    out.into_owned()
}

/// Names of the members of an object, and of those within.
fn shape(value: &Value, path: &str, names: &mut Vec<String>) {
    for (name, inner) in value.as_object().into_iter().flatten() {
        names.push(format!("{path}/{name}"));
        shape(inner, &format!("{path}/{name}"), names);
    }
}

#[test]
fn the_readme_tells_what_is_so() {
    let dir = tempfile::tempdir().unwrap();
    let data_dir = dir.path().join("vouch-data");
    let server = Server::start(&data_dir, "");
    let run = |block: &str| sh(block, server.address(), dir.path());

    let (commands, shown) = commands_and_output("The first request");
    let answer: Value = serde_json::from_str(&run(commands[0])).unwrap();
    assert_eq!((&answer["action"], &answer["delivery"]), (&"approve".into(), &"now".into()));
    assert_eq!(answer["warnings"], serde_json::json!([]));
    // What is left out is not JSON; of the rest every member is there.
    let shown: Value = serde_json::from_str(&shown[0].replace(",\n    …", "")).unwrap();
    let (mut told, mut answered) = (Vec::new(), Vec::new());
    shape(&shown, "", &mut told);
    shape(&answer, "", &mut answered);
    assert!(told.len() > 25, "{told:?}");
    for name in told {
        assert!(answered.contains(&name), "the README shows `{name}`: {answered:?}");
    }

    let (commands, shown) = commands_and_output("An attack");
    assert_eq!(run(commands[0]), format!("{}\n", shown[0]));

    let (commands, shown) = commands_and_output("A chargeback");
    let receipts: Value = serde_json::from_str(&run(commands[0])).unwrap();
    assert_eq!(receipts["accepted"], 4, "{receipts}");
    for receipt in receipts["results"].as_array().unwrap() {
        assert_eq!(receipt["warnings"], serde_json::json!([]));
    }
    server.stop();

    // The second block is the server started again, with a secret.
    let (name, secret) = commands[1].split(' ').next().unwrap().split_once('=').unwrap();
    let mut again = vouch(&["serve", "--dev", "--listen", "127.0.0.1:0"], &data_dir);
    again.env(name, secret);
    let server = Server::start_by(again, &data_dir, "");
    let told = sh(commands[2], server.address(), dir.path());
    let (lines, packet) = told.split_at(told.find("ANSWER TO A DISPUTE").unwrap());
    for code in
        ["visa 10.4", "visa 13.1", "visa 13.2", "visa 13.3", "mastercard 4837", "mastercard 4853"]
    {
        let line = lines.lines().find_map(|line| line.strip_prefix(&format!("{code}: ")));
        let (answers, rest) = line.unwrap_or_else(|| panic!("no {code} in\n{told}")).split_at(1);
        assert_eq!(rest, " answers, %PDF-", "{code}");
        assert!(answers.parse::<u8>().unwrap() >= 1, "{code}: {answers} answers");
    }
    let shown = shown[0].lines().filter(|line| !line.contains('…') && !line.contains("UTC"));
    for line in shown {
        assert!(packet.contains(line), "`{line}` is not in\n{packet}");
    }
}
