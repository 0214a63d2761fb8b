//! The roots of days that are over, signed while a server runs.

use crate::clock;
use crate::ledger::DailyRoots;
use std::path::PathBuf;
use std::time::Duration;

/// Looks at once and every ten minutes, mostly at the date alone; never ends.
pub(super) async fn sign_daily(data_dir: PathBuf) {
    let mut ticks = tokio::time::interval(Duration::from_mins(10));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut daily = DailyRoots::default();
    loop {
        ticks.tick().await;
        let (mut looking, dir) = (daily, data_dir.clone());
        let look = move || {
            let signed = looking.look(&dir, clock::now());
            (looking, signed)
        };
        let (back, signed) = match tokio::task::spawn_blocking(look).await {
            Ok(looked) => looked,
            Err(error) => {
                tracing::error!(%error, "the signing of roots ended early");
                (DailyRoots::default(), Ok(Vec::new()))
            }
        };
        daily = back;
        match signed {
            Ok(roots) => {
                for root in roots {
                    let (day, first, last) = (root.day, root.first, root.last);
                    tracing::info!(day, first, last, root = root.root, "root signed");
                }
            }
            Err(error) => {
                let source = std::error::Error::source(&error).map(ToString::to_string);
                tracing::warn!(%error, source, "roots of ended days are not signed; tried again");
            }
        }
    }
}
