//! One chart as inline SVG: two axes, marks on them, a title and a description for screen readers.
//!
//! Colours, widths and dashes are classes of the page's style sheet, so that one drawing serves light,
//! dark and paper. Rejected: a plotting crate. `plotters` with its SVG backend costs three small
//! crates, but writes every colour into every element, which no style sheet can turn dark, and has no
//! place for a description.

use super::{escape, put};
use crate::domain::{DAY_MS, Timestamp};

const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 340.0;
const LEFT: f64 = 66.0;
const RIGHT: f64 = 32.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 50.0;
/// Days between ticks of a time axis, the first that gives few enough.
const DAY_STEPS: [i64; 7] = [7, 14, 28, 56, 91, 182, 364];
const MAX_TIME_TICKS: i64 = 4;

/// From a value to a place.
#[derive(Debug, Clone, Copy)]
enum Scale {
    Linear,
    Log,
    /// For probabilities.
    LogOdds,
}

impl Scale {
    fn apply(self, x: f64) -> f64 {
        match self {
            Self::Linear => x,
            Self::Log => x.ln(),
            Self::LogOdds => (x / (1.0 - x)).ln(),
        }
    }
}

/// One axis: its name with the unit, its range, its ticks.
#[derive(Debug)]
pub(crate) struct Axis {
    label: &'static str,
    scale: Scale,
    low: f64,
    high: f64,
    ticks: Vec<(f64, String)>,
}

impl Axis {
    /// Shares from 0 to 1, in percent.
    pub(crate) fn share(label: &'static str) -> Self {
        let ticks = (0..=5).map(|fifth| f64::from(fifth) / 5.0);
        let ticks = ticks.map(|share| (share, format!("{:.0} %", 100.0 * share))).collect();
        Self { label, scale: Scale::Linear, low: 0.0, high: 1.0, ticks }
    }

    /// Numbers from `low` to about `high`, both included; `unit` follows each tick.
    pub(crate) fn linear(label: &'static str, (low, high): (f64, f64), unit: &str) -> Self {
        let step = round_step((high - low).max(1e-9));
        let (low, high) = ((low / step).floor() * step, (high / step).ceil().max(1.0) * step);
        let digits = if step >= 1.0 {
            0
        } else if step >= 0.1 {
            1
        } else {
            2
        };
        let mut ticks = vec![];
        let mut at = low;
        while at <= high + step / 2.0 {
            let shown = if at.abs() < step / 2.0 { 0.0 } else { at };
            ticks.push((at, format!("{shown:.digits$}{unit}")));
            at += step;
        }
        Self { label, scale: Scale::Linear, low, high, ticks }
    }

    /// Powers of ten from `low` to at least `high`, both > 0, as `show` writes them.
    pub(crate) fn log(
        label: &'static str,
        (low, high): (f64, f64),
        show: impl Fn(f64) -> String,
    ) -> Self {
        let first = low.log10().ceil();
        let last = high.max(low * 10.0).log10().ceil();
        let mut ticks = vec![];
        let mut power = first;
        while power <= last {
            let at = 10f64.powf(power);
            ticks.push((at, show(at)));
            power += 1.0;
        }
        Self { label, scale: Scale::Log, low, high: 10f64.powf(last), ticks }
    }

    /// Probabilities, wide where they are close to 0 and 1.
    pub(crate) fn probability(label: &'static str) -> Self {
        let ticks = [
            (0.0001, "0.01 %"),
            (0.001, "0.1 %"),
            (0.01, "1 %"),
            (0.1, "10 %"),
            (0.5, "50 %"),
            (0.9, "90 %"),
            (0.99, "99 %"),
            (0.999, "99.9 %"),
        ];
        let ticks = ticks.into_iter().map(|(at, text)| (at, text.to_owned())).collect();
        let edge = crate::model::sigmoid(-10.0);
        Self { label, scale: Scale::LogOdds, low: edge, high: 1.0 - edge, ticks }
    }

    /// Days, by date.
    pub(crate) fn time(label: &'static str, from: Timestamp, to: Timestamp) -> Self {
        let days = to.millis_since(from) / DAY_MS + 1;
        let step = DAY_STEPS.into_iter().find(|step| days / step <= MAX_TIME_TICKS).unwrap_or(728);
        let mut ticks = vec![];
        let mut at = from;
        while at <= to {
            ticks.push((instant(at), at.to_string().chars().take(10).collect()));
            at = at.plus_millis(step * DAY_MS);
        }
        Self { label, scale: Scale::Linear, low: instant(from), high: instant(to), ticks }
    }

    /// Where a value lies between the ends, 0..=1; beyond them at the end.
    fn place(&self, value: f64) -> f64 {
        let [low, high, at] =
            [self.low, self.high, value.clamp(self.low, self.high)].map(|x| self.scale.apply(x));
        if high > low { (at - low) / (high - low) } else { 0.5 }
    }
}

/// A moment as a number of an axis.
#[expect(clippy::cast_precision_loss, reason = "milliseconds of two centuries fit 53 bits")]
pub(crate) fn instant(at: Timestamp) -> f64 {
    at.millis() as f64
}

/// 1, 2 or 5 times a power of ten, so that a span has four to nine steps.
fn round_step(span: f64) -> f64 {
    let power = 10f64.powf((span / 5.0).log10().floor());
    let times = span / 5.0 / power;
    power
        * if times <= 1.0 {
            1.0
        } else if times <= 2.0 {
            2.0
        } else {
            5.0
        }
}

/// A chart under construction; marks are drawn in the order they come.
#[derive(Debug)]
pub(crate) struct Chart {
    x: Axis,
    y: Axis,
    marks: String,
}

impl Chart {
    pub(crate) fn new(x: Axis, y: Axis) -> Self {
        Self { x, y, marks: String::new() }
    }

    fn at(&self, (x, y): (f64, f64)) -> (f64, f64) {
        let across = LEFT + self.x.place(x) * (WIDTH - LEFT - RIGHT);
        let up = HEIGHT - BOTTOM - self.y.place(y) * (HEIGHT - TOP - BOTTOM);
        (across, up)
    }

    /// A line through the points.
    pub(crate) fn line(&mut self, class: &str, points: impl IntoIterator<Item = (f64, f64)>) {
        let mut path = String::new();
        for point in points {
            let (x, y) = self.at(point);
            let to = if path.is_empty() { "M" } else { "L" };
            put(&mut path, format_args!("{to}{x:.1} {y:.1}"));
        }
        if !path.is_empty() {
            put(&mut self.marks, format_args!("<path class=\"line {class}\" d=\"{path}\"/>\n"));
        }
    }

    /// A rectangle between two corners.
    pub(crate) fn bar(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        let ((x1, y1), (x2, y2)) = (self.at(from), self.at(to));
        let (left, top) = (x1.min(x2), y1.min(y2));
        let (width, height) = ((x2 - x1).abs(), (y2 - y1).abs());
        put(
            &mut self.marks,
            format_args!(
                "<rect class=\"bar {class}\" x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" \
             height=\"{height:.1}\"/>\n"
            ),
        );
    }

    /// A shaded span of the x axis with its name at the top.
    pub(crate) fn band(&mut self, class: &str, (from, to): (f64, f64), name: &str) {
        let (low, high) = (self.y.low, self.y.high);
        self.bar(&format!("band {class}"), (from, low), (to, high));
        let (left, top) = self.at((from, high));
        self.text("start", (left + 4.0, top + 12.0), name);
    }

    /// A point with the interval it lies in and a word above it.
    pub(crate) fn estimate(&mut self, (x, y): (f64, f64), [low, high]: [f64; 2], word: &str) {
        self.line("s1 interval", [(x, low), (x, high)]);
        let ((left, middle), (_, top)) = (self.at((x, y)), self.at((x, high)));
        put(
            &mut self.marks,
            format_args!("<circle class=\"s1\" cx=\"{left:.1}\" cy=\"{middle:.1}\" r=\"4\"/>\n"),
        );
        self.text("middle", (left, top - 5.0), word);
    }

    /// A line across the chart at an x with its name beside it.
    pub(crate) fn upright(&mut self, x: f64, name: &str) {
        self.line("rule", [(x, self.y.low), (x, self.y.high)]);
        let (left, _) = self.at((x, self.y.low));
        let right_half = left > WIDTH / 2.0;
        let (anchor, left) = if right_half { ("end", left - 5.0) } else { ("start", left + 5.0) };
        // Below the middle: curves fill the top, and names of bands.
        self.text(anchor, (left, 0.7 * HEIGHT - BOTTOM / 2.0), name);
    }

    fn text(&mut self, anchor: &str, (x, y): (f64, f64), text: &str) {
        put(
            &mut self.marks,
            format_args!(
                "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{}</text>\n",
                escape(text)
            ),
        );
    }

    /// The chart as an `svg` element.
    pub(crate) fn svg(mut self, id: &str, title: &str, description: &str) -> String {
        let marks = std::mem::take(&mut self.marks);
        self.axes();
        let axes = std::mem::take(&mut self.marks);
        opened(id, HEIGHT, title, description) + &axes + &marks + "</svg>\n"
    }

    fn axes(&mut self) {
        let (bottom, left) = (HEIGHT - BOTTOM, LEFT);
        for (at, word) in std::mem::take(&mut self.x.ticks) {
            let (x, _) = self.at((at, self.y.low));
            self.marks.push_str(&grid((x, TOP), (x, bottom)));
            self.text("middle", (x, bottom + 16.0), &word);
        }
        for (at, word) in std::mem::take(&mut self.y.ticks) {
            let (_, y) = self.at((self.x.low, at));
            self.marks.push_str(&grid((left, y), (WIDTH - RIGHT, y)));
            self.text("end", (left - 6.0, y + 4.0), &word);
        }
        self.text("middle", (f64::midpoint(left, WIDTH - RIGHT), HEIGHT - 10.0), self.x.label);
        let middle = f64::midpoint(TOP, bottom);
        put(
            &mut self.marks,
            format_args!(
                "<text transform=\"translate(13 {middle:.1}) rotate(-90)\" text-anchor=\"middle\">{}\
             </text>\n",
                escape(self.y.label)
            ),
        );
    }
}

fn grid((x1, y1): (f64, f64), (x2, y2): (f64, f64)) -> String {
    format!("<line class=\"grid\" x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>\n")
}

fn opened(id: &str, height: f64, title: &str, description: &str) -> String {
    format!(
        "<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-labelledby=\"{id}-title {id}-desc\">\n\
         <title id=\"{id}-title\">{}</title>\n<desc id=\"{id}-desc\">{}</desc>\n",
        escape(title),
        escape(description)
    )
}

/// A named length, with a second one where there is one.
#[derive(Debug, Clone)]
pub(crate) struct Row<'a> {
    pub(crate) name: &'a str,
    pub(crate) value: f64,
    pub(crate) second: Option<f64>,
}

/// Bars that lie, one row a name; `mark` is a line across them.
pub(crate) fn rows_svg(
    (id, title, description): (&str, &str, &str),
    (label, unit): (&'static str, &str),
    rows: &[Row<'_>],
    mark: Option<(f64, &str)>,
) -> String {
    const NAMES: f64 = 250.0;
    const STEP: f64 = 22.0;
    let values = || rows.iter().flat_map(|row| [Some(row.value), row.second]).flatten();
    let values = || values().chain(mark.map(|(at, _)| at));
    let (low, high) = (values().fold(0.0, f64::min), values().fold(0.0, f64::max));
    let axis = Axis::linear(label, (low, high), unit);
    let across = |value: f64| NAMES + axis.place(value) * (WIDTH - NAMES - 24.0);
    let end = rows.iter().fold(TOP, |top, _| top + STEP);
    let mut svg = opened(id, end + BOTTOM, title, description);
    let text = |anchor: &str, (x, y): (f64, f64), text: &str| {
        let text = escape(text);
        format!("<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>\n")
    };
    for (at, word) in &axis.ticks {
        let x = across(*at);
        svg += &grid((x, TOP), (x, end));
        svg += &text("middle", (x, end + 16.0), word);
    }
    let mut top = TOP;
    for row in rows {
        svg += &text("end", (NAMES - 6.0, top + 15.0), row.name);
        let bars = [("s1", Some(row.value)), ("s2", row.second)];
        let thick = if row.second.is_some() { 8.0 } else { 15.0 };
        let mut y = top + 3.0;
        for (class, value) in bars.into_iter().filter_map(|(c, v)| v.map(|v| (c, v))) {
            let (from, to) = (across(value.min(0.0)), across(value.max(0.0)));
            put(
                &mut svg,
                format_args!(
                    "<rect class=\"bar {class}\" x=\"{from:.1}\" y=\"{y:.1}\" width=\"{:.1}\" \
                 height=\"{thick}\"/>\n",
                    to - from
                ),
            );
            y += thick;
        }
        top += STEP;
    }
    if let Some((at, name)) = mark {
        let x = across(at);
        put(
            &mut svg,
            format_args!("<path class=\"line rule\" d=\"M{x:.1} {TOP}L{x:.1} {end:.1}\"/>\n"),
        );
        svg += &text("end", (x - 5.0, end - 6.0), name);
    }
    svg += &text("middle", (f64::midpoint(NAMES, WIDTH), end + 40.0), label);
    svg + "</svg>\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_by_hand() {
        let share = Axis::share("recall (%)");
        for (value, place) in [(0.0, 0.0), (0.25, 0.25), (1.0, 1.0), (2.0, 1.0)] {
            assert!((share.place(value) - place).abs() < 1e-12, "{value}");
        }
        let log = Axis::log("sales", (1.0, 950.0), |at| format!("{at}"));
        let ticks: Vec<_> = log.ticks.iter().map(|(_, word)| word.as_str()).collect();
        assert_eq!(ticks, ["1", "10", "100", "1000"]);
        assert!((log.place(10.0) - 1.0 / 3.0).abs() < 1e-12);
        let odds = Axis::probability("probability");
        assert!((odds.place(0.5) - 0.5).abs() < 1e-12);
        assert!((odds.place(crate::model::sigmoid(5.0)) - 0.75).abs() < 1e-9);
    }

    #[test]
    fn ticks_are_round_and_span_the_data() {
        for (low, high, first, last, count) in [
            (0.0, 0.93, 0.0, 1.0, 6),
            (0.0, 120.0, 0.0, 150.0, 4),
            (-1.3, 2.2, -1.5, 2.5, 9),
            (0.0, 0.0, 0.0, 0.0, 2),
        ] {
            let axis = Axis::linear("x", (low, high), "");
            let (a, b) = (axis.ticks[0].0, axis.ticks.last().unwrap().0);
            assert!((a - first).abs() < 1e-6 && (b - last).abs() < 1e-6, "{axis:?}");
            assert_eq!(axis.ticks.len(), count, "{axis:?}");
        }
    }

    #[test]
    fn a_chart_says_what_it_shows() {
        let mut chart = Chart::new(Axis::share("recall (%)"), Axis::share("precision (%)"));
        chart.line("s1", [(0.0, 1.0), (1.0, 0.0)]);
        let svg = chart.svg("pr", "A & B", "falls");
        assert!(svg.contains("<title id=\"pr-title\">A &amp; B</title>"), "{svg}");
        assert!(svg.contains("<path class=\"line s1\" d=\"M66.0 14.0L528.0 290.0\"/>"), "{svg}");
    }
}
