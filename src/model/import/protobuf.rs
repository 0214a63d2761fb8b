//! The wire format of protocol buffers: numbered fields, read where they lie.
//!
//! Nothing is copied and nothing is nested here: a message is a field's bytes, read by another
//! [`Fields`] when its turn comes.

use super::ImportError;
use super::error::BytesProblem;

/// The fields of one message, in order.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields<'a> {
    bytes: &'a [u8],
    /// Offset of `bytes` in the file.
    offset: usize,
}

/// One field's value.
#[derive(Debug, Clone, Copy)]
pub(super) enum Value<'a> {
    Varint(u64),
    Fixed32([u8; 4]),
    Fixed64([u8; 8]),
    Bytes(Fields<'a>),
}

impl<'a> Fields<'a> {
    /// The fields of a whole file.
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, offset: 0 }
    }

    /// The bytes as they are.
    pub(super) fn bytes(self) -> &'a [u8] {
        self.bytes
    }

    /// The bytes as text.
    pub(super) fn text(self) -> Result<&'a str, ImportError> {
        std::str::from_utf8(self.bytes).map_err(|_| self.problem(BytesProblem::NotText))
    }

    /// The next field and its number; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<(u64, Value<'a>)>, ImportError> {
        if self.bytes.is_empty() {
            return Ok(None);
        }
        let key = self.varint()?;
        let value = match key & 7 {
            0 => Value::Varint(self.varint()?),
            1 => Value::Fixed64(self.array()?),
            2 => {
                let length = self.varint()?;
                let length =
                    usize::try_from(length).map_err(|_| self.problem(BytesProblem::Length))?;
                let offset = self.offset;
                Value::Bytes(Self { bytes: self.take(length)?, offset })
            }
            5 => Value::Fixed32(self.array()?),
            wire => {
                let byte = u8::try_from(wire).unwrap_or(u8::MAX);
                return Err(self.problem(BytesProblem::Marker { byte }));
            }
        };
        Ok(Some((key >> 3, value)))
    }

    /// The next number of a packed list; `None` at the end.
    pub(super) fn next_varint(&mut self) -> Result<Option<u64>, ImportError> {
        if self.bytes.is_empty() { Ok(None) } else { self.varint().map(Some) }
    }

    fn varint(&mut self) -> Result<u64, ImportError> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let [byte] = self.array()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(self.problem(BytesProblem::Length))
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], ImportError> {
        let problem = self.problem(BytesProblem::CutShort);
        self.take(N)?.try_into().map_err(|_| problem)
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], ImportError> {
        let (taken, rest) = self
            .bytes
            .split_at_checked(count)
            .ok_or_else(|| self.problem(BytesProblem::CutShort))?;
        self.bytes = rest;
        self.offset += count;
        Ok(taken)
    }

    fn problem(&self, problem: BytesProblem) -> ImportError {
        ImportError::Bytes { offset: self.offset, problem }
    }
}

impl<'a> Value<'a> {
    /// A message, a text or a packed list; anything else reads as empty.
    pub(super) fn fields(self) -> Fields<'a> {
        match self {
            Self::Bytes(fields) => fields,
            _ => Fields::new(&[]),
        }
    }

    /// A whole number; anything else reads as 0, which is what an absent field means.
    pub(super) fn whole(self) -> i64 {
        match self {
            Self::Varint(number) => number.cast_signed(),
            _ => 0,
        }
    }
}
