//! A screen's picture on a page: gray, over white, no finer than paper shows.
//!
//! Packets are copied and faxed in black and white, and some processors take nothing else; so colour would
//! only cost bytes. Read and written row by row: a picture of forty million dots is never held whole.

use super::Pages;
use super::error::ExhibitError;
use super::sheet::{check_size, on_a_page};
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use std::io::{Read, Write};

/// What every PNG file begins with.
pub(super) const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
/// Longest side that is written; on a page of 297 mm this is 170 dots an inch.
const MAX_SIDE: u32 = 2_000;

/// How the dots of a file are told.
struct Form {
    width: u32,
    height: u32,
    bits: u8,
    colour: Colour,
    /// Gray of each entry of the palette, over white.
    palette: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Colour {
    Gray,
    Rgb,
    Palette,
    GrayAlpha,
    Rgba,
}

impl Colour {
    fn of(code: u8, bits: u8) -> Option<Self> {
        let (colour, depths): (_, &[u8]) = match code {
            0 => (Self::Gray, &[1, 2, 4, 8, 16]),
            2 => (Self::Rgb, &[8, 16]),
            3 => (Self::Palette, &[1, 2, 4, 8]),
            4 => (Self::GrayAlpha, &[8, 16]),
            6 => (Self::Rgba, &[8, 16]),
            _ => return None,
        };
        depths.contains(&bits).then_some(colour)
    }

    fn channels(self) -> usize {
        match self {
            Self::Gray | Self::Palette => 1,
            Self::GrayAlpha => 2,
            Self::Rgb => 3,
            Self::Rgba => 4,
        }
    }
}

/// Reads a PNG file.
///
/// # Errors
/// It can't be an exhibit; why, and what to do.
pub(super) fn png(bytes: &[u8]) -> Result<Pages, ExhibitError> {
    let broken = |what| ExhibitError::Broken { what };
    let (mut form, mut data, mut colours) = (None::<Form>, Vec::new(), Vec::new());
    let mut rest = bytes.get(SIGNATURE.len()..).unwrap_or_default();
    loop {
        let (name, body, after) = chunk(rest).ok_or(broken("it breaks off"))?;
        match name {
            b"IHDR" => form = Some(header(body)?),
            b"PLTE" => colours = body.chunks_exact(3).map(|rgb| (gray(rgb), u8::MAX)).collect(),
            b"tRNS" => {
                for ((_, alpha), told) in colours.iter_mut().zip(body) {
                    *alpha = *told;
                }
            }
            b"IDAT" => data.extend_from_slice(body),
            b"IEND" => break,
            _ => {}
        }
        rest = after;
    }
    let mut form = form.ok_or(broken("a picture without a size"))?;
    form.palette = colours.into_iter().map(|(gray, alpha)| over_white(gray, alpha)).collect();
    let (size, packed) = repacked(&form, &data)?;
    on_a_page(size, 0, "/ColorSpace/DeviceGray/Filter/FlateDecode", &packed)
}

/// Name, content and rest of a chunk whose checksum fits.
fn chunk(bytes: &[u8]) -> Option<(&[u8; 4], &[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let (summed, after) = rest.split_at_checked(length.checked_add(4)?)?;
    let (sum, after) = after.split_first_chunk::<4>()?;
    let mut crc = flate2::Crc::new();
    crc.update(summed);
    let (name, body) = summed.split_first_chunk::<4>()?;
    (crc.sum() == u32::from_be_bytes(*sum)).then_some((name, body, after))
}

fn header(body: &[u8]) -> Result<Form, ExhibitError> {
    let broken = ExhibitError::Broken { what: "a picture of no known form" };
    let (width, rest) = body.split_first_chunk::<4>().ok_or(broken.clone())?;
    let (height, rest) = rest.split_first_chunk::<4>().ok_or(broken.clone())?;
    let [bits, colour, 0, 0, interlaced] = rest else { return Err(broken) };
    if *interlaced != 0 {
        return Err(ExhibitError::Unread { what: "is interlaced" });
    }
    let (width, height) = (u32::from_be_bytes(*width), u32::from_be_bytes(*height));
    check_size((width, height))?;
    let (bits, colour) = (*bits, Colour::of(*colour, *bits).ok_or(broken)?);
    Ok(Form { width, height, bits, colour, palette: Vec::new() })
}

/// The dots in gray, packed, and how many there are each way.
fn repacked(form: &Form, data: &[u8]) -> Result<((u32, u32), Vec<u8>), ExhibitError> {
    let broken = ExhibitError::Broken { what: "a picture with less data than dots" };
    let step = form.width.max(form.height).div_ceil(MAX_SIDE);
    let size = (form.width.div_ceil(step), form.height.div_ceil(step));
    let depth = usize::from(form.bits) * form.colour.channels();
    let width = usize::try_from(form.width).unwrap_or(usize::MAX);
    let (row_bytes, dot_bytes) = ((width * depth).div_ceil(8), depth.div_ceil(8));
    let mut reader = ZlibDecoder::new(data);
    let mut packer = ZlibEncoder::new(Vec::new(), Compression::default());
    let (mut row, mut above) = (vec![0; row_bytes], vec![0; row_bytes]);
    let mut sums = vec![(0_u32, 0_u32); usize::try_from(size.0).unwrap_or(0)];
    for number in 1..=form.height {
        let mut filter = [0];
        reader.read_exact(&mut filter).map_err(|_| broken.clone())?;
        reader.read_exact(&mut row).map_err(|_| broken.clone())?;
        unfilter(filter[0], &mut row, &above, dot_bytes).ok_or(broken.clone())?;
        add(form, &row, usize::try_from(step).unwrap_or(1), &mut sums);
        if number % step == 0 || number == form.height {
            let mean = |(sum, count): &(u32, u32)| {
                u8::try_from(sum.checked_div(*count).unwrap_or(255)).unwrap_or(u8::MAX)
            };
            let grays: Vec<u8> = sums.iter().map(mean).collect();
            // Writing to memory cannot fail.
            let _ = packer.write_all(&grays);
            sums.fill((0, 0));
        }
        std::mem::swap(&mut row, &mut above);
    }
    Ok((size, packer.finish().unwrap_or_default()))
}

/// Undoes the filter of a row; `None` for one there is not.
fn unfilter(filter: u8, row: &mut [u8], above: &[u8], back: usize) -> Option<()> {
    let at = |row: &[u8], place: Option<usize>| place.and_then(|at| row.get(at)).map_or(0, |b| *b);
    for place in 0..row.len() {
        let left = at(row, place.checked_sub(back));
        let up = at(above, Some(place));
        let guess = match filter {
            0 => return Some(()),
            1 => left,
            2 => up,
            3 => u8::midpoint(left, up),
            4 => paeth(left, up, at(above, place.checked_sub(back))),
            _ => return None,
        };
        if let Some(byte) = row.get_mut(place) {
            *byte = byte.wrapping_add(guess);
        }
    }
    Some(())
}

fn paeth(left: u8, up: u8, corner: u8) -> u8 {
    let [a, b, c] = [left, up, corner].map(i16::from);
    let guess = a + b - c;
    let (from_a, from_b, from_c) = ((guess - a).abs(), (guess - b).abs(), (guess - c).abs());
    if from_a <= from_b && from_a <= from_c {
        left
    } else if from_b <= from_c {
        up
    } else {
        corner
    }
}

/// Adds a row to the sums of the dots it falls into.
fn add(form: &Form, row: &[u8], step: usize, sums: &mut [(u32, u32)]) {
    let width = usize::try_from(form.width).unwrap_or(0);
    let channels = form.colour.channels();
    for dot in 0..width {
        let sample = |channel: usize| sample(row, form.bits, dot * channels + channel);
        let gray = match form.colour {
            Colour::Gray => spread(sample(0), form.bits),
            Colour::Palette => form.palette.get(usize::from(sample(0))).copied().unwrap_or(u8::MAX),
            Colour::GrayAlpha => over_white(sample(0), sample(1)),
            Colour::Rgb => gray(&[sample(0), sample(1), sample(2)]),
            Colour::Rgba => over_white(gray(&[sample(0), sample(1), sample(2)]), sample(3)),
        };
        if let Some((sum, count)) = sums.get_mut(dot / step) {
            *sum += u32::from(gray);
            *count += 1;
        }
    }
}

/// One sample of a row; of sixteen bits the upper eight.
fn sample(row: &[u8], bits: u8, number: usize) -> u8 {
    let bits = usize::from(bits);
    let byte = |at: usize| row.get(at).copied().unwrap_or(0);
    match bits {
        16 => byte(2 * number),
        8 => byte(number),
        _ => {
            let first = number * bits;
            let shifted = byte(first / 8) >> (8 - bits - first % 8);
            shifted & ((1_u8 << bits) - 1)
        }
    }
}

/// A sample of few bits as one of eight.
fn spread(sample: u8, bits: u8) -> u8 {
    match bits {
        1 => sample * 255,
        2 => sample * 85,
        4 => sample * 17,
        _ => sample,
    }
}

/// How light a colour is, by the weights of Rec. 601.
fn gray(rgb: &[u8]) -> u8 {
    let [red, green, blue] = rgb else { return 0 };
    let sum = 299 * u32::from(*red) + 587 * u32::from(*green) + 114 * u32::from(*blue);
    u8::try_from((sum + 500) / 1000).unwrap_or(u8::MAX)
}

fn over_white(gray: u8, alpha: u8) -> u8 {
    let (gray, alpha) = (u32::from(gray), u32::from(alpha));
    u8::try_from((gray * alpha + 255 * (255 - alpha) + 127) / 255).unwrap_or(u8::MAX)
}
