//! Deltas of packs (gitformat-pack(5), "Deltified representation").

/// The sizes at the head of a delta: of its base, of what it makes, and how long the head is.
pub(crate) fn sizes(delta: &[u8]) -> Option<(usize, usize, usize)> {
    let (base, first) = size(delta)?;
    let (made, second) = size(delta.get(first..)?)?;
    Some((base, made, first + second))
}

/// A little-endian number of seven bits a byte, and its length.
fn size(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut number = 0usize;
    for (at, byte) in bytes.iter().enumerate().take(9) {
        number |= usize::from(byte & 0x7f).checked_shl(7 * u32::try_from(at).ok()?)?;
        if byte & 0x80 == 0 {
            return Some((number, at + 1));
        }
    }
    None
}

/// What a delta makes of its base; `None` when it does not fit it, or makes more than `most` bytes.
pub(crate) fn apply(base: &[u8], delta: &[u8], most: usize) -> Option<Vec<u8>> {
    let (expected, made, head) = sizes(delta)?;
    if expected != base.len() || made > most {
        return None;
    }
    let mut out = Vec::with_capacity(made);
    let mut rest = delta.get(head..)?;
    while let Some((&code, after)) = rest.split_first() {
        rest = after;
        if code == 0 || out.len() > made {
            return None;
        }
        if code & 0x80 == 0 {
            out.extend_from_slice(rest.get(..usize::from(code))?);
            rest = rest.get(usize::from(code)..)?;
            continue;
        }
        let mut number = |bits: std::ops::Range<u8>| {
            let mut number = 0usize;
            for (shift, bit) in bits.enumerate() {
                if code & (1 << bit) != 0 {
                    let (&byte, after) = rest.split_first()?;
                    number |= usize::from(byte) << (8 * shift);
                    rest = after;
                }
            }
            Some(number)
        };
        let from = number(0..4)?;
        let length = match number(4..7)? {
            0 => 0x10000,
            length => length,
        };
        out.extend_from_slice(base.get(from..from.checked_add(length)?)?);
    }
    (out.len() == made).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::apply;

    #[test]
    fn copies_and_inserts() {
        let base = b"one two three";
        // Copy 4 from 0, insert "2 ", copy 5 from 8.
        let delta = [13, 11, 0x90, 4, 2, b'2', b' ', 0x91, 8, 5];
        assert_eq!(apply(base, &delta, 100).unwrap(), b"one 2 three");
        assert_eq!(apply(base, &delta, 10), None, "too large");
        assert_eq!(apply(b"other", &delta, 100), None, "another base");
        for end in 0..delta.len() {
            assert_eq!(apply(base, &delta[..end], 100), None, "cut at {end}");
        }
        assert_eq!(apply(base, &[13, 5, 0x91, 200, 5], 100), None, "outside the base");
    }
}
