//! The published document against the router, the error table and every answer of these tests.

use super::*;
use crate::http::error::Code;
use crate::http::events::MAX_BATCH;
use crate::http::openapi::dialects::PATHS as DIALECTS;
use crate::http::openapi::{self, EXAMPLE};
use crate::http::server::{operating_routes, working_routes};
use std::collections::BTreeSet;

fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| serde_json::to_value(openapi::contract()).unwrap())
}

/// Every operation: method, path and what is said of it.
pub(super) fn operations() -> Vec<(String, &'static str, &'static Value)> {
    let mut found = Vec::new();
    for (path, item) in document()["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            found.push((method.to_uppercase(), path.as_str(), operation));
        }
    }
    found
}

/// True if the document says that this may be answered. Unknown routes and methods are no
/// operations; what they are answered with is said in the introduction.
pub(super) fn documented(method: &str, path: &str, status: u16) -> bool {
    let method = if method == "HEAD" { "GET" } else { method };
    let operations = operations();
    let fits = |pattern: &str| {
        let (pattern, path) = (pattern.split('/'), path.split('/'));
        let part = |(a, b): (&str, &str)| a == b || (a.starts_with('{') && !b.is_empty());
        pattern.clone().count() == path.clone().count() && pattern.zip(path).all(part)
    };
    let found = operations.iter().find(|(_, pattern, _)| *pattern == path);
    let found = found.or_else(|| operations.iter().find(|(_, pattern, _)| fits(pattern)));
    let pattern = found.map_or(path, |(_, pattern, _)| *pattern);
    match operations.iter().find(|(m, p, _)| m == method && *p == pattern) {
        Some((_, _, operation)) => operation["responses"].get(status.to_string()).is_some(),
        None if operations.iter().any(|(_, p, _)| *p == pattern) => status == 405,
        None => status == 404 || path.starts_with("/test/"),
    }
}

#[test]
fn every_route_is_documented_and_every_documented_route_is_there() {
    let routes: BTreeSet<&str> = working_routes()
        .iter()
        .map(|(path, ..)| *path)
        .chain(operating_routes().iter().map(|(path, ..)| *path))
        .chain(DIALECTS.iter().map(|(path, _)| *path))
        .collect();
    let paths: BTreeSet<&str> = operations().iter().map(|(_, path, _)| *path).collect();
    assert_eq!(routes, paths);
}

#[tokio::test]
async fn documented_methods_are_answered() {
    let server = Server::new();
    for (method, path, _) in operations() {
        let request = Request::builder().method(method.as_str()).uri(path);
        let answer = server.ask(request.body(Body::empty()).unwrap()).await;
        assert_ne!(answer.status, 405, "{method} {path}");
    }
}

#[test]
fn every_error_is_documented_and_500_is_nowhere() {
    let mut described = BTreeSet::new();
    for (method, path, operation) in operations() {
        for (status, response) in operation["responses"].as_object().unwrap() {
            let at = format!("{method} {path} {status}");
            assert_ne!(status, "500", "{at}");
            assert!(response["headers"]["x-request-id"].is_object(), "{at}");
            // The formats of others have errors of their own.
            let is_dialect = DIALECTS.iter().any(|(dialect, _)| *dialect == path);
            if status == "200" || path == "/readyz" || is_dialect {
                continue;
            }
            let schema = &response["content"]["application/json"]["schema"]["$ref"];
            assert_eq!(schema, "#/components/schemas/ErrorBody", "{at}");
            let said = text(&response["description"]);
            let here = Code::ALL.into_iter().filter(|code| said.contains(code.word()));
            for code in here {
                assert_eq!(code.status().as_u16().to_string(), *status, "{at}");
                described.insert(code.word());
            }
        }
    }
    let about = text(&document()["info"]["description"]);
    for code in Code::ALL {
        assert!(about.contains(&format!("`{}` ({})", code.word(), code.status().as_u16())));
        let of_a_route = !matches!(code, Code::MethodNotAllowed | Code::Internal);
        assert_eq!(described.contains(code.word()), of_a_route, "{}", code.word());
    }
}

#[test]
fn the_document_is_whole() {
    fn references<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
        match value {
            Value::Object(members) => {
                found.extend(members.get("$ref").and_then(Value::as_str));
                members.values().for_each(|member| references(member, found));
            }
            Value::Array(elements) => elements.iter().for_each(|e| references(e, found)),
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    references(document(), &mut found);
    assert!(found.len() > 40, "{}", found.len());
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document().pointer(pointer).is_some(), "{reference}");
    }
    let version = text(&document()["openapi"]);
    assert!(version.starts_with("3.1"), "{version}");
    let batch = &document()["components"]["schemas"]["EventsBody"]["oneOf"][1]["maxItems"];
    assert_eq!(batch, MAX_BATCH);
    let events = text(&document()["paths"]["/v1/events"]["post"]["summary"]);
    assert!(events.contains("1,000"), "{events}");
}

#[test]
fn the_request_of_the_documentation_is_one() {
    let (tx, warnings) = crate::input::read_transaction(EXAMPLE.as_bytes()).unwrap();
    assert_eq!(warnings, []);
    assert_eq!(tx.transaction_id.as_str(), "tx-1001");
    let body = &document()["paths"]["/v1/score"]["post"]["requestBody"];
    let example: Value = serde_json::from_str(EXAMPLE).unwrap();
    assert_eq!(body["content"]["application/json"]["example"], example);
}

#[tokio::test]
async fn the_document_is_served() {
    let server = Server::new();
    assert_eq!(&server.get("/openapi.json").await.json, document());
    assert_eq!(server.get("/healthz").await.json, json!({"status": "ok"}));
}
