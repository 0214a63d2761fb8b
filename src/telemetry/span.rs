//! One span a request, and one for each of its stages.

use crate::clock::{Stopwatch, now_ns};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::mpsc;

/// The trace a request is part of, as its caller says by `traceparent`.
/// Source: W3C Trace Context, section 3.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parent {
    trace: u128,
    span: u64,
    is_sampled: bool,
}

impl Parent {
    /// Reads `00-TRACE-PARENT-FLAGS`, in lower hexadecimal digits; a later version may say more behind. `None` for
    /// what is no such header, which is then as if it were not there.
    pub fn read(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let version = hex(parts.next()?, 2)?;
        let trace = hex(parts.next()?, 32)?;
        let span = u64::try_from(hex(parts.next()?, 16)?).ok()?;
        let flags = hex(parts.next()?, 2)?;
        let is_whole = version != 0 || parts.next().is_none();
        let good = is_whole && version != 0xff && trace != 0 && span != 0;
        good.then_some(Self { trace, span, is_sampled: flags & 1 == 1 })
    }

    /// The trace, as logs have it.
    pub fn trace_id(&self) -> String {
        format!("{:032x}", self.trace)
    }
}

fn hex(text: &str, digits: usize) -> Option<u128> {
    let is_hex = text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    (text.len() == digits && is_hex).then(|| u128::from_str_radix(text, 16).ok())?
}

/// Makes spans of requests.
#[derive(Debug, Clone)]
pub struct Tracer {
    pub(super) queue: mpsc::Sender<Span>,
    pub(super) dropped: Arc<AtomicU64>,
    pub(super) share_bp: u16,
}

/// A request under way.
#[derive(Debug)]
pub struct Open {
    trace: u128,
    span: u64,
    parent: Option<u64>,
    is_sampled: bool,
    started_ns: u64,
    clock: Stopwatch,
}

impl Open {
    /// The trace, as logs have it.
    pub fn trace_id(&self) -> String {
        format!("{:032x}", self.trace)
    }
}

/// A request that ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Span {
    trace: u128,
    id: u64,
    parent: Option<u64>,
    started_ns: u64,
    ended_ns: u64,
    method: &'static str,
    route: String,
    status: u16,
    /// Each with its microseconds, one behind another, the last ending with the request.
    stages: Vec<(&'static str, u64)>,
}

impl Tracer {
    /// Begins the span of a request: in its caller's trace, or in one of its own.
    ///
    /// Ids are random, as the format wants them: no two servers may give out one twice.
    pub fn begin(&self, parent: Option<Parent>) -> Open {
        let mut bytes = [0; 24];
        // Without randomness there is no id, and so no span.
        let has_ids = getrandom::fill(&mut bytes).is_ok();
        let (own, _) = bytes.split_first_chunk::<16>().unwrap_or((&[0; 16], &[]));
        let (_, span) = bytes.split_last_chunk::<8>().unwrap_or((&[], &[0; 8]));
        let (own, span) = (u128::from_le_bytes(*own).max(1), u64::from_le_bytes(*span).max(1));
        let chosen = own % 10_000 < u128::from(self.share_bp);
        let is_sampled = has_ids && parent.map_or(chosen, |parent| parent.is_sampled);
        Open {
            trace: parent.map_or(own, |parent| parent.trace),
            span,
            parent: parent.map(|parent| parent.span),
            is_sampled,
            started_ns: now_ns(),
            clock: Stopwatch::start(),
        }
    }

    /// Ends it. Never waits: a full queue drops it.
    pub fn end(
        &self,
        open: &Open,
        (method, route, status): (&'static str, &str, u16),
        stages: &[(&'static str, u64)],
    ) {
        if !open.is_sampled {
            return;
        }
        let took = u64::try_from(open.clock.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let span = Span {
            trace: open.trace,
            id: open.span,
            parent: open.parent,
            started_ns: open.started_ns,
            ended_ns: open.started_ns.saturating_add(took),
            method,
            route: route.to_owned(),
            status,
            stages: stages.to_vec(),
        };
        if self.queue.try_send(span).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// `SPAN_KIND_INTERNAL`, `SPAN_KIND_SERVER` and `STATUS_CODE_ERROR` of the format, whose enumerations are numbers.
const INTERNAL: u8 = 1;
const SERVER: u8 = 2;
const ERROR: u8 = 2;

impl Span {
    /// The spans of the format: the request's, and one for each stage.
    pub(super) fn json(&self) -> Vec<Value> {
        let Self { trace, id, parent, started_ns, ended_ns, method, route, status, stages } = self;
        let mut request = json!({
            "traceId": format!("{trace:032x}"), "spanId": format!("{id:016x}"),
            "name": format!("{method} {route}"), "kind": SERVER,
            "startTimeUnixNano": started_ns.to_string(), "endTimeUnixNano": ended_ns.to_string(),
            "attributes": [
                text("http.request.method", method),
                text("http.route", route),
                whole("http.response.status_code", u64::from(*status)),
            ],
            "status": if *status >= 500 { json!({ "code": ERROR }) } else { json!({}) },
        });
        if let (Some(parent), Some(members)) = (parent, request.as_object_mut()) {
            members.insert("parentSpanId".to_owned(), json!(format!("{parent:016x}")));
        }
        let mut all = vec![request];
        let whole_us: u64 = stages.iter().map(|(_, us)| us).sum();
        let mut at = ended_ns.saturating_sub(whole_us.saturating_mul(1_000)).max(*started_ns);
        let mut own = *id;
        for (stage, us) in stages {
            let end = at.saturating_add(us.saturating_mul(1_000)).min(*ended_ns);
            own = own.wrapping_add(1).max(1);
            all.push(json!({
                "traceId": format!("{trace:032x}"), "spanId": format!("{own:016x}"),
                "parentSpanId": format!("{id:016x}"), "name": stage, "kind": INTERNAL,
                "startTimeUnixNano": at.to_string(), "endTimeUnixNano": end.to_string(),
                "attributes": [], "status": {},
            }));
            at = end;
        }
        all
    }
}

/// An attribute that is a text.
pub(super) fn text(key: &str, value: &str) -> Value {
    json!({ "key": key, "value": { "stringValue": value } })
}

/// An attribute that is a whole number, which the format has as a text.
fn whole(key: &str, value: u64) -> Value {
    json!({ "key": key, "value": { "intValue": value.to_string() } })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    #[test]
    fn a_trace_is_the_callers_where_it_is_one() {
        for (given, is_one) in [
            (format!("00-{TRACE}-00f067aa0ba902b7-01"), true),
            (format!("cc-{TRACE}-00f067aa0ba902b7-01-more"), true),
            (format!("00-{TRACE}-00f067aa0ba902b7-01-more"), false),
            (format!("ff-{TRACE}-00f067aa0ba902b7-01"), false),
            (TRACE.to_owned(), false),
            (format!("00-{}-00f067aa0ba902b7-01", TRACE.to_uppercase()), false),
            (format!("00-{TRACE}0-00f067aa0ba902b7-01"), false),
            (format!("00-{TRACE}-0000000000000000-01"), false),
            (format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)), false),
            (format!("00-{TRACE}-+0f067aa0ba902b7-01"), false),
            ("00--x-01".to_owned(), false),
            (String::new(), false),
        ] {
            let read = Parent::read(&given).map(|parent| parent.trace_id());
            assert_eq!(read.as_deref(), is_one.then_some(TRACE), "{given}");
        }
    }

    fn tracer(queue: usize, share_bp: u16) -> (Tracer, mpsc::Receiver<Span>) {
        let (queue, spans) = mpsc::channel(queue);
        (Tracer { queue, dropped: Arc::default(), share_bp }, spans)
    }

    #[test]
    fn a_callers_word_on_sampling_comes_first_and_a_full_queue_drops() {
        let ends = |tracer: &Tracer, flags: Option<&str>| {
            let parent =
                flags.map(|flags| Parent::read(&format!("00-{TRACE}-00f067aa0ba902b7-{flags}")));
            tracer.end(&tracer.begin(parent.flatten()), ("GET", "/healthz", 200), &[]);
        };
        let (all, mut spans) = tracer(2, 10_000);
        ends(&all, Some("00"));
        assert!(spans.try_recv().is_err(), "not sampled");
        for _ in 0..5 {
            ends(&all, None);
        }
        assert_eq!((spans.len(), all.dropped.load(Ordering::Relaxed)), (2, 3));
        let (none, mut spans) = tracer(2, 0);
        ends(&none, None);
        assert!(spans.try_recv().is_err());
        ends(&none, Some("01"));
        assert_eq!(format!("{:032x}", spans.try_recv().unwrap().trace), TRACE);
    }

    #[test]
    fn stages_follow_one_another_within_their_request() {
        let span = Span {
            trace: 1,
            id: 0xff,
            parent: Some(7),
            started_ns: 1_000_000,
            ended_ns: 9_000_000,
            method: "POST",
            route: "/v1/score".to_owned(),
            status: 503,
            stages: vec![("decide", 2_000), ("keep", 5_000)],
        };
        let json = span.json();
        assert_eq!(
            json[0],
            json!({
                "traceId": "00000000000000000000000000000001", "spanId": "00000000000000ff",
                "parentSpanId": "0000000000000007", "name": "POST /v1/score", "kind": 2,
                "startTimeUnixNano": "1000000", "endTimeUnixNano": "9000000",
                "attributes": [
                    {"key": "http.request.method", "value": {"stringValue": "POST"}},
                    {"key": "http.route", "value": {"stringValue": "/v1/score"}},
                    {"key": "http.response.status_code", "value": {"intValue": "503"}},
                ],
                "status": {"code": 2},
            })
        );
        let of = |place: usize, name: &str| json[place][name].as_str().unwrap().to_owned();
        assert_eq!(
            (of(1, "name"), of(1, "startTimeUnixNano")),
            ("decide".into(), "2000000".into())
        );
        assert_eq!(of(1, "endTimeUnixNano"), of(2, "startTimeUnixNano"));
        assert_eq!(
            (of(2, "endTimeUnixNano"), of(2, "parentSpanId")),
            (of(0, "endTimeUnixNano"), of(0, "spanId"))
        );
        assert_ne!(of(1, "spanId"), of(2, "spanId"));
    }
}
