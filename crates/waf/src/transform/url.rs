//! `urlDecode`, `urlDecodeUni`, `utf8toUnicode`.

use super::bytes::{hex_pair, rewrite, wide};
use std::borrow::Cow;

fn trigger(rest: &[u8]) -> Option<usize> {
    memchr::memchr2(b'%', b'+', rest)
}

/// `%HH` and `+`; what is no valid encoding stays.
pub fn decode(value: &[u8]) -> Cow<'_, [u8]> {
    rewrite(value, trigger, |rest| match rest[0] {
        b'+' => Some((1, Some(b' '))),
        _ => Some((3, Some(hex_pair(rest, 1)?))),
    })
}

/// Also Microsoft's `%uHHHH`: the lower byte, full-width ASCII adjusted.
pub fn decode_uni(value: &[u8]) -> Cow<'_, [u8]> {
    rewrite(value, trigger, |rest| match rest {
        [b'+', ..] => Some((1, Some(b' '))),
        [_, b'u' | b'U', ..] => Some((6, Some(wide(rest, 2)?))),
        _ => Some((3, Some(hex_pair(rest, 1)?))),
    })
}

/// UTF-8 sequences become `%uHHHH`, in small letters and at least four digits.
///
/// As ModSecurity 3 does it: a first byte without its following bytes is dropped, and for an overlong form or a
/// surrogate the first byte is repeated after the code. A NUL that is not the last byte is dropped.
pub fn utf8_to_unicode(value: &[u8]) -> Cow<'_, [u8]> {
    if value.is_ascii() && memchr::memchr(0, value).is_none_or(|at| at + 1 == value.len()) {
        return Cow::Borrowed(value);
    }
    let mut out = Vec::with_capacity(value.len() * 2);
    let mut at = 0;
    while let Some(&first) = value.get(at) {
        let length = match first {
            0 if at + 1 < value.len() => {
                at += 1;
                continue;
            }
            0xc0..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf7 => 4,
            _ => {
                out.push(first);
                at += 1;
                continue;
            }
        };
        if first >= 0xf5 {
            out.push(first);
        }
        let following = value.get(at + 1..at + length).filter(|rest| rest.iter().all(|byte| byte & 0xc0 == 0x80));
        let Some(following) = following else {
            at += 1;
            continue;
        };
        let lead = u32::from(first) & (0x7f >> length);
        let code = following.iter().fold(lead, |code, byte| code << 6 | u32::from(byte & 0x3f));
        out.extend_from_slice(format!("%u{code:04x}").as_bytes());
        let least = [0x80, 0x800, 0x1_0000][length - 2];
        if code < least {
            out.push(first);
        }
        if (0xd800..=0xdfff).contains(&code) {
            out.push(first);
        }
        at += length;
    }
    if out == value { Cow::Borrowed(value) } else { Cow::Owned(out) }
}
