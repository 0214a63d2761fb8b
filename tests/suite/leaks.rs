//! Secrets and personal values, planted wherever a client or an operator may put them: in no line of the
//! log, in no error of the program, and in no answer but to who sent them.

use super::serve::{Server, vouch};
use super::telemetry;
use super::webhooks::Shop;
use base64::Engine as _;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

const CARD: &str = "4111111111111111";
const SPACED: &str = "4111 1111 1111 1111";
const EMAIL: &str = "planted.jane@example.com";
const NAME: &str = "Plantedname";
const WEBHOOK: &str = "whsec_plantedwebhooksecret0";
const STRIPE: &str = "sk_live_plantedstripesecret";
const MASTER: &str = "51a17ed051a17ed051a17ed051a17ed051a17ed051a17ed051a17ed051a17ed0";
/// The trace of a checkout, which is to be found in the log.
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
/// What may be in no log line.
const PLANTED: [&str; 8] =
    [CARD, SPACED, EMAIL, NAME, WEBHOOK, STRIPE, MASTER, "plantedstripesecret"];

fn clean(text: &str, more: &[&str], where_: &str) {
    for secret in PLANTED.iter().chain(more) {
        let line = text.lines().find(|line| line.contains(secret)).unwrap_or_default();
        assert!(line.is_empty(), "{where_}: `{secret}` in {line}");
    }
}

fn made(data: &Path) -> String {
    let scopes = ["score", "events", "disputes", "rules", "admin"];
    let scopes = scopes.iter().flat_map(|scope| ["--scope", scope]);
    let arguments: Vec<&str> = ["key", "add"].into_iter().chain(scopes).collect();
    let output = vouch(&arguments, data).output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A request with something planted: its path, its body and headers beside the key.
type Planted = (&'static str, String, String, String);

/// A payment to evaluate, with values in the place of names.
fn evaluation() -> Planted {
    let long = "x".repeat(300);
    let form = format!(
        "payment_details[amount]=100&payment_details[currency]=eur&metadata[transaction_id]=tx-form\
         &customer_details[email]={EMAIL}&customer_details[name]={NAME}&{EMAIL}=1&later[{EMAIL}]=1\
         &later[{CARD}]=1&metadata[{EMAIL}]={long}&metadata[{CARD}]={long}"
    );
    let kind = "content-type: application/x-www-form-urlencoded\r\n".to_owned();
    ("POST", "/v1/radar/payment_evaluations".to_owned(), form, kind)
}

fn planted(key: &str) -> Vec<Planted> {
    let sale = |id: &str| {
        json!({"transaction_id": id, "type": "purchase", "event_time": "2020-11-20T10:00:00Z",
            "amount": {"value": "49.00", "currency": "EUR"},
            "account": {"id": "acc-7", "email": EMAIL, "name": NAME}, "card": {"fingerprint": "fp-1"}})
    };
    let with = |id: &str, member: &str, value: Value| {
        let mut sale = sale(id);
        sale[member] = value;
        sale
    };
    let none = String::new();
    let post = |path: &str, body: Value| ("POST", path.to_owned(), body.to_string(), none.clone());
    let get = |path: String, more: String| ("GET", path, String::new(), more);
    vec![
        post("/v1/score", sale("tx-1")),
        post("/v1/score", with("tx-2", "custom", json!({"note": SPACED, "key": STRIPE}))),
        post("/v1/score", with("tx-3", "card", json!({"fingerprint": CARD}))),
        post("/v1/score", with("tx-4", "amount", json!({"value": EMAIL, "currency": STRIPE}))),
        post("/v1/score", with("tx-5", "type", json!(EMAIL))),
        post("/v1/score", with("tx-6", EMAIL, json!(NAME))),
        post("/v1/score", json!(EMAIL)),
        post("/v1/score", sale("tx-1")),
        post("/v1/score", with("tx-1", "order_id", json!("another"))),
        post("/v1/events", json!({"event_id": "e-1", "type": EMAIL, "event_time": NAME})),
        post("/v1/disputes", json!({"id": "dp-1", "processor": EMAIL, "amount": NAME})),
        post("/v1/appeals", json!({"account": "acc-7", "email": EMAIL, "note": NAME})),
        post("/v1/snoozes", json!({"rule": EMAIL, "email": EMAIL})),
        post("/v1/reviews/planted.jane@example.com", json!({"resolution": NAME})),
        post("/v1/webhooks/stripe", json!({"id": EMAIL})),
        post("/v1/disputes/dp-1/submit", json!({})),
        (
            "PUT",
            format!("/v1/lists/none/entries/{EMAIL}"),
            json!({"note": NAME}).to_string(),
            none.clone(),
        ),
        get(format!("/v1/decisions/{EMAIL}?email={EMAIL}&key={key}"), none.clone()),
        get(format!("/{CARD}/{key}"), none.clone()),
        (CARD, "/healthz".to_owned(), String::new(), none.clone()),
        (NAME, "/none".to_owned(), String::new(), none.clone()),
        get("/healthz".to_owned(), format!("x-request-id: {key}\r\n")),
        get("/healthz".to_owned(), format!("cookie: {key}\r\nuser-agent: {EMAIL}\r\n")),
        get("/healthz".to_owned(), format!("traceparent: 00-{TRACE}-00f067aa0ba902b7-01\r\n")),
        get("/healthz".to_owned(), format!("traceparent: 00-{key}-{STRIPE}-01\r\n")),
        get("/v1/rules".to_owned(), format!("x-deadline-ms: {STRIPE}\r\n")),
        (
            "POST",
            "/minfraud/v2.0/score".to_owned(),
            json!({"email": {"address": 7}, "x": EMAIL}).to_string(),
            format!("x-a: {key}\r\n"),
        ),
        evaluation(),
        post(
            "/signifyd/v3/orders/events/checkouts",
            json!({"orderId": "tx-order", EMAIL: 1, "purchase": {"totalPrice": 49, "currency": "EUR",
                CARD: 1, "products": [{EMAIL: 1, "itemName": CARD}]},
                "userAccount": {"email": EMAIL}, "device": {"sessionId": SPACED}}),
        ),
        post(
            "/signifyd/v3/orders/events/returns/records",
            json!({"orderId": EMAIL, "returnId": NAME}),
        ),
    ]
}

#[test]
fn nothing_planted_is_logged() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let key = made(&data);
    let (secrets, stripe) = (dir.path().join("webhooks"), dir.path().join("stripe"));
    fs::write(&secrets, format!("{WEBHOOK}\n")).unwrap();
    fs::write(&stripe, format!("{STRIPE}\n")).unwrap();
    let collector = Shop::open(|_| 200);
    let exported = telemetry::config(&collector, "");
    // Nobody listens there: what can't be sent is told of, too.
    let config = format!(
        "{exported}[reload]\npoll_s = 1\n[stripe]\nwebhook_secrets = {secrets:?}\nsecret_key = {stripe:?}\n\
         base_url = \"http://127.0.0.1:1\"\nfiles_url = \"http://127.0.0.1:1\"\nretries = 0\n"
    );
    let mut command = vouch(&["serve", "--listen", "127.0.0.1:0"], &data);
    command.env("VOUCH_MASTER_KEY", MASTER);
    let server = Server::start_by(command, &data, &config);
    let secret = key.rsplit('_').next().unwrap();
    let mut asked = 0;
    for (method, path, body, more) in planted(&key) {
        let encoded = base64::prelude::BASE64_STANDARD.encode(&key);
        let basic = [key.as_str(), &encoded].map(|key| format!("Basic {key}"));
        for authorization in
            basic.into_iter().chain([format!("Bearer {key}"), format!("Bearer x{key}")])
        {
            let headers = format!(
                "authorization: {authorization}\r\nstripe-signature: t=1,v1={WEBHOOK}\r\n{more}"
            );
            let (status, answer) =
                server.connect().ask_with(method, &path, &body, &headers).unwrap();
            assert!(status != 500, "{method} {path}: {answer}");
            asked += 1;
        }
    }
    let authorized = format!("authorization: Bearer {key}\r\n");
    let (_, metrics) = server.connect().ask_with("GET", "/metrics", "", &authorized).unwrap();
    clean(&metrics.to_string(), &[secret], "metrics");
    server.signal("HUP");
    let (status, answer) =
        server.connect().ask_with("POST", "/v1/reload", "", &authorized).unwrap();
    assert_eq!(status, 200);
    clean(&answer.to_string(), &[secret], "reload");
    server.stop();
    let log = fs::read_to_string(data.with_extension("log")).unwrap();
    assert!(log.lines().count() > asked, "{log}");
    let lines = log.lines().filter(|line| line.starts_with('{'));
    let first = lines.map(|line| serde_json::from_str::<Value>(line).unwrap());
    let requests = first.filter(|line| line["fields"]["message"] == "request");
    let mut named = 0;
    for line in requests {
        assert!(line["span"]["request_id"].is_string(), "{line}");
        named += 1;
    }
    assert!(log.contains(&format!("\"trace_id\":\"{TRACE}\"")), "{log}");
    assert!(named >= asked, "{named} of {asked} requests in the log");
    clean(&log, &[secret], "log");
    let exported: Vec<_> = collector.got.try_iter().map(|got| got.json().to_string()).collect();
    assert!(exported.iter().any(|told| told.contains("_OTHER")), "{exported:?}");
    for told in exported {
        clean(&told, &[secret], "telemetry");
    }
    // And nowhere on the disk in the clear; the search finds what is open.
    let read = |name: &str| fs::read(data.join(name)).unwrap();
    let has =
        |bytes: &[u8], text: &str| bytes.windows(text.len()).any(|part| part == text.as_bytes());
    let ledger = read("ledger/00000001.log");
    assert!(has(&ledger, "tx-form"), "the form was taken");
    assert!(has(&ledger, "tx-1") && !has(&ledger, EMAIL) && !has(&ledger, NAME));
    assert!(!has(&ledger, CARD) && !has(&read("access.json"), secret));
}

#[test]
fn no_command_repeats_a_secret() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let config = dir.path().join("vouch.toml");
    let good = dir.path().join("good");
    fs::write(&good, format!("{STRIPE}\n")).unwrap();
    let bad = dir.path().join("bad");
    fs::write(&bad, format!("a {WEBHOOK} {STRIPE}\n")).unwrap();
    for text in [
        format!("[stripe]\nsecret_key = {STRIPE:?}"),
        format!("[stripe]\nwebhook_secrets = {WEBHOOK:?}"),
        format!("[stripe]\napi_key = {STRIPE:?}"),
        format!("[stripe]\nwebhook_secrets = {bad:?}\nsecret_key = {bad:?}"),
        format!("[stripe]\nsecret_key = {good:?}"),
        format!("[server]\nmaster_key = {MASTER:?}"),
    ] {
        fs::write(&config, &text).unwrap();
        let file = config.to_str().unwrap();
        for arguments in [
            &["config", "print", "--config", file][..],
            &["config", "check", "--config", file],
            &["doctor", "--config", file, "--data-dir", data.to_str().unwrap()],
            &["doctor", "--json", "--config", file, "--data-dir", data.to_str().unwrap()],
            &["dispute", "submit", "dp-1", "--config", file, "--data-dir", data.to_str().unwrap()],
        ] {
            let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_vouch"));
            command.args(arguments).env("VOUCH_MASTER_KEY", format!("{MASTER}x"));
            let output = command.output().unwrap();
            let told = [output.stdout, output.stderr].concat();
            clean(&String::from_utf8_lossy(&told), &[], &format!("{arguments:?} of {text}"));
        }
    }
    // What is meant to be told is told.
    fs::write(&config, "[stripe]\nsecret_kay = 1").unwrap();
    let output = vouch(&["doctor", "--config", config.to_str().unwrap()], &data).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).contains("secret_kay"));
}
