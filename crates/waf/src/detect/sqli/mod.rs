//! SQL injection: the input is read as plain SQL and as what follows an opening quote, in ANSI and where it matters in
//! MySQL dialect; the first reading whose fingerprint is an attack's decides.

mod fold;
mod literal;
mod token;
mod words;

use memchr::{memchr, memmem};
use std::fmt;
use token::{Lexer, Reading, Token};
use words::Tables;

/// The kinds of the tokens that remain after folding: one to five ASCII letters.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint {
    kinds: [u8; fold::MOST],
    length: u8,
}

impl Fingerprint {
    fn of(tokens: &[Token]) -> Self {
        let mut kinds = [0; fold::MOST];
        for (slot, token) in kinds.iter_mut().zip(tokens) {
            *slot = token.kind;
        }
        Fingerprint { kinds, length: tokens.len().min(fold::MOST) as u8 }
    }

    /// The letters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.bytes()).unwrap_or_default()
    }

    fn bytes(&self) -> &[u8] {
        &self.kinds[..usize::from(self.length)]
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}

/// One reading of the input.
struct Read<'a> {
    input: &'a [u8],
    tokens: [Token<'a>; 8],
    print: Fingerprint,
    /// Tokens before folding.
    count: usize,
    /// Whether MySQL would read it in another way.
    ambiguous: bool,
}

/// See [`crate::detect::sqli`].
pub(super) fn detect(input: &[u8]) -> Option<Fingerprint> {
    if input.is_empty() {
        return None;
    }
    let tables = words::tables();
    let both = |quote| {
        let ansi = read(input, Reading { quote, mysql: false }, tables);
        if ansi.is_attack(tables) {
            return Some(ansi.print);
        }
        if !ansi.ambiguous {
            return None;
        }
        let mysql = read(input, Reading { quote, mysql: true }, tables);
        mysql.is_attack(tables).then_some(mysql.print)
    };
    both(None).or_else(|| memchr(b'\'', input).and_then(|_| both(Some(b'\'')))).or_else(|| {
        memchr(b'"', input)?;
        let double = read(input, Reading { quote: Some(b'"'), mysql: true }, tables);
        double.is_attack(tables).then_some(double.print)
    })
}

fn read<'a>(input: &'a [u8], reading: Reading, tables: &'static Tables) -> Read<'a> {
    let mut lexer = Lexer::new(input, reading, tables);
    let (mut tokens, mut count) = fold::fold(&mut lexer);
    // PHP's way to end a statement: an empty name in backticks that is never closed comments out the rest.
    if let [.., last] = &mut tokens[..count]
        && count > 2
        && (last.kind, last.open, last.close) == (b'n', b'`', 0)
        && last.text.is_empty()
    {
        last.kind = b'c';
    }
    if tokens[..count].iter().any(|token| token.kind == b'X') {
        tokens[0] = Token::new(b'X', b"X");
        count = 1;
    }
    Read { input, tokens, print: Fingerprint::of(&tokens[..count]), count: lexer.count, ambiguous: lexer.ambiguous }
}

impl Read<'_> {
    fn is_attack(&self, tables: &Tables) -> bool {
        !self.print.bytes().is_empty() && tables.is_attack(self.print.bytes()) && !self.is_prose()
    }

    /// Short fingerprints of attacks that ordinary text has too.
    fn is_prose(&self) -> bool {
        let [a, b, c, ..] = &self.tokens;
        let kinds = self.print.bytes();
        // SQL Server keeps statements with this word out of its log.
        if kinds.len() > 1 && kinds.ends_with(b"c") && memmem::find(self.input, b"sp_password").is_some() {
            return false;
        }
        match kinds {
            [_, b'U'] => self.count == 2,
            [_, _] if b.text.first() == Some(&b'#') => true,
            [b'n', b'c'] => b.text.first() != Some(&b'/'),
            [b'1', b'c'] => b.text.first() != Some(&b'/') && self.count <= 2 && !self.number_stands_alone(a.text.len()),
            [_, _] => b.text.len() > 2 && b.text[0] == b'-',
            b"sos" | b"s&s" => !(a.open == 0 && c.close == 0 && a.close == c.open),
            b"s&n" | b"n&1" | b"1&1" | b"1&v" | b"1&s" => self.count == 3,
            [_, b'k', _] => !(b.text.len() > 4 && b.text[..4].eq_ignore_ascii_case(b"INTO")),
            _ => false,
        }
    }

    /// Whether a number that is `length` bytes long is followed by white space or a comment, not by more of a word: some
    /// encoded values end in `--`.
    fn number_stands_alone(&self, length: usize) -> bool {
        let byte = |at: usize| self.input.get(at).copied().unwrap_or(0);
        match byte(length) {
            0..=b' ' | 0x80..=0xff => true,
            b'/' => byte(length + 1) == b'*',
            b'-' => byte(length + 1) == b'-',
            _ => false,
        }
    }
}

/// The tokens of `input`, folded or not, one a line, as the C library's test driver prints them. Merged phrases are in
/// upper case here.
#[cfg(test)]
pub(super) fn show_tokens(input: &[u8], folded: bool) -> String {
    let mut lexer = Lexer::new(input, Reading { quote: None, mysql: false }, words::tables());
    let tokens = if folded {
        let (tokens, count) = fold::fold(&mut lexer);
        tokens[..count].to_vec()
    } else {
        std::iter::from_fn(|| lexer.next()).collect()
    };
    tokens.iter().map(|token| show(input, token)).collect()
}

#[cfg(test)]
fn show(input: &[u8], token: &Token) -> String {
    let text: String = token.text.iter().map(|byte| char::from(*byte)).collect();
    let quote = |byte: u8| if byte == 0 { String::new() } else { char::from(byte).to_string() };
    let (open, close) = (quote(token.open), quote(token.close));
    let kind = char::from(token.kind);
    match kind {
        's' => format!("s {open}{text}{close}\n"),
        'v' => {
            // A keyword can be a variable too; it has no `@`.
            let from = (token.text.as_ptr() as usize).wrapping_sub(input.as_ptr() as usize);
            let before = input.get(..from).unwrap_or_default();
            let before = &before[..before.len() - open.len().min(before.len())];
            let signs = before.iter().rev().take(2).take_while(|byte| **byte == b'@').count();
            format!("v {}{open}{text}{close}\n", "@".repeat(signs))
        }
        _ => format!("{kind} {text}\n"),
    }
}
