//! The rule read sale by sale and pair by pair, with nothing set aside: what [`evaluate`] must agree with.

use super::element::{is_public, is_recognisable, same_network};
use super::*;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Values of a sale as they are compared, and whether each counts.
fn values(sale: &Sale<'_>) -> BTreeMap<&'static str, (String, bool)> {
    let mut values = BTreeMap::new();
    let mut put = |element: Element, text: Option<String>, counts: bool| {
        if let Some(text) = text {
            values.insert(element.word(), (text, counts));
        }
    };
    let own = |text: Option<&str>| text.map(str::to_owned);
    let chars = |text: Option<&str>| text.map_or(0, |text| text.chars().count());
    let ip = sale.ip.map(|ip| ip.to_canonical().to_string());
    put(Element::Ip, ip, sale.ip.is_some_and(is_public));
    put(Element::DeviceId, own(sale.device_id), chars(sale.device_id) >= 15);
    let fingerprint = sale.device_fingerprint;
    put(Element::DeviceFingerprint, own(fingerprint), chars(fingerprint) >= 20);
    put(Element::AccountId, own(sale.account_id), sale.account_id.is_some_and(is_recognisable));
    let email = sale.email.map(|email| email.trim().to_lowercase());
    put(Element::Email, email, sale.email.is_some_and(|email| email.contains('@')));
    let parts = sale.address.map(|a| [a.street, a.city, a.region, a.postal_code, a.country]);
    let lines = parts.map(|parts| parts.map(|part| part.trim().to_lowercase()).join("\n"));
    put(Element::Address, lines, parts.is_some_and(|p| p.iter().all(|part| !part.is_empty())));
    values
}

fn set(holds: impl Fn(&str) -> bool) -> Elements {
    let elements: Vec<Element> = Element::ALL.into_iter().filter(|e| holds(e.word())).collect();
    Elements::of(&elements)
}

fn comparison(disputed: &Sale<'_>, sale: &Sale<'_>) -> Compared {
    let (ours, theirs) = (values(disputed), values(sale));
    let both = |word: &str| Some((ours.get(word)?, theirs.get(word)?));
    let copied = disputed.merchant_initiated || sale.merchant_initiated;
    let is_shared =
        |word: &str| both(word).is_some_and(|(one, other)| one == other && one.1 && other.1);
    let browser = ["ip", "device_id", "device_fingerprint"];
    Compared {
        shared: set(is_shared),
        missing: set(|word| ours.contains_key(word) && !theirs.contains_key(word)),
        differs: set(|word| both(word).is_some_and(|(a, b)| a.1 && b.1 && a.0 != b.0)),
        malformed: set(|word| both(word).is_some_and(|(a, b)| !(a.1 && b.1))),
        inherited: set(|word| copied && browser.contains(&word) && is_shared(word)),
        same_network: disputed
            .ip
            .zip(sale.ip)
            .is_some_and(|(a, b)| a.to_canonical() != b.to_canonical() && same_network(a, b)),
    }
}

fn is_one_card(version: Version, one: &Sale<'_>, other: &Sale<'_>) -> Option<bool> {
    let cards = one.card.is_some() && other.card.is_some();
    let tokens = one.token.is_some() && other.token.is_some();
    let (same_card, same_token) = (one.card == other.card, one.token == other.token);
    if version == Version::FromOctober2026 {
        return (cards || tokens).then_some(cards && same_card || tokens && same_token);
    }
    match (one.token, other.token) {
        (None, Some(_)) | (Some(_), None) => Some(false),
        (Some(_), Some(_)) => Some(same_token && (!cards || same_card)),
        (None, None) => cards.then_some(same_card),
    }
}

fn bars(
    (claim, version): (&Claim<'_>, Version),
    profile: Profile,
    disputed: &Sale<'_>,
    sale: &Sale<'_>,
) -> (Bars, Bars) {
    let (mut of_age, mut other) = (Bars::default(), sale.bars);
    let age = |day: Day| day.number() - sale.day.number();
    let (too_new, too_old) = match profile {
        Profile::Stripe => (age(disputed.day) < 120, age(disputed.day) > 364),
        Profile::Visa => {
            let second = version == Version::FromOctober2026;
            let from = if second { claim.submitted } else { claim.processed };
            (age(from) <= 120, age(claim.processed) > 365)
        }
    };
    if too_new && !sale.original_credit {
        of_age.insert(Bar::TooNew);
    }
    if too_old {
        of_age.insert(Bar::TooOld);
    }
    match is_one_card(version, disputed, sale) {
        None => other.insert(Bar::CardUnknown),
        Some(false) => other.insert(Bar::OtherCard),
        Some(true) => {}
    }
    let differ =
        |one: Option<&str>, two: Option<&str>| one.is_some() && two.is_some() && one != two;
    let any_merchant = profile == Profile::Visa && version == Version::FromOctober2026;
    if differ(disputed.merchant, sale.merchant) && !any_merchant {
        other.insert(Bar::OtherMerchant);
    }
    if differ(disputed.acquirer, sale.acquirer) {
        other.insert(Bar::OtherAcquirer);
    }
    (of_age, other)
}

fn meets(version: Version, profile: Profile, set: Elements) -> bool {
    let has = |element| u32::from(set.has(element));
    let ids = [has(Element::DeviceId), has(Element::DeviceFingerprint)];
    let apart = profile == Profile::Visa && version == Version::UntilOctober2026;
    let devices = if apart { ids[0] + ids[1] } else { ids[0].max(ids[1]) };
    let email = if profile == Profile::Stripe { has(Element::Email) } else { 0 };
    let anchors = has(Element::Ip) + devices;
    anchors >= 1 && anchors + has(Element::AccountId) + has(Element::Address) + email >= 2
}

/// The best pair among all pairs a test lets through.
fn best<'a>(
    version: Version,
    profiles: &[Profile],
    candidates: &[Candidate<'a>],
    takes: impl Fn(&Candidate<'_>) -> bool,
) -> Option<Chosen<'a>> {
    let free: Vec<&Candidate<'a>> = candidates
        .iter()
        .filter(|c| takes(c) && profiles.iter().all(|profile| c.bars(*profile).is_empty()))
        .collect();
    let mut pairs = Vec::new();
    for (at, one) in free.iter().enumerate() {
        for other in &free[at + 1..] {
            let same = |c: &Candidate<'a>| (c.age_at_dispute_days, c.transaction_id);
            let shared = one.compared.unwrap().shared.and(other.compared.unwrap().shared);
            if same(one) == same(other) || !profiles.iter().all(|p| meets(version, *p, shared)) {
                continue;
            }
            let device = shared.has(Element::DeviceId) || shared.has(Element::DeviceFingerprint);
            let key = |c: &Candidate<'a>| ((c.age_at_dispute_days - 200).abs(), c.transaction_id);
            let mut nearest = [key(one), key(other)];
            nearest.sort_unstable();
            let rank =
                (Reverse((shared.len(), shared.has(Element::Ip) && device)), shared.number());
            let mut two = [*one, *other];
            two.sort_by_key(|c| (c.age_at_dispute_days, c.transaction_id));
            pairs.push((rank, nearest, shared, two));
        }
    }
    pairs.sort_by_key(|(rank, nearest, ..)| (*rank, *nearest));
    let (_, _, shared, two) = pairs.first()?;
    let [one, other] = two.map(|c| c.compared.unwrap().inherited);
    Some(Chosen {
        pair: Pair {
            transactions: two.map(|c| c.transaction_id),
            shared: *shared,
            inherited: one.or(other).and(*shared),
            meets_both: profiles.len() == 2,
        },
        places: two.map(|c| c.place),
    })
}

/// [`evaluate`], slowly.
pub(super) fn report<'a>(
    claim: &Claim<'_>,
    disputed: &Sale<'a>,
    earlier: &[Sale<'a>],
) -> Report<'a> {
    let version = Version::on(claim.processed);
    let mut candidates = Vec::new();
    for (place, sale) in earlier.iter().enumerate().filter(|(_, sale)| sale.id != disputed.id) {
        let of = |profile| bars((claim, version), profile, disputed, sale);
        let [visa, stripe] = Profile::ALL.map(of);
        let aside = !visa.0.is_empty() && !stripe.0.is_empty();
        let bars = |(age, other): (Bars, Bars)| if aside { age } else { age.or(other) };
        let ages =
            [claim.processed, claim.submitted, disputed.day].map(|day| day.days_since(sale.day));
        candidates.push(Candidate {
            transaction_id: sale.id,
            age_at_dispute_days: ages[0],
            age_at_sale_days: ages[2],
            compared: (!aside).then(|| comparison(disputed, sale)),
            visa_bars: bars(visa),
            stripe_bars: bars(stripe),
            is_safe: ages.iter().all(|age| (121..=364).contains(age)),
            place,
        });
    }
    let both = best(version, &Profile::ALL, &candidates, |c| c.is_safe)
        .or_else(|| best(version, &Profile::ALL, &candidates, |_| true));
    let verdict = |profile| {
        let own = || best(version, &[profile], &candidates, |_| true);
        let Some(chosen) = both.clone().or_else(own) else { return Verdict::NotQualified };
        let sales = chosen.places.map(|place| earlier[place]);
        let actions = actions(profile, disputed, sales.iter());
        if actions.is_empty() {
            return Verdict::Qualified { pair: chosen.pair };
        }
        Verdict::RequiresAction { pair: chosen.pair, actions }
    };
    let ours = values(disputed);
    Report {
        version,
        visa: verdict(Profile::Visa),
        stripe: verdict(Profile::Stripe),
        sale_lacks: set(|word| !ours.contains_key(word)),
        sale_malformed: set(|word| ours.get(word).is_some_and(|(_, counts)| !counts)),
        candidates,
    }
}
