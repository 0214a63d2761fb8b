//! `email` from the lists of four packages, and two short lists of our own.
//!
//! The packages hold their lists as source code, so every quoted text in them that looks like a
//! domain (for roles: like a local part) is taken. Free providers are what is on the free list and
//! on no throw-away list, since that list holds thousands of throw-away domains too.

use super::super::email::{EmailLists, write};
use super::{CompileError, Input, Output};
use std::collections::BTreeSet;

/// Forwarding services of browsers, phones and password keepers. An alias of them leads to one
/// paying or signed-in person, so they are no throw-away addresses.
const RELAYS: [&str; 24] = [
    "addy.io",
    "aleeas.com",
    "anonaddy.com",
    "anonaddy.me",
    "8alias.com",
    "8shield.net",
    "dralias.com",
    "duck.com",
    "fastmailalias.com",
    "hide.me",
    "mozmail.com",
    "passfwd.com",
    "passinbox.com",
    "passmail.com",
    "passmail.net",
    "privaterelay.appleid.com",
    "relay.firefox.com",
    "silomails.com",
    "simplelogin.co",
    "simplelogin.com",
    "simplelogin.fr",
    "simplelogin.io",
    "slmail.me",
    "slmails.com",
];

/// Free providers that the free list lacks.
const MORE_FREE: [&str; 6] =
    ["hey.com", "tuta.io", "tutamail.com", "tutanota.com", "tutanota.de", "tuta.com"];

pub(super) fn compile(input: &Input<'_>) -> Result<Output, CompileError> {
    let core = input.read("email-disposable")?;
    let wide = input.read("email-disposable-wide")?;
    let free = input.read("email-free")?;
    let roles = input.read("email-roles")?;
    let built_day = core.built_day.max(free.built_day);

    let relay: BTreeSet<String> = RELAYS.iter().map(ToString::to_string).collect();
    let mut disposable = domains(core.text()?);
    disposable.retain(|domain| !relay.contains(domain));
    let mut wide = domains(wide.text()?);
    wide.retain(|domain| !disposable.contains(domain) && !relay.contains(domain));
    let mut free = domains(free.text()?);
    free.extend(MORE_FREE.iter().map(ToString::to_string));
    free.retain(|domain| {
        !disposable.contains(domain) && !wide.contains(domain) && !relay.contains(domain)
    });
    let roles =
        quoted(roles.text()?).map(str::to_lowercase).filter(|text| is_local(text)).collect();

    let lists = EmailLists { disposable, disposable_wide: wide, relay, free, roles };
    Ok((lists.all().iter().map(|list| list.len()).sum(), write(built_day, &lists)))
}

/// Quoted domains, without those under which everyone registers.
fn domains(code: &str) -> BTreeSet<String> {
    let listed = quoted(code).map(str::to_lowercase).filter(|text| is_domain(text));
    listed.filter(|domain| !is_public_suffix(domain)).collect()
}

fn is_public_suffix(domain: &str) -> bool {
    psl::suffix(domain.as_bytes()).is_some_and(|suffix| {
        suffix.as_bytes() == domain.as_bytes() && suffix.typ() == Some(psl::Type::Icann)
    })
}

fn is_domain(text: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_')
    };
    text.contains('.') && text.split('.').all(label)
}

fn is_local(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || "-_.&".contains(c))
}

/// What stands between single or double quotes, line by line.
fn quoted(code: &str) -> impl Iterator<Item = &str> {
    code.lines().flat_map(|line| {
        let sign = if line.contains('"') { '"' } else { '\'' };
        line.split(sign).skip(1).step_by(2)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_texts_are_found_in_any_language() {
        let texts = |code| quoted(code).collect::<Vec<_>>();
        assert_eq!(texts("x = {\n  'a.com',\n  'b.de',\n}"), ["a.com", "b.de"]);
        assert_eq!(texts("var x = new Set([\"a.com\",\"b.de\"]); // it's"), ["a.com", "b.de"]);
        assert_eq!(texts("nothing"), [""; 0]);
    }

    #[test]
    fn suffixes_are_no_domains() {
        let found = domains("'co.uk', 'x.co.uk', 'GMAIL.com', '[0-9].x', 'localhost', 'a..b'");
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["gmail.com", "x.co.uk"]);
    }
}
