//! Strings, numbers, variables and money: the literals of five SQL dialects.

use super::token::{Lexer, Token, is_white};
use memchr::{memchr, memmem};

impl<'a> Lexer<'a> {
    /// A string whose text begins at `from`. A backslash or a second quote keeps it open.
    pub(super) fn quoted(&mut self, from: usize, quote: u8) -> Token<'a> {
        let text = &self.input[from..];
        let mut search = 0;
        while let Some(found) = text.get(search..).and_then(|rest| memchr(quote, rest)) {
            let end = search + found;
            let slashes = text[..end].iter().rev().take_while(|byte| **byte == b'\\').count();
            if slashes % 2 == 1 {
                search = end + 1;
            } else if text.get(end + 1) == Some(&quote) {
                search = end + 2;
            } else {
                self.at = from + end + 1;
                return Token { open: quote, close: quote, ..Token::new(b's', &text[..end]) };
            }
        }
        self.at = self.input.len();
        Token { open: quote, ..Token::new(b's', text) }
    }

    /// A name in backticks: a function if it is the name of one.
    pub(super) fn backticked(&mut self) -> Token<'a> {
        let name = self.quoted(self.at + 1, b'`');
        let word = self.tables.find(super::words::hash(name.text), name.text);
        Token { kind: if word.kind == b'f' { b'f' } else { b'n' }, opens_phrase: word.opens, ..name }
    }

    /// Oracle's `q'(...)'`; `from` is at the `q`.
    pub(super) fn alternative_quote(&mut self, from: usize) -> Token<'a> {
        let opening = self.byte(from + 2);
        let is_quote = matches!(self.byte(from), b'q' | b'Q') && self.byte(from + 1) == b'\'' && from + 2 < self.input.len();
        if !is_quote || !matches!(opening, 33..=127) {
            return self.word();
        }
        let closing = match opening {
            b'(' => b')',
            b'[' => b']',
            b'{' => b'}',
            b'<' => b'>',
            other => other,
        };
        self.delimited(from + 3, &[closing, b'\''], b'q')
    }

    /// A string from `from` up to `end`; `mark` is what opened it.
    fn delimited(&mut self, from: usize, end: &[u8], mark: u8) -> Token<'a> {
        let text = &self.input[from..];
        match memmem::find(text, end) {
            Some(found) => {
                self.at = from + found + end.len();
                Token { open: mark, close: mark, ..Token::new(b's', &text[..found]) }
            }
            None => {
                self.at = self.input.len();
                Token { open: mark, ..Token::new(b's', text) }
            }
        }
    }

    /// `b'01'` and `x'ff'`: numbers, if the quote is closed behind digits only.
    pub(super) fn radix(&mut self, digit: impl Fn(u8) -> bool) -> Token<'a> {
        let rest = &self.input[self.at..];
        if rest.len() > 2 && rest[1] == b'\'' {
            let digits = span(&rest[2..], digit);
            if rest.get(2 + digits) == Some(&b'\'') {
                return self.cut(b'1', digits + 3);
            }
        }
        self.word()
    }

    /// `@name`, `@@name`, and both with a quoted name.
    pub(super) fn variable(&mut self) -> Token<'a> {
        self.at += if self.byte(self.at + 1) == b'@' { 2 } else { 1 };
        let name = match self.byte(self.at) {
            b'`' => self.backticked(),
            quote @ (b'\'' | b'"') => self.quoted(self.at + 1, quote),
            _ => {
                let length = span(&self.input[self.at..], |byte| !b" <>:\\?=@!#~+-*/&|^%(),';\t\n\x0b\x0c\r'`\"\0".contains(&byte));
                self.cut(b'v', length)
            }
        };
        Token { kind: b'v', ..name }
    }

    /// `$1,000.00`, PostgreSQL's `$$...$$` and `$tag$...$tag$`, or a lone `$`.
    pub(super) fn money(&mut self) -> Token<'a> {
        let rest = &self.input[self.at..];
        let digits = span(&rest[1..], |byte| byte.is_ascii_digit() || matches!(byte, b'.' | b',' | 0));
        match (digits, self.byte(self.at + 1)) {
            (0, b'$') => self.delimited(self.at + 2, b"$$", b'$'),
            (0, _) => {
                let tag = span(&rest[1..], |byte| byte.is_ascii_alphabetic() || byte == 0);
                if tag > 0 && rest.get(tag + 1) == Some(&b'$') {
                    return self.delimited(self.at + tag + 2, &rest[..tag + 2], b'$');
                }
                self.cut(b'n', 1)
            }
            (1, b'.') => self.word(),
            _ => self.cut(b'1', digits + 1),
        }
    }

    /// A number, a lone `.`, or what only began like a number (`0x`, `1e`): a bare word.
    pub(super) fn number(&mut self) -> Token<'a> {
        let rest = &self.input[self.at..];
        let digits = match rest {
            [b'0', b'x' | b'X', more @ ..] => Some(span(more, |byte| byte.is_ascii_hexdigit() || byte == 0)),
            [b'0', b'b' | b'B', more @ ..] => Some(span(more, |byte| matches!(byte, b'0' | b'1' | 0))),
            _ => None,
        };
        if let Some(digits) = digits {
            return self.cut(if digits == 0 { b'n' } else { b'1' }, digits + 2);
        }
        let decimal = |from: usize| from + span(&rest[from..], |byte| byte.is_ascii_digit());
        let mut end = decimal(0);
        if rest.get(end) == Some(&b'.') {
            end = decimal(end + 1);
            if end == 1 {
                return self.cut(b'.', 1);
            }
        }
        let mut kind = b'1';
        if matches!(rest.get(end), Some(b'e' | b'E')) {
            end += 1;
            end += usize::from(matches!(rest.get(end), Some(b'+' | b'-')));
            let exponent = end;
            end = decimal(end);
            if end == exponent {
                kind = b'n';
            }
        }
        // Oracle's suffix for float and double; `1fUNION` reads as `1f UNION`.
        if matches!(rest.get(end), Some(b'd' | b'D' | b'f' | b'F')) {
            end += match rest.get(end + 1) {
                None | Some(b';' | b'u' | b'U') => 1,
                Some(byte) => usize::from(is_white(*byte)),
            };
        }
        self.cut(kind, end)
    }
}

/// How many bytes from the start fulfil `keep`.
fn span(text: &[u8], keep: impl Fn(u8) -> bool) -> usize {
    text.iter().position(|byte| !keep(*byte)).unwrap_or(text.len())
}
