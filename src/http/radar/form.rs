//! A form with names in brackets, `payment_details[amount]=100`, as an object of texts.

use super::super::error::{Code, Failure};
use super::super::query::decoded;
use serde_json::{Map, Value};

/// Most members.
const MOST: usize = 200;
/// Deepest brackets; the deepest name the libraries send has five parts.
const DEEPEST: usize = 8;

/// Reads a form.
///
/// # Errors
/// Not UTF-8, a name that is none or comes twice, or too many of them.
pub(super) fn read(body: &[u8]) -> Result<Map<String, Value>, Failure> {
    let malformed = |message: &str| Failure::new(Code::MalformedBody, message);
    let text = std::str::from_utf8(body).map_err(|_| malformed("the form is not UTF-8"))?;
    let mut root = Map::new();
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    for (place, pair) in pairs.enumerate() {
        if place == MOST {
            return Err(malformed("the form has too many members"));
        }
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let both = decoded(name).zip(decoded(value));
        let (name, value) = both.ok_or_else(|| malformed("the form is not UTF-8"))?;
        let path = path(&name).ok_or_else(|| malformed("a name of the form has odd brackets"))?;
        if !put(&mut root, &path, value) {
            return Err(malformed("a name of the form comes twice"));
        }
    }
    Ok(root)
}

/// A name of the form by its JSON pointer: `a[b][c]`.
pub(super) fn name(pointer: &str) -> String {
    let mut parts = pointer.split('/').skip(1);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |name, part| format!("{name}[{part}]"))
}

/// The parts of `a[b][c]`.
fn path(name: &str) -> Option<Vec<&str>> {
    let (first, rest) = name.split_at(name.find('[').unwrap_or(name.len()));
    let mut parts = vec![first];
    if !rest.is_empty() {
        parts.extend(rest.strip_prefix('[')?.strip_suffix(']')?.split("]["));
    }
    let good = parts.len() <= DEEPEST
        && parts.iter().all(|part| !part.is_empty() && !part.contains(['[', ']']));
    good.then_some(parts)
}

fn put(members: &mut Map<String, Value>, path: &[&str], value: String) -> bool {
    let Some((first, rest)) = path.split_first() else { return false };
    if rest.is_empty() {
        return members.insert((*first).to_owned(), Value::String(value)).is_none();
    }
    let inner = members.entry(*first).or_insert_with(|| Value::Object(Map::new()));
    inner.as_object_mut().is_some_and(|inner| put(inner, rest, value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn form(body: &[u8]) -> Value {
        Value::Object(read(body).unwrap())
    }

    #[test]
    fn brackets_become_objects_and_anything_odd_is_refused() {
        let read_form = form(b"a%5Bb%5D%5Bc%5D=1+2&a[d]=%C3%A9&e=");
        assert_eq!(read_form, json!({"a": {"b": {"c": "1 2"}, "d": "é"}, "e": ""}));
        assert_eq!(form(b""), json!({}));
        let deep = format!("a{}=1", "[b]".repeat(DEEPEST));
        let many = "a=1&".repeat(MOST + 1);
        for odd in
            ["a=1&a=2", "a=1&a[b]=2", "[a]=1", "a[=1", "a[b=1", "a[b]c=1", "a[]=1", &deep, &many]
        {
            assert!(read(odd.as_bytes()).is_err(), "{odd}");
        }
        assert_eq!(
            (name("/a/b/c"), name("/a"), name("")),
            ("a[b][c]".into(), "a".into(), String::new())
        );
        assert!(read(b"a=%ff").is_err() && read(b"\xff").is_err());
    }
}
