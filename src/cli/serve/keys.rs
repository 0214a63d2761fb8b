//! Access keys while a server runs: changed ones into use and into the ledger, and when each was last used
//! into a file.

use crate::access::{AccessError, AccessFile, FILE, Gate, KeyChange};
use crate::engine::{Audit, Changed, Engine, Who};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// A key that is taken away opens nothing so many seconds later.
const LOOK_S: u64 = 2;
/// Every how many looks the last uses are written.
const WRITE_EVERY: u64 = 30;

/// Takes changed keys into use; never ends. A file that can't be used changes nothing.
pub(super) async fn watch(
    gate: Arc<Gate>,
    engine: Arc<Engine>,
    data_dir: PathBuf,
    mut known: AccessFile,
) {
    let mut audited = AccessFile::audited(&data_dir).unwrap_or_else(|error| {
        tracing::error!(error = with_cause(&error), "every access key is audited anew");
        AccessFile::default()
    });
    let mut ticks = tokio::time::interval(Duration::from_secs(LOOK_S));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut written = AccessFile::used(&data_dir);
    let mut was_refused = false;
    for look in 0_u64.. {
        ticks.tick().await;
        match AccessFile::read(&data_dir) {
            Ok(file) => {
                if file != known {
                    gate.replace(&file);
                    tracing::info!(keys = file.keys().count(), "access keys taken into use");
                    known = file;
                }
                was_refused = false;
            }
            Err(error) => {
                if !was_refused {
                    tracing::error!(
                        error = with_cause(&error),
                        "access keys refused; the old ones go on"
                    );
                }
                was_refused = true;
            }
        }
        if !known.changes_since(&audited).is_empty() {
            let (engine, keys, before) = (engine.clone(), known.clone(), audited.clone());
            let dir = data_dir.clone();
            match tokio::task::spawn_blocking(move || audit(&engine, &dir, &keys, &before)).await {
                Ok(true) => audited = known.clone(),
                Ok(false) => {} // said in the log; tried again with the next look
                Err(_) => tracing::error!("the audit of access keys panicked"),
            }
        }
        let used = gate.used();
        if look % WRITE_EVERY == WRITE_EVERY - 1
            && used.iter().any(|(id, at)| written.get(id) != Some(at))
        {
            written.extend(used);
            keep(&data_dir, &written);
        }
    }
}

/// Writes what changed into the ledger; true once all of it is there. A crash between the ledger and the file
/// that says so tells a change twice, never not at all.
fn audit(engine: &Engine, data_dir: &Path, keys: &AccessFile, before: &AccessFile) -> bool {
    let (who, now) = (Who::service(FILE), crate::clock::now());
    for change in keys.changes_since(before) {
        let (changed, key) = match change {
            KeyChange::Added(key) if key.replaces.is_some() => (Changed::KeyRotated, key),
            KeyChange::Added(key) => (Changed::KeyAdded, key),
            KeyChange::Changed(key) => (Changed::KeyChanged, key),
            KeyChange::Revoked(key) => (Changed::KeyRevoked, key),
        };
        let detail = json!({
            "scopes": key.scopes, "made_at": key.made_at, "expires_at": key.expires_at,
            "replaces": key.replaces, "limits": key.limits,
        });
        let audit = Audit { changed, about: Some(key.id.to_string()), detail };
        if let Err(error) = engine.audit(&key.tenant, &who, &audit, now) {
            tracing::error!(%error, key = %key.id, "a change of access keys is not in the audit yet");
            return false;
        }
    }
    match keys.keep_audited(data_dir) {
        Ok(()) => true,
        Err(error) => {
            tracing::error!(error = with_cause(&error), "audited access keys could not be noted");
            true
        }
    }
}

fn keep(
    data_dir: &Path,
    used: &std::collections::BTreeMap<crate::access::KeyId, crate::domain::Timestamp>,
) {
    if let Err(error) = AccessFile::keep_used(data_dir, used) {
        tracing::warn!(error = with_cause(&error), "when keys were used could not be written");
    }
}

fn with_cause(error: &AccessError) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
