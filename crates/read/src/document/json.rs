//! JSON (RFC 8259) with places. What is not JSON is left to the YAML reader, which gives the message.

use super::{MAX_DEPTH, MAX_NODES};
use model::{Kind, Member, Node, Place};
use std::sync::Arc;

/// The whole text as one JSON value, or nothing when it is not JSON.
pub(super) fn read(file: &str, text: &str, offset: usize) -> Option<Node> {
    let mut reader = Reader { file: file.into(), text, offset, at: 0, line: 1, line_start: 0, wide: 0, nodes: 0 };
    reader.space();
    let node = reader.value(0)?;
    reader.space();
    (reader.at == text.len()).then_some(node)
}

struct Reader<'a> {
    file: Arc<str>,
    text: &'a str,
    offset: usize,
    at: usize,
    line: u32,
    line_start: usize,
    /// Continuation bytes since the start of the line: column = bytes - wide.
    wide: usize,
    nodes: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        if byte == b'\n' {
            self.line += 1;
            self.line_start = self.at;
            self.wide = 0;
        } else if byte & 0xC0 == 0x80 {
            self.wide += 1;
        }
        Some(byte)
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.take();
        }
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.take()).flatten().map(|_| ())
    }

    /// The place that begins here; its extent comes with [`Reader::close`].
    fn open(&self) -> (Place, usize) {
        let column = self.at - self.line_start - self.wide + 1;
        (Place::new(self.file.clone(), self.line, u32::try_from(column).unwrap_or(u32::MAX)), self.at)
    }

    fn close(&self, (place, start): (Place, usize)) -> Place {
        place.with_span(start + self.offset, self.at + self.offset)
    }

    fn value(&mut self, depth: usize) -> Option<Node> {
        self.nodes += 1;
        if depth > MAX_DEPTH || self.nodes > MAX_NODES {
            return None;
        }
        let open = self.open();
        let kind = match self.peek()? {
            b'{' => Kind::Map(self.members(depth)?),
            b'[' => Kind::List(self.items(depth)?),
            b'"' => Kind::String(self.string()?),
            b't' => self.word("true", Kind::Bool(true))?,
            b'f' => self.word("false", Kind::Bool(false))?,
            b'n' => self.word("null", Kind::Null)?,
            _ => Kind::Number(self.number()?),
        };
        Some(Node::new(kind, self.close(open)))
    }

    fn members(&mut self, depth: usize) -> Option<Vec<Member>> {
        let mut members = Vec::new();
        self.expect(b'{')?;
        self.space();
        if self.expect(b'}').is_some() {
            return Some(members);
        }
        loop {
            self.space();
            let open = self.open();
            let key = self.string()?;
            let key_place = self.close(open);
            self.space();
            self.expect(b':')?;
            self.space();
            let value = self.value(depth + 1)?;
            members.push(Member { key, key_place, value });
            self.space();
            match self.take()? {
                b',' => {}
                b'}' => return Some(members),
                _ => return None,
            }
        }
    }

    fn items(&mut self, depth: usize) -> Option<Vec<Node>> {
        let mut items = Vec::new();
        self.expect(b'[')?;
        self.space();
        if self.expect(b']').is_some() {
            return Some(items);
        }
        loop {
            self.space();
            items.push(self.value(depth + 1)?);
            self.space();
            match self.take()? {
                b',' => {}
                b']' => return Some(items),
                _ => return None,
            }
        }
    }

    fn word(&mut self, word: &str, kind: Kind) -> Option<Kind> {
        self.text.get(self.at..)?.starts_with(word).then_some(())?;
        self.at += word.len();
        Some(kind)
    }

    fn number(&mut self) -> Option<String> {
        let rest = self.text.get(self.at..)?;
        let length = rest.bytes().take_while(|b| matches!(b, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')).count();
        let text = rest.get(..length)?;
        serde_json::from_str::<serde_json::Number>(text).ok()?;
        self.at += length;
        Some(text.to_owned())
    }

    fn string(&mut self) -> Option<String> {
        let start = self.at;
        self.expect(b'"')?;
        loop {
            match self.take()? {
                b'"' => break,
                b'\\' => {
                    self.take()?;
                }
                _ => {}
            }
        }
        let quoted = self.text.get(start..self.at)?;
        match quoted.contains('\\') {
            // Escapes, surrogate pairs and their errors by serde_json.
            true => serde_json::from_str(quoted).ok(),
            false => quoted.get(1..quoted.len() - 1).filter(|s| !s.bytes().any(|b| b < 0x20)).map(str::to_owned),
        }
    }
}
