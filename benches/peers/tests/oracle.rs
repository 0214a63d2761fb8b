//! Our evaluator agrees with `cel` where a rule matches "if and only if `cel` says true", on given
//! and on composed rules, over records with fields left out.

use vouch::rules::Scratch;
use vouch_peers::{Row, Slots, cel_context, cel_matches, our_hits, ours, rows, rules};

/// A small generator of numbers: the same on every machine.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % limit
    }
}

/// Given rules joined by any of the operators, some turned round.
fn composed(given: &[String], dice: &mut Dice, count: usize) -> Vec<String> {
    let mut made = Vec::with_capacity(count);
    while made.len() < count {
        let mut text = String::new();
        for part in 0..=dice.below(3) {
            if part > 0 {
                text.push_str([" && ", " || "][dice.below(2)]);
            }
            text.push_str(["(", "!(", "!(!"][dice.below(3)]);
            let rule = &given[dice.below(given.len())];
            text.push_str(&format!("({rule})"));
            text.push_str(if text.ends_with("))") { "" } else { ")" });
        }
        let opened = text.matches('(').count() - text.matches(')').count();
        text.push_str(&")".repeat(opened));
        made.push(text);
    }
    made
}

fn with_gaps(row: &Row, dice: &mut Dice) -> Row {
    let missing = dice.below(3);
    let keep = |_: &(&String, &serde_json::Value), dice: &mut Dice| dice.below(4) >= missing;
    let kept = row.iter().filter(|field| keep(field, dice));
    kept.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Matching numbers by both; how many pairs were compared, and how many matched.
fn compare(conditions: &[String], rows: &[Row], slots: &Slots) -> (usize, usize) {
    let set = ours(conditions, slots);
    let programs: Vec<_> =
        conditions.iter().map(|text| cel::Program::compile(text).expect("a condition")).collect();
    let (mut scratch, mut matches) = (Scratch::default(), 0);
    for row in rows {
        let context = cel_context(row);
        let theirs: Vec<_> =
            (0..programs.len()).filter(|n| cel_matches(&programs[*n], &context)).collect();
        let ours = our_hits(&set, &slots.record(row), &mut scratch);
        assert_eq!(ours, theirs, "{row:?}");
        matches += ours.len();
    }
    (conditions.len() * rows.len(), matches)
}

#[test]
fn given_rules_match_as_expected() {
    let rows = rows();
    let slots = Slots::of(&rows[0]);
    for count in [100, 1_000] {
        let given = rules(count);
        let set = ours(&given.cel, &slots);
        let mut scratch = Scratch::default();
        for (row, expected) in rows.iter().zip(&given.hits) {
            assert_eq!(&our_hits(&set, &slots.record(row), &mut scratch), expected);
        }
    }
}

#[test]
fn any_rules_on_records_with_gaps_match_as_by_cel() {
    let (rows, given) = (rows(), rules(1_000).cel);
    let slots = Slots::of(&rows[0]);
    let mut dice = Dice(20_261_120);
    let gappy: Vec<Row> = rows.iter().map(|row| with_gaps(row, &mut dice)).collect();
    let (pairs, matched) = compare(&given, &gappy[..200], &slots);
    assert!(pairs == 200_000 && matched > 1_000, "{matched} of {pairs}");
    let made = composed(&given, &mut dice, 500);
    let (pairs, matched) = compare(&made, &gappy[200..500], &slots);
    assert!(pairs == 150_000 && matched > 1_000, "{matched} of {pairs}");
}
