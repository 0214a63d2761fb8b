//! Rules as published and as found in public repositories, each by its name.

use super::{RadarRule, import_radar, to_radar};
use crate::rules::{RuleSet, Source};

/// The one rule of a text. What was imported loads.
fn import(text: &str) -> RadarRule {
    let import = import_radar(text);
    assert_eq!(import.rules.len(), 1, "{text}");
    let rule = import.rules[0].clone();
    if rule.refused.is_empty() {
        let source = Source::new("radar.toml", import.file.as_str());
        let set =
            RuleSet::from_sources(&[source]).unwrap_or_else(|e| panic!("{e}\n{}", import.file));
        let ours = &set.rules()[0];
        assert_eq!(Some(ours.when.to_string()), rule.when, "{}", import.file);
        assert_eq!(ours.mode, rule.mode);
        assert!(ours.text.contains(&rule.text));
    }
    rule
}

/// A name, a text, its mode, its condition, and a part of each of its warnings.
macro_rules! imports {
    ($($name:ident: $text:literal => $mode:literal $when:literal $([$($note:literal),*])?;)*) => {$(
        #[test]
        fn $name() {
            let rule = import($text);
            assert_eq!(rule.refused, Vec::<String>::new());
            assert_eq!((rule.mode.word(), rule.when.as_deref()), ($mode, Some($when)));
            let notes: &[&str] = &[$($($note),*)?];
            let of_action = |warning: &&String| warning.starts_with("Radar ");
            let warnings: Vec<_> = rule.warnings.iter().filter(|w| !of_action(w)).collect();
            let told = warnings.iter().zip(notes).all(|(warning, note)| warning.contains(note));
            assert!(told && warnings.len() == notes.len(), "{warnings:#?}");
        }
    )*};
}

imports! {
    highest_risk: "Block if :risk_level: = 'highest'"
        => "live" "model.risk_score >= 75" ["default limits"];
    elevated_risk_and_amount: "Review if :risk_level: = 'elevated' and :amount_in_usd: > 1000"
        => "live" "model.risk_score >= 65 && model.risk_score < 75 && amount_usd > 1000" ["default limits"];
    risk_score_above: "Block if :risk_score: > 85" => "live" "model.risk_score > 85" ["probability"];
    risk_score_between: "Review if :risk_score: > 55 and :risk_score: <= 85"
        => "live" "model.risk_score > 55 && model.risk_score <= 85" ["probability"];
    countries_differ: "Block if :card_country: != :ip_country: and :risk_score: > 65"
        => "live" "bin.country != ip.country && model.risk_score > 65" ["probability"];
    disposable_mailbox: "Block if :is_disposable_email:"
        => "live" "email.class in [\"disposable\", \"disposable_wide\"]";
    disposable_and_prepaid: "Review if :is_disposable_email: and :card_funding: = 'prepaid'"
        => "live" "email.class in [\"disposable\", \"disposable_wide\"] && bin.prepaid" ["prepaid apart"];
    prepaid_and_amount: "Block if :card_funding: = 'prepaid' and :amount_in_usd: > 1000"
        => "live" "bin.prepaid && amount_usd > 1000" ["prepaid apart"];
    three_ds_request: "Request 3D Secure if :risk_level: != 'normal' and :amount_in_usd: > 25"
        => "live" "!(model.risk_score < 65) && amount_usd > 25" ["default limits"];
    allow_home: "Allow if :ip_country: = 'US' and :risk_level: != 'highest'"
        => "live" "ip.country == \"US\" && !(model.risk_score >= 75)" ["default limits"];
    security_code_failed: "Block if :cvc_check: = 'fail'"
        => "live" "card.cvv_match == \"none\"" ["once the issuer", "`card.cvv_match`"];
    postal_code_failed: "Block if :address_zip_check: in ('fail', 'not_provided')"
        => "live" "card.avs_match in [\"partial\", \"none\"] || !has(billing.postal_code)" ["street", "`card.avs_match`"];
    three_ds_not_authenticated: "Block if :is_3d_secure: and not :is_3d_secure_authenticated:"
        => "live" "has(card.three_ds.eci) && !(card.three_ds_outcome == \"authenticated\")"
        ["a result of 3-D Secure", "no match", "`card.three_ds.eci`", "`card.three_ds_outcome`"];
    no_three_ds: "Block if not :is_3d_secure: and :risk_level: != 'normal'"
        => "live" "!has(card.three_ds.eci) && !(model.risk_score < 65)"
        ["a result of 3-D Secure", "default limits", "`card.three_ds.eci`"];
    charges_of_a_card: "Block if :total_charges_per_card_number_daily: > 3"
        => "live" "card_tx_count_1d > 3" ["whole slots"];
    amount_of_a_card: "Block if :total_amount_per_card_number_daily: > 750"
        => "off" "false" ["none of Radar's; the sum kept here is"];
    cards_of_a_mailbox: "Block if :card_count_for_email_daily: > 2"
        => "shadow" "email_distinct_cards_7d > 2" ["wider window"];
    declines_of_a_card: "Block if :declined_charges_per_card_number_daily: > 2"
        => "live" "card_declined_count_1d > 2" ["whole slots"];
    blocks_of_an_address: "Block if :blocked_charges_per_ip_address_daily: > 1"
        => "live" "ip_blocked_count_1d > 1" ["what rules here declined", "whole slots"];
    mailboxes_of_a_card: "Review if :email_count_for_card_number_weekly: > 1"
        => "live" "card_distinct_emails_7d > 1" ["whole slots"];
    charges_and_amount: "Review if :total_charges_per_card_number_daily: > 1 and :amount_in_usd: > 100"
        => "live" "card_tx_count_1d > 1 && amount_usd > 100" ["whole slots"];
    metadata_number: "Review if ::Customer Age:: < 30"
        => "live" "custom.`Customer Age` < 30" ["`custom` member", "a text never matches"];
    metadata_text: "Review if ::Item ID:: = '5A381D' and :amount_in_usd: > 1000"
        => "live" "custom.`Item ID` == \"5A381D\" && amount_usd > 1000" ["`custom` member"];
    metadata_list: "Review if ::Category ID:: IN ('groceries', 'electronics', 'clothing')"
        => "live" "custom.`Category ID` in [\"groceries\", \"electronics\", \"clothing\"]" ["`custom` member"];
    customer_metadata: "Allow if ::customer:Trusted:: = 'true'"
        => "live" "custom.`customer:Trusted` == \"true\"" ["`custom` member"];
    named_list: "Block if :card_country: in @card_countries_to_block"
        => "off" "bin.country in list(\"card_countries_to_block\")" ["has to be made first"];
    missing_or_listed: "Review if is_missing(:email_domain:) OR :email_domain: IN ('yopmail.net', 'yandex.ru')"
        => "live" "!has(email.domain) || email.domain.lowerAscii() in [\"yopmail.net\", \"yandex.ru\"]";
    metadata_missing: "Review if !(is_missing(::foo::))" => "live" "has(custom.foo)" ["`custom` member"];
    like_pattern: "Block if :email: LIKE 'fraud%@stripe.com'"
        => "live" "account.email.lowerAscii().startsWith(\"fraud\") && account.email.lowerAscii().endsWith(\"@stripe.com\") && size(account.email) >= 16";
    address_includes: "Block if :ip_address: INCLUDES '192.168'"
        => "live" "device.ip in cidr(\"192.168.0.0/16\")" ["read as the network"];
    state_is_unknown: "Block if :ip_state: = 'CA'" => "off" "false" ["`:ip_state:`: states of"];
    recurring: "Block if :is_recurring:" => "live" "type == \"renewal\"" ["the first one too"];
    other_currency: "Block if :amount_in_gbp: > 5" => "off" "false" ["euros and US dollars"];
    for_ever: "Block if :total_charges_per_card_number_all_time: > 5" => "off" "false" ["for ever"];
}

/// A name, a text, and a part of the reason it is refused for.
macro_rules! refusals {
    ($($name:ident: $text:literal => $reason:literal;)*) => {$(
        #[test]
        fn $name() {
            let rule = import($text);
            assert!(rule.id.is_none() && rule.refused.len() == 1, "{rule:#?}");
            assert!(rule.refused[0].contains($reason), "{:?}", rule.refused);
        }
    )*};
}

refusals! {
    order_of_words: "Block if :risk_level: < 'highest'" => "has no order";
    country_in_words: "Block if :ip_country: = 'Canada'" => "no ISO 3166-1 country code";
    number_in_words: "Block if :amount_in_usd: >= 'one thousand dollars'" => "is a number";
    boolean_as_text: "Block if :is_anonymous_ip: = 'true'" => "is a boolean";
    no_action: "If :risk_score: > 3" => "begins with";
    no_condition: "Block :risk_score: > 3" => "`if` is missing";
    open_text: "Block if :email: = 'a" => "closing quote";
    open_attribute: "Block if :email = 'a'" => "closing colon";
    trailing_words: "Block if :risk_score: > 3 please" => "found `please`";
    unknown_level: "Block if :risk_level: = 'high'" => "it is `elevated`, `highest`";
}

// What Radar's editor would not take and people write all the same.
imports! {
    double_equals: "Block if :card_country: == 'US'" => "live" "bin.country == \"US\"" ["`==` is read"];
    double_quotes: "Block if :card_country: = \"us\"" => "live" "bin.country == \"US\"" ["single quotes"];
    square_brackets: "Block if :card_country: IN [\"US\"]"
        => "live" "bin.country == \"US\"" ["`[` is read", "single quotes"];
    equals_true: "Block if :is_disposable_email: = true"
        => "live" "email.class in [\"disposable\", \"disposable_wide\"]" ["stands by itself"];
    currency_sign: "Block if :amount_in_eur: > 100€" => "live" "amount_eur > 100" ["`€` behind"];
    manual_review: "Manual review if :amount_in_eur: > 100" => "live" "amount_eur > 100" ["Review if"];
    several_lines: "BLOCK IF\n  :card_country: != 'US'\n  AND :amount_in_eur: > 10"
        => "live" "bin.country != \"US\" && amount_eur > 10";
    like_with_inner_text: "Block if :email: LIKE 'a%b%c'"
        => "live" "account.email.matches(\"(?i)^a.*b.*c$\")";
    not_in: "Block if :card_country: NOT IN ('US', 'CA')"
        => "live" "!(bin.country in [\"US\", \"CA\"])" ["not (x in"];
}

#[test]
fn every_unknown_attribute_is_told_at_once() {
    let rule = import("Block if :ip_state: = 'CA' and (:card_contry: = 'US' or :nothing: > 3)");
    assert!(rule.id.is_none() && rule.warnings.len() == 1, "{:#?}", rule.warnings);
    let [misspelt, unlisted] = rule.refused.as_slice() else { panic!("{:?}", rule.refused) };
    assert!(
        misspelt.contains("`:card_contry:`") && misspelt.contains("did you mean `:card_country:`?")
    );
    assert!(unlisted.starts_with("`:nothing:` is no attribute"), "{unlisted}");
}

#[test]
fn a_file_has_every_statement_and_says_what_was_refused() {
    let text = "# ours\nBlock if :risk_score: > 85\n\nAllow if :ip_country: = 'Canada'\nReview if\n:amount_in_usd: > 5\n// end\n\nnonsense\n";
    let import = import_radar(text);
    let lines: Vec<_> = import.rules.iter().map(|rule| rule.line).collect();
    assert_eq!(lines, [2, 4, 5, 9]);
    assert!(import.has_refusals());
    assert!(import.file.contains("# Refused: Allow if :ip_country: = 'Canada'"));
    let set = RuleSet::from_sources(&[Source::new("radar.toml", import.file.as_str())]).unwrap();
    assert_eq!(set.rules().len(), 2);
}

#[test]
fn an_action_that_differs_is_told() {
    let first = |text: &str| import(text).warnings.first().cloned().unwrap_or_default();
    assert!(first("Request 3D Secure if :card_country: = 'US'").contains("beside whatever else"));
    assert!(first("Review if :card_country: = 'US'").contains("lets a payment under review"));
    assert_eq!(first("Block if :card_country: = 'US'"), "");
}

/// A text that can't be a rule of ours is refused with the reason; those beside it are imported.
#[test]
fn one_bad_text_leaves_the_others() {
    let long = format!(
        "Block if :email: IN ({})",
        (0..2_000).map(|n| format!("'a{n}@example.com'")).collect::<Vec<_>>().join(", ")
    );
    let deep = format!("Block if {}:card_country: = 'US'", "not ".repeat(40));
    let pattern = format!("Block if :email: LIKE 'a%{}%b'", "x".repeat(900));
    let bad = [long.as_str(), &deep, &pattern, "Block if :email: = '\u{fffd}'"];
    let mut text = "Block if :card_country: = 'US'\n".to_owned();
    for bad in bad {
        text += &format!("\n{bad}\n\nAllow if :ip_country: = 'DE'\n");
    }
    let import = import_radar(&text);
    assert_eq!(import.rules.len(), 1 + 2 * bad.len());
    for (place, rule) in import.rules.iter().enumerate() {
        assert_eq!(rule.refused.is_empty(), place % 2 == 0, "{} {:?}", rule.text, rule.refused);
        assert_eq!(rule.id.is_some(), place % 2 == 0);
    }
    let set = RuleSet::from_sources(&[Source::new("radar.toml", import.file.as_str())]).unwrap();
    assert_eq!(set.rules().len(), 1 + bad.len());
    assert!(import.rules[7].refused[0].contains("not UTF-8"));
}

#[test]
fn more_than_a_file_holds_is_refused_by_text() {
    let text = format!("Block if :email: = '{}'\n", "a".repeat(1_000)).repeat(600);
    let import = import_radar(&text);
    let (taken, refused): (Vec<_>, Vec<_>) =
        import.rules.iter().partition(|rule| rule.refused.is_empty());
    assert!(taken.len() > 300 && !refused.is_empty(), "{} {}", taken.len(), refused.len());
    assert!(refused.iter().all(|rule| rule.refused[0].contains("at most 1048576 bytes")));
}

#[test]
fn what_comes_only_near_in_radar_is_told() {
    let printed = |action: &str, when: &str| {
        let file = format!(
            "[[rule]]\nid = \"a\"\naction = \"{action}\"\nreason = \"A\"\ntext = \"A.\"\nwhen = '''{when}'''\n"
        );
        let set = RuleSet::from_sources(&[Source::new("a.toml", file)]).unwrap();
        to_radar(&set.rules()[0]).unwrap().notes
    };
    for (action, when, notes) in [
        ("hard_block", "amount_eur > 5", &["yields to an Allow"][..]),
        ("block", "amount_eur > 5", &["spares buyers"]),
        (
            "review",
            "model.risk_score > 85",
            &["lets a payment", "`:risk_score:`: ours is 100 times"],
        ),
        (
            "review",
            "card_declined_count_1d >= 3",
            &["lets a payment", "`:declined_charges_per_card_number_daily:`: ours counts"],
        ),
        ("review", "amount_eur > 5 || amount_eur < 2", &["lets a payment"]),
    ] {
        let told = printed(action, when);
        let fits = told.len() == notes.len() && told.iter().zip(notes).all(|(t, n)| t.contains(n));
        assert!(fits, "{action} {when}: {told:#?}");
    }
}

/// What can be printed reads back as the same condition; what can't says why.
#[test]
fn our_rules_are_printed_where_radar_can_say_them() {
    let rule = |action: &str, when: &str| {
        let file = format!(
            "[[rule]]\nid = \"a\"\naction = \"{action}\"\nreason = \"A\"\ntext = \"A.\"\nwhen = '''{when}'''\n"
        );
        let set = RuleSet::from_sources(&[Source::new("a.toml", file)]);
        set.unwrap_or_else(|error| panic!("{error}")).rules()[0].clone()
    };
    for (when, want) in [
        ("model.risk_score > 85", "Block if :risk_score: > 85"),
        ("100 < amount_usd", "Block if :amount_in_usd: > 100"),
        ("bin.country != ip.country", "Block if :card_country: != :ip_country:"),
        ("ip.country in [\"US\", \"CA\"]", "Block if :ip_country: IN ('US', 'CA')"),
        ("card_declined_count_1d >= 3", "Block if :declined_charges_per_card_number_daily: >= 3"),
        ("card_distinct_emails_7d > 1", "Block if :email_count_for_card_number_weekly: > 1"),
        (
            "bin.prepaid && !(amount_eur > 5)",
            "Block if :card_funding: = 'prepaid' and not (:amount_in_eur: > 5)",
        ),
        ("account.email.lowerAscii().endsWith(\".ru\")", "Block if :email: LIKE '%.ru'"),
        (
            "!has(email.domain) || custom.plan == \"pro\"",
            "Block if is_missing(:email_domain:) or ::plan:: = 'pro'",
        ),
        (
            "(bin.prepaid || has(ip.country)) && custom.`a b` < 3",
            "Block if (:card_funding: = 'prepaid' or not is_missing(:ip_country:)) and ::a b:: < 3",
        ),
    ] {
        let printed = to_radar(&rule("block", when)).unwrap().text;
        assert_eq!(printed, want);
        let back = import(&printed);
        assert_eq!(
            back.when,
            Some(
                rule("block", when)
                    .when
                    .to_string()
                    .replace("100 < amount_usd", "amount_usd > 100")
            )
        );
    }
    for (action, when, why) in [
        ("tag", "bin.prepaid", "no action `tag`"),
        ("block", "ip.hosting", "no attribute for `ip.hosting`"),
        ("block", "event_time.getHours(\"UTC\") > 3", "no form for"),
        ("block", "default(bin.prepaid, false)", "no form for"),
        ("block", "custom.a.matches(\"x\")", "no form for"),
        ("block", "custom.a == \"it's\"", "no value"),
    ] {
        let reason = to_radar(&rule(action, when)).unwrap_err();
        assert!(reason.contains(why), "{when}: {reason}");
    }
}
