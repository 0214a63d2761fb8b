//! What a condition means: the truth tables of CEL, with a missing field where CEL has an error.

use crate::rules::{Truth, parse, record_from_flat};

/// Evaluates a condition over facts written as JSON.
fn eval(condition: &str, given: &str) -> Truth {
    let given = serde_json::from_str(given).expect(given);
    let record = record_from_flat(&given).unwrap_or_else(|e| panic!("{given:?}: {e}"));
    parse("<condition>", condition).unwrap_or_else(|e| panic!("{e}")).eval(&record)
}

fn check(given: &str, cases: &[(&str, &str)]) {
    for (condition, want) in cases {
        assert_eq!(eval(condition, given).word(), *want, "{condition} over {given}");
    }
}

#[test]
fn joining_follows_kleene() {
    // t, f and u stand for a boolean field that is true, false and missing.
    let table = [
        ("t && t", "true"),
        ("t && f", "false"),
        ("t && u", "unknown"),
        ("f && t", "false"),
        ("f && f", "false"),
        ("f && u", "false"),
        ("u && t", "unknown"),
        ("u && f", "false"),
        ("u && u", "unknown"),
        ("t || t", "true"),
        ("t || f", "true"),
        ("t || u", "true"),
        ("f || t", "true"),
        ("f || f", "false"),
        ("f || u", "unknown"),
        ("u || t", "true"),
        ("u || f", "unknown"),
        ("u || u", "unknown"),
        ("!t", "false"),
        ("!f", "true"),
        ("!u", "unknown"),
        ("!!u", "unknown"),
        ("!(u && f)", "true"),
        ("!(u || t)", "false"),
        ("t && t && u && f", "false"),
        ("f || f || u || t", "true"),
        ("t || f && f", "true"),
        ("(t || f) && f", "false"),
        ("!f && f", "false"),
        ("!(f && f)", "true"),
    ];
    for (condition, want) in table {
        let condition =
            condition.replace('t', "ip.tor").replace('f', "ip.hosting").replace('u', "ip.vpn");
        check(r#"{"ip.tor": true, "ip.hosting": false}"#, &[(&condition, want)]);
    }
}

#[test]
fn missing_is_unknown_and_known_is_decided() {
    check(
        r#"{"amount_eur": "150.00", "email.domain": "example.com"}"#,
        &[
            ("card_tx_count_1h > 5", "unknown"),
            ("card_tx_count_1h < 5", "unknown"),
            ("card_tx_count_1h == 5", "unknown"),
            ("card_tx_count_1h != 5", "unknown"),
            ("!(card_tx_count_1h == 5)", "unknown"),
            ("card_tx_count_1h in [1, 2]", "unknown"),
            ("!(card_tx_count_1h in [1, 2])", "unknown"),
            ("email.class == 'free'", "unknown"),
            ("descriptor.startsWith('x')", "unknown"),
            ("!descriptor.contains('x')", "unknown"),
            ("device.ip in cidr('10.0.0.0/8')", "unknown"),
            ("ip.country == billing.country", "unknown"),
            ("card_tx_count_1h > 5 || amount_eur > 100", "true"),
            ("card_tx_count_1h > 5 && amount_eur < 100", "false"),
            ("has(card_tx_count_1h)", "false"),
            ("!has(card_tx_count_1h)", "true"),
            ("has(amount_eur)", "true"),
            ("has(card_tx_count_1h) && card_tx_count_1h > 5", "false"),
            ("!has(card_tx_count_1h) || card_tx_count_1h > 5", "true"),
            ("default(card_tx_count_1h, 0) < 5", "true"),
            ("default(card_tx_count_1h, 7) > 5", "true"),
            ("default(amount_eur, 0) > 100", "true"),
            ("default(ip.tor, false)", "false"),
            ("!default(ip.tor, false)", "true"),
            ("default(email.domain, 'x').endsWith('.com')", "true"),
            ("has(custom.a)", "false"),
            ("custom.a == 'x'", "unknown"),
        ],
    );
}

#[test]
fn numbers_compare_exactly() {
    check(
        r#"{"amount_eur": "0.3", "card_tx_count_1h": 3, "account.age_h": 0.1,
            "card_amount_eur_sum_1d": "0.30", "custom.third": 0.1, "custom.big": 9007199254740993}"#,
        &[
            ("amount_eur == 0.3", "true"),
            ("amount_eur == 0.30", "true"),
            ("amount_eur == card_amount_eur_sum_1d", "true"),
            ("amount_eur < 0.3000000000000000000000000001", "true"),
            ("card_tx_count_1h > 2.5", "true"),
            ("card_tx_count_1h < 2.5", "false"),
            ("card_tx_count_1h == 3.0", "true"),
            ("card_tx_count_1h >= 3 && card_tx_count_1h <= 3", "true"),
            ("card_tx_count_1h > -1", "true"),
            ("-1 > card_tx_count_1h", "false"),
            ("account.age_h == 0.1", "true"),
            ("account.age_h < amount_eur", "true"),
            ("custom.third == 0.1", "true"),
            ("custom.big == 9007199254740993", "true"),
            ("custom.big == 9007199254740992", "false"),
            ("card_tx_count_1h in [1, 2, 3]", "true"),
            ("card_tx_count_1h in [1, 2]", "false"),
            ("1 < 2", "true"),
            ("1 == 1.0", "true"),
            ("'a' == 'b'", "false"),
            ("true", "true"),
            ("false || true", "true"),
        ],
    );
}

#[test]
fn money_compares_within_its_currency() {
    check(
        r#"{"amount": {"value": "49.00", "currency": "EUR"}}"#,
        &[
            ("amount == money('49', 'EUR')", "true"),
            ("amount > money('48.99', 'EUR')", "true"),
            ("amount > money(48.99, 'EUR')", "true"),
            ("amount > money('1', 'USD')", "unknown"),
            ("amount != money('49', 'USD')", "unknown"),
            ("amount in [money('49.00', 'EUR'), money('1', 'USD')]", "true"),
            ("amount in [money('48.00', 'EUR'), money('1', 'USD')]", "unknown"),
            ("default(amount, money('0', 'EUR')) > money('40', 'EUR')", "true"),
        ],
    );
}

#[test]
fn texts_words_countries_addresses_and_times() {
    check(
        r#"{"email.domain": "mail.example.com", "payment.method": "card", "ip.country": "DE",
            "billing.country": "GB", "device.ip": "::ffff:10.1.2.3", "card.bin": "457173",
            "event_time": "2026-11-20T10:15:00Z", "account.created_at": "2026-11-20T11:02:11+01:00"}"#,
        &[
            ("email.domain.endsWith('.example.com')", "true"),
            ("email.domain.startsWith('Mail')", "false"),
            ("email.domain.contains('exam')", "true"),
            ("payment.method == 'card'", "true"),
            ("payment.method in ['paypal', 'pix']", "false"),
            ("ip.country == 'DE'", "true"),
            ("ip.country == 'de'", "true"),
            ("ip.country != billing.country", "true"),
            ("ip.country in ['FR', 'DE']", "true"),
            ("card.bin.startsWith('4571')", "true"),
            ("device.ip in cidr('10.0.0.0/8')", "true"),
            ("device.ip in cidr('11.0.0.0/8')", "false"),
            ("device.ip in cidr('0.0.0.0/0')", "true"),
            ("device.ip in cidr('2001:db8::/32')", "false"),
            ("device.ip == '10.1.2.3'", "true"),
            ("event_time > account.created_at", "true"),
            ("event_time > timestamp('2026-11-20T10:14:59.999Z')", "true"),
            ("event_time == timestamp('2026-11-20T11:15:00+01:00')", "true"),
        ],
    );
    check(
        r#"{"device.ip": "2001:db8:ffff::1"}"#,
        &[
            ("device.ip in cidr('2001:db8::/32')", "true"),
            ("device.ip in cidr('2001:db8::/33')", "false"),
            ("device.ip in cidr('2001:db8:ffff::1/128')", "true"),
            ("device.ip in cidr('::/0')", "true"),
            ("device.ip in cidr('0.0.0.0/0')", "false"),
        ],
    );
}

#[test]
fn custom_takes_the_type_it_is_compared_with() {
    check(
        r#"{"custom.vip": true, "custom.level": 3, "custom.plan": "pro", "custom.land": "de",
            "custom.from": "10.1.2.3", "custom.odd name": 1, "ip.country": "DE"}"#,
        &[
            ("custom.vip", "true"),
            ("!custom.vip", "false"),
            ("custom.level", "unknown"),
            ("custom.level > 2", "true"),
            ("custom.level == 'pro'", "unknown"),
            ("custom.plan == 'pro'", "true"),
            ("custom.plan > 2", "unknown"),
            ("custom.plan < custom.land", "unknown"),
            ("custom.plan in ['free', 'pro']", "true"),
            ("custom.plan.startsWith('p')", "true"),
            ("custom.level.startsWith('p')", "unknown"),
            ("custom.land == ip.country", "true"),
            ("custom.plan == ip.country", "unknown"),
            ("custom.from in cidr('10.0.0.0/8')", "true"),
            ("custom.`odd name` == 1", "true"),
            ("default(custom.none, 5) > 4", "true"),
        ],
    );
}

#[test]
fn comments_and_lines_are_blank() {
    check(r#"{"ip.tor": true}"#, &[("// why\n  ip.tor // not && false\n\t|| false", "true")]);
}
