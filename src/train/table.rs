//! The report as a table for a terminal; the card holds the same text.

use super::cards::Intervals;
use super::delay::Recent;
use super::drift::MOVED;
use super::encode::Dropped;
use super::metrics::{Bin, Metrics, count};
use super::refit::DelayEffect;
use super::report::{Report, Rival};
use super::slices::Slice;
use super::thresholds::ThresholdPoint;
use std::fmt;

/// Features listed.
const BEST: usize = 8;
/// Ages listed, in days.
const SHOWN_AGES: [i64; 6] = [1, 7, 14, 30, 60, 120];

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { windows, rows, training, test, .. } = self;
        writeln!(f, "{}: {}, {} features", self.model, self.kind.name(), self.features)?;
        writeln!(f, "probability of {}", self.label)?;
        writeln!(f, "calibrated on {} labels, sha256 {}\n", self.calibration, self.sha256)?;

        writeln!(f, "{:<10} {:<25} {:<25} {:>9} {:>7}", "window", "from", "to", "rows", "frauds")?;
        let fit_to = if rows.calibrated > 0 { windows.calibrate_from } else { windows.train_to };
        let calibrated = (rows.calibrated, rows.calibrated_positives);
        for (name, from, to, (rows, frauds)) in [
            ("fit", windows.train_from, fit_to, (rows.fitted, training.positives)),
            ("calibrate", windows.calibrate_from, windows.train_to, calibrated),
            ("test", windows.test_from, windows.test_to, (rows.tested, test.positives)),
        ] {
            if rows > 0 {
                let (from, to) = (from.to_string(), to.to_string());
                writeln!(f, "{name:<10} {from:<25} {to:<25} {rows:>9} {frauds:>7}")?;
            }
        }
        let unknown = rows.unknown_in_training + rows.unknown_in_test;
        writeln!(f, "left out: {} in no window, {unknown} of unknown outcome", rows.outside)?;
        writeln!(f, "labels known at {} were used in training\n", windows.labels_known_at)?;

        measures(f, training, test)?;
        self.rivals(f)?;
        writeln!(f)?;
        deciles(f, &self.test_deciles, test.positives)?;
        self.money(f)?;
        self.best_features(f)?;
        self.slices(f)?;
        self.moved(f)?;
        self.delay(f)?;
        for why in Dropped::REASONS {
            let dropped = self.dropped.iter().filter(|dropped| dropped.why == why);
            let names: Vec<_> = dropped.map(|dropped| dropped.name.as_ref()).collect();
            if !names.is_empty() {
                writeln!(f, "\n{why} in training, so not used: {}", names.join(", "))?;
            }
        }
        self.notes.iter().try_for_each(|note| writeln!(f, "\nnote: {note}"))
    }
}

impl Report {
    fn money(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = &self.thresholds;
        writeln!(f, "\n{:<34} {:>14} {:>14}", "money in the test, EUR", "approve all", "cheapest")?;
        let cheapest = |get: fn(&ThresholdPoint) -> f64| {
            found.cheapest.map_or("-".to_owned(), |point| format!("{:.2}", get(&point)))
        };
        for (name, all, best) in [
            ("fraud caught", 0.0, cheapest(|point| point.fraud_caught_eur)),
            ("good sales lost", 0.0, cheapest(|point| point.good_lost_eur)),
            ("cost of errors", found.approve_all_cost_eur, cheapest(|point| point.cost_eur)),
        ] {
            writeln!(f, "{name:<34} {all:>14.2} {best:>14}")?;
        }
        match found.cheapest {
            Some(ThresholdPoint { threshold, rows, recall, .. }) => writeln!(
                f,
                "cheapest: decline from {:.2}% on, {rows} sales, {:.1}% of the frauds",
                100.0 * threshold,
                100.0 * recall
            ),
            None => writeln!(f, "declining nothing is the cheapest"),
        }
    }

    /// The model beside its challenger and the baseline.
    fn rivals(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "\n{:<20} {:>9} {:>9} {:>17} {:>9} {:>9} {:>9}",
            "test", "ROC-AUC", "PR-AUC", "95 % by card", "at 1% FPR", "CP@100", "log loss"
        )?;
        for rival in &self.rivals {
            let Rival { test, card_precision_at_100: cards, intervals, .. } = rival;
            let interval = intervals
                .map_or("-".to_owned(), |Intervals { pr_auc: [a, b], .. }| {
                    format!("{a:.4} - {b:.4}")
                });
            writeln!(
                f,
                "{:<20} {:>9} {:>9} {interval:>17} {:>9} {:>9} {:>9}",
                rival.kind.name(),
                shown(test.roc_auc),
                shown(test.pr_auc),
                shown(test.recall_at_1pct_fpr),
                shown(*cards),
                shown(test.log_loss),
            )?;
        }
        Ok(())
    }

    fn best_features(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(gains) = &self.gains else { return Ok(()) };
        let head = ["feature, the best alone first", "alone", "PR-AUC alone", "lost without"];
        let [name, alone, pr_auc, lost] = head;
        writeln!(f, "\n{name:<34} {alone:>14} {pr_auc:>14} {lost:>14}")?;
        let percent =
            |part: Option<f64>| part.map_or("-".to_owned(), |part| format!("{:.1}%", 100.0 * part));
        for gain in gains.features.iter().take(BEST) {
            let (alone, lost) = (percent(gain.share), percent(gain.share_lost));
            writeln!(f, "{:<34} {alone:>14} {:>14.4} {lost:>14}", gain.name, gain.pr_auc_alone)?;
        }
        writeln!(
            f,
            "shares of the gain, {:.4} of log loss below the base rate's {:.4}",
            gains.model, gains.base_log_loss
        )
    }

    /// Only where there is more than one slice of a kind.
    fn slices(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "\n{:<34} {:>9} {:>9} {:>11} {:>11}",
            "slice, at 1 % FPR of the whole", "rows", "frauds", "recall", "FPR"
        )?;
        let alone = |slice: &Slice| self.slices.iter().filter(|s| s.by == slice.by).count() < 2;
        let percent =
            |part: Option<f64>| part.map_or("-".to_owned(), |part| format!("{:.2}%", 100.0 * part));
        for slice in self.slices.iter().filter(|slice| !alone(slice)) {
            let Slice { by, value, rows, frauds, recall, false_positive_rate, .. } = slice;
            let name = format!("{by}: {value}");
            let (recall, hit) = (percent(*recall), percent(*false_positive_rate));
            writeln!(f, "{name:<34} {rows:>9} {frauds:>9} {recall:>11} {hit:>11}")?;
        }
        Ok(())
    }

    /// What moved since training.
    fn moved(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moved: Vec<_> = self.drift.iter().filter(|one| one.psi >= MOVED).collect();
        let Some(first) = self.drift.first() else { return Ok(()) };
        write!(f, "\nmoved since training (stability index of {MOVED} or more): ")?;
        if moved.is_empty() {
            return writeln!(f, "none; most, {} with {:.3}", first.name, first.psi);
        }
        let named = moved.iter().take(BEST).map(|one| format!("{} {:.2}", one.name, one.psi));
        let more = if moved.len() > BEST { ", …" } else { "" };
        writeln!(f, "{}{more}", named.collect::<Vec<_>>().join(", "))
    }

    fn delay(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known_by = &self.label_delay.known_by;
        if !known_by.is_empty() {
            let shown = || known_by.iter().filter(|at| SHOWN_AGES.contains(&at.days));
            write!(f, "\n{:<34}", "age of a sale")?;
            shown().try_for_each(|at| write!(f, " {:>4} d", at.days))?;
            write!(f, "\n{:<34}", "share of frauds known")?;
            shown().try_for_each(|at| write!(f, " {:>5.1}%", 100.0 * at.share))?;
            writeln!(f)?;
        }
        if let Some(Recent { rows, frauds_known_then, frauds }) = self.label_delay.recent {
            let rate = |frauds: usize| 100.0 * count(frauds) / count(rows);
            writeln!(
                f,
                "four weeks before the labels were taken: {:.2}% fraud known then, {:.2}% by now",
                rate(frauds_known_then),
                rate(frauds)
            )?;
        }
        let Some(effect) = &self.delay_effect else { return Ok(()) };
        writeln!(
            f,
            "\n{:<34} {:>9} {:>9} {:>9}",
            "test, if trained on", "frauds", "PR-AUC", "log loss"
        )?;
        for Effect { trained_on, frauds, test } in self.effects(effect) {
            let (pr_auc, log_loss) = (shown(test.pr_auc), shown(test.log_loss));
            writeln!(f, "{trained_on:<34} {frauds:>9} {pr_auc:>9} {log_loss:>9}")?;
        }
        Ok(())
    }

    /// What the labels' delay does, beside this model.
    pub(super) fn effects<'a>(&'a self, effect: &'a DelayEffect) -> [Effect<'a>; 3] {
        let waited = self.training.positives + self.rows.calibrated_positives;
        let of = |trained_on, frauds, test| Effect { trained_on, frauds, test };
        [
            of("all sales, labels known then", effect.frauds_known_then, &effect.labels_known_then),
            of(
                "all sales, labels known later",
                effect.frauds_known_later,
                &effect.labels_known_later,
            ),
            of("mature sales, as this model", waited, &self.test),
        ]
    }
}

/// A model of other labels, on the same test.
pub(super) struct Effect<'a> {
    pub(super) trained_on: &'static str,
    pub(super) frauds: usize,
    pub(super) test: &'a Metrics,
}

fn shown(value: Option<f64>) -> String {
    value.map_or("-".to_owned(), |value| format!("{value:.4}"))
}

fn measures(f: &mut fmt::Formatter<'_>, training: &Metrics, test: &Metrics) -> fmt::Result {
    writeln!(f, "{:<22} {:>9} {:>9}", "measure", "training", "test")?;
    for (name, get) in MEASURES {
        writeln!(f, "{name:<22} {:>9} {:>9}", shown(get(training)), shown(get(test)))?;
    }
    Ok(())
}

pub(super) type Measure = fn(&Metrics) -> Option<f64>;

/// Every measure with its name, in the order of the table.
pub(super) const MEASURES: [(&str, Measure); 7] = [
    ("base rate", |m| m.base_rate),
    ("ROC-AUC", |m| m.roc_auc),
    ("PR-AUC", |m| m.pr_auc),
    ("recall at 1 % FPR", |m| m.recall_at_1pct_fpr),
    ("ECE (10 equal bins)", |m| m.ece),
    ("Brier", |m| m.brier),
    ("log loss", |m| m.log_loss),
];

fn deciles(f: &mut fmt::Formatter<'_>, bins: &[Bin], positives: usize) -> fmt::Result {
    writeln!(f, "test rows, riskiest first")?;
    writeln!(
        f,
        "{:>4} {:>17} {:>9} {:>7} {:>9} {:>9} {:>8}",
        "part", "probability", "rows", "frauds", "expected", "observed", "caught"
    )?;
    let mut caught = 0;
    for (part, bin) in (1..).zip(bins) {
        caught += bin.positives;
        writeln!(
            f,
            "{part:>4} {:>7.2}%-{:>7.2}% {:>9} {:>7} {:>8.2}% {:>8.2}% {:>7.1}%",
            100.0 * bin.lowest,
            100.0 * bin.highest,
            bin.rows,
            bin.positives,
            100.0 * bin.mean_probability,
            100.0 * bin.fraud_rate,
            100.0 * count(caught) / count(positives.max(1)),
        )?;
    }
    Ok(())
}
