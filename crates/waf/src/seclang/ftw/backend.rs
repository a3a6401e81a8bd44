//! What answers behind the rules: `albedo`, which CRS's tests expect. It says nothing, or what `/reflect` is told to say.

use super::model::Sent;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// An answer.
pub(super) struct Answer {
    pub status: u16,
    pub headers: Vec<(Vec<u8>, Vec<u8>)>,
    pub body: Vec<u8>,
}

/// The answer to a request.
pub(super) fn answer(sent: &Sent) -> Answer {
    let plain =
        |status, body: &[u8]| Answer { status, headers: vec![(b"Content-Type".to_vec(), b"text/plain".to_vec())], body: body.to_vec() };
    let path = sent.uri.split(['?', '#']).next().unwrap_or_default();
    if sent.method != "POST" || !(path == "/reflect" || path.starts_with("/reflect/")) {
        return plain(200, b"");
    }
    let Ok(spec) = serde_json::from_slice::<serde_json::Value>(&sent.body) else { return plain(400, b"Invalid JSON in request body") };
    let status = spec.get("status").and_then(serde_json::Value::as_u64).filter(|status| *status > 0).unwrap_or(200);
    let Some(status) = u16::try_from(status).ok().filter(|status| (100..600).contains(status)) else {
        return plain(400, format!("Invalid status code: {status}").as_bytes());
    };
    let text = |name: &str| spec.get(name).and_then(serde_json::Value::as_str).filter(|text| !text.is_empty());
    let body = match (text("body"), text("encodedBody")) {
        (Some(body), _) => body.as_bytes().to_vec(),
        (None, Some(encoded)) => match STANDARD.decode(encoded) {
            Ok(body) => body,
            Err(_) => return plain(status, b"invalid base64 encoding of response body"),
        },
        (None, None) => Vec::new(),
    };
    let headers = spec.get("headers").and_then(serde_json::Value::as_object);
    let mut headers: Vec<(Vec<u8>, Vec<u8>)> = headers
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.clone().into_bytes(), value.as_str().map_or_else(|| value.to_string(), str::to_owned).into_bytes()))
        .collect();
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(b"content-type")) {
        headers.push((b"Content-Type".to_vec(), b"text/plain".to_vec()));
    }
    Answer { status, headers, body }
}
