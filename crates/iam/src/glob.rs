//! Wildcard patterns: `*` any text, `?` one character. Linear greedy matching, no regular expressions.
//!
//! In an ARN a `*` that is not the last character of one of the first five segments does not cross a colon
//! (IAM User Guide, "IAM JSON policy elements: Resource"). Never matches in more than `pattern x text` steps.

/// One piece of a compiled pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Token {
    /// This byte.
    Byte(u8),
    /// One character; a colon only when `colon`.
    One { colon: bool },
    /// Any text; with colons in it only when `colon`.
    Star { colon: bool },
}

/// A compiled pattern, with shortcuts for the common shapes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Glob {
    /// `*`
    Any,
    /// No wildcard.
    Exact(Box<str>),
    /// One wildcard, a `*` at the end.
    Prefix(Box<str>),
    /// Anything else.
    Tokens(Box<[Token]>),
}

impl Glob {
    /// Compiles tokens, choosing the cheapest form.
    pub(crate) fn new(tokens: &[Token]) -> Self {
        let literal = |tokens: &[Token]| {
            let bytes: Option<Vec<u8>> = tokens.iter().map(|t| if let Token::Byte(b) = t { Some(*b) } else { None }).collect();
            bytes.and_then(|bytes| String::from_utf8(bytes).ok())
        };
        if let Some(text) = literal(tokens) {
            return Self::Exact(text.into());
        }
        if let Some((Token::Star { colon: true }, head)) = tokens.split_last()
            && let Some(text) = literal(head)
        {
            return if text.is_empty() { Self::Any } else { Self::Prefix(text.into()) };
        }
        Self::Tokens(tokens.into())
    }

    /// A plain pattern in which `*` and `?` stand for anything, colons included.
    pub(crate) fn plain(pattern: &str) -> Self {
        Self::new(&tokens(pattern, Segments::None))
    }

    /// Whether the text matches.
    #[inline]
    pub(crate) fn matches(&self, text: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Exact(own) => **own == *text,
            Self::Prefix(own) => text.starts_with(&**own),
            Self::Tokens(tokens) => matches(tokens, text.as_bytes()),
        }
    }
}

/// How colons divide a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Segments {
    /// They do not.
    None,
    /// The first five colons divide an ARN.
    Arn,
}

/// Cuts a pattern into tokens.
pub(crate) fn tokens(pattern: &str, segments: Segments) -> Vec<Token> {
    let bytes = pattern.as_bytes();
    let mut colons = 0;
    let mut out = Vec::with_capacity(bytes.len());
    for (at, byte) in bytes.iter().enumerate() {
        let free = segments == Segments::None || colons >= 5;
        let last_of_segment = matches!(bytes.get(at + 1), None | Some(b':'));
        out.push(match byte {
            b'*' => Token::Star { colon: free || last_of_segment },
            b'?' => Token::One { colon: free },
            byte => Token::Byte(*byte),
        });
        if *byte == b':' {
            colons += 1;
        }
    }
    out
}

/// Cuts an ARN pattern of which each of the first five parts is matched by itself: no `*` crosses a colon there.
/// A lone `*` is any text.
pub(crate) fn closed_tokens(pattern: &str) -> Vec<Token> {
    if pattern == "*" {
        return vec![Token::Star { colon: true }];
    }
    let mut colons = 0;
    let token = |byte: u8| {
        colons += usize::from(byte == b':');
        match byte {
            b'*' => Token::Star { colon: colons >= 5 },
            b'?' => Token::One { colon: colons >= 5 },
            byte => Token::Byte(byte),
        }
    };
    pattern.bytes().map(token).collect()
}

/// Greedy matching with two points to return to: the last `*` that crosses colons, and the last one after it
/// that does not. An earlier point can never succeed where these fail: a free `*` that starts earlier covers
/// all that a later start could, and a bound one is held within one segment, whose end is fixed.
pub(crate) fn matches(tokens: &[Token], text: &[u8]) -> bool {
    let (mut t, mut s) = (0, 0);
    let mut free: Option<(usize, usize)> = None;
    let mut bound: Option<(usize, usize)> = None;
    loop {
        let step = match (tokens.get(t), text.get(s)) {
            (None, None) => return true,
            (Some(Token::Star { colon: true }), _) => {
                free = Some((t + 1, s));
                bound = None;
                t += 1;
                continue;
            }
            (Some(Token::Star { colon: false }), _) => {
                bound = Some((t + 1, s));
                t += 1;
                continue;
            }
            (Some(Token::Byte(own)), Some(byte)) if own == byte => 1,
            (Some(Token::One { colon }), Some(byte)) if *colon || *byte != b':' => character(text, s),
            _ => 0,
        };
        if step > 0 {
            t += 1;
            s += step;
            continue;
        }
        match (bound, free) {
            (Some((after, from)), _) if text.get(from).is_some_and(|byte| *byte != b':') => {
                (t, s) = (after, from + 1);
                bound = Some((after, from + 1));
            }
            (_, Some((after, from))) if from < text.len() => {
                (t, s) = (after, from + 1);
                free = Some((after, from + 1));
                bound = None;
            }
            _ => return false,
        }
    }
}

/// Length in bytes of the UTF-8 character at `at`.
fn character(text: &[u8], at: usize) -> usize {
    1 + text.iter().skip(at + 1).take_while(|byte| **byte & 0xC0 == 0x80).count()
}

#[cfg(test)]
mod tests {
    use super::{Glob, Segments, tokens};

    #[test]
    fn plain() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("s3:get*", "s3:getobject", true),
            ("s3:getobjec?", "s3:getobject", true),
            ("s3:getobjec?", "s3:getobjec", false),
            ("*b*c", "abxbc", true),
            ("a*b*c*d", "abcabcd", true),
            ("a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false),
            ("?", "é", true),
            ("??", "é", false),
            ("", "", true),
            ("", "a", false),
        ] {
            assert_eq!(Glob::plain(pattern).matches(text), expected, "{pattern} on {text}");
        }
    }

    #[test]
    fn colons_of_an_arn() {
        for (pattern, text, expected) in [
            ("arn:aws:sqs:*:queue1", "arn:aws:sqs:us-east-1:123456789012:queue1", true),
            ("arn:aws:sqs:us-*-1:123456789012:q", "arn:aws:sqs:us-east-1:123456789012:q", true),
            ("arn:aws:sqs:us*1:123456789012:q", "arn:aws:sqs:us-east:1:123456789012:q", false),
            ("arn:aws:s3:::b/*", "arn:aws:s3:::b/a/b:c", true),
            ("arn:aws:logs:*:*:log-group:*x:*", "arn:aws:logs:us-east-1:1:log-group:/a:x:log-stream:1", true),
            ("arn:aws:lambda:*:*:function:f?o", "arn:aws:lambda:eu-west-1:1:function:foo", true),
            // The bound star fails at the colon; the free one before it must be tried further.
            ("arn:*:x*y:1:1:r", "arn:a:xb:xcy:1:1:r", true),
        ] {
            assert_eq!(Glob::new(&tokens(pattern, Segments::Arn)).matches(text), expected, "{pattern} on {text}");
        }
    }
}
