//! Stripe's webhook: who may send, what becomes of it, in whatever order it comes.

use super::*;
use crate::clock;
use crate::config::Config;
use crate::disputes::DisputeStore;
use crate::disputes::stripe::signature;
use crate::domain::{Dispute, EventKind, LabelClass};
use crate::engine::{Cases, EngineError};
use crate::ledger::Reader;

pub(super) const SECRET: &str = "whsec_of_the_default_tenant";
const PATH: &str = "/v1/webhooks/stripe";

/// A server that hears Stripe, with one scored sale.
async fn hearing() -> Server {
    let server = Server::with(Settings { index: true, ..Settings::default() });
    let file = server.dir.path().join("webhooks");
    std::fs::write(&file, format!("{SECRET}\nshop-2 whsec_of_the_second_tenant\n")).unwrap();
    let server = server.hearing(&file);
    let sale = with(purchase("tx-1"), "/payment", json!({"processor_reference": "ch_1"}));
    assert_eq!(server.score(&sale).await.status, 200);
    server
}

impl Server {
    pub(super) fn hearing(self, file: &Path) -> Self {
        let text = format!("[stripe]\nwebhook_secrets = {:?}", file.to_str().unwrap());
        let stripe = Config::parse(&text, Path::new("test.toml")).unwrap().stripe;
        let state = self.state.clone().hearing_stripe(stripe.webhook_secrets(), stripe);
        Self { router: router(state.clone()), state, ..self }
    }

    pub(super) async fn hear(&self, message: &Value) -> Answer {
        let body = message.to_string();
        let signature = signature::header(SECRET, body.as_bytes(), clock::now());
        self.hear_signed(body, &signature).await
    }

    async fn hear_signed(&self, body: String, signature: &str) -> Answer {
        let request = Request::post(PATH).header("stripe-signature", signature);
        self.ask(request.body(Body::from(body)).unwrap()).await
    }

    pub(super) async fn case(&self, id: &str) -> Option<Dispute> {
        let (dir, id) = (self.dir.path().to_owned(), id.to_owned());
        let read = move || -> Result<_, EngineError> {
            let cases = Cases::open(&dir, None, TenantId::default_tenant(), clock::now())?;
            cases.dispute(&crate::domain::DisputeId::new(&id).unwrap())
        };
        tokio::task::spawn_blocking(read).await.unwrap().unwrap()
    }

    /// Types of all events recorded for a tenant, and the raw messages, in the order recorded.
    fn recorded(&self, tenant: &str) -> Vec<(String, Option<LabelClass>)> {
        let reader = Reader::open(self.dir.path(), None).unwrap();
        let entries = reader.scan(None).unwrap().map(Result::unwrap);
        entries
            .filter(|entry| entry.tenant.as_str() == tenant)
            .filter_map(|entry| crate::engine::read_open_event(&entry).unwrap())
            .map(|facts| (facts.kind.word().to_owned(), facts.label))
            .collect()
    }
}

pub(super) fn event(id: &str, kind: &str, seconds_ago: i64, object: Value) -> Value {
    let created = clock::now().millis() / 1_000 - seconds_ago;
    let mut event = json!({"object": "event", "id": id, "type": kind, "created": created});
    event["data"] = json!({});
    event["data"]["object"] = object;
    event
}

fn dispute(status: &str) -> Value {
    json!({"object": "dispute", "id": "dp_1", "amount": 4900, "currency": "eur",
        "charge": "ch_1", "created": 1_700_000_000, "status": status, "reason": "fraudulent",
        "evidence_details": {"due_by": 1_900_000_000},
        "payment_method_details": {"type": "card", "card": {"network": "visa",
            "network_reason_code": "10.4", "case_type": "chargeback"}}})
}

/// A case from its opening to its end.
fn case() -> [Value; 4] {
    [
        event("evt_1", "charge.dispute.created", 400, dispute("needs_response")),
        event("evt_2", "charge.dispute.funds_withdrawn", 400, dispute("needs_response")),
        event("evt_3", "charge.dispute.updated", 300, dispute("under_review")),
        event("evt_4", "charge.dispute.closed", 100, dispute("won")),
    ]
}

#[tokio::test]
async fn any_order_and_repetition_end_in_the_same_state() {
    let case = case();
    let mut ends = Vec::new();
    for order in [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2], [2, 0, 3, 1], [3, 0, 1, 2]] {
        let server = hearing().await;
        for place in order {
            let answer = server.hear(&case[place]).await;
            assert_eq!((answer.status, &answer.json["repeated"]), (200, &json!(false)));
            assert_eq!(answer.json["transaction_id"], "tx-1", "{answer:?}");
            let again = server.hear(&case[order[0]]).await;
            assert_eq!((again.status, &again.json["repeated"]), (200, &json!(true)));
        }
        let mut recorded = server.recorded("default");
        recorded.sort();
        ends.push((server.case("dp_1").await.unwrap(), recorded));
    }
    let (state, recorded) = &ends[0];
    assert_eq!((state.status.word(), state.stage.word()), ("won", "chargeback"));
    assert_eq!(state.transaction_id.as_ref().unwrap().as_str(), "tx-1");
    assert_eq!(recorded.len(), 5, "four messages and one label: {recorded:?}");
    assert!(recorded.contains(&("label".to_owned(), Some(LabelClass::FirstPartyMisuse))));
    assert!(ends.iter().all(|end| *end == ends[0]), "{ends:?}");
}

#[tokio::test]
async fn only_what_is_signed_and_fresh_is_taken() {
    let server = hearing().await;
    let body = case()[0].to_string();
    let now = clock::now();
    let sign =
        |seconds: i64| signature::header(SECRET, body.as_bytes(), now.plus_millis(seconds * 1_000));
    let other = signature::header("whsec_of_somebody_else", body.as_bytes(), now);
    let changed = body.replacen("4900", "4901", 1);
    for (body, signature) in [
        (&body, sign(-400).as_str()),
        (&body, sign(400).as_str()),
        (&body, other.as_str()),
        (&body, "t=1,v1="),
        (&body, ""),
        (&changed, sign(0).as_str()),
    ] {
        let answer = server.hear_signed(body.clone(), signature).await;
        assert_eq!(answer.error(), (401, "bad_signature", ""), "{signature}");
    }
    assert_eq!(server.post(PATH, body.clone()).await.status, 401);
    let page = server.get("/metrics").await.text;
    assert!(page.contains("vouch_not_admitted_total{error=\"bad_signature\"} 7"), "{page}");
    assert!(server.case("dp_1").await.is_none());
    let long = " ".repeat(2 << 20);
    let signature = signature::header(SECRET, long.as_bytes(), now);
    assert_eq!(server.hear_signed(long, &signature).await.status, 413);
    // An old secret and a new one, either first.
    let both = format!("{},{}", other, sign(0).split_once(',').unwrap().1);
    assert_eq!(server.hear_signed(body, &both).await.status, 200);
    let page = server.get("/metrics").await.text;
    assert!(
        page.contains("vouch_webhooks_total{processor=\"stripe\",outcome=\"taken\"} 1"),
        "{page}"
    );
}

#[tokio::test]
async fn the_secret_tells_the_tenant_and_without_one_there_is_no_webhook() {
    let server = hearing().await;
    let body = case()[0].to_string();
    let signature = signature::header("whsec_of_the_second_tenant", body.as_bytes(), clock::now());
    let answer = server.hear_signed(body, &signature).await;
    assert_eq!((answer.status, answer.json.get("transaction_id")), (200, None));
    assert!(server.case("dp_1").await.is_none());
    assert_eq!(server.recorded("shop-2"), [("dispute.created".to_owned(), None)]);
    let deaf = Server::new();
    assert_eq!(deaf.hear(&case()[0]).await.error(), (404, "not_found", ""));
}

#[tokio::test]
async fn what_is_new_to_us_is_kept_as_it_came() {
    let server = hearing().await;
    let mut broken = dispute("needs_response");
    broken["amount"] = json!("4900");
    let pan = json!({"object": "dispute", "id": "dp_9", "amount": 1, "currency": "eur",
        "created": 1, "status": "lost", "reason": "4242 4242 4242 4242"});
    for (message, kind) in [
        (event("evt_a", "charge.dispute.created", 9, broken), "processor.message"),
        (event("evt_b", "charge.dispute.escalated", 9, dispute("lost")), "processor.message"),
        (event("evt_c", "payout.paid", 9, json!({"object": "payout"})), "processor.message"),
        (event("evt_d", "charge.dispute.updated", 9, dispute("paused")), "dispute.updated"),
        (event("evt_e", "review.opened", 9, json!({"object": "review"})), "processor.message"),
        (event("evt_f", "charge.dispute.created", 9, pan), "processor.message"),
        (json!({"no": "event"}), "processor.message"),
        (json!([1, 2]), "processor.message"),
    ] {
        let answer = server.hear(&message).await;
        assert_eq!((answer.status, text(&answer.json["type"])), (200, kind), "{message}");
    }
    let body = "not even JSON \u{1f40c}";
    let signature = signature::header(SECRET, body.as_bytes(), clock::now());
    assert_eq!(server.hear_signed(body.to_owned(), &signature).await.status, 200);
    let reader = Reader::open(server.dir.path(), None).unwrap();
    let kept: String = reader
        .scan(None)
        .unwrap()
        .filter_map(|entry| match entry.unwrap().personal().unwrap() {
            crate::ledger::Personal::Readable(bytes) => Some(String::from_utf8(bytes).unwrap()),
            _ => None,
        })
        .collect();
    for part in ["dispute.escalated", "payout.paid", "not even JSON", "\\\"no\\\"", "review.opened"]
    {
        assert!(kept.contains(part), "{part}");
    }
    assert!(!kept.contains("4242 4242 4242 4242"));
    assert_eq!(server.case("dp_1").await.unwrap().processor_status.as_str(), "paused");
}

#[tokio::test]
async fn payments_refunds_reviews_and_warnings_count_for_their_sale() {
    let server = hearing().await;
    let intent = |more: Value| {
        let mut intent = json!({"object": "payment_intent", "id": "pi_1", "currency": "eur",
            "latest_charge": "ch_1", "amount": 4900, "amount_received": 4900});
        intent.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        intent
    };
    let charge = json!({"object": "charge", "id": "ch_1", "currency": "eur", "amount": 4900,
        "amount_refunded": 1500});
    let mut refund = event("evt_r", "charge.refunded", 8, charge);
    refund["data"]["previous_attributes"] = json!({"amount_refunded": 500});
    let review = |reason: &str| json!({"object": "review", "id": "prv_1", "charge": "ch_1", "closed_reason": reason});
    let declined = json!({"last_payment_error": {"decline_code": "insufficient_funds"}});
    let unauthenticated = json!({"last_payment_error": {"code": "authentication_required"}});
    let warning = json!({"object": "radar.early_fraud_warning", "id": "issfr_1", "charge": "ch_1",
        "created": 1_700_000_000, "fraud_type": "misc"});
    let failed = "payment_intent.payment_failed";
    for (message, kind) in [
        (event("e1", failed, 9, intent(declined)), EventKind::AuthResult),
        (event("e2", failed, 9, intent(unauthenticated)), EventKind::ProcessorMessage),
        (event("e3", "payment_intent.succeeded", 9, intent(json!({}))), EventKind::Capture),
        (event("e4", "payment_intent.created", 9, intent(json!({}))), EventKind::ProcessorMessage),
        (refund, EventKind::Refund),
        (event("e5", "review.closed", 9, review("approved")), EventKind::ReviewResolved),
        (event("e6", "review.closed", 9, review("redacted")), EventKind::ProcessorMessage),
        (
            event("e7", "radar.early_fraud_warning.created", 9, warning.clone()),
            EventKind::FraudWarning,
        ),
        (event("e8", "radar.early_fraud_warning.updated", 9, warning), EventKind::ProcessorMessage),
    ] {
        let answer = server.hear(&message).await;
        assert_eq!(text(&answer.json["type"]), kind.word(), "{message}");
        assert_eq!(answer.json["transaction_id"], "tx-1", "{message}");
    }
    // Of a sale nobody recorded an answer of the issuer says nothing.
    let stranger = json!({"object": "payment_intent", "id": "pi_2", "currency": "eur",
        "amount_received": 100});
    let answer = server.hear(&event("e9", "payment_intent.succeeded", 9, stranger)).await;
    assert_eq!(text(&answer.json["type"]), "processor.message");
    let (dir, now) = (server.dir.path().to_owned(), clock::now());
    let events = tokio::task::spawn_blocking(move || {
        let cases = Cases::open(&dir, None, TenantId::default_tenant(), now).unwrap();
        let keys = crate::disputes::SaleKeys {
            payment_references: vec![crate::domain::Text::new("ch_1").unwrap()],
            ..Default::default()
        };
        let sale = cases.find_sale(&keys).unwrap().unwrap();
        cases.events(&sale).unwrap()
    });
    let events = events.await.unwrap();
    let refund = events.iter().find(|event| event.kind == EventKind::Refund).unwrap();
    assert_eq!(refund.data.amount.unwrap().to_string(), "10.00 EUR");
}
