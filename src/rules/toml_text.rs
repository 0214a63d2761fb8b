//! A string of a TOML file as its author sees it: the text it stands for, and where each byte of that is
//! written, so that a mistake behind an escape is shown where it is.
//!
//! Rejected: the parser's own value alone; it has lost where its bytes came from.

use std::borrow::Cow;
use std::ops::Range;

/// A string without its quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TomlText<'t> {
    /// What it stands for.
    pub text: Cow<'t, str>,
    places: Places,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Places {
    /// Every byte stands in the file as it is, from here on.
    AsIs(usize),
    /// The bytes of the file each byte of the text comes from, and where the string ends.
    Each(Vec<Range<usize>>, usize),
}

impl<'t> TomlText<'t> {
    /// Reads the string at `span`, quotes included; `None` where there is none.
    pub(super) fn read(file: &'t str, span: Range<usize>) -> Option<Self> {
        let raw = file.get(span.clone())?;
        ["'''", "\"\"\"", "'", "\""].into_iter().find_map(|quote| {
            let inner = raw.strip_prefix(quote)?.strip_suffix(quote)?;
            let start = span.start + quote.len();
            if quote.starts_with('"') && inner.contains('\\') {
                return unescaped(inner, start);
            }
            Some(Self { text: Cow::Borrowed(inner), places: Places::AsIs(start) })
        })
    }

    /// Whether it is the string the parser read, which drops a line break at the start and may spell
    /// others in its own way.
    pub(super) fn stands_for(&self, value: &str) -> bool {
        let bytes = |text: &str| {
            text.trim_start().bytes().filter(|byte| *byte != b'\r').collect::<Vec<_>>()
        };
        bytes(&self.text) == bytes(value)
    }

    /// Where a stretch of the text stands in the file.
    pub(super) fn place(&self, span: Range<usize>) -> Range<usize> {
        match &self.places {
            Places::AsIs(start) => start + span.start..start + span.end,
            Places::Each(places, end) => {
                let start = places.get(span.start).map_or(*end, |place| place.start);
                let last = span.end.checked_sub(1).and_then(|last| places.get(last));
                start..last.map_or(start, |place| place.end.max(start))
            }
        }
    }
}

/// A basic string with its escapes read; `None` for an escape that is none.
fn unescaped<'t>(inner: &str, start: usize) -> Option<TomlText<'t>> {
    let (mut text, mut places) = (String::with_capacity(inner.len()), Vec::new());
    let mut rest = inner;
    while let Some(first) = rest.chars().next() {
        let at = start + inner.len() - rest.len();
        let (stands_for, length) = match rest.strip_prefix('\\') {
            None => (Some(first), first.len_utf8()),
            Some(escape) => escaped(escape).map(|(c, length)| (c, length + 1))?,
        };
        if let Some(c) = stands_for {
            text.push(c);
            places.resize(text.len(), at..at + length);
        }
        rest = rest.get(length..)?;
    }
    Some(TomlText { text: Cow::Owned(text), places: Places::Each(places, start + inner.len()) })
}

/// What stands behind a backslash, and its length: a character, or the end of a line that goes on.
fn escaped(escape: &str) -> Option<(Option<char>, usize)> {
    let kind = escape.chars().next()?;
    let digits = match kind {
        'x' => 2,
        'u' => 4,
        'U' => 8,
        _ => 0,
    };
    let c = match kind {
        '"' | '\\' => kind,
        'b' => '\u{8}',
        't' => '\t',
        'n' => '\n',
        'f' => '\u{c}',
        'r' => '\r',
        'e' => '\u{1b}',
        _ if digits > 0 => char::from_u32(u32::from_str_radix(escape.get(1..=digits)?, 16).ok()?)?,
        _ if kind.is_whitespace() => {
            return Some((None, escape.len() - escape.trim_start().len()));
        }
        _ => return None,
    };
    Some((Some(c), 1 + digits))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text of the one value of a file, and for each of its words what is marked.
    fn marked(file: &str) -> (String, Vec<&str>) {
        let span = file.find(['"', '\'']).unwrap()..file.trim_end().len();
        let TomlText { text, places } = TomlText::read(file, span).unwrap();
        let text = text.into_owned();
        let again = TomlText { text: Cow::Borrowed(&*text), places };
        let mut words = Vec::new();
        for word in text.split_whitespace() {
            let start = word.as_ptr() as usize - text.as_ptr() as usize;
            words.push(file.get(again.place(start..start + word.len())).unwrap());
        }
        (text.clone(), words)
    }

    #[test]
    fn the_text_is_the_parsers_and_each_word_is_marked_where_it_stands() {
        for (file, words) in [
            ("a = 'ip.tor && ö'", vec!["ip.tor", "&&", "ö"]),
            ("a = '''\nip.tor'''", vec!["ip.tor"]),
            ("a = \"ip.tor \\u0026& ip.vpm\"", vec!["ip.tor", "\\u0026&", "ip.vpm"]),
            (
                "a = \"\"\"\nip.tor \\\n   && \\\"ö\\\" \\U000000f6\"\"\"",
                vec!["ip.tor", "&&", "\\\"ö\\\"", "\\U000000f6"],
            ),
            ("a = \"a\\tb \\\\ \"", vec!["a", "b", "\\\\"]),
        ] {
            let (text, found) = marked(file);
            assert_eq!(found, words, "{file}");
            let table: toml::Table = file.parse().unwrap();
            let value = table.get("a").unwrap().as_str().unwrap();
            let read = TomlText { text: text.into(), places: Places::AsIs(0) };
            assert!(read.stands_for(value), "{file}");
        }
    }
}
