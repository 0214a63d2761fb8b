//! What a request can get wrong, and what each mistake is answered with.

use super::*;

/// Status, code and pointer expected of a body.
type Expected = (u16, &'static str, &'static str);

const MALFORMED: Expected = (400, "malformed_body", "");

fn invalid(pointer: &'static str) -> Expected {
    (422, "invalid_field", pointer)
}

#[tokio::test]
async fn bytes_that_are_no_transaction() {
    let nested = |member: &str, depth: usize| {
        let (open, close) = ("[".repeat(depth), "]".repeat(depth));
        format!(r#"{{"{member}":{open}{close},"transaction_id":"a"}}"#).into_bytes()
    };
    let twice = br#"{"transaction_id":"a","type":"login","type":"login"}"#;
    let cases: [(&str, Vec<u8>, Expected); 17] = [
        ("nothing", b"".into(), MALFORMED),
        ("white space", b" \n\t ".into(), MALFORMED),
        ("cut short", br#"{"transaction_id":"a""#.into(), MALFORMED),
        ("no JSON", b"transaction_id=a&type=login".into(), MALFORMED),
        ("trailing text", br#"{"transaction_id":"a"} {}"#.into(), invalid("/type")),
        ("not UTF-8", b"{\"transaction_id\":\"\xff\"}".into(), MALFORMED),
        ("compressed", b"\x1f\x8b\x08\x00\x00\x00\x00\x00".into(), MALFORMED),
        ("byte order mark", "\u{feff}{}".into(), MALFORMED),
        ("UTF-16", b"\xff\xfe{\x00}\x00".into(), MALFORMED),
        ("half a surrogate pair", br#"{"transaction_id":"\ud800"}"#.into(), MALFORMED),
        ("nested too deep", nested("custom", 200), invalid("/custom")),
        ("a value nested too deep", nested(r#"custom":{"x"#, 200), MALFORMED),
        // Nobody reads it, so its depth costs nothing.
        ("an unknown member nested deep", nested("x", 400_000), invalid("/type")),
        ("an array", b"[]".into(), invalid("")),
        ("null", b"null".into(), invalid("")),
        ("a text", br#""purchase""#.into(), invalid("")),
        ("a member twice", twice.into(), invalid("/type")),
    ];
    let server = Server::new();
    for (name, body, expected) in cases {
        let answer = server.post("/v1/score", body).await;
        assert_eq!(answer.error(), expected, "{name}: {}", answer.text);
    }
    assert_eq!(server.state.engine.ledger().unwrap().health().sequence, 0);
}

#[tokio::test]
async fn members_that_are_wrong() {
    let number = "4111 1111 1111 1111";
    let card = |pointer| (422, "card_number", pointer);
    let future = (422, "event_time_in_future", "/event_time");
    let cases: [(&'static str, Value, Expected); 27] = [
        ("/transaction_id", json!(null), invalid("/transaction_id")),
        ("/transaction_id", json!(""), invalid("/transaction_id")),
        ("/transaction_id", json!("x".repeat(129)), invalid("/transaction_id")),
        ("/transaction_id", json!("a\u{0}b"), invalid("/transaction_id")),
        ("/type", json!("purchas"), invalid("/type")),
        ("/type", json!({"purchase": null}), invalid("/type")),
        ("/event_time", json!(1_606_000_000), invalid("/event_time")),
        ("/event_time", json!("2020-11-20 10:00"), invalid("/event_time")),
        ("/event_time", json!("0000-01-01T00:00:00Z"), invalid("/event_time")),
        ("/event_time", json!("2199-12-31T00:00:00Z"), future),
        ("/amount", json!("49.00"), invalid("/amount")),
        ("/amount", json!({"value": "49.00"}), invalid("/amount/currency")),
        ("/amount/value", json!(49.0), invalid("/amount/value")),
        ("/amount/value", json!("-1.00"), invalid("/amount/value")),
        ("/amount/value", json!("1e30"), invalid("/amount/value")),
        ("/amount/value", json!("99999999999999999999999999.99"), invalid("/amount/value")),
        ("/amount/value", json!("NaN"), invalid("/amount/value")),
        ("/amount/currency", json!("EUX"), invalid("/amount/currency")),
        ("/amount/currency", json!("€"), invalid("/amount/currency")),
        ("/account", json!([]), invalid("/account")),
        ("/card/bin", json!(457_173), invalid("/card/bin")),
        ("/device/ip", json!([81, 2, 69, 142]), invalid("/device/ip")),
        ("/items", json!(vec![json!({}); 201]), invalid("/items")),
        ("/custom", json!({"a": {"b": 1}}), invalid("/custom/a")),
        ("/account/name", json!(number), card("/account/name")),
        ("/card/fingerprint", json!("4111111111111111"), card("/card/fingerprint")),
        ("/card/bin", json!("4111111111111111"), card("/card/bin")),
    ];
    let server = Server::new();
    for (pointer, value, expected) in cases {
        let answer = server.score(&with(purchase("tx-1"), pointer, value.clone())).await;
        assert_eq!(answer.error(), expected, "{pointer} = {value}: {}", answer.text);
        assert!(!answer.text.contains("1111"), "{}", answer.text);
    }
    assert_eq!(server.state.engine.ledger().unwrap().health().sequence, 0);
}

#[tokio::test]
async fn what_is_odd_is_answered_and_warned_of() {
    let late = ("event_time_late", "/event_time");
    let unknown = |pointer| vec![("unknown_field", pointer), late];
    let unreadable = |pointer| vec![("unreadable_value", pointer), late];
    let cases = [
        ("/amount/value", json!("0"), vec![late]),
        ("/amount/value", json!("999999999999999.99"), vec![late]),
        ("/amount/value", json!("49.001"), vec![("amount_precision", "/amount/value"), late]),
        ("/amount/currency", json!("DEM"), vec![("currency_withdrawn", "/amount/currency"), late]),
        ("/event_time", json!("1970-01-01T00:00:00Z"), vec![late]),
        ("/device/ip", json!("10.0.0.1"), vec![late]),
        ("/device/ip", json!("127.0.0.1"), vec![late]),
        ("/device/ip", json!("::ffff:81.2.69.142"), vec![late]),
        ("/device/ip", json!("::ffff:10.0.0.1"), vec![late]),
        ("/device/ip", json!("fe80::1"), vec![late]),
        ("/device/ip", json!("81.2.69"), unreadable("/device/ip")),
        ("/billing/country", json!("UK"), unreadable("/billing/country")),
        ("/colour", json!("red"), unknown("/colour")),
        ("/device/a~b", json!({"deep": [1, 2]}), unknown("/device/a~0b")),
        (
            "/custom",
            json!({"note": "4111111111111111"}),
            vec![("card_number_masked", "/custom/note"), late],
        ),
        ("/order_id", json!("4111111111111111"), vec![late]),
    ];
    let server = Server::new();
    for (place, (pointer, value, expected)) in cases.into_iter().enumerate() {
        let tx = with(purchase(&format!("tx-{place}")), pointer, value.clone());
        let answer = server.score(&tx).await;
        assert_eq!(answer.status, 200, "{pointer} = {value}: {}", answer.text);
        assert_eq!(answer.warnings(), expected, "{pointer} = {value}");
    }
}

#[tokio::test]
async fn a_mapped_address_is_the_address_itself() {
    let server = Server::new();
    let country = |ip: &str| {
        let tx = with(purchase("x"), "/device/ip", json!(ip));
        let tx: Transaction = serde_json::from_value(tx).unwrap();
        let record = server.state.engine.preview(&TenantId::default_tenant(), &tx);
        serde_json::to_value(&record).unwrap()["ip.country"].clone()
    };
    assert_eq!(country("81.2.69.142"), "GB");
    assert_eq!(country("::ffff:81.2.69.142"), "GB");
    assert_eq!(country("10.0.0.1"), Value::Null);
    assert_eq!(country("::ffff:10.0.0.1"), Value::Null);
}

#[tokio::test]
async fn eleven_megabytes_are_refused_by_their_stated_length_and_without_one() {
    let server = Server::new();
    let long = || vec![b' '; 11 * 1024 * 1024];
    for path in ["/v1/score", "/v1/events"] {
        let stated = Request::post(path).header("content-length", long().len());
        // Nothing of the body is needed for this answer.
        let answer = server.ask(stated.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.error(), (413, "body_too_large", ""));
        assert_eq!(server.post(path, long()).await.error(), (413, "body_too_large", ""));
    }
    let settings = Settings {
        server: ServerConfig { max_body_bytes: 1024, ..ServerConfig::default() },
        ..Settings::default()
    };
    let server = Server::with(settings);
    for (bytes, status) in [(1024, 400), (1025, 413)] {
        assert_eq!(server.post("/v1/score", vec![b' '; bytes]).await.status, status, "{bytes}");
    }
}

#[tokio::test]
async fn routes_and_methods_that_are_none() {
    let server = Server::new();
    let cases = [
        ("GET", "/", 404, ""),
        ("GET", "/v1", 404, ""),
        ("GET", "/v1/score/", 404, ""),
        ("POST", "/V1/SCORE", 404, ""),
        ("GET", "/v1/decisions/", 404, ""),
        ("GET", "/v1/decisions/a/b", 404, ""),
        ("GET", "/v1/score", 405, "POST"),
        ("HEAD", "/v1/score", 405, "POST"),
        ("OPTIONS", "/v1/score", 405, "POST"),
        ("PUT", "/v1/events", 405, "POST"),
        ("DELETE", "/v1/decisions/tx-1", 405, "GET,HEAD"),
        ("POST", "/healthz", 405, "GET,HEAD"),
        ("TRACE", "/metrics", 405, "GET,HEAD"),
        ("BREW", "/readyz", 405, "GET,HEAD"),
    ];
    for (method, path, status, allow) in cases {
        let answer =
            server.ask(Request::builder().method(method).uri(path).body(Body::empty()).unwrap());
        let answer = answer.await;
        assert_eq!((answer.status, answer.header("allow")), (status, allow), "{method} {path}");
    }
    for path in ["/healthz", "/readyz", "/metrics", "/openapi.json"] {
        let head = server.ask(Request::head(path).body(Body::empty()).unwrap()).await;
        assert_eq!((head.status, head.text.as_str()), (200, ""), "HEAD {path}");
    }
}

#[tokio::test]
async fn a_deadline_is_a_whole_number_of_milliseconds() {
    let server = Server::new();
    let ask = async |path: &str, body: &Value, value: &[u8]| {
        let request = Request::post(path).header("X-Deadline-Ms", value);
        server.ask(request.body(body.to_string().into()).unwrap()).await
    };
    let bad: [&[u8]; 10] = [
        b"",
        b"0",
        b"-1",
        b"+5",
        b"1.5",
        b"60001",
        b"1e3",
        b"ten",
        b"\xff",
        b"99999999999999999999",
    ];
    for value in bad {
        let (tx, event) = (purchase("tx-1"), auth_result("ev-1"));
        for (path, body) in [("/v1/score", tx), ("/v1/events", event)] {
            let answer = ask(path, &body, value).await;
            assert_eq!(answer.error(), (400, "invalid_header", ""), "{value:?}");
        }
    }
    for value in ["1", "007", "2000", "60000"] {
        let answer = ask("/v1/score", &purchase(value), value.as_bytes()).await;
        assert_eq!(answer.status, 200, "{value}: {}", answer.text);
    }
}
