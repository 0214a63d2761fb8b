//! A card number in every member of a request: it is in no answer, no log line and, but for members
//! that may hold any number, nowhere in the ledger's files.

use super::*;
use crate::domain::Event;
use crate::input::fields::{Kind, fields, put};
use std::io::Write;

/// Published for testing.
const NUMBERS: [&str; 3] = ["4111111111111111", "4111 1111 1111 1111", "378282246310005"];

/// Members an answer repeats: identifiers, which are looked at nowhere.
const REPEATED: [&str; 2] = ["transaction_id", "event_id"];

/// Identifiers that lie open in the ledger, not sealed under a person's key.
const OPEN: [&str; 7] = [
    "account.id",
    "event_id",
    "merchant_account",
    "order_id",
    "payment.invoice_id",
    "seller_id",
    "transaction_id",
];

/// Where the log goes meanwhile.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Bodies with a number in one member each: where, to which route, and the body.
fn planted() -> Vec<(String, &'static str, Value)> {
    let of_sales = fields::<Transaction>().into_iter().map(|field| ("/v1/score", field));
    let of_events = fields::<Event>().into_iter().map(|field| ("/v1/events", field));
    let mut bodies = Vec::new();
    for (path, field) in of_sales.chain(of_events) {
        let name = field.name.replace('*', "note");
        for number in NUMBERS {
            let id = format!("id-{}", bodies.len());
            let mut body = if path == "/v1/score" { purchase(&id) } else { auth_result(&id) };
            let whole = number.parse::<u64>().ok().filter(|_| field.kind == Kind::Integer);
            put(&mut body, &name, whole.map_or_else(|| number.into(), Into::into));
            bodies.push((name.clone(), path, body));
        }
    }
    for (number, at) in NUMBERS.into_iter().flat_map(|n| [(n, ""), (n, "/card"), (n, "/custom")]) {
        let mut body = purchase(&format!("id-{}", bodies.len()));
        body["custom"] = json!({});
        body.pointer_mut(at).unwrap()[number] = json!("x");
        bodies.push((format!("{at} unknown"), "/v1/score", body));
        let event = with(auth_result(&format!("id-{}", bodies.len())), "/data", json!({number: 1}));
        bodies.push(("data unknown".to_owned(), "/v1/events", event));
    }
    bodies
}

#[tokio::test]
async fn a_card_number_comes_back_from_nowhere() {
    // For all tests of the program: one for this thread alone misses lines while others begin.
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt().with_writer(move || writer.clone()).with_ansi(false).init();
    let server = Server::new();
    for (name, path, body) in planted() {
        let answer = server.post(path, body.to_string()).await;
        let told = format!("{:?}{}", answer.headers, answer.text);
        for number in NUMBERS {
            assert!(REPEATED.contains(&name.as_str()) || !told.contains(number), "{name}: {told}");
        }
    }
    // And where the sender's own text is quoted longest: the number behind a cut.
    for filler in 0..40 {
        let text = format!("{}4111 1111 1111 1111", "z ".repeat(filler));
        for pointer in ["/amount/value", "/amount/currency", "/event_time", "/type"] {
            let answer = server.score(&with(purchase("cut"), pointer, json!(text))).await;
            assert!(!answer.text.contains("1111 11"), "{pointer}: {}", answer.text);
        }
    }
    let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(logged.lines().count() > 500, "{logged}");
    for number in NUMBERS {
        assert!(!logged.contains(number), "{logged}");
    }
}

/// True if one of the numbers lies in a file below `dir`.
fn lies_in(dir: &Path) -> bool {
    std::fs::read_dir(dir).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return lies_in(&path);
        }
        let bytes = std::fs::read(&path).unwrap();
        let has = |number: &&str| bytes.windows(number.len()).any(|p| p == number.as_bytes());
        NUMBERS.iter().any(has)
    })
}

#[tokio::test]
async fn a_card_number_is_in_no_file_of_the_ledger() {
    let server = Server::new();
    for (_, path, body) in planted().into_iter().filter(|(name, ..)| !OPEN.contains(&name.as_str()))
    {
        server.post(path, body.to_string()).await;
    }
    assert!(server.state.engine.ledger().unwrap().health().sequence > 50);
    assert!(!lies_in(server.dir.path()));
    let open = with(purchase("tx-1"), "/order_id", json!(NUMBERS[0]));
    assert_eq!(server.score(&open).await.status, 200);
    assert!(lies_in(server.dir.path()), "the search finds what is there");
}
