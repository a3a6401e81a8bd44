//! The request as API Gateway hands it on: headers, query and context in the shape of the proxy event and of the
//! authorizer event (API Gateway Developer Guide, "Lambda proxy integrations in API Gateway", "Input to an API
//! Gateway Lambda authorizer"). Never adds what API Gateway would not.

use model::aws::{RestApi, Route, Stage};
use model::{App, Call, HttpRequest, Time};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};
use std::borrow::Cow;

/// Headers that API Gateway keeps to itself.
const DROPPED: [&str; 12] = [
    "connection",
    "content-length",
    "content-md5",
    "expect",
    "max-forwards",
    "proxy-authenticate",
    "server",
    "te",
    "transfer-encoding",
    "trailer",
    "upgrade",
    "www-authenticate",
];

/// The request as it goes on after the web ACL: what was inserted overwrites headers of the same name (AWS WAF Developer
/// Guide, "Custom request header insertions for non-blocking actions").
pub fn inserted<'a>(request: &'a HttpRequest, headers: &[(String, String)]) -> Cow<'a, HttpRequest> {
    if headers.is_empty() {
        return Cow::Borrowed(request);
    }
    let mut request = request.clone();
    request.headers.retain(|(name, _)| !headers.iter().any(|(own, _)| own.eq_ignore_ascii_case(name)));
    request.headers.extend_from_slice(headers);
    Cow::Owned(request)
}

/// The headers that are handed on. `Authorization` and `User-Agent` are written so; all others keep their case.
pub fn headers(request: &HttpRequest) -> impl Iterator<Item = (&str, &str)> {
    request.headers.iter().filter(|(name, _)| !DROPPED.iter().any(|dropped| name.eq_ignore_ascii_case(dropped))).map(|(name, value)| {
        let written = ["Authorization", "User-Agent"].into_iter().find(|known| name.eq_ignore_ascii_case(known));
        (written.unwrap_or(name), value.as_str())
    })
}

/// Query parameters, decoded, in order.
pub fn query(request: &HttpRequest) -> impl Iterator<Item = (String, String)> + '_ {
    request.query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decoded(name), decoded(value))
    })
}

fn decoded(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

/// `{name: last value}`, or `null` when there is none.
pub fn single<N: Into<String>, V: Into<String>>(pairs: impl Iterator<Item = (N, V)>) -> Value {
    let map: Map<String, Value> = pairs.map(|(name, value)| (name.into(), Value::String(value.into()))).collect();
    if map.is_empty() { Value::Null } else { Value::Object(map) }
}

/// `{name: [values]}`, or `null` when there is none.
pub fn multi<N: Into<String>, V: Into<String>>(pairs: impl Iterator<Item = (N, V)>) -> Value {
    let mut map = Map::new();
    for (name, value) in pairs {
        if let Value::Array(values) = map.entry(name.into()).or_insert_with(|| Value::Array(Vec::new())) {
            values.push(Value::String(value.into()));
        }
    }
    if map.is_empty() { Value::Null } else { Value::Object(map) }
}

/// `requestContext` without `authorizer`.
pub fn context(app: &App, call: &Call, api: &RestApi, stage: &Stage, route: &Route, request: &HttpRequest) -> Map<String, Value> {
    let domain = format!("{}.execute-api.{}.amazonaws.com", api.api_id, app.region);
    let context = json!({
        "resourceId": resource_id(&api.api_id, &route.path),
        "resourcePath": route.path,
        "httpMethod": request.method,
        "extendedRequestId": extended_request_id(&call.id),
        "requestTime": request_time(call.time),
        "path": format!("/{}{}", stage.name, request.path),
        "accountId": app.account,
        "protocol": "HTTP/1.1",
        "stage": stage.name,
        "domainPrefix": api.api_id,
        "requestTimeEpoch": call.time.0,
        "requestId": call.id,
        "identity": {
            "cognitoIdentityPoolId": null, "accountId": null, "cognitoIdentityId": null, "caller": null,
            "sourceIp": call.source_ip, "principalOrgId": null, "accessKey": null, "cognitoAuthenticationType": null,
            "cognitoAuthenticationProvider": null, "userArn": null, "userAgent": request.header("User-Agent"), "user": null
        },
        "domainName": domain,
        "deploymentId": resource_id(&api.api_id, &stage.name),
        "apiId": api.api_id
    });
    match context {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// An id of six characters, the same for the same path in every run.
pub fn resource_id(api: &str, path: &str) -> String {
    let digest = crate::sigv4::sha256(format!("{api} {path}").as_bytes());
    digest.iter().take(6).map(|byte| char::from(b"abcdefghijklmnopqrstuvwxyz0123456789"[usize::from(byte % 36)])).collect()
}

/// `$context.extendedRequestId` and the header `x-amz-apigw-id`: made from the request id.
pub fn extended_request_id(request_id: &str) -> String {
    use base64::Engine as _;
    let digest = crate::sigv4::sha256(format!("extended {request_id}").as_bytes());
    base64::engine::general_purpose::STANDARD.encode(digest.iter().take(11).copied().collect::<Vec<u8>>())
}

/// CLF time, `$context.requestTime`: `22/Nov/2026:13:44:13 +0000`.
pub fn request_time(time: Time) -> String {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (year, month, day, hour, minute, second) = time.utc();
    let month = MONTHS.get(month as usize - 1).copied().unwrap_or_default();
    format!("{day:02}/{month}/{year}:{hour:02}:{minute:02}:{second:02} +0000")
}
