//! UBJSON (draft 12) as a source for serde: what XGBoost writes as `model.ubj`.
//!
//! The same structures read it as read JSON, and what they skip is never kept. Lengths are counts of
//! values yet to be read, never of room to be taken. Typed arrays of values without bytes (`[$N#`)
//! are refused: they alone could name more values than the file has bytes.

use super::ImportError;
use super::error::BytesProblem;
use serde::de::{self, DeserializeOwned, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// Values within values.
const DEPTH: usize = 64;

/// Reads one value that takes all of `bytes`.
pub(super) fn from_slice<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ImportError> {
    let mut source = Source { bytes, at: 0, marker: None, depth: 0 };
    let read = T::deserialize(&mut source);
    let offset = source.at;
    let place = |problem| ImportError::Bytes { offset, problem };
    let value = read.map_err(|Problem(problem)| place(problem))?;
    match source.bytes.get(offset) {
        Some(byte) => Err(place(BytesProblem::Marker { byte: *byte })),
        None => Ok(value),
    }
}

#[derive(Debug)]
struct Problem(BytesProblem);

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Problem {}

impl de::Error for Problem {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(BytesProblem::Shape { message: message.to_string() })
    }
}

struct Source<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Marker of the next value when its array says it once for all.
    marker: Option<u8>,
    depth: usize,
}

impl<'a> Source<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Problem> {
        let end = self.at.checked_add(count).ok_or(Problem(BytesProblem::Length))?;
        let bytes = self.bytes.get(self.at..end).ok_or(Problem(BytesProblem::CutShort))?;
        self.at = end;
        Ok(bytes)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Problem> {
        let bytes = self.take(N)?;
        bytes.try_into().map_err(|_| Problem(BytesProblem::CutShort))
    }

    fn byte(&mut self) -> Result<u8, Problem> {
        let [byte] = self.array()?;
        Ok(byte)
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// The next byte that is no padding.
    fn marker(&mut self) -> Result<u8, Problem> {
        loop {
            match self.byte()? {
                b'N' => {}
                marker => return Ok(marker),
            }
        }
    }

    fn whole(&mut self, marker: u8) -> Result<i64, Problem> {
        Ok(match marker {
            b'i' => i8::from_be_bytes(self.array()?).into(),
            b'U' => u8::from_be_bytes(self.array()?).into(),
            b'I' => i16::from_be_bytes(self.array()?).into(),
            b'l' => i32::from_be_bytes(self.array()?).into(),
            b'L' => i64::from_be_bytes(self.array()?),
            byte => return Err(Problem(BytesProblem::Marker { byte })),
        })
    }

    fn length(&mut self) -> Result<usize, Problem> {
        let marker = self.marker()?;
        let length = self.whole(marker)?;
        usize::try_from(length).map_err(|_| Problem(BytesProblem::Length))
    }

    fn text(&mut self) -> Result<&'a str, Problem> {
        let length = self.length()?;
        let bytes = self.take(length)?;
        std::str::from_utf8(bytes).map_err(|_| Problem(BytesProblem::NotText))
    }

    /// Reads `$` and `#` behind an opening bracket: the type of all values and their count.
    fn container(&mut self) -> Result<Container, Problem> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(Problem(BytesProblem::TooDeep { most: DEPTH }));
        }
        let mut container = Container { marker: None, left: None };
        if self.peek() == Some(b'$') {
            self.at += 1;
            let marker = self.byte()?;
            if matches!(marker, b'Z' | b'N' | b'T' | b'F') || self.peek() != Some(b'#') {
                return Err(Problem(BytesProblem::Marker { byte: marker }));
            }
            container.marker = Some(marker);
        }
        if self.peek() == Some(b'#') {
            self.at += 1;
            container.left = Some(self.length()?);
        }
        Ok(container)
    }
}

#[derive(Clone, Copy)]
struct Container {
    marker: Option<u8>,
    left: Option<usize>,
}

struct Values<'s, 'a> {
    source: &'s mut Source<'a>,
    container: Container,
    close: u8,
}

impl Values<'_, '_> {
    /// False at the end of the container.
    fn more(&mut self) -> bool {
        let more = match &mut self.container.left {
            Some(0) => false,
            Some(left) => {
                *left -= 1;
                true
            }
            None => {
                while self.source.peek() == Some(b'N') {
                    self.source.at += 1;
                }
                let closed = self.source.peek() == Some(self.close);
                self.source.at += usize::from(closed);
                !closed
            }
        };
        if !more {
            self.source.depth -= 1;
        }
        more
    }

    fn value<'de, S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Problem> {
        self.source.marker = self.container.marker;
        seed.deserialize(&mut *self.source)
    }
}

impl<'de> SeqAccess<'de> for Values<'_, '_> {
    type Error = Problem;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Problem> {
        if self.more() { self.value(seed).map(Some) } else { Ok(None) }
    }
}

impl<'de> MapAccess<'de> for Values<'_, '_> {
    type Error = Problem;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Problem> {
        if !self.more() {
            return Ok(None);
        }
        let key = self.source.text()?;
        seed.deserialize(de::value::StrDeserializer::new(key)).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Problem> {
        self.value(seed)
    }
}

impl<'de> de::Deserializer<'de> for &mut Source<'_> {
    type Error = Problem;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        let marker = match self.marker.take() {
            Some(marker) => marker,
            None => self.marker()?,
        };
        match marker {
            b'Z' => visitor.visit_unit(),
            b'T' => visitor.visit_bool(true),
            b'F' => visitor.visit_bool(false),
            b'd' => visitor.visit_f32(f32::from_be_bytes(self.array()?)),
            b'D' => visitor.visit_f64(f64::from_be_bytes(self.array()?)),
            b'C' => visitor.visit_char(char::from(self.byte()?)),
            b'S' => visitor.visit_str(self.text()?),
            b'[' => {
                let container = self.container()?;
                visitor.visit_seq(Values { source: self, container, close: b']' })
            }
            b'{' => {
                let container = self.container()?;
                visitor.visit_map(Values { source: self, container, close: b'}' })
            }
            marker => visitor.visit_i64(self.whole(marker)?),
        }
    }

    /// No value stands for an absent one.
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        if self.marker.is_none() && self.peek() == Some(b'Z') {
            self.at += 1;
            return visitor.visit_none();
        }
        visitor.visit_some(self)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}
