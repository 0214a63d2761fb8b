//! Telling the receivers of webhooks while a server runs: a task each.

use crate::engine::Engine;
use crate::http::Teller;
use crate::webhook::{DeadLetters, Endpoint, Standing, run};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// How long the end waits for cursors to be written.
const GRACE: Duration = Duration::from_secs(2);

/// Everybody who is told.
pub(super) struct Telling {
    told: Vec<(Arc<Endpoint>, Arc<Standing>)>,
    tasks: JoinSet<()>,
    stop: watch::Sender<bool>,
    data_dir: PathBuf,
}

impl Telling {
    pub(super) fn start(receivers: Vec<Endpoint>, engine: &Arc<Engine>, data_dir: &Path) -> Self {
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let told = receivers.into_iter().map(|endpoint| {
            let (endpoint, standing) = (Arc::new(endpoint), Arc::new(Standing::default()));
            let (engine, data_dir) = (engine.clone(), data_dir.to_owned());
            tasks.spawn(run(endpoint.clone(), engine, data_dir, standing.clone(), stopped.clone()));
            (endpoint, standing)
        });
        let told = told.collect();
        Self { told, tasks, stop, data_dir: data_dir.to_owned() }
    }

    /// Each, for those who ask how it stands.
    pub(super) fn tellers(&self) -> Vec<Teller> {
        let teller = |(endpoint, standing): &(Arc<Endpoint>, Arc<Standing>)| Teller {
            endpoint: endpoint.clone(),
            standing: standing.clone(),
            letters: DeadLetters::of(&self.data_dir, &endpoint.name),
        };
        self.told.iter().map(teller).collect()
    }

    /// Ends them. What is under way is sent again after the next start.
    pub(super) async fn stop(mut self) {
        let _ = self.stop.send(true);
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(GRACE, ended).await;
    }
}
