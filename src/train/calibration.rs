//! Whether probabilities mean what they say, and how the classes spread over them.
//!
//! The bins have fixed edges, so that two models, or one model on two months, are read side by side.
//! Rejected: bins of equal size, which for rare fraud put all of it into one bin; the expected
//! calibration error, a single number, is still taken over those.

use super::metrics::{Scored, count};
use crate::model::sigmoid;
use serde::Serialize;

/// Edges of the reliability bins, as shares.
const EDGES: [f64; 11] = [0.0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0];
/// Half the bins of the distribution; each is one wide in log-odds.
const HALF: i32 = 10;
/// Normal quantile of a two-sided 95 % interval.
const Z: f64 = 1.959_963_984_540_054;

/// Rows of similar probability, and the fraud rate found among them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ReliabilityBin {
    /// Lower edge, inclusive.
    pub from: f64,
    /// Upper edge, exclusive but for 1.
    pub to: f64,
    /// Rows, > 0.
    pub rows: usize,
    /// Frauds among them.
    pub frauds: usize,
    /// Mean probability: what was promised.
    pub mean_probability: f64,
    /// Frauds / rows: what came.
    pub fraud_rate: f64,
    /// Wilson's 95 % interval of the fraud rate.
    pub interval: [f64; 2],
}

/// Rows by class between two probabilities.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ScoreBin {
    /// Lower edge; 0 for the first.
    pub from: f64,
    /// Upper edge; 1 for the last.
    pub to: f64,
    /// Good sales.
    pub good: usize,
    /// Frauds.
    pub frauds: usize,
}

/// The reliability bins that hold rows, lowest first.
pub fn reliability(rows: &[Scored]) -> Vec<ReliabilityBin> {
    let bins = EDGES.iter().zip(EDGES.iter().skip(1)).filter_map(|(&from, &to)| {
        let inside = |row: &&Scored| {
            (from..to).contains(&row.probability) || (to >= 1.0 && row.probability >= 1.0)
        };
        let inside: Vec<_> = rows.iter().filter(inside).collect();
        let (all, frauds) = (inside.len(), inside.iter().filter(|row| row.fraud).count());
        let sum: f64 = inside.iter().map(|row| row.probability).sum();
        (all > 0).then(|| ReliabilityBin {
            from,
            to,
            rows: all,
            frauds,
            mean_probability: sum / count(all),
            fraud_rate: count(frauds) / count(all),
            interval: wilson(frauds, all),
        })
    });
    bins.collect()
}

/// Wilson's 95 % interval of a share; it holds for few rows and for shares of 0 and 1 too.
fn wilson(hits: usize, rows: usize) -> [f64; 2] {
    let (n, share) = (count(rows), count(hits) / count(rows));
    let middle = share + Z * Z / (2.0 * n);
    let half = Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    [middle - half, middle + half].map(|end| (end / (1.0 + Z * Z / n)).clamp(0.0, 1.0))
}

/// Rows by class in bins of one in log-odds, lowest first; the outer two are open.
pub fn distribution(rows: &[Scored]) -> Vec<ScoreBin> {
    let edge = |place: i32| match place {
        place if place <= -HALF => 0.0,
        place if place >= HALF => 1.0,
        place => sigmoid(f64::from(place)),
    };
    let mut bins: Vec<_> = (-HALF..HALF)
        .map(|place| ScoreBin { from: edge(place), to: edge(place + 1), good: 0, frauds: 0 })
        .collect();
    for row in rows {
        let place = bins.partition_point(|bin| bin.to <= row.probability).min(bins.len() - 1);
        if let Some(bin) = bins.get_mut(place) {
            if row.fraud { bin.frauds += 1 } else { bin.good += 1 }
        }
    }
    bins
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scored(probability: f64, fraud: bool) -> Scored {
        Scored { probability, fraud }
    }

    #[test]
    fn reliability_by_hand() {
        let mut rows = vec![scored(0.3, true), scored(0.4, false), scored(1.0, true)];
        rows.extend((0..8).map(|i| scored(0.0, i == 0)));
        let bins = reliability(&rows);
        let found: Vec<_> = bins.iter().map(|b| (b.from, b.to, b.rows, b.frauds)).collect();
        assert_eq!(found, [(0.0, 0.001, 8, 1), (0.2, 0.5, 2, 1), (0.5, 1.0, 1, 1)]);
        assert!((bins[1].mean_probability - 0.35).abs() < 1e-12);
        assert_eq!((bins[1].fraud_rate, bins[2].fraud_rate), (0.5, 1.0));
    }

    /// 1 of 2 by hand: (0.5 + z²/4 ± z·√(0.125 + z²/16)) / (1 + z²/2), z = 1.96. The others worked out
    /// apart, from the formula.
    #[test]
    fn intervals_by_hand() {
        for (hits, rows, low, high) in [
            (1, 2, 0.094_531_2, 0.905_468_8),
            (0, 10, 0.0, 0.277_532_8),
            (10, 10, 0.722_467_2, 1.0),
            (5, 100, 0.021_543_7, 0.111_750_5),
        ] {
            let [from, to] = wilson(hits, rows);
            assert!(
                (from - low).abs() < 1e-5 && (to - high).abs() < 1e-5,
                "{hits}/{rows} {from} {to}"
            );
        }
    }

    #[test]
    fn every_row_is_in_one_bin_of_the_distribution() {
        let rows: Vec<_> = (0..=1000).map(|i| scored(f64::from(i) / 1000.0, i % 3 == 0)).collect();
        let bins = distribution(&rows);
        assert_eq!(bins.len(), 20);
        assert_eq!(bins.iter().map(|bin| bin.good + bin.frauds).sum::<usize>(), 1001);
        assert_eq!((bins[0].from, bins[19].to), (0.0, 1.0));
        // Between 1/2 and 1/(1 + e⁻¹) = 0.731…: 500 to 731, of which 501 … 729 divide by three.
        let middle = bins[10];
        assert_eq!((middle.from, middle.good + middle.frauds, middle.frauds), (0.5, 232, 77));
        assert!(bins.windows(2).all(|two| (two[0].to - two[1].from).abs() < 1e-12));
    }
}
