//! As much of the Redis protocol as a pipeline needs.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

/// One connection; commands wait until their answers are asked for.
pub(crate) struct Client {
    answers: BufReader<TcpStream>,
    commands: TcpStream,
    waiting: Vec<u8>,
    sent: usize,
}

impl Client {
    /// Connects; `None` while nobody listens.
    pub(crate) fn connect(port: u16) -> Option<Self> {
        let commands = TcpStream::connect(("127.0.0.1", port)).ok()?;
        commands.set_nodelay(true).ok()?;
        let answers = BufReader::new(commands.try_clone().ok()?);
        Some(Self { answers, commands, waiting: Vec::new(), sent: 0 })
    }

    /// Adds a command to the pipeline.
    pub(crate) fn send(&mut self, words: &[&[u8]]) {
        let out = &mut self.waiting;
        write!(out, "*{}\r\n", words.len()).expect("memory");
        for word in words {
            write!(out, "${}\r\n", word.len()).expect("memory");
            out.extend_from_slice(word);
            out.extend_from_slice(b"\r\n");
        }
        self.sent += 1;
    }

    /// Sends the pipeline in one write and reads every answer; the last one as text.
    pub(crate) fn ask(&mut self) -> String {
        self.commands.write_all(&self.waiting).expect("a connection");
        self.waiting.clear();
        let mut last = String::new();
        for _ in 0..std::mem::take(&mut self.sent) {
            last.clear();
            self.answer(&mut last);
        }
        last
    }

    fn answer(&mut self, text: &mut String) {
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("an answer");
        let (kind, rest) = line.trim_end().split_at(1);
        match kind {
            "*" => (0..rest.parse().unwrap_or(0)).for_each(|_| self.answer(text)),
            "$" => {
                let length: i64 = rest.parse().expect("a length");
                if let Ok(length) = usize::try_from(length) {
                    let mut bytes = vec![0; length + 2];
                    self.answers.read_exact(&mut bytes).expect("a value");
                    text.push_str(String::from_utf8_lossy(&bytes).trim_end());
                    text.push(' ');
                }
            }
            _ => {
                assert_ne!(kind, "-", "{rest}");
                text.push_str(rest);
                text.push(' ');
            }
        }
    }
}
