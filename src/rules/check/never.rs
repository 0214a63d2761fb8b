//! Constants of the right type that a field never holds: a rule that compares with one looks right and
//! never fires.
//!
//! Only what follows from how a field is made is refused. A `default` may bring any text with it.

use crate::features::{FieldId, fields as f};
use crate::rules::Derived;
use crate::rules::expr::{FieldRef, Literal, Operand, TextTest};
use crate::rules::problem::Problem;

/// Fields whose texts are in lower case.
const LOWER: [FieldId; 3] = [f::EMAIL_DOMAIN, f::BIN_BRAND, f::LANGUAGE_PRIMARY];

/// Why `operand` never is `sought`, or has no such part; `part` is `None` for the whole text.
pub(super) fn never(operand: &Operand, sought: &str, part: Option<TextTest>) -> Option<Problem> {
    let field = match operand {
        Operand::Field(FieldRef::Catalogue(field)) => *field,
        Operand::Default(FieldRef::Catalogue(field), Literal::Text(instead)) => {
            if instead.to_lowercase().contains(&sought.to_lowercase()) {
                return None;
            }
            *field
        }
        Operand::Derived(Derived::LowerAscii, of) => {
            let never_lower = sought.bytes().any(|byte| byte.is_ascii_uppercase());
            let problem = never_lower.then(|| Problem::NeverLower { given: sought.to_owned() });
            return problem.or_else(|| never(of, sought, part));
        }
        _ => return None,
    };
    let given = || sought.to_owned();
    if LOWER.contains(&field) && sought.chars().any(char::is_uppercase) {
        return Some(Problem::NeverLower { given: given() });
    }
    match field {
        f::EMAIL_DOMAIN => not_registrable(sought, part),
        f::CARD_BIN if !is_bin(sought, part) => Some(Problem::NeverBin { given: given() }),
        _ => None,
    }
}

/// Why no registrable domain is `sought`, with the one probably meant. The end of one may be anything:
/// `.example.com` is a part of one where `shop.example.com` is open to everybody.
fn not_registrable(sought: &str, part: Option<TextTest>) -> Option<Problem> {
    let registrable = |host: &str| psl::domain_str(host).map(str::to_owned);
    let instead = match sought.rsplit_once('@') {
        Some((_, host)) => registrable(host),
        None if part.is_some() => return None,
        None => match registrable(sought) {
            Some(domain) if domain != sought => Some(domain),
            _ => return None,
        },
    };
    Some(Problem::NeverDomain { given: sought.to_owned(), instead })
}

fn is_bin(sought: &str, part: Option<TextTest>) -> bool {
    let least = if part.is_some() { 1 } else { 6 };
    (least..=8).contains(&sought.len()) && sought.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use crate::rules::parse;

    #[test]
    fn what_can_hold_is_accepted_and_what_can_not_is_refused() {
        for (condition, code) in [
            ("email.domain == 'example.com'", None),
            ("email.domain == 'Example.com'", Some("R238")),
            ("'Example.com' != email.domain", Some("R238")),
            ("email.domain in ['example.com', 'J.example.com']", Some("R238")),
            ("email.domain.contains('Shop')", Some("R238")),
            ("email.domain == 'mail.example.com'", Some("R244")),
            ("email.domain == 'x@example.com'", Some("R244")),
            ("email.domain.lowerAscii() == 'x@example.com'", Some("R244")),
            ("email.domain.startsWith('x@')", Some("R244")),
            ("email.domain.contains('mail.')", None),
            ("email.domain.startsWith('mail.example')", None),
            ("email.domain.endsWith('@example.com')", Some("R244")),
            ("email.domain.endsWith('.example.com')", None),
            ("email.domain.endsWith('.co.uk')", None),
            ("email.domain == 'example.co.uk'", None),
            ("default(email.domain, 'None') == 'None'", None),
            ("default(email.domain, 'None') == 'Nobody'", Some("R238")),
            ("bin.brand == 'Visa'", Some("R238")),
            ("language.primary == 'EN'", Some("R238")),
            ("descriptor == 'Shop'", None),
            ("card.bin == '457173'", None),
            ("card.bin in ['457173', '45717360']", None),
            ("card.bin == '4571'", Some("R245")),
            ("card.bin in ['457173', '457173601']", Some("R245")),
            ("card.bin != '4571-73'", Some("R245")),
            ("card.bin.startsWith('4571')", None),
            ("card.bin.startsWith('4571 73')", Some("R245")),
            ("card.bin.endsWith('457173601')", Some("R245")),
            ("default(card.bin, '') == ''", None),
            ("default(card.bin, 'N/A').lowerAscii() == 'n/a'", None),
        ] {
            let codes = parse("<condition>", condition).err().map(|error| {
                error.all().iter().map(crate::rules::Diagnostic::code).collect::<Vec<_>>()
            });
            assert_eq!(codes, code.map(|code| vec![code]), "{condition}");
        }
    }
}
