//! Requests from files: one JSON object a line, with `method`, `path`, `query`, `headers` (pairs), `body`. `SEKISHO_WAF_REQUESTS` names
//! the files, separated by `:`.

use super::Sent;
use model::HttpRequest;
use serde_json::Value;

/// The files' names and lines; none where none is named.
pub fn files() -> Vec<(String, Vec<Value>)> {
    let names = std::env::var("SEKISHO_WAF_REQUESTS").unwrap_or_default();
    let lines = |name: &str| std::fs::read_to_string(name).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    names.split(':').filter(|name| !name.is_empty()).map(|name| (name.to_owned(), lines(name))).collect()
}

/// A line as a request.
pub fn request(line: &Value) -> HttpRequest {
    let text = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
    let pair = |pair: &Value| (pair[0].as_str().unwrap_or_default().to_owned(), pair[1].as_str().unwrap_or_default().to_owned());
    HttpRequest {
        method: text("method"),
        path: text("path"),
        query: text("query"),
        headers: line["headers"].as_array().into_iter().flatten().map(pair).collect(),
        body: text("body").into_bytes(),
    }
}

/// A request as it goes over the wire.
pub fn sent(request: &HttpRequest) -> Sent {
    let query = if request.query.is_empty() { String::new() } else { format!("?{}", request.query) };
    let mut headers: Vec<(Vec<u8>, Vec<u8>)> =
        request.headers.iter().map(|(name, value)| (name.as_str().into(), value.as_str().into())).collect();
    if !request.body.is_empty() && !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(b"content-length")) {
        headers.push((b"Content-Length".to_vec(), request.body.len().to_string().into_bytes()));
    }
    Sent {
        method: request.method.as_str().into(),
        uri: format!("{}{query}", request.path).into_bytes(),
        headers,
        body: request.body.clone(),
    }
}
