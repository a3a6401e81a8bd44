//! A token, and the reader that cuts an input into tokens: one match on the first byte, then the form that begins so.
//!
//! Kinds are libinjection's letters, because fingerprints are made of them: `1` number, `s` string, `n` bare word,
//! `v` variable, `o` operator, `&` logic operator, `k` keyword, `E` expression (SELECT ...), `U` union, `B` group or order,
//! `f` function, `t` type, `T` Transact-SQL, `A` COLLATE, `c` comment, `X` what no grammar agrees on, `?` other; brackets,
//! `,` `;` `:` `.` `\` stand for themselves.

use super::words::{LONGEST, SEED, Tables, Word, step};
use memchr::{memchr, memmem};

/// One token.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Token<'a> {
    /// Its kind; 0 is no token.
    pub(super) kind: u8,
    /// The quote that opened a string, 0 when there was none (`u`, `q`, `$` for the forms with a prefix).
    pub(super) open: u8,
    /// The quote that closed it, 0 when the input ended before.
    pub(super) close: u8,
    /// Whether a phrase may begin with it.
    pub(super) opens_phrase: bool,
    /// Its first [`LONGEST`] bytes, without quotes; a merged phrase is in upper case.
    pub(super) text: &'a [u8],
}

impl<'a> Token<'a> {
    pub(super) fn new(kind: u8, text: &'a [u8]) -> Self {
        Token { kind, text: &text[..text.len().min(LONGEST)], ..Token::default() }
    }

    /// Whether it is this word, given in upper case.
    pub(super) fn is(&self, word: &str) -> bool {
        self.text.eq_ignore_ascii_case(word.as_bytes())
    }

    pub(super) fn is_unary(&self) -> bool {
        self.kind == b'o' && (matches!(self.text, b"+" | b"-" | b"!" | b"~" | b"!!") || self.is("NOT"))
    }

    pub(super) fn is_arithmetic(&self) -> bool {
        self.kind == b'o' && matches!(self.text, b"*" | b"/" | b"-" | b"+" | b"%")
    }
}

/// How the input is to be read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Reading {
    /// The quote that is taken to stand before the input.
    pub(super) quote: Option<u8>,
    /// Whether `#` begins a comment and `--x` is two operators, as in MySQL.
    pub(super) mysql: bool,
}

/// Cuts an input into tokens.
pub(super) struct Lexer<'a> {
    pub(super) input: &'a [u8],
    pub(super) at: usize,
    pub(super) reading: Reading,
    pub(super) tables: &'static Tables,
    /// Tokens so far, comments too.
    pub(super) count: usize,
    /// Whether something was met that MySQL reads in another way.
    pub(super) ambiguous: bool,
}

/// Bytes that separate tokens: controls, space, DEL and the Latin-1 no-break space.
pub(super) fn is_white(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | 0x0b | 0x0c | b'\r' | 0xa0 | 0)
}

impl<'a> Lexer<'a> {
    pub(super) fn new(input: &'a [u8], reading: Reading, tables: &'static Tables) -> Self {
        Lexer { input, at: 0, reading, tables, count: 0, ambiguous: false }
    }

    /// The byte at `at`; NUL behind the end.
    #[inline]
    pub(super) fn byte(&self, at: usize) -> u8 {
        self.input.get(at).copied().unwrap_or(0)
    }

    /// The next token.
    pub(super) fn next(&mut self) -> Option<Token<'a>> {
        if let (0, Some(quote), false) = (self.at, self.reading.quote, self.input.is_empty()) {
            self.count += 1;
            return Some(Token { open: 0, ..self.quoted(0, quote) });
        }
        while let Some(&first) = self.input.get(self.at) {
            if matches!(first, 0..=b' ' | 0x7f | 0xa0) {
                self.at += 1;
                continue;
            }
            self.count += 1;
            return Some(self.form(first));
        }
        None
    }

    fn form(&mut self, first: u8) -> Token<'a> {
        match first {
            b'0'..=b'9' | b'.' => self.number(),
            b'\'' | b'"' => self.quoted(self.at + 1, first),
            b'`' => self.backticked(),
            b'@' => self.variable(),
            b'$' => self.money(),
            b'#' => self.hash(),
            b'-' => self.dash(),
            b'/' => self.slash(),
            b'\\' if self.byte(self.at + 1) == b'N' => self.cut(b'1', 2),
            b'\\' | b'(' | b')' | b'{' | b'}' | b',' | b';' => self.cut(first, 1),
            b'%' | b'+' | b'^' | b'~' => self.cut(b'o', 1),
            b'!' | b'&' | b'*' | b':' | b'<' | b'=' | b'>' | b'|' => self.operator(first),
            b'?' | b']' => self.cut(b'?', 1),
            b'[' => {
                let end = memchr(b']', &self.input[self.at..]).map_or(self.input.len(), |found| self.at + found + 1);
                self.cut(b'n', end - self.at)
            }
            b'b' | b'B' => self.radix(|byte| matches!(byte, b'0' | b'1' | 0)),
            b'x' | b'X' => self.radix(|byte| byte.is_ascii_hexdigit() || byte == 0),
            b'e' | b'E' if self.opens_quote(self.at + 1) => self.quoted(self.at + 2, b'\''),
            b'n' | b'N' if self.opens_quote(self.at + 1) => self.quoted(self.at + 2, b'\''),
            b'n' | b'N' => self.alternative_quote(self.at + 1),
            b'q' | b'Q' => self.alternative_quote(self.at),
            b'u' | b'U' if self.byte(self.at + 1) == b'&' && self.byte(self.at + 2) == b'\'' => {
                let string = self.quoted(self.at + 3, b'\'');
                Token { open: b'u', close: if string.close == 0 { 0 } else { b'u' }, ..string }
            }
            _ => self.word(),
        }
    }

    /// The next `length` bytes as a token.
    pub(super) fn cut(&mut self, kind: u8, length: usize) -> Token<'a> {
        let text = &self.input[self.at..self.at + length];
        self.at += length;
        Token::new(kind, text)
    }

    /// A `'` at `at` with something behind it.
    fn opens_quote(&self, at: usize) -> bool {
        self.byte(at) == b'\'' && at + 1 < self.input.len()
    }

    /// A word up to the next separator; a keyword before `.` or `` ` `` ends there (`SELECT.1`).
    pub(super) fn word(&mut self) -> Token<'a> {
        let rest = &self.input[self.at..];
        let (mut hash, mut length) = (SEED, 0);
        while let Some(&byte) = rest.get(length) {
            if ends_word(byte) {
                break;
            }
            if length < LONGEST {
                if matches!(byte, b'.' | b'`') {
                    let before = self.tables.find(hash, &rest[..length]);
                    if before.kind != 0 && before.kind != b'n' {
                        return self.known(before, length);
                    }
                }
                hash = step(hash, byte);
            }
            length += 1;
        }
        let whole = if length <= LONGEST { self.tables.find(hash, &rest[..length]) } else { Word::default() };
        self.known(whole, length)
    }

    fn known(&mut self, word: Word, length: usize) -> Token<'a> {
        let kind = if word.kind == 0 { b'n' } else { word.kind };
        Token { opens_phrase: word.opens, ..self.cut(kind, length) }
    }

    fn operator(&mut self, first: u8) -> Token<'a> {
        let rest = &self.input[self.at..];
        if rest.starts_with(b"<=>") {
            return self.cut(b'o', 3);
        }
        if let [a, b, ..] = rest {
            let found = self.tables.find(step(step(SEED, *a), *b), &rest[..2]);
            if found.kind != 0 {
                return self.cut(found.kind, 2);
            }
        }
        // A colon at the very end is an operator to the C library: it looks for a second byte first.
        self.cut(if first == b':' && rest.len() > 1 { b':' } else { b'o' }, 1)
    }

    fn hash(&mut self) -> Token<'a> {
        self.ambiguous = true;
        if self.reading.mysql { self.line_comment() } else { self.cut(b'o', 1) }
    }

    fn dash(&mut self) -> Token<'a> {
        let rest = &self.input[self.at..];
        match rest {
            [_, b'-'] => self.line_comment(),
            [_, b'-', next, ..] if is_white(*next) => self.line_comment(),
            [_, b'-', ..] if !self.reading.mysql => {
                self.ambiguous = true;
                self.line_comment()
            }
            _ => self.cut(b'o', 1),
        }
    }

    fn line_comment(&mut self) -> Token<'a> {
        let rest = &self.input[self.at..];
        let end = memchr(b'\n', rest);
        let comment = self.cut(b'c', end.unwrap_or(rest.len()));
        self.at += usize::from(end.is_some());
        comment
    }

    /// A comment in `/* */`. MySQL's `/*!` and a comment inside a comment are read in too many ways: kind `X`.
    fn slash(&mut self) -> Token<'a> {
        let rest = &self.input[self.at..];
        if self.byte(self.at + 1) != b'*' {
            return self.cut(b'o', 1);
        }
        let end = memmem::find(&rest[2..], b"*/").map(|found| found + 2);
        let nested = end.is_some_and(|end| memmem::find(&rest[2..=end], b"/*").is_some());
        let kind = if nested || self.byte(self.at + 2) == b'!' { b'X' } else { b'c' };
        self.cut(kind, end.map_or(rest.len(), |end| end + 2))
    }
}

/// Bytes that end a word.
fn ends_word(byte: u8) -> bool {
    const ENDS: [bool; 256] = {
        let mut table = [false; 256];
        let bytes = b" []{}<>:\\?=@!#~+-*/&|^%(),';\t\n\x0b\x0c\r\"\xa0\0";
        let mut at = 0;
        while at < bytes.len() {
            table[bytes[at] as usize] = true;
            at += 1;
        }
        table
    };
    ENDS[usize::from(byte)]
}
