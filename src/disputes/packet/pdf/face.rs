//! The two fonts of a packet: which letters they have, how wide these are, and what is printed for others.
//!
//! Liberation Sans covers Latin, Greek and Cyrillic (and Hebrew, which is left out: nothing here writes
//! from right to left). A letter without a sign is printed as its number, `[U+4E2D]`: it can be looked
//! up, and no reader takes a box for a name.

use krilla::text::Font;
use skrifa::instance::{LocationRef, Size};
use skrifa::{FontRef, MetadataProvider};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::OnceLock;

const REGULAR: &[u8] =
    include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/data/fonts/LiberationSans-Regular.ttf"));
const BOLD: &[u8] =
    include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/data/fonts/LiberationSans-Bold.ttf"));

/// Thickness of letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    Regular,
    Bold,
}

/// A letter's sign.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sign {
    pub(super) glyph: u32,
    /// Width, in units of the font.
    pub(super) advance: u16,
}

/// One font, read once.
pub(super) struct Face {
    pub(super) font: Font,
    pub(super) units_per_em: u16,
    signs: BTreeMap<char, Sign>,
}

/// Both fonts.
pub(super) struct Faces {
    regular: Face,
    bold: Face,
}

impl Faces {
    /// The bundled fonts; `None` only if the files in the program were broken. Cost: a few
    /// milliseconds, once in a process.
    pub(super) fn bundled() -> Option<&'static Self> {
        static FACES: OnceLock<Option<Faces>> = OnceLock::new();
        let read = || Some(Faces { regular: Face::read(REGULAR)?, bold: Face::read(BOLD)? });
        FACES.get_or_init(read).as_ref()
    }

    pub(super) fn of(&self, weight: Weight) -> &Face {
        match weight {
            Weight::Regular => &self.regular,
            Weight::Bold => &self.bold,
        }
    }

    /// The text as it can be printed: letters without a sign by their number, white space as spaces.
    pub(super) fn printable(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        for letter in text.chars() {
            match letter {
                _ if self.has(letter) => out.push(letter),
                _ if letter.is_whitespace() => out.push(' '),
                _ => {
                    // Writing to a string cannot fail.
                    let _ = write!(out, "[U+{:04X}]", u32::from(letter));
                }
            }
        }
        out
    }

    /// Whether a letter is printed as itself.
    pub(super) fn has(&self, letter: char) -> bool {
        self.regular.signs.contains_key(&letter) && self.bold.signs.contains_key(&letter)
    }

    /// Width of a printable text, in thousandths of a point.
    pub(super) fn width(&self, text: &str, weight: Weight, size: i32) -> i32 {
        let face = self.of(weight);
        let units: i64 = text.chars().map(|letter| i64::from(face.sign(letter).advance)).sum();
        i32::try_from(units * i64::from(size) / i64::from(face.units_per_em)).unwrap_or(i32::MAX)
    }
}

impl Face {
    fn read(bytes: &'static [u8]) -> Option<Self> {
        let reader = FontRef::new(bytes).ok()?;
        let metrics = reader.glyph_metrics(Size::unscaled(), LocationRef::default());
        let units_per_em = reader.metrics(Size::unscaled(), LocationRef::default()).units_per_em;
        let mut signs = BTreeMap::new();
        for (code, glyph) in reader.charmap().mappings() {
            let letter = char::from_u32(code).filter(|letter| is_written_here(*letter));
            let advance = metrics.advance_width(glyph).and_then(whole);
            if let Some((letter, advance)) = letter.zip(advance) {
                signs.insert(letter, Sign { glyph: glyph.to_u32(), advance });
            }
        }
        (units_per_em > 0).then_some(())?;
        Some(Self { font: Font::new(bytes.into(), 0)?, units_per_em, signs })
    }

    /// The sign of a letter of a printable text; the box for any other.
    pub(super) fn sign(&self, letter: char) -> Sign {
        let of = |letter| self.signs.get(&letter).copied();
        of(letter).or_else(|| of('?')).unwrap_or(Sign { glyph: 0, advance: 0 })
    }
}

/// Scripts written from left to right, letter by letter; no control or private code.
fn is_written_here(letter: char) -> bool {
    let right_to_left = matches!(letter,
        '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefe}');
    let invisible = letter.is_control()
        || matches!(letter, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e000}'..='\u{f8ff}');
    !right_to_left && !invisible
}

/// Advances of a font are whole numbers of its units.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to be a whole number within the type"
)]
fn whole(advance: f32) -> Option<u16> {
    let fits = advance.fract() == 0.0 && (0.0..=f32::from(u16::MAX)).contains(&advance);
    fits.then_some(advance as u16)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disputes::sha256_hex;

    #[test]
    fn the_fonts_are_those_of_the_notice() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/data/fonts/README.md");
        let notice = std::fs::read_to_string(path).unwrap();
        for bytes in [REGULAR, BOLD] {
            assert!(notice.contains(&sha256_hex(bytes)));
        }
    }

    #[test]
    fn three_scripts_are_printed_and_others_are_numbered() {
        let faces = Faces::bundled().unwrap();
        for text in ["Zoë Ångström, Łódź, Đặng", "Αθήνα ώ", "Київ, Щёлково", "49,00 € – „x“ 'y'"]
        {
            assert_eq!(faces.printable(text), text);
        }
        assert_eq!(faces.printable("中 ש\tx\u{a0}y"), "[U+4E2D] [U+05E9] x\u{a0}y");
        let (one, two) =
            (faces.width("a", Weight::Bold, 12_000), faces.width("aa", Weight::Bold, 12_000));
        assert!(one > 0 && (two - 2 * one).abs() <= 1);
        assert!(faces.width("a", Weight::Regular, 12_000) <= one);
    }
}
