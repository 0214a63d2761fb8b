//! What the machine gives: room on disk, open files, memory, the address.

use super::{Finding, fail, ok, warn};
use crate::config::{Config, LedgerSettings};
use crate::ledger::Holder;
use std::fs;
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;

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

/// Whether the server's address can be had, or is had by the server itself.
pub(super) fn port(listen: SocketAddr, held: Holder) -> Finding {
    match TcpListener::bind(listen) {
        Ok(_) => ok("port", format!("{listen} is free")),
        Err(error) if error.kind() == ErrorKind::AddrInUse && held != Holder::Nobody => {
            ok("port", format!("{listen} is in use, as the data directory is: by the server"))
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
