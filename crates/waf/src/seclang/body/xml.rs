//! XML to the values of `XML:/*` (texts) and `XML://@*` (attributes). Tolerant: what is no markup is text. An encoding that is
//! not a superset of ASCII, and an entity of the document's own, hide text from whoever looks for it: both are errors.

use super::Parsed;
use memchr::memmem;

/// Parses a body.
pub fn parse(body: &[u8]) -> Parsed {
    let mut parsed = Parsed::default();
    if let Some(encoding) = unread(body) {
        parsed.error = Some(format!("the encoding {encoding} is not read"));
        return parsed;
    }
    let mut text = Vec::new();
    let mut at = 0;
    while at < body.len() {
        let rest = &body[at..];
        if rest[0] != b'<' {
            let length = memchr::memchr(b'<', rest).unwrap_or(rest.len());
            text.extend(entities(&rest[..length], &mut parsed.error));
            at += length;
            continue;
        }
        if let Some(inside) = rest.strip_prefix(b"<![CDATA[") {
            let length = memmem::find(inside, b"]]>").unwrap_or(inside.len());
            text.extend_from_slice(&inside[..length]);
            at += (9 + length + 3).min(rest.len());
            continue;
        }
        flush(&mut text, &mut parsed);
        at += if rest.starts_with(b"<!--") {
            skip(rest, b"-->")
        } else if rest.starts_with(b"<?") {
            skip(rest, b"?>")
        } else if rest.starts_with(b"<!") {
            declaration(rest)
        } else {
            element(rest, &mut parsed)
        };
    }
    flush(&mut text, &mut parsed);
    if memchr::memchr(b'<', body).is_none() {
        parsed.error = Some("the body holds no XML element".to_owned());
    }
    parsed
}

/// The encoding, where ASCII's bytes do not mean ASCII in it: none of the texts would be what they seem.
fn unread(body: &[u8]) -> Option<String> {
    if body.starts_with(&[0xfe, 0xff]) || body.starts_with(&[0xff, 0xfe]) || body.starts_with(b"<\0") || body.starts_with(b"\0<") {
        return Some("UTF-16".to_owned());
    }
    let head = body.trim_ascii_start().strip_prefix(b"<?xml")?;
    let head = &head[..memmem::find(head, b"?>").unwrap_or(head.len())];
    let value = head[memmem::find(head, b"encoding")? + 8..].trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
    let (quote, value) = value.split_first()?;
    let name = String::from_utf8_lossy(value.split(|byte| byte == quote).next()?).to_ascii_lowercase();
    let known = ["utf-8", "utf8", "us-ascii", "ascii"].contains(&name.as_str());
    (!known && !name.starts_with("iso-8859-") && !name.starts_with("windows-125")).then_some(name)
}

fn flush(text: &mut Vec<u8>, parsed: &mut Parsed) {
    let trimmed = text.trim_ascii();
    if !trimmed.is_empty() {
        parsed.texts.push(trimmed.to_vec());
    }
    text.clear();
}

fn skip(rest: &[u8], end: &[u8]) -> usize {
    memmem::find(rest, end).map_or(rest.len(), |length| length + end.len())
}

/// `<!DOCTYPE ...>`, with its subset in brackets.
fn declaration(rest: &[u8]) -> usize {
    let mut depth = 0usize;
    for (at, byte) in rest.iter().enumerate() {
        match byte {
            b'<' => depth += 1,
            b'>' if depth <= 1 => return at + 1,
            b'>' => depth -= 1,
            _ => {}
        }
    }
    rest.len()
}

/// An element's tag; its attributes' values are kept.
fn element(rest: &[u8], parsed: &mut Parsed) -> usize {
    let mut at = 1;
    while let Some(byte) = rest.get(at).copied() {
        match byte {
            b'>' => return at + 1,
            b'=' => {
                at += 1;
                while rest.get(at).is_some_and(u8::is_ascii_whitespace) {
                    at += 1;
                }
                let (value, length) = match rest.get(at) {
                    Some(quote @ (b'"' | b'\'')) => {
                        let inside = &rest[at + 1..];
                        let length = memchr::memchr(*quote, inside).unwrap_or(inside.len());
                        (&inside[..length], (length + 2).min(rest.len() - at))
                    }
                    Some(_) => {
                        let inside = &rest[at..];
                        let length = inside.iter().position(|byte| byte.is_ascii_whitespace() || *byte == b'>').unwrap_or(inside.len());
                        (&inside[..length], length)
                    }
                    None => (&rest[..0], 0),
                };
                parsed.attributes.push(entities(value, &mut parsed.error));
                at += length;
            }
            _ => at += 1,
        }
    }
    rest.len()
}

/// The five entities of XML and those by number; any other stays as it is, and what stands for it is not known.
fn entities(text: &[u8], error: &mut Option<String>) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = memchr::memchr(b'&', rest) {
        out.extend_from_slice(&rest[..start]);
        rest = &rest[start..];
        let end = rest.iter().take(64).position(|byte| *byte == b';');
        let decoded = end.and_then(|end| Some((entity(&rest[1..end])?, end + 1)));
        match decoded {
            Some((character, length)) => {
                out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                rest = &rest[length..];
            }
            None => {
                if let Some(name) = end.map(|end| &rest[1..end]).filter(|name| is_name(name)) {
                    error.get_or_insert_with(|| format!("the entity {} is not one of XML's own", String::from_utf8_lossy(name)));
                }
                out.push(b'&');
                rest = &rest[1..];
            }
        }
    }
    out.extend_from_slice(rest);
    out
}

fn is_name(name: &[u8]) -> bool {
    let first = name.first().is_some_and(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b':') || !byte.is_ascii());
    first && name.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':' | b'-' | b'.') || !byte.is_ascii())
}

fn entity(name: &[u8]) -> Option<char> {
    Some(match name {
        b"lt" => '<',
        b"gt" => '>',
        b"amp" => '&',
        b"quot" => '"',
        b"apos" => '\'',
        _ => {
            let number = std::str::from_utf8(name.strip_prefix(b"#")?).ok()?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)?
        }
    })
}
