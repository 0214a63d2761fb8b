//! What lies in the data directory: who may read it, the end of the ledger, access keys; and secrets beside it.

use super::{Finding, fail, in_words, ok, ok_with, warn};
use crate::access::AccessFile;
use crate::config::{self, Secret, StripeConfig, WebhookConfig};
use crate::disputes::stripe::signature::WebhookSecrets;
use crate::domain::{DAY_MS, TenantId, Timestamp};
use crate::ledger::{
    self, Holder, LastRecords, LedgerError, MasterKey, SigningKey, Tail, holder, verify_last,
};
use crate::processor::{ProcessorError, key_of};
use crate::webhook::Endpoint;
use std::fs;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Files that hold a secret, or what a secret can be tried against.
const SECRET_FILES: [&str; 5] =
    ["master.key", "master.key.next", "signing.key", "access.json", "keys.log"];
/// Others than the owner.
const OTHERS: u32 = 0o077;
/// A key that ends within so many days is told of.
const SOON_DAYS: i64 = 14;
/// How far the newest record may lie ahead of the clock, in milliseconds.
const CLOCK_SLACK_MS: i64 = 60_000;

/// Whether the directory is there, can be written and is nobody else's to read.
pub(super) fn directory(data_dir: &Path) -> Vec<Finding> {
    let shown = data_dir.display();
    let about = match fs::metadata(data_dir) {
        Ok(about) if about.is_dir() => about,
        Ok(_) => {
            return vec![fail("data", format!("`{shown}` is no directory"), "name another")];
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let todo = "right for a first start, which makes it; else check `--data-dir`";
            return vec![warn("data", format!("`{shown}` is not there"), todo)];
        }
        Err(error) => {
            let said = format!("can't look into `{shown}`: {error}");
            return vec![fail("data", said, "run this as the user that serves")];
        }
    };
    let mut found = vec![match tempfile::tempfile_in(data_dir) {
        Ok(_) => ok("data", format!("`{shown}` can be written")),
        Err(error) => {
            let todo = "make it the serving user's, on a disk that is not read-only";
            fail("data", format!("`{shown}` can't be written: {error}"), todo)
        }
    }];
    let open = |path: &Path| {
        fs::metadata(path).is_ok_and(|about| about.permissions().mode() & OTHERS != 0)
    };
    let paths = SECRET_FILES.map(|name| data_dir.join(name));
    let readable: Vec<_> =
        paths.iter().filter(|path| open(path)).map(|path| path.display().to_string()).collect();
    found.push(if !readable.is_empty() {
        let said = format!("others than the owner may use {}", readable.join(", "));
        fail("permissions", said, "`chmod 600` them")
    } else if about.permissions().mode() & OTHERS != 0 {
        let said = format!("others than the owner may look into `{shown}`");
        warn("permissions", said, format!("`chmod 700 {shown}`"))
    } else {
        ok("permissions", "the directory and its secrets are the owner's alone")
    });
    found
}

/// Who holds the ledger, and what its end is like.
pub(super) fn ledger(data_dir: &Path, now: Timestamp) -> (Holder, Finding) {
    let held = holder(data_dir);
    let looked = config::master_key().map(|key| key.map(MasterKey::from_bytes));
    let found = match looked {
        Ok(master) => match verify_last(data_dir, master) {
            Ok(last) => of_last(&last, held, now),
            Err(LedgerError::Absent { .. }) => ok("ledger", "none yet; the first start makes it"),
            Err(error) => {
                let todo = "restore a backup, or the master key it was written with";
                fail("ledger", in_words(error), todo)
            }
        },
        Err(error) => fail("ledger", in_words(error), "mend the variable"),
    };
    (held, found)
}

fn of_last(last: &LastRecords, held: Holder, now: Timestamp) -> Finding {
    if let Some(damage) = &last.finding {
        let todo = "stop the server, keep the files, `vouch ledger verify`, then restore a backup";
        return fail("ledger", damage.to_string(), todo);
    }
    if let Some(at) = last.received_at.filter(|at| at.millis_since(now) > CLOCK_SLACK_MS) {
        let said = format!("its last record is of {at}, and it is {now} by this machine's clock");
        return fail("clock", said, "set the clock (chrony, systemd-timesyncd) before serving");
    }
    let by = match held {
        Holder::Process(id) => format!(", in use by process {id}"),
        Holder::Unknown => ", in use".to_owned(),
        Holder::Nobody => String::new(),
    };
    let LastRecords { sequence, checked, segments, .. } = last;
    let said = format!("{sequence} records in {segments} segments, the last {checked} checked{by}");
    match last.tail {
        // A server is in the middle of a commit.
        Tail::Torn { bytes, .. } if held == Holder::Nobody => {
            let todo = "none: the next start leaves them out; nothing of them was acknowledged";
            warn("ledger", format!("{said}; {bytes} bytes of a broken commit behind them"), todo)
        }
        _ => ok("ledger", said),
    }
}

/// Up to which day the records are signed, and whether by the key that is there.
pub(super) fn roots(data_dir: &Path) -> Option<Finding> {
    if holder(data_dir) == Holder::Nobody && !data_dir.join("ledger").exists() {
        return None;
    }
    let signed = match ledger::roots(data_dir) {
        Ok(signed) => signed,
        Err(error) => {
            let todo = "restore the file from a backup; what it lacks then is signed again";
            return Some(fail("roots", in_words(error), todo));
        }
    };
    Some(match signed.last() {
        _ if !SigningKey::is_there(data_dir) => {
            let todo =
                "none needed: the first packet as PDF makes one, or `vouch ledger roots` now";
            ok_with("roots", "days are not signed: there is no signing key yet", todo)
        }
        None => ok("roots", "no day is signed yet; a server signs each an hour after its end"),
        Some(last) => ok("roots", format!("signed up to {}, record {}", last.day, last.last)),
    })
}

/// Whether anybody needs a key, and which end soon.
pub(super) fn access(data_dir: &Path, listen: SocketAddr, now: Timestamp) -> Vec<Finding> {
    let keys = match AccessFile::read(data_dir) {
        Ok(keys) => keys,
        Err(error) => {
            let todo = "restore the file, or take it away and make new keys";
            return vec![fail("access", in_words(error), todo)];
        }
    };
    if !keys.needs_key() {
        let said = "no access keys: development mode";
        let todo = "`vouch key add`; without a key only this machine is served";
        return vec![if listen.ip().is_loopback() {
            warn("access", said, todo)
        } else {
            fail("access", format!("{said}, and {listen} is not loopback"), todo)
        }];
    }
    let left =
        |key: &crate::access::Key| key.expires_at.map(|at| at.millis_since(now).div_euclid(DAY_MS));
    let good = keys.keys().filter(|key| !key.is_over(now)).count();
    let soon: Vec<_> = keys
        .keys()
        .filter(|key| !key.is_over(now) && left(key).is_some_and(|days| days < SOON_DAYS))
        .map(|key| key.id.to_string())
        .collect();
    let over = keys.keys().count() - good;
    let said = format!("{good} keys open the server, {over} are over");
    vec![if good == 0 {
        fail("access", format!("{said}: nobody is let in"), "`vouch key add`")
    } else if !soon.is_empty() {
        let said = format!("{said}; within {SOON_DAYS} days end: {}", soon.join(", "));
        warn("access", said, "`vouch key rotate ID` and give out the new ones")
    } else {
        ok("access", said)
    }]
}

/// Whether each file of secrets can be read, is in its form, and is nobody else's to read.
pub(super) fn secrets(stripe: &StripeConfig) -> Vec<Finding> {
    let webhooks = stripe.webhook_secrets().map(|secret| {
        let parsed = |text: &str| WebhookSecrets::parse(text).map(|_| ()).map_err(in_words);
        of_secret("webhooks", &secret, parsed)
    });
    let interface = stripe.secret_key().map(|secret| {
        let parsed = |text: &str| match key_of(text, &TenantId::default_tenant()) {
            Ok(_) | Err(ProcessorError::NoKey) => Ok(()),
            Err(error) => Err(in_words(error)),
        };
        of_secret("stripe key", &secret, parsed)
    });
    [webhooks, interface].into_iter().flatten().collect()
}

/// Whether each receiver of webhooks is one a start takes.
pub(super) fn receivers(configured: &[WebhookConfig]) -> Option<Finding> {
    let found = match Endpoint::all(configured) {
        Ok(receivers) => ok("receivers", format!("{} can be told what happened", receivers.len())),
        Err(error) => fail("receivers", in_words(error), "mend the `[[webhook]]` that is named"),
    };
    (!configured.is_empty()).then_some(found)
}

fn of_secret(
    check: &'static str,
    secret: &Secret,
    parse: impl Fn(&str) -> Result<(), String>,
) -> Finding {
    let todo = "one secret a line, after the tenant's name where it is not `default`";
    match secret.read() {
        Err(error) => {
            fail(check, format!("can't be read: {error}"), "check the path in the config")
        }
        Ok(text) => match parse(&text) {
            Err(said) => fail(check, said, todo),
            Ok(()) => match secret {
                Secret::File(path) if is_open(path) => {
                    let said = format!("others than the owner may read `{}`", path.display());
                    warn(check, said, "`chmod 600` it")
                }
                Secret::File(_) => ok(check, "the file is in its form, and the owner's alone"),
                Secret::Environment(_) => ok(check, "from the environment, in its form"),
            },
        },
    }
}

fn is_open(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|about| about.permissions().mode() & OTHERS != 0)
}
