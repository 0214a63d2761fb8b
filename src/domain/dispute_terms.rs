//! What answering disputes costs a merchant.

use super::Currency;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// The terms under which a dispute is fought, accepted or headed off. Money is in `currency`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DisputeTerms {
    /// The currency of the sums below.
    pub currency: Currency,
    /// Work on one answer: minutes times wage. Near 0 where packets are sent by themselves.
    pub work: Decimal,
    /// Fee of a dispute that was opened, whatever becomes of it.
    pub dispute_fee: Decimal,
    /// Fee of a dispute that was fought and lost, beside the network's own; not below 0.
    pub lost_fee: Decimal,
    /// Share of wins that a later stage takes back, in basis points; absent: the bundled estimate.
    pub reversal_bp: Option<u16>,
    /// Price of one item (dispute or fraud report) of a month over a monitoring threshold; absent: the
    /// network's own. 0 counts money alone.
    pub item_price: Option<Decimal>,
    /// Share of disputes not worth fighting that are fought all the same, to keep the chances honest, in
    /// basis points.
    pub explore_bp: u16,
    /// Only below this amount.
    pub explore_below: Decimal,
}

impl Default for DisputeTerms {
    fn default() -> Self {
        Self {
            currency: "EUR".parse().unwrap_or_else(|_| unreachable!("a currency of the table")),
            work: Decimal::new(3, 0),
            dispute_fee: Decimal::new(20, 0),
            lost_fee: Decimal::ZERO,
            reversal_bp: None,
            item_price: None,
            explore_bp: 500,
            explore_below: Decimal::new(20, 0),
        }
    }
}

impl DisputeTerms {
    /// Whether every sum and share is in its range.
    pub fn is_possible(&self) -> bool {
        let sums = [self.work, self.dispute_fee, self.lost_fee, self.explore_below];
        let most = Decimal::new(1_000_000_000, 0);
        let is_sum = |sum: &Decimal| (Decimal::ZERO..=most).contains(sum);
        sums.iter().chain(&self.item_price).all(is_sum)
            && self.reversal_bp.is_none_or(|share| share <= 10_000)
            && self.explore_bp <= 10_000
    }
}
