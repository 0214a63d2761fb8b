//! Who takes the packet, and what they take: pages, bytes, paper.
//!
//! Sources: Stripe "Dispute evidence best practices" and its API changelog of 2026-09-30 (page limits);
//! Adyen's limits as a partner documents them; Checkout.com "Dispute evidence file requirements",
//! 2025-11-12; PayPal "Supported file types and sizes"; for Shopify one secondary source. All were read
//! in 2026. Where a processor states no limit, there is none here.

use crate::domain::{Dispute, DisputeStage, Text};

/// Width and height of a page, in thousandths of a point.
pub(super) type Size = (i32, i32);

/// Paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paper {
    /// 210 by 297 mm.
    A4,
    /// 8.5 by 11 inches.
    Letter,
}

impl Paper {
    /// Every paper.
    pub const ALL: [Self; 2] = [Self::A4, Self::Letter];

    /// The word in options.
    pub fn word(self) -> &'static str {
        match self {
            Self::A4 => "a4",
            Self::Letter => "letter",
        }
    }

    /// The paper of a word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|paper| paper.word() == word)
    }

    pub(super) fn size(self) -> Size {
        match self {
            Self::A4 => (595_276, 841_890),
            Self::Letter => (612_000, 792_000),
        }
    }
}

/// Who takes the packet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Profile {
    /// Whoever: the strictest of all.
    #[default]
    Strict,
    /// Stripe.
    Stripe,
    /// Adyen.
    Adyen,
    /// Checkout.com, for American Express.
    CheckoutAmex,
    /// American Express `OptBlue`.
    AmexOptblue,
    /// Discover and Diners.
    Discover,
    /// PayPal.
    Paypal,
    /// Shopify.
    Shopify,
}

/// What a profile takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most pages; `None` where none is stated.
    pub pages: Option<usize>,
    /// Most bytes.
    pub bytes: usize,
}

impl Profile {
    /// Every profile.
    pub const ALL: [Self; 8] = [
        Self::Strict,
        Self::Stripe,
        Self::Adyen,
        Self::CheckoutAmex,
        Self::AmexOptblue,
        Self::Discover,
        Self::Paypal,
        Self::Shopify,
    ];

    /// The word in options.
    pub fn word(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::Stripe => "stripe",
            Self::Adyen => "adyen",
            Self::CheckoutAmex => "checkout_amex",
            Self::AmexOptblue => "amex_optblue",
            Self::Discover => "discover",
            Self::Paypal => "paypal",
            Self::Shopify => "shopify",
        }
    }

    /// The profile of a word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|profile| profile.word() == word)
    }

    /// Paper of the region the profile's readers are in.
    pub fn paper(self) -> Paper {
        match self {
            Self::Strict | Self::Adyen => Paper::A4,
            Self::Stripe
            | Self::CheckoutAmex
            | Self::AmexOptblue
            | Self::Discover
            | Self::Paypal
            | Self::Shopify => Paper::Letter,
        }
    }

    /// What it takes of a dispute: some limits are of the network, some of the stage.
    pub fn limits(self, dispute: &Dispute) -> Limits {
        const MB: usize = 1_000_000;
        const MASTERCARD: usize = 19;
        let is_mastercard = dispute.network.as_ref().map(Text::as_str) == Some("mastercard");
        let (pages, bytes) = match self {
            Self::Strict => (Some(MASTERCARD), MB),
            Self::Stripe if is_mastercard => (Some(MASTERCARD), 4_500_000),
            Self::Stripe => (Some(49), 4_500_000),
            Self::Adyen if is_mastercard && dispute.stage == DisputeStage::Inquiry => {
                (Some(4), 2 * MB)
            }
            Self::Adyen if is_mastercard => (Some(MASTERCARD), 2 * MB),
            Self::Adyen => (None, 2 * MB),
            Self::CheckoutAmex => (Some(20), 5 * MB),
            Self::AmexOptblue => (Some(20), MB),
            Self::Discover => (Some(20), 3 * MB),
            Self::Paypal => (None, 10 * MB),
            Self::Shopify => (Some(49), 2 * MB),
        };
        Limits { pages, bytes }
    }
}
