//! Reading a file of records: blocks in order, rows of a block into one record that is used again.

use super::cell::{Bytes, read_custom};
use super::{BLOCK_ROWS, MAGIC, MAX_BLOCK, RecordsError, RecordsHeader, VERSION};
use crate::domain::{Action, Calibration, LabelClass, Timestamp};
use crate::engine::past::PastSale;
use crate::features::{FieldId, Record, Value};
use std::collections::BTreeSet;
use std::io::{self, Read};

/// A file of records, read block by block.
#[derive(Debug)]
pub struct RecordsReader<R> {
    input: R,
    header: RecordsHeader,
    blocks: u64,
    rows: u64,
}

/// The bytes of some rows, as they were written.
#[derive(Debug, Clone, Default)]
pub struct Block {
    number: u64,
    bytes: Vec<u8>,
}

impl Block {
    /// How many bytes it has.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// True for a block without bytes.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    fn rows(&self) -> Option<u64> {
        Bytes(&self.bytes).varint()
    }
}

impl<R: Read> RecordsReader<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// Not a file of records, of another version, or unreadable.
    pub fn open(mut input: R) -> Result<Self, RecordsError> {
        let foreign = |error: io::Error| match error.kind() {
            io::ErrorKind::UnexpectedEof => RecordsError::Foreign,
            _ => error.into(),
        };
        let mut magic = [0; MAGIC.len()];
        input.read_exact(&mut magic).map_err(foreign)?;
        if magic != *MAGIC {
            return Err(RecordsError::Foreign);
        }
        let found = u32::from_le_bytes(array(&mut input).map_err(foreign)?);
        if found != VERSION {
            return Err(RecordsError::Version { found, wanted: VERSION });
        }
        let length = u32::from_le_bytes(array(&mut input).map_err(foreign)?) as usize;
        if length > MAX_BLOCK {
            return Err(RecordsError::Header);
        }
        let mut header = vec![0; length];
        input.read_exact(&mut header).map_err(foreign)?;
        let header = serde_json::from_slice(&header).map_err(|_| RecordsError::Header)?;
        Ok(Self { input, header, blocks: 0, rows: 0 })
    }

    /// What the file says of itself.
    pub fn header(&self) -> &RecordsHeader {
        &self.header
    }

    /// The next block into `block`, whose memory is used again; false after the last one.
    ///
    /// # Errors
    /// The file is cut or damaged.
    pub fn next_block(&mut self, block: &mut Block) -> Result<bool, RecordsError> {
        self.blocks += 1;
        let number = self.blocks;
        let cut = |error: io::Error| match error.kind() {
            io::ErrorKind::UnexpectedEof => RecordsError::Cut { block: number },
            _ => error.into(),
        };
        let length = u32::from_le_bytes(array(&mut self.input).map_err(cut)?) as usize;
        if length == 0 {
            let told = u64::from_le_bytes(array(&mut self.input).map_err(cut)?);
            let found = self.rows;
            return if told == found { Ok(false) } else { Err(RecordsError::Rows { told, found }) };
        }
        let damaged = RecordsError::Damaged { block: number };
        if length > MAX_BLOCK {
            return Err(damaged);
        }
        let sum = u32::from_le_bytes(array(&mut self.input).map_err(cut)?);
        block.number = number;
        block.bytes.resize(length, 0);
        self.input.read_exact(&mut block.bytes).map_err(cut)?;
        if crc32c::crc32c(&block.bytes) != sum {
            return Err(damaged);
        }
        self.rows += block.rows().unwrap_or(0);
        Ok(true)
    }
}

fn array<const N: usize>(input: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    input.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// Reads rows of blocks, of each the fields that are wanted.
#[derive(Debug)]
pub struct RowReader {
    /// By number in the file, the field; `None` where it is not wanted or not known.
    wanted: Vec<Option<FieldId>>,
    custom: bool,
    sale: PastSale,
    record: Record,
}

impl RowReader {
    /// A reader of these fields, and of `custom` where asked for; all others read as missing.
    pub fn new(header: &RecordsHeader, fields: &BTreeSet<FieldId>, custom: bool) -> Self {
        let wanted = |name: &String| FieldId::by_name(name).filter(|id| fields.contains(id));
        Self {
            wanted: header.fields.iter().map(wanted).collect(),
            custom,
            sale: PastSale {
                number: 0,
                id: String::new(),
                at: Timestamp::default(),
                label: None,
                refused: false,
                is_payment: false,
                buyer: None,
                was: Action::Approve,
                calibration: Calibration::None,
                recorded: None,
            },
            record: Record::default(),
        }
    }

    /// Calls `each` with every row of a block. No allocation but for texts that change from row to row.
    ///
    /// # Errors
    /// The block is none of this version's.
    pub fn each(
        &mut self,
        block: &Block,
        each: &mut dyn FnMut(&PastSale, &Record),
    ) -> Result<(), RecordsError> {
        self.rows(block, each).ok_or(RecordsError::Damaged { block: block.number })
    }

    fn rows(&mut self, block: &Block, each: &mut dyn FnMut(&PastSale, &Record)) -> Option<()> {
        let mut bytes = Bytes(&block.bytes);
        let rows = bytes.length().filter(|rows| *rows <= BLOCK_ROWS)?;
        let sales = bytes.length()?;
        let count = bytes.length().filter(|count| *count <= self.wanted.len() + 1)?;
        let mut lengths = Vec::with_capacity(count);
        for _ in 0..count {
            lengths.push((bytes.length()?, bytes.length()?));
        }
        let mut sales = Bytes(bytes.take(sales)?);
        let (mut columns, mut custom) = (Vec::new(), None);
        for (number, length) in lengths {
            let column = Bytes(bytes.take(length)?);
            match self.wanted.get(number) {
                Some(Some(field)) => columns.push((*field, Column::new(column, rows)?)),
                None if self.custom => custom = Some(Column::new(column, rows)?),
                Some(None) | None => {}
            }
        }
        // A field without a column in this block may still hold a value of the block before.
        for field in self.wanted.iter().flatten() {
            if !columns.iter().any(|(here, _)| here == field) {
                self.record.set(*field, Value::Missing);
            }
        }
        for row in 0..rows {
            read_sale(&mut sales, &mut self.sale)?;
            for (field, column) in &mut columns {
                let knows = column.knows(row);
                if knows {
                    column.values.read_into(*field, &mut self.record)?;
                } else if column.is_held {
                    self.record.set(*field, Value::Missing);
                }
                column.is_held = knows;
            }
            match &mut custom {
                Some(column) if column.knows(row) => {
                    read_custom(&mut column.values, &mut self.record)?;
                }
                _ => self.record.clear_custom(),
            }
            each(&self.sale, &self.record);
        }
        Some(())
    }
}

struct Column<'b> {
    known: &'b [u8],
    values: Bytes<'b>,
    /// Whether the record may hold a value of the row before: most columns know few rows.
    is_held: bool,
}

impl<'b> Column<'b> {
    fn new(mut bytes: Bytes<'b>, rows: usize) -> Option<Self> {
        Some(Self { known: bytes.take(rows.div_ceil(8))?, values: bytes, is_held: true })
    }

    fn knows(&self, row: usize) -> bool {
        self.known.get(row / 8).is_some_and(|bits| (bits >> (row % 8)) & 1 == 1)
    }
}

fn read_sale(bytes: &mut Bytes<'_>, sale: &mut PastSale) -> Option<()> {
    sale.number = bytes.varint()?;
    sale.at = bytes.time()?;
    sale.label = match bytes.byte()? {
        0 => None,
        label => Some(*LabelClass::ALL.get(usize::from(label) - 1)?),
    };
    sale.was = *Action::ALL.get(usize::from(bytes.byte()?))?;
    sale.calibration = *Calibration::ALL.get(usize::from(bytes.byte()?))?;
    let flags = bytes.byte()?;
    sale.refused = flags & 1 == 1;
    sale.is_payment = (flags >> 1) & 1 == 1;
    sale.buyer =
        if (flags >> 2) & 1 == 1 { Some(u64::from_le_bytes(bytes.array()?)) } else { None };
    sale.id.clear();
    sale.id.push_str(bytes.text()?);
    Some(())
}
