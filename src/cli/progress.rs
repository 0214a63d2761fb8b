//! Progress of long work: to standard error, and only where a person watches it.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;

/// A bar over `total` bytes.
pub(super) fn bytes(what: &str, total: u64) -> ProgressBar {
    styled(ProgressBar::new(total), what, "{msg} {wide_bar} {bytes}/{total_bytes} {eta}")
}

/// A bar over `total` rows.
pub(super) fn rows(what: &str, total: u64) -> ProgressBar {
    styled(ProgressBar::new(total), what, "{msg} {wide_bar} {human_pos}/{human_len} {eta}")
}

/// A counter without a known end.
pub(super) fn counter(what: &str) -> ProgressBar {
    styled(ProgressBar::new_spinner(), what, "{msg} {human_pos} {per_sec}")
}

fn styled(bar: ProgressBar, what: &str, template: &str) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.with_message(what.to_owned())
}
