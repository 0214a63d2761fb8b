//! The minFraud format over the router: nothing odd costs an answer, and a retry moves nothing.
//! `tests/minfraud_client` runs the real clients.

use super::*;
use crate::config::OnSlowDisk;
use crate::domain::TransactionId;

async fn asked(server: &Server, call: &str, body: &Value) -> (u16, Value) {
    let request = Request::post(format!("/minfraud/v2.0/{call}"))
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()))
        .unwrap();
    let response = server.router.clone().oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

/// A body with every input.
fn whole() -> Value {
    let address = json!({
        "first_name": "Jane", "last_name": "Doe", "company": "C", "address": "1 Road", "address_2": "2",
        "city": "London", "region": "ENG", "country": "GB", "postal": "EC1A 1BB",
        "phone_number": "2071838750", "phone_country_code": "44",
    });
    json!({
        "event": {"transaction_id": "txn-1", "shop_id": "s-1", "time": "2026-01-12T23:20:50Z",
            "type": "purchase", "party": "customer"},
        "account": {"user_id": "3132", "username_md5": "4f9726678c438914fa04bdb8c1a24088"},
        "email": {"address": "test@example.com", "domain": "example.com"},
        "billing": address.clone(), "shipping": address,
        "payment": {"method": "card", "processor": "stripe", "was_authorized": false,
            "decline_code": "invalid number"},
        "credit_card": {"issuer_id_number": "457173", "last_digits": "7643", "bank_name": "Bank",
            "bank_phone_country_code": "1", "bank_phone_number": "123", "country": "GB",
            "avs_result": "Y", "cvv_result": "N", "was_3d_secure_successful": true, "token": "fp_1"},
        "order": {"amount": 323.21, "currency": "EUR", "discount_code": "F", "affiliate_id": "a",
            "subaffiliate_id": "b", "referrer_uri": "https://example.com/", "is_gift": true,
            "has_gift_message": false},
        "shopping_cart": [{"category": "c", "item_id": "i", "quantity": 2, "price": 20.43}],
        "device": {"ip_address": "81.2.69.142", "user_agent": "Mozilla/5.0", "session_id": "s",
            "session_age": 3600.5, "accept_language": "en-GB", "tracking_token": "t"},
        "custom_inputs": {"any": 7, "account_age_days": 3, "trial": false, "renewal": 0, "retry_n": 1,
            "invoice_id": "in-1", "license_key_hash": "lk", "terms_version": "1",
            "delivery_mode": "licence_key", "device_fp": "d-1", "price_region": "GB", "plan": "pro"},
    })
}

fn warned(answer: &Value) -> Vec<(&str, &str)> {
    let warnings = answer["warnings"].as_array().into_iter().flatten();
    warnings.map(|w| (text(&w["code"]), text(&w["input_pointer"]))).collect()
}

#[tokio::test]
async fn every_input_has_its_place() {
    let server = Server::new();
    let (status, answer) = asked(&server, "insights", &whole()).await;
    assert_eq!((status, warned(&answer)), (200, vec![]), "{answer}");
    assert_eq!(answer["ip_address"]["country"]["iso_code"], "GB", "{answer}");
    assert_eq!(answer["billing_phone"]["country"], "GB", "{answer}");
    let (status, kept) = asked(&server, "score", &whole()).await;
    assert_eq!((status, &kept["id"]), (200, &answer["id"]));
    assert!(kept.get("ip_address").is_none());
    let found = server.get("/v1/decisions/txn-1").await.json;
    let id = text(&answer["id"]).replace('-', "");
    assert_eq!(text(&found["decision_id"]), format!("d-{id}"));
}

#[tokio::test]
async fn no_value_costs_an_answer() {
    let server = Server::new();
    let odd = [
        json!(null),
        json!(true),
        json!(-1),
        json!(1e300),
        json!(""),
        json!("\u{0}"),
        json!("é".repeat(300)),
        json!([]),
        json!([[1]]),
        json!({}),
        json!({"a": 1}),
    ];
    let base = whole();
    for (group, members) in base.as_object().unwrap() {
        let names: Vec<_> =
            members.as_object().into_iter().flatten().map(|(name, _)| name).collect();
        for value in &odd {
            let changed = with(base.clone(), &format!("/{group}"), value.clone());
            let (status, answer) = asked(&server, "score", &changed).await;
            assert_eq!(status, 200, "{group} {value}: {answer}");
            for name in &names {
                let changed = with(base.clone(), &format!("/{group}/{name}"), value.clone());
                let (status, answer) = asked(&server, "factors", &changed).await;
                assert_eq!(status, 200, "{group}/{name} {value}: {answer}");
                assert!(answer["risk_score"].is_number());
            }
        }
    }
}

#[tokio::test]
async fn a_retry_moves_no_counter() {
    let server = Server::new();
    let engine = &server.state.engine;
    let mut timeless = whole();
    timeless["event"].as_object_mut().unwrap().remove("time");
    for mut body in [whole(), timeless] {
        for id in [json!("txn-9"), json!(null)] {
            body["event"]["transaction_id"] = id.clone();
            let (_, first) = asked(&server, "score", &body).await;
            let known = engine.known_ids();
            for _ in 0..3 {
                let (_, again) = asked(&server, "factors", &body).await;
                assert_eq!(again["id"], first["id"], "{id}");
            }
            assert_eq!(engine.known_ids(), known, "{id}");
        }
    }
    let id = TransactionId::new("txn-9").unwrap();
    assert!(engine.is_known(&TenantId::default_tenant(), &id));
}

#[tokio::test]
async fn a_report_labels_the_sale_once() {
    let server = Server::new();
    let (_, answer) = asked(&server, "score", &whole()).await;
    let known = server.state.engine.known_ids();
    let report =
        json!({"tag": "chargeback", "chargeback_code": "10.4", "minfraud_id": answer["id"]});
    for _ in 0..2 {
        assert_eq!(asked(&server, "transactions/report", &report).await.0, 204);
        assert_eq!(server.state.engine.known_ids(), known + 1);
    }
    let nobody = json!({"tag": "chargeback", "ip_address": "81.2.69.142"});
    let (status, error) = asked(&server, "transactions/report", &nobody).await;
    assert_eq!((status, text(&error["code"])), (400, "TRANSACTION_ID_REQUIRED"));
}

#[tokio::test]
async fn a_report_reaches_every_scoring_of_a_transaction() {
    let server = Server::with(Settings { index: true, ..Settings::default() });
    let scored = |order: Value, id: &str| {
        let mut body = whole();
        body["order"] = order;
        body["event"]["transaction_id"] = json!(id);
        body
    };
    let mut ids = Vec::new();
    for (amount, id) in [(100, "txn-1"), (200, "txn-1"), (300, "txn-1"), (100, "txn-2")] {
        let body = scored(json!({"amount": amount, "currency": "EUR"}), id);
        ids.push(asked(&server, "score", &body).await.1["id"].clone());
    }
    let known = server.state.engine.known_ids();
    // By the second scoring, then by the transaction: three labels each, and none of the other.
    for (report, labels) in [
        (json!({"tag": "chargeback", "minfraud_id": ids[1]}), 3),
        (json!({"tag": "chargeback", "minfraud_id": ids[1]}), 3),
        (json!({"tag": "chargeback", "transaction_id": "txn-1"}), 6),
        (json!({"tag": "chargeback", "transaction_id": "txn-2"}), 7),
        (json!({"tag": "chargeback", "transaction_id": "txn-3"}), 8),
    ] {
        assert_eq!(asked(&server, "transactions/report", &report).await.0, 204);
        assert_eq!(server.state.engine.known_ids(), known + labels, "{report}");
    }
}

fn hasty(policy: OnSlowDisk) -> Settings {
    let server = ServerConfig { default_deadline_ms: 20, ..ServerConfig::default() };
    let ledger = LedgerSettings { on_slow_disk_score: policy, ..LedgerSettings::default() };
    Settings { server, ledger, ..Settings::default() }
}

#[tokio::test]
async fn a_report_sent_again_waits_for_the_first_one() {
    let server = Server::with(hasty(OnSlowDisk::Unavailable));
    server.disk.set(Mood::Stalled);
    let report = json!({"tag": "chargeback", "transaction_id": "txn-1"});
    for _ in 0..3 {
        assert_eq!(asked(&server, "transactions/report", &report).await.0, 503);
    }
    server.disk.set(Mood::Well);
    let waited = crate::clock::Stopwatch::start();
    while asked(&server, "transactions/report", &report).await.0 != 204 {
        assert!(waited.elapsed().as_secs() < 20);
    }
    assert_eq!(server.state.engine.known_ids(), 1);
}

#[tokio::test]
async fn what_the_issuer_said_is_kept_whenever_it_comes() {
    let server = Server::new();
    let engine = &server.state.engine;
    let silent = with(whole(), "/payment", json!({"method": "card", "processor": "stripe"}));
    let (_, first) = asked(&server, "score", &silent).await;
    assert_eq!(engine.known_ids(), 1);
    let refused = with(whole(), "/payment/decline_code", json!("4111111111111111"));
    for (body, known) in [(whole(), 2), (refused, 2), (silent, 2)] {
        let (status, answer) = asked(&server, "score", &body).await;
        assert_eq!((status, &answer["id"], engine.known_ids()), (200, &first["id"], known));
    }
    let coded = with(whole(), "/payment/decline_code", json!("4111111111111111"));
    let coded = with(coded, "/event/transaction_id", json!("txn-2"));
    assert_eq!((asked(&server, "score", &coded).await.0, engine.known_ids()), (200, 4));
}

#[tokio::test]
async fn what_the_issuer_said_is_answered_by_policy() {
    for (policy, status) in [(OnSlowDisk::AnswerPending, 200), (OnSlowDisk::Unavailable, 503)] {
        let server = Server::with(hasty(policy));
        let silent = with(whole(), "/payment/was_authorized", json!(null));
        let mut first = 503;
        while first != 200 {
            first = asked(&server, "score", &silent).await.0;
        }
        for mood in [Mood::Stalled, Mood::Full] {
            server.disk.set(mood);
            assert_eq!(asked(&server, "score", &whole()).await.0, status, "{mood:?}");
        }
        server.disk.set(Mood::Well);
    }
}

#[tokio::test]
async fn a_second_scoring_is_of_the_same_invoice_under_an_id_that_fits() {
    let server = Server::new();
    let mut body = with(whole(), "/event/transaction_id", json!("é".repeat(60)));
    body["custom_inputs"].as_object_mut().unwrap().remove("invoice_id");
    let (status, first) = asked(&server, "score", &body).await;
    let changed = with(body, "/order/amount", json!(324.21));
    let (again, second) = asked(&server, "score", &changed).await;
    assert_eq!((status, again), (200, 200), "{second}");
    assert_ne!(first["id"], second["id"]);
}
