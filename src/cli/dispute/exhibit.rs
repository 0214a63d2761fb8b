//! `vouch dispute attach`, `exhibits` and `withdraw`: files of the merchant's own.

use crate::disputes::DisputeStore;
use crate::disputes::exhibit::attach::{NewFile, attach, files, letter, withdraw};
use crate::disputes::exhibit::{MAX_BYTES, count_pages};
use crate::domain::{DisputeId, ExhibitKind, Timestamp};
use anyhow::{Context, Result};
use clap::Args;
use std::fs::File;
use std::io::{Read, Write};
use std::path::PathBuf;

pub(super) const AFTER_HELP: &str = "\
Taken are PDF, PNG and JPEG, up to 2,000,000 bytes and 49 pages, without password, script, attachment or field laid
over a page. Packets show the pages from exhibit I on. A picture of a screen becomes gray; place and time that a
camera wrote into a photograph are left out. The file is sealed with the buyer's data and goes with them.";

/// A file to be added.
#[derive(Debug, Args)]
pub(in crate::cli) struct AttachArgs {
    /// The processor's identifier of the dispute
    #[arg(value_parser = super::dispute_id)]
    id: DisputeId,
    /// The file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What it shows: contract, communication, screenshot, receipt, policy, delivery, refund, product or other
    #[arg(long, value_name = "KIND", value_parser = kind)]
    kind: ExhibitKind,
    /// What it is called in the packet
    #[arg(long, value_name = "TITLE")]
    title: String,
}

/// A file to be taken back.
#[derive(Debug, Args)]
pub(in crate::cli) struct WithdrawArgs {
    /// The processor's identifier of the dispute
    #[arg(value_parser = super::dispute_id)]
    id: DisputeId,
    /// The SHA-256 of the file, or its first eight digits or more
    #[arg(value_name = "SHA256")]
    sha256: String,
}

fn kind(text: &str) -> Result<ExhibitKind, String> {
    ExhibitKind::from_word(text).ok_or_else(|| format!("one of {}", ExhibitKind::WORDS.join(", ")))
}

impl AttachArgs {
    pub(super) fn run<S: DisputeStore>(
        &self,
        store: &mut S,
        now: Timestamp,
        (out, notes): (&mut dyn Write, &mut dyn Write),
    ) -> Result<()> {
        let place = || format!("`{}`", self.file.display());
        let limit = u64::try_from(MAX_BYTES)?.saturating_add(1);
        let mut bytes = Vec::new();
        let file = File::open(&self.file).with_context(place)?;
        file.take(limit).read_to_end(&mut bytes).with_context(place)?;
        let new = NewFile { kind: self.kind, title: &self.title, bytes: &bytes };
        let done = attach(store, &self.id, new, now).with_context(place)?;
        writeln!(
            out,
            "{}  exhibit {}  {} pages  {}",
            self.id, done.letter, done.pages, done.sha256
        )?;
        if !done.new {
            writeln!(notes, "the dispute has this file; nothing was added")?;
        }
        Ok(())
    }
}

impl WithdrawArgs {
    pub(super) fn run<S: DisputeStore>(
        &self,
        store: &mut S,
        now: Timestamp,
        out: &mut dyn Write,
    ) -> Result<()> {
        let file = withdraw(store, &self.id, &self.sha256, now)?;
        writeln!(out, "{}  withdrawn  {}  {}", self.id, file.title, file.sha256)?;
        Ok(())
    }
}

/// One line a file: letter, kind, pages, bytes, when, SHA-256, title.
pub(super) fn list<S: DisputeStore>(id: &DisputeId, store: &S, out: &mut dyn Write) -> Result<()> {
    super::case_of(id, store)?;
    for (place, file) in files(store, id)?.iter().enumerate() {
        let pages = count_pages(&file.bytes).map_or("-".to_owned(), |pages| pages.to_string());
        writeln!(
            out,
            "{}  {}  {pages} pages  {} bytes  {}  {}  {}",
            letter(place),
            file.kind,
            file.bytes.len(),
            file.attached_at,
            file.sha256,
            file.title,
        )?;
    }
    Ok(())
}
