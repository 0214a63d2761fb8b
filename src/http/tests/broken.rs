//! What goes wrong on our side: panics, a slow disk, a full one, too much work.

use super::*;
use crate::config::OnSlowDisk;
use http_body_util::Full;
use std::convert::Infallible;

fn settings(policy: OnSlowDisk) -> Settings {
    let ledger = LedgerSettings {
        on_slow_disk_score: policy,
        on_slow_disk_event: policy,
        ..LedgerSettings::default()
    };
    Settings { ledger, ..Settings::default() }
}

fn in_haste(path: &str, body: &Value) -> Request<Body> {
    let request = Request::post(path).header("content-type", "application/json");
    request.header("x-deadline-ms", "20").body(body.to_string().into()).unwrap()
}

/// A body of which the end never comes.
fn endless() -> Body {
    let never = std::future::pending::<Option<Result<HeaderMap, Infallible>>>();
    Body::new(Full::from("{").with_trailers(never))
}

/// Asks until `done`; the asking itself is the wait.
async fn until(server: &Server, path: &str, done: impl Fn(&Answer) -> bool) -> Answer {
    let waited = crate::clock::Stopwatch::start();
    loop {
        let answer = server.get(path).await;
        if done(&answer) {
            return answer;
        }
        assert!(waited.elapsed().as_secs() < 20, "{answer:?}");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_panic_ends_its_own_request() {
    let server = Server::new();
    let panics = || async {
        assert!(crate::clock::now().millis() < 0, "4111111111111111");
        "not reached"
    };
    let routes = Router::new().route("/test/panic", get(panics));
    let router = around(routes.merge(Router::new()), server.state.clone());
    for _ in 0..2 {
        let request = Request::get("/test/panic").body(Body::empty()).unwrap();
        let answer = ask(&router, request).await;
        assert_eq!(answer.error(), (500, "internal", ""));
        assert!(!answer.text.contains("4111"), "{}", answer.text);
    }
    assert_eq!(server.score(&purchase("tx-1")).await.status, 200);
    let page = server.get("/metrics").await.text;
    assert!(page.contains("vouch_panics_total 2\n"), "{page}");
    let counted = r#"vouch_requests_total{route="/test/panic",status="500"} 2"#;
    assert!(page.contains(counted), "{page}");
}

#[tokio::test]
async fn a_slow_disk_is_answered_by_policy() {
    let server = Server::with(settings(OnSlowDisk::AnswerPending));
    server.disk.set(Mood::Stalled);
    let answer = server.ask(in_haste("/v1/score", &purchase("tx-1"))).await;
    assert_eq!((answer.status, text(&answer.json["durability"])), (200, "pending"));
    assert_eq!(answer.json["degraded"], json!(["model", "ledger"]));
    let receipt = server.ask(in_haste("/v1/events", &auth_result("ev-1"))).await;
    assert_eq!((receipt.status, text(&receipt.json["durability"])), (200, "pending"));
    let found = server.get("/v1/decisions/tx-1").await;
    assert_eq!(found.json["durability"], "pending");
    let stalled = |page: &str| {
        let line = page.lines().find_map(|line| line.strip_prefix("vouch_ledger_stalled_ms "));
        line.unwrap().parse::<u64>().unwrap()
    };
    until(&server, "/metrics", |page| stalled(&page.text) > 0).await;
    server.disk.set(Mood::Well);
    until(&server, "/metrics", |page| stalled(&page.text) == 0).await;
    let found =
        until(&server, "/v1/decisions/tx-1", |found| found.json["durability"] != "pending").await;
    assert_eq!(found.json["durability"], "fsync");
    assert_eq!(found.json["degraded"], json!(["model"]), "the decision itself lacked no ledger");

    let server = Server::with(settings(OnSlowDisk::Unavailable));
    server.disk.set(Mood::Stalled);
    for (path, body) in [("/v1/score", purchase("tx-1")), ("/v1/events", auth_result("ev-1"))] {
        let answer = server.ask(in_haste(path, &body)).await;
        assert_eq!(answer.error(), (503, "not_kept", ""));
        assert_eq!(answer.header("retry-after"), "1");
    }
    let batch = server.ask(in_haste("/v1/events", &json!([auth_result("ev-2")]))).await;
    assert_eq!(batch.json["results"][0]["error"]["code"], "not_kept", "{}", batch.text);
    server.disk.set(Mood::Well);
    // It was written all the same, so trying again is safe.
    let again = server.score(&purchase("tx-1")).await;
    assert_eq!((&again.json["repeated"], text(&again.json["durability"])), (&json!(true), "fsync"));
}

#[tokio::test]
async fn a_full_or_read_only_disk_is_answered_by_policy_and_told() {
    for mood in [Mood::Full, Mood::ReadOnly] {
        answered_by_policy_and_told(mood).await;
    }
}

async fn answered_by_policy_and_told(mood: Mood) {
    let server = Server::with(settings(OnSlowDisk::AnswerPending));
    server.disk.set(mood);
    // The first finds out on its way to the disk, the second is refused at the door.
    for id in ["tx-1", "tx-2"] {
        let answer = server.score(&purchase(id)).await;
        assert_eq!((answer.status, text(&answer.json["durability"])), (200, "none"), "{id}");
        assert_eq!(answer.json["degraded"], json!(["model", "ledger"]));
        assert_eq!(server.get(&format!("/v1/decisions/{id}")).await.status, 404);
    }
    // An event's answer is nothing but its keeping.
    assert_eq!(server.event(&auth_result("ev-1")).await.error(), (503, "not_kept", ""));
    let ready = server.get("/readyz").await;
    assert_eq!((ready.status, &ready.json["ready"]), (503, &json!(false)));
    assert_eq!(ready.json["reasons"], json!(["the ledger takes no records"]));
    assert_eq!(server.get("/healthz").await.status, 200);
    assert!(server.get("/metrics").await.text.contains("vouch_ledger_failed 1\n"));
    server.disk.set(Mood::Well);
    let ready = until(&server, "/readyz", |ready| ready.status == 200).await;
    assert_eq!(ready.json, json!({"ready": true, "reasons": [], "degraded": ["model"]}));
    let answer = server.score(&purchase("tx-1")).await;
    assert_eq!(
        (&answer.json["repeated"], text(&answer.json["durability"])),
        (&json!(false), "fsync")
    );

    let server = Server::with(settings(OnSlowDisk::Unavailable));
    server.disk.set(mood);
    for id in ["tx-1", "tx-2"] {
        assert_eq!(server.score(&purchase(id)).await.error(), (503, "not_kept", ""), "{id}");
    }
    server.disk.set(Mood::Well);
}

#[tokio::test]
async fn a_full_queue_is_no_growth() {
    let server = Server::with(Settings { queue: Some(2), ..settings(OnSlowDisk::Unavailable) });
    server.disk.set(Mood::Stalled);
    let mut refused = 0;
    for n in 0..6 {
        let answer = server.ask(in_haste("/v1/score", &purchase(&format!("tx-{n}")))).await;
        let late = text(&answer.json["error"]["message"]).contains("deadline");
        refused += usize::from(answer.status == 503 && !late);
    }
    assert!(refused >= 3, "{refused}");
    server.disk.set(Mood::Well);
    until(&server, "/metrics", |page| page.text.contains("vouch_ledger_queue 0\n")).await;
    assert_eq!(server.score(&purchase("tx-7")).await.status, 200);
}

#[tokio::test]
async fn a_body_that_does_not_end_is_given_up_at_the_deadline() {
    let server = Server::new();
    for path in ["/v1/score", "/v1/events"] {
        let request = Request::post(path).header("x-deadline-ms", "20").body(endless()).unwrap();
        assert_eq!(server.ask(request).await.error(), (408, "body_timeout", ""));
    }
    let gone = async { Some(Err(io::Error::other("gone"))) };
    let broken = Full::from("{").map_err(|never: Infallible| match never {}).with_trailers(gone);
    assert_eq!(server.post("/v1/score", Body::new(broken)).await.error().1, "malformed_body");
}

#[tokio::test]
async fn more_requests_than_allowed_are_refused_and_operators_are_not() {
    let server = Server::with(Settings {
        server: ServerConfig { max_in_flight: 1, ..ServerConfig::default() },
        ..Settings::default()
    });
    let slow = Request::post("/v1/score").header("content-type", "application/json");
    let slow = slow.header("x-deadline-ms", "5000").body(endless()).unwrap();
    let (router, task) = (server.router.clone(), server.state.work.clone());
    let waiting = tokio::spawn(async move { router.oneshot(slow).await });
    until(&server, "/metrics", |page| page.text.contains("vouch_in_flight 1\n")).await;
    let busy = server.score(&purchase("tx-1")).await;
    assert_eq!(busy.error(), (503, "busy", ""));
    assert_eq!(busy.header("retry-after"), "1");
    assert_eq!(server.get("/v1/decisions/tx-1").await.status, 503);
    for path in ["/healthz", "/readyz", "/openapi.json"] {
        assert_eq!(server.get(path).await.status, 200, "{path}");
    }
    // Whoever waits is gone; the request itself goes on and counts until it ends.
    waiting.abort();
    assert!(waiting.await.is_err_and(|error| error.is_cancelled()));
    assert_eq!(server.score(&purchase("tx-1")).await.status, 503);
    assert_eq!(task.len(), 1);
    let page = server.get("/metrics").await.text;
    assert!(page.contains("vouch_refused_total 3\n"), "{page}");
}

#[tokio::test]
async fn what_was_begun_is_finished_when_the_client_is_gone() {
    let server = Server::new();
    server.disk.set(Mood::Stalled);
    let (router, request) = (server.router.clone(), in_haste("/v1/score", &purchase("tx-1")));
    let waiting = tokio::spawn(async move { router.oneshot(request).await });
    until(&server, "/v1/decisions/tx-1", |found| found.status == 200).await;
    waiting.abort();
    server.disk.set(Mood::Well);
    until(&server, "/v1/decisions/tx-1", |found| found.json["durability"] == "fsync").await;
    server.state.work.close();
    server.state.work.wait().await;
    assert_eq!(server.state.engine.ledger().unwrap().health().sequence, 1);
}
