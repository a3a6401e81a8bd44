//! Objects read: `GetObject` and `HeadObject` (Amazon S3 API Reference). The answer to `HEAD` has a body here, of which the server
//! sends the length alone.

use super::conditions::{self, http_date};
use super::store::{self, Object};
use super::{Wanted, empty, no_such_key};
use crate::{Done, ServiceError};
use model::{HttpResponse, World};
use serde_json::Value;

/// Parameters that say a header of the answer.
const OVERRIDES: [(&str, &str); 6] = [
    ("response-cache-control", "cache-control"),
    ("response-content-disposition", "content-disposition"),
    ("response-content-encoding", "content-encoding"),
    ("response-content-language", "content-language"),
    ("response-content-type", "content-type"),
    ("response-expires", "expires"),
];

pub fn get(wanted: &Wanted, world: &dyn World) -> Result<Done, ServiceError> {
    let object = store::find(world, &wanted.bucket, &wanted.key)?.ok_or_else(|| no_such_key(&wanted.key))?;
    let said = |name: &str| wanted.query(name);
    if !wanted.signed && OVERRIDES.iter().any(|(name, _)| said(name).is_some()) {
        let says = "Request specific response headers cannot be used for anonymous GET requests.";
        return Err(ServiceError::new(400, "InvalidRequest", says));
    }
    let mut headers = headers(&object);
    if !conditions::read(wanted, "", &object)? {
        return Ok(Done::new(HttpResponse { headers, ..empty(304) }, Value::Null));
    }
    for (parameter, name) in OVERRIDES {
        if let Some(value) = said(parameter) {
            headers.retain(|(own, _)| !own.eq_ignore_ascii_case(name));
            headers.push((name.into(), value.into()));
        }
    }
    let range = conditions::range(wanted.header("range"), object.size)?;
    if let Some(range) = &range {
        headers.push(("Content-Range".into(), format!("bytes {}-{}/{}", range.start, range.end - 1, object.size)));
    }
    let status = if range.is_some() { 206 } else { 200 };
    let body = store::content(world, &object, range.unwrap_or(0..object.size))?;
    Ok(Done::new(HttpResponse { status, headers, body }, Value::Null))
}

/// What an answer says of an object.
fn headers(object: &Object) -> Vec<(String, String)> {
    let mut headers = vec![
        ("ETag".to_owned(), format!("\"{}\"", object.etag)),
        ("Last-Modified".to_owned(), http_date(object.modified)),
        ("Accept-Ranges".to_owned(), "bytes".to_owned()),
    ];
    if !object.headers.contains_key("x-amz-server-side-encryption") {
        headers.push(("x-amz-server-side-encryption".into(), "AES256".into()));
    }
    headers.extend(object.headers.iter().map(|(name, value)| (name.clone(), value.clone())));
    headers
}
