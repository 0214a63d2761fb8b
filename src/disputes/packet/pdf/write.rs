//! Marks on pages become a PDF/A-2b file. The only place that knows krilla's types and counts in floats.
//!
//! No clock and no random number goes in: the date is the latest record's, the file's own identifiers are
//! hashes of its content. Black on white by one gray channel; fonts are embedded with the letters used.
#![expect(clippy::float_arithmetic, reason = "the format's numbers are floats")]

use super::face::{Face, Faces};
use super::flow::{Mark, Style};
use crate::disputes::error::PacketError;
use crate::domain::Timestamp;
use krilla::Document;
use krilla::SerializeSettings;
use krilla::color::luma;
use krilla::configure::{Archival, ConfigurationBuilder};
use krilla::geom::{Path, PathBuilder, Point, Rect, Size, Transform};
use krilla::metadata::{DateTime, Metadata};
use krilla::page::PageSettings;
use krilla::paint::{Fill, Stroke};
use krilla::pdf::{Pdf, PdfDocument};
use krilla::surface::Surface;
use krilla::text::{GlyphId, KrillaGlyph};
use std::sync::Arc;

/// The file of some pages. With pages of other files it is a PDF, else PDF/A: nobody can say of what others
/// wrote that it will look the same in thirty years.
///
/// # Errors
/// krilla refuses what would break the standard; of our own pages that is a mistake of ours.
pub(super) fn write(
    faces: &Faces,
    size: (i32, i32),
    pages: &[Vec<Mark>],
    (title, date): (String, Timestamp),
    files: &[&[u8]],
) -> Result<Vec<u8>, PacketError> {
    let refused = |words: String| PacketError::Refused { words };
    let files = files.iter().map(|file| {
        let pdf = Pdf::new(file.to_vec()).map_err(|error| refused(format!("{error:?}")))?;
        Ok(PdfDocument::new(Arc::new(pdf)))
    });
    let files = files.collect::<Result<Vec<_>, PacketError>>()?;
    let configuration = ConfigurationBuilder::new();
    let configuration = if files.is_empty() {
        configuration.with_archival_validator(Archival::A2_B)
    } else {
        configuration
    };
    let configuration = configuration.finish().map_err(|error| refused(format!("{error:?}")))?;
    let settings =
        SerializeSettings { configuration, enable_tagging: false, ..SerializeSettings::default() };
    let mut document = Document::new_with(settings);
    let metadata = Metadata::new().title(title).language("en".to_owned());
    let metadata = metadata.producer("vouch".to_owned()).creation_date(date_time(date));
    document.set_metadata(metadata);
    for marks in pages {
        let settings = PageSettings::from_wh(points(size.0), points(size.1))
            .ok_or_else(|| refused("no size of a page".to_owned()))?;
        let mut page = document.start_page_with(settings);
        let mut surface = page.surface();
        for mark in marks {
            draw(&mut surface, faces, &files, mark);
        }
        surface.finish();
        page.finish();
    }
    document.finish().map_err(|error| refused(format!("{error:?}").chars().take(500).collect()))
}

/// A moment to the second, UTC.
fn date_time(at: Timestamp) -> DateTime {
    let text = at.to_string();
    let mut parts = text.split(|c: char| !c.is_ascii_digit());
    let mut part = || parts.next().and_then(|digits| digits.parse().ok()).unwrap_or(0_u16);
    let year = part();
    let mut small = || u8::try_from(part()).unwrap_or(0);
    let (month, day) = (small(), small());
    let (hour, minute, second) = (small(), small(), small());
    let date = DateTime::new(year).month(month).day(day).hour(hour).minute(minute);
    date.second(second).utc_offset_hour(0).utc_offset_minute(0)
}

fn draw(surface: &mut Surface<'_>, faces: &Faces, files: &[PdfDocument], mark: &Mark) {
    match mark {
        Mark::Sheet { file, page, at, size } => {
            let size = Size::from_wh(points(size.0), points(size.1));
            if let Some((file, size)) = files.get(*file).zip(size) {
                surface.push_transform(&Transform::from_translate(points(at.0), points(at.1)));
                surface.draw_pdf_page(file, size, *page);
                surface.pop();
            }
        }
        Mark::Text { x, y, style, text } => {
            surface.set_stroke(None);
            surface.set_fill(Some(black()));
            let at = Point::from_xy(points(*x), points(*y));
            print(surface, faces.of(style.weight), *style, at, text);
        }
        Mark::Line { from, to, width } => {
            let mut path = PathBuilder::new();
            path.move_to(points(from.0), points(from.1));
            path.line_to(points(to.0), points(to.1));
            outline(surface, path.finish().as_ref(), *width);
        }
        Mark::Bar { x, y, width, height, solid } => {
            let corner = (points(*x), points(*y));
            let rect = Rect::from_xywh(corner.0, corner.1, points(*width), points(*height));
            let mut path = PathBuilder::new();
            if let Some(rect) = rect {
                path.push_rect(rect);
            }
            if *solid {
                fill(surface, path.finish().as_ref());
            } else {
                outline(surface, path.finish().as_ref(), 800);
            }
        }
    }
}

fn fill(surface: &mut Surface<'_>, path: Option<&Path>) {
    surface.set_stroke(None);
    surface.set_fill(Some(black()));
    if let Some(path) = path {
        surface.draw_path(path);
    }
}

fn outline(surface: &mut Surface<'_>, path: Option<&Path>, width: i32) {
    surface.set_fill(None);
    let paint = luma::Color::black().into();
    surface.set_stroke(Some(Stroke { paint, width: points(width), ..Stroke::default() }));
    if let Some(path) = path {
        surface.draw_path(path);
    }
}

fn print(surface: &mut Surface<'_>, face: &Face, style: Style, at: Point, text: &str) {
    let units = f32::from(face.units_per_em);
    let glyphs: Vec<KrillaGlyph> = text
        .char_indices()
        .map(|(start, letter)| {
            let sign = face.sign(letter);
            KrillaGlyph {
                glyph_id: GlyphId::new(sign.glyph),
                text_range: start..start + letter.len_utf8(),
                x_advance: f32::from(sign.advance) / units,
                x_offset: 0.0,
                y_offset: 0.0,
                y_advance: 0.0,
                location: None,
            }
        })
        .collect();
    surface.draw_glyphs(at, &glyphs, face.font.clone(), text, points(style.size), false);
}

fn black() -> Fill {
    Fill { paint: luma::Color::black().into(), ..Fill::default() }
}

#[expect(clippy::cast_precision_loss, reason = "a page has fewer than 2^24 thousandths of a point")]
fn points(thousandths: i32) -> f32 {
    thousandths as f32 / 1000.0
}
