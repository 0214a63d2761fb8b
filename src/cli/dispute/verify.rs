//! `vouch dispute verify`: whether a packet is what was signed, without the ledger or against it.

use crate::disputes::{Manifest, Misfit, Proof};
use crate::ledger::{EntryKind, LedgerError, Reader, holds};
use anyhow::{Context, Result};
use clap::Args;
use serde_json::json;
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

pub(super) const AFTER_HELP: &str = "\
Checked in this order: the manifest's form, its signature, the key (--key), the exhibits of a plain text or the
file of a PDF (--packet), the roots and every record's way to them (--proof), the ledger (--data-dir). The first
thing that does not fit is named, with exit code 1. Nothing but the last needs this machine or a network.";

/// What is to be checked.
#[derive(Debug, Args)]
pub(in crate::cli) struct VerifyArgs {
    /// The signed manifest, as `packet --manifest` wrote it
    #[arg(value_name = "MANIFEST")]
    manifest: PathBuf,
    /// The packet: its plain text, or with --proof the very file that was written
    #[arg(long, value_name = "FILE")]
    packet: Option<PathBuf>,
    /// The proof, as `packet --proof` wrote it
    #[arg(long, value_name = "FILE")]
    proof: Option<PathBuf>,
    /// The public key it must be signed by, 64 hexadecimal digits
    #[arg(long, value_name = "HEX")]
    key: Option<String>,
    /// Hold it against the ledger of this data directory, too
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl VerifyArgs {
    /// Exit code 1: something does not fit.
    pub(in crate::cli) fn run(&self, out: &mut dyn Write) -> Result<ExitCode> {
        let text = String::from_utf8_lossy(&read(&self.manifest)?).into_owned();
        let packet = self.packet.as_deref().map(read).transpose()?;
        let proof = self.proof.as_deref().map(read_proof).transpose()?;
        let checked = self.check(&text, packet.as_deref(), proof.as_ref())?;
        let (misfit, manifest) = match checked {
            Ok(manifest) => (None, Some(manifest)),
            Err(misfit) => (Some(misfit), None),
        };
        let roots = proof.as_ref().map_or(0, |proof| proof.inclusions.len());
        if self.json {
            let value = json!({
                "ok": misfit.is_none(),
                "finding": misfit,
                "key": manifest.as_ref().map(|manifest| &manifest.signed.key),
                "exhibits": manifest.as_ref().map(Manifest::exhibits),
                "records": manifest.as_ref().map(|manifest| manifest.sequences().len()),
                "roots": roots,
            });
            writeln!(out, "{value}")?;
        } else if let Some(misfit) = &misfit {
            writeln!(out, "finding: {misfit}")?;
        } else if let Some(manifest) = manifest {
            let (exhibits, records) = (manifest.exhibits(), manifest.sequences().len());
            writeln!(out, "ok: {exhibits} exhibits, {records} records under {roots} roots")?;
            writeln!(out, "signed by {}", manifest.signed.key)?;
            for note in self.left_out() {
                writeln!(out, "not checked: {note}")?;
            }
        }
        Ok(if misfit.is_some() { ExitCode::from(1) } else { ExitCode::SUCCESS })
    }

    /// What was not looked at, because it was not given.
    fn left_out(&self) -> impl Iterator<Item = &'static str> {
        [
            (self.key.is_none(), "whose key that is (--key)"),
            (self.packet.is_none(), "the packet (--packet)"),
            (self.proof.is_none(), "that the records are in the ledger (--proof)"),
        ]
        .into_iter()
        .filter_map(|(is_left_out, what)| is_left_out.then_some(what))
    }

    fn check<'t>(
        &self,
        text: &'t str,
        packet: Option<&[u8]>,
        proof: Option<&Proof>,
    ) -> Result<Result<Manifest<'t>, String>> {
        let offline = || {
            let manifest = Manifest::read(text)?;
            self.key.as_deref().map_or(Ok(()), |key| manifest.is_signed_by(key))?;
            match packet.map(|bytes| (bytes, plain(bytes))) {
                Some((_, Some(plain))) => manifest.has_exhibits(plain)?,
                Some(_) if proof.is_none() => return Err(Misfit::NoProof),
                Some((bytes, None)) => proof.map_or(Ok(()), |proof| proof.is_of_file(bytes))?,
                None => {}
            }
            proof.map_or(Ok(()), |proof| proof.check(&manifest, text))?;
            Ok(manifest)
        };
        let manifest = match offline() {
            Ok(manifest) => manifest,
            Err(misfit) => return Ok(Err(misfit.to_string())),
        };
        let Some(data_dir) = &self.data_dir else { return Ok(Ok(manifest)) };
        Ok(match in_ledger(data_dir, &manifest, proof) {
            Ok(None) => Ok(manifest),
            Ok(Some(misfit)) => Err(misfit),
            Err(LedgerError::Damaged(damage)) => Err(format!("the ledger: {damage}")),
            Err(error) => {
                let place = format!("can't read the ledger in `{}`", data_dir.display());
                return Err(error).context(place);
            }
        })
    }
}

/// What the ledger has otherwise, the first of it.
fn in_ledger(
    data_dir: &Path,
    manifest: &Manifest<'_>,
    proof: Option<&Proof>,
) -> Result<Option<String>, LedgerError> {
    let numbered = manifest.records.iter().filter_map(|record| Some((record.sequence?, record)));
    let mut wanted: BTreeMap<u64, Vec<_>> = BTreeMap::new();
    for (sequence, record) in numbered {
        wanted.entry(sequence).or_default().push(record);
    }
    for entry in Reader::open(data_dir, None)?.scan(None)? {
        let entry = entry?;
        for record in wanted.remove(&entry.sequence).unwrap_or_default() {
            if entry.id != record.id || (entry.kind == EntryKind::Decision) != record.is_sale {
                let (sequence, id) = (entry.sequence, record.id);
                return Ok(Some(format!("record {sequence} of the ledger is not `{id}`")));
            }
        }
        let chain = manifest.chain.filter(|(sequence, _)| *sequence == entry.sequence);
        if chain.is_some_and(|(_, hash)| entry.hash.to_string() != hash) {
            let sequence = entry.sequence;
            return Ok(Some(format!("the ledger's chain at record {sequence} is another")));
        }
    }
    if let Some((sequence, _)) = wanted.first_key_value() {
        return Ok(Some(format!("the ledger has no record {sequence}")));
    }
    for root in proof.iter().flat_map(|proof| &proof.inclusions).map(|inclusion| &inclusion.root) {
        if !holds(data_dir, root)? {
            let (first, last) = (root.first, root.last);
            return Ok(Some(format!("the ledger's records {first} to {last} have another root")));
        }
    }
    Ok(None)
}

/// A packet's plain text; `None` for any other file.
fn plain(packet: &[u8]) -> Option<&str> {
    std::str::from_utf8(packet).ok().filter(|text| !text.starts_with("%PDF"))
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("can't read `{}`", path.display()))
}

fn read_proof(path: &Path) -> Result<Proof> {
    serde_json::from_slice(&read(path)?)
        .with_context(|| format!("`{}` is no proof", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::TenantId;
    use crate::ledger::{Ledger, LedgerConfig, NewEntry, SigningKey, prove};
    use clap::Parser;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        verify: VerifyArgs,
    }

    /// A data directory with two records, and beside it a packet with manifest and proof.
    fn written() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(LedgerConfig::new(dir.path()), &mut |_| {}).unwrap();
        for (kind, id) in [(EntryKind::Decision, "tx-1"), (EntryKind::Event, "ev-1")] {
            let entry = NewEntry {
                tenant: TenantId::default_tenant(),
                kind,
                id: id.to_owned(),
                event_time: "2026-11-20T10:15:00Z".parse().unwrap(),
                received_at: "2026-11-20T10:15:00Z".parse().unwrap(),
                subject: None,
                open: b"{}".to_vec(),
                personal: Vec::new(),
                lookups: Vec::new(),
            };
            ledger.append(&entry).unwrap().wait().unwrap();
        }
        let last = ledger.last().unwrap().hash;
        let key = SigningKey::open(dir.path()).unwrap();
        let text =
            format!("vouch manifest 1\nsale tx-1 1\nrecord A event ev-1 2\nchain 2 {last}\n");
        let signed = key.sign(text.as_bytes());
        let manifest = format!("{text}signature {} {}\n", signed.key, signed.signature);
        let sequences = Manifest::read(&manifest).unwrap().sequences();
        let proven = prove(dir.path(), &key, &sequences).unwrap();
        let proof = Proof::sign(&key, &manifest, b"%PDF-1.7", proven);
        let keep = |name: &str, bytes: &[u8]| fs::write(dir.path().join(name), bytes).unwrap();
        keep("packet.pdf", b"%PDF-1.7");
        keep("other.pdf", b"%PDF-1.4");
        keep("manifest.txt", manifest.as_bytes());
        keep("swapped.txt", manifest.replace("ev-1", "ev-2").as_bytes());
        keep("proof.json", serde_json::to_string(&proof).unwrap().as_bytes());
        dir
    }

    fn verify(dir: &Path, line: &str) -> (ExitCode, String) {
        let place = |word: &str| match word.split_once('.') {
            Some(_) => dir.join(word).to_string_lossy().into_owned(),
            None => word.replace("DIR", &dir.to_string_lossy()),
        };
        let words = line.split(' ').map(place);
        let args = Cli::try_parse_from(["verify".to_owned()].into_iter().chain(words)).unwrap();
        let mut out = Vec::new();
        let code = args.verify.run(&mut out).unwrap();
        (code, String::from_utf8(out).unwrap())
    }

    #[test]
    fn a_packet_is_checked_with_whatever_is_given() {
        let dir = written();
        let run = |line: &str| verify(dir.path(), line);
        let (code, out) = run("manifest.txt --packet packet.pdf --proof proof.json --data-dir DIR");
        assert_eq!(code, ExitCode::SUCCESS, "{out}");
        assert!(out.starts_with("ok: 0 exhibits, 2 records under 1 roots\nsigned by "), "{out}");
        assert!(out.ends_with("not checked: whose key that is (--key)\n"), "{out}");
        let (_, out) = run("manifest.txt --json");
        assert!(out.contains("\"ok\":true") && out.contains("\"records\":2"), "{out}");
        for (line, finding) in [
            ("swapped.txt", "the signature is not of this manifest"),
            ("manifest.txt --packet packet.pdf", "the packet is no plain text: its file is fixed"),
            ("manifest.txt --packet other.pdf --proof proof.json", "the packet is not the file"),
            ("manifest.txt --key 00ff", "the manifest is signed by the key "),
        ] {
            let (code, out) = run(line);
            assert_eq!(code, ExitCode::from(1), "{line}");
            assert!(out.starts_with(&format!("finding: {finding}")), "{line}: {out}");
        }
    }

    #[test]
    fn another_ledger_is_not_the_one_that_was_signed() {
        let (dir, other) = (written(), tempfile::tempdir().unwrap());
        let ledger = Ledger::open(LedgerConfig::new(other.path()), &mut |_| {}).unwrap();
        let manifest = dir.path().join("manifest.txt");
        let args =
            ["verify", manifest.to_str().unwrap(), "--data-dir", other.path().to_str().unwrap()];
        drop(ledger);
        let args = Cli::try_parse_from(args).unwrap();
        let mut out = Vec::new();
        assert_eq!(args.verify.run(&mut out).unwrap(), ExitCode::from(1));
        let out = String::from_utf8(out).unwrap();
        assert_eq!(out, "finding: the ledger has no record 1\n");
    }
}
