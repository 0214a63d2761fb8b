//! The model card: what a reader of `models/NAME/` should know before using the model.

use super::Report;
use crate::domain::Calibration;
use crate::model::Artefact;

/// The card as Markdown; the same for the same artefact and report.
pub(super) fn card(artefact: &Artefact, report: &Report) -> String {
    let Artefact { name, label, .. } = artefact;
    let advice = match artefact.calibration {
        Calibration::Merchant => "It was calibrated on a merchant's own labels.",
        Calibration::Synthetic | Calibration::None => {
            "It has seen generated buyers only. It ranks and explains; until a model trained on your \
             own labels replaces it, let rules act and read its probability as advice."
        }
    };
    format!(
        "# Model `{name}`\n\n\
         It answers with the probability of {label}. First-party misuse and service disputes count as \
         not fraud. {advice}\n\n\
         It was judged on sales later than every sale and label it was trained on. It says nothing of \
         kinds of fraud that were not in its data, and grows old as buyers and attacks change: train \
         again and compare.\n\n\
         ## Report\n\nThe plots are in [report.html](report.html), the numbers in \
         [metrics.json](metrics.json).\n\n```text\n{report}```\n\n\
         ## The model\n\n\
         Numbers are transformed, clipped to the range seen in training and scaled; a missing one \
         counts as the mean and adds a coefficient of its own. Coefficients are in log-odds, per scale \
         for numbers, before calibration.\n\n```text\n{artefact}```\n"
    )
}
