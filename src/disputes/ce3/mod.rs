//! Compelling Evidence 3.0: whether two earlier, undisputed sales move a Visa 10.4 dispute to the issuer.
//!
//! A pure function of the claim, the disputed sale and the earlier sales of its card. Two readings of
//! the rule are evaluated side by side, Visa's text and Stripe's interface, each in the version of the
//! day; a pair that meets both is preferred, because neither reading is ours to decide.
//!
//! Nothing is promised: the issuer judges, and [`Verdict::Qualified`] means that the conditions written
//! down hold on what is recorded. Every earlier sale is reported with what it lacks, so that a merchant
//! learns what to start recording.
//!
//! A sale on a day no reading takes is set aside by its dates and never compared: most of a long history
//! is, and to read the values of a thousand sales is what an evaluation costs.
//!
//! Rejected: choosing the two best sales first and intersecting their elements after. Three sales of
//! which only one pair shares the same elements would be missed.

mod element;
mod pair;
mod report;
mod rules;
mod sale;

pub use element::{Address, Element, Elements};
pub use report::{Action, Bar, Bars, Candidate, Compared, Pair, Report, Verdict};
pub use rules::{Profile, Version};
pub use sale::{Goods, Sale};

use super::packet::CaseFile;
use super::rulebook::{Day, Rulebook};
use crate::domain::{Dispute, Text};
use pair::Chosen;
use rules::Ages;
use sale::Earlier;
use serde::Serialize;

/// The dispute as the rule sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim<'a> {
    /// The network, lower case.
    pub network: &'a str,
    /// The network's code, as sent.
    pub code: &'a str,
    /// The day the dispute was processed, UTC. Decides which version holds.
    pub processed: Day,
    /// The day the issuer submitted it, UTC.
    pub submitted: Day,
}

impl<'a> Claim<'a> {
    /// From a recorded dispute. Processors give one date, when it was opened: it stands for both.
    pub fn of(dispute: &'a Dispute) -> Self {
        let opened = Day::of(dispute.opened_at);
        let network = dispute.network.as_ref().map_or("", Text::as_str);
        Self {
            network: Rulebook::bundled().network(network),
            code: dispute.network_reason_code.as_ref().map_or("", Text::as_str),
            processed: opened,
            submitted: opened,
        }
    }

    /// Whether Compelling Evidence 3.0 is for such a dispute at all.
    pub fn is_eligible(&self) -> bool {
        self.network == "visa" && matches!(self.code.trim(), "10.4" | "1040")
    }
}

/// Why there is nothing to evaluate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NotApplicable {
    /// Another network or code than Visa 10.4.
    OtherClaim,
    /// The disputed sale is not recorded.
    SaleUnknown,
}

/// Evaluates a recorded case.
///
/// # Errors
/// The dispute is of another kind, or its sale is not recorded.
pub fn of_case(case: &CaseFile) -> Result<Report<'_>, NotApplicable> {
    let claim = Claim::of(&case.dispute);
    if !claim.is_eligible() {
        return Err(NotApplicable::OtherClaim);
    }
    let sale = case.transaction.as_ref().ok_or(NotApplicable::SaleUnknown)?;
    Ok(judge(&claim, &Sale::recorded(sale, &case.events), &case.other_sales))
}

/// Evaluates a dispute: holds each earlier sale against the disputed one, and looks for a pair.
///
/// The disputed sale itself among `earlier` is skipped. Adding sales never loses a verdict; their order
/// changes nothing but the order of the candidates.
///
/// Cost: O(sales) and one allocation for the candidates; 64 sets of elements are compared for the pair.
///
/// # Errors
/// The dispute is of another kind.
pub fn evaluate<'a>(
    claim: &Claim<'_>,
    disputed: &Sale<'a>,
    earlier: &[Sale<'a>],
) -> Result<Report<'a>, NotApplicable> {
    if !claim.is_eligible() {
        return Err(NotApplicable::OtherClaim);
    }
    Ok(judge(claim, disputed, earlier))
}

fn judge<'a, 's, T>(claim: &Claim<'_>, disputed: &Sale<'a>, others: &'s [T]) -> Report<'a>
where
    &'s T: Earlier<'a>,
{
    let version = Version::on(claim.processed);
    let (recorded, valid) = (disputed.recorded_elements(), disputed.valid_elements());
    let mut candidates = Vec::with_capacity(others.len());
    for (place, other) in others.iter().enumerate().filter(|(_, other)| other.id() != disputed.id) {
        let mut candidate = dated((claim, version), disputed, place, other);
        if !candidate.is_out_of_time() {
            let sale = other.sale();
            let more = |profile| rules::bars(profile, version, disputed, &sale);
            candidate.visa_bars = candidate.visa_bars.or(more(Profile::Visa));
            candidate.stripe_bars = candidate.stripe_bars.or(more(Profile::Stripe));
            candidate.compared = Some(compared(disputed, (recorded, valid), &sale));
        }
        candidates.push(candidate);
    }
    let [visa, stripe] = pair::choose(version, &candidates);
    let verdict = |chosen: Option<Chosen<'a>>, profile| {
        let Some(Chosen { pair, places }) = chosen else { return Verdict::NotQualified };
        let sales = places.map(|place| others.get(place).map(Earlier::sale));
        let actions = actions(profile, disputed, sales.iter().flatten());
        if actions.is_empty() {
            Verdict::Qualified { pair }
        } else {
            Verdict::RequiresAction { pair, actions }
        }
    };
    Report {
        version,
        visa: verdict(visa, Profile::Visa),
        stripe: verdict(stripe, Profile::Stripe),
        sale_lacks: Elements::numbered(Elements::SETS - 1).minus(recorded),
        sale_malformed: recorded.minus(valid),
        candidates,
    }
}

/// An earlier sale with what its day alone says.
fn dated<'a>(
    (claim, version): (&Claim<'_>, Version),
    disputed: &Sale<'a>,
    place: usize,
    other: impl Earlier<'a>,
) -> Candidate<'a> {
    let ages = Ages::of(claim, disputed.day, other.day());
    let bars = |profile| ages.bars(profile, version, other.original_credit());
    Candidate {
        transaction_id: other.id(),
        age_at_dispute_days: ages.at_dispute,
        age_at_sale_days: ages.at_sale,
        compared: None,
        visa_bars: bars(Profile::Visa),
        stripe_bars: bars(Profile::Stripe),
        is_safe: ages.are_safe(),
        place,
    }
}

/// An earlier sale's values, held against those of the disputed one.
fn compared(
    disputed: &Sale<'_>,
    (recorded, valid): (Elements, Elements),
    sale: &Sale<'_>,
) -> Compared {
    let equal = disputed.equal_elements(sale);
    let theirs = sale.recorded_elements();
    let counting = valid.and(sale.counting_beside(equal, valid));
    let shared = equal.and(counting);
    let inherited = if sale.merchant_initiated || disputed.merchant_initiated {
        shared.and(OF_THE_BROWSER)
    } else {
        Elements::default()
    };
    Compared {
        shared,
        missing: recorded.minus(theirs),
        differs: counting.minus(equal),
        malformed: recorded.and(theirs).minus(counting),
        inherited,
        same_network: !equal.has(Element::Ip) && disputed.is_in_network_of(sale),
    }
}

/// What a payment the merchant starts cannot have of its own.
const OF_THE_BROWSER: Elements =
    Elements::of(&[Element::Ip, Element::DeviceId, Element::DeviceFingerprint]);

/// Whether Stripe takes a reference for a charge; that of a payment intent (`pi_`) costs the whole answer.
fn is_charge(reference: &str) -> bool {
    reference.starts_with("ch_") || reference.starts_with("py_")
}

/// What is to be added to the three sales before they can be sent.
fn actions<'a, 's>(
    profile: Profile,
    disputed: &Sale<'a>,
    pair: impl Iterator<Item = &'s Sale<'a>>,
) -> Vec<Action<'a>>
where
    'a: 's,
{
    let mut actions = Vec::new();
    if !disputed.described {
        actions.push(Action::Description(disputed.id));
    }
    if profile == Profile::Stripe && disputed.goods.is_none() {
        actions.push(Action::MerchandiseOrServices(disputed.id));
    }
    for sale in pair {
        if !sale.described {
            actions.push(Action::Description(sale.id));
        }
        if profile == Profile::Stripe && !sale.charge.is_some_and(is_charge) {
            actions.push(Action::Charge(sale.id));
        }
    }
    actions
}

#[cfg(test)]
mod oracle;
#[cfg(test)]
mod tests;
