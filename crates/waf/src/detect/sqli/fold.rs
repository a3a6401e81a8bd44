//! Folding: what means the same in SQL becomes one token (`1+2` is a number, `UNION ALL` a union), until five tokens tell
//! the statement apart. The window is eight tokens wide and the rules look at two or three of them, so each token is
//! looked at a bounded number of times.
//!
//! Some rules take the newest token away rather than the one they matched. That is the behaviour of the C library, and
//! fingerprints depend on it.

use super::token::{Lexer, Token};

/// How many tokens make a fingerprint.
pub(super) const MOST: usize = 5;

/// Words that are a column or variable alone and a function before `(`.
const MAYBE_FUNCTION: [&str; 11] = [
    "USER_ID",
    "USER_NAME",
    "DATABASE",
    "PASSWORD",
    "USER",
    "CURRENT_USER",
    "CURRENT_DATE",
    "CURRENT_TIME",
    "CURRENT_TIMESTAMP",
    "LOCALTIME",
    "LOCALTIMESTAMP",
];

/// The tokens being folded.
pub(super) struct Window<'a> {
    pub(super) tokens: [Token<'a>; 8],
    /// Where the next token goes.
    end: usize,
    /// Tokens before this one are settled.
    left: usize,
    more: bool,
    comment: Option<Token<'a>>,
}

/// What a rule asks for.
enum Next {
    /// Begin again with the window as it is now.
    Again,
    /// No rule fits: go on to the wider rules, or settle the token.
    Go,
    /// The input cannot be read: this many tokens stand.
    Abort(usize),
}

/// Folds the whole input; the tokens, and how many of them make the fingerprint.
pub(super) fn fold<'a>(lexer: &mut Lexer<'a>) -> ([Token<'a>; 8], usize) {
    let mut window = Window { tokens: [Token::default(); 8], end: 0, left: 0, more: true, comment: None };
    let count = window.run(lexer);
    (window.tokens, count)
}

impl<'a> Window<'a> {
    fn run(&mut self, lexer: &mut Lexer<'a>) -> usize {
        loop {
            match lexer.next() {
                None => return 0,
                Some(token) if matches!(token.kind, b'c' | b'(' | b't') || token.is_unary() => {}
                Some(token) => {
                    self.tokens[0] = token;
                    self.end = 1;
                    break;
                }
            }
        }
        loop {
            if self.end >= MOST {
                self.reduce_five();
            }
            if !self.more || self.left >= MOST {
                self.left = self.end;
                break;
            }
            self.fill(lexer, 2);
            if self.end - self.left < 2 {
                self.left = self.end;
                continue;
            }
            match self.two(lexer) {
                Next::Again => continue,
                Next::Abort(count) => return count,
                Next::Go => {}
            }
            self.fill(lexer, 3);
            if self.end - self.left < 3 {
                self.left = self.end;
                continue;
            }
            if let Next::Go = self.three() {
                self.left += 1;
            }
        }
        if let (Some(comment), true) = (self.comment, self.left < MOST) {
            self.tokens[self.left] = comment;
            self.left += 1;
        }
        self.left.min(MOST)
    }

    /// Reads tokens until `wanted` are unsettled, the window is full or the input ends. Comments are remembered only while
    /// nothing follows them.
    fn fill(&mut self, lexer: &mut Lexer<'a>, wanted: usize) {
        while self.more && self.end <= MOST && self.end - self.left < wanted {
            match lexer.next() {
                None => self.more = false,
                Some(token) if token.kind == b'c' => self.comment = Some(token),
                Some(token) => {
                    self.comment = None;
                    self.tokens[self.end] = token;
                    self.end += 1;
                }
            }
        }
    }

    /// A whole bracketed operand at the start is one operand.
    fn reduce_five(&mut self) {
        let kinds = [0, 1, 2, 3, 4].map(|at: usize| self.tokens[at].kind);
        let operand = matches!(
            kinds,
            [b'1', b'o' | b',', b'(', b'1', b')']
                | [b'n', b'o', b'(', b'n' | b'1', b')']
                | [b'1', b')', b',', b'(', b'1']
                | [b'n', b')', b'o', b'(', b'n']
        );
        if operand {
            if self.end > MOST {
                self.tokens[1] = self.tokens[MOST];
                self.end = 2;
            } else {
                self.end = 1;
            }
            self.left = 0;
        }
    }

    /// Takes `count` tokens off the end and begins again at `left`.
    fn drop(&mut self, count: usize, left: usize) -> Next {
        self.end -= count;
        self.left = left;
        Next::Again
    }

    /// Puts the token at `at + 1` over the one at `at`, takes the newest off, and begins at the start.
    fn absorb(&mut self, at: usize) -> Next {
        self.tokens[at] = self.tokens[at + 1];
        self.drop(1, 0)
    }

    /// Gives the token at `at` another kind and begins again.
    fn retype(&mut self, at: usize, kind: u8) -> Next {
        self.tokens[at].kind = kind;
        Next::Again
    }

    fn two(&mut self, lexer: &Lexer<'a>) -> Next {
        let left = self.left;
        let (a, b) = (self.tokens[left], self.tokens[left + 1]);
        match (a.kind, b.kind) {
            (b's', b's') | (b';', b';') => return self.drop(1, left),
            (b'o' | b'&', kind) if kind == b't' || b.is_unary() => return self.drop(1, 0),
            (b'(', b'o') if b.is_unary() => return self.drop(1, left.saturating_sub(1)),
            _ => {}
        }
        if self.merge(lexer) {
            return self.drop(1, left.saturating_sub(1));
        }
        match (a.kind, b.kind) {
            // IF is a function except as a statement of its own, in Transact-SQL.
            (b';', b'f') if b.text.len() > 1 && b.text[..2].eq_ignore_ascii_case(b"IF") => self.retype(left + 1, b'T'),
            (b'n' | b'v', b'(') if MAYBE_FUNCTION.iter().any(|name| a.is(name)) => self.retype(left, b'f'),
            (b'k', kind) if a.is("IN") || a.is("NOT IN") => self.retype(left, if kind == b'(' { b'o' } else { b'n' }),
            (b'o', kind) if a.is("LIKE") || a.is("NOT LIKE") => {
                if kind == b'(' {
                    self.tokens[left].kind = b'f';
                }
                Next::Go
            }
            (b't', b'n' | b'1' | b't' | b'(' | b'f' | b'v' | b's') => self.absorb(left),
            // There are too many collations to list; all have an underscore.
            (b'A', b'n') => {
                if b.text.iter().take_while(|byte| **byte != 0).any(|byte| *byte == b'_') {
                    self.tokens[left + 1].kind = b't';
                    self.left = 0;
                }
                Next::Go
            }
            // Transact-SQL reads `\%1` as `0 % 1` and `\1` as `1`.
            (b'\\', _) if b.is_arithmetic() => {
                self.left = 0;
                self.retype(left, b'1')
            }
            (b'\\', _) => self.absorb(left),
            (b'(', b'(') | (b')', b')') => self.drop(1, 0),
            // MySQL accepts {``.``.id}; nobody else writes it.
            (b'{', b'n') if b.text.is_empty() => {
                self.tokens[left + 1].kind = b'X';
                Next::Abort(left + 2)
            }
            (b'{', b'n') => self.drop(2, 0),
            (_, b'}') => self.drop(1, 0),
            _ => Next::Go,
        }
    }

    /// Makes one token of two words that are a phrase of the table.
    fn merge(&mut self, lexer: &Lexer<'a>) -> bool {
        let (a, b) = (self.tokens[self.left], self.tokens[self.left + 1]);
        let words = |kind| matches!(kind, b'k' | b'n' | b'o' | b'U' | b'f' | b'E' | b'T' | b't');
        if !a.opens_phrase || !words(a.kind) || !(words(b.kind) || b.kind == b'&') {
            return false;
        }
        let phrase = lexer.tables.phrase(a.text, b.text);
        if phrase.kind == 0 {
            return false;
        }
        self.tokens[self.left] = Token { kind: phrase.kind, opens_phrase: phrase.opens, text: phrase.text, ..a };
        true
    }

    fn three(&mut self) -> Next {
        let left = self.left;
        let (a, b, c) = (self.tokens[left], self.tokens[left + 1], self.tokens[left + 2]);
        match (a.kind, b.kind, c.kind) {
            (b'1', b'o', b'1') => self.drop(2, 0),
            (b'o', middle, b'o') if middle != b'(' => self.drop(2, 0),
            (b'&', _, b'&') => self.drop(2, 0),
            (b'v', b'o', b'v' | b'1' | b'n') => self.drop(2, 0),
            (b'n' | b'1', b'o', b'1' | b'n') => self.drop(2, 0),
            (b'n' | b'1' | b'v' | b's', b'o', b't') if b.text == b"::" => self.drop(2, 0),
            (b'n' | b'1' | b's' | b'v', b',', b'1' | b'n' | b's' | b'v') => self.drop(2, 0),
            (b'E' | b'B' | b',', _, b'(') if b.is_unary() => self.absorb(left + 1),
            (b'k' | b'E' | b'B', _, b'1' | b'n' | b'v' | b's' | b'f') if b.is_unary() => self.absorb(left + 1),
            // `1,-1` is one operand: step back over the comma too.
            (b',', _, b'1' | b'n' | b'v' | b's') if b.is_unary() => {
                self.tokens[left + 1] = c;
                self.drop(3, 0)
            }
            (b',', _, b'f') if b.is_unary() => self.absorb(left + 1),
            (b'n', b'.', b'n') => self.drop(2, 0),
            (b'E', b'.', b'n') => self.absorb(left + 1),
            // USER() takes no argument; with one it is a name.
            (b'f', b'(', kind) if kind != b')' && a.is("USER") => {
                self.tokens[left].kind = b'n';
                Next::Go
            }
            _ => Next::Go,
        }
    }
}
