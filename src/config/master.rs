//! The master key, where it is kept outside the data directory: 64 hexadecimal digits in the environment,
//! or in a file while it is being replaced.

use super::{ConfigError, environment};
use std::path::Path;

/// The master key from the environment, where one is given.
///
/// # Errors
/// It is given and not 64 hexadecimal digits.
pub fn master_key() -> Result<Option<[u8; 32]>, ConfigError> {
    let Some(text) = environment("VOUCH_MASTER_KEY") else { return Ok(None) };
    key_of(&text).map(Some).ok_or(ConfigError::MasterKey)
}

/// A master key from a file.
///
/// # Errors
/// It can't be read, or is not 64 hexadecimal digits.
pub fn read_key(path: &Path) -> Result<[u8; 32], ConfigError> {
    let read = |source| ConfigError::Read { path: path.to_owned(), source };
    let text = zeroize::Zeroizing::new(std::fs::read_to_string(path).map_err(read)?);
    key_of(&text).ok_or_else(|| ConfigError::KeyFile { path: path.to_owned() })
}

/// The key of 64 hexadecimal digits.
fn key_of(text: &str) -> Option<[u8; 32]> {
    let text = text.trim();
    if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let mut key = [0; 32];
    for (byte, pair) in key.iter_mut().zip(text.as_bytes().as_chunks::<2>().0) {
        let digits = std::str::from_utf8(pair).unwrap_or_default();
        *byte = u8::from_str_radix(digits, 16).ok()?;
    }
    Some(key)
}
