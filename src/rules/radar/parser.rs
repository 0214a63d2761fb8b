//! Tokens to a Radar condition, by precedence: `or` < `and` < `not` < comparison.

use super::lexer::Token;

/// A condition as Radar means it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Condition {
    Not(Box<Condition>),
    And(Vec<Condition>),
    Or(Vec<Condition>),
    /// A boolean by itself.
    Flag(Name),
    Missing(Name),
    Compare(Name, &'static str, Value),
    In(Name, Vec<Value>),
    InList(Name, String),
    Includes(Name, String),
    Like(Name, String),
}

/// What is asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Name {
    Attribute(String),
    /// Metadata, with `customer:` and the like in front where it is not the payment's.
    Meta(String),
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Attribute(name) => write!(f, "`:{name}:`"),
            Self::Meta(name) => write!(f, "`::{name}::`"),
        }
    }
}

/// What it is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    Number(String),
    Boolean(bool),
    Name(Name),
}

/// Deepest nesting, as in our own conditions.
const MAX_DEPTH: usize = 32;

/// Reads a whole condition, and says what was odd.
///
/// # Errors
/// The first thing that does not belong where it stands.
pub(super) fn parse(tokens: Vec<Token>) -> Result<(Condition, Vec<String>), String> {
    let mut parser =
        Parser { tokens: tokens.into_iter().peekable(), depth: 0, warnings: Vec::new() };
    let condition = parser.any()?;
    match parser.peek() {
        Token::End => Ok((condition, parser.warnings)),
        other => Err(format!("expected `and`, `or` or the end, found {}", other.shown())),
    }
}

struct Parser {
    tokens: std::iter::Peekable<std::vec::IntoIter<Token>>,
    depth: usize,
    warnings: Vec<String>,
}

impl Parser {
    fn peek(&mut self) -> Token {
        self.tokens.peek().cloned().unwrap_or(Token::End)
    }

    fn take(&mut self) -> Token {
        self.tokens.next().unwrap_or(Token::End)
    }

    fn takes(&mut self, spellings: &[&str]) -> bool {
        let found = match self.peek() {
            Token::Word(word) => spellings.contains(&word.as_str()),
            Token::Symbol(symbol) => spellings.contains(&symbol),
            _ => false,
        };
        if found {
            self.take();
        }
        found
    }

    fn expect(&mut self, symbol: &'static str) -> Result<(), String> {
        if self.takes(&[symbol]) {
            return Ok(());
        }
        Err(format!("expected `{symbol}`, found {}", self.peek().shown()))
    }

    fn any(&mut self) -> Result<Condition, String> {
        let mut parts = vec![self.all()?];
        while self.takes(&["or", "||"]) {
            parts.push(self.all()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Condition::Or(parts) })
    }

    fn all(&mut self) -> Result<Condition, String> {
        let mut parts = vec![self.one()?];
        while self.takes(&["and", "&&"]) {
            parts.push(self.one()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Condition::And(parts) })
    }

    fn one(&mut self) -> Result<Condition, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(format!("the condition is nested more than {MAX_DEPTH} deep"));
        }
        let read = self.one_inner();
        self.depth -= 1;
        read
    }

    fn one_inner(&mut self) -> Result<Condition, String> {
        if self.takes(&["not", "!"]) {
            return Ok(Condition::Not(Box::new(self.one()?)));
        }
        if self.takes(&["("]) {
            let inner = self.any()?;
            self.expect(")")?;
            return Ok(inner);
        }
        if self.takes(&["is_missing"]) {
            self.expect("(")?;
            let name = self.name()?;
            self.expect(")")?;
            return Ok(Condition::Missing(name));
        }
        let name = self.name()?;
        self.relation(name)
    }

    fn name(&mut self) -> Result<Name, String> {
        match self.take() {
            Token::Attribute(name) => Ok(Name::Attribute(name)),
            Token::Meta(name) => Ok(Name::Meta(name)),
            other => {
                Err(format!("expected an attribute like `:card_country:`, found {}", other.shown()))
            }
        }
    }

    fn relation(&mut self, name: Name) -> Result<Condition, String> {
        if let Token::Symbol(symbol @ ("=" | "!=" | "<" | ">" | "<=" | ">=")) = self.peek() {
            self.take();
            let value = self.value()?;
            return Ok(Condition::Compare(name, symbol, value));
        }
        if self.takes(&["includes"]) {
            return Ok(Condition::Includes(name, self.text()?));
        }
        if self.takes(&["like"]) {
            return Ok(Condition::Like(name, self.text()?));
        }
        if self.takes(&["not"]) {
            if !self.takes(&["in"]) {
                return Err("expected `in` after `not`".to_owned());
            }
            self.warnings.push("`x not in (..)` is read as `not (x in (..))`".to_owned());
            return Ok(Condition::Not(Box::new(self.membership(name)?)));
        }
        if self.takes(&["in"]) {
            return self.membership(name);
        }
        Ok(Condition::Flag(name))
    }

    fn membership(&mut self, name: Name) -> Result<Condition, String> {
        if let Token::List(list) = self.peek() {
            self.take();
            return Ok(Condition::InList(name, list));
        }
        self.expect("(")?;
        let mut values = vec![self.value()?];
        while self.takes(&[","]) {
            values.push(self.value()?);
        }
        self.expect(")")?;
        Ok(Condition::In(name, values))
    }

    fn text(&mut self) -> Result<String, String> {
        match self.take() {
            Token::Text(text) if !text.is_empty() => Ok(text),
            other => Err(format!("expected a text like `'abc'`, found {}", other.shown())),
        }
    }

    fn value(&mut self) -> Result<Value, String> {
        Ok(match self.take() {
            Token::Text(text) => Value::Text(text),
            Token::Number(digits) => Value::Number(digits),
            Token::Attribute(name) => Value::Name(Name::Attribute(name)),
            Token::Meta(name) => Value::Name(Name::Meta(name)),
            Token::Word(word) if word == "true" || word == "false" => {
                Value::Boolean(word == "true")
            }
            other => return Err(format!("expected a value, found {}", other.shown())),
        })
    }
}
