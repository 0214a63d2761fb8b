//! Use over time as a chart: white bars before the dispute was opened, black ones after.
//!
//! One glance shows whether the product was used after the holder said they did not have it. Bars of
//! days, or of as many days as it takes to stay within [`MAX_BARS`].

use super::flow::{Flow, Mark, SMALL};
use crate::disputes::packet::points::Draft;
use crate::disputes::packet::sheets::Kind;
use crate::domain::{DAY_MS, Timestamp};

const MAX_BARS: i64 = 45;
const AXIS: i32 = 28_000;
/// Height of the bars.
const TALL: i32 = 60_000;
/// What the chart takes: labels above, bars, dates below.
pub(super) const HEIGHT: i32 = TALL + 34_000;

/// Uses in each span of days, and where the dispute falls.
pub(super) struct Usage {
    first_day: i64,
    days_a_bar: i64,
    before: Vec<usize>,
    after: Vec<usize>,
    opened_at: Timestamp,
    last_day: i64,
}

/// What the chart shows; `None` without any use.
pub(super) fn usage(draft: &Draft<'_>) -> Option<Usage> {
    let facts = &draft.facts;
    let sale = facts.sale?;
    draft.sheets.iter().find(|sheet| sheet.kind == Kind::Use)?;
    let uses = || facts.events.iter().filter(|event| facts.is_use(event));
    let last_use = uses().map(|event| event.event_time).max()?;
    let opened_at = facts.dispute.opened_at;
    let (first_day, last_day) = (sale.event_time.day(), last_use.max(opened_at).day());
    let days = (last_day - first_day + 1).max(1);
    let days_a_bar = (days + MAX_BARS - 1) / MAX_BARS;
    let bars = usize::try_from((days + days_a_bar - 1) / days_a_bar).ok()?;
    let (mut before, mut after) = (vec![0; bars], vec![0; bars]);
    for event in uses() {
        let side = if event.event_time > opened_at { &mut after } else { &mut before };
        let bar = usize::try_from((event.event_time.day() - first_day) / days_a_bar).ok();
        if let Some(count) = bar.and_then(|bar| side.get_mut(bar)) {
            *count += 1;
        }
    }
    Some(Usage { first_day, days_a_bar, before, after, opened_at, last_day })
}

impl Usage {
    /// The sentence under the chart.
    pub(super) fn caption(&self) -> String {
        let span = match self.days_a_bar {
            1 => "day".to_owned(),
            days => format!("{days} days"),
        };
        let after: usize = self.after.iter().sum();
        let before: usize = self.before.iter().sum();
        format!(
            "Uses of the account or licence per {span}: {before} before the dispute was opened \
             (white), {after} after (black)."
        )
    }

    /// Draws it at the present place.
    pub(super) fn draw(&self, flow: &mut Flow) {
        let (left, top) = flow.area(HEIGHT);
        let (x, foot) = (left + AXIS, top + 14_000 + TALL);
        let width = flow.width() - AXIS;
        let bars = i32::try_from(self.before.len()).unwrap_or(1).max(1);
        let step = width / bars;
        let most =
            self.before.iter().zip(&self.after).map(|(a, b)| a + b).max().unwrap_or(1).max(1);
        let height_of = |count: usize| {
            let part = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
            i32::try_from(i64::from(TALL) * part(count) / part(most)).unwrap_or(TALL)
        };
        let wide = (step * 7 / 10).max(1_000);
        for (number, (&before, &after)) in (0..).zip(self.before.iter().zip(&self.after)) {
            let at = x + number * step + (step - wide) / 2;
            let (white, black) = (height_of(before), height_of(after));
            if before > 0 {
                flow.put(Mark::Bar {
                    x: at,
                    y: foot - white,
                    width: wide,
                    height: white,
                    solid: false,
                });
            }
            if after > 0 {
                let y = foot - white - black;
                flow.put(Mark::Bar { x: at, y, width: wide, height: black, solid: true });
            }
        }
        flow.put(Mark::Line { from: (x, foot), to: (x + width, foot), width: 1_000 });
        let label = most.to_string();
        let at = x - 4_000 - flow.measure(&label, SMALL);
        flow.put(Mark::Text { x: at, y: foot - TALL + 8_000, style: SMALL, text: label });
        let zero = x - 4_000 - flow.measure("0", SMALL);
        flow.put(Mark::Text { x: zero, y: foot, style: SMALL, text: "0".to_owned() });
        self.dates(flow, (x, foot), (width, step));
    }

    /// The line of the dispute, and the dates under the axis.
    fn dates(&self, flow: &mut Flow, corner: (i32, i32), widths: (i32, i32)) {
        let ((x, foot), (width, step)) = (corner, widths);
        let line = x + self.place(step).clamp(0, width);
        let top = foot - TALL - 10_000;
        flow.put(Mark::Line { from: (line, top), to: (line, foot), width: 1_600 });
        let text = format!("dispute opened {}", self.opened_at.date_text());
        let wide = flow.measure(&text, SMALL);
        let fits_right = line + 4_000 + wide <= x + width;
        let at = if fits_right { line + 4_000 } else { line - 4_000 - wide };
        flow.put(Mark::Text { x: at, y: top + 6_000, style: SMALL, text });
        let date = |day: i64| Timestamp::from_millis(day.saturating_mul(DAY_MS)).date_text();
        let below = foot + 12_000;
        let first = format!("purchase {}", date(self.first_day));
        flow.put(Mark::Text { x, y: below, style: SMALL, text: first });
        let last = date(self.last_day);
        let at = x + width - flow.measure(&last, SMALL);
        flow.put(Mark::Text { x: at, y: below, style: SMALL, text: last });
    }

    /// Where the dispute falls, from the left end of the axis.
    fn place(&self, step: i32) -> i32 {
        let start = Timestamp::from_millis(self.first_day.saturating_mul(DAY_MS));
        let since = self.opened_at.millis_since(start);
        let along = i128::from(since) * i128::from(step) / i128::from(self.days_a_bar * DAY_MS);
        i32::try_from(along).unwrap_or(if since < 0 { 0 } else { i32::MAX })
    }
}
