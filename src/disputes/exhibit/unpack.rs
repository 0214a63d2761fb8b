//! Streams of a PDF unpacked: never into more than a page can need.

use super::budget::{Budget, VALUE};
use super::error::ExhibitError;
use super::token::{Value, is_space};
use flate2::read::ZlibDecoder;
use std::io::Read;

/// Most bytes a stream may become.
pub(super) const MAX_UNPACKED: usize = 24 * 1024 * 1024;

/// Most filters one behind the other.
const MAX_FILTERS: usize = 2;

/// How a stream is packed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Packing<'v> {
    filter: Option<&'v Value>,
    parameters: Option<&'v Value>,
}

impl<'v> Packing<'v> {
    /// Of a dictionary's `Filter` and `DecodeParms`.
    pub(super) fn of(filter: Option<&'v Value>, parameters: Option<&'v Value>) -> Self {
        Self { filter, parameters }
    }

    /// The names of the filters, the outermost first.
    fn filters(self) -> Result<Vec<&'v [u8]>, ExhibitError> {
        match self.filter {
            None => Ok(Vec::new()),
            Some(Value::Name(name)) => Ok(vec![name]),
            Some(Value::Array(names)) if names.len() > MAX_FILTERS => Err(AS_A_PICTURE),
            Some(Value::Array(names)) => {
                let name = |name: &'v Value| match name {
                    Value::Name(name) => Ok(&**name),
                    _ => Err(ExhibitError::Unread {
                        what: "names the packing of a stream indirectly",
                    }),
                };
                names.iter().map(name).collect()
            }
            Some(_) => Err(ExhibitError::Broken { what: "the packing of a stream has no name" }),
        }
    }

    fn has_predictor(self, budget: &Budget) -> Result<bool, ExhibitError> {
        let parameters = match self.parameters {
            Some(Value::Array(each)) => each.get(..MAX_FILTERS).unwrap_or(each),
            Some(one) => std::slice::from_ref(one),
            None => &[],
        };
        for each in parameters {
            let Value::Dict(dict) = each else { continue };
            budget.take(dict.0.len())?;
            if dict.get("Predictor").is_some_and(|value| value.whole() != Some(1)) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

const AS_A_PICTURE: ExhibitError =
    ExhibitError::Unread { what: "packs text as if it were a picture" };

/// What a stream is, by its filters. What is read and what it becomes are charged.
pub(super) fn unpacked(
    packing: Packing<'_>,
    raw: &[u8],
    budget: &Budget,
) -> Result<Vec<u8>, ExhibitError> {
    let filters = packing.filters()?;
    if packing.has_predictor(budget)? {
        return Err(AS_A_PICTURE);
    }
    budget.take(VALUE.saturating_add(raw.len()))?;
    let mut bytes = raw.to_vec();
    for filter in filters {
        let room = MAX_UNPACKED.min(budget.left());
        bytes = match filter {
            b"FlateDecode" | b"Fl" => inflated(&bytes, room)?,
            b"ASCII85Decode" | b"A85" => from_base85(&bytes, room)?,
            _ => {
                return Err(ExhibitError::Unread {
                    what: "is packed in a way that went out of use",
                });
            }
        };
        budget.take(bytes.len())?;
    }
    Ok(bytes)
}

/// As far as it goes: readers show the part of a broken stream before the break, and so do we.
fn inflated(bytes: &[u8], room: usize) -> Result<Vec<u8>, ExhibitError> {
    let mut out = Vec::new();
    let most = u64::try_from(room).unwrap_or(u64::MAX);
    let read = ZlibDecoder::new(bytes).take(most.saturating_add(1)).read_to_end(&mut out);
    if out.len() > room {
        return Err(ExhibitError::Swollen);
    }
    match read {
        Err(_) if out.is_empty() => {
            Err(ExhibitError::Broken { what: "a stream can't be unpacked" })
        }
        _ => Ok(out),
    }
}

/// Five signs for four bytes.
fn from_base85(text: &[u8], room: usize) -> Result<Vec<u8>, ExhibitError> {
    let broken = ExhibitError::Broken { what: "a stream is not the base 85 it says" };
    let text = text.strip_prefix(b"<~").unwrap_or(text);
    let end = text.iter().position(|byte| *byte == b'~').unwrap_or(text.len());
    let (mut out, mut word, mut count) = (Vec::new(), 0_u32, 0_usize);
    for sign in text.get(..end).unwrap_or_default().iter().filter(|sign| !is_space(**sign)) {
        if out.len() > room {
            return Err(ExhibitError::Swollen);
        }
        if *sign == b'z' && count == 0 {
            out.extend_from_slice(&[0; 4]);
            continue;
        }
        let digit = sign.checked_sub(b'!').filter(|digit| *digit < 85).ok_or(broken.clone())?;
        word = word
            .checked_mul(85)
            .and_then(|word| word.checked_add(u32::from(digit)))
            .ok_or(broken.clone())?;
        count += 1;
        if count == 5 {
            out.extend_from_slice(&word.to_be_bytes());
            (word, count) = (0, 0);
        }
    }
    if count > 0 {
        for _ in count..5 {
            word = word.saturating_mul(85).saturating_add(84);
        }
        out.extend(word.to_be_bytes().iter().take(count - 1));
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_85_is_read() {
        for (text, bytes) in [
            ("87cURD]i,\"Ebo80~>", Ok(b"Hello World!".to_vec())),
            ("<~87cUR\nD]~>", Ok(b"Hello".to_vec())),
            ("z", Ok(vec![0; 4])),
            ("", Ok(vec![])),
            ("vwxyz", Err(())),
            ("uuuuu", Err(())),
        ] {
            assert_eq!(from_base85(text.as_bytes(), 100).map_err(|_| ()), bytes, "{text}");
        }
        assert_eq!(from_base85(&[b'z'; 1_000], 100), Err(ExhibitError::Swollen));
    }
}
