//! CBOR as far as Smithy's RPC v2 protocol uses it (RFC 8949; Smithy, "Smithy RPC v2 CBOR protocol"), to and from JSON
//! values. Timestamps are numbers of seconds in JSON and tag 1 on the wire; byte strings are base64 in JSON.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Number, Value};

/// How deep values may lie in each other.
const DEPTH: usize = 32;

/// The value that these bytes hold and nothing after it; `None` when they are no CBOR that JSON can hold.
pub(crate) fn decode(bytes: &[u8]) -> Option<Value> {
    let mut input = Input { bytes };
    let value = input.value(DEPTH)?;
    input.bytes.is_empty().then_some(value)
}

struct Input<'a> {
    bytes: &'a [u8],
}

/// The length of a string, list or map.
#[derive(Clone, Copy)]
enum Length {
    Of(usize),
    UntilBreak,
}

impl Input<'_> {
    fn take(&mut self, count: usize) -> Option<&[u8]> {
        let (taken, rest) = self.bytes.split_at_checked(count)?;
        self.bytes = rest;
        Some(taken)
    }

    fn number(&mut self, bytes: usize) -> Option<u64> {
        Some(self.take(bytes)?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    /// The major type, and the argument where it has one.
    fn head(&mut self) -> Option<(u8, u8, Option<u64>)> {
        let first = *self.take(1)?.first()?;
        let (major, minor) = (first >> 5, first & 31);
        let argument = match minor {
            0..=23 => Some(u64::from(minor)),
            24 => Some(self.number(1)?),
            25 => Some(self.number(2)?),
            26 => Some(self.number(4)?),
            27 => Some(self.number(8)?),
            31 => None,
            _ => return None,
        };
        Some((major, minor, argument))
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        let depth = depth.checked_sub(1)?;
        let (major, minor, argument) = self.head()?;
        let length = match argument {
            Some(count) => Length::Of(usize::try_from(count).ok()?),
            None => Length::UntilBreak,
        };
        Some(match major {
            0 => Value::from(argument?),
            1 => Value::from(-1 - i64::try_from(argument?).ok()?),
            2 => Value::String(STANDARD.encode(self.string(2, length)?)),
            3 => Value::String(String::from_utf8(self.string(3, length)?).ok()?),
            4 => {
                let mut items = Vec::new();
                while self.more(length, items.len())? {
                    items.push(self.value(depth)?);
                }
                Value::Array(items)
            }
            5 => {
                let (mut members, mut count) = (Map::new(), 0);
                while self.more(length, count)? {
                    let Value::String(key) = self.value(depth)? else { return None };
                    members.insert(key, self.value(depth)?);
                    count += 1;
                }
                Value::Object(members)
            }
            // A tag says what the number after it means; only times are sent, and they stay numbers.
            6 => self.value(depth)?,
            _ => match (minor, argument) {
                (20, _) => Value::Bool(false),
                (21, _) => Value::Bool(true),
                (22 | 23, _) => Value::Null,
                (25, Some(bits)) => float(half(u16::try_from(bits).ok()?))?,
                (26, Some(bits)) => float(f64::from(f32::from_bits(u32::try_from(bits).ok()?)))?,
                (27, Some(bits)) => float(f64::from_bits(bits))?,
                _ => return None,
            },
        })
    }

    /// Whether another item follows.
    fn more(&mut self, length: Length, so_far: usize) -> Option<bool> {
        match length {
            Length::Of(count) => Some(so_far < count),
            Length::UntilBreak => {
                let ends = *self.bytes.first()? == 0xff;
                if ends {
                    self.take(1)?;
                }
                Some(!ends)
            }
        }
    }

    fn string(&mut self, kind: u8, length: Length) -> Option<Vec<u8>> {
        let Length::UntilBreak = length else {
            let Length::Of(count) = length else { return None };
            return self.take(count).map(<[u8]>::to_vec);
        };
        let mut whole = Vec::new();
        while self.more(Length::UntilBreak, 0)? {
            let (major, _, Some(count)) = self.head()? else { return None };
            if major != kind {
                return None;
            }
            whole.extend_from_slice(self.take(usize::try_from(count).ok()?)?);
        }
        Some(whole)
    }
}

fn float(number: f64) -> Option<Value> {
    Number::from_f64(number).map(Value::Number)
}

/// RFC 8949, appendix D.
fn half(bits: u16) -> f64 {
    let (exponent, mantissa) = (i32::from(bits >> 10 & 31), f64::from(bits & 1023));
    let value = match exponent {
        0 => mantissa * 2_f64.powi(-24),
        31 if mantissa == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (mantissa + 1024.0) * 2_f64.powi(exponent - 25),
    };
    if bits >> 15 == 0 { value } else { -value }
}

/// The value as CBOR. Members with one of these names are times, or lists of times.
pub(crate) fn encode(value: &Value, times: &[&str]) -> Vec<u8> {
    let mut out = Vec::new();
    write(&mut out, value, false, times);
    out
}

fn write(out: &mut Vec<u8>, value: &Value, time: bool, times: &[&str]) {
    match value {
        Value::Null => out.push(0xf6),
        Value::Bool(value) => out.push(0xf4 + u8::from(*value)),
        Value::Number(number) => {
            if time {
                head(out, 6, 1);
            }
            match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(number), ..) => head(out, 0, number),
                (None, Some(number), _) => head(out, 1, number.unsigned_abs() - 1),
                (None, None, number) => {
                    out.push(0xfb);
                    out.extend_from_slice(&number.unwrap_or_default().to_be_bytes());
                }
            }
        }
        Value::String(text) => {
            head(out, 3, text.len() as u64);
            out.extend_from_slice(text.as_bytes());
        }
        Value::Array(items) => {
            head(out, 4, items.len() as u64);
            items.iter().for_each(|item| write(out, item, time, times));
        }
        Value::Object(members) => {
            head(out, 5, members.len() as u64);
            for (key, value) in members {
                write(out, &Value::String(key.clone()), false, times);
                write(out, value, times.contains(&key.as_str()), times);
            }
        }
    }
}

fn head(out: &mut Vec<u8>, major: u8, argument: u64) {
    let major = major << 5;
    let bytes = argument.to_be_bytes();
    let (minor, from) = match argument {
        0..=23 => return out.push(major | bytes[7]),
        24..=0xff => (24, 7),
        0x100..=0xffff => (25, 6),
        0x1_0000..=0xffff_ffff => (26, 4),
        _ => (27, 0),
    };
    out.push(major | minor);
    out.extend_from_slice(bytes.get(from..).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    /// RFC 8949, appendix A.
    #[test]
    fn the_rfcs_examples() {
        let cases: [(&[u8], Value); 14] = [
            (&[0x17], json!(23)),
            (&[0x18, 0x64], json!(100)),
            (&[0x1b, 0, 0, 0, 0xe8, 0xd4, 0xa5, 0x10, 0], json!(1_000_000_000_000_u64)),
            (&[0x39, 0x03, 0xe7], json!(-1000)),
            (&[0xf9, 0x3e, 0x00], json!(1.5)),
            (&[0xf9, 0x00, 0x01], json!(5.960_464_477_539_063e-8)),
            (&[0xfa, 0x47, 0xc3, 0x50, 0x00], json!(100_000.0)),
            (&[0xfb, 0xc0, 0x10, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66], json!(-4.1)),
            (&[0xc1, 0x1a, 0x51, 0x4b, 0x67, 0xb0], json!(1_363_896_240)),
            (&[0x44, 1, 2, 3, 4], json!("AQIDBA==")),
            (&[0x62, 0xc3, 0xbc], json!("ü")),
            (&[0x9f, 0x01, 0x82, 0x02, 0x03, 0x9f, 0x04, 0x05, 0xff, 0xff], json!([1, [2, 3], [4, 5]])),
            (&[0xbf, 0x63, 0x46, 0x75, 0x6e, 0xf5, 0x63, 0x41, 0x6d, 0x74, 0x21, 0xff], json!({"Fun": true, "Amt": -2})),
            (&[0x7f, 0x65, 0x73, 0x74, 0x72, 0x65, 0x61, 0x64, 0x6d, 0x69, 0x6e, 0x67, 0xff], json!("streaming")),
        ];
        for (bytes, value) in cases {
            assert_eq!(decode(bytes), Some(value), "{bytes:x?}");
        }
        assert_eq!(encode(&json!({"Timestamps": [1]}), &["Timestamps"]), [&[0xa1, 0x6a][..], b"Timestamps", &[0x81, 0xc1, 0x01]].concat());
        for bad in [&[0x1c][..], &[0x61], &[0x82, 1], &[0x5f, 0x61, 0x61, 0xff], &[0xa1, 1, 1], &[1, 1], &[0xf9, 0x7c, 0x00], &[0x81; 99]] {
            assert_eq!(decode(bad), None, "{bad:x?}");
        }
        assert_eq!(decode(&[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]), None);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_and_no_bytes_hurt(number in any::<i64>(), fraction in -1e9..1e9_f64, text in ".*", bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let value = json!({ "a": [number, { "b": text }, null, true], "f": fraction + 0.5 });
            prop_assert_eq!(decode(&encode(&value, &[])), Some(value));
            let _ = decode(&bytes);
        }
    }
}
