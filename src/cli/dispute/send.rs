//! `vouch dispute stage` and `submit`: evidence to Stripe.

use super::Place;
use crate::config::Config;
use crate::disputes::DisputeStore;
use crate::domain::{DisputeId, Timestamp};
use crate::ledger::SigningKey;
use crate::processor::{Done, Mode, Stripe, key_of, send};
use anyhow::{Context, Result};
use clap::Args;
use std::io::Write;
use std::path::PathBuf;

pub(super) const AFTER_HELP: &str = "\
What is going to be sent is recorded before it is. Where an answer was lost or the program was killed, run it
again: it asks Stripe what arrived, and never sends twice. The secret key is read from `stripe.secret_key` of
the configuration, `--secret-key FILE` or the environment's VOUCH_STRIPE_SECRET_KEY, and is never printed.";

/// Which dispute, and where to.
#[derive(Debug, Args)]
pub(in crate::cli) struct SendArgs {
    /// The processor's identifier of the dispute
    #[arg(value_parser = super::dispute_id)]
    id: DisputeId,
    /// Ask this interface instead of the configured one; files go there, too
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// The file with the secret key; `TENANT KEY` where it is not of the default tenant
    #[arg(long, value_name = "FILE")]
    secret_key: Option<PathBuf>,
    /// Configuration file (TOML)
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl SendArgs {
    /// Hands over or sends, and says what became of it.
    pub(super) fn run<S: DisputeStore>(
        &self,
        mode: Mode,
        store: &mut S,
        (place, now): (&Place, Timestamp),
        (out, notes): (&mut dyn Write, &mut dyn Write),
    ) -> Result<()> {
        let mut config = Config::load(self.config.as_deref())?.stripe;
        if let Some(url) = &self.base_url {
            config.base_url.clone_from(url);
            config.files_url.clone_from(url);
        }
        if self.secret_key.is_some() {
            config.secret_key.clone_from(&self.secret_key);
        }
        let secret = config.secret_key().context(
            "no secret key: give `--secret-key FILE`, `stripe.secret_key` or VOUCH_STRIPE_SECRET_KEY",
        )?;
        let secret = secret.read().context("can't read the secret key")?;
        let secret = key_of(&secret, &place.tenant)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .context("can't start the runtime")?;
        let stripe = Stripe::new(runtime.handle().clone(), &config, &secret)?;
        let key = SigningKey::open(&place.data_dir)?;
        let sent = send(store, &self.id, mode, (&stripe, &key), now)?;
        let done = match sent.done {
            Done::Staged => "staged",
            Done::Submitted => "submitted",
            Done::FoundSent => "was submitted already; recorded now",
        };
        writeln!(out, "{}  {done}  {}", self.id, sent.status)?;
        for note in &sent.notes {
            writeln!(notes, "warning: {note}")?;
        }
        Ok(())
    }
}
