//! A Radar condition as tokens. Spellings that are seen in the wild and that Radar's editor refuses
//! are taken, each with a warning.

/// One token. Words are in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// `:card_country:`
    Attribute(String),
    /// `::Customer Age::`
    Meta(String),
    /// `@list`
    List(String),
    Text(String),
    Number(String),
    Word(String),
    Symbol(&'static str),
    End,
}

impl Token {
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Attribute(name) => format!("`:{name}:`"),
            Self::Meta(name) => format!("`::{name}::`"),
            Self::List(name) => format!("`@{name}`"),
            Self::Text(text) => format!("`'{text}'`"),
            Self::Number(word) | Self::Word(word) => format!("`{word}`"),
            Self::Symbol(symbol) => format!("`{symbol}`"),
            Self::End => "the end".to_owned(),
        }
    }
}

/// Longest first.
const SYMBOLS: &[&str] =
    &["&&", "||", "==", "!=", "<>", "<=", ">=", "<", ">", "=", "!", "(", ")", "[", "]", ","];

/// Splits a condition into tokens, the last one [`Token::End`], and says what was odd.
///
/// # Errors
/// A text or an attribute without an end, or a character that means nothing.
pub(super) fn lex(text: &str) -> Result<(Vec<Token>, Vec<String>), String> {
    let (mut tokens, mut warnings, mut rest) = (Vec::new(), Vec::new(), text.trim_start());
    while let Some(first) = rest.chars().next() {
        let (token, after) = match first {
            ':' => attribute(rest)?,
            '@' => word(rest.get(1..).unwrap_or(""), Token::List),
            '\'' | '"' => quoted(rest, first, &mut warnings)?,
            '0'..='9' => number(rest, &mut warnings),
            '-' if digit_follows(rest, 1) => number(rest, &mut warnings),
            '$' | '€' | '£' if digit_follows(rest, first.len_utf8()) => {
                warnings.push(format!("`{first}` before a number is passed over"));
                number(rest.get(first.len_utf8()..).unwrap_or(""), &mut warnings)
            }
            c if c.is_ascii_alphabetic() || c == '_' => word(rest, Token::Word),
            other => symbol(rest, other, &mut warnings)?,
        };
        tokens.push(token);
        rest = after.trim_start();
    }
    tokens.push(Token::End);
    Ok((tokens, warnings))
}

fn digit_follows(rest: &str, at: usize) -> bool {
    rest.get(at..).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

fn attribute(rest: &str) -> Result<(Token, &str), String> {
    let unended =
        || format!("`{}` has no closing colon", rest.chars().take(20).collect::<String>());
    if let Some(inner) = rest.strip_prefix("::") {
        let (name, after) = inner.split_once("::").ok_or_else(unended)?;
        return Ok((Token::Meta(name.trim().to_owned()), after));
    }
    let inner = rest.strip_prefix(':').unwrap_or(rest);
    let (name, after) = inner.split_once(':').ok_or_else(unended)?;
    Ok((Token::Attribute(name.trim().to_ascii_lowercase()), after))
}

fn word(rest: &str, make: fn(String) -> Token) -> (Token, &str) {
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-');
    let (word, after) = rest.split_at(end.unwrap_or(rest.len()));
    (make(word.to_ascii_lowercase()), after)
}

fn quoted<'t>(
    rest: &'t str,
    quote: char,
    warnings: &mut Vec<String>,
) -> Result<(Token, &'t str), String> {
    let inner = rest.get(1..).unwrap_or("");
    let (text, after) =
        inner.split_once(quote).ok_or_else(|| "a text has no closing quote".to_owned())?;
    if quote == '"' {
        warnings.push(format!("a text stands between single quotes: `'{text}'`"));
    }
    Ok((Token::Text(text.to_owned()), after))
}

fn number<'t>(rest: &'t str, warnings: &mut Vec<String>) -> (Token, &'t str) {
    let end = rest.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | '-' | '_'));
    let (digits, mut after) = rest.split_at(end.unwrap_or(rest.len()));
    if let Some(unit) = after.chars().next().filter(|c| matches!(c, '€' | '$' | '£')) {
        warnings.push(format!(
            "`{unit}` behind a number is passed over: the attribute says the currency"
        ));
        after = after.get(unit.len_utf8()..).unwrap_or("");
    }
    (Token::Number(digits.replace('_', "")), after)
}

fn symbol<'t>(
    rest: &'t str,
    first: char,
    warnings: &mut Vec<String>,
) -> Result<(Token, &'t str), String> {
    let found = SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol));
    let Some(symbol) = found else { return Err(format!("`{first}` means nothing in a rule")) };
    let (meant, odd) = match *symbol {
        "==" => ("=", true),
        "<>" => ("!=", true),
        "[" => ("(", true),
        "]" => (")", false),
        other => (other, false),
    };
    if odd {
        warnings.push(format!("`{symbol}` is read as `{meant}`"));
    }
    Ok((Token::Symbol(meant), rest.get(symbol.len()..).unwrap_or("")))
}
