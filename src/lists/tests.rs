//! Lists beside plain scans of what they were read from.

use super::parse::{Reading, read};
use super::set::{Change, Changes, Lists, Loaded};
use super::{List, ListError, ListKind};
use crate::domain::{Timestamp, find_card_number, in_shared_range};
use crate::features::Value;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

fn shows_card(text: &str) -> bool {
    find_card_number(text, &in_shared_range).is_some()
}

fn list(text: &str) -> Result<List, Vec<String>> {
    read(text, Reading { hint: None, shows_card: &shows_card }).map_err(|error| match error {
        ListError::Faults { first, .. } => first.iter().map(ToString::to_string).collect(),
        other => vec![other.to_string()],
    })
}

fn holds(list: &List, value: impl Into<Value>) -> Option<bool> {
    list.holds(&value.into(), at("2026-11-20T00:00:00Z"), |_| true)
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn each_kind_compares_in_its_own_way() {
    let bins = list("# type: bin\n457173\n4000\n04571712\n").unwrap();
    for (bin, held) in [
        ("457173", true),
        ("45717399", true),
        ("400012", true),
        ("457174", false),
        ("045717", false),
    ] {
        assert_eq!(holds(&bins, bin), Some(held), "{bin}");
    }
    assert_eq!(holds(&bins, "04571712"), Some(true), "a leading zero counts");
    assert_eq!(holds(&bins, "45x"), None);
    let mail = list("# type: email\nJ.Doe@Example.com\n").unwrap();
    assert_eq!(holds(&mail, "j.doe@example.COM"), Some(true));
    let exact = list("# Accounts\n# type: account\nacc-7\n4242424242424242\n").unwrap();
    assert_eq!((holds(&exact, "acc-7"), holds(&exact, "ACC-7")), (Some(true), Some(false)));
    let countries = list("# type: country\nDE\ngb\n").unwrap();
    let country = |code: &str| Value::Country(code.parse().unwrap());
    assert_eq!(holds(&countries, country("GB")), Some(true));
    assert_eq!(holds(&countries, country("FR")), Some(false));
    let networks =
        list("# type: ip\n10.0.0.0/8 # office\n2001:db8::/32\n192.0.2.7\n0.0.0.0/1\n").unwrap();
    for (ip, held) in [
        ("10.9.8.7", true),
        ("::ffff:10.0.0.1", true),
        ("192.0.2.7", true),
        ("192.0.2.8", false),
        ("2001:db8::1", true),
        ("2001:db9::1", false),
        ("127.255.255.255", true),
    ] {
        assert_eq!(holds(&networks, ip.parse::<IpAddr>().unwrap()), Some(held), "{ip}");
    }
    assert_eq!(holds(&networks, 7_i64), None);
    assert_eq!(holds(&networks, Value::Missing), None);
}

#[test]
fn an_entry_ends_when_it_says() {
    let text =
        "value,expires,note\n\"a, b\",2026-11-20,why\nb,2026-11-19\nc,,for ever\nb,2026-11-18\n";
    let list = list(text).unwrap();
    assert_eq!((list.len(), list.kind()), (3, ListKind::Text));
    let now = |value: &str, now: &str| list.holds(&value.into(), at(now), |_| true);
    assert_eq!(now("a, b", "2026-11-19T23:59:59Z"), Some(true));
    assert_eq!(now("a, b", "2026-11-20T00:00:00Z"), Some(false));
    assert_eq!(now("b", "2026-11-18T12:00:00Z"), Some(true), "of two the longer lasts");
    assert_eq!(now("c", "2099-01-01T00:00:00Z"), Some(true));
}

#[test]
fn every_wrong_line_is_told_and_no_card_number_quoted() {
    let told = |text: &str| list(text).unwrap_err();
    assert_eq!(
        told("# type: bin\n457173\n45717\n4242424242424242\n12\nabc\n45717312, tomorrow\n"),
        [
            "line 4: a card number; list its BIN, or the processor's fingerprint",
            "line 5: `12` is no BIN: 4 to 8 digits",
            "line 6: `abc` is no BIN: 4 to 8 digits",
            "line 7: `tomorrow` is no time an entry can expire at: a date, `2027-03-01`, or a time with an offset",
        ]
    );
    assert_eq!(told("# type: ip\n10.1.2.3/8\n").len(), 1);
    assert_eq!(told("# type: bank\nx\n").len(), 1);
    assert_eq!(told("4242 4242 4242 4242\n").len(), 1);
    assert_eq!(told("x, , card 4242424242424242\n"), ["line 1: the note shows a card number"]);
    assert_eq!(
        told("list(\"self\")\n"),
        ["line 1: a list holds values, it never names another list"]
    );
    assert_eq!(told("\"x\n"), ["line 1: the quote is never closed"]);
}

fn load(dir: &Path, old: &Lists) -> Loaded {
    let hints = BTreeMap::from([("bins", ListKind::Bin), ("gone", ListKind::Text)]);
    old.read(Some(dir), &hints, &shows_card)
}

#[test]
fn a_faulty_file_never_replaces_a_good_one() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(dir.path().join(name), text).unwrap();
    write("bins.txt", "457173\n");
    write("gone.txt", "x\n");
    let first = load(dir.path(), &Lists::default());
    assert_eq!((first.replaced.len(), first.refused.len()), (2, 0));
    let now = at("2026-11-20T00:00:00Z");
    let answer = |lists: &Lists| lists.answer("bins", &"45717312".into(), now);
    assert_eq!(answer(&first.lists), Some(true), "the first use says that it is of BINs");

    write("bins.txt", "not a bin\n");
    write("new.txt", "\u{0}");
    write("Bad Name.txt", "x");
    fs::remove_file(dir.path().join("gone.txt")).unwrap();
    let second = load(dir.path(), &first.lists);
    let refused: Vec<_> = second.refused.iter().map(|refused| refused.name.as_str()).collect();
    assert_eq!(refused, ["Bad Name", "bins", "new", "gone"]);
    assert_eq!(answer(&second.lists), Some(true));
    assert_eq!(second.lists.answer("gone", &"x".into(), now), Some(true));
    assert_eq!(second.lists.answer("new", &"x".into(), now), None, "it was never readable");

    write("bins.txt", "457174\n");
    let third = load(dir.path(), &second.lists);
    assert_eq!(answer(&third.lists), Some(false));
    assert_ne!(third.lists.digest(), first.lists.digest());
}

#[test]
fn changes_of_people_outlive_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("bins.txt");
    fs::write(&file, "457173\n4000\n").unwrap();
    let now = at("2026-11-20T00:00:00Z");
    let added = Change::Added { expires: Some(at("2026-12-01T00:00:00Z")), note: "why".to_owned() };
    let changes =
        Changes::from([("520000".to_owned(), added), ("457173".to_owned(), Change::Removed)]);
    let lists = load(dir.path(), &Lists::default()).lists.changed("bins", changes);
    let answers = |lists: &Lists| {
        ["52000012", "457173", "400012"].map(|bin| lists.answer("bins", &bin.into(), now).unwrap())
    };
    assert_eq!(answers(&lists), [true, false, true]);
    let values = |lists: &Lists| -> Vec<String> {
        let entries = lists.get("bins").unwrap().entries(0, 10);
        entries.into_iter().map(|(_, entry)| entry.value).collect()
    };
    assert_eq!(values(&lists), ["520000", "4000"]);
    assert_eq!(
        lists.get("bins").unwrap().find("520000", Timestamp::default()).unwrap().1,
        Some("why")
    );
    assert!(lists.get("bins").unwrap().find("457173", Timestamp::default()).is_none());

    fs::write(&file, "4000\n457173\n457174\n").unwrap();
    let again = load(dir.path(), &lists).lists;
    assert_eq!(answers(&again), [true, false, true]);
    assert_eq!(values(&again), ["520000", "4000", "457174"]);
}

#[test]
fn an_entry_takes_the_bytes_the_docs_say() {
    let numbers = |of: &dyn Fn(u32) -> String| (0..10_000).map(of).collect::<Vec<_>>().join("\n");
    for (header, of, bytes) in [
        ("bin", &(|n: u32| format!("{}", 40_000_000 + n)) as &dyn Fn(u32) -> String, 4),
        ("ip", &|n| Ipv4Addr::from_bits(n * 7).to_string(), 4),
        ("account", &|n| format!("{n:012}"), 16),
    ] {
        let list = list(&format!("# type: {header}\n{}", numbers(of))).unwrap();
        assert_eq!(list.len(), 10_000);
        assert!(list.bytes() <= 10_000 * bytes + 64, "{header}: {}", list.bytes());
    }
}

proptest! {
    #[test]
    fn prefixes_hold_what_begins_with_them(
        entries in proptest::collection::vec("[0-9]{4,8}", 0..40),
        asked in proptest::collection::vec("[0-9]{6,8}", 20),
    ) {
        let bins = list(&format!("# type: bin\n{}", entries.join("\n"))).unwrap();
        for bin in asked.iter().chain(entries.iter().filter(|entry| entry.len() >= 6)) {
            let naive = entries.iter().any(|entry| bin.starts_with(entry.as_str()));
            prop_assert_eq!(holds(&bins, bin.as_str()), Some(naive), "{}", bin);
        }
    }

    #[test]
    fn networks_hold_their_addresses(
        blocks in proptest::collection::vec((any::<u32>(), 0_u8..=32), 0..30),
        near in proptest::collection::vec((any::<u32>(), 0_u32..9), 20),
    ) {
        let mask = |length: u8| u32::MAX.checked_shl(32 - u32::from(length)).unwrap_or(0);
        let lines: Vec<_> = blocks
            .iter()
            .map(|(bits, length)| format!("{}/{length}", Ipv4Addr::from_bits(bits & mask(*length))))
            .collect();
        let networks = list(&format!("# type: ip\n{}", lines.join("\n"))).unwrap();
        let close = blocks.iter().zip(&near).map(|((bits, _), (_, by))| bits.wrapping_add(*by));
        for address in close.chain(near.iter().map(|(bits, _)| *bits)) {
            let naive = blocks.iter().any(|(bits, length)| (bits ^ address) & mask(*length) == 0);
            prop_assert_eq!(holds(&networks, IpAddr::V4(Ipv4Addr::from_bits(address))), Some(naive));
        }
    }

    #[test]
    fn texts_are_found_as_in_a_set(
        entries in proptest::collection::btree_set("[a-c]{1,4}", 0..40),
        asked in proptest::collection::vec("[a-c]{1,4}", 20),
    ) {
        let text = entries.iter().cloned().collect::<Vec<_>>().join("\n");
        let texts = list(&text).unwrap();
        for value in &asked {
            prop_assert_eq!(holds(&texts, value.as_str()), Some(entries.contains(value)));
        }
    }

    #[test]
    fn no_text_breaks_the_reader(text in "(?s).{0,200}") {
        let _ = list(&text);
        let _ = list(&format!("# type: ip\n{text}"));
    }
}
