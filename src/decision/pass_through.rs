//! Letting a few declines through, to learn what becomes of them.
//!
//! What we decline has no outcome, so a model never learns whether it was right to. One in so many
//! declines passes, drawn by a hash of a seed, the tenant and the transaction's id: the seed lies in the
//! policy that is kept with the decision, so a replay draws the same, and a retry of one id does too.
//! Whoever could choose ids and knew the seed could choose to pass; ids are the shop's own.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The fewest declines of which one may pass: more than a tenth is no small share.
const FEWEST: u32 = 10;
/// The most.
const MOST: u32 = 1_000_000;

/// How many declines pass, and which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PassThrough {
    /// Of so many declined payments one passes, 10..=1,000,000.
    pub one_in: u32,
    /// What is drawn by: another seed lets others pass.
    #[serde(default)]
    pub seed: u64,
}

impl PassThrough {
    /// True where `one_in` is in its range.
    pub(super) fn is_sound(self) -> bool {
        (FEWEST..=MOST).contains(&self.one_in)
    }

    /// Whether the decline of this transaction passes.
    pub fn takes(self, tenant: &str, transaction_id: &str) -> bool {
        let hash = Sha256::new()
            .chain_update(b"pass_through\0")
            .chain_update(self.seed.to_le_bytes())
            .chain_update(tenant)
            .chain_update([0])
            .chain_update(transaction_id)
            .finalize();
        let number =
            hash.iter().take(8).fold(0, |number: u64, byte| number << 8 | u64::from(*byte));
        number.is_multiple_of(u64::from(self.one_in))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(pass: PassThrough, tenant: &str) -> Vec<u32> {
        (0..20_000).filter(|n| pass.takes(tenant, &format!("tx-{n}"))).collect()
    }

    #[test]
    fn the_share_is_the_one_configured() {
        for one_in in [10_u32, 50, 200] {
            for seed in 0..4 {
                let found = taken(PassThrough { one_in, seed }, "shop").len();
                let p = 1.0 / f64::from(one_in);
                let (mean, sd) = (20_000.0 * p, (20_000.0 * p * (1.0 - p)).sqrt());
                let off = (f64::from(u32::try_from(found).unwrap()) - mean).abs();
                assert!(off < 4.0 * sd, "{found} of 20,000 at 1 in {one_in}, seed {seed}");
            }
        }
    }

    #[test]
    fn seed_and_tenant_draw_others_and_equal_ones_the_same() {
        let pass = PassThrough { one_in: 20, seed: 7 };
        let first = taken(pass, "shop");
        assert_eq!(first, taken(pass, "shop"));
        for other in [taken(pass, "other"), taken(PassThrough { seed: 8, ..pass }, "shop")] {
            let both = first.iter().filter(|n| other.contains(n)).count();
            assert!(both * 5 < first.len(), "{both} of {} again", first.len());
        }
    }
}
