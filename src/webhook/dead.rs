//! Messages that were given up, one line each: where their entry lies, and why. Their text is made again from
//! the entry, so nothing of a person lies here.

use super::cursor::dir;
use super::error::WebhookError;
use crate::domain::Timestamp;
use serde::{Deserialize, Serialize};
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

/// A message that was given up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dead {
    /// The message's id.
    pub id: String,
    /// What it was about.
    pub kind: String,
    /// The entry's number in the ledger.
    pub sequence: u64,
    /// When it was given up.
    pub at: Timestamp,
    /// After how many tries.
    pub tries: u32,
    /// What happened last.
    pub last: String,
}

/// A line of the file.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Line {
    Dead(Dead),
    /// It was sent after all.
    Sent {
        sent: String,
        at: Timestamp,
    },
}

/// The dead letters of an endpoint.
#[derive(Debug, Clone)]
pub struct DeadLetters(PathBuf);

impl DeadLetters {
    /// Those of an endpoint in a data directory.
    pub fn of(data_dir: &Path, name: &str) -> Self {
        Self(dir(data_dir).join(format!("{name}.dead.jsonl")))
    }

    /// Those that were not sent since, oldest first. A line that can't be read is none.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn read(&self) -> Result<Vec<Dead>, WebhookError> {
        let text = match fs::read_to_string(&self.0) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(self.failed("read", source)),
        };
        let mut dead: Vec<Dead> = Vec::new();
        for line in text.lines().filter_map(|line| serde_json::from_str(line).ok()) {
            match line {
                Line::Dead(letter) if dead.iter().all(|known| known.id != letter.id) => {
                    dead.push(letter);
                }
                Line::Dead(_) => {}
                Line::Sent { sent, .. } => dead.retain(|letter| letter.id != sent),
            }
        }
        Ok(dead)
    }

    /// Adds one, on disk before this returns.
    pub(super) fn add(&self, dead: Dead) -> Result<(), WebhookError> {
        self.append(&Line::Dead(dead))
    }

    /// Takes one out that was sent after all.
    pub(super) fn sent(&self, id: &str, at: Timestamp) -> Result<(), WebhookError> {
        self.append(&Line::Sent { sent: id.to_owned(), at })
    }

    fn append(&self, line: &Line) -> Result<(), WebhookError> {
        let text = format!("{}\n", serde_json::to_string(line).unwrap_or_default());
        let written = self.0.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| {
            let mut file = OpenOptions::new().create(true).append(true).open(&self.0)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()
        });
        written.map_err(|source| self.failed("write", source))
    }

    fn failed(&self, doing: &'static str, source: std::io::Error) -> WebhookError {
        WebhookError::File { doing, path: self.0.clone(), source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_is_dead_until_it_is_sent() {
        let dir = tempfile::tempdir().unwrap();
        let letters = DeadLetters::of(dir.path(), "shop");
        assert_eq!(letters.read().unwrap(), []);
        let dead = |id: &str| Dead {
            id: id.to_owned(),
            kind: "dispute.created".to_owned(),
            sequence: 7,
            at: Timestamp::from_millis(0),
            tries: 20,
            last: "status 500".to_owned(),
        };
        for id in ["a", "b", "a"] {
            letters.add(dead(id)).unwrap();
        }
        fs::OpenOptions::new()
            .append(true)
            .open(&letters.0)
            .unwrap()
            .write_all(b"{\"id\n")
            .unwrap();
        assert_eq!(letters.read().unwrap(), [dead("a"), dead("b")]);
        letters.sent("a", Timestamp::from_millis(1)).unwrap();
        assert_eq!(letters.read().unwrap(), [dead("b")]);
    }
}
