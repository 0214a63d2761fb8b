//! Questions to the index.

use super::super::entry::{EntryKind, LookupField, LookupHash, Position};
use super::super::error::LedgerError;
use super::INDEX_FILE;
use super::fill::{signed, unsigned};
use crate::domain::{TenantId, Timestamp};
use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, OptionalExtension, params, params_from_iter};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Most rows of one answer.
pub const MAX_ROWS: u32 = 10_000;

/// In which order rows come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// The last recorded first.
    #[default]
    NewestFirst,
    /// The first recorded first.
    OldestFirst,
    /// The first that happened first; of one time, the first recorded first. A late entry may lie
    /// before the end of a page already read.
    AsHappened,
}

/// Which entries are asked for. Everything given must hold.
#[derive(Debug, Clone)]
pub struct Query {
    /// Whose entries.
    pub tenant: TenantId,
    /// Of this kind.
    pub kind: Option<EntryKind>,
    /// With this id.
    pub id: Option<String>,
    /// Happened at or after.
    pub since: Option<Timestamp>,
    /// Happened before.
    pub until: Option<Timestamp>,
    /// Decided so.
    pub action: Option<String>,
    /// About this transaction.
    pub transaction_id: Option<String>,
    /// Of this type of transaction or event.
    pub entry_type: Option<String>,
    /// With every one of these look-up values.
    pub lookups: Vec<(LookupField, LookupHash)>,
    /// Beside what has the look-up values: what is about the same transactions and orders, such as
    /// the refund or dispute of a card's payments.
    pub related: bool,
    /// Beyond this sequence, in the direction of `order`: the last row of the page before.
    pub after: Option<u64>,
    /// Order of the rows.
    pub order: Order,
    /// Most rows, at most [`MAX_ROWS`].
    pub limit: u32,
}

impl Query {
    /// The latest hundred entries of a tenant.
    pub fn new(tenant: TenantId) -> Self {
        Self {
            tenant,
            kind: None,
            id: None,
            since: None,
            until: None,
            action: None,
            transaction_id: None,
            entry_type: None,
            lookups: Vec::new(),
            related: false,
            after: None,
            order: Order::default(),
            limit: 100,
        }
    }

    /// The question and its values.
    pub(in super::super) fn sql(&self) -> (String, Vec<Value>) {
        let (condition, mut values) = self.condition();
        values.push(i64::from(self.limit.min(MAX_ROWS)).into());
        let order = match self.order {
            Order::NewestFirst => "sequence DESC",
            Order::OldestFirst => "sequence",
            Order::AsHappened => "event_time, sequence",
        };
        let columns = "SELECT * FROM record WHERE";
        (format!("{columns} {condition} ORDER BY {order} LIMIT ?"), values)
    }

    /// The condition and its values.
    fn condition(&self) -> (String, Vec<Value>) {
        let mut terms = vec!["tenant = ?".to_owned()];
        let mut values = vec![Value::from(self.tenant.as_str().to_owned())];
        let mut term = |text: &str, value: Option<Value>| {
            if let Some(value) = value {
                terms.push(text.to_owned());
                values.push(value);
            }
        };
        term("kind = ?", self.kind.map(|kind| kind.word().to_owned().into()));
        term("id = ?", self.id.clone().map(Value::from));
        term("event_time >= ?", self.since.map(|time| time.millis().into()));
        term("event_time < ?", self.until.map(|time| time.millis().into()));
        term("action = ?", self.action.clone().map(Value::from));
        term("type = ?", self.entry_type.clone().map(Value::from));
        term("transaction_id = ?", self.transaction_id.clone().map(Value::from));
        let after = match self.order {
            Order::NewestFirst => "sequence < ?",
            Order::OldestFirst => "sequence > ?",
            Order::AsHappened => {
                "(event_time, sequence) >
                 (SELECT event_time, sequence FROM record WHERE sequence = ?)"
            }
        };
        term(after, self.after.map(|sequence| signed(sequence).into()));
        if !self.lookups.is_empty() {
            terms.push(format!("sequence IN ({})", self.having()));
        }
        (terms.join(" AND "), values)
    }

    /// What has the look-up values, and with `related` what belongs to it. Hashes and words are no
    /// text of a caller's, so they stand in the question itself; `?1` is the tenant.
    fn having(&self) -> String {
        let has = |(field, hash): &(LookupField, LookupHash)| {
            format!("SELECT sequence FROM lookup WHERE hash = x'{hash}' AND field = '{field}'")
        };
        let found = self.lookups.iter().map(has).collect::<Vec<_>>().join(" INTERSECT ");
        if !self.related {
            return found;
        }
        let of_the_same = |column: &str| {
            format!(
                " UNION SELECT sequence FROM record WHERE tenant = ?1 AND {column} IN
                 (SELECT {column} FROM record WHERE sequence IN ({found}))"
            )
        };
        let (transactions, orders) = (of_the_same("transaction_id"), of_the_same("order_id"));
        format!("SELECT * FROM ({found}){transactions}{orders}")
    }
}

/// What the index knows of an entry.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// The entry's number.
    pub sequence: u64,
    /// Where it lies in the log.
    pub position: Position,
    /// Whose it is.
    pub tenant: String,
    /// `decision`, `event`, `dispute`, `label`, `admin`.
    pub kind: String,
    /// Its id.
    pub id: String,
    /// When it happened.
    pub event_time: Timestamp,
    /// When it reached us.
    pub received_at: Timestamp,
    /// The transaction concerned.
    pub transaction_id: Option<String>,
    /// Its order.
    pub order_id: Option<String>,
    /// Type of the transaction or event.
    #[serde(rename = "type")]
    pub entry_type: Option<String>,
    /// What was decided.
    pub action: Option<String>,
    /// 0.01 ..= 99.99.
    pub risk_score: Option<f64>,
    /// Decimal text.
    pub amount: Option<String>,
    /// ISO 4217.
    pub currency: Option<String>,
}

impl Row {
    /// Amount and currency as one text.
    pub fn price(&self) -> Option<String> {
        let amount = self.amount.as_ref()?;
        Some(match &self.currency {
            Some(currency) => format!("{amount} {currency}"),
            None => amount.clone(),
        })
    }
}

fn row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    Ok(Row {
        sequence: unsigned(row.get("sequence")?),
        position: Position::unpacked(unsigned(row.get("position")?)),
        tenant: row.get("tenant")?,
        kind: row.get("kind")?,
        id: row.get("id")?,
        event_time: Timestamp::from_millis(row.get("event_time")?),
        received_at: Timestamp::from_millis(row.get("received_at")?),
        transaction_id: row.get("transaction_id")?,
        order_id: row.get("order_id")?,
        entry_type: row.get("type")?,
        action: row.get("action")?,
        risk_score: row.get("risk_score")?,
        amount: row.get("amount")?,
        currency: row.get("currency")?,
    })
}

/// An index, for reading. Its answers may lag behind the log. Calls block; one at a time.
pub struct Index {
    path: PathBuf,
    connection: Mutex<Connection>,
}

impl Index {
    /// Opens the index of a data directory.
    ///
    /// # Errors
    /// There is none; [`refresh`](super::refresh) makes it.
    pub fn open(data_dir: &Path) -> Result<Self, LedgerError> {
        let path = data_dir.join(INDEX_FILE);
        let open = || {
            let connection = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
            connection.busy_timeout(Duration::from_secs(2))?;
            Ok(connection)
        };
        let connection = open().map_err(|error| LedgerError::index(&path, error))?;
        Ok(Self { path, connection: Mutex::new(connection) })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The entries asked for.
    ///
    /// # Errors
    /// The index can't be read.
    pub fn list(&self, query: &Query) -> Result<Vec<Row>, LedgerError> {
        let (sql, values) = query.sql();
        let connection = self.connection();
        let read = || {
            let mut statement = connection.prepare_cached(&sql)?;
            statement.query_map(params_from_iter(values), row)?.collect::<Result<Vec<_>, _>>()
        };
        read().map_err(|error| LedgerError::index(&self.path, error))
    }

    /// Where the entry of a kind and id lies; the latest, where there are several.
    ///
    /// # Errors
    /// The index can't be read.
    pub fn find(
        &self,
        tenant: &TenantId,
        kind: EntryKind,
        id: &str,
    ) -> Result<Option<Position>, LedgerError> {
        self.position(
            "SELECT position FROM record WHERE tenant = ? AND kind = ? AND id = ?
             ORDER BY sequence DESC LIMIT 1",
            params![tenant.as_str(), kind.word(), id],
        )
    }

    /// Where the entry of a sequence lies.
    ///
    /// # Errors
    /// The index can't be read.
    pub fn locate(
        &self,
        tenant: &TenantId,
        sequence: u64,
    ) -> Result<Option<Position>, LedgerError> {
        self.position(
            "SELECT position FROM record WHERE tenant = ? AND sequence = ?",
            params![tenant.as_str(), signed(sequence)],
        )
    }

    fn position(
        &self,
        sql: &str,
        values: impl rusqlite::Params,
    ) -> Result<Option<Position>, LedgerError> {
        let connection = self.connection();
        let read = || {
            let mut statement = connection.prepare_cached(sql)?;
            statement.query_row(values, |row| row.get(0)).optional()
        };
        let packed: Option<i64> = read().map_err(|error| LedgerError::index(&self.path, error))?;
        Ok(packed.map(|packed| Position::unpacked(unsigned(packed))))
    }
}
