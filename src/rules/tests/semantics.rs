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
fn parts_of_times_are_read_in_their_zone() {
    // The night of 25 October 2026: clocks in Berlin went from 03:00 back to 02:00 at 01:00 UTC.
    for (time, zone, hour) in [
        ("2026-10-25T00:30:00Z", "Europe/Berlin", 2),
        ("2026-10-25T01:30:00Z", "Europe/Berlin", 2),
        ("2026-10-25T02:30:00Z", "Europe/Berlin", 3),
        ("2026-03-29T00:59:59Z", "Europe/Berlin", 1),
        ("2026-03-29T01:00:00Z", "europe/berlin", 3),
        ("2026-07-01T23:30:00Z", "Europe/London", 0),
        ("2026-01-01T23:30:00Z", "Europe/London", 23),
        ("2026-01-01T23:30:00Z", "UTC", 23),
        ("2026-01-01T20:00:00Z", "Asia/Kolkata", 1),
        ("1970-01-01T00:00:00Z", "America/New_York", 19),
    ] {
        let condition = format!("event_time.getHours('{zone}') == {hour}");
        check(&format!(r#"{{"event_time": "{time}"}}"#), &[(&condition, "true")]);
    }
    check(
        r#"{"event_time": "2026-11-21T23:45:00Z", "custom.at": "2026-11-21T23:45:00Z", "custom.no": "noon"}"#,
        &[
            ("event_time.getDayOfWeek('UTC') == 6", "true"),
            ("event_time.getDayOfWeek('Asia/Tokyo') == 0", "true"),
            ("event_time.getDayOfWeek('UTC') in [0, 6]", "true"),
            ("event_time.getMonth('UTC') == 10", "true"),
            ("event_time.getDate('UTC') == 21", "true"),
            ("event_time.getDate('Asia/Tokyo') == 22", "true"),
            ("event_time.getFullYear('UTC') == 2026", "true"),
            ("event_time.getMinutes('Asia/Kolkata') == 15", "true"),
            ("custom.at.getHours('UTC') == 23", "true"),
            ("custom.no.getHours('UTC') == 23", "unknown"),
            ("custom.none.getHours('UTC') == 23", "unknown"),
            ("account.created_at.getHours('UTC') < 23", "unknown"),
            ("!(account.created_at.getHours('UTC') < 23)", "unknown"),
            (
                "default(account.created_at, timestamp('2026-01-01T05:00:00Z')).getHours('UTC') == 5",
                "true",
            ),
            ("event_time.getHours('UTC') > event_time.getHours('Asia/Tokyo')", "true"),
        ],
    );
}

#[test]
fn texts_are_measured_searched_and_lowered() {
    check(
        r#"{"email.domain": "Mail.Example.COM", "account.name": "Jörg ÄÖ", "custom.n": 3}"#,
        &[
            ("size(email.domain) == 16", "true"),
            ("account.name.size() == 7", "true"),
            ("size(descriptor) > 0", "unknown"),
            ("size(custom.n) > 0", "unknown"),
            ("email.domain.lowerAscii() == 'mail.example.com'", "true"),
            ("'mail.example.com' == email.domain.lowerAscii()", "true"),
            ("email.domain.lowerAscii() == 'mail.example.co'", "false"),
            ("email.domain.lowerAscii() in ['a', 'mail.example.com']", "true"),
            ("email.domain.lowerAscii().startsWith('mail.')", "true"),
            ("email.domain.lowerAscii().endsWith('.com')", "true"),
            ("email.domain.lowerAscii().contains('example')", "true"),
            ("email.domain.lowerAscii().contains('examples')", "false"),
            ("email.domain.lowerAscii() == email.domain", "false"),
            ("account.name.lowerAscii() == 'jörg ÄÖ'", "true"),
            ("descriptor.lowerAscii() == 'a'", "unknown"),
            ("size(email.domain.lowerAscii()) == 16", "true"),
            ("'ABC'.lowerAscii() == 'abc'", "true"),
            ("email.domain.matches('Example')", "true"),
            ("email.domain.matches('^Example')", "false"),
            ("email.domain.matches('(?i)^mail.*com$')", "true"),
            ("!email.domain.matches('z')", "true"),
            ("account.name.matches('^J.rg')", "true"),
            ("descriptor.matches('x')", "unknown"),
            ("custom.n.matches('3')", "unknown"),
            ("default(descriptor, 'abc').matches('b')", "true"),
        ],
    );
}

#[test]
fn calls_are_fields_of_history() {
    for (call, field) in [
        ("count(\"card\", \"1h\")", "card_tx_count_1h"),
        ("count('card', '60m')", "card_tx_count_1h"),
        ("count('card', '24h', 'declined')", "card_declined_count_1d"),
        ("count('ip', '720h', 'blocked')", "ip_blocked_count_30d"),
        ("sum('amount_eur', 'card', '24h')", "card_amount_eur_sum_1d"),
        ("distinct('card', 'ip', '24h')", "ip_distinct_cards_1d"),
        ("max('sessions', 'account', '90d')", "account_sessions_max_90d"),
        ("age('card')", "card.first_seen_h"),
        ("default(count('card', '1h'), 0)", "default(card_tx_count_1h, 0)"),
    ] {
        let expr = parse("<call>", &format!("{call} > 3")).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(expr.to_string(), format!("{field} > 3"));
    }
    let expr = parse("<call>", "has(count('card', '1h'))").unwrap();
    assert_eq!(expr.to_string(), "has(card_tx_count_1h)");
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

/// What CEL's definition says of constants: no field, so nothing can be missing.
#[test]
fn constants_compare_as_in_cel() {
    check(
        "{}",
        &[
            ("1 == 1", "true"),
            ("1 == 2", "false"),
            ("1 != 2", "true"),
            ("-1 < 0", "true"),
            ("0 < 0", "false"),
            ("0 <= 0", "true"),
            ("1 > -1", "true"),
            ("1 >= 2", "false"),
            ("1.5 > 1", "true"),
            ("1.0 == 1", "true"),
            ("'a' == 'a'", "true"),
            ("'a' != 'A'", "true"),
            ("'ü' == 'ü'", "true"),
            ("timestamp('2026-01-01T00:00:00Z') < timestamp('2026-01-01T00:00:01Z')", "true"),
            ("timestamp('2026-01-01T01:00:00+01:00') == timestamp('2026-01-01T00:00:00Z')", "true"),
            ("1 in [1, 2]", "true"),
            ("3 in [1, 2]", "false"),
            ("1 in [1.0, 2]", "true"),
            ("'a' in ['b', 'a']", "true"),
            ("'a' in ['b']", "false"),
            ("!('a' in ['b'])", "true"),
            ("'foobar'.startsWith('foo')", "true"),
            ("'foobar'.startsWith('bar')", "false"),
            ("'foobar'.endsWith('bar')", "true"),
            ("'foobar'.contains('ob')", "true"),
            ("'foobar'.contains('FOO')", "false"),
            ("'f'.startsWith('foo')", "false"),
            ("'ünï'.endsWith('ï')", "true"),
            ("size('four') == 4", "true"),
            ("size('ünï') == 3", "true"),
            ("size('') == 0", "true"),
            ("'hubba'.matches('ubb')", "true"),
            ("'cows'.matches('^c.*s$')", "true"),
            ("'hubba'.matches('^ubb')", "false"),
            ("'abcd'.matches('bc|xx')", "true"),
            ("timestamp('2009-02-13T23:31:30Z').getDate('UTC') == 13", "true"),
            ("timestamp('2009-02-13T23:31:30Z').getDayOfWeek('UTC') == 5", "true"),
            ("timestamp('2009-02-13T23:31:30Z').getMonth('UTC') == 1", "true"),
            ("timestamp('2009-02-13T23:31:30Z').getHours('Australia/Sydney') == 10", "true"),
        ],
    );
}

/// A name that is no word by itself is printed as it has to be written.
#[test]
fn names_of_custom_members_are_printed_as_they_read_back() {
    for (name, printed) in [
        ("plan", "custom.plan"),
        ("_x1", "custom._x1"),
        ("1a", "custom.`1a`"),
        ("42", "custom.`42`"),
        ("a b", "custom.`a b`"),
    ] {
        let condition =
            crate::rules::parse("<condition>", &format!("has(custom.`{name}`)")).unwrap();
        assert_eq!(condition.to_string(), format!("has({printed})"));
        let again = crate::rules::parse("<condition>", &condition.to_string()).unwrap();
        assert_eq!(again, condition);
    }
}
