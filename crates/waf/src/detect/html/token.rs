//! HTML cut into tokens: the states of HTML 5, with what old browsers allow besides (NUL bytes in names, `` ` `` as a
//! quote, `<% %>` as a comment).

use memchr::memchr;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    Text,
    TagOpen,
    TagNameClose,
    TagSelfClose,
    TagClose,
    AttributeName,
    AttributeValue,
    Comment,
    Doctype,
}

/// What the next token will be read as.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum State {
    Data,
    TagOpen,
    TagNameClose,
    SelfClosing,
    BeforeName,
    AfterName,
    BeforeValue,
    Quoted(u8),
    AfterQuoted,
    End,
}

/// Cuts an input into tokens.
pub(super) struct Lexer<'a> {
    input: &'a [u8],
    at: usize,
    state: State,
    closing: bool,
}

/// A token and its text.
pub(super) type Token<'a> = (Kind, &'a [u8]);

/// White space within tags; NUL counts.
fn is_white(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | 0x0b | 0x0c | b'\r' | 0)
}

impl<'a> Lexer<'a> {
    pub(super) fn new(input: &'a [u8], state: State) -> Self {
        Lexer { input, at: 0, state, closing: false }
    }

    /// The next token; `None` where the input ends or nothing more can follow.
    pub(super) fn next(&mut self) -> Option<Token<'a>> {
        match self.state {
            State::Data => self.data(),
            State::TagOpen => self.tag_open(),
            State::TagNameClose => self.tag_name_close(),
            State::SelfClosing => self.self_closing(),
            State::BeforeName => self.before_name(),
            State::AfterName => self.after_name(),
            State::BeforeValue => self.before_value(),
            State::Quoted(quote) => self.quoted(quote),
            State::AfterQuoted => self.after_quoted(),
            State::End => None,
        }
    }

    fn rest(&self) -> &'a [u8] {
        &self.input[self.at..]
    }

    /// A token of `length` bytes; goes on `skip` bytes behind it.
    fn emit(&mut self, kind: Kind, length: usize, skip: usize, state: State) -> Option<Token<'a>> {
        let text = &self.input[self.at..self.at + length];
        self.at += length + skip;
        self.state = state;
        Some((kind, text))
    }

    /// The rest as the last token.
    fn last(&mut self, kind: Kind) -> Option<Token<'a>> {
        self.emit(kind, self.rest().len(), 0, State::End)
    }

    fn data(&mut self) -> Option<Token<'a>> {
        match memchr(b'<', self.rest()) {
            Some(0) => {
                self.at += 1;
                self.state = State::TagOpen;
                self.tag_open()
            }
            Some(found) => self.emit(Kind::Text, found, 1, State::TagOpen),
            None if self.rest().is_empty() => None,
            None => self.last(Kind::Text),
        }
    }

    fn tag_open(&mut self) -> Option<Token<'a>> {
        match *self.rest().first()? {
            b'!' => {
                self.at += 1;
                self.declaration()
            }
            b'/' => {
                self.at += 1;
                match *self.rest().first()? {
                    b'>' => {
                        self.closing = true;
                        self.data()
                    }
                    byte if byte.is_ascii_alphabetic() => {
                        self.closing = true;
                        self.tag_name()
                    }
                    _ => {
                        self.closing = false;
                        self.until(b'>')
                    }
                }
            }
            b'?' => {
                self.at += 1;
                self.until(b'>')
            }
            b'%' => {
                self.at += 1;
                self.comment(|rest| memchr::memmem::find(rest, b"%>").map(|end| (end, 2)))
            }
            byte if byte.is_ascii_alphabetic() || byte == 0 => self.tag_name(),
            // Not a tag: the `<` was text.
            _ => {
                self.state = State::Data;
                Some((Kind::Text, &self.input[self.at - 1..self.at]))
            }
        }
    }

    fn tag_name(&mut self) -> Option<Token<'a>> {
        let end = self.rest().iter().position(|byte| *byte != 0 && (is_white(*byte) || matches!(byte, b'/' | b'>')));
        let Some(end) = end else { return self.last(Kind::TagOpen) };
        match self.rest()[end] {
            b'/' => self.emit(Kind::TagOpen, end, 1, State::SelfClosing),
            b'>' if self.closing => {
                self.closing = false;
                self.emit(Kind::TagClose, end, 1, State::Data)
            }
            b'>' => self.emit(Kind::TagOpen, end, 0, State::TagNameClose),
            _ => self.emit(Kind::TagOpen, end, 1, State::BeforeName),
        }
    }

    fn tag_name_close(&mut self) -> Option<Token<'a>> {
        self.closing = false;
        let state = if self.at + 1 < self.input.len() { State::Data } else { State::End };
        self.emit(Kind::TagNameClose, 1, 0, state)
    }

    fn self_closing(&mut self) -> Option<Token<'a>> {
        if *self.rest().first()? == b'>' {
            self.at -= 1;
            return self.emit(Kind::TagSelfClose, 2, 0, State::Data);
        }
        self.before_name()
    }

    /// The first byte that is not white space. 0xff ends the input: the C library takes it for its end mark.
    fn skip_white(&mut self) -> Option<u8> {
        self.at += self.rest().iter().position(|byte| !is_white(*byte)).unwrap_or(self.rest().len());
        self.rest().first().copied().filter(|byte| *byte != 0xff)
    }

    fn before_name(&mut self) -> Option<Token<'a>> {
        loop {
            match self.skip_white()? {
                b'/' => {
                    self.at += 1;
                    if matches!(self.rest().first(), None | Some(b'>')) {
                        return self.self_closing();
                    }
                }
                b'>' => return self.emit(Kind::TagNameClose, 1, 0, State::Data),
                _ => return self.name(),
            }
        }
    }

    fn name(&mut self) -> Option<Token<'a>> {
        let end = self.rest().iter().skip(1).position(|byte| is_white(*byte) || matches!(byte, b'/' | b'=' | b'>'));
        let Some(end) = end.map(|end| end + 1) else { return self.last(Kind::AttributeName) };
        let (skip, state) = match self.rest()[end] {
            b'/' => (1, State::SelfClosing),
            b'=' => (1, State::BeforeValue),
            b'>' => (0, State::TagNameClose),
            _ => (1, State::AfterName),
        };
        self.emit(Kind::AttributeName, end, skip, state)
    }

    fn after_name(&mut self) -> Option<Token<'a>> {
        match self.skip_white()? {
            b'/' => {
                self.at += 1;
                self.self_closing()
            }
            b'=' => {
                self.at += 1;
                self.before_value()
            }
            b'>' => self.tag_name_close(),
            _ => self.name(),
        }
    }

    fn before_value(&mut self) -> Option<Token<'a>> {
        match self.skip_white() {
            None => {
                self.state = State::End;
                None
            }
            Some(quote @ (b'"' | b'\'' | b'`')) => self.quoted(quote),
            Some(_) => match self.rest().iter().position(|byte| is_white(*byte) || *byte == b'>') {
                None => self.last(Kind::AttributeValue),
                Some(end) if self.rest()[end] == b'>' => self.emit(Kind::AttributeValue, end, 0, State::TagNameClose),
                Some(end) => self.emit(Kind::AttributeValue, end, 1, State::BeforeName),
            },
        }
    }

    /// A value up to its quote. At the very start of the input the opening quote stands before it.
    fn quoted(&mut self, quote: u8) -> Option<Token<'a>> {
        self.at += usize::from(self.at > 0);
        match memchr(quote, self.rest()) {
            None => self.last(Kind::AttributeValue),
            Some(end) => self.emit(Kind::AttributeValue, end, 1, State::AfterQuoted),
        }
    }

    fn after_quoted(&mut self) -> Option<Token<'a>> {
        match *self.rest().first()? {
            b'/' => {
                self.at += 1;
                self.self_closing()
            }
            b'>' => self.emit(Kind::TagNameClose, 1, 0, State::Data),
            byte => {
                self.at += usize::from(is_white(byte));
                self.before_name()
            }
        }
    }

    /// What follows `<!`.
    fn declaration(&mut self) -> Option<Token<'a>> {
        let rest = self.rest();
        if super::names::starts(rest, "DOCTYPE") {
            return match memchr(b'>', rest) {
                None => self.last(Kind::Doctype),
                Some(end) => self.emit(Kind::Doctype, end, 1, State::Data),
            };
        }
        if rest.starts_with(b"[CDATA[") {
            self.at += 7;
            return match memchr::memmem::find(self.rest(), b"]]>") {
                None => self.last(Kind::Text),
                Some(end) => self.emit(Kind::Text, end, 3, State::Data),
            };
        }
        if rest.starts_with(b"--") {
            self.at += 2;
            return self.comment(end_of_comment);
        }
        self.until(b'>')
    }

    /// A comment up to one byte.
    fn until(&mut self, end: u8) -> Option<Token<'a>> {
        self.comment(|rest| memchr(end, rest).map(|found| (found, 1)))
    }

    /// A comment; `end` finds where it ends and how long the end is.
    fn comment(&mut self, end: impl Fn(&[u8]) -> Option<(usize, usize)>) -> Option<Token<'a>> {
        match end(self.rest()) {
            None => self.last(Kind::Comment),
            Some((found, length)) => self.emit(Kind::Comment, found, length, State::Data),
        }
    }
}

/// `-->` or `-!>`, with NUL bytes behind the first dash.
fn end_of_comment(rest: &[u8]) -> Option<(usize, usize)> {
    let mut from = 0;
    loop {
        let dash = from + memchr(b'-', &rest[from..])?;
        if dash + 3 > rest.len() {
            return None;
        }
        let nuls = rest[dash + 1..].iter().take_while(|byte| **byte == 0).count();
        match rest[dash + 1 + nuls..] {
            [b'-' | b'!', b'>', ..] => return Some((dash, nuls + 3)),
            // Too near the end for anything to follow.
            [] | [b'-' | b'!'] => return None,
            _ => from = dash + 1,
        }
    }
}
