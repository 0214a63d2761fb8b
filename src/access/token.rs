//! A key as its holder has it: `vouch_<id>_<secret>`, 16 and 64 hexadecimal digits.
//!
//! The id is no secret: logs, metrics and the audit name a key by it. The beginning lets scanners of
//! repositories find a key that was committed.

use super::AccessError;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest, Sha256};
use std::fmt;
use zeroize::{Zeroize, Zeroizing};

const BEGINNING: &str = "vouch_";
/// Keeps a digest of a key from being the digest of anything else.
const LABEL: &[u8] = b"vouch access key 1";

/// What a key is called, 64 bits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; 8]);

/// A key with its secret. `Debug` prints the id alone; dropping wipes the secret.
pub struct Token {
    id: KeyId,
    secret: [u8; 32],
}

impl Drop for Token {
    fn drop(&mut self) {
        self.secret.zeroize();
    }
}

impl Token {
    /// A new key.
    ///
    /// # Errors
    /// The system gives no random numbers.
    pub fn new() -> Result<Self, AccessError> {
        let (mut id, mut secret) = ([0; 8], [0; 32]);
        getrandom::fill(&mut id).and_then(|()| getrandom::fill(&mut secret))?;
        Ok(Self { id: KeyId(id), secret })
    }

    /// Reads a key; `None` for any other text.
    pub fn read(text: &str) -> Option<Self> {
        let (id, secret) = text.strip_prefix(BEGINNING)?.split_once('_')?;
        Some(Self { id: KeyId(unhex(id)?), secret: unhex(secret)? })
    }

    /// What it is called.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// What is kept of it.
    pub fn digest(&self) -> [u8; 32] {
        Sha256::new().chain_update(LABEL).chain_update(self.secret).finalize().into()
    }

    /// The key as text, to be shown once.
    pub fn reveal(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("{BEGINNING}{}_{}", self.id, hex(&self.secret)))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "key {}", self.id)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl std::str::FromStr for KeyId {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        unhex(text).map(Self).ok_or("not 16 hexadecimal digits")
    }
}

impl Serialize for KeyId {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for KeyId {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// Lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Exactly `N` bytes of lower-case hexadecimal digits, without an allocation.
pub(super) fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != N || !rest.is_empty() {
        return None;
    }
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; N];
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_reads_back_and_its_debug_hides_it() {
        let token = Token::new().unwrap();
        let text = token.reveal();
        let again = Token::read(&text).unwrap();
        assert_eq!((again.id(), again.digest()), (token.id(), token.digest()));
        assert_eq!(text.len(), 87);
        let secret = text.rsplit('_').next().unwrap();
        assert!(!format!("{token:?}").contains(secret));
        assert_ne!(Token::new().unwrap().id(), token.id());
    }

    #[test]
    fn anything_else_is_no_key() {
        let token = Token::new().unwrap().reveal();
        let upper = token.to_uppercase();
        let cut = &token[..86];
        let longer = format!("{}0", *token);
        let foreign = token.replacen("vouch_", "vouch-", 1);
        for text in ["", "vouch_", "vouch__", "é", &upper, cut, &longer, &foreign] {
            assert!(Token::read(text).is_none(), "{text}");
        }
    }
}
