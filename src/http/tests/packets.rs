//! Packets over HTTP: the form asked for, profiles, what is not there.

use super::*;
use crate::clock;
use crate::domain::TenantId;
use crate::engine::Cases;

const DISPUTE: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/stripe/visa_13_1_created.json"));

/// A server with a scored sale and a dispute on it.
async fn disputed() -> Server {
    let server = Server::with(Settings { index: true, ..Settings::default() });
    let sale = with(purchase("tx-1"), "/payment", json!({"processor_reference": "ch_3licence"}));
    assert_eq!(server.score(&sale).await.status, 200);
    let issued = with(auth_result("tx-1"), "/type", json!("licence.issued"));
    let issued = with(issued, "/data", json!({"usage": {"what": "Pro"}}));
    assert_eq!(server.event(&issued).await.status, 200);
    // Moved to the past: an event may not be ahead of the clock of the machine the test runs on.
    let message = DISPUTE.replace("17963076", "16060000");
    let intake = crate::disputes::stripe::read(message.as_bytes()).unwrap();
    indexed(&server).await;
    let (dir, engine) = (server.dir.path().to_owned(), server.state.engine.clone());
    let taken = tokio::task::spawn_blocking(move || {
        let tenant = TenantId::default_tenant();
        let cases = Cases::open(&dir, None, tenant, clock::now()).unwrap();
        let mut cases = cases.writing_through(&engine);
        crate::disputes::take_in(&mut cases, intake, clock::now()).unwrap()
    });
    assert!(taken.await.unwrap().sale_found);
    indexed(&server).await;
    server
}

/// Waits until the index has all there is.
pub(super) async fn indexed(server: &Server) {
    loop {
        let health = server.state.engine.ledger().unwrap().health();
        if health.indexed == Some(health.sequence) {
            return;
        }
        tokio::task::yield_now().await;
    }
}

async fn get(server: &Server, path: &str, accept: &str) -> axum::response::Response {
    let request = Request::get(path)
        .header("host", "127.0.0.1")
        .header("accept", accept)
        .body(Body::empty())
        .unwrap();
    server.router.clone().oneshot(request).await.unwrap()
}

#[tokio::test]
async fn the_packet_has_the_form_that_is_asked_for() {
    let server = disputed().await;
    let path = "/v1/disputes/dp_4visa131/packet";
    for (accept, form) in [
        ("*/*", "text/plain; charset=utf-8"),
        ("application/json", "text/plain; charset=utf-8"),
        ("text/plain, application/pdf", "text/plain; charset=utf-8"),
        ("application/pdf", "application/pdf"),
        ("application/xml, Application/PDF;q=0.9, */*", "application/pdf"),
    ] {
        let answer = get(&server, path, accept).await;
        assert_eq!(answer.status(), 200, "{accept}");
        assert_eq!(answer.headers()["content-type"], form, "{accept}");
        assert!(answer.headers().contains_key("x-packet-warning"), "{accept}");
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        let starts: &[u8] = if form == "application/pdf" { b"%PDF-" } else { b"ANSWER TO" };
        assert!(bytes.starts_with(starts), "{accept}");
    }
    assert!(server.dir.path().join("signing.key").exists());
}

#[tokio::test]
async fn what_is_not_there_or_not_known_is_said() {
    let server = disputed().await;
    let path = "/v1/disputes/dp_4visa131/packet";
    for (path, status) in [
        ("/v1/disputes/dp_none/packet".to_owned(), 404),
        (format!("/v1/disputes/{}/packet", "x".repeat(300)), 404),
        (format!("{path}?profile=nobody"), 422),
        (format!("{path}?paper=a3"), 422),
        (format!("{path}?colour=yes"), 422),
        (format!("{path}?profile=paypal&paper=letter"), 200),
    ] {
        let answer = get(&server, &path, "application/pdf").await;
        assert_eq!(answer.status(), status, "{path}");
    }
}
