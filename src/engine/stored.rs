//! How decisions and events lie in the ledger.
//!
//! An entry has an open part, which names nobody and outlives an erasure, and a sealed part with
//! the transaction or event as it came; of where something happened the open part keeps a tenth of a
//! degree, no more than the name of a city. Both are JSON; the record of a decision in them is base64 of
//! [`Record::to_compact`], a twelfth of the object that format 1 wrote. `vouch ledger show` and the
//! exports give it as an object again.

use super::error::StoredError;
use super::replay::Kept;
use crate::disputes::SaleKeys;
use crate::domain::{Decision, Dispute, Event, LabelClass, Outcome, Transaction, Warning};
use crate::features::{FieldId, Record, Value};
use crate::ledger::Summary;
use crate::velocity::{EntityKeys, Occurrence};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The format this version writes and the newest it reads.
pub(super) const FORMAT: u32 = 2;
/// How every part of this format begins: one that does so is read once, not twice.
const PRESENT: &str = "{\"format\":2,";
const _: () = assert!(FORMAT == 2, "PRESENT names it too");

/// The open part of a decision.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct OpenDecision {
    pub(super) format: u32,
    pub(super) summary: Summary,
    /// Keyed hash of the transaction as a value: tells a repeat from a conflict, even after an
    /// erasure.
    pub(super) digest: String,
    pub(super) keys: EntityKeys,
    /// What it counted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) occurrences: Vec<Occurrence>,
    pub(super) decision: Decision,
    #[serde(with = "compact")]
    pub(super) record: Record,
    /// Warnings about the arrival (a late event time), which a replay can't repeat.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) arrival: Vec<Warning>,
}

/// The sealed part of a decision.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SealedDecision {
    pub(super) transaction: Transaction,
    #[serde(with = "compact")]
    pub(super) record: Record,
}

/// What stands before a decision, before its record, and before what is kept of its circumstances.
const DECISION: &str = ",\"decision\":";
const RECORD: &str = ",\"record\":";
const WARNINGS: &str = ",\"warnings\":";
/// What stands between a record and the warnings of its arrival.
const ARRIVAL: &str = "\",\"arrival\":[";

/// The open part of a decision as far as many replays need it.
#[derive(Debug, Deserialize)]
pub(super) struct OpenReplay<'p> {
    #[serde(rename = "decision")]
    pub(super) kept: Kept,
    #[serde(borrow)]
    pub(super) record: &'p RawValue,
}

impl<'p> OpenReplay<'p> {
    /// Reads it: of a part as this version writes it, no more than its end. `bytes` is memory kept from one
    /// to the next.
    pub(super) fn read(open: &'p [u8], bytes: &mut Vec<u8>) -> Result<Self, StoredError> {
        match std::str::from_utf8(open).ok().and_then(|text| Self::read_end(text, bytes)) {
            Some(part) => Ok(part),
            None => read(open),
        }
    }

    /// From the last `warnings` before the record, and to nothing else than the end of one object: these
    /// are members of the member before the record. Deeper within, a brace too many would follow, and
    /// within a text a quote has a backslash before it.
    fn read_end(open: &'p str, bytes: &mut Vec<u8>) -> Option<Self> {
        let part = open.strip_prefix(PRESENT)?;
        let upto = match part.strip_suffix("\"}") {
            Some(upto) => upto,
            None => part.rsplit_once(ARRIVAL)?.0,
        };
        // Nothing in base64 is a quote.
        let before = upto.rsplit_once('"')?.0.strip_suffix(RECORD)?;
        let start = PRESENT.len() + before.len() + RECORD.len();
        let record = open.get(start..=PRESENT.len() + upto.len())?;
        let (_, end) = before.rsplit_once(WARNINGS)?;
        bytes.clear();
        bytes.extend_from_slice(b"{\"warnings\":");
        bytes.extend_from_slice(end.as_bytes());
        let kept = serde_json::from_slice(bytes).ok()?;
        Some(Self { kept, record: serde_json::from_str(record).ok()? })
    }
}

/// Whether the open part that `record` was read from holds the decision as exactly these bytes. No where
/// its members lie in another order than this version writes.
pub(super) fn holds(open: &[u8], record: &RawValue, decision: &[u8]) -> bool {
    let at = record.get().as_ptr().addr().saturating_sub(open.as_ptr().addr());
    let before = open.get(..at).and_then(|before| before.strip_suffix(RECORD.as_bytes()));
    let before = before.and_then(|before| before.strip_suffix(decision));
    before.is_some_and(|before| before.ends_with(DECISION.as_bytes()))
}

/// The record of the sealed part of a decision, its transaction skipped.
#[derive(Debug, Deserialize)]
pub(super) struct SealedReplay<'p> {
    #[serde(borrow)]
    pub(super) record: &'p RawValue,
}

/// The open part of an event.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct OpenEvent {
    pub(super) format: u32,
    pub(super) summary: Summary,
    /// Keyed hash of the event as a value.
    pub(super) digest: String,
    /// What it counted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) occurrences: Vec<Occurrence>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) label: Option<LabelClass>,
    /// How it ended: training leaves out what the issuer refused, after an erasure too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) outcome: Option<Outcome>,
}

/// The sealed part of an event.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SealedEvent {
    pub(super) event: Event,
    /// A processor's message the event was read from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) report: Option<Report>,
}

/// A processor's message: the case as it shows it, and the message itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Report {
    pub(super) dispute: Option<Dispute>,
    /// What identifies the sale, which may be recorded later.
    #[serde(default, skip_serializing_if = "is_none")]
    pub(super) sale: SaleKeys,
    pub(super) raw: Box<str>,
}

fn is_none(keys: &SaleKeys) -> bool {
    *keys == SaleKeys::default()
}

/// What recovery needs of either open part; everything else is skipped unread.
#[derive(Debug, Deserialize)]
pub(super) struct Recovered {
    pub(super) digest: String,
    #[serde(default)]
    pub(super) keys: EntityKeys,
    #[serde(default)]
    pub(super) occurrences: Vec<Occurrence>,
    /// Of an entry written when an entry could count one thing only.
    #[serde(default)]
    pub(super) occurrence: Option<Occurrence>,
}

/// What a later event needs of the open part of the decision it is about. Its record is not read: a
/// field of it that is gone from the catalogue refuses no event.
#[derive(Debug, Deserialize)]
pub(super) struct OpenSale<'p> {
    #[serde(default)]
    pub(super) keys: EntityKeys,
    #[serde(borrow)]
    record: &'p RawValue,
}

impl OpenSale<'_> {
    /// One field each of the record.
    pub(super) fn values<const N: usize>(
        &self,
        fields: [FieldId; N],
    ) -> Result<[Value; N], StoredError> {
        let part = compact::Unread::of(self.record)?;
        let mut values = [const { Value::Missing }; N];
        for (value, field) in values.iter_mut().zip(fields) {
            *value = part.value(field)?;
        }
        Ok(values)
    }
}

/// What a repeated request is answered with. Its record is not read either.
#[derive(Debug, Deserialize)]
pub(super) struct OpenAnswer {
    pub(super) decision: Decision,
    #[serde(default)]
    pub(super) arrival: Vec<Warning>,
}

/// Reads one part and refuses a newer format by name.
pub(super) fn read<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, StoredError> {
    #[derive(Deserialize)]
    struct Format {
        #[serde(default)]
        format: u32,
    }
    if bytes.starts_with(PRESENT.as_bytes()) {
        return Ok(serde_json::from_slice(bytes)?);
    }
    let Format { format } = serde_json::from_slice(bytes)?;
    if format > FORMAT {
        return Err(StoredError::Format { found: format, known: FORMAT });
    }
    Ok(serde_json::from_slice(bytes)?)
}

/// A part as people and tools read it: the record in it as an object. Text where it is not JSON.
pub fn readable(part: &[u8]) -> serde_json::Value {
    let Ok(mut json) = serde_json::from_slice::<serde_json::Value>(part) else {
        return String::from_utf8_lossy(part).into_owned().into();
    };
    if let Some(record) = json.get_mut("record")
        && let Some(object) = record.as_str().and_then(compact::read)
    {
        *record = object;
    }
    json
}

/// The record of a decision: base64 of its compact form, or the object that format 1 wrote.
pub(super) mod compact {
    use super::{RECORD, SealedReplay};
    use crate::features::{FieldId, Record, Value, compact_value, read_value};
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
    use serde::de::value::MapAccessDeserializer;
    use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
    use serde::ser::Serializer;
    use serde_json::value::RawValue;
    use std::collections::BTreeMap;
    use std::fmt;

    pub(super) fn serialize<S: Serializer>(record: &Record, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&BASE64.encode(record.to_compact()))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Record, D::Error> {
        from.deserialize_any(OfRecord)
    }

    /// Adds the record of a sealed part to another. One that this version wrote is found from the end,
    /// the transaction before it unread.
    pub(in crate::engine) fn add_sealed(
        part: &[u8],
        bytes: &mut Vec<u8>,
        record: &mut Record,
    ) -> serde_json::Result<()> {
        let text = part.strip_suffix(b"\"}").unwrap_or_default();
        let start = text.iter().rposition(|byte| *byte == b'"').unwrap_or_default();
        match text.split_at_checked(start) {
            Some((before, [b'"', base64 @ ..])) if before.ends_with(RECORD.as_bytes()) => {
                add_base64(base64, bytes, record)
            }
            _ => add(serde_json::from_slice::<SealedReplay<'_>>(part)?.record, bytes, record),
        }
    }

    /// Adds what a part holds to a record; `bytes` is memory kept from one to the next.
    pub(in crate::engine) fn add(
        part: &RawValue,
        bytes: &mut Vec<u8>,
        record: &mut Record,
    ) -> serde_json::Result<()> {
        if let Some(base64) = base64_of(part) {
            return add_base64(base64.as_bytes(), bytes, record);
        }
        record.merge(serde_json::from_str(part.get())?);
        Ok(())
    }

    fn add_base64(
        base64: &[u8],
        bytes: &mut Vec<u8>,
        record: &mut Record,
    ) -> serde_json::Result<()> {
        bytes.clear();
        BASE64.decode_vec(base64, bytes).map_err(de::Error::custom)?;
        record.add_compact(bytes).map_err(de::Error::custom)
    }

    /// A record of which single fields are read.
    pub(super) enum Unread<'p> {
        Compact(Vec<u8>),
        Object(BTreeMap<String, &'p RawValue>),
    }

    impl<'p> Unread<'p> {
        pub(super) fn of(part: &'p RawValue) -> serde_json::Result<Self> {
            Ok(match base64_of(part) {
                Some(base64) => Self::Compact(BASE64.decode(base64).map_err(de::Error::custom)?),
                None => Self::Object(serde_json::from_str(part.get())?),
            })
        }

        pub(super) fn value(&self, field: FieldId) -> serde_json::Result<Value> {
            match self {
                Self::Compact(bytes) => compact_value(bytes, field).map_err(de::Error::custom),
                Self::Object(members) => match members.get(field.field().name) {
                    Some(json) => read_value(field, &serde_json::from_str(json.get())?)
                        .map_err(de::Error::custom),
                    None => Ok(Value::Missing),
                },
            }
        }
    }

    fn base64_of(part: &RawValue) -> Option<&str> {
        part.get().strip_prefix('"')?.strip_suffix('"')
    }

    pub(super) fn read(text: &str) -> Option<serde_json::Value> {
        let record = Record::from_compact(&BASE64.decode(text).ok()?).ok()?;
        serde_json::to_value(record).ok()
    }

    struct OfRecord;

    impl<'de> Visitor<'de> for OfRecord {
        type Value = Record;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a record")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Record, E> {
            let bytes = BASE64.decode(text).map_err(E::custom)?;
            Record::from_compact(&bytes).map_err(E::custom)
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Record, A::Error> {
            Record::deserialize(MapAccessDeserializer::new(map))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::fields as f;
    use serde_json::json;

    /// A record of an older or a later version, of which a later event needs two values.
    #[test]
    fn a_sale_is_read_beside_fields_this_version_does_not_know() {
        let mut record = Record::default();
        record.set(f::TYPE, Value::text("purchase"));
        record.set(f::AMOUNT_EUR, Value::Decimal("49.00".parse().unwrap()));
        let mut compact = record.to_compact();
        let bitmap = usize::from(compact[0]);
        compact[0] += 1;
        compact.insert(1 + bitmap, 0b1000_0000);
        compact.push(0);
        let encoded = {
            use base64::Engine as _;
            base64::engine::general_purpose::STANDARD_NO_PAD.encode(compact)
        };
        for (format, record) in [
            (1, json!({"type": "purchase", "amount_eur": "49.00", "gone.by_now": {"x": 1}})),
            (2, json!(encoded)),
        ] {
            let open = json!({"format": format, "record": record}).to_string();
            let sale: OpenSale<'_> = read(open.as_bytes()).unwrap();
            let values = sale.values([f::TYPE, f::AMOUNT_EUR, f::ORDER_ID]).unwrap();
            let amount = Value::Decimal("49.00".parse().unwrap());
            assert_eq!(values, [Value::text("purchase"), amount, Value::Missing], "{format}");
            let part: SealedReplay<'_> = read(open.as_bytes()).unwrap();
            let whole = compact::add(part.record, &mut Vec::new(), &mut Record::default());
            assert!(whole.is_err(), "{format}");
        }
    }

    #[test]
    fn a_decision_is_held_as_the_bytes_it_is_and_nowhere_else() {
        let versions = r#"{"model":"m","rules":"r","lists":"l","reference":"t","policy":"p"}"#;
        let decision = |risk: &str, degraded: &str| {
            format!(
                r#"{{"action":"approve","risk_score":{risk},"warnings":[],"degraded":["{degraded}"],"versions":{versions}}}"#
            )
        };
        let (kept, other) = (decision("4.5", "kept"), decision("4.6", "other"));
        let holds = |open: &str, decision: &str| {
            let open = open.as_bytes();
            let part = OpenReplay::read(open, &mut Vec::new()).unwrap();
            holds(open, part.record, decision.as_bytes())
        };
        let quoted = json!(format!(r#"x","decision":{other},"record":"AA"}}"#));
        let open = format!(r#"{{"format":2,"digest":{quoted},"decision":{kept},"record":"AA"}}"#);
        let nested = format!(r#"{{"format":2,"x":{{"y":1,"decision":{other}}},"z":1"#);
        let nested = open.replace(r#"{"format":2"#, &nested);
        let with_arrival = open.replace(r#""AA"}"#, r#""AA","arrival":[]}"#);
        let late =
            json!(format!(r#"","arrival":[],"record":"BB","decision":{other},"record":"CC"}}"#));
        let late = format!(r#""AA","arrival":[{{"code":"event_time_late","message":{late}}}]}}"#);
        let with_late = open.replace(r#""AA"}"#, &late);
        let format_1 = open.replace(r#""format":2"#, r#""format":1"#);
        for open in [&open, &nested, &with_arrival, &with_late, &format_1] {
            let read = OpenReplay::read(open.as_bytes(), &mut Vec::new()).unwrap();
            assert_eq!(read.kept.degraded, ["kept"], "{open}");
            assert_eq!(read.record.get(), r#""AA""#, "{open}");
            assert!(holds(open, &kept) && !holds(open, &other), "{open}");
        }
        assert!(!holds(&open, kept.get(1..).unwrap()), "a part of it");
        // What is not the member before the record is not compared, whatever it says.
        let apart = format!(r#"{{"format":2,"decision":{kept},"x":{other},"record":"AA"}}"#);
        assert!(!holds(&apart, &kept) && !holds(&apart, &other));
    }

    /// Found from the end or read as JSON, it is the same record, and nothing else is taken for it.
    #[test]
    fn a_sealed_record_is_the_member_of_the_part() {
        let record = |kind: &str| {
            let mut record = Record::default();
            record.set(f::TYPE, Value::text(kind));
            record
        };
        let base64 = |kind| compact::serialize(&record(kind), serde_json::value::Serializer);
        let [right, wrong] = ["purchase", "renewal"].map(|kind| base64(kind).unwrap().to_string());
        let sale = json!({"x": format!(r#"","record":{wrong}}}"#), "record": wrong});
        for part in [
            format!(r#"{{"transaction":{sale},"record":{right}}}"#),
            format!(r#"{{"record":{right},"transaction":{sale}}}"#),
            format!(r#"{{"record":{right}}}"#),
            format!(r#"{{"transaction":{sale},"record": {right} }}"#),
            r#"{"transaction":{},"record":{"type":"purchase"}}"#.to_owned(),
        ] {
            let (mut bytes, mut found) = (Vec::new(), Record::default());
            compact::add_sealed(part.as_bytes(), &mut bytes, &mut found).unwrap();
            assert_eq!(found, record("purchase"), "{part}");
        }
        for part in ["", "\"}", r#"{"transaction":{}}"#, r#"{"transaction":{},"record":"?"}"#] {
            let (mut bytes, mut found) = (Vec::new(), Record::default());
            assert!(
                compact::add_sealed(part.as_bytes(), &mut bytes, &mut found).is_err(),
                "{part}"
            );
        }
    }
}
