//! Lists, snoozes, reviews, appeals and what-if over HTTP.

use super::*;
use std::collections::BTreeMap;

impl Server {
    async fn send(&self, method: &str, path: &str, body: &Value) -> Answer {
        let request = Request::builder().method(method).uri(path);
        self.ask(request.body(Body::from(body.to_string())).unwrap()).await
    }

    /// Takes lists into use: the rules of these tests name none, people may change them all the same.
    pub(super) fn with_lists(self, files: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(dir.path().join(name), text).unwrap();
        }
        let lists = Lists::default().read(Some(dir.path()), &BTreeMap::new(), &|_| false).lists;
        let snapshot = self.state.engine.snapshot();
        let rules = RuleSet::from_sources(&[Source::new("test.toml", RULES)]).unwrap();
        let again = Snapshot::new(snapshot.reference.clone(), rules, None, Policy::default());
        self.state.engine.swap(again.with_lists(Arc::new(lists))).unwrap();
        self
    }
}

#[tokio::test]
async fn values_are_put_on_lists_and_taken_off() {
    let server = Server::new()
        .with_lists(&[("bins.txt", "# type: bin\n457173\n"), ("nets.txt", "# type: ip\n")]);
    let lists = server.get("/v1/lists").await;
    assert_eq!(lists.json["lists"][0]["name"], "bins");
    assert_eq!((&lists.json["lists"][1]["kind"], lists.status), (&json!("ip"), 200));
    let put = server
        .send(
            "PUT",
            "/v1/lists/nets/entries/10.0.0.0%2F8",
            &json!({"hours": 5, "note": "office", "by": "ann"}),
        )
        .await;
    assert_eq!(put.status, 200, "{put:?}");
    let found = server.get("/v1/lists/nets/entries/10.0.0.0%2F8").await;
    assert_eq!(
        (&found.json["value"], &found.json["note"]),
        (&json!("10.0.0.0/8"), &json!("office"))
    );
    let page = server.get("/v1/lists/nets/entries?limit=1").await;
    assert_eq!(page.json["entries"].as_array().unwrap().len(), 1, "{page:?}");
    for (path, body, status) in [
        ("/v1/lists/nets/entries/10.1.2.3%2F8", json!({}), 422),
        ("/v1/lists/bins/entries/4242424242424242", json!({}), 422),
        ("/v1/lists/bins/entries/4242", json!({"hours": 0}), 422),
        ("/v1/lists/bins/entries/4242", json!({"note": 5}), 422),
        ("/v1/lists/nobody/entries/4242", json!({}), 404),
    ] {
        let answer = server.send("PUT", path, &body).await;
        assert_eq!(answer.status, status, "{path} {body}: {answer:?}");
        assert!(!answer.text.contains("4242424242424242"), "{answer:?}");
    }
    let off =
        || Request::delete("/v1/lists/bins/entries/457173?by=ann").body(Body::empty()).unwrap();
    assert_eq!(server.ask(off()).await.status, 200);
    assert_eq!(server.ask(off()).await.status, 404);
    assert_eq!(server.get("/v1/lists/bins/entries?limit=0").await.status, 422);
    assert_eq!(server.get("/v1/lists/bins/entries?page=1").await.status, 422);
}

#[tokio::test]
async fn a_review_is_resolved_over_http() {
    let server = Server::new();
    let huge = with(purchase("tx-1"), "/amount/value", "9000".into());
    let decided = server.score(&huge).await;
    assert_eq!(decided.json["action"], "review");
    assert!(text(&decided.json["customer_text"]).starts_with("Thank you"), "{decided:?}");
    let queue = server.get("/v1/reviews?limit=5&rule=huge").await;
    assert_eq!(queue.json["reviews"][0]["transaction_id"], "tx-1", "{queue:?}");
    assert_eq!(server.get("/v1/reviews?rule=tor").await.json["reviews"], json!([]));
    assert_eq!(server.get("/v1/reviews?min_risk=101").await.status, 422);
    assert_eq!(server.get("/v1/reviews?after=garbage").await.status, 422);
    assert_eq!(server.get("/v1/reviews?limit=1").await.json.get("next"), None, "the last page");
    let resolve = |id: &str, resolution: &str| {
        let (path, body) =
            (format!("/v1/reviews/{id}"), json!({"resolution": resolution, "note": "fine"}));
        let server = &server;
        async move { server.post(&path, body.to_string()).await }
    };
    assert_eq!(resolve("tx-1", "perhaps").await.status, 422);
    let first = resolve("tx-1", "approve").await;
    assert_eq!((first.status, &first.json["repeated"]), (200, &json!(false)), "{first:?}");
    assert_eq!(resolve("tx-1", "approve").await.json["repeated"], true);
    assert_eq!(resolve("tx-1", "decline").await.status, 409);
    assert_eq!(resolve("nobody", "decline").await.status, 404);
    assert_eq!(server.get("/v1/reviews").await.json["waiting"], 0);
}

#[tokio::test]
async fn a_buyer_is_let_back_in() {
    let server = Server::new();
    // A Tor exit by the bundled tables would do, but they change: the large amount stands in.
    let huge = with(purchase("tx-1"), "/amount/value", "9000".into());
    server.score(&huge).await;
    let told = server.post("/v1/whatif", json!({"transaction_id": "tx-1"}).to_string()).await;
    assert_eq!(
        (&told.json["decision"]["action"], &told.json["obstacles"][0]["rule"]),
        (&json!("review"), &json!("huge"))
    );
    let bare = json!({"amount": {"value": "9000", "currency": "EUR"}, "account": {"id": "acc-7"}});
    assert_eq!(
        server.post("/v1/whatif", bare.to_string()).await.json["decision"]["action"],
        "review"
    );
    assert_eq!(
        server.post("/v1/whatif", json!({"transaction_id": "x"}).to_string()).await.status,
        404
    );
    let granted = server
        .post("/v1/appeals", json!({"transaction_id": "tx-1", "note": "known"}).to_string())
        .await;
    assert_eq!(
        (&granted.json["action"], &granted.json["surviving"]),
        (&json!("approve"), &json!([])),
        "{granted:?}"
    );
    assert_eq!(
        server.post("/v1/whatif", bare.to_string()).await.json["decision"]["action"],
        "approve"
    );
    for body in
        [json!({}), json!({"account": "a", "card": "b"}), json!({"account": "a", "hours": 99_999})]
    {
        assert_eq!(server.post("/v1/appeals", body.to_string()).await.status, 422, "{body}");
    }
    let ended = json!({"account": "acc-7"});
    assert_eq!(server.post("/v1/snoozes", ended.to_string()).await.error().2, "/rule");
    assert_eq!(server.post("/v1/snoozes/end", ended.to_string()).await.status, 200);
    assert_eq!(server.post("/v1/snoozes/end", ended.to_string()).await.status, 404);
    let shows = json!({"account": "acc-7", "note": "card 4242424242424242"});
    assert_eq!(server.post("/v1/appeals", shows.to_string()).await.error().2, "/note");
    let snooze = json!({"rule": "huge", "account": "acc-9", "hours": 3});
    assert_eq!(server.post("/v1/snoozes", snooze.to_string()).await.status, 200);
    assert_eq!(
        server.post("/v1/snoozes", json!({"rule": "no", "account": "a"}).to_string()).await.status,
        404
    );
    assert_eq!(server.get("/v1/snoozes").await.json["snoozes"].as_array().unwrap().len(), 1);
    assert_eq!(server.post("/v1/snoozes/end", snooze.to_string()).await.status, 200);
    assert_eq!(server.post("/v1/snoozes/end", snooze.to_string()).await.status, 404);
    let rules = server.get("/v1/rules").await;
    let huge =
        rules.json["rules"].as_array().unwrap().iter().find(|rule| rule["id"] == "huge").unwrap();
    assert_eq!((&huge["matched"], &rules.json["decisions"]), (&json!(1), &json!(1)), "{rules:?}");
}
