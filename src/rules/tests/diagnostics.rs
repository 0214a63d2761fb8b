//! What a rule author reads, word for word: `diagnostics.txt` holds every case with its answer.
//! `UPDATE_EXPECT=1 cargo test --lib rules::` writes it anew; read the difference.

use crate::lists::Lists;
use crate::rules::problem::Problem;
use crate::rules::{
    Diagnostics, MAX_CONDITION, MAX_DEPTH, MAX_FILE_BYTES, MAX_FILES, MAX_LIST, MAX_RULES,
    MAX_SET_PATTERNS, MAX_TERMS, RuleSet, Source, parse,
};
use expect_test::expect_file;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

/// One condition each, with at least one mistake.
const CONDITIONS: &[&str] = &[
    "",
    "   ",
    "ip.contry == \"DE\"",
    "email == \"x@example.com\"",
    "completely_unknown > 3",
    "custom > 3",
    "custom.a.b > 3",
    "amount > 100",
    "100.50 <= amount",
    "amount == amount_eur",
    "amount > money(\"100,00\", \"EUR\")",
    "amount > money(\"100.00\", \"EURO\")",
    "amount_eur > money(\"100.00\", \"EUR\")",
    "amount_eur > \"100\"",
    "payment.method == \"crad\"",
    "payment.method in [\"card\", \"visa\"]",
    "type == purchase",
    "billing.country == GB",
    "card.bin in [004571]",
    "email.domain == “x”",
    "billing.country == \"UK\"",
    "billing.country in [\"DE\", \"Canada\"]",
    "billing.country == card.bin",
    "ip.tor == true",
    "false == ip.tor",
    "ip.tor != true && ip.hosting == \"true\"",
    "card.bin == 457173",
    "card.bin > \"457173\"",
    "email.domain < \"a\"",
    "billing.country >= \"DE\"",
    "custom.plan < \"a\"",
    "card_tx_count_1h",
    "card_tx_count_1h >= 3 && amount_eur",
    "!card_tx_count_1h",
    "!card_tx_count_1h == 3",
    "!email.class in [\"free\"]",
    "1 < card_tx_count_1h < 5",
    "(card_tx_count_1h > 1) == ip.tor",
    "card_tx_count_1h == 2.5",
    "card_tx_count_1h in [1, 2.5]",
    "card_tx_count_1h in []",
    "card_tx_count_1h in 5",
    "card_tx_count_1h in [ip_tx_count_1h]",
    "custom.a in [1, \"b\"]",
    "card_tx_count_1h == [1, 2]",
    "device.ip == \"10.0.0.0/8\"",
    "device.ip == \"not an address\"",
    "device.ip == cidr(\"10.0.0.0/8\")",
    "device.ip in cidr(\"10.1.2.3/8\")",
    "email.domain in cidr(\"10.0.0.0/8\")",
    "device.ip.startsWith(\"10.\")",
    "account.created_at > \"2026-01-01T00:00:00Z\"",
    "account.created_at > timestamp(\"2026-01-01\")",
    "has(\"x\")",
    "has()",
    "has(ip.country, ip.tor)",
    "default(ip.country)",
    "default(ip.country, \"XX\") == \"DE\"",
    "default(card_tx_count_1h, \"none\") > 1",
    "default(ip.tor, ip.hosting)",
    "is_missing(ip.country)",
    "count(card, 1h) > 3",
    "count(\"card\", \"2h\") > 3",
    "count(\"card\", \"24h\", \"refused\") > 3",
    "count(\"card\", \"24h\", \"fraud\") > 3",
    "count(\"customer\", \"24h\") > 3 || count(\"card+account\", \"90d\", \"approved\") > 1",
    "count(\"card\", \"1 hour\") > 3",
    "count(\"card\") > 3",
    "count(card.bin, \"1h\") > 3",
    "count(\"card\", \"1h\")",
    "sum(\"amount\", \"card\", \"24h\") > 100",
    "distinct(\"card\", \"ip\", \"30d\") > 3",
    "distinct(\"colour\", \"ip\", \"1d\") > 3",
    "max(\"amount_eur\", \"card\", \"90d\") > 100",
    "max(\"sessions\", \"account\", \"30d\") > 5",
    "avg(\"amount_eur\", \"card\", \"90d\") > 100",
    "avg(\"amount_eur\", \"ip\", \"90d\") > 100",
    "age(\"customer\") < 24",
    "age(\"sku\") < 24",
    "velocity(\"card\", \"1h\") > 3",
    "startsWith(email.domain, \"x\")",
    "matches(email.domain, \"x\")",
    "email.domain.matches(\"x(\")",
    "email.domain.matches(\"(?<!x)y\")",
    "email.domain.matches(\"(x)\\\\1\")",
    "email.domain.matches('\\d')",
    "email.domain.matches(\"(x{1000}){1000}\")",
    "email.domain.matches(\"\")",
    "email.domain.matches(ip.country)",
    "email.domain.lowerAscii().matches(\"x\")",
    "card_tx_count_1h.matches(\"1\")",
    "email.domain.like(\"x%\")",
    "custom.a.matches('1') || custom.a.matches('2') || custom.a.matches('3') || custom.a.matches('4') || custom.a.matches('5') || custom.a.matches('6') || custom.a.matches('7') || custom.a.matches('8') || custom.a.matches('9')",
    "email.domain.lowerAscii() == \"Example.com\"",
    "email.domain.lowerAscii() in [\"a\", \"B\"]",
    "email.domain.lowerAscii().endsWith(\".COM\")",
    "email.domain == \"Example.com\" && email.domain in [\"mail.example.com\", \"x@example.com\"]",
    "email.domain.contains(\"@\") || bin.brand == \"Visa\"",
    "card.bin == \"4571\" || card.bin in [\"457173\", \"457173601\"]",
    "größe == 1 && ip.tor",
    "custom.größe > 3 || іp.tor",
    "email.domain.lowerAscii",
    "amount_eur.lowerAscii() == \"a\"",
    "size(email.domain)",
    "size(email.domain) > \"3\"",
    "size(ip.country) > 3",
    "email.domain.length() > 3",
    "event_time.getHours() >= 22",
    "event_time.getHours(\"Europe/Londn\") >= 22",
    "event_time.getHours(\"Berlin\") >= 22",
    "event_time.getHours(\"+02:00\") >= 22",
    "event_time.getHours(device.timezone) >= 22",
    "event_time.getHours(\"UTC\") >= 24",
    "event_time.getDayOfWeek(\"UTC\") in [6, 7]",
    "12 == event_time.getMonth(\"UTC\")",
    "event_time.getHours(\"UTC\") == 2.5",
    "event_time.hour(\"UTC\") >= 22",
    "event_time.weekday(\"UTC\") == 0",
    "amount_eur.getHours(\"UTC\") >= 22",
    "event_time.getHours(\"UTC\")",
    "event_time.getHours(\"UTC\", 2) > 3",
    "email.domain.startswith(\"x\")",
    "email.domain.startsWith(\"\")",
    "email.domain.startsWith(ip.country)",
    "card_tx_count_1h.contains(\"1\")",
    "ip.tor and not ip.hosting or email.role",
    "ip.tor & ip.hosting | email.role",
    "ip.country = \"DE\"",
    "ip.country <> \"DE\"",
    "ip.country not in [\"DE\"]",
    "amount_eur * 2 > 100",
    "amount_eur > 50 + 50 && ip.contry == \"DE\"",
    "ip.tor ? true : false",
    "amount_eur > 1e3",
    "amount_eur > 10m",
    "amount_eur > 99999999999999999999999999999999999",
    "amount_eur > -",
    "ip.country == \"DE",
    "ip.country == \"D\\E\"",
    "ip.country == \"DE\" # a comment",
    "(ip.tor && (ip.hosting || email.role)",
    "ip.tor)",
    "ip.tor && ",
    "&& ip.tor",
    "ip.tor ip.hosting",
    "ip.tor ip.hosting && ip.contry == \"DE\" ) || amount > 3",
    "payment.method in [\"card\" \"paypal\"]",
    "payment.method in [\"card\", \"paypal\"",
    "ip. == 3",
    "ip.tor.x.y(",
    "has(ip.tor",
    "(ip.contry == \"DE\" ||\n  amuont_eur > 100) &&\n  card_tx_count_1h >= \"3\" && payment.method == \"crad\"",
];

/// Whole files, with at least one mistake each.
const FILES: &[&str] = &[
    "",
    "[[rule]\nid = 3",
    "[group]\nowner = 3\nteam = \"x\"\n[[rules]]\nid = \"x\"\n",
    "rule = []\n",
    "rule = 3\n",
    "[[rule]]\n",
    r#"
[[rule]]
id = "Bad Id"
action = "blok"
mode = "shadows"
reason = "card testing"
text = ""
when = "ip.tor"
"#,
    r#"
[[rule]]
id = "a"
action = "block"
challenge = "three_ds"
adjust = 1
wen = 'ip.tor'
reason = "A"
text = "A."
when = 3
priority = "high"
expires = "soon"
"#,
    r#"
[[rule]]
id = "a"
action = "challenge"
reason = "A"
text = "A."
when = 'true'
[[rule]]
id = "b"
action = "adjust"
reason = "A"
text = "A."
when = 'true'
[[rule]]
id = "c"
action = "adjust"
adjust = 11
reason = "A"
text = "A."
when = 'true'
expires = 2027-01-01T00:00:00
[[rule]]
id = "d"
action = "challenge"
challenge = "3ds"
reason = "A"
text = "A."
when = 'true'
expires = true
"#,
    r#"
[[rule]]
id = "same"
action = "tag"
reason = "A"
text = "A."
when = 'true'
[[rule]]
id = "same"
action = "tag"
reason = "A"
text = "A."
when = 'true'
"#,
    r#"
[[rule]]
id = "tests"
action = "tag"
reason = "A"
text = "A."
when = 'true'
tests = [
  { name = "a", given = { ip_country = "DE" }, expect = "match" },
  { name = "b", given = { ip.country = "UK" }, expect = "matches" },
  { name = "c", given = { amount = 3 }, expected = "match" },
  { given = { "payment.method" = "crad" }, expect = "unknown" },
  3,
]
"#,
    r#"
[[rule]]
id = "a"
action = "tag"
mode = "canary"
guard = 1
reason = "A"
text = "A."
when = 'true'
[[rule]]
id = "b"
action = "tag"
canary = { percent = 0, by = "cart" }
reason = "A"
text = "A."
when = 'card.bin in list("Blocked Bins") || amount_eur in list("x") || list("x")'
[[rule]]
id = "c"
action = "tag"
mode = "canary"
canary = { percent = 5 }
reason = "A"
text = "A."
when = 'true'
"#,
    "\n[[rule]]\nid = \"span\"\naction = \"tag\"\nreason = \"A\"\ntext = \"A.\"\nwhen = '''\nip.tor &&\n  // of the card\n  ip.contry == \"DE\" &&\r\n  amount > 5\n'''\n",
    "\n[[rule]]\nid = \"escaped\"\naction = \"tag\"\nreason = \"A\"\ntext = \"A.\"\nwhen = \"ip.contry == \\\"DE\\\"\"\n",
    "\n[[rule]]\nid = \"coded\"\naction = \"tag\"\nreason = \"A\"\ntext = \"A.\"\nwhen = \"ip.tor \\u0026\\u0026 ip.vpm\"\n",
    "\n[[rule]]\nid = \"folded\"\naction = \"tag\"\nreason = \"A\"\ntext = \"A.\"\nwhen = \"\"\"\nip.tor \\\n    && \\\"x\\\" == ip.contry &&\r\n  amount > 5\"\"\"\n",
    "\n[[rule]]\nid = \"basic\"\naction = \"tag\"\nreason = \"A\"\ntext = \"A.\"\nwhen = \"ip.contry == 'DE'\"\n",
];

#[test]
fn every_diagnostic_reads_as_recorded() {
    let mut page = String::new();
    for condition in CONDITIONS {
        let error = parse("<condition>", condition).expect_err(condition);
        writeln!(page, "==== {condition:?}\n{error}\n").unwrap();
    }
    for file in FILES {
        let error = RuleSet::from_sources(&[Source::new("rules/x.toml", *file)]).expect_err(file);
        writeln!(page, "==== file {file:?}\n{error}\n").unwrap();
    }
    let asks = "[[rule]]\nid = \"a\"\naction = \"tag\"\nreason = \"A\"\ntext = \"A.\"\nwhen = 'card.bin in list(\"bins\") && device.ip in list(\"blocked\")'\n";
    let rules = RuleSet::from_sources(&[Source::new("rules/x.toml", asks)]).unwrap();
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("bin.txt"), "").unwrap();
    std::fs::write(dir.path().join("blocked.txt"), "# type: email").unwrap();
    let lists = Lists::default().read(Some(dir.path()), &BTreeMap::new(), &|_| false).lists;
    let error = rules.check_lists(&lists).unwrap_err();
    writeln!(page, "==== lists {asks:?}\n{error}\n").unwrap();
    let wrong = asks.replace("'card.bin in list(\"bins\") && device.ip in list(\"blocked\")'", "'ip.tor'\ntests = [{ name = \"home\", given = { \"ip.tor\" = false }, expect = \"match\" }]");
    let error = RuleSet::from_sources(&[Source::new("rules/x.toml", wrong)]).unwrap();
    writeln!(page, "==== a test that fails\n{}\n", error.passing().unwrap_err()).unwrap();
    for (name, error) in large() {
        // The condition is not shown: it is longer than a page.
        for found in error.all() {
            let help = found.help().map(|help| format!("\n  = help: {help}")).unwrap_or_default();
            writeln!(page, "==== {name}\nerror[{}]: {}{help}\n", found.code(), found.message())
                .unwrap();
        }
    }
    page.push_str(&files_on_disk());
    writeln!(page, "==== as JSON\n{}", as_json()).unwrap();
    expect_file!["./diagnostics.txt"].assert_eq(&page);

    for code in Problem::codes() {
        assert!(page.contains(&format!("[{code}]")), "{code} is shown nowhere");
    }
}

/// Conditions and sets past a limit.
fn large() -> Vec<(&'static str, Diagnostics)> {
    let condition = |text: String| parse("<condition>", &text).unwrap_err();
    let rule = |id| {
        format!(
            "[[rule]]\nid = \"r{id}\"\naction = \"tag\"\nreason = \"A\"\ntext = \"A.\"\nwhen = 'true'\n"
        )
    };
    let set: String = (0..=MAX_RULES).map(rule).collect();
    let searching =
        (0..=MAX_SET_PATTERNS).map(|id| rule(id).replace("'true'", "'custom.a.matches(\"x\")'"));
    let searching = searching.collect::<String>();
    vec![
        ("more text than a condition may have", condition(" ".repeat(MAX_CONDITION + 1))),
        ("deeper than a condition may be", condition(format!("{}true", "(".repeat(MAX_DEPTH)))),
        ("more comparisons", condition(vec!["ip.tor"; MAX_TERMS + 1].join(" || "))),
        ("more values", condition(format!("custom.a in [{}]", vec!["1"; MAX_LIST + 1].join(",")))),
        (
            "more patterns in a set",
            RuleSet::from_sources(&[Source::new("searching.toml", searching)]).unwrap_err(),
        ),
        ("more rules", RuleSet::from_sources(&[Source::new("many.toml", set)]).unwrap_err()),
    ]
}

/// Files that can't be read, and directories that hold too little or too much.
fn files_on_disk() -> String {
    let place = tempfile::tempdir().unwrap();
    let path = |name: &str| place.path().join(name);
    for directory in ["empty", "full"] {
        fs::create_dir(path(directory)).unwrap();
    }
    for number in 0..=MAX_FILES {
        fs::write(path("full").join(format!("{number}.toml")), "").unwrap();
    }
    fs::write(path("latin1.toml"), [0xe9]).unwrap();
    fs::write(path("large.toml"), vec![b' '; usize::try_from(MAX_FILE_BYTES).unwrap() + 1])
        .unwrap();
    let mut page = String::new();
    for name in ["none.toml", "latin1.toml", "large.toml", "empty", "full"] {
        let error = RuleSet::load(&[path(name)]).unwrap_err().to_string();
        let shown = error.replace(&place.path().display().to_string(), "rules");
        writeln!(page, "==== path {name}\n{shown}\n").unwrap();
    }
    page
}

/// A diagnostic as tools read it.
fn as_json() -> String {
    let error = parse("<condition>", "ip.tor &&\n  ip.contry == \"DE\"").unwrap_err();
    serde_json::to_string_pretty(&error).unwrap()
}
