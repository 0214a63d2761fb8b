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
//! Rejected: choosing the two best sales first and intersecting their elements after. Three sales of
//! which only one pair shares the same elements would be missed.

mod element;
mod pair;
mod report;
mod rules;
mod sale;

pub use element::{Address, Element, Elements};
pub use report::{Action, Bar, Bars, Candidate, Pair, Report, Verdict};
pub use rules::{Profile, Version};
pub use sale::{Goods, Sale};

use super::packet::{CaseFile, OtherSale};
use super::rulebook::{Day, Rulebook};
use crate::domain::{Dispute, Text};
use rules::Ages;
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
    let disputed = Sale::recorded(sale, &case.events);
    // Each is read when it is compared: a long history is never in memory a second time.
    let by_id = |id: &str| {
        let is_it = |other: &&OtherSale| other.transaction.transaction_id.as_str() == id;
        case.other_sales.iter().find(is_it).map(Sale::of)
    };
    let earlier = case.other_sales.iter();
    let others = earlier.filter(|o| o.transaction.transaction_id != sale.transaction_id);
    Ok(judge(&claim, &disputed, others.map(Sale::of), by_id))
}

/// Evaluates a dispute: holds each earlier sale against the disputed one, and looks for a pair.
///
/// The disputed sale itself among `earlier` is skipped. Adding sales never loses a verdict; their order
/// changes nothing but the order of the candidates.
///
/// Cost: O(sales) and one allocation; 64 sets of elements are compared for the pair.
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
    let by_id = |id: &str| earlier.iter().find(|sale| sale.id == id).cloned();
    let others = earlier.iter().filter(|sale| sale.id != disputed.id).cloned();
    Ok(judge(claim, disputed, others, by_id))
}

fn judge<'a>(
    claim: &Claim<'_>,
    disputed: &Sale<'a>,
    others: impl Iterator<Item = Sale<'a>>,
    by_id: impl Fn(&str) -> Option<Sale<'a>>,
) -> Report<'a> {
    let version = Version::on(claim.processed);
    let (recorded, valid) = (disputed.recorded_elements(), disputed.valid_elements());
    let mut candidates: Vec<Candidate<'a>> = Vec::with_capacity(others.size_hint().1.unwrap_or(0));
    candidates
        .extend(others.map(|sale| candidate((claim, version), disputed, (recorded, valid), &sale)));
    let pairs = pair::choose(version, &candidates);
    let verdict = |pair: Option<Pair<'a>>, profile| {
        let Some(pair) = pair else { return Verdict::NotQualified };
        let sales = pair.transactions.map(&by_id);
        let actions = actions(profile, disputed, sales.iter().flatten());
        if actions.is_empty() {
            Verdict::Qualified { pair }
        } else {
            Verdict::RequiresAction { pair, actions }
        }
    };
    let [visa, stripe] = pairs;
    Report {
        version,
        visa: verdict(visa, Profile::Visa),
        stripe: verdict(stripe, Profile::Stripe),
        sale_lacks: Elements::numbered(Elements::SETS - 1).minus(recorded),
        sale_malformed: recorded.minus(valid),
        candidates,
    }
}

/// An earlier sale, held against the disputed one.
fn candidate<'a>(
    (claim, version): (&Claim<'_>, Version),
    disputed: &Sale<'a>,
    (recorded, valid): (Elements, Elements),
    sale: &Sale<'a>,
) -> Candidate<'a> {
    let ages = Ages::of(claim, disputed, sale);
    let kinship = rules::Kinship::of(version, disputed, sale);
    let bars = |profile| rules::bars(profile, version, ages, kinship, sale);
    let equal = disputed.equal_elements(sale);
    let theirs = sale.recorded_elements();
    let counting = valid.and(sale.counting_beside(equal, valid));
    let shared = equal.and(counting);
    let inherited = if sale.merchant_initiated || disputed.merchant_initiated {
        shared.and(OF_THE_BROWSER)
    } else {
        Elements::default()
    };
    Candidate {
        transaction_id: sale.id,
        age_at_dispute_days: ages.at_dispute,
        age_at_sale_days: ages.at_sale,
        shared,
        missing: recorded.minus(theirs),
        differs: counting.minus(equal),
        malformed: recorded.and(theirs).minus(counting),
        inherited,
        same_network: !equal.has(Element::Ip) && disputed.is_in_network_of(sale),
        visa_bars: bars(Profile::Visa),
        stripe_bars: bars(Profile::Stripe),
        is_safe: ages.are_safe(),
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
mod tests;
