//! Spans and metrics from the real server to a collector on loopback: in the documented shape, in the caller's trace,
//! and in nobody's way when it is dead.

use super::serve::Server;
use super::webhooks::{Got, Shop};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

pub(crate) fn config(collector: &Shop, more: &str) -> String {
    format!("[telemetry]\nendpoint = \"{}/\"\nmetrics_s = 1\n{more}\n", collector.base)
}

fn sale(server: &Server, id: &str, headers: &str) -> Duration {
    let body = json!({"transaction_id": id, "type": "purchase", "event_time": "2026-01-12T10:00:00Z",
        "amount": {"value": "9.00", "currency": "EUR"}});
    let clock = vouch::clock::Stopwatch::start();
    let (status, answer) =
        server.connect().ask_with("POST", "/v1/score", &body.to_string(), headers).unwrap();
    assert_eq!(status, 200, "{answer}");
    clock.elapsed()
}

/// The spans of a message.
fn spans(got: &Got) -> Vec<Value> {
    let told = got.json();
    let resource = &told["resourceSpans"][0];
    let service = &resource["resource"]["attributes"][0];
    assert_eq!(service, &json!({"key": "service.name", "value": {"stringValue": "vouch"}}));
    assert_eq!(resource["scopeSpans"][0]["scope"]["name"], "vouch");
    resource["scopeSpans"][0]["spans"].as_array().unwrap().clone()
}

/// Waits for the span of a route.
fn span_of(collector: &Shop, name: &str) -> (Value, Vec<Value>) {
    loop {
        let got = collector.next();
        if got.path != "/v1/traces" {
            continue;
        }
        let all = spans(&got);
        if let Some(found) = all.iter().find(|span| span["name"] == name) {
            let of = |span: &&Value| span["parentSpanId"] == found["spanId"];
            return (found.clone(), all.iter().filter(of).cloned().collect());
        }
    }
}

fn nanos(span: &Value, name: &str) -> u64 {
    span[name].as_str().unwrap().parse().unwrap()
}

#[test]
fn a_request_is_a_span_of_its_callers_trace_with_its_stages() {
    let dir = tempfile::tempdir().unwrap();
    let collector = Shop::open(|_| 200);
    let secret = dir.path().join("collector");
    std::fs::write(&secret, "Api-Token planted\n").unwrap();
    let more = format!("authorization = {secret:?}");
    let server = Server::start(&dir.path().join("data"), &config(&collector, &more));
    sale(&server, "tx-1", &format!("traceparent: 00-{TRACE}-{PARENT}-01\r\n"));
    let (span, stages) = span_of(&collector, "POST /v1/score");
    assert_eq!((&span["traceId"], &span["parentSpanId"]), (&json!(TRACE), &json!(PARENT)));
    assert_eq!((&span["kind"], &span["status"]), (&json!(2), &json!({})));
    let attributes = span["attributes"].as_array().unwrap();
    assert!(
        attributes.contains(&json!({"key": "http.route", "value": {"stringValue": "/v1/score"}}))
    );
    let status = json!({"key": "http.response.status_code", "value": {"intValue": "200"}});
    assert!(attributes.contains(&status), "{span}");
    let (start, end) = (nanos(&span, "startTimeUnixNano"), nanos(&span, "endTimeUnixNano"));
    assert!(start < end && start > 1_600_000_000_000_000_000, "{span}");
    assert!(stages.iter().any(|stage| stage["name"] == "keep"), "{stages:?}");
    for stage in &stages {
        assert_eq!(stage["traceId"], json!(TRACE));
        assert!(nanos(stage, "startTimeUnixNano") >= start, "{stage}");
        assert!(nanos(stage, "endTimeUnixNano") <= end, "{stage}");
    }
    // A caller that says it is not told of is not.
    sale(&server, "tx-2", &format!("traceparent: 00-{TRACE}-{PARENT}-00\r\n"));
    server.ask("GET", "/healthz", "");
    let (span, _) = span_of(&collector, "GET /healthz");
    assert_ne!(span["traceId"], json!(TRACE));
    assert!(span.get("parentSpanId").is_none());
    let metrics = loop {
        let got = collector.next();
        assert_eq!(got.headers["authorization"], "Api-Token planted");
        if got.path == "/v1/metrics" {
            break got.json();
        }
        assert!(spans(&got).iter().all(|span| span["name"] != "POST /v1/score"), "not sampled");
    };
    let metrics = metrics["resourceMetrics"][0]["scopeMetrics"][0]["metrics"].as_array().unwrap();
    let named = |name: &str| metrics.iter().find(|metric| metric["name"] == name).unwrap();
    assert_eq!(named("vouch_decisions")["sum"]["isMonotonic"], true);
    assert!(named("vouch_in_flight")["gauge"]["dataPoints"][0]["asDouble"].is_number());
    let points = named("vouch_request_seconds")["histogram"]["dataPoints"].as_array().unwrap();
    for point in points {
        let counts = point["bucketCounts"].as_array().unwrap();
        assert_eq!(counts.len(), point["explicitBounds"].as_array().unwrap().len() + 1);
        let sum: u64 = counts.iter().map(|n| n.as_str().unwrap().parse::<u64>().unwrap()).sum();
        assert_eq!(point["count"], sum.to_string());
    }
}

/// Metrics come in a row while spans wait longer and longer, and what was refused for good does not come again.
#[test]
fn a_collector_of_metrics_alone_gets_them_and_no_span_twice() {
    let dir = tempfile::tempdir().unwrap();
    let collector = Shop::open(|got| if got.path == "/v1/traces" { 404 } else { 200 });
    let server = Server::start(&dir.path().join("data"), &config(&collector, ""));
    let (mut in_row, mut refused, mut ids) = (0, 0, BTreeSet::new());
    while in_row < 2 || refused < 2 {
        server.ask("GET", "/healthz", "");
        let got = collector.next();
        if got.path == "/v1/metrics" {
            in_row += 1;
            continue;
        }
        (in_row, refused) = (0, refused + 1);
        assert!(refused < 6, "metrics wait for spans");
        for span in spans(&got) {
            assert!(ids.insert(span["spanId"].to_string()), "sent again: {span}");
        }
    }
    server.stop();
}

/// Hanging, refusing and gone: the queue is full after a few, the rest is dropped and counted, nobody waits.
#[test]
fn a_dead_collector_is_in_nobodys_way() {
    fn is_counted(server: &Server, outcome: &str) -> bool {
        let line = format!("vouch_telemetry{{outcome=\"{outcome}\"}} ");
        let page = server.metrics();
        let count = page.lines().find_map(|at| at.strip_prefix(&line)).unwrap().to_owned();
        count.parse::<u64>().unwrap() > 0
    }
    let dir = tempfile::tempdir().unwrap();
    for (place, status) in [0, 503].into_iter().enumerate() {
        let collector = Shop::open(move |_| status);
        let data = dir.path().join(place.to_string());
        let server = Server::start(&data, &config(&collector, "queue = 8\ntimeout_ms = 60000"));
        assert_eq!(collector.next().status, status);
        for number in 0..40 {
            let took = sale(&server, &format!("tx-{number}"), "");
            assert!(took < Duration::from_secs(20), "{took:?}");
        }
        assert!(is_counted(&server, "dropped"));
        assert_eq!(is_counted(&server, "failed"), status == 503);
        server.stop();
    }
    nobody_listens(dir.path());
}

fn nobody_listens(dir: &Path) {
    let text = "[telemetry]\nendpoint = \"http://127.0.0.1:1\"\nmetrics_s = 1\n";
    let server = Server::start(&dir.join("none"), text);
    sale(&server, "tx-1", "");
    server.stop();
}
