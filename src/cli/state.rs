//! What several commands need: the configuration, the snapshot, the engine on a data directory.

use crate::config::{self, Config, ModelCanaryConfig};
use crate::domain::Durability;
use crate::engine::{CHECKPOINT_FILE, Engine, ModelOrigin, Origins, Snapshot};
use crate::ledger::{AckPolicy, LedgerConfig, MasterKey};
use crate::reference::{Reference, ReferenceFiles};
use crate::rules::Canary;
use crate::velocity::Limits;
use crate::velocity::sales::Delay;
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Options of every command that decides.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct ConfigArgs {
    /// Configuration file (TOML); `vouch config print` shows the defaults
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
}

impl ConfigArgs {
    pub(super) fn load(&self) -> Result<Config> {
        Ok(Config::load(self.config.as_deref())?)
    }
}

/// The tables of a configuration. A file that can't be used is reported and what was there before
/// it stays, so a broken download does not stop a server.
pub(super) fn reference(config: &Config) -> Arc<Reference> {
    let (reference, refused) = Reference::load(&reference_files(config));
    for error in refused {
        eprintln!("warning: {:#}", anyhow::Error::from(error));
    }
    Arc::new(reference)
}

/// Where the tables of a configuration lie.
pub(super) fn reference_files(config: &Config) -> ReferenceFiles {
    let settings = &config.reference;
    ReferenceFiles {
        tables: settings.dir.clone(),
        files: settings.mmdb.clone(),
        copies: settings.copy_dir.clone(),
    }
}

/// Where every part of a configuration's snapshot lies.
pub(super) fn origins(config: &Config) -> Origins {
    let model = match (&config.model.dir, config.model.off) {
        (_, true) => ModelOrigin::Off,
        (Some(dir), false) => ModelOrigin::Path(dir.clone()),
        (None, false) => ModelOrigin::Bundled,
    };
    let (rules, policy) = (config.rules.dir.clone(), config.policy.clone());
    let beside = || rules.as_ref().map(|dir| dir.join("lists"));
    let lists = config.lists.dir.clone().or_else(beside);
    let share = |canary: &ModelCanaryConfig| Canary { share_bp: canary.share_bp, by: canary.by };
    let canary = config.model.canary.as_ref().map(|canary| (canary.dir.clone(), share(canary)));
    let (shadow, reference) = (config.model.shadow.clone(), reference_files(config));
    Origins { rules, model, shadow, canary, registry: None, lists, reference, policy }
}

/// Rules, model, tables and costs of a configuration; broken rules or a broken model are errors.
pub(super) fn snapshot(config: &Config) -> Result<Snapshot> {
    load(&origins(config))
}

fn load(origins: &Origins) -> Result<Snapshot> {
    let (snapshot, loaded) = origins.load(None)?;
    for fault in loaded.refused().flat_map(|part| &part.faults) {
        eprintln!("warning: {}", fault.message);
    }
    Ok(snapshot)
}

/// An engine that keeps nothing, for files.
pub(super) fn engine_in_memory(config: &Config) -> Result<Engine> {
    Ok(Engine::in_memory(snapshot(config)?, limits(config)?).with_label_delay(delay(config)))
}

/// An engine on a data directory, its history rebuilt from the ledger, its model the one promoted there.
pub(super) fn open_engine(config: &Config, data_dir: &Path) -> Result<Arc<Engine>> {
    open_engine_with(load(&origins(config).with_registry(data_dir))?, config, data_dir)
}

/// The same with a snapshot already loaded.
pub(super) fn open_engine_with(
    snapshot: Snapshot,
    config: &Config,
    data_dir: &Path,
) -> Result<Arc<Engine>> {
    let mut ledger = ledger_config(config, data_dir)?;
    ledger.durability = match config.ledger.durability {
        Durability::Os => AckPolicy::Os,
        Durability::Async => AckPolicy::Async,
        _ => AckPolicy::Fsync,
    };
    let progress = super::progress::counter("reading the ledger");
    let engine = Engine::open(snapshot, ledger, limits(config)?, &mut |record| {
        progress.set_position(record);
    })
    .with_context(|| format!("can't open the ledger in `{}`", data_dir.display()))?;
    progress.finish_and_clear();
    if let Some(unusable) = engine.start().and_then(|start| start.unusable.as_ref()) {
        let source = std::error::Error::source(unusable).map(|source| format!(": {source}"));
        let (path, source) = (data_dir.join(CHECKPOINT_FILE), source.unwrap_or_default());
        eprintln!(
            "warning: `{}` is not used, all of the ledger was read: {unusable}{source}",
            path.display()
        );
    }
    Ok(Arc::new(engine.with_label_delay(delay(config))))
}

fn ledger_config(config: &Config, data_dir: &Path) -> Result<LedgerConfig> {
    let mut ledger = LedgerConfig::new(data_dir);
    ledger.queue = config.ledger.queue;
    ledger.segment_bytes = u64::from(config.ledger.segment_mib) * 1024 * 1024;
    ledger.master_key = config::master_key()?.map(MasterKey::from_bytes);
    Ok(ledger)
}

fn delay(config: &Config) -> Delay {
    Delay::days(config.velocity.label_delay_days)
}

fn limits(config: &Config) -> Result<Limits> {
    let mut seed = [0; 8];
    getrandom::fill(&mut seed).context("the system gives no randomness")?;
    Ok(Limits { max_keys: config.velocity.max_keys, seed: u64::from_le_bytes(seed) })
}
