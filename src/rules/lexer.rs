//! A condition's text as tokens. Never stops: what it cannot read is a problem and is skipped.

use super::problem::Problem;
use std::ops::Range;

/// One token. Operators and brackets are themselves; `Foreign` is an operator of another language,
/// kept so that the parser can say what to write instead.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// A name or a part of one; between back-ticks it may hold anything.
    Name(String),
    Number(String),
    Text(String),
    Symbol(&'static str),
    Foreign(&'static str),
    /// Something unreadable that has been reported.
    Bad,
    End,
}

impl Token {
    /// The token as an error message names it.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Name(text) | Self::Number(text) => format!("`{text}`"),
            Self::Text(text) => format!("the text `{}`", text.chars().take(40).collect::<String>()),
            Self::Symbol(symbol) | Self::Foreign(symbol) => format!("`{symbol}`"),
            Self::Bad => "something unreadable".to_owned(),
            Self::End => "the end".to_owned(),
        }
    }
}

/// A token and its bytes in the condition.
#[derive(Debug, Clone)]
pub(super) struct Spanned {
    pub token: Token,
    pub span: Range<usize>,
}

/// Longest first, so that `<=` is not read as `<`.
const SYMBOLS: &[&str] =
    &["&&", "||", "==", "!=", "<=", ">=", "<", ">", "!", "(", ")", "[", "]", ",", ".", "-"];
const FOREIGN: &[&str] = &["<>", "=>", "=", "&", "|", "+", "*", "/", "%", "?", ":"];

/// Splits a condition into tokens; the last one is [`Token::End`].
pub(super) fn lex(text: &str) -> (Vec<Spanned>, Vec<(Problem, Range<usize>)>) {
    let mut lexer = Lexer { text, at: 0, tokens: Vec::new(), problems: Vec::new() };
    while lexer.next() {}
    (lexer.tokens, lexer.problems)
}

struct Lexer<'t> {
    text: &'t str,
    at: usize,
    tokens: Vec<Spanned>,
    problems: Vec<(Problem, Range<usize>)>,
}

impl<'t> Lexer<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn take_while(&mut self, keep: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let length = rest.find(|c| !keep(c)).unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or("")
    }

    fn push(&mut self, token: Token, start: usize) {
        self.tokens.push(Spanned { token, span: start..self.at });
    }

    fn problem(&mut self, problem: Problem, start: usize) {
        self.problems.push((problem, start..self.at));
        self.push(Token::Bad, start);
    }

    fn next(&mut self) -> bool {
        self.take_while(char::is_whitespace);
        let start = self.at;
        let Some(first) = self.peek() else {
            self.push(Token::End, start);
            return false;
        };
        if self.rest().starts_with("//") {
            self.take_while(|c| c != '\n');
        } else if first.is_ascii_digit() {
            self.number(start);
        } else if is_word(first) {
            let given = self.take_while(is_word).to_owned();
            match given.chars().find(|c| !is_name(*c)) {
                Some(letter) => self.problem(Problem::BadName { given, letter }, start),
                None => self.push(Token::Name(given), start),
            }
        } else if matches!(first, '"' | '\'' | '`') {
            self.quoted(first, start);
        } else {
            self.symbol(first, start);
        }
        true
    }

    fn symbol(&mut self, first: char, start: usize) {
        let rest = self.rest();
        let find = |list: &[&'static str]| list.iter().copied().find(|s| rest.starts_with(s));
        let (symbol, foreign) = (find(SYMBOLS), find(FOREIGN));
        match (symbol, foreign) {
            (Some(symbol), None) => {
                self.at += symbol.len();
                self.push(Token::Symbol(symbol), start);
            }
            (Some(symbol), Some(foreign)) if symbol.len() >= foreign.len() => {
                self.at += symbol.len();
                self.push(Token::Symbol(symbol), start);
            }
            (_, Some(foreign)) => {
                self.at += foreign.len();
                self.push(Token::Foreign(foreign), start);
            }
            (None, None) => {
                self.at += first.len_utf8();
                self.problem(Problem::UnexpectedCharacter { given: first }, start);
            }
        }
    }

    fn number(&mut self, start: usize) {
        self.take_while(|c| c.is_ascii_digit());
        let fraction = self.rest().strip_prefix('.').and_then(|rest| rest.chars().next());
        if fraction.is_some_and(|c| c.is_ascii_digit()) {
            self.at += 1;
            self.take_while(|c| c.is_ascii_digit());
        }
        let digits_end = self.at;
        self.take_while(is_name);
        let given = self.text.get(start..self.at).unwrap_or("").to_owned();
        if self.at > digits_end {
            self.problem(Problem::BadNumber { given }, start);
        } else {
            self.push(Token::Number(given), start);
        }
    }

    /// A text in either quote, or a name in back-ticks (which knows no escapes).
    fn quoted(&mut self, quote: char, start: usize) {
        self.at += 1;
        let mut value = String::new();
        loop {
            let here = self.at;
            let Some(c) = self.peek().filter(|c| *c != '\n') else {
                self.problem(Problem::UnclosedText, start);
                return;
            };
            self.at += c.len_utf8();
            if c == quote {
                break;
            }
            if c != '\\' || quote == '`' {
                value.push(c);
                continue;
            }
            match self.peek() {
                Some(escaped @ ('\\' | '"' | '\'')) => value.push(escaped),
                Some('n') => value.push('\n'),
                Some('t') => value.push('\t'),
                Some('\n') | None => continue,
                Some(given) => {
                    let end = self.at + given.len_utf8();
                    self.problems.push((Problem::BadEscape { given }, here..end));
                }
            }
            self.at += self.peek().map_or(0, char::len_utf8);
        }
        self.push(if quote == '`' { Token::Name(value) } else { Token::Text(value) }, start);
    }
}

/// What a reader takes for one word: a letter of any script that slipped in is told with all of it.
fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}
