//! Signifyd's calls as Hyperswitch makes them, by own fixtures in the documented shape: every member has its place,
//! every answer is in the format's words, and a retry moves nothing.

use super::access::Keyed;
use super::*;
use crate::config::OnSlowDisk;
use crate::domain::{EventKind, Outcome};
use crate::ledger::Reader;
use axum::http::Method;
use base64::Engine as _;

const CHECKOUT: &str = include_str!("../../../tests/data/signifyd/checkout.json");
const SALE: &str = include_str!("../../../tests/data/signifyd/sale.json");
const TRANSACTION: &str = include_str!("../../../tests/data/signifyd/transaction.json");
const FULFILLMENT: &str = include_str!("../../../tests/data/signifyd/fulfillment.json");
const RETURN: &str = include_str!("../../../tests/data/signifyd/return.json");

fn of(fixture: &str) -> Value {
    serde_json::from_str(fixture).unwrap()
}

async fn asked(server: &Server, call: &str, body: &Value) -> Answer {
    server.post(&format!("/signifyd/v3/orders/events/{call}"), body.to_string()).await
}

/// The events recorded, and how each ended.
fn events(server: &Server) -> Vec<(EventKind, Option<Outcome>)> {
    let reader = Reader::open(server.dir.path(), None).unwrap();
    let entries = reader.scan(None).unwrap().map(Result::unwrap);
    let events = entries.filter_map(|entry| crate::engine::read_open_event(&entry).unwrap());
    events.map(|event| (event.kind, event.outcome)).collect()
}

#[tokio::test]
async fn a_checkout_is_decided_and_every_member_has_its_place() {
    let server = Server::new();
    let answer = asked(&server, "checkouts", &of(CHECKOUT)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let told = &answer.json;
    assert_eq!((text(&told["orderId"]), text(&told["checkoutId"])), ("pay_7f3a_1", "pay_7f3a"));
    assert_eq!(told["decision"]["checkpointAction"], "ACCEPT", "{told}");
    assert!(told["signifydId"].is_i64() && told["decision"]["createdAt"].is_string(), "{told}");
    assert_eq!(told["vouch"]["warnings"], json!([]), "{told}");
    // Built anew for each try, so `createdAt` differs.
    let mut again = of(CHECKOUT);
    again["purchase"]["createdAt"] = json!("2026-11-20T10:15:09.000Z");
    let known = server.state.engine.known_ids();
    assert_eq!(asked(&server, "checkouts", &again).await.json, *told);
    assert_eq!(server.state.engine.known_ids(), known);
    let other = with(again, "/purchase/totalPrice", json!(50));
    let refused = asked(&server, "checkouts", &other).await;
    assert_eq!(refused.status, 409, "{}", refused.text);
    let found = server.get("/v1/decisions/pay_7f3a_1").await.json;
    assert_eq!(found["decision_id"], told["vouch"]["decision_id"]);
}

#[tokio::test]
async fn what_is_held_says_by_which_rule() {
    let server = Server::new();
    let told = asked(&server, "sales", &of(SALE)).await.json;
    let decision = &told["decision"];
    assert_eq!(decision["checkpointAction"], "HOLD", "{told}");
    assert_eq!(decision["checkpointActionPolicy"], "huge", "{told}");
    assert!(text(&decision["checkpointActionReason"]).contains("AMOUNT"), "{told}");
    assert_eq!(decision["score"], Value::Null, "no model, no score: {told}");
    assert!(told.get("checkoutId").is_none());
}

#[tokio::test]
async fn what_happens_later_is_an_event_once() {
    let server = Server::new();
    let unknown = asked(&server, "transactions", &of(TRANSACTION)).await;
    assert_eq!(unknown.status, 404, "{}", unknown.text);
    let first = asked(&server, "checkouts", &of(CHECKOUT)).await.json;
    for _ in 0..2 {
        let told = asked(&server, "transactions", &of(TRANSACTION)).await;
        assert_eq!(
            (told.status, &told.json["decision"]),
            (200, &first["decision"]),
            "{}",
            told.text
        );
        let sent = asked(&server, "fulfillments", &of(FULFILLMENT)).await.json;
        assert_eq!(sent, json!({"orderId": "pay_7f3a_1", "shipmentIds": ["licence-1"]}));
        // Each try has another `returnId`.
        let id = format!("r-{}", server.state.engine.known_ids());
        let back =
            asked(&server, "returns/records", &with(of(RETURN), "/returnId", json!(id))).await;
        assert_eq!(back.json, json!({"orderId": "pay_7f3a_1", "returnId": id}));
    }
    let recorded = events(&server);
    let expected = [
        (EventKind::AuthResult, Some(Outcome::Declined)),
        (EventKind::ProcessorMessage, None),
        (EventKind::Refund, None),
    ];
    assert_eq!(recorded, expected);
}

/// A name that is empty is none: two parts of one order's price are two refunds.
#[tokio::test]
async fn a_refund_without_a_name_is_known_by_its_return() {
    let server = Server::new();
    asked(&server, "checkouts", &of(CHECKOUT)).await;
    for id in ["r-1", "r-2", "r-1"] {
        let unnamed = with(of(RETURN), "/refundTransactionId", json!(""));
        let back = asked(&server, "returns/records", &with(unnamed, "/returnId", json!(id))).await;
        assert_eq!(back.status, 200, "{}", back.text);
    }
    assert_eq!(events(&server).len(), 2);
}

/// On a slow disk both are answered by their policies, and the answer says how far it is kept.
#[tokio::test]
async fn what_is_not_kept_says_so() {
    let pending = OnSlowDisk::AnswerPending;
    let ledger = LedgerSettings {
        on_slow_disk_score: pending,
        on_slow_disk_event: pending,
        ..LedgerSettings::default()
    };
    let config = ServerConfig { default_deadline_ms: 20, ..ServerConfig::default() };
    let server =
        Server::with(Settings { server: config, ledger: ledger.clone(), ..Settings::default() });
    server.disk.set(Mood::Stalled);
    let told = asked(&server, "checkouts", &of(CHECKOUT)).await;
    assert_eq!((told.status, text(&told.json["vouch"]["durability"])), (200, "pending"));
    let told = asked(&server, "transactions", &of(TRANSACTION)).await;
    assert_eq!((told.status, text(&told.json["vouch"]["durability"])), (200, "pending"));
    server.disk.set(Mood::Well);

    let server = Server::with(Settings { ledger, ..Settings::default() });
    server.disk.set(Mood::Full);
    let told = asked(&server, "checkouts", &of(CHECKOUT)).await;
    assert_eq!((told.status, text(&told.json["vouch"]["durability"])), (200, "none"));
    let degraded = told.json["vouch"]["degraded"].as_array().unwrap();
    assert!(degraded.contains(&json!("ledger")), "{degraded:?}");
    server.disk.set(Mood::Well);
}

/// Where a body is changed, to what, and which member is named.
#[tokio::test]
async fn what_is_not_understood_is_refused_by_name() {
    let server = Server::new();
    for (call, body, at, value, named) in [
        ("checkouts", CHECKOUT, "/orderId", json!(""), "/orderId"),
        ("checkouts", CHECKOUT, "/orderId", json!("a b\n"), "/orderId"),
        ("checkouts", CHECKOUT, "/purchase/totalPrice", json!("many"), "/purchase/totalPrice"),
        ("checkouts", CHECKOUT, "/purchase/currency", json!("no"), "/purchase/currency"),
        ("checkouts", CHECKOUT, "/purchase/products", json!(7), "/purchase/products"),
        (
            "checkouts",
            CHECKOUT,
            "/purchase/products/0/itemQuantity",
            json!(-1),
            "/purchase/products/0/itemQuantity",
        ),
        (
            "checkouts",
            CHECKOUT,
            "/transactions/0/paymentMethod",
            json!("SEASHELLS"),
            "/transactions/paymentMethod",
        ),
        (
            "checkouts",
            CHECKOUT,
            "/transactions/0/checkoutPaymentDetails/cardLast4",
            json!("4111111111111111"),
            "/transactions/0/checkoutPaymentDetails/cardLast4",
        ),
        ("checkouts", CHECKOUT, "/transactions", json!([{}, {}]), "/transactions"),
        ("sales", SALE, "/decisionDelivery", json!("ASYNC_ONLY"), "/decisionDelivery"),
        (
            "transactions",
            TRANSACTION,
            "/transactions/gatewayStatusCode",
            json!("MAYBE"),
            "/transactions/0/gatewayStatusCode",
        ),
        ("fulfillments", FULFILLMENT, "/fulfillments", json!([]), "/fulfillments"),
        ("fulfillments", FULFILLMENT, "/fulfillmentStatus", json!("LOST"), "/fulfillmentStatus"),
        ("returns/records", RETURN, "/refund/amount", json!("49.99"), "/refund/amount"),
        (
            "returns/records",
            RETURN,
            "/refund/amount",
            json!("100000000000000001"),
            "/refund/amount",
        ),
        ("returns/records", RETURN, "/refund/method", json!("CASH"), "/refund/method"),
    ] {
        let answer = asked(&server, call, &with(of(body), at, value.clone())).await;
        assert_eq!(answer.status, 400, "{call} {at} {value}: {}", answer.text);
        assert!(answer.json["errors"][named][0].is_string(), "{call} {at}: {}", answer.text);
        assert_eq!(answer.json["errors"][named][0], answer.json["messages"][0]);
        assert!(!answer.text.contains("4111"), "{}", answer.text);
    }
    assert_eq!(events(&server), []);
}

#[tokio::test]
async fn what_nobody_knows_is_said_and_costs_no_answer() {
    let server = Server::new();
    let mut body = of(CHECKOUT);
    body["merchantPlatform"] = json!({"name": "own", "jane@example.com": 1});
    body["purchase"]["products"][0]["itemUrl"] = json!("https://example.com/");
    body["purchase"]["products"][0]["itemCategory"] = json!("x".repeat(65));
    let answer = asked(&server, "checkouts", &body).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let told: Vec<_> = answer.json["vouch"]["warnings"].as_array().unwrap().iter().collect();
    let pointers: Vec<_> = told.iter().map(|warning| text(&warning["pointer"])).collect();
    let expected = [
        "/purchase/products/0/itemCategory",
        "/purchase/products/0/itemUrl",
        "/merchantPlatform/name",
        "/merchantPlatform/…",
    ];
    assert_eq!(
        pointers.iter().collect::<std::collections::BTreeSet<_>>(),
        expected.iter().collect(),
        "{told:?}"
    );
}

/// Hyperswitch sends the key alone, without the colon that Basic has.
#[tokio::test]
async fn the_key_alone_is_the_credential() {
    let keyed = Keyed::new(Server::new(), &["ann"]);
    let key = &keyed.keys[0].1;
    let ask = |credential: String| {
        let value = format!("Basic {}", base64::prelude::BASE64_STANDARD.encode(credential));
        let request = Request::builder()
            .method(Method::POST)
            .uri("/signifyd/v3/orders/events/sales")
            .header("authorization", value)
            .header("content-type", "application/json");
        keyed.server.router.clone().oneshot(request.body(Body::from(SALE)).unwrap())
    };
    for (credential, status) in [
        (key.clone(), 200),
        (format!("{key}:"), 200),
        (format!("x{key}"), 401),
        (String::new(), 401),
    ] {
        assert_eq!(ask(credential).await.unwrap().status(), status);
    }
}
