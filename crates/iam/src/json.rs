//! A small JSON reader that keeps places and duplicate keys (RFC 8259). Bounded depth; never panics on input.

use model::{Kind, Member, Node, Place};
use std::sync::Arc;

/// Text that is not JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// What is wrong.
    pub says: String,
    /// Where.
    pub place: Place,
}

impl std::fmt::Display for Malformed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.place, self.says)
    }
}

impl std::error::Error for Malformed {}

/// Nesting that is still read.
const DEPTH: usize = 128;

/// Reads JSON text.
///
/// # Errors
/// When the text is not one JSON value, with the place of the first fault.
pub fn read(file: &str, text: &str) -> Result<Node, Malformed> {
    let mut reader = Reader { file: file.into(), text, at: 0, line: 1, mark: 0, mark_column: 1 };
    let node = reader.value(0)?;
    reader.space();
    if reader.at < text.len() { Err(reader.fault("text after the JSON value")) } else { Ok(node) }
}

/// The same value with every place replaced: for JSON that stands inside another value.
pub(crate) fn placed(mut node: Node, place: &Place) -> Node {
    node.place = place.clone();
    node.kind = match node.kind {
        Kind::List(items) => Kind::List(items.into_iter().map(|item| placed(item, place)).collect()),
        Kind::Map(members) => {
            Kind::Map(members.into_iter().map(|m| Member { key: m.key, key_place: place.clone(), value: placed(m.value, place) }).collect())
        }
        kind => kind,
    };
    node
}

struct Reader<'a> {
    file: Arc<str>,
    text: &'a str,
    at: usize,
    line: u32,
    /// A position on this line and its column: columns are counted on from it, so that one long line costs no more
    /// than many short ones.
    mark: usize,
    mark_column: u32,
}

impl Reader<'_> {
    fn fault(&mut self, says: &str) -> Malformed {
        Malformed { says: says.into(), place: self.place(self.at) }
    }

    /// The place of a position at or after the mark.
    fn place(&mut self, start: usize) -> Place {
        self.mark_column += self.text.get(self.mark..start).map_or(0, |between| between.chars().count()) as u32;
        self.mark = start;
        Place::new(self.file.clone(), self.line, self.mark_column)
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while let Some(byte) = self.peek().filter(u8::is_ascii_whitespace) {
            self.at += 1;
            if byte == b'\n' {
                self.line += 1;
                (self.mark, self.mark_column) = (self.at, 1);
            }
        }
    }

    fn expect(&mut self, byte: u8) -> Result<(), Malformed> {
        self.space();
        if self.peek() != Some(byte) {
            return Err(self.fault(&format!("expected {:?}", byte as char)));
        }
        self.at += 1;
        Ok(())
    }

    fn value(&mut self, depth: usize) -> Result<Node, Malformed> {
        if depth > DEPTH {
            return Err(self.fault("nested too deeply"));
        }
        self.space();
        let (start, place) = (self.at, self.place(self.at));
        let kind = match self.peek() {
            Some(b'{') => self.map(depth)?,
            Some(b'[') => self.list(depth)?,
            Some(b'"') => Kind::String(self.string()?),
            Some(b't') => self.word("true", Kind::Bool(true))?,
            Some(b'f') => self.word("false", Kind::Bool(false))?,
            Some(b'n') => self.word("null", Kind::Null)?,
            Some(b'-' | b'0'..=b'9') => self.number()?,
            _ => return Err(self.fault("expected a JSON value")),
        };
        Ok(Node::new(kind, place.with_span(start, self.at)))
    }

    fn map(&mut self, depth: usize) -> Result<Kind, Malformed> {
        self.at += 1;
        let mut members = Vec::new();
        self.space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Kind::Map(members));
        }
        loop {
            self.space();
            let (start, place) = (self.at, self.place(self.at));
            if self.peek() != Some(b'"') {
                return Err(self.fault("expected a key"));
            }
            let key = self.string()?;
            let key_place = place.with_span(start, self.at);
            self.expect(b':')?;
            let value = self.value(depth + 1)?;
            members.push(Member { key, key_place, value });
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(Kind::Map(members));
                }
                _ => return Err(self.fault("expected ',' or '}'")),
            }
        }
    }

    fn list(&mut self, depth: usize) -> Result<Kind, Malformed> {
        self.at += 1;
        let mut items = Vec::new();
        self.space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Kind::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(Kind::List(items));
                }
                _ => return Err(self.fault("expected ',' or ']'")),
            }
        }
    }

    fn word(&mut self, word: &str, kind: Kind) -> Result<Kind, Malformed> {
        if self.text.get(self.at..).is_some_and(|rest| rest.starts_with(word)) {
            self.at += word.len();
            return Ok(kind);
        }
        Err(self.fault("expected a JSON value"))
    }

    fn number(&mut self) -> Result<Kind, Malformed> {
        let rest = &self.text[self.at..];
        let length = rest.bytes().take_while(|b| matches!(b, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')).count();
        let digits = &rest[..length];
        if serde_json::from_str::<serde_json::Number>(digits).is_err() {
            return Err(self.fault("this is not a number"));
        }
        self.at += length;
        Ok(Kind::Number(digits.into()))
    }

    /// A string; its escapes are read by serde_json.
    fn string(&mut self) -> Result<String, Malformed> {
        let start = self.at;
        let mut end = start + 1;
        let bytes = self.text.as_bytes();
        loop {
            match bytes.get(end) {
                None => return Err(self.fault("the text does not end")),
                Some(b'"') => break,
                Some(b'\\') => end += 2,
                Some(_) => end += 1,
            }
        }
        let raw = self.text.get(start..=end).unwrap_or_default();
        let text = serde_json::from_str(raw).map_err(|_| self.fault("this text has a bad escape or a control character"))?;
        self.at = end + 1;
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::read;

    #[test]
    fn keeps_places_and_duplicates() {
        let node = read("p.json", "{\n  \"é\": [1, \"x\"],\n  \"é\": true }").unwrap();
        assert_eq!(node.members().len(), 2);
        assert_eq!(node.members()[1].key_place.to_string(), "p.json:3:3");
        assert_eq!(node.members()[0].value.items()[1].place.to_string(), "p.json:2:12");
    }

    #[test]
    fn faults_have_places() {
        for (text, at) in [
            ("{\"a\":}", "f:1:6"),
            ("{\"a\":1,}", "f:1:8"),
            ("[1\n 2]", "f:2:2"),
            ("\"abc", "f:1:1"),
            ("{} x", "f:1:4"),
            ("01", "f:1:1"),
            ("\"\\", "f:1:1"),
            ("", "f:1:1"),
        ] {
            assert_eq!(read("f", text).unwrap_err().place.to_string(), at, "{text}");
        }
        assert!(read("f", &"[".repeat(100_000)).is_err());
    }
}
