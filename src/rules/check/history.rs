//! Calls that name what history keeps: `count("card", "1h")` becomes its field.

use super::Checker;
use crate::features::{FieldId, Kind};
use crate::rules::aggregate::{Aggregate, ENTITIES, Measure, minutes};
use crate::rules::error::nearest;
use crate::rules::expr::FieldRef;
use crate::rules::parser::Node;
use crate::rules::problem::Problem;

/// Most kept values a message lists.
const LISTED: usize = 8;

/// The words of a call, with their nodes where a message may point at them.
struct Call<'n> {
    measure: Measure,
    of: &'n str,
    entity: &'n str,
    window: &'n str,
    filter: &'n str,
}

impl Checker<'_> {
    /// The field of a value that history keeps.
    pub(super) fn aggregate(
        &mut self,
        name: &str,
        arguments: &[Node],
        node: &Node,
    ) -> Option<(FieldRef, Kind)> {
        let measure = Measure::ALL.into_iter().find(|measure| measure.name() == name)?;
        let (want, least, most) = match measure {
            Measure::Count => ("count(entity, window, filter)", 2, 3),
            Measure::Sum => ("sum(\"amount_eur\", entity, window, filter)", 3, 4),
            Measure::Distinct => ("distinct(what, entity, window)", 3, 3),
            Measure::Max => ("max(what, entity, window)", 3, 3),
            Measure::Age => ("age(entity)", 1, 1),
        };
        if !(least..=most).contains(&arguments.len()) {
            return self.report(Problem::Arguments { name: name.to_owned(), want }, node);
        }
        let read = |node| self.text_argument("what history is asked for", node);
        let words: Vec<&str> = arguments.iter().map(read).collect::<Option<_>>()?;
        let word = |at: usize| words.get(at).copied().unwrap_or("");
        let first = usize::from(least == 3);
        let call = Call {
            measure,
            of: if first == 1 { word(0) } else { "" },
            entity: word(first),
            window: word(first + 1),
            filter: word(first + 2),
        };
        self.known_words(&call, (first, arguments))?;
        let asked = minutes(call.window).unwrap_or(0);
        let same = |kept: &&Aggregate| {
            call.is_like(kept) && kept.filter == call.filter && kept.minutes() == asked
        };
        let Some(kept) = Aggregate::all().iter().find(same) else {
            let given = self.source(node);
            return self.report(call.not_kept(given, asked), node);
        };
        Some((FieldRef::Catalogue(kept.field), kept.field.field().kind))
    }

    /// Refuses an entity or a window that is none; `first` is the entity's place.
    fn known_words(&mut self, call: &Call<'_>, at: (usize, &[Node])) -> Option<()> {
        let (first, arguments) = at;
        if !ENTITIES.contains(&call.entity) {
            let problem = Problem::UnknownEntity {
                given: call.entity.to_owned(),
                near: entity_meant(call.entity),
                all: ENTITIES.to_vec(),
            };
            return self.report(problem, arguments.get(first)?);
        }
        if call.measure != Measure::Age && minutes(call.window).is_none() {
            let given = call.window.to_owned();
            return self.report(Problem::BadWindow { given }, arguments.get(first + 1)?);
        }
        Some(())
    }

    /// History keeps counts, sums and distincts, so an average is told apart from a misspelt call.
    pub(super) fn average<T>(&mut self, arguments: &[Node], node: &Node) -> Option<T> {
        let argument = arguments.get(1).or_else(|| arguments.first());
        let entity = match argument {
            Some(argument) => self.text_argument("what history is asked for", argument)?,
            None => "",
        };
        let instead = format!("{entity}_amount_mean_ratio_90d");
        let instead = FieldId::by_name(&instead).map(|_| instead);
        self.report(Problem::NoAverage { entity: entity.to_owned(), instead }, node)
    }
}

/// The entity meant by the name of a field or of a pair.
fn entity_meant(given: &str) -> Option<String> {
    let pair = given.replace('+', "_on_");
    let word = match given {
        "customer" | "user" | "account.id" => "account",
        "mailbox" | "mail" | "account.email" => "email",
        "ip_address" | "address" | "device.ip" => "ip",
        "device.device_id" => "device",
        "payer" => "wallet",
        "card.fingerprint" => "card",
        "card.bin" => "bin",
        _ => pair.as_str(),
    };
    nearest(word, ENTITIES.iter().copied())
}

impl Call<'_> {
    /// True for the same measure of the same entity, of whatever window and filter.
    fn is_like(&self, kept: &Aggregate) -> bool {
        kept.measure == self.measure && kept.entity == self.entity && kept.of == self.of
    }

    /// What is kept instead: the same filter first, then the nearest windows. Where nothing of this
    /// is kept, what else the measure has of the entity.
    fn not_kept(&self, call: String, asked: u64) -> Problem {
        let mut kept: Vec<&Aggregate> =
            Aggregate::all().iter().filter(|kept| self.is_like(kept)).collect();
        if kept.is_empty() {
            let same =
                |kept: &&Aggregate| kept.measure == self.measure && kept.entity == self.entity;
            kept = Aggregate::all().iter().filter(same).collect();
        }
        kept.sort_by_key(|kept| {
            let near = kept.filter == self.filter;
            let related = !self.filter.is_empty() && kept.filter.contains(self.filter);
            (!near, !related, kept.minutes().abs_diff(asked), kept.field)
        });
        let more = kept.len().saturating_sub(LISTED);
        let kept = kept.iter().take(LISTED).map(ToString::to_string).collect();
        Problem::NotKept { call, kept, more }
    }
}
