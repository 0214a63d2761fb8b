//! Valid inputs made hostile, always the same way from the same seed.

/// Pieces that readers have stumbled over: numbers past every type, words of other formats, half a
/// character, a byte order mark, separators of every text here.
const PIECES: [&[u8]; 40] = [
    b"99999999999999999999999999999999",
    b"-9223372036854775809",
    b"18446744073709551616",
    b"1e999",
    b"-1e-999",
    b"1e309",
    b"0.00000000000000000000000000000000001",
    b"-0",
    b"NaN",
    b"Infinity",
    b"null",
    b"true",
    b"\"\"",
    b"\"\\ud800\"",
    b"\\u0000",
    b"\0",
    b"\xff\xfe",
    b"\xc0\xaf",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"\xe2\x80\xae",
    b"\xf0\x9f\x98\x80",
    b"\r",
    b"\r\n\r\n",
    b"\t",
    b"'''",
    b"\"\"\"",
    b"[[rule]]",
    b"://",
    b"::ffff:0:0/0",
    b"0.0.0.0/33",
    b"9999-12-31T23:59:60Z",
    b"-9999-01-01T00:00:00+99:99",
    b"0000-00-00",
    b"{\"$serde_json::private::RawValue\":\"[\"}",
    b"{\"$serde_json::private::Number\":\"1\"}",
    b"${jndi:ldap://x}",
    b"../../../etc/passwd",
    b"' OR 1=1 --",
    b"(((((((((a+)+)+)+)+)+)+)+)+)+",
];

/// What opens a level, and what closes it.
const LEVELS: [(&[u8], &[u8]); 8] = [
    (b"[", b"]"),
    (b"{\"a\":", b"}"),
    (b"(", b")"),
    (b"!", b""),
    (b"a && (", b")"),
    (b"{ a = ", b" }"),
    (b"[[a.", b"]]"),
    (b"not ", b""),
];

/// Longest input made, in bytes.
const MAX_BYTES: usize = 1 << 20;

/// A stream of numbers from a seed: `SplitMix64`, which needs no crate and no state worth a name.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Below `end`; 0 where there is nothing below.
    pub(super) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end.max(1)).unwrap()).unwrap()
    }

    /// A place in `bytes`, its end included, and one behind it.
    fn range(&mut self, bytes: &[u8]) -> (usize, usize) {
        let from = self.below(bytes.len() + 1);
        let most = if self.below(4) == 0 { bytes.len() } else { 16 };
        (from, (from + self.below(most + 1)).min(bytes.len()))
    }
}

/// One of the seeds, changed one to four times.
pub(super) fn mutated(seeds: &[Vec<u8>], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = seeds[dice.below(seeds.len())].clone();
    for _ in 0..=dice.below(4) {
        let other = &seeds[dice.below(seeds.len())];
        change(&mut bytes, other, dice);
        bytes.truncate(MAX_BYTES);
    }
    bytes
}

fn change(bytes: &mut Vec<u8>, other: &[u8], dice: &mut Dice) {
    let (from, to) = dice.range(bytes);
    match dice.below(11) {
        0 => flip(bytes, dice),
        1 => bytes.truncate(from),
        2 => drop(bytes.drain(from..to)),
        3 => drop(bytes.splice(from..from, PIECES[dice.below(PIECES.len())].iter().copied())),
        4 => drop(bytes.splice(from..to, PIECES[dice.below(PIECES.len())].iter().copied())),
        // Of two inputs one; members twice; the same piece many times.
        5 => {
            let (start, end) = dice.range(other);
            drop(bytes.splice(from..to, other[start..end].iter().copied()));
        }
        6 => {
            let piece = bytes[from..to].repeat(1 + dice.below(3));
            drop(bytes.splice(to..to, piece));
        }
        7 => {
            let times = [2, 100, 5_000][dice.below(3)];
            let piece = bytes[from..to.min(from + 64)].repeat(times);
            drop(bytes.splice(from..from, piece));
        }
        8 => member_twice(bytes, dice),
        9 => nest(bytes, (from, to), dice),
        _ => number(bytes, dice),
    }
}

fn flip(bytes: &mut [u8], dice: &mut Dice) {
    for _ in 0..=dice.below(8) {
        let (at, bit) = (dice.below(bytes.len()), dice.below(8));
        if let Some(byte) = bytes.get_mut(at) {
            *byte ^= 1 << bit;
        }
    }
}

/// Wraps a part in many levels, closed or not.
fn nest(bytes: &mut Vec<u8>, (from, to): (usize, usize), dice: &mut Dice) {
    let (open, close) = LEVELS[dice.below(LEVELS.len())];
    let levels = [3, 130, 20_000][dice.below(3)];
    if dice.below(2) == 0 {
        drop(bytes.splice(to..to, close.repeat(levels)));
    }
    drop(bytes.splice(from..from, open.repeat(levels)));
}

/// Writes a line or a JSON member a second time, as it is.
fn member_twice(bytes: &mut Vec<u8>, dice: &mut Dice) {
    let is_end = |byte: &u8| matches!(byte, b',' | b'\n');
    let start = dice.below(bytes.len() + 1);
    let Some(from) = bytes[start..].iter().position(is_end).map(|at| start + at) else { return };
    let Some(to) = bytes[from + 1..].iter().position(is_end).map(|at| from + 1 + at) else {
        return;
    };
    let member = bytes[from..to].to_vec();
    drop(bytes.splice(to..to, member));
}

/// Overwrites a length or a number: all ones, all zeros, or the digits of another.
fn number(bytes: &mut Vec<u8>, dice: &mut Dice) {
    let at = dice.below(bytes.len());
    let digit = |byte: &u8| byte.is_ascii_digit();
    if let Some(from) = bytes[at.min(bytes.len())..].iter().position(digit).map(|n| at + n)
        && dice.below(2) == 0
    {
        let length = bytes[from..].iter().take_while(|byte| digit(byte)).count();
        let new = PIECES[dice.below(8)];
        drop(bytes.splice(from..from + length, new.iter().copied()));
        return;
    }
    let fill = [0xff, 0x7f, 0x80, 0][dice.below(4)];
    let width = [1, 2, 4, 8][dice.below(4)];
    bytes.iter_mut().skip(at).take(width).for_each(|byte| *byte = fill);
}
