//! A store in parts, each behind its own lock, so that it can be kept while it is used: one part is
//! locked, copied and let go, then the next.
//!
//! So the copies show the parts at different moments. Whoever keeps them notes of each which
//! occurrences it holds, and after taking them up records what came later in those parts alone that
//! lack it ([`Parts::record_in`]).
//!
//! INVARIANT: how a store is cut depends on its [`Limits`](super::Limits) alone, the seed among them.
//! INVARIANT: parts are copied in order. A store may rely on it that a later part lacks nothing an
//! earlier one holds: [`SaleOutcomes`](super::SaleOutcomes) works out what a party's sales became from
//! the change of the sale itself.

use super::Occurrence;

/// See the module's description.
pub trait Parts {
    /// How many there are.
    fn parts(&self) -> usize;

    /// Adds the bytes of a part as it is when `locked` is called: from then to the end of the copy
    /// nothing moves it. Cost: under the lock of the part, a millisecond for 15,000 quiet entities.
    fn copy(&self, part: usize, locked: &mut dyn FnMut(), out: &mut Vec<u8>);

    /// Fills an empty part from its bytes; `None` where they are none of this
    /// [form](super::STATE_FORMAT).
    fn take_up(&self, part: usize, bytes: &[u8]) -> Option<()>;

    /// Counts an occurrence in the parts that lack it; each is asked at most once for an entity.
    fn record_in(&self, occurrence: &Occurrence, lacks: &dyn Fn(usize) -> bool);
}
