//! How people pay, by market: weights of payment methods.
//!
//! Assumed; the order of the methods within each market follows what processors publish for it
//! (iDEAL in the Netherlands, Pix in Brazil, UPI in India, direct debit in Germany).

use crate::domain::PaymentMethod::{self as M};

type Mix = &'static [(u32, M)];

pub(super) const AMERICAN: Mix = &[
    (66, M::Card),
    (12, M::ApplePay),
    (6, M::GooglePay),
    (12, M::Paypal),
    (3, M::Link),
    (1, M::AchDebit),
];
pub(super) const BRITISH: Mix =
    &[(66, M::Card), (12, M::ApplePay), (6, M::GooglePay), (15, M::Paypal), (1, M::BacsDebit)];
pub(super) const GERMAN: Mix = &[
    (42, M::Card),
    (6, M::ApplePay),
    (5, M::GooglePay),
    (34, M::Paypal),
    (9, M::SepaDebit),
    (4, M::Klarna),
];
pub(super) const DUTCH: Mix = &[
    (34, M::Card),
    (6, M::ApplePay),
    (3, M::GooglePay),
    (12, M::Paypal),
    (41, M::Ideal),
    (4, M::Klarna),
];
pub(super) const NORDIC: Mix =
    &[(64, M::Card), (12, M::ApplePay), (5, M::GooglePay), (9, M::Paypal), (10, M::Klarna)];
pub(super) const EUROPEAN: Mix =
    &[(67, M::Card), (9, M::ApplePay), (6, M::GooglePay), (16, M::Paypal), (2, M::SepaDebit)];
pub(super) const BRAZILIAN: Mix = &[
    (57, M::Card),
    (3, M::ApplePay),
    (5, M::GooglePay),
    (4, M::Paypal),
    (25, M::Pix),
    (6, M::Boleto),
];
pub(super) const INDIAN: Mix = &[(44, M::Card), (4, M::GooglePay), (4, M::Paypal), (48, M::Upi)];
pub(super) const CARDS: Mix = &[(86, M::Card), (6, M::ApplePay), (5, M::GooglePay), (3, M::Paypal)];
pub(super) const WORLD: Mix =
    &[(76, M::Card), (4, M::ApplePay), (7, M::GooglePay), (13, M::Paypal)];
