//! Backslashes: `cssDecode`, `jsDecode`, AWS's `JS_DECODE_EXT`, `escapeSeqDecode`.

use super::Dialect;
use super::bytes::{hex, hex_pair, is_space, rewrite, wide};
use std::borrow::Cow;

fn backslash(rest: &[u8]) -> Option<usize> {
    memchr::memchr(b'\\', rest)
}

/// CSS 2 escapes. One to six hexadecimal digits give the lower byte, full-width ASCII adjusted; one white space after
/// them goes with them; a newline after the backslash goes away; any other character stays without its backslash, so
/// that `ja\vascript` becomes `javascript`.
pub fn css(value: &[u8]) -> Cow<'_, [u8]> {
    rewrite(value, backslash, |rest| {
        let digits = rest[1..].iter().take(6).take_while(|byte| hex(**byte).is_some()).count();
        match (digits, rest.get(1)) {
            (0, None) => Some((1, None)),
            (0, Some(b'\n')) => Some((2, None)),
            (0, Some(&byte)) => Some((2, Some(byte))),
            (digits, _) => {
                let after = rest.get(1 + digits).is_some_and(|byte| is_space(*byte));
                Some((1 + digits + usize::from(after), Some(css_code(&rest[1..1 + digits]))))
            }
        }
    })
}

fn css_code(digits: &[u8]) -> u8 {
    let nibble = |at: usize| hex(digits[at]).unwrap_or(0);
    let length = digits.len();
    if length == 1 {
        return nibble(0);
    }
    let low = nibble(length - 2) << 4 | nibble(length - 1);
    // Full width is looked for only in codes of four digits, leading zeros aside.
    let leading = digits[..length.saturating_sub(4)].iter().all(|digit| *digit == b'0');
    let full = length >= 4 && leading && nibble(length - 3) == 15 && nibble(length - 4) == 15;
    if full && low > 0 && low < 0x5f { low + 0x20 } else { low }
}

fn octal(rest: &[u8]) -> (usize, u32) {
    let digits = rest.iter().take(3).take_while(|byte| matches!(byte, b'0'..=b'7')).count();
    (digits, rest[..digits].iter().fold(0, |code, byte| code * 8 + u32::from(byte - b'0')))
}

fn control(byte: u8) -> Option<u8> {
    Some(match byte {
        b'a' => 7,
        b'b' => 8,
        b'f' => 12,
        b'n' => 10,
        b'r' => 13,
        b't' => 9,
        b'v' => 11,
        _ => return None,
    })
}

/// `\uHHHH`, `\xHH`, `\OOO` up to `\377`: the codes that both forms of JavaScript decoding share.
fn js_code(rest: &[u8]) -> Option<(usize, Option<u8>)> {
    match rest.get(1)? {
        b'u' => Some((6, Some(wide(rest, 2)?))),
        b'x' => Some((4, Some(hex_pair(rest, 2)?))),
        b'0'..=b'7' => match octal(&rest[1..]) {
            (3, code) if code > 0o377 => Some((3, Some((code / 8) as u8))),
            (digits, code) => Some((1 + digits, Some(code as u8))),
        },
        _ => None,
    }
}

/// JavaScript escapes. A backslash before anything else goes away; one at the very end stays.
pub fn js(value: &[u8]) -> Cow<'_, [u8]> {
    rewrite(value, backslash, |rest| js_code(rest).or_else(|| rest.get(1).map(|&byte| (2, Some(control(byte).unwrap_or(byte))))))
}

/// AWS's `JS_DECODE_EXT`: the codes, and `\\`, `\/`, `\'`, `\"`; every other `\C` stays, so that Windows paths do.
pub fn js_ext(value: &[u8]) -> Cow<'_, [u8]> {
    rewrite(value, backslash, |rest| {
        js_code(rest).or_else(|| match rest.get(1) {
            Some(&byte @ (b'\\' | b'/' | b'\'' | b'"')) => Some((2, Some(byte))),
            _ => None,
        })
    })
}

/// ANSI C escapes. What is no valid encoding stays as it is with AWS ("remain in the output") and loses its backslash
/// with ModSecurity 3.
pub fn sequences(value: &[u8], dialect: Dialect) -> Cow<'_, [u8]> {
    rewrite(value, backslash, |rest| {
        let &byte = rest.get(1)?;
        match byte {
            b'\\' | b'?' | b'\'' | b'"' => return Some((2, Some(byte))),
            b'x' | b'X' => {
                if let Some(code) = hex_pair(rest, 2) {
                    return Some((4, Some(code)));
                }
            }
            b'0'..=b'7' => {
                let (digits, code) = octal(&rest[1..]);
                return Some((1 + digits, Some(code as u8)));
            }
            _ => {
                if let Some(code) = control(byte) {
                    return Some((2, Some(code)));
                }
            }
        }
        match dialect {
            Dialect::Aws => None,
            Dialect::ModSecurity => Some((2, Some(byte))),
        }
    })
}
