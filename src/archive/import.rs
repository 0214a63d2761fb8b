//! Into a fresh ledger.
//!
//! Decisions come as they were answered, with their record; they are not made again. What counts in
//! history is counted again from transaction and event, so windows, known ids and answers to repeats are
//! those of the ledger they came from. Numbers, hashes and keys are the new ledger's own.
//!
//! What can't come: decisions and events of erased persons (their content is gone) and entries of the
//! service itself. They are counted.

use super::ARTEFACTS;
use super::columns::{DECISION, ENVELOPE, EVENT};
use super::error::ArchiveError;
use super::export::Manifest;
use crate::domain::{TenantId, Timestamp};
use crate::engine::{Adopted, Artefacts, Engine, EngineError, Keeping, Settling};
use crate::ledger::{EntryKind, Ledger};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::reader::RowIter;
use parquet::record::{Field, Row};
use parquet::schema::types::Type;
use std::collections::{BTreeMap, VecDeque};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Writings under way at once.
const UNDER_WAY: usize = 512;

/// What an import did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Imported {
    /// Decisions kept.
    pub decisions: u64,
    /// Events, steps of disputes and labels kept.
    pub events: u64,
    /// Entries of erased persons, which have no content.
    pub erased: u64,
    /// Entries of the service itself.
    pub admin: u64,
}

impl Imported {
    fn total(&self) -> u64 {
        self.decisions + self.events + self.erased + self.admin
    }
}

/// Takes an export into the empty ledger of an engine; `progress` is told entries done and in all.
///
/// # Errors
/// The ledger is not empty; the directory is no export, one without personal values or a damaged one;
/// the ledger can't keep an entry. What came before an error is kept: begin again with a new directory.
pub fn import(
    dir: &Path,
    engine: &Engine,
    data_dir: &Path,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Imported, ArchiveError> {
    let entries = engine.ledger().map(Ledger::health).map_or(0, |health| health.sequence);
    if entries > 0 {
        return Err(ArchiveError::NotFresh { entries });
    }
    let manifest = Manifest::read(dir)?;
    if !manifest.personal {
        return Err(ArchiveError::Impersonal { path: dir.to_owned() });
    }
    Artefacts::new(data_dir).adopt(&dir.join(ARTEFACTS))?;
    let mut into = Into { engine, tenant: manifest.tenant.clone(), writing: VecDeque::new() };
    let mut done = Imported::default();
    let mut files = partitions(dir)?;
    // The next row of each partition, by its number in the ledger it came from.
    let mut next = BTreeMap::new();
    for (place, partition) in files.iter_mut().enumerate() {
        next.extend(partition.next()?.map(|line| ((line.sequence, place), line)));
    }
    while let Some(((_, place), line)) = next.pop_first() {
        let path = files.get(place).map_or(dir, |partition| &partition.path).to_owned();
        into.take(&line, &mut done).map_err(|problem| problem.at(&path, line.sequence))?;
        progress(done.total(), manifest.total());
        if let Some(partition) = files.get_mut(place) {
            next.extend(partition.next()?.map(|line| ((line.sequence, place), line)));
        }
    }
    into.finish()?;
    if done.total() != manifest.total() {
        let (stated, found) = (manifest.total(), done.total());
        return Err(ArchiveError::Incomplete { stated, found });
    }
    Ok(done)
}

/// Why a row can't be kept.
enum Problem {
    Archive(ArchiveError),
    Content(String),
}

impl Problem {
    fn at(self, path: &Path, sequence: u64) -> ArchiveError {
        match self {
            Self::Archive(error) => error,
            Self::Content(message) => {
                ArchiveError::Row { path: path.to_owned(), sequence, message }
            }
        }
    }
}

/// Where entries go.
struct Into<'e> {
    engine: &'e Engine,
    tenant: TenantId,
    writing: VecDeque<Settling>,
}

impl Into<'_> {
    fn take(&mut self, line: &Line, done: &mut Imported) -> Result<(), Problem> {
        let Some(first) = &line.json else {
            let counted = match line.kind {
                EntryKind::Admin => &mut done.admin,
                _ => &mut done.erased,
            };
            *counted += 1;
            return Ok(());
        };
        let adopted = match line.kind {
            EntryKind::Admin => {
                done.admin += 1;
                return Ok(());
            }
            EntryKind::Decision => {
                let [arrival, record, transaction] = &line.more;
                let Some(transaction) = transaction else {
                    done.erased += 1;
                    return Ok(());
                };
                done.decisions += 1;
                Adopted::decision(
                    first,
                    arrival.as_deref().unwrap_or("[]"),
                    record.as_deref().unwrap_or("{}"),
                    transaction,
                )
            }
            _ => {
                done.events += 1;
                let [report, ..] = &line.more;
                Adopted::event(first, report.as_deref())
            }
        };
        let adopted = adopted.map_err(|error| Problem::Content(error.to_string()))?;
        self.keep(adopted, line.received_at)
    }

    fn keep(&mut self, adopted: Adopted, received_at: Timestamp) -> Result<(), Problem> {
        let begun = self.engine.adopt(&self.tenant, adopted, received_at);
        let begun = begun.map_err(|error| match error {
            EngineError::NotKept(error) => Problem::Archive(error.into()),
            other => Problem::Content(other.to_string()),
        })?;
        if let Keeping::Refused(error) = begun.keeping {
            return Err(Problem::Archive(error.into()));
        }
        self.writing.extend(begun.settling);
        if self.writing.len() >= UNDER_WAY
            && let Some(oldest) = self.writing.pop_front()
        {
            let kept = self.engine.settle_blocking(oldest);
            kept.map_err(|error| Problem::Archive(error.into()))?;
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), ArchiveError> {
        self.writing.drain(..).try_for_each(|settling| {
            self.engine.settle_blocking(settling).map(|_| ()).map_err(ArchiveError::from)
        })
    }
}

/// Also after a row that can't be kept: what is on its way is waited for here, not by a thread each.
impl Drop for Into<'_> {
    fn drop(&mut self) {
        // The error that ends the import is the one to be told.
        let _ = self.finish();
    }
}

/// A row, as far as an import needs it.
struct Line {
    kind: EntryKind,
    sequence: u64,
    received_at: Timestamp,
    /// The decision or the event.
    json: Option<String>,
    /// Arrival, record and transaction of a decision; an event's report.
    more: [Option<String>; 3],
}

/// The files of one kind and month, one after the other.
struct Partition {
    kind: EntryKind,
    path: PathBuf,
    parts: VecDeque<PathBuf>,
    rows: Option<RowIter<'static>>,
}

impl Partition {
    fn next(&mut self) -> Result<Option<Line>, ArchiveError> {
        loop {
            if let Some(rows) = &mut self.rows
                && let Some(row) = rows.next()
            {
                let row = row.map_err(ArchiveError::parquet(&self.path))?;
                return Ok(Some(line(self.kind, &row)));
            }
            let Some(path) = self.parts.pop_front() else { return Ok(None) };
            self.rows = Some(rows(self.kind, &path)?);
            self.path = path;
        }
    }
}

/// The rows of a file, with the columns an import needs.
fn rows(kind: EntryKind, path: &Path) -> Result<RowIter<'static>, ArchiveError> {
    let file = File::open(path).map_err(ArchiveError::file(path))?;
    let open = || {
        let reader = SerializedFileReader::new(file)?;
        let schema = reader.metadata().file_metadata().schema_descr().root_schema_ptr();
        let wanted = wanted(kind);
        let fields: Vec<_> = schema
            .get_fields()
            .iter()
            .filter(|field| wanted.contains(&field.name()))
            .map(Arc::clone)
            .collect();
        let projection = Type::group_type_builder(schema.name()).with_fields(fields).build()?;
        RowIter::from_file_into(Box::new(reader)).project(Some(projection))
    };
    open().map_err(ArchiveError::parquet(path))
}

/// Names of the columns an import needs, in their order.
fn wanted(kind: EntryKind) -> Vec<&'static str> {
    let own = match kind {
        EntryKind::Decision => DECISION.get(..4),
        EntryKind::Admin => None,
        EntryKind::Event | EntryKind::Dispute | EntryKind::Label => EVENT.get(..2),
    };
    ENVELOPE.iter().chain(own.unwrap_or_default()).map(|(name, _)| *name).collect()
}

fn line(kind: EntryKind, row: &Row) -> Line {
    let mut line = Line {
        kind,
        sequence: 0,
        received_at: Timestamp::from_millis(0),
        json: None,
        more: [None, None, None],
    };
    for (name, field) in row.get_column_iter() {
        match (name.as_str(), field) {
            ("ledger.sequence", Field::Long(n)) => line.sequence = u64::try_from(*n).unwrap_or(0),
            ("ledger.received_at", Field::TimestampMillis(ms)) => {
                line.received_at = Timestamp::from_millis(*ms);
            }
            ("decision.json" | "event.json", Field::Str(text)) => line.json = Some(text.clone()),
            ("decision.arrival" | "event.report", Field::Str(text)) => {
                line.more[0] = Some(text.clone());
            }
            ("decision.record", Field::Str(text)) => line.more[1] = Some(text.clone()),
            ("decision.transaction", Field::Str(text)) => line.more[2] = Some(text.clone()),
            _ => {}
        }
    }
    line
}

/// Every kind and month of an export.
fn partitions(dir: &Path) -> Result<Vec<Partition>, ArchiveError> {
    let mut found = Vec::new();
    for (kind, path) in named(dir, "kind=")? {
        let Some(kind) = EntryKind::from_word(&kind) else { continue };
        for (_, path) in named(&path, "month=")? {
            let mut parts: Vec<(usize, PathBuf)> = named(&path, "part-")?
                .into_iter()
                .filter_map(|(name, path)| {
                    Some((name.strip_suffix(".parquet")?.parse().ok()?, path))
                })
                .collect();
            parts.sort();
            let parts = parts.into_iter().map(|(_, path)| path).collect();
            found.push(Partition { kind, path, parts, rows: None });
        }
    }
    Ok(found)
}

/// What in a directory begins so, with the rest of its name.
fn named(dir: &Path, prefix: &str) -> Result<Vec<(String, PathBuf)>, ArchiveError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).map_err(ArchiveError::file(dir))? {
        let path = entry.map_err(ArchiveError::file(dir))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if let Some(rest) = name.strip_prefix(prefix) {
            found.push((rest.to_owned(), path.clone()));
        }
    }
    found.sort();
    Ok(found)
}
