//! The index: a SQLite database of what the log holds, for questions by time, card or transaction.
//!
//! It lags behind the log and can be deleted: it is built again. Each transaction of the thread that
//! fills it also stores how far it got, with the hash of the record there, so after any crash it
//! goes on exactly there, and an index of another log is noticed. Nothing personal is in it.
//! `sqlite3 index.sqlite` reads it; times are milliseconds since 1970.

mod fill;
mod query;
mod thread;

pub use fill::{Freshness, refresh, unindexed};
pub(super) use fill::{Progress, progress};
pub use query::{Index, MAX_ROWS, Order, Query, Row};
pub(super) use thread::IndexThread;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// File of the index in the data directory.
const INDEX_FILE: &str = "index.sqlite";
/// Changed with [`SCHEMA`]; an index of another version is built anew.
const INDEX_VERSION: i64 = 2;

const SCHEMA: &str = "
CREATE TABLE record (
  sequence INTEGER PRIMARY KEY,
  position INTEGER NOT NULL,
  tenant TEXT NOT NULL,
  kind TEXT NOT NULL,
  id TEXT NOT NULL,
  event_time INTEGER NOT NULL,
  received_at INTEGER NOT NULL,
  transaction_id TEXT,
  order_id TEXT,
  type TEXT,
  action TEXT,
  risk_score REAL,
  amount TEXT,
  currency TEXT
);
CREATE INDEX record_tenant ON record (tenant);
CREATE INDEX record_kind ON record (tenant, kind);
CREATE INDEX record_id ON record (tenant, id);
CREATE INDEX record_transaction ON record (tenant, transaction_id) WHERE transaction_id IS NOT NULL;
CREATE INDEX record_order ON record (tenant, order_id) WHERE order_id IS NOT NULL;
CREATE INDEX record_time ON record (tenant, event_time);
CREATE TABLE lookup (
  hash BLOB NOT NULL,
  field TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  PRIMARY KEY (hash, field, sequence)
) WITHOUT ROWID;
CREATE TABLE progress (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  sequence INTEGER NOT NULL,
  position INTEGER NOT NULL,
  hash BLOB NOT NULL
);
";

/// What the index knows of an entry beyond its envelope: the `summary` member of its open JSON.
/// What is not there, or not of this form, is missing in the index and still in the log.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Summary {
    /// The transaction concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transaction_id: Option<String>,
    /// Its order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_id: Option<String>,
    /// Type of the transaction or the event.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub entry_type: Option<String>,
    /// What was decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// 0.01 ..= 99.99.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub risk_score: Option<f64>,
    /// Decimal text, in `currency`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<Decimal>,
    /// ISO 4217.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
}
