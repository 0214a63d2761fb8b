//! `POST /v1/events`.

use super::*;

#[tokio::test]
async fn one_event_gets_its_receipt_and_a_repeat_moves_nothing() {
    let server = Server::new();
    server.score(&purchase("tx-1")).await;
    for repeated in [false, true] {
        let answer = server.event(&auth_result("ev-1")).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let receipt = json!({
            "event_id": "ev-1", "durability": "fsync", "repeated": repeated, "warnings": [],
        });
        assert_eq!(answer.json, receipt);
    }
    let other = with(auth_result("ev-1"), "/data/outcome", json!("approved"));
    let conflict = (409, "exists_with_different_content", "/data/outcome");
    assert_eq!(server.event(&other).await.error(), conflict);
    assert_eq!(server.state.engine.ledger().unwrap().health().sequence, 2);
}

#[tokio::test]
async fn what_is_wrong_with_an_event() {
    let server = Server::new();
    let invalid = |pointer| (422, "invalid_field", pointer);
    let number = json!("4111 1111 1111 1111");
    for (pointer, value, expected) in [
        ("/event_id", json!(7), invalid("/event_id")),
        ("/type", json!("auth.results"), invalid("/type")),
        ("/transaction_id", json!(null), invalid("/transaction_id")),
        ("/data/outcome", json!("passed"), invalid("/data/outcome")),
        ("/data", json!([]), invalid("/data")),
        (
            "/data/amount",
            json!({"value": "1", "currency": "EUX"}),
            invalid("/data/amount/currency"),
        ),
        ("/data/reason", number, (422, "card_number", "/data/reason")),
        (
            "/event_time",
            json!("2199-01-01T00:00:00Z"),
            (422, "event_time_in_future", "/event_time"),
        ),
    ] {
        let answer = server.event(&with(auth_result("ev-1"), pointer, value)).await;
        assert_eq!(answer.error(), expected, "{pointer}: {}", answer.text);
    }
    assert_eq!(server.state.engine.ledger().unwrap().health().sequence, 0);
}

#[tokio::test]
async fn an_event_of_an_unknown_transaction_is_kept_and_says_so() {
    let server = Server::new();
    let unknown = [("transaction_unknown", "/transaction_id")];
    for repeated in [false, true] {
        let answer = server.event(&auth_result("ev-1")).await;
        assert_eq!(answer.warnings(), unknown);
        assert_eq!(
            (&answer.json["durability"], &answer.json["repeated"]),
            (&json!("fsync"), &json!(repeated))
        );
    }
    let batch = server.event(&json!([auth_result("ev-2")])).await;
    assert_eq!(batch.json["results"][0]["warnings"][0]["code"], "transaction_unknown");
    server.score(&purchase("tx-1")).await;
    assert_eq!(server.event(&auth_result("ev-3")).await.warnings(), []);
    let login =
        json!({"event_id": "ev-4", "type": "session.login", "event_time": "2020-11-20T10:00:05Z"});
    assert_eq!(server.event(&login).await.warnings(), [], "it names none");
}

#[tokio::test]
async fn unknown_members_of_an_event_are_named() {
    let server = Server::new();
    server.score(&purchase("tx-1")).await;
    let event = with(auth_result("ev-1"), "/data/declin_code", json!("x"));
    let answer = server.event(&event).await;
    assert_eq!(answer.warnings(), [("unknown_field", "/data/declin_code")]);
    let answer = server.event(&json!([event])).await;
    assert_eq!(answer.json["results"][0]["warnings"][0]["pointer"], "/data/declin_code");
}

#[tokio::test]
async fn a_bad_event_in_a_batch_does_not_take_the_others_with_it() {
    let server = Server::new();
    server.event(&auth_result("known")).await;
    let answer = server
        .event(&json!([
            auth_result("ev-0"),
            with(auth_result("ev-1"), "/type", json!("nonsense")),
            with(auth_result("ev-2"), "/data/reason", json!("4111111111111111")),
            with(auth_result("known"), "/data/outcome", json!("approved")),
            7,
            auth_result("ev-5"),
            auth_result("ev-0"),
        ]))
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let results = answer.json["results"].as_array().unwrap();
    let told: Vec<_> = results
        .iter()
        .map(|r| {
            let error = &r["error"];
            let how = if r["durability"].is_null() { &error["code"] } else { &r["durability"] };
            (text(&r["event_id"]), text(how), text(&error["pointer"]), r["repeated"] == true)
        })
        .collect();
    assert_eq!(
        told,
        [
            ("ev-0", "fsync", "", false),
            ("", "invalid_field", "/1/type", false),
            ("ev-2", "card_number", "/2/data/reason", false),
            ("known", "exists_with_different_content", "/3/data/outcome", false),
            ("", "invalid_field", "/4", false),
            ("ev-5", "fsync", "", false),
            ("ev-0", "fsync", "", true),
        ]
    );
    assert_eq!((&answer.json["accepted"], &answer.json["refused"]), (&json!(3), &json!(4)));
    assert_eq!(server.state.engine.ledger().unwrap().health().sequence, 3);
}

#[tokio::test]
async fn batches_have_a_form_and_a_limit() {
    let server = Server::new();
    let many = |count| serde_json::to_string(&vec![7; count]).unwrap();
    for (body, status, code) in [
        ("[]".to_owned(), 200, ""),
        (many(1000), 200, ""),
        (many(1001), 422, "batch_too_large"),
        ("[".to_owned(), 400, "malformed_body"),
        ("[7,]".to_owned(), 400, "malformed_body"),
        ("[7] 7".to_owned(), 400, "malformed_body"),
        (" \n[\"\\ud800\", 7]".to_owned(), 200, ""),
        ("[\"\u{0}\"]".to_owned(), 400, "malformed_body"),
        ("{}".to_owned(), 422, "invalid_field"),
        (String::new(), 400, "malformed_body"),
    ] {
        let answer = server.post("/v1/events", body.clone()).await;
        let shown: String = body.chars().take(20).collect();
        assert_eq!(answer.status, status, "{shown}: {}", answer.text);
        assert_eq!(text(&answer.json["error"]["code"]), code, "{shown}");
    }
}

#[tokio::test]
async fn declined_authorizations_reach_the_next_score() {
    let server = Server::new();
    server.score(&purchase("tx-1")).await;
    server.event(&auth_result("ev-1")).await;
    let tx: Transaction =
        serde_json::from_value(with(purchase("x"), "/event_time", json!("2020-11-20T10:05:00Z")))
            .unwrap();
    let record = server.state.engine.preview(&TenantId::default_tenant(), &tx);
    assert_eq!(serde_json::to_value(&record).unwrap()["ip_declined_count_1h"], 1);
}
