//! `vouch dispute packet --pdf`: the packet as a file for a bank, and its signed manifest.

use crate::cli::output::Output;
use crate::disputes::packet::{self, CaseFile, Paper, PdfOptions, Profile};
use crate::disputes::{self, DisputeStore, Manifest, Proof};
use crate::ledger::{self, SigningKey};
use anyhow::{Context, Result};
use clap::Args;
use std::io::Write;
use std::path::{Path, PathBuf};

/// How a packet is written as a file.
#[derive(Debug, Args)]
pub(in crate::cli) struct PaperArgs {
    /// Write it as PDF/A to this file
    #[arg(long, value_name = "FILE", conflicts_with = "out")]
    pdf: Option<PathBuf>,
    /// Who takes it: pages, bytes and paper are theirs
    #[arg(long, value_name = "PROFILE", default_value = "strict", value_parser = profile)]
    profile: Profile,
    /// Other paper than the profile's: a4 or letter
    #[arg(long, value_name = "PAPER", value_parser = paper)]
    paper: Option<Paper>,
    /// Write the signed manifest to this file, too
    #[arg(long, value_name = "FILE", requires = "pdf")]
    manifest: Option<PathBuf>,
    /// Write what shows that its records are in the ledger to this file, for `verify`
    #[arg(long, value_name = "FILE", requires = "manifest")]
    proof: Option<PathBuf>,
}

fn profile(text: &str) -> Result<Profile, String> {
    let words = || Profile::ALL.map(Profile::word).join(", ");
    Profile::of(text).ok_or_else(|| format!("one of {}", words()))
}

fn paper(text: &str) -> Result<Paper, String> {
    let words = || Paper::ALL.map(Paper::word).join(", ");
    Paper::of(text).ok_or_else(|| format!("one of {}", words()))
}

impl PaperArgs {
    pub(super) fn is_wanted(&self) -> bool {
        self.pdf.is_some()
    }

    /// Writes the file and, where wanted, the manifest; what the merchant should know.
    pub(super) fn write<S: DisputeStore>(
        &self,
        case: &CaseFile,
        store: &S,
        data_dir: &Path,
        notes: &mut dyn Write,
    ) -> Result<Vec<String>> {
        let links = disputes::links(store, case)?;
        let key = SigningKey::open(data_dir)?;
        let options = PdfOptions { profile: self.profile, paper: self.paper };
        let packet = packet::pdf(case, &links, &key, options)?;
        keep(self.pdf.as_deref(), &packet.bytes)?;
        writeln!(notes, "{} pages, {} bytes", packet.pages, packet.bytes.len())?;
        let manifest = packet.signed_manifest();
        if self.manifest.is_some() {
            keep(self.manifest.as_deref(), manifest.as_bytes())?;
        }
        if self.proof.is_some() {
            let records = Manifest::read(&manifest)?.sequences();
            let inclusions = ledger::prove(data_dir, &key, &records)?;
            let proof = Proof::sign(&key, &manifest, &packet.bytes, inclusions);
            keep(self.proof.as_deref(), (serde_json::to_string(&proof)? + "\n").as_bytes())?;
        }
        Ok(packet.warnings)
    }
}

fn keep(path: Option<&Path>, bytes: &[u8]) -> Result<()> {
    let Some(path) = path else { return Ok(()) };
    let mut file = Output::open(Some(path))?;
    file.write_all(bytes)
        .and_then(|()| file.flush())
        .with_context(|| format!("can't write `{}`", path.display()))?;
    file.finish()
}
