//! The key that signs what leaves the ledger for others: manifests of evidence packets, roots of days.
//!
//! Ed25519, in `signing.key` beside `master.key`, made at first use and readable by its owner alone. It
//! is no child of the master key: who checks signatures keeps the public half, and a merchant may keep
//! the master key elsewhere or change it without making every earlier signature a stranger's.
//!
//! A signature shows that the holder of this key wrote a text, not when. Signing is deterministic: the
//! same text gets the same signature.

use super::bytes::{hex, unhex};
use super::error::{LedgerError, StorageFault};
use super::seal::{Secret, keep_secret, read_secret};
use ed25519_dalek::ed25519::signature::Signer;
use ed25519_dalek::{Signature, VerifyingKey};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::io;
use std::path::Path;

/// File of the signing key in the data directory.
pub(super) const SIGNING_KEY_FILE: &str = "signing.key";

/// The secret half. `Debug` prints nothing; dropping wipes it.
pub struct SigningKey(ed25519_dalek::SigningKey);

/// A signature with the public half that checks it, as printed in a packet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed {
    /// Public key, 64 hexadecimal digits.
    pub key: String,
    /// Signature, 128 hexadecimal digits.
    pub signature: String,
}

impl SigningKey {
    /// Reads `signing.key`, or makes it. Two processes that make it at once end with one key.
    ///
    /// # Errors
    /// The file is not 64 hexadecimal digits, can't be read or can't be made.
    pub fn open(data_dir: &Path) -> Result<Self, LedgerError> {
        let path = data_dir.join(SIGNING_KEY_FILE);
        let malformed = || LedgerError::SigningKeyMalformed { path: path.clone() };
        if let Some(text) = read_secret(&path)? {
            return unhex(text.trim_end()).map(Self::from_bytes).ok_or_else(malformed);
        }
        let fresh = Secret::random()?;
        match keep_secret(&path, &fresh) {
            Ok(()) => Ok(Self::from_bytes(*fresh.bytes())),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let text = read_secret(&path)?.ok_or_else(malformed)?;
                unhex(text.trim_end()).map(Self::from_bytes).ok_or_else(malformed)
            }
            Err(error) => Err(StorageFault::new("create", &path, error).into()),
        }
    }

    /// Whether a data directory has one; makes none.
    pub fn is_there(data_dir: &Path) -> bool {
        data_dir.join(SIGNING_KEY_FILE).exists()
    }

    /// A key kept elsewhere, or one for tests.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(&bytes))
    }

    /// Signs a text. Cost: tens of microseconds.
    pub fn sign(&self, text: &[u8]) -> Signed {
        Signed {
            key: hex(self.0.verifying_key().as_bytes()),
            signature: hex(&self.0.sign(text).to_bytes()),
        }
    }
}

impl Signed {
    /// Whether the signature is of this text and this key. A weak key or a malformed signature is not.
    pub fn is_of(&self, text: &[u8]) -> bool {
        let key = unhex(&self.key).and_then(|bytes| VerifyingKey::from_bytes(&bytes).ok());
        let halves = self.signature.split_at_checked(64);
        let signature = halves.and_then(|(r, s)| Some((unhex(r)?, unhex(s)?)));
        key.zip(signature).is_some_and(|(key, (r, s))| {
            key.verify_strict(text, &Signature::from_components(r, s)).is_ok()
        })
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    /// RFC 8032, 7.1, test 2.
    #[test]
    fn signatures_are_those_of_the_standard() {
        let secret = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb";
        let signed = SigningKey::from_bytes(unhex(secret).unwrap()).sign(&[0x72]);
        assert_eq!(signed.key, "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
        assert_eq!(
            signed.signature,
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
             085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        );
        assert!(signed.is_of(&[0x72]));
        assert!(!signed.is_of(&[0x73]));
        let other = SigningKey::from_bytes([7; 32]).sign(&[0x72]);
        assert!(!Signed { key: other.key, ..signed.clone() }.is_of(&[0x72]));
        assert!(!Signed { signature: String::new(), ..signed.clone() }.is_of(&[0x72]));
        assert!(!Signed { key: "00".repeat(32), ..signed }.is_of(&[0x72]));
    }

    #[test]
    fn the_key_is_made_once_for_its_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let first = SigningKey::open(dir.path()).unwrap().sign(b"x");
        assert_eq!(SigningKey::open(dir.path()).unwrap().sign(b"x"), first);
        let path = dir.path().join(SIGNING_KEY_FILE);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::write(&path, "short").unwrap();
        let error = SigningKey::open(dir.path()).unwrap_err();
        assert!(error.to_string().contains("is not a signing key"), "{error}");
        assert_eq!(format!("{:?}", SigningKey::from_bytes([1; 32])), "[secret]");
    }
}
