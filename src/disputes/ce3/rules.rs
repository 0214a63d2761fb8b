//! The two versions of Visa's rule and the two readings of it, as numbers.
//!
//! Sources: Visa rules of 18 April 2026 as paraphrased (version 1), announcements of the version of
//! 24 October 2026 (secondary), Stripe's documentation of Visa CE 3.0 (primary). Where Stripe's pages
//! differ (120 to 364 days, or 119 to 366 exclusive) the narrower window is taken.

use super::Claim;
use super::element::{Element, Elements};
use super::report::{Bar, Bars};
use super::sale::Sale;
use crate::disputes::rulebook::Day;
use serde::Serialize;

/// Which text of the rule holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Version {
    /// Disputes processed up to 23 October 2026.
    UntilOctober2026,
    /// Disputes processed from 24 October 2026 on.
    FromOctober2026,
}

/// Days since 1970 of 2026-10-24, the first of the second version.
const SECOND_VERSION: i64 = 20_750;

impl Version {
    /// The version for a dispute processed on a day.
    pub fn on(processed: Day) -> Self {
        if processed.number() < SECOND_VERSION {
            Self::UntilOctober2026
        } else {
            Self::FromOctober2026
        }
    }
}

/// Whose reading of the rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// Visa's own text.
    Visa,
    /// What Stripe's interface takes.
    Stripe,
}

impl Profile {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Visa, Self::Stripe];
}

/// Elements that anchor a match: at least one of them must be shared.
const ANCHORS: Elements =
    Elements::of(&[Element::Ip, Element::DeviceId, Element::DeviceFingerprint]);

/// Least and greatest age of an earlier sale in days, both included.
const VISA_AGE: (i64, i64) = (121, 365);
const STRIPE_AGE: (i64, i64) = (120, 364);
/// What every reading takes, at either date.
const SAFE_AGE: (i64, i64) = (121, 364);

/// How many elements a profile counts in a set. Device id and fingerprint are one, except in the
/// first version of Visa's text, which lists them apart.
pub(super) fn count(profile: Profile, version: Version, set: Elements) -> u32 {
    let counted = match profile {
        Profile::Visa => set.minus(Elements::of(&[Element::Email])),
        Profile::Stripe => set,
    };
    let both_devices = set.has(Element::DeviceId) && set.has(Element::DeviceFingerprint);
    let apart = (profile, version) == (Profile::Visa, Version::UntilOctober2026);
    counted.len() - u32::from(both_devices && !apart)
}

/// How many more elements a set needs: two, one of them an anchor.
pub(super) fn short(profile: Profile, version: Version, set: Elements) -> u32 {
    let anchored = !set.and(ANCHORS).is_empty();
    let missing = 2_u32.saturating_sub(count(profile, version, set));
    if anchored { missing } else { missing.max(1) }
}

/// Ages of an earlier sale.
#[expect(clippy::struct_field_names, reason = "each says at which day")]
#[derive(Debug, Clone, Copy)]
pub(super) struct Ages {
    /// Days before the dispute was processed.
    pub(super) at_dispute: i64,
    /// Days before the dispute was submitted.
    pub(super) at_submission: i64,
    /// Days before the disputed sale.
    pub(super) at_sale: i64,
}

impl Ages {
    /// Of a sale of a day, the disputed one being of another.
    pub(super) fn of(claim: &Claim<'_>, disputed: Day, earlier: Day) -> Self {
        Self {
            at_dispute: claim.processed.days_since(earlier),
            at_submission: claim.submitted.days_since(earlier),
            at_sale: disputed.days_since(earlier),
        }
    }

    /// What they say against an earlier sale under a profile. An original credit has no least age.
    pub(super) fn bars(self, profile: Profile, version: Version, is_original_credit: bool) -> Bars {
        let mut bars = Bars::default();
        let (age, least) = self.youngest(profile, version);
        if age < least && !is_original_credit {
            bars.insert(Bar::TooNew);
        }
        let (age, most) = self.oldest(profile);
        if age > most {
            bars.insert(Bar::TooOld);
        }
        bars
    }

    /// Whether every reading of the window takes it.
    pub(super) fn are_safe(self) -> bool {
        let within = |age| (SAFE_AGE.0..=SAFE_AGE.1).contains(&age);
        within(self.at_dispute) && within(self.at_submission) && within(self.at_sale)
    }

    /// The age a profile's lower limit is about, and that limit.
    fn youngest(self, profile: Profile, version: Version) -> (i64, i64) {
        match (profile, version) {
            (Profile::Visa, Version::UntilOctober2026) => (self.at_dispute, VISA_AGE.0),
            (Profile::Visa, Version::FromOctober2026) => (self.at_submission, VISA_AGE.0),
            (Profile::Stripe, _) => (self.at_sale, STRIPE_AGE.0),
        }
    }

    /// The age a profile's upper limit is about, and that limit.
    fn oldest(self, profile: Profile) -> (i64, i64) {
        match profile {
            Profile::Visa => (self.at_dispute, VISA_AGE.1),
            Profile::Stripe => (self.at_sale, STRIPE_AGE.1),
        }
    }
}

/// What speaks against an earlier sale under a profile, its day and its elements aside.
pub(super) fn bars(
    profile: Profile,
    version: Version,
    disputed: &Sale<'_>,
    earlier: &Sale<'_>,
) -> Bars {
    let mut bars = earlier.bars;
    match same_card(version, disputed, earlier) {
        Some(true) => {}
        Some(false) => bars.insert(Bar::OtherCard),
        None => bars.insert(Bar::CardUnknown),
    }
    let one_merchant = (profile, version) != (Profile::Visa, Version::FromOctober2026);
    if one_merchant && differ(disputed.merchant, earlier.merchant) {
        bars.insert(Bar::OtherMerchant);
    }
    if differ(disputed.acquirer, earlier.acquirer) {
        bars.insert(Bar::OtherAcquirer);
    }
    bars
}

/// Whether two sales were paid by the same card; `None` where too little is recorded. The first
/// version takes the same credential only; the second any credential of the card, so that a token
/// joins a card to its replacement.
fn same_card(version: Version, one: &Sale<'_>, other: &Sale<'_>) -> Option<bool> {
    let cards = one.card.zip(other.card).map(|(one, other)| one == other);
    let tokens = one.token.zip(other.token).map(|(one, other)| one == other);
    match version {
        Version::UntilOctober2026 if one.token.is_some() == other.token.is_some() => {
            tokens.map_or(cards, |same| Some(same && cards != Some(false)))
        }
        Version::UntilOctober2026 => Some(false),
        Version::FromOctober2026 => match (cards, tokens) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (None, None) => None,
            _ => Some(false),
        },
    }
}

fn differ(one: Option<&str>, other: Option<&str>) -> bool {
    one.zip(other).is_some_and(|(one, other)| one != other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_version_begins_on_24_october_2026() {
        let day = |text: &str| Day::of(text.parse().unwrap());
        let on = |text| Version::on(day(text));
        assert_eq!(on("2026-10-23T23:59:59Z"), Version::UntilOctober2026);
        assert_eq!(on("2026-10-24T00:00:00Z"), Version::FromOctober2026);
    }

    #[test]
    fn two_elements_one_of_them_an_anchor() {
        use Element as E;
        let (one, two) = (Version::UntilOctober2026, Version::FromOctober2026);
        for (elements, visa_one, visa_two, stripe) in [
            (&[][..], 2, 2, 2),
            (&[E::Ip], 1, 1, 1),
            (&[E::AccountId], 1, 1, 1),
            (&[E::AccountId, E::Address], 1, 1, 1),
            (&[E::AccountId, E::Address, E::Email], 1, 1, 1),
            (&[E::Email], 2, 2, 1),
            (&[E::Ip, E::Email], 1, 1, 0),
            (&[E::Ip, E::AccountId], 0, 0, 0),
            (&[E::Ip, E::DeviceId], 0, 0, 0),
            (&[E::DeviceFingerprint, E::Address], 0, 0, 0),
            (&[E::DeviceId, E::DeviceFingerprint], 0, 1, 1),
            (&[E::DeviceId, E::DeviceFingerprint, E::Email], 0, 1, 0),
        ] {
            let set = Elements::of(elements);
            assert_eq!(short(Profile::Visa, one, set), visa_one, "{set}");
            assert_eq!(short(Profile::Visa, two, set), visa_two, "{set}");
            assert_eq!(short(Profile::Stripe, two, set), stripe, "{set}");
        }
    }
}
