//! Who is tied to whom, recounted from the facts.

use super::*;

impl Recount {
    /// What a field of the links says of `asked`.
    pub(super) fn around(&self, asked: &Names, at: i64, field: &str) -> Option<Json> {
        let (met, shared) = self.linked(asked, at);
        let what = match field {
            "accounts" => return Some(met.len().into()),
            "hubs" => return Some(0.into()),
            "disputes" => "disputed",
            "warnings" => "warned",
            "trials" => "began",
            _ => return None,
        };
        let is_met = |(kind, name): (&&'static str, &String)| match *kind {
            "account" => asked.get("account") == Some(name) || met.contains(name.as_str()),
            kind => shared.contains(&(kind, name.as_str())),
        };
        let mut sales: BTreeMap<&Names, i64> = BTreeMap::new();
        for told in self.told.iter().filter(|told| told.what == what && told.who.iter().any(is_met))
        {
            let latest = sales.entry(&told.sale).or_insert(told.at);
            *latest = (*latest).max(told.at);
        }
        if what == "began" {
            return Some(sales.len().into());
        }
        let halvings = sales.values().map(|told| (at - told).max(0) / (90 * DAY_MS));
        let weights = halvings
            .filter(|times| *times < 8)
            .map(|times| 0.5_f64.powi(i32::try_from(times).unwrap()));
        Some(json!(weights.sum::<f64>()))
    }

    /// Accounts within two hops, and what ties them; nothing here is shared by a crowd.
    fn linked<'a>(
        &'a self,
        asked: &'a Names,
        at: i64,
    ) -> (BTreeSet<&'a str>, BTreeSet<(&'static str, &'a str)>) {
        let together = ["tx", "approved", "trial", "sign_up", "login", "activation"];
        let ties = |fact: &&Fact| together.contains(&fact.what) && at - fact.at <= 180 * DAY_MS;
        let tied: Vec<(&str, BTreeSet<(&'static str, &str)>)> = self
            .facts
            .iter()
            .filter(ties)
            .filter_map(|fact| Some((fact.who.get("account")?.as_str(), nodes(&fact.who))))
            .collect();
        let mut shared = nodes(asked);
        let own = asked.get("account").map_or("", String::as_str);
        let mut met = BTreeSet::from([own]);
        for _ in 0..2 {
            let of_met = tied.iter().filter(|(account, _)| met.contains(account));
            shared.extend(of_met.flat_map(|(_, with)| with));
            let shares = |with: &BTreeSet<_>| !shared.is_disjoint(with);
            met.extend(tied.iter().filter(|(_, with)| shares(with)).map(|(account, _)| *account));
        }
        met.remove(own);
        (met, shared)
    }
}

/// What ties somebody to others.
fn nodes(who: &Names) -> BTreeSet<(&'static str, &str)> {
    let ties = who.iter().filter(|(kind, _)| TIES.contains(*kind));
    ties.map(|(kind, name)| (*kind, name.as_str())).collect()
}
