//! One picture on one page, as large as the page allows.
#![expect(clippy::float_arithmetic, reason = "the format's numbers are floats")]

use super::Pages;
use super::budget::Budget;
use super::error::ExhibitError;
use super::pages::thousandths;
use super::token::Tokens;
use super::written::Written;

/// The longer side of a page, in points.
const LONG: f64 = 842.0;
/// Longest side of a picture and most dots, so that a reader can draw it.
const MAX_SIDE: u32 = 20_000;
const MAX_DOTS: u64 = 40_000_000;

/// Whether a picture of this size is taken.
pub(super) fn check_size((width, height): (u32, u32)) -> Result<(), ExhibitError> {
    let is_blank = width == 0 || height == 0;
    // A strip of one to twenty would be a line on paper.
    let is_strip = width / 20 > height || height / 20 > width;
    if is_blank || is_strip {
        return Err(ExhibitError::Broken { what: "a picture with no area to look at" });
    }
    let dots = u64::from(width) * u64::from(height);
    if width.max(height) > MAX_SIDE || dots > MAX_DOTS {
        Err(ExhibitError::Swollen)
    } else {
        Ok(())
    }
}

/// A page with a picture: its size in dots, how it is turned, its dictionary without size, its data.
pub(super) fn on_a_page(
    (width, height): (u32, u32),
    turns: u8,
    head: &str,
    data: &[u8],
) -> Result<Pages, ExhibitError> {
    check_size((width, height))?;
    let scale = LONG / f64::from(width.max(height));
    let (wide, high) = (f64::from(width) * scale, f64::from(height) * scale);
    let mut written = Written::default();
    let head = format!(
        "/Type/XObject/Subtype/Image/Width {width}/Height {height}/BitsPerComponent 8{head}"
    );
    let picture = written.add_stream(&head, data);
    let resources = format!("<</XObject<</P {picture} 0 R>>>>");
    let contents = format!("q {wide} 0 0 {high} 0 0 cm /P Do Q");
    let budget = Budget::default();
    let resources = Tokens::new(resources.as_bytes(), 0, &budget).value();
    let Some(resources) = resources else { return Err(ExhibitError::NoPage) };
    written.own_page(((0.0, 0.0), (wide, high)), turns, &resources, contents.as_bytes());
    Ok(Pages { flat: written.finish(), sizes: vec![thousandths((wide, high), turns)] })
}
