//! The e-mail address: its provider, the shape of its name, and whether it looks like its owner's.

use crate::domain::Transaction;
use crate::features::{Record, Value, fields as f};
use crate::reference::{EmailClass, Reference};

/// Consonants in a row that hardly a name has.
const LONG_RUN: usize = 5;
/// Changes between letters and digits that hardly a name has.
const MANY_CHANGES: usize = 4;
/// Letters from which the share of vowels says something.
const ENOUGH_LETTERS: usize = 8;

/// Everything the address tells.
pub(super) fn facts(tx: &Transaction, reference: &Reference, record: &mut Record) {
    let Some(account) = &tx.account else { return };
    let Some(email) = &account.email else { return };
    let facts = reference.email(email.as_str());
    record.set(f::EMAIL_DOMAIN, facts.registrable.as_deref());
    record.set(f::EMAIL_CLASS, facts.class.map(EmailClass::name));
    record.set(f::EMAIL_ROLE, facts.role);
    if facts.domain.is_none() {
        return;
    }
    let Some((local, _)) = email.as_str().trim().rsplit_once('@') else { return };
    let (name, tag) = match local.split_once('+') {
        Some((name, tag)) if !name.is_empty() => (name, Some(tag)),
        _ => (local, None),
    };
    let signs = local.chars().count();
    let digits = local.bytes().filter(u8::is_ascii_digit).count();
    record.set(f::EMAIL_LOCAL_LENGTH, u32::try_from(signs).ok());
    record.set(f::EMAIL_DIGIT_SHARE, share(digits, signs));
    record.set(f::EMAIL_PLUS_TAG, tag.is_some());
    record.set(f::EMAIL_LOOKS_RANDOM, looks_random(name));
    let owner = account.name.as_ref().and_then(|owner| similarity(owner.as_str(), name));
    record.set(f::EMAIL_NAME_SIMILARITY, owner.map_or(Value::Missing, Value::float));
}

#[expect(clippy::cast_precision_loss, reason = "an address has at most 320 signs")]
fn share(part: usize, whole: usize) -> Value {
    Value::float(part as f64 / whole as f64)
}

fn is_vowel(letter: u8) -> bool {
    matches!(letter, b'a' | b'e' | b'i' | b'o' | b'u' | b'y')
}

/// See the catalogue. Real names with five consonants in a row exist; they are few.
fn looks_random(name: &str) -> Option<bool> {
    if !name.is_ascii() {
        return None;
    }
    let (mut run, mut longest, mut vowels, mut letters, mut changes) = (0, 0, 0, 0, 0);
    let mut before: Option<bool> = None; // whether the sign before was a digit
    for sign in name.bytes().map(|sign| sign.to_ascii_lowercase()) {
        let digit = sign.is_ascii_digit();
        if digit || !sign.is_ascii_lowercase() || is_vowel(sign) {
            run = 0;
        } else {
            run += 1;
            longest = longest.max(run);
        }
        letters += usize::from(sign.is_ascii_lowercase());
        vowels += usize::from(is_vowel(sign));
        if digit || sign.is_ascii_lowercase() {
            changes += usize::from(before.is_some_and(|before| before != digit));
            before = Some(digit);
        }
    }
    let few_vowels = letters >= ENOUGH_LETTERS && vowels * 5 < letters;
    Some(longest >= LONG_RUN || changes >= MANY_CHANGES || few_vowels)
}

/// Best likeness of the mailbox's letters to the usual arrangements of a name: first and last, last
/// and first, initial and last, first alone, last alone. `None` where either has no Latin letters.
fn similarity(owner: &str, mailbox: &str) -> Option<f64> {
    let plain = |text: &str| text.chars().flat_map(fold).collect::<String>();
    let mailbox = plain(mailbox);
    let owner = owner.split_whitespace().map(plain).filter(|word| !word.is_empty());
    let words: Vec<String> = owner.collect();
    let (first, last) = (words.first()?, words.last()?);
    if mailbox.len() < 2 {
        return None;
    }
    let initial = first.get(..1).unwrap_or_default();
    let alone = [first.as_str(), last.as_str()].map(str::to_owned);
    let joined = [format!("{first}{last}"), format!("{last}{first}"), format!("{initial}{last}")];
    let arrangements = alone.iter().chain(joined.iter().filter(|_| words.len() > 1));
    arrangements.map(|wanted| strsim::jaro_winkler(wanted, &mailbox)).max_by(f64::total_cmp)
}

/// The ASCII letters a Latin letter is written with in an address; nothing for all else.
fn fold(letter: char) -> impl Iterator<Item = char> {
    let plain = match letter {
        'A'..='Z' | 'a'..='z' => return Fold::One(letter.to_ascii_lowercase()),
        'ä' | 'Ä' | 'æ' | 'Æ' => "ae",
        'à'..='å' | 'ā' | 'ă' | 'ą' | 'À'..='Å' | 'Ā' | 'Ą' => "a",
        'ç' | 'ć' | 'č' | 'Ç' | 'Ć' | 'Č' => "c",
        'ď' | 'đ' | 'ð' | 'Đ' => "d",
        'è'..='ë' | 'ē' | 'ę' | 'ě' | 'È'..='Ë' | 'Ę' => "e",
        'ğ' | 'Ğ' => "g",
        'ì'..='ï' | 'ī' | 'ı' | 'Ì'..='Ï' | 'İ' => "i",
        'ł' | 'Ł' => "l",
        'ñ' | 'ń' | 'ň' | 'Ñ' | 'Ń' => "n",
        'ò'..='õ' | 'ō' | 'ő' | 'ø' | 'Ò'..='Õ' | 'Ø' => "o",
        'ö' | 'Ö' | 'œ' | 'Œ' => "oe",
        'ř' | 'Ř' => "r",
        'ś' | 'š' | 'ş' | 'ș' | 'Ś' | 'Š' | 'Ş' => "s",
        'ß' => "ss",
        'ť' | 'ţ' | 'ț' => "t",
        'ù'..='û' | 'ū' | 'ű' | 'ů' | 'Ù'..='Û' => "u",
        'ü' | 'Ü' => "ue",
        'ý' | 'ÿ' | 'Ý' => "y",
        'ź' | 'ż' | 'ž' | 'Ź' | 'Ż' | 'Ž' => "z",
        _ => "",
    };
    Fold::Some(plain.chars())
}

/// One letter, or the letters it is written with.
enum Fold {
    One(char),
    Some(std::str::Chars<'static>),
    Done,
}

impl Iterator for Fold {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        match self {
            Self::One(letter) => {
                let letter = *letter;
                *self = Self::Done;
                Some(letter)
            }
            Self::Some(rest) => rest.next(),
            Self::Done => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_names_are_told_from_names() {
        for name in ["jane.doe", "j.smith1984", "schwarz", "krzysztof", "info", "x", "", "li99"] {
            assert_eq!(looks_random(name), Some(false), "{name}");
        }
        for name in ["xkqvbz", "qwrtplk", "a1b2c3d4", "x9k2m7q", "bcdfghjkl", "hjk3vbn8mzx4"] {
            assert_eq!(looks_random(name), Some(true), "{name}");
        }
        assert_eq!(looks_random("björn"), None);
    }

    #[test]
    fn a_mailbox_resembles_its_owner() {
        for (owner, mailbox, least) in [
            ("Jane Doe", "jane.doe", 1.0),
            ("Jane Doe", "doe_jane", 1.0),
            ("Jane Doe", "jdoe84", 1.0),
            ("Jane Mary Doe", "jane", 1.0),
            ("Jürgen Groß", "juergen.gross", 1.0),
            ("José Núñez", "jose.nunez", 1.0),
            ("Jonathan Smith", "jon.smith", 0.85),
        ] {
            let found = similarity(owner, mailbox).unwrap();
            assert!(found >= least - 1e-9, "{owner} {mailbox}: {found}");
        }
        let stranger = similarity("Jane Doe", "xkqvbz.plt").unwrap();
        assert!(stranger < 0.6, "{stranger}");
        assert_eq!(similarity("Ольга Иванова", "olga"), None);
        assert_eq!(similarity("Jane Doe", "1984"), None);
        assert_eq!(similarity("", "jane"), None);
    }
}
