//! What stands before the rules in a test: go-ftw, which completes a request, and a server, which refuses a malformed one.

use super::model::Sent;

/// Completes a request as go-ftw does before it sends it; its first version (`old`) gave no length to an empty body.
pub(super) fn complete(sent: &mut Sent, headers: bool, old: bool) {
    let has = |sent: &Sent, name: &str| sent.headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name.as_bytes()));
    if headers && !sent.body.is_empty() {
        if !has(sent, "content-type") {
            sent.headers.push((b"Content-Type".to_vec(), b"application/x-www-form-urlencoded".to_vec()));
        }
        let form = sent
            .headers
            .iter()
            .any(|(name, value)| name.eq_ignore_ascii_case(b"content-type") && value == b"application/x-www-form-urlencoded");
        if form {
            escape_form(&mut sent.body);
        }
    }
    let multipart = sent.headers.iter().any(|(name, value)| {
        name.eq_ignore_ascii_case(b"content-type") && memchr::memmem::find(&value.to_ascii_lowercase(), b"multipart/form-data;").is_some()
    });
    if multipart {
        // As go-ftw does it: every newline, also one that has its carriage return.
        sent.body = sent.body.split(|byte| *byte == b'\n').collect::<Vec<_>>().join(&b"\r\n"[..]);
    }
    if headers {
        if !has(sent, "connection") {
            sent.headers.push((b"Connection".to_vec(), b"close".to_vec()));
        }
        let with_body = !old
            && (sent.method.starts_with("POST")
                || sent.method.contains("PUT")
                || sent.method.contains("PATCH")
                || sent.method.ends_with("DELETE"));
        if !has(sent, "content-length") && (!sent.body.is_empty() || with_body) {
            let length = sent.body.len().to_string().into_bytes();
            sent.headers.push((b"Content-Length".to_vec(), length));
        }
    }
}

/// What a server makes of the body before any rule (RFC 9112, section 6.3): chunks are joined and the length beside them is
/// dropped; without a length there is no body.
pub(super) fn receive(sent: &mut Sent) {
    let named = |sent: &Sent, name: &str| sent.headers.iter().position(|(known, _)| known.eq_ignore_ascii_case(name.as_bytes()));
    let chunked = named(sent, "transfer-encoding").is_some_and(|at| sent.headers[at].1.eq_ignore_ascii_case(b"chunked"));
    if chunked {
        sent.body = dechunk(&sent.body);
        sent.headers.retain(|(name, _)| !name.eq_ignore_ascii_case(b"content-length"));
    } else if named(sent, "content-length").is_none() {
        sent.body.clear();
    }
}

/// Form data that no unescaping changes is escaped, name by name and value by value.
fn escape_form(body: &mut Vec<u8>) {
    let Some(plain) = unescape(body) else { return };
    if plain != *body {
        return;
    }
    let pairs = body.split(|byte| *byte == b'&').map(|pair| match memchr::memchr(b'=', pair) {
        Some(at) => [escape(&pair[..at]), escape(&pair[at + 1..])].join(&b'='),
        None => escape(pair),
    });
    *body = pairs.collect::<Vec<_>>().join(&b'&');
}

/// None when an escape is broken: then Go's library answers with nothing, which is no equal text.
fn unescape(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(byte) = text.get(at).copied() {
        match byte {
            b'%' => {
                out.push((crate::transform::hex(*text.get(at + 1)?)? << 4) | crate::transform::hex(*text.get(at + 2)?)?);
                at += 2;
            }
            b'+' => out.push(b' '),
            other => out.push(other),
        }
        at += 1;
    }
    Some(out)
}

fn escape(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for byte in text {
        match byte {
            b' ' => out.push(b'+'),
            byte if byte.is_ascii_alphanumeric() || b"-_.~".contains(byte) => out.push(*byte),
            byte => out.extend_from_slice(format!("%{byte:02X}").as_bytes()),
        }
    }
    out
}

/// A raw request to its parts, as a tolerant server reads it.
pub(super) fn parse(raw: &[u8]) -> Sent {
    let end = memchr::memmem::find(raw, b"\r\n\r\n").map(|at| (at, 4)).or_else(|| memchr::memmem::find(raw, b"\n\n").map(|at| (at, 2)));
    let (head, body) = end.map_or((raw, &b""[..]), |(at, length)| (&raw[..at], &raw[at + length..]));
    let mut lines = head.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let first = String::from_utf8_lossy(lines.next().unwrap_or_default()).into_owned();
    let (method, rest) = first.split_once(' ').unwrap_or((&first, ""));
    let (uri, version) = rest.rsplit_once(' ').unwrap_or((rest, ""));
    let headers: Vec<(Vec<u8>, Vec<u8>)> = lines
        .filter(|line| !line.is_empty())
        .map(|line| {
            let at = memchr::memchr(b':', line).unwrap_or(line.len());
            (line[..at].to_vec(), line.get(at + 1..).unwrap_or_default().trim_ascii().to_vec())
        })
        .collect();
    Sent { method: method.to_owned(), uri: uri.to_owned(), version: version.to_owned(), headers, body: body.to_vec() }
}

fn dechunk(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(line) = memchr::memmem::find(rest, b"\r\n") {
        let size = std::str::from_utf8(&rest[..line])
            .ok()
            .and_then(|line| usize::from_str_radix(line.split(';').next().unwrap_or_default().trim(), 16).ok());
        let Some(size) = size.filter(|size| *size > 0) else { break };
        let start = line + 2;
        let end = start.saturating_add(size).min(rest.len());
        body.extend_from_slice(&rest[start..end]);
        rest = rest.get(end + 2..).unwrap_or_default();
    }
    body
}

/// Whether a server after RFC 9112 refuses the request, and why.
pub(super) fn refuses(sent: &Sent) -> Option<&'static str> {
    let token = |text: &[u8]| !text.is_empty() && text.iter().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte));
    if !token(sent.method.as_bytes()) {
        return Some("the method is no token");
    }
    if !matches!(sent.version.as_str(), "HTTP/1.0" | "HTTP/1.1") {
        return Some("the version is none of HTTP/1");
    }
    let uri = sent.uri.as_bytes();
    if uri.iter().any(|byte| byte.is_ascii_whitespace() || byte.is_ascii_control() || *byte == b'#') {
        return Some("the target holds a blank, a control character or a fragment");
    }
    let authority = sent.method == "CONNECT" && sent.uri.contains(':');
    if !(uri.starts_with(b"/") || sent.uri == "*" || sent.uri.contains("://") || authority) {
        return Some("the target is no path");
    }
    let named = |name: &'static str| {
        sent.headers.iter().filter(move |(known, _)| known.eq_ignore_ascii_case(name.as_bytes())).map(|(_, value)| value)
    };
    if sent.headers.iter().any(|(name, value)| !token(name) || value.iter().any(|byte| matches!(byte, b'\0' | b'\r' | b'\n'))) {
        return Some("a header's name is no token or its value holds a control character");
    }
    if named("content-length").any(|value| value.is_empty() || !value.iter().all(u8::is_ascii_digit)) {
        return Some("the length of the body is no number");
    }
    if named("content-length")
        .any(|value| std::str::from_utf8(value).is_ok_and(|value| value.parse::<usize>().is_ok_and(|length| length > sent.body.len())))
    {
        return Some("the body is shorter than its length says");
    }
    let hosts: Vec<_> = named("host").collect();
    if hosts.len() > 1
        || hosts.iter().any(|host| host.is_empty() || host.iter().any(|byte| byte.is_ascii_control() || b"%\\/<>\"'".contains(byte)))
    {
        return Some("the host is none");
    }
    None
}
