//! Streams of a PDF unpacked: never into more than a page can need.

use super::error::ExhibitError;
use super::token::{Dict, Value, is_space};
use flate2::read::ZlibDecoder;
use std::io::Read;

/// Most bytes a file may become.
pub(super) const MAX_UNPACKED: usize = 24 * 1024 * 1024;

/// What a stream is, by its filters; takes its length from `room`.
pub(super) fn unpacked(dict: &Dict, raw: &[u8], room: &mut usize) -> Result<Vec<u8>, ExhibitError> {
    let filters: Vec<&[u8]> = match dict.get("Filter") {
        None => Vec::new(),
        Some(Value::Name(name)) => vec![name],
        Some(Value::Array(names)) => names
            .iter()
            .map(|name| match name {
                Value::Name(name) => Ok(&**name),
                _ => Err(ExhibitError::Unread { what: "names the packing of a stream indirectly" }),
            })
            .collect::<Result<_, _>>()?,
        Some(_) => {
            return Err(ExhibitError::Broken { what: "the packing of a stream has no name" });
        }
    };
    if filters.len() > 2 || has_predictor(dict) {
        return Err(ExhibitError::Unread { what: "packs text as if it were a picture" });
    }
    let mut bytes = raw.to_vec();
    for filter in filters {
        bytes = match filter {
            b"FlateDecode" | b"Fl" => inflated(&bytes, *room)?,
            b"ASCII85Decode" | b"A85" => from_base85(&bytes)?,
            _ => {
                return Err(ExhibitError::Unread {
                    what: "is packed in a way that went out of use",
                });
            }
        };
    }
    *room = room.checked_sub(bytes.len()).ok_or(ExhibitError::Swollen)?;
    Ok(bytes)
}

fn has_predictor(dict: &Dict) -> bool {
    fn predicts(value: &Value) -> bool {
        match value {
            Value::Dict(dict) => {
                dict.get("Predictor").is_some_and(|value| value.whole() != Some(1))
            }
            Value::Array(values) => values.iter().any(predicts),
            _ => false,
        }
    }
    dict.get("DecodeParms").or(dict.get("DP")).is_some_and(predicts)
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
fn from_base85(text: &[u8]) -> Result<Vec<u8>, ExhibitError> {
    let broken = ExhibitError::Broken { what: "a stream is not the base 85 it says" };
    let text = text.strip_prefix(b"<~").unwrap_or(text);
    let end = text.iter().position(|byte| *byte == b'~').unwrap_or(text.len());
    let (mut out, mut word, mut count) = (Vec::new(), 0_u32, 0_usize);
    for sign in text.get(..end).unwrap_or_default().iter().filter(|sign| !is_space(**sign)) {
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
            assert_eq!(from_base85(text.as_bytes()).map_err(|_| ()), bytes, "{text}");
        }
    }
}
