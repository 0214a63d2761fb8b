//! What makes a dispute invalid, as the first sentences of the answer.
//!
//! A fact is told where its records are shown, in the words of the data or, where the packet has a sentence with
//! its dates, in those. Rules of hearsay are not among them: a bank knows its own better.

use super::clean::clean;
use super::points::{Draft, Point, Template, authenticated, no_cancellation, no_contact, point};
use super::prior::earlier_purchases;
use super::sheets::{Kind, Source};
use super::words::capital;
use crate::disputes::rulebook::{Confidence, Sentence};
use crate::disputes::settle::{Basis, Judged};
use crate::domain::Text;

/// A sentence for each fact that holds, in the order of the rules, and the sentences of the packet they stand for.
pub(super) fn points(draft: &Draft<'_>) -> (Vec<Point>, Vec<String>) {
    let (mut points, mut said) = (Vec::new(), Vec::new());
    for judged in &draft.settled {
        let Some(mut point) = told(draft, judged) else { continue };
        if said.contains(&point.sentence) {
            continue;
        }
        said.push(point.sentence.clone());
        let network = capital(&judged.rule.network);
        let code = draft.facts.dispute.network_reason_code.as_ref().map_or("", Text::as_str);
        // A rule nobody read in the network's own words is told as what it is: our understanding.
        let by = match judged.rule.provenance.confidence {
            Confidence::Primary => format!("by {network}'s rules"),
            _ => format!("as we understand {network}'s rules,"),
        };
        let so = format!("; {by} this excludes a dispute under {}", clean(code));
        point.sentence.push_str(&so);
        points.push(point);
    }
    (points, said)
}

/// Facts that hold and are not told, for none of their records is shown.
pub(super) fn untold<'d>(draft: &'d Draft<'_>) -> impl Iterator<Item = &'d str> {
    let lost = |judged: &&Judged<'_>| judged.rule.letter.is_some() && told(draft, judged).is_none();
    let untold = draft.settled.iter().filter(lost);
    untold.map(|judged| judged.rule.id.as_str())
}

fn told(draft: &Draft<'_>, judged: &Judged<'_>) -> Option<Point> {
    let letter = judged.rule.letter.as_ref()?;
    let own = judged.rule.point.and_then(|sentence| template(sentence)(draft));
    own.or_else(|| {
        let is_basis = |source: &Source<'_>| judged.bases.iter().any(|basis| shows(source, basis));
        let cites = Kind::ALL.into_iter().filter_map(|kind| draft.cite(kind, is_basis));
        point(letter.clone(), cites)
    })
}

/// Whether a row shows a record.
fn shows(source: &Source<'_>, basis: &Basis<'_>) -> bool {
    match (source, basis) {
        (Source::Sale(one), Basis::Sale(other)) => one == other,
        (Source::Event(one), Basis::Event(other)) => one.event_id == other.event_id,
        (Source::Prior(one), Basis::Other(other)) => one.transaction_id == other.transaction_id,
        _ => false,
    }
}

fn template(sentence: Sentence) -> Template {
    match sentence {
        Sentence::Authenticated => authenticated,
        Sentence::EarlierPurchases => earlier_purchases,
        Sentence::NoCancellation => no_cancellation,
        Sentence::NoContact => no_contact,
    }
}
