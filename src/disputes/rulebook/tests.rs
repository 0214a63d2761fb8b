//! The bundled rules read, are total, and name their sources.

use super::*;
use crate::domain::Timestamp;
use std::collections::BTreeSet;

fn book() -> Rulebook {
    file::bundled().unwrap_or_else(|error| panic!("{error}"))
}

fn day(text: &str) -> Day {
    Day::of(format!("{text}T00:00:00Z").parse::<Timestamp>().unwrap())
}

#[test]
fn every_network_of_the_design_is_there() {
    let networks: BTreeMap<String, usize> =
        book().codes().fold(BTreeMap::new(), |mut counts, row| {
            *counts.entry(row.network.clone()).or_default() += 1;
            counts
        });
    let table: Vec<String> =
        networks.into_iter().map(|(name, count)| format!("{name} {count}")).collect();
    expect_test::expect![[r#"
        [
            "amex 67",
            "discover 24",
            "mastercard 27",
            "paypal 10",
            "pix 7",
            "sepa 12",
            "visa 32",
        ]
    "#]]
    .assert_debug_eq(&table);
}

#[test]
fn one_row_at_a_time_and_a_possible_period() {
    for rows in book().codes.values().flat_map(BTreeMap::values) {
        for (at, row) in rows.iter().enumerate() {
            let key = format!("{} {}", row.network, row.code);
            assert!(row.period.is_possible(), "{key}");
            for other in &rows[at + 1..] {
                assert!(!row.period.overlaps(&other.period), "{key} has two rows at once");
            }
        }
    }
    let book = book();
    for rules in book.stages.values() {
        for (at, rule) in rules.iter().enumerate() {
            for other in &rules[at + 1..] {
                let same = rule.workflow == other.workflow && rule.stage == other.stage;
                assert!(!same || !rule.period.overlaps(&other.period), "{rule:?}");
            }
        }
    }
}

#[test]
fn every_row_is_found_named_and_sourced() {
    let book = book();
    let today = day("2026-11-21");
    for row in book.codes() {
        let key = format!("{} {}", row.network, row.code);
        assert_eq!(book.code(&row.network, &format!(" {} ", row.code), today), Some(row), "{key}");
        assert!(!row.title.is_empty() && row.title.len() <= 60, "{key}: {}", row.title);
        assert!(row.category.is_some() || row.note.is_some(), "{key}: who decides the claim?");
        assert_ne!(row.category, Some(DisputeCategory::Unknown), "{key}");
        assert!(book.stages(row, today).next().is_some(), "{key}: no stage table");
        assert!(book.source(&row.provenance.source).is_some(), "{key}");
        assert_eq!(row.network, row.network.to_lowercase());
    }
    let used: BTreeSet<&str> = (book.codes().map(|row| &row.provenance))
        .chain(book.stages.values().flatten().map(|rule| &rule.provenance))
        .chain(book.evidence.values().flatten().map(|rule| &rule.provenance))
        .chain(book.invalid.iter().map(|fact| &fact.provenance))
        .chain(book.three_ds.iter().map(|rule| &rule.provenance))
        .chain(book.trust.iter().map(|rule| &rule.provenance))
        .chain(book.odds.provenances())
        .map(|provenance| provenance.source.as_str())
        .collect();
    for id in used {
        let source = book.source(id).unwrap_or_else(|| panic!("`{id}` is no source"));
        assert!(!source.text.is_empty(), "{id}");
    }
}

#[test]
fn every_claim_has_its_evidence() {
    let book = book();
    for category in DisputeCategory::ALL {
        assert_eq!(book.evidence[category].len(), 1, "{category}: periods must not overlap");
        let rule =
            book.evidence(*category, day("2026-11-21")).unwrap_or_else(|| panic!("{category}"));
        assert!(rule.items.iter().any(|item| item.level == Level::Required), "{category}");
        let names: BTreeSet<&str> = rule.items.iter().map(|item| item.name.as_str()).collect();
        assert_eq!(names.len(), rule.items.len(), "{category}: an item at two levels");
        assert!(rule.items.iter().all(|item| item.weight > 0), "{category}");
        assert!(rule.items.is_sorted_by_key(|item| item.level), "{category}");
    }
}

#[test]
fn other_spellings_lead_to_the_network() {
    let book = book();
    let today = day("2026-11-21");
    for (network, code, title) in [
        ("american_express", "C28", "Cancelled recurring billing"),
        ("sepa_debit", "MD06", "Refund asked by the debtor"),
        ("mc", "4837", "No cardholder authorization"),
    ] {
        assert_eq!(book.code(network, code, today).unwrap().title, title);
    }
    assert_eq!(book.code("visa", "99.9", today), None);
    assert_eq!(book.code("nobody", "10.4", today), None);
    assert_eq!(book.code("visa", "10.4", day("2017-01-01")), None, "before Visa had this code");
}

#[test]
fn a_row_of_an_unknown_source_is_refused() {
    let mut book = book();
    book.sources.clear();
    let origin = file::Origin { source: "hearsay".to_owned(), confidence: None };
    let error = file::provenance(&book, "visa.toml", origin, None).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`data/disputes/visa.toml`: `hearsay` is no source of sources.toml"
    );
}

#[test]
fn every_case_has_a_chance_a_fee_and_its_programmes() {
    let (book, today) = (book(), day("2026-11-22"));
    let odds = book.odds();
    for category in DisputeCategory::ALL {
        for (network, qualified) in [("visa", true), ("visa", false), ("", false)] {
            let row =
                |invalid| odds.win(network, *category, Held { qualified, invalid }, today).unwrap();
            for row in [row(false), row(true)] {
                assert!((0..BINS).is_sorted_by_key(|bin| row.at(bin)), "{category}: more harms");
                assert!((0..BINS).all(|bin| (1..10_000).contains(&row.at(bin))));
                assert!(row.strength > 0);
            }
            let never_less = (0..BINS).all(|bin| row(true).at(bin) >= row(false).at(bin));
            assert!(never_less, "{category}: a fact that ends the dispute harms");
            let guessed = row(true).provenance.confidence;
            let is_moved = network == "visa" && qualified && *category == DisputeCategory::FraudCnp;
            assert!(
                is_moved || guessed == Confidence::General,
                "{category}: no number is published"
            );
        }
        for stage in DisputeStage::ALL {
            assert!(odds.lost_fee(*category, *stage).is_some(), "{category} {stage}");
        }
    }
    let fraud = |qualified| {
        let held = Held { qualified, invalid: false };
        odds.win("visa", DisputeCategory::FraudCnp, held, today).unwrap()
    };
    assert!(fraud(true).at(4) > fraud(false).at(4), "Compelling Evidence 3.0 is worth having");
    assert!(Before::ALL.iter().all(|kind| odds.escalation(*kind).is_some()));
    let bp = |on: &str| odds.programmes(day(on)).map(|p| (p.id.clone(), p.ratio_bp)).collect();
    let at: Vec<(String, u32)> = bp("2026-03-31");
    assert_eq!(at[0], ("VAMP".to_owned(), 220));
    let now: Vec<(String, u32)> = bp("2026-04-01");
    let wanted = [("VAMP", 150), ("ECM", 150), ("HECM", 300)];
    assert_eq!(now, wanted.map(|(id, bp)| (id.to_owned(), bp)));
}
