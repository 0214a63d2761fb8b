//! The fields of a record, from an entry to bytes and back. Version 1; the segment states it.
//!
//! Fixed order, little-endian, every text and byte string behind its length. Rejected: JSON, which
//! would hold sealed bytes as text and cost a parse for every record at start.

use super::bytes::{Fields, put_bytes};
use super::entry::{
    ChainHash, EntryKind, LookupField, LookupHash, MAX_ENTRY_ID_BYTES, MAX_LOOKUPS,
    MAX_RECORD_BYTES, NewEntry, Position, StoredEntry, SubjectHash,
};
use super::error::LedgerError;
use super::keyfile::KeyFile;
use super::keyring::Keyring;
use super::seal::{self, Sealed};
use crate::domain::{TenantId, Timestamp};
use std::sync::Arc;

/// Checks an entry, seals its personal fields and lays it out.
pub(super) fn encode(entry: &NewEntry, keys: &Keyring) -> Result<Vec<u8>, LedgerError> {
    check(entry)?;
    let mut out = Vec::with_capacity(entry.open.len() + entry.personal.len() + 512);
    out.push(entry.kind.code());
    put_bytes(&mut out, entry.tenant.as_str().as_bytes());
    put_bytes(&mut out, entry.id.as_bytes());
    out.extend_from_slice(&entry.event_time.millis().to_le_bytes());
    out.extend_from_slice(&entry.received_at.millis().to_le_bytes());
    out.push(u8::from(entry.subject.is_some()));
    out.extend(entry.subject.iter().flat_map(|subject| subject.0));
    out.push(u8::try_from(entry.lookups.len()).unwrap_or(u8::MAX));
    for (field, hash) in &entry.lookups {
        out.push(field.code());
        out.extend_from_slice(&hash.0);
    }
    put_bytes(&mut out, &entry.open);
    put_personal(&mut out, entry, keys)?;
    if out.len() > MAX_RECORD_BYTES {
        return Err(LedgerError::TooLarge { bytes: out.len() });
    }
    Ok(out)
}

fn check(entry: &NewEntry) -> Result<(), LedgerError> {
    let bytes = entry.open.len().saturating_add(entry.personal.len());
    if bytes > MAX_RECORD_BYTES {
        return Err(LedgerError::TooLarge { bytes });
    }
    if entry.id.is_empty() || entry.id.len() > MAX_ENTRY_ID_BYTES {
        return Err(LedgerError::BadId { bytes: entry.id.len() });
    }
    if entry.lookups.len() > MAX_LOOKUPS {
        return Err(LedgerError::TooManyLookups { count: entry.lookups.len() });
    }
    Ok(())
}

fn put_personal(out: &mut Vec<u8>, entry: &NewEntry, keys: &Keyring) -> Result<(), LedgerError> {
    out.push(u8::from(!entry.personal.is_empty()));
    if entry.personal.is_empty() {
        return Ok(());
    }
    let subject = entry.subject.ok_or(LedgerError::NoSubject)?;
    let key = keys.key(subject)?;
    let context = seal::context(&entry.tenant, entry.kind, &entry.id, subject);
    let (nonce, sealed) = key.secret.seal(&context, &entry.personal)?;
    seal::put(out, key.id, &nonce, &sealed);
    Ok(())
}

/// A record, by its number, where it lies and its hash, which stands for all before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Its number in the ledger, from 1.
    pub sequence: u64,
    /// Where it lies.
    pub position: Position,
    /// Its hash.
    pub hash: ChainHash,
}

/// Reads the fields back; `None` where they are not what [`encode`] writes.
pub(super) fn decode(body: &[u8], place: Place, keys: &Arc<KeyFile>) -> Option<StoredEntry> {
    let mut fields = Fields::of(body);
    let entry = StoredEntry {
        sequence: place.sequence,
        position: place.position,
        hash: place.hash,
        kind: EntryKind::from_code(fields.u8()?)?,
        tenant: TenantId::new(fields.text()?).ok()?,
        id: fields.text()?.to_owned(),
        event_time: Timestamp::from_millis(fields.i64()?),
        received_at: Timestamp::from_millis(fields.i64()?),
        subject: if present(&mut fields)? { Some(SubjectHash(fields.array()?)) } else { None },
        lookups: lookups(&mut fields)?,
        open: fields.bytes()?.to_vec(),
        sealed: if present(&mut fields)? { Some(Sealed::take(&mut fields, keys)?) } else { None },
    };
    fields.is_empty().then_some(entry)
}

/// Whether the field behind this byte is there.
fn present(fields: &mut Fields<'_>) -> Option<bool> {
    match fields.u8()? {
        0 => Some(false),
        1 => Some(true),
        _ => None,
    }
}

fn lookups(fields: &mut Fields<'_>) -> Option<Vec<(LookupField, LookupHash)>> {
    let count = fields.u8()?;
    (0..count)
        .map(|_| Some((LookupField::from_code(fields.u8()?)?, LookupHash(fields.array()?))))
        .collect()
}
