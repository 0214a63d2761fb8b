//! Files of the merchant's own over HTTP: added, listed, in the packet, taken back, gone with the person.

use super::packets::{disputed, indexed};
use super::*;
use crate::disputes::exhibit::MAX_BYTES;
use crate::domain::TenantId;
use crate::ledger::SubjectHash;

const PATH: &str = "/v1/disputes/dp_4visa131/exhibits";
pub(super) const PAGE: &str = "%PDF-1.4\n1 0 obj<</Pages 2 0 R>>endobj 2 0 obj<</Kids[3 0 R]>>endobj \
    3 0 obj<</Type/Page/MediaBox[0 0 300 300]>>endobj trailer<</Root 1 0 R>>";

async fn ask(
    server: &Server,
    (method, path): (&str, &str),
    (kind, body): (&str, &[u8]),
) -> (u16, Value) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "127.0.0.1")
        .header("content-type", kind)
        .body(Body::from(body.to_vec()))
        .unwrap();
    let answer = server.router.clone().oneshot(request).await.unwrap();
    let status = answer.status().as_u16();
    let bytes = answer.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
}

async fn packet(server: &Server) -> String {
    let request = Request::get("/v1/disputes/dp_4visa131/packet").header("host", "127.0.0.1");
    let answer = server.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let bytes = answer.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn a_file_is_added_listed_shown_and_taken_back() {
    let server = disputed().await;
    let add = format!("{PATH}?kind=contract&title=Order%20form");
    let (status, first) = ask(&server, ("POST", &add), ("application/pdf", PAGE.as_bytes())).await;
    assert_eq!(status, 200, "{first}");
    assert_eq!(
        (&first["letter"], &first["pages"], &first["repeated"]),
        (&json!("I"), &json!(1), &json!(false))
    );
    let (_, again) = ask(&server, ("POST", &add), ("application/pdf; v=1", PAGE.as_bytes())).await;
    assert_eq!(again["repeated"], true, "{again}");
    indexed(&server).await;
    let (_, listed) = ask(&server, ("GET", PATH), ("text/plain", b"")).await;
    assert_eq!(listed["exhibits"].as_array().unwrap().len(), 1, "{listed}");
    assert_eq!(listed["exhibits"][0]["title"], "Order form");
    assert!(packet(&server).await.contains("EXHIBIT I: CONTRACT"));
    let sha256 = first["sha256"].as_str().unwrap();
    let file = format!("{PATH}/{sha256}");
    assert_eq!(
        ask(&server, ("DELETE", &file), ("text/plain", b"")).await,
        (200, json!({"left": 0}))
    );
    assert_eq!(ask(&server, ("DELETE", &file), ("text/plain", b"")).await.0, 404);
    assert!(!packet(&server).await.contains("EXHIBIT I"));
}

#[tokio::test]
async fn a_file_goes_with_the_person_it_is_about() {
    let server = disputed().await;
    let add = format!("{PATH}?kind=communication&title=Mails");
    assert_eq!(ask(&server, ("POST", &add), ("application/pdf", PAGE.as_bytes())).await.0, 200);
    indexed(&server).await;
    let ledger = server.state.engine.ledger().unwrap();
    let account = purchase("tx-1")["account"]["id"].as_str().unwrap().to_owned();
    let tenant = TenantId::default_tenant();
    let subject = ledger.hasher().hash(&tenant, "subject.account", account.as_bytes());
    assert!(ledger.erase(&[SubjectHash(subject)].into()).unwrap() > 0);
    let (status, listed) = ask(&server, ("GET", PATH), ("text/plain", b"")).await;
    let is_gone = status == 404 || listed["exhibits"] == json!([]);
    assert!(is_gone, "{status} {listed}");
}

#[tokio::test]
async fn what_is_no_exhibit_is_refused_with_what_to_do() {
    let server = disputed().await;
    let pdf = "application/pdf";
    let of = |query: &str| format!("{PATH}?{query}");
    let good = of("kind=other&title=x");
    let locked = [PAGE.as_bytes(), b" trailer<</Encrypt 1 0 R>>"].concat();
    let long = vec![b'x'; MAX_BYTES + 1];
    for (path, kind, body, status, says) in [
        (good.clone(), pdf, locked.as_slice(), 422, "is encrypted; print it"),
        (good.clone(), pdf, b"%PDF-1.7".as_slice(), 422, "is broken"),
        (good.clone(), "image/png", b"GIF89a", 422, "no PDF, PNG or JPEG"),
        (good.clone(), pdf, b"", 422, "is empty"),
        (good.clone(), pdf, &long, 413, "over 2000000 bytes"),
        (good.clone(), "application/zip", PAGE.as_bytes(), 415, "image/png"),
        (of("title=x"), pdf, PAGE.as_bytes(), 422, "`kind` is one of"),
        (of("kind=other"), pdf, PAGE.as_bytes(), 422, "title"),
        (of("kind=other&title=x&y=1"), pdf, PAGE.as_bytes(), 422, "and nothing else"),
        (of("kind=other&title=4111111111111111"), pdf, PAGE.as_bytes(), 422, "card number"),
        (
            "/v1/disputes/dp_none/exhibits?kind=other&title=x".to_owned(),
            pdf,
            PAGE.as_bytes(),
            404,
            "no dispute",
        ),
    ] {
        let (found, answer) = ask(&server, ("POST", &path), (kind, body)).await;
        assert_eq!(found, status, "{path} {answer}");
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(message.contains(says), "{message}");
    }
}
