//! Attacks as requests: a class of attack, its payload, and the component of the request that carries it.

use crate::detect;
use crate::managed::finds;
use model::HttpRequest;
use std::fmt::Write as _;
use std::sync::OnceLock;

/// A class of attack.
#[derive(Debug, PartialEq, Eq)]
pub struct Class {
    /// `sql-injection`.
    pub name: &'static str,
    detector: &'static str,
    /// The statement that a fix uses: `sqli`, `xss`, `contains:TEXT`, `regex:PATTERN`.
    pub(super) statement: &'static str,
    /// An example.
    pub payload: &'static str,
}

impl Class {
    /// Whether a value is an attack of this class.
    pub fn is_attack(&self, value: &[u8]) -> bool {
        match self.detector.split_once(':') {
            Some((_, list)) => finds(list, value),
            None if self.detector == "xss" => detect::xss(value),
            None => detect::sqli(value).is_some(),
        }
    }
}

/// All classes, in the order of the table.
pub fn classes() -> &'static [Class] {
    static CLASSES: OnceLock<Vec<Class>> = OnceLock::new();
    CLASSES.get_or_init(|| {
        let lines = include_str!("attacks.txt").lines().filter(|line| !line.starts_with('#'));
        let read = |line: &'static str| {
            let mut parts = line.splitn(4, " | ");
            Some(Class { name: parts.next()?, detector: parts.next()?, statement: parts.next()?, payload: parts.next()? })
        };
        lines.filter_map(read).collect()
    })
}

/// Where in a request a payload stands, and how it is written there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Component {
    /// A segment of the path, percent-encoded.
    UriPath,
    /// The value of a query argument, percent-encoded.
    QueryArgument,
    /// The value of a header.
    Header,
    /// The value of a cookie.
    Cookie,
    /// The value of a form's field.
    FormBody,
    /// A string of a JSON document.
    JsonBody,
    /// A string of a JSON document with its characters written `\u0027`.
    JsonEscaped,
    /// A string under a key that stands twice: parsers of applications take the last.
    JsonDuplicateKey,
    /// A string of a JSON document behind all that is inspected of a body.
    BeyondLimit,
}

impl Component {
    /// All, in the order of the matrix.
    pub const ALL: [Self; 9] = [
        Self::UriPath,
        Self::QueryArgument,
        Self::Header,
        Self::Cookie,
        Self::FormBody,
        Self::JsonBody,
        Self::JsonEscaped,
        Self::JsonDuplicateKey,
        Self::BeyondLimit,
    ];

    /// In words.
    pub const fn name(self) -> &'static str {
        match self {
            Self::UriPath => "URI path",
            Self::QueryArgument => "query argument",
            Self::Header => "header",
            Self::Cookie => "cookie",
            Self::FormBody => "form field",
            Self::JsonBody => "JSON string",
            Self::JsonEscaped => "JSON string with \\u escapes",
            Self::JsonDuplicateKey => "JSON string under a repeated key",
            Self::BeyondLimit => "body beyond the inspection limit",
        }
    }

    /// Whether it is part of the body.
    pub const fn is_body(self) -> bool {
        matches!(self, Self::FormBody | Self::JsonBody | Self::JsonEscaped | Self::JsonDuplicateKey | Self::BeyondLimit)
    }
}

/// A request in the making: what can be made smaller stands apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Draft {
    pub(super) component: Component,
    pub(super) payload: String,
    /// Bytes that stand before the payload in the body.
    pub(super) padding: usize,
    /// Headers beside the ones that the component needs.
    pub(super) headers: Vec<(String, String)>,
    /// Added to the query, raw.
    pub(super) query: String,
}

impl Draft {
    /// The payload in this component, in a request as a browser sends it; `limit` bytes of a body are inspected.
    pub(super) fn new(component: Component, payload: &str, limit: usize) -> Self {
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
        let headers = vec![header("host", "api.example.com"), header("user-agent", agent), header("accept", "application/json")];
        let padding = if component == Component::BeyondLimit { limit } else { 0 };
        Draft { component, payload: payload.to_owned(), padding, headers, query: String::new() }
    }

    /// The request.
    pub(super) fn request(&self) -> HttpRequest {
        let mut request = HttpRequest { method: "GET".into(), path: "/".into(), headers: self.headers.clone(), ..HttpRequest::default() };
        request.query.clone_from(&self.query);
        let mut body = |media: &str, text: String| {
            request.method = "POST".into();
            request.headers.push(("content-type".into(), media.into()));
            request.body = text.into_bytes();
        };
        let json = "application/json";
        let text = quoted(&self.payload);
        match self.component {
            Component::UriPath => request.path = format!("/{}", percent(&self.payload)),
            Component::QueryArgument => {
                let and = if self.query.is_empty() { "" } else { "&" };
                request.query = format!("{}{and}q={}", self.query, percent(&self.payload));
            }
            Component::Header => request.headers.push(("x-note".into(), self.payload.clone())),
            Component::Cookie => request.headers.push(("cookie".into(), format!("note={}", self.payload.replace(';', "%3B")))),
            Component::FormBody => body("application/x-www-form-urlencoded", format!("q={}", percent(&self.payload))),
            Component::JsonBody => body(json, format!("{{\"q\":{text}}}")),
            Component::JsonEscaped => body(json, format!("{{\"q\":\"{}\"}}", escaped(&self.payload))),
            Component::JsonDuplicateKey => body(json, format!("{{\"q\":1,\"q\":{text}}}")),
            Component::BeyondLimit => body(json, format!("{{\"p\":\"{}\",\"q\":{text}}}", "a".repeat(self.padding))),
        }
        request
    }
}

fn percent(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => out.push(char::from(byte)),
            _ => drop(write!(out, "%{byte:02X}")),
        }
        out
    })
}

fn quoted(text: &str) -> String {
    serde_json::Value::String(text.to_owned()).to_string()
}

/// Every character but letters, digits and spaces as `\u0027`.
fn escaped(text: &str) -> String {
    text.encode_utf16().fold(String::new(), |mut out, unit| {
        match u8::try_from(unit) {
            Ok(byte) if byte.is_ascii_alphanumeric() || byte == b' ' => out.push(char::from(byte)),
            _ => drop(write!(out, "\\u{unit:04x}")),
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_payload_is_an_attack_of_its_class() {
        assert_eq!(classes().len(), 6);
        for class in classes() {
            assert!(class.is_attack(class.payload.as_bytes()), "{}", class.name);
            assert!(!class.is_attack(b"a plain word"), "{}", class.name);
        }
    }

    #[test]
    fn requests_carry_the_payload() {
        let body = |component| String::from_utf8(Draft::new(component, "1'", 8).request().body).unwrap_or_default();
        assert_eq!(Draft::new(Component::UriPath, "a/'", 0).request().path, "/a%2F%27");
        assert_eq!(Draft::new(Component::QueryArgument, "1' ", 0).request().query, "q=1%27%20");
        assert_eq!(body(Component::JsonEscaped), "{\"q\":\"1\\u0027\"}");
        assert_eq!(body(Component::JsonDuplicateKey), "{\"q\":1,\"q\":\"1'\"}");
        assert_eq!(body(Component::BeyondLimit), "{\"p\":\"aaaaaaaa\",\"q\":\"1'\"}");
        assert_eq!(body(Component::FormBody), "q=1%27");
    }
}
