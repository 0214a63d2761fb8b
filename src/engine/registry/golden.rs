//! Golden rows: records no buyer ever made, with the log-odds a model gave them when it was taken in.
//!
//! A checksum says that the bytes are the ones that were trained; only scoring says that this program
//! still reads them alike. The records are drawn from the model's own thresholds and words, so nothing
//! personal is kept, and what they are is kept beside them: a later version draws others.

use crate::features::{Record, Value};
use crate::model::{Edge, Model};
use serde::{Deserialize, Serialize};

/// How many are kept.
const ROWS: u64 = 32;
/// Most that two machines' mathematics may differ by, in log-odds.
const TOLERANCE: f64 = 1e-9;
/// One row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Golden {
    record: Record,
    log_odds: f64,
}

/// The rows of a model, scored.
pub(super) fn rows(model: &Model) -> Vec<Golden> {
    let edges = model.edges();
    let mut stream = Stream(0x676f_6c64);
    let mut row = |_| {
        let mut record = Record::default();
        for edge in &edges {
            edge.set(&mut record, value(edge, &mut stream));
        }
        let log_odds = model.score(&record).log_odds;
        Golden { record, log_odds }
    };
    (0..ROWS).map(&mut row).collect()
}

/// How many rows are scored otherwise now, and the largest difference.
pub(super) fn differing(model: &Model, rows: &[Golden]) -> (usize, f64) {
    let gap = |row: &Golden| (model.score(&row.record).log_odds - row.log_odds).abs();
    let gaps = || rows.iter().map(gap);
    let is_wrong = |gap: &f64| gap.is_nan() || *gap > TOLERANCE;
    (gaps().filter(is_wrong).count(), gaps().fold(0.0, f64::max))
}

/// A value the feature can have; a sixth of them missing.
fn value(edge: &Edge, stream: &mut Stream) -> Value {
    if stream.below(6) == Some(0) {
        return Value::Missing;
    }
    match stream.pick(&edge.words) {
        Some(word) => edge.word(word),
        None => stream.pick(&edge.numbers).map_or(Value::Missing, |x| edge.number(*x)),
    }
}

/// A seeded stream of numbers (`SplitMix64`); the same everywhere.
struct Stream(u64);

impl Stream {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    fn below(&mut self, n: usize) -> Option<usize> {
        let n = u64::try_from(n).ok().filter(|n| *n > 0)?;
        usize::try_from(self.next() % n).ok()
    }

    fn pick<'v, T>(&mut self, of: &'v [T]) -> Option<&'v T> {
        of.get(self.below(of.len())?)
    }
}
