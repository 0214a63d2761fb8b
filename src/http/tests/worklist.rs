//! What the worklist counts of a ledger.

use super::packets::{disputed, indexed};
use super::*;
use crate::clock;
use crate::disputes::DisputeStore;
use crate::disputes::worklist::Month;
use crate::domain::TenantId;
use crate::engine::Cases;

#[tokio::test]
async fn what_was_valued_is_given_again() {
    let server = disputed().await;
    let first = server.get("/v1/worklist?limit=10").await;
    assert_eq!((first.status, &first.json["rest"]), (200, &json!(0)), "{first:?}");
    let sale = server.score(&purchase("tx-2")).await;
    assert_eq!(sale.status, 200);
    let warning = with(auth_result("w-1"), "/type", json!("fraud.warning"));
    let warning = with(warning, "/data", json!({}));
    let now = clock::now().plus_millis(-1_000).to_string();
    let warning = with(with(warning, "/event_time", json!(now)), "/transaction_id", json!("tx-2"));
    assert_eq!(server.event(&warning).await.status, 200);
    indexed(&server).await;
    let again = server.get("/v1/worklist").await;
    assert_eq!(again.json["items"], first.json["items"]);
    *server.state.worklists.of(&TenantId::default_tenant()).lock().await = None;
    let anew = server.get("/v1/worklist").await;
    let items = |answer: &Answer| answer.json["items"].as_array().unwrap().len();
    assert_eq!(items(&anew), items(&first) + 1, "{anew:?}");
}

#[tokio::test]
async fn a_sale_counts_unless_it_is_known_to_be_unpaid() {
    let server = Server::with(Settings { index: true, ..Settings::default() });
    for number in 1..=5 {
        assert_eq!(server.score(&purchase(&format!("tx-{number}"))).await.status, 200);
    }
    // 1 is captured; 2 declined; 3 declined, then approved; 4 declined, then captured; of 5 nothing is known.
    for (number, (sale, kind, outcome)) in [
        ("tx-1", "capture", None),
        ("tx-2", "auth.result", Some("declined")),
        ("tx-3", "auth.result", Some("declined")),
        ("tx-3", "auth.result", Some("approved")),
        ("tx-4", "auth.result", Some("declined")),
        ("tx-4", "capture", None),
    ]
    .into_iter()
    .enumerate()
    {
        let event = with(auth_result(&format!("e-{number}")), "/type", json!(kind));
        let event = with(event, "/transaction_id", json!(sale));
        let data = outcome.map_or(json!({}), |outcome| json!({"outcome": outcome}));
        let answer = server.event(&with(event, "/data", data)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    indexed(&server).await;
    let dir = server.dir.path().to_owned();
    let counted = tokio::task::spawn_blocking(move || {
        let cases = Cases::open(&dir, None, TenantId::default_tenant(), clock::now()).unwrap();
        cases.card_sales(Month::of("2020-11-20T10:00:00Z".parse().unwrap())).unwrap()
    });
    let sales = counted.await.unwrap();
    assert!(sales.whole);
    assert_eq!(sales.sales, [("visa".to_owned(), 4)].into());
}
