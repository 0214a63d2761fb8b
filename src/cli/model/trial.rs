//! Models on trial: a shadow beside the live one, a canary in its place for a share of buyers.

use super::registry::Acting;
use crate::rules::{Canary, CanaryBy};
use anyhow::Result;
use std::io::Write;
use std::path::Path;

/// Sets or ends the shadow.
pub(super) fn shadow(model: Option<&Path>, acting: &Acting, out: &mut impl Write) -> Result<u8> {
    let by = acting.by()?;
    let digest = model.map(|model| acting.take_in(model, &by)).transpose()?;
    acting.tell(&acting.place.registry().shadow(digest.as_deref(), &by)?, out)
}

/// A canary's share.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Share {
    /// Share of buyers it decides on, in percent, from 0.01 to 100
    #[arg(long, default_value = "5", value_parser = share_bp)]
    percent: u16,
    /// What tells buyers apart: card, account, device, email or ip
    #[arg(long = "per", value_name = "WHAT", default_value = "card", value_parser = canary_by)]
    per: CanaryBy,
}

/// Sets or ends the canary.
pub(super) fn canary(
    model: Option<&Path>,
    share: &Share,
    acting: &Acting,
    out: &mut impl Write,
) -> Result<u8> {
    let by = acting.by()?;
    let digest = model.map(|model| acting.take_in(model, &by)).transpose()?;
    let share = Canary { share_bp: share.percent, by: share.per };
    let set = digest.as_deref().map(|digest| (digest, share));
    acting.tell(&acting.place.registry().canary(set, &by)?, out)
}

/// Percent in basis points.
fn share_bp(text: &str) -> Result<u16, String> {
    let percent = text.parse::<rust_decimal::Decimal>().ok();
    let bp = percent.map(|percent| percent * rust_decimal::Decimal::ONE_HUNDRED);
    let bp = bp.filter(|bp| bp.is_integer()).and_then(|bp| u16::try_from(bp).ok());
    bp.filter(|bp| (1..=10_000).contains(bp))
        .ok_or_else(|| format!("`{text}` is no percentage from 0.01 to 100 in steps of 0.01"))
}

fn canary_by(text: &str) -> Result<CanaryBy, String> {
    let words = || CanaryBy::ALL.iter().map(|by| by.word()).collect::<Vec<_>>().join(", ");
    CanaryBy::from_word(text).ok_or_else(|| format!("one of {}", words()))
}
