//! The real server on real sockets: start, stop, clients that leave, and `kill -9` under load.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// How often a killed server is started again.
const KILLS: usize = 5;
/// Answers waited for before each kill.
const ANSWERS: usize = 60;
/// Connections that load the server.
const CLIENTS: usize = 4;

pub(crate) fn vouch(args: &[&str], data_dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vouch"));
    command.args(args).arg("--data-dir").arg(data_dir).env_remove("VOUCH_CONFIG");
    command
}

/// A running server; killed when dropped.
pub(crate) struct Server {
    child: Child,
    address: String,
    #[expect(dead_code, reason = "the pipe is open as long as the server writes to it")]
    stdout: BufReader<std::process::ChildStdout>,
}

impl Server {
    /// Starts one with a configuration of these lines and waits until it listens.
    pub(crate) fn start(data_dir: &Path, config: &str) -> Self {
        let command = vouch(&["serve", "--dev", "--listen", "127.0.0.1:0"], data_dir);
        Self::start_by(command, data_dir, config)
    }

    /// The same by a command of the caller's.
    pub(crate) fn start_by(mut command: Command, data_dir: &Path, config: &str) -> Self {
        let file = data_dir.with_extension("toml");
        std::fs::write(&file, config).unwrap();
        let log = data_dir.with_extension("log");
        let mut child = command
            .arg("--config")
            .arg(&file)
            .stdout(Stdio::piped())
            .stderr(File::options().create(true).append(true).open(&log).unwrap())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let told = line.trim().strip_prefix("listening on http");
        let address = told.and_then(|told| told.trim_start_matches('s').strip_prefix("://"));
        let address = address.unwrap_or_else(|| {
            panic!("`{line}`, {}", std::fs::read_to_string(&log).unwrap());
        });
        Self { child, address: address.to_owned(), stdout }
    }

    /// Where it listens, as `127.0.0.1:4711`.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The metrics as they are now.
    pub(crate) fn metrics(&self) -> String {
        let mut client = self.connect();
        client.send(&head("GET", "/metrics", 0, "")).unwrap();
        client.text().unwrap().1
    }

    /// Tells it to stop and waits until it has.
    pub(crate) fn stop(mut self) {
        self.signal("TERM");
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
    }

    pub(crate) fn connect(&self) -> Client {
        connect(&self.address).unwrap()
    }

    pub(crate) fn ask(&self, method: &str, path: &str, body: &str) -> (u16, Value) {
        self.connect().ask(method, path, body).unwrap()
    }

    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }

    /// Asks for the metrics until a line is among them.
    pub(crate) fn wait_for_metric(&self, line: &str) {
        let mut client = self.connect();
        for _ in 0..10_000 {
            client.send(&head("GET", "/metrics", 0, "")).unwrap();
            if client.text().unwrap().1.lines().any(|l| l == line) {
                return;
            }
        }
        panic!("no `{line}`");
    }

    /// Asks for a decision until it is there.
    fn wait_for(&self, transaction: &str) -> Value {
        let mut client = self.connect();
        for _ in 0..10_000 {
            let (status, decision) =
                client.ask("GET", &format!("/v1/decisions/{transaction}"), "").unwrap();
            if status == 200 {
                return decision;
            }
        }
        panic!("no decision on {transaction}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One connection, used for request after request.
pub(crate) struct Client(BufReader<TcpStream>);

fn connect(address: &str) -> std::io::Result<Client> {
    let stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    stream.set_nodelay(true)?;
    Ok(Client(BufReader::new(stream)))
}

fn head(method: &str, path: &str, length: usize, more: &str) -> String {
    let json =
        if more.contains("content-type:") { "" } else { "content-type: application/json\r\n" };
    format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\n{json}content-length: {length}\r\n{more}\r\n"
    )
}

impl Client {
    fn send(&mut self, text: &str) -> std::io::Result<()> {
        self.0.get_mut().write_all(text.as_bytes())
    }

    pub(crate) fn ask(
        &mut self,
        method: &str,
        path: &str,
        body: &str,
    ) -> std::io::Result<(u16, Value)> {
        self.ask_with(method, path, body, "")
    }

    /// The same with more header lines, each with its end.
    pub(crate) fn ask_with(
        &mut self,
        method: &str,
        path: &str,
        body: &str,
        more: &str,
    ) -> std::io::Result<(u16, Value)> {
        self.send(&(head(method, path, body.len(), more) + body))?;
        self.answer()
    }

    fn answer(&mut self) -> std::io::Result<(u16, Value)> {
        let (status, text) = self.text()?;
        Ok((status, serde_json::from_str(&text).unwrap_or_default()))
    }

    fn text(&mut self) -> std::io::Result<(u16, String)> {
        let (mut status, mut length) = (0, 0);
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line)? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            let line = line.trim().to_ascii_lowercase();
            if let Some(rest) = line.strip_prefix("http/1.1 ") {
                status = rest[..3].parse().unwrap();
            } else if let Some(value) = line.strip_prefix("content-length: ") {
                length = value.parse().unwrap();
            } else if line.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body)?;
        Ok((status, String::from_utf8(body).unwrap()))
    }
}

fn purchase(id: &str) -> String {
    json!({
        "transaction_id": id, "type": "purchase", "event_time": "2020-11-20T10:00:00Z",
        "amount": {"value": "49.00", "currency": "EUR"},
        "account": {"id": "acc-7", "email": "j.doe@example.com"},
        "card": {"fingerprint": format!("fp-{id}"), "bin": "457173"},
        "device": {"ip": "81.2.69.142"},
    })
    .to_string()
}

/// What must be equal whenever a decision is shown.
fn decision(mut answer: Value) -> Value {
    for own in ["timing_us", "repeated", "durability"] {
        answer.as_object_mut().unwrap().remove(own);
    }
    answer
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn data_dir(dir: &tempfile::TempDir) -> std::path::PathBuf {
    dir.path().join("data")
}

#[test]
fn a_server_says_where_it_listens_and_scores() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&data_dir(&dir), "");
    assert!(!server.address.ends_with(":0"), "{}", server.address);
    let (status, answer) = server.ask("POST", "/v1/score", &purchase("tx-1"));
    assert_eq!((status, &answer["durability"]), (200, &json!("fsync")), "{answer}");
    let (status, found) = server.ask("GET", "/v1/decisions/tx-1", "");
    assert_eq!((status, decision(found)), (200, decision(answer)));
}

#[test]
fn a_second_server_on_the_same_data_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&data_dir(&dir), "");
    let second = vouch(&["serve", "--listen", "127.0.0.1:0"], &data_dir(&dir)).output().unwrap();
    assert_eq!(second.status.code(), Some(2));
    let holder = format!("is in use by another process ({})", server.child.id());
    assert!(stderr(&second).contains(&holder), "{}", stderr(&second));
    assert!(second.stdout.is_empty());

    let other = tempfile::tempdir().unwrap();
    let second =
        vouch(&["serve", "--listen", &server.address], &data_dir(&other)).output().unwrap();
    assert_eq!(second.status.code(), Some(2));
    let taken = format!("can't listen on `{}`", server.address);
    assert!(stderr(&second).contains(&taken), "{}", stderr(&second));
    assert!(!data_dir(&other).exists(), "nothing is touched before the address is ours");
    assert_eq!(server.ask("POST", "/v1/score", &purchase("tx-1")).0, 200);
}

#[test]
fn only_this_machine_is_served() {
    let dir = tempfile::tempdir().unwrap();
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:8080"] {
        for dev in [&["--dev"][..], &[]] {
            let args = [&["serve", "--listen", address], dev].concat();
            let refused = vouch(&args, &data_dir(&dir)).output().unwrap();
            assert_eq!(refused.status.code(), Some(2), "{address}");
            let said = stderr(&refused);
            assert!(said.contains(&format!("`{address}` is not a loopback address")), "{said}");
            assert!(refused.stdout.is_empty());
        }
    }
}

#[test]
fn a_client_that_hangs_up_has_its_decision_recorded() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&data_dir(&dir), "");
    for n in 0..20 {
        let body = purchase(&format!("tx-{n}"));
        let mut client = server.connect();
        client.send(&(head("POST", "/v1/score", body.len(), "") + &body)).unwrap();
        drop(client);
        let mut client = server.connect();
        client.send(&head("POST", "/v1/score", body.len(), "")).unwrap();
        client.send(&body.replace("tx-", "half-")[..body.len() / 2]).unwrap();
    }
    for n in 0..20 {
        assert_eq!(server.wait_for(&format!("tx-{n}"))["action"], "approve");
        let half = format!("/v1/decisions/half-{n}");
        assert_eq!(server.ask("GET", &half, "").0, 404, "what came by half is nothing");
    }
}

#[test]
fn a_body_that_is_too_long_is_answered_however_it_comes() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&data_dir(&dir), "");
    let length = 11 * 1024 * 1024;
    // Stated: the answer comes before the body.
    let mut client = server.connect();
    client.send(&head("POST", "/v1/score", length, "")).unwrap();
    assert_eq!(client.answer().unwrap().0, 413);
    let mut client = server.connect();
    client.send(&head("POST", "/v1/score", length, "expect: 100-continue\r\n")).unwrap();
    assert_eq!(client.answer().unwrap().0, 413);
    // Sent whole before the answer is looked at, as simple clients do.
    let body = " ".repeat(length);
    let mut client = server.connect();
    let (status, answer) = client.ask("POST", "/v1/score", &body).unwrap();
    assert_eq!((status, &answer["error"]["code"]), (413, &json!("body_too_large")));
    // Without a length, and without an end.
    let mut client = server.connect();
    let chunked = "POST /v1/score HTTP/1.1\r\nhost: localhost\r\n\
                   content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
    client.send(chunked).unwrap();
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
    for _ in 0..20 {
        client.send(&chunk).unwrap();
    }
    assert_eq!(client.answer().unwrap().0, 413);
    assert_eq!(server.ask("POST", "/v1/score", &purchase("tx-1")).0, 200);
}

#[test]
fn a_stop_finishes_what_is_under_way() {
    let dir = tempfile::tempdir().unwrap();
    for (name, id) in [("TERM", "tx-1"), ("INT", "tx-2")] {
        let mut server = Server::start(&data_dir(&dir), "");
        let body = purchase(id);
        let mut slow = server.connect();
        let patient = "x-deadline-ms: 30000\r\nconnection: close\r\n";
        slow.send(&head("POST", "/v1/score", body.len(), patient)).unwrap();
        slow.send(&body[..20]).unwrap();
        let _idle = server.connect();
        server.wait_for_metric("vouch_in_flight 1");
        server.signal(name);
        while connect(&server.address).is_ok() {}
        slow.send(&body[20..]).unwrap();
        let (status, answer) = slow.answer().unwrap();
        assert_eq!((status, &answer["durability"]), (200, &json!("fsync")), "{name}");
        assert_eq!(server.child.wait().unwrap().code(), Some(0), "{name}");
        let again = Server::start(&data_dir(&dir), "");
        assert_eq!(decision(again.wait_for(id)), decision(answer), "{name}");
    }
}

/// Sends transactions over several connections until enough are answered, and kills the server in
/// the middle of it. Gives what was acknowledged.
fn load_and_kill(server: &mut Server, round: usize) -> BTreeMap<String, Value> {
    let answered = AtomicUsize::new(0);
    let address = server.address.clone();
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let (answered, address) = (&answered, &address);
                scope.spawn(move || {
                    let mut acknowledged = Vec::new();
                    let Ok(mut connection) = connect(address) else { return acknowledged };
                    for n in 0.. {
                        let id = format!("tx-{round}-{client}-{n}");
                        match connection.ask("POST", "/v1/score", &purchase(&id)) {
                            Ok((200, answer)) => acknowledged.push((id, decision(answer))),
                            Ok(other) => panic!("{other:?}"),
                            Err(_) => break,
                        }
                        answered.fetch_add(1, Ordering::Relaxed);
                    }
                    acknowledged
                })
            })
            .collect();
        while answered.load(Ordering::Relaxed) < ANSWERS {
            assert!(server.child.try_wait().unwrap().is_none(), "the server ended by itself");
            std::thread::yield_now();
        }
        server.child.kill().unwrap();
        server.child.wait().unwrap();
        clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
    })
}

/// Kills a server under load, again and again. Gives how many acknowledged decisions were lost.
fn lost_over_kills(durability: &str) -> usize {
    let dir = tempfile::tempdir().unwrap();
    let config = format!("[ledger]\ndurability = \"{durability}\"\nsegment_mib = 8\n");
    let mut server = Server::start(&data_dir(&dir), &config);
    let mut lost = 0;
    for round in 0..KILLS {
        let acknowledged = load_and_kill(&mut server, round);
        assert!(acknowledged.len() >= ANSWERS);
        let verify = vouch(&["ledger", "verify"], &data_dir(&dir)).output().unwrap();
        assert_eq!(verify.status.code(), Some(0), "{}", stderr(&verify));
        server = Server::start(&data_dir(&dir), &config);
        let mut client = server.connect();
        for (id, told) in acknowledged {
            match client.ask("GET", &format!("/v1/decisions/{id}"), "").unwrap() {
                (200, found) => assert_eq!(decision(found), told, "{id}"),
                (404, _) => lost += 1,
                other => panic!("{id}: {other:?}"),
            }
        }
        let (status, again) = client.ask("POST", "/v1/score", &purchase("same")).unwrap();
        assert_eq!(status, 200, "{again}");
        assert!(durability != "fsync" || again["repeated"] == (round > 0), "{again}");
    }
    lost
}

#[test]
fn nothing_acknowledged_is_lost_by_kill_9() {
    assert_eq!(lost_over_kills("fsync"), 0);
}

/// The control: where decisions are acknowledged before they are written, the same kills must lose
/// some, or the test above could not fail.
#[test]
fn acknowledging_early_does_lose_by_kill_9() {
    assert!(lost_over_kills("async") > 0);
}
