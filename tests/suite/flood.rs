//! Clients that mean no good, against the real server: they get what they asked for or are let go, the
//! others are served meanwhile, and the server's memory stays what it was.

use super::serve::Server;
use serde_json::{Value, json};
use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use vouch::disputes::stripe::signature;
use vouch::domain::Timestamp;

/// The address hostile clients come from; the others come from 127.0.0.1.
const HOSTILE: &str = "127.0.0.66:0";
/// Most the server may grow by under any of these, in bytes.
const MOST_GROWTH: u64 = 96 << 20;

fn purchase(id: &str) -> String {
    json!({
        "transaction_id": id, "type": "purchase", "event_time": "2020-11-20T10:00:00Z",
        "amount": {"value": "49.00", "currency": "EUR"}, "account": {"id": "acc-7"},
    })
    .to_string()
}

/// A connection from the hostile address.
fn hostile(server: &Server) -> TcpStream {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let address: SocketAddr = server.address().parse().unwrap();
    let stream = runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind(HOSTILE.parse().unwrap()).unwrap();
        socket.connect(address).await.unwrap().into_std().unwrap()
    });
    stream.set_nonblocking(false).unwrap();
    stream
}

/// Sends as much as the server takes.
fn say(mut stream: &TcpStream, bytes: &[u8]) {
    let _ = stream.write_all(bytes);
}

/// The status a connection is answered with; `None` where it is closed without an answer.
fn status(stream: &TcpStream) -> Option<u16> {
    status_within(stream, Duration::from_mins(1))
}

/// The same; a connection that is neither answered nor closed by then fails the test.
fn status_within(mut stream: &TcpStream, patience: Duration) -> Option<u16> {
    stream.set_read_timeout(Some(patience)).unwrap();
    let mut read = [0; 64];
    let length = match stream.read(&mut read) {
        Ok(length) => length,
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            panic!("still open after {patience:?}");
        }
        Err(_) => 0, // reset
    };
    let text = String::from_utf8_lossy(&read[..length]).into_owned();
    text.strip_prefix("HTTP/1.1 ").map(|rest| rest[..3].parse().unwrap())
}

/// Scores ten new sales from the other address.
fn others_are_served(server: &Server, when: &str) {
    let mut client = server.connect();
    for number in 0..10 {
        let body = purchase(&format!("{when}-{number}"));
        let (status, answer) = client.ask("POST", "/v1/score", &body).unwrap();
        assert_eq!(status, 200, "{when}: {answer}");
    }
}

/// Most memory the server ever had, in bytes.
fn most_memory(server: &Server) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", server.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

/// Runs an attack on a server that was in use before, and measures what it cost.
fn under(server: &Server, attack: impl FnOnce()) {
    others_are_served(server, "before");
    let before = most_memory(server);
    attack();
    others_are_served(server, "after");
    let grown = most_memory(server) - before;
    assert!(grown < MOST_GROWTH, "{} MiB more", grown >> 20);
}

fn started(dir: &tempfile::TempDir, config: &str) -> Server {
    Server::start(&dir.path().join("data"), config)
}

#[test]
fn one_address_takes_no_place_of_another() {
    let dir = tempfile::tempdir().unwrap();
    let server = started(&dir, "[server]\nmax_connections_per_peer = 50\n");
    under(&server, || {
        let all: Vec<_> = (0..400).map(|_| hostile(&server)).collect();
        // Well before silence would close it.
        let at_once = Duration::from_secs(6);
        for stream in &all[50..] {
            assert_eq!(status_within(stream, at_once), None, "one too many");
        }
        others_are_served(&server, "flooded");
        drop(all);
    });
    // Its places are free again.
    let again = (0..10_000).find_map(|_| {
        let stream = hostile(&server);
        say(&stream, b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n");
        status(&stream)
    });
    assert_eq!(again, Some(200));
}

#[test]
fn who_never_ends_a_head_is_let_go() {
    let dir = tempfile::tempdir().unwrap();
    let server = started(&dir, "");
    under(&server, || {
        let slow: Vec<_> = (0..100).map(|_| hostile(&server)).collect();
        for part in [&b"POST /v1/score HTTP/1.1\r\n"[..], b"host: localhost\r\n", b"x-a: "] {
            for stream in &slow {
                say(stream, part);
            }
            others_are_served(&server, &format!("slow-{}", part.len()));
        }
        // Each waits for its answer no longer than the server for its head.
        for stream in &slow {
            assert!(matches!(status(stream), None | Some(408)));
        }
    });
}

#[test]
fn who_never_ends_a_body_is_told_so() {
    let dir = tempfile::tempdir().unwrap();
    let server = started(&dir, "[server]\nmax_in_flight = 100\n");
    under(&server, || {
        let slow: Vec<_> = (0..60).map(|_| hostile(&server)).collect();
        let head = "POST /v1/score HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
                    content-length: 1000000\r\nx-deadline-ms: 1500\r\n\r\n{\"transaction_id\":";
        for stream in &slow {
            say(stream, head.as_bytes());
        }
        others_are_served(&server, "slow");
        for stream in &slow {
            assert_eq!(status(stream), Some(408));
        }
    });
}

#[expect(clippy::disallowed_methods, reason = "a signature is of the time it is made")]
fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap())
}

/// Who sends webhooks is known only when the body is there; until then they share few places.
#[test]
fn unsigned_messages_take_few_places() {
    let dir = tempfile::tempdir().unwrap();
    let secrets = dir.path().join("secrets");
    fs::write(&secrets, "whsec_abcdefghijklmnop\n").unwrap();
    let config = format!("[server]\nmax_in_flight = 16\n[stripe]\nwebhook_secrets = {secrets:?}\n");
    let server = started(&dir, &config);
    under(&server, || {
        let slow: Vec<_> = (0..40).map(|_| hostile(&server)).collect();
        // Of the shape and in time, which nobody needs a secret for; and it says how long it would wait.
        let forged = signature::header("whsec_of_nobody_here", b"", now());
        let head = |signature: &str| {
            format!(
                "POST /v1/webhooks/stripe HTTP/1.1\r\nhost: localhost\r\nx-deadline-ms: 60000\r\n\
                 content-type: application/json\r\nstripe-signature: {signature}\r\n\
                 content-length: 1000\r\n\r\n{{"
            )
        };
        for stream in &slow {
            say(stream, head(&forged).as_bytes());
        }
        others_are_served(&server, "slow");
        // Another address is read all the same.
        let kind = format!("stripe-signature: {forged}\r\n");
        let read = server.connect().ask_with("POST", "/v1/webhooks/stripe", "{}", &kind).unwrap();
        assert_eq!(read.0, 401, "{}", read.1);
        // What can't be signed takes no place.
        let odd = hostile(&server);
        say(&odd, head("t=1,v1=00").as_bytes());
        assert_eq!(status(&odd), Some(401));
        let soon = Duration::from_secs(20);
        let told: Vec<_> = slow.iter().map(|stream| status_within(stream, soon)).collect();
        let of = |status| told.iter().filter(|told| **told == Some(status)).count();
        assert!(of(408) >= 2 && of(503) >= 30 && of(408) + of(503) == 40, "{told:?}");
    });
}

#[test]
fn heads_are_of_a_size() {
    let dir = tempfile::tempdir().unwrap();
    let server = started(&dir, "");
    let head = "GET /healthz HTTP/1.1\r\nhost: localhost\r\n";
    let many: Vec<String> = (0..5_000).map(|number| format!("x-{number}: y\r\n")).collect();
    let many = many.concat();
    let long = format!("x-long: {}\r\n", "y".repeat(4 << 20));
    let path = format!("GET /{} HTTP/1.1\r\nhost: localhost\r\n\r\n", "y".repeat(4 << 20));
    let heads = [
        format!("{head}{many}\r\n"),
        format!("{head}{long}\r\n"),
        path,
        // Without its end it is read no further either.
        format!("{head}{}", "y".repeat(1 << 20)),
        format!("{head}content-length: 1\r\ncontent-length: 2\r\n\r\n"),
        format!("{head}content-length: -1\r\n\r\n"),
        format!("{head}transfer-encoding: gzip\r\n\r\n"),
        format!("{head}x y: z\r\n\r\n"),
        "\u{16}\u{3}\u{1}\r\n\r\n".to_owned(),
    ];
    under(&server, || {
        // To the byte, in however many reads it comes.
        for (length, answer) in [(64 << 10, 200), ((64 << 10) + 1, 431), (100_000, 431)] {
            let around = format!("{head}x-long: \r\n\r\n").len();
            let text = format!("{head}x-long: {}\r\n\r\n", "y".repeat(length - around));
            let stream = hostile(&server);
            say(&stream, text.as_bytes());
            assert_eq!(status(&stream), Some(answer), "{length} bytes");
        }
        for text in &heads {
            let told = text.chars().take(120).collect::<String>();
            let flood: Vec<_> = (0..20).map(|_| hostile(&server)).collect();
            std::thread::scope(|scope| {
                for stream in &flood {
                    scope.spawn(|| say(stream, text.as_bytes()));
                }
            });
            for stream in &flood {
                let answer = status(stream);
                // Closed while there is more to read, an answer may be lost on its way.
                assert!(matches!(answer, None | Some(400 | 414 | 431 | 501)), "{told}: {answer:?}");
            }
        }
        others_are_served(&server, "heads");
    });
}

#[test]
fn bodies_that_are_none_are_no_trouble_at_any_route() {
    let dir = tempfile::tempdir().unwrap();
    let server = started(&dir, "");
    let twice = purchase("twice").replacen('{', "{\"transaction_id\":\"other\",", 1);
    let bodies = [
        "[".repeat(500_000),
        "{\"a\":".repeat(150_000),
        format!("{{\"custom\":{}", "[".repeat(400_000)),
        format!("{}1{}", "[".repeat(127), "]".repeat(127)),
        format!("{{\"amount\":{{\"value\":{}}}}}", "9".repeat(900_000)),
        format!("{{\"custom\":{{\"a\":1e{}}}}}", "9".repeat(900_000)),
        format!("\"{}\"", "\\ud800".repeat(100_000)),
        twice,
    ];
    let routes = [
        "/v1/score",
        "/v1/events",
        "/v1/disputes",
        "/v1/whatif",
        "/v1/appeals",
        "/minfraud/v2.0/score",
        "/minfraud/v2.0/transactions/report",
    ];
    under(&server, || {
        for (number, body) in bodies.iter().enumerate() {
            for route in routes {
                let (status, answer) = server.ask("POST", route, body);
                // A batch is answered element by element, and the foreign format takes what is odd.
                let least = if route == "/v1/score" { 400 } else { 200 };
                assert!((least..500).contains(&status), "{route} {number}: {status} {answer}");
                let told = answer.to_string().len();
                assert!(told < 8_000, "{route} {number}: an answer of {told} bytes");
            }
        }
    });
}

#[test]
fn a_line_of_the_log_is_of_a_size() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let server = started(&dir, "");
    let mut client = server.connect();
    let path = format!("/v1/decisions/{}", "x".repeat(20_000));
    assert_eq!(client.ask("GET", &path, "").unwrap().0, 404);
    let more = format!("x-request-id: {}\r\n", "y".repeat(20_000));
    let (code, answer): (u16, Value) = client.ask_with("GET", "/healthz", "", &more).unwrap();
    assert_eq!((code, &answer["status"]), (200, &json!("ok")));
    server.stop();
    let log = fs::read_to_string(data.with_extension("log")).unwrap();
    let longest = log.lines().map(str::len).max().unwrap();
    assert!(longest < 2_000 && log.contains("/v1/decisions/{id}"), "{longest}");
}
