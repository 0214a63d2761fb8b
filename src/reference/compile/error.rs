//! Why tables could not be compiled.

use std::io;
use std::path::PathBuf;

/// A list of sources or a source that is not what it should be. Nothing is written for its table.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// A file can't be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A table can't be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The list of sources is no valid TOML of the expected keys.
    #[error("{}: not a list of sources", path.display())]
    List {
        /// The list.
        path: PathBuf,
        /// Where and what.
        source: Box<toml::de::Error>,
    },
    /// The list names no source of this id.
    #[error("the list of sources has no `{id}`")]
    NoSource {
        /// The id.
        id: &'static str,
    },
    /// A source is another file than the list says.
    #[error("{}: sha256 is {found}, the list of sources says {listed}", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
        /// Digest of the file.
        found: String,
        /// Digest in the list.
        listed: String,
    },
    /// A CSV source that can't be split into rows.
    #[error("{}: not the expected CSV", path.display())]
    Csv {
        /// The file.
        path: PathBuf,
        /// Where and what.
        source: csv::Error,
    },
    /// A JSON source that is not what it should be.
    #[error("{}: not the expected JSON", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// Where and what.
        source: serde_json::Error,
    },
    /// The compiled table does not say what its source says: a defect of the compiler.
    #[error("{}: {ip} is {source_says}, the table says {table_says}", path.display())]
    Differs {
        /// The source.
        path: PathBuf,
        /// Where they differ.
        ip: std::net::IpAddr,
        /// Country in the source, `-` for none.
        source_says: String,
        /// Country in the table, `-` for none.
        table_says: String,
    },
    /// A line that can't be understood.
    #[error("{}, line {line}: {what}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: u64,
        /// What is wrong with it.
        what: &'static str,
    },
    /// A binary source that can't be understood.
    #[error("{}: {what} at byte {byte}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// Offset of the trouble.
        byte: usize,
        /// What is wrong there.
        what: &'static str,
    },
    /// A MaxMind-format source that can't be read.
    #[error("{}: not a usable MaxMind-format file", path.display())]
    MaxMind {
        /// The file.
        path: PathBuf,
        /// What the reader said.
        source: maxminddb::MaxMindDbError,
    },
}
