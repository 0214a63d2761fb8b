//! `vouch dispute` on the ledger of a data directory.

use super::dispute::{self, DisputeArgs, DisputeCommand};
use super::state;
use crate::clock;
use crate::config::{self, Config};
use crate::engine::Cases;
use crate::ledger::MasterKey;
use anyhow::{Context, Result};
use std::io::{stderr, stdout};
use std::process::ExitCode;

/// Opens what the command needs: the ledger for reading, and an engine where something is written.
pub(super) fn run(args: &DisputeArgs) -> Result<ExitCode> {
    if let DisputeCommand::Verify(args) = &args.command {
        return args.run(&mut stdout().lock());
    }
    let place = args.command.place().context("a record is needed")?;
    let now = clock::now();
    let open = || -> Result<Cases<'_>> {
        let master = config::master_key()?.map(MasterKey::from_bytes);
        Cases::open(&place.data_dir, master, place.tenant.clone(), now)
            .with_context(|| format!("can't read the ledger in `{}`", place.data_dir.display()))
    };
    let mut cases = open()?;
    let (mut out, mut notes) = (stdout().lock(), stderr().lock());
    if args.command.writes() {
        let engine = state::open_engine(&Config::load(None)?, &place.data_dir)
            .context("a message is taken in while no server runs on this directory")?;
        let mut cases = cases.writing_through(&engine);
        dispute::run(&args.command, &mut cases, now, &mut out, &mut notes)
    } else {
        dispute::run(&args.command, &mut cases, now, &mut out, &mut notes)
    }
}
