//! `vouch rules aggregates`: what the rules read of history, and what history costs in memory.

use super::{DONE, Loaded, UNUSABLE, complain};
use crate::domain::RuleMode;
use crate::features::FieldId;
use crate::rules::{Aggregate, FieldRef, RuleSet};
use anyhow::Result;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::Write;

/// Resident bytes a key (one card, mailbox, address, …) costs when 10 million are kept, nearly all
/// of them quiet: measured, `docs/benchmarks.md`, History.
const BYTES_A_KEY: u64 = 119;

/// One field of history, and who reads it.
#[derive(Serialize)]
struct Read<'r> {
    field: &'static str,
    /// The call that names it, where there is one.
    call: Option<String>,
    measure: &'static str,
    of: String,
    entity: &'static str,
    window: &'static str,
    filter: String,
    rules: Vec<&'r str>,
}

impl<'r> Read<'r> {
    fn new(id: FieldId, rules: Vec<&'r str>) -> Self {
        let field = id.field();
        let Some(kept) = Aggregate::of_field(field) else {
            return Self {
                field: field.name,
                call: None,
                measure: "fact",
                of: String::new(),
                entity: Aggregate::entity_of_field(field),
                window: field.window,
                filter: String::new(),
                rules,
            };
        };
        Self {
            field: field.name,
            call: Some(kept.to_string()),
            measure: kept.measure.name(),
            of: kept.of,
            entity: kept.entity,
            window: kept.window,
            filter: kept.filter,
            rules,
        }
    }
}

/// What the rules that are not off read of history, in the order of the catalogue.
fn reads(rules: &RuleSet) -> Vec<Read<'_>> {
    let mut readers: BTreeMap<FieldId, Vec<&str>> = BTreeMap::new();
    for rule in rules.rules().iter().filter(|rule| rule.mode != RuleMode::Off) {
        for field in rule.when.fields() {
            if let FieldRef::Catalogue(id) = field
                && id.is_history()
            {
                readers.entry(id).or_default().push(&rule.id);
            }
        }
    }
    readers.into_iter().map(|(id, rules)| Read::new(id, rules)).collect()
}

const KEEPS_ALL: &str = "History keeps every field of the catalogue for every key it knows, whatever the rules \
                         read: a rule more or less changes neither memory nor what is known at its start.";

pub(super) fn aggregates(
    loaded: &Loaded,
    keys: u64,
    json: bool,
    out: &mut impl Write,
    err: &mut impl Write,
) -> Result<u8> {
    let rules = match loaded {
        Ok(rules) => rules,
        Err(found) => return complain(found, UNUSABLE, err),
    };
    let reads = reads(rules);
    let bytes = BYTES_A_KEY.saturating_mul(keys);
    if json {
        let page = serde_json::json!({
            "aggregates": reads,
            "memory": {
                "bytes_per_key": BYTES_A_KEY, "keys": keys, "bytes": bytes,
                "depends_on_rules": false,
            },
        });
        writeln!(out, "{page:#}")?;
        return Ok(DONE);
    }
    let width = reads.iter().map(|read| read.field.len()).max().unwrap_or(0);
    for read in &reads {
        let call = read.call.as_deref().unwrap_or("-");
        writeln!(out, "{:<width$}  {call:<44}  {}", read.field, read.rules.join(", "))?;
    }
    let entities: std::collections::BTreeSet<_> = reads.iter().map(|read| read.entity).collect();
    let megabytes = bytes / 1_000_000;
    writeln!(
        out,
        "\n{} fields of {} entities. {KEEPS_ALL}\nMemory: about {BYTES_A_KEY} bytes a key, so about \
         {megabytes} MB for {keys} keys; each card, mailbox, address, device, account, pair, BIN and \
         seller is one.",
        reads.len(),
        entities.len(),
    )?;
    Ok(DONE)
}
