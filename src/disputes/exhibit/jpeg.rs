//! A photograph on a page: put there as it is, turned as its camera says, without what else it tells.
//!
//! The place and time a camera writes into a picture are left out: the bank asked for neither. So are
//! pictures in the picture, and whatever stands behind its end: phones put smaller pictures and whole films
//! there, each with a place of its own. Only what a reader needs to draw the picture is kept.

use super::Pages;
use super::error::ExhibitError;
use super::sheet::on_a_page;
use std::borrow::Cow;

/// What is drawn.
struct Frame {
    width: u32,
    height: u32,
    components: u8,
}

/// Reads a JPEG file.
///
/// # Errors
/// It can't be an exhibit; why, and what to do.
pub(super) fn jpeg(bytes: &[u8]) -> Result<Pages, ExhibitError> {
    let broken = |what| ExhibitError::Broken { what };
    let mut kept = vec![0xff, 0xd8];
    let (mut frame, mut turns, mut is_drawn) = (None, 0, false);
    let mut rest = bytes.get(2..).unwrap_or_default();
    loop {
        // Any number of fill bytes may stand before a mark.
        let [0xff, mark, after @ ..] = rest else { return Err(broken("a picture without data")) };
        if *mark == 0xff {
            rest = rest.get(1..).unwrap_or_default();
            continue;
        }
        if *mark == 0xd9 {
            break;
        }
        let length =
            after.first_chunk::<2>().map(|length| usize::from(u16::from_be_bytes(*length)));
        let part = length.filter(|length| *length >= 2).and_then(|length| after.get(..length));
        let part = part.ok_or(broken("it breaks off"))?;
        let body = part.get(2..).unwrap_or_default();
        match mark {
            0xc0..=0xc2 => frame = Some(read_frame(body)?),
            0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
                return Err(ExhibitError::Unread { what: "is a JPEG of a rare kind" });
            }
            0xe1 => turns = turned(body).unwrap_or(turns),
            _ => {}
        }
        if let Some(body) = kept_of(*mark, body) {
            kept.extend_from_slice(&[0xff, *mark]);
            kept.extend_from_slice(&u16::try_from(body.len() + 2).unwrap_or(2).to_be_bytes());
            kept.extend_from_slice(&body);
        }
        rest = after.get(part.len()..).unwrap_or_default();
        if *mark == 0xda {
            let end = rest.windows(2).position(is_mark);
            let (data, behind) =
                end.and_then(|end| rest.split_at_checked(end)).ok_or(broken("it breaks off"))?;
            kept.extend_from_slice(data);
            rest = behind;
            is_drawn = true;
        }
    }
    if !is_drawn {
        return Err(broken("a picture without data"));
    }
    kept.extend_from_slice(&[0xff, 0xd9]);
    let Frame { width, height, components } = frame.ok_or(broken("a picture without a size"))?;
    let colours = if components == 1 { "DeviceGray" } else { "DeviceRGB" };
    let head = format!("/ColorSpace/{colours}/Filter/DCTDecode");
    on_a_page((width, height), turns, &head, &kept)
}

/// Whether two bytes among the data of a scan end it: not a byte of the data, not a place to go on from.
fn is_mark(pair: &[u8]) -> bool {
    matches!(pair, [0xff, mark] if !matches!(mark, 0x00 | 0xd0..=0xd7))
}

/// What is kept of a part: the tables, the frame and the scans; of what programs add, only how colours are
/// to be understood, and not the small picture that may stand with it.
fn kept_of(mark: u8, body: &[u8]) -> Option<Cow<'_, [u8]>> {
    match mark {
        0xc0..=0xc2 | 0xc4 | 0xda..=0xdd => Some(body.into()),
        0xe0 => {
            let head = body.get(..12).filter(|head| head.starts_with(b"JFIF\0"))?;
            Some([head, &[0, 0]].concat().into())
        }
        0xee => body.get(..12).filter(|body| body.starts_with(b"Adobe")).map(Into::into),
        _ => None,
    }
}

fn read_frame(body: &[u8]) -> Result<Frame, ExhibitError> {
    let [bits, h1, h0, w1, w0, components, ..] = body else {
        return Err(ExhibitError::Broken { what: "a picture without a size" });
    };
    if *bits != 8 || !matches!(components, 1 | 3) {
        return Err(ExhibitError::Unread { what: "has the colours of a printing press" });
    }
    let number = |high: &u8, low: &u8| u32::from(u16::from_be_bytes([*high, *low]));
    Ok(Frame { width: number(w1, w0), height: number(h1, h0), components: *components })
}

/// By how many quarters a camera says that its picture must be turned, clockwise.
fn turned(body: &[u8]) -> Option<u8> {
    const ORIENTATION: u16 = 0x0112;
    let tiff = body.strip_prefix(b"Exif\0\0")?;
    let is_little = tiff.starts_with(b"II");
    let short = |at: usize| {
        let pair = *tiff.get(at..)?.first_chunk::<2>()?;
        Some(if is_little { u16::from_le_bytes(pair) } else { u16::from_be_bytes(pair) })
    };
    let long = |at: usize| {
        let four = *tiff.get(at..)?.first_chunk::<4>()?;
        Some(if is_little { u32::from_le_bytes(four) } else { u32::from_be_bytes(four) })
    };
    let table = usize::try_from(long(4)?).ok()?;
    for entry in 0..usize::from(short(table)?) {
        let at = table.checked_add(2)?.checked_add(12 * entry)?;
        if short(at)? == ORIENTATION {
            return match short(at.checked_add(8)?)? {
                1 => Some(0),
                6 => Some(1),
                3 => Some(2),
                8 => Some(3),
                _ => None,
            };
        }
    }
    None
}
