//! What an evaluation found: verdicts, the pair, and every candidate with what it lacks.

use super::element::{Element, Elements};
use super::rules::{Profile, Version, short};
use serde::{Serialize, Serializer};
use std::fmt;

/// What speaks against an earlier sale, its elements aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bar {
    /// Its dispute window may still be open.
    TooNew,
    /// More than a year back.
    TooOld,
    /// It was disputed or asked about.
    Disputed,
    /// It was reported, refunded or labelled as fraud.
    FraudReported,
    /// The authorization was declined.
    NotPaid,
    /// Neither an approval nor a capture is recorded.
    PaymentUnknown,
    /// A free trial or an amount of zero.
    NothingCharged,
    /// A card set-up, a login: no sale.
    Validation,
    /// Another card.
    OtherCard,
    /// Neither card nor token is recorded on both sales.
    CardUnknown,
    /// Another account of the merchant, where the rule wants one merchant.
    OtherMerchant,
    /// Another acquirer.
    OtherAcquirer,
}

impl Bar {
    /// Every bar.
    pub const ALL: [Self; 12] = [
        Self::TooNew,
        Self::TooOld,
        Self::Disputed,
        Self::FraudReported,
        Self::NotPaid,
        Self::PaymentUnknown,
        Self::NothingCharged,
        Self::Validation,
        Self::OtherCard,
        Self::CardUnknown,
        Self::OtherMerchant,
        Self::OtherAcquirer,
    ];

    /// The word in data.
    pub fn word(self) -> &'static str {
        match self {
            Self::TooNew => "too_new",
            Self::TooOld => "too_old",
            Self::Disputed => "disputed",
            Self::FraudReported => "fraud_reported",
            Self::NotPaid => "not_paid",
            Self::PaymentUnknown => "payment_unknown",
            Self::NothingCharged => "nothing_charged",
            Self::Validation => "validation",
            Self::OtherCard => "other_card",
            Self::CardUnknown => "card_unknown",
            Self::OtherMerchant => "other_merchant",
            Self::OtherAcquirer => "other_acquirer",
        }
    }

    fn phrase(self) -> &'static str {
        match self {
            Self::TooNew => "is too new",
            Self::TooOld => "is too old",
            Self::Disputed => "was disputed or asked about",
            Self::FraudReported => "was reported as fraud",
            Self::NotPaid => "was declined",
            Self::PaymentUnknown => "has no approval or capture on record",
            Self::NothingCharged => "charged nothing",
            Self::Validation => "is no sale",
            Self::OtherCard => "was paid by another card",
            Self::CardUnknown => "has no card on record to compare",
            Self::OtherMerchant => "was at another account of the merchant",
            Self::OtherAcquirer => "went through another acquirer",
        }
    }
}

/// A set of bars.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bars(u16);

impl Bars {
    /// Adds one.
    pub fn insert(&mut self, bar: Bar) {
        self.0 |= 1 << bar as u16;
    }

    /// Whether it has one.
    pub fn has(self, bar: Bar) -> bool {
        self.0 & (1 << bar as u16) != 0
    }

    /// True when nothing speaks against the sale.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// What is in either.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// How many.
    pub fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// Its bars, in order.
    pub fn iter(self) -> impl Iterator<Item = Bar> {
        Bar::ALL.into_iter().filter(move |bar| self.has(*bar))
    }
}

impl Serialize for Bars {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(Bar::word))
    }
}

/// An earlier sale, held against the disputed one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Candidate<'a> {
    /// The transaction.
    pub transaction_id: &'a str,
    /// Days before the dispute was processed.
    pub age_at_dispute_days: i64,
    /// Days before the disputed sale.
    pub age_at_sale_days: i64,
    /// What comparing it gave; `None` where its day alone rules it out in every reading.
    #[serde(flatten)]
    pub compared: Option<Compared>,
    /// What speaks against it in Visa's text. Of a sale that was not compared, its age alone.
    pub visa_bars: Bars,
    /// What speaks against it at Stripe. Of a sale that was not compared, its age alone.
    pub stripe_bars: Bars,
    #[serde(skip)]
    pub(super) is_safe: bool,
    /// Which of the sales given.
    #[serde(skip)]
    pub(super) place: usize,
}

/// What an earlier sale has in common with the disputed one, and what not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Compared {
    /// Elements it shares with the disputed sale, of a value that counts.
    pub shared: Elements,
    /// Elements only the disputed sale has.
    pub missing: Elements,
    /// Elements both have, with different values.
    pub differs: Elements,
    /// Elements whose value does not count on one side: a private address, a short device id.
    pub malformed: Elements,
    /// Shared elements copied from an earlier checkout, because the merchant started this payment.
    pub inherited: Elements,
    /// The addresses differ and are in one IPv6 network.
    pub same_network: bool,
}

impl Candidate<'_> {
    /// What speaks against it under a profile.
    pub fn bars(&self, profile: Profile) -> Bars {
        match profile {
            Profile::Visa => self.visa_bars,
            Profile::Stripe => self.stripe_bars,
        }
    }

    /// Whether its day alone rules it out in every reading: no value of it can change that.
    pub fn is_out_of_time(&self) -> bool {
        let is_aged = |bars: Bars| bars.has(Bar::TooNew) || bars.has(Bar::TooOld);
        is_aged(self.visa_bars) && is_aged(self.stripe_bars)
    }

    /// How many more elements it would have to share with the disputed sale; 0 where it was not
    /// compared.
    pub fn elements_short(&self, profile: Profile, version: Version) -> u32 {
        self.compared.map_or(0, |compared| short(profile, version, compared.shared))
    }

    /// Why it does not count under a profile, in one line; `None` where it does.
    ///
    /// `transaction tx-9 lacks a matching device id: one element short`
    pub fn miss(&self, profile: Profile, version: Version) -> Option<String> {
        let elements_short = self.elements_short(profile, version);
        let bars = self.bars(profile);
        let mut parts: Vec<String> = bars.iter().map(|bar| self.bar_text(profile, bar)).collect();
        if let Some(compared) = self.compared.filter(|_| elements_short > 0) {
            parts.push(compared.lacks(elements_short));
        }
        (!parts.is_empty())
            .then(|| format!("transaction {} {}", self.transaction_id, parts.join("; ")))
    }

    fn bar_text(&self, profile: Profile, bar: Bar) -> String {
        let (age, since) = match profile {
            Profile::Visa => (self.age_at_dispute_days, "the dispute"),
            Profile::Stripe => (self.age_at_sale_days, "the disputed sale"),
        };
        match bar {
            Bar::TooNew | Bar::TooOld => format!("{} ({age} days before {since})", bar.phrase()),
            _ => bar.phrase().to_owned(),
        }
    }
}

impl Compared {
    fn lacks(self, elements_short: u32) -> String {
        let wanted: Vec<&str> = [self.missing, self.differs, self.malformed]
            .into_iter()
            .flat_map(Elements::iter)
            .map(Element::name)
            .collect();
        let count = if elements_short == 1 { "one element" } else { "two elements" };
        let network = if self.same_network { " (the addresses are in one IPv6 /64)" } else { "" };
        if wanted.is_empty() {
            return format!("shares too little{network}: {count} short");
        }
        format!("lacks a matching {}{network}: {count} short", wanted.join(" or "))
    }
}

/// Two earlier sales that meet the rule, and what all three share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pair<'a> {
    /// The two transactions, the more recent first.
    pub transactions: [&'a str; 2],
    /// What both share with the disputed sale.
    pub shared: Elements,
    /// Shared elements that were copied from an earlier checkout on either: check them before sending.
    pub inherited: Elements,
    /// True when it meets both profiles.
    pub meets_both: bool,
}

/// What is to be added before a pair can be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "action", content = "transaction_id")]
pub enum Action<'a> {
    /// What was sold, in words.
    Description(&'a str),
    /// The processor's reference of the payment.
    Charge(&'a str),
    /// Whether it was merchandise or a service.
    MerchandiseOrServices(&'a str),
}

impl fmt::Display for Action<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Description(id) => write!(f, "describe what transaction {id} sold (`items`)"),
            Self::Charge(id) => write!(
                f,
                "give the processor's reference of transaction {id} (`payment.processor_reference`)"
            ),
            Self::MerchandiseOrServices(id) => {
                write!(f, "say how transaction {id} was delivered (`fulfilment.method`)")
            }
        }
    }
}

/// Whether a profile is met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "verdict")]
pub enum Verdict<'a> {
    /// It is.
    Qualified {
        /// By these.
        pair: Pair<'a>,
    },
    /// It would be, with what is listed.
    RequiresAction {
        /// By these.
        pair: Pair<'a>,
        /// What is to be added.
        actions: Vec<Action<'a>>,
    },
    /// It is not; the candidates say why.
    NotQualified,
}

impl<'a> Verdict<'a> {
    /// The pair, if there is one.
    pub fn pair(&self) -> Option<&Pair<'a>> {
        match self {
            Self::Qualified { pair } | Self::RequiresAction { pair, .. } => Some(pair),
            Self::NotQualified => None,
        }
    }

    /// The word in data.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Qualified { .. } => "qualified",
            Self::RequiresAction { .. } => "requires_action",
            Self::NotQualified => "not_qualified",
        }
    }
}

/// What an evaluation found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report<'a> {
    /// The text of the rule that holds.
    pub version: Version,
    /// Visa's own text.
    pub visa: Verdict<'a>,
    /// Stripe's interface.
    pub stripe: Verdict<'a>,
    /// Elements the disputed sale itself lacks: no earlier sale can share them.
    pub sale_lacks: Elements,
    /// Elements of the disputed sale that do not count as recorded.
    pub sale_malformed: Elements,
    /// Every earlier sale given, in the order given.
    pub candidates: Vec<Candidate<'a>>,
}

impl<'a> Report<'a> {
    /// A profile's verdict.
    pub fn verdict(&self, profile: Profile) -> &Verdict<'a> {
        match profile {
            Profile::Visa => &self.visa,
            Profile::Stripe => &self.stripe,
        }
    }

    /// Candidates that do not count under a profile, the nearest to counting first; last those whose
    /// day rules them out.
    pub fn near_misses(&self, profile: Profile) -> Vec<&Candidate<'a>> {
        let lack = |candidate: &Candidate<'_>| {
            candidate.elements_short(profile, self.version) + candidate.bars(profile).len()
        };
        let mut missed: Vec<&Candidate<'a>> =
            self.candidates.iter().filter(|candidate| lack(candidate) > 0).collect();
        missed.sort_by_key(|candidate| {
            (candidate.is_out_of_time(), lack(candidate), candidate.transaction_id)
        });
        missed
    }
}
