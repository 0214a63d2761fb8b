//! What a reading returns: counts, sums and distinct others of one entity by window, and what is
//! kept of it for ever.

use super::place::Sighted;
use super::window::{Reach, Tick};
use super::{Other, Signal, Window};
use crate::domain::Timestamp;

/// Most that one occurrence adds to a sum, in hundredths: ten billion of the base currency.
pub(super) const MAX_AMOUNT: i64 = 1_000_000_000_000;

/// The window of [`EntityView::owed_count`], in whose slots its beginning is found.
pub(super) const OWED: Window = Window::D30;

/// What happened by a priced signal within one slot or window.
///
/// Arithmetic is modular, so that a slot can be taken out of a total again. It does not overflow in
/// practice: 2^32 events in 90 days are 550 a second by one entity, and a sum needs nine million
/// occurrences of [`MAX_AMOUNT`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Tally {
    pub(super) count: u32,
    /// Occurrences without an amount.
    pub(super) unpriced: u32,
    /// Known amounts.
    pub(super) sum: i64,
}

impl Tally {
    /// One occurrence.
    pub(super) fn one(amount: Option<i64>) -> Self {
        match amount {
            Some(amount) if amount >= 0 => {
                Self { count: 1, unpriced: 0, sum: amount.min(MAX_AMOUNT) }
            }
            _ => Self { count: 1, unpriced: 1, sum: 0 },
        }
    }

    /// Both together.
    pub(super) fn plus(self, part: Self) -> Self {
        Self {
            count: self.count.wrapping_add(part.count),
            unpriced: self.unpriced.wrapping_add(part.unpriced),
            sum: self.sum.wrapping_add(part.sum),
        }
    }

    /// This total without one of its parts.
    pub(super) fn minus(self, part: Self) -> Self {
        Self {
            count: self.count.wrapping_sub(part.count),
            unpriced: self.unpriced.wrapping_sub(part.unpriced),
            sum: self.sum.wrapping_sub(part.sum),
        }
    }
}

/// What is kept of one signal for ever: it says nothing of what was between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Trace {
    /// 0: never.
    pub(super) count: u32,
    pub(super) first: Tick,
    pub(super) last: Tick,
}

impl Trace {
    /// One occurrence.
    pub(super) fn one(tick: Tick) -> Self {
        Self { count: 1, first: tick, last: tick }
    }

    /// Both together.
    pub(super) fn plus(self, part: Self) -> Self {
        match (self.count, part.count) {
            (0, _) => part,
            (_, 0) => self,
            (count, more) => Self {
                count: count.saturating_add(more),
                first: self.first.min(part.first),
                last: self.last.max(part.last),
            },
        }
    }
}

/// One entity as read at one time. Every number is 0 when the entity was never seen, and then
/// [`first_seen`](Self::first_seen) is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EntityView {
    /// By signal, then by window.
    pub(super) counts: [[u32; Window::COUNT]; Signal::COUNT],
    /// Of the priced signals, likewise.
    pub(super) tallies: [[Tally; Window::COUNT]; Signal::PRICED],
    pub(super) largest: [Option<i64>; Signal::PRICED],
    pub(super) traces: [Trace; Signal::COUNT],
    /// By other, then by window.
    pub(super) distinct: [[u32; Window::COUNT]; Other::COUNT],
    pub(super) owed: Tally,
    pub(super) place: Option<Sighted>,
    pub(super) first_seen: Option<Timestamp>,
    pub(super) last_seen: Option<Timestamp>,
}

impl EntityView {
    /// Occurrences of `signal` within `window`. Unit: occurrences.
    #[expect(clippy::indexing_slicing, reason = "both enumerations are below their COUNT")]
    pub fn count(&self, signal: Signal, window: Window) -> u32 {
        self.counts[signal as usize][window as usize]
    }

    /// Refusals of the issuer within `window`, of every class. Unit: occurrences.
    pub fn declines(&self, window: Window) -> u32 {
        Signal::DECLINES.map(|class| self.count(class, window)).iter().sum()
    }

    /// Sum of the known amounts of `signal` within `window`; 0 of one without amounts. Unit:
    /// hundredths of the base currency, 0 or more; one occurrence adds at most ten billion of the
    /// currency.
    ///
    /// Occurrences without a convertible amount add nothing, so this is a lower bound unless
    /// [`priced`](Self::priced) is the count. Rejected: no sum at all once an amount is missing, by
    /// which one attempt in an unknown currency would hide a card's spending for 90 days.
    pub fn sum(&self, signal: Signal, window: Window) -> i64 {
        self.tally(signal, window).sum
    }

    /// Occurrences of `signal` within `window` that have an amount.
    pub fn priced(&self, signal: Signal, window: Window) -> u32 {
        let tally = self.tally(signal, window);
        tally.count.wrapping_sub(tally.unpriced)
    }

    /// The largest amount of `signal` within 90 days; `None` when none is known.
    pub fn largest(&self, signal: Signal) -> Option<i64> {
        self.largest.get(signal as usize).copied().flatten()
    }

    /// Use billed later within 30 days and after the last approved payment, as far as that can be
    /// told: use in the thirty hours around the payment counts as paid. Unit: occurrences.
    pub fn owed_count(&self) -> u32 {
        self.owed.count
    }

    /// The known amounts of [`owed_count`](Self::owed_count), in hundredths of the base currency;
    /// `None` when one is not known.
    pub fn owed_sum(&self) -> Option<i64> {
        (self.owed.unpriced == 0).then_some(self.owed.sum)
    }

    /// How often `signal` was ever recorded, late ones and those older than every window included.
    pub fn ever(&self, signal: Signal) -> u32 {
        self.trace(signal).count
    }

    /// When `signal` was first recorded, to 2.5 seconds; `None`: never.
    pub fn first(&self, signal: Signal) -> Option<Timestamp> {
        Some(self.trace(signal)).filter(|trace| trace.count > 0).map(|trace| trace.first.time())
    }

    /// When `signal` was last recorded, to 2.5 seconds; `None`: never.
    pub fn last(&self, signal: Signal) -> Option<Timestamp> {
        Some(self.trace(signal)).filter(|trace| trace.count > 0).map(|trace| trace.last.time())
    }

    /// Which of `signals` was recorded last, and when; the earlier named of those at one moment.
    pub fn latest(&self, signals: &[Signal]) -> Option<(Signal, Timestamp)> {
        let times = signals.iter().rev().filter_map(|signal| Some((*signal, self.last(*signal)?)));
        times.max_by_key(|(_, at)| *at)
    }

    /// Others of the kind `of` that occurred together with this entity within `window`. Unit:
    /// others, exact up to [`DISTINCT_EXACT`](super::DISTINCT_EXACT), beyond that an estimate (standard
    /// error 7 % up to 500, 10 % up to 800) of at most [`DISTINCT_MOST`](super::DISTINCT_MOST). Of the
    /// entity's own kind always 0.
    #[expect(clippy::indexing_slicing, reason = "both enumerations are below their COUNT")]
    pub fn distinct(&self, of: Other, window: Window) -> u32 {
        self.distinct[of as usize][window as usize]
    }

    /// The latest known place, of cards and accounts.
    pub fn place(&self) -> Option<Sighted> {
        self.place
    }

    /// Earliest event time recorded, also of events older than every window. `None`: never seen.
    pub fn first_seen(&self) -> Option<Timestamp> {
        self.first_seen
    }

    /// Latest event time recorded. `None`: never seen.
    pub fn last_seen(&self) -> Option<Timestamp> {
        self.last_seen
    }

    /// Adds one occurrence within `reach`, without its trace.
    pub(super) fn add(&mut self, reach: &Reach, tick: Tick, signal: Signal, amount: Option<i64>) {
        let Some(shortest) = reach.shortest(tick) else { return };
        let place = signal as usize;
        let counts = self.counts.get_mut(place).into_iter().flatten().skip(shortest);
        counts.for_each(|count| *count = count.wrapping_add(1));
        let one = Tally::one(amount);
        let tallies = self.tallies.get_mut(place).into_iter().flatten().skip(shortest);
        tallies.for_each(|tally| *tally = tally.plus(one));
        if let Some(largest) = self.largest.get_mut(place)
            && one.unpriced == 0
        {
            *largest = (*largest).max(Some(one.sum));
        }
    }

    /// Adds to what is kept of a signal for ever.
    pub(super) fn add_trace(&mut self, signal: Signal, trace: Trace) {
        if let Some(kept) = self.traces.get_mut(signal as usize) {
            *kept = kept.plus(trace);
        }
    }

    /// The slot of [`OWED`] that holds the last approved payment; what is later is owed.
    pub(super) fn paid_slot(&self) -> u32 {
        let paid = self.trace(Signal::Approved);
        if paid.count == 0 { 0 } else { paid.last.slot(OWED) }
    }

    fn tally(&self, signal: Signal, window: Window) -> Tally {
        let tallies = self.tallies.get(signal as usize);
        tallies.and_then(|tallies| tallies.get(window as usize)).copied().unwrap_or_default()
    }

    #[expect(clippy::indexing_slicing, reason = "a signal is below its COUNT")]
    fn trace(&self, signal: Signal) -> Trace {
        self.traces[signal as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tally_gives_back_what_it_took() {
        let parts = [Some(250), None, Some(-1)].map(Tally::one);
        let all = parts.into_iter().fold(Tally::default(), Tally::plus);
        assert_eq!(all, Tally { count: 3, unpriced: 2, sum: 250 });
        let more = all.plus(Tally::one(Some(i64::MAX)));
        assert_eq!(more.sum, 250 + MAX_AMOUNT);
        assert_eq!(more.minus(all), Tally { count: 1, unpriced: 0, sum: MAX_AMOUNT });
    }

    #[test]
    fn an_unseen_entity_has_zero_counts_and_no_times() {
        let view = EntityView::default();
        for signal in Signal::ALL.iter().copied() {
            assert_eq!((view.ever(signal), view.first(signal), view.last(signal)), (0, None, None));
            assert_eq!(view.largest(signal), None);
            for window in Window::ALL {
                assert_eq!((view.count(signal, window), view.sum(signal, window)), (0, 0));
                assert!(Other::ALL.iter().all(|other| view.distinct(*other, window) == 0));
            }
        }
        assert_eq!((view.first_seen(), view.last_seen(), view.place()), (None, None, None));
        assert_eq!((view.owed_count(), view.owed_sum()), (0, Some(0)));
    }

    #[test]
    fn the_latest_of_some_signals_is_found_and_a_tie_is_the_first_named() {
        let tick = |ms| Tick::of(Timestamp::from_millis(ms));
        let mut view = EntityView::default();
        let (yes, no) = (Signal::Approved, Signal::Declined);
        assert_eq!(view.latest(&[yes, no]), None);
        view.add_trace(no, Trace::one(tick(5_000)));
        view.add_trace(yes, Trace::one(tick(2_500)));
        assert_eq!(view.latest(&[yes, no]), Some((no, Timestamp::from_millis(5_000))));
        view.add_trace(yes, Trace::one(tick(5_001)));
        assert_eq!(view.latest(&[yes, no]).unwrap().0, yes);
        assert_eq!(view.latest(&[no, yes]).unwrap().0, no);
    }
}
