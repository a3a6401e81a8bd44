//! The letters at the end of a generated logical id: the first ten of a SHA-1 (FIPS 180-4) over the compact JSON with
//! sorted keys, as the transform has them. Only names are made of this, nothing is protected by it.

use serde_json::Value;

/// `prefix` and the letters of a value; nothing is added for an empty value.
pub(super) fn logical_id(prefix: &str, value: &Value) -> String {
    match value {
        Value::Null => prefix.to_owned(),
        Value::String(text) if text.is_empty() => prefix.to_owned(),
        Value::Object(members) if members.is_empty() => prefix.to_owned(),
        Value::String(text) => format!("{prefix}{}", letters(text)),
        other => {
            let mut json = String::new();
            write(other, &mut json);
            format!("{prefix}{}", letters(&json))
        }
    }
}

/// The ten letters of a text.
pub(super) fn letters(text: &str) -> String {
    whole(text).chars().take(10).collect()
}

/// All forty letters of a text.
pub(super) fn whole(text: &str) -> String {
    sha1(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// JSON without spaces, keys sorted, everything beyond ASCII escaped.
fn write(value: &Value, out: &mut String) {
    match value {
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at > 0 { "," } else { "" });
                write(item, out);
            }
            out.push(']');
        }
        Value::Object(members) => {
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_by_key(|(key, _)| *key);
            out.push('{');
            for (at, (key, value)) in sorted.into_iter().enumerate() {
                out.push_str(if at > 0 { "," } else { "" });
                quoted(key, out);
                out.push(':');
                write(value, out);
            }
            out.push('}');
        }
        Value::String(text) => quoted(text, out),
        other => out.push_str(&other.to_string()),
    }
}

/// A text as JSON, everything beyond ASCII escaped.
pub(super) fn quoted(text: &str, out: &mut String) {
    for c in Value::String(text.to_owned()).to_string().chars() {
        match c.is_ascii() {
            true => out.push(c),
            false => {
                let mut units = [0u16; 2];
                out.extend(c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
            }
        }
    }
}

fn sha1(data: &[u8]) -> [u8; 20] {
    let mut state: [u32; 5] = [0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0];
    let mut padded = data.to_vec();
    padded.push(0x80);
    padded.resize(padded.len() + (120 - padded.len() % 64) % 64, 0);
    padded.extend((data.len() as u64 * 8).to_be_bytes());
    for block in padded.chunks_exact(64) {
        let mut words: Vec<u32> = block.chunks_exact(4).map(|word| word.iter().fold(0, |all, byte| all << 8 | u32::from(*byte))).collect();
        for at in 16..80 {
            let mixed = [3, 8, 14, 16].iter().fold(0, |all, back| all ^ words.get(at - back).copied().unwrap_or_default());
            words.push(mixed.rotate_left(1));
        }
        let [mut a, mut b, mut c, mut d, mut e] = state;
        for (at, word) in words.iter().enumerate() {
            let (f, k) = match at {
                0..20 => (b & c | !b & d, 0x5A82_7999u32),
                20..40 => (b ^ c ^ d, 0x6ED9_EBA1),
                40..60 => (b & c | b & d | c & d, 0x8F1B_BCDC),
                _ => (b ^ c ^ d, 0xCA62_C1D6),
            };
            let next = a.rotate_left(5).wrapping_add(f).wrapping_add(e).wrapping_add(k).wrapping_add(*word);
            (e, d, c, b, a) = (d, c, b.rotate_left(30), a, next);
        }
        for (sum, part) in state.iter_mut().zip([a, b, c, d, e]) {
            *sum = sum.wrapping_add(part);
        }
    }
    let mut out = [0; 20];
    for (place, word) in out.chunks_exact_mut(4).zip(state) {
        place.copy_from_slice(&word.to_be_bytes());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{letters, logical_id};
    use serde_json::json;

    #[test]
    fn known_letters() {
        // FIPS 180-4's examples.
        assert_eq!(letters("abc"), "a9993e3647");
        assert_eq!(letters(""), "da39a3ee5e");
        assert_eq!(letters("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"), "84983e441c");
        assert_eq!(letters(&"a".repeat(64)), "0098ba824b");
    }

    #[test]
    fn of_json_with_sorted_keys() {
        assert_eq!(logical_id("L", &json!({"b": [1, "é"], "a": {}})), format!("L{}", letters(r#"{"a":{},"b":[1,"\u00e9"]}"#)));
        assert_eq!(logical_id("L", &json!("")), "L");
        assert_eq!(logical_id("L", &json!("x")), format!("L{}", letters("x")));
    }
}
