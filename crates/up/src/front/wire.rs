//! Between the HTTP library's messages and [`model`]'s: every header.

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{HeaderName, HeaderValue};
use hyper::{Request, Response, StatusCode};
use model::{HttpRequest, HttpResponse};

/// A request as data, without its body; `names` are its header names as they were written.
pub(super) fn request(request: Request<Incoming>, names: Option<Vec<String>>) -> (HttpRequest, Incoming) {
    let (head, body) = request.into_parts();
    let parsed: Vec<(String, String)> = head
        .headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    let request = HttpRequest {
        method: head.method.as_str().to_owned(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: as_written(parsed, names),
        body: Vec::new(),
    };
    (request, body)
}

/// The parsed headers in the order and case of the names as written; as parsed where the two do not agree.
fn as_written(parsed: Vec<(String, String)>, names: Option<Vec<String>>) -> Vec<(String, String)> {
    let Some(names) = names.filter(|names| names.len() == parsed.len()) else { return parsed };
    let mut left: Vec<Option<(String, String)>> = parsed.iter().cloned().map(Some).collect();
    let mut headers = Vec::with_capacity(names.len());
    for written in names {
        let next = left.iter_mut().find(|slot| slot.as_ref().is_some_and(|(name, _)| name.eq_ignore_ascii_case(&written)));
        let Some((_, value)) = next.and_then(Option::take) else { return parsed };
        headers.push((written, value));
    }
    headers
}

/// A response for the wire. A header that HTTP cannot carry is left out.
pub(super) fn response(response: HttpResponse) -> Response<Full<Bytes>> {
    let mut out = Response::new(Full::new(Bytes::from(response.body)));
    *out.status_mut() = StatusCode::from_u16(response.status).unwrap_or(StatusCode::BAD_GATEWAY);
    for (name, value) in response.headers {
        // The length and the framing are the library's to say.
        if ["content-length", "transfer-encoding", "connection"].iter().any(|own| name.eq_ignore_ascii_case(own)) {
            continue;
        }
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(&value)) {
            out.headers_mut().append(name, value);
        }
    }
    out
}

/// Text as a header may carry it: printable ASCII, everything else as `?`.
pub(crate) fn header_text(text: &str) -> String {
    text.chars().map(|c| if (' '..='~').contains(&c) { c } else { '?' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_only_where_they_agree() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let parsed = vec![pair("a", "1"), pair("a", "2"), pair("b", "3")];
        let names = |names: [&str; 3]| Some(names.map(str::to_owned).to_vec());
        assert_eq!(as_written(parsed.clone(), names(["A", "B", "a"])), [pair("A", "1"), pair("B", "3"), pair("a", "2")]);
        assert_eq!(as_written(parsed.clone(), names(["A", "B", "C"])), parsed);
        assert_eq!(as_written(parsed.clone(), None), parsed);
        assert_eq!(header_text("a\u{1b}[2Jé\r\n"), "a?[2J???");
    }
}
