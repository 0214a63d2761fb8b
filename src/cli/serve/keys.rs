//! Access keys while a server runs: changed ones into use, and when each was last used into a file.

use crate::access::{AccessError, AccessFile, Gate};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// A key that is taken away opens nothing so many seconds later.
const LOOK_S: u64 = 2;
/// Every how many looks the last uses are written.
const WRITE_EVERY: u64 = 30;

/// Takes changed keys into use; never ends. A file that can't be used changes nothing.
pub(super) async fn watch(gate: Arc<Gate>, data_dir: PathBuf, mut known: AccessFile) {
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
        let used = gate.used();
        if look % WRITE_EVERY == WRITE_EVERY - 1
            && used.iter().any(|(id, at)| written.get(id) != Some(at))
        {
            written.extend(used);
            keep(&data_dir, &written);
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
