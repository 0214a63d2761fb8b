//! Readers against what the libraries themselves said, and against damaged files.

use super::*;
use crate::model::forest::{Engine, Kernel};
use proptest::prelude::*;

macro_rules! fixtures {
    ($($file:literal $expected:literal)*) => {
        [$((
            $file,
            include_bytes!(concat!("../../../tests/data/models/", $file)).as_slice(),
            include_str!(concat!("../../../tests/data/models/", $expected, ".expected.jsonl")),
        )),*]
    };
}

/// Made by `tests/data/models/make.py`.
const FIXTURES: [(&str, &[u8], &str); 10] = fixtures! {
    "lightgbm.txt" "lightgbm"
    "lightgbm-zero.txt" "lightgbm-zero"
    "lightgbm-none.txt" "lightgbm-none"
    "lightgbm-dart.txt" "lightgbm-dart"
    "xgboost.json" "xgboost"
    "xgboost.ubj" "xgboost"
    "xgboost-dart.json" "xgboost-dart"
    "xgboost-dart.ubj" "xgboost-dart"
    "boosting.onnx" "boosting"
    "forest.onnx" "forest"
};

#[derive(serde::Deserialize)]
struct Expected {
    row: Vec<String>,
    margin: Option<f64>,
    probability: f64,
    /// What each feature adds, and the margin expected of any row: exact Shapley values.
    #[serde(default)]
    contributions: Vec<f64>,
}

#[test]
fn contributions_are_those_of_the_libraries() {
    for (name, file, expected) in FIXTURES {
        let Imported { forest, .. } = read(file).unwrap();
        let tolerance = if name.starts_with("lightgbm") { 1e-9 } else { 1e-6 };
        let mut found = vec![];
        for line in expected.lines() {
            let Expected { row, contributions, .. } = serde_json::from_str(line).unwrap();
            let Some((expected_base, expected)) = contributions.split_last() else { continue };
            let row: Vec<f64> = row.iter().map(|cell| cell.parse().unwrap()).collect();
            let base = forest.shapley(&row, &mut found).unwrap();
            assert!((base - expected_base).abs() < tolerance, "{name}: {base} {expected_base}");
            for (found, expected) in found.iter().zip(expected) {
                assert!((found - expected).abs() < tolerance, "{name} {row:?}: {found} {expected}");
            }
        }
    }
}

#[test]
fn margins_are_those_of_the_libraries() {
    for (name, file, expected) in FIXTURES {
        let Imported { forest, .. } = read(file).unwrap();
        let tolerance = if name.starts_with("lightgbm") { 1e-12 } else { 1e-6 };
        let engines = [Kernel::Packed, Kernel::Avx2];
        let engines = engines.map(|kernel| Engine::with_kernel(&forest, kernel).unwrap());
        for line in expected.lines() {
            let Expected { row, margin: expected, probability, .. } =
                serde_json::from_str(line).unwrap();
            let row: Vec<f64> = row.iter().map(|cell| cell.parse().unwrap()).collect();
            let margin = forest.margin(&row);
            for engine in &engines {
                assert_eq!(engine.margin(&row).to_bits(), margin.to_bits(), "{name} {row:?}");
            }
            let expected = expected.unwrap_or(margin);
            assert!((margin - expected).abs() < tolerance, "{name} {row:?}: {margin} {expected}");
            let found = forest.link.probability(margin);
            assert!((found - probability).abs() < tolerance, "{name}: {found} {probability}");
        }
    }
}

#[test]
fn two_spellings_of_one_model_are_one_forest() {
    let forest = |name: &str| {
        let (_, file, _) = FIXTURES.into_iter().find(|(known, ..)| *known == name).unwrap();
        serde_json::to_string(&read(file).unwrap().forest).unwrap()
    };
    assert_eq!(forest("xgboost.json"), forest("xgboost.ubj"));
    assert_ne!(forest("xgboost.json"), forest("xgboost-dart.json"));
}

#[test]
fn a_cut_file_is_refused() {
    for (name, file, _) in FIXTURES {
        let step = (file.len() / 200).max(1);
        for end in (0..file.len() - 40).step_by(step) {
            assert!(read(&file[..end]).is_err(), "{name} cut at {end}");
        }
    }
}

#[test]
fn what_is_not_taken_is_refused_by_name() {
    let lightgbm = std::str::from_utf8(FIXTURES[0].1).unwrap();
    let xgboost = std::str::from_utf8(FIXTURES[4].1).unwrap();
    for (text, from, to, message) in [
        (lightgbm, "num_class=1", "num_class=3", "`num_class=3` is not supported"),
        (lightgbm, "is_linear=0", "is_linear=1", "`is_linear=1` is not supported"),
        (lightgbm, "objective=binary", "objective=poisson", "objective `poisson`"),
        (lightgbm, "leaf_value=", "leaf_worth=", "lacks `leaf_value`"),
        (lightgbm, "left_child=1", "left_child=0", "more than 12 nodes"),
        (lightgbm, "left_child=1", "left_child=99", "tree 0, node 99: there is no such node"),
        (lightgbm, "threshold=", "threshold=x", "in `threshold` is not a number"),
        (lightgbm, "end of trees", "", "the file ends in the middle"),
        (xgboost, "binary:logistic", "rank:pairwise", "objective `rank:pairwise`"),
        (xgboost, "\"name\":\"gbtree\"", "\"name\":\"gblinear\"", "booster `gblinear`"),
        (xgboost, "\"num_class\":\"0\"", "\"num_class\":\"4\"", "num_class `4`"),
        (
            xgboost,
            "\"trees\":[{",
            "\"trees\":[{\"left_children\":7,",
            "learner.gradient_booster.model",
        ),
    ] {
        assert!(text.contains(from), "{from}");
        let error = read(text.replacen(from, to, 1).as_bytes()).unwrap_err().to_string();
        assert!(error.contains(message), "{error}\nlacks: {message}");
    }
    for (bytes, message) in [
        (&b""[..], "no model that is known"),
        (b"\x80\x04pickle", "Python pickle"),
        (b"binf....", "XGBoost's old binary"),
        (b"{L\x7f\xff\xff\xff\xff\xff\xff\xff", "the file ends in the middle"),
        (b"{i\x01a[$U#L\x7f\xff\xff\xff\xff\xff\xff\xff", "the file ends in the middle"),
        (b"\x08\x07\x3a\xff\xff\xff\xff\x0f", "byte 8: the file ends in the middle"),
    ] {
        let error = read(bytes).unwrap_err().to_string();
        assert!(error.contains(message), "{error}\nlacks: {message}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// A damaged file is refused, or is another sound model: no engine panics on it.
    #[test]
    fn damage_never_panics(
        which in 0..FIXTURES.len(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut file = FIXTURES[which].1.to_vec();
        for (place, byte) in changes {
            let place = place.index(file.len());
            file[place] = byte;
        }
        if let Ok(Imported { forest, .. }) = read(&file) {
            prop_assert!(forest.check_engines(3, 1).is_ok());
        }
    }

    #[test]
    fn noise_never_panics(start in 0..5_usize, noise in prop::collection::vec(any::<u8>(), 0..300)) {
        let start = [&b""[..], b"tree\n", b"{\"learner\":", b"{L", b"\x08\x07\x3a"][start];
        prop_assert!(read(&[start, &noise].concat()).is_err());
    }
}
