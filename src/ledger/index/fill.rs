//! Filling the index from the log: a thread of the server, or one call of a command.

use super::super::entry::{ChainHash, Position, StoredEntry};
use super::super::error::{LedgerError, StorageFault};
use super::super::reader::{Reader, Scan};
use super::super::storage::DirLock;
use super::{INDEX_FILE, INDEX_VERSION, SCHEMA, Summary};
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, Transaction, params};
use serde::Deserialize;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Entries of one transaction.
const STEP_ROWS: usize = 1000;
const BUSY: Duration = Duration::from_secs(2);

/// How far an index got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Progress {
    pub(in super::super) sequence: u64,
    pub(in super::super) position: Position,
    pub(in super::super) hash: ChainHash,
}

/// How far the index in a data directory got; `None` where there is none that can be read.
pub(in super::super) fn progress(data_dir: &Path) -> Option<Progress> {
    let path = data_dir.join(INDEX_FILE);
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).ok()?;
    connection.busy_timeout(BUSY).ok()?;
    read_progress(&connection).ok()?
}

fn read_progress(connection: &Connection) -> rusqlite::Result<Option<Progress>> {
    connection
        .query_row("SELECT sequence, position, hash FROM progress", [], |row| {
            Ok(Progress {
                sequence: unsigned(row.get(0)?),
                position: Position::unpacked(unsigned(row.get(1)?)),
                hash: ChainHash(row.get(2)?),
            })
        })
        .optional()
}

/// SQLite has signed integers only; ours stay far below their end.
pub(super) fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// The reverse of [`signed`].
pub(super) fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

/// The writer of an index.
pub(super) struct Filler {
    path: PathBuf,
    connection: Connection,
    at: Option<Progress>,
    scan: Option<Scan>,
}

impl Filler {
    /// Opens the index, or begins one where there is none that can be used.
    pub(super) fn open(data_dir: &Path) -> Result<Self, LedgerError> {
        let path = data_dir.join(INDEX_FILE);
        let connection = match connect(&path) {
            Ok(connection) => connection,
            Err(error) if beyond_use(&error) => {
                remove(&path)?;
                connect(&path).map_err(|error| LedgerError::index(&path, error))?
            }
            Err(error) => return Err(LedgerError::index(&path, error)),
        };
        let at = read_progress(&connection).map_err(|error| LedgerError::index(&path, error))?;
        Ok(Self { path, connection, at, scan: None })
    }

    /// The last entry taken in; 0 for none.
    pub(super) fn sequence(&self) -> u64 {
        self.at.map_or(0, |at| at.sequence)
    }

    /// Takes in up to [`STEP_ROWS`] entries and says how many; none when it has caught up. What
    /// comes before damage to the log is taken in all the same.
    pub(super) fn step(&mut self, reader: &Reader) -> Result<usize, LedgerError> {
        let scan = match self.scan.take() {
            Some(scan) => scan.resumed(),
            None => None,
        };
        let mut scan = match scan {
            Some(scan) => scan,
            None => self.begin(reader)?,
        };
        let mut failed = None;
        let entries: Vec<_> = (scan.by_ref().take(STEP_ROWS))
            .map_while(|entry| entry.map_err(|error| failed = Some(error)).ok())
            .collect();
        if let Some(last) = entries.last() {
            let at = Progress { sequence: last.sequence, position: last.position, hash: last.hash };
            self.store(&entries, at).map_err(|error| LedgerError::index(&self.path, error))?;
            self.at = Some(at);
        }
        if let Some(error) = failed {
            return Err(error);
        }
        self.scan = Some(scan);
        Ok(entries.len())
    }

    /// A scan that goes on where the index got to. An index of another log is emptied.
    fn begin(&mut self, reader: &Reader) -> Result<Scan, LedgerError> {
        let Some(at) = self.at else { return reader.scan(None) };
        let known = |entry: &StoredEntry| entry.sequence == at.sequence && entry.hash == at.hash;
        match reader.scan(Some(at.position)).map(|mut scan| (scan.next(), scan)) {
            Ok((Some(Ok(entry)), scan)) if known(&entry) => Ok(scan),
            Err(LedgerError::Storage(fault)) => Err(LedgerError::Storage(fault)),
            _ => {
                self.connection
                    .execute_batch("DELETE FROM record; DELETE FROM lookup; DELETE FROM progress;")
                    .map_err(|error| LedgerError::index(&self.path, error))?;
                self.at = None;
                reader.scan(None)
            }
        }
    }

    fn store(&mut self, entries: &[StoredEntry], at: Progress) -> rusqlite::Result<()> {
        let transaction = self.connection.transaction()?;
        for entry in entries {
            insert(&transaction, entry)?;
        }
        transaction.execute(
            "INSERT OR REPLACE INTO progress VALUES (1, ?, ?, ?)",
            params![signed(at.sequence), signed(at.position.packed()), at.hash.0],
        )?;
        transaction.commit()
    }
}

fn insert(transaction: &Transaction<'_>, entry: &StoredEntry) -> rusqlite::Result<()> {
    #[derive(Deserialize)]
    struct Open {
        #[serde(default)]
        summary: Summary,
    }
    let summary = serde_json::from_slice(&entry.open)
        .map_or_else(|_| Summary::default(), |open: Open| open.summary);
    transaction
        .prepare_cached("INSERT OR REPLACE INTO record VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)")?
        .execute(params![
            signed(entry.sequence),
            signed(entry.position.packed()),
            entry.tenant.as_str(),
            entry.kind.word(),
            entry.id,
            entry.event_time.millis(),
            entry.received_at.millis(),
            summary.transaction_id,
            summary.order_id,
            summary.entry_type,
            summary.action,
            summary.risk_score,
            summary.amount.map(|amount| amount.to_string()),
            summary.currency,
        ])?;
    let mut lookups = transaction.prepare_cached("INSERT OR IGNORE INTO lookup VALUES (?,?,?)")?;
    for (field, hash) in &entry.lookups {
        lookups.execute(params![hash.0, field.word(), signed(entry.sequence)])?;
    }
    Ok(())
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version != INDEX_VERSION {
        drop_tables(&connection)?;
        connection.execute_batch(SCHEMA)?;
        connection.pragma_update(None, "user_version", INDEX_VERSION)?;
    }
    Ok(connection)
}

/// Empties an index of another version, or one whose making was cut short.
fn drop_tables(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(
        "DROP TABLE IF EXISTS record; DROP TABLE IF EXISTS lookup; DROP TABLE IF EXISTS progress;",
    )
}

fn beyond_use(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

fn remove(path: &Path) -> Result<(), LedgerError> {
    for end in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        let file = PathBuf::from(name);
        if file.exists() {
            fs::remove_file(&file).map_err(|error| StorageFault::new("remove", &file, error))?;
        }
    }
    Ok(())
}

/// How an index stands to its log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// It has every entry.
    Current,
    /// A server fills it; it has all but this many.
    Behind {
        /// Entries not in it yet.
        records: u64,
    },
}

/// Brings the index of a data directory up to date, unless a server holds the ledger and does so
/// itself.
///
/// # Errors
/// No ledger there, a damaged log, or an index that can't be written.
pub fn refresh(data_dir: &Path) -> Result<Freshness, LedgerError> {
    let reader = Reader::open(data_dir, None)?;
    let lock = DirLock::acquire(data_dir);
    if let Err(LedgerError::Locked { .. }) = lock {
        return behind(data_dir, &reader);
    }
    let _lock = lock?;
    let mut filler = Filler::open(data_dir)?;
    while filler.step(&reader)? > 0 {}
    Ok(Freshness::Current)
}

/// Places of entries the index of a data directory does not have yet, oldest first, at most `most`.
///
/// # Errors
/// The log can't be read.
pub fn unindexed(
    reader: &Reader,
    data_dir: &Path,
    most: usize,
) -> Result<Vec<Position>, LedgerError> {
    let at = progress(data_dir);
    let scan = reader.scan(at.map(|at| at.position))?;
    let newer = scan.skip(usize::from(at.is_some())).map_while(Result::ok);
    Ok(newer.take(most).map(|entry| entry.position).collect())
}

fn behind(data_dir: &Path, reader: &Reader) -> Result<Freshness, LedgerError> {
    let at = progress(data_dir);
    let scan = reader.scan(at.map(|at| at.position))?;
    let records = scan.take_while(Result::is_ok).count().saturating_sub(usize::from(at.is_some()));
    Ok(match u64::try_from(records).unwrap_or(u64::MAX) {
        0 => Freshness::Current,
        records => Freshness::Behind { records },
    })
}
