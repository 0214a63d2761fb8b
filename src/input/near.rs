//! The names probably meant by a name that is not known.

/// Most names suggested.
const MOST: usize = 3;
/// Least likeness of a suggestion, 0..=1.
const LEAST: f64 = 0.82;
/// How much less alike than the first the others may be.
const BEHIND: f64 = 0.04;

/// Up to three of `known` that look like `name`, most alike first. Case and everything but letters
/// and digits make no difference; `email` suggests `account.email`.
pub(super) fn near<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let wanted = letters(name);
    let last = letters(name.rsplit('.').next().unwrap_or(name));
    let likeness = |candidate: &str| {
        let whole = strsim::jaro_winkler(&wanted, &letters(candidate));
        let tail = letters(candidate.rsplit('.').next().unwrap_or(candidate));
        if tail == last { whole.max(0.95) } else { whole }
    };
    let mut alike: Vec<(f64, &str)> = known
        .into_iter()
        .map(|candidate| (likeness(candidate), candidate))
        .filter(|(likeness, _)| *likeness >= LEAST)
        .collect();
    alike.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    let best = alike.first().map_or(0.0, |(likeness, _)| *likeness);
    alike.retain(|(likeness, _)| *likeness >= best - BEHIND);
    alike.into_iter().take(MOST).map(|(_, candidate)| candidate.to_owned()).collect()
}

fn letters(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// `; did you mean …?` for an error, or nothing.
pub(super) fn did_you_mean(near: &[String]) -> String {
    if near.is_empty() {
        String::new()
    } else {
        format!("; did you mean `{}`?", near.join("` or `"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggests_what_was_probably_meant() {
        let known = ["account.email", "account.id", "device.ip", "event_time", "Purchase Time"];
        let near = |name| near(name, known);
        assert_eq!(near("email"), ["account.email"]);
        assert_eq!(near("device.ipp"), ["device.ip"]);
        assert_eq!(near("purchase_time"), ["Purchase Time"]);
        assert_eq!(near("zzz"), [""; 0]);
        assert_eq!(did_you_mean(&near("email")), "; did you mean `account.email`?");
        assert_eq!(did_you_mean(&[]), "");
    }
}
