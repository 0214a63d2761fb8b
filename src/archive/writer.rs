//! Partitions being written: rows held until there are enough for a row group.

use super::columns::{Cell, Holds, columns, schema};
use super::error::ArchiveError;
use crate::ledger::EntryKind;
use parquet::basic::{Compression, ZstdLevel};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Rows held in memory over all partitions; about 10 KB each.
const HELD_ROWS: usize = 4096;
/// Rows of one file.
const FILE_ROWS: usize = 1_000_000;

/// The partitions of an export.
pub(super) struct Partitions {
    dir: PathBuf,
    open: BTreeMap<(EntryKind, String), Partition>,
    held: usize,
}

struct Partition {
    dir: PathBuf,
    columns: Vec<(String, Holds)>,
    rows: Vec<Vec<Cell>>,
    file: Option<Part>,
    parts: usize,
}

/// The file a partition writes to now.
struct Part {
    path: PathBuf,
    writer: SerializedFileWriter<File>,
    rows: usize,
}

impl Partitions {
    pub(super) fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), open: BTreeMap::new(), held: 0 }
    }

    /// Adds a row; now and then the fullest partition writes what it holds.
    pub(super) fn add(
        &mut self,
        kind: EntryKind,
        month: &str,
        row: Vec<Cell>,
    ) -> Result<(), ArchiveError> {
        let dir = &self.dir;
        let partition = self.open.entry((kind, month.to_owned())).or_insert_with(|| Partition {
            dir: dir.join(format!("kind={kind}")).join(format!("month={month}")),
            columns: columns(kind),
            rows: Vec::new(),
            file: None,
            parts: 0,
        });
        partition.rows.push(row);
        self.held += 1;
        if self.held >= HELD_ROWS
            && let Some(fullest) = self.open.values_mut().max_by_key(|open| open.rows.len())
        {
            self.held -= fullest.rows.len();
            fullest.write()?;
        }
        Ok(())
    }

    /// Writes what is held and closes every file.
    pub(super) fn finish(self) -> Result<(), ArchiveError> {
        for mut partition in self.open.into_values() {
            partition.write()?;
            partition.close()?;
        }
        Ok(())
    }
}

impl Partition {
    /// Writes the held rows as one row group.
    fn write(&mut self) -> Result<(), ArchiveError> {
        let rows = std::mem::take(&mut self.rows);
        if rows.is_empty() {
            return Ok(());
        }
        if self.file.as_ref().is_some_and(|part| part.rows >= FILE_ROWS) {
            self.close()?;
        }
        let mut part = match self.file.take() {
            Some(part) => part,
            None => self.begin()?,
        };
        put_group(&mut part.writer, &self.columns, &rows)
            .map_err(ArchiveError::parquet(&part.path))?;
        part.rows += rows.len();
        self.file = Some(part);
        Ok(())
    }

    fn begin(&mut self) -> Result<Part, ArchiveError> {
        fs::create_dir_all(&self.dir).map_err(ArchiveError::file(&self.dir))?;
        let path = self.dir.join(format!("part-{}.parquet", self.parts));
        self.parts += 1;
        let new = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        let file = new.map_err(ArchiveError::file(&path))?;
        let writer = || {
            let compression = Compression::ZSTD(ZstdLevel::try_new(3)?);
            let properties = WriterProperties::builder().set_compression(compression).build();
            SerializedFileWriter::new(file, schema(&self.columns)?, Arc::new(properties))
        };
        let writer = writer().map_err(ArchiveError::parquet(&path))?;
        Ok(Part { path, writer, rows: 0 })
    }

    fn close(&mut self) -> Result<(), ArchiveError> {
        let Some(Part { path, writer, .. }) = self.file.take() else { return Ok(()) };
        let file = writer.into_inner().map_err(ArchiveError::parquet(&path))?;
        file.sync_all().map_err(ArchiveError::file(&path))
    }
}

fn put_group(
    writer: &mut SerializedFileWriter<File>,
    columns: &[(String, Holds)],
    rows: &[Vec<Cell>],
) -> Result<(), ParquetError> {
    let mut group = writer.next_row_group()?;
    for (place, (_, holds)) in columns.iter().enumerate() {
        let cells: Vec<&Cell> =
            rows.iter().map(|row| row.get(place).unwrap_or(&Cell::Missing)).collect();
        let Some(column) = group.next_column()? else { break };
        put_column(column, *holds, &cells)?;
    }
    group.close().map(|_| ())
}

fn put_column(
    column: SerializedColumnWriter<'_>,
    holds: Holds,
    cells: &[&Cell],
) -> Result<(), ParquetError> {
    match holds {
        Holds::Bool => put::<BoolType>(column, cells, |cell| match cell {
            Cell::Bool(value) => Some(*value),
            _ => None,
        }),
        Holds::Whole | Holds::Time => put::<Int64Type>(column, cells, |cell| match cell {
            Cell::Whole(value) => Some(*value),
            _ => None,
        }),
        Holds::Number => put::<DoubleType>(column, cells, |cell| match cell {
            Cell::Number(value) => Some(*value),
            _ => None,
        }),
        Holds::Text => put::<ByteArrayType>(column, cells, |cell| match cell {
            Cell::Text(text) => Some(ByteArray::from(text.as_bytes().to_vec())),
            _ => None,
        }),
    }
}

/// The values there are, and for each row whether it has one.
fn put<T: DataType>(
    mut column: SerializedColumnWriter<'_>,
    cells: &[&Cell],
    value: impl Fn(&Cell) -> Option<T::T>,
) -> Result<(), ParquetError> {
    let (mut values, mut levels) = (Vec::new(), Vec::with_capacity(cells.len()));
    for cell in cells {
        let value = value(cell);
        levels.push(i16::from(value.is_some()));
        values.extend(value);
    }
    column.typed::<T>().write_batch(&values, Some(&levels), None)?;
    column.close()
}
