//! What a server decides with: rules and their tests, model, tables, certificate; and the clock they are
//! held against.

use super::{Finding, fail, in_words, ok, warn};
use crate::cli::state;
use crate::config::{Config, TlsConfig};
use crate::domain::Calibration;
use crate::domain::{DAY_MS, Timestamp};
use crate::engine::{Reload, Snapshot};
use crate::http::Tls;
use std::net::SocketAddr;
use std::path::Path;

/// A certificate that ends within so many days is told of.
const SOON_DAYS: i64 = 14;
/// Bundled tables older than this are told of, in days.
const OLD_DAYS: u64 = 180;

/// Loads everything as a start would.
pub(super) fn look(config: &Config, data_dir: &Path, now: Timestamp) -> Vec<Finding> {
    let loaded = state::origins(config).with_registry(data_dir).load(None);
    let (snapshot, reload) = match loaded {
        Ok(loaded) => loaded,
        Err(error) => {
            let todo = "mend what is named; `vouch rules check` and `vouch model show` say more";
            return vec![fail("parts", in_words(error), todo)];
        }
    };
    let mut found = vec![clock(&snapshot, now)];
    found.extend(refused(&reload));
    found.push(rules(&snapshot));
    found.push(model(config, &snapshot));
    found.extend(tables(config, &snapshot, now));
    found
}

/// The tables were built before anybody could have this program.
fn clock(snapshot: &Snapshot, now: Timestamp) -> Finding {
    let bundled = snapshot.reference.versions().iter().filter(|version| version.file.is_none());
    match bundled.map(|version| version.built).max() {
        Some(built) if now < built => {
            let said = format!("it is {now} by this machine's clock, before this program was made");
            fail("clock", said, "set the clock (chrony, systemd-timesyncd) before serving")
        }
        _ => ok("clock", format!("it is {now}; keep it set by NTP: deadlines hang on it")),
    }
}

fn refused(reload: &Reload) -> Vec<Finding> {
    let fault = |part: &crate::engine::PartReport| {
        let told: Vec<_> = part.faults.iter().map(|fault| fault.message.as_str()).collect();
        let first = told.first().and_then(|text| text.lines().next()).unwrap_or_default();
        let todo = "mend the file; a server goes on with what it had, and says so";
        fail("parts", format!("`{}` is refused: {first}", part.part), todo)
    };
    reload.refused().map(fault).collect()
}

fn rules(snapshot: &Snapshot) -> Finding {
    let rules = &snapshot.rules;
    let (all, failed) = (rules.rules().len(), rules.failed_tests());
    match failed {
        Some(failed) => {
            let said = format!("{all} rules, and tests of theirs fail: {}", failed.all().len());
            fail("rules", said, "`vouch rules test` shows which")
        }
        None if all == 0 => warn("rules", "there is no rule", "check `rules.dir`"),
        None => ok("rules", format!("{all} rules, and all their tests pass")),
    }
}

fn model(config: &Config, snapshot: &Snapshot) -> Finding {
    match &snapshot.model {
        None if config.model.off => ok("model", "switched off: rules decide"),
        None => warn("model", "none: rules decide", "`vouch train`, then `vouch model promote`"),
        Some(model) => {
            let digest = model.digest().get(..12).unwrap_or_default();
            let kind = match model.calibration() {
                Calibration::Synthetic => "it advises, as it never saw sales of this merchant",
                _ => "calibrated on the merchant's own labels",
            };
            ok("model", format!("{digest}: {kind}"))
        }
    }
}

fn tables(config: &Config, snapshot: &Snapshot, now: Timestamp) -> Vec<Finding> {
    let days = config.reference.stale_days;
    let versions = snapshot.reference.versions();
    let mut found: Vec<Finding> = versions
        .iter()
        .filter(|version| version.is_stale(now, days))
        .map(|version| {
            let name = version.file.as_ref().unwrap_or(&version.name);
            let said = format!("`{name}` was built {} days ago", version.age_days(now));
            warn("tables", said, format!("fetch a newer one (`reference.stale_days` = {days})"))
        })
        .collect();
    let missing = snapshot.reference.missing();
    if !missing.is_empty() {
        let said = format!("missing: {}", missing.join(", "));
        found.push(warn("tables", said, "check `reference.dir`; what they tell is missing, too"));
    }
    let bundled = versions.iter().filter(|version| version.file.is_none());
    let oldest = bundled.map(|version| version.age_days(now)).max().unwrap_or(0);
    let said = format!("{} sources, the oldest table of {oldest} days", versions.len());
    found.push(if oldest > OLD_DAYS {
        warn("tables", said, "update vouch, or `vouch data compile` and `reference.dir`")
    } else {
        ok("tables", said)
    });
    found
}

/// Whether the certificate can be used, and for how long.
pub(super) fn tls(
    files: Option<&TlsConfig>,
    listen: SocketAddr,
    now: Timestamp,
) -> Option<Finding> {
    let Some(files) = files else {
        let todo = "`server.tls`, or a proxy on this machine that speaks TLS";
        let said = format!("{listen} is served in clear text");
        return (!listen.ip().is_loopback()).then(|| warn("tls", said, todo));
    };
    Some(match Tls::read(files, now) {
        Err(error) => fail("tls", in_words(error), "put a pair in place that can be used"),
        Ok(tls) => {
            let (end, days) = (tls.end(), tls.end().millis_since(now).div_euclid(DAY_MS));
            let said = format!("the certificate is good until {end}, for {days} days");
            if days < SOON_DAYS {
                warn("tls", said, "put a newer pair in place; a reload takes it into use")
            } else {
                ok("tls", said)
            }
        }
    })
}
