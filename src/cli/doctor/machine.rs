//! What the machine gives: room on disk, open files, memory, the address.

use super::{Finding, fail, ok, warn};
use crate::config::{Config, LedgerSettings};
use crate::ledger::Holder;
use std::fs;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::time::Duration;

const MIB: u64 = 1 << 20;
/// Free segments below which a disk is nearly full: at a few hundred records a second one fills in minutes.
const FEW_SEGMENTS: u64 = 20;
/// Below this a segment may not be made ahead, and nothing is taken any more.
const LEAST_SEGMENTS: u64 = 2;
/// Files a server needs beside its connections.
const OTHER_FILES: u64 = 256;
/// Most connections a server takes.
const CONNECTIONS: u64 = 4_096;
/// What an entity seen once or twice takes at least, in bytes.
const ENTITY_BYTES: u64 = 100;
/// How long what listens at the address may take for a step of its answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// Most of that answer read, in bytes.
const MAX_ANSWER: u64 = 4_096;
/// How the record of an alert begins: its type and the protocol's major version (RFC 8446, 5.1).
const TLS_ALERT: [u8; 2] = [21, 3];

/// Room on the disk of the data directory.
pub(super) fn disk(data_dir: &Path, ledger: &LedgerSettings) -> Finding {
    // Where there is none yet, the disk is that of the directory it would be made in.
    let path = data_dir.ancestors().find(|path| path.is_dir()).unwrap_or(Path::new("."));
    let stat = match rustix::fs::statvfs(path) {
        Ok(stat) => stat,
        Err(error) => {
            let said = format!("can't ask the disk of `{}`: {error}", path.display());
            return warn("disk", said, "look at it by `df`");
        }
    };
    let free = stat.f_bavail.saturating_mul(stat.f_frsize);
    let all = stat.f_blocks.saturating_mul(stat.f_frsize).max(1);
    let segment = u64::from(ledger.segment_mib) * MIB;
    let said =
        format!("{} MiB free of {} MiB where `{}` lies", free / MIB, all / MIB, data_dir.display());
    let todo =
        "make room or move the data directory: when it is full nothing is taken (docs/history.md)";
    if free < LEAST_SEGMENTS * segment {
        fail("disk", said, todo)
    } else if free < FEW_SEGMENTS * segment {
        warn("disk", said, todo)
    } else {
        ok("disk", said)
    }
}

/// Whether the server's address can be had, or is had by the server itself, which speaks TLS or not.
pub(super) fn port(listen: SocketAddr, held: Holder, is_tls: bool) -> Finding {
    match TcpListener::bind(listen) {
        Ok(_) => ok("port", format!("{listen} is free")),
        Err(error) if error.kind() == ErrorKind::AddrInUse && held != Holder::Nobody => {
            if is_served(listen, is_tls) {
                ok("port", format!("{listen} is in use, as the data directory is: by the server"))
            } else {
                let said = format!("{listen} is in use, but nothing there answers as a server");
                let todo =
                    "a server is at another address or hangs: `ss -ltnp` shows whose this is";
                warn("port", said, todo)
            }
        }
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            let todo = "take a port of 1024 or above, or give the service CAP_NET_BIND_SERVICE";
            fail("port", format!("{listen} is not for this user"), todo)
        }
        Err(error) => {
            let todo = "end what listens there (`ss -ltnp`), or serve on another address";
            fail("port", format!("can't listen on {listen}: {error}"), todo)
        }
    }
}

/// Whether `/healthz` is answered as by a server. One with TLS is asked in clear text, as nobody here has
/// its authority: it refuses that by an alert.
fn is_served(listen: SocketAddr, is_tls: bool) -> bool {
    let at = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    let answer = asked((at, listen.port()).into()).unwrap_or_default();
    if is_tls {
        answer.starts_with(&TLS_ALERT)
    } else {
        let text = String::from_utf8_lossy(&answer);
        text.starts_with("HTTP/1.1 200") && text.contains(r#"{"status":"ok"}"#)
    }
}

/// What is answered to a question for `/healthz`.
fn asked(at: SocketAddr) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect_timeout(&at, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    // What came before a reset counts.
    let _ = stream.take(MAX_ANSWER).read_to_end(&mut answer);
    Ok(answer)
}

/// Open files and memory: of the running server, else of this process, whose limits a server would have.
pub(super) fn limits(config: &Config, held: Holder) -> Vec<Finding> {
    let process = match held {
        Holder::Process(id) => id.to_string(),
        Holder::Nobody | Holder::Unknown => "self".to_owned(),
    };
    let limits = fs::read_to_string(format!("/proc/{process}/limits")).unwrap_or_default();
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    [files(&limits), self::memory(config, &memory)].into_iter().flatten().collect()
}

/// Of the text of `/proc/PID/limits`.
fn files(limits: &str) -> Option<Finding> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    let soft = line.split_whitespace().next()?;
    let most = soft.parse().unwrap_or(u64::MAX); // `unlimited`
    let said = format!("{soft} open files at once");
    Some(if most < CONNECTIONS + OTHER_FILES {
        let needed = CONNECTIONS + OTHER_FILES;
        let todo = format!(
            "allow {needed} (`LimitNOFILE=`, `ulimit -n`): with fewer, connections are not accepted"
        );
        warn("files", said, todo)
    } else {
        ok("files", said)
    })
}

/// Of the text of `/proc/meminfo`.
fn memory(config: &Config, meminfo: &str) -> Option<Finding> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    let keys = u64::try_from(config.velocity.max_keys).unwrap_or(u64::MAX);
    let least = keys.saturating_mul(ENTITY_BYTES);
    let said = format!(
        "{} MiB; {keys} entities (`velocity.max_keys`) take {} MiB or more",
        kib / 1024,
        least / MIB
    );
    Some(if least > kib.saturating_mul(1024) / 2 {
        warn("memory", said, "lower `velocity.max_keys`, or give the machine more memory")
    } else {
        ok("memory", said)
    })
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;

    #[test]
    fn limits_are_read_as_the_system_writes_them() {
        let text = |soft: &str| {
            format!("Limit  Soft Limit  Hard Limit  Units\nMax open files  {soft}  524288  files\n")
        };
        for (soft, state) in [("1024", State::Warn), ("65536", State::Ok), ("unlimited", State::Ok)]
        {
            assert_eq!(files(&text(soft)).unwrap().state, state, "{soft}");
        }
        assert!(files("").is_none());
        let config = Config::default();
        for (kib, state) in [("1048576", State::Warn), ("33554432", State::Ok)] {
            let text = format!("MemTotal:       {kib} kB\nMemFree: 1 kB\n");
            assert_eq!(memory(&config, &text).unwrap().state, state, "{kib}");
        }
        assert!(memory(&config, "MemTotal: many").is_none());
    }
}
