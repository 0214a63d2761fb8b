//! Whole runs: worlds whose answer is known, calendars of labels, and what can go wrong.

use super::*;
use crate::domain::{HOUR_MS, LabelClass};
use crate::features::{Record, Value, fields};
use crate::model::{Number, Word, sigmoid};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use rust_decimal::Decimal;

pub(super) fn uniform(rng: &mut ChaCha8Rng) -> f64 {
    f64::from(rng.next_u32()) / 2f64.powi(32)
}

fn day(n: i64) -> Timestamp {
    "2026-01-01T00:00:00Z".parse::<Timestamp>().unwrap().plus_millis(n * DAY_MS)
}

fn label(class: LabelClass, known_at: Option<Timestamp>) -> Label {
    Label { class, known_at }
}

/// A world whose log-odds of fraud are known:
/// −7 + 1.5·ln(1 + attempts) + 0.4·ln(1 + amount) + 2·Tor − 1·PayPal + 1·(age missing); the age
/// itself says nothing. One sale in twelve is fraud.
pub(super) fn world(rows: u32, seed: u64) -> Vec<LabelledRecord> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..rows)
        .map(|i| {
            let mut record = Record::default();
            let euros = (uniform(&mut rng) * 9.0).exp();
            let amount = Decimal::try_from(euros).unwrap().round_dp(2);
            let attempts = (rng.next_u32() % 20) * (rng.next_u32() % 20) / 20;
            let tor = uniform(&mut rng) < 0.05;
            let method = if uniform(&mut rng) < 0.3 { "paypal" } else { "card" };
            let age = (uniform(&mut rng) < 0.8).then(|| uniform(&mut rng) * 1000.0);
            record.set(fields::AMOUNT_EUR, amount);
            record.set(fields::IP_TX_COUNT_1H, attempts);
            record.set(fields::IP_TOR, tor);
            record.set(fields::PAYMENT_METHOD, method);
            record.set(fields::ACCOUNT_AGE_H, age.map_or(Value::Missing, Value::float));
            record.set(fields::BIN_TEST, false);
            let log_odds = -7.0
                + 1.5 * f64::from(attempts).ln_1p()
                + 0.4 * record.numeric(fields::AMOUNT_EUR).ln_1p()
                + if tor { 2.0 } else { 0.0 }
                + if method == "paypal" { -1.0 } else { 0.0 }
                + if age.is_none() { 1.0 } else { 0.0 };
            let fraud = uniform(&mut rng) < sigmoid(log_odds);
            let class = if fraud { LabelClass::StolenInstrument } else { LabelClass::Legitimate };
            let event_time = day(0).plus_millis(i64::from(i) * 100 * DAY_MS / i64::from(rows));
            LabelledRecord { record, event_time, labels: vec![label(class, None)] }
        })
        .collect()
}

fn dataset(rows: &[LabelledRecord]) -> Dataset {
    let mut data = Dataset::default();
    data.extend(rows);
    data
}

fn logistic(trained: &Trained) -> &Logistic {
    let Scorer::Logistic(logistic) = &trained.model.artefact().scorer else { panic!() };
    logistic
}

fn number<'a>(trained: &'a Trained, name: &str) -> &'a Number {
    logistic(trained).numbers.iter().find(|n| n.name == name).unwrap()
}

fn word<'a>(trained: &'a Trained, name: &str) -> &'a Word {
    logistic(trained).words.iter().find(|n| n.name == name).unwrap()
}

#[test]
fn the_coefficients_of_a_known_world_come_back() {
    let trained = train(&dataset(&world(12_000, 1)), &TrainConfig::default()).unwrap();
    let per_unit = |name| number(&trained, name).coefficient / number(&trained, name).scale;
    for (name, found, truth) in [
        ("attempts", per_unit("ip_tx_count_1h"), 1.5),
        ("amount", per_unit("amount_eur"), 0.4),
        ("tor", per_unit("ip.tor"), 2.0),
        ("age", per_unit("account.age_h"), 0.0),
        ("age missing", number(&trained, "account.age_h").missing_coefficient, 1.0),
    ] {
        assert!((found - truth).abs() < 0.2, "{name}: {found} is not {truth}");
    }
    let levels = &word(&trained, "payment.method").levels;
    let level = |name: &str| levels.iter().find(|l| l.word == name).unwrap().coefficient;
    assert!((level("paypal") - level("card") + 1.0).abs() < 0.2, "{levels:?}");
    let Calibrator::Platt(platt) = trained.model.artefact().calibrator else { panic!() };
    assert!((platt.slope - 1.0).abs() < 0.1 && platt.intercept.abs() < 0.2, "{platt:?}");
    assert!(trained.report.test.ece.unwrap() < 0.02, "{}", trained.report);
    assert_eq!(trained.report.calibrated_on, CalibratedOn::LaterRows);
    assert!(
        trained.report.dropped.iter().any(|d| d.name == "bin.test" && d.why == "always the same")
    );
}

#[test]
fn the_report_judges_what_the_model_serves() {
    let rows = world(3_000, 2);
    let trained = train(&dataset(&rows), &TrainConfig::default()).unwrap();
    let windows = trained.report.windows;
    let test = rows.iter().filter(|r| (windows.test_from..windows.test_to).contains(&r.event_time));
    let served: Vec<Scored> = test
        .map(|row| Scored {
            probability: trained.model.score(&row.record).fraud_probability,
            fraud: row.labels[0].class.is_fraud(),
        })
        .collect();
    let (served, reported) = (metrics(&served), trained.report.test);
    assert_eq!((served.rows, served.positives), (reported.rows, reported.positives));
    assert!((served.roc_auc.unwrap() - reported.roc_auc.unwrap()).abs() < 1e-9);
    assert!((served.log_loss.unwrap() - reported.log_loss.unwrap()).abs() < 1e-9);
    assert!((served.ece.unwrap() - reported.ece.unwrap()).abs() < 1e-9);
    let background: f64 = logistic(&trained).numbers.iter().map(|n| n.background).sum();
    assert!(background.is_finite() && trained.model.base() < 0.0);
}

#[test]
fn equal_rows_and_settings_give_equal_bytes() {
    let rows = world(1_500, 3);
    let config = TrainConfig { seed: 5, ..TrainConfig::default() };
    let first = train(&dataset(&rows), &config).unwrap();
    let again = train(&dataset(&rows), &config).unwrap();
    assert_eq!(first.model.bytes(), again.model.bytes());
    assert_eq!(first.report, again.report);
    let other = train(&dataset(&rows[1..]), &config).unwrap();
    assert_ne!(first.model.digest(), other.model.digest());
}

#[test]
fn labels_without_a_signal_teach_nothing() {
    let mut rows = world(4_000, 4);
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    for row in &mut rows {
        let fraud = uniform(&mut rng) < 0.2;
        let class = if fraud { LabelClass::AccountTakeover } else { LabelClass::Legitimate };
        row.labels = vec![label(class, None)];
    }
    let report = train(&dataset(&rows), &TrainConfig::default()).unwrap().report;
    assert!((report.test.roc_auc.unwrap() - 0.5).abs() < 0.06, "{report}");
}

/// One sale a day for 100 days; days divisible by 3 are fraud. `label_of` gives a day's labels.
fn calendar(label_of: impl Fn(i64, bool) -> Vec<Label>) -> Dataset {
    let mut data = Dataset::default();
    for n in 0..100 {
        let mut record = Record::default();
        record.set(fields::HOUR_UTC, n % 24);
        data.push(&LabelledRecord { record, event_time: day(n), labels: label_of(n, n % 3 == 0) });
    }
    data
}

fn split_of(data: &Dataset, config: &TrainConfig) -> Split {
    split::split(data, config).unwrap()
}

fn told(fraud: bool, at: Timestamp) -> Vec<Label> {
    if fraud { vec![label(LabelClass::StolenInstrument, Some(at))] } else { vec![] }
}

fn frauds(rows: &[Known]) -> Vec<usize> {
    rows.iter().filter(|known| known.fraud).map(|known| known.row).collect()
}

#[test]
fn without_dates_the_last_fifth_is_the_test() {
    let data = calendar(|n, fraud| told(fraud, day(n + 1)));
    let split = split_of(&data, &TrainConfig::default());
    let w = split.windows;
    let hours = |t: Timestamp| t.millis_since(day(0)) / HOUR_MS;
    assert_eq!(hours(w.test_from), 99 * 24 * 4 / 5);
    assert_eq!(w.train_to, w.test_from.plus_millis(-7 * DAY_MS));
    assert_eq!((w.train_from, w.test_to), (day(0), day(99).plus_millis(1)));
    assert_eq!(w.labels_known_at, w.test_from);
    assert_eq!(split.fit.len() + split.calibrate.len(), 73);
    assert_eq!(split.outside, 7, "the delay");
    assert_eq!(split.unknown_test, 6, "nobody can know yet, and the frauds told early go too");
    assert_eq!(split.test.len(), 14);
    assert!(split.calibrate[0].row > split.fit.last().unwrap().row);
}

#[test]
fn a_label_counts_once_it_has_arrived() {
    let config = TrainConfig {
        train_to: Some(day(60)),
        delay_ms: 10 * DAY_MS,
        test_to: Some(day(90)),
        ..TrainConfig::default()
    };
    // Told 40 days later: at day 70 only those of day 30 and before are known.
    let split = split_of(&calendar(|n, fraud| told(fraud, day(n + 40))), &config);
    assert_eq!(split.windows.test_from, day(70));
    let known: Vec<_> = frauds(&split.fit).into_iter().chain(frauds(&split.calibrate)).collect();
    assert_eq!(known, (0..=30).step_by(3).collect::<Vec<_>>());
    assert_eq!(frauds(&split.test), (72..90).step_by(3).collect::<Vec<_>>(), "the test knows all");
    assert_eq!(split.fraud_labels, (34, 34));

    // A file that does not say when: known one delay later, so all of training is.
    let stated = |_: i64, fraud: bool| {
        let class = if fraud { LabelClass::StolenInstrument } else { LabelClass::Legitimate };
        vec![label(class, None)]
    };
    let split = split_of(&calendar(stated), &config);
    assert_eq!(frauds(&split.fit).len() + frauds(&split.calibrate).len(), 20);
    assert_eq!((split.unknown_train, split.fraud_labels), (0, (0, 0)));
}

#[test]
fn where_silence_says_nothing_only_labels_count() {
    let config =
        TrainConfig { silence_is_good: false, train_to: Some(day(60)), ..TrainConfig::default() };
    let data = calendar(|n, fraud| match (fraud, n % 2) {
        (true, _) => told(true, day(n + 30)),
        (_, 0) => vec![label(LabelClass::Legitimate, Some(day(n + 30)))],
        _ => vec![],
    });
    let split = split_of(&data, &config);
    let known: Vec<_> = split.fit.iter().chain(&split.calibrate).map(|known| known.row).collect();
    let labelled = |n: &usize| n.is_multiple_of(3) || n.is_multiple_of(2);
    assert_eq!(known, (0..=37).filter(labelled).collect::<Vec<_>>(), "known at day 67");
    assert_eq!(split.unknown_train, 60 - known.len());
    assert_eq!(split.test.len(), (67..100).filter(labelled).count());
}

#[test]
fn the_last_word_counts_and_only_within_120_days() {
    let config =
        TrainConfig { train_to: Some(day(60)), test_to: Some(day(90)), ..TrainConfig::default() };
    let data = calendar(|n, fraud| {
        let mut labels = told(fraud, day(n + 2));
        if n == 3 {
            labels.insert(0, label(LabelClass::Legitimate, Some(day(n + 3))));
        }
        if n == 75 {
            labels = vec![label(LabelClass::StolenInstrument, Some(day(n + 121)))];
        }
        if n == 4 {
            labels = vec![label(LabelClass::FirstPartyMisuse, Some(day(n + 1)))];
        }
        labels
    });
    let split = split_of(&data, &config);
    assert_eq!(frauds(&split.fit)[..3], [0, 6, 9], "the reviewer took day 3 back");
    assert!(!frauds(&split.test).contains(&75), "121 days are too late");
    assert!(frauds(&split.test).contains(&78));
}

#[test]
fn what_cannot_be_trained_on_says_why() {
    let message =
        |data: &Dataset, config: &TrainConfig| train(data, config).unwrap_err().to_string();
    let default = TrainConfig::default();
    assert_eq!(message(&Dataset::default(), &default), "there are no rows to train on");
    let unlabelled = calendar(|_, _| vec![]);
    assert!(message(&unlabelled, &default).starts_with("none of the 100 rows has a label; map a"));
    let all_fraud = calendar(|n, _| told(true, day(n)));
    let error = message(&all_fraud, &default);
    assert!(error.starts_with("the training window from 2026-01-01T00:00:00Z to"), "{error}");
    assert!(error.contains("has 73 frauds and 0 others"), "{error}");
    let good = calendar(|n, fraud| told(fraud, day(n)));
    let error = message(&good, &TrainConfig { delay_ms: 200 * DAY_MS, ..default.clone() });
    assert!(error.contains("shorten the delay, or give the dates"), "{error}");
    let (train_to, test_from) = (Some(day(80)), Some(day(50)));
    let error = message(&good, &TrainConfig { train_to, test_from, ..default.clone() });
    assert!(error.contains("must be before the start of the test"), "{error}");
    let same = {
        let mut data = Dataset::default();
        for n in 0..100 {
            let labels = told(n % 3 == 0, day(n));
            data.push(&LabelledRecord { record: Record::default(), event_time: day(n), labels });
        }
        data
    };
    assert!(matches!(train(&same, &default), Err(TrainError::NothingVaries)));
}

#[test]
fn too_few_frauds_to_calibrate_is_said() {
    let data = calendar(|n, fraud| told(fraud, day(n)));
    let report = train(&data, &TrainConfig::default()).unwrap().report;
    assert_ne!(report.calibrated_on, CalibratedOn::LaterRows);
    assert_eq!((report.rows.fitted, report.rows.calibrated), (73, 0));
    let text = report.to_string();
    assert!(text.contains("no dates were given"), "{text}");
    assert!(text.contains("frauds only: differences of some points are chance"), "{text}");
}

#[test]
fn a_saved_model_loads_and_a_failed_save_leaves_the_old_one() {
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path().join("models/sample");
    let config = TrainConfig {
        name: "sample".into(),
        calibration: Calibration::Synthetic,
        ..TrainConfig::default()
    };
    let trained = train(&dataset(&world(1_500, 6)), &config).unwrap();
    trained.save(&place).unwrap();
    trained.save(&place).unwrap();
    assert_eq!(Model::load(&place).unwrap().digest(), trained.model.digest());
    let mut files: Vec<_> =
        std::fs::read_dir(&place).unwrap().map(|f| f.unwrap().file_name()).collect();
    files.sort();
    assert_eq!(files, ["card.md", "metrics.json", "model.json", "report.html"]);

    let read = |name: &str| std::fs::read_to_string(place.join(name)).unwrap();
    let metrics: serde_json::Value = serde_json::from_str(&read(METRICS_FILE)).unwrap();
    assert_eq!(metrics["sha256"], trained.model.digest());
    assert_eq!(metrics["test"]["rows"], trained.report.test.rows);
    assert!(metrics["test"]["pr_auc"].as_f64().unwrap() > 0.1);
    let card = read(CARD_FILE);
    for part in ["# Model `sample`", "generated buyers only", "ROC-AUC", "ip_tx_count_1h", "note: "]
    {
        assert!(card.contains(part), "{part} is not in\n{card}");
    }

    let other = train(&dataset(&world(1_500, 7)), &config).unwrap();
    std::fs::create_dir(place.join("model.json.new")).unwrap();
    let error = other.save(&place).unwrap_err();
    assert!(matches!(error, TrainError::Unwritable { .. }), "{error}");
    assert_eq!(Model::load(&place).unwrap().digest(), trained.model.digest());
}

#[test]
fn gains_tell_features_that_matter_from_those_that_do_not() {
    let config = TrainConfig { ablation: true, ..TrainConfig::default() };
    let report = train(&dataset(&world(4_000, 8)), &config).unwrap().report;
    let gains = report.gains.unwrap();
    let of = |name: &str| gains.features.iter().find(|gain| gain.name == name).unwrap();
    let best = &gains.features[0];
    assert_eq!(best.name, "ip_tx_count_1h", "the coefficient of 1.5 on a wide range");
    assert!(best.share.is_some_and(|share| (0.3..1.0).contains(&share)), "{best:?}");
    assert!(of("account.age_h").alone < 0.3 * best.alone);
    assert!(gains.features.is_sorted_by(|a, b| a.alone >= b.alone));
    let rate = report.test.base_rate.unwrap();
    let base = -(rate * rate.ln() + (1.0 - rate) * (1.0 - rate).ln());
    assert!((gains.base_log_loss - base).abs() < 1e-12);
    assert!((gains.model - (base - report.test.log_loss.unwrap())).abs() < 1e-12);
    // Nothing else tells of attempts, so what they give alone is lost without them.
    let lost = best.left_out.unwrap();
    assert!((lost - best.alone).abs() < 0.5 * best.alone, "{best:?}");
    assert!(lost > 2.0 * of("ip.tor").left_out.unwrap().abs());
    assert!(of("ip_tx_count_1h").pr_auc_alone > report.test.base_rate.unwrap());
}

/// Attempts that tell fraud, and labels that take 40 days: the last weeks before training look clean.
fn late_labels() -> Dataset {
    let mut rows = world(3_000, 11);
    for row in &mut rows {
        let fraud = row.labels[0].class.is_fraud();
        row.labels = told(fraud, row.event_time.plus_millis(40 * DAY_MS));
    }
    dataset(&rows)
}

#[test]
fn labels_that_come_late_hurt_whoever_does_not_wait() {
    let config = TrainConfig {
        train_to: Some(day(30)),
        delay_ms: 40 * DAY_MS,
        test_to: Some(day(95)),
        ablation: true,
        ..TrainConfig::default()
    };
    let report = train(&late_labels(), &config).unwrap().report;
    let recent = report.label_delay.recent.unwrap();
    assert_eq!(recent.frauds_known_then, 0, "none of the last 28 days is 40 days old");
    assert!(recent.frauds > 25, "{recent:?}");
    let share = |days| report.label_delay.known_by.iter().find(|at| at.days == days).unwrap().share;
    assert_eq!((share(30), share(40)), (0.0, 1.0));
    let effect = report.delay_effect.unwrap();
    assert!(effect.frauds_known_then * 2 < effect.frauds_known_later, "{effect:?}");
    let loss = |metrics: Metrics| metrics.log_loss.unwrap();
    assert!(loss(effect.labels_known_then) > loss(effect.labels_known_later) + 0.01, "{effect:?}");
    assert!(loss(report.test) < loss(effect.labels_known_then), "waiting is better");
}

#[test]
fn the_page_draws_what_the_report_says() {
    let name = "a<b".to_owned();
    let config = TrainConfig { name, ablation: true, ..TrainConfig::default() };
    let report = train(&late_labels(), &config).unwrap().report;
    let page = html::page(&report);
    assert_eq!(page, html::page(&report.clone()));
    for outside in ["<script", "http://", "https://", "src=", "@import", "url("] {
        assert!(!page.contains(outside), "{outside} is in the page");
    }
    assert!(page.contains("a&lt;b") && !page.contains("a<b"));
    let times = |part: &str| page.matches(part).count();
    let figures = times("<figure");
    assert_eq!(figures, 13);
    for part in ["<h3>", "<desc ", "<title id=", "<details>", "<figcaption>", "<caption>"] {
        let more = usize::from(part == "<caption>");
        assert_eq!(times(part), figures + more, "{part}");
    }
    for number in ["NaN", "inf", "undefined"] {
        assert!(!page.contains(&format!("\"{number}")) && !page.contains(&format!(" {number} ")));
    }
    let cheapest = report.thresholds.cheapest.unwrap();
    assert!(page.contains(&format!("decline from {:.2} % on", 100.0 * cheapest.threshold)));
    for axis in ["recall (% of frauds)", "precision (%)", "euro (logarithmic)", "sales a week"] {
        assert!(page.contains(axis), "{axis}");
    }
}

/// Every element closed by its own name: what an HTML reader would repair silently.
#[test]
fn the_page_is_well_formed() {
    let config = TrainConfig { ablation: true, ..TrainConfig::default() };
    let page = html::page(&train(&dataset(&world(1_000, 12)), &config).unwrap().report);
    let mut open = vec![];
    for part in page.split('<').skip(1) {
        let (tag, _) = part.split_once('>').unwrap();
        let name = tag.split([' ', '\n']).next().unwrap();
        match name.strip_prefix('/') {
            Some(closed) => assert_eq!(open.pop(), Some(closed), "{tag}"),
            None if tag.ends_with('/') || ["!doctype", "meta"].contains(&name) => {}
            None => open.push(name),
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn a_decline_that_passed_counts_for_those_it_stands_for() {
    let all = world(8_000, 41);
    let is_declined = |row: &LabelledRecord| row.record.numeric(fields::IP_TX_COUNT_1H) > 8.0;
    let (mut plain, mut weighed) = (Dataset::default(), Dataset::default());
    for (place, row) in all.iter().enumerate() {
        if is_declined(row) && place % 10 > 0 {
            continue;
        }
        plain.push(row);
        weighed.push(row);
        weighed.let_stand_for(if is_declined(row) { 10 } else { 1 });
    }
    let config = TrainConfig::default();
    let rate = |data: &Dataset| {
        let fit = split::split(data, &config).unwrap().fit;
        let frauds = fit.iter().filter(|known| known.fraud).count();
        (metrics::count(frauds) / metrics::count(fit.len()), fit.len())
    };
    let [(truth, rows), (biased, fewer), (found, as_many)] =
        [&dataset(&all), &plain, &weighed].map(rate);
    assert!((found - truth).abs() < (biased - truth).abs() / 3.0, "{truth} {biased} {found}");
    assert!(fewer < rows && as_many.abs_diff(rows) * 10 < rows, "{rows} {fewer} {as_many}");
    let report = train(&weighed, &config).unwrap().report;
    assert_eq!(report.rows.passed, weighed.passed().0);
    assert!(report.notes.iter().any(|note| note.contains("would have been declined")));
}

#[test]
fn a_model_trained_alone_is_the_same_without_rivals() {
    let data = dataset(&world(1_500, 42));
    let config = TrainConfig {
        kind: ModelKind::Boosted,
        boosting: Boosting { trees: 10, bins: 32, ..Boosting::default() },
        ..TrainConfig::default()
    };
    let beside = train(&data, &config).unwrap();
    let alone = train(&data, &TrainConfig { alone: true, ..config }).unwrap();
    assert_eq!((beside.report.rivals.len(), alone.report.rivals.len()), (3, 1));
    assert_eq!(beside.model.digest(), alone.model.digest());
    assert!(alone.report.gains.is_none());
    let page = html::page(&alone.report);
    assert!(!page.contains("logistic regression") && page.contains("Precision and recall"));
}
