//! Query strings and URL-encoded forms.

use crate::transform::hex;

/// Names and values, decoded; an escape that is none stays as it is.
pub fn arguments(text: &[u8], separator: u8) -> Vec<(Vec<u8>, Vec<u8>)> {
    let pairs = text.split(|byte| *byte == separator).filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let cut = memchr::memchr(b'=', pair).unwrap_or(pair.len());
            (decode(&pair[..cut], true), decode(pair.get(cut + 1..).unwrap_or_default(), true))
        })
        .collect()
}

/// A path, decoded: `+` is itself.
pub fn decode_path(path: &[u8]) -> Vec<u8> {
    decode(path, false)
}

fn decode(text: &[u8], plus: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(byte) = text.get(at).copied() {
        let pair = (byte == b'%').then(|| Some((hex(*text.get(at + 1)?)? << 4) | hex(*text.get(at + 2)?)?)).flatten();
        match pair {
            Some(decoded) => {
                out.push(decoded);
                at += 3;
            }
            None => {
                out.push(if byte == b'+' && plus { b' ' } else { byte });
                at += 1;
            }
        }
    }
    out
}
