//! Limits end in a message, not in growth; files that can't be read too.

use crate::rules::{
    MAX_CONDITION, MAX_DEPTH, MAX_DIAGNOSTICS, MAX_FILE_BYTES, MAX_LIST, MAX_RULES, MAX_TERMS,
    RuleSet, Source, parse,
};
use std::fmt::Write as _;
use std::fs;

fn codes(condition: &str) -> Vec<&'static str> {
    match parse("<condition>", condition) {
        Ok(_) => Vec::new(),
        Err(error) => error.all().iter().map(crate::rules::Diagnostic::code).collect(),
    }
}

#[test]
fn depth_terms_lists_and_length_are_bounded() {
    let nested = |depth: usize| format!("{}ip.tor{}", "(".repeat(depth), ")".repeat(depth));
    assert!(codes(&nested(MAX_DEPTH - 1)).is_empty());
    assert_eq!(codes(&nested(MAX_DEPTH)), ["R108"]);
    assert_eq!(codes(&nested(5_000)), ["R108"]);
    assert_eq!(codes(&format!("{}ip.tor", "!".repeat(8_000))), ["R108"]);
    assert_eq!(codes(&format!("ip.tor{}", "== ip.tor ".repeat(1_000))), ["R108"]);
    assert_eq!(codes(&format!("email.domain{}", ".contains('a')".repeat(1_000))), ["R108"]);

    // A mistake in every line is told often enough, and the rest is counted.
    let error = parse("<condition>", &"ip.tor ip.tor && ".repeat(900)).unwrap_err();
    assert_eq!(error.all().len(), MAX_DIAGNOSTICS);
    assert!(error.to_string().ends_with("and 702 more"));

    let many = |terms: usize| vec!["ip.tor"; terms].join(" || ");
    assert!(codes(&many(MAX_TERMS)).is_empty());
    assert_eq!(codes(&many(MAX_TERMS + 1)), ["R109"]);

    let list = |values: usize| format!("card_tx_count_1h in [{}]", vec!["1"; values].join(","));
    assert!(codes(&list(MAX_LIST)).is_empty());
    assert_eq!(codes(&list(MAX_LIST + 1)), ["R113"]);

    assert_eq!(codes(&" ".repeat(MAX_CONDITION + 1)), ["R012"]);
}

/// Expanding nested `||` to all combinations would take 2^12 terms here, and 2^60 below.
#[test]
fn nested_alternatives_stay_linear() {
    for (levels, width) in [(12, 2), (60, 2)] {
        let mut condition = "ip.tor".to_owned();
        for _ in 0..levels {
            condition =
                format!("({condition} || ip.vpn) && {}", vec!["ip.hosting"; width].join(" && "));
        }
        assert!(codes(&condition).is_empty(), "{levels}");
    }
}

fn rule(id: usize) -> String {
    format!(
        "[[rule]]\nid = \"r{id}\"\naction = \"tag\"\nreason = \"A\"\ntext = \"A.\"\nwhen = 'ip.tor'\n"
    )
}

#[test]
fn a_set_is_bounded() {
    let mut file = String::new();
    for id in 0..=MAX_RULES {
        write!(file, "{}", rule(id)).unwrap();
    }
    let error = RuleSet::from_sources(&[Source::new("many.toml", file)]).unwrap_err();
    assert_eq!(
        error.all().iter().map(crate::rules::Diagnostic::code).collect::<Vec<_>>(),
        ["R017"]
    );
}

#[test]
fn what_cannot_be_read_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let codes = |error: crate::rules::Diagnostics| {
        error.all().iter().map(crate::rules::Diagnostic::code).collect::<Vec<_>>()
    };
    assert_eq!(codes(RuleSet::load(&[path("none.toml")]).unwrap_err()), ["R001"]);
    assert_eq!(codes(RuleSet::load(&[directory.path()]).unwrap_err()), ["R018"]);

    fs::write(path("a.toml"), rule(1)).unwrap();
    fs::write(path("notes.txt"), "not a rule file").unwrap();
    assert_eq!(RuleSet::load(&[directory.path()]).unwrap().rules().len(), 1);

    fs::write(path("b.toml"), [0xff, 0xfe]).unwrap();
    fs::write(path("c.toml"), vec![b' '; usize::try_from(MAX_FILE_BYTES).unwrap() + 1]).unwrap();
    fs::write(path("d.toml"), rule(1)).unwrap();
    assert_eq!(codes(RuleSet::load(&[directory.path()]).unwrap_err()), ["R002", "R003", "R010"]);
}
