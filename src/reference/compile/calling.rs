//! Calling codes of territories that share one, as the numbering plans assign them.
//!
//! The code of a country comes with the list of countries; here is what a list of one code per
//! country cannot say. Checked against the metadata of libphonenumber 9.0.42.
#![expect(clippy::unreadable_literal, reason = "codes are written without separators")]

/// Whose number it is when nothing longer says otherwise.
pub(super) const OWNERS: [(u32, &str); 15] = [
    (1, "US"),
    (7, "RU"),
    (39, "IT"),
    (44, "GB"),
    (47, "NO"),
    (61, "AU"),
    (64, "NZ"),
    (212, "MA"),
    (262, "RE"),
    (358, "FI"),
    (377, "MC"),
    (381, "RS"),
    (386, "SI"),
    (500, "FK"),
    (590, "GP"),
];

/// Longer codes inside a shared one.
pub(super) const INSIDE: [(u32, &str); 37] = [
    (1658, "JM"),
    (1721, "SX"),
    (77, "KZ"),
    (3906698, "VA"),
    (441481, "GG"),
    (447781, "GG"),
    (447839, "GG"),
    (4479111, "GG"),
    (4479117, "GG"),
    (441534, "JE"),
    (447509, "JE"),
    (4477003, "JE"),
    (4477007, "JE"),
    (4477008, "JE"),
    (447797, "JE"),
    (447829, "JE"),
    (447937, "JE"),
    (441624, "IM"),
    (447524, "IM"),
    (447624, "IM"),
    (4779, "SJ"),
    (6189162, "CC"),
    (6189164, "CX"),
    (2125288, "EH"),
    (2125289, "EH"),
    (262269, "YT"),
    (262639, "YT"),
    (2627093, "YT"),
    (35818, "AX"),
    (5993, "BQ"),
    (5994, "BQ"),
    (5997, "BQ"),
    (5999, "CW"),
    (6721, "AQ"),
    (6723, "NF"),
    (247, "SH"),
    (383, "XK"),
];

/// Area codes of Canada under +1; the last seven belong to no town.
pub(super) const CANADA: [u32; 63] = [
    204, 226, 236, 249, 250, 257, 263, 273, 289, 306, 343, 354, 365, 367, 368, 382, 403, 416, 418,
    428, 431, 437, 438, 450, 468, 474, 506, 514, 519, 548, 579, 581, 584, 587, 604, 613, 639, 647,
    672, 683, 705, 709, 742, 753, 778, 780, 782, 807, 819, 825, 867, 873, 879, 902, 905, 942, 600,
    622, 633, 644, 655, 677, 688,
];

/// Codes under +1 of no country: personal numbers, toll-free, premium.
pub(super) const NOWHERE: [u32; 25] = [
    500, 521, 522, 523, 524, 525, 526, 527, 528, 529, 532, 533, 544, 566, 577, 588, 700, 800, 833,
    844, 855, 866, 877, 888, 900,
];
