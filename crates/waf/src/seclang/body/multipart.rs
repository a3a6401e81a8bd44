//! `multipart/form-data`: fields to arguments, files, part headers, and what is irregular about the body.

use super::{File, Parsed};
use crate::seclang::Variable;
use memchr::memmem;

/// Parses a body with the boundary its content type names.
pub fn parse(content_type: &[u8], body: &[u8]) -> Parsed {
    let mut parsed = Parsed::default();
    let Some(boundary) = boundary(content_type, &mut parsed) else {
        parsed.error = Some("the multipart body's boundary is missing".to_owned());
        parsed.irregular.push(Variable::MultipartStrictError);
        // Without a boundary the body is one text: it is inspected as such.
        parsed.arguments.push((Vec::new(), body.to_vec()));
        return parsed;
    };
    let delimiter = [b"--", boundary.as_slice()].concat();
    let marks = delimiters(body, &delimiter, &mut parsed);
    match marks.first() {
        None => {
            parsed.error = Some("the multipart body holds no part".to_owned());
            parsed.arguments.push((Vec::new(), body.to_vec()));
        }
        Some(first) if !body[..first.start].trim_ascii().is_empty() => parsed.irregular.push(Variable::MultipartDataBefore),
        Some(_) => {}
    }
    for (index, mark) in marks.iter().enumerate() {
        if mark.last {
            if !body[mark.end..].trim_ascii().is_empty() {
                parsed.irregular.push(Variable::MultipartDataAfter);
                parsed.arguments.push((Vec::new(), body[mark.end..].to_vec()));
            }
            break;
        }
        let next = marks.get(index + 1);
        let end = next.map_or(body.len(), |next| next.start);
        let content = &body[mark.end..end];
        let content = content.strip_suffix(b"\n").map_or(content, |content| content.strip_suffix(b"\r").unwrap_or(content));
        part(if next.is_some() { content } else { &body[mark.end..] }, &mut parsed);
        if next.is_none() {
            parsed.error = Some("the multipart body's last boundary is missing".to_owned());
        }
    }
    lines(body, &mut parsed);
    if !parsed.irregular.is_empty() || parsed.error.is_some() {
        parsed.irregular.push(Variable::MultipartStrictError);
    }
    parsed
}

fn boundary(content_type: &[u8], parsed: &mut Parsed) -> Option<Vec<u8>> {
    let lower = content_type.to_ascii_lowercase();
    let at = memmem::find(&lower, b"boundary")?;
    let after = content_type[at + 8..].trim_ascii_start();
    let value = after.strip_prefix(b"=")?;
    if value.first().is_some_and(u8::is_ascii_whitespace) || after.len() < content_type.len() - at - 8 {
        parsed.irregular.push(Variable::MultipartBoundaryWhitespace);
    }
    let value = value.trim_ascii();
    let bare = match value.strip_prefix(b"\"") {
        Some(inside) => {
            parsed.irregular.retain(|variable| *variable != Variable::MultipartBoundaryQuoted);
            &inside[..memchr::memchr(b'"', inside)?]
        }
        None => &value[..memchr::memchr2(b';', b',', value).unwrap_or(value.len())],
    };
    let bare = bare.trim_ascii_end();
    (!bare.is_empty()).then(|| bare.to_vec())
}

struct Mark {
    start: usize,
    end: usize,
    last: bool,
}

fn delimiters(body: &[u8], delimiter: &[u8], parsed: &mut Parsed) -> Vec<Mark> {
    let mut marks = Vec::new();
    for start in memmem::find_iter(body, delimiter) {
        if start > 0 && body[start - 1] != b'\n' {
            continue;
        }
        let rest = &body[start + delimiter.len()..];
        let line = memchr::memchr(b'\n', rest).map_or(rest.len(), |length| length + 1);
        let tail = rest[..line].trim_ascii_end();
        match tail {
            b"" | b"--" => marks.push(Mark { start, end: start + delimiter.len() + line, last: tail == b"--" }),
            _ => parsed.irregular.push(Variable::MultipartUnmatchedBoundary),
        }
        if tail == b"--" {
            break;
        }
    }
    marks
}

fn part(content: &[u8], parsed: &mut Parsed) {
    let mut headers: Vec<Vec<u8>> = Vec::new();
    let mut at = 0;
    let mut closed = false;
    while at < content.len() {
        let length = memchr::memchr(b'\n', &content[at..]).map_or(content.len() - at, |length| length + 1);
        let line = content[at..at + length].trim_ascii_end();
        let folded = content[at].is_ascii_whitespace() && !line.is_empty();
        at += length;
        if line.is_empty() {
            closed = true;
            break;
        }
        match headers.last_mut() {
            Some(last) if folded => {
                parsed.irregular.push(Variable::MultipartHeaderFolding);
                last.push(b' ');
                last.extend_from_slice(line.trim_ascii());
            }
            _ => headers.push(line.to_vec()),
        }
    }
    if !closed {
        parsed.irregular.push(Variable::MultipartInvalidPart);
    }
    let disposition = headers.iter().find(|header| header.len() >= 20 && header[..20].eq_ignore_ascii_case(b"content-disposition:"));
    let parameters = disposition.map(|header| parameters(&header[20..], parsed)).unwrap_or_default();
    if disposition.is_none() {
        parsed.irregular.push(Variable::MultipartInvalidPart);
    }
    let find = |name: &[u8]| parameters.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone());
    let name = find(b"name").unwrap_or_default();
    for header in headers {
        parsed.part_headers.push((name.clone(), header));
    }
    let body = content[at..].to_vec();
    match find(b"filename").or_else(|| find(b"filename*").map(|value| super::decode_path(&value))) {
        Some(filename) if !filename.is_empty() => parsed.files.push(File { name, filename, content: body }),
        _ => parsed.arguments.push((name, body)),
    }
}

/// `; name="a"; filename="b"`.
fn parameters(text: &[u8], parsed: &mut Parsed) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut found = Vec::new();
    let mut at = memchr::memchr(b';', text).unwrap_or(text.len());
    while at < text.len() {
        while text.get(at).is_some_and(|byte| byte.is_ascii_whitespace() || *byte == b';') {
            at += 1;
        }
        let start = at;
        while text.get(at).is_some_and(|byte| !matches!(byte, b'=' | b';')) {
            at += 1;
        }
        let name = text[start..at].trim_ascii().to_vec();
        if text.get(at) != Some(&b'=') {
            continue;
        }
        at += 1;
        while text.get(at).is_some_and(u8::is_ascii_whitespace) {
            at += 1;
        }
        let mut value = Vec::new();
        if let Some(quote @ (b'"' | b'\'')) = text.get(at).copied() {
            if quote == b'\'' {
                parsed.irregular.push(Variable::MultipartInvalidQuoting);
            }
            at += 1;
            while let Some(byte) = text.get(at).copied() {
                at += 1;
                match byte {
                    b'\\' if text.get(at).is_some_and(|next| matches!(next, b'"' | b'\\')) => {
                        value.push(text[at]);
                        at += 1;
                    }
                    byte if byte == quote => break,
                    byte => value.push(byte),
                }
            }
            if text.get(at).is_some_and(|byte| !byte.is_ascii_whitespace() && *byte != b';') {
                parsed.irregular.push(Variable::MultipartMissingSemicolon);
            }
        } else {
            while let Some(byte) = text.get(at).copied().filter(|byte| *byte != b';') {
                value.push(byte);
                at += 1;
            }
            value.truncate(value.trim_ascii_end().len());
        }
        found.push((name, value));
    }
    found
}

fn lines(body: &[u8], parsed: &mut Parsed) {
    let mut crlf = false;
    let mut lf = false;
    for at in memchr::memchr_iter(b'\n', body) {
        if at > 0 && body[at - 1] == b'\r' {
            crlf = true;
        } else {
            lf = true;
        }
    }
    if crlf && lf {
        parsed.irregular.push(Variable::MultipartCrlfLfLines);
    }
    if lf {
        parsed.irregular.push(Variable::MultipartLfLine);
    }
}
