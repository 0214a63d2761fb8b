//! Hostile bytes for every reader of what comes from outside: over a small corpus, mutated from a seed.
//!
//! `tests/data/fuzz` has valid inputs of our own making, a directory for each target; what once made a
//! reader fail is put there too. Each round changes one and hands it to a body of [`bodies`]: it must come
//! back, without a panic, and without asking for more memory than the input is worth. A run of any length:
//!
//! ```sh
//! VOUCH_FUZZ_ROUNDS=1000000 VOUCH_FUZZ_SEED=7 cargo test --release --test suite fuzz::
//! ```
//!
//! No coverage guides it: that needs a nightly compiler. The bodies are what such a tool would be given.

mod bodies;
mod mutate;

use super::mmdb;
use super::serve::vouch;
use allocation_counter::measure;
use mutate::{Dice, mutated};
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// Rounds of a target where nobody asks for more.
const ROUNDS: usize = 150;
/// Most bytes in use at once for an input of no length, and what each byte of it may add: a regular
/// expression and a table of words are built for a few hundred bytes.
const MOST_BYTES: u64 = 48 << 20;
const BYTES_PER_BYTE: u64 = 1_024;

type Body = fn(&[u8]);

#[expect(clippy::disallowed_methods, reason = "how long a run is to be is said from outside")]
fn asked(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("`{name}` is a whole number")))
}

/// The files below each of `places`, in the order of their names.
fn corpus(places: &[&str]) -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files: Vec<PathBuf> = Vec::new();
    for place in places {
        let place = root.join(place);
        if place.is_dir() {
            files.extend(fs::read_dir(&place).unwrap().map(|entry| entry.unwrap().path()));
        } else {
            files.push(place);
        }
    }
    files.sort();
    files.iter().map(|path| fs::read(path).unwrap()).collect()
}

fn replay(name: &str, seeds: &[Vec<u8>], body: Body) {
    assert!(!seeds.is_empty(), "{name} has no corpus");
    // What is made once for all rounds is made before anything is counted.
    for seed in seeds {
        body(seed);
    }
    let seed = asked("VOUCH_FUZZ_SEED").unwrap_or(1);
    let rounds = asked("VOUCH_FUZZ_ROUNDS").map_or(ROUNDS, |n| usize::try_from(n).unwrap());
    let mut dice = Dice::new(seed);
    for round in 0..rounds {
        let input = mutated(seeds, &mut dice);
        let mut taken = None;
        let came_back = catch_unwind(AssertUnwindSafe(|| taken = Some(measure(|| body(&input)))));
        let most = MOST_BYTES + BYTES_PER_BYTE * input.len() as u64;
        let is_small = taken.as_ref().is_none_or(|taken| taken.bytes_max <= most);
        if came_back.is_err() || !is_small {
            let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzz-{name}"));
            fs::write(&kept, &input).unwrap();
            let bytes = taken.map(|taken| taken.bytes_max);
            panic!(
                "round {round} of seed {seed}, {bytes:?} bytes taken: mend it and keep `{}` in \
                 tests/data/fuzz/{name}",
                kept.display()
            );
        }
    }
}

/// A test for each target: its name, its body, and where valid inputs lie.
macro_rules! targets {
    ($($name:ident: $body:ident, [$($place:literal),*];)*) => {$(
        #[test]
        fn $name() {
            replay(stringify!($name), &corpus(&[$($place),*]), bodies::$body);
        }
    )*};
}

targets! {
    score: score, ["tests/data/fuzz/score"];
    events: events, ["tests/data/fuzz/events"];
    desk: desk, ["tests/data/fuzz/desk", "tests/data/fuzz/score"];
    head: head, ["tests/data/fuzz/head"];
    minfraud: minfraud, ["tests/data/fuzz/minfraud"];
    form: form, ["tests/data/fuzz/form"];
    signifyd: signifyd, ["tests/data/signifyd"];
    minfraud_report: minfraud_report, ["tests/data/fuzz/minfraud_report"];
    stripe_message: stripe_message, ["tests/data/stripe"];
    signature: signature, ["tests/data/fuzz/signature"];
    secrets: secrets, ["tests/data/fuzz/secrets"];
    exhibits: exhibit, ["tests/data/fuzz/exhibits"];
    disputes: disputes, ["tests/data/fuzz/disputes"];
    map: map, ["data/maps/ecommerce-fraud.toml", "data/maps/handbook.toml"];
    csv: csv, ["tests/data/fuzz/csv"];
    json_lines: json_lines, ["tests/data/fuzz/jsonl"];
    rules: rules, ["tests/data/fuzz/rules"];
    radar: radar, ["tests/data/fuzz/radar"];
    list: list, ["tests/data/fuzz/list"];
    lightgbm: foreign_model, ["tests/data/models/lightgbm.txt", "tests/data/models/lightgbm-dart.txt"];
    xgboost: foreign_model, ["tests/data/models/xgboost.json", "tests/data/models/xgboost-dart.json"];
    ubjson: foreign_model, ["tests/data/models/xgboost.ubj", "tests/data/models/xgboost-dart.ubj"];
    onnx: foreign_model, ["tests/data/models/forest.onnx", "tests/data/models/boosting.onnx"];
    model: model, ["models/default/model.json"];
    config: config, ["tests/data/fuzz/config"];
    keys: keys, ["tests/data/fuzz/keys"];
}

#[test]
fn mmdb_file() {
    replay("mmdb_file", &[mmdb::good()], bodies::mmdb);
}

/// Tables of disputes are read by the program alone: a row of each kind, and thousands that are none.
#[test]
fn tables_of_disputes() {
    let dir = tempfile::tempdir().unwrap();
    let header = "id,processor,amount,currency,opened_at,network,evidence_due_by\n";
    let row = b"dp-1,adyen,49.00,EUR,2026-11-20T10:15:00Z,visa,2026-12-01T00:00:00Z\n".to_vec();
    let lines = corpus(&["tests/data/fuzz/disputes"]);
    for (name, head, seeds) in [("t.csv", header, vec![row]), ("t.jsonl", "", lines)] {
        let mut dice = Dice::new(asked("VOUCH_FUZZ_SEED").unwrap_or(1));
        let mut table = [head.as_bytes(), &seeds[0], b"\n"].concat();
        for _ in 0..2_000 {
            let mut row = mutated(&seeds, &mut dice);
            row.truncate(2_000);
            table.extend(row);
            table.push(b'\n');
        }
        let path = dir.path().join(name);
        fs::write(&path, table).unwrap();
        let arguments = ["dispute", "import", path.to_str().unwrap()];
        let output = vouch(&arguments, &dir.path().join(name).with_extension("")).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(matches!(output.status.code(), Some(1 | 2)), "{:?} {said}", output.status);
        assert!(!said.contains("panicked"), "{said}");
    }
}

/// The same seed makes the same inputs, another makes others, and most are not what they were made of.
#[test]
fn mutations_are_of_the_seed() {
    let seeds = corpus(&["tests/data/fuzz/score"]);
    let made = |seed| -> Vec<_> {
        let mut dice = Dice::new(seed);
        (0..50).map(|_| mutated(&seeds, &mut dice)).collect()
    };
    assert_eq!(made(1), made(1));
    assert_ne!(made(1), made(2));
    let changed = made(1).iter().filter(|input| !seeds.contains(input)).count();
    assert!(changed > 40, "{changed}");
}

/// A body that fails is told with its input.
#[test]
fn a_failure_is_kept() {
    let fails = |bytes: &[u8]| assert!(bytes.starts_with(b"ab"), "no ab");
    let failed = catch_unwind(|| replay("self", &[b"abcdefgh".to_vec()], fails));
    let message = *failed.unwrap_err().downcast::<String>().unwrap();
    assert!(message.contains("fuzz-self"), "{message}");
    let greedy = |bytes: &[u8]| {
        if bytes != b"abcdefgh" {
            drop(std::hint::black_box(vec![1_u8; 1 << 30]));
        }
    };
    assert!(catch_unwind(|| replay("greedy", &[b"abcdefgh".to_vec()], greedy)).is_err());
}
