//! Plans over HTTP, and what settles a case in the receipt of a report.

use super::packets::{disputed, indexed};
use super::*;

#[tokio::test]
async fn a_plan_has_facts_evidence_and_what_to_do() {
    let server = disputed().await;
    let plan = server.get("/v1/disputes/dp_4visa131/plan").await;
    assert_eq!(plan.status, 200, "{plan:?}");
    let facts = plan.json["settled"]["invalid"].as_array().unwrap();
    let ids: Vec<&str> = facts.iter().map(|fact| fact["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["V131-1", "V131-2"]);
    assert_eq!(facts[0]["answer"], json!("unknown"));
    assert_eq!(facts[0]["missing"][0]["event"], json!("cancel.requested"));
    assert_eq!(
        (&facts[1]["answer"], &facts[1]["source"]),
        (&json!("unknown"), &json!("visa-rules"))
    );
    let exhibits = plan.json["exhibits"].as_array().unwrap();
    let named = |name: &str| exhibits.iter().find(|item| item["name"] == json!(name)).unwrap();
    assert_eq!(named("delivery")["present"], json!(true));
    assert_eq!(named("use")["how"]["event"], json!("session.action"));
    assert_eq!(plan.json["deadline"]["source"], json!("evidence_details.due_by"));
    for path in
        ["/v1/disputes/dp_none/plan".to_owned(), format!("/v1/disputes/{}/plan", "x".repeat(300))]
    {
        assert_eq!(server.get(&path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn a_report_is_answered_with_what_settles_it() {
    let server = disputed().await;
    let report = json!({"id": "dp-9", "processor": "adyen", "network": "visa", "network_reason_code": "13.3",
        "amount": {"value": "49.00", "currency": "EUR"}, "opened_at": "2020-11-25T10:00:00Z",
        "transaction_id": "tx-1"});
    let answer = server.post("/v1/disputes", report.to_string()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let facts = answer.json["settled"]["invalid"].as_array().unwrap();
    let early = facts.iter().find(|fact| fact["id"] == json!("V133-2")).unwrap();
    assert_eq!(early["answer"], json!("holds"), "{early}");
    assert_eq!(early["records"][0]["kind"], json!("event"));
    indexed(&server).await;
}

/// What a dispute would be won by is no reason to approve: not even the facts that make one invalid.
#[tokio::test]
async fn what_would_settle_a_dispute_moves_no_decision() {
    let mut told = Vec::new();
    for cryptogram in [json!(null), json!("none"), json!("cavv"), json!("tavv")] {
        let server = Server::with(Settings::default());
        let three_ds = json!({"eci": "05", "version": "2.2.0", "cryptogram": cryptogram});
        let answer = server.score(&with(purchase("tx-1"), "/card/three_ds", three_ds)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        told.push(["action", "delivery", "costs"].map(|name| answer.json[name].clone()));
    }
    assert!(told.iter().all(|one| *one == told[0]), "{told:?}");
}
