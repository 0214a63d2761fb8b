//! What goes into the ledger and what comes out of it.

use super::bytes::hex;
use super::error::LedgerError;
use super::seal::Sealed;
use crate::domain::{Durability, TenantId, Timestamp};
use std::fmt;

/// Longest record, in bytes: all fields of one entry as they lie on disk.
pub const MAX_RECORD_BYTES: usize = 4 * 1024 * 1024;
/// Longest [`NewEntry::id`], in bytes of UTF-8.
pub const MAX_ENTRY_ID_BYTES: usize = 256;
/// Most look-up hashes of one entry.
pub const MAX_LOOKUPS: usize = 64;

/// Declares an enum by the code it has on disk (never reused) and its word everywhere else.
macro_rules! coded {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $code:literal $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant,)* }

        impl $name {
            /// Every variant, in order of its code.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word of this variant.
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// The variant of a word; `None` for any other text.
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)* _ => None }
            }

            pub(super) fn code(self) -> u8 {
                match self { $(Self::$variant => $code,)* }
            }

            pub(super) fn from_code(code: u8) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)* _ => None }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.word())
            }
        }
    };
}

coded! {
    /// What an entry records.
    EntryKind {
        /// A scored transaction and the answer to it.
        Decision = 1 "decision",
        /// Something that happened to a transaction or an account.
        Event = 2 "event",
        /// A step of a dispute.
        Dispute = 3 "dispute",
        /// What a transaction turned out to be.
        Label = 4 "label",
        /// A change of the service itself: a rule set, a model, an erasure.
        Admin = 5 "admin",
    }
}

coded! {
    /// A personal value by which entries can be found, through its keyed hash only.
    LookupField {
        /// Account of the buyer.
        Account = 1 "account",
        /// Mail address, normalised by the caller.
        Email = 2 "email",
        /// Card fingerprint.
        Card = 3 "card",
        /// Device identifier.
        Device = 4 "device",
        /// Network address.
        Ip = 5 "ip",
        /// Telephone number, normalised by the caller.
        Phone = 6 "phone",
        /// Licence key.
        Licence = 7 "licence",
        /// Postal address, normalised by the caller.
        Address = 8 "address",
        /// Order.
        Order = 9 "order",
        /// The processor's name of a payment.
        ProcessorReference = 10 "processor_reference",
        /// The processor's name of a dispute.
        Dispute = 11 "dispute",
        /// Seller, of a merchant of record.
        Seller = 12 "seller",
        /// Subscription.
        Subscription = 13 "subscription",
    }
}

macro_rules! keyed_hashes {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; 16]);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{self}")
            }
        }
    )*};
}

keyed_hashes! {
    /// The person an entry is about: keyed hash, so it tells nothing without the master key.
    SubjectHash;
    /// A look-up value: keyed hash over tenant, field and value.
    LookupHash;
}

/// SHA-256 of a record together with the hash before it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ChainHash(pub [u8; 32]);

impl ChainHash {
    /// What the first record states as the hash before it.
    pub const GENESIS: Self = Self([0; 32]);
}

impl fmt::Display for ChainHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for ChainHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Where a record lies: a segment file and a byte offset in it. Never changes, orders like sequence.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
pub struct Position {
    /// Number of the segment, from 1.
    pub segment: u32,
    /// Offset of the record in the segment, in bytes.
    pub offset: u32,
}

impl Position {
    /// One number, ordered like the position.
    pub fn packed(self) -> u64 {
        u64::from(self.segment) << 32 | u64::from(self.offset)
    }

    /// The position of [`Position::packed`].
    pub fn unpacked(packed: u64) -> Self {
        let half = |bits: u64| u32::try_from(bits & 0xffff_ffff).unwrap_or(u32::MAX);
        Self { segment: half(packed >> 32), offset: half(packed) }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "segment {} offset {}", self.segment, self.offset)
    }
}

/// An entry to append.
#[derive(Clone)]
pub struct NewEntry {
    /// Whose entry it is.
    pub tenant: TenantId,
    /// What it records.
    pub kind: EntryKind,
    /// The caller's id (a transaction id, an event id), 1 ..= [`MAX_ENTRY_ID_BYTES`] bytes. The
    /// ledger does not refuse a second entry of the same id: that is the engine's business.
    pub id: String,
    /// When it happened, as the caller says.
    pub event_time: Timestamp,
    /// When it reached us.
    pub received_at: Timestamp,
    /// The person it is about; must be given where `personal` is not empty.
    pub subject: Option<SubjectHash>,
    /// JSON without personal values, kept in the clear. The index reads its `summary` member, a
    /// [`Summary`](super::Summary).
    pub open: Vec<u8>,
    /// JSON with the personal values, kept sealed under the subject's key. Empty: none.
    pub personal: Vec<u8>,
    /// Keyed hashes by which the entry can be found, at most [`MAX_LOOKUPS`]. They stay after an
    /// erasure: without the value and the master key they name nobody.
    pub lookups: Vec<(LookupField, LookupHash)>,
}

impl fmt::Debug for NewEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewEntry")
            .field("tenant", &self.tenant)
            .field("kind", &self.kind)
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// An entry read back.
#[derive(Clone)]
pub struct StoredEntry {
    /// Its number, from 1 without gaps.
    pub sequence: u64,
    /// Where it lies.
    pub position: Position,
    /// Hash over this record and, through it, every record before.
    pub hash: ChainHash,
    /// See [`NewEntry::tenant`].
    pub tenant: TenantId,
    /// See [`NewEntry::kind`].
    pub kind: EntryKind,
    /// See [`NewEntry::id`].
    pub id: String,
    /// See [`NewEntry::event_time`].
    pub event_time: Timestamp,
    /// See [`NewEntry::received_at`].
    pub received_at: Timestamp,
    /// See [`NewEntry::subject`].
    pub subject: Option<SubjectHash>,
    /// See [`NewEntry::open`].
    pub open: Vec<u8>,
    /// See [`NewEntry::lookups`].
    pub lookups: Vec<(LookupField, LookupHash)>,
    pub(super) sealed: Option<Sealed>,
}

impl StoredEntry {
    /// The personal part, unsealed now. Cost: one read of the key file and one decryption.
    ///
    /// # Errors
    /// The key file can't be read, no master key was given, or the key is gone without an erasure.
    pub fn personal(&self) -> Result<Personal, LedgerError> {
        match &self.sealed {
            None => Ok(Personal::None),
            Some(sealed) => sealed.open(self),
        }
    }
}

impl fmt::Debug for StoredEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredEntry")
            .field("sequence", &self.sequence)
            .field("tenant", &self.tenant)
            .field("kind", &self.kind)
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// The personal part of an entry.
#[derive(Clone, PartialEq, Eq)]
pub enum Personal {
    /// The entry had none.
    None,
    /// As it was given.
    Readable(Vec<u8>),
    /// The person was erased; the key is gone for good.
    Erased,
}

impl fmt::Debug for Personal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Readable(_) => "[personal]",
            Self::Erased => "erased",
        })
    }
}

/// The receipt of an append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ack {
    /// The entry's number.
    pub sequence: u64,
    /// Where it lies.
    pub position: Position,
    /// What was done before this receipt was given.
    pub durability: Durability,
}
