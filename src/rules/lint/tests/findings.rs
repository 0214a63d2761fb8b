//! Each check finds what it is for, and leaves alone what is right.

use super::{found, rule, set};
use crate::rules::RuleSet;
use crate::rules::lint::region::Budget;
use crate::rules::lint::{Check, Finding, Severity, lint, table, within};
use std::fmt::Write as _;

fn codes(findings: &[Finding]) -> Vec<&'static str> {
    findings.iter().map(|finding| finding.check.code()).collect()
}

/// Tests and an owner, so that only what a case is about is found.
fn tidy(rules: &[(&str, &str, &str, &str)]) -> RuleSet {
    let mut file = "[group]\nowner = \"risk\"\n\n".to_owned();
    for (id, action, when, extra) in rules {
        write!(
            file,
            "{}tests = [{{ name = \"a\", given = {{}}, expect = \"match\" }}, {{ name = \"b\", given = {{}}, expect = \"no_match\" }}]\n{extra}\n",
            rule(id, action, when)
        )
        .unwrap();
    }
    set(&file)
}

/// The codes found for one tag with this condition.
fn about(when: &str) -> Vec<&'static str> {
    codes(&found(&tidy(&[("a", "tag", when, "")])))
}

#[test]
fn conditions_by_themselves() {
    let none: [&str; 0] = [];
    for (when, want) in [
        ("amount_eur > 100 && amount_eur < 50", &["R301"] as &[_]),
        ("ip.tor && !ip.tor", &["R301", "R312"]),
        ("type == 'login' && type == 'purchase'", &["R301"]),
        ("card_tx_count_1h < 0", &["R301"]),
        ("card_tx_count_1h > 1 && card_tx_count_1h < 2", &["R301"]),
        ("amount > money('1','EUR') && amount > money('1','USD')", &["R301"]),
        ("ip.country != billing.country && ip.country == billing.country", &["R301"]),
        ("has(ip.tor) && !has(ip.tor)", &["R301"]),
        ("event_time.getHours('UTC') >= 22 && event_time.getHours('UTC') <= 6", &["R301"]),
        ("event_time.getHours('UTC') >= 22 || event_time.getHours('UTC') <= 6", &none),
        ("event_time.getHours('UTC') > 23", &["R301"]),
        ("event_time.getHours('UTC') >= 0", &["R302"]),
        ("event_time.getHours('UTC') in [22, 23] && event_time.getHours('UTC') < 22", &["R301"]),
        ("event_time.getHours('UTC') > 21 && event_time.getHours('Asia/Tokyo') < 5", &none),
        ("size(email.domain) < 0", &["R301"]),
        ("size(email.domain) >= 0", &["R303"]),
        ("size(custom.x) >= 0", &none),
        ("size(email.domain) > 5 && size(email.domain) > 3", &["R305"]),
        ("true", &["R302"]),
        ("has(type)", &["R302"]),
        ("default(ip.tor, true) || !default(ip.tor, true)", &["R302"]),
        ("amount_eur > 5 || amount_eur <= 5", &["R303"]),
        ("card_tx_count_1h >= 0", &["R303"]),
        ("ip.country == billing.country || !(ip.country == billing.country)", &["R303"]),
        ("email.domain.endsWith('a') || !(email.domain.endsWith('a'))", &["R303", "R312"]),
        ("amount > money('1.00','EUR') || amount <= money('1.00','EUR')", &none),
        ("custom.x > 1 || custom.x <= 1", &none),
        ("has(ip.tor)", &none),
        ("ip.tor || amount_eur > 5 && amount_eur < 4", &["R304"]),
        ("amount_eur > 100 && amount_eur > 50", &["R305"]),
        ("ip.tor && (ip.tor || ip.hosting)", &["R305"]),
        ("ip.tor || ip.tor && ip.hosting", &["R305"]),
        ("type == 'login' && type != 'purchase' && ip.tor", &["R305"]),
        ("has(ip.tor) && ip.tor", &none),
        ("amount_eur > 50 && amount_eur < 100", &none),
        ("custom.x > 5 && custom.x == 'a'", &["R301"]),
        ("!ip.tor", &["R312"]),
        ("email.class != 'free'", &["R312"]),
        ("!(ip.country in ['DE'])", &["R312"]),
        ("!default(ip.tor, false)", &none),
        ("has(ip.tor) && !ip.tor", &none),
        ("type != 'login'", &none),
        ("ip.country != billing.country", &none),
        ("!email.domain.matches('^a')", &["R312"]),
        ("email.domain.lowerAscii() != 'a.com'", &["R312"]),
        ("!(size(email.domain) == 5)", &["R312"]),
        ("default(email.domain, 'a').lowerAscii() != 'a.com'", &none),
        ("has(email.domain) && !email.domain.matches('^a')", &none),
        ("card.cvv_result == 'N'", &["R325"]),
        ("default(card.cvv_result, 'M') == 'N'", &none),
        ("card_blocked_count_1d > 2", &["R326"]),
    ] {
        assert_eq!(about(when), want, "{when}");
    }
}

/// That a rule does not match without a field is only said where no other part can make it true.
#[test]
fn a_negation_beside_an_alternative() {
    let told = |when: &str| found(&tidy(&[("a", "tag", when, "")])).remove(0).message;
    for (when, ends) in [
        ("ip.country != 'DE'", "is missing, so `a` does not match there"),
        ("ip.country != 'DE' && ip.tor", "is missing, so `a` does not match there"),
        ("!email.domain.matches('^a')", "is missing, so `a` does not match there"),
        ("email.domain.lowerAscii() != 'a'", "is missing, so `a` does not match there"),
        ("ip.country != 'DE' || ip.tor", "is missing"),
        ("!(ip.country == 'DE' && ip.tor)", "is missing"),
    ] {
        assert!(told(when).ends_with(ends), "{when}: {}", told(when));
    }
}

#[test]
fn rules_beside_each_other() {
    let both = |one: (&str, &str), other: (&str, &str)| {
        let rules = tidy(&[("a", one.0, one.1, ""), ("b", other.0, other.1, "")]);
        found(&rules).iter().map(|f| (f.check.code(), f.rule.clone())).collect::<Vec<_>>()
    };
    let told = |list: &[(&'static str, &str)]| {
        list.iter().map(|(code, id)| (*code, (*id).to_owned())).collect::<Vec<_>>()
    };
    for (one, other, want) in [
        (("block", "amount_eur > 5"), ("block", "5.00 < amount_eur"), &[("R306", "b")] as &[_]),
        (("block", "amount_eur > 9 && ip.tor"), ("block", "amount_eur > 5"), &[("R307", "a")]),
        (("review", "amount_eur > 9 && ip.tor"), ("block", "amount_eur > 5"), &[("R308", "a")]),
        (("block", "amount_eur > 9 && ip.tor"), ("review", "amount_eur > 5"), &[]),
        (("tag", "amount_eur > 9"), ("tag", "amount_eur > 5"), &[]),
        (("tag", "amount_eur > 9"), ("tag", "amount_eur > 9"), &[("R306", "b")]),
        (("block", "ip.tor"), ("block", "has(ip.tor) && amount_eur > 5"), &[]),
        (
            ("block", "email.class == 'free'"),
            ("block", "email.class in ['free', 'relay']"),
            &[("R307", "a")],
        ),
        (("block", "custom.a > 5"), ("block", "custom.b > 5"), &[]),
    ] {
        assert_eq!(both(one, other), told(want), "{one:?} {other:?}");
    }
}

#[test]
fn what_decides_otherwise_is_not_the_same() {
    let both = |one: &str, other: &str| {
        let narrow = ("a", "block", "ip.tor && ip.hosting", one);
        codes(&found(&tidy(&[narrow, ("b", "block", "ip.tor", other)])))
    };
    let none: [&str; 0] = [];
    assert_eq!(both("", ""), ["R307"]);
    assert_eq!(both("guard = false", ""), none);
    assert_eq!(both("", "guard = false"), none);
    assert_eq!(both("guard = false", "guard = false"), ["R307"]);
    assert_eq!(both("mode = 'canary'\ncanary = { percent = 5, by = 'card' }", ""), none);
    let said = |extra: &str| {
        let rules = [("a", "block", "ip.tor", ""), ("b", "block", "ip.tor", extra)];
        found(&tidy(&rules)).remove(0).message
    };
    assert!(said("").ends_with("matches"));
    assert!(said("customer_text = 'Sorry.'").ends_with("; only the reason it gives differs"));
    assert!(said("priority = 5").ends_with("; only its priority differs"));
}

/// A narrow challenge before the wide one may win over a third between them.
#[test]
fn a_challenge_of_higher_priority_decides() {
    let with = |priority: &str| {
        let sms = "challenge = \"sms_otp\"";
        let first = format!("{sms}\npriority = {priority}");
        codes(&found(&tidy(&[
            ("a", "challenge", "ip.tor && ip.hosting", &first),
            ("b", "challenge", "ip.tor", sms),
        ])))
    };
    let none: [&str; 0] = [];
    assert_eq!(with("5"), none);
    assert_eq!(with("-5"), ["R307"]);
}

#[test]
fn a_rule_that_ends_earlier_hides_nothing() {
    let rules = |block: &str, review: &str| {
        let rules =
            [("a", "review", "ip.tor && ip.hosting", review), ("b", "block", "ip.tor", block)];
        codes(&found(&tidy(&rules)))
    };
    let none: [&str; 0] = [];
    assert_eq!(rules("", ""), ["R308"]);
    assert_eq!(rules("expires = 2027-06-01", ""), none);
    assert_eq!(rules("expires = 2027-06-01", "expires = 2027-06-01"), ["R308"]);
    assert_eq!(rules("mode = \"shadow\"", ""), none);
    assert_eq!(rules("mode = \"off\"", ""), none);
    assert_eq!(rules("expires = 2026-11-01", ""), ["R314"]);
    assert_eq!(rules("expires = 2026-11-25", ""), ["R315"]);
}

#[test]
fn an_overlap_is_shown_with_a_record() {
    let rules = tidy(&[
        ("vip", "allow", "account.id in [\"acc-1\", \"acc-2\"]", "expires = 2027-06-01"),
        (
            "burst",
            "block",
            "card_tx_count_1h > 5 && ip.country != billing.country && email.domain.endsWith('.tk')",
            "",
        ),
        ("tor", "review", "ip.tor", ""),
    ]);
    let findings = found(&rules);
    assert_eq!(codes(&findings), ["R309", "R310"]);
    expect_test::expect![[r#"
        warning[R309]: `vip` lets through what `burst` would refuse
          --> a.toml:5:6
           |
         5 | id = "vip"
           |      ^^^^^
        ...
        15 | id = "burst"
           |      ------- `burst`
           |
           = note: both match this record:
                   account.id = "acc-1"
                   billing.country = "GB"
                   ip.country = "DE"
                   email.domain = ".tk"
                   card_tx_count_1h = 6
           = help: add the exception to one of them, or confirm it with `allow = ["R309"]`"#]]
    .assert_eq(&findings[0].render());
}

#[test]
fn challenges_of_two_kinds_at_one_priority() {
    let rules = |priority: &str| {
        let other = format!("challenge = \"sms_otp\"\npriority = {priority}");
        let rules = tidy(&[
            ("a", "challenge", "ip.tor", "challenge = \"three_ds\""),
            ("b", "challenge", "ip.hosting", &other),
        ]);
        codes(&found(&rules))
    };
    let none: [&str; 0] = [];
    assert_eq!(rules("0"), ["R311"]);
    assert_eq!(rules("1"), none);
}

/// A record is found for computed values too.
#[test]
fn an_overlap_of_computed_values_is_shown() {
    let night = "event_time.getHours('Europe/Berlin') < 6 && event_time.getDayOfWeek('UTC') == 2";
    let long = "size(email.domain) > 9 && email.domain.endsWith('.tk')";
    let rules = tidy(&[
        ("vip", "allow", "account.id == 'a'", "expires = 2027-06-01"),
        ("long", "block", long, ""),
        ("night", "block", night, ""),
    ]);
    assert_eq!(codes(&found(&rules)), ["R309", "R309"]);
}

#[test]
fn gaps_between_bands() {
    let bands = |one: &str, other: &str| {
        codes(&found(&tidy(&[("a", "review", one, ""), ("b", "block", other, "")])))
    };
    let none: [&str; 0] = [];
    let score = |above: &str| bands("model.risk_score > 55 && model.risk_score <= 85", above);
    assert_eq!(score("model.risk_score > 86"), ["R313"]);
    assert_eq!(score("model.risk_score > 85"), none);
    assert_eq!(score("model.risk_score > 99"), none);
    assert_eq!(
        bands("model.risk_score > 55 && model.risk_score < 85", "model.risk_score > 85"),
        ["R313"]
    );
    assert_eq!(score("model.risk_score > 86 && ip.tor"), none);
    assert_eq!(
        bands("card_tx_count_1h >= 2 && card_tx_count_1h < 5", "card_tx_count_1h >= 6"),
        ["R313"]
    );
    assert_eq!(
        bands("card_tx_count_1h >= 2 && card_tx_count_1h < 5", "card_tx_count_1h > 4"),
        none
    );
    assert_eq!(bands("amount_eur < 10", "amount_eur > 1000"), none);
}

#[test]
fn what_a_rule_lacks() {
    let bare = "[[rule]]\nid = \"a\"\naction = \"allow\"\nreason = \"A\"\ntext = \"A.\"\nwhen = 'ip.country == \"DE\" && type == \"purchase\"'\n";
    let with = |extra: &str| codes(&found(&set(&format!("{bare}{extra}\n"))));
    assert_eq!(with(""), ["R316", "R319", "R320", "R321", "R322", "R323", "R324"]);
    assert_eq!(with("mode = 'off'"), [""; 0]);
    let case =
        |expect: &str| format!("tests = [{{ name = 'a', given = {{}}, expect = '{expect}' }}]");
    assert!(with(&case("match")).contains(&"R318"));
    assert!(with(&case("no_match")).contains(&"R317"));
    let country = |when: &str| about_block(when).contains(&"R324");
    assert!(country("ip.country in ['DE', 'GB']"));
    assert!(country("ip.tor || billing.country == 'DE' && amount_eur > 5"));
    assert!(country("ip.country == 'DE' && amount_usd > 5"));
    assert!(country("ip.country == 'DE' && event_time.getHours('UTC') < 6"));
    assert!(country("ip.country == 'DE' && descriptor.startsWith('a')"));
    assert!(country("ip.country == 'DE' && amount_eur > amount_usd"));
    assert!(country("ip.country in list('lands')"));
    assert!(!country("ip.country == 'DE' && email.domain.startsWith('a')"));
    assert!(!country("ip.country == 'DE' && size(email.domain) > 9"));
    assert!(!country("ip.country == 'DE' && custom.x > 9"));
    assert!(!country("ip.country == price_region"));
    assert!(!country("ip.country == 'DE' && ip.tor"));
    assert!(!country("ip.country != billing.country"));
    assert!(!country("price_region == 'DE'"));
    assert!(!country("has(ip.country) && type == 'login'"));
}

fn about_block(when: &str) -> Vec<&'static str> {
    codes(&found(&tidy(&[("a", "block", when, "")])))
}

#[test]
fn what_is_allowed_is_not_told() {
    let with =
        |allow: &str| codes(&found(&tidy(&[("a", "tag", "!ip.tor", &format!("allow = {allow}"))])));
    assert_eq!(with("[]"), ["R312"]);
    assert_eq!(with("['R312']"), [""; 0]);
    assert_eq!(with("['R312', 'R313']"), ["R331"]);
    assert_eq!(with("['R312', 'R999']"), ["R330"]);
    let refused = RuleSet::from_sources(&[crate::rules::Source::new(
        "a.toml",
        format!("{}allow = [1]\n", rule("a", "tag", "ip.tor")),
    )]);
    assert_eq!(refused.unwrap_err().all()[0].code(), "R007");
}

#[test]
fn a_part_is_pointed_at() {
    let rules =
        tidy(&[("a", "tag", "ip.tor\n  && amount_eur > 100 // much\n  && amount_eur < 50", "")]);
    expect_test::expect![[r"
        error[R301]: `amount_eur > 100` and `amount_eur < 50` are never both true, so `a` never matches
          --> a.toml:13:6
           |
        13 |   && amount_eur < 50'''
           |      ^^^^^^^^^^^^^^^
           |
           = help: change the limits that exclude each other, or remove the rule"]].assert_eq(&found(&rules)[0].render());
    let json = serde_json::to_value(&found(&rules)[0]).unwrap();
    assert_eq!((&json["code"], &json["level"]), (&"R301".into(), &"error".into()));
    assert_eq!((&json["line"], &json["column"]), (&13.into(), &6.into()));
}

#[test]
fn codes_are_unique_and_the_manual_has_them() {
    let codes: std::collections::BTreeSet<_> =
        Check::ALL.iter().map(|check| check.code()).collect();
    assert_eq!(codes.len(), Check::ALL.len());
    assert!(codes.iter().all(|code| code.starts_with("R3")));
    let page = include_str!("../../../../docs/rules.md");
    assert!(page.contains(&table()), "docs/rules.md: the table of findings is not\n{}", table());
}

/// Notes are for whoever changes the packs; warnings and errors are none of them.
#[test]
fn the_bundled_rules_are_clean() {
    let findings = found(&RuleSet::builtin().unwrap());
    let told = findings.iter().filter(|finding| finding.check.severity() < Severity::Note);
    let rendered: Vec<_> = told.map(Finding::render).collect();
    assert_eq!(rendered.join("\n\n"), "");
}

/// The largest set there may be, all about the same few fields.
#[test]
fn the_largest_set_is_compared_or_said_to_be_too_large() {
    let limits = |n: usize| {
        format!(
            "amount_eur > {n} && card_tx_count_1h > {} && ip.tor && !default(ip.hosting, false)",
            n % 7
        )
    };
    let file = |count: usize, when: &dyn Fn(usize) -> String| {
        let rules = (0..count).map(|n| rule(&format!("r{n}"), "block", &when(n)));
        set(&rules.collect::<String>())
    };
    let said = |rules: &RuleSet| {
        let found = lint(rules, super::now(), &|_| {});
        found.iter().any(|f| f.check == Check::NotAnalysed)
    };
    assert!(!said(&file(300, &limits)));
    let wide = |n: usize| {
        (0..200).map(|k| format!("amount_eur != {}", n + k)).collect::<Vec<_>>().join(" && ")
    };
    assert!(said(&file(30, &wide)));
}

/// Whatever the set, the work is bounded: by the steps charged, which are no fewer than those taken.
#[test]
fn the_work_is_bounded() {
    let many = |n: usize| (0..12).map(move |k| (n * 7 + k * k) % 97);
    let wide = |n: usize| many(n).map(|k| format!("amount_eur != {k}")).collect::<Vec<_>>();
    let either = |n: usize| {
        let parts =
            many(n).map(|k| format!("(card_tx_count_1h > {k} || device_tx_count_1h > {n})"));
        parts.take(5).collect::<Vec<_>>()
    };
    let (steps, small) = (super::super::CONDITIONS_STEPS, 600_000);
    for (count, budget) in [(200, steps), (600, steps), (600, small)] {
        let rules = (0..count).map(|n| {
            let parts = if n % 2 == 0 { wide(n) } else { either(n) };
            let action = if n % 3 == 0 { "allow" } else { "block" };
            rule(&format!("r{n}"), action, &parts.join(" && "))
        });
        let rules = set(&rules.collect::<String>());
        let before = super::STEPS.get();
        let (mut conditions, mut pairs) = (Budget::new(budget), Budget::new(budget));
        let found = within(&rules, super::now(), &|_| {}, (&mut conditions, &mut pairs));
        let taken = super::STEPS.get() - before;
        let charged = 2 * budget - conditions.left() - pairs.left();
        assert!(taken > 0 && taken <= charged, "{taken} {charged}");
        let cut_short = found.iter().any(|f| f.check == Check::NotAnalysed);
        assert_eq!(cut_short, budget == small, "{charged}");
    }
}
