//! Bytes: white space, hexadecimal digits, and the one loop that most decoders share.

use std::borrow::Cow;

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
