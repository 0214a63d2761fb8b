//! How far a receiver has got, in a file: behind which entry to go on, and what behind it was taken already.
//!
//! The file carries a digest of itself and the hash of the entry it names. One that fits neither itself nor
//! the ledger is no cursor: then everything is sent again from the first entry, which a receiver knows by
//! its ids, rather than anything left out. An older entry stands beside: where the power went before the
//! ledger's last entries were on disk, only what came since the older one is sent again.

use super::error::WebhookError;
use crate::ledger::{ChainHash, Place, Position};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

/// How far a receiver has got.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cursor {
    /// Everything up to this entry is done; `None` at the ledger's begin.
    pub after: Option<Place>,
    /// What behind it is done.
    pub done: Vec<String>,
    /// What `after` was at least a minute ago.
    pub older: Option<Place>,
    /// How often what behind it is not done was tried.
    pub tried: BTreeMap<String, u32>,
}

impl Cursor {
    /// That of an endpoint; `None` where it has not begun, or is not known.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn of(data_dir: &Path, name: &str) -> Result<Option<Self>, WebhookError> {
        Ok(match read(data_dir, name)? {
            Found::Good(cursor) => Some(cursor),
            Found::None | Found::Broken => None,
        })
    }
}

#[derive(Serialize, Deserialize)]
struct Kept {
    format: u32,
    after: Option<KeptPlace>,
    done: Vec<String>,
    #[serde(default)]
    older: Option<KeptPlace>,
    #[serde(default)]
    tried: BTreeMap<String, u32>,
}

#[derive(Serialize, Deserialize)]
struct KeptPlace {
    sequence: u64,
    position: u64,
    hash: [u8; 32],
}

impl KeptPlace {
    fn of(place: Place) -> Self {
        let (sequence, position) = (place.sequence, place.position.packed());
        Self { sequence, position, hash: place.hash.0 }
    }

    fn place(self) -> Place {
        let (sequence, position) = (self.sequence, Position::unpacked(self.position));
        Place { sequence, position, hash: ChainHash(self.hash) }
    }
}

/// What a file holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// There is none: the endpoint is new.
    None,
    /// Nothing that can be used.
    Broken,
    Good(Cursor),
}

const FORMAT: u32 = 1;

/// The directory of what is kept beside the ledger.
pub(super) fn dir(data_dir: &Path) -> PathBuf {
    data_dir.join("webhooks")
}

fn path(data_dir: &Path, name: &str) -> PathBuf {
    dir(data_dir).join(format!("{name}.cursor"))
}

/// Reads the cursor of an endpoint.
pub(super) fn read(data_dir: &Path, name: &str) -> Result<Found, WebhookError> {
    let path = path(data_dir, name);
    let text = match fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Found::None),
        Err(source) => return Err(WebhookError::File { doing: "read", path, source }),
    };
    Ok(parse(&text).map_or(Found::Broken, Found::Good))
}

fn parse(text: &[u8]) -> Option<Cursor> {
    let text = std::str::from_utf8(text).ok()?;
    let (digest, body) = text.split_once('\n')?;
    let kept: Kept = serde_json::from_str(body).ok()?;
    if digest != digest_of(body) || kept.format != FORMAT {
        return None;
    }
    let [after, older] = [kept.after, kept.older].map(|place| place.map(KeptPlace::place));
    Some(Cursor { after, done: kept.done, older, tried: kept.tried })
}

/// Writes it: whole, or the one before stays.
pub(super) fn write(data_dir: &Path, name: &str, cursor: &Cursor) -> Result<(), WebhookError> {
    let [after, older] = [cursor.after, cursor.older].map(|place| place.map(KeptPlace::of));
    let (done, tried) = (cursor.done.clone(), cursor.tried.clone());
    let kept = Kept { format: FORMAT, after, done, older, tried };
    let body = serde_json::to_string(&kept).unwrap_or_default();
    let path = path(data_dir, name);
    let new = path.with_extension("cursor.new");
    let written = fs::create_dir_all(dir(data_dir)).and_then(|()| {
        let mut file = File::create(&new)?;
        file.write_all(format!("{}\n{body}", digest_of(&body)).as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, &path)
    });
    written.map_err(|source| WebhookError::File { doing: "write", path, source })
}

fn digest_of(body: &str) -> String {
    use std::fmt::Write as _;
    Sha256::digest(body.as_bytes()).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}"); // into a text it can't fail
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_whole_or_none() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(read(dir.path(), "shop").unwrap(), Found::None);
        let position = Position { segment: 3, offset: 4096 };
        let after = Some(Place { sequence: 7, position, hash: ChainHash([9; 32]) });
        let older = Some(Place { sequence: 5, position, hash: ChainHash([8; 32]) });
        let tried = BTreeMap::from([("msg_2_0".to_owned(), 3)]);
        let cursor = Cursor { after, done: vec!["msg_1_0".to_owned()], older, tried };
        write(dir.path(), "shop", &cursor).unwrap();
        assert_eq!(read(dir.path(), "shop").unwrap(), Found::Good(cursor));
        let path = path(dir.path(), "shop");
        let whole = fs::read(&path).unwrap();
        for at in 0..whole.len() {
            let mut odd = whole.clone();
            odd[at] ^= 1;
            fs::write(&path, &odd).unwrap();
            assert_eq!(read(dir.path(), "shop").unwrap(), Found::Broken, "byte {at}");
            fs::write(&path, &whole[..at]).unwrap();
            assert_eq!(read(dir.path(), "shop").unwrap(), Found::Broken, "cut at {at}");
        }
    }
}
