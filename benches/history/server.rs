//! The same counters in a Valkey or Redis server on loopback, as a shop would keep them there.
//!
//! Each attempt updates and reads five entities, six windows of 24 slots each: how many attempts, what
//! they sum to, and how many others were seen. Two forms: a ring in one string by a script, and hashes
//! of buckets by plain commands, both in one round trip. A distinct count is one `HyperLogLog` without a window, which is less than
//! ours; nothing is persisted. CPU time is that of both processes.

use super::process::cpu_s;
use super::resp::Client;
use super::stream::Stream;
use std::hint::black_box;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use vouch::velocity::{
    Entity, EntityKey, EntityKeys, Limits, Occurrence, Other, Signal, SlidingWindows, Velocity,
    Window,
};

/// Who is counted.
const ENTITIES: [Entity; 5] =
    [Entity::Card, Entity::Email, Entity::Ip, Entity::Device, Entity::Account];

/// Slots of each window, as ours.
const SLOTS: i64 = 24;

/// A ring for each of six windows in one string: head slot, total count and sum, then count and sum of
/// each slot. Only what has passed is taken out of a total.
const RING: &str = r"
local widths = {2500, 150000, 3600000, 25200000, 108000000, 324000000}
local now, cents = tonumber(ARGV[1]), tonumber(ARGV[2])
local old = redis.call('GET', KEYS[1])
local parts, answer = {}, {}
local unpack, pack, floor, sub = struct.unpack, struct.pack, math.floor, string.sub
local EMPTY = string.rep('\0', 12)
for w = 1, 6 do
  local slot = floor(now / widths[w])
  local base = (w - 1) * 304
  local head, count, sum, slots
  if old then
    head, count, sum = unpack('<I4I4I8', old, base + 1)
    slots = sub(old, base + 17, base + 304)
  else
    head, count, sum, slots = slot, 0, 0, string.rep(EMPTY, 24)
  end
  if slot > head then
    local first = head + 1
    if slot - head >= 24 then
      count, sum, slots = 0, 0, string.rep(EMPTY, 24)
    else
      for passed = first, slot do
        local at = (passed % 24) * 12
        local c, s = unpack('<I4I8', slots, at + 1)
        if c > 0 then
          count, sum = count - c, sum - s
          slots = sub(slots, 1, at) .. EMPTY .. sub(slots, at + 13)
        end
      end
    end
    head = slot
  end
  if slot > head - 24 then
    local at = (slot % 24) * 12
    local c, s = unpack('<I4I8', slots, at + 1)
    slots = sub(slots, 1, at) .. pack('<I4I8', c + 1, s + cents) .. sub(slots, at + 13)
    count, sum = count + 1, sum + cents
  end
  parts[w] = pack('<I4I4I8', head, count, sum) .. slots
  answer[2 * w - 1], answer[2 * w] = count, sum
end
redis.call('SET', KEYS[1], table.concat(parts), 'EX', 7776000)
redis.call('PFADD', KEYS[2], ARGV[3])
answer[13] = redis.call('PFCOUNT', KEYS[2])
return answer
";

/// A server of our own; ends with this value.
struct Server {
    child: Child,
    name: &'static str,
    port: u16,
    _dir: tempfile::TempDir,
}

impl Server {
    /// `None` where neither program is installed.
    fn start() -> Option<Self> {
        let free = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr());
        let (port, dir) =
            (free.expect("a free port").port(), tempfile::tempdir().expect("a place"));
        ["valkey-server", "redis-server"]
            .into_iter()
            .find_map(|name| {
                let child = Command::new(name)
                    .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
                    .args(["--save", "", "--appendonly", "no"])
                    .current_dir(dir.path())
                    .stdout(Stdio::null())
                    .spawn();
                Some((child.ok()?, name))
            })
            .map(|(child, name)| Self { child, name, port, _dir: dir })
    }

    fn connect(&self) -> Client {
        let mut tries = (0..100).map(|_| {
            std::thread::sleep(Duration::from_millis(50));
            Client::connect(self.port)
        });
        tries.find_map(|client| client).expect("a server that answers")
    }

    /// CPU seconds of the server and of this process.
    fn cpu_s(&self) -> [f64; 2] {
        [cpu_s(self.child.id()), cpu_s(std::process::id())]
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Puts the commands of one attempt into the pipeline.
type Send<'a> = dyn Fn(&mut Client, &Occurrence) + 'a;

/// Compares `attempts` in either form with forty times as many of ours.
pub(crate) fn run(attempts: u32) {
    let Some(server) = Server::start() else {
        eprintln!("no valkey-server and no redis-server: apt-get install valkey-server");
        return;
    };
    let mut client = server.connect();
    client.send(&[b"SCRIPT", b"LOAD", RING.as_bytes()]);
    let script = client.ask().trim().to_owned();
    println!("| {attempts} attempts, µs CPU an attempt | Server | Client | Together | Ours = 1 |");
    println!("|---|---|---|---|---|");
    let own = ours(40 * attempts);
    println!("| in process | – | {own:.2} | {own:.2} | 1 |");
    let by_script = |client: &mut Client, attempt: &Occurrence| ring(client, &script, attempt);
    let forms: [(&str, &Send); 2] = [
        ("one packed ring an entity, five EVALSHA", &by_script),
        ("hashes of buckets, plain commands", &buckets),
    ];
    for (name, send) in forms {
        client.send(&[b"FLUSHALL"]);
        client.ask();
        let mut stream = Stream::new();
        let before = server.cpu_s();
        for _ in 0..attempts {
            let [attempt, _] = stream.next_sale();
            send(&mut client, &attempt);
            black_box(client.ask());
        }
        let after = server.cpu_s();
        let us = |of: usize| {
            let spent =
                after.get(of).zip(before.get(of)).map_or(0.0, |(after, before)| after - before);
            spent * 1e6 / f64::from(attempts)
        };
        let (theirs, client, both) = (us(0), us(1), us(0) + us(1));
        let (server, times) = (server.name, both / own);
        println!("| {server}: {name} | {theirs:.0} | {client:.0} | {both:.0} | {times:.0} |");
    }
}

/// Microseconds of CPU an attempt.
fn ours(attempts: u32) -> f64 {
    let store = SlidingWindows::new(Limits { max_keys: 10_000_000, seed: 1 });
    let mut stream = Stream::new();
    let before = cpu_s(std::process::id());
    for _ in 0..attempts {
        let [mut attempt, _] = stream.next_sale();
        // The five, and three pairs of them that the server does not keep.
        attempt.keys = EntityKeys { bin: None, seller: None, ..attempt.keys };
        for entity in ENTITIES {
            let Some(key) = attempt.keys.get(entity) else { continue };
            let view = store.view(entity, key, attempt.at);
            for window in Window::ALL {
                let attempts = Signal::Attempt;
                black_box((view.count(attempts, window), view.sum(attempts, window)));
                black_box(Other::ALL.map(|of| view.distinct(of, window)));
            }
        }
        store.record(&attempt);
    }
    (cpu_s(std::process::id()) - before) * 1e6 / f64::from(attempts)
}

/// The entities of an attempt and another seen with each.
fn seen(attempt: &Occurrence) -> impl Iterator<Item = (Entity, EntityKey, EntityKey)> {
    let other = attempt.keys.card.zip(attempt.keys.device);
    ENTITIES.into_iter().filter_map(move |entity| {
        let (card, device) = other?;
        let other = if entity == Entity::Card { device } else { card };
        Some((entity, attempt.keys.get(entity)?, other))
    })
}

/// A script an entity, so that a cluster can serve it: all its keys share one hash tag.
fn ring(client: &mut Client, script: &str, attempt: &Occurrence) {
    let now = attempt.at.millis().to_string();
    let cents = attempt.amount.unwrap_or_default().to_string();
    for (entity, key, other) in seen(attempt) {
        let name = format!("v:{{{}:{key}}}", entity.name());
        let (distinct, other) = (format!("{name}:d"), other.to_string());
        let words = ["EVALSHA", script, "2", &name, &distinct, &now, &cents, &other];
        client.send(&words.map(str::as_bytes));
    }
}

/// A hash a window of an entity: two fields a slot, and as many read as there are slots.
fn buckets(client: &mut Client, attempt: &Occurrence) {
    let cents = attempt.amount.unwrap_or_default().to_string();
    for (entity, key, other) in seen(attempt) {
        for window in Window::ALL {
            let name = format!("b:{{{}:{key}}}:{}", entity.name(), window.name());
            let slot = attempt.at.millis() / window.slot_ms();
            let (count, sum) = (format!("{slot}c"), format!("{slot}s"));
            client.send(&["HINCRBY", &name, &count, "1"].map(str::as_bytes));
            client.send(&["HINCRBY", &name, &sum, &cents].map(str::as_bytes));
            let ttl = (window.span_ms() / 1_000).to_string();
            client.send(&["EXPIRE", &name, &ttl].map(str::as_bytes));
            let slots = (slot - SLOTS + 1)..=slot;
            let fields: Vec<String> =
                slots.flat_map(|slot| [format!("{slot}c"), format!("{slot}s")]).collect();
            let mut words: Vec<&[u8]> = vec![b"HMGET", name.as_bytes()];
            words.extend(fields.iter().map(String::as_bytes));
            client.send(&words);
        }
        let distinct = format!("b:{{{}:{key}}}:d", entity.name());
        let other = other.to_string();
        client.send(&["PFADD", &distinct, &other].map(str::as_bytes));
        client.send(&["PFCOUNT", &distinct].map(str::as_bytes));
    }
}
