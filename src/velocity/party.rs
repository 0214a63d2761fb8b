//! Whose sales are followed to their end, and who can be linked to whom.

use super::{EntityKey, EntityKeys};

/// A side of a sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Party {
    /// The buyer's account with the merchant.
    Account,
    /// The card, by its fingerprint.
    Card,
    /// The mailbox, by its canonical address.
    Email,
    /// The device.
    Device,
    /// The phone number, by its digits.
    Phone,
    /// The licence key.
    Licence,
    /// The card's issuer range: its first six digits.
    Bin,
    /// The article.
    Sku,
    /// The seller a merchant of record sells for.
    Seller,
}

impl Party {
    /// How many kinds there are.
    pub const COUNT: usize = 9;

    /// Every kind.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Account,
        Self::Card,
        Self::Email,
        Self::Device,
        Self::Phone,
        Self::Licence,
        Self::Bin,
        Self::Sku,
        Self::Seller,
    ];

    /// The kinds whose sales are followed to their end.
    pub const SOLD_TO: [Self; 7] =
        [Self::Account, Self::Card, Self::Email, Self::Device, Self::Bin, Self::Sku, Self::Seller];

    /// The kinds that tie accounts together, strongest first. A network address is none: strangers
    /// share it.
    pub const TYING: [Self; 5] =
        [Self::Card, Self::Email, Self::Phone, Self::Device, Self::Licence];

    /// The name in fields and documents.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Card => "card",
            Self::Email => "email",
            Self::Device => "device",
            Self::Phone => "phone",
            Self::Licence => "licence",
            Self::Bin => "bin",
            Self::Sku => "sku",
            Self::Seller => "seller",
        }
    }

    /// Its key among those of a transaction.
    pub const fn key(self, keys: &EntityKeys) -> Option<EntityKey> {
        match self {
            Self::Account => keys.account,
            Self::Card => keys.card,
            Self::Email => keys.email,
            Self::Device => keys.device,
            Self::Phone => keys.phone,
            Self::Licence => keys.licence,
            Self::Bin => keys.bin,
            Self::Sku => keys.sku,
            Self::Seller => keys.seller,
        }
    }
}
