//! What a rule author reads, word for word: `diagnostics.txt` holds every case with its answer.
//! `UPDATE_EXPECT=1 cargo test --lib rules::` writes it anew; read the difference.

use crate::lists::Lists;
use crate::rules::problem::Problem;
use crate::rules::{RuleSet, Source, parse};
use expect_test::expect_file;
use std::collections::BTreeMap;
use std::fmt::Write as _;

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
    "count(\"card\", \"1h\") > 3",
    "startsWith(email.domain, \"x\")",
    "email.domain.matches(\"x.*\")",
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
    expect_file!["./diagnostics.txt"].assert_eq(&page);

    let elsewhere = ["R001", "R002", "R003", "R017", "R020", "R108", "R109", "R113"];
    for code in Problem::codes() {
        let shown = page.contains(&format!("[{code}]"));
        assert!(shown || elsewhere.contains(&code), "{code} is shown nowhere");
    }
}
