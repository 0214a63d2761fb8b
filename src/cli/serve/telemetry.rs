//! Sending spans and metrics while a server runs.

use crate::http::AppState;
use crate::telemetry::{Counts, Exporter, Tracer};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Makes a server's requests spans, and sends them; nothing where nothing is to be sent.
pub(super) struct Exporting(Option<(JoinHandle<()>, watch::Sender<bool>)>);

impl Exporting {
    pub(super) fn start(
        parts: Option<(Tracer, Exporter, Counts)>,
        app: AppState,
    ) -> (Self, AppState) {
        let Some((tracer, exporter, counts)) = parts else { return (Self(None), app) };
        let app = app.tracing(tracer, counts);
        let (stop, stopped) = watch::channel(false);
        let of = app.clone();
        let task = tokio::spawn(exporter.run(move || of.metrics_page(), stopped));
        (Self(Some((task, stop))), app)
    }

    /// Ends it, behind what is still to be sent.
    pub(super) async fn stop(self) {
        if let Some((task, stop)) = self.0 {
            let _ = stop.send(true);
            let _ = task.await;
        }
    }
}
