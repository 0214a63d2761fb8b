//! `vouch serve`: the HTTP server.

mod keys;
mod roots;
mod telemetry;
mod tellers;

use super::state::{self, ConfigArgs};
use crate::access::{AccessFile, Gate};
use crate::config::{self, Secret, StripeConfig};
use crate::disputes::stripe::signature::WebhookSecrets;
use crate::domain::{TenantId, Versions};
use crate::engine::{Artefacts, Audit, CaseSource, Changed, Engine, Reloader, Retention, Who};
use crate::http::{AppState, Tls, bind, serve};
use crate::ledger::MasterKey;
use crate::webhook::Endpoint;
use anyhow::{Context, Result};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use telemetry::Exporting;
use tellers::Telling;
use tokio::task::JoinSet;

const AFTER_HELP: &str = "\
SIGHUP and `POST /v1/reload` read rules, model, tables and MaxMind-format files again and take what is good
into use without dropping a request; so does a changed file, looked for every `reload.poll_s` seconds (0,
the default: never). What is broken is refused with its place in the log, and the old part goes on. Replace
a MaxMind-format file by rename, never in place. As soon as there is an access key (`vouch key add`) every
request but the health checks must carry one; keys made and taken away count within seconds. SIGINT and SIGTERM end the server once the requests under
way are answered.";

/// Arguments of `vouch serve`.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct ServeArgs {
    /// Address to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Where the ledger and its keys lie; made if missing
    #[arg(long, value_name = "DIR", default_value = "vouch-data")]
    data_dir: PathBuf,
    #[command(flatten)]
    config: ConfigArgs,
    /// For development: no access keys needed, loopback only
    #[arg(long)]
    dev: bool,
}

/// Serves until SIGINT or SIGTERM.
pub(super) fn run(args: &ServeArgs) -> Result<ExitCode> {
    log_to_stderr();
    let config = args.config.load()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("can't start the runtime")?;
    runtime.block_on(async {
        // Bound first: a taken address must not cost the time to read the ledger.
        let keys = if args.dev { AccessFile::default() } else { AccessFile::read(&args.data_dir)? };
        let gate = Arc::new(Gate::new(&keys));
        let tls = config.server.tls.as_ref();
        let tls = tls.map(|files| Tls::read(files, crate::clock::now())).transpose()?;
        if let Some(error) = tls.as_ref().and_then(Tls::untimely) {
            tracing::error!(error, "the certificate is served out of its time");
        }
        let scheme = if tls.is_some() { "https" } else { "http" };
        let receivers = Endpoint::all(&config.webhook)?;
        let exporter = crate::telemetry::exporter(&config.telemetry)?;
        let listener = bind(args.listen, &gate).await?;
        let origins = state::origins(&config).with_registry(&args.data_dir);
        let stamps = origins.stamps();
        let artefacts = Artefacts::new(&args.data_dir);
        let served_last = artefacts.current();
        let (snapshot, loaded) = origins.load(Some(&artefacts))?;
        let engine = state::open_engine_with(snapshot, &config, &args.data_dir)?;
        audit_start(&engine, served_last.as_ref())?;
        engine.mark_current()?;
        let reloader = Arc::new(Reloader::new(engine.clone(), origins, stamps));
        let address = listener.local_addr()?;
        if !args.dev {
            say_who_is_served(&gate, &keys, address);
        }
        // Before anybody knows of us, so that from then on a signal ends us in order.
        let stop = stop()?;
        let master = config::master_key()?.map(MasterKey::from_bytes);
        let app = AppState::new(engine.clone(), config.server.clone(), config.ledger.clone())
            .reloading(reloader, config.reference.stale_days)
            .guarded(gate.clone())
            .reviewing(config.review)
            .over(tls)
            .answering(CaseSource::new(&args.data_dir, master))
            .hearing_stripe(stripe_secrets(&config.stripe)?, config.stripe.clone())
            .weighing(config.disputes.clone());
        let telling = Telling::start(receivers, &engine, &args.data_dir);
        let app = app.telling(telling.tellers());
        let (exporting, app) = Exporting::start(exporter, app);
        app.loaded(&loaded);
        let every_s = config.checkpoint.every_s;
        let mut chores = JoinSet::new();
        chores.spawn(reload(app.clone(), config.reload.poll_s)?);
        chores.spawn(end_overdue_reviews(app.clone()));
        chores.spawn(watch_deadlines(app.clone()));
        chores.spawn(expire(app.clone(), config.retention.personal_days));
        chores.spawn(roots::sign_daily(args.data_dir.clone()));
        if every_s > 0 {
            chores.spawn(keep_state(engine.clone(), every_s));
        }
        if !args.dev {
            chores.spawn(keys::watch(gate, engine.clone(), args.data_dir.clone(), keys));
        }
        println!("listening on {scheme}://{address}");
        serve(listener, app, stop).await;
        telling.stop().await;
        exporting.stop().await;
        chores.abort_all();
        if every_s > 0 {
            checkpoint(engine).await;
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// Where the secrets of Stripe's webhooks are. Ones that can't be used stop the start, not the first message.
fn stripe_secrets(config: &StripeConfig) -> Result<Option<Secret>> {
    let Some(secret) = config.webhook_secrets() else { return Ok(None) };
    let text = secret.read().context("can't read the secrets of Stripe's webhooks")?;
    WebhookSecrets::parse(&text).context("the secrets of Stripe's webhooks can't be used")?;
    Ok(Some(secret))
}

fn say_who_is_served(gate: &Gate, keys: &AccessFile, address: SocketAddr) {
    if gate.lets_all_in() {
        eprintln!(
            "warning: development mode, as there are no access keys: whoever can reach {address} on \
             this machine is served; `vouch key add` ends it"
        );
    } else if keys.is_empty() {
        eprintln!(
            "warning: every access key was taken away: nobody is let in until `vouch key add`"
        );
    }
}

/// Writes into the ledger that decisions are made with something else than before the start.
fn audit_start(engine: &Engine, before: Option<&Versions>) -> Result<()> {
    let after = &engine.snapshot().versions;
    if before.is_some_and(|before| before != after) {
        let detail = serde_json::json!({ "before": before, "after": after });
        let audit = Audit { changed: Changed::StartedWith, about: None, detail };
        let (tenant, who) = (TenantId::default_tenant(), Who::service("start"));
        engine.audit(&tenant, &who, &audit, crate::clock::now())?;
    }
    Ok(())
}

/// One JSON object a line. Of a panic only its place is told: its message may quote a request.
fn log_to_stderr() {
    tracing_subscriber::fmt()
        .json()
        .with_span_list(false)
        .with_writer(std::io::stderr)
        .with_max_level(tracing::Level::INFO)
        .init();
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, "panicked");
    }));
}

/// Reloads at SIGHUP, and at changes seen every `poll_s` seconds unless that is 0; never ends.
fn reload(app: AppState, poll_s: u32) -> Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut hangup = signal(SignalKind::hangup()).context("can't wait for signals")?;
    let period = Duration::from_secs(poll_s.max(1).into());
    Ok(async move {
        let mut ticks = tokio::time::interval(period);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = hangup.recv() => drop(app.reload(Who::service("SIGHUP")).await),
                _ = ticks.tick(), if poll_s > 0 => app.poll().await,
            }
        }
    })
}

/// Ends reviews nobody works, looked for every few seconds; never ends itself.
async fn end_overdue_reviews(app: AppState) {
    let mut ticks = tokio::time::interval(Duration::from_secs(10));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        app.end_overdue_reviews(crate::clock::now()).await;
    }
}

/// Looks at the deadlines of disputes at once and every two minutes; never ends.
async fn watch_deadlines(app: AppState) {
    let mut ticks = tokio::time::interval(Duration::from_mins(2));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        app.watch_deadlines(crate::clock::now()).await;
    }
}

/// Erases those whose time is over, an hour after the start and then once a day; never ends. After 0 days, nobody.
async fn expire(app: AppState, personal_days: u32) {
    let mut ticks = tokio::time::interval(Duration::from_hours(24));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    ticks.reset_after(Duration::from_hours(1));
    if personal_days == 0 {
        return;
    }
    loop {
        ticks.tick().await;
        app.expire(Retention { personal_days, now: crate::clock::now() }).await;
    }
}

/// Writes a checkpoint every `every_s` seconds; never ends.
async fn keep_state(engine: Arc<Engine>, every_s: u32) {
    let mut ticks = tokio::time::interval(Duration::from_secs(every_s.into()));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    ticks.tick().await; // the first comes at once, when the state was just read
    loop {
        ticks.tick().await;
        checkpoint(engine.clone()).await;
    }
}

/// Writes one checkpoint. Where that fails the next start reads more of the ledger, no more than that.
async fn checkpoint(engine: Arc<Engine>) {
    match tokio::task::spawn_blocking(move || engine.save_checkpoint()).await {
        Ok(Ok(Some(saved))) => {
            tracing::info!(after = saved.after, bytes = saved.bytes, "checkpoint written");
        }
        Ok(Ok(None)) => {}
        Ok(Err(error)) => {
            let source = std::error::Error::source(&error).map(ToString::to_string);
            tracing::warn!(%error, source, "no checkpoint written: the last one stays");
        }
        Err(error) => tracing::error!(%error, "the writing of a checkpoint ended early"),
    }
}

/// Resolves at SIGINT or SIGTERM.
fn stop() -> Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt()).context("can't wait for signals")?;
    let mut terminate = signal(SignalKind::terminate()).context("can't wait for signals")?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => (),
            _ = terminate.recv() => (),
        }
    })
}
