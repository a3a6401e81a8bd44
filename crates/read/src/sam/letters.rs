//! The letters at the end of a generated logical id: the first ten of a SHA-1 (FIPS 180-4) over the compact JSON with
//! sorted keys, as the transform has them. Only names are made of this, nothing is protected by it.

use serde_json::Value;
use sha1::{Digest, Sha1};

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
    Sha1::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
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
