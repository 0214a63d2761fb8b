//! What the model says of the other fields.

use super::{Field, Kind, Origin, Stage};

group! { after super::own::END;
    MODEL_FRAUD_PROBABILITY "model.fraud_probability" Kind::Float, Before, Derived, personal: false, unit: "", window: "",
        missing: "no model",
        "The calibrated probability that a theft or takeover label arrives within 120 days.";
    MODEL_RISK_SCORE "model.risk_score" Kind::Decimal, Before, Derived, personal: false, unit: "", window: "",
        missing: "no model",
        "100 × the fraud probability, 0.01–99.99, two decimals.";
}
