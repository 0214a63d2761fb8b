//! What several commands need: the configuration, the snapshot, the engine on a data directory.

use crate::config::{self, Config};
use crate::engine::{Artefacts, Engine, Snapshot};
use crate::ledger::LedgerConfig;
use crate::model::Model;
use crate::reference::Reference;
use crate::rules::RuleSet;
use crate::velocity::Limits;
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
