//! Counts equal a naive recount; without a rule is what the set without it decides; parts make a whole.

use super::*;
use crate::domain::{DAY_MS, RuleAction, RuleMode};
use crate::features::fields as f;
use crate::rules::{RuleSet, Source};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// A rule of a random set: action, mode, condition, whether it ends after the second day.
type Sketch = (usize, usize, usize, bool);

/// A random row: seeds of its fields, fate, buyer, day, recorded action.
type Drawn = ([Option<u8>; 3], usize, u8, u8, usize);

const ACTIONS: [&str; 8] = [
    "action = \"hard_block\"",
    "action = \"allow\"",
    "action = \"block\"",
    "action = \"review\"",
    "action = \"challenge\"\nchallenge = \"three_ds\"",
    "action = \"adjust\"\nadjust = 0.5",
    "action = \"adjust\"\nadjust = -0.5",
    "action = \"tag\"",
];
const MODES: [&str; 4] = ["live", "live", "shadow", "off"];
const CONDITIONS: [&str; 6] = [
    "ip.tor || ip_tx_count_1h > 2",
    "ip_tx_count_1h >= 1 && amount_eur < 3",
    "!ip.tor",
    "amount_eur > 1.50",
    "ip.tor && ip_tx_count_1h > 0 && amount_eur > 2",
    "default(ip_tx_count_1h, 9) > 3",
];

fn text(place: usize, (action, mode, condition, ends): Sketch) -> String {
    let mut text = format!(
        "[[rule]]\nid = \"r{place}\"\nreason = \"R\"\ntext = \"R.\"\nmode = \"{}\"\n{}\nwhen = '{}'\n",
        MODES[mode], ACTIONS[action], CONDITIONS[condition]
    );
    if ends {
        let _ = writeln!(text, "expires = 1970-01-03");
    }
    text
}

/// A set of two packs, the rules by turns in one and the other; `keep` says which, `turn` which modes
/// are the other way round.
fn set(rules: &[Sketch], keep: impl Fn(usize) -> bool, turn: Option<usize>) -> RuleSet {
    let mut files = [String::new(), String::new()];
    for (place, sketch) in rules.iter().enumerate().filter(|(place, _)| keep(*place)) {
        let sketch = if turn == Some(place) { (sketch.0, 0, sketch.2, sketch.3) } else { *sketch };
        files[place % 2] += &text(place, sketch);
    }
    let sources: Vec<_> = ["a.toml", "b.toml"]
        .iter()
        .zip(files)
        .filter(|(_, text)| !text.is_empty())
        .map(|(name, text)| Source::new(*name, text))
        .collect();
    RuleSet::from_sources(&sources).unwrap()
}

fn record(seeds: [Option<u8>; 3]) -> Record {
    let mut record = Record::default();
    record.set(f::IP_TOR, seeds[0].map(|seed| seed.is_multiple_of(2)));
    record.set(f::IP_TX_COUNT_1H, seeds[1].map(|seed| u32::from(seed % 5)));
    let cents = seeds[2].map(|seed| rust_decimal::Decimal::new(i64::from(seed) * 2, 2));
    record.set(f::AMOUNT_EUR, cents);
    record
}

/// Costs by a table, the score's action by the adjustment alone.
struct Table {
    spares: bool,
}

impl Consequences for Table {
    fn acts(&self, hit: &crate::rules::Hit<'_>) -> bool {
        hit.mode == RuleMode::Live
    }

    fn is_spared(&self) -> bool {
        self.spares
    }

    /// A decline is a review for who is spared, but for hard blocks.
    fn decide(&self, acting: &mut dyn Iterator<Item = crate::rules::Hit<'_>>) -> Action {
        let acting: Vec<_> = acting.map(|hit| hit.action).collect();
        let has = |action| acting.contains(&action);
        if has(RuleAction::HardBlock) {
            Action::Decline
        } else if has(RuleAction::Challenge) && !has(RuleAction::Review) {
            Action::Challenge
        } else {
            Action::Review
        }
    }

    fn by_score(&self, adjust: f64) -> Action {
        match adjust {
            x if x > 0.9 => Action::Decline,
            x if x > 0.4 => Action::Review,
            _ => Action::Approve,
        }
    }

    fn costs(&self, is_fraud: bool) -> Option<Costs> {
        Some(Costs(if is_fraud { [100, 40, 30, 0] } else { [0, 5, 12, 80] }))
    }
}

fn with_rows<T>(drawn: &[Drawn], mut each: impl FnMut(&Row<'_>) -> T) -> Vec<T> {
    (0..)
        .zip(drawn)
        .map(|(number, (seeds, fate, buyer, day, was))| {
            let record = record(*seeds);
            each(&Row {
                number,
                id: &format!("tx-{number}"),
                record: &record,
                at: Timestamp::from_millis(i64::from(*day) * DAY_MS),
                fate: Fate::ALL[*fate],
                buyer: (*buyer > 0).then_some(u64::from(*buyer)),
                cents: (*buyer != 3).then_some(i64::from(*buyer) * 10),
                was: Action::ALL[*was],
                then: &Table { spares: seeds[2].is_some_and(|seed| seed % 3 == 0) },
            })
        })
        .collect()
}

fn counted<'s>(set: &'s RuleSet, drawn: &[Drawn]) -> Backtest<'s> {
    let mut backtest = Backtest::new(set, 5);
    with_rows(drawn, |row| backtest.add(row).clone());
    backtest
}

/// The action by the list of hits, as a decision is made.
fn decided(set: &RuleSet, row: &Row<'_>) -> Action {
    let hits = set.evaluate(row.record, row.at).hits;
    let live = || hits.iter().filter(|hit| hit.mode == RuleMode::Live);
    for (tier, action) in [
        (RuleAction::HardBlock, Action::Decline),
        (RuleAction::Allow, Action::Approve),
        (RuleAction::Block, Action::Decline),
        (RuleAction::Review, Action::Review),
        (RuleAction::Challenge, Action::Challenge),
    ] {
        if live().any(|hit| hit.action == tier) {
            let is_spared = action == Action::Decline && row.then.is_spared();
            let mut acting = live().copied();
            return if is_spared { row.then.decide(&mut acting) } else { action };
        }
    }
    row.then.by_score(live().map(|hit| hit.adjust).sum())
}

/// What a recount keeps of a rule or a pack.
#[derive(Debug, Default, PartialEq)]
struct Naive {
    hits: BTreeMap<Fate, u64>,
    fraud_cents: i64,
    only: u64,
    unknown: u64,
    saved: i64,
    lost: i64,
    buyers: BTreeSet<u64>,
    turned: u64,
    worth: i64,
}

/// The action a rule leaves, by its kind.
fn own(action: RuleAction) -> Option<Action> {
    Some(match action {
        RuleAction::HardBlock | RuleAction::Block => Action::Decline,
        RuleAction::Allow => Action::Approve,
        RuleAction::Review => Action::Review,
        RuleAction::Challenge => Action::Challenge,
        RuleAction::Adjust | RuleAction::Tag => return None,
    })
}

impl Naive {
    fn hit(&mut self, row: &Row<'_>, action: Option<Action>, (now, turned): (Action, Action)) {
        *self.hits.entry(row.fate).or_default() += 1;
        if row.fate == Fate::Fraud {
            self.fraud_cents += row.cents.unwrap_or(0);
        }
        let table = row.costs().unwrap_or_default().0;
        let cost = |action: Action| table[action as usize];
        if let Some(action) = action {
            match row.fate {
                Fate::Fraud => self.saved += cost(Action::Approve) - cost(action),
                Fate::Good => self.lost += cost(action) - cost(Action::Approve),
                _ => {}
            }
            if row.fate == Fate::Good && action != Action::Approve {
                self.buyers.extend(row.buyer);
            }
        }
        self.turned += u64::from(now != turned);
        self.worth += cost(turned) - cost(now);
    }

    fn assert_rule(&self, rule: &RuleReport, live: bool, rows: u64) {
        assert_eq!(rule.hits.by_fate, self.hits, "{}", rule.id);
        assert_eq!(rule.hits.fraud_cents, self.fraud_cents);
        assert_eq!(rule.only, self.only, "{}", rule.id);
        let share = report::float(self.unknown) / report::float(rows);
        assert_eq!(rule.unknown_share, Some(share), "{}", rule.id);
        assert_eq!((rule.saved_cents, rule.lost_cents), (self.saved, self.lost), "{}", rule.id);
        assert_eq!(rule.insulted_buyers, self.buyers.len() as u64);
        assert_eq!(rule.marginal.decisions.all, self.turned, "{}", rule.id);
        let worth = if live { self.worth } else { -self.worth };
        assert_eq!(rule.marginal.saved_cents, worth, "{}", rule.id);
    }
}

fn recount_rule(sketches: &[Sketch], place: usize, set_: &RuleSet, drawn: &[Drawn]) -> Naive {
    let id = format!("r{place}");
    let live = MODES[sketches[place].1] == "live";
    let other = if live {
        set(sketches, |p| p != place, None)
    } else {
        set(sketches, |_| true, Some(place))
    };
    let mut naive = Naive::default();
    with_rows(drawn, |row| {
        let outcome = set_.evaluate(row.record, row.at);
        naive.unknown += u64::from(outcome.unknown.contains(&id.as_str()));
        let Some(hit) = outcome.hits.iter().find(|hit| hit.id == id) else { return };
        naive.hit(row, own(hit.action), (decided(set_, row), decided(&other, row)));
        let others = outcome.hits.iter().filter(|o| o.id != id && o.action != RuleAction::Tag);
        naive.only += u64::from(others.count() == 0);
    });
    naive
}

fn check(sketches: &[Sketch], drawn: &[Drawn]) {
    let rules = set(sketches, |_| true, None);
    let backtest = counted(&rules, drawn);
    let report = backtest.report();
    for rule in report.rules.iter().filter(|rule| rule.mode != RuleMode::Off) {
        let place: usize = rule.id[1..].parse().unwrap();
        let naive = recount_rule(sketches, place, &rules, drawn);
        naive.assert_rule(rule, rule.mode == RuleMode::Live, drawn.len() as u64);
    }
    for pack in report.packs.iter().filter(|_| sketches.len() > 2) {
        let side = usize::from(pack.pack == "b");
        let without = set(sketches, |place| place % 2 != side, None);
        let mut naive = Naive::default();
        with_rows(drawn, |row| {
            let hits = rules.evaluate(row.record, row.at).hits;
            let mine: Vec<_> = hits
                .iter()
                .filter(|hit| hit.id[1..].parse::<usize>().unwrap() % 2 == side)
                .collect();
            if !mine.is_empty() {
                let mut live = mine.iter().filter(|hit| hit.mode == RuleMode::Live);
                let action = live.find_map(|hit| own(hit.action));
                naive.hit(row, action, (decided(&rules, row), decided(&without, row)));
            }
        });
        assert_eq!((&pack.hits.by_fate, pack.saved_cents), (&naive.hits, naive.saved));
        assert_eq!(
            (pack.lost_cents, pack.insulted_buyers),
            (naive.lost, naive.buyers.len() as u64)
        );
        assert_eq!(pack.marginal.decisions.all, naive.turned);
        assert_eq!(pack.marginal.saved_cents, naive.worth);
    }
    recount_rows(&rules, &report, drawn);
    let mut parts: Vec<_> = drawn.chunks(7).map(|part| (part.len(), part)).collect();
    parts.reverse();
    let mut whole = Backtest::new(&rules, 5);
    let mut end = drawn.len();
    for (length, part) in parts {
        end -= length;
        let mut count = Backtest::new(&rules, 5);
        let first = end as u64;
        with_rows(part, |row| {
            let number = first + row.number;
            count.add(&Row { number, id: &format!("tx-{number}"), ..*row }).clone()
        });
        whole.merge(count);
    }
    assert_eq!(whole.report(), report, "parts in any order make the whole");
}

/// Pairs, weeks and transitions.
fn recount_rows(rules: &RuleSet, report: &Report, drawn: &[Drawn]) {
    let ids: Vec<&str> = rules.rules().iter().map(|rule| rule.id.as_str()).collect();
    let mut pairs = vec![vec![0; ids.len()]; ids.len()];
    let mut weeks: BTreeMap<i64, (u64, u64)> = BTreeMap::new();
    let mut changed = Vec::new();
    with_rows(drawn, |row| {
        let hits = rules.evaluate(row.record, row.at).hits;
        for a in &hits {
            for b in &hits {
                let place = |id| ids.iter().position(|known| *known == id).unwrap();
                pairs[place(a.id)][place(b.id)] += 1;
            }
        }
        // 1970-01-05 was a Monday.
        let monday = (row.at.day() - 4).div_euclid(7) * 7 + 4;
        let week = weeks.entry(monday.max(0)).or_default();
        week.0 += 1;
        week.1 += hits.len() as u64;
        let now = decided(rules, row);
        if now != row.was {
            changed.push((row.number, row.was, now));
        }
    });
    assert_eq!(report.overlap, pairs);
    let found: BTreeMap<i64, (u64, u64)> = report
        .weeks
        .iter()
        .map(|week| (week.from.day(), (week.rows, week.rules.iter().map(|rule| rule.hits).sum())))
        .collect();
    assert_eq!(found, weeks);
    let moved: u64 =
        report.shifts.iter().filter(|s| s.was != s.now).map(|shift| shift.decisions).sum();
    assert_eq!(moved, changed.len() as u64);
    let listed: Vec<_> = report.changed.iter().map(|c| (c.number, c.was, c.now)).collect();
    assert_eq!(listed, changed[..changed.len().min(5)]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn counts_equal_a_naive_recount(
        sketches in proptest::collection::vec((0..8_usize, 0..4_usize, 0..6_usize, any::<bool>()), 2..9),
        drawn in proptest::collection::vec(
            (proptest::array::uniform3(proptest::option::of(any::<u8>())),
             0..Fate::ALL.len(), 0..6_u8, 0..20_u8, 0..4_usize), 1..40),
    ) {
        check(&sketches, &drawn);
    }
}

#[test]
fn buyers_are_counted_exactly_up_to_the_bound_and_closely_beyond() {
    let hash = |n: u64| {
        n.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (n.wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 29)
    };
    let mut few = Buyers::default();
    (0..2 * MAX_BUYERS as u64).for_each(|n| few.add(hash(n % MAX_BUYERS as u64)));
    assert_eq!((few.count(), few.is_exact()), (MAX_BUYERS as u64, true));
    let (mut whole, mut odd, mut even) = (Buyers::default(), Buyers::default(), Buyers::default());
    for n in 0..100_000 {
        whole.add(hash(n));
        if n.is_multiple_of(2) { even.add(hash(n)) } else { odd.add(hash(n)) }
    }
    assert!(!whole.is_exact());
    assert!((95_000..105_000).contains(&whole.count()), "{}", whole.count());
    odd.merge(&even);
    assert_eq!(odd, whole, "parts make the whole");
}

#[test]
fn wilson_is_the_published_interval() {
    // 81 of 263 is the first example of Newcombe (1998), Statistics in Medicine 17, table I, method 3.
    let rounded = |yes, no| {
        let found = wilson(yes, no).unwrap();
        [found.share, found.low, found.high].map(|x| format!("{x:.4}"))
    };
    assert_eq!(rounded(10, 0), ["1.0000", "0.7225", "1.0000"]);
    assert_eq!(rounded(1, 9), ["0.1000", "0.0179", "0.4042"]);
    assert_eq!(rounded(81, 182), ["0.3080", "0.2553", "0.3662"]);
    assert_eq!(wilson(0, 0), None);
}

/// A small backtest with every alarm, and its page.
#[test]
fn the_page_and_the_alarms() {
    let rules =
        |text: &str| RuleSet::from_sources(&[Source::new("rules/small.toml", text)]).unwrap();
    let rule = |id: &str, action: &str, when: &str| {
        format!(
            "[[rule]]\nid = \"{id}\"\naction = \"{action}\"\nreason = \"R\"\ntext = \"R.\"\nwhen = '{when}'\n"
        )
    };
    let set = rules(
        &[
            rule("never", "block", "ip_tx_count_1h > 900"),
            rule("tor", "block", "ip.tor"),
            rule("tor-again", "review", "ip.tor && ip_tx_count_1h >= 1"),
            rule("everybody", "block", "amount_eur > 0.01"),
            rule("friends", "allow", "ip_tx_count_1h == 4"),
        ]
        .concat(),
    );
    let drawn: Vec<Drawn> = (0..40_u8)
        .map(|n| {
            let fraud = n.is_multiple_of(10);
            let tor = if n.is_multiple_of(2) { None } else { Some(1) };
            let tor = if fraud { Some(0) } else { tor };
            ([tor, Some(n), Some(200)], usize::from(!fraud), n % 5 + 1, n / 2, 0)
        })
        .collect();
    let mut backtest = Backtest::new(&set, 2);
    with_rows(&drawn, |row| backtest.add(&Row { cents: Some(4_900), ..*row }).clone());
    let page = backtest.report().to_string();
    assert!(page.lines().all(|line| line.chars().count() <= 100), "{page}");
    expect_test::expect![[r"
        40 rows, 1970-01-01 to 1970-01-20; rules 7f7477bfbc48
        4 fraud, 36 good
        0.0 reviews a day; money in EUR

        By pack
               hits  fraud  good  precision  recall  caught  saved  lost  insulted
        small    40      4    36   10% 4-23  100.0%     196      4    22         4

        By rule, as if it alone acted
                   hits  fraud  good    precision  recall  caught  saved  lost  insulted
        friends       8      0     8      0% 0-32    0.0%       0      0     0         0
        everybody    40      4    36     10% 4-23  100.0%     196      4    29         5
        never         0      0     0            -    0.0%       0      0     0         0
        tor           4      4     0  100% 51-100  100.0%     196      4     0         0
        tor-again     0      0     0            -    0.0%       0      0     0         0

        Beside the others
                   action  mode  a day  unknown  alone  turns  worth  young  blocked
        friends     allow  live    0.4     0.0%      0      8      6      0        0
        everybody   block  live    2.1     0.0%     28     28    -22      0        0
        never       block  live    0.0     0.0%      0      0      0      0        0
        tor         block  live    0.2    40.0%      0      0      0      0        0
        tor-again  review  live    0.0    40.0%      0      0      0      0        0

        From the recorded action to that of these rules
        decision            rows  fraud  good  amount  saved
        approve -> approve     8      0     8     392      0
        approve -> decline    32      4    28   1,568    -18
          tx-0 1970-01-01T00:00:00Z approve -> decline, fraud
          tx-1 1970-01-01T00:00:00Z approve -> decline, good
          … and 30 more

        Alarms
        everybody: costs more than it saves: 29 EUR on 5 good buyers, 4 EUR saved
        never: never true
        tor: unknown on 40 % of the rows: what it reads is not sent
        tor: all of its 4 hits are hits of `everybody`
        tor-again: never true
        tor-again: unknown on 40 % of the rows: what it reads is not sent
        all of small: costs more than it saves: 22 EUR on 4 good buyers, 4 EUR saved
    "]]
    .assert_eq(&page);
}

#[test]
fn nothing_to_count_is_a_report_too() {
    let set = RuleSet::builtin().unwrap();
    let report = Backtest::new(&set, 5).report();
    assert_eq!((report.rows.all, report.alarms.len()), (0, 0));
    assert!(report.to_string().contains("0 rows, - to -"), "{report}");
}

/// What is kept is bounded by rules, weeks, buyers and the list, however many rows there are.
#[test]
fn nothing_grows_with_the_rows() {
    let set = set(&[(2, 0, 5, false), (3, 0, 2, false)], |_| true, None);
    let mut backtest = Backtest::new(&set, 5);
    let drawn: Vec<Drawn> = vec![([None, None, None], 1, 1, 0, 0); 6_000];
    with_rows(&drawn, |row| {
        let at = Timestamp::from_millis(i64::try_from(row.number).unwrap() * DAY_MS);
        let buyer = Some(row.number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        backtest.add(&Row { at, buyer, ..*row }).clone()
    });
    let report = backtest.report();
    assert_eq!((report.rows.all, report.rules[0].hits.all), (6_000, 6_000));
    assert_eq!((report.weeks.len(), report.changed.len()), (MAX_WEEKS, 5));
    assert!(!report.rules[0].insulted_exact);
    assert!((5_000..7_000).contains(&report.rules[0].insulted_buyers));
}
