//! What a shop's checkout leaves out: no two integrations send the same fields.
//!
//! INVARIANT: what is left out depends on the account's id and the seed, never on who is behind the
//! account. A field that is missing therefore says nothing about fraud, and a model trained on the
//! world does not take a plain integration for an attack. Rejected: everybody sends everything
//! (an ordinary request without logins, zone and device id then looked like theft), and dropping
//! fields line by line (no shop forgets its own script every other time).

use super::Line;
use super::dice::mix;
use crate::domain::{Device, Event, EventKind, Personal, Transaction, TransactionKind};

/// What a shop may leave out, each with the percent of accounts whose shop does.
const OMISSIONS: &[(u64, Omission)] = &[
    (45, Omission::Visits),
    (35, Omission::SignUps),
    (25, Omission::Usage),
    (25, Omission::Script),
    (30, Omission::Locale),
    (15, Omission::Agent),
    (8, Omission::LongAgent),
    (4, Omission::Address),
    (35, Omission::Opened),
    (20, Omission::Name),
    (15, Omission::Billing),
    (35, Omission::Postal),
    (25, Omission::PriceRegion),
    (40, Omission::Terms),
    (8, Omission::Bin),
    (20, Omission::Codes),
    (20, Omission::Items),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Omission {
    /// Sessions are not reported. Logins that are scored still are: labels name them.
    Visits,
    /// Sign-ups are not scored.
    SignUps,
    /// Activations, downloads and use are not reported.
    Usage,
    /// No script in the page: no device id.
    Script,
    /// No language and no time zone.
    Locale,
    /// No user agent.
    Agent,
    /// Only the first word of the user agent.
    LongAgent,
    /// No network address.
    Address,
    /// Not since when there is the account.
    Opened,
    /// No name.
    Name,
    /// No billing address.
    Billing,
    /// Of the billing address only the country.
    Postal,
    /// Not which price list was shown.
    PriceRegion,
    /// Not what was agreed to.
    Terms,
    /// The card by its fingerprint alone.
    Bin,
    /// Not what the issuer says of address and security code.
    Codes,
    /// Not what is bought.
    Items,
}

/// The line as the account's shop sends it; `None` where it does not.
pub(super) fn sent(seed: u64, mut line: Line) -> Option<Line> {
    let Some(account) = account(&line) else { return Some(line) };
    let shop = account.bytes().fold(seed, |state, byte| mix(state ^ u64::from(byte)));
    for (number, (percent, omission)) in (1..).zip(OMISSIONS) {
        if mix(shop ^ number) % 100 < *percent {
            let is_sent = match &mut line {
                Line::Transaction(request) => keeps_request(*omission, request),
                Line::Event(event) => keeps_event(*omission, event),
            };
            if !is_sent {
                return None;
            }
        }
    }
    Some(line)
}

fn account(line: &Line) -> Option<&str> {
    match line {
        Line::Transaction(request) => request.account.as_ref()?.id.as_ref().map(|id| id.as_str()),
        Line::Event(event) => event.account_id.as_ref().map(|id| id.as_str()),
    }
}

/// Leaves out of a request; false when all of it is.
fn keeps_request(omission: Omission, request: &mut Transaction) -> bool {
    use Omission as O;
    let account = request.account.as_mut();
    match omission {
        O::SignUps => return request.kind != TransactionKind::SignUp,
        O::Script => on_device(request, |device| device.device_id = None),
        O::Locale => on_device(request, |device| {
            device.accept_language = None;
            device.timezone = None;
        }),
        O::Agent => on_device(request, |device| device.user_agent = None),
        O::LongAgent => on_device(request, |device| shorten(&mut device.user_agent)),
        O::Address => on_device(request, |device| device.ip = None),
        O::Opened => account.into_iter().for_each(|account| account.created_at = None),
        O::Name => account.into_iter().for_each(|account| account.name = None),
        O::Billing => request.billing = None,
        O::Postal => request.billing.iter_mut().for_each(|billing| billing.postal_code = None),
        O::PriceRegion => request.price_region = None,
        O::Terms => request.terms = None,
        O::Bin => request.card.iter_mut().for_each(|card| card.bin = None),
        O::Items => request.items.clear(),
        O::Visits | O::Usage | O::Codes => {}
    }
    true
}

/// Leaves out of an event; false when all of it is.
fn keeps_event(omission: Omission, event: &mut Event) -> bool {
    use EventKind as K;
    use Omission as O;
    match omission {
        O::Visits => {
            return !matches!(
                event.kind,
                K::SessionLogin
                    | K::LoginFailed
                    | K::SessionAction
                    | K::SessionEnded
                    | K::AccountChanged
            );
        }
        O::Usage => {
            return !matches!(
                event.kind,
                K::LicenceActivated
                    | K::LicenceDeactivated
                    | K::DownloadStarted
                    | K::DownloadCompleted
                    | K::ApiUsage
                    | K::EntitlementConsumed
            );
        }
        O::Script => event.device_id = None,
        O::Agent => event.user_agent = None,
        O::LongAgent => shorten(&mut event.user_agent),
        O::Address => event.ip = None,
        O::Codes => {
            event.data.avs_result = None;
            event.data.cvv_result = None;
        }
        _ => {}
    }
    true
}

fn on_device(request: &mut Transaction, change: impl FnOnce(&mut Device)) {
    if let Some(device) = &mut request.device {
        change(device);
    }
}

fn shorten<const MAX: usize>(agent: &mut Option<Personal<MAX>>) {
    let first = agent.as_ref().and_then(|agent| agent.as_str().split(' ').next());
    *agent = first.and_then(|word| Personal::new(word).ok());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{AccountId, Text, Timestamp, TransactionId};
    use std::collections::BTreeSet;

    fn request(account: &str) -> Line {
        let id = TransactionId::new("t").unwrap();
        let mut request =
            Transaction::bare(id, TransactionKind::Purchase, Timestamp::from_millis(0));
        request.account =
            Some(crate::domain::Account { id: AccountId::new(account).ok(), ..Default::default() });
        request.device = Some(Device {
            user_agent: Personal::new("Mozilla/5.0 (X11)").ok(),
            timezone: Text::new("Europe/Paris").ok(),
            ..Device::default()
        });
        Line::Transaction(Box::new(request))
    }

    #[test]
    fn a_shop_leaves_out_the_same_every_time() {
        for account in ["a-1", "a-2", "a-3", "a-4", "a-5"] {
            assert_eq!(sent(7, request(account)), sent(7, request(account)));
        }
    }

    #[test]
    fn shops_differ_in_the_shares_stated() {
        let lines = (0..4_000).filter_map(|n| sent(7, request(&format!("a-{n}"))));
        let (mut zones, mut agents, mut forms) = (0, [0; 3], BTreeSet::new());
        for line in lines {
            let Line::Transaction(request) = &line else { unreachable!() };
            let device = request.device.as_ref().unwrap();
            zones += usize::from(device.timezone.is_some());
            match device.user_agent.as_ref().map(Personal::as_str) {
                None => agents[0] += 1,
                Some("Mozilla/5.0") => agents[1] += 1,
                Some(_) => agents[2] += 1,
            }
            forms.insert((device.timezone.is_some(), device.user_agent.is_some()));
        }
        assert!((2_700..2_900).contains(&zones), "70 %: {zones}");
        assert!((540..660).contains(&agents[0]), "15 %: {agents:?}");
        assert!((215..330).contains(&agents[1]), "8 % of the others: {agents:?}");
        assert_eq!(forms.len(), 4, "each independent of the others");
    }
}
