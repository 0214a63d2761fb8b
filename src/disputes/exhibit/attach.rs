//! Adding a file to a case, taking it back, and what a case has.

use super::{AttachError, AttachedFile, ExhibitError, MAX_EXHIBITS, pages_of};
use crate::disputes::{DisputeStore, Intake, SaleKeys, case_file, packet, sha256_hex};
use crate::domain::{
    Actor, DisputeId, Event, EventData, EventId, EventKind, ExhibitKind, ExhibitNote, Text,
    Timestamp, Transaction,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

/// The letter of the first file; those before are of the records' own exhibits.
const FIRST_LETTER: u8 = b'I';

/// A file to be added.
#[derive(Debug, Clone, Copy)]
pub struct NewFile<'b> {
    /// What it shows.
    pub kind: ExhibitKind,
    /// What it is called, in print.
    pub title: &'b str,
    /// As it came.
    pub bytes: &'b [u8],
}

/// A file that was added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attached {
    /// SHA-256 of the file, in hex.
    pub sha256: String,
    /// Its letter in a packet written now.
    pub letter: char,
    /// Its pages.
    pub pages: usize,
    /// False when the case had it.
    pub new: bool,
}

/// One step of a case's files, as it was recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct ExhibitStep {
    /// Attached or withdrawn.
    pub kind: EventKind,
    /// Its record.
    pub event_id: EventId,
    /// When.
    pub at: Timestamp,
    /// Which file.
    pub note: ExhibitNote,
    /// The file, where it was attached.
    pub file: Option<Vec<u8>>,
}

/// The letter of a file by its place among those of a case.
pub fn letter(place: usize) -> char {
    let offset = u8::try_from(place.min(MAX_EXHIBITS - 1)).unwrap_or(0);
    char::from(FIRST_LETTER + offset)
}

/// A file as text, as records hold it.
pub fn to_text(bytes: &[u8]) -> String {
    BASE64.encode(bytes)
}

/// The file of [`to_text`].
pub fn from_text(text: &str) -> Option<Vec<u8>> {
    BASE64.decode(text).ok()
}

/// The files of a case, in the order they were added; those taken back and those of an erased person are
/// not among them.
///
/// # Errors
/// The record could not be read.
pub fn files<S: DisputeStore>(store: &S, id: &DisputeId) -> Result<Vec<AttachedFile>, S::Error> {
    Ok(standing(store.exhibits(id)?))
}

fn standing(steps: Vec<ExhibitStep>) -> Vec<AttachedFile> {
    let mut files: Vec<AttachedFile> = Vec::new();
    for step in steps {
        let sha256 = step.note.sha256.as_str();
        files.retain(|file| file.sha256 != sha256);
        if let Some(bytes) = step.file.filter(|_| step.kind == EventKind::ExhibitAttached) {
            files.push(AttachedFile {
                event_id: step.event_id,
                kind: step.note.kind,
                title: step.note.title.as_str().to_owned(),
                sha256: sha256.to_owned(),
                attached_at: step.at,
                bytes,
            });
        }
    }
    files
}

/// Adds a file to a case. The same file again is one, under the title it was first given.
///
/// # Errors
/// No such case, no sale, a file that can't be an exhibit, or the record could not be written.
pub fn attach<S: DisputeStore>(
    store: &mut S,
    id: &DisputeId,
    new: NewFile<'_>,
    now: Timestamp,
) -> Result<Attached, AttachError<S::Error>> {
    let title = Some(new.title.trim()).filter(|title| !title.is_empty());
    let title = title.and_then(|title| Text::new(title).ok()).ok_or(AttachError::Title)?;
    let pages = pages_of(new.bytes)?;
    if !packet::is_printable(&pages) {
        return Err(ExhibitError::Broken { what: "its pages can't be copied" }.into());
    }
    let sale = sale_of(store, id)?;
    let steps = store.exhibits(id).map_err(AttachError::Store)?;
    let sha256 = sha256_hex(new.bytes);
    let name = name(id, &sha256, &steps);
    let files = standing(steps);
    let known = files.iter().position(|file| file.sha256 == sha256);
    if known.is_none() && files.len() >= MAX_EXHIBITS {
        return Err(AttachError::TooMany);
    }
    if known.is_none() {
        let digest = Text::new(&sha256).map_err(|_| AttachError::Title)?;
        let note = ExhibitNote { kind: new.kind, title, sha256: digest };
        let (event, raw) = (
            event(EventKind::ExhibitAttached, &name, (id, &sale), (note, now)),
            to_text(new.bytes),
        );
        record(store, event, raw)?;
    }
    let letter = letter(known.unwrap_or(files.len()));
    Ok(Attached { sha256, letter, pages: pages.sizes.len(), new: known.is_none() })
}

/// Takes a file back; packets are written without it from now on. It stays in the record.
///
/// # Errors
/// No such case or file, or the record could not be written.
pub fn withdraw<S: DisputeStore>(
    store: &mut S,
    id: &DisputeId,
    sha256: &str,
    now: Timestamp,
) -> Result<AttachedFile, AttachError<S::Error>> {
    let sale = sale_of(store, id)?;
    let steps = store.exhibits(id).map_err(AttachError::Store)?;
    let not_there = || AttachError::NotThere(sha256.chars().take(64).collect());
    let wanted = sha256.to_ascii_lowercase();
    let mut found =
        standing(steps.clone()).into_iter().filter(|file| file.sha256.starts_with(&wanted));
    let file = found.next().filter(|_| wanted.len() >= 8).ok_or_else(not_there)?;
    let name = format!("{}-withdrawn", name(id, &file.sha256, &steps));
    let note = steps.into_iter().rev().map(|step| step.note);
    let note = note.into_iter().find(|note| note.sha256.as_str() == file.sha256);
    let note = note.ok_or_else(not_there)?;
    let event = event(EventKind::ExhibitWithdrawn, &name, (id, &sale), (note, now));
    record(store, event, String::new())?;
    Ok(file)
}

/// The sale, whose person the file is kept with.
fn sale_of<S: DisputeStore>(
    store: &S,
    id: &DisputeId,
) -> Result<Transaction, AttachError<S::Error>> {
    let case = case_file(store, id).map_err(AttachError::Store)?;
    let case = case.ok_or_else(|| AttachError::Unknown(id.clone()))?;
    case.transaction.ok_or(AttachError::NoSale)
}

/// The name of a file's next record: equal for two who add it at once, another after it was taken back.
fn name(id: &DisputeId, sha256: &str, steps: &[ExhibitStep]) -> String {
    let back = steps.iter().filter(|step| {
        step.kind == EventKind::ExhibitWithdrawn && step.note.sha256.as_str() == sha256
    });
    let digest = sha256_hex(format!("{id}\n{sha256}").as_bytes());
    format!("exhibit-{}-{}", digest.get(..32).unwrap_or(&digest), back.count() + 1)
}

fn event(
    kind: EventKind,
    name: &str,
    (id, sale): (&DisputeId, &Transaction),
    (note, now): (ExhibitNote, Timestamp),
) -> Event {
    Event {
        event_id: EventId::new(name).unwrap_or_else(|_| unreachable!("letters and digits")),
        kind,
        event_time: now,
        transaction_id: Some(sale.transaction_id.clone()),
        order_id: None,
        invoice_id: None,
        account_id: None,
        subscription_id: None,
        licence_key: None,
        dispute_id: Some(id.clone()),
        actor: Some(Actor::Staff),
        ip: None,
        device_id: None,
        user_agent: None,
        data: EventData { exhibit: Some(note), ..EventData::default() },
    }
}

fn record<S: DisputeStore>(
    store: &mut S,
    event: Event,
    raw: String,
) -> Result<bool, AttachError<S::Error>> {
    let sale = SaleKeys::default();
    let intake = Intake { dispute: None, event, sale, dated: true, raw: raw.into() };
    store.record_report(&intake).map_err(AttachError::Store)
}
