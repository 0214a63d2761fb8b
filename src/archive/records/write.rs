//! Writing a file of records, a block at a time.

use super::cell::{put, put_custom, put_text, put_varint};
use super::{BLOCK_ROWS, MAGIC, RecordsError, RecordsHeader, VERSION};
use crate::domain::{Action, Calibration, LabelClass};
use crate::engine::past::PastSale;
use crate::features::{FIELDS, Record};
use std::io::Write;

/// A file of records being written. Not whole before [`RecordsWriter::finish`].
#[derive(Debug)]
pub struct RecordsWriter<W> {
    out: W,
    rows: u64,
    /// Rows of the block at hand.
    here: usize,
    sales: Vec<u8>,
    columns: Vec<Column>,
    block: Vec<u8>,
}

/// One field of the block at hand; the last one holds `custom`.
#[derive(Debug, Clone, Default)]
struct Column {
    known: Vec<u8>,
    values: Vec<u8>,
}

impl<W: Write> RecordsWriter<W> {
    /// Begins a file.
    ///
    /// # Errors
    /// It can't be written.
    pub fn new(mut out: W, header: &RecordsHeader) -> Result<Self, RecordsError> {
        let header = serde_json::to_vec(header).map_err(|_| RecordsError::Header)?;
        out.write_all(MAGIC)?;
        out.write_all(&VERSION.to_le_bytes())?;
        out.write_all(&length(header.len()).to_le_bytes())?;
        out.write_all(&header)?;
        let columns = vec![Column::default(); FIELDS.len() + 1];
        Ok(Self { out, rows: 0, here: 0, sales: vec![], columns, block: vec![] })
    }

    /// Adds a row. What its decision names is not kept.
    ///
    /// # Errors
    /// It can't be written.
    pub fn add(&mut self, sale: &PastSale, record: &Record) -> Result<(), RecordsError> {
        put_sale(&mut self.sales, sale);
        let (byte, bit) = (self.here / 8, 1_u8 << (self.here % 8));
        let know = |column: &mut Column| {
            column.known.resize(byte + 1, 0);
            if let Some(bits) = column.known.get_mut(byte) {
                *bits |= bit;
            }
        };
        for (field, column) in FIELDS.iter().zip(&mut self.columns) {
            let value = record.get(field.id);
            if !value.is_missing() {
                know(column);
                put(&mut column.values, value);
            }
        }
        if let (Some(column), true) =
            (self.columns.last_mut(), record.custom_values().next().is_some())
        {
            know(column);
            put_custom(&mut column.values, record);
        }
        self.here += 1;
        self.rows += 1;
        if self.here == BLOCK_ROWS { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), RecordsError> {
        if self.here == 0 {
            return Ok(());
        }
        let Self { out, here, sales, columns, block, .. } = self;
        block.clear();
        put_varint(block, *here as u64);
        put_varint(block, sales.len() as u64);
        let used = || columns.iter().enumerate().filter(|(_, column)| !column.known.is_empty());
        put_varint(block, used().count() as u64);
        for (number, column) in used() {
            put_varint(block, number as u64);
            put_varint(block, (here.div_ceil(8) + column.values.len()) as u64);
        }
        block.append(sales);
        for column in columns.iter_mut().filter(|column| !column.known.is_empty()) {
            column.known.resize(here.div_ceil(8), 0);
            block.append(&mut column.known);
            block.append(&mut column.values);
        }
        out.write_all(&length(block.len()).to_le_bytes())?;
        out.write_all(&crc32c::crc32c(block).to_le_bytes())?;
        out.write_all(block)?;
        self.here = 0;
        Ok(())
    }

    /// Writes the end; gives back the output and the number of rows.
    ///
    /// # Errors
    /// It can't be written.
    pub fn finish(mut self) -> Result<(W, u64), RecordsError> {
        self.flush()?;
        self.out.write_all(&0_u32.to_le_bytes())?;
        self.out.write_all(&self.rows.to_le_bytes())?;
        self.out.flush()?;
        Ok((self.out, self.rows))
    }
}

fn length(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

fn put_sale(out: &mut Vec<u8>, sale: &PastSale) {
    put_varint(out, sale.number);
    put_varint(out, sale.at.millis().cast_unsigned());
    out.push(sale.label.and_then(|label| place(LabelClass::ALL, &label)).map_or(0, |at| at + 1));
    out.push(place(Action::ALL, &sale.was).unwrap_or(0));
    out.push(place(Calibration::ALL, &sale.calibration).unwrap_or(0));
    let flags = [sale.refused, sale.is_payment, sale.buyer.is_some()];
    out.push(flags.into_iter().rev().fold(0, |bits, flag| (bits << 1) | u8::from(flag)));
    if let Some(buyer) = sale.buyer {
        out.extend_from_slice(&buyer.to_le_bytes());
    }
    put_text(out, &sale.id);
}

fn place<T: PartialEq>(all: &[T], one: &T) -> Option<u8> {
    all.iter().position(|other| other == one).and_then(|place| u8::try_from(place).ok())
}
