//! The page of `/metrics` as metrics of the format: the same registry, read by its own text, so that whatever is
//! scraped is also what is sent.
//!
//! A family of a kind that is neither counter, gauge nor histogram, and a line that can't be read, are left out.

use super::span::text;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// `AGGREGATION_TEMPORALITY_CUMULATIVE`: every count is since the start.
const CUMULATIVE: u8 = 2;

/// A family: its name, what it is and says.
#[derive(Debug, Default)]
struct Family<'p> {
    name: &'p str,
    kind: &'p str,
    help: &'p str,
    samples: Vec<Sample<'p>>,
}

/// A line of the page.
#[derive(Debug)]
struct Sample<'p> {
    /// What follows the family's name, if anything: `_total`, `_sum`, `_count`, `_bucket`.
    suffix: &'p str,
    labels: Vec<(&'p str, String)>,
    value: f64,
}

/// The metrics of a page; `since` and `now` are when counting began and the moment, in nanoseconds since 1970.
pub(super) fn read(page: &str, (since, now): (u64, u64)) -> Vec<Value> {
    families(page).iter().filter_map(|family| metric(family, (since, now))).collect()
}

fn families(page: &str) -> Vec<Family<'_>> {
    let mut all: Vec<Family<'_>> = Vec::new();
    for line in page.lines() {
        if let Some(comment) = line.strip_prefix("# ") {
            let mut parts = comment.splitn(3, ' ');
            let (Some(what), Some(name)) = (parts.next(), parts.next()) else { continue };
            let rest = parts.next().unwrap_or_default();
            if all.last().is_none_or(|family| family.name != name) {
                all.push(Family { name, ..Family::default() });
            }
            let Some(family) = all.last_mut() else { continue };
            match what {
                "HELP" => family.help = rest,
                "TYPE" => family.kind = rest,
                _ => {}
            }
        } else if let Some(family) = all.last_mut()
            && let Some(sample) = sample(line, family.name)
        {
            family.samples.push(sample);
        }
    }
    all
}

fn sample<'p>(line: &'p str, family: &str) -> Option<Sample<'p>> {
    let rest = line.strip_prefix(family)?;
    let (suffix, rest) = rest.split_at(rest.find(['{', ' '])?);
    let mut labels = Vec::new();
    let mut rest = rest;
    if let Some(mut inner) = rest.strip_prefix('{') {
        while !inner.starts_with('}') {
            let (name, behind) = inner.trim_start_matches(',').split_once("=\"")?;
            let (value, behind) = quoted(behind)?;
            labels.push((name, value));
            inner = behind;
        }
        rest = inner.strip_prefix('}')?;
    }
    let value = rest.trim_start().split(' ').next()?.parse().ok()?;
    Some(Sample { suffix, labels, value })
}

/// A text up to its closing quote, and what follows.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((value, text.get(at + 1..)?)),
            '\\' => match letters.next()?.1 {
                'n' => value.push('\n'),
                other => value.push(other),
            },
            other => value.push(other),
        }
    }
    None
}

fn metric(family: &Family<'_>, (since, now): (u64, u64)) -> Option<Value> {
    let point = |labels: &[(&str, String)]| {
        let labels = labels.iter().filter(|(name, _)| *name != "le");
        let attributes: Vec<_> = labels.map(|(name, value)| text(name, value)).collect();
        json!({
            "attributes": attributes, "startTimeUnixNano": since.to_string(),
            "timeUnixNano": now.to_string(),
        })
    };
    let plain = |suffix: &str| -> Vec<Value> {
        let samples = family.samples.iter().filter(|sample| sample.suffix == suffix);
        let with = |sample: &Sample<'_>| {
            let mut point = point(&sample.labels);
            point.as_object_mut()?.insert("asDouble".to_owned(), json!(sample.value));
            Some(point)
        };
        samples.filter_map(with).collect()
    };
    let data = match family.kind {
        "counter" => (
            "sum",
            json!({ "dataPoints": plain("_total"), "aggregationTemporality": CUMULATIVE,
                "isMonotonic": true }),
        ),
        "gauge" => ("gauge", json!({ "dataPoints": plain("") })),
        "histogram" => {
            let points: Vec<_> = histograms(family)
                .into_values()
                .filter_map(|histogram| {
                    let mut point = point(&histogram.labels);
                    point.as_object_mut()?.extend(histogram.members()?);
                    Some(point)
                })
                .collect();
            let data = json!({ "dataPoints": points, "aggregationTemporality": CUMULATIVE });
            ("histogram", data)
        }
        _ => return None,
    };
    let is_empty = data.1.pointer("/dataPoints/0").is_none();
    let mut metric = json!({ "name": family.name, "description": family.help });
    metric.as_object_mut()?.insert(data.0.to_owned(), data.1);
    (!is_empty).then_some(metric)
}

/// The lines of one histogram.
#[derive(Debug, Default)]
struct Histogram<'p> {
    labels: Vec<(&'p str, String)>,
    sum: f64,
    /// Upper bounds and the counts up to each, in the page's order: ascending, the last without a bound.
    buckets: Vec<(f64, f64)>,
}

fn histograms<'p>(family: &Family<'p>) -> BTreeMap<String, Histogram<'p>> {
    let mut all = BTreeMap::<String, Histogram<'p>>::new();
    for sample in &family.samples {
        let (bounds, labels): (Vec<_>, Vec<_>) =
            sample.labels.iter().cloned().partition(|(name, _)| *name == "le");
        let histogram = all.entry(format!("{labels:?}")).or_default();
        histogram.labels = labels;
        match (sample.suffix, bounds.first()) {
            ("_sum", _) => histogram.sum = sample.value,
            ("_bucket", Some((_, bound))) => {
                let bound = bound.parse().unwrap_or(f64::INFINITY);
                histogram.buckets.push((bound, sample.value));
            }
            _ => {}
        }
    }
    all
}

impl Histogram<'_> {
    /// Count, sum, bounds and the counts between them.
    fn members(&self) -> Option<serde_json::Map<String, Value>> {
        let mut before = 0.0;
        let mut counts = Vec::new();
        for (_, up_to) in &self.buckets {
            counts.push(whole(up_to - before));
            before = *up_to;
        }
        let bounds = self.buckets.iter().map(|(bound, _)| *bound);
        let bounds: Vec<f64> = bounds.filter(|bound| bound.is_finite()).collect();
        let members = json!({
            "count": whole(before), "sum": self.sum, "bucketCounts": counts, "explicitBounds": bounds,
        });
        members.as_object().cloned()
    }
}

/// A count as the format has whole numbers: a text.
fn whole(count: f64) -> String {
    format!("{count:.0}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "\
# HELP vouch_requests Requests by route and status.
# TYPE vouch_requests counter
vouch_requests_total{route=\"/v1/score\",status=\"200\"} 7
vouch_requests_total{route=\"a \\\"b\\\\\",status=\"503\"} 1
# HELP vouch_in_flight Requests under way.
# TYPE vouch_in_flight gauge
vouch_in_flight 3
# HELP vouch_request_seconds Time to answer.
# TYPE vouch_request_seconds histogram
vouch_request_seconds_sum{route=\"/v1/score\"} 0.5
vouch_request_seconds_count{route=\"/v1/score\"} 7
vouch_request_seconds_bucket{le=\"0.001\",route=\"/v1/score\"} 4
vouch_request_seconds_bucket{le=\"0.002\",route=\"/v1/score\"} 6
vouch_request_seconds_bucket{le=\"+Inf\",route=\"/v1/score\"} 7
# HELP vouch_none Nothing yet.
# TYPE vouch_none counter
# EOF
";

    #[test]
    fn every_kind_of_the_page_is_one_of_the_format() {
        let told = read(PAGE, (1, 2));
        let names: Vec<_> = told.iter().map(|metric| metric["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["vouch_requests", "vouch_in_flight", "vouch_request_seconds"]);
        let sum = &told[0]["sum"];
        assert_eq!(
            (&sum["isMonotonic"], &sum["aggregationTemporality"]),
            (&json!(true), &json!(2))
        );
        assert_eq!(
            sum["dataPoints"][0],
            json!({
                "attributes": [
                    {"key": "route", "value": {"stringValue": "/v1/score"}},
                    {"key": "status", "value": {"stringValue": "200"}},
                ],
                "startTimeUnixNano": "1", "timeUnixNano": "2", "asDouble": 7.0,
            })
        );
        let odd = &sum["dataPoints"][1]["attributes"][0]["value"]["stringValue"];
        assert_eq!(odd, "a \"b\\");
        assert_eq!(told[1]["gauge"]["dataPoints"][0]["asDouble"], 3.0);
        let histogram = &told[2]["histogram"]["dataPoints"][0];
        assert_eq!(histogram["count"], "7");
        assert_eq!(histogram["bucketCounts"], json!(["4", "2", "1"]));
        assert_eq!(histogram["explicitBounds"], json!([0.001, 0.002]));
        assert_eq!(histogram["attributes"].as_array().unwrap().len(), 1);
    }

    #[test]
    fn what_is_no_page_says_nothing() {
        for odd in ["", "x", "# TYPE", "# TYPE a counter\na_total{b=\"c", "# TYPE a gauge\na x\n"] {
            assert_eq!(read(odd, (1, 2)), Vec::<Value>::new(), "{odd}");
        }
    }
}
