//! A photograph on a page: put there as it is, turned as its camera says, without what else it tells.
//!
//! The place and time a camera writes into a picture are left out: the bank asked for neither.

use super::Pages;
use super::error::ExhibitError;
use super::sheet::on_a_page;

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
    let (mut frame, mut turns) = (None, 0);
    let mut rest = bytes.get(2..).unwrap_or_default();
    loop {
        // Any number of fill bytes may stand before a mark.
        let [0xff, mark, after @ ..] = rest else { return Err(broken("a picture without data")) };
        if *mark == 0xff {
            rest = rest.get(1..).unwrap_or_default();
            continue;
        }
        if *mark == 0xda {
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
        // Of what programs add, only how colours are to be understood.
        if !matches!(mark, 0xe1 | 0xe2..=0xed | 0xef | 0xfe) {
            kept.extend_from_slice(&[0xff, *mark]);
            kept.extend_from_slice(part);
        }
        rest = after.get(part.len()..).unwrap_or_default();
    }
    let end = rest.windows(2).rposition(|mark| mark == [0xff, 0xd9]);
    let data = end.and_then(|end| rest.get(..end + 2)).ok_or(broken("it breaks off"))?;
    kept.extend_from_slice(data);
    let Frame { width, height, components } = frame.ok_or(broken("a picture without a size"))?;
    let colours = if components == 1 { "DeviceGray" } else { "DeviceRGB" };
    let head = format!("/ColorSpace/{colours}/Filter/DCTDecode");
    on_a_page((width, height), turns, &head, &kept)
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
