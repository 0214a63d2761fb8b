//! The objects of a PDF file: found by going through it once, whatever its table of contents says.
//!
//! A file that was saved again holds newer objects behind the old ones under the same number; the last
//! one counts. Objects packed together in a stream are unpacked, with a limit on what they become.
//! Rejected: a reader that follows the table of contents. It can be sent in circles, or to places
//! another reader does not see.

use super::budget::Budget;
use super::error::ExhibitError;
use super::token::{Dict, Tokens, Value, is_space};
use super::unpack::{Packing, unpacked};
use std::collections::BTreeMap;
use std::ops::Range;

/// Most objects of a file.
const MAX_OBJECTS: usize = 50_000;
/// Longest way from a reference to what it stands for.
const MAX_STEPS: usize = 16;

/// One object.
#[derive(Debug)]
pub(super) struct Object {
    pub(super) value: Value,
    /// Where its stream lies in the file.
    stream: Option<Range<usize>>,
}

/// A file.
#[derive(Debug)]
pub(super) struct File<'b> {
    bytes: &'b [u8],
    objects: BTreeMap<u32, Object>,
    /// The catalogue of the last trailer.
    root: Option<Value>,
    /// What reading it may still cost.
    budget: &'b Budget,
}

impl<'b> File<'b> {
    pub(super) fn read(bytes: &'b [u8], budget: &'b Budget) -> Result<Self, ExhibitError> {
        let mut file = Self { bytes, objects: BTreeMap::new(), root: None, budget };
        let mut at = 0;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            at = if rest.starts_with(b"obj") {
                file.object(at)?
            } else if rest.starts_with(b"trailer") {
                file.trailer(at + "trailer".len())?
            } else {
                at + 1
            };
        }
        Ok(file)
    }

    /// What stands behind `obj` at a place; where to go on.
    fn object(&mut self, at: usize) -> Result<usize, ExhibitError> {
        let after = at + "obj".len();
        let Some(number) = self.bytes.get(..at).and_then(number_before) else { return Ok(after) };
        let mut tokens = Tokens::new(self.bytes, after, self.budget);
        let Some(value) = tokens.value() else { return self.budget.check().map(|()| after) };
        let mut end = tokens.at;
        let mut stream = None;
        if let Value::Dict(dict) = &value
            && tokens.word("stream")
        {
            let found = self.stream(dict, tokens.at);
            end = found.end;
            stream = Some(found);
        }
        let packed = match (&value, &stream) {
            (Value::Dict(dict), Some(range)) => match dict.name("Type") {
                Some(b"XRef") => {
                    self.see_trailer(dict)?;
                    None
                }
                Some(b"ObjStm") => Some(self.packed(dict, range.clone())?),
                _ => None,
            },
            _ => None,
        };
        for (number, value) in packed.into_iter().flatten() {
            self.put(number, Object { value, stream: None })?;
        }
        self.put(number, Object { value, stream })?;
        Ok(end)
    }

    fn put(&mut self, number: u32, object: Object) -> Result<(), ExhibitError> {
        self.objects.insert(number, object);
        if self.objects.len() > MAX_OBJECTS { Err(ExhibitError::Swollen) } else { Ok(()) }
    }

    /// The bytes of a stream whose word ends at `at`: as many as it says, where its end stands there, else
    /// up to its end.
    fn stream(&self, dict: &Dict, at: usize) -> Range<usize> {
        let rest = self.bytes.get(at..).unwrap_or_default();
        let line = match rest {
            [b'\r', b'\n', ..] => 2,
            [b'\r' | b'\n', ..] => 1,
            _ => 0,
        };
        let (start, rest) = (at + line, rest.get(line..).unwrap_or_default());
        let stated = dict.get("Length").and_then(|length| match length {
            Value::Ref(number) => self.objects.get(number)?.value.whole(),
            length => length.whole(),
        });
        let ends = |length: &usize| {
            let behind = rest.get(*length..).unwrap_or_default();
            let blank = behind.iter().take_while(|byte| is_space(**byte)).count();
            behind.get(blank..).is_some_and(|end| end.starts_with(b"endstream"))
        };
        let length = stated.filter(ends).or_else(|| {
            let end = rest.windows("endstream".len()).position(|word| word == b"endstream")?;
            let data = rest.get(..end)?;
            Some(data.strip_suffix(b"\r\n").or(data.strip_suffix(b"\n")).unwrap_or(data).len())
        });
        start..start + length.unwrap_or(rest.len())
    }

    fn trailer(&mut self, at: usize) -> Result<usize, ExhibitError> {
        let mut tokens = Tokens::new(self.bytes, at, self.budget);
        if let Some(Value::Dict(dict)) = tokens.value() {
            self.see_trailer(&dict)?;
            return Ok(tokens.at);
        }
        self.budget.check().map(|()| at)
    }

    fn see_trailer(&mut self, dict: &Dict) -> Result<(), ExhibitError> {
        if dict.get("Encrypt").is_some() {
            return Err(ExhibitError::Encrypted);
        }
        self.root = dict.get("Root").cloned().or(self.root.take());
        Ok(())
    }

    /// The objects packed in a stream.
    fn packed(&self, dict: &Dict, range: Range<usize>) -> Result<Vec<(u32, Value)>, ExhibitError> {
        let broken = ExhibitError::Broken { what: "its objects can't be unpacked" };
        let raw = self.bytes.get(range).unwrap_or_default();
        let packing = Packing::of(dict.get("Filter"), dict.get("DecodeParms").or(dict.get("DP")));
        let bytes = unpacked(packing, raw, self.budget)?;
        let first = dict.get("First").and_then(Value::whole).ok_or(broken.clone())?;
        let count = dict.get("N").and_then(Value::whole).ok_or(broken.clone())?;
        let mut heads = Tokens::new(&bytes, 0, self.budget);
        let mut packed = Vec::new();
        for _ in 0..count {
            let mut whole = || heads.value().as_ref().and_then(Value::whole);
            let head = whole().and_then(|number| u32::try_from(number).ok()).zip(whole());
            let (number, offset) = head.ok_or(broken.clone())?;
            let value = Tokens::new(&bytes, first.saturating_add(offset), self.budget).value();
            packed.extend(value.map(|value| (number, value)));
            if packed.len() > MAX_OBJECTS {
                return Err(ExhibitError::Swollen);
            }
        }
        Ok(packed)
    }

    /// What a value stands for; nothing once the budget is spent.
    pub(super) fn resolve<'v>(&'v self, mut value: &'v Value) -> Option<&'v Value> {
        for _ in 0..MAX_STEPS {
            self.budget.take(1).ok()?;
            let Value::Ref(number) = value else { return Some(value) };
            value = &self.objects.get(number)?.value;
        }
        None
    }

    pub(super) fn dict<'v>(&'v self, value: &'v Value) -> Option<&'v Dict> {
        match self.resolve(value)? {
            Value::Dict(dict) => self.charged(dict, dict.0.len()),
            _ => None,
        }
    }

    pub(super) fn array<'v>(&'v self, value: &'v Value) -> Option<&'v [Value]> {
        match self.resolve(value)? {
            Value::Array(values) => self.charged(values, values.len()),
            _ => None,
        }
    }

    /// What holds so many things, each of which may be looked at now.
    fn charged<'v, T: ?Sized>(&self, held: &'v T, count: usize) -> Option<&'v T> {
        self.budget.take(count).ok().map(|()| held)
    }

    pub(super) fn budget(&self) -> &'b Budget {
        self.budget
    }

    pub(super) fn catalogue(&self) -> Option<&Dict> {
        self.dict(self.root.as_ref()?)
    }

    /// An object with the raw bytes of its stream.
    pub(super) fn get(&self, number: u32) -> Option<(&Value, Option<&'b [u8]>)> {
        let object = self.objects.get(&number)?;
        let stream = object.stream.clone().map(|range| self.bytes.get(range).unwrap_or_default());
        Some((&object.value, stream))
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &Value> {
        self.objects.values().map(|object| &object.value)
    }

    /// What a stream is, unpacked; `None` where a number has no stream.
    pub(super) fn unpack(&self, number: u32) -> Option<Result<Vec<u8>, ExhibitError>> {
        let (value, Some(raw)) = self.get(number)? else { return None };
        let dict = self.dict(value)?;
        let seen = |key: &str| dict.get(key).map(|value| self.resolve(value).unwrap_or(value));
        let packing = Packing::of(seen("Filter"), seen("DecodeParms").or_else(|| seen("DP")));
        Some(unpacked(packing, raw, self.budget))
    }
}

/// The number of `12 0 ` at the end of some bytes.
fn number_before(bytes: &[u8]) -> Option<u32> {
    fn spaces(bytes: &[u8]) -> Option<&[u8]> {
        let end = bytes.iter().rposition(|byte| !is_space(*byte))? + 1;
        bytes.get(..end).filter(|left| left.len() < bytes.len())
    }
    fn digits(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
        let start = bytes.iter().rposition(|byte| !byte.is_ascii_digit()).map_or(0, |at| at + 1);
        bytes.split_at_checked(start).filter(|(_, digits)| (1..=10).contains(&digits.len()))
    }
    let (before, _generation) = digits(spaces(bytes)?)?;
    let (_, number) = digits(spaces(before)?)?;
    std::str::from_utf8(number).ok()?.parse().ok()
}
