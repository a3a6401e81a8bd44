//! Request components: which values a `FieldToMatch` stands for in a request, and what lay beyond the limits.
//!
//! "Request component options" and "Handling oversize web request components". The host forwards the first 200 headers
//! and the first 8 KB of them, the same of cookies, and the body up to the resource's limit: nothing inspects the rest.

use super::ast::{Field, Filter, JsonFallback, MapMatch, Oversize, PreParse};
use super::json::Json;
use crate::request::{Request, arguments};
use crate::transform::Transformation;
use std::borrow::Cow;

/// Most headers, and most cookies, that are inspected.
pub const MOST: usize = 200;
/// Most bytes of headers, and of cookies, that are inspected.
pub const MOST_BYTES: usize = 8192;

/// A request as it is forwarded for inspection.
pub struct Forwarded<'a> {
    /// The request.
    pub request: &'a Request<'a>,
    /// Headers within the limits.
    pub headers: Vec<(&'a str, &'a [u8])>,
    /// Whether headers were left out or cut.
    pub headers_oversize: bool,
    /// Cookies within the limits.
    pub cookies: Vec<(&'a [u8], &'a [u8])>,
    /// Whether cookies were left out or cut.
    pub cookies_oversize: bool,
    /// The body within the limit; none for gRPC, which is not inspected.
    pub body: &'a [u8],
    /// Whether the body was cut.
    pub body_oversize: bool,
}

impl<'a> Forwarded<'a> {
    /// Cuts a request down to what is inspected.
    pub fn of(request: &'a Request<'a>, body_limit: usize) -> Self {
        let (headers, headers_oversize) = limited(request.headers.iter().map(|(name, value)| (*name, name.len(), *value)));
        let (cookies, cookies_oversize) = limited(request.cookies().map(|(name, value)| (name, name.len(), value)));
        let grpc = request.is_grpc();
        Self {
            request,
            headers,
            headers_oversize,
            cookies,
            cookies_oversize,
            body: if grpc { b"" } else { &request.body[..request.body.len().min(body_limit)] },
            body_oversize: !grpc && request.body_size > body_limit,
        }
    }
}

/// Takes pairs until a limit is reached; the one that crosses the byte limit is cut.
fn limited<'a, N>(pairs: impl Iterator<Item = (N, usize, &'a [u8])>) -> (Vec<(N, &'a [u8])>, bool) {
    let mut left = MOST_BYTES;
    let mut taken = Vec::new();
    for (name, length, value) in pairs {
        if taken.len() == MOST || length > left {
            return (taken, true);
        }
        left -= length;
        let fits = value.len().min(left);
        taken.push((name, &value[..fits]));
        if fits < value.len() {
            return (taken, true);
        }
        left -= fits;
    }
    (taken, false)
}

/// A component of which more came than is inspected, as `oversizeFields` names it.
pub const BODY: &str = "REQUEST_BODY";
/// The body, inspected as JSON.
pub const JSON_BODY: &str = "REQUEST_JSON_BODY";
/// Headers.
pub const HEADERS: &str = "REQUEST_HEADERS";
/// Cookies.
pub const COOKIES: &str = "REQUEST_COOKIES";

/// One value of a component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value<'a> {
    /// The bytes, before transformations.
    pub bytes: Cow<'a, [u8]>,
    /// The header's, cookie's or argument's name, or an empty one.
    pub name: Cow<'a, [u8]>,
}

/// What a component stands for.
#[derive(Debug, Default)]
pub struct Component<'a> {
    /// The answer, where it does not depend on values: oversize handling, fallbacks.
    pub decided: Option<bool>,
    /// Values; any may match. None: the request has no such component.
    pub values: Vec<Value<'a>>,
    /// What lay beyond the limits.
    pub oversize: Option<&'static str>,
}

impl<'a> Component<'a> {
    /// Finds a component of a request.
    pub fn of(field: &Field, pre_parse: &[PreParse], forwarded: &'a Forwarded<'a>) -> Self {
        let request = forwarded.request;
        match field {
            Field::SingleHeader(name) => {
                let named = forwarded.headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
                Self::values(named.map(|(name, value)| (name.as_bytes(), *value)))
            }
            Field::Method => Self::one(request.method.as_bytes()),
            Field::UriPath => Self::one(request.path),
            Field::QueryString => Self::present(request.query),
            Field::SingleQueryArgument(name) => Self::arguments(pre_parse, forwarded, Some(name.as_bytes())),
            Field::AllQueryArguments => Self::arguments(pre_parse, forwarded, None),
            Field::Body(oversize) => Self::present(forwarded.body).over(forwarded.body_oversize, BODY, *oversize),
            Field::HeaderOrder(oversize) => {
                let order = forwarded.headers.iter().map(|(name, _)| name.to_ascii_lowercase()).collect::<Vec<_>>().join(":");
                let found = if order.is_empty() { Self::default() } else { Self::owned(order.into_bytes()) };
                found.over(forwarded.headers_oversize, HEADERS, *oversize)
            }
            Field::JsonBody(json) => Self::json(json, forwarded).over(forwarded.body_oversize, JSON_BODY, json.oversize),
            Field::Headers(map) => {
                let pairs = forwarded.headers.iter().map(|(name, value)| (name.as_bytes(), *value));
                Self::map(map, pairs, |a, b| a.eq_ignore_ascii_case(b)).over(forwarded.headers_oversize, HEADERS, map.oversize)
            }
            Field::Cookies(map) => {
                let pairs = forwarded.cookies.iter().copied();
                Self::map(map, pairs, |a, b| a == b).over(forwarded.cookies_oversize, COOKIES, map.oversize)
            }
            Field::Ja3(fallback) => Self::or_fallback(request.ja3.map(str::as_bytes), *fallback),
            Field::Ja4(fallback) => Self::or_fallback(request.ja4.map(str::as_bytes), *fallback),
            Field::UriFragment(fallback) => Self::or_fallback(request.fragment, *fallback),
        }
    }

    fn one(bytes: &'a [u8]) -> Self {
        Self::values(std::iter::once((&b""[..], bytes)))
    }

    fn owned(bytes: Vec<u8>) -> Self {
        Self { values: vec![Value { bytes: Cow::Owned(bytes), name: Cow::Borrowed(b"") }], ..Self::default() }
    }

    /// An empty query or body is a component that the request does not contain.
    fn present(bytes: &'a [u8]) -> Self {
        if bytes.is_empty() { Self::default() } else { Self::one(bytes) }
    }

    fn or_fallback(bytes: Option<&'a [u8]>, fallback: bool) -> Self {
        bytes.map_or(Self { decided: Some(fallback), ..Self::default() }, Self::one)
    }

    fn values(pairs: impl Iterator<Item = (&'a [u8], &'a [u8])>) -> Self {
        let value = |(name, bytes)| Value { bytes: Cow::Borrowed(bytes), name: Cow::Borrowed(name) };
        Self { values: pairs.map(value).collect(), ..Self::default() }
    }

    fn over(mut self, over: bool, name: &'static str, handling: Oversize) -> Self {
        if over {
            self.oversize = Some(name);
            match handling {
                Oversize::Continue => {}
                Oversize::Match => self.decided = Some(true),
                Oversize::NoMatch => self.decided = Some(false),
            }
        }
        self
    }

    fn map(map: &MapMatch, pairs: impl Iterator<Item = (&'a [u8], &'a [u8])>, same: impl Fn(&[u8], &[u8]) -> bool) -> Self {
        let among = |names: &[String], name: &[u8]| names.iter().any(|known| same(known.as_bytes(), name));
        let chosen = pairs.filter(|(name, _)| match &map.filter {
            Filter::All => true,
            Filter::Included(names) => among(names, name),
            Filter::Excluded(names) => !among(names, name),
        });
        let scope = map.scope;
        Self::values(chosen.flat_map(|(name, value)| {
            let key = scope.keys().then_some((name, name));
            key.into_iter().chain(scope.values().then_some((name, value)))
        }))
    }

    fn arguments(pre_parse: &[PreParse], forwarded: &'a Forwarded<'a>, wanted: Option<&[u8]>) -> Self {
        let is_wanted = |name: &[u8]| wanted.is_none_or(|wanted| wanted.eq_ignore_ascii_case(name));
        let query = forwarded.request.query;
        match parsed(query, pre_parse) {
            Cow::Borrowed(query) => Self::values(arguments(query).filter(|(name, _)| is_wanted(name))),
            Cow::Owned(query) => {
                let owned = |(name, value): (&[u8], &[u8])| Value { bytes: Cow::Owned(value.to_vec()), name: Cow::Owned(name.to_vec()) };
                Self { values: arguments(&query).filter(|(name, _)| is_wanted(name)).map(owned).collect(), ..Self::default() }
            }
        }
    }

    fn json(field: &super::ast::JsonBody, forwarded: &'a Forwarded<'a>) -> Self {
        if forwarded.body.is_empty() {
            return Self::default();
        }
        let json = Json::read(forwarded.body);
        let mut found = Self::default();
        if !json.complete {
            match field.fallback {
                Some(JsonFallback::Match) => found.decided = Some(true),
                Some(JsonFallback::NoMatch) => found.decided = Some(false),
                Some(JsonFallback::EvaluateAsString) => return Self::one(forwarded.body),
                None => {}
            }
        }
        let included = field.paths.as_ref().map(|paths| json.included(paths));
        for (at, element) in json.elements.into_iter().enumerate() {
            let in_scope = if element.is_key { field.scope.keys() } else { field.scope.values() };
            if in_scope && included.as_ref().is_none_or(|included| included[at]) {
                found.values.push(Value { bytes: element.text, name: Cow::Borrowed(b"") });
            }
        }
        found
    }
}

/// The raw query after `PreParseTextTransformations`.
fn parsed<'a>(query: &'a [u8], pre_parse: &[PreParse]) -> Cow<'a, [u8]> {
    let mut query = Cow::Borrowed(query);
    for step in pre_parse {
        let next = match step {
            PreParse::None => continue,
            PreParse::UrlDecode => Transformation::UrlDecode.apply(&query).into_owned(),
            PreParse::UrlDecodeUni => Transformation::UrlDecodeUni.apply(&query).into_owned(),
            PreParse::ReplaceSemicolons => query.iter().map(|byte| if *byte == b';' { b'&' } else { *byte }).collect(),
            PreParse::CombineDuplicates => combined(&query),
        };
        query = Cow::Owned(next);
    }
    query
}

/// `a=1&b=2&a=3` becomes `a=1,3&b=2`.
fn combined(query: &[u8]) -> Vec<u8> {
    let mut order: Vec<(&[u8], Vec<&[u8]>)> = Vec::new();
    let mut places = std::collections::HashMap::new();
    for (name, value) in arguments(query) {
        let at = *places.entry(name).or_insert_with(|| {
            order.push((name, Vec::new()));
            order.len() - 1
        });
        order[at].1.push(value);
    }
    let pair = |(name, values): &(&[u8], Vec<&[u8]>)| [name, &b"="[..], &values.join(&b","[..])].concat();
    order.iter().map(pair).collect::<Vec<_>>().join(&b"&"[..])
}

/// What `SqliMatchStatement` looks at besides the component as a whole: segments of the path, leaves of the body.
///
/// AWS answers 403 to SQL in a path segment, which the detector does not see in a whole path; that it looks at the parts is
/// inferred, and a match on one is marked so.
pub fn parts<'a>(field: &Field, forwarded: &'a Forwarded<'a>) -> Vec<Value<'a>> {
    let value = |bytes: Cow<'a, [u8]>| Value { bytes, name: Cow::Borrowed(b"") };
    match field {
        Field::UriPath => {
            let segments = forwarded.request.path.split(|byte| *byte == b'/').filter(|segment| !segment.is_empty());
            segments.map(|segment| value(Cow::Borrowed(segment))).collect()
        }
        Field::Body(_) if forwarded.request.is_form() => arguments(forwarded.body).map(|(_, leaf)| value(Cow::Borrowed(leaf))).collect(),
        Field::Body(_) if forwarded.request.is_json() || matches!(forwarded.body.trim_ascii_start().first(), Some(b'{' | b'[')) => {
            let leaves = Json::read(forwarded.body).elements.into_iter().filter(|element| !element.is_key);
            leaves.map(|element| value(element.text)).collect()
        }
        _ => Vec::new(),
    }
}

/// Whether a scope takes keys, for tests of the table above.
#[cfg(test)]
mod tests {
    use super::super::ast::Scope;
    use super::*;

    #[test]
    fn combining_duplicates() {
        assert_eq!(combined(b"a=1&b=2&a=3"), b"a=1,3&b=2");
        assert_eq!(parsed(b"a=1;b=2", &[PreParse::ReplaceSemicolons]), &b"a=1&b=2"[..]);
    }

    #[test]
    fn two_hundred_headers_and_eight_kilobytes() {
        let names: Vec<String> = (0..205).map(|n| format!("h{n}")).collect();
        let headers = names.iter().map(|name| (name.as_str(), &b"v"[..])).collect();
        let request = Request { headers, ..Request::default() };
        let forwarded = Forwarded::of(&request, 8192);
        assert_eq!((forwarded.headers.len(), forwarded.headers_oversize), (200, true));
        let long = vec![b'x'; 9000];
        let request = Request { headers: vec![("a", &long), ("b", b"unseen")], ..Request::default() };
        let forwarded = Forwarded::of(&request, 8192);
        assert_eq!((forwarded.headers.len(), forwarded.headers[0].1.len(), forwarded.headers_oversize), (1, 8191, true));
    }

    #[test]
    fn scopes() {
        assert!(Scope::All.keys() && Scope::All.values() && !Scope::Key.values() && !Scope::Value.keys());
    }
}
