//! Whose secret key is which: a key answers the disputes of one tenant.
//!
//! One key a line, as `TENANT KEY`, or a key alone for the default tenant. Rejected: one key for the whole
//! server. A tenant could name a dispute of another and answer it, for good, with papers of its own buyers.

use super::error::ProcessorError;
use crate::domain::TenantId;
use zeroize::Zeroizing;

/// The key of a tenant. Empty lines and `#` comments are skipped.
///
/// # Errors
/// A line is of another form, a tenant has two keys, two tenants have one, or this tenant has none.
pub fn key_of(text: &str, tenant: &TenantId) -> Result<Zeroizing<String>, ProcessorError> {
    let mut keys: Vec<(TenantId, &str)> = Vec::new();
    for (line, words) in (1..).zip(text.lines().map(str::trim)) {
        if words.is_empty() || words.starts_with('#') {
            continue;
        }
        let mut words = words.split_whitespace();
        let (owner, key) = match (words.next(), words.next(), words.next()) {
            (Some(key), None, None) => (Some(TenantId::default_tenant()), key),
            (Some(owner), Some(key), None) => (TenantId::new(owner).ok(), key),
            _ => (None, ""),
        };
        let is_new = |owner: &TenantId| keys.iter().all(|(o, k)| o != owner && *k != key);
        let Some(owner) = owner.filter(is_new) else {
            return Err(ProcessorError::Keys { line });
        };
        keys.push((owner, key));
    }
    let own = keys.into_iter().find(|(owner, _)| owner == tenant);
    own.map(|(_, key)| Zeroizing::new(key.to_owned())).ok_or(ProcessorError::NoKey)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_one_tenants() {
        let key = |text: &str, tenant: &str| {
            let key = key_of(text, &TenantId::new(tenant).unwrap());
            key.map(|key| key.to_string()).map_err(|error| error.to_string())
        };
        let two = "# live\n\nsk_one\nshop-2 sk_two\n";
        assert_eq!(key(two, "default").unwrap(), "sk_one");
        assert_eq!(key(two, "shop-2").unwrap(), "sk_two");
        for (text, tenant, said) in [
            ("sk_one", "shop-2", "no secret key is set for this tenant"),
            ("", "default", "no secret key is set for this tenant"),
            ("a b c", "default", "line 1"),
            ("shop-2 sk_one\nshop-2 sk_two", "default", "line 2"),
            ("sk_one\nshop-2 sk_one", "default", "line 2"),
        ] {
            let error = key(text, tenant).unwrap_err();
            assert!(error.contains(said) && !error.contains("sk_"), "{error}");
        }
    }
}
