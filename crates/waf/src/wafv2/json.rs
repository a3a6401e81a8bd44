//! A JSON body taken apart as AWS WAF does it: tolerant where the documentation says so, and as far as it goes.
//!
//! "JSON body" of "Request component options": a missing comma, a missing colon and extra colons still give pairs; invalid
//! characters, duplicate keys, truncation and a root that is no object or array end it. Linear in the body; no recursion.

use std::borrow::Cow;
use std::collections::HashSet;

/// What could be read.
#[derive(Debug, Default)]
pub struct Json<'a> {
    /// Keys and scalar values in the order they stand.
    pub elements: Vec<Element<'a>>,
    /// Whether all of it could be read.
    pub complete: bool,
    steps: Vec<Step<'a>>,
}

/// A key, or a scalar value.
#[derive(Debug)]
pub struct Element<'a> {
    /// A key rather than a value.
    pub is_key: bool,
    /// Text without quotes and escapes; numbers and literals as they stand.
    pub text: Cow<'a, [u8]>,
    step: usize,
}

/// One step of a JSON pointer, with the step before it.
#[derive(Debug)]
struct Step<'a> {
    parent: usize,
    name: Name<'a>,
}

#[derive(Debug)]
enum Name<'a> {
    Root,
    Key(Cow<'a, [u8]>),
    Index(usize),
}

impl<'a> Json<'a> {
    /// Reads a body.
    pub fn read(body: &'a [u8]) -> Self {
        let mut reader = Reader { body, at: 0, out: Self { steps: vec![Step { parent: 0, name: Name::Root }], ..Self::default() } };
        reader.out.complete = reader.root().is_some();
        reader.out
    }

    /// Which steps lie at a pointer (`Some(true)`) or below it (`Some(false)`): one pass, parents before children.
    fn under(&self, pointer: &[String]) -> Vec<Option<bool>> {
        // How many segments of the pointer a step has met; `None`: it left the pointer.
        let mut met: Vec<Option<usize>> = Vec::with_capacity(self.steps.len());
        let mut found = Vec::with_capacity(self.steps.len());
        for step in &self.steps {
            let (state, deeper) = match &step.name {
                Name::Root => (Some(0), false),
                name => match met[step.parent] {
                    Some(count) if count == pointer.len() => (Some(count), true),
                    Some(count) if name.is(&pointer[count]) => (Some(count + 1), false),
                    _ => (None, false),
                },
            };
            found.push((state == Some(pointer.len())).then_some(!deeper));
            met.push(state);
        }
        found
    }

    /// Marks the elements that a list of JSON pointers includes: values at or below one, keys below one.
    pub fn included(&self, pointers: &[Vec<String>]) -> Vec<bool> {
        let mut included = vec![false; self.elements.len()];
        for pointer in pointers {
            let under = self.under(pointer);
            for (element, included) in self.elements.iter().zip(&mut included) {
                *included |= under[element.step].is_some_and(|at| !(element.is_key && at));
            }
        }
        included
    }
}

impl Name<'_> {
    fn is(&self, segment: &str) -> bool {
        match self {
            Self::Root => false,
            Self::Key(key) => **key == *segment.as_bytes(),
            Self::Index(index) => segment.parse() == Ok(*index) && (segment == "0" || !segment.starts_with('0')),
        }
    }
}

/// A JSON pointer's segments (RFC 6901). `None` where it does not begin with `/`.
pub fn pointer(text: &str) -> Option<Vec<String>> {
    if text.is_empty() {
        return Some(Vec::new());
    }
    Some(text.strip_prefix('/')?.split('/').map(|segment| segment.replace("~1", "/").replace("~0", "~")).collect())
}

enum Open<'a> {
    Object { step: usize, keys: HashSet<Cow<'a, [u8]>> },
    Array { step: usize, next: usize },
}

struct Reader<'a> {
    body: &'a [u8],
    at: usize,
    out: Json<'a>,
}

impl<'a> Reader<'a> {
    fn space(&mut self) -> Option<u8> {
        while matches!(self.body.get(self.at), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
        self.body.get(self.at).copied()
    }

    fn step(&mut self, parent: usize, name: Name<'a>) -> usize {
        self.out.steps.push(Step { parent, name });
        self.out.steps.len() - 1
    }

    /// `None` where reading stopped.
    fn root(&mut self) -> Option<()> {
        if !matches!(self.space()?, b'{' | b'[') {
            return None;
        }
        let mut open: Vec<Open<'a>> = Vec::new();
        self.value(0, &mut open)?;
        // Whether an element stands before: a comma may follow, and must not be the first.
        let mut after_element = false;
        while let Some(top) = open.last_mut() {
            let byte = {
                while matches!(self.body.get(self.at), Some(b' ' | b'\t' | b'\r' | b'\n')) {
                    self.at += 1;
                }
                *self.body.get(self.at)?
            };
            let mut comma = false;
            match (byte, &top) {
                (b'}', Open::Object { .. }) | (b']', Open::Array { .. }) => {
                    self.at += 1;
                    open.pop();
                    after_element = true;
                    continue;
                }
                (b',', _) if after_element => {
                    self.at += 1;
                    comma = true;
                }
                _ => {}
            }
            if comma {
                // `,]` and `,}` are no JSON, and not among the documented tolerances.
                if matches!(self.space()?, b'}' | b']' | b',') {
                    return None;
                }
            }
            let top = open.last_mut()?;
            match top {
                Open::Object { step, keys } => {
                    let parent = *step;
                    if self.body.get(self.at) != Some(&b'"') {
                        return None;
                    }
                    let key = string(self.body, &mut self.at)?;
                    if !keys.insert(key.clone()) {
                        return None;
                    }
                    let step = self.step(parent, Name::Key(key.clone()));
                    self.out.elements.push(Element { is_key: true, text: key, step });
                    // None, one or more colons.
                    while self.space()? == b':' {
                        self.at += 1;
                    }
                    after_element = self.value(step, &mut open)?;
                }
                Open::Array { step, next } => {
                    // A missing comma is documented for pairs; between the elements of an array it is an error.
                    if after_element && !comma {
                        return None;
                    }
                    let (parent, index) = (*step, *next);
                    *next += 1;
                    let step = self.step(parent, Name::Index(index));
                    after_element = self.value(step, &mut open)?;
                }
            }
        }
        // What follows the root is an invalid character.
        self.space().is_none().then_some(())
    }

    /// Reads a scalar, or opens an object or array. Whether the value ended.
    fn value(&mut self, step: usize, open: &mut Vec<Open<'a>>) -> Option<bool> {
        let text = match self.space()? {
            b'{' => {
                self.at += 1;
                open.push(Open::Object { step, keys: HashSet::new() });
                return Some(false);
            }
            b'[' => {
                self.at += 1;
                open.push(Open::Array { step, next: 0 });
                return Some(false);
            }
            b'"' => string(self.body, &mut self.at)?,
            _ => {
                let length =
                    self.body[self.at..].iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'+' | b'.')).count();
                let word = &self.body[self.at..self.at + length];
                // A word that ends with the body may have been cut.
                if self.at + length == self.body.len() || !(matches!(word, b"true" | b"false" | b"null") || is_number(word)) {
                    return None;
                }
                self.at += length;
                Cow::Borrowed(word)
            }
        };
        self.out.elements.push(Element { is_key: false, text, step });
        Some(true)
    }
}

/// RFC 8259's number.
fn is_number(word: &[u8]) -> bool {
    let word = word.strip_prefix(b"-").unwrap_or(word);
    let digits = |part: &[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_digit);
    let (mantissa, exponent) = match word.iter().position(|b| matches!(b, b'e' | b'E')) {
        Some(at) => (&word[..at], Some(&word[at + 1..])),
        None => (word, None),
    };
    let (whole, fraction) = match mantissa.iter().position(|b| *b == b'.') {
        Some(at) => (&mantissa[..at], Some(&mantissa[at + 1..])),
        None => (mantissa, None),
    };
    let exponent = exponent.is_none_or(|part| digits(part.strip_prefix(b"+").or(part.strip_prefix(b"-")).unwrap_or(part)));
    digits(whole) && (whole.len() == 1 || whole[0] != b'0') && fraction.is_none_or(digits) && exponent
}

/// Reads a string whose opening quote stands at `at`; `None` where it is not valid or does not end.
fn string<'a>(body: &'a [u8], at: &mut usize) -> Option<Cow<'a, [u8]>> {
    let start = *at + 1;
    let mut out: Option<Vec<u8>> = None;
    let (mut i, mut copied) = (start, start);
    loop {
        match *body.get(i)? {
            b'"' => {
                *at = i + 1;
                return Some(match out {
                    None => Cow::Borrowed(&body[start..i]),
                    Some(mut text) => {
                        text.extend_from_slice(&body[copied..i]);
                        Cow::Owned(text)
                    }
                });
            }
            b'\\' => {
                let text = out.get_or_insert_with(Vec::new);
                text.extend_from_slice(&body[copied..i]);
                i += escape(&body[i..], text)?;
                copied = i;
            }
            0..=0x1f => return None,
            _ => i += 1,
        }
    }
}

/// One escape; how many bytes it has.
fn escape(rest: &[u8], text: &mut Vec<u8>) -> Option<usize> {
    let byte = match *rest.get(1)? {
        b'u' => {
            let unit = |at: usize| {
                let digits = rest.get(at..at + 4)?;
                digits.iter().try_fold(0_u32, |code, digit| Some(code << 4 | u32::from(crate::transform::hex(*digit)?)))
            };
            let first = unit(2)?;
            let (code, length) = match first {
                0xd800..=0xdbff if rest.get(6..8) == Some(b"\\u") => {
                    let second = unit(8).filter(|second| (0xdc00..=0xdfff).contains(second))?;
                    (0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00), 12)
                }
                code => (code, 6),
            };
            let mut buffer = [0; 4];
            text.extend_from_slice(char::from_u32(code)?.encode_utf8(&mut buffer).as_bytes());
            return Some(length);
        }
        byte @ (b'"' | b'\\' | b'/') => byte,
        b'b' => 8,
        b'f' => 12,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        _ => return None,
    };
    text.push(byte);
    Some(2)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn keys_and_values(body: &str) -> (Vec<String>, bool) {
        let json = Json::read(body.as_bytes());
        let show = |e: &Element| format!("{}{}", if e.is_key { "k:" } else { "" }, String::from_utf8_lossy(&e.text));
        (json.elements.iter().map(show).collect(), json.complete)
    }

    /// "JSON body": parsed as two valid key:value pairs.
    #[test]
    fn documented_tolerances() {
        for body in [r#"{"key1":"value1""key2":"value2"}"#, r#"{"key1":"value1","key2""value2"}"#, r#"{"key1"::"value1","key2""value2"}"#] {
            assert_eq!(keys_and_values(body), (vec!["k:key1".into(), "value1".into(), "k:key2".into(), "value2".into()], true), "{body}");
        }
    }

    /// "JSON body": reasons for which it stops.
    #[test]
    fn documented_stops() {
        let cases: [(&str, &[&str]); 8] = [
            (r#"{"a":"1","a":"2"}"#, &["k:a", "1"]),
            (r#"{"a":"1","b":"tr"#, &["k:a", "1", "k:b"]),
            (r#""root""#, &[]),
            ("42", &[]),
            (r#"{"a":1,?"#, &["k:a", "1"]),
            (r#"{"a":1}x"#, &["k:a", "1"]),
            (r#"[1,,2]"#, &["1"]),
            ("", &[]),
        ];
        for (body, expected) in cases {
            let (found, complete) = keys_and_values(body);
            assert!(!complete && found == expected, "{body}: {found:?}");
        }
    }

    /// "Example JSON body inspection scenario": included path /a/b.
    #[test]
    fn documented_paths() {
        let json = Json::read(br#"{"a":{"c":"d","b":{"e":{"f":"g"}}}}"#);
        let included = json.included(&[pointer("/a/b").unwrap()]);
        let found: Vec<_> = json.elements.iter().zip(included).filter(|(_, yes)| *yes).map(|(e, _)| (e.is_key, &*e.text)).collect();
        let expected: [(bool, &[u8]); 3] = [(true, b"e"), (true, b"f"), (false, b"g")];
        assert_eq!(found, expected);
        let dogs = Json::read(br#"{"dogs":[{"name":"x"},{"name":"y"}]}"#);
        let included = dogs.included(&[pointer("/dogs/1/name").unwrap()]);
        assert_eq!(dogs.elements.iter().zip(included).filter(|(_, yes)| *yes).map(|(e, _)| &*e.text).collect::<Vec<_>>(), [b"y"]);
    }

    #[test]
    fn deep_and_escaped() {
        let deep = "[".repeat(60_000) + &"]".repeat(60_000);
        assert!(Json::read(deep.as_bytes()).complete);
        assert_eq!(keys_and_values(r#"{"a\u0027":"\ud83d\ude00\n"}"#), (vec!["k:a'".into(), "😀\n".into()], true));
        assert!(!Json::read(br#"["\ud800"]"#).complete);
    }

    fn leaves(value: &serde_json::Value, out: &mut Vec<String>) {
        match value {
            serde_json::Value::Array(items) => items.iter().for_each(|item| leaves(item, out)),
            serde_json::Value::Object(members) => members.iter().for_each(|(key, value)| {
                out.push(format!("k:{key}"));
                leaves(value, out);
            }),
            serde_json::Value::String(text) => out.push(text.clone()),
            other => out.push(other.to_string()),
        }
    }

    fn json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![any::<bool>().prop_map(Into::into), any::<i32>().prop_map(Into::into), ".{0,6}".prop_map(Into::into)];
        let tree = leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
                prop::collection::btree_map("[a-d\"\\\\]{0,3}", inner, 0..4)
                    .prop_map(|map| map.into_iter().collect::<serde_json::Map<_, _>>().into()),
            ]
        });
        tree.prop_map(|value| if value.is_array() || value.is_object() { value } else { serde_json::json!([value]) })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]

        /// Valid JSON gives what a strict parser sees, whole.
        #[test]
        fn valid_json_is_read_whole(value in json(), pretty in any::<bool>()) {
            let text = if pretty { serde_json::to_string_pretty(&value).unwrap() } else { value.to_string() };
            let mut expected = Vec::new();
            leaves(&value, &mut expected);
            prop_assert_eq!(keys_and_values(&text), (expected, true));
        }

        /// Any cut is noticed, and what was read before it is a beginning of the whole.
        #[test]
        fn a_cut_is_noticed(value in json(), at in any::<prop::sample::Index>()) {
            let text = value.to_string();
            let cut = at.index(text.len());
            let whole = keys_and_values(&text).0;
            let json = Json::read(&text.as_bytes()[..cut]);
            prop_assert!(!json.complete && json.elements.len() <= whole.len());
            for (element, whole) in json.elements.iter().zip(&whole) {
                prop_assert_eq!(&*element.text, whole.strip_prefix("k:").filter(|_| element.is_key).unwrap_or(whole).as_bytes());
            }
        }

        /// Anything at all is read without a panic.
        #[test]
        fn any_bytes(body in prop::collection::vec(prop::sample::select(b"{}[]\":,\\u0a1-.e tfn\n\x01\xff".to_vec()), 0..64)) {
            let json = Json::read(&body);
            prop_assert!(json.elements.len() <= body.len());
        }
    }
}
