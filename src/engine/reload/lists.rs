//! Lists among the parts of a snapshot: each stands on its own.

use super::{Origins, PartReport};
use crate::engine::fault::Fault;
use crate::lists::{ListError, Lists, Loaded, Refused};
use crate::reference::{Reference, pan};
use crate::rules::RuleSet;

impl Origins {
    /// Reads the lists again. `rules` are those that will ask them; without any, a list that says no
    /// type is one of texts.
    pub(super) fn read_lists(
        &self,
        old: &Lists,
        rules: Option<&RuleSet>,
        reference: &Reference,
    ) -> Loaded {
        let hints = rules.map(|rules| rules.list_questions().kinds()).unwrap_or_default();
        let shows_card = |text: &str| pan::find(text, reference.bins()).is_some();
        old.read(self.lists.as_deref(), &hints, &shows_card)
    }
}

/// Reports what became of each list, and gives them out.
pub(super) fn put(loaded: Loaded, parts: &mut Vec<PartReport>) -> Lists {
    let Loaded { lists, replaced, refused } = loaded;
    for (name, _) in lists.iter() {
        if !refused.iter().any(|refused| refused.name == name) {
            let is_new = replaced.iter().any(|replaced| replaced == name);
            parts.push(PartReport::good(&part(name), is_new));
        }
    }
    let gone = replaced.iter().filter(|name| lists.get(name).is_none());
    parts.extend(gone.map(|name| PartReport::good(&part(name), true)));
    parts.extend(
        refused.iter().map(|refused| PartReport::refused(&part(&refused.name), faults(refused))),
    );
    lists
}

fn part(list: &str) -> String {
    format!("lists.{list}")
}

/// Every wrong line that is told, or the one reason.
fn faults(refused: &Refused) -> Vec<Fault> {
    match &refused.error {
        ListError::Faults { first, .. } => first
            .iter()
            .map(|fault| Fault {
                message: fault.message.clone(),
                line: Some(fault.line),
                ..Fault::new(&refused.error).of_file(&refused.path)
            })
            .collect(),
        error => vec![Fault::new(error).of_file(&refused.path)],
    }
}
