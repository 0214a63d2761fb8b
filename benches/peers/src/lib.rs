//! The rules and records every engine here is given, and each engine ready to run them.
//!
//! Rules and records are generated (`data/`): 100 and 1,000 rules of two to four conditions over 60
//! flat fields, 1,000 records, and the rules expected to match each record. Our record has fixed
//! slots, so the k-th field of a type becomes the k-th slot of that type in our catalogue.

use serde_json::{Map, Value};
use std::collections::BTreeMap;
use vouch::features::{FIELDS, FieldId, Kind, Record};
use vouch::rules::{RuleSet, Scratch, Source};

/// A flat record: field to value.
pub type Row = Map<String, Value>;

/// Rules in each engine's syntax, and the numbers of the rules that match each record.
pub struct Rules {
    pub cel: Vec<String>,
    pub zen: Vec<String>,
    pub jsonlogic: Vec<String>,
    pub hits: Vec<Vec<usize>>,
}

/// The records.
pub fn rows() -> Vec<Row> {
    let lines = include_str!("../data/transactions.jsonl").lines();
    lines.map(|line| serde_json::from_str(line).expect("a good fixture")).collect()
}

/// The rule set of 100 or 1,000.
pub fn rules(count: usize) -> Rules {
    let text = match count {
        100 => include_str!("../data/rules_100.json"),
        _ => include_str!("../data/rules_1000.json"),
    };
    let all: Value = serde_json::from_str(text).expect("a good fixture");
    let texts = |engine: &str| -> Vec<String> {
        let text = |rule: &Value| rule.as_str().map_or_else(|| rule.to_string(), str::to_owned);
        all[engine].as_array().expect("a good fixture").iter().map(text).collect()
    };
    let hits = serde_json::from_value(all["hits"].clone()).expect("a good fixture");
    Rules { cel: texts("cel"), zen: texts("zen"), jsonlogic: texts("jsonlogic"), hits }
}

/// Texts of one form: the checker refuses what they can never be.
const FORMS: [&str; 4] = ["card.bin", "email.domain", "bin.brand", "language.primary"];

/// Which slot of our record stands for each of the flat fields.
pub struct Slots(BTreeMap<String, FieldId>);

impl Slots {
    /// Gives each field of the record the next slot of its type.
    pub fn of(row: &Row) -> Self {
        let slots = |kind: Kind| FIELDS.iter().filter(move |field| field.kind == kind);
        let mut ints = slots(Kind::Int);
        let mut floats = slots(Kind::Float);
        let mut bools = slots(Kind::Bool);
        let mut texts = slots(Kind::Text).filter(|field| !FORMS.contains(&field.name));
        let slot = |(name, value): (&String, &Value)| {
            let field = match value {
                Value::Bool(_) => bools.next(),
                Value::String(_) => texts.next(),
                Value::Number(n) if n.is_f64() => floats.next(),
                _ => ints.next(),
            };
            (name.clone(), field.expect("a slot for every field").id)
        };
        Self(row.iter().map(slot).collect())
    }

    /// The record in our form. Fields it does not have are missing.
    pub fn record(&self, row: &Row) -> Record {
        let mut record = Record::default();
        for (name, value) in row {
            let slot = self.0[name];
            match value {
                Value::Bool(x) => record.set(slot, *x),
                Value::String(x) => record.set(slot, x.as_str()),
                number if slot.field().kind == Kind::Int => record.set(slot, number.as_i64()),
                number => {
                    let x = number.as_f64().map(vouch::features::Value::float);
                    record.set(slot, x.unwrap_or_default());
                }
            }
        }
        record
    }

    /// A condition in CEL with our names in it.
    pub fn rename(&self, cel: &str) -> String {
        let mut out = String::with_capacity(cel.len() * 2);
        let (mut name, mut quoted) = (String::new(), false);
        for c in cel.chars().chain([' ']) {
            if !quoted && (c.is_ascii_alphanumeric() || c == '_') {
                name.push(c);
                continue;
            }
            match self.0.get(&name) {
                Some(slot) => out.push_str(slot.field().name),
                None => out.push_str(&name),
            }
            name.clear();
            quoted ^= c == '"';
            out.push(c);
        }
        out.pop();
        out
    }
}

/// Our rule set of these conditions in CEL; rule `n` has the id `r<n>`.
pub fn ours(conditions: &[String], slots: &Slots) -> RuleSet {
    let sources = conditions.chunks(1_000).enumerate().map(|(chunk, conditions)| {
        let rule = |(n, cel): (usize, &String)| {
            let n = chunk * 1_000 + n;
            let when = slots.rename(cel);
            format!(
                "[[rule]]\nid = \"r{n:06}\"\naction = \"tag\"\nreason = \"BENCH\"\ntext = \"Bench.\"\nwhen = '{when}'\n"
            )
        };
        let text: String = conditions.iter().enumerate().map(rule).collect();
        Source::new(format!("rules{chunk}.toml"), text)
    });
    RuleSet::from_sources(&sources.collect::<Vec<_>>()).unwrap_or_else(|found| panic!("{found}"))
}

/// The rules that match, by ours.
pub fn our_hits(set: &RuleSet, record: &Record, scratch: &mut Scratch) -> Vec<usize> {
    set.matching(record, scratch).collect()
}

/// A record as a context of `cel`.
pub fn cel_context(row: &Row) -> cel::Context<'static, 'static> {
    let mut context = cel::Context::default();
    for (name, value) in row {
        let value: cel::Value = match value {
            Value::Bool(x) => (*x).into(),
            Value::String(x) => x.as_str().into(),
            Value::Number(n) if n.is_f64() => n.as_f64().unwrap_or_default().into(),
            number => number.as_i64().unwrap_or_default().into(),
        };
        context.add_variable_from_value(name.clone(), value);
    }
    context
}

/// True where `cel` says yes; a missing field is an error there, which is no match.
pub fn cel_matches(program: &cel::Program, context: &cel::Context<'_, '_>) -> bool {
    matches!(program.execute(context), Ok(cel::Value::Bool(true)))
}
