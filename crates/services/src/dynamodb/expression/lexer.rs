//! Words of an expression.

/// What a word is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A name or a keyword.
    Word,
    /// `#name`.
    Name,
    /// `:value`.
    Value,
    /// Digits.
    Digits,
    /// An operator or a punctuation mark.
    Mark,
}

/// A word and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token<'a> {
    /// What it is.
    pub kind: Kind,
    /// Its text.
    pub text: &'a str,
    /// Byte offset.
    pub start: usize,
}

impl Token<'_> {
    /// One past its last byte.
    pub fn end(&self) -> usize {
        self.start + self.text.len()
    }
}

/// Splits an expression into words.
///
/// # Errors
/// A character that stands in no expression.
pub fn tokens(text: &str) -> Result<Vec<Token<'_>>, String> {
    let bytes = text.as_bytes();
    let mut found: Vec<Token<'_>> = Vec::new();
    let mut start = 0;
    while let Some(first) = bytes.get(start) {
        let word = |from: usize| {
            from + bytes.get(from..).unwrap_or_default().iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count()
        };
        let (kind, end) = match first {
            b' ' | b'\t' | b'\r' | b'\n' => {
                start += 1;
                continue;
            }
            b'#' => (Kind::Name, word(start + 1)),
            b':' => (Kind::Value, word(start + 1)),
            b'0'..=b'9' => (Kind::Digits, word(start)),
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => (Kind::Word, word(start)),
            b'<' if matches!(bytes.get(start + 1), Some(b'=' | b'>')) => (Kind::Mark, start + 2),
            b'>' if bytes.get(start + 1) == Some(&b'=') => (Kind::Mark, start + 2),
            b'(' | b')' | b'[' | b']' | b',' | b'.' | b'=' | b'<' | b'>' | b'+' | b'-' => (Kind::Mark, start + 1),
            _ => {
                let strange = text.get(start..).and_then(|rest| rest.chars().next()).unwrap_or('\u{fffd}');
                let from = found.last().map_or(start, |token| token.start);
                let near = text.get(from..).unwrap_or_default().chars().take(24).collect::<String>();
                return Err(format!("Syntax error; token: \"{strange}\", near: \"{near}\""));
            }
        };
        found.push(Token { kind, text: text.get(start..end).unwrap_or_default(), start });
        start = end;
    }
    Ok(found)
}
