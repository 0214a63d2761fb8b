//! Page 1: what a reviewer decides by. What was bought and by whom, what is claimed, why that can't be,
//! which exhibit shows it on which page, what we ask, and use over time at a glance.

use super::chart;
use super::flow::{BODY, Flow, SMALL, STRONG, TITLE};
use crate::disputes::packet::Exhibit;
use crate::disputes::packet::plan::Plan;
use crate::disputes::packet::points::{Draft, Point};
use crate::disputes::packet::render;
use std::collections::BTreeMap;

/// Page of each exhibit, by its letter.
pub(super) type Pages = BTreeMap<char, usize>;

/// Where the values of the facts begin.
const FACTS: i32 = 128_000;
const ANSWERS: i32 = 20_000;

/// Writes it at the present place.
pub(super) fn letter(
    flow: &mut Flow,
    draft: &Draft<'_>,
    plan: &Plan,
    (points, exhibits): (&[Point], &[Exhibit]),
    pages: &Pages,
) {
    flow.paragraph(&format!("Answer to dispute {}", draft.facts.dispute.id), TITLE);
    flow.gap(3_000);
    flow.rule(1_600);
    for (label, value) in render::facts(draft) {
        flow.labelled((label, FACTS), &value);
    }
    part(flow, "The claim");
    flow.paragraph(plan.claim, BODY);
    if points.is_empty() {
        return;
    }
    part(flow, "Our answer");
    for (number, point) in (1..).zip(points) {
        let sentence = point.text(|kind| pages.get(&kind.letter()).copied());
        flow.labelled((&format!("{number}."), ANSWERS), &sentence);
        flow.gap(2_000);
    }
    part(flow, "We ask");
    flow.paragraph(&render::wish(draft), BODY);
    if let Some(usage) = chart::usage(draft) {
        flow.gap(8_000);
        flow.need(chart::HEIGHT + SMALL.leading);
        usage.draw(flow);
        flow.gap(3_000);
        flow.paragraph(&usage.caption(), SMALL);
    }
    enclosed(flow, exhibits, pages);
}

fn enclosed(flow: &mut Flow, exhibits: &[Exhibit], pages: &Pages) {
    let named: Vec<String> = exhibits
        .iter()
        .map(|exhibit| {
            let page = pages.get(&exhibit.letter).map(|page| format!(" (page {page})"));
            format!("{} {}{}", exhibit.letter, exhibit.title, page.unwrap_or_default())
        })
        .collect();
    if !named.is_empty() {
        flow.gap(5_000);
        flow.paragraph(&format!("Enclosed: {}.", named.join(", ")), SMALL);
    }
}

fn part(flow: &mut Flow, title: &str) {
    flow.gap(8_000);
    flow.need(3 * BODY.leading);
    flow.paragraph(title, STRONG);
    flow.gap(1_000);
}
