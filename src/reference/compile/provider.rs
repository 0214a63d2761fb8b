//! `provider` from the range file of `iporigin`.
//!
//! Little-endian header (magic, version, build time in seconds, counts), labels `name TAB kind`, then
//! IPv4 and IPv6 rows of first address, last address (big-endian for IPv6) and label.

use super::super::provider::{ProviderKind, write};
use super::super::ranges::{Row, flatten};
use super::{CompileError, File, Input, Output};

/// Labels whose ranges come from lists without a licence, used upstream by spoken permission only.
const NOT_OURS_TO_SHIP: [&str; 12] = [
    "Akamai", "BunnyCDN", "BuyVM", "CDN77", "Cogent", "Contabo", "DataCamp", "GTHost", "GleSYS",
    "Melbicom", "Scalaxy", "Vercel",
];

pub(super) fn compile(input: &Input<'_>) -> Result<Output, CompileError> {
    let file = input.read("provider")?;
    let mut cursor = Cursor { file: &file, at: 0 };
    if cursor.array()? != *b"IPORIGIN" || u16::from_le_bytes(cursor.array()?) != 1 {
        return Err(file.format(0, "not version 1 of the range format"));
    }
    let _built_seconds: [u8; 8] = cursor.array()?;
    let label_count = u16::from_le_bytes(cursor.array()?);
    let v4_count = u32::from_le_bytes(cursor.array()?);
    let v6_count = u32::from_le_bytes(cursor.array()?);

    let mut labels = Vec::new();
    let mut positions = Vec::new(); // by label of the source; 0 for those left out
    for _ in 0..label_count {
        positions.push(match cursor.label()? {
            Some(label) => {
                labels.push(label);
                labels.len()
            }
            None => 0,
        });
    }
    let mut v4: Vec<Row<u32>> = Vec::new();
    for _ in 0..v4_count {
        let first = u32::from_le_bytes(cursor.array()?);
        let last = u32::from_le_bytes(cursor.array()?);
        v4.push((first, last, cursor.position(&positions)?));
    }
    let mut v6: Vec<Row<u64>> = Vec::new();
    for _ in 0..v6_count {
        // One listed address marks its whole /64, which is one customer.
        let first = cursor.upper()?;
        let last = cursor.upper()?;
        v6.push((first, last, cursor.position(&positions)?));
    }
    v4.retain(|row| row.2 != 0);
    v6.retain(|row| row.2 != 0);
    let (v4, v6) = (flatten(v4), flatten(v6));
    Ok((v4.len() + v6.len(), write(file.built_day, &labels, &v4, &v6)))
}

struct Cursor<'f> {
    file: &'f File,
    at: usize,
}

impl<'f> Cursor<'f> {
    fn bytes(&mut self, len: usize) -> Result<&'f [u8], CompileError> {
        let bytes = self.file.data.get(self.at..self.at + len);
        self.at += len;
        bytes.ok_or_else(|| self.file.format(self.file.data.len(), "the end inside a row"))
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], CompileError> {
        let mut array = [0; N];
        array.copy_from_slice(self.bytes(N)?);
        Ok(array)
    }

    fn upper(&mut self) -> Result<u64, CompileError> {
        let upper = u64::from_be_bytes(self.array()?);
        self.bytes(8)?;
        Ok(upper)
    }

    /// The next label; `None` for one we do not ship.
    fn label(&mut self) -> Result<Option<(ProviderKind, String)>, CompileError> {
        let len = u16::from_le_bytes(self.array()?);
        let at = self.at;
        let text = std::str::from_utf8(self.bytes(len.into())?).unwrap_or_default();
        let (name, kind) = text.split_once('\t').unwrap_or_default();
        let kind = match ProviderKind::parse(kind) {
            // Ordinary buyers use it, so it must not look like a rented exit.
            Some(ProviderKind::Vpn) if name == "Apple Private Relay" => ProviderKind::Relay,
            Some(kind) => kind,
            None => return Err(self.file.format(at, "a label of unknown kind")),
        };
        Ok((!NOT_OURS_TO_SHIP.contains(&name)).then(|| (kind, name.to_owned())))
    }

    fn position(&mut self, positions: &[usize]) -> Result<u32, CompileError> {
        let label = u16::from_le_bytes(self.array()?);
        let position = positions.get(usize::from(label)).and_then(|at| u32::try_from(*at).ok());
        position.ok_or_else(|| self.file.format(self.at, "a row without a label before"))
    }
}
