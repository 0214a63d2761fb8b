//! Monitoring ratios of this month, and where they end.
//!
//! VAMP: fraud reports and disputes over the sales of the month; ECM: disputes over the sales of the month
//! before. Counted from what is recorded, so a ratio is marked as a lower bound where no fraud report was ever
//! received: a merchant without that feed does not see what the network sees. A sale that was recorded as
//! paid counts; so does one whose outcome nobody recorded, which makes the ratio lower still.
//!
//! The forecast takes the month's pace. Rejected: a model of weekdays; a month has too few disputes for one.

use super::calendar::Month;
use super::network_of;
use crate::disputes::rulebook::{Day, Price, Programme, Rulebook, SalesOf};
use crate::domain::{Dispute, DisputeStage, DisputeStatus, Text, Timestamp, Transaction};
use rust_decimal::Decimal;
use serde::Serialize;
use std::collections::BTreeMap;

/// Shares of a threshold at which somebody is told, in percent.
const ALARMS: [u64; 4] = [50, 75, 90, 100];
/// A price of items is asked from this share of the threshold on, in percent.
const NEAR: u64 = 50;

/// What is counted for a month: by network.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sales {
    /// Card-absent sales.
    pub sales: BTreeMap<String, u64>,
    /// False where there were more than are read.
    pub whole: bool,
}

impl Sales {
    /// Counts a sale by a card of a network that is known.
    pub fn add(&mut self, sale: &Transaction) {
        if let Some(network) = network_of(sale) {
            *self.sales.entry(network.to_owned()).or_default() += 1;
        }
    }
}

/// Where a merchant stands in a programme.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Standing {
    /// The programme.
    pub programme: String,
    /// The network.
    pub network: String,
    /// The month, e.g. `2026-11`.
    pub month: String,
    /// Disputes of the month.
    pub disputes: u64,
    /// Fraud reports of the month; absent where the programme does not count them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warnings: Option<u64>,
    /// Sales it is divided by.
    pub sales: u64,
    /// Basis points; absent without sales.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ratio_bp: Option<u64>,
    /// Items at the month's end, at the pace so far.
    pub forecast_items: u64,
    /// Basis points at the month's end; absent without sales.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forecast_bp: Option<u64>,
    /// The thresholds; both must be reached.
    pub limit_bp: u32,
    /// See `limit_bp`.
    pub limit_items: u32,
    /// How far the forecast is on the way to both thresholds: the last of 50, 75, 90 and 100 percent passed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alarm_percent: Option<u64>,
    /// True where the real ratio may be higher: no fraud report was ever received.
    pub lower_bound: bool,
    /// False where there are more sales than are read, so that the ratio is too high.
    pub whole: bool,
    /// What one item less is worth now.
    #[serde(skip)]
    pub item_price: Price,
    /// Where the thresholds were read.
    pub source: String,
    /// How far to trust them.
    pub confidence: &'static str,
}

/// What ratios are counted from.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// Every dispute.
    pub disputes: &'a [Dispute],
    /// Fraud reports: network, where known, and time.
    pub warnings: &'a [(Option<String>, Timestamp)],
    /// Sales of this month.
    pub this_month: &'a Sales,
    /// Sales of the month before.
    pub month_before: &'a Sales,
}

/// Where a merchant stands in every programme of the day; `price` of one item instead of the programme's own.
pub fn standings(seen: &Seen<'_>, price: Option<Price>, now: Timestamp) -> Vec<Standing> {
    let programmes = Rulebook::bundled().odds().programmes(Day::of(now));
    programmes.map(|row| standing(row, seen, price.unwrap_or(row.price), now)).collect()
}

fn standing(programme: &Programme, seen: &Seen<'_>, price: Price, now: Timestamp) -> Standing {
    let month = Month::of(now);
    let counts = |dispute: &&Dispute| {
        let network = dispute.network.as_ref().map(Text::as_str).unwrap_or_default();
        // A question moves no money; what was prevented is taken out by the network.
        dispute.stage >= DisputeStage::Chargeback
            && dispute.status != DisputeStatus::Prevented
            && Rulebook::bundled().network(network) == programme.network
            && month.contains(dispute.opened_at)
            && dispute.opened_at <= now
    };
    let disputes = length(seen.disputes.iter().filter(counts).count());
    let of_network = |(network, at): &&(Option<String>, Timestamp)| {
        network.as_deref() == Some(programme.network.as_str()) && month.contains(*at) && *at <= now
    };
    let warnings =
        programme.warnings.then(|| length(seen.warnings.iter().filter(of_network).count()));
    let items = disputes + warnings.unwrap_or_default();
    let of = match programme.sales {
        SalesOf::SameMonth => seen.this_month,
        SalesOf::MonthBefore => seen.month_before,
    };
    let sales = of.sales.get(&programme.network).copied().unwrap_or_default();
    let forecast_items = month.at_pace(items, now);
    let forecast_sales = match programme.sales {
        SalesOf::SameMonth => month.at_pace(sales, now),
        SalesOf::MonthBefore => sales,
    };
    let forecast_bp = ratio(forecast_items, forecast_sales);
    let limit_items = needed(programme, forecast_sales);
    Standing {
        programme: programme.id.clone(),
        network: programme.network.clone(),
        month: month.to_string(),
        disputes,
        warnings,
        sales,
        ratio_bp: ratio(items, sales),
        forecast_items,
        forecast_bp,
        limit_bp: programme.ratio_bp,
        limit_items: programme.count,
        alarm_percent: alarm(forecast_items, limit_items),
        lower_bound: programme.warnings && seen.warnings.is_empty(),
        whole: of.whole,
        item_price: Price {
            value: item_price(price.value, forecast_items, limit_items),
            currency: price.currency,
        },
        source: programme.provenance.source.clone(),
        confidence: programme.provenance.confidence.word(),
    }
}

/// So many items reach both thresholds.
fn needed(programme: &Programme, sales: u64) -> u64 {
    let by_ratio = sales.saturating_mul(programme.ratio_bp.into()).div_ceil(10_000);
    by_ratio.max(programme.count.into())
}

fn alarm(items: u64, needed: u64) -> Option<u64> {
    let passed = |percent: &u64| items.saturating_mul(100) >= needed.saturating_mul(*percent);
    ALARMS.into_iter().rfind(passed).filter(|_| needed > 0)
}

fn ratio(items: u64, sales: u64) -> Option<u64> {
    items.saturating_mul(10_000).checked_div(sales)
}

/// What one item less is worth: nothing far below the threshold; the fee of all items, shared among those that
/// would have to go, near it. A forecast is not surer than its own noise, the square root of its count.
fn item_price(price: Decimal, items: u64, needed: u64) -> Decimal {
    if items.saturating_mul(100) < needed.saturating_mul(NEAR) {
        return Decimal::ZERO;
    }
    let to_go = items.abs_diff(needed) + items.isqrt() + 1;
    price * Decimal::from(items) / Decimal::from(to_go)
}

fn length(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disputes::memory::message;
    use crate::domain::DAY_MS;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn disputes(network: &str, count: i64, first: &str) -> Vec<Dispute> {
        let one = message("visa_10_4_created").dispute.unwrap();
        let many = (0..count).map(|number| Dispute {
            id: crate::domain::DisputeId::new(&format!("dp_{number}")).unwrap(),
            network: Some(Text::new(network).unwrap()),
            opened_at: at(first).plus_millis(number % 14 * DAY_MS),
            ..one.clone()
        });
        many.collect()
    }

    fn month(network: &str, sales: u64) -> Sales {
        Sales { sales: [(network.to_owned(), sales)].into(), whole: true }
    }

    #[test]
    fn vamp_counts_reports_and_disputes_over_the_same_month() {
        let now = at("2026-11-16T00:00:00Z"); // half of November
        let disputes = disputes("visa", 600, "2026-11-01T10:00:00Z");
        let reports = vec![(Some("visa".to_owned()), at("2026-11-02T00:00:00Z")); 300];
        let (this, before) = (month("visa", 60_000), month("visa", 1));
        let seen = Seen {
            disputes: &disputes,
            warnings: &reports,
            this_month: &this,
            month_before: &before,
        };
        let all = standings(&seen, None, now);
        let vamp = &all[0];
        assert_eq!((vamp.programme.as_str(), vamp.month.as_str()), ("VAMP", "2026-11"));
        assert_eq!((vamp.disputes, vamp.warnings, vamp.ratio_bp), (600, Some(300), Some(150)));
        assert_eq!((vamp.forecast_items, vamp.forecast_bp), (1_800, Some(150)));
        assert_eq!((vamp.alarm_percent, vamp.lower_bound), (Some(100), false));
        // About to cross: 1,800 items at 8, shared by the noise.
        assert_eq!(vamp.item_price.value, Decimal::from(8 * 1_800) / Decimal::from(43));
        let without = standings(&Seen { warnings: &[], ..seen }, None, now);
        assert!(without[0].lower_bound, "no fraud report was ever received");
        assert_eq!((without[0].ratio_bp, without[0].alarm_percent), (Some(100), Some(50)));
        assert_eq!((all[1].disputes, all[1].ratio_bp), (0, None), "no Mastercard");
    }

    #[test]
    fn ecm_divides_by_the_month_before_and_a_question_is_no_chargeback() {
        let now = at("2026-11-30T23:59:59Z");
        let mut disputes = disputes("mastercard", 160, "2026-11-01T10:00:00Z");
        disputes[0].stage = DisputeStage::Inquiry;
        disputes[1].status = DisputeStatus::Prevented;
        disputes[2].opened_at = at("2026-10-31T23:59:59Z");
        let (this, before) = (month("mastercard", 1), month("mastercard", 10_000));
        let seen =
            Seen { disputes: &disputes, warnings: &[], this_month: &this, month_before: &before };
        let all = standings(&seen, None, now);
        let [_, ecm, hecm] = &all[..] else { panic!("three programmes") };
        assert_eq!((ecm.disputes, ecm.warnings, ecm.ratio_bp), (157, None, Some(157)));
        assert_eq!((ecm.alarm_percent, ecm.lower_bound), (Some(100), false));
        assert_eq!((hecm.programme.as_str(), hecm.alarm_percent), ("HECM", Some(50)));
    }

    #[test]
    fn an_item_is_worth_nothing_far_away_and_most_at_the_threshold() {
        let price = |items| item_price(Decimal::new(8, 0), items, 1_000);
        assert_eq!(price(499), Decimal::ZERO);
        let values: Vec<Decimal> = [500, 750, 900, 1_000].map(price).into();
        assert!(values.is_sorted() && values[0] > Decimal::ZERO, "{values:?}");
        assert!(price(1_000) > price(3_000) && price(3_000) > Decimal::new(8, 0));
        assert_eq!(item_price(Decimal::ZERO, 1_000, 1_000), Decimal::ZERO);
    }
}
