//! The table of `tests/data/ce3.txt`, and what holds of any sales.

use super::*;
use crate::disputes::OtherSale;
use crate::disputes::memory::data;
use crate::domain::{DAY_MS, Timestamp};
use proptest::prelude::*;
use serde_json::json;
use std::collections::BTreeMap;

const FEWEST_CASES: usize = 60;

/// A sale of the table, owning its text.
#[derive(Debug, Clone, Default)]
struct Row {
    id: String,
    day: i64,
    values: BTreeMap<String, String>,
    bars: Bars,
}

fn first() -> Row {
    let values = [
        ("ip", "81.2.69.142"),
        ("id", "358240051111110"),
        ("account", "jane"),
        ("email", "j@example.com"),
        ("card", "c1"),
        ("merchant", "eu-1"),
        ("acquirer", "stripe"),
        ("charge", "ch_1"),
        ("goods", "merchandise"),
        ("described", "yes"),
    ];
    let values = values.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    Row { id: "sale".to_owned(), values, ..Row::default() }
}

fn day_number(text: &str) -> i64 {
    format!("{text}T12:00:00Z").parse::<Timestamp>().unwrap().day()
}

fn day(number: i64) -> Day {
    Day::of(Timestamp::from_millis(number * DAY_MS))
}

const OTHER: [(&str, &str); 6] = [
    ("ip", "81.2.69.143"),
    ("id", "358240059999999"),
    ("fp", "fedcba9876543210fedcb"),
    ("account", "john"),
    ("email", "other@example.com"),
    ("card", "c9"),
];

impl Row {
    /// Changes it as one word of the table says.
    fn change(&mut self, word: &str, processed: i64) {
        let set = |row: &mut Self, name: &str, value: &str| {
            row.values.insert(name.to_owned(), value.to_owned());
        };
        if let Some((name, value)) = word.split_once('=') {
            if name == "same" {
                self.id = value.to_owned();
            } else {
                set(self, name, value);
            }
        } else if let Some(name) = word.strip_prefix('~') {
            let other = OTHER.iter().find(|(known, _)| *known == name);
            set(self, name, other.map_or("another", |(_, value)| value));
        } else if let Some(name) = word.strip_prefix('-') {
            self.values.remove(name);
        } else if let Some(days) = word.strip_prefix('@') {
            self.day = processed - days.parse::<i64>().unwrap();
        } else if let Some(name) = word.strip_prefix('+') {
            self.bars.insert(Bar::ALL.into_iter().find(|bar| bar.word() == name).unwrap());
        } else if word == "bare" {
            for name in ["ip", "id", "fp", "account", "email", "address"] {
                self.values.remove(name);
            }
        } else {
            assert!(["mit", "credit", "described"].contains(&word), "{word}");
            set(self, word, "yes");
        }
    }

    fn sale(&self) -> Sale<'_> {
        let value = |name: &str| self.values.get(name).map(String::as_str);
        let address = |city| Address {
            street: "1 High Street",
            city,
            region: "LND",
            postal_code: "EC1A 1BB",
            country: "GB",
        };
        Sale {
            id: &self.id,
            day: day(self.day),
            charge: value("charge"),
            card: value("card"),
            token: value("token"),
            merchant: value("merchant"),
            acquirer: value("acquirer"),
            ip: value("ip").map(|ip| ip.parse().unwrap()),
            device_id: value("id"),
            device_fingerprint: value("fp"),
            account_id: value("account"),
            email: value("email"),
            address: value("address").map(|kind| address(if kind == "home" { "Rome" } else { "" })),
            described: value("described").is_some(),
            goods: value("goods").map(|_| Goods::Merchandise),
            merchant_initiated: value("mit").is_some(),
            original_credit: value("credit").is_some(),
            bars: self.bars,
        }
    }
}

struct Case {
    network: String,
    code: String,
    processed: i64,
    submitted: i64,
    sale: Row,
    earlier: Vec<Row>,
    visa: String,
    stripe: String,
    detail: String,
    why: String,
}

impl Case {
    fn read(line: &str) -> Self {
        let columns: Vec<&str> = line.split('|').map(str::trim).collect();
        let [processed, claim, sale, earlier, visa, stripe, detail, why] = columns[..] else {
            panic!("eight columns: {line}");
        };
        assert!(!why.is_empty(), "every case says why: {line}");
        let processed = day_number(processed);
        let mut claim = claim.split(' ');
        let (network, code) = (claim.next().unwrap(), claim.next().unwrap());
        let before = claim.next().map_or(0, |word| word["submitted-".len()..].parse().unwrap());
        let mut first = Row { day: processed - 10, ..first() };
        for word in sale.split_whitespace() {
            first.change(word, processed);
        }
        let rows = earlier.split(';').map(str::trim).filter(|text| !text.is_empty());
        let earlier = (1..).zip(rows).map(|(number, text)| {
            let mut words = text.split_whitespace();
            let age = words.next().unwrap();
            let day = age.parse().map_or_else(|_| day_number(age), |days: i64| processed - days);
            let mut row = Row { id: format!("p{number}"), day, ..first.clone() };
            for word in words {
                row.change(word, processed);
            }
            row
        });
        Self {
            network: network.to_owned(),
            code: code.replace('_', " "),
            processed,
            submitted: processed - before,
            earlier: earlier.collect(),
            sale: first,
            visa: visa.to_owned(),
            stripe: stripe.to_owned(),
            detail: detail.to_owned(),
            why: why.to_owned(),
        }
    }

    fn claim(&self) -> Claim<'_> {
        Claim {
            network: &self.network,
            code: &self.code,
            processed: day(self.processed),
            submitted: day(self.submitted),
        }
    }
}

fn cases() -> Vec<Case> {
    let text = std::fs::read_to_string(data("ce3.txt")).unwrap();
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(Case::read).collect()
}

fn letter(verdict: &Verdict<'_>) -> &'static str {
    match verdict {
        Verdict::Qualified { .. } => "q",
        Verdict::RequiresAction { .. } => "a",
        Verdict::NotQualified => "n",
    }
}

fn words(set: Elements) -> String {
    set.iter().map(Element::word).collect::<Vec<_>>().join("+")
}

/// Whether one word of the detail column holds.
fn holds(report: &Report<'_>, word: &str) -> bool {
    let verdicts = [&report.visa, &report.stripe];
    let mut pairs = verdicts.iter().filter_map(|verdict| verdict.pair());
    if let Some(wanted) = word.strip_prefix("pair=") {
        return pairs.all(|pair| pair.transactions.join("+") == wanted);
    }
    if let Some(wanted) = word.strip_prefix("shared=") {
        return pairs.all(|pair| words(pair.shared) == wanted);
    }
    if let Some(wanted) = word.strip_prefix("action=") {
        return verdicts.iter().any(|verdict| match verdict {
            Verdict::RequiresAction { actions, .. } => actions.iter().any(|action| {
                let json = serde_json::to_value(action).unwrap();
                let text = |name: &str| json[name].as_str().unwrap().to_owned();
                format!("{}@{}", text("action"), text("transaction_id")) == wanted
            }),
            _ => false,
        });
    }
    if word == "both" || word == "single" {
        return pairs.all(|pair| pair.meets_both == (word == "both"));
    }
    let (short, word) = match word.strip_prefix("short=") {
        Some(rest) => (true, rest),
        None => (false, word),
    };
    let (id, fact) = word.split_once(':').unwrap();
    let candidate = report.candidates.iter().find(|c| c.transaction_id == id).unwrap();
    if short {
        let (profile, count) = fact.split_once(':').unwrap();
        let profile = if profile == "visa" { Profile::Visa } else { Profile::Stripe };
        return candidate.elements_short(profile, report.version).to_string() == count;
    }
    let has = |set: fn(Compared) -> Elements, name: &str| {
        let set = candidate.compared.map(set).unwrap_or_default();
        set.iter().any(|element| element.word() == name)
    };
    match fact.split_once('=') {
        Some(("missing", name)) => has(|compared| compared.missing, name),
        Some(("differs", name)) => has(|compared| compared.differs, name),
        Some(("malformed", name)) => has(|compared| compared.malformed, name),
        Some(("inherited", name)) => has(|compared| compared.inherited, name),
        _ if fact == "same_network" => candidate.compared.is_some_and(|c| c.same_network),
        _ => Profile::ALL
            .iter()
            .any(|profile| candidate.bars(*profile).iter().any(|bar| bar.word() == fact)),
    }
}

#[test]
fn every_case_of_the_table() {
    let cases = cases();
    assert!(cases.len() >= FEWEST_CASES, "{} cases", cases.len());
    let mut wrong = Vec::new();
    for case in &cases {
        let sale = case.sale.sale();
        let earlier: Vec<Sale<'_>> = case.earlier.iter().map(Row::sale).collect();
        let found = evaluate(&case.claim(), &sale, &earlier);
        let (visa, stripe) = match &found {
            Ok(report) => (letter(&report.visa), letter(&report.stripe)),
            Err(_) => ("x", "x"),
        };
        if (visa, stripe) != (case.visa.as_str(), case.stripe.as_str()) {
            wrong.push(format!("{}: Visa {visa}, Stripe {stripe}", case.why));
        }
        for word in case.detail.split_whitespace() {
            if !found.as_ref().is_ok_and(|report| holds(report, word)) {
                wrong.push(format!("{}: `{word}` does not hold: {found:#?}", case.why));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn near_misses_say_what_is_missing() {
    let mut sale = first();
    for word in ["-id", "-email"] {
        sale.change(word, 0);
    }
    sale.day = 20_770;
    let earlier = [
        Row { id: "tx-1".to_owned(), day: 20_700, ..sale.clone() },
        {
            let mut row = Row { id: "tx-2".to_owned(), day: 20_560, ..sale.clone() };
            row.change("~ip", 0);
            row
        },
        {
            let mut row = Row { id: "tx-3".to_owned(), day: 20_560, ..sale.clone() };
            row.change("-account", 0);
            row.change("+disputed", 0);
            row
        },
    ];
    let claim =
        Claim { network: "visa", code: "10.4", processed: day(20_780), submitted: day(20_780) };
    let sale = sale.sale();
    let earlier: Vec<Sale<'_>> = earlier.iter().map(Row::sale).collect();
    let report = evaluate(&claim, &sale, &earlier).unwrap();
    let lines: Vec<String> = report
        .near_misses(Profile::Visa)
        .into_iter()
        .filter_map(|candidate| candidate.miss(Profile::Visa, report.version))
        .collect();
    expect_test::expect![[r#"
        [
            "transaction tx-2 lacks a matching IP address: one element short",
            "transaction tx-3 was disputed or asked about; lacks a matching account: one element short",
            "transaction tx-1 is too new (80 days before the dispute)",
        ]
    "#]]
    .assert_debug_eq(&lines);
}

fn arb_row() -> impl Strategy<Value = Row> {
    let words = prop::sample::subsequence(
        vec!["~ip", "-id", "~account", "-email", "~merchant", "+disputed", "-described", "mit"],
        0..4,
    );
    (100_i64..400, words).prop_map(|(age, words)| {
        let mut row = Row { day: 20_780 - age, ..first() };
        for word in words {
            row.change(word, 20_780);
        }
        row
    })
}

/// A sale of few different values, so that many are shared, and many nearly.
fn arb_mixed_row() -> impl Strategy<Value = Row> {
    let changes = prop::sample::subsequence(
        vec![
            "~ip",
            "ip=::ffff:81.2.69.142",
            "ip=10.0.0.1",
            "ip=2a02:1::1",
            "ip=2a02:1::2",
            "-ip",
            "~id",
            "id=short",
            "-id",
            "fp=fedcba9876543210fedcb",
            "fp=short",
            "account=john",
            "account=123e4567-e89b-12d3-a456-426614174000",
            "-account",
            "email= J@Example.COM",
            "email=none",
            "-email",
            "address=home",
            "address=nowhere",
            "~card",
            "-card",
            "token=t1",
            "token=t2",
            "-merchant",
            "~merchant",
            "~acquirer",
            "-charge",
            "charge=pi_1",
            "-goods",
            "-described",
            "mit",
            "credit",
            "+disputed",
            "+not_paid",
        ],
        0..5,
    );
    (prop_oneof![Just(250_i64), Just(150), 100_i64..400], changes).prop_map(|(age, words)| {
        let mut row = Row { day: 20_780 - age, ..first() };
        for word in words {
            row.change(word, 20_780);
        }
        row
    })
}

/// Another sale as it is recorded, with events of every kind that counts.
fn arb_other_sale() -> impl Strategy<Value = OtherSale> {
    let events = prop::collection::vec((0..7_usize, 0..40_i64), 0..4);
    let device = prop::sample::select(vec!["d-51c0a8e2b7f94d10", "358240051111110358240", "short"]);
    (0..6_u8, 60..420_i64, events, device, any::<bool>()).prop_map(
        |(id, age, events, device, renewal)| {
            let at = Timestamp::from_millis((20_780 - age) * DAY_MS);
            let id = format!("tx-{id}");
            let transaction = json!({"transaction_id": id, "event_time": at,
                "type": if renewal { "renewal" } else { "purchase" },
                "amount": {"value": "9.00", "currency": "EUR"}, "account": {"id": "jane"},
                "card": {"fingerprint": "c1"}, "device": {"ip": "81.2.69.142", "device_id": device}});
            let event = |(number, (kind, days)): (usize, (usize, i64))| {
                let data = match kind {
                    0 => json!({"outcome": "approved"}),
                    1 => json!({"outcome": "declined"}),
                    2 => json!({"label": "stolen_instrument"}),
                    3 => json!({"reason": "Fraudulent"}),
                    _ => json!({}),
                };
                let kinds = ["auth.result", "auth.result", "label", "refund", "capture",
                    "dispute.created", "fraud.warning"];
                serde_json::from_value(json!({"event_id": format!("e-{number}"),
                    "type": kinds[kind], "event_time": at.plus_millis(days * DAY_MS),
                    "transaction_id": id, "data": data})).unwrap()
            };
            OtherSale {
                transaction: serde_json::from_value(transaction).unwrap(),
                events: events.into_iter().enumerate().map(event).collect(),
            }
        },
    )
}

fn qualifies(report: &Report<'_>, profile: Profile) -> bool {
    report.verdict(profile).pair().is_some()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn what_is_found_is_what_reading_every_pair_finds(
        sale in arb_mixed_row(), mut rows in prop::collection::vec(arb_mixed_row(), 0..12),
        submitted in -3..1_i64,
    ) {
        for (number, row) in rows.iter_mut().enumerate() {
            row.id = format!("tx-{number:02}");
        }
        let sale = Row { day: 20_775, id: "tx-03".to_owned(), ..sale };
        let earlier: Vec<Sale<'_>> = rows.iter().map(Row::sale).collect();
        for processed in [20_730, 20_780] {
            let claim = Claim {
                network: "visa", code: "10.4", processed: day(processed), submitted: day(processed + submitted),
            };
            let found = evaluate(&claim, &sale.sale(), &earlier).unwrap();
            prop_assert_eq!(found, oracle::report(&claim, &sale.sale(), &earlier));
        }
    }

    #[test]
    fn a_recorded_case_is_read_as_its_sales_are(
        sale in arb_other_sale(), other_sales in prop::collection::vec(arb_other_sale(), 0..12),
    ) {
        let mut transaction = sale.transaction;
        transaction.event_time = Timestamp::from_millis(20_770 * DAY_MS);
        let file = json!({"id": "dp", "processor": "stripe", "stage": "chargeback", "status": "needs_response",
            "processor_status": "needs_response", "updated_at": Timestamp::from_millis(20_780 * DAY_MS), "updated_by": "e",
            "network": "visa", "network_reason_code": "10.4", "reason": "fraud",
            "opened_at": Timestamp::from_millis(20_780 * DAY_MS), "amount": {"value": "9.00", "currency": "EUR"}});
        let case = CaseFile {
            dispute: serde_json::from_value(file).unwrap(),
            transaction: Some(transaction.clone()), decision: None, events: sale.events, other_sales,
            files: Vec::new(),
        };
        let disputed = Sale::recorded(&transaction, &case.events);
        let others = case.other_sales.iter();
        let earlier: Vec<Sale<'_>> =
            others.map(|other| Sale::recorded(&other.transaction, &other.events)).collect();
        let slow = oracle::report(&Claim::of(&case.dispute), &disputed, &earlier);
        prop_assert_eq!(of_case(&case).unwrap(), slow);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn more_sales_never_lose_a_verdict_and_order_changes_nothing(
        mut rows in prop::collection::vec(arb_row(), 0..12), more in arb_row(),
    ) {
        let sale = Row { day: 20_770, ..first() };
        for (number, row) in (1..).zip(&mut rows) {
            row.id = format!("tx-{number:02}");
        }
        let more = Row { id: "tx-99".to_owned(), ..more };
        for processed in [20_700, 20_780] {
            let claim = Claim {
                network: "visa", code: "10.4", processed: day(processed), submitted: day(processed),
            };
            let sale = sale.sale();
            let mut earlier: Vec<Sale<'_>> = rows.iter().map(Row::sale).collect();
            let report = evaluate(&claim, &sale, &earlier).unwrap();
            earlier.reverse();
            let reversed = evaluate(&claim, &sale, &earlier).unwrap();
            prop_assert_eq!(&report.visa, &reversed.visa);
            prop_assert_eq!(&report.stripe, &reversed.stripe);
            earlier.push(more.sale());
            let grown = evaluate(&claim, &sale, &earlier).unwrap();
            for profile in Profile::ALL {
                prop_assert!(!qualifies(&report, profile) || qualifies(&grown, profile));
                for id in report.verdict(profile).pair().iter().flat_map(|pair| pair.transactions) {
                    let candidate =
                        report.candidates.iter().find(|c| c.transaction_id == id).unwrap();
                    prop_assert_eq!(candidate.miss(profile, report.version), None);
                }
            }
        }
    }
}
