use super::*;
use proptest::prelude::*;

const REQUIRED: &str =
    r#""transaction_id":"t-1","type":"purchase","event_time":"2026-11-20T10:15:00Z""#;

fn body(members: &str) -> String {
    let comma = if members.is_empty() { "" } else { "," };
    format!("{{{REQUIRED}{comma}{members}}}")
}

fn error(text: &str) -> InputError {
    read_transaction(text.as_bytes()).unwrap_err()
}

#[test]
fn only_three_members_are_required() {
    let (transaction, warnings) = read_transaction(body("").as_bytes()).unwrap();
    assert_eq!(transaction.transaction_id.as_str(), "t-1");
    assert!(transaction.amount.is_none());
    assert_eq!(warnings, []);
    for member in ["transaction_id", "type", "event_time"] {
        let text = body("").replace(&format!("\"{member}\""), "\"other\"");
        assert_eq!(error(&text).to_string(), format!("`/{member}`: is required"));
    }
}

const WRONG_MEMBERS: [(&str, &str); 25] = [
    (r#""order_id":7"#, "`/order_id`: expected a string, found a number"),
    (r#""order_id":"""#, "`/order_id`: must not be empty"),
    (r#""order_id":"a\u0000""#, "`/order_id`: has a control character at byte 1"),
    (r#""order_id":"x","order_id":"y""#, "`/order_id`: is given twice"),
    (r#""type":"purchase""#, "`/type`: is given twice"),
    (
        r#""amount":{"value":49.0,"currency":"EUR"}"#,
        "`/amount/value`: expected a decimal string like `\"49.00\"`, found a fraction",
    ),
    (r#""amount":{"value":"49.00"}"#, "`/amount/currency`: is required"),
    (r#""amount":{"value":"49","value":"50","currency":"EUR"}"#, "`/amount/value`: is given twice"),
    (
        r#""amount":{"value":"-1","currency":"EUR"}"#,
        "`/amount/value`: `-1` is negative; a refund is an event, not a negative amount",
    ),
    (
        r#""amount":{"value":"1","currency":"EUX"}"#,
        "`/amount/currency`: `EUX` is not an ISO 4217 currency code; did you mean `EUR`?",
    ),
    (
        r#""amount":"49 EUR""#,
        "`/amount`: expected an amount like {\"value\":\"49.00\",\"currency\":\"EUR\"}, found a string",
    ),
    (r#""account":[]"#, "`/account`: expected an object, found an array"),
    (r#""account":{"email":{}}"#, "`/account/email`: expected a string, found an object"),
    (
        r#""card":{"three_ds":{"liability_shift":"Y"}}"#,
        "`/card/three_ds/liability_shift`: expected true or false, found a string",
    ),
    (
        r#""payment":{"attempt":65536}"#,
        "`/payment/attempt`: expected a whole number from 0 to 65535, found another number",
    ),
    (
        r#""payment":{"attempt":1.5}"#,
        "`/payment/attempt`: expected a whole number from 0 to 65535, found a fraction",
    ),
    (
        r#""payment":{"method":"crad"}"#,
        "`/payment/method`: `crad` is not known here; did you mean `card`?",
    ),
    (r#""items":{}"#, "`/items`: expected an array, found an object"),
    (
        r#""items":[{},{"quantity":-1}]"#,
        "`/items/1/quantity`: expected a whole number from 0 to 4294967295, found another number",
    ),
    (
        r#""items":[{},{"unit_price":5}]"#,
        "`/items/1/unit_price`: expected a decimal string like `\"49.00\"`, found a number",
    ),
    (
        r#""items":[{"unit_price":"5 EUR"}]"#,
        "`/items/0/unit_price`: expected a decimal string like `\"49.00\"`, found another string",
    ),
    (r#""custom":[]"#, "`/custom`: expected an object, found an array"),
    (r#""custom":{"a":1,"a":2}"#, "`/custom/a`: is given twice"),
    (
        r#""custom":{"a/b~":[]}"#,
        "`/custom/a~1b~0`: must be true, false, a number within 64 bits or a text of at most 256 bytes without control characters",
    ),
    (
        r#""terms":{"accepted_at":"2026-11-20"}"#,
        "`/terms/accepted_at`: `2026-11-20` is not a time; write it like `2026-11-20T10:15:00Z`",
    ),
];

#[test]
fn wrong_members_are_named_without_their_value() {
    for (members, message) in WRONG_MEMBERS {
        assert_eq!(error(&body(members)).to_string(), message, "{members}");
    }
}

#[test]
fn the_place_is_line_and_column() {
    let text = "{\n \"transaction_id\": 7\n}";
    let InputError::Invalid { pointer, line, column, .. } = error(text) else { panic!() };
    assert_eq!((pointer.as_str(), line, column), ("/transaction_id", 2, 20));
    let InputError::Syntax { line, column, message } = error("{\n\n,") else { panic!() };
    assert_eq!((line, column, message.as_str()), (3, 1, "key must be a string"));
}

#[test]
fn what_is_no_object_of_json_is_refused() {
    for (text, message) in [
        ("", "the body is empty"),
        (" \n", "the body is empty"),
        ("\u{feff}{}", "starts with a byte order mark; send UTF-8 without one"),
        ("null", "expected an object, found null at line 1, column 4"),
        ("[]", "expected an object, found an array at line 1, column 0"),
        ("\"x\"", "expected an object, found a string at line 1, column 3"),
        ("{", "not JSON: EOF while parsing an object at line 1, column 1"),
        ("{'a':1}", "not JSON: key must be a string at line 1, column 2"),
        (&body("\"custom\":{\"a\":NaN}"), "not JSON: expected value at line 1, column 93"),
        (&format!("{} x", body("")), "not JSON: trailing characters at line 1, column 80"),
        (&body("\"custom\":{\"a\":1e999}"), "not JSON: number out of range at line 1, column 97"),
    ] {
        assert_eq!(error(text).to_string(), message, "{text}");
    }
    assert_eq!(read_transaction(b"{\"a\":\"\xff\"}"), Err(InputError::NotUtf8 { at: 6 }));
}

#[test]
fn depth_is_limited_where_it_is_kept_and_harmless_where_it_is_not() {
    let deep = "[".repeat(100_000);
    let kept = error(&body(&format!("\"custom\":{{\"a\":{deep}")));
    assert!(matches!(kept, InputError::TooDeep { line: 1, .. }), "{kept}");
    let closed = format!("\"other\":{deep}{}", "]".repeat(100_000));
    let (_, warnings) = read_transaction(body(&closed).as_bytes()).unwrap();
    assert_eq!(warnings[0].pointer, "/other");
}

#[test]
fn unknown_members_are_listed_up_to_a_limit() {
    let members = r#""acount":{"id":1},"card":{"number/kind":1},"items":[{"x":null}],"amount":{"value":"1","currency":"EUR","tax":1}"#;
    let (_, warnings) = read_transaction(body(members).as_bytes()).unwrap();
    let pointers: Vec<_> = warnings.iter().map(|w| w.pointer.as_str()).collect();
    assert_eq!(pointers, ["/acount", "/card/number~1kind", "/items/0/x", "/amount/tax"]);
    assert!(warnings.iter().all(|w| w.code == "unknown_field"));

    let many: Vec<_> = (0..100).map(|i| format!("\"x{i}\":0")).collect();
    let (_, warnings) = read_transaction(body(&many.join(",")).as_bytes()).unwrap();
    assert_eq!(warnings.len(), super::super::MAX_UNKNOWN + 1);
    let last = warnings.last().unwrap();
    assert_eq!(last.message, "68 more members are not fields of the request");

    let long = format!("\"{}\":0", "k".repeat(1_000_000));
    let (_, warnings) = read_transaction(body(&long).as_bytes()).unwrap();
    assert_eq!(warnings[0].pointer.len(), 65);
}

#[test]
fn odd_values_are_warnings() {
    let codes = |members: &str| -> Vec<(String, String)> {
        let (_, warnings) = read_transaction(body(members).as_bytes()).unwrap();
        warnings.into_iter().map(|w| (w.code, w.pointer)).collect()
    };
    let one = |code: &str, pointer: &str| vec![(code.to_owned(), pointer.to_owned())];
    assert_eq!(codes(r#""device":{"ip":"1.2.3"}"#), one("unreadable_value", "/device/ip"));
    assert_eq!(codes(r#""billing":{"country":"UK"}"#), one("unreadable_value", "/billing/country"));
    let amount = |value: &str, currency: &str| {
        codes(&format!(r#""amount":{{"value":"{value}","currency":"{currency}"}}"#))
    };
    assert_eq!(amount("1.005", "EUR"), one("amount_precision", "/amount/value"));
    assert_eq!(amount("1.000", "EUR"), []);
    assert_eq!(amount("100.5", "JPY"), one("amount_precision", "/amount/value"));
    assert_eq!(amount("0", "EUR"), []);
    assert_eq!(amount("5", "DEM"), one("currency_withdrawn", "/amount/currency"));
}

#[test]
fn events_must_say_what_their_type_needs() {
    let event = |members: &str| {
        let text = format!(
            r#"{{"event_id":"e","event_time":"2026-11-20T10:15:00Z","transaction_id":"t",{members}}}"#
        );
        read_event(text.as_bytes())
    };
    let error = event(r#""type":"label""#).unwrap_err();
    assert_eq!(error.pointer(), "/data/label");
    assert_eq!(error.to_string(), "`/data/label`: an event of type `label` needs a label");
    let (_, warnings) = event(
        r#""type":"refund","ip":"x","data":{"amount":{"value":"0.001","currency":"EUR"},"y":1}"#,
    )
    .unwrap();
    let pointers: Vec<_> = warnings.iter().map(|w| w.pointer.as_str()).collect();
    assert_eq!(pointers, ["/data/y", "/ip", "/data/amount/value"]);
}

proptest! {
    #[test]
    fn any_bytes_are_a_value_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = (read_transaction(&bytes), read_event(&bytes));
    }

    #[test]
    fn a_damaged_request_is_a_value_or_an_error(at in 0usize..400, byte in any::<u8>()) {
        let text = body(
            r#""amount":{"value":"49.00","currency":"EUR"},"items":[{"sku":"a","unit_price":"1"}],
               "card":{"bin":"457173","three_ds":{"eci":"05"}},"custom":{"a":true,"b":null,"c":1.5}"#,
        );
        let mut bytes = text.into_bytes();
        let at = at % bytes.len();
        bytes[at] = byte;
        if let Err(error) = read_transaction(&bytes) {
            prop_assert!(!error.to_string().is_empty());
        }
    }
}
