//! The features of a model as something to try values on: what they are called, and where its answers
//! change along each.

use super::artefact::{Artefact, Scorer, Transform};
use super::forest::{Feature, Forest, Test, Tree};
use crate::features::{FieldId, Kind, Record, Value, read_value};
use rust_decimal::Decimal;
use rust_decimal::prelude::{FromPrimitive, ToPrimitive};

/// Steps between the least and the largest number a regression saw.
const STEPS: u16 = 64;

/// One feature and values worth trying on it.
#[derive(Debug, Clone, PartialEq)]
pub struct Edge {
    /// Its name, of the catalogue or `custom.` and the merchant's.
    pub name: String,
    /// Ascending. Of trees: each threshold and what lies just beyond; of a regression: its range in steps.
    pub numbers: Vec<f64>,
    /// The words it tells apart; empty for numbers.
    pub words: Vec<String>,
}

/// Every feature of a model, in its order.
pub(super) fn edges(artefact: &Artefact) -> Vec<Edge> {
    match &artefact.scorer {
        Scorer::Logistic(logistic) => {
            let numbers = logistic.numbers.iter().map(|number| {
                let [low, high] = number.clip;
                let step = |n: u16| low + (high - low) * f64::from(n) / f64::from(STEPS);
                let numbers = (0..=STEPS).map(|n| back(number.transform, step(n))).collect();
                Edge { name: number.name.clone(), numbers, words: Vec::new() }
            });
            let words = logistic.words.iter().map(|word| Edge {
                name: word.name.clone(),
                numbers: Vec::new(),
                words: word.levels.iter().map(|level| level.word.clone()).collect(),
            });
            numbers.chain(words).collect()
        }
        Scorer::Forest(forest) => of_forest(forest),
    }
}

fn of_forest(forest: &Forest) -> Vec<Edge> {
    let edge = |feature: &Feature| Edge {
        name: feature.name.clone(),
        numbers: Vec::new(),
        words: feature.words.clone(),
    };
    let mut edges: Vec<Edge> = forest.features.iter().map(edge).collect();
    for question in forest.trees.iter().flat_map(Tree::questions) {
        let place = usize::try_from(question.feature).unwrap_or(usize::MAX);
        if let (Some(edge), Test::AtMost(at)) = (edges.get_mut(place), &question.test)
            && edge.words.is_empty()
        {
            edge.numbers.extend([*at, at.next_up(), *at + 1.0]);
        }
    }
    for edge in &mut edges {
        edge.numbers.sort_by(f64::total_cmp);
        edge.numbers.dedup();
    }
    edges
}

/// The number a transformed one comes from.
fn back(transform: Transform, x: f64) -> f64 {
    match transform {
        Transform::Identity => x,
        Transform::SignedLog => x.abs().exp_m1().copysign(x),
    }
}

impl Edge {
    fn kind(&self) -> Kind {
        FieldId::by_name(&self.name).map_or(Kind::Float, |field| field.field().kind)
    }

    /// A number as the field holds it, a whole one rounded down; missing where it can't.
    pub fn number(&self, x: f64) -> Value {
        match self.kind() {
            Kind::Bool => Value::Bool(x > 0.5),
            Kind::Int => x.floor().to_i64().map_or(Value::Missing, Value::Int),
            Kind::Decimal => Decimal::from_f64(x).map_or(Value::Missing, Value::Decimal),
            _ => Value::float(x),
        }
    }

    /// A word as the field holds it; missing where it can't.
    pub fn word(&self, word: &str) -> Value {
        let Some(field) = FieldId::by_name(&self.name) else { return Value::text(word) };
        let json = match field.field().kind {
            Kind::Bool => serde_json::Value::Bool(word == "true"),
            Kind::Int | Kind::Decimal | Kind::Float => match word.parse::<f64>() {
                Ok(number) => return self.number(number),
                Err(_) => serde_json::Value::Null,
            },
            _ => serde_json::Value::String(word.to_owned()),
        };
        read_value(field, &json).unwrap_or_default()
    }

    /// The value a record has.
    pub fn get<'r>(&self, record: &'r Record) -> &'r Value {
        match (FieldId::by_name(&self.name), self.name.strip_prefix("custom.")) {
            (Some(field), _) => record.get(field),
            (None, Some(name)) => record.custom(name),
            (None, None) => &Value::Missing,
        }
    }

    /// Gives a record another value.
    pub fn set(&self, record: &mut Record, value: Value) {
        match (FieldId::by_name(&self.name), self.name.strip_prefix("custom.")) {
            (Some(field), _) => record.set(field, value),
            (None, Some(name)) => record.set_custom(name, value),
            (None, None) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Model;

    #[test]
    fn every_feature_takes_values_that_change_the_score() {
        let model = Model::bundled().unwrap();
        let mut moved = 0;
        for edge in model.edges() {
            let values = edge.numbers.iter().map(|x| edge.number(*x));
            let values = values.chain(edge.words.iter().map(|word| edge.word(word)));
            let mut scores: Vec<u64> = values
                .map(|value| {
                    let mut record = Record::default();
                    edge.set(&mut record, value.clone());
                    assert_eq!(*edge.get(&record), value, "{}", edge.name);
                    model.score(&record).log_odds.to_bits()
                })
                .collect();
            scores.sort_unstable();
            scores.dedup();
            moved += usize::from(scores.len() > 1);
        }
        assert!(moved * 10 > model.edges().len() * 9, "{moved} of {}", model.edges().len());
    }

    #[test]
    fn a_transform_goes_back() {
        for x in [-20.0, 0.0, 0.3, 7.0] {
            let there = Transform::SignedLog.apply(x);
            assert!((back(Transform::SignedLog, there) - x).abs() < 1e-9);
        }
    }
}
