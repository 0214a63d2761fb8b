//! What a rule lacks or decides by, apart from its logic: date, tests, owner, notes, fields.

use super::finding::Check;
use super::region::{Cell, Region};
use super::set::{Set, can_be_missing};
use super::space::{Space, Subject, plain_field};
use super::{Findings, at_part, equal_before};
use crate::domain::{RuleAction, RuleMode, Timestamp};
use crate::features::{FieldId, Kind, Origin, Stage, fields as f};
use crate::rules::compiled::alternatives;
use crate::rules::{Comparison, Expr, FieldRef, Operand, Rule, Truth};
use std::collections::BTreeSet;

/// A date nearer than this is told.
const SOON_MS: i64 = 14 * crate::domain::DAY_MS;

/// Fields that say what is bought where, not who buys: a country beside them is still alone.
const CIRCUMSTANCES: &[FieldId] = &[
    f::TYPE,
    f::EVENT_TIME,
    f::SELLER_ID,
    f::MERCHANT_ACCOUNT,
    f::DESCRIPTOR,
    f::AMOUNT,
    f::AMOUNT_EUR,
    f::AMOUNT_USD,
    f::AMOUNT_PER_UNIT_EUR,
    f::AMOUNT_ROUND,
    f::EUR_RATE,
    f::ITEM_COUNT,
    f::ITEMS_MAX_PRICE_EUR,
    f::ITEMS_DISTINCT_SKUS,
    f::DISCOUNT_SHARE,
    f::HOUR_UTC,
    f::PRICE_REGION,
    f::PAYMENT_METHOD,
    f::PAYMENT_PROCESSOR,
    f::SUBSCRIPTION_PLAN,
    f::SUBSCRIPTION_INTERVAL,
    f::SUBSCRIPTION_INTERVAL_DAYS,
    f::FULFILMENT_METHOD,
    f::TERMS_VERSION,
];

/// Looks at one rule. A rule that is off does nothing, so only its condition is of interest.
pub(super) fn look(
    rule: &Rule,
    region: Option<&Region>,
    space: &Space,
    now: Timestamp,
    found: &mut Findings<'_>,
) {
    if alternatives(&rule.when).is_none() {
        let message = format!("the condition of `{}` has more than 64 alternatives", rule.id);
        found.add(Check::TooManyAlternatives, rule, message);
    }
    if rule.mode == RuleMode::Off {
        return;
    }
    dates(rule, now, found);
    tests(rule, found);
    notes(rule, found);
    fields(rule, found);
    negations(rule, region, space, found);
    if let Some(region) = region {
        decides_by(rule, region, space, found);
    }
}

fn dates(rule: &Rule, now: Timestamp, found: &mut Findings<'_>) {
    let id = &rule.id;
    match rule.expires {
        Some(end) if rule.expired(now) => {
            found.add(
                Check::Expired,
                rule,
                format!("`{id}` has not acted since {}", end.date_text()),
            );
        }
        Some(end) if end.millis_since(now) < SOON_MS => {
            found.add(
                Check::ExpiresSoon,
                rule,
                format!("`{id}` stops acting on {}", end.date_text()),
            );
        }
        None if rule.effect.action() == RuleAction::Allow => {
            found.add(Check::AllowForever, rule, format!("`{id}` allows without an end"));
        }
        _ => {}
    }
}

fn tests(rule: &Rule, found: &mut Findings<'_>) {
    let id = &rule.id;
    let matches =
        |matching: bool| rule.tests.iter().any(|case| (case.expect == Truth::True) == matching);
    if rule.tests.is_empty() {
        found.add(Check::NoTest, rule, format!("`{id}` has no test"));
    } else if !matches(true) {
        found.add(Check::NoMatchingTest, rule, format!("no test of `{id}` expects a match"));
    } else if !matches(false) {
        found.add(Check::NoOtherTest, rule, format!("every test of `{id}` expects a match"));
    }
}

fn notes(rule: &Rule, found: &mut Findings<'_>) {
    let id = &rule.id;
    if rule.notes.owner.is_none() {
        found.add(Check::NoOwner, rule, format!("`{id}` has no owner"));
    }
    if rule.notes.what.is_none() {
        found.add(Check::NoWhat, rule, format!("`{id}` does not say what it flags"));
    }
    if rule.notes.known_false_positives.is_none() {
        let message = format!("`{id}` does not say which good buyers it may catch");
        found.add(Check::NoFalsePositives, rule, message);
    }
}

fn fields(rule: &Rule, found: &mut Findings<'_>) {
    let fields = rule.when.fields();
    for id in fields.iter().filter_map(catalogued) {
        if id.field().origin == Origin::Own {
            let message =
                format!("`{}` reads `{}`, which counts our own blocks", rule.id, id.field().name);
            found.add(Check::OwnAction, rule, message);
        }
    }
    let allows = rule.effect.action() == RuleAction::Allow;
    if allows && !fields.iter().any(says_who) {
        found.add(
            Check::AllowAnybody,
            rule,
            format!("`{}` allows whoever fits, known or not", rule.id),
        );
    }
}

fn catalogued(field: &FieldRef) -> Option<FieldId> {
    match field {
        FieldRef::Catalogue(id) => Some(*id),
        FieldRef::Custom(_) => None,
    }
}

/// True of a field that limits a rule to somebody: an identity, or the history of one. A member of
/// `custom` may be one.
fn says_who(field: &FieldRef) -> bool {
    let Some(id) = catalogued(field) else { return true };
    let name = id.field().name;
    let of = |owner: &&str| {
        let rest = name.strip_prefix(*owner);
        rest.is_some_and(|rest| rest.starts_with('_') || rest.ends_with("first_seen_h"))
    };
    let history = ["account", "card", "email", "device", "wallet"].iter().any(of);
    let identities = [f::ACCOUNT_ID, f::DEVICE_DEVICE_ID, f::DEVICE_IP];
    id.field().personal || history || identities.contains(&id)
}

/// Negated tests of fields that may be missing, where nothing says that this was thought of.
fn negations(rule: &Rule, region: Option<&Region>, space: &Space, found: &mut Findings<'_>) {
    let mut negated = Vec::new();
    collect_negated(&rule.when, true, &mut negated);
    let mut asked = BTreeSet::new();
    collect_asked(&rule.when, &mut asked);
    let tested = |field: &FieldRef| {
        let unknown = |case: &&crate::rules::Case| {
            case.expect != Truth::True && field.value(&case.given).is_missing()
        };
        rule.tests.iter().filter(unknown).any(|case| case.expect == Truth::Unknown)
    };
    let mut told = BTreeSet::new();
    for (field, leaf) in negated {
        let optional = catalogued(field).is_none_or(can_be_missing);
        if told.len() == super::MAX_FINDINGS {
            break; // finding a place in the file takes time
        }
        if optional && !asked.contains(field) && !tested(field) && told.insert(field) {
            let written = match leaf {
                Expr::Compare(..) => format!("`{leaf}`"),
                leaf => format!("a negated `{leaf}`"),
            };
            // Beside an alternative the rule may match all the same.
            let needed = region.is_some_and(|region| needs(region, field, space));
            let so = if needed {
                format!(", so `{}` does not match there", rule.id)
            } else {
                String::new()
            };
            let message = format!("{written} is unknown where `{field}` is missing{so}");
            found.add_at(
                Check::SilentNegation,
                rule,
                at_part(rule, leaf, equal_before(&rule.when, leaf)),
                message,
            );
        }
    }
}

/// True where no record without the field makes the condition true.
fn needs(region: &Region, field: &FieldRef, space: &Space) -> bool {
    let Some(key) = space.key_of(field) else { return false };
    region.cells().iter().all(|cell| cell.get(key).is_some_and(|set| !set.missing))
}

/// Tests of a field and a constant that are wanted false, or that ask for another value.
fn collect_negated<'e>(
    condition: &'e Expr,
    wanted: bool,
    into: &mut Vec<(&'e FieldRef, &'e Expr)>,
) {
    let operand = match condition {
        Expr::Not(inner) => return collect_negated(inner, !wanted, into),
        Expr::And(parts) | Expr::Or(parts) => {
            return parts.iter().for_each(|part| collect_negated(part, wanted, into));
        }
        Expr::Compare(Comparison::Equal, operand, Operand::Literal(_)) if !wanted => operand,
        Expr::Compare(Comparison::NotEqual, operand, Operand::Literal(_)) if wanted => operand,
        Expr::Holds(operand)
        | Expr::In(operand, _)
        | Expr::InNetwork(operand, _)
        | Expr::Text(_, operand, _)
        | Expr::Matches(operand, _)
            if !wanted =>
        {
            operand
        }
        _ => return,
    };
    into.extend(plain_field(operand).map(|field| (field, condition)));
}

/// Fields of which the condition asks whether they are known, or says what to take if not.
fn collect_asked<'e>(condition: &'e Expr, into: &mut BTreeSet<&'e FieldRef>) {
    let mut operand = |mut operand: &'e Operand| {
        while let Operand::Derived(_, of) = operand {
            operand = of;
        }
        if let Operand::Default(field, _) = operand {
            into.insert(field);
        }
    };
    match condition {
        Expr::Not(inner) => collect_asked(inner, into),
        Expr::And(parts) | Expr::Or(parts) => {
            for part in parts {
                collect_asked(part, into);
            }
        }
        Expr::Has(field) => {
            into.insert(field);
        }
        Expr::Compare(_, left, right) => {
            operand(left);
            operand(right);
        }
        Expr::Holds(one)
        | Expr::In(one, _)
        | Expr::InNetwork(one, _)
        | Expr::Text(_, one, _)
        | Expr::Matches(one, _) => operand(one),
        _ => {}
    }
}

/// What must be so wherever the rule matches.
fn decides_by(rule: &Rule, region: &Region, space: &Space, found: &mut Findings<'_>) {
    let acts = rule.effect.action() != RuleAction::Tag;
    if acts && region.cells().iter().any(|cell| by_country_alone(cell, space)) {
        let message = format!("`{}` decides by country and nothing else about the buyer", rule.id);
        found.add(Check::CountryAlone, rule, message);
    }
    let mut asked = BTreeSet::new();
    collect_asked(&rule.when, &mut asked);
    for (key, set) in region.bounds(space) {
        if let Some(Subject::Field(field @ FieldRef::Catalogue(id))) = space.subject(key)
            && !asked.contains(field)
            && id.field().stage == Stage::After
            && !set.missing
        {
            let message = format!(
                "`{}` needs `{}`, which is known only after authorization",
                rule.id,
                id.field().name
            );
            found.add(Check::AfterAuthorization, rule, message);
        }
    }
}

/// True where the cell limits a country to some, and nothing else that tells buyers apart.
fn by_country_alone(cell: &Cell, space: &Space) -> bool {
    let mut by_country = false;
    for (key, set) in cell.sets() {
        let fields = match space.subject(key) {
            Some(Subject::Field(field)) => {
                let any_known = space.everything(key).is_some_and(|all| {
                    Set { missing: false, ..all.clone() }.without(set).is_empty()
                });
                if any_known { BTreeSet::new() } else { BTreeSet::from([field.clone()]) }
            }
            Some(Subject::Computed(value)) => value.field().cloned().into_iter().collect(),
            Some(Subject::Test(leaf)) => leaf.fields(),
            None => return false,
        };
        let circumstance = |field: &FieldRef| matches!(field, FieldRef::Catalogue(id) if CIRCUMSTANCES.contains(id));
        let mut telling = fields.iter().filter(|field| !circumstance(field));
        match (telling.next(), telling.next()) {
            (None, _) => {}
            (Some(FieldRef::Catalogue(id)), None) if id.field().kind == Kind::Country => {
                // Two countries that agree or not are no country.
                if fields.len() > 1 {
                    return false;
                }
                by_country = true;
            }
            _ => return false,
        }
    }
    by_country
}
