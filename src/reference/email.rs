//! E-mail addresses: the table of domain classes and role names, and the canonical form.
//!
//! A class is looked up for the host and every parent of it down to the registrable domain, and
//! beyond it where a list names a shared suffix (`dynv6.net`). Rejected: asking the DNS, which takes
//! milliseconds at checkout and cannot be replayed.

use super::error::ReferenceError;
use super::table::{Columns, Table, Writer};
use serde::Serialize;
use std::collections::{BTreeSet, HashMap, HashSet};

/// What kind of provider an e-mail domain is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EmailClass {
    /// Throw-away addresses.
    Disposable,
    /// Called throw-away by a wider list that also has mistakes: a hint, no proof.
    DisposableWide,
    /// Forwarding aliases of a real mailbox (Hide My Email, Firefox Relay, SimpleLogin): low risk.
    Relay,
    /// Free mailboxes for everyone.
    Free,
    /// In none of the lists: a firm's or a person's own domain, or a provider nobody listed.
    Other,
}

impl EmailClass {
    /// The name in rules and records.
    pub fn name(self) -> &'static str {
        match self {
            Self::Disposable => "disposable",
            Self::DisposableWide => "disposable_wide",
            Self::Relay => "relay",
            Self::Free => "free",
            Self::Other => "other",
        }
    }
}

/// What is known about an address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EmailFacts {
    /// The part after `@`, lower case; missing when this is no address.
    pub domain: Option<String>,
    /// The domain one can register (`mail.example.co.uk` → `example.co.uk`).
    pub registrable: Option<String>,
    /// The provider's class; missing without a table.
    pub class: Option<EmailClass>,
    /// Whether the local part names an office (`sales`, `noreply`) instead of a person; missing
    /// without a table.
    pub role: Option<bool>,
    /// The mailbox behind the spelling.
    pub canonical: Option<CanonicalEmail>,
}

/// The mailbox an address is delivered to, as far as its spelling tells: equal for
/// `Jane.Doe+shop@googlemail.com` and `janedoe@gmail.com`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct CanonicalEmail {
    /// Before the `@`, lower case, without tag and ignored signs.
    pub local: String,
    /// After the `@`, lower case, one name per provider.
    pub domain: String,
}

impl std::fmt::Display for CanonicalEmail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}@{}", self.local, self.domain)
    }
}

/// Splits an address into local part and lower-case domain; `None` when it is none.
fn split(address: &str) -> Option<(&str, String)> {
    let (local, domain) = address.trim().rsplit_once('@')?;
    let domain = domain.strip_suffix('.').unwrap_or(domain).to_lowercase();
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_')
    };
    let good = !local.is_empty()
        && !local.chars().any(|c| c.is_whitespace() || c.is_control())
        && domain.contains('.')
        && domain.split('.').all(label);
    good.then_some((local, domain))
}

/// The canonical form of an address; `None` for what is no address.
///
/// Everywhere: lower case, `+tag` dropped. Gmail and Proton: dots dropped. Yahoo: `-tag` dropped.
/// Names of one provider become one (`googlemail.com`, `me.com`, `pm.me`, `ya.ru`). Local parts are
/// case-sensitive on paper (RFC 5321, 2.4) and with no provider. Unicode domains stay Unicode.
pub fn canonical(address: &str) -> Option<CanonicalEmail> {
    let (local, domain) = split(address)?;
    let domain = match domain.as_str() {
        "googlemail.com" => "gmail.com".to_owned(),
        "me.com" | "mac.com" => "icloud.com".to_owned(),
        "protonmail.com" | "protonmail.ch" | "pm.me" => "proton.me".to_owned(),
        "ya.ru" | "yandex.com" | "yandex.by" | "yandex.kz" => "yandex.ru".to_owned(),
        _ => domain,
    };
    let mut local = without_tag(local, '+').to_lowercase();
    match domain.split('.').next() {
        Some("yahoo" | "ymail" | "rocketmail") => local = without_tag(&local, '-').to_owned(),
        Some("gmail" | "proton") => local.retain(|c| c != '.'),
        _ => {}
    }
    Some(CanonicalEmail { local, domain })
}

/// What stands before `sign`; all of it when nothing would be left.
fn without_tag(local: &str, sign: char) -> &str {
    match local.split_once(sign) {
        Some((before, _)) if !before.is_empty() => before,
        _ => local,
    }
}

/// Domain classes and role names.
pub(super) struct EmailTable {
    classes: HashMap<Box<str>, EmailClass>,
    roles: HashSet<Box<str>>,
}

/// Facts about `address`; with no table those that need none.
pub(super) fn facts(table: Option<&EmailTable>, address: &str) -> EmailFacts {
    let Some((local, domain)) = split(address) else {
        return EmailFacts {
            domain: None,
            registrable: None,
            class: None,
            role: None,
            canonical: None,
        };
    };
    EmailFacts {
        registrable: psl::domain_str(&domain).map(str::to_owned),
        class: table.map(|table| table.class(&domain)),
        role: table.map(|table| table.is_role(local)),
        canonical: canonical(address),
        domain: Some(domain),
    }
}

impl EmailTable {
    /// The class of a lower-case domain: its own, else that of the nearest listed parent.
    pub(super) fn class(&self, domain: &str) -> EmailClass {
        let mut rest = domain;
        loop {
            if let Some(class) = self.classes.get(rest) {
                return *class;
            }
            match rest.split_once('.') {
                Some((_, parent)) if parent.contains('.') => rest = parent,
                _ => return EmailClass::Other,
            }
        }
    }

    fn is_role(&self, local: &str) -> bool {
        self.roles.contains(without_tag(local, '+').to_lowercase().as_str())
    }

    pub(super) fn read(mut columns: Columns) -> Result<Self, ReferenceError> {
        let mut classes = HashMap::new();
        for class in [
            EmailClass::Disposable,
            EmailClass::DisposableWide,
            EmailClass::Relay,
            EmailClass::Free,
        ] {
            let domains = columns.text()?;
            classes.extend(domains.lines().map(|domain| (Box::from(domain), class)));
        }
        let roles = columns.text()?.lines().map(Box::from).collect();
        columns.done()?;
        Ok(Self { classes, roles })
    }
}

/// The content of the table, each set sorted.
#[derive(Debug, Default)]
pub(super) struct EmailLists {
    pub(super) disposable: BTreeSet<String>,
    pub(super) disposable_wide: BTreeSet<String>,
    pub(super) relay: BTreeSet<String>,
    pub(super) free: BTreeSet<String>,
    pub(super) roles: BTreeSet<String>,
}

impl EmailLists {
    /// The sets in the order of the file.
    pub(super) fn all(&self) -> [&BTreeSet<String>; 5] {
        [&self.disposable, &self.disposable_wide, &self.relay, &self.free, &self.roles]
    }
}

/// Writes the table.
pub(super) fn write(built_day: u32, lists: &EmailLists) -> std::io::Result<Vec<u8>> {
    let mut writer = Writer::new(Table::Email, built_day);
    for list in lists.all() {
        writer.texts(list.iter().map(String::as_str));
    }
    writer.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> EmailTable {
        let set = |items: &[&str]| items.iter().map(ToString::to_string).collect();
        let lists = EmailLists {
            disposable: set(&["mailinator.com", "x.free.example"]),
            disposable_wide: set(&["wide.example"]),
            relay: set(&["duck.com"]),
            free: set(&["gmail.com", "free.example"]),
            roles: set(&["sales"]),
        };
        let data = write(0, &lists).unwrap();
        EmailTable::read(Columns::open(Table::Email, "test", &data).unwrap()).unwrap()
    }

    #[test]
    fn the_nearest_listed_parent_decides() {
        let table = table();
        for (domain, class) in [
            ("mailinator.com", EmailClass::Disposable),
            ("a.b.mailinator.com", EmailClass::Disposable),
            ("notmailinator.com", EmailClass::Other),
            ("duck.com", EmailClass::Relay),
            ("a.wide.example", EmailClass::DisposableWide),
            ("free.example", EmailClass::Free),
            ("y.x.free.example", EmailClass::Disposable),
            ("example.co.uk", EmailClass::Other),
        ] {
            assert_eq!(table.class(domain), class, "{domain}");
        }
    }

    #[test]
    fn facts_without_a_table_or_an_address() {
        let facts = |address: &str| facts(None, address);
        let known = facts("Jane@Mail.Example.co.uk");
        assert_eq!(known.domain.as_deref(), Some("mail.example.co.uk"));
        assert_eq!(known.registrable.as_deref(), Some("example.co.uk"));
        assert_eq!((known.class, known.role), (None, None));
        for bad in ["", "jane", "@example.com", "jane@", "jane@localhost", "a b@c.de", "a@b..de"] {
            assert_eq!(facts(bad).domain, None, "{bad}");
            assert_eq!(canonical(bad), None, "{bad}");
        }
        let with = super::facts(Some(&table()), "Sales+x@gmail.com");
        assert_eq!((with.class, with.role), (Some(EmailClass::Free), Some(true)));
    }

    #[test]
    fn spellings_of_one_mailbox_are_one() {
        for (address, mailbox) in [
            ("Jane.Doe+shop@GoogleMail.com", "janedoe@gmail.com"),
            ("jane.doe@outlook.com", "jane.doe@outlook.com"),
            ("jane+1@outlook.com", "jane@outlook.com"),
            ("jane+1@firm.example", "jane@firm.example"),
            ("jane-shop@yahoo.co.uk", "jane@yahoo.co.uk"),
            ("jane-doe@firm.example", "jane-doe@firm.example"),
            ("j.d@pm.me", "jd@proton.me"),
            ("jane@me.com", "jane@icloud.com"),
            ("+tag@gmail.com", "+tag@gmail.com"),
            (" jane@example.com. ", "jane@example.com"),
            ("\"a@b\"@example.com", "\"a@b\"@example.com"),
        ] {
            let canonical = canonical(address).unwrap();
            assert_eq!(canonical.to_string(), mailbox);
            assert_eq!(super::canonical(mailbox), Some(canonical), "not a fixed point: {mailbox}");
        }
    }
}
