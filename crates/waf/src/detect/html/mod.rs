//! Script in HTML: tags, attributes, URLs and comments that make a browser run something, read from five beginnings.

mod names;
mod token;

use memchr::{memchr, memchr2};
use names::{Attribute, attribute, is_black_tag, starts};
use token::{Kind, Lexer, State};

/// See [`crate::detect::xss`].
pub(super) fn detect(input: &[u8]) -> bool {
    // Only a tag, a declaration or an attribute's value can be script.
    if memchr2(b'<', b'=', input).is_none() {
        return false;
    }
    (memchr(b'<', input).is_some() && runs(input, State::Data))
        || runs(input, State::BeforeName)
        || [b'\'', b'"', b'`'].into_iter().any(|quote| memchr(quote, input).is_some() && runs(input, State::Quoted(quote)))
}

/// Whether something runs when the input is read from this state.
fn runs(input: &[u8], state: State) -> bool {
    let mut lexer = Lexer::new(input, state);
    let mut pending = Attribute::Plain;
    while let Some((kind, text)) = lexer.next() {
        let before = std::mem::replace(&mut pending, Attribute::Plain);
        let found = match kind {
            Kind::Doctype => true,
            Kind::TagOpen => is_black_tag(text),
            Kind::AttributeName => {
                pending = attribute(text);
                false
            }
            Kind::AttributeValue => match before {
                Attribute::Plain => false,
                Attribute::Black | Attribute::Style => true,
                Attribute::Url => is_black_url(text),
                Attribute::Indirect => attribute(text) != Attribute::Plain,
            },
            Kind::Comment => is_black_comment(text),
            Kind::Text | Kind::TagClose | Kind::TagNameClose | Kind::TagSelfClose => false,
        };
        if found {
            return true;
        }
    }
    false
}

/// Comments that old browsers act on: `` ` `` ends one, `[if` and `xml`, `import` and `entity` begin something.
fn is_black_comment(text: &[u8]) -> bool {
    memchr(b'`', text).is_some()
        || (text.len() > 3 && (starts(text, "[IF") || starts(text, "XML")))
        || starts(text, "IMPORT")
        || starts(text, "ENTITY")
}

/// URLs that are script or documents of their own. Bytes outside of printable ASCII before the scheme do not count.
fn is_black_url(text: &[u8]) -> bool {
    let from = text.iter().position(|byte| (33..127).contains(byte)).unwrap_or(text.len());
    ["DATA", "VIEW-SOURCE", "JAVA", "VBSCRIPT"].iter().any(|scheme| begins_decoded(scheme.as_bytes(), &text[from..]))
}

/// Whether the text, with numeric character references decoded, begins with `scheme`. NUL and line feed do not count, nor
/// do controls before the first character.
fn begins_decoded(scheme: &[u8], mut text: &[u8]) -> bool {
    let mut wanted = scheme.iter();
    let mut next = wanted.next();
    let mut first = true;
    while let Some(byte) = next {
        if text.is_empty() {
            return false;
        }
        let (value, length) = decode(text);
        text = &text[length..];
        if (first && value <= 32) || matches!(value, 0 | 10) {
            continue;
        }
        first = false;
        // The C library compares the low eight bits.
        let low = if value < 128 { (value as u8).to_ascii_uppercase() } else { (value & 0xff) as u8 };
        if low != *byte {
            return false;
        }
        next = wanted.next();
    }
    true
}

/// The first character and its length. A reference that is no number or too large is its `&`.
fn decode(text: &[u8]) -> (u32, usize) {
    let byte = |at: usize| text.get(at).copied().unwrap_or(0);
    if byte(0) != b'&' || byte(1) != b'#' {
        return (u32::from(byte(0)), 1);
    }
    let (radix, start) = if matches!(byte(2), b'x' | b'X') { (16, 3) } else { (10, 2) };
    let mut value = 0;
    let mut at = start;
    while let Some(digit) = char::from(byte(at)).to_digit(radix) {
        value = value * radix + digit;
        at += 1;
        // The first digit alone is never too large, and the check comes after it.
        if value > 0x0010_00ff {
            return (u32::from(b'&'), 1);
        }
    }
    if at == start { (u32::from(b'&'), 1) } else { (value, at + usize::from(byte(at) == b';')) }
}

/// The tokens of `input` read as a document, one a line, as the C library's test driver prints them.
#[cfg(test)]
pub(super) fn show_tokens(input: &[u8]) -> String {
    let mut lexer = Lexer::new(input, State::Data);
    let mut out = String::new();
    while let Some((kind, text)) = lexer.next() {
        let name = match kind {
            Kind::Text => "DATA_TEXT",
            Kind::TagOpen => "TAG_NAME_OPEN",
            Kind::TagNameClose => "TAG_NAME_CLOSE",
            Kind::TagSelfClose => "TAG_NAME_SELFCLOSE",
            Kind::TagClose => "TAG_CLOSE",
            Kind::AttributeName => "ATTR_NAME",
            Kind::AttributeValue => "ATTR_VALUE",
            Kind::Comment => "TAG_COMMENT",
            Kind::Doctype => "DOCTYPE",
        };
        out.push_str(&format!("{name},{},{}\n", text.len(), text.iter().map(|byte| char::from(*byte)).collect::<String>()));
    }
    out
}
