//! Encodings and digests: Base64, hexadecimal, SQL's `0x...`, MD5, SHA-1, SHA-256, length.

use super::bytes::{hex, hex_pair};
use sha2::Digest;
use std::borrow::Cow;

/// The value of a Base64 digit.
fn digit(byte: u8) -> Option<u32> {
    Some(u32::from(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    }))
}

fn decoded(digits: impl Iterator<Item = u32>, size: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(size / 4 * 3 + 3);
    let (mut bits, mut held) = (0_u32, 0);
    for digit in digits {
        bits = bits << 6 | digit;
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push((bits >> held) as u8);
        }
    }
    out
}

/// Base64 up to the first byte that is none.
///
/// ModSecurity 2 and Coraza decode that far; libmodsecurity 3 gives nothing for a value with such a byte. The longer answer
/// is taken: a detector then sees more, never less.
pub fn base64(value: &[u8]) -> Vec<u8> {
    decoded(value.iter().map_while(|byte| digit(*byte)), value.len())
}

/// Base64 without the bytes that are none.
pub fn base64_ext(value: &[u8]) -> Vec<u8> {
    decoded(value.iter().filter_map(|byte| digit(*byte)), value.len())
}

/// Base64 with padding.
pub fn base64_encode(value: &[u8]) -> Vec<u8> {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(value).into_bytes()
}

/// Pairs of hexadecimal digits; an odd last digit goes away. Other bytes count as ModSecurity counts them.
pub fn hex_decode(value: &[u8]) -> Vec<u8> {
    let nibble = |byte: u8| {
        hex(byte).unwrap_or(if byte >= b'A' { (byte & 0xdf).wrapping_sub(b'A').wrapping_add(10) } else { byte.wrapping_sub(b'0') })
    };
    value.chunks_exact(2).map(|pair| nibble(pair[0]).wrapping_mul(16).wrapping_add(nibble(pair[1]))).collect()
}

/// Two digits for each byte, in small letters.
pub fn hex_encode(value: &[u8]) -> Vec<u8> {
    value.iter().flat_map(|byte| [b"0123456789abcdef"[usize::from(byte >> 4)], b"0123456789abcdef"[usize::from(byte & 15)]]).collect()
}

/// `0x414243` becomes `ABC`, anywhere in the value.
pub fn sql_hex(value: &[u8]) -> Cow<'_, [u8]> {
    let mut out: Vec<u8> = Vec::new();
    let (mut copied, mut at) = (0, 0);
    while let Some(skip) = memchr::memchr(b'0', &value[at..]) {
        at += skip;
        if matches!(value.get(at + 1), Some(b'x' | b'X')) && hex_pair(value, at + 2).is_some() {
            out.extend_from_slice(&value[copied..at]);
            at += 2;
            while let Some(byte) = hex_pair(value, at) {
                out.push(byte);
                at += 2;
            }
            copied = at;
        } else {
            at += 1;
        }
    }
    if copied == 0 {
        return Cow::Borrowed(value);
    }
    out.extend_from_slice(&value[copied..]);
    Cow::Owned(out)
}

/// The digest's sixteen bytes.
pub fn md5(value: &[u8]) -> Vec<u8> {
    md5::Md5::digest(value).to_vec()
}

/// The digest's twenty bytes.
pub fn sha1(value: &[u8]) -> Vec<u8> {
    sha1::Sha1::digest(value).to_vec()
}

/// The digest's thirty-two bytes.
pub fn sha256(value: &[u8]) -> Vec<u8> {
    sha2::Sha256::digest(value).to_vec()
}

/// The number of bytes, in decimal digits.
pub fn length(value: &[u8]) -> Vec<u8> {
    value.len().to_string().into_bytes()
}
