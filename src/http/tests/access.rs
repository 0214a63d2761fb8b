//! Keys: what each opens, what it may ask, and that one tenant never sees another's.

use super::*;
use crate::access::{AccessFile, Gate, Key, Scope, Token};
use crate::domain::Timestamp;
use crate::http::server::{operating_routes, working_routes};

/// A server with a key for each tenant and all that the tenant may do.
pub(super) struct Keyed {
    pub(super) server: Server,
    pub(super) keys: Vec<(TenantId, String)>,
}

fn key(tenant: &TenantId, scopes: &[Scope]) -> (Key, String) {
    let token = Token::new().unwrap();
    let scopes = scopes.iter().copied().collect();
    let key = Key::of(&token, tenant.clone(), scopes, Timestamp::from_millis(0));
    (key, token.reveal().to_string())
}

fn guarded(server: Server, keys: Vec<Key>) -> Server {
    let mut file = AccessFile::default();
    for key in keys {
        file.add(key).unwrap();
    }
    let state = server.state.clone().guarded(Arc::new(Gate::new(&file)));
    Server { router: router(state.clone()), state, ..server }
}

impl Keyed {
    pub(super) fn new(server: Server, tenants: &[&str]) -> Self {
        let tenants = tenants.iter().map(|name| TenantId::new(name).unwrap());
        let made: Vec<_> = tenants.map(|tenant| (key(&tenant, Scope::ALL), tenant)).collect();
        let keys = made.iter().map(|((_, text), tenant)| (tenant.clone(), text.clone())).collect();
        Self { server: guarded(server, made.into_iter().map(|((key, _), _)| key).collect()), keys }
    }

    async fn ask(&self, who: usize, method: &str, path: &str, body: &Value) -> Answer {
        self.server.with_key(&self.keys[who].1, method, path, body).await
    }
}

impl Server {
    async fn with_key(&self, key: &str, method: &str, path: &str, body: &Value) -> Answer {
        let request = Request::builder().method(method).uri(path);
        let request = request.header("authorization", format!("Bearer {key}"));
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.ask(request.body(Body::from(body)).unwrap()).await
    }
}

/// A path of each route, and what a key must be for.
fn routes() -> Vec<(String, Option<Scope>)> {
    let all = working_routes().into_iter().chain(operating_routes());
    let filled =
        |path: &str| path.replace("{id}", "x").replace("{name}", "x").replace("{value}", "x");
    all.map(|(path, scope, _)| (filled(path), scope)).collect()
}

#[tokio::test]
async fn a_key_opens_the_routes_of_its_scopes_and_no_others() {
    let tenant = TenantId::default_tenant();
    let made: Vec<_> = Scope::ALL.iter().map(|scope| (scope, key(&tenant, &[*scope]))).collect();
    let keys = made.iter().map(|(_, (key, _))| key.clone()).collect();
    let server = guarded(Server::new(), keys);
    for (path, needed) in routes() {
        for method in ["GET", "POST", "PUT", "DELETE"] {
            let without = Request::builder().method(method).uri(&path).body(Body::empty()).unwrap();
            let without = server.ask(without).await;
            if without.status == 405 {
                continue;
            }
            assert_eq!(without.status == 401, needed.is_some(), "{method} {path} {without:?}");
            if needed.is_some() {
                assert_eq!(without.header("www-authenticate"), "Bearer");
            }
            for (scope, (_, key)) in &made {
                let answer = server.with_key(key, method, &path, &Value::Null).await;
                let refused = needed.is_some_and(|needed| needed != **scope);
                assert_eq!(answer.error().1 == "missing_scope", refused, "{method} {path} {scope}");
            }
        }
    }
}

#[tokio::test]
async fn only_one_good_header_is_a_key() {
    let (made, good) = key(&TenantId::default_tenant(), Scope::ALL);
    let server = guarded(Server::new(), vec![made]);
    let ask = |headers: Vec<String>| {
        let mut request = Request::get("/v1/rules");
        for header in headers {
            request = request.header("authorization", header);
        }
        server.ask(request.body(Body::empty()).unwrap())
    };
    for headers in [
        vec![good.clone()],
        vec![format!("Basic {good}")],
        vec![format!("Bearer {}", &good[..86])],
        vec![format!("Bearer {good}"), format!("Bearer {good}")],
        vec!["Bearer ".to_owned()],
        vec!["Bearer".to_owned()],
    ] {
        assert_eq!(ask(headers.clone()).await.error().1, "no_key", "{headers:?}");
    }
    assert_eq!(ask(vec![format!("bearer {good}")]).await.status, 200);
    // Another site's page has no key, so its name says nothing.
    let request = Request::get("/v1/rules").header("host", "vouch.example.com");
    let request = request.header("authorization", format!("Bearer {good}"));
    assert_eq!(server.ask(request.body(Body::empty()).unwrap()).await.status, 200);
}

#[tokio::test]
async fn a_key_asks_no_more_than_it_may() {
    let tenant = TenantId::default_tenant();
    let ((mut slow, slow_key), (other, other_key)) =
        (key(&tenant, &[Scope::Rules]), key(&tenant, &[Scope::Rules]));
    slow.limits.per_second = Some(1);
    slow.limits.burst = Some(3);
    let server = guarded(Server::new(), vec![slow, other]);
    let mut answers = vec![];
    for _ in 0..6 {
        answers.push(server.with_key(&slow_key, "GET", "/v1/rules", &Value::Null).await);
    }
    let refused: Vec<_> = answers.iter().filter(|answer| answer.status == 429).collect();
    // A slow test machine may earn one more.
    assert!((2..=3).contains(&refused.len()), "{answers:?}");
    assert!(
        refused.iter().all(|a| a.error().1 == "rate_limited" && a.header("retry-after") == "1")
    );
    let other = server.with_key(&other_key, "GET", "/v1/rules", &Value::Null).await;
    assert_eq!(other.status, 200, "a key that floods waits for itself alone");
    let (admin, admin_key) = key(&tenant, &[Scope::Admin]);
    let mut file = AccessFile::default();
    file.add(admin).unwrap();
    server.state.gate.replace(&file);
    let metrics = server.with_key(&admin_key, "GET", "/metrics", &Value::Null).await.text;
    assert!(metrics.contains("vouch_not_admitted_total{error=\"rate_limited\"}"), "{metrics}");
}

/// What one tenant did: a sale under review, an event, an entry of a list, a snooze, an appeal.
const DONE: [(&str, &str, &str); 6] = [
    (
        "POST",
        "/v1/score",
        r#"{"transaction_id":"tx-1","type":"purchase","event_time":"2020-11-20T10:00:00Z","amount":{"value":"9000.00","currency":"EUR"},"account":{"id":"acc-7","email":"j.doe@example.com"},"card":{"fingerprint":"fp_1","bin":"457173"},"device":{"ip":"81.2.69.142","device_id":"d-1"}}"#,
    ),
    (
        "POST",
        "/v1/events",
        r#"{"event_id":"e-1","type":"auth.result","event_time":"2020-11-20T10:00:05Z","transaction_id":"tx-1","data":{"outcome":"approved"}}"#,
    ),
    ("PUT", "/v1/lists/nets/entries/10.0.0.0%2F8", r#"{"note":"office"}"#),
    ("POST", "/v1/snoozes", r#"{"rule":"huge","account":"acc-7","hours":100}"#),
    ("POST", "/v1/appeals", r#"{"account":"acc-7"}"#),
    ("PUT", "/v1/lists/bins/entries/457173", "{}"),
];

/// What anybody may read, and a score of the same buyer.
const ASKED: [(&str, &str, &str); 9] = [
    ("GET", "/v1/decisions/tx-1", ""),
    ("GET", "/v1/lists", ""),
    ("GET", "/v1/lists/nets/entries", ""),
    ("GET", "/v1/lists/nets/entries/10.0.0.0%2F8", ""),
    ("GET", "/v1/snoozes", ""),
    ("GET", "/v1/reviews", ""),
    ("POST", "/v1/reviews/tx-1", r#"{"resolution":"approve"}"#),
    ("POST", "/v1/whatif", r#"{"transaction_id":"tx-1"}"#),
    (
        "POST",
        "/v1/whatif",
        r#"{"event_time":"2020-11-20T11:00:00Z","amount":{"value":"9000.00","currency":"EUR"},"account":{"id":"acc-7","email":"j.doe@example.com"},"card":{"fingerprint":"fp_1","bin":"457173"},"device":{"ip":"81.2.69.142","device_id":"d-1"}}"#,
    ),
];

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

/// What a tenant is told, without the ids of requests.
async fn told(server: &Keyed, who: usize) -> Vec<(u16, Value)> {
    let mut told = vec![];
    for (method, path, body) in ASKED {
        let mut answer = server.ask(who, method, path, &json(body)).await;
        if let Some(error) = answer.json.get_mut("error") {
            error["request_id"] = Value::Null;
        }
        told.push((answer.status, answer.json));
    }
    told
}

#[tokio::test]
async fn one_tenant_never_sees_what_another_did() {
    let lists = [("bins.txt", "# type: bin\n"), ("nets.txt", "# type: ip\n")];
    let server = || Keyed::new(Server::new().with_lists(&lists), &["ann", "bea"]);
    let (alone, shared) = (server(), server());
    for (method, path, body) in DONE {
        let done = shared.ask(0, method, path, &json(body)).await;
        assert_eq!(done.status, 200, "{method} {path} {done:?}");
    }
    let (mine, others) = (told(&shared, 0).await, told(&shared, 1).await);
    assert_eq!(others, told(&alone, 1).await, "as if nobody else were there");
    for (number, (mine, other)) in mine.iter().zip(&others).enumerate() {
        assert_ne!(mine, other, "{:?}: the question tells nobody apart", ASKED[number]);
    }
    // The same ids are free for the other.
    let (method, path, body) = DONE[0];
    let again = shared.ask(1, method, path, &json(body)).await;
    assert_eq!((again.status, &again.json["repeated"]), (200, &json!(false)), "{again:?}");
    assert_ne!(again.json["decision_id"], mine[0].1["decision_id"]);
}
