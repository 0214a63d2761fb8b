//! What one key's flood costs another: key A asks steadily, key B what it may and, in every second half, ten times
//! that.
//!
//! ```sh
//! cargo bench --bench flood                # 7 rounds of two halves of 10 s: two and a half minutes
//! cargo bench --bench flood -- 9 5         # rounds, and seconds of a half
//! ```
//!
//! In a calm half B asks as much as its limit lets pass, in a flooded one ten times as much, so that the two differ by
//! what is refused alone. Halves alternate, the first of a round in turn, so that a machine that grows slower
//! slows both. Latency is A's, from when a request was due and not from when it was sent; CPU is the whole server's for
//! each request of A's. The noise is a calm half over the calm half before it: a flood shows where the
//! ratio's median lies outside of it.
//!
//! As a test two short rounds run, which say nothing but that it works. Linux only: CPU time is read from `/proc`.
#![expect(clippy::expect_used, reason = "a bench that can't be set up has nothing to measure")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "its output is a table")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use vouch::clock::Stopwatch;

/// Requests of A's a second.
const STEADY: u32 = 200;
/// Requests of B's a second that pass.
const LIMIT: u32 = 50;
/// How many times as many B sends in a flood.
const TIMES: u32 = 10;
/// Connections of B's.
const CONNECTIONS: u32 = 4;
/// Longest run, in seconds.
const LONGEST_S: f64 = 175.0;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let is_test = !arguments.iter().any(|argument| argument == "--bench");
    let numbers: Vec<f64> = arguments.iter().filter_map(|text| text.parse().ok()).collect();
    let (rounds, half_s) = match numbers[..] {
        [rounds, half_s] => (rounds, half_s),
        [] if is_test => (2.0, 0.3),
        _ => (7.0, 10.0),
    };
    if rounds * half_s * 2.0 > LONGEST_S || rounds < 2.0 || half_s <= 0.0 {
        eprintln!(
            "usage: cargo bench --bench flood -- [ROUNDS SECONDS], under {LONGEST_S} s in all"
        );
        return;
    }
    let server = Server::start();
    // Connections, tables and memory as they are for the rest.
    half(&server, half_s, TIMES);
    let mut halves = Vec::new();
    let mut round = 0_u32;
    while f64::from(round) < rounds {
        let (first, second) = if round.is_multiple_of(2) { (1, TIMES) } else { (TIMES, 1) };
        let (first, second) = (half(&server, half_s, first), half(&server, half_s, second));
        halves.push(if round.is_multiple_of(2) { (first, second) } else { (second, first) });
        round += 1;
    }
    print(&halves);
}

/// What was measured in a half.
#[derive(Debug, Clone, Copy)]
struct Half {
    p50_us: f64,
    /// Of the server, for each request of A's.
    cpu_us: f64,
    /// Requests of B's that passed, and that were refused.
    passed: usize,
    refused: usize,
}

/// What is compared, and what it is of a half.
type Measure = (&'static str, fn(&Half) -> f64);

fn print(halves: &[(Half, Half)]) {
    println!(
        "| Round | A's p50, µs: calm | flooded | CPU µs a request: calm | flooded | B's passed and refused: calm | flooded |"
    );
    println!("|---|---|---|---|---|---|---|");
    for (round, (calm, flooded)) in halves.iter().enumerate() {
        println!(
            "| {} | {:.0} | {:.0} | {:.0} | {:.0} | {} + {} | {} + {} |",
            round + 1,
            calm.p50_us,
            flooded.p50_us,
            calm.cpu_us,
            flooded.cpu_us,
            calm.passed,
            calm.refused,
            flooded.passed,
            flooded.refused
        );
    }
    let measures: [Measure; 2] =
        [("A's p50", |half| half.p50_us), ("CPU a request of A's", |half| half.cpu_us)];
    println!();
    for (name, of) in measures {
        let ratios = halves.iter().map(|(calm, flooded)| of(flooded) / of(calm)).collect();
        let before = halves.iter().map(|(calm, _)| of(calm));
        let noise = before.clone().skip(1).zip(before).map(|(calm, before)| calm / before);
        let (ratio, noise) = (Spread::of(ratios), Spread::of(noise.collect()));
        println!("{name}: flooded to calm {ratio}; calm to the calm before {noise}");
    }
}

/// The median of some ratios, and between what they lie.
struct Spread {
    least: f64,
    median: f64,
    most: f64,
}

impl Spread {
    fn of(mut ratios: Vec<f64>) -> Self {
        ratios.sort_by(f64::total_cmp);
        let (least, most) = (ratios.first().copied(), ratios.last().copied());
        let median = ratios.get(ratios.len() / 2).copied();
        let known = |ratio: Option<f64>| ratio.unwrap_or(f64::NAN);
        Self { least: known(least), median: known(median), most: known(most) }
    }
}

impl std::fmt::Display for Spread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.3} ({:.3} to {:.3})", self.median, self.least, self.most)
    }
}

/// A server with two keys; ends with this value.
struct Server {
    child: Child,
    address: String,
    keys: [String; 2],
    sent: AtomicU64,
    _dir: tempfile::TempDir,
}

impl Server {
    fn start() -> Self {
        let dir = tempfile::tempdir().expect("a place");
        let data = dir.path().join("data");
        let config = dir.path().join("vouch.toml");
        // The disk's own noise is none of a flood's.
        std::fs::write(&config, "[ledger]\ndurability = \"os\"\n").expect("a file");
        let limit = LIMIT.to_string();
        let keys = [key(&data, "a", &[]), key(&data, "b", &["--per-second", &limit])];
        let mut child = vouch(&["serve", "--listen", "127.0.0.1:0"], &data)
            .arg("--config")
            .arg(&config)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a server");
        let mut line = String::new();
        let stdout = child.stdout.as_mut().expect("a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        let address = line.trim().rsplit('/').next().expect("an address").to_owned();
        Self { child, address, keys, sent: AtomicU64::new(0), _dir: dir }
    }

    /// CPU time of each thread, in nanoseconds.
    fn cpu_ns(&self) -> BTreeMap<String, u64> {
        let threads = format!("/proc/{}/task", self.child.id());
        let threads = std::fs::read_dir(threads).expect("Linux").filter_map(Result::ok);
        let of = |thread: std::fs::DirEntry| {
            let told = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
            let ns = told.split(' ').next()?.parse().ok()?;
            Some((thread.file_name().to_string_lossy().into_owned(), ns))
        };
        threads.filter_map(of).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn vouch(arguments: &[&str], data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vouch"));
    command.args(arguments).arg("--data-dir").arg(data).env_remove("VOUCH_CONFIG");
    command
}

/// A new key of a tenant.
fn key(data: &Path, tenant: &str, more: &[&str]) -> String {
    let mut command = vouch(&["key", "add", "--scope", "score", "--tenant", tenant], data);
    let output = command.args(more).output().expect("the program");
    String::from_utf8(output.stdout).expect("a key").trim().to_owned()
}

/// Half a round; `times` is how many times its limit B asks.
fn half(server: &Server, seconds: f64, times: u32) -> Half {
    let [steady, other] = &server.keys;
    let before = server.cpu_ns();
    let (mut latencies, answered) = std::thread::scope(|scope| {
        let floods: Vec<_> = (0..CONNECTIONS)
            .map(|_| {
                let rate = f64::from(LIMIT * times) / f64::from(CONNECTIONS);
                scope.spawn(move || paced(server, other, rate, seconds))
            })
            .collect();
        let own = paced(server, steady, f64::from(STEADY), seconds);
        assert!(own.iter().all(|(status, _)| *status == 200), "A was refused");
        let floods = floods.into_iter().flat_map(|flood| flood.join().expect("a thread"));
        (own.iter().map(|(_, us)| *us).collect::<Vec<_>>(), floods.collect::<Vec<_>>())
    });
    // A thread that is new began at nothing.
    let after = server.cpu_ns();
    let spent = |(thread, ns): (&String, &u64)| ns - before.get(thread).copied().unwrap_or(0);
    let cpu_ns: u64 = after.iter().map(spent).sum();
    latencies.sort_by(f64::total_cmp);
    let asked = f64::from(u32::try_from(latencies.len()).expect("a few thousand"));
    let count = |status: u16| answered.iter().filter(|(of, _)| *of == status).count();
    Half {
        p50_us: latencies.get(latencies.len() / 2).copied().unwrap_or(f64::NAN),
        cpu_us: Duration::from_nanos(cpu_ns).as_secs_f64() * 1e6 / asked,
        passed: count(200),
        refused: count(429),
    }
}

/// Asks so often a second on one connection: status and microseconds of each, from when it was due.
fn paced(server: &Server, key: &str, rate: f64, seconds: f64) -> Vec<(u16, f64)> {
    let stream = TcpStream::connect(&server.address).expect("a connection");
    stream.set_nodelay(true).expect("a socket");
    let mut stream = BufReader::new(stream);
    let clock = Stopwatch::start();
    let mut answers = Vec::new();
    for due in 0_u32.. {
        let due_s = f64::from(due) / rate;
        if due_s >= seconds {
            break;
        }
        let early = due_s - clock.elapsed().as_secs_f64();
        if early > 0.0 {
            std::thread::sleep(Duration::from_secs_f64(early));
        }
        let number = server.sent.fetch_add(1, Ordering::Relaxed);
        let status = ask(&mut stream, key, number);
        answers.push((status, (clock.elapsed().as_secs_f64() - due_s) * 1e6));
    }
    answers
}

/// Scores one new sale; the status.
fn ask(stream: &mut BufReader<TcpStream>, key: &str, number: u64) -> u16 {
    let buyer = number % 1_000;
    let body = format!(
        "{{\"transaction_id\":\"tx-{number}\",\"type\":\"purchase\",\"event_time\":\"2026-01-12T10:00:00Z\",\
         \"amount\":{{\"value\":\"49.00\",\"currency\":\"EUR\"}},\"account\":{{\"id\":\"acc-{buyer}\",\
         \"email\":\"j{buyer}@example.com\"}},\"card\":{{\"fingerprint\":\"fp-{buyer}\",\"bin\":\"457173\"}},\
         \"device\":{{\"ip\":\"81.2.69.142\"}}}}"
    );
    let head = format!(
        "POST /v1/score HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {key}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.get_mut().write_all(head.as_bytes()).expect("an open connection");
    let (mut line, mut status, mut length) = (String::new(), 0, 0);
    while stream.read_line(&mut line).expect("an answer") > 2 {
        let lower = line.to_ascii_lowercase();
        if let Some(rest) = lower.strip_prefix("http/1.1 ") {
            status = rest.get(..3).and_then(|code| code.parse().ok()).unwrap_or_default();
        } else if let Some(rest) = lower.strip_prefix("content-length:") {
            length = rest.trim().parse().expect("a length");
        }
        line.clear();
    }
    let mut answer = vec![0; length];
    stream.read_exact(&mut answer).expect("a whole answer");
    status
}
