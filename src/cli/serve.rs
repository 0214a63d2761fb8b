//! `vouch serve`: the HTTP server.

use super::state::{self, ConfigArgs};
use crate::http::{AppState, bind, serve};
use anyhow::{Context, Result};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `vouch serve`.
#[derive(Debug, clap::Args)]
pub(super) struct ServeArgs {
    /// Address to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Where the ledger and its keys lie; made if missing
    #[arg(long, value_name = "DIR", default_value = "vouch-data")]
    data_dir: PathBuf,
    #[command(flatten)]
    config: ConfigArgs,
    /// For development: no access keys, loopback only (all there is so far)
    #[arg(long)]
    dev: bool,
}

/// Serves until SIGINT or SIGTERM.
pub(super) fn run(args: &ServeArgs) -> Result<ExitCode> {
    tracing_subscriber::fmt()
        .json()
        .with_writer(std::io::stderr)
        .with_max_level(tracing::Level::INFO)
        .init();
    let config = args.config.load()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("can't start the runtime")?;
    runtime.block_on(async {
        // Bound first: a taken address must not cost the time to read the ledger.
        let listener = bind(args.listen).await?;
        let engine = state::open_engine(&config, &args.data_dir)?;
        let address = listener.local_addr()?;
        if !args.dev {
            eprintln!(
                "warning: no access keys: whoever can reach {address} on this machine is served"
            );
        }
        println!("listening on http://{address}");
        let app = AppState::new(engine, config.server.clone(), config.ledger.clone());
        serve(listener, app, stop()).await?;
        Ok(ExitCode::SUCCESS)
    })
}

/// Resolves at SIGINT or SIGTERM.
async fn stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let interrupt = tokio::signal::ctrl_c();
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => tokio::select! {
            _ = interrupt => (),
            _ = terminate.recv() => (),
        },
        Err(_) => {
            let _ = interrupt.await;
        }
    }
}
