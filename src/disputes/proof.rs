//! What shows, without the ledger, that a packet and the records it rests on are those that were signed.
//!
//! The manifest names records by their numbers; the proof leads from each of them to a signed root of
//! the chain and fixes the file that was sent. Both are checked from the outside in: form, signature,
//! exhibits, file, roots, records. The first thing that does not fit is the answer.

use super::sha256_hex;
use crate::ledger::{Inclusion, Signed, SigningKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// First line of a manifest.
const FORM: &str = "vouch manifest 1";
/// Version of the proof's form.
const PROOF_FORMAT: u32 = 1;

/// A signed manifest, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest<'t> {
    /// Everything the signature is of.
    text: &'t str,
    /// The signature.
    pub signed: Signed,
    /// Exhibits by their letter: the SHA-256 of their text, the number of their records.
    exhibits: BTreeMap<&'t str, (&'t str, usize)>,
    /// The records, in order; the disputed sale first.
    pub records: Vec<NamedRecord<'t>>,
    /// The last record with the hash of the chain there.
    pub chain: Option<(u64, &'t str)>,
}

/// A record as a manifest names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NamedRecord<'t> {
    /// Its exhibit; `None` for the disputed sale.
    pub exhibit: Option<&'t str>,
    /// True for a sale with its decision, false for an event.
    pub is_sale: bool,
    /// The transaction or the event.
    pub id: &'t str,
    /// Its number in the ledger; `None` where it was not found there.
    pub sequence: Option<u64>,
}

/// The first thing of a packet that does not fit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// A line that no manifest has.
    #[error("line {line} is not one of a manifest")]
    Form {
        /// From 1.
        line: usize,
    },
    /// The manifest was changed after it was signed.
    #[error("the signature is not of this manifest")]
    Signature,
    /// Signed by another key than the one expected.
    #[error("the manifest is signed by the key {found}, not by {expected}")]
    Key {
        /// Whose signature it is.
        found: String,
        /// Whose it should be.
        expected: String,
    },
    /// An exhibit with another number of records than it says.
    #[error("exhibit {exhibit} does not name as many records as it says")]
    Records {
        /// Its letter.
        exhibit: String,
    },
    /// An exhibit whose text is not in the packet.
    #[error("exhibit {exhibit} of the packet is not the one of the manifest")]
    Exhibit {
        /// Its letter.
        exhibit: String,
    },
    /// The file is no text, so only a proof can speak for it.
    #[error("the packet is no plain text: its file is fixed by the proof, and none was given")]
    NoProof,
    /// A proof of another version.
    #[error("the proof has format {found}; {PROOF_FORMAT} is known")]
    Format {
        /// Its version.
        found: u32,
    },
    /// The proof is of another manifest, or was changed.
    #[error("the proof is not of this manifest")]
    Proof,
    /// The packet is not the file that was written.
    #[error("the packet is not the file that was written with this manifest")]
    File,
    /// A root that was changed, or signed by another key.
    #[error("the root of {day} over the records {first} to {last} is not signed by the same key")]
    Root {
        /// Its day.
        day: String,
        /// Its first record.
        first: u64,
        /// Its last record.
        last: u64,
    },
    /// A record that does not lead to its root.
    #[error("record {sequence} is not below its root")]
    Record {
        /// Its number.
        sequence: u64,
    },
    /// A record of the manifest that the proof leaves out.
    #[error("record {sequence}, `{id}`, is not in the proof")]
    Unproven {
        /// Its number.
        sequence: u64,
        /// The transaction or the event.
        id: String,
    },
    /// The chain of the manifest is not that of the proof.
    #[error("the chain at record {sequence} is another than the proof's")]
    Chain {
        /// The record.
        sequence: u64,
    },
}

impl<'t> Manifest<'t> {
    /// Takes a manifest with its signature apart and checks it by itself.
    ///
    /// # Errors
    /// The first thing that does not fit.
    pub fn read(whole: &'t str) -> Result<Self, Misfit> {
        let lines: Vec<&str> = whole.lines().collect();
        let form = |line| Misfit::Form { line };
        let last = whole.trim_end_matches('\n').rfind('\n').map_or(0, |at| at + 1);
        let (text, signature) = whole.split_at_checked(last).ok_or(form(1))?;
        let words: Vec<&str> = signature.split_whitespace().collect();
        let ["signature", key, signature] = *words else { return Err(form(lines.len().max(1))) };
        let signed = Signed { key: key.to_owned(), signature: signature.to_owned() };
        let (exhibits, records, chain) = (BTreeMap::new(), Vec::new(), None);
        let mut read = Self { text, signed, exhibits, records, chain };
        if lines.first() != Some(&FORM) {
            return Err(form(1));
        }
        for (number, line) in (1..).zip(text.lines()).skip(1) {
            read.line(line).ok_or(form(number))?;
        }
        if !read.signed.is_of(text.as_bytes()) {
            return Err(Misfit::Signature);
        }
        for (letter, (_, count)) in &read.exhibits {
            if read.records.iter().filter(|r| r.exhibit == Some(*letter)).count() != *count {
                return Err(Misfit::Records { exhibit: (*letter).to_owned() });
            }
        }
        Ok(read)
    }

    fn line(&mut self, line: &'t str) -> Option<()> {
        let (word, rest) = line.split_once(' ')?;
        match word {
            "dispute" => {}
            "sale" => self.records.push(named(None, true, rest)?),
            "exhibit" => {
                let [letter, sha256, count] = words(rest)?;
                self.exhibits.insert(letter, (sha256, count.parse().ok()?));
            }
            "record" => {
                let (exhibit, rest) = rest.split_once(' ')?;
                let (what, rest) = rest.split_once(' ')?;
                let is_sale = what == "sale";
                (is_sale || what == "event").then_some(())?;
                self.records.push(named(Some(exhibit), is_sale, rest)?);
            }
            "log" => {
                let [_, _, _] = words(rest)?;
            }
            "chain" => {
                let [sequence, hash] = words(rest)?;
                self.chain = Some((sequence.parse().ok()?, hash));
            }
            _ => return None,
        }
        Some(())
    }

    /// The numbers of all records that were found in the ledger.
    pub fn sequences(&self) -> BTreeSet<u64> {
        self.records.iter().filter_map(|record| record.sequence).collect()
    }

    /// How many exhibits it names.
    pub fn exhibits(&self) -> usize {
        self.exhibits.len()
    }

    /// Whether a public key signed it.
    ///
    /// # Errors
    /// Another one did.
    pub fn is_signed_by(&self, key: &str) -> Result<(), Misfit> {
        if self.signed.key.eq_ignore_ascii_case(key) {
            return Ok(());
        }
        Err(Misfit::Key { found: self.signed.key.clone(), expected: key.to_owned() })
    }

    /// Whether a packet's plain text has the exhibits. Cost: one pass over the text for each.
    ///
    /// # Errors
    /// The first exhibit that is not in it.
    pub fn has_exhibits(&self, packet: &str) -> Result<(), Misfit> {
        for (letter, (sha256, _)) in &self.exhibits {
            if !contains(packet, letter, sha256) {
                return Err(Misfit::Exhibit { exhibit: (*letter).to_owned() });
            }
        }
        Ok(())
    }
}

/// A record's identifier, which may have spaces, and its number or `-`.
fn named<'t>(exhibit: Option<&'t str>, is_sale: bool, text: &'t str) -> Option<NamedRecord<'t>> {
    let (id, number) = text.rsplit_once(' ')?;
    let sequence = if number == "-" { None } else { Some(number.parse().ok()?) };
    Some(NamedRecord { exhibit, is_sale, id, sequence })
}

fn words<const N: usize>(text: &str) -> Option<[&str; N]> {
    text.split(' ').collect::<Vec<_>>().try_into().ok()
}

/// Whether lines from an exhibit's title on have a digest.
fn contains(packet: &str, letter: &str, sha256: &str) -> bool {
    let title = format!("EXHIBIT {letter}: ");
    let mut lines = packet.split_inclusive('\n').skip_while(|line| !line.starts_with(&title));
    let mut digest = Sha256::new();
    lines.any(|line| {
        digest.update(line);
        super::hex(&digest.clone().finalize()) == sha256
    })
}

/// What is kept beside a packet, so that it can be checked without the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// Version of this form.
    pub format: u32,
    /// SHA-256 of the manifest with its signature.
    pub manifest_sha256: String,
    /// SHA-256 of the packet's file.
    pub file_sha256: String,
    /// The signature of both.
    #[serde(flatten)]
    pub signed: Signed,
    /// The records, by root.
    pub inclusions: Vec<Inclusion>,
}

impl Proof {
    /// Of a signed manifest, the file written with it, and what shows its records.
    pub fn sign(key: &SigningKey, manifest: &str, file: &[u8], inclusions: Vec<Inclusion>) -> Self {
        let digests = [sha256_hex(manifest.as_bytes()), sha256_hex(file)];
        let signed = key.sign(statement(&digests).as_bytes());
        let [manifest_sha256, file_sha256] = digests;
        Self { format: PROOF_FORMAT, manifest_sha256, file_sha256, signed, inclusions }
    }

    /// Whether it is of a manifest and shows all its records.
    ///
    /// # Errors
    /// The first thing that does not fit.
    pub fn check(&self, manifest: &Manifest<'_>, whole: &str) -> Result<(), Misfit> {
        if self.format != PROOF_FORMAT {
            return Err(Misfit::Format { found: self.format });
        }
        let digests = [self.manifest_sha256.clone(), self.file_sha256.clone()];
        let key = &manifest.signed.key;
        let is_its = self.manifest_sha256 == sha256_hex(whole.as_bytes())
            && self.signed.key == *key
            && self.signed.is_of(statement(&digests).as_bytes());
        if !is_its {
            return Err(Misfit::Proof);
        }
        let mut shown = BTreeMap::new();
        for inclusion in &self.inclusions {
            let root = &inclusion.root;
            if !root.is_signed() || root.signed.key != *key {
                let (day, first, last) = (root.day.clone(), root.first, root.last);
                return Err(Misfit::Root { day, first, last });
            }
            if let Some(sequence) = inclusion.first_unproven() {
                return Err(Misfit::Record { sequence });
            }
            shown.extend(inclusion.records.iter().map(|r| (r.sequence, r.hash.as_str())));
        }
        for record in &manifest.records {
            if let Some(sequence) = record.sequence.filter(|number| !shown.contains_key(number)) {
                return Err(Misfit::Unproven { sequence, id: record.id.to_owned() });
            }
        }
        match manifest.chain {
            Some((sequence, hash)) if shown.get(&sequence) != Some(&hash) => {
                Err(Misfit::Chain { sequence })
            }
            _ => Ok(()),
        }
    }

    /// Whether a file is the one that was written.
    ///
    /// # Errors
    /// It is another.
    pub fn is_of_file(&self, file: &[u8]) -> Result<(), Misfit> {
        if self.file_sha256 == sha256_hex(file) { Ok(()) } else { Err(Misfit::File) }
    }
}

fn statement([manifest, file]: &[String; 2]) -> String {
    format!("vouch proof {PROOF_FORMAT}\nmanifest {manifest}\nfile {file}\n")
}

#[cfg(test)]
mod tests;
