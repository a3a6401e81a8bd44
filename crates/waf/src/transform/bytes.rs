//! Bytes: sets of them, hexadecimal digits, and the one loop that most decoders share.

use std::borrow::Cow;

/// A set of bytes, four words wide.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ByteSet([u64; 4]);

impl ByteSet {
    /// No byte.
    pub const EMPTY: Self = Self([0; 4]);
    /// Every byte.
    pub const ALL: Self = Self([u64::MAX; 4]);

    /// The bytes of a string.
    pub const fn of(bytes: &[u8]) -> Self {
        let mut words = [0; 4];
        let mut at = 0;
        while at < bytes.len() {
            words[(bytes[at] >> 6) as usize] |= 1 << (bytes[at] & 63);
            at += 1;
        }
        Self(words)
    }

    /// The bytes from one to another, both included.
    pub const fn range(first: u8, last: u8) -> Self {
        let mut words = [0; 4];
        let mut byte = first as usize;
        while byte <= last as usize {
            words[byte >> 6] |= 1 << (byte & 63);
            byte += 1;
        }
        Self(words)
    }

    /// Bytes in either.
    pub const fn union(self, other: Self) -> Self {
        Self([self.0[0] | other.0[0], self.0[1] | other.0[1], self.0[2] | other.0[2], self.0[3] | other.0[3]])
    }

    /// Whether no byte is in both.
    pub const fn is_disjoint(self, other: Self) -> bool {
        self.0[0] & other.0[0] == 0 && self.0[1] & other.0[1] == 0 && self.0[2] & other.0[2] == 0 && self.0[3] & other.0[3] == 0
    }

    /// Whether the byte is in the set.
    pub const fn contains(self, byte: u8) -> bool {
        self.0[(byte >> 6) as usize] >> (byte & 63) & 1 == 1
    }

    /// The bytes that occur in a value: its summary. One pass.
    pub fn summary(value: &[u8]) -> Self {
        let mut seen = [false; 256];
        for &byte in value {
            seen[byte as usize] = true;
        }
        let mut words = [0; 4];
        for (byte, &there) in seen.iter().enumerate() {
            words[byte >> 6] |= u64::from(there) << (byte & 63);
        }
        Self(words)
    }
}

/// C's `isspace` in the C locale.
pub const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | 0x0b | 0x0c | b'\r')
}

/// The value of a hexadecimal digit.
pub const fn hex(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

/// Two hexadecimal digits at a position.
pub fn hex_pair(value: &[u8], at: usize) -> Option<u8> {
    Some(hex(*value.get(at)?)? << 4 | hex(*value.get(at + 1)?)?)
}

/// Four hexadecimal digits as one byte: the lower byte, raised by 0x20 where the code is full-width ASCII
/// (`FF01`-`FF5E`), as AWS's `JS_DECODE` and `URL_DECODE_UNI` and ModSecurity's say it.
pub fn wide(value: &[u8], at: usize) -> Option<u8> {
    let (high, low) = (hex_pair(value, at)?, hex_pair(value, at + 2)?);
    Some(if high == 0xff && low > 0 && low < 0x5f { low + 0x20 } else { low })
}

/// Copies a value and replaces what a step recognises.
///
/// `next` finds the next byte at which a step may begin; `step` sees the value from there on and says how many bytes it
/// takes and which byte, if any, stands for them. Borrowed when no step took anything.
pub fn rewrite<'a>(
    value: &'a [u8],
    next: impl Fn(&[u8]) -> Option<usize>,
    mut step: impl FnMut(&[u8]) -> Option<(usize, Option<u8>)>,
) -> Cow<'a, [u8]> {
    let (mut out, mut changed) = (Vec::new(), false);
    let (mut copied, mut at) = (0, 0);
    while let Some(skip) = next(&value[at..]) {
        at += skip;
        match step(&value[at..]) {
            Some((taken, byte)) => {
                if !changed {
                    out.reserve_exact(value.len());
                    changed = true;
                }
                out.extend_from_slice(&value[copied..at]);
                out.extend(byte);
                at += taken;
                copied = at;
            }
            None => at += 1,
        }
    }
    if !changed {
        return Cow::Borrowed(value);
    }
    out.extend_from_slice(&value[copied..]);
    Cow::Owned(out)
}
