//! Models trained elsewhere, by the program: what their libraries said of a row is what it prints.

use serde_json::Value;
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Output};

const COLUMNS: [&str; 4] = ["amount_eur", "custom.visits", "hour_utc", "custom.shelf"];

fn predict(model: &str, rows: &Path, arguments: &[&str]) -> Output {
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/models").join(model);
    let mut command = Command::new(env!("CARGO_BIN_EXE_vouch"));
    command.args(["model", "predict"]).arg(model).arg("--data").arg(rows).args(arguments);
    command.output().unwrap()
}

#[test]
fn predictions_and_contributions_are_the_librarys() {
    let dir = tempfile::tempdir().unwrap();
    let expected: Vec<Value> = include_str!("../data/models/lightgbm.expected.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let rows = dir.path().join("rows.csv");
    let mut table = COLUMNS.join(",");
    for line in &expected {
        // An empty cell is missing; a table's infinities are words.
        let cells = line["row"].as_array().unwrap().iter().map(|cell| cell.as_str().unwrap());
        let cells: Vec<_> = cells.map(|cell| if cell == "nan" { "" } else { cell }).collect();
        write!(table, "\n{}", cells.join(",")).unwrap();
    }
    std::fs::write(&rows, table + "\n").unwrap();
    let output = predict("lightgbm.txt", &rows, &["--json", "--contributions"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let printed = String::from_utf8(output.stdout).unwrap();
    let near = |a: &Value, b: &Value| (a.as_f64().unwrap() - b.as_f64().unwrap()).abs() < 1e-9;
    assert_eq!(printed.lines().count(), expected.len());
    for (line, expected) in printed.lines().zip(&expected) {
        let line: Value = serde_json::from_str(line).unwrap();
        assert!(near(&line["margin"], &expected["margin"]), "{line} {expected}");
        assert!(near(&line["probability"], &expected["probability"]), "{line} {expected}");
        for (column, name) in COLUMNS.iter().enumerate() {
            let (found, expected) =
                (&line["contributions"][name], &expected["contributions"][column]);
            assert!(near(found, expected), "{line} {expected}");
        }
        assert!(near(&line["expected"], &expected["contributions"][4]), "{line} {expected}");
    }
    let text = predict("lightgbm.txt", &rows, &["--contributions"]).stdout;
    let words = String::from_utf8(text).unwrap().lines().next().unwrap().split_whitespace().count();
    assert_eq!(words, 2 + COLUMNS.len() + 1);
}

#[test]
fn a_model_without_counts_gives_no_contributions() {
    let dir = tempfile::tempdir().unwrap();
    let rows = dir.path().join("rows.csv");
    std::fs::write(&rows, "a\n1\n").unwrap();
    let output = predict("boosting.onnx", &rows, &["--contributions"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("how many training rows"), "{said}");
}
