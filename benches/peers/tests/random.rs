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
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
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
const TEXTS: [&str; 4] = ["device.user_agent", "descriptor", "order_id", "custom.label"];
const DECIMALS: [&str; 2] = ["amount_eur", "items.max_price_eur"];
const COUNTRY: [&str; 2] = ["ip.country", "billing.country"];
const COUNTRIES: [&str; 3] = ["DE", "NO", "BR"];
const TIMES: [&str; 3] = ["2026-02-28T23:59:30Z", "2026-03-01T00:00:00Z", "2026-11-22T10:05:00Z"];
const ADDRESSES: [&str; 3] = ["10.1.2.3", "192.0.2.7", "10.255.0.1"];
const WORDS: [&str; 6] = ["a", "ab", "abc", "457173", "pro-year", "a.b"];
const OPS: [&str; 6] = ["==", "!=", "<", "<=", ">", ">="];

/// A condition as we write it and as `cel` does; `@` stands before every field.
type Pair = [String; 2];

fn same(text: String) -> Pair {
    [text.clone(), text]
}

fn leaf(dice: &mut Dice) -> Pair {
    let number = dice.below(5).to_string();
    let half = format!("{}.{}", dice.below(4), dice.of(&["25", "5", "75"]));
    let word = dice.of(&WORDS);
    let (int, float) = (dice.of(&INTS), dice.of(&FLOATS));
    let (boolean, text) = (dice.of(&BOOLS), dice.of(&TEXTS));
    same(match dice.below(20) {
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
        14 => format!("has(@{})", dice.of(&[int, text, float, boolean])),
        15 => {
            let country = dice.of(&COUNTRIES);
            match dice.below(3) {
                0 => format!("@{} {} @{}", COUNTRY[0], dice.of(&["==", "!="]), COUNTRY[1]),
                1 => format!("@{} in [\"{country}\", \"NO\"]", dice.of(&COUNTRY)),
                _ => format!("@{} {} \"{country}\"", dice.of(&COUNTRY), dice.of(&["==", "!="])),
            }
        }
        16 => format!("@{} {} {half}", dice.of(&DECIMALS), dice.of(&OPS)),
        _ => return differently_written(dice, int, &half),
    })
}

/// What the two write differently: a default, money, a network, a time.
fn differently_written(dice: &mut Dice, int: &str, half: &str) -> Pair {
    let op = dice.of(&OPS);
    match dice.below(5) {
        0 => {
            let (instead, number) = (dice.below(5), dice.below(5));
            [
                format!("default(@{int}, {instead}) {op} {number}"),
                format!("(has(@{int}) ? @{int} : {instead}) {op} {number}"),
            ]
        }
        1 => [
            format!("@amount {op} money(\"{half}\", \"EUR\")"),
            // Another currency compares with nothing: an error to `cel`.
            format!("(@amount.currency == \"EUR\" ? @amount.value : @amount.none) {op} {half}"),
        ],
        2 => [
            "@device.ip in cidr(\"10.0.0.0/8\")".to_owned(),
            "@device.ip.startsWith(\"10.\")".to_owned(),
        ],
        3 => {
            let time = dice.of(&TIMES);
            same(format!("@event_time {op} timestamp(\"{time}\")"))
        }
        _ => {
            let part = dice.of(&["getHours", "getDayOfWeek", "getDate", "getMonth", "getMinutes"]);
            let number = 1 + dice.below(6);
            [
                format!("@event_time.{part}(\"UTC\") {op} {number}"),
                format!("@event_time.{part}() {op} {number}"),
            ]
        }
    }
}

fn condition(dice: &mut Dice, depth: usize) -> Pair {
    if depth == 0 || dice.below(4) == 0 {
        return leaf(dice);
    }
    if dice.below(4) == 0 {
        return condition(dice, depth - 1).map(|inner| format!("!({inner})"));
    }
    let operator = dice.of(&[" && ", " || "]);
    let parts: Vec<Pair> = (0..2 + dice.below(2)).map(|_| condition(dice, depth - 1)).collect();
    [0, 1].map(|side| {
        let part = |pair: &Pair| format!("({})", pair[side]);
        parts.iter().map(part).collect::<Vec<_>>().join(operator)
    })
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
    for name in DECIMALS {
        row.insert(name.to_owned(), json!(format!("{}", dice.below(16) as f64 / 4.0)));
    }
    for name in COUNTRY {
        row.insert(name.to_owned(), json!(dice.of(&COUNTRIES)));
    }
    row.insert("event_time".to_owned(), json!(dice.of(&TIMES)));
    row.insert("device.ip".to_owned(), json!(dice.of(&ADDRESSES)));
    let value = format!("{}", dice.below(16) as f64 / 4.0);
    let amount = json!({"value": value, "currency": dice.of(&["EUR", "USD"])});
    row.insert("amount".to_owned(), amount);
    row.retain(|_, _| dice.below(3) > 0);
    row
}

/// The row as one value of `cel`, nested by the dots of its names. Groups are always there.
fn nested(row: &Map<String, Json>) -> cel::Value {
    let groups = [
        "account", "email", "ip", "bin", "card", "payment", "items", "billing", "device", "custom",
    ];
    let mut groups: HashMap<String, HashMap<String, cel::Value>> =
        groups.map(|group| (group.to_owned(), HashMap::new())).into();
    let mut flat: HashMap<String, cel::Value> = HashMap::new();
    for (name, value) in row {
        let value = as_cel(name, value);
        match name.split_once('.') {
            Some((group, member)) => {
                groups.get_mut(group).expect("a group").insert(member.to_owned(), value);
            }
            None => {
                flat.insert(name.clone(), value);
            }
        }
    }
    flat.extend(groups.into_iter().map(|(name, group)| (name, group.into())));
    flat.into()
}

fn as_cel(name: &str, value: &Json) -> cel::Value {
    let number = |json: &Json| json.as_str().and_then(|text| text.parse::<f64>().ok());
    match value {
        Json::Bool(x) => (*x).into(),
        Json::String(x) if DECIMALS.contains(&name) => x.parse::<f64>().expect("a number").into(),
        Json::String(x) if name == "event_time" => cel::Value::Timestamp(
            x.parse::<chrono::DateTime<chrono::FixedOffset>>().expect("a time"),
        ),
        Json::String(x) => x.as_str().into(),
        Json::Object(money) => {
            let currency = money["currency"].as_str().expect("a currency");
            let value = number(&money["value"]).expect("a number");
            let members: [(String, cel::Value); 2] =
                [("value".to_owned(), value.into()), ("currency".to_owned(), currency.into())];
            HashMap::from(members).into()
        }
        Json::Number(x) if x.is_f64() => x.as_f64().unwrap_or_default().into(),
        other => other.as_i64().unwrap_or_default().into(),
    }
}

fn set(conditions: &[Pair]) -> RuleSet {
    let rule = |(number, [ours, _]): (usize, &Pair)| {
        let when = ours.replace('@', "");
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
        .map(|[_, cel]| cel::Program::compile(&cel.replace('@', "r.")).expect("a condition"))
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
            assert_eq!(mine, theirs, "{:?} over {row:?}", conditions[number]);
            pairs += 1;
            matches += usize::from(mine);
        }
    }
    assert!(pairs >= 100_000 && matches > pairs / 20, "{matches} of {pairs}");
}
