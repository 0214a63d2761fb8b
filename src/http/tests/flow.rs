//! Decisions, given once and given back.

use super::*;
use std::fmt::Write as _;

/// What must be equal whenever and wherever a decision is shown.
fn decision(answer: &Answer) -> Value {
    let mut json = answer.json.clone();
    for own in ["timing_us", "repeated", "durability"] {
        json.as_object_mut().unwrap().remove(own);
    }
    json
}

#[tokio::test]
async fn the_same_id_gets_the_same_answer() {
    let server = Server::new();
    let first = server.score(&purchase("tx-1")).await;
    assert_eq!(first.status, 200, "{}", first.text);
    assert_eq!(first.json["repeated"], false);
    assert_eq!(first.json["durability"], "fsync");
    assert!(first.json["timing_us"]["total"].as_u64().unwrap() > 0);
    // Equal as a value: other digits, another order, an unknown member.
    let mut same = with(purchase("tx-1"), "/amount/value", json!("49.0"));
    same["event_time"] = json!("2020-11-20T11:00:00+01:00");
    let again = server.score(&same).await;
    assert_eq!((again.status, &again.json["repeated"]), (200, &json!(true)));
    assert_eq!(decision(&again), decision(&first));
    assert_eq!(server.state.engine.ledger().unwrap().health().sequence, 1);

    let other = with(purchase("tx-1"), "/amount/value", json!("50.00"));
    let refused = server.score(&other).await;
    assert_eq!(refused.error(), (409, "exists_with_different_content", "/amount/value"));
}

#[tokio::test]
async fn equal_requests_at_once_are_one_decision() {
    let server = Server::new();
    let tx = purchase("tx-1");
    let (a, b, c) = tokio::join!(server.score(&tx), server.score(&tx), server.score(&tx));
    let repeats = [&a, &b, &c].iter().filter(|answer| answer.json["repeated"] == true).count();
    assert_eq!(repeats, 2);
    assert!(decision(&a) == decision(&b) && decision(&b) == decision(&c));
    assert_eq!(server.state.engine.ledger().unwrap().health().sequence, 1);
}

#[tokio::test]
async fn a_decision_is_found_by_both_its_ids() {
    let server = Server::new();
    for id in ["tx-1", "a b/ü%", "?x=1#y", ".."] {
        let first = server.score(&purchase(id)).await;
        assert_eq!(first.status, 200, "{}", first.text);
        let mut encoded = String::new();
        for byte in id.bytes() {
            write!(encoded, "%{byte:02X}").unwrap();
        }
        let own = text(&first.json["decision_id"]).to_owned();
        for name in [encoded, own] {
            let found = server.get(&format!("/v1/decisions/{name}")).await;
            assert_eq!(found.status, 200, "{name}: {}", found.text);
            assert_eq!(decision(&found), decision(&first));
            assert_eq!(found.json["durability"], "fsync");
        }
    }
    let long = "x".repeat(5_000);
    for id in ["tx-2", "d-", "d-00000000000000000000000000000000", "%FF", "%00", "%2e%2e", &long] {
        let answer = server.get(&format!("/v1/decisions/{id}")).await;
        let expected = if id == "%2e%2e" { 200 } else { 404 };
        assert_eq!(answer.status, expected, "{id}: {}", answer.text);
    }
}

#[tokio::test]
async fn another_tenants_decision_is_not_found() {
    let server = Server::new();
    let engine = &server.state.engine;
    let theirs = engine
        .begin(ScoreRequest {
            tenant: TenantId::new("other").unwrap(),
            transaction: serde_json::from_value(purchase("tx-1")).unwrap(),
            warnings: Vec::new(),
            received_at: None,
        })
        .unwrap();
    engine.settle(theirs.settling.unwrap()).await;
    let own_id = theirs.answer.unwrap().0.decision_id.to_string();
    for id in ["tx-1", &own_id] {
        assert_eq!(server.get(&format!("/v1/decisions/{id}")).await.status, 404, "{id}");
    }
    let ours = server.score(&with(purchase("tx-1"), "/amount/value", json!("7"))).await;
    assert_eq!((ours.status, &ours.json["repeated"]), (200, &json!(false)));
    assert_ne!(ours.json["decision_id"], own_id.as_str());
}

#[tokio::test]
async fn a_request_keeps_the_id_it_came_with() {
    let server = Server::new();
    let ask = async |id: &[u8]| {
        let request = Request::get("/nowhere").header("X-Request-Id", id);
        server.ask(request.body(Body::empty()).unwrap()).await.header("x-request-id").to_owned()
    };
    let long = "x".repeat(64);
    for good in ["a", "7f3b-\"quoted\"", &long] {
        assert_eq!(ask(good.as_bytes()).await, good);
    }
    let mut own = Vec::new();
    for bad in [&b""[..], b"two words", b"\xc3\xbc", "x".repeat(65).as_bytes()] {
        own.push(ask(bad).await);
    }
    own.sort();
    own.dedup();
    assert_eq!(own.len(), 4, "ids of our own are unique: {own:?}");
}

#[tokio::test]
async fn a_body_says_that_it_is_json() {
    let server = Server::new();
    let ask = async |path: &str, kind: &str| {
        let request = Request::post(path).header("content-type", kind);
        let body = if path == "/v1/score" { purchase("tx-1") } else { auth_result("ev-1") };
        server.ask(request.body(body.to_string().into()).unwrap()).await
    };
    for path in ["/v1/score", "/v1/events"] {
        for kind in
            ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", "x", ""]
        {
            assert_eq!(
                ask(path, kind).await.error(),
                (415, "unsupported_media_type", ""),
                "{kind}"
            );
        }
        let bare = Request::post(path).body(Body::from("{}")).unwrap();
        assert_eq!(server.router.clone().oneshot(bare).await.unwrap().status(), 415);
        assert_eq!(server.state.engine.ledger().unwrap().health().sequence, 0);
    }
    for kind in ["application/json", "Application/JSON; charset=utf-8", "application/json;"] {
        assert_eq!(ask("/v1/score", kind).await.status, 200, "{kind}");
    }
}

#[tokio::test]
async fn pages_of_other_sites_and_names_of_other_machines_are_refused() {
    let server = Server::new();
    let ask = async |method: &str, path: &str, name: &str, value: &str| {
        let request = Request::builder().method(method).uri(path).header(name, value);
        server.ask(request.body(purchase("tx-1").to_string().into()).unwrap()).await
    };
    for (method, path) in [
        ("POST", "/v1/score"),
        ("POST", "/v1/events"),
        ("GET", "/v1/decisions/tx-1"),
        ("GET", "/metrics"),
        ("GET", "/healthz"),
    ] {
        for (name, value) in [
            ("host", "rebound.example.com:8080"),
            ("origin", "https://example.com"),
            ("origin", "null"),
            ("sec-fetch-site", "cross-site"),
        ] {
            let answer = ask(method, path, name, value).await;
            assert_eq!(answer.error(), (403, "foreign_site", ""), "{method} {path} {name}");
        }
    }
    assert_eq!(server.state.engine.ledger().unwrap().health().sequence, 0);
    assert_eq!(ask("POST", "/v1/score", "host", "127.0.0.1:8080").await.status, 200);
}

#[tokio::test]
async fn metrics_can_be_read_and_do_not_grow_with_what_is_asked() {
    let server = Server::new();
    server.score(&with(purchase("tx-1"), "/amount/value", json!("9000"))).await;
    server.score(&with(purchase("tx-2"), "/device", json!(null))).await;
    server.score(&with(purchase("tx-2"), "/device", json!(null))).await;
    for n in 0..50 {
        server.get(&format!("/nowhere/{n}")).await;
        server.get(&format!("/v1/decisions/{n}")).await;
    }
    let page = server.get("/metrics").await;
    assert!(page.header("content-type").starts_with("application/openmetrics-text"));
    let mut series = std::collections::BTreeMap::new();
    for line in page.text.lines().filter(|line| !line.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').unwrap();
        let value: f64 = value.parse().unwrap_or_else(|_| panic!("{line}"));
        assert!(series.insert(name, value).is_none(), "twice: {line}");
        assert!(name.starts_with("vouch_"), "{line}");
    }
    assert!(page.text.ends_with("# EOF\n"));
    for (name, value) in [
        (r#"vouch_requests_total{route="/v1/score",status="200"}"#, 3.0),
        (r#"vouch_requests_total{route="unmatched",status="404"}"#, 50.0),
        (r#"vouch_requests_total{route="/v1/decisions/{id}",status="404"}"#, 50.0),
        (r#"vouch_decisions_total{action="review"}"#, 1.0),
        (r#"vouch_rule_hits_total{rule="huge",mode="live"}"#, 1.0),
        (r#"vouch_rules_undecided_total{rule="tor"}"#, 1.0),
        (r#"vouch_degraded_total{part="model"}"#, 2.0),
        ("vouch_repeated_total", 1.0),
        ("vouch_in_flight", 0.0),
        ("vouch_ledger_records", 2.0),
        ("vouch_known_ids", 2.0),
    ] {
        assert_eq!(series.get(name), Some(&value), "{name}\n{}", page.text);
    }
    assert_eq!(series.keys().filter(|name| name.contains("_requests_total")).count(), 3);
}

#[tokio::test]
async fn a_decision_is_explained_to_its_tenant_until_the_person_is_erased() {
    let server = Server::new();
    let engine = server.state.engine.clone();
    let alone = server.score(&purchase("tx-0")).await;
    assert_eq!(alone.status, 200, "{}", alone.text);
    let nothing = server.get("/v1/decisions/tx-0/explain").await;
    assert_eq!(nothing.error(), (409, "nothing_to_explain", ""), "no model decided");
    let rules = RuleSet::from_sources(&[Source::new("test.toml", RULES)]).unwrap();
    let tables = engine.snapshot().reference.clone();
    engine.swap(Snapshot::with_bundled_model(tables, rules)).unwrap();
    let scored = server.score(&purchase("tx-1")).await;
    assert_eq!(scored.status, 200, "{}", scored.text);
    for id in ["tx-1", text(&scored.json["decision_id"])] {
        let found = server.get(&format!("/v1/decisions/{id}/explain")).await;
        assert_eq!(found.status, 200, "{}", found.text);
        assert_eq!(found.json["transaction_id"], "tx-1");
        assert_eq!(found.json["fraud_probability"], scored.json["fraud_probability"]);
        assert_eq!(found.json["is_exact"], true);
        let sum: f64 = found.json["groups"]
            .as_array()
            .unwrap()
            .iter()
            .map(|group| group["contribution"].as_f64().unwrap())
            .sum();
        let log_odds = |p: &Value| (p.as_f64().unwrap() / (1.0 - p.as_f64().unwrap())).ln();
        let moved =
            log_odds(&found.json["fraud_probability"]) - log_odds(&found.json["base_probability"]);
        assert!((sum - moved).abs() < 1e-6, "{sum} is not {moved}");
    }
    for unknown in ["tx-9", "%FF", "d-00000000000000000000000000000000"] {
        let answer = server.get(&format!("/v1/decisions/{unknown}/explain")).await;
        assert_eq!(answer.error(), (404, "not_found", ""), "{unknown}");
    }
    let ledger = engine.ledger().unwrap();
    let entry = ledger.scan(None).unwrap().last().unwrap().unwrap();
    ledger.erase(&[entry.subject.unwrap()].into()).unwrap();
    let erased = server.get("/v1/decisions/tx-1/explain").await;
    assert_eq!(erased.error(), (409, "nothing_to_explain", ""), "the person was erased");
}
