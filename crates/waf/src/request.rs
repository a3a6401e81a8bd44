//! A request as the inspection sees it: borrowed, raw, nothing decoded.

use crate::body::Arriving;
use model::http::HttpRequest;
use std::net::IpAddr;

/// What is inspected. Everything is as the client sent it: the path and the query still encoded, the headers in order.
#[derive(Clone, Debug, Default)]
pub struct Request<'a> {
    /// `GET`, `POST`, ...
    pub method: &'a str,
    /// The raw path, beginning with `/`, without the query.
    pub path: &'a [u8],
    /// The raw query without `?`; empty when there is none.
    pub query: &'a [u8],
    /// What follows `#`, where a client sent it.
    pub fragment: Option<&'a [u8]>,
    /// `HTTP/1.1`.
    pub http_version: &'a str,
    /// Header names and values in the order they came.
    pub headers: Vec<(&'a str, &'a [u8])>,
    /// The body, or as much of its beginning as the caller kept: at least as much as is inspected.
    pub body: &'a [u8],
    /// How many bytes the body really has; never less than `body` holds.
    pub body_size: usize,
    /// The address the request came from.
    pub client_ip: Option<IpAddr>,
    /// Two-letter country code of that address, where it is known.
    pub country: Option<&'a str>,
    /// ISO region code of that address without the country: `OR`.
    pub region: Option<&'a str>,
    /// Autonomous system number of that address.
    pub asn: Option<u32>,
    /// JA3 fingerprint of the TLS Client Hello.
    pub ja3: Option<&'a str>,
    /// JA4 fingerprint of the TLS Client Hello.
    pub ja4: Option<&'a str>,
}

impl<'a> Request<'a> {
    /// A request over plain data; address, location and fingerprints are unknown.
    pub fn of(http: &'a HttpRequest) -> Self {
        Self {
            method: &http.method,
            path: http.path.as_bytes(),
            query: http.query.as_bytes(),
            http_version: "HTTP/1.1",
            headers: http.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect(),
            body: &http.body,
            body_size: http.body.len(),
            ..Self::default()
        }
    }

    /// The same request with this body, as much as has come of it.
    pub fn with_body(self, body: &'a Arriving) -> Self {
        Self { body: body.kept(), body_size: body.size(), ..self }
    }

    /// The first header with this name, without regard to case.
    pub fn header(&self, name: &str) -> Option<&'a [u8]> {
        self.headers_named(name).next()
    }

    /// All headers with this name, without regard to case.
    pub fn headers_named<'n>(&self, name: &'n str) -> impl Iterator<Item = &'a [u8]> + use<'a, '_, 'n> {
        self.headers.iter().filter(move |(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
    }

    /// Cookies of all `Cookie` headers, in order.
    pub fn cookies(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> + use<'a, '_> {
        self.headers_named("cookie").flat_map(|value| value.split(|byte| *byte == b';')).filter_map(|pair| {
            let pair = pair.trim_ascii();
            (!pair.is_empty()).then(|| split(pair))
        })
    }

    /// The media type of the body in small letters, without parameters: `application/json`.
    pub fn content_type(&self) -> Option<String> {
        let value = std::str::from_utf8(self.header("content-type")?).ok()?;
        Some(value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
    }

    /// Whether the body says that it is JSON: `application/json`, or a type that ends in `+json`.
    pub fn is_json(&self) -> bool {
        self.content_type().is_some_and(|media| media == "application/json" || media.ends_with("+json"))
    }

    /// Whether the body says that it is a URL-encoded form.
    pub fn is_form(&self) -> bool {
        self.content_type().is_some_and(|media| media == "application/x-www-form-urlencoded")
    }

    /// Whether the body is gRPC.
    pub fn is_grpc(&self) -> bool {
        self.content_type().is_some_and(|media| media == "application/grpc" || media.starts_with("application/grpc+"))
    }
}

/// The arguments of a query or a form, raw: names and values split at `&` and the first `=`. Empty parts are left out.
pub fn arguments(query: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    query.split(|byte| *byte == b'&').filter(|part| !part.is_empty()).map(split)
}

fn split(pair: &[u8]) -> (&[u8], &[u8]) {
    match memchr::memchr(b'=', pair) {
        Some(at) => (&pair[..at], &pair[at + 1..]),
        None => (pair, b""),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn cookies_and_arguments() {
        let request = Request { headers: vec![("Cookie", b"a=1; b=2=3;; c"), ("COOKIE", b"d=")], ..Request::default() };
        let cookies: Vec<_> = request.cookies().collect();
        let expected: [(&[u8], &[u8]); 4] = [(b"a", b"1"), (b"b", b"2=3"), (b"c", b""), (b"d", b"")];
        assert_eq!(cookies, expected);
        let expected: [(&[u8], &[u8]); 3] = [(b"a", b"1"), (b"a", b"%26"), (b"b", b"")];
        assert_eq!(arguments(b"a=1&&a=%26&b").collect::<Vec<_>>(), expected);
    }

    #[test]
    fn content_types() {
        let of = |value: &'static str| Request { headers: vec![("content-Type", value.as_bytes())], ..Request::default() };
        assert!(of("Application/JSON; charset=utf-8").is_json() && of("application/problem+json").is_json());
        assert!(of("application/x-www-form-urlencoded").is_form() && of("application/grpc+proto").is_grpc());
        assert!(!of("text/json-like").is_json() && !Request::default().is_json());
    }
}
