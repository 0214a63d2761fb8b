//! The history of a busy entity: rings of slots for each signal it has shown, and the others seen
//! with it most recently.

use super::bytes::{Bytes, Stored, put_len};
use super::distinct::Others;
use super::life::Life;
use super::place::Sighted;
use super::rings::{Largest, Rings};
use super::view::{EntityView, OWED, Tally, Trace};
use super::window::{Reach, Tick};
use super::{Entity, Mark, Occurrence, Other, Signal};

/// Rings by signal, and others by kind. A signal never shown takes nothing.
#[derive(Debug)]
pub(super) struct Busy {
    pub(super) life: Life,
    series: Vec<Series>,
    others: [Others; Other::COUNT],
    place: Option<Sighted>,
}

/// What is known of one signal.
#[derive(Debug)]
struct Series {
    signal: Signal,
    trace: Trace,
    slots: Slots,
}

/// Slots of one signal.
#[derive(Debug)]
enum Slots {
    /// Nothing within any window yet.
    Empty,
    Counted(Box<Rings<u32>>),
    Priced(Box<(Rings<Tally>, Largest)>),
}

impl Busy {
    /// Without any occurrence.
    pub(super) fn new(life: Life) -> Self {
        Self { life, series: Vec::new(), others: Default::default(), place: None }
    }

    /// Counts one occurrence of the entity of kind `of`, whenever it happened.
    pub(super) fn record(&mut self, of: Entity, occurrence: &Occurrence) {
        self.life.note(occurrence);
        let tick = Tick::of(occurrence.at);
        self.record_trace(occurrence.signal, Trace::one(tick));
        if Reach::at(Tick::of(self.life.newest)).shortest(tick).is_some() {
            self.record_event(tick, occurrence.signal, occurrence.amount);
            occurrence.others(of).for_each(|other| self.record_other(tick, other));
        }
        if let Some(place) = occurrence.place_of(of) {
            self.record_place(Sighted::new(tick, place));
        }
    }

    /// Counts an event, whenever it happened; without its trace.
    pub(super) fn record_event(&mut self, tick: Tick, signal: Signal, amount: Option<i64>) {
        let slots = &mut self.series_of(signal).slots;
        if let Slots::Empty = slots {
            *slots = if signal.is_priced() {
                Slots::Priced(Box::new((Rings::new(tick), Largest::new(tick))))
            } else {
                Slots::Counted(Box::new(Rings::new(tick)))
            };
        }
        match slots {
            Slots::Empty => {}
            Slots::Counted(rings) => rings.add(tick, 1),
            Slots::Priced(priced) => {
                let one = Tally::one(amount);
                priced.0.add(tick, one);
                if let (0, Ok(amount)) = (one.unpriced, u64::try_from(one.sum)) {
                    priced.1.add(tick, amount);
                }
            }
        }
    }

    /// Adds to what is kept of a signal for ever.
    pub(super) fn record_trace(&mut self, signal: Signal, trace: Trace) {
        let kept = &mut self.series_of(signal).trace;
        *kept = kept.plus(trace);
    }

    /// Notes that another was seen at `tick`.
    pub(super) fn record_other(&mut self, tick: Tick, other: (Other, Mark)) {
        if let Some(others) = self.others.get_mut(other.0 as usize) {
            others.record(tick, other.1);
        }
    }

    /// Notes a place; the latest is kept.
    pub(super) fn record_place(&mut self, sighted: Sighted) {
        self.place = self.place.max(Some(sighted));
    }

    /// Adds everything within `reach`, and what is kept for ever, to the empty `view`.
    pub(super) fn count_into(&self, view: &mut EntityView, reach: &Reach) {
        for Series { signal, trace, slots } in &self.series {
            view.add_trace(*signal, *trace);
            let place = *signal as usize;
            match slots {
                Slots::Empty => {}
                Slots::Counted(rings) => {
                    let totals = rings.totals(reach.now);
                    view.counts.get_mut(place).into_iter().for_each(|counts| *counts = totals);
                }
                Slots::Priced(priced) => {
                    let totals = priced.0.totals(reach.now);
                    let counts = totals.map(|tally| tally.count);
                    view.counts.get_mut(place).into_iter().for_each(|kept| *kept = counts);
                    view.tallies.get_mut(place).into_iter().for_each(|kept| *kept = totals);
                    let amount = priced.1.read(reach.now).and_then(|amount| amount.try_into().ok());
                    view.largest.get_mut(place).into_iter().for_each(|kept| *kept = amount);
                }
            }
        }
        let usage = self.series.iter().find(|series| series.signal == Signal::Usage);
        if let Some(Series { slots: Slots::Priced(priced), .. }) = usage {
            view.owed = priced.0.total_after(OWED, reach.now, view.paid_slot());
        }
        for (counts, others) in view.distinct.iter_mut().zip(&self.others) {
            *counts = others.count(reach);
        }
        view.place = self.place;
    }

    /// Bytes allocated, with this struct.
    pub(super) fn heap_bytes(&self) -> usize {
        let slots = |series: &Series| match series.slots {
            Slots::Empty => 0,
            Slots::Counted(_) => size_of::<Rings<u32>>(),
            Slots::Priced(_) => size_of::<(Rings<Tally>, Largest)>(),
        };
        size_of::<Self>()
            + self.series.capacity() * size_of::<Series>()
            + self.series.iter().map(slots).sum::<usize>()
            + self.others.iter().map(Others::heap_bytes).sum::<usize>()
    }

    #[expect(clippy::indexing_slicing, reason = "the place of a series found or just made")]
    fn series_of(&mut self, signal: Signal) -> &mut Series {
        let found = self.series.iter().position(|series| series.signal == signal);
        let place = found.unwrap_or_else(|| {
            self.series.reserve_exact(1);
            self.series.push(Series { signal, trace: Trace::default(), slots: Slots::Empty });
            self.series.len() - 1
        });
        &mut self.series[place]
    }
}

impl Stored for Trace {
    fn put(&self, out: &mut Vec<u8>) {
        self.count.put(out);
        self.first.put(out);
        self.last.put(out);
    }

    fn take(bytes: &mut Bytes<'_>) -> Option<Self> {
        let (count, first) = (u32::take(bytes)?, Tick::take(bytes)?);
        Some(Self { count, first, last: Tick::take(bytes)? })
    }
}

impl Stored for Series {
    fn put(&self, out: &mut Vec<u8>) {
        put_len(out, self.signal as usize);
        self.trace.put(out);
        match &self.slots {
            Slots::Empty => out.push(0),
            Slots::Counted(rings) => {
                out.push(1);
                rings.put(out);
            }
            Slots::Priced(priced) => {
                out.push(2);
                priced.0.put(out);
                priced.1.put(out);
            }
        }
    }

    fn take(bytes: &mut Bytes<'_>) -> Option<Self> {
        let signal = *Signal::ALL.get(bytes.number::<usize>()?)?;
        let trace = Trace::take(bytes)?;
        let slots = match bytes.array()? {
            [0] => Slots::Empty,
            [1] => Slots::Counted(Box::new(Rings::take(bytes)?)),
            [2] => Slots::Priced(Box::new((Rings::take(bytes)?, Largest::take(bytes)?))),
            _ => return None,
        };
        Some(Self { signal, trace, slots })
    }
}

impl Stored for Busy {
    fn put(&self, out: &mut Vec<u8>) {
        self.life.put(out);
        put_len(out, self.series.len());
        self.series.iter().for_each(|series| series.put(out));
        self.others.iter().for_each(|others| others.put(out));
        out.push(self.place.is_some().into());
        self.place.iter().for_each(|place| place.put(out));
    }

    fn take(bytes: &mut Bytes<'_>) -> Option<Self> {
        let mut busy = Self::new(Life::take(bytes)?);
        let series = bytes.len().filter(|series| *series <= Signal::COUNT)?;
        busy.series.reserve_exact(series);
        for _ in 0..series {
            busy.series.push(Series::take(bytes)?);
        }
        for others in &mut busy.others {
            *others = Others::take(bytes)?;
        }
        if bytes.array()? == [1] {
            busy.place = Some(Sighted::take(bytes)?);
        }
        Some(busy)
    }
}
