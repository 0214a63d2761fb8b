//! Values of a PDF file, read with a limit on their depth and written again.
//!
//! Names lose their escapes, so `/J#53` is seen as the `/JS` it is. All else is kept as it stands: a
//! number that is no number is for whoever draws the page.

use super::budget::{Budget, VALUE};

/// Deepest nesting of arrays and dictionaries; real files stay below ten.
const MAX_DEPTH: usize = 32;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    /// A number, `true`, `false` or `null`, as it stands.
    Plain(Box<[u8]>),
    /// A text with its delimiters, as it stands.
    Text(Box<[u8]>),
    /// A name without its slash and escapes.
    Name(Box<[u8]>),
    Array(Vec<Value>),
    Dict(Dict),
    /// The object of a number.
    Ref(u32),
}

/// A dictionary, in the order of the file.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Dict(pub(super) Vec<(Box<[u8]>, Value)>);

impl Dict {
    /// The value of a key, the last one where it comes twice.
    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        self.0.iter().rev().find(|(name, _)| **name == *key.as_bytes()).map(|(_, value)| value)
    }

    pub(super) fn name(&self, key: &str) -> Option<&[u8]> {
        match self.get(key)? {
            Value::Name(name) => Some(name),
            _ => None,
        }
    }
}

impl Value {
    pub(super) fn number(&self) -> Option<f64> {
        let Self::Plain(text) = self else { return None };
        std::str::from_utf8(text).ok()?.parse().ok().filter(|number: &f64| number.is_finite())
    }

    pub(super) fn whole(&self) -> Option<usize> {
        let Self::Plain(text) = self else { return None };
        std::str::from_utf8(text).ok()?.parse().ok()
    }

    /// Appends it, each reference by the number `numbered` gives; `null` for one without.
    pub(super) fn write(&self, out: &mut Vec<u8>, numbered: &mut dyn FnMut(u32) -> Option<u32>) {
        match self {
            Self::Plain(text) | Self::Text(text) => out.extend_from_slice(text),
            Self::Name(name) => write_name(out, name),
            Self::Array(values) => {
                out.push(b'[');
                for value in values {
                    value.write(out, numbered);
                    out.push(b' ');
                }
                out.push(b']');
            }
            Self::Dict(dict) => {
                out.extend_from_slice(b"<<");
                for (key, value) in &dict.0 {
                    write_name(out, key);
                    out.push(b' ');
                    value.write(out, numbered);
                    out.push(b' ');
                }
                out.extend_from_slice(b">>");
            }
            Self::Ref(number) => match numbered(*number) {
                Some(number) => out.extend_from_slice(format!("{number} 0 R").as_bytes()),
                None => out.extend_from_slice(b"null"),
            },
        }
    }
}

fn write_name(out: &mut Vec<u8>, name: &[u8]) {
    out.push(b'/');
    for byte in name {
        if byte.is_ascii_graphic() && !is_delimiter(*byte) && *byte != b'#' {
            out.push(*byte);
        } else {
            out.extend_from_slice(format!("#{byte:02X}").as_bytes());
        }
    }
}

pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, 0 | b'\t' | b'\n' | 0x0c | b'\r' | b' ')
}

fn is_delimiter(byte: u8) -> bool {
    matches!(byte, b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%')
}

/// Reads values one after the other; nothing more once its budget is spent.
pub(super) struct Tokens<'b> {
    bytes: &'b [u8],
    budget: &'b Budget,
    pub(super) at: usize,
}

impl<'b> Tokens<'b> {
    pub(super) fn new(bytes: &'b [u8], at: usize, budget: &'b Budget) -> Self {
        Self { bytes, budget, at }
    }

    /// Goes on by so many bytes, each of them charged; that the budget is spent is seen at the next value.
    fn pass(&mut self, count: usize) {
        self.at += count;
        let _ = self.budget.take(count);
    }

    /// The same, to the end of the file where there is no end of what is read.
    fn pass_to(&mut self, count: Option<usize>) -> Option<()> {
        self.pass(count.unwrap_or(self.rest().len()));
        count.map(drop)
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    pub(super) fn rest(&self) -> &'b [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// Skips white space and remarks.
    pub(super) fn skip(&mut self) {
        while let Some(byte) = self.peek() {
            if byte == b'%' {
                let line = self.rest().iter().take_while(|byte| !matches!(byte, b'\r' | b'\n'));
                let count = line.count();
                self.pass(count);
            } else if is_space(byte) {
                self.pass(1);
            } else {
                return;
            }
        }
    }

    /// Skips a word; false where something else stands here.
    pub(super) fn word(&mut self, word: &str) -> bool {
        self.skip();
        let is_here = self.rest().starts_with(word.as_bytes());
        self.at += if is_here { word.len() } else { 0 };
        is_here
    }

    /// The next value; `None` where there is none, or it is nested too deep.
    pub(super) fn value(&mut self) -> Option<Value> {
        self.nested(MAX_DEPTH)
    }

    fn nested(&mut self, depth: usize) -> Option<Value> {
        let depth = depth.checked_sub(1)?;
        self.budget.take(VALUE).ok()?;
        self.skip();
        let start = self.at;
        match self.peek()? {
            b'/' => self.name().map(Value::Name),
            b'(' => self.text().map(Value::Text),
            b'<' if self.rest().starts_with(b"<<") => self.dict(depth).map(Value::Dict),
            b'<' => {
                let end = self.rest().iter().position(|byte| *byte == b'>');
                self.pass_to(end.map(|end| end + 1))?;
                self.since(start).map(Value::Text)
            }
            b'[' => {
                self.at += 1;
                let mut values = Vec::new();
                while !self.word("]") {
                    values.push(self.nested(depth)?);
                }
                Some(Value::Array(values))
            }
            _ => {
                let plain = self.plain()?;
                Some(self.reference(&plain).map_or(Value::Plain(plain), Value::Ref))
            }
        }
    }

    fn since(&self, start: usize) -> Option<Box<[u8]>> {
        self.bytes.get(start..self.at).map(Into::into)
    }

    fn plain(&mut self) -> Option<Box<[u8]>> {
        let word = self.rest().iter().take_while(|byte| !is_space(**byte) && !is_delimiter(**byte));
        let (start, count) = (self.at, word.count());
        self.pass(count);
        self.since(start).filter(|word| !word.is_empty())
    }

    /// The rest of `12 0 R` after its first number; stays where it is for anything else.
    fn reference(&mut self, first: &[u8]) -> Option<u32> {
        let number = std::str::from_utf8(first).ok()?.parse().ok()?;
        let back = self.at;
        self.skip();
        let generation = self.plain();
        self.skip();
        let is_one = generation.is_some_and(|word| word.iter().all(u8::is_ascii_digit))
            && self.plain().is_some_and(|word| *word == *b"R");
        if !is_one {
            self.at = back;
        }
        is_one.then_some(number)
    }

    fn name(&mut self) -> Option<Box<[u8]>> {
        self.at += 1;
        let word = self.rest().iter().take_while(|byte| !is_space(**byte) && !is_delimiter(**byte));
        let raw = self.rest().get(..word.count())?;
        self.pass(raw.len());
        let (mut name, mut left) = (Vec::with_capacity(raw.len()), raw);
        while let [byte, rest @ ..] = left {
            let code = rest.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
            let code = code.and_then(|hex| u8::from_str_radix(hex, 16).ok());
            if let Some(code) = code.filter(|_| *byte == b'#') {
                name.push(code);
                left = rest.get(2..)?;
            } else {
                name.push(*byte);
                left = rest;
            }
        }
        Some(name.into())
    }

    fn text(&mut self) -> Option<Box<[u8]>> {
        let (start, mut open, mut is_escaped) = (self.at, 0_usize, false);
        let end = self.rest().iter().position(|byte| {
            match byte {
                _ if is_escaped => {}
                b'(' => open += 1,
                b')' => open -= 1,
                _ => {}
            }
            is_escaped = *byte == b'\\' && !is_escaped;
            open == 0
        });
        self.pass_to(end.map(|end| end + 1))?;
        self.since(start)
    }

    fn dict(&mut self, depth: usize) -> Option<Dict> {
        self.at += 2;
        let mut dict = Dict::default();
        while !self.word(">>") {
            if self.peek()? != b'/' {
                return None;
            }
            let key = self.name()?;
            dict.0.push((key, self.nested(depth)?));
        }
        Some(dict)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn again(text: &str) -> Option<String> {
        let mut out = Vec::new();
        let budget = Budget::default();
        Tokens::new(text.as_bytes(), 0, &budget)
            .value()?
            .write(&mut out, &mut |number| Some(number + 1));
        String::from_utf8(out).ok()
    }

    #[test]
    fn values_are_written_as_they_were_read() {
        for (given, written) in [
            ("<</A 1/B[1 0 R 2.5 true]>>", "<</A 1 /B [2 0 R 2.5 true ] >>"),
            ("(a \\) (b))", "(a \\) (b))"),
            ("<48 65>", "<48 65>"),
            ("/J#53", "/JS"),
            ("/a#20b", "/a#20b"),
            ("% remark\n[1 0 2]", "[1 0 2 ]"),
            ("<</A/B/A/C>>", "<</A /B /A /C >>"),
        ] {
            assert_eq!(again(given).as_deref(), Some(written), "{given}");
        }
    }

    #[test]
    fn what_has_no_end_or_no_bottom_is_none() {
        for text in ["", "[", "<<", "<</A", "(", "(\\", "<41", "<<1 2>>", "]", ">"] {
            assert_eq!(again(text), None, "{text}");
        }
        assert!(again(&("[".repeat(31) + &"]".repeat(31))).is_some());
        assert_eq!(again(&("[".repeat(100_000) + &"]".repeat(100_000))), None);
    }
}
