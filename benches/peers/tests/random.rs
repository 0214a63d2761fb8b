//! Random well-typed conditions on random records with gaps: ours matches if and only if `cel` says
//! true. A missing field is an error to `cel`, whose `&&` and `||` absorb it.

use serde_json::{Map, Value as Json, json};
use std::collections::HashMap;
use vouch::rules::{RuleSet, Scratch, Source, record_from_flat};
use vouch_peers::cel_matches;

/// A small generator of numbers: the same on every machine.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % limit
    }

    fn of<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())]
    }
}

const INTS: [&str; 4] =
    ["card_tx_count_1h", "ip_distinct_cards_1d", "payment.attempt", "item_count"];
const FLOATS: [&str; 3] = ["account.age_h", "email.digit_share", "discount_share"];
const BOOLS: [&str; 4] = ["ip.tor", "ip.hosting", "bin.prepaid", "amount_round"];
const TEXTS: [&str; 4] = ["email.domain", "descriptor", "card.bin", "subscription.plan"];
const WORDS: [&str; 6] = ["a", "ab", "abc", "457173", "pro-year", "a.b"];
const OPS: [&str; 6] = ["==", "!=", "<", "<=", ">", ">="];

/// A condition in which `@` stands before every field.
fn leaf(dice: &mut Dice) -> String {
    let number = dice.below(5).to_string();
    let half = format!("{}.{}", dice.below(4), dice.of(&["25", "5", "75"]));
    let word = dice.of(&WORDS);
    let (int, float) = (dice.of(&INTS), dice.of(&FLOATS));
    let (boolean, text) = (dice.of(&BOOLS), dice.of(&TEXTS));
    match dice.below(15) {
        0 | 1 => format!("@{int} {} {number}", dice.of(&OPS)),
        2 => format!("{number} {} @{int}", dice.of(&OPS)),
        3 => format!("@{int} in [{number}, {}]", dice.below(5)),
        4 => format!("@{int} {} @{}", dice.of(&OPS), dice.of(&INTS)),
        5 => format!("@{float} {} {half}", dice.of(&["<", "<=", ">", ">="])),
        6 | 7 => format!("@{boolean}"),
        8 => format!("@{text} {} \"{word}\"", dice.of(&["==", "!="])),
        9 => format!("@{text} in [\"{word}\", \"{}\"]", dice.of(&WORDS)),
        10 => {
            let test = dice.of(&["startsWith", "endsWith", "contains"]);
            format!("@{text}.{test}(\"{}\")", dice.of(&["a", "b", "45", "-"]))
        }
        11 => {
            let pattern = dice.of(&["^a+b?$", "[0-9]{3}", "b|p", "^.{3}$", "(?i)^A"]);
            format!("@{text}.matches(\"{pattern}\")")
        }
        12 => format!("size(@{text}) {} {number}", dice.of(&OPS)),
        13 => format!("@{text} {} @{}", dice.of(&["==", "!="]), dice.of(&TEXTS)),
        _ => format!("has(@{})", dice.of(&[int, text, float, boolean])),
    }
}

fn condition(dice: &mut Dice, depth: usize) -> String {
    if depth == 0 || dice.below(4) == 0 {
        return leaf(dice);
    }
    if dice.below(4) == 0 {
        return format!("!({})", condition(dice, depth - 1));
    }
    let operator = dice.of(&[" && ", " || "]);
    let part = |dice: &mut Dice| format!("({})", condition(dice, depth - 1));
    (0..2 + dice.below(2)).map(|_| part(dice)).collect::<Vec<_>>().join(operator)
}

/// Every field with a value, or without in a third of the cases.
fn row(dice: &mut Dice) -> Map<String, Json> {
    let mut row = Map::new();
    for name in INTS {
        row.insert(name.to_owned(), json!(dice.below(5)));
    }
    for name in FLOATS {
        row.insert(name.to_owned(), json!(dice.below(16) as f64 / 4.0));
    }
    for name in BOOLS {
        row.insert(name.to_owned(), json!(dice.below(2) == 1));
    }
    for name in TEXTS {
        row.insert(name.to_owned(), json!(dice.of(&WORDS)));
    }
    row.retain(|_, _| dice.below(3) > 0);
    row
}

/// The row as one value of `cel`, nested by the dots of its names. Groups are always there.
fn nested(row: &Map<String, Json>) -> cel::Value {
    let mut groups: HashMap<String, HashMap<String, cel::Value>> = HashMap::new();
    let mut flat: HashMap<String, cel::Value> = HashMap::new();
    for name in INTS.iter().chain(&FLOATS).chain(&BOOLS).chain(&TEXTS) {
        if let Some((group, _)) = name.split_once('.') {
            groups.entry(group.to_owned()).or_default();
        }
    }
    for (name, value) in row {
        let value: cel::Value = match value {
            Json::Bool(x) => (*x).into(),
            Json::String(x) => x.as_str().into(),
            Json::Number(x) if x.is_f64() => x.as_f64().unwrap_or_default().into(),
            other => other.as_i64().unwrap_or_default().into(),
        };
        match name.split_once('.') {
            Some((group, member)) => {
                groups.entry(group.to_owned()).or_default().insert(member.to_owned(), value);
            }
            None => {
                flat.insert(name.clone(), value);
            }
        }
    }
    flat.extend(groups.into_iter().map(|(name, group)| (name, group.into())));
    flat.into()
}

fn set(conditions: &[String]) -> RuleSet {
    let rule = |(number, condition): (usize, &String)| {
        let when = condition.replace('@', "");
        format!(
            "[[rule]]\nid = \"r{number:04}\"\naction = \"tag\"\nreason = \"A\"\ntext = \"A.\"\nwhen = '''{when}'''\n"
        )
    };
    let file: String = conditions.iter().enumerate().map(rule).collect();
    RuleSet::from_sources(&[Source::new("random.toml", file)]).unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn random_conditions_match_as_by_cel() {
    let mut dice = Dice(20_261_122);
    let conditions: Vec<_> = (0..500).map(|_| condition(&mut dice, 3)).collect();
    let ours = set(&conditions);
    let programs: Vec<_> = conditions
        .iter()
        .map(|text| cel::Program::compile(&text.replace('@', "r.")).expect("a condition"))
        .collect();
    let (mut scratch, mut pairs, mut matches) = (Scratch::default(), 0, 0);
    for _ in 0..300 {
        let row = row(&mut dice);
        let record = record_from_flat(&row).expect("a good row");
        let mut context = cel::Context::default();
        context.add_variable_from_value("r", nested(&row));
        let hits: Vec<_> = ours.matching(&record, &mut scratch).collect();
        for (number, program) in programs.iter().enumerate() {
            let (mine, theirs) = (hits.contains(&number), cel_matches(program, &context));
            assert_eq!(mine, theirs, "{} over {row:?}", conditions[number]);
            pairs += 1;
            matches += usize::from(mine);
        }
    }
    assert!(pairs >= 100_000 && matches > pairs / 20, "{matches} of {pairs}");
}
