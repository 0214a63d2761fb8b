//! The file form of a compiled table, and its columns.
//!
//! `VOUCHTAB`, one version byte, then one zstd frame with a content checksum. The frame holds the
//! table's name, the day its data was built, and columns whose meaning the table's module knows.
//! Numbers are LEB128; a column of small numbers is cut into byte planes, which zstd packs better.
//!
//! Rejected: an archive format (rkyv, `FlatBuffers`) read in place, which would be three times as
//! large in the binary; serde, which would hide the byte an error is at.

use super::error::ReferenceError;
use std::io::{self, Read};

const MAGIC: &[u8] = b"VOUCHTAB";
const VERSION: u8 = 1;
const HEAD: usize = MAGIC.len() + 1;

/// Most bytes a table may unpack to; the largest bundled one has about 4 MB.
const MAX_UNPACKED: u64 = 256 << 20;

/// zstd's slowest level that still needs no extra memory to unpack.
const LEVEL: i32 = 19;

/// The bundled tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// Network address to country.
    Country,
    /// Network address to autonomous system, its organisation, and whether that is a hosting firm.
    Asn,
    /// Network address to named hosting, CDN, VPN, Tor, relay and crawler ranges.
    Provider,
    /// Card issuer prefix to country, brand and funding.
    Bin,
    /// E-mail domain classes and role local parts.
    Email,
    /// Euro reference rates.
    Rates,
    /// Facts of countries, time zones and calling codes.
    Places,
}

impl Table {
    /// All of them, in the order of the declaration.
    pub const ALL: [Self; 7] = [
        Self::Country,
        Self::Asn,
        Self::Provider,
        Self::Bin,
        Self::Email,
        Self::Rates,
        Self::Places,
    ];

    /// The name in `degraded`, in `versions` and (with `.tab`) of the file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Country => "country",
            Self::Asn => "asn",
            Self::Provider => "provider",
            Self::Bin => "bin",
            Self::Email => "email",
            Self::Rates => "rates",
            Self::Places => "places",
        }
    }

    /// The file's name in a directory of tables.
    pub fn file_name(self) -> String {
        format!("{}.tab", self.name())
    }
}

/// Collects columns and writes the file.
pub(super) struct Writer(Vec<u8>);

impl Writer {
    /// Begins `table`, whose data was built on `built_day` (days since 1970).
    pub(super) fn new(table: Table, built_day: u32) -> Self {
        let mut writer = Self(Vec::new());
        writer.text(table.name());
        writer.number(built_day.into());
        writer
    }

    pub(super) fn number(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        self.0.push((value & 0x7f) as u8);
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    pub(super) fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    /// Texts as one block, separated by line feeds; none of them may hold one.
    pub(super) fn texts<'t>(&mut self, texts: impl IntoIterator<Item = &'t str>) {
        let mut block = String::new();
        for text in texts {
            block.push_str(text);
            block.push('\n');
        }
        self.text(&block);
    }

    /// Numbers as one LEB128 block after their count.
    pub(super) fn numbers(&mut self, values: &[u64]) {
        self.number(values.len() as u64);
        for value in values {
            self.number(*value);
        }
    }

    /// Numbers below 2^(8 * `width`) as `width` byte planes, the lowest first.
    pub(super) fn planes(&mut self, values: &[u32], width: u32) {
        for plane in 0..width {
            let bytes: Vec<u8> =
                values.iter().map(|value| (value >> (8 * plane) & 0xff) as u8).collect();
            self.bytes(&bytes);
        }
    }

    /// The whole file. The same columns give the same bytes.
    pub(super) fn finish(self) -> io::Result<Vec<u8>> {
        let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), LEVEL)?;
        encoder.include_checksum(true)?;
        encoder.set_pledged_src_size(Some(self.0.len() as u64))?;
        io::Write::write_all(&mut encoder, &self.0)?;
        let frame = encoder.finish()?;
        Ok([MAGIC, &[VERSION], &frame].concat())
    }
}

/// Reads the columns of a file back, in the order they were written.
pub(super) struct Columns {
    file: String,
    bytes: Vec<u8>,
    at: usize,
    /// Days since 1970 on which the data was built.
    pub(super) built_day: u32,
}

impl Columns {
    /// Unpacks `data`, which must hold `table`; `file` names it in errors.
    pub(super) fn open(table: Table, file: &str, data: &[u8]) -> Result<Self, ReferenceError> {
        let not_a_table = || ReferenceError::NotATable { file: file.to_owned() };
        let (head, frame) = data.split_at_checked(HEAD).ok_or_else(not_a_table)?;
        let Some((&found, MAGIC)) = head.split_last() else { return Err(not_a_table()) };
        if found != VERSION {
            let file = file.to_owned();
            return Err(ReferenceError::Version { file, found, supported: VERSION });
        }
        let bytes = unpack(frame).map_err(|(byte, source)| ReferenceError::Corrupt {
            file: file.to_owned(),
            byte: byte + HEAD as u64,
            source,
        })?;
        let mut columns = Self { file: file.to_owned(), bytes, at: 0, built_day: 0 };
        let found = columns.text()?;
        if found != table.name() {
            let file = file.to_owned();
            return Err(ReferenceError::WrongTable { file, found, expected: table.name() });
        }
        let day = columns.number()?;
        columns.built_day = u32::try_from(day).map_err(|_| columns.malformed("a date too late"))?;
        Ok(columns)
    }

    /// An error at the byte reached.
    pub(super) fn malformed(&self, what: &'static str) -> ReferenceError {
        ReferenceError::Malformed { file: self.file.clone(), byte: self.at, what }
    }

    pub(super) fn number(&mut self) -> Result<u64, ReferenceError> {
        let mut value = 0_u64;
        let mut shift = 0;
        loop {
            let Some(&byte) = self.bytes.get(self.at) else {
                return Err(self.malformed("the end where a number should be"));
            };
            let low = u64::from(byte & 0x7f);
            if shift > 63 || (low << shift) >> shift != low {
                return Err(self.malformed("a number over 64 bits"));
            }
            self.at += 1;
            value |= low << shift;
            if byte < 0x80 {
                return Ok(value);
            }
            shift += 7;
        }
    }

    /// A count that the rest of the table could hold at one byte an item.
    fn count(&mut self) -> Result<usize, ReferenceError> {
        let count = self.number()?;
        match usize::try_from(count) {
            Ok(count) if count <= self.bytes.len() - self.at => Ok(count),
            _ => Err(self.malformed("a length past the end")),
        }
    }

    pub(super) fn bytes(&mut self) -> Result<&[u8], ReferenceError> {
        let len = self.count()?;
        let from = self.at;
        self.at += len;
        Ok(self.bytes.get(from..self.at).unwrap_or_default())
    }

    pub(super) fn text(&mut self) -> Result<String, ReferenceError> {
        let text = String::from_utf8(self.bytes()?.to_vec());
        text.map_err(|_| self.malformed("text that is not UTF-8 before"))
    }

    /// A block written by [`Writer::texts`]; `lines()` gives the texts back.
    pub(super) fn numbers(&mut self) -> Result<Vec<u64>, ReferenceError> {
        let count = self.count()?;
        (0..count).map(|_| self.number()).collect()
    }

    pub(super) fn planes(&mut self, width: u32) -> Result<Vec<u32>, ReferenceError> {
        let mut values: Vec<u32> = self.bytes()?.iter().map(|byte| u32::from(*byte)).collect();
        for plane in 1..width {
            let bytes = self.bytes()?;
            if bytes.len() != values.len() {
                return Err(self.malformed("byte planes of unequal length before"));
            }
            for (value, byte) in values.iter_mut().zip(bytes) {
                *value |= u32::from(*byte) << (8 * plane);
            }
        }
        Ok(values)
    }

    /// Fails when columns are left over.
    pub(super) fn done(self) -> Result<(), ReferenceError> {
        if self.at == self.bytes.len() { Ok(()) } else { Err(self.malformed("unread columns")) }
    }
}

/// Unpacks one frame; on failure says how many of its bytes were consumed.
fn unpack(frame: &[u8]) -> Result<Vec<u8>, (u64, io::Error)> {
    let mut decoder = zstd::stream::read::Decoder::with_buffer(io::Cursor::new(frame))
        .map_err(|error| (0, error))?
        .single_frame();
    let mut bytes = Vec::new();
    let read = decoder.by_ref().take(MAX_UNPACKED + 1).read_to_end(&mut bytes);
    let reached = decoder.get_ref().position();
    match read {
        Err(error) => Err((reached, error)),
        Ok(_) if bytes.len() as u64 > MAX_UNPACKED => {
            Err((reached, io::Error::other("unpacks to more than 256 MiB")))
        }
        Ok(_) if reached < frame.len() as u64 => {
            Err((reached, io::Error::other("data after the end of the table")))
        }
        Ok(_) => Ok(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Vec<u8> {
        let mut writer = Writer::new(Table::Bin, 20_000);
        writer.numbers(&[0, 127, 128, u64::MAX]);
        writer.planes(&[1, 0x0203, 0xffff], 2);
        writer.texts(["a", "b"]);
        writer.finish().unwrap()
    }

    #[test]
    fn columns_come_back() {
        let data = sample();
        assert_eq!(data, sample());
        let mut columns = Columns::open(Table::Bin, "x", &data).unwrap();
        assert_eq!(columns.built_day, 20_000);
        assert_eq!(columns.numbers().unwrap(), [0, 127, 128, u64::MAX]);
        assert_eq!(columns.planes(2).unwrap(), [1, 0x0203, 0xffff]);
        assert_eq!(columns.text().unwrap().lines().collect::<Vec<_>>(), ["a", "b"]);
        columns.done().unwrap();
    }

    #[test]
    fn every_cut_and_every_flip_is_refused_with_its_place() {
        let data = sample();
        for cut in 0..data.len() {
            let error = Columns::open(Table::Bin, "x.tab", &data[..cut]).err().unwrap();
            let text = error.to_string();
            assert!(text.starts_with("x.tab: ") && text.contains("byte"), "{cut}: {text}");
            if let ReferenceError::Corrupt { byte, .. } = error {
                assert!(byte <= cut as u64);
            }
        }
        let read = |data: &[u8]| {
            let mut columns = Columns::open(Table::Bin, "x.tab", data)?;
            let read = (columns.built_day, columns.numbers()?, columns.planes(2)?, columns.text()?);
            columns.done()?;
            Ok::<_, ReferenceError>(read)
        };
        let good = read(&data).unwrap();
        for at in 0..data.len() {
            let mut bad = data.clone();
            bad[at] ^= 0x10; // in the frame's header one bit is unused, so equal content may come back
            assert!(read(&bad).is_err() || read(&bad).unwrap() == good, "flip at {at}");
        }
    }

    #[test]
    fn a_table_under_another_name_is_refused() {
        let error = Columns::open(Table::Asn, "asn.tab", &sample()).err().unwrap();
        assert_eq!(error.to_string(), "asn.tab: holds the table `bin`, expected `asn`");
        let mut late = sample();
        late[8] = 9;
        let error = Columns::open(Table::Bin, "b", &late).err().unwrap();
        assert_eq!(error.to_string(), "b: table format 9, this build reads 1 (byte 8)");
    }
}
