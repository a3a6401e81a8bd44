//! PCRE's syntax, as far as rule sets use it, to a tree. What is not known is an error, never guessed.

use super::class;
use super::node::{Look, Node};
use crate::bytes::ByteSet;

/// Modes a pattern starts with; `(?i)` and the like change them inside.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub struct Flags {
    /// Case is ignored.
    pub insensitive: bool,
    /// `.` matches a newline.
    pub dot_all: bool,
    /// `^` and `$` match at lines.
    pub multi_line: bool,
    /// Blanks and `#` comments mean nothing.
    pub extended: bool,
    /// `*` takes few and `*?` many.
    pub swap_greed: bool,
}

/// What is wrong with a pattern.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wrong {
    /// Byte of the pattern.
    pub at: usize,
    /// What.
    pub says: String,
}

/// Parses a pattern.
///
/// # Errors
/// The first thing that is not understood, and where.
pub(super) fn parse(text: &str, flags: Flags) -> Result<Node, Wrong> {
    let mut parser = Parser { text: text.as_bytes(), at: 0, groups: 0, names: Vec::new(), flags, depth: 0 };
    let node = parser.alternation()?;
    if parser.at < parser.text.len() {
        return Err(parser.wrong("a `)` that closes nothing"));
    }
    Ok(node)
}

struct Parser<'a> {
    text: &'a [u8],
    at: usize,
    groups: u32,
    names: Vec<(Vec<u8>, u32)>,
    flags: Flags,
    depth: u32,
}

const DEEPEST: u32 = 200;

impl Parser<'_> {
    fn wrong(&self, says: impl Into<String>) -> Wrong {
        Wrong { at: self.at, says: says.into() }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn eat(&mut self, expected: &[u8]) -> bool {
        let here = self.text[self.at..].starts_with(expected);
        if here {
            self.at += expected.len();
        }
        here
    }

    fn alternation(&mut self) -> Result<Node, Wrong> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.wrong("groups are nested too deeply"));
        }
        let mut branches = vec![self.concat()?];
        while self.eat(b"|") {
            branches.push(self.concat()?);
        }
        self.depth -= 1;
        Ok(if branches.len() == 1 { branches.remove(0) } else { Node::Alternation(branches) })
    }

    fn concat(&mut self) -> Result<Node, Wrong> {
        let mut parts = Vec::new();
        while let Some(byte) = self.peek() {
            if byte == b'|' || byte == b')' {
                break;
            }
            if self.flags.extended && (byte.is_ascii_whitespace() || byte == b'#') {
                self.skip_blank(byte);
                continue;
            }
            if self.eat(b"\\Q") {
                self.quoted(&mut parts);
                continue;
            }
            if self.eat(b"\\E") {
                continue;
            }
            let Some(atom) = self.atom()? else { continue };
            parts.push(self.repeated(atom)?);
        }
        Ok(match parts.len() {
            0 => Node::Empty,
            1 => parts.remove(0),
            _ => Node::Concat(parts),
        })
    }

    fn skip_blank(&mut self, byte: u8) {
        self.at += 1;
        if byte == b'#' {
            while self.peek().is_some_and(|byte| byte != b'\n') {
                self.at += 1;
            }
        }
    }

    fn quoted(&mut self, parts: &mut Vec<Node>) {
        while self.at < self.text.len() && !self.eat(b"\\E") {
            parts.push(self.byte(self.text[self.at]));
            self.at += 1;
        }
    }

    fn byte(&self, byte: u8) -> Node {
        Node::Class(self.cased(ByteSet::of(&[byte])))
    }

    fn cased(&self, set: ByteSet) -> ByteSet {
        if self.flags.insensitive { set.fold() } else { set }
    }

    /// One atom; none where only modes changed.
    fn atom(&mut self) -> Result<Option<Node>, Wrong> {
        let Some(byte) = self.peek() else { return Ok(None) };
        self.at += 1;
        Ok(Some(match byte {
            b'(' => return self.group(),
            b'[' => self.set()?,
            b'\\' => self.escape()?,
            b'.' if self.flags.dot_all => Node::Class(ByteSet::ALL),
            b'.' => Node::Class(ByteSet::of(b"\n").complement()),
            b'^' if self.flags.multi_line => Node::Look(Look::LineStart),
            b'^' => Node::Look(Look::Start),
            b'$' if self.flags.multi_line => Node::Look(Look::LineEnd),
            b'$' => Node::Look(Look::EndOrNewline),
            b'*' | b'+' | b'?' => {
                self.at -= 1;
                return Err(self.wrong(format!("`{}` repeats nothing", byte as char)));
            }
            _ => self.byte(byte),
        }))
    }

    fn repeated(&mut self, mut atom: Node) -> Result<Node, Wrong> {
        loop {
            let (min, max) = match self.peek() {
                Some(b'*') => (0, None),
                Some(b'+') => (1, None),
                Some(b'?') => (0, Some(1)),
                Some(b'{') => match self.bounds()? {
                    Some(bounds) => bounds,
                    None => return Ok(atom),
                },
                _ => return Ok(atom),
            };
            if self.peek() != Some(b'}') && self.text.get(self.at).is_some_and(|byte| b"*+?".contains(byte)) {
                self.at += 1;
            }
            let lazy = self.eat(b"?");
            let possessive = !lazy && self.eat(b"+");
            if max.is_some_and(|max| max < min) {
                return Err(self.wrong("a repetition whose least is above its most"));
            }
            atom = Node::Repeat { node: Box::new(atom), min, max, greedy: lazy == self.flags.swap_greed, possessive };
        }
    }

    /// `{n}`, `{n,}`, `{n,m}`, `{,m}`; anything else is the character `{`.
    fn bounds(&mut self) -> Result<Option<(u32, Option<u32>)>, Wrong> {
        let Some(length) = self.text[self.at..].iter().position(|byte| *byte == b'}') else { return Ok(None) };
        let inside = &self.text[self.at + 1..self.at + length];
        let Ok(inside) = std::str::from_utf8(inside) else { return Ok(None) };
        let (least, most) = inside.split_once(',').map_or((inside, None), |(least, most)| (least, Some(most)));
        let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<u32>().ok()).flatten();
        if least.is_empty() {
            return Ok(None);
        }
        let Some(min) = number(least) else { return Ok(None) };
        let max = match most {
            None => Some(min),
            Some("") => None,
            Some(most) => match number(most) {
                Some(max) => Some(max),
                None => return Ok(None),
            },
        };
        if min > 65535 || max.is_some_and(|max| max > 65535) {
            return Err(self.wrong("a repetition above 65535"));
        }
        self.at += length + 1;
        Ok(Some((min, max)))
    }

    fn group(&mut self) -> Result<Option<Node>, Wrong> {
        let outer = self.flags;
        if !self.eat(b"?") {
            self.groups += 1;
            let number = self.groups;
            return self.closed(outer, |node| Node::Capture(number, Box::new(node)));
        }
        if self.eat(b"#") {
            while self.peek().is_some_and(|byte| byte != b')') {
                self.at += 1;
            }
            return if self.eat(b")") { Ok(None) } else { Err(self.wrong("a comment that is not closed")) };
        }
        for (sign, behind, negative) in [(&b"="[..], false, false), (b"!", false, true), (b"<=", true, false), (b"<!", true, true)] {
            if self.eat(sign) {
                return self.closed(outer, |node| Node::Around { node: Box::new(node), behind, negative });
            }
        }
        if self.eat(b">") {
            return self.closed(outer, |node| Node::Atomic(Box::new(node)));
        }
        for (open, close) in [(&b"P<"[..], b'>'), (b"<", b'>'), (b"'", b'\'')] {
            if self.eat(open) {
                let Some(length) = self.text[self.at..].iter().position(|byte| *byte == close) else {
                    return Err(self.wrong("a group's name that is not closed"));
                };
                self.groups += 1;
                let number = self.groups;
                self.names.push((self.text[self.at..self.at + length].to_vec(), number));
                self.at += length + 1;
                return self.closed(outer, |node| Node::Capture(number, Box::new(node)));
            }
        }
        self.modes()?;
        if self.eat(b")") {
            return Ok(None);
        }
        if !self.eat(b":") {
            return Err(self.wrong("a group of a kind that is not known"));
        }
        self.closed(outer, |node| node)
    }

    fn modes(&mut self) -> Result<(), Wrong> {
        let mut on = true;
        while let Some(byte) = self.peek() {
            match byte {
                b')' | b':' => return Ok(()),
                b'-' => on = false,
                b'i' => self.flags.insensitive = on,
                b's' => self.flags.dot_all = on,
                b'm' => self.flags.multi_line = on,
                b'x' => self.flags.extended = on,
                b'U' => self.flags.swap_greed = on,
                _ => return Err(self.wrong("a mode that is not known")),
            }
            self.at += 1;
        }
        Err(self.wrong("a group that is not closed"))
    }

    fn closed(&mut self, outer: Flags, make: impl FnOnce(Node) -> Node) -> Result<Option<Node>, Wrong> {
        let inside = self.alternation()?;
        if !self.eat(b")") {
            return Err(self.wrong("a group that is not closed"));
        }
        self.flags = outer;
        Ok(Some(make(inside)))
    }

    fn escape(&mut self) -> Result<Node, Wrong> {
        let Some(letter) = self.peek() else { return Err(self.wrong("the pattern ends in `\\`")) };
        self.at += 1;
        if let Some(set) = class::escape(letter) {
            return Ok(Node::Class(set));
        }
        Ok(match letter {
            b'b' => Node::Look(Look::Word),
            b'B' => Node::Look(Look::NotWord),
            b'A' => Node::Look(Look::Start),
            b'z' => Node::Look(Look::End),
            b'Z' => Node::Look(Look::EndOrNewline),
            b'1'..=b'9' => Node::Back { group: u32::from(letter - b'0'), fold: self.flags.insensitive },
            _ => {
                self.at -= 1;
                let byte = self.literal()?;
                self.byte(byte)
            }
        })
    }

    /// The byte an escape stands for, inside a set or outside.
    fn literal(&mut self) -> Result<u8, Wrong> {
        let Some(letter) = self.peek() else { return Err(self.wrong("the pattern ends in `\\`")) };
        self.at += 1;
        Ok(match letter {
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'f' => 0x0c,
            b'a' => 0x07,
            b'e' => 0x1b,
            b'x' => return self.hexadecimal(),
            b'0' => {
                let mut value = 0u32;
                for _ in 0..2 {
                    if let Some(digit @ b'0'..=b'7') = self.peek() {
                        value = value * 8 + u32::from(digit - b'0');
                        self.at += 1;
                    }
                }
                value as u8
            }
            letter if letter.is_ascii_alphanumeric() => {
                self.at -= 1;
                return Err(self.wrong(format!("`\\{}` is not known", letter as char)));
            }
            other => other,
        })
    }

    fn hexadecimal(&mut self) -> Result<u8, Wrong> {
        let braced = self.eat(b"{");
        let start = self.at;
        while self.at - start < if braced { 8 } else { 2 } && self.peek().is_some_and(|byte| byte.is_ascii_hexdigit()) {
            self.at += 1;
        }
        let digits = std::str::from_utf8(&self.text[start..self.at]).unwrap_or_default();
        let value = if digits.is_empty() { 0 } else { u32::from_str_radix(digits, 16).unwrap_or(u32::MAX) };
        if braced && !self.eat(b"}") {
            return Err(self.wrong("`\\x{` is not closed"));
        }
        u8::try_from(value).map_err(|_| self.wrong("a character above 255: patterns are over bytes"))
    }

    fn set(&mut self) -> Result<Node, Wrong> {
        let negated = self.eat(b"^");
        let mut set = ByteSet::EMPTY;
        let mut first = true;
        loop {
            let Some(byte) = self.peek() else { return Err(self.wrong("a `[` that is not closed")) };
            if byte == b']' && !first {
                self.at += 1;
                break;
            }
            first = false;
            if let Some(named) = self.posix()? {
                set = set.union(&named);
                continue;
            }
            self.at += 1;
            let Some(low) = self.member(byte, &mut set)? else { continue };
            let Some(high) = self.upper(&mut set)? else {
                set.insert(low);
                continue;
            };
            if high < low {
                return Err(self.wrong("a range whose first is above its last"));
            }
            set.insert_range(low, high);
        }
        let set = self.cased(set);
        Ok(Node::Class(if negated { set.complement() } else { set }))
    }

    /// One member; none when it was a named set, which is added.
    fn member(&mut self, byte: u8, set: &mut ByteSet) -> Result<Option<u8>, Wrong> {
        if byte != b'\\' {
            return Ok(Some(byte));
        }
        match self.peek() {
            Some(b'b') => {
                self.at += 1;
                Ok(Some(8))
            }
            Some(letter @ b'1'..=b'7') => {
                let mut value = 0u32;
                let mut digit = Some(letter);
                while let Some(octal @ b'0'..=b'7') = digit {
                    value = value * 8 + u32::from(octal - b'0');
                    self.at += 1;
                    digit = self.peek();
                }
                u8::try_from(value).map(Some).map_err(|_| self.wrong("an octal character above 255"))
            }
            Some(letter) => match class::escape(letter) {
                Some(named) => {
                    self.at += 1;
                    *set = set.union(&named);
                    Ok(None)
                }
                None => self.literal().map(Some),
            },
            None => Err(self.wrong("a `[` that is not closed")),
        }
    }

    /// The end of a range, if this is one.
    fn upper(&mut self, set: &mut ByteSet) -> Result<Option<u8>, Wrong> {
        if self.peek() != Some(b'-') || matches!(self.text.get(self.at + 1), None | Some(b']')) {
            return Ok(None);
        }
        let before = self.at;
        self.at += 1;
        let byte = self.text[self.at];
        self.at += 1;
        if byte == b'\\' && self.peek().is_some_and(|letter| class::escape(letter).is_some()) {
            // `[a-\d]`: the hyphen is itself.
            self.at = before + 1;
            set.insert(b'-');
            return Ok(None);
        }
        self.member(byte, set)
    }

    fn posix(&mut self) -> Result<Option<ByteSet>, Wrong> {
        let rest = &self.text[self.at..];
        if !rest.starts_with(b"[:") {
            return Ok(None);
        }
        let Some(length) = rest.windows(2).position(|pair| pair == b":]") else { return Ok(None) };
        let name = std::str::from_utf8(&rest[2..length.max(2)]).unwrap_or_default();
        let (negated, bare) = name.strip_prefix('^').map_or((false, name), |bare| (true, bare));
        if bare.is_empty() || !bare.bytes().all(|byte| byte.is_ascii_lowercase()) {
            return Ok(None);
        }
        let Some(set) = class::posix(bare) else { return Err(self.wrong(format!("`[:{bare}:]` is not known"))) };
        self.at += length + 2;
        Ok(Some(if negated { set.complement() } else { set }))
    }
}
