//! Erasing a person: what came before their sale, or names nobody, goes as well.

use super::packets::indexed;
use super::webhooks::{SECRET, event};
use super::*;
use crate::domain::Timestamp;
use crate::ledger::{EntryKind, Personal, Reader, verify};

/// What only the buyer can have said.
const PLANTED: [&str; 5] =
    ["Jane Planted", "jane@planted.example", "81.2.69.160", "LIC-1", "Agent/7"];

fn settings() -> Settings {
    Settings { index: true, ..Settings::default() }
}

fn hearing(server: Server) -> Server {
    let file = server.dir.path().join("webhook-secrets");
    std::fs::write(&file, format!("{SECRET}\n")).unwrap();
    server.hearing(&file)
}

fn dispute(id: &str, status: &str, charge: &str) -> Value {
    json!({"object": "dispute", "id": id, "amount": 4900, "currency": "eur", "charge": charge,
        "created": 1_700_000_000, "status": status, "reason": "fraudulent",
        "evidence": {"customer_name": "Jane Planted", "customer_email_address": "jane@planted.example",
            "customer_purchase_ip": "81.2.69.160"},
        "evidence_details": {"due_by": 4_000_000_000_u64},
        "payment_method_details": {"type": "card", "card": {"network": "visa",
            "network_reason_code": "10.4", "case_type": "chargeback"}}})
}

fn sale(id: &str, account: Value) -> Value {
    let sale = with(purchase(id), "/account", account);
    let sale = with(sale, "/device/ip", json!("81.2.69.160"));
    with(sale, "/card", json!({"fingerprint": format!("fp-{id}"), "bin": "457173"}))
}

fn told(id: &str, kind: &str, members: &Value) -> Value {
    let mut event = json!({"event_id": id, "type": kind, "event_time": "2020-11-20T10:00:05Z",
        "ip": "81.2.69.160", "user_agent": "Agent/7"});
    event.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    event
}

fn good(answer: &Answer) {
    assert!(answer.status < 300, "{answer:?}");
}

/// What Stripe tells before it knows of a sale.
fn messages() -> [Value; 3] {
    let opened = dispute("dp_1", "needs_response", "ch_1");
    let paid = json!({"object": "payment_intent", "id": "pi_1", "latest_charge": "ch_1",
        "amount": 4900, "currency": "eur", "receipt_email": "jane@planted.example"});
    let customer = json!({"object": "customer", "email": "jane@planted.example",
        "name": "Jane Planted"});
    [
        event("evt_1", "charge.dispute.created", 400, opened),
        event("evt_2", "payment_intent.succeeded", 400, paid),
        event("evt_3", "customer.updated", 400, customer),
    ]
}

/// Events of a sale, and of a stranger on the same machine.
fn events() -> [Value; 6] {
    let approved = json!({"transaction_id": "tx-1", "data": {"outcome": "approved"}});
    let guest = json!({"account_id": "acc-1", "transaction_id": "tx-guest"});
    [
        told("e-1", "licence.activated", &json!({"licence_key": "LIC-1"})),
        told("e-2", "auth.result", &approved),
        told("e-3", "support.message", &json!({"order_id": "o-1"})),
        told("e-4", "session.login", &guest),
        told("x-1", "licence.activated", &json!({"licence_key": "LIC-2", "user_agent": "Other/1"})),
        told("x-2", "session.login", &json!({"account_id": "acc-2", "user_agent": "Other/1"})),
    ]
}

fn neutral(status: &str) -> String {
    json!({"id": "dp_2", "processor": "adyen", "status": status,
        "processor_status": format!("{status} of Jane Planted"), "payment_reference": "ch_1",
        "amount": {"value": "49.00", "currency": "EUR"}, "opened_at": "2020-11-25T10:00:00Z"})
    .to_string()
}

/// Messages and events of a sale, the sale, and its end; beside them those of a stranger.
async fn lived(server: &Server) {
    for message in messages() {
        good(&server.hear(&message).await);
    }
    good(&server.post("/v1/disputes", neutral("needs_response")).await);
    for event in events() {
        good(&server.event(&event).await);
    }
    let report = json!({"tag": "chargeback", "transaction_id": "tx-1"});
    good(&server.post("/minfraud/v2.0/transactions/report", report.to_string()).await);
    let jane = json!({"id": "acc-1", "email": "jane@planted.example", "name": "Jane Planted"});
    let mut first = with(sale("tx-1", jane), "/payment", json!({"processor_reference": "ch_1"}));
    first["order_id"] = json!("o-1");
    first["fulfilment"] = json!({"method": "licence_key", "licence_key": "LIC-1"});
    let guest = sale("tx-guest", json!({"email": "jane@planted.example"}));
    let other = sale("tx-other", json!({"id": "acc-2", "name": "John Other"}));
    for sale in [first, guest, other] {
        good(&server.score(&sale).await);
    }
    indexed(server).await;
    assert!(erased(server).await.unwrap_err().contains("dp_"), "a dispute is open");
    let won = event("evt_4", "charge.dispute.closed", 100, dispute("dp_1", "won", "ch_1"));
    good(&server.hear(&won).await);
    good(&server.post("/v1/disputes", neutral("won")).await);
    indexed(server).await;
}

async fn order(server: &Server, what: &str, body: Value) -> Answer {
    server.post(&format!("/v1/accounts/acc-1/{what}"), body.to_string()).await
}

/// Keys destroyed, or why none.
async fn erased(server: &Server) -> Result<u64, String> {
    let answer = order(server, "erase", json!({"by": "dpo"})).await;
    if answer.status == 200 {
        return Ok(answer.json["keys"].as_u64().unwrap());
    }
    assert_eq!(answer.error(), (409, "held", ""));
    Err(text(&answer.json["error"]["message"]).to_owned())
}

/// Everything sealed that can still be read, by entry.
fn readable(server: &Server) -> Vec<(String, String)> {
    let reader = Reader::open(server.dir.path(), None).unwrap();
    let entries = reader.scan(None).unwrap().map(Result::unwrap);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    entries
        .filter(|entry| entry.kind != EntryKind::Admin)
        .filter_map(|entry| match entry.personal().unwrap() {
            Personal::Readable(bytes) => Some((entry.id, text(bytes))),
            _ => None,
        })
        .collect()
}

fn is_planted(text: &str) -> bool {
    PLANTED.iter().any(|planted| text.contains(planted))
}

/// What the server says of all of it.
async fn answers(server: &Server) -> Vec<String> {
    indexed(server).await;
    let mut answers = Vec::new();
    for path in [
        "decisions/tx-1",
        "decisions/tx-guest",
        "disputes/dp_1/packet",
        "disputes/dp_2/packet",
        "worklist",
        "reviews",
    ] {
        let answer = server.get(&format!("/v1/{path}")).await;
        answers.push(format!(
            "{} {}",
            answer.status,
            answer.text.split("request_id").next().unwrap()
        ));
    }
    for id in ["dp_1", "dp_2"] {
        answers.push(format!("{:?}", server.case(id).await));
    }
    answers
}

#[tokio::test]
async fn an_erasure_reaches_what_came_before_the_sale_and_what_names_nobody() {
    let server = hearing(Server::with(settings()));
    lived(&server).await;
    assert!(
        answers(&server).await.iter().any(|answer| answer.contains("Won")),
        "two closed disputes"
    );
    assert!(erased(&server).await.unwrap() > 5);
    let left: Vec<String> = readable(&server).into_iter().map(|(id, _)| id).collect();
    let first = answers(&server).await;
    // The stranger's.
    assert_eq!(left, ["x-1", "x-2", "tx-other"]);
    assert!(!first.iter().any(|answer| is_planted(answer)), "{first:?}");

    // A message of the ended dispute that comes late does not open it again.
    let late =
        event("evt_late", "charge.dispute.updated", 300, dispute("dp_1", "needs_response", "ch_1"));
    assert_eq!(server.hear(&late).await.status, 200);
    indexed(&server).await;
    assert!(server.case("dp_1").await.is_none());
    server.state.watch_deadlines(Timestamp::from_millis(4_000_000_000_000 - 3_600_000)).await;
    indexed(&server).await;
    let reader = Reader::open(server.dir.path(), None).unwrap();
    let alarms = reader
        .scan(None)
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().id.starts_with("dispute-alarm"));
    assert_eq!(alarms.count(), 0);
    assert_eq!(erased(&server).await.unwrap(), 1, "what came late");
    assert_eq!(answers(&server).await, first);

    let Server { dir, router, state, .. } = server;
    drop((router, state));
    std::fs::remove_file(dir.path().join("index.sqlite")).unwrap();
    let report = verify(dir.path(), None, &mut |_, _| {}).unwrap();
    assert_eq!((report.finding, report.erased > 5), (None, true));
    let server = hearing(Server::on(dir, settings()));
    assert_eq!(answers(&server).await, first);
    assert_eq!(readable(&server).len(), 3);
}

#[tokio::test]
async fn a_person_is_given_what_is_held_and_a_hold_keeps_it() {
    let server = hearing(Server::with(settings()));
    lived(&server).await;
    let unknown = server.get("/v1/accounts/nobody/export").await;
    assert_eq!(unknown.error(), (404, "not_found", ""));
    let export = server.get("/v1/accounts/acc-1/export?by=dpo").await;
    assert_eq!(export.status, 200, "{export:?}");
    for planted in PLANTED {
        assert!(export.text.contains(planted), "{planted}");
    }
    for other in ["Other/1", "John Other", "LIC-2", "tx-other"] {
        assert!(!export.text.contains(other), "{other}");
    }
    let words = text(&export.json["transactions"][0]["in_words"]);
    assert!(words.starts_with("It was "), "{words}");
    let told: Vec<_> = ["transactions", "events", "dispute_events", "labels", "reviews"]
        .into_iter()
        .flat_map(|list| export.json[list].as_array().unwrap())
        .map(|told| told["sequence"].as_u64().unwrap())
        .collect();
    assert_eq!(told.len(), readable(&server).len() - 3, "all but the stranger's");
    let disputes = export.json["disputes"].as_array().unwrap();
    let ends: Vec<_> = disputes.iter().map(|of| (text(&of["id"]), text(&of["status"]))).collect();
    assert_eq!(ends, [("dp_1", "won"), ("dp_2", "won")]);

    assert_eq!(
        order(&server, "hold", json!({"reason": " "})).await.error(),
        (422, "invalid_field", "/reason")
    );
    assert_eq!(order(&server, "release", json!({})).await.error(), (404, "not_found", ""));
    assert_eq!(
        order(&server, "hold", json!({"reason": "matter 17", "by": "legal"})).await.status,
        200
    );
    let held = server.get("/v1/accounts/acc-1/export").await;
    assert_eq!(held.json["hold"]["reason"], "matter 17");
    assert!(erased(&server).await.unwrap_err().contains("matter 17"));
    assert_eq!(order(&server, "release", json!({"by": "legal"})).await.status, 200);
    assert!(erased(&server).await.unwrap() > 5);
    let gone = server.get("/v1/accounts/acc-1/export").await;
    // Two messages said whose they were in words that are gone.
    let left = json!(told.len() - 2);
    assert_eq!((&gone.json["transactions"], &gone.json["erased"]), (&json!([]), &left));
    let reader = Reader::open(server.dir.path(), None).unwrap();
    let acts: Vec<_> = reader
        .scan(None)
        .unwrap()
        .only(EntryKind::Admin)
        .map(|entry| entry.unwrap().id.split('-').next().unwrap().to_owned())
        .collect();
    let export = "person.export";
    assert_eq!(acts, [export, "person.hold", export, "person.release", "person.erase", export]);
}
