//! The plots of the report: which chart, what it says in words, and its numbers as a table.

use super::chart::{Axis, Chart, Row, instant, rows_svg};
use super::models;
use super::{escape, euros, percent, put, table};
use crate::domain::{DAY_MS, Timestamp};
use crate::train::delay::{Recent, Week};
use crate::train::gain::Gains;
use crate::train::learner::ModelKind;
use crate::train::metrics::count;
use crate::train::report::Report;
use crate::train::table::Effect;
use crate::train::thresholds::ThresholdPoint;

/// Features drawn; the table has all of them.
pub(super) const DRAWN: usize = 15;
/// Money below this is not drawn on the logarithmic axis, in euro.
const LEAST_EUR: f64 = 1.0;

/// A sum of money at a threshold.
type Sum = fn(&ThresholdPoint) -> f64;

/// One plot, ready to be laid out.
pub(super) struct Figure {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) summary: String,
    pub(super) svg: String,
    /// Class and name of each kind of mark.
    pub(super) legend: Vec<(&'static str, &'static str)>,
    pub(super) table: String,
}

impl Figure {
    fn html(&self) -> String {
        let Self { id, title, summary, svg, legend, table } = self;
        let mut keys = String::new();
        for (class, name) in legend {
            put(
                &mut keys,
                format_args!(
                    "<li><svg viewBox=\"0 0 32 10\" aria-hidden=\"true\"><path class=\"line {class}\" \
                 d=\"M0 5L32 5\"/></svg>{}</li>",
                    escape(name)
                ),
            );
        }
        let keys =
            if keys.is_empty() { keys } else { format!("<ul class=\"legend\">{keys}</ul>\n") };
        format!(
            "<figure id=\"{id}\">\n<h3>{}</h3>\n{svg}{keys}<figcaption>{}</figcaption>\n\
             <details><summary>The numbers</summary>\n<div class=\"scroll\" tabindex=\"0\">{table}\
             </div></details>\n</figure>\n",
            escape(title),
            escape(summary)
        )
    }
}

/// Every plot under its heading.
pub(super) fn all(report: &Report) -> String {
    let sections = [
        ("How well it ranks", vec![models::rivals(report), precision_recall(report), roc(report)]),
        ("Whether its probabilities hold", vec![reliability(report), distribution(report)]),
        ("What a threshold is worth", vec![money(report)]),
        ("How alike buyers are treated", models::slices(report).into_iter().collect()),
        ("What it rests on", features(report)),
        ("What was not known yet", vec![known_by(report), fraud_rate(report)]),
        ("The data", std::iter::once(volume(report)).chain(models::drift(report)).collect()),
    ];
    let mut html = String::new();
    for (heading, figures) in sections {
        let figures: String = figures.iter().map(Figure::html).collect();
        if !figures.is_empty() {
            put(
                &mut html,
                format_args!("<h2>{heading}</h2>\n<div class=\"plots\">\n{figures}</div>\n"),
            );
        }
    }
    html
}

fn shown(value: Option<f64>) -> String {
    value.map_or("unknown".to_owned(), |value| format!("{value:.3}"))
}

fn threshold_rows(report: &Report, cells: fn(&ThresholdPoint) -> Vec<String>) -> Vec<Vec<String>> {
    report.thresholds.points.iter().map(cells).collect()
}

fn precision_recall(report: &Report) -> Figure {
    let (id, title) = ("precision-recall", "Precision and recall");
    let base = report.test.base_rate.unwrap_or(0.0);
    let half = report.thresholds.points.iter().rfind(|point| point.precision >= 0.5);
    let summary = format!(
        "PR-AUC {}; a score that knows nothing has {base:.3}, the share of frauds. {}",
        shown(report.test.pr_auc),
        half.map_or("No threshold declines more frauds than good sales.".to_owned(), |point| {
            format!(
                "Where every second declined sale is fraud, {} of the frauds are found.",
                percent(point.recall)
            )
        })
    );
    let mut chart = Chart::new(Axis::share("recall (% of frauds)"), Axis::share("precision (%)"));
    chart.line("rule", [(0.0, base), (1.0, base)]);
    let mut before = 0.0;
    let steps = report.thresholds.points.iter().flat_map(|point| {
        let from = std::mem::replace(&mut before, point.recall);
        [(from, point.precision), (point.recall, point.precision)]
    });
    chart.line("s1", steps);
    let rows = threshold_rows(report, |point| {
        let ThresholdPoint { threshold, rows, frauds, recall, precision, .. } = *point;
        let counts = [rows.to_string(), frauds.to_string()];
        [percent(threshold)]
            .into_iter()
            .chain(counts)
            .chain([recall, precision].map(percent))
            .collect()
    });
    let head = ["from", "declined", "frauds", "recall", "precision"];
    Figure {
        id,
        title,
        svg: chart.svg(id, title, &summary),
        summary,
        legend: vec![("s1", "this model, on the test"), ("rule", "a score that knows nothing")],
        table: table("Test sales at or above a probability", &head, &rows),
    }
}

fn roc(report: &Report) -> Figure {
    let (id, title) = ("roc", "Frauds found against good sales hit (ROC)");
    let summary = format!(
        "ROC-AUC {}; chance is 0.5. A threshold that hits 1 % of the good sales finds {} of the frauds.",
        shown(report.test.roc_auc),
        report.test.recall_at_1pct_fpr.map_or("an unknown share".to_owned(), percent)
    );
    let x = Axis::share("false positive rate (% of good sales)");
    let mut chart = Chart::new(x, Axis::share("recall (% of frauds)"));
    chart.line("rule", [(0.0, 0.0), (1.0, 1.0)]);
    let points = report.thresholds.points.iter().map(|p| (p.false_positive_rate, p.recall));
    chart.line("s1", [(0.0, 0.0)].into_iter().chain(points));
    chart.upright(0.01, "1 % of good sales");
    let rows = threshold_rows(report, |point| {
        [point.threshold, point.false_positive_rate, point.recall].map(percent).to_vec()
    });
    Figure {
        id,
        title,
        svg: chart.svg(id, title, &summary),
        summary,
        legend: vec![("s1", "this model, on the test"), ("rule", "chance")],
        table: table(
            "Shares at or above a probability",
            &["from", "false positive rate", "recall"],
            &rows,
        ),
    }
}

fn reliability(report: &Report) -> Figure {
    const LEAST: f64 = 1e-4;
    let (id, title) = ("calibration", "Promised and observed fraud rate");
    let off = report.reliability.iter().filter(|bin| {
        let [low, high] = bin.interval;
        bin.mean_probability < low || bin.mean_probability > high
    });
    let summary = format!(
        "Of {} bins, {} promise a rate outside the 95 % interval of what came. Expected calibration \
         error {} over ten bins of equal size. Numbers above the points are test sales.",
        report.reliability.len(),
        off.count(),
        report.test.ece.map_or("unknown".to_owned(), percent),
    );
    let axis = |label| Axis::log(label, (LEAST, 1.0), |share| format!("{} %", 100.0 * share));
    let mut chart = Chart::new(axis("mean probability (%)"), axis("fraud rate (%)"));
    chart.line("rule", [(LEAST, LEAST), (1.0, 1.0)]);
    for bin in &report.reliability {
        let at = (bin.mean_probability, bin.fraud_rate);
        chart.estimate(at, bin.interval, &bin.rows.to_string());
    }
    let rows: Vec<_> = report
        .reliability
        .iter()
        .map(|bin| {
            let [low, high] = bin.interval;
            let mut row = vec![format!("{} to {}", percent(bin.from), percent(bin.to))];
            row.extend([bin.rows.to_string(), bin.frauds.to_string()]);
            row.extend([bin.mean_probability, bin.fraud_rate, low, high].map(percent));
            row
        })
        .collect();
    let head = ["probability", "sales", "frauds", "mean", "fraud rate", "95 % from", "to"];
    Figure {
        id,
        title,
        svg: chart.svg(id, title, &summary),
        summary,
        legend: vec![("s1", "observed, with its 95 % interval"), ("rule", "as promised")],
        table: table("Test sales by probability", &head, &rows),
    }
}

fn distribution(report: &Report) -> Figure {
    let (id, title) = ("scores", "Sales by probability and outcome");
    let bins = &report.score_distribution;
    let above: usize = bins.iter().filter(|bin| bin.from >= 0.5).map(|bin| bin.frauds).sum();
    let summary = format!(
        "{above} of {} frauds and {} of {} good sales have a probability of 50 % or more. The number \
         of sales is on a logarithmic scale.",
        report.test.positives,
        bins.iter().filter(|bin| bin.from >= 0.5).map(|bin| bin.good).sum::<usize>(),
        report.test.rows - report.test.positives,
    );
    let most = bins.iter().map(|bin| bin.good.max(bin.frauds)).max().unwrap_or(1);
    let y = Axis::log("sales (logarithmic)", (1.0, count(most)), |at| format!("{at}"));
    let mut chart = Chart::new(Axis::probability("fraud probability"), y);
    for bin in bins {
        let middle = 0.5
            * ((bin.from.max(1e-9) / (1.0 - bin.from)).ln().max(-10.0)
                + (bin.to / (1.0 - bin.to).max(1e-9)).ln().min(10.0));
        let middle = crate::model::sigmoid(middle);
        for (class, (from, to), number) in
            [("s1", (bin.from, middle), bin.good), ("s2", (middle, bin.to), bin.frauds)]
        {
            if number > 0 {
                // Half a sale below one, so that a single sale shows.
                chart.bar(class, (from, 1.0), (to, count(number).max(1.15)));
            }
        }
    }
    let rows: Vec<_> = bins
        .iter()
        .map(|bin| {
            let span = format!("{:.3} % to {:.3} %", 100.0 * bin.from, 100.0 * bin.to);
            vec![span, bin.good.to_string(), bin.frauds.to_string()]
        })
        .collect();
    Figure {
        id,
        title,
        svg: chart.svg(id, title, &summary),
        summary,
        legend: vec![("s1", "good sales (left bar)"), ("s2", "frauds (right bar)")],
        table: table("Test sales by probability", &["probability", "good sales", "frauds"], &rows),
    }
}

fn money(report: &Report) -> Figure {
    let (id, title) = ("money", "Money by threshold");
    let found = &report.thresholds;
    let costs = found.costs;
    let best = found.cheapest.map_or("Declining nothing is the cheapest.".to_owned(), |point| {
        format!(
            "Cheapest: decline from {} on. That catches {} of {} fraud money, loses {} of {} good \
             sales, and the errors cost {} instead of {} when all is approved.",
            percent(point.threshold),
            euros(point.fraud_caught_eur),
            euros(found.fraud_eur),
            euros(point.good_lost_eur),
            euros(found.good_eur),
            euros(point.cost_eur),
            euros(found.approve_all_cost_eur)
        )
    });
    let summary = format!(
        "{best} A missed fraud is taken to cost {:.0} % of its amount and {}, a declined good sale \
         {:.0} % and {}.",
        100.0 * costs.missed_fraud.share,
        euros(costs.missed_fraud.fixed_eur),
        100.0 * costs.declined_good.share,
        euros(costs.declined_good.fixed_eur)
    );
    let points = || found.points.iter();
    let most = points().map(|p| p.fraud_caught_eur.max(p.good_lost_eur).max(p.cost_eur));
    let y = Axis::log("euro (logarithmic)", (LEAST_EUR, most.fold(10.0, f64::max)), |at| {
        if at >= 1e6 { format!("{} M", at / 1e6) } else { format!("{at}") }
    });
    let mut chart = Chart::new(Axis::probability("decline from this probability on"), y);
    let series: [(_, Sum); 3] = [
        ("s1", |point| point.fraud_caught_eur),
        ("s2", |point| point.good_lost_eur),
        ("s3", |point| point.cost_eur),
    ];
    for (class, get) in series {
        let drawn = points().filter(|point| get(point) >= LEAST_EUR);
        chart.line(class, drawn.map(|point| (point.threshold, get(point))));
    }
    if let Some(point) = found.cheapest {
        chart.upright(point.threshold, "cheapest");
    }
    let rows = threshold_rows(report, |point| {
        let sums = [point.fraud_caught_eur, point.good_lost_eur, point.cost_eur];
        let counts = [percent(point.threshold), point.rows.to_string()];
        counts.into_iter().chain(sums.map(|sum| format!("{sum:.2}"))).collect()
    });
    let head =
        ["from", "declined", "fraud caught (EUR)", "good lost (EUR)", "cost of errors (EUR)"];
    Figure {
        id,
        title,
        svg: chart.svg(id, title, &summary),
        summary,
        legend: vec![
            ("s1", "fraud money caught"),
            ("s2", "good money lost"),
            ("s3", "cost of errors"),
        ],
        table: table("Declining from a probability on", &head, &rows),
    }
}

fn features(report: &Report) -> Vec<Figure> {
    let mut figures: Vec<_> = models::importances(report).into_iter().collect();
    if let Some(gains) = &report.gains {
        let whose = match report.kind {
            ModelKind::Logistic => "",
            _ => "Of the baseline, logistic regression: ",
        };
        figures.extend([gain(gains, whose), coefficients(gains, whose)]);
    }
    figures
}

fn gain(gains: &Gains, whose: &str) -> Figure {
    let (id, title) = ("gain", "What each feature gains alone");
    let best = gains.features.first().and_then(|best| Some((&best.name, best.share?)));
    let verdict = best.map_or("The model gains nothing. ".to_owned(), |(name, share)| {
        let than = if share > 0.5 { "more" } else { "not more" };
        format!("The best alone, {name}, reaches {}: {than} than half. ", percent(share))
    });
    let summary = format!(
        "{whose}{verdict}Gain is log loss below that of the base rate ({:.4}); the model gains {:.4} on the \
         test. Features repeat each other, so the shares do not add up to 100 %.",
        gains.base_log_loss, gains.model
    );
    let drawn = gains.features.iter().take(DRAWN);
    let rows: Vec<_> = drawn
        .filter_map(|feature| {
            let second = feature.share_lost.map(|lost| 100.0 * lost);
            Some(Row { name: &feature.name, value: 100.0 * feature.share?, second })
        })
        .collect();
    let left_out = rows.iter().any(|row| row.second.is_some());
    let axis = ("share of the model's gain (%)", "");
    let half = Some((50.0, "half"));
    let drawn = (!rows.is_empty()).then(|| rows_svg((id, title, &summary), axis, &rows, half));
    let svg = drawn.unwrap_or_default();
    let rows: Vec<_> = gains
        .features
        .iter()
        .map(|feature| {
            vec![
                feature.name.clone(),
                feature.share.map_or("–".to_owned(), percent),
                format!("{:.4}", feature.alone),
                format!("{:.4}", feature.pr_auc_alone),
                feature.share_lost.map_or("–".to_owned(), percent),
                format!("{:+.4}", feature.coefficient),
            ]
        })
        .collect();
    let head = [
        "feature",
        "share alone",
        "gain alone",
        "PR-AUC alone",
        "lost when left out",
        "coefficient",
    ];
    let mut legend = vec![("s1", "a model of this feature alone")];
    legend.extend(left_out.then_some(("s2", "lost when the model is fitted without it")));
    Figure { id, title, svg, summary, legend, table: table("Every feature", &head, &rows) }
}

fn coefficients(gains: &Gains, whose: &str) -> Figure {
    let (id, title) = ("coefficients", "The largest coefficients");
    let mut features: Vec<_> = gains.features.iter().collect();
    features.sort_by(|a, b| b.coefficient.abs().total_cmp(&a.coefficient.abs()));
    let largest = features.first();
    let summary = format!(
        "{whose}In log-odds before calibration: of a number per standard deviation, of a yes or no for yes, \
         of a word the largest of its words.{}",
        largest.map_or(String::new(), |first| format!(
            " The largest is that of {}, {:+.2}.",
            first.name, first.coefficient
        ))
    );
    let drawn = features.iter().take(DRAWN);
    let rows: Vec<_> = drawn
        .map(|feature| Row { name: &feature.name, value: feature.coefficient, second: None })
        .collect();
    let svg = rows_svg((id, title, &summary), ("coefficient (log-odds)", ""), &rows, None);
    let rows: Vec<_> = features
        .iter()
        .map(|feature| vec![feature.name.clone(), format!("{:+.4}", feature.coefficient)])
        .collect();
    let table = table("Every feature", &["feature", "coefficient"], &rows);
    Figure { id, title, svg, summary, legend: vec![], table }
}

fn known_by(report: &Report) -> Figure {
    let (id, title) = ("label-delay", "How late fraud is known");
    let delay = &report.label_delay;
    let half = delay.known_by.iter().find(|at| at.share >= 0.5);
    let summary = half.map_or("The labels do not say when they arrived.".to_owned(), |half| {
        format!(
            "Of {} frauds, half are known after {} days. Until then they pass for good sales.",
            delay.frauds, half.days
        )
    });
    let days = |days: i64| instant(Timestamp::from_millis(days));
    let last = delay.known_by.last().map_or(120, |at| at.days);
    let x = Axis::linear("age of the sale (days)", (0.0, days(last)), "");
    let mut chart = Chart::new(x, Axis::share("frauds known (%)"));
    chart.line("s1", delay.known_by.iter().map(|at| (days(at.days), at.share)));
    let rows: Vec<_> = delay
        .known_by
        .iter()
        .map(|at| vec![format!("{} days", at.days), percent(at.share)])
        .collect();
    Figure {
        id,
        title,
        svg: chart.svg(id, title, &summary),
        summary,
        legend: vec![],
        table: table("Share of frauds known by an age", &["age of the sale", "known"], &rows),
    }
}

fn fraud_rate(report: &Report) -> Figure {
    let (id, title) = ("fraud-rate", "Fraud rate by week, as known then and as known now");
    let mut summary = report.label_delay.recent.map_or(String::new(), |recent| {
        let Recent { rows, frauds_known_then, frauds } = recent;
        let rate = |frauds: usize| percent(count(frauds) / count(rows));
        format!(
            "In the four weeks before the training labels were taken, {} of the sales were known as \
             fraud; by now it is {}. ",
            rate(frauds_known_then),
            rate(frauds)
        )
    });
    let mut rows: Vec<_> = report
        .weeks
        .iter()
        .map(|week| {
            let then = week.apparent_rate().map_or("–".to_owned(), percent);
            vec![date(week.from), week.rows.to_string(), then, percent(week.fraud_rate())]
        })
        .collect();
    if let Some(effect) = &report.delay_effect {
        summary += "On the same test: ";
        for Effect { trained_on, frauds, test } in report.effects(effect) {
            let (pr_auc, log_loss) = (shown(test.pr_auc), shown(test.log_loss));
            put(
                &mut summary,
                format_args!(
                    "{trained_on}, {frauds} frauds: PR-AUC {pr_auc}, log loss {log_loss}. "
                ),
            );
            rows.push(vec![format!("test, {trained_on}"), frauds.to_string(), pr_auc, log_loss]);
        }
    }
    let rates = report.weeks.iter().map(Week::fraud_rate);
    let most = rates.chain(report.weeks.iter().filter_map(Week::apparent_rate)).fold(0.0, f64::max);
    let y = Axis::linear("fraud rate (% of sales)", (0.0, 100.0 * most.max(0.001)), "");
    let mut chart = weekly(report, y);
    let middle = |week: &Week| instant(week.from.plus_millis(7 * DAY_MS / 2));
    let now = report.weeks.iter().map(|week| (middle(week), 100.0 * week.fraud_rate()));
    let then =
        report.weeks.iter().filter_map(|week| Some((middle(week), 100.0 * week.apparent_rate()?)));
    chart.line("s1", now);
    chart.line("s2", then);
    let at = instant(report.windows.labels_known_at);
    chart.upright(at, "labels taken");
    Figure {
        id,
        title,
        svg: chart.svg(id, title, &summary),
        summary,
        legend: vec![("s1", "as known at the end of the data"), ("s2", "as known at training")],
        table: table("Weeks", &["week from", "sales", "rate then", "rate now"], &rows),
    }
}

fn volume(report: &Report) -> Figure {
    let (id, title) = ("volume", "Sales by week and how they were used");
    let rows = &report.rows;
    let summary = format!(
        "Of {} sales {} were fitted, {} calibrated and {} tested; {} lie in no window, and of {} the \
         outcome was not known.",
        rows.given,
        rows.fitted,
        rows.calibrated,
        rows.tested,
        rows.outside,
        rows.unknown_in_training + rows.unknown_in_test
    );
    let most = report.weeks.iter().map(|week| week.rows).max().unwrap_or(0);
    let mut chart = weekly(report, Axis::linear("sales a week", (0.0, count(most)), ""));
    for week in &report.weeks {
        let (from, to) =
            (week.from.plus_millis(DAY_MS / 2), week.from.plus_millis(13 * DAY_MS / 2));
        chart.bar("s1", (instant(from), 0.0), (instant(to), count(week.rows)));
    }
    let rows: Vec<_> = report
        .weeks
        .iter()
        .map(|week| vec![date(week.from), week.rows.to_string(), week.frauds.to_string()])
        .collect();
    Figure {
        id,
        title,
        svg: chart.svg(id, title, &summary),
        summary,
        legend: vec![],
        table: table("Weeks", &["week from", "sales", "frauds known by now"], &rows),
    }
}

/// A chart over the weeks of the data with the split's windows behind it.
fn weekly(report: &Report, y: Axis) -> Chart {
    let first = report.weeks.first().map_or(report.windows.train_from, |week| week.from);
    let last = report.weeks.last().map_or(report.windows.test_to, |week| week.from);
    let x = Axis::time("week of the sale", first, last.plus_millis(7 * DAY_MS));
    let mut chart = Chart::new(x, y);
    let windows = &report.windows;
    let calibrated = report.rows.calibrated > 0;
    let fitted_to = if calibrated { windows.calibrate_from } else { windows.train_to };
    let mut bands = vec![("", windows.train_from, fitted_to, "fit")];
    bands.extend(calibrated.then_some(("odd", fitted_to, windows.train_to, "calibrate")));
    bands.push(("odd", windows.test_from, windows.test_to, "test"));
    for (class, from, to, name) in bands {
        chart.band(class, (instant(from), instant(to)), name);
    }
    chart
}

fn date(at: Timestamp) -> String {
    at.to_string().chars().take(10).collect()
}
