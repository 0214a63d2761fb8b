//! Records in plain words: what a row of an exhibit says.
//!
//! Everything a packet prints of a record goes through here or [`clean`]: card numbers are masked,
//! licence keys shortened and the words of the merchant's people left out. Identifiers, addresses and
//! devices stay in clear, because issuers compare them with records of their own.

use super::clean::clean;
use super::facts::Facts;
use crate::domain::{
    Amount, Card, ChallengeKind, Event, EventKind, Item, LicenceId, Loose, Outcome, Text, ThreeDs,
    Timestamp, Transaction,
};
use std::fmt::Display;

/// `2026-11-20 10:15:00`, UTC, to the second.
pub(super) fn utc(at: Timestamp) -> String {
    at.to_string().chars().take(19).collect::<String>().replace('T', " ")
}

/// `Visa`: the word with a capital.
pub(super) fn capital(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).collect()
}

/// A line that grows by what is known.
pub(super) struct Line(String);

impl Line {
    pub(super) fn new(what: &str) -> Self {
        Self(what.to_owned())
    }

    /// Free text, cleaned.
    pub(super) fn add(mut self, before: &str, value: Option<&str>) -> Self {
        self.0.extend(value.map(|value| format!("{before}{}", clean(value))));
        self
    }

    /// Words of our own.
    pub(super) fn say(mut self, text: &str) -> Self {
        self.0.push_str(text);
        self
    }

    /// A value that cannot be free text.
    pub(super) fn fact(mut self, before: &str, value: Option<impl Display>) -> Self {
        self.0.extend(value.map(|value| format!("{before}{value}")));
        self
    }

    /// A remark, where it holds.
    pub(super) fn note(self, holds: Option<bool>, remark: &str) -> Self {
        if holds == Some(true) { self.say(remark) } else { self }
    }

    /// Address and device of an event.
    fn origin(self, event: &Event) -> Self {
        self.fact(", IP ", event.ip.as_ref().and_then(Loose::valid))
            .fact(", device ", event.device_id.as_ref())
    }

    pub(super) fn text(self) -> String {
        self.0
    }
}

/// `457173******4242`: at most the first six and the last four digits.
pub(super) fn card_text(card: &Card) -> Option<String> {
    let bin = card.bin.as_ref().and_then(Loose::valid);
    let six: String = bin.map(|bin| bin.as_str().chars().take(6).collect()).unwrap_or_default();
    let four = card.last4.as_ref().map(Text::as_str).unwrap_or_default();
    (!six.is_empty() || !four.is_empty()).then(|| format!("{six}******{}", clean(four)))
}

/// The results of the checks at the authorization; `None` when none is recorded.
pub(super) fn checks_text(
    avs: Option<&Text<16>>,
    cvv: Option<&Text<16>>,
    three_ds: Option<&ThreeDs>,
) -> Option<String> {
    let mut parts = Vec::new();
    parts.extend(avs.map(|avs| format!("address check (AVS) {}", clean(avs.as_str()))));
    parts.extend(cvv.map(|cvv| format!("security code check (CVC) {}", clean(cvv.as_str()))));
    parts.extend(three_ds.map(|three_ds| {
        Line::new("3-D Secure")
            .add(" ", three_ds.version.as_ref().map(Text::as_str))
            .add(", ECI ", three_ds.eci.as_ref().map(Text::as_str))
            .add(", directory server ", three_ds.ds_transaction_id.as_ref().map(Text::as_str))
            .add(", cryptogram ", three_ds.cryptogram.as_ref().map(Text::as_str))
            .add(", exemption ", three_ds.sca_exemption.as_ref().map(Text::as_str))
            .note(three_ds.liability_shift, ", liability moved to the issuer")
            .text()
    }));
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// `1 x pro-year (subscription) at 49.00 EUR`; `None` for an item without a name.
fn item_text(item: &Item, charged: Option<Amount>) -> Option<String> {
    let sku = item.sku.as_ref().map(|sku| clean(sku.as_str()));
    let category = item.category.as_ref().map(|category| clean(category.as_str()));
    let name = match (sku, category) {
        (Some(sku), Some(category)) => format!("{sku} ({category})"),
        (name, other) => name.or(other)?,
    };
    let count = item.quantity.map(|quantity| format!("{quantity} x ")).unwrap_or_default();
    let price =
        item.unit_price.zip(charged).map(|(price, of)| format!("{price} {}", of.currency()));
    Some(Line(count).say(&name).fact(" at ", price).text())
}

/// Everything a sale sold; `None` where no item has a name.
pub(super) fn items_text(sale: &Transaction) -> Option<String> {
    let items: Vec<String> =
        sale.items.iter().filter_map(|item| item_text(item, sale.amount)).collect();
    (!items.is_empty()).then(|| items.join("; "))
}

/// What an event says, in one line; `None` for one that is no evidence.
pub(super) fn event_text(event: &Event) -> Option<String> {
    use EventKind as K;
    let line = match event.kind {
        K::AuthResult | K::Capture | K::Refund | K::RefundOffered => money_line(event)?,
        K::ChallengeResult => challenge_line(event)?,
        K::TermsAccepted => consent_line("Terms accepted", event),
        K::PolicyShown => consent_line("Policy shown", event),
        K::WithdrawalWaived => consent_line("Right of withdrawal waived", event),
        K::CheckoutCompleted => checkout_line(event),
        K::LicenceIssued => usage_line("Licence key issued", event),
        K::LicenceActivated => usage_line("Licence key activated", event),
        K::LicenceRevoked => usage_line("Licence key revoked", event),
        K::DownloadStarted => usage_line("Download started", event),
        K::DownloadCompleted => {
            let broke_off =
                event.data.usage.as_ref().and_then(|usage| usage.complete) == Some(false);
            usage_line(if broke_off { "Download broke off" } else { "Download completed" }, event)
        }
        K::SessionLogin => usage_line("Login", event),
        K::SessionAction => usage_line("Used", event),
        K::ApiUsage => usage_line("Interface called", event),
        K::EntitlementConsumed => usage_line("Consumed", event),
        K::NoticeSent => notice_line(event),
        K::SupportMessage => message_line(event),
        K::CancelRequested => contact_line("Cancellation requested", event),
        K::CancelEffective => contact_line("Cancellation took effect", event),
        K::CancelPageViewed => contact_line("Cancellation page opened", event),
        K::FraudWarning => report_line("Fraud report of the issuer", event),
        kind if kind.reports_dispute() => report_line("Report of a dispute", event),
        _ => return None,
    };
    Some(line.text())
}

fn money_line(event: &Event) -> Option<Line> {
    let what = match (event.kind, event.data.outcome) {
        (EventKind::AuthResult, Some(Outcome::Approved)) => "Authorization approved",
        (EventKind::Capture, _) => "Captured",
        (EventKind::Refund, _) => "Refund issued",
        (EventKind::RefundOffered, _) => "Refund offered",
        _ => return None, // a declined authorization is no receipt
    };
    let line = Line::new(what).fact(": ", event.data.amount);
    Some(line.add(", acquirer reference ", event.data.arn.as_ref().map(Text::as_str)))
}

/// What issuer or processor told, of which sale.
fn report_line(what: &str, event: &Event) -> Line {
    Line::new(what)
        .fact(" ", event.dispute_id.as_ref())
        .fact(", transaction ", event.transaction_id.as_ref())
        .add(": ", event.data.reason.as_ref().map(Text::as_str))
}

fn challenge_line(event: &Event) -> Option<Line> {
    (event.data.outcome == Some(Outcome::Passed)).then(|| {
        let what = event.data.challenge.map_or("Challenge passed", challenge_passed);
        Line::new(what).origin(event)
    })
}

fn challenge_passed(kind: ChallengeKind) -> &'static str {
    match kind {
        ChallengeKind::EmailOtp => "Code sent by e-mail entered",
        ChallengeKind::SmsOtp => "Code sent by text message entered",
        ChallengeKind::AppOtp => "Code of an authenticator app entered",
        ChallengeKind::ThreeDs => "3-D Secure challenge passed",
        ChallengeKind::Document => "Identity document checked",
    }
}

fn consent_line(what: &str, event: &Event) -> Line {
    let consent = event.data.consent.clone().unwrap_or_default();
    Line::new(what)
        .add(": ", consent.document.as_ref().map(Text::as_str))
        .add(", version ", consent.version.as_ref().map(Text::as_str))
        .add(", shown as: ", consent.shown_as.as_ref().map(Text::as_str))
        .add(", language ", consent.locale.as_ref().map(Text::as_str))
        .add(", SHA-256 of the text ", consent.sha256.as_ref().map(Text::as_str))
        .origin(event)
}

fn checkout_line(event: &Event) -> Line {
    let checkout = event.data.checkout.clone().unwrap_or_default();
    Line::new("Checkout completed")
        .fact(", price shown ", checkout.price)
        .fact(", tax in it ", checkout.tax)
        .add(", plan ", checkout.plan.as_ref().map(Text::as_str))
        .fact(", trial ends ", checkout.trial_end.map(utc))
        .fact(", first charge ", checkout.first_charge_at.map(utc))
        .add(", statement text ", checkout.descriptor.as_ref().map(Text::as_str))
        .origin(event)
}

fn usage_line(what: &str, event: &Event) -> Line {
    let usage = event.data.usage.clone().unwrap_or_default();
    Line::new(what)
        .fact(" ", event.licence_key.as_ref().map(short_key))
        .add(": ", usage.what.as_ref().map(Text::as_str))
        .add(" ", usage.version.as_ref().map(Text::as_str))
        .fact(" x ", usage.quantity)
        .fact(", bytes ", usage.bytes)
        .add(", by ", usage.method.as_ref().map(Text::as_str))
        .note(usage.second_factor, " with a second factor")
        .origin(event)
}

/// The last four characters: enough to tell keys apart, not to use one.
fn short_key(key: &LicenceId) -> String {
    let length = key.as_str().chars().count();
    let tail: String = key.as_str().chars().skip(length.saturating_sub(4)).collect();
    format!("...{tail}")
}

fn notice_line(event: &Event) -> Line {
    let notice = event.data.notice.clone().unwrap_or_default();
    Line::new("Sent to the buyer")
        .add(": ", notice.kind.as_ref().map(Text::as_str))
        .add(", ", notice.delivery_status.as_ref().map(Text::as_str))
        .note(notice.opened, ", opened")
        .add(", message ", notice.message_id.as_ref().map(Text::as_str))
}

/// The buyer's words are quoted, the merchant's are not: they name staff and internal matters.
fn message_line(event: &Event) -> Line {
    match Facts::from_buyer(event) {
        Some(true) => {
            let words = event.data.contact.as_ref().and_then(|contact| contact.text.as_ref());
            let line = contact_line("Message from the buyer", event);
            match words {
                Some(words) => line.add(": \"", Some(words.as_str())).say("\""),
                None => line,
            }
        }
        Some(false) => contact_line("Message to the buyer", event),
        None => contact_line("Message", event),
    }
}

fn contact_line(what: &str, event: &Event) -> Line {
    let contact = event.data.contact.clone().unwrap_or_default();
    Line::new(what)
        .add(", by ", contact.channel.as_ref().map(Text::as_str))
        .add(", ticket ", contact.ticket.as_ref().map(Text::as_str))
}
