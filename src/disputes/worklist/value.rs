//! What fighting, accepting, refunding and waiting are worth.
//!
//! ```text
//! w        = p (1 − r)                                   a win that stays
//! fight    = w A − (1 − w) f − c
//! accept   = 0
//! refund   = −A + g A
//! wait     = −q [A + f0 − max(0, fight)] − λ q
//! ```
//!
//! `A` amount, `p` chance to win, `r` share of wins taken back later, `c` work, `f` fee where fought and lost, `f0`
//! fee of a dispute, `g` share of the value that can be revoked, `q` chance to become a dispute, `λ` price of one
//! item of a monitoring ratio. Winning does not repair a ratio, so `λ` is in `wait` alone: a dispute that is
//! there counts, won or lost.
//!
//! The chance to win is a matter of a dispute. It enters nothing that is decided about a sale.

use rust_decimal::Decimal;

/// A whole share in basis points.
const WHOLE_BP: i64 = 10_000;

/// What a decision about one case depends on. All sums in one currency, none below 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stakes {
    /// `A`.
    pub amount: Decimal,
    /// `r`, in basis points.
    pub reversal_bp: u16,
    /// `c`.
    pub work: Decimal,
    /// `f`.
    pub lost_fee: Decimal,
    /// `f0`.
    pub dispute_fee: Decimal,
    /// `g`, in basis points.
    pub revocable_bp: u16,
    /// `λ`.
    pub item_price: Decimal,
}

/// A share of basis points as a decimal.
fn share(bp: u16) -> Decimal {
    Decimal::from(bp.min(10_000)) / Decimal::from(WHOLE_BP)
}

impl Stakes {
    fn kept(&self, win_bp: u16) -> Decimal {
        share(win_bp) * (Decimal::ONE - share(self.reversal_bp))
    }

    /// What fighting is worth at a chance to win in basis points.
    pub fn fight(&self, win_bp: u16) -> Decimal {
        let kept = self.kept(win_bp);
        kept * self.amount - (Decimal::ONE - kept) * self.lost_fee - self.work
    }

    /// The least share of wins that stay at which fighting pays: `(c + f) / (A + f)`; `None` where there is
    /// nothing to win.
    pub fn break_even(&self) -> Option<Decimal> {
        (self.work + self.lost_fee).checked_div(self.amount + self.lost_fee)
    }

    /// What giving the money back is worth, before there is a dispute.
    pub fn refund(&self) -> Decimal {
        -self.amount + share(self.revocable_bp) * self.amount
    }

    /// What doing nothing is worth, before there is a dispute.
    pub fn wait(&self, becomes_bp: u16, win_bp: u16) -> Decimal {
        let saved = self.fight(win_bp).max(Decimal::ZERO);
        -share(becomes_bp) * (self.amount + self.dispute_fee - saved + self.item_price)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn stakes() -> impl Strategy<Value = Stakes> {
        let sums = (1_i64..1_000_000, 0_i64..5_000, 0_i64..60_000, 0_i64..5_000, 0_i64..30_000);
        (sums, 0_u16..=10_000, 0_u16..=10_000).prop_map(|(sums, reversal_bp, revocable_bp)| {
            let (amount, work, lost_fee, dispute_fee, item_price) = sums;
            let cents = |cents| Decimal::new(cents, 2);
            Stakes {
                amount: cents(amount),
                reversal_bp,
                work: cents(work),
                lost_fee: cents(lost_fee),
                dispute_fee: cents(dispute_fee),
                revocable_bp,
                item_price: cents(item_price),
            }
        })
    }

    proptest! {
        #[test]
        fn fighting_pays_exactly_above_the_break_even(stakes in stakes(), win in 0_u16..=10_000) {
            let pays = stakes.fight(win) > Decimal::ZERO;
            // w > (c + f) / (A + f), without the division's rounding.
            let (c, f, a) = (stakes.work, stakes.lost_fee, stakes.amount);
            prop_assert_eq!(pays, stakes.kept(win) * (a + f) > c + f);
            let even = stakes.break_even().unwrap();
            let gap = stakes.kept(win) - even;
            prop_assert!(gap.abs() < Decimal::new(1, 20) || pays == (gap > Decimal::ZERO));
        }

        #[test]
        fn without_a_chance_it_is_never_fought(stakes in stakes()) {
            prop_assert!(stakes.fight(0) <= Decimal::ZERO);
        }

        #[test]
        fn without_a_price_of_items_only_money_counts(stakes in stakes(), q in 0_u16..=10_000, win in 0_u16..=10_000) {
            let free = Stakes { item_price: Decimal::ZERO, ..stakes };
            let saved = stakes.fight(win).max(Decimal::ZERO);
            let money = -share(q) * (stakes.amount + stakes.dispute_fee - saved);
            prop_assert_eq!(free.wait(q, win), money);
            prop_assert_eq!(free.wait(q, win) - stakes.wait(q, win), share(q) * stakes.item_price);
            prop_assert_eq!((free.fight(win), free.refund()), (stakes.fight(win), stakes.refund()));
        }

        #[test]
        fn a_better_chance_never_makes_fighting_or_waiting_worse(stakes in stakes(), q in 0_u16..=10_000, win in 0_u16..10_000) {
            prop_assert!(stakes.fight(win + 1) >= stakes.fight(win));
            prop_assert!(stakes.wait(q, win + 1) >= stakes.wait(q, win));
        }
    }

    #[test]
    fn a_known_case() {
        let stakes = Stakes {
            amount: Decimal::new(100, 0),
            reversal_bp: 1_500,
            work: Decimal::new(3, 0),
            lost_fee: Decimal::new(10, 0),
            dispute_fee: Decimal::new(20, 0),
            revocable_bp: 0,
            item_price: Decimal::new(8, 0),
        };
        // w = 0.4 · 0.85 = 0.34; 34 − 6.6 − 3.
        assert_eq!(stakes.fight(4_000), Decimal::new(244, 1));
        assert_eq!(stakes.refund(), Decimal::new(-100, 0));
        // −0.8 (100 + 20 − 24.4 + 8).
        assert_eq!(stakes.wait(8_000, 4_000), Decimal::new(-8288, 2));
    }
}
